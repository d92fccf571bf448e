#!/usr/bin/env python3
"""gate_pam.py POSTERN - pam_postern.so under the system's libpam, by pamtester, in namespaces of its own: who is covered, return codes, and Postern broken in
every way: administrators notice nothing, providers are denied. Needs root and namespaces; exit 77 otherwise."""
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time

POSTERN = os.path.abspath(sys.argv[1])
MODULE = os.path.join(os.path.dirname(os.path.dirname(POSTERN)), "pam", "pam_postern.so")
BASE, STATE, SOCKET, SERVICE = "/mnt", "/var/lib/postern", "/run/postern/gate.sock", "postern-test"
ADMIN, PROVIDER, RECORDED = "chef", "lotse", "kapitaen"
PHASES = ("authenticate", "acct_mgmt", "open_session")
failures, done = [], []


def sh(*argv, **kw):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, errors="replace", check=False, timeout=60, **kw)


def must(*argv, **kw):
    p = sh(*argv, **kw)
    if p.returncode:
        sys.exit(f"{argv}: {p.returncode}: {p.stdout}{p.stderr}")
    return p.stdout


def expect(ok, what):
    if not ok:
        failures.append(what)
        print(f"FAILED: {what}")


def enter():
    if os.environ.get("GATE_PAM_INSIDE"):
        return
    programs = ("/usr/bin/unshare", "/usr/bin/pamtester", "/usr/bin/oathtool")
    if os.getuid() or not all(map(os.path.exists, (*programs, MODULE))):
        print("needs root, unshare, pamtester, oathtool and the module")
        sys.exit(77)
    probe = f"mount -t tmpfs x {BASE} && mkdir {BASE}/u {BASE}/w && mount -t overlay -o lowerdir=/etc,upperdir={BASE}/u,workdir={BASE}/w x /etc"
    if sh("unshare", "-m", "sh", "-c", probe).returncode:
        print("this kernel or container allows no namespaces or no overlays")
        sys.exit(77)
    sys.exit(subprocess.run(["unshare", "-m", "-p", "-f", "--mount-proc", "--kill-child", sys.executable, *sys.argv], env={**os.environ, "GATE_PAM_INSIDE": "1"}, check=False).returncode)


def stack(options=""):
    with open(f"/etc/pam.d/{SERVICE}", "w", encoding="utf-8") as f:
        f.write(f"auth [success=done ignore=ignore default=die] {MODULE} {options}\nauth required pam_permit.so\naccount requisite {MODULE} {options}\naccount required pam_permit.so\n"
                f"session requisite {MODULE} {options}\nsession required pam_permit.so\n")


