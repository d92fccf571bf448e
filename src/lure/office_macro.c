/* office_macro.c - what a VBA project means: does it run by itself, what does it call, does its compiled code say what its source says. */
#include "lure/office_private.h"

enum use { USE_NONE, USE_AUTO, USE_RUN, USE_FETCH, USE_DROP, USE_INJECT, USE_HIDE, USE_SETTINGS, USE_COUNT };
static const char *const use_says[USE_COUNT] = {"", "runs by itself", "starts programs", "fetches from a network", "writes files", "writes into memory of processes", "hides what it says", "changes security settings"};

enum { IN_STRING = 0x80 }; /* a word that names something only there: many a variable is called cmd */
/* Identifiers and words of strings, lower case, sorted by name: searched by halves. */
static const struct word { const char *name; uint8_t use; } words[] = {
	{"accessvbom", IN_STRING | USE_SETTINGS}, {"applescripttask", USE_RUN}, {"auto_close", USE_AUTO}, {"auto_open", USE_AUTO}, {"autoclose", USE_AUTO},
	{"autoexec", USE_AUTO}, {"autoexit", USE_AUTO}, {"autonew", USE_AUTO}, {"autoopen", USE_AUTO}, {"bitsadmin", IN_STRING | USE_FETCH}, {"callbyname", USE_HIDE}, {"certutil", IN_STRING | USE_FETCH},
	{"chr", USE_HIDE}, {"chrb", USE_HIDE}, {"chrw", USE_HIDE}, {"cmd", IN_STRING | USE_RUN}, {"comspec", IN_STRING | USE_RUN}, {"createprocess", USE_RUN}, {"createprocessa", USE_RUN}, {"createprocessw", USE_RUN},
	{"createremotethread", USE_INJECT}, {"createtextfile", USE_DROP}, {"createthread", USE_INJECT}, {"cscript", IN_STRING | USE_RUN}, {"curl", IN_STRING | USE_FETCH}, {"dllregisterserver", USE_RUN},
	{"document_beforeclose", USE_AUTO}, {"document_beforesave", USE_AUTO}, {"document_close", USE_AUTO}, {"document_contentcontrolonenter", USE_AUTO}, {"document_new", USE_AUTO},
	{"document_open", USE_AUTO}, {"documentchange", USE_AUTO}, {"documentopen", USE_AUTO}, {"encodedcommand", IN_STRING | USE_HIDE}, {"enumsystemlocalesa", USE_INJECT},
	{"frombase64string", USE_HIDE}, {"heapalloc", USE_INJECT}, {"internetopena", USE_FETCH}, {"internetopenurla", USE_FETCH}, {"internetreadfile", USE_FETCH}, {"loadlibrarya", USE_INJECT},
	{"macscript", USE_RUN}, {"mshta", IN_STRING | USE_RUN}, {"msiexec", IN_STRING | USE_RUN}, {"ntallocatevirtualmemory", USE_INJECT}, {"ntwritevirtualmemory", USE_INJECT},
	{"powershell", IN_STRING | USE_RUN}, {"pwsh", IN_STRING | USE_RUN}, {"queueuserapc", USE_INJECT}, {"regsvr32", IN_STRING | USE_RUN}, {"regwrite", USE_SETTINGS}, {"rtlmovememory", USE_INJECT}, {"rundll32", IN_STRING | USE_RUN},
	{"savetofile", USE_DROP}, {"schtasks", IN_STRING | USE_RUN}, {"serverxmlhttp", USE_FETCH}, {"shell", USE_RUN}, {"shellexecute", USE_RUN}, {"shellexecutea", USE_RUN},
	{"shellexecutew", USE_RUN}, {"strreverse", USE_HIDE}, {"urldownloadtofile", USE_FETCH}, {"urldownloadtofilea", USE_FETCH}, {"urldownloadtofilew", USE_FETCH},
	{"vbawarnings", IN_STRING | USE_SETTINGS}, {"virtualalloc", USE_INJECT}, {"virtualallocex", USE_INJECT}, {"virtualprotect", USE_INJECT}, {"webclient", USE_FETCH},
	{"win32_process", USE_RUN}, {"winexec", USE_RUN}, {"winhttp", IN_STRING | USE_FETCH}, {"winhttprequest", USE_FETCH}, {"winmgmts", IN_STRING | USE_RUN}, {"wmic", IN_STRING | USE_RUN}, {"workbook_activate", USE_AUTO},
	{"workbook_beforeclose", USE_AUTO}, {"workbook_close", USE_AUTO}, {"workbook_open", USE_AUTO}, {"writeprocessmemory", USE_INJECT}, {"wscript", IN_STRING | USE_RUN},
	{"xmlhttp", USE_FETCH}, {"xor", USE_HIDE},
};

