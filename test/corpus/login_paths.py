#!/usr/bin/env python3
"""The evaluation of login paths: a generated enterprise's logs through `postern scan`, and what its scorer says of the findings.

usage: login_paths.py POSTERN [--parts 0,1,2,3] [--work DIR] [--by stealth,goal,start]

The data and the scorer are ../shared/research/lateral-eval (or POSTERN_LATERAL): 60 days, 400 people, 800 hosts. The logs are written
by its write_logs.py; org.yaml is made here from what an organisation knows: inventory, accounts, grants. Labels are read by
the scorer alone.
"""
import argparse, concurrent.futures, csv, json, lzma, os, shutil, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROLES = {'ws': 'workstation', 'jump': 'bastion', 'vgw': 'provider-gateway', 'vpn': 'vpn', 'db': 'database', 'web': 'web', 'file': 'file'}
DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
# Least that must be detected, in percent, at so many false alerts a day: below what was measured, above the reference rows.
LEAST = {3: 80.0, 9: 92.0}


def rows(data, name):
    with open(os.path.join(data, name), newline='') as f:
        yield from csv.DictReader(f)


def clock(hour):
    return f'{int(hour):02d}:{int(hour % 1 * 60):02d}'


def org_yaml(data):
    out = ['organisation:', '  name: Evaluation', '  networks: [10.0.0.0/8]', 'hosts:']
    for r in rows(data, 'inventory.csv'):
        out.append(f"  - {{name: {r['hostname']}, addresses: [{r['ip']}], roles: [{ROLES.get(r['role'], r['role'])}]}}")
    staff, outside, services = {}, {}, []
    for r in rows(data, 'accounts.csv'):
        if r['type'] == 'service':
            services.append(r['account'])
        else:
            (outside if r['type'] == 'provider' else staff).setdefault(r['owner'] or r['account'], []).append(r['account'])
    out.append('staff:')
    out += [f"  - {{name: {who}, accounts: [{', '.join(a)}]}}" for who, a in sorted(staff.items())]
    out.append('providers:')
    with open(os.path.join(data, 'grants.json')) as f:
        for g in json.load(f):
            hours = [f'"{",".join(DAYS[d] for d in w["days"])} {clock(w["start"])}-{clock(w["end"])}"' for w in g['windows']]
            out += [f"  - id: {g['provider']}", f"    networks: [{', '.join(g['source_networks'])}]", f"    hosts: [{', '.join(g['hosts'])}]",
                    f"    hours: [{', '.join(hours)}]", '    persons:']
            out += [f'      - {{name: {a}, accounts: [{a}]}}' for a in g['accounts']]
    out.append(f"service_accounts: [{', '.join(services)}]")
    return '\n'.join(out) + '\n'


def unpack(base, work):
    data = os.path.join(work, 'data')
    os.makedirs(data, exist_ok=True)
    for name in os.listdir(os.path.join(base, 'data')):
        src = os.path.join(base, 'data', name)
        if name.endswith('.xz'):
            with lzma.open(src) as i, open(os.path.join(data, name[:-3]), 'wb') as o:
                shutil.copyfileobj(i, o)
        else:
            shutil.copyfile(src, os.path.join(data, name))
    return data


def alerts(report, out):
    """Findings of the login-path detector as the scorer reads them: score, logins as host/port/second, the decisive one first."""
    n = 0
    with open(out, 'w') as f:
        for line in report.decode().splitlines():
            r = json.loads(line)
            if r.get('class_uid') != 2004 or r['finding_info']['analytic']['uid'] != 'postern.login-path':
                continue
            hops = r['unmapped']['login_path']
            ids = [f"{h['host']}/{h['source_port']}/{h['time'] // 1000}" for h in reversed(hops)]
            f.write(json.dumps({'score': r['unmapped']['score'], 'ids': ids, 'time': hops[-1]['time'] // 1000}) + '\n')
            n += 1
    return n


def one_part(postern, base, data, work, part, last):
    logs = os.path.join(work, f'logs.{part}')
    subprocess.run([sys.executable, os.path.join(base, 'write_logs.py'), data, str(part), logs], check=True, stdout=subprocess.DEVNULL)
    for name in os.listdir(logs):  # the lines have no year: the files' times tell it
        os.utime(os.path.join(logs, name), (last, last))
    # a budget of 25 a day, so that the scorer sees the curve up to 20
    cmd = [postern, 'scan', '-q', '--no-rules', '--org', os.path.join(work, 'org.yaml'), '--tz', 'UTC', '--format', 'json', '--path-budget', '25', logs]
    out = subprocess.run(cmd, capture_output=True, check=True).stdout
    shutil.rmtree(logs)
    return alerts(out, os.path.join(work, f'alerts.{part}'))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('postern')
    ap.add_argument('--parts', default='0')
    ap.add_argument('--work', default='')
    ap.add_argument('--by', default='stealth,goal,start')
    o = ap.parse_args()
    base = os.environ.get('POSTERN_LATERAL') or os.path.join(os.path.dirname(ROOT), 'shared', 'research', 'lateral-eval')
    if not os.path.isdir(base):
        print(f'{base} is not there (set POSTERN_LATERAL to the folder of the evaluation)')
        sys.exit(77)
    parts = [int(p) for p in o.parts.split(',')]
    with tempfile.TemporaryDirectory() as tmp:
        work = o.work or tmp
        data = unpack(base, work)
        with open(os.path.join(work, 'org.yaml'), 'w') as f:
            f.write(org_yaml(data))
        with open(os.path.join(data, 'meta.json')) as f:
            last = json.load(f)['test_to']
        postern = os.path.abspath(o.postern)
        with concurrent.futures.ThreadPoolExecutor(1) as ex:
            for p, n in zip(parts, ex.map(lambda p: one_part(postern, base, data, work, p, last), parts)):
                print(f'part {p}: {n} findings', flush=True)
        score = [sys.executable, os.path.join(base, 'score.py'), data] + [os.path.join(work, f'alerts.{p}') for p in parts]
        subprocess.run(score + ['--name', 'postern', '--by', o.by, '--fp-kinds', '12'], check=True)
        got = json.loads(subprocess.run(score + ['--json'], check=True, capture_output=True).stdout)
    bad = 0
    for k, least in LEAST.items():
        rate = 100 * got['fp'][f'{float(k)}']['rate']
        if rate < least:
            print(f'only {rate:.1f} % at {k} false alerts a day; {least} % were reached before')
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
