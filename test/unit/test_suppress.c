/* test_suppress.c - suppressions learnt from incidents closed as false: narrow, dated, revocable. */
#include "hunt/hunt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW (civil_seconds(2026, 11, 26, 12, 0, 0) * NS_SEC)

static struct finding *finding(const char *rule, const char *host, const char *user, enum level level)
{
	struct finding *f = finding_new();
	f->rule_id = slice_of(rule);
	f->level = level;
	finding_entity(f, ENT_HOST, slice_of(host));
	finding_entity(f, ENT_USER, slice_of(user));
	finding_entity(f, ENT_SOURCE, SL("203.0.113.9"));
	return f;
}

static bool taken(struct suppressions *s, struct finding *f, nstime now)
{
	bool yes = suppressions_take(s, f, now) != NULL;
	finding_free(f);
	return yes;
}

static int64_t add(struct store *st, const char *user, nstime until)
{
	struct err e;
	struct store_suppression x = {.rule = SL("postern.new-login"), .host = SL("web1"), .user = slice_of(user), .source = SL("203.0.113.9"), .reason = SL("why"),
		.author = SL("alice"), .incident = "i1", .created = NOW, .until = until, .revoked = NSTIME_NONE};
	assert_int_equal(store_suppression_add(st, &x, &e), 0);
	return x.id;
}

static void test_learn(void **state)
{
	(void)state;
	struct err e;
	char folder[] = "/tmp/postern-suppress-XXXXXX", file[64], command[64];
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/postern.db", folder);
	struct store *st = store_open(file, STORE_CREATE, &e);
	assert_non_null(st);
	struct suppressions *s = suppressions_read(SL("suppressions:\n  - rule: postern.tunnel\n    reason: known\n    until: 2027-01-01\n"), "f.yaml", &e);
	assert_non_null(s);
	int64_t bob = add(st, "bob", NOW + NS_DAY);
	add(st, "carol", NOW - 1); /* over */
	assert_int_equal(suppressions_learn(s, st, NOW, &e), 0);
	assert_int_equal(suppressions_count(s), 2);
	assert_true(taken(s, finding("postern.new-login", "web1", "bob", LEVEL_HIGH), NOW));
	assert_false(taken(s, finding("postern.new-login", "web1", "bob", LEVEL_CRITICAL), NOW));
	assert_false(taken(s, finding("postern.new-login", "web2", "bob", LEVEL_HIGH), NOW));
	assert_false(taken(s, finding("postern.brute-force", "web1", "bob", LEVEL_HIGH), NOW));
	assert_false(taken(s, finding("postern.new-login", "web1", "carol", LEVEL_HIGH), NOW));
	assert_false(taken(s, finding("postern.new-login", "web1", "bob", LEVEL_HIGH), NOW + NS_DAY)); /* its last day is over */
	assert_true(taken(s, finding("postern.tunnel", "web9", "dave", LEVEL_CRITICAL), NOW));         /* of the file: that is meant */
	assert_int_equal(suppressions_learn(s, st, NOW, &e), 0);
	assert_int_equal(suppressions_get(s, 0)->used, 1); /* counted on */
	assert_int_equal(suppressions_get(s, 1)->used, 1);
	assert_int_equal(store_suppression_revoke(st, bob, NOW, &e), 0);
	assert_int_equal(suppressions_learn(s, st, NOW, &e), 0);
	assert_int_equal(suppressions_count(s), 1);
	assert_false(taken(s, finding("postern.new-login", "web1", "bob", LEVEL_HIGH), NOW));
	suppressions_free(s);
	store_close(st);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_learn)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
