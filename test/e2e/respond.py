#!/usr/bin/env python3
"""Responses carried out on a machine of the test's own: a real sshd with real sessions, real nftables, a state file, kills.

usage: respond.py POSTERN

Runs itself again in namespaces of its own (mounts, processes, network), with a copy of /etc: nothing outside is touched, and every process ends
with it. Needs root, sshd and nft; exit 77 and the reason where one is missing.
"""
import json, os, random, re, shutil, signal, sqlite3, subprocess, sys, tempfile, time

POSTERN = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INSIDE = 'POSTERN_RESPOND_TEST'
SSHD, NFT = '/usr/sbin/sshd', '/usr/sbin/nft'
PORT, UID = 22229, 54321
ADDRESS, ADDRESS6, HERE, HERE6 = '203.0.113.77', '2001:db8:77::2', '203.0.113.1', '2001:db8:77::1'
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'respond: {what}: FAILED {str(told)[:800]}')


def skip(why):
    print(why)
    sys.exit(77)


def sh(*argv, **kw):
    return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **kw)


def wait_for(what, fn, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fn():
            return True
        reap()
        time.sleep(0.02)
    check(f'{what} came about within {seconds} s', False)
    return False


def reap():
    """The first process of its namespace has everybody's orphans."""
    children = {p.pid for p in started}
    for pid in pids():
        if pid in children:
            continue
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass


started = []


def start(*argv, **kw):
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **kw)
    started.append(p)
    return p


# ---- a machine of its own -----------------------------------------------------------------------------------------
def outside():
    if os.getuid():
        skip('responses act as root')
    for program in (SSHD, NFT, '/usr/sbin/ip', '/usr/bin/ssh', '/usr/bin/unshare'):
        if not os.path.exists(program):
            skip(f'{program} is not installed')
    unshare = ['unshare', '-m', '-n', '-p', '-f', '--mount-proc']
    if sh(*unshare, 'true').returncode:
        skip('this kernel or container allows no namespaces')
    if sh(*unshare, NFT, 'add table inet postern').returncode:
        skip('this kernel has no nf_tables')
    sys.exit(subprocess.run([*unshare, sys.executable, os.path.abspath(__file__), POSTERN], env={**os.environ, INSIDE: '1'}, check=False).returncode)


def must(*argv, **kw):
    p = sh(*argv, **kw)
    if p.returncode:
        sys.exit(f'{" ".join(argv)}: {p.stderr}')
    return p.stdout


def write(path, text, mode=0o644, owner=0):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    os.chmod(path, mode)
    os.chown(path, owner, owner)


def make_machine(t):
    must('mount', '--make-rprivate', '/')
    must('cp', '-a', '/etc', t + '/etc')
    must('mount', '--bind', t + '/etc', '/etc')
    for folder in ('/home', '/run'):
        must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder)
    os.mkdir('/run/sshd', 0o755)
    must('ip', 'link', 'set', 'lo', 'up')
    for name, line in (('passwd', f'carol:x:{UID}:{UID}::/home/carol:/bin/sh\n'), ('group', f'carol:x:{UID}:\n'), ('shadow', 'carol:*:19000:0:99999:7:::\n')):
        with open('/etc/' + name, 'a', encoding='utf-8') as f:
            f.write(line)
    for folder in ('/home/carol', '/home/carol/.ssh'):
        os.mkdir(folder, 0o700)
        os.chown(folder, UID, UID)
    write('/etc/pam.d/sshd', 'auth required pam_deny.so\naccount required pam_permit.so\nsession required pam_loginuid.so\nsession required pam_permit.so\n')
    for key in ('host', 'carol'):
        must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', f'{t}/{key}')
    shutil.copy(t + '/carol.pub', '/home/carol/.ssh/authorized_keys')
    os.chown('/home/carol/.ssh/authorized_keys', UID, UID)
    os.mkdir('/etc/ssh/more', 0o755)


