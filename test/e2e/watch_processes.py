#!/usr/bin/env python3
"""watch_processes.py POSTERN - who the processes of postern watch are, and what they can no longer do.

From /proc: users, groups, capabilities, no-new-privileges, seccomp, open files and sockets of each process. Then, where ptrace(2) allows it
(x86-64), each child is made to call what its profile forbids, and the kernel's answer must be EPERM, beside a process of the same user without a
filter, which gets other answers. Prints the layout.
"""
import os
import pwd
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "watch"))
import compare  # noqa: E402
import daemon  # noqa: E402
import hook  # noqa: E402
import logs  # noqa: E402
import probe  # noqa: E402

CAPABILITIES = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN "
                "NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME "
                "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON "
                "BPF CHECKPOINT_RESTORE").split()
NEVER = {"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "NET_RAW", "BPF", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "SYS_CHROOT",
         "PERFMON", "CHECKPOINT_RESTORE", "SETFCAP"}
CHILDREN = {"engine", "receiver", "notifier"}
# what each may call of what the others may not
ALLOWED = {"notifier": {"socket(AF_INET)", "socket(AF_UNIX)", "socket(AF_NETLINK)", "connect", "bind"}, "receiver": {"socket(AF_UNIX)", "connect"}, "engine": set()}
WRITE = os.O_WRONLY | os.O_RDWR
errors = []


def expect(ok, text):
    if not ok:
        errors.append(text)


def capabilities(hexadecimal):
    v = int(hexadecimal, 16)
    return {name for i, name in enumerate(CAPABILITIES) if v >> i & 1}


def files(pid):
    """[(what, flags)] of the open files"""
    out = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            info = Path(f"/proc/{pid}/fdinfo/{fd}").read_text(encoding="ascii")
        except OSError:
            continue
        out.append((target, int(re.search(r"^flags:\s+(\d+)", info, re.M)[1], 8)))
    return out


def inet_sockets(pid):
    """{inode: "tcp 127.0.0.1:port listening"} of the machine, as far as the process has them open"""
    own = {m[1] for t, _ in files(pid) if (m := re.match(r"socket:\[(\d+)\]", t))}
    out = {}
    for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "netlink", "packet"):
        try:
            rows = Path(f"/proc/{pid}/net/{kind}").read_text(encoding="ascii").split("\n")[1:]
        except OSError:
            continue
        for row in filter(None, rows):
            v = row.split()
            inode = v[8] if kind == "packet" else v[9]
            if inode in own:
                out[inode] = f"{kind} port {int(v[1].split(':')[1], 16)}{' listening' if v[3] == '0A' else ''}" if ":" in v[1] else kind
    return out


def check_child(role, pid, d):
    st = daemon.status(pid)
    if os.getuid() == 0:
        user = pwd.getpwnam(daemon.USER)
        expect(st["Uid"].split() == [str(user.pw_uid)] * 4, f"{role}: uids {st['Uid']}, not those of {daemon.USER}")
        expect(st["Gid"].split() == [str(user.pw_gid)] * 4, f"{role}: gids {st['Gid']}, not those of {daemon.USER}")
        expect("0" not in st["Groups"].split(), f"{role}: still in root's group: {st['Groups']}")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        expect(int(st[name], 16) == 0 or name == "CapBnd" and os.getuid(), f"{role}: {name} is {st[name]}: {', '.join(sorted(capabilities(st[name])))}")
    expect(st["NoNewPrivs"] == "1", f"{role}: NoNewPrivs is {st['NoNewPrivs']}")
    expect(st["Seccomp"] == "2", f"{role}: Seccomp is {st['Seccomp']}, not 2 (filter)")
    writable = [t for t, flags in files(pid) if flags & WRITE and t.startswith("/") and not t.startswith((str(d.state), "/dev/null", str(d.said)))]
    expect(not writable, f"{role}: has files open for writing outside the state: {writable}")
    return st


def check_parent(pid):
    st = daemon.status(pid)
    have = capabilities(st["CapPrm"])
    expect(not have & NEVER, f"parent: has {', '.join(sorted(have & NEVER))}")
    expect(not capabilities(st["CapBnd"]) & NEVER or os.getuid(), f"parent: may get {', '.join(sorted(capabilities(st['CapBnd']) & NEVER))} (bounding set)")
    return st


def check_sockets(roles, ports, metrics):
    sockets = {role: sorted(inet_sockets(pid).values()) for role, pid in roles.items()}
    expect(not sockets["engine"], f"engine: has sockets of the network: {sockets['engine']}")
    for kind, port in ports.items():
        expect(any(f"{kind} port {port}" in x for x in sockets["receiver"]), f"receiver: does not have {kind} port {port}: {sockets['receiver']}")
    listening = [x for x in sockets["notifier"] if "listening" in x]   # the figures, on a socket that the parent made
    expect(listening == [f"tcp port {metrics} listening"], f"notifier: listens: {listening}")
    for role in ("receiver", "notifier"):
        expect(not [t for t, _ in files(roles[role]) if t.startswith("/") and "/logs/" in t], f"{role}: has logs open")
    expect(not [t for t, _ in files(roles["receiver"]) if "postern.db" in t], "receiver: has the state open")
    db = [t for t, _ in files(roles["engine"]) if t.endswith("postern.db")]
    expect(db, "engine: does not have the state open: this test looks at the wrong process")
    return sockets


