#!/usr/bin/env python3
"""postern inspect on archives and images of disks made here: what is in them is found, with its marks; bombs and damage stay within the limits.

usage: inspect_archives.py POSTERN
"""
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lure"))
import images

failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def inspect(postern, *args):
    p = subprocess.run([postern, "inspect", "--format", "json", *args], capture_output=True, timeout=120)
    rows = [json.loads(x) for x in p.stdout.splitlines()]
    return p, rows


def ids(row):
    return {f["id"] for f in row["findings"]}


def names(row):
    return {o["name"] for o in row["objects"]}


def check_images(postern, d):
    files = images.tree(f"{d}/src")
    images.iso(f"{d}/src", f"{d}/offer.iso")
    images.iso(f"{d}/src", f"{d}/bridge.iso", udf=True)
    images.only_udf(f"{d}/bridge.iso", f"{d}/pure.iso")
    images.fat(f"{d}/src", f"{d}/fat.img")
    images.mbr(f"{d}/fat.img", f"{d}/mbr.img")
    images.gpt(f"{d}/fat.img", f"{d}/gpt.img")
    images.vhd_fixed(f"{d}/mbr.img", f"{d}/fixed.vhd")
    images.vhd_dynamic(f"{d}/mbr.img", f"{d}/dynamic.vhd")
    images.vhdx(f"{d}/gpt.img", f"{d}/x.vhdx")
    for name, kind, hidden in (("offer.iso", "iso9660", True), ("bridge.iso", "iso9660", True), ("pure.iso", "udf", False), ("fat.img", "disk-image", True), ("mbr.img", "disk-image", True),
                               ("gpt.img", "disk-image", True), ("fixed.vhd", "vhd", True), ("dynamic.vhd", "vhd", True), ("x.vhdx", "vhdx", True)):
        p, rows = inspect(postern, f"{d}/{name}")
        expect(p.returncode == 0 and len(rows) == 1, f"{name}: {p.stderr}")
        row = rows[0]
        expect(row["objects"][0]["type"] == kind, f"{name}: type {row['objects'][0]['type']}")
        expect(set(files) <= names(row), f"{name}: holds {names(row)}")
        expect({"IMAGE_PROGRAM", "NAME_DOUBLE_EXTENSION", "DISK_IMAGE"} <= ids(row) and row["verdict"] == "lure", f"{name}: {row['verdict']} {ids(row)}")
        expect(("IMAGE_HIDDEN_PROGRAM" in ids(row)) == hidden, f"{name}: hidden {ids(row)}")
        expect(not row["limited"], f"{name}: limited {ids(row)}")
        sums = {o["name"]: o["size"] for o in row["objects"]}
        expect(all(sums[n] == len(c) for n, c in files.items() if n in sums), f"{name}: sizes {sums}")
    os.makedirs(f"{d}/harmless")
    open(f"{d}/harmless/readme.txt", "w").write("a harmless half\n")
    images.iso(f"{d}/harmless", f"{d}/harmless.iso", hidden=())
    images.decoy(f"{d}/bridge.iso", f"{d}/harmless.iso", f"{d}/decoy.iso")
    _, rows = inspect(postern, f"{d}/decoy.iso")
    expect(rows[0]["objects"][0]["type"] == "iso9660" and set(files) <= names(rows[0]) and rows[0]["verdict"] == "lure", f"what lies in the other half of a disc: {names(rows[0])} {ids(rows[0])}")
    bridge = [o["name"] for o in inspect(postern, f"{d}/bridge.iso")[1][0]["objects"]]
    expect(bridge.count("readme.txt") == 1, f"a file of both halves is told once: {bridge}")
    os.makedirs(f"{d}/data")
    open(f"{d}/data/measurements.csv", "w").write("a,b\n1,2\n")
    images.iso(f"{d}/data", f"{d}/data.iso", hidden=())
    _, rows = inspect(postern, f"{d}/data.iso")
    expect(rows[0]["verdict"] == "clean" and ids(rows[0]) == {"DISK_IMAGE"}, f"an image of data: {rows[0]['verdict']} {ids(rows[0])}")


