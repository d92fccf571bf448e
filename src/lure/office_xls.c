/* office_xls.c - Excel's records (BIFF5, BIFF8): sheets of Excel 4 macros, names that run, DDE links, encryption. */
#include "lure/office_private.h"

enum { R_EOF = 0x0a, R_FORMULA = 0x06, R_EXTERNSHEET = 0x17, R_NAME = 0x18, R_FILEPASS = 0x2f, R_BOUNDSHEET = 0x85, R_SUPBOOK = 0x1ae, R_BOF = 0x809, SHEET_MACRO = 1, BOF_MACRO = 0x40,
	RECORDS_MAX = 4000000 };

struct book { struct office *o; bool biff8, macro_sheet, in_macro; };

/* A text of Excel's: in BIFF8 a byte says whether it has one or two bytes a character. */
static struct slice xls_text(const struct book *b, struct slice s, size_t n)
{
	if (!b->biff8)
		return office_latin(b->o, slice_to(s, n));
	return s.n && s.p[0] & 1 ? office_utf16(b->o, slice_sub(s, 1, n * 2)) : office_latin(b->o, slice_sub(s, 1, n));
}

static void bound_sheet(struct book *b, struct slice r)
{
	static const char *const states[] = {"visible", "hidden", "very hidden"};
	if (r.n < 8 || r.p[5] != SHEET_MACRO)
		return;
	struct slice name = xls_text(b, slice_from(r, 7), (uint8_t)r.p[6]);
	unsigned state = MIN((unsigned)r.p[4] & 3u, 2u);
	b->macro_sheet = true;
	lure_found(b->o->l, b->o->id, IND_OFFICE_XLM, UINT64_MAX, "Workbook", "sheet \"%.*s\", %s", SLFMT(name), states[state]);
	if (state)
		lure_found(b->o->l, b->o->id, IND_OFFICE_XLM_HIDDEN, UINT64_MAX, "Workbook", "sheet \"%.*s\", %s", SLFMT(name), states[state]);
}

bool xlm_auto_name(struct slice name)
{
	if (slice_istarts(name, SL("_xlnm.")))
		name = slice_from(name, 6);
	return slice_istarts(name, SL("auto_open")) || slice_istarts(name, SL("auto_close")) || slice_istarts(name, SL("auto_activate")) || slice_istarts(name, SL("auto_deactivate"));
}

static void defined_name(struct book *b, struct slice r)
{
	static const char *const builtin[] = {[1] = "Auto_Open", [2] = "Auto_Close", [10] = "Auto_Activate", [11] = "Auto_Deactivate"};
	uint16_t flags = le16(r, 0);
	if (r.n < 16)
		return;
	struct slice name = xls_text(b, slice_from(r, 14), (uint8_t)r.p[3]);
	if (flags & 0x20 && name.n) {
		uint8_t k = (uint8_t)name.p[0];
		if (k < ARRAY_LEN(builtin) && builtin[k])
			office_found(b->o, IND_OFFICE_XLM_AUTORUN, "Workbook", slice_of(builtin[k]));
	} else if (xlm_auto_name(name)) {
		office_found(b->o, IND_OFFICE_XLM_AUTORUN, "Workbook", name);
	}
}

/* A path as Excel keeps it: 1, then @ for a server (1@), 2 for the same drive, 3 between folders, 4 for the one above, 5 and a length for an address on the web. */
static struct slice book_path(struct book *b, struct slice text)
{
	char *p = arena_alloc(&b->o->a, text.n + 4);
	size_t n = 0;
	for (size_t i = 1; i < text.n; i++) {
		char c = text.p[i];
		if (c == 5) {
			i++;
		} else if (c == 1 && i + 1 < text.n) {
			bool server = text.p[i + 1] == '@';
			p[n++] = server ? '\\' : text.p[i + 1];
			p[n++] = server ? '\\' : ':';
			i++;
		} else {
			p[n++] = c == 3 ? '\\' : c;
		}
	}
	return slice_make(p, n);
}

