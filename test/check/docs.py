#!/usr/bin/env python3
"""docs.py BINARY - documents and program say the same.

* options of `postern COMMAND --help`, of postern-COMMAND(1) and of the completion are the same, with their values;
* commands of `postern --help` have a manual page and are in postern(1) and in the completion;
* keys of src/org/org_parse.c are in org.yaml(5) and docs/org.md; the example of org.yaml(5) is accepted;
* docs/detectors.md is what script/docs writes, with every detector in it;
* manual pages are clean under mandoc -Tlint -Wwarning, installed, and refer to pages that exist;
* relative links, and their #anchors, in *.md files lead somewhere.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MAN = ROOT / "man"
COMPLETION = ROOT / "completion" / "postern.bash"
failures = []


def expect(ok, text):
    if not ok:
        failures.append(text)


def same(have, want, where, what):
    for x in sorted(want - have):
        failures.append(f"{where} lacks {what} {x}")
    for x in sorted(have - want):
        failures.append(f"{where} has {what} {x}, which the program has not")


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False)


# ---- the program's own word ------------------------------------------------------------------------------------------
OPTION = re.compile(r"^  (?:-(?P<letter>\w), |    )--(?P<name>[a-z-]+)(?: (?P<arg>\S+))?(?:\s|$)")


def help_options(text):
    """name -> (letter or '', argument or ''), from the part of --help under "Options:"."""
    part = text.split("\nOptions:\n", 1)[1].split("\n\n", 1)[0]
    return {m["name"]: (m["letter"] or "", m["arg"] or "") for m in map(OPTION.match, part.split("\n")) if m}


def help_commands(text):
    part = text.split("\nCommands:\n", 1)[1].split("\n\n", 1)[0]
    return [line.split()[0] for line in part.split("\n")]


# ---- manual pages ----------------------------------------------------------------------------------------------------
def man_items(path):
    """The .It lines of options as lists of words, without those of other commands."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith(".It Fl "):
            yield line[len(".It "):].split()


def man_options(path):
    """name -> (letter, takes a value, choices), from lines like ".It Fl f , Fl Fl format Cm text | json"."""
    found = {}
    for words in man_items(path):
        letter, name, rest = "", "", []
        while words:
            if words[:2] == ["Fl", "Fl"]:
                name, rest = words[2], words[3:]
                break
            if words[0] == "Fl":
                letter = words[1]
            words = words[1:]
        choices = [w for w in rest[1:] if w != "|"] if rest[:1] == ["Cm"] else []
        found[name] = (letter, bool(rest), choices)
    return found


def man_synopsis(path):
    """Letters and names of options in the SYNOPSIS; grouped letters are told apart."""
    part = path.read_text(encoding="utf-8").split(".Sh SYNOPSIS\n", 1)[1].split("\n.Sh ", 1)[0]
    names = set(re.findall(r"Fl Fl ([a-z-]+)", part))
    letters = set("".join(re.findall(r"^\.(?:Op )?Fl (?!Fl )(\w+)", part, re.M)))
    return letters | names


# ---- completion ------------------------------------------------------------------------------------------------------
BASH = r"""
set -u
complete() { :; }
. "$1"
for command in $_postern_commands ""; do
	for option in $(_postern_options "$command"); do
		echo "option|$command|$option|$(_postern_values "$command" "${option%=}")"
	done
done
for command in $_postern_commands; do echo "command|$command"; done
"""


def completion():
    """({command: {option: (takes a value, values)}}, commands)"""
    r = run("bash", "-c", BASH, "bash", str(COMPLETION))
    expect(r.returncode == 0 and not r.stderr, f"completion/postern.bash: {r.stderr.strip()}")
    options, commands = {}, set()
    for line in r.stdout.splitlines():
        kind, rest = line.split("|", 1)
        if kind == "command":
            commands.add(rest)
        else:
            command, option, values = rest.split("|", 2)
            options.setdefault(command, {})[option.rstrip("=")] = (option.endswith("="), values.split())
    return options, commands


