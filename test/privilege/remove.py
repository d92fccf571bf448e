"""Takes rights away on the hosts, as `postern privilege cut` names them: what an administrator would do with its list."""
import os
import re
import stat

from hosts import sh


def _lines(host, path, fn):
    full = host.root + path
    with open(full, encoding="utf-8") as f:
        lines = f.read().split("\n")
    with open(full, "w", encoding="utf-8") as f:
        f.write("\n".join(fn(lines)))


def _without(row):
    return lambda lines: lines[:row["line"] - 1] + ["#"] + lines[row["line"]:]


def _member(host, row):
    """Out of the group; a primary group is another's then."""
    name, n = row["account"], row["line"] - 1

    def group(lines):
        fields = lines[n].split(":")
        fields[-1] = ",".join(m for m in fields[-1].split(",") if m != name)
        return lines[:n] + [":".join(fields)] + lines[n + 1:]

    def passwd(lines):
        fields = lines[n].split(":")
        fields[3] = "65534"
        return lines[:n] + [":".join(fields)] + lines[n + 1:]

    _lines(host, row["file"], group if row["file"] == "/etc/group" else passwd)


def _private(host, row):
    os.unlink(host.root + row["file"])


def _closed(host, row):
    full = host.root + row["file"]
    os.chmod(full, stat.S_IMODE(os.stat(full).st_mode) & ~0o022)


def _plain(host, row):
    full = host.root + row["file"]
    sh("setcap", "-r", full)
    os.chmod(full, stat.S_IMODE(os.stat(full).st_mode) & ~0o6000)


def _lock(host, row):
    _lines(host, "/etc/shadow", lambda lines: [re.sub(rf"^{re.escape(row['account'])}:[^:]*", f"{row['account']}:!", x) for x in lines])


def _socket(host, row):
    os.unlink(host.root + row["file"])


HOW = {"key": lambda h, r: _lines(h, r["file"], _without(r)), "sudo": lambda h, r: _lines(h, r["file"], _without(r)), "authority": lambda h, r: _lines(h, r["file"], _without(r)),
       "certificate": _private, "group": _member, "private-key": _private, "writable": _closed, "setuid": _plain, "password": _lock, "agent": _socket}


def take_away(net, rows):
    """Why not, for the first that cannot be; ""."""
    for r in rows:
        if r["kind"] not in HOW:
            return f"{r['kind']}: {r['text']}"
        HOW[r["kind"]](net.hosts[r["host"]], r)
    return ""
