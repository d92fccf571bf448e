#!/usr/bin/env python3
"""postern inspect and who else is asked: YARA rules of one's own, clamd (a stand-in that speaks its protocol), and QR codes in pictures, by themselves and in a message.

usage: inspect_asked.py POSTERN
"""
import email.message
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def inspect(postern, *args, rc=0):
    p = subprocess.run([postern, "inspect", "--format", "json", *args], capture_output=True, text=True, timeout=60)
    expect(p.returncode == rc, f"{args}: exit {p.returncode} {p.stderr[-300:]}")
    return [json.loads(x) for x in p.stdout.splitlines()], p.stderr


def found(row):
    return {f["id"]: f for f in row["findings"]}


def clamd(path, answer):
    """Reads one INSTREAM session each and says what `answer` makes of the bytes."""
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(8)

    def exactly(c, n):
        b = b""
        while len(b) < n:
            piece = c.recv(n - len(b))
            if not piece:
                raise EOFError
            b += piece
        return b

    def serve():
        while True:
            c, _ = s.accept()
            with c:
                assert exactly(c, 10) == b"zINSTREAM\0"
                data = b""
                while n := int.from_bytes(exactly(c, 4), "big"):
                    data += exactly(c, n)
                c.sendall(answer(data))

    threading.Thread(target=serve, daemon=True).start()


def check_yara(postern, d):
    open(f"{d}/rules.yar", "w").write('rule Sonar { strings: $a = "towed array" condition: $a }\n')
    open(f"{d}/broken.yar", "w").write('rule A { condition: true }\nrule Broken { strings: $a = "x" condition: $b }\n')
    open(f"{d}/a.txt", "w").write("the towed array\n")
    open(f"{d}/b.txt", "w").write("nothing\n")
    subprocess.run(["zip", "-q", "-j", f"{d}/c.zip", f"{d}/a.txt"], check=True)
    rows, _ = inspect(postern, "--yara", f"{d}/rules.yar", f"{d}/a.txt", f"{d}/b.txt", f"{d}/c.zip")
    expect([r["verdict"] for r in rows] == ["suspicious", "clean", "suspicious"], f"YARA: {[r['verdict'] for r in rows]}")
    expect(found(rows[0])["YARA_MATCH"]["evidence"] == "Sonar" and found(rows[2])["YARA_MATCH"]["path"].endswith("c.zip/a.txt"), "the rule and the member are named")
    _, text = inspect(postern, "--yara", f"{d}/broken.yar", f"{d}/a.txt", rc=2)
    expect("broken.yar:2" in text, f"a broken rule is named with its line: {text}")
    _, text = inspect(postern, "--yara", f"{d}/missing.yar", f"{d}/a.txt", rc=3)
    expect("missing.yar" in text, text)


def check_clamd(postern, d):
    open(f"{d}/bad.txt", "w").write("x" * 200000 + "HARM")
    clamd(f"{d}/clamd", lambda data: b"stream: Test.Harm FOUND\0" if b"HARM" in data else b"stream: OK\0")
    rows, _ = inspect(postern, "--clamd", f"{d}/clamd", f"{d}/bad.txt", f"{d}/b.txt")
    expect(rows[0]["verdict"] == "lure" and found(rows[0])["CLAMD_FOUND"]["evidence"] == "Test.Harm" and rows[1]["verdict"] == "clean", f"clamd: {rows}")
    clamd(f"{d}/limit", lambda _: b"INSTREAM size limit exceeded. ERROR\0")
    for path in (f"{d}/limit", f"{d}/nobody"):
        rows, _ = inspect(postern, "--clamd", path, f"{d}/b.txt")
        expect(rows[0]["verdict"] == "cannot-tell" and "CLAMD_SILENT" in found(rows[0]), f"{path}: {rows}")


def check_codes(postern, d):
    subprocess.run(["qrencode", "-o", f"{d}/link.png", "-s", "5", "https://example.org/login?u=erika"], check=True)
    subprocess.run(["qrencode", "-o", f"{d}/text.png", "-s", "5", "Hydrophone 12, shelf 3"], check=True)
    m = email.message.EmailMessage()
    m["From"], m["To"], m["Subject"] = "a@b.example", "c@d.example", "Badge"
    m.set_content("Please scan the code.")
    m.add_attachment(open(f"{d}/link.png", "rb").read(), maintype="image", subtype="png", filename="code.png")
    open(f"{d}/m.eml", "wb").write(m.as_bytes())
    rows, _ = inspect(postern, f"{d}/link.png", f"{d}/text.png", f"{d}/m.eml")
    expect("example.org/login" in found(rows[0])["QR_LINK"]["evidence"] and "QR_LINK" not in found(rows[1]) and "QR_LINK" in found(rows[2]), f"codes: {rows}")
    expect({"name": "qr", "value": "Hydrophone 12, shelf 3"} in rows[1]["objects"][0]["facts"], "a text in a code is a fact")
    png = open(f"{d}/link.png", "rb").read()
    os.makedirs(f"{d}/cut")
    for i in range(100):
        open(f"{d}/cut/{i}.png", "wb").write(png[:len(png) * i // 100])
    rows, _ = inspect(postern, f"{d}/cut")
    expect(len(rows) == 100 and not any("INSPECT_CRASH" in found(r) for r in rows), "cut pictures")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    if not shutil.which("qrencode") or not shutil.which("zip"):
        print("missing: qrencode or zip; script/deps test installs them")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="postern-asked-") as d:
        for check in (check_yara, check_clamd, check_codes):
            check(sys.argv[1], d)
            print(f"{check.__name__}: {'FAILED' if failures else 'ok'}")
    sys.exit(1 if failures else 0)


main()