def control():
    """What a process of the same user without a filter is answered."""
    user = {"user": daemon.USER} if os.getuid() == 0 else {}
    p = subprocess.Popen(["sleep", "600"], **user)
    try:
        time.sleep(0.3)
        return probe.answers(p.pid, sorted(probe.CALLS, key=lambda x: "unshare" in x)), probe.opening(p.pid, "/etc/passwd", os.O_RDONLY)
    finally:
        p.kill()
        p.wait()


def check_calls(roles, d):
    free, opened = control()
    telling = [name for name, answer in free.items() if answer != "EPERM"]
    expect(len(telling) >= 12 and opened == "done", f"the process without a filter is refused too much, nothing can be shown: {free}, {opened}")
    for role in sorted(CHILDREN):
        names = [n for n in telling if n not in ALLOWED[role] and n not in probe.ENDING]
        got = probe.answers(roles[role], names)
        wrong = {n: a for n, a in got.items() if a != "EPERM"}
        expect(not wrong, f"{role}: not refused: {wrong}")
        print(f"processes: {role}: {len(names)} calls that a process of the same user may make are refused: {', '.join(names)}")
        for path, flags, what in (("/etc/shadow", os.O_RDONLY, "reading"), ("/tmp/postern-made-by-probe", os.O_WRONLY | os.O_CREAT, "making"),
                                  (str(d.path), os.O_WRONLY, "writing")):
            answer = probe.opening(roles[role], path, flags)
            expect(answer in ("EACCES", "EPERM", "EROFS"), f"{role}: {what} {path}: {answer}")
        if probe.landlock() and role == "engine":
            answer = probe.opening(roles[role], str(d.path), os.O_RDONLY)
            print(f"processes: engine: reading {d.path.name}, which everybody may read: {answer}")
    if os.path.exists("/tmp/postern-made-by-probe"):
        os.unlink("/tmp/postern-made-by-probe")


def check_ending(roles, d, free):
    """Calls that only an intruder makes end the process, which is started again. Two of each: the unit test of sys tries them all."""
    for role, names in (("engine", ("execve", "ptrace")), ("notifier", ("execve", "io_uring_setup")), ("receiver", ("execve", "bpf"))):
        for name in names:
            if free[name] == "EPERM":
                continue
            pid = roles[role]
            got = probe.answers(pid, [name])[name]
            expect(got in ("SIGSYS", "EPERM"), f"{role}: {name} is not refused: {got}")
            print(f"processes: {role}: {name}: {got}")
            if got == "SIGSYS":
                roles[role] = daemon.wait_for(f"another {role}", lambda role=role, pid=pid: (p := d.roles().get(role)) and p != pid and p)
                time.sleep(0.5)   # it has to wait in a call before it can be asked again


def show(role, pid, st, sockets):
    caps = capabilities(st["CapEff"])
    print(f"processes: {role:<9} pid {pid}, uid {st['Uid'].split()[1]}, seccomp {st['Seccomp']}, no-new-privs {st['NoNewPrivs']}, capabilities "
          f"{', '.join(sorted(caps)).lower() if caps else 'none'}; {len(files(pid))} files, sockets: {', '.join(sockets) or 'none of the network'}")


def work(d, first):
    """Something to read, so that everybody has what they have when they work."""
    p = d.logs / "web1" / "var" / "log" / "auth.log"
    p.parent.mkdir(parents=True, exist_ok=True)
    with open(p, "ab") as f:
        f.write(b"".join(logs.marker(time.time() - 60 + i, "web1", "proc", i) for i in range(first, first + 20)))
    daemon.wait_for("lines to be judged", lambda: compare.markers_seen(d, "proc")[1] == first + 20)


def main():
    hooked, ports = hook.Hook(), {"tcp": daemon.free_port(), "udp": daemon.free_port(daemon.socket.SOCK_DGRAM)}
    try:
        with daemon.Daemon(sys.argv[1]) as d:
            d.config["rules"] = compare.write_rules(d.folder)
            d.config["sources"]["syslog"] = [{k: f"127.0.0.1:{v}"} for k, v in ports.items()]
            d.config["notify"] = {"channels": [hooked.channel(d.folder, d.user)]}
            d.start()
            work(d, 0)
            roles = daemon.wait_for("all processes to be there", lambda: len(r := d.roles()) >= 4 and r)
            expect(CHILDREN | {"parent"} <= set(roles), f"processes are {sorted(roles)}")
            expect(len(d.members()) == len(roles), f"there are others: {d.members()}")
            st = {role: check_parent(pid) if role == "parent" else check_child(role, pid, d) for role, pid in roles.items()}
            sockets = check_sockets(roles, ports, d.metrics_port)
            for role, pid in roles.items():
                show(role, pid, st[role], sockets[role])
            if probe.usable():
                check_calls(roles, d)
                check_ending(roles, d, control()[0])
            else:
                print("processes: calls are not tried on this machine")
            work(d, 20)  # whoever was made to call things goes on as before
            expect(set(d.roles().items()) == set(roles.items()), "a process was started again meanwhile")
            d.stop()
    except daemon.Failure as e:
        errors.append(str(e))
    hooked.close()
    for e in errors:
        print("processes:", e)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
