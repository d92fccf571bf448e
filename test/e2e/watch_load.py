#!/usr/bin/env python3
"""watch_load.py POSTERN - a few seconds of test/watch/load.py at a rate any machine manages; script/load-test does it in earnest."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "watch"))
import load  # noqa: E402


def main():
    cc = os.environ.get("CC", "").split() or [shutil.which("cc") or shutil.which("gcc") or "cc"]
    with tempfile.TemporaryDirectory() as d:
        sender = os.path.join(d, "send")
        subprocess.run([*cc, "-O2", "-D_GNU_SOURCE", "-o", sender, str(load.logs.ROOT / "bench" / "send.c")], check=True)
        return load.main([sys.argv[1], sender, "--rate", "20000", "--seconds", "5", "--overload", "2", "--marker-every", "100", "--spool", "20MB", *sys.argv[2:]])


if __name__ == "__main__":
    sys.exit(main())
