#!/usr/bin/env python3
"""Ways to get in without right, against real sshd, PAM, sudo and ssh: none may work. And Postern broken in every way: the administrator gets in, nobody else.

usage: gate_attacks.py POSTERN [open] [GROUP...]      (open: against a server without the gate, to see which attacks work there)

An attack counts as in when its payload ran (a file that only it makes), not by what somebody says. For each kind of payload a control with every
right does the same and must succeed. Prints a table. Needs root, namespaces and the programs of script/deps test; exit 77 otherwise.
RACES=50 in the environment: so many rounds of login against revoke (default 5).
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "gate"))
import attacks as A
import attacks_inside as I
import attacks_login as N
import breakages as B
import lab as L
import openly as O
import people as P
import world as W

LEAST = 60


def controls(a):
    for name, kw in (("a command", {}), ("a shell", {"shell": True}), ("a shell with a terminal", {"shell": True, "tty": True}), ("an RSA key", {"key": "jansen-rsa", "person": "jansen"})):
        a.gate.fresh("jansen")
        a.control(f"with every right: {name}", *a.login(**kw))
    a.control("with every right: sftp", *I.sftp(a, "filer"))
    p = a.lab.ssh("deploy", "lister", "/usr/bin/uptime", code=a.gate.code("lister"))
    a.control("with every right: a listed command", "load average" in p.stdout, A.told(p))
    p = a.lab.ssh("deploy", "lister", "/usr/bin/id deploy", code=a.gate.code("lister"))
    a.control("with every right: a listed command with an argument", "uid=" in p.stdout, A.told(p))


GROUPS = {
    "controls": controls,
    "grants": lambda a: a.run(N.jobs_of_grants(a)),
    "keys": lambda a: a.run(N.jobs_of_keys(a)),
    "codes": lambda a: a.run(N.jobs_of_codes(a), 1),
    "replays": N.replays,
    "names": lambda a: a.run(N.jobs_of_names(a)),
    "commands": lambda a: a.run(I.jobs_of_commands(a), 1),
    "forwarding": lambda a: (I.listen(), a.run(I.jobs_of_forwarding(a), 1)),
    "afterwards": I.afterwards,
    "outside": I.without_grant,
    "socket": B.forged_asks,
    "recorder": I.recorder,
    "stops": I.service_stops,
    "clock": N.clock_back,
    "race": lambda a: N.race(a, int(os.environ.get("RACES", "5"))),
    "breakages": B.breakages,
}


def main():
    L.enter(("/usr/bin/pamtester",))
    lab = L.Lab(sys.argv[1])
    openly = sys.argv[2:3] == ["open"]
    wanted = sys.argv[2 + openly:] or list(GROUPS)
    if openly:
        gate = O.populate(lab, N.certificates)
    else:
        gate = W.Gate(lab)
        P.populate(lab, gate, N.certificates)
    a = A.Arena(lab, gate)
    for name in wanted:
        GROUPS[name](a)
        lab.reap()
        a.control(f"after {name}: a good login is let in", *a.login(key="jansen"))
    good = a.report(LEAST if wanted == list(GROUPS) else 0)
    gate.end()
    lab.close()
    sys.exit(0 if good or openly else 1)


main()