# ---- checks ----------------------------------------------------------------------------------------------------------
def check_command(command, opts, completed):
    page = MAN / f"postern-{command}.1"
    expect(page.is_file(), f"no {page.name}")
    if not page.is_file():
        return
    said = man_options(page)
    same(set(said), set(opts), page.name, "option")
    short = set()
    for name, (letter, arg) in opts.items():
        short |= {letter} if letter else {name}
        if name in said:
            choices = arg.split("|") if "|" in arg and arg.islower() and name not in ("min-level", "fail-on") else []
            expect(said[name][0] == letter, f"{page.name}: --{name} has the letter {said[name][0]!r}, the program {letter!r}")
            expect(said[name][1] == bool(arg), f"{page.name}: does --{name} take a value?")
            expect(said[name][2] == choices, f"{page.name}: --{name} names {said[name][2]}, the program {choices}")
    same(man_synopsis(page), short, f"{page.name} SYNOPSIS", "option")
    words = {f"--{n}": a for n, (_, a) in opts.items()} | {f"-{l}": a for l, a in opts.values() if l}
    same(set(completed), set(words), f"completion of {command}", "option")
    for word in set(words) & set(completed):
        arg, (takes, values) = words[word], completed[word]
        expect(takes == bool(arg), f"completion of {command}: does {word} take a value?")
        if "|" in arg and arg.islower():
            expect(values == arg.split("|"), f"completion of {command}: {word} offers {values}, the program {arg}")


def check_commands(binary):
    commands = help_commands(run(binary, "--help").stdout)
    options, completed = completion()
    expect(len(commands) >= 3, "postern --help lists no commands")
    same(completed, set(commands) | {"help", "version"}, "completion", "command")
    main = (MAN / "postern.1").read_text(encoding="utf-8")
    same(set(re.findall(r"^\.It Cm ([\w-]+)$", main, re.M)), set(commands), "postern.1", "command")
    for command in commands:
        text = run(binary, command, "--help").stdout
        opts = help_options(text)
        expect("help" in opts, f"postern {command} --help: no options found")
        expect(f"man postern-{command}" in text, f"postern {command} --help does not name its manual page")
        check_command(command, opts, options.get(command, {}))
    for word in ("-h", "--help", "-V", "--version", "help", "version"):
        r = run(binary, word)
        expect(r.returncode == 0 and r.stdout, f"postern {word}: exit status {r.returncode}")
    statuses = re.findall(r"^\.It (\d)$", main.split(".Sh EXIT STATUS", 1)[1], re.M)
    expect(statuses == ["0", "1", "2", "3"], f"postern.1: exit statuses {statuses}")


def check_org(binary):
    parse = (ROOT / "src/org/org_parse.c").read_text(encoding="utf-8")
    page = (MAN / "org.yaml.5").read_text(encoding="utf-8")
    guide = (ROOT / "docs/org.md").read_text(encoding="utf-8")
    tables = dict(re.findall(r"struct org_key (\w+)_keys\[\] = \{\n(.*?)\};", parse, re.S))
    sections = {"top": "Top level", "organisation": "organisation", "host": "hosts", "person": "staff", "provider": "providers"}
    same(set(tables), set(sections), "test/check/docs.py", "table of keys")
    for table in set(tables) & set(sections):
        keys = set(re.findall(r'^\t\{"(\w+)"', tables[table], re.M))
        part = re.split(r"^\.Ss " + sections[table] + r"\b.*$", page, maxsplit=1, flags=re.M)[-1]
        same(set(re.findall(r"^\.It Cm ([\w-]+)$", re.split(r"^\.S[hs] ", part, maxsplit=1, flags=re.M)[0], flags=re.M)), keys,
             f"org.yaml.5 under {sections[table]}", "key")
        part = re.split(r"^###? " + sections[table] + r"\b.*$", guide, maxsplit=1, flags=re.M | re.I)[-1]
        same(set(re.findall(r"^\| `(\w+)` \|", re.split(r"^##", part, maxsplit=1, flags=re.M)[0], flags=re.M)), keys,
             f"docs/org.md under {sections[table]}", "key")
    examples = [page.split(".Bd -literal\norganisation:", 1)[1].split(".Ed", 1)[0], guide.split("```yaml\norganisation:", 1)[1].split("```", 1)[0]]
    with tempfile.TemporaryDirectory() as tmp:
        file = Path(tmp) / "org.yaml"
        (Path(tmp) / "empty.log").write_text("May  4 07:12:33 web1 sshd[1]: Server listening on :: port 22.\n", encoding="utf-8")
        for example in examples:
            file.write_text("organisation:" + example, encoding="utf-8")
            r = run(binary, "scan", "--org", str(file), str(Path(tmp) / "empty.log"))
            expect(r.returncode == 0, f"an example of org.yaml is refused: {r.stderr.strip()}")