def start_sshd(t, name, port, pam):
    write(f'{t}/{name}', f'Port {port}\nListenAddress 0.0.0.0\nListenAddress ::\nHostKey {t}/host\nPidFile /run/{name}.pid\nUsePAM {pam}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n'
          'AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/more/%u\nPerSourceMaxStartups none\nMaxStartups 100\n')
    os.chmod(t, 0o755)
    p = start(SSHD, '-D', '-e', '-f', f'{t}/{name}', stderr=open(f'{t}/{name}.log', 'w', encoding='utf-8'))
    wait_for('sshd', lambda: answers('127.0.0.1', port))
    return p


def answers(host, port, prefix=()):
    code = f"import socket,sys\ns=socket.create_connection(('{host}',{port}),timeout=0.7)\ns.settimeout(5)\nsys.exit(s.recv(4)!=b'SSH-')"
    return sh(*prefix, sys.executable, '-c', code).returncode == 0


def ssh_options(t, port):
    return ['ssh', '-F', '/dev/null', '-i', f'{t}/carol', '-p', str(port), '-o', 'StrictHostKeyChecking=no', '-o', f'UserKnownHostsFile={t}/known', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR',
            '-o', 'IdentitiesOnly=yes', 'carol@127.0.0.1']


def capabilities():
    with open(os.path.join(ROOT, 'src/respond/respond.h'), encoding='utf-8') as f:
        line = next(x for x in f if x.startswith('#define RESPOND_CAPABILITIES'))
    return [c.lower() for c in re.findall(r'"CAP_(\w+)"', line)]


# ---- the state file --------------------------------------------------------------------------------------------------
class State:
    def __init__(self, t):
        self.dir = tempfile.mkdtemp(dir=t)
        self.config = os.path.join(t, 'postern.yaml')
        self.db = os.path.join(self.dir, 'postern.db')
        open(self.db, 'wb').close()
        self.postern('run', '0000')  # makes the tables
        self.serial = 0

    def postern(self, *argv, env=None, **kw):
        # run and undo with no more of root's rights than src/respond/respond.h says they need
        bounded = ['setpriv', '--bounding-set=-all,' + ','.join('+' + c for c in capabilities())] if 'user' not in kw else []
        return sh(*bounded, POSTERN, 'response', '--state', self.dir, '--config', self.config, *argv, env={**os.environ, **(env or {})}, **kw)

    def sql(self, text, *values):
        db = sqlite3.connect(self.db, timeout=20)
        with db:
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    def plan(self, kind, target, lasting=3600, state=4):
        """A row as the engine plans it and the parent's dry run leaves it."""
        self.serial += 1
        name = f'{random.getrandbits(64):016x}'
        now = time.time_ns()
        self.sql("INSERT INTO action VALUES(?,'20261124-1',?,?,?,1,?,?,NULL,0,'',x'')", name, kind, target, state, now, now + int(lasting * 1e9))
        return name

    def show(self, name):
        p = self.postern('--format', 'json', 'show', name)
        return json.loads(p.stdout) if p.returncode == 0 else {'state': p.stderr}

    def run(self, name, want=0, verb='run', env=None):
        p = self.postern('--format', 'json', verb, name, env=env)
        told = json.loads(p.stdout) if p.stdout else {'state': '', 'result': p.stderr}
        check(f'{verb} {told.get("response")} {told.get("target")}: exit status {want}', p.returncode == want, (p.returncode, told))
        return told

    def audit(self):
        with open(os.path.join(self.dir, 'audit.log'), encoding='utf-8') as f:
            return [json.loads(line) for line in f]

    def verify(self):
        p = sh(POSTERN, 'log', 'verify', os.path.join(self.dir, 'audit.log'))
        check('the audit log is whole', p.returncode == 0, p.stdout + p.stderr)


# ---- processes ----------------------------------------------------------------------------------------------------------
def pids():
    return [int(p) for p in os.listdir('/proc') if p.isdigit()]


def read_proc(pid, name):
    try:
        with open(f'/proc/{pid}/{name}', encoding='utf-8', errors='replace') as f:
            return f.read()
    except OSError:
        return ''


