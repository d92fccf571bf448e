#!/usr/bin/env python3
"""Reachability: for every SigmaHQ rule of five log sources an event that satisfies it is made, written as raw text, and scanned.

usage: sigma_reach.py POSTERN [-v] [--only CLASS]

A rule counts when `postern scan` names it for the host whose log holds its event.
"""
import glob, json, os, shutil, subprocess, sys, tempfile

import corpora
import sigma_reach_solve as solve

try:
    import yaml
except ImportError:
    print('python3-yaml is not installed')
    sys.exit(77)

FOLDERS = ('rules', 'rules-emerging-threats', 'rules-threat-hunting')
TARGETS = {'process_creation': 144, 'auditd': 54, 'file_event': 17, 'webserver': 81, 'proxy': 54}
TRIES = 12  # events tried per rule: other branches of its condition
CALLS = {'execve': 59, 'execveat': 322, 'personality': 135, 'socket': 41, 'connect': 42, 'kill': 62, 'mknod': 133, 'mknodat': 259, 'ptrace': 101,
         'init_module': 175, 'finit_module': 313, 'delete_module': 176, 'ioctl': 16, 'mount': 165, 'umount2': 166, 'unshare': 272, 'setns': 308,
         'sethostname': 170, 'setdomainname': 171, 'chmod': 90, 'fchmodat': 268, 'clone': 56, 'open': 2, 'openat': 257, 'creat': 85, 'truncate': 76,
         'bpf': 321, 'splice': 275, 'perf_event_open': 298, 'memfd_create': 319, 'process_vm_readv': 310, 'settimeofday': 164, 'adjtimex': 159, 'clock_settime': 227,
         'swapon': 167, 'unlink': 87, 'rename': 82, 'prctl': 157, 'setuid': 105, 'io_uring_setup': 425, 'exit_group': 231}


def kind(rule):
    s = rule.get('logsource', {})
    if s.get('product') == 'linux' and s.get('category') in ('process_creation', 'file_event'):
        return s['category']
    if s.get('product') == 'linux' and s.get('service') == 'auditd':
        return 'auditd'
    return s.get('category') if s.get('category') in ('webserver', 'proxy') and 'product' not in s else None


def rules(base):
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(base, folder, '**', '*.yml'), recursive=True)):
            for rule in yaml.safe_load_all(open(path, encoding='utf-8')):
                if rule and kind(rule):
                    yield kind(rule), path, rule


# ---- audit ------------------------------------------------------------------------------------------------------

def audit_text(value):
    if all(33 <= ord(c) < 127 and c != '"' for c in value):
        return f'"{value}"'
    return value.encode().hex().upper()


class Audit:
    def __init__(self, n):
        self.sec, self.serial, self.lines, self.pid = 1772323200 + n * 60, 1000, [], 5000

    def record(self, kind, text):
        self.lines.append(f'type={kind} msg=audit({self.sec}.{self.serial % 1000:03d}:{self.serial}): {text}')

    def next(self):
        self.serial += 1
        self.sec += 1

    def call(self, number, exe, pid, ppid, uid=1000, key='(null)', ses='3', auid='1000', extra='', a='a0=7ffe a1=7ffd a2=0 a3=0', euid=None):
        comm = exe.rsplit('/', 1)[-1][:15] or 'x'
        key = key if key == '(null)' else audit_text(key)
        self.record('SYSCALL', f'arch=c000003e syscall={number} success=yes exit=0 {a} items=1 ppid={ppid} pid={pid} auid={auid} uid={uid} gid={uid} '
                    f'euid={uid if euid is None else euid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=pts0 ses={ses} comm={audit_text(comm)} exe={audit_text(exe)} key={key}{extra}')

    def execute(self, image, line, pid, ppid, uid=1000, cwd='/home/u', ses='3', auid='1000'):
        args = line.split(' ') if line else ['x']
        self.call(59, image, pid, ppid, uid=uid, key='exec', ses=ses, auid=auid)
        self.record('EXECVE', f'argc={len(args)} ' + ' '.join(f'a{i}={audit_text(a) if a else chr(34) * 2}' for i, a in enumerate(args)))
        self.record('CWD', f'cwd={audit_text(cwd)}')
        self.record('PATH', f'item=0 name={audit_text(image)} inode=1 dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL')
        self.record('PROCTITLE', 'proctitle=' + line.replace(' ', '\0').encode().hex().upper())
        self.next()


