#include "event/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct finding *finding_new(void)
{
	struct finding *f = xcalloc(1, sizeof *f);
	arena_init(&f->mem);
	f->first = f->last = NSTIME_NONE;
	return f;
}

void finding_free(struct finding *f)
{
	if (!f)
		return;
	free(f->evidence);
	arena_free(&f->mem);
	free(f);
}

void finding_printf(struct finding *f, struct slice *out, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	*out = SLICE_NONE;
	if (n > 0) {
		char *p = arena_alloc(&f->mem, (size_t)n + 1);
		vsnprintf(p, (size_t)n + 1, fmt, again);
		*out = slice_make(p, (size_t)n);
	}
	va_end(again);
}

void finding_entity(struct finding *f, enum entity_type t, struct slice value)
{
	if (!value.n)
		return;
	value = slice_to(value, LIMIT_RAW_KEPT);
	for (size_t i = 0; i < f->nentities; i++)
		if (f->entities[i].type == t && slice_eq(f->entities[i].value, value))
			return;
	if (f->nentities % 8 == 0) {
		struct entity *v = arena_alloc(&f->mem, (f->nentities + 8) * sizeof *v);
		if (f->nentities)
			memcpy(v, f->entities, f->nentities * sizeof *v);
		f->entities = v;
	}
	f->entities[f->nentities++] = (struct entity){t, slice_dup(&f->mem, value)};
}

struct slice finding_get(const struct finding *f, enum entity_type t)
{
	for (size_t i = 0; i < f->nentities; i++)
		if (f->entities[i].type == t)
			return f->entities[i].value;
	return SLICE_NONE;
}

void finding_evidence_raw(struct finding *f, uint32_t source, uint64_t offset, nstime t, struct slice raw)
{
	if (t != NSTIME_NONE) {
		if (f->first == NSTIME_NONE || t < f->first)
			f->first = t;
		if (f->last == NSTIME_NONE || t > f->last)
			f->last = t;
	}
	for (size_t i = 0; i < f->nevidence; i++)
		if (f->evidence[i].source == source && f->evidence[i].offset == offset)
			return;
	raw = slice_to(raw, LIMIT_RAW_KEPT);
	if (f->nevidence >= LIMIT_EVIDENCE || f->evidence_bytes + raw.n > LIMIT_EVIDENCE_BYTES)
		return;
	f->evidence_bytes += raw.n;
	if (f->nevidence == f->capevidence)
		f->evidence = vec_grow(f->evidence, &f->capevidence, f->nevidence, 1, sizeof *f->evidence);
	f->evidence[f->nevidence++] = (struct evidence){source, offset, t, slice_dup(&f->mem, raw)};
}

void finding_evidence(struct finding *f, const struct event *e)
{
	f->count++;
	finding_evidence_raw(f, e->source, e->at.offset, e->time, e->at.raw);
	for (uint32_t i = 0; i < e->nmore; i++)
		finding_evidence_raw(f, e->source, e->more[i].offset, e->time, e->more[i].raw);
}

