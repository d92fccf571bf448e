"""Ways further than a grant goes: commands outside the list, files that run before the recorder, forwardings, processes that stay."""
import os
import shutil
import signal
import subprocess
import time

import lab as L
from attacks import PATIENCE, appears, keeps_touching, lasting, still, told

UID = 6101 + L.PEOPLE.index("deploy")
HOME = "/home/deploy"


def jobs_of_commands(a):
    """`lister` may run `/usr/bin/uptime` and `/usr/bin/id *` only."""
    wraps = [
        ("command outside the list", "touch {}"), ("listed command; another", "/usr/bin/uptime; touch {}"), ("listed command && another", "/usr/bin/uptime && touch {}"),
        ("listed command || another", "/usr/bin/id nobody-such || touch {}"), ("listed command & another", "/usr/bin/uptime & touch {}"),
        ("listed command | another", "/usr/bin/uptime | tee {}"), ("listed command, newline, another", "/usr/bin/uptime\ntouch {}"),
        ("listed command, carriage return, another", "/usr/bin/uptime\r\ntouch {}"), ("$(...) in an argument", "/usr/bin/id $(touch {})"),
        ("backticks in an argument", "/usr/bin/id `touch {}`"), ("output to a file", "/usr/bin/uptime >{}"), ("output to a file, by an argument", "/usr/bin/id deploy >{}"),
        ("<(...) in an argument", "/usr/bin/id <(touch {})"), ("quotes that do not end", "/usr/bin/id 'x\ntouch {}"), ("a listed path that goes on", "/usr/bin/uptime/../touch {}"),
        ("listed command behind an assignment", "X=1 touch {} /usr/bin/uptime"), ("a listed name, its path chosen", "PATH=/tmp:$PATH uptime; touch {}"),
        ("listed command behind 4 KB of blanks", " " * 4000 + "touch {}"), ("listed command before 4 KB of blanks", "/usr/bin/uptime" + " " * 4090 + "; touch {}"),
        ("listed command with 8 KB of arguments", "/usr/bin/id " + "a" * 8000 + "; touch {}"), ("listed command with a NUL written as an escape", "/usr/bin/uptime$'\\0'; touch {}"),
        ("scp -t with a command behind it", "scp -t /tmp; touch {}"), ("a name of sftp-server with a command behind it", "/usr/lib/openssh/sftp-server; touch {}"),
        ("bash -c", "bash -c 'touch {}'"), ("exec of another", "exec touch {}"), ("env", "env touch {}"), ("a comment behind the list's command", "/usr/bin/uptime #\ntouch {}"),
    ]
    jobs = [(f"list: {name}", lambda _, wrap=wrap: a.login(key="lister", wrap=wrap)) for name, wrap in wraps]
    jobs += [
        ("list: a shell", lambda _: a.login(key="lister", shell=True)),
        ("list: a shell with a terminal", lambda _: a.login(key="lister", shell=True, tty=True)),
        ("list: ~/.bashrc, read by a shell that runs a listed command", lambda _: planted(a, ".bashrc")),
        ("list: ~/.bash_profile", lambda _: planted(a, ".bash_profile")),
        ("list: ~/.ssh/rc", lambda _: planted(a, ".ssh/rc")),
        ("list: ~/.ssh/environment with BASH_ENV", lambda _: planted(a, ".ssh/environment", "BASH_ENV=/home/deploy/env.sh\n")),
        ("list: BASH_ENV sent with SetEnv", lambda _: planted(a, "none", options=["-o", "SetEnv=BASH_ENV=/home/deploy/env.sh ENV=/home/deploy/env.sh LC_ALL=/home/deploy/env.sh"])),
        ("list: LD_PRELOAD in ~/.pam_environment", lambda _: preloaded(a, ".pam_environment", "LD_PRELOAD DEFAULT={}\n")),
        ("list: LD_PRELOAD in ~/.ssh/environment", lambda _: preloaded(a, ".ssh/environment", "LD_PRELOAD={}\n")),
        ("list: LD_PRELOAD sent with SetEnv", lambda _: preloaded(a, "none", "", ["-o", "SetEnv=LD_PRELOAD={}"])),
        ("list: sftp", lambda _: sftp(a, "lister")),
        ("shell only: sftp", lambda _: sftp(a, "jansen")),
        ("shell only: sftp-server as a command, with nothing behind it", lambda _: sftp(a, "lister", ["-s", "/usr/lib/openssh/sftp-server"])),
        ("sftp only: a command", lambda _: a.login(key="filer")),
        ("sftp only: a shell", lambda _: a.login(key="filer", shell=True, tty=True)),
        ("a subsystem that does not exist, with a command in its name", lambda _: a.login(key="jansen2", wrap="x;touch {}", options=["-s"])),
    ]
    return jobs


