"""The whole of Postern in the gate's lab, with a console in front: sshd and the gate, `postern watch` on logs that are written meanwhile, a browser's tests beside it.

STAGE_LANGUAGE=de or ko: theirs, in place of English (the checks of console_pages.py that know no words hold in all three).

Accounts of the console: people of the practice incident's institute. The provider of its logs, Hafenlicht, is the one the gate knows: what happens in the logs shuts its door.
"""
import base64
import hashlib
import html
import io
import json
import os
import queue
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "test", "gate"), os.path.join(ROOT, "test", "watch"), os.path.join(ROOT, "test", "lure")]
import active  # noqa: E402
import lab as L  # noqa: E402
import logs  # noqa: E402
import server  # noqa: E402
import world as W  # noqa: E402

LOGS, CONFIG = f"{L.BASE}/logs", "/etc/postern"
PRODUCTS = f"{ROOT}/lists/products.yaml"    # the lab's program does not lie beside it
USERS = {"vossberg": ["employee"], "moeller": ["employee", "analyst"], "harms": ["employee", "approver"], "ahlers": ["employee", "administrator"]}
SHOWN = {"vossberg": "Ingrid Vossberg", "moeller": "Jorunn Moeller", "harms": "Lasse Harms", "ahlers": "Tjark Ahlers"}
BROWSER = ("/usr/bin/chromium", "/usr/bin/node")


def lure():
    """A shortcut that looks like a document, in an archive; what it would start is notepad."""
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        z.writestr("Position.pdf.lnk", active.lnk("C:\\Windows\\System32\\cmd.exe", "/c start notepad", "C:\\Windows\\System32\\shell32.dll"))
    return b.getvalue()


