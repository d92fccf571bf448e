"""Long correspondences with strangers. stories(): weeks of friendly talk, of a position among other things, and then a package (Operation Dream Job's way). honest(): as long, and they end with a file, too.
Each is a list of (name, bytes), oldest first, the last one with what was sent. Harmless texts and files, made up."""
import datetime
import email.headerregistry
import email.message
import email.policy
import io
import zipfile

ME = ("Erika Beispiel", "erika.beispiel@kuestenforschung.example")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def packed(name, content):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        z.writestr(name, content)
    return b.getvalue()


def letters(key, sender, texts, days, last, reply_to=None):
    """texts: (subject, text) each; days: of each message since the first; last: file of the last one, or a link in its text."""
    out, begin = [], datetime.datetime(2026, 5, 4, 10, 20, tzinfo=datetime.timezone.utc)
    for i, ((subject, text), day) in enumerate(zip(texts, days)):
        m = email.message.EmailMessage(policy=email.policy.SMTP)
        m["From"], m["To"] = email.headerregistry.Address(sender[0], addr_spec=sender[1]), email.headerregistry.Address(ME[0], addr_spec=ME[1])
        m["Subject"], m["Date"], m["Message-ID"] = subject, begin + datetime.timedelta(days=day, minutes=7 * i), f"<{key}-{i}@{sender[1].split('@')[1]}>"
        if i:
            m["References"] = f"<{key}-{i - 1}@{sender[1].split('@')[1]}>"
        m.set_content(text + "\n")
        if i == len(texts) - 1 and last:
            m.add_attachment(last[1], maintype=last[2], subtype=last[3], filename=last[0])
        out.append((f"{key}-{i}.eml", m.as_bytes()))
    return out


ZIP, PDF_FILE = lambda name: (name, packed("readme.txt", "nothing"), "application", "zip"), lambda name: (name, PDF, "application", "pdf")


def stories():
    return [
        letters("en-shipyard", ("Claire Dubois", "claire.dubois@talent-harbour.example"), [
            ("Your work on tides", "Dear Ms Beispiel, I came across your profile and your talk on tides. As a hiring manager I would love to hear more."), ("Re: Your work on tides", "Thank you for the kind answer. How long have you been with the institute?"),
            ("Re: Your work on tides", "That sounds wonderful. Our team on the west coast has an open position; the salary range is generous."), ("Re: Your work on tides", "I hope the field trip went well."),
            ("Assessment", "As promised, here is the short assessment for the next round.")], (0, 2, 5, 9, 16), ZIP("assessment.zip")),
        letters("en-link", ("Mark Ellison", "m.ellison@ocean-careers.example"), [
            ("Hello from a colleague", "We met at the conference in Bergen; I enjoyed your talk."), ("Re: Hello", "I work as a recruiter at a marine firm. There is an open position of lead scientist that made me think of you."), ("Re: Hello", "No hurry at all. Enjoy your holidays."),
            ("Documents", "The description is on our server: https://files.marine-docs.example/offer")], (0, 4, 8, 13), None),
        letters("de-werft", ("Anja Vogt", "a.vogt@personal-kontor.example"), [
            ("Ihr Vortrag", "Sehr geehrte Frau Beispiel, Ihr Profil ist mir aufgefallen; ich arbeite in der Personalberatung."), ("AW: Ihr Vortrag", "Vielen Dank für Ihre freundliche Antwort."), ("AW: Ihr Vortrag", "Die leitende Position wäre ab Herbst frei, eine neue Herausforderung."),
            ("AW: Ihr Vortrag", "Schöne Pfingsten wünsche ich."), ("Unterlagen", "Anbei die Stellenbeschreibung, das Kennwort sende ich gesondert.")], (0, 3, 6, 12, 20), ZIP("Stellenbeschreibung.zip")),
        letters("de-langsam", ("Felix Brandt", "brandt@see-technik.example"), [
            ("Frage zu Bojen", "Guten Tag, ich lese gerade Ihren Aufsatz über Bojen."), ("AW: Frage zu Bojen", "Danke, das hilft mir sehr."), ("AW: Frage zu Bojen", "Wir haben übrigens ein Stellenangebot: Position als Messleiterin, Jahresgehalt nach Vereinbarung."),
            ("AW: Frage zu Bojen", "Wie war die Ausfahrt?"), ("AW: Frage zu Bojen", "Hier sind die Einzelheiten.")], (0, 7, 15, 24, 33), PDF_FILE("Einzelheiten.pdf")),
        letters("ko-lab", ("박지훈", "jihoon.park@marine-talent.example"), [
            ("안녕하세요", "안녕하세요, 채용 담당자입니다. 귀하의 프로필을 보고 연락드립니다."), ("Re: 안녕하세요", "답장 감사합니다."), ("Re: 안녕하세요", "연봉은 협의할 수 있습니다. 면접은 천천히 하셔도 됩니다."), ("Re: 안녕하세요", "주말 잘 보내셨나요?"),
            ("자료", "말씀드린 자료를 보내드립니다.")], (0, 3, 7, 11, 15), ZIP("자료.zip")),
        letters("ko-link", ("이수진", "sujin.lee@sea-career.example"), [
            ("발표 잘 들었습니다", "지난달 발표를 잘 들었습니다."), ("Re: 발표", "저희 회사에서 채용 제안을 드리고 싶습니다. 경력직 자리입니다."), ("Re: 발표", "천천히 생각해 보세요."), ("Re: 발표", "요즘 바쁘시지요?"),
            ("직무 설명", "자세한 내용은 여기에 있습니다: https://docs.career-files.example/jd")], (0, 2, 6, 9, 14), None),
    ]