def planted(a, name, text=None, options=()):
    """A file in the home runs a script; the command itself is allowed."""
    proof = a.proof()
    script = f"touch {proof}\n"
    L.write(f"{HOME}/env.sh", script, 0o755, UID, UID)
    L.write(f"{HOME}/{name}", text or script, 0o755, UID, UID)
    p = a.lab.ssh("deploy", "lister", "/usr/bin/uptime", code=a.gate.code("lister"), options=options, timeout=PATIENCE)
    os.unlink(f"{HOME}/{name}")
    return os.path.exists(proof), told(p)


def preloaded(a, name, text, options=()):
    """A library of the provider's own in whatever the session starts."""
    proof, lib = a.proof(), f"{HOME}/own.so"
    source = f'#include <fcntl.h>\n__attribute__((constructor)) static void f(void){{ if (open("{proof}", O_CREAT|O_WRONLY, 0600) < 0) return; }}'
    L.must("gcc", "-shared", "-fPIC", "-x", "c", "-o", lib, "-", input=source)
    os.chmod(lib, 0o755)
    L.write(f"{HOME}/{name}", text.format(lib), 0o644, UID, UID)
    p = a.lab.ssh("deploy", "lister", "/usr/bin/uptime", code=a.gate.code("lister"), options=[o.format(lib) for o in options], timeout=PATIENCE)
    os.unlink(f"{HOME}/{name}")
    return os.path.exists(proof), told(p)


def sftp(a, key, options=()):
    """Puts a file."""
    proof = a.proof()
    argv = a.lab.ssh_argv("deploy", key)
    target = argv.pop()
    i, j = argv.index("-p"), argv.index("-l")
    port, user = argv[i + 1], argv[j + 1]
    keep = [x for k, x in enumerate(argv[1:], 1) if k not in (i, i + 1, j, j + 1)]
    p = subprocess.run(["/usr/bin/sftp", "-q", "-P", port, *keep, *options, f"{user}@{target}"], env=a.lab.env(a.gate.code(key)), input=f"put /etc/hosts {proof}\n",
                       capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False)
    return os.path.exists(proof), told(p)


# ---- forwardings ------------------------------------------------------------------------------------------------------------------
def jobs_of_forwarding(a):
    return [
        ("-L to a service behind", lambda _: forwarded(a, ["-L", "127.0.0.1:{port}:127.0.0.1:8099"])),
        ("-L without a shell (-N)", lambda _: forwarded(a, ["-N", "-L", "127.0.0.1:{port}:127.0.0.1:8099"])),
        ("-D, as a proxy", lambda _: forwarded(a, ["-D", "127.0.0.1:{port}"], socks=True)),
        ("-R, a port that listens on the server", lambda _: forwarded(a, ["-R", "{port}:127.0.0.1:8099"])),
        ("-L to the gate's socket", lambda _: forwarded(a, ["-L", "127.0.0.1:{port}:/run/postern/gate.sock"])),
        ("-W to a service behind", lambda _: piped(a)),
        ("agent forwarding", lambda _: within(a, 'test -n "$SSH_AUTH_SOCK" && touch {}', ["-A"], agent=True)),
        ("X11 forwarding", lambda _: within(a, 'test -n "$DISPLAY" && touch {}', ["-Y"])),
        ("a tunnel device", lambda _: within(a, "ls /sys/class/net | grep -q tun && touch {}", ["-w", "any"])),
    ]


def listen():
    """The service behind: says something to who connects."""
    import socket
    import threading
    s = socket.create_server(("127.0.0.1", 8099))

    def run():
        while True:
            c, _ = s.accept()
            c.sendall(b"behind\n")
            c.close()
    threading.Thread(target=run, daemon=True).start()


def forwarded(a, options, socks=False):
    import random
    import socket
    port = random.randrange(20000, 30000)
    options = [o.format(port=port) for o in options]
    proof = a.proof()
    command = None if "-N" in options else f"touch {proof}; sleep 3"
    s = a.lab.session("deploy", "forward", command, code=a.gate.code("forward"), options=options)
    got = b""
    end = time.monotonic() + 6
    while time.monotonic() < end and not got and s.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as c:
                c.settimeout(1)
                if socks:
                    c.sendall(b"\x05\x01\x00")
                    c.recv(2)
                    c.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + (8099).to_bytes(2, "big"))
                    c.recv(10)
                got = c.recv(20)
        except OSError:
            time.sleep(0.1)
    opened = os.path.exists(proof)
    a.lab.stop(s)
    return b"behind" in got, f"the session itself {'ran' if opened else 'did not run'}"


def piped(a):
    p = a.lab.ssh("deploy", "forward", None, code=a.gate.code("forward"), options=["-W", "127.0.0.1:8099"], timeout=PATIENCE)
    return "behind" in p.stdout, told(p)


def within(a, wrap, options, agent=False):
    env = {"DISPLAY": ":0"}
    got, said = a.login(key="forward", wrap=wrap, options=options + (["-o", "ForwardAgent=yes"] if agent else []), env=env)
    return got, said


