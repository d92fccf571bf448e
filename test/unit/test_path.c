/* test_path.c - login paths: causes, means, owners, groups, budget; relations and cells against plain models. */
#include "path/path_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define START (20000 * NS_DAY)

static unsigned no_grant(void *arg, struct slice account, struct slice host)
{
	(void)arg;
	return slice_eq(account, SL("prov")) ? slice_eq(host, SL("web1")) ? 1 : 2 : 0;
}

static struct path *engine(double budget)
{
	struct path_options o = {.learning = 14 * NS_DAY, .budget = budget, .grant = no_grant};
	return path_new(&o);
}

static struct path_verdict login(struct path *p, nstime t, const char *who, const char *from, enum path_place place, const char *to, const char *key)
{
	static uint32_t port = 1024;
	struct path_verdict v = {0};
	struct path_login l = {.time = t, .account = slice_of(who), .person = slice_of(who), .source = slice_of(from), .host = slice_of(to), .place = place,
		.method = slice_of(key ? "publickey" : "password"), .key = slice_of(key), .port = ++port, .pid = port};
	path_login(p, &l, &v);
	v.hop[PATH_HOPS - 1].port = port; /* for the test: how to end it */
	return v;
}

static void end(struct path *p, nstime t, const char *host, const struct path_verdict *v)
{
	path_ended(p, t, slice_of(host), v->hop[PATH_HOPS - 1].port, SLICE_NONE, 0);
}

/* Twenty ordinary days: a and b each work from their own machines on web1, b on db1. */
static nstime ordinary(struct path *p)
{
	for (int d = 0; d < 20; d++) {
		nstime t = START + d * NS_DAY;
		struct path_verdict x = login(p, t, "a", "pc-a", PATH_CLIENT, "web1", "key-a"), y;
		end(p, t + NS_HOUR, "web1", &x);
		y = login(p, t + 2 * NS_HOUR, "b", "pc-b", PATH_CLIENT, "web1", "key-b");
		end(p, t + 3 * NS_HOUR, "web1", &y);
		y = login(p, t + 4 * NS_HOUR, "b", "pc-b", PATH_CLIENT, "db1", "key-b");
		end(p, t + 5 * NS_HOUR, "db1", &y);
	}
	return START + 20 * NS_DAY;
}

static void test_levels(void **state)
{
	(void)state;
	struct path *p = engine(3);
	nstime t = ordinary(p);
	struct path_verdict a = login(p, t, "a", "pc-a", PATH_CLIENT, "web1", "key-a");
	assert_int_equal(a.level, PATH_OWN);
	assert_true(a.habit);
	struct path_verdict v = login(p, t + NS_MIN, "a", "web1", PATH_SERVER, "db1", "key-a");
	assert_int_equal(v.level, PATH_OWN);
	assert_int_equal(v.nhops, 2);
	assert_true(slice_eq(v.hop[0].source, SL("pc-a")));
	assert_false(v.alert);
	v = login(p, t + 2 * NS_MIN, "b", "web1", PATH_SERVER, "db1", NULL);
	assert_int_equal(v.level, PATH_LEFT_OTHERS); /* b was there 22 hours ago */
	assert_int_equal(v.means, PATH_TYPED);
	assert_true(v.switched && v.alert);
	assert_true(slice_eq(v.other, SL("a")));
	v = login(p, t + 3 * NS_MIN, "c", "web1", PATH_SERVER, "db1", "key-c");
	assert_int_equal(v.level, PATH_OTHERS);
	end(p, t + 4 * NS_MIN, "web1", &a);
	v = login(p, t + 5 * NS_MIN, "a", "web1", PATH_SERVER, "db2", "key-a");
	assert_int_equal(v.level, PATH_LEFT);
	assert_int_equal(v.means, PATH_AWAY_KEY); /* the agent went with the session */
	v = login(p, t + 6 * NS_MIN, "d", "web1", PATH_SERVER, "db2", "key-d");
	assert_int_equal(v.level, PATH_NOBODY);
	v = login(p, t + 7 * NS_MIN, "d", "web1", PATH_SERVER, "web1", "key-d");
	assert_int_equal(v.nhops, 0); /* to itself: not judged */
	path_free(p);
}

