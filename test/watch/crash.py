#!/usr/bin/env python3
"""crash.py POSTERN [--kills N] [--seed N] [--every SECONDS] [--no-undisturbed] [--keep] - nothing is lost or doubled, whatever is killed.

The practice incident is written into live files that are rotated meanwhile, with numbered lines between, and more numbered lines come over TCP.
At N random moments the engine, the parent, the notifier, a receiver, or all of them at once get SIGKILL. What the daemon does not start again
itself is started again, sometimes only to be killed while it starts. In the end every line must have been judged once: each numbered line counts
once, files are read to their ends, findings and incidents are those of an undisturbed run (with --no-undisturbed: of postern scan), and each
webhook came once, or later ones say that they are repeats.
"""
import argparse
import collections
import os
import random
import sys
import threading
import time

import careful
import compare
import daemon
import hook
import logs
import replay

TARGETS = [("engine", 35), ("parent", 20), ("everything", 20), ("notifier", 10), ("receiver", 15)]
ROTATE = 12                                 # seconds between two rotations of a log: a pack waits for two until it is taken for whole
TCP = {"tcp": False, "tcp-counted": True}   # run -> octets counted


def lines_to_write(every):
    lines, n = logs.markers(logs.load(), every, "app1", "app1/var/log/auth.log", "file")
    count = {"file": n}
    for k, run in enumerate(TCP):
        out, count[run] = [], 0
        for i, x in enumerate(lines, 1):
            out.append(x)
            if i % (every * 2) == k:
                out.append(logs.Line(x.t, run, logs.marker(x.t, "app2", run, count[run])))
                count[run] += 1
        lines = out
    return lines, count


def set_up(d, hooked, port):
    d.config.update(rules=compare.write_rules(d.folder), org=str(compare.write_org(d.folder)), hold="300ms")
    d.config["sources"]["syslog"] = [{"tcp": f"127.0.0.1:{port}"}]
    d.config["notify"] = {"group": "2s", "most_per_hour": 100000, "attempts": 1000, "retry": {"first": "1s", "longest": "2s"},
                          "channels": [hooked.channel(d.folder, d.user, min_level="low")]}


class Killer:
    """Kills at random moments and starts what does not come back by itself."""

    def __init__(self, d, rng, every):
        self.d, self.rng, self.every = d, rng, every
        self.killed, self.by_parent, self.by_test, self.starting = collections.Counter(), 0, 0, 0
        self.errors = []

    def one(self):
        time.sleep(self.rng.uniform(0, 2 * self.every))
        target = self.rng.choices([t for t, _ in TARGETS], [w for _, w in TARGETS])[0]
        roles = self.d.roles()
        if target == "everything":
            self.d.kill_group()
        elif target in roles:
            self.d.kill(roles[target])
        else:
            return                       # it is just being started again: no kill, so it does not count
        self.killed[target] += 1
        if target in ("everything", "parent"):
            self.d.reap()
            self.restart()
        else:
            self.wait_back(target, roles[target])

    def wait_back(self, target, pid):
        """Mostly until it is there again; now and then the next one is killed right away."""
        if self.rng.random() < 0.2:
            return
        def back():
            return self.d.parent.poll() is not None or self.d.roles().get(target, pid) != pid
        daemon.wait_for(f"the {target} to be started again", back)
        if self.d.parent.poll() is not None:
            self.errors.append(f"the parent ended with {self.d.parent.returncode} after its {target} was killed")
            self.d.reap()
            self.restart()
        else:
            self.by_parent += 1

    def restart(self):
        self.by_test += 1
        while self.rng.random() < 0.15:  # killed while it starts
            self.d.start(ready=False)
            time.sleep(self.rng.uniform(0, 0.6))
            self.d.kill_group()
            self.starting += 1
            self.killed["everything, starting"] += 1
        self.d.start()

    def total(self):
        return sum(self.killed.values())


def unread(d):
    """Files of the logs folder that the state does not say were read to their end. After the end of the daemon."""
    rows = {r["ino"]: r for r in d.query("SELECT path,ino,pos,done FROM source")}
    out = []
    for p in sorted(d.logs.glob("**/*")):
        if not p.is_file() or p.suffix == ".gz":      # what is in a packed file was, or was not, read under another name: markers tell
            continue
        st = os.stat(p)
        r = rows.get(st.st_ino)
        if not r and st.st_size:
            out.append(f"{p} ({st.st_size} bytes) is not known")
        elif r and r["pos"] != st.st_size:
            out.append(f"{p}: {r['pos']} of {st.st_size} bytes were read")
    return out


def untold(d, hooked):
    """What the state says of an incident must have been told."""
    names = ["informational", "low", "medium", "high", "critical"]
    told = {(r.incident, r.json.get("level"), tuple(sorted(r.stages))) for r in hooked.taken()}
    return [f"incident {r['id']} was not told as it is in the end" for r in compare.open_incidents(d)
            if (r["id"], names[r["level"]], tuple(sorted(compare.stage_names(r["stages"])))) not in told]


def settle(d, count):
    for run, n in count.items():
        daemon.wait_for(f"the {n} markers of {run}", lambda run=run, n=n: compare.markers_seen(d, run)[1] >= n, 240, 0.2)
    daemon.wait_for("the outbox to be empty", lambda: not d.query("SELECT 1 FROM outbox WHERE state=0 LIMIT 1"), 120, 0.2)


