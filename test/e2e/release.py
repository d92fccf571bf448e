#!/usr/bin/env python3
"""release.py BINARY - the release gate with real ssh-keygen and real fanotify.

Files without two people's signatures leave a distribution folder; with them they stay. Everything an intruder may try in between.
"""
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BINARY = str(Path(sys.argv[1]).resolve())
PEOPLE = {"anna": "Anna Berg", "bert": "Bert Falk", "carl": "Carl Omm"}
failures, passed = [], 0


def expect(ok, text):
    global passed
    if ok:
        passed += 1
    else:
        failures.append(text)
        print("FAIL", text, flush=True)


class Site:
    """A list with three people, one folder, a quarantine."""

    def __init__(self, tmp, quarantine=None):
        self.dir = Path(tempfile.mkdtemp(dir=tmp))
        self.folder = self.dir / "patches"
        self.stage = self.dir / "stage"
        self.state = self.dir / "state"
        self.quarantine = Path(quarantine) if quarantine else self.dir / "quarantine"
        for d in (self.folder, self.stage, self.state):
            d.mkdir()
        self.list = self.dir / "release.yaml"
        for who in PEOPLE:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(self.dir / who)], check=True)
        self.write_list()

    def key(self, who):
        return (self.dir / f"{who}.pub").read_text().strip()

    def write_list(self, revoked=(), left_out=(), extra=""):
        lines = ["people:"]
        for who, name in PEOPLE.items():
            if who not in left_out:
                lines.append(f'  - {{id: {who}, name: {name}, principal: {who}@mrc.example, keys: ["{self.key(who)}"]'
                             + (", revoked: true}" if who in revoked else "}"))
        lines += [f"folders: [{self.folder}]", "exempt: [SHA256SUMS, '*.index']", f"quarantine: {self.quarantine}", "unfinished: 2s", extra]
        self.list.write_text("\n".join(lines) + "\n")

    def run(self, *argv, **kw):
        return subprocess.run([BINARY, "release", "--list", str(self.list), "--state", str(self.state), *map(str, argv)],
                              capture_output=True, text=True, check=False, timeout=60, **kw)

    def sign(self, path, *who, options=()):
        for w in who:
            r = self.run("sign", "--yes", "--key", self.dir / w, *options, path)
            expect(r.returncode == 0, f"{w} cannot sign {path}: {r.stderr}")

    def staged(self, name, text, *who, options=()):
        path = self.stage / name
        path.write_text(text)
        self.sign(path, *who, options=options)
        return path

    def publish(self, path):
        """Signatures first, then the file under its name at once."""
        for s in sorted(self.stage.glob(f"{path.name}.sig.*")):
            shutil.copy(s, self.folder / s.name)
        os.rename(path, self.folder / path.name)

    def verdict(self, path):
        r = self.run("verify", "--format", "json", path)
        return json.loads(r.stdout)["verdict"] if r.stdout else r.stderr

    def kept(self):
        r = self.run("list", "--format", "json")
        return [json.loads(line) for line in r.stdout.splitlines()]


