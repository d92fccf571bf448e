#!/usr/bin/env python3
"""Can every SigmaHQ rule for Linux and the web be reached from raw logs?

usage: sigma_reach.py POSTERN [-v] [--only CLASS] [--enriched]
       sigma_reach.py --selfcheck [-v] [--only CLASS] [--enriched]
       sigma_reach.py --dump DIR [--only CLASS] [--enriched]

For every rule an event that satisfies it is made up and written as raw text of its log: auditd records for process_creation,
file_event and service auditd, combined access lines for webserver and proxy. Each rule has a host of its own, r1001 and so on.
Then `postern scan` must find the rule on that host. --enriched writes the auditd records as log_format = ENRICHED does.
--selfcheck compares with the reading of the records in this folder's sigma_reach_*.py alone; --dump only writes the logs.
"""
import argparse, datetime, json, os, re, shutil, subprocess, sys, tempfile

import corpora
import sigma_reach_audit as audit, sigma_reach_make as make, sigma_reach_rules as sigma, sigma_reach_web as web

# How logs are made, how they are read again, their file below HOST/, rules wanted of rules known.
CLASSES = {
    'process_creation': (audit.process_creation, audit.read_process_creation, 'var/log/audit/audit.log', 144, 144),
    'auditd': (audit.auditd, audit.read_auditd, 'var/log/audit/audit.log', 54, 54),
    'file_event': (audit.file_event, audit.read_file_event, 'var/log/audit/audit.log', 17, 18),
    'webserver': (web.webserver, web.read, 'var/log/nginx/access.log', 81, 86),
    'proxy': (web.proxy, web.read, 'var/log/squid/access.log', 54, 56),
}
START = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
FIRST = 1001
TRIES = 3000


class Case:
    """A rule with its host and the text made for it, or the reason why there is none."""

    def __init__(self, rule, kind, number, enriched):
        self.rule, self.host, self.text, self.reason, self.fallback = rule, f'r{number}', None, None, None
        second = int(START.timestamp()) + 60 * (number - FIRST)
        write, read = CLASSES[kind][:2]
        tries = 0
        for way in make.ways(rule.tree):
            try:
                for log in write(way, second, enriched):
                    text = '\n'.join(log.lines) + '\n'
                    if any(rule.holds(e) for e in read(text)):
                        self.text = text
                        return
                    self.fallback = self.fallback or text
                    tries += 1
                    if tries > TRIES:
                        break
            except web.NotLogged as e:
                self.reason = f'unreachable: {e}'
            except (ValueError, KeyError, StopIteration) as e:
                self.reason = self.reason or f'generator: {type(e).__name__} {e}'
            if tries > TRIES:
                break
        self.reason = self.reason or 'generator: no text satisfies the rule'


def make_cases(base, kinds, enriched):
    cases, number, rules = {}, FIRST, sigma.load(base)
    for kind in CLASSES:
        cases[kind] = []
        for rule in rules.get(kind, []):
            if kind in kinds:
                cases[kind].append(Case(rule, kind, number, enriched))
            number += 1
    return {kind: cases[kind] for kind in kinds}


def write_logs(cases, kind, folder):
    for case in cases:
        if case.text:
            path = os.path.join(folder, case.host, CLASSES[kind][2])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8', newline='\n') as f:
                f.write(case.text)


def scan(postern, base, folder):
    """Lines of findings by rule id."""
    options = [x for name in sigma.FOLDERS for x in ('--rules', os.path.join(base, name))]
    p = subprocess.run([postern, 'scan', '-q', *options, '--min-level', 'informational', '--format', 'json', folder], capture_output=True)
    found = {}
    for line in p.stdout.decode('utf-8', 'replace').split('\n'):
        try:
            finding = json.loads(line).get('finding_info', {})
        except (ValueError, AttributeError):
            continue
        rule = (finding.get('analytic') or {}).get('uid')
        if rule:
            found.setdefault(str(rule).lower(), []).append(line)
    if p.returncode > 1:
        print(f'scan ended with {p.returncode}: {p.stderr.decode("utf-8", "replace")[-500:]}')
    return found


def judge(case, found):
    """Why a case is missed; None when it was found."""
    if not case.text:
        return case.reason
    lines = found.get(str(case.rule.id).lower(), [])
    if not lines:
        return 'no finding of the rule at all'
    host = re.compile(rf'\b{case.host}\b')
    return None if any(host.search(line) for line in lines) else f'{len(lines)} findings of the rule, none on its host'


def show(case, reason, verbose):
    print(f'missed: {case.rule} {case.host}: {reason}')
    if verbose:
        print('    ' + (case.text or case.fallback or 'nothing made').rstrip('\n').replace('\x1d', '<1d>').replace('\n', '\n    '))
        print('    ' + '\n    '.join(str(leaf) for leaf in list(sigma.leaves(case.rule.tree))[:12]))


def main():
    p = argparse.ArgumentParser(usage=__doc__.split('usage: ')[1].split('\n\n')[0])
    p.add_argument('postern', nargs='?')
    p.add_argument('-v', '--verbose', action='store_true')
    p.add_argument('--only', choices=CLASSES)
    p.add_argument('--enriched', action='store_true')
    p.add_argument('--selfcheck', action='store_true')
    p.add_argument('--dump', metavar='DIR')
    o = p.parse_args()
    if not (o.postern or o.selfcheck or o.dump):
        p.error('POSTERN is missing')
    base = corpora.folder('sigma')
    cases = make_cases(base, [o.only] if o.only else list(CLASSES), o.enriched)
    ok, table = True, []
    for kind, mine in cases.items():
        if o.dump:
            write_logs(mine, kind, os.path.join(o.dump, kind))
        if o.dump or o.selfcheck:
            missed = [(c, c.reason) for c in mine if not c.text]
        else:
            folder = tempfile.mkdtemp(prefix='postern-reach-')
            try:
                write_logs(mine, kind, folder)
                found = scan(o.postern, base, folder)
            finally:
                shutil.rmtree(folder)
            missed = [(c, why) for c in mine for why in [judge(c, found)] if why]
        for case, reason in missed:
            show(case, reason, o.verbose)
        wanted, known = CLASSES[kind][3:]
        reached = len(mine) - len(missed)
        ok = ok and reached >= wanted
        what = 'made' if o.dump or o.selfcheck else 'reached'
        table.append(f'{kind}: {reached} of {len(mine)} rules {what} (wanted {wanted}' + (f', {known} were known)' if known != len(mine) else ')'))
    print('\n'.join(table))
    return 0 if ok else 1


sys.exit(main())
