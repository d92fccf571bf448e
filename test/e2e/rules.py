#!/usr/bin/env python3
"""`postern rules` and the rules of `postern scan` as a user meets them: check, explain, tune, coverage, suppressions, ECS."""
import json, os, subprocess, sys, tempfile

POSTERN = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRACTICE = os.path.join(ROOT, 'samples', 'practice-incident')
failed = 0


def run(*argv, stdin=None):
    p = subprocess.run([POSTERN, *argv], capture_output=True, text=True, input=stdin)
    return p.returncode, p.stdout, p.stderr


def check(what, ok, shown=''):
    global failed
    if not ok:
        failed += 1
        print(f'rules: {what}: FAILED {shown}')


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


RULE = '''title: Test rule
id: 7a0c8f1e-3f63-4a52-9a0e-0a6f0c6b1d11
level: high
logsource:
    product: linux
    category: process_creation
detection:
    sel:
        Image|endswith: '/auditctl'
        CommandLine|contains: '-e'
    condition: sel
'''


def checking(d):
    good = write(d, 'good.yml', RULE)
    bad = write(d, 'bad.yml', RULE.replace('contains', 'contians'))
    rc, out, err = run('rules', 'check', good)
    check('a good rule passes', rc == 0 and '1 rule usable' in out, out)
    rc, out, err = run('rules', 'check', d)
    check('a bad rule is named with its place, the good one loads', rc == 1 and 'bad.yml:10:9: no modifier "contians"' in out and '1 rule usable' in out, out)
    rc, out, err = run('rules', 'check', '--format', 'json', d)
    rows = [json.loads(x) for x in out.splitlines()]
    check('the same as JSON', rc == 1 and rows[0]['line'] == 10 and rows[0]['severity'] == 'error', out)
    rc, out, err = run('scan', '-q', '--rules', os.path.join(d, 'nothing'), PRACTICE)
    check('a path that is not there is an error', rc == 2 and 'nothing' in err, (rc, err))
    return good


def explaining(d, rule):
    hit = write(d, 'hit.json', '{"Image":"/usr/sbin/auditctl","CommandLine":"auditctl -e 0"}')
    miss = write(d, 'miss.json', '{"Image":"/usr/sbin/auditctl","CommandLine":"auditctl -l"}')
    rc, out, err = run('rules', 'explain', rule, hit)
    check('a match is explained', rc == 0 and 'matches this event' in out and 'ends with "/auditctl"' in out, out)
    rc, out, err = run('rules', 'explain', rule, miss)
    check('a miss shows the value that was there', rc == 1 and 'does not match' in out and 'it is "auditctl -l"' in out, out)
    rc, out, err = run('rules', 'explain', rule, '-', stdin='nonsense')
    check('an event that is none is told', rc == 3 and 'not one JSON object' in err, (rc, err))