class Watch:
    def __init__(self, site, *options):
        self.site, self.lines = site, []
        self.p = subprocess.Popen([BINARY, "release", "--list", str(site.list), "--state", str(site.state), *options, "watch"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self.p.stdout.fileno(), False)
        self.text = b""
        self.wait_for(r"watching \d+ folder")

    def wait_for(self, pattern, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if re.search(pattern, self.text.decode(errors="replace")):
                return True
            select.select([self.p.stdout], [], [], 0.2)
            self.text += self.p.stdout.read() or b""
            if self.p.poll() is not None:
                self.text += self.p.stdout.read() or b""
                break
        return bool(re.search(pattern, self.text.decode(errors="replace")))

    def said(self):
        return self.text.decode(errors="replace")

    def end(self, how=signal.SIGTERM):
        if self.p.poll() is None:
            self.p.send_signal(how)
        self.p.wait(30)
        self.p.stdout.close()


def gone(path, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not os.path.lexists(path):
            return True
        time.sleep(0.02)
    return False


# ---- verdicts --------------------------------------------------------------------------------------------------------
def check_signatures(tmp):
    s = Site(tmp)
    f = s.stage / "a.tar.gz"
    f.write_text("patch 1")
    expect(s.verdict(f) == "unsigned", "no signature")
    expect(s.run("verify", f).returncode == 1, "verify's exit status for an unsigned file")
    s.sign(f, "anna")
    expect(s.verdict(f) == "one-signature", "one signature")
    s.sign(f, "anna")
    expect(s.verdict(f) == "one-signature", "the same person twice")
    shutil.copy(s.stage / "a.tar.gz.sig.anna", s.stage / "a.tar.gz.sig.bert")
    expect(s.verdict(f) == "one-signature", "a signature under another's name")
    s.sign(f, "bert")
    r = s.run("verify", f)
    expect(r.returncode == 0 and "Anna Berg" in r.stdout and "Bert Falk" in r.stdout, f"two people: {r.stdout}{r.stderr}")
    f.write_text("patch 2")
    expect(s.verdict(f) == "differs", "tampered with after signing, same size")
    f.write_text("patch 10")
    expect(s.verdict(f) == "differs", "tampered with, another size")
    f.write_text("patch 1")
    other = s.stage / "b.tar.gz"
    shutil.copy(f, other)
    for w in ("anna", "bert"):
        shutil.copy(s.stage / f"a.tar.gz.sig.{w}", s.stage / f"b.tar.gz.sig.{w}")
    expect(s.verdict(other) == "unsigned", "the signatures of another name")
    s.write_list(revoked=("bert",))
    expect(s.verdict(f) == "one-signature", "a revoked person's signature")
    expect(s.run("sign", "-y", "-k", s.dir / "bert", f).returncode == 2, "a revoked person signs")
    s.write_list(left_out=("bert",))
    expect(s.verdict(f) == "one-signature", "a person who left the list")
    s.write_list()
    expect(s.verdict(f) == "signed", "back on the list")
    sub = s.folder / "sub"
    sub.mkdir()
    for p in s.stage.glob("a.tar.gz*"):
        shutil.copy(p, sub / p.name)
    expect(s.verdict(sub / "a.tar.gz") == "unsigned", "signed for another folder")
    check_foreign(s, f)


def manifest(s, who, size=7, sha="0" * 64, until=86400, signed=0, name="c.tar.gz"):
    t = lambda d: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + d))
    return f"postern-release 1\nname: {name}\nfolder: {s.folder}\nsize: {size}\nsha256: {sha}\nsigned: {t(signed)}\nuntil: {t(signed + until)}\nsigner: {who}\n"


def forge(s, who, key, text, name="c.tar.gz", namespace="postern-release", header=None):
    r = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", str(s.dir / key), "-n", namespace], input=text, capture_output=True, text=True, check=True)
    (s.stage / f"{name}.sig.{who}").write_text((header or text) + r.stdout)


def check_foreign(s, good):
    """Signatures made by ssh-keygen itself, not by Postern."""
    import hashlib
    f = s.stage / "c.tar.gz"
    f.write_text("patch 1")
    sha = hashlib.sha256(b"patch 1").hexdigest()
    forge(s, "anna", "anna", manifest(s, "anna", sha=sha))
    for what, args in {
        "a key of nobody's on the list for bert": dict(key="anna", text=manifest(s, "bert", sha=sha)),
        "another namespace": dict(key="bert", text=manifest(s, "bert", sha=sha), namespace="file"),
        "expired": dict(key="bert", text=manifest(s, "bert", sha=sha, signed=-7200, until=3600)),
        "signed in the future": dict(key="bert", text=manifest(s, "bert", sha=sha, signed=7200, until=86400)),
        "for longer than allowed": dict(key="bert", text=manifest(s, "bert", sha=sha, until=31 * 86400)),
        "for another signer": dict(key="bert", text=manifest(s, "carl", sha=sha)),
        "a manifest that was changed": dict(key="bert", text=manifest(s, "bert", sha="1" * 64), header=manifest(s, "bert", sha=sha)),
        "lines behind the manifest": dict(key="bert", text=manifest(s, "bert", sha=sha) + "extra: x\n"),
    }.items():
        forge(s, "bert", **args)
        expect(s.verdict(f) == "one-signature", f"{what}: {s.verdict(f)}")
    forge(s, "bert", key="bert", text=manifest(s, "bert", size=8, sha=sha))
    expect(s.verdict(f) == "differs", "two people signed different sizes")
    forge(s, "bert", key="bert", text=manifest(s, "bert", sha=sha))
    expect(s.verdict(f) == "signed", "ssh-keygen's own signature over the documented manifest")
    check_certificate(s, f, sha)


def check_certificate(s, f, sha):
    """A certificate by a key of the list is nobody's key; one key for two people, patterns and authorities are refused with the list."""
    text = s.list.read_text()
    for what, new in {
        "one key for two people": text.replace(s.key("bert"), s.key("anna")),
        "the same key with another comment": text.replace(s.key("bert"), s.key("anna").rsplit(" ", 1)[0] + " other"),
        "a pattern as principal": text.replace("bert@mrc.example", "*@mrc.example"),
        "a list of principals": text.replace("principal: bert@mrc.example", "principal: 'bert@mrc.example,anna@mrc.example'"),
        "an authority": text.replace(s.key("bert"), "cert-authority " + s.key("bert")),
        "one principal twice": text.replace("bert@mrc.example", "anna@mrc.example"),
        "one name twice": text.replace("Bert Falk", "Anna Berg"),
        "an exemption of everything": text.replace("SHA256SUMS", "'*'"),
        "a quarantine in the folder": text.replace(f"quarantine: {s.quarantine}", f"quarantine: {s.folder}/q"),
        "an unknown key": text + "needed: 1\n",
    }.items():
        expect(new != text, f"the list was not changed for: {what}")
        s.list.write_text(new)
        expect(s.run("verify", f).returncode == 2, f"the list is taken with {what}")
    s.list.write_text(text)
    s.list.chmod(0o666)
    expect(s.run("verify", f).returncode == 2, "a list everybody may write is taken")
    s.list.chmod(0o644)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(s.dir / "mallory")], check=True)
    subprocess.run(["ssh-keygen", "-q", "-s", str(s.dir / "bert"), "-I", "x", "-n", "bert@mrc.example", str(s.dir / "mallory.pub")], check=True)
    shutil.copy(s.dir / "mallory-cert.pub", s.dir / "mallory.pub")
    r = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", str(s.dir / "mallory-cert.pub"), "-n", "postern-release"], input=manifest(s, "bert", sha=sha),
                       capture_output=True, text=True, check=False)
    if r.returncode == 0:
        (s.stage / "c.tar.gz.sig.bert").write_text(manifest(s, "bert", sha=sha) + r.stdout)
        expect(s.verdict(f) == "one-signature", "a certificate signed by a key of the list")


