#!/usr/bin/env python3
"""audit.py POSTERN - `postern audit` on this machine and on a small root made here: what it says is so, and nothing hostile in a root leads it astray."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
POSTERN = str(Path(sys.argv[1]).resolve())
ENV = {**os.environ, "NO_COLOR": "1", "POSTERN_CONFIG": "/nonexistent", "POSTERN_STATE": "/nonexistent"}
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)


def audit(*args, env=ENV):
    return subprocess.run([POSTERN, "audit", *map(str, args)], capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL, timeout=120)


def results(*args, env=ENV):
    r = audit("--format", "json", *args, env=env)
    expect(r.returncode in (0, 1), f"audit {args}: {r.returncode} {r.stderr}")
    return json.loads(r.stdout or "{}")


def of(doc, check):
    found = [r for r in doc["results"] if r["check"] == check]
    return found[0] if found else {"result": "absent", "evidence": [], "text": ""}


def put(root, path, text, mode=0o644):
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def make_root(root):
    put(root, "/etc/hostname", "klein\n")
    put(root, "/etc/os-release", 'ID=debian\nVERSION_ID="10"\nPRETTY_NAME="Debian GNU/Linux 10 (buster)"\n')
    put(root, "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nanna:x:1000:1000:Anna:/home/anna:/bin/bash\nwartung:x:1001:1001::/home/wartung:/bin/bash\n")
    put(root, "/etc/shadow", "root:*:19000:0:99999:7:::\ntoor::19000:0:99999:7:::\nanna:$y$x:19000:0:99999:7:::\nwartung:$y$x:19000:0:99999:7:::\n", 0o640)
    put(root, "/etc/group", "root:x:0:\nanna:x:1000:\nwartung:x:1001:\ndocker:x:950:anna\npostern-provider:x:900:wartung\n")
    put(root, "/etc/pam.d/sshd", "auth sufficient pam_unix.so nullok\naccount required pam_unix.so\nsession required pam_unix.so\n")
    put(root, "/etc/apt/sources.list", "deb [trusted=yes] http://repo.example/debian stable main\n")
    put(root, "/usr/sbin/sshd", "the program that is not the one that was shipped\n", 0o755)
    put(root, "/usr/bin/apt-get", "#!/bin/sh\n", 0o755)
    put(root, "/usr/bin/ssh", "as shipped\n", 0o755)
    info = "/var/lib/dpkg/info/"
    put(root, info + "openssh-server.md5sums", hashlib.md5(b"another one\n").hexdigest() + "  usr/sbin/sshd\n" + "0" * 32 + "  usr/share/doc/x\n")
    sums = hashlib.md5(b"as shipped\n").hexdigest() + "  usr/bin/ssh\n"
    for size in (0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 70001): # where blocks of the hash end
        text = "x" * size
        put(root, f"/usr/lib/openssh/f{size}", text)
        sums += f"{hashlib.md5(text.encode()).hexdigest()}  usr/lib/openssh/f{size}\n"
    put(root, info + "openssh-client.md5sums", sums)


def check_root(tmp):
    root = tmp / "root"
    make_root(root)
    doc = results("--root", root)
    expect(doc["hosts"] == ["klein"], f"host: {doc['hosts']}")
    wanted = {"ACC-08": ("fail", "/etc/passwd:2: toor"), "ACC-07": ("fail", "toor"), "ACC-11": ("fail", "anna is in group docker"), "ACC-03": ("fail", "wartung has a password"),
              "ACC-02": ("fail", "shell /bin/bash"), "ACC-12": ("pass", None), "PKG-01": ("fail", "trusted=yes"), "PKG-05": ("fail", "ended 2024-06-30"),
              "PKG-07": ("fail", "/usr/sbin/sshd (openssh-server)"), "PAM-01": ("fail", "no pam_postern.so"), "PAM-04": ("fail", "nullok"), "ACC-01": ("pass", None)}
    for check, (result, words) in wanted.items():
        r = of(doc, check)
        expect(r["result"] == result and (words is None or any(words in e for e in r["evidence"])), f"{check}: {r['result']} {r['evidence']} {r['text']}")
    expect(of(doc, "PKG-07")["found"] == 1 and all("usr/bin/ssh " not in e and "share/doc" not in e for e in of(doc, "PKG-07")["evidence"]), "PKG-07 names a file that is as shipped")
    return root


def check_facts(tmp):
    """Facts that only audit asks for: an empty list of revoked keys, what may go out."""
    root = tmp / "facts"
    make_root(root)
    put(root, "/etc/ssh/sshd_config", "RevokedKeys /etc/ssh/revoked\nTrustedUserCAKeys /etc/ssh/ca.pub\n")
    put(root, "/etc/ssh/revoked", "")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp / "ca")], check=True)
    put(root, "/etc/ssh/ca.pub", (tmp / "ca.pub").read_text(encoding="utf-8"))
    put(root, "/lib/systemd/systemd", "#!/bin/sh\n", 0o755)
    put(root, "/lib/systemd/system/nftables.service", "[Service]\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n[Install]\nWantedBy=sysinit.target\n")
    (root / "etc/systemd/system/sysinit.target.wants").mkdir(parents=True)
    (root / "etc/systemd/system/sysinit.target.wants/nftables.service").symlink_to("/lib/systemd/system/nftables.service")
    rules = "table inet f {\n chain input { type filter hook input priority 0; policy drop; }\n chain output { type filter hook output priority 0; policy %s; }\n}\n"
    for policy, result in (("drop", "pass"), ("accept", "fail")):
        put(root, "/etc/nftables.conf", rules % policy)
        doc = results("--root", root)
        r = of(doc, "NET-03")
        expect(r["result"] == result and (result == "pass" or r["evidence"] == ["/etc/nftables.conf:3: everything may go out"]), f"NET-03 with {policy}: {r['result']} {r['text']} {r['evidence']}")
        expect(of(doc, "NET-02")["result"] == "pass", f"NET-02: {of(doc, 'NET-02')}")
    expect(of(doc, "SSH-20")["result"] == "fail" and "empty" in of(doc, "SSH-20")["evidence"][0], f"SSH-20 with an empty list: {of(doc, 'SSH-20')}")
    put(root, "/etc/ssh/revoked", "x" * 44)
    expect(of(results("--root", root), "SSH-20")["result"] == "pass", "SSH-20 with a list")
    (root / "etc/ssh/revoked").unlink()
    expect(of(results("--root", root), "SSH-20")["result"] == "cannot-tell", "SSH-20 without the list that is named")


def check_doc(doc):
    """What the document says of itself adds up."""
    rank = {"critical": 10, "high": 5, "medium": 2, "low": 1}
    good = sum(rank[r["severity"]] for r in doc["results"] if r["result"] == "pass")
    every = sum(rank[r["severity"]] for r in doc["results"] if r["result"] != "not-applicable")
    expect(abs(doc["score"] - 100 * good / every) < 0.06, f"score {doc['score']}, {good} of {every}")
    for result in ("pass", "fail", "cannot-tell", "not-applicable"):
        expect(doc["counts"][result] == sum(r["result"] == result for r in doc["results"]), f"count of {result}")
    for r in doc["results"]:
        expect(r["result"] != "fail" or r["evidence"], f"{r['check']} fails without evidence")
        expect(r["text"], f"{r['check']} says nothing")


class Page(HTMLParser):
    VOID = {"meta", "link", "br", "td", "th", "tr"}

    def __init__(self):
        super().__init__()
        self.outside, self.scripts, self.cards = [], 0, 0

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.scripts += tag == "script"
        self.cards += "card" in (values.get("class") or "")
        self.outside += [v for k, v in attrs if k in ("src", "href") and v and not v.startswith("#")]


def check_formats(root, tmp):
    doc = results("--root", root)
    check_doc(doc)
    wrong = sum(r["result"] in ("fail", "cannot-tell") for r in doc["results"])
    page = Page()
    page.feed(audit("--root", root, "--format", "html").stdout)
    expect(not page.outside and not page.scripts and page.cards == wrong, f"html: {page.outside} {page.scripts} {page.cards} of {wrong}")
    lines = [json.loads(x) for x in audit("--root", root, "--format", "ocsf").stdout.splitlines()]
    expect(len(lines) == wrong and all(x["class_uid"] == 2003 and x["type_uid"] == 200301 for x in lines), f"ocsf: {len(lines)} of {wrong}")
    text = audit("--root", root, "--all").stdout
    expect(text.startswith(f"Score: {doc['score']:.1f} of 100\n") and all(r["check"] in text for r in doc["results"]), "text lacks a check")
    expect(audit("--root", root, "--fail-on", "critical").returncode == 1, "--fail-on critical")
    expect(audit("--root", root, "--id", "ACC-12", "--fail-on", "low").returncode == 0, "--fail-on low of a check that passes")
    only = results("--root", root, "--demand", "mail")
    expect({r["demand"] for r in only["results"]} == {"mail"}, "--demand mail")


def check_change(root, tmp):
    before = tmp / "before.json"
    before.write_text(audit("--root", root, "--format", "json").stdout, encoding="utf-8")
    put(root, "/etc/apt/sources.list", "deb http://deb.debian.org/debian bookworm main\n")
    put(root, "/etc/passwd", (root / "etc/passwd").read_text() + "neu:x:0:0::/:/bin/sh\nneu2:x:1001:1001::/:/bin/sh\n")
    doc = results("--root", root, "--since", before)
    expect(of(doc, "PKG-01").get("change") == "mended" and of(doc, "ACC-10").get("change") == "worse", f"change: {of(doc, 'PKG-01').get('change')} {of(doc, 'ACC-10').get('change')}")
    expect(doc["since"]["mended"] >= 1 and doc["since"]["worse"] >= 1, f"since: {doc['since']}")
    state = tmp / "state"
    state.mkdir(mode=0o700)
    expect("since" not in results("--root", root, "--state", state), "a change since nothing")
    expect(audit("--root", root, "--state", state, "--save").returncode == 0 and (state / "audit/host-klein.json").stat().st_mode & 0o777 == 0o600, "--save")
    put(root, "/etc/apt/sources.list", "deb [trusted=yes] http://repo.example/debian stable main\n")
    expect(of(results("--root", root, "--state", state), "PKG-01").get("change") == "worse", "the result that was kept is not compared with")
    (state / "audit").chmod(0o777)
    r = audit("--root", root, "--state", state, "--format", "json")
    expect("others may write" in r.stderr and "since" not in json.loads(r.stdout), f"a folder that others may write is believed: {r.stderr}")


def check_waivers(root, tmp):
    file = tmp / "waivers.yaml"
    file.write_text("waivers:\n  - {check: ACC-08, owner: anna, reason: test, until: 2099-01-01}\n  - {check: ACC-07, owner: anna, reason: test, until: 2020-01-01}\n", encoding="utf-8")
    doc, plain = results("--root", root, "--waivers", file), results("--root", root)
    expect(doc["score"] == plain["score"], "a waiver raised the score")
    expect(of(doc, "ACC-08").get("waiver", {}).get("owner") == "anna" and "waiver" not in of(doc, "ACC-07"), "waivers")
    expect([w["check"] for w in doc["waivers_expired"]] == ["ACC-07"], "the waiver that has run out is not told")
    expect(audit("--root", root, "--id", "ACC-08", "--waivers", file, "--fail-on", "low").returncode == 0, "--fail-on counts what is waived")
    file.write_text("waivers:\n  - {check: ACC-8, owner: a, reason: b, until: 2099-01-01}\n", encoding="utf-8")
    r = audit("--root", root, "--waivers", file)
    expect(r.returncode == 2 and f"{file}:2:" in r.stderr and "ACC-08" in r.stderr, f"unknown check: {r.returncode} {r.stderr}")


def check_hostile(tmp):
    """Links out of the root, FIFOs where files should be, names that drive terminals."""
    root = tmp / "hostile"
    make_root(root)
    (root / "etc/shadow").unlink()
    (root / "etc/shadow").symlink_to("/../../../../etc/shadow")
    (root / "etc/pam.d/sshd").unlink()
    os.mkfifo(root / "etc/pam.d/sshd")
    (root / "etc/apt/sources.list.d").mkdir()
    os.mkfifo(root / "etc/apt/sources.list.d/x.list")
    put(root, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n\x1b[2J<b>:x:0:0::/:/bin/sh\n")
    (root / "usr/sbin/sshd").unlink()
    (root / "usr/sbin/sshd").symlink_to("/../../../../../../../usr/sbin/sshd")
    r = audit("--root", root)
    expect(r.returncode == 0 and "\x1b" not in r.stdout, f"hostile root: {r.returncode} {r.stderr}")
    doc = results("--root", root)
    expect(of(doc, "PAM-01")["result"] != "pass" and of(doc, "ACC-12")["result"] in ("cannot-tell", "fail"), "what cannot be read passes")
    html = audit("--root", root, "--format", "html").stdout
    expect("<b>" not in html, "a name becomes markup")
    for args, status in ((("--root", tmp / "none"), 3), ((tmp / "none.json",), 3), (("--id", "XYZ-1"), 2), (("--demand", "peace"), 2), (("--since", tmp / "none", "--root", root), 3)):
        r = audit(*args)
        expect(r.returncode == status and r.stderr.startswith("postern"), f"audit {args}: {r.returncode} {r.stderr}")
    junk = tmp / "junk.json"
    for content in ("", "{}", "[1]", '{"postern_snapshot":1', "\0" * 100):
        junk.write_text(content, encoding="utf-8")
        expect(audit(junk).returncode == 3, f"a snapshot of {content!r} is taken")


def check_gate(tmp):
    """What the gate's state says: a person without a second factor, a grant that is a standing right, anchors."""
    if os.geteuid() != 0:
        return
    root, state = tmp / "gated", tmp / "gate-state"
    make_root(root)
    state.mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp / "key")], check=True)

    def do(*args, who="nobody"):
        r = subprocess.run([POSTERN, *map(str, args), "--state", str(state)], capture_output=True, text=True, check=False, env={**ENV, "SUDO_USER": who}, stdin=subprocess.DEVNULL)
        expect(r.returncode == 0, f"{args}: {r.stderr}")
        return r.stdout

    wanted = {"PRO-01": "cannot-tell", "PRO-02": "cannot-tell", "PRO-08": "cannot-tell", "LOG-11": "cannot-tell", "LOG-13": "cannot-tell"}
    doc = results("--root", root, "--state", state)
    expect({k: of(doc, k)["result"] for k in wanted} == wanted, "no gate, and something is told of it")
    do("provider", "add", "p1", "--name", "P One")
    do("person", "add", "jo", "--provider", "p1", "--name", "Jo", "--key", tmp / "key.pub")
    grant = do("grant", "request", "--person", "jo", "--host", "klein", "--account", "wartung", "--shell", "--until", "20d", "--purpose", "x").split(":")[0]
    do("grant", "approve", grant, who="daemon")
    wanted = {"PRO-01": "pass", "PRO-02": "fail", "PRO-07": "fail", "PRO-08": "fail", "LOG-11": "pass", "LOG-12": "fail", "LOG-13": "pass"}
    doc = results("--root", root, "--state", state)
    got = {k: of(doc, k)["result"] for k in wanted}
    expect(got == wanted, f"gate: {got}")
    log = state / "audit.log"
    log.write_bytes(log.read_bytes().replace(b'"object":"p1"', b'"object":"p2"'))
    expect(of(results("--root", root, "--state", state), "LOG-11")["result"] == "fail", "a changed audit log passes")


