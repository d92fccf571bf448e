#!/usr/bin/env python3
"""privilege_collect.py BINARY - a made root whose content is known: every row of the snapshot is checked, nothing secret is in it, a second run gives the same bytes.
Then this machine; then other machines over ssh (a stand-in for it), and what is kept of them.

Needs root (files of several owners) and OpenSSH's tools; says so and ends well without.
"""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

POSTERN = Path(sys.argv[1]).resolve()
HASH = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
DES = "ab01FAX.bQRSU"
failures = []


def check(what, holds, told=""):
    if not holds:
        failures.append(what)
        print(f"privilege_collect: {what}: FAILED {str(told)[:800]}")


def run(*argv, ok=(0,), **more):
    r = subprocess.run([str(a) for a in argv], capture_output=True, timeout=120, **more)
    assert r.returncode in ok, (argv, r.returncode, r.stderr)
    return r


def put(root, path, text, mode=0o644, owner=(0, 0)):
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    os.chown(file, *owner)
    return file


def fingerprint(pub):
    return run("ssh-keygen", "-lf", pub).stdout.decode().split()[1]


class Keys:
    """Keys made by OpenSSH and OpenSSL, and what ssh-keygen says of them."""

    def __init__(self, folder):
        self.folder = folder

    def make(self, name, kind="ed25519", passphrase="", *more):
        file = self.folder / name
        run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", f"{name} comment", "-f", file, *more)
        return file

    def pub(self, file):
        return Path(f"{file}.pub").read_text().strip()

    def openssl(self, name, *argv):
        file = self.folder / name
        run("openssl", *[str(a).replace("OUT", str(file)) for a in argv])
        file.chmod(0o600)
        return file


PASSWD = [("root", "x", 0, 0, "root", "/root", "/bin/bash"), ("alice", "x", 1000, 1000, "Alice \u00c4", "/home/alice", "/bin/bash"),
          ("bob", "x", 1001, 1001, "", "/home/bob", "/bin/bash"), ("carol", "x", 1002, 1002, "", "/home/carol", "/bin/sh"),
          ("dave", "", 1003, 100, "", "/home/dave", "/bin/bash"), ("erin", DES, 1004, 1004, "", "/home/erin", "/usr/sbin/nologin"),
          ("frank", "x", 1005, 1005, "", "/home/frank", "/bin/bash"), ("prov", "x", 1006, 1006, "", "/home/prov", "/bin/bash")]
SHADOW = {"root": "*", "alice": HASH, "bob": "!" + HASH, "carol": "", "frank": "x"}
GROUPS = [("root", 0, []), ("users", 100, []), ("alice", 1000, []), ("bob", 1001, []), ("carol", 1002, []), ("erin", 1004, []), ("frank", 1005, []), ("prov", 1006, []),
          ("docker", 998, ["alice", "prov"]), ("provider", 997, ["prov"])]
SSHD = """Include /etc/ssh/sshd_config.d/*.conf
PasswordAuthentication no
UsePAM yes
TrustedUserCAKeys /etc/ssh/ca.pub
AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u
HostKey /etc/ssh/ssh_host_ed25519_key
HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub
Match Group provider
 AuthorizedKeysFile none
 AuthorizedKeysCommand /usr/libexec/keys %u
 AuthorizedKeysCommandUser nobody
"""


def accounts(root):
    put(root, "etc/passwd", "# a comment\n" + "".join(":".join(map(str, p)) + "\n" for p in PASSWD))
    shadow = "".join(f"{n}:{SHADOW[n]}:20000:0:{90 if n == 'alice' else ''}:7::{21000 if n == 'bob' else ''}:\n" for n in SHADOW)
    put(root, "etc/shadow", shadow, 0o640)
    put(root, "etc/group", "".join(f"{n}:x:{g}:{','.join(m)}\n" for n, g, m in GROUPS))
    put(root, "etc/hostname", "Web1.Example\n")
    put(root, "etc/hosts", "127.0.0.1 localhost\n10.0.0.5 web1.example www # web1\n10.0.0.6 other\n")
    put(root, "etc/os-release", "ID=debian\n")
    put(root, "etc/nsswitch.conf", "passwd: files systemd\ngroup: files\n")
    put(root, "usr/sbin/sshd", "")
    for name, _, uid, gid, _, home, _ in PASSWD:
        folder = root / home[1:] / ".ssh"
        folder.mkdir(parents=True)
        for f in (folder.parent, folder):
            os.chown(f, uid, gid)
            f.chmod(0o755)


