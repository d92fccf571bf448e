"""Pieces of office documents, written from scratch: compound files, VBA projects, zips, Excel's records, encryption. Everything made here is harmless: macros that only say
hello, links to example.org, objects that are text."""
import hashlib, io, os, re, struct, subprocess, zipfile, zlib

SECTOR, MINI, CUTOFF = 512, 64, 4096
END, FREE, FATSECT = 0xfffffffe, 0xffffffff, 0xfffffffd


# ---- compound files ----------------------------------------------------------------------------------------------------
def clsid(text):
    a, b, c, d, e = text.split('-')
    return bytes.fromhex(a)[::-1] + bytes.fromhex(b)[::-1] + bytes.fromhex(c)[::-1] + bytes.fromhex(d + e)


def compound(tree, root_class=b'\0' * 16):
    """tree: {name: bytes, or a dict for a storage}; a key None in a storage is its class."""
    entries, fat, mini_fat, data, mini = [['Root Entry', 5, None, root_class, b'']], [], [], [], b''

    def walk(storage, parent):
        ids = []
        for name, value in storage.items():
            if name is None:
                continue
            entries.append([name, 1 if isinstance(value, dict) else 2, None, value.get(None, b'\0' * 16) if isinstance(value, dict) else b'\0' * 16,
                            b'' if isinstance(value, dict) else value])
            ids.append(len(entries) - 1)
            if isinstance(value, dict):
                walk(value, len(entries) - 1)
        entries[parent][2] = ids

    walk(tree, 0)

    def chain(content):
        start = len(fat)
        n = (len(content) + SECTOR - 1) // SECTOR
        for i in range(n):
            fat.append(start + i + 1 if i + 1 < n else END)
            data.append(content[i * SECTOR:(i + 1) * SECTOR].ljust(SECTOR, b'\0'))
        return start if n else END

    starts = {}
    for i, e in enumerate(entries):
        if e[1] != 2:
            continue
        if len(e[4]) >= CUTOFF:
            starts[i] = chain(e[4])
        elif e[4]:
            starts[i] = len(mini_fat)
            n = (len(e[4]) + MINI - 1) // MINI
            mini_fat += [len(mini_fat) + k + 1 if k + 1 < n else END for k in range(n)]
            mini += e[4].ljust(n * MINI, b'\0')
    mini_start = chain(mini)
    mini_fat_start = chain(b''.join(struct.pack('<I', x) for x in mini_fat))
    raw = b''
    for i, (name, kind, children, cls, content) in enumerate(entries):
        left = right = child = FREE
        for siblings in (e[2] or [] for e in entries):
            if i in siblings and siblings.index(i) + 1 < len(siblings):
                right = siblings[siblings.index(i) + 1]
        if children:
            child = children[0]
        wide = name.encode('utf-16-le') + b'\0\0'
        start, size = (mini_start, len(mini)) if kind == 5 else (starts.get(i, END if kind == 2 else 0), len(content))
        raw += wide.ljust(64, b'\0') + struct.pack('<HBBIII', len(wide), kind, 1, left, right, child) + cls + struct.pack('<IQQIQ', 0, 0, 0, start, size)
    raw += b''.join(b'\0' * 66 + struct.pack('<BBIII', 0, 0, FREE, FREE, FREE) + b'\0' * 48 for _ in range(-len(entries) % 4))
    directory = chain(raw)
    n_fat = 1
    while (len(fat) + n_fat) > n_fat * (SECTOR // 4):
        n_fat += 1
    fat_at = len(fat)
    fat += [FATSECT] * n_fat
    table = b''.join(struct.pack('<I', x) for x in fat).ljust(n_fat * SECTOR, b'\xff')
    data += [table[i * SECTOR:(i + 1) * SECTOR] for i in range(n_fat)]
    header = b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + b'\0' * 16 + struct.pack('<HHHHH6xIIIIIIIIII', 0x3e, 3, 0xfffe, 9, 6, 0, n_fat, directory, 0, CUTOFF, mini_fat_start,
                                                                           (len(mini_fat) * 4 + SECTOR - 1) // SECTOR, END, 0, 0)[:-4]
    header += b''.join(struct.pack('<I', fat_at + i) for i in range(n_fat))
    return header.ljust(512, b'\xff') + b''.join(data)


# ---- VBA ---------------------------------------------------------------------------------------------------------------
def vba_pack(text):
    """MS-OVBA 2.4.1, with copies where three bytes or more come again."""
    out = b'\x01'
    for at in range(0, len(text), 4096):
        chunk, body, i = text[at:at + 4096], b'', 0
        while i < len(chunk):
            flags, tokens = 0, b''
            for bit in range(8):
                if i >= len(chunk):
                    break
                bits = 4
                while (1 << bits) < i:
                    bits += 1
                longest, where = 0, 0
                for n in range(min(len(chunk) - i, (0xffff >> bits) + 3, 60), 2, -1):
                    where = chunk.rfind(chunk[i:i + n], 0, i)
                    if where >= 0:
                        longest = n
                        break
                if longest:
                    flags |= 1 << bit
                    tokens += struct.pack('<H', (i - where - 1) << (16 - bits) | (longest - 3))
                    i += longest
                else:
                    tokens += chunk[i:i + 1]
                    i += 1
            body += bytes([flags]) + tokens
        out += struct.pack('<H', 0xb000 | (len(body) - 1)) + body
    return out


def record(id, data):
    return struct.pack('<HI', id, len(data)) + data


def pcode(lines, strings=()):
    """The front of a module stream as compiled code has it: a table of lines, and strings among the instructions."""
    code = b''.join(struct.pack('<HH', 0xb9, len(s)) + s.ljust((len(s) + 1) & ~1, b'\0') for s in strings)
    head = b'\x01' + b'\0' * 0x18 + struct.pack('<I', 0)
    return head.ljust(0x3c, b'\0') + struct.pack('<HHH', 0xcafe, 1, lines) + b'\0' * (lines * 12 + 10) + code + b'\0' * 16


def vba(modules, codepage=1252):
    """{name: (source or None, p-code)} as the storage of a project."""
    directory = record(1, struct.pack('<I', 1)) + record(2, struct.pack('<I', 0x409)) + record(3, struct.pack('<H', codepage)) + record(4, b'Project')
    directory += struct.pack('<HIIH', 9, 4, 1, 2) + record(0x0f, struct.pack('<H', len(modules))) + record(0x13, b'\xff\xff')
    storage = {'_VBA_PROJECT': b'\xcc\x61\xff\xff\0\0\0'}
    for name, (source, code) in modules.items():
        directory += record(0x19, name.encode()) + record(0x1a, name.encode()) + record(0x32, name.encode('utf-16-le')) + record(0x31, struct.pack('<I', len(code)))
        directory += record(0x2c, b'\xff\xff') + record(0x21, b'') + record(0x2b, b'')
        storage[name] = code + (vba_pack(b'Attribute VB_Name = "' + name.encode() + b'"\r\n' + source) if source is not None else b'')
    directory += record(0x10, b'')
    storage['dir'] = vba_pack(directory)
    return {'VBA': storage, 'PROJECT': b'ID="{00000000-0000-0000-0000-000000000000}"\r\n'}


# ---- objects -----------------------------------------------------------------------------------------------------------
def package(name, content, linked=None):
    """Ole10Native; with `linked`, a path and no content."""
    body = struct.pack('<H', 2) + name + b'\0' + b'C:\\made\\' + name + b'\0' + struct.pack('<HH', 0, 1 if linked else 3)
    if linked:
        body = struct.pack('<H', 2) + name + b'\0' + linked + b'\0' + struct.pack('<HH', 0, 1) + linked + b'\0'
    else:
        path = b'C:\\made\\' + name + b'\0'
        body += struct.pack('<I', len(path)) + path + struct.pack('<I', len(content)) + content
    return struct.pack('<I', len(body)) + body


def ole1(name, content, format=2):
    """OLE 1.0, as RTF holds it in hexadecimal."""
    s = struct.pack('<II', 0x501, format) + struct.pack('<I', len(name) + 1) + name + b'\0' + struct.pack('<II', 0, 0)
    return s + struct.pack('<I', len(content)) + content


# ---- OOXML -------------------------------------------------------------------------------------------------------------
MAIN = {'docx': ('word/document.xml', 'wordprocessingml.document.main'), 'xlsx': ('xl/workbook.xml', 'spreadsheetml.sheet.main'), 'pptx': ('ppt/presentation.xml', 'presentationml.presentation.main')}
OFFICE, MS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/', 'http://schemas.microsoft.com/office/2006/relationships/'
DOCM = 'application/vnd.ms-word.document.macroEnabled.main+xml'


def relations(*rels):
    """(type, target, external)"""
    rows = ''.join(f'<Relationship Id="rId{i}" Type="{t}" Target="{target}"{" TargetMode=" + chr(34) + "External" + chr(34) if external else ""}/>' for i, (t, target, external) in enumerate(rels, 1))
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'.encode()


def ooxml(kind, parts, types=(), main_type=None, method=zipfile.ZIP_DEFLATED):
    main, content = MAIN[kind]
    content = main_type or f'application/vnd.openxmlformats-officedocument.{content}+xml'
    overrides = ''.join(f'<Override PartName="/{p}" ContentType="{t}"/>' for p, t in [(main, content), *types])
    files = {'[Content_Types].xml': f'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'.encode(),
             '_rels/.rels': relations((OFFICE + 'officeDocument', main, False)), **parts}
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, data in files.items():
            z.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def word(body):
    return f'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'.encode()


def run(text):
    return f'<w:p><w:r><w:t>{text}</w:t></w:r></w:p>'


def field(*instructions):
    return ('<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>' + ''.join(f'<w:r><w:instrText>{i}</w:instrText></w:r>' for i in instructions)
            + '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>result</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>')


# ---- Excel's records ---------------------------------------------------------------------------------------------------
def biff(id, data=b''):
    return struct.pack('<HH', id, len(data)) + data


def biff_text(s):
    return bytes([len(s), 0]) + s


def workbook(records, sheets=b''):
    return biff(0x809, struct.pack('<HHHHII', 0x600, 5, 0, 0, 0, 0)) + records + biff(0x0a) + sheets


def macro_sheet(*formulas):
    rows = b''.join(biff(6, struct.pack('<HHH8sHIH', i, 0, 0, b'', 0, 0, len(f)) + f) for i, f in enumerate(formulas))
    return biff(0x809, struct.pack('<HHHHII', 0x600, 0x40, 0, 0, 0, 0)) + rows + biff(0x0a)


def call(number, *texts):
    """Tokens of a function that takes texts."""
    return b''.join(b'\x17' + biff_text(t) for t in texts) + b'\x42' + bytes([len(texts)]) + struct.pack('<H', number)


def biff12(id, data=b''):
    head = bytes([id]) if id < 128 else bytes([id & 0x7f | 0x80, id >> 7])
    n, size = len(data), b''
    while True:
        size += bytes([n & 0x7f | (0x80 if n > 0x7f else 0)])
        n >>= 7
        if not n:
            return head + size + data


def wide(s):
    return struct.pack('<I', len(s)) + s.encode('utf-16-le')


# ---- encryption --------------------------------------------------------------------------------------------------------
def aes(key, data, iv=None):
    mode = f'-aes-{len(key) * 8}-{"cbc" if iv else "ecb"}'
    argv = ['openssl', 'enc', mode, '-nopad', '-K', key.hex()] + (['-iv', iv.hex()] if iv else [])
    return subprocess.run(argv, input=data.ljust((len(data) + 15) // 16 * 16, b'\0'), capture_output=True, check=True).stdout


def spin(algorithm, salt, password, turns):
    h = hashlib.new(algorithm, salt + password.encode('utf-16-le')).digest()
    for i in range(turns):
        h = hashlib.new(algorithm, struct.pack('<I', i) + h).digest()
    return h


def encrypt_agile(plain, password, turns=1000, said=None):
    import base64
    b64 = lambda b: base64.b64encode(b).decode()
    salt, key_salt, secret, verifier = bytes(range(16)), bytes(range(16, 32)), bytes(range(32)), bytes(range(64, 80))
    spun = spin('sha512', salt, password, turns)
    small = lambda block, value: aes(hashlib.sha512(spun + bytes.fromhex(block)).digest()[:32], value, salt)
    xml = (f'<?xml version="1.0"?><encryption xmlns="http://schemas.microsoft.com/office/2006/encryption"><keyData saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" '
           f'cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="{b64(key_salt)}"/><keyEncryptors><keyEncryptor><p:encryptedKey spinCount="{said or turns}" saltSize="16" blockSize="16" '
           f'keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="{b64(salt)}" '
           f'encryptedVerifierHashInput="{b64(small("fea7d2763b4b9e79", verifier))}" encryptedVerifierHashValue="{b64(small("d7aa0f6d3061344e", hashlib.sha512(verifier).digest()))}" '
           f'encryptedKeyValue="{b64(small("146e0be7abacd0d6", secret))}"/></keyEncryptor></keyEncryptors></encryption>')
    body = struct.pack('<Q', len(plain))
    for i in range(0, len(plain), 4096):
        body += aes(secret, plain[i:i + 4096], hashlib.sha512(key_salt + struct.pack('<I', i // 4096)).digest()[:16])
    return compound({'EncryptionInfo': struct.pack('<HHI', 4, 4, 0x40) + xml.encode(), 'EncryptedPackage': body})


def encrypt_standard(plain, password):
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    h = hashlib.sha1(spin('sha1', salt, password, 50000) + b'\0' * 4).digest()
    derived = b''.join(hashlib.sha1(bytes(x ^ (h[i] if i < 20 else 0) for i, x in enumerate([fill] * 64))).digest() for fill in (0x36, 0x5c))
    key = derived[:16]
    header = struct.pack('<IIIIIIII', 0x24, 0, 0x660e, 0x8004, 128, 24, 0, 0) + 'made here'.encode('utf-16-le') + b'\0\0'
    info = struct.pack('<HHII', 3, 2, 0x24, len(header)) + header + struct.pack('<I', 16) + salt + aes(key, verifier) + struct.pack('<I', 20) + aes(key, hashlib.sha1(verifier).digest().ljust(32, b'\0'))
    return compound({'EncryptionInfo': info, 'EncryptedPackage': struct.pack('<Q', len(plain)) + aes(key, plain)})


def rc4(key, data):
    s, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + s[i] + key[i % len(key)]) & 255
        s[i], s[j] = s[j], s[i]
    i = j = 0
    for c in data:
        i = (i + 1) & 255
        j = (j + s[i]) & 255
        s[i], s[j] = s[j], s[i]
        out.append(c ^ s[(s[i] + s[j]) & 255])
    return bytes(out)


def encrypt_workbook(records, password, api):
    """Excel's records after a FILEPASS; api: RC4 of CryptoAPI with 128 bits, else the older one of 40."""
    head, key = rc4_keys(password, api)
    filepass = b'\1\0' + head
    plain = biff(0x809, struct.pack('<HHHHII', 0x600, 5, 0, 0, 0, 0)) + biff(0x2f, filepass) + records + biff(0x0a)
    stream = b''.join(rc4(key(i // 1024), plain[i:i + 1024]) for i in range(0, len(plain), 1024))
    out, at = bytearray(stream), 0
    while at + 4 <= len(plain):
        id, n = struct.unpack_from('<HH', plain, at)
        keep = 4 + (n if id in (0x809, 0x2f) else 4 if id == 0x85 else 0)
        out[at:at + keep] = plain[at:at + keep]
        at += 4 + n
    return compound({'Workbook': bytes(out)})


def encrypt_xor(records, password):
    """The oldest lock. Its tables are those of MS-OFFCRYPTO, as office_xor.c has them; checked on a workbook of Excel's that is not here."""
    source = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../src/lure/office_xor.c'), encoding='utf-8').read()
    table = lambda name: [int(x, 16) for x in re.findall(r'0x[0-9a-f]+', re.search(name + r'\[.*?= \{(.*?)\};', source, re.S)[1])]
    pad, first, matrix, word = table('pad'), table('first'), table('matrix'), password.encode()
    key = first[len(word) - 1]
    bits = [b for c in reversed(word) for b in [c >> (6 - i) & 1 for i in range(7)]]
    for on, value in zip(bits, reversed(matrix)):
        key ^= value if on else 0
    mixed = [c ^ (key >> 8 if i & 1 else key & 255) for i, c in enumerate((list(word) + pad)[:16])]
    mixed = [c >> 1 | (c & 1) << 7 for c in mixed]
    plain = biff(0x809, struct.pack('<HHHHII', 0x600, 5, 0, 0, 0, 0)) + biff(0x2f, struct.pack('<HHH', 0, key, 0x1234)) + records + biff(0x0a)
    out, at = bytearray(plain), 0
    while at + 4 <= len(plain):
        id, n = struct.unpack_from('<HH', plain, at)
        for i in range(0 if id not in (0x809, 0x2f, 0x85) else 4 if id == 0x85 else n, n):
            c = plain[at + 4 + i]
            out[at + 4 + i] = (c << 5 & 255 | c >> 3) ^ mixed[(at + 4 + n + i) % 16]
        at += 4 + n
    return compound({'Workbook': bytes(out)})


# ---- others ------------------------------------------------------------------------------------------------------------
def rc4_keys(password, api):
    """What stands before what is encrypted, and the key of a block."""
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    if api:
        base = hashlib.sha1(salt + password.encode('utf-16-le')).digest()
        key = lambda block: hashlib.sha1(base + struct.pack('<I', block)).digest()[:16]
        both = rc4(key(0), verifier + hashlib.sha1(verifier).digest())
        header = struct.pack('<IIIIIIII', 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + b'\0\0'
        return struct.pack('<HHII', 2, 2, 4, len(header)) + header + struct.pack('<I', 16) + salt + both[:16] + struct.pack('<I', 20) + both[16:], key
    h = hashlib.md5(password.encode('utf-16-le')).digest()
    base = hashlib.md5((h[:5] + salt) * 16).digest()
    key = lambda block: hashlib.md5(base[:5] + struct.pack('<I', block)).digest()
    return struct.pack('<HH', 1, 1) + salt + rc4(key(0), verifier + hashlib.md5(verifier).digest()), key


def lock_word(doc, table, password, api):
    """[MS-DOC] 2.2.6: blocks of 512 bytes; the head of the document and what tells of the encryption stay readable."""
    head, key = rc4_keys(password, api)
    lock = lambda data: b''.join(rc4(key(i // 512), data[i:i + 512]) for i in range(0, len(data), 512))
    fib = bytearray(doc)
    struct.pack_into('<I', fib, 14, len(head))
    for at in (0x1a2, 0x19a): # places in the table move behind its head
        if struct.unpack_from('<I', fib, at + 4)[0]:
            struct.pack_into('<I', fib, at, struct.unpack_from('<I', fib, at)[0] + len(head))
    both = head + lock(b'\0' * len(head) + table)[len(head):]
    return compound({'WordDocument': bytes(fib[:68]) + lock(bytes(fib))[68:], '1Table': both})


def word_document(text, encrypted=False, wide_text=False, template=None, locked=None):
    """A .doc of one piece. locked: password, and whether by CryptoAPI."""
    fib, encrypted = bytearray(0x200), encrypted or locked
    struct.pack_into('<HHHHH', fib, 0, 0xa5ec, 0xc1, 0, 0x409, 0)
    struct.pack_into('<H', fib, 0x0a, 0x0200 | (0x0100 if encrypted else 0))
    body = text.encode('utf-16-le' if wide_text else 'latin-1')
    fc = len(fib) if wide_text else len(fib) * 2 | 0x40000000
    clx = b'\x02' + struct.pack('<I', 16) + struct.pack('<II', 0, len(text)) + struct.pack('<HIH', 0, fc, 0)
    struct.pack_into('<II', fib, 0x1a2, 0, len(clx))
    if template is not None:
        strings = struct.pack('<HHH', 0xffff, 2, 0) + b'\0\0' + struct.pack('<H', len(template)) + template.encode('utf-16-le')
        struct.pack_into('<II', fib, 0x19a, len(clx), len(strings))
        clx += strings
    if locked:
        return lock_word(bytes(fib) + body, clx, *locked)
    return compound({'WordDocument': bytes(fib) + body, '1Table': clx})


def ppt_record(type, data, version=0, instance=0):
    return struct.pack('<HHI', version | instance << 4, type, len(data)) + data


def packed_ole(data):
    return ppt_record(0x1011, struct.pack('<I', len(data)) + zlib.compress(data), instance=1)


def odf(kind, files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo('mimetype', (2026, 1, 1, 0, 0, 0)), 'application/vnd.oasis.opendocument.' + kind, zipfile.ZIP_STORED)
        for name, data in {'META-INF/manifest.xml': b'<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>', **files}.items():
            z.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
