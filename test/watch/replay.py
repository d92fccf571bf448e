"""Writes lines as their programs would: into live files that are rotated while they are written, and through sockets.

Every line is written once its moment has come: schedule() turns the lines' own time into moments. Writing is one thread, so lines of
different logs keep their order; what a line's moment was and when it was written are kept in the line (Line.written).
"""
import gzip
import os
import re
import shutil
import socket
import threading
import time
from pathlib import Path

BATCH = 256  # lines written without looking at the clock: order between files is kept within it as well

# How logs are rotated, each as logrotate and programs do it: moved (and written on for some lines under the new name), copied and emptied;
# packed at once, packed one rotation later, or with the date as the suffix. "copy-packed" is left out where order is compared: what was not
# read before its log was emptied is read from the packed copy, when that is whole; at 100,000 times the speed a second is a day.
STYLES = ("move", "move-packed", "move-packed-later", "copy", "date")
ALL_STYLES = (*STYLES, "copy-packed")


def schedule(lines, windows, speed, fast):
    """Seconds after the start for each line: `speed` times faster than its own time within windows [(from, to)], `fast` times elsewhere."""
    out, at = [], 0.0
    last, k = (lines[0].t if lines else 0), 0
    for x in lines:
        t = max(x.t, last)
        while last < t:
            while k < len(windows) and windows[k][1] <= last:
                k += 1
            inside = k < len(windows) and windows[k][0] <= last
            end = min(t, windows[k][1] if inside else windows[k][0]) if k < len(windows) else t
            at += (end - last) / (speed if inside else fast)
            last = end
        out.append(at)
    return out


def windows_around(times, pad):
    out = []
    for t in sorted(times):
        if out and t - pad <= out[-1][1]:
            out[-1][1] = t + pad
        else:
            out.append([t - pad, t + pad])
    return out


def _all(fd, part, data):
    """Writes part, which data begins with; returns what is left of data."""
    left = len(data) - len(part)
    while part:
        part = part[os.write(fd, part):]
    return data[len(data) - left:] if left else b""


