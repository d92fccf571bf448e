#!/usr/bin/env python3
"""Mail: phishing found against honest mail called suspicious. Real phishing (half of it looked at while building, half only counted), SpamAssassin's ordinary mail, Python's own test messages, newsletters
and the like from templates, and mail in the security manager's name. Prints the table of docs/mail.md.

usage: mail.py POSTERN
"""
import collections
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "mail")]
import case1
import history
import newsletters
import ramp

failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def corpora():
    for folder in (os.environ.get("POSTERN_CORPORA", ""), os.path.join(HERE, "../../../shared/corpora")):
        if folder and os.path.isdir(os.path.join(folder, "mail")):
            return os.path.join(folder, "mail")
    return None


def inspect(postern, options, *paths):
    p = subprocess.run([postern, "inspect", "--format", "json", *options, *paths], capture_output=True, timeout=900)
    expect(p.returncode == 0, f"exit {p.returncode}: {p.stderr[-300:]}")
    return [json.loads(x) for x in p.stdout.splitlines()]


def flagged(rows):
    return [r for r in rows if r["verdict"] in ("suspicious", "lure")]


def half(row):
    return int(hashlib.sha256(os.path.basename(row["path"]).encode()).hexdigest(), 16) % 2


def distinct(rows):
    """Campaigns count once: same sender's name and indicators."""
    seen = {}
    for r in rows:
        facts = {f["name"]: f["value"] for f in r["objects"][0].get("facts", ())}
        seen.setdefault((facts.get("mail.from", "").rpartition("@")[2], tuple(sorted(f["id"] for f in r["findings"]))), r)
    return list(seen.values())


def made(postern, d, items, options=()):
    os.makedirs(d)
    for name, content in items:
        open(os.path.join(d, name), "wb").write(content)
    return inspect(postern, options, d)


def percent(rows):
    return 100 * len(flagged(rows)) / max(len(rows), 1)


def table(sets):
    ids = sorted({f["id"] for rows in sets.values() for r in rows for f in r["findings"]})
    print(f"\n{'indicator':28}" + "".join(f"{k:>12}" for k in sets) + f"{'precision':>12}")
    share = lambda rows, i: 100 * sum(any(f["id"] == i for f in r["findings"]) for r in rows) / max(len(rows), 1)
    for i in ids:
        values = [share(rows, i) for rows in sets.values()]
        honest = max(values[1:])
        print(f"{i:28}" + "".join(f"{v:11.2f}%" for v in values) + (f"{100 * values[0] / (values[0] + honest):11.0f}%" if values[0] + honest else ""))


def with_history(postern, d, own):
    """The third way of case 1, and trust built over weeks: against ordinary mail of the same people."""
    known = lambda name: (*own, "--state", os.path.join(d, name))
    for name in ("state", "state2", "state3"):
        os.makedirs(os.path.join(d, name))
    weeks = made(postern, f"{d}/weeks", history.messages(), known("state")) + made(postern, f"{d}/after", history.after(), known("state"))
    taken = made(postern, f"{d}/taken-known", case1.messages("taken"), known("state"))
    made(postern, f"{d}/weeks2", history.messages(), known("state2"))
    hours = [(n, m.replace(b"06:12:00 +0200", b"10:12:00 +0200")) for n, m in case1.messages("taken")]
    daytime = made(postern, f"{d}/taken-daytime", hours, known("state2"))
    last = lambda stories: [made(postern, f"{d}/{s[0][0]}", s, known("state3"))[-1] for s in stories]
    dream, honest = last(ramp.stories()), last(ramp.honest())
    loud = [r for r in weeks if any(f["level"] in ("medium", "high", "critical") for f in r["findings"])]
    print(f"ordinary mail of eight weeks and the two after: {len(weeks)}, with a finding of medium or above {len(loud)}")
    print(f"security manager, own account, with its history: {len(flagged(taken))} of {len(taken)}; the same in his usual hours {len(flagged(daytime))}")
    print(f"weeks of talk, then a package: {len(flagged(dream))} of {len(dream)}; honest correspondences that end with a file: {len(flagged(honest))} of {len(honest)}")
    expect(not loud, "ordinary mail is told of")
    expect(len(flagged(taken)) >= 12, "from his own account: 60 %")
    expect(len(flagged(dream)) == len(dream) and not flagged(honest), "the package after weeks of talk, and only that")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    postern, base = sys.argv[1], corpora()
    with tempfile.TemporaryDirectory(prefix="postern-mail-") as d:
        news = made(postern, f"{d}/news", newsletters.messages())
        open(f"{d}/org.yaml", "w").write(case1.ORG)
        own = ("--org", f"{d}/org.yaml", "--trust", "mx.kuestenforschung.example")
        ways = {way: made(postern, f"{d}/{way}", case1.messages(way), own) for way in ("outside", "lookalike", "taken")}
        with_history(postern, d, own)
        print(f"newsletters, invoices, invitations, personnel: {len(news)}, suspicious {len(flagged(news))} ({percent(news):.2f} %)")
        for way, rows in ways.items():
            print(f"security manager, {way}: {len(flagged(rows))} of {len(rows)}")
        expect(percent(news) <= 1, "more than 1 % of honest newsletters")
        expect(len(flagged(ways["outside"])) == 20, "from outside: all of them")
        expect(len(flagged(ways["lookalike"])) >= 18, "from a look-alike domain: 90 %")
        for r in flagged(news):
            print("  ", os.path.basename(r["path"]), [(f["id"], f["evidence"]) for f in r["findings"]])
        for r in ways["lookalike"]:
            if r not in flagged(ways["lookalike"]):
                print("   missed:", os.path.basename(r["path"]), [(f["id"], f["evidence"]) for f in r["findings"]])
        if base:
            phishing = inspect(postern, (), f"{base}/phishing")
            trusted = inspect(postern, ("--trust-unnamed",), f"{base}/phishing")
            easy, hard = inspect(postern, (), f"{base}/ham/easy-ham-1", f"{base}/ham/easy-ham-2"), inspect(postern, (), f"{base}/ham/hard-ham-1")
            python = [p for p in glob.glob("/usr/lib/python3*/test/test_email/data/*.txt")]
            library = inspect(postern, (), *python) if python else []
            for name, rows in (("phishing", phishing), ("phishing, with its server's results", trusted)):
                parts = [[r for r in rows if half(r) == h] for h in (0, 1)]
                print(f"{name}: {len(flagged(rows))} of {len(rows)} ({percent(rows):.1f} %); half looked at {percent(parts[0]):.1f} %, half only counted {percent(parts[1]):.1f} %; "
                      f"campaigns once {percent(distinct(rows)):.1f} % of {len(distinct(rows))}")
            for name, rows in (("personal and list mail", easy), ("hard ham", hard), ("Python's test messages", library)):
                print(f"{name}: {len(flagged(rows))} of {len(rows)} ({percent(rows):.2f} %)")
            table({"phishing": trusted, "ham": easy, "hard ham": hard, "newsletters": news})
            expect(percent(easy) <= 0.1 and percent(hard) <= 5, "too much honest mail is called suspicious")
            expect(not flagged(library), "one of Python's test messages is called suspicious")
            expect(percent(trusted) >= 60, "fewer than 60 % of phishing found")
    if failures:
        sys.exit(1)
    if not base:
        print("the corpora are not there: only what is made here was counted")
        sys.exit(77)


main()
