#!/usr/bin/env python3
"""postern milter behind a real Postfix: an instance of the test's own on loopback, swaks and smtplib as clients, smtp-sink as the receiver.

usage: milter.py POSTERN
"""
import email, email.policy, json, os, shutil, signal, smtplib, socket, subprocess, sys, tempfile, threading, time
from email.message import EmailMessage

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'test', 'lure'))
import images

POSTERN = os.path.abspath(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__.strip())
failures = []

MASTER = """\
127.0.0.1:%d inet n     -       n       -       80      smtpd
anvil     unix  -       -       n       -       1       anvil
pickup    unix  n       -       n       1       1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       1       1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
showq     unix  n       -       n       -       -       showq
postlog   unix-dgram n  -       n       -       1       postlogd
"""

# Takes mail as sendmail(1) does and hands it to the test's SMTP port: for a user whom Postfix's own program refuses another configuration.
BY_SMTP = """#!/usr/bin/python3
import smtplib, sys
argv = sys.argv[1:]
assert argv[:2] == ['-i', '-f'] and argv[3] == '--', argv
data = sys.stdin.buffer.read()
with smtplib.SMTP('127.0.0.1', %d) as s:
    s.sendmail(argv[2], argv[4:], data.replace(b'\\n', b'\\r\\n'))
"""


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'milter: {what}: FAILED {str(told)[:3000]}')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_until(what, seconds=30):
    deadline = time.time() + seconds
    while time.time() < deadline:
        if what():
            return True
        time.sleep(.05)
    return False


class Postfix:
    """Takes mail on loopback, asks the filter, and hands everything to the sink."""

    def __init__(self, d):
        self.d, self.conf, self.mails, self.port, sink = d, f'{d}/postfix', f'{d}/mails', free_port(), free_port()
        for folder in (self.conf, f'{d}/queue', f'{d}/data', self.mails):
            os.mkdir(folder)
        shutil.chown(f'{d}/data', 'postfix')
        shutil.chown(self.mails, 'postfix')
        self.sink_port, self.milter = sink, ''
        self.configure(f'inet:127.0.0.1:{free_port()}')
        with open(f'{self.conf}/master.cf', 'w') as f:
            f.write(MASTER % self.port)
        self.sendmail = f'{d}/sendmail'
        with open(self.sendmail, 'w') as f:
            f.write(f'#!/bin/sh\ncat >{d}/injected\nexec /usr/sbin/sendmail -C {self.conf} "$@" <{d}/injected\n')
        self.by_smtp = f'{d}/sendmail.py'
        with open(self.by_smtp, 'w') as f:
            f.write(BY_SMTP % self.port)
        os.chmod(self.sendmail, 0o755)
        os.chmod(self.by_smtp, 0o755)
        self.log = f'{d}/mail.log'
        self.sink = subprocess.Popen(['smtp-sink', '-u', 'postfix', '-R', self.mails, '-d', '%s.', f'127.0.0.1:{sink}', '100'])
        p = subprocess.run(['postfix', '-c', self.conf, 'start'], capture_output=True, text=True, check=False)
        self.problem = p.stderr if p.returncode else ''

    def configure(self, milter, action='tempfail'):
        self.milter = milter
        with open(f'{self.conf}/main.cf', 'w') as f:
            f.write(f'compatibility_level = 3.6\nqueue_directory = {self.d}/queue\ndata_directory = {self.d}/data\nmyhostname = test.example.org\nmydestination =\nmynetworks = 127.0.0.0/8\n'
                    f'relayhost = [127.0.0.1]:{self.sink_port}\nsmtp_host_lookup = native\ninet_interfaces = loopback-only\ninet_protocols = ipv4\nalias_maps =\nlocal_recipient_maps =\n'
                    f'maillog_file = {self.d}/mail.log\nmaillog_file_prefixes = {self.d}\nsmtp_tls_security_level = none\nsmtpd_relay_restrictions = permit_mynetworks, reject\n'
                    f'smtpd_client_connection_count_limit = 0\nsmtpd_peername_lookup = no\nmessage_size_limit = 30000000\nminimal_backoff_time = 1s\nmaximal_backoff_time = 2s\nsmtpd_error_sleep_time = 0\n'
                    f'smtpd_milters = {milter}\nnon_smtpd_milters = {milter}\nmilter_default_action = {action}\n')

    def reload(self, milter, action='tempfail'):
        self.configure(milter, action)
        subprocess.run(['postfix', '-c', self.conf, 'reload'], capture_output=True, check=False)
        time.sleep(.5)

    def queue(self):
        p = subprocess.run(['postqueue', '-c', self.conf, '-j'], capture_output=True, text=True, check=False)
        return [json.loads(line) for line in p.stdout.splitlines()]

    def arrived(self, n=None, seconds=60):
        """What is in the sink, once there are n and the queue is empty; the sink is emptied."""
        if n is not None:
            wait_until(lambda: len(os.listdir(self.mails)) >= n, seconds)
        wait_until(lambda: not [m for m in self.queue() if m['queue_name'] != 'hold'], seconds)
        time.sleep(.3) # the last one is written
        found = []
        for name in sorted(os.listdir(self.mails), key=lambda x: os.path.getmtime(os.path.join(self.mails, x))):
            with open(os.path.join(self.mails, name), 'rb') as f:
                found.append(read_mail(f.read()))
            os.unlink(os.path.join(self.mails, name))
        return found

    def stop(self):
        subprocess.run(['postfix', '-c', self.conf, 'stop'], capture_output=True, check=False)
        self.sink.send_signal(signal.SIGTERM)
        self.sink.wait()


