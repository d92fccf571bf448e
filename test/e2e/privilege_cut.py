#!/usr/bin/env python3
"""privilege_cut.py POSTERN - reach, exposure, cut, suggest as they are called: what they print in each form, exit statuses, a patch that patch(1) and visudo take."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.dom.minidom

POSTERN = os.path.abspath(sys.argv[1])
failures = 0


def expect(ok, text):
    global failures
    if not ok:
        failures += 1
        print(f"FAILED: {text}")


def run(*argv, status=0):
    r = subprocess.run([POSTERN, "privilege", *argv], capture_output=True, text=True, check=False, timeout=300,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "POSTERN_STATE": STATE, "POSTERN_CONFIG": STATE})
    expect(r.returncode == status, f"{' '.join(argv)}: exit status {r.returncode} instead of {status}: {r.stderr}")
    return r


def fp(name):
    return "SHA256:" + (name * 43)[:43]


def snapshot(host, **more):
    accounts = [("root", 0), ("alice", 1000), ("bob", 1001), ("old", 1002)]
    doc = {"postern-snapshot": 1, "host": host, "taken": 1795700000, "as_root": "yes",
           "accounts": [{"file": "/etc/passwd", "line": i + 1, "name": n, "uid": u, "gid": u, "home": f"/home/{n}", "shell": "/bin/bash", "password": "locked"}
                        for i, (n, u) in enumerate(accounts)],
           "sshd": [{"file": "/etc/ssh/sshd_config", "line": 1, "name": "permitrootlogin", "value": "no"}, {"name": "usepam", "value": "yes"}]}
    doc.update(more)
    with open(f"{DIR}/snaps/{host}.json", "w", encoding="utf-8") as f:
        json.dump(doc, f)


def key(account, name, line=1, **more):
    return {"file": f"/home/{account}/.ssh/authorized_keys", "line": line, "account": account, "type": "ssh-ed25519", "fingerprint": fp(name), "comment": name, "usable": "yes", **more}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def make():
    os.makedirs(f"{DIR}/snaps")
    write(f"{DIR}/org.yaml", f"""hosts:
  - name: web1
    roles: [web]
  - name: db1
    roles: [crown-jewel]
  - name: db9
    roles: [crown-jewel]
providers:
  - id: hafenlicht
    name: "Hafenlicht <GmbH>"
    persons:
      - name: Nils
        keys: ["{fp('n')}"]
