/* office_rtf.c - RTF: objects, fields, the template. Read as Word does, which takes nearly anything: control words, groups and raw bytes in the middle of an object's digits
 * change nothing for it, and only somebody who hides the object writes them. */
#include "lure/office_private.h"

#include <stdlib.h>

enum dest { DEST_TEXT, DEST_DATA, DEST_CLASS, DEST_INSTRUCTION, DEST_TEMPLATE, DEST_SKIP };
struct group { uint8_t dest; bool own; size_t start; };

struct rtf {
	struct office *o;
	struct slice s;
	size_t at, depth, objects, odd; /* odd: what does not belong into an object's digits */
	struct group groups[RTF_GROUPS_MAX];
	struct buf data, text, class;
	int nibble;      /* -1: none waits */
	bool star, update, deep, started;
};

static const struct { const char *word; uint8_t dest; } destinations[] = {
	{"objdata", DEST_DATA}, {"objclass", DEST_CLASS}, {"fldinst", DEST_INSTRUCTION}, {"template", DEST_TEMPLATE},
};

static uint8_t dest_of(const struct rtf *r) { return r->groups[r->depth].dest; }

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

/* ---- ends of destinations -------------------------------------------------------------------------------------------------------- */
static void data_done(struct rtf *r)
{
	char where[32] = "object";
	struct slice bytes = buf_slice(&r->data);
	r->objects++;
	lure_found(r->o->l, r->o->id, IND_RTF_OBJECT, r->at, where, "%.*s, %zu bytes", r->class.n ? (int)MIN(r->class.n, (size_t)80) : 9, r->class.n ? r->class.p : "no class ", bytes.n);
	if (r->odd)
		lure_found(r->o->l, r->o->id, IND_RTF_OBFUSCATED, r->at, where, "%zu control words, groups or raw bytes among an object's digits", r->odd);
	if (r->update)
		lure_found(r->o->l, r->o->id, IND_RTF_UPDATE, r->at, where, "an object that is loaded without asking (objupdate or objautlink)");
	struct slice copy = slice_dup(&r->o->a, bytes);
	ole1_parse(r->o, copy, where);
	r->data.n = r->class.n = r->odd = 0;
	r->nibble = -1;
	r->update = r->started = false;
}

static void group_close(struct rtf *r)
{
	struct group *g = &r->groups[r->depth];
	if (g->own && g->dest == DEST_DATA) {
		data_done(r);
	} else if (g->own && (g->dest == DEST_INSTRUCTION || g->dest == DEST_TEMPLATE)) {
		struct slice t = r->text.n > g->start ? slice_make(r->text.p + g->start, r->text.n - g->start) : SLICE_NONE;
		t = slice_dup(&r->o->a, t);
		if (g->dest == DEST_TEMPLATE)
			link_judge(r->o, LINK_TEMPLATE, slice_trim(t), "template");
		else
			field_judge(r->o, t, "field");
		r->text.n = MIN(r->text.n, g->start);
	}
	if (r->depth)
		r->depth--;
}

static void group_open(struct rtf *r)
{
	uint8_t dest = dest_of(r);
	if (r->depth + 1 >= RTF_GROUPS_MAX) {
		r->deep = true;
		return;
	}
	if (dest == DEST_DATA)
		r->odd++;
	r->groups[++r->depth] = (struct group){.dest = dest, .start = r->text.n};
}

/* ---- what stands in a destination ---------------------------------------------------------------------------------------------------- */
static void put(struct rtf *r, char c)
{
	switch (dest_of(r)) {
	case DEST_INSTRUCTION:
	case DEST_TEMPLATE:
		if (r->text.n < FIELD_TEXT)
			buf_addc(&r->text, c);
		break;
	case DEST_CLASS:
		if (r->class.n < 128)
			buf_addc(&r->class, c);
		break;
	default: break;
	}
}

/* Digits of an object; returns behind the last byte that was one, or a blank. */
static size_t put_digits(struct rtf *r, size_t at)
{
	const char *p = r->s.p;
	for (; at < r->s.n && p[at] != '{' && p[at] != '}' && p[at] != '\\'; at++) {
		int d = hex_digit(p[at]);
		if (d < 0)
			continue;
		r->started = true;
		if (r->nibble < 0) {
			r->nibble = d;
		} else {
			buf_addc(&r->data, (char)(r->nibble << 4 | d));
			r->nibble = -1;
		}
	}
	return at;
}

static void raw_bytes(struct rtf *r, int64_t n)
{
	struct slice raw = slice_sub(r->s, r->at, n > 0 ? (size_t)n : 0);
	if (dest_of(r) == DEST_DATA) {
		buf_adds(&r->data, raw);
		r->nibble = -1;
	}
	r->at += raw.n;
}

static void unicode(struct rtf *r, int64_t c)
{
	uint32_t u = (uint32_t)(c < 0 ? c + 65536 : c);
	if (u > 0 && u < 0x80) /* what is of interest here is ASCII */
		put(r, (char)u);
	if (r->at < r->s.n && r->s.p[r->at] == '?')
		r->at++;
}