# ---- the folder --------------------------------------------------------------------------------------------------------
def check_watch(tmp, options, fan):
    s = Site(tmp)
    w = Watch(s, "--enforce", *options)
    try:
        expect(("with fanotify" in w.said()) == fan, f"told how it watches: {w.said()}")
        s.publish(s.staged("good.deb", "good", "anna", "bert"))
        expect(w.wait_for(r"accepted \S+/good\.deb: signed by anna and bert"), "a good file is accepted")
        (s.folder / "SHA256SUMS").write_text("x")
        evil = s.folder / "evil.deb"
        evil.write_text("evil")
        expect(gone(evil), "an unsigned file stays")
        s.publish(s.staged("one.deb", "one", "anna"))
        expect(gone(s.folder / "one.deb"), "a file with one signature stays")
        check_kinds(s)
        check_changed(s, w)
        check_folders(s)
        expect((s.folder / "SHA256SUMS").exists(), "an exempt file was taken")
        expect(w.p.poll() is None, "the watch ended")
    finally:
        w.end()
    check_records(s, fan)


def check_kinds(s):
    outside = s.dir / "outside"
    outside.write_text("x")
    names = {"link": lambda p: os.symlink("/etc/passwd", p), "pipe": os.mkfifo, "hard": lambda p: os.link(outside, p),
             "socket": lambda p: os.mknod(p, stat.S_IFSOCK | 0o600), "new\nline": lambda p: Path(p).write_text("x"),
             "\x1b[2Jred": lambda p: Path(p).write_text("x"), "n" * 255: lambda p: Path(p).write_text("x"),
             "payload.sig.anna": lambda p: Path(p).write_text("#!/bin/sh\n"), "SHA256SUMS.evil": lambda p: Path(p).write_text("x"),
             "bytes\udcff": lambda p: Path(p).write_text("x")}
    for name, make in names.items():
        make(str(s.folder / name))
        expect(gone(s.folder / name), f"{name!r} stays")
    expect(outside.exists(), "a hard link's other name was touched")
    big = s.folder / "big.iso"
    with open(big, "wb") as f:
        f.truncate(1 << 42)
    expect(gone(big), "a file of 4 TB stays")


