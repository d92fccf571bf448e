#include "incident/incident_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct incidents *incidents_new(const struct org *org)
{
	struct incidents *s = xcalloc(1, sizeof *s);
	s->org = org;
	arena_init(&s->mem);
	return s;
}

void incidents_free(struct incidents *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->findings.n; i++)
		finding_free(s->findings.v[i]);
	free(s->findings.v);
	free(s->list.v);
	arena_free(&s->mem);
	free(s);
}

void incidents_add(struct incidents *s, struct finding *f)
{
	*vec_push(&s->findings) = f;
}

void incident_printf(struct incidents *s, struct slice *out, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	*out = SLICE_NONE;
	if (n > 0) {
		char *p = arena_alloc(&s->mem, (size_t)n + 1);
		vsnprintf(p, (size_t)n + 1, fmt, again);
		*out = slice_make(p, (size_t)n);
	}
	va_end(again);
}

int incident_by_time(const struct finding *a, const struct finding *b)
{
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return strcmp(a->uid, b->uid);
}

static int by_time(const void *a, const void *b)
{
	return incident_by_time(*(struct finding *const *)a, *(struct finding *const *)b);
}

static int by_level(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	return x->level != y->level ? (int)y->level - (int)x->level : by_time(a, b);
}

static int incident_order(const void *a, const void *b)
{
	const struct incident *x = a, *y = b;
	if (x->level != y->level)
		return (int)y->level - (int)x->level;
	if (x->nstages != y->nstages)
		return x->nstages > y->nstages ? -1 : 1;
	return strcmp(x->id, y->id);
}

bool incident_worth(size_t findings, enum level worst)
{
	return findings > 1 || (findings == 1 && worst >= LEVEL_HIGH);
}

struct incident *incident_make(struct incidents *s, struct finding *const *v, size_t n)
{
	struct incident *in = vec_push(&s->list);
	memset(in, 0, sizeof *in);
	in->findings = arena_alloc(&s->mem, n * sizeof(struct finding *));
	in->nfindings = n;
	for (size_t i = 0; i < n; i++) {
		in->findings[i] = v[i];
		v[i]->joined = true;
	}
	incident_tell(s, in);
	return in;
}

/* cluster is sorted out into `members`, each cluster's together. */
static void build_clusters(struct incidents *s, const uint32_t *cluster, struct finding **members)
{
	size_t n = s->findings.n, *end = xcalloc(n + 1, sizeof *end);
	enum level *worst = xcalloc(n, sizeof *worst);
	for (size_t i = 0; i < n; i++)
		if (cluster[i] != UINT32_MAX) {
			end[cluster[i] + 1]++;
			worst[cluster[i]] = MAX(worst[cluster[i]], s->findings.v[i]->level);
		}
	for (size_t c = 0; c < n; c++)
		end[c + 1] += end[c];
	for (size_t i = 0; i < n; i++)
		if (cluster[i] != UINT32_MAX)
			members[end[cluster[i]]++] = s->findings.v[i];
	for (size_t c = 0, from = 0; c < n; from = end[c++])
		if (incident_worth(end[c] - from, worst[c]))
			incident_make(s, members + from, end[c] - from);
	free(worst);
	free(end);
}

static uint32_t *clusters_of(const struct incidents *s)
{
	size_t n = s->findings.n;
	struct joinable *j = xcalloc(n, sizeof *j);
	const struct joinable **v = xcalloc(n, sizeof *v);
	for (size_t i = 0; i < n; i++) {
		j[i].f = s->findings.v[i];
		incident_keys(s->org, &j[i]);
		v[i] = &j[i];
	}
	uint32_t *cluster = incident_clusters(v, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		free(j[i].key);
	free(v);
	free(j);
	return cluster;
}

void incidents_build(struct incidents *s)
{
	if (!s->findings.n)
		return;
	qsort(s->findings.v, s->findings.n, sizeof(struct finding *), by_time);
	uint32_t *cluster = clusters_of(s);
	struct finding **members = xcalloc(s->findings.n, sizeof(struct finding *));
	build_clusters(s, cluster, members);
	free(members);
	free(cluster);
	if (s->list.n)
		qsort(s->list.v, s->list.n, sizeof *s->list.v, incident_order);
	qsort(s->findings.v, s->findings.n, sizeof(struct finding *), by_level);
}

void incidents_build_as(struct incidents *s, const char *id, const char *follows)
{
	if (!s->findings.n)
		return;
	qsort(s->findings.v, s->findings.n, sizeof(struct finding *), by_time);
	incident_named(s, incident_make(s, s->findings.v, s->findings.n), id, follows);
	qsort(s->findings.v, s->findings.n, sizeof(struct finding *), by_level);
}

void incident_named(struct incidents *s, struct incident *in, const char *id, const char *follows)
{
	snprintf(in->id, sizeof in->id, "%s", id);
	snprintf(in->follows, sizeof in->follows, "%s", follows);
	if (*follows)
		incident_printf(s, &in->level_reason, "%.*s; this is new evidence after incident %s was closed", SLFMT(in->level_reason), follows);
}

size_t incidents_count(const struct incidents *s)
{
	return s->list.n;
}

const struct incident *incidents_get(const struct incidents *s, size_t i)
{
	return i < s->list.n ? &s->list.v[i] : NULL;
}

size_t incidents_findings(const struct incidents *s)
{
	return s->findings.n;
}

const struct finding *incidents_finding(const struct incidents *s, size_t i)
{
	return i < s->findings.n ? s->findings.v[i] : NULL;
}