def keys_of(root, keys):
    """authorized_keys of alice (options), carol (written by all), dave (looked at by nobody), frank (outside of his home)."""
    one, two, rsa, ecdsa, dsa_like, authority = (keys.make("one"), keys.make("two"), keys.make("rsa", "rsa", "", "-b", "2048"), keys.make("ecdsa", "ecdsa", "", "-b", "384"),
                                                 keys.make("short", "rsa", "", "-b", "1024"), keys.make("authority"))
    lines = [
        "# comment", "",
        keys.pub(one),
        'restrict,pty,from="10.0.0.0/8,*.example",command="echo \\"a, b\\" # x",expiry-time="20990101Z" ' + keys.pub(two),
        "no-pty,No-Port-Forwarding,no-agent-forwarding,VERIFY-required " + keys.pub(rsa),
        'cert-authority,principals="alice,web admins" ' + keys.pub(authority),
        'expiry-time="20200101" ' + keys.pub(ecdsa),
        'command="a",command="b" ' + keys.pub(one), 'unknown="x" ' + keys.pub(one), 'from="a ' + keys.pub(one), "ssh-ed25519 A?AA broken", "root:" + HASH + ":1:",
        "restrict, " + keys.pub(one),
        keys.pub(two).replace("ssh-ed25519", "ssh-rsa", 1),
    ]
    put(root, "home/alice/.ssh/authorized_keys", "\n".join(lines) + "\n", 0o600, (1000, 1000))
    put(root, "home/carol/.ssh/authorized_keys", keys.pub(one) + "\n", 0o666, (1002, 1002))
    put(root, "home/dave/.ssh/authorized_keys2", keys.pub(one) + "\n", 0o600, (1003, 100))
    put(root, "etc/ssh/keys/frank", keys.pub(dsa_like) + "\n" + keys.pub(one), 0o644)
    put(root, "home/prov/.ssh/authorized_keys", keys.pub(two) + "\n", 0o600, (1006, 1006))
    put(root, "home/bob/.ssh/authorized_keys", keys.pub(rsa) + "\n", 0o660, (1001, 1001))
    put(root, "root/.ssh/authorized_keys", keys.pub(one) + "\n", 0o600, (1000, 0))
    (root / "home/erin/.ssh/authorized_keys").symlink_to("/etc/shadow")
    return one, two, rsa, ecdsa, dsa_like, authority


def check_accounts(doc):
    state = {"root": "locked", "alice": "set", "bob": "locked", "carol": "empty", "dave": "empty", "erin": "set", "frank": "locked", "prov": "locked"}
    want = []
    for i, (name, _, uid, gid, gecos, home, shell) in enumerate(PASSWD):
        row = {"file": "/etc/passwd", "line": i + 2, "name": name, "uid": uid, "gid": gid, "home": home, "shell": shell, "gecos": gecos, "password": state[name]}
        if name in SHADOW:
            row["changed"] = 20000
        if name == "alice":
            row["max_days"] = 90
        if name == "bob":
            row["expires"] = 21000
        want.append({k: v for k, v in row.items() if v != ""})
    check("accounts", doc["accounts"] == want, doc["accounts"])
    want = [{"file": "/etc/group", "line": i + 1, "name": n, "gid": g, **({"members": m} if m else {})} for i, (n, g, m) in enumerate(GROUPS)]
    check("groups", doc["groups"] == want, doc["groups"])
    check("host, names", doc["host"] == "web1.example" and doc["names"] == ["www"], (doc["host"], doc["names"]))


def expect(doc, kind, where, /, **want):
    """The one row at where (file, line) has these values ("" or [] for: not told)."""
    rows = [r for r in doc[kind] if r.get("file") == where[0] and r.get("line", 0) == where[1] and ("account" not in want or r.get("account", "") == want["account"])]
    if len(rows) != 1:
        check(f"{kind} {where}: one row", False, rows)
        return
    for name, value in want.items():
        got = rows[0].get(name, type(value)())
        check(f"{kind} {where}: {name} is {value!r}", got == value, got)


