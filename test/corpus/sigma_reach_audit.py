"""auditd's raw records for a Sigma rule of process_creation, file_event or service auditd, and a plain reading of such records."""
import collections, itertools, re

import sigma_reach_make as make

# Numbers of x86_64.
SYSCALLS = {'open': 2, 'socket': 41, 'connect': 42, 'clone': 56, 'execve': 59, 'kill': 62, 'rename': 82, 'creat': 85, 'unlink': 87, 'chmod': 90,
            'chown': 92, 'sysinfo': 99, 'ptrace': 101, 'syslog': 103, 'mknod': 133, 'personality': 135, 'init_module': 175,
            'openat': 257, 'mknodat': 259, 'unlinkat': 263, 'finit_module': 313, 'memfd_create': 319, 'execveat': 322}
NAMES = {number: name for name, number in SYSCALLS.items()}
USERS = {'root': 0, 'daemon': 1, 'www-data': 33, 'alice': 1000}
UNSET = 4294967295
HEXED = {'comm', 'exe', 'name', 'cwd', 'proctitle', 'key', 'data', 'cmd', 'acct'}


def quoted(text):
    """A value as the kernel writes what it does not trust."""
    raw = text.encode()
    if any(c == 0x22 or c < 0x21 or c > 0x7e for c in raw):
        return raw.hex().upper()
    return f'"{text}"'


class Log:
    """The lines of one host, event after event."""

    def __init__(self, second, enriched=False):
        self.second, self.serial, self.pid, self.enriched, self.lines = second, 2000, 4000, enriched, []
        self.stamp = ''

    def event(self):
        self.serial += 1
        self.stamp = f'msg=audit({self.second}.{100 + self.serial % 800:03d}:{self.serial}):'

    def record(self, kind, text, extra=''):
        self.lines.append(f'type={kind} {self.stamp} {text}' + ('\x1d' + extra if self.enriched and extra else ''))

    def syscall(self, number, exe, comm=None, uid=1000, euid=None, auid=1000, ses=3, ppid=1200, pid=None, key='exec', args=None, items=2,
                leave=0, subject='unconfined'):
        euid = uid if euid is None else euid
        a = ['55d0c8a3f2a0', '55d0c8a412b0', '55d0c89f4d10', '8']
        for i, value in (args or {}).items():
            a[i] = value
        name = {v: k for k, v in USERS.items()}
        ids = [('AUID', auid), ('UID', uid), ('GID', uid), ('EUID', euid), ('SUID', euid), ('FSUID', euid), ('EGID', uid), ('SGID', uid), ('FSGID', uid)]
        users = ' '.join(f'{k}="{name.get(v, "unset" if v == UNSET else f"unknown({v})")}"' for k, v in ids)
        self.record('SYSCALL', f'arch=c000003e syscall={number} success=yes exit={leave} a0={a[0]} a1={a[1]} a2={a[2]} a3={a[3]} items={items} '
                    f'ppid={ppid} pid={pid or self.pid} auid={auid} uid={uid} gid={uid} euid={euid} suid={euid} fsuid={euid} egid={uid} sgid={uid} '
                    f'fsgid={uid} tty=pts0 ses={ses} comm={quoted((comm or exe.split("/")[-1])[:15])} exe={quoted(exe)} subj={subject} '
                    f'key={quoted(key)}', f'ARCH=x86_64 SYSCALL={NAMES.get(number, "unknown")} {users}')

    def path(self, item, name, nametype, mode='0100755'):
        self.record('PATH', f'item={item} name={quoted(name)} inode={262144 + item} dev=08:01 mode={mode} ouid=0 ogid=0 rdev=00:00 '
                    f'nametype={nametype} cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0', 'OUID="root" OGID="root"')

    def exec(self, image, args, cwd='/home/alice', **more):
        """The group of records of a started program."""
        self.event()
        self.syscall(SYSCALLS['execve'], image, **more)
        self.record('EXECVE', ' '.join([f'argc={len(args)}'] + [f'a{i}={quoted(a)}' for i, a in enumerate(args)]))
        self.record('CWD', f'cwd={quoted(cwd)}')
        self.path(0, image, 'NORMAL')
        self.path(1, '/lib64/ld-linux-x86-64.so.2', 'NORMAL')
        self.record('PROCTITLE', f'proctitle={title(args)}')

    def file(self, image, name, nametype='CREATE', cwd='/home/alice', key='files'):
        """The group of records of an opened or created file."""
        self.event()
        create = nametype == 'CREATE'
        self.syscall(SYSCALLS['openat'], image, leave=3, key=key, items=2 if create else 1, uid=0, args={0: 'ffffff9c', 2: '241' if create else '0'})
        self.record('CWD', f'cwd={quoted(cwd)}')
        if create:
            self.path(0, name.rsplit('/', 1)[0] + '/', 'PARENT', '040755')
        self.path(1 if create else 0, name, nametype, '0100644')
        self.record('PROCTITLE', f'proctitle={title([image.split("/")[-1]])}')


