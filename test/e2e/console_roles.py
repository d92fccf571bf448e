#!/usr/bin/env python3
"""console_roles.py BINARY - every route of the console, for every role and for nobody: with and without session, with and without the token of the form, from another
site, with somebody else's token. Exactly who is meant gets through to the page.

What the tables say is checked, too: what everybody may do without logging in, and what an employee may, stands here a second time.
"""
import http.client
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "console"))
from server import Console, ROLES, multipart, text_of  # noqa: E402
from urllib.parse import urlencode  # noqa: E402

# Without logging in; and what is for employees: their own account, lessons, their own reports, what happens on the whole.
OPEN = {("GET", "/login"), ("POST", "/login"), ("GET", "/invite"), ("POST", "/invite"), ("GET", "/lessons/verify")}
EMPLOYEE = re.compile(r"^(/|/(search|events|account|account/.*|logout|report|report/\{\}|examples|examples/\{\}|lessons|lessons/(practice|certificate/\{\}|\{\}|\{\}/\{\}))|"
                      r"/api/v1/(me|overview|lessons|reports|reports/\{\}))$")
# What opens something: only who decides about it.
OPENS = {"/access/approve/{}": {"approver"}, "/access/resume/{}": {"administrator"}, "/users": {"administrator"}}
failures = []
asked = 0


def expect(ok, text):
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def routes(c):
    r = c.run("console", "routes")
    found = [json.loads(line) for line in r.stdout.splitlines()]
    expect(r.returncode == 0 and len(found) > 15, f"routes: {r.returncode} {len(found)}")
    return found


def check_tables(found):
    seen = {(r["method"], r["path"]) for r in found}
    expect(len(seen) == len(found), "a route comes twice")
    expect({(r["method"], r["path"]) for r in found if not r["roles"]} == OPEN, "other routes than those for logging in are open to everybody")
    for r in found:
        if "employee" in r["roles"]:
            expect(EMPLOYEE.match(r["path"]), f"{r['method']} {r['path']}: is it for every employee?")
        if r["path"] in OPENS:
            expect(set(r["roles"]) == OPENS[r["path"]], f"{r['path']}: for {r['roles']}")


def ask(client, route, token=None, headers=None, cookies=True):
    """What the frame says: "page" (it got through), "login", "role", "form"."""
    global asked
    asked += 1
    path = route["path"].replace("{}", "none-such")
    if path == "/events":
        return ask_stream(client, path, cookies)
    if route["method"] == "POST":
        pairs = [("csrf", token)] if token else []
        body, kind = multipart(pairs, []) if route["upload"] else (urlencode(pairs).encode(), "application/x-www-form-urlencoded")
        page = client.request("POST", path, body, {"Content-Type": kind, **(headers or {})}, cookies=cookies)
    else:
        page = client.request("GET", path, headers=headers, cookies=cookies)
    return meaning(page, route)


def ask_stream(client, path, cookies):
    c = client.console.connect()
    c.request("GET", path, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in client.cookies.items())} if cookies else {})
    r = c.getresponse()
    status, where = r.status, r.headers.get("Location", "")
    c.close()
    return "login" if status == 303 and where.startswith("/login") else "page" if status == 200 else str(status)


def meaning(page, route):
    if page.status == 401 or (page.status == 303 and page.headers["Location"].startswith("/login?")):
        return "login"
    if page.status != 403:
        return "page" if page.status != 405 else "405"
    title = page.text if route["json"] else text_of((re.search(r"<h1>.*?</h1>", page.text, re.S) or [""])[0])
    return "role" if "not for your role" in title else "form" if "form is not valid" in title else "page"


def row(c, route, clients, stranger):
    post = route["method"] == "POST"
    name = f"{route['method']} {route['path']}"
    open_to_all = not route["roles"]
    other = clients["everybody"].token
    expect(ask(stranger, route, token=stranger.token) == ("page" if open_to_all else "login"), f"{name}: nobody, with a token")
    if post:
        expect(ask(stranger, route) == ("form" if open_to_all else "login"), f"{name}: nobody, without a token")
        expect(ask(stranger, route, token=other) == ("form" if open_to_all else "login"), f"{name}: nobody, with somebody's token")
    for user, client in clients.items():
        may = open_to_all or bool(set(ROLES[user]) & set(route["roles"]))
        if route["path"] == "/logout" and may:
            client = c.login(user)
        if post:
            refused = "form" if may else "role"
            expect((got := ask(client, route)) == refused, f"{name}: {user} without a token: {got}")
            wrong = clients["employee" if user == "everybody" else "everybody"].token
            expect((got := ask(client, route, token=wrong)) == refused, f"{name}: {user} with somebody else's token: {got}")
            for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
                expect((got := ask(client, route, token=client.token, headers=headers)) == refused, f"{name}: {user} from elsewhere {headers}: {got}")
            expect((got := ask(client, route, token=client.token, cookies=False)) in ("login", "form"), f"{name}: {user}'s token without the cookie: {got}")
        expect((got := ask(client, route, token=client.token)) == ("page" if may else "role"), f"{name}: {user}: {got}, {'may' if may else 'may not'}")


def fits(route, path):
    """Would a request for path, with x for {}, also find this route?"""
    a, b = route.split("/"), path.split("/")
    return len(a) == len(b) and all(x in ("{}", y) for x, y in zip(a, b))


def other_methods(c, found, clients):
    """What a path does not do it does for nobody."""
    for path in sorted({r["path"] for r in found}):
        methods = {r["method"] for r in found if r["path"] == path or fits(r["path"], path)}
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"):
            try:
                page = clients["everybody"].request(method, path.replace("{}", "x"), b"" if method in ("PUT", "PATCH") else None)
            except http.client.HTTPException:
                continue  # no answer at all
            expect(page.status in (400, 405, 501), f"{method} {path}: {page.status}")
        if methods == {"GET"} and path != "/events":
            page = clients["everybody"].request("POST", path.replace("{}", "x"), b"", {"Content-Type": "application/x-www-form-urlencoded"})
            expect(page.status == 405 and "GET" in page.headers.get("Allow", ""), f"POST {path}: {page.status}")
        if methods == {"POST"}:
            page = clients["everybody"].request("GET", path.replace("{}", "x"))
            expect(page.status == 405 and page.headers.get("Allow") == "POST", f"GET {path}: {page.status}")


def main():
    with Console(sys.argv[1]) as c:
        found = routes(c)
        check_tables(found)
        clients = {name: c.login(name) for name in ROLES}
        stranger = c.client()
        stranger.get("/login")
        for route in found:
            row(c, route, clients, stranger)
        other_methods(c, found, clients)
        for name, client in clients.items():
            expect(client.get("/api/v1/me").status == 200, f"{name}'s session did not survive")
        expect(c.process.poll() is None, "the console ended")
        errors = (c.folder / "errors").read_text()
        expect("a process ended" not in errors, errors[-2000:])
    print(f"{len(found)} routes, {asked} requests, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