def check_authorized(doc, made):
    one, two, rsa, ecdsa, short, authority = [fingerprint(f"{k}.pub") for k in made]
    at = "/home/alice/.ssh/authorized_keys"
    expect(doc, "authorized_keys", (at, 3), account="alice", type="ssh-ed25519", fingerprint=one, bits=256, comment="one comment", options="", restricted="no", pty="yes", usable="yes",
           forwarding="yes", agent="yes", authority="no", problem="")
    expect(doc, "authorized_keys", (at, 4), fingerprint=two, restricted="yes", pty="yes", forwarding="no", agent="no", **{"from": "10.0.0.0/8,*.example"}, command='echo "a, b" # x',
           expires="20990101Z", usable="yes", verify_required="no",
           options='restrict,pty,from="10.0.0.0/8,*.example",command="echo \\"a, b\\" # x",expiry-time="20990101Z"')
    expect(doc, "authorized_keys", (at, 5), fingerprint=rsa, type="ssh-rsa", bits=2048, restricted="no", pty="no", forwarding="no", agent="no", verify_required="yes", usable="yes")
    expect(doc, "authorized_keys", (at, 6), fingerprint=authority, authority="yes", principals=["alice", "web admins"], usable="yes")
    expect(doc, "authorized_keys", (at, 7), fingerprint=ecdsa, type="ecdsa-sha2-nistp384", bits=384, usable="no", problem="its expiry-time is over")
    problems = ["an option that is given twice", "an option that sshd does not know", "a quote that does not end", "the key is no base64", "an option that sshd does not know",
                "something that is no comma between options", "the key is not what its type says"]
    for i, problem in enumerate(problems):
        expect(doc, "authorized_keys", (at, 8 + i), account="alice", fingerprint="", options="", comment="", usable="no", problem=problem)
    expect(doc, "authorized_keys", ("/home/carol/.ssh/authorized_keys", 1), usable="no", problem="StrictModes: the file can be written by everybody")
    expect(doc, "authorized_keys", ("/home/dave/.ssh/authorized_keys2", 1), usable="no", problem="sshd does not look at this file (AuthorizedKeysFile)")
    expect(doc, "authorized_keys", ("/etc/ssh/keys/frank", 1), account="frank", fingerprint=short, bits=1024, usable="yes", problem="")
    expect(doc, "authorized_keys", ("/etc/ssh/keys/frank", 2), account="frank", fingerprint=one, usable="yes")
    expect(doc, "authorized_keys", ("/home/prov/.ssh/authorized_keys", 1), usable="no", problem="sshd does not look at this file (AuthorizedKeysFile)")
    expect(doc, "authorized_keys", ("/home/bob/.ssh/authorized_keys", 1), usable="yes", fingerprint=rsa)  # Debian: his group is his alone
    expect(doc, "authorized_keys", ("/root/.ssh/authorized_keys", 1), account="root", usable="no", problem="StrictModes: the file belongs to somebody else")
    erin = [r for r in doc["authorized_keys"] if r.get("account") == "erin"]
    check("a link to shadow gives lines without content", len(erin) == len(SHADOW) and all(set(r) == {"file", "line", "account", "usable", "problem"} for r in erin), erin)
    command = [r for r in doc["authorized_keys"] if r.get("account") == "prov" and "AuthorizedKeysCommand" in r.get("problem", "")]
    check("AuthorizedKeysCommand is named, not run", len(command) == 1 and command[0]["file"] == "/etc/ssh/sshd_config", command)
    check("no other key", len(doc["authorized_keys"]) == 12 + 1 + 1 + 2 + 1 + 1 + 1 + len(SHADOW) + 1, len(doc["authorized_keys"]))


def private_keys(root, keys):
    """[(path in the root, type, fingerprint, encrypted, comment)]"""
    made = []

    def lay(file, path, kind, encrypted, comment, told=True, owner=(1001, 1001)):
        put(root, path, Path(file).read_bytes(), 0o600, owner)
        if told:
            pub = run("ssh-keygen", "-y", "-P", "secret" if encrypted else "", "-f", file).stdout
            print_file = keys.folder / "print.pub"
            print_file.write_bytes(pub)
            told = fingerprint(print_file)
        made.append((path, kind, told or "", encrypted, comment))

    ssh = "/home/bob/.ssh/"
    lay(keys.make("open"), ssh + "open", "ssh-ed25519", False, "open comment")
    lay(keys.make("locked", "ed25519", "secret"), ssh + "locked", "ssh-ed25519", True, "")
    lay(keys.make("rsa2", "rsa", "", "-b", "2048"), ssh + "deep/er/rsa", "ssh-rsa", False, "rsa2 comment")
    lay(keys.make("ec2", "ecdsa", "", "-b", "521"), "/home/bob/work/notes.txt", "ecdsa-sha2-nistp521", False, "ec2 comment")
    lay(keys.make("pem", "rsa", "", "-b", "2048", "-m", "PEM"), ssh + "pem", "ssh-rsa", False, "")
    lay(keys.make("pemlocked", "rsa", "secret", "-b", "2048", "-m", "PEM"), ssh + "pemlocked", "ssh-rsa", True, "", False)
    lay(keys.make("pemec", "ecdsa", "", "-m", "PEM"), ssh + "pemec", "ecdsa-sha2-nistp256", False, "")
    lay(keys.make("p8", "rsa", "", "-b", "2048", "-m", "PKCS8"), ssh + "p8", "ssh-rsa", False, "")
    lay(keys.make("p8ec", "ecdsa", "", "-b", "384", "-m", "PKCS8"), ssh + "p8ec", "ecdsa-sha2-nistp384", False, "")
    lay(keys.make("p8locked", "ecdsa", "secret", "-m", "PKCS8"), ssh + "p8locked", "", True, "", False)
    ed = keys.openssl("p8ed", "genpkey", "-algorithm", "ed25519", "-out", "OUT")
    put(root, ssh + "p8ed", ed.read_bytes(), 0o600, (1001, 1001))
    raw = run("openssl", "pkey", "-in", ed, "-pubout", "-outform", "DER").stdout[-32:]
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + raw
    (keys.folder / "print.pub").write_text("ssh-ed25519 " + base64.b64encode(blob).decode() + "\n")
    made.append((ssh + "p8ed", "ssh-ed25519", fingerprint(keys.folder / "print.pub"), False, ""))
    # PuTTY's form, of which only the public half and the head are real
    putty = keys.make("putty")
    data = keys.pub(putty).split()[1]
    put(root, ssh + "putty.ppk", f"PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: aes256-cbc\r\nComment: from putty\r\nPublic-Lines: 2\r\n{data[:64]}\r\n{data[64:]}\r\n"
        "Key-Derivation: Argon2id\r\nPrivate-Lines: 1\r\nAAAA\r\nPrivate-MAC: 00\r\n", 0o600, (1001, 1001))
    made.append((ssh + "putty.ppk", "ssh-ed25519", fingerprint(f"{putty}.pub"), True, "from putty"))
    lay(keys.make("elsewhere"), "/srv/keys/elsewhere", "ssh-ed25519", False, "elsewhere comment", owner=(0, 0))
    put(root, ssh + "none", "-----BEGIN OPENSSH PRIVATE KEY-----\nnothing\n-----END OPENSSH PRIVATE KEY-----\n" + "x" * 100, 0o600, (1001, 1001))
    return made


