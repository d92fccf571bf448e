"""Access log lines for a Sigma rule of webserver or proxy, and a plain reading of such lines."""
import collections, datetime, itertools, re, urllib.parse

import sigma_reach_make as make

AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
NOT_LOGGED = {'cs-cookie', 'dst_ip', 'cs-content-type'}
TARGET = {'cs-uri-query', 'c-uri-query', 'cs-uri-stem', 'cs-uri', 'c-uri', 'c-uri-extension', 'cs-host'}


class NotLogged(ValueError):
    """The way needs a field that such a log does not have."""


def encoded(text):
    """A request target as a client sends it: only what cannot stand there is percent-encoded."""
    return ''.join(c if 0x20 < ord(c) < 0x7f and c not in '"\\#' else ''.join(f'%{b:02X}' for b in c.encode()) for c in text)


def escaped(text):
    """A quoted field as nginx writes it."""
    return ''.join(chr(b) if 0x20 <= b < 0x7f and b not in (0x22, 0x5c) else f'\\x{b:02X}' for b in text.encode())


class Log:
    """One request."""

    def __init__(self, second, proxy, target, method='GET', status='200', agent=AGENT, referer='-', user='-', vhost='', common=False):
        when = datetime.datetime.fromtimestamp(second, datetime.timezone.utc).strftime('%d/%b/%Y:%H:%M:%S +0000')
        line = f'{vhost + ":443 " if vhost else ""}198.51.100.7 - {user} [{when}] "{method} {encoded(target)} HTTP/1.1" {status} 1234'
        if not common:
            line += f' "{escaped(referer)}" "{escaped(agent)}"'
        self.lines = [line + (' TCP_MISS:HIER_DIRECT' if proxy else '')]


def joined(path, query):
    """A path with a query."""
    query = query.lstrip('?&') if not query.startswith('?/') else query
    return path + ('&' if '?' in path else '?') + query


def paths(stem, query, extension):
    """Targets without a host from what is wanted of path and query."""
    if stem is not None and query is not None:
        stem = stem if stem.startswith('/') else '/' + stem
        yield joined(stem, query)
        yield stem + query
    elif stem is not None:
        yield stem if stem.startswith('/') else '/' + stem
        if not stem.startswith('/'):
            yield '/x' + stem
        yield joined(stem if stem.startswith('/') else '/' + stem, 'id=1')
    elif query is not None:
        if query.startswith('/'):
            yield query
        elif query.startswith('?'):
            yield '/index.html' + query
        yield '/' + query
        yield '/index.html?' + query
        yield '/index.html' + query
        yield '/app?id=' + query
    elif extension is not None:
        yield '/download/file.' + extension
    else:
        yield '/index.html'
        yield '/index.html?id=1'


def urls(uri, host, query, extension):
    """URLs of a proxy's request."""
    hosts = [host] if host is not None else ['www.example.net', 'www.example.test']
    for h in hosts:
        if uri is None:
            for p in paths(None, query, extension):
                yield f'http://{h}{p}'
            continue
        for u in ([joined(uri, query), uri + query] if query is not None else [uri]):
            if re.match('https?://', u):
                yield u
            if host is None and re.match(r'[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+(/|$)', u):
                yield 'http://' + u
            if host is None and re.match(r'[.-]?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(/|$)', u):
                yield 'http://www' + u
                yield 'http://www' + u + '/'
            if u.startswith('/'):
                yield f'http://{h}{u}'
            if extension is not None:
                yield f'http://{h}/{u}.{extension}'
            yield f'http://{h}/{u}'
            yield f'http://{h}/file{u}'
            yield f'http://{h}/index.html?{u}'


