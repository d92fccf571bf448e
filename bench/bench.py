#!/usr/bin/env python3
"""What script/bench runs: every figure is a median, beside references measured on the same file in the same minute.

MB/s per core is the file's size by the user and system time of the process, so that threads do not flatter it.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time

import console_bench, sigma_bench

HERE = os.path.dirname(os.path.abspath(__file__))
LITERALS = os.path.join(HERE, 'literals.txt')


def run(argv, stdin=None):
    """(wall seconds, CPU seconds, peak RSS in MB) of one run."""
    start = time.monotonic()
    p = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    wall = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        sys.exit(f'{argv[0]} ended with {code}')
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(argv, times):
    runs = [run(argv) for _ in range(times)]
    return [statistics.median(column) for column in zip(*runs)]


def generated(folder, kind, megabytes):
    path = os.path.join(folder, f'{kind}-{megabytes}.log')
    if not os.path.exists(path):
        with open(path + '.part', 'wb') as f:
            subprocess.run([sys.executable, os.path.join(HERE, 'gen_logs.py'), kind, str(megabytes)], stdout=f, check=True)
        os.rename(path + '.part', path)
    return path


def measure(build, path, times):
    scan = [os.path.join(build, 'src', 'postern'), 'scan', '-q', '--format', 'json', '-O', '/dev/null', path]
    tasks = {
        'wc -l': ['wc', '-l', path],
        'ripgrep, 200 literals': ['rg', '-c', '-F', '-f', LITERALS, path],
        'raw matcher, 200 literals': [os.path.join(build, 'bench', 'bench_raw_match'), LITERALS, path],
        'scan -j1': scan[:2] + ['-j1'] + scan[2:],
        'scan -j2': scan[:2] + ['-j2'] + scan[2:],
    }
    size = os.path.getsize(path)
    with open(path, 'rb') as f:
        lines = sum(block.count(b'\n') for block in iter(lambda: f.read(1 << 20), b''))
    result = {'bytes': size, 'lines': lines, 'tasks': {}}
    for name, argv in tasks.items():
        wall, cpu, rss = median(argv, times)
        result['tasks'][name] = {'wall_s': wall, 'cpu_s': cpu, 'mb_s': size / 1e6 / wall, 'mb_s_core': size / 1e6 / cpu, 'lines_s_core': lines / cpu, 'rss_mb': rss}
    return result


def show(kind, r):
    print(f'{kind}: {r["bytes"] / 1e6:.0f} MB, {r["lines"] / 1e6:.2f} million lines')
    print(f'  {"":27}{"MB/s":>8}{"per core":>10}{"lines/s":>12}{"peak RSS":>10}')
    for name, t in r['tasks'].items():
        print(f'  {name:27}{t["mb_s"]:8.0f}{t["mb_s_core"]:10.0f}{t["lines_s_core"] / 1e6:10.2f} M{t["rss_mb"]:7.0f} MB')
    one, two = r['tasks']['scan -j1'], r['tasks']['scan -j2']
    for name in ('wc -l', 'ripgrep, 200 literals', 'raw matcher, 200 literals'):
        print(f'  scan per core : {name:27} {one["mb_s_core"] / r["tasks"][name]["mb_s_core"]:.3f}')
    print(f'  two threads : one {one["wall_s"] / two["wall_s"]:29.2f}\n')


def huge(build, gigabytes):
    """So many GB of auth log through a pipe: memory must not grow with them. The generator's days repeat with the file."""
    generator = subprocess.Popen([sys.executable, os.path.join(HERE, 'gen_logs.py'), 'auth', str(gigabytes * 1000)], stdout=subprocess.PIPE)
    wall, cpu, rss = run([os.path.join(build, 'src', 'postern'), 'scan', '-q', '--format', 'json', '-'], generator.stdout)
    generator.stdout.close()
    generator.wait()
    return {'gigabytes': gigabytes, 'wall_s': wall, 'cpu_s': cpu, 'rss_mb': rss}


def main():
    p = argparse.ArgumentParser(description='Measures postern scan beside wc -l, ripgrep and the raw matcher.')
    p.add_argument('build')
    p.add_argument('--quick', action='store_true', help='50 MB and three runs instead of 200 MB and seven')
    p.add_argument('--huge', type=int, metavar='GB', help='only: peak memory over so many GB')
    p.add_argument('--sigma', action='store_true', help='only: Sigma rules, on text and on Windows events')
    p.add_argument('--privilege', action='store_true', help='only: reach and the cheapest cut on networks of 10, 300 and 3,000 hosts')
    p.add_argument('--console', action='store_true', help='only: pages of the console with 10,000 incidents, to one client and to 200')
    p.add_argument('--format', choices=['text', 'json'], default='text')
    a = p.parse_args()
    if a.huge:
        h = huge(a.build, a.huge)
        print(json.dumps(h) if a.format == 'json' else f'{h["gigabytes"]} GB of auth log through a pipe: peak RSS {h["rss_mb"]:.0f} MB, {h["cpu_s"]:.0f} s of CPU, {h["wall_s"]:.0f} s')
        return
    if a.privilege:
        subprocess.run([os.path.join(a.build, 'bench', 'bench_privilege')], check=True)
        return
    if a.console:
        c = console_bench.measure(a.build, seconds=3 if a.quick else 8)
        print(json.dumps(c, indent=1)) if a.format == 'json' else console_bench.show(c)
        return
    megabytes, times = (50, 3) if a.quick else (200, 7)
    folder = os.path.join(a.build, 'bench-data')
    os.makedirs(folder, exist_ok=True)
    results = {}
    if a.sigma:
        rows = sigma_bench.report(a.build, run, median, folder, generated, megabytes, 3 if a.quick else 5)
        if a.format == 'json':
            print(json.dumps(dict(rows), indent=1))
        return
    for kind in ('auth', 'mixed', 'access'):
        path = generated(folder, kind, megabytes)
        run(['cat', path])
        results[kind] = measure(a.build, path, times)
        if a.format == 'text':
            show(kind, results[kind])
    if a.format == 'json':
        print(json.dumps(results, indent=1))


main()
