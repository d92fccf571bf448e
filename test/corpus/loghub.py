#!/usr/bin/env python3
"""loghub's production logs through `postern scan`: the guessing is found and summed up, and nothing is called high.

usage: loghub.py POSTERN
"""
import json, subprocess, sys

import corpora

FEW = 6  # findings: thousands of guesses are one finding a host


def main():
    postern, base = sys.argv[1], corpora.folder('loghub')
    out = subprocess.run([postern, 'scan', '-q', '--format', 'json', base], capture_output=True, check=True).stdout
    report = [json.loads(line) for line in out.decode('utf-8').split('\n') if line]
    findings = [r for r in report if r.get('class_uid') == 2004]
    guessing = [f for f in findings if 'guessing' in f['finding_info']['title'].lower()]
    high = [f for f in findings if f['severity_id'] >= 4]
    for f in findings:
        print(f['severity'], f['finding_info']['title'])
    print(f'loghub: {len(findings)} findings, {len(guessing)} of guessing, {len(high)} of level high or above')
    return 0 if guessing and not high and len(findings) <= FEW else 1


sys.exit(main())