def check_detectors(binary):
    path = ROOT / "docs/detectors.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    listed = [json.loads(line) for line in run(binary, "rules", "list", "--format", "json").stdout.splitlines()]
    ids = {r["id"] for r in listed if "kind" not in r} # the others are Sigma rules
    rules = (MAN / "postern-rules.1").read_text(encoding="utf-8").split("The stages are\n", 1)[1].split(".Pp", 1)[0]
    table = (ROOT / "src/event/event.h").read_text(encoding="utf-8")
    same(set(re.findall(r"^\.Ql (\S+)", rules, re.M)), set(re.findall(r'X\(STAGE_\w+, "([\w-]+)"', table)), "postern-rules.1", "stage")
    expect(len(ids) > 10, "postern rules list names hardly any detector")
    same(set(re.findall(r"^\| \[`([\w.-]+)`\]", text, re.M)), ids, "docs/detectors.md", "detector")
    r = run(str(ROOT / "script/docs"), "--print", binary)
    expect(r.returncode == 0, f"script/docs: {r.stderr.strip()}")
    expect(r.stdout == text, "docs/detectors.md is not current: run script/docs")


def check_man_pages():
    pages = sorted(p for p in MAN.iterdir() if re.search(r"\.\d$", p.name))
    installed = set(re.findall(r"'([\w.-]+\.\d)'", (MAN / "meson.build").read_text(encoding="utf-8")))
    same(installed, {p.name for p in pages}, "man/meson.build", "page")
    for page in pages:
        for name, section in re.findall(r"^\.Xr (\S+) (\d)", page.read_text(encoding="utf-8"), re.M):
            own = name.startswith("postern") or name.endswith(".yaml")
            expect(not own or (MAN / f"{name}.{section}").is_file(), f"{page.name}: refers to {name}({section}), which does not exist")
    if not shutil.which("mandoc"):
        print("mandoc is not installed: manual pages are not linted")
        return
    r = run("mandoc", "-Tlint", "-Wwarning", *map(str, pages))
    expect(r.returncode == 0, f"mandoc: {(r.stdout + r.stderr).strip()}")


def anchors(path):
    """GitHub's names of the headings of a file."""
    found = set()
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for title in re.findall(r"^#+ (.*)$", text, re.M):
        name = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        n = 0
        while name + (f"-{n}" if n else "") in found:
            n += 1
        found.add(name + (f"-{n}" if n else ""))
    return found


def check_links():
    skip = {"node_modules", ".git", "subprojects"}
    files = [p for p in ROOT.rglob("*.md") if not any(x in skip or x.startswith("build") for x in p.relative_to(ROOT).parts)]
    expect(bool(files), "no *.md file found")
    for file in files:
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        text = re.sub(r"`+[^`\n]*`+", "code", text)
        for target in re.findall(r"\]\(<?([^()\s>]+)>?(?: \"[^\"]*\")?\)", text) + re.findall(r"^\[[^\]]+\]:\s+(\S+)", text, re.M):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            to = (file.parent / name) if name else file
            where = f"{file.relative_to(ROOT)}: link to {target}"
            expect(to.exists(), f"{where}: no such file")
            if anchor and to.suffix == ".md" and to.is_file():
                expect(anchor in anchors(to), f"{where}: no such heading")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    binary = str(Path(sys.argv[1]).resolve())
    check_commands(binary)
    check_org(binary)
    check_detectors(binary)
    check_man_pages()
    check_links()
    for f in failures:
        print(f)
    print(f"{len(failures)} differences" if failures else "documents and program agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