def sleepers(seconds):
    """Processes that sleep for so many seconds."""
    return [p for p in pids() if read_proc(p, 'cmdline').split('\0')[:2] == ['sleep', str(seconds)] and ') Z ' not in read_proc(p, 'stat')]


def has_loginuid(pid):
    return read_proc(pid, 'loginuid') == str(UID)


def sessions(t, s):
    """Three ways to stay: in the foreground, deaf in the background, out of the process tree."""
    line = 'sleep 4001 & (trap "" TERM HUP; exec sleep 4001) & setsid sh -c "trap \\"\\" HUP TERM; sleep 4001 & exec sleep 4001" </dev/null >/dev/null 2>&1 & exec sleep 4001'
    client = start(*ssh_options(t, PORT), line, stderr=subprocess.DEVNULL)
    other = start(*ssh_options(t, PORT), '-N', stderr=subprocess.DEVNULL)  # a connection without any process
    if not wait_for('a session', lambda: len(sleepers(4001)) == 5):
        return
    wait_for('a second session', lambda: sum(has_loginuid(p) and 'sshd' in read_proc(p, 'cmdline') for p in pids()) == 4)
    ids = all(has_loginuid(p) for p in sleepers(4001))
    check('audit session ids are set', ids)
    name = s.plan('end-sessions', 'carol')
    told = s.run(name)
    check('sessions are ended', told['state'] == 'done' and told['result'].startswith('ended ') and '2 login sessions' in told['result'], told)
    check('every process of the sessions is gone', not sleepers(4001))
    wait_for('the end of both connections', lambda: client.poll() is not None and other.poll() is not None)
    check('no process of sshd is left of them', not [p for p in pids() if has_loginuid(p) and ') Z ' not in read_proc(p, 'stat')])
    with open(f'{t}/sshd_pam.log', encoding='utf-8') as f:
        check('sshd itself goes on', answers('127.0.0.1', PORT), f.read())
    check('the account may log in again', sh(*ssh_options(t, PORT), 'true').returncode == 0)
    check('a second time there is nothing to do', 'has no sessions' in s.run(s.plan('end-sessions', 'carol'))['result'])
    told = s.run(name, verb='undo')
    check('undoing is noted', told['state'] == 'undone', told)


def sessions_without_pam(t, s):
    if read_proc('self', 'loginuid') != '4294967295':
        print('respond: this test runs in a login session, so that everything has audit session ids: a session without is not tried')
        return
    client = start(*ssh_options(t, PORT + 1), '(trap "" TERM HUP; exec sleep 4002) & exec sleep 4002', stderr=subprocess.DEVNULL)
    if not wait_for('a session without PAM', lambda: len(sleepers(4002)) == 2):
        return
    check('it has no audit session id', not any(has_loginuid(p) for p in sleepers(4002)))
    told = s.run(s.plan('end-sessions', 'carol'))
    check('sessions are ended by their owner', told['state'] == 'done' and not sleepers(4002), told)
    wait_for('the end of the connection', lambda: client.poll() is not None)
    check('the other sshd goes on', answers('127.0.0.1', PORT + 1))


def keys(t, s):
    path = '/home/carol/.ssh/authorized_keys'
    before = os.stat(path)
    write('/etc/ssh/more/carol', open(path, encoding='utf-8').read())
    check('a key opens', sh(*ssh_options(t, PORT), 'true').returncode == 0)
    name = s.plan('disable-keys', 'carol')
    told = s.run(name)
    check('keys are taken away', told['state'] == 'done' and path in told['result'] and '/etc/ssh/more/carol' in told['result'], told)
    check('a key does not open any more', sh(*ssh_options(t, PORT), 'true').returncode == 255)
    check('no file is lost', sorted(os.listdir('/home/carol/.ssh')) == [f'authorized_keys.postern-{name}'], os.listdir('/home/carol/.ssh'))
    told = s.run(name, verb='undo')
    after = os.stat(path)
    check('keys are given back', told['state'] == 'undone' and told['result'].startswith('2 files'), told)
    check('file, mode and owner are the same', (before.st_ino, before.st_mode, before.st_uid) == (after.st_ino, after.st_mode, after.st_uid))
    check('a key opens again', sh(*ssh_options(t, PORT), 'true').returncode == 0)
    check('undone twice is refused', s.postern('undo', name).returncode == 1)


