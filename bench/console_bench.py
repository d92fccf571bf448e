"""The console with ten thousand incidents: how long pages take, what they weigh, what 200 clients at once get, and whether memory stays; beside a static file of the same server.

One connection tells what the server needs (p50, p99); 200 connections tell what it can (requests a second, errors), on the machine that also runs the clients (wrk over TLS).
CPU is that of the console's processes by the number of requests.
"""
import os, re, shutil, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'test', 'console'))
PAGES = [('overview', '/'), ('incidents', '/incidents'), ('all, worst first', '/incidents?status=all&order=worst'), ('page 100', '/incidents?status=all&page=100'), ('API, incidents', '/api/v1/incidents'),
         ('static file', '/static/style.css')]


def processes(pid):
    """It and all below it."""
    out = [pid]
    for name in os.listdir('/proc'):
        if name.isdigit() and int(name) != pid:
            try:
                with open(f'/proc/{name}/stat') as f:
                    parent = int(f.read().rsplit(')', 1)[1].split()[1])
            except OSError:
                continue
            if parent == pid:
                out += processes(int(name))
    return out


def rss_mb(pid):
    total = 0
    for p in processes(pid):
        with open(f'/proc/{p}/status') as f:
            total += int(re.search(r'VmRSS:\s+(\d+)', f.read())[1])
    return total / 1024


def cpu_s(pid):
    total = 0
    for p in processes(pid):
        with open(f'/proc/{p}/stat') as f:
            v = f.read().rsplit(')', 1)[1].split()
        total += int(v[11]) + int(v[12])
    return total / os.sysconf('SC_CLK_TCK')


def milliseconds(text):
    if 'nan' in text:
        return float('nan') # nothing was answered in the time there was
    n, unit = re.match(r'([\d.]+)(us|ms|s|m)', text).groups()
    return float(n) * {'us': 0.001, 'ms': 1, 's': 1000, 'm': 60000}[unit]


def wrk(url, cookie, connections, seconds):
    out = subprocess.run(['wrk', '-c', str(connections), '-t', str(min(connections, 2)), '-d', f'{seconds}s', '--timeout', '20s', '--latency', '-H', f'Cookie: {cookie}', url], capture_output=True, text=True,
                         check=True).stdout
    errors = re.search(r'Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)', out)
    other = re.search(r'Non-2xx or 3xx responses: (\d+)', out)
    return {'requests': int(re.search(r'(\d+) requests in', out)[1]), 'per_s': float(re.search(r'Requests/sec:\s+([\d.]+)', out)[1]), 'p50_ms': milliseconds(re.search(r'(?m)^\s+50%\s+(\S+)', out)[1]),
            'p99_ms': milliseconds(re.search(r'(?m)^\s+99%\s+(\S+)', out)[1]), 'errors': sum(map(int, errors.groups())) if errors else 0, 'refused': int(other[1]) if other else 0}


def measure(build, incidents=10000, clients=200, seconds=8):
    from server import Console
    maker = os.path.join(build, 'bench', 'bench_state')
    with tempfile.TemporaryDirectory() as state:
        subprocess.run([maker, '--many', str(incidents), state], check=True)
        c = Console(os.path.join(build, 'src', 'postern'), tls=True, start=False)
        try:
            for name in os.listdir(state):
                shutil.copy(os.path.join(state, name), c.state)
                if os.geteuid() == 0:
                    owner = os.stat(c.state)
                    os.chown(os.path.join(c.state, name), owner.st_uid, owner.st_gid)
            c.start()
            a = c.login('analyst')
            cookie = '; '.join(f'{k}={v}' for k, v in a.cookies.items())
            rows, pid = {}, c.process.pid
            for _, path in PAGES: # what threads, connections and caches take is there before it counts
                wrk(c.url + path, cookie, clients, 2)
            before = rss_mb(pid)
            for name, path in PAGES:
                body = len(a.get(path).body)
                start = cpu_s(pid)
                one = wrk(c.url + path, cookie, 1, seconds)
                each = (cpu_s(pid) - start) / max(one['requests'], 1) * 1000
                rows[name] = {'bytes': body, 'cpu_ms': each, 'one': one, 'many': wrk(c.url + path, cookie, clients, seconds), 'rss_mb': rss_mb(pid)}
            return {'incidents': incidents, 'clients': clients, 'rss_before_mb': before, 'rss_after_mb': rss_mb(pid), 'pages': rows}
        finally:
            c.stop()
            shutil.rmtree(c.folder, ignore_errors=True)


def show(r):
    print(f'{r["incidents"]} incidents; TLS, one connection and {r["clients"]} at once')
    print(f'  {"":18}{"bytes":>8}{"p50":>9}{"p99":>9}{"CPU":>9}{"static":>8} | {"req/s":>7}{"p50":>9}{"p99":>9}{"errors":>8}{"RSS":>9}')
    base = r['pages']['static file']['cpu_ms']
    for name, x in r['pages'].items():
        one, many = x['one'], x['many']
        print(f'  {name:18}{x["bytes"]:8}{one["p50_ms"]:6.2f} ms{one["p99_ms"]:6.2f} ms{x["cpu_ms"]:6.2f} ms{x["cpu_ms"] / base:7.1f}x | {many["per_s"]:7.0f}{many["p50_ms"]:6.0f} ms{many["p99_ms"]:6.0f} ms'
              f'{many["errors"] + many["refused"]:8}{x["rss_mb"]:6.0f} MB')
    print(f'  memory of all processes: {r["rss_before_mb"]:.0f} MB before, {r["rss_after_mb"]:.0f} MB after')
