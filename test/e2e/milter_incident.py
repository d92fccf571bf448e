#!/usr/bin/env python3
"""milter_incident.py POSTERN - what the mail filter finds, among what people report and endpoints log.

settings: section milter of postern.yaml, and options that win over it; history: weeks of talk known from inspect --state, and the package comes through the filter; once: a mail that comes twice is told
once; joined: a mail, a report and what two machines logged are one incident, what has nothing to do with it is not in it."""
import datetime
import email
import email.policy
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / x) for x in ("mail", "watch", "lure")]
import case1  # noqa: E402
import daemon  # noqa: E402
import filter  # noqa: E402
import programs  # noqa: E402
import ramp  # noqa: E402

POSTERN = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
CASE2 = str(Path(__file__).resolve().parent.parent.parent / "rules" / "case2-dream-job")
ERIKA, PETERSEN = "erika.beispiel@kuestenforschung.example", "j.petersen@kuestenforschung.example"
SENDER = ("Claire Dubois", "claire.dubois@talent-harbour.example")
errors = []


def expect(ok, text):
    if not ok:
        errors.append(text)


def offer(key, sender, viewer, subject="Job offer"):
    zipped = (f"{key}.zip", ramp.packed("SecurePDF.exe", viewer), "application", "zip")
    return ramp.letters(key, sender, [(subject, "A job offer with an attractive salary; open it with our viewer.")], (0,), zipped)[0][1]


def phish(key, sender):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"], m["Message-ID"] = f'"IT-Sicherheit Kuestenforschung" <{sender}>', ERIKA, "Your mailbox", f"<{key}@{sender.split('@')[1]}>"
    m["Reply-To"] = "desk@elsewhere.example"
    m.set_content("Urgent: your password expires today. Verify your account at https://192.0.2.7/login within 24 hours.")
    m.add_alternative('<p>Urgent: your password expires today. <a href="https://192.0.2.7/login">https://kuestenforschung.example</a> Verify your account within 24 hours.</p>', subtype="html")
    return m.as_bytes()


def header(added, name):
    return next((v.strip() for n, v in added if n == name), "")


def setup(d):
    os.makedirs(f"{d}/etc")
    Path(f"{d}/etc/org.yaml").write_text(case1.ORG, encoding="utf-8")
    return f"{d}/etc"


def case_settings(d):
    etc, port = setup(d), filter.free_port()
    write = lambda text: Path(f"{etc}/postern.yaml").write_text(text, encoding="utf-8")
    write(f'milter:\n  socket: "127.0.0.1:{port}"\n  action: reject\n  max_size: 1MB\n  tag: "[odd]"\n  seconds: 5s\n  keep: 9d\n  trust: [mx.kuestenforschung.example]\n  notice: false\n')
    viewer = programs.pe(ProductName="Viewer")
    f = filter.Filter(POSTERN, f"{d}/held", config=etc, where=("127.0.0.1", port))
    expect(f.send(offer("a", SENDER, viewer), SENDER[1], [ERIKA])[1] == "y", "a lure is rejected, as postern.yaml says")
    big = b"From: a@b.example\nTo: c@d.example\nSubject: x\n\n" + b"x" * 70 * 1000 * 20
    expect("not-inspected" in header(f.send(big, "a@b.example", [ERIKA])[0], "X-Postern-Verdict"), "its size is bounded as postern.yaml says")
    f.end()
    f = filter.Filter(POSTERN, f"{d}/held", "--action", "tag", config=etc, where=("127.0.0.1", port))
    added, last = f.send(offer("b", SENDER, viewer), SENDER[1], [ERIKA])
    expect(last in "ac" and "lure" in header(added, "X-Postern-Verdict"), f"options win: {added} {last}")
    f.end()
    for text, words in {"milter: {sockett: x}": "postern.yaml:1:10: ", "milter: {action: burn}": "hold|mta-hold|tag|reject", "milter: {max_size: 900MB}": "postern.yaml:1:20", "milter: {jobs: many}": "1 to 64",
                        "milter: {notice: perhaps}": "true or false", "milter: {keep: 3}": "a duration", "milter: [a]": "postern.yaml:1:9"}.items():
        write(text + "\n")
        p = subprocess.run([POSTERN, "milter", "--quarantine", f"{d}/held"], capture_output=True, text=True, timeout=60, env={**os.environ, "POSTERN_CONFIG": etc})
        expect(p.returncode == 2 and words in p.stderr, f"{text}: {p.returncode} {p.stderr}")
        p = subprocess.run([POSTERN, "watch", "--check", "--state", d, "--config", f"{etc}/postern.yaml"], capture_output=True, text=True, timeout=60)
        expect(p.returncode == 2 and words in p.stderr, f"watch --check, {text}: {p.returncode} {p.stderr}")