def read_mail(raw):
    """smtp-sink puts lines of the envelope, X-..., before the message."""
    lines = raw.split(b'\n')
    envelope = {}
    while lines and lines[0].startswith((b'X-Client', b'X-Helo', b'X-Mail-Args', b'X-Rcpt-Args')):
        name, _, value = lines.pop(0).partition(b': ')
        envelope.setdefault(name.decode(), []).append(value.decode())
    m = email.message_from_bytes(b'\n'.join(lines), policy=email.policy.default)
    m.envelope = envelope
    m.raw = b'\n'.join(lines)
    return m


class Milter:
    def __init__(self, postfix, folder, *options, wrap=(), socket_path=None):
        self.postfix, self.folder = postfix, folder
        port = free_port()
        self.where = socket_path or f'127.0.0.1:{port}'
        self.argv = [*wrap, POSTERN, 'milter', '--socket', self.where, '--quarantine', folder, *options]
        self.start()
        postfix.reload(f'unix:{socket_path}' if socket_path else f'inet:{self.where}')

    def start(self):
        self.log = open(f'{self.postfix.d}/milter.log', 'a+')
        at = self.log.seek(0, 2)
        self.p = subprocess.Popen(self.argv, stderr=self.log, env={**os.environ, 'POSTERN_CONFIG': f'{self.postfix.d}/none'})
        ready = wait_until(lambda: 'ready' in self.said(at) or self.p.poll() is not None)
        check('the filter starts', ready and self.p.poll() is None, self.said(at))

    def said(self, at=0):
        with open(f'{self.postfix.d}/milter.log') as f:
            f.seek(at)
            return f.read()

    def end(self, how=signal.SIGTERM):
        self.p.send_signal(how)
        try:
            self.p.wait(20)
        except subprocess.TimeoutExpired:
            check('the filter ends', False, (self.argv[4:], open(f'/proc/{self.p.pid}/status').read()[:300], [open(f'/proc/{self.p.pid}/task/{t}/wchan').read() for t in os.listdir(f'/proc/{self.p.pid}/task')]))
            self.p.kill()
            self.p.wait()
        self.log.close()


