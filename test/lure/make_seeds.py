#!/usr/bin/env python3
"""Seeds of the fuzz targets for office formats, made from the documents of make_office.py: small ones only.

usage: make_seeds.py FOLDER (fuzz/corpus)
"""
import os, struct, sys

from make_office import *

WHOLE, MOST = b'\xff', 6000


def seeds():
    ole = {name: WHOLE + data for name, (data, _) in DOCUMENTS.items() if name.endswith(('.doc', '.xls', '.ppt', '.msg'))}
    ole.update({'part-xls': b'\0' + workbook(XLS_DDE + biff(0x85, struct.pack('<IBB', 0, 2, 1) + biff_text(b'M')), macro_sheet(call(110, b'x'))), 'part-ppt': b'\1' + packed_ole(compound({'a': b'b'})),
                'part-unpack': b'\2' + vba_pack(ATTACK * 3), 'part-macro': b'\3' + ATTACK + b'\0' + pcode(4, [b'no such string']), 'part-native': b'\4' + package(b'a.txt', TEXT),
                'part-ole1': b'\5' + ole1(b'Package', package(b'a.txt', TEXT)[4:]), 'part-link': b'\6' + struct.pack('<II', 1, 1) + b'\0' * 12 + 'https://example.org/'.encode('utf-16-le'),
                'part-mso': b'\7' + activemime(compound({'a': b'b'})), 'part-tokens': b'\x08' + call(110, b'abc', b'def') + call(150, b'x'), 'part-fields': b'\x09\x13 DDE x \x13 QUOTE 68 68 69 \x14\x15\x14\x15'})
    ooxml_ = {name: b'\xff' + data for name, (data, _) in DOCUMENTS.items() if name.endswith(('.docx', '.docm', '.xlsm', '.xlsb', '.odt')) and len(data) < 3000}
    ooxml_.update({'part-xml': b'\0' + b'<a x="1&amp;2"><b name=\'&#65;\'/><![CDATA[x]]></a>', 'part-fields': b'\1<w:p><w:fldChar w:fldCharType="begin"/><w:instrText>DDE x</w:instrText></w:p>',
                   'part-book': b'\2' + biff12(156, struct.pack('<II', 2, 1) + wide('rId1') + wide('M')), 'part-macros': b'\3' + biff12(10, b'\0' * 11 + struct.pack('<I', 9) + call(110, b'ab')),
                   'part-external': b'\4' + biff12(360, struct.pack('<H', 1) + wide('cmd') + wide('/c x')), 'part-text': b"\5=cmd|'/c x'!A0", 'part-zip': b'\6' + DOCUMENTS['dtd.docx'][0],
                   'slk': b'\xfc' + DOCUMENTS['xlm.slk'][0], 'csv': b'\xfb' + DOCUMENTS['dde.csv'][0], 'flat': b'\xfd' + DOCUMENTS['macro-2003.xml'][0]})
    rtf_ = {name: data[7:] for name, (data, _) in DOCUMENTS.items() if name.endswith('.rtf')}
    return {'fuzz_lure_ole': ole, 'fuzz_lure_ooxml': ooxml_, 'fuzz_lure_rtf': rtf_}


for target, files in seeds().items():
    folder = os.path.join(sys.argv[1], target)
    os.makedirs(folder, exist_ok=True)
    for name, data in files.items():
        if len(data) <= MOST:
            with open(os.path.join(folder, name), 'wb') as f:
                f.write(data)
