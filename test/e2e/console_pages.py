#!/usr/bin/env python3
"""console_pages.py POSTERN [FOLDER] - every page of the console for every role, in a real browser: axe without a violation, 360 px without scrolling sideways, targets, contrast of
fields, in light and dark. With FOLDER pictures of all of them go there (script/screenshots chooses from them). Skipped without root, namespaces, Chromium or test/browser's packages.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "console"))
import stage as S  # noqa: E402
from stage import L  # noqa: E402


def main():
    L.enter(needs=S.BROWSER)
    stage = S.Stage(sys.argv[1], respond=False)
    status = 1
    try:
        stage.fill()
        stage.start_console(tls=False)
        stage.incidents()
        people = stage.people()
        stage.report()
        start = stage.deep_links()
        pictures = sys.argv[2] if len(sys.argv) > 2 else ""
        certificates = {} if pictures else stage.certificates()
        if not pictures:  # the tour's are of five open incidents
            start.append(stage.example())
        people = [{**who, "start": [certificates[who["name"]]] if certificates else []} for who in people]
        routes = [json.loads(x) for x in stage.console.run("console", "routes").stdout.splitlines()]
        env = {"PAGES": json.dumps({"at": stage.console.url, "people": people, "routes": routes, "start": start, "folder": pictures}), "HOME": "/tmp"}
        status = S.Browser("pages.js", env, {"fresh": lambda _: stage.fresh_console()}, limit=500).run()
        if status not in (0, 77):
            print(L.read(f"{stage.console.folder}/errors")[-2000:])
    finally:
        stage.close()
    sys.exit(status)


main()
