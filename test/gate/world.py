"""The gate in a lab: Postern's service, its commands as administrators give them, sshd and PAM set up for it or for others' modules."""
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time

from lab import ADMIN, COVERED, HOST, MODULES, OFFICE, PORT, SECOND, connects, must, percentile, read, sh, totp, wait_for, SHELL, write  # noqa: F401

STATE, SOCKET, KEYS_USER = "/var/lib/postern", "/run/postern/gate.sock", "postern-keys"
PROVIDER, HERE = "hafenlicht", "10.77.0.0/24"

def iso(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def listens():
    """A path is not enough: that of a killed service stays."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        try:
            s.connect(SOCKET)
            return True
        except OSError:
            return False


class Gate:
    def __init__(self, lab):
        self.lab, self.seed, self.proc = lab, {}, None
        self.quick = False                                    # tests of other things: what sudo leaves in the environment, without its 60 ms
        os.makedirs(STATE, mode=0o700, exist_ok=True)

    # ---- commands, as who ---------------------------------------------------------------------------------------------------
    def run(self, *args, who=ADMIN, **kw):
        """postern, through sudo as an administrator would."""
        if self.quick:
            return sh("/usr/bin/postern", *args, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SUDO_USER": who, "HOME": "/root"}, **kw)
        return sh("/usr/sbin/runuser", "-u", who, "--", "/usr/bin/sudo", "-n", "/usr/bin/postern", *args, **kw)

    def must(self, *args, **kw):
        p = self.run(*args, **kw)
        if p.returncode:
            raise SystemExit(f'postern {" ".join(map(str, args))}: status {p.returncode}: {p.stdout}{p.stderr}')
        return p.stdout

    # ---- the service ----------------------------------------------------------------------------------------------------------
    def serve(self, *extra, env=None):
        self.proc = self.lab.start("/usr/bin/postern", "gate", "serve", *extra, env={**os.environ, **(env or {})},
                                   stdout=open(f"{self.lab.dir}/log/serve.out", "a"), stderr=subprocess.STDOUT)
        wait_for(lambda: listens() or self.proc.poll() is not None, 20)
        return self.proc.poll() is None

    def end(self, sig=signal.SIGTERM):
        if self.proc:
            self.lab.stop(self.proc, sig)
            self.proc = None

    def configure(self):
        """What `postern init gate` makes of a plain Debian, and sshd started with it. Why not, when something does not like it."""
        write("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n")
        p = self.run("init", "gate")
        if p.returncode:
            return f"postern init gate: {p.stdout}{p.stderr}"
        self.shown = p.stdout
        for name in COVERED:
            must("usermod", "-s", SHELL, name)
        return self.lab.sshd("", first="Include /etc/ssh/sshd_config.d/*.conf\n")

    def restart(self):
        self.end()
        if not self.serve():
            raise SystemExit("the service does not start again: " + read(f"{self.lab.dir}/log/serve.out")[-2000:])

    # ---- the model --------------------------------------------------------------------------------------------------------------
    def found(self, providers):
        for p in providers:
            self.must("provider", "add", p, "--name", p.capitalize())

    def person(self, name, provider, *keys):
        args = ["person", "add", name, "--provider", provider, "--name", name.capitalize()]
        for k in keys or (name,):
            args += ["--key", self.lab.key[k] + ".pub"]
        self.must(*args)

    def grant(self, person, *, account="deploy", host=HOST, source=HERE, begin=None, until=None, may=None, commands=(), windows=(), approve=True, who=ADMIN, by=SECOND):
        """The id of a grant that was asked for by one administrator and, unless told otherwise, approved by another. may: "shell", "sftp"."""
        args = ["grant", "request", "--person", person, "--host", host, "--account", account, "--purpose", "test", "--ticket", "T-1", "--source", source]
        args += ["--from", iso(begin)] if begin else []
        args += ["--until", iso(until)] if until else []
        args += [f"--{may}"] if may else []
        for c in commands:
            args += ["--command", c]
        for w in windows:
            args += ["--hours", w]
        out = self.must(*args, who=who)
        grant = re.search(r"\bG-[\w-]+", out).group(0)
        if approve:
            self.must("grant", "approve", grant, who=by)
        return grant

    def revoke(self, grant):
        self.must("grant", "revoke", grant, "--reason", "test")

    def refuse(self, grant):
        self.must("grant", "refuse", grant, "--reason", "test", who=SECOND)

    # ---- the second factor -----------------------------------------------------------------------------------------------------
    recovery = {}

    def enroll(self, person, confirm=True):
        out = self.must("mfa", "enroll", "--plain", person)
        self.seed[person] = re.search(r"secret=([A-Z2-7]+)", out).group(1)
        if confirm:
            at = time.time()
            out = self.must("mfa", "confirm", person, input=f"{totp(self.seed[person], at, step=-1)}\n{totp(self.seed[person], at)}\n")
            self.recovery[person] = re.findall(r"^\s*([A-Za-z0-9]{4,}(?:-[A-Za-z0-9]{4,})+)\s*$", out, re.M)
            self.fresh(person)

    def fresh(self, person):
        """Forgets which codes were used and which tries failed: a test cannot wait 30 s for each login."""
        db = sqlite3.connect(f"{STATE}/gate.db", timeout=10)
        try:
            with db:
                db.execute("UPDATE factor_seed SET used=0, failures=0 WHERE person=?", (person.encode(),))
                db.execute("DELETE FROM factor_throttle")
        finally:
            db.close()

    def code(self, person):
        """The code of now, never used before as far as the gate remembers."""
        if person not in self.seed:
            return "000000"
        try:
            self.fresh(person)
        except sqlite3.Error:
            pass                                               # broken on purpose
        return totp(self.seed[person])


def timed_ways(lab):
    """For timing.py: the gate whole, and with /bin/sh as login shell instead of the recorder."""
    gate = Gate(lab)
    gate.quick = True
    gate.found([PROVIDER])
    for person in ("jansen", "petrov"):
        gate.person(person, PROVIDER)
        gate.enroll(person)
    gate.grant("jansen", may="shell", until=time.time() + 7200)
    gate.grant("petrov", account="wartung", may="shell", until=time.time() + 7200)
    why = gate.configure()
    must("usermod", "-s", "/bin/sh", "wartung")
    if why or not gate.serve():
        raise SystemExit(why or read(f"{lab.dir}/log/serve.out"))
    return [("gate", lambda: ("deploy", "jansen", totp(gate.seed["jansen"]), PORT), lambda: gate.fresh("jansen")),
            ("gate, no recorder", lambda: ("wartung", "petrov", totp(gate.seed["petrov"]), PORT), lambda: gate.fresh("petrov"))]
