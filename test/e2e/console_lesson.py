#!/usr/bin/env python3
"""console_lesson.py BINARY - a whole unit done without script; practice; figures of teams; certificates; who may see what."""
import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "console"))
import openapi  # noqa: E402
import units  # noqa: E402
from server import Console, text_of  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
failures = []


def expect(ok, what, page=None):
    if not ok:
        failures.append(what)
        print(f"FAILED {what}" + (f"\n    {page.status} {text_of(page.text)[:600]}" if page is not None else ""))


def one_h1(page, what):
    expect(page.status == 200 and page.text.count("<h1") == 1, f"{what}: one h1", page)
    for m in re.finditer(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*>', page.text):
        named = re.search(r'id="([^"]+)"', m[0])
        labelled = "aria-label=" in m[0] or (named and f'for="{named[1]}"' in page.text) or re.search(r"<label[^>]*>(?:(?!</label>).)*" + re.escape(m[0]), page.text, re.S)
        expect(labelled, f"{what}: a field without label: {m[0]}")


def whole_unit(c):
    """Read, talk (the honest one refused), find, answer: then there is a certificate."""
    me = c.login("employee")
    page = me.get("/lessons")
    one_h1(page, "overview")
    expect("The side door" in page.text and "0 / 6" in page.text, "the unit is offered", page)
    page = me.get("/lessons/side-door")
    one_h1(page, "unit")
    expect("/lessons/side-door/story" in page.text, "the first part is offered", page)
    page = me.get("/lessons/side-door/story")
    one_h1(page, "reading")
    expect('<a href="#source-advisory">' in page.text and 'id="source-advisory"' in page.text and "<em>provider</em>" in page.text, "text with its source", page)
    page = me.post("/lessons/side-door/story", {})
    expect("A recruiter writes" in page.text, "on to the conversation", page)
    talk(me)
    look(me)
    return answer(me)


def talk(me):
    page = me.get("/lessons/side-door/recruiter")
    one_h1(page, "conversation")
    expect("Week 1" in page.text and 'name="way" value="0"' in page.text and 'method="get"' in page.text, "messages, weeks, choices", page)
    expect("She names no company" not in page.text, "flags are not told before the end", page)
    page = me.get("/lessons/side-door/recruiter?way=0")
    expect("Week 3" in page.text and "She goes on." in page.text and 'value="00"' in page.text and 'value="01"' in page.text, "the consequence, and weeks later", page)
    bad = me.get("/lessons/side-door/recruiter?way=00")
    expect("stage 5 of 5" in text_of(bad.text) and "There was no report" in bad.text, "who opens it was too late", bad)
    page = me.get("/lessons/side-door/recruiter?way=01")
    one_h1(page, "end of the conversation")
    words = text_of(page.text)
    expect("stage 3 of 5" in words and "You reported it" in words and "She names no company." in words and "as early as this message: Hello from the shipyard." in words, "what one should have seen", page)
    for way in ("9", "000", "0/", "-1", "02", "1" * 500):
        expect(me.get(f"/lessons/side-door/recruiter?way={way}").status == 400, f"no way through: {way[:9]}")
    expect(me.post("/lessons/side-door/recruiter", {"way": "0"}).status == 400, "a conversation that is not over is not done")
    page = me.post("/lessons/side-door/recruiter", [("way", "01"), ("flag", "0"), ("flag", "0"), ("flag", "7")])
    expect("A true offer" in page.text and "This part is done." in page.text, "on to the next", page)
    page = me.get("/lessons/side-door/colleague?way=1")
    expect("This contact was honest. To refuse everything costs something" in text_of(page.text), "over-suspicion is told", page)
    me.post("/lessons/side-door/colleague", {"way": "1"})


def look(me):
    page = me.get("/lessons/side-door/offer")
    one_h1(page, "exhibit")
    expect("dana@mail.example" in page.text and "Not the yard" not in page.text, "the exhibit, without its answers", page)
    page = me.post("/lessons/side-door/offer", [("region", "0"), ("region", "1")])
    words = text_of(page.text)
    for text in ("wrong, and you saw it", "fine, though you marked it", "wrong, and you did not mark it", "An image of a disc is no document."):
        expect(text in words, f"feedback: {text}", page)
    one_h1(page, "feedback")
    page = me.post("/lessons/side-door/invoice", {})
    expect("You told all of it right." in page.text, "nothing is wrong with the invoice", page)


def answer(me):
    page = me.get("/lessons/side-door/who-asks")
    one_h1(page, "question")
    page = me.post("/lessons/side-door/who-asks", {})
    expect("Choose an answer first." in page.text, "an answer is needed", page)
    page = me.post("/lessons/side-door/who-asks", {"choice": "0"})
    words = text_of(page.text)
    expect("That is right." in words and "A mail can be anybody's." in words and "comes back in 2 days" in words and "You have finished this unit" in words, "answered, finished", page)
    page = me.get("/lessons/side-door")
    found = re.search(r"/lessons/certificate/(PL(?:-[0-9A-Z]{5}){4})", page.text)
    expect(found, "there is a certificate", page)
    words = text_of(me.get("/lessons").text)
    for text in ("Contacts you reported 1 / 1", "Honest contacts you refused 1 / 1", "Wrong, and you saw it 1 / 2", "Fine, though you marked it 1 / 3", "Questions answered right 1 / 1"):
        expect(text in words, f"what one did: {text}: {words[:1500]}")
    return found[1] if found else ""


def certificates(c, number):
    me, other, analyst = c.login("employee"), c.login("approver"), c.login("analyst")
    page = me.get(f"/lessons/certificate/{number}")
    one_h1(page, "certificate")
    expect(number in page.text and "The side door" in page.text and 'class="certificate"' in page.text, "the certificate", page)
    expect(analyst.get(f"/lessons/certificate/{number}").status == 200, "who teaches sees it")
    expect(other.get(f"/lessons/certificate/{number}").status == 404, "others do not")
    anybody = c.client()
    page = anybody.get(f"/lessons/verify?id={number.lower()}")
    one_h1(page, "verification")
    expect("This certificate is valid." in page.text and "Employee" in page.text, "it verifies for who has the number", page)
    page = anybody.get("/lessons/verify?id=PL-00000-00000-00000-00000")
    expect("There is no certificate of this number." in page.text, "a made-up one does not", page)
    page = anybody.get("/lessons/verify?id=%3Cscript%3Ealert(1)%3C/script%3E")
    expect("<script>alert" not in page.text, "a hostile number is text", page)


def practice(c):
    other = c.login("approver")
    page = other.get("/lessons/practice")
    one_h1(page, "practice")
    expect("The question of this week" in page.text, "one question a week", page)
    fields = dict(re.findall(r'name="(unit|question)" value="([^"]+)"', page.text))
    page = other.post("/lessons/practice", {**fields, "choice": "1"})
    expect("Not quite" in page.text and "comes back in 2 days" in text_of(page.text), "wrong, and why", page)
    page = other.get("/lessons/practice")
    expect("Nothing is due today." in page.text, "no second one this week", page)
    for bad in ({"unit": "side-door", "question": "none", "choice": "0"}, {"unit": "none", "question": "who-asks", "choice": "0"}):
        expect(other.post("/lessons/practice", bad).status == 404, f"no such question: {bad}")


def teams(c):
    admin, me = c.login("admin"), c.login("employee")
    expect(me.get("/lessons/progress").status == 403 and me.get("/api/v1/lessons/progress").status == 403, "employees see no figures of teams")
    rows = ["user,name,team"] + [f"b{i},B {i},big" for i in range(8)] + [f"s{i},S {i},small" for i in range(3)]
    people = c.folder / "people.csv"
    people.write_text("\n".join(rows) + "\n", encoding="utf-8")
    r = c.run("lesson", "import", str(people))
    expect(r.returncode == 0, f"import: {r.stderr}")
    page = admin.get("/lessons/progress")
    one_h1(page, "progress")
    words = text_of(page.text)
    expect(re.search(r"big 8 0 / 0", words), "eight people have figures", page)
    expect("small 3 fewer than eight people: no figures" in words, "three have none", page)
    for bad in ({"unit": "none", "for": "all", "due": "2030-01-31"}, {"unit": "side-door", "for": "team", "due": "2030-01-31"}, {"unit": "side-door", "for": "all", "due": "2030-02-31"},
                {"unit": "side-door", "for": "all", "target": "x", "due": "2030-01-31"}, {"unit": "side-door", "for": "none", "due": "2030-01-31"}):
        page = admin.post("/lessons/progress", bad)
        expect(page.status == 400 and "is missing or wrong" in page.text, f"refused: {bad}", page)
    page = admin.post("/lessons/progress", {"unit": "side-door", "for": "team", "target": "big", "due": "2030-01-31"})
    expect("It is assigned." in page.text and "31 January 2030" in text_of(page.text).replace("Jan 2030", "January 2030"), "assigned", page)
    expect(re.search(r"big 8 0 / 8", text_of(page.text)), "eight people have to learn it", page)
    expect(c.login("analyst").post("/lessons/progress", {"unit": "side-door", "for": "all", "due": "2030-01-31"}).status == 403, "an analyst looks only")
    page = admin.post("/lessons/progress", {"remove": "1", "unit": "side-door", "for": "team", "target": "big"})
    expect("The assignment was taken away." in page.text, "taken away", page)
    on_record(c, admin)
    figures = admin.get("/api/v1/lessons/progress").json()
    small = [t for t in figures["teams"] if t["team"] == "small"]
    expect(small and set(small[0]) == {"team", "people", "shown"}, f"the API hides them, too: {figures}")


def on_record(c, admin):
    """Who assigned what to whom is in the audit log, and nothing is assigned without."""
    records = [json.loads(line) for line in (c.state / "audit.log").read_text(encoding="utf-8").splitlines()]
    told = [(r["actor"], r["action"], r["object"], r["outcome"], r["detail"]) for r in records if r["action"].startswith("lesson-") and r["actor"] == "admin"]
    expect(told == [("admin", "lesson-assign", "side-door", "begun", "for team big, due 2030-01-31T23:59:59.000Z"), ("admin", "lesson-unassign", "side-door", "begun", "for team big")], f"records: {told}")
    stop = c.state / "audit.log.head.new"
    (stop / "full").mkdir(parents=True)
    page = admin.post("/lessons/progress", {"unit": "side-door", "for": "all", "due": "2030-01-31"})
    expect(page.status >= 400, "no record, no assignment", page)
    (stop / "full").rmdir()
    stop.rmdir()
    page = admin.get("/lessons/progress")
    expect('name="for" value="user"' in page.text and 'name="for" value="all"' not in page.text, "nothing was assigned without its record", page)


def due(c):
    """What is assigned to the role is due for who has it; clocks are not turned here (test_lesson_book.c does that)."""
    me = c.login("due")
    r = c.run("lesson", "assign", "side-door", "--user", "due", "--due", "3d", "--lessons", str(c.folder / "lessons"))
    expect(r.returncode == 0, f"assign: {r.stderr}")
    page = me.get("/lessons")
    expect("To be done" in page.text and "until" in text_of(page.text), "it is due", page)
    mine = me.get("/api/v1/lessons").json()
    expect(mine["lessons"][0]["due"] is not None and mine["lessons"][0]["completed"] is None, f"the API says so: {mine}")


def hostile(c):
    me = c.login("employee")
    for path in ("/lessons/none", "/lessons/side-door/none", "/lessons/certificate/none"):
        expect(me.get(path).status == 404, f"nothing there: {path}")
    for path in ("/lessons/..%2f..%2fetc/passwd", "/lessons/%2e%2e/lesson.yaml", "/lessons/side-door/story%00"):
        expect(me.get(path).status in (400, 404), f"no way out: {path}")
    me.get("/lessons/side-door/story")
    expect(me.post("/lessons/side-door/story", {}, csrf=False).status == 403, "no token, no progress")
    nobody = c.client()
    expect(nobody.get("/lessons", follow=False).status in (303, 401), "nobody is logged in")


def languages(c):
    me = c.login("employee")
    me.get("/account")
    me.post("/account/language", {"language": "ko"})
    page = me.get("/lessons/side-door/recruiter?way=0")
    expect('<html lang="ko"' in page.text and "1주차" in page.text and "묻기" in page.text, "Korean", page)
    me.post("/account/language", {"language": "de"})
    page = me.get("/lessons/side-door/story")
    expect("Was geschah" in page.text and "Quellen" in page.text, "German", page)
    me.post("/account/language", {"language": "en"})


def described(c):
    """What the API says is what web/openapi.json says."""
    import json
    document = json.loads((ROOT / "web" / "openapi.json").read_text(encoding="utf-8"))
    admin = c.login("admin")
    for path in ("/lessons", "/lessons/progress"):
        node = next((v for k, v in document["paths"].items() if k.endswith("/v1" + path) or k == path), None)
        expect(node, f"openapi.json has no {path}")
        if node:
            schema = node["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            for wrong in openapi.mismatch(document, schema, admin.get("/api/v1" + path).json()):
                expect(False, f"{path}: {wrong}")


def our_own(binary):
    """Every unit that comes with postern, from its first part to its certificate, in all three languages."""
    with Console(binary, users={"en": ["employee"], "de": ["employee"], "ko": ["employee"]}, factors=(), start=False) as c:
        c.options += ["--lessons", str(ROOT / "lessons")]
        c.start()
        for language in ("en", "de", "ko"):
            me = c.login(language)
            me.get("/account")
            me.post("/account/language", {"language": language})
            mine = me.get("/api/v1/lessons").json()["lessons"]
            expect(len(mine) >= 8, f"at least eight units: {len(mine)}")
            for unit in mine:
                do_unit(me, unit["id"], language)
            left = [u["id"] for u in me.get("/api/v1/lessons").json()["lessons"] if not u["certificate"]]
            expect(not left, f"{language}: not finished: {left}")


def do_unit(me, unit, language):
    page = me.get(f"/lessons/{unit}")
    parts = list(dict.fromkeys(re.findall(rf'href="(/lessons/{unit}/[a-z0-9-]+)"', page.text)))
    for part in parts:
        page = me.get(part)
        one_h1(page, f"{language} {part}")
        expect(f'<html lang="{language}"' in page.text, f"{part}: {language}")
        way = ""
        while f'name="way" value="{way}0"' in page.text and 'method="get"' in page.text:
            way += "0"
            page = me.get(f"{part}?way={way}")
            one_h1(page, f"{language} {part}?way={way}")
        page = me.post(part, {"way": way} if way else {"choice": "0"})
        one_h1(page, f"{language} {part} done")


def main():
    binary = sys.argv[1]
    start = time.time()
    users = {"employee": ["employee"], "analyst": ["analyst"], "approver": ["approver"], "admin": ["administrator"], "due": ["employee"]}
    with Console(binary, users=users, factors=(), start=False) as c:
        units.write(c.folder / "lessons")
        units.write(c.folder / "lessons", "02-broken", {"lesson.yaml": ("id: side-door", "id: broken\nid: broken")})
        c.options += ["--lessons", str(c.folder / "lessons")]
        c.start()
        number = whole_unit(c)
        certificates(c, number)
        for step in (practice, due, teams, hostile, languages, described):
            step(c)
    our_own(binary)
    print(f"{len(failures)} failed in {time.time() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
