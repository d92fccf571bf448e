#!/usr/bin/env python3
"""postern provider, person and grant: the story of a grant, who may not, keys against ssh-keygen, explain, bad input, a broken state.

usage: gate_model.py POSTERN
"""
import base64, json, os, pathlib, random, re, shutil, sqlite3, struct, subprocess, sys, tempfile

POSTERN = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'gate_model: {what}: FAILED {str(told)[:700]}')


def login_user():
    try:
        return int(pathlib.Path('/proc/self/loginuid').read_text()) not in (0, 0xffffffff)
    except (OSError, ValueError):
        return False


class Gate:
    def __init__(self, folder):
        self.state, self.conf = folder / 'state', folder / 'conf'
        self.conf.mkdir()
        self.db = self.state / 'gate.db'

    def run(self, who, *argv, stdin=''):
        env = {**os.environ, 'POSTERN_STATE': str(self.state), 'POSTERN_CONFIG': str(self.conf), 'SUDO_USER': who}
        p = subprocess.run([POSTERN, *map(str, argv)], capture_output=True, text=True, input=stdin, env=env)
        check(f'{argv}: ends by itself', p.returncode in (0, 1, 2, 3), (p.returncode, p.stderr))
        return p.returncode, p.stdout, p.stderr

    def good(self, who, *argv, **kw):
        status, out, err = self.run(who, *argv, **kw)
        check(f'{who} {argv}', status == 0, (status, out, err))
        return out

    def bad(self, want, who, *argv, word='', **kw):
        status, out, err = self.run(who, *argv, **kw)
        check(f'{who} {argv}: exit {want}, names {word!r}', status == want and err.startswith('postern') and word in err, (status, out, err))

    def audit(self):
        return [json.loads(line) for line in (self.state / 'audit.log').read_text().splitlines()]


def request(g, *more, who='alice', person='jansen', host='web1'):
    out = g.good(who, 'grant', 'request', '--person', person, '--host', host, '--account', 'wartung', '--purpose', 'update', '-f', 'json', *more)
    return json.loads(out)['id'] if out else 'none'


def explain(g, *argv):
    status, out, err = g.run('alice', 'grant', 'explain', '-f', 'json', *argv)
    check(f'explain {argv}: exit status is the decision', status in (0, 1) and not err, (status, err))
    answers = [json.loads(line) for line in out.splitlines()]
    check(f'explain {argv}: agrees with its exit status', (status == 0) == any(a['allowed'] for a in answers), (status, out))
    return answers


def reason(g, *argv):
    return explain(g, *argv)[0]['reason']


