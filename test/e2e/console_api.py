#!/usr/bin/env python3
"""console_api.py BINARY - the API's description and the API: each route of it is described and each description has a route; answers and errors are as described."""
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "console"))
import openapi  # noqa: E402
from server import Client, Console  # noqa: E402

failures = []
checked = 0


def expect(ok, text):
    global checked
    checked += 1
    if not ok:
        failures.append(text)
        print("FAILED:", text)


def bare(path):
    return re.sub(r"\{[^}]*\}", "{}", path)


def main():
    with Console(sys.argv[1], factors=()) as c:
        document = Client(c).get("/api/v1/openapi.json").json()
        for p in openapi.problems(document):
            expect(False, p)
        routes = [json.loads(line) for line in c.run("console", "routes").stdout.splitlines()]
        ours = {(r["method"].lower(), r["path"]) for r in routes if r["path"].startswith("/api/")}
        described = {(m, bare(p)) for m, p, _ in openapi.operations(document)}
        expect(ours == described, f"routes that are not described: {sorted(ours - described)}; described, but no routes: {sorted(described - ours)}")
        everybody, employee, nobody = c.login("everybody"), c.login("employee"), Client(c)
        error = {"$ref": "#/components/schemas/error"}
        for method, path, op in openapi.operations(document):
            url = re.sub(r"\{[^}]*\}", "none-such", path)
            page = nobody.request(method.upper(), url)
            expect(page.status == 401, f"{method} {path}: {page.status} for nobody")
            for p in openapi.mismatch(document, error, page.json()):
                expect(False, f"{method} {path}, 401: {p}")
            if method != "get":
                continue
            for client in (everybody, employee):
                page = client.request("GET", url)
                expect(page.headers["Content-Type"].startswith("application/json") and "no-store" in page.headers["Cache-Control"], f"{path}: {page.headers['Content-Type']}")
                answers = op["responses"].get(str(page.status)) or (op["responses"].get("default") if page.status >= 400 else None)
                expect(answers is not None or page.status in (401, 403, 404, 400), f"{path}: answers {page.status}, which is not described")
                schema = error if page.status >= 400 else openapi.follow(document, answers)["content"]["application/json"]["schema"]
                for p in openapi.mismatch(document, schema, page.json()):
                    expect(False, f"{path}, {page.status}: {p}")
        for path in ("/api/v1/none", "/api/", "/api/v1/%ff"):
            page = everybody.request("GET", path)
            expect(page.status in (400, 404) and not openapi.mismatch(document, error, page.json()), f"{path}: {page.status} {page.text[:100]}")
        page = everybody.request("POST", "/api/v1/me", b"", {"Content-Type": "application/x-www-form-urlencoded"})
        expect(page.status == 405 and not openapi.mismatch(document, error, page.json()), f"POST: {page.status}")
    print(f"{checked} checks, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
