#!/usr/bin/env python3
"""console_access.py POSTERN - provider access in the console, with the real gate, sshd, PAM and ssh: a request is read and approved in the page, the login works, the session is seen, replayed
and ended there; suspended and resumed. Who asked, who is a provider's, and whoever comes second, do not approve. A recording that attacks who watches it shows as text.
"""
import concurrent.futures
import html
import json
import os
import re
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "gate"))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "console"))
import lab as L
import openapi
import server as S
import world as W
import xss

ROOT = os.path.dirname(os.path.dirname(HERE))
USERS = {"chef": ["approver", "analyst"], "leitung": ["approver"], "zweite": ["approver"], "falk": ["approver"], "c.hef": ["approver"], "jansen": ["approver"], "wartung": ["approver"], "pieter": ["approver"],
         "mia": ["analyst"], "vera": ["administrator"], "emil": ["employee"]}
FACTORS = ("chef", "leitung", "zweite", "falk", "c.hef", "jansen", "wartung", "pieter", "vera")
ORG = {"organisation": {"name": "Institut"}, "hosts": [{"name": L.HOST}], "staff": [{"name": "Chefin", "mail": "chef@institut.example", "accounts": ["chef", "c.hef"]}],
       "providers": [{"id": "hafenlicht", "persons": [{"name": "Pieter Jansen", "accounts": ["pieter"]}]}]}
failures = []


def check(what, holds, told=""):
    print(f"{'ok    ' if holds else 'FAILED'} {what}" + ("" if holds else f": {str(told)[:1500]}"))
    if not holds:
        failures.append(what)
    return holds


def words(page):
    return S.text_of(page.text).replace(" :", ":").replace(" ,", ",")


def audit():
    return [json.loads(x) for x in L.read(f"{W.STATE}/audit.log").splitlines() if x.startswith("{")]


def noted(action, **want):
    return [r for r in audit() if r["action"] == action and all(r[k] == v for k, v in want.items())]


def version(page):
    m = re.search(r'name="version" value="(\d+)"', page.text)
    return m[1] if m else ""


def approve(client, grant, number, code=None):
    return client.post(f"/access/approve/{grant}", {"version": number, "fresh": client.fresh() if code is None else code})


# ---- the request ---------------------------------------------------------------------------------------------------------------------------
def request(gate):
    gate.found(["hafenlicht"])
    for name in ("jansen", "petrov"):
        gate.person(name, "hafenlicht")
        gate.enroll(name)
    return gate.grant("jansen", may="shell", until=time.time() + 3600, windows=["Mon-Sun 00:00-24:00"], approve=False)


def reading(users, grant):
    mia = users["mia"]
    page = mia.get("/access")
    check("the request waits on the page", page.status == 200 and grant in page.text and "Jansen" in page.text, words(page))
    page = mia.get(f"/access/grants/{grant}")
    text = words(page)
    check("who, where from, where to, as whom", all(x in text for x in ("Jansen", "10.77.0.0/24", L.HOST, "as the account deploy", "A shell: every command")), text)
    check("what is unusual: the first of this provider", "first access" in text, text)
    check("an analyst sees it and has no form", "/access/approve/" not in page.text and "approver" in text, text)
    got = mia.get(f"/api/v1/access/grants/{grant}").json()
    check("the same as JSON", got["id"] == grant and got["may"] == ["shell"] and got["networks"] == ["10.77.0.0/24"] and got["waits"] and got["history"][0]["who"] == L.ADMIN, got)
    check("employees do not see it", users["emil"].get("/access").status == 403 and users["emil"].get("/api/v1/access").status == 403)