def story(g, key):
    g.bad(3, 'alice', 'grant', 'list', word='provider add')
    g.good('alice', 'provider', 'add', 'hafenlicht', '--name', 'Hafenlicht IT')
    g.good('alice', 'person', 'add', 'jansen', '-p', 'hafenlicht', '--name', 'P. Jansen', '--key', key, '--account', 'pjansen')
    base = ('--person', 'jansen', '--host', 'web1')
    check('nothing yet', reason(g, *base) == 'no grant for this account on this host')
    gid = request(g, '--shell', '--until', '4h')
    check('requested', reason(g, *base) == 'the grant is not approved')
    g.bad(1, 'alice', 'grant', 'approve', gid, word='asked for it')
    for who in ('jansen', 'pjansen', 'root', 'wartung'):
        g.bad(1, who, 'grant', 'approve', gid)
    check('still not approved', reason(g, *base) == 'the grant is not approved')
    g.bad(3, 'bob', 'grant', 'approve', gid, '--version', '7', word='version 1')
    g.good('bob', 'grant', 'approve', gid, '--version', '1')
    check('approved', explain(g, *base)[0]['grant'] == gid)
    check('elsewhere', reason(g, '--person', 'jansen', '--host', 'db1', '--account', 'wartung') == 'no grant for this account on this host')
    check('later', reason(g, *base, '--at', '5h') == 'the grant has ended')
    check('somebody else', reason(g, '--person', 'meyer', '--host', 'web1') == 'the key belongs to nobody')
    g.good('bob', 'grant', 'extend', gid, '--until', '8h')
    check('the old end holds', reason(g, *base, '--at', '5h') == 'the grant has ended')
    g.bad(1, 'bob', 'grant', 'approve', gid, word='asked for it')
    g.good('alice', 'grant', 'approve', gid)
    check('extended', reason(g, *base, '--at', '5h') == 'allowed')
    g.good('alice', 'provider', 'suspend', 'hafenlicht', '--reason', 'incident')
    check('suspended', reason(g, *base) == 'the provider is suspended')
    g.bad(1, 'jansen', 'provider', 'resume', 'hafenlicht')
    g.good('bob', 'provider', 'resume', 'hafenlicht')
    g.good('bob', 'grant', 'revoke', gid, '--reason', 'done')
    check('revoked', reason(g, *base) == 'the grant was revoked')
    g.bad(1, 'alice', 'grant', 'restore', gid)
    g.good('bob', 'grant', 'restore', gid)
    check('restored', reason(g, *base) == 'allowed')
    db = sqlite3.connect(g.db)
    db.execute('UPDATE permit SET until=until+1000000000 WHERE id=?', (gid,))
    db.commit()
    check('a row that was changed opens nothing', reason(g, *base) == 'the grant is not approved')
    check('and show says so', 'not what was approved' in g.good('alice', 'grant', 'show', gid))
    db.execute('UPDATE permit SET until=until-1000000000 WHERE id=?', (gid,))
    db.commit()
    db.close()
    check('and put back it does', reason(g, *base) == 'allowed')
    words = [(r['action'], r['outcome'], r['actor']) for r in g.audit()]
    for want in (('grant-requested', 'success', 'alice'), ('grant-approved', 'failure', 'alice'), ('grant-approved', 'success', 'bob'), ('provider-suspended', 'success', 'alice'),
                 ('provider-resumed', 'failure', 'jansen'), ('grant-revoked', 'success', 'bob'), ('grant-restored', 'success', 'bob')):
        check(f'audit log has {want}', want in words, words)
    g.good('alice', 'log', 'verify')


def limits(g):
    base = ('grant', 'request', '--person', 'jansen', '--host', 'web1', '--account', 'wartung', '--purpose', 'x')
    for more, word in ((('--until', '31d', '--shell'), '30 days'), ((), 'what is allowed'), (('--command', 'cat *.log'), '*'), (('--shell', '--until', '2020-01-01'), 'end'),
                       (('--shell', '--source', '300.1.1.1'), '300.1.1.1'), (('--shell', '--hours', 'Mon-Fri'), 'times are missing'), (('--shell', '--zone', 'Mars/Base'), 'Mars'),
                       (('--shell', '--host', '*'), 'host'), (('--shell', '--until', 'tomorrow'), 'tomorrow'), (('--shell', '--provider', 'hafenlicht'), 'one person'),
                       (('--shell', '--purpose', 'a\x1b[2Jb'), 'control'), (('--shell', '--purpose', 'x' * 600), '600'), (('--shell', '--ticket', 'a\nb'), 'control')):
        g.bad(2, 'alice', *base, *more, word=word)
    g.bad(1, 'alice', *base, '--shell', '--account', 'root', word='root')
    g.bad(1, 'root', *base, '--shell', word='nobody in particular')
    for name in ('%u', 'a b', '../x', 'x' * 10000, 'a\nb', '', '-x', 'ä'):
        g.bad(2, 'alice', *base, '--shell', f'--account={name}')
        g.bad(2, 'alice', 'provider', 'add', '--', name)
    for argv in (['grant'], ['grant', 'fly'], ['grant', 'approve'], ['grant', 'approve', 'G-1-1'], ['grant', 'revoke', 'G-20200101-1'], ['grant', 'explain'], ['person', 'key', 'jansen'],
                 ['person', 'add', 'x', '-p', 'nobody'], ['provider', 'show', 'nobody'], ['grant', 'show', 'G-9']):
        g.bad(2, 'alice', *argv)
    check('times in a zone', explain(g, '--person', 'jansen', '--host', 'web1', '--at', '2026-07-01T14:00', '--zone', 'Europe/Berlin')[0]['at'].startswith('2026-07-01T12:00'))
    check('times with an offset', explain(g, '--person', 'jansen', '--host', 'web1', '--at', '2026-07-01T14:00-05:00')[0]['at'].startswith('2026-07-01T19:00'))


