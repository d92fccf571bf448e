"""What the state holds beside what `postern scan` says of the same lines, or beside another state."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import logs

ORG = logs.SAMPLE / "org.yaml"
STAGES = ["none", "side-door", "tools", "tunnel", "credentials", "moved-on", "impersonation", "distribution", "cover"]  # event.h


def scan(postern, lines, rules):
    """(findings, incidents, ledger) of the lines, one file a stream."""
    with tempfile.TemporaryDirectory(prefix="postern-plain-") as d:
        logs.write_plain(lines, d)
        args = [str(postern), "scan", "-q", "--format", "json", "--org", str(ORG)]
        for r in rules:
            args += ["--rules", str(r)]
        return logs.parse_report(subprocess.run([*args, d], capture_output=True, check=True).stdout)


def stage_names(bits):
    return [s for i, s in enumerate(STAGES) if i and bits >> i & 1]


# ---- one form for both ------------------------------------------------------------------------------------------------------
def finding_of_report(r):
    i = r["finding_info"]
    return (i["analytic"]["uid"], i["title"], r["severity_id"] - 1, i["first_seen_time"], i["last_seen_time"], r["count"])


def finding_of_state(r):
    return (r["rule"], r["title"], r["level"], r["first"] // 1000000, r["last"] // 1000000, r["count"])


def incident_of_report(r):
    u = r["unmapped"]
    stages = sorted((s["name"] for s in u["stages"]), key=STAGES.index)
    return (u["incident_uid"], u["kind"], r["severity_id"] - 1, tuple(stages), r["start_time"], r["end_time"], len(r["finding_info_list"]))


def incident_of_state(r):
    return (r["id"], r["kind"], r["level"], tuple(stage_names(r["stages"])), r["first"] // 1000000, r["last"] // 1000000, r["findings"])


def differences(what, want, have):
    """Sentences; sets that are equal have none."""
    want, have = set(want), set(have)
    return [f"{what} missing: {x}" for x in sorted(want - have, key=str)] + [f"{what} not expected: {x}" for x in sorted(have - want, key=str)]


def against_report(report, daemon):
    findings, incidents, _ = report
    state = [finding_of_state(r) for r in daemon.findings()]
    out = differences("finding", map(finding_of_report, findings), state)
    if len(state) != len(findings):
        out.append(f"{len(state)} findings in the state, {len(findings)} in the report")
    return out + differences("incident", map(incident_of_report, incidents), map(incident_of_state, open_incidents(daemon)))


def open_incidents(daemon):
    return [r for r in daemon.incidents() if r["status"] == 0]


# ---- markers -------------------------------------------------------------------------------------------------------------------
def markers_seen(daemon, run):
    """{number: how often} of the markers of a run, from the raw lines that findings keep, and the sum of the findings' counts."""
    seen, count = {}, 0
    for r in daemon.query("SELECT count,body,title FROM finding WHERE rule=?", logs.MARKER_RULE):
        if not re.search(rf"\(mk-{re.escape(run)}-\d+\)", r["title"]):
            continue
        count += r["count"]
        for m in logs.MARKER_SEEN.finditer(_evidence(r["body"])):
            if m[2].decode() == run:
                n = int(m[1])
                seen[n] = seen.get(n, 0) + 1
    return seen, count


def _evidence(body):
    """The raw lines in a stored finding: markers also stand in its text and its entities, but only raw lines have the stamp in front."""
    return b"\n".join(x for x in body.split(b" sudo[")[1:] if b" end" in x) if body else b""


def marker_problems(daemon, run, n):
    """Sentences: which of n markers are missing or were counted more than once."""
    seen, count = markers_seen(daemon, run)
    lost = [i for i in range(n) if i not in seen]
    out = []
    if lost:
        out.append(f"{len(lost)} of {n} markers of {run} lost: {lost[:20]}")
    if count != n:
        out.append(f"findings count {count} markers of {run}, {n} were written")
    return out


def write_rules(folder):
    """A copy of our own rules, with the rule for markers, that the daemon's user can read wherever this checkout lies: for --rules and postern.yaml."""
    to = Path(folder) / "rules"
    shutil.copytree(logs.ROOT / "rules", to)
    (to / "marker.yml").write_text(logs.MARKER_SIGMA, encoding="utf-8")
    return [str(to)]


def write_org(folder):
    return shutil.copyfile(ORG, Path(folder) / "org.yaml")
