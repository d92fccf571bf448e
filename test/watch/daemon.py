"""postern watch, started and stopped by pid in a temporary folder; its processes, its state and its figures."""
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

USER = "nobody"          # who the children become when the test runs as root
ROLES = ("engine", "receiver", "notifier", "journal")
LONG = 180               # seconds anything may take on a machine that does other things beside


class Failure(Exception):
    pass


def wait_for(what, fn, seconds=LONG, step=0.02):
    """The first true value of fn(); Failure that names `what` when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        x = fn()
        if x:
            return x
        if time.monotonic() > end:
            raise Failure(f"no end of waiting for {what} after {seconds} s")
        time.sleep(step)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- /proc -----------------------------------------------------------------------------------------------------------------
def status(pid):
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    return dict(re.findall(r"^(\w+):\t(.*)$", text, re.M))


def processes():
    """pid -> (ppid, session, comm), without zombies"""
    out = {}
    for d in os.listdir("/proc"):
        if not d.isdigit():
            continue
        try:
            text = Path(f"/proc/{d}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        comm, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        if rest[0] not in "ZX":
            out[int(d)] = (int(rest[1]), int(rest[3]), comm)
    return out


def alive(pid):
    return pid in processes()


# ---- configuration ------------------------------------------------------------------------------------------------------------
def yaml(x):
    """JSON is YAML."""
    return json.dumps(x, ensure_ascii=False, indent=1) + "\n"


class Daemon:
    """folder: logs/ (what is followed), state/, postern.yaml, log (what the daemon says). close() leaves no process behind."""

    def __init__(self, postern, config=None, folder=None, keep=False):
        self.postern, self.keep = str(Path(postern).resolve()), keep
        self.folder = Path(folder or tempfile.mkdtemp(prefix="postern-watch-"))
        os.chmod(self.folder, 0o755)
        self.logs, self.state, self.path, self.said = (self.folder / x for x in ("logs", "state", "postern.yaml", "said"))
        self.logs.mkdir(exist_ok=True)
        self.metrics_port = free_port()
        self.config = {"sources": {"files": [str(self.logs)], "history": True, "spool": "256MB"}, "rules": [], "metrics": f"127.0.0.1:{self.metrics_port}"}
        if os.getuid() == 0:
            self.config["user"] = USER
        for k, v in (config or {}).items():
            if isinstance(v, dict):
                self.config.setdefault(k, {}).update(v)
            else:
                self.config[k] = v
        self.parent, self.sessions = None, set()
        self.starts = 0

    @property
    def user(self):
        """Whose the children are, None: of who runs the test."""
        return self.config.get("user")

    def write_config(self, text=None):
        self.path.write_text(text if text is not None else yaml(self.config), encoding="utf-8")

    def run(self, *args, check=True, **more):
        """Another command of postern on this state."""
        p = subprocess.run([self.postern, *map(str, args)], capture_output=True, text=True, timeout=LONG, check=False, **more)
        if check and p.returncode:
            raise Failure(f"postern {' '.join(map(str, args))}: exit {p.returncode}: {p.stderr.strip()[-2000:]}")
        return p

    # ---- start and end --------------------------------------------------------------------------------------------------
    def start(self, ready=True):
        """Returns when the daemon told the service manager that it is ready."""
        self.write_config()
        env = dict(os.environ)
        env.pop("WATCHDOG_USEC", None)
        path = self.folder / "manager"
        if path.exists():
            path.unlink()
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(str(path))
        self.told_manager = []
        threading.Thread(target=self._manage, args=(manager, self.told_manager), daemon=True).start()
        env["NOTIFY_SOCKET"] = str(path)
        with open(self.said, "ab") as out:
            self.parent = subprocess.Popen([self.postern, "watch", "--config", str(self.path), "--state", str(self.state)],
                                           stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True)
        self.sessions.add(self.parent.pid)
        self.starts += 1
        if ready:
            self.wait_ready()
        return self

    @staticmethod
    def _manage(manager, told):
        """What a service manager does: reads what it is told, until the daemon that was started says or does nothing any more."""
        manager.settimeout(LONG)
        try:
            while data := manager.recv(4096):
                told.append(data.decode("utf-8", "replace"))
        except OSError:
            pass
        manager.close()

    def wait_ready(self):
        end = time.monotonic() + LONG
        while not any("READY=1" in x for x in self.told_manager):
            time.sleep(0.01)
            if self.parent.poll() is not None:
                raise Failure(f"postern watch ended with {self.parent.returncode} at its start: {self.tail()}")
            if time.monotonic() > end:
                raise Failure(f"postern watch was not ready after {LONG} s: {self.tail()}")

    def tail(self, n=3000):
        try:
            return self.said.read_text(encoding="utf-8", errors="replace")[-n:]
        except OSError:
            return ""

    def members(self):
        """Every process of the sessions we started: {pid: (ppid, session, comm)}"""
        return {pid: x for pid, x in processes().items() if x[1] in self.sessions}

    def roles(self):
        """{"parent": pid, "engine": pid, ...}: a child says what it is in its name (/proc/PID/comm, 15 bytes)."""
        out = {}
        for pid, (ppid, _, comm) in self.members().items():
            if pid == self.parent.pid:
                out["parent"] = pid
            elif ppid == self.parent.pid:
                part = re.sub(r"^postern[:-]?", "", comm)
                out.update({role: pid for role in ROLES if len(part) > 3 and role.startswith(part)})
        return out

    def kill(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def kill_group(self):
        """The parent and every child at one moment, as a power cut does, nearly: stopped first, so that nobody acts on another's end."""
        pids = list(self.members())
        for sig in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                try:
                    os.kill(pid, sig)
                except ProcessLookupError:
                    pass
        self.reap()

    def reap(self, seconds=LONG):
        """Waits for the parent and all children to be gone."""
        try:
            code = self.parent.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"postern watch did not end in {seconds} s: {self.tail()}") from None
        wait_for(f"the children of {self.parent.pid} to end with it ({self.members()})", lambda: not self.members(), 60)
        return code

    def stop(self):
        """SIGTERM: must end by itself, with exit status 0."""
        self.parent.send_signal(signal.SIGTERM)
        code = self.reap()
        if code:
            raise Failure(f"postern watch ended with {code} after SIGTERM: {self.tail()}")

    def reload(self):
        self.parent.send_signal(signal.SIGHUP)

    def close(self):
        for pid in list(self.members()):
            self.kill(pid)
        if self.parent and self.parent.poll() is None:
            self.parent.kill()
            self.parent.wait()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))   # timeout(1): no process is left behind
        return self

    def __exit__(self, kind, value, trace):
        if kind and kind is not KeyboardInterrupt:
            print(f"--- what postern watch said ({self.folder}):\n{self.tail()}\n---")
        self.close()

    # ---- state ---------------------------------------------------------------------------------------------------------------
    def query(self, sql, *args):
        """Rows as dictionaries, read beside the daemon; [] before there is a state."""
        path = self.state / "postern.db"
        if not path.exists():
            return []
        for _ in range(200):
            try:
                with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
                    db.row_factory = sqlite3.Row
                    return [dict(r) for r in db.execute(sql, args)]
            except sqlite3.OperationalError as e:
                if "no such table" in str(e):
                    return []
                if "locked" not in str(e) and "unable to open" not in str(e) and "readonly" not in str(e):
                    raise
                time.sleep(0.05)
        raise Failure(f"cannot read {path}")

    def incidents(self):
        return self.query("SELECT * FROM incident ORDER BY id")

    def findings(self, rule=None):
        return self.query("SELECT uid,rule,level,first,last,count,title,incident FROM finding WHERE ?1 IS NULL OR rule=?1 ORDER BY first,uid", rule)

    def marker_counts(self, rule):
        return sum(r["count"] for r in self.query("SELECT count FROM finding WHERE rule=?", rule))

    # ---- figures ---------------------------------------------------------------------------------------------------------------
    def metrics_text(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30) as r:
            return r.read().decode("utf-8")

    def metrics(self):
        """name, or name{labels}, -> value; {} when nobody answers."""
        try:
            text = self.metrics_text()
        except OSError:
            return {}
        out = {}
        for line in text.split("\n"):
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out

    def metric(self, name):
        """The sum over all labels, or None when there is no such figure."""
        v = [x for k, x in self.metrics().items() if k == name or k.startswith(name + "{")]
        return sum(v) if v else None


def quantile(v, q):
    v = sorted(v)
    return v[min(len(v) - 1, int(q * len(v)))] if v else float("nan")
