/* profile.h - private to room detect: what is usual for an account. */
#ifndef POSTERN_DETECT_PROFILE_H
#define POSTERN_DETECT_PROFILE_H

#include "detect/detect_private.h"

/* A small set of hashes; when full the oldest is overwritten. */
enum { SET_MAX = 24 };
struct small_set {
	uint64_t v[SET_MAX];
	uint8_t n, next;
};
static inline bool set_has(const struct small_set *s, uint64_t h)
{
	for (uint8_t i = 0; i < s->n; i++)
		if (s->v[i] == h)
			return true;
	return false;
}
/* True when it was not there before. */
static inline bool set_add(struct small_set *s, uint64_t h)
{
	if (set_has(s, h))
		return false;
	if (s->n < SET_MAX) {
		s->v[s->n++] = h;
	} else {
		s->v[s->next] = h;
		s->next = (uint8_t)((s->next + 1) % SET_MAX);
	}
	return true;
}
/* A line kept until it is known whether it belongs to a finding. */
struct kept_line {
	char raw[256];
	uint16_t n;
	uint32_t source;
	uint64_t offset;
	nstime time;
};
static inline void kept_set(struct kept_line *l, const struct event *e)
{
	l->n = (uint16_t)MIN(e->at.raw.n, sizeof l->raw);
	memcpy(l->raw, e->at.raw.p, l->n);
	l->source = e->source;
	l->offset = e->at.offset;
	l->time = e->time;
}
static inline void kept_add(struct finding *f, const struct kept_line *l)
{
	if (l->n)
		finding_evidence_raw(f, l->source, l->offset, l->time, slice_make(l->raw, l->n));
}
static inline uint64_t hash_slice(struct slice s) { return hash_bytes(s.p, s.n); }

#endif
