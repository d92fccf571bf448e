#!/usr/bin/env python3
"""Logs to measure with: the same bytes for the same arguments.

usage: gen_logs.py auth|mixed|access MEGABYTES [> FILE]

auth: what sshd, PAM, sudo, cron and systemd-logind of Debian 12 write on a busy host, rsyslog's ISO times, 30 days: some 60 %
sessions of staff and automation, sudo with its sessions, cron, and 5 % failed guesses from outside.
mixed: the same, and what auditd says of it through audisp-syslog in the same file: USER_ records of each login, sudo and cron job, and each
program that sudo and cron start as SYSCALL, EXECVE, CWD, two PATH and PROCTITLE: half of the lines, 70 % of the bytes.
access: combined format, some 2,000 clients, a few percent probes.
"""
import random, sys

BLOCK = 4 << 20


def stamp(t):
    """Seconds (float) since 1 May 2026 as rsyslog writes them, local time +02:00."""
    s, us = int(t), int(t % 1 * 1000000)
    return '2026-05-%02dT%02d:%02d:%02d.%06d+02:00' % (1 + s // 86400, s // 3600 % 24, s // 60 % 60, s % 60, us)


def auth_scenes(r):
    """Lists of (seconds later, program, message): a few thousand different ones to draw from."""
    users = ['anna', 'bjarne', 'carla', 'dmitri', 'elif', 'farid', 'greta', 'hanno', 'ines', 'jonas'] + ['staff%02d' % i for i in range(60)]
    inside = ['10.20.%d.%d' % (r.randrange(8), r.randrange(2, 250)) for _ in range(300)]
    outside = ['%d.%d.%d.%d' % (r.choice([45, 61, 103, 141, 185, 193, 218]), r.randrange(256), r.randrange(256), r.randrange(1, 255)) for _ in range(3000)]
    letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    keys = {u: 'SHA256:' + ''.join(r.choice(letters) for _ in range(43)) for u in users}
    commands = ['/usr/bin/systemctl status nginx', '/usr/bin/apt update', '/usr/bin/tail -f /var/log/syslog', '/usr/bin/rsync -a /srv/data backup:/srv',
                '/usr/bin/journalctl -u postfix', '/usr/sbin/nginx -t', '/usr/bin/ls -l /srv/www', '/usr/bin/du -sh /srv', '/usr/bin/vim /etc/hosts']
    scenes = []
    for _ in range(1500):
        u, ip, port, pid, ses = r.choice(users), r.choice(inside), r.randrange(32768, 61000), r.randrange(500, 400000), r.randrange(1, 9000)
        p = 'sshd[%d]' % pid
        scenes.append([(0, p, 'Accepted publickey for %s from %s port %d ssh2: ED25519 %s' % (u, ip, port, keys[u])),
                       (0.01, p, 'pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)' % (u, 1000 + users.index(u))),
                       (0.02, 'systemd-logind[612]', 'New session %d of user %s.' % (ses, u)),
                       (30, p, 'Received disconnect from %s port %d:11: disconnected by user' % (ip, port)),
                       (30, p, 'Disconnected from user %s %s port %d' % (u, ip, port)),
                       (30, p, 'pam_unix(sshd:session): session closed for user %s' % u),
                       (30.1, 'systemd-logind[612]', 'Session %d logged out. Waiting for processes to exit.' % ses),
                       (30.1, 'systemd-logind[612]', 'Removed session %d.' % ses)])
    for _ in range(1000):
        u, c = r.choice(users), r.choice(commands)
        scenes.append([(0, 'sudo', '%8s : TTY=pts/%d ; PWD=/home/%s ; USER=root ; COMMAND=%s' % (u, r.randrange(9), u, c)),
                       (0.01, 'sudo', 'pam_unix(sudo:session): session opened for user root(uid=0) by %s(uid=%d)' % (u, 1000 + users.index(u))),
                       (1, 'sudo', 'pam_unix(sudo:session): session closed for user root')])
    for _ in range(1000):
        p = 'CRON[%d]' % r.randrange(500, 400000)
        u = r.choice(['root', 'root', 'www-data', 'backup'])
        scenes.append([(0, p, 'pam_unix(cron:session): session opened for user %s(uid=0) by (uid=0)' % u),
                       (0.2, p, 'pam_unix(cron:session): session closed for user %s' % u)])
    for _ in range(150):
        ip, port, p, u = r.choice(outside), r.randrange(1024, 65000), 'sshd[%d]' % r.randrange(500, 400000), r.choice(['root', 'admin', 'test', 'oracle', 'ubuntu'])
        scenes.append([(0, p, 'Invalid user %s from %s port %d' % (u, ip, port)),
                       (0.1, p, 'pam_unix(sshd:auth): check pass; user unknown'),
                       (0.1, p, 'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s ' % ip),
                       (2, p, 'Failed password for invalid user %s from %s port %d ssh2' % (u, ip, port)),
                       (3, p, 'Connection closed by invalid user %s %s port %d [preauth]' % (u, ip, port))])
    return scenes


def auth(size, out):
    r = random.Random(2024)
    scenes = auth_scenes(r)
    lines, written, t = [], 0, 0.0
    step = 29.5 * 86400 / (size / 470.0)  # a scene has some 470 bytes
    while written < size:
        t += step
        scene = r.choice(scenes)
        second, us = stamp(min(t, 30 * 86400 - 1))[:20], int(t % 1 * 500000)
        text = ''.join('%s%06d+02:00 web1 %s: %s\n' % (second, us + i * 1813, program, message) for i, (_, program, message) in enumerate(scene))
        lines.append(text)
        written += len(text)
        if len(lines) >= 8192:
            out.write(''.join(lines))
            lines.clear()
    out.write(''.join(lines))


def audit_of(scene, r):
    """Records for a scene of auth_scenes, "%s" for time and serial: what a host with a rule on execve writes."""
    first, pid = scene[0][2], r.randrange(500, 400000)
    user = lambda kind, exe, acct, op, where, tty: ("type=" + kind + " msg=audit(%s): pid=" + str(pid) + " uid=0 auid=1000 ses=" + str(pid % 9000) + " subj=unconfined msg='op=" + op +
        ' acct="' + acct + '" exe="' + exe + '" hostname=' + where + ' addr=' + where + ' terminal=' + tty + " res=success'")
    if first.startswith('Accepted'):
        words = first.split()
        return [[user(kind, '/usr/sbin/sshd', words[3], op, words[5], 'ssh')] for kind, op in
                (('USER_ACCT', 'PAM:accounting grantors=pam_permit'), ('CRED_ACQ', 'PAM:setcred grantors=pam_permit'), ('USER_START', 'PAM:session_open grantors=pam_unix'))]
    if first.startswith('Failed') or first.startswith('Invalid'):
        return [[user('USER_LOGIN', '/usr/sbin/sshd', '(invalid user)', 'login', first.split()[4], 'ssh').replace('success', 'failed').replace('"(invalid user)"', '28696E76616C6964207573657229')]]
    command = first.split('COMMAND=')[1].split() if 'COMMAND=' in first else ['/bin/sh', '-c', '/usr/lib/sysstat/debian-sa1 1 1']
    head = "type=%s msg=audit(%%s): "
    group = [head % 'SYSCALL' + 'arch=c000003e syscall=59 success=yes exit=0 a0=55%010x a1=55%010x a2=55%010x a3=8 items=2 ppid=%d pid=%d auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 '
             'sgid=0 fsgid=0 tty=pts0 ses=%d comm="%s" exe="%s" subj=unconfined key="exec"' % (r.randrange(1 << 40), r.randrange(1 << 40), r.randrange(1 << 40), pid, pid + 1, pid % 9000,
                                                                                            command[0].split('/')[-1], command[0]),
             head % 'EXECVE' + 'argc=%d ' % len(command) + ' '.join('a%d="%s"' % x for x in enumerate(command)), head % 'CWD' + 'cwd="/home/staff"']
    group += [head % 'PATH' + 'item=%d name="%s" inode=%d dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0' %
              (i, name, r.randrange(1000, 2000000)) for i, name in enumerate([command[0], '/lib64/ld-linux-x86-64.so.2'])]
    group.append(head % 'PROCTITLE' + 'proctitle=' + '\0'.join(command).encode().hex().upper())
    return [group, [user('USER_START', '/usr/bin/sudo' if 'COMMAND=' in first else '/usr/sbin/cron', 'root', 'PAM:session_open grantors=pam_unix', '?', 'pts/0')]]


def mixed(size, out):
    r = random.Random(2026)
    scenes = [(s, audit_of(s, r)) for s in auth_scenes(r)]
    lines, written, t, serial = [], 0, 0.0, 1000
    step = 29.5 * 86400 / (size / 1250.0)  # a scene with its records has some 1,250 bytes
    while written < size:
        t += step
        scene, happenings = r.choice(scenes)
        now = min(t, 30 * 86400 - 1)
        second, us = stamp(now)[:20], int(t % 1 * 500000)
        text = ''.join('%s%06d+02:00 web1 %s: %s\n' % (second, us + i * 1813, program, message) for i, (_, program, message) in enumerate(scene))
        for records in happenings:
            serial += 1
            ref = '%d.%03d:%d' % (1777586400 + int(now), us // 1000, serial)
            text += ''.join('%s%06d+02:00 web1 audisp-syslog[611]: %s\n' % (second, us, x.replace('%s', ref, 1)) for x in records)
        lines.append(text)
        written += len(text)
        if len(lines) >= 4096:
            out.write(''.join(lines))
            lines.clear()
    out.write(''.join(lines))


def access(size, out):
    r = random.Random(2025)
    clients = ['%d.%d.%d.%d' % (r.choice([91, 84, 93, 62, 203]), r.randrange(256), r.randrange(256), r.randrange(1, 255)) for _ in range(2000)]
    agents = ['Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0',
              'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
              'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
              'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'curl/7.88.1']
    paths = ['/', '/css/site.css', '/js/app.js', '/news/', '/search?q=tide', '/kontakt'] * 8
    paths += ['/img/%d.jpg' % i for i in range(400)] + ['/data/station/%d' % i for i in range(300)] + ['/api/v1/level?station=%d&from=2026-05-01' % i for i in range(300)]
    paths += ['/wp-login.php', '/.env', '/phpmyadmin/index.php', '/.git/config']
    tails = []
    for _ in range(20000):
        path = r.choice(paths)
        method = 'POST' if r.random() < 0.04 else 'GET'
        status = 404 if path.startswith(('/wp', '/.', '/php')) else r.choice([200] * 12 + [304, 304, 301, 404])
        tails.append('] "%s %s HTTP/1.1" %d %d "%s" "%s"\n' % (method, path, status, r.randrange(200, 90000), r.choice(['-', 'https://www.ics.example/']), r.choice(agents)))
    lines, written, t = [], 0, 0.0
    step = 29.5 * 86400 / (size / 195.0)
    while written < size:
        t += step
        s = int(t)
        text = '%s - - [%02d/May/2026:%02d:%02d:%02d +0200%s' % (r.choice(clients), 1 + s // 86400, s // 3600 % 24, s // 60 % 60, s % 60, r.choice(tails))
        lines.append(text)
        written += len(text)
        if len(lines) >= 16384:
            out.write(''.join(lines))
            lines.clear()
    out.write(''.join(lines))


def main():
    kinds = {'auth': auth, 'mixed': mixed, 'access': access}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding='ascii', newline='\n')
    kinds[sys.argv[1]](int(sys.argv[2]) * 1000000, sys.stdout)


main()
