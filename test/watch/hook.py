"""A receiver for webhooks that keeps what came, when, and whether it was signed and marked as it must be."""
import hashlib
import hmac
import json
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Received:
    def __init__(self, at, headers, body):
        self.at, self.headers, self.body = at, headers, body      # at: wall clock, nanoseconds
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = None
        self.id = headers.get("x-postern-id", "")
        self.repeat = headers.get("x-postern-repeat", "").lower() in ("1", "true", "yes")
        self.problems = []
        if not isinstance(self.json, dict):
            self.json = {}

    @property
    def incident(self):
        """Id of the incident it tells of, "" for a notice."""
        return self.json.get("incident", "")

    @property
    def stages(self):
        return [x["name"] for x in self.json.get("finding", {}).get("unmapped", {}).get("stages", [])]

    @property
    def last(self):
        """Time of the incident's newest evidence, milliseconds; 0: not said."""
        return self.json.get("finding", {}).get("end_time", 0)

    @property
    def at_once(self):
        """A new incident, a new stage, a higher level: told without waiting for more."""
        return bool({"new", "level", "stage"} & set(self.json.get("change", [])))


SECRET = b"a secret of the tests, long enough"


class Hook:
    """url: of the receiver. fail: called with what came, returns a status instead of 200, or 'drop' to close without an answer."""

    def __init__(self, fail=None, slow=0.0):
        self.secret, self.fail, self.slow = SECRET, fail, slow
        self.received, self.lock = [], threading.Lock()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                hook.take(self)

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass                                              # a sender that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/postern"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def take(self, h):
        length = int(h.headers.get("Content-Length") or 0)
        body = h.rfile.read(length)
        if len(body) < length:
            h.close_connection = True
            return                                                # cut by a kill: it was not received
        r = Received(time.time_ns(), {k.lower(): v for k, v in h.headers.items()}, body)
        self.judge(r)
        if self.slow:
            time.sleep(self.slow)
        status = self.fail(r) if self.fail else 200
        with self.lock:
            self.received.append(r)
        if status == "drop":
            h.close_connection = True
            return
        try:
            h.send_response(status)
            h.send_header("Content-Length", "0")
            h.end_headers()
        except OSError:
            pass                                                  # the sender is gone; it was received all the same

    def judge(self, r):
        stamp, signature = r.headers.get("x-postern-timestamp", ""), r.headers.get("x-postern-signature", "")
        want = "sha256=" + hmac.new(self.secret, stamp.encode() + b"." + r.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(want, signature):
            r.problems.append(f"signature {signature[:20]}... is not that of the body")
        if not stamp.isdigit() or abs(int(stamp) - time.time()) > 600:
            r.problems.append(f"time stamp {stamp!r} is not that of now")
        if not r.id:
            r.problems.append("no X-Postern-Id")
        if not r.json:
            r.problems.append("the body is no JSON object")
        elif r.json.get("id") != r.id:
            r.problems.append(f"id {r.json.get('id')!r} in the body, {r.id!r} in the header")
        elif r.json.get("repeat") is not r.repeat:
            r.problems.append(f"repeat is {r.json.get('repeat')!r} in the body and {r.repeat} in the header")

    def taken(self):
        with self.lock:
            return list(self.received)

    def doubled(self):
        """Ids that came more than once without being marked as a repeat."""
        seen, bad = set(), []
        for r in self.taken():
            if r.id in seen and not r.repeat:
                bad.append(r.id)
            seen.add(r.id)
        return bad

    def channel(self, folder, user=None, **more):
        """What postern.yaml says of this receiver, with the file of the secret, which only `user` can read."""
        path = folder / "secret"
        path.write_bytes(SECRET)
        path.chmod(0o400)
        if user:
            shutil.chown(path, user)
        return {"name": "hook", "webhook": self.url, "secret_file": str(path), **more}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
