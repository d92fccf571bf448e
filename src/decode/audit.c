/* audit.c - records of the Linux audit system: finding them, reading their keys, collecting those of one happening.
 * Forms: auditd's file (raw, ENRICHED, with node=), the same inside syslog (audispd, audisp-syslog, kernel), text of
 * ausearch with and without -i. What groups mean: audit_event.c. Across blocks: join.c. */
#include "decode/audit_private.h"

#include <stdlib.h>

enum { WINDOW_SERIALS = 64, EARLY_GROUPS = 16 };
#define WINDOW_TIME (2 * NS_SEC)

const struct slice audit_dataset = {"auditd", 6}, audit_part = {"auditd.part", 11}, audit_part_maybe = {"auditd.part.maybe", 17};

/* ---- state: names to numbers --------------------------------------------------------------------------------- */

static const struct slice key_names[AK_COUNT] = {
#define X(id, text) [AK_##id] = {text, sizeof text - 1},
	AUDIT_KEYS(X)
#undef X
};

static unsigned name_hash(struct slice s)
{
	unsigned h = (unsigned)s.n;
	for (size_t i = 0; i < s.n; i++)
		h = h * 31 + (uint8_t)s.p[i];
	return h ^ h >> 10;
}

static void state_index(struct audit_state *st)
{
	for (unsigned i = 0; i < AK_COUNT; i++) {
		unsigned at = name_hash(key_names[i]);
		while (st->key_at[at & 255])
			at++;
		st->key_at[at & 255] = (uint8_t)(i + 1);
	}
	for (unsigned i = 0; i < audit_ntypes; i++) {
		unsigned at = name_hash(slice_of(audit_types[i].name));
		while (st->type_at[at % AUDIT_HASH])
			at++;
		st->type_at[at % AUDIT_HASH] = (uint16_t)(i + 1);
	}
	for (unsigned i = 0; audit_calls[i].name; i++) {
		unsigned at = name_hash(slice_of(audit_calls[i].name));
		while (st->call_at[at & 255])
			at++;
		st->call_at[at & 255] = (uint8_t)(i + 1);
	}
}

/* Which calls lead to an event that somebody wants? */
static void state_wants(struct audit_state *st, const struct interest *want)
{
	static const struct {
		uint8_t kind;
		uint16_t action;
	} leads[] = {
		{KIND_EXEC, ACT_EXEC}, {KIND_CONNECT, ACT_CONNECT_OUT}, {KIND_OPEN, ACT_FILE_CREATED}, {KIND_OPEN, ACT_FILE_WRITTEN},
		{KIND_OPEN, ACT_FILE_READ}, {KIND_CREATE, ACT_FILE_CREATED}, {KIND_CREATE, ACT_FILE_WRITTEN}, {KIND_RENAME, ACT_FILE_RENAMED},
		{KIND_DELETE, ACT_FILE_DELETED}, {KIND_WRITE, ACT_FILE_WRITTEN}, {KIND_ATTR, ACT_FILE_ATTR}, {KIND_MODULE, ACT_MODULE_LOADED},
		{KIND_TIME, ACT_TIME_CHANGED}, {KIND_EXIT, ACT_EXIT},
	};
	st->records = interest_has(want, ACT_AUDIT_RECORD);
	for (size_t i = 0; i < ARRAY_LEN(leads); i++)
		if (interest_has(want, leads[i].action))
			st->kind_wanted[leads[i].kind] = true;
	st->kind_wanted[KIND_OPENAT] = st->kind_wanted[KIND_OPENAT2] = st->kind_wanted[KIND_OPEN];
	for (unsigned k = 0; st->records && k < KIND_COUNT; k++)
		st->kind_wanted[k] = true;
}

struct audit_state *audit_state(struct decoder *d)
{
	struct audit_state *st = d->audit;
	if (likely(st != NULL))
		return st;
	d->audit = st = xcalloc(1, sizeof *st);
	state_index(st);
	state_wants(st, &d->opt->want);
	for (unsigned i = 0; i < AUDIT_OPEN; i++)
		st->spare[st->nspare++] = &st->pool[i];
	return st;
}

void decode_audit_free(struct decoder *d)
{
	struct audit_state *st = d->audit;
	if (!st)
		return;
	for (unsigned i = 0; i < AUDIT_OPEN; i++)
		free(st->pool[i].v);
	audit_shapes_free(st->shapes);
	buf_free(&st->line);
	free(st);
}

