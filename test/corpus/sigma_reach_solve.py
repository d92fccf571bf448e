"""From a Sigma rule to field values that satisfy it: one branch of its condition, one value per field."""
import re
import sre_parse

KEYWORD = ''


# ---- conditions ------------------------------------------------------------------------------------------------

def tokens(text):
    return re.findall(r'\(|\)|[^\s()]+', text)


def parse(text, names):
    """Condition to ('and'|'or', [..]), ('not', x), ('sel', name)."""
    t = tokens(text)

    def expr(op, sub):
        xs = [sub()]
        while t and t[0].lower() == op:
            t.pop(0)
            xs.append(sub())
        return xs[0] if len(xs) == 1 else (op, xs)

    def primary():
        w = t.pop(0)
        if w == '(':
            x = expr('or', lambda: expr('and', negation))
            t.pop(0)
            return x
        if w in ('1', 'any', 'all') and t and t[0] == 'of':
            t.pop(0)
            what = t.pop(0)
            pattern = '*' if what == 'them' else what
            fit = [n for n in names if re.fullmatch(re.escape(pattern).replace(r'\*', '.*'), n) and (not n.startswith('_') or pattern.startswith('_'))]
            return ('and' if w == 'all' else 'or', [('sel', n) for n in fit])
        return ('sel', w)

    def negation():
        if t and t[0].lower() == 'not':
            t.pop(0)
            return ('not', negation())
        return primary()

    return expr('or', lambda: expr('and', negation))


# ---- constraints: (field, modifiers, value, wanted) -------------------------------------------------------------

def item(key, value, wanted):
    """Alternatives (lists of constraints) that make an item hold, or fail."""
    field, *mods = key.split('|')
    values = value if isinstance(value, list) else [value]
    if wanted == ('all' in mods):
        return [[(field, mods, v, wanted) for v in values]]
    if not wanted:
        return [[(field, mods, v, False) for v in values]]
    return [[(field, mods, v, True)] for v in values]


def both(a, b, limit=400):
    out = []
    for x in a:
        for y in b:
            out.append(x + y)
            if len(out) >= limit:
                return out
    return out


def selection(sel, wanted):
    if isinstance(sel, dict):
        parts = [item(k, v, wanted) for k, v in sel.items()]
        if not wanted:
            return [alt for p in parts for alt in p]
        out = [[]]
        for p in parts:
            out = both(out, p)
        return out
    rows = sel if isinstance(sel, list) else [sel]
    parts = [selection(r, wanted) if isinstance(r, dict) else [[(KEYWORD, ['contains'], r, wanted)]] for r in rows]
    if wanted:
        return [alt for p in parts for alt in p]
    out = [[]]
    for p in parts:
        out = both(out, p)
    return out


def solve(node, sels, wanted=True):
    kind, x = node
    if kind == 'sel':
        return selection(sels[x], wanted)
    if kind == 'not':
        return solve(x, sels, not wanted)
    parts = [solve(n, sels, wanted) for n in x]
    if (kind == 'or') == wanted:
        return [alt for p in parts for alt in p]
    out = [[]]
    for p in parts:
        out = both(out, p)
    return out


# ---- texts -----------------------------------------------------------------------------------------------------

def plain(text, star='x'):
    """A string the pattern fits."""
    out, i = [], 0
    while i < len(text):
        if text[i] == '\\' and i + 1 < len(text) and text[i + 1] in '*?\\':
            out.append(text[i + 1])
            i += 1
        elif text[i] == '*':
            out.append(star)
        elif text[i] == '?':
            out.append('x')
        else:
            out.append(text[i])
        i += 1
    return ''.join(out)


def from_regex(pattern):
    def chars(av):
        for op, a in av:
            if str(op) == 'LITERAL':
                return chr(a)
            if str(op) == 'RANGE':
                return chr(a[0])
            if str(op) == 'CATEGORY':
                return {'CATEGORY_DIGIT': '7', 'CATEGORY_SPACE': ' ', 'CATEGORY_WORD': 'w', 'CATEGORY_NOT_SPACE': 'n', 'CATEGORY_NOT_WORD': '.'}.get(str(a), 'x')
        return 'x'

    def gen(seq):
        out = ''
        for op, av in seq:
            name = str(op)
            if name == 'LITERAL':
                out += chr(av)
            elif name == 'ANY':
                out += 'x'
            elif name == 'IN':
                negated = str(av[0][0]) == 'NEGATE'
                if negated:
                    banned = [chr(a) for o, a in av if str(o) == 'LITERAL']
                    out += next(c for c in 'xyz1_ ' if c not in banned)
                else:
                    out += chars(av)
            elif name in ('MAX_REPEAT', 'MIN_REPEAT', 'POSSESSIVE_REPEAT'):
                out += gen(av[2]) * max(av[0], 1 if av[0] == 0 and av[1] == 1 else av[0])
            elif name == 'SUBPATTERN':
                out += gen(av[-1])
            elif name == 'BRANCH':
                out += gen(av[1][0])
            elif name == 'NOT_LITERAL':
                out += 'x' if chr(av) != 'x' else 'y'
        return out

    return gen(sre_parse.parse(pattern.replace('(?i)', '')))


def text_for(constraints, neutral):
    """One value that meets the wanted constraints of a field; None: it is to be absent."""
    exact = [v for m, v in constraints if not set(m) & {'contains', 'startswith', 'endswith', 're', 'cidr', 'gt', 'gte', 'lt', 'lte'}]
    for v in exact:
        if v is None:
            return None
        return plain(str(v)) if v != '' else ''
    pre = mid = post = ''
    inner = []
    for m, v in constraints:
        if 're' in m:
            inner.append(from_regex(str(v)))
        elif 'cidr' in m:
            return str(v).split('/')[0]
        elif set(m) & {'gt', 'gte', 'lt', 'lte'}:
            return str(int(v) + (1 if 'gt' in m else -1 if 'lt' in m else 0))
        elif 'startswith' in m:
            pre = max(pre, plain(str(v)), key=len)
        elif 'endswith' in m:
            post = max(post, plain(str(v)), key=len)
        else:
            inner.append(plain(str(v)))
    for x in sorted(inner, key=len, reverse=True):
        if x not in pre + mid and x not in mid + post:
            mid = (mid + ' ' if mid and not mid.endswith(' ') and not x.startswith(' ') else mid) + x
    whole = pre + mid + post
    if pre and post and pre.lower().endswith(post.lower()) and not mid:
        whole = pre
    return whole if whole else neutral


def values(rule, neutral, allowed=None, limit=60):
    """Candidate events: dicts field -> text (None: absent), keywords under ''."""
    d = rule['detection']
    sels = {k: v for k, v in d.items() if k not in ('condition', 'timeframe')}
    cond = d['condition'] if isinstance(d['condition'], str) else d['condition'][0]
    seen = 0
    for alt in solve(parse(cond, list(sels)), sels):
        by, words, bad = {}, [], False
        for field, mods, v, wanted in alt:
            if not wanted:
                continue
            if field == KEYWORD:
                words.append(from_regex(str(v)) if 're' in mods else plain(str(v)))
            else:
                by.setdefault(field, []).append((mods, v))
                bad |= allowed is not None and field not in allowed
        if bad:
            continue
        out = {f: text_for(c, neutral.get(f, 'x')) for f, c in by.items()}
        for field, mods, v, wanted in alt:  # a field that must only not be absent
            if not wanted and v is None and field not in out:
                out[field] = neutral.get(field, 'x')
        out[KEYWORD] = words
        yield out
        seen += 1
        if seen == limit:
            return
