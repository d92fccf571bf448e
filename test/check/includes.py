#!/usr/bin/env python3
"""includes.py [BINARY] - arrows between the rooms of src/ run downward only.

* a file of a room includes headers of its own room and public headers (ROOM/ROOM.h) of rooms on a lower level;
* every room has one public header; it includes no internal one; a *.def belongs to the rooms its public header shows it to;
* private headers and other internals are included by their own room, by tests and by fuzz targets;
* a .c file includes a header of its own room first, so that headers stand on their own;
* a foreign library is known to one room; no header of sockets anywhere; main() is in cmd alone;
* no circle among headers; ARCHITECTURE.md tells the same levels.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SRC = ROOT / "src"
LEVELS = {
    "core": 0,
    "sys": 1, "event": 1, "match": 1, "yaml": 1, "json": 1, "path": 1, "chain": 1,
    "source": 2, "org": 2, "decode": 2, "store": 2, "sigma": 2, "vault": 2, "snapshot": 2, "usage": 2,
    "detect": 3, "hunt": 3, "live": 3, "factor": 3, "privilege": 3, "posture": 3, "lure": 3, "contacts": 3,
    "incident": 4, "gate": 4, "release": 4, "mail": 4,
    "report": 5, "pipeline": 5, "respond": 5, "inspect": 5, "lesson": 5,
    "notify": 6, "milter": 6,
    "watch": 7, "console": 7,
    "cmd": 8,
}
# Lower, but none of its business: detectors judge events, whoever made them; reports print what was found.
FORBIDDEN = {("detect", "decode"), ("detect", "source"), ("incident", "decode"), ("incident", "source"), ("report", "decode"),
             ("report", "source"), ("report", "detect")}
# Headers of libraries, and the rooms that may know them.
LIBRARIES = {
    r"hs/|hs\.h": {"match"}, r"libfyaml": {"yaml"}, r"archive": {"lure", "report", "source"}, r"zlib": {"gate", "lure", "source"}, r"simdjson": {"json"}, r"pcre2": {"sigma"}, r"unicode/": {"mail", "sigma"},
    r"sodium": {"chain", "console", "factor", "gate", "milter", "notify", "release", "snapshot"}, r"liboath|qrencode": {"factor"}, r"security/": set(), r"sqlite3": {"store", "vault"}, r"seccomp|linux/landlock|sys/prctl|cap-ng": {"sys"}, r"pthread": {"cmd", "console", "inspect", "milter", "pipeline", "sigma", "source"}, r"sys/socket|netdb|netinet/|sys/un\.h": {"console", "gate", "inspect", "live", "notify", "sys", "watch"},
    r"curl": {"notify"}, r"gnutls": {"console", "live"}, r"systemd/sd-journal": {"live"}, r"microhttpd": {"console"}, r"cmark": {"lesson"}, r"sys/inotify": {"live", "release"}, r"sys/fanotify": {"release"}, r"graphviz": {"privilege"}, r"spawn\.h|sys/wait": {"console", "sys", "watch"}, r"sys/ptrace|dlfcn": set(),
    r"yara": {"inspect"}, r"gmime|libpsl|iconv": {"mail"}, r"openssl|qpdf|png\.h|turbojpeg|zbar": {"lure"}, r"libmilter": {"milter"},
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)


def bare(text):
    """Without comments (an #include inside one is none); strings stay."""
    return COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else re.sub(r"[^\n]", " ", m[0]), text)


def includes(path):
    """[(line, quoted, name)]"""
    text = bare(path.read_text(encoding="utf-8"))
    return [(text.count("\n", 0, m.start()) + 1, m[1] == '"', m[2]) for m in INCLUDE.finditer(text)]


def public(room):
    return f"{room}/{room}.h"


def shown_tables(room):
    """The *.def a room's public header includes: public like it."""
    path = SRC / public(room)
    return {name for _, quoted, name in includes(path) if quoted and name.endswith(".def")} if path.is_file() else set()


def check_own(where, room, name, is_public, tables):
    expect((SRC / name).is_file(), f"{where}: includes {name}, which does not exist")
    to = name.split("/")[0]
    if "/" not in name:
        return f"{where}: includes {name}: write the room too"
    if to not in LEVELS:
        return f"{where}: includes {name} of no known room"
    if to == room:
        ok = not is_public or name in tables[room]
        return None if ok else f"{where}: the public header includes the internal {name}"
    if LEVELS[to] >= LEVELS[room]:
        return f"{where}: {room} (level {LEVELS[room]}) includes {name} (level {LEVELS[to]}): not downward"
    if (room, to) in FORBIDDEN:
        return f"{where}: {room} has no business with {to} ({name})"
    if name != public(to) and name not in tables[to]:
        return f"{where}: {name} is internal to room {to}"
    return None