def emergency(g):
    base = ('grant', 'emergency', '--person', 'jansen', '--host', 'db1', '--account', 'wartung', '--shell', '--purpose', 'fire')
    g.bad(1, 'bob', *base, word='emergency: NAME')
    (g.conf / 'postern.yaml').write_text('gate:\n  emergency: bob\n  approvers: [bob, carol]\n  longest: 2d\n')
    g.bad(1, 'alice', *base, word='bob alone')
    g.bad(2, 'bob', *base, '--until', '2h', word='1 h')
    status, out, err = g.run('bob', *base)
    check('opened, and loud', status == 0 and 'EMERGENCY' in err and 'G-' in out, (status, out, err))
    check('it opens', reason(g, '--person', 'jansen', '--host', 'db1') == 'allowed')
    check('for an hour', reason(g, '--person', 'jansen', '--host', 'db1', '--at', '61m') == 'the grant has ended')
    gid = request(g, '--shell')
    g.bad(1, 'dora', 'grant', 'approve', gid, word='approvers')
    g.good('carol', 'grant', 'approve', gid)
    g.bad(2, 'alice', 'grant', 'request', '--person', 'jansen', '--host', 'web1', '--account', 'wartung', '--shell', '--purpose', 'x', '--until', '3d', word='2 days')
    for text in ('gate: {emergency: root}', 'gate: {longest: 31d}', 'gate: {emergncy: bob}', 'gate: [a]'):
        (g.conf / 'postern.yaml').write_text(text)
        g.bad(2, 'alice', 'grant', 'list', word='postern.yaml:1')
    (g.conf / 'postern.yaml').unlink()


def keys(g, folder):
    """Fingerprints are ssh-keygen's; what it does not take is not taken."""
    corpus = ROOT / 'fuzz' / 'corpus' / 'fuzz_gate_key'
    for file in sorted(corpus.glob('*.pub'), key=lambda f: ('-cert' in f.name, f.name)): # certificates after their keys
        person = 'k' + re.sub(r'\W', '', file.stem)
        # of a certificate the key in it counts
        plain = corpus / file.name.replace('-cert', '')
        want = subprocess.run(['ssh-keygen', '-lf', plain], capture_output=True, text=True).stdout.split()[1]
        if '-cert' in file.name: # the same key twice
            g.good('alice', 'person', 'add', person, '-p', 'hafenlicht')
            g.bad(2, 'alice', 'person', 'key', person, 'add', file, word='one person')
            continue
        g.good('alice', 'person', 'add', person, '-p', 'hafenlicht', '--key', file)
        have = json.loads(g.good('alice', 'person', 'show', person, '-f', 'json'))['keys']
        check(f'{file.name}: the fingerprint is ssh-keygen\'s', [k['fingerprint'] for k in have] == [want], (have, want))
        check(f'{file.name}: hardware or not', have[0]['hardware'] == file.name.startswith('sk-'), have)
    g.good('alice', 'person', 'key', 'ked25519', 'remove', json.loads(g.good('alice', 'person', 'show', 'ked25519', '-f', 'json'))['keys'][0]['fingerprint'])
    g.good('alice', 'person', 'key', 'jansen', 'add', corpus / 'ed25519-cert.pub') # free again; the certificate's own key
    dice = random.Random(1)
    blob = base64.b64decode((corpus / 'ed25519.pub').read_text().split()[1])
    odd = [blob[:-1], blob + b'x', b'', struct.pack('>I', 2 ** 32 - 1) + blob[4:], blob.replace(b'ssh-ed25519', b'ssh-ed25518')]
    odd += [bytes(b ^ (dice.randrange(256) if dice.random() < .1 else 0) for b in blob[:20]) + blob[20:-1] for _ in range(5)]
    for b in odd:
        g.bad(2, 'alice', 'person', 'key', 'jansen', 'add', 'ssh-ed25519 AAAA' + base64.b64encode(b).decode())
        g.bad(2, 'alice', 'person', 'key', 'jansen', 'add', '-', stdin='ssh-ed25519 ' + base64.b64encode(b).decode() + '\n')
    short = folder / 'short'
    subprocess.run(['ssh-keygen', '-q', '-t', 'rsa', '-b', '1024', '-N', '', '-f', short], check=False)
    if short.exists():
        g.bad(3, 'alice', 'person', 'key', 'jansen', 'add', f'{short}.pub', word='1024')
        g.bad(3, 'alice', 'person', 'key', 'jansen', 'add', short, word='private key')
    g.bad(3, 'alice', 'person', 'key', 'jansen', 'add', '/nonexistent')
    g.bad(2, 'alice', 'person', 'key', 'jansen', 'add', '/dev/null', word='no key')


