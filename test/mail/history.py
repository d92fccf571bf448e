"""Eight weeks of ordinary mail of an institute: its security manager, staff and partners write to each other and to strangers, as people do: links to new pages, first attachments of their kind, early
hours, security updates announced by the manager himself, mail to many. Harmless texts, made up. For case1.py's organisation.

messages() gives 60 of (name, bytes); after() gives 12 more of the weeks that follow, of the same people, each with something new in it."""
import datetime
import email.headerregistry
import email.message
import email.policy
import random

US = "kuestenforschung.example"
PETERSEN, BEISPIEL = ("Jürgen Petersen", f"j.petersen@{US}"), ("Erika Beispiel", f"erika.beispiel@{US}")
HANSEN, OLSEN = ("Maren Hansen", f"maren.hansen@{US}"), ("Nils Olsen", f"nils.olsen@{US}")
WERFT, KIM, ABEL = ("Torben Kruse", "t.kruse@werft-nord.example"), ("김민수", "minsu.kim@ocean-lab.example"), ("Dr. Sabine Abel", "abel@uni-hafenstadt.example")
PROGRAMS = {PETERSEN: "Mozilla Thunderbird", BEISPIEL: "Microsoft Outlook 16.0", HANSEN: "Evolution 3.46.4", OLSEN: "Mozilla Thunderbird", WERFT: "Apple Mail (2.3774)", KIM: "", ABEL: "Roundcube Webmail/1.6.5"}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TALK = [
    "Die Messreihe von gestern ist vollständig, ich schaue heute Nachmittag hinein.", "Können wir die Besprechung auf Donnerstag, 10 Uhr, legen?", "Danke, das passt so. Ich trage es in den Kalender ein.",
    "The buoy is back in the water since Tuesday; first readings look fine.", "I will be at the harbour office until four, ring me there.", "Could you have a look at the calibration before Friday?",
    "부표 자료를 잘 받았습니다. 다음 주에 다시 이야기하시죠.", "회의는 목요일 오전에 하면 좋겠습니다.", "Die Werft hat den Termin bestätigt; die Fähre kommt am Montag ins Dock.",
]
PAGES = ["https://wetter.hafenamt.example/nord", "https://journal.ozean.example/heft-7", "https://karten.seewarte.example/blatt12"]


def write(sender, to, when, subject, text, number, files=()):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"] = email.headerregistry.Address(sender[0], addr_spec=sender[1])
    m["To"] = [email.headerregistry.Address(n, addr_spec=a) for n, a in to]
    m["Subject"], m["Date"], m["Message-ID"] = subject, when, f"<{number}.{sender[1].split('@')[0]}@{sender[1].split('@')[1]}>"
    if PROGRAMS.get(sender):
        m["User-Agent"] = PROGRAMS[sender]
    if sender[1].endswith(US):
        m["Authentication-Results"] = f"mx.{US}; spf=pass smtp.mailfrom={US}; dkim=pass header.d={US}; dmarc=pass"
    m.set_content(f"{text}\n\n{sender[0]}\n")
    for name, kind, content in files:
        m.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
    return m.as_bytes()


def at(day, hour, minute):
    zone = datetime.timezone(datetime.timedelta(hours=2))
    return datetime.datetime(2026, 4, 7, hour, minute, tzinfo=zone) + datetime.timedelta(days=day)


def messages(n=60):
    """From 7 April to 2 June 2026. Petersen writes every third message, in his hours (8 to 18) but for one early morning."""
    rng = random.Random("weeks")
    out, people = [], [BEISPIEL, HANSEN, OLSEN, WERFT, KIM, ABEL]
    for i in range(n):
        sender = PETERSEN if i % 3 == 0 else people[(i // 3 + i) % len(people)]
        others = [p for p in (PETERSEN, BEISPIEL, HANSEN, OLSEN) if p != sender]
        to = [others[i % len(others)]] if sender[1].endswith(US) and i % 7 else [BEISPIEL if sender != BEISPIEL else PETERSEN]
        if sender == PETERSEN and i % 12 == 6: # also to outside people
            to = [(WERFT, KIM, ABEL)[i // 12 % 3]]
        hour, text, files, subject = rng.randrange(8, 18), TALK[i % len(TALK)], (), ("Messreihe", "Termin", "Buoy", "부표", "Dock")[i % 5]
        if i == 27: # once before anybody else is up, about nothing
            hour = 5
        if i % 9 == 4: # a page worth reading
            text += f"\n\n{PAGES[i // 9 % 3]}"
        if i in (18, 39): # what a security manager writes
            subject, text = "Sicherheitsupdate am Freitag", "Am Freitag wird das Sicherheitsupdate automatisch verteilt. Es ist nichts zu tun; bitte lassen Sie die Rechner an."
        if i % 10 == 8:
            files = ((f"protokoll-{i}.pdf", ("application", "pdf"), PDF),)
        if i == 45: # to everybody
            to = others + [WERFT, ABEL]
        out.append((f"week{i * 8 // n + 1}-{i:02}.eml", write(sender, to, at(i * 56 // n, hour, rng.randrange(60)), subject, text, i, files)))
    return out


def after(n=12):
    """From 10 to 25 June: a page, a file, a recipient or an hour that is new, as happens every week; never what would do harm together."""
    out = []
    new = [("Seekarten", "Die neuen Blätter stehen hier:\n\nhttps://blatt.seekarten.example/juni", 11, ()), ("Early tide", "I am on the boat already, see you at nine.", 5, ()),
           ("Report", "The report you asked for.", 14, (("report.docx.pdf", ("application", "pdf"), PDF),)), ("Zahlen", "Die Zahlen als Tabelle.", 10, (("zahlen.csv", ("text", "csv"), b"a;b\n1;2\n"),)),
           ("논문", "논문 링크입니다.\n\nhttps://papers.ocean.example/77", 15, ()), ("Sicherheitsupdate", "Das Sicherheitsupdate ist verteilt. Danke fürs Warten.", 9, ())]
    for i in range(n):
        subject, text, hour, files = new[i % len(new)]
        sender = (PETERSEN, BEISPIEL, HANSEN)[i % 3] if subject != "Sicherheitsupdate" else PETERSEN
        out.append((f"after-{i:02}.eml", write(sender, [OLSEN if i % 4 else ("Rita Neumann", "neumann@behoerde.example")], at(64 + i, hour, 10 + i), subject, text, 100 + i, files)))
    return out
