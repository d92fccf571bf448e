#!/usr/bin/env python3
"""console_style.py POSTERN - the console's style sheet and script by themselves, in a real browser: the pieces pages are made of (axe, contrast, width, targets), and what the
script does to a page that changes. Skipped where Chromium or the packages of test/browser cannot be had.
"""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    status = 0
    with tempfile.TemporaryDirectory() as home:   # the browser's profile and caches
        for name in ("gallery.js", "script.js"):
            try:
                p = subprocess.run(["node", f"{ROOT}/test/browser/{name}"], env={**os.environ, "TMPDIR": home, "HOME": home}, stdin=subprocess.DEVNULL, check=False, timeout=180)
            except FileNotFoundError:
                print("node is not installed")
                return 77
            if p.returncode == 77:
                return 77
            status |= p.returncode
    return status


sys.exit(main())
