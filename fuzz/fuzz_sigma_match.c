/* fuzz_sigma_match.c - random rules on random events: the engine with its indexes, without them, and the plain reference of test/sigma agree. */
#include "../test/sigma/reference.h"
#include "sigma/sigma.h"

struct bytes {
	const uint8_t *p;
	size_t n;
};

static unsigned take(struct bytes *b, unsigned below)
{
	if (!b->n)
		return 0;
	b->n--;
	return *b->p++ % below;
}

/* ---- making -------------------------------------------------------------------------------------------------- */

static void make_text(struct bytes *b, char out[REF_TEXT], bool rule)
{
	static const char *const pieces[] = {"a", "b", "A", "cmd", "B", "-", "/", "\\", " ", ".exe", "1", "7", "k", "\xc3\xa9", "\xc3\x89", "x", "*", "?", "\\*", "\\?", "\\\\"};
	size_t n = 0;
	for (unsigned k = take(b, 5); k-- > 0;) {
		const char *piece = pieces[take(b, rule ? ARRAY_LEN(pieces) : 16)];
		if (n + strlen(piece) + 1 > REF_TEXT)
			break;
		memcpy(out + n, piece, strlen(piece));
		n += strlen(piece);
	}
	out[n] = 0;
}

static void make_value(struct bytes *b, struct ref_value *v, bool rule)
{
	static const enum ref_type types[] = {REF_STRING, REF_STRING, REF_STRING, REF_STRING, REF_STRING, REF_NUMBER, REF_BOOL, REF_NULL};
	*v = (struct ref_value){.type = types[take(b, ARRAY_LEN(types))]};
	v->number = (int)take(b, 20) - 4;
	v->yes = take(b, 2);
	if (v->type == REF_STRING)
		make_text(b, v->text, rule);
}

static void make_item(struct bytes *b, struct ref_item *it)
{
	static const unsigned chains[] = {0, 0, REF_CONTAINS, REF_CONTAINS, REF_STARTS, REF_ENDS, REF_CASED, REF_CONTAINS | REF_CASED, REF_EXISTS, REF_LT, REF_GTE,
		REF_WINDASH | REF_CONTAINS, REF_WINDASH, REF_FIELDREF, REF_ENDS | REF_CASED};
	it->field = (int)take(b, REF_FIELDS + 1) - 1;
	it->mods = chains[take(b, it->field < 0 ? 2 : ARRAY_LEN(chains))];
	it->n = it->mods & REF_EXISTS ? 1 : 1 + (int)take(b, REF_VALUES);
	if (!(it->mods & REF_EXISTS))
		it->mods |= (take(b, 4) == 0 ? REF_ALL : 0) | (take(b, 6) == 0 ? REF_NEQ : 0);
	for (int i = 0; i < it->n; i++) {
		struct ref_value *v = &it->v[i];
		make_value(b, v, true);
		if (it->mods & REF_EXISTS)
			v->type = REF_BOOL;
		else if (it->mods & (REF_LT | REF_GTE))
			v->type = REF_NUMBER;
		else if (it->mods & REF_FIELDREF)
			*v = (struct ref_value){.type = REF_STRING, .number = (int)take(b, REF_FIELDS)};
		else if (it->field < 0 || it->mods & (REF_WINDASH | REF_CONTAINS | REF_STARTS | REF_ENDS | REF_CASED))
			v->type = REF_STRING;
	}
}

static size_t make_cond(struct bytes *b, const struct ref_rule *r, char *out, size_t room, unsigned depth)
{
	unsigned what = depth > 3 || room < 6 ? 9 : take(b, 8);
	size_t n = 0;
	if (what < 2 || what == 2) {
		out[n++] = what == 0 ? '&' : what == 1 ? '|' : '!';
		n += make_cond(b, r, out + n, room - n - (what < 2), depth + 1);
		if (what < 2)
			n += make_cond(b, r, out + n, room - n, depth + 1);
		return n;
	}
	out[0] = what == 3 ? '*' : what == 4 ? 'o' : (char)('0' + take(b, (unsigned)r->n));
	return 1;
}

static void make_rule(struct bytes *b, struct ref_rule *r)
{
	*r = (struct ref_rule){.n = 1 + (int)take(b, REF_SELECTIONS)};
	for (int i = 0; i < r->n; i++) {
		r->sel[i].n = 1 + (int)take(b, REF_ITEMS);
		r->sel[i].any = true; /* a list of maps can hold a field twice */
		for (int k = 0; k < r->sel[i].n; k++)
			make_item(b, &r->sel[i].item[k]);
	}
	r->cond[make_cond(b, r, r->cond, 12, 0)] = 0;
}

