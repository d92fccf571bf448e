#!/usr/bin/env python3
"""Detectors against scenarios: small made-up logs, and what must and must not be found in them.

usage: detectors.py POSTERN [--list] [--keep FOLDER] [-v] [NAME...]

A scenario is test/data/detect/NAME.scenario. It begins with header lines "# key: value":
  what:      one sentence (required)
  org:       office (the organisation below), none, or inline (a section "== org.yaml"); default office
  start:     where the clock of every section begins; default 2025-03-03T08:00:00+01:00, a Monday
  learning:  days given to --learning; tz: zone given to --tz
  expect:    DETECTOR LEVEL COUNT; LEVEL may be "low+" (or worse), COUNT "2-5". DETECTOR "incident" counts incidents.
             All findings of a detector that is expected have to be covered by its lines.
  silent:    detectors that say nothing (informational is nothing)
  limit:     no finding at or above this level except the expected ones
  sources:   files that the evidence of the expected findings must name, all of them
  broken:    why the scenario fails today: told, but no failure of the run
Then sections "== path/in/folder" with raw lines. Placeholders in them:
  {iso} {bsd} {clf} {clf2} {epoch}  the clock, as rsyslog, old syslog, web servers, nginx' error
                                    log, auditd write it
  {host}  the first folder of the path      {i} {i:N}  number of the repetition, modulo N
  {ip:N} {ip6:N}  one of N outside addresses by number        {pick:a|b|c}  by number
  {n}  a fresh number (pid, port)      {gs}  auditd's 0x1d
  {+60s} {+5m} {+1h} {+2d}  moves the clock first, stands for nothing, also alone on a line
After each line the clock moves a second. Directives, a line each:
  @at [+DAYSd] [HH:MM[:SS]]   sets the clock          @stamp iso|bsd   how the directives below write time
  @repeat N LINE              N times                 @repeat N ... @end   a block N times
  @copy PATH [FIRST LAST]     lines of an earlier section      @reverse   turns the lines of the section around
  @login USER IP [FINGERPRINT]     sshd's and PAM's lines of a login by password, or by key
  @fail USER IP   @invalid USER IP      PAM's and sshd's lines of a wrong password
  @sudo USER COMMAND   @cron USER COMMAND    sudo's, cron's line
  @exec USER[>EFFECTIVE] COMMAND             auditd's records of a program started (words split at blanks, quotes minded)
  @write USER[>EFFECTIVE] PROGRAM PATH       auditd's records of a file created
"""
import datetime, json, os, re, shlex, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, 'test', 'data', 'detect')
LEVELS = ['informational', 'low', 'medium', 'high', 'critical']
UNITS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}
KEYS = {'what', 'org', 'start', 'learning', 'tz', 'expect', 'silent', 'limit', 'sources', 'broken'}

ORG = """\
organisation: {name: Brueckner Foundation, domains: [brueckner.example], networks: [10.30.0.0/16], timezone: Europe/Berlin}
hosts:
  - {name: gate1, aliases: [gate1.brueckner.example], addresses: [10.30.1.5], roles: [bastion]}
  - {name: web1, aliases: [web1.brueckner.example, www.brueckner.example], addresses: [10.30.2.11], roles: [web]}
  - {name: web2, addresses: [10.30.2.12], roles: [web]}
  - {name: db1, addresses: [10.30.3.21], roles: [database, crown-jewel]}
  - {name: mail1, addresses: [10.30.3.25], roles: [mail]}
  - {name: files1, addresses: [10.30.3.27], roles: [file]}
  - {name: patch1, addresses: [10.30.3.29], roles: [patch-distribution]}
  - {name: mon1, addresses: [10.30.4.40], roles: [monitoring]}
staff:
  - {name: Anna Berg, mail: anna.berg@brueckner.example, accounts: [aberg], roles: [admin]}
  - {name: Bernd Cremer, mail: bernd.cremer@brueckner.example, accounts: [bcremer], roles: [admin]}
  - {name: Clara Dorn, mail: clara.dorn@brueckner.example, accounts: [cdorn], roles: [security-manager]}
  - {name: Dirk Evers, mail: dirk.evers@brueckner.example, accounts: [devers], roles: [research]}
  - {name: Eva Falk, mail: eva.falk@brueckner.example, accounts: [efalk], roles: [press]}
  - {name: Friso Gaal, mail: friso.gaal@brueckner.example, accounts: [fgaal], roles: [director]}
providers:
  - id: nordpixel
    name: Nordpixel Agency
    networks: [198.51.100.16/28]
    hosts: [web1, web2]
    hours: "Mon-Fri 07:00-19:00"
    persons:
      - {name: Olu Reiter, accounts: [np-reiter], keys: ["SHA256:AAAAreiterAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]}
      - {name: Pia Stern, accounts: [np-stern]}
service_accounts: [www-data, postgres, backup, ansible, nagios]
patch_folders: [/srv/patch/release]
web_roots: [/var/www]
"""
UIDS = {'root': 0, 'www-data': 33, 'backup': 34, 'postgres': 115, 'aberg': 1001, 'bcremer': 1002, 'cdorn': 1003, 'devers': 1004,
        'efalk': 1005, 'fgaal': 1006, 'np-reiter': 1101, 'np-stern': 1102, 'ansible': 990, 'nagios': 991}


