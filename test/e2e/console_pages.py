#!/usr/bin/env python3
"""console_pages.py POSTERN [FOLDER] - every page of the console for every role, in a real browser: axe without a violation, 360 px without scrolling sideways, targets, contrast of
fields, in light and dark. With FOLDER pictures of all of them go there (script/screenshots chooses from them). Skipped without root, namespaces, Chromium or test/browser's packages.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "console"))
import stage as S  # noqa: E402
from stage import L  # noqa: E402


def fill(stage):
    """Something on every page: an incident with its story, requests that wait, a visit that is over and one that lasts, reports, held mail."""
    stage.write_logs(None)
    stage.start_watch()
    gate = stage.gate
    gate.grant("jansen", may="shell", until=time.time() + 4 * 3600)
    gate.refuse(gate.grant("jansen", commands=["/usr/bin/systemctl restart nginx"], until=time.time() + 3600, approve=False))
    gate.grant("jansen", may="sftp", until=time.time() + 90000, begin=time.time() + 80000, approve=False)
    stage.lab.ssh("deploy", "jansen", "uname -a; printf '\\033[32mgreen\\033[0m <b>bold</b>\\n'; cat /etc/hosts", code=gate.code("jansen"))
    stage.come_in()


def report(stage):
    """An employee's, with a file that is bait, and one without a name."""
    client = stage.console.login("vossberg")
    page = client.post("/report", {"platform": "mail", "profile": "m.tadeo@talent-bridge.example", "firm": "Nordkap Yards", "offered": "yes", "opened": "no",
                                   "words": "She praised my paper and sent a description of the position."}, files=[("files", "Position.zip", S.lure())])
    assert page.status == 200, S.server.text_of(page.text)
    client.post("/report", {"platform": "phone", "opened": "unsure", "anonymous": "yes", "words": "Somebody called and asked which VPN we use."}, files=[])


def main():
    L.enter(needs=S.BROWSER)
    stage = S.Stage(sys.argv[1], respond=False)
    status = 1
    try:
        fill(stage)
        stage.start_console(tls=False)
        L.wait_for(lambda: stage.console.run("incident", "list", "--format", "json").stdout.strip(), 60)
        people = stage.people()
        report(stage)
        start = stage.deep_links()
        routes = [json.loads(x) for x in stage.console.run("console", "routes").stdout.splitlines()]
        env = {"PAGES": json.dumps({"at": stage.console.url, "people": people, "routes": routes, "start": start, "folder": sys.argv[2] if len(sys.argv) > 2 else ""}), "HOME": "/tmp"}
        status = S.Browser("pages.js", env, {"fresh": lambda _: stage.fresh_console()}, limit=500).run()
        if status:
            print(L.read(f"{stage.console.folder}/errors")[-2000:])
    finally:
        stage.close()
    sys.exit(status)


main()
