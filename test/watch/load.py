#!/usr/bin/env python3
"""load.py POSTERN SENDER [--rate LINES] [--seconds N] [--overload N] [--connections N] [--spool SIZE] [--keep] - many lines over TCP.

SENDER is bench/send.c, built. It sends lines of sshd, sudo and cron (bench/gen_logs.py) at the given rate over loopback to postern watch, then as
fast as they are taken (--overload seconds) against a small spool (--spool), where senders have to wait. Every line that was sent must have been received, and every numbered line
judged once; what is printed beside that - rates, delays, waiting senders, processor time - is measured, not judged.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import compare
import daemon
import logs


def generate(path):
    with open(path, "wb") as out:
        subprocess.run([sys.executable, str(logs.ROOT / "bench" / "gen_logs.py"), "auth", "20"], stdout=out, check=True)


def cpu_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            v = f.read().rsplit(")", 1)[1].split()
        return (int(v[11]) + int(v[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def memory_mb(pid):
    return int(daemon.status(pid).get("VmHWM", "0 kB").split()[0]) / 1024


def spool_bytes(d):
    total = 0
    for p in (d.state / "spool").glob("**/*"):
        try:
            total += p.stat().st_size if p.is_file() else 0
        except OSError:
            pass
    return total


class Load:
    def __init__(self, d, opt, port, log):
        self.d, self.opt, self.port, self.log, self.sent, self.largest = d, opt, port, log, 0, 0
        self.errors = []

    def look(self):
        self.largest = max(self.largest, spool_bytes(self.d))

    def judged(self, run, n):
        self.look()
        return compare.markers_seen(self.d, run)[1] >= n

    def one(self, run, rate, seconds):
        """Sends, waits until it is judged, tells."""
        self.largest, roles = 0, self.d.roles()
        before, cpu = self.d.metrics(), {r: cpu_seconds(p) for r, p in roles.items()}
        start = time.monotonic()
        p = subprocess.Popen([self.opt.sender, self.log, "127.0.0.1", str(self.port), str(rate), str(seconds), str(self.opt.connections),
                              str(self.opt.marker_every), run], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while p.poll() is None:
            self.look()
            time.sleep(0.05)
        out, err = p.communicate()
        if p.returncode:
            self.errors.append(f"{run}: the sender failed: {err.strip()}")
            return
        r = json.loads(out)
        self.sent += r["lines"]
        daemon.wait_for(f"the {r['markers']} markers of {run}", lambda: self.judged(run, r["markers"]), 900, 0.2)
        took = time.monotonic() - start
        self.tell(run, rate, r, took, before)
        print("load:   processor seconds: " + ", ".join(f"{x} {cpu_seconds(p) - cpu[x]:.1f}" for x, p in roles.items()) +
              "; most memory: " + ", ".join(f"{x} {memory_mb(p):.0f} MB" for x, p in roles.items()))
        self.errors += [f"{run}: {e}" for e in compare.marker_problems(self.d, run, r["markers"])]

    def tell(self, run, rate, r, took, before):
        print(f"load: {run}: {r['lines']:,} lines, {r['bytes'] / 1e6:,.0f} MB, sent in {r['seconds']:.1f} s ({r['lines'] / r['seconds']:,.0f} lines/s"
              f"{'' if not rate else f', the sender at most {r_behind(r)} behind'}), taken by the receiver after {r['drained']:.1f} s, judged "
              f"{max(0, took - r['drained']):.1f} s later; the spool held at most {self.largest / 1e6:,.1f} MB")
        after = self.d.metrics()
        rise = {k: after[k] - before.get(k, 0) for k in sorted(after) if after[k] != before.get(k, 0)}
        for k, v in rise.items():
            if any(w in k for w in ("line", "drop", "wait", "spool", "behind", "lag", "late", "refused")):
                print(f"load:   {k} {v:+,.3f}".rstrip("0").rstrip("."))

    def finish(self):
        """Every line that was sent is in the figures, of the receiver and of the engine."""
        for name in ("postern_received_lines_total", "postern_lines_total"):
            try:
                daemon.wait_for(name, lambda name=name: self.d.metric(name) == self.sent, 20)
            except daemon.Failure:
                self.errors.append(f"{name} is {self.d.metric(name)}, {self.sent} lines were sent")
        dropped = self.d.metric("postern_received_dropped_total")
        if dropped:
            self.errors.append(f"{dropped:.0f} lines were dropped")


def r_behind(r):
    return f"{r['behind'] * 1000:.0f} ms"


def options(argv):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("postern")
    p.add_argument("sender")
    p.add_argument("--rate", type=int, default=200000)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--overload", type=int, default=20)
    p.add_argument("--connections", type=int, default=4)
    p.add_argument("--marker-every", type=int, default=1000)
    p.add_argument("--spool", default="64MB")
    p.add_argument("--keep", action="store_true")
    return p.parse_args(argv)


def main(argv=None):
    opt = options(argv)
    errors = []
    # the first at the spool's default size, the second against a small one, so that senders have to wait
    phases = [("load", opt.rate, opt.seconds, "1GB"), ("overload", 0, opt.overload, opt.spool)]
    try:
        for name, rate, seconds, spool in phases:
            if not seconds:
                continue
            port = daemon.free_port()
            with daemon.Daemon(opt.postern, keep=opt.keep) as d:
                d.config["rules"] = compare.write_rules(d.folder)
                d.config["sources"].update(files=[], syslog=[{"tcp": f"127.0.0.1:{port}"}], spool=spool)
                generate(d.folder / "auth.log")
                d.start()
                x = Load(d, opt, port, str(d.folder / "auth.log"))
                x.one(name, rate, seconds)
                x.finish()
                errors += x.errors
                d.stop()
    except daemon.Failure as e:
        errors = [*errors, str(e)]
    for e in errors:
        print("load:", e)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