def verdict(d, hooked, count, senders):
    errors = [e for run, n in count.items() for e in compare.marker_problems(d, run, n)]
    errors += [f"{name}: not everything came into the spool" for name, ok in senders.items() if not ok]
    errors += [f"webhook {r.id}: {p}" for r in hooked.taken() for p in r.problems]
    errors += [f"webhook {i} came again and was not marked as a repeat" for i in hooked.doubled()]
    sent = {r["id"] for r in d.query("SELECT id FROM outbox WHERE state=1")}
    errors += [f"webhook {i} counts as sent, but never came" for i in sent - {r.id for r in hooked.taken()}]
    errors += [f"webhook {r['id']} was given up" for r in d.query("SELECT id FROM outbox WHERE state=2")]
    return errors + untold(d, hooked)


def after(d):
    errors = unread(d)
    p = d.run("state", "--state", d.state, "check", check=False)
    if p.returncode:
        errors.append(f"state check: {p.stdout.strip()} {p.stderr.strip()}")
    if (d.state / "audit.log").exists():
        p = d.run("log", "--state", d.state, "verify", check=False)
        if p.returncode:
            errors.append(f"log verify: {p.stdout.strip()} {p.stderr.strip()}")
    return errors


def refusing(rng):
    """Now and then the receiver of webhooks has it, and says or does something else."""
    lock = threading.Lock()

    def fail(_):
        with lock:
            x = rng.random()
        return 500 if x < 0.05 else "drop" if x < 0.1 else 200
    return fail


def run(opt, kills, seconds):
    """(errors, snapshot of the state, summary)"""
    rng = random.Random(opt.seed)
    lines, count = lines_to_write(100)
    span = lines[-1].t - lines[0].t
    moments = replay.schedule(lines, [], 1, span / seconds)
    hooked, port = hook.Hook(fail=refusing(random.Random(opt.seed + 1))), daemon.free_port()
    with daemon.Daemon(opt.postern, keep=opt.keep) as d:
        set_up(d, hooked, port)
        r = replay.Replay(d.logs, lines, moments, rotate_every=span / seconds * ROTATE)
        r.prepare(len(lines) // 20)
        d.start()
        spool = careful.Spool(d.state / "spool", d.folder / "spooled")
        senders = {run: careful.Careful(("127.0.0.1", port), spool, counted) for run, counted in TCP.items()}
        r.sockets = senders
        k = Killer(d, rng, opt.every)
        r.start()
        while k.total() < kills and not r.error:
            k.one()
        r.join()
        if d.parent.poll() is not None:
            k.restart()
        finished = {name: s.finish(daemon.LONG) for name, s in senders.items()}
        settle(d, count)
        errors = k.errors + verdict(d, hooked, count, finished)
        snapshot = ({compare.finding_of_state(x) for x in d.findings()}, {compare.incident_of_state(x) for x in compare.open_incidents(d)})
        d.stop()
        errors += after(d)
    hooked.close()
    repeats = sum(x.repeat for x in hooked.taken())
    summary = (f"{len(lines)} lines, {r.rotated} rotations, {k.total()} kills ({', '.join(f'{n} {t}' for t, n in sorted(k.killed.items()))}), started again "
               f"{k.by_parent} times by the daemon and {k.by_test} by the test; {sum(s.again for s in senders.values())} lines sent again over TCP; "
               f"{len(hooked.taken())} webhooks, {repeats} of them repeats")
    return errors, snapshot, summary


def reference(opt):
    """What an undisturbed run finds, or what scan does."""
    if not opt.no_undisturbed:
        errors, snapshot, summary = run(opt, 0, 60)
        print("crash: undisturbed:", summary, flush=True)
        return errors, snapshot
    lines, _ = lines_to_write(100)
    plain = [logs.Line(x.t, "app2/var/log/auth.log", x.data) if x.stream in TCP else x for x in lines]
    with daemon.tempfile.TemporaryDirectory() as d:
        findings, incidents, _ = compare.scan(opt.postern, plain, compare.write_rules(d))
    return [], (set(map(compare.finding_of_report, findings)), set(map(compare.incident_of_report, incidents)))


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("postern")
    p.add_argument("--kills", type=int, default=200)
    p.add_argument("--seed", type=int, default=None)
    p.add_argument("--every", type=float, default=1.5, help="seconds between two kills, on average")
    p.add_argument("--no-undisturbed", action="store_true")
    p.add_argument("--keep", action="store_true")
    opt = p.parse_args(argv)
    opt.seed = int(time.time()) if opt.seed is None else opt.seed
    print(f"crash: seed {opt.seed}", flush=True)
    errors, want = reference(opt)
    try:
        more, have, summary = run(opt, opt.kills, max(40, opt.kills * (opt.every + 1)))
        print("crash:", summary)
        errors += more
        errors += compare.differences("finding", want[0], have[0]) + compare.differences("incident", want[1], have[1])
    except daemon.Failure as e:
        errors.append(str(e))
    for e in errors[:60]:
        print("crash:", e)
    print(f"crash: {len(errors)} problems")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
