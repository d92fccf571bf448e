#!/usr/bin/env python3
"""console_hostile.py BINARY - what a browser would never send: broken, oversized, wrongly encoded, replayed, too slow. Each is refused by name, nobody gets in, and the
console goes on answering."""
import json
import os
import re
import socket
import sqlite3
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "console"))
from server import Client, Console, PASSWORD, multipart, text_of  # noqa: E402

failures = []
done = 0
FORM = "application/x-www-form-urlencoded"


def expect(ok, text):
    global done
    done += 1
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def raw(c, data, timeout=40):
    """Bytes as they are; what comes back until the other end closes or answers once."""
    host, port = c.host.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), timeout=timeout)
    out = b""
    try:
        s.sendall(data)
        while True:
            piece = s.recv(65536)
            out += piece
            if not piece or (b"\r\n\r\n" in out and complete(out)):
                break
    except OSError:
        pass
    s.close()
    return out


def everything(c, data):
    """All that comes back in two seconds of silence, or until the end."""
    host, port = c.host.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), timeout=2)
    out = b""
    try:
        s.sendall(data)
        while piece := s.recv(65536):
            out += piece
    except OSError:
        pass
    s.close()
    return out


def complete(out):
    head, _, body = out.partition(b"\r\n\r\n")
    m = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(m) and len(body) >= int(m[1])


def status(out):
    m = re.match(rb"HTTP/1\.[01] (\d+)", out)
    return int(m[1]) if m else 0


def lines(c, first, *more):
    return ("\r\n".join([first, f"Host: {c.host}", *more]) + "\r\n\r\n").encode("latin-1")


# ---- requests that are none -------------------------------------------------------------------------------------------------------------------
def broken(c):
    form = b"name=x&password=y"
    bad = {
        "two lengths": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: 17", "Content-Length: 5") + form,
        "two lengths alike": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: 17", "Content-Length: 17") + form,
        "length and chunks": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: 17", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        "chunks": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Transfer-Encoding: chunked") + b"5\r\nname=\r\n0\r\n\r\n",
        "negative length": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: -1") + form,
        "length of words": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: many") + form,
        "length too large for anything": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: 99999999999999999999999") + form,
        "length above the limit": lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: 1000000") + form,
        "two hosts": lines(c, "GET /login HTTP/1.1", "Host: evil.example"),
        "no host": b"GET /login HTTP/1.1\r\n\r\n",
        "two cookie lines": lines(c, "GET /login HTTP/1.1", "Cookie: a=b", "Cookie: c=d"),
        "body with GET": lines(c, "GET /login HTTP/1.1", "Content-Length: 3") + b"abc",
        "a long address": lines(c, "GET /login?" + "a" * 20000 + " HTTP/1.1"),
        "a longer address": lines(c, "GET /" + "a" * 200000 + " HTTP/1.1"),
        "a long field": lines(c, "GET /login HTTP/1.1", "X-Long: " + "a" * 100000),
        "many fields": lines(c, "GET /login HTTP/1.1", *[f"X-{i}: y" for i in range(5000)]),
        "no version": b"GET /login\r\n\r\n",
        "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),
        "noise": os.urandom(5000) + b"\r\n\r\n",
        "nothing but line ends": b"\r\n" * 5000,
        "whole URL": f"GET http://evil.example/login HTTP/1.1\r\nHost: {c.host}\r\n\r\n".encode(),
        "an asterisk": lines(c, "OPTIONS * HTTP/1.1"),
        "a blank in the path": lines(c, "GET /log in HTTP/1.1"),
        "control bytes in the path": b"GET /log\x01in HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    for name, data in bad.items():
        got = status(raw(c, data, 10))
        expect(got == 0 or 400 <= got < 600, f"{name}: {got}")
    # a second request hidden in the first is never answered as one of ours
    out = raw(c, lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: 0", "Transfer-Encoding: chunked") + b"0\r\n\r\nGET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 5)
    expect(out.count(b"HTTP/1.") <= 1, "two answers to one request")
    # nor one in a body that is refused unread
    inside = lines(c, "GET /static/style.css HTTP/1.1")
    for path, length, kind in (("/report", len(inside), "multipart/form-data; boundary=B"), ("/report", 40 << 20, "multipart/form-data; boundary=B"), ("/login", 1 << 20, FORM), ("/nothing", len(inside), FORM)):
        out = everything(c, lines(c, f"POST {path} HTTP/1.1", f"Content-Type: {kind}", f"Content-Length: {length}") + inside)
        expect(out.count(b"HTTP/1.") == 1 and b"text/css" not in out, f"a request within the body of {path}: {out[:200]!r}")