def scanning(d, rule):
    rc, out, err = run('scan', '-q', '--rules', rule, '--format', 'json', PRACTICE)
    found = [x for x in map(json.loads, out.splitlines()) if x.get('class_uid') == 2004 and x['finding_info']['analytic']['uid'].startswith('7a0c8f1e')]
    check('scan --rules fires the rule', len(found) == 1 and found[0]['severity'] == 'High', len(found))
    check('a match counts once', found and found[0]['count'] == 1, found and found[0]['count'])
    check('and says which selection and field', found and 'Matched in sel: Image = "/usr/sbin/auditctl"' in found[0]['finding_info']['desc'], found and found[0]['finding_info']['desc'])
    one = write(d, 'finding.json', json.dumps(found[0]))
    rc, out, err = run('rules', 'tune', '--rules', rule, one)
    check('tune writes a filter', rc == 0 and 'condition: not selection' in out and "CommandLine: 'auditctl -e 0'" in out, out + err)
    flt = write(d, 'filter.yml', out)
    rc, out, err = run('scan', '-q', '--rules', rule, '--rules', flt, '--format', 'json', PRACTICE)
    check('which silences it', '7a0c8f1e' not in out)
    sup = write(d, 'sup.yaml', 'suppressions:\n  - rule: 7a0c8f1e-3f63-4a52-9a0e-0a6f0c6b1d11\n    host: web1\n    reason: exercise\n    until: 2099-12-31\n')
    rc, out, err = run('scan', '-q', '--rules', rule, '--suppressions', sup, PRACTICE)
    check('a suppression takes it and is told', 'Test rule' not in out and 'suppressed until 2099-12-31: 1 finding of' in out and 'exercise' in out, out[-900:])
    old = write(d, 'old.yaml', open(sup).read().replace('2099', '2001'))
    rc, out, err = run('scan', '-q', '--rules', rule, '--suppressions', old, PRACTICE)
    check('one that has ended does not, and that is told', 'Test rule' in out and 'suppression that ended after 2001-12-31: 1 finding of' in out, out[-900:])
    rc, out, err = run('scan', '-q', '--suppressions', write(d, 'no.yaml', 'suppressions:\n  - rule: x\n    reason: y\n'), PRACTICE)
    check('one without a last day is an error with its place', rc == 2 and 'no.yaml:2:5: until is missing' in err, err)
    rc, out, err = run('scan', '-q', '--rules', rule, '--format', 'ecs', PRACTICE)
    rows = [json.loads(x) for x in out.splitlines()]
    check('ECS keys', rows and all(r['event.kind'] == 'alert' and r['rule.id'] and r['@timestamp'] for r in rows) and any(r['rule.ruleset'] == 'sigma' for r in rows))
    rc, out, err = run('scan', '-q', '--no-rules', '--format', 'ecs', PRACTICE)
    check('--no-rules leaves the detectors', all(json.loads(x)['rule.id'].startswith('postern.') for x in out.splitlines()))
    rc, out, err = run('scan', '-q', '--rules', rule, '--stats', PRACTICE)
    check('--stats counts matches', '1          1  high' in err and 'Test rule' in err, err)


def told_by_the_decoder(d):
    """A value that does not stand in the line: the indexes must not lose it."""
    rule = write(d, 'blocked.yml', "title: B\nid: 7a0c8f1e-3f63-4a52-9a0e-0a6f0c6b1d12\nlevel: high\nlogsource:\n    category: firewall\n"
                 "detection:\n    s:\n        action: deny\n    condition: s\n")
    log = write(d, 'fw.log', 'May  4 07:12:33 gw kernel: [1.2] [UFW BLOCK] IN=eth0 OUT= MAC=00 SRC=203.0.113.5 DST=192.0.2.10 LEN=60 PROTO=TCP SPT=4 DPT=23\n')
    rc, out, err = run('scan', '-q', '--all', '--rules', rule, '--format', 'json', log)
    check('a firewall\'s verdict is seen', '0a6f0c6b1d12' in out, out[:300])


def covering(d, rule):
    layer = os.path.join(d, 'layer.json')
    rc, out, err = run('rules', 'coverage', '-O', layer)
    x = json.load(open(layer))
    check('a layer for the Navigator', rc == 0 and x['domain'] == 'enterprise-attack' and any(t['techniqueID'] == 'T1105' for t in x['techniques']), out)
    web = write(d, 'access.log', '192.0.2.1 - - [04/May/2026:07:12:33 +0000] "GET / HTTP/1.1" 200 5 "-" "x"\n')
    rc, out, err = run('rules', 'coverage', '--rules', rule, web)
    check('a rule that cannot fire is told with what to log', rc == 0 and '0 of 1 rules can fire' in out and 'execve' in out, out)
    rc, out, err = run('rules', 'coverage', '--rules', rule, PRACTICE)
    check('one that can is not', rc == 0 and '1 of 1 rules can fire' in out, out)


def main():
    with tempfile.TemporaryDirectory() as d:
        rule = checking(d)
        os.unlink(os.path.join(d, 'bad.yml'))
        explaining(d, rule)
        scanning(d, rule)
        covering(d, rule)
        told_by_the_decoder(d)
    print(f'rules: {failed} failures')
    return 1 if failed else 0


sys.exit(main())
