#!/usr/bin/env python3
"""postern privilege collect over a real ssh to a real sshd, in namespaces of its own: the answer is the machine's, another host is named when it cannot be reached, nothing of the way back is believed.

usage: privilege_ssh.py POSTERN        (root; 77 otherwise)
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

INSIDE = "POSTERN_PRIVILEGE_SSH_INSIDE"
failures = []


def expect(ok, text):
    print(f"{'ok' if ok else 'FAILED'}: {text}")
    if not ok:
        failures.append(text)


def sh(*argv, **kw):
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, **kw)


def start(d):
    """sshd on the namespace's own loopback, for root by key; the program stands where root's PATH finds it."""
    for name in ("host", "user", "other"):
        sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{d}/{name}", check=True)
    shutil.copy(f"{d}/user.pub", f"{d}/authorized")
    conf = f"{d}/sshd_config"
    open(conf, "w").write(f"Port 22\nListenAddress 127.0.0.1\nHostKey {d}/host\nPidFile {d}/pid\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nAuthorizedKeysFile {d}/authorized\n")
    os.makedirs("/run/sshd", exist_ok=True)
    sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", conf], stderr=open(f"{d}/log", "w"))
    os.makedirs(f"{d}/home/.ssh", 0o700)
    open(f"{d}/home/.ssh/known_hosts", "w").write("web1 " + open(f"{d}/host.pub").read())
    open(f"{d}/home/.ssh/config", "w").write(f"Host web1\n HostName 127.0.0.1\n HostKeyAlias web1\n IdentityFile {d}/user\n IdentitiesOnly yes\nHost locked1\n HostName 127.0.0.1\n HostKeyAlias web1\n IdentityFile {d}/other\n IdentitiesOnly yes\n"
                                             "Host nobody1\n HostName 127.0.0.1\n Port 9\n")
    sh("mount", "--bind", f"{d}/home", "/root", check=True)
    for _ in range(100):
        if "listening" in open(f"{d}/log").read():
            return sshd
        time.sleep(0.05)
    sys.exit(f"sshd did not start: {open(f'{d}/log').read()}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    if os.geteuid() or not os.path.exists("/usr/sbin/sshd") or sh("unshare", "-m", "-n", "true").returncode:
        print("needs root, sshd and namespaces")
        sys.exit(77)
    if not os.environ.get(INSIDE):
        sys.exit(subprocess.run(["unshare", "-m", "-n", "-p", "-f", "--mount-proc", "--kill-child", sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"}, check=False).returncode)
    postern = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="postern-ssh-") as d:
        sh("ip", "link", "set", "lo", "up", check=True)
        sh("mount", "--make-rprivate", "/", check=True)
        sh("mount", "-t", "tmpfs", "none", "/usr/local/bin", check=True)
        shutil.copy(postern, "/usr/local/bin/postern")
        sshd = start(d)
        try:
            for name in ("state", "state2"):
                os.makedirs(f"{d}/{name}", 0o700)
            p = sh(postern, "privilege", "collect", "--host", "web1", "--state", f"{d}/state", "--save")
            expect(p.returncode == 0, f"over ssh: exit {p.returncode} {p.stderr[-300:]}")
            saved = [os.path.join(r, f) for r, _, fs in os.walk(f"{d}/state") for f in fs if f.endswith(".json")]
            expect(len(saved) == 1 and os.stat(saved[0]).st_mode & 0o777 == 0o600, f"kept: {saved}")
            snap = json.load(open(saved[0])) if saved else {}
            here = sh(postern, "privilege", "collect")
            accounts = lambda x: sorted(a["name"] for a in x.get("accounts", ()))
            expect(here.returncode == 0 and "root" in accounts(snap) and accounts(json.loads(here.stdout)) == accounts(snap), "the accounts are the machine's")
            p = sh(postern, "privilege", "collect", "--host", "web1", "--host", "locked1", "--host", "nobody1", "--state", f"{d}/state", "--save")
            expect(p.returncode == 3 and "locked1" in p.stderr and "nobody1" in p.stderr, f"two that cannot be reached are named: {p.returncode} {p.stderr[-400:]}")
            expect(sum(f.endswith(".json") for _, _, fs in os.walk(f"{d}/state") for f in fs) >= 2, "and the third was collected all the same")
            open("/usr/local/bin/postern", "w").write("#!/bin/sh\nprintf '{\"postern-snapshot\":1,\"host\":\"../../etc/x\",\"records\":['; head -c 100000 /dev/zero; echo ']}'\n")
            p = sh(postern, "privilege", "collect", "--host", "web1", "--state", f"{d}/state2", "--save")
            expect(p.returncode == 3 and not os.path.exists("/etc/x") and not any(f.endswith(".json") for _, _, fs in os.walk(f"{d}/state2") for f in fs), f"a hostile answer: {p.returncode} {p.stderr[-300:]}")
        finally:
            sshd.terminate()
            sshd.wait()
    sys.exit(1 if failures else 0)


main()