def certificates(root, keys):
    ca, host = keys.make("ca"), keys.make("hostkey")
    user = keys.make("user")
    run("ssh-keygen", "-q", "-s", ca, "-I", "acme/carol:G-17", "-n", "carol,web", "-z", "1017", "-V", "20260101000000Z:20270101000000Z", "-O", "clear", "-O", "permit-pty",
        "-O", "force-command=/bin/true", "-O", "source-address=10.0.0.0/8", f"{user}.pub")
    put(root, "home/carol/.ssh/id-cert.pub", Path(f"{user}-cert.pub").read_bytes(), 0o644, (1002, 1002))
    run("ssh-keygen", "-q", "-s", ca, "-h", "-I", "web1", "-n", "web1.example", "-V", "always:forever", f"{host}.pub")
    put(root, "etc/ssh/ssh_host_ed25519_key-cert.pub", Path(f"{host}-cert.pub").read_bytes())
    put(root, "etc/ssh/ssh_host_ed25519_key", host.read_bytes(), 0o600)
    put(root, "etc/ssh/ssh_host_ed25519_key.pub", keys.pub(host) + "\n")
    put(root, "etc/ssh/ca.pub", "# who signs\n" + keys.pub(ca) + "\n" + keys.pub(user) + "\nnonsense\n")
    put(root, "root/ca", ca.read_bytes(), 0o600)
    return ca, host, user


def known(root, keys, host):
    plain = root / "home/bob/.ssh/known_hosts"
    other = keys.make("other")
    put(root, "home/bob/.ssh/known_hosts", f"web2.example,10.0.0.7 {keys.pub(host)}\n[db1.example]:2222 {keys.pub(other)}\nfar.example {keys.pub(other)}\n", 0o600, (1001, 1001))
    run("ssh-keygen", "-H", "-f", plain)
    plain.with_name("known_hosts.old").unlink()
    text = plain.read_text() + f"@cert-authority *.example {keys.pub(host)}\n@revoked plain.example {keys.pub(other)}\nrubbish\n"
    put(root, "home/bob/.ssh/known_hosts", text, 0o600, (1001, 1001))
    return other


def clients(root):
    put(root, "etc/ssh/ssh_config", "ForwardAgent no\nHost *.example\n\tUser deploy\n\tHashKnownHosts yes\nInclude /etc/ssh/ssh_config.d/*.conf\n")
    put(root, "etc/ssh/ssh_config.d/a.conf", "Host jump\n  Port=2200\n")
    put(root, "home/bob/.ssh/config", "IdentityFile ~/.ssh/open\nHost db1 !db2\n  HostName db1.example\n  IdentityFile \"/srv/keys/elsewhere\"\n  ProxyJump jump\n  forwardagent yes\n"
        "Match host x exec \"true\"\n  User root\nInclude more\nInclude config\n", 0o600, (1001, 1001))
    put(root, "home/bob/.ssh/more", "Host inner\n Port 22\n", 0o600, (1001, 1001))