def world():
    must("mount", "--make-rprivate", "/")
    must("mount", "-t", "tmpfs", "x", BASE)
    for name in ("etc", "var", "home"):
        os.makedirs(f"{BASE}/{name}/u")
        os.makedirs(f"{BASE}/{name}/w")
        must("mount", "-t", "overlay", "-o", f"lowerdir=/{name},upperdir={BASE}/{name}/u,workdir={BASE}/{name}/w", "x", f"/{name}")
    must("mount", "-t", "tmpfs", "-o", "mode=755", "x", "/run")
    shutil.rmtree(STATE, ignore_errors=True)
    os.makedirs(STATE, 0o700)
    must("mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "x", STATE)
    for g in ("postern-provider", "postern-rec"):
        must("groupadd", "-f", "-r", g)
    for i, (name, shell) in enumerate(((ADMIN, "/bin/bash"), (PROVIDER, "/bin/bash"), (RECORDED, "/usr/libexec/postern-shell"))):
        must("useradd", "-M", "-u", 6201 + i, "-s", shell, "-K", "UID_MAX=70000", name)
    must("gpasswd", "-a", PROVIDER, "postern-provider")
    stack()


class Gate:
    proc = None

    def start(self):
        self.proc = subprocess.Popen([POSTERN, "gate", "serve"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(f"{BASE}/serve.err", "a"))
        for _ in range(500):
            if os.path.exists(SOCKET) or self.proc.poll() is not None:
                break
            time.sleep(0.01)
        return self.proc.poll() is None

    def stop(self, sig=signal.SIGTERM):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGCONT)
            self.proc.send_signal(sig)
            self.proc.wait(10)
        self.proc = None


class Somebody:
    """jansen with a key and a second factor."""

    def __init__(self):
        key = f"{BASE}/key"
        must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        self.info = "publickey " + " ".join(open(key + ".pub", encoding="utf-8").read().split()[:2])
        must(POSTERN, "provider", "add", "hafenlicht", "--name", "Hafenlicht")
        must(POSTERN, "person", "add", "jansen", "--provider", "hafenlicht", "--name", "Jansen", "--key", key + ".pub")
        self.seed = re.search(r"secret=([A-Z2-7]+)", must(POSTERN, "mfa", "enroll", "--plain", "jansen")).group(1)
        now = time.time()
        must(POSTERN, "mfa", "confirm", "jansen", input=f"{self.code(now - 30)}\n{self.code(now)}\n")

    def code(self, at=None):
        return must("oathtool", "--totp", "-b", "-N", f"@{int(at or time.time())}", self.seed).strip()

    def fresh(self):
        """Forgets what was used and what failed: a test does not wait for the next code."""
        db = sqlite3.connect(f"{STATE}/gate.db", timeout=10)
        with db:
            db.execute("UPDATE factor_seed SET used=0, failures=0")
            db.execute("DELETE FROM factor_throttle")
        db.close()


def pam(user, *phases, code="000000", info="", service=SERVICE, rhost="10.0.0.1"):
    argv = ["pamtester", "-I", f"rhost={rhost}", *(["-E", f"SSH_AUTH_INFO_0={info}"] if info else []), service, user, *phases]
    return sh(*argv, input=code + "\n")


def all_denied(user, what):
    for phase in PHASES:
        p = pam(user, phase)
        expect(p.returncode != 0 and "success" not in p.stdout.lower(), f"{what}: {user} passes {phase}: {p.stdout}{p.stderr}")


def all_passed(user, what):
    for phase in PHASES:
        p = pam(user, phase)
        expect(p.returncode == 0, f"{what}: {user} is denied in {phase}: {p.stdout}{p.stderr}")


def broken(what, providers=(PROVIDER, RECORDED), admin=ADMIN):
    for user in providers:
        all_denied(user, what)
    all_passed(admin, what)
    all_passed("root", what)
    done.append(what)


# ---- breakages ------------------------------------------------------------------------------------------------------------------
class False_service:
    """Listens in the service's place, and answers something else."""

    def __init__(self, reply, uid=0):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.path.exists(SOCKET):
            os.unlink(SOCKET)
        self.sock.bind(SOCKET)
        os.chmod(SOCKET, 0o666)
        self.pid = os.fork()
        if self.pid == 0:
            if uid:
                os.setgid(uid)
                os.setuid(uid)
            self.sock.listen(8)
            while True:
                c, _ = self.sock.accept()
                try:
                    c.recv(1 << 16)
                    if reply is not None:
                        c.send(reply)
                except OSError:
                    pass                                       # it was not believed and is gone
                c.close()
        self.sock.close()
        time.sleep(0.1)

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.unlink(SOCKET)


def whole_answer(allow=1, reason=0):
    """struct gate_answer, as a program that is not the service would say it."""
    head = struct.pack("=IIIIIxxxxq32s256sI8192s", 0x50535447, 1, allow, reason, 0, 0, b"R-1", b"", 0, b"")
    return head + b"\0" * (-len(head) % 8)


def breakages(gate):
    gate.stop()
    broken("the service does not run")
    gate.start()
    gate.proc.send_signal(signal.SIGSTOP)
    broken("the service hangs", providers=(PROVIDER,))
    gate.stop(signal.SIGKILL)
    broken("the service was killed")
    for what, reply, uid in (("it dies within the answer", None, 0), ("its answer is short", b"short", 0), ("its answer is long", whole_answer() + b"x", 0),
                             ("its answer allows for a reason that denies", whole_answer(1, 3), 0), ("somebody else answers in its place, and allows", whole_answer(), 1)):
        f = False_service(reply, uid)
        broken(what)
        f.stop()
    stack("socket=/nonexistent")
    broken("the module is set up wrongly")
    stack()
    db = f"{STATE}/gate.db"
    gate.start()
    os.rename(db, db + ".away")
    broken("the database is missing")
    with open(db, "wb") as f:
        f.write(b"rubbish" * 1000)
    os.chmod(db, 0o600)
    broken("the database is damaged")
    gate.stop()
    gate.start()
    broken("the database is damaged, and the service was started again")
    gate.stop()
    for end in ("", "-wal", "-shm"):
        if os.path.exists(db + end):
            os.unlink(db + end)
    os.rename(db + ".away", db)
    gate.start()
    lock = sqlite3.connect(db, timeout=10, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    broken("the database is locked", providers=(PROVIDER,))
    lock.execute("ROLLBACK")
    lock.execute("UPDATE gate_meta SET value=? WHERE name='seen'", (int((time.time() + 3600) * 1e9),))
    broken("the clock was set back by an hour")
    lock.execute("UPDATE gate_meta SET value=0 WHERE name='seen'")
    lock.close()
    fill = os.open(f"{STATE}/fill", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fill, b"x" * 4096)
    except OSError:
        os.close(fill)
    broken("the disk is full")
    os.unlink(f"{STATE}/fill")


def lookups():
    """Group and users: what cannot be looked up covers everybody but root; what is not there has no members, but the recorder is a shell of providers alone."""
    shutil.copy2("/etc/group", f"{BASE}/group")
    text = open("/etc/group", encoding="utf-8").read()
    with open("/etc/group", "w", encoding="utf-8") as f:
        f.write("".join(x for x in text.splitlines(True) if not x.startswith("postern-provider:")))
    broken("the group is gone", providers=(RECORDED,))
    os.rename("/etc/group", "/etc/group.away")
    os.mkdir("/etc/group")
    for phase in PHASES:
        expect(pam(PROVIDER, phase).returncode != 0, f"groups cannot be read: {PROVIDER} passes {phase}")
        expect(pam("root", phase).returncode == 0, f"groups cannot be read: root is denied {phase}")
    os.rmdir("/etc/group")
    os.rename("/etc/group.away", "/etc/group")
    shutil.copy2(f"{BASE}/group", "/etc/group")
    done.append("groups cannot be read")


def codes(who):
    who.fresh()
    p = pam(PROVIDER, "authenticate", code=who.code(), info=who.info)
    expect(p.returncode == 0, f"the right code is refused: {p.stdout}{p.stderr}")
    p = pam(PROVIDER, "authenticate", code=who.code(), info=who.info)
    expect(p.returncode != 0, "the same code again is taken")
    who.fresh()
    said = set()
    for code, info in (("000000", who.info), (who.code(), ""), (who.code(), "publickey ssh-ed25519 AAAA"), ("", who.info), ("x" * 1000, who.info), ("1" * 31, who.info)):
        p = pam(PROVIDER, "authenticate", code=code, info=info)
        expect(p.returncode != 0, f"passes with code {code[:10]!r} and {info[:20]!r}")
        said.add((p.stdout.strip(), p.stderr.strip()))
    expect(len(said) == 1, f"denials differ: {said}")
    expect(pam(PROVIDER, "acct_mgmt", info=who.info).returncode != 0, "the account phase passes without sshd, from PAM's environment alone")
    for name in ("%s%n%p", "a\nb", "x" * 10000, "-rf", "../etc", "root\n", "$(id)"):
        p = pam(name, "acct_mgmt")
        expect(p.returncode in (0, 1) and "signal" not in p.stderr, f"user name {name[:20]!r}: {p.returncode} {p.stderr[:200]}")


def main():
    enter()
    world()
    gate = Gate()
    expect(gate.start(), "the service does not start: " + open(f"{BASE}/serve.err", encoding="utf-8").read())
    who = Somebody()
    broken("nothing, but no grant")
    codes(who)
    breakages(gate)
    who.fresh()
    expect(pam(PROVIDER, "authenticate", code=who.code(), info=who.info).returncode == 0, "the right code is refused after all is well again")
    lookups()
    p = sh(POSTERN, "log", "verify", "--state", STATE)
    expect(p.returncode == 0, f"the audit log does not verify: {p.stdout}{p.stderr}")
    gate.stop()
    expect(len(done) >= 15, f"only {len(done)} breakages")
    print(f"{len(failures)} failures" if failures else f"broken in {len(done)} ways: administrators pass, providers are denied")
    sys.exit(1 if failures else 0)


main()