class Bad(Exception):
    pass


def outside(k):
    """Address number k: other networks for neighbours, none of them of the documents' ranges the organisation uses."""
    return f"{45 + k % 7}.{140 + k // 7 % 60}.{k * 37 % 251}.{k % 250 + 2}"


class Section:
    """One file of a scenario while it is written."""
    def __init__(self, path, start):
        self.path, self.clock, self.lines, self.stamp, self.n = path, start, [], 'iso', 20000
        self.host = path.split('/')[0] if '/' in path else 'srv1'
        self.newest = start

    def fresh(self):
        self.n += 7
        return self.n

    def move(self, text):
        m = re.fullmatch(r'(?:\+(\d+)d)?\s*(?:(\d\d):(\d\d)(?::(\d\d))?)?', text.strip())
        if not m or not text.strip():
            raise Bad(f"@at {text}: not [+DAYSd] [HH:MM[:SS]]")
        self.clock += datetime.timedelta(days=int(m[1] or 0))
        if m[2]:
            self.clock = self.clock.replace(hour=int(m[2]), minute=int(m[3]), second=int(m[4] or 0))

    def time(self, kind):
        c = self.clock
        if kind == 'iso':
            return c.strftime('%Y-%m-%dT%H:%M:%S.%f') + c.isoformat()[-6:]
        if kind == 'bsd':
            return f"{c:%b} {c.day:2} {c:%H:%M:%S}"
        if kind == 'clf':
            return c.strftime('%d/%b/%Y:%H:%M:%S %z')
        if kind == 'clf2':
            return c.strftime('%Y/%m/%d %H:%M:%S')
        return f"{c.timestamp():.3f}"

    def fill(self, text, i):
        def one(m):
            name, arg = m[1], m[2]
            if name in ('iso', 'bsd', 'clf', 'clf2', 'epoch'):
                return self.time(name)
            if name == 'stamp':
                return self.time(self.stamp)
            if name == 'host':
                return self.host
            if name == 'n':
                return str(self.fresh())
            if name == 'gs':
                return '\x1d'
            if name == 'i':
                return str(i % int(arg) if arg else i)
            if name == 'ip':
                return outside(i % int(arg or 1))
            if name == 'ip6':
                return f"2a0c:{0x4000 + i % int(arg or 1):x}:{i % 9 + 1}::{i % 200 + 2:x}"
            if name == 'pick':
                words = arg.split('|')
                return words[i % len(words)]
            self.clock += datetime.timedelta(seconds=int(m[3]) * UNITS[m[4]])
            return ''
        return re.sub(r'\{(?:(iso|bsd|clf2|clf|epoch|stamp|host|gs|n|i|ip6|ip|pick)(?::([^{}]*))?|\+(\d+)([smhd]))\}', one, text)

    def line(self, text, i):
        text = self.fill(text, i)
        if not text:
            return
        self.lines.append(text)
        self.newest = max(self.newest, self.clock)
        self.clock += datetime.timedelta(seconds=1)


def uid(user):
    return UIDS.get(user, 1000 + sum(user.encode()) % 400 + 200)


def write_login(s, i, user, ip, key=None):
    how = f"publickey for {user} from {ip} port {{n}} ssh2: ED25519 {key}" if key else f"password for {user} from {ip} port {{n}} ssh2"
    pid = s.fresh()
    s.line(f"{{stamp}} {{host}} sshd[{pid}]: Accepted {how}", i)
    s.line(f"{{stamp}} {{host}} sshd[{pid}]: pam_unix(sshd:session): session opened for user {user}(uid={uid(user)}) by (uid=0)", i)