def rows(doc, kind, *names):
    return [tuple(r.get(n, "") for n in names) for r in doc[kind]]


def check_clients(doc):
    inner = [("bob", "/home/bob/.ssh/config", 1, "*", "IdentityFile", "/home/bob/.ssh/open"), ("bob", "/home/bob/.ssh/config", 3, "db1 !db2", "HostName", "db1.example"),
             ("bob", "/home/bob/.ssh/config", 4, "db1 !db2", "IdentityFile", "/srv/keys/elsewhere"), ("bob", "/home/bob/.ssh/config", 5, "db1 !db2", "ProxyJump", "jump"),
             ("bob", "/home/bob/.ssh/config", 6, "db1 !db2", "ForwardAgent", "yes"), ("bob", "/home/bob/.ssh/config", 8, 'Match host x exec "true"', "User", "root"),
             ("bob", "/home/bob/.ssh/more", 2, "inner", "Port", "22")]
    want = [("", "/etc/ssh/ssh_config", 1, "*", "ForwardAgent", "no"), ("", "/etc/ssh/ssh_config", 3, "*.example", "User", "deploy"), ("", "/etc/ssh/ssh_config.d/a.conf", 2, "jump", "Port", "2200")]
    got = rows(doc, "ssh_client", "account", "file", "line", "host", "name", "value")
    check("ssh_client", got[:10] == want + inner, got[:10])
    check("ssh_client: the loop ends", len(got) < 200 and any("include each other" in m["why"] for m in doc["missing"]), len(got))


def check_rest(doc, keys, made, ca, host, user, other):
    got = sorted((r["file"], r.get("type", ""), r.get("fingerprint", ""), r["encrypted"] == "yes", r.get("comment", "")) for r in doc["private_keys"] if not r["file"].startswith(("/etc/ssh", "/root")))
    check("private keys", got == sorted(made), [x for x in got if x not in made] + [x for x in made if x not in got])
    expect(doc, "private_keys", ("/srv/keys/elsewhere", 0), account="bob", mode=0o600, uid=0)
    expect(doc, "private_keys", ("/home/bob/.ssh/open", 0), account="bob", mode=0o600, uid=1001, gid=1001)
    expect(doc, "private_keys", ("/root/ca", 0), account="root")
    expect(doc, "private_keys", ("/etc/ssh/ssh_host_ed25519_key", 0), account="")
    check("no other private key", len(doc["private_keys"]) == len(made) + 2, len(doc["private_keys"]))
    expect(doc, "host_keys", ("/etc/ssh/ssh_host_ed25519_key", 0), type="ssh-ed25519", fingerprint=fingerprint(f"{host}.pub"), bits=256, uid=0, mode=0o600)
    check("host keys", len(doc["host_keys"]) == 1)
    ca_print = fingerprint(f"{ca}.pub")
    expect(doc, "certificates", ("/home/carol/.ssh/id-cert.pub", 1), account="carol", kind="user", key_id="acme/carol:G-17", serial="1017", fingerprint=fingerprint(f"{user}.pub"),
           authority=ca_print, principals=["carol", "web"], options=["force-command=/bin/true", "source-address=10.0.0.0/8", "permit-pty"], until=1798761600)
    expect(doc, "certificates", ("/etc/ssh/ssh_host_ed25519_key-cert.pub", 1), account="", kind="host", key_id="web1", principals=["web1.example"], authority=ca_print, until=0)
    check("certificates", len(doc["certificates"]) == 2, doc["certificates"])
    want = [("/etc/ssh/ca.pub", 2, ca_print, "/root/ca"), ("/etc/ssh/ca.pub", 3, fingerprint(f"{user}.pub"), "")]
    check("authorities", rows(doc, "authorities", "file", "line", "fingerprint", "private_key") == want, doc["authorities"])
    h, o = fingerprint(f"{host}.pub"), fingerprint(f"{other}.pub")
    # ssh-keygen -H makes a line of each name
    want = [("", [], "yes", "no", h), ("", ["10.0.0.7"], "yes", "yes", h), ("", ["[db1.example]:2222"], "yes", "yes", o), ("", [], "yes", "no", o), ("@cert-authority", ["*.example"], "no", "yes", h),
            ("@revoked", ["plain.example"], "no", "yes", o)]
    got = [(r.get("marker", ""), r.get("names", []), r["hashed"], r["resolved"], r["fingerprint"]) for r in doc["known_hosts"]]
    check("known hosts", got == want, got)
    check("known hosts: whose", {r["account"] for r in doc["known_hosts"]} == {"bob"})
    prov = {(r["name"], r["value"]) for r in doc["sshd"] if r.get("account")}
    check("sshd: what is other for the provider", prov == {("authorizedkeysfile", "none"), ("authorizedkeyscommand", "/usr/libexec/keys %u"), ("authorizedkeyscommanduser", "nobody")}, prov)
    all_ = {r["name"]: (r["value"], r.get("file", ""), r.get("line", 0)) for r in doc["sshd"] if not r.get("account")}
    check("sshd: where it stands", all_["passwordauthentication"] == ("no", "/etc/ssh/sshd_config", 2) and all_["usedns"] == ("no", "", 0), all_)