# ---- addresses -------------------------------------------------------------------------------------------------------------
def elements():
    found = {}
    for family in ('blocked4', 'blocked6'):
        p = sh(NFT, '-j', 'list', 'set', 'inet', 'postern', family)
        for x in json.loads(p.stdout)['nftables'] if p.returncode == 0 else []:
            for e in x.get('set', {}).get('elem', []):
                found[e['elem']['val']] = e['elem']
    return found


def make_neighbour():
    """Another machine at the other end of a cable."""
    other = start('unshare', '-n', 'sleep', '4003')
    wait_for('a neighbour', lambda: os.readlink(f'/proc/{other.pid}/ns/net') != os.readlink('/proc/self/ns/net'))
    inside = ['nsenter', '-t', str(other.pid), '-n']
    must('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1', 'netns', str(other.pid))
    for prefix, dev, v4, v6 in (([], 'v0', HERE, HERE6), (inside, 'v1', ADDRESS, ADDRESS6)):
        must(*prefix, 'ip', 'addr', 'add', v4 + '/24', 'dev', dev)
        must(*prefix, 'ip', 'addr', 'add', v6 + '/64', 'dev', dev, 'nodad')
        must(*prefix, 'ip', 'link', 'set', dev, 'up')
    return inside


def addresses(s):
    inside = make_neighbour()
    must(NFT, 'add table inet others; add chain inet others input { type filter hook input priority 0; }; add rule inet others input counter')
    ours = sh(NFT, 'list', 'table', 'inet', 'others').stdout.count('counter')
    for target, host in ((ADDRESS, HERE), (ADDRESS6, HERE6)):
        wait_for(f'{target} reaches us', lambda: answers(host, PORT, inside))
        name = s.plan('block-address', target, lasting=7200)
        told = s.run(name)
        check(f'{target} is blocked', told['state'] == 'done' and 'blocked until' in told['result'], told)
        check(f'{target} does not reach us', not answers(host, PORT, inside))
        check('the element has its time', 7000 < elements().get(target, {}).get('expires', 0) <= 7200, elements())
        check('it is told when it ends', abs(s.sql('SELECT until FROM action WHERE id=?', name)[0][0] - time.time_ns() - 7200e9) < 120e9)
        check('done is done', s.postern('run', name).returncode == 1)
        s.sql("UPDATE action SET state=1, until=created+3600*1000000000 WHERE id=?", name)  # begun when it was killed
        check('again', s.run(name)['state'] == 'done')
        check('an element once, with the new time', 3400 < elements().get(target, {}).get('expires', 0) <= 3600, elements())
        told = s.run(name, verb='undo')
        check(f'{target} reaches us again', told['state'] == 'undone' and target not in elements() and answers(host, PORT, inside), told)
    rules = sh(NFT, 'list', 'chain', 'inet', 'postern', 'input').stdout
    check('rules are there once', rules.count('@blocked4') == 1 and 'priority raw' in rules, rules)
    check("others' tables stay", sh(NFT, 'list', 'table', 'inet', 'others').stdout.count('counter') == ours)
    name = s.plan('block-address', ADDRESS, lasting=1)
    s.run(name)
    wait_for('the block ends by itself', lambda: ADDRESS not in elements() and answers(HERE, PORT, inside))
    check('undoing what ended is fine', s.run(name, verb='undo')['state'] == 'undone')


