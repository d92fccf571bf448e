#!/usr/bin/env python3
"""console_xss.py POSTERN - texts that want to run (test/console/xss.py), put into everything outsiders write: accounts and commands in logs, subjects and senders of mail, names of
files, reports, notes, purposes of grants, what a terminal showed. Every page that shows them is opened in a real browser: none may run, none may become an element.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "console"))
import stage as S  # noqa: E402
import xss  # noqa: E402
from stage import L, W  # noqa: E402



def logs(stage):
    """sudo's lines with a payload as the account and in the command; sshd's with one as the user."""
    out = []
    for i, (_, n, data) in enumerate(xss.one_line()):
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 4000 + i)).encode()
        out.append(at + b" web1 sudo[%d]: hl-jansen : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/curl -o /tmp/x%d https://203.0.113.140/%s\n" % (4000 + i, n, data[:200]))
        out.append(at + b" web1 sshd[%d]: Accepted password for %s from 203.0.113.%d port 4711 ssh2\n" % (6000 + i, data[:200], 20 + i % 200))
        out.append(at + b" web1 sshd[%d]: Failed password for invalid user %s from 203.0.113.%d port 4711 ssh2\n" % (5000 + i, data[:200], 20 + i % 200))
    os.makedirs(f"{S.LOGS}/web1/var/log", exist_ok=True)
    with open(f"{S.LOGS}/web1/var/log/auth.log", "ab") as f:
        f.write(b"".join(out))


def reports(client):
    """As the employee: words, profile, firm, names of files, and mail with payloads in every header."""
    texts = xss.text()
    for i in range(0, len(texts), 12):
        part = texts[i:i + 12]
        mail = "".join(f"{h}: {d}\r\n" for h, (_, _, d) in zip(("Subject", "From", "Reply-To", "X-Mailer", "To"), [(k, n, d.replace("\r", " ").replace("\n", " ")) for k, n, d in part[:5]]))
        mail = (mail + "Content-Type: text/html\r\n\r\n" + "\n".join(d for _, _, d in part) + "\r\n").encode("utf-8", "surrogateescape")
        name = xss.file_name(part[5 % len(part)][2].encode()).decode("utf-8", "ignore").replace('"', "%22").replace("\r", " ").replace("\n", " ")
        fields = {"platform": "mail", "profile": part[0][2][:150].replace("\n", " ").replace("\r", " "), "firm": part[-1][2][:150].replace("\n", " ").replace("\r", " "), "opened": "no",
                  "words": "\n".join(d for _, _, d in part)[:2000]}
        page = client.post("/report", fields, files=[("files", name + ".eml", mail), ("files", name, b"x")])
        assert page.status == 200, f"a report is not taken: {page.status} {S.server.text_of(page.text)[:300]}"


def notes(client, stage):
    found = [json.loads(x) for x in stage.console.run("incident", "list", "--format", "json").stdout.splitlines()]
    assert found, "no incident"
    texts = [d for _, _, d in xss.text()]
    ident = found[0]["id"]
    client.get(f"/incidents/{ident}")
    for i in range(0, len(texts), 25):
        client.post(f"/incidents/{ident}/note", {"text": "\n".join(texts[i:i + 25])[:3900]})


def grants(stage):
    for _, _, d in xss.text()[::12]:
        stage.gate.run("grant", "request", "--person", "jansen", "--host", L.HOST, "--account", "deploy", "--purpose", d.replace("\n", " ").replace("\r", " ")[:200], "--ticket", d[:60].replace("\n", " "),
                       "--source", W.HERE, "--shell")


def recording(stage):
    """A session whose terminal showed all of it."""
    stage.gate.grant("jansen", may="shell", until=time.time() + 3600)
    L.write("/tmp/all", "", 0o644)
    with open("/tmp/all", "wb") as f:
        f.write(b"\n".join(d for _, _, d in xss.corpus()) + b"\n")
    stage.lab.ssh("deploy", "jansen", "cat /tmp/all", code=stage.gate.code("jansen"), tty=True)


def main():
    L.enter(needs=S.BROWSER)
    stage = S.Stage(sys.argv[1], respond=False)
    status = 1
    try:
        stage.write_logs(None)
        logs(stage)
        stage.start_watch()
        grants(stage)
        recording(stage)
        stage.held([d[:200] for _, _, d in xss.corpus()[::3]])
        stage.start_console(tls=False)
        people = stage.people(factors=())
        L.wait_for(lambda: stage.console.run("incident", "list", "--format", "json").stdout.strip(), 60)
        reports(stage.console.login("vossberg"))
        notes(stage.console.login("moeller"), stage)
        env = {"PAGES": json.dumps({"at": stage.console.url, "people": [p for p in people if p["role"] in ("employee", "analyst")],
                                    "start": ["/incidents?status=all", "/reports", "/mail", "/sessions", "/access", "/search?q=xss", "/search?q=%3Cscript%3E"]}), "HOME": "/tmp"}
        status = S.Browser("xss.js", env, {"fresh": lambda _: stage.fresh_console()}, limit=380).run()
    finally:
        stage.close()
    sys.exit(status)


main()