def no_secret(text, root):
    """Not a line of a private key, not a hash."""
    check("no hash of a password", HASH not in text and DES not in text and HASH[10:30] not in text)
    found = 0
    for file in root.rglob("*"):
        if not file.is_file() or file.is_symlink():
            continue
        data = file.read_bytes()
        if b"PRIVATE KEY-----" not in data:
            continue
        for line in data.decode().split("\n"):
            if len(line) > 15 and "-----" not in line and ":" not in line:
                found += 1
                check(f"no byte of the private key {file.name}", line not in text and line[5:25] not in text, line)
    check("the search for secrets looked at some", found > 100, found)


def made_root():
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        tmp.chmod(0o755)
        root, folder = tmp / "root", tmp / "keys"
        root.mkdir()
        folder.mkdir()
        keys = Keys(folder)
        accounts(root)
        authorized = keys_of(root, keys)
        made = private_keys(root, keys)
        ca, host, user = certificates(root, keys)
        other = known(root, keys, host)
        clients(root)
        put(root, "etc/ssh/sshd_config", SSHD)
        org = put(tmp, "org.yaml", "organisation:\n  name: x\nhosts:\n  - name: db1.example\n    addresses: [10.0.0.7]\n")
        r = run(POSTERN, "privilege", "collect", "--root", root, "--org", org)
        doc = json.loads(r.stdout)
        check_accounts(doc)
        check_authorized(doc, authorized)
        check_rest(doc, keys, made, ca, host, user, other)
        check_clients(doc)
        no_secret(r.stdout.decode(), root)
        time.sleep(1.1)
        again = run(POSTERN, "privilege", "collect", "--root", root, "--org", org)
        strip = lambda t: re.sub(rb'"taken": \d+', b"", t)
        check("the same bytes on a second run, but for the time", strip(r.stdout) == strip(again.stdout) and r.stdout != again.stdout)
        put(root, "etc/ssh/sshd_config", SSHD.replace("UsePAM yes", "UsePAM no"))
        doc = json.loads(run(POSTERN, "privilege", "collect", "--root", root, "--org", org).stdout)
        expect(doc, "authorized_keys", ("/home/bob/.ssh/authorized_keys", 1), usable="no", problem="sshd refuses the account: it is locked (! in shadow), and UsePAM is no")
        expect(doc, "authorized_keys", ("/etc/ssh/keys/frank", 2), usable="yes")
        put(root, "etc/ssh/sshd_config", SSHD)
        differences(tmp, root, org, keys)


def differences(tmp, root, org, keys):
    """--save, and diff of what was saved: one key more, one sudo rule more, one comment."""
    state = tmp / "state"
    state.mkdir(mode=0o755)
    collect = (POSTERN, "privilege", "collect", "--root", root, "--org", org, "--save", "--state", state)
    diff = (POSTERN, "privilege", "diff", "--state", state)
    run(*collect)
    check("diff of one snapshot: nothing to compare", run(*diff, ok=(3,)).stderr != b"")
    time.sleep(1.1)
    run(*collect)
    check("no difference", b"0 new rights, 0 other" in run(*diff).stdout)
    new = keys.make("new")
    file = root / "home/alice/.ssh/authorized_keys"
    file.write_text("# moved\n" + file.read_text() + keys.pub(new) + "\n")
    put(root, "etc/group", (root / "etc/group").read_text().replace("docker:x:998:alice", "docker:x:998:bob"))
    time.sleep(1.1)
    run(*collect)
    told = run(*diff, ok=(1,)).stdout.decode()
    check("diff: the new key, the new member", fingerprint(f"{new}.pub") in told and "group docker" in told and "2 new rights, 0 other" in told, told)
    lines = [json.loads(x) for x in run(*diff, "--format", "json", ok=(1,)).stdout.decode().splitlines()]
    check("diff: as OCSF", [x.get("class_uid") for x in lines] == [2004, 2004, None] and lines[2]["privilege_diff"]["new_rights"] == 2, lines)
    files = sorted((state / "snapshots/web1.example").iterdir())
    check("saved: for root alone", len(files) == 3 and all(f.stat().st_mode & 0o777 == 0o600 for f in files), files)
    told = run(POSTERN, "privilege", "diff", files[2], files[0], ok=(0, 1)).stdout.decode()
    check("diff backwards: the key is gone, alice is in the group again", f"- key {fingerprint(f'{new}.pub')}" in told, told)