def write_failure(s, i, user, ip, invalid=False):
    pid, port = s.fresh(), s.fresh()
    known = '' if invalid else f"  user={user}"
    if invalid:
        s.line(f"{{stamp}} {{host}} sshd[{pid}]: Invalid user {user} from {ip} port {port}", i)
        s.line(f"{{stamp}} {{host}} sshd[{pid}]: pam_unix(sshd:auth): check pass; user unknown", i)
    head, name = f"{{stamp}} {{host}} sshd[{pid}]:", 'invalid user ' + user if invalid else user
    s.line(f"{head} pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip}{known}", i)
    s.line(f"{head} Failed password for {name} from {ip} port {port} ssh2", i)


def write_sudo(s, i, user, command):
    s.line(f"{{stamp}} {{host}} sudo:  {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}", i)
    s.line(f"{{stamp}} {{host}} sudo: pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={uid(user)})", i)


def audit_head(s, i, who, number, tool, exe, call, key, login):
    """The SYSCALL record; login: whether somebody's login stands behind it. A daemon's child has no login uid."""
    real, _, effective = who.partition('>')
    name = effective or real
    a, u = (uid(real), real) if login else (4294967295, 'unset')
    ids = ' '.join(f"{k}={uid(name)}" for k in ('uid', 'gid', 'euid', 'suid', 'fsuid', 'egid', 'sgid', 'fsgid'))
    stamp = s.time('epoch')
    session = 'tty=pts1 ses=3' if login else 'tty=(none) ses=4294967295'
    s.lines.append(f"type=SYSCALL msg=audit({stamp}:{number}): arch=c000003e syscall={59 if call == 'execve' else 257} success=yes "
                   f"exit=0 a0=55d0a1 a1=55d0b2 a2=241 a3=1b6 items=2 ppid={s.fresh()} pid={s.fresh()} auid={a} {ids} {session} "
                   f"comm=\"{tool[:15]}\" exe=\"{exe}\" subj=unconfined key=\"{key}\"\x1dARCH=x86_64 SYSCALL={call} "
                   f"AUID=\"{u}\" UID=\"{name}\" GID=\"{name}\" EUID=\"{name}\"")
    return stamp


def has_login(who):
    return uid(who.partition('>')[0]) >= 990


def audit_text(word):
    raw = word.encode()
    return f'"{word}"' if all(33 <= b < 127 and b != 34 for b in raw) else raw.hex().upper()


def write_exec(s, i, who, command):
    argv, number = shlex.split(command), s.fresh()
    exe = argv[0] if argv[0].startswith('/') else '/usr/bin/' + argv[0]
    stamp = audit_head(s, i, who, number, os.path.basename(exe), exe, 'execve', 'exec', has_login(who))
    words = ' '.join(f"a{k}={audit_text(w)}" for k, w in enumerate(argv))
    s.lines.append(f"type=EXECVE msg=audit({stamp}:{number}): argc={len(argv)} {words}")
    s.lines.append(f"type=CWD msg=audit({stamp}:{number}): cwd=\"/\"")
    s.lines.append(f"type=PROCTITLE msg=audit({stamp}:{number}): proctitle={chr(0).join(argv).encode().hex().upper()}")
    s.newest = max(s.newest, s.clock)
    s.clock += datetime.timedelta(seconds=1)


def write_file(s, i, who, program, path):
    number = s.fresh()
    stamp = audit_head(s, i, who, number, os.path.basename(program), program, 'openat', 'files', has_login(who))
    s.lines.append(f"type=CWD msg=audit({stamp}:{number}): cwd=\"/\"")
    for k, (name, what) in enumerate(((os.path.dirname(path) + '/', 'PARENT'), (path, 'CREATE'))):
        s.lines.append(f"type=PATH msg=audit({stamp}:{number}): item={k} name={audit_text(name)} inode={9000 + k} dev=fe:01 mode=0100644 "
                       f"ouid=0 ogid=0 rdev=00:00 nametype={what} cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0\x1dOUID=\"root\" OGID=\"root\"")
    s.lines.append(f"type=PROCTITLE msg=audit({stamp}:{number}): proctitle={program.encode().hex().upper()}")
    s.newest = max(s.newest, s.clock)
    s.clock += datetime.timedelta(seconds=1)