def refused_ones(users, grant):
    """Names that may not, also when the form is made up."""
    number = version(users["leitung"].get(f"/access/grants/{grant}"))
    check("the page carries the version", number.isdigit(), number)
    for who, why in (("chef", "asked for it yourself"), ("c.hef", "asked for it yourself"), ("jansen", "belongs to a provider"), ("pieter", "belongs to a provider"), ("wartung", "belongs to a provider")):
        page = users[who].get(f"/access/grants/{grant}")
        check(f"{who}: no form, and why" if who != "wartung" else "wartung is of the system's group, which the page does not know", who == "wartung" or "/access/approve/" not in page.text and why in words(page), words(page)[-900:])
        page = approve(users[who], grant, number)
        check(f"{who} does not approve", page.status == 403 and why in words(page), (page.status, words(page)[:300]))
    check("the refusals are on record", len(noted("grant-approved", outcome="failure", object=grant)) == 5, noted("grant-approved"))
    for who in ("mia", "vera", "emil"):
        check(f"{who}: not the role", users[who].post(f"/access/approve/{grant}", {"version": number, "fresh": "000000"}).status == 403)
    lead = users["falk"]
    for bad in ("", "0", "-1", "99", "x", "99999999999999999999"):
        page = approve(lead, grant, bad, None if bad == "99" else "000000")
        check(f"version {bad!r} is none", page.status == (409 if bad == "99" else 400) and "Waits for approval" in words(page), (page.status, words(page)[:200]))
    for code in ("", "000000", "12345678901234567890"):
        check(f"no second factor {code!r}", approve(lead, grant, number, code).status in (403, 409))
    check("without the token: no", lead.post(f"/access/approve/{grant}", {"version": number, "fresh": "1"}, csrf=False).status == 403)


def two_at_once(users, grant):
    number, codes = version(users["leitung"].get(f"/access/grants/{grant}")), {w: users[w].fresh() for w in ("leitung", "zweite")}
    go = threading.Barrier(2)

    def one(who):
        go.wait()
        return approve(users[who], grant, number, codes[who])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(one, codes))
    good, late = [p for p in pages if p.status == 200], [p for p in pages if p.status == 409]
    check("two at once: one wins, the other is told", len(good) == 1 and len(late) == 1 and "Nothing was done" in words(late[0]), [(p.status, words(p)[:300]) for p in pages])
    done = noted("grant-approved", outcome="success", object=grant)
    check("in the audit log once, by name", len(done) == 1 and done[0]["actor"] in codes, done)
    again = approve(users["zweite"], grant, number)
    check("once more: it is decided", again.status == 409, (again.status, words(again)[:300]))


# ---- a visit -----------------------------------------------------------------------------------------------------------------------------------
HOSTILE = "\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\x1b[6n\x1b[31mred\x1b[0m \x1b[?2004h<script>__xss(1)</script><img src=x onerror=alert(1)>&amp;\u202egpj.exe\x1bP$qm\x1b\\ done"


def visit(lab, gate, users, grant):
    write = f"{lab.dir}/hostile"
    L.write(write, HOSTILE + "\n" + "\n".join(raw.decode("utf-8", "replace") for _, _, raw in xss.corpus()) + "\n")
    s = lab.session("deploy", "jansen", None, code=gate.code("jansen"), tty=True)
    s.stdin.write(f"cat {write}; echo recorded-$((40+2)); echo $$ >/tmp/shell.pid\n".encode())
    s.stdin.flush()
    check("approved in the console: the login works", L.wait_for(lambda: L.read("/tmp/shell.pid").strip(), 20), lab.said(0)[-1500:])
    got = L.wait_for(lambda: users["mia"].get("/api/v1/access").json()["sessions"], 5)
    check("the session is live in the console", got and got[0]["person"] == "jansen" and got[0]["grant"] == grant and got[0]["ended"] is None, got)
    page = users["mia"].get("/access")
    check("and on the page, with who and from where", got[0]["id"] in page.text and L.OFFICE in page.text, words(page))
    return s, got[0]["id"]


def active(text):
    """What a browser would take for an element or a handler, beside what pages are made of."""
    return re.findall(r"<(?:script(?! src=\"/static/[a-z.]+(?:\?v=[0-9a-f]+)?\" defer>)|img|iframe|object|embed|svg|base|meta http-equiv)\b[^>]*>|<[a-z]+ [^>]*\bon[a-z]+=", text)


