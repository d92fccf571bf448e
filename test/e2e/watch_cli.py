#!/usr/bin/env python3
"""watch_cli.py POSTERN [CASE...] - postern watch as its administrator meets it.

check: good and bad configurations; reload: new rules take effect and nothing is forgotten; second: one at a time; restart: nothing is read
twice; figures: what Prometheus reads; silence, lateness, clock, disk: what it says of its own troubles.
"""
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "watch"))
import compare  # noqa: E402
import daemon  # noqa: E402
import exposition  # noqa: E402
import hook  # noqa: E402
import logs  # noqa: E402
import replay  # noqa: E402

POSTERN = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
OTHER_RULE = "0d2f2f8e-6a39-44d4-8f0e-77b7d2f6c5a2"
errors = []


def expect(ok, text):
    if not ok:
        errors.append(text)


# ---- --check ---------------------------------------------------------------------------------------------------------------
# a configuration with ^ before what is wrong (one or several places that may be named), and what the message must hold
BAD = [
    ("^sorces:\n  files: [/var/log]\n", r"sources"),
    ("sources: ^/var/log\n", r"map"),
    ("sources:\n  ^file: [/var/log]\n", r"files"),
    ("sources:\n  history: ^maybe\n", r"true or false"),
    ("sources:\n  spool: ^many\n", r"size"),
    ("sources:\n  spool: ^12\n", r"range|size|at least|MB"),
    ("sources:\n  syslog: ^127.0.0.1:514\n", r"list"),
    ("sources:\n  syslog:\n    - ^tcp: ^127.0.0.1\n", r"port|ADDRESS:PORT|127\.0\.0\.1:"),
    ("sources:\n  syslog:\n    - ^tcp: ^127.0.0.1:99999\n", r"PORT|range|65535"),
    ("sources:\n  syslog:\n    - ^tpc: 127.0.0.1:5514\n", r"tcp"),
    ("sources:\n  syslog:\n    - ^tls: ^127.0.0.1:6514\n", r"certificate"),
    ("hold: ^50\n", r"duration"),
    ("hold: ^-1s\n", r"duration"),
    ("learning_days: ^soon\n", r"whole number"),
    ("alert_budget: ^[3]\n", r"whole number"),
    ("silent_after: ^tomorrow\n", r"duration"),
    ("keep:\n  days: ^ages\n", r"whole number"),
    ("keep:\n  size: ^1PB\n", r"size"),
    ("keep:\n  ^dayz: 3\n", r"days"),
    ("metrics: ^nowhere\n", r"address|127\.0\.0\.1|unix:"),
    ("timezone: Europe/Atlantis\n", r"zone"),
    ("rules: /does/not/exist\n", r"/does/not/exist"),            # a file that is missing is named, its mention is not
    ("org: /does/not/exist.yaml\n", r"/does/not/exist.yaml"),
    ("notify:\n  channels:\n    - ^{^name: duty}\n", r"mail|webhook"),
    ("notify:\n  channels:\n    - ^{^webhook: ^\"http://127.0.0.1:1/x\"}\n", r"name"),
    ("notify:\n  channels:\n    - {name: x, webhook: ^\"gopher://127.0.0.1/x\"}\n", r"http"),
    ("notify:\n  channels:\n    - {name: x, syslog: ^\"carrier:pigeon\"}\n", r"udp|tcp|unix"),
    ("notify:\n  channels:\n    - {name: x, command: ^[^page]}\n", r"/|path"),
    ("notify:\n  channels:\n    - {name: x, syslog: \"udp:127.0.0.1:514\", min_level: ^loud}\n", r"critical"),
    ("notify:\n  channels:\n    - {name: x, syslog: \"udp:127.0.0.1:514\"}\n    - {^name: ^x, syslog: \"udp:127.0.0.1:515\"}\n", r"x"),
    ("notify:\n  quiet_hours: [^\"25:00-06:00\"]\n", r"hour|time|HH:MM|\d\d:\d\d"),
    ("notify:\n  retry: {first: ^never}\n", r"duration"),
    ("respond:\n  dry_run: ^perhaps\n", r"true or false"),
    ("respond:\n  rules:\n    - {level: high, do: ^[^explode]}\n", r"block-address"),
    ("respond:\n  rules:\n    - {level: ^loud, do: [block-address]}\n", r"critical"),
    ("respond:\n  never_touch:\n    networks: ^[^10.0.0.0/99]\n", r"network|10\.0\.0\.0"),
    ("respond:\n  never_touch:\n    ^acounts: [root]\n", r"accounts"),
    ("hold: 50ms\nhold: 60ms\n", r"hold|twice|duplicate"),
    ("^- a list\n", r"map|keys"),
    ("sources: [\n", r""),
]
GOOD = """
sources:
  files: [{logs}, /srv/logs/*/var/log]
  history: false
  journal: false
  syslog:
    - udp: 127.0.0.1:{udp}
    - tcp: 127.0.0.1:{tcp}
    - unix: {folder}/log.sock
  spool: 1GB
rules: [{rules}]
org: {org}
timezone: Europe/Berlin
learning_days: 3
alert_budget: 3
hold: 50ms
silent_after: 24h
keep: {{days: 400, size: 4GB}}
metrics: 127.0.0.1:{metrics}
notify:
  group: 60s
  most_per_hour: 20
  quiet_hours: ["22:00-06:00"]
  attempts: 12
  retry: {{first: 1s, longest: 1h}}
  channels:
    - {{name: duty, mail: [duty@ics.example], from: postern@ics.example, sendmail: /bin/true, min_level: medium}}
    - {{name: hook, webhook: "https://127.0.0.1:8443/postern", secret_file: {folder}/secret, min_level: low}}
    - {{name: siem, syslog: "udp:127.0.0.1:514", cef: true}}
    - {{name: pager, command: [/bin/true, --now]}}
respond:
  dry_run: true
  never_touch: {{accounts: [root, admin], providers: [], networks: [10.0.0.0/8]}}
  nft: /bin/true
  rules:
    - {{level: high, do: [suspend-provider, end-sessions, disable-keys, block-address], for: 24h}}
"""


