/* decode.c - the tables, the walk over a block's lines, and what every format and program uses to emit. */
#include "decode/decode_private.h"

#include <stdlib.h>

static const struct format *const formats[] = {
#define FORMAT(name) &name,
#include "decode/formats.def"
#undef FORMAT
};
static const struct program *const programs[] = {
#define PROGRAM(name) &name,
#include "decode/programs.def"
#undef PROGRAM
};
_Static_assert(ARRAY_LEN(formats) <= 32, "decode_stats.formats has a bit per format");

struct cprogram {
	const struct program *def;
	struct rowset *rows;
	struct slice dataset;
};

enum { PLACES = 256 }; /* of programs by their definition's address */
_Static_assert(ARRAY_LEN(programs) < PLACES / 2, "the table of definitions needs room");
struct decode_tables {
	struct decode_options opt;
	struct cprogram prog[ARRAY_LEN(programs)];
	const struct cprogram *by_def[PLACES];
};

static unsigned place_of(const struct program *p)
{
	return (unsigned)((uintptr_t)p / sizeof *p) % PLACES;
}

const char *decoded_name(enum decoded d)
{
	static const char *const names[DECODED_KINDS] = {
#define X(id, text) [id] = text,
		DECODED_LIST(X)
#undef X
	};
	return (unsigned)d < DECODED_KINDS ? names[d] : "?";
}

const char *decode_format_name(unsigned i)
{
	return i < ARRAY_LEN(formats) ? formats[i]->name : NULL;
}

/* ---- tables -------------------------------------------------------------------------------------------------- */

struct decode_tables *decode_tables_new(const struct decode_options *opt, struct err *e)
{
	struct decode_tables *t = xcalloc(1, sizeof *t);
	t->opt = *opt;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		struct cprogram *c = &t->prog[i];
		c->def = programs[i];
		c->dataset = slice_of(c->def->dataset);
		unsigned at = place_of(c->def);
		while (t->by_def[at])
			at = (at + 1) % PLACES;
		t->by_def[at] = c;
		if (c->def->rows && !(c->rows = rowset_new(c->def->rows, c->def->dataset, e))) {
			decode_tables_free(t);
			return NULL;
		}
	}
	return t;
}

void decode_tables_free(struct decode_tables *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		rowset_free(t->prog[i].rows);
	free(t);
}

struct decoder *decoder_new(const struct decode_tables *t)
{
	struct decoder *d = xcalloc(1, sizeof *d);
	d->t = t;
	d->opt = &t->opt;
	d->zone_hour = NSTIME_NONE;
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	buf_free(&d->tmp);
	free(d->messages);
	decode_json_free(d);
	decode_audit_free(d);
	free(d);
}

/* ---- statistics ---------------------------------------------------------------------------------------------- */

void decode_stats_init(struct decode_stats *s)
{
	*s = (struct decode_stats){.first = NSTIME_NONE, .last = NSTIME_NONE};
}

static void stats_time(struct decode_stats *s, nstime first, nstime last)
{
	if (first != NSTIME_NONE && (s->first == NSTIME_NONE || first < s->first))
		s->first = first;
	if (last != NSTIME_NONE && (s->last == NSTIME_NONE || last > s->last))
		s->last = last;
}

void decode_stats_add(struct decode_stats *to, const struct decode_stats *from)
{
	to->lines += from->lines;
	for (int i = 0; i < DECODED_KINDS; i++)
		to->by_kind[i] += from->by_kind[i];
	to->invalid_utf8 += from->invalid_utf8;
	to->nul_bytes += from->nul_bytes;
	to->no_time += from->no_time;
	to->year_inferred += from->year_inferred;
	to->logins += from->logins;
	to->formats |= from->formats;
	stats_time(to, from->first, from->last);
	for (uint32_t i = 0; i < from->nexamples && to->nexamples < DECODE_EXAMPLES; i++)
		to->example[to->nexamples++] = from->example[i];
}

