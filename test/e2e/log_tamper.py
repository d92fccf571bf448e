#!/usr/bin/env python3
"""log_tamper.py POSTERN [--times N] [--seed N] - `postern log verify` finds each of 1,000 random tamperings and says where.

The log is made here, by the description in src/chain/chain.h and not by the program: 250 records, anchors as watch sends them. Each tampering
changes, removes, puts in, moves or cuts, as three different intruders would do it:

  plain   leaves everything else as it was
  hashes  computes the hashes and numbers of all later records anew, but cannot write the head beside the log
  root    writes the head anew as well: only the anchors, which lie elsewhere, can tell

The first two are verified without anchors, the third with them. What nobody can find is not tried: a record added behind the newest anchor by
who may write log and head, which is what appending is.
"""
import argparse
import collections
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

RECORDS, ANCHOR_EVERY = 250, 100


def record(seq, prev, body):
    return b'{"seq":%d,"prev":"%s",%s}' % (seq, prev, body)


def digest(line):
    return hashlib.sha256(line).hexdigest().encode()


def make(rng):
    lines, prev = [], b"0" * 64
    for i in range(1, RECORDS + 1):
        body = (b'"time":"2026-11-%02dT%02d:00:00Z","actor":"postern watch","action":"%s","object":"20260513T004709Z-%08x","outcome":"success"'
                % (1 + i // 24, i % 24, rng.choice([b"incident-closed", b"block-address", b"note", b"grant-revoked"]), rng.getrandbits(32)))
        lines.append(record(i, prev, body))
        prev = digest(lines[-1])
    return lines


def body_of(line):
    return line[line.index(b'",') + 2:-1]


def again(lines):
    """Numbers and hashes computed anew."""
    out, prev = [], b"0" * 64
    for i, x in enumerate(lines, 1):
        out.append(record(i, prev, body_of(x) if x.startswith(b'{"seq":') and b'",' in x else b'"actor":"x"'))
        prev = digest(out[-1])
    return out


# ---- tamperings: a new list of lines, and the first line (from 1) that is another one than it was -----------------------------
def edit(rng, v):
    k = rng.randrange(len(v))
    body = body_of(v[k]).replace(b'"outcome":"success"', b'"outcome":"%s"' % rng.choice([b"failure", b"succesS", b""]))
    if rng.random() < 0.5:
        at = rng.randrange(20, len(body))
        body = body_of(v[k])[:at] + bytes([body[at] ^ 1]) + body_of(v[k])[at + 1:]
    head = v[k][:v[k].index(b'",') + 2]
    return v[:k] + [head + body + b"}"] + v[k + 1:]


def edit_anywhere(rng, v):
    """One bit of any byte, number and hash too."""
    k = rng.randrange(len(v))
    at = rng.randrange(len(v[k]))
    return v[:k] + [v[k][:at] + bytes([v[k][at] ^ 1 << rng.randrange(3)]) + v[k][at + 1:]] + v[k + 1:]


def delete(rng, v):
    k = rng.randrange(len(v))
    return v[:k] + v[k + rng.choice([1, 1, 2, 7]):]


def insert(rng, v):
    k = rng.randrange(len(v))
    new = rng.choice([v[rng.randrange(len(v))], record(k + 1, digest(v[k - 1]) if k else b"0" * 64, b'"actor":"nobody"'), b"", b"something"])
    return v[:k] + [new] + v[k:]


def reorder(rng, v):
    i, k = sorted(rng.sample(range(len(v)), 2))
    if rng.random() < 0.5:
        return v[:i] + [v[k]] + v[i + 1:k] + [v[i]] + v[k + 1:]
    return v[:i] + v[i + 1:k + 1] + [v[i]] + v[k + 1:]


def truncate(rng, v):
    return v[:rng.randrange(1, len(v))]


def tear(rng, v):
    """Cut within a line."""
    k = rng.randrange(len(v))
    return v[:k] + [v[k][:rng.randrange(1, len(v[k]))]]


KINDS = {"edit": edit, "bit": edit_anywhere, "delete": delete, "insert": insert, "reorder": reorder, "truncate": truncate, "tear": tear}
INTRUDERS = {"plain": 3, "hashes": 2, "root": 2}


class Log:
    def __init__(self, folder, lines, postern):
        self.good, self.postern = lines, postern
        self.path, self.head, self.anchors = Path(folder) / "audit.log", Path(folder) / "audit.log.head", Path(folder) / "anchors"
        at = [*range(ANCHOR_EVERY, RECORDS, ANCHOR_EVERY), RECORDS]
        self.anchored = at
        self.anchors.write_bytes(b"".join(b"Nov 24 02:00:00 gate1 postern-audit: anchor seq=%d sha256=%s\n" % (i, digest(lines[i - 1])) for i in at))

    def put(self, lines, head, whole=True):
        self.path.write_bytes(b"\n".join(lines) + (b"\n" if whole else b""))
        self.head.write_bytes(b"%d %s\n" % (len(head), digest(head[-1])))

    def verify(self, anchors):
        """(exit status, lines with problems)"""
        p = subprocess.run([self.postern, "log", "verify", "--format", "json", *(["--anchors", str(self.anchors)] if anchors else []), str(self.path)],
                           capture_output=True, check=False)
        if p.returncode not in (0, 1):
            sys.exit(f"log verify: exit {p.returncode}: {p.stderr.decode()}")
        return p.returncode, [x["line"] for x in json.loads(p.stdout)["problems"]]


def first_difference(a, b):
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return i + 1
    return min(len(a), len(b)) + 1


def expected(log, intruder, bad):
    """Lines (from, to) within which the first problem must be told."""
    k = first_difference(log.good, bad)
    if intruder == "plain":
        return k - 1, k + 1                       # the record itself, or the next, which does not follow from it; the end, when that is gone
    if intruder == "hashes":
        return len(bad), len(bad)                 # what the head names is not there
    anchor = next(a for a in log.anchored if a >= k or a == RECORDS)
    return min(anchor, len(bad)), min(anchor, len(bad))


def one(rng, log):
    """(kind, intruder, error or None)"""
    kind, intruder = rng.choice(list(KINDS)), rng.choices(list(INTRUDERS), list(INTRUDERS.values()))[0]
    while True:
        bad = KINDS[kind](rng, log.good)
        if intruder != "plain":
            bad = again(bad)
        if bad and bad != log.good and first_difference(log.good, bad) <= len(log.good):  # else nothing was changed, or something appended
            break
    log.put(bad, bad if intruder == "root" else log.good, whole=not (kind == "tear" and intruder == "plain"))
    if intruder == "root" and rng.random() < 0.2 and log.verify(False) != (0, []):
        return kind, intruder, "is no whole log of its own: the test computes hashes wrongly"
    status, lines = log.verify(intruder == "root")
    low, high = expected(log, intruder, bad)
    if status != 1 or not lines:
        return kind, intruder, "not found"
    if not low <= min(lines) <= high:
        return kind, intruder, f"told at line {min(lines)}, it is within {low} to {high}"
    return kind, intruder, None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("postern")
    p.add_argument("--times", type=int, default=1000)
    p.add_argument("--seed", type=int, default=20261126)
    opt = p.parse_args()
    rng, found, errors = random.Random(opt.seed), collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        log = Log(folder, make(rng), opt.postern)
        log.put(log.good, log.good)
        if log.verify(False) != (0, []) or log.verify(True) != (0, []):
            errors.append(f"the whole log does not verify: {log.verify(True)}")
        for i in range(opt.times):
            kind, intruder, error = one(rng, log)
            if error:
                errors.append(f"tampering {i} ({kind}, {intruder}): {error}")
            else:
                found[kind, intruder] += 1
    for e in errors[:30]:
        print("tamper:", e)
    print(f"tamper: {sum(found.values())} of {opt.times} tamperings found and placed")
    for intruder in INTRUDERS:
        print(f"tamper:   {intruder:<7}" + ", ".join(f"{k} {found[k, intruder]}" for k in KINDS))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