def mail(subject, text='Hello,\n\nthe meeting is on Tuesday.\n\nRegards\n', attach=(), ident=''):
    m = EmailMessage()
    m['From'], m['To'], m['Subject'], m['Message-ID'] = 'Anna Weber <anna@partner.example>', 'kim@ics.example', subject, f'<{ident or subject.replace(" ", "-")}@partner.example>'
    m['Date'] = 'Mon, 02 Nov 2026 09:00:00 +0000'
    m.set_content(text)
    for name, content in attach:
        m.add_attachment(content, maintype='application', subtype='octet-stream', filename=name)
    return m.as_bytes(policy=email.policy.SMTP)


def send(postfix, data, sender='anna@partner.example', to=('kim@ics.example',), attempts=1):
    """The reply: code and text."""
    try:
        with smtplib.SMTP('127.0.0.1', postfix.port, timeout=120) as s:
            s.sendmail(sender, list(to), data)
            return 250, 'queued'
    except smtplib.SMTPRecipientsRefused as e:
        return next(iter(e.recipients.values()))
    except smtplib.SMTPResponseException as e:
        return e.smtp_code, e.smtp_error
    except OSError as e:
        return 0, str(e)


def swaks(postfix, d, data, *options):
    with open(f'{d}/data.eml', 'wb') as f:
        f.write(data)
    return subprocess.run(['swaks', '--server', '127.0.0.1', '--port', str(postfix.port), '--from', 'anna@partner.example', '--to', 'kim@ics.example', '--data', f'@{d}/data.eml', *options],
                          capture_output=True, text=True, timeout=120, check=False)


def quarantine(folder, *argv):
    p = subprocess.run([POSTERN, 'quarantine', *argv, '--quarantine', folder, '--state', os.path.join(os.path.dirname(folder), 'state')], capture_output=True, text=True, timeout=120, check=False)
    return p.returncode, p.stdout, p.stderr


def held(folder, *options):
    rc, out, err = quarantine(folder, 'list', '--format', 'json', *options)
    check('quarantine list', rc == 0, err)
    return [json.loads(line) for line in out.splitlines()]


def verdict(m):
    return [str(x) for x in m.get_all('X-Postern-Verdict', [])]


# ---- the parts ---------------------------------------------------------------------------------------------------------
def headers(postfix, d):
    p = swaks(postfix, d, mail('plain'))
    check('swaks: taken', p.returncode == 0, p.stdout[-500:])
    forged = b'X-Postern-Verdict: clean\r\nx-postern-verdict: released (20260101-0)\r\nX-Postern-Indicators: NONE\r\nX-Postern-Verdict : clean\r\nX-POSTERN-VERDICT:\r\n\tclean\r\n' + mail('forged')
    check('forged: taken', send(postfix, forged)[0] == 250)
    found = postfix.arrived(2)
    check('two mails', [str(m['Subject']) for m in found] == ['plain', 'forged'], [m.raw for m in found])
    for m in found:
        check('one verdict', len(verdict(m)) == 1 and verdict(m)[0].startswith('clean; level='), m.raw)
        check('no forged indicators', 'NONE' not in str(m.get_all('X-Postern-Indicators')) and m.raw.lower().count(b'x-postern-verdict') == 1, m.raw)
        check('nothing of ours is left in it', b'Return-Path' not in m.raw and b'X-Postern-Released' not in m.raw, m.raw)
        check('its text is as it was', 'Tuesday' in m.get_content(), m.raw)


    check('a flood of forged headers: refused', send(postfix, b'X-Postern-Verdict: clean\r\n' * 150 + mail('flood'))[0] == 550 and postfix.arrived() == [])


def odd(postfix):
    data = mail('dots and bytes').replace(b'Regards\r\n', b'.\r\n..\r\n.x\r\nGr\xc3\xbc\xc3\x9fe \xff\r\n' + b'y' * 900 + b'\r\n\r\n\r\n')
    check('null sender, 50 recipients: taken', send(postfix, data, '', [f'r{i}@ics.example' for i in range(50)])[0] == 250)
    found = postfix.arrived(1)
    to = [x for m in found for x in m.envelope.get('X-Rcpt-Args', [])]
    check('each recipient once', sorted(x.split()[0] for x in to) == sorted(f'<r{i}@ics.example>' for i in range(50)), to)
    check('bytes are as they were', all(b'\n.\n..\n.x\nGr\xc3\xbc\xc3\x9fe \xff\n' + b'y' * 900 + b'\n' in m.raw.replace(b'\r', b'') for m in found), [m.raw for m in found])


