#!/usr/bin/env python3
"""privilege_sshd.py BINARY - sshd's settings as Postern reads them out of a root, beside what sshd -T says of the same files.

Configurations are made up; each is put in place of /etc/ssh in a private mount namespace, where sshd is asked for everybody and for each account.
Needs root and sshd; says so and ends well without.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

POSTERN = Path(sys.argv[1]).resolve()
PASSWD = "root:x:0:0::/root:/bin/bash\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\nbob:x:1001:1001::/home/bob:/bin/bash\nprov:x:1002:1002::/home/prov:/bin/bash\n" \
    "eve:x:1003:100::/home/eve:/bin/sh\n"
GROUP = "root:x:0:\nusers:x:100:\nbob:x:1001:\nprov:x:1002:\npostern-provider:x:1010:prov,eve\nwheel:x:1011:bob\n"
USERS = ["root", "bob", "prov", "eve"]
CONFIGS = {
    "empty": {"sshd_config": ""},
    "plain": {"sshd_config": "PermitRootLogin prohibit-password\npasswordauthentication no\nPasswordAuthentication yes\nLogLevel verbose\nLoginGraceTime 2m\nClientAliveInterval 1h30m\n"},
    "equals and quotes": {"sshd_config": 'Port=2222\nPermitRootLogin = no\nAuthorizedKeysFile ".ssh/a b" /etc/keys/%u\nForceCommand echo "a  b" # no comment\nBanner "/etc/issue net"\n\tMaxSessions\t3 # three\n'},
    "lists": {"sshd_config": "AllowUsers bob root\nAllowUsers prov@10.0.0.0/8\nDenyGroups x y\nAcceptEnv A B\nAcceptEnv C\nAuthenticationMethods publickey,keyboard-interactive:pam password\n"
              "Port 22\nPort 2200\nListenAddress 10.0.0.1\nListenAddress [::1]:2222\nHostKey /etc/ssh/ssh_host_ed25519_key\nSubsystem sftp internal-sftp -f AUTH -l INFO\n"},
    "algorithms": {"sshd_config": "Ciphers -aes128*,chacha20*\nMACs ^hmac-sha2-512\nPubkeyAcceptedAlgorithms +ssh-rsa\nHostKeyAlgorithms ssh-ed25519\nPubkeyAcceptedKeyTypes ssh-rsa\n"
                   "CASignatureAlgorithms -rsa*\n"},
    "provider": {"sshd_config": "UsePAM yes\nMatch Group postern-provider\n AuthenticationMethods publickey,keyboard-interactive:pam\n PasswordAuthentication no\n AuthorizedKeysFile none\n"
                 " AuthorizedKeysCommand /usr/bin/postern sshd-keys %u %f %t %k\n AuthorizedKeysCommandUser postern-keys\n DisableForwarding yes\n PermitUserRC no\n MaxSessions 1\n"
                 "Match all\n X11Forwarding yes\n"},
    "first block wins": {"sshd_config": "MaxAuthTries 4\nMatch User bob\n MaxAuthTries 2\n X11Forwarding yes\nMatch Group wheel\n MaxAuthTries 9\n AllowTcpForwarding local\nMatch User *,!root\n PermitTTY no\n"},
    "negation": {"sshd_config": "Match User !bob,*\n PermitTTY no\nMatch Group !wheel,*\n X11Forwarding yes\nMatch User b?b,r*t Group root,wheel\n MaxSessions 7\n"},
    "by connection": {"sshd_config": "Match Address 10.0.0.0/8\n PasswordAuthentication no\nMatch Host *.example User bob\n PermitTTY no\nMatch LocalAddress 10.0.0.1\n X11Forwarding yes\n"},
    "include first": {"sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nX11Forwarding yes\n",
                      "sshd_config.d/10-a.conf": "PermitRootLogin no\nMatch User bob\n PermitTTY no\n", "sshd_config.d/20-b.conf": "X11Forwarding no\n",
                      "sshd_config.d/.hidden.conf": "MaxSessions 1\n", "sshd_config.d/30-c": "MaxSessions 2\n"},
    "include in a block": {"sshd_config": "Match User bob\n Include one.conf\n PermitTTY no\nMatch User prov\n Include /etc/ssh/two.conf\nMatch all\n MaxAuthTries 3\n",
                           "one.conf": "MaxSessions 2\nMatch User root\n MaxSessions 4\n", "two.conf": "Match all\n X11Forwarding yes\n MaxSessions 5\n"},
    "nested includes": {"sshd_config": "Include a.conf b.conf\nMaxSessions 8\n", "a.conf": "Include c.conf\nMatch Group postern-provider\n PermitTTY no\n Include d.conf\n",
                        "b.conf": "Match all\n GatewayPorts clientspecified\n", "c.conf": "PermitTunnel point-to-point\nMatch User eve\n PermitTTY yes\n", "d.conf": "MaxSessions 3\n"},
    "old words": {"sshd_config": "ChallengeResponseAuthentication yes\nKbdInteractiveAuthentication no\nUsePrivilegeSeparation sandbox\nCompression delayed\nAllowTcpForwarding all\n"
                  "PermitRootLogin without-password\nIgnoreRhosts shosts-only\n"},
    "tokens": {"sshd_config": "ChrootDirectory /srv/%u\nForceCommand internal-sftp\nSetEnv A=1 B=2\nPermitOpen host:22 10.0.0.1:*\nPermitListen 8080\nRekeyLimit 1G 1h\nIPQoS af21 cs1\n"
               "PubkeyAuthOptions touch-required verify-required\nUnusedConnectionTimeout 30\nPermitUserEnvironment yes\nPerSourceNetBlockSize 24:64\nMaxStartups 5:20:50\nStreamLocalBindMask 0117\n"},
    "match all in front": {"sshd_config": "Match all\n PermitTTY no\n MaxSessions 3\nMatch User bob\n MaxSessions 4\nMatch User=prov\n MaxAuthTries 1\n"},
}
# A time to sshd, a network mask ...: printed by sshd in a form that depends on its version, of no matter here.
SKIP = {"rekeylimit", "ipqos"}
failures = []


def make_random(seed):
    """Blocks and includes in any order."""
    r = random.Random(seed)
    settings = ["PermitTTY no", "X11Forwarding yes", "MaxSessions 1", "MaxSessions 2", "MaxAuthTries 3", "PasswordAuthentication no", "AllowTcpForwarding remote", "AcceptEnv A", "AcceptEnv B C",
                "AllowUsers bob", "DenyUsers eve", "PermitRootLogin no", "PermitRootLogin yes", "AuthorizedKeysFile .ssh/x", "Banner none", "GatewayPorts yes", "LogLevel DEBUG1"]
    matches = ["User bob", "User prov,eve", "Group postern-provider", "Group wheel,root", "all", "User *", "Group !wheel,*", "User bob Group wheel", "Address 10.0.0.0/8"]
    names = ["a.conf", "b.conf", "c.conf", "d.conf"]
    files = {}
    for i, name in enumerate(["sshd_config"] + names):
        lines = []
        for _ in range(r.randint(2, 9)):
            k = r.random()
            if k < 0.55:
                lines.append(r.choice(settings))
            elif k < 0.8:
                lines.append("Match " + r.choice(matches))
            elif names[i:]:
                lines.append("Include " + r.choice(names[i:]))
        files[name] = "\n".join(lines) + "\n"
    return files


def write_root(root, files):
    for folder in ("etc/ssh", "usr/sbin", "home"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/group").write_text(GROUP)
    (root / "usr/sbin/sshd").write_text("")
    shutil.copy("/etc/ssh/ssh_host_ed25519_key", root / "etc/ssh/ssh_host_ed25519_key")
    for name, text in files.items():
        path = root / "etc/ssh" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def ask_sshd(root, live=False):
    """{user or "": [(name, value)]}; None: sshd refuses the files. live: and what Postern says of that machine, where it asks sshd itself."""
    script = ["mount --make-rprivate /", f"mount --bind {root}/etc/ssh /etc/ssh", f"mount --bind {root}/etc/passwd /etc/passwd", f"mount --bind {root}/etc/group /etc/group",
              "mount -t tmpfs t /run", "mkdir -m 755 /run/sshd", "echo '== '; /usr/sbin/sshd -T || exit 9"]
    script += [f"echo '== {u}'; /usr/sbin/sshd -T -C user={u},host=,addr= || exit 9" for u in USERS]
    if live:
        script.append(f"{POSTERN} privilege collect --output {root}/live.json")
    r = subprocess.run(["unshare", "-m", "sh", "-c", " && ".join(script[:6]) + "\n" + "\n".join(script[6:])], capture_output=True, text=True, timeout=60)
    if r.returncode == 9:
        return None, r.stderr
    assert r.returncode == 0, r.stderr
    said, user = {}, None
    for line in r.stdout.splitlines():
        if line.startswith("== "):
            user = line[3:]
            said[user] = []
        else:
            name, _, value = line.partition(" ")
            said[user].append((name, value))
    return said, ""


def ask_postern(root, live):
    if live:
        text = (root / "live.json").read_text()
    else:
        r = subprocess.run([POSTERN, "privilege", "collect", "--root", root], capture_output=True, text=True, timeout=60)
        assert r.returncode == 0, r.stderr
        text = r.stdout
    doc = json.loads(text)
    if live and (doc["live"] != "yes" or any(m["section"] == "sshd.test" for m in doc["missing"])):
        failures.append(f"live: sshd was not asked: {doc['missing']}")
    rows = {"": {}}
    for row in doc["sshd"]:
        rows.setdefault(row.get("account", ""), {}).setdefault(row["name"], []).append(row.get("value", ""))
    return rows


def compare(name, files, may_refuse=False, live=False):
    with tempfile.TemporaryDirectory() as tmp:
        root = Path(tmp) / "root"
        write_root(root, files)
        said, why = ask_sshd(root, live)
        rows = ask_postern(root, live)
        if said is None:
            if not may_refuse:
                failures.append(f"{name}: sshd refuses it: {why.strip()}")
            return 0
        compared = 0
        for user, settings in said.items():
            mine = {**rows[""], **rows.get(user, {})}
            theirs = {}
            for setting, value in settings:
                theirs.setdefault(setting, []).append(value)
            for setting, values in theirs.items():
                if setting in SKIP or setting == "gssapikexalgorithms":
                    continue
                compared += 1
                got = mine.get(setting)
                same = sorted(got or []) == sorted(values) if setting == "listenaddress" else got == values
                if not same:
                    failures.append(f"{name}: {user or 'everybody'}: {setting}: sshd {values}, postern {got}")
            for setting in mine.keys() - theirs.keys():
                failures.append(f"{name}: {user or 'everybody'}: {setting} {mine[setting]}: sshd has no such setting")
        return compared


def main():
    if os.geteuid() != 0 or not Path("/usr/sbin/sshd").exists() or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        print("not run: needs root, sshd and mount namespaces")
        return 0
    compared = sum(compare(name, files) for name, files in CONFIGS.items())
    for name in ("provider", "first block wins", "include first", "lists"):
        compared += compare(f"live, {name}", CONFIGS[name], live=True)
    made = [compare(f"made {seed}", make_random(seed), True) for seed in range(40)]
    accepted = sum(1 for n in made if n)
    if accepted < 5:
        failures.append(f"only {accepted} of the made configurations were taken by sshd")
    for f in failures[:60]:
        print(f)
    print(f"{len(failures)} failed" if failures else f"{compared + sum(made)} settings of {len(CONFIGS) + accepted} configurations are as sshd -T says")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
