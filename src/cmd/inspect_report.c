/* inspect_report.c - postern inspect --report-as: who reported what, and the finding that joins it with what others reported and what endpoints logged. */
#include "cmd/inspect_report.h"
#include "cmd/state.h"
#include "incident/incident.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPORTS_MAX = 1000 /* of one run */, HASHES_MAX = 40, SITES_MAX = 5 };

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

static void add_hashes(struct one *one, const struct lure *l)
{
	const struct lure_object *o;
	size_t n = lure_objects(l, &o), hashes = 0;
	struct buf b = {0};
	for (size_t i = 0; i < n && hashes < HASHES_MAX; i++) {
		if (!lure_is_telling(&o[i]))
			continue;
		finding_entity(one->f, ENT_HASH, slice_of(o[i].sha256));
		if (o[i].parent != UINT32_MAX && o[i].how != LURE_DECODED && o[i].type != LT_EML)
			finding_entity(one->f, ENT_FILE, slice_to(slice_basename(o[i].name), 200));
		buf_addf(&b, "%s%s", hashes++ ? " " : "", o[i].sha256);
	}
	one->hashes = slice_dup(&one->f->mem, buf_slice(&b));
	buf_free(&b);
}

static void add_person(struct inspect_report *r, struct finding *f, struct slice name)
{
	const struct org_person *p = org_person_by_mail(r->org, name);
	p = p ? p : org_person_by_account(r->org, name);
	if (!p)
		return;
	finding_entity(f, ENT_PERSON, p->name);
	for (size_t i = 0; i < p->naccounts; i++) /* who opens it does it as one of these */
		finding_entity(f, ENT_USER, p->accounts[i]);
}

/* persons: of what nothing is wrong with, only the same sender or file tells that it belongs to something; not that the same person reported both. */
static void add_facts(struct inspect_report *r, struct one *one, const struct lure *l, bool persons)
{
	const struct lure_note *n;
	size_t count = lure_notes(l, &n), sites = 0;
	for (size_t i = 0; i < count && n[i].object == 0; i++) {
		if (persons && strcmp(n[i].name, "mail.recipient") == 0)
			add_person(r, one->f, n[i].value);
		else if (strcmp(n[i].name, "mail.linked") == 0 && sites++ < SITES_MAX)
			finding_entity(one->f, ENT_DOMAIN, n[i].value);
	}
	one->sender = slice_dup(&one->f->mem, lure_fact_of(l, 0, "mail.from"));
	one->recipient = slice_dup(&one->f->mem, lure_fact_of(l, 0, "mail.recipient"));
	finding_entity(one->f, ENT_MAIL, one->sender);
	if (persons)
		add_person(r, one->f, slice_of(r->who));
}

static void add_reasons(struct finding *f, const struct lure *l, const struct lure_verdict *v)
{
	const struct combination_info *c;
	const struct lure_finding *found;
	size_t n = lure_findings(l, &found);
	struct buf b = {0};
	combinations(&c);
	for (size_t i = 0; i < v->ncombinations; i++)
		buf_addf(&b, "%s%s", b.n ? ", " : "", c[v->combinations[i]].id);
	for (size_t i = 0; i < MIN(v->nreasons, (size_t)8) && v->reasons[i] < n; i++)
		buf_addf(&b, "%s%s (%.*s)", b.n ? ", " : "", indicator_table[found[v->reasons[i]].indicator].id, SLFMT(slice_to(found[v->reasons[i]].evidence, 80)));
	finding_printf(f, &f->text, "%s%.*s.", b.n ? "Seen in it: " : "Nothing was seen in it that means harm; somebody thought otherwise", SLFMT(buf_slice(&b)));
	buf_free(&b);
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
	static const enum level levels[] = {[VERDICT_CLEAN] = LEVEL_MEDIUM /* somebody thought otherwise */, [VERDICT_CANNOT_TELL] = LEVEL_MEDIUM, [VERDICT_SUSPICIOUS] = LEVEL_MEDIUM, [VERDICT_LURE] = LEVEL_HIGH};
	static const char *const techniques[] = {"T1566", NULL};
	const struct lure_object *o;
	if (!lure_objects(l, &o))
		return;
	struct finding *f = finding_new();
	struct one one = {.f = f, .verdict = slice_of(verdict_name(v->verdict)), .name = slice_dup(&f->mem, slice_basename(name))};
	struct buf key = {0};
	f->rule_id = SL(INCIDENT_REPORT_RULE);
	f->rule_name = SL("Reported by an Employee");
	f->level = levels[v->verdict];
	f->first = f->last = r->now;
	f->count = 1;
	f->techniques = techniques;
	add_facts(r, &one, l, v->verdict != VERDICT_CLEAN);
	add_hashes(&one, l);
	if (!finding_get(f, ENT_FILE).n)
		finding_entity(f, ENT_FILE, one.name);
	finding_printf(f, &f->title, "%s reported %.*s%s%.*s: %s", r->who, SLFMT(finding_get(f, ENT_FILE)), one.sender.n ? " from " : "", SLFMT(one.sender), verdict_name(v->verdict));
	add_reasons(f, l, v);
	buf_addf(&key, "%s %s", r->who, o[0].sha256);
	finding_name(f, buf_slice(&key), 0);
	buf_free(&key);
	keep(r, &one);
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
