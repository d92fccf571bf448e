#!/usr/bin/env python3
"""console_replay.py POSTERN - the terminal of the replay (web/replay.js) by itself, in node: what sequences do to it, and that nothing takes it out of its bounds."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    try:
        return subprocess.run(["node", f"{ROOT}/test/console/replay.js", f"{ROOT}/web/replay.js"], stdin=subprocess.DEVNULL, check=False, timeout=120).returncode
    except FileNotFoundError:
        print("node is not installed")
        return 77


sys.exit(main())
