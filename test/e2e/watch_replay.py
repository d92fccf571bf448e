#!/usr/bin/env python3
"""watch_replay.py POSTERN [--long] [--keep] - the practice incident as it happens.

Three weeks of logs go to postern watch: the first days lie there at its start, the rest is written into live files that are rotated
meanwhile, and a part through syslog sockets (UDP, TCP in both framings, Unix). Five minutes around every line of the intruder run at 1,000
times their own speed, the time between them at 100,000; with --long everything runs at 1,000 (half an hour).

Fails when findings, incidents, stages or levels differ from what postern scan says of the same lines, when a marker line is lost or counted
twice, or when a webhook is missing, unsigned, or doubled without being marked. Prints, without judging them, median and 99th percentile of the
time from the line that was written last of what a change rests on to the incident changed in the state, and to the webhook received.
"""
import collections
import sqlite3
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "watch"))
import compare  # noqa: E402
import daemon  # noqa: E402
import hook  # noqa: E402
import logs  # noqa: E402
import replay  # noqa: E402

THROUGH = {"tcp": "web2/var/log/auth.log", "tcp-counted": "mail1/var/log/auth.log", "udp": "bastion1/var/log/cron.log", "unix": "patch1/var/log/auth.log"}
HISTORY_DAYS = 4


