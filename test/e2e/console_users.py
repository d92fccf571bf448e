#!/usr/bin/env python3
"""console_users.py BINARY - postern console user: what it adds, lists, imports, refuses; and that each change is in the audit log."""
import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "console"))
from server import Console, PASSWORD, totp  # noqa: E402

failures = []
ORG = """
organisation:
  name: Reederei
  domains: [reederei.example]
staff:
  - name: Mia Petersen
    mail: mia.petersen@reederei.example
    accounts: [mia]
    roles: [office]
  - name: Jonas Ehlers
    mail: jonas@reederei.example
"""
CSV = """name,shown,mail,team,roles,language
# comment
anna, Anna Krause, anna@reederei.example, Crew, employee analyst, de
mia, Somebody Else, x@reederei.example, Crew, administrator, de

kim, \uae40\ubbfc\uc9c0, kim@reederei.example, Crew,, ko
"""


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def users(c):
    return {u["name"]: u for u in map(json.loads, c.run("console", "user", "list", "-f", "json").stdout.splitlines())}


def refused(c):
    for argv in (["add"], ["add", "A"], ["add", "a b"], ["add", "../x"], ["add", "x" * 33], ["add", "x", "--role", "root"], ["add", "x", "--language", "fr"], ["add", "x", "--shown", "a\nb"],
                 ["password", "nobody"], ["invite", "nobody"], ["invite", "mia", "--hours", "0"], ["remove", "nobody"], ["reset", "mia"], ["frob"], [], ["list", "x"], ["import", "/nonexistent.csv"]):
        r = c.run("console", "user", *argv, input=PASSWORD + "\n")
        expect(r.returncode in (2, 3) and r.stderr, f"user {' '.join(argv)[:40]!r}: {r.returncode} {r.stderr}")
    for word in ("short", "mia mia mia mia", "", "x" * 300, "aaaaaaaaaaaaaaaaa"):
        r = c.run("console", "user", "password", "mia", input=word + "\n")
        expect(r.returncode == 2, f"password {word[:20]!r}: {r.returncode}")


def main():
    with Console(sys.argv[1], users={}, factors=(), start=False) as c:
        org, csv = c.folder / "org.yaml", c.folder / "staff.csv"
        org.write_text(ORG, encoding="utf-8")
        csv.write_text(CSV, encoding="utf-8")
        r = c.run("console", "user", "import", "--org", str(org))
        expect(r.returncode == 0 and "2 added" in r.stdout, f"import of org.yaml: {r.stdout} {r.stderr}")
        r = c.run("console", "user", "import", str(csv))
        expect(r.returncode == 0 and "2 added" in r.stdout, f"import of CSV: {r.stdout} {r.stderr}")
        found = users(c)
        expect(set(found) == {"mia", "jonas", "anna", "kim"}, f"imported: {set(found)}")
        expect(found["mia"]["roles"] == ["employee"] and found["mia"]["shown"] == "Mia Petersen", f"an import changed who was there: {found['mia']}")
        expect(found["anna"]["roles"] == ["employee", "analyst"] and found["anna"]["language"] == "de" and found["kim"]["language"] == "ko", f"CSV: {found['anna']}")
        refused(c)
        expect(c.run("console", "user", "add", "mia", "--role", "approver", "--role", "employee", "--team", "Office").returncode == 0, "add again")
        found = users(c)
        expect(found["mia"]["roles"] == ["employee", "approver"] and found["mia"]["team"] == "Office" and found["mia"]["mail"] == "mia.petersen@reederei.example", f"changed: {found['mia']}")
        expect(c.run("console", "user", "remove", "kim").returncode == 0 and "kim" not in users(c), "remove")
        text = c.run("console", "user", "list").stdout
        expect("\x1b" not in text and "mia" in text and "employee approver" in text, text)
        log = (c.state / "audit.log").read_text(encoding="utf-8")
        for action, name in (("console-user", "mia"), ("console-user", "anna"), ("console-user-removed", "kim")):
            expect(any(f'"{action}"' in line and f'"{name}"' in line for line in log.splitlines()), f"the audit log has no {action} {name}")
        expect(PASSWORD not in log and c.run("log", "verify", "--state", str(c.state)).returncode == 0, "the audit log")
        for name in ("accounts.db", "factor.key"):
            expect((c.state / "console" / name).stat().st_mode & 0o777 == 0o600, f"{name} can be read by others")
        for argv in (["--listen", "here"], ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:99999"], ["--listen", "0.0.0.0:0", "--plain"], ["--certificate", "/x"], ["--certificate", "/nonexistent", "--key", "/nonexistent"],
                     ["--threads", "0"], ["--org", "/nonexistent"], ["--web", "/nonexistent"], ["frob"], ["--user", "no-such-user-here"]):
            r = c.run("console", *argv, *(["--plain", "--listen", "127.0.0.1:0"] if argv[0] in ("--web", "--org", "--threads", "frob") else []))
            expect(r.returncode in (2, 3) and r.stderr, f"console {' '.join(argv)}: {r.returncode} {r.stdout}")
        record_first(c)
        start_and_end(c)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


def record_first(c):
    """No password of who was invited and no second factor without its record: the audit log cannot be written for a while."""
    word = json.loads(c.run("console", "user", "invite", "mia", "-f", "json").stdout)["word"]
    stop = c.state / "audit.log.head.new"
    fields = {"word": word, "password": PASSWORD, "again": PASSWORD}
    c.start()
    me = c.client()
    me.get(f"/invite?word={word}")
    (stop / "full").mkdir(parents=True)
    page = me.post("/invite", fields, follow=False)
    expect(page.status >= 400 and not users(c)["mia"]["factor"], f"an invitation without record: {page.status}")
    (stop / "full").rmdir()
    stop.rmdir()
    me.get(f"/invite?word={word}")
    page = me.post("/invite", fields, follow=False)
    expect(page.status == 303, f"it is good all the same, later: {page.status} {page.text[:300]}")
    me.token = me.get("/api/v1/me").json()["csrf"]
    page = me.post("/account/factor", {"password": PASSWORD})
    secret = re.search(r"otpauth://[^\s\"<]+secret=([A-Z2-7]+)", page.text)[1]
    (stop / "full").mkdir(parents=True)
    step = int(time.time()) // 30
    codes = {"code": totp(secret, step - 1), "next": totp(secret, step)}
    page = me.post("/account/factor/confirm", codes)
    expect(page.status >= 400 and not users(c)["mia"]["factor"], f"a second factor without record: {page.status}")
    (stop / "full").rmdir()
    stop.rmdir()
    expect(me.post("/account/factor/confirm", codes).status == 200 and users(c)["mia"]["factor"], "and with it")
    c.stop()


def start_and_end(c):
    """A certificate is made once and stays; the console ends when it is told to."""
    c.tls = True
    c.start()
    made = (c.state / "console" / "certificate.pem").read_bytes()
    expect((c.state / "console" / "key.pem").stat().st_mode & 0o777 == 0o600, "the key can be read by others")
    process = c.process
    c.stop()
    expect(process.returncode == 0, f"told to end: {process.returncode}")
    c.start()
    expect((c.state / "console" / "certificate.pem").read_bytes() == made, "another certificate at the second start")
    c.stop()


sys.exit(main())
