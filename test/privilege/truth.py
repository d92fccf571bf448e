"""The truth about the lab: every step tried, then the closure of what worked.

A step is (from, to, how): a login needs a credential and an address from which it works, so the closure is over accounts and credentials together: who has a
key uses it from every host that he reached. Passwords are not known to anybody, empty ones are to everybody."""
import concurrent.futures
import glob
import re

import logins
from hosts import sh
from locals import Local


def address_matters(h):
    """Whether anything that sshd of this host reads speaks of addresses."""
    p = sh("grep", "-rqE", "from=|Address|@10|authority|CAKeys", f"{h.root}/etc/ssh/sshd_config", *glob.glob(f"{h.root}/etc/ssh/keys"), *glob.glob(f"{h.root}/home/*/.ssh"),
           f"{h.root}/root/.ssh")
    return p.returncode == 0


class Truth:
    def __init__(self, net, keys, loud=False):
        self.net, self.loud = net, loud
        principals = sorted({a for h in net.servers() for a in h.accounts}) + ["ops", "other", "reporters"]
        self.credentials = logins.Credentials(keys, principals)
        self.loot, self.local, self.login, self.blank = {}, {}, {}, {}

    # ---- trying
    def enumerate(self):
        hosts = self.net.servers()
        targets = [(h, a) for h in hosts for a in h.accounts]
        with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
            work = [pool.submit(self._host, h) for h in hosts]
            for w in work:
                w.result()
        self._logins([(h, a) for h, a in targets if address_matters(h)], list(self.net.hosts.values()))
        self._logins([(h, a) for h, a in targets if not address_matters(h)], [self.net.hosts["outside"], hosts[0]])
        self._blanks(targets)

    def _logins(self, targets, sources):
        """Where the address cannot matter two are tried, and must agree; the others are taken to be as they."""
        found = logins.matrix(self.credentials.file, sources, targets)
        self.login.update(found)
        if len(sources) < len(self.net.hosts):
            for h, a in targets:
                got = [found.get((s.name, h.name, a), set()) for s in sources]
                if got[0] != got[1]:
                    raise SystemExit(f"{a}@{h.name}: {got[0]} from {sources[0].name}, {got[1]} from {sources[1].name}")
                if got[0]:
                    self.login.update({(s, h.name, a): got[0] for s in self.net.hosts})

    def _host(self, h):
        l = Local(h, self.credentials)
        special = l.privileged()
        for a in h.accounts:
            self.loot[h.name, a], may = l.loot(a)
            steps = self.local[h.name, a] = {}
            if a == "root":
                steps.update({b: {"root of the host"} for b in h.accounts if b != "root" and l.su("root", b)})
                continue
            for got in self._account(l, h, a, special, may):
                for b, how in got.items():
                    if b != a:
                        steps.setdefault(b, set()).add(how)
        self._su(l, h)
        l.restore()

    @staticmethod
    def _account(l, h, a, special, may):
        yield l.sudo(a)
        for program in special:
            yield {b: f"setuid {program}" for b in l.setuid(a, program)}
        for job in h.jobs:
            yield {b: job.name for b in l.job(a, job, may)}
        yield l.files(a, may)
        yield l.keys_written(a, may, lambda b, key: logins.one(h, h, b, [key])[1])
        for d in h.daemons:
            yield {b: f"socket {d}" for b in l.socket(a, d)}

    def _su(self, l, h):
        """su asks nobody's password but the target's: one account tries for all, all where PAM looks at who asks."""
        shadow = dict(line.split(":")[:2] for line in h.read("/etc/shadow").splitlines())
        others = [a for a in h.accounts if a != "root"]
        minds = re.search(r"^[^#\n]*pam_wheel", h.read("/etc/pam.d/su"), re.M)
        for target in [a for a in h.accounts if shadow[a] == ""] + ["root", others[-1]]:
            who = [a for a in others if a != target]
            if minds and target == "root":
                ok = [a for a in who if l.su(a, target)]
            else:
                ok = who if l.su(who[0], target) else []
            for a in ok:
                self.local[h.name, a].setdefault(target, set()).add("su")

    def _blanks(self, targets):
        for h, a in targets:
            if f"\n{a}::" in "\n" + h.read("/etc/shadow"):
                for s in self.net.hosts.values():
                    if logins.blank(s, h, a):
                        self.blank.setdefault(s.name, set()).add((h.name, a))

    # ---- closure
    def closure(self, start=None, credentials=(), sources=()):
        """({account: (steps, how)}, credentials) from an account (host, name), or from credentials used at sources."""
        have, keys, at = {}, dict.fromkeys(credentials, "held"), set(sources)
        if start:
            have[start] = (0, "start")
        changed = True
        while changed:
            changed = False
            for pos in list(have):
                steps = have[pos][0]
                at.add(pos[0])
                for c in self.loot.get(pos, ()):
                    if c not in keys:
                        keys[c], changed = pos, True
                for b, how in self.local.get(pos, {}).items():
                    changed |= self._add(have, (pos[0], b), steps + 1, f"{pos[1]}@{pos[0]}: {min(how)}")
            for s in list(at):
                for to in self.blank.get(s, ()):
                    changed |= self._add(have, to, 0, f"no password, from {s}")
                for (source, h, a), creds in self.login.items():
                    for c in creds & keys.keys() if source == s else ():
                        changed |= self._add(have, (h, a), 0, f"{c} (of {keys[c]}) from {s}")
        return have, keys

    @staticmethod
    def _add(have, to, steps, how):
        if to in have:
            return False
        have[to] = (steps, how)
        return True

    def json(self):
        name = lambda p: f"{p[1]}@{p[0]}"  # noqa: E731
        return {"loot": {name(p): sorted(v) for p, v in sorted(self.loot.items()) if v},
                "local": {name(p): {b: sorted(how) for b, how in sorted(v.items())} for p, v in sorted(self.local.items()) if v and p[1] != "root"},
                "login": {f"{s} -> {a}@{h}": sorted(v) for (s, h, a), v in sorted(self.login.items())},
                "blank": {s: sorted(map(name, v)) for s, v in sorted(self.blank.items())},
                "reach": {name(p): {name(q): how for q, (_, how) in sorted(self.closure(p)[0].items()) if q != p} for p in sorted(self.loot)}}
