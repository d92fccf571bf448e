"""app1 and app2: sudo. One account a rule; the account's name says which."""
from hosts import HASH, Host

PROVED = {  # account: what its rule is; on app1 each is expected to give a shell of somebody, the enumerator finds out
    "all": "all ALL=(ALL:ALL) NOPASSWD: ALL",
    "find": "find ALL=(root) NOPASSWD: /usr/bin/find",
    "vim": "vim ALL=(root) NOPASSWD: /usr/bin/vim /etc/motd",
    "teesudo": "teesudo ALL=(root) NOPASSWD: /usr/bin/tee -a /etc/sudoers.d/zz-extra",
    "negated": "negated ALL=(ALL) NOPASSWD: ALL, !/usr/bin/su, !/usr/bin/bash, !/bin/bash, !/bin/sh, !/usr/bin/sh",
    "noexec": "noexec ALL=(root) NOPASSWD: NOEXEC: /usr/bin/find",
    "runas": "runas ALL=(worker) NOPASSWD: ALL",
    "grouped": "%ops ALL=(ALL) NOPASSWD: ALL",
    "byuid": "#2999 ALL=(ALL) NOPASSWD: ALL",
    "bygid": "%#5999 ALL=(ALL) NOPASSWD: ALL",
    "byhost": "byhost web1,app1=(ALL) NOPASSWD: ALL",
    "bynet": "bynet 10.66.0.0/24=(ALL) NOPASSWD: ALL",
    "until": "until ALL=(ALL) NOTAFTER=20991231000000Z NOPASSWD: ALL",
    "later": "later ALL=(ALL) ALL\nlater ALL=(ALL) NOPASSWD: ALL",
    "script": "script ALL=(root) NOPASSWD: /opt/job/script.sh",
    "tools": "tools ALL=(root) NOPASSWD: /opt/tools/",
    "edit": "edit ALL=(root) NOPASSWD: sudoedit /etc/sudoers.d/zz-edit",
    "alias": "User_Alias PEOPLE = alias, nobody\nCmnd_Alias SHELLS = /bin/dash, /bin/zsh\nPEOPLE ALL=(root) NOPASSWD: SHELLS",
    "noargs": "noargs ALL=(root) NOPASSWD: /usr/bin/bash \"\"",
    "envcmd": "envcmd ALL=(root) NOPASSWD: /usr/bin/env",
    "tar": "tar ALL=(root) NOPASSWD: /usr/bin/tar -cf /var/backup.tar *",
    "less": "less ALL=(root) NOPASSWD: /usr/bin/less /var/log/app.log",
    "awk": "awk ALL=(root) NOPASSWD: /usr/bin/awk",
    "perl": "perl ALL=(root) NOPASSWD: /usr/bin/perl",
    "cp": "cp ALL=(root) NOPASSWD: /usr/bin/cp",
    "dd": "dd ALL=(root) NOPASSWD: /usr/bin/dd",
    "chmod": "chmod ALL=(root) NOPASSWD: /usr/bin/chmod",
    "mount": "mount ALL=(root) NOPASSWD: /usr/bin/mount",
    "useradd": "useradd ALL=(root) NOPASSWD: /usr/sbin/useradd",
    "passwd": "passwd ALL=(root) NOPASSWD: /usr/bin/passwd",
    "ssh": "ssh ALL=(root) NOPASSWD: /usr/bin/ssh *",
    "git": "git ALL=(root) NOPASSWD: /usr/bin/git",
    "su": "su ALL=(root) NOPASSWD: /usr/bin/su - worker",
    "noauth": "Defaults:noauth !authenticate\nnoauth ALL=(ALL) ALL",
    "xargs": "xargs ALL=(root) NOPASSWD: /usr/bin/xargs",
}
REFUSED = {
    "withpw": "withpw ALL=(ALL:ALL) ALL",
    "nopass": "nopass ALL=(ALL:ALL) ALL",
    "findfix": "findfix ALL=(root) NOPASSWD: /usr/bin/find /var/log -name app.log",
    "systemctl": "systemctl ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx, /usr/bin/systemctl reload nginx",
    "teemotd": "teemotd ALL=(root) NOPASSWD: /usr/bin/tee /etc/motd",
    "idonly": "idonly ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/whoami",
    "otherhost": "otherhost web1,!app2=(ALL) NOPASSWD: ALL",
    "othernet": "othernet 192.0.2.0/24=(ALL) NOPASSWD: ALL",
    "ended": "ended ALL=(ALL) NOTAFTER=20200101000000Z NOPASSWD: ALL",
    "earlier": "earlier ALL=(ALL) NOPASSWD: ALL\nearlier ALL=(ALL) PASSWD: ALL",
    "withdrawn": "withdrawn ALL=(ALL) NOPASSWD: ALL\nwithdrawn ALL=(ALL) !ALL",
    "scriptok": "scriptok ALL=(root) NOPASSWD: /opt/job/fixed.sh",
    "editmotd": "editmotd ALL=(root) NOPASSWD: sudoedit /etc/motd",
    "digest": "digest ALL=(root) NOPASSWD: sha256:0000000000000000000000000000000000000000000000000000000000000000 /usr/bin/bash",
    "argument": "argument ALL=(root) NOPASSWD: /usr/bin/bash /opt/job/fixed.sh",
    "lessnoexec": "lessnoexec ALL=(root) NOPASSWD: NOEXEC: /usr/bin/less /var/log/app.log",
    "catlog": "catlog ALL=(root) NOPASSWD: /usr/bin/cat /var/log/*",
    "onlyself": "onlyself ALL=(onlyself) NOPASSWD: ALL",
    "notme": "ALL, !notme ALL=(nothere) NOPASSWD: ALL",
    "loginpw": "Defaults:loginpw rootpw\nloginpw ALL=(ALL) ALL",
    "badfile": "",
    "dotfile": "",
    "commented": "# commented ALL=(ALL) NOPASSWD: ALL",
    "exclam": "exclam ALL=(ALL,!root) NOPASSWD: ALL",
    "targetpw": "Defaults:targetpw targetpw\ntargetpw ALL=(worker) ALL",
    "cpfix": "cpfix ALL=(root) NOPASSWD: /usr/bin/cp /var/log/app.log /srv/copy.log",
    "missing": "missing ALL=(root) NOPASSWD: /opt/none/such",
}


