#!/usr/bin/env python3
"""banned.py BINARY - what the sources must not have, and what the built program must have.

Sources: no banned function, no long file, no long function, tabs for indentation, no blanks at line ends.
Objects beside BINARY: no variable that lives as long as the process, but for the few listed with their reasons.
BINARY: position independent, full RELRO, no executable stack, no writable code, stack protector, fortified calls (not
under sanitizers), no RPATH, no library nobody asked for.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SRC = ROOT / "src"
FILE_LINES, FUNCTION_LINES, TEST_FILE_LINES = 650, 80, 800

BANNED = {
    **dict.fromkeys("strcpy strcat stpcpy sprintf vsprintf gets strncpy strncat".split(), "no bounds, or no end: use struct buf or snprintf"),
    **dict.fromkeys("strtok atoi atol atoll atof sscanf fscanf scanf".split(), "says nothing about errors: use slice_cut, slice_u64"),
    **dict.fromkeys("alloca".split(), "hostile input decides about the stack"),
    **dict.fromkeys("system popen".split(), "a shell"),
    **dict.fromkeys("tmpnam tempnam mktemp".split(), "a race: use mkostemp"),
    **dict.fromkeys("rand srand random".split(), "guessable: use getrandom"),
    **dict.fromkeys("localtime gmtime ctime asctime strerror_l setlocale tzset".split(), "state of the whole process: use civil_of, zone_*"),
}

# Variables with the life of the process: (file, name) -> why that is right.
MUTABLE = {
    ("src/core/err.c", "oom_hook"): "set once by main before threads start",
    ("src/core/log.c", "sink"): "set once by main before threads start",
    ("src/core/hash.c", "secret"): "drawn once per process, so that hostile keys cannot collide",
    ("src/milter/serve.c", "the_filter"): "set once before libmilter starts; its callbacks carry no argument",
    ("src/cmd/term.c", "last"): "when progress was last shown; of the main thread",
}

LIBRARIES = {
    "libc.so", "libm.so", "libgcc_s.so", "libstdc++.so", "libpthread.so", "ld-linux-x86-64.so", "ld-linux-aarch64.so",
    "libhs.so", "libfyaml.so", "libarchive.so", "libz.so", "libseccomp.so", "libsimdjson.so", "libpcre2-8.so", "libicuuc.so", "libsodium.so", "libsqlite3.so", "libcap-ng.so", "libcurl-gnutls.so", "libgnutls.so", "libsystemd.so",
    "liboath.so", "libqrencode.so", "libgvc.so", "libcgraph.so", "libcrypto.so", "libqpdf.so", "libpng16.so", "libturbojpeg.so", "libzbar.so", "libyara.so", "libgmime-3.0.so", "libpsl.so", "libicui18n.so", "libglib-2.0.so", "libgobject-2.0.so", "libmilter.so", "libmicrohttpd.so", "libcmark.so",
}
SANITIZERS = {"libasan.so", "libubsan.so", "libtsan.so", "liblsan.so"}

TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", re.S)
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)


def run(*argv):
    r = subprocess.run(argv, capture_output=True, text=True, check=False)
    if r.returncode:
        sys.exit(f"{' '.join(argv)}: {r.stderr.strip()}")
    return r.stdout


def code_of(text):
    """Comments, strings and characters as blanks, so that only code is left; lines stay where they are."""
    return TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


# ---- sources ---------------------------------------------------------------------------------------------------------
def check_banned(rel, code):
    pattern = r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\("
    for m in re.finditer(pattern, code):
        failures.append(f"{rel}:{code.count(chr(10), 0, m.start()) + 1}: {m[1]}(): {BANNED[m[1]]}")


def check_functions(rel, code):
    """A function's body is from { to } in the first column."""
    start, count = None, 0
    lines = code.split("\n")
    for i, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = i
        elif line.startswith("}") and start:
            count += 1
            expect(i - start + 1 <= FUNCTION_LINES, f"{rel}:{start}: function of {i - start + 1} lines (more than {FUNCTION_LINES}): "
                   f"{lines[start - 2].strip()}")
            start = None
    return count


def check_layout(rel, text, code, most):
    lines = text.split("\n")
    expect(len(lines) - 1 <= most, f"{rel}: {len(lines) - 1} lines (more than {most})")
    for i, line in enumerate(code.split("\n"), 1):
        expect(not re.match(r"\t* +\t|  *[^ ]", line) or re.match(r" +\\?$", line), f"{rel}:{i}: blanks for indentation")


def check_sources():
    functions = 0
    for path in sorted(p for folder in ("src", "shell", "fuzz", "bench", "test/unit") for p in (ROOT / folder).rglob("*")
                       if p.suffix in (".c", ".cc", ".h", ".def")):
        rel, text = path.relative_to(ROOT), path.read_text(encoding="utf-8")
        code = code_of(text)
        check_layout(rel, text, code, TEST_FILE_LINES if rel.parts[0] == "test" else FILE_LINES)
        if rel.parts[0] in ("src", "shell"):
            check_banned(rel, code)
            functions += check_functions(rel, code)
    expect(functions > 500, f"only {functions} functions found: the search is broken")
    return functions


