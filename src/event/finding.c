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

void finding_seal(struct finding *f)
{
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