def check(path, *more):
    return subprocess.run([POSTERN, "watch", "--check", "--config", str(path), "--state", str(path.parent / "state"), *more], capture_output=True, text=True,
                          check=False, timeout=daemon.LONG)


def places(marked):
    """The text without its ^ marks, and [(line, column)] of those. A ^ of the text itself does not occur."""
    out, text = [], ""
    for c in marked:
        if c == "^":
            out.append((text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1))
        else:
            text += c
    return text, out


def case_check():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        (folder / "secret").write_bytes(hook.SECRET)
        (folder / "secret").chmod(0o600)
        path = folder / "postern.yaml"
        path.write_text(GOOD.format(folder=folder, logs=folder, udp=daemon.free_port(socket.SOCK_DGRAM), tcp=daemon.free_port(), rules=logs.ROOT / "rules",
                                    org=compare.ORG, metrics=daemon.free_port()), encoding="utf-8")
        p = check(path)
        expect(p.returncode == 0, f"a good configuration is refused: {p.stderr}{p.stdout}")
        expect(not (folder / "state").exists(), "--check made the state folder")
        for marked, wanted in BAD:
            text, at = places(marked)
            path.write_text(text, encoding="utf-8")
            p = check(path)
            said = p.stdout + p.stderr
            m = re.search(r"postern\.yaml:(\d+):(\d+): (.*)", said)
            expect(p.returncode == 2 or not at and p.returncode == 3, f"exit {p.returncode} for {text!r}: {said}")
            expect(m or not at and "[" not in text[-3:], f"no file:line:column for {text!r}: {said!r}")
            expect(not m or not at or (int(m[1]), int(m[2])) in at, f"{text!r}: told at {m and m.group(1, 2)}, it is at {at}: {said!r}")
            expect(re.search(wanted, said), f"{text!r}: says nothing of {wanted!r}: {said!r}")
        p = check(folder / "nothing.yaml")
        expect(p.returncode in (2, 3) and "nothing.yaml" in p.stderr, f"a configuration that is not there: exit {p.returncode}, {p.stderr!r}")
        (folder / "org.yaml").write_text("hostz: []\n", encoding="utf-8")
        path.write_text(f"org: {folder}/org.yaml\n", encoding="utf-8")
        p = check(path)
        expect(p.returncode == 2 and re.search(r"org\.yaml:1:1: ", p.stderr), f"a wrong org.yaml: exit {p.returncode}, {p.stderr!r}")
    print(f"watch: {len(BAD)} wrong configurations refused")


