"""Suggestions applied: what was used before still works, what was not does not, and visudo is content."""
import os
import time

from hosts import BASE, sh

HOST = "app1"
WORK = (("find", "/usr/bin/find", "/var/log", "-name", "app.log"), ("perl", "/usr/bin/perl", "-e", "1"), ("grouped", "/usr/bin/id"))
NEVER = (("find", "/usr/bin/find", "/etc/hostname", "-exec", "/usr/bin/id", ";"), ("awk", "/usr/bin/awk", "BEGIN{}"), ("git", "/usr/bin/git", "--version"), ("byhost", "/usr/bin/id"))
DAYS = 100


def work(net):
    """Daily work, before anything else happens: the logs show it."""
    h = net.hosts[HOST]
    for account, *argv in WORK + NEVER[1:]:
        if (account, *argv) in WORK:
            p = h.run(account, "sudo", "-n", *argv)
            if p.returncode:
                raise SystemExit(f"daily work of {account}: {p.stderr}")
    with open(f"{BASE}/log/{HOST}", encoding="utf-8") as f:
        seen = f.read()
    os.makedirs(f"{BASE}/logs")
    now = time.time()
    with open(f"{BASE}/logs/auth.log", "w", encoding="utf-8") as f:
        for hour in range(DAYS * 24, 0, -1):                   # a machine whose log has no gap
            stamp = time.strftime("%Y-%m-%dT%H:17:01.000000+00:00", time.gmtime(now - hour * 3600))
            f.write(f"{stamp} {HOST} CRON[4711]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)\n")
        f.write(seen)


def check(net, postern, snapshots, folder, said):
    h = net.hosts[HOST]
    patch, undo = f"{folder}/suggest.patch", f"{folder}/suggest.undo"
    p = sh(postern, "privilege", "suggest", "--snapshot", f"{snapshots}/{HOST}.json", "--logs", f"{BASE}/logs", "--root", h.root, "--host", HOST, "--output", patch, "--undo", undo)
    said(p.returncode == 0 and os.path.getsize(patch) > 0, f"suggest: a patch {p.stderr[-300:]}")
    before = h.read("/etc/sudoers")
    for account, *argv in NEVER:
        said(h.run(account, "sudo", "-n", *argv).returncode == 0, f"suggest: before, {account} could {' '.join(argv)}")
    q = sh("patch", "-p1", "-d", h.root, "-i", patch)
    said(q.returncode == 0, f"suggest: patch(1) applies it {q.stdout[-300:]}{q.stderr[-300:]}")
    v = h.run("root", "/usr/sbin/visudo", "-c")
    said(v.returncode == 0, f"suggest: visudo -c is content {v.stderr[-300:]}")
    for account, *argv in WORK:
        w = h.run(account, "sudo", "-n", *argv)
        said(w.returncode == 0, f"suggest: {account} still does {' '.join(argv)} {w.stderr[-200:]}")
    for account, *argv in NEVER:
        said(h.run(account, "sudo", "-n", *argv).returncode != 0, f"suggest: {account} can no more {' '.join(argv)}")
    q = sh("patch", "-p1", "-d", h.root, "-i", undo)
    said(q.returncode == 0 and h.read("/etc/sudoers") == before, f"suggest: the other patch undoes it {q.stdout[-300:]}")