static void make_event(struct bytes *b, struct ref_event *e)
{
	for (int i = 0; i < REF_FIELDS; i++) {
		e->f[i] = (struct ref_field){.there = take(b, 5) > 0, .n = take(b, 4) == 0 ? 2 + (int)take(b, 2) : 1};
		for (int k = 0; k < e->f[i].n; k++)
			make_value(b, &e->f[i].v[k], false);
	}
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void write_value(struct buf *out, const struct ref_item *it, const struct ref_value *v)
{
	if (it->mods & REF_FIELDREF)
		buf_addf(out, "f%d", v->number);
	else if (v->type == REF_STRING)
		buf_addf(out, "'%s'", v->text); /* no quote among the pieces */
	else if (v->type == REF_NUMBER)
		buf_addf(out, "%d", v->number);
	else
		buf_addz(out, v->type == REF_NULL ? "null" : v->yes ? "true" : "false");
}

static void write_item(struct buf *out, const struct ref_item *it)
{
	static const struct { unsigned bit; const char *name; } mods[] = {
		{REF_WINDASH, "windash"}, {REF_FIELDREF, "fieldref"}, {REF_CONTAINS, "contains"}, {REF_STARTS, "startswith"}, {REF_ENDS, "endswith"}, {REF_CASED, "cased"},
		{REF_EXISTS, "exists"}, {REF_LT, "lt"}, {REF_GTE, "gte"}, {REF_ALL, "all"}, {REF_NEQ, "neq"},
	};
	buf_addz(out, "      - '");
	if (it->field >= 0)
		buf_addf(out, "f%d", it->field);
	for (size_t i = 0; i < ARRAY_LEN(mods); i++)
		if (it->mods & mods[i].bit)
			buf_addf(out, "|%s", mods[i].name);
	buf_addz(out, "': [");
	for (int i = 0; i < it->n; i++) {
		if (i)
			buf_addz(out, ", ");
		write_value(out, it, &it->v[i]);
	}
	buf_addz(out, "]\n");
}

static const char *write_cond(struct buf *out, const char *c)
{
	switch (*c) {
	case '!':
		buf_addz(out, "not (");
		c = write_cond(out, c + 1);
		buf_addc(out, ')');
		return c;
	case '&':
	case '|': {
		const char *op = *c == '&' ? " and " : " or ";
		buf_addc(out, '(');
		c = write_cond(out, c + 1);
		buf_addz(out, op);
		c = write_cond(out, c);
		buf_addc(out, ')');
		return c;
	}
	case '*': buf_addz(out, "all of them"); break;
	case 'o': buf_addz(out, "1 of s*"); break;
	default: buf_addf(out, "s%c", *c); break;
	}
	return c + 1;
}

static void write_rule(struct buf *out, const struct ref_rule *r)
{
	buf_addz(out, "title: t\nlogsource:\n  product: test\ndetection:\n");
	for (int i = 0; i < r->n; i++) {
		buf_addf(out, "  s%d:\n", i);
		for (int k = 0; k < r->sel[i].n; k++)
			write_item(out, &r->sel[i].item[k]);
	}
	buf_addz(out, "  condition: ");
	write_cond(out, r->cond);
	buf_addc(out, '\n');
}

static void write_member(struct buf *out, const struct ref_value *v)
{
	if (v->type == REF_STRING)
		buf_json(out, slice_of(v->text));
	else if (v->type == REF_NUMBER)
		buf_addf(out, "%d", v->number);
	else
		buf_addz(out, v->type == REF_NULL ? "null" : v->yes ? "true" : "false");
}

static void write_event(struct buf *out, const struct ref_event *e)
{
	buf_addc(out, '{');
	for (int i = 0; i < REF_FIELDS; i++) {
		if (!e->f[i].there)
			continue;
		buf_addf(out, "%s\"f%d\":%s", out->n > 1 ? "," : "", i, e->f[i].n > 1 ? "[" : "");
		for (int k = 0; k < e->f[i].n; k++) {
			if (k)
				buf_addc(out, ',');
			write_member(out, &e->f[i].v[k]);
		}
		buf_addz(out, e->f[i].n > 1 ? "]" : "");
	}
	buf_addc(out, '}');
}

/* ---- judging ------------------------------------------------------------------------------------------------- */

static void on_hit(void *arg, const struct sigma_rule *r)
{
	(void)r;
	*(bool *)arg = true;
}

struct engine {
	struct sigma_set *set;
	struct sigma_ctx *ctx;
};

static struct engine engine_new(struct slice rule, bool no_prefilter)
{
	struct sigma_options opt = {.no_prefilter = no_prefilter};
	struct engine x = {.set = sigma_new(&opt)};
	struct err e;
	char text[900];
	sigma_add_text(x.set, rule, "rule");
	if (sigma_seal(x.set, &e) || !sigma_count(x.set)) {
		fprintf(stderr, "refused: %s\n%.*s\n", sigma_problem_count(x.set) ? err_format(&sigma_problem_get(x.set, 0)->err, text, sizeof text) : "", SLFMT(rule));
		abort();
	}
	x.ctx = sigma_ctx_new(x.set);
	return x;
}

static bool engine_judge(const struct engine *x, struct slice event)
{
	static const struct sigma_logsource any;
	bool hit = false;
	if (sigma_event_json(x->ctx, event, &any))
		abort();
	sigma_judge(x->ctx, on_hit, &hit);
	return hit;
}

static void engine_free(struct engine *x)
{
	sigma_ctx_free(x->ctx);
	sigma_free(x->set);
}

enum { EVENTS = 8, AGAIN = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	struct ref_rule r;
	struct ref_event e;
	struct buf rule = {0}, event = {0};
	make_rule(&b, &r);
	write_rule(&rule, &r);
	struct engine fast = engine_new(buf_slice(&rule), false), plain = engine_new(buf_slice(&rule), true);
	for (int i = 0; i < EVENTS; i++) {
		make_event(&b, &e);
		event.n = 0;
		write_event(&event, &e);
		bool want = ref_matches(&r, &e), with = engine_judge(&fast, buf_slice(&event)), without = engine_judge(&plain, buf_slice(&event));
		for (int k = 0; k < AGAIN && with == want; k++) /* values that come again are remembered */
			with = engine_judge(&fast, buf_slice(&event));
		if (with != want || without != want) {
			fprintf(stderr, "reference %d, engine %d, without prefilter %d\n%.*s\n%.*s\n", want, with, without, SLFMT(buf_slice(&rule)), SLFMT(buf_slice(&event)));
			abort();
		}
	}
	engine_free(&fast);
	engine_free(&plain);
	buf_free(&rule);
	buf_free(&event);
	return 0;
}
