#!/usr/bin/env python3
"""inspect_history.py POSTERN - postern inspect --state: what only the past of a mailbox tells.

weeks: ordinary mail says nothing; taken: an own account in other hands; ramp: weeks of talk, then a package, in whatever order the files are read; again: the same mail twice says the same and counts
once; names: somebody known at a new address; attached: nobody brings his own past; report: an employee's reports and what an endpoint logged become one incident."""
import datetime
import email
import email.policy
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / x) for x in ("mail", "watch", "lure")]
import case1  # noqa: E402
import daemon  # noqa: E402
import history  # noqa: E402
import programs  # noqa: E402
import ramp  # noqa: E402

POSTERN = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
PAST = {"MAIL_FIRST_CONTACT", "MAIL_NEW_ADDRESS_OF_KNOWN", "MAIL_TRUST_RAMP", "MAIL_UNUSUAL_OF_OWN"}
errors = []


def expect(ok, text):
    if not ok:
        errors.append(text)


class Place:
    """A folder with the organisation, a state, and mail."""

    def __init__(self, folder):
        self.folder, self.n = folder, 0
        os.makedirs(f"{folder}/state")
        Path(f"{folder}/org.yaml").write_text(case1.ORG, encoding="utf-8")

    def put(self, items, reverse=False):
        self.n += 1
        d = f"{self.folder}/mail{self.n}"
        os.makedirs(d)
        for i, (name, content) in enumerate(items):
            Path(f"{d}/{len(items) - i:03}-{name}" if reverse else f"{d}/{i:03}-{name}").write_bytes(content)
        return d

    def run(self, *words, state=True):
        p = subprocess.run([POSTERN, "inspect", "--format", "json", "--org", f"{self.folder}/org.yaml", "--trust", "mx.kuestenforschung.example", *(("--state", f"{self.folder}/state") if state else ()), *words],
                           capture_output=True, timeout=300)
        expect(p.returncode == 0 and not p.stderr, f"inspect {words}: exit {p.returncode}: {p.stderr.decode()[-400:]}")
        return [json.loads(x) for x in p.stdout.splitlines()]

    def inspect(self, items, **how):
        return self.run(self.put(items, **how))

    def rows(self, sql):
        with closing(sqlite3.connect(f"file:{self.folder}/state/contacts.db?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchall()


def ids(row):
    return {f["id"] for f in row["findings"]}


def suspicious(row):
    return row["verdict"] in ("suspicious", "lure")


def loud(row):
    return [(f["id"], f["evidence"]) for f in row["findings"] if f["level"] in ("medium", "high", "critical")]


def case_weeks(d):
    p = Place(d)
    rows = p.inspect(history.messages())
    expect(len(rows) == 60, f"{len(rows)} of 60 messages")
    for r in rows + p.inspect(history.after()):
        expect(not loud(r) and not suspicious(r), f"ordinary mail: {os.path.basename(r['path'])}: {loud(r)}")
    expect(any("MAIL_FIRST_CONTACT" in ids(r) for r in rows) and not all("MAIL_FIRST_CONTACT" in ids(r) for r in rows), "first contact: at the first message of each, not at others")
    first = next(r for r in rows if "MAIL_FIRST_CONTACT" in ids(r))
    expect("history" in {f["where"] for f in first["findings"]}, "where it is known from")
    without = p.run(p.put(history.messages()), state=False)
    expect(not any(ids(r) & PAST for r in without), "without --state nothing is known of the past")
    modes = {oct(os.stat(f"{d}/state/{n}").st_mode & 0o777) for n in os.listdir(f"{d}/state") if n.startswith("contacts.db")}
    expect(modes == {"0o600"}, f"others may read the history: {modes}")


def case_taken(d):
    p = Place(d)
    p.inspect(history.messages())
    rows = p.inspect(case1.messages("taken"))
    found = [r for r in rows if suspicious(r) and "MAIL_UNUSUAL_OF_OWN" in ids(r)]
    expect(len(found) >= 12, f"from his own account: {len(found)} of {len(rows)}")
    expect(all(any(c["id"] == "TAKEN_OVER_ACCOUNT" for c in r["combinations"]) for r in found), "and what it means is said")
    alone = Place(f"{d}/alone").inspect(case1.messages("taken"))
    expect(not any("MAIL_UNUSUAL_OF_OWN" in ids(r) for r in alone), "without a history nothing is unusual")


def case_ramp(d):
    for name, reverse in (("in order", False), ("files the other way round", True)):
        p = Place(f"{d}/{reverse}")
        stories = [p.inspect(s, reverse=reverse) for s in ramp.stories()]
        for rows in stories:
            rows = rows[::-1] if reverse else rows
            expect("MAIL_TRUST_RAMP" in ids(rows[-1]) and suspicious(rows[-1]), f"{name}: {os.path.basename(rows[-1]['path'])}: weeks of talk and a package: {ids(rows[-1])}")
            expect(not any("MAIL_TRUST_RAMP" in ids(r) for r in rows[:-1]), f"{name}: while there is only talk")
        for s in ramp.honest():
            for r in p.inspect(s, reverse=reverse):
                expect("MAIL_TRUST_RAMP" not in ids(r) and not suspicious(r), f"{name}: honest {os.path.basename(r['path'])}: {loud(r)}")
    dated = Place(f"{d}/dated") # all of one day, says the sender; our server knows better
    forged = [(n, b"Received: from a by mx.kuestenforschung.example; " + re.search(rb"^Date: (.*)\r$", m, re.M)[1] + b"\r\n" + re.sub(rb"^Date: .*\r$", b"Date: Mon, 04 May 2026 10:%02d:00 +0000\r" % i, m, flags=re.M))
              for i, (n, m) in enumerate(ramp.stories()[0])]
    expect("MAIL_TRUST_RAMP" in ids(dated.inspect(forged)[-1]), "when it came is what our server wrote")
    one = Place(f"{d}/mailbox")
    box = b"".join(b"From x Mon May  4 10:20:00 2026\n" + re.sub(rb"^(>*From )", rb">\1", m.replace(b"\r\n", b"\n"), flags=re.M) + b"\n" for _, m in ramp.stories()[0])
    rows = one.inspect([("box.mbox", box)])
    expect("MAIL_TRUST_RAMP" in ids(rows[0]), f"the same in a mailbox: {ids(rows[0])}")


def case_again(d):
    p, story = Place(d), ramp.stories()[0]
    first, again = p.inspect(story), p.inspect(story)
    expect([ids(r) for r in first] == [ids(r) for r in again], "the same mail again says the same")
    expect(p.rows("SELECT sum(count) FROM contact") == [(len(story),)], f"counted twice: {p.rows('SELECT * FROM contact')}")
    name, last = story[-1]
    other = p.inspect([(name, last.replace(b"assessment.zip", b"assignment.zip").replace(b"As promised", b"Once again").replace(b"Subject: Assessment", b"Subject: Your assignment"))])
    expect("MAIL_TRUST_RAMP" in ids(other[0]), "another message under the same Message-ID is another message; what follows a package belongs to it")
    expect(p.rows("SELECT sum(count) FROM contact") == [(len(story) + 1,)], "and counts")


def case_names(d):
    p = Place(d)
    talk = [("Tide", f"About the tide, part {i}.") for i in range(4)]
    p.inspect(ramp.letters("old", ("Hugh Barnes", "h.barnes@coastal-univ.example"), talk, (0, 3, 6, 9), None))
    same = p.inspect(ramp.letters("same", ("Barnes, Dr. Hugh", "hugh@mail.coastal-univ.example"), talk[:1], (20,), None))
    other = p.inspect(ramp.letters("new", ("HUGH BARNES", "hugh.barnes.office@quick-post.example"), talk[:1], (21,), None))
    stranger = p.inspect(ramp.letters("who", ("Ann Barnes", "ann@quick-post.example"), talk[:1], (22,), None))
    expect("MAIL_NEW_ADDRESS_OF_KNOWN" in ids(other[0]) and "h.barnes@coastal-univ.example" in str(other[0]["findings"]), f"a known name from elsewhere: {other[0]['findings']}")
    expect("MAIL_NEW_ADDRESS_OF_KNOWN" not in ids(same[0]) | ids(stranger[0]), "another mailbox of the same site; another person")


def case_attached(d):
    p, story = Place(d), ramp.stories()[0]
    outer = history.write(("Claire Dubois", "claire.dubois@talent-harbour.example"), [("Erika Beispiel", ramp.ME[1])], history.at(1, 9, 0), "Forward", "see below", 1)
    m = email.message_from_bytes(outer, policy=email.policy.SMTP)
    for _, content in story[:-1]:
        m.add_attachment(email.message_from_bytes(content, policy=email.policy.SMTP))
    p.inspect([("outer.eml", m.as_bytes())])
    expect(p.rows("SELECT sum(count) FROM contact") == [(1,)], "messages that somebody attached are no past")


def case_report(d):
    """Two employees report the same viewer, by mail and as a file; somebody started it on pc7; a fourth thing has nothing to do with it."""
    p = Place(d)
    viewer = programs.pe(CompanyName="Some Maker", ProductName="Viewer")
    zipped = ("viewer.zip", ramp.packed("SecurePDF.exe", viewer), "application", "zip")
    offer = ramp.letters("offer", ("Claire Dubois", "claire.dubois@talent-harbour.example"), [("Job offer", "A job offer with an attractive salary; open it with our viewer.")], (0,), zipped)
    news = ramp.letters("news", ("Chandler", "news@chandler.example"), [("Ropes", "New ropes are in.")], (0,), None)
    mails, file = p.put(offer), f"{d}/SecurePDF.exe"
    Path(file).write_bytes(viewer)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    event = {"@timestamp": now, "event": {"code": "1", "provider": "Microsoft-Windows-Sysmon"}, "host": {"name": "pc7"}, "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "event_id": "1", "computer_name": "pc7", "event_data": {
        "ProcessId": "4711", "Image": "C:\\Users\\erika\\Downloads\\SecurePDF.exe", "CommandLine": "SecurePDF.exe offer.pdf", "User": "INST\\somebody", "Hashes": f"SHA256={hashlib.sha256(viewer).hexdigest().upper()}"}}}
    with daemon.Daemon(POSTERN, {"rules": [str(Path(__file__).resolve().parent.parent.parent / "rules" / "case2-dream-job")], "hold": "50ms"}) as w:
        (w.logs / "sysmon.json").write_text(json.dumps(event) + "\n", encoding="utf-8")
        w.start()
        listed = lambda: [json.loads(x) for x in w.run("incident", "list", "--state", w.state, "--format", "json").stdout.splitlines()]
        report = lambda who, path: w.run("inspect", "--org", f"{d}/org.yaml", "--report-as", who, "--state", w.state, "--quiet", path)
        daemon.wait_for("what the endpoint logged", listed)
        expect([x["kind"] for x in listed()] == ["suspicion"], f"the endpoint alone: {listed()}")
        report("beispiel", mails)
        report("petersen", file)
        report("beispiel", p.put(news))
        one = daemon.wait_for("one incident of three findings", lambda: [x for x in listed() if x["kind"] == "lure" and x["findings"] >= 3])
        report("petersen", file)  # once more: nothing new
        text = w.run("incident", "show", one[0]["id"], "--state", w.state).stdout
        with closing(sqlite3.connect(f"file:{w.state}/postern.db?mode=ro", uri=True)) as db:
            reports = db.execute("SELECT who,verdict,name,sender,recipient,hashes FROM report ORDER BY time,name").fetchall()
        audit = (w.state / "audit.log").read_text(encoding="utf-8")
        expect(w.run("state", "check", "--state", w.state).returncode == 0, "the state is whole")
        bad = w.run("inspect", "--report-as", "two words", "--state", w.state, mails, check=False)
        expect(bad.returncode == 2 and "--report-as" in bad.stderr, f"no name: {bad.returncode} {bad.stderr}")
        nothing = w.run("inspect", "--report-as", "x", "--state", d, mails, check=False)
        expect(nothing.returncode == 3 and "postern watch" in nothing.stderr, f"no state to report to: {nothing.returncode} {nothing.stderr}")
    expect(len(one) == 1, f"one incident: {one}")
    for word in ("claire.dubois@talent-harbour.example", "pc7", "beispiel reported", "petersen reported", "Lure"):
        expect(word in text, f"the story names {word}: {text[:3000]}")
    expect(len(reports) == 3, f"three reports, one made twice: {reports}")
    mail = next(r for r in reports if r[3].startswith("claire"))
    expect(mail[0] == "beispiel" and mail[4] == ramp.ME[1] and hashlib.sha256(viewer).hexdigest() in mail[5], f"who, to whom, what: {mail}")
    expect(audit.count('"report"') >= 3, "reports stand in the audit log")


CASES = {k[5:]: v for k, v in list(globals().items()) if k.startswith("case_")}
for case in sys.argv[2:] or CASES:
    before = len(errors)
    with tempfile.TemporaryDirectory(prefix="postern-history-") as folder:
        os.chmod(folder, 0o755)
        CASES[case](f"{folder}/x")
    print(f"{case}: {'ok' if len(errors) == before else 'FAILED'}")
for text in errors:
    print("FAILED:", text)
sys.exit(bool(errors))