static void control(struct rtf *r, struct slice word, int64_t number, bool has_number)
{
	bool star = r->star;
	r->star = false;
	if (slice_eqz(word, "bin")) {
		r->odd += dest_of(r) == DEST_DATA;
		raw_bytes(r, has_number ? number : 0);
		return;
	}
	if (slice_eqz(word, "u")) {
		unicode(r, number);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(destinations); i++)
		if (slice_eqz(word, destinations[i].word)) {
			if (dest_of(r) == DEST_DATA)
				data_done(r); /* an object in an object's digits: the second counts, too */
			r->groups[r->depth].dest = destinations[i].dest;
			r->groups[r->depth].own = true;
			r->groups[r->depth].start = r->text.n;
			if (destinations[i].dest == DEST_CLASS)
				r->class.n = 0;
			return;
		}
	if (dest_of(r) == DEST_DATA) {
		r->odd += r->started || word.n > 0;
		if (star)
			r->groups[r->depth].dest = DEST_SKIP; /* Word passes over the text of what it does not know */
		return;
	}
	if (slice_eqz(word, "objupdate") || slice_eqz(word, "objautlink"))
		r->update = true;
	else if (slice_eqz(word, "object"))
		r->update = false;
	else if (slice_eqz(word, "objocx"))
		lure_found(r->o->l, r->o->id, IND_OFFICE_ACTIVEX, r->at, "object", "objocx");
}

/* Behind a backslash. */
static void backslash(struct rtf *r)
{
	size_t at = r->at;
	const char *p = r->s.p;
	if (at >= r->s.n)
		return;
	if (!((p[at] >= 'a' && p[at] <= 'z') || (p[at] >= 'A' && p[at] <= 'Z'))) {
		r->at++;
		if (p[at] == '*') {
			r->star = true;
		} else if (p[at] == '\'' && at + 2 < r->s.n) {
			int hi = hex_digit(p[at + 1]), lo = hex_digit(p[at + 2]);
			r->odd += dest_of(r) == DEST_DATA;
			if (hi >= 0 && lo >= 0) {
				put(r, (char)(hi << 4 | lo));
				r->at += 2;
			}
		} else if (p[at] == '\\' || p[at] == '{' || p[at] == '}') {
			put(r, p[at]);
		}
		return;
	}
	while (at < r->s.n && at - r->at < 255 && ((p[at] >= 'a' && p[at] <= 'z') || (p[at] >= 'A' && p[at] <= 'Z')))
		at++;
	struct slice word = slice_sub(r->s, r->at, at - r->at);
	bool minus = at < r->s.n && p[at] == '-', has = false;
	int64_t n = 0;
	at += minus;
	for (; at < r->s.n && p[at] >= '0' && p[at] <= '9'; at++) {
		has = true;
		n = n < INT32_MAX ? n * 10 + (p[at] - '0') : n;
	}
	if (at < r->s.n && p[at] == ' ')
		at++;
	r->at = at;
	control(r, word, minus ? -n : n, has);
}

static void plain(struct rtf *r)
{
	if (dest_of(r) == DEST_DATA) {
		r->at = put_digits(r, r->at);
		return;
	}
	if (dest_of(r) == DEST_TEXT || dest_of(r) == DEST_SKIP) {
		while (r->at < r->s.n && r->s.p[r->at] != '{' && r->s.p[r->at] != '}' && r->s.p[r->at] != '\\')
			r->at++;
		return;
	}
	char c = r->s.p[r->at++];
	if (c != '\r' && c != '\n')
		put(r, c);
}

void parse_rtf(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	struct rtf *r = xcalloc(1, sizeof(*r));
	office_start(&o, l, id, bytes);
	*r = (struct rtf){.o = &o, .s = bytes, .nibble = -1};
	ssize_t head = slice_find(slice_to(bytes, 512), SL("{\\rt"));
	if (head >= 0 && !slice_starts(slice_from(bytes, (size_t)head), SL("{\\rtf")))
		lure_found(l, id, IND_RTF_HEADER, (uint64_t)head, "header", "%.*s", SLFMT(slice_sub(bytes, (size_t)head, 12)));
	while (r->at < bytes.n) {
		char c = bytes.p[r->at];
		if ((c == '{' || c == '\\') && lure_stop(l))
			break;
		if (c == '{' || c == '}') {
			r->at++;
			r->star = false;
			if (c == '{')
				group_open(r);
			else
				group_close(r);
		} else if (c == '\\') {
			r->at++;
			backslash(r);
		} else {
			plain(r);
		}
	}
	for (bool more = true; more;) { /* groups that nobody closed */
		more = r->depth > 0;
		group_close(r);
	}
	if (r->deep)
		lure_found(l, id, IND_LIMIT_DEPTH, UINT64_MAX, "groups", "groups deeper than %d", RTF_GROUPS_MAX);
	buf_free(&r->data);
	buf_free(&r->text);
	buf_free(&r->class);
	free(r);
	office_end(&o);
}
