#!/usr/bin/env python3
"""privilege_sudo.py POSTERN [SEED] - what `privilege collect` says of sudoers beside what the real sudo says (`sudo -l -l -U`).

In namespaces of the test's own, with a private /etc: written-out files for every shape that sudoers have, and some made at random from the same pieces. For every account
the commands with their run-as, tags and order must be the same; a line that sudo skips must be named; cvtsudoers must not contradict.
"""
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

INSIDE = "POSTERN_SUDO_TEST"
SUDO, CVT = "/usr/bin/sudo", "/usr/bin/cvtsudoers"
USERS = {"alice": (3001, "staffx"), "bob": (3002, "staffx"), "carol": (3003, "carol")}
GROUPS = {"staffx": (3001, []), "carol": (3003, []), "wheelx": (3027, ["bob"]), "ops": (3028, ["carol", "alice"])}
HOST = "web1"
failures = []

# name: (sudoers, {file in sudoers.d: text}, lines that sudo skips)
CASES = {
    "root only": ("root ALL=(ALL:ALL) ALL\n", {}, 0),
    "all": ("alice ALL=(ALL) ALL\n", {}, 0),
    "nopasswd all": ("alice ALL=(ALL:ALL) NOPASSWD: ALL\n", {}, 0),
    "tags go on": ("alice ALL=NOPASSWD: /bin/a, /bin/b, PASSWD: /bin/c, NOEXEC: /bin/d, EXEC: /bin/e, SETENV: /bin/f, NOSETENV: /bin/g\n", {}, 0),
    "other tags": ("alice ALL=LOG_INPUT: LOG_OUTPUT: /bin/a, NOLOG_INPUT: MAIL: /bin/b, FOLLOW: INTERCEPT: /bin/c\n", {}, 0),
    "run as": ("alice ALL=(bob) /bin/a, /bin/b, (root) /bin/c, (bob, carol, !root) /bin/d\n", {}, 0),
    "run as group": ("alice ALL=(:wheelx) /bin/a, (bob : wheelx, ops) /bin/b, (: ops) NOPASSWD: /bin/c\n", {}, 0),
    "run as oneself": ("alice ALL=() /bin/a, (:) /bin/b, (root) /bin/c\n", {}, 0),
    "groups": ("%staffx ALL=/bin/a\n%wheelx ALL=/bin/b\n%#3028 ALL=/bin/c\n%nobodyhas ALL=/bin/d\n", {}, 0),
    "numbers": ("#3001 ALL=/bin/a\n#3002, #3003 ALL=/bin/b # a comment\n", {}, 0),
    "netgroup": ("+net ALL=/bin/a\nalice ALL=/bin/b\n", {}, 0),
    "not somebody": ("ALL, !bob ALL=/bin/a\n%staffx, !alice ALL=/bin/b\n!alice, alice ALL=/bin/c\n", {}, 0),
    "hosts": ("alice web1=/bin/a\nalice web2=/bin/b\nalice ALL, !web1=/bin/c\nalice !web2, ALL=/bin/d\n", {}, 0),
    "two hosts a line": ("alice web1=/bin/a : web2=/bin/b : ALL=(bob) NOPASSWD: /bin/c\n", {}, 0),
    "aliases": ("User_Alias ADM=alice, %wheelx\nRunas_Alias OP=bob, carol\nHost_Alias W=web1, web3\nCmnd_Alias SH=/bin/sh, /bin/bash, !/bin/zsh\nADM W=(OP) SH, /bin/x\n", {}, 0),
    "aliases later": ("ADM ALL=SH\nUser_Alias ADM=bob : B=ADM, !bob\nCmnd_Alias SH=/bin/sh\nB ALL=/bin/b\n", {}, 0),
    "negated aliases": ("Cmnd_Alias SH=/bin/sh, !/bin/zsh\nUser_Alias NO=!alice, bob\nalice ALL=ALL, !SH\nALL, !NO ALL=/bin/x\n", {}, 0),
    "aliases in aliases": ("Cmnd_Alias A=/bin/a, B : B=/bin/b, !C : C=/bin/c\nalice ALL=A, !B\n", {}, 0),
    "alias not there": ("alice ALL=NONE, /bin/a\nNOBODY ALL=/bin/b\nbob NOHOST=/bin/c\ncarol ALL=(NOONE) /bin/d\n", {}, 0),
    "alias twice": ("Cmnd_Alias A=/bin/a\nCmnd_Alias A=/bin/b\nalice ALL=A\n", {}, 1),
    "error in the middle": ("alice ALL=/bin/a\nbob ALL=(ALL /bin/b\ncarol ALL=/bin/c\n", {}, 1),
    "errors": ("alice\nalice ALL\nalice ALL=\nalice ALL=/bin/a /\nalice ALL=bin/a\nalice ALL=OOPS=1 /bin/a\n= =\n\"alice ALL=/bin/a\nalice ALL=/bin/good\n", {}, 7),
    "error behind a good host": ("alice ALL=/bin/a : web1=oops\nbob ALL=/bin/b\n", {}, 1),
    "errors behind a rule": ("alice ALL=/bin/a1 : web1=oops\nalice ALL=/bin/a2 : g h\nalice ALL=/bin/a3 : g\nalice ALL=/bin/a4 :\nalice ALL=/bin/a5 : h = (\nalice ALL=/bin/a6, oops\nalice ALL=/bin/a7 : h=/bin/b, oops\n", {}, 7),
    "options": ("alice ALL=CWD=/tmp /bin/a, CHROOT=/c CWD=* /bin/b, TIMEOUT=1h /bin/c, NOTBEFORE=20200101000000Z NOTAFTER=20390101000000Z NOPASSWD: /bin/d\n", {}, 0),
    "arguments": ("alice ALL=/bin/a \"\", /bin/b x  y\tz, /bin/c a\\,b\\:c\\=d, /bin/d *, /bin/e [a-z]?, /bin/f a\\*b, /bin/g/, sudoedit /etc/x /etc/y\n", {}, 0),
    "expressions": ("alice ALL=/bin/a ^x y+$, ^/bin/(b|c)$, ^/bin/d$ ^z$\n", {}, 0),
    "digests": ("alice ALL=sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/a, sha224:aabbccddeeff00112233445566778899aabbccddeeff001122334455 /bin/b\n", {}, 0),
    "quoted names": ("\"alice\" ALL=/bin/a\n%\"wheelx\" ALL=/bin/b\nb\\ob ALL=/bin/c\n\"%ops\" ALL=/bin/d\n", {}, 1),
    "lines that go on": ("alice ALL=/bin/a, \\\n    /bin/b, \\\n    NOPASSWD: /bin/c\n# a comment \\\nbob ALL=/bin/hidden\nbob ALL=/bin/seen\n", {}, 0),
    "comments": ("# alice ALL=/bin/a\nalice ALL=/bin/b#c\nalice ALL=/bin/c # d\n  #x\n#\nbob ALL = ( root ) NOPASSWD : /bin/d , /bin/e\n", {}, 0),
    "defaults": ("Defaults !authenticate\nDefaults:bob authenticate\nalice ALL=/bin/a, PASSWD: /bin/b\n", {}, 0),
    "defaults that change rules": ("alice ALL=/bin/a\nDefaults runas_default=bob\nDefaults noexec\nalice ALL=(root) /bin/b, EXEC: /bin/c\n", {}, 0),
    "order": ("alice ALL=NOPASSWD: ALL\nalice ALL=PASSWD: /bin/a, !/bin/b\n%ops ALL=NOPASSWD: /bin/b\n", {}, 0),
    "folder": ("@includedir /etc/sudoers.d\nalice ALL=/bin/last\n", {"10a": "alice ALL=/bin/a\n", "20b": "oops\nalice ALL=/bin/b\n", "x.y": "alice ALL=ALL\n", "z~": "alice ALL=ALL\n"}, 1),
    "includes": ("#include /etc/sudoers.d/one\n@include \"/etc/sudoers.d/t w o\"\n@include sudoers.d/th\\ ree # why\n@include /etc/sudoers.d/%h\n@include /etc/none\nalice ALL=/bin/end\n",
                 {"one": "alice ALL=/bin/one\n@include two\n", "two": "alice ALL=/bin/two\n", "t w o": "alice ALL=/bin/two-words\n", "th ree": "alice ALL=/bin/three\n", "web1": "alice ALL=/bin/host\n"}, 1),
    "alias of an include": ("@include /etc/sudoers.d/late\nalice ALL=LATE\n", {"late": "Cmnd_Alias LATE=/bin/late\n"}, 0),
}


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def sh(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60, **more)


