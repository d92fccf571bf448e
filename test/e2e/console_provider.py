#!/usr/bin/env python3
"""console_provider.py POSTERN - a provider and what happened: the practice incident names it on its page, the incident shuts it, search finds it; what waits is counted for who may decide it.

The state is made by build-asan/test/make_state (script/test builds it before; skipped without it).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "console"))
import server as S

SAMPLE = os.path.join(ROOT, "samples", "practice-incident")
USERS = {"mia": ["analyst"], "bob": ["approver"], "alice": ["approver"], "vera": ["administrator"], "emil": ["employee"]}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6LBdNGFCEDbmNHnK/qA76uN9FpMEPSWdC/BZXM1fqQ one"
failures = []


def check(what, holds, told=""):
    print(f"{'ok    ' if holds else 'FAILED'} {what}" + ("" if holds else f": {str(told)[:900]}"))
    if not holds:
        failures.append(what)


def make(binary, folder):
    makers = [f"{b}/test/make_state" for b in (os.path.dirname(os.path.dirname(os.path.abspath(binary))), f"{ROOT}/build-asan")]
    maker = next((m for m in makers if os.access(m, os.X_OK)), None)
    if not maker:
        print("no make_state: build with -Dtests=true in build-asan")
        sys.exit(77)
    p = subprocess.run([maker, SAMPLE, folder], capture_output=True, text=True, check=True, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    return p.stdout.split()


def gate(c, *argv, who="alice"):
    p = subprocess.run([c.binary, *argv, "--state", str(c.state)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env={**c.env, "SUDO_USER": who})
    if p.returncode:
        sys.exit(f"postern {argv}: {p.stderr}")
    return p.stdout


def counted(client):
    """How many decisions about access the overview says are mine."""
    m = re.search(r'<a[^>]*href="/access"[^>]*>([^<]*)</a>', client.get("/").text.split("<main", 1)[-1])
    return m[1].strip() if m else ""


def main():
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder, S.Console(binary, start=False, users=USERS, factors=("vera",), options=["--org", f"{SAMPLE}/org.yaml"]) as c:
        incidents = make(binary, folder)
        for name in os.listdir(folder):
            shutil.copy(os.path.join(folder, name), c.state)
        gate(c, "provider", "add", "hafenlicht", "--name", "Hafenlicht IT")
        key = os.path.join(c.folder, "key.pub")
        with open(key, "w", encoding="ascii") as f:
            f.write(KEY + "\n")
        gate(c, "person", "add", "jensen", "--provider", "hafenlicht", "--name", "Jensen <b>", "--key", key)
        grant = re.search(r"G-[\w-]+", gate(c, "grant", "request", "--person", "jensen", "--host", "web1", "--account", "wartung", "--shell", "--until", "4h", "--purpose", "quarterly maintenance"))[0]
        c.hand_over()
        if os.geteuid() == 0:
            owner = os.stat(c.state)
            for name in os.listdir(folder):
                os.chown(os.path.join(c.state, name), owner.st_uid, owner.st_gid)
        c.start()
        u = {name: c.login(name) for name in USERS}
        check("one waits for who may decide", counted(u["bob"]).startswith("1 "), counted(u["bob"]))
        check("none for who asked for it", counted(u["alice"]) == "", counted(u["alice"]))
        page = u["mia"].get("/access/providers/hafenlicht")
        text = S.text_of(page.text)
        named = [i for i in incidents if f'/incidents/{i}"' in page.text]
        check("its page names the incident", named and "Incidents that name this provider" in text, (incidents, text))
        check("and who its people are", "Jensen <b>" in text and "<b>" not in page.text and "SHA256:" in page.text, text)
        page = u["mia"].get(f"/incidents/{named[0]}" if named else "/incidents")
        check("the incident's page shuts the provider", 'action="/access/suspend/hafenlicht"' in page.text, S.text_of(page.text)[-800:])
        page = u["mia"].post("/access/suspend/hafenlicht", {"reason": f"incident {incidents[0]}"})
        check("shut", page.status == 200 and "Suspended because" in S.text_of(page.text), S.text_of(page.text)[:400])
        page = u["mia"].get(f"/incidents/{named[0]}" if named else "/incidents")
        check("which the incident's page says", 'action="/access/suspend/hafenlicht"' not in page.text and f"Suspended because: incident {incidents[0]}" in S.text_of(page.text))
        page = u["vera"].get("/access/providers/hafenlicht")
        check("who resumes sees what led to it", 'action="/access/resume/hafenlicht"' in page.text and named and f'/incidents/{named[0]}"' in page.text)
        for words, path in (("hafenlicht", "/access/providers/hafenlicht"), ("jensen", "/access/providers/hafenlicht"), ("quarterly", f"/access/grants/{grant}"), (grant, f"/access/grants/{grant}")):
            check(f"search for {words}", f'href="{path}"' in u["mia"].get(f"/search?q={words}").text)
        page = u["emil"].get("/search?q=quarterly")
        check("an employee's search does not find it", "/access/grants/" not in page.text, page.status)
    print(f"{len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