# ---- what stays after the end --------------------------------------------------------------------------------------------------------
def afterwards(a):
    """One session with everything a person could leave behind; the grant is revoked; what still runs?"""
    grant = a.gate.grant("stayer", until=time.time() + 3600, may="shell")
    ways = [("a process in the background", "{}"), ("a process in a session of its own", "setsid bash -c '{}'"), ("nohup", "nohup bash -c '{}' &"),
            ("a daemon of two forks", "(setsid bash -c '(setsid bash -c \"{}\" &)' &)")]
    proofs = [a.proof() for _ in ways]
    lines = [w.format(keeps_touching(p)) for (_, w), p in zip(ways, proofs)]
    control = f"{HOME}/mux"
    s = lasting(a, "deploy", "stayer", "\n".join(lines), tty=True, options=["-o", "ControlMaster=yes", "-o", f"ControlPath={a.lab.dir}/mux"])
    for (name, _), p in zip(ways, proofs):
        a.control(f"{name} runs while the grant is open", appears(p, 15), p)
    second = a.proof()
    mux = lambda proof: subprocess.run([*a.lab.ssh_argv("deploy", "stayer", None, options=["-o", "ControlMaster=no", "-o", f"ControlPath={a.lab.dir}/mux", "-o", "BatchMode=yes"]),
                                        f"touch {proof}"], env=a.lab.env(""), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    p = mux(second)
    a.attack("a second channel beside the recorded one", os.path.exists(second), told(p))
    a.gate.revoke(grant)
    time.sleep(1)
    for (name, _), p in zip(ways, proofs):
        a.attack(f"after the end: {name}", still(p, 0.3), f"")
    a.attack("after the end: the connection itself", s.poll() is None and bool(L.of_user(UID)), f"ssh {'lives' if s.poll() is None else 'ended'}")
    third = a.proof()
    p = mux(third)
    a.attack("after the end: another channel of the same connection", os.path.exists(third), told(p))
    a.lab.stop(s)
    shutil.rmtree(control, ignore_errors=True)
    return UID


def without_grant(a):
    """Ways from inside that need no new login by ssh; the account has nobody with a grant at that moment, or the way has none."""
    proof = a.proof()
    p = L.sh("/usr/sbin/runuser", "-u", "wartung", "--", "/usr/bin/sudo", "-n", "/usr/bin/id")
    a.attack("sudo from an account without any session", p.returncode == 0, told(p))
    hashed = L.must("openssl", "passwd", "-6", "geheim").strip()
    for name in ("wartung", "leitung"):
        L.must("usermod", "-p", hashed, name)
    su = lambda to, what: L.sh("/usr/sbin/runuser", "-u", "kollege", "--", "/usr/bin/su", to, "-c", what, input="geheim\n")
    a.control("su with a password to an account that is not covered", "uid=" in su("leitung", "id").stdout)
    p = su("wartung", f"touch {proof}")
    a.attack("su to the covered account with its password", os.path.exists(proof), told(p))
    for service in ("sudo", "cron", "sshd"):
        p = L.sh("/usr/bin/pamtester", service, "wartung", "acct_mgmt")
        a.attack(f"account phase of PAM, service {service}, no session", p.returncode == 0, told(p))


def recorder(a):
    """Against the recorder itself, from inside."""
    ways = [("kill -9 of the recorder", "kill -9 $PPID; sleep 1.2"), ("kill -9 of every process of one's own but the shell", "for p in /proc/[0-9]*; do q=${{p#/proc/}}; [ $q = $$ ] || kill -9 $q 2>/dev/null; done; sleep 1.2")]
    for name, line in ways:
        proof = a.proof()
        a.gate.fresh("jansen")
        s = lasting(a, "deploy", "jansen", f"trap '' HUP TERM; {line.replace('{{', '{').replace('}}', '}')}; touch {proof}", tty=True)
        time.sleep(3.5)
        a.attack(f"{name}: the session goes on unrecorded", os.path.exists(proof), "")
        a.lab.stop(s)
    for name, line in (("recordings removed by the provider", "rm -rf /var/lib/postern/recordings && touch {}"), ("recordings read by the provider", "cat /var/lib/postern/recordings/*/*/* && touch {}"),
                       ("the gate's database read by the provider", "cat /var/lib/postern/gate.db && touch {}"), ("the audit log written by the provider", "echo x >>/var/lib/postern/audit.log && touch {}"),
                       ("the seeds' key read by the provider", "cat /var/lib/postern/factor.key && touch {}"), ("the service killed by the provider", f"kill -9 {a.gate.proc.pid} && touch {{}}")):
        a.attack(name, *a.login(key="jansen", wrap=line))


def service_stops(a):
    """The service goes away while somebody is in."""
    proof = a.proof()
    s = lasting(a, "deploy", "jansen", keeps_touching(proof), tty=True)
    a.control("the session runs before the service stops", appears(proof, 15))
    a.gate.end(signal.SIGKILL)
    time.sleep(1)
    a.attack("service killed: the session goes on unrecorded", s.poll() is None, "")
    a.gate.serve()
    time.sleep(1.5)
    a.attack("service killed and started: processes of the session that was cut", still(proof), "")
    a.lab.stop(s)
