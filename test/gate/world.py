"""The gate in a lab: Postern's service, its commands as administrators give them, sshd and PAM set up for it or for others' modules."""
import json
import os
import re
import signal
import sqlite3
import subprocess
import time

from lab import ADMIN, COVERED, MODULES, OFFICE, SECOND, connects, must, percentile, read, sh, totp, wait_for, write  # noqa: F401

STATE, SOCKET, KEYS_USER = "/var/lib/postern", "/run/postern/gate.sock", "postern-keys"
PROVIDER, HERE = "hafenlicht", "10.77.0.0/24"

SSHD_TAIL = f"""
Match Group postern-provider
  AuthenticationMethods publickey,keyboard-interactive:pam
  PubkeyAuthentication yes
  KbdInteractiveAuthentication yes
  PasswordAuthentication no
  AuthorizedKeysFile none
  AuthorizedKeysCommand /usr/bin/postern sshd-keys %u %f %t %k
  AuthorizedKeysCommandUser {KEYS_USER}
  DisableForwarding yes
  PermitUserRC no
  MaxSessions 1
Match all
"""
PAM = {
    "sshd": ("auth [success=done ignore=ignore default=die] pam_postern.so\n@include common-auth\n"
             "account requisite pam_postern.so\naccount required pam_nologin.so\n@include common-account\n"
             "session required pam_loginuid.so\nsession requisite pam_postern.so\nsession optional pam_keyinit.so force revoke\n@include common-session\n"
             "session required pam_limits.so\nsession required pam_env.so\n"),
    "sudo": "account requisite pam_postern.so\n@include common-auth\n@include common-account\n@include common-session-noninteractive\n",
    "su": "auth sufficient pam_rootok.so\naccount requisite pam_postern.so\n@include common-auth\n@include common-account\n@include common-session\n",
    "cron": "@include common-auth\naccount requisite pam_postern.so\n@include common-account\nsession required pam_loginuid.so\n@include common-session-noninteractive\n",
}


def iso(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


class Gate:
    def __init__(self, lab):
        self.lab, self.seed, self.proc = lab, {}, None
        os.makedirs(STATE, mode=0o700, exist_ok=True)

    # ---- commands, as who ---------------------------------------------------------------------------------------------------
    def run(self, *args, who=ADMIN, **kw):
        """postern, through sudo as an administrator would."""
        return sh("/usr/sbin/runuser", "-u", who, "--", "/usr/bin/sudo", "-n", "/usr/bin/postern", *args, **kw)

    def must(self, *args, **kw):
        p = self.run(*args, **kw)
        if p.returncode:
            raise SystemExit(f'postern {" ".join(map(str, args))}: status {p.returncode}: {p.stdout}{p.stderr}')
        return p.stdout

    # ---- the service ----------------------------------------------------------------------------------------------------------
    def serve(self, *extra, env=None):
        self.proc = self.lab.start("/usr/bin/postern", "gate", "serve", *extra, env={**os.environ, **(env or {})},
                                   stdout=open(f"{self.lab.dir}/log/serve.out", "a"), stderr=subprocess.STDOUT)
        wait_for(lambda: os.path.exists(SOCKET) or self.proc.poll() is not None, 20)
        return self.proc.poll() is None

    def end(self, sig=signal.SIGTERM):
        if self.proc:
            self.lab.stop(self.proc, sig)
            self.proc = None

    def configure(self):
        """sshd and PAM, by hand."""
        for name, text in PAM.items():
            write(f"/etc/pam.d/{name}", text)
        shells = read("/etc/shells")
        if "/usr/bin/postern-shell" not in shells:
            write("/etc/shells", shells + "/usr/bin/postern-shell\n")
        for name in COVERED:
            must("usermod", "-s", "/usr/bin/postern-shell", name)
        return self.lab.sshd(SSHD_TAIL)
