#!/usr/bin/env python3
"""packaging.py BINARY - the unit files: each is installed, told of in the documents, and starts what the program knows; a timer has its service, and its time; systemd-analyze finds nothing
wrong where it is installed."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = ROOT / "packaging"
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)


def values(path, key):
    return re.findall(rf"^{key}=(.*)$", path.read_text(encoding="utf-8"), re.M)


def help_of(binary, words):
    """--help of the longest part of the words that is a command."""
    r = subprocess.run([binary, words[0], "--help"], capture_output=True, text=True, check=False)
    return r.stdout if r.returncode == 0 else ""


def starts(binary, path):
    lines = [v for key in ("ExecStart", "ExecStartPre") for v in values(path, key)]
    expect(lines, f"{path.name} starts nothing")
    for line in lines:
        words = line.split()
        expect(words[0] == "/usr/bin/postern" and len(words) > 1, f"{path.name}: {line}")
        text = help_of(binary, words[1:])
        expect(text, f"{path.name}: postern {words[1]} is no command")
        for option in (w for w in words if w.startswith("--")):
            expect(re.search(rf"^\s.*{option}\b", text, re.M), f"{path.name}: postern {words[1]} has no {option}")
        for verb in words[2:3]:
            expect(verb.startswith("-") or re.search(rf"\b{verb}\b", text), f"{path.name}: postern {words[1]} has no {verb}")


def verified(binary, paths):
    """As systemd reads them, with the program that was built in its place."""
    if not shutil.which("systemd-analyze"):
        print("no systemd-analyze: the unit files are not verified")
        return
    with tempfile.TemporaryDirectory() as d:
        for path in paths:
            text = path.read_text(encoding="utf-8").replace("/usr/bin/postern", binary)
            (Path(d) / path.name).write_text(text, encoding="utf-8")
        r = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, sorted(Path(d).iterdir()))], capture_output=True, text=True, check=False)
        # a group of calls that this systemd does not know yet is no fault of the file
        wrong = [line for line in (r.stdout + r.stderr).splitlines() if "postern" in line and "Unknown system call group" not in line]
        expect(not wrong, "systemd-analyze: " + "; ".join(wrong[:5]))


def main():
    binary = str(Path(sys.argv[1]).resolve())
    build = (UNITS / "meson.build").read_text(encoding="utf-8")
    documents = "".join(p.read_text(encoding="utf-8") for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "man").glob("*.[158]")])
    services, timers = sorted(UNITS.glob("*.service")), sorted(UNITS.glob("*.timer"))
    expect(len(services) >= 8 and len(timers) >= 3, f"{len(services)} services, {len(timers)} timers")
    looped = re.findall(r"'(\w+)'", re.search(r"foreach unit : \[(.*?)\]", build)[1])
    for path in services + timers:
        expect(f"'{path.name}'" in build or path.stem.removeprefix("postern-") in looped, f"{path.name} is not installed")
        expect(path.stem in documents, f"{path.name} is in no document")
    for path in services:
        starts(binary, path)
        expect((path.with_suffix(".timer")).exists() == (values(path, "Type") == ["oneshot"]), f"{path.name}: one that ends has a timer, one that goes on has none")
        expect(path.with_suffix(".timer").exists() != bool(values(path, "WantedBy")), f"{path.name}: either it is started with the machine, or by its timer")
    for path in timers:
        expect(path.with_suffix(".service").exists() and values(path, "OnCalendar") and values(path, "WantedBy") == ["timers.target"] and values(path, "Persistent") == ["yes"], f"{path.name}: service, time, target")
    verified(binary, services + timers)
    for text in failures:
        print("FAILED", text)
    print(f"{len(services)} services, {len(timers)} timers, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
