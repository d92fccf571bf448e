"""A machine of a test's own for the gate: real sshd, PAM, sudo and ssh in namespaces; the host is not touched and nothing is left.

enter() runs the test again in namespaces (mounts, processes, network, name of the machine). Lab() lays overlays on memory over /etc, /usr, /var,
/home, /root and /run, installs Postern's programs there, makes accounts, keys and a syslog, and starts sshd. Everything ends with the first
process of the namespace.

Accounts: `chef` and `leitung` (administrators, never covered, sudo), `deploy` and `wartung` (covered: group postern-provider, login shell postern-shell, may run
/usr/bin/id by sudo), `kollege` (ordinary). Addresses: the server SERVER, clients OFFICE (in grants) and ABROAD (in none).
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INSIDE = "POSTERN_GATE_LAB"
PORT, HOST = 22022, "srv01"
SERVER, OFFICE, ABROAD = "10.77.0.1", "10.77.0.5", "203.0.113.9"
SSHD, SSH, SUDO, OATHTOOL = "/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/sudo", "/usr/bin/oathtool"
BASE = "/mnt"                       # covered by a tmpfs: root's up to /, as sshd wants it of key commands
ADMIN, SECOND, COVERED, PLAIN = "chef", "leitung", ("deploy", "wartung"), "kollege"
PEOPLE = (ADMIN, SECOND, *COVERED, PLAIN)
SHELL = "/usr/libexec/postern-shell"
MODULES = "/usr/lib/x86_64-linux-gnu/security"


def skip(why):
    print(why)
    sys.exit(77)


def sh(*argv, **kw):
    if "input" in kw:
        kw.pop("stdin", None)
    else:
        kw.setdefault("stdin", subprocess.DEVNULL)
    kw.setdefault("timeout", 60)
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, errors="replace", check=False, **kw)


def must(*argv, **kw):
    p = sh(*argv, **kw)
    if p.returncode:
        sys.exit(f'{" ".join(map(str, argv))}: status {p.returncode}: {p.stdout}{p.stderr}')
    return p.stdout


def write(path, text, mode=0o644, owner=0, group=0):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    os.chown(path, owner, group)
    return path


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def enter(needs=()):
    """Returns inside the namespaces; outside runs the program again in them and exits with its status."""
    if os.environ.get(INSIDE):
        return
    if os.getuid():
        skip("the gate's lab needs root")
    for program in (SSHD, SSH, SUDO, OATHTOOL, "/usr/bin/unshare", "/usr/sbin/ip", *needs):
        if not os.path.exists(program):
            skip(f"{program} is not installed")
    unshare = ["unshare", "-m", "-n", "-p", "-u", "-f", "--mount-proc", "--kill-child"]
    probe = f"mount -t tmpfs lab {BASE} && mkdir {BASE}/u {BASE}/w && mount -t overlay -o lowerdir=/etc,upperdir={BASE}/u,workdir={BASE}/w lab /etc"
    if sh(*unshare, "sh", "-c", probe).returncode:
        skip("this kernel or container allows no namespaces or no overlays")
    p = subprocess.Popen([*unshare, sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"})
    try:
        sys.exit(p.wait())
    except KeyboardInterrupt:
        p.terminate()
        sys.exit(130)


class Log(threading.Thread):
    """/dev/log: what programs say, as a Debian rsyslog writes it to auth.log."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        self.start()

    def run(self):
        with open(self.path, "a", buffering=1, encoding="utf-8") as f:
            while True:
                text = self.sock.recv(65536).decode("utf-8", "replace").rstrip("\n\0")
                m = re.match(r"<\d+>(?:\w{3} [ \d]\d \d\d:\d\d:\d\d )?(.*)$", text, re.S)
                now = time.time()
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}+00:00"
                f.write(f"{stamp} {HOST} " + m.group(1).replace("\n", "#012") + "\n")