# ---- paths and encodings ---------------------------------------------------------------------------------------------------------------------------
def encodings(c, a):
    for path in ("/static/../../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd", "/static/..%2f..%2fetc%2fpasswd", "/static/%2fetc%2fpasswd", "//etc/passwd", "/static//style.css",
                 "/static/..", "/static/.", "/static/%2e%2e", "/incidents/..%2f..%2fx", "/incidents/%00", "/incidents/a%00b", "/incidents/%ff%fe", "/incidents/%c0%af", "/incidents/%ed%a0%80",
                 "/incidents/%zz", "/incidents/%", "/incidents/%4", "/static/style.css%00.png", "/static/accounts.db", "/static/README", "/static/style.css/", "/STATIC/style.css",
                 "/login/", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o", "/\\..\\..\\etc\\passwd", "/login?x=%ff", "/login?x=%00", "/login?%zz=1"):
        page = a.request("GET", path)
        expect(page.status in (400, 404), f"{path}: {page.status}")
        expect("root:" not in page.text, f"{path}: a file of the machine")
    expect(a.request("GET", "/login?" + "&".join(f"a{i}=1" for i in range(201))).status == 400, "201 fields in a query")
    post = lambda body, kind=FORM: a.request("POST", "/account/language", body, {"Content-Type": kind})  # noqa: E731
    token = f"csrf={a.token}&".encode()
    for name, body, want in (("10,000 fields", token + b"&".join(b"a%d=1" % i for i in range(10000)), 400), ("a field of 300 KB", token + b"language=" + b"a" * 300000, 413),
                             ("a long name", token + b"n" * 100 + b"=1", 400), ("no UTF-8", token + b"language=\xff\xfe", 400), ("a NUL", token + b"language=de%00", 400),
                             ("half a sign", token + b"language=%e", 400), ("an overlong slash", token + b"language=%c0%af", 400), ("no token", b"language=de", 403),
                             ("an empty token", b"csrf=&language=de", 403), ("two tokens, the first is wrong", b"csrf=" + b"0" * 40 + b"&" + token, 403), ("nothing", b"", 403)):
        expect((got := post(body).status) == want, f"{name}: {got}, not {want}")
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencodedx", "", "a" * 5000):
        expect((got := post(token + b"language=de", kind).status) in (415, 400), f"a form as {kind[:30]!r}: {got}")
    page = a.post("/account/language", {"language": "<script>alert(1)</script>"})
    expect(page.status == 400 and "<script>alert" not in page.text, f"a language that is none: {page.status}")


# ---- sessions ---------------------------------------------------------------------------------------------------------------------------------------------
def cookie_of(client):
    return client.cookies.get("postern-session") or client.cookies.get("__Host-postern")


def sessions(c):
    chosen = "0123456789abcdef0123456789abcdef01234567"
    a = Client(c, "analyst")
    a.cookies["postern-session"] = chosen
    a.get("/login")
    expect(a.post("/login", {"name": "analyst", "password": PASSWORD, "code": ""}, follow=False).status == 303, "login with a cookie that was there")
    expect(cookie_of(a) != chosen, "fixation: the session has the token somebody else chose")
    other = Client(c)
    other.cookies["postern-session"] = chosen
    expect(other.get("/api/v1/me").status == 401, "fixation: the chosen token is a session")
    before = cookie_of(a)
    a.token = a.get("/api/v1/me").json()["csrf"]
    page = a.get("/login")
    expect(page.status == 200 and "name=\"password\"" not in page.text, "a login form for who is logged in")
    a.post("/logout", {})
    ghost = Client(c)
    ghost.cookies["postern-session"], ghost.token = before, a.token
    expect(ghost.get("/api/v1/me").status == 401, "a session that was ended is good again")
    expect(ghost.post("/account/language", {"language": "de"}, follow=False).status == 303, "a form of a session that was ended")
    # login from a page of somebody else: without the cookie of this browser the form's token is worth nothing
    stranger = Client(c)
    token = stranger.get("/login").csrf()
    page = Client(c).request("POST", "/login", urlencode({"csrf": token, "name": "analyst", "password": PASSWORD}).encode(), {"Content-Type": FORM})
    expect(page.status == 403 and "Set-Cookie" not in page.headers, f"login CSRF: {page.status}")
    for value in ("", "x", "0" * 39, "0" * 41, "g" * 40, "../../x", "%00", "a" * 3000, "0" * 40):
        ghost.cookies = {"postern-session": value}
        expect(ghost.get("/api/v1/me").status == 401, f"a session of {value[:20]!r}")
    # too many of one user: the oldest ends
    many = [c.login("employee") for _ in range(9)]
    expect(many[0].get("/api/v1/me").status == 401 and many[-1].get("/api/v1/me").status == 200, "nine sessions of one user")
    # another password ends all others
    first, second = c.login("employee"), c.login("employee")
    page = first.post("/account/password", {"old": PASSWORD, "password": "another good sentence", "again": "another good sentence"})
    expect(page.status == 200 and second.get("/api/v1/me").status == 401 and first.get("/api/v1/me").status == 200, f"a new password: {page.status}")
    for fields in ({"old": "wrong", "password": PASSWORD, "again": PASSWORD}, {"old": "another good sentence", "password": "short", "again": "short"},
                   {"old": "another good sentence", "password": PASSWORD, "again": "other"}, {"old": "another good sentence", "password": "aaaaaaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaaaaaa"},
                   {"old": "another good sentence", "password": "I am employee no 1", "again": "I am employee no 1"}, {}):
        expect(first.post("/account/password", fields).status == 403, f"a new password by {fields}")
    r = c.run("console", "user", "add", "employee", "--disable")
    expect(r.returncode == 0 and first.get("/api/v1/me").status == 401, "who was shut out is still in")
    c.run("console", "user", "add", "employee", "--enable")
    c.run("console", "user", "password", "employee", input=PASSWORD + "\n")


def redirections(c):
    for where in ("//evil.example", "https://evil.example/", "/\\evil.example", "/%0d%0aSet-Cookie:x=y", "javascript:alert(1)", "/login?next=/login", "\r\nX: y", "/x\r\nSet-Cookie: a=b", "/" + "a" * 3000):
        a = Client(c, "analyst")
        a.get("/login")
        page = a.post("/login", {"name": "analyst", "password": PASSWORD, "code": "", "next": where}, follow=False)
        goes = page.headers.get("Location", "")
        expect(page.status == 303 and re.match(r"/(?![/\\])", goes) and "evil" not in goes.split("%")[0], f"after logging in to {where!r}: {goes!r}")
        expect("X" not in page.headers and len(page.headers.get_all("Set-Cookie")) == 1, f"{where!r} made a header")
    page = Client(c).request("GET", "/settings?a=%22%3E%3Cb%3E'", headers={"Sec-Fetch-Site": "cross-site"})
    expect(page.status == 200 and 'url=/settings?a=%22%3E%3Cb%3E' in page.text and "'" not in page.text and "<form" not in page.text, f"a link from elsewhere: {page.status} {page.text}")
    expect(Client(c).request("GET", "/settings", headers={"Sec-Fetch-Site": "same-origin"}).status == 303, "a link from elsewhere, the second time")
    a = c.login("analyst")
    for said in ("5", "5-", "5-" + "0" * 16, "99999999-0", "-1", "x"):
        expect('class="said' not in a.get("/account?said=" + said).text.replace('class="said warn"', ""), f"a link makes the page say {said}")


# ---- guessing -----------------------------------------------------------------------------------------------------------------------------------------------
def guessing(c):
    c.add("victim", ["analyst"])
    a = Client(c)
    a.get("/login")
    got = [a.post("/login", {"name": "victim", "password": f"wrong {i}", "code": ""}, follow=False).status for i in range(8)]
    expect(got[:3] == [403] * 3 and got[-1] == 429, f"eight wrong passwords: {got}")
    page = a.post("/login", {"name": "victim", "password": PASSWORD, "code": ""}, follow=False)
    expect(page.status == 429 and "Set-Cookie" not in page.headers, f"the right one while one has to wait: {page.status}")
    again = Client(c)
    again.headers["X-Forwarded-For"] = "203.0.113.9, 198.51.100.20"
    again.get("/login")
    expect(again.post("/login", {"name": "victim", "password": PASSWORD, "code": ""}, follow=False).status == 303, "somebody else's guesses hold off the right one from elsewhere")
    texts = set()
    for name in ("nobody-has-this", "analyst", "<script>", "x" * 190, "ü", "' OR 1=1 --", "a\nb", ""):
        b = Client(c)
        b.headers["X-Forwarded-For"] = "198.51.100.21"
        b.get("/login")
        page = b.post("/login", {"name": name, "password": "wrong password here", "code": "000000"}, follow=False)
        texts.add(text_of(re.search(r'<div class="said bad".*?</div>', page.text, re.S)[0]))
        expect(page.status == 403 and "<script>" not in page.text, f"login as {name[:20]!r}: {page.status}")
    expect(len(texts) == 1, f"a wrong name is told from a wrong password: {texts}")
    b = Client(c)
    b.headers["X-Forwarded-For"] = "198.51.100.22"
    b.get("/login")
    page = b.post("/login", {"name": "approver", "password": PASSWORD, "code": ""}, follow=False)
    expect(page.status == 403, f"without the second factor: {page.status}")
    words = [b.post("/invite", {"word": f"{i:040x}", "password": PASSWORD, "again": PASSWORD}).status for i in range(8)]
    expect(words[0] == 403 and words[-1] == 429, f"guessing invitations: {words}")


def invitations(c):
    c.add("fresh", ["employee"], None)
    word = json.loads(c.run("console", "user", "invite", "fresh", "-f", "json").stdout)["word"]
    a = Client(c, "fresh")
    expect(word in a.get(f"/invite?word={word}").text, "the page of an invitation")
    expect(a.post("/invite", {"word": word, "password": "short", "again": "short"}).status == 403, "a short password")
    page = a.post("/invite", {"word": word, "password": PASSWORD, "again": PASSWORD}, follow=False)
    expect(page.status == 303 and cookie_of(a), f"an invitation: {page.status}")
    expect(a.get("/api/v1/me").json()["name"] == "fresh", "who was invited is not logged in")
    b = Client(c)
    b.get("/invite")
    expect(b.post("/invite", {"word": word, "password": PASSWORD, "again": PASSWORD}).status == 403, "an invitation twice")


# ---- many and slow -------------------------------------------------------------------------------------------------------------------------------------------
def slow(c, a):
    host, port = c.host.rsplit(":", 1)
    held = []
    for i in range(280):
        s = socket.create_connection((host, int(port)), timeout=60)
        s.sendall([b"G", lines(c, "GET /login HTTP/1.1")[:-2], lines(c, "POST /login HTTP/1.1", f"Content-Type: {FORM}", "Content-Length: 1000") + b"a", b""][i % 4])
        held.append(s)
    # who may send large bodies, and sends a byte now and then: the time of what he says he will send is not his
    cookie = "; ".join(f"{k}={v}" for k, v in a.cookies.items())
    for _ in range(2):
        s = socket.create_connection((host, int(port)), timeout=60)
        s.sendall(lines(c, "POST /report HTTP/1.1", "Content-Type: multipart/form-data; boundary=B", "Content-Length: 30000000", f"Cookie: {cookie}") + b"--B\r\n")
        held.append(s)
    expect(a.get("/api/v1/me").status == 200, "280 slow clients keep others out")
    # a byte every few seconds is no request: they are ended, though none of them is ever idle for long
    end, alive = time.time() + 150, held[:]
    while alive and time.time() < end:
        time.sleep(4)
        for s in alive[:]:
            try:
                s.sendall(b"a")
                s.setblocking(False)
                if s.recv(65536) == b"":
                    alive.remove(s)
            except BlockingIOError:
                s.setblocking(True)
            except OSError:
                alive.remove(s)
    expect(not alive, f"{len(alive)} clients that send a byte now and then are still connected")
    for s in held:
        s.close()
    # who asks and does not read
    held = []
    for _ in range(40):
        s = socket.create_connection((host, int(port)), timeout=60)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.sendall(lines(c, "GET /static/style.css HTTP/1.1") * 200)
        held.append(s)
    expect(a.get("/api/v1/me").status == 200, "clients that do not read keep others out")
    for s in held:
        s.close()


def streams(c, a):
    held = []
    cookie = "; ".join(f"{k}={v}" for k, v in a.cookies.items())
    for _ in range(20):
        k = c.connect()
        k.request("GET", "/events", headers={"Cookie": cookie})
        held.append(k.getresponse())
        expect(held[-1].status == 200, f"a stream: {held[-1].status}")
    expect(b"event: version" in held[-1].fp.read(80), "the newest stream says nothing")
    expect(held[0].read() is not None, "the oldest stream of a session is not ended")  # comes to its end
    expect(a.get("/api/v1/me").status == 200, "streams keep others out")
    k = c.connect()
    k.request("GET", "/events")
    expect(k.getresponse().status == 303, "a stream for nobody")
    for r in held:
        r.close()


def left_alone(c):
    """A browser opens its stream again by itself: that nobody has to be there for keeps no session alive."""
    a = c.login("employee")
    db = sqlite3.connect(c.state / "console" / "accounts.db")
    seen = lambda: db.execute("SELECT max(seen) FROM console_session WHERE name='employee'").fetchone()[0]  # noqa: E731
    with db:
        db.execute("UPDATE console_session SET seen=seen-600000000000 WHERE name='employee'")
    before = seen()
    k = c.connect()
    k.request("GET", "/events", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in a.cookies.items())})
    r = k.getresponse()
    expect(r.status == 200 and b"event: version" in r.fp.read(80), f"a stream: {r.status}")
    expect(seen() == before, "a stream counts as if somebody were there")
    r.close()
    a.get("/account")
    expect(seen() > before, "a page does not count")
    db.close()