def check_changed(s, w):
    good = s.folder / "good.deb"
    expect(good.exists(), "the good file is there")
    with open(good, "r+") as f: # in place, and kept open
        f.write("ev")
        f.flush()
        expect(gone(good), "a released file that is written to stays while it is open")
    s.publish(s.staged("next.deb", "next", "anna", "bert"))
    expect(w.wait_for("accepted \\S+/next.deb"), "accepted again")
    s.publish(s.staged("next.deb", "newer", "anna", "bert"))
    expect(w.wait_for("(?s)accepted \\S+/next.deb.*accepted \\S+/next.deb"), "a new version with new signatures is accepted")
    os.link(s.folder / "next.deb", s.dir / "second-name")
    (s.folder / "next.deb").touch()
    with open(s.dir / "second-name", "a") as f:
        f.write("evil")
    # no event tells of a write by another name: the next look does (SIGHUP, each rescan)
    w.p.send_signal(signal.SIGHUP)
    expect(gone(s.folder / "next.deb"), "a file with a second name stays")
    path = s.staged("slow.deb", "slowly", "anna", "bert")
    for sig in s.stage.glob("slow.deb.sig.*"):
        shutil.copy(sig, s.folder / sig.name)
    with open(s.folder / "slow.deb", "w") as f: # announced by two signatures: may be written for a while
        f.write("slow")
        f.flush()
        time.sleep(0.5)
        expect((s.folder / "slow.deb").exists(), "a file that is being delivered was taken")
        f.write("ly")
    expect(w.wait_for("accepted \\S+/slow.deb"), "accepted when it was whole")
    os.rename(path, s.stage / "slow2.deb")
    s.sign(s.stage / "slow2.deb", "anna", "bert")
    for sig in s.stage.glob("slow2.deb.sig.*"):
        shutil.copy(sig, s.folder / sig.name)
    with open(s.folder / "slow2.deb", "w") as f: # never closed
        f.write("evil")
        f.flush()
        expect(gone(s.folder / "slow2.deb"), "a file that is held open for ever stays")


def check_folders(s):
    deep = s.folder / "x" / "y"
    deep.mkdir(parents=True)
    time.sleep(0.3)
    (deep / "evil").write_text("x")
    expect(gone(deep / "evil"), "an unsigned file in a new folder stays")
    made = s.dir / "made"
    (made / "z").mkdir(parents=True)
    (made / "z" / "evil").write_text("x")
    os.rename(made, s.folder / "made")
    expect(gone(s.folder / "made" / "z" / "evil"), "an unsigned file in a folder that was moved in stays")
    os.rename(s.folder / "x", s.folder / "renamed")
    time.sleep(0.3)
    (s.folder / "renamed" / "y" / "evil").write_text("x")
    expect(gone(s.folder / "renamed" / "y" / "evil"), "an unsigned file in a renamed folder stays")


