#!/usr/bin/env python3
"""Writes documents of every office format from scratch, each with one trait and nothing harmful: what starts something starts nothing that exists, what loads something
loads from example.org. Beside each stands what postern inspect has to find in it, and twins of ordinary life in which it has to find nothing.

usage: make_office.py FOLDER
"""
import base64, os, struct, sys, zlib

from tnef import pack_rtf
from office_parts import *

HELLO = b'Sub Greet()\r\n    MsgBox "Hello"\r\nEnd Sub\r\n'
AUTO = b'Private Sub Document_Open()\r\n    MsgBox "Hello"\r\nEnd Sub\r\n'
ATTACK = b'Sub AutoOpen()\r\n    \' made for a test: names a program that is not there\r\n    Shell "no-such-program --hello", 1\r\nEnd Sub\r\n'
ENCODED = b'Sub Show()\r\n' + b''.join(b'    t = t & Chr(%d) & ChrW(%d) & StrReverse("olleh")\r\n' % (72 + i, 80 + i) for i in range(12)) + b'    MsgBox t\r\nEnd Sub\r\n'
ORDINARY = b'Option Explicit\r\nSub Sum()\r\n    Dim cmd As String, i As Long\r\n    cmd = "total" & Chr(10)\r\n    For i = 1 To 10\r\n        Cells(i, 1).Value = i \' Shell would be a word of a comment\r\n    Next\r\nEnd Sub\r\n'
VBA_TYPE = 'application/vnd.ms-office.vbaProject'
DOC_RELS = 'word/_rels/document.xml.rels'
TEXT = b'A text, and nothing but a text.\r\n'
BOX = b'MZ' + b'\0' * 58 + struct.pack('<I', 64) + b'PE\0\0' + b'\0' * 400  # the head of a program, without one


def docm(modules, name_type=DOCM, body=run('Hello'), project=None):
    return ooxml('docx', {'word/document.xml': word(body), DOC_RELS: relations((MS + 'vbaProject', 'vbaProject.bin', False)), 'word/vbaProject.bin': project or compound(vba(modules))},
                 [('/word/vbaProject.bin', VBA_TYPE)], name_type)


def linked(kind, target, where=DOC_RELS):
    return ooxml('docx', {'word/document.xml': word(run('Hello')), where: relations((OFFICE + kind, target, True))})


def embedded(name, content, **more):
    return ooxml('docx', {'word/document.xml': word(run('Hello')), DOC_RELS: relations((OFFICE + 'oleObject', 'embeddings/oleObject1.bin', False)),
                          'word/embeddings/oleObject1.bin': compound({'\1Ole10Native': package(name, content, **more)})})


def xlsm(formula, state):
    sheet = f'<?xml version="1.0"?><xm:macrosheet xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><sheetData><row><c><f>{formula}</f></c></row></sheetData></xm:macrosheet>'.encode()
    book = (f'<?xml version="1.0"?><workbook xmlns:r="x"><sheets><sheet name="Macro1" sheetId="1" {state} r:id="rId1"/></sheets><definedNames><definedName name="_xlnm.Auto_Open">Macro1!$A$1</definedName>'
            '</definedNames></workbook>').encode()
    return ooxml('xlsx', {'xl/workbook.xml': book, 'xl/_rels/workbook.xml.rels': relations((MS + 'xlMacrosheet', 'macrosheets/sheet1.xml', False)), 'xl/macrosheets/sheet1.xml': sheet},
                 [('/xl/macrosheets/sheet1.xml', 'application/vnd.ms-excel.macrosheet+xml')])