# ---- processes ---------------------------------------------------------------------------------------------------------------------------------------------
def children(pid):
    out = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) == pid:
                    out[(entry / "comm").read_text().strip()] = int(entry.name)
            except OSError:
                pass
    return out


def processes(c, a):
    """The one that talks to browsers has nothing; when it is killed another one goes on, with the same sessions."""
    known = children(c.process.pid)
    expect(set(known) == {"console-broker", "console-web"}, f"processes: {known}")
    state = dict(line.split(":\t", 1) for line in Path(f"/proc/{known['console-web']}/status").read_text().splitlines() if ":\t" in line)
    expect(state["Seccomp"] == "2" and state["NoNewPrivs"] == "1" and int(state["CapEff"], 16) == 0 and int(state["CapBnd"], 16) == 0, f"the web process: {state['Seccomp']} {state['CapEff']}")
    if os.geteuid() == 0:
        expect(state["Uid"].split()[0] != "0", "the web process is root")
        files = [os.readlink(f"/proc/{known['console-web']}/fd/{n}") for n in os.listdir(f"/proc/{known['console-web']}/fd")]
        expect(not [f for f in files if re.search(r"accounts|gate\.db|audit\.log|key", f)], f"the web process holds {files}")
    for name in ("console-web", "console-broker"):
        os.kill(children(c.process.pid)[name], 9)
        end, got = time.time() + 90, 0
        while got != 200 and time.time() < end:
            time.sleep(0.3)
            try:
                got = a.get("/api/v1/me").status
            except OSError:
                pass
        expect(got == 200, f"after {name} was killed: {got}")
    expect(len(set(children(c.process.pid).values()) & set(known.values())) == 0, "only one of the two began anew")


