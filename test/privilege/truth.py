"""The truth about the lab: every step tried, then the closure of what worked.

A step is (from, to, how): a login needs a credential and an address from which it works, so the closure is over accounts and credentials together: who has a
key uses it from every host that he reached. Passwords are not known to anybody, empty ones are to everybody."""
import concurrent.futures
import copy
import glob
import os
import re

import logins
from hosts import fingerprint, sh
from locals import Local


def address_matters(h, account):
    """Whether anything that sshd of this host reads for this account speaks of addresses or authorities."""
    home = h.root + h.accounts[account].home
    files = [f for f in (*glob.glob(f"{home}/.ssh/*"), f"{h.root}/etc/ssh/keys/{account}") if os.path.isfile(f)]
    host = sh("grep", "-qE", "^[^#]*(Match.* Address|Users.*@|CAKeys)", f"{h.root}/etc/ssh/sshd_config").returncode == 0
    return host or (files and sh("grep", "-qE", "from=|authority", *files).returncode == 0)


class Truth:
    def __init__(self, net, keys, loud=False):
        self.net, self.loud = net, loud
        principals = sorted({a for h in net.servers() for a in h.accounts}) + ["ops", "other", "reporters"]
        self.credentials = logins.Credentials(keys, principals)
        self.loot, self.agents, self.local, self.login, self.blank = {}, {}, {}, {}, {}

    # ---- trying
    def enumerate(self):
        hosts = self.net.servers()
        targets = [(h, a) for h in hosts for a in h.accounts]
        with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
            work = [pool.submit(self._host, h) for h in hosts]
            for w in work:
                w.result()
        matters = {(h.name, a) for h, a in targets if address_matters(h, a)}
        self._logins([(h, a) for h, a in targets if (h.name, a) in matters], list(self.net.hosts.values()))
        self._logins([(h, a) for h, a in targets if (h.name, a) not in matters], [self.net.hosts["outside"], hosts[0]])
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
            self.agents[h.name, a] = l.agent
            steps = self.local[h.name, a] = {}
            if a == "root":
                steps.update({b: {"root of the host"} for b in h.accounts if b != "root" and l.run_as(b)})
                continue
            l.read = self.loot[h.name, a]
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
        for d, _ in h.daemons:
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

    # ---- only what one start reaches, anew
    def explore(self, start):
        """Accounts (host, name) reachable from start as the hosts are now."""
        have, held, tried, looked = {start}, set(), set(), {}
        targets = [(h, a) for h in self.net.servers() for a in h.accounts]
        new = {start}
        while new:
            have |= new
            for pos in new:
                if pos[0] not in looked:
                    looked[pos[0]] = Local(self.net.hosts[pos[0]], self.credentials, again=f"-{len(have)}-{start[1]}")
            held |= self._steps(have, new, looked)
            jobs = []
            for s in looked:
                for h, a in targets:
                    fresh = {c for c in held if (s, h.name, a, c) not in tried}
                    if fresh and (h.name, a) not in have:
                        jobs.append((self.net.hosts[s], h, a, {c: self.credentials.file[c] for c in fresh}))
                        tried |= {(s, h.name, a, c) for c in fresh}
            with concurrent.futures.ThreadPoolExecutor(logins.WORKERS) as pool:
                got = list(pool.map(lambda j: logins.opens(j[3], *j[:3]), jobs))
            new = self.stepped | {(h.name, a) for (s, h, a, _), g in zip(jobs, got) if g}
            new |= {to for s in looked for to in self.blank.get(s, ())}
            new -= have
        return have

    def _steps(self, have, new, looked):
        """Credentials found; self.stepped: accounts of the same host that one can become."""
        held, self.stepped = set(), set()
        for host, a in new:
            l, h = looked[host], self.net.hosts[host]
            loot, may = l.loot(a)
            l.read = loot
            if a == "root":
                self.stepped |= {(host, b) for b in h.accounts}
            else:
                for got in self._account(l, h, a, l.privileged(), may):
                    self.stepped |= {(host, b) for b in got}
                self.stepped |= {(host, b) for b in self._free(h) if (host, b) not in have and b != a and l.su(a, b)}
            held |= loot
            l.restore()
        return held

    @staticmethod
    def _free(h):
        """Whom su may give without a password."""
        shadow = dict(line.split(":")[:2] for line in h.read("/etc/shadow").splitlines())
        return [a for a in h.accounts if shadow[a] == ""] + ["root"]

    # ---- closure
    def closure(self, start=None, credentials=(), sources=()):
        """{account: (how, accounts it was reached from)} from an account (host, name), or from credentials used at sources."""
        have, keys, at = {}, dict.fromkeys(credentials, (None,)), dict.fromkeys(sources, (None,))
        if start:
            have[start] = ("start", ())
        grew = -1
        while grew != len(have):
            grew = len(have)
            for pos in list(have):
                at.setdefault(pos[0], (pos,))
                for c in self.loot.get(pos, ()):
                    keys.setdefault(c, (pos,))
                for b, how in self.local.get(pos, {}).items():
                    have.setdefault((pos[0], b), (f"{pos[1]}@{pos[0]}: {', '.join(sorted(how))}", (pos,)))
            for s in list(at):
                for to in self.blank.get(s, ()):
                    have.setdefault(to, (f"no password, from {s}", at[s]))
            for (s, h, a), creds in self.login.items():
                for c in creds & keys.keys() if s in at else ():
                    owner = keys[c][0]
                    have.setdefault((h, a), (f"{c}{f' of {owner[1]}@{owner[0]}' if owner else ''} from {s}", (*at[s], *keys[c])))
        return have, keys

    def without_agents(self):
        """The same where no agent runs: a root that is looked at from outside has no sockets that answer."""
        other = copy.copy(self)
        other.loot = {p: found - self.agents[p] for p, found in self.loot.items()}
        return other

    def prints(self, keys):
        """Fingerprints of the credentials by name."""
        out = {}
        for name, file in self.credentials.file.items():
            with open(file + ".pub" if os.path.exists(file + ".pub") else keys.path(name) + ".pub", encoding="ascii") as f:
                out[name] = fingerprint(f.read())
        return out

    def json(self):
        name = lambda p: f"{p[1]}@{p[0]}"  # noqa: E731
        return {"loot": {name(p): sorted(v) for p, v in sorted(self.loot.items()) if v},
                "local": {name(p): {b: sorted(how) for b, how in sorted(v.items())} for p, v in sorted(self.local.items()) if v and p[1] != "root"},
                "login": {f"{s} -> {a}@{h}": sorted(v) for (s, h, a), v in sorted(self.login.items())},
                "blank": {s: sorted(map(name, v)) for s, v in sorted(self.blank.items())},
                "reach": {name(p): {name(q): how for q, (how, _) in sorted(self.closure(p)[0].items()) if q != p} for p in sorted(self.loot)}}
