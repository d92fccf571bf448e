#!/usr/bin/env python3
"""mfa.py BINARY - postern mfa: enrolment as a person does it, with a device of ours; secrets only where they may be; coverage from logs."""
import base64
import hashlib
import hmac
import json
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from urllib.parse import parse_qs, urlparse

BINARY = str(Path(sys.argv[1]).resolve())
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def code_at(secret, counter, algorithm="SHA1", digits=6):
    """RFC 4226, a second time."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", counter), getattr(hashlib, algorithm.lower())).digest()
    at = mac[-1] & 15
    return str((struct.unpack(">I", mac[at:at + 4])[0] & 0x7FFFFFFF) % 10**digits).zfill(digits)


class Scene:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.env = {**os.environ, "POSTERN_CONFIG": str(self.folder / "none"), "ASAN_OPTIONS": "detect_leaks=0", "SUDO_USER": ""}

    def run(self, *argv, **kw):
        return subprocess.run([BINARY, *argv, "--state", str(self.state)] if kw.pop("state", True) else [BINARY, *argv], capture_output=True, text=True, check=False,
                              env=self.env, timeout=60, **kw)

    def ok(self, *argv, **kw):
        r = self.run(*argv, **kw)
        expect(r.returncode == 0, f"{' '.join(argv)}: exit {r.returncode}: {r.stderr.strip()}")
        return r


def on_terminal(scene, argv, answers):
    """What stands on the terminal; each answer is typed when something has been asked."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(BINARY, [BINARY, *argv, "--state", str(scene.state)], scene.env)
    shown, answers = b"", list(answers)
    end = time.time() + 60
    while time.time() < end:
        ready, _, _ = select.select([fd], [], [], 0.5)
        if ready:
            try:
                piece = os.read(fd, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        elif answers:
            os.write(fd, answers.pop(0).encode() + b"\n")
    os.close(fd)
    return os.waitpid(pid, 0)[1], shown.decode(errors="replace")


def interrupted(scene):
    """Ctrl-C while a code is asked for: it ends, and the terminal shows again what is typed."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen([BINARY, "mfa", "confirm", "falke", "--state", str(scene.state)], stdin=theirs, stdout=theirs, stderr=theirs, env=scene.env, start_new_session=True)
    end = time.time() + 30
    while termios.tcgetattr(theirs)[3] & termios.ECHO and time.time() < end:
        time.sleep(0.05)
    expect(not termios.tcgetattr(theirs)[3] & termios.ECHO, "a code is asked for with echo")
    os.write(ours, b"12\x03")
    expect(p.wait(30) == 2, f"Ctrl-C at a code: {p.returncode}")
    expect(termios.tcgetattr(theirs)[3] & termios.ECHO and termios.tcgetattr(theirs)[3] & termios.ISIG, "the terminal is left without echo")
    os.close(ours)
    os.close(theirs)


def secret_of(text):
    uri = next(w for w in text.split() if w.startswith("otpauth://"))
    query = parse_qs(urlparse(uri).query)
    return uri, query["secret"][0], query["algorithm"][0], int(query["digits"][0])


def wait_for_step():
    """Two codes are typed within one step, so that neither is too old."""
    if time.time() % 30 > 20:
        time.sleep(31 - time.time() % 30)
    return int(time.time()) // 30


def enrolment(s):
    r = s.run("mfa", "enroll", "nobody")
    expect(r.returncode == 2 and "no person nobody" in r.stderr, f"enroll of nobody: {r.returncode} {r.stderr}")
    with open(s.folder / "out", "w", encoding="utf-8") as out:
        r = subprocess.run([BINARY, "mfa", "enroll", "jansen", "--state", str(s.state)], stdout=out, stderr=subprocess.PIPE, text=True, check=False, env=s.env)
    expect(r.returncode == 2 and "secret" in r.stderr and (s.folder / "out").stat().st_size == 0, "enroll wrote a secret into a file")
    r = s.ok("mfa", "enroll", "jansen", "--hash", "sha256", "--digits", "8", "--issuer", "Coast & Sea")
    uri, secret, algorithm, digits = secret_of(r.stdout)
    expect(uri.startswith("otpauth://totp/Coast%20%26%20Sea:jansen?") and algorithm == "SHA256" and digits == 8, f"URI: {uri}")
    expect("\u2588" not in r.stdout, "a QR code went into a pipe")
    key = s.state / "factor.key"
    expect(key.stat().st_mode & 0o777 == 0o600 and key.stat().st_size == 32, "factor.key is not 32 bytes, 0600")
    st = json.loads(s.ok("mfa", "status", "jansen", "-f", "json").stdout)
    expect(st["enrolled"] and not st["confirmed"], f"status before: {st}")
    step = wait_for_step()
    r = s.run("mfa", "confirm", "jansen", input="12345678\n87654321\n")
    expect(r.returncode == 2 and not r.stdout, f"confirm with wrong codes: {r.returncode}")
    for short in ("", "12345678\n", "1" * 5000):
        expect(s.run("mfa", "confirm", "jansen", input=short).returncode == 2, f"confirm with {short[:10]!r}")
    r = s.ok("mfa", "confirm", "jansen", input=f"{code_at(secret, step - 1, algorithm, 8)}\n{code_at(secret, step, algorithm, 8)}\n")
    codes = [line.strip() for line in r.stdout.splitlines() if line.count("-") == 3]
    expect(len(codes) == 10 and len(set(codes)) == 10 and all(len(c) == 19 for c in codes), f"recovery codes: {codes}")
    st = json.loads(s.ok("mfa", "status", "jansen", "-f", "json").stdout)
    expect(st["confirmed"] and st["recovery_left"] == 10 and st["kind"] == "totp" and st["digits"] == 8, f"status: {st}")
    expect(s.run("mfa", "enroll", "jansen").returncode == 2, "a second enrolment over the first")
    return secret, codes


def terminal(s):
    rc, shown = on_terminal(s, ["mfa", "enroll", "falke"], [])
    _, secret, _, _ = secret_of(shown)
    expect(rc == 0 and "\u2588\u2588\u2588\u2588" in shown and "\u2580" in shown, "no QR code on a terminal")
    interrupted(s)
    step = wait_for_step()
    codes = [code_at(secret, step - 1), code_at(secret, step)]
    rc, shown = on_terminal(s, ["mfa", "confirm", "falke"], codes)
    expect(rc == 0 and shown.count("-") >= 30, f"confirm on a terminal: {rc} {shown[:300]!r}")
    expect(not any(c in shown for c in codes), "codes are shown while they are typed")


def care(s, secret, codes):
    fresh = s.ok("mfa", "codes", "jansen", "--reason", "lost").stdout
    expect(not any(c in fresh for c in codes) and fresh.count("-") >= 30, "codes are not new ones")
    expect(s.run("mfa", "codes", "hansen").returncode == 2, "codes for who has none")
    text = s.ok("mfa", "status").stdout
    expect("jansen" in text and "confirmed" in text and any(line.startswith("hansen") and line.endswith("none") for line in text.splitlines()), f"status:\n{text}")
    s.ok("mfa", "clock", "--reason", "was ahead")
    s.ok("mfa", "reset", "jansen", "--reason", "device lost")
    expect(s.run("mfa", "reset", "jansen").returncode == 2, "reset twice")
    expect(s.run("mfa", "status", "ghost").returncode == 2, "status of nobody")
    log = (s.state / "audit.log").read_text(encoding="utf-8")
    actions = [json.loads(line)["action"] for line in log.splitlines()]
    for action in ("factor-enroll", "factor-confirm", "factor-codes", "factor-clock", "factor-reset"):
        expect(action in actions, f"the audit log lacks {action}")
    expect(s.run("log", "verify").returncode == 0, "the audit log does not verify")
    kept = b"".join(p.read_bytes() for p in s.state.rglob("*") if p.is_file())
    for hidden in [secret, *codes, *(c.replace("-", "") for c in codes), *fresh.split()[-10:]]:
        expect(hidden.encode() not in kept, "a secret lies in the state as it is")
    expect(base64.b32decode(secret + "=" * (-len(secret) % 8)) not in kept, "a seed lies in the state as it is")


def broken(s):
    key = s.state / "factor.key"
    aside = s.state / "aside"
    key.rename(aside)
    for verb in ("enroll", "codes"):
        r = s.run("mfa", verb, "falke")
        expect(r.returncode != 0 and not key.exists(), f"mfa {verb} without the key: {r.returncode}, a new key: {key.exists()}")
    expect(s.run("mfa", "status").returncode == 0, "status needs the key")
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    expect("not the one" in s.run("mfa", "codes", "falke").stderr, "another key is not told")
    key.unlink()
    aside.rename(key)
    key.chmod(0o644)
    expect("read by others" in s.run("mfa", "codes", "falke").stderr, "a key that others can read is believed")
    key.chmod(0o600)
    s.ok("mfa", "codes", "falke")
    db = s.state / "gate.db"
    db.rename(aside)
    expect(s.run("mfa", "status").returncode == 3, "status without a gate")
    aside.rename(db)


def line(t, pid, text):
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(t)) + f" web1 sshd[{pid}]: {text}\n"


def coverage(s):
    now, out = time.time(), ""
    sk = "SHA256:" + "A" * 43

    def login(pid, user, *said, ip="203.0.113.9", age=1, host="web1"):
        nonlocal out
        for verb, method, rest in said:
            out += line(now - age * 86400 + pid, pid, f"{verb} {method} for {user} from {ip} port {40000 + pid} ssh2{rest}").replace("web1", host)
    key = f": ED25519 SHA256:{'B' * 43}"
    pam = "keyboard-interactive/pam"
    login(1, "one", ("Accepted", "publickey", key))
    login(2, "pass", ("Accepted", "password", ""))
    login(3, "two", ("Partial", "publickey", key), ("Accepted", pam, ""))
    login(4, "both", ("Partial", "publickey", key), ("Accepted", pam, ""))
    login(5, "both", ("Accepted", "publickey", key))
    login(6, "pamonly", ("Accepted", pam, ""))
    login(7, "token", ("Accepted", "publickey", f": ED25519-SK {sk}"))
    login(8, "inside", ("Accepted", "password", ""), ip="10.1.2.3")
    login(9, "old", ("Accepted", "password", ""), age=120)
    login(10, "failed", ("Failed", "password", ""))
    # what was good in another connection is not this one's; the same method twice is one
    login(11, "other", ("Partial", "publickey", key))
    login(12, "other", ("Accepted", "publickey", key))
    login(13, "twice", ("Partial", "publickey", key), ("Accepted", "publickey", key))
    login(14, "one", ("Accepted", "publickey", key), host="web2", ip="2001:db8::7")
    # a name that imitates the rest of a line
    out += line(now, 15, "Failed password for invalid user two from 203.0.113.9 port 1 ssh2 Accepted password for two from 203.0.113.9 port 40003 ssh2")
    log = s.folder / "auth.log"
    log.write_text("".join(sorted(out.splitlines(True), key=lambda x: x[:25])), encoding="utf-8")
    r = s.run("mfa", "coverage", "-f", "json", str(log), state=False)
    rows = [json.loads(x) for x in r.stdout.splitlines()]
    found = {(x["host"], x["account"]): x for x in rows if "account" in x}
    want = {("web1", "one"): "one", ("web1", "pass"): "one", ("web1", "two"): "two", ("web1", "both"): "one", ("web1", "pamonly"): "unclear", ("web1", "token"): "hardware-key",
            ("web1", "other"): "one", ("web1", "twice"): "one", ("web2", "one"): "one"}
    expect({k: x["factors"] for k, x in found.items()} == want, f"coverage: { {k: x['factors'] for k, x in found.items()} }")
    expect(r.returncode == 1 and rows[-1]["older"] == 1 and rows[-1]["accounts"]["one"] == 6, f"sums: {r.returncode} {rows[-1:]}")
    expect(found[("web1", "both")]["logins"]["two"] == 1 and found[("web2", "one")]["last_from"] == "2001:db8::7", "counts")
    expect("old" in {x["account"] for x in map(json.loads, s.run("mfa", "coverage", "--days", "200", "-f", "json", str(log), state=False).stdout.splitlines()) if "account" in x}, "--days")
    text = s.run("mfa", "coverage", str(log), state=False).stdout
    expect("web2" in text and "pass: 1 login by password" in text and "two:" not in text, f"text:\n{text}")
    # only two factors: nothing to complain about
    log.write_text("".join(x for x in out.splitlines(True) if " for two from 203.0.113.9 port 40003 ssh2" in x and "invalid" not in x), encoding="utf-8")
    expect(s.run("mfa", "coverage", str(log), state=False).returncode == 0, "exit status with two factors")
    makers = [Path(BINARY).parent.parent / "test" / "make_state", Path(__file__).resolve().parent.parent.parent / "build-asan" / "test" / "make_state"]
    make = next((m for m in makers if m.is_file()), None)
    if make: # what watch follows: the same logs, and one that is gone
        logs = s.folder / "logs"
        logs.mkdir()
        (logs / "auth.log").write_text("".join(sorted(out.splitlines(True), key=lambda x: x[:25])), encoding="utf-8")
        (s.folder / "watched").mkdir()
        (logs / "gone.log").write_text(line(now, 20, "Accepted password for gone from 203.0.113.9 port 5 ssh2"), encoding="utf-8")
        (logs / "org.yaml").write_text("organisation:\n  name: Coast\n", encoding="utf-8")
        p = subprocess.run([str(make), str(logs), str(s.folder / "watched")], capture_output=True, text=True, check=False, env=s.env)
        expect(p.returncode == 0, f"make_state: {p.stderr}")
        (logs / "gone.log").unlink()
        r = s.run("mfa", "coverage", "-f", "json", "--state", str(s.folder / "watched"), state=False)
        again = {(x["host"], x["account"]): x["factors"] for x in map(json.loads, r.stdout.splitlines()) if "account" in x}
        expect(r.returncode == 1 and again == want, f"coverage of what watch follows: {r.returncode} {again} {r.stderr}")
    r = s.run("mfa", "coverage")
    expect(r.returncode == 3, f"coverage without a watch: {r.returncode}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        s = Scene(tmp)
        s.ok("provider", "add", "hafenlicht", "--name", "Hafenlicht")
        for person in ("jansen", "falke", "hansen"):
            s.ok("person", "add", person, "--provider", "hafenlicht", "--name", person)
        secret, codes = enrolment(s)
        terminal(s)
        care(s, secret, codes)
        broken(s)
        coverage(s)
    print(f"{len(failures)} failed" if failures else "mfa: as it should be")
    return 1 if failures else 0


sys.exit(main())
