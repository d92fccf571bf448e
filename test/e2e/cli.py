#!/usr/bin/env python3
"""The command line as users meet it: help, exit statuses, messages, formats.

usage: cli.py POSTERN
"""
import html.parser, json, os, pty, re, select, subprocess, sys, tempfile

POSTERN = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, 'samples', 'practice-incident')
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'cli: {what}: FAILED {str(told)[:500]}')


def run(*argv, env=None, cwd=None):
    p = subprocess.run([POSTERN, *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, cwd=cwd)
    return p.returncode, p.stdout, p.stderr


def help_and_usage():
    for argv in ([], ['scan'], ['decode'], ['rules']):
        status, out, err = run(*argv, '--help')
        check(f'help of {argv}', status == 0 and out.startswith('Usage: postern') and not err, (status, err))
        check(f'help of {argv} fits', all(len(line) <= 120 for line in out.split('\n')))
        check(f'-h of {argv}', run(*argv, '-h')[1] == out)
    status, out, _ = run('--version')
    check('--version', status == 0 and re.fullmatch(r'postern \d+\.\d+\.\d+\n', out, re.I), out)
    for argv, word in ((['scna', 'x'], 'scna'), (['scan', '--formt', 'json', 'x'], '--formt'), (['scan', '--format', 'xml', 'x'], 'text'), (['scan', '--min-level', 'dire', 'x'], 'medium'),
                       (['scan'], 'nothing to read'), (['scan', '-j', '0', 'x'], '1 to 64'), (['scan', '--learning', '-1', 'x'], '-1'), (['scan', '--tz', 'Mars/Olympus', 'x'], 'Mars/Olympus'),
                       (['scan', '-d', 'postern.nothing', 'x'], 'rules list'), (['scan', '--org', '/nonexistent/org.yaml', 'x'], '/nonexistent/org.yaml'), (['rules'], 'list'),
                       (['rules', 'fly'], 'fly'), (['scan', '--format'], '--format')):
        status, out, err = run(*argv)
        check(f'{argv}: usage error that names {word}', status == 2 and word in err and not out, (status, err))
    status, _, err = run('scan', '/nonexistent/log')
    check('input that is not there', status == 3 and '/nonexistent/log' in err and 'No such file' in err, (status, err))


def org_errors():
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'org.yaml')
        for text, place, word in (('hosts:\n  - name: web1\n    adresses: [10.0.0.1]\n', ':3:5', 'addresses'), ('hosts: [\n', ':', ''), ('organisation:\n  networks: [10.0.0.0/99]\n', ':2:', '10.0.0.0/99'),
                                  ('providers:\n  - id: a\n    name: A\n    hours: "Mon-Fri 25:00-26:00"\n', ':4:', 'time of the week')):
            with open(path, 'w') as f:
                f.write(text)
            status, _, err = run('scan', '--org', path, SAMPLE)
            check(f'org.yaml error at {place} names {word}', status == 2 and path + place in err and word in err, (status, err))


def levels():
    status, out, _ = run('scan', '-q', '--fail-on', 'high', SAMPLE)
    check('--fail-on high holds', status == 1 and 'CRITICAL' in out, status)
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, 'auth.log'), 'w') as f:
            f.write('2026-05-04T02:00:00+00:00 web1 sshd[1]: Connection closed by 203.0.113.9 port 1\n')
        check('--fail-on high does not hold', run('scan', '-q', '--fail-on', 'high', d)[0] == 0)
        check('nothing found says so', 'No incidents' in run('scan', d)[1])
    low, high = run('scan', '-q', SAMPLE)[1], run('scan', '-q', '-l', 'high', SAMPLE)[1]
    check('--min-level leaves the low ones out', 'Packet capture on bastion1' in low and 'Packet capture on bastion1' not in high)
    without = run('scan', '-q', '--format', 'json', '-d', 'postern.tunnel', SAMPLE)[1]
    check('--disable', '"postern.tunnel"' not in without and '"postern.tool-ingress"' in without)


def ocsf():
    status, out, _ = run('scan', '-q', '--format', 'json', SAMPLE)
    records = [json.loads(line) for line in out.split('\n') if line]
    check('JSON: exit status', status == 0)
    for r in records[:-1]:
        kind = r['class_uid']
        check('JSON: class', kind in (2004, 2005), kind)
        for key in ('activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'):
            check(f'JSON: {kind} has {key}', key in r)
        check('JSON: type_uid', r['type_uid'] == kind * 100 + r['activity_id'], r['type_uid'])
        check('JSON: category', r['category_uid'] == 2)
        check('JSON: version', r['metadata']['version'] == '1.3.0' and r['metadata']['product']['name'] == 'Postern', r['metadata'])
        if kind == 2004:
            info = r['finding_info']
            check('JSON: finding_info', info['uid'] and info['title'] and re.match(r'postern\.|[0-9a-f]{8}-[0-9a-f-]{27}$', info['analytic']['uid']))
            check('JSON: every technique has a name', all(a['technique'].get('name', 'left out') for a in info.get('attacks', [])), info.get('attacks'))
            for e in r['evidences']:
                check('JSON: evidence has file, offset and line', 'path' in json.dumps(e) and 'offset' in json.dumps(e), e)
    check('JSON: one incident first, the ledger last', records[0]['class_uid'] == 2005 and 'class_uid' not in records[-1] and records[-1].get('type') == 'ledger', list(records[-1])[:5])
    one, two = (re.sub(r'"created_time":\d+', '', run('scan', '-q', '--format', 'json', j, SAMPLE)[1]).split('\n')[:-2] for j in ('-j1', '-j2'))
    check('JSON: the same with any number of threads', one == two)