def honest():
    return [
        letters("en-coauthor", ("Hugh Barnes", "h.barnes@coastal-univ.example"), [("Joint paper", "Shall we write up the tide data together?"), ("Re: Joint paper", "I will take the introduction."), ("Re: Joint paper", "Two weeks more, then it is done."), ("Re: Joint paper", "The second half is nearly there."),
            ("Draft", "Here is the draft.")], (0, 4, 10, 17, 24), PDF_FILE("draft.pdf")),
        letters("en-supplier", ("Sales at Buoyworks", "sales@buoyworks.example"), [("Your request", "Thank you for your request about mooring chains."), ("Re: Your request", "Delivery would take six weeks."), ("Re: Your request", "We can offer a discount for ten."), ("Offer", "Please find our offer attached.")], (0, 2, 6, 11), PDF_FILE("offer-2211.pdf")),
        letters("de-bewerberin", ("Lena Schuster", "lena.schuster@freemail.example"), [("Frage zu Ihrer Ausschreibung", "Ich möchte mich bei Ihnen als Technikerin bewerben und habe eine Frage."), ("AW: Frage", "Danke für die schnelle Auskunft."), ("AW: Frage", "Ich schicke alles Ende des Monats."), ("Bewerbung", "Anbei meine Bewerbung.")],
            (0, 3, 8, 19), PDF_FILE("Bewerbung_Schuster.pdf")),
        letters("de-behoerde", ("Wasseramt Nord", "auskunft@wasseramt-nord.example"), [("Genehmigung Boje 7", "Ihr Antrag ist eingegangen."), ("Genehmigung Boje 7", "Es fehlt noch die Angabe der Tiefe."), ("Genehmigung Boje 7", "Danke, jetzt ist alles vollständig."), ("Bescheid", "Anbei der Bescheid.")],
            (0, 6, 14, 29), PDF_FILE("bescheid.pdf")),
        letters("ko-partner", ("최영호", "youngho.choi@harbor-lab.example"), [("공동 연구", "공동 연구를 제안드립니다."), ("Re: 공동 연구", "예산은 다음 주에 정하겠습니다."), ("Re: 공동 연구", "일정표를 만들고 있습니다."), ("자료", "원시 자료를 압축해서 보냅니다.")], (0, 5, 9, 16), ZIP("data.zip")),
        letters("en-recruiter-open", ("Ruth Callan", "ruth@callan-search.example"), [ # a recruiter who says at once what it is about, with the paper, and later sends another one
            ("Position of data steward", "I am a recruiter at Callan Search. The job description is here: https://www.callan-search.example/jobs/41 and at https://jobs.university-board.example/41"), ("Re: Position", "The interview process has two rounds."), ("Re: Position", "The first interview could be on the 21st."),
            ("Agenda", "The agenda for the day.")], (0, 3, 7, 12), PDF_FILE("agenda.pdf")),
        letters("de-kurz", ("Timo Ahlers", "ahlers@messe-nord.example"), [("Messestand", "Wollen Sie wieder einen Stand?"), ("AW: Messestand", "Gern, ich reserviere."), ("Plan", "Hier der Plan.")], (0, 1, 2), PDF_FILE("plan.pdf")),
    ]