def dated(content, days):
    """The message, sent so many days ago."""
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return re.sub(rb"(?m)^Date: .*?\r?$", b"Date: " + email.utils.format_datetime(when).encode() + b"\r", content)


def case_history(d):
    etc, story = setup(d), ramp.stories()[0]
    os.makedirs(f"{d}/mails")
    os.makedirs(f"{d}/history", mode=0o700)
    for i, (name, content) in enumerate(story[:-1]):
        Path(f"{d}/mails/{name}").write_bytes(dated(content, 20 - 4 * i))
    p = subprocess.run([POSTERN, "inspect", "--org", f"{etc}/org.yaml", "--state", f"{d}/history", "--quiet", f"{d}/mails"], capture_output=True, text=True, timeout=60)
    expect(p.returncode == 0, p.stderr)
    f = filter.Filter(POSTERN, f"{d}/held", "--state", f"{d}/history", "--org", f"{etc}/org.yaml")
    last = story[-1][1]
    added, _ = f.send(dated(last, 0), SENDER[1], [ERIKA])
    expect("MAIL_TRUST_RAMP" in header(added, "X-Postern-Indicators"), f"what was known before the filter began: {added}")
    forged, _ = f.send(dated(last, 19).replace(b"Message-ID: <", b"Message-ID: <x"), SENDER[1], [ERIKA])
    expect("MAIL_TRUST_RAMP" in header(forged, "X-Postern-Indicators"), f"an old date does not make it old: {forged}")
    news = ramp.letters("news", ("Chandler", "news@chandler.example"), [("Ropes", "New ropes are in.")], (0,), None)[0][1]
    added, _ = f.send(news, "news@chandler.example", [ERIKA])
    expect(header(added, "X-Postern-Verdict").startswith("clean"), f"somebody else's: {added}")
    f.end()
    modes = {oct(os.stat(f"{d}/history/{n}").st_mode & 0o777) for n in os.listdir(f"{d}/history")}
    expect(modes == {"0o600"}, f"others may read the history: {modes}")
    f = filter.Filter(POSTERN, f"{d}/held", "--org", f"{etc}/org.yaml")
    added, _ = f.send(dated(last, 0), SENDER[1], [ERIKA])
    expect("MAIL_TRUST_RAMP" not in header(added, "X-Postern-Indicators"), "without --state nothing is known of the past")
    f.end()


def scan(d, lines):
    Path(f"{d}/mail.log").write_text("".join(lines), encoding="utf-8")
    p = subprocess.run([POSTERN, "scan", "--format", "json", "--no-rules", "--org", f"{d}/etc/org.yaml", f"{d}/mail.log"], capture_output=True, text=True, timeout=60)
    expect(p.returncode == 0, p.stderr)
    return [r for r in map(json.loads, p.stdout.splitlines()) if r.get("class_uid") == 2004]


def case_once(d):
    setup(d)
    viewer = programs.pe(ProductName="Viewer")
    f = filter.Filter(POSTERN, f"{d}/held", "--org", f"{d}/etc/org.yaml")
    twice = offer("twice", SENDER, viewer)
    for queue, received in (("4ZA", b""), ("4ZB", b"Received: from a by b; Mon, 04 May 2026 10:00:00 +0000\r\n")):
        f.send(received + twice, SENDER[1], [ERIKA], queue)
    strange = 'o"dd found lure\ttwo,words%41@x.example'
    f.send(offer("strange", ("X", "x@y.example"), viewer), strange, [ERIKA, "b@c.example"])
    f.send(ramp.letters("fine", ("Chandler", "news@chandler.example"), [("Ropes", "New ropes are in.")], (0,), None)[0][1], "news@chandler.example", [ERIKA])
    f.end()
    lines = f.lines("found")
    expect(len(lines) == 3 and all(len(x) < 4000 for x in lines), f"one line each, of what is wrong only: {lines}")
    found = scan(d, lines)
    expect(len(found) == 2, f"two findings of three lines: {[x['finding_info']['title'] for x in found]}")
    expect([x["count"] for x in found if "claire" in x["message"]] == [1], f"a mail that came twice counts once: {[(x['message'], x['count']) for x in found]}")
    expect(scan(d, [x.replace("postern-milter[", "other[") for x in lines]) == [], "others' words are not the filter's")


