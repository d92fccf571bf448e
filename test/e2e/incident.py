#!/usr/bin/env python3
"""postern incident and postern state on a state made of the practice incident.

usage: incident.py POSTERN

The state is made by build-asan/test/make_state (script/test builds it before; skipped without it).
"""
import hashlib, html.parser, json, os, sqlite3, subprocess, sys, tarfile, tempfile, threading, time

POSTERN = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, 'samples', 'practice-incident')
ORG = os.path.join(SAMPLE, 'org.yaml')
MAKERS = [os.path.join(os.path.dirname(os.path.dirname(POSTERN)), 'test', 'make_state'), os.path.join(ROOT, 'build-asan', 'test', 'make_state')]
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'incident: {what}: FAILED {str(told)[:600]}')


class State:
    def __init__(self, folder):
        self.folder = folder
        self.db = os.path.join(folder, 'postern.db')

    def run(self, *argv, env=None):
        p = subprocess.run([POSTERN, *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, 'POSTERN_STATE': self.folder, **(env or {})})
        return p.returncode, p.stdout, p.stderr

    def incident(self, *argv, **kw):
        return self.run('incident', *argv, **kw)

    def audit(self):
        path = os.path.join(self.folder, 'audit.log')
        return [json.loads(line) for line in open(path, encoding='utf-8')] if os.path.exists(path) else []

    def listed(self, *argv):
        status, out, err = self.incident('list', '--format', 'json', *argv)
        check(f'list {argv}', status == 0 and not err, (status, err))
        return [json.loads(line) for line in out.splitlines()]