static uint8_t use_of(const char *w, size_t n)
{
	size_t lo = 0, hi = ARRAY_LEN(words);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = strncmp(w, words[mid].name, n);
		if (d == 0 && words[mid].name[n] == 0)
			return words[mid].use;
		if (d <= 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return USE_NONE;
}

/* Controls that call as soon as the document is shown: the form a name has, whatever stands before it. */
static bool auto_event(const char *w, size_t n)
{
	static const char *const ends[] = {"_layout", "_resize", "_gotfocus", "_painted", "_painting", "_mousehover", "_mousemove", "_beforenavigate2", "_onconnecting", "_statechange", "_documentcomplete"};
	if (slice_starts(slice_make(w, n), SL("userform_"))) /* shown by code that runs already */
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(slice_make(w, n), slice_of(ends[i])) && n > strlen(ends[i]))
			return true;
	return false;
}

struct scan {
	struct office *o;
	uint32_t uses[USE_COUNT];
	struct slice first[USE_COUNT], where[USE_COUNT];
	size_t code_lines, long_lines;
};

static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80); }
static bool digit(char c) { return c >= '0' && c <= '9'; }

static void see(struct scan *s, uint8_t use, struct slice text, struct slice module)
{
	if (s->uses[use]++ == 0) {
		s->first[use] = text;
		s->where[use] = module;
	}
}

/* Words of a line, in code and in strings alike: "WScript.Shell" is a string, Shell a function. */
static void scan_line(struct scan *s, struct slice line, struct slice module)
{
	char w[48];
	bool procedure = false, quoted = false;
	for (size_t i = 0; i < line.n;) {
		char c = line.p[i];
		if (c == '"')
			quoted = !quoted;
		if (c == '\'' && !quoted)
			return; /* a comment */
		if (!letter(c)) {
			i++;
			continue;
		}
		size_t from = i, n = 0;
		for (; i < line.n && (letter(line.p[i]) || digit(line.p[i])); i++)
			if (n < sizeof(w))
				w[n++] = line.p[i] >= 'A' && line.p[i] <= 'Z' ? (char)(line.p[i] | 0x20) : line.p[i];
		uint8_t use = i - from == n ? use_of(w, n) : USE_NONE;
		use = use & IN_STRING && !quoted ? USE_NONE : use & ~IN_STRING;
		if (from == 0 && n == 3 && memcmp(w, "rem", 3) == 0)
			return;
		if (!quoted && procedure && use != USE_AUTO && auto_event(w, n))
			use = USE_AUTO;
		/* Auto names count where they are defined; naming one elsewhere, or in a string, runs nothing. */
		if (use == USE_AUTO && (quoted || !procedure))
			use = USE_NONE;
		if (use)
			see(s, use, line, module);
		procedure = !quoted && ((n == 3 && memcmp(w, "sub", 3) == 0) || (n == 8 && memcmp(w, "function", 8) == 0));
	}
}

static void scan_module(struct scan *s, const struct vba_module *m)
{
	struct slice rest = m->source, line;
	while (rest.n && !lure_stop(s->o->l)) {
		if (!slice_cut(&rest, '\n', &line)) {
			line = rest;
			rest = SLICE_NONE;
		}
		line = slice_trim(line);
		if (line.n == 0 || slice_istarts(line, SL("Attribute ")) || line.p[0] == '\'')
			continue;
		if (!slice_istarts(line, SL("Option ")))
			s->code_lines++;
		if (line.n > 400)
			s->long_lines++;
		scan_line(s, line, m->name);
	}
}

/* ---- compiled against written ---------------------------------------------------------------------------------------------------- */
/* The table of lines in compiled code: rows of 12 bytes behind 0xCAFE. Returns how many, *code is where their bytes are. */
static size_t code_lines(struct slice code, struct slice *bytes)
{
	size_t at = (size_t)le32(code, 0x19) + 0x3c;
	if (at + 6 > code.n || le16(code, at) != 0xcafe) { /* 64 bits, or another version: the mark is searched */
		ssize_t hit = slice_find(code, slice_make("\xfe\xca\x01\x00", 4));
		if (hit < 0)
			return 0;
		at = (size_t)hit;
	}
	size_t n = le16(code, at + 4), from = at + 6 + n * 12 + 10;
	if (n == 0 || n == 0xffff || from >= code.n)
		return 0;
	*bytes = slice_from(code, from);
	return n;
}

static bool in_sources(const struct vba_module *m, size_t n, struct slice text)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ihas(m[i].source, text))
			return true;
	return false;
}

/* A string in compiled code (opcode 0xB9, length, bytes to an even end) that no source has. Doubled quotes make a string look different in source: those are left out. */
static struct slice foreign_string(struct office *o, const struct vba_module *m, size_t n, struct slice code)
{
	enum { STRINGS_MAX = 5000 }; /* each is searched in all sources */
	size_t strings = 0;
	for (size_t at = 0; at + 4 < code.n && strings < STRINGS_MAX; at += 2) {
		size_t len = le16(code, at + 2);
		struct slice s = slice_sub(code, at + 4, len);
		if ((le16(code, at) & 0x3ff) != 0xb9 || len < 6 || s.n < len)
			continue;
		bool plain = true;
		for (size_t i = 0; i < s.n && plain; i++)
			plain = s.p[i] >= ' ' && s.p[i] < 0x7f && s.p[i] != '"';
		strings += plain;
		if (plain && lure_stop(o->l))
			break;
		if (plain && !in_sources(m, n, s))
			return s;
		if (plain)
			at += 2 + (len & ~(size_t)1);
	}
	return SLICE_NONE;
}

