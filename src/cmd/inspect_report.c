/* inspect_report.c - postern inspect --report-as: who reported what, and the finding that joins it with what others reported and what endpoints logged. */
#include "cmd/inspect_report.h"
#include "cmd/state.h"
#include "inspect/inspect.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPORTS_MAX = 1000 /* of one run */ };

struct one { struct finding *f; struct slice verdict, name, sender, recipient, hashes; };
struct inspect_report {
	const char *who;
	const struct org *org;
	nstime now;
	pthread_mutex_t lock;
	struct { struct one *v; size_t n, cap; } list;
	size_t left_out;
};

struct inspect_report *inspect_report_new(const char *who, const struct org *org)
{
	struct slice name = slice_of(who);
	bool plain = name.n && name.n <= 200 && slice_utf8(name);
	for (size_t i = 0; i < name.n; i++)
		plain = plain && (uint8_t)name.p[i] > ' ' && name.p[i] != 0x7f;
	if (!plain) {
		complain("--report-as: an account or mail address, without blanks");
		return NULL;
	}
	struct inspect_report *r = xcalloc(1, sizeof *r);
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	pthread_mutex_init(&r->lock, NULL);
	r->who = who;
	r->org = org;
	r->now = (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
	return r;
}

void inspect_report_free(struct inspect_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->list.n; i++)
		finding_free(r->list.v[i].f);
	free(r->list.v);
	free(r);
}

static void keep(struct inspect_report *r, const struct one *one)
{
	pthread_mutex_lock(&r->lock);
	bool room = r->list.n < REPORTS_MAX;
	if (room)
		*vec_push(&r->list) = *one;
	else
		r->left_out++;
	pthread_mutex_unlock(&r->lock);
	if (!room)
		finding_free(one->f);
}

void inspect_report_add(struct inspect_report *r, struct slice name, const struct lure *l, const struct lure_verdict *v)
{
	const struct lure_object *o;
	struct arena mem;
	struct inspect_told told;
	struct buf key = {0};
	if (!lure_objects(l, &o))
		return;
	arena_init(&mem);
	inspect_tell(l, v, name, &mem, &told);
	buf_addf(&key, "%s %s", r->who, o[0].sha256);
	struct finding *f = inspect_report_finding(&(struct inspect_report_of){.who = slice_of(r->who), .org = r->org, .now = r->now, .key = buf_slice(&key), .least = LEVEL_MEDIUM}, &told, 1);
	keep(r, &(struct one){.f = f, .verdict = slice_of(verdict_name(v->verdict)), .name = slice_dup(&f->mem, told.name), .sender = slice_dup(&f->mem, told.sender),
		.recipient = slice_dup(&f->mem, told.recipient), .hashes = slice_dup(&f->mem, told.hashes)});
	buf_free(&key);
	arena_free(&mem);
}

static int write_all(struct inspect_report *r, struct state *s, size_t *fresh, struct err *e)
{
	int rc = store_begin(s->store, e);
	for (size_t i = 0; i < r->list.n && !rc; i++) {
		const struct one *x = &r->list.v[i];
		struct store_report row = {.time = r->now, .who = slice_of(r->who), .verdict = x->verdict, .name = x->name, .sender = x->sender, .recipient = x->recipient, .hashes = x->hashes};
		bool is_new;
		snprintf(row.uid, sizeof row.uid, "%s", x->f->uid);
		rc = store_report_add(s->store, &row, x->f, &is_new, e);
		*fresh += !rc && is_new;
	}
	return rc;
}

int inspect_report_send(struct inspect_report *r, const struct args *a)
{
	struct state s;
	struct err e;
	size_t fresh = 0;
	int rc = state_open(&s, a, STORE_WRITE, NULL);
	if (!rc && write_all(r, &s, &fresh, &e))
		rc = state_failed(&s, &e);
	if (!rc && fresh) {
		struct buf b = {0};
		buf_addf(&b, "%zu reported, %zu of them new", r->list.n, fresh);
		rc = state_commit(&s, "report", r->who, buf_slice(&b));
		buf_free(&b);
	}
	if (!rc && !fresh)
		store_rollback(s.store);
	state_close(&s);
	if (!rc && r->left_out)
		complain("only the first %d were reported, %zu were not", REPORTS_MAX, r->left_out);
	return rc;
}
