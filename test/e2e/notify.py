#!/usr/bin/env python3
"""Webhooks, log servers and commands with real receivers: TLS with a CA of the test's own, failures of every kind, kills, repeats.

usage: notify.py POSTERN

Driven by test/helper/notify_drive (build-asan/test/notify_drive, or $NOTIFY_DRIVE).
"""
import collections, hashlib, hmac, http.server, json, os, re, shutil, signal, socket, ssl, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRIVE = os.environ.get('NOTIFY_DRIVE', os.path.join(ROOT, 'build-asan', 'test', 'notify_drive'))
SECRET = b'a secret of the test, long enough'
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'notify: {what}: FAILED {str(told)[:1500]}')


def drive(*argv, timeout=120):
    p = subprocess.run([DRIVE, *map(str, argv)], capture_output=True, text=True, timeout=timeout, check=False)
    if p.returncode:
        failures.append(f'{argv}: status {p.returncode}')
        print(f'notify: {argv}: {p.stderr[-3000:]}')
    return p.stdout


def listed(db):
    return [json.loads(line) for line in drive('list', db).splitlines()]


# ---- certificates ------------------------------------------------------------------------------------------------------------
def openssl(*argv):
    subprocess.run(['openssl', *argv], check=True, capture_output=True)


def certificates(d):
    """ca.crt, other.crt; server.crt of ca for 127.0.0.1, stranger.crt of ca for another name."""
    for ca in ('ca', 'other'):
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', f'/CN=test {ca}', '-keyout', f'{d}/{ca}.key', '-out', f'{d}/{ca}.crt')
    for name, san in (('server', 'IP:127.0.0.1'), ('stranger', 'DNS:elsewhere.example')):
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}', '-keyout', f'{d}/{name}.key', '-out', f'{d}/{name}.csr')
        with open(f'{d}/{name}.ext', 'w') as f:
            f.write(f'subjectAltName={san}\n')
        openssl('x509', '-req', '-in', f'{d}/{name}.csr', '-CA', f'{d}/ca.crt', '-CAkey', f'{d}/ca.key', '-CAcreateserial', '-days', '2', '-extfile', f'{d}/{name}.ext', '-out', f'{d}/{name}.crt')


