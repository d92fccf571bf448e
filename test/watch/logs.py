"""The practice incident as lines in the order in which they were written, and lines of our own to count.

A line belongs to a stream: one log of one host under the name it is written to, HOST/var/log/auth.log for what now lies in auth.log.2.gz,
auth.log.1 and auth.log. utmp records (wtmp, btmp) are lines without newline.
"""
import datetime
import gzip
import heapq
import json
import re
import struct
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "samples" / "practice-incident"
RECORD = 384                                            # bytes of a utmp record
ZONE = datetime.timezone(datetime.timedelta(hours=2))   # Europe/Berlin in May: of stamps without a zone
YEAR = 2026
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

MARKER_RULE = "7c1f4f0e-5a4e-4f0b-9f59-3c0f8a4e9d11"
MARKER_SIGMA = f"""title: Marker Counted by a Test
id: {MARKER_RULE}
status: test
description: Lines that a test writes between others, to see that none is lost and none counted twice.
date: 2026-11-26
logsource:
    product: linux
    service: sudo
detection:
    keywords:
        - '/usr/local/bin/marker '
    condition: keywords
level: informational
"""
MARKER_GROUP = 50  # markers of one account, so of one finding: it keeps every raw line (LIMIT_EVIDENCE is 60)
MARKER_SEEN = re.compile(rb"/usr/local/bin/marker (\d{7}) of ([\w-]+) end")


class Line:
    """t: seconds since the epoch by its own stamp. data: with its newline."""
    __slots__ = ("t", "stream", "data", "written")

    def __init__(self, t, stream, data):
        self.t, self.stream, self.data = t, stream, data
        self.written = 0                                # wall clock, nanoseconds, when it was written (replay.py)


# ---- times ------------------------------------------------------------------------------------------------------------
def _civil(year, month, day, clock, zone=ZONE):
    h, m, s = clock.split(":")
    whole = datetime.datetime(int(year), int(month), int(day), int(h), int(m), 0, tzinfo=zone)
    return whole.timestamp() + float(s)


def _iso(m):
    sign = 1 if m[6] == "+" else -1
    return _civil(m[1], m[2], m[3], m[4], datetime.timezone(sign * datetime.timedelta(hours=int(m[7]), minutes=int(m[8])))) + float("0" + (m[5] or ""))


