#!/usr/bin/env python3
"""privilege_hostile.py BINARY - roots that want to hang the collector, lead it out, fill its memory or drive the terminal: each is named in `missing`.

A secret lies beside the root; nothing of it may be in any snapshot. Needs root for devices and for looking with nobody's eyes; what it cannot make it leaves out and says so.
"""
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

POSTERN = Path(sys.argv[1]).resolve()
SECRET = "sEcReT-bEsIdE-tHe-RoOt"
SECONDS, MEMORY_MB = 60, 400
failures, left_out = [], []
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
BASE = {"etc/passwd": "root:x:0:0::/root:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/bash\n", "etc/group": "root:x:0:\nbob:x:1001:\n", "etc/shadow": "root:*:1::::::\nbob:*:1::::::\n",
        "etc/hostname": "trap\n", "usr/sbin/sshd": "", "usr/bin/sudo": "", "etc/ssh/sshd_config": "", "home/bob/.ssh/authorized_keys": KEY + " bob\n"}


def check(what, holds, told=""):
    if not holds:
        failures.append(what)
        print(f"privilege_hostile: {what}: FAILED {str(told)[:600]}")


class Trap:
    """A root to be filled, and what collect makes of it."""

    def __init__(self, name):
        self.name = name
        self.tmp = tempfile.TemporaryDirectory()
        self.beside = Path(self.tmp.name)
        self.beside.chmod(0o755)
        self.root = self.beside / "root"
        (self.beside / "secret").write_text(f"{SECRET}:x:0:0:{SECRET}:/root:/bin/bash\n{KEY} {SECRET}\nPermitRootLogin {SECRET}\n{SECRET} ALL=(ALL) ALL\n")
        for path, text in BASE.items():
            self.put(path, text)
        (self.root / "usr/bin/sudo").chmod(0o4755)  # else sudoers counts for nothing

    def path(self, path):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink() or file.is_file():
            file.unlink()
        return file

    def put(self, path, text):
        self.path(path).write_bytes(text if isinstance(text, bytes) else text.encode())

    def link(self, path, to):
        self.path(path).symlink_to(to)

    def collect(self, *wrap, expect=0):
        """The document; checks time, memory, that it can be read back, that nothing of the secret is in it."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        try:
            r = subprocess.run([*wrap, POSTERN, "privilege", "collect", "--root", self.root], capture_output=True, timeout=3 * SECONDS, preexec_fn=limit)
        except subprocess.TimeoutExpired:
            check(f"{self.name}: ends", False)
            return {"missing": [], "accounts": [], "authorized_keys": [], "sudo": [], "sshd": [], "known_hosts": [], "private_keys": [], "host": ""}
        check(f"{self.name}: exit status {expect}", r.returncode == expect, (r.returncode, r.stderr))
        check(f"{self.name}: not a byte from beside the root", SECRET.encode() not in r.stdout + r.stderr)
        check(f"{self.name}: messages are clean", not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", r.stderr), r.stderr)
        saved = self.beside / "new.json"
        saved.write_bytes(r.stdout)
        d = subprocess.run([POSTERN, "privilege", "diff", saved, saved], capture_output=True, timeout=60)
        check(f"{self.name}: can be read back", d.returncode == 0, d.stderr)
        empty = self.beside / "empty.json"
        empty.write_text('{"postern-snapshot": 1, "host": "trap"}')
        d = subprocess.run([POSTERN, "privilege", "diff", empty, saved], capture_output=True, timeout=60)
        check(f"{self.name}: text is clean", d.returncode in (0, 1) and not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", d.stdout), d.stdout[:300])
        return json.loads(r.stdout) if r.returncode == 0 else {}

    def named(self, doc, path, words=""):
        found = [m for m in doc["missing"] if m.get("file", "").endswith(path) and words in m["why"]]
        check(f"{self.name}: {path} is named ({words})", found, [m for m in doc["missing"]][:20])


# Without accounts no home is looked into: what lies there is tried in a root of its own.
SYSTEM = ["etc/passwd", "etc/group", "etc/shadow", "etc/hosts", "etc/hostname", "etc/os-release", "etc/nsswitch.conf"]
OTHERS = ["etc/ssh/sshd_config", "etc/sudoers", "home/bob/.ssh/authorized_keys", "home/bob/.ssh/known_hosts", "home/bob/.ssh/config", "etc/ssh/ssh_config"]


def links():
    for what, to in (("absolute", "{beside}/secret"), ("relative", "../../../../../../../../../../{beside}/secret"), ("to itself", None), ("to a device", "/dev/zero"), ("proc", "/proc/self/root/{beside}/secret")):
        for files in (SYSTEM, OTHERS):
            t = Trap(f"links, {what}")
            for path in files:
                t.link(path, (to or "/" + path).format(beside=t.beside))
            doc = t.collect()
            for path in files:
                if path != "etc/os-release":
                    t.named(doc, path, "link")
            check(f"{t.name}: nothing came of it", not doc["accounts"] if files is SYSTEM else not doc["authorized_keys"] and not doc["sudo"], doc["accounts"])
    t = Trap("links in the middle of paths")
    shutil.rmtree(t.root / "etc/ssh")
    shutil.rmtree(t.root / "home")
    (t.beside / "etc-ssh").mkdir()
    (t.beside / "etc-ssh/sshd_config").write_text(f"Banner /{SECRET}\n")
    (t.beside / "bob/.ssh").mkdir(parents=True)
    (t.beside / "bob/.ssh/authorized_keys").write_text(f"{KEY} {SECRET}\n")
    t.link("etc/ssh", t.beside / "etc-ssh")
    t.link("home", "../../../../../../../.." + str(t.beside))
    doc = t.collect()
    t.named(doc, "/etc/ssh/sshd_config", "nothing within the root")
    t.named(doc, "/home/bob/.ssh/authorized_keys", "nothing within the root")
    t = Trap("links that stay inside")
    t.link("etc/real", "/srv")
    t.put("srv/passwd", BASE["etc/passwd"])
    t.link("etc/passwd", "../etc/real/../srv/passwd")
    doc = t.collect()
    check(f"{t.name}: are followed", len(doc["accounts"]) == 2, doc["accounts"])


def no_files():
    for files in (SYSTEM, OTHERS):
        t = Trap("FIFOs")
        for path in files:
            os.mkfifo(t.path(path))
        doc = t.collect()
        for path in files:
            if path != "etc/os-release":
                t.named(doc, path, "FIFO")
    t = Trap("sockets")
    for path in ("etc/shadow", "home/bob/.ssh/authorized_keys", "etc/sudoers"):
        file = t.path(path)
        s = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(file.parent)
        s.bind(file.name)
        os.chdir(here)
        s.close()
    doc = t.collect()
    t.named(doc, "etc/shadow", "socket")
    t.named(doc, "etc/sudoers", "socket")
    t.named(doc, "authorized_keys", "socket")
    for files in (SYSTEM, OTHERS):
        t = Trap("folders")
        for path in files:
            t.path(path).mkdir()
        doc = t.collect()
        for path in files:
            if path != "etc/os-release":
                t.named(doc, path, "folder")
        t = Trap("devices")
        try:
            for path in files:
                os.mknod(t.path(path), 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
        except PermissionError:
            left_out.append("devices")
            continue
        doc = t.collect()
        for path in files:
            if path != "etc/os-release":
                t.named(doc, path, "device")


def large():
    t = Trap("a passwd of 1 GB")
    with open(t.path("etc/passwd"), "wb") as f:
        f.write(BASE["etc/passwd"].encode())
        f.truncate(1 << 30)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    doc = t.collect()
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    t.named(doc, "/etc/passwd", "a file that is larger")
    check(f"{t.name}: bob is read", [a["name"] for a in doc["accounts"]] == ["root", "bob"], doc["accounts"])
    check(f"{t.name}: memory", after == before or after < MEMORY_MB << 10, after)
    t = Trap("a shadow, an sshd_config, keys, known hosts of 1 GB")
    for path in ("etc/shadow", "etc/ssh/sshd_config", "home/bob/.ssh/authorized_keys", "home/bob/.ssh/known_hosts", "etc/sudoers", "home/bob/.ssh/config"):
        with open(t.path(path), "wb") as f:
            f.truncate(1 << 30)
    doc = t.collect()
    for path in ("etc/shadow", "sshd_config", "authorized_keys", "known_hosts"):
        t.named(doc, path, "larger")
    check(f"{t.name}: without the whole of shadow no password is known", all(a.get("password", "unknown") == "unknown" for a in doc["accounts"]), doc["accounts"])
    t = Trap("many accounts, lines, names")
    t.put("etc/passwd", "".join(f"u{i}:x:{i}:{i}::/home/u{i}:/bin/sh\n" for i in range(60000)))
    t.put("home/u1/.ssh/authorized_keys", "junk\n" * 300000)
    t.put("home/u2/.ssh/authorized_keys", (KEY + "\n") * 40000)
    t.put("home/u3/.ssh/known_hosts", (f"h {KEY}\n") * 30000)
    for i in range(21000):
        t.put(f"home/u4/.ssh/f{i}", "x" * 100)
    doc = t.collect()
    t.named(doc, "u1/.ssh/authorized_keys", "more lines")
    t.named(doc, "u2/.ssh/authorized_keys", "more than")
    t.named(doc, "u3/.ssh/known_hosts", "more than")
    check(f"{t.name}: names in a folder are limited", any("/home/u4/.ssh" in m.get("file", "") for m in doc["missing"]), doc["missing"])


def includes():
    t = Trap("includes that go round")
    t.put("etc/ssh/sshd_config", "Include sshd_config\nInclude sshd_config.d/*\nPermitRootLogin no\n")
    t.put("etc/ssh/sshd_config.d/a", "Include /etc/ssh/sshd_config.d/*\nInclude ../ssh/sshd_config\n")
    t.put("etc/ssh/sshd_config.d/b", "Include /etc/ssh/sshd_config.d/*\n")
    t.put("home/bob/.ssh/config", "Include config\nInclude *\nInclude ~/.ssh/config\nHost x\n User y\n")
    t.put("etc/sudoers", "@include /etc/sudoers\n#includedir /etc/sudoers.d\nbob ALL=(ALL) ALL\n")
    t.put("etc/sudoers.d/a", "@include /etc/sudoers\n@includedir /etc/sudoers.d\n")
    doc = t.collect()
    check(f"{t.name}: sshd's is named", any(m["section"].startswith("sshd") and "include" in m["why"] for m in doc["missing"]), doc["missing"][:9])
    check(f"{t.name}: the clients' is named", any(m["section"] == "ssh_client" and "include each other" in m["why"] for m in doc["missing"]), doc["missing"][:9])
    check(f"{t.name}: sudo's is named", any(m["section"].startswith("sudo") for m in doc["missing"]), doc["missing"][:9])
    check(f"{t.name}: bob's rule is there", any("bob" in r["who"] for r in doc["sudo"]), doc["sudo"])
    t = Trap("patterns that fan out")
    for i in range(12):
        for k in range(12):
            t.put(f"srv/d{i}/e{k}/f", "")
    t.put("etc/ssh/sshd_config", "Include /srv/*/*/*/../../*/*/*/../../*/*/*/../../*/*/*\nInclude /*/*/*/*\n" + "Include /srv/*/*/*\n" * 200 + "Match User " + "*a" * 3000 + "\n PermitTTY no\n")
    t.put("home/bob/.ssh/config", "Include /*/*/*/*/* /usr/*/*/*\n" * 5000)
    t.put("home/bob/.ssh/known_hosts", "".join(f"|1|{'A' * 26}{i % 10}=|{'B' * 27}= {KEY}\n" for i in range(20000)))
    doc = t.collect()
    check(f"{t.name}: still an answer", doc["sshd"], doc["missing"][:5])
    check(f"{t.name}: the time was enough", not any(m["section"] == "time" for m in doc["missing"]), doc["missing"][:5])


def odd_content():
    t = Trap("bytes of all kinds")
    evil = "b\x1b]0;pwned\x07\x1b[31mob"
    t.put("etc/passwd", f"root:x:0:0::/root:/bin/bash\n{evil}:x:1001:1001:\x9b31m\x00:/home/bob:/bin/bash\n".encode("latin-1") + b"\xff\xfe:x:1002:1002::/home/\xff:/bin/sh\nbroken\n:x:1:1:::\nneg:x:-1:0:::\n"
          b"big:x:99999999999999999999:0:::\n+::::::\n" + b"long" * 5000 + b":x:5:5::/:/bin/sh\n" + b"dots:x:6:6::/home/../../../../../..:/bin/sh\nrel:x:7:7::home/bob:/bin/sh\nproc:x:8:8::/proc/self/root:/bin/sh\n")
    t.put("etc/group", b"a\x1b[2Jb:x:1:\xff,x\n" + b"g:x:2:" + b"m," * 30000 + b"\n")
    t.put("etc/hostname", "../../e\x1b[31mtc\n")
    t.put("home/bob/.ssh/authorized_keys", f'command="\x1b[31m" {KEY} \x1b]0;x\x07\n'.encode() + b"\x00\x01\x02\n" + b"\xff" * 100 + b"\n" + b'from="' + b"x," * 5000 + b'" ' + KEY.encode() + b"\n"
          + b"ssh-ed25519 " + b"A" * 200000 + b"\n" + b"ssh-rsa AAAAB3NzaC1yc2H/////\n" + b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAB\n")
    t.put("home/bob/.ssh/known_hosts", b"|1|x|y " + KEY.encode() + b"\n|1|" + b"A" * 5000 + b"|B " + KEY.encode() + b"\n@\x1b[31m a " + KEY.encode() + b"\n\n \n,,, " + KEY.encode() + b"\n")
    t.put("home/bob/.ssh/config", b"Host \x1b[31m\nUser \xff\xfe\nIdentityFile " + b"/x" * 4000 + b"\nIdentityFile ~/../../../../../../../secret\nIdentityFile ../../secret\nPort\nPort=\n\"\n")
    for i, text in enumerate([b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"A" * 5000, b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\xff\n-----END RSA PRIVATE KEY-----\n" + b"x" * 99,
                              b"PuTTY-User-Key-File-3: x\nPublic-Lines: 99999999999\nAAAA\n" + b"y" * 99, b"-----BEGIN PRIVATE KEY-----\nMIT/////\n-----END PRIVATE KEY-----\n" + b"z" * 99,
                              b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA/////w==\n-----END OPENSSH PRIVATE KEY-----\n" + b"z" * 99,
                              b"ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t/////w==\n" + b"c" * 99]):
        t.put(f"home/bob/.ssh/k{i}", text)
    t.put("etc/sudoers", b"\xff\xfe \x1b[31m ALL=(ALL) ALL\nDefaults \"\n%a\\\n\\\n = \nbob ALL = (ALL) NOPASSWD: /bin/\x1b[2J\nUser_Alias A = B\nUser_Alias B = A\nA ALL = ALL\n")
    t.put("etc/ssh/sshd_config", b"\x1b[31m yes\nPermitRootLogin \x1b]0;x\x07\nMatch\nMatch User\nAllowUsers \"\n= =\nBanner \xff\n" + b"AcceptEnv " + b"A " * 40000 + b"\n")
    doc = t.collect()
    check(f"{t.name}: the host's name is none that leads elsewhere", "/" not in doc["host"] and "\x1b" not in doc["host"] and not doc["host"].startswith("."), doc["host"])
    t.named(doc, "/etc/passwd", "a line that is none")
    check(f"{t.name}: the key with a command is read", any(r.get("command") == "\x1b[31m" for r in doc["authorized_keys"]), doc["authorized_keys"][:2])
    check(f"{t.name}: sshd's bad lines are named", any(m["section"] == "sshd.syntax" for m in doc["missing"]))
    t = Trap("deep folders, odd names in homes")
    deep = t.root / "home/bob/.ssh"
    for _ in range(60):
        deep = deep / "d"
    deep.mkdir(parents=True)
    for name in (b"new\nline", b"\x1b[31m", b"\xff\xfe", b"-rf", b"a b"):
        with open(os.fsencode(t.root / "home/bob/.ssh") + b"/" + name, "wb") as f:
            f.write(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n" + b"x" * 60)
    t.link("home/bob/.ssh/out", f"{t.beside}/secret")
    t.link("home/bob/.ssh/round", "round")
    doc = t.collect()
    check(f"{t.name}: each key is found", len(doc["private_keys"]) == 5 and all(k["encrypted"] == "yes" for k in doc["private_keys"]), doc["private_keys"])
    t.named(doc, "/.ssh/out", "nothing within the root")


def with_nobodys_eyes():
    if os.geteuid() != 0:
        left_out.append("nobody")
        return
    t = Trap("missing permissions")
    for path in ("etc/shadow", "home/bob/.ssh/authorized_keys", "etc/ssh/sshd_config"):
        (t.root / path).chmod(0o600)
    t.put("etc/sudoers", "bob ALL=(ALL) ALL\n")
    (t.root / "etc/sudoers").chmod(0o440)
    (t.root / "root").mkdir(mode=0o700)
    doc = t.collect("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    for path in ("etc/shadow", "home/bob/.ssh/authorized_keys", "etc/ssh/sshd_config", "etc/sudoers", "root/.ssh/authorized_keys"):
        t.named(doc, path, "ermission")
    check(f"{t.name}: as_root is no", doc["as_root"] == "no")
    t = Trap("no root at all")
    shutil.rmtree(t.root)
    r = subprocess.run([POSTERN, "privilege", "collect", "--root", t.root], capture_output=True, timeout=60)
    check(f"{t.name}: exit status 3 and a message", r.returncode == 3 and b"cannot open the root" in r.stderr, r.stderr)


def main():
    # openat2(2) is not always there: once more without it, by a filter that strace or seccomp would make, is test_snapshot_below.
    for case in (links, no_files, large, includes, odd_content, with_nobodys_eyes):
        case()
    for what in left_out:
        print(f"left out: {what}: not root here")
    print(f"{len(failures)} failed" if failures else "no hang, no way out, each named")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