""")
    sudo = [{"file": "/etc/sudoers", "line": 2, "who": ["alice"], "hosts": ["ALL"], "run_as": ["root"], "commands": ["/usr/bin/systemctl *"], "nopasswd": "yes"},
            {"file": "/etc/sudoers", "line": 3, "who": ["old"], "hosts": ["ALL"], "run_as": ["ALL"], "commands": ["ALL"], "nopasswd": "yes"}]
    snapshot("web1", sudo=sudo, authorized_keys=[key("alice", "n"), key("old", "o")],
             private_keys=[{"file": "/root/.ssh/id_ed25519", "uid": 0, "gid": 0, "mode": 384, "type": "ssh-ed25519", "fingerprint": fp("d"), "encrypted": "no"}])
    snapshot("db1", authorized_keys=[key("bob", "d"), key("alice", "n", **{"from": "192.0.2.1"})])
    write(f"{DIR}/root/etc/sudoers", "Defaults env_reset\nalice ALL=(root) NOPASSWD: /usr/bin/systemctl *\nold ALL=(ALL) NOPASSWD: ALL\n")
    for name, text in (("alice", "n"), ("old", "o")):
        write(f"{DIR}/root/home/{name}/.ssh/authorized_keys", f"ssh-ed25519 AAAA{text} {text}\n")
    lines = []
    for day in range(-110, 1):
        t = subprocess.run(["date", "-u", "-d", f"@{1795700000 + day * 86400 - 600}", "+%Y-%m-%dT%H:%M:%S+00:00"], capture_output=True, text=True, check=True).stdout.strip()
        lines += [f"{t} web1 sshd[7]: Accepted publickey for alice from 192.0.2.9 port 4000 ssh2: ED25519 {fp('n')}",
                  f"{t} web1 sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx"]
    write(f"{DIR}/logs/auth.log", "\n".join(lines) + "\n")


def reach():
    base = ["--snapshot", f"{DIR}/snaps", "--org", f"{DIR}/org.yaml"]
    text = run("reach", *base, "--from", "provider:hafenlicht").stdout
    for part in ("root@web1 [web], 2 steps", "bob@db1 [crown-jewel], 3 steps", "web1:/etc/sudoers:2", "Perhaps", "without a snapshot: db9"):
        expect(part in text, f"reach says {part!r}\n{text}")
    doc = json.loads(run("reach", *base, "--from", "provider:hafenlicht", "--format", "json").stdout)
    rows = {r["place"]: r for r in doc["reached"]}
    expect(rows["bob@db1"]["steps"] == 3 and rows["bob@db1"]["sure"], "bob@db1 in three sure steps")
    expect(not rows["alice@db1"]["sure"], "the key that is limited by from= is a perhaps")
    expect(rows["old@web1"]["implied"], "root is everybody on its host")
    expect([w["kind"] for w in rows["bob@db1"]["way"] if "kind" in w] == ["key", "sudo", "private-key", "key"], "kinds on the way")
    expect(doc["without_snapshot"] == ["db9"], "db9 has no snapshot")
    doc = json.loads(run("exposure", *base, "bob@db1", "--format", "json").stdout)
    expect({"Hafenlicht <GmbH>", "Nils"} <= {r["place"] for r in doc["reached"]}, "exposure names the provider and its person")
    svg = run("reach", *base, "--from", "provider:hafenlicht", "--format", "svg").stdout
    xml.dom.minidom.parseString(svg)
    expect("Hafenlicht &lt;GmbH&gt;" in svg and "#host-web1" in svg, "names are escaped, boxes lead somewhere")
    page = run("report", *base, "--format", "html").stdout
    expect('id="host-web1"' in page and "<script" not in page and "http-equiv" in page, "one page without scripts")


def cut():
    base = ["--snapshot", f"{DIR}/snaps", "--org", f"{DIR}/org.yaml", "--logs", f"{DIR}/logs"]
    text = run("cut", *base, "--from", "provider:hafenlicht", "--to", "role:crown-jewel").stdout
    expect("no other set costs less" in text and "Checked:" in text, f"a cut that is proven\n{text}")
    doc = json.loads(run("cut", *base, "--from", "provider:hafenlicht", "--to", "role:crown-jewel", "--format", "json").stdout)
    expect(doc["possible"] and doc["proven"] and doc["cheapest"] and len(doc["take_away"]) == 2, f"two rights: {doc}")
    expect(all(r["use"] != "used" for r in doc["take_away"]), "what is in use is dearer than what is not")
    doc = json.loads(run("cut", *base, "--from", "provider:hafenlicht", "--to", "bob@db1", "--cost", "private-key=1000", "--cost", "host:db1=1000", "--format", "json").stdout)
    expect([r["kind"] for r in doc["take_away"]] in (["sudo"], ["key"]) and doc["used"] == 1, f"made dear, the other is chosen: {doc}")
    doc = json.loads(run("cut", *base, "--from", "web1", "--to", "root@web1", "--format", "json", status=1).stdout)
    expect(not doc["possible"], "who is there is not kept out")
    expect("nothing has to be taken away" in run("cut", *base, "--from", "bob@db1", "--to", "web1").stdout, "not reached at all")
    for wrong in (["cut", *base, "--from", "web1"], ["reach", *base], ["reach", *base, "--from", "nowhere"], ["exposure", *base, "x@web1"], ["cut", *base, "--from", "web1", "--to", "db1", "--cost", "x=1"],
                  ["cut", *base, "--from", "web1", "--to", "db1", "--format", "svg"]):
        expect(run(*wrong, status=2).stderr.startswith("postern:"), f"{wrong} says why")


def suggest():
    one = f"{DIR}/one"
    os.makedirs(one)
    shutil.copy(f"{DIR}/snaps/web1.json", one)
    base = ["--snapshot", one, "--logs", f"{DIR}/logs", "--root", f"{DIR}/root"]
    run("suggest", *base, "--output", f"{DIR}/less.patch", "--undo", f"{DIR}/undo.patch")
    with open(f"{DIR}/less.patch", encoding="utf-8") as f:
        patch = f.read()
    for line in ("+alice ALL = (root) NOPASSWD: /usr/bin/systemctl restart nginx", "-old ALL=(ALL) NOPASSWD: ALL", "-ssh-ed25519 AAAAo o", '+from="192.0.2.9" ssh-ed25519 AAAAn n'):
        expect(line in patch.split("\n"), f"the patch has {line!r}\n{patch}")
    before = tree(f"{DIR}/root")
    if shutil.which("patch"):
        for which in ("less", "undo"):
            with open(f"{DIR}/{which}.patch", encoding="utf-8") as f:
                r = subprocess.run(["patch", "-s", "-p1", "-d", f"{DIR}/root"], stdin=f, capture_output=True, text=True, check=False)
            expect(r.returncode == 0, f"patch takes {which}: {r.stdout}{r.stderr}")
            if which == "less":
                expect(tree(f"{DIR}/root") != before, "the patch changes something")
        after = tree(f"{DIR}/root")
        expect(after == before, "and is undone")
    text = run("suggest", "--snapshot", one, "--logs", f"{DIR}/logs", "--root", f"{DIR}/nowhere").stdout
    expect("not at hand" in text and "+++" not in text, "without the files only notes")
    os.remove(f"{DIR}/root/etc/sudoers")
    os.symlink("/etc/passwd", f"{DIR}/root/etc/sudoers")
    text = run("suggest", *base).stdout
    expect("root:x:0" not in text and "etc/sudoers\n+++" not in text, "a link out of the root is not followed")
    os.remove(f"{DIR}/root/etc/sudoers")
    os.mkfifo(f"{DIR}/root/etc/sudoers")
    run("suggest", *base)


def tree(root):
    out = {}
    for folder, _, names in os.walk(root):
        for n in names:
            with open(os.path.join(folder, n), encoding="utf-8") as f:
                if text := f.read():
                    out[os.path.join(folder, n)] = text
    return out


with tempfile.TemporaryDirectory() as DIR:
    STATE = f"{DIR}/state"
    os.makedirs(STATE)
    make()
    reach()
    cut()
    suggest()
print(f"{failures} failures" if failures else "reach, exposure, cut, suggest: as they should be")
sys.exit(1 if failures else 0)
