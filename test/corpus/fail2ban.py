#!/usr/bin/env python3
"""fail2ban's labelled lines against `postern decode`.

usage: fail2ban.py POSTERN [--misses] [--table]

A line labelled "match": true must become an event with event.outcome failure (for web probes and refusals: an event) whose
address is the label's host and whose time is the label's, year aside. A line labelled false must not become a failure event.
Labels write their times in the zone of fail2ban's test suite (Europe/Zurich); lines without a zone are read as UTC, so a
label's time fits when it equals the event's time as UTC or as Zurich's.
"""
import datetime, glob, json, os, re, sys, zoneinfo

import corpora

FILES = ['sshd', 'sshd-journal', 'pam-generic', 'apache-*', 'nginx-*', 'postfix', 'dovecot', 'exim', 'vsftpd', 'proftpd', 'named-refused',
         'openvpn', 'squid']
ZURICH = zoneinfo.ZoneInfo('Europe/Zurich')
TARGET, LIMIT = 0.95, 0.02


def labelled(path):
    """(offset, label, line) of every labelled line."""
    label, offset = None, 0
    with open(path, 'rb') as f:
        for raw in f:
            text = raw.decode('utf-8', 'replace')
            m = re.match(r'#\s*failJSON:\s*(\{.*)', text)
            if m:
                try:
                    label = json.loads(m.group(1))
                except ValueError:
                    label = None
            elif not text.startswith('#') and text.strip():
                if label is not None:
                    yield offset, label, text.rstrip('\n')
                label = None
            offset += len(raw)


def time_fits(label, event):
    if 'time' not in label:
        return True
    if '@timestamp' not in event:
        return False
    want = label['time'][5:19]
    utc = datetime.datetime.fromisoformat(event['@timestamp'].replace('Z', '+00:00')[:19] + '+00:00')
    return want in (utc.strftime('%m-%dT%H:%M:%S'), utc.astimezone(ZURICH).strftime('%m-%dT%H:%M:%S'))


def address_fits(label, event):
    source = event.get('source', {})
    host = label.get('host')
    return host is None or host in (source.get('ip'), source.get('address'), source.get('domain'))


def verdict(label, events, web):
    """None when the label is met, else what is wrong."""
    if not label.get('match'):
        return 'a failure event' if any(e['event'].get('outcome') == 'failure' for e in events) else None
    told = [e for e in events if e['event'].get('action')]
    if not told:
        return 'not understood'
    told = [e for e in told if web or e['event'].get('outcome') == 'failure']
    if not told:
        return 'no failure event: ' + ', '.join(e['event']['action'] for e in events)
    told = [e for e in told if address_fits(label, e)]
    if not told:
        return 'another address: ' + str([e.get('source') for e in events])
    return None if any(time_fits(label, e) for e in told) else 'another time: ' + str([e.get('@timestamp') for e in told])


def main():
    postern, base = sys.argv[1], corpora.folder('fail2ban')
    rows, sums = [], [0, 0, 0, 0]
    for pattern in FILES:
        for path in sorted(glob.glob(os.path.join(base, pattern + '.log'))):
            name = os.path.basename(path)[:-4]
            web = name.startswith(('apache', 'nginx', 'squid'))
            events = corpora.decode(postern, path)
            counts = [0, 0, 0, 0]  # met, labelled true, wrong, labelled false
            for offset, label, line in labelled(path):
                wrong = verdict(label, events.get(offset, []), web)
                at = 0 if label.get('match') else 2
                counts[at + 1] += 1
                counts[at] += (wrong is None) if at == 0 else (wrong is not None)
                if wrong and '--misses' in sys.argv:
                    print(f'{name}: {"true" if at == 0 else "false"}: {wrong}\n    {line[:220]}')
            rows.append((name, counts))
            sums = [a + b for a, b in zip(sums, counts)]
    if '--table' in sys.argv:
        print('| file | met | labelled true | failure events | labelled false |\n|---|---:|---:|---:|---:|')
        for name, c in rows + [('**all**', sums)]:
            print(f'| {name} | {c[0]} | {c[1]} | {c[2]} | {c[3]} |')
    print(f'fail2ban: {sums[0]} of {sums[1]} lines labelled true met ({100 * sums[0] / sums[1]:.1f} %), '
          f'{sums[2]} of {sums[3]} labelled false became failures ({100 * sums[2] / max(sums[3], 1):.1f} %)')
    return 0 if sums[1] > 250 and sums[0] >= TARGET * sums[1] and sums[2] <= LIMIT * sums[3] else 1


sys.exit(main())