def tag(postfix, lure):
    check('lure: taken', send(postfix, lure)[0] == 250)
    found = postfix.arrived(1)
    check('tagged', len(found) == 1 and str(found[0]['Subject']).startswith('[suspicious] ') and verdict(found[0])[0].startswith('lure'), [m.raw[:2000] for m in found])
    check('indicators', len(found) == 1 and len(str(found[0]['X-Postern-Indicators']).split(',')) >= 2, [m.raw[:2000] for m in found])
    check('tagged twice: one tag', send(postfix, lure.replace(b'Subject: ', b'Subject: [suspicious] '))[0] == 250)
    found = postfix.arrived(1)
    check('one tag', len(found) == 1 and str(found[0]['Subject']).count('[suspicious]') == 1, [m.raw[:2000] for m in found])


def hold_and_release(postfix, folder, lure, attachment, sendmail, sender='anna@partner.example'):
    check('held: taken', send(postfix, lure, sender, ('kim@ics.example', 'lee@ics.example'))[0] == 250)
    check('the same again: taken', send(postfix, lure, sender, ('kim@ics.example', 'lee@ics.example'))[0] == 250)
    found = postfix.arrived(2)
    rows = held(folder)
    check('held once', len(rows) == 1 and rows[0]['recipients'] == ['kim@ics.example', 'lee@ics.example'] and rows[0]['sender'] == sender and rows[0]['reasons'], rows)
    for m in found:
        check('a notice in its place', verdict(m) == [f'held ({rows[0]["id"]})'] and m.get_content_type() == 'text/plain' and rows[0]['id'] in m.get_content() and '<anna@partner[.]example>' in m.get_content(), m.raw)
        check('nothing of the held mail but quotes', attachment[:3000] not in m.raw and b'Tuesday' not in m.raw and 'partner.example' not in str(m['From']) + str(m['Message-ID']) and m['To'] == 'undisclosed-recipients:;', m.raw)
        check('from nobody, well formed', m.envelope['X-Mail-Args'][0].startswith('<>') and m['Auto-Submitted'] == 'auto-generated' and m['Date'] and not m.defects, (m.envelope, m.raw))
        check('it says why', 'Why:\n  - ' in m.get_content() and 'It is kept for 30 days' in m.get_content(), m.get_content())
    number = rows[0]['id']
    check('a file of ours alone', os.stat(f'{folder}/{number}').st_mode & 0o777 == 0o600)
    rc, out, err = quarantine(folder, 'show', number)
    check('show', rc == 0 and 'anna@partner.example' in out, (out, err))
    check('release of something else', quarantine(folder, 'release', '20200101-000000000000')[0] == 2)
    rc, out, err = quarantine(folder, 'release', number, '--sendmail', '/bin/false')
    check('sendmail refuses: still held', rc == 3 and [r['state'] for r in held(folder)] == ['held'], (rc, err))
    rc, out, err = quarantine(folder, 'release', number, '--sendmail', sendmail)
    check('release', rc == 0, (out, err))
    found = postfix.arrived(1)
    check('delivered, not inspected again', len(found) == 1 and verdict(found[0]) == [f'released ({number})'] and b'X-Postern-Released' not in found[0].raw, [m.raw[:2000] for m in found])
    check('to both, from whom it was', len(found) == 1 and sorted(x.split()[0] for x in found[0].envelope['X-Rcpt-Args']) == ['<kim@ics.example>', '<lee@ics.example>'] and
          found[0].envelope['X-Mail-Args'][0].startswith(f'<{sender}>'), [m.envelope for m in found])
    check('as it was', len(found) == 1 and [p.get_content() for p in found[0].iter_attachments()] == [attachment] and str(found[0]['Subject']) == 'offer', [m.raw[:2000] for m in found])
    check('once', quarantine(folder, 'release', number, '--sendmail', sendmail)[0] == 2 and held(folder) == [] and not os.path.exists(f'{folder}/{number}'))
    check('the index remembers', [(r['id'], r['state']) for r in held(folder, '--all')] == [(number, 'released')])
    return number


