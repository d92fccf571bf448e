/* privilege_logs.c - what was used, out of logs, and who may come through the gate, out of its vault: for the verbs of postern privilege. */
#include "cmd/privilege_cmd.h"
#include "cmd/setup.h"
#include "gate/gate.h"
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- logs -------------------------------------------------------------------------------------------------------------- */

enum { NAMES_MAX = 4096 };
struct reader {
	struct privilege_inputs *in;
	struct lru *names; /* of hosts as logged, to that of the snapshot */
};

static bool same_label(struct slice a, struct slice b)
{
	struct ip ip;
	ssize_t x = slice_chr(a, '.'), y = slice_chr(b, '.');
	if (!ip_parse(a, &ip) && !ip_parse(b, &ip)) {
		a = slice_to(a, x > 0 ? (size_t)x : a.n);
		b = slice_to(b, y > 0 ? (size_t)y : b.n);
	}
	return slice_ieq(a, b);
}

/* The snapshot's name for the host that a log calls so: by that name, by the organisation's aliases, by what else the machine is called. */
static struct slice snapshot_name(const struct privilege_inputs *in, struct slice logged)
{
	for (size_t i = 0; i < in->n; i++)
		if (same_label(in->v[i]->host, logged))
			return in->v[i]->host;
	const struct org_host *h = org_host(in->setup->org, logged);
	for (size_t i = 0; h && i < in->n; i++)
		if (org_host(in->setup->org, in->v[i]->host) == h)
			return in->v[i]->host;
	for (size_t i = 0; i < in->n; i++)
		for (size_t k = 0; k < in->v[i]->names.n; k++)
			if (slice_ieq(in->v[i]->names.v[k], logged) && !slice_istarts(logged, SL("localhost")))
				return in->v[i]->host;
	return SLICE_NONE;
}

static int on_event(void *arg, const struct event *e)
{
	struct reader *r = arg;
	bool fresh;
	struct slice *name = lru_put(r->names, e->host, &fresh);
	if (fresh)
		*name = snapshot_name(r->in, e->host);
	if (!name->n) {
		usage_event(r->in->usage, e);
		return 0;
	}
	struct event named = *e;
	named.host = *name;
	usage_event(r->in->usage, &named);
	return 0;
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	progress_show(done, total, "reading logs");
}

static void tell_sources(struct usage *u, const struct source_set *set)
{
	uint32_t *log = xcalloc(set->files.n + 1, sizeof *log);
	for (size_t i = 0; i < set->streams.n; i++)
		for (size_t k = 0; k < set->streams.v[i].nfiles; k++)
			log[set->streams.v[i].files[k]] = (uint32_t)i;
	usage_sources(u, log, set->files.n);
	free(log);
}

static void tell_accounts(const struct privilege_inputs *in)
{
	for (size_t i = 0; i < in->n; i++)
		for (size_t k = 0; k < in->v[i]->naccounts; k++)
			usage_uid(in->usage, in->v[i]->host, in->v[i]->accounts[k].uid, in->v[i]->accounts[k].name);
}

static int run_pipeline(struct reader *r, struct setup *s)
{
	struct err e;
	struct pipeline_result res = {0};
	struct decode_tables *t = decode_tables_new(&s->decode, &e);
	if (!t) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	struct pipeline_options opt = {.tables = t, .org = s->org, .threads = s->threads, .max_disorder = 5 * NS_MIN, .event = on_event, .progress = on_progress, .arg = r,
		.this_host = s->this_host};
	int rc = pipeline_run(&s->set, &opt, &res, &e);
	progress_clear();
	for (size_t i = 0; i < res.nfiles; i++)
		r->in->lines += res.files[i].stats.lines;
	if (rc)
		complain_err(&e);
	pipeline_result_free(&res);
	decode_tables_free(t);
	return rc ? EXIT_INPUT : 0;
}

int privilege_logs_read(struct privilege_inputs *in, const struct args *logs)
{
	struct setup *s = in->setup;
	setup_look(s, logs);
	in->missing = s->missing ? s->missing : in->missing;
	in->usage = usage_new();
	usage_wants(&s->decode.want);
	tell_sources(in->usage, &s->set);
	tell_accounts(in);
	struct reader r = {in, lru_new(sizeof(struct slice), NAMES_MAX, NULL, NULL)};
	int rc = run_pipeline(&r, s);
	lru_free(r.names);
	usage_close(in->usage);
	setup_tell_problems(s, 20);
	return rc;
}

/* ---- grants ------------------------------------------------------------------------------------------------------------ */

static const struct gate_person *person_of(const struct gate_policy *p, struct slice id)
{
	for (size_t i = 0; id.n && i < p->npersons; i++)
		if (slice_eq(p->persons[i].id, id))
			return &p->persons[i];
	return NULL;
}

static bool suspended(const struct gate_policy *p, const struct gate_person *person, struct slice provider, nstime now)
{
	for (size_t i = 0; i < p->nproviders; i++)
		if (slice_eq(p->providers[i].id, provider))
			return p->providers[i].state == GATE_SUSPENDED || (p->providers[i].until != NSTIME_NONE && p->providers[i].until <= now) ||
				(person && person->state == GATE_SUSPENDED);
	return person && person->state == GATE_SUSPENDED;
}

static void take_grants(struct privilege_inputs *in, nstime now)
{
	const struct gate_policy *p = in->policy;
	size_t n = 0;
	for (size_t i = 0; i < p->ngrants; i++)
		n += p->grants[i].nhosts;
	in->grants = arena_alloc(&in->mem, (n + 1) * sizeof *in->grants);
	for (size_t i = 0; i < p->ngrants; i++) {
		const struct gate_grant *g = &p->grants[i];
		const struct gate_person *person = person_of(p, g->person);
		struct slice provider = person ? person->provider : g->provider;
		bool open = g->state == GRANT_APPROVED && !g->changed && g->from <= now && now < g->until && !suspended(p, person, provider, now);
		for (size_t k = 0; k < g->nhosts; k++)
			in->grants[in->ngrants++] = (struct privilege_grant){g->id, g->person, provider, g->hosts[k], g->account, g->from, g->until, open};
	}
}

void privilege_grants_read(struct privilege_inputs *in, const struct args *a)
{
	char file[4096];
	struct err e;
	struct vault *v;
	in->no_grants = "no gate state is there";
	if (!state_file(a, "gate.db", file, sizeof file) || (access(file, R_OK) && errno == ENOENT))
		return;
	in->no_grants = "the gate's state cannot be read by this user";
	if (access(file, R_OK))
		return;
	in->no_grants = "the gate's state cannot be used";
	if (!(v = vault_open(file, VAULT_READ, &e))) {
		complain_err(&e);
		return;
	}
	in->policy = xcalloc(1, sizeof *in->policy);
	int r = gate_policy_load(v, in->policy, &e);
	vault_close(v);
	if (!r) {
		in->no_grants = NULL;
		take_grants(in, in->setup->decode.now);
		return;
	}
	complain_err(&e);
	gate_policy_free(in->policy);
	free(in->policy);
	in->policy = NULL;
}
