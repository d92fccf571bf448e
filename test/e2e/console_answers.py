#!/usr/bin/env python3
"""console_answers.py POSTERN - the API with something to tell, beside console_api.py: what it answers about incidents, access, sessions, reports and held mail
fits the schemas of web/openapi.json for every role, and so do its errors.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "console"))
import openapi  # noqa: E402
import stage as S  # noqa: E402
from stage import L  # noqa: E402

failures = []


def check(what, holds, told=""):
    if not holds:
        failures.append(what)
        print(f"FAILED {what}: {str(told)[:900]}")


def same_routes(document, routes):
    described = {(m.upper(), "".join("{}" if p.startswith("{") else p for p in re.split(r"(\{[^}]*\})", path))) for m, path, _ in openapi.operations(document)}
    real = {(r["method"], r["path"]) for r in routes if r["path"].startswith("/api/")}
    check("every route of the API is described", not real - described, real - described)
    check("everything described is there", not described - real, described - real)


def schema_of(document, op, status):
    r = op["responses"].get(str(status)) or op["responses"].get("default")
    r = openapi.follow(document, r) if r else None
    return r and r.get("content", {}).get("application/json", {}).get("schema")


def ask(document, client, op, path, role, want=None):
    page = client.get(path, follow=False)
    check(f"{role} {path}: status", page.status in ((want,) if want else (200, 401, 403)), page.status)
    kind = page.headers.get("Content-Type", "")
    check(f"{role} {path}: JSON", kind.startswith("application/json"), kind)
    schema = schema_of(document, op, page.status)
    check(f"{role} {path}: its answer {page.status} is described", schema, op["responses"].keys())
    if schema:
        wrong = openapi.mismatch(document, schema, page.json())
        check(f"{role} {path}: its answer {page.status} fits", not wrong, wrong[:5])
    return page


def examples(stage, client):
    """What stands for {} in paths, real ones."""
    return {"/api/v1/incidents/{id}": [x["id"] for x in stage.incidents()], "/api/v1/access/grants/{id}": [g["id"] for g in client.get("/api/v1/access").json()["grants"]],
            "/api/v1/reports/{reference}": [r["reference"] for r in client.get("/api/v1/reports").json().get("reports", [])]}


def main():
    L.enter()
    stage = S.Stage(sys.argv[1], respond=False)
    try:
        stage.fill()
        stage.start_console(tls=False)
        people = stage.people(factors=())
        stage.report()
        anybody = stage.console.client()
        page = anybody.get("/api/v1/openapi.json")
        check("the description is there for everybody", page.status == 200, page.status)
        document = page.json()
        check("the description is well formed", not openapi.problems(document), openapi.problems(document)[:10])
        routes = [json.loads(x) for x in stage.console.run("console", "routes").stdout.splitlines()]
        same_routes(document, routes)
        found = examples(stage, stage.console.login("moeller"))
        check("there is an example of each path", all(found.values()), found)
        asked = 0
        for who in [None, *people]:
            client = stage.console.login(who["name"]) if who else anybody
            for method, path, op in openapi.operations(document):
                if method != "get":
                    continue
                row = next(r for r in routes if r["method"] == "GET" and r["path"] == re.sub(r"\{[^}]*\}", "{}", path))
                may = who and set(row["roles"]) & set(S.USERS[who["name"]])
                for one in found.get(path, [""])[:3]:
                    # a report without a name, or of others, is not everybody's to see
                    want = None if path.startswith("/api/v1/reports/") else 200 if may else 403 if who else 401
                    if not (want is None and may):
                        ask(document, client, op, re.sub(r"\{[^}]*\}", one, path), who["role"] if who else "nobody", want)
                        asked += 1
                if "{" in path and may:
                    ask(document, client, op, re.sub(r"\{[^}]*\}", "no-such-thing", path), who["role"], 404)
        print(f"{asked} answers of {len(openapi.operations(document))} operations looked at")
    finally:
        stage.close()
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
