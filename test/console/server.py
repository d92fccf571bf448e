"""server.py - a console of a test's own: private state, users of every role, and a client with cookies, CSRF and forms.

    with Console(binary) as c:              # users employee, analyst, approver, admin, everybody (all roles); password PASSWORD
        a = c.login("analyst")
        page = a.get("/incidents")          # page.status, page.headers, page.text, page.json()
        page = a.post("/logout", {})        # with the CSRF token; redirections are followed, like a browser does
        ok = c.login("approver")            # has a second factor; ok.fresh() is a code that was not used yet
"""
import base64
import hashlib
import hmac
import html
import http.client
import json
import os
import pwd
import re
import shutil
import ssl
import struct
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlparse

PASSWORD = "correct horse battery"
ROLES = {"employee": ["employee"], "analyst": ["analyst"], "approver": ["approver"], "admin": ["administrator"],
         "everybody": ["employee", "analyst", "approver", "administrator"]}


def totp(secret, counter):
    """RFC 6238, a second time."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    at = mac[-1] & 15
    return str((struct.unpack(">I", mac[at:at + 4])[0] & 0x7FFFFFFF) % 10**6).zfill(6)


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.text = body.decode("utf-8", errors="replace")

    def json(self):
        return json.loads(self.text)

    def csrf(self):
        m = re.search(r'name="csrf" value="([0-9a-f]+)"', self.text)
        return m[1] if m else ""


class Client:
    """One browser."""

    def __init__(self, console, user=None):
        self.console, self.user, self.cookies, self.token = console, user, {}, ""
        self.headers = {}

    def request(self, method, path, body=None, headers=None, cookies=True):
        c = self.console.connect()
        h = {"Host": self.console.host, **self.headers, **(headers or {})}
        if cookies and self.cookies:
            h["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        try:
            c.request(method, path, body, h)
            r = c.getresponse()
            page = Page(r.status, r.headers, r.read())
        finally:
            c.close()
        for line in page.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in line:
                self.cookies.pop(name)
        return page

    def get(self, path, follow=True, **kw):
        page = self.request("GET", path, **kw)
        for _ in range(5):
            if not follow or page.status not in (301, 302, 303):
                break
            page = self.request("GET", page.headers["Location"])
        if page.csrf():
            self.token = page.csrf()
        return page

    def post(self, path, fields, files=None, follow=True, csrf=True, headers=None):
        """fields: dict or list of pairs; files: [(field, name, bytes)]. The CSRF token is that of the page that was loaded last."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
        if csrf:
            if not self.token:
                self.get("/")
            pairs.insert(0, ("csrf", self.token))
        if files is None:
            body, kind = urlencode(pairs).encode(), "application/x-www-form-urlencoded"
        else:
            body, kind = multipart(pairs, files)
        page = self.request("POST", path, body, {"Content-Type": kind, **(headers or {})})
        if follow and page.status == 303:
            page = self.get(page.headers["Location"])
        if page.csrf():
            self.token = page.csrf()
        return page

    def fresh(self):
        """A code of the second factor that was not used yet."""
        return self.console.code(self.user)


def multipart(pairs, files):
    mark = uuid.uuid4().hex
    out = b""
    for name, value in pairs:
        out += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for field, name, data in files:
        out += f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode() + data + b"\r\n"
    return out + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


