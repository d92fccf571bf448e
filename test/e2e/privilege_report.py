#!/usr/bin/env python3
"""postern privilege report: rights against use, on made snapshots and made logs of 120 days.

usage: privilege_report.py POSTERN [--seeds N] [-v]

The maker of the logs knows what was really done, also where its lines are then taken away: rotated files that are missing, cut or packed badly, messages
that the logger dropped, sshd at LogLevel ERROR, hosts without logs. A statement is false when a right is called unused that was used, or used that
was not; then the run fails. So that "not known" everywhere does not pass, whole logs must decide every right. One scenario is checked word by word; the
seeds make others.
"""
import datetime, gzip, json, os, random, subprocess, sys, tempfile

DAY = 86400
NOW = int(datetime.datetime(2026, 6, 1, 12, 0, tzinfo=datetime.timezone.utc).timestamp())
START = NOW - 120 * DAY
DAYS = 90
SSHD = [('usepam', 'yes'), ('passwordauthentication', 'yes'), ('pubkeyauthentication', 'yes'), ('permitrootlogin', 'no'), ('listenaddress', '0.0.0.0:22')]
failed = []
verbose = '-v' in sys.argv


def check(ok, text):
    if verbose or not ok:
        print('ok  ' if ok else 'FAIL', text)
    if not ok:
        failed.append(text)
    return ok