def check_records(s, fan):
    kept = s.kept()
    by_name = {k["record"].get("name"): k["record"] for k in kept}
    expect(len(kept) >= 15 and all(k["there"] for k in kept), f"{len(kept)} files in quarantine")
    for name in ("evil.deb", "new%0Aline", "%1B[2Jred", "bytes%FF"):
        expect(name in by_name, f"{name} is not listed: {sorted(filter(None, by_name))}")
    evil = by_name.get("evil.deb", {})
    expect(evil.get("verdict") == "unsigned", f"why: {evil}")
    if fan:
        expect(evil.get("by_process") is True and evil.get("pid") == os.getpid() and "release.py" in evil.get("command", ""), f"who: {evil}")
    text = s.run("list").stdout
    expect("\x1b" not in text and "new%0Aline" in text, "the list drives the terminal")
    r = subprocess.run([BINARY, "log", "--state", str(s.state), "verify"], capture_output=True, text=True, check=False)
    expect(r.returncode == 0 and "whole" in r.stdout, f"the audit log: {r.stdout}{r.stderr}")
    log = (s.state / "audit.log").read_text()
    expect(log.count('"action":"release-quarantine"') == len(kept), "a record of the audit log for each")


# ---- back, dry run, list ----------------------------------------------------------------------------------------------------
def check_back(tmp):
    s = Site(tmp)
    evil = s.folder / "late.deb"
    evil.write_text("late")
    r = s.run("--once", "watch")
    expect(r.returncode == 1 and evil.exists() and "dry run" in r.stdout, f"a dry run: {r.stdout}{r.stderr}")
    expect(s.kept() == [], "a dry run fills the quarantine")
    r = s.run("--once", "--enforce", "watch")
    expect(r.returncode == 1 and not evil.exists(), "what lay there before stays")
    ident = s.kept()[0]["id"]
    expect(s.run("restore", ident).returncode == 1 and not evil.exists(), "an unsigned file is restored")
    expect(s.run("--to", s.folder / "other", "restore", ident).returncode == 1, "it gets back by --to")
    s.staged("late.deb", "late", "anna", "bert")
    for sig in s.stage.glob("late.deb.sig.*"):
        shutil.copy(sig, s.folder / sig.name)
    r = s.run("restore", ident)
    expect(r.returncode == 0 and evil.read_text() == "late", f"a file that is signed by now is restored: {r.stderr}")
    expect(s.run("--once", "--enforce", "watch").returncode == 0 and evil.exists(), "and stays")
    for name in ("a", "b"):
        (s.folder / name).write_text(name)
    s.run("--once", "--enforce", "watch")
    a, b = (next(k["id"] for k in s.kept() if k["record"]["name"] == n) for n in ("a", "b"))
    r = s.run("--to", s.stage / "a", "restore", a)
    expect(r.returncode == 0 and (s.stage / "a").read_text() == "a", f"--to: {r.stderr}")
    expect(s.run("delete", b).returncode == 0 and s.kept() == [], "delete")
    expect(s.run("delete", b).returncode == 2 and s.run("delete", "../../etc/passwd").returncode == 2, "ids that are not there")
    log = (s.state / "audit.log").read_text()
    expect(log.count("release-restore") >= 4 and log.count("release-delete") >= 2, "restoring and deleting stand in the audit log")


def check_list_anew(tmp):
    s = Site(tmp)
    s.publish(s.staged("p.deb", "p", "anna", "bert"))
    w = Watch(s, "--enforce")
    try:
        r = s.run("--once", "--enforce", "watch")
        expect(r.returncode == 3 and "another postern release watch" in r.stderr, f"two that move: {r.stderr}")
        s.list.write_text("people: {")
        w.p.send_signal(signal.SIGHUP)
        expect(w.wait_for("the new release list is not taken"), "a wrong list is told")
        expect((s.folder / "p.deb").exists(), "a wrong list takes files")
        s.write_list(revoked=("anna",))
        w.p.send_signal(signal.SIGHUP)
        expect(gone(s.folder / "p.deb"), "a revoked person's release stays")
    finally:
        w.end()


