#!/usr/bin/env python3
"""postern inspect on what carries other things: winmail.dat, invitations in messages, locked archives that cannot be opened, images of file systems that are not known here. Cut at every 1 % of their
length and flipped, nothing crashes.

usage: inspect_carriers.py POSTERN [--seeds FOLDER]
"""
import email.message
import email.policy
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(HERE, "lure"))
import make_office
import programs
import tnef as T

failures = []
RTF = rb"{\rtf1\ansi{\*\template https://files.example.org/offer.dotm}\pard\plain\f0\fs20 A job offer for you. A job offer for you.\par}"
HTML = b"<html><body>Hello <form action='https://example.org/'><input type=password></form></body></html>"
PROGRAM = programs.pe(ProductName="Lab tool")
MACRO = make_office.DOCUMENTS["macro-attack.docm"][0]
ORG = "organisation: {name: Test, domains: [ours.example]}\n"


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def invitation(organiser, sender="anna@partner.example", method="REQUEST"):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"], m["Message-ID"] = f"Anna Weber <{sender}>", "kim@ours.example", "Meeting", "<1@partner.example>"
    m.set_content("Please come.")
    text = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nORGANIZER;CN=A. Person:mailto:{organiser}\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    m.add_attachment(text.encode(), maintype="text", subtype="calendar", filename="invite.ics")
    return m.as_bytes()


