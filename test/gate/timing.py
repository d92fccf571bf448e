#!/usr/bin/env python3
"""How long a login takes with the gate, beside the same login with pam_oath and pam_google_authenticator.

usage: timing.py POSTERN [LOGINS]

One machine of its own (lab.py), one sshd each, the same key, code and command, in turns. What a module remembers of used codes is set back
between logins, outside of what is measured: otherwise there would be one login in 30 s. "gate, no recorder" has /bin/sh as login shell, so
that only the key command and the PAM module are added: the figure to hold beside the others.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as L
import world as W

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
TAIL = "AuthenticationMethods publickey,keyboard-interactive:pam\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n"
REST = "account required pam_nologin.so\n@include common-account\nsession required pam_loginuid.so\n@include common-session\nsession required pam_limits.so\n"


def others(lab):
    """Two sshds with other modules, for an ordinary account; what sets their memory back."""
    hexa = L.must(L.OATHTOOL, "--totp", "-v", "-b", SEED).split("Hex secret: ")[1].split()[0]
    write_oath = lambda: L.write("/etc/users.oath", f"HOTP/T30/6 {L.PLAIN} - {hexa}\n", 0o600)
    uid = 6101 + L.PEOPLE.index(L.PLAIN)
    google = f'{SEED}\n" RATE_LIMIT 10 30\n" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n'
    write_google = lambda: L.write(f"/home/{L.PLAIN}/.google_authenticator", google, 0o400, uid, uid)
    L.write("/etc/pam.d/sshd-oath", f"auth required pam_oath.so usersfile=/etc/users.oath window=3 digits=6\n{REST}")
    L.write("/etc/pam.d/sshd-google", f"auth required pam_google_authenticator.so\n{REST}")
    out = []
    for name, port, reset in (("oath", 22031, write_oath), ("google", 22032, write_google)):
        reset()
        why = lab.sshd(TAIL, f"sshd-{name}", port)
        if why:
            sys.exit(why)
        module = {"oath": "pam_oath.so", "google": "pam_google_authenticator.so"}[name]
        if os.path.exists(f"{L.MODULES}/{module}"):
            out.append((module[:-3], lambda port=port: (L.PLAIN, "kollege", L.totp(SEED), port), reset))
    return out


def measure(lab, ways, count):
    times = {name: [] for name, _, _ in ways}
    for i in range(count + 2):
        for name, login, reset in ways[i % len(ways):] + ways[:i % len(ways)]:
            reset()
            account, key, code, port = login()
            began = time.monotonic()
            p = lab.ssh(account, key, "true", code=code, port=port)
            took = time.monotonic() - began
            if p.returncode:
                sys.exit(f"{name}: the login failed: {p.stderr}\n{lab.said(0)[-3000:]}")
            if i >= 2:
                times[name].append(took * 1000)
    return times


def main():
    L.enter()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    lab = L.Lab(sys.argv[1])
    ways = others(lab)
    if os.path.exists(lab.postern) and lab.have["pam"]:
        ways += W.timed_ways(lab)
    times = measure(lab, ways, count)
    print(f"{count} logins each, in turns; milliseconds from the start of ssh to its end\n{'':28}{'median':>8}{'p99':>8}")
    for name, v in times.items():
        print(f"{name:28}{L.percentile(v, 50):8.0f}{L.percentile(v, 99):8.0f}")
    for mine in [n for n in times if n.startswith("gate")]:
        for other in [n for n in times if n.startswith("pam_")]:
            r = [L.percentile(times[mine], p) / L.percentile(times[other], p) for p in (50, 99)]
            print(f"{mine} / {other}: median {r[0]:.2f}, p99 {r[1]:.2f}")
    lab.close()


main()
