"""Several machines of a test's own: each in namespaces (mounts, network, name, processes) with its own /etc, homes, sshd and address on one bridge.

enter() runs the test again in namespaces. Net() makes the bridge. A Host is described first (accounts, keys, files, settings), then written as a tree on a
tmpfs of its own, then started: its first process changes into the tree, listens on /dev/log, starts sshd and buries the dead. /usr is the machine's own, read-only.
Everything ends with the first process of the outer namespace. Nothing is written outside the tmpfs.
"""
import base64
import grp  # noqa: F401  (imported before the root changes)
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INSIDE = "POSTERN_REACH_LAB"
BASE = "/mnt"
NETWORK = "10.66.0"
OUTSIDE = "203.0.113.9"
PROGRAMS = ("/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/sudo", "/usr/bin/su", "/usr/bin/ssh-agent", "/usr/bin/unshare", "/usr/bin/nsenter", "/usr/sbin/ip", "/usr/bin/setpriv",
            "/usr/sbin/visudo", "/usr/bin/python3", "/usr/bin/script", "/usr/sbin/pivot_root")
HASH = "$6$abcdefgh$" + 86 * "."     # a password that no word has
FROM_MACHINE = ("pam.d", "pam.conf", "login.defs", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "security", "alternatives", "environment", "shells", "profile", "bash.bashrc",
                "debian_version", "os-release", "vim", "localtime", "protocols", "services", "sudo.conf", "locale.alias", "inputrc", "gai.conf")


def skip(why):
    print(why)
    sys.exit(77)


def sh(*argv, **kw):
    if "input" not in kw:
        kw.setdefault("stdin", subprocess.DEVNULL)
    kw.setdefault("timeout", 60)
    try:
        return subprocess.run([str(a) for a in argv], capture_output=True, text=True, errors="replace", check=False, **kw)
    except subprocess.TimeoutExpired as t:
        return subprocess.CompletedProcess(argv, 124, (t.stdout or b"").decode("utf-8", "replace"), "(no end)")


def must(*argv, **kw):
    p = sh(*argv, **kw)
    if p.returncode:
        sys.exit(f'{" ".join(map(str, argv))}: status {p.returncode}: {p.stdout}{p.stderr}')
    return p.stdout