def forwarded(content):
    """winmail.dat as mail servers hand it on."""
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"], m["Message-ID"] = "Anna Weber <anna@partner.example>", "kim@ours.example", "Offer", "<2@partner.example>"
    m.set_content("See the file.")
    m.add_attachment(content, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    return m.as_bytes()


def gpt_of(volume):
    """One partition from sector 64 on."""
    b = bytearray(64 * 512) + bytearray(volume)
    b[510:512] = b"\x55\xaa"
    b[512:604] = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, 0, 34, 0, bytes(16), 2, 1, 128, 0).ljust(92, b"\0")
    b[1024:1152] = struct.pack("<16s16sQQQ", b"\xa2" * 16, b"\1" * 16, 64, 64 + len(volume) // 512 - 1, 0).ljust(128, b"\0")
    return bytes(b)


def mbr_of(volume):
    b = bytearray(64 * 512) + bytearray(volume)
    b[446:462] = struct.pack("<BBBBBBBBII", 0, 0, 0, 0, 7, 0, 0, 0, 64, len(volume) // 512)
    b[510:512] = b"\x55\xaa"
    return bytes(b)


# name: (bytes, wanted indicators, unwanted ones, names of objects that have to be there)
CASES = {
    "winmail.dat": (T.tnef(T.attribute(T.SUBJECT, b"Offer\0"), T.attached("OFFER~1.DOC", MACRO, "Stellenangebot für Sie.docm"), T.attached("tool.exe", PROGRAM)), {"OFFICE_VBA_ATTACK", "PROGRAM"}, {"BROKEN"},
                    {"Stellenangebot für Sie.docm", "tool.exe"}),
    "inner.dat": (T.tnef(T.inner(T.tnef(T.attached("a.docm", MACRO)))), {"OFFICE_VBA_ATTACK"}, {"BROKEN"}, {"a.docm"}),
    "bodies.dat": (T.tnef(T.attribute(T.MESSAGE, T.properties(T.prop(0x0037, 0x1f, "Offer"), T.prop(0x1013, 0x102, HTML), T.prop(0x1009, 0x102, T.pack_rtf(RTF))))), {"OFFICE_REMOTE_TEMPLATE", "HTML_PASSWORD"}, {"BROKEN"},
                   {"body.html", "body.rtf"}),
    "plain.dat": (T.tnef(T.attribute(T.SUBJECT, b"Hello\0"), T.attached("notes.txt", b"notes\n")), set(), {"BROKEN", "PROGRAM"}, {"notes.txt"}),
    "liar.dat": (T.tnef(T.attribute(T.MESSAGE, struct.pack("<I", 70000) + T.prop(0x1013, 0x102, HTML))), {"BROKEN"}, set(), {"body.html"}),
    "winmail.eml": (forwarded(T.tnef(T.attached("OFFER~1.DOC", MACRO, "offer.docm"))), {"OFFICE_VBA_ATTACK"}, {"BROKEN"}, {"winmail.dat", "offer.docm"}),
    "same.eml": (invitation("boss@partner.example"), set(), {"ICS_ORGANISER_OTHER", "ICS_ORGANISER_OURS"}, {"invite.ics"}),
    "below.eml": (invitation("boss@mail.partner.example"), set(), {"ICS_ORGANISER_OTHER", "ICS_ORGANISER_OURS"}, set()),
    "other.eml": (invitation("boss@elsewhere.example"), {"ICS_ORGANISER_OTHER"}, {"ICS_ORGANISER_OURS"}, set()),
    "ours.eml": (invitation("chief@ours.example"), {"ICS_ORGANISER_OURS"}, {"ICS_ORGANISER_OTHER"}, set()),
    "reply.eml": (invitation("chief@ours.example", method="REPLY"), set(), {"ICS_ORGANISER_OTHER", "ICS_ORGANISER_OURS"}, set()),
    "inside.eml": (invitation("chief@ours.example", "kim@it.ours.example"), set(), {"ICS_ORGANISER_OTHER", "ICS_ORGANISER_OURS"}, set()),
    "service.eml": (invitation("boss@partner.example", "no-reply@zoom.us"), set(), {"ICS_ORGANISER_OTHER"}, set()),
    "ntfs.img": (T.boot(b"NTFS    "), {"IMAGE_UNREADABLE", "DISK_IMAGE"}, set(), set()),
    "exfat.img": (T.boot(b"EXFAT   "), {"IMAGE_UNREADABLE"}, set(), set()),
    "gpt.img": (gpt_of(T.boot(b"NTFS    ")), {"IMAGE_UNREADABLE"}, set(), set()),
    "mbr.img": (mbr_of(T.boot(b"EXFAT   ")), {"IMAGE_UNREADABLE"}, set(), set()),
    "locked.rar": (T.rar5_locked(), {"ARCHIVE_ENCRYPTED", "ARCHIVE_NOT_TRIED"}, set(), set()),
}
SAYS = {"ntfs.img": "NTFS: cannot look inside", "exfat.img": "exFAT: cannot look inside", "gpt.img": "partition 1 is NTFS: cannot look inside", "mbr.img": "partition 1 is exFAT: cannot look inside", "locked.rar": "rar"}


def inspect(postern, d, *paths):
    p = subprocess.run([postern, "inspect", "--format", "json", "--org", f"{d}/org.yaml", *paths], capture_output=True, timeout=300)
    expect(p.returncode == 0, f"exit {p.returncode}: {p.stderr[-500:]}")
    return [json.loads(x) for x in p.stdout.splitlines()]


def check_whole(postern, d):
    os.makedirs(f"{d}/whole")
    for name, (content, _, _, _) in CASES.items():
        open(f"{d}/whole/{name}", "wb").write(content)
    rows = {os.path.basename(r["path"]): r for r in inspect(postern, d, f"{d}/whole")}
    for name, (_, wanted, unwanted, names) in CASES.items():
        ids, objects = {f["id"] for f in rows[name]["findings"]}, {o["name"] for o in rows[name]["objects"]}
        expect(wanted <= ids and not unwanted & ids, f"{name}: {ids}, wanted {wanted}, not {unwanted}")
        expect(names <= objects, f"{name}: holds {objects}")
        told = " ".join(f["evidence"] for f in rows[name]["findings"])
        expect(SAYS.get(name, "") in told, f"{name}: says {told}")
        expect(name not in SAYS or (rows[name]["limited"] and rows[name]["verdict"] != "clean"), f"{name}: what nobody looked at is not clean: {rows[name]['verdict']}")
    rtf = next(o for o in rows["bodies.dat"]["objects"] if o["name"] == "body.rtf")
    expect(rtf["size"] == len(RTF) and rtf["type"] == "rtf", f"packed RTF is whole: {rtf}")


def check_damaged(postern, d):
    rng, n = random.Random(5), 0
    os.makedirs(f"{d}/damaged")
    for name, (content, _, _, _) in CASES.items():
        for cut in {len(content) * i // 100 for i in range(100)}:
            open(f"{d}/damaged/{n}-{name}", "wb").write(content[:cut])
            n += 1
        for _ in range(20):
            b = bytearray(content)
            for _ in range(6):
                b[rng.randrange(min(len(b), 4096))] = rng.randrange(256)
            open(f"{d}/damaged/{n}-{name}", "wb").write(b)
            n += 1
    rows = inspect(postern, d, f"{d}/damaged")
    expect(len(rows) == n, f"{len(rows)} of {n} damaged files")
    expect(not [r["path"] for r in rows if any(f["id"] == "INSPECT_CRASH" for f in r["findings"])], "a process crashed")
    print(f"{len(CASES)} files, {n} damaged ones")


def seeds(folder):
    """For fuzz_lure_active (whose first byte says which parser) and fuzz_lure_image."""
    for target, byte, names in (("fuzz_lure_active", 16, ("inner.dat", "bodies.dat", "plain.dat", "liar.dat")), ("fuzz_lure_active", 8, ("other.eml",)), ("fuzz_lure_image", 1, ("ntfs.img", "gpt.img", "mbr.img")),
                                ("fuzz_lure_image", 8, ("locked.rar",))):
        os.makedirs(f"{folder}/{target}", exist_ok=True)
        for name in names:
            open(f"{folder}/{target}/carrier-{name}", "wb").write(bytes([byte]) + CASES[name][0][:4096])


def main():
    if len(sys.argv) == 4 and sys.argv[2] == "--seeds":
        seeds(sys.argv[3])
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    with tempfile.TemporaryDirectory(prefix="postern-carriers-") as d:
        open(f"{d}/org.yaml", "w").write(ORG)
        for check in (check_whole, check_damaged):
            check(sys.argv[1], d)
            print(f"{check.__name__}: {'FAILED' if failures else 'ok'}")
    sys.exit(1 if failures else 0)


main()