def changes(c, a):
    """A page hears that the gate changed, and that its session is over."""
    k = c.connect()
    k.request("GET", "/events", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in a.cookies.items())})
    r = k.getresponse()
    read = lambda: next(line for line in iter(r.readline, b"") if line.startswith(b"event: ")).strip()  # noqa: E731
    expect(read() == b"event: version", "a stream that does not begin with the version")
    made = c.run("provider", "add", "hafenlicht", "--name", "Hafenlicht")
    expect(made.returncode == 0, f"provider add: {made.stderr}")
    expect(read() == b"event: changed", "nobody is told that the gate changed")
    a.post("/logout", {})
    expect(r.read() is not None, "a stream goes on after its session")


# ---- uploads -------------------------------------------------------------------------------------------------------------------------------------------------
def crowd(c):
    """One account sends large bodies and does not come to an end; others still can."""
    a, b = c.login("everybody"), c.login("employee")
    host, port = c.host.rsplit(":", 1)
    cookie = "; ".join(f"{k}={v}" for k, v in a.cookies.items())
    held, told = [], []
    for _ in range(9):
        s = socket.create_connection((host, int(port)), timeout=2)
        s.sendall(lines(c, "POST /report HTTP/1.1", "Content-Type: multipart/form-data; boundary=B", "Content-Length: 30000000", f"Cookie: {cookie}") + b"--B\r\n")
        held.append(s)
    for s in held:
        try:
            told.append(status(s.recv(4096)))
        except OSError:
            told.append(None)
    expect(told.count(None) == 2 and told.count(429) == 7, f"two of an account are taken at a time: {told}")
    ref = re.search(r'name="reference" value="(\w+)"', b.get("/report").text)[1]
    page = b.post("/report", {"reference": ref, "platform": "mail"}, files=[("files", "a.txt", b"hello")])
    expect(page.status == 200 and "a.txt" in page.text, f"another account's upload is taken all the same: {page.status}")
    for s in held:
        s.close()
    expect(a.get("/api/v1/me").status == 200, "and the account itself goes on")


