"""Honest mail of today, written from templates: newsletters, invoices, invitations, notices, mail of personnel departments, in English, German and Korean. Structure as senders really build it:
HTML alone or beside text, hidden preheaders, tracking links through the sender's own or a service's domain, List-Unsubscribe, pictures from a server, base64 where a tool does so.

messages() gives (name, bytes); the same every time."""
import base64
import email.message
import email.policy
import random

FIRMS = [  # name, domain, tracking host
    ("Küstenkontor", "kuestenkontor.example", "click.kuestenkontor.example"), ("Nordwind Verlag", "nordwind-verlag.example", "t.mailing.example"), ("Baltic Instruments", "baltic-instruments.example", "links.baltic-instruments.example"),
    ("Hafenpost", "hafenpost.example", "r.versand.example"), ("Seaworthy Weekly", "seaworthy.example", "email.seaworthy.example"), ("Institut für Akustik", "akustik-institut.example", "news.akustik-institut.example"),
    ("한빛해양", "hanbit-marine.example", "click.hanbit-marine.example"), ("부산연구포럼", "busan-forum.example", "mail.busan-forum.example"), ("Green Grocer", "greengrocer.example", "e.greengrocer.example"),
    ("Rad & Tat", "radundtat.example", "rt.versand.example"), ("Cloudbase", "cloudbase.example", "go.cloudbase.example"), ("Stadtwerke Muster", "stadtwerke-muster.example", "k.stadtwerke-muster.example"),
]
TOPICS = {
    "en": ["New sensors for cold water", "Your weekly reading list", "Three days left to register early", "How we tow our arrays", "What changed in version 4.2", "Spring sale: 20 % on rain gear", "Survey: how do you like our service?", "Minutes of the user group",
           "Webinar on underwater acoustics", "Holiday opening hours", "Your order has been shipped", "Reminder: your appointment on Monday"],
    "de": ["Neue Sensoren für kaltes Wasser", "Ihr Wochenrückblick", "Nur noch drei Tage Frühbucherrabatt", "So schleppen wir unsere Antennen", "Das ist neu in Version 4.2", "Frühjahrsangebote: 20 % auf Regenkleidung", "Umfrage: Wie zufrieden sind Sie?",
           "Protokoll des Anwendertreffens", "Webinar zur Unterwasserakustik", "Öffnungszeiten über die Feiertage", "Ihre Bestellung ist unterwegs", "Erinnerung an Ihren Termin am Montag"],
    "ko": ["차가운 바다를 위한 새 센서", "이번 주 소식", "사전 등록 마감 3일 전", "예인 배열 운용 이야기", "4.2 버전에서 달라진 점", "봄맞이 20% 할인", "서비스 만족도 조사", "사용자 모임 회의록", "수중 음향 웨비나", "연휴 운영 시간 안내", "주문하신 상품이 발송되었습니다", "월요일 예약 안내"],
}
SENTENCES = {
    "en": ["We have tested the new hydrophone in the Baltic for six months.", "The results are in our magazine, together with the raw data.", "Members get the printed edition by post.", "Please reply to this message if you would like to come.",
           "The invoice is attached as a PDF.", "Thank you for your order; we have handed it to the carrier today.", "You can change your settings at any time.", "The talk begins at 10 am in the large lecture hall.", "We look forward to seeing you.",
           "This year's conference has 140 talks in four tracks.", "If you no longer want this newsletter, use the link below.", "Parking is available behind building 7."],
    "de": ["Wir haben das neue Hydrofon sechs Monate lang in der Ostsee erprobt.", "Die Ergebnisse stehen mit den Rohdaten in unserem Heft.", "Mitglieder erhalten die gedruckte Ausgabe per Post.", "Bitte antworten Sie auf diese Nachricht, wenn Sie kommen möchten.",
           "Die Rechnung finden Sie als PDF im Anhang.", "Vielen Dank für Ihre Bestellung; wir haben sie heute dem Versand übergeben.", "Ihre Einstellungen können Sie jederzeit ändern.", "Der Vortrag beginnt um 10 Uhr im großen Hörsaal.", "Wir freuen uns auf Sie.",
           "Die diesjährige Tagung hat 140 Vorträge in vier Strängen.", "Wenn Sie diesen Rundbrief nicht mehr möchten, nutzen Sie den Link unten.", "Parkplätze gibt es hinter Gebäude 7."],
    "ko": ["새 수중 청음기를 발트해에서 여섯 달 동안 시험했습니다.", "결과와 원자료는 소식지에 실려 있습니다.", "회원께는 인쇄본을 우편으로 보내 드립니다.", "참석을 원하시면 이 메일에 답장해 주십시오.", "청구서는 PDF로 첨부했습니다.", "주문해 주셔서 감사합니다. 오늘 택배사에 전달했습니다.",
           "설정은 언제든지 바꾸실 수 있습니다.", "발표는 오전 10시에 대강당에서 시작합니다.", "뵙기를 기대합니다.", "올해 학회에는 네 분과에 140편의 발표가 있습니다.", "소식지를 원하지 않으시면 아래 링크를 이용해 주십시오.", "주차장은 7동 뒤에 있습니다."],
}
PERSONNEL = {
    "en": ["Please hand in your holiday requests for December by Friday.", "The new canteen menu is on the intranet.", "The position of team leader in the workshop is open; applications go through the portal.", "Your pay slip for this month is ready in the personnel system.",
           "We congratulate Dr. Weber on 25 years with us.", "The job interview with Ms. Kim is on Tuesday at 2 pm; please bring her documents."],
    "de": ["Bitte reichen Sie Ihre Urlaubsanträge für Dezember bis Freitag ein.", "Der neue Speiseplan steht im Intranet.", "Die Position als Teamleitung in der Werkstatt ist ausgeschrieben; Bewerbungen bitte über das Portal.", "Ihre Gehaltsabrechnung liegt im Personalsystem bereit.",
           "Wir gratulieren Dr. Weber zum 25-jährigen Dienstjubiläum.", "Das Vorstellungsgespräch mit Frau Kim ist am Dienstag um 14 Uhr; bitte bringen Sie die Unterlagen mit."],
    "ko": ["12월 휴가 신청은 금요일까지 제출해 주십시오.", "새 식단은 인트라넷에서 보실 수 있습니다.", "공작실 팀장 자리가 공고되었습니다. 지원은 포털에서 받습니다.", "이번 달 급여 명세서가 인사 시스템에 올라왔습니다.", "근속 25년을 맞은 웨버 박사님께 축하드립니다.", "김 선생님 면접은 화요일 오후 2시입니다. 서류를 준비해 주십시오."],
}
FOOT = {"en": ("Unsubscribe", "View in browser", "Imprint"), "de": ("Abmelden", "Im Browser ansehen", "Impressum"), "ko": ("수신 거부", "브라우저에서 보기", "회사 정보")}