def refused_addresses(s):
    for target, word, env in ((HERE, 'this machine', None), (HERE6, 'this machine', None), ('127.0.0.7', 'this machine itself', None), ('198.51.100.9', 'never touched', None),
                              ('10.1.1.1', "organisation's own", None), ('203.0.113.50', 'administrator', {'SSH_CONNECTION': '203.0.113.50 5555 203.0.113.1 22'})):
        told = s.run(s.plan('block-address', target), want=1, env=env)
        check(f'{target} is refused', told['state'] == 'refused' and word in told['result'], told)
        check(f'{target} is not blocked', target not in elements())
    # an administrator's session elsewhere on this machine: an account that is listed
    admin = start('setpriv', '--reuid', '54322', '--clear-groups', 'env', 'SSH_CONNECTION=203.0.113.51 1 203.0.113.1 22', 'sleep', '4004')
    wait_for('an administrator', lambda: sleepers(4004))
    told = s.run(s.plan('block-address', '203.0.113.51'), want=1)
    check('where a listed account is logged in from is refused', told['state'] == 'refused' and 'administrator' in told['result'], told)
    admin.kill()
    admin.wait()


# ---- the command -------------------------------------------------------------------------------------------------------------
def command(s):
    evil = s.plan('block-address', 'x\x1b[2Jy\nz')
    p = s.postern('list')
    check('list tells', p.returncode == 0 and evil in p.stdout and '\x1b' not in p.stdout, p.stderr)
    rows = [json.loads(line) for line in s.postern('--format', 'json', 'list').stdout.splitlines()]
    check('list as JSON', rows and all(set(r) == {'id', 'incident', 'response', 'target', 'state', 'dry_run', 'attempts', 'created', 'until', 'done', 'result'} for r in rows), rows[:1])
    check('list of another incident', s.postern('list', '--incident', 'other').stdout == 'No responses.\n')
    name = s.plan('disable-keys', 'carol')
    check('show tells how', f'postern response run {name}' in s.postern('show', name[:10]).stdout)
    check('nothing to undo', s.postern('undo', name).returncode == 1)
    for argv in (['run', 'ffffffffffff'], ['run', name[:3]], ['run'], ['fly'], []):
        check(f'usage: {argv}', s.postern(*argv).returncode == 2)
    os.chmod(os.path.dirname(s.dir), 0o755)
    p = s.postern('run', name, user=UID)
    check('only root runs', p.returncode == 2 and 'only root' in p.stderr, p.stderr)
    for kind, target, word in (('end-sessions', 'root', 'never touched'), ('disable-keys', 'admin', 'never touched'), ('suspend-provider', 'acme', 'gate is not set up'),
                               ('revoke-grant', 'G-1', 'gate is not set up'), ('format-disk', '/', 'no such response')):
        told = s.run(s.plan(kind, target), want=1)
        check(f'{kind} {target} is refused', told['state'] == 'refused' and word in told['result'], told)
    write(s.config + '.bad', 'respond:\n  rules: [{do: explode}]\n')
    p = sh(POSTERN, 'response', '--state', s.dir, '--config', s.config + '.bad', 'run', name)
    check('a wrong configuration is told with its place', p.returncode == 2 and '.bad:2:' in p.stderr and s.show(name)['state'] == 'dry-run', p.stderr)


def gate(s):
    """With a gate set up: suspended and resumed through it, by people who may, and in the audit log."""
    def model(who, *argv):
        p = sh(POSTERN, *argv, '--state', s.dir, env={**os.environ, 'SUDO_USER': who, 'POSTERN_CONFIG': '/nonexistent'})
        check(f'{argv}', p.returncode == 0, p.stderr)
        return p.stdout
    model('alice', 'provider', 'add', 'acme')
    model('alice', 'person', 'add', 'jansen', '--provider', 'acme')
    gid = json.loads(model('alice', 'grant', 'request', '--person', 'jansen', '--host', 'web1', '--account', 'wartung', '--shell', '--purpose', 'x', '--format', 'json'))['id']
    model('bob', 'grant', 'approve', gid)
    def allowed():
        return sh(POSTERN, 'grant', 'explain', '--person', 'jansen', '--host', 'web1', '--state', s.dir).returncode == 0
    check('open', allowed())
    suspended, revoked = s.plan('suspend-provider', 'acme'), s.plan('revoke-grant', gid)
    for name in (suspended, revoked):
        told = s.run(name)
        check('done through the gate', told['state'] == 'done' and not allowed(), told)
        told = s.run(name, want=1, verb='undo', env={'SUDO_USER': 'jansen'})
        check('not taken back by the provider', not allowed() and 'cannot' in told['result'], told)
        told = s.run(name, verb='undo', env={'SUDO_USER': 'bob'})
        check('taken back', told['state'] == 'undone' and allowed(), told)
    told = s.run(s.plan('suspend-provider', 'nobody'), want=1)
    check('no such provider', told['state'] in ('failed', 'refused'), told)
    words = {(r['actor'], r['action']) for r in s.audit()}
    check('the gate wrote it down', {('bob', 'provider-resumed'), ('bob', 'grant-restored')} <= words and any(a == 'provider-suspended' for _, a in words), words)