def check_machine():
    doc = results()
    check_doc(doc)
    expect(of(doc, "ACC-08")["result"] in ("pass", "fail", "cannot-tell"), "this machine")
    uid0 = [x.split(":")[0] for x in Path("/etc/passwd").read_text(encoding="utf-8", errors="replace").splitlines() if x.split(":")[2:3] == ["0"]]
    expect((of(doc, "ACC-08")["result"] == "fail") == (len(uid0) > 1), f"uid 0: {uid0}, {of(doc, 'ACC-08')['result']}")


def check_list():
    """docs/audit.md lists every check, with its level and numbers."""
    checks = json.loads(audit("--list", "--format", "json").stdout)
    text = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
    for c in checks:
        row = f"| {c['check']} | {c['severity']} | {c['title']} | {' '.join(c['nist_800_171r3'])} | {' '.join(c['bsi'])} | {' '.join(c['iso_27001'])} |"
        expect(row in text, f"docs/audit.md lacks: {row}")
    expect(len(checks) >= 60 and len(checks) == text.count(" | A."), f"{len(checks)} checks")
    expect(all(c["check"] in audit("--list").stdout for c in checks), "--list as text")


def main():
    with tempfile.TemporaryDirectory(prefix="postern-audit-") as name:
        tmp = Path(name)
        root = check_root(tmp)
        check_formats(root, tmp)
        check_waivers(root, tmp)
        check_change(root, tmp)
        check_hostile(tmp)
        check_gate(tmp)
        check_facts(tmp)
    check_machine()
    check_list()
    for text in failures:
        print(f"audit.py: {text}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
