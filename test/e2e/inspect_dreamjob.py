#!/usr/bin/env python3
"""Forty files as Operation Dream Job sends them, and forty honest ones that look alike (test/lure/dreamjob.py): all of the first are called suspicious or worse, with the right evidence; of the second at
most one.

usage: inspect_dreamjob.py POSTERN
"""
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lure"))
import dreamjob
import programs


def write(path, content):
    if isinstance(content, dict) and "__tar__" in content:
        with tarfile.open(path, "w") as t:
            info = tarfile.TarInfo("notes.txt")
            info.size = 6
            t.addfile(info, io.BytesIO(b"notes\n"))
    else:
        open(path, "wb").write(dreamjob.zipped(content) if isinstance(content, dict) else content)


def inspect(postern, folder, table):
    os.makedirs(folder)
    for name, (content, _) in table.items():
        write(os.path.join(folder, name), content)
    p = subprocess.run([postern, "inspect", "--format", "json", folder], capture_output=True, timeout=300)
    if p.returncode:
        sys.exit(f"exit {p.returncode}: {p.stderr.decode()}")
    return {os.path.basename(r["path"]): r for r in map(json.loads, p.stdout.splitlines())}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    missing = [x for x in ("openssl", "osslsigncode", "genisoimage") if not shutil.which(x)]
    if missing:
        print(f"missing: {', '.join(missing)}; script/deps test installs them")
        sys.exit(77)
    wrong = []
    with tempfile.TemporaryDirectory(prefix="postern-dreamjob-") as d:
        a = programs.Authority(f"{d}/authority")
        os.makedirs(f"{d}/made")
        bad, good = dreamjob.lures(a, f"{d}/made"), dreamjob.honest(a, f"{d}/made")
        rows = inspect(sys.argv[1], f"{d}/lures", bad)
        found = 0
        for name, (_, indicator) in bad.items():
            r, ids = rows[name], {f["id"] for f in rows[name]["findings"]}
            found += r["verdict"] in ("suspicious", "lure")
            if r["verdict"] not in ("suspicious", "lure") or indicator not in ids:
                wrong.append(f"{name}: {r['verdict']}, {indicator} expected in {sorted(ids)}")
        rows = inspect(sys.argv[1], f"{d}/honest", good)
        false = [n for n in good if rows[n]["verdict"] in ("suspicious", "lure")]
        for n in false:
            print(f"honest, but {rows[n]['verdict']}: {n}: {[(f['id'], f['evidence']) for f in rows[n]['findings']]}")
        quarantined = [n for n in good if rows[n]["quarantine"]]
        print(f"{found} of {len(bad)} lures found, {len(false)} of {len(good)} honest files called suspicious, {len(quarantined)} quarantined")
    print("\n".join(wrong))
    sys.exit(1 if wrong or len(false) > 1 or quarantined or len(bad) < 40 or len(good) < 40 else 0)


main()
