"""The people of the attacks' world: each with a key, a second factor and a grant that is wrong in one way, or right."""
import os
import sqlite3
import time

import lab as L
import world as W

HOUR = 3600
# person -> (provider, what is asked for beside the usual: account deploy, host srv01, from HERE, for an hour, a shell)
PEOPLE = {
    "jansen": ("hafenlicht", {"may": "shell"}), "jansen2": ("hafenlicht", {"may": "shell"}), "lister": ("hafenlicht", {"commands": ["/usr/bin/uptime", "/usr/bin/id *"]}),
    "filer": ("hafenlicht", {"may": "sftp"}), "forward": ("hafenlicht", {"may": "shell"}), "codes": ("hafenlicht", {"may": "shell"}), "replay": ("hafenlicht", {"may": "shell"}),
    "parallel": ("hafenlicht", {"may": "shell"}), "recovery": ("hafenlicht", {"may": "shell"}), "flood": ("hafenlicht", {"may": "shell"}), "bare": ("hafenlicht", {"may": "shell"}),
    "unconfirmed": ("hafenlicht", {"may": "shell"}), "resetted": ("hafenlicht", {"may": "shell"}), "stayer": ("hafenlicht", None), "racer": ("hafenlicht", None),
    "ended": ("hafenlicht", {"may": "shell", "lasts": 4}), "early": ("hafenlicht", {"may": "shell", "begins": 2 * HOUR}), "revoked": ("hafenlicht", {"may": "shell"}),
    "asked": ("hafenlicht", {"may": "shell", "approved": False}), "refused": ("hafenlicht", {"may": "shell", "approved": False}), "longer": ("hafenlicht", {"may": "shell", "lasts": 4}),
    "suspended": ("hafenlicht", {"may": "shell"}), "badfirm": ("badfirm", {"may": "shell"}), "oldfirm": ("oldfirm", {"may": "shell"}), "hours": ("hafenlicht", {"may": "shell", "hours": True}),
    "otherhost": ("hafenlicht", {"may": "shell", "host": "srv02"}), "petrov": ("hafenlicht", None), "edited": ("hafenlicht", {"may": "shell", "account": "wartung"}),
    "keygone": ("hafenlicht", {"may": "shell"}),
}
NOT_ENROLLED = ("bare",)


def keys(lab):
    for name in PEOPLE:
        if name not in lab.key:
            path = f"{lab.dir}/keys/{name}"
            L.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path)
            lab.key[name] = path


def grants(gate):
    out = {}
    for name, (_, want) in PEOPLE.items():
        if want is None:
            continue
        want = dict(want)
        now = time.time()
        begins, lasts, approved, hours = (want.pop(k, d) for k, d in (("begins", 0), ("lasts", HOUR), ("approved", True), ("hours", False)))
        if hours:                                              # a day of the week that is neither today nor tomorrow
            day = (time.gmtime(now).tm_wday + 3) % 7
            want["windows"] = ["Mon Tue Wed Thu Fri Sat Sun".split()[day] + " 10:00-11:00"]
        out[name] = gate.grant(name, begin=now + begins if begins else None, until=now + begins + lasts, approve=approved, **want)
    return out


def populate(lab, gate, certificates):
    gate.quick = True
    keys(lab)
    certificates(lab)
    gate.found(("hafenlicht", "badfirm", "oldfirm"))
    for name, (provider, _) in PEOPLE.items():
        gate.person(name, provider, *([name, "jansen-rsa"] if name == "jansen" else []))
    for name in PEOPLE:
        if name not in NOT_ENROLLED:
            gate.enroll(name, confirm=name != "unconfirmed")
    issued = grants(gate)
    gate.revoke(issued["revoked"])
    gate.refuse(issued["refused"])
    gate.must("grant", "extend", issued["longer"], "--until", W.iso(time.time() + 2 * HOUR))
    gate.must("person", "suspend", "suspended", "--reason", "lost the laptop")
    gate.must("provider", "suspend", "badfirm", "--reason", "an incident")
    gate.must("person", "key", "keygone", "remove", lab.fingerprint("keygone"))
    gate.must("mfa", "reset", "resetted")
    db = sqlite3.connect(f"{W.STATE}/gate.db", timeout=10)
    with db:
        db.execute("UPDATE provider SET until=? WHERE id='oldfirm'", (int((time.time() - HOUR) * 1e9),))
        db.execute("UPDATE permit SET account='deploy' WHERE id=?", (issued["edited"],))
    db.close()
    why = gate.configure()
    if why:
        raise SystemExit(f"sshd does not like its configuration: {why}")
    if not gate.serve():
        raise SystemExit("postern gate serve ended at its start: " + L.read(f"{lab.dir}/log/serve.out"))
    time.sleep(max(0, 4.5))                                    # the short grants run out
