"""The graph set against the truth: for every account and key as a start, what Postern says is reachable and what was."""
import collections
import concurrent.futures
import json

from hosts import sh


class Differences:
    """missing: reachable, and Postern does not even think so. wrong: said for certain, and not reachable. unsure_true and unsure_false: said with a perhaps."""

    def __init__(self):
        self.starts = self.pairs = self.certain = 0
        self.missing, self.wrong = collections.Counter(), collections.Counter()
        self.unsure_true, self.unsure_false = collections.Counter(), collections.Counter()

    def text(self, most=60):
        out = [f"{self.starts} starts, {self.pairs} pairs reachable, {self.certain} of them said for certain; missing {len(self.missing)}, wrong {len(self.wrong)}, "
               f"perhaps and so {len(self.unsure_true)}, perhaps and not so {len(self.unsure_false)} (different first faults)"]
        for name in ("missing", "wrong", "unsure_true", "unsure_false"):
            for what, n in getattr(self, name).most_common(most):
                out.append(f"{name} ({n}x): {what}")
        return "\n".join(out)


def ask(postern, snapshots, start, extra=()):
    p = sh(postern, "privilege", "reach", "--snapshot", snapshots, "--from", start, "--format", "json", *extra)
    if p.returncode:
        return None if "SHA256:" in start else {"reached": [], "error": p.stderr}
    return json.loads(p.stdout)


def first_fault(row, true):
    """The step of a way at which it leaves what is reachable."""
    for step in row["way"]:
        place = step["to"]
        if "@" in place and " " not in place and place not in true:
            return f'{step["from"]} {step["how"]} {place} [{step["evidence"]}]'
    return row["sentence"]


def one(truth, said, start, have, out):
    true = {f"{a}@{h}" for h, a in have} - {start}
    sure = {r["place"]: r for r in said["reached"] if r["sure"] and r["place"] != start}
    perhaps = {r["place"]: r for r in said["reached"] if not r["sure"] and r["place"] != start}
    out.starts += 1
    out.pairs += len(true)
    out.certain += len(true & sure.keys())
    name = lambda p: f"{p[1]}@{p[0]}"  # noqa: E731
    known = sure.keys() | {start}
    for pos, (how, before) in have.items():
        place = name(pos)
        if place in known or any(b and name(b) not in known for b in before):
            continue                                        # or an earlier step is at fault
        if place in perhaps:
            out.unsure_true[f"{place}: {how} | {perhaps[place]['sentence'][-200:]}"] += 1
        else:
            out.missing[f"{place}: {how}"] += 1
    for place in sure.keys() - true:
        out.wrong[first_fault(sure[place], true)] += 1
    for place in perhaps.keys() - true:
        out.unsure_false[first_fault(perhaps[place], true)] += 1


def by_print(prints):
    """A key with its certificates, an authority with what it can sign: one who has the one has the other."""
    out = collections.defaultdict(list)
    for name, fp in sorted(prints.items()):
        if not name.startswith("forged-"):
            out[fp] += [name] + ([f"forged-{name}"] if name.startswith("ca-") else [])
    return out


def compare(truth, postern, snapshots, prints, workers=3):
    """Every account as a start, and every key held by somebody outside."""
    out = Differences()
    starts = [(f"{a}@{h}", dict(start=(h, a))) for h, a in sorted(truth.loot)]
    starts += [(f"key:{fp}", dict(credentials=names, sources=["outside"])) for fp, names in by_print(prints).items()]
    starts.append(("outside", dict(sources=["outside"])))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(lambda s: ask(postern, snapshots, s[0]), starts))
    outside = truth.closure(sources=["outside"])[0]
    for (start, kw), said in zip(starts, answers):
        have, _ = truth.closure(**kw)
        if said is None:
            if have.keys() - truth.closure(sources=["outside"])[0].keys():
                out.missing[f"{start} is not known to it"] += 1
            continue
        if "error" in said:
            out.missing[f"{start}: {said['error']}"] += 1
            continue
        if start.startswith("key:"):                        # that the holder is on the network, too, is another start's matter
            have = {p: h for p, h in have.items() if p not in outside or p in {(r["host"], r["name"]) for r in said["reached"]}}
        one(truth, said, start, have, out)
    return out
