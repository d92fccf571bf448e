"""Prometheus' text format, read strictly: problems(text) is a list of sentences."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")


def _labels(text):
    """[(name, value)] or None"""
    out, at = [], 0
    while at < len(text):
        m = LABEL.match(text, at)
        if not m:
            return None
        out.append((m[1], m[2]))
        at = m.end()
    return out


def _family(name, types):
    for end in ("_bucket", "_sum", "_count"):
        if name.endswith(end) and types.get(name[:-len(end)]) in ("histogram", "summary"):
            return name[:-len(end)]
    return name


def _sample(n, line, types, helps, seen, order):
    m = SAMPLE.match(line)
    if not m:
        return [f"line {n} is no sample: {line!r}"]
    out, labels, family = [], _labels(m[2] or ""), _family(m[1], types)
    if labels is None or len({k for k, _ in labels}) != len(labels):
        out.append(f"line {n} has labels that cannot be: {line!r}")
    if not re.match(r"(NaN|[+-]?Inf|[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)$", m[3]):
        out.append(f"line {n} has no number: {m[3]!r}")
    elif types.get(family) == "counter" and float(m[3]) < 0:
        out.append(f"line {n}: a counter below zero")
    if (m[1], m[2]) in seen:
        out.append(f"line {n} repeats {m[1]}{{{m[2]}}}")
    seen.add((m[1], m[2]))
    if family not in types or family not in helps:
        out.append(f"line {n}: {family} has no TYPE or no HELP before it")
    if types.get(family) == "counter" and not family.endswith("_total"):
        out.append(f"line {n}: the counter {family} does not end in _total")
    if order and order[-1] != family and family in order:
        out.append(f"line {n}: the samples of {family} do not stand together")
    order.append(family)
    return out


def problems(text):
    out, types, helps, seen, order = [], {}, set(), set(), []
    if not text.endswith("\n"):
        out.append("no newline at the end")
    for n, line in enumerate(text.split("\n")[:-1], 1):
        m = re.match(rf"# (HELP|TYPE) ({NAME}) (.*)$", line)
        if m and m[1] == "TYPE":
            if m[3] not in TYPES or m[2] in types or m[2] in order:
                out.append(f"line {n}: TYPE of {m[2]} is wrong, repeated, or behind its samples")
            types[m[2]] = m[3]
        elif m:
            if m[2] in helps:
                out.append(f"line {n}: HELP of {m[2]} is repeated")
            helps.add(m[2])
        elif line.startswith("#") or not line:
            continue
        else:
            out += _sample(n, line, types, helps, seen, order)
    return out + ([] if seen else ["no sample at all"])
