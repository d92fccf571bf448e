"""Postern broken in one way at a time: the administrator gets in and may become root, a provider with every right does not. And forged questions at its socket."""
import os
import shutil
import signal
import socket
import sqlite3
import struct
import time

import lab as L
import world as W
from attacks import told

DB, KEY, AUDIT = f"{W.STATE}/gate.db", f"{W.STATE}/factor.key", f"{W.STATE}/audit.log"


# ---- what is broken: each returns how to mend it -----------------------------------------------------------------------------------
def moved(path, put=None, mode=0o600):
    """path away, or something else in its place."""
    os.rename(path, path + ".kept")
    if put is not None:
        with open(path, "wb") as f:
            f.write(put)
        os.chmod(path, mode)

    def mend():
        if os.path.lexists(path):
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        os.rename(path + ".kept", path)
    return mend


def database(gate, put):
    """Missing or garbage, found by a service that starts."""
    gate.end()
    mends = [moved(DB, put)] + [moved(DB + s) for s in ("-wal", "-shm") if os.path.exists(DB + s)]
    gate.serve()

    def mend():
        gate.end()
        for s in ("-wal", "-shm"):
            if os.path.exists(DB + s):
                os.unlink(DB + s)
        for m in mends:
            m()
    return mend


def under(gate, put):
    """Garbage over the open database."""
    for s in ("", "-wal"):
        if os.path.exists(DB + s):
            shutil.copy(DB + s, DB + s + ".copy")    # with its mode: what others can read is not believed
    size = os.path.getsize(DB)
    with open(DB, "r+b") as f:
        f.write(put * (size // len(put)))

    def mend():
        gate.end()
        for s in ("-shm", "-wal"):
            if os.path.exists(DB + s):
                os.unlink(DB + s)
        for s in ("", "-wal"):
            if os.path.exists(DB + s + ".copy"):
                os.replace(DB + s + ".copy", DB + s)
    return mend


def locked(gate):
    c = sqlite3.connect(DB, isolation_level=None, timeout=10)
    c.execute("BEGIN EXCLUSIVE")
    return c.close


def remounted(gate, full):
    """The state on a file system that takes nothing: read-only, or full."""
    gate.end()
    copy = f"{gate.lab.dir}/state.copy"
    shutil.copytree(W.STATE, copy)
    L.must("mount", "-t", "tmpfs", "-o", "mode=700,size=6m" if full else "mode=700", "state", W.STATE)
    L.sh("sh", "-c", f"cp -a {copy}/. {W.STATE}/")
    if full:
        gate.serve()
        with open(f"{W.STATE}/ballast", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"\0" * 4096)
            except OSError:
                pass
    else:
        L.must("mount", "-o", "remount,ro", W.STATE)
        gate.serve()

    def mend():
        gate.end()
        L.must("umount", W.STATE)
        shutil.rmtree(copy)
    return mend


def stopped(gate):
    gate.proc.send_signal(signal.SIGSTOP)
    return lambda: gate.proc.send_signal(signal.SIGCONT)


def ended(gate, sig):
    gate.end(sig)
    return lambda: None


def restarted(gate, change):
    """change(), then the service starts with it."""
    gate.end()
    mend = change()
    gate.serve()

    def back():
        gate.end()
        mend()
    return back


def immutable_audit(gate):
    """No record of a change can be written: a folder stands in its place."""
    mend = moved(AUDIT)
    os.mkdir(AUDIT)
    return mend


def edited(path, old, new):
    text = L.read(path)
    if old not in text:
        raise LookupError(f"{path} has no {old}")
    L.write(path, text.replace(old, new))
    return lambda: L.write(path, text)


def no_group(gate):
    """sshd's Match finds nobody then, and the account's own authorized_keys would count."""
    uid = 6101 + L.PEOPLE.index("deploy")
    planted = L.write("/home/deploy/.ssh/authorized_keys", gate.lab.public("jansen") + "\n", 0o600, uid, uid)
    mends = [edited(f, "postern-provider:", "postern-nobody:") for f in ("/etc/group", "/etc/gshadow")]

    def back():
        os.unlink(planted)
        for m in mends:
            m()
    return back


def impostor(gate):
    """Somebody else's socket that says yes to everything with zeros, and never whole."""
    mend = moved(W.SOCKET)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.bind(W.SOCKET)
    os.chmod(W.SOCKET, 0o666)
    s.listen(64)

    def back():
        s.close()
        mend()
    return back


def breaks(gate):
    module = f"{L.MODULES}/pam_postern.so"
    return [
        ("service not running", lambda: ended(gate, signal.SIGTERM)), ("service killed", lambda: ended(gate, signal.SIGKILL)), ("service hangs (stopped)", lambda: stopped(gate)),
        ("socket missing", lambda: moved(W.SOCKET)), ("socket is an ordinary file", lambda: moved(W.SOCKET, b"x", 0o666)), ("socket of somebody who never answers", lambda: impostor(gate)),
        ("database locked by another process", lambda: locked(gate)), ("database missing", lambda: database(gate, None)), ("database is garbage", lambda: database(gate, b"garbage " * 4096)),
        ("database empty", lambda: database(gate, b"")), ("database overwritten while it is open", lambda: under(gate, b"\xa5" * 4096)),
        ("file system read-only", lambda: remounted(gate, False)), ("disk full", lambda: remounted(gate, True)),
        ("key of the seeds missing", lambda: restarted(gate, lambda: moved(KEY))), ("key of the seeds is another", lambda: restarted(gate, lambda: moved(KEY, os.urandom(32)))),
        ("key of the seeds cut short", lambda: restarted(gate, lambda: moved(KEY, b"short"))), ("audit log cannot be written", lambda: restarted(gate, lambda: immutable_audit(gate))),
        ("recordings cannot be written", lambda: restarted(gate, lambda: moved(f"{W.STATE}/recordings", b"x"))),
        ("PAM module missing", lambda: moved(module)), ("PAM module is garbage", lambda: moved(module, b"\x7fELF garbage", 0o644)),
        ("PAM configuration with options it does not know", lambda: edited("/etc/pam.d/sshd", "pam_postern.so", "pam_postern.so nonsense=%s socket= timeout=forever")),
        ("key command missing", lambda: moved("/usr/libexec/postern-sshd-keys")), ("recorder missing", lambda: moved(L.SHELL)),
        ("recorder not executable", lambda: moved(L.SHELL, b"#!/bin/sh\nexec /bin/bash\n", 0o644)), ("group of the covered accounts missing, keys planted", lambda: no_group(gate)), ("user of the key command missing", lambda: edited("/etc/passwd", W.KEYS_USER, "nobody-else")),
    ]


def admin_in(lab):
    p = lab.ssh(L.ADMIN, "chef", "sudo -n id -u", timeout=30)
    return p.returncode == 0 and p.stdout.strip() == "0", told(p)


def breakages(a):
    gate = a.gate
    for name, make in breaks(gate):
        if gate.proc is None or gate.proc.poll() is not None:
            gate.restart()
        gate.fresh("jansen")
        code = gate.code("jansen")
        mend = make()
        a.control(f"broken: {name}: the administrator gets in", *admin_in(a.lab))
        a.attack(f"broken: {name}: the provider", *a.login(key="jansen", code=code))
        mend()
        if gate.proc is None or gate.proc.poll() is not None or name.startswith(("socket", "database")):
            gate.restart()
    gate.fresh("jansen")
    a.control("all mended: the provider with every right gets in", *a.login(key="jansen"))


# ---- the socket ------------------------------------------------------------------------------------------------------------------------
MAGIC, VERSION = 0x50535447, 1
KEYS, AUTH, ACCOUNT, SESSION, EXEC, CLOSE = range(1, 7)
ASK = "<4I32s64s64s32s32s8192sI4096sIiHH"


def ask(phase, *, kind=2, service="sshd", account="deploy", rhost=L.OFFICE, code="", auth="", command="", session=0xFFFFFFFF, pid=0, magic=MAGIC, version=VERSION, cut=0):
    raw = struct.pack(ASK, magic, version, phase, kind, service.encode(), account.encode(), rhost.encode(), b"ssh", code.encode(), auth.encode(),
                      len(command), command.encode(), session, pid, 80, 24)
    return raw[:len(raw) - cut] if cut else raw


def as_user(name, raw):
    """(connected and answered, allow) for a question asked by this user."""
    import pwd
    u = pwd.getpwnam(name)
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(u.pw_gid, u.pw_gid, u.pw_gid)
            os.setresuid(u.pw_uid, u.pw_uid, u.pw_uid)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.settimeout(4)
            s.connect(W.SOCKET)
            s.send(raw)
            os.write(w, s.recv(65536)[:32])
        except OSError:
            pass
        finally:
            os._exit(0)
    os.close(w)
    got = b""
    while True:
        part = os.read(r, 64)
        if not part:
            break
        got += part
    os.close(r)
    os.waitpid(pid, 0)
    if len(got) < 16:
        return False, False
    magic, _, allow, _ = struct.unpack("<4I", got[:16])
    return magic == MAGIC, bool(allow)


def forged_asks(a):
    """Whoever may connect says who and what they are: the service believes only the kernel."""
    auth = "publickey " + " ".join(a.lab.public("jansen").split()[:2])
    a.gate.fresh("jansen")
    code = a.gate.code("jansen")
    a.control("root's question about the keys of an account is answered and allowed", as_user("root", ask(KEYS, auth=auth)) == (True, True))
    ways = [("account phase", ask(ACCOUNT, auth=auth)), ("auth phase with the right code", ask(AUTH, auth=auth, code=code)), ("session phase", ask(SESSION, auth=auth, pid=os.getpid())),
            ("keys of an account", ask(KEYS, auth=auth)), ("a command, without any session", ask(EXEC, auth=auth, command="/usr/bin/uptime")),
            ("a command, as the process of somebody else", ask(EXEC, auth=auth, command="touch /x", pid=1)), ("a command of an audit session that is not one's own", ask(EXEC, auth=auth, session=1)),
            ("the end of somebody's session", ask(CLOSE, session=1, pid=1))]
    for who in ("deploy", "kollege"):
        for name, raw in ways:
            answered, allow = as_user(who, raw)
            a.attack(f"socket, as {who}: {name}", allow, "answered" if answered else "no answer")
    for name, raw in (("a command", ask(EXEC, auth=auth)), ("auth phase with the right code", ask(AUTH, auth=auth, code=code)), ("account phase", ask(ACCOUNT, auth=auth))):
        a.attack(f"socket, as the key command's user: {name}", as_user(W.KEYS_USER, raw)[1])
    for name, raw in (("another magic", ask(KEYS, auth=auth, magic=1)), ("another version", ask(KEYS, auth=auth, version=99)), ("cut short", ask(KEYS, auth=auth, cut=1)), ("one byte", b"x"),
                      ("no NUL anywhere", struct.pack("<4I", MAGIC, VERSION, KEYS, 1) + b"\xff" * (struct.calcsize(ASK) - 16)), ("a phase that is none", ask(99, auth=auth)),
                      ("too long by 60 KB", ask(KEYS, auth=auth) + b"\0" * 60000)):
        a.attack(f"socket, as root: {name}", as_user("root", raw)[1])
    a.control("after all of it the service answers", as_user("root", ask(KEYS, auth=auth)) == (True, True))
    quiet(a)


def quiet(a):
    """300 connections of an ordinary user that say nothing."""
    import pwd
    u = pwd.getpwnam("kollege")
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setresgid(u.pw_gid, u.pw_gid, u.pw_gid)
        os.setresuid(u.pw_uid, u.pw_uid, u.pw_uid)
        kept = []
        for _ in range(300):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.settimeout(0.05)
            try:
                s.connect(W.SOCKET)
            except OSError:
                pass
            kept.append(s)
        os.write(w, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(r, 1)
    a.control("300 connections that say nothing: the administrator gets in", *admin_in(a.lab))
    a.control("300 connections that say nothing: a provider with every right gets in", *a.login(key="jansen"))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(r)
    os.close(w)
