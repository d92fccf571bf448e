#!/usr/bin/env python3
"""What looking at documents costs, beside olevba: CPU time, in turns, each in one process without its start.

usage: bench/inspect.py BUILD FILE...                  (BUILD/bench/bench_inspect: ninja -C BUILD bench/bench_inspect)
       bench/inspect.py BUILD --plain [DOCUMENTS.tsv]  (those of documents-oracle.tsv that are neither encrypted nor hold macros, as it says)

olevba: whatever `python3 -c "import oletools"` finds (PYTHON names another interpreter); without it only our own figures are told.
The program's own start is told, too: `postern inspect` of the first file, all its processes (perf stat).
"""
import os
import shutil
import statistics
import subprocess
import sys

TURNS = 7
OLEVBA = """
import sys, time
from oletools.olevba import VBA_Parser
def all():
    for f in sys.argv[1:]:
        try:
            v = VBA_Parser(f)
            v.detect_vba_macros()
            v.analyze_macros()
            v.close()
        except Exception:
            pass
all()
t = time.process_time()
all()
print(time.process_time() - t, file=sys.stderr)
"""


def plain(oracle):
    folder = os.path.join(os.path.dirname(oracle), "documents")
    rows = [line.rstrip("\n").split("\t") for line in open(oracle, encoding="utf-8")]
    at = {name: i for i, name in enumerate(rows[0])}
    paths = [os.path.join(folder, r[at["path"]]) for r in rows[1:] if r[at["encrypted"]] == "no" and r[at["vba"]] == "no"]
    return [p for p in paths if os.path.isfile(p) and os.path.getsize(p)]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    build, files = sys.argv[1], sys.argv[2:]
    if files[0] == "--plain":
        files = plain(files[1] if len(files) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/corpora/documents-oracle.tsv"))
    python, ours, theirs = os.environ.get("PYTHON", "python3"), [], []
    for _ in range(TURNS):
        p = subprocess.run([f"{build}/bench/bench_inspect", "-n", "11", *files], capture_output=True, text=True, check=True)
        ours.append(float(p.stdout.split(",")[2].split()[0]))
        p = subprocess.run([python, "-c", OLEVBA, *files], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if p.returncode == 0:
            theirs.append(float(p.stderr.split()[-1]))
    size = sum(os.path.getsize(f) for f in files)
    print(f"{len(files)} files, {size} bytes: {statistics.median(ours) * 1e3:.1f} ms, {size / 1e6 / statistics.median(ours):.0f} MB/s")
    if theirs:
        print(f"olevba: {statistics.median(theirs) * 1e3:.0f} ms, {statistics.median(t / o for t, o in zip(theirs, ours)):.1f} times as long (median of {TURNS} pairs)")
    if shutil.which("perf"):
        start = []
        for _ in range(TURNS):
            p = subprocess.run(["perf", "stat", "-x,", "-e", "task-clock", f"{build}/src/postern", "inspect", "-j", "1", "--quiet", files[0]], capture_output=True, text=True, check=False)
            start.append(float(p.stderr.split(",")[0]))
        print(f"postern inspect of one file, with all its processes: {statistics.median(start):.0f} ms of CPU")


main()