class Watcher(threading.Thread):
    """Looks at the table of incidents every few milliseconds: changes are (wall clock in ns, row)."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.changes, self.ended = path, [], threading.Event()

    def run(self):
        db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        db.row_factory = sqlite3.Row
        version, rows = None, {}
        while not self.ended.wait(0.003):
            try:
                now = db.execute("PRAGMA data_version").fetchone()[0]
                if now == version:
                    continue
                version = now
                at = time.time_ns()
                for r in db.execute("SELECT id,level,stages,findings,last,updated,status FROM incident"):
                    r = dict(r)
                    if rows.get(r["id"]) != r:
                        self.changes.append((at, r))
                    rows[r["id"]] = r
            except sqlite3.OperationalError:
                continue
        db.close()


class Written:
    """When the lines of a moment were written; moments in milliseconds, as reports have them."""

    def __init__(self, lines, windows):
        self.by_time = collections.defaultdict(list)
        for x in lines:
            if any(a <= x.t <= b for a, b in windows):
                self.by_time[round(x.t * 1e6) // 1000].append(x.written)

    def before(self, moment, wall):
        """The newest line with this time that was written before `wall`, or None."""
        v = [w for w in self.by_time.get(moment, []) if 0 < w <= wall]
        return max(v) if v else None


def latencies_state(changes, written):
    out, last = [], {}
    for at, r in changes:
        if r["last"] == last.get(r["id"]):
            continue                                 # not a new line, but what was made of those before
        last[r["id"]] = r["last"]
        w = written.before(r["last"] // 1000000, at)
        if w:
            out.append((at - w) / 1e6)
    return out


def latencies_hook(received, written):
    """Of messages that are told at once, when they came the first time."""
    out, seen = [], set()
    for r in received:
        if r.id in seen or r.repeat or not r.at_once:
            continue
        seen.add(r.id)
        w = written.before(r.last, r.at)
        if w:
            out.append((r.at - w) / 1e6)
    return out


def show(what, v):
    if v:
        print(f"replay: {what}: {len(v)} times, median {daemon.quantile(v, 0.5):.1f} ms, 99th percentile {daemon.quantile(v, 0.99):.1f} ms, "
              f"longest {max(v):.1f} ms")


def lines_to_replay():
    """Lines with markers for files and for each socket; {run: number of markers}; how many lead the start."""
    lines = logs.load()
    lines, n = logs.markers(lines, 100, "app1", "app1/var/log/auth.log", "file")
    count = {"file": n}
    history = lines[0].t + HISTORY_DAYS * 86400
    for name, stream in THROUGH.items():
        rest, at = [], 0
        for x in lines:                              # what comes before the start cannot come through a socket
            rest.append(x)
            if x.stream == stream:
                if x.t < history:
                    continue
                x.stream = name
                at += 1
                if at % 20 == 0:
                    rest.append(logs.Line(x.t, name, logs.marker(x.t, "app2", name, at // 20 - 1)))
        count[name] = at // 20
        lines = rest
    return lines, count, sum(x.t < history for x in lines)


def config(d, hooked, ports):
    d.config["rules"] = compare.write_rules(d.folder)
    d.config["org"] = str(compare.write_org(d.folder))
    d.config["sources"]["syslog"] = [{"tcp": f"127.0.0.1:{ports['tcp']}"}, {"udp": f"127.0.0.1:{ports['udp']}"}, {"unix": str(d.folder / "log.sock")}]
    d.config["notify"] = {"most_per_hour": 100000, "attempts": 100, "retry": {"first": "1s", "longest": "2s"},
                          "channels": [hooked.channel(d.folder, d.user, min_level="low")]}


def connect(d, ports):
    return {"tcp": replay.Stream(("127.0.0.1", ports["tcp"])), "tcp-counted": replay.Stream(("127.0.0.1", ports["tcp"]), counted=True),
            "udp": replay.Datagrams(("127.0.0.1", ports["udp"])), "unix": replay.Datagrams(str(d.folder / "log.sock"))}


def judged_all(d, count):
    return lambda: all(compare.markers_seen(d, run)[1] >= n for run, n in count.items())


def plain(lines):
    """For scan: what came through a socket lies in a file of its host."""
    back = {name: stream for name, stream in THROUGH.items()}
    return [logs.Line(x.t, "app2/var/log/auth.log" if b"/usr/local/bin/marker" in x.data else back[x.stream], x.data) if x.stream in back else x for x in lines]


def verify(d, report, hooked, count, lines):
    errors = compare.against_report(report, d)
    for run, n in count.items():
        errors += compare.marker_problems(d, run, n)
    errors += [f"webhook {r.id}: {p}" for r in hooked.taken() for p in r.problems]
    errors += [f"webhook {i} came twice and was not marked as a repeat" for i in hooked.doubled()]
    sent = {r["id"] for r in d.query("SELECT id FROM outbox WHERE state=1")}
    errors += [f"webhook {i} counts as sent, but never came" for i in sent - {r.id for r in hooked.taken()}]
    if not hooked.taken():
        errors.append("no webhook came")
    return errors + ledger_problems(d, report, lines)


def ledger_problems(d, report, lines):
    """The figures, which are written once a second, against the ledger of scan."""
    def read():
        return d.metric("postern_lines_total") == len(lines)
    try:
        daemon.wait_for("the figures to say that all lines were read", read, 20)
    except daemon.Failure as e:
        return [f"{e}: {d.metric('postern_lines_total')} of {len(lines)}"]
    m, ledger = d.metrics(), report[2]
    out = []
    if ledger["lines"] != len(lines):
        out.append(f"scan read {ledger['lines']} lines, not {len(lines)}")
    through = sum(x.stream in THROUGH for x in lines)
    if d.metric("postern_received_lines_total") != through:
        out.append(f"{through} lines were sent, {d.metric('postern_received_lines_total')} received")
    unknown = {k: v for k, v in m.items() if "result=" in k and v and ("not understood" in k or "no known" in k)}
    print(f"replay: {m.get('postern_events_late_total', 0):.0f} lines late; not understood: {unknown or 'none'}, by scan {ledger['not_understood'] + ledger['no_format']}")
    return out


def settle(report, d):
    """Findings of the last lines may still be on their way; what stays different is told by verify()."""
    try:
        daemon.wait_for("the findings to be those of scan", lambda: not compare.against_report(report, d), 20, 0.2)
    except daemon.Failure:
        pass


def run(postern, long, keep):
    lines, count, history = lines_to_replay()
    windows = [[lines[0].t, lines[-1].t + 1]] if long else replay.windows_around(logs.answer_times(), 300)
    moments = replay.schedule(lines, windows, 1000, 100000)
    hooked = hook.Hook()
    ports = {"tcp": daemon.free_port(), "udp": daemon.free_port(daemon.socket.SOCK_DGRAM)}
    with daemon.Daemon(postern, keep=keep) as d:
        config(d, hooked, ports)
        report = compare.scan(postern, plain(lines), d.config["rules"])
        r = replay.Replay(d.logs, lines, moments, rotate_every=36 * 3600)
        r.prepare(history)
        d.start()
        before = sum(b"/usr/local/bin/marker" in x.data for x in lines[:history])
        daemon.wait_for("the lines before the start", lambda: compare.markers_seen(d, "file")[1] >= before - 1)  # the newest may wait for older ones
        watcher = Watcher(d.state / "postern.db")
        watcher.start()
        r.sockets = connect(d, ports)
        started = time.monotonic()
        r.start().join()
        took = time.monotonic() - started
        try:
            daemon.wait_for("every marker to be judged", judged_all(d, count), 60 if "--quick" in sys.argv else daemon.LONG)
        except daemon.Failure as e:
            return [str(e)] + [p for run, n in count.items() for p in compare.marker_problems(d, run, n)]
        settle(report, d)
        daemon.wait_for("the outbox to be empty", lambda: not d.query("SELECT 1 FROM outbox WHERE state=0 LIMIT 1"), 90)
        errors = verify(d, report, hooked, count, lines)
        watcher.ended.set()
        watcher.join()
        d.stop()
    hooked.close()
    written = Written(lines, windows)
    print(f"replay: {len(lines)} lines, {r.rotated} rotations, in {took:.1f} s, {'all' if long else 'five minutes around each line of the intruder'} at 1,000 "
          f"times their speed; the writer was at most {r.behind * 1000:.0f} ms behind; {len(hooked.taken())} webhooks")
    show("line written to incident changed in the state", latencies_state(watcher.changes, written))
    show("line written to webhook received", latencies_hook(hooked.taken(), written))
    return errors


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        errors = run(sys.argv[1], "--long" in sys.argv, "--keep" in sys.argv)
    except daemon.Failure as e:
        errors = [str(e)]
    for e in errors[:40]:
        print("replay:", e)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