def check_blanks():
    """Everything we write; samples and test data are logs and stay as they are."""
    skip = re.compile(r"^(build|\.git/|samples/practice|test/data/|test/corpus/.*/|fuzz/corpus/|LICENSE|test/browser/node_modules/)")
    kinds = {".c", ".cc", ".h", ".def", ".py", ".sh", ".md", ".build", ".bash", ".yaml", ".txt", ".1", ".5"}
    for path in sorted(ROOT.rglob("*")):
        rel = str(path.relative_to(ROOT))
        if skip.match(rel) or not path.is_file() or not (path.suffix in kinds or rel.startswith("script/")):
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        for i, line in enumerate(text.split("\n"), 1):
            expect(line == line.rstrip(), f"{rel}:{i}: blanks at the end of the line")
        expect(not text or text.endswith("\n"), f"{rel}: no newline at the end")


# ---- objects ---------------------------------------------------------------------------------------------------------
def objects_of(binary):
    """{source: object} for every file of src/ that was built beside the binary."""
    built = [p for folder in ("libpostern.a.p", "libreading.a.p", "postern.p") if (binary.parent / folder).is_dir()
             for p in (binary.parent / folder).rglob("*.o")]
    found = {}
    for path in sorted(p for p in SRC.rglob("*") if p.suffix in (".c", ".cc")):
        name = "_".join(path.relative_to(SRC).parts) + ".o"
        for o in built:
            if o.name == name or o.name.endswith("_" + name):
                found[str(path.relative_to(ROOT))] = o
    return found


# address, flags (l or g, O: object), section, size, name
SYMBOL = re.compile(r"^[0-9a-f]+ ([lg ].{6}) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$")


def check_mutable(binary):
    objects = objects_of(binary)
    expect(len(objects) > 50, f"only {len(objects)} objects found beside {binary}: build it with script/build")
    seen = set()
    for source, path in objects.items():
        for line in run("objdump", "-t", str(path)).split("\n"):
            m = SYMBOL.match(line)
            if not m or "O" not in m[1] or not re.match(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)", m[2]) and m[2] != "*COM*":
                continue
            name = re.sub(r"\.\d+$", "", m[4])
            if name.startswith("DW.ref."): # made by the compiler for C++ exceptions
                continue
            seen.add((source, name))
            expect((source, name) in MUTABLE, f"{source}: {name} ({m[2]}) can be changed while the program runs: make it const, "
                   "or pass it along; if it must be, say why in test/check/banned.py")
    for source, name in sorted(set(MUTABLE) - seen):
        failures.append(f"test/check/banned.py: {name} of {source} is listed, but there is none")


# ---- the program -----------------------------------------------------------------------------------------------------
def check_hardening(binary, sanitized):
    name = str(binary)
    header, segments, dynamic = run("readelf", "-hW", name), run("readelf", "-lW", name), run("readelf", "-dW", name)
    called = set(re.findall(r"\b(__\w+_chk|__stack_chk_fail)\b", run("readelf", "-W", "--dyn-syms", name)))
    expect(re.search(r"Type:\s+DYN", header) and re.search(r"FLAGS_1.*\bPIE\b", dynamic), "not position independent (PIE)")
    expect("GNU_RELRO" in segments and re.search(r"FLAGS.*(BIND_NOW|\bNOW\b)", dynamic), "no full RELRO")
    stack = re.search(r"GNU_STACK(?:\s+0x[0-9a-f]+){5}\s+([RWE ]+?)\s+0x", segments)
    expect(stack and "E" not in stack[1], "executable stack")
    for flags in re.findall(r"LOAD(?:\s+0x[0-9a-f]+){5}\s+([RWE ]+?)\s+0x", segments):
        expect(not ("W" in flags and "E" in flags), "a segment both writable and executable")
    expect(not re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", dynamic), "RPATH, RUNPATH or text relocations")
    expect("__stack_chk_fail" in called, "no stack protector")
    expect(sanitized or len(called) >= 4, f"calls are not fortified: only {sorted(called)}")
    for lib in re.findall(r"\(NEEDED\).*\[([^\]]+)\]", dynamic):
        expect(re.sub(r"\.so.*", ".so", lib) in LIBRARIES | (SANITIZERS if sanitized else set()), f"needs {lib}, which nobody listed")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    binary = Path(sys.argv[1]).resolve()
    functions = check_sources()
    check_blanks()
    sanitized = re.search(r"__(asan|tsan|ubsan|msan)_", run("readelf", "-W", "--dyn-syms", str(binary))) is not None
    check_hardening(binary, sanitized)
    if not sanitized: # the sanitizers' own variables would drown ours
        check_mutable(binary)
    for f in failures:
        print(f)
    print(f"{len(failures)} things that must not be" if failures else f"{functions} functions and the program are as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
