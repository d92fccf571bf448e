#!/usr/bin/env python3
"""The list of products and who signs them: the one that comes with postern, rows of one's own added to it or in place of its own, and what is wrong with a list.

usage: inspect_products.py POSTERN
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lure"))
import programs

failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def run(postern, *args, rc=0, **env):
    p = subprocess.run([postern, "inspect", "--format", "json", *args], capture_output=True, text=True, timeout=60, env={**os.environ, "POSTERN_CONFIG": "/nonexistent", **env})
    expect(p.returncode == rc, f"{args}: exit {p.returncode}, not {rc}: {p.stderr[-300:]}")
    return p


def impostors(p):
    rows = [json.loads(x) for x in p.stdout.splitlines()]
    return {os.path.basename(r["path"]) for r in rows if any(f["id"] == "PRODUCT_NOT_ITS_MAKER" for f in r["findings"])}


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def check_rows(postern, d):
    a = programs.Authority(f"{d}/ca")
    files = {"putty.exe": programs.pe(ProductName="PuTTY suite"), "sonar.exe": programs.pe(ProductName="SonarView 4"), "hydra.exe": a.sign(programs.pe(ProductName="SonarView 4"), "Hydra Labs"),
             "plain.exe": programs.pe(ProductName="Harmless")}
    os.makedirs(f"{d}/files")
    for name, content in files.items():
        open(f"{d}/files/{name}", "wb").write(content)
    own = write(f"{d}/own.yaml", 'products:\n  - {name: SonarView, words: [sonarview], signers: ["Hydra Labs"]}\n')
    off = write(f"{d}/off.yaml", "products:\n  - name: putty\n    words: []\n")
    expect(impostors(run(postern, f"{d}/files")) == {"putty.exe"}, "the list that comes with it")
    expect(impostors(run(postern, "--products", own, f"{d}/files")) == {"putty.exe", "sonar.exe"}, "a row of one's own is added, and its maker's signature counts")
    expect(impostors(run(postern, "--products", own, "--products", off, f"{d}/files")) == {"sonar.exe"}, "a row without words takes ours out")
    os.makedirs(f"{d}/etc")
    write(f"{d}/etc/products.yaml", 'products:\n  - {name: SonarView, words: [sonarview], signers: ["Some Lab"]}\n')
    expect(impostors(run(postern, f"{d}/files", POSTERN_CONFIG=f"{d}/etc")) == {"putty.exe", "sonar.exe", "hydra.exe"}, "the list in the folder of settings")
    expect(impostors(run(postern, "--products", off, f"{d}/files", POSTERN_CONFIG=f"{d}/etc")) == set(), "what is named stands in its place")
    other = write(f"{d}/other.yaml", "products:\n  - {name: Harmless, words: [harmless]}\n")
    expect(impostors(run(postern, f"{d}/files", POSTERN_PRODUCTS=other)) == {"plain.exe"}, "another list instead of ours")
    expect(impostors(run(postern, f"{d}/files", POSTERN_PRODUCTS=write(f"{d}/empty.yaml", ""))) == set(), "an empty list")


def check_errors(postern, d):
    cases = {
        "products:\n  - {name: X, word: [abc]}\n": "bad.yaml:2:15:",
        "products: {name: X}\n": "bad.yaml:1:11:",
        "product: []\n": "bad.yaml:1:1:",
        "products:\n  - {name: X}\n": "bad.yaml:2:5:",
        "products:\n  - {name: X, words: [abc, de]}\n": "bad.yaml:2:28:",
        "products:\n  - {name: X, words: [[abc]]}\n": "bad.yaml:2:",
        "products:\n  - {name: '', words: [abc]}\n": "bad.yaml:2:",
        "products:\n  - {name: X, words: [" + ", ".join(f"w{i:03}" for i in range(51)) + "]}\n": "bad.yaml:2:",
        "products:\n" + "".join(f"  - {{name: p{i}, words: [abc]}}\n" for i in range(2001)): "more than 2000",
        "products:\n  - {name: X, words: [abc]\n": "bad.yaml:",
        "products:\n  - {name: X, words: [" + "x" * 1100000 + "]}\n": "bad.yaml",
    }
    write(f"{d}/a.txt", "nothing\n")
    for text, words in cases.items():
        p = run(postern, "--products", write(f"{d}/bad.yaml", text), f"{d}/a.txt", rc=2)
        expect(words in p.stderr and not p.stdout, f"{text[:60]!r}: {p.stderr[:200]}")
    lonely = f"{d}/postern"
    shutil.copy(postern, lonely)
    p = run(lonely, f"{d}/a.txt", rc=2)
    expect("POSTERN_PRODUCTS" in p.stderr and not p.stdout, f"a program without its list says so, and judges nothing: {p.stderr}")
    expect(run(lonely, f"{d}/a.txt", POSTERN_PRODUCTS=f"{d}/empty.yaml").stdout, "but with one named it does")
    expect("no.yaml" in run(postern, "--products", f"{d}/no.yaml", f"{d}/a.txt", rc=2).stderr, "a list that is not there")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    if not shutil.which("osslsigncode"):
        print("missing: osslsigncode; script/deps test installs it")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="postern-products-") as d:
        for check in (check_rows, check_errors):
            check(sys.argv[1], d)
            print(f"{check.__name__}: {'FAILED' if failures else 'ok'}")
    sys.exit(1 if failures else 0)


main()
