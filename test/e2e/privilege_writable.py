#!/usr/bin/env python3
"""privilege_writable.py POSTERN [SEED] - who may write what root runs: what `privilege collect` says beside what the kernel lets accounts do.

Roots with random owners, modes, sticky folders, groups, links and access control lists. For every account and everything on the way to a program, the account tries
it for real (opens the file for writing, takes it over when it is its own, renames or makes the entry in its folder). No right missing, none that is not there.
"""
import json
import os
import random
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ACCOUNTS = {"ann": (4001, 4001), "ben": (4002, 4001), "cat": (4003, 4003), "dan": (4004, 4004)}
GROUPS = {"one": (4001, []), "three": (4003, ["ann"]), "four": (4004, ["ben"]), "empty": (4010, []), "dev": (4011, ["ann", "dan"])}
failures = []


def acl(mode, entries):
    """system.posix_acl_access of named users and groups; entries: (tag, rights, id)."""
    rows = [(1, mode >> 6 & 7, 0xFFFFFFFF)] + [e for e in entries if e[0] == 2] + [(4, mode >> 3 & 7, 0xFFFFFFFF)] + [e for e in entries if e[0] == 8]
    rows += [(16, random.choice([7, 7, 5, 3]), 0xFFFFFFFF), (32, mode & 7, 0xFFFFFFFF)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *r) for r in rows)


def decorate(rng, path, is_dir):
    uid = rng.choice([0, 0, 0, 0] + [u for u, _ in ACCOUNTS.values()])
    gid = rng.choice([0, 0] + [g for g, _ in GROUPS.values()])
    mode = rng.choice([0o755, 0o755, 0o755, 0o775, 0o777, 0o711, 0o750, 0o1777, 0o1775, 0o700, 0o757]) if is_dir else rng.choice([0o755, 0o755, 0o775, 0o777, 0o700, 0o757, 0o744])
    os.chown(path, uid, gid)
    os.chmod(path, mode)
    if rng.random() < 0.25:
        entries = sorted({(rng.choice([2, 8]), rng.randrange(8), rng.choice([4001, 4002, 4003, 4004, 4010, 4011])) for _ in range(2)}, key=lambda e: (e[0], e[2]))
        seen, unique = set(), []
        for e in entries:
            if (e[0], e[2]) not in seen:
                seen.add((e[0], e[2]))
                unique.append(e)
        try:
            os.setxattr(path, "system.posix_acl_access", acl(mode, unique))
        except OSError:
            pass


def build(rng, root):
    for d in ("etc", "usr/sbin", "p"):
        (root / d).mkdir(parents=True)
    lines = ["root:x:0:0::/root:/usr/sbin/nologin"] + [f"{n}:x:{u}:{g}::/:/usr/sbin/nologin" for n, (u, g) in ACCOUNTS.items()]
    (root / "etc/passwd").write_text("\n".join(lines) + "\n")
    (root / "etc/group").write_text("root:x:0:\n" + "".join(f"{n}:x:{g}:{','.join(m)}\n" for n, (g, m) in GROUPS.items()))
    (root / "usr/sbin/cron").write_text("")
    os.chmod(root / "usr/sbin/cron", 0o755)
    os.chmod(root, 0o755)
    dirs, programs = [Path("p")], []
    for i in range(10):
        d = rng.choice(dirs) / f"d{i}"
        (root / d).mkdir()
        dirs.append(d)
    for i in range(16):
        p = rng.choice(dirs) / f"f{i}"
        (root / p).write_text("#!/bin/true\n")
        programs.append(p)
    for i in range(4):
        link = rng.choice(dirs) / f"l{i}"
        target = rng.choice(programs)
        os.symlink("/" + str(target) if rng.random() < 0.5 else os.path.relpath(target, link.parent), root / link)
        programs.append(link)
    for i in range(3):
        programs.append(rng.choice(dirs) / f"gone{i}")
    for d in dirs[1:]:
        decorate(rng, root / d, True)
    for p in programs:
        if (root / p).is_file() and not (root / p).is_symlink():
            decorate(rng, root / p, False)
    jobs = [("root" if rng.random() < 0.7 else rng.choice(list(ACCOUNTS)), p) for p in programs]
    (root / "etc/crontab").write_text("".join(f"* * * * * {who} /{p}\n" for who, p in jobs))
    return jobs