static void stats_example(struct decode_stats *s, const struct dline *l)
{
	if (s->nexamples == DECODE_EXAMPLES)
		return;
	s->example[s->nexamples].offset = l->offset;
	s->example[s->nexamples].n = (uint32_t)MIN(l->raw.n, sizeof s->example[0].text);
	memcpy(s->example[s->nexamples].text, l->raw.p, s->example[s->nexamples].n);
	s->nexamples++;
}

/* ---- programs ------------------------------------------------------------------------------------------------ */

static bool name_fits(const char *names, struct slice name)
{
	struct slice rest = slice_of(names), word;
	while (slice_word(&rest, &word)) {
		bool prefix = word.p[word.n - 1] == '*';
		if (prefix ? slice_istarts(name, slice_to(word, word.n - 1)) : slice_ieq(name, word))
			return true;
	}
	return false;
}

static const struct cprogram *program_find(const struct decode_tables *t, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (name_fits(t->prog[i].def->names, name))
			return &t->prog[i];
	return NULL;
}

/* The table of a program name, through a small memo: a log has few programs. */
static const struct cprogram *program_of(struct decoder *d, struct slice name)
{
	if (!name.n)
		return NULL;
	if (name.n > sizeof d->memo[0].text)
		return program_find(d->t, name);
	struct program_memo *m = &d->memo[program_place(name)];
	if (m->n != name.n || memcmp(m->text, name.p, name.n) != 0) {
		m->n = (unsigned)name.n;
		memcpy(m->text, name.p, name.n);
		m->is_tag = syslog_is_tag(name);
		m->prog = program_find(d->t, name);
	}
	return m->prog;
}

const struct rowset *decode_rowset_of(const struct decoder *d, const struct program *p)
{
	unsigned at = place_of(p);
	while (d->t->by_def[at] && d->t->by_def[at]->def != p)
		at = (at + 1) % PLACES;
	return d->t->by_def[at] ? d->t->by_def[at]->rows : NULL;
}

/* ---- emitting ------------------------------------------------------------------------------------------------ */

static bool is_login(enum action a)
{
	return a == ACT_LOGIN || a == ACT_LOGIN_FAILED || a == ACT_SESSION_OPENED || a == ACT_AUTH_FAILURE || a == ACT_INVALID_USER;
}

bool decode_wanted(struct decoder *d, const struct dline *l, enum action a)
{
	(void)l;
	if (is_login(a))
		d->stats->logins++;
	return d->marked || interest_has(&d->opt->want, a);
}

bool decode_wanted_from(struct decoder *d, const struct dline *l, enum action a, struct slice dataset)
{
	if (!decode_wanted(d, l, a))
		return false;
	const char *from = d->opt->want.from[a];
	if (!from || d->marked)
		return true;
	struct from_memo *m = &d->from[a % ARRAY_LEN(d->from)];
	if (m->from == from && m->n == dataset.n && bytes_eq(m->dataset, dataset.p, dataset.n))
		return m->wanted;
	bool wanted = interest_from(&d->opt->want, a, dataset);
	if (dataset.n && dataset.n <= sizeof m->dataset) {
		*m = (struct from_memo){.from = from, .n = (uint8_t)dataset.n, .wanted = wanted};
		memcpy(m->dataset, dataset.p, dataset.n);
	}
	return wanted;
}

