#!/usr/bin/env python3
"""Mail through a real Postfix: an instance of the test's own on loopback, its sendmail, and smtp-sink as the receiver.

usage: notify_mail.py POSTERN
"""
import email, email.policy, email.utils, json, os, shutil, signal, socket, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRIVE = os.environ.get('NOTIFY_DRIVE', os.path.join(ROOT, 'build-asan', 'test', 'notify_drive'))
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'notify_mail: {what}: FAILED {str(told)[:2000]}')


def drive(*argv):
    p = subprocess.run([DRIVE, *map(str, argv)], capture_output=True, text=True, timeout=120, check=False)
    check(f'{argv[0]}', p.returncode == 0, p.stderr)
    return p.stdout


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


MASTER = """\
pickup    unix  n       -       n       1       1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
showq     unix  n       -       n       -       -       showq
"""


class Postfix:
    """A Postfix that listens nowhere and hands everything to the sink."""

    def __init__(self, d):
        self.conf, self.mails, port = f'{d}/postfix', f'{d}/mails', free_port()
        os.chmod(d, 0o755)
        for folder in (self.conf, f'{d}/queue', f'{d}/data', self.mails):
            os.mkdir(folder)
        shutil.chown(f'{d}/data', 'postfix')
        shutil.chown(self.mails, 'postfix')
        with open(f'{self.conf}/main.cf', 'w') as f:
            f.write(f'compatibility_level = 3.6\nqueue_directory = {d}/queue\ndata_directory = {d}/data\nmyhostname = test.example.org\nmydestination =\n'
                    f'relayhost = [127.0.0.1]:{port}\nsmtp_host_lookup = native\ninet_interfaces = loopback-only\ninet_protocols = ipv4\nalias_maps =\nlocal_recipient_maps =\n'
                    f'maillog_file = {d}/mail.log\nmaillog_file_prefixes = {d}\nsmtp_tls_security_level = none\n')
        with open(f'{self.conf}/master.cf', 'w') as f:
            f.write(MASTER)
            f.write('postlog   unix-dgram n  -       n       -       1       postlogd\n')
        self.sendmail = f'{d}/sendmail'
        with open(self.sendmail, 'w') as f:
            f.write(f'#!/bin/sh\necho "$@" >>{d}/sendmail.args\nexec /usr/sbin/sendmail -C {self.conf} "$@"\n')
        os.chmod(self.sendmail, 0o755)
        self.log = f'{d}/mail.log'
        self.sink = subprocess.Popen(['smtp-sink', '-u', 'postfix', '-R', self.mails, '-d', '%s.', f'127.0.0.1:{port}', '20'])
        p = subprocess.run(['postfix', '-c', self.conf, 'start'], capture_output=True, text=True, check=False)
        self.problem = p.stderr if p.returncode else ''

    def arrived(self, n, seconds=60):
        """The mails in the order they came, once there are n; each as bytes."""
        deadline = time.time() + seconds
        while len(os.listdir(self.mails)) < n and time.time() < deadline:
            time.sleep(.05)
        time.sleep(.3) # the last one is written
        found = [os.path.join(self.mails, x) for x in os.listdir(self.mails)]
        return [open(x, 'rb').read() for x in sorted(found, key=os.path.getmtime)]

    def stop(self):
        subprocess.run(['postfix', '-c', self.conf, 'stop'], capture_output=True, check=False)
        self.sink.send_signal(signal.SIGTERM)
        self.sink.wait()


def read_mail(raw):
    """smtp-sink puts lines of the envelope, X-..., before the message."""
    lines = raw.split(b'\n')
    envelope = {}
    while lines and lines[0].startswith(b'X-'):
        name, _, value = lines.pop(0).partition(b': ')
        envelope.setdefault(name.decode(), []).append(value.decode())
    return envelope, email.message_from_bytes(b'\n'.join(lines), policy=email.policy.default)