def forged_release(postfix, d, folder, lure):
    """The mark of what was released, before another body."""
    with open(f'{d}/injected', 'rb') as f:
        mark = f.readline()
    check('a mark was there', mark.startswith(b'X-Postern-Released: '), mark)
    other = mark.rstrip(b'\n') + b'\r\n' + lure.replace(b'Tuesday', b'Thursday')
    check('replayed: taken', send(postfix, other)[0] == 250)
    found = postfix.arrived(1)
    rows = held(folder)
    check('a stolen mark opens nothing', len(found) == 1 and len(rows) == 1 and verdict(found[0]) == [f'held ({rows[0]["id"]})'] and mark.split()[3] not in found[0].raw, [m.raw[:2000] for m in found])
    rc, out, err = quarantine(folder, 'delete', rows[0]['id'])
    check('delete', rc == 0 and held(folder) == [] and not os.path.exists(f'{folder}/{rows[0]["id"]}'), (out, err))
    check('nothing comes', postfix.arrived() == [])
    with open(f'{os.path.dirname(folder)}/state/audit.log') as f:
        actions = [json.loads(line)['action'] for line in f]
    check('in the audit log', actions.count('mail-delete') == 1 and actions.count('mail-release') >= 2, actions)


def numbered(n):
    return [mail(f'number {i}', ident=f'number-{i}') for i in range(n)]


def at_once(postfix, milter, mails, kill=False):
    """Each mail from a client of its own, which tries again as mail servers do."""
    n = len(mails)
    codes, refused = [None] * n, []

    def one(i, data):
        for _ in range(100):
            codes[i] = send(postfix, data)
            if codes[i][0] == 250:
                return
            refused.append(codes[i])
            time.sleep(.3)

    threads = [threading.Thread(target=one, args=(i, data)) for i, data in enumerate(mails)]
    for t in threads:
        t.start()
    for _ in range(8 if kill else 0):
        time.sleep(.05)
        milter.end(signal.SIGKILL)
        time.sleep(.1)
        milter.start()
    for t in threads:
        t.join()
    check('the kills were in the middle', not kill or len(refused) >= 5, refused)
    check(f'{n} at once: all taken', all(c[0] == 250 for c in codes), codes)


def parallel(postfix, milter, n, kill=False):
    at_once(postfix, milter, numbered(n), kill)
    found = postfix.arrived(n)
    got = sorted(str(m['Subject']) for m in found)
    check(f'{n} at once: none lost, none twice', got == sorted(f'number {i}' for i in range(n)), got)
    check(f'{n} at once: all with a verdict', all(len(verdict(m)) == 1 for m in found), [verdict(m) for m in found])


def parallel_held(postfix, milter, folder, lure, n):
    """Held once each, one notice each, whenever the filter is killed."""
    before = len(held(folder, '--all'))
    at_once(postfix, milter, [lure.replace(b'Subject: offer', b'Subject: offer %d' % i) for i in range(n)], kill=True)
    rows, found = held(folder), postfix.arrived(n)
    check('all held, once', sorted(r['subject'] for r in rows) == sorted(f'offer {i}' for i in range(n)) and len(held(folder, '--all')) == before + n, [r['subject'] for r in rows])
    check('one notice each', sorted(verdict(m)[0] for m in found) == sorted(f'held ({r["id"]})' for r in rows), [m.raw[:1000] for m in found])
    check('no file without a row', sorted(x for x in os.listdir(folder) if x[0].isdigit()) == sorted(r['id'] for r in rows) or milter_restart_cleans(milter, folder, rows), os.listdir(folder))