KINDS = [  # kind, before, after, new rights, other differences, level
    ("accounts", [], [{"name": "x", "uid": 5}], 1, 0, "medium"),
    ("accounts", [], [{"name": "x", "uid": 0}], 1, 0, "critical"),
    ("accounts", [{"name": "x", "uid": 5}], [{"name": "x", "uid": 0}], 1, 0, "critical"),
    ("accounts", [{"name": "x", "uid": 0}], [{"name": "x", "uid": 5}], 0, 1, ""),
    ("accounts", [{"name": "x", "password": "locked"}], [{"name": "x", "password": "set"}], 1, 0, "medium"),
    ("accounts", [{"name": "x", "password": "set"}], [{"name": "x", "password": "locked"}], 0, 1, ""),
    ("accounts", [{"name": "x", "shell": "/bin/sh"}], [{"name": "x", "shell": "/usr/sbin/nologin"}], 0, 1, ""),
    ("accounts", [{"name": "x", "shell": "/usr/sbin/nologin"}], [{"name": "x", "shell": "/bin/sh"}], 1, 0, "medium"),
    ("accounts", [{"name": "x"}], [], 0, 1, ""),
    ("groups", [{"name": "g", "members": ["a", "b"]}], [{"name": "g", "members": ["b", "c"]}], 1, 0, "high"),
    ("groups", [{"name": "g", "members": ["a", "b"]}], [{"name": "g", "members": ["b"]}], 0, 1, ""),
    ("sudo", [{"who": ["a"], "commands": ["/x"], "nopasswd": "no"}], [{"who": ["a"], "commands": ["/x"], "nopasswd": "yes"}], 1, 0, "high"),
    ("sudo", [{"who": ["a"], "commands": ["/x"], "nopasswd": "yes"}], [{"who": ["a"], "commands": ["/x"], "nopasswd": "no"}], 0, 1, ""),
    ("sudo", [{"who": ["a"], "commands": ["/x"]}], [{"who": ["a"], "commands": ["/y"]}], 1, 1, "high"),
    ("authorized_keys", [{"account": "a", "fingerprint": "F", "from": "10.0.0.1"}], [{"account": "a", "fingerprint": "F"}], 1, 0, "medium"),
    ("authorized_keys", [{"account": "a", "fingerprint": "F", "line": 1, "comment": "x"}], [{"account": "a", "fingerprint": "F", "line": 2, "comment": "y"}], 0, 1, ""),
    ("authorized_keys", [], [{"account": "a", "fingerprint": "F", "usable": "no"}], 1, 0, "low"),
    ("private_keys", [{"file": "/k", "encrypted": "yes"}], [{"file": "/k", "encrypted": "no"}], 1, 0, "high"),
    ("exports", [{"path": "/x", "client": "*", "root_squash": "yes"}], [{"path": "/x", "client": "*", "root_squash": "no"}], 1, 0, "high"),
    ("files", [], [{"file": "/x", "kind": "setuid"}], 1, 0, "high"),
    ("sshd", [{"name": "permitrootlogin", "value": "no"}], [{"name": "permitrootlogin", "value": "yes"}], 1, 0, "medium"),
    ("sshd", [{"name": "banner", "value": "no"}], [{"name": "banner", "value": "yes"}], 0, 1, ""),
    ("packages", [], [{"name": "x"}], 0, 1, ""),
    ("known_hosts", [], [{"fingerprint": "x"}], 0, 1, ""),
]


def classes():
    """What counts as a new right, and what does not."""
    with tempfile.TemporaryDirectory() as tmp:
        for kind, before, after, rights, others, level in KINDS:
            paths = []
            for name, content in (("a", before), ("b", after)):
                paths.append(put(Path(tmp), name, json.dumps({"postern-snapshot": 1, "host": "h", kind: content})))
            r = run(POSTERN, "privilege", "diff", *paths, ok=(1 if rights else 0,))
            told = r.stdout.decode()
            check(f"diff: {kind} {before} to {after}", f"{rights} new rights, {others} other differences" in told and (f"[{level}]" in told if level else "[" not in told), told)


