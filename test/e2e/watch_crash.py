#!/usr/bin/env python3
"""watch_crash.py POSTERN - ten kills of test/watch/crash.py, with a seed of its own each time; script/crash-test makes 200."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "watch"))
import crash  # noqa: E402

if __name__ == "__main__":
    sys.exit(crash.main([sys.argv[1], "--kills", "10", "--no-undisturbed", *sys.argv[2:]]))