def enter():
    if os.environ.get(INSIDE):
        return
    if os.getuid():
        skip("needs root")
    for p in (SUDO, CVT, "/usr/bin/unshare"):
        if not os.path.exists(p):
            skip(f"{p} is not installed")
    if sh("unshare", "-m", "-u", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs none /mnt && hostname x").returncode:
        skip("no namespaces here")
    sys.exit(subprocess.run(["unshare", "-m", "-u", sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"}, check=False).returncode)


def prepare():
    """A private /etc; everything else without setuid, so that looking for setuid files is over at once."""
    script = ("mount --make-rprivate / && hostname " + HOST + " && mount -t tmpfs -o mode=755 none /mnt && cp -a /etc/. /mnt/ && mount --move /mnt /etc && "
              "for d in /usr /lib /var /opt /home /root /srv /work /tmp; do [ -d $d ] && mount --bind $d $d && mount -o remount,bind,nosuid $d; done; rm -rf /etc/sudoers.d; mkdir -m 755 /etc/sudoers.d; "
              "[ ! -e /usr/sbin/sendmail ] || mount --bind /bin/true /usr/sbin/sendmail")  # sudo would send mail about errors
    r = sh("sh", "-c", script)
    if r.returncode:
        skip(f"no private /etc: {r.stderr.strip()}")
    with open("/etc/passwd", "a", encoding="utf-8") as f:
        f.writelines(f"{u}:x:{uid}:{GROUPS[g][0]}::/:/bin/sh\n" for u, (uid, g) in USERS.items())
    with open("/etc/group", "a", encoding="utf-8") as f:
        f.writelines(f"{g}:x:{gid}:{','.join(members)}\n" for g, (gid, members) in GROUPS.items())
    Path("/etc/hosts").write_text(f"127.0.0.1 {HOST} localhost\n", encoding="utf-8")


def normal(command):
    """Escapes, the comma between digests, and where a digest stands to ! are a matter of writing."""
    command = re.sub(r"(sha\d+:\S+?),? (?=sha\d)", r"\1 ", command.replace("\\", ""))
    m = re.match(r"!?((?:sha\d+:\S+ )+)(!?)(.*)$", command)
    if m:
        return ("!" if command[0] == "!" or m[2] else "") + m[1] + m[3]
    return re.sub(r"\s+", " ", command).strip()


def of_sudo(user):
    """[(run as, groups, nopasswd, noexec, setenv, command)] in sudo's order, and what it complained of."""
    r = sh(SUDO, "-l", "-l", "-U", user, env={"PATH": "/usr/bin:/bin", "LANG": "C"})
    rows, entry, in_commands = [], {}, False
    head = r.stdout.split("User " + user, 1)[0]
    no_auth = "!authenticate" in head
    noexec = re.search(r"(?<![!\w])noexec", head) is not None
    for line in r.stdout.splitlines():
        if line.startswith("Sudoers entry"):
            entry, in_commands = {}, False
        elif line.startswith("    Commands:"):
            in_commands = True
        elif line.startswith("    "):
            key, _, value = line.strip().partition(": ")
            entry[key] = [v.strip() for v in value.split(",")]
        elif line.startswith("\t") and in_commands:
            options, command = entry.get("Options", []), normal(line.strip())
            if re.fullmatch(r"!?[A-Z][A-Z0-9_]*", command) and command.lstrip("!") != "ALL":
                continue  # an alias that is not there
            nopasswd = "!authenticate" in options or (no_auth and "authenticate" not in options)
            setenv = "setenv" in options or (command == "ALL" and "!setenv" not in options)
            noexec_now = "noexec" in options or (noexec and "!noexec" not in options and "exec" not in options)
            rows.append((tuple(entry.get("RunAsUsers", ["root"])), tuple(entry.get("RunAsGroups", [])), nopasswd, noexec_now, setenv, command))
    return rows, r.stderr


def matches(name, members, test):
    """The last that fits decides."""
    for m in reversed(members):
        negated, m = m.startswith("!"), m.lstrip("!")
        if m == "ALL" or test(name, m):
            return not negated
    return False


def is_user(user, m):
    uid, primary = USERS[user]
    groups = {primary} | {g for g, (_, members) in GROUPS.items() if user in members}
    if m.startswith("%#"):
        return any(str(GROUPS[g][0]) == m[2:] for g in groups)
    if m.startswith("%"):
        return m[1:] in groups
    return m in (user, f"#{uid}")


def of_postern(rows, user):
    out = []
    for r in rows:
        if not matches(user, r["who"], is_user) or not matches(HOST, r["hosts"], lambda h, m: h == m):
            continue
        run_as = tuple(user if a == "(self)" else a for a in r.get("run_as", [])) or ("root",)
        for command in r["commands"]:
            setenv = r.get("setenv") == "yes"
            out.append((run_as, tuple(r.get("run_as_groups", [])), r.get("nopasswd") == "yes", r.get("noexec") == "yes", setenv, normal(command)))
    return out


def collect(postern):
    r = sh(postern, "privilege", "collect")
    try:
        return json.loads(r.stdout)
    except ValueError:
        print(r.stdout[:500], r.stderr[:500])
        sys.exit(1)


def one(postern, name, sudoers, files, skipped):
    for f in Path("/etc/sudoers.d").iterdir():
        f.unlink()
    for path, text in [("/etc/sudoers", sudoers)] + [(f"/etc/sudoers.d/{n}", t) for n, t in files.items()]:
        if os.path.exists(path):
            os.unlink(path)
        Path(path).write_text(text, encoding="utf-8")
        os.chmod(path, 0o440)
    snapshot = collect(postern)
    missing = [m for m in snapshot["missing"] if m["section"] == "sudo"]
    if any("cvtsudoers" in m["why"] for m in missing):
        failures.append(f"{name}: {[m['why'] for m in missing if 'cvtsudoers' in m['why']]}")
    complaints = ""
    for user in USERS:
        theirs, complaints = of_sudo(user)
        ours = of_postern(snapshot["sudo"], user)
        if theirs != ours:
            failures.append(f"{name}: {user}:\n  sudo    {theirs}\n  postern {ours}")
    if skipped is None:
        skipped = len({m for m in re.findall(r"^(?:sudo: )?(/etc/\S+:\d+)(?::\d+)?: ", complaints, re.M)})
    named = len({(m["file"], m.get("line")) for m in missing if "skips" in m["why"] or "not there" in m["why"] and "alias" not in m["why"]})
    if named != skipped:
        failures.append(f"{name}: {skipped} lines are skipped, {named} are named: {[m['why'] for m in missing]}\n{complaints}")


def made_up(rng):
    """A file of random lines from the pieces; some are wrong."""
    pick = rng.choice

    def several(f, most):
        return ", ".join(f() for _ in range(rng.randint(1, most)))

    def user():
        return pick(["", "", "", "!"]) + pick(["alice", "bob", "carol", "%wheelx", "%ops", "#3001", "%#3027", "ALL", "UA", "UB", "+net", '"bob"'])

    def host():
        return pick(["", "", "!"]) + pick(["ALL", "ALL", "web1", "web2", "HA", "10.1.2.3"])

    def command():
        return pick(["", "", "", "!"]) + pick(["/bin/a", "/bin/b x y", "/bin/c \"\"", "ALL", "CA", "CB", "/bin/d *", "/usr/bin/e\\,f g\\:h", "sudoedit /etc/x", "NONE", "/sbin/"])

    def spec():
        return pick(["", "", "(bob) ", "(RA) ", "(: ops) ", "() ", "(ALL : ALL) "]) + pick(["", "", "CWD=/tmp ", "NOTAFTER=20390101000000Z "]) + pick(["", "", "NOPASSWD: ", "PASSWD: ", "NOEXEC: SETENV: "]) + command()

    lines = ["User_Alias UA=alice, !bob", "User_Alias UB=UA, %ops : UC=ALL", "Host_Alias HA=web1, !web2", "Runas_Alias RA=bob, carol", "Cmnd_Alias CA=/bin/ca, !/bin/cb", "Cmnd_Alias CB=CA, /bin/cc"]
    for _ in range(rng.randint(1, 8)):
        line = f"{several(user, 3)} {several(host, 2)}={several(spec, 4)}"
        if rng.random() < 0.2:
            line += f" : {several(host, 2)} = {several(spec, 2)}"
        if rng.random() < 0.1:
            cut = rng.randrange(len(line))
            line = line[:cut] + pick(["", "(", ")", "=", ":", ",", '"', "!"]) + line[cut + 1:]
        lines.insert(rng.randrange(len(lines) + 1), line)
    return "\n".join(lines) + "\n"


def main():
    enter()
    postern = os.path.abspath(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    prepare()
    only = os.environ.get("SUDO_CASES", "")
    for name, (sudoers, files, skipped) in CASES.items():
        if re.search(only, name):
            one(postern, name, sudoers, files, skipped)
    rng = random.Random(seed)
    count = int(os.environ.get("SUDO_RANDOM", "25"))
    for i in range(count):
        text = made_up(rng)
        before = len(failures)
        one(postern, f"random {i}", text, {}, None)
        if len(failures) > before:
            failures.append(text)
    for f in failures[:20]:
        print(f)
    print(f"{len(CASES)} written-out files, {count} at random (seed {seed}), {len(USERS)} accounts each: {'FAILED' if failures else 'as sudo says'}")
    sys.exit(bool(failures))


main()