def html(rng, lang, firm, subject, lines, pictures, preheader):
    name, domain, track = firm
    out, view, imprint = FOOT[lang]
    link = lambda: f"https://{track}/c/{rng.getrandbits(64):016x}?u={rng.getrandbits(32):08x}"
    body = "".join(f"<p style=\"font-size:15px\">{x}</p>" for x in lines)
    images = "".join(f"<a href=\"{link()}\"><img src=\"https://img.{domain}/{rng.getrandbits(24):06x}.jpg\" width=\"560\" alt=\"\"></a>" for _ in range(pictures))
    hidden = f"<div style=\"display:none;max-height:0;overflow:hidden\">{preheader}{'&zwnj;&nbsp;' * 40}</div>" if preheader else ""
    pixel = f"<img src=\"https://{track}/o/{rng.getrandbits(48):012x}.gif\" width=\"1\" height=\"1\">"
    return (f"<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{subject}</title><style>a{{color:#024}} .b{{padding:8px}}</style></head><body>{hidden}<table width=\"600\"><tr><td><h1>{subject}</h1>{images}{body}"
            f"<p><a class=\"b\" href=\"{link()}\">{lines[0][:24]}</a></p><p style=\"font-size:11px\"><a href=\"{link()}\">{out}</a> | <a href=\"https://www.{domain}/view\">{view}</a> | <a href=\"https://www.{domain}/\">www.{domain}</a> | {imprint}</p>"
            f"{pixel}</td></tr></table></body></html>")


def message(rng, i, lang, kind):
    firm = FIRMS[rng.randrange(len(FIRMS))]
    name, domain, track = firm
    subject = rng.choice(TOPICS[lang]) if kind != "personnel" else {"en": "News from personnel", "de": "Neues aus der Personalabteilung", "ko": "인사팀 소식"}[lang]
    lines = rng.sample(PERSONNEL[lang] if kind == "personnel" else SENTENCES[lang], 3 + rng.randrange(3))
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    local = {"newsletter": "news", "invoice": "billing", "invitation": "events", "notice": "service", "personnel": "personal"}[kind]
    m["From"] = f"\"{name}\" <{local}@{'kustenforschung.example' if kind == 'personnel' else domain}>"
    m["To"] = "Erika Beispiel <erika.beispiel@kuestenforschung.example>"
    m["Subject"] = subject + (f" {2026}-{rng.randrange(1000, 9999)}" if kind == "invoice" else "")
    m["Date"] = f"Mon, {1 + i % 28:02} Jun 2026 08:{i % 60:02}:00 +0200"
    m["Message-ID"] = f"<{rng.getrandbits(64):x}@{domain}>"
    if kind == "newsletter":
        m["List-Unsubscribe"] = f"<https://{track}/u/{rng.getrandbits(32):x}>"
        m["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if rng.random() < 0.15:
        m["Reply-To"] = f"kontakt@{domain}"
    text = "\n\n".join([subject, *lines, f"https://www.{domain}/"])
    body = html(rng, lang, firm, subject, lines, rng.randrange(4), lines[0] if kind == "newsletter" and rng.random() < 0.7 else "")
    style = rng.random()
    if kind == "personnel" or style < 0.15:
        m.set_content(text)
    elif style < 0.55:
        m.set_content(body, subtype="html", cte="base64" if rng.random() < 0.3 else "quoted-printable")
    else:
        m.set_content(text, cte="quoted-printable")
        m.add_alternative(body, subtype="html", cte="quoted-printable")
    if kind == "invoice":
        m.add_attachment(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\nxref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \n"
                         b"trailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n110\n%%EOF\n", maintype="application", subtype="pdf", filename="rechnung.pdf")
    if kind == "invitation":
        ics = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{i}@{domain}\r\nDTSTART:20260701T080000Z\r\nORGANIZER:mailto:events@{domain}\r\nSUMMARY:{subject}\r\nLOCATION:https://teams.microsoft.com/l/meetup-join/{i}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        m.add_attachment(ics.encode(), maintype="text", subtype="calendar", filename="invite.ics")
    return f"{i:03}-{lang}-{kind}.eml", m.as_bytes()


def messages(n=240):
    rng = random.Random(20260601)
    kinds = ["newsletter"] * 5 + ["invoice", "invitation", "notice", "personnel"]
    return [message(rng, i, ("en", "de", "ko")[i % 3], kinds[(i // 3) % len(kinds)]) for i in range(n)]
