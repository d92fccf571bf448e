"""What the attacks of test/e2e/gate_attacks.py share: the people of that world, a place for proofs, a table of results.

An attack got in when its payload ran: it makes a file in PROOF that only it can have made. Controls do the same with every right and must
succeed, so that a payload that never works is noticed.
"""
import concurrent.futures
import itertools
import os
import sys
import threading
import time

import lab as L

PROOF = f"{L.BASE}/proof"
PATIENCE = 25


class Arena:
    def __init__(self, lab, gate):
        self.lab, self.gate = lab, gate
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.rows = []                                    # name, "in" | "held", what was said
        self.controls = []
        os.makedirs(PROOF, exist_ok=True)
        os.chmod(PROOF, 0o1777)

    def proof(self):
        """A file that no other attack makes."""
        with self.lock:
            return f"{PROOF}/{next(self.numbers)}"

    # ---- attempts --------------------------------------------------------------------------------------------------------
    def login(self, account="deploy", key="jansen", code=None, person=None, wrap="touch {}", shell=False, **kw):
        """One login whose command or typed line makes the proof; (got in, what the client heard)."""
        proof = self.proof()
        payload = wrap.format(proof)
        if code is None:
            code = self.gate.code(person or key)
        if shell:
            p = self.lab.ssh(account, key, None, code=code, data=f"{payload}\nexit\n", timeout=PATIENCE, **kw)
        else:
            p = self.lab.ssh(account, key, payload, code=code, timeout=PATIENCE, **kw)
        return os.path.exists(proof), told(p)

    def attack(self, name, got_in, said=""):
        with self.lock:
            self.rows.append((name, "in" if got_in else "held", said))
        return got_in

    def control(self, name, held, said=""):
        with self.lock:
            self.controls.append((name, bool(held), said))

    def run(self, jobs, width=4):
        """jobs: (name, function of this arena that returns (got in, said)); several at once."""
        def one(job):
            name, fn = job
            try:
                self.attack(name, *fn(self))
            except Exception as x:                        # an attack that could not be made is a defect of the test
                self.control(f"{name}: could be tried", False, repr(x))
        with concurrent.futures.ThreadPoolExecutor(width) as pool:
            list(pool.map(one, jobs))

    # ---- the end -----------------------------------------------------------------------------------------------------------
    def report(self, least):
        width = max(len(r[0]) for r in self.rows)
        for name, outcome, said in self.rows:
            print(f"{name:{width}}  {'GOT IN' if outcome == 'in' else 'held':6}  {said[:90]}")
        got = [r for r in self.rows if r[1] == "in"]
        broken = [c for c in self.controls if not c[1]]
        for name, _, said in broken:
            print(f"control FAILED: {name}: {said[:600]}")
        print(f"{len(self.rows)} ways tried, {len(got)} got in; {len(self.controls)} controls, {len(broken)} failed")
        if len(self.rows) < least:
            print(f"fewer than {least} ways were tried")
        return not got and not broken and len(self.rows) >= least


def told(p):
    """The line of what ssh said that matters."""
    lines = [x.strip() for x in (p.stderr + "\n" + p.stdout).splitlines() if x.strip() and not x.startswith("Warning: Permanently added")]
    lines = [x for x in lines if "gate" in x.lower() or "postern" in x.lower()] or lines
    return f"{p.returncode}: {lines[0] if lines else ''}"


def lasting(arena, account, key, line, code=None, **kw):
    """A session that stays, in which `line` was typed; its process."""
    code = arena.gate.code(key) if code is None else code
    s = arena.lab.session(account, key, None, code=code, **kw)
    s.stdin.write((line + "\n").encode())
    s.stdin.flush()
    return s


def appears(path, seconds=8):
    return bool(L.wait_for(lambda: os.path.exists(path), seconds))


def keeps_touching(proof):
    """A line of shell that makes the proof again every 50 ms, whatever becomes of its terminal."""
    return f"(trap '' HUP TERM; exec </dev/null >/dev/null 2>&1; while :; do touch {proof}; sleep 0.05; done) &"


def still(proof, seconds=0.6):
    """Is somebody still making it?"""
    if os.path.exists(proof):
        os.unlink(proof)
    time.sleep(seconds)
    return os.path.exists(proof)