def directive(s, name, rest, i, files):
    rest = s.fill(rest, i)
    if name == 'at':
        s.move(rest)
    elif name == 'stamp' and rest in ('iso', 'bsd'):
        s.stamp = rest
    elif name == 'login':
        write_login(s, i, *rest.split())
    elif name in ('fail', 'invalid'):
        write_failure(s, i, *rest.split(), name == 'invalid')
    elif name in ('sudo', 'exec'):
        user, command = rest.split(None, 1)
        (write_sudo if name == 'sudo' else write_exec)(s, i, user, command)
    elif name == 'cron':
        user, command = rest.split(None, 1)
        s.line(f"{{stamp}} {{host}} CRON[{{n}}]: ({user}) CMD ({command})", i)
    elif name == 'write':
        write_file(s, i, *rest.split(None, 2))
    elif name == 'copy':
        path, *span = rest.split()
        lines = files[path].lines
        s.lines += lines[int(span[0]) - 1:int(span[1])] if span else lines
        s.newest = max(s.newest, files[path].newest)
    elif name == 'reverse':
        s.lines.reverse()
    else:
        raise Bad(f"unknown directive @{name} {rest}")


def block_end(body, at):
    depth = 1
    for k in range(at, len(body)):
        if re.fullmatch(r'@repeat \d+', body[k]):
            depth += 1
        elif body[k] == '@end':
            depth -= 1
            if not depth:
                return k
    raise Bad('@repeat without @end')


def play(s, body, i, files):
    at = 0
    while at < len(body):
        text = body[at]
        at += 1
        m = re.fullmatch(r'@repeat (\d+)(?: (.*))?', text)
        if m:
            end = at if m[2] else block_end(body, at)
            inner = [m[2]] if m[2] else body[at:end]
            for k in range(int(m[1])):
                play(s, inner, k, files)
            at = end if m[2] else end + 1
        elif text.startswith('@'):
            name, _, rest = text[1:].partition(' ')
            directive(s, name, rest, i, files)
        elif text:
            s.line(text, i)


def load(path):
    head, bodies, body = {}, [], None
    with open(path, encoding='utf-8') as f:
        for text in f.read().split('\n'):
            if body is None and (m := re.match(r'# ([a-z]+): *(.*)', text)):
                if m[1] not in KEYS:
                    raise Bad(f"unknown header {m[1]}")
                head.setdefault(m[1], []).append(m[2])
            elif text.startswith('== '):
                body = []
                bodies.append((text[3:].strip(), body))
            elif body is not None:
                body.append(text)
            elif text and text[0] != '#':
                raise Bad(f"in front of the first section: {text}")
    if 'what' not in head or not set(head) & {'expect', 'silent', 'limit'}:
        raise Bad('needs "# what:", and one of expect, silent and limit')
    return head, bodies


def build(folder, head, bodies):
    start = datetime.datetime.fromisoformat(head.get('start', ['2025-03-03T08:00:00+01:00'])[0])
    files = {}
    kind = head.get('org', ['office'])[0]
    if kind not in ('office', 'none', 'inline'):
        raise Bad(f"org: {kind}: not office, none or inline")
    for path, body in bodies:
        s = files[path] = Section(path, start)
        if path == 'org.yaml':
            s.lines = body
        else:
            play(s, body, 0, files)
    if kind == 'office':
        files['org.yaml'] = Section('org.yaml', start)
        files['org.yaml'].lines = ORG.split('\n')
    for path, s in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8', newline='\n') as f:
            f.write('\n'.join(s.lines) + '\n')
        newest = s.newest.timestamp() + 1
        os.utime(full, (newest, newest))  # the year of stamps without one is guessed from it


def scan(postern, folder, head):
    command = [postern, 'scan', '-q', '--format', 'json']
    for key in ('learning', 'tz'):
        if key in head:
            command += ['--' + key, head[key][0]]
    p = subprocess.run(command + [folder], capture_output=True, timeout=120)
    if p.returncode:
        raise Bad(f"postern ended with {p.returncode}: {p.stderr.decode(errors='replace')[:300]}")
    return [json.loads(line) for line in p.stdout.decode('utf-8').split('\n') if line]


def count_in(n, text):
    low, _, high = text.partition('-')
    return int(low) <= n <= int(high or low)


def level_fits(level, text):
    want = LEVELS.index(text.rstrip('+'))
    return level >= want if text.endswith('+') else level == want


def level_of(record):
    return record['severity_id'] - 1


