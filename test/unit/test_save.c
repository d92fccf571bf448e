/* test_save.c - what detectors and rules remember goes to bytes and back: the practice incident with a restart every few thousand
 * events gives the findings of an undisturbed run. Saved states that are cut or changed never break anything. */
#include "detect/detect.h"
#include "hunt/hunt.h"
#include "pipeline/pipeline.h"
#include "sigma/sigma.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct seen {
	struct { struct buf *v; size_t n, cap; } of; /* findings as bytes */
};
struct run {
	struct org *org;
	struct sigma_set *rules;
	struct detect *detect;
	struct hunt *hunt;
	uint64_t events, every;     /* restart after so many; 0 never */
	unsigned restarts, lost;
	size_t largest;
	struct seen seen;
	struct buf state;           /* the newest */
};

static void on_finding(void *arg, struct finding *f)
{
	struct run *r = arg;
	struct buf b = {0};
	finding_save(f, &b);
	*vec_push(&r->seen.of) = b;
	finding_free(f);
}

static void start(struct run *r)
{
	struct detect_options opt = {.org = r->org, .learning = 3 * NS_DAY, .path_budget = 3};
	struct hunt_options hopt = {.rules = r->rules, .org = r->org};
	r->detect = detect_new(&opt, on_finding, r);
	r->hunt = hunt_new(&hopt, on_finding, r);
}

/* Findings that are open go nowhere: they are in the saved state. */
static void drop(struct run *r)
{
	struct seen kept = r->seen;
	detect_free(r->detect);
	hunt_free(r->hunt);
	for (size_t i = kept.of.n; i < r->seen.of.n; i++)
		buf_free(&r->seen.of.v[i]);
	r->seen.of.n = kept.of.n;
}

static void restart(struct run *r)
{
	unsigned lost;
	r->state.n = 0;
	detect_save(r->detect, &r->state);
	size_t half = r->state.n;
	hunt_save(r->hunt, &r->state);
	r->largest = MAX(r->largest, r->state.n);
	drop(r);
	start(r);
	struct wire w = wire_of(slice_to(buf_slice(&r->state), half));
	assert_true(detect_load(r->detect, &w, &lost));
	r->lost += lost;
	w = wire_of(slice_from(buf_slice(&r->state), half));
	assert_true(hunt_load(r->hunt, &w, &lost));
	r->lost += lost;
	r->restarts++;
}

static int on_event(void *arg, const struct event *e)
{
	struct run *r = arg;
	detect_event(r->detect, e);
	hunt_event(r->hunt, e);
	if (r->every && ++r->events % r->every == 0)
		restart(r);
	return 0;
}

static void on_began(void *arg, struct slice host, nstime first)
{
	detect_began(((struct run *)arg)->detect, host, first);
}

static const char *root(const char *name, char path[static 4096])
{
	const char *base = getenv("POSTERN_SOURCE_ROOT");
	snprintf(path, 4096, "%s/%s", base ? base : ".", name);
	return path;
}

static void run_sample(struct run *r)
{
	char path[4096];
	struct err e;
	struct source_set set;
	struct pipeline_result res;
	const char *logs[] = {root("samples/practice-incident", path)};
	assert_int_equal(source_find(&set, logs, 1, NULL, &e), 0);
	start(r);
	struct decode_options d = {.now = (nstime)1790000000 * NS_SEC};
	detect_wants(r->detect, &d.want);
	sigma_wants(r->rules, &d.want);
	d.audit_records = sigma_wants_records(r->rules);
	d.json = true;
	struct decode_tables *t = decode_tables_new(&d, &e);
	assert_non_null(t);
	struct pipeline_options opt = {.tables = t, .org = r->org, .rules = r->rules, .threads = 1, .max_disorder = 5 * NS_MIN, .event = on_event, .began = on_began, .arg = r};
	assert_int_equal(pipeline_run(&set, &opt, &res, &e), 0);
	detect_finish(r->detect);
	hunt_finish(r->hunt);
	detect_free(r->detect);
	hunt_free(r->hunt);
	pipeline_result_free(&res);
	decode_tables_free(t);
	source_set_free(&set);
}

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(buf_slice(a), buf_slice(b));
}