def check_mails(postfix, d):
    with open(f'{d}/postern.yaml', 'w') as f:
        f.write('group: 0s\nretry: {first: 200ms, longest: 1s}\nchannels:\n- {name: duty, mail: [duty@ics.example, second@ics.example], from: postern@ics.example, '
                f'sendmail: {postfix.sendmail}}}\n')
    db, conf = f'{d}/postern.db', f'{d}/postern.yaml'
    for findings, stages, flags in ((1, 1, 'n'), (5, 5, 'ls'), (6, 5, 'm')):
        drive('queue', db, conf, 'case-1', 'high', findings, stages, flags)
        drive('run', db, conf, 30)
    rows = [json.loads(line) for line in drive('list', db).splitlines()]
    check('three messages, sent', [r['state'] for r in rows] == [1, 1, 1], rows)
    mails = [read_mail(m) for m in postfix.arrived(3)]
    check('three mails', len(mails) == 3, (len(mails), open(postfix.log).read() if os.path.exists(postfix.log) else ''))
    for envelope, m in mails:
        told = (envelope, m.as_string())
        check('envelope', envelope.get('X-Mail-Args') == ['<postern@ics.example>'] and sorted(x.split()[0] for x in envelope.get('X-Rcpt-Args', [])) == ['<duty@ics.example>', '<second@ics.example>'], told)
        check('addresses', m['From'] == 'Postern <postern@ics.example>' and m['To'] == 'duty@ics.example, second@ics.example', told)
        check('nothing was injected', m['Bcc'] is None and 'forged@example.org' not in str(envelope) and not m.defects, told)
        check('subject', str(m['Subject']).startswith('[Postern] ') and not any(c in str(m['Subject']) for c in '\r\n\u202e'), m['Subject'])
        check('a date of now', abs(email.utils.parsedate_to_datetime(m['Date']).timestamp() - time.time()) < 300, m['Date'])
        check('machine mail', m['Auto-Submitted'] == 'auto-generated' and m.get_content_type() == 'text/plain' and m.get_content_charset() == 'utf-8', told)
        text = m.get_content()
        check('words for a tired person', all(w in text for w in ('Why this level:', 'What happened:', 'What to do first:', 'On: web1', 'From: 203.0.113.77', 'postern incident show case-1')), text)
        check('text is fit to be shown', not any(ord(c) < 32 and c != '\n' for c in text) and '\u202e' not in text, text)
    ids = [m['Message-ID'] for _, m in mails]
    check('an id of the message each', sorted(ids) == sorted(f'<{r["id"]}@ics.example>' for r in rows), ids)
    check('a hostile title stays in its place', '\\x0d\\x0aBcc: forged@example.org ä' in str(mails[0][1]['Subject']), mails[0][1]['Subject'])
    check('one thread', {(m['References'], m['In-Reply-To']) for _, m in mails} == {('<incident-case-1@ics.example>',) * 2}, ids)
    check('what they are', [('(update)' in str(m['Subject'])) for _, m in mails] == [False, True, True] and 'CRITICAL' in str(mails[-1][1]['Subject']), [m['Subject'] for _, m in mails])
    with open(f'{d}/sendmail.args') as f:
        check('how sendmail is called', set(f.read().splitlines()) == {'-i -f postern@ics.example -- duty@ics.example second@ics.example'})


def refused(postfix, d):
    """A sendmail that fails keeps the message."""
    with open(f'{d}/failing', 'w') as f:
        f.write(f'#!/bin/sh\nif [ -e {d}/failed ]; then exec {postfix.sendmail} "$@"; fi\ntouch {d}/failed\nexit 75\n')
    os.chmod(f'{d}/failing', 0o755)
    with open(f'{d}/postern2.yaml', 'w') as f:
        f.write(f'retry: {{first: 200ms, longest: 1s}}\nchannels:\n- {{name: duty, mail: duty@ics.example, from: postern@ics.example, sendmail: {d}/failing}}\n')
    drive('queue', f'{d}/second.db', f'{d}/postern2.yaml', 'case-2', 'high', 1, 1, 'n')
    drive('run', f'{d}/second.db', f'{d}/postern2.yaml', 30)
    mails = [read_mail(m) for m in postfix.arrived(4)]
    check('sent in the second attempt, marked', len(mails) == 4 and mails[-1][1]['X-Postern-Repeat'] == 'true' and 'may have had this message before' in mails[-1][1].get_content(), len(mails))


def main():
    if not os.access(DRIVE, os.X_OK):
        print(f'{DRIVE} is not built (script/build build-asan)')
        return 77
    if not shutil.which('postfix', path='/usr/sbin') or not shutil.which('smtp-sink', path='/usr/sbin:/usr/bin'):
        print('Postfix is not installed (script/deps test)')
        return 77
    if os.geteuid() != 0:
        print("a Postfix of the test's own needs root")
        return 77
    os.environ['PATH'] += ':/usr/sbin'
    d = tempfile.mkdtemp(prefix='postern-mail-')
    postfix = Postfix(d)
    try:
        if postfix.problem:
            print(f'Postfix does not start here: {postfix.problem.strip()[-300:]}')
            return 77
        check_mails(postfix, d)
        refused(postfix, d)
    finally:
        postfix.stop()
        shutil.rmtree(d)
    print(f'{len(failures)} failures' if failures else 'mail came as it should')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
