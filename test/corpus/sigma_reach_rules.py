"""A plain reading of Sigma rules: their conditions as trees, and whether an event satisfies one.

An event is a dict of fields, each with a list of values; the texts that keywords are looked for in stand under ''.
"""
import fnmatch, glob, ipaddress, os, re, sys

try:
    import yaml
except ImportError:
    print('python3-yaml is not installed')
    sys.exit(77)

FOLDERS = ('rules', 'rules-emerging-threats', 'rules-threat-hunting')
ANY, ONE = object(), object()  # * and ? of a value


def pieces(text):
    """The value's characters, with ANY and ONE for its wildcards."""
    out, at = [], 0
    while at < len(text):
        c = text[at]
        if c == '\\' and at + 1 < len(text) and text[at + 1] in '*?\\':
            out.append(text[at + 1])
            at += 2
            continue
        out.append({'*': ANY, '?': ONE}.get(c, c))
        at += 1
    return out


class Leaf:
    """One field (None: keywords) compared with one value."""

    def __init__(self, field, value, mods):
        self.field, self.value, self.kind = field or None, value, 'text'
        self.mods = mods
        unknown = set(mods) - {'contains', 'startswith', 'endswith', 'all', 're', 'i', 'm', 's', 'cidr'}
        if unknown:
            raise ValueError('modifier ' + ', '.join(sorted(unknown)))
        if value is None:
            self.kind = 'null'
        elif 're' in mods:
            self.kind = 're'
            self.re = re.compile(value, sum({'i': re.I, 'm': re.M, 's': re.S}.get(m, 0) for m in mods))
        elif 'cidr' in mods:
            self.kind, self.net = 'cidr', ipaddress.ip_network(value)
        elif self.field is None and isinstance(value, int):
            self.kind = 're'
            self.re = re.compile(rf'(?<!\w){value}(?!\w)')
        else:
            p = pieces(value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value))
            if self.field is None or 'contains' in mods:
                p = [ANY] + p + [ANY]
            if 'startswith' in mods:
                p = p + [ANY]
            if 'endswith' in mods:
                p = [ANY] + p
            self.pieces = p
            self.re = re.compile(''.join('.*' if c is ANY else '.' if c is ONE else re.escape(c) for c in p) + r'\Z', re.I | re.S)

    def fits(self, text):
        """Whether one value satisfies the leaf."""
        if self.kind == 'cidr':
            try:
                return ipaddress.ip_address(text) in self.net
            except ValueError:
                return False
        if self.kind == 're':
            return self.re.search(text) is not None
        return self.kind == 'text' and self.re.match(text) is not None

    def holds(self, event):
        values = event.get(self.field or '', [])
        if self.kind == 'null':
            return not values
        return any(self.fits(v) for v in values)

    def __str__(self):
        return f"{self.field or 'keyword'}{''.join('|' + m for m in self.mods)}: {self.value!r}"


def detection(x, field=None, mods=()):
    """The tree of one selection."""
    if isinstance(x, dict):
        parts = []
        for key, value in x.items():
            name, *m = str(key).split('|')
            parts.append(detection(value, name, m))
        return ('and', parts)
    if isinstance(x, list):
        return ('and' if 'all' in mods else 'or', [detection(v, field, mods) for v in x])
    return ('leaf', Leaf(field, x, list(mods)))


class Condition:
    """A recursive reader of a rule's condition."""

    def __init__(self, text, named):
        self.words, self.at, self.named = re.findall(r'[()]|[^\s()]+', text), 0, named

    def peek(self):
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self):
        self.at += 1
        return self.words[self.at - 1]

    def either(self):
        parts = [self.both()]
        while self.peek() == 'or':
            self.take()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else ('or', parts)

    def both(self):
        parts = [self.single()]
        while self.peek() == 'and':
            self.take()
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else ('and', parts)

    def single(self):
        word = self.take()
        if word == 'not':
            return ('not', self.single())
        if word == '(':
            inner = self.either()
            if self.take() != ')':
                raise ValueError('parenthesis')
            return inner
        if word in ('1', 'any', 'all') and self.peek() == 'of':
            self.take()
            pattern = self.take()
            names = [n for n in self.named if fnmatch.fnmatchcase(n, '*' if pattern == 'them' else pattern)
                     and (pattern.startswith('_') or not n.startswith('_'))]
            return ('and' if word == 'all' else 'or', [self.named[n] for n in names])
        return self.named[word]


class Rule:
    def __init__(self, path, doc):
        self.path, self.id, self.title = path, doc['id'], doc['title']
        self.source = doc['logsource']
        d = dict(doc['detection'])
        conditions = d.pop('condition')
        d.pop('timeframe', None)
        named = {str(k): detection(v) for k, v in d.items()}
        conditions = conditions if isinstance(conditions, list) else [conditions]
        self.tree = ('or', [Condition(c, named).either() for c in conditions])

    def holds(self, event):
        return holds(self.tree, event)

    def __str__(self):
        return os.path.basename(self.path)[:-4]


def holds(node, event):
    kind, x = node
    if kind == 'leaf':
        return x.holds(event)
    if kind == 'not':
        return not holds(x, event)
    return (all if kind == 'and' else any)(holds(n, event) for n in x)


def leaves(node):
    kind, x = node
    if kind == 'leaf':
        yield x
    else:
        for n in [x] if kind == 'not' else x:
            yield from leaves(n)


def kind_of(source):
    """The class of the test that a log source belongs to."""
    product, category, service = (source.get(k) for k in ('product', 'category', 'service'))
    if product == 'linux' and category in ('process_creation', 'file_event'):
        return category
    if product == 'linux' and service == 'auditd':
        return 'auditd'
    return category if category in ('webserver', 'proxy') else None


def load(base):
    """Rules by class, in the order of their files."""
    rules = {}
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(base, folder, '**', '*.yml'), recursive=True)):
            with open(path, encoding='utf-8') as f:
                text = f.read()
            if not re.search(r'(?m)^\s*(product: linux|category: (webserver|proxy))\b', text):
                continue
            for doc in yaml.load_all(text, getattr(yaml, 'CSafeLoader', yaml.SafeLoader)):
                kind = kind_of(doc.get('logsource', {}))
                if kind:
                    rules.setdefault(kind, []).append(Rule(path, doc))
    return rules
