#!/usr/bin/env python3
"""SigmaHQ's rules: do all load, and does each regression case's rule fire on its event?

usage: sigma.py POSTERN [-v]

Prints the rules that cannot be used with their reason, per case the number of other rules that fired, and the study's
conformance cases with the indexes on and off (when ../shared/research is there).
"""
import glob, json, os, re, subprocess, sys, tempfile

import corpora

FOLDERS = ('rules', 'rules-emerging-threats', 'rules-threat-hunting')
# Rules that the specification has refused: a placeholder without values.
NAMED = 'placeholder %known_cdcs% has no values'


def run(postern, *args):
    p = subprocess.run([postern, 'rules', *args], capture_output=True, text=True)
    return p.returncode, p.stdout


def objects(text):
    """JSON objects one after another."""
    at, decoder = 0, json.JSONDecoder()
    while at < len(text):
        while at < len(text) and text[at] in ' \r\n\t\ufeff,':
            at += 1
        if at < len(text):
            x, at = decoder.raw_decode(text, at)
            yield from x if isinstance(x, list) else [x]


def load(postern, paths):
    rc, out = run(postern, 'check', '--format', 'json', *paths)
    errors = [json.loads(line) for line in out.splitlines()]
    for e in errors:
        print(f"not usable: {e['file']}:{e['line']}:{e['column']}: {e['text']}")
    files = sum(len(glob.glob(os.path.join(p, '**', '*.yml'), recursive=True)) for p in paths)
    other = [e for e in errors if NAMED not in e['text']]
    print(f'{files - len(errors)} of {files} rule files load; {len(other)} fail for another reason than missing values')
    return not other


def cases(base):
    for info in sorted(glob.glob(os.path.join(base, 'regression_data', '**', 'info.yml'), recursive=True)):
        text = open(info, encoding='utf-8').read()
        ids = re.findall(r'^rule_metadata:\s*\n\s*- id: (\S+)', text, re.M)
        files = sorted(glob.glob(os.path.join(os.path.dirname(info), '*.json*')))
        yield os.path.basename(os.path.dirname(info)), ids, files


def regression(postern, base, paths, verbose):
    total = absent = 0
    with tempfile.NamedTemporaryFile('w', suffix='.jsonl', delete=False) as f:
        for name, ids, files in cases(base):
            events = [e for x in files for e in objects(open(x, encoding='utf-8').read())]
            if not events or not ids:
                absent += not glob.glob(os.path.join(base, 'regression_data', '**', name, '*.raw'), recursive=True)
                continue
            total += 1
            f.write(json.dumps({'name': name, 'match': True, 'fires': ids, 'events': events}) + '\n')
    options = [x for p in paths for x in ('--rules', p)]
    rc, out = run(postern, 'test', '-v', '--format', 'json', *options, f.name)
    os.unlink(f.name)
    rows = [json.loads(line) for line in out.splitlines()]
    for r in rows[:-1]:
        if verbose or not r['passed']:
            print(('ok     ' if r['passed'] else 'MISSED ') + f"{r['name']}: {r['others']} other rules fired {r['text']}")
    passed = rows[-1]['passed']
    print(f"regression: {passed} of {total} cases fire their rule; {rows[-1]['others']} matches of other rules; {absent} without an event")
    return passed == total


def raw_cases(postern, base, paths):
    """Cases whose event is a line of text, through scan."""
    options, ok = [x for p in paths for x in ('--rules', p)], True
    for raw in glob.glob(os.path.join(base, 'regression_data', '**', '*.raw'), recursive=True):
        ids = re.findall(r'- id: (\S+)', open(os.path.join(os.path.dirname(raw), 'info.yml'), encoding='utf-8').read())
        out = subprocess.run([postern, 'scan', '-q', '--all', '--format', 'json', *options, raw], capture_output=True, text=True).stdout
        fired = all(i in out for i in ids)
        print(f"raw text: {os.path.basename(os.path.dirname(raw))} {'fires' if fired else 'MISSED'}")
        ok &= fired
    return ok


def conformance(postern):
    path = os.path.join(os.path.dirname(os.path.dirname(corpora.folder('sigma'))), 'research', 'sigma-cases.jsonl')
    if not os.path.exists(path):
        print('the conformance cases of the study are not there')
        return True
    ok = True
    for option in ([], ['--no-prefilter']):
        rc, out = run(postern, 'test', *option, path)
        print('conformance' + (' without prefilter: ' if option else ': ') + out.strip())
        ok &= rc == 0
    return ok


def main():
    postern, base = sys.argv[1], corpora.folder('sigma')
    paths = [os.path.join(base, x) for x in FOLDERS]
    results = [load(postern, paths), conformance(postern), regression(postern, base, paths, '-v' in sys.argv), raw_cases(postern, base, paths)]
    sys.exit(0 if all(results) else 1)


main()
