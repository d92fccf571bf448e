#!/usr/bin/env python3
"""Inputs that are broken, hostile or odd: each is named in the ledger or read as it should be, memory stays bounded, and a brute
force that ends in a login, in an ordinary log beside them, is still found.

usage: hostile.py POSTERN
"""
import bz2, gzip, io, json, lzma, os, pathlib, re, shutil, signal, socket, struct, subprocess, sys, tarfile, tempfile, threading, time, zipfile

POSTERN = os.path.abspath(sys.argv[1])
RSS_MAX_MB = 200
failures = []


def attack(address='203.0.113.9', day='2026-05-04'):
    lines = [f'{day}T02:0{i // 60}:{i % 60:02d}+00:00 web1 sshd[{900 + i}]: Failed password for root from {address} port {4000 + i} ssh2' for i in range(40)]
    lines.append(f'{day}T02:03:00+00:00 web1 sshd[990]: Accepted password for root from {address} port 5000 ssh2')
    return ('\n'.join(lines) + '\n').encode()


def run(argv, cwd=None, stdin=None, preexec=None, timeout=120, program=None):
    """(exit status, stdout, stderr, peak RSS in MB)"""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        p = subprocess.Popen([program or POSTERN] + argv, cwd=cwd, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=preexec)
        killer = threading.Timer(timeout, p.kill)
        killer.start()
        _, status, usage = os.wait4(p.pid, 0)
        killer.cancel()
        out.seek(0)
        err.seek(0)
        return os.waitstatus_to_exitcode(status), out.read(), err.read(), usage.ru_maxrss / 1024


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'hostile: {what}: FAILED {str(told)[:600]}')


def scan(what, folder, *options, expect=0, preexec=None, found=True, program=None):
    """Scans as JSON and as text; returns findings and the ledger."""
    status, out, err, rss = run(['scan', '--format', 'json', *options, str(folder)], preexec=preexec, program=program)
    check(f'{what}: exit status {expect}', status == expect, (status, err))
    check(f'{what}: {rss:.0f} MB of memory', rss < RSS_MAX_MB)
    records = []
    for line in out.decode('utf-8', 'strict').split('\n'):
        if line:
            records.append(json.loads(line))
    check(f'{what}: the last line is the ledger', bool(records) and 'class_uid' not in records[-1], records[-1:])
    findings = [r for r in records if r.get('class_uid') == 2004]
    if found:
        check(f'{what}: the brute force is found', any('guess-success' in f['finding_info']['analytic']['uid'] for f in findings), [f['finding_info']['title'] for f in findings])
    status, text, err, rss = run(['scan', *options, str(folder)], preexec=preexec, program=program)
    check(f'{what}: text, exit status {expect}', status == expect, (status, err))
    check(f'{what}: text is clean', not re.search(rb'[\x00-\x08\x0b-\x1f\x7f]', text + err), text[-300:])
    return findings, (records[-1] if records else {})


def told(ledger):
    return json.dumps(ledger)