def compare(head, report):
    """What is wrong, as texts."""
    found, errors = {'incident': []}, []
    for r in report:
        if r.get('class_uid') == 2004:
            found.setdefault(r['finding_info']['analytic']['uid'].removeprefix('postern.'), []).append(r)
        elif r.get('class_uid') == 2005:
            found['incident'].append(r)
    covered = set()
    expected = {}
    for text in head.get('expect', []):
        name, level, count = text.split()
        fits = [r for r in found.get(name, []) if level_fits(level_of(r), level)]
        covered |= {id(r) for r in fits}
        expected.setdefault(name, []).append(text)
        if not count_in(len(fits), count):
            errors.append(f"expected {text}, there are {len(fits)}")
    for name, lines in expected.items():
        over = [r for r in found.get(name, []) if id(r) not in covered and level_of(r) > 0]
        errors += [f"not covered by {' and '.join(lines)}: {title(r)}" for r in over]
    for name in ' '.join(head.get('silent', [])).replace(',', ' ').split():
        errors += [f"not silent: {title(r)}" for r in found.get(name, []) if level_of(r) > 0]
    if 'limit' in head:
        limit = LEVELS.index(head['limit'][0])
        errors += [f"above the limit: {title(r)}" for rs in found.values() for r in rs if id(r) not in covered and level_of(r) >= limit
                   and r.get('class_uid') == 2004]
    named = ' '.join(head.get('sources', [])).split()
    have = {e['file']['path'] for rs in found.values() for r in rs if id(r) in covered for e in r.get('evidences', [])}
    errors += [f"no evidence from {path}" for path in named if not any(h.endswith('/' + path) for h in have)]
    return errors


def title(r):
    if r.get('class_uid') == 2005:
        return f"{r['severity'].lower()} incident: {r['message']}"
    return f"{r['severity'].lower()} {r['finding_info']['analytic']['uid']}: {r['finding_info']['title']}"


def run(postern, path, keep, verbose):
    """Returns (errors, broken)."""
    broken = None
    try:
        head, bodies = load(path)
        broken = head.get('broken', [None])[0]
        with tempfile.TemporaryDirectory(prefix='postern-detect-') as folder:
            if keep:
                folder = os.path.join(keep, os.path.basename(path).removesuffix('.scenario'))
            build(folder, head, bodies)
            report = scan(postern, folder, head)
        if verbose:
            for r in report:
                if r.get('class_uid') in (2004, 2005):
                    print('    ', title(r))
        return compare(head, report), broken
    except (Bad, ValueError, KeyError, IndexError, OSError, TypeError, subprocess.TimeoutExpired) as e:
        return [f"scenario cannot be run: {type(e).__name__} {e}"], None


def gaps(postern, names):
    """Detectors with fewer than two scenarios to fire in, or two to be silent in."""
    listed = subprocess.run([postern, 'rules', 'list'], capture_output=True, check=True).stdout.decode()
    fires = {m: 0 for m in re.findall(r'^postern\.(\S+)', listed, re.M)}
    quiet = dict(fires)
    for n in names:
        try:
            head = load(os.path.join(DATA, n))[0]
        except Bad:
            continue  # told when it was run
        expected = {text.split()[0] for text in head.get('expect', []) if not text.endswith(' 0')} - {'incident'}
        silent = set(' '.join(head.get('silent', [])).replace(',', ' ').split())
        for name in expected | silent:
            if name not in fires:
                yield f"{n}: no detector {name}"
                continue
            fires[name] += name in expected
            quiet[name] += name in silent
    for name, n in fires.items():
        if n < 2 or quiet[name] < 2:
            yield f"{name}: {n} scenarios to fire in, {quiet[name]} to be silent in; two of each are the least"


def main():
    args = sys.argv[1:]
    verbose = '-v' in args
    keep = None
    if '--keep' in args:
        at = args.index('--keep')
        keep = args[at + 1]
        del args[at:at + 2]
    args = [a for a in args if a not in ('-v', '--list')]
    if not args:
        sys.exit(__doc__)
    names = sorted(n for n in os.listdir(DATA) if n.endswith('.scenario'))
    if args[1:]:
        names = [n for n in names if n.removesuffix('.scenario') in args[1:]]
    if '--list' in sys.argv:
        for n in names:
            print(f"{n.removesuffix('.scenario'):<36} {load(os.path.join(DATA, n))[0]['what'][0]}")
        return 0
    failed = known = 0
    for n in names:
        if verbose:
            print(n)
        errors, broken = run(args[0], os.path.join(DATA, n), keep, verbose)
        if broken is not None:
            known += 1
            print(f"detectors: {n}: {'known: ' + broken if errors else 'passes now, take the broken header out'}")
            if not verbose:
                continue
        elif errors:
            failed += 1
        for e in errors:
            print(f"detectors: {n}: {e}")
    if not args[1:]:
        for text in gaps(args[0], names):
            failed += 1
            print(f"detectors: {text}")
    print(f"detectors: {len(names)} scenarios, {failed} failed, {known} known to be broken")
    return 1 if failed or not names else 0


sys.exit(main())