static void forget(struct seen *s)
{
	for (size_t i = 0; i < s->of.n; i++)
		buf_free(&s->of.v[i]);
	free(s->of.v);
	*s = (struct seen){0};
}

static struct org *the_org;
static struct sigma_set *the_rules;
static struct buf a_state;

static int load(void **state)
{
	char path[4096];
	struct err e;
	(void)state;
	the_org = org_load(root("samples/practice-incident/org.yaml", path), &e);
	the_rules = sigma_new(&(struct sigma_options){0});
	return the_org && the_rules && !sigma_add_path(the_rules, root("rules", path), &e) && !sigma_seal(the_rules, &e) ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	buf_free(&a_state);
	sigma_free(the_rules);
	org_free(the_org);
	return 0;
}

static void test_restarts(void **state)
{
	(void)state;
	struct run whole = {.org = the_org, .rules = the_rules}, broken = {.org = the_org, .rules = the_rules, .every = 5003};
	run_sample(&whole);
	run_sample(&broken);
	assert_true(broken.restarts > 5);
	assert_int_equal(broken.lost, 0);
	if (whole.seen.of.n != broken.seen.of.n)
		print_message("%zu findings undisturbed, %zu with %u restarts\n", whole.seen.of.n, broken.seen.of.n, broken.restarts);
	assert_int_equal(whole.seen.of.n, broken.seen.of.n);
	assert_true(whole.seen.of.n > 20);
	qsort(whole.seen.of.v, whole.seen.of.n, sizeof *whole.seen.of.v, by_bytes);
	qsort(broken.seen.of.v, broken.seen.of.n, sizeof *broken.seen.of.v, by_bytes);
	for (size_t i = 0; i < whole.seen.of.n; i++) {
		struct wire a = wire_of(buf_slice(&whole.seen.of.v[i])), b = wire_of(buf_slice(&broken.seen.of.v[i]));
		struct finding *x = finding_load(&a), *y = finding_load(&b);
		assert_string_equal(x->uid, y->uid);
		assert_true(slice_eq(x->title, y->title));
		if (!slice_eq(x->text, y->text))
			print_message("%.*s\nnow\n%.*s\n", SLFMT(x->text), SLFMT(y->text));
		assert_true(slice_eq(x->text, y->text));
		assert_int_equal(x->count, y->count);
		assert_int_equal(x->nevidence, y->nevidence);
		finding_free(x);
		finding_free(y);
	}
	a_state = broken.state;
	forget(&whole.seen);
	forget(&broken.seen);
}

/* Any damage: no crash, no leak; a part that does not fit is left out. */
static void test_damage(void **state)
{
	(void)state;
	struct run r = {.org = the_org, .rules = the_rules};
	assert_true(a_state.n > 1000);
	srand(5);
	for (int i = 0; i < 60; i++) {
		struct buf b = {0};
		unsigned lost;
		buf_adds(&b, buf_slice(&a_state));
		if (i % 2)
			b.n = (size_t)rand() % b.n;
		for (int k = 0; k < i % 7 && b.n; k++)
			b.p[(size_t)rand() % b.n] ^= (char)(1 << (rand() % 8));
		start(&r);
		struct wire w = wire_of(buf_slice(&b));
		(void)detect_load(r.detect, &w, &lost);
		drop(&r);
		start(&r);
		w = wire_of(buf_slice(&b));
		(void)hunt_load(r.hunt, &w, &lost);
		drop(&r);
		buf_free(&b);
	}
	forget(&r.seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_restarts), cmocka_unit_test(test_damage)};
	return cmocka_run_group_tests(tests, load, unload);
}