# ---- the receiver --------------------------------------------------------------------------------------------------------------
class Receiver:
    """Keeps what it got; the path says how it behaves."""

    def __init__(self, certificate=None, key=None):
        self.got = []          # (path, headers, body, connection)
        self.connections = set()
        self.mended = False    # hang and cut no longer
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            timeout = 60
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                with outer.lock:
                    before = sum(1 for p, *_ in outer.got if p == self.path)
                    outer.got.append((self.path, dict(self.headers), body, self.client_address))
                    outer.connections.add(self.client_address)
                getattr(self, 'at_' + self.path.strip('/'))(before)

            def do_GET(self):
                outer.got.append((self.path, dict(self.headers), b'', self.client_address))
                self.answer(200)

            def answer(self, status, body=b'{}', **more):
                self.send_response(status)
                for k, v in more.items():
                    self.send_header(k.replace('_', '-'), v)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def at_ok(self, _):
                self.answer(200)

            def at_flaky(self, before):
                self.answer(500 if before == 0 else 200)

            def at_busy(self, before):
                self.answer(429, Retry_After='2') if before == 0 else self.answer(204, b'')

            def at_redirect(self, _):
                self.answer(302, Location='/ok')

            def at_hang(self, _):
                if outer.mended:
                    return self.answer(200)
                time.sleep(40)
                self.close_connection = True

            def at_cut(self, before):
                if before == 0: # within the head of the answer
                    self.wfile.write(b'HTTP/1.1 2')
                    self.wfile.flush()
                    self.close_connection = True
                else:
                    self.answer(200)

            def at_cutbody(self, _):
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')
                self.wfile.flush()
                self.close_connection = True

            def at_endless(self, _):
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
                try:
                    for _ in range(1000000):
                        self.wfile.write(b'x' * 65536)
                except OSError:
                    pass
                self.close_connection = True

            def at_stale(self, before):
                if before == 1: # taken on a connection that was kept, and closed without a word
                    self.close_connection = True
                else:
                    self.answer(200)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

            def get_request(self):
                sock, address = self.socket.accept()
                if certificate:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(certificate, key)
                    sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                return sock, address

        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def at(self, path):
        return [x for x in self.got if x[0] == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def genuine(entry):
    """Headers and body of a request agree, and the signature is ours."""
    _, headers, body, _ = entry
    whole = json.loads(body)
    mac = hmac.new(SECRET, headers['X-Postern-Timestamp'].encode() + b'.' + body, hashlib.sha256).hexdigest()
    return (headers.get('X-Postern-Signature') == 'sha256=' + mac and abs(time.time() - int(headers['X-Postern-Timestamp'])) < 120
            and headers['X-Postern-Id'] == whole['id'] and headers['X-Postern-Attempt'] == str(whole['attempt'])
            and headers['X-Postern-Repeat'] == str(whole['repeat']).lower() and headers['Content-Type'] == 'application/json' and 'Expect' not in headers)


def config(d, *channels, more=''):
    with open(f'{d}/postern.yaml', 'w') as f:
        f.write('retry: {first: 200ms, longest: 2s}\nmost_per_hour: 1000\n' + more + 'channels:\n')
        f.writelines(f'- {{{c}, min_level: low}}\n' for c in channels)
    return f'{d}/postern.yaml'


def hook(name, receiver, path, d, ca='ca', scheme='https'):
    return f'name: {name}, webhook: "{scheme}://127.0.0.1:{receiver.port}/{path}", secret_file: {d}/secret, ca_file: {d}/{ca}.crt'


# ---- webhooks ------------------------------------------------------------------------------------------------------------------
def repeats(entries):
    return [json.loads(e[2])['repeat'] for e in entries]


def failures_of_receivers(d):
    good = Receiver(f'{d}/server.crt', f'{d}/server.key')
    stranger = Receiver(f'{d}/stranger.crt', f'{d}/stranger.key')
    plain = Receiver()
    paths = ('ok', 'flaky', 'busy', 'redirect', 'cut', 'cutbody', 'endless', 'hang')
    conf = config(d, *(hook(p, good, p, d) for p in paths), hook('wrongca', good, 'ok', d, ca='other'), hook('wrongname', stranger, 'ok', d),
                  hook('plain', plain, 'ok', d, scheme='http'), f'name: nobody, webhook: "https://127.0.0.1:1/", ca_file: {d}/ca.crt', more='attempts: 2\n')
    db = f'{d}/failures.db'
    drive('queue', db, conf, 'case', 'high', 3, 3, 'n')
    started = time.time()
    drive('run', db, conf, 60)
    rows = {r['channel']: r for r in listed(db)}
    for entry in good.got + plain.got:
        check('signature and headers', genuine(entry), entry)
    check('one message a channel', len(rows) == 12, rows)
    for name, attempts in (('ok', 1), ('flaky', 2), ('busy', 2), ('cut', 2), ('cutbody', 1), ('endless', 1), ('plain', 1)):
        check(f'{name}: sent in {attempts}', rows[name]['state'] == 1 and rows[name]['attempts'] == attempts, rows[name])
        receiver = plain if name == 'plain' else good
        if name not in ('ok', 'plain'):
            check(f'{name}: repeats are marked', repeats(receiver.at('/' + name)) == [False, True][:attempts], repeats(receiver.at('/' + name)))
    check('a certificate of a stranger: nothing was sent', len(good.at('/ok')) == 1 and not stranger.got)
    for name, doubt, word in (('redirect', True, 'redirect'), ('hang', True, ''), ('wrongca', False, 'certificate'), ('wrongname', False, ''), ('nobody', False, '')):
        check(f'{name}: dead, with its reason', rows[name]['state'] == 2 and rows[name]['attempts'] == 2 and rows[name]['error'] and word in rows[name]['error'], rows[name])
        check(f'{name}: may it have got through', rows[name]['doubt'] is doubt, rows[name])
    check('no redirect was followed', [e[0] for e in good.got].count('/ok') == 1)
    hung = [json.loads(e[2]) for e in good.at('/hang')]
    check('hang: tried twice, the repeat marked', [h['repeat'] for h in hung] == [False, True], hung)
    whole = json.loads(good.at('/ok')[0][2])
    check('the incident as OCSF', whole['finding']['class_uid'] == 2005 and whole['kind'] == 'incident' and whole['incident'] == 'case' and whole['change'] == ['new'], whole)
    check('in words', 'What to do first:' in whole['text'] and 'postern incident show case' in whole['text'] and '\u202e' not in whole['text'] and '\r' not in whole['text'], whole['text'])
    # What was slow delayed nothing: everything but the hanging one was done before its first limit.
    check('the others did not wait', {e[0] for e in good.got[:len(good.got) - 1]} >= {'/ok', '/flaky', '/busy', '/cut', '/cutbody', '/endless'}, [e[0] for e in good.got])
    # dead letters live again
    good.mended = True
    check('requeue', drive('requeue', db).strip() == '5')
    drive('run', db, conf, 20)
    again = [r for r in listed(db) if r['channel'] == 'hang'][0]
    last = json.loads(good.at('/hang')[-1][2])
    check('a dead letter is sent again, as a repeat', again['state'] == 1 and last['repeat'] is True and last['id'] == whole_id(hung), (again, last))
    print(f'notify: failures of receivers: {time.time() - started:.0f} s')
    for r in (good, stranger, plain):
        r.close()


def whole_id(entries):
    ids = {e['id'] for e in entries}
    check('one id', len(ids) == 1, ids)
    return ids.pop()


def kept_connections(d):
    good = Receiver(f'{d}/server.crt', f'{d}/server.key')
    conf = config(d, hook('hook', good, 'ok', d))
    times = sorted(float(x) for x in drive('latency', f'{d}/latency.db', conf, 60).split())
    check('60 messages over one connection', len(good.at('/ok')) == 60 and len(good.connections) == 1, (len(good.got), len(good.connections)))
    check('no message twice', len({e[1]['X-Postern-Id'] for e in good.got}) == 60)
    if times:
        print(f'notify: queued to acknowledged: median {times[len(times) // 2]:.1f} ms, p99 {times[int(len(times) * .99)]:.1f} ms ({os.path.basename(os.path.dirname(os.path.dirname(DRIVE)))})')
    # a kept connection that dies with the message in it: a counted repeat, not a silent one of libcurl's
    conf = config(d, hook('hook', good, 'stale', d))
    drive('latency', f'{d}/stale.db', conf, 4) # one after the other; the second is taken and not answered
    stale = good.at('/stale')
    sent = collections.Counter((json.loads(e[2])['id'], json.loads(e[2])['repeat']) for e in stale)
    check('no attempt that was not counted', all(n == 1 for n in sent.values()) and sum(1 for _, r in sent if r) == 1 and len({i for i, _ in sent}) == 4, sent)
    check('it was a kept connection', stale[0][3] == stale[1][3] != stale[2][3] and stale[1][1]['X-Postern-Id'] == stale[2][1]['X-Postern-Id'], stale)
    good.close()


def killed(d):
    """kill -9 while the receiver has the message and has not answered; again and again while many are sent."""
    good = Receiver(f'{d}/server.crt', f'{d}/server.key')
    conf = config(d, hook('hook', good, 'hang', d))
    db = f'{d}/killed.db'
    drive('queue', db, conf, 'case', 'high', 1, 0, 'n')
    p = subprocess.Popen([DRIVE, 'run', db, conf, '60'])
    deadline = time.time() + 60
    while not good.at('/hang') and time.time() < deadline:
        time.sleep(.01)
    p.send_signal(signal.SIGKILL)
    p.wait()
    row = listed(db)[0]
    check('killed: counted, under way', row['state'] == 0 and row['attempts'] == 1 and row['under_way'], row)
    good.mended = True
    drive('run', db, conf, 30)
    check('killed: sent again as a repeat', repeats(good.at('/hang')) == [False, True] and listed(db)[0]['state'] == 1, repeats(good.at('/hang')))
    good.close()


def killed_often(d):
    good = Receiver(f'{d}/server.crt', f'{d}/server.key')
    conf = config(d, hook('hook', good, 'ok', d))
    db = f'{d}/often.db'
    for i in range(40):
        drive('queue', db, conf, f'case{i}', 'high', 1, 0, 'n')
    kills = 0
    while any(r['state'] == 0 for r in listed(db)) and kills < 20:
        got = len(good.got)
        p = subprocess.Popen([DRIVE, 'run', db, conf, '60'])
        deadline = time.time() + 60
        while len(good.got) < got + 1 + kills % 4 and p.poll() is None and time.time() < deadline:
            time.sleep(.002)
        kills += p.poll() is None
        p.send_signal(signal.SIGKILL)
        p.wait()
    drive('run', db, conf, 60)
    first = collections.Counter(e[1]['X-Postern-Id'] for e in good.got if e[1]['X-Postern-Repeat'] == 'false')
    every = {e[1]['X-Postern-Id'] for e in good.got}
    check('every message came', len(every) == 40 and all(r['state'] == 1 for r in listed(db)), len(every))
    check('unmarked at most once', all(n == 1 for n in first.values()), first)
    check('it was killed', kills >= 5, kills)
    print(f'notify: {kills} kills, {len(good.got)} requests for 40 messages, {sum(e[1]["X-Postern-Repeat"] == "true" for e in good.got)} marked as repeats')
    good.close()


# ---- log servers and commands --------------------------------------------------------------------------------------------------
class LogServer:
    def __init__(self, kind, path=None, manners='close'):
        self.got, self.manners = [], manners
        family = socket.AF_UNIX if path else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
        self.sock.bind(path or ('127.0.0.1', 0))
        self.port = None if path else self.sock.getsockname()[1]
        if kind == 'tcp':
            self.sock.listen(20)
        threading.Thread(target=self.stream if kind == 'tcp' else self.datagram, daemon=True).start()

    def datagram(self):
        while True:
            self.got.append(self.sock.recv(65536))

    def stream(self):
        while True:
            c, _ = self.sock.accept()
            if self.manners == 'reset' and not self.got: # the first one is broken off
                self.got.append(c.recv(10))
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
                c.close()
                continue
            data = b''
            while chunk := c.recv(65536):
                data += chunk
            self.got.append(data)
            if self.manners == 'close':
                c.close()
            else:
                self.kept = c # the other end stays open


def log_servers(d):
    udp, tcp, lazy, reset, local = LogServer('udp'), LogServer('tcp'), LogServer('tcp', manners='keep'), LogServer('tcp', manners='reset'), LogServer('udp', f'{d}/log')
    conf = config(d, f'name: udp, syslog: "udp:127.0.0.1:{udp.port}"', f'name: cef, syslog: "udp:127.0.0.1:{udp.port}", cef: true', f'name: tcp, syslog: "tcp:localhost:{tcp.port}"',
                  f'name: lazy, syslog: "tcp:127.0.0.1:{lazy.port}"', f'name: reset, syslog: "tcp:127.0.0.1:{reset.port}"', f'name: local, syslog: "unix:{d}/log"',
                  'name: nobody, syslog: "tcp:127.0.0.1:1"', 'name: noname, syslog: "tcp:no-such-host.invalid:1"', f'name: nofile, syslog: "unix:{d}/nothing"', more='attempts: 2\n')
    db = f'{d}/syslog.db'
    drive('queue', db, conf, 'case', 'critical', 3, 3, 'n')
    drive('run', db, conf, 60)
    time.sleep(.2)
    rows = {r['channel']: r for r in listed(db)}
    for name, attempts in (('udp', 1), ('cef', 1), ('tcp', 1), ('lazy', 1), ('reset', 2), ('local', 1)):
        check(f'{name}: sent', rows[name]['state'] == 1 and rows[name]['attempts'] == attempts, rows[name])
    for name in ('nobody', 'noname', 'nofile'):
        check(f'{name}: dead with its reason, certainly not there', rows[name]['state'] == 2 and rows[name]['error'] and not rows[name]['doubt'], rows[name])
    line = re.compile(rb'<8[123]>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ postern - incident \[postern@32473( \w+="(\\.|[^"\\\]])*")+\] \xef\xbb\xbf[^\n]+$')
    check('RFC 5424 by datagram', any(line.match(m) for m in udp.got), udp.got)
    check('CEF', any(b' postern - incident - CEF:0|Postern|Postern|0.0-drive|incident|' in m for m in udp.got), udp.got)
    check('RFC 5424 on the local socket', len(local.got) == 1 and line.match(local.got[0]), local.got)
    for server in (tcp, lazy, reset):
        count, _, rest = server.got[-1].partition(b' ')
        check('octets counted', count.isdigit() and int(count) == len(rest) and line.match(rest), server.got)
    check('broken off: marked as a repeat', b'repeat="true"' in reset.got[-1] and b'repeat="false"' in tcp.got[-1], reset.got)


def commands(d):
    for name, text in (('good', f'#!/bin/sh\ncat >>{d}/good.out\necho >>{d}/good.out\necho "$@" >{d}/good.args\n'),
                       ('bad', f'#!/bin/sh\ncat >/dev/null\nif [ -e {d}/bad.once ]; then exit 0; fi\ntouch {d}/bad.once\necho "no line to \033[31mthe pager"\nexit 75\n')):
        with open(f'{d}/{name}', 'w') as f:
            f.write(text)
        os.chmod(f'{d}/{name}', 0o755)
    conf = config(d, f'name: good, command: [{d}/good, --now, "a b"]', f'name: bad, command: {d}/bad', f'name: missing, command: {d}/missing', more='attempts: 3\n')
    db = f'{d}/commands.db'
    drive('queue', db, conf, 'case', 'high', 2, 2, 'n')
    drive('run', db, conf, 60)
    rows = {r['channel']: r for r in listed(db)}
    with open(f'{d}/good.out') as f:
        whole = json.loads(f.read())
    with open(f'{d}/good.args') as f:
        check('arguments of the configuration', f.read() == '--now a b\n')
    check('a command gets the JSON', whole['channel'] == 'good' and whole['finding']['class_uid'] == 2005 and whole['repeat'] is False, whole)
    check('a command that fails is run again', rows['bad']['state'] == 1 and rows['bad']['attempts'] == 2, rows['bad'])
    check('a command that is not there', rows['missing']['state'] == 2 and 'cannot start' in rows['missing']['error'], rows['missing'])


def secrets(d):
    """A secret that everybody can read, is short or not there stops the start."""
    for name, text, mode in (('open', SECRET, 0o644), ('short', b'short', 0o600), ('missing', None, 0)):
        if text is not None:
            with open(f'{d}/{name}', 'wb') as f:
                f.write(text)
            os.chmod(f'{d}/{name}', mode)
        conf = config(d, f'name: a, webhook: "https://127.0.0.1:1/", secret_file: {d}/{name}')
        p = subprocess.run([DRIVE, 'run', f'{d}/secrets.db', conf, '1'], capture_output=True, text=True, check=False)
        check(f'secret {name}', p.returncode == 2 and f'{d}/{name}' in p.stderr, p.stderr)


def main():
    if not os.access(DRIVE, os.X_OK):
        print(f'{DRIVE} is not built (script/build build-asan)')
        return 77
    if not shutil.which('openssl'):
        print('openssl, which makes the certificates of the test, is not installed')
        return 77
    d = tempfile.mkdtemp(prefix='postern-notify-')
    try:
        certificates(d)
        with open(f'{d}/secret', 'wb') as f:
            f.write(SECRET + b'\n')
        os.chmod(f'{d}/secret', 0o600)
        for part in (secrets, kept_connections, killed, killed_often, log_servers, commands, failures_of_receivers):
            part(d)
    finally:
        shutil.rmtree(d)
    print(f'{len(failures)} failures' if failures else 'every message came, once or marked')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