# ---- writing lines -----------------------------------------------------------------------------------------------------------
def write(d, run, first, n, host="web1", back=0.0):
    p = d.logs / host / "var" / "log" / "auth.log"
    p.parent.mkdir(parents=True, exist_ok=True)
    with open(p, "ab") as f:
        for i in range(first, first + n):
            f.write(logs.marker(time.time() - back, host, run, i))


def seen(d, run, n, seconds=daemon.LONG):
    daemon.wait_for(f"{n} markers of {run}", lambda: compare.markers_seen(d, run)[1] >= n, seconds)


def rules_of(d):
    folder = d.folder / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "marker.yml").write_text(logs.MARKER_SIGMA, encoding="utf-8")
    d.config["rules"] = [str(folder)]
    return folder


# ---- reload --------------------------------------------------------------------------------------------------------------------
def case_reload():
    with daemon.Daemon(POSTERN) as d:
        folder = rules_of(d)
        org = d.folder / "org.yaml"
        org.write_text(compare.ORG.read_text(encoding="utf-8"), encoding="utf-8")
        d.config["org"] = str(org)
        d.start()
        write(d, "kept", 0, 20)
        seen(d, "kept", 20)
        (folder / "other.yml").write_text(logs.MARKER_SIGMA.replace(logs.MARKER_RULE, OTHER_RULE).replace("bin/marker ", "bin/other "), encoding="utf-8")
        engine = d.roles().get("engine")
        d.reload()

        def works():
            write_other(d)
            return d.findings(OTHER_RULE)
        daemon.wait_for("a rule that was added to be judged", works, step=0.5)
        write(d, "kept", 20, 20)
        seen(d, "kept", 40)
        rows = [r for r in d.findings(logs.MARKER_RULE) if "(mk-kept-" in r["title"]]
        expect(len(rows) == 1, f"what was known of a rule before the reload is forgotten: {[(r['count'], r['first'], r['last']) for r in rows]}")
        case_reload_bad(d, folder, org)
        expect(d.parent.poll() is None, "the daemon ended at a reload")
        print(f"watch: reload {'in the same engine' if engine == d.roles().get('engine') else 'with a new engine'}")
        d.stop()


def write_other(d):
    p = d.logs / "web1" / "var" / "log" / "auth.log"
    with open(p, "ab") as f:
        f.write(logs.marker(time.time(), "web1", "other", 0).replace(b"bin/marker ", b"bin/other "))


def case_reload_bad(d, folder, org):
    """A rule and an organisation file that are wrong: the old ones stay, and it says so."""
    size = d.said.stat().st_size
    (folder / "broken.yml").write_text("title: [\n", encoding="utf-8")
    org.write_text("hostz: []\n", encoding="utf-8")
    d.reload()
    daemon.wait_for("a word about what is wrong", lambda: "org.yaml:1:1" in d.said.read_text(encoding="utf-8", errors="replace")[size:])
    write(d, "kept", 40, 5)
    seen(d, "kept", 45)


# ---- one at a time, and again ---------------------------------------------------------------------------------------------------
def case_second():
    with daemon.Daemon(POSTERN) as d:
        rules_of(d)
        d.start()
        p = d.run("watch", "--config", d.path, "--state", d.state, check=False)
        expect(p.returncode not in (0, 1) and "runs already" in p.stderr, f"a second one on the same state: exit {p.returncode}, {p.stderr!r}")
        write(d, "one", 0, 5)
        seen(d, "one", 5)
        d.stop()


