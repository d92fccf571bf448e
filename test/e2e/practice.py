#!/usr/bin/env python3
"""The practice incident against its answer sheet.

usage: practice.py POSTERN [--table]

Checks: one incident of level high or critical that names the provider, the person and the entry host, with at least six
stages in the order of their first lines; every step of the answer sheet has a line among the evidence of some finding
(steps that cannot be seen by design are listed below, with the reason); at most two findings of level high or above have
no evidence on the sheet.
"""
import collections, json, os, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, 'samples', 'practice-incident')


def answer_sheet():
    with open(os.path.join(ROOT, 'samples', 'answer-sheet.tsv'), encoding='utf-8', newline='\n') as f:
        rows = [line.rstrip('\n').split('\t') for line in f.read().split('\n') if line]
    head = rows[0]
    return [dict(zip(head, r)) for r in rows[1:]]


def scan(postern):
    p = subprocess.run([postern, 'scan', '-q', '--format', 'json', SAMPLE], capture_output=True, check=True)
    return [json.loads(line) for line in p.stdout.decode('utf-8').split('\n') if line]


def main():
    postern = sys.argv[1]
    sheet = answer_sheet()
    report = scan(postern)
    findings = [r for r in report if r.get('class_uid') == 2004]
    incidents = [r for r in report if r.get('class_uid') == 2005]
    lines = {}
    for row in sheet:
        lines.setdefault((row['file'], row['line'][:2048]), set()).add(row['step'])
    steps = collections.OrderedDict((row['step'], row) for row in reversed(sheet))
    steps = collections.OrderedDict(sorted(steps.items(), key=lambda kv: int(kv[0])))
    seen = collections.defaultdict(set)
    false_high = []
    for f in findings:
        hit = False
        for e in f['evidences']:
            path = os.path.relpath(e['file']['path'], SAMPLE)
            for step in lines.get((path, e['data']['raw']), ()):
                seen[step].add(f['finding_info']['analytic']['uid'])
                hit = True
        if not hit and f['severity_id'] >= 4:
            false_high.append(f)
    errors = []
    missed = [s for s in steps if s not in seen]
    if '--table' in sys.argv:
        for s, row in steps.items():
            print(f"{s:>3} {row['stage']:<14} {row['host']:<9} {row['what'][:70]:<70} {', '.join(sorted(seen.get(s, ['-'])))}")
        for f in findings:
            ok = any((os.path.relpath(e['file']['path'], SAMPLE), e['data']['raw']) in lines for e in f['evidences'])
            if not ok:
                print('  not on the sheet:', f['severity'], f['finding_info']['title'])
    if len(false_high) > 2:
        errors.append(f"{len(false_high)} findings of level high or above are not on the answer sheet")
    errors += [f"step {s} not found: {steps[s]['what']}" for s in missed]
    main_incident = [i for i in incidents if i['severity_id'] >= 4]
    if len(main_incident) != 1:
        errors.append(f"{len(main_incident)} incidents of level high or above, not one")
    if main_incident:
        i = main_incident[0]
        names = {(o['name'], o['value']) for o in i['observables']}
        for want in (('provider', 'hafenlicht'), ('person', 'Nils Jansen'), ('host', 'web1')):
            if want not in names:
                errors.append(f"the incident does not name {want[0]} {want[1]}")
        stages = [s['name'] for s in i['unmapped']['stages']]
        times = [s['first_seen_time'] for s in i['unmapped']['stages'] if s['name'] != 'cover']
        if len(stages) < 6:
            errors.append(f"only {len(stages)} stages: {stages}")
        if times != sorted(times):
            errors.append(f"stages out of order: {list(zip(stages, times))}")
    for e in errors:
        print('practice:', e)
    print(f"practice: {len(steps) - len(missed)} of {len(steps)} steps found, {len(false_high)} false findings of level high or above, "
          f"{len(findings)} findings, {len(incidents)} incidents")
    return 1 if errors else 0


sys.exit(main())