def requests(leaves, second, proxy):
    """Requests that may satisfy the leaves."""
    f = collections.defaultdict(list)
    for leaf in leaves:
        f[leaf.field].append(leaf)
    for name in NOT_LOGGED & set(f):
        raise NotLogged(f'{name} is not in such a log')

    def values(*names, most=10, joints=('', 'x', '&', '/'), starts=('',), ends=('', 'x')):
        mine = [leaf for n in names for leaf in f[n]]
        return list(itertools.islice(make.strings(mine, joints, starts, ends), most)) if mine else [None]

    words = [next(make.strings([leaf]), None) for leaf in f[None]]
    more = {}
    for key, names in (('method', ('cs-method',)), ('status', ('sc-status',)), ('user', ('cs-username',))):
        value = values(*names)[0]
        if value is not None:
            more[key] = value
    agents = values('cs-user-agent', 'c-useragent')
    referers = values('cs-referer', 'cs-referrer')
    nulls = [leaf.field for leaf in leaves if leaf.kind == 'null']
    if nulls:
        if set(nulls) - {'cs-referer', 'cs-user-agent', 'c-useragent'}:
            raise ValueError(f'null of {nulls}')
        more['common'] = True
        agents, referers = [AGENT], ['-']
    address = any(str(leaf.value).isdigit() for leaf in f['cs-host'])
    hosts = values('cs-host', joints=('.', ''), starts=('198.51.100', '') if address else ('www', ''), ends=('', 'example.net'))
    for uri, query, stem, extension, host, agent, referer in itertools.product(
            values('cs-uri', 'c-uri'), values('cs-uri-query', 'c-uri-query'), values('cs-uri-stem'), values('c-uri-extension', most=1), hosts,
            agents[:3], referers[:2]):
        if proxy:
            targets = urls(uri if uri is not None else stem, host, query, extension)
        else:
            targets = paths(uri if uri is not None else stem, query, extension)
        for target in targets:
            m = dict(more, agent='-' if agent == '' else AGENT if agent is None else agent,
                     referer='https://www.example.org/' if referer is None else referer, vhost='' if proxy or host is None else host)
            if not words:
                yield Log(second, proxy, target, **m)
                continue
            together = '&'.join(words)
            yield Log(second, proxy, joined(target, together if '=' in together else 'q=' + together), **m)
            yield Log(second, proxy, joined(target, 'q=' + together), **m)
            if agent is None:
                yield Log(second, proxy, target, **dict(m, agent=' '.join(words)))


def webserver(leaves, second, _):
    yield from requests(leaves, second, False)


def proxy(leaves, second, _):
    yield from requests(leaves, second, True)


def read(text):
    """Each line as an event."""
    for line in text.splitlines():
        m = re.match(r'(?:(\S+):\d+ )?(\S+) \S+ (\S+) \[[^]]*\] "((?:[^"\\]|\\.)*)" (\d+) \S+(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?', line)
        vhost, _, user, request, status, referer, agent = m.groups()
        method, target = request.split(' ', 1)
        target = target.rsplit(' ', 1)[0]
        host, origin = vhost, target
        absolute = re.match(r'https?://([^/:?]*)(?::\d+)?(.*)', target)
        if absolute:
            host, origin = absolute.groups()
        path, _, query = origin.partition('?')
        event = {'cs-method': [method], 'sc-status': [status], 'cs-uri-stem': both(path), '': [line, urllib.parse.unquote(line)]}
        event['cs-uri'] = event['c-uri'] = both(target) + both(origin)
        event['cs-uri-query'] = event['c-uri-query'] = both(query) + both(origin) + both(target)
        ending = re.search(r'\.(\w+)$', path)
        for names, value in ((('c-uri-extension',), ending and ending.group(1)), (('cs-host',), host), (('cs-username',), None if user == '-' else user),
                             (('cs-referer',), unescaped(referer)), (('cs-user-agent', 'c-useragent'), unescaped(agent))):
            for name in names:
                if value is not None:
                    event[name] = [value]
        yield event


def both(text):
    return [text, urllib.parse.unquote(text)]


def unescaped(text):
    """A quoted field without nginx's escapes; - is the empty text."""
    if text is None:
        return None
    return '' if text == '-' else re.sub(r'\\x([0-9A-F]{2})', lambda m: chr(int(m.group(1), 16)), text)