def case_restart():
    with daemon.Daemon(POSTERN) as d:
        rules_of(d)
        write(d, "again", 0, 20)               # lies there before the first start
        d.start()
        seen(d, "again", 20)
        write(d, "again", 20, 20)
        seen(d, "again", 40)
        d.stop()
        before = {r["ino"]: r["pos"] for r in d.query("SELECT ino,pos FROM source")}
        p = d.logs / "web1" / "var" / "log" / "auth.log"
        expect(before.get(p.stat().st_ino) == p.stat().st_size, f"SIGTERM: {before} was read of {p.stat().st_size} bytes")
        findings = d.findings()
        d.start()
        write(d, "fresh", 0, 5)
        seen(d, "fresh", 5)
        expect([r for r in d.findings() if "(mk-again-" in r["title"]] == [r for r in findings if "(mk-again-" in r["title"]], "a restart changed findings")
        d.stop()
        write(d, "down", 0, 7)                  # while nobody looks
        p.rename(p.with_name("auth.log.1"))
        write(d, "down", 7, 7)
        d.start()
        seen(d, "down", 14)
        time.sleep(1)
        for run, n in (("again", 40), ("fresh", 5), ("down", 14)):
            errors.extend(compare.marker_problems(d, run, n))
        daemon.wait_for("the figures", lambda: (d.metric("postern_lines_total") or 0) >= 14)
        read = d.metric("postern_lines_total")
        expect(read == 14, f"the third run read {read} lines, 14 were new")
        d.stop()
        p = d.run("state", "--state", d.state, "check", check=False)
        expect(p.returncode == 0, f"state check: {p.stdout}{p.stderr}")


def case_rotation():
    """Every way of rotating, as fast as it goes, with the daemon and without it: no line is lost or read twice."""
    with daemon.Daemon(POSTERN) as d:
        rules_of(d)
        files = {s: replay.LiveFile(d.logs / "web1" / "var" / "log" / s / "auth.log", s) for s in replay.ALL_STYLES}
        d.start()
        n = 0
        for turn in range(40):
            if turn == 20:
                d.stop()
            if turn == 25:
                d.start()
            for _ in range(25):
                for s, f in files.items():
                    f.write(logs.marker(time.time(), "web1", s, n))
                n += 1
            for f in files.values():
                f.rotate()
            time.sleep(0.05)
        for f in files.values():
            f.close()
        for s in files:
            seen(d, s, n)
        time.sleep(3)                           # what is read twice comes late, from packed copies
        for s in files:
            errors.extend(compare.marker_problems(d, s, n))
        print(f"watch: rotation: {len(files)} styles, {n * len(files)} lines, {sum(f.rotations for f in files.values())} rotations")
        d.stop()


def case_history():
    """history: false: what was there before the first start is not read, not after a restart either."""
    with daemon.Daemon(POSTERN) as d:
        rules_of(d)
        d.config["sources"]["history"] = False
        write(d, "old", 0, 20)
        packed = d.logs / "web1" / "var" / "log" / "auth.log.1.gz"
        packed.write_bytes(gzip.compress(b"".join(logs.marker(time.time() - 86400, "web1", "older", i) for i in range(20))))
        os.utime(packed, (time.time() - 9999,) * 2)
        for turn in range(2):
            d.start()
            write(d, "fresh", 5 * turn, 5)
            seen(d, "fresh", 5 * turn + 5)
            time.sleep(1)
            expect(compare.markers_seen(d, "old")[1] == 0 and compare.markers_seen(d, "older")[1] == 0, f"start {turn + 1}: what was there before was read")
            d.stop()
        errors.extend(compare.marker_problems(d, "fresh", 10))


# ---- figures ------------------------------------------------------------------------------------------------------------------------
def case_figures():
    with daemon.Daemon(POSTERN) as d:
        rules_of(d)
        d.start()
        write(d, "figures", 0, 30)
        seen(d, "figures", 30)
        daemon.wait_for("the figures", lambda: d.metric("postern_lines_total") == 30)
        text = d.metrics_text()
        errors.extend(f"figures: {e}" for e in exposition.problems(text))
        first = d.metrics()
        stuck = [socket.create_connection(("127.0.0.1", d.metrics_port)) for _ in range(40)]      # say nothing
        odd = socket.create_connection(("127.0.0.1", d.metrics_port))
        odd.sendall(b"\x00\xff" * 20000)
        write(d, "figures", 30, 10)
        seen(d, "figures", 40)
        daemon.wait_for("figures beside clients that say nothing", lambda: d.metrics().get("postern_lines_total") == 40)
        for s in [*stuck, odd]:
            s.close()
        with socket.create_connection(("127.0.0.1", d.metrics_port)) as s:
            s.sendall(b"GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")
            expect(b" 404 " in s.recv(4096).split(b"\r\n")[0], "another path is not 404")
        later = d.metrics()
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        fell = [k for k, v in first.items() if types.get(k.split("{")[0]) == "counter" and later.get(k, v) < v]
        expect(not fell, f"counters fell: {fell}")
        print(f"watch: {len(first)} figures")
        d.stop()