/* A book outside: its path, or for DDE and OLE server, 3, topic. */
static void sup_book(struct book *b, struct slice text)
{
	ssize_t bar = slice_chr(text, 3);
	if (text.n && (uint8_t)text.p[0] < ' ')
		link_judge(b->o, LINK_WORKBOOK, book_path(b, text), "Workbook");
	else if (bar > 0)
		link_dde(b->o, office_join(b->o, slice_to(text, (size_t)bar), " ", slice_from(text, (size_t)bar + 1)), "Workbook");
}

static void xls_record(struct book *b, uint16_t type, struct slice r)
{
	switch (type) {
	case R_BOF:
		b->biff8 = le16(r, 0) == 0x0600;
		b->in_macro = le16(r, 2) == BOF_MACRO;
		if (b->in_macro && !b->macro_sheet)
			lure_found(b->o->l, b->o->id, IND_OFFICE_XLM, UINT64_MAX, "Workbook", "a sheet of macros that the list of sheets does not name");
		b->macro_sheet = b->macro_sheet || b->in_macro;
		break;
	case R_BOUNDSHEET: bound_sheet(b, r); break;
	case R_NAME: defined_name(b, r); break;
	case R_SUPBOOK:
		if (b->biff8 && r.n > 4 && le16(r, 2) != 0x0401 && le16(r, 2) != 0x3a01)
			sup_book(b, xls_text(b, slice_from(r, 4), le16(r, 2)));
		break;
	case R_EXTERNSHEET:
		if (!b->biff8 && r.n > 2)
			sup_book(b, office_latin(b->o, slice_sub(r, 1, (uint8_t)r.p[0] + 1u)));
		break;
	case R_FORMULA:
		if (b->in_macro && r.n > 22)
			xlm_tokens(b->o, slice_sub(r, 22, le16(r, 20)), b->biff8 ? 8 : 5, "Workbook");
		break;
	default: break;
	}
}

void xls_parse(struct office *o, struct slice s)
{
	struct book b = {.o = o};
	int which = 0;
	for (size_t at = 0, n = 0; at + 4 <= s.n && n < RECORDS_MAX && !lure_stop(o->l); n++) {
		uint16_t type = le16(s, at);
		struct slice r = slice_sub(s, at + 4, le16(s, at + 2));
		if (type == R_FILEPASS) {
			struct slice plain = crypt_workbook(o, s, r, &which);
			crypt_said(o, plain.n > 0, which, "Workbook");
			if (!plain.n)
				return;
			s = plain;
		} else {
			xls_record(&b, type, r);
		}
		at += 4 + (size_t)le16(s, at + 2);
	}
}

/* ---- formulas of macro sheets -------------------------------------------------------------------------------------------------- */
/* Numbers of functions; those of commands have the highest bit. */
static const struct { uint16_t number; const char *name; bool attack; } functions[] = {
	{110, "EXEC", true}, {150, "CALL", true}, {149, "REGISTER", true}, {267, "REGISTER.ID", true}, {132, "FOPEN", true}, {137, "FWRITELN", true}, {138, "FWRITE", true}, {175, "INITIATE", true}, {177, "POKE", true},
	{178, "EXECUTE", true}, {118, "ALERT", false}, {54, "HALT", false}, {53, "GOTO", false}, {55, "RETURN", false}, {186, "GET.WORKSPACE", false}, {111, "CHAR", false}, {88, "SET.NAME", false}, {0x8011, "RUN", false},
	{0x8060, "FORMULA", false},
};

static const char *function_name(uint16_t number, bool *attack)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (functions[i].number == number) {
			*attack = functions[i].attack;
			return functions[i].name;
		}
	return NULL;
}