def process_creation(n, v):
    a = Audit(n)
    uid = {'root': 0, 'www-data': 33}.get(v.get('User') or '', 1000)
    parent, parent_line = v.get('ParentImage'), v.get('ParentCommandLine')
    image = v.get('Image', '/usr/bin/neutral')
    line = v.get('CommandLine', image or 'x')
    if parent or parent_line:
        a.execute(parent or '/usr/bin/neutral-parent', parent_line or parent, 4000, 1)
    unset = v.get('LogonId') == '0'
    a.execute(image or 'x', line or '', 5000, 4000, uid, v.get('CurrentDirectory') or '/home/u', '4294967295' if unset else v.get('LogonId', '3'),
              '4294967295' if unset else '1000')
    return a.lines


def file_event(n, v):
    a = Audit(n)
    a.call(257, v.get('Image') or '/usr/bin/neutral', 5000, 4000, key='file')
    a.record('CWD', 'cwd="/home/u"')
    a.record('PATH', f'item=0 name={audit_text(v.get("TargetFilename") or "/x")} inode=1 dev=08:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=CREATE')
    a.record('PROCTITLE', 'proctitle="x"')
    return a.lines


def auditd(n, v):
    a = Audit(n)
    kinds = (v.get('type') or ('SYSCALL' if v.get('SYSCALL') or v.get('exe') or v.get('key') else 'USER_CMD')).upper()
    words = ' '.join(v[solve.KEYWORD])
    if kinds == 'SYSCALL':
        args = ' '.join(f'a{i}={v.get(f"a{i}") or "7f"}' for i in range(4))
        a.call(CALLS.get(v.get('SYSCALL') or 'execve', 59), v.get('exe') or '/usr/bin/neutral', 5000, 4000, key=v.get('key') or '(null)', a=args, euid=v.get('euid'))
        if 'comm' in v:
            a.lines[-1] = a.lines[-1].replace(' comm=', f' comm={audit_text(v["comm"])} oldcomm=')
    elif kinds == 'EXECVE':
        last = max([int(k[1:]) for k in v if k[:1] == 'a' and k[1:].isdigit()] or [0])
        args = [v.get(f'a{i}') or 'neutral' for i in range(last + 1)]
        a.call(59, '/usr/bin/neutral', 5000, 4000)
        a.record('EXECVE', f'argc={len(args)} ' + ' '.join(f'a{i}={audit_text(x)}' for i, x in enumerate(args)))
    else:
        quoted = ('name', 'exe', 'comm', 'key')
        pairs = ' '.join(f'{k}={audit_text(x) if k in quoted else x}' for k, x in v.items() if k not in ('type', solve.KEYWORD) and x is not None)
        a.record(kinds, pairs or 'x=1')
    if words:
        a.lines[-1] += ' ' + words
    return a.lines


# ---- web --------------------------------------------------------------------------------------------------------

def target(text):
    return ''.join(c if 33 <= ord(c) < 127 and c not in '"\\' else ''.join(f'%{b:02X}' for b in c.encode()) for c in text)