# ---- troubles of its own ----------------------------------------------------------------------------------------------------------------
def noticing(d, hooked, **config):
    rules_of(d)
    d.config.update(config)
    d.config["notify"] = {"channels": [hooked.channel(d.folder, d.user, min_level="low")]}


def told(hooked, pattern):
    return [r for r in hooked.taken() if re.search(pattern, r.body.decode("utf-8", "replace"), re.I)]


def case_silence():
    hooked = hook.Hook()
    with daemon.Daemon(POSTERN) as d:
        noticing(d, hooked, silent_after="20s")
        d.start()
        write(d, "silent", 0, 5)
        write(d, "busy", 0, 5, host="web2")
        seen(d, "silent", 5)
        n, end = 5, time.monotonic() + 240
        while not told(hooked, "No line for .*web1") and time.monotonic() < end:
            write(d, "busy", n, 1, host="web2")
            n += 1
            time.sleep(1)
        expect(told(hooked, "No line for .*web1"), "nobody was told that web1's log is silent")
        expect(not told(hooked, "web2/var/log"), "web2's log, which is not silent, was told of")
        d.stop()
    hooked.close()


def case_lateness():
    with daemon.Daemon(POSTERN) as d:
        rules_of(d)
        d.start()
        write(d, "now", 0, 50)
        seen(d, "now", 50)
        late = d.metric("postern_events_late_total")
        write(d, "old", 0, 5, back=3 * 86400)
        seen(d, "old", 5)
        daemon.wait_for("late lines in the figures", lambda: d.metric("postern_events_late_total") >= (late or 0) + 5)
        d.stop()


def case_disk():
    """The state on a file system that is nearly full."""
    if os.getuid():
        print("watch: disk: only root can make a small file system")
        return
    hooked = hook.Hook()
    with daemon.Daemon(POSTERN) as d:
        noticing(d, hooked)
        d.state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(d.state)], check=True)
        try:
            d.start()
            write(d, "disk", 0, 5)
            seen(d, "disk", 5)
            with open(d.state / "filler", "wb") as f:
                os.posix_fallocate(f.fileno(), 0, os.statvfs(d.state).f_bavail * os.statvfs(d.state).f_bsize - (2 << 20))
            daemon.wait_for("a word about the disk", lambda: told(hooked, "disk|space"), 240, 0.5)
            (d.state / "filler").unlink()
            write(d, "disk", 5, 5)
            seen(d, "disk", 10)
            d.stop()
        finally:
            if d.parent and d.parent.poll() is None:
                d.kill_group()
            subprocess.run(["umount", "-l", str(d.state)], check=False)
    hooked.close()


# ---- a parent that is stopped, refused protections -----------------------------------------------------------------------------------------
def case_refused():
    """A user that is not there, a port that is taken, a folder that cannot be written: no start, and a word why."""
    with daemon.Daemon(POSTERN) as d:
        rules_of(d)
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wrong = [({"metrics": f"127.0.0.1:{taken.getsockname()[1]}"}, r"metrics|127\.0\.0\.1"),
                 ({"sources": {**d.config["sources"], "syslog": [{"tcp": f"127.0.0.1:{taken.getsockname()[1]}"}]}}, r"127\.0\.0\.1")]
        if os.getuid() == 0:
            wrong.append(({"user": "no-such-user"}, r"no-such-user"))
        for change, word in wrong:
            d.write_config(daemon.yaml({**d.config, **change}))
            p = d.run("watch", "--config", d.path, "--state", d.state, check=False)
            expect(p.returncode in (2, 3) and re.search(word, p.stderr), f"{change}: exit {p.returncode}, {p.stderr!r}")
        taken.close()
        expect(not daemon.Daemon.members(d), "processes are left")


CASES = {name[5:]: fn for name, fn in list(globals().items()) if name.startswith("case_") and name != "case_reload_bad"}


def main():
    for name in sys.argv[2:] or CASES:
        before = len(errors)
        start = time.monotonic()
        try:
            CASES[name]()
        except daemon.Failure as e:
            errors.append(f"{name}: {e}")
        print(f"watch: {name}: {'ok' if len(errors) == before else 'FAILED'} ({time.monotonic() - start:.1f} s)", flush=True)
    for e in errors:
        print("watch:", e)
    return 1 if errors else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