def make(folder, steps='6'):
    maker = next((m for m in MAKERS if os.access(m, os.X_OK)), None)
    if not maker:
        print('no make_state: build with -Dtests=true in build-asan')
        sys.exit(77)
    p = subprocess.run([maker, SAMPLE, folder, steps], capture_output=True, text=True, env={**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0'})
    if p.returncode:
        sys.exit(f'make_state: {p.stderr}')
    return p.stdout.split()


def usage(s, ident):
    for argv, word in ((['incident'], 'list'), (['incident', 'fly'], 'fly'), (['incident', 'show'], 'ID'), (['incident', 'list', '--since', 'yesterday'], '2026-11-24'),
                       (['incident', 'close', '2026'], '--reason'), (['incident', 'close', '2026', '-r', ' '], '--reason'), (['incident', 'close', '2026', '-r', 'x', '--until', '9d'], '--false-positive'),
                       (['incident', 'close', '2026', '-r', 'x', '--false-positive', '--until', '2026-02-31'], '2026-02-31'), (['incident', 'show', '1999'], '1999'),
                       (['incident', 'close', '2026', '-r', 'x', '--false-positive', '--until', '2020-01-01'], '2020-01-01'),
                       (['incident', 'list', '--reason', 'x'], '--reason'), (['incident', 'export', '2026'], '--output'), (['incident', 'list', '-f', 'html'], 'html'),
                       (['incident', 'suppressions', 'revoke', 'x'], 'NUMBER'), (['incident', 'suppressions', 'revoke', '77'], '77'), (['incident', 'reopen', ident], 'is open'),
                       (['state'], 'check'), (['state', 'backup'], 'FILE'), (['state', 'check', 'x'], 'check'), (['incident', 'note', '2026', ' '], 'text')):
        status, out, err = s.run(*argv)
        check(f'{argv}: usage error that names {word}', status == 2 and word in err and not out, (status, out, err))
    status, _, err = s.run('incident', 'list', '--state', '/nonexistent')
    check('no state there', status == 3 and '/nonexistent' in err and 'postern watch' in err, (status, err))
    check('nothing of that was recorded', not s.audit(), s.audit())


class Page(html.parser.HTMLParser):
    text, open = '', 0

    def handle_starttag(self, tag, attrs):
        self.open += tag not in ('meta', 'br')
        check('HTML without scripts and outside things', tag not in ('script', 'img', 'link', 'iframe'), tag)

    def handle_endtag(self, tag):
        self.open -= 1

    def handle_data(self, data):
        self.text += data


def reading(s, ident):
    listed = s.listed()
    check('one open incident', len(listed) == 1 and listed[0]['id'] == ident and listed[0]['status'] == 'open' and listed[0]['level'] == 'critical', listed)
    check('its stages', len(listed[0]['stages']) >= 6, listed)
    check('--level', len(s.listed('--level', 'critical')) == 1)
    check('--since', len(s.listed('--since', '2026-05-01')) == 1 and not s.listed('--since', '1m'))
    check('--status', not s.listed('--status', 'closed') and ident in {x['id'] for x in s.listed('--status', 'all')})
    for merged in s.listed('--status', 'merged'):
        check('a merged one leads to where it went', ident in s.incident('show', merged['id'], '-f', 'json')[1] and s.incident('close', merged['id'], '-r', 'x')[0] == 2)
    status, out, _ = s.incident('list')
    check('list as text', status == 0 and ident in out and 'critical' in out, out)
    check('an empty list says so', 'No closed incidents' in s.incident('list', '--status', 'closed')[1])
    status, out, err = s.incident('show', ident[:10], '--org', ORG)
    check('show', status == 0 and not err and ident in out and 'Hafenlicht' in out and 'Nils Jansen' in out and 'Actions taken: none' in out, (status, err))
    check('show has raw lines with their place', 'web1/var/log/auth.log.1:' in out and 'Accepted publickey for hl-jansen' in out, out[-3000:])
    status, out, _ = s.incident('show', ident, '--org', ORG, '-f', 'json')
    records = [json.loads(line) for line in out.splitlines()]
    check('show as JSON', status == 0 and records[0]['class_uid'] == 2005 and {r['class_uid'] for r in records[1:]} == {2004} and records[0]['status_id'] == 1)
    check('as many findings as listed', len(records) - 1 == listed[0]['findings'], len(records))
    scan = subprocess.run([POSTERN, 'scan', '-q', '--no-rules', '-f', 'json', SAMPLE], capture_output=True, text=True, check=True).stdout
    theirs = next(r for r in map(json.loads, scan.splitlines()) if r['class_uid'] == 2005)
    for key in ('message', 'desc', 'severity_id', 'start_time', 'end_time', 'observables', 'finding_info_list'):
        check(f'the same {key} as scan', records[0][key] == theirs[key], (records[0][key], theirs[key]))
    check('the same story as scan', records[0]['unmapped']['narrative'] == theirs['unmapped']['narrative'])
    status, out, _ = s.incident('show', ident, '--org', ORG, '-f', 'html')
    page = Page()
    page.feed(out)
    check('show as HTML', status == 0 and page.open == 0 and 'What became of it' in page.text and ident in page.text, page.open)
    check('reading is not recorded', not s.audit())


def notes(s, ident):
    evil = 'called <script>alert(1)</script> \x1b[2J Jansen'
    status, out, err = s.incident('note', ident, 'spoke', 'with', evil, env={'SUDO_USER': 'alice'})
    check('note', status == 0 and ident in out, (status, err))
    who = 'alice (sudo)' if os.getuid() == 0 else None
    record = s.audit()[-1]
    check('note is recorded', record['action'] == 'incident-note' and record['object'] == ident and evil in record['detail'] and (not who or record['actor'] == who), record)
    out = s.incident('show', ident)[1]
    check('note is shown, and drives no terminal', 'spoke with called' in out and '\x1b' not in out)
    page = s.incident('show', ident, '-f', 'html')[1]
    check('note in HTML is text', '&lt;script&gt;' in page and '<script>' not in page)


def export(s, ident):
    file = os.path.join(s.folder, 'case.tar')
    status, out, err = s.incident('export', ident, '-O', file, '--org', ORG)
    check('export', status == 0 and ident in out, (status, err))
    tar = open(file, 'rb').read()
    record = s.audit()[-1]
    check('its hash is recorded', record['action'] == 'incident-exported' and hashlib.sha256(tar).hexdigest() in record['detail'] and hashlib.sha256(tar).hexdigest() in out, record)
    check('evidence is not overwritten', s.incident('export', ident, '-O', file)[0] == 2 and open(file, 'rb').read() == tar)
    with tarfile.open(file) as t:
        members = t.getmembers()
        check('names are in order, below one folder', [m.name for m in members] == sorted(m.name for m in members) and all(m.name.startswith(f'incident-{ident}/') for m in members))
        check('one time for all', len({m.mtime for m in members}) == 1 and {m.uid for m in members} == {0})
        t.extractall(s.folder)
    folder = os.path.join(s.folder, f'incident-{ident}')
    p = subprocess.run(['sha256sum', '--strict', '-c', 'SHA256SUMS'], cwd=folder, capture_output=True, text=True)
    check('sha256sum -c', p.returncode == 0 and p.stdout.count(': OK') == len(members) - 1, p.stdout + p.stderr)
    seen = 0
    for line in open(os.path.join(folder, 'evidence', 'INDEX.tsv'), encoding='utf-8').read().splitlines()[1:]:
        name, at, length, host, log, offset, when, finding = line.split('\t')
        raw = open(os.path.join(folder, 'evidence', name), 'rb').read()[int(at):int(at) + int(length)]
        if not log.endswith('.gz'):
            with open(log, 'rb') as f:
                f.seek(int(offset))
                check(f'{log} has these bytes at {offset}', f.read(int(length)) == raw)
                seen += 1
    check('evidence was compared', seen > 100, seen)
    text = open(os.path.join(folder, 'README.txt'), encoding='utf-8').read()
    check('it says how to check', 'sha256sum -c SHA256SUMS' in text and 'postern log verify' in text)
    check('audit records are with it', any(json.loads(x)['action'] == 'incident-note' for x in open(os.path.join(folder, 'audit.jsonl'), encoding='utf-8')))
    check('the head is with it', len(open(os.path.join(folder, 'audit-head.txt')).read().split()[1]) == 64)
    again = os.path.join(s.folder, 'again.tar')
    s.incident('export', ident, '-O', again, '--org', ORG)
    with tarfile.open(again) as t, tarfile.open(file) as u:
        differ = {m.name.split('/', 1)[1] for m in t.getmembers() if t.extractfile(m).read() != u.extractfile(m.name).read() or m.mtime != u.getmember(m.name).mtime}
    check('the same again, but for the record of the first', differ == {'audit.jsonl', 'audit-head.txt', 'SHA256SUMS'}, differ)
    with open(os.path.join(folder, 'report.txt'), 'a') as f:
        f.write('x')
    check('a changed file is found', subprocess.run(['sha256sum', '-c', 'SHA256SUMS'], cwd=folder, capture_output=True).returncode == 1)


def closing(s, ident):
    before = len(s.audit())
    status, out, _ = s.incident('close', ident, '-r', 'agreed work', '--false-positive', '-n')
    check('--dry-run says what, and does nothing', status == 0 and 'Would be suppressed' in out and len(s.listed()) == 1 and len(s.audit()) == before, out)
    # while watch writes: it waits
    db = sqlite3.connect(s.db, isolation_level=None, check_same_thread=False)
    db.execute('BEGIN IMMEDIATE')
    timer = threading.Timer(0.7, lambda: db.execute('COMMIT'))
    timer.start()
    status, out, err = s.incident('close', ident, '-r', 'agreed work, ticket 4711', '--false-positive', '--until', '30d')
    timer.join()
    db.close()
    check('close --false-positive beside a writer', status == 0 and 'postern.tunnel, host web1, account hl-jansen' in out, (status, out, err))
    closed = s.listed('--status', 'false-positive')
    check('it is closed', len(closed) == 1 and closed[0]['closed_reason'] == 'agreed work, ticket 4711' and closed[0]['closed_by'] and not s.listed(), closed)
    record = s.audit()[-1]
    check('closing is recorded with what it suppresses', record['action'] == 'incident-closed-false-positive' and 'suppression 1: ' in record['detail'], record)
    status, out, _ = s.incident('suppressions', '-f', 'json')
    rows = [json.loads(line) for line in out.splitlines()]
    check('suppressions are narrow and dated', len(rows) > 20 and all(r['rule'] and (r['host'] or r['user'] or r['source']) and r['state'] == 'holds' and r['reason'] == 'agreed work, ticket 4711'
                                                                      and 29 * 86400 < time.mktime(time.strptime(r['until'][:10], '%Y-%m-%d')) - time.time() < 32 * 86400 for r in rows), rows[:2])
    check('each scope once', len({(r['rule'], r['host'], r['user'], r['source']) for r in rows}) == len(rows))
    check('closed twice', s.incident('close', ident, '-r', 'x')[0] == 2 and 'agreed work' in s.incident('close', ident, '-r', 'x')[2])
    check('revoke', s.incident('suppressions', 'revoke', '2')[0] == 0 and s.audit()[-1]['action'] == 'suppression-revoked')
    check('revoked is shown', '   2  revoked' in s.incident('suppressions')[1])
    out = s.incident('show', ident)[1]
    check('show tells of the closing', 'false-positive' in out and 'agreed work, ticket 4711' in out)
    check('closed in OCSF', json.loads(s.incident('show', ident, '-f', 'json')[1].splitlines()[0])['status_id'] == 5)
    status, out, _ = s.incident('reopen', ident[:12])
    check('reopen revokes', status == 0 and f'{len(rows) - 1} suppressions revoked' in out and len(s.listed()) == 1, out)
    check('nothing holds', 'holds' not in s.incident('suppressions')[1])
    check('closed plainly', s.incident('close', ident, '-r', 'dealt with')[0] == 0 and s.listed('--status', 'closed')[0]['closed_reason'] == 'dealt with')
    status, out, _ = s.run('log', 'verify')
    check('the audit log is whole', status == 0 and 'whole' in out, out)


def new_evidence(s, ident):
    """Read anew: nothing of the closed incident comes back, for it is no later than its closing."""
    make(s.folder)
    check('the same logs again open nothing', not s.listed(), s.listed())
    check('the closed one is as it was', s.listed('--status', 'closed')[0]['id'] == ident)


def not_recorded_not_done(s, ident):
    if os.getuid() == 0:
        s.incident('reopen', ident)
        log = os.path.join(s.folder, 'audit.log')
        os.rename(log, log + '.away')
        os.symlink('/dev/null', log)
        status, _, err = s.incident('close', ident, '-r', 'x')
        check('what cannot be recorded is not done', status == 3 and 'nothing was changed' in err and len(s.listed()) == 1, (status, err))
        os.unlink(log)
        os.rename(log + '.away', log)


def beside_the_engine(s, ident):
    """As root, on files of the engine's user: what is made beside the database is the engine's, the audit log stays root's."""
    if os.getuid() != 0:
        return
    before = os.stat(s.folder)
    os.chown(s.folder, 0, 65534)
    os.chmod(s.folder, 0o1770)
    os.chown(s.db, 65534, 65534)
    for end in ('-wal', '-shm'):
        if os.path.exists(s.db + end):
            os.unlink(s.db + end)
    s.listed()
    owners = {os.stat(s.db + end).st_uid for end in ('-wal', '-shm') if os.path.exists(s.db + end)}
    check("files beside the database are the engine's", owners == {65534}, owners)
    check('and it can be written', s.incident('note', ident, 'as root')[0] == 0 and s.audit()[-1]['detail'] == 'as root')
    check("the audit log is root's", os.stat(os.path.join(s.folder, 'audit.log')).st_uid == 0)
    owners = {os.stat(s.db + end).st_uid for end in ('', '-wal', '-shm') if os.path.exists(s.db + end)}
    check("still the engine's", owners == {65534}, owners)
    os.chown(s.db, 0, 0)
    os.chown(s.folder, before.st_uid, before.st_gid)
    os.chmod(s.folder, before.st_mode & 0o7777)


def state_commands(s):
    status, out, _ = s.run('state', 'show', '-f', 'json')
    shown = json.loads(out)
    check('state show', status == 0 and shown['incidents'] >= 1 and shown['open'] == 0 and shown['findings'] > 30 and shown['sources'] > 10, out)
    check('state show as text', ' findings' in s.run('state', 'show')[1])
    check('state check', s.run('state', 'check')[0] == 0)
    copy = os.path.join(s.folder, 'elsewhere')
    os.mkdir(copy)
    file = os.path.join(copy, 'postern.db')
    status, _, err = s.run('state', 'backup', file)
    check('backup', status == 0 and State(copy).listed('--status', 'all') == s.listed('--status', 'all'), (status, err))
    check('only ours can read it', os.stat(file).st_mode & 0o77 == 0)
    check('a backup does not overwrite', s.run('state', 'backup', file)[0] == 2)
    check('a backup where nothing can be', s.run('state', 'backup', '/nonexistent/x.db')[0] != 0)
    check('vacuum', s.run('state', 'vacuum')[0] == 0)
    check('both are recorded', [r['action'] for r in s.audit()][-2:] == ['state-backup', 'state-vacuum'], [r['action'] for r in s.audit()])
    db = sqlite3.connect(file)
    db.execute('PRAGMA foreign_keys=OFF')
    db.execute("UPDATE finding SET incident='nowhere' WHERE rowid=1")
    db.commit()
    db.close()
    status, out, _ = State(copy).run('state', 'check')
    check('state check finds what does not fit', status == 1 and 'incident' in out, (status, out))
    with open(file, 'r+b') as f:
        f.seek(100)
        f.write(b'\xff' * 4000)
    check('state check of a broken file', State(copy).run('state', 'check')[0] in (1, 3))
    with open(file, 'wb') as f:
        f.write(b'no database at all' * 100)
    status, _, err = State(copy).run('incident', 'list')
    check('no database', status == 3 and file in err, (status, err))


def main():
    with tempfile.TemporaryDirectory() as folder:
        idents = make(folder)
        check('one incident', len(idents) == 1, idents)
        s = State(folder)
        usage(s, idents[0])
        reading(s, idents[0])
        notes(s, idents[0])
        export(s, idents[0])
        closing(s, idents[0])
        new_evidence(s, idents[0])
        beside_the_engine(s, idents[0])
        state_commands(s)
        not_recorded_not_done(s, idents[0])
    print(f'{len(failures)} failures' if failures else 'incidents are listed, shown, exported, closed and reopened as they should')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