def uploads(c):
    found = [json.loads(line) for line in c.run("console", "routes").stdout.splitlines()]
    routes = [r for r in found if r["upload"]]
    if not routes:
        return
    path = routes[0]["path"].replace("{}", "x")
    a = c.login("everybody")
    kind = "multipart/form-data; boundary=B"
    head = f'--B\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{a.token}\r\n'.encode()
    part = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    for name, body in (("no boundary", b"x"), ("no end", head + part + b"abc"), ("no header end", head + b"--B\r\nContent-Disposition: form-data"), ("no name", head + b"--B\r\n\r\nabc\r\n--B--\r\n"),
                       ("a name that is not UTF-8", head + b'--B\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nabc\r\n--B--\r\n'), ("nine files", head + (part + b"abc\r\n") * 9 + b"--B--\r\n"),
                       ("201 fields", head + b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 201 + b"--B--\r\n"), ("a long header", head + b"--B\r\n" + b"X: y\r\n" * 1000 + b"\r\n\r\n--B--\r\n"),
                       ("a file name with NUL", head + b'--B\r\nContent-Disposition: form-data; name="file"; filename="a\0b"\r\n\r\nabc\r\n--B--\r\n'), ("nothing", b"")):
        page = a.request("POST", path, body, {"Content-Type": kind})
        expect(page.status in (400, 403), f"upload with {name}: {page.status}")
    for boundary in ("", "x" * 200, '"'):
        expect(a.request("POST", path, head, {"Content-Type": f"multipart/form-data; boundary={boundary}"}).status in (400, 403), f"boundary {boundary[:10]!r}")
    out = raw(c, lines(c, f"POST {path} HTTP/1.1", f"Content-Type: {kind}", "Content-Length: 30000000", "Expect: 100-continue"), 10)
    expect(status(out) in (303, 401) and b"100 Continue" not in out, f"30 MB from nobody are taken: {out[:40]!r}")
    cookie = "; ".join(f"{k}={v}" for k, v in a.cookies.items())
    out = raw(c, lines(c, f"POST {path} HTTP/1.1", f"Content-Type: {kind}", f"Content-Length: {33 << 20}", f"Cookie: {cookie}"), 10)
    expect(status(out) == 413, f"33 MB: {out[:40]!r}")
    body, kind = multipart([("csrf", a.token)], [("file", "../../etc/passwd<script>\x1b[2J.exe", os.urandom(1 << 20))])
    page = a.request("POST", path, body, {"Content-Type": kind})
    expect("<script>" not in page.text and "\x1b" not in page.text, "a file's name gets into the page as it is")