def common(h, rules):
    for a in rules:
        h.account(a, uid=2999 if a == "byuid" else None, password="!" if a == "nopass" else HASH)
    h.account("worker", password=HASH)
    h.file("/etc/motd", "hello\n")
    h.file("/var/log/app.log", "line\n" * 3)
    h.file("/opt/job/fixed.sh", "#!/bin/sh\nid >/dev/null\n", 0o755)
    h.sudoers += "".join(r + "\n" for r in rules.values() if r)
    h.sshd = "AllowGroups ssh-users\n"                                      # who starts there is there already
    h.group("ssh-users").append("worker")


def app1(net, k):
    h = net.add(Host(net, "app1", 15, k))
    common(h, PROVED)
    h.group("ops").append("grouped")
    h.group("five", 5999).append("bygid")
    h.file("/opt/job/script.sh", "#!/bin/sh\nexit 0\n", 0o775, "root", "script")
    h.folder("/opt/tools", 0o755, "tools")
    h.authorize("worker", "app")
    h.private("worker", "backup")
    return h


def app2(net, k):
    h = net.add(Host(net, "app2", 16, k))
    common(h, REFUSED)
    h.account("nothere", password=HASH)
    h.file("/etc/sudoers.d/10.badfile", "badfile ALL=(ALL) NOPASSWD: ALL\n", 0o440)     # a dot in the name: not read
    h.file("/etc/sudoers.d/dotfile~", "dotfile ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    h.private("root", "reader", "id_ed25519")                                           # what catlog reads
    h.authorize("worker", "service")
    return h