static size_t written_lines(struct slice source)
{
	struct slice line;
	size_t n = 0;
	for (bool more = true; more && source.n;) {
		more = slice_cut(&source, '\n', &line);
		if (!more)
			line = source;
		n += !slice_istarts(line, SL("Attribute ")); /* empty ones are compiled, too */
	}
	return n;
}

static void judge_stomped(struct office *o, const struct vba_module *m, size_t n, bool any_source)
{
	for (size_t i = 0; i < n; i++) {
		struct slice bytes = SLICE_NONE, foreign;
		size_t lines = code_lines(m[i].code, &bytes);
		if (lines == 0)
			continue;
		const char *where = office_z(o, office_join(o, SL("macro"), " ", m[i].name));
		size_t written = written_lines(m[i].source);
		if (!m[i].has_source || written < 2) {
			/* Modules that never had a line have one empty one in compiled code */
			if (lines >= (m[i].has_source ? written + 3 : 2))
				lure_found(o->l, o->id, IND_OFFICE_VBA_STOMPED, UINT64_MAX, where, "%zu lines of compiled code and no source", lines);
			continue;
		}
		/* Line for line the same, but for continued ones, which compiled are one */
		if (lines >= written + 3 || written > lines * 2 + 10)
			lure_found(o->l, o->id, IND_OFFICE_VBA_STOMPED, UINT64_MAX, where, "%zu lines of compiled code, %zu of source", lines, written);
		foreign = foreign_string(o, m, n, bytes);
		if (foreign.n && any_source)
			lure_found(o->l, o->id, IND_OFFICE_VBA_STOMPED, UINT64_MAX, where, "compiled code holds \"%.*s\", which no source has", SLFMT(slice_to(foreign, 120)));
	}
}

/* ---- verdict ---------------------------------------------------------------------------------------------------------------------- */
static void say_use(struct scan *s, enum indicator i, enum use use)
{
	const char *where = office_z(s->o, office_join(s->o, SL("macro"), " ", s->where[use]));
	lure_found(s->o->l, s->o->id, i, UINT64_MAX, where, "%s: %.*s", use_says[use], SLFMT(slice_to(s->first[use], 160)));
}

/* Code with a Chr(10) here and there is no obfuscated code: it has to be a good part of the lines. */
static bool obfuscated(const struct scan *s) { return (s->uses[USE_HIDE] >= 12 && s->uses[USE_HIDE] * 5 >= s->code_lines) || (s->long_lines >= 5 && s->uses[USE_HIDE] >= 5); }

static void judge_uses(struct scan *s)
{
	static const enum use bad[] = {USE_RUN, USE_FETCH, USE_INJECT, USE_SETTINGS};
	bool calls = false;
	if (s->uses[USE_AUTO])
		say_use(s, IND_OFFICE_VBA_AUTORUN, USE_AUTO);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (s->uses[bad[i]]) {
			say_use(s, IND_OFFICE_VBA_CALLS, bad[i]);
			if (s->uses[USE_AUTO])
				say_use(s, IND_OFFICE_VBA_ATTACK, bad[i]);
			calls = true;
		}
	if (s->uses[USE_DROP] && s->uses[USE_AUTO] && !calls)
		say_use(s, IND_OFFICE_VBA_CALLS, USE_DROP);
	if (obfuscated(s)) {
		say_use(s, IND_OFFICE_VBA_OBFUSCATED, USE_HIDE);
		if (s->uses[USE_AUTO])
			say_use(s, IND_OFFICE_VBA_ATTACK, USE_HIDE);
	}
}

void vba_judge(struct office *o, const struct vba_module *m, size_t n, struct slice project)
{
	struct scan s = {.o = o};
	struct slice bytes;
	bool any_source = false, any_code = false;
	for (size_t i = 0; i < n; i++) {
		scan_module(&s, &m[i]);
		any_source = any_source || m[i].has_source;
		any_code = any_code || code_lines(m[i].code, &bytes) > 1;
	}
	judge_stomped(o, m, n, any_source);
	judge_uses(&s);
	if (s.code_lines || any_code)
		lure_found(o->l, o->id, IND_OFFICE_VBA, UINT64_MAX, "VBA", "%zu modules, %zu lines", n, s.code_lines);
	else
		lure_found(o->l, o->id, IND_OFFICE_VBA_EMPTY, UINT64_MAX, "VBA", "%zu modules without a line", n);
	(void)project;
}