def watching(users, session, live):
    mia = users["mia"]
    L.wait_for(lambda: "recorded-42" in mia.get(f"/sessions/{session}").text, 5, 0.3)   # it is flushed each second
    page = mia.get(f"/sessions/{session}")
    text = words(page)
    check("the session's page", page.status == 200 and "jansen" in text and "recorded-42" in text, text[:1500])
    check("its transcript is text", not active(page.text) and "&lt;script&gt;__xss(1)" in page.text and "\x1b" not in page.text and "\u202e" not in page.text and "owned" not in text, active(page.text))
    check("the hash is told" if not live else "the hash comes later", ("is the one that the audit log noted" in text) != live and ("hash is noted when it ends" in text) == live, text[:1200])
    check("who looked is on record, once for one look", len(noted("session-recording-opened", actor="mia", object=session)) == 1, noted("session-recording-opened"))
    events, at, rounds = [], 0, 0
    while at is not None and rounds < 50:
        r = mia.get(f"/sessions/{session}/cast?from={at}")
        piece = r.json()
        check_quiet("pieces are bounded", r.status == 200 and r.headers["Content-Type"].startswith("application/json") and len(r.body) < 1 << 20, r.status)
        events += piece["events"]
        at, rounds = piece["next"], rounds + 1
    shown = "".join(e[2] for e in events if e[1] == "o")
    check("replay: text and colours are there", "recorded-42" in shown and "\x1b[31mred" in shown and "<script>__xss(1)</script>" in shown, shown[:800])
    check("replay: nothing that acts on a terminal", not re.search(r"\x1b[\]PX^_k]|\x1b\[6n|\x1b\[\?2004|\u202e|\x07", shown), repr(shown[:800]))
    check("replay: times go on", all(a[0] <= b[0] for a, b in zip(events, events[1:])) and len(events) > 1, len(events))
    some = mia.get(f"/sessions/{session}/cast?from={len(events) - 1}").json()["events"]
    check("replay: from any event", some and some[0] == events[-1], some[:2])
    for bad in ("x", "-1", "99999999999999999999", "1e3", "%00"):
        check(f"from={bad}: no", mia.get(f"/sessions/{session}/cast?from={bad}").status == 400)
    check("from behind the end: nothing", mia.get(f"/sessions/{session}/cast?from=4000000000").json()["events"] == [])


def check_quiet(what, holds, told=""):
    if not holds:
        check(what, holds, told)


def ended(lab, users, s, session):
    uid = 6101 + L.PEOPLE.index("deploy")
    mia = users["mia"]
    check("no reason: not ended", mia.post(f"/sessions/end/{session}", {"reason": "  "}).status == 400 and L.of_user(uid))
    page = mia.post(f"/sessions/end/{session}", {"reason": "wrong machine <b>"})
    check("ended in the console", page.status == 200 and "ends now" in words(page), (page.status, words(page)[:300]))
    check("every process of it is gone", L.wait_for(lambda: not L.of_user(uid), 10), L.of_user(uid))
    check("the client is cut off", L.wait_for(lambda: s.poll() is not None, 10))
    check("in the audit log, with who and why", noted("session-end-asked", actor="mia", object=session, detail="wrong machine <b>"), noted("session-end-asked"))
    check("once more: it is over", mia.post(f"/sessions/end/{session}", {"reason": "again"}).status == 409)