def fp(n):
    return 'SHA256:' + (f'{n:04d}' + 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')[:43]


ORG = f"""\
organisation: {{name: Test, domains: [t.example], networks: [10.0.0.0/8]}}
hosts:
  - {{name: web1, aliases: [www], addresses: [10.0.0.1]}}
  - {{name: web2, addresses: [10.0.0.2]}}
staff:
  - {{name: Alice Adler, mail: a@t.example, accounts: [alice], keys: ["{fp(1)}"]}}
  - {{name: Bob Bauer, mail: b@t.example, accounts: [bob]}}
providers:
  - id: hafen
    name: Hafen Webcare
    networks: [198.51.100.0/24]
    hosts: [web1]
    persons:
      - {{name: Nils Nord, accounts: [hl-nils], keys: ["{fp(7)}"]}}
service_accounts: [deploy]
"""


class Host:
    """A machine: what it grants, what is done on it, and its logs."""

    def __init__(self, name, logged=None):
        self.name, self.logged = name, logged or name
        self.accounts, self.keys, self.sudo, self.groups, self.lines, self.truth, self.pid = [], [], [], [], [], {}, 1000
        self.account('root', 0)

    def account(self, name, uid, **more):
        self.accounts.append({'file': '/etc/passwd', 'line': len(self.accounts) + 1, 'name': name, 'uid': uid, 'gid': uid, 'home': '/home/' + name, 'shell': '/bin/bash',
                              'password': 'locked', **more})

    def key(self, account, n, **more):
        self.keys.append({'file': f'/home/{account}/.ssh/authorized_keys', 'line': sum(k['account'] == account for k in self.keys) + 1, 'account': account, 'type': 'ssh-ed25519',
                          'fingerprint': fp(n), 'comment': f'key{n}', 'usable': 'yes', **more})

    def rule(self, who, commands, run_as=(), **more):
        self.sudo.append({'file': '/etc/sudoers', 'line': len(self.sudo) + 1, 'who': who, 'hosts': ['ALL'], 'run_as': list(run_as), 'commands': commands, **more})

    def say(self, t, text):
        at = datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%f+00:00')
        self.lines.append((t, f'{at} {self.logged} {text}'))

    def did(self, right, t):
        self.truth.setdefault(right, []).append(t)

    def login(self, t, account, n, how='publickey', tail=True):
        self.pid += 1
        key = f': ED25519 {fp(n)}' if n and tail else ''
        self.say(t, f'sshd[{self.pid}]: Accepted {how} for {account} from 10.9.8.7 port 40022 ssh2{key}')
        self.say(t, f'sshd[{self.pid}]: pam_unix(sshd:session): session opened for user {account}(uid=1000) by (uid=0)')
        if how == 'publickey':
            self.did(('key', account, n), t)
        elif how == 'password':
            self.did(('password', account), t)

    def two_factors(self, t, account, n):
        self.pid += 1
        self.say(t, f'sshd[{self.pid}]: Partial publickey for {account} from 10.9.8.7 port 40022 ssh2: ED25519 {fp(n)}')
        self.say(t + 4, f'sshd[{self.pid}]: Accepted keyboard-interactive/pam for {account} from 10.9.8.7 port 40022 ssh2')
        self.did(('key', account, n), t)

    def run(self, t, account, command, run_as='root', rule=None):
        self.say(t, f'sudo:    {account} : TTY=pts/0 ; PWD=/ ; USER={run_as} ; COMMAND={command}')
        if rule:
            self.did(('sudo', rule), t)

    def hourly(self, first=START, last=NOW, step=3600):
        for t in range(first, last, step):
            self.say(t + 17, f'CRON[{t % 30000}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)')

    def snapshot(self, **more):
        return {'postern-snapshot': 1, 'host': self.name, 'names': [], 'addresses': [], 'taken': NOW, 'taken_by': 'test', 'root': '/', 'as_root': 'yes', 'live': 'yes',
                'sshd': [{'file': '/etc/ssh/sshd_config', 'line': 0, 'name': n, 'value': v} for n, v in SSHD], 'accounts': self.accounts, 'groups': self.groups, 'sudo': self.sudo, 'authorized_keys': self.keys, **more}


def write_logs(folder, host, every=7, drop=(), cut=(), skew=0, packed=True):
    """auth.log and its rotated files, turned every so many days; drop, cut: numbers of files (1 is the newest rotated)."""
    path = os.path.join(folder, host.name, 'var', 'log')
    os.makedirs(path)
    pieces = {}
    for t, line in sorted(host.lines, key=lambda x: x[0]):
        n = max(0, -(-(NOW + skew - t) // (every * DAY)) - 1)
        pieces.setdefault(n, []).append(line)
    for n in range(max(pieces) + 1):
        data = ('\n'.join(pieces.get(n, [])) + '\n').encode() if pieces.get(n) else b''
        name = 'auth.log' + (f'.{n}' if n else '') + ('.gz' if packed and n > 1 else '')
        if n in drop:
            continue
        if packed and n > 1:
            data = gzip.compress(data, mtime=0)
        if n in cut:
            data = data[:len(data) // 2]
        with open(os.path.join(path, name), 'wb') as f:
            f.write(data)


def postern(binary, *args, rc=0, env=None):
    p = subprocess.run([binary, 'privilege', 'report', *args], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env=env)
    if p.returncode != rc:
        check(False, f'{args}: exit {p.returncode}, wanted {rc}\n{p.stderr}')
    return p


def report(binary, folder, hosts, *more, rc=0):
    snaps = os.path.join(folder, 'snapshots')
    os.makedirs(snaps, exist_ok=True)
    for h in hosts:
        with open(os.path.join(snaps, h.name + '.json'), 'w') as f:
            json.dump(h.snapshot(), f)
    with open(os.path.join(folder, 'org.yaml'), 'w') as f:
        f.write(ORG)
    p = postern(binary, '--snapshot', snaps, '--logs', os.path.join(folder, 'logs'), '--org', os.path.join(folder, 'org.yaml'), '--state', os.path.join(folder, 'none'),
                '--days', str(DAYS), '--format', 'json', *more, rc=rc)
    return json.loads(p.stdout)


def name_of(right):
    if right['kind'] == 'key':
        return ('key', right['account'], int(right['holder'][7:11]))
    if right['kind'] == 'group':
        return ('group', right['account'])
    if right['kind'] == 'password':
        return ('password', right['account'])
    return (right['kind'], right['line']) if right['kind'] == 'sudo' else None


def find(doc, host, name):
    found = [r for r in doc['rights'] if r['host'] == host and name_of(r) == name]
    return found[0] if len(found) == 1 else None


def judge(doc, hosts, label):
    """No statement may be false; returns how many rights of keys, passwords and sudo rules were decided, and of how many."""
    false, decided, n = 0, 0, 0
    for r in doc['rights']:
        name = name_of(r)
        if not name:
            continue
        host = next(h for h in hosts if h.name == r['host'])
        done = [t for t in host.truth.get(name, []) if t >= NOW - DAYS * DAY]
        n += 1
        decided += r['use'] != 'unknown'
        wrong = (r['use'] == 'unused' and done) or (r['use'] == 'used' and not done) or (r['use'] == 'unknown' and not r.get('why'))
        if wrong:
            false += 1
            print(f"  {label}: {host.name} {name} is called {r['use']}, done {len(done)} times; {r['text']}; {r.get('evidence')}")
    check(false == 0, f'{label}: {false} false statements of {n}')
    return decided, n


# ---- one scenario, word by word -------------------------------------------------------------------------------------------------------------

def web1():
    h = Host('web1', 'web1.t.example')
    for i, name in enumerate(['alice', 'bob', 'deploy', 'hl-nils', 'gone', 'carol'], 1001):
        h.account(name, i)
    h.account('old', 1010, expires=(NOW - 40 * DAY) // DAY)
    h.account('shut', 1011, shell='/usr/sbin/nologin')
    h.account('pass', 1012, password='set')
    h.groups.append({'file': '/etc/group', 'line': 1, 'name': 'adm2', 'gid': 500, 'members': ['alice', 'bob', 'carol']})
    h.key('alice', 1)           # used
    h.key('alice', 2)           # last used 100 days ago
    h.key('alice', 3)           # never
    h.key('deploy', 1)          # the same key, another account
    h.key('hl-nils', 7)         # the provider's, by two factors
    h.key('gone', 9)            # nobody's
    h.key('old', 10)
    h.key('shut', 11)
    h.rule(['%adm2'], ['ALL'], ['ALL'], nopasswd='yes')                    # 1: alice's zfs
    h.rule(['alice'], ['/bin/systemctl restart nginx', '/usr/bin/apt *'])  # 2: used, logged under /usr
    h.rule(['bob'], ['/usr/bin/id'])                                       # 3: never; what bob runs is another rule's
    h.rule(['deploy'], ['/usr/bin/psql'], ['postgres'])                    # 4: used as postgres
    h.rule(['deploy'], ['/usr/bin/psql'], ['backup'])                      # 5: never: as postgres is not as backup
    h.rule(['carol'], ['/usr/bin/less /var/log/*'])                        # 6: 100 days ago
    h.rule(['%ldapadmins'], ['/usr/bin/top'])                              # 7: a directory's account ran top
    h.rule(['bob'], ['!/usr/bin/passwd root'])                             # no right
    h.rule(['bob'], ['ALL'], hosts=['web9'])                               # nor is what holds elsewhere
    h.rule(['bob'], ['ALL'], not_after='20250101000000Z')                  # or is over
    h.hourly()
    for d in range(3, 118, 5):
        h.login(START + d * DAY, 'alice', 1)
    h.login(NOW - 100 * DAY, 'alice', 2)
    h.two_factors(NOW - 50 * DAY, 'hl-nils', 7)
    h.say(NOW - 20 * DAY, f'sshd[77]: Failed publickey for alice from 10.9.8.7 port 40022 ssh2: ED25519 {fp(3)}')
    h.login(NOW - 30 * DAY, 'pass', 0, how='password')
    h.run(NOW - 10 * DAY, 'alice', '/usr/sbin/zpool status', rule=1)
    h.did(('group', 'alice'), NOW - 10 * DAY)
    h.did(('group', 'bob'), NOW - 8 * DAY)
    h.run(NOW - 9 * DAY, 'alice', '/usr/bin/systemctl restart nginx', rule=2)
    h.run(NOW - 8 * DAY, 'alice', '/usr/bin/apt update', rule=2)
    h.run(NOW - 8 * DAY, 'bob', '/usr/bin/whoami', rule=1)
    h.run(NOW - 7 * DAY, 'deploy', '/usr/bin/psql -l', run_as='postgres', rule=4)
    h.run(NOW - 100 * DAY, 'carol', '/usr/bin/less /var/log/syslog', rule=6)
    h.run(NOW - 6 * DAY, 'ldapuser', '/usr/bin/top', rule=7)
    return h


def small(name, **more):
    h = Host(name)
    h.account('alice', 1001)
    h.key('alice', 1)
    h.key('alice', 2)
    h.rule(['alice'], ['/usr/bin/id'])
    return h


WANT = {  # host, right: use, count, part of the reason
    'web1': {('key', 'alice', 1): ('used', 23, None), ('key', 'alice', 2): ('unused', 1, None), ('key', 'alice', 3): ('unused', 0, None), ('key', 'deploy', 1): ('unused', 0, None),
             ('key', 'hl-nils', 7): ('used', 1, None), ('key', 'gone', 9): ('unused', 0, None), ('password', 'pass'): ('used', 1, None), ('sudo', 1): ('used', 2, None),
             ('sudo', 2): ('used', 2, None), ('sudo', 3): ('unused', 0, None), ('sudo', 4): ('used', 1, None), ('sudo', 5): ('unused', 0, None), ('sudo', 6): ('unused', 1, None),
             ('group', 'alice'): ('used', 1, None), ('group', 'bob'): ('used', 1, None), ('group', 'carol'): ('unknown', 0, 'beside sudo'),
             ('sudo', 7): ('unknown', 0, 'accounts that the snapshot does not have')},
    'web2': {('key', 'alice', 1): ('used', 1, None), ('key', 'alice', 2): ('unused', 0, None), ('sudo', 1): ('unknown', 0, 'sudo never logged there')},
    'gap': {('key', 'alice', 1): ('unknown', 0, 'missing in the logs'), ('key', 'alice', 2): ('used', 1, None), ('sudo', 1): ('unknown', 0, 'missing in the logs')},
    'short': {('key', 'alice', 1): ('unknown', 0, 'do not go back far enough'), ('key', 'alice', 2): ('used', 1, None), ('sudo', 1): ('unknown', 0, 'do not go back')},
    'ended': {('key', 'alice', 1): ('unknown', 0, 'the logs end before'), ('key', 'alice', 2): ('used', 1, None), ('sudo', 1): ('unknown', 0, 'the logs end before')},
    'pamonly': {('key', 'alice', 1): ('unknown', 0, 'without its method or key'), ('key', 'alice', 2): ('unknown', 0, 'without its method or key'), ('sudo', 1): ('unused', 0, None)},
    'dropped': {('key', 'alice', 1): ('unknown', 0, 'dropped messages'), ('key', 'alice', 2): ('used', 1, None), ('sudo', 1): ('unknown', 0, 'dropped messages')},
    'cut': {('key', 'alice', 1): ('unknown', 0, 'could not be read to its end'), ('key', 'alice', 2): ('used', 1, None), ('sudo', 1): ('unknown', 0, 'could not be read')},
    'nolog': {('key', 'alice', 1): ('unknown', 0, 'no logs of this host were read'), ('key', 'alice', 2): ('unknown', 0, 'no logs'), ('sudo', 1): ('unknown', 0, 'no logs')},
}


def scenario_hosts(logs):
    hosts = [web1()]
    write_logs(logs, hosts[0])
    for name in ['web2', 'gap', 'short', 'ended', 'pamonly', 'dropped', 'cut', 'nolog']:
        h = small(name)
        hosts.append(h)
        h.hourly(NOW - 40 * DAY if name == 'short' else START, NOW - 5 * DAY if name == 'ended' else NOW)
        if name != 'pamonly':
            h.login(NOW - 10 * DAY, 'alice', 1 if name == 'web2' else 2)
        if name not in ('web2', 'pamonly'):
            h.run(NOW - 100 * DAY if name != 'short' else NOW - 39 * DAY, 'other', '/usr/bin/true')
        if name == 'gap':
            h.login(NOW - 31 * DAY, 'alice', 1)  # lies in the file that is missing
            write_logs(logs, h, drop=[4])
        elif name == 'cut':
            h.login(NOW - 44 * DAY + 3600, 'alice', 1)
            write_logs(logs, h, cut=[6])
            with open(os.path.join(logs, 'cut', 'var', 'log', 'syslog'), 'w') as f:  # shows that the host was up: only the broken file speaks against it
                for d in range(120):
                    f.write(datetime.datetime.fromtimestamp(START + d * DAY, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S+00:00') + ' cut systemd[1]: Started Daily apt download activities.\n')
        elif name == 'pamonly':
            h.say(NOW - 20 * DAY, 'sshd[5]: pam_unix(sshd:session): session opened for user alice(uid=1001) by (uid=0)')
            h.did(('key', 'alice', 1), NOW - 20 * DAY)
            h.run(NOW - 100 * DAY, 'other', '/usr/bin/true')
            write_logs(logs, h)
        elif name == 'dropped':
            h.say(NOW - 44 * DAY, 'rsyslogd: imuxsock lost 105 messages from pid 2217 due to rate-limiting')
            h.did(('key', 'alice', 1), NOW - 44 * DAY)
            write_logs(logs, h)
        elif name == 'nolog':
            h.did(('key', 'alice', 1), NOW - DAY)
        else:
            write_logs(logs, h)
    return hosts


def scenario(binary, folder):
    logs = os.path.join(folder, 'logs')
    hosts = scenario_hosts(logs)
    doc = report(binary, folder, hosts)
    judge(doc, hosts, 'scenario')
    for host, rights in WANT.items():
        for name, (use, count, why) in rights.items():
            r = find(doc, host, name)
            got = r and (r['use'], r['count'], r.get('why'))
            check(r and r['use'] == use and r['count'] == count and (why is None or why in r.get('why', '')), f'{host} {name}: {got}, wanted {use}, {count}, {why}')
    lines = sorted(r['line'] for r in doc['rights'] if r['host'] == 'web1' and r['kind'] == 'sudo')
    check(lines == [1, 2, 3, 4, 5, 6, 7], f'rules that give something on web1: {lines}')
    findings(doc)
    coverage(doc)
    words(binary, folder, doc)


def findings(doc):
    by_id = {r['id']: r for r in doc['rights']}
    left = {(n['host'], n.get('file'), n.get('line')): n['why'] for n in doc['left']}
    for where, why in {('/home/gone/.ssh/authorized_keys', 1): 'nobody with this key', ('/home/old/.ssh/authorized_keys', 1): 'the account ended on 2026-04-22',
                       ('/home/shut/.ssh/authorized_keys', 1): 'shell lets nobody in'}.items():
        check(why in left.get(('web1', *where), ''), f'left: {where}: {left.get(("web1", *where))}')
    unknown = {r['text'] for r in doc['rights'] if r['host'] == 'web1' and r['account'] in ('gone', 'pass', 'carol') and r['kind'] != 'sudo'}
    extra = [n for n in doc['left'] if n['host'] == 'web1' and n['text'] not in unknown and n['why'].find('ended') < 0 and n['why'].find('shell') < 0]
    check(all(n['why'] == 'the organisation file knows nobody with this account' for n in extra), f'left: too many: {extra}')
    check(not any('alice' in (by_id[n['right']]['account'] if n['right'] is not None else '') for n in doc['left'] if by_id.get(n['right'], {}).get('line') == 1 and n['host'] == 'web1'
                  and by_id[n['right']]['kind'] == 'key' and by_id[n['right']]['holder'] == fp(1)), 'left: the key of somebody who is there')
    provider = [by_id[n['right']] for n in doc['provider_without_grant']]
    check([(r['host'], r['account'], r['kind']) for r in provider] == [('web1', 'hl-nils', 'key')], f'provider: {provider}')
    check(all('not known' in n['why'] for n in doc['provider_without_grant']), 'provider: without the gate a grant is not known')
    shared = {s['fingerprint']: s for s in doc['shared_keys']}
    check(set(shared) == {fp(1)}, f'shared: {set(shared)}')
    s = shared.get(fp(1), {'rights': []})
    check(s.get('account_names') == 2 and {(by_id[i]['account'], by_id[i]['host']) for i in s['rights']} >= {('alice', 'web1'), ('deploy', 'web1'), ('alice', 'web2')}, f'shared: {s}')


def coverage(doc):
    hosts = {h['name']: h for h in doc['hosts']}
    c = hosts['web1']['logs']
    check(c['sshd']['sure'] and c['sshd']['gaps'] == 0 and c['sshd']['days'] >= 120 and c['sudo']['sure'], f'coverage of web1: {c}')
    c = hosts['gap']['logs']['sshd']
    check(c['gaps'] == 1 and 7 * 24 - 1 <= c['longest_gap_hours'] <= 7 * 24 and not c['sure'], f'coverage of gap: {c}')
    check(not hosts['web2']['logs']['sudo']['seen'] and hosts['web2']['logs']['sshd']['sure'], 'coverage of web2')
    check(hosts['nolog']['logs']['sshd']['days'] == 0, 'coverage of nolog')


def words(binary, folder, doc):
    args = ['--snapshot', os.path.join(folder, 'snapshots'), '--logs', os.path.join(folder, 'logs'), '--org', os.path.join(folder, 'org.yaml'), '--state', os.path.join(folder, 'none')]
    text = postern(binary, *args).stdout
    check('\x1b' not in text, 'text: no colours without a terminal')
    for part in ['no gap', 'sudo never logged there', 'Keys that are shared', 'Rights of providers without an open grant', 'the account ended on 2026-04-22', 'opens alice']:
        check(part in text, f'text: {part}')
    check('\x1b[' in postern(binary, *args, '--color', 'always').stdout, 'text: colours when asked')
    only = json.loads(postern(binary, *args, '--host', 'www', '--kind', 'sudo', '--unused', '--format', 'json').stdout)
    check({(r['host'], r['kind'], r['use']) for r in only['rights']} == {('web1', 'sudo', 'unused')} and len(only['rights']) == 3, f'filters: {only["rights"]}')
    days = json.loads(postern(binary, *args, '--days', '110', '--format', 'json').stdout)
    check(find(days, 'web1', ('key', 'alice', 2))['use'] == 'used', 'with 110 days the key of 100 days ago is used')
    check('no "x"' in postern(binary, *args, '--kind', 'x', rc=2).stderr, 'an unknown kind is a mistake')
    check('no snapshot of nobody' in postern(binary, *args, '--host', 'nobody', rc=2).stderr, 'an unknown host is a mistake')
    bare = json.loads(postern(binary, *args[:2], *args[4:], '--format', 'json').stdout)
    check(all(r['use'] == 'unknown' for r in bare['rights']), 'without logs nothing is known')
    bad = os.path.join(folder, 'snapshots', 'bad.json')
    with open(bad, 'w') as f:
        f.write('{"postern-snapshot": 1, "host": 7')
    p = postern(binary, *args, '--format', 'json', rc=3)
    check(bad in p.stderr and json.loads(p.stdout)['rights'] == doc['rights'], 'a bad snapshot is named, the rest goes on')
    os.remove(bad)
    evil = os.path.join(folder, 'evil.json')
    h = Host('evil\x1b[2J')
    h.account('a\x1b]0;x\x07', 1001)
    h.key('a\x1b]0;x\x07', 5, comment='\x1b[31mred')
    with open(evil, 'w') as f:
        json.dump(h.snapshot(), f)
    p = subprocess.run([binary, 'privilege', 'report', '--snapshot', evil, '--state', os.path.join(folder, 'none')], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    check('\x1b' not in p.stdout + p.stderr and '\x07' not in p.stdout + p.stderr and (p.returncode == 3 or 'x1B' in p.stdout.upper()), f'names cannot drive the terminal: {p}')


def stored(binary, folder):
    """DIR/snapshots/HOST/TIME.json of the state: the newest of each host that can be read."""
    state = os.path.join(folder, 'state')
    for name in ['a1', 'b1']:
        h = Host(name)
        h.rule(['old'], ['ALL'])
        for i, when in enumerate(['20260501T000000Z', '20260601T000000Z', '20260602T000000Z']):
            if i == 1:
                h.rule(['new'], ['ALL'])
            os.makedirs(os.path.join(state, 'snapshots', name), exist_ok=True)
            with open(os.path.join(state, 'snapshots', name, when + '.json'), 'w') as f:
                f.write('{' if i == 2 and name == 'b1' else json.dumps(h.snapshot(taken=NOW - 40 * DAY + i * DAY)))
    p = postern(binary, '--state', state, '--format', 'json', rc=3)
    doc = json.loads(p.stdout)
    check([(h['name'], h['taken'][:10]) for h in doc['hosts']] == [('a1', '2026-04-24'), ('b1', '2026-04-23')], f'stored snapshots: {doc["hosts"]}')
    check(sorted((r['host'], r['holder']) for r in doc['rights']) == [(h, w) for h in ['a1', 'b1'] for w in ['new', 'old']], 'stored snapshots: rights of the newest')
    check(p.stderr.count('\n') == 1 and 'b1/20260602T000000Z.json' in p.stderr, f'stored snapshots: {p.stderr}')


# ---- others, by chance ------------------------------------------------------------------------------------------------------------------------

def seeded(binary, folder, seed):
    rnd = random.Random(seed)
    logs = os.path.join(folder, 'logs')
    os.makedirs(logs)
    hosts, whole = [], []
    for i in range(6):
        h = Host(f'h{i}')
        hosts.append(h)
        for k in range(1, 5):
            h.account(f'u{k}', 1000 + k)
            for n in range(3):
                h.key(f'u{k}', 10 * k + n)
        h.rule(['ALL'], ['/usr/bin/id'])
        h.rule(['u1', 'u2'], ['/usr/bin/apt *', '!/usr/bin/apt purge *'])
        h.rule(['u2'], ['/usr/bin/apt update'])
        h.rule(['u3'], ['/opt/tools/'], ['ALL'])
        h.rule(['u4'], ['/usr/bin/never'])
        quiet = rnd.random() < .3
        h.hourly(step=rnd.choice([3600, 3600, 2 * 3600]) if not quiet else 20 * 3600)
        for _ in range(rnd.randrange(5, 60)):
            t, k = START + rnd.randrange(120 * DAY - 60), rnd.randrange(1, 5)
            n = 10 * k + rnd.choice([0, 0, 0, 1])
            rnd.choice([h.login, h.login, h.two_factors])(t, f'u{k}', n)
        for _ in range(rnd.randrange(5, 40)):
            t = START + rnd.randrange(120 * DAY - 60)
            who, command, as_, rule = rnd.choice([('u1', '/usr/bin/apt install x', 'root', 2), ('u2', '/usr/bin/apt update', 'root', 3), ('u2', '/usr/bin/apt install y', 'root', 2),
                                                  ('u3', '/opt/tools/run -a', 'www', 4), ('u4', '/usr/bin/id', 'root', 1), ('u1', '/usr/bin/apt update', 'root', 2)])
            h.run(t, who, command, as_, rule)
        every = rnd.choice([1, 1, 7, 7, 30])
        drop, cut = [], []
        if i >= 2 and rnd.random() < .7:
            count = 120 // every
            drop = [rnd.randrange(0, count) for _ in range(rnd.randrange(0, 3))]
            cut = [rnd.randrange(2, count + 1)] if rnd.random() < .4 and count > 2 else []
        write_logs(logs, h, every, drop, cut, skew=rnd.randrange(DAY), packed=rnd.random() < .8)
        if not drop and not cut and not quiet:
            whole.append(h)
    doc = report(binary, folder, hosts)
    judge(doc, hosts, f'seed {seed}')
    for h in whole:
        unsure = [(name_of(r), r['why']) for r in doc['rights'] if r['host'] == h.name and name_of(r) and r['use'] == 'unknown']
        check(not unsure, f'seed {seed}: whole logs decide everything on {h.name}: {unsure[:3]}')


# ---- grants of the gate -------------------------------------------------------------------------------------------------------------------------

def gate(binary, folder):
    """The provider's key on two hosts, a grant for one of them: asked for, approved, revoked."""
    key = os.path.join(folder, 'key')
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'nils', '-f', key], check=True)
    public = open(key + '.pub').read().strip()
    print_ = subprocess.run(['ssh-keygen', '-lf', key + '.pub'], capture_output=True, text=True, check=True).stdout.split()[1]
    state, conf = os.path.join(folder, 'state'), os.path.join(folder, 'conf')
    os.mkdir(conf)

    def run(who, *argv):
        p = subprocess.run([binary, *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, 'POSTERN_STATE': state, 'POSTERN_CONFIG': conf, 'SUDO_USER': who})
        check(p.returncode == 0, f'{argv}: {p.stderr}')
        return p.stdout

    hosts = [Host('web1'), Host('web2')]
    for h in hosts:
        h.account('hl-nils', 1001)
        h.key('hl-nils', 7, fingerprint=print_)
        with open(os.path.join(folder, h.name + '.json'), 'w') as f:
            json.dump(h.snapshot(), f)

    def without():
        doc = json.loads(postern(binary, '--snapshot', os.path.join(folder, 'web1.json'), '--snapshot', os.path.join(folder, 'web2.json'), '--state', state, '--format', 'json').stdout)
        return {n['host']: n['why'] for n in doc['provider_without_grant']}

    run('alice', 'provider', 'add', 'hafen', '--name', 'Hafen')
    run('alice', 'person', 'add', 'nils', '-p', 'hafen', '--name', 'Nils', '--key', public, '--account', 'hl-nils')
    both = {'web1': 'hafen has no open grant for it', 'web2': 'hafen has no open grant for it'}
    check(without() == both, f'gate: before a grant: {without()}')
    gid = json.loads(run('alice', 'grant', 'request', '--person', 'nils', '--host', 'web1', '--account', 'hl-nils', '--purpose', 'x', '--shell', '--until', '4h', '-f', 'json'))['id']
    check(without() == both, 'gate: one that is only asked for is not open')
    run('bob', 'grant', 'approve', gid)
    check(without() == {'web2': both['web2']}, f'gate: approved for web1: {without()}')
    run('bob', 'provider', 'suspend', 'hafen', '--reason', 'x')
    check(without() == both, 'gate: of a suspended provider it is not open')
    run('bob', 'provider', 'resume', 'hafen', '--reason', 'x')
    run('bob', 'grant', 'revoke', gid, '--reason', 'x')
    check(without() == both, 'gate: revoked')


# ---- this machine -----------------------------------------------------------------------------------------------------------------------------

def this_machine(binary, folder):
    for who in ['root', 'nobody']:
        if os.getuid() != 0 and who != 'root':
            continue
        demote = (lambda: (os.setgroups([]), os.setgid(65534), os.setuid(65534))) if who == 'nobody' else None
        p = subprocess.run([binary, 'privilege', 'report', '--logs', '/var/log', '--state', os.path.join(folder, 'none'), '--format', 'json'], capture_output=True, text=True, timeout=300,
                           stdin=subprocess.DEVNULL, preexec_fn=demote, cwd='/')
        if not check(p.returncode in (0, 3), f'this machine as {who}: exit {p.returncode} {p.stderr}'):
            continue
        doc = json.loads(p.stdout)
        check(len(doc['hosts']) == 1, f'this machine as {who}: one host')
        if who == 'nobody':
            check(doc['hosts'][0]['as_root'] is False or doc['hosts'][0]['not_read'], 'as nobody: says what was not read')


def main():
    binary = os.path.abspath(sys.argv[1])
    seeds = int(sys.argv[sys.argv.index('--seeds') + 1]) if '--seeds' in sys.argv else 6
    with tempfile.TemporaryDirectory(prefix='postern-report-') as top:
        os.chmod(top, 0o755)
        os.mkdir(os.path.join(top, 's'))
        scenario(binary, os.path.join(top, 's'))
        stored(binary, top)
        for seed in range(seeds):
            folder = os.path.join(top, str(seed))
            os.mkdir(folder)
            seeded(binary, folder, seed)
        os.mkdir(os.path.join(top, 'gate'))
        if os.getuid() == 0:
            gate(binary, os.path.join(top, 'gate'))
        else:
            print('not root: the gate is not tried')
        this_machine(binary, top)
    print(f'{len(failed)} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