def this_machine():
    r = run(POSTERN, "privilege", "collect")
    doc = json.loads(r.stdout)
    passwd = [line.split(":") for line in Path("/etc/passwd").read_text().splitlines() if line and not line.startswith("#")]
    check("this machine: accounts", [(a["name"], a["uid"]) for a in doc["accounts"]] == [(p[0], int(p[2])) for p in passwd], len(doc["accounts"]))
    shadow = [line.split(":")[1] for line in Path("/etc/shadow").read_text().splitlines()]
    text = r.stdout.decode()
    check("this machine: no hash", not any(len(h) > 10 and h.lstrip("!") in text for h in shadow))
    for key in Path("/etc/ssh").glob("ssh_host_*_key"):
        expect(doc, "host_keys", (str(key), 0), fingerprint=fingerprint(f"{key}.pub"))
    check("this machine: live, as root", doc["live"] == "yes" and doc["as_root"] == "yes")
    # As nobody: what is missing is named, and it is said.
    r = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", POSTERN, "privilege", "collect")
    doc = json.loads(r.stdout)
    check("as nobody: shadow is named", any(m["file"] == "/etc/shadow" and "ermission" in m["why"] for m in doc["missing"] if "file" in m), doc["missing"])
    check("as nobody: passwords are not known", all(a.get("password", "unknown") in ("unknown", "locked") for a in doc["accounts"]))
    check("as nobody: one line about it", r.stderr.count(b"\n") == 1 and b"as root more can be read" in r.stderr, r.stderr)


FAKE = """#!/bin/sh
printf '%s\\n' "$*" >>"{log}"
for host; do [ "$host" = -- ] && break; shift; done
case "$2" in
	web1) exec {postern} privilege collect --root {root} ;;
	liar) {postern} privilege collect --root {root} | sed 's/"host": "[^"]*"/"host": "web1"/' ;;
	junk) echo '{{"postern-snapshot": 1, "host": "../../../etc/cron.d/x"}}' ;;
	endless) while :; do echo '                                                                                '; done ;;
	refused) echo 'Permission denied (publickey).\033[31m' >&2; exit 255 ;;
	*) exit 7 ;;
esac
"""


def others():
    """Over ssh: a stand-in bound over /usr/bin/ssh in a mount namespace of its own."""
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        root = tmp / "root"
        put(root, "etc/passwd", "root:x:0:0::/root:/bin/bash\n")
        put(root, "etc/hostname", "web1\n")
        fake = put(tmp, "ssh", FAKE.format(log=tmp / "log", postern=POSTERN, root=root), 0o755)
        state = tmp / "state"
        state.mkdir()
        org = put(tmp, "org.yaml", "organisation:\n  name: x\nhosts:\n  - name: web1\n  - name: liar\n  - name: junk\n  - name: refused\n")

        def ask(*argv, ok):
            return run("unshare", "-m", "sh", "-c", f'mount --make-rprivate / && mount --bind {fake} /usr/bin/ssh && exec "$@"', "sh", POSTERN, "privilege", "collect", "--org", org,
                       "--state", state, *argv, ok=ok)

        r = ask("--host", "ORG", "--save", ok=(3,))
        kept = sorted(str(p.relative_to(state / "snapshots")).split("/")[0] for p in state.rglob("*.json"))
        check("over ssh: what was told is kept under the name that was asked", kept == ["liar", "web1"], kept)
        check("over ssh: failures are named", b"junk: " in r.stderr and b"refused: ssh ended with status 255: Permission denied (publickey)." in r.stderr, r.stderr)
        check("over ssh: no escape sequence of theirs", b"\x1b" not in r.stderr, r.stderr)
        check("over ssh: who calls itself another is named", b"liar calls itself web1" in r.stderr, r.stderr)
        asked = (tmp / "log").read_text()
        check("over ssh: asked as promised", asked.count("BatchMode=yes") == 4 and "-- web1 postern privilege collect" in asked, asked)
        document = json.loads(next((state / "snapshots/liar").iterdir()).read_text())
        check("over ssh: the host's name", document["host"] == "liar", document["host"])
        r = ask("--host", "endless", "--output", tmp / "out", ok=(3,))
        check("over ssh: too much is cut off", b"more than" in r.stderr and not (tmp / "out").exists(), r.stderr)
        for bad in ("-oProxyCommand=x", "a b", "a;b", ""):
            check(f"over ssh: {bad!r} is no host", ask("--host", bad, ok=(2,)).returncode == 2)
        check("over ssh: several need --save", ask("--host", "web1", "--host", "liar", ok=(2,)).returncode == 2)
        r = ask("--host", "web1", ok=(0,))
        check("over ssh: one to standard output", json.loads(r.stdout)["host"] == "web1")


def main():
    if os.geteuid() != 0 or not shutil.which("ssh-keygen") or not shutil.which("openssl"):
        print("not run: needs root, ssh-keygen and openssl")
        return 0
    made_root()
    classes()
    this_machine()
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0:
        others()
    print(f"{len(failures)} failed" if failures else "every row is what was put there; nothing secret; the same twice; over ssh as promised")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