def event(host, image, user, content):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"@timestamp": now, "event": {"code": "1", "provider": "Microsoft-Windows-Sysmon"}, "host": {"name": host}, "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "event_id": "1", "computer_name": host, "event_data": {
        "ProcessId": "4711", "Image": image, "CommandLine": f"{image.split(chr(92))[-1]} offer.pdf", "User": f"INST\\{user}", "Hashes": f"SHA256={hashlib.sha256(content).hexdigest().upper()}"}}}


def case_joined(d):
    """Erika got a viewer by mail and started one under her account on pc8, somebody else the same file on pc7, Petersen reports the file. pc9, and the other sender's mail to Erika, have nothing to do with it."""
    etc = setup(d)
    viewer, other = programs.pe(CompanyName="Some Maker", ProductName="Viewer"), programs.pe(ProductName="Another Viewer")
    file = f"{d}/SecurePDF.exe"
    Path(file).write_bytes(viewer)
    f = filter.Filter(POSTERN, f"{d}/held", "--org", f"{etc}/org.yaml")
    mail = offer("offer", SENDER, viewer)
    f.send(mail, SENDER[1], [ERIKA])
    f.send(mail, SENDER[1], [ERIKA])
    for i in range(2):
        added, _ = f.send(phish(f"p{i}", "it-support@service-desk.example"), "it-support@service-desk.example", [ERIKA])
    f.end()
    expect(header(added, "X-Postern-Verdict").startswith("lure"), f"another sender's lure to her, without a file: {added}")
    lines = f.lines("found")
    expect(len(lines) == 4, f"a line a mail: {lines} {f.said()[-1500:]}")
    with daemon.Daemon(POSTERN, {"rules": [CASE2], "hold": "50ms", "org": f"{etc}/org.yaml"}) as w:
        (w.logs / "mail.log").write_text("".join(lines), encoding="utf-8")
        (w.logs / "sysmon.json").write_text("".join(json.dumps(e) + "\n" for e in (
            event("pc7", "C:\\Users\\gast\\Downloads\\SecurePDF.exe", "gast", viewer), event("pc8", "C:\\Users\\beispiel\\Downloads\\SumatraPDF.exe", "beispiel", b"else"),
            event("pc9", "C:\\Users\\hans\\Downloads\\SumatraPDF.exe", "hans", other))), encoding="utf-8")
        w.start()
        listed = lambda: [json.loads(x) for x in w.run("incident", "list", "--state", w.state, "--format", "json").stdout.splitlines()]
        lures = lambda n: [x for x in listed() if x["kind"] == "lure" and x["findings"] >= n]
        daemon.wait_for("the mail and two machines as one incident", lambda: lures(3))
        w.run("inspect", "--org", f"{etc}/org.yaml", "--report-as", "petersen", "--state", w.state, "--quiet", file)
        one = daemon.wait_for("one incident of four findings", lambda: lures(4))
        text = w.run("incident", "show", one[0]["id"], "--state", w.state).stdout
        everything = listed()
    expect(len(one) == 1 and one[0]["findings"] == 4, f"the mail, the report, two machines: {everything}")
    for word in (SENDER[1], "pc7", "pc8", "petersen reported", "seen by the mail filter"):
        expect(word in text, f"the story names {word}: {text[:3000]}")
    for word in ("pc9", "service-desk"):
        expect(word not in text, f"{word} has nothing to do with it: {text[:3000]}")


CASES = {k[5:]: v for k, v in list(globals().items()) if k.startswith("case_")}
for case in sys.argv[2:] or CASES:
    before = len(errors)
    with tempfile.TemporaryDirectory(prefix="postern-filter-") as folder:
        os.chmod(folder, 0o755)
        CASES[case](f"{folder}/x")
    print(f"{case}: {'ok' if len(errors) == before else 'FAILED'}")
for text in errors:
    print("FAILED:", text)
sys.exit(bool(errors))
