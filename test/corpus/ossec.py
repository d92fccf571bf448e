#!/usr/bin/env python3
"""OSSEC's sample lines: is each recognised (event.dataset names the program, event.action is set)?

usage: ossec.py POSTERN [--misses] [--table]
"""
import glob, os, re, sys

import corpora

FILES = 'sshd pam su sudo syslog nginx apache postfix dovecot vsftpd proftpd named systemd unbound dropbear exim doas'.split()
TARGET = 0.95


def lines_of(path):
    with open(path, 'rb') as f:
        for raw in f:
            m = re.match(rb'log\s+\d+\s+(?:pass|fail)\s*=\s*(.*)', raw.rstrip(b'\n'))
            if m and m.group(1).strip():
                yield m.group(1)


def main():
    postern, base = sys.argv[1], corpora.folder('ossec')
    rows, met, total = [], 0, 0
    for name in FILES:
        path = os.path.join(base, name + '.ini')
        if not os.path.exists(path):
            continue
        lines = list(lines_of(path))
        known = 0
        for line, events in zip(lines, [corpora.decode_lines(postern, [x])[0] for x in lines]):
            if any(e['event'].get('dataset') and e['event'].get('action') for e in events):
                known += 1
            elif '--misses' in sys.argv:
                print(f'{name}: {line.decode("utf-8", "replace")[:220]}')
        rows.append((name, known, len(lines)))
        met, total = met + known, total + len(lines)
    if '--table' in sys.argv:
        print('| file | recognised | lines |\n|---|---:|---:|')
        for name, known, n in rows + [('**all**', met, total)]:
            print(f'| {name} | {known} | {n} |')
    print(f'ossec: {met} of {total} lines recognised ({100 * met / total:.1f} %)')
    return 0 if total > 60 and met >= TARGET * total else 1


sys.exit(main())
