#!/usr/bin/env python3
"""console_browser.py POSTERN - the console's story in a real browser, on real parts: sshd, the gate, watch, the console.

An employee reports a contact with a file and gets an answer; an approver is invited, enrols a device and approves a provider's visit; the provider logs in; an analyst watches the
practice incident grow; it shuts the provider's door; the administrator opens it again; the visit is replayed in the page. Then the same decisions once more without script and by
keyboard alone. Needs root, namespaces, Chromium and the packages of test/browser; skipped without them.
"""
import base64
import datetime
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "console"))
import stage as S  # noqa: E402
from stage import L  # noqa: E402


def answers(stage):
    def request(asked):
        return stage.gate.grant("jansen", may="shell", until=time.time() + 3600, approve=False, who=asked.get("who", L.ADMIN))

    def phase(asked):
        stage.write_logs(datetime.datetime.fromisoformat(asked["until"]).timestamp() if asked.get("until") else None)
        return True

    def invite(asked):
        p = stage.console.run("console", "user", "invite", asked["name"])
        return (p.stdout + p.stderr).strip()
    return {"lure": lambda _: {"file": base64.b64encode(S.lure()).decode()}, "request": request, "logs": phase, "invite": invite, "fresh": lambda _: stage.fresh_console(), "come in": lambda _: stage.come_in(), "is in": lambda _: stage.is_in(),
            "may come in": lambda _: stage.may_come_in()}


def main():
    L.enter(needs=S.BROWSER)
    stage = S.Stage(sys.argv[1])
    status = 1
    try:
        stage.start_watch()
        stage.start_console()
        people = [{"name": n, "password": S.server.PASSWORD, "roles": r} for n, r in S.USERS.items()]
        status = S.Browser("story.js", {"STORY": json.dumps({"at": stage.console.url, "people": people, "folder": os.environ.get("PICTURES", "")}), "HOME": "/tmp"}, answers(stage)).run()
        if status not in (0, 77):
            print(L.read(f"{stage.console.folder}/errors")[-2000:])
    finally:
        stage.close()
    sys.exit(status)


main()
