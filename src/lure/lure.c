/* lure.c - one inspection: the queue of objects, what was found in them, what may still be spent. */
#include "lure/lure_private.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVIDENCE_MAX = 200, FACT_MAX = 400, NAME_MAX_KEPT = 512, FINDINGS_MAX = 20000, NOTES_MAX = 20000, PASSWORDS_MAX = 20 };
#define NO_FINDING UINT32_MAX

struct waiting { char *bytes; size_t n; }; /* of an object that was not looked at yet */

struct lure {
	struct lure_limits limits;
	struct lure_known known;
	struct arena mem;
	struct { struct lure_object *v; size_t n, cap; } objects;
	struct { struct waiting *v; size_t n, cap; } waiting;       /* beside objects */
	struct { uint32_t *v; size_t n, cap; } first;               /* finding of an object; beside objects */
	struct { struct lure_finding *v; size_t n, cap; } findings;
	struct { uint32_t *v; size_t n, cap; } next;                /* beside findings: the object's next one */
	struct { struct lure_note *v; size_t n, cap; } notes;
	struct slice passwords[PASSWORDS_MAX]; size_t npasswords;
	uint64_t unpacked, given;
	int64_t until;                                              /* monotonic ms */
	uint32_t asked;
	bool time_up;
	size_t done;                                                /* objects looked at */
	void (*scan)(void *arg, struct lure *l, uint32_t id, struct slice bytes); void *scan_arg;
	struct { void (*parse)(void *arg, struct lure *l, uint32_t id, struct slice bytes); void *arg; } others[LT_COUNT];
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct lure *lure_new(const struct lure_limits *limits)
{
	struct lure *l = xcalloc(1, sizeof *l);
	struct lure_limits d = {.depth = 6, .objects = 2000, .total = 256u << 20, .one = 64u << 20, .ratio = 200, .names = 20000, .milliseconds = 8000};
	if (limits) {
		d.depth = limits->depth ? limits->depth : d.depth;
		d.objects = limits->objects ? limits->objects : d.objects;
		d.total = limits->total ? limits->total : d.total;
		d.one = limits->one ? limits->one : d.one;
		d.ratio = limits->ratio ? limits->ratio : d.ratio;
		d.names = limits->names ? limits->names : d.names;
		d.milliseconds = limits->milliseconds ? limits->milliseconds : d.milliseconds;
	}
	l->limits = d;
	arena_init(&l->mem);
	return l;
}

static void drop_waiting(struct lure *l)
{
	for (size_t i = 0; i < l->waiting.n; i++)
		free(l->waiting.v[i].bytes);
	l->waiting.n = 0;
}

void lure_free(struct lure *l)
{
	if (!l)
		return;
	drop_waiting(l);
	arena_free(&l->mem);
	free(l->objects.v);
	free(l->waiting.v);
	free(l->first.v);
	free(l->findings.v);
	free(l->next.v);
	free(l->notes.v);
	free(l);
}

void lure_reset(struct lure *l)
{
	drop_waiting(l);
	arena_reset(&l->mem);
	l->objects.n = l->first.n = l->findings.n = l->next.n = l->notes.n = l->npasswords = l->done = 0;
	l->unpacked = l->given = 0;
	l->asked = 0;
	l->time_up = false;
	l->until = 0;
}

void lure_know(struct lure *l, const struct lure_known *k) { l->known = *k; }
void lure_scan_with(struct lure *l, void (*scan)(void *arg, struct lure *l, uint32_t id, struct slice bytes), void *arg)
{
	l->scan = scan;
	l->scan_arg = arg;
}

void lure_parse_with(struct lure *l, enum lure_type t, void (*parse)(void *arg, struct lure *l, uint32_t id, struct slice bytes), void *arg)
{
	l->others[t].parse = parse;
	l->others[t].arg = arg;
}

const struct lure_known *lure_knows(const struct lure *l) { return &l->known; }
const struct lure_limits *lure_limits_of(const struct lure *l) { return &l->limits; }
struct arena *lure_arena(struct lure *l) { return &l->mem; }

void lure_password(struct lure *l, struct slice word)
{
	if (!word.n || word.n > 128 || l->npasswords == PASSWORDS_MAX)
		return;
	for (size_t i = 0; i < l->npasswords; i++)
		if (slice_eq(l->passwords[i], word))
			return;
	l->passwords[l->npasswords++] = slice_dup(&l->mem, word);
}

size_t lure_passwords(const struct lure *l, const struct slice **out)
{
	*out = l->passwords;
	return l->npasswords;
}

size_t lure_objects(const struct lure *l, const struct lure_object **out)
{
	*out = l->objects.v;
	return l->objects.n;
}

size_t lure_findings(const struct lure *l, const struct lure_finding **out)
{
	*out = l->findings.v;
	return l->findings.n;
}

size_t lure_notes(const struct lure *l, const struct lure_note **out)
{
	*out = l->notes.v;
	return l->notes.n;
}

/* ---- findings ---------------------------------------------------------------------------------------------------------------- */

/* Printable, one line, at most n bytes, no half character; "http" and "@" defanged so that nobody's mail program makes a link of it. */
static struct slice shown(struct lure *l, struct slice s, size_t n)
{
	struct buf b = {0};
	buf_term(&b, slice_to(s, n * 2));
	struct slice t = buf_slice(&b);
	struct buf o = {0};
	for (size_t i = 0; i < t.n && o.n < n; i++)
		if (slice_istarts(slice_from(t, i), SL("http")) && (slice_istarts(slice_from(t, i + 4), SL("://")) || slice_istarts(slice_from(t, i + 4), SL("s://")))) {
			buf_addz(&o, "hxxp");
			i += 3;
		} else {
			buf_addc(&o, t.p[i]);
		}
	o.n = MIN(o.n, n); /* "hxxp" is added whole */
	while (o.n && ((uint8_t)o.p[o.n - 1] & 0xc0) == 0x80 && !slice_utf8(buf_slice(&o)))
		o.n--;
	if (o.n && !slice_utf8(buf_slice(&o)))
		o.n--;
	struct slice r = slice_dup(&l->mem, buf_slice(&o));
	buf_free(&b);
	buf_free(&o);
	return r;
}

static struct lure_finding *finding_of(const struct lure *l, uint32_t object, enum indicator i)
{
	for (uint32_t f = object < l->first.n ? l->first.v[object] : NO_FINDING; f != NO_FINDING; f = l->next.v[f])
		if (l->findings.v[f].indicator == i)
			return &l->findings.v[f];
	return NULL;
}

void lure_found_slice(struct lure *l, uint32_t object, enum indicator i, uint64_t offset, struct slice where, struct slice evidence)
{
	struct lure_finding *f = finding_of(l, object, i);
	if (f) {
		f->count += f->count < UINT32_MAX;
		return;
	}
	if (object >= l->first.n || l->findings.n >= FINDINGS_MAX || i <= IND_NONE || i >= IND_COUNT)
		return;
	*vec_push(&l->findings) = (struct lure_finding){.indicator = i, .object = object, .offset = offset, .count = 1, .where = shown(l, where, EVIDENCE_MAX),
		.evidence = shown(l, evidence, EVIDENCE_MAX)};
	*vec_push(&l->next) = l->first.v[object];
	l->first.v[object] = (uint32_t)l->findings.n - 1;
}

void lure_found(struct lure *l, uint32_t object, enum indicator i, uint64_t offset, const char *where, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	lure_found_slice(l, object, i, offset, slice_of(where), slice_make(text, n < 0 ? 0 : MIN((size_t)n, sizeof text - 1)));
}

bool lure_object_has(const struct lure *l, uint32_t object, enum indicator i) { return finding_of(l, object, i) != NULL; }

bool lure_has(const struct lure *l, enum indicator i)
{
	for (size_t f = 0; f < l->findings.n; f++)
		if (l->findings.v[f].indicator == i)
			return true;
	return false;
}

void lure_fact(struct lure *l, uint32_t object, const char *name, struct slice value)
{
	if (value.n && l->notes.n < NOTES_MAX)
		*vec_push(&l->notes) = (struct lure_note){object, name, shown(l, value, FACT_MAX)};
}

struct slice lure_fact_of(const struct lure *l, uint32_t object, const char *name)
{
	for (size_t i = 0; i < l->notes.n; i++)
		if (l->notes.v[i].object == object && strcmp(l->notes.v[i].name, name) == 0)
			return l->notes.v[i].value;
	return SLICE_NONE;
}

/* ---- what may be spent ----------------------------------------------------------------------------------------------------------- */

bool lure_stop(struct lure *l)
{
	if (l->time_up || ++l->asked % 64)
		return l->time_up;
	if (l->until && now_ms() > l->until) {
		l->time_up = true;
		lure_found(l, 0, IND_LIMIT_TIME, UINT64_MAX, NULL, "after %u ms", l->limits.milliseconds);
	}
	return l->time_up;
}

uint64_t lure_room(const struct lure *l)
{
	uint64_t room = l->unpacked < l->limits.total ? l->limits.total - l->unpacked : 0, free_of_ratio = 10u << 20;
	uint64_t by_ratio = l->given > UINT64_MAX / l->limits.ratio ? UINT64_MAX : l->given * l->limits.ratio;
	by_ratio = MAX(by_ratio, free_of_ratio);
	room = MIN(room, by_ratio > l->unpacked ? by_ratio - l->unpacked : 0);
	return MIN(room, l->limits.one);
}

/* ---- objects ---------------------------------------------------------------------------------------------------------------------- */

static uint32_t add_object(struct lure *l, uint32_t parent, const struct lure_child *c, char *kept)
{
	struct lure_object *o = vec_push(&l->objects);
	*o = (struct lure_object){.id = (uint32_t)l->objects.n - 1, .parent = parent, .depth = parent == UINT32_MAX ? 0 : l->objects.v[parent].depth + 1, .how = c->how,
		.name = slice_dup(&l->mem, slice_to(c->name, NAME_MAX_KEPT)), .bytes = kept ? slice_make(kept, c->bytes.n) : c->bytes, .size = c->size ? c->size : c->bytes.n,
		.encrypted = c->encrypted, .hidden = c->hidden, .opened = c->opened};
	*vec_push(&l->waiting) = (struct waiting){kept, c->bytes.n};
	*vec_push(&l->first) = NO_FINDING;
	if (parent != UINT32_MAX)
		l->objects.v[parent].children++;
	return o->id;
}

/* False, and said, when a limit forbids it. */
static bool may_add(struct lure *l, uint32_t parent, size_t n)
{
	if (parent != UINT32_MAX && l->objects.v[parent].depth + 1 > l->limits.depth) {
		lure_found(l, parent, IND_LIMIT_DEPTH, UINT64_MAX, NULL, "deeper than %u", l->limits.depth);
		return false;
	}
	if (l->objects.n >= l->limits.objects) {
		lure_found(l, 0, IND_LIMIT_SIZE, UINT64_MAX, NULL, "more than %u objects", l->limits.objects);
		return false;
	}
	if (n > lure_room(l)) {
		lure_found(l, parent == UINT32_MAX ? 0 : parent, IND_LIMIT_SIZE, UINT64_MAX, NULL, "%zu bytes more than may be unpacked (%llu were)", n, (unsigned long long)l->unpacked);
		return false;
	}
	return !lure_stop(l);
}

bool lure_child(struct lure *l, uint32_t parent, const struct lure_child *c)
{
	if (parent >= l->objects.n || !may_add(l, parent, c->bytes.n))
		return false;
	char *kept = c->bytes.n ? xmalloc(c->bytes.n) : NULL;
	if (kept)
		memcpy(kept, c->bytes.p, c->bytes.n);
	l->unpacked += c->bytes.n;
	add_object(l, parent, c, kept);
	return true;
}

static void hash(struct lure_object *o)
{
	static const char digit[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (!EVP_Digest(o->bytes.n ? o->bytes.p : "", o->bytes.n, md, &n, EVP_sha256(), NULL) || n != 32)
		return;
	for (unsigned i = 0; i < 32; i++) {
		o->sha256[2 * i] = digit[md[i] >> 4];
		o->sha256[2 * i + 1] = digit[md[i] & 15];
	}
}

static void look_at(struct lure *l, uint32_t id)
{
	struct lure_object *o = &l->objects.v[id];
	struct slice bytes = o->bytes;
	o->type = o->encrypted && !o->bytes.n ? LT_UNKNOWN : lure_type_of(bytes, o->name);
	if (!o->encrypted)
		hash(o);
	judge_name(l, id);
	lure_parser *parse = lure_parser_of(l->objects.v[id].type);
	enum lure_type type = l->objects.v[id].type;
	if (!lure_stop(l) && !l->objects.v[id].encrypted) {
		if (l->scan && bytes.n)
			l->scan(l->scan_arg, l, id, bytes);
		if (l->others[type].parse)
			l->others[type].parse(l->others[type].arg, l, id, bytes);
		else if (parse)
			parse(l, id, bytes);
	}
	l->objects.v[id].bytes = SLICE_NONE;
	free(l->waiting.v[id].bytes);
	l->waiting.v[id].bytes = NULL;
}

static void run(struct lure *l)
{
	size_t from = l->done;
	for (; l->done < l->objects.n; l->done++)
		look_at(l, (uint32_t)l->done);
	for (size_t i = from; i < l->objects.n; i++)
		if (l->objects.v[i].children)
			judge_siblings(l, (uint32_t)i);
}

int lure_inspect(struct lure *l, struct slice name, struct slice bytes, struct err *e)
{
	(void)e;
	if (!l->until)
		l->until = now_ms() + l->limits.milliseconds;
	l->given += bytes.n;
	add_object(l, UINT32_MAX, &(struct lure_child){.how = LURE_GIVEN, .name = name, .bytes = bytes}, NULL);
	run(l);
	return 0;
}

uint32_t lure_add_given(struct lure *l, struct slice name, struct slice bytes, enum lure_type type)
{
	if (!l->until)
		l->until = now_ms() + l->limits.milliseconds;
	l->given += bytes.n;
	uint32_t id = add_object(l, UINT32_MAX, &(struct lure_child){.how = LURE_GIVEN, .name = name, .bytes = bytes}, NULL);
	l->objects.v[id].type = type;
	hash(&l->objects.v[id]);
	l->objects.v[id].bytes = SLICE_NONE;
	l->done = l->objects.n;
	return id;
}

/* ---- between processes ---------------------------------------------------------------------------------------------------------------- */

void lure_save(const struct lure *l, struct buf *out)
{
	buf_u32(out, (uint32_t)l->objects.n);
	for (size_t i = 0; i < l->objects.n; i++) {
		const struct lure_object *o = &l->objects.v[i];
		buf_u32(out, o->parent);
		buf_u32(out, o->depth);
		buf_u32(out, (uint32_t)o->how | (uint32_t)o->type << 8 | (uint32_t)o->encrypted << 16 | (uint32_t)o->hidden << 17 | (uint32_t)o->opened << 18);
		buf_u64(out, o->size);
		buf_sized(out, o->name);
		buf_sized(out, slice_of(o->sha256));
	}
	buf_u32(out, (uint32_t)l->findings.n);
	for (size_t i = 0; i < l->findings.n; i++) {
		const struct lure_finding *f = &l->findings.v[i];
		buf_u32(out, f->object);
		buf_u32(out, (uint32_t)f->indicator);
		buf_u32(out, f->count);
		buf_u64(out, f->offset);
		buf_sized(out, f->where);
		buf_sized(out, f->evidence);
	}
	buf_u32(out, (uint32_t)l->notes.n);
	for (size_t i = 0; i < l->notes.n; i++) {
		buf_u32(out, l->notes.v[i].object);
		buf_sized(out, slice_of(l->notes.v[i].name));
		buf_sized(out, l->notes.v[i].value);
	}
}

static bool load_object(struct lure *l, struct wire *w)
{
	uint32_t parent = wire_u32(w), depth = wire_u32(w), bits = wire_u32(w);
	uint64_t size = wire_u64(w);
	struct slice name = wire_sized(w), sum = wire_sized(w);
	if (w->bad || (parent != UINT32_MAX && parent >= l->objects.n) || (bits & 0xff) > LURE_DECODED || (bits >> 8 & 0xff) >= LT_COUNT || sum.n > 64)
		return false;
	uint32_t id = add_object(l, parent, &(struct lure_child){.how = (enum lure_how)(bits & 0xff), .name = name, .size = size, .encrypted = bits >> 16 & 1, .hidden = bits >> 17 & 1,
		.opened = bits >> 18 & 1}, NULL);
	l->objects.v[id].type = (enum lure_type)(bits >> 8 & 0xff);
	l->objects.v[id].depth = depth;
	memcpy(l->objects.v[id].sha256, sum.n ? sum.p : "", sum.n);
	return true;
}

static bool load_finding(struct lure *l, struct wire *w)
{
	uint32_t object = wire_u32(w), indicator = wire_u32(w), count = wire_u32(w);
	uint64_t offset = wire_u64(w);
	struct slice where = wire_sized(w), evidence = wire_sized(w);
	if (w->bad || object >= l->objects.n || indicator == IND_NONE || indicator >= IND_COUNT)
		return false;
	lure_found_slice(l, object, (enum indicator)indicator, offset, where, evidence);
	struct lure_finding *f = finding_of(l, object, (enum indicator)indicator);
	if (f)
		f->count = count;
	return f != NULL;
}

bool lure_load(struct lure *l, struct slice bytes)
{
	struct wire w = wire_of(bytes);
	lure_reset(l);
	bool ok = true;
	for (uint32_t n = wire_u32(&w); ok && !w.bad && n; n--)
		ok = l->objects.n < l->limits.objects + 2 && load_object(l, &w);
	for (uint32_t n = ok ? wire_u32(&w) : 0; ok && !w.bad && n; n--)
		ok = load_finding(l, &w);
	for (uint32_t n = ok ? wire_u32(&w) : 0; ok && !w.bad && n; n--) {
		uint32_t object = wire_u32(&w);
		struct slice name = wire_sized(&w), value = wire_sized(&w);
		ok = !w.bad && object < l->objects.n;
		if (ok)
			lure_fact(l, object, slice_dup(&l->mem, name).p, value);
	}
	l->done = l->objects.n;
	if (!ok || w.bad || w.n)
		lure_reset(l);
	return ok && !w.bad && !w.n;
}