/* How many bytes follow a token; by its base number (0x20-0x3f for the three classes). -1: its length is not known. */
static int token_bytes(uint8_t base, unsigned biff)
{
	static const struct { uint8_t token; int8_t biff5, biff8, biff12; } sizes[] = {
		{0x01, 3, 4, 4}, {0x02, 3, 4, 4}, {0x15, 0, 0, 0}, {0x16, 0, 0, 0}, {0x1c, 1, 1, 1}, {0x1d, 1, 1, 1}, {0x1e, 2, 2, 2}, {0x1f, 8, 8, 8}, {0x20, 7, 7, 14}, {0x21, 2, 2, 2}, {0x22, 3, 3, 3},
		{0x23, 14, 4, 4}, {0x24, 3, 4, 6}, {0x25, 6, 8, 12}, {0x26, 6, 6, 6}, {0x27, 6, 6, 6}, {0x28, 6, 6, 6}, {0x29, 2, 2, 2}, {0x2a, 3, 4, 6}, {0x2b, 6, 8, 12}, {0x2c, 3, 4, 6}, {0x2d, 6, 8, 12},
		{0x39, 24, 6, 6}, {0x3a, 17, 6, 8}, {0x3b, 20, 10, 14}, {0x3c, 17, 6, 8}, {0x3d, 20, 10, 14},
	};
	if (base >= 0x03 && base <= 0x14)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (sizes[i].token == base)
			return biff == 5 ? sizes[i].biff5 : biff == 8 ? sizes[i].biff8 : sizes[i].biff12;
	return -1;
}

/* ptgStr and ptgAttr have lengths of their own. */
static size_t long_token(struct office *o, uint8_t token, struct slice s, unsigned biff, struct slice *text)
{
	if (token == 0x17) {
		size_t n = biff == 12 ? le16(s, 0) : s.n ? (uint8_t)s.p[0] : 0, head = biff == 5 ? 1 : 2;
		bool wide = biff == 12 || (biff == 8 && s.n > 1 && s.p[1] & 1);
		struct slice t = slice_sub(s, head, n * (wide ? 2 : 1));
		*text = wide ? office_utf16(o, t) : office_latin(o, t);
		return head + n * (wide ? 2 : 1);
	}
	size_t extra = s.n && s.p[0] & 4 ? ((size_t)le16(s, 1) + 1) * 2 : 0; /* CHOOSE carries a table */
	return (biff == 5 ? 3 : 3) + extra;
}

void xlm_tokens(struct office *o, struct slice s, unsigned biff, const char *where)
{
	struct slice said = SLICE_NONE;
	const char *worst = NULL, *name;
	bool attack = false, bad = false;
	for (size_t at = 0; at < s.n;) {
		uint8_t token = (uint8_t)s.p[at++], base = token >= 0x40 ? (uint8_t)((token & 0x1f) | 0x20) : token;
		struct slice rest = slice_from(s, at), text = SLICE_NONE;
		if (token == 0x17 || token == 0x19) {
			at += long_token(o, token, rest, biff, &text);
			if (text.n && said.n < 400)
				said = said.n ? office_join(o, said, ", ", text) : text;
			continue;
		}
		if (base == 0x21 || base == 0x22) {
			name = function_name(le16(rest, base == 0x22), &attack);
			if (name && (!worst || (attack && !bad))) {
				worst = name;
				bad = attack;
			}
		}
		int n = token_bytes(base, biff);
		if (n < 0)
			break;
		at += (size_t)n;
	}
	if (bad)
		lure_found(o->l, o->id, IND_OFFICE_XLM_CALLS, UINT64_MAX, where, "%s(%.*s)", worst, SLFMT(said));
	else if (worst)
		lure_fact(o->l, o->id, "xlm", office_join(o, slice_of(worst), ": ", said));
}

/* The same of formulas as text: SYLK and XML have them so. */
void xlm_formula_text(struct office *o, struct slice f, const char *where)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		struct slice name = slice_of(functions[i].name);
		for (size_t at = 0; functions[i].attack && at < f.n;) {
			ssize_t hit = slice_ifind(slice_from(f, at), name);
			if (hit < 0)
				break;
			size_t from = at + (size_t)hit, to = from + name.n;
			if (to < f.n && f.p[to] == '(' && (from == 0 || strchr("=,(&+ -", f.p[from - 1]))) {
				office_found(o, IND_OFFICE_XLM_CALLS, where, f);
				return;
			}
			at = from + 1;
		}
	}
}