def headers(c, a):
    for page in (a.request("GET", "/"), a.request("GET", "/nothing-here"), Client(c).request("GET", "/login"), a.request("GET", "/static/style.css"), a.request("HEAD", "/account")):
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy"):
            expect(name in page.headers, f"no {name}")
        expect("unsafe" not in page.headers["Content-Security-Policy"], "an unsafe policy")
    expect(a.request("GET", "/").headers["Cache-Control"] == "no-store", "pages are kept by caches")
    page = a.request("GET", "/static/style.css")
    tag = page.headers["ETag"]
    expect(a.request("GET", "/static/style.css", headers={"If-None-Match": tag}).status == 304, "a style sheet that is known is sent again")
    expect("immutable" in a.request("GET", f"/static/style.css?v={tag[1:-1]}").headers["Cache-Control"], "a version does not stay")
    expect(a.request("HEAD", "/").body == b"", "HEAD with a body")
    set_cookie = Client(c).request("GET", "/login").headers["Set-Cookie"]
    expect("HttpOnly" in set_cookie and "SameSite=Strict" in set_cookie and "Path=/" in set_cookie, set_cookie)


def main():
    with Console(sys.argv[1]) as c:
        a = c.login("analyst")
        headers(c, a)
        broken(c)
        encodings(c, a)
        sessions(c)
        redirections(c)
        invitations(c)
        guessing(c)
        streams(c, c.login("analyst"))
        uploads(c)
        crowd(c)
        changes(c, c.login("analyst"))
        slow(c, c.login("everybody"))
        expect(c.process.poll() is None, "the console ended")
        errors = (c.folder / "errors").read_text()
        expect("a process ended" not in errors, errors[-2000:])
        processes(c, c.login("analyst"))
    with Console(sys.argv[1], tls=True, factors=()) as c:
        a = c.login("analyst")
        expect(set(a.cookies) >= {"__Host-postern"} and "Strict-Transport-Security" in a.request("GET", "/").headers, f"cookies over TLS: {set(a.cookies)}")
        cookie = Client(c).request("GET", "/login").headers["Set-Cookie"]
        expect("Secure" in cookie and cookie.startswith("__Host-"), cookie)
        expect(status(raw(c, lines(c, "GET /login HTTP/1.1"), 10)) == 0, "an answer without TLS")
    print(f"{done} checks, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
