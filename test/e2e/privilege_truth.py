#!/usr/bin/env python3
"""Reach, cut and suggest against real hosts: nine machines in namespaces with real sshd, sudo and accounts; what is reachable is found by trying each step and set
against the graph of `postern privilege`. Needs root. usage: privilege_truth.py POSTERN [FOLDER for the truth, the snapshots and the differences]"""
import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "privilege"))

import hosts  # noqa: E402

hosts.enter()

import compare  # noqa: E402
import remove  # noqa: E402
import scene  # noqa: E402
import suggest  # noqa: E402
import truth  # noqa: E402

# Pairs whose cut is made for real; each on other hosts than the others'.
CUTS = (("xaver@work1", "root@work1"), ("all@app1", "backup@db1"), ("deploy@web1", "worker@app1"))
failures = []


def check(good, what):
    if not good:
        failures.append(what)
    print(("ok: " if good else "NOT ok: ") + what, flush=True)


def collect(net, postern, folder):
    """Snapshots of each host: as it runs, from within, and as a root from outside."""
    for kind in ("live", "root"):
        os.makedirs(f"{folder}/{kind}")
    for h in net.servers():
        shutil.copy(postern, f"{h.root}/run/postern-lab")
        live = h.run("root", "/run/postern-lab", "privilege", "collect")
        os.unlink(f"{h.root}/run/postern-lab")
        root = hosts.sh(postern, "privilege", "collect", "--root", h.root)
        for kind, p in (("live", live), ("root", root)):
            if p.returncode:
                check(False, f"collect {kind} {h.name}: status {p.returncode}: {p.stderr[-500:]}")
            with open(f"{folder}/{kind}/{h.name}.json", "w", encoding="utf-8") as f:
                f.write(p.stdout)
        for secret in (h.keys.text(n).split("\n")[3] for n in h.keys.names):
            if secret in live.stdout + root.stdout:
                check(False, f"{h.name}: a line of a private key is in the snapshot")


def cuts(net, real, postern, snapshots):
    """What cut names is taken away, and then the start reaches the goal no more."""
    for start, goal in CUTS:
        place = lambda text: tuple(reversed(text.split("@")))  # noqa: E731
        check(place(goal) in real.closure(place(start))[0], f"cut: {start} reaches {goal} before")
        p = hosts.sh(postern, "privilege", "cut", "--snapshot", snapshots, "--from", start, "--to", goal, "--format", "json")
        if p.returncode:
            check(False, f"cut {start} {goal}: {p.stderr}")
            continue
        said = json.loads(p.stdout)
        check(said["possible"] and said["proven"] and said["take_away"], f"cut {start} {goal}: {len(said['take_away'])} rights, proven")
        why = remove.take_away(net, said["take_away"])
        check(not why, f"cut {start} {goal}: taken away {why}")
        have = real.explore(place(start))
        check(place(goal) not in have, f"cut: {start} reaches {goal} no more ({len(have)} accounts are still reached)")


def main():
    postern = os.path.abspath(sys.argv[1])
    folder = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else f"{hosts.BASE}/out"
    shutil.rmtree(f"{folder}/live", ignore_errors=True)
    shutil.rmtree(f"{folder}/root", ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    begin = time.monotonic()
    said = lambda what: print(f"{time.monotonic() - begin:6.1f} s  {what}", flush=True)  # noqa: E731
    net, keys = scene.build()
    net.start()
    said(f"{len(net.servers())} hosts, {sum(len(h.accounts) for h in net.servers())} accounts")
    suggest.work(net)
    collect(net, postern, folder)
    said("snapshots")
    real = truth.Truth(net, keys)
    real.enumerate()
    with open(f"{folder}/truth.json", "w", encoding="utf-8") as f:
        json.dump(real.json(), f, indent=1)
    said("the truth")
    for kind in ("live", "root"):
        d = compare.compare(real if kind == "live" else real.without_agents(), postern, f"{folder}/{kind}", real.prints(keys))
        with open(f"{folder}/differences.{kind}", "w", encoding="utf-8") as f:
            f.write(d.text(10000) + "\n")
        print(d.text(12))
        check(not d.missing, f"{kind}: no edge is missing")
        check(not d.wrong, f"{kind}: no edge that is said for certain does not work")
        check(3 * d.certain >= 2 * d.pairs > 6000, f"{kind}: {d.certain} of {d.pairs} reachable pairs are said for certain, not with a perhaps")
    said("compared")
    suggest.check(net, postern, f"{folder}/live", folder, check)
    said("suggest")
    cuts(net, real, postern, f"{folder}/live")
    said("cut")
    for f in failures:
        print("FAILED:", f)
    sys.exit(1 if failures else 0)


main()
