"""Programs that do nothing, written from scratch: a PE file of one section of version information and no code, signed with a test authority of its own."""
import os
import struct
import subprocess


def text(key, value):
    return block(key, value.encode("utf-16-le") + b"\0\0", len(value) + 1, 1)


def block(key, value, value_length, kind, children=b""):
    head = key.encode("utf-16-le") + b"\0\0"
    pad = b"\0" * (-(6 + len(head)) % 4)
    body = head + pad + value + b"\0" * (-len(value) % 4) + children
    return struct.pack("<HHH", 6 + len(body), value_length, kind) + body + b"\0" * (-(6 + len(body)) % 4)


def version(**texts):
    strings = block("StringFileInfo", b"", 0, 1, block("040904b0", b"", 0, 1, b"".join(text(k, v) for k, v in texts.items())))
    return block("VS_VERSION_INFO", struct.pack("<II", 0xfeef04bd, 0x10000) + bytes(44), 52, 0, strings)


def pe(dll=False, **texts):
    """PE32+ whose only section holds resources; its entry point is 0: Windows would not start it."""
    data = version(**texts) if texts else b""
    directory = lambda ids, leaf: struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, ids, leaf)
    tree = directory(16, 0x80000018) + directory(1, 0x80000030) + directory(1033, 0x48) + struct.pack("<IIII", 0x1000 + 0x58, len(data), 0, 0)
    section = (tree + data).ljust(0x200 * -(-(len(tree + data)) // 0x200), b"\0")
    optional = struct.pack("<HBBIIIII", 0x20b, 14, 0, 0, len(section), 0, 0, 0x1000) + struct.pack("<QIIHHHHHHIIIIHHQQQQII", 0x140000000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0,
                                                                                                 0x1000 + 0x1000 * -(-len(section) // 0x1000), 0x200, 0, 3, 0, 1 << 20, 4096, 1 << 20, 4096, 0, 16)
    directories = b"".join(struct.pack("<II", 0x1000, len(section)) if i == 2 else bytes(8) for i in range(16))
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional + directories), 0x2022 if dll else 0x22)
    table = b".rsrc\0\0\0" + struct.pack("<IIIIIIHHI", len(section), 0x1000, len(section), 0x200, 0, 0, 0, 0, 0x40000040)
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    return (dos + b"PE\0\0" + coff + optional + directories + table).ljust(0x200, b"\0") + section


class Authority:
    """A root of our own, and signers below it."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        self.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", "30", "-subj", "/CN=Test Root/O=Test")

    def run(self, *argv):
        subprocess.run(argv, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def signer(self, name):
        key = "".join(c for c in name if c.isalnum())
        if not os.path.exists(f"{self.folder}/{key}.pem"):
            self.run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{key}.key", "-out", f"{key}.csr", "-subj", f"/CN={name}/O={name}")
            open(f"{self.folder}/{key}.ext", "w").write("extendedKeyUsage=codeSigning\n")
            self.run("openssl", "x509", "-req", "-in", f"{key}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30", "-out", f"{key}.pem", "-extfile", f"{key}.ext")
        return f"{self.folder}/{key}.pem", f"{self.folder}/{key}.key"

    def sign(self, content, name=None):
        """name None: by the root itself, self-signed."""
        cert, key = self.signer(name) if name else (f"{self.folder}/root.pem", f"{self.folder}/root.key")
        open(f"{self.folder}/in.exe", "wb").write(content)
        if os.path.exists(f"{self.folder}/out.exe"):
            os.unlink(f"{self.folder}/out.exe")
        self.run("osslsigncode", "sign", "-certs", cert, "-key", key, "-h", "sha256", "-in", "in.exe", "-out", "out.exe")
        return open(f"{self.folder}/out.exe", "rb").read()
