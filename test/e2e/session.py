#!/usr/bin/env python3
"""session.py BINARY - postern session over recordings that test/helper/record_drive made: listed, played safely, searched, verified, ended."""
import gzip
import json
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


class Lab:
    def __init__(self, binary):
        self.binary = binary
        builds = [Path(binary).parent.parent, *Path(binary).parent.parent.parent.glob("build*")]
        self.drive = next((str(b / "test/record_drive") for b in builds if (b / "test/record_drive").exists()), None)
        if not self.drive:
            sys.exit("record_drive is not built (-Dtests=true)")
        self.tmp = tempfile.TemporaryDirectory(prefix="postern-session-")
        self.state = self.tmp.name
        self.env = dict(os.environ, POSTERN_STATE=self.state, POSTERN_CONFIG=self.state)

    def record(self, body, person="jansen", command="", *more):
        r = subprocess.run([self.drive, self.state, person, command, *more], input=body, capture_output=True, check=True)
        return r.stdout.decode().strip()

    def run(self, *args, rc=0):
        r = subprocess.run([self.binary, "session", *args], capture_output=True, env=self.env, check=False, stdin=subprocess.DEVNULL)
        expect(r.returncode == rc, f"session {' '.join(args)}: exit status {r.returncode}, not {rc}: {r.stderr.decode()[:300]}")
        return r

    def on_terminal(self, *args):
        """What reaches a terminal, and the exit status."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(self.binary, [self.binary, "session", *args], self.env)
        got = b""
        while True:
            try:
                more = os.read(fd, 65536)
            except OSError:
                break
            if not more:
                break
            got += more
        return got, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


NASTY = b"before\r\n\x1b]52;c;ZXZpbA==\x07\x1b[6n\x1b[c\x1bP$qm\x1b\\\x1b[?2004h\xc2\x9b5n\x1b[31mred\x1b[0m\r\nsecret plan: curl http://198.51.100.9/x\r\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    lab = Lab(str(Path(sys.argv[1]).resolve()))
    first = lab.record(NASTY)
    second = lab.record(b"nothing\x08\x08\x08\x08ting here\r\n", "petersen", "ls \x1b[31m -l")
    third = lab.record(os.urandom(300000), "petersen", "tar c /", "pipe")

    # list, show
    text = lab.run("list").stdout
    expect(all(x.encode() in text for x in (first, second, third)) and b"\x1b" not in text, f"list: {text}")
    rows = [json.loads(line) for line in lab.run("list", "--format", "json").stdout.splitlines()]
    expect([r["id"] for r in rows] == [third, second, first] and rows[2]["person"] == "jansen" and rows[2]["status"] == 0, f"list --format json: {rows}")
    expect(lab.run("list", "--person", "jansen").stdout.count(b"\n") == 1, "list --person")
    expect(lab.run("list", "--open").stdout == b"No sessions.\n", "list --open")
    shown = lab.run("show", third).stdout
    expect(b"300000 bytes, sha256" in shown and rows[0]["sha256"].encode() in shown, f"show: {shown}")
    lab.run("show", "S-1970", rc=2)
    lab.run("show", "S-", rc=2)
    lab.run("nonsense", rc=2)

    # play
    played = lab.run("play", first).stdout
    want = b"before\r\n\x1b[31mred\x1b[0m\r\nsecret plan: curl http://198.51.100.9/x\r\n"
    expect(played == want, f"play: {played}")
    expect(lab.run("play", "--raw", first).stdout == NASTY, "play --raw into a pipe")
    got, rc = lab.on_terminal("play", "--speed", "0", first)
    expect(rc == 0 and b"52;c" not in got and b"[6n" not in got and b"red" in got, f"play on a terminal: {got}")
    got, rc = lab.on_terminal("play", "--raw", first)
    expect(rc == 2 and b"\x1b]52" not in got, f"play --raw on a terminal is not refused: {got}")
    got, rc = lab.on_terminal("play", "--raw", "--force", first)
    expect(rc == 0 and b"\x1b]52" in got, "play --raw --force")
    body = lab.run("play", third).stdout
    expect(len(body) > 1000 and b"\x1b]" not in body, "play of binary output")

    # search
    hits = lab.run("search", "CURL ").stdout
    expect(hits.count(b"\n") == 1 and first.encode() in hits and b"secret plan" in hits, f"search: {hits}")
    expect(lab.run("search", "notting here").stdout.count(b"\n") == 1, "search does not take back what was taken back")
    expect(lab.run("search", "tar c").stdout.count(b"\n") == 1, "search of commands")
    expect(lab.run("search", "no such text").stdout == b"", "search without hits")
    hit = json.loads(lab.run("search", "secret", "--format", "json").stdout)
    expect(hit["id"] == first and hit["text"].startswith("secret plan"), f"search --format json: {hit}")

    # end
    p = subprocess.Popen([lab.drive, lab.state, "jansen", "", "open"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    live = p.stdout.readline().decode().strip()
    expect(live.encode() in lab.run("list", "--open").stdout, "a session that goes on is not listed")
    lab.run("end", live, rc=2)
    lab.run("end", live, "--reason", "wrong machine")
    expect(p.wait(20) == 0, "the session that was ended")
    expect(b"its end was asked for" in lab.run("show", live).stdout and b"wrong machine" in lab.run("show", live).stdout, "why it ended is not shown")

    # verify
    lab.run("verify")
    expect(b"4 recordings" in lab.run("verify").stdout, "verify does not count")
    file = Path(lab.state) / "recordings" / rows[2]["file"]
    good = file.read_bytes()
    file.write_bytes(gzip.compress(gzip.decompress(good).replace(b"secret plan", b"public plan")))
    expect(b"was changed" in lab.run("verify", rc=1).stdout, "a changed recording is not found")
    lab.run("verify", second)
    lab.run("verify", first, rc=1)
    file.unlink()
    expect(b"not there" in lab.run("verify", first, rc=1).stdout, "a recording that is gone is not found")
    lab.run("play", first, rc=2)
    file.write_bytes(good)
    lab.run("verify")
    log = Path(lab.state) / "audit.log"
    log.write_bytes(log.read_bytes().replace(rows[2]["sha256"].encode(), b"0" * 64))
    expect(b"another hash" in lab.run("verify", first, rc=1).stdout, "a changed audit log is not found")
    print(f"{len(failures)} failures" if failures else "sessions are listed, played, searched, verified and ended")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