const struct audit_type *audit_type_find(struct decoder *d, struct slice name)
{
	const struct audit_state *st = audit_state(d);
	for (unsigned at = name_hash(name); st->type_at[at % AUDIT_HASH]; at++) {
		const struct audit_type *t = &audit_types[st->type_at[at % AUDIT_HASH] - 1];
		if (slice_eqz(name, t->name))
			return t;
	}
	uint64_t number; /* "1400" of the kernel's own form, "UNKNOWN[1334]" of an old auditd */
	if (slice_starts(name, SL("UNKNOWN[")) && slice_ends(name, SL("]")))
		name = slice_make(name.p + 8, name.n - 9);
	if (!slice_u64(name, UINT16_MAX, &number))
		return NULL;
	for (size_t i = 0; i < audit_ntypes; i++)
		if (audit_types[i].number == number)
			return &audit_types[i];
	return NULL;
}

enum audit_kind audit_kind(struct decoder *d, struct slice call)
{
	const struct audit_state *st = audit_state(d);
	for (unsigned at = name_hash(call); st->call_at[at & 255]; at++) {
		const struct audit_call *c = &audit_calls[st->call_at[at & 255] - 1];
		if (slice_eqz(call, c->name))
			return (enum audit_kind)c->kind;
	}
	return KIND_OTHER;
}

/* The same, for types that come again and again. */
static const struct audit_type *type_of(struct decoder *d, struct audit_state *st, struct slice name)
{
	const struct audit_type **m = &st->types[((uint8_t)name.p[0] + (uint8_t)name.p[name.n - 1] * 5u + (uint8_t)name.p[name.n / 2] * 3u + (unsigned)name.n) % ARRAY_LEN(st->types)];
	if (*m && slice_eqz(name, (*m)->name))
		return *m;
	const struct audit_type *t = audit_type_find(d, name);
	if (t)
		*m = t;
	return t;
}

/* ---- reading a record ---------------------------------------------------------------------------------------- */