static void test_gateway_and_boot(void **state)
{
	(void)state;
	struct path *p = engine(3);
	nstime t = ordinary(p);
	login(p, t, "a", "pc-a", PATH_CLIENT, "jump", "key-a");
	struct path_verdict v = login(p, t + NS_MIN, "a", "jump", PATH_GATEWAY, "db1", "key-a");
	assert_int_equal(v.level, PATH_OWN);
	assert_int_equal(v.nhops, 2);
	v = login(p, t + NS_MIN, "b", "jump", PATH_GATEWAY, "db1", "key-b");
	assert_int_equal(v.level, PATH_NOBODY); /* no switch at a gateway, but nobody of that name either */
	path_booted(p, t + 2 * NS_MIN, SL("jump"));
	v = login(p, t + 3 * NS_MIN, "a", "jump", PATH_GATEWAY, "db1", "key-a");
	assert_int_equal(v.level, PATH_LEFT);
	path_free(p);
}

static void test_owner(void **state)
{
	(void)state;
	struct path *p = engine(3);
	nstime t = ordinary(p);
	struct path_verdict v = login(p, t, "b", "pc-a", PATH_CLIENT, "db1", "key-b");
	assert_int_equal(v.level, PATH_OTHERS);
	assert_true(slice_eq(v.other, SL("a")));
	for (int d = 1; d <= 4; d++) { /* the machine changes hands */
		v = login(p, t + d * NS_DAY, "b", "pc-a", PATH_CLIENT, "db1", "key-b");
	}
	assert_int_equal(v.level, PATH_OWN);
	v = login(p, t + 5 * NS_DAY, "x", "pc-new", PATH_CLIENT, "db1", "key-x");
	assert_int_equal(v.level, PATH_OWN); /* nobody is known to own it */
	path_free(p);
}

static void test_keys_and_root(void **state)
{
	(void)state;
	struct path *p = engine(3);
	nstime t = ordinary(p);
	login(p, t, "a", "pc-a", PATH_CLIENT, "web1", "key-a");
	path_became(p, t + NS_MIN, SL("web1"), SL("a"), SL("b"));
	struct path_verdict v = login(p, t + 2 * NS_MIN, "b", "web1", PATH_SERVER, "db1", "key-b");
	assert_int_equal(v.means, PATH_AWAY_KEY);
	assert_int_equal(v.root, 2);
	v = login(p, t + 3 * NS_HOUR, "b", "web1", PATH_SERVER, "db2", "key-other");
	assert_int_equal(v.means, PATH_NEW_KEY);
	assert_int_equal(v.key, 3);
	assert_int_equal(v.root, 0); /* an hour has passed */
	v = login(p, t + 4 * NS_HOUR, "prov", "ext", PATH_OUTSIDE, "web1", "key-p");
	assert_int_equal(v.level, PATH_OWN);
	path_free(p);
}

/* What goes on from a login that was told is the same story; a grant says how far a provider's session may be the cause. */
static void test_story(void **state)
{
	(void)state;
	struct path *p = engine(3);
	nstime t = ordinary(p);
	login(p, t, "prov", "198.51.100.7", PATH_OUTSIDE, "web1", "key-p");
	struct path_verdict v = login(p, t + NS_MIN, "a", "web1", PATH_SERVER, "db1", NULL), w;
	assert_true(v.alert);
	assert_int_equal(v.breach, 2);
	w = login(p, t + 2 * NS_MIN, "a", "db1", PATH_SERVER, "db2", NULL);
	assert_true(w.alert);
	assert_string_equal(v.group, w.group);
	assert_int_equal(w.nhops, 3);
	assert_true(slice_eq(w.hop[0].source, SL("198.51.100.7")));
	path_free(p);
}

static void test_learning(void **state)
{
	(void)state;
	struct path *p = engine(3);
	login(p, START, "a", "pc-a", PATH_CLIENT, "web1", "key-a");
	struct path_verdict v = login(p, START + NS_MIN, "b", "web1", PATH_SERVER, "db1", NULL);
	assert_false(v.alert);
	assert_false(path_learnt(p));
	v = login(p, START + 15 * NS_DAY, "b", "web1", PATH_SERVER, "db1", NULL);
	assert_true(path_learnt(p));
	path_free(p);
	p = engine(0); /* no budget: nothing is told */
	nstime t = ordinary(p);
	login(p, t, "a", "pc-a", PATH_CLIENT, "web1", "key-a");
	v = login(p, t + 2 * NS_MIN, "b", "web1", PATH_SERVER, "db1", NULL);
	assert_false(v.alert);
	path_free(p);
}

static void test_budget(void **state)
{
	(void)state;
	struct budget *b = budget_new(2);
	bool first;
	for (int d = 0; d < 10; d++) {
		for (uint64_t g = 1; g <= 10; g++) {
			budget_add(b, g, (double)g, &first);
			assert_true(first);
			budget_add(b, g, (double)g / 2, &first);
			assert_false(first);
		}
		budget_day(b);
	}
	assert_true(budget_threshold(b) == 9.0); /* the two best of each day reach it */
	budget_free(b);
}