# ---- races ---------------------------------------------------------------------------------------------------------------------
def check_replaced(tmp):
    """Good and evil change places as fast as they can: whatever ends under the name is judged in the end, and nothing is lost."""
    s = Site(tmp)
    w = Watch(s, "--enforce")
    total = 40
    try:
        s.staged("r.deb", "good!", "anna", "bert")
        for sig in s.stage.glob("r.deb.sig.*"):
            shutil.copy(sig, s.folder / sig.name)
        for i in range(total):
            (s.stage / "evil").write_text(f"evi{i:02}")
            shutil.copy(s.stage / "r.deb", s.stage / "copy")
            os.rename(s.stage / "copy", s.folder / "r.deb")
            os.rename(s.stage / "evil", s.folder / "r.deb")
        expect(gone(s.folder / "r.deb"), "an evil file that replaced a good one stays")
        # signatures that are replaced while they are read: never two valid ones
        for i in range(total):
            (s.folder / "t.deb").write_text("t")
            for who in ("anna", "bert"):
                shutil.copy(s.stage / f"r.deb.sig.{who}", s.folder / f"t.deb.sig.{who}")
        expect(gone(s.folder / "t.deb"), "a file with another's signatures stays")
    finally:
        w.end()
    expect("accepted" not in "".join(x for x in w.said().splitlines() if "t.deb" in x), "accepted with another's signatures")


def check_kill(tmp, quarantine, rounds=12):
    """SIGKILL while files are being moved: each is in the folder or in quarantine, whole."""
    s = Site(tmp, quarantine)
    size = 200_000
    made, partly = {}, 0
    (s.folder / "first").write_bytes(b"f" * size)
    began = time.monotonic()
    s.run("--once", "--enforce", "watch")
    usual = time.monotonic() - began
    for i in range(rounds):
        for k in range(6):
            name = f"k{i}-{k}"
            made[name] = bytes([i * 6 + k & 255]) * size
            (s.folder / name).write_bytes(made[name])
        p = subprocess.Popen([BINARY, "release", "--list", str(s.list), "--state", str(s.state), "--enforce", "--once", "watch"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(usual * (0.4 + 1.2 * i / rounds)) # somewhere in its work, wherever that is on this machine
        p.kill()
        p.wait()
        partly += 0 < len([n for n in os.listdir(s.folder) if n.startswith(f"k{i}-") or n.startswith(".postern")]) < 6
    expect(s.run("--once", "--enforce", "watch").returncode in (0, 1), "after the kills")
    left = os.listdir(s.folder)
    expect(not left, f"left in the folder: {left}")
    contents = [(s.quarantine / f).read_bytes() for f in os.listdir(s.quarantine) if f.endswith(".file")]
    expect(len(contents) == len(made) + 1, f"{len(contents)} files in quarantine of {len(made) + 1}")
    lost = [n for n, c in made.items() if c not in contents]
    expect(not lost, f"lost: {lost}")
    expect(not [f for f in os.listdir(s.quarantine) if f.endswith(".file") and (s.quarantine / f).stat().st_size != size], "a part of a file")
    names = os.listdir(s.quarantine)
    expect(len(names) == 2 * len(contents), f"left of interrupted moves: {[n for n in names if not n.endswith(('.json', '.file'))]}")
    r = subprocess.run([BINARY, "log", "--state", str(s.state), "verify"], capture_output=True, text=True, check=False)
    expect(r.returncode == 0, f"the audit log after kills: {r.stdout}")
    return partly


def check_full(tmp):
    """A quarantine on a full filesystem: moved into nothing, a file is at least nobody's to read, and said loudly."""
    mount = Path(tempfile.mkdtemp(dir=tmp))
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(mount)], capture_output=True, check=False).returncode:
        print("skipped: a full quarantine (mount is not permitted)")
        return
    try:
        s = Site(tmp, mount / "q")
        f = s.folder / "large"
        f.write_bytes(b"x" * 300_000)
        r = s.run("--once", "--enforce", "watch")
        sparse = s.folder / "sparse"
        with open(sparse, "wb") as x:
            x.truncate(1 << 42)
        expect("too large" in s.run("--once", "--enforce", "watch").stdout and sparse.stat().st_mode & 0o777 == 0, "4 TB that cannot be copied")
        expect("NOT MOVED" in r.stdout, f"a full quarantine: {r.stdout}")
        expect(f.exists() and f.stat().st_mode & 0o777 == 0 and f.stat().st_size == 300_000, "the file is whole, and locked")
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def check_hostile_arguments(tmp):
    s = Site(tmp)
    for name in ("x" * 10_000, "a/" * 2000 + "b", "..", ".", "/", "no/such", "\x1b[31m"):
        r = s.run("verify", s.folder / name if name != "/" else "/")
        expect(r.returncode in (1, 3) and "\x1b" not in r.stderr + r.stdout, f"verify {name[:20]!r}: {r.returncode} {r.stderr[:80]!r}")
    expect(s.run("sign", "-k", s.dir / "anna", s.list).returncode in (1, 2, 3), "signing without being asked")
    expect(not list(s.dir.glob("release.yaml.sig*")), "signed although nobody agreed")
    nobody = s.stage / "n"
    nobody.write_text("n")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(s.dir / "eve")], check=True)
    expect(s.run("sign", "-y", "-k", s.dir / "eve", nobody).returncode == 2, "a key of nobody's signs")