def web_line(n, v, full):
    words = ' '.join(v[solve.KEYWORD])
    uri = v.get('cs-uri') or v.get('c-uri') or ''
    query, stem = v.get('cs-uri-query') or v.get('c-uri-query') or '', v.get('cs-uri-stem') or ''
    if not uri:
        if stem and query:
            uri = stem + ('' if query.startswith('?') else '?') + query
        else:
            uri = stem or (query if query.startswith('/') else '/x?' + query if query else '/x')
    if words:
        uri += ('&' if '?' in uri else '?') + 'k=' + words
    ext = v.get('c-uri-extension')
    if ext and not uri.endswith('.' + ext):
        uri += '/file.' + ext
    host = v.get('cs-host') or 'www.example.org'
    if full and '://' not in uri:
        uri = f'http://{host}' + (uri if uri.startswith('/') else '/' + uri)
    elif not uri.startswith('/') and '://' not in uri:
        uri = '/' + uri
    agent = v.get('cs-user-agent', v.get('c-useragent', 'neutral/1.0'))
    agent = '-' if agent in ('', None) else agent.replace('\\', '\\\\').replace('"', '\\"')
    referer = (v.get('cs-referer') or '-').replace('"', '\\"')
    return [f'192.0.2.9 - {v.get("cs-username") or "-"} [01/Mar/2026:{n // 60 % 24:02d}:{n % 60:02d}:00 +0000] '
            f'"{v.get("cs-method") or "GET"} {target(uri)} HTTP/1.1" {v.get("sc-status") or 200} 512 "{referer}" "{agent}"']


WEB = {'cs-uri-query', 'cs-uri-stem', 'cs-uri', 'c-uri', 'c-uri-query', 'c-uri-extension', 'cs-host', 'cs-user-agent', 'c-useragent', 'cs-referer', 'cs-username', 'cs-method', 'sc-status'}
CLASSES = {
    'process_creation': (process_creation, 'audit/audit.log', {'Image': '/usr/bin/neutral', 'CommandLine': 'neutral arg', 'User': 'u'}, None),
    'auditd': (auditd, 'audit/audit.log', {}, None),
    'file_event': (file_event, 'audit/audit.log', {'TargetFilename': '/home/u/x', 'Image': '/usr/bin/neutral'}, None),
    'webserver': (lambda n, v: web_line(n, v, False), 'nginx/access.log', {}, WEB),
    'proxy': (lambda n, v: web_line(n, v, True), 'squid/access.log', {}, WEB - {'cs-uri-stem'}),
}


def write(top, host, name, lines):
    path = os.path.join(top, host, 'var', 'log', name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write('\n'.join(lines) + '\n')


def reached(postern, base, top):
    options = [x for f in FOLDERS for x in ('--rules', os.path.join(base, f))]
    out = subprocess.run([postern, 'scan', '-q', '--format', 'json', *options, top], capture_output=True, text=True).stdout
    hit = set()
    for line in out.splitlines():
        f = json.loads(line)
        uid = f.get('finding_info', {}).get('analytic', {}).get('uid')
        for d in f.get('resources', []) + f.get('observables', []) + [f.get('device', {})]:
            hit.add((uid, d.get('name')))
            hit.add((uid, d.get('value')))
            hit.add((uid, d.get('hostname')))
    return hit


def main():
    postern, base, verbose = sys.argv[1], corpora.folder('sigma'), '-v' in sys.argv
    only = sys.argv[sys.argv.index('--only') + 1] if '--only' in sys.argv else None
    todo = {}
    for k, path, rule in rules(base):
        if only in (None, k):
            todo.setdefault(k, []).append((path, rule))
    ok = True
    for k, rows in todo.items():
        render, name, neutral, allowed = CLASSES[k]
        top = tempfile.mkdtemp(prefix='reach-')
        texts, made = {}, 0
        for i, (path, rule) in enumerate(rows):
            try:
                for j, v in enumerate(solve.values(rule, neutral, allowed)):
                    if j == TRIES:
                        break
                    texts[i, j] = render(i, v)
                    write(top, f'r{i}x{j}', name, texts[i, j])
            except Exception as e:  # the generator's limit, told as such
                print(f'{os.path.basename(path)}: no event could be made: {e!r}')
        hit = reached(postern, base, top)
        shutil.rmtree(top)
        for i, (path, rule) in enumerate(rows):
            if any((rule['id'], f'r{i}x{j}') in hit for j in range(TRIES)):
                made += 1
                continue
            print(f'{k}: not reached: {os.path.basename(path)}' + ('' if (i, 0) in texts else ' (needs what the log does not hold)'))
            if verbose and (i, 0) in texts:
                print('    ' + '\n    '.join(texts[i, 0]))
        print(f'{k}: {made} of {len(rows)} (target {TARGETS[k]})')
        ok &= made >= TARGETS[k]
    sys.exit(0 if ok else 1)


main()