static inline bool take_number(struct slice *s, uint64_t *out)
{
	uint64_t n = 0;
	size_t i = 0;
	for (; i < s->n && i < 18 && s->p[i] >= '0' && s->p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(s->p[i] - '0');
	*s = slice_from(*s, i);
	*out = n;
	return i > 0;
}

static bool take_char(struct slice *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* "11/23/2026 16:30:54.123" or "11/23/26 ..." (ausearch -i), month first as the C and en_US locales have it; a number
 * above 12 in front says that the day came first. */
static bool take_date(struct decoder *d, struct slice *s, uint64_t month, struct audit_head *h)
{
	uint64_t day, year, hour, minute, second, ms;
	bool ok = take_char(s, '/') && take_number(s, &day) && take_char(s, '/') && take_number(s, &year) && take_char(s, ' ') &&
		  take_number(s, &hour) && take_char(s, ':') && take_number(s, &minute) && take_char(s, ':') &&
		  take_number(s, &second) && take_char(s, '.') && take_number(s, &ms);
	if (ok && month > 12) {
		uint64_t t = month;
		month = day;
		day = t;
	}
	if (!ok || month < 1 || month > 12 || day < 1 || day > 31 || year > 9999 || hour > 23 || minute > 59 || second > 60 || ms > 999)
		return false;
	struct dline l = {.time = NSTIME_NONE};
	int64_t local = civil_seconds((int)(year < 100 ? year + 2000 : year), (unsigned)month, (unsigned)day, (unsigned)hour,
		(unsigned)minute, (unsigned)second);
	h->time = time_local(d, local, (int64_t)ms * 1000000, &l);
	h->plain = true;
	return true;
}

/* "audit(1795439040.511:8373): " */
static bool take_stamp(struct decoder *d, struct slice *s, struct audit_head *h)
{
	uint64_t sec, ms;
	if (!slice_starts(*s, SL("audit(")))
		return false;
	*s = slice_from(*s, 6);
	if (!take_number(s, &sec))
		return false;
	if (s->n && s->p[0] == '/') {
		if (!take_date(d, s, sec, h))
			return false;
	} else {
		if (sec > 4102444800 * 2 || !take_char(s, '.') || !take_number(s, &ms) || ms > 999)
			return false;
		h->time = (nstime)sec * NS_SEC + (nstime)ms * 1000000;
	}
	if (!take_char(s, ':'))
		return false;
	const char *serial = s->p;
	if (!take_number(s, &h->serial))
		return false;
	h->serial_text = slice_make(serial, (size_t)(s->p - serial));
	if (!take_char(s, ')'))
		return false;
	take_char(s, ' ');
	if (!take_char(s, ':'))
		return false;
	take_char(s, ' ');
	return true;
}

/* Records of one happening have one stamp: read once. */
static bool again_stamp(const struct audit_state *st, struct slice *s, struct audit_head *h)
{
	const struct stamp_memo *m = &st->stamp;
	if (!m->n || s->n < m->n || memcmp(s->p, m->text, m->n) != 0)
		return false;
	h->time = m->time;
	h->serial = m->serial;
	h->serial_text = slice_make(s->p + m->serial_at, m->serial_n);
	*s = slice_from(*s, m->n);
	return true;
}

static void keep_stamp(struct audit_state *st, const char *from, const char *to, const struct audit_head *h)
{
	struct stamp_memo *m = &st->stamp;
	size_t n = (size_t)(to - from);
	if (h->plain || n > sizeof m->text || to[-1] != ' ') /* the blank says that the stamp ends here */
		return;
	*m = (struct stamp_memo){.n = (uint8_t)n, .serial_at = (uint8_t)(h->serial_text.p - from), .serial_n = (uint8_t)h->serial_text.n, .time = h->time,
		.serial = h->serial};
	memcpy(m->text, from, n);
}

bool audit_head(struct decoder *d, struct slice s, struct audit_head *h)
{
	struct audit_state *st = audit_state(d);
	*h = (struct audit_head){.time = NSTIME_NONE};
	if (slice_starts(s, SL("node="))) {
		s = slice_from(s, 5);
		if (!slice_cut(&s, ' ', &h->node))
			return false;
	}
	if (!slice_starts(s, SL("type=")))
		return false;
	s = slice_from(s, 5);
	if (!slice_cut(&s, ' ', &h->type_text) || !h->type_text.n || h->type_text.n > 64)
		return false;
	if (slice_starts(s, SL("msg=")))
		s = slice_from(s, 4);
	const char *stamp = s.p;
	if (!again_stamp(st, &s, h)) {
		if (!take_stamp(d, &s, h))
			return false;
		keep_stamp(st, stamp, s.p, h);
	}
	h->body = s;
	h->type = type_of(d, st, h->type_text);
	return true;
}

enum { GAP = 1, ENDS_NAME = 2, ENDS_VALUE = 4 };
static const uint8_t byte_kind[256] = {
	[' '] = GAP | ENDS_NAME | ENDS_VALUE, ['\x1d'] = GAP | ENDS_NAME | ENDS_VALUE, [','] = GAP | ENDS_NAME, ['('] = GAP | ENDS_NAME, ['='] = ENDS_NAME,
};

static inline bool is_gap(char c)
{
	return byte_kind[(uint8_t)c] & GAP;
}

static inline const char *skip_to(const char *p, const char *end, uint8_t kind)
{
	while (p < end && !(byte_kind[(uint8_t)*p] & kind))
		p++;
	return p;
}

int audit_key_find(const struct audit_state *st, struct slice name)
{
	for (unsigned at = name_hash(name); st->key_at[at & 255]; at++) {
		unsigned k = st->key_at[at & 255] - 1u;
		if (slice_eq(name, key_names[k]))
			return (int)k;
	}
	return -1;
}

/* The value at s (behind '='): moves s behind it. Quotes are cut, and what closes msg='...'. */
static struct slice take_value(struct slice *s, bool *quoted)
{
	const char *p = s->p, *end = p + s->n;
	*quoted = p < end && *p == '"';
	if (*quoted) {
		const char *q = memchr(p + 1, '"', (size_t)(end - p - 1));
		struct slice v = slice_make(p + 1, (size_t)((q ? q : end) - p - 1));
		*s = q ? slice_make(q + 1, (size_t)(end - q - 1)) : slice_make(end, 0);
		return v;
	}
	const char *q = skip_to(p, end, ENDS_VALUE);
	struct slice v = slice_make(p, (size_t)(q - p));
	*s = slice_make(q, (size_t)(end - q));
	while (v.n && (v.p[v.n - 1] == '\'' || v.p[v.n - 1] == ',' || (v.p[v.n - 1] == ')' && v.p[0] != '(')))
		v.n--; /* "res=success'", "(hostname=?, addr=?, res=success)'" */
	return v;
}

/* "op=adding user to group acct=...": words without '=' belong to the value before them. */
static struct slice widen(struct slice v, struct slice *s)
{
	for (;;) {
		struct slice rest = *s, word;
		if (!v.n || !slice_word(&rest, &word) || slice_chr(word, '=') >= 0 || slice_chr(word, '\x1d') >= 0)
			return v;
		v.n = (size_t)(word.p + word.n - v.p);
		*s = rest;
	}
}

bool audit_next(struct slice *s, struct slice *name, struct slice *value, bool *quoted)
{
	while (s->n) {
		const char *p = s->p, *end = p + s->n;
		while (p < end && is_gap(*p))
			p++;
		const char *k = p;
		p = skip_to(p, end, ENDS_NAME);
		bool pair = p < end && *p == '=';
		*s = slice_make(pair ? p + 1 : p, (size_t)(end - p) - pair);
		if (!pair)
			continue;
		if (s->n && s->p[0] == '\'') { /* msg='op=... res=success': its pairs count as if they stood outside */
			*s = slice_from(*s, 1);
			continue;
		}
		*name = slice_make(k, (size_t)(p - k));
		*value = take_value(s, quoted);
		return true;
	}
	return false;
}

void audit_parse(struct decoder *d, const struct audit_rec *r, struct audit_vals *v)
{
	const struct audit_state *st = audit_state(d);
	struct slice s = r->body, name, text;
	bool quoted;
	v->has = v->quoted = 0;
	v->plain = r->plain;
	v->body = r->body;
	if (r->pairs) {
		audit_pairs_vals(r->pairs, v);
		return;
	}
	while (audit_next(&s, &name, &text, &quoted)) {
		int key = audit_key_find(st, name);
		if (key < 0 || v->has >> key & 1)
			continue;
		if (key == AK_OP && !quoted)
			text = widen(text, &s);
		v->has |= (uint64_t)1 << key;
		v->quoted |= (uint64_t)quoted << key;
		v->v[key] = text;
	}
}

struct slice audit_untrusted(struct decoder *d, struct slice text, bool quoted, bool plain)
{
	struct slice out;
	if (quoted)
		return text;
	if (slice_eq(text, SL("(null)")) || slice_eq(text, SL("(none)")) || slice_eq(text, SL("?")))
		return SLICE_NONE;
	return !plain && decode_hex(d, text, &out) ? out : text;
}

#define BIT(key) ((uint64_t)1 << AK_##key)

struct slice audit_text(struct decoder *d, const struct audit_vals *v, enum audit_key k)
{
	if (!(v->has >> k & 1))
		return SLICE_NONE;
	static const uint64_t escaped = BIT(ACCT) | BIT(CMD) | BIT(COMM) | BIT(CWD) | BIT(DATA) | BIT(DEVICE) | BIT(EXE) | BIT(GRP) | BIT(KEY) |
		BIT(NAME) | BIT(PATH) | BIT(PROCTITLE) | BIT(PROFILE) | BIT(SW) | BIT(VM);
	struct slice s = audit_untrusted(d, v->v[k], v->quoted >> k & 1, v->plain || !(escaped >> k & 1));
	return slice_eq(s, SL("?")) ? SLICE_NONE : s;
}

/* ---- groups -------------------------------------------------------------------------------------------------- */

void audit_group_mark(struct audit_group *g, const struct audit_rec *r)
{
	uint16_t number = r->type ? r->type->number : 0;
	if (number == 1300)
		g->has_call = true;
	else if (number == 1327)
		g->has_title = true;
	else if (number == 1320)
		g->ended = true;
}

bool audit_apart(const struct audit_group *g, struct slice host, nstime time, uint64_t serial, unsigned factor)
{
	if (!slice_eq(g->host, host))
		return false; /* another machine's clock and numbers say nothing */
	nstime dt = time > g->time ? time - g->time : g->time - time;
	uint64_t ds = serial > g->serial ? serial - g->serial : g->serial - serial;
	return dt > WINDOW_TIME * factor || ds > WINDOW_SERIALS * factor;
}

static struct dline group_line(const struct audit_group *g, const struct audit_rec *r)
{
	return (struct dline){.raw = r->ref.raw, .offset = r->ref.offset, .time = g->time, .host = g->host};
}

/* One event a record, for join.c. */
static void emit_parts(struct decoder *d, const struct audit_group *g, struct slice kind)
{
	for (uint32_t i = 0; i < g->n; i++) {
		struct dline l = group_line(g, &g->v[i]);
		struct event *e = decode_emit(d, &l, kind, ACT_AUDIT_RECORD, OUTCOME_NONE);
		event_add(d->out, e, F_MESSAGE, g->v[i].text);
	}
}

/* The group gets no more records in this block, as far as the window tells. */
static void group_close(struct decoder *d, struct audit_group *g)
{
	size_t before = d->out->n;
	if (g->headless && !g->has_call) {
		emit_parts(d, g, audit_part); /* its beginning was in the block before */
		return;
	}
	if (!g->skip)
		audit_finish(d, g);
	if (g->early && d->out->n == before)
		emit_parts(d, g, audit_part_maybe);
}

static void group_drop(struct audit_state *st, unsigned at)
{
	st->spare[st->nspare++] = st->open[at];
	st->nopen--;
	memmove(&st->open[at], &st->open[at + 1], (st->nopen - at) * sizeof st->open[0]);
}

static void close_at(struct decoder *d, struct audit_state *st, unsigned at)
{
	group_close(d, st->open[at]);
	group_drop(st, at);
}

static bool rest_of_group(const struct audit_group *g)
{
	return g->headless && !g->has_call && g->has_title;
}

/* A record that joins no group closes what lies far behind it: join.c trusts that nothing leaves later. So it does with the
 * end of a group that began in the block before: whoever waits for it is somebody's parent. */
static void close_apart(struct decoder *d, struct audit_state *st, struct slice host, const struct audit_head *h)
{
	for (unsigned i = 0; i < st->nopen;)
		if (audit_apart(st->open[i], host, h->time, h->serial, 1) || rest_of_group(st->open[i]))
			close_at(d, st, i);
		else
			i++;
}

static struct audit_group *group_new(struct decoder *d, struct audit_state *st, struct slice host, const struct audit_head *h)
{
	close_apart(d, st, host, h);
	if (st->nopen == AUDIT_OPEN)
		close_at(d, st, 0);
	struct audit_group *g = st->spare[--st->nspare];
	struct audit_rec *v = g->v;
	uint32_t cap = g->cap;
	*g = (struct audit_group){.time = h->time, .serial = h->serial, .host = host, .v = v, .cap = cap};
	g->headless = h->type && h->type->cls == AC_AUX;
	g->early = st->made++ < EARLY_GROUPS;
	st->open[st->nopen++] = g;
	return g;
}

static unsigned group_find(const struct audit_state *st, struct slice host, const struct audit_head *h)
{
	for (unsigned i = st->nopen; i-- > 0;) {
		const struct audit_group *g = st->open[i];
		if (g->serial == h->serial && g->time == h->time && slice_eq(g->host, host))
			return i;
	}
	return st->nopen;
}

/* Is the call of this SYSCALL record one that somebody wants? Its first two keys tell. */
static bool call_wanted(struct decoder *d, const struct audit_state *st, const struct audit_rec *r)
{
	struct slice s = slice_to(r->body, 64), word;
	uint64_t arch = 0, number;
	if (st->records || !slice_word(&s, &word) || !slice_starts(word, SL("arch=")) || !slice_hex(slice_from(word, 5), &arch) ||
	    !slice_word(&s, &word) || !slice_starts(word, SL("syscall=")))
		return true;
	word = slice_from(word, 8);
	const char *name = slice_u64(word, UINT32_MAX, &number) ? audit_syscall_name(arch, number) : NULL;
	return st->kind_wanted[audit_kind(d, name ? slice_of(name) : word)];
}

static void group_add(struct decoder *d, struct audit_group *g, const struct audit_rec *r)
{
	if (g->n == AUDIT_RECORDS)
		return;
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 8;
		g->v = xreallocarray(g->v, g->cap, sizeof *g->v);
	}
	g->v[g->n] = *r;
	g->v[g->n++].pairs = audit_pairs(d, r);
}

static enum decoded audit_take(struct decoder *d, struct dline *l, const struct audit_head *h, struct slice text)
{
	struct audit_state *st = audit_state(d);
	struct audit_rec r = {.type = h->type, .type_text = h->type_text, .serial_text = h->serial_text, .body = h->body, .text = text, .ref = {l->offset, l->raw},
		.plain = h->plain, .unmarked = d->plain};
	l->time = h->time;
	l->flags = h->plain ? EV_NO_ZONE : 0;
	l->program = l->pid = SLICE_NONE;
	if (h->node.n)
		l->host = h->node;
	struct slice host = d->in->host_wins || !l->host.n ? d->in->host : l->host;
	if (h->type && h->type->cls == AC_ALONE) {
		close_apart(d, st, host, h);
		return audit_alone(d, l, &r);
	}
	unsigned at = group_find(st, host, h);
	if (at == st->nopen) {
		group_new(d, st, host, h);
		at = st->nopen - 1;
	}
	struct audit_group *g = st->open[at];
	audit_group_mark(g, &r);
	if (h->type && h->type->cls == AC_CALL && !call_wanted(d, st, &r)) {
		bool alone = true;
		for (uint32_t i = 0; i < g->n; i++)
			alone &= g->v[i].type && g->v[i].type->cls == AC_AUX;
		g->skip = alone;
	} else if (h->type && h->type->cls == AC_KERNEL) {
		g->skip = false;
	}
	bool wanted = !g->skip;
	if (wanted || g->early)
		group_add(d, g, &r);
	if (audit_complete(g))
		close_at(d, st, at);
	return wanted ? DECODED_EVENT : DECODED_UNWANTED;
}

void decode_audit_end(struct decoder *d)
{
	struct audit_state *st = d->audit;
	if (!st)
		return;
	for (unsigned i = 0; i < st->nopen; i++) {
		const struct audit_group *g = st->open[i];
		emit_parts(d, g, g->skip ? audit_part_maybe : audit_part);
		st->spare[st->nspare++] = st->open[i];
	}
	st->nopen = 0;
	st->made = 0;
}

/* ---- entry points -------------------------------------------------------------------------------------------- */

static bool maybe_audit(struct slice s)
{
	return s.n >= 4 && (s.p[0] == 't' || s.p[0] == 'n' || s.p[0] == '-');
}

static enum decoded line_audit(struct decoder *d, struct dline *l)
{
	struct audit_head h;
	if (audit_head(d, l->raw, &h))
		return audit_take(d, l, &h, l->raw);
	/* ausearch puts these between happenings */
	return slice_eq(l->raw, SL("----")) || slice_starts(l->raw, SL("time->")) ? DECODED_BLANK : DECODED_NO_FORMAT;
}

const struct format format_audit = {"auditd", maybe_audit, line_audit};

/* "[ 8665.951930] audit: type=1400 audit(...): ..." to "type=..." */
static struct slice behind_kernel_time(struct slice s)
{
	if (s.n && s.p[0] == '[') {
		ssize_t end = slice_chr(slice_to(s, 32), ']');
		if (end > 0)
			s = slice_trim(slice_from(s, (size_t)end + 1));
	}
	if (slice_starts(s, SL("audit: ")))
		s = slice_from(s, 7);
	return s;
}

bool audit_message(const struct dline *l)
{
	static const struct slice programs[] = {{"audisp-syslog", 13}, {"audispd", 7}, {"kernel", 6}, {"audit", 5}, {"auditd", 6}, {"tag_audit_log", 13}, {"audit_log", 9}};
	if (!l->program.n || (l->program.p[0] != 'k' && l->program.p[0] != 'a' && l->program.p[0] != 't'))
		return false;
	struct slice s = slice_starts(l->msg, SL("type=")) ? l->msg : behind_kernel_time(l->msg);
	if (!slice_starts(s, SL("type=")) && !slice_starts(s, SL("node=")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (slice_eq(l->program, programs[i]))
			return slice_has(slice_to(s, 400), SL("audit("));
	return false;
}

enum decoded decode_audit(struct decoder *d, struct dline *l)
{
	struct audit_head h;
	struct slice text = behind_kernel_time(l->msg);
	return audit_head(d, text, &h) ? audit_take(d, l, &h, text) : DECODED_UNKNOWN;
}
