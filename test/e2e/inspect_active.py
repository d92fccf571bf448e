#!/usr/bin/env python3
"""postern inspect on what acts when it is opened (shortcuts, pages, notes, calendars, PDF): each indicator on a file made for it, none on its benign twin; cut at every
1 % of their length and flipped, nothing crashes.

usage: inspect_active.py POSTERN
"""
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lure"))
import active

failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def inspect(postern, *paths):
    p = subprocess.run([postern, "inspect", "--format", "json", *paths], capture_output=True, timeout=300)
    expect(p.returncode == 0, f"exit {p.returncode}: {p.stderr[-500:]}")
    return [json.loads(x) for x in p.stdout.splitlines()]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    with tempfile.TemporaryDirectory(prefix="postern-active-") as d:
        os.makedirs(f"{d}/whole")
        for name, (content, _, _) in active.CASES.items():
            open(f"{d}/whole/{name}", "wb").write(content)
        rows = {os.path.basename(r["path"]): r for r in inspect(sys.argv[1], f"{d}/whole")}
        expect(len(rows) == len(active.CASES), f"{len(rows)} rows for {len(active.CASES)} files")
        for name, (_, wanted, unwanted) in active.CASES.items():
            ids = {f["id"] for f in rows[name]["findings"]}
            expect(wanted <= ids, f"{name}: lacks {wanted - ids}, has {ids}")
            expect(not unwanted & ids, f"{name}: has {unwanted & ids}")
            expect(rows[name]["verdict"] != "clean" or not any(f["level"] in ("high", "critical") for f in rows[name]["findings"]), f"{name}: clean with {ids}")
        smuggled = [o for o in rows["smuggle.html"]["objects"] if o["how"] == "decoded" and o["type"] == "pe"]
        expect(smuggled, "what a page smuggles is looked at")
        rng, n = random.Random(3), 0
        os.makedirs(f"{d}/damaged")
        for name, (content, _, _) in active.CASES.items():
            for cut in {len(content) * i // 100 for i in range(100)}:
                open(f"{d}/damaged/{n}-{name}", "wb").write(content[:cut])
                n += 1
            for _ in range(10):
                b = bytearray(content)
                for _ in range(6):
                    b[rng.randrange(len(b))] = rng.randrange(256)
                open(f"{d}/damaged/{n}-{name}", "wb").write(b)
                n += 1
        damaged = inspect(sys.argv[1], f"{d}/damaged")
        expect(len(damaged) == n, f"{len(damaged)} rows for {n} damaged files")
        crashed = [r["path"] for r in damaged if any(f["id"] == "INSPECT_CRASH" for f in r["findings"])]
        expect(not crashed, f"crashed on {len(crashed)}: {crashed[:5]}")
        print(f"{len(active.CASES)} files, {n} damaged ones: {'FAILED' if failures else 'ok'}")
    sys.exit(1 if failures else 0)


main()
