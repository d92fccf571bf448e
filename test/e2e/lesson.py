#!/usr/bin/env python3
"""lesson.py BINARY - postern lesson: our own units are right; hostile units get errors with positions; people, assignments, figures, export, reminders, forgetting; audit knows."""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "console"))
import units  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
failures = []


def expect(ok, what, r=None):
    if not ok:
        failures.append(what)
        print(f"FAILED {what}" + (f"\n    {r.returncode}\n    {r.stdout[-600:]}\n    {r.stderr[-600:]}" if r is not None else ""))


class Place:
    def __init__(self, binary):
        self.binary = binary
        self.folder = Path(tempfile.mkdtemp(prefix="lesson."))
        self.state = self.folder / "state"
        self.state.mkdir()
        self.lessons = self.folder / "lessons"
        units.write(self.lessons)
        config = self.folder / "etc"
        config.mkdir()
        (config / "org.yaml").write_text(ORG, encoding="utf-8")
        self.env = {**os.environ, "POSTERN_STATE": str(self.state), "POSTERN_LESSONS": str(self.lessons), "POSTERN_CONFIG": str(config), "TMPDIR": str(self.folder)}

    def run(self, *argv, command="lesson", **kw):
        return subprocess.run([self.binary, command, *argv], capture_output=True, text=True, check=False, env={**self.env, **kw}, timeout=120)


ORG = """\
organisation: {name: X, timezone: Europe/Berlin}
staff:
  - {name: Mara Lindqvist, mail: mara.lindqvist@x.example, accounts: [mlindqvist], roles: [security-manager, engineer]}
  - {name: Ole Brandt, mail: Ole.Brandt@x.example}
"""


# ---- content ------------------------------------------------------------------------------------------------------------------
def check_own(p):
    r = p.run("check", str(ROOT / "lessons"))
    expect(r.returncode == 0 and " 0 errors, 0 warnings" in r.stdout, "our own units have neither errors nor warnings", r)
    r = p.run("check")
    expect(r.returncode == 0 and "1 units are right, 0 errors" in r.stdout, "the unit of the tests is right", r)
    r = p.run("list", "--format", "json")
    one = json.loads(r.stdout)
    expect(one["id"] == "side-door" and one["title"]["de"] == "Die Nebentür" and one["parts"] == 6, "list as JSON", r)


HOSTILE = [
    # file, change, where the first error is, what it says
    ("lesson.yaml", ("minutes: 4", "minutes: -4"), "lesson.yaml:3:10", "minutes"),
    ("lesson.yaml", ("minutes: 4", "minutes: 4\nminutes: 5"), "lesson.yaml:4:1", "twice"),
    ("lesson.yaml", ("id: side-door", "id: ../../etc"), "lesson.yaml:1:5", "is no name"),
    ("lesson.yaml", ("read: story", "read: ../../../etc/passwd"), "lesson.yaml:10:11", "is no name"),
    ("lesson.yaml", ("conversation: recruiter.yaml", "conversation: /etc/passwd"), "lesson.yaml:11:19", "no file of this folder"),
    ("lesson.yaml", ("OFFICE_REMOTE_TEMPLATE", "'<script>'"), "lesson.yaml:6:9", "is no indicator"),
    ("lesson.yaml", ("https://example.org/advisory.pdf", "javascript:alert(1)"), "lesson.yaml:8:48", "is no address"),
    ("lesson.yaml", ("ko: 옆문", "ko: 옆문, fr: La porte"), "lesson.yaml:4:54", "unknown key"),
    ("lesson.yaml", ("The side door", '"\\e[31mred"'), "lesson.yaml:4:13", "cannot be shown"),
    ("lesson.yaml", ("title: {", "title: &a {a: *a, "), "lesson.yaml:4:", ""),
    ("lesson.yaml", ("minutes: 4", "minutes: !!python/object:os.system 4"), "lesson.yaml:3:", ""),
    ("lesson.yaml", "[" * 100000, "lesson.yaml:1:", ""),
    ("lesson.yaml", b"\xff\xfe\x00bad", "lesson.yaml:", ""),
    ("lesson.yaml", b"id: side-door\n" + b"# " + b"x" * 300000, "lesson.yaml:", "more than 256 KB"),
    ("lesson.yaml", None, "lesson.yaml", "missing"),
    ("recruiter.yaml", ("to: second", "to: first"), "recruiter.yaml:5:5", "leads back"),
    ("recruiter.yaml", ("to: second", "to: [a, b]"), "recruiter.yaml:13:79", "must be a text"),
    ("recruiter.yaml", ("stop: 3", "stop: 6"), "recruiter.yaml:19:11", "stop"),
    ("recruiter.yaml", ("nodes:", "nodes: []\nold:"), "recruiter.yaml:5:1", "unknown key"),
    ("offer.yaml", ("kind: mail", "kind: film"), "offer.yaml:2:7", "is not known"),
    ("story.de.md", ("[Warnung](source:advisory)", "[Warnung](https://evil.example/)"), "story.de.md:3:37", "links lead to a source"),
    ("story.en.md", "# x\n\n<img src=x onerror=alert(1)>\n", "story.en.md:3:1", "HTML"),
    ("story.en.md", "# x\n\n![x](//evil.example/x.png) [a](source:advisory)\n", "story.en.md:3:1", "picture"),
    ("story.ko.md", b"# x\n\nfine\n\xed\xa0\x80 [a](source:advisory)\n", "story.ko.md:4:1", "UTF-8"),
    ("story.ko.md", ("협력업체", "협력\u202e업체"), "story.ko.md:3:", "cannot be shown"),
    ("story.en.md", "[a](source:advisory) " + "[" * 70000, "story.en.md:1:1", "more than 64 KB"),
    ("story.en.md", "> " * 5000 + "[a](source:advisory)\n", "story.en.md:1:", "too deep"),
    ("story.en.md", None, "lesson.yaml:10:11", "story.en.md: the file is missing"),
]