def title(args):
    """PROCTITLE: the arguments with NUL between, cut at 128 bytes."""
    raw = '\0'.join(args).encode()[:128]
    return quoted(raw.decode('utf-8', 'ignore')) if len(args) == 1 else raw.hex().upper()


def by_field(leaves):
    fields = collections.defaultdict(list)
    for leaf in leaves:
        fields[leaf.field].append(leaf)
    return fields


def images(leaves):
    """Paths of programs."""
    for path in make.strings(leaves, ('/', ''), ('/usr/bin', '/opt/app/bin', '/usr/sbin', ''), ('', 'x')):
        single = path.replace('//', '/')
        if not path.endswith('/'):
            yield single if all(leaf.fits(single) for leaf in leaves) else path


def image_of(command):
    """The program of a command line whose image no rule names."""
    word = command.split(' ')[0]
    if word.startswith('/') and not word.endswith('/'):
        return word
    return '/usr/bin/' + word if re.fullmatch(r'[\w.+-]+', word) else '/usr/bin/env'


def commands(leaves, starts):
    """Command lines; those without an empty last argument first."""
    yield from sorted(itertools.islice(make.strings(leaves, (' ', ''), starts, ('', 'x')), 16), key=lambda c: c.endswith(' '))


def programs(image, command):
    """(image, command line) pairs that satisfy the leaves of both."""
    if image:
        for path in itertools.islice(images(image), 8):
            name = path.split('/')[-1]
            if command:
                for text in itertools.islice(commands(command, (name, path, '')), 8):
                    yield path, text
            else:
                yield path, name
                yield path, name + ' --verbose'
    elif command:
        for text in itertools.islice(commands(command, ('env', 'bash', '')), 24):
            yield image_of(text), text
    else:
        yield '/usr/bin/id', 'id'
        yield '/usr/bin/true', 'true'


def process_creation(leaves, second, enriched):
    """Logs that may satisfy the leaves."""
    f = by_field(leaves)
    directories = ['/home/alice']
    if f['CurrentDirectory']:
        directories = itertools.islice(make.strings(f['CurrentDirectory'], ('/',), ('/opt/app', ''), ('', 'x')), 2)
    for (image, command), directory, (parent, parent_command) in itertools.product(
            itertools.islice(programs(f['Image'], f['CommandLine']), 24), directories,
            itertools.islice(programs(f['ParentImage'], f['ParentCommandLine']), 6)):
        log = Log(second, enriched)
        more = {}
        if f['User']:
            user = next(make.strings(f['User']))
            if user not in USERS:
                raise ValueError(f'user {user} has no number')
            more['uid'] = USERS[user]
        if f['LogonId']:
            more['auid'], more['ses'] = UNSET, UNSET  # the only value rules ask for is 0
        if f['ParentImage'] or f['ParentCommandLine']:
            log.second -= 2
            log.exec(parent, parent_command.split(' '), ppid=1200, pid=3900)
            log.second += 2
            more['ppid'] = 3900
        log.exec(image, command.split(' '), directory, **more)
        yield log