def milter_restart_cleans(milter, folder, rows):
    """A file that a kill left before its row was written goes with the next start."""
    milter.end()
    milter.start()
    return sorted(x for x in os.listdir(folder) if x[0].isdigit()) == sorted(r['id'] for r in rows)


def killed(postfix, milter):
    """In the middle of a message: put off by Postfix, and taken when it comes again."""
    data = mail('killed', text='a line of text\n' * 60000)
    with socket.create_connection(('127.0.0.1', postfix.port), timeout=60) as s:
        f = s.makefile('rwb')
        f.readline()
        for command in (b'HELO client.example', b'MAIL FROM:<anna@partner.example>', b'RCPT TO:<kim@ics.example>', b'DATA'):
            f.write(command + b'\r\n')
            f.flush()
            reply = f.readline()
        check('data wanted', reply.startswith(b'354'), reply)
        f.write(data[:len(data) // 2])
        f.flush()
        milter.end(signal.SIGKILL)
        f.write(data[len(data) // 2:] + b'\r\n.\r\n')
        f.flush()
        reply = f.readline()
    check('killed: put off', reply.startswith(b'451'), reply)
    check('killed: nothing came', postfix.arrived() == [])
    check('down: put off', send(postfix, data)[0] == 451)
    milter.start()
    check('again: taken', send(postfix, data)[0] == 250)
    found = postfix.arrived(1)
    check('again: once', [str(m['Subject']) for m in found] == ['killed'] and len(verdict(found[0])) == 1, [m.raw[:1000] for m in found])


def oversize(postfix, big):
    check('oversize: taken', send(postfix, big)[0] == 250)
    found = postfix.arrived(1)
    check('oversize: told', len(found) == 1 and verdict(found[0]) == ['not-inspected (larger than what is looked at)'] and len(found[0].raw) > 1500000, [m.raw[:500] for m in found])


def other_settings(postfix, d, lure, big, attachment):
    folder = f'{d}/other'
    m = Milter(postfix, folder, '--action', 'reject', '--max-size', '1', '--on-failure', 'defer')
    p = swaks(postfix, d, lure)
    check('reject', '550 5.7.1 Message refused' in p.stdout and postfix.arrived() == [], p.stdout[-500:])
    check('oversize, deferred', send(postfix, big)[0] == 451 and postfix.arrived() == [])
    m.end()
    m = Milter(postfix, folder, '--action', 'mta-hold', '--max-size', '1', '--on-failure', 'hold')
    check('on hold: taken', send(postfix, lure)[0] == 250 and send(postfix, big)[0] == 250)
    check('in the hold queue', wait_until(lambda: [q['queue_name'] for q in postfix.queue()] == ['hold', 'hold']), postfix.queue())
    subprocess.run(['postsuper', '-c', postfix.conf, '-d', 'ALL'], capture_output=True, check=False)
    m.end()
    m = Milter(postfix, f'{d}/bounces', '--keep', '30')
    hold_and_release(postfix, f'{d}/bounces', lure, attachment, postfix.sendmail, '')
    m.end()
    m = Milter(postfix, folder, '--no-notice')
    check('no notice: taken', send(postfix, lure)[0] == 250 and postfix.arrived() == [] and len(held(folder)) == 1)
    m.end()
    m = Milter(postfix, folder, '--action', 'tag', '--tag', '[suspicious]')
    tag(postfix, lure)
    m.end()


def nobody_to_inspect(postfix, m):
    """The process that forks the others is gone: said, and the filter ends to be started anew."""
    children = [p for p in os.listdir('/proc') if p.isdigit() and parent_of(p) == m.p.pid]
    check('one child', len(children) == 1, children)
    for p in children:
        os.kill(int(p), signal.SIGKILL)
    code = send(postfix, mail('nobody there'))[0]
    found = postfix.arrived()
    check('told, or put off', (code == 250 and len(found) == 1 and verdict(found[0]) == ['not-inspected (the inspection failed)']) or (code == 451 and not found), (code, [x.raw for x in found]))
    check('the filter ends', wait_until(lambda: m.p.poll() is not None) and m.p.returncode == 3, m.p.poll())
    m.log.close()
    m.start()
    check('and begins anew', send(postfix, mail('there again'))[0] == 250 and [verdict(x)[0][:5] for x in postfix.arrived(1)] == ['clean'])


def parent_of(pid):
    try:
        with open(f'/proc/{pid}/stat') as f:
            return int(f.read().rsplit(')', 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def unprivileged(postfix, d, lure, attachment):
    """As a user of its own, behind a Unix socket of Postfix's group."""
    folder, sockets = f'{d}/theirs', f'{d}/run'
    for x in (folder, sockets):
        os.mkdir(x, 0o700)
        shutil.chown(x, 'nobody', 'postfix')
    os.chmod(sockets, 0o750)
    m = Milter(postfix, folder, '--language', 'en', wrap=('setpriv', '--reuid=nobody', '--regid=postfix', '--clear-groups'), socket_path=f'{sockets}/socket')
    check('the socket is for the group', os.stat(f'{sockets}/socket').st_mode & 0o777 == 0o660)
    hold_and_release(postfix, folder, lure, attachment, postfix.by_smtp)
    m.end()


def usage():
    for argv in (['milter', '--socket', '0.0.0.0:8894'], ['milter', '--socket', 'here'], ['milter', 'x'], ['milter', '--tag', 'ä'], ['quarantine'], ['quarantine', 'release'], ['quarantine', 'burn', 'x']):
        p = subprocess.run([POSTERN, *argv], capture_output=True, text=True, timeout=30, check=False)
        check(f'usage: {argv}', p.returncode == 2 and 'postern: ' in p.stderr, (p.returncode, p.stderr))


def run(postfix, d):
    folder = f'{d}/held'
    images.tree(f'{d}/tree')
    images.iso(f'{d}/tree', f'{d}/offer.iso')
    with open(f'{d}/offer.iso', 'rb') as f:
        attachment = f.read()
    lure, big = mail('offer', attach=[('offer.iso', attachment)]), mail('big', attach=[('big.bin', os.urandom(1200000))])
    m = Milter(postfix, folder, '--max-size', '1', '--jobs', '2')
    headers(postfix, d)
    odd(postfix)
    hold_and_release(postfix, folder, lure, attachment, postfix.sendmail)
    forged_release(postfix, d, folder, lure)
    oversize(postfix, big)
    parallel(postfix, m, 50)
    killed(postfix, m)
    parallel(postfix, m, 80, kill=True)
    parallel_held(postfix, m, folder, lure, 30)
    nobody_to_inspect(postfix, m)
    m.end()
    other_settings(postfix, d, lure, big, attachment)
    unprivileged(postfix, d, lure, attachment)


def main():
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    for program in ('postfix', 'smtp-sink', 'swaks', 'genisoimage', 'setpriv'):
        if not shutil.which(program):
            print(f'{program} is not installed (script/deps test)')
            return 77
    if os.geteuid() != 0:
        print("a Postfix of the test's own needs root")
        return 77
    usage()
    d = tempfile.mkdtemp(prefix='postern-milter-')
    os.chmod(d, 0o755)
    os.mkdir(f'{d}/state', 0o700)
    postfix = Postfix(d)
    try:
        if postfix.problem:
            print(f'Postfix does not start here: {postfix.problem.strip()[-300:]}')
            return 77
        run(postfix, d)
        if failures and os.path.exists(f'{d}/milter.log'):
            print(open(f'{d}/milter.log').read()[-3000:])
            print(open(postfix.log).read()[-3000:])
    finally:
        postfix.stop()
        if not os.environ.get('KEEP'):
            shutil.rmtree(d)
    print(f'{len(failures)} failures' if failures else 'no mail was lost, none came twice')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
