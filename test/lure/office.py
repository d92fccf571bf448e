#!/usr/bin/env python3
"""Documents that make_office.py writes: in each exactly what it was made with is found, with evidence, and in their twins of ordinary life nothing.

Documents that are built to grow (parts of nothing, depth, turns of a digest) are stopped within a bound of memory, and never called clean. With `spoil` each document is cut
at every hundredth of its length and changed in a hundred ways besides, by LURE_DRIVE built with sanitizers.

usage: office.py POSTERN|LURE_DRIVE [spoil]
"""
import os, re, resource, subprocess, sys, tempfile

from make_office import DOCUMENTS, bombs

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'corpus'))
from documents import inspect  # noqa: E402

WORD = 'Offer-2026'  # in the "message"
CHILDREN = {'embedded-text.docx': ['notes.txt'], 'object-hidden.rtf': ['notes.txt'], 'offer.msg': ['offer.docm'], 'macro.ppt': ['object.ole'], 'standard-agile.xlsx': ['decrypted'], 'chunk.docx': ['inner.docx']}


MOST_KB = 300 * 1024  # of memory for one document


def check_bombs(program, tmp):
    wrong = []
    for name, (data, some) in bombs().items():
        path = os.path.join(tmp, name)
        with open(path, 'wb') as f:
            f.write(data)
        report = inspect(program, path)
        have = {f['id'] for f in report['findings']}
        if not have & some or report['verdict'] == 'clean':
            wrong.append(f'{name}: {report["verdict"]}, {sorted(have)}, not one of {sorted(some)}')
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if most > MOST_KB and 'asan' not in program:
        wrong.append(f'{most} KB of memory')
    return wrong


def spoil(program, tmp):
    wrong = []
    for name in DOCUMENTS:
        r = subprocess.run([program, '--spoil', '1', os.path.join(tmp, name)], capture_output=True, check=False)
        if r.returncode or not r.stdout.endswith(b' inspected\n'):
            wrong.append(f'{name}, spoilt: exit status {r.returncode}, {r.stderr.decode("utf-8", "replace")[:2000]}')
    return wrong


def main():
    program, wrong = sys.argv[1], []
    with tempfile.TemporaryDirectory() as tmp:
        for name, (data, want) in DOCUMENTS.items():
            path = os.path.join(tmp, name)
            with open(path, 'wb') as f:
                f.write(data)
            report = inspect(program, path, WORD)
            ours = [f for f in report['findings'] if re.match(r'OFFICE_|RTF_|ODF_', f['id'])] # a child's own type may have more to say
            have = {f['id'] for f in ours}
            if have != want:
                wrong.append(f'{name}: lacks {sorted(want - have)}, has {sorted(have - want)}: {[(f["id"], f["evidence"]) for f in report["findings"]]}')
            if any(not f['evidence'] or not f.get('where') for f in ours):
                wrong.append(f'{name}: a finding without evidence or place: {report["findings"]}')
            if not want and report['level'] not in ('informational', 'low'):
                wrong.append(f'{name}: level {report["level"]} of a document with nothing in it: {report["findings"]}')
            names = [o['name'] for o in report['objects'][1:]]
            if name in CHILDREN and names != CHILDREN[name]:
                wrong.append(f'{name}: parts {names}, not {CHILDREN[name]}')
        wrong += check_bombs(program, tmp)
        if sys.argv[2:] == ['spoil']:
            wrong += spoil(program, tmp)
    print('\n'.join(wrong))
    print(f'office: {len(DOCUMENTS)} documents, {len(wrong)} differences')
    return 1 if wrong or len(DOCUMENTS) < 60 else 0


sys.exit(main())
