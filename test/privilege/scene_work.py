"""work1: files that others may write and somebody else runs, setuid copies, capabilities, groups."""
from hosts import Host, Job


def work1(net, k):
    h = net.add(Host(net, "work1", 18, k))
    for a in ("paul", "rita", "tom", "una", "vera", "xaver", "yara", "zoe"):
        h.account(a)
    h.account("svc", shell="/usr/sbin/nologin")
    for a, g in (("paul", "jobs"), ("rita", "units"), ("tom", "docker"), ("una", "shells"), ("vera", "adm"), ("xaver", "shadow"), ("yara", "crons"), ("xaver", "runners")):
        h.group(g).append(a)
    # root's cron
    h.file("/etc/cron.d/nightly", "* * * * * root /opt/cron/nightly.sh\n")
    h.file("/opt/cron/nightly.sh", "#!/bin/sh\n. /opt/cron/lib.sh\nexit 0\n", 0o775, "root", "jobs")
    h.file("/opt/cron/lib.sh", "true\n", 0o644)
    h.file("/etc/cron.d/fine", "* * * * * root /opt/cron/fine.sh\n")
    h.file("/opt/cron/fine.sh", "#!/bin/sh\nexit 0\n", 0o755)
    h.file("/etc/cron.d/folder", "* * * * * root /opt/shared/run.sh\n")
    h.folder("/opt/shared", 0o775, "root", "runners")
    h.file("/opt/shared/run.sh", "#!/bin/sh\nexit 0\n", 0o755)
    h.folder("/opt/sticky", 0o1777)                                          # the sticky bit: not theirs to replace
    h.file("/opt/sticky/run.sh", "#!/bin/sh\nexit 0\n", 0o755)
    h.file("/etc/cron.d/sticky", "* * * * * root /opt/sticky/run.sh\n")
    h.file("/etc/cron.d/loose", "* * * * * root /opt/cron/fine.sh\n", 0o664, "root", "crons")   # cron refuses files that others may write
    h.file("/etc/cron.d/assvc", "* * * * * svc /opt/cron/svc.sh\n")
    h.file("/opt/cron/svc.sh", "#!/bin/sh\nexit 0\n", 0o775, "root", "jobs")
    h.jobs += [Job("cron nightly", "root", ["/opt/cron/nightly.sh"], ["/opt/cron/nightly.sh", "/opt/cron/lib.sh"]),
               Job("cron fine", "root", ["/opt/cron/fine.sh"], ["/opt/cron/fine.sh"]),
               Job("cron folder", "root", ["/opt/shared/run.sh"], ["/opt/shared/run.sh"]),
               Job("cron sticky", "root", ["/opt/sticky/run.sh"], ["/opt/sticky/run.sh"]),
               Job("cron svc", "svc", ["/opt/cron/svc.sh"], ["/opt/cron/svc.sh"])]
    h.jobs.append(Job("cron loose", "root", ["CRON", "/etc/cron.d/loose"], ["/etc/cron.d/loose"]))
    # a service; the test acts the service manager
    unit = "[Unit]\nDescription=x\n[Service]\nExecStart=/opt/unit/%s\n%s[Install]\nWantedBy=multi-user.target\n"
    h.file("/etc/systemd/system/report.service", unit % ("report", ""), 0o664, "root", "units")
    h.file("/opt/unit/report", "#!/bin/sh\nexit 0\n", 0o755)
    h.file("/etc/systemd/system/other.service", unit % ("other", "User=svc\n"))
    h.file("/opt/unit/other", "#!/bin/sh\nexit 0\n", 0o755, "zoe")
    h.jobs += [Job("unit report", "root", ["UNIT", "/etc/systemd/system/report.service"], ["/etc/systemd/system/report.service", "/opt/unit/report"]),
               Job("unit other", "svc", ["UNIT", "/etc/systemd/system/other.service"], ["/etc/systemd/system/other.service", "/opt/unit/other"])]
    for unit_name in ("report", "other"):
        h.files.append(("link", f"/etc/systemd/system/multi-user.target.wants/{unit_name}.service", f"/etc/systemd/system/{unit_name}.service", 0, "root", None))
    # a person who logs in, with a home that others may write
    h.account("open", mode=0o777)
    h.file("/home/open/.profile", "true\n", 0o644, "open")
    h.jobs.append(Job("login open", "open", [], ["/home/open/.profile"], login=True))
    h.jobs.append(Job("login zoe", "zoe", [], ["/home/zoe/.profile"], login=True))
    h.file("/home/zoe/.profile", "true\n", 0o644, "zoe")
    # setuid
    h.copy("/usr/local/bin/rootsh", "/usr/bin/bash", 0o4755)
    h.files[-1] = ("copy", "/usr/local/bin/rootsh", ("/usr/bin/bash", ""), 0o4750, "root", "shells")
    h.copy("/opt/bin/svcsh", "/usr/bin/bash", 0o4755, "svc")
    h.copy("/opt/bin/idcopy", "/usr/bin/id", 0o4755)                         # a setuid program that gives nothing
    h.nosuid.append("/srv/nosuid")
    h.file("/etc/fstab", "tmpfs /srv/nosuid tmpfs defaults,nosuid 0 0\n")
    h.copy("/srv/nosuid/rootsh", "/usr/bin/bash", 0o4755)
    h.copy("/opt/bin/plainsh", "/usr/bin/bash", 0o755)
    h.folder("/opt/cap", 0o750, "root", "caps")
    h.group("caps").append("paul")
    h.copy("/opt/cap/py", "/usr/bin/python3.11", 0o755, capability="cap_setuid+ep")
    # a daemon that runs what its socket says, as dockerd does
    h.daemons.append(("/run/docker.sock", "docker"))
    # keys
    h.authorize("vera", "left")
    h.authorize("zoe", "agent")
    h.authorize("paul", "anna")
    return h


def old1(net, k):
    """Passwords that are empty, and a group that su asks nothing."""
    h = net.add(Host(net, "old1", 19, k))
    for a in ("nils", "wilma", "selfpw"):
        h.account(a, groups=("wheel",) if a == "wilma" else ())
    h.account("blank", password="")
    h.account("blanksudo", password="", shell="/usr/sbin/nologin")
    h.account("other", password="", expires="1000")
    h.sshd = "AllowUsers nils blank\n"
    h.sudoers += "blanksudo ALL=(nils) ALL\nDefaults:selfpw targetpw\nselfpw ALL=(blank) ALL\n"
    h.file("/etc/pam.d/su", "auth sufficient pam_rootok.so\nauth sufficient pam_wheel.so trust group=wheel\n@include common-auth\n@include common-account\n@include common-session\n")
    h.authorize("nils", "carl")
    return h