class Lab:
    def __init__(self, postern, quiet=False):
        self.postern, self.quiet = os.path.abspath(postern), quiet
        if self.postern.startswith("/tmp/"):
            sys.exit("the build cannot lie in /tmp: the lab has one of its own")
        self.build = os.path.dirname(os.path.dirname(self.postern))
        self.procs, self.services = [], {}
        self._mounts()
        self._accounts()
        self._programs()
        self.log_path = f"{self.dir}/log/auth.log"
        self.log = Log(self.log_path)
        self._keys()

    # ---- the world ------------------------------------------------------------------------------------------------------
    def _mounts(self):
        os.umask(0o022)
        must("mount", "--make-rprivate", "/")
        must("mount", "-t", "tmpfs", "-o", "mode=755", "lab", BASE)
        self.dir = f"{BASE}/lab"
        os.makedirs(f"{self.dir}/log")
        for name in ("etc", "usr", "var", "home", "root"):
            up, work = f"{self.dir}/over/{name}/up", f"{self.dir}/over/{name}/work"
            os.makedirs(up)
            os.makedirs(work)
            must("mount", "-t", "overlay", "-o", f"lowerdir=/{name},upperdir={up},workdir={work}", "lab", f"/{name}")
        must("mount", "-t", "tmpfs", "-o", "mode=755", "lab", "/run")
        must("mount", "-t", "tmpfs", "-o", "mode=1777", "lab", "/tmp")
        for d in ("/run/sshd", "/run/sudo", "/run/lock", "/run/postern"):
            os.makedirs(d)
        dev = f"{self.dir}/dev"
        os.makedirs(dev)
        must("mount", "-t", "tmpfs", "-o", "mode=755", "lab", dev)
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            must("cp", "-a", f"/dev/{name}", dev)
        os.mkdir(f"{dev}/pts")
        os.mkdir(f"{dev}/shm", 0o1777)
        must("mount", "-t", "devpts", "-o", "newinstance,mode=620,gid=5,ptmxmode=666", "lab", f"{dev}/pts")
        os.symlink("pts/ptmx", f"{dev}/ptmx")
        for i, name in enumerate(("fd", "stdin", "stdout", "stderr")):
            os.symlink("/proc/self/fd" + (f"/{i - 1}" if i else ""), f"{dev}/{name}")
        must("mount", "--rbind", dev, "/dev")
        must("hostname", HOST)
        must("ip", "link", "set", "lo", "up")
        for a in (SERVER, OFFICE, ABROAD):
            must("ip", "addr", "add", f"{a}/32", "dev", "lo")
        write("/etc/hosts", f"127.0.0.1 localhost\n{SERVER} {HOST}\n{OFFICE} office\n{ABROAD} abroad\n")
        write("/etc/resolv.conf", "")

    def _accounts(self):
        for g in ("postern-provider", "postern-rec"):     # `postern init gate` would; the recorder and the accounts want them before
            must("groupadd", "-f", "-r", g)
        for i, name in enumerate(PEOPLE):
            must("useradd", "-m", "-u", str(6101 + i), "-s", "/bin/bash", "-K", "UID_MAX=70000", name)
            must("usermod", "-p", "*", name)
            os.makedirs(f"/home/{name}/.ssh", mode=0o700, exist_ok=True)
            must("chown", "-R", f"{name}:{name}", f"/home/{name}")
        for name in COVERED:
            must("gpasswd", "-a", name, "postern-provider")
        covered = ",".join(COVERED)
        write("/etc/sudoers", f"root ALL=(ALL) ALL\n{ADMIN}, {SECOND} ALL=(ALL) NOPASSWD: ALL\n{covered.replace(',', ', ')} ALL=(root) NOPASSWD: /usr/bin/id\n", 0o440)
        shutil.rmtree("/etc/ssh/sshd_config.d", ignore_errors=True)
        os.makedirs("/etc/ssh/sshd_config.d")

    def _programs(self):
        """What `meson install` would do, by hand: only what is built."""
        self.have = {}
        for what, source, to, mode, group in (
                ("postern", "src/postern", "/usr/bin/postern", 0o755, "root"),
                ("shell", "shell/postern-shell", SHELL, 0o2755, "postern-rec"),
                ("keys", "shell/postern-sshd-keys", "/usr/libexec/postern-sshd-keys", 0o755, "root"),
                ("pam", "pam/pam_postern.so", f"{MODULES}/pam_postern.so", 0o644, "root")):
            path = f"{self.build}/{source}"
            self.have[what] = os.path.exists(path)
            if self.have[what]:
                os.makedirs(os.path.dirname(to), exist_ok=True)
                shutil.copyfile(path, to)
                shutil.chown(to, "root", group)
                os.chmod(to, mode)

    def _keys(self):
        self.key = {}
        os.makedirs(f"{self.dir}/keys", mode=0o700)
        for name, kind in (("chef", "ed25519"), ("leitung", "ed25519"), ("kollege", "ed25519"), ("jansen", "ed25519"), ("jansen-rsa", "rsa"), ("petrov", "ed25519"),
                           ("mallory", "ed25519"), ("ca", "ed25519"), ("falseca", "ed25519"), ("hostkey", "ed25519")):
            path = f"{self.dir}/keys/{name}"
            must("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", path)
            self.key[name] = path
        for name in (ADMIN, SECOND, PLAIN):
            uid = 6101 + PEOPLE.index(name)
            write(f"/home/{name}/.ssh/authorized_keys", read(self.key[name] + ".pub"), 0o600, uid, uid)
        self.askpass = write(f"{self.dir}/askpass", '#!/bin/sh\nprintf "%s\\n" "$1" >>"$LAB_PROMPTS"\nprintf "%s\\n" "$LAB_CODE"\n', 0o755)

    def public(self, name):
        return read(self.key[name] + ".pub").strip()

    def fingerprint(self, name):
        return must("ssh-keygen", "-l", "-f", self.key[name] + ".pub").split()[1]

    def certificate(self, ca, key, name, *options):
        """A certificate of key by ca; the path of a copy of the private key with it beside."""
        path = f"{self.dir}/keys/{name}"
        shutil.copy(self.key[key], path)
        shutil.copy(self.key[key] + ".pub", path + ".pub")
        must("ssh-keygen", "-q", "-s", self.key[ca], *options, path + ".pub")
        self.key[name] = path
        return path

    # ---- processes ------------------------------------------------------------------------------------------------------
    def start(self, *argv, **kw):
        kw.setdefault("stdin", subprocess.DEVNULL)
        p = subprocess.Popen([str(a) for a in argv], **kw)
        self.procs.append(p)
        return p

    def reap(self):
        """The first process of its namespace has everybody's orphans."""
        own = {p.pid for p in self.procs}
        for pid in pids():
            if pid in own or pid == os.getpid():
                continue
            try:
                if state(pid) == "Z" and ppid(pid) == os.getpid():
                    os.waitpid(pid, os.WNOHANG)
            except OSError:
                pass

    def stop(self, p, sig=signal.SIGTERM, seconds=10):
        if p.poll() is None:
            p.send_signal(signal.SIGCONT)
            p.send_signal(sig)
            try:
                p.wait(seconds)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        if p in self.procs:
            self.procs.remove(p)

    def close(self):
        for p in list(self.procs):
            self.stop(p, seconds=3)

    def sshd(self, config, name="sshd", port=PORT, first=""):
        """(Re)starts an sshd with this configuration; name: of its PAM service. Why not, when it does not like it."""
        if name in self.services:
            self.stop(self.services.pop(name))
        base = first + (f"Port {port}\nListenAddress 0.0.0.0\nHostKey {self.key['hostkey']}\nUsePAM yes\nLogLevel VERBOSE\nPermitRootLogin no\n"
                "PidFile none\nMaxStartups 200\nLoginGraceTime 60\nUseDNS no\nSubsystem sftp internal-sftp -l INFO\n")
        path = write(f"/etc/ssh/{name}_config", base + config, 0o600)
        program = f"/usr/sbin/{name}"
        if not os.path.exists(program):
            os.symlink(SSHD, program)
        p = sh(program, "-t", "-f", path)
        if p.returncode:
            return p.stderr
        self.services[name] = self.start(program, "-D", "-f", path, stderr=subprocess.DEVNULL)
        wait_for(lambda: connects(port), 10)
        return ""

    # ---- the client -------------------------------------------------------------------------------------------------------
    def ssh_argv(self, account, key, command=None, *, source=OFFICE, options=(), tty=False, certificate=None, port=PORT):
        argv = [SSH, "-F", "none", "-p", port, "-l", account, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=INFO",
                "-o", "IdentitiesOnly=yes", "-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=20", "-o", f"BindAddress={source}",
                "-o", "IdentityAgent=none", "-o", "PreferredAuthentications=publickey,keyboard-interactive,password"]
        if key:
            argv += ["-i", self.key[key]]
        if certificate:
            argv += ["-o", f"CertificateFile={certificate}"]
        if tty:
            argv.append("-tt")
        argv += [*options, SERVER]
        return [str(a) for a in argv] + ([command] if command is not None else [])

    def env(self, code):
        self.prompts = f"{self.dir}/prompts"
        return {"PATH": "/usr/bin:/bin", "HOME": self.dir, "SSH_ASKPASS": self.askpass, "SSH_ASKPASS_REQUIRE": "force", "LAB_CODE": code or "",
                "LAB_PROMPTS": self.prompts, "LANG": "C", "TERM": "xterm"}

    def ssh(self, account, key, command="echo in-as-$(id -un)", *, code="", data=None, timeout=40, env=None, **kw):
        """One login from start to end. data: what is typed."""
        argv = self.ssh_argv(account, key, command, **kw)
        try:
            return subprocess.run(argv, env={**self.env(code), **(env or {})}, input=data if data is not None else "", capture_output=True, text=True,
                                  errors="replace", timeout=timeout, check=False)
        except subprocess.TimeoutExpired as t:
            out, err = ((x or b"").decode("utf-8", "replace") if not isinstance(x, str) else x for x in (t.stdout, t.stderr))
            return subprocess.CompletedProcess(argv, 124, out, err + "\n(no end)")

    def session(self, account, key, command=None, *, code="", **kw):
        """A login that stays: its process, with pipes."""
        argv = self.ssh_argv(account, key, command, **kw)
        return self.start(*argv, env=self.env(code), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def mark(self):
        """A place in auth.log; said() tells what came since."""
        return os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0

    def said(self, mark):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            f.seek(mark)
            return f.read()


# ---- small things -------------------------------------------------------------------------------------------------------
def pids():
    return [int(x) for x in os.listdir("/proc") if x.isdigit()]


def stat_fields(pid):
    text = read(f"/proc/{pid}/stat")
    return text[text.rfind(")") + 2:].split() if text else []


def state(pid):
    f = stat_fields(pid)
    return f[0] if f else ""


def ppid(pid):
    f = stat_fields(pid)
    return int(f[1]) if f else 0


def of_user(uid):
    """Processes that run, of a user."""
    out = []
    for pid in pids():
        try:
            if os.stat(f"/proc/{pid}").st_uid == uid and state(pid) not in ("Z", "X", ""):
                out.append(pid)
        except OSError:
            pass
    return out


def of_audit_session(ses):
    return [pid for pid in pids() if read(f"/proc/{pid}/sessionid") == str(ses) and state(pid) not in ("Z", "X", "")]


def connects(port, address=SERVER):
    try:
        socket.create_connection((address, port), 1).close()
        return True
    except OSError:
        return False


def wait_for(fn, seconds=10, step=0.01):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = fn()
        if got:
            return got
        time.sleep(step)
    return None


def totp(seed, at=None, digits=6, step=0):
    """The code of a base32 seed by oathtool: an implementation that is not ours."""
    at = int((time.time() if at is None else at) + 30 * step)
    return must(OATHTOOL, "--totp", "-b", "-d", str(digits), "-N", f"@{at}", seed).strip()


def percentile(values, p):
    v = sorted(values)
    return v[min(len(v) - 1, int(round(p / 100 * (len(v) - 1))))]