def check_file(path, room, tables):
    rel = path.relative_to(ROOT)
    found = includes(path)
    is_public = str(path.relative_to(SRC)) == public(room)
    for line, quoted, name in found:
        where = f"{rel}:{line}"
        if quoted:
            trouble = check_own(where, room, name, is_public, tables)
            expect(not trouble, trouble)
            continue
        for pattern, rooms in LIBRARIES.items():
            expect(not re.match(pattern, name) or room in rooms, f"{where}: room {room} includes <{name}>"
                   + (f", which is for {', '.join(sorted(rooms))} alone" if rooms else ", which nobody may"))
    if path.suffix == ".c":
        first = found[0] if found else (1, False, "nothing")
        expect(first[1] and first[2].startswith(room + "/"), f"{rel}: includes {first[2]} first, not a header of its room")
    if path.suffix in (".c", ".cc") and re.search(r"^(?:int|void) main\s*\(", path.read_text(encoding="utf-8"), re.M):
        expect(room == "cmd", f"{rel}: main() belongs to room cmd")
    if path.suffix == ".h":
        guards = re.findall(r"^#ifndef (POSTERN_\w+)\n#define \1$", path.read_text(encoding="utf-8"), re.M)
        expect(len(guards) == 1, f"{rel}: no guard of the form POSTERN_..._H")
        return guards
    return []


def check_circles():
    graph = {}
    for path in SRC.rglob("*.h"):
        graph[str(path.relative_to(SRC))] = [n for _, quoted, n in includes(path) if quoted and n.endswith(".h")]
    done = set()

    def walk(name, trail):
        if name in trail:
            failures.append("headers in a circle: " + " -> ".join(trail[trail.index(name):] + [name]))
        elif name not in done:
            for to in graph.get(name, []):
                walk(to, trail + [name])
            done.add(name)

    for name in sorted(graph):
        walk(name, [])


def check_outside():
    """Tests, fuzz targets and benchmarks may look inside, but what they name has to exist."""
    for folder in ("test", "fuzz", "bench"):
        for path in (ROOT / folder).rglob("*.[ch]"):
            for line, quoted, name in includes(path):
                ok = not quoted or (SRC / name).is_file() or (path.parent / name).is_file()
                expect(ok, f"{path.relative_to(ROOT)}:{line}: includes {name}, which does not exist")
                expect(not (quoted and folder == "bench" and "_priv" in name), f"{path.relative_to(ROOT)}:{line}: a benchmark includes {name}")


def check_rooms():
    rooms = {p.name for p in SRC.iterdir() if p.is_dir()}
    for room in sorted(rooms ^ set(LEVELS)):
        failures.append(f"src/{room}: " + ("not in the table of levels" if room in rooms else "does not exist"))
    for room in sorted(rooms & set(LEVELS)):
        expect((SRC / public(room)).is_file(), f"src/{room}: no public header {public(room)}")
        expect(not [p for p in (SRC / room).iterdir() if p.is_dir()], f"src/{room}: folders in a room")
    page = ROOT / "ARCHITECTURE.md"
    if page.is_file():
        told = {room: int(level) for level, room in re.findall(r"^\| (\d) \| `(\w+)` \|", page.read_text(encoding="utf-8"), re.M)}
        expect(told == LEVELS, f"ARCHITECTURE.md tells other levels: {sorted(set(told.items()) ^ set(LEVELS.items()))}")
    return sorted(rooms & set(LEVELS))


def main():
    rooms = check_rooms()
    tables = {room: shown_tables(room) for room in rooms}
    guards, files = {}, 0
    for room in rooms:
        for path in sorted((SRC / room).iterdir()):
            if path.suffix in (".c", ".cc", ".h"):
                files += 1
                for g in check_file(path, room, tables):
                    expect(g not in guards, f"{path.relative_to(ROOT)}: has the guard of {guards.get(g)}")
                    guards[g] = path.relative_to(ROOT)
    expect(files > 50, f"only {files} files found")
    check_circles()
    check_outside()
    for f in failures:
        print(f)
    print(f"{len(failures)} wrong arrows" if failures else f"{files} files, every arrow runs downward")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