def import_org(g):
    org = g.conf / 'org.yaml'
    org.write_text('organisation: {name: Test}\nproviders:\n  - id: nordnetz\n    name: Nordnetz\n    persons:\n      - {name: "K. Lund", accounts: [klund]}\n      - {name: "Ö. Öz", accounts: [oez]}\n')
    out = g.good('alice', 'provider', 'import')
    check('import adds', '3 providers and persons' in out, out)
    check('import again adds nothing', '0 providers and persons' in g.good('alice', 'provider', 'import'))
    check('its people are there', 'klund' in g.good('alice', 'person', 'list', '-p', 'nordnetz'))
    gid = request(g, '--shell', person='klund')
    for who in ('klund', 'oez'):
        g.bad(1, who, 'grant', 'approve', gid)
    org.write_text(org.read_text() + '      - {name: "S. Neu", accounts: [sneu]}\n') # not imported
    g.bad(1, 'sneu', 'grant', 'approve', gid, word='nordnetz')
    org.write_text('providers: [')
    g.bad(2, 'bob', 'grant', 'approve', gid, word='org.yaml')
    g.good('bob', 'grant', 'refuse', gid, '--reason', 'x') # what closes always goes
    org.unlink()


def broken(g):
    """A state that cannot be believed is not believed, and nothing is allowed."""
    ask = ('grant', 'explain', '--person', 'jansen', '--host', 'web1')
    check('before', g.run('alice', *ask)[0] == 0)
    os.chmod(g.db, 0o644)
    g.bad(3, 'alice', *ask, word='believed')
    os.chmod(g.db, 0o600)
    os.chown(f'{g.db}-wal', 12345, 0)
    g.bad(3, 'alice', *ask, word='believed')
    os.chown(f'{g.db}-wal', 0, 0)
    check('again', g.run('alice', *ask)[0] == 0)
    whole = g.db.read_bytes()
    for damage in (b'', whole[:1000], b'x' * len(whole), whole[:4096]):
        g.db.write_bytes(damage)
        status, out, err = g.run('alice', *ask)
        check(f'{len(damage)} bytes of a database allow nothing', status == 3 and not out and err, (status, out, err))
    g.db.write_bytes(whole)
    check('and again', g.run('alice', *ask)[0] == 0)
    (g.state / 'audit.log').rename(g.state / 'kept')
    (g.state / 'audit.log').symlink_to('/dev/null')
    before = g.run('alice', 'grant', 'list')[1]
    g.bad(3, 'alice', 'grant', 'request', '--person', 'jansen', '--host', 'web1', '--account', 'wartung', '--shell', '--purpose', 'x')
    check('what cannot be recorded does not happen', g.run('alice', 'grant', 'list')[1] == before)
    (g.state / 'audit.log').unlink()
    (g.state / 'kept').rename(g.state / 'audit.log')


def main():
    if os.geteuid() != 0 or not shutil.which('ssh-keygen') or login_user():
        print('gate_model: needs root without a login of its own, and ssh-keygen')
        sys.exit(77)
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', folder / 'key'], check=True)
        g = Gate(folder)
        story(g, folder / 'key.pub')
        limits(g)
        emergency(g)
        keys(g, folder)
        import_org(g)
        broken(g)
    print(f'{len(failures)} failures' if failures else 'the gate\'s model: as it should be')
    sys.exit(1 if failures else 0)


main()