/* Relations against a table of days. */
static void test_relations(void **state)
{
	enum { KEYS = 300, DAYS = 120 };
	static bool seen[KEYS][DAYS + 1];
	struct relations r;
	(void)state;
	memset(seen, 0, sizeof seen);
	relations_init(&r, WINDOW);
	srand(7);
	for (unsigned day = 0; day < DAYS; day++) {
		for (int i = 0; i < 200; i++) {
			uint32_t k = (uint32_t)(rand() % KEYS);
			if (rand() % 3)
				continue;
			assert_non_null(relations_touch(&r, relation_key(1, k, k / 7, 3), day));
			seen[k][day] = true;
		}
		/* much that comes once, so that the table has to make room */
		for (uint32_t i = 0; i < 500; i++)
			relations_touch(&r, relation_key(2, day, i, 0), day);
		for (uint32_t k = 0; k < KEYS; k++) {
			unsigned n = 0;
			bool any = false;
			for (unsigned d = day > WINDOW ? day - WINDOW : 0; d <= day; d++) {
				n += seen[k][d] && d < day;
				any |= seen[k][d];
			}
			const struct relation *x = relations_find(&r, relation_key(1, k, k / 7, 3));
			assert_int_equal(relation_days(x, day), n);
			assert_int_equal(relation_seen(x, day, WINDOW), any);
		}
	}
	assert_int_equal(r.forgotten, 0);
	assert_true(r.mask < 1 << 16); /* what is old made room for what is new */
	relations_free(&r);
}

/* Sums against counting. */
static void test_cells(void **state)
{
	enum { N = 400 };
	static const uint8_t size[AXES] = {PATH_LEVELS, 3, 3, 4, 6, 8, 3, 6};
	static struct oddness all[N];
	struct cells *c = cells_new();
	(void)state;
	srand(11);
	for (int i = 0; i < N; i++) {
		for (int a = 0; a < AXES; a++)
			all[i].v[a] = (uint8_t)(rand() % size[a] * (rand() % 2));
		cells_add(c, PATH_SERVER, &all[i]);
	}
	for (int i = 0; i < N; i++) {
		int n = 0;
		for (int k = 0; k < N; k++) {
			bool worse = true;
			for (int a = 0; a < AXES; a++)
				worse &= all[k].v[a] >= all[i].v[a];
			n += worse;
		}
		double want = n + 0.3, got = cells_rate(c, PATH_SERVER, &all[i]);
		assert_true(got > want * 0.999 && got < want * 1.001);
	}
	for (int d = 0; d < 40; d++)
		cells_day(c);
	struct oddness none = {{0}};
	assert_true(cells_rate(c, PATH_SERVER, &none) < N / 40.0);
	cells_free(c);
}

/* Any order of anything: nothing breaks, memory stays within its tables. */
static void test_noise(void **state)
{
	(void)state;
	struct path *p = engine(5);
	char who[16], from[16], to[16], key[16];
	srand(3);
	for (int i = 0; i < 60000; i++) {
		nstime t = START + (nstime)i * 40 * NS_SEC + (rand() % 100 ? 0 : (rand() % 200 - 100) * NS_HOUR);
		snprintf(who, sizeof who, "u%d", rand() % 50);
		snprintf(from, sizeof from, "h%d", rand() % 40);
		snprintf(to, sizeof to, "h%d", rand() % 40);
		snprintf(key, sizeof key, "k%d", rand() % 60);
		struct path_verdict v = login(p, t, who, from, (enum path_place)(rand() % PATH_PLACES), to, rand() % 3 ? key : NULL);
		assert_true(v.score >= 0 && v.score < 1000 && v.nhops <= PATH_HOPS);
		if (rand() % 3)
			end(p, t + NS_MIN, to, &v);
		if (rand() % 10 == 0)
			path_became(p, t, slice_of(to), slice_of(who), SL("root"));
		if (rand() % 5000 == 0)
			path_booted(p, t, slice_of(to));
	}
	path_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels), cmocka_unit_test(test_gateway_and_boot), cmocka_unit_test(test_owner), cmocka_unit_test(test_keys_and_root),
		cmocka_unit_test(test_story), cmocka_unit_test(test_learning), cmocka_unit_test(test_budget), cmocka_unit_test(test_relations),
		cmocka_unit_test(test_cells), cmocka_unit_test(test_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
