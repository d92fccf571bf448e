/* run.c - all checks on all hosts, and the score. */
#include "posture/posture_private.h"

#include <stdlib.h>

/* A critical failure weighs as much as ten low ones. */
static const unsigned weights[LEVEL_COUNT] = {[LEVEL_INFO] = 0, [LEVEL_LOW] = 1, [LEVEL_MEDIUM] = 2, [LEVEL_HIGH] = 5, [LEVEL_CRITICAL] = 10};

static const struct posture_waiver *waiver_for(const struct posture_options *opt, const struct posture_check *c, struct slice host)
{
	const struct posture_waivers *w = opt->waivers;
	for (size_t i = 0; w && i < w->n; i++)
		if (slice_eqz(w->v[i].check, c->id) && (slice_eqz(w->v[i].host, "*") || slice_ieq(w->v[i].host, host)) && w->v[i].until >= opt->now / 86400)
			return &w->v[i];
	return NULL;
}

static void run_one(struct posture_host *h, const struct posture_check *c, struct posture_row *r)
{
	host_begin(h);
	*r = (struct posture_row){.check = c, .host = h->s->host, .result = c->run(h)};
	r->text = h->said;
	r->found = h->found;
	r->nevidence = h->nevidence;
	r->evidence = arena_alloc(h->mem, (h->nevidence ? h->nevidence : 1) * sizeof *r->evidence);
	memcpy(r->evidence, h->evidence, h->nevidence * sizeof *r->evidence);
	if (r->result == POSTURE_FAIL || r->result == POSTURE_UNKNOWN)
		r->waiver = waiver_for(h->opt, c, r->host);
}

static void run_host(struct posture_host *h, const struct posture_check *checks, size_t nchecks, const bool *only, struct posture *out)
{
	host_prepare(h);
	for (size_t c = 0; c < nchecks; c++)
		if (!only || only[c])
			run_one(h, &checks[c], &out->v[out->n++]);
	host_close(h);
}

static void count(struct posture *p)
{
	uint64_t good = 0, all = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct posture_row *r = &p->v[i];
		unsigned w = weights[r->check->severity];
		p->count[r->result]++;
		p->waived += r->waiver != NULL;
		if (r->result == POSTURE_NOT_APPLICABLE)
			continue;
		all += w;
		good += r->result == POSTURE_PASS ? w : 0;
	}
	p->score = all ? 100.0 * (double)good / (double)all : 0;
}

int posture_run(const struct snapshot *const *hosts, size_t n, const bool *only, const struct posture_options *opt, struct posture *out, struct err *e)
{
	const struct posture_check *checks;
	size_t nchecks = posture_checks(&checks);
	*out = (struct posture){.now = opt->now, .nhosts = n, .waivers = opt->waivers};
	arena_init(&out->mem);
	if (!n)
		return err_set(e, ERR_USAGE, "no snapshot to judge");
	out->v = xcalloc(n, nchecks * sizeof *out->v);
	out->hosts = arena_alloc(&out->mem, n * sizeof *out->hosts);
	for (size_t i = 0; i < n; i++) {
		struct posture_host h = {.s = hosts[i], .all = hosts, .nall = n, .opt = opt, .mem = &out->mem};
		out->hosts[i] = hosts[i]->host;
		run_host(&h, checks, nchecks, only, out);
	}
	count(out);
	return 0;
}

void posture_free(struct posture *p)
{
	free(p->v);
	arena_free(&p->mem);
	*p = (struct posture){0};
}