def inputs(base):
    """name -> (function that makes the input in a folder, what the ledger must say)"""
    def junk(d):
        (d / 'auth.log.bin').write_bytes(os.urandom(3 << 20))
        (d / 'empty.log').write_bytes(b'')

    def nul(d):
        (d / 'nul.log').write_bytes(attack('203.0.113.10')[:200] + b'\0' * 100000 + b'\n' + attack('203.0.113.10'))

    def long_line(d):
        with open(d / 'long.log', 'wb') as f:
            f.write(attack('203.0.113.11')[:300] + b'\n')
            for _ in range(100):
                f.write(b'x' * (1 << 20))
            f.write(b'\n' + attack('203.0.113.11'))

    def utf8(d):
        (d / 'latin.log').write_bytes(attack('203.0.113.12').replace(b'root', b'r\xf6\xf6t\xff\xc0\x80') + b'\xff\xfe\xfd\n' * 50)

    def cut_gzip(d):
        (d / 'cut.log.1.gz').write_bytes(gzip.compress(attack('203.0.113.13') * 2000)[:-2000])

    def bomb(d):
        with gzip.open(d / 'bomb.log.gz', 'wb', 9) as f:
            for _ in range(400):
                f.write(b'\0' * (1 << 20))
        with zipfile.ZipFile(d / 'bomb.zip', 'w', zipfile.ZIP_DEFLATED) as z:
            with z.open('a.log', 'w') as f:
                for _ in range(300):
                    f.write(b'A' * (1 << 20))

    def links(d):
        (d / 'loop').symlink_to(d)
        (d / 'gone.log').symlink_to(d / 'nowhere')
        os.mkfifo(d / 'fifo.log')
        s = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(d)
        s.bind('sock.log')
        os.chdir(here)
        s.close()

    def jumps(d):
        lines = [b'2026-05-04T02:00:00+00:00 web1 sshd[1]: Connection closed by 203.0.113.14 port 1', b'2099-01-01T00:00:00+00:00 web1 sshd[1]: Connection closed by 203.0.113.14 port 1',
                 b'1970-01-01T00:00:00+00:00 web1 sshd[1]: Connection closed by 203.0.113.14 port 1', b'9999-99-99T99:99:99+99:99 web1 sshd[1]: x', b'2026-05-04T02:00:01+00:00 web1 sshd[1]: Connection closed by 203.0.113.14 port 1']
        (d / 'jump.log').write_bytes(b'\n'.join(lines * 20) + b'\n')

    def names(d):
        (d / 'new\nline\x1b[31m.log').write_bytes(attack('203.0.113.15'))
        (d / '\xff'.encode('latin-1').decode('utf-8', 'surrogateescape')).mkdir()
        (d / ' blank .log').write_bytes(b'\x1b]0;title\x07 \x1b[2J sshd\n' * 5)

    def archives(d):
        with tarfile.open(d / 'logs.tar.gz', 'w:gz') as t:
            for name in ('../../etc/evil.log', '/abs/auth.log', 'web9/var/log/auth.log'):
                info = tarfile.TarInfo(name)
                data = attack('203.0.113.16')
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
            link = tarfile.TarInfo('link.log')
            link.type, link.linkname = tarfile.SYMTYPE, '/etc/shadow'
            t.addfile(link)
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, 'w') as z:
            z.writestr('auth.log', attack('203.0.113.17'))
        with zipfile.ZipFile(d / 'outer.zip', 'w') as z:
            z.writestr('inner.zip', inner.getvalue())
        (d / 'bad.zip').write_bytes(b'PK\x03\x04' + os.urandom(5000))

    return {
        'binary junk': (junk, ['auth.log.bin']), 'NUL bytes': (nul, ['nul.log']), 'a line of 100 MB': (long_line, ['long.log']),
        'invalid UTF-8': (utf8, ['latin.log']), 'truncated gzip': (cut_gzip, ['cut.log.1.gz', 'trunc']), 'bombs': (bomb, ['bomb']),
        'links, pipes and sockets': (links, ['gone.log', 'fifo.log']), 'dates that jump': (jumps, ['jump.log']), 'names': (names, ['line']),
        'archives': (archives, ['logs.tar.gz', 'bad.zip']),
    }


def bad_inputs(base):
    for what, (make, expected) in inputs(base).items():
        d = base / re.sub(r'\W', '', what)
        d.mkdir()
        (d / 'auth.log').write_bytes(attack())
        make(d)
        _, ledger = scan(what, d)
        for word in expected:
            check(f'{what}: the ledger names {word}', word in told(ledger), told(ledger)[:600])


def many_files(base):
    d = base / 'many'
    for i in range(50):
        sub = d / f'd{i}'
        sub.mkdir(parents=True)
        for k in range(1000):
            (sub / f'f{k}x.log').write_bytes(b'2026-05-04T02:00:00+00:00 h sshd[1]: Connection closed by 203.0.113.9 port 1\n' * 20 if k % 2 == 0 else b'')
    (d / 'auth.log').write_bytes(attack())
    scan('50,000 files', d)
    shutil.rmtree(d)


def nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def unreadable(base):
    d = base / 'unreadable'
    d.mkdir(mode=0o755)
    (d / 'auth.log').write_bytes(attack())
    (d / 'secret.log').write_bytes(attack('203.0.113.18'))
    (d / 'secret.log').chmod(0)
    (d / 'closed').mkdir(mode=0)
    os.chmod(base, 0o755)
    program = base / 'postern'  # where nobody can reach it
    shutil.copy(POSTERN, program)
    program.chmod(0o755)
    _, ledger = scan('unreadable files', d, preexec=nobody if os.getuid() == 0 else None, program=str(program))
    for word in ('secret.log', 'closed'):
        check(f'unreadable files: the ledger names {word}', word in told(ledger), told(ledger)[:600])
    (d / 'closed').chmod(0o755)
    status, _, err, _ = run(['scan', str(d / 'nothing-here')])
    check('a path that is not there: exit status 3 and its name', status == 3 and b'nothing-here' in err, (status, err))


def truncated_while_read(base):
    """The file loses its end while a run is under way: no crash, and the run ends."""
    path = base / 'shrinking.log'
    path.write_bytes(attack() * 20000)
    p = subprocess.Popen([POSTERN, 'scan', '-q', '-j1', '--format', 'json', str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.01)
    os.truncate(path, 4096)
    out, err = p.communicate(timeout=60)
    check('truncated while read: it ends well', p.returncode == 0 and out.strip().split(b'\n')[-1].startswith(b'{'), (p.returncode, err))


def forms(base):
    """The same log in every form gives the same finding."""
    plain = attack()
    made = {'auth.log': plain, 'auth.log.gz': gzip.compress(plain), 'auth.log.xz': lzma.compress(plain), 'auth.log.bz2': bz2.compress(plain)}
    if shutil.which('zstd'):
        made['auth.log.zst'] = subprocess.run(['zstd', '-q', '-c'], input=plain, capture_output=True, check=True).stdout
    z = io.BytesIO()
    with zipfile.ZipFile(z, 'w', zipfile.ZIP_DEFLATED) as f:
        f.writestr('web1/var/log/auth.log', plain)
    made['logs.zip'] = z.getvalue()
    t = io.BytesIO()
    with tarfile.open(fileobj=t, mode='w:xz') as f:
        info = tarfile.TarInfo('web1/var/log/auth.log')
        info.size = len(plain)
        f.addfile(info, io.BytesIO(plain))
    made['logs.tar.xz'] = t.getvalue()
    made['misnamed.txt'] = gzip.compress(plain)  # told by content
    made['behind.log.gz'] = gzip.compress(plain) + b'trailing garbage'
    journal = [{'__REALTIME_TIMESTAMP': str(1777860000000000 + i * 1000000), '_HOSTNAME': 'web1', 'SYSLOG_IDENTIFIER': 'sshd', '_PID': str(900 + i),
                'MESSAGE': line.split(': ', 1)[1]} for i, line in enumerate(plain.decode().strip().split('\n'))]
    made['journal.json'] = '\n'.join(json.dumps(j) for j in journal).encode() + b'\n'
    titles = {}
    for name, data in made.items():
        d = base / ('form-' + name)
        d.mkdir()
        (d / name).write_bytes(data)
        findings, _ = scan(f'form {name}', d)
        titles[name] = sorted(f['finding_info']['title'] for f in findings)
    check('every form gives the same', all(t == titles['auth.log'] for t in titles.values()), titles)
    with open(base / 'form-auth.log' / 'auth.log', 'rb') as f:
        status, out, _, _ = run(['scan', '-q', '--format', 'json', '-'], stdin=f)
    check('standard input', status == 0 and b'guess-success' in out, out[-300:])


def rotation(base):
    """Failures in the oldest, packed file, the login in the newest: only in the right order is it one story."""
    d = base / 'web1' / 'var' / 'log'
    d.mkdir(parents=True)
    lines = attack().split(b'\n')
    (d / 'auth.log.2.gz').write_bytes(gzip.compress(b'\n'.join(lines[:20]) + b'\n'))
    (d / 'auth.log.1').write_bytes(b'\n'.join(lines[20:40]) + b'\n')
    (d / 'auth.log').write_bytes(b'\n'.join(lines[40:]))
    findings, _ = scan('rotated set', base / 'web1')
    check('rotated set: forty failures before the login', any('after 40 failed' in f['finding_info']['title'] for f in findings), [f['finding_info']['title'] for f in findings])


def backwards(base):
    """Newest line first, plain, packed and through a pipe; numbers that run the other way: judged in order of time, and said."""
    lines = attack().split(b'\n')[:-1]
    back = b'\n'.join(reversed(lines)) + b'\n'
    for name, data in (('auth.log', back), ('auth.log.gz', gzip.compress(back)), ('auth.log.xz', lzma.compress(back))):
        d = base / ('back-' + name)
        d.mkdir()
        (d / name).write_bytes(data)
        findings, ledger = scan(f'newest first, {name}', d)
        check(f'newest first, {name}: the ledger says so', 'newest-first' in told(ledger), told(ledger)[:600])
        wrong = [e for f in findings for e in f['evidences'] if not back[e['data']['offset']:].startswith(e['data']['raw'].encode())]
        check(f'newest first, {name}: evidence is where it is said to be', not wrong, wrong[:1])
    p = subprocess.run([POSTERN, 'scan', '-q', '--format', 'json', '-'], input=back, capture_output=True)
    check('newest first, standard input', b'guess-success' in p.stdout and b'newest-first' in p.stdout, p.stdout[-300:])
    d = base / 'back-numbers'
    d.mkdir()
    for i, part in enumerate((lines[:20], lines[20:40], lines[40:])):
        late = b'\n'.join(x.replace(b'T02:', b'T%02d:' % (2 + i)) for x in part) + b'\n'
        (d / ('auth.log.%d' % i if i else 'auth.log')).write_bytes(late)
    findings, ledger = scan('numbers that run the other way', d)
    check('numbers that run the other way: the ledger says so', 'rotation-order' in told(ledger), told(ledger)[:600])
    side = base / 'back-workers'
    side.mkdir()
    for k in (1, 2, 3):
        (side / f'worker.{k}.log').write_bytes(b''.join(b'2026-05-04T%02d:%02d:0%d+00:00 web1 app[%d]: tick\n' % (h, m, k, k) for h in range(3) for m in range(60)))
    (side / 'auth.log').write_bytes(attack())
    _, ledger = scan('numbered logs that are no rotation', side)
    check('numbered logs that are no rotation: side by side, nothing is late', 'side by side' in told(ledger) and ledger['late'] == 0, told(ledger)[:600])
    (d / 'auth.log.1').unlink()
    (d / 'auth.log').write_bytes(b'\n'.join([lines[0].replace(b'2026-05-04', b'2041-01-01')] + lines[:10]) + b'\n')
    _, ledger = scan('one date that jumped', d, found=False)
    check('one date that jumped does not change the order', 'rotation-order' not in told(ledger) or 'newest-first' not in told(ledger), told(ledger)[:600])


def neighbours(base):
    """audit.log names no host: the logs beside it do, where they agree; a folder's name that nobody knows does not count more."""
    def audit(host):
        return (f'type=SYSCALL msg=audit(1777861000.123:500): arch=c000003e syscall=59 success=yes exit=0 a0=1 items=2 ppid=900 pid=901 auid=1101 uid=0 gid=0 '
                f'euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=4 comm="cat" exe="/usr/bin/cat" key="x"\x1dAUID="{host}" UID="root"\n'
                'type=EXECVE msg=audit(1777861000.123:500): argc=2 a0="cat" a1="/etc/shadow"\n').encode()

    def login(host):
        return f'2026-05-04T02:00:00+00:00 {host} sshd[990]: Accepted password for anna from 203.0.113.9 port 5000 ssh2\n'.encode() * 3

    def hosts_of(what, files):
        d = base / 'near' / what / 'log'
        for name, data in files.items():
            (d / name).parent.mkdir(parents=True, exist_ok=True)
            (d / name).write_bytes(data)
        status, out, err, _ = run(['scan', '-q', '--no-rules', '--format', 'json', str(d)])
        read = [json.loads(x) for x in out.decode().split('\n') if 'postern.secrets-read' in x and '"class_uid":2004' in x]
        return [o['value'] for f in read for o in f['observables'] if o['name'] in ('host', 'source')], (status, err, out[:600])
    got, told_ = hosts_of('collected', {'auth.log': login('web7.example'), 'audit/audit.log': audit('anna')})
    check('audit.log beside the auth.log of web7 is web7\'s, with the source of the login', sorted(got) == ['203.0.113.9', 'web7'], (got, told_))
    got, told_ = hosts_of('central', {'auth.log': login('web7'), 'remote.log': login('web8'), 'audit/audit.log': audit('anna')})
    check('logs of two hosts beside audit.log: the folder names it', got == ['central'], (got, told_))
    got, told_ = hosts_of('x/y/logs', {'audit.log': audit('anna')})
    check('no name anywhere: none is invented', not [x for x in got if x in ('', 'a host without a name')] and 'on a host without a name' in str(told_), (got, told_))


def utmp(base):
    d = base / 'utmp'
    d.mkdir()

    def record(kind, line, user, host, t):
        return struct.pack('<hxxi32s4s32s256shhiii4i20x', kind, 812, line, b'ts/0', user, host, 0, 0, 0, t, 5, 0x097100cb, 0, 0, 0)
    (d / 'wtmp').write_bytes(record(2, b'~', b'reboot', b'6.1.0', 1777850000) + record(7, b'pts/0', b'anna', b'203.0.113.9', 1777860000) + b'half a record')
    (d / 'btmp').write_bytes(b''.join(record(6, b'ssh:notty', b'root', b'203.0.113.9', 1777860000 + i) for i in range(30)))
    status, out, err, _ = run(['decode', str(d)])
    events = [json.loads(x) for x in out.decode().split('\n') if x]
    check('wtmp and btmp', status == 0 and sum(e['event'].get('action') == 'login-failed' for e in events) == 30 and any(e['event'].get('action') == 'login' for e in events), (status, err, out[:300]))


def outputs(base):
    d = base / 'form-auth.log'
    report = base / 'report.html'
    report.write_text('old')
    status, _, _, _ = run(['scan', '-q', '--format', 'html', '-O', str(report), str(d)])
    check('the report replaces the old one', status == 0 and report.read_text().startswith('<!') and not list(base.glob('report.html.*')))
    status, out, err, _ = run(['scan', '-q', '-O', '/dev/full', str(d)])
    check('a full disk is an error', status != 0 and b'/dev/full' in err, (status, err))
    check('/dev/full is still a device', not os.path.isfile('/dev/full'))
    with open('/dev/full', 'wb') as full:
        p = subprocess.run([POSTERN, 'scan', '-q', str(d)], stdout=full, stderr=subprocess.PIPE)
    check('standard output full is an error', p.returncode != 0 and p.stderr, (p.returncode, p.stderr))
    p = subprocess.run(f'"{POSTERN}" decode "{d}" | head -n 1', shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check('a reader that goes away is no error message', p.stdout.count(b'\n') == 1 and not p.stderr, p.stderr)
    for sig in (signal.SIGINT, signal.SIGTERM):
        r, w = os.pipe()
        p = subprocess.Popen([POSTERN, 'scan', '-q', '-O', str(base / 'killed.txt'), '-'], stdin=r, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.write(w, attack())
        time.sleep(0.3)
        p.send_signal(sig)
        p.communicate(timeout=20)
        os.close(w)
        os.close(r)
        check(f'signal {sig}: it ends, and leaves no half report', p.returncode == -sig and not list(base.glob('killed*')), (p.returncode, list(base.glob('killed*'))))


def main():
    with tempfile.TemporaryDirectory() as t:
        base = pathlib.Path(t)
        for part in (bad_inputs, many_files, unreadable, truncated_while_read, forms, rotation, backwards, neighbours, utmp, outputs):
            part(base)
    print(f'hostile: {len(failures)} failures')
    return 1 if failures else 0


sys.exit(main())