def xlsb():
    book = biff12(156, struct.pack('<II', 2, 1) + wide('rId1') + wide('Macro1')) + biff12(39, struct.pack('<IBI', 0, 0, 0) + wide('Auto_Open'))
    formula = b'\x17' + struct.pack('<H', 5) + 'hello'.encode('utf-16-le') + b'\x42\x01' + struct.pack('<H', 110)
    cell = struct.pack('<II', 0, 0) + b'\0' + struct.pack('<H', 0) + struct.pack('<I', len(formula)) + formula
    link = biff12(360, struct.pack('<H', 1) + wide('cmd') + wide('/c no-such-program'))
    rels = relations((MS + 'xlMacrosheet', 'macrosheets/sheet1.bin', False), (OFFICE + 'externalLink', 'externalLinks/externalLink1.bin', False))
    return ooxml('xlsx', {'xl/workbook.bin': book, 'xl/_rels/workbook.bin.rels': rels, 'xl/macrosheets/sheet1.bin': biff12(10, cell), 'xl/externalLinks/externalLink1.bin': link})


def equation(font):
    """A formula of the old editor: a header, and a font's name; where it is too long it is too long with nothing in it."""
    return b'\x1c\0\0\0\2\0' + b'\0' * 22 + b'\3\1\1\3\x0a' + b'\x0a\1\x08\0\0' + font + b'\0' * 40


def xls_macro():
    name = struct.pack('<HBBHHHIB', 0x20, 0, 1, 0, 0, 1, 0, 0) + b'\x01'
    sheet = struct.pack('<IBB', 0, 2, 1) + biff_text(b'Macro1')
    return compound({'Workbook': workbook(biff(0x85, sheet) + biff(0x18, name), macro_sheet(call(110, b'no-such-program'), call(54)))})


def supbook(server, topic):
    text = server + b'\x03' + topic
    return biff(0x1ae, struct.pack('<HHB', 1, len(text), 0) + text)


def rtf(body):
    return b'{\\rtf1\\ansi ' + body + b'}'


def rtf_object(data, before=b'', hide=False):
    digits = data.hex().encode()
    if hide:
        digits = digits[:8] + b'{\\*\\unknown 1234}' + digits[8:20] + b'\\par ' + digits[20:]
    return rtf(b'{\\object\\objemb' + before + b'{\\*\\objclass Package}{\\*\\objdata ' + digits + b'}}')


def wordml(body):
    return ('<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">' + body + '</w:wordDocument>').encode()


def activemime(data):
    return b'ActiveMime\0\0'.ljust(0x32, b'\0') + zlib.compress(data)


def content(body):
    return ('<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:xlink="x" xmlns:script="y" xmlns:draw="z">' + body + '</office:document-content>').encode()


def basic(source):
    return {'Basic/Standard/Module1.xml': ('<?xml version="1.0"?><script:module xmlns:script="x" script:name="Module1" script:language="StarBasic">' + source + '</script:module>').encode()}


def msg(attachment):
    text = lambda s: s.encode('utf-16-le')
    return compound({'__properties_version1.0': b'\0' * 32, '__substg1.0_0037001F': text('An offer'), '__substg1.0_0C1A001F': text('A. Writer'), '__substg1.0_5D01001F': text('a.writer@example.org'),
                     '__attach_version1.0_#00000000': {'__substg1.0_3707001F': text('offer.docm'), '__substg1.0_37010102': attachment, '__properties_version1.0': b'\0' * 8}})


PLAIN = ooxml('docx', {'word/document.xml': word(run('Hello') + field(' HYPERLINK "https://example.org/" ') + field('PAGE')), DOC_RELS: relations((OFFICE + 'hyperlink', 'https://example.org/', True))})
STOMPED = vba({'Module1': (b'', pcode(9, [b'no-such-program --hello']))})
DIFFERENT = vba({'Module1': (HELLO, pcode(3, [b'no-such-program --hello']))})
LONGER = vba({'Module1': (HELLO, pcode(40))})
AGREEING = vba({'Module1': (HELLO, pcode(3, [b'Hello']))})
XLS_DDE = biff(0x85, struct.pack('<IBB', 0, 0, 0) + biff_text(b'Sheet1')) + supbook(b'cmd', b'/c no-such-program') + biff(0x31, b'\0' * 1500)

