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

/* Total orders: equal keys are settled by the uid, so that the same evidence always reads the same. */
static int by_time(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return strcmp(x->uid, y->uid);
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

/* One finding alone is a story only when it is grave. */
static bool is_incident(const struct incidents *s, const uint32_t *cluster, uint32_t c, size_t *n)
{
	enum level worst = LEVEL_INFO;
	*n = 0;
	for (size_t i = 0; i < s->findings.n; i++)
		if (cluster[i] == c) {
			++*n;
			worst = MAX(worst, s->findings.v[i]->level);
		}
	return *n > 1 || (*n == 1 && worst >= LEVEL_HIGH);
}

static void build_one(struct incidents *s, const uint32_t *cluster, uint32_t c, size_t n)
{
	struct incident *in = vec_push(&s->list);
	memset(in, 0, sizeof *in);
	in->findings = arena_alloc(&s->mem, n * sizeof(struct finding *));
	for (size_t i = 0; i < s->findings.n; i++)
		if (cluster[i] == c) {
			in->findings[in->nfindings++] = s->findings.v[i];
			s->findings.v[i]->joined = true;
		}
	incident_tell(s, in);
}

void incidents_build(struct incidents *s)
{
	if (!s->findings.n)
		return;
	qsort(s->findings.v, s->findings.n, sizeof(struct finding *), by_time);
	uint32_t *cluster = incident_clusters(s);
	for (uint32_t c = 0; c < s->findings.n; c++) {
		size_t n;
		if (cluster[c] == c && is_incident(s, cluster, c, &n))
			build_one(s, cluster, c, n);
	}
	free(cluster);
	if (s->list.n)
		qsort(s->list.v, s->list.n, sizeof *s->list.v, incident_order);
	qsort(s->findings.v, s->findings.n, sizeof(struct finding *), by_level);
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