def enter():
    """Returns inside the namespaces; outside runs the program again in them and exits with its status."""
    if os.environ.get(INSIDE):
        must("mount", "--make-rprivate", "/")
        must("mount", "-t", "tmpfs", "-o", "mode=755", "lab", BASE)
        os.umask(0o022)
        return
    if os.getuid():
        skip("hosts of one's own need root")
    for program in PROGRAMS:
        if not os.path.exists(program):
            skip(f"{program} is not installed")
    unshare = ["unshare", "-m", "-n", "-p", "-u", "-f", "--mount-proc", "--kill-child"]
    if sh(*unshare, "sh", "-c", f"mount -t tmpfs lab {BASE} && ip link add br0 type bridge && ip link add v0 type veth peer name w0").returncode:
        skip("this kernel or container allows no namespaces, bridges or pairs of interfaces")
    p = subprocess.Popen([*unshare, sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"})
    signal.signal(signal.SIGTERM, lambda *_: p.kill())      # with unshare its child ends, and with that everything
    try:
        sys.exit(p.wait())
    except KeyboardInterrupt:
        p.terminate()
        sys.exit(130)


# ---- keys ---------------------------------------------------------------------------------------------------------------
class Keys:
    """Pairs by name, in a folder that no host sees."""

    def __init__(self):
        self.dir = f"{BASE}/keys"
        os.makedirs(self.dir, mode=0o700)
        self.names = []

    def path(self, name):
        return f"{self.dir}/{name}"

    def make(self, name, kind="ed25519", passphrase=""):
        must("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", self.path(name))
        self.names.append(name)

    def text(self, name):
        with open(self.path(name), encoding="ascii") as f:
            return f.read()

    def public(self, name):
        with open(self.path(name) + ".pub", encoding="ascii") as f:
            return f.read().strip()

    def blob(self, name):
        return self.public(name).split()[1]

    def sign(self, ca, key, name, *options):
        """A certificate of the key, under a name of its own (the private half is copied beside it)."""
        for end in ("", ".pub"):
            shutil.copy(self.path(key) + end, self.path(name) + end)
        must("ssh-keygen", "-q", "-s", self.path(ca), "-I", name, *options, self.path(name) + ".pub")

    def certificate(self, name):
        with open(self.path(name) + "-cert.pub", encoding="ascii") as f:
            return f.read()


# ---- hosts --------------------------------------------------------------------------------------------------------------
class Account:
    def __init__(self, name, uid, gid, home, shell, password, expires, gecos=""):
        self.name, self.uid, self.gid, self.home, self.shell, self.password, self.expires, self.gecos = name, uid, gid, home, shell, password, expires, gecos


class Job:
    """What somebody runs by itself; the test acts it. paths: what it runs or reads as orders."""

    def __init__(self, name, run_as, argv, paths, login=False):
        self.name, self.run_as, self.argv, self.paths, self.login = name, run_as, argv, paths, login


class Host:
    def __init__(self, net, name, number, keys):
        self.net, self.name, self.address, self.keys = net, name, f"{NETWORK}.{number}", keys
        self.root = f"{BASE}/hosts/{name}"
        self.accounts, self.groups, self.files, self.jobs = {}, {}, [], []
        self.sshd, self.sudoers, self.nosuid, self.daemons, self.agents, self.proc = "", "root ALL=(ALL:ALL) ALL\n", [], [], [], None
        self._next, self.procs = 2001, []
        self.account("root", uid=0, home="/root", password="*")
        self.account("daemon", uid=1, home="/usr/sbin", shell="/usr/sbin/nologin", make=False)
        self.account("sshd", uid=110, gid=65534, home="/run/sshd", shell="/usr/sbin/nologin", make=False)
        self.groups["nogroup"] = (65534, [])
        self.account("nobody", uid=65534, gid=65534, home="/nonexistent", shell="/usr/sbin/nologin", make=False)

    # ---- described
    def account(self, name, *, uid=None, gid=None, home=None, shell="/bin/bash", password="*", expires="", groups=(), mode=0o755, make=True):
        if uid is None:
            uid, self._next = self._next, self._next + 1
        if gid is None:
            gid = uid
            self.groups[name] = (gid, [])
        self.accounts[name] = Account(name, uid, gid, home or f"/home/{name}", shell, password, expires)
        for g in groups:
            self.group(g).append(name)
        if make:
            self.folder(home or f"/home/{name}", mode, name)
            self.folder((home or f"/home/{name}") + "/.ssh", 0o700, name)
        return name

    def group(self, name, gid=None):
        if name not in self.groups:
            self.groups[name] = (gid or 5000 + len(self.groups), [])
        return self.groups[name][1]

    def folder(self, path, mode=0o755, owner="root", group=None):
        self.files.append(("folder", path, "", mode, owner, group))

    def file(self, path, text, mode=0o644, owner="root", group=None):
        self.files.append(("file", path, text, mode, owner, group))

    def copy(self, path, source, mode=0o755, owner="root", group=None, capability=""):
        self.files.append(("copy", path, (source, capability), mode, owner, group))

    def authorize(self, account, key, options="", *, path=None, mode=0o600, owner=None):
        """A line of authorized_keys."""
        path = path or f"{self.accounts[account].home}/.ssh/authorized_keys"
        line = (options + " " if options else "") + self.keys.public(key) + "\n"
        for i, f in enumerate(self.files):
            if f[1] == path:
                self.files[i] = (*f[:2], f[2] + line, *f[3:])
                return
        self.file(path, line, mode, owner or account)

    def private(self, account, key, name="id_ed25519", *, mode=0o600, group=None, certificate=False, owner=None):
        base = name if name.startswith("/") else f"{self.accounts[account].home}/.ssh/{name}"
        self.file(base, self.keys.text(key), mode, owner or account, group)
        self.file(base + ".pub", self.keys.public(key) + "\n", 0o644, owner or account)
        if certificate:
            self.file(base + "-cert.pub", self.keys.certificate(key), 0o644, owner or account)

    # ---- written
    def _own(self, path, mode, owner, group):
        a = self.accounts[owner]
        os.chown(path, a.uid, a.gid if group is None else self.groups[group][0])
        os.chmod(path, mode)

    def write(self):
        must("mkdir", "-p", self.root)
        must("mount", "-t", "tmpfs", "-o", "mode=755", self.name, self.root)
        r = self.root
        for d in ("etc/ssh", "etc/sudoers.d", "etc/cron.d", "etc/default", "home", "root", "run/sshd", "run/sudo", "var/log", "var/spool/cron/crontabs", "var/lib", "var/mail",
                  "tmp", "proc", "sys", "dev/pts", "dev/shm", "usr", "opt", "srv", "mnt", "old"):
            os.makedirs(f"{r}/{d}")
        os.chmod(f"{r}/tmp", 0o1777)
        for link in ("bin", "lib", "lib32", "lib64", "sbin"):
            if os.path.islink(f"/{link}"):
                os.symlink(os.readlink(f"/{link}"), f"{r}/{link}")
        for name in FROM_MACHINE:
            if os.path.lexists(f"/etc/{name}"):
                must("cp", "-a", f"/etc/{name}", f"{r}/etc/{name}")
        must("mount", "--bind", "/usr", f"{r}/usr")
        must("mount", "-o", "remount,bind,ro", f"{r}/usr")
        must("mount", "-t", "tmpfs", "-o", "mode=755", "local", f"{r}/usr/local")
        for d in self.nosuid:
            os.makedirs(r + d)
            must("mount", "-t", "tmpfs", "-o", "mode=755,nosuid", "nosuid", r + d)
        self._etc()
        for what, path, text, mode, owner, group in self.files:
            full = r + path
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if what == "folder":
                os.makedirs(full, exist_ok=True)
            elif what == "link":
                os.symlink(text, full)
                continue
            elif what == "copy":
                shutil.copyfile(text[0], full)
            else:
                with open(full, "w", encoding="utf-8") as f:
                    f.write(text)
            self._own(full, mode, owner, group)
            if what == "copy" and text[1]:
                must("setcap", text[1], full)

    def _etc(self):
        put = lambda path, text, mode=0o644: self._put(path, text, mode)  # noqa: E731
        people = sorted(self.accounts.values(), key=lambda a: a.uid)
        put("etc/passwd", "".join(f"{a.name}:x:{a.uid}:{a.gid}:{a.gecos}:{a.home}:{a.shell}\n" for a in people))
        put("etc/shadow", "".join(f"{a.name}:{a.password}:20000:0:99999:7::{a.expires}:\n" for a in people), 0o640)
        put("etc/group", "".join(f"{g}:x:{gid}:{','.join(m)}\n" for g, (gid, m) in self.groups.items()))
        put("etc/hostname", self.name + "\n")
        put("etc/hosts", "127.0.0.1 localhost\n" + "".join(f"{h.address} {h.name}\n" for h in self.net.hosts.values()))
        put("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\nsudoers: files\n")
        put("etc/resolv.conf", "")
        put("etc/default/locale", "LANG=C\n")
        put("etc/sudoers", "Defaults env_reset\nDefaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n" + self.sudoers
            + "@includedir /etc/sudoers.d\n", 0o440)
        for kind in ("ed25519",):
            must("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{self.name}", "-f", f"{self.root}/etc/ssh/ssh_host_{kind}_key")
        put("etc/ssh/sshd_config", "Port 22\nListenAddress 0.0.0.0\nHostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM yes\nKbdInteractiveAuthentication no\nMaxAuthTries 200\n"
            "MaxStartups 500\nLoginGraceTime 60\nUseDNS no\nLogLevel VERBOSE\nPidFile none\nSubsystem sftp internal-sftp\n"
            + ("" if "PasswordAuthentication" in self.sshd.split("Match")[0] else "PasswordAuthentication no\n") + self.sshd)
        put("etc/ssh/ssh_config", "Host *\n\tHashKnownHosts yes\n")

    def _put(self, path, text, mode):
        with open(f"{self.root}/{path}", "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(f"{self.root}/{path}", mode)

    # ---- started
    def start(self, sshd=True):
        r, w = os.pipe()
        spec = json.dumps({"root": self.root, "name": self.name, "log": f"{BASE}/log/{self.name}", "ready": w, "sshd": sshd})
        self.proc = subprocess.Popen(["unshare", "-m", "-n", "-u", "-p", "-f", "--kill-child", "/usr/bin/python3", f"{HERE}/host_init.py", spec], pass_fds=(w,), stdin=subprocess.DEVNULL)
        os.close(w)
        self._ready = r

    def started(self):
        said = os.read(self._ready, 100).decode()
        os.close(self._ready)
        if not said:
            sys.exit(f"host {self.name} does not start")
        self.pid = self._init()
        self.net.plug(self)

    def _init(self):
        """The first process of the host's namespace: the child of unshare."""
        with open(f"/proc/{self.proc.pid}/task/{self.proc.pid}/children", encoding="ascii") as f:
            return int(f.read().split()[0])

    def argv(self, account, argv):
        a = self.accounts[account]
        env = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", f"HOME={a.home}", f"USER={a.name}", f"LOGNAME={a.name}", "LANG=C", "TERM=xterm"]
        who = ["setpriv", f"--reuid={a.uid}", f"--regid={a.gid}", "--init-groups"] if a.uid else []
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-n", "-p", "-r", "-w", *who, *env, *argv]

    def live(self):
        """What runs by the time of the snapshot: daemons that do what their socket says, agents with keys."""
        for path, group in self.daemons:
            server = (f"import os, socket, subprocess\ns = socket.socket(socket.AF_UNIX)\ns.bind({path!r})\nos.chown({path!r}, 0, {self.groups[group][0]})\nos.chmod({path!r}, 0o660)\n"
                      "s.listen()\nwhile True:\n\tc, _ = s.accept()\n\tsubprocess.run(c.recv(4096).decode().split())\n\tc.send(b'.')\n\tc.close()\n")
            self.procs.append(subprocess.Popen(self.argv("root", ["/usr/bin/python3", "-c", server]), stdin=subprocess.DEVNULL))
        for account, key in self.agents:
            socket = f"/tmp/ssh-{account}/agent.1"
            self.run(account, "mkdir", "-m", "700", os.path.dirname(socket))
            p = self.run(account, "ssh-agent", "-a", socket)
            clear = f"{BASE}/agent-{key}"
            shutil.copy(self.keys.path(key), clear)
            sh("ssh-keygen", "-q", "-p", "-P", "nobody knows", "-N", "", "-f", clear)
            with open(clear, encoding="ascii") as f:
                q = self.run(account, "env", f"SSH_AUTH_SOCK={socket}", "ssh-add", "-", input=f.read())
            if p.returncode or q.returncode:
                sys.exit(f"agent of {account}@{self.name}: {p.stderr}{q.stderr}")

    def forward(self, source, account, key):
        """Somebody logs in here from source with an agent that he forwards, and stays."""
        sock = f"{BASE}/agent.{account}"
        must("ssh-agent", "-a", sock)
        env = {**os.environ, "SSH_AUTH_SOCK": sock}
        must("ssh-add", "-q", self.keys.path(key), env=env)
        self.procs.append(subprocess.Popen(["nsenter", "-t", str(source.pid), "-n", "/usr/bin/ssh", "-F", "none", "-A", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                                            "-o", "LogLevel=ERROR", "-l", account, self.address, "sleep 100000"], env=env, stdin=subprocess.DEVNULL))
        for _ in range(200):
            if any(os.listdir(f"{self.root}/tmp/{d}") for d in os.listdir(f"{self.root}/tmp") if d.startswith("ssh-")):
                return
            time.sleep(0.05)
        sys.exit(f"no agent reaches {account}@{self.name}")

    def run(self, account, *argv, **kw):
        """A program as this account, in this host."""
        return sh(*self.argv(account, argv), **kw)

    def python(self, account, script, *args, **kw):
        code = base64.b64encode(script.encode()).decode()
        return self.run(account, "/usr/bin/python3", "-ISc", f"import base64;exec(base64.b64decode('{code}'))", *args, **kw)

    def read(self, path):
        with open(self.root + path, encoding="utf-8", errors="replace") as f:
            return f.read()


class Net:
    def __init__(self):
        self.hosts = {}
        os.makedirs(f"{BASE}/log")
        must("ip", "link", "set", "lo", "up")
        must("ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        must("ip", "link", "set", "br0", "up")

    def add(self, host):
        self.hosts[host.name] = host
        return host

    def plug(self, host):
        n = len(host.name)
        a, b = f"v-{host.name}"[:15], "eth0"
        must("ip", "link", "add", a, "type", "veth", "peer", "name", b, "netns", str(host.pid))
        must("ip", "link", "set", a, "master", "br0", "up")
        inside = lambda *c: must("nsenter", "-t", str(host.pid), "-n", *c)  # noqa: E731
        inside("ip", "link", "set", "lo", "up")
        inside("ip", "addr", "add", f"{host.address}/24", "dev", b)
        inside("ip", "link", "set", b, "up")
        inside("ip", "route", "add", ("203.0.113.0/24" if host.address.startswith(NETWORK) else f"{NETWORK}.0/24"), "dev", b)
        return n

    def start(self):
        started = time.monotonic()
        for h in self.hosts.values():
            h.write()
        for h in self.hosts.values():
            h.start(sshd=h.address.startswith(NETWORK))
        for h in self.hosts.values():
            h.started()
        for h in self.servers():
            for _ in range(200):
                if sh("nsenter", "-t", str(self.hosts["outside"].pid), "-n", "bash", "-c", f"exec 3<>/dev/tcp/{h.address}/22").returncode == 0:
                    break
                time.sleep(0.05)
            else:
                sys.exit(f"no sshd answers on {h.name}: {h.read('/run/sshd.err')}")

        for h in self.servers():
            h.live()
        self.hosts["gate1"].forward(self.hosts["outside"], "anna", "anna")
        return time.monotonic() - started

    def servers(self):
        return [h for h in self.hosts.values() if h.address.startswith(NETWORK)]


def fingerprint(line):
    """SHA256:... of a public key's line."""
    import hashlib
    blob = re.search(r"AAAA[A-Za-z0-9+/=]+", line).group(0)
    return "SHA256:" + base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode().rstrip("=")