class LiveFile:
    """A log that is written and rotated."""

    def __init__(self, path, style):
        self.path, self.style, self.rotations = Path(path), style, 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self.old, self.old_left = None, 0   # what was moved away and is written on for some lines

    def write(self, data, halves=False):
        fd = self.fd
        if self.old is not None:
            if self.old_left > 0:
                fd, self.old_left = self.old, self.old_left - 1
            else:
                self._let_go()
        if halves:
            data = _all(fd, data[:len(data) // 2], data)
            time.sleep(0.002)
        _all(fd, data, data)

    def _let_go(self):
        """The program closes what was moved away; packing waits for that (logrotate: postrotate, then compress)."""
        if self.old is None:
            return
        os.close(self.old)
        self.old = None
        if self.style == "move-packed":
            self._pack(self._named(1))

    def _named(self, i, packed=False):
        return self.path.with_name(f"{self.path.name}.{i}" + (".gz" if packed else ""))

    def _pack(self, p):
        """As gzip does: the packed file grows beside the other, which then goes."""
        if not p.exists():
            return
        st = p.stat()
        with open(p, "rb") as src, gzip.GzipFile(str(p) + ".gz", "wb", compresslevel=6, mtime=st.st_mtime) as out:
            while part := src.read(1 << 16):
                out.write(part)
                out.fileobj.flush()
        os.utime(str(p) + ".gz", (st.st_mtime, st.st_mtime))
        p.unlink()

    def _shift(self):
        for i in range(self.rotations, 0, -1):
            for packed in (False, True):
                if self._named(i, packed).exists():
                    self._named(i, packed).rename(self._named(i + 1, packed))

    def rotate(self):
        self._let_go()
        if self.path.stat().st_size == 0:
            return
        if self.style == "date":
            to = self.path.with_name(f"{self.path.name}-202605{10 + self.rotations:02d}")
        else:
            self._shift()
            to = self._named(1)
        self.rotations += 1
        if self.style.startswith("copy"):
            shutil.copyfile(self.path, to)
            os.truncate(self.path, 0)
            if self.style == "copy-packed":
                self._pack(to)
            return
        if self.style == "move-packed-later":
            self._pack(self._named(2))
        self.path.rename(to)
        self.old, self.old_left = self.fd, 3
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o640)

    def close(self):
        self._let_go()
        os.close(self.fd)


# ---- sockets ------------------------------------------------------------------------------------------------------------
PRIORITY = b"<38>"


class Datagrams:
    """RFC 5426 over UDP, or a Unix socket like /dev/log."""

    def __init__(self, address):
        self.sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(address)
        self.sent = 0

    def write(self, data):
        self.sock.send(PRIORITY + data.rstrip(b"\n"))
        self.sent += 1

    def close(self):
        self.sock.close()


class Stream:
    """RFC 6587 over TCP, or over what `wrap` makes of it (TLS): counted octets, or newlines."""

    def __init__(self, address, counted=False, wrap=None):
        self.sock = socket.create_connection(address)
        if wrap:
            self.sock = wrap(self.sock)
        self.counted, self.sent = counted, 0

    def write(self, data):
        data = PRIORITY + data.rstrip(b"\n")
        self.sock.sendall(b"%d %s" % (len(data), data) if self.counted else data + b"\n")
        self.sent += 1

    def close(self):
        self.sock.close()


class Replay:
    """Lines into a folder, and streams named in `sockets` {stream: object with write()} through those.

    split: every so many lines of files are written in two halves with a pause between, as a program does that was interrupted.
    rotate_every: seconds of the lines' own time between two rotations of a log, 0 never.
    """

    def __init__(self, folder, lines, moments, sockets=None, rotate_every=0, split=997, styles=STYLES):
        self.folder, self.lines, self.moments = Path(folder), lines, moments
        self.sockets, self.rotate_every, self.split, self.styles = sockets or {}, rotate_every, split, styles
        self.files, self.next_rotation = {}, {}
        self.done, self.rotated, self.behind = 0, 0, 0.0   # lines written; rotations; largest delay in seconds
        self.stopped = threading.Event()
        self.error = None

    def _file(self, name):
        f = self.files.get(name)
        if f is None:
            k = len(self.files)
            f = self.files[name] = LiveFile(self.folder / name, self.styles[k % len(self.styles)])
            # not all at the same moment
            self.next_rotation[name] = self.lines[0].t + self.rotate_every * (1 + k / 40)
        return f

    def _put(self, x, data):
        name = x.stream
        if name in self.sockets:
            self.sockets[name].write(data)
            return
        f = self._file(name)
        if self.rotate_every and x.t >= self.next_rotation[name] and not re.search(r"[wb]tmp$", name):
            while self.next_rotation[name] <= x.t:
                self.next_rotation[name] += self.rotate_every
            f.rotate()
            self.rotated += 1
        f.write(data, self.split and self.done % self.split == 0 and len(data) > 20)

    def prepare(self, upto):
        """Writes the lines before number `upto` at once, rotation and all: what lies there before the start, rotated long ago."""
        for x in self.lines[:upto]:
            self._put(x, x.data)
            x.written = time.time_ns()
            self.done += 1
        live = {f.path for f in self.files.values()}
        for p in self.folder.glob("**/*"):
            if p.is_file() and p not in live:
                os.utime(p, (time.time() - 3600,) * 2)

    def run(self):
        """In the caller's thread, until all is written or stop() was called."""
        start = time.monotonic() - (self.moments[self.done] if self.done < len(self.moments) else 0)
        n = self.done
        try:
            while n < len(self.lines) and not self.stopped.is_set():
                late = time.monotonic() - start - self.moments[n]
                if late < 0:
                    time.sleep(min(-late, 0.25))
                    continue
                self.behind = max(self.behind, late)
                end = min(n + BATCH, len(self.lines))
                now = time.monotonic() - start
                while n < end and self.moments[n] <= now:
                    x = self.lines[n]
                    self._put(x, x.data)
                    x.written = time.time_ns()
                    n += 1
                    self.done = n
        except Exception as e:  # told by the one who waits
            self.error = e
        finally:
            for f in self.files.values():
                f.close()

    def start(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        self.stopped.set()
        self.join()

    def join(self):
        self.thread.join()
        if self.error:
            raise self.error
