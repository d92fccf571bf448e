/* judge.c - exact evaluation: values, items, conditions. Two-valued: a predicate on an absent field is false, its negation true. */
#include "sigma/quiet.h"
#include "sigma/verdict.h"

#include <stdlib.h>

/* ---- text ---------------------------------------------------------------------------------------------------- */

static size_t codepoint_length(struct slice s, size_t at)
{
	uint8_t c = (uint8_t)s.p[at];
	size_t n = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
	if (at + n > s.n)
		return 1;
	for (size_t i = 1; i < n; i++)
		if (((uint8_t)s.p[at + i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* Bytes of the dash at `at`, 0 when there is none: - / and the dashes Windows takes for them. */
static size_t dash_length(struct slice s, size_t at)
{
	if (at < s.n && (s.p[at] == '-' || s.p[at] == '/'))
		return 1;
	return at + 3 <= s.n && s.p[at] == '\xe2' && s.p[at + 1] == '\x80' && s.p[at + 2] >= '\x93' && s.p[at + 2] <= '\x95' ? 3 : 0;
}

static bool part_fits(const struct part *p, struct slice s, size_t *at)
{
	size_t n;
	switch (p->kind) {
	case PART_TEXT:
		if (s.n - *at < p->text.n || memcmp(s.p + *at, p->text.p, p->text.n) != 0)
			return false;
		*at += p->text.n;
		return true;
	case PART_ONE:
		if (*at >= s.n)
			return false;
		*at += codepoint_length(s, *at);
		return true;
	case PART_DASH:
		n = dash_length(s, *at);
		*at += n;
		return n > 0;
	default:
		return false;
	}
}

/* Greedy over runs between stars: once a run has matched, what is before it need not be tried again. */
bool glob_matches(const struct part *parts, size_t n, struct slice s)
{
	size_t i = 0, at = 0, star = SIZE_MAX, mark = 0;
	for (;;) {
		if (i == n && (at == s.n || (n && parts[n - 1].kind == PART_STAR)))
			return true;
		if (i < n && parts[i].kind == PART_STAR) {
			star = ++i;
			mark = at;
			continue;
		}
		if (i < n && part_fits(&parts[i], s, &at)) {
			i++;
			continue;
		}
		if (star == SIZE_MAX || mark >= s.n)
			return false;
		mark += codepoint_length(s, mark);
		if (star < n && parts[star].kind == PART_TEXT) { /* jump to where the run can begin */
			ssize_t next = slice_find(slice_from(s, mark), parts[star].text);
			if (next < 0)
				return false;
			mark += (size_t)next;
		}
		at = mark;
		i = star;
	}
}

static bool is_word(char c)
{
	return c == '_' || (c & 0x80) || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool has_token(struct slice s, struct slice token)
{
	for (size_t from = 0;;) {
		ssize_t at = slice_find(slice_from(s, from), token);
		if (at < 0)
			return false;
		size_t begin = from + (size_t)at, end = begin + token.n;
		if ((begin == 0 || !is_word(s.p[begin - 1])) && (end == s.n || !is_word(s.p[end])))
			return true;
		from = begin + 1;
	}
}

static bool text_how(unsigned how, struct slice s, struct slice with)
{
	switch (how) {
	case MK_EXACT: return slice_eq(s, with);
	case MK_PREFIX: return slice_starts(s, with);
	case MK_SUFFIX: return slice_ends(s, with);
	default: return slice_has(s, with);
	}
}

/* ---- times --------------------------------------------------------------------------------------------------- */

static bool number_at(struct slice s, size_t at, size_t n, unsigned *out)
{
	uint64_t u;
	if (at + n > s.n || !slice_u64(slice_make(s.p + at, n), 9999, &u))
		return false;
	*out = (unsigned)u;
	return true;
}

/* ISO 8601 week of a date. */
static int iso_week(int64_t days)
{
	int64_t thursday = days - (((days + 3) % 7 + 7) % 7) + 3;
	int y;
	unsigned m, d;
	civil_from_days(thursday, &y, &m, &d);
	return (int)((thursday - days_from_civil(y, 1, 1)) / 7) + 1;
}

/* A part of a time as it is written, without moving it to another zone. */
static bool time_part_of(struct slice s, unsigned part, int64_t *out)
{
	unsigned y, mo, d, h = 0, mi = 0;
	uint64_t epoch;
	if (slice_u64(s, UINT64_MAX / NS_SEC / 4, &epoch) && s.n >= 9) {
		struct civil c = civil_of((nstime)(epoch > 100000000000u ? epoch / 1000 : epoch) * NS_SEC);
		y = (unsigned)c.year, mo = c.month, d = c.day, h = c.hour, mi = c.minute;
	} else {
		if (!number_at(s, 0, 4, &y) || s.n < 10 || (s.p[4] != '-' && s.p[4] != '/') || !number_at(s, 5, 2, &mo) || !number_at(s, 8, 2, &d) ||
		    mo < 1 || mo > 12 || d < 1 || d > 31)
			return false;
		bool timed = s.n >= 16 && (s.p[10] == 'T' || s.p[10] == ' ' || s.p[10] == 't') && number_at(s, 11, 2, &h) && number_at(s, 14, 2, &mi);
		if (!timed && (part == TP_HOUR || part == TP_MINUTE))
			return false;
	}
	switch (part) {
	case TP_MINUTE: *out = mi; break;
	case TP_HOUR: *out = h; break;
	case TP_DAY: *out = d; break;
	case TP_WEEK: *out = iso_week(days_from_civil((int64_t)y, mo, d)); break;
	case TP_MONTH: *out = mo; break;
	default: *out = y; break;
	}
	return true;
}

static bool bound_holds(unsigned how, int cmp)
{
	switch (how) {
	case MK_LT: return cmp < 0;
	case MK_LE: return cmp <= 0;
	case MK_GT: return cmp > 0;
	case MK_GE: return cmp >= 0;
	default: return cmp == 0;
	}
}

/* ---- values -------------------------------------------------------------------------------------------------- */

bool match_text(struct sigma_ctx *c, const struct match *m, struct slice text, struct slice folded)
{
	struct slice s = m->cased ? text : folded;
	struct scalar n;
	struct ip ip;
	int64_t part;
	switch (m->kind) {
	case MK_EXACT: case MK_PREFIX: case MK_SUFFIX: case MK_CONTAINS: return text_how(m->kind, s, m->text);
	case MK_GLOB: return glob_matches(m->parts, m->nparts, s);
	case MK_ANY: return true;
	case MK_RE: return regex_search(m->re, c->match_data, text);
	case MK_CIDR: return ip_parse(text, &ip) && cidr_has(&m->cidr, &ip);
	case MK_TOKEN: return has_token(text, m->text);
	case MK_BOOL: return slice_eq(folded, m->yes ? SL("true") : SL("false"));
	case MK_NUMBER: case MK_LT: case MK_LE: case MK_GT: case MK_GE: return scalar_number(text, &n) && bound_holds(m->kind, scalar_cmp(&n, &m->number));
	case MK_TIME:
		if (!time_part_of(text, m->part, &part))
			return false;
		n = (struct scalar){.type = SC_INT, .i = part};
		return bound_holds(m->how, scalar_cmp(&n, &m->number));
	default: return false;
	}
}

static bool fieldref_matches(struct sigma_ctx *c, const struct match *m, const struct val *v)
{
	for (const struct val *o = view_first(c, m->field); o; o = view_next(c, o))
		if (o->type < VT_NULL && text_how(m->how, m->cased ? view_text(c, v) : view_folded(c, v), m->cased ? view_text(c, o) : view_folded(c, o)))
			return true;
	return false;
}

static bool needs_fold(const struct match *m)
{
	return !m->cased && (m->kind <= MK_GLOB || m->kind == MK_BOOL);
}

enum { WRITTEN_MOST = 6 }; /* bytes that one folded byte can be made of: \u212A is a k */

static bool val_matches(struct sigma_ctx *c, const struct match *m, const struct val *v)
{
	if (v->type >= VT_NULL)
		return m->kind == MK_ANY && v->type == VT_OBJECT;
	if (m->kind == MK_ANY) /* nobody need unescape it */
		return true;
	if (m->kind == MK_EXACT && v->written.n / WRITTEN_MOST > m->text.n) /* too long: not worth unescaping and folding */
		return false;
	if (m->kind == MK_FIELDREF)
		return fieldref_matches(c, m, v);
	if (v->type == VT_BOOL && m->kind >= MK_NUMBER && m->kind != MK_BOOL)
		return false;
	struct slice text = view_text(c, v);
	return match_text(c, m, text, needs_fold(m) ? view_folded(c, v) : text);
}

static void note_why(struct sigma_ctx *c, const struct item *it, struct slice value)
{
	if (c->nwhy < c->maxwhy)
		c->why[c->nwhy++] = (struct sigma_match){c->why_selection,
			it->field == FIELD_KEYWORD ? SL("") : strtab_get(c->set->fields, it->field), value};
}

static bool match_field(struct sigma_ctx *c, const struct item *it, const struct match *m)
{
	const struct val *first = view_first(c, it->field);
	if (m->kind == MK_EXISTS) {
		if ((first != NULL) == m->yes)
			note_why(c, it, first ? view_text(c, first) : SL("(absent)"));
		return (first != NULL) == m->yes;
	}
	if (m->kind == MK_NULL && !first) {
		note_why(c, it, SL("(absent)"));
		return true;
	}
	for (const struct val *v = first; v; v = view_next(c, v))
		if (m->kind == MK_NULL ? v->type == VT_NULL : val_matches(c, m, v)) {
			if (c->nwhy < c->maxwhy)
				note_why(c, it, view_text(c, v));
			return true;
		}
	return false;
}

static bool match_keyword(struct sigma_ctx *c, const struct item *it, const struct match *m)
{
	view_texts(c);
	if (needs_fold(m))
		view_fold_texts(c);
	for (size_t i = 0; i < c->texts.n; i++)
		if (match_text(c, m, c->texts.v[i], c->texts_folded ? c->folded_texts.v[i] : c->texts.v[i])) {
			note_why(c, it, c->texts.v[i]);
			return true;
		}
	return false;
}

bool item_matches(struct sigma_ctx *c, const struct item *it)
{
	bool holds = it->all;
	for (uint32_t g = 0; g < it->ngroup && holds == it->all; g++) {
		bool any = false;
		for (uint32_t i = 0; i < it->group[g].n && !any; i++) {
			const struct match *m = &it->match[it->group[g].first + i];
			any = it->field == FIELD_KEYWORD ? match_keyword(c, it, m) : match_field(c, it, m);
		}
		holds = any;
	}
	return holds != it->neq;
}

bool expr_matches(struct sigma_ctx *c, const struct expr *x)
{
	struct expr *const *kid = x->order && !c->maxwhy ? x->order : x->kid; /* people are told in the order they wrote */
	if (x->name.p && c->maxwhy)
		c->why_selection = x->name;
	switch (x->op) {
	case EX_ITEM:
		return item_matches(c, x->item);
	case EX_AND:
		for (uint32_t i = 0; i < x->n; i++)
			if (!expr_matches(c, kid[i]))
				return false;
		return true;
	case EX_OR:
		for (uint32_t i = 0; i < x->n; i++)
			if (expr_matches(c, kid[i]))
				return true;
		return false;
	case EX_NOT: {
		size_t max = c->maxwhy; /* what holds within a negation is no reason */
		c->maxwhy = 0;
		bool holds = !expr_matches(c, x->kid[0]);
		c->maxwhy = max;
		return holds;
	}
	default:
		return x->op == EX_TRUE;
	}
}

/* ---- rules --------------------------------------------------------------------------------------------------- */

bool sigma_matches(struct sigma_ctx *c, const struct sigma_rule *r)
{
	const struct srule *s = c->set->rules.v[r->number];
	return s->cond && !s->bad && s->pub.kind == SIGMA_RULE && expr_matches(c, s->cond);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* Candidates from `from` on that match stay. */
static void judge_from(struct sigma_ctx *c, size_t from)
{
	size_t kept = from;
	for (size_t i = from; i < c->candidates.n; i++) {
		const struct srule *s = c->set->rules.v[c->candidates.v[i]];
		c->looks[c->candidates.v[i]]++;
		if ((s->keywords || !c->only_text) && expr_matches(c, s->cond))
			c->candidates.v[kept++] = c->candidates.v[i];
	}
	c->candidates.n = kept;
}

/* Rules that look at texts go behind the others; returns how many do not. */
static size_t texts_last(struct sigma_ctx *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->candidates.n; i++) {
		uint32_t r = c->candidates.v[i];
		if (c->set->rules.v[r]->keywords)
			continue;
		c->candidates.v[i] = c->candidates.v[n];
		c->candidates.v[n++] = r;
	}
	return n;
}

/* Candidates from `from` on look at texts. */
static void judge_texts(struct sigma_ctx *c, size_t from)
{
	c->texts_asked |= c->candidates.n > from;
	route_texts(c, from);
	c->texts_told |= c->candidates.n > from;
	judge_from(c, from);
}

/* Judges by fields, and keeps the verdict under its key. */
static void judge_fields(struct sigma_ctx *c, struct verdict *key)
{
	uint64_t given_up = regex_given_up(c->match_data);
	route_fields(c);
	size_t n = texts_last(c), texts = c->candidates.n - n;
	uint32_t rest[VERDICT_RULES];
	bool keep = texts <= VERDICT_RULES;
	for (size_t i = 0; i < texts && keep; i++)
		rest[i] = c->candidates.v[n + i];
	size_t all = c->candidates.n;
	c->candidates.n = n;
	judge_from(c, 0);
	size_t hits = c->candidates.n;
	for (size_t i = n; i < all; i++)
		c->candidates.v[c->candidates.n++] = c->candidates.v[i];
	judge_texts(c, hits);
	if (!keep || hits + texts > VERDICT_RULES || regex_given_up(c->match_data) != given_up)
		return;
	key->hits = (uint8_t)hits;
	key->looks = (uint8_t)texts;
	for (size_t i = 0; i < hits; i++)
		key->rule[i] = c->candidates.v[i];
	for (size_t i = 0; i < texts; i++)
		key->rule[hits + i] = rest[i];
	verdict_keep(c, key);
}

static size_t judge(struct sigma_ctx *c, sigma_hit_fn *fn, void *arg)
{
	struct verdict key UNINIT;
	c->candidates.n = 0;
	c->texts_told = c->texts_asked = false;
	const struct verdict *known = verdict_find(c, &key);
	if (known) {
		route_add(c, known->rule, known->hits + known->looks);
		judge_texts(c, known->hits);
	} else {
		judge_fields(c, &key);
	}
	size_t before = c->candidates.n;
	route_keywords(c);
	judge_from(c, before);
	size_t kept = c->candidates.n;
	if (kept > 1)
		qsort(c->candidates.v, kept, sizeof *c->candidates.v, by_number);
	for (size_t i = 0; i < kept; i++)
		fn(arg, &c->set->rules.v[c->candidates.v[i]]->pub);
	return kept;
}

void sigma_judge(struct sigma_ctx *c, sigma_hit_fn *fn, void *arg)
{
	judge(c, fn, arg);
}

bool sigma_knows_dull(struct sigma_ctx *c, const struct event *e)
{
	struct quiet_key key UNINIT;
	return e->pairs && quiet_knows(c, e, &key);
}

static void ignore_hit(void *arg, const struct sigma_rule *r)
{
	(void)arg;
	(void)r;
}

/* The event at hand; no rule holds for it, and no search was given up: kept where its texts allow that. */
static bool is_dull(struct sigma_ctx *c, const struct quiet_key *key, sigma_hit_fn *fn, void *arg)
{
	uint64_t given_up = regex_given_up(c->match_data);
	if (judge(c, fn, arg) || regex_given_up(c->match_data) != given_up)
		return false;
	if (key && !c->texts_told)
		quiet_keep(c, key, c->texts_asked);
	return true;
}

bool sigma_judge_dull(struct sigma_ctx *c, const struct event *e)
{
	struct quiet_key key UNINIT;
	enum quiet_answer answer = quiet_look(c, e, &key);
	if (answer == QUIET_NEW)
		return sigma_event(c, e) && is_dull(c, &key, ignore_hit, NULL);
	return answer == QUIET_KNOWN; /* others are judged once, later: they would not be known the next time */
}

bool sigma_judge_event(struct sigma_ctx *c, const struct event *e, sigma_hit_fn *fn, void *arg)
{
	struct quiet_key key UNINIT;
	enum quiet_answer answer = quiet_look(c, e, &key);
	if (answer == QUIET_KNOWN)
		return true;
	if (!sigma_event(c, e))
		return false;
	is_dull(c, answer == QUIET_NEW ? &key : NULL, fn, arg);
	return true;
}

uint64_t sigma_looks(const struct sigma_ctx *c, const struct sigma_rule *r)
{
	return c->looks[r->number];
}

size_t sigma_why(struct sigma_ctx *c, const struct sigma_rule *r, struct sigma_match *out, size_t max)
{
	c->why = out;
	c->nwhy = 0;
	c->maxwhy = max;
	c->why_selection = SL("");
	bool holds = sigma_matches(c, r);
	c->maxwhy = 0;
	return holds ? c->nwhy : 0;
}
