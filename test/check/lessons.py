#!/usr/bin/env python3
"""lessons.py BINARY - what the course in lessons/ must keep to, besides what `lesson check` says.

Units: no error and no warning. Every indicator and combination of src/lure is explained by exactly one unit.
Languages: a text has the same build in each (links, lists, paragraphs); Hangul stands in Korean and nowhere else.
Exercises: no domain but .example, no address but those for documentation. A third of conversations, and about half of
the exhibits, are honest. Right and reporting answers are not always at the same place.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LESSONS = ROOT / "lessons"
LANGUAGES = ("en", "de", "ko")
HANGUL = re.compile("[\uac00-\ud7a3]")
DOMAIN = re.compile(r"(?<![\w.-])(?!co\.(?:uk|kr)(?![a-z0-9.-]))[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|eu|de|kr|io|gov|uk|info|biz|test|invalid)(?![a-z0-9-])")
ADDRESS = re.compile(r"\b(\d{1,3}(?:\.\d{1,3}){2,3})\b")
DOCUMENTATION = ("192.0.2", "198.51.100", "203.0.113", "10.20.")
wrong = []


def explained():
    ids = set()
    for path in sorted((ROOT / "src/lure").glob("*.def")):
        ids |= set(re.findall(r"^(?:IND|COMBO)\((\w+)", path.read_text(), re.M))
    seen = {}
    for path in sorted(LESSONS.glob("*/lesson.yaml")):
        for words in re.findall(r"^words: \[([^\]]*)\]", path.read_text(), re.M):
            for word in re.findall(r"\w+", words):
                if word in seen:
                    wrong.append(f"{path.parent.name}: {word} is explained by {seen[word]}, too")
                seen[word] = path.parent.name
    wrong.extend(f"no unit explains {word}" for word in sorted(ids - set(seen)))
    return len(ids)


def build(text):
    """What must be the same in each language."""
    return (re.findall(r"\]\(([^)]*)\)", text), len(re.findall(r"^- ", text, re.M)), len(re.findall(r"^\d+\. ", text, re.M)), text.count("\n\n"), text.count("**"), len(re.findall(r"^#+ ", text, re.M)))


def texts():
    n = 0
    for path in sorted(LESSONS.glob("*/*.en.md")):
        n += 1
        name = str(path)[:-len("en.md")]
        three = {language: Path(name + language + ".md").read_text() for language in LANGUAGES}
        first = build(three["en"])
        for language in LANGUAGES[1:]:
            other = build(three[language])
            if sorted(first[0]) != sorted(other[0]) or first[1:] != other[1:]:
                wrong.append(f"{name}{language}.md is not built like the English text: {other} instead of {first}")
        for language, text in three.items():
            if bool(HANGUL.search(text)) != (language == "ko"):
                wrong.append(f"{name}{language}.md is in another language")
    return n


def hangul(path, text):
    for n, line in enumerate(text.split("\n"), 1):
        for language, value in re.findall(r"\b(en|de|ko): \"((?:[^\"\\]|\\.)*)\"", line):
            if bool(HANGUL.search(value)) != (language == "ko") and re.search(r"[A-Za-z]{3} [A-Za-z]{2}", value):
                wrong.append(f"{path}:{n}: {language} is in another language")


def invented(path, text):
    text = "\n".join(line for line in text.split("\n") if not re.match(r"\s+url: ", line))
    for found in DOMAIN.findall(text):
        wrong.append(f"{path}: {found} is no invented domain: write one that ends in .example")
    for found in ADDRESS.findall(text):
        if not found.startswith(DOCUMENTATION):
            wrong.append(f"{path}: {found} is no address for documentation")


def places(text, list_key, mark):
    """Where the marked answers stand in their lists."""
    out = []
    for block in re.split(rf"^    {list_key}:$", text, flags=re.M)[1:]:
        entries = re.split(r"^      - ", block, flags=re.M)[1:]
        out += [i for i, entry in enumerate(entries) if re.search(rf"^        {mark}: true$", entry.split("\n    ")[0] + "\n" + entry, re.M)]
    return out


def shares():
    talks, exhibits, right, report = [], [], [], []
    for path in sorted(LESSONS.glob("*/*.yaml")):
        text = path.read_text()
        hangul(path, text)
        invented(path, text)
        benign = re.search(r"^benign: (true|false)$", text, re.M)
        if re.search(r"^nodes:$", text, re.M):
            talks.append(benign[1] == "true")
            report += places(text, "options", "report")
        elif re.search(r"^regions:$", text, re.M):
            exhibits.append(benign[1] == "true")
        else:
            right += places(text, "choices", "right")
    for path in sorted(LESSONS.glob("*/*.md")):
        invented(path, path.read_text())
    if sum(talks) * 3 < len(talks):
        wrong.append(f"{sum(talks)} of {len(talks)} conversations are honest: a third should be")
    if not 0.4 <= sum(exhibits) / len(exhibits) <= 0.6:
        wrong.append(f"{sum(exhibits)} of {len(exhibits)} exhibits are honest: half should be")
    for what, where in (("right", right), ("reporting", report)):
        most = max(where.count(i) for i in set(where))
        if len(where) < 10 or most * 10 > len(where) * 6:
            wrong.append(f"{most} of {len(where)} {what} answers stand at the same place")
    return len(talks), len(exhibits), len(right)


def main():
    r = subprocess.run([sys.argv[1], "lesson", "check", str(LESSONS)], capture_output=True, text=True, check=False)
    if r.returncode or "0 errors, 0 warnings" not in r.stdout:
        wrong.append(f"lesson check: {r.stdout}{r.stderr}")
    n, read, counts = explained(), texts(), shares()
    for text in wrong:
        print(text)
    print(f"lessons: {n} indicators and combinations explained, {read} texts, {counts[0]} conversations, {counts[1]} exhibits, {counts[2]} right answers; {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