def check_hostile(p):
    for i, (file, change, where, words) in enumerate(HOSTILE):
        folder = p.folder / f"hostile{i}"
        units.write(folder, "01-side-door", {file: change})
        units.write(folder, "02-sound", {"lesson.yaml": ("id: side-door\norder: 1", "id: sound\norder: 2")})
        r = p.run("check", str(folder))
        first = next((line for line in r.stdout.split("\n") if ": error: " in line), "")
        expect(r.returncode == 1 and first.startswith(f"{folder}/01-side-door/{where}") and words in first, f"{file} {str(change)[:60]}: {where} {words}", r)
        expect("1 units are right" in r.stdout and "\x1b" not in r.stdout and not r.stderr, "the other unit stays, nothing reaches the terminal", r)
        r = p.run("list", "--lessons", str(folder))
        expect(r.returncode == 1 and "sound" in r.stdout and "side-door" not in r.stdout, "list leaves it out and says so", r)


def check_links(p):
    """Nothing outside of the unit's folder is ever read."""
    folder = p.folder / "links"
    unit = units.write(folder, "01-side-door", {"story.en.md": None})
    (unit / "story.en.md").symlink_to("/etc/passwd")
    r = p.run("check", str(folder))
    expect(r.returncode == 1 and "root:" not in r.stdout and "lesson.yaml:10:11: error: story.en.md: cannot be read" in r.stdout, "a link is not followed", r)
    (unit / "story.en.md").unlink()
    os.mkfifo(unit / "story.en.md")
    r = p.run("check", str(folder))
    expect(r.returncode == 1 and "is no file" in r.stdout, "a pipe is not waited for", r)
    r = p.run("check", str(p.folder / "nowhere"))
    expect(r.returncode == 3 and "cannot read the lessons" in r.stderr, "no folder", r)


