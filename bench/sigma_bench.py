"""Sigma rules in the benchmark: SigmaHQ's where the corpora are (POSTERN_CORPORA or ../shared/corpora), on text and on Windows events in JSON.

The time to read the rules is measured on an empty log and taken off: what is told is the rate at which events are judged.
"""
import glob, os, statistics, subprocess, sys, uuid, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def corpora(name):
    base = os.environ.get('POSTERN_CORPORA') or os.path.join(os.path.dirname(ROOT), 'shared', 'corpora')
    return os.path.join(base, name)


def rule_options(folders):
    return [x for f in folders for x in ('--rules', f)]


def windows_events(folder, megabytes):
    """OTRF's Windows events, one a line, repeated to the size asked for."""
    path = os.path.join(folder, f'windows-{megabytes}.jsonl')
    if not os.path.exists(path):  # in a process of its own: what it holds would count as the scan's peak memory
        subprocess.run([sys.executable, os.path.abspath(__file__), path, str(megabytes)], check=True)
    return path if os.path.exists(path) else None


def write_events(path, megabytes):
    lines = []
    for name in sorted(glob.glob(os.path.join(corpora('otrf'), '*.zip'))):
        with zipfile.ZipFile(name) as z:
            for entry in z.namelist():
                if entry.endswith('.json'):
                    lines += [x for x in z.read(entry).split(b'\n') if x.startswith(b'{') and b'EventID' in x]
    if not lines:
        return
    with open(path + '.part', 'wb') as f:
        while f.tell() < megabytes * 1000000:
            for x in lines:
                f.write(x + b'\n')
                if f.tell() >= megabytes * 1000000:
                    break
    os.rename(path + '.part', path)


def altered(value):
    """The same rule for other literals: a few letters in the middle of every text."""
    if isinstance(value, dict):
        return {k: altered(v) for k, v in value.items()}
    if isinstance(value, list):
        return [altered(v) for v in value]
    if isinstance(value, str) and len(value) >= 2:
        return value[:len(value) // 2] + 'zq' + value[len(value) // 2:]
    return value


def doubled(folder, folders):
    """A second set of as many rules: other ids, other literals (expressions stay)."""
    try:
        import yaml
    except ImportError:
        return None
    out = os.path.join(folder, 'second-rules')
    if os.path.isdir(out):
        return out
    os.makedirs(out + '.part', exist_ok=True)
    n = 0
    for top in folders:
        for path in sorted(glob.glob(os.path.join(top, '**', '*.yml'), recursive=True)):
            docs = list(yaml.safe_load_all(open(path, encoding='utf-8')))
            for d in docs:
                d['id'] = str(uuid.uuid5(uuid.NAMESPACE_URL, path))
                d['detection'] = {k: v if k in ('condition', 'timeframe') else {a: (b if '|re' in a or '|cidr' in a else altered(b)) for a, b in v.items()} if isinstance(v, dict) else altered(v)
                                  for k, v in d['detection'].items()}
            with open(os.path.join(out + '.part', f'{n}.yml'), 'w', encoding='utf-8') as f:
                yaml.safe_dump_all(docs, f, allow_unicode=True)
            n += 1
    os.rename(out + '.part', out)
    return out


def measure(build, run, median, folder, path, folders, times):
    """CPU seconds for the file without those for reading the rules, and peak memory."""
    empty = os.path.join(folder, 'empty.log')
    with open(empty, 'w', encoding='ascii') as f:
        f.write('2026-05-04T07:12:33+02:00 h x: y\n')
    scan = [os.path.join(build, 'src', 'postern'), 'scan', '-q', '-j1', '--format', 'json', '-O', '/dev/null'] + rule_options(folders)
    loads, fulls, rss = [], [], 0
    for _ in range(times):
        loads.append(run(scan + [empty])[1])
        _, cpu, peak = run(scan + [path])
        fulls.append(cpu)
        rss = max(rss, peak)
    load, full = statistics.median(loads), statistics.median(fulls)
    return {'load_s': load, 'cpu_s': full - load, 'rss_mb': rss}


def report(build, run, median, folder, generated, megabytes, times):
    """Rows (name, result) of what can be measured here."""
    sigma = corpora('sigma')
    if not os.path.isdir(sigma):
        print('Sigma: the corpora are not there (POSTERN_CORPORA)')
        return []
    s = lambda *p: os.path.join(sigma, *p)
    own = os.path.join(ROOT, 'rules')
    windows = [s('rules', 'windows'), s('rules-emerging-threats'), s('rules-threat-hunting', 'windows')]
    jobs = [('auth log, all Linux rules, ours, detectors', generated(folder, 'auth', megabytes), [s('rules', 'linux'), s('rules-threat-hunting', 'linux'), own]),
            ('auth log with auditd records, the same rules', generated(folder, 'mixed', megabytes), [s('rules', 'linux'), s('rules-threat-hunting', 'linux'), own]),
            ('access log, all web rules', generated(folder, 'access', megabytes), [s('rules', 'web'), s('rules-threat-hunting', 'web')])]
    events = windows_events(folder, 2 * megabytes)
    if events:
        jobs.append(('Windows events, all Windows rules', events, windows))
        second = doubled(folder, windows)
        if second:
            jobs.append(('the same, twice the rules', events, windows + [second]))
    rows = []
    for name, path, folders in jobs:
        r = measure(build, run, median, folder, path, folders, times)
        size = os.path.getsize(path)
        with open(path, 'rb') as f:
            lines = sum(block.count(b'\n') for block in iter(lambda: f.read(1 << 20), b''))
        wc = median(['wc', '-l', path], times)[1]
        r.update(mb_s=size / 1e6 / r['cpu_s'], events_s=lines / r['cpu_s'], wc_ratio=wc / r['cpu_s'], bytes=size, events=lines)
        rows.append((name, r))
        print(f'  {name:45} {r["mb_s"]:7.0f} MB/s {r["events_s"]:11,.0f} events/s   rules read in {r["load_s"]:.2f} s   peak RSS {r["rss_mb"]:.0f} MB   of wc -l {r["wc_ratio"]:.3f}')
    return rows


if __name__ == '__main__':
    write_events(sys.argv[1], int(sys.argv[2]))