def check_archives(postern, d):
    with zipfile.ZipFile(f"{d}/plain.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("report.txt", "fine\n" * 100)
        z.writestr("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(50))
    with tarfile.open(f"{d}/plain.tar.gz", "w:gz") as t:
        t.add(f"{d}/data", "data")
    for name in ("plain.zip", "plain.tar.gz"):
        _, rows = inspect(postern, f"{d}/{name}")
        expect(rows[0]["verdict"] == "clean" and not ids(rows[0]), f"{name}: {rows[0]['verdict']} {ids(rows[0])}")
    with zipfile.ZipFile(f"{d}/out.zip", "w") as z:
        z.writestr("../../etc/cron.d/x", "x")
        z.writestr("..hidden/fine", "x")
    _, rows = inspect(postern, f"{d}/out.zip")
    f = [x for x in rows[0]["findings"] if x["id"] == "ARCHIVE_TRAVERSAL"]
    expect(len(f) == 1 and f[0]["count"] == 1, f"names that lead out: {f}")
    for kind, extra in (("zip", []), ("7z", []), ("7z", ["-mhe=on"])):
        to = f"{d}/locked{len(extra)}.{kind}"
        subprocess.run(["7z", "a", "-bd", "-psecret", f"-t{kind}", *extra, to, f"{d}/src"], check=True, stdout=subprocess.DEVNULL)
        _, rows = inspect(postern, to)
        expect("ARCHIVE_ENCRYPTED" in ids(rows[0]) and rows[0]["limited"] and rows[0]["verdict"] != "clean", f"{to}: {rows[0]['verdict']} {ids(rows[0])}")
        expect(("ARCHIVE_NOT_TRIED" in ids(rows[0])) == (kind == "7z"), f"{to}: what cannot be opened at all is said: {ids(rows[0])}")
    _, rows = inspect(postern, "-p", "wrong", "-p", "secret", f"{d}/locked0.zip")
    expect("ARCHIVE_PASSWORD_GIVEN" in ids(rows[0]) and "ARCHIVE_ENCRYPTED" not in ids(rows[0]) and any(o["type"] == "shortcut" and o.get("opened") for o in rows[0]["objects"]), f"opened by a word: {ids(rows[0])}")


def nested(depth):
    content, name = b"bottom\n", "bottom.txt"
    for i in range(depth):
        b = io.BytesIO()
        with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr(name, content)
        content, name = b.getvalue(), f"{i}.zip"
    return content


def quine_like():
    """A member that says it is shorter than it is, and one whose local header points at itself."""
    raw = zlib.compress(b"A" * 100000, 9)[2:-4]
    local = b"PK\3\4" + struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, 0, len(raw), 10, 1, 0) + b"a"
    central = b"PK\1\2" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 8, 0, 0, 0, len(raw), 10, 1, 0, 0, 0, 0, 0, 0) + b"a"
    return local + raw + central * 3 + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 3, 3, 3 * len(central), len(local) + len(raw), 0)


def check_bombs(postern, d):
    with zipfile.ZipFile(f"{d}/bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for i in range(4):
            with z.open(f"{i}.bin", "w") as f:
                for _ in range(128):
                    f.write(bytes(1 << 20))
    open(f"{d}/deep.zip", "wb").write(nested(40))
    with zipfile.ZipFile(f"{d}/many.zip", "w") as z:
        for i in range(30000):
            z.writestr(f"{i}", b"")
    open(f"{d}/quine.zip", "wb").write(quine_like())
    for name, limit in (("bomb.zip", "LIMIT_SIZE"), ("deep.zip", "LIMIT_DEPTH"), ("many.zip", "LIMIT_SIZE"), ("quine.zip", None)):
        start = time.monotonic()
        _, rows = inspect(postern, f"{d}/{name}")
        expect(rows and (not limit or limit in ids(rows[0])), f"{name}: {rows and ids(rows[0])}")
        expect(not limit or rows[0]["verdict"] == "cannot-tell", f"{name}: {rows[0]['verdict']}")
        expect(time.monotonic() - start < 60, f"{name}: {time.monotonic() - start:.0f} s")
        expect("INSPECT_CRASH" not in ids(rows[0]), f"{name}: crashed")


def check_damage(postern, d):
    """Truncations at every 4 % and flipped bytes, of each kind: no crash, no hang."""
    rng = random.Random(7)
    folder = f"{d}/damaged"
    os.makedirs(folder)
    for name in ("offer.iso", "pure.iso", "mbr.img", "dynamic.vhd", "x.vhdx", "plain.zip", "locked0.zip", "locked0.7z", "plain.tar.gz"):
        b = open(f"{d}/{name}", "rb").read()
        for percent in range(0, 100, 4):
            open(f"{folder}/cut-{percent}-{name}", "wb").write(b[:len(b) * percent // 100])
        for i in range(12):
            c = bytearray(b)
            for _ in range(8):
                c[rng.randrange(min(len(c), 1 << 16 if i % 2 else len(c)))] = rng.randrange(256)
            open(f"{folder}/flip-{i}-{name}", "wb").write(c)
    p, rows = inspect(postern, folder)
    expect(p.returncode == 0 and len(rows) == 9 * 37, f"damaged files: exit {p.returncode}, {len(rows)} rows: {p.stderr[-500:]}")
    crashed = [r["path"] for r in rows if "INSPECT_CRASH" in ids(r)]
    expect(not crashed, f"crashed on {crashed[:5]}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    missing = [x for x in ("genisoimage", "mkfs.vfat", "mcopy", "7z") if not shutil.which(x)]
    if missing:
        print(f"missing: {', '.join(missing)}; script/deps test installs them")
        sys.exit(77)
    d = tempfile.mkdtemp(prefix="postern-archives-")
    try:
        for check in (check_images, check_archives, check_bombs, check_damage):
            check(sys.argv[1], d)
            print(f"{check.__name__}: {'FAILED' if failures else 'ok'}")
    finally:
        shutil.rmtree(d)
    sys.exit(1 if failures else 0)


main()
