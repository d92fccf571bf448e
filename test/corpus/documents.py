#!/usr/bin/env python3
"""Sample documents of oletools (shared/corpora/documents) against what is known to be in each (documents-oracle.tsv): every finding that is expected is there, none that is
not, and files with nothing in them stay below level medium.

With `spoil` each sample is cut at every hundredth of its length and changed in a hundred ways besides, by LURE_DRIVE built with sanitizers.

usage: documents.py POSTERN|LURE_DRIVE [spoil]
"""
import base64, collections, csv, hashlib, io, json, os, re, struct, subprocess, sys, tempfile, zipfile, zlib

import corpora

WRAPPED = b'infected-test'  # the password of the samples that are wrapped
LEVELS = ['informational', 'low', 'medium', 'high', 'critical']
ZIP, OLE = b'PK\3\4', b'\xd0\xcf\x11\xe0'


# ---- what is embedded, found a second way ------------------------------------------------------------------------------
def blobs(data, depth=0):
    """The bytes, and what is packed in them in any of the ways that office formats know."""
    yield data
    if depth > 3:
        return
    if data[:4] == ZIP:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            for m in z.namelist():
                yield from blobs(z.read(m), depth + 1)
        return
    if data[:5] == b'<?xml':
        for m in re.finditer(rb'>([A-Za-z0-9+/\s]{400,}={0,2})<', data):
            yield from blobs(base64.b64decode(m[1]), depth + 1)
        return
    for m in re.finditer(rb'\x78[\x01\x5e\x9c\xda]', data):
        try:
            plain = zlib.decompressobj().decompress(data[m.start():], 1 << 20)
        except zlib.error:
            continue
        if plain[:4] == OLE:
            yield from blobs(plain, depth + 1)


def embedded(data, md5):
    """SHA-256 of the bytes with that MD5 which stand somewhere behind their length; '' when there are none."""
    for blob in blobs(data):
        for at in range(len(blob) - 4):
            n = struct.unpack_from('<I', blob, at)[0]
            if 0 < n <= min(65536, len(blob) - at - 4):
                part = blob[at + 4:at + 4 + n]
                if hashlib.md5(part).hexdigest() == md5:
                    return hashlib.sha256(part).hexdigest()
    return ''


# ---- columns -----------------------------------------------------------------------------------------------------------
def count(report, *ids):
    return sum(f['count'] for f in report['findings'] if f['id'] in ids)


def evidence(report, id):
    return ' '.join(f['evidence'] for f in report['findings'] if f['id'] == id)


def yes_no(want, have):
    return None if want == 'unknowable' else (want == 'yes') == bool(have)


def check_embedded(row, report, data):
    want = row['embedded_object']
    objects = [o for o in report['objects'] if o.get('parent') is not None and not o.get('opened')]
    if not want:
        return count(report, 'OFFICE_EMBEDDED', 'OFFICE_EMBEDDED_PROGRAM', 'OFFICE_LINK_PROGRAM', 'OFFICE_LINK_FILE') == 0
    if want.startswith('Ole10Native link only: '):
        path = want.split(': ', 1)[1].split(' (')[0]
        return path in evidence(report, 'OFFICE_LINK_PROGRAM')
    if not re.fullmatch(r'.+:[0-9a-f]{32}', want):  # in words: that one is there
        return count(report, 'OFFICE_EMBEDDED') > 0
    name, md5 = want.rsplit(':', 1)
    sums = {o['sha256'] for o in objects if re.sub(r'[^A-Za-z0-9.-]', '_', os.path.basename(o['name'])) == re.sub(r'[^A-Za-z0-9.-]', '_', name)}
    found = count(report, 'OFFICE_EMBEDDED_PROGRAM' if name.endswith(('.lnk', '.exe')) else 'OFFICE_EMBEDDED')
    return bool(sums) and embedded(data, md5) in sums and found > 0


def check_external(row, report, _):
    want = row['external_link']
    have = count(report, 'OFFICE_REMOTE_OBJECT', 'OFFICE_REMOTE_TEMPLATE', 'OFFICE_REMOTE_FRAME')
    if not want:
        return have == 0
    host = re.search(r'//([^/]+)/', want)
    return have > 0 and (not host or host[1] in evidence(report, 'OFFICE_REMOTE_OBJECT'))


def quiet(row):
    nothing = all(row[c] in ('no', '0', '') for c in ('encrypted', 'vba', 'xlm', 'dde_links', 'embedded_object', 'external_link', 'rtf_objects'))
    return nothing or 'benign' in row['note']