# ---- people ------------------------------------------------------------------------------------------------------------------------
def check_people(p):
    r = p.run("status")
    expect(r.returncode == 3 and "nobody has begun" in r.stderr, "no book yet", r)
    for text, line, words in (("user,colour\na,red\n", 1, "columns are"), ("name\nx\n", 1, "no column user"), ("user,language\nann,fr\n", 2, "en, de or ko"), ('user\n"ann\n', 2, "not closed"),
                              ("user\nann\nAnn B\n", 3, "is no user name"), ("user,name\nann,\x1b[2J\n", 2, "control character"), ("", 1, "is empty"), ('user\n"ann"x\n', 2, "behind a quoted")):
        bad = p.folder / "bad.csv"
        bad.write_text(text, encoding="utf-8")
        r = p.run("import", str(bad))
        expect(r.returncode == 2 and f"bad.csv:{line}: " in r.stderr and words in r.stderr and "\x1b" not in r.stderr, f"import {text!r}", r)
    good = p.folder / "people.csv"
    people = "".join(f"b{i};\"B; {i}\";b{i}@x.example;big;;en\r\n" for i in range(9))
    good.write_bytes(b"\xef\xbb\xbfUser;Name;Mail;Team;Roles;Language\r\n" + people.encode() + "kim;김;kim@x.example;lab;engineer,admin;ko\r\n".encode())
    r = p.run("import", str(good))
    expect(r.returncode == 0 and "10 people" in r.stdout, "import of what a spreadsheet writes", r)
    r = p.run("import", "--org")
    expect(r.returncode == 0 and "2 people" in r.stdout, "import of the staff", r)
    for argv in ((), (str(good), "--org")):
        r = p.run("import", *argv)
        expect(r.returncode == 2, f"import {argv}", r)


def check_assign(p):
    for argv in (("none",), ("side-door", "--team", "a", "--user", "b"), ("side-door", "--due", "soon"), ("side-door", "--due", "2027-02-29"), ("side-door", "--team", ""), ()):
        r = p.run("assign", *argv)
        expect(r.returncode == 2, f"assign {argv}", r)
    for argv, words in ((("side-door", "--role", "engineer", "--due", "2030-01-31"), "role engineer until 2030-01-31"), (("side-door", "--team", "big", "--due", "2d"), "team big until"),
                        (("side-door", "--user", "nobody-yet"), "nobody-yet until")):
        r = p.run("assign", *argv)
        expect(r.returncode == 0 and words in r.stdout, f"assign {argv}", r)
    r = p.run("assign", "side-door", "--user", "nobody-yet", "--remove")
    expect(r.returncode == 0 and "not assigned" in r.stdout, "taken away", r)
    r = p.run("assign", "side-door", "--user", "nobody-yet", "--remove")
    expect(r.returncode == 2, "taken away twice", r)
    r = p.run("status")
    expect("until 2030-01-31  role engineer" in r.stdout and re.search(r"big: 9 people\n  assigned 9, done 0, overdue 0", r.stdout) and "lab: 1 people\n  no figures" in r.stdout, "status", r)
    expect("Everybody: 12 people\n  no figures: those of a team" in r.stdout, "the sum would tell the three others", r)
    r = p.run("status", "--format", "json")
    rows = [json.loads(line) for line in r.stdout.splitlines()]
    expect(next(x for x in rows if x.get("team") == "lab") == {"team": "lab", "people": 1, "shown": False}, "hidden as JSON", r)
    r = p.run("status", "--team", "none")
    expect(r.returncode == 2, "no such team", r)


def check_export(p):
    r = p.run("export")
    rows = list(csv.DictReader(io.StringIO(r.stdout)))
    by = {x["user"]: x for x in rows}
    expect(len(rows) == 11 and by["kim"]["unit"] == "side-door" and by["kim"]["due"].startswith("2030-01-31T22:59:59") and by["mlindqvist"]["completed"] == "" and "ole.brandt" not in by, "export", r)
    expect(set(rows[0]) == {"user", "name", "team", "unit", "certificate", "assigned", "due", "completed", "issued", "valid_until", "refresh1_due", "refresh1_done", "refresh2_due", "refresh2_done"}, "its columns: no answers", r)
    r = p.run("export", "--format", "json")
    expect(len([json.loads(line) for line in r.stdout.splitlines()]) == 11, "export as JSON", r)
    formula = p.folder / "formula.csv"
    formula.write_text("user,name,team\nf,=cmd|' /C calc'!A0,big\n", encoding="utf-8")
    p.run("import", str(formula))
    r = p.run("export")
    expect("\"'=cmd" in r.stdout, "no formula reaches a spreadsheet", r)


