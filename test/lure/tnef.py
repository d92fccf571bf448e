"""winmail.dat from scratch (MS-OXTNEF), packed RTF (MS-OXRTFCP), and heads of file systems that nobody here can read."""
import struct
import zlib

FIRST = (rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
         + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx")
SUBJECT, DATA, TITLE, RENDER, MESSAGE, ATTACHMENT, VERSION = 0x18004, 0x6800f, 0x18010, 0x69002, 0x69003, 0x69005, 0x89006
IMESSAGE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(id, data, level=1):
    return struct.pack("<BII", level, id, len(data)) + data + struct.pack("<H", sum(data) & 0xffff)


def pad(b):
    return b + b"\0" * (-len(b) % 4)


def prop(id, kind, value):
    """kind: 0x1e bytes, 0x1f text, 3 number, 0x102 bytes, 0x0d object, 0x101f list of texts."""
    head = struct.pack("<HH", kind, id)
    if id >= 0x8000:
        head += bytes(16) + struct.pack("<II", 1, 10) + pad("name1".encode("utf-16-le"))
    if kind == 3:
        return head + struct.pack("<I", value)
    if kind == 0x101f:
        return head + struct.pack("<I", len(value)) + b"".join(struct.pack("<I", 2 * len(v) + 2) + pad(v.encode("utf-16-le") + b"\0\0") for v in value)
    if kind == 0x1f:
        value = value.encode("utf-16-le") + b"\0\0"
    return head + struct.pack("<II", 1, len(value)) + pad(value)


def properties(*list):
    return struct.pack("<I", len(list)) + b"".join(list)


def tnef(*attributes):
    return struct.pack("<IH", 0x223e9f78, 1) + attribute(VERSION, struct.pack("<I", 0x10000)) + b"".join(attributes)


def attached(title, data, name=None):
    more = [attribute(ATTACHMENT, properties(prop(0x3705, 3, 1), prop(0x8001, 0x101f, ["a", "odd"]), prop(0x3707, 0x1f, name)), 2)] if name else []
    return attribute(RENDER, bytes(14), 2) + attribute(TITLE, title.encode() + b"\0", 2) + attribute(DATA, data, 2) + b"".join(more)


def inner(message):
    """A message attached to the message."""
    return attribute(RENDER, bytes(14), 2) + attribute(ATTACHMENT, properties(prop(0x3705, 3, 5), prop(0x3701, 0x0d, IMESSAGE + message), prop(0x3001, 0x1f, "Forwarded")), 2)


def pack_rtf(text):
    """Packed as Outlook does: what stood before is named by place and length."""
    known, out = bytearray(FIRST), bytearray()
    i, flags, group = 0, 0, bytearray()
    items = []
    while i < len(text):
        best, at = 0, 0
        window = bytes(known[-4000:])
        for n in range(17, 1, -1):
            p = window.rfind(text[i:i + n]) if i + n <= len(text) else -1
            if p >= 0:
                best, at = n, (len(known) - len(window) + p) % 4096
                break
        if best:
            items.append((True, struct.pack(">H", at << 4 | best - 2)))
            known += text[i:i + best]
            i += best
        else:
            items.append((False, text[i:i + 1]))
            known += text[i:i + 1]
            i += 1
    items.append((True, struct.pack(">H", len(known) % 4096 << 4)))
    for k in range(0, len(items), 8):
        part = items[k:k + 8]
        out.append(sum(1 << j for j, (ref, _) in enumerate(part) if ref))
        out += b"".join(b for _, b in part)
    return struct.pack("<IIII", len(out) + 12, len(text), 0x75465a4c, zlib.crc32(bytes(out)) ^ 0xffffffff) + bytes(out)


def boot(mark, size=1 << 20):
    """The first sector of a file system, and nothing behind it."""
    b = bytearray(size)
    b[0:3], b[3:3 + len(mark)], b[510:512] = b"\xeb\x52\x90", mark, b"\x55\xaa"
    return bytes(b)


def rar5_locked():
    """A RAR archive whose names are encrypted, too: only its lock can be read."""
    body = b"\x04\x00" + b"\x00\x00\x0f" + bytes(range(16))
    block = bytes([len(body)]) + body
    return b"Rar!\x1a\x07\x01\x00" + struct.pack("<I", zlib.crc32(block)) + block + bytes(range(64))