def tampered(users, session):
    """The file is changed behind the gate's back."""
    path = next(os.path.join(d, f) for d, _, files in os.walk(f"{W.STATE}/recordings") for f in files if f.startswith(session))
    whole = open(path, "rb").read()
    with open(path, "r+b") as f:
        f.seek(len(whole) // 2)
        f.write(bytes([whole[len(whole) // 2] ^ 1]))
    text = words(users["mia"].get(f"/sessions/{session}"))
    check("a changed recording is told", "NO: the file was changed" in text, text[:900])
    with open(path, "wb") as f:
        f.write(whole)
    os.rename(path, path + ".away")
    page = users["mia"].get(f"/sessions/{session}")
    check("one that is gone is told", page.status == 200 and "NO: the recording is not there" in words(page) and "/cast" not in page.text, words(page)[:900])
    check("and its pieces are not found", users["mia"].get(f"/sessions/{session}/cast").status == 404)
    os.rename(path + ".away", path)
    check("put back: it is what was recorded", "is the one that the audit log noted" in words(users["mia"].get(f"/sessions/{session}")))


# ---- suspending and revoking -----------------------------------------------------------------------------------------------------------------
def suspended(lab, gate, users):
    uid = 6101 + L.PEOPLE.index("deploy")
    s = lab.session("deploy", "jansen", None, code=gate.code("jansen"), tty=True)
    check("a second visit", L.wait_for(lambda: L.of_user(uid), 15), lab.said(0)[-800:])
    for bad in ("", "two\nlines", "x" * 600, "\x1b[31m"):
        check(f"suspend with reason {bad[:12]!r}: no", users["mia"].post("/access/suspend/hafenlicht", {"reason": bad}).status == 400)
    check("suspend whom nobody knows: not found", users["mia"].post("/access/suspend/nobody", {"reason": "x"}).status == 404)
    page = users["mia"].post("/access/suspend/hafenlicht", {"reason": "incident <i>4711</i>"})
    check("an analyst suspends", page.status == 200 and "Suspended because: incident <i>4711</i>" in html.unescape(S.text_of(page.text.replace("&lt;", "&amp;lt;"))), words(page)[:500])
    check("the session ends", L.wait_for(lambda: not L.of_user(uid), 10) is not None, L.of_user(uid))
    lab.stop(s)
    check("and nobody gets in", lab.ssh("deploy", "jansen", code=gate.code("jansen")).returncode == 255)
    for who in ("mia", "leitung"):
        check(f"{who} does not resume", users[who].post("/access/resume/hafenlicht", {"reason": "x", "fresh": "000000"}).status == 403)
    vera = users["vera"]
    check("the administrator: not with a wrong code", vera.post("/access/resume/hafenlicht", {"reason": "looked at", "fresh": "000000"}).status == 403)
    page = vera.post("/access/resume/hafenlicht", {"reason": "looked at", "fresh": vera.fresh()})
    check("with the second factor: resumed", page.status == 200 and "Active" in words(page), (page.status, words(page)[:400]))
    check("both in the audit log by name", noted("provider-suspended", actor="mia", outcome="success") and noted("provider-resumed", actor="vera", outcome="success"))
    p = lab.ssh("deploy", "jansen", code=gate.code("jansen"))
    check("and they get in again", "in-as-deploy" in p.stdout, p.stderr)


def revoked(lab, gate, users, grant):
    check("an analyst does not revoke", users["mia"].post(f"/access/revoke/{grant}", {"reason": "x"}).status == 403)
    page = users["vera"].post(f"/access/revoke/{grant}", {"reason": "done"})
    check("revoked", page.status == 200 and "Revoked" in words(page) and "Revoked by vera" in words(page), words(page)[:600])
    check("revoked: nobody gets in", lab.ssh("deploy", "jansen", code=gate.code("jansen")).returncode == 255)
    other = gate.grant("petrov", may="sftp", until=time.time() + 1800, source="0.0.0.0/0", approve=False)
    page = users["leitung"].get(f"/access/grants/{other}")
    text = words(page)
    check("what is unusual of the next one", "petrov never had access" in text and "first with files by SFTP" in text and "never came from 0.0.0.0/0" in text, text[:1500])
    page = users["leitung"].post(f"/access/refuse/{other}", {"reason": "not from anywhere"})
    check("refused, with the reason", page.status == 200 and "Refused by leitung: not from anywhere" in words(page), words(page)[-800:])
    check("refused: not approved afterwards", approve(users["zweite"], other, "2").status in (400, 409))


def edges(users, session):
    mia = users["mia"]
    for path in ("/access/grants/nobody", "/access/grants/..%2f..%2fetc", "/access/providers/nobody", "/sessions/nobody", "/sessions/nobody/cast", "/sessions/S-", "/sessions/%2e%2e/cast",
                 f"/sessions/{session[:-1]}", "/api/v1/access/grants/nobody"):
        check(f"{path}: not found", mia.get(path).status in (400, 404), mia.get(path).status)
    page = mia.get("/sessions")
    check("the list of sessions", page.status == 200 and session in page.text, words(page)[:500])
    got = mia.get("/api/v1/sessions").json()
    check("as JSON", got["total"] >= 2 and any(x["id"] == session for x in got["sessions"]), got["total"])
    check("of one provider", mia.get("/api/v1/sessions?provider=hafenlicht").json()["total"] == got["total"] and mia.get("/api/v1/sessions?provider=other").json()["total"] == 0)
    page = mia.get("/access/providers/hafenlicht")
    check("the provider's page: persons, fingerprints", "SHA256:" in page.text and "Petrov" in page.text and session in page.text, words(page)[:800])
    for language, title, error in (("de", "Zugänge der Dienstleister", "Nennen Sie den Grund"), ("ko", "외부 업체 접근", "사유를 적어 주세요")):
        check(f"language {language}", mia.post("/account/language", {"language": language}).status == 200)
        page = mia.get("/access")
        check(f"/access in {language}", title in words(page) and f'lang="{language}"' in page.text, words(page)[:300])
        for path in ("/access/providers/hafenlicht", "/sessions", f"/sessions/{session}"):
            page = mia.get(path)
            check_quiet(f"{path} in {language}", page.status == 200 and f'lang="{language}"' in page.text, page.status)
        page = mia.post("/access/suspend/hafenlicht", {"reason": " "})
        check(f"an error in {language}", page.status == 400 and error in words(page), words(page)[:300])
    mia.post("/account/language", {"language": "en"})


def described(client, grant):
    """Answers are as the API's description says."""
    with open(f"{ROOT}/web/openapi.json", encoding="utf-8") as f:
        document = json.load(f)
    for template, path in (("/api/v1/access", "/api/v1/access"), ("/api/v1/access/grants/{id}", f"/api/v1/access/grants/{grant}"), ("/api/v1/sessions", "/api/v1/sessions")):
        schema = document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        wrong = openapi.mismatch(document, schema, client.get(path).json())
        check(f"{template} answers as it is described", not wrong, wrong[:5])


def main():
    L.enter()
    check("what is active would be found", active("<p><script>x</script>") and active("<img src=x>") and active('<b class="" onclick=x>') and not active('<script src="/static/replay.js" defer></script>'))
    lab = L.Lab(sys.argv[1])
    gate = W.Gate(lab)
    gate.quick = True
    L.write("/etc/postern/org.yaml", json.dumps(ORG))
    with S.Console(sys.argv[1], state=W.STATE, users=USERS, factors=FACTORS, config="/etc/postern", start=False, options=["--web", f"{ROOT}/web", "--lessons", f"{ROOT}/lessons"]) as console:
        console.hand_over()
        console.start()
        users = {name: console.login(name) for name in USERS}
        check("no gate yet: said so", "No gate is set up" in words(users["mia"].get("/access")), words(users["mia"].get("/access")))
        grant = request(gate)
        why = gate.configure()
        check("sshd takes the configuration", not why, why)
        check("the service starts", gate.serve(), L.read(f"{lab.dir}/log/serve.out"))
        reading(users, grant)
        check("not approved: no login", lab.ssh("deploy", "jansen", code=gate.code("jansen")).returncode == 255)
        refused_ones(users, grant)
        two_at_once(users, grant)
        s, session = visit(lab, gate, users, grant)
        watching(users, session, True)
        ended(lab, users, s, session)
        watching(users, session, False)
        tampered(users, session)
        suspended(lab, gate, users)
        revoked(lab, gate, users, grant)
        edges(users, session)
        described(users["mia"], grant)
        p = gate.run("log", "verify", "--state", W.STATE)
        check("the audit log verifies", p.returncode == 0, p.stdout + p.stderr)
        p = gate.run("session", "verify")
        check("so do the recordings", p.returncode == 0, p.stdout + p.stderr)
    gate.end()
    lab.close()
    print(f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