# ---- reminders ------------------------------------------------------------------------------------------------------------------------
def check_remind(p):
    sent = p.folder / "sent"
    sent.mkdir()
    program = p.folder / "sendmail"
    program.write_text(f"#!/bin/sh\nfor to; do :; done\n{{ echo \"$@\"; cat; }} > {sent}/$to\n", encoding="utf-8")
    program.chmod(0o755)
    for argv in ((), ("--console", "http://x.example/"), ("--console", "https://x.example/?trick=1"), ("--console", "https://x.example/", "--from", "not an address")):
        r = p.run("remind", *argv)
        expect(r.returncode == 2, f"remind {argv}", r)
    argv = ("--console", "https://postern.x.example:8443/", "--from", "postern@x.example", "--sendmail", str(program))
    r = p.run("remind", *argv, "--dry-run")
    expect(r.returncode == 0 and r.stdout.count("To: ") == 9 and not list(sent.iterdir()) and "The side door" in r.stdout, "dry run", r)
    expect("kim@" not in r.stdout, "what is due in years is not told now", r)
    p.run("assign", "side-door", "--role", "engineer", "--due", "2d")
    r = p.run("remind", *argv)
    expect(r.returncode == 0 and "11 of 13 people were reminded." in r.stdout, "sent", r)
    import email
    text = (sent / "kim@x.example").read_text(encoding="utf-8")
    first, rest = text.split("\n", 1)
    mail = email.message_from_string(rest)
    body = mail.get_payload(decode=True).decode()
    expect(first == "-i -f postern@x.example -- kim@x.example" and mail["To"] == "kim@x.example" and mail.get_content_type() == "text/plain" and mail["Auto-Submitted"] == "auto-generated", f"its head: {first} {mail.items()}")
    expect("옆문" in body and re.findall(r"[a-z]+://\S+", body) == ["https://postern.x.example:8443/"], f"plain, in Korean, one address: {body}")
    program.write_text("#!/bin/sh\nexit 75\n", encoding="utf-8")
    r = p.run("remind", *argv)
    expect(r.returncode == 3 and "ended with status 75" in r.stderr, "what could not be handed over is said", r)


def check_forget(p):
    r = p.run("forget", "kim")
    expect(r.returncode == 0, "forget", r)
    expect("kim" not in p.run("export").stdout, "forgotten")
    for argv in (("kim",), (), ("kim", "--months", "3"), ("--months", "0")):
        r = p.run("forget", *argv)
        expect(r.returncode == 2, f"forget {argv}", r)
    r = p.run("forget", "--months", "12")
    expect(r.returncode == 0 and "0 rows" in r.stdout, "nothing is that old", r)
    log = [json.loads(line) for line in (p.state / "audit.log").read_text(encoding="utf-8").splitlines()]
    actions = {x.get("action") for x in log}
    expect({"lesson-import", "lesson-assign", "lesson-forget"} <= actions, f"in the audit log: {actions}")
    expect(all("kim" not in json.dumps(x) for x in log), "without the name of who is forgotten")
    r = p.run("verify", command="log")
    expect(r.returncode == 0, "the log is whole", r)


# ---- posture ---------------------------------------------------------------------------------------------------------------------------
def check_audit(p):
    root = p.folder / "root" / "etc"
    root.mkdir(parents=True)
    (root / "passwd").write_text("root:x:0:0::/root:/bin/sh\n", encoding="utf-8")

    def results():
        r = p.run("--format", "json", "--demand", "education", "--root", str(p.folder / "root"), "--org", str(p.folder / "etc" / "org.yaml"), command="audit")
        return {x["check"]: x for x in json.loads(r.stdout)["results"]}
    found = results()
    expect(found["EDU-01"]["result"] == "pass" and found["EDU-02"]["result"] == "fail" and "0 of 2 people" in found["EDU-02"]["evidence"][0], f"there are lessons, and nobody has passed one: {found}")
    shutil.rmtree(p.lessons)
    p.lessons.mkdir()
    expect(results()["EDU-01"]["result"] == "fail", "there are none")


def main():
    p = Place(sys.argv[1])
    try:
        for step in (check_own, check_hostile, check_links, check_people, check_assign, check_export, check_remind, check_forget, check_audit):
            step(p)
    finally:
        shutil.rmtree(p.folder, ignore_errors=True)
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
