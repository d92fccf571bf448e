"""Makes a running process call what it must not, and sees what the kernel answers. x86-64 and root (or the same user) only.

The process is stopped with ptrace(2) while it waits in a system call, gets the registers of another call, runs that one instruction, and gets
its own registers back: the call it waited in is begun again by the kernel.
"""
import ctypes
import errno
import os
import platform
import signal
import time

ATTACH, DETACH, STEP, GETREGS, SETREGS, PEEK = 16, 17, 9, 12, 13, 1
WALL = 0x40000000

# number on x86-64, arguments: without a filter each of them would answer something else than EPERM, also without any capability
CALLS = {
    "socket(AF_INET)": (41, (2, 1, 0)),
    "socket(AF_UNIX)": (41, (1, 1, 0)),
    "socket(AF_NETLINK)": (41, (16, 3, 0)),
    "listen": (50, (-1, 1)),
    "bind": (49, (-1, 0, 0)),
    "connect": (42, (-1, 0, 0)),
    "execve": (59, (0, 0, 0)),
    "execveat": (322, (-1, 0, 0, 0, 0)),
    "ptrace": (101, (0x4206, -1, 0, 0)),
    "process_vm_readv": (310, (-1, 0, 0, 0, 0, 0)),
    "unshare(CLONE_NEWUSER)": (272, (0x10000000,)),
    "userfaultfd": (323, (-1,)),
    "perf_event_open": (298, (0, 0, -1, -1, 0)),
    "keyctl": (250, (-1, 0, 0, 0, 0)),
    "add_key": (248, (0, 0, 0, 0, 0)),
    "bpf": (321, (-1, 0, 0)),
    "io_uring_setup": (425, (0, 0)),
    "chmod": (90, (0, 0)),
}
# Those a filter may answer by ending the process: nothing but an intruder calls them.
ENDING = ("execve", "execveat", "ptrace", "process_vm_readv", "unshare(CLONE_NEWUSER)", "userfaultfd", "perf_event_open", "keyctl", "add_key", "bpf", "io_uring_setup")
ENDED = 2**62   # no call returns that
GETPID, OPENAT, CLOSE, LANDLOCK_CREATE_RULESET = 39, 257, 3, 444


class Regs(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint64) for n in ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
                                               "fs_base gs_base ds es fs gs").split()]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def _ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) < 0:
        e = ctypes.get_errno()
        raise OSError(e, os.strerror(e))


def usable():
    return platform.machine() == "x86_64"


def landlock():
    """Whether this kernel has it."""
    return libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1) > 0


class Held:
    """A process held at the instruction that makes system calls."""

    def __init__(self, pid):
        self.pid, self.own = pid, Regs()

    def __enter__(self):
        for _ in range(200):
            _ptrace(ATTACH, self.pid)
            os.waitpid(self.pid, WALL)
            _ptrace(GETREGS, self.pid, ctypes.byref(self.own))
            with open(f"/proc/{self.pid}/mem", "rb", 0) as mem:
                mem.seek(self.own.rip - 2)
                if mem.read(2) == b"\x0f\x05":
                    return self
            _ptrace(DETACH, self.pid)          # it was busy with something else
            time.sleep(0.01)
        raise OSError(errno.EAGAIN, "the process never waits in a system call")

    def call(self, number, args):
        """What the call returns: an errno when negative."""
        r = Regs.from_buffer_copy(self.own)
        r.rip, r.rax, r.orig_rax = self.own.rip - 2, number, 2**64 - 1
        for name, v in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), (*args, 0, 0, 0, 0, 0, 0)):
            setattr(r, name, v & (2**64 - 1))
        _ptrace(SETREGS, self.pid, ctypes.byref(r))
        _ptrace(STEP, self.pid)
        _, st = os.waitpid(self.pid, WALL)
        if os.WIFSIGNALED(st) and os.WTERMSIG(st) == signal.SIGSYS:
            return ENDED
        if not os.WIFSTOPPED(st):
            raise OSError(errno.ESRCH, f"the process ended in call {number}")
        if os.WSTOPSIG(st) != signal.SIGTRAP:
            raise OSError(errno.EINTR, f"signal {os.WSTOPSIG(st)} instead of the end of a step")
        _ptrace(GETREGS, self.pid, ctypes.byref(r))
        return ctypes.c_int64(r.rax).value

    def open(self, path, flags):
        """openat(2) of a path, which is put below the stack for the moment; what was opened is closed again."""
        text, at = path.encode() + b"\0", (self.own.rsp - 4096) & ~15
        with open(f"/proc/{self.pid}/mem", "r+b", 0) as mem:
            mem.seek(at)
            before = mem.read(len(text))
            mem.seek(at)
            mem.write(text)
            r = self.call(OPENAT, (-100, at, flags, 0o600))
            if r >= 0:
                self.call(CLOSE, (r,))
            mem.seek(at)
            mem.write(before)
        return r

    def __exit__(self, *_):
        try:
            _ptrace(SETREGS, self.pid, ctypes.byref(self.own))
            _ptrace(DETACH, self.pid)
        except OSError:
            pass


def name_of(r):
    if r == ENDED:
        return "SIGSYS"
    return errno.errorcode.get(-r, str(r)) if r < 0 else "done"


def opening(pid, path, flags):
    with Held(pid) as held:
        return name_of(held.open(path, flags))


def answers(pid, names):
    """{name: name of the errno, "done", or "SIGSYS", behind which nothing more is asked of the process}; getpid is checked first: were it wrong, nothing here would mean anything."""
    out = {}
    with Held(pid) as held:
        own = held.call(GETPID, ())
        if own != pid:
            raise OSError(errno.EPROTO, f"getpid in process {pid} gave {own}")
        for name in names:
            number, args = CALLS[name]
            out[name] = name_of(held.call(number, args))
            if out[name] == "SIGSYS":
                break
    return out
