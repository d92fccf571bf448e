#!/usr/bin/env python3
"""Logs to measure with: the same bytes for the same arguments.

usage: gen_logs.py auth|access MEGABYTES [> FILE]

auth: what sshd, PAM, sudo, cron and systemd-logind of Debian 12 write on a busy host, rsyslog's ISO times, 30 days: some 60 %
sessions of staff and automation, sudo with its sessions, cron, and 5 % failed guesses from outside.
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
    kinds = {'auth': auth, 'access': access}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding='ascii', newline='\n')
    kinds[sys.argv[1]](int(sys.argv[2]) * 1000000, sys.stdout)


main()