struct event *decode_emit(struct decoder *d, const struct dline *l, struct slice dataset, enum action a, enum outcome o)
{
	struct event *e = batch_add(d->out);
	e->time = l->time;
	e->action = (uint16_t)a;
	e->outcome = (uint8_t)o;
	e->flags = (uint8_t)(l->flags | (d->marked ? EV_MARKED : 0));
	e->source = d->in->source;
	e->dataset = dataset;
	e->host = d->in->host_wins || !l->host.n ? d->in->host : l->host;
	e->at = (struct rawref){l->offset, l->raw};
	struct value *v = event_room(d->out, e, 2);
	if (l->program.n)
		v[e->nvalues++] = (struct value){.field = F_PROCESS_NAME, .type = FT_STR, .len = (uint32_t)MIN(l->program.n, UINT32_MAX), .p = l->program.p};
	if (l->pid.n) {
		v += e->nvalues++;
		*v = (struct value){.field = F_PROCESS_PID, .type = FT_INT, .len = (uint32_t)MIN(l->pid.n, UINT32_MAX), .p = l->pid.p};
		v->parsed = l->pid.p == l->pid_at || slice_i64(l->pid, &v->n);
		if (l->pid.p == l->pid_at)
			v->n = l->pid_number;
	}
	if (l->repeat)
		event_add_int(d->out, e, F_REPEAT, l->repeat);
	return e;
}

/* The address that a text told in this block before; NULL: none remembered. */
static struct ip_memo *ip_place(struct decoder *d, struct slice text, bool *known)
{
	uint64_t first, last;
	if (text.n < sizeof first || text.n > 2 * sizeof first)
		return NULL;
	memcpy(&first, text.p, sizeof first);
	memcpy(&last, text.p + text.n - sizeof last, sizeof last);
	struct ip_memo *m = &d->ips[(first ^ last) * 0x9e3779b97f4a7c15u >> 59];
	*known = m->block == d->blocks && m->first == first && m->last == last && m->n == text.n;
	if (!*known)
		*m = (struct ip_memo){.first = first, .last = last, .n = text.n};
	return m;
}

static void add_address(struct decoder *d, struct event *e, enum field_id f, struct slice text)
{
	bool known = false;
	struct ip_memo *m = ip_place(d, text, &known);
	if (known) {
		*event_room(d->out, e, 1) = (struct value){.field = (uint16_t)f, .type = FT_ADDR, .parsed = true, .len = (uint32_t)text.n, .p = text.p, .ip = m->ip};
		e->nvalues++;
		return;
	}
	event_add(d->out, e, f, text);
	const struct value *v = &e->values[e->nvalues - 1];
	if (m && v->field == f && v->parsed && v->len == text.n) {
		m->ip = v->ip;
		m->block = d->blocks;
	}
}

void decode_captures(struct decoder *d, struct event *e)
{
	_Static_assert(CAPTURES_MAX + 8 < LIMIT_VALUES, "a fresh event has room for all captures");
	event_room(d->out, e, d->ncap);
	for (unsigned i = 0; i < d->ncap; i++) {
		const struct capture *c = &d->cap[i];
		const enum field_type type = field_table[c->field].type;
		if (type == FT_STR || (type == FT_INT && c->is_number))
			e->values[e->nvalues++] = (struct value){.field = c->field, .type = (uint8_t)type, .parsed = type == FT_INT,
				.len = (uint32_t)MIN(c->text.n, UINT32_MAX), .p = c->text.p, .n = type == FT_INT ? c->n : 0};
		else if (type == FT_ADDR)
			add_address(d, e, (enum field_id)c->field, c->text);
		else
			event_add(d->out, e, (enum field_id)c->field, c->text);
	}
}

enum decoded decode_rows(struct decoder *d, struct dline *l, const struct rowset *r, struct slice dataset, struct event **ev)
{
	const struct crow *c = rowset_match(d, r, l->msg);
	if (ev)
		*ev = NULL;
	if (!c)
		return DECODED_UNKNOWN;
	if (!decode_wanted_from(d, l, crow_action(c), dataset))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, dataset, crow_action(c), crow_outcome(c));
	decode_captures(d, e);
	if (ev)
		*ev = e;
	return DECODED_EVENT;
}

static enum decoded message_of(struct decoder *d, struct dline *l, const struct cprogram *p)
{
	enum decoded r;
	if (p->rows && !p->def->rows_of_fn) {
		struct event *ev;
		r = decode_rows(d, l, p->rows, p->dataset, &ev);
		if (ev && p->def->finish)
			p->def->finish(d, l, ev);
		if (r != DECODED_UNKNOWN)
			return r;
	}
	return p->def->fn ? p->def->fn(d, l) : DECODED_UNKNOWN;
}