# name: (bytes, what has to be found, and nothing else), each near the twin in which it must not be
DOCUMENTS = {
    'plain.docx': (PLAIN, set()),
    'macro-hello.docm': (docm({'Module1': (HELLO, b'')}), {'OFFICE_VBA'}),
    'macro-none.docm': (docm({'ThisDocument': (b'Option Explicit\r\n', b'')}), {'OFFICE_VBA_EMPTY'}),
    'macro-none-type.docm': (ooxml('docx', {'word/document.xml': word(run('Hello'))}, (), DOCM), set()),
    'macro-auto.docm': (docm({'ThisDocument': (AUTO, b'')}), {'OFFICE_VBA', 'OFFICE_VBA_AUTORUN'}),
    'macro-attack.docm': (docm({'Module1': (ATTACK, b'')}), {'OFFICE_VBA', 'OFFICE_VBA_AUTORUN', 'OFFICE_VBA_CALLS', 'OFFICE_VBA_ATTACK'}),
    'macro-ordinary.docm': (docm({'Module1': (ORDINARY, b'')}), {'OFFICE_VBA'}),
    'macro-encoded.docm': (docm({'Module1': (ENCODED, b'')}), {'OFFICE_VBA', 'OFFICE_VBA_OBFUSCATED'}),
    'macro-stomped.docm': (docm({}, project=compound(STOMPED)), {'OFFICE_VBA', 'OFFICE_VBA_STOMPED'}),
    'macro-different.docm': (docm({}, project=compound(DIFFERENT)), {'OFFICE_VBA', 'OFFICE_VBA_STOMPED'}),
    'macro-longer.docm': (docm({}, project=compound(LONGER)), {'OFFICE_VBA', 'OFFICE_VBA_STOMPED'}),
    'macro-agreeing.docm': (docm({}, project=compound(AGREEING)), {'OFFICE_VBA'}),
    'macro-misnamed.docx': (docm({'Module1': (HELLO, b'')}), {'OFFICE_VBA', 'OFFICE_MACRO_MISNAMED'}),
    'macro-elsewhere.docm': (ooxml('docx', {'word/document.xml': word(run('x')), DOC_RELS: relations((MS + 'vbaProject', 'media/image1.png', False)), 'word/media/image1.png': compound(vba({'M': (HELLO, b'')}))}, (), DOCM),
                             {'OFFICE_VBA'}),
    'macro.doc': (compound({'WordDocument': b'\xec\xa5\xc1\0' + b'\0' * 508, 'Macros': vba({'Module1': (ATTACK, b'')})}), {'OFFICE_VBA', 'OFFICE_VBA_AUTORUN', 'OFFICE_VBA_CALLS', 'OFFICE_VBA_ATTACK'}),
    'macro.ppt': (compound({'PowerPoint Document': packed_ole(compound(vba({'Module1': (HELLO, b'')})))}), {'OFFICE_VBA'}),
    'template.docx': (linked('attachedTemplate', 'https://example.org/offer.dotm', 'word/_rels/settings.xml.rels'), {'OFFICE_REMOTE_TEMPLATE'}),
    'template-local.docx': (linked('attachedTemplate', 'file:///C:\\Users\\x\\Templates\\Normal.dotm', 'word/_rels/settings.xml.rels'), set()),
    'template-inside.docx': (linked('attachedTemplate', 'file:///\\\\fileserver\\templates\\letter.dotx', 'word/_rels/settings.xml.rels'), {'OFFICE_TEMPLATE_INSIDE'}),
    'template-unc.docx': (linked('attachedTemplate', '\\\\files.example.org\\t\\offer.dotm', 'word/_rels/settings.xml.rels'), {'OFFICE_REMOTE_TEMPLATE', 'OFFICE_UNC'}),
    'template.doc': (word_document('Hello', template='https://example.org/offer.dotm'), {'OFFICE_REMOTE_TEMPLATE'}),
    'template-local.doc': (word_document('Hello', template='C:\\Users\\x\\Normal.dotm'), set()),
    'frame.docx': (linked('frame', 'http://example.org/page.html'), {'OFFICE_REMOTE_FRAME'}),
    'object-outside.docx': (linked('oleObject', 'https://example.org/a.xlsx'), {'OFFICE_REMOTE_OBJECT'}),
    'object-moniker.docx': (linked('oleObject', 'https://example.org/a.html!'), {'OFFICE_REMOTE_OBJECT', 'OFFICE_REMOTE_HANDLER'}),
    'object-mhtml.docx': (linked('oleObject', 'mhtml:https://example.org/a.html!x-usc:https://example.org/a.html'), {'OFFICE_REMOTE_HANDLER'}),
    'picture-outside.docx': (linked('image', 'https://example.org/logo.png'), {'OFFICE_REMOTE_PICTURE'}),
    'dde.docx': (ooxml('docx', {'word/document.xml': word(field(' DDEA', 'UTO c:\\\\none\\\\no-such-program.exe &quot;/k hello&quot; '))}), {'OFFICE_DDE'}),
    'dde-excel.docx': (ooxml('docx', {'word/document.xml': word(field(' DDEAUTO Excel &quot;Book1.xlsx&quot; Sheet1!R1C1 '))}), {'OFFICE_DDE_OFFICE'}),
    'dde-word-in-text.docx': (ooxml('docx', {'word/document.xml': word(run('DDEAUTO is a field of Word'))}), set()),
    'dde-simple.docx': (ooxml('docx', {'word/document.xml': word('<w:fldSimple w:instr="DDE no-such-program.exe x"/>')}), {'OFFICE_DDE'}),
    'dde.doc': (word_document('Hello \x13 DDEAUTO no-such-program.exe "/k hello" \x14 result \x15 bye'), {'OFFICE_DDE'}),
    'dde-wide.doc': (word_document('안녕 \x13 DDEAUTO no-such-program.exe "/k hello" \x14 \x15 끝', wide_text=True), {'OFFICE_DDE'}),
    'page.doc': (word_document('Hello \x13 PAGE \x14 1 \x15 and \x13 HYPERLINK "https://example.org/" \x14 there \x15'), set()),
    'picture-field.doc': (word_document('\x13 INCLUDEPICTURE "https://example.org/pixel.png" \\d \x14 \x15'), {'OFFICE_REMOTE_PICTURE'}),
    'locked.doc': (word_document('Hello', encrypted=True), {'OFFICE_ENCRYPTED'}),
    'standard-rc4.doc': (word_document('Hello \x13 DDEAUTO no-such-program.exe "/k hello" \x14 result \x15 bye', locked=('VelvetSweatshop', True)), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD', 'OFFICE_DDE'}),
    'standard-rc4-old.doc': (word_document('Hello ' * 300, template='https://example.org/offer.dotm', locked=('VelvetSweatshop', False)), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD', 'OFFICE_REMOTE_TEMPLATE'}),
    'password-in-mail.doc': (word_document('\x13 INCLUDEPICTURE "https://example.org/pixel.png" \\d \x14 \x15', locked=('Offer-2026', True)), {'OFFICE_ENCRYPTED', 'OFFICE_PASSWORD_IN_MESSAGE', 'OFFICE_REMOTE_PICTURE'}),
    'secret.doc': (word_document('Hello', locked=('nobody knows', True)), {'OFFICE_ENCRYPTED'}),
    'secret-old.doc': (word_document('Hello', locked=('nobody knows', False)), {'OFFICE_ENCRYPTED'}),
    'embedded-text.docx': (embedded(b'notes.txt', TEXT), {'OFFICE_EMBEDDED'}),
    'embedded-script.docx': (embedded(b'notes.vbs', b'MsgBox "Hello"\r\n'), {'OFFICE_EMBEDDED_PROGRAM'}),
    'embedded-program.docx': (embedded(b'notes.txt', BOX), {'OFFICE_EMBEDDED_PROGRAM'}),
    'linked-program.docx': (embedded(b'notes', b'', linked=b'C:\\none\\no-such-program.exe'), {'OFFICE_LINK_PROGRAM'}),
    'linked-text.docx': (embedded(b'notes', b'', linked=b'C:\\none\\notes.txt'), {'OFFICE_LINK_FILE'}),
    'equation.docx': (ooxml('docx', {'word/document.xml': word(run('x')), DOC_RELS: relations((OFFICE + 'oleObject', 'embeddings/o.bin', False)),
                                     'word/embeddings/o.bin': compound({'\1Ole': b'\1\0\0\2' + b'\0' * 16}, clsid('0002CE02-0000-0000-C000-000000000046'))}), {'OFFICE_OLD_EQUATION', 'OFFICE_EMBEDDED'}),
    'ribbon.docm': (ooxml('docx', {'word/document.xml': word(run('x')), 'customUI/customUI.xml': b'<?xml version="1.0"?><customUI xmlns="x" onLoad="Module1.Started"><ribbon/></customUI>'}, (), DOCM), {'OFFICE_CUSTOM_UI'}),
    'ribbon-quiet.docm': (ooxml('docx', {'word/document.xml': word(run('x')), 'customUI/customUI.xml': b'<?xml version="1.0"?><customUI xmlns="x"><ribbon/></customUI>'}, (), DOCM), set()),
    'activex.docx': (ooxml('docx', {'word/document.xml': word(run('x')), DOC_RELS: relations((OFFICE + 'control', 'activeX/activeX1.xml', False)),
                                    'word/activeX/activeX1.xml': b'<?xml version="1.0"?><ax:ocx xmlns:ax="x" ax:classid="{8BD21D40-EC42-11CE-9E0D-00AA006002F3}"/>'}), {'OFFICE_ACTIVEX'}),
    'activex-browser.docx': (ooxml('docx', {'word/document.xml': word(run('x')), DOC_RELS: relations((OFFICE + 'control', 'activeX/activeX1.xml', False)),
                                            'word/activeX/activeX1.xml': b'<?xml version="1.0"?><ax:ocx xmlns:ax="x" ax:classid="{8856F961-340A-11D0-A96B-00C04FD705A2}"/>'}), {'OFFICE_ACTIVEX', 'OFFICE_CLASS'}),
    'chunk.docx': (ooxml('docx', {'word/document.xml': word(run('x')), DOC_RELS: relations((OFFICE + 'aFChunk', 'inner.docx', False)), 'word/inner.docx': PLAIN}), {'OFFICE_ALTCHUNK'}),
    'dtd.docx': (ooxml('docx', {'word/document.xml': b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + word(run('&b;'))[21:]}), {'OFFICE_DTD'}),
    'click.pptx': (ooxml('pptx', {'ppt/presentation.xml': b'<?xml version="1.0"?><p:presentation xmlns:p="x"/>', 'ppt/slides/slide1.xml': b'<?xml version="1.0"?><p:sld xmlns:p="x" xmlns:a="y"><a:hlinkClick action="ppaction://program"/></p:sld>'}),
                   {'OFFICE_ACTION_PROGRAM'}),
    'click-next.pptx': (ooxml('pptx', {'ppt/presentation.xml': b'<?xml version="1.0"?><p:presentation xmlns:p="x"/>', 'ppt/slides/slide1.xml': b'<?xml version="1.0"?><p:sld xmlns:p="x" xmlns:a="y"><a:hlinkClick action="ppaction://hlinkshowjump?jump=nextslide"/></p:sld>'}), set()),
    'xlm.xls': (xls_macro(), {'OFFICE_XLM', 'OFFICE_XLM_HIDDEN', 'OFFICE_XLM_AUTORUN', 'OFFICE_XLM_CALLS'}),
    'xlm.xlsm': (xlsm('EXEC(&quot;no-such-program&quot;)', 'state="veryHidden"'), {'OFFICE_XLM', 'OFFICE_XLM_HIDDEN', 'OFFICE_XLM_AUTORUN', 'OFFICE_XLM_CALLS'}),
    'xlm-alert.xlsm': (xlsm('ALERT(&quot;Hello&quot;)', ''), {'OFFICE_XLM', 'OFFICE_XLM_AUTORUN'}),
    'xlm.xlsb': (xlsb(), {'OFFICE_XLM', 'OFFICE_XLM_HIDDEN', 'OFFICE_XLM_AUTORUN', 'OFFICE_XLM_CALLS', 'OFFICE_DDE'}),
    'xlm.slk': (b'ID;PWXL;N;E\r\nO;L;E;D;V0\r\nNN;NAuto_Open;ER1C1\r\nC;Y1;X1;K0;EEXEC("no-such-program;;x")\r\nE\r\n', {'OFFICE_XLM', 'OFFICE_XLM_AUTORUN', 'OFFICE_XLM_CALLS'}),
    'plain.slk': (b'ID;PWXL;N;E\r\nC;Y1;X1;K12\r\nC;Y2;X1;K24;ER[-1]C*2\r\nE\r\n', set()),
    'dde.csv': (b'name,value\r\nx,"=no-such-program|\'/c hello\'!A0"\r\n', {'OFFICE_DDE'}),
    'plain.csv': (b'name,value\r\n=SUM(A1:A2),-3\r\n"a|b!",+49 30 1234\r\n', set()),
    'dde.xls': (compound({'Workbook': workbook(XLS_DDE)}), {'OFFICE_DDE'}),
    'dde.xlsx': (ooxml('xlsx', {'xl/workbook.xml': b'<workbook/>', 'xl/externalLinks/externalLink1.xml': b'<?xml version="1.0"?><externalLink><ddeLink ddeService="cmd" ddeTopic="/c no-such-program"/></externalLink>'}), {'OFFICE_DDE'}),
    'standard-agile.xlsx': (encrypt_agile(PLAIN, 'VelvetSweatshop'), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD'}),
    'standard-agile-macro.xlsm': (encrypt_agile(docm({'Module1': (ATTACK, b'')}), 'VelvetSweatshop'), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD', 'OFFICE_VBA', 'OFFICE_VBA_AUTORUN', 'OFFICE_VBA_CALLS', 'OFFICE_VBA_ATTACK'}),
    'standard-old.xlsx': (encrypt_standard(PLAIN, 'VelvetSweatshop'), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD'}),
    'secret.docx': (encrypt_agile(PLAIN, 'nobody knows'), {'OFFICE_ENCRYPTED'}),
    'password-in-mail.docx': (encrypt_agile(PLAIN, 'Offer-2026'), {'OFFICE_ENCRYPTED', 'OFFICE_PASSWORD_IN_MESSAGE'}),
    'standard-rc4.xls': (encrypt_workbook(XLS_DDE, 'VelvetSweatshop', True), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD', 'OFFICE_DDE'}),
    'standard-rc4-old.xls': (encrypt_workbook(XLS_DDE, 'VelvetSweatshop', False), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD', 'OFFICE_DDE'}),
    'standard-xor.xls': (encrypt_xor(XLS_DDE, 'VelvetSweatshop'), {'OFFICE_ENCRYPTED', 'OFFICE_STANDARD_PASSWORD', 'OFFICE_DDE'}),
    'secret-xor.xls': (encrypt_xor(XLS_DDE, 'nobody'), {'OFFICE_ENCRYPTED'}),
    'secret.xls': (encrypt_workbook(XLS_DDE, 'nobody knows', True), {'OFFICE_ENCRYPTED'}),
    'plain.rtf': (rtf(b'{\\field{\\*\\fldinst HYPERLINK "https://example.org/"}{\\fldrslt there}} \\b Hello\\b0'), set()),
    'object-text.rtf': (rtf_object(ole1(b'Package', package(b'notes.txt', TEXT)[4:])), {'RTF_OBJECT', 'OFFICE_EMBEDDED'}),
    'object-script.rtf': (rtf_object(ole1(b'Package', package(b'notes.js', b'hello()')[4:])), {'RTF_OBJECT', 'OFFICE_EMBEDDED_PROGRAM'}),
    'object-hidden.rtf': (rtf_object(ole1(b'Package', package(b'notes.txt', TEXT)[4:]), hide=True), {'RTF_OBJECT', 'RTF_OBFUSCATED', 'OFFICE_EMBEDDED'}),
    'object-update.rtf': (rtf_object(ole1(b'OLE2Link', compound({'\1Ole': struct.pack('<II', 0x2000001, 1) + b'\0' * 12 + 'https://example.org/a.hta'.encode('utf-16-le') + b'\0\0'})), b'\\objupdate'),
                          {'RTF_OBJECT', 'RTF_UPDATE', 'OFFICE_OLE2LINK', 'OFFICE_REMOTE_OBJECT', 'OFFICE_EMBEDDED'}),
    'equation.rtf': (rtf_object(ole1(b'Equation.3', equation(b'Times New Roman'))), {'RTF_OBJECT', 'OFFICE_OLD_EQUATION'}),
    'equation-long.rtf': (rtf_object(ole1(b'Equation.3', equation(b'A' * 48))), {'RTF_OBJECT', 'OFFICE_OLD_EQUATION', 'OFFICE_EQUATION'}),
    'equation-long.doc': (compound({'ObjectPool': {'_1': {None: clsid('0002CE02-0000-0000-C000-000000000046'), 'Equation Native': equation(b'A' * 48)}}}), {'OFFICE_EQUATION', 'OFFICE_OLD_EQUATION'}),
    'dde-feed.xls': (compound({'Workbook': workbook(supbook(b'FEED', b'PRICES'))}), {'OFFICE_DDE_SERVER'}),
    'book-outside.xls': (compound({'Workbook': workbook(supbook(b'\1\1@fileserver', b'share\3Book1.xls') + supbook(b'\1\1CUsers', b'x\3Book2.xls'))}), set()),
    'template.rtf': (rtf(b'{\\*\\template https://example.org/offer.dotm}Hello'), {'OFFICE_REMOTE_TEMPLATE'}),
    'template-local.rtf': (rtf(b'{\\*\\template C:\\\\Users\\\\x\\\\Normal.dotm}Hello'), set()),
    'dde.rtf': (rtf(b"{\\field{\\*\\fldinst {DDE}{\\'41UTO no-such-program.exe}}{\\fldrslt x}}"), {'OFFICE_DDE'}),
    'header.rtf': (b'{\\rt0 Hello}', {'RTF_HEADER'}),
    'dde-2003.xml': (wordml('<w:body>' + field('DDEAUTO no-such-program.exe x') + '</w:body>'), {'OFFICE_DDE'}),
    'macro-2003.xml': (wordml('<w:docSuppData><w:binData w:name="editdata.mso">' + base64.b64encode(activemime(compound(vba({'Module1': (HELLO, b'')})))).decode() + '</w:binData></w:docSuppData>'), {'OFFICE_VBA'}),
    'plain-2003.xml': (wordml('<w:body>' + run('Hello') + '</w:body>'), set()),
    'macro.mht': (b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="=_x"\r\n\r\n--=_x\r\nContent-Type: text/html\r\n\r\n<html>Hello</html>\r\n--=_x\r\nContent-Location: file:///C:/x/editdata.mso\r\n'
                  b'Content-Transfer-Encoding: base64\r\nContent-Type: application/x-mso\r\n\r\n' + base64.encodebytes(activemime(compound(vba({'Module1': (HELLO, b'')})))) + b'\r\n--=_x--\r\n', {'OFFICE_VBA'}),
    'plain.odt': (odf('text', {'content.xml': content('<draw:image xlink:href="Pictures/1.png"/>')}), set()),
    'macro.odt': (odf('text', {'content.xml': content(''), **basic('Sub Main\nMsgBox "Hello"\nEnd Sub')}), {'ODF_MACRO', 'OFFICE_VBA'}),
    'macro-auto.odt': (odf('text', {'content.xml': content('<script:event-listener script:event-name="dom:load" xlink:href="vnd.sun.star.script:Standard.Module1.Main?language=Basic&amp;location=document"/>'),
                                    **basic('Sub Main\nMsgBox "Hello"\nEnd Sub')}), {'ODF_MACRO', 'ODF_AUTORUN', 'OFFICE_VBA'}),
    'dde.ods': (odf('spreadsheet', {'content.xml': content('<office:dde-source office:dde-application="no-such-program" office:dde-topic="/c hello"/>')}), {'OFFICE_DDE'}),
    'object-outside.odt': (odf('text', {'content.xml': content('<draw:object xlink:href="https://example.org/a.ods"/>')}), {'OFFICE_REMOTE_OBJECT'}),
    'locked.odt': (odf('text', {'META-INF/manifest.xml': b'<?xml version="1.0"?><m:manifest xmlns:m="x"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>', 'content.xml': bytes(range(200, 256))}), {'OFFICE_ENCRYPTED'}),
    'offer.msg': (msg(docm({'Module1': (ATTACK, b'')})), {'OFFICE_VBA', 'OFFICE_VBA_AUTORUN', 'OFFICE_VBA_CALLS', 'OFFICE_VBA_ATTACK'}),
    'plain.msg': (msg(PLAIN), set()),
    'template-body.msg': (compound({'__properties_version1.0': b'\0' * 32, '__substg1.0_0037001F': 'An offer'.encode('utf-16-le'), '__substg1.0_10090102': pack_rtf(rtf(b'{\\*\\template https://example.org/offer.dotm}Hello'))}), {'OFFICE_REMOTE_TEMPLATE'}),
}


def zeros(parts, megabytes):
    """Parts of blanks, written piece by piece: this process must not be larger than what it measures."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('[Content_Types].xml', '<Types/>')
        for i in range(parts):
            with z.open(f'word/part{i}.xml', 'w') as f:
                f.write(b'<a>')
                for _ in range(megabytes):
                    f.write(b' ' * (1 << 20))
    return out.getvalue()


def many(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('[Content_Types].xml', '<Types/>')
        for i in range(members):
            z.writestr(f'xl/{i}.xml', b'<a/>')
    return out.getvalue()


def bombs():
    """name: (bytes, one of what has to be said). What was not looked at is never clean."""
    return {
        'zeros.docx': (zeros(3, 90), {'LIMIT_SIZE'}),
        'blanks.docx': (zeros(12, 45), {'LIMIT_SIZE'}),
        'members.xlsx': (many(9000), {'LIMIT_SIZE'}),
        'deep.docx': (ooxml('docx', {'word/document.xml': word('<w:instrText>PAGE</w:instrText>' + '<w:p>' * 100000)}), {'LIMIT_DEPTH'}),
        'groups.rtf': (rtf(b'{\\b ' * 5000), {'LIMIT_DEPTH'}),
        'documents.docx': (nested(12), {'LIMIT_DEPTH'}),
        'turns.xlsx': (encrypt_agile(PLAIN, 'VelvetSweatshop', said=9999999), {'OFFICE_ENCRYPTED'}),
        'macro.docm': (docm({}, project=compound({'VBA': {'_VBA_PROJECT': b'\xcc\x61', 'dir': vba_pack(b''), 'M': b'\1' + b'\3\xb0\2a\x45\0' * 3000}})), {'BROKEN', 'LIMIT_SIZE'}),
        'head.xls': (compound({'Workbook': workbook(XLS_DDE)})[:700], {'BROKEN'}),
    }


def nested(n):
    inner = PLAIN
    for _ in range(n):
        inner = ooxml('docx', {'word/document.xml': word(run('x')), DOC_RELS: relations((OFFICE + 'package', 'embeddings/a.docx', False)), 'word/embeddings/a.docx': inner}, method=zipfile.ZIP_STORED)
    return inner


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, (data, _) in DOCUMENTS.items():
        with open(os.path.join(sys.argv[1], name), 'wb') as f:
            f.write(data)


if __name__ == '__main__':
    main()
