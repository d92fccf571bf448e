/* make_state.c - a state folder as watch would leave it, made from logs: for tests of what reads the state.
 *
 * usage: make_state LOGS STATE [STEPS]
 *        make_state --many N STATE
 *
 * With --many there are N made-up incidents of every level, kind and status with two findings each, notes, and sources: for what has to be fast with many. Otherwise:
 *
 * Findings of LOGS (with LOGS/org.yaml) go through the book into STATE/postern.db, oldest first, in STEPS updates (default 1). Prints the ids
 * of the incidents. An existing state is added to, as after a restart.
 */
#include "detect/detect.h"
#include "incident/incident.h"
#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct making {
	struct detect *detect;
	struct { struct finding **v; size_t n, cap; } findings;
};

static int fail(const struct err *e)
{
	char text[1024];
	fprintf(stderr, "make_state: %s\n", err_format(e, text, sizeof text));
	return 1;
}

static void on_finding(void *arg, struct finding *f)
{
	struct making *m = arg;
	*vec_push(&m->findings) = f;
}

static int on_event(void *arg, const struct event *e)
{
	detect_event(((struct making *)arg)->detect, e);
	return 0;
}

static void on_began(void *arg, struct slice host, nstime first)
{
	detect_began(((struct making *)arg)->detect, host, first);
}

static int by_last(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	return x->last != y->last ? (x->last < y->last ? -1 : 1) : strcmp(x->uid, y->uid);
}

/* Evidence speaks in numbers of the state's sources. */
static int put_sources(struct making *m, struct store *s, const struct source_set *set, struct err *e)
{
	uint32_t *id = xcalloc(set->files.n + 1, sizeof *id);
	int rc = store_begin(s, e);
	for (size_t i = 0; i < set->files.n && !rc; i++) {
		struct store_source x = {.path = set->files.v[i].path, .host = set->files.v[i].host, .offset = set->files.v[i].bytes, .done = true};
		rc = store_source_put(s, &x, e);
		id[i] = x.id;
	}
	for (size_t i = 0; i < m->findings.n; i++)
		for (size_t k = 0; k < m->findings.v[i]->nevidence; k++)
			m->findings.v[i]->evidence[k].source = id[m->findings.v[i]->evidence[k].source];
	free(id);
	return rc ? rc : store_commit(s, e);
}

static int fill(struct making *m, struct store *s, const struct org *org, size_t steps, struct err *e)
{
	struct incident_book *b = incident_book_new(org);
	size_t done = 0;
	int rc = incident_book_load(b, s, INT64_MAX, e);
	if (m->findings.n) /* qsort(3) wants no NULL */
		qsort(m->findings.v, m->findings.n, sizeof(struct finding *), by_last);
	for (size_t step = 1; step <= steps && !rc; step++) {
		nstime now = 0;
		for (; done < m->findings.n * step / steps; done++) {
			now = m->findings.v[done]->last;
			incident_book_add(b, m->findings.v[done]);
			m->findings.v[done] = NULL;
		}
		rc = store_begin(s, e);
		if (!rc)
			rc = incident_book_update(b, s, now, NULL, NULL, e);
		if (!rc)
			rc = store_commit(s, e);
	}
	for (size_t i = 0; i < incident_book_count(b) && !rc; i++)
		printf("%s\n", incident_book_get(b, i)->id);
	incident_book_free(b);
	return rc;
}

/* Times without a zone are the organisation's, as in scan. */
static int zone(void *arg, nstime local)
{
	int first = org_utc_offset(arg, local);
	return org_utc_offset(arg, local - first * NS_SEC);
}

static int scan(struct making *m, struct source_set *set, const char *logs, struct org *org, struct err *e)
{
	const char *paths[] = {logs};
	struct detect_options opt = {.org = org, .learning = 3 * NS_DAY, .path_budget = 3};
	struct decode_options decode = {.now = (nstime)time(NULL) * NS_SEC};
	if (org_timezone(org).n) {
		decode.utc_offset = zone;
		decode.utc_arg = org;
	}
	struct pipeline_result r = {0};
	m->detect = detect_new(&opt, on_finding, m);
	detect_wants(m->detect, &decode.want);
	struct decode_tables *t = decode_tables_new(&decode, e);
	if (!t || source_find(set, paths, 1, NULL, e))
		return ERR_IO;
	struct pipeline_options p = {.tables = t, .org = org, .threads = 1, .max_disorder = 5 * NS_MIN, .event = on_event, .began = on_began, .arg = m};
	int rc = pipeline_run(set, &p, &r, e);
	detect_finish(m->detect);
	pipeline_result_free(&r);
	decode_tables_free(t);
	return rc;
}

/* ---- many, made up ------------------------------------------------------------------------------------------------------- */

