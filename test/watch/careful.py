"""A sender of lines over TCP that knows which of them the daemon has: plain syslog has no acknowledgement, so it looks into the spool.

What a receiver had read but not written to its spool is gone with it, and so is what lay in the socket; RELP is for that. A sender that
wants nothing to be lost has to send again what did not arrive, and this one sends again exactly that, so that a test can ask for every line
to be judged once.
"""
import collections
import os
import queue
import re
import threading
import time
from pathlib import Path

import replay

BATCH = 20
STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:")


class Spool:
    """Every line that ever stood in a spool folder. Segments are kept by a second name, so that the engine may remove its own."""

    def __init__(self, folder, keep):
        self.folder, self.keep = Path(folder), Path(keep)
        self.keep.mkdir(exist_ok=True)
        self.files, self.lines = {}, collections.Counter()     # inode -> [path, offset, rest]
        self.lock = threading.Lock()

    def look(self):
        with self.lock:
            for p in sorted(self.folder.glob("**/*")):
                try:
                    st = p.lstat()
                    if p.is_file() and st.st_ino not in self.files:
                        os.link(p, self.keep / str(st.st_ino))
                        self.files[st.st_ino] = [self.keep / str(st.st_ino), 0, b""]
                except OSError:
                    continue                                    # removed meanwhile: then it was seen before, see Careful
            for f in self.files.values():
                with open(f[0], "rb") as src:
                    src.seek(f[1])
                    data = src.read()
                f[1] += len(data)
                whole = (f[2] + data).split(b"\n")
                f[2] = whole.pop()
                for x in whole:
                    m = STAMP.search(x)
                    self.lines[x[m.start():] if m else x] += 1

    def has(self, line):
        return self.lines[line]


class Careful:
    """write() as of a socket; a thread sends. close() waits until everything is in the spool."""

    def __init__(self, address, spool, counted=False):
        self.address, self.spool, self.counted = address, spool, counted
        self.queue, self.ended = queue.Queue(), threading.Event()
        self.wanted = collections.Counter()
        self.sent = self.again = self.connects = 0
        self.stream = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def write(self, data):
        self.queue.put(data.rstrip(b"\n"))

    def _connect(self):
        while self.stream is None and not self.ended.is_set():
            try:
                self.stream = replay.Stream(self.address, self.counted)
                self.stream.sock.settimeout(5)
                self.connects += 1
            except OSError:
                time.sleep(0.05)
        return self.stream is not None

    def _closed(self):
        """The other end is gone: a receiver never sends, so anything but a timeout is its end."""
        self.stream.sock.setblocking(False)
        try:
            return self.stream.sock.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.stream.sock.settimeout(5)

    def _drop(self):
        if self.stream:
            self.stream.close()
        self.stream = None

    def _send(self, batch):
        """False: the connection broke."""
        try:
            for x in batch:
                self.stream.write(x)
            return True
        except OSError:
            self._drop()
            return False

    def _missing(self, batch):
        self.spool.look()
        need = collections.Counter(batch)
        return [x for x, n in need.items() for _ in range(max(0, min(n, self.wanted[x] - self.spool.has(x))))]

    def _deliver(self, batch):
        for x in batch:
            self.wanted[x] += 1
        left = batch
        while left and self._connect():
            if left is not batch:
                self.again += len(left)
            self.sent += len(left)
            ok = self._send(left)
            while ok and (left := self._missing(batch)) and not self.ended.is_set():
                if self._closed():
                    self._drop()
                    break
                time.sleep(0.01)
            left = self._missing(batch)

    def _run(self):
        while not self.ended.is_set():
            batch = [self.queue.get()]
            while len(batch) < BATCH and not self.queue.empty():
                batch.append(self.queue.get())
            stop = None in batch
            batch = [x for x in batch if x is not None]
            if batch:
                self._deliver(batch)
            if stop:
                return

    def finish(self, seconds):
        """True when everything is in the spool."""
        self.queue.put(None)
        self.thread.join(seconds)
        done = not self.thread.is_alive()
        self.ended.set()
        self._drop()
        return done

    def close(self):
        pass
