#!/usr/bin/env python3
"""Rules and events made to hurt: bounded time and memory, a message with a place, and the rest goes on."""
import json, os, resource, subprocess, sys, tempfile, time

POSTERN = os.path.abspath(sys.argv[1])
failed = 0
HEAD = 'title: t\nid: 7a0c8f1e-3f63-4a52-9a0e-0a6f0c6b1d1%d\nlevel: low\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n'
GOOD = HEAD % 9 + "    s:\n        Image|endswith: '\\cmd.exe'\n    condition: s\n"
EVENT = '{"@timestamp":"2026-05-04T07:12:33Z","Hostname":"h","EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","SourceName":"Microsoft-Windows-Sysmon","Image":"C:\\\\cmd.exe"%s}'


def run(*argv, limit=20, memory=1500):
    def bound():
        resource.setrlimit(resource.RLIMIT_AS, (memory << 20, memory << 20))
    start = time.monotonic()
    p = subprocess.run([POSTERN, *argv], capture_output=True, text=True, errors='replace', timeout=limit, preexec_fn=bound)
    return p.returncode, p.stdout, p.stderr, time.monotonic() - start


def check(what, ok, shown=''):
    global failed
    if not ok:
        failed += 1
        print(f'sigma_hostile: {what}: FAILED {str(shown)[:400]}')


def rules(d):
    deep = 'a: ' + '[' * 5000 + ']' * 5000 + '\n'
    bomb = 'a: &a [x,x,x,x,x,x,x,x,x,x]\n' + ''.join(f'{chr(98 + i)}: &{chr(98 + i)} [' + ','.join('*' + chr(97 + i) for _ in range(10)) + ']\n' for i in range(8))
    cases = {
        'wildcards': (HEAD % 1 + "    s:\n        f: '" + '*a' * 500000 + "'\n    condition: s\n", 'too many'),
        'stars': (HEAD % 1 + "    s:\n        f: '" + '*a' * 400 + "'\n    condition: s\n", 'wildcards'),
        'deep': (deep, 'nested'),
        'bomb': (bomb, 'too many'),
        'big': ('# ' + 'x' * (10 << 20) + '\n', 'larger than'),
        'condition': (HEAD % 1 + '    s:\n        f: x\n    condition: ' + '(' * 3000 + 's' + ')' * 3000 + '\n', 'nested too deeply'),
        'nots': (HEAD % 1 + '    s:\n        f: x\n    condition: ' + 'not ' * 5000 + 's\n', 'nested too deeply'),
        'twice': (HEAD % 1 + '    s:\n        f: x\n        f: y\n    condition: s\n', 'stands twice'),
        'regex': (HEAD % 1 + "    s:\n        f|re: '(a'\n    condition: s\n", 'regular expression'),
        'values': (HEAD % 1 + '    s:\n        f:\n' + ''.join(f'            - v{i}\n' for i in range(30000)) + '    condition: s\n', 'more than 20000'),
        'nul': (HEAD % 1 + '    s:\n        f: "x\0y"\n    condition: s\n', 'NUL'),
        'tag': (HEAD % 1 + '    s:\n        f: !!python/object:os.system x\n    condition: s\n', 'tags'),
    }
    for name, (text, says) in cases.items():
        with open(os.path.join(d, name + '.yml'), 'w', encoding='utf-8') as f:
            f.write(text)
    with open(os.path.join(d, 'good.yml'), 'w', encoding='utf-8') as f:
        f.write(GOOD)
    rc, out, err, seconds = run('rules', 'check', d)
    check('refused, and the good one loads', rc == 1 and f'{len(cases)} errors' in out and '1 rule usable' in out, out[-300:])
    for name, (_, says) in cases.items():
        line = [x for x in out.splitlines() if f'/{name}.yml' in x]
        check(f'{name}: told', line and says in line[0], line)
    check('in bounded time', seconds < 15, seconds)


def slow_expression(d):
    with open(os.path.join(d, 'slow.yml'), 'w', encoding='utf-8') as f:
        f.write(HEAD % 2 + "    s:\n        CommandLine|re: '(a+)+$'\n    condition: s\n")
    with open(os.path.join(d, 'slow.jsonl'), 'w', encoding='utf-8') as f:
        for _ in range(20):
            f.write(EVENT % (',"CommandLine":"' + 'a' * 5000 + '!"') + '\n')
    rc, out, err, seconds = run('scan', '-q', '--all', '--rules', os.path.join(d, 'slow.yml'), os.path.join(d, 'slow.jsonl'))
    check('an expression that explodes ends, and the ledger says so', rc == 0 and seconds < 15 and 'given up at their limit: ' in out, (rc, err, seconds))


def long_value(d):
    """More than PCRE2's own stack holds: an ordinary expression on a long value is searched all the same."""
    with open(os.path.join(d, 'long.yml'), 'w', encoding='utf-8') as f:
        f.write(HEAD % 3 + "    s:\n        CommandLine|re: '^(?:a|b)*c$'\n    condition: s\n")
    with open(os.path.join(d, 'long.jsonl'), 'w', encoding='utf-8') as f:
        f.write(EVENT % (',"CommandLine":"' + 'ab' * 20000 + 'c"') + '\n')
    rc, out, err, seconds = run('scan', '-q', '--all', '--rules', os.path.join(d, 'long.yml'), '--format', 'ecs', os.path.join(d, 'long.jsonl'))
    check('a long value matches', rc == 0 and out.count('"event.kind":"alert"') == 1, (rc, out, err))


def events(d):
    lines = [
        EVENT % (',"x":' + '{"a":' * 10000 + '1' + '}' * 10000),
        EVENT % (',"n":' + '9' * 5000),
        EVENT % ',"Image":"second","Image":"third"',
        EVENT % ',"s":"\\ud800 lone \\udc00"',
        EVENT % (',"many":[' + ','.join(['"v"'] * 100000) + ']'),
        EVENT % (',' + ','.join(f'"k{i}":{i}' for i in range(20000))),
        '{"Image":',
        EVENT % ',"bad":"\udcff\udcfe"',
        EVENT % '',
    ]
    path = os.path.join(d, 'hostile.jsonl')
    with open(path, 'w', encoding='utf-8', errors='surrogateescape') as f:
        f.write('\n'.join(lines) + '\n')
    rule = os.path.join(d, 'good.yml')
    rc, out, err, seconds = run('scan', '-q', '--all', '--rules', rule, '--format', 'json', path)
    found = [x for x in map(json.loads, out.splitlines()) if x.get('class_uid') == 2004 and x['finding_info']['analytic']['uid'].endswith('d19')]
    check('the sound events among them are judged', rc == 0 and found and found[0]['count'] >= 5, (rc, err, found and found[0]['count']))
    check('in bounded time', seconds < 15, seconds)
    deep = os.path.join(d, 'deep.json')
    with open(deep, 'w', encoding='utf-8') as f:
        f.write(lines[0])
    rc, out, err, seconds = run('rules', 'explain', rule, deep)
    check('an event too deep is told', rc == 3 and 'JSON' in err, (rc, out, err))


def main():
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(os.path.join(d, 'r'))
        rules(os.path.join(d, 'r'))
        slow_expression(d)
        long_value(d)
        with open(os.path.join(d, 'good.yml'), 'w', encoding='utf-8') as f:
            f.write(GOOD)
        events(d)
    print(f'sigma_hostile: {failed} failures')
    return 1 if failed else 0


sys.exit(main())