def check_agent(tmp):
    s = Site(tmp)
    agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    env = dict(os.environ) | dict(re.findall(r"(SSH_\w+)=([^;]+);", agent))
    try:
        subprocess.run(["ssh-add", "-q", str(s.dir / "anna")], env=env, check=True, capture_output=True)
        (s.dir / "anna").unlink()
        f = s.stage / "x"
        f.write_text("x")
        r = s.run("sign", "-y", "-k", s.dir / "anna.pub", f, env=env)
        expect(r.returncode == 0 and s.verdict(f) == "one-signature", f"with an agent: {r.stderr}")
    finally:
        os.kill(int(env["SSH_AGENT_PID"]), signal.SIGTERM)


def check_scan(tmp):
    """postern scan makes a finding of the distribution stage of the very lines."""
    s = Site(tmp)
    (s.folder / "evil.deb").write_text("x")
    line = next(x for x in s.run("--once", "watch").stdout.splitlines() if "refused" in x)
    log = s.dir / "auth.log"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    log.write_text(f"{stamp} patch1 {line.replace('postern-release:', 'postern-release[77]:')}\n")
    r = subprocess.run([BINARY, "scan", "--format", "json", str(log)], capture_output=True, text=True, check=False)
    found = [json.loads(x) for x in r.stdout.splitlines()]
    mine = [x for x in found if "postern.release-refused" in json.dumps(x)]
    expect(mine and "evil.deb" in json.dumps(mine) and "distribution" in r.stdout, f"scan: {r.stdout[:500]}{r.stderr}")


def main():
    if os.geteuid() != 0:
        print("skipped: the release gate's tests need root (fanotify, leases)")
        return 0
    with tempfile.TemporaryDirectory(prefix="postern-release-") as tmp:
        check_signatures(tmp)
        check_watch(tmp, (), fan=True)
        check_watch(tmp, ("--inotify",), fan=False)
        check_back(tmp)
        check_list_anew(tmp)
        check_replaced(tmp)
        between = check_kill(tmp, None)
        other = tempfile.mkdtemp(dir="/dev/shm") if os.path.isdir("/dev/shm") else None
        if other and os.stat(other).st_dev != os.stat(tmp).st_dev:
            between += check_kill(tmp, other + "/q")
            print(f"killed 24 times, {between} times amid moving")
        else:
            print("skipped: a quarantine on another filesystem (there is none)")
        if other:
            shutil.rmtree(other)
        check_full(tmp)
        check_hostile_arguments(tmp)
        check_agent(tmp)
        check_scan(tmp)
    print(f"release: {passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
