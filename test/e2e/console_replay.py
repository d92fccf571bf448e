#!/usr/bin/env python3
"""console_replay.py POSTERN - the replay of a recording: its terminal (web/terminal.js) by itself in node, and the page in a real browser with a recording that attacks who watches it.

The second is skipped where Chromium or the packages of test/browser cannot be had, or test/helper/record_drive was not built.
"""
import glob
import gzip
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "console"))
import server as S
import xss

ROOT = os.path.dirname(os.path.dirname(HERE))
LAST = "the last line of it"


def node(*argv, **env):
    try:
        return subprocess.run(["node", *argv], env={**os.environ, **env}, stdin=subprocess.DEVNULL, check=False, timeout=170).returncode
    except FileNotFoundError:
        print("node is not installed")
        sys.exit(77)


def recording():
    """As the service writes it: slow at first, with a pause of an hour, then more than one piece of it, and texts that want to be more than text."""
    events = [(0, "first\r\n"), (1.5, "second \x1b[31;1mred\x1b[0m \x1b[38;2;0;0;0;48;2;0;0;0mhidden-by-colour\x1b[0m \x1b[8mhidden\x1b[0m\r\n"), (2.5, "third\x1b]0;x\x07\x1b[6n\r\n"), (3602.5, "after the pause\r\n")]
    events += [(3603 + i / 100, f"line {i} {'x' * 60}\r\n" * 40) for i in range(200)]
    events += [(3606 + i / 100, raw.decode("utf-8", "replace") + "\r\n") for i, (_, _, raw) in enumerate(xss.corpus())]
    events += [(3610, "<img src=q onerror=__xss(0)> \x1b[44;93mcolours\x1b[0m\r\n" + LAST)]
    lines = [json.dumps({"version": 2, "width": 100, "height": 30, "postern": {"person": "<b>"}})] + [json.dumps([t, "o", text]) for t, text in events]
    return gzip.compress("".join(x + "\n" for x in lines).encode())


def spoilt(client, path, session):
    """What is no recording, or unpacks to more than anybody wants: the page stays, and says so."""
    with open(path, "rb") as f:
        good = f.read()
    line = json.dumps([1, "o", "x" * 30000]) + "\n"
    bad = 0
    for what, data, cut in (("nonsense", b"no gzip at all \x1b[31m<b>", False), ("empty", b"", False), ("no line end", gzip.compress(b"x" * (3 << 20)), True),
                            ("lines of nonsense", gzip.compress(b'[1,"o"\n{\n[[[[\n["1","o","<b>"]\n' * 9999), False), ("a bomb", gzip.compress((line * 10000).encode(), 1), True)):
        with open(path, "wb") as f:
            f.write(data)
        page, piece = client.get(f"/sessions/{session}"), client.get(f"/sessions/{session}/cast")
        last = client.get(f"/sessions/{session}/cast?from=4000000000")
        if page.status != 200 or "NO: the file was changed" not in page.text or piece.status != 200 or len(piece.body) > 1 << 20 or last.json()["cut"] != cut or last.json()["events"]:
            print(f"FAILED a recording that is {what}: {page.status} {piece.status} {len(piece.body)} {last.text[:200]}")
            bad += 1
    with open(path, "wb") as f:
        f.write(good)
    return bad


def lengthen(path):
    """The audit log of a long life: what is before the newest records is not looked at by who appends."""
    with open(path, "r+b") as f:
        end = f.read()
        f.seek(0)
        f.write((b'{"seq":0,"action":"filler","detail":"' + b"x" * 200 + b'"}\n') * 100000 + end)


def read_by_broker(c):
    """Bytes the broker has read in its life."""
    with open(f"/proc/{c.process.pid}/task/{c.process.pid}/children", encoding="ascii") as f:
        for pid in f.read().split():
            with open(f"/proc/{pid}/comm", encoding="ascii") as name, open(f"/proc/{pid}/io", encoding="ascii") as io:
                if name.read().startswith("console-broker"):
                    return int(io.readline().split()[1])
    raise SystemExit("there is no broker")


def looked_up_once(c, client, session):
    """The audit log is read once for who looks, not for each piece of the replay; who looked is on record once."""
    client.get(f"/sessions/{session}/cast")
    before = read_by_broker(c)
    for _ in range(8):
        if client.get(f"/sessions/{session}/cast").status != 200:
            return print("FAILED a piece") or 1
    read = read_by_broker(c) - before
    with open(f"{c.state}/audit.log", encoding="utf-8") as f:
        looks = [x for x in f if '"session-recording-opened"' in x and f'"{session}"' in x]
    if read > 20 << 20 or len(looks) != 1:
        print(f"FAILED eight pieces: {read} bytes read, {len(looks)} looks on record")
        return 1
    return 0


def in_browser(binary):
    drives = glob.glob(f"{os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(binary))))}/build*/test/record_drive")
    if not drives:
        print("record_drive is not built (-Dtests=true): the page was not tried")
        return 77
    with S.Console(binary, users={"mia": ["analyst"]}, factors=(), start=False) as c:
        made = subprocess.run([drives[0], str(c.state), "jansen", ""], input=b"x", capture_output=True, check=True).stdout.decode().strip()
        path = glob.glob(f"{c.state}/recordings/*/*/{made}.cast.gz")[0]
        with open(path, "wb") as f:
            f.write(recording())
        c.hand_over()
        lengthen(f"{c.state}/audit.log")
        c.start()
        mia = c.login("mia")
        if looked_up_once(c, mia, made) or spoilt(mia, path, made):
            return 1
        asked = {"at": c.url, "cookies": mia.cookies, "session": made, "last": LAST}
        return node(f"{ROOT}/test/browser/replay.js", REPLAY=json.dumps(asked), HOME=str(c.folder), TMPDIR=str(c.folder))


def main():
    status = node(f"{ROOT}/test/console/replay.js", f"{ROOT}/web/terminal.js")
    return status or in_browser(sys.argv[1])


sys.exit(main())
