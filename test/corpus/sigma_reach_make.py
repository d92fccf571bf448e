"""Values that satisfy a Sigma rule: ways through its condition, and strings for several comparisons of one field at once."""
import itertools, random, re

import sigma_reach_rules as rules

try:
    from re import _parser as sre_parse, _constants as sre
except ImportError:
    import sre_parse, sre_constants as sre

WAYS = 300  # ways of one rule that are tried


def ways(node, most=WAYS):
    """Lists of leaves that satisfy the tree when all of a list hold; what is negated is left to the check afterwards."""
    kind, x = node
    if kind == 'leaf':
        yield [x]
    elif kind == 'not':
        yield []
    elif kind == 'or':
        for n in x:
            yield from itertools.islice(ways(n, most), most)
    else:
        few = max(3, int(most ** (1 / max(1, len(x)))))
        lists = [list(itertools.islice(ways(n, most), few)) for n in x]
        for combination in itertools.islice(itertools.product(*lists), most):
            yield [leaf for part in combination for leaf in part]


# A character for a class of characters: the first of these that fits.
LIKELY = 'ax1e9AZ/ -_.:=%@'


def member(items, chance):
    negated, inside = False, []
    for op, value in items:
        if op is sre.NEGATE:
            negated = True
        elif op is sre.LITERAL:
            inside.append(chr(value))
        elif op is sre.RANGE:
            inside += [chr(c) for c in range(value[0], min(value[1], 126) + 1)]
        elif op is sre.CATEGORY:
            text = {sre.CATEGORY_DIGIT: r'\d', sre.CATEGORY_NOT_DIGIT: r'\D', sre.CATEGORY_SPACE: r'\s', sre.CATEGORY_NOT_SPACE: r'\S',
                    sre.CATEGORY_WORD: r'\w', sre.CATEGORY_NOT_WORD: r'\W'}[value]
            inside += [c for c in map(chr, range(32, 127)) if re.match(text, c)]
    pool = [c for c in map(chr, range(32, 127)) if c not in inside] if negated else inside
    good = [c for c in LIKELY if c in pool] or pool
    return good[0] if chance is None else chance.choice(good)


def from_regex(tree, chance=None):
    """A text that the parsed regular expression finds; chance varies it."""
    out = ''
    for op, value in tree:
        if op is sre.LITERAL:
            out += chr(value)
        elif op is sre.NOT_LITERAL:
            out += next(c for c in LIKELY if ord(c) != value)
        elif op is sre.ANY:
            out += 'x'
        elif op is sre.IN:
            out += member(value, chance)
        elif op is sre.BRANCH:
            branches = value[1]
            out += from_regex(branches[0] if chance is None else chance.choice(branches), chance)
        elif op is sre.SUBPATTERN:
            out += from_regex(value[-1], chance)
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, inner = value
            times = least if chance is None else min(most, least + chance.randrange(2))
            for _ in range(times):
                out += from_regex(inner, chance)
        elif op is not sre.AT:
            raise ValueError(f'regular expression with {op}')
    return out


def parts(leaf, seed):
    """(bound at the start, literal pieces, bound at the end) of what a leaf wants."""
    if leaf.kind == 're':
        tree = sre_parse.parse(leaf.re.pattern.replace('(?i)', '')) if leaf.field or isinstance(leaf.value, str) else None
        if tree is None:
            return False, [str(leaf.value)], False
        text = from_regex(tree, random.Random(seed) if seed else None)
        return leaf.re.pattern.startswith('^'), [text], leaf.re.pattern.endswith('$')
    if leaf.kind == 'cidr':
        return True, [str(leaf.net[1] if leaf.net.num_addresses > 1 else leaf.net[0])], True
    p = leaf.pieces
    literals, now = [], ''
    for c in p:
        if c is rules.ANY:
            if now:
                literals.append(now)
            now = ''
        else:
            now += '?' if c is rules.ONE else c
    if now:
        literals.append(now)
    return not p or p[0] is not rules.ANY, literals, not p or p[-1] is not rules.ANY


def contained(needle, hay):
    return needle.lower() in hay.lower()


def strings(leaves, joints=('', ' '), starts=('',), ends=('',)):
    """Texts that satisfy all leaves of one field. What is not bound at the start begins with one of starts, likewise ends."""
    if any(leaf.kind == 'null' for leaf in leaves):
        return
    seen = set()
    for seed in range(5):
        first, last, middles = None, None, []
        for leaf in leaves:
            left, literals, right = parts(leaf, seed)
            if left and right and len(literals) <= 1:
                whole = literals[0] if literals else ''
                first = last = whole
                continue
            literals = list(literals)
            if left and literals:
                text = literals.pop(0)
                first = text if first is None or len(text) > len(first) else first
            if right and literals:
                text = literals.pop()
                last = text if last is None or len(text) > len(last) else last
            middles += literals
        for joint, start, end in itertools.product(joints, starts, ends):
            for order in (middles, sorted(middles, key=len, reverse=True)):
                body = ''
                for text in order:
                    if not contained(text, body) and not any(o is not text and contained(text, o) and len(o) > len(text) for o in order):
                        body = glue(body, text, joint)
                head = start if first is None else first
                tail = end if last is None else last
                text = glue(glue(head, body, joint), tail, joint if last is not None else '')
                for candidate in (head if first is not None and first == last else text, text, head + body + tail):
                    if candidate not in seen and all(leaf.fits(candidate) for leaf in leaves):
                        seen.add(candidate)
                        yield candidate
        if not any(leaf.kind == 're' for leaf in leaves):
            return


def glue(a, b, joint):
    """Both texts with the joint between, unless it is there."""
    if not a or not b:
        return a + b
    return a + b if a.endswith(joint) or b.startswith(joint) else a + joint + b
