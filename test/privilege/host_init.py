"""First process of a host: changes into its tree, keeps its log, starts sshd, buries the dead. usage: host_init.py SPEC (JSON; hosts.py)"""
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

spec = json.loads(sys.argv[1])
root = spec["root"]


def call(*argv):
    subprocess.run(argv, check=True)


def listen(sock, out, name):
    while True:
        text = sock.recv(65536).decode("utf-8", "replace").rstrip("\n\0")
        m = re.match(r"<\d+>(?:\w{3} [ \d]\d \d\d:\d\d:\d\d )?(.*)$", text, re.S)
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}+00:00"
        out.write(f"{stamp} {name} " + m.group(1).replace("\n", "#012") + "\n")


def main():
    log = open(spec["log"], "a", buffering=1, encoding="utf-8")
    call("mount", "--make-rprivate", "/")
    call("mount", "--rbind", root, root)
    call("mount", "-t", "proc", "proc", f"{root}/proc")
    call("mount", "-t", "tmpfs", "-o", "mode=755", "dev", f"{root}/dev")
    for n in ("null", "zero", "full", "random", "urandom", "tty"):
        call("cp", "-a", f"/dev/{n}", f"{root}/dev")
    os.mkdir(f"{root}/dev/pts")
    os.mkdir(f"{root}/dev/shm", 0o1777)
    call("mount", "-t", "devpts", "-o", "newinstance,mode=620,gid=5,ptmxmode=666", "pts", f"{root}/dev/pts")
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    for i, n in enumerate(("fd", "stdin", "stdout", "stderr")):
        os.symlink("/proc/self/fd" + (f"/{i - 1}" if i else ""), f"{root}/dev/{n}")
    call("hostname", spec["name"])
    b"".decode("idna") if False else None
    time.strftime("%Y", time.gmtime(0))
    os.chdir(root)
    call("pivot_root", ".", "old")
    os.chdir("/")
    if ctypes.CDLL(None, use_errno=True).umount2(b"/old", 2):
        raise OSError(ctypes.get_errno(), "umount2")
    os.rmdir("/old")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    threading.Thread(target=listen, args=(sock, log, spec["name"]), daemon=True).start()
    ready = spec["ready"]
    os.set_inheritable(ready, False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if spec["sshd"]:
        err = open("/run/sshd.err", "wb")
        subprocess.Popen(["/usr/sbin/sshd", "-D", "-e"] if os.environ.get("SSHD_LOUD") else ["/usr/sbin/sshd", "-D"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, close_fds=True)
    os.write(ready, b"ready\n")
    os.close(ready)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            time.sleep(0.2)


main()
