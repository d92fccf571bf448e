/* privilege_logs.c - what was used, out of logs, and who may come through the gate, out of its vault: for the verbs of postern privilege. */
#include "cmd/privilege_cmd.h"
#include "cmd/gates.h"
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

static struct rotation rotation_of(const struct source_set *set, uint32_t file)
{
	struct rotation r;
	rotation_parse(slice_basename(set->files.v[file].path), &r);
	return r;
}

/* The usual time between dated files, when at least three tell it; 0: not known. */
static int64_t usual_step(const struct source_set *set, const struct stream_set *st)
{
	int64_t step = 0;
	size_t dated = 0;
	struct rotation before = {0};
	for (size_t i = 0; i < st->nfiles; i++) {
		struct rotation r = rotation_of(set, st->files[i]);
		if (r.class != ROTATION_DATED)
			continue;
		if (dated++ && r.key > before.key && (!step || r.key - before.key < step))
			step = r.key - before.key;
		before = r;
	}
	return dated >= 3 ? step : 0;
}

/* Can no file be missing between the two? Their numbers say so, or dates as far apart as any. */
static bool follows(const struct rotation *a, const struct rotation *b, int64_t step)
{
	if (b->class == ROTATION_CURRENT)
		return a->class == ROTATION_NUMBERED && a->key >= -1;
	if (a->class != b->class)
		return false;
	return a->class == ROTATION_NUMBERED ? b->key == a->key + 1 : step && b->key - a->key <= step;
}

static void tell_sources(struct usage *u, const struct source_set *set)
{
	struct usage_source *v = xcalloc(set->files.n + 1, sizeof *v);
	for (size_t i = 0; i < set->streams.n; i++) {
		const struct stream_set *st = &set->streams.v[i];
		int64_t step = usual_step(set, st);
		for (size_t k = 0; k < st->nfiles; k++) {
			struct rotation a = rotation_of(set, st->files[k ? k - 1 : 0]), b = rotation_of(set, st->files[k]);
			v[st->files[k]] = (struct usage_source){(uint32_t)i, (uint32_t)k, k && follows(&a, &b, step)};
		}
	}
	usage_sources(u, v, set->files.n);
	free(v);
}

static bool named(const struct args *logs, struct slice path)
{
	for (size_t i = 0; i < logs->noperands; i++)
		if (slice_eqz(path, logs->operand[i]))
			return true;
	return false;
}

/* What stands in the way of reading, and what it means for what the logs show. Empty files and odd orders are the ledger's of scan. */
static void tell_problems(struct usage *u, struct setup *s, const struct args *logs)
{
	size_t kept = 0;
	bool told = s->missing != 0; /* setup_look() said the first that was named and cannot be read */
	for (size_t i = 0; i < s->set.problems.n; i++) {
		const struct problem *p = &s->set.problems.v[i];
		bool bad = p->kind == PROBLEM_UNREADABLE || p->kind == PROBLEM_TRUNCATED || p->kind == PROBLEM_CORRUPT || p->kind == PROBLEM_BOMB || p->kind == PROBLEM_ENCRYPTED;
		if (!bad || (told && named(logs, p->path))) {
			told = told && !bad;
			continue;
		}
		for (size_t f = 0; f < s->set.files.n; f++)
			if (slice_eq(s->set.files.v[f].path, p->path))
				usage_broken(u, s->set.files.v[f].id);
		s->set.problems.v[kept++] = *p;
	}
	s->set.problems.n = kept;
	setup_tell_problems(s, 20);
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
	tell_problems(in->usage, s, logs);
	usage_close(in->usage);
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
		take_grants(in, gates_now()); /* a grant may have begun in this second */
		return;
	}
	complain_err(&e);
	gate_policy_free(in->policy);
	free(in->policy);
	in->policy = NULL;
}