def kills(s):
    """kill -9 at any moment of run and undo: the row says begun, or the end; done again, it is right."""
    begun = 0
    for i in range(40):
        name = s.plan('block-address', ADDRESS)
        p = subprocess.Popen([POSTERN, 'response', '--state', s.dir, '--config', s.config, 'run', name], stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.06))
        p.send_signal(signal.SIGKILL)
        p.wait()
        state = s.show(name)['state']
        check('after a kill', state in ('dry-run', 'begun', 'done'), state)
        begun += state == 'begun'
        if state != 'done':
            check('done again', s.run(name)['state'] == 'done')
        check('it is blocked', ADDRESS in elements())
        p = subprocess.Popen([POSTERN, 'response', '--state', s.dir, '--config', s.config, 'undo', name], stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.06))
        p.send_signal(signal.SIGKILL)
        p.wait()
        if s.show(name)['state'] != 'undone':
            check('undone again', s.run(name, verb='undo')['state'] == 'undone')
        check('it is not blocked', ADDRESS not in elements())
    print(f'respond: 40 runs and 40 undoings killed, {begun} of the runs between begun and done')


def audit(s):
    s.verify()
    records = s.audit()
    kinds = {(r['action'], r['outcome']) for r in records}
    for want in (('run-end-sessions', 'begun'), ('run-end-sessions', 'success'), ('run-disable-keys', 'success'), ('undo-disable-keys', 'success'), ('run-block-address', 'success'),
                 ('undo-block-address', 'success'), ('run-block-address', 'refused'), ('run-suspend-provider', 'refused'), ('run-unknown', 'refused')):
        check(f'{want} is in the audit log', want in kinds, kinds)
    deeds = [r for r in records if r['action'].startswith(('run-', 'undo-'))] # the others are the gate's
    check('who decided is in the audit log', deeds and all(r['actor'] == 'root by postern response' for r in deeds), {r['actor'] for r in deeds})
    done = {r['detail'].split('response ')[1][:16] for r in records if r['outcome'] == 'success' and r['action'].startswith('run-')}
    check('every row that is done has its record', {r[0] for r in s.sql("SELECT id FROM action WHERE state=3")} <= done)


def inside():
    with tempfile.TemporaryDirectory() as t:
        make_machine(t)
        with open('/etc/passwd', 'a', encoding='utf-8') as f:
            f.write('admin:x:54322:54322::/home/admin:/bin/sh\n')
        write(t + '/org.yaml', 'providers:\n  - {id: acme, name: Acme}\n')
        write(t + '/postern.yaml', f'org: {t}/org.yaml\nrespond:\n  sshd_config: {t}/sshd_pam\n  never_touch: {{accounts: [admin], networks: [198.51.100.0/24]}}\n')
        start_sshd(t, 'sshd_pam', PORT, 'yes')
        start_sshd(t, 'sshd_plain', PORT + 1, 'no')
        s = State(t)
        for part in (sessions_without_pam, sessions, keys):
            part(t, s)
        for part in (addresses, refused_addresses, command, gate, kills, audit):
            part(s)
        for p in started:
            if p.poll() is None:
                p.kill()
                p.wait()
    print(f'respond: {len(failures)} failures' if failures else 'respond: every response was carried out, refused and taken back as it should be')
    sys.exit(1 if failures else 0)


inside() if os.environ.get(INSIDE) else outside()
