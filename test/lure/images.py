"""Images of disks, written from scratch: what test/e2e/inspect_archives.py looks into. Harmless: no file in them runs anything."""
import os
import struct
import subprocess
import uuid

import active
import programs

SHORTCUT = active.lnk()
LIBRARY = programs.pe(True, ProductName="Part")


def tree(folder):
    """A visible shortcut beside a hidden library: how a lure is packed, with nothing in it."""
    os.makedirs(os.path.join(folder, "docs"))
    files = {"Offer.pdf.lnk": SHORTCUT, "helper.dll": LIBRARY, "docs/Stellenbeschreibung – Ingenieur.txt": "Grüße\n".encode(), "readme.txt": b"hello\n"}
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    return files


def iso(folder, to, udf=False, hidden=("helper.dll",)):
    marks = [x for h in hidden for x in ("-hidden", h)]
    subprocess.run(["genisoimage", "-quiet", "-J", "-input-charset", "utf-8", *(["-udf"] if udf else []), *marks, "-o", to, folder], check=True, stderr=subprocess.DEVNULL)


def only_udf(path, to):
    """The same image without its ISO 9660 half."""
    b = bytearray(open(path, "rb").read())
    for i, name in enumerate((b"BEA01", b"NSR02", b"TEA01")):
        b[(16 + i) * 2048:(17 + i) * 2048] = b"\0" + name + b"\x01" + bytes(2041)
    for i in range(19, 24):
        b[i * 2048:(i + 1) * 2048] = bytes(2048)
    open(to, "wb").write(b)


def decoy(bridge, plain, to):
    """The UDF half of one image under the ISO 9660 half of another: who looks at the second alone sees nothing."""
    b, p = bytearray(open(bridge, "rb").read()), open(plain, "rb").read()
    while len(b) % 2048:
        b += b"\0"
    at = len(b) // 2048
    for i in range(16, 19): # its descriptors, with their root folders moved behind the image
        d = bytearray(p[i * 2048:(i + 1) * 2048])
        if d[0] in (1, 2):
            root = int.from_bytes(d[158:162], "little")
            folder = bytearray(p[root * 2048:(root + 1) * 2048])
            x = 0
            while x < 2048 and folder[x]:
                sector = int.from_bytes(folder[x + 2:x + 6], "little")
                folder[x + 2:x + 6] = (sector + at).to_bytes(4, "little")
                x += folder[x]
            p = p[:root * 2048] + bytes(folder) + p[(root + 1) * 2048:]
            d[158:162] = (root + at).to_bytes(4, "little")
        b[i * 2048:(i + 1) * 2048] = d
    open(to, "wb").write(bytes(b) + p)


def fat(folder, to, hidden=("helper.dll",)):
    subprocess.run(["mkfs.vfat", "-C", to, "2000"], check=True, stdout=subprocess.DEVNULL)
    env = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
    subprocess.run(["mcopy", "-s", "-i", to, *[os.path.join(folder, x) for x in sorted(os.listdir(folder))], "::/"], check=True, env=env)
    for h in hidden:
        subprocess.run(["mattrib", "-i", to, "+h", f"::/{h}"], check=True, env=env)


def mbr(path, to):
    b = open(path, "rb").read()
    table = bytearray(512)
    table[446:462] = struct.pack("<BBBBBBBBII", 0, 0, 0, 0, 0x0c, 0, 0, 0, 63, len(b) // 512)
    table[510:] = b"\x55\xaa"
    open(to, "wb").write(bytes(table) + bytes(62 * 512) + b)


def gpt(path, to):
    b = open(path, "rb").read()
    head = bytearray(512)
    head[:8] = b"EFI PART"
    head[72:88] = struct.pack("<QII", 2, 4, 128)
    entry = bytearray(128)
    entry[:16] = uuid.UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7").bytes_le
    entry[32:48] = struct.pack("<QQ", 64, 64 + len(b) // 512 - 1)
    protective = bytearray(512)
    protective[450] = 0xee
    protective[510:] = b"\x55\xaa"
    table = (bytes(entry) + bytes(384)).ljust(62 * 512, b"\0")
    open(to, "wb").write(bytes(protective) + bytes(head) + table + b)


def vhd_footer(size, kind, offset):
    f = bytearray(512)
    f[:8] = b"conectix"
    f[8:20] = struct.pack(">IIQ", 2, 0x10000, offset)[:12]
    f[16:24] = struct.pack(">Q", offset)
    f[40:56] = struct.pack(">QQ", size, size)
    f[60:64] = struct.pack(">I", kind)
    return bytes(f)


def vhd_fixed(path, to):
    b = open(path, "rb").read()
    open(to, "wb").write(b + vhd_footer(len(b), 2, 0xffffffffffffffff))


def vhd_dynamic(path, to, block=512 << 10):
    b = open(path, "rb").read()
    n = -(-len(b) // block)
    foot = vhd_footer(len(b), 3, 512)
    head = bytearray(1024)
    head[:8] = b"cxsparse"
    head[8:36] = struct.pack(">QQIII", 0xffffffffffffffff, 1536, 0x10000, n, block)
    table, data, at = b"", b"", 1536 + 512 * -(-4 * n // 512)
    bitmap = b"\xff" * (-(-block // 512 // 8 // 512) * 512)
    for i in range(n):
        piece = b[i * block:(i + 1) * block].ljust(block, b"\0")
        if piece.strip(b"\0"):
            table += struct.pack(">I", at // 512)
            data += bitmap + piece
            at += len(bitmap) + block
        else:
            table += b"\xff\xff\xff\xff"
    open(to, "wb").write(foot + bytes(head) + table.ljust(512 * -(-4 * n // 512), b"\xff") + data + foot)


def vhdx(path, to, block=1 << 20):
    b = open(path, "rb").read()
    n, mb = -(-len(b) // block), 1 << 20
    regions = b"regi" + struct.pack("<III", 0, 2, 0)
    regions += uuid.UUID("2dc27766-f623-4200-9d64-115e9bfd4a08").bytes_le + struct.pack("<QII", 2 * mb, mb, 1)
    regions += uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le + struct.pack("<QII", mb, mb, 1)
    meta = b"metadata" + struct.pack("<HH", 0, 2) + bytes(20)
    meta += uuid.UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b").bytes_le + struct.pack("<IIII", 65536, 8, 4, 0)
    meta += uuid.UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8").bytes_le + struct.pack("<IIII", 65544, 8, 6, 0)
    meta = meta.ljust(65536, b"\0") + struct.pack("<IIQ", block, 0, len(b))
    table = b"".join(struct.pack("<Q", (3 + i) << 20 | 6) for i in range(n))
    out = bytearray(3 * mb)
    out[:8] = b"vhdxfile"
    out[192 << 10:(192 << 10) + len(regions)] = regions
    out[mb:mb + len(meta)] = meta
    out[2 * mb:2 * mb + len(table)] = table
    open(to, "wb").write(bytes(out) + b.ljust(n * block, b"\0"))
