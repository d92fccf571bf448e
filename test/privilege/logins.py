"""Truth about logins: which key or certificate opens which account from which address, found by logging in."""
import concurrent.futures
import os
import re
import shutil

from hosts import BASE, must, sh

OPTIONS = ["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "LogLevel=DEBUG1",
           "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "ConnectTimeout=20", "-o", "PreferredAuthentications=publickey", "-o", "KexAlgorithms=curve25519-sha256"]
WORKERS = 24                                # sshd lets who fails wait: most of a try is waiting


class Credentials:
    """What one may log in with: name -> file. Keys, certificates, what somebody with an authority's key could sign."""

    def __init__(self, keys, principals):
        self.file, self.by_blob = {}, {}
        plain = f"{BASE}/plain"
        os.makedirs(plain, mode=0o700)
        for name in keys.names:
            if name.startswith("ca-"):
                forged = f"{plain}/forged-{name}"
                must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", forged)
                must("ssh-keygen", "-q", "-s", keys.path(name), "-I", "forged", "-n", ",".join(principals[:255]), forged + ".pub")
                self.file[f"forged-{name}"] = forged
            shutil.copy(keys.path(name), f"{plain}/{name}")
            sh("ssh-keygen", "-q", "-p", "-P", "nobody knows", "-N", "", "-f", f"{plain}/{name}")
            self.file[name] = f"{plain}/{name}"
            self.by_blob[keys.blob(name)] = name
        for name in os.listdir(keys.dir):
            if name.endswith("-cert.pub"):
                name = name[:-len("-cert.pub")]
                for end in ("", ".pub", "-cert.pub"):
                    shutil.copy(keys.path(name) + end, f"{plain}/{name}{end}")
                self.file[name] = f"{plain}/{name}"


def one(source, target, account, file, command="echo in-as-$(id -un)"):
    """One try with these files: (the file that was accepted last or "", logged in and ran the command)."""
    argv = ["nsenter", "-t", str(source.pid), "-n", "/usr/bin/ssh", *OPTIONS]
    for f in file:
        argv += ["-i", f]
    p = sh(*argv, "-l", account, target.address, command, timeout=90)
    accepted = re.findall(r"Server accepts key: (\S+)", p.stderr)
    if p.returncode == 124 or "Connection refused" in p.stderr or "kex_exchange" in p.stderr or "timed out" in p.stderr:
        raise SystemExit(f"{source.name} -> {account}@{target.name}: {p.stderr[-600:]}")
    return accepted[-1] if accepted else "", p.returncode == 0 and f"in-as-{account}" in p.stdout


def opens(credentials, source, target, account):
    """All credentials that open the account from there: each accepted one is taken out and the others are tried again."""
    rest, found = dict(credentials), set()
    while rest:
        accepted, ran = one(source, target, account, rest.values())
        name = next((n for n, f in rest.items() if f == accepted), None)
        if name is None:
            return found
        del rest[name]
        if ran:
            found.add(name)
    return found


def blank(source, target, account):
    """A login with an empty password, or with nothing at all."""
    askpass = f"{BASE}/askpass"
    if not os.path.exists(askpass):
        with open(askpass, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\necho\n")
        os.chmod(askpass, 0o755)
    argv = ["nsenter", "-t", str(source.pid), "-n", "env", f"SSH_ASKPASS={askpass}", "SSH_ASKPASS_REQUIRE=force", "/usr/bin/ssh"]
    options = [o.replace("BatchMode=yes", "NumberOfPasswordPrompts=1").replace("Authentications=publickey", "Authentications=none,password,keyboard-interactive") for o in OPTIONS]
    p = sh(*argv, *options, "-l", account, target.address, "echo in-as-$(id -un)", timeout=90)
    return p.returncode == 0 and f"in-as-{account}" in p.stdout


def matrix(credentials, sources, targets):
    """{(source, host, account): credentials}; "" among them: without any."""
    jobs = [(s, h, a) for s in sources for h, a in targets]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda j: opens(credentials, *j), jobs))
    return {(s.name, h.name, a): f for (s, h, a), f in zip(jobs, found) if f}
