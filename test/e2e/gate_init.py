#!/usr/bin/env python3
"""gate_init.py POSTERN - `postern init gate`: what it writes, what it leaves alone, and that it can be taken back to the byte. Below a folder of our own; and,
as root where namespaces are allowed, on this machine's own /etc under an overlay, with its sshd and PAM."""
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

POSTERN = os.path.abspath(sys.argv[1])
failures = []
SSHD_PAM = """# comment
@include common-auth
account    required     pam_nologin.so
@include common-account
session [success=ok ignore=ignore module_unknown=ignore default=bad]        pam_selinux.so close
session    required     pam_loginuid.so
session    optional     pam_keyinit.so force revoke
@include common-session
@include common-password"""                     # no newline at its end
REDHAT_PAM = """#%PAM-1.0
auth       substack     password-auth
auth       include      postlogin
account    required     pam_sepermit.so
account    required     pam_nologin.so
session    required     pam_selinux.so close
session    required     pam_loginuid.so
"""
SUDO_PAM = "session    required   pam_limits.so\n@include common-auth\n@include common-account\n@include common-session-noninteractive\n"


def expect(ok, what):
    if not ok:
        failures.append(what)
        print(f"FAILED: {what}")


def init(root, *args):
    return subprocess.run([POSTERN, "init", "--root", str(root), *args, "gate"], capture_output=True, text=True, check=False)


def machine(root, pam=SSHD_PAM, sshd="Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"):
    files = {"etc/pam.d/sshd": pam, "etc/pam.d/sudo": SUDO_PAM, "etc/pam.d/su": "auth sufficient pam_rootok.so\n@include common-account\n", "etc/shells": "/bin/sh\n/bin/bash\n",
             "etc/ssh/sshd_config": sshd, "etc/pam.d/other": "@include common-auth\n"}
    for name, text in files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    os.chmod(Path(root, "etc/pam.d/sudo"), 0o640)
    return files


def tree(root):
    return {str(p.relative_to(root)): (p.read_bytes(), p.stat().st_mode) for p in Path(root, "etc").rglob("*") if p.is_file()}


def without_ours(text):
    return [line for line in text.split("\n") if not line.endswith("# postern init gate") and line]


def order(text, *wanted):
    """Each of these begins a line, one somewhere behind the other."""
    at = 0
    for w in wanted:
        m = re.compile(r"^" + w, re.M).search(text, at)
        if not m:
            return False
        at = m.end()
    return True


def whole(pam):
    with tempfile.TemporaryDirectory() as d:
        files, before = machine(d, pam), None
        before = tree(d)
        p = init(d, "--dry-run")
        expect(p.returncode == 0 and tree(d) == before, f"a dry run changed something: {p.stderr}")
        shown = p.stdout
        p = init(d)
        expect(p.returncode == 0 and p.stdout.startswith(shown), f"it did not show what a dry run showed: {p.stdout}{p.stderr}")
        after = tree(d)
        text = after["etc/pam.d/sshd"][0].decode()
        first = pam.split("\n")[1][:8]
        expect(order(text, r"auth +\[success=done ignore=ignore default=die\] pam_postern", re.escape(first), "account requisite pam_postern", r"account +required"), f"PAM's lines: {text}")
        expect(order(text, r"session +required +pam_loginuid", "session requisite pam_postern"), f"the session line stands elsewhere: {text}")
        expect(text.count("pam_postern.so") == 3, "three lines of PAM")
        for name, old in files.items():
            if name != "etc/shells":
                expect(without_ours(after[name][0].decode()) == without_ours(old), f"{name}: other lines were touched")
        expect(after["etc/pam.d/sudo"][1] == before["etc/pam.d/sudo"][1], "the mode of a file changed")
        expect(after["etc/pam.d/other"] == before["etc/pam.d/other"], "a file of others was touched")
        dropin = after["etc/ssh/sshd_config.d/00-postern.conf"][0].decode()
        for line in ("Match Group postern-provider", "AuthenticationMethods publickey,keyboard-interactive:pam", "AuthorizedKeysFile none", "DisableForwarding yes", "Match all"):
            expect(line in dropin, f"the drop-in lacks {line}")
        # what was shown is what a diff of both says
        for name in ("etc/pam.d/sshd", "etc/pam.d/sudo"):
            a, b = before[name][0].decode().splitlines(True), after[name][0].decode().splitlines(True)
            said = "".join(x if x.endswith("\n") else x + "\n\\ No newline at end of file\n" for x in difflib.unified_diff(a, b, "/" + name, "/" + name))
            plus = [x for x in said.split("\n") if x.startswith(("+", "-"))]
            expect(all(x in shown for x in plus), f"the diff of {name} was not shown whole")
        p = init(d)
        expect(p.returncode == 0 and tree(d) == after and "already" in p.stdout, f"a second time changes something: {p.stdout}")
        p = init(d, "--undo", "--dry-run")
        expect(p.returncode == 0 and tree(d) == after and "-account requisite pam_postern.so" in p.stdout, f"undo's dry run: {p.stdout}{p.stderr}")
        p = init(d, "--undo")
        expect(p.returncode == 0 and tree(d) == before, f"undo: {p.stdout}{p.stderr}")
        expect(init(d, "--undo").stdout.startswith("Nothing"), "undo twice")


