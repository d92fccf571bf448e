"""units.py - a folder of lessons for tests: one unit with every kind of part, and ways to break it."""
from pathlib import Path

LANGUAGES = ("en", "de", "ko")

UNIT = """\
id: side-door
order: 1
minutes: 4
title: {en: The side door, de: Die Nebentür, ko: 옆문}
summary: {en: What happened, de: Was geschah, ko: 무슨 일이 있었는지}
words: [OFFICE_REMOTE_TEMPLATE]
sources:
  - {id: advisory, title: Joint advisory, url: "https://example.org/advisory.pdf", date: 2024-02-19}
parts:
  - read: story
  - conversation: recruiter.yaml
  - conversation: colleague.yaml
  - spot: offer.yaml
  - spot: invoice.yaml
  - question: who-asks
questions:
  - id: who-asks
    text: {en: Who asks?, de: Wer fragt?, ko: 누가 묻습니까?}
    choices:
      - {text: {en: Call him on the known number, de: Die bekannte Nummer anrufen, ko: 알고 있는 번호로 전화}, right: true, because: {en: A mail can be anybody's., de: Jeder kann schreiben., ko: 누구나 쓸 수 있습니다.}}
      - {text: {en: Answer the mail, de: Antworten, ko: 답장}, because: {en: The answer goes to him., de: Die Antwort geht an ihn., ko: 그에게 갑니다.}}
  - id: second
    text: {en: And then?, de: Und dann?, ko: 그리고?}
    choices:
      - {text: {en: Report it, de: Melden, ko: 신고}, right: true, because: {en: Others got it too., de: Andere auch., ko: 다른 사람도.}}
      - {text: {en: Delete it, de: Löschen, ko: 삭제}, because: {en: Then nobody knows., de: Dann weiß es keiner., ko: 아무도 모릅니다.}}
"""

RECRUITER = """\
id: recruiter
title: {en: A recruiter writes, de: Eine Anwerberin schreibt, ko: 채용 담당자의 연락}
start: first
nodes:
  - id: first
    speaker: Dana Quill
    when: {en: Week 1, de: Woche 1, ko: 1주차}
    text: {en: Hello from the shipyard., de: Hallo von der Werft., ko: 조선소입니다.}
    stop: 1
    flags:
      - {en: She names no company., de: Keine Firma., ko: 회사가 없습니다.}
    options:
      - {text: {en: Ask who she is, de: Fragen wer sie ist, ko: 누구인지 묻기}, to: second, safe: true, consequence: {en: She goes on., de: Sie schreibt weiter., ko: 계속합니다.}}
      - {text: {en: Report the contact, de: Melden, ko: 신고}, to: end, safe: true, report: true, consequence: {en: You are thanked., de: Danke., ko: 감사합니다.}}
  - id: second
    speaker: Dana Quill
    when: {en: Week 3, de: Woche 3, ko: 3주차}
    text: {en: "Here is the test, password 1234.", de: "Der Test, Passwort 1234.", ko: "시험, 암호 1234."}
    stop: 3
    flags:
      - {en: A packed file with a password., de: Datei mit Passwort., ko: 암호가 걸린 파일.}
    options:
      - {text: {en: Open it, de: Öffnen, ko: 열기}, to: end, consequence: {en: It runs., de: Es läuft., ko: 실행됩니다.}}
      - {text: {en: Report it, de: Melden, ko: 신고}, to: end, safe: true, report: true, consequence: {en: You are thanked., de: Danke., ko: 감사합니다.}}
end: {en: That was the conversation., de: Das war das Gespräch., ko: 대화가 끝났습니다.}
"""

COLLEAGUE = """\
id: colleague
title: {en: A true offer, de: Ein echtes Angebot, ko: 진짜 제안}
benign: true
nodes:
  - id: only
    speaker: Jonas Feld
    text: {en: We met at the conference., de: Wir trafen uns., ko: 회의에서 만났습니다.}
    options:
      - {text: {en: Call the university, de: Die Universität anrufen, ko: 대학에 전화}, to: end, safe: true, consequence: {en: They know him., de: Man kennt ihn., ko: 그를 압니다.}}
      - {text: {en: Refuse, de: Ablehnen, ko: 거절}, to: end, consequence: {en: He was real., de: Er war echt., ko: 진짜였습니다.}}
end: {en: He was who he said., de: Er war es., ko: 본인이었습니다.}
"""

OFFER = """\
id: offer
kind: mail
title: {en: An offer by mail, de: Ein Angebot, ko: 메일 제안}
difficulty: 2
regions:
  - {id: from, label: {en: From, de: Von, ko: 보낸 사람}, text: {all: "Dana Quill <dana@mail.example>"}, wrong: true, because: {en: Not the yard's address., de: Nicht die Adresse der Werft., ko: 조선소 주소가 아닙니다.}}
  - {id: subject, label: {en: Subject, de: Betreff, ko: 제목}, text: {en: Your application, de: Ihre Bewerbung, ko: 지원}, because: {en: Fine in itself., de: An sich gut., ko: 괜찮습니다.}}
  - {id: file, label: {en: File, de: Datei, ko: 파일}, text: {all: offer.iso}, wrong: true, because: {en: An image of a disc is no document., de: Kein Dokument., ko: 문서가 아닙니다.}}
"""

INVOICE = """\
id: invoice
kind: mail
title: {en: An invoice, de: Eine Rechnung, ko: 청구서}
difficulty: 1
benign: true
regions:
  - {id: from, label: {en: From, de: Von, ko: 보낸 사람}, text: {all: "billing@yard.example"}, because: {en: The address on file., de: Die bekannte Adresse., ko: 아는 주소입니다.}}
  - {id: subject, label: {en: Subject, de: Betreff, ko: 제목}, text: {en: Invoice 12, de: Rechnung 12, ko: 청구서 12}, because: {en: As every month., de: Wie jeden Monat., ko: 매달처럼.}}
"""

STORY = {
    "en": "# What happened\n\nIntruders came through the *provider* ([advisory](source:advisory)).\n",
    "de": "# Was geschah\n\nSie kamen über den *Dienstleister* ([Warnung](source:advisory)).\n",
    "ko": "# 무슨 일이\n\n*협력업체*를 통해 들어왔습니다 ([권고](source:advisory)).\n",
}

FILES = {"lesson.yaml": UNIT, "recruiter.yaml": RECRUITER, "colleague.yaml": COLLEAGUE, "offer.yaml": OFFER, "invoice.yaml": INVOICE,
         **{f"story.{k}.md": v for k, v in STORY.items()}}


def write(folder, name="01-side-door", changes=None):
    """A unit below folder; changes: file -> text, (old, new) to replace once, or None for no such file."""
    unit = Path(folder) / name
    unit.mkdir(parents=True, exist_ok=True)
    for file, text in {**FILES, **{k: v for k, v in (changes or {}).items() if k not in FILES}}.items():
        change = (changes or {}).get(file, text)
        if isinstance(change, tuple):
            if change[0] not in text:
                raise AssertionError(f"{file} has no {change[0]!r}")
            change = text.replace(change[0], change[1], 1)
        if change is not None:
            (unit / file).write_bytes(change if isinstance(change, bytes) else change.encode())
    return unit
