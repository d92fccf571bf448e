#!/usr/bin/env python3
"""shell.py BINARY - postern-shell against a service that the test plays: what it asks, what it hands on, and that nothing goes on without it.

The shell is postern-shell-test beside BINARY's folder (the same sources; it asks where the test says). It is not setgid here: that the service tells the
recorder by its group is a matter of test/e2e/gate*.py.
"""
import hashlib
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

ASK, ANSWER = 12544, 8520
OUTPUT, ERROR, INPUT, RESIZE, COUNT, FILE, PING, EXIT = range(1, 9)
SAY, END, PONG = 64, 65, 66
MAGIC = 0x50520000
REFUSED = 253
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def frame(kind, body=b""):
    return struct.pack("=IIQ", MAGIC | kind, len(body), 0) + body


class Service(threading.Thread):
    """Answers each question with `allow`, keeps frames, does what `script` says when it gets them."""

    def __init__(self, path, allow=True, text="", script=None):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(path)
        self.socket.listen(8)
        self.allow, self.text, self.script = allow, text, script
        self.asks, self.frames, self.peer, self.closed = [], [], None, threading.Event()
        self.start()

    def run(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            self.serve(c)

    def serve(self, c):
        q = c.recv(65536)
        self.asks.append(q)
        self.peer = c
        self.gid = struct.unpack("=iII", c.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[2]
        reason = 0 if self.allow else 2
        text = self.text.encode()[:255]
        c.send(struct.pack("=IIIIIxxxxq32s256sI8192sxxxx", 0x50535447, 1, int(self.allow), reason, 1, 0, b"R-0042" if not self.allow else b"", text, 0, b""))
        while self.allow:
            try:
                m = c.recv(65536)
            except OSError:
                break
            if not m:
                break
            kind, size, at = struct.unpack("=IIQ", m[:16])
            assert kind >> 16 == MAGIC >> 16 and len(m) == 16 + size
            self.frames.append((kind & 0xffff, m[16:], at))
            if kind & 0xffff == PING:
                c.send(frame(PONG))
            if self.script:
                self.script(self, kind & 0xffff, m[16:], c)
        c.close()
        self.closed.set()

    def bytes(self, kind):
        return b"".join(b for k, b, _ in self.frames if k == kind)

    def status(self):
        got = [struct.unpack("=i", b)[0] for k, b, _ in self.frames if k == EXIT]
        return got[0] if len(got) == 1 else got

    def question(self, i=0):
        q = self.asks[i]
        assert len(q) == ASK, len(q)
        u = struct.unpack("=IIII32s64s64s32s", q[:208])
        size = struct.unpack("=I", q[8432:8436])[0]
        session, pid, columns, rows = struct.unpack("=IiHH", q[12532:12544])
        return {"phase": u[2], "kind": u[3], "account": u[5].rstrip(b"\0"), "rhost": u[6].rstrip(b"\0"), "tty": u[7].rstrip(b"\0"), "command": q[8436:8436 + size],
                "pid": pid, "columns": columns, "rows": rows}


class Lab:
    def __init__(self, shell):
        self.shell = shell
        self.tmp = tempfile.TemporaryDirectory(prefix="postern-shell-")
        self.n = 0

    def service(self, **how):
        self.n += 1
        self.path = f"{self.tmp.name}/s{self.n}"
        return Service(self.path, **how)

    def env(self, **more):
        e = {"POSTERN_TEST_SOCKET": self.path, "TERM": "xterm", "LANG": "C.UTF-8", "HOME": "/root"}
        e.update(more)
        return e

    def run(self, *args, stdin=b"", env=None, timeout=60):
        return subprocess.run([self.shell, *args], input=stdin, capture_output=True, env=env or self.env(), timeout=timeout, check=False)


def alive(pattern):
    return subprocess.run(["pgrep", "-f", pattern], capture_output=True, check=False).stdout.split()


# ---- without a terminal -------------------------------------------------------------------------------------------------
def test_command(lab):
    s = lab.service()
    r = lab.run("-c", "cat; echo oops >&2; exit 7", stdin=b"in\0\xff\n" * 1000)
    s.closed.wait(5)
    expect(r.returncode == 7 and r.stdout == b"in\0\xff\n" * 1000 and r.stderr == b"oops\n", f"command: {r.returncode} {r.stdout[:30]} {r.stderr}")
    expect(s.bytes(OUTPUT) == r.stdout and s.bytes(ERROR) == r.stderr and s.bytes(INPUT) == r.stdout and s.status() == 7, "what was recorded is not what was")
    q = s.question()
    expect(q["phase"] == 5 and q["kind"] == 2 and q["command"] == b"cat; echo oops >&2; exit 7", f"question: {q}")
    times = [t for _, _, t in s.frames]
    expect(times == sorted(times), "times run back")


def test_hostile_commands(lab):
    for c in ["echo 'a\nb'", "printf '%s' \"$(echo $((1+1)))\"", "echo `id -un` \"x'y\"", "echo a;echo b|cat&&true", "echo 'é\u202e'", "# only\n", "",
              "/usr/lib/openssh/sftp-server; echo no", "scp -t /tmp/x; echo bash", "echo " + "x" * 4000]:
        s = lab.service()
        want = subprocess.run(["bash", "-c", c], capture_output=True, check=False)
        r = lab.run("-c", c)
        s.closed.wait(5)
        expect((r.returncode, r.stdout) == (want.returncode, want.stdout), f"{c[:40]!r}: {r.returncode} {r.stdout[:60]} {r.stderr[:200]}")
        expect(s.question()["command"] == c.encode() and s.question()["kind"] == 2, f"{c[:40]!r}: asked for something else")
        expect(s.bytes(OUTPUT) == want.stdout, f"{c[:40]!r}: recorded something else")
    s = lab.service()
    r = lab.run("-c", "echo " + "x" * 4100)
    expect(r.returncode == REFUSED and b"too long" in r.stderr and not s.asks, f"a long command: {r}")
    r = lab.run("-i")
    expect(r.returncode == REFUSED and not s.asks, "-i is taken")
    r = lab.run("-c", "id", "more")
    expect(r.returncode == REFUSED and not s.asks, "-c with more is taken")


def test_original_command(lab):
    for self_name in ("postern-shell", "/usr/libexec/postern-shell"):
        s = lab.service()
        r = lab.run("-c", self_name, env=lab.env(SSH_ORIGINAL_COMMAND="echo \"$(echo hi)\"'\n'x"))
        expect(r.stdout == b"hi\nx\n" and s.question()["command"] == b"echo \"$(echo hi)\"'\n'x", f"SSH_ORIGINAL_COMMAND: {r}")
    s = lab.service()
    r = lab.run("-c", "echo forced", env=lab.env(SSH_ORIGINAL_COMMAND="echo other"))
    expect(r.stdout == b"forced\n" and s.question()["command"] == b"echo forced", "another forced command is not obeyed")
    s = lab.service()
    r = lab.run("-c", "postern-shell", stdin=b"echo shell $0; exit 3\n")
    expect(s.question()["kind"] == 1 and r.returncode == 3, f"no original command: {r}")


def test_environment(lab):
    evil = f"{lab.tmp.name}/evil.sh"
    Path(evil).write_text("echo EVIL\n")
    s = lab.service()
    hostile = {"LD_PRELOAD": "/nonexistent.so", "LD_LIBRARY_PATH": "/tmp", "BASH_ENV": evil, "ENV": evil, "PS4": "$(echo EVIL >&2)", "IFS": "/", "SHELLOPTS": "xtrace", "PATH": "/tmp",
               "PROMPT_COMMAND": "echo EVIL", "BASH_FUNC_echo%%": "() { printf EVIL; }", "LC_ALL": "../../tmp/x", "LC_TIME": "C.UTF-8", "TERMINFO": "/tmp", "PYTHONPATH": "/tmp",
               "GCONV_PATH": "/tmp", "SSH_ORIGINAL_COMMAND": "x", "SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22", "SSH_TTY": "/dev/pts/9", "SSH_AUTH_SOCK": "/tmp/a",
               "HOME": "/tmp", "USER": "root2", "SHELL": "/tmp/sh", "TERM": "../../x", "CDPATH": "/tmp", "GLOBIGNORE": "*", "LANG": "C.UTF-8"}
    r = lab.run("-c", "env", env=lab.env(**hostile))
    got = dict(line.split("=", 1) for line in r.stdout.decode().splitlines())
    expect(b"EVIL" not in r.stdout + r.stderr, f"something of the environment ran: {r}")
    expect(set(got) <= {"LANG", "LC_TIME", "HOME", "USER", "LOGNAME", "SHELL", "PATH", "SSH_CONNECTION", "SSH_TTY", "PWD", "SHLVL", "_"}, f"kept: {sorted(got)}")
    expect(got.get("PATH") == "/usr/local/bin:/usr/bin:/bin" and got.get("HOME") != "/tmp" and got.get("USER") != "root2", f"made: {got}")
    expect(s.question()["rhost"] == b"192.0.2.7", "the source is not asked with")


def test_denied(lab):
    s = lab.service(allow=False, text="no grant for this account on this host; ask the security desk")
    r = lab.run("-c", "echo no")
    expect(r.returncode == REFUSED and r.stdout == b"" and b"ask the security desk" in r.stderr and b"R-0042" in r.stderr, f"denied: {r}")
    s.socket.close()
    os.unlink(lab.path)
    r = lab.run("-c", "echo no")
    expect(r.returncode == REFUSED and r.stdout == b"" and r.stderr, f"no service: {r}")
    path = lab.path + "x"
    hung = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    hung.bind(path)
    hung.listen(1)
    r = lab.run("-c", "echo no", env=lab.env(POSTERN_TEST_SOCKET=path))
    expect(r.returncode == REFUSED and r.stdout == b"", f"a service that hangs: {r}")


def test_descriptors(lab):
    lab.service()
    r = lab.run("-c", "ls -l /proc/self/fd; ls -l /proc/$PPID/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status")
    names = [line.split()[-1] for line in r.stdout.decode().splitlines() if "->" in line]
    mine = r.stdout.split(b"SigBlk")[0]
    expect(b"socket" not in mine.split(b"total")[1], f"the program inherits a socket: {names}")
    expect(b"SigBlk:\t0000000000000000" in r.stdout and b"SigIgn:\t0000000000000000" in r.stdout, f"signals: {r.stdout[-120:]}")
    if os.getuid():
        return
    # as somebody who is not root: files of a process that may be looked into are its user's
    s = lab.service()
    os.chmod(lab.tmp.name, 0o755)
    os.chmod(lab.path, 0o666)
    copy = f"{lab.tmp.name}/shell"
    shutil.copy(lab.shell, copy)
    r = subprocess.run([copy, "-c", "stat -c %u /proc/$PPID/mem /proc/self/mem; ls /proc/$PPID/fd; kill -0 $PPID && echo can kill; ulimit -c"], capture_output=True, env=lab.env(),
                       user=65534, group=65534, extra_groups=[], check=False)
    expect(r.stdout.split() == [b"0", b"65534", b"can", b"kill", b"0"], f"the recorder can be looked into: {r}")
    s.closed.wait(5)


def test_setgid(lab):
    """As it is installed: the service sees the group, the session's program has it no more, and what the account's files preload is not loaded."""
    if os.getuid():
        print("not root: not tested")
        return
    group = 54321
    os.chmod(lab.tmp.name, 0o755)
    copy, spy = f"{lab.tmp.name}/setgid-shell", f"{lab.tmp.name}/spy.so"
    shutil.copy(lab.shell, copy)
    os.chown(copy, 0, group)
    os.chmod(copy, 0o2755)
    source = '__attribute__((constructor)) static void f(void) { extern long write(int, const void *, unsigned long); write(2, "SPY\\n", 4); }'
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", spy], input=source.encode(), check=True, capture_output=True)
    s = lab.service()
    os.chmod(lab.path, 0o666)
    r = subprocess.run([copy, "-c", "grep Gid /proc/self/status; cat /proc/$PPID/environ /proc/$PPID/maps; sleep 0.1"], capture_output=True,
                       env=lab.env(LD_PRELOAD=spy), user=65534, group=65534, extra_groups=[], check=False)
    s.closed.wait(5)
    expect(s.gid == group, f"the service sees group {s.gid}")
    expect(r.stdout.split() == [b"Gid:"] + [b"65534"] * 4, f"groups of the program, or the recorder can be read: {r}")
    expect(b"SPY" not in r.stderr and r.stderr.count(b"ermission denied") >= 1, f"preloaded, or the recorder can be read: {r}")
    plain = subprocess.run([lab.shell, "-c", "true"], capture_output=True, env=lab.env(LD_PRELOAD=spy), check=False)
    expect(b"SPY" in plain.stderr or b"runtime" in plain.stderr, "the test's library does not work: it proves nothing")


def test_sftp(lab):
    server = "/usr/lib/openssh/sftp-server"
    if not os.path.exists(server):
        print("no sftp-server here: not tested")
        return
    s = lab.service()
    path = f"{lab.tmp.name}/up \\ \u00fc.bin"
    body = os.urandom(70000)

    def text(x):
        return struct.pack(">I", len(x)) + x

    def packet(kind, rest):
        return struct.pack(">IB", len(rest) + 1, kind) + rest

    p = subprocess.Popen([lab.shell, "-c", server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=lab.env())

    def reply():
        n = struct.unpack(">I", p.stdout.read(4))[0]
        return p.stdout.read(n)

    p.stdin.write(packet(1, struct.pack(">I", 3)))
    p.stdin.flush()
    reply()
    p.stdin.write(packet(3, struct.pack(">I", 1) + text(path.encode()) + struct.pack(">II", 0x1a, 0)))
    p.stdin.flush()
    r = reply()
    handle = r[9:]
    for at in range(0, len(body), 30000):
        p.stdin.write(packet(6, struct.pack(">I", 2) + text(handle) + struct.pack(">Q", at) + text(body[at:at + 30000])))
        p.stdin.flush()
        reply()
    p.stdin.write(packet(4, struct.pack(">I", 3) + text(handle)))
    p.stdin.flush()
    reply()
    p.stdin.close()
    expect(p.wait(20) == 0, "sftp-server's status")
    s.closed.wait(5)
    said = [b.decode() for k, b, _ in s.frames if k == FILE]
    expect(s.question()["kind"] == 3, "sftp is not asked as sftp")
    expect(any(x.startswith("open ") for x in said) and any(f"written {len(body)}" in x for x in said), f"files: {said}")
    expect(any(hashlib.sha256(body).hexdigest() in x and f"bytes {len(body)}" in x for x in said), f"hash: {said}")


# ---- with a terminal ------------------------------------------------------------------------------------------------------
class Terminal:
    def __init__(self, lab, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(lab.shell, ["-postern-shell", *args], lab.env())
        self.seen = b""

    def until(self, what, seconds=20):
        end = time.monotonic() + seconds
        while what not in self.seen and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    more = os.read(self.fd, 65536)
                except OSError:
                    break
                if not more:
                    break
                self.seen += more
        return what in self.seen

    def type(self, text):
        os.write(self.fd, text)

    def wait(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.until(b"\0never", 0.5)  # what it said last may still be on its way
                return os.waitstatus_to_exitcode(status)
            self.until(b"\0never", 0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


def test_terminal(lab):
    s = lab.service()
    t = Terminal(lab)
    t.type(b"stty -echo; echo rea''dy; read -r secret; stty echo; echo got ${#secret}\n")
    expect(t.until(b"ready"), f"no shell: {t.seen}")
    t.type(b"hunter2-secret\n")
    expect(t.until(b"got 14"), f"no answer: {t.seen}")
    termios.tcsetwinsize(t.fd, (50, 132))
    time.sleep(0.3)
    t.type(b"stty size; tty; exit 5\n")
    expect(t.until(b"50 132"), f"window size: {t.seen}")
    expect(t.wait() == 5, "status of a shell")
    s.closed.wait(5)
    out = s.bytes(OUTPUT)
    expect(b"hunter2" not in b"".join(b for _, b, _ in s.frames), "what was typed without echo is recorded")
    expect(b"got 14" in out and not s.bytes(INPUT) and s.status() == 5, "recorded output")
    expect(struct.pack("=HH", 132, 50) in [b for k, b, _ in s.frames if k == RESIZE], "resize")
    counts = [struct.unpack("=Q", b)[0] for k, b, _ in s.frames if k == COUNT]
    expect(counts and counts[-1] > 100 and counts == sorted(counts), f"counts {counts}")
    q = s.question()
    expect(q["kind"] == 1 and q["tty"].startswith(b"pts/") and q["columns"] == 80 and q["rows"] == 24, f"question {q}: 0x0 is to be 80x24")


def test_detached(lab):
    """What holds the terminal open behind the shell's end is not waited for; what is said by the service is shown."""
    s = lab.service(script=lambda self, kind, body, c: c.send(frame(SAY, b"five \033[31mminutes")) if b"mark-it" in body else None)
    t = Terminal(lab)
    t.type(b"echo mark''-it\n")
    expect(t.until(b"five ?[31mminutes"), f"the service's words: {t.seen}")
    t.type(b"sleep 300.25 & exit 0\n")
    expect(t.wait() == 0, "a process in the background keeps the session")
    expect(not alive("sleep 300.25"), "what was put into the background goes on behind the recording's end")
    s.closed.wait(5)


def test_end(lab):
    s = lab.service(script=lambda self, kind, body, c: c.send(frame(END, b"the grant was revoked")) if b"mark-it" in body else None)
    t = Terminal(lab)
    t.type(b"(setsid sleep 301.25 &) ; (nohup setsid bash -c 'trap \"\" HUP TERM; sleep 302.25; sleep 303.25' >/dev/null 2>&1 &); sleep 0.3; echo mark''-it; sleep 304.25\n")
    expect(t.wait() == REFUSED, "a session that the service ends")
    expect(b"the grant was revoked" in t.seen, f"why it ended: {t.seen}")
    expect(not alive("sleep 30[1-4].25"), "processes go on")
    s.closed.wait(5)
    expect(s.status() == [], "an exit is told, though it was cut")


def test_service_killed(lab):
    """kill -9 of the service: a process of its own."""
    for how in (signal.SIGKILL, signal.SIGSTOP):
        lab.n += 1
        lab.path = f"{lab.tmp.name}/s{lab.n}"
        pid = os.fork()
        if pid == 0:
            Service(lab.path)
            time.sleep(300)
            os._exit(0)
        while not os.path.exists(lab.path):
            time.sleep(0.01)
        t = Terminal(lab)
        t.type(b"(setsid nohup sleep 305.25 >/dev/null 2>&1 &); echo rea''dy; while :; do echo x; sleep 0.2; done\n")
        expect(t.until(b"ready"), f"no shell: {t.seen}")
        os.kill(pid, how)
        expect(t.wait(40) == REFUSED, f"the session goes on without its service ({how.name})")
        expect(b"cannot be recorded" in t.seen, f"why: {t.seen[-100:]}")
        expect(not alive("sleep 305.25"), f"processes go on ({how.name})")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_recorder_killed(lab):
    s = lab.service()
    t = Terminal(lab)
    t.type(b"echo rea''dy; sleep 306.25\n")
    t.until(b"ready")
    os.kill(t.pid, signal.SIGKILL)
    t.wait()
    expect(s.closed.wait(5) and s.status() == [], "the service is not told by the end of the connection")
    end = time.monotonic() + 5
    while alive("bash.*306") and time.monotonic() < end:
        time.sleep(0.05)
    expect(not [p for p in alive("sleep 306.25") if Path(f"/proc/{p.decode()}/cmdline").exists() and b"bash" in Path(f"/proc/{p.decode()}/cmdline").read_bytes()], "the shell goes on")
    for pid in alive("sleep 306.25"):
        os.kill(int(pid), signal.SIGKILL)


def test_hang_up(lab):
    s = lab.service()
    t = Terminal(lab)
    t.type(b"echo rea''dy; sleep 307.25\n")
    t.until(b"ready")
    os.close(t.fd)
    end = time.monotonic() + 15
    pid = 0
    while not pid and time.monotonic() < end:
        pid, _ = os.waitpid(t.pid, os.WNOHANG)
        time.sleep(0.05)
    expect(pid == t.pid and not alive("sleep 307.25"), "the person went away and the session goes on")
    s.closed.wait(5)


def test_throughput(lab):
    s = lab.service()
    total = 256 << 20
    before = os.times()
    start = time.monotonic()
    p = subprocess.Popen([lab.shell, "-c", f"head -c {total} /dev/zero"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=lab.env())
    got = 0
    while True:
        piece = p.stdout.read(1 << 20)
        if not piece:
            break
        got += len(piece)
    p.wait()
    s.closed.wait(20)
    _, _, usage = 0, 0, os.times()
    cpu = usage.children_user + usage.children_system - before.children_user - before.children_system
    expect(got == total and sum(len(b) for k, b, _ in s.frames if k == OUTPUT) == total, f"huge output: {got} of {total}")
    print(f"throughput: {total / 1e6 / max(cpu, 0.001):.0f} MB/s of CPU time (recorder and head), {total / 1e6 / (time.monotonic() - start):.0f} MB/s by the clock")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    shell = Path(sys.argv[1]).resolve().parent.parent / "shell" / "postern-shell-test"
    if not shell.exists():
        sys.exit(f"{shell} is not built")
    lab = Lab(str(shell))
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            before = len(failures)
            test(lab)
            print(f"{name}: {'ok' if len(failures) == before else 'FAILED'}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