def check_dde(row, report, _):
    return None if row['dde_links'] == 'unknowable' else count(report, 'OFFICE_DDE', 'OFFICE_DDE_SERVER', 'OFFICE_DDE_OFFICE') == int(row['dde_links'])


def check_modules(row, report, _):
    said = re.match(r'(\d+) modules', evidence(report, 'OFFICE_VBA') or evidence(report, 'OFFICE_VBA_EMPTY'))
    return None if not row['vba_modules'].isdigit() else bool(said) and int(said[1]) >= int(row['vba_modules'])


COLUMNS = {
    'encrypted': lambda row, r, _: yes_no(row['encrypted'], count(r, 'OFFICE_ENCRYPTED')),
    'std_password_opens': lambda row, r, _: yes_no(row['std_password_opens'] or 'no', count(r, 'OFFICE_STANDARD_PASSWORD') and r['objects'][-1]),
    'vba': lambda row, r, _: yes_no(row['vba'], count(r, 'OFFICE_VBA', 'OFFICE_VBA_EMPTY')),
    'vba_modules': check_modules,
    'xlm': lambda row, r, _: yes_no(row['xlm'], count(r, 'OFFICE_XLM')),
    'dde_links': check_dde,
    'embedded_object': check_embedded,
    'external_link': check_external,
    'rtf_objects': lambda row, r, _: count(r, 'RTF_OBJECT') == int(row['rtf_objects'] or 0),
    'autoexec': lambda row, r, _: bool(row['autoexec']) == bool(count(r, 'OFFICE_XLM_AUTORUN', 'OFFICE_VBA_AUTORUN')),
    'quiet': lambda row, r, _: LEVELS.index(r['level']) < LEVELS.index('medium') if quiet(row) else None,
}


def positive(column, row):
    if column == 'quiet':
        return True
    value = row[column]
    return value not in ('', 'no', '0', 'unknowable')


# ---- running -----------------------------------------------------------------------------------------------------------
def unwrap(path):
    if path.endswith('.zip'):
        with zipfile.ZipFile(path) as z:
            name = z.namelist()[0]
            return os.path.basename(name), z.read(name, WRAPPED)
    with open(path, 'rb') as f:
        return os.path.basename(path), f.read()


def inspect(program, path, password=None):
    command = [program] if os.path.basename(program) == 'lure_drive' else [program, 'inspect', '--format', 'json']
    r = subprocess.run(command + (['--password', password] if password else []) + [path], capture_output=True, check=False)
    lines = [line for line in r.stdout.decode('utf-8').split('\n') if line]
    if not lines:
        sys.exit(f'{path}: {r.stderr.decode()}')
    return json.loads(lines[0])


def main():
    program, base = sys.argv[1], corpora.folder('documents')
    with open(base + '-oracle.tsv', encoding='utf-8', newline='') as f:
        rows = list(csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE))
    good, all_, wrong = collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory() as tmp:
        for row in rows:
            name, data = unwrap(os.path.join(base, row['path']))
            if hashlib.sha256(data).hexdigest() != row['sha256']:
                sys.exit(f"{row['path']}: not the file the oracle speaks of")
            with open(os.path.join(tmp, name), 'wb') as f:
                f.write(data)
            if sys.argv[2:] == ['spoil']:
                r = subprocess.run([program, '--spoil', '7', os.path.join(tmp, name)], capture_output=True, check=False)
                if r.returncode or not r.stdout.endswith(b' inspected\n'):
                    wrong.append(f"{row['path']}, spoilt: exit status {r.returncode}, {r.stderr.decode('utf-8', 'replace')[:2000]}")
            report = inspect(program, os.path.join(tmp, name))
            for column, check in COLUMNS.items():
                ok = check(row, report, data)
                if ok is None:
                    continue
                kind = 'there' if positive(column, row) else 'absent'
                all_[column, kind] += 1
                good[column, kind] += ok
                if not ok:
                    wrong.append(f"{row['path']}: {column} should be {row.get(column, 'below medium')!r}; found {[(f['id'], f['count'], f['evidence']) for f in report['findings']]}")
    print(f"{'column':20} {'must be there':>14} {'must be absent':>15}")
    for column in COLUMNS:
        print(f'{column:20}' + ''.join(f"{good[column, k]:>{w}} of {all_[column, k]:<3}" for k, w in (('there', 8), ('absent', 9))))
    print('\n'.join(wrong))
    there = sum(n for (c, k), n in all_.items() if k == 'there')
    print(f'documents: {len(rows)} files, {sum(n for (c, k), n in good.items() if k == "there")} of {there} expected findings, {len(wrong)} differences')
    return 1 if wrong or there < 40 else 0


if __name__ == '__main__':
    sys.exit(main())