def file_event(leaves, second, enriched):
    f = by_field(leaves)
    for name, image in itertools.product(itertools.islice(make.strings(f['TargetFilename'], ('/', ''), ('/srv/data', '/opt/app', ''), ('', 'x')), 12),
                                         itertools.islice(images(f['Image']), 4) if f['Image'] else ['/usr/bin/touch', '/usr/bin/python3.11']):
        if name.endswith('/'):
            continue
        log = Log(second, enriched)
        log.file(image, name)
        yield log


def auditd(leaves, second, enriched):
    f = by_field(leaves)
    words = [text for leaf in f[None] for text in [next(make.strings([leaf]))]]
    args = {int(k[1:]): v for k, v in f.items() if k and re.fullmatch(r'a\d+', k)}
    kind = next(make.strings(f['type'])).upper() if f['type'] else ''
    if not kind:
        kind = 'SYSCALL' if f['SYSCALL'] or f['exe'] or f['comm'] or f['key'] else 'EXECVE' if args or words else 'PATH'
    exe = next(images(f['exe'])) if f['exe'] else '/usr/bin/' + next(make.strings(f['comm'])) if f['comm'] else '/usr/bin/python3.11'
    log = Log(second, enriched)
    if kind == 'EXECVE':
        yield from arguments(args, words, second, enriched)
        return
    if kind == 'PATH':
        names = itertools.islice(make.strings(f['name'], ('/', ''), ('/opt/app', ''), ('', 'x')), 6)
        for name in sorted(names, key=lambda n: n.endswith(('/', '/.'))):
            log = Log(second, enriched)
            log.file('/usr/bin/vim', name, next(make.strings(f['nametype'])) if f['nametype'] else 'NORMAL')
            yield log
        return
    log.event()
    if kind == 'SYSCALL':
        name = next(make.strings(f['SYSCALL'])) if f['SYSCALL'] else 'execve'
        euid = int(next(make.strings(f['euid']))) if f['euid'] else None
        log.syscall(SYSCALLS[name], exe, next(make.strings(f['comm'])) if f['comm'] else None, uid=1000 if euid is None else euid, euid=euid,
                    key=next(make.strings(f['key'])) if f['key'] else 'watch', args={i: next(make.strings(v)) for i, v in args.items()}, items=0)
        log.record('PROCTITLE', f'proctitle={title([exe, "-v"])}')
    elif kind == 'TTY':
        log.record('TTY', f'tty pid=4000 uid=0 auid=1000 ses=3 major=136 minor=0 comm="bash" data={b"passwd alice".hex().upper()}0D')
    elif kind == 'USER_TTY':
        log.record('USER_TTY', f'pid=4000 uid=0 auid=1000 ses=3 data={b"passwd alice".hex().upper()}')
    elif kind == 'ADD_USER':
        log.record('ADD_USER', 'pid=4000 uid=0 auid=1000 ses=3 subj=unconfined msg=\'op=adding user acct="mallory" exe="/usr/sbin/useradd" '
                   "hostname=? addr=? terminal=pts/0 res=success'", 'UID="root" AUID="alice"')
    elif kind in ('SERVICE_STOP', 'SERVICE_START'):
        log.record(kind, f"pid=1 uid=0 auid={UNSET} ses={UNSET} subj=unconfined msg='unit={next(make.strings(f['unit']))} comm=\"systemd\" "
                   "exe=\"/usr/lib/systemd/systemd\" hostname=? addr=? terminal=? res=success'", 'UID="root" AUID="unset"')
    else:
        raise ValueError(f'no record of type {kind} is written')
    yield log


