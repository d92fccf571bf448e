#!/usr/bin/env python3
"""postern privilege report against what was really done: hosts with real sshd and sudo (test/privilege/hosts.py), logins and commands, their own log lines.

usage: privilege_used.py POSTERN [-v]

What is called used must have been done, as often; everything else must be called unused. Needs root, namespaces, sshd and sudo; else it is skipped (77).
"""
import datetime, json, os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'privilege'))
import hosts
from hosts import BASE, OUTSIDE, Host, Keys, Net, fingerprint, must, sh

POSTERN = os.path.abspath(sys.argv[1])
failed = []


def check(ok, text):
    if not ok or '-v' in sys.argv:
        print('ok  ' if ok else 'FAIL', text)
    if not ok:
        failed.append(text)


def build(keys):
    for name in ['alice1', 'alice2', 'bob', 'ca', 'signed', 'deploy']:
        keys.make(name)
    keys.sign('ca', 'signed', 'carol-cert', '-n', 'carol', '-z', '42')
    net = Net()
    outside = net.add(Host(net, 'outside', 9, keys))
    outside.address = OUTSIDE
    web, db = net.add(Host(net, 'web1', 11, keys)), net.add(Host(net, 'db1', 12, keys))
    for h in (web, db):
        for name in ['alice', 'bob', 'carol', 'deploy']:
            h.account(name)
        h.authorize('alice', 'alice1')
        h.authorize('alice', 'alice2')
        h.authorize('bob', 'bob')
        h.authorize('deploy', 'alice1')
        h.authorize('deploy', 'deploy')
        h.authorize('carol', 'ca', 'cert-authority')
        h.group('ops').append('alice')
        h.sudoers += ('%ops ALL=(ALL) NOPASSWD: ALL\n'                                      # 4
                      'alice ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/printf *\n'         # 5
                      'deploy ALL=(bob) NOPASSWD: /bin/true\n'                              # 6
                      'deploy ALL=(root) NOPASSWD: /usr/bin/true, !/usr/bin/true now\n'     # 7
                      'bob ALL=(root) NOPASSWD: /usr/bin/echo *\n')                         # 8
    return net, web, db


def start(net):
    for h in net.hosts.values():
        h.write()
    for h in net.hosts.values():
        h.start(sshd=h.name != 'outside')
    for h in net.hosts.values():
        h.started()
    for h in net.servers():
        for _ in range(200):
            if sh('nsenter', '-t', str(net.hosts['outside'].pid), '-n', 'bash', '-c', f'exec 3<>/dev/tcp/{h.address}/22').returncode == 0:
                break
            time.sleep(.05)
        else:
            sys.exit(f'no sshd answers on {h.name}')


def login(net, keys, h, account, key, command='true'):
    more = ['-o', f'CertificateFile={keys.path(key)}-cert.pub'] if key.endswith('-cert') else []
    p = sh('nsenter', '-t', str(net.hosts['outside'].pid), '-n', '/usr/bin/ssh', '-F', 'none', '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
           '-o', 'LogLevel=ERROR', '-i', keys.path(key), *more, '-l', account, h.address, command)
    check(p.returncode == 0, f'login {account}@{h.name} by {key}: {p.stderr}')


def work(net, keys, web, db):
    """What is done; returns what each right must be told to have been used."""
    for _ in range(3):
        login(net, keys, web, 'alice', 'alice1')
    login(net, keys, web, 'deploy', 'alice1')
    login(net, keys, web, 'carol', 'carol-cert')
    login(net, keys, db, 'bob', 'bob')
    p = sh('nsenter', '-t', str(net.hosts['outside'].pid), '-n', '/usr/bin/ssh', '-F', 'none', '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
           '-i', keys.path('bob'), '-l', 'alice', web.address, 'true')
    check(p.returncode != 0, 'bob is not alice')

    def sudo(h, who, *argv, ok=True):
        p = h.run(who, 'sudo', '-n', *argv)
        check((p.returncode == 0) == ok, f'{who}@{h.name}: sudo {argv}: {p.stdout}{p.stderr}')
    sudo(web, 'alice', '/usr/bin/id')
    sudo(web, 'alice', 'id', '-u')                        # rule 5 lets through any arguments
    sudo(web, 'alice', 'printf', '%s', 'a b; c=d\te')
    sudo(web, 'alice', '-u', 'carol', 'id')               # rule 5 is for root: rule 4
    sudo(web, 'alice', '-l')
    sudo(web, 'deploy', '-u', 'bob', 'true')              # /bin/true and /usr/bin/true are one
    sudo(web, 'deploy', 'true', 'now', ok=False)
    sudo(web, 'bob', 'echo', 'x' * 3000)                  # sudo makes several lines of it
    sudo(db, 'alice', 'true')
    return {('web1', 'key', 'alice', 'alice1'): 3, ('web1', 'key', 'deploy', 'alice1'): 1, ('web1', 'certificate', 'carol', 'ca'): 1, ('db1', 'key', 'bob', 'bob'): 1,
            ('web1', 'sudo', 4): 1, ('web1', 'sudo', 5): 3, ('web1', 'sudo', 6): 1, ('web1', 'sudo', 8): 1, ('db1', 'sudo', 4): 1}


def before(h, logs):
    """The log's days before: hours on which somebody failed, so that what is not seen since was not done."""
    path = os.path.join(logs, h.name, 'var', 'log')
    os.makedirs(path)
    now = int(time.time())
    with open(os.path.join(path, 'auth.log'), 'w', encoding='utf-8') as f:
        for t in range(now - 4 * 86400, now - 60, 3600):
            at = datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S+00:00')
            f.write(f'{at} {h.name} sshd[9]: Invalid user x from 192.0.2.1 port 4022\n{at} {h.name} sudo:   x : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh\n')
        with open(f'{BASE}/log/{h.name}', encoding='utf-8') as g:
            f.write(g.read())


def main():
    hosts.enter()
    keys = Keys()
    net, web, db = build(keys)
    start(net)
    want = work(net, keys, web, db)
    time.sleep(.5)
    logs, snaps = f'{BASE}/logs', f'{BASE}/snaps'
    os.mkdir(snaps)
    for h in (web, db):
        before(h, logs)
        must(POSTERN, 'privilege', 'collect', '--root', h.root, '--output', f'{snaps}/{h.name}.json')
    doc = json.loads(must(POSTERN, 'privilege', 'report', '--snapshot', snaps, '--logs', logs, '--days', '3', '--state', f'{BASE}/none', '--format', 'json'))
    prints = {fingerprint(keys.public(k)): k for k in keys.names}
    seen = 0
    for r in doc['rights']:
        if r['kind'] in ('key', 'certificate'):
            name = (r['host'], r['kind'], r['account'], prints.get(r['holder'], r['holder']))
        elif r['kind'] == 'sudo':
            name = (r['host'], 'sudo', r['line'])
        else:
            continue
        times = want.pop(name, 0)
        seen += 1
        check(r['use'] == ('used' if times else 'unused') and r['count'] == times, f"{name}: {r['use']} {r['count']} {r.get('why')}, done {times} times; {r.get('evidence')}")
    check(not want, f'rights that are not there: {want}')
    check(seen >= 20, f'{seen} rights')
    if failed:
        print("".join(l[:160] + "..." + l[-60:] for l in open(f"{logs}/web1/var/log/auth.log") if "sudo" in l and "NOT in" not in l and "pam_" not in l))
    print(f"{len(failed)} failed")
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
