#!/usr/bin/env python3
"""console_grants.py BINARY - thousands of grants: /access shows a page of each list, all of them can be reached, what waits is never left out for what is over, and what was decided is seen at
once, whoever decided it."""
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "console"))
from server import Console, text_of  # noqa: E402

WAITING, OVER = 130, 5200
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def run(c, *argv):
    r = c.run(*argv)
    assert r.returncode == 0, (argv, r.stdout, r.stderr)
    return r.stdout


def multiply(c):
    """One request as the command makes it, and rows like it: the oldest wait, thousands of newer ones are refused, and the newest wait again."""
    with closing(sqlite3.connect(c.state / "gate.db")) as db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM permit").fetchone())
        day, columns = row["id"].rsplit("-", 1)[0], list(row)
        rows = []
        for n in range(2, WAITING + OVER + 1):
            state = 2 if 60 < n <= 60 + OVER else row["state"]  # GRANT_REFUSED
            rows.append([{**row, "number": n, "id": f"{day}-{n}", "state": state}[k] for k in columns])
        db.executemany(f"INSERT INTO permit({','.join(columns)}) VALUES({','.join('?' * len(columns))})", rows)
        db.commit()
    return row["id"], day


def ids(page):
    return re.findall(r'<th scope="row" class="id"><a href="/access/grants/([^"]+)"', page.text)


def lists(a, first, day):
    page = a.get("/access")
    expect(page.status == 200 and len(page.body) < 100 << 10, f"/access: {page.status}, {len(page.body)} bytes")
    expect(len(ids(page)) == 100 and f"Show all {WAITING}" in text_of(page.text), f"fifty of each list: {len(ids(page))}")
    found = []
    for n in range(1, 4):
        page = a.get(f"/access?list=waiting&page={n}")
        found += ids(page)
        expect(len(page.body) < 100 << 10 and text_of(page.text).count("Waiting for a decision") == 1 and "Hafenlicht IT" in page.text, f"page {n}: {len(page.body)}")
    want = [f"{day}-{n}" for n in range(WAITING + OVER, 60 + OVER, -1)] + [f"{day}-{n}" for n in range(60, 1, -1)] + [first]
    expect(found == want, f"what waits, newest first, and none is missing: {len(found)} {found[:3]} {found[-3:]}")
    expect('rel="next"' in a.get("/access?list=waiting").text and 'list=waiting' in a.get("/access?list=waiting").text, "a way on")
    for path, n in (("/access?list=waiting&page=9999", 0), ("/access?list=waiting&page=x", 50), ("/access?list=nothing", 100), ("/access?list=open", 0)):
        page = a.get(path)
        expect(page.status == 200 and len(ids(page)) == n, f"{path}: {page.status} {len(ids(page))}")
    page = a.get("/access?list=earlier&page=98")
    expect(len(ids(page)) == 20 and f"{WAITING + OVER - 5000} older entries are not shown here" in text_of(page.text), f"the end of what is over: {len(ids(page))} {text_of(page.text)[-300:]}")
    for language, words in (("de", "Alle 130 zeigen"), ("ko", "130건 모두 보기")):
        a.post("/account/language", {"language": language})
        expect(words in text_of(a.get("/access").text), f"in {language}")
    a.post("/account/language", {"language": "en"})
    got = a.get("/api/v1/access").json()
    expect(len(got["grants"]) == WAITING, f"the API has what waits: {len(got['grants'])}")
    expect(a.get(f"/access/grants/{day}-70").status == 200, "one that is over is found by its number")


def seen_at_once(c, a, boss, first, day):
    """By a command, by another thread of the broker, by this one: every thread is asked more than once."""
    def all_say(n, what):
        said = {re.search(r"Show all (\d+)", text_of(a.get("/access").text))[1] for _ in range(12)}
        expect(said == {str(n)}, f"{what}: {said}")
    all_say(WAITING, "before")
    run(c, "grant", "refuse", first, "--reason", "no")
    all_say(WAITING - 1, "refused by a command")
    for n in range(2, 8):
        page = boss.post(f"/access/refuse/{day}-{n}", {"reason": "no"})
        expect(page.status == 200 and "Refused" in text_of(page.text), f"refused in the page: {page.status} {text_of(page.text)[:300]}")
        all_say(WAITING - n, "refused in the page")


def main():
    with Console(sys.argv[1], users={"mia": ["analyst"], "leitung": ["approver"]}, factors=(), start=False) as c:
        c.env["SUDO_USER"] = "daemon"
        run(c, "provider", "add", "hafenlicht", "--name", "Hafenlicht IT")
        run(c, "person", "add", "jansen", "--provider", "hafenlicht", "--name", "Piet Jansen", "--account", "jansen")
        run(c, "grant", "request", "--person", "jansen", "--host", "web1", "--account", "deploy", "--purpose", "patch", "--sftp", "--until", "20d")
        first, day = multiply(c)
        c.hand_over()
        c.start()
        a, boss = c.login("mia"), c.login("leitung")
        lists(a, first, day)
        seen_at_once(c, a, boss, first, day)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