class Console:
    def __init__(self, binary, tls=False, state=None, options=(), users=ROLES, factors=("approver", "admin", "everybody"), config=None, start=True):
        self.binary, self.tls, self.options, self.users, self.factors = str(Path(binary).resolve()), tls, list(options), users, factors
        self.folder = Path(tempfile.mkdtemp(prefix="console."))
        self.folder.chmod(0o755)
        self.state = Path(state) if state else self.folder / "state"
        self.own_state = state is None
        self.env = {**os.environ, "POSTERN_CONFIG": str(config or self.folder / "none"), "POSTERN_STATE": str(self.state), "SUDO_USER": ""}
        self.process = None
        self.recovery, self.secrets, self.used = {}, {}, {}
        if self.own_state:
            self.state.mkdir(mode=0o755)
            self.hand_over()
        for name, roles in users.items():
            self.add(name, roles)
        if start:
            self.start()

    def hand_over(self):
        """As root the web process becomes another user: the folder of the state is its, as with the package."""
        if os.geteuid() == 0:
            who = pwd.getpwnam(self.user())
            os.chown(self.state, who.pw_uid, who.pw_gid)
            self.state.chmod(0o1770)

    @staticmethod
    def user():
        for name in ("postern", "nobody"):
            try:
                pwd.getpwnam(name)
                return name
            except KeyError:
                pass
        return "nobody"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *argv, **kw):
        return subprocess.run([self.binary, *argv], capture_output=True, text=True, check=False, env=self.env, timeout=120, **kw)

    def add(self, name, roles, password=PASSWORD, *options):
        r = self.run("console", "user", "add", name, "--shown", name.capitalize(), *[w for role in roles for w in ("--role", role)], *options)
        assert r.returncode == 0, r.stderr
        if password:
            r = self.run("console", "user", "password", name, input=password + "\n")
            assert r.returncode == 0, r.stderr

    def start(self):
        argv = [self.binary, "console", "--listen", "127.0.0.1:0", *([] if self.tls else ["--plain"]), *self.options]
        if os.geteuid() == 0 and "--user" not in self.options:
            argv += ["--user", self.user()]
        self.errors = open(self.folder / "errors", "a", encoding="utf-8")
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=self.env)
        line = self.process.stdout.readline().strip()
        assert line.startswith("http"), f"the console does not start: {(self.folder / 'errors').read_text()}"
        self.url, self.host = line, line.split("//")[1]
        end = time.time() + 30
        while True:  # the socket listens before the process that answers is there
            try:
                assert Client(self).get("/login").status == 200
                break
            except OSError:
                assert time.time() < end and self.process.poll() is None, (self.folder / "errors").read_text()
                time.sleep(0.1)
        for name in self.factors:
            if name in self.users and name not in self.recovery:
                self.enroll(name)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process.stdout.close()
            self.process = None
            self.errors.close()

    def connect(self, timeout=60):
        host, port = self.host.rsplit(":", 1)
        if not self.tls:
            return http.client.HTTPConnection(host, int(port), timeout=timeout)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(host, int(port), timeout=timeout, context=context)

    def client(self):
        return Client(self)

    def login(self, name, password=PASSWORD, code=None):
        c = Client(self, name)
        c.get("/login")
        if code is None:
            code = self.code(name) if name in self.recovery else ""
        page = c.post("/login", {"name": name, "password": password, "code": code}, follow=False)
        assert page.status == 303, f"{name} cannot log in: {page.status} {text_of(page.text)}"
        c.token = c.get("/api/v1/me").json()["csrf"]
        return c

    def enroll(self, name, password=PASSWORD):
        """As a person does it, on the page Account; the two codes are those of the step before and of this one."""
        c = Client(self, name)
        c.get("/login")
        assert c.post("/login", {"name": name, "password": password, "code": ""}, follow=False).status == 303
        c.token = c.get("/api/v1/me").json()["csrf"]
        page = c.post("/account/factor", {"password": password})
        m = re.search(r"otpauth://[^\s\"<]+", html.unescape(page.text))
        assert m, f"{name} cannot enrol: {page.status} {text_of(page.text)}"
        secret = parse_qs(urlparse(m[0]).query)["secret"][0]
        if time.time() % 30 > 25:
            time.sleep(31 - time.time() % 30)
        step = int(time.time()) // 30
        page = c.post("/account/factor/confirm", {"code": totp(secret, step - 1), "next": totp(secret, step)})
        codes = re.findall(r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b", page.text)
        assert len(codes) == 10, f"{name} has no recovery codes: {page.status} {text_of(page.text)}"
        self.secrets[name], self.used[name], self.recovery[name] = secret, step, codes

    def code(self, name):
        """One of the device when there is one that was not used, else a recovery code, else one of the device after some waiting."""
        step = int(time.time()) // 30
        if name not in self.secrets:
            return ""
        if self.used[name] >= step + 1 and self.recovery[name]:
            return self.recovery[name].pop()
        while self.used[name] >= int(time.time()) // 30 + 1:
            time.sleep(0.5)
        self.used[name] = max(self.used[name] + 1, int(time.time()) // 30)
        return totp(self.secrets[name], self.used[name])


def text_of(page):
    """What a person reads, roughly."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page))).strip()


def path_of(*parts):
    return "/" + "/".join(quote(p, safe="") for p in parts)
