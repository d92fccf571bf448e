#!/usr/bin/env python3
"""The closed loop: from the malicious line in a log to the provider's session ended, on real parts.

usage: loop.py POSTERN [RUNS]

`postern watch` follows the logs of other servers, `postern gate serve` holds the grants of this one; each run has a provider of its own with a real
session open, in which a process that ignores hang-ups shows that it lives. Then one line is written: the provider's key, used from a network that
org.yaml does not know. Measured: from the line's write until that process is gone. Also said: how long until the first sign of the answer (the
provider suspended in the state) came. Nothing is asserted about times.
"""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as L
import world as W

FOLDER, WATCHED = "/etc/postern", f"{L.BASE}/logs"


def organisation(lab, names):
    return {"organisation": {"name": "Institut", "networks": ["10.77.0.0/16"]},
            "hosts": [{"name": f"h-{n}"} for n in names] + [{"name": L.HOST}],
            "providers": [{"id": n, "name": n.capitalize(), "networks": [f"10.88.{i}.0/24"], "persons": [{"name": f"Person of {n}", "accounts": [f"acc-{n}"], "keys": [lab.fingerprint(n)]}]}
                          for i, n in enumerate(names)]}


def people(lab, gate, names):
    gate.quick = True
    gate.found(names)
    for n in names:
        path = f"{lab.dir}/keys/{n}"
        L.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", n, "-f", path)
        lab.key[n] = path
        gate.person(n, n)
        gate.enroll(n)
        gate.grant(n, may="shell", until=time.time() + 7200)


def watch(lab, names):
    os.makedirs(FOLDER, exist_ok=True)
    for n in names:
        L.write(f"{WATCHED}/h-{n}/var/log/auth.log", f"{stamp()} h-{n} CRON[1]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)\n")
    L.write(f"{FOLDER}/org.yaml", json.dumps(organisation(lab, names)))
    config = {"sources": {"files": [WATCHED], "history": True}, "user": "nobody", "org": f"{FOLDER}/org.yaml",
              "respond": {"dry_run": False, "rules": [{"level": "high", "do": ["suspend-provider"]}]}}
    L.write(f"{FOLDER}/postern.yaml", json.dumps(config))
    p = lab.start("/usr/bin/postern", "watch", "--config", f"{FOLDER}/postern.yaml", "--state", W.STATE, stdout=open(f"{lab.dir}/log/watch", "w"), stderr=subprocess.STDOUT)
    time.sleep(4)
    if p.poll() is not None:
        raise SystemExit("postern watch ended: " + L.read(f"{lab.dir}/log/watch"))
    return p


def stamp():
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}+00:00"


def one(lab, gate, name, number):
    """Seconds from the line to the end of the session's process."""
    pid_file = f"{L.BASE}/proof/{name}"
    s = lab.session("deploy", name, None, code=gate.code(name), tty=True)
    s.stdin.write(f"trap '' HUP TERM; (setsid sh -c 'echo $$ >{pid_file}; exec sleep 600' &)\n".encode())
    s.stdin.flush()
    pid = L.wait_for(lambda: L.read(pid_file).strip(), 20)
    if not pid:
        lab.stop(s)
        raise SystemExit(f"{name}: no session: {s.stdout.read()[-2000:]!r}\n{lab.said(0)[-2000:]}")
    line = (f"{stamp()} h-{name} sshd[{4000 + number}]: Accepted publickey for acc-{name} from 203.0.113.{10 + number % 200} port 4{number:04d} ssh2: "
            f"ED25519 {lab.fingerprint(name)}\n")
    with open(f"{WATCHED}/h-{name}/var/log/auth.log", "a", encoding="utf-8") as f:
        f.write(line)
    began = time.monotonic()
    gone = L.wait_for(lambda: L.state(int(pid)) in ("", "Z", "X"), 20, 0.002)
    took = time.monotonic() - began
    lab.stop(s)
    return took if gone else None


def main():
    L.enter()
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    lab = L.Lab(sys.argv[1])
    gate = W.Gate(lab)
    os.makedirs(f"{L.BASE}/proof", exist_ok=True)
    os.chmod(f"{L.BASE}/proof", 0o1777)
    names = [f"firm{i:02d}" for i in range(runs)]
    people(lab, gate, names)
    why = gate.configure()
    if why or not gate.serve():
        raise SystemExit(why or L.read(f"{lab.dir}/log/serve.out"))
    w = watch(lab, names)
    took = []
    for i, n in enumerate(names):
        t = one(lab, gate, n, i)
        took.append(t)
        if t is None and len(took) < 3:
            print(f"{n}: the session goes on\n{L.read(f'{lab.dir}/log/watch')[-2000:]}")
    ended = [t for t in took if t is not None]
    again = gate.run("provider", "resume", names[0], "--reason", "looked at")
    back = lab.ssh("deploy", names[0], "echo back", code=gate.code(names[0]))
    print(f"{len(ended)} of {runs} sessions ended; one command resumes: {'yes' if again.returncode == 0 and 'back' in back.stdout else 'NO ' + again.stderr + back.stderr}")
    if ended:
        print(f"from the line to the end of the session: median {L.percentile(ended, 50) * 1000:.0f} ms, p99 {L.percentile(ended, 99) * 1000:.0f} ms, most {max(ended) * 1000:.0f} ms")
    lab.stop(w)
    gate.end()
    lab.close()
    sys.exit(0 if len(ended) == runs and again.returncode == 0 and "back" in back.stdout else 1)


main()