def arguments(args, words, second, enriched):
    """Started programs with the arguments a rule names by place, and its keywords among them, split at blanks as a shell would."""
    words = [w for text in words for w in text.split(' ') if w]
    given = {i: list(itertools.islice(make.strings(v, ('', ' '), ('', 'x'), ('', 'x')), 6)) for i, v in args.items()}
    for turn in range(6):
        argv = {i: v[min(turn, len(v) - 1)] for i, v in given.items()}
        rest = list(words)
        if 0 not in argv:
            argv[0] = rest.pop(0) if rest and re.fullmatch(r'[a-z-]*[a-z]', rest[0]) else 'cat'
        place = 1
        for word in rest:
            while place in argv:
                place += 1
            argv[place] = word
        line = [argv.get(i, '-v') for i in range(max(argv) + 1)]
        log = Log(second, enriched)
        log.exec(line[0] if line[0].startswith('/') else '/usr/bin/' + re.sub(r'[^\w.-]', '', line[0]), line)
        yield log


def records(text):
    """(type, key of the event, fields, line) of every record."""
    for line in text.splitlines() if '\x1d' not in text else text.split('\n'):
        m = re.match(r'type=(\S+) msg=audit\(([^)]*)\): ?(.*)', line, re.S)
        if not m:
            continue
        kind, key, body = m.groups()
        raw, _, names = body.partition('\x1d')
        fields = {'type': kind}
        for k, v in re.findall(r'([\w\[\]-]+)=("[^"]*"|[^\s\']*)', raw.replace("msg='", ' ') + ' ' + names):
            if v.startswith('"'):
                v = v[1:-1]
            elif (k in HEXED or kind == 'EXECVE' and re.fullmatch(r'a\d+', k)) and re.fullmatch(r'([0-9A-F]{2})+', v):
                v = bytes.fromhex(v).decode('utf-8', 'replace')
                v = v.replace('\0', ' ') if k == 'proctitle' else v
            fields[k] = v
        if kind == 'SYSCALL' and 'SYSCALL' not in fields:
            fields['SYSCALL'] = NAMES.get(int(fields['syscall']), '')
        yield kind, key, fields, line


def read_auditd(text):
    """Each record as an event."""
    for kind, _, fields, line in records(text):
        event = {k: [v] for k, v in fields.items()}
        event[''] = [line] + list(fields.values())
        if kind == 'EXECVE':
            event[''].append(' '.join(fields[f'a{i}'] for i in range(int(fields['argc']))))
        yield event


def grouped(text):
    groups = {}
    for kind, key, fields, _ in records(text):
        groups.setdefault(key, []).append((kind, fields))
    for group in groups.values():
        yield {kind: fields for kind, fields in reversed(group)}, [fields for kind, fields in group if kind == 'PATH']


def read_process_creation(text):
    """Each started program as an event."""
    known = {}
    user = {str(v): k for k, v in USERS.items()}
    for kinds, paths in grouped(text):
        call, execve = kinds.get('SYSCALL'), kinds.get('EXECVE')
        if not call or not execve:
            continue
        image = {call['exe'], paths[0]['name']}
        command = ' '.join(execve[f'a{i}'] for i in range(int(execve['argc'])))
        event = {'Image': sorted(image), 'CommandLine': [command], 'CurrentDirectory': [kinds['CWD']['cwd']],
                 'User': [user.get(call['uid'], call['uid'])], 'LogonId': ['0' if call['auid'] == str(UNSET) else call['ses']],
                 'ProcessId': [call['pid']], 'ParentProcessId': [call['ppid']]}
        if call['ppid'] in known:
            event['ParentImage'], event['ParentCommandLine'] = known[call['ppid']]
        known[call['pid']] = event['Image'], event['CommandLine']
        yield event


def read_file_event(text):
    """Each created file as an event."""
    for kinds, paths in grouped(text):
        for path in paths:
            if path['nametype'] == 'CREATE':
                yield {'TargetFilename': [path['name']], 'Image': [kinds['SYSCALL']['exe']]}