def changed_since():
    with tempfile.TemporaryDirectory() as d:
        machine(d)
        init(d)
        path = Path(d, "etc/pam.d/sshd")
        path.write_text(path.read_text() + "session optional pam_own.so\n")
        p = init(d, "--undo")
        text = path.read_text()
        expect(p.returncode == 0 and "pam_postern" not in text and text.rstrip("\n").endswith("pam_own.so"), f"an administrator's later line is gone: {text}{p.stderr}")
        expect(SSHD_PAM in text, "undo after a change touched other lines")


def refused():
    for name, sshd in (("UsePAM no", "Include /etc/ssh/sshd_config.d/*.conf\nusepam no\nUsePAM yes\n"), ("no UsePAM", "Include /etc/ssh/sshd_config.d/*.conf\n"), ("no Include", "UsePAM yes\n")):
        with tempfile.TemporaryDirectory() as d:
            machine(d, sshd=sshd)
            before = tree(d)
            p = init(d)
            expect(p.returncode == 3 and tree(d) == before and p.stderr, f"{name}: status {p.returncode}, {p.stderr}")
    with tempfile.TemporaryDirectory() as d:
        machine(d)
        os.rename(Path(d, "etc/pam.d/sshd"), Path(d, "etc/pam.d/elsewhere"))
        os.symlink("elsewhere", Path(d, "etc/pam.d/sshd"))
        p = init(d)
        expect(p.returncode == 3 and Path(d, "etc/pam.d/sshd").is_symlink() and "link" in p.stderr, f"a symbolic link: {p.stderr}")


def own_machine():
    """The real sshd's opinion of the real files."""
    script = f"""set -e
mount -t tmpfs none /mnt; mkdir /mnt/u /mnt/w /mnt/vu /mnt/vw
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w none /etc
mount -t overlay -o lowerdir=/var,upperdir=/mnt/vu,workdir=/mnt/vw none /var
mount -t tmpfs none /run; mkdir /run/sshd
ssh-keygen -A >/dev/null
mkdir /mnt/before; cp -a /etc/pam.d /etc/shells /etc/ssh /mnt/before
{POSTERN} init gate >/mnt/said
usermod -aG postern-provider games
sshd -T -C user=games,host=x,addr=10.0.0.1
echo ==
sshd -T -C user=root,host=x,addr=10.0.0.1 | grep -i -E '^(authorizedkeys|authenticationm|disablef)'
echo ==
printf 'UsePAM no\\n' >/etc/ssh/sshd_config.d/00-a.conf
{POSTERN} init gate && echo ACCEPTED || echo refused
rm /etc/ssh/sshd_config.d/00-a.conf
{POSTERN} init --undo gate >/dev/null
for f in pam.d shells ssh; do diff -r /etc/$f /mnt/before/$f; done && echo SAME
"""
    p = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
    parts = p.stdout.split("==\n")
    expect(p.returncode == 0 and len(parts) == 3, f"on this machine: {p.stdout[-500:]}{p.stderr}")
    if len(parts) != 3:
        return
    for line in ("authenticationmethods publickey,keyboard-interactive:pam", "authorizedkeysfile none", "authorizedkeyscommanduser postern-keys", "disableforwarding yes", "maxsessions 1",
                 "passwordauthentication no", "permituserrc no"):
        expect(line in parts[0], f"sshd does not see for a member: {line}")
    expect("authorizedkeysfile none" not in parts[1] and "disableforwarding no" in parts[1] and "authenticationmethods any" in parts[1], f"others are concerned: {parts[1]}")
    expect("refused" in parts[2] and "UsePAM" in p.stderr, f"UsePAM no is not refused: {parts[2]}{p.stderr}")
    expect("SAME" in parts[2], f"undo leaves something: {parts[2]}{p.stderr}")


whole(SSHD_PAM)
whole(REDHAT_PAM)
changed_since()
refused()
if os.getuid() == 0 and os.path.exists("/usr/sbin/sshd") and subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w && mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w none /etc"],
        capture_output=True, check=False).returncode == 0:
    own_machine()
else:
    print("not tried on this machine's own sshd: that needs root, namespaces and sshd")
print(f"{len(failures)} failures" if failures else "init gate: written, shown, left alone and taken back as it says")
sys.exit(1 if failures else 0)