static struct finding *made_up_finding(uint64_t i, unsigned k, nstime t)
{
	struct finding *f = finding_new();
	f->rule_id = SL("postern.made-up");
	f->rule_name = SL("Made up");
	f->level = (enum level)(i % LEVEL_COUNT);
	f->stage = (enum stage)((i + k) % STAGE_COUNT);
	f->first = t;
	f->last = t + NS_MIN;
	f->count = 1 + i % 50;
	finding_printf(f, &f->title, "Account svc-%llu did something for the %u. time on web%llu", (unsigned long long)(i % 500), k + 1, (unsigned long long)(i % 40));
	finding_printf(f, &f->text, "Nothing of this ever happened: it is number %llu of many.", (unsigned long long)i);
	char value[64], raw[200];
	snprintf(value, sizeof value, "web%llu", (unsigned long long)(i % 40));
	finding_entity(f, ENT_HOST, slice_of(value));
	snprintf(value, sizeof value, "svc-%llu", (unsigned long long)(i % 500));
	finding_entity(f, ENT_USER, slice_of(value));
	snprintf(value, sizeof value, "198.51.100.%llu", (unsigned long long)(i % 250));
	finding_entity(f, ENT_SOURCE, slice_of(value));
	snprintf(raw, sizeof raw, "Nov 26 12:00:00 web%llu sshd[%llu]: Accepted password for svc-%llu from 198.51.100.%llu port 4242 ssh2", (unsigned long long)(i % 40),
		(unsigned long long)i, (unsigned long long)(i % 500), (unsigned long long)(i % 250));
	finding_evidence_raw(f, 1 + (uint32_t)(i % 400), i * 100, t, slice_of(raw));
	finding_seal(f);
	return f;
}

static int put_made_up(struct store *s, uint64_t i, nstime now, struct err *e)
{
	static const char *const kinds[] = {"side-door", "lure", "intrusion", "suspicion"};
	nstime t = now - (nstime)(i + 1) * 7 * NS_MIN;
	char title[200];
	struct store_incident x = {.kind = slice_of(kinds[i % ARRAY_LEN(kinds)]), .reason = SL("its worst finding is made up"), .level = (enum level)(i % LEVEL_COUNT),
		.stages = (uint32_t)(2u << i % 8), .findings = 2, .first = t, .last = t + NS_HOUR, .opened = t, .updated = t + NS_HOUR, .closed = NSTIME_NONE};
	snprintf(title, sizeof title, "Made up: svc-%llu on web%llu, number %llu of many, with a title as long as titles are", (unsigned long long)(i % 500), (unsigned long long)(i % 40),
		(unsigned long long)i);
	x.title = slice_of(title);
	snprintf(x.id, sizeof x.id, "20261126T%06lluZ-%08llx", (unsigned long long)i, (unsigned long long)(i * 2654435761u & 0xffffffff));
	int rc = store_incident_put(s, &x, e);
	for (unsigned k = 0; k < 2 && !rc; k++) {
		struct finding *f = made_up_finding(i, k, t + k * NS_MIN);
		bool changed;
		rc = store_finding_put(s, f, &changed, e);
		if (!rc)
			rc = store_finding_join(s, f->uid, x.id, e);
		finding_free(f);
	}
	if (!rc && i % 3 == 0)
		rc = store_note_add(s, x.id, t, SL("alice"), slice_of(title), e);
	if (!rc && i % 2)
		rc = store_incident_decide(s, x.id, i % 4 == 1 ? INCIDENT_CLOSED : INCIDENT_FALSE, t + NS_HOUR, SL("alice"), SL("made up"), e);
	return rc;
}

static int many(struct store *s, uint64_t n, struct err *e)
{
	nstime now = (nstime)time(NULL) * NS_SEC;
	int rc = store_begin(s, e);
	for (uint64_t i = 0; i < 400 && !rc; i++) {
		char path[100], host[20];
		snprintf(path, sizeof path, "/var/log/%llu/auth.log", (unsigned long long)i);
		snprintf(host, sizeof host, "web%llu", (unsigned long long)(i % 40));
		struct store_source x = {.path = slice_of(path), .set = slice_of(path), .host = slice_of(host), .offset = 1, .seen = now - (nstime)i * NS_HOUR / 4};
		rc = store_source_put(s, &x, e);
	}
	for (uint64_t i = 0; i < n && !rc; i++)
		rc = put_made_up(s, i, now, e);
	return rc ? rc : store_commit(s, e);
}

static int main_many(const char *number, const char *state)
{
	struct err e = {0};
	char file[4096];
	uint64_t n;
	if (!slice_u64(slice_of(number), 1000000, &n))
		return 2;
	snprintf(file, sizeof file, "%s/postern.db", state);
	struct store *s = store_open(file, STORE_CREATE, &e);
	int rc = !s || many(s, n, &e) ? fail(&e) : 0;
	store_close(s);
	return rc;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--many") == 0)
		return main_many(argv[2], argv[3]);
	struct err e = {0};
	struct making m = {0};
	struct source_set set = {0};
	char file[4096];
	uint64_t steps = 1;
	if (argc < 3 || argc > 4 || (argc == 4 && (!slice_u64(slice_of(argv[3]), 1000, &steps) || !steps))) {
		fprintf(stderr, "usage: make_state LOGS STATE [STEPS]\n");
		return 2;
	}
	snprintf(file, sizeof file, "%s/org.yaml", argv[1]);
	struct org *org = org_load(file, &e);
	if (!org)
		return fail(&e);
	snprintf(file, sizeof file, "%s/postern.db", argv[2]);
	struct store *s = store_open(file, STORE_CREATE, &e);
	int rc = !s || scan(&m, &set, argv[1], org, &e) || put_sources(&m, s, &set, &e) || fill(&m, s, org, steps, &e) ? fail(&e) : 0;
	for (size_t i = 0; i < m.findings.n; i++)
		finding_free(m.findings.v[i]);
	free(m.findings.v);
	detect_free(m.detect);
	source_set_free(&set);
	store_close(s);
	org_free(org);
	return rc;
}
