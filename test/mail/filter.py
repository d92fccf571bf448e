"""postern milter, started on loopback, and a client of its protocol (libmilter's mfdef.h): what Postfix would say to it, without Postfix."""
import os
import signal
import socket
import struct
import subprocess
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Filter:
    def __init__(self, postern, folder, *options, config=None, where=None):
        self.where = where or ("127.0.0.1", free_port())
        self.log, self.folder = f"{folder}.log", folder
        named = () if where else ("--socket", f"127.0.0.1:{self.where[1]}")
        with open(self.log, "w") as log:
            self.p = subprocess.Popen([postern, "milter", *named, "--quarantine", folder, *options], stderr=log, env={**os.environ, "POSTERN_CONFIG": config or "/nonexistent"})
        end = time.monotonic() + 60
        while "ready" not in self.said() and self.p.poll() is None and time.monotonic() < end:
            time.sleep(0.02)

    def said(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def lines(self, word):
        """What it said, as syslogd writes it."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        return [f"{now} mail1 postern-milter[77]: {x.removeprefix('postern-milter: ')}\n" for x in self.said().splitlines() if x.startswith(f"postern-milter: {word} ")]

    def end(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait(30)

    def send(self, message, sender, recipients, queue="4ZTEST"):
        """The headers it adds and its last word ('c' continue, 'a' accept, 'r' reject, 't' put off, 'd' discard)."""
        head, _, body = message.replace(b"\r\n", b"\n").partition(b"\n\n")
        fields = []
        for line in head.split(b"\n"):
            if line[:1] in b" \t" and fields:
                fields[-1][1] += b"\n" + line
            else:
                name, _, value = line.partition(b":")
                fields.append([name, value.lstrip(b" ")])
        with socket.create_connection(self.where, timeout=60) as s:
            talk = Talk(s)
            talk.say(b"O", struct.pack(">III", 6, 0x1ff, 0x1fffff))
            talk.hear()
            talk.ask(b"M", b"<" + sender.encode() + b">\0")
            for r in recipients:
                talk.ask(b"R", b"<" + r.encode() + b">\0")
            for name, value in fields:
                talk.ask(b"L", name + b"\0" + value + b"\0")
            talk.ask(b"N", b"")
            body = body.replace(b"\n", b"\r\n")
            for i in range(0, len(body), 60000):
                talk.ask(b"B", body[i:i + 60000])
            talk.say(b"D", b"Ei\0" + queue.encode() + b"\0")
            talk.say(b"E", b"")
            added = []
            while True:
                kind, data = talk.hear()
                if kind == b"h":
                    name, value = data.rstrip(b"\0").split(b"\0", 1)
                    added.append((name.decode(), value.decode()))
                elif kind in b"cartyd":
                    talk.say(b"Q", b"")
                    return added, kind.decode()


class Talk:
    def __init__(self, s):
        self.s = s

    def say(self, kind, data):
        self.s.sendall(struct.pack(">I", len(data) + 1) + kind + data)

    def exactly(self, n):
        b = b""
        while len(b) < n:
            piece = self.s.recv(n - len(b))
            if not piece:
                raise EOFError("the filter hung up")
            b += piece
        return b

    def hear(self):
        n = struct.unpack(">I", self.exactly(4))[0]
        data = self.exactly(n)
        return data[:1], data[1:]

    def ask(self, kind, data):
        self.say(kind, data)
        kind, _ = self.hear()
        if kind != b"c":
            raise ValueError(f"the filter says {kind!r}")