class Page(html.parser.HTMLParser):
    void = {'meta', 'br', 'hr', 'img', 'link', 'input'}

    def __init__(self):
        super().__init__()
        self.open, self.bad = [], []

    def handle_starttag(self, tag, attrs):
        if tag in ('script', 'iframe', 'object', 'embed', 'link', 'img'):
            self.bad.append(tag)
        for name, value in attrs:
            if name in ('src', 'href', 'action', 'srcset') and not (value or '').startswith('#'):
                self.bad.append(f'{tag} {name}={value}')
            if name.startswith('on'):
                self.bad.append(f'{tag} {name}')
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(f'</{tag}> out of place')


def page():
    with tempfile.TemporaryDirectory() as d:
        hostile = '</pre></script><script>alert(1)</script>"><img src=x onerror=alert(1)>'
        with open(os.path.join(d, 'auth.log'), 'w') as f:
            for i in range(30):
                f.write(f'2026-05-04T02:00:{i:02d}+00:00 web1 sshd[{i}]: Failed password for invalid user {hostile} from 203.0.113.9 port 4000 ssh2\n')
            f.write(f'2026-05-04T02:01:00+00:00 web1 sshd[40]: Accepted password for {hostile} from 203.0.113.9 port 4000 ssh2\n')
        for what, path in (('hostile text', d), ('the practice incident', SAMPLE)):
            out = run('scan', '-q', '--format', 'html', path)[1]
            p = Page()
            p.feed(out)
            check(f'HTML of {what}: nothing foreign, tags balance', not p.bad and not p.open, (p.bad[:5], p.open))
            check(f'HTML of {what}: styles load nothing', 'url(' not in out.replace('url(#', '') and '@import' not in out)
            check(f'HTML of {what}: its policy forbids all else', "default-src 'none'" in out)


def on_terminal(*argv):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM='xterm', COLUMNS='100')
        os.environ.pop('NO_COLOR', None)
        os.execv(POSTERN, [POSTERN, *argv])
    out = b''
    while select.select([fd], [], [], 20)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        out += data
    os.waitpid(pid, 0)
    os.close(fd)
    return out


def terminal():
    try:
        os.close(os.openpty()[0])
    except OSError as e:
        print(f'cli: no terminals here ({e}): colour on one is not checked')
    else:
        check('colour on a terminal', b'\x1b[' in on_terminal('scan', SAMPLE))
        check('no colour when told so', b'\x1b[3' not in on_terminal('scan', '-q', '--color', 'never', SAMPLE))
    check('no colour into a pipe', '\x1b' not in run('scan', SAMPLE)[1])
    check('colour into a pipe when told so', '\x1b[' in run('scan', '--color', 'always', SAMPLE)[1])
    out = run('scan', SAMPLE, env={'COLUMNS': '80'})[1]
    long = [line for line in out.split('\n') if len(line) > 80 and 'Stages' not in line]
    check('lines fit 80 columns', not long, long[:3])


def decode_and_rules():
    status, out, _ = run('decode', os.path.join(SAMPLE, 'web1'))
    first = json.loads(out.split('\n', 1)[0])
    for key in ('@timestamp', 'event', 'log', 'host'):
        check(f'decode: {key}', key in first, first)
    check('decode: original, dataset, path, offset', first['event']['original'] and first['event']['dataset'] and first['log']['file']['path'] and 'offset' in first['log'])
    known = run('decode', '-k', os.path.join(SAMPLE, 'web1'))[1]
    check('decode -k: every event has an action', all('"action":' in line for line in known.split('\n') if line))
    check('decode -s: a line per file', 'auth.log' in run('decode', '-s', os.path.join(SAMPLE, 'web1'))[1])
    status, out, _ = run('rules', 'list', '--format', 'json')
    rules = [json.loads(line) for line in out.split('\n') if line]
    if len(rules) == 1 and isinstance(rules[0], list):
        rules = rules[0]
    check('rules list: every detector tells what it looks for and what sets it off without harm', len(rules) > 15 and all(r['id'] and r['description'] and r['falsepositives'] for r in rules), len(rules))
    check('rules list: text', all(r['id'] in run('rules', 'list')[1] for r in rules))


def main():
    for part in (help_and_usage, org_errors, levels, ocsf, page, terminal, decode_and_rules):
        part()
    print(f'cli: {len(failures)} failures')
    return 1 if failures else 0


sys.exit(main())
