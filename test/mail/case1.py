"""Mail in the name of the security manager, as case 1 ended: from outside, from a domain that resembles ours, from his own account that somebody took over. Harmless texts, made up.

ORG is the organisation file that belongs to them; messages(way) gives (name, bytes) for "outside", "lookalike", "taken"."""
import email.headerregistry
import email.message
import email.policy
import random

ORG = """organisation:
  name: Institut für Küstenforschung
  domains: [kuestenforschung.example]
  partners: [werft-nord.example]
staff:
  - name: Jürgen Petersen
    mail: j.petersen@kuestenforschung.example
    accounts: [petersen]
    roles: [security-manager]
  - name: Erika Beispiel
    mail: erika.beispiel@kuestenforschung.example
    accounts: [beispiel]
"""
ASKS = {
    "en": [("Security update today", "Please install the security update from the attached archive before noon."), ("Mandatory security check", "Please log in to your account on the page below for the security check and confirm your password."),
           ("New VPN client", "For access from home install our VPN client, it is attached."), ("Patch for the measuring computers", "Apply the patch from this message on all measuring computers today; do not tell the vendor yet.")],
    "de": [("Sicherheitsupdate heute", "Bitte installieren Sie das Update aus dem Anhang noch vor Mittag."), ("Sicherheitsprüfung der Konten", "Bitte melden Sie sich zur Sicherheitsprüfung auf der Seite unten an und bestätigen Sie Ihre Daten."),
           ("Neuer VPN-Client", "Für den Zugriff von zu Hause installieren Sie das beigefügte Programm, unseren neuen VPN-Client."), ("Patch einspielen", "Bitte den Patch einspielen, Sicherheitsupdate für alle Messrechner, heute noch.")],
    "ko": [("보안 업데이트 안내", "첨부된 보안 업데이트를 설치해 주십시오. 오늘 중으로 업데이트를 설치해야 합니다."), ("계정 보안 점검", "보안 점검을 위해 아래 페이지에 로그인하여 비밀번호를 확인해 주십시오."), ("새 VPN", "보안 점검에 따라 첨부된 프로그램을 설치해 주십시오."),
           ("패치 적용", "모든 측정 컴퓨터에 패치를 적용해 주십시오. 보안 업데이트입니다.")],
}
NAMES = ["Jürgen Petersen", "Petersen, Jürgen", "Dr. Jürgen Petersen", "Jurgen Petersen", "JÜRGEN PETERSEN (IT-Sicherheit)"]
OUTSIDE = ["juergen.petersen.office@gmail.com", "security@mail-notice.example", "j.petersen@freemail.example", "petersen@outlook.com", "it-sicherheit@service-center.example"]
LOOKALIKES = ["kuestenforschunq.example", "kuestenf0rschung.example", "kuestenforschung.com", "kuestenforshung.example", "kuestenforschung-security.example", "kustenforschung.example", "werft-n0rd.example"]


def write(name, address, subject, text, link, extra=()):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"] = email.headerregistry.Address(name, addr_spec=address) if name else address
    m["To"] = "erika.beispiel@kuestenforschung.example"
    m["Subject"] = subject
    m["Date"] = "Tue, 09 Jun 2026 06:12:00 +0200"
    m["Message-ID"] = f"<{abs(hash((address, subject))) % 10**9}@x.example>"
    for k, v in extra:
        m[k] = v
    m.set_content(f"{text}\n\n{link}\n\n{name}\n")
    return m.as_bytes()


def messages(way, n=20):
    rng = random.Random(way)
    out = []
    for i in range(n):
        lang = ("en", "de", "ko")[i % 3]
        subject, text = ASKS[lang][i // 3 % 4]
        name, extra = NAMES[i % len(NAMES)], ()
        if way == "outside":
            address, link = OUTSIDE[i % len(OUTSIDE)], f"https://check.portal-{i}.example/login"
        elif way == "lookalike":
            domain = LOOKALIKES[i % len(LOOKALIKES)]
            address, link = f"j.petersen@{domain}", f"https://portal.{domain}/"
            name = name if i % 2 else ""
        else: # his account: everything about the sender is right, and our own server says so
            address, link = "j.petersen@kuestenforschung.example", f"https://files-{rng.randrange(99)}.sharing.example/update"
            extra = (("Authentication-Results", "mx.kuestenforschung.example; spf=pass smtp.mailfrom=kuestenforschung.example; dkim=pass header.d=kuestenforschung.example; dmarc=pass"),)
        out.append((f"{way}-{i:02}-{lang}.eml", write(name, address, subject, text, link, extra)))
    return out