STAMPS = [(re.compile(p), f) for p, f in (
    (r"(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d):(\d\d) ", _iso),
    (r"type=\S+ msg=audit\((\d+\.\d+):", lambda m: float(m[1])),
    (r"\{.*?\"__REALTIME_TIMESTAMP\":\"(\d+)\"", lambda m: int(m[1]) / 1e6),
    (r"\S+ \S+ \S+ \[(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) \+0200\]", lambda m: _civil(m[3], MONTHS.index(m[2]) + 1, m[1], m[4])),
    (r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \[", lambda m: _civil(m[1], m[2], m[3], m[4])),
    (r"\[\w{3} (\w{3}) (\d\d) (\d\d:\d\d:\d\d\.\d+) (\d{4})\]", lambda m: _civil(m[4], MONTHS.index(m[1]) + 1, m[2], m[3])),
    (r"(\w{3}) ([ \d]\d) (\d\d:\d\d:\d\d) ", lambda m: _civil(YEAR, MONTHS.index(m[1]) + 1, m[2], m[3]) if m[1] in MONTHS else None),
    (r"(?:Start-Date: |End-Date: )?(\d{4})-(\d\d)-(\d\d)  ?(\d\d:\d\d:\d\d)", lambda m: _civil(m[1], m[2], m[3], m[4])),
)]


def stamp_of(text):
    """Seconds since the epoch, or None: the line has no time of its own."""
    for pattern, fn in STAMPS:
        m = pattern.match(text)
        if m:
            return fn(m)
    return None


def iso(t):
    return datetime.datetime.fromtimestamp(t, ZONE).isoformat(timespec="microseconds")


# ---- reading the sample -------------------------------------------------------------------------------------------------
def _parts(folder):
    """stream name -> its files, oldest first"""
    sets = {}
    for p in sorted(folder.glob("*/var/log/**/*")):
        if p.is_file():
            m = re.match(r"(.*?)(?:\.(\d+))?(?:\.gz)?$", str(p.relative_to(folder)))
            sets.setdefault(m[1], []).append((-int(m[2] or 0), p))
    return {name: [p for _, p in sorted(v, key=lambda x: x[0])] for name, v in sets.items()}


def _content(p):
    return gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes()


def _records(name, data):
    for i in range(0, len(data) - RECORD + 1, RECORD):
        yield Line(struct.unpack_from("<i", data, i + 340)[0], name, data[i:i + RECORD])


def year_fits(now=None):
    """Whether stamps without a year, of May 2026, are taken for that year when they are written now."""
    now = time.time() if now is None else now
    return _civil(YEAR, 5, 26, "00:00:00") < now < _civil(YEAR + 1, 4, 25, "00:00:00")


def _with_year(raw, t):
    """'May 18 00:17:01 rest' with a whole stamp in front instead."""
    return iso(t).encode() + raw[15:] if re.match(rb"\w{3} [ \d]\d \d\d:\d\d:\d\d ", raw) else raw


def _split(data):
    """Lines at newlines only: audit records hold other characters that Python takes for line ends."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _lines(name, data, keep_yearless):
    pending, last = [], None
    for raw in _split(data):
        t = stamp_of(raw[:400].decode("utf-8", "replace"))
        if t is not None and not keep_yearless:
            raw = _with_year(raw, t)
        if t is None and last is None:
            pending.append(raw)
            continue
        last = t if last is None else max(last, t if t is not None else last)
        for p in pending:
            yield Line(last, name, p)
        pending = []
        yield Line(last, name, raw)


def load(folder=SAMPLE):
    """Every line of the sample, in time order; lines of one stream keep theirs."""
    keep = year_fits()
    streams = []
    for name, files in sorted(_parts(folder).items()):
        data = b"".join(map(_content, files))
        if name.endswith(("wtmp", "btmp")):
            streams.append(list(_records(name, data)))
        else:
            streams.append(list(_lines(name, data, keep)))
    return list(heapq.merge(*streams, key=lambda x: x.t))


def write_plain(lines, folder):
    """The lines as one file a stream: for `postern scan`, the reference."""
    out = {}
    for x in lines:
        out.setdefault(x.stream, []).append(x.data)
    for name, parts in out.items():
        p = Path(folder) / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(b"".join(parts))


def answer_times():
    """Times of the lines on the answer sheet, in order."""
    text = (ROOT / "samples" / "answer-sheet.tsv").read_bytes().decode("utf-8")
    times = [datetime.datetime.fromisoformat(row.split("\t")[5].replace("Z", "+00:00")).timestamp() for row in text.split("\n")[1:] if row]
    return sorted(times)


# ---- markers ------------------------------------------------------------------------------------------------------------
def marker(t, host, run, number):
    """A line of sudo that MARKER_SIGMA matches; its account is the same for MARKER_GROUP of them."""
    text = (f"{iso(t)} {host} sudo[{4000 + number % 20000}]: mk-{run}-{number // MARKER_GROUP:04d} : PWD=/srv ; USER=backup ; "
            f"COMMAND=/usr/local/bin/marker {number:07d} of {run} end\n")
    return text.encode()


def markers(lines, every, host, stream, run):
    """The lines with a marker behind every so many of them, with its time; returns (lines, number of markers)."""
    out, n = [], 0
    for i, x in enumerate(lines, 1):
        out.append(x)
        if i % every == 0:
            out.append(Line(x.t, stream, marker(x.t, host, run, n)))
            n += 1
    return out, n


# ---- what postern scan says ------------------------------------------------------------------------------------------------
def parse_report(out):
    """(findings, incidents, ledger) of postern scan --format json"""
    rows = [json.loads(x) for x in out.decode("utf-8").split("\n") if x]
    findings = [r for r in rows if r.get("class_uid") == 2004]
    incidents = [r for r in rows if r.get("class_uid") == 2005]
    rest = [r for r in rows if r.get("class_uid") not in (2004, 2005)]
    return findings, incidents, rest[-1] if rest else {}
