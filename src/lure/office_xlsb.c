/* office_xlsb.c - BIFF12, the records of .xlsb: sheets, names, macro formulas, links. */
#include "lure/office_private.h"

enum { B_FMLA_STRING = 8, B_FMLA_ERROR = 11, B_NAME = 39, B_SHEET = 156, B_SUPBOOK = 360, B_RECORDS_MAX = 4000000, SUP_WORKBOOK = 0, SUP_DDE = 1, SUP_OLE = 2 };

struct biff12 { struct slice s; size_t at; uint32_t type; struct slice body; };

/* Numbers of one to four bytes, seven bits each. */
static bool number(struct biff12 *b, unsigned most, uint32_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < most && b->at < b->s.n; i++) {
		uint8_t c = (uint8_t)b->s.p[b->at++];
		*out |= (uint32_t)(c & 0x7f) << (7 * i);
		if (!(c & 0x80))
			return true;
	}
	return b->at < b->s.n;
}

static bool next(struct biff12 *b)
{
	uint32_t size;
	if (b->at >= b->s.n || !number(b, 2, &b->type) || !number(b, 4, &size))
		return false;
	b->body = slice_sub(b->s, b->at, size);
	b->at += b->body.n;
	return true;
}

static struct slice wide(struct office *o, struct slice s, size_t *at)
{
	uint32_t n = le32(s, *at);
	struct slice t = n == UINT32_MAX ? SLICE_NONE : slice_sub(s, *at + 4, (size_t)n * 2);
	*at += 4 + t.n;
	return office_utf16(o, t);
}

static void sheet(struct office *o, struct slice r)
{
	size_t at = 8;
	struct slice rel = wide(o, r, &at), name = wide(o, r, &at);
	uint32_t state = le32(r, 0);
	/* Whether it is a sheet of macros stands in the relationships: said as a fact that parse_ooxml() compares */
	if (state)
		lure_fact(o->l, o->id, "hidden-sheet", office_join(o, rel, " ", name));
}

void xlsb_workbook(struct office *o, struct slice bytes)
{
	struct biff12 b = {.s = bytes};
	for (int n = 0; n < B_RECORDS_MAX && next(&b) && !lure_stop(o->l); n++) {
		if (b.type == B_SHEET) {
			sheet(o, b.body);
		} else if (b.type == B_NAME) {
			size_t at = 9;
			struct slice name = wide(o, b.body, &at);
			if (xlm_auto_name(name))
				office_found(o, IND_OFFICE_XLM_AUTORUN, "xl/workbook.bin", name);
		}
	}
}

/* A cell's formula behind its value. */
static void formula(struct office *o, uint32_t type, struct slice r, const char *where)
{
	size_t at = 8;
	if (type == B_FMLA_STRING)
		wide(o, r, &at);
	else
		at += type == 9 ? 8 : 1;
	at += 2;
	xlm_tokens(o, slice_sub(r, at + 4, le32(r, at)), 12, where);
}

void xlsb_macrosheet(struct office *o, struct slice bytes, const char *where)
{
	struct biff12 b = {.s = bytes};
	for (int n = 0; n < B_RECORDS_MAX && next(&b) && !lure_stop(o->l); n++)
		if (b.type >= B_FMLA_STRING && b.type <= B_FMLA_ERROR)
			formula(o, b.type, b.body, where);
}

void xlsb_external(struct office *o, struct slice bytes, const char *where)
{
	struct biff12 b = {.s = bytes};
	for (int n = 0; n < B_RECORDS_MAX && next(&b) && !lure_stop(o->l); n++) {
		if (b.type != B_SUPBOOK)
			continue;
		size_t at = 2;
		struct slice first = wide(o, b.body, &at), second = wide(o, b.body, &at);
		if (le16(b.body, 0) == SUP_DDE)
			link_dde(o, office_join(o, first, " ", second), where);
	}
}