class Stage:
    def __init__(self, postern, quarantine=None, respond=True):
        os.environ["POSTERN_PRODUCTS"] = PRODUCTS
        self.lab = L.Lab(postern)
        self.gate = W.Gate(self.lab)
        self.gate.quick = True
        self.gate.found(["hafenlicht"])
        self.gate.person("jansen", "hafenlicht")
        self.gate.enroll("jansen")
        self.lines, self.written = logs.load(), 0
        self._config(respond)
        why = self.gate.configure()
        if why or not self.gate.serve():
            raise SystemExit(why or L.read(f"{self.lab.dir}/log/serve.out"))
        self.watch = self.console = self.session = None
        self.quarantine = quarantine

    def _config(self, respond):
        os.makedirs(LOGS)
        shutil.copy(os.path.join(logs.SAMPLE, "org.yaml"), f"{CONFIG}/org.yaml") if os.path.isdir(CONFIG) else self._make_config()
        rules = [{"level": "critical", "do": ["suspend-provider"]}] if respond else []
        config = {"sources": {"files": [LOGS], "history": True}, "user": "nobody", "org": f"{CONFIG}/org.yaml", "learning_days": 0, "respond": {"dry_run": False, "rules": rules}}
        L.write(f"{CONFIG}/postern.yaml", json.dumps(config))

    @staticmethod
    def _make_config():
        os.makedirs(CONFIG)
        shutil.copy(os.path.join(logs.SAMPLE, "org.yaml"), f"{CONFIG}/org.yaml")

    # ---- parts -------------------------------------------------------------------------------------------------------------------------
    def start_watch(self):
        self.watch = self.lab.start("/usr/bin/postern", "watch", "--config", f"{CONFIG}/postern.yaml", "--state", W.STATE,
                                    stdout=open(f"{self.lab.dir}/log/watch", "w", encoding="utf-8"), stderr=subprocess.STDOUT)
        L.wait_for(lambda: os.path.exists(f"{W.STATE}/postern.db") or self.watch.poll() is not None, 30)
        if self.watch.poll() is not None:
            raise SystemExit("postern watch ended: " + L.read(f"{self.lab.dir}/log/watch"))

    def start_console(self, *options, tls=True):
        os.environ["POSTERN_CONFIG"] = CONFIG
        more = ["--quarantine", self.quarantine] if self.quarantine else []
        self.console = server.Console("/usr/bin/postern", tls=tls, state=W.STATE, users={}, factors=(), config=CONFIG, start=False,
                                      options=["--web", f"{ROOT}/web", "--lessons", f"{ROOT}/lessons", *more, *options])
        for name, roles in USERS.items():
            self.console.add(name, roles, None if name == "harms" else server.PASSWORD, "--shown", SHOWN[name], "--language", os.environ.get("STAGE_LANGUAGE", "en"))
        self.console.start()

    def people(self, factors=("harms", "ahlers")):
        """For the browser: who there is; those who decide have enrolled a device."""
        self.console.add("harms", USERS["harms"])
        for name in factors:
            self.console.enroll(name)
        return [{"name": n, "password": server.PASSWORD, "role": r[-1], "secret": self.console.secrets.get(n, "")} for n, r in USERS.items()]

    def deep_links(self):
        """Pages that no link leads to, but a mail or a person."""
        return ["/account", "/search?q=web1"]

    def write_logs(self, upto):
        """The lines of the practice incident up to a time (None: all), at once, behind what is there."""
        files = {}
        while self.written < len(self.lines) and (upto is None or self.lines[self.written].t < upto):
            x = self.lines[self.written]
            files.setdefault(x.stream, []).append(x.data)
            self.written += 1
        for name, parts in files.items():
            os.makedirs(os.path.dirname(f"{LOGS}/{name}"), exist_ok=True)
            with open(f"{LOGS}/{name}", "ab") as f:
                f.write(b"".join(parts))

    # ---- what a browser cannot do ----------------------------------------------------------------------------------------------------------
    def fresh_console(self):
        """Forgets which codes were used, of console and gate: a test cannot wait 30 s for each decision."""
        with sqlite3.connect(f"{W.STATE}/console/accounts.db", timeout=10) as db:
            db.execute("UPDATE factor_seed SET used=0, failures=0")
            db.execute("DELETE FROM factor_throttle")
            db.execute("DELETE FROM console_throttle")
        db.close()
        self.gate.fresh("jansen")

    def come_in(self):
        """The provider's person logs in, looks around, and stays."""
        self.session = self.lab.session("deploy", "jansen", None, code=self.gate.code("jansen"), tty=True)
        self.session.stdin.write(b"echo $((40+2)) packages can be upgraded; uname -s; echo $$ >/tmp/shell.pid\n")
        self.session.stdin.flush()
        return bool(L.wait_for(lambda: L.read("/tmp/shell.pid").strip(), 20))

    def is_in(self):
        return bool(L.of_user(6101 + L.PEOPLE.index("deploy")))

    def may_come_in(self):
        p = self.lab.ssh("deploy", "jansen", "echo in-as-$(id -un)", code=self.gate.code("jansen"))
        return "in-as-deploy" in p.stdout

    # ---- something on every page ------------------------------------------------------------------------------------------------------------
    def fill(self):
        """An incident with its story, a request that waits, one that was refused, a visit that is over and one that lasts."""
        self.write_logs(None)
        self.start_watch()
        gate = self.gate
        gate.grant("jansen", may="shell", until=time.time() + 4 * 3600)
        gate.refuse(gate.grant("jansen", commands=["/usr/bin/systemctl restart nginx"], until=time.time() + 3600, approve=False))
        gate.grant("jansen", may="sftp", until=time.time() + 90000, begin=time.time() + 80000, approve=False)
        self.lab.ssh("deploy", "jansen", "uname -a; printf '\\033[32mgreen\\033[0m <b>bold</b>\\n'; cat /etc/hosts", code=gate.code("jansen"), tty=True)
        self.come_in()
        self.held([b"Your profile and our opening", "Stellenbeschreibung: Leitung Unterwassertechnik".encode()])

    def report(self):
        """An employee's, with a file that is bait, and one without a name."""
        client = self.console.login("vossberg")
        page = client.post("/report", {"platform": "mail", "profile": "m.tadeo@talent-bridge.example", "firm": "Nordkap Yards", "offered": "yes", "opened": "no",
                                       "words": "She praised my paper and sent a description of the position."}, files=[("files", "Position.zip", lure())])
        assert page.status == 200, server.text_of(page.text)
        client.post("/report", {"platform": "phone", "opened": "unsure", "anonymous": "yes", "words": "Somebody called and asked which VPN we use."}, files=[])

    def certificates(self):
        """Everybody has finished the first unit; with a row of the book each, since nobody has the time. name -> where the certificate is."""
        self.console.login("vossberg").get("/lessons")
        unit = json.loads(self.console.run("lesson", "list", "--lessons", f"{ROOT}/lessons", "--format", "json").stdout.splitlines()[0])["id"]
        now, until, pages = time.time_ns(), time.time_ns() + 365 * 86400 * 10**9, {}
        with sqlite3.connect(f"{W.STATE}/console/web/lessons.db", timeout=10) as db:
            for n, name in enumerate(USERS):
                number = f"PL-00000-00000-00000-{n:05d}"
                db.execute("INSERT INTO completion(user,unit,time,until) VALUES(?,?,?,?)", (name, unit, now, until))
                db.execute("INSERT INTO certificate(id,user,unit,issued,until,count) VALUES(?,?,?,?,?,0)", (number, name, unit, now, until))
                pages[name] = f"/lessons/certificate/{number}"
        db.close()
        return pages

    def example(self):
        """One incident is closed as real and told as an example by the analyst. Where it is made."""
        incident = self.incidents()[-1]["id"]
        said = self.console.run("incident", "close", incident, "--reason", "It was what it looked like.")
        assert said.returncode == 0, said.stderr
        client, where = self.console.login("moeller"), f"/examples/new?incident={incident}"
        page = client.get(where)
        title, body = (html.unescape(re.search(x, page.text, re.S)[1]) for x in (r'name="title"[^>]*value="([^"]*)"', r"<textarea[^>]*>(.*?)</textarea>"))
        page = client.post("/examples", {"incident": incident, "title": title, "body": body, "do": "publish"})
        assert page.status == 200 and client.get("/examples/1").status == 200, server.text_of(page.text)
        return where

    def held(self, subjects):
        """Mail that the filter held; made as it leaves them: the tables are its own, made by a start, rows and files are ours. Before start_console()."""
        self.quarantine, sock = f"{self.lab.dir}/held", "/run/postern/milter.sock"
        p = self.lab.start("/usr/bin/postern", "milter", "--socket", sock, "--quarantine", self.quarantine, stderr=open(f"{self.lab.dir}/log/milter", "w", encoding="utf-8"))
        L.wait_for(lambda: (os.path.exists(sock) and os.path.exists(f"{self.quarantine}/held.db")) or p.poll() is not None, 30)
        if p.poll() is not None:
            raise SystemExit("postern milter ended: " + L.read(f"{self.lab.dir}/log/milter"))
        self.lab.stop(p)
        db = sqlite3.connect(f"{self.quarantine}/held.db")
        for n, subject in enumerate(subjects):
            message = (b"From: Claire Dubois <claire.dubois@talent-harbour.example>\r\nTo: ingrid.vossberg@ics-nordholm.example\r\nSubject: " + subject.replace(b"\r", b" ").replace(b"\n", b" ") +
                       b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nPlease open it with our viewer.\r\n--x\r\n"
                       b"Content-Type: application/zip; name=Position.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(lure()).replace(b"\n", b"\r\n") + b"--x--\r\n")
            key, body = f"20261126-{n:012x}", message.index(b"\r\n\r\n") + 4
            db.execute("INSERT INTO held(id,digest,state,time,queue,sender,recipients,origin,subject,verdict,reasons,actor,body,size) VALUES(?,?,0,?,?,?,?,?,?,?,?,'',?,?)",
                       (key, hashlib.sha256(message + bytes([n])).digest(), time.time_ns() - n * 10**9, b"4X1", b"claire.dubois@talent-harbour.example",
                        b"ingrid.vossberg@ics-nordholm.example", b"mx1.talent-harbour.example", subject, "lure", "DREAMJOB", body, len(message)))
            with open(f"{self.quarantine}/{key}", "wb") as f:
                f.write(message)
            os.chmod(f"{self.quarantine}/{key}", 0o600)
        db.commit()
        db.close()

    def incidents(self):
        """What there is, once there is something."""
        L.wait_for(lambda: self.console.run("incident", "list", "--format", "json").stdout.strip(), 60)
        return [json.loads(x) for x in self.console.run("incident", "list", "--format", "json").stdout.splitlines()]

    def close(self):
        if self.console:
            self.console.stop()
        if self.session:
            self.lab.stop(self.session)
        if self.watch:
            self.lab.stop(self.watch)
        self.gate.end()
        self.lab.close()


class Browser:
    """A script of test/browser that asks for things meanwhile: lines "@@ {json}" on its output are calls of `answers`, {name: function(asked) -> value}."""

    def __init__(self, name, env, answers, limit=300):
        self.answers = answers
        self.p = subprocess.Popen(["node", f"{ROOT}/test/browser/{name}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **env})
        self.lines, self.limit = queue.Queue(), limit
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.p.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def run(self):
        """Its exit status."""
        end = time.monotonic() + self.limit
        while True:
            try:
                line = self.lines.get(timeout=max(0.1, end - time.monotonic()))
            except queue.Empty:
                self.p.kill()
                print("no end in time")
                return 1
            if line is None:
                return self.p.wait()
            if not line.startswith("@@ "):
                print(line, end="", flush=True)
                continue
            asked = json.loads(line[3:])
            self.p.stdin.write(json.dumps(self.answers[asked["do"]](asked)) + "\n")
            self.p.stdin.flush()