/* What decode_again() calls: by way of the name, which stands in the memo. */
static enum decoded named_message(struct decoder *d, struct dline *l)
{
	return message_of(d, l, program_of(d, l->program));
}

enum decoded decode_message_of(struct decoder *d, struct dline *l, const struct cprogram *p)
{
	if (pam_message(l)) /* any program may speak through PAM */
		return decode_again(d, l, decode_pam);
	if (audit_message(l))
		return decode_audit(d, l);
	if (!p)
		return DECODED_OTHER;
	return p->def->repeats ? decode_again(d, l, named_message) : message_of(d, l, p);
}

enum decoded decode_message(struct decoder *d, struct dline *l)
{
	return decode_message_of(d, l, program_of(d, l->program));
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

/* Lines that nobody understood are still events for `postern decode`. */
static void emit_unknown(struct decoder *d, const struct dline *l, enum decoded r)
{
	if (!(d->opt->everything || d->marked) || (r != DECODED_OTHER && r != DECODED_UNKNOWN && r != DECODED_NO_FORMAT))
		return;
	struct event *e = decode_emit(d, l, l->program, ACT_NONE, OUTCOME_NONE);
	if (l->msg.n)
		event_add(d->out, e, F_MESSAGE, l->msg);
}

static void count_line(struct decoder *d, const struct dline *l, enum decoded r)
{
	struct decode_stats *s = d->stats;
	s->by_kind[r]++;
	if (r == DECODED_BLANK)
		return;
	if (r == DECODED_UNKNOWN || r == DECODED_NO_FORMAT)
		stats_example(s, l);
	if (r == DECODED_NO_FORMAT)
		return;
	if (l->time == NSTIME_NONE) {
		s->no_time++;
		return;
	}
	d->last_time = l->time;
	if (l->flags & EV_YEAR_INFERRED)
		s->year_inferred++;
	stats_time(s, l->time, l->time);
}

void decode_count(struct decoder *d, const struct dline *l, enum decoded r)
{
	d->stats->lines++;
	count_line(d, l, r);
}

static enum decoded try_format(struct decoder *d, int f, const struct dline *fresh, struct dline *l)
{
	if (!formats[f]->maybe(fresh->raw))
		return DECODED_NO_FORMAT;
	*l = *fresh;
	return formats[f]->line(d, l);
}

static enum decoded decode_line(struct decoder *d, const struct dline *fresh, struct dline *l, int *format)
{
	enum decoded r = *format >= 0 ? try_format(d, *format, fresh, l) : DECODED_NO_FORMAT;
	for (int f = 0; r == DECODED_NO_FORMAT && f < (int)ARRAY_LEN(formats); f++) {
		if (f == *format)
			continue;
		r = try_format(d, f, fresh, l);
		if (r != DECODED_NO_FORMAT)
			*format = f;
	}
	if (r == DECODED_NO_FORMAT)
		*l = *fresh;
	else if (*format >= 0)
		d->stats->formats |= 1u << *format;
	return r;
}

enum decoded decode_nested(struct decoder *d, struct dline *outer, struct slice text)
{
	size_t before = d->out->n;
	int format = d->nested_format - 1;
	struct dline fresh = {.raw = text, .offset = outer->offset, .time = NSTIME_NONE}, l;
	if (d->nested || !text.n)
		return DECODED_NO_FORMAT;
	d->nested = true;
	enum decoded r = decode_line(d, &fresh, &l, &format);
	d->nested = false;
	d->nested_format = format + 1;
	for (size_t i = before; i < d->out->n; i++) {
		struct event *e = &d->out->v[i];
		e->at.raw = outer->raw;
		if (e->time == NSTIME_NONE || e->flags & EV_NO_TIME) {
			e->time = outer->time;
			e->flags = outer->flags;
		}
		if (outer->host.n && !d->in->host_wins && !l.host.n)
			e->host = outer->host;
	}
	if (outer->time == NSTIME_NONE)
		outer->time = l.time;
	return r;
}

static bool is_blank(struct slice s)
{
	if (s.n && (uint8_t)s.p[0] > '#')
		return false;
	return s.n == 0 || s.p[0] == '#' || slice_trim(s).n == 0;
}

/* What a block's lines are marked with. */
struct marking {
	const uint32_t *v;
	size_t n, at;
	size_t next; /* mark, SIZE_MAX: none */
	bool looked;
};

static void next_mark(struct marking *k)
{
	k->next = k->at < k->n ? k->v[k->at] : SIZE_MAX;
}

/* Whoever finds the marks is asked when the first line comes that is not surely JSON. */
static void look_for_marks(struct decoder *d, struct marking *k, size_t from)
{
	d->in->look(d->in->look_arg, d->in->data, &k->v, &k->n);
	k->looked = true;
	while (k->at < k->n && k->v[k->at] < from)
		k->at++;
	next_mark(k);
}

static void mark_line(struct decoder *d, struct marking *k, size_t end)
{
	d->marked = k->next < end;
	d->plain = k->looked && !d->marked;
	if (likely(k->next > end))
		return;
	while (k->at < k->n && k->v[k->at] <= end)
		k->at++;
	next_mark(k);
}

static inline bool surely_json(struct slice raw, int format)
{
	return raw.n > 4 && raw.p[0] == '{' && format >= 0 && formats[format] == &format_json;
}

static int format_place(const struct format *f)
{
	int i = 0;
	while (formats[i] != f)
		i++;
	return i;
}

int decode_block(struct decoder *d, const struct decode_in *in, struct batch *out, struct decode_stats *stats)
{
	d->in = in;
	d->out = out;
	d->stats = stats;
	d->blocks++;
	d->last_time = NSTIME_NONE;
	d->stamp_n = 0; /* the year of a memoised stamp belongs to the last file */
	int format = in->format;
	if (in->records) {
		decode_utmp(d);
		return format;
	}
	const char *p = in->data.p, *end = p + in->data.n;
	const int syslog = format_place(&format_syslog_iso);
	struct marking marks = {.v = in->marks, .n = in->nmarks};
	next_mark(&marks);
	if (in->data.n && memchr(p, 0, in->data.n))
		stats->nul_bytes++;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p), from = (size_t)(p - in->data.p);
		uint64_t at = in->turned ? in->data.n - from - n - 1 : from;
		struct slice raw = {p, n - (n && p[n - 1] == '\r')};
		struct dline l UNINIT;
		enum decoded r = DECODED_NO_FORMAT;
		if (unlikely(in->look && !marks.looked && !surely_json((struct slice){p, n}, format)))
			look_for_marks(d, &marks, from);
		mark_line(d, &marks, from + n);
		if (format == syslog) {
			l = (struct dline){.raw = raw, .offset = in->offset + at, .time = NSTIME_NONE};
			r = syslog_again(d, &l);
			stats->formats |= r == DECODED_NO_FORMAT ? 0 : 1u << format;
		}
		if (r == DECODED_NO_FORMAT) {
			const struct dline fresh = {.raw = raw, .offset = in->offset + at, .time = NSTIME_NONE};
			r = is_blank(raw) ? (l = fresh, DECODED_BLANK) : decode_line(d, &fresh, &l, &format);
		}
		stats->lines++;
		count_line(d, &l, r);
		emit_unknown(d, &l, r);
		if (unlikely(r != DECODED_BLANK && r != DECODED_UNWANTED && r != DECODED_EVENT) && !slice_utf8(raw))
			stats->invalid_utf8++;
		p = nl ? nl + 1 : end;
	}
	d->marked = d->plain = false;
	decode_audit_end(d);
	return format;
}