def way(root, path):
    """What the kernel passes: [(folder, name)] entries, links included, and the file at the end or None."""
    entries, parts, here, links = [], str(path).strip("/").split("/"), "/", 0
    while parts:
        name = parts.pop(0)
        if name in ("", "."):
            continue
        if name == "..":
            here = os.path.dirname(here)
            continue
        full = os.path.join(here, name)
        entries.append((here, name))
        try:
            st = os.lstat(str(root) + full)
        except FileNotFoundError:
            return entries, None
        if stat.S_ISLNK(st.st_mode):
            links += 1
            target = os.readlink(str(root) + full)
            parts = target.split("/") + parts
            if target.startswith("/"):
                here = "/"
        elif stat.S_ISDIR(st.st_mode):
            here = full
        else:
            return entries, full
    return entries, None


def attempts(entries, files):
    """In the account's shoes: {object: can}"""
    can = set()
    for folder, name in entries:
        full = os.path.join(folder, name)
        other = os.path.join(folder, ".tried")
        try:
            if os.lstat(folder).st_uid == os.getuid():
                os.chmod(folder, stat.S_IMODE(os.lstat(folder).st_mode))
                can.add(folder)
                continue
        except OSError:
            pass
        try:
            os.lstat(full)
            there = True
        except FileNotFoundError:
            there = False
        except OSError:
            continue
        try:
            if there:
                os.rename(full, other)
                os.rename(other, full)
            else:
                os.close(os.open(full, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                os.unlink(full)
            can.add(folder)
        except OSError:
            pass
    for f in files:
        try:
            if os.stat(f).st_uid == os.getuid():
                os.chmod(f, stat.S_IMODE(os.stat(f).st_mode))
                can.add(f)
            os.close(os.open(f, os.O_WRONLY | os.O_APPEND))
            can.add(f)
        except OSError:
            pass
    return can


def tried(root, name, entries, files):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            uid, gid = ACCOUNTS[name]
            os.chroot(root)
            os.chdir("/")
            os.setgroups([g for g, m in GROUPS.values() if name in m] + [gid])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            os.write(write, json.dumps(sorted(attempts(entries, files))).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as f:
        text = f.read()
    os.waitpid(pid, 0)
    return set(json.loads(text or b"null") or [])


def one(postern, seed):
    rng = random.Random(seed)
    random.seed(seed)
    root = Path(tempfile.mkdtemp(prefix="writable-"))
    try:
        jobs = build(rng, root)
        r = subprocess.run([postern, "privilege", "collect", "--root", str(root)], capture_output=True, text=True, check=False, timeout=120)
        snapshot = json.loads(r.stdout)
        told = set()
        for w in snapshot["writables"]:
            kind, _, who = w["by"].partition(":")
            names = list(ACCOUNTS) if kind == "everybody" else [who] if kind == "user" else [n for n, (_, g) in ACCOUNTS.items() if g == GROUPS[who][0] or n in GROUPS[who][1]]
            told |= {(w["used_as"], w["file"], n) for n in names if n != w["used_as"]}
        true = set()
        for used_as in {who for who, _ in jobs}:
            entries, files = set(), set()
            for who, p in jobs:
                if who == used_as:
                    e, f = way(root, p)
                    entries |= set(e)
                    files |= {f} if f else set()
            for name in ACCOUNTS:
                if name != used_as:
                    true |= {(used_as, o, name) for o in tried(root, name, sorted(entries), sorted(files))}
        false = {t for t in told - true if t[1].startswith("/p") or t[1] == "/"}
        for kind, rows in (("told but not so", false), ("so but not told", true - told)):
            for t in sorted(rows)[:5]:
                st = os.lstat(str(root) + t[1])
                failures.append(f"seed {seed}: {kind}: {t} {oct(st.st_mode)} {st.st_uid}:{st.st_gid}")
        return len(true)
    finally:
        shutil.rmtree(root)


def main():
    if os.getuid():
        print("skipped: needs root")
        sys.exit(77)
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rights = sum(one(os.path.abspath(sys.argv[1]), seed) for seed in range(first, first + int(os.environ.get("WRITABLE_ROOTS", "40"))))
    for f in failures[:30]:
        print(f)
    if rights < 100:
        failures.append(f"only {rights} rights in all roots: nothing was tested")
    print(f"{rights} rights: {'FAILED' if failures else 'as the kernel has it'}")
    sys.exit(bool(failures))


main()