void finding_name(struct finding *f, struct slice key, nstime t)
{
	uint64_t a = hash_stable(HASH_STABLE_INIT, f->rule_id.p, f->rule_id.n);
	a = hash_stable(a, &t, sizeof t);
	a = hash_stable(a, key.p, key.n);
	uint64_t b = hash_stable(a ^ 0x5bd1e995, key.p, key.n);
	b = hash_stable(b, &t, sizeof t);
	snprintf(f->uid, sizeof f->uid, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

void finding_seal(struct finding *f)
{
	if (f->uid[0])
		return;
	uint64_t a = hash_stable(HASH_STABLE_INIT, f->rule_id.p, f->rule_id.n);
	uint64_t b = hash_stable(HASH_STABLE_INIT ^ 0x5bd1e995, f->rule_id.p, f->rule_id.n);
	for (size_t i = 0; i < f->nentities; i++) {
		a = hash_stable(a + (uint64_t)f->entities[i].type, f->entities[i].value.p, f->entities[i].value.n);
		b = hash_stable(b ^ a, f->entities[i].value.p, f->entities[i].value.n);
	}
	for (size_t i = 0; i < f->nevidence && i < 1; i++) {
		a = hash_stable(a, f->evidence[i].raw.p, f->evidence[i].raw.n);
		b = hash_stable(b ^ a, &f->evidence[i].time, sizeof f->evidence[i].time);
	}
	snprintf(f->uid, sizeof f->uid, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

/* ---- saved ------------------------------------------------------------------------------------------------------- */

enum { SAVED_VERSION = 1, TECHNIQUES_MAX = 64, ENTITIES_MAX = 100000, HOPS_MAX = 1000 };

static void save_techniques(const struct finding *f, struct buf *b)
{
	uint32_t n = 0;
	while (f->techniques && f->techniques[n])
		n++;
	buf_u32(b, n);
	for (uint32_t i = 0; i < n; i++)
		buf_sized(b, slice_of(f->techniques[i]));
}

static void save_hops(const struct finding *f, struct buf *b)
{
	buf_u32(b, (uint32_t)f->nhops);
	for (size_t i = 0; i < f->nhops; i++) {
		const struct login_hop *h = &f->hops[i];
		buf_u64(b, (uint64_t)h->time);
		buf_sized(b, h->account);
		buf_sized(b, h->person);
		buf_sized(b, h->from);
		buf_sized(b, h->to);
		buf_u32(b, h->port);
		buf_u32(b, h->switched);
	}
}

void finding_save(const struct finding *f, struct buf *b)
{
	uint64_t score;
	memcpy(&score, &f->score, sizeof score);
	buf_u32(b, SAVED_VERSION);
	buf_sized(b, slice_of(f->uid));
	const struct slice texts[] = {f->rule_id, f->rule_name, f->title, f->text};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_sized(b, texts[i]);
	buf_u32(b, f->level);
	buf_u32(b, f->stage);
	buf_u64(b, (uint64_t)f->first);
	buf_u64(b, (uint64_t)f->last);
	buf_u64(b, f->count);
	buf_u64(b, f->tally);
	buf_u64(b, score);
	save_techniques(f, b);
	buf_u32(b, (uint32_t)f->nentities);
	for (size_t i = 0; i < f->nentities; i++) {
		buf_u32(b, f->entities[i].type);
		buf_sized(b, f->entities[i].value);
	}
	buf_u32(b, (uint32_t)f->nevidence);
	for (size_t i = 0; i < f->nevidence; i++) {
		const struct evidence *e = &f->evidence[i];
		buf_u32(b, e->source);
		buf_u64(b, e->offset);
		buf_u64(b, (uint64_t)e->time);
		buf_sized(b, e->raw);
	}
	save_hops(f, b);
}

static struct slice load_text(struct finding *f, struct wire *w)
{
	struct slice s = wire_sized(w);
	return s.n ? slice_dup(&f->mem, s) : SLICE_NONE;
}

static void load_techniques(struct finding *f, struct wire *w)
{
	uint32_t n = wire_u32(w);
	if (n > TECHNIQUES_MAX) {
		w->bad = true;
		return;
	}
	const char **v = arena_alloc(&f->mem, (n + 1) * sizeof *v);
	for (uint32_t i = 0; i < n; i++)
		v[i] = slice_dup(&f->mem, wire_sized(w)).p; /* a NUL follows the copy */
	v[n] = NULL;
	f->techniques = v;
}

static void load_lists(struct finding *f, struct wire *w)
{
	uint32_t n = wire_u32(w);
	for (uint32_t i = 0; i < n && !w->bad; i++) {
		uint32_t type = wire_u32(w);
		struct slice value = wire_sized(w);
		if (type >= ENT_COUNT || n > ENTITIES_MAX)
			w->bad = true;
		else
			finding_entity(f, (enum entity_type)type, value);
	}
	n = wire_u32(w);
	for (uint32_t i = 0; i < n && !w->bad; i++) {
		uint32_t source = wire_u32(w);
		uint64_t offset = wire_u64(w);
		nstime t = (nstime)wire_u64(w);
		finding_evidence_raw(f, source, offset, t, wire_sized(w));
	}
	n = wire_u32(w);
	if (n > HOPS_MAX)
		w->bad = true;
	f->hops = n && !w->bad ? arena_alloc(&f->mem, n * sizeof *f->hops) : NULL;
	for (uint32_t i = 0; i < n && !w->bad; i++) {
		struct login_hop *h = &f->hops[f->nhops++];
		h->time = (nstime)wire_u64(w);
		h->account = load_text(f, w);
		h->person = load_text(f, w);
		h->from = load_text(f, w);
		h->to = load_text(f, w);
		h->port = wire_u32(w);
		h->switched = wire_u32(w) != 0;
	}
}

struct finding *finding_load(struct wire *w)
{
	struct finding *f = finding_new();
	if (wire_u32(w) != SAVED_VERSION)
		w->bad = true;
	struct slice uid = wire_sized(w);
	snprintf(f->uid, sizeof f->uid, "%.*s", SLFMT(slice_to(uid, sizeof f->uid - 1)));
	struct slice *texts[] = {&f->rule_id, &f->rule_name, &f->title, &f->text};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = load_text(f, w);
	uint32_t level = wire_u32(w), stage = wire_u32(w);
	nstime first = (nstime)wire_u64(w), last = (nstime)wire_u64(w);
	f->count = wire_u64(w);
	f->tally = wire_u64(w);
	uint64_t score = wire_u64(w);
	memcpy(&f->score, &score, sizeof score);
	load_techniques(f, w);
	load_lists(f, w);
	f->first = first;
	f->last = last;
	f->level = (enum level)MIN(level, (uint32_t)LEVEL_CRITICAL);
	f->stage = stage < STAGE_COUNT ? (enum stage)stage : STAGE_NONE;
	if (!w->bad)
		return f;
	finding_free(f);
	return NULL;
}
