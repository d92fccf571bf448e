/* test_privilege_use.c - which rule let a logged command through: one rule (and a later one) against one command, as a table. */
#include "privilege/privilege.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY0 ((nstime)20000 * NS_DAY)
#define NOW (DAY0 + 100 * NS_DAY)

static void event(struct usage *u, nstime t, const char *dataset, const char *account, const char *run_as, const char *command)
{
	struct value v[3];
	uint32_t n = 0;
	v[n++] = (struct value){.field = F_USER_NAME, .type = FT_STR, .p = account, .len = (uint32_t)strlen(account)};
	v[n++] = (struct value){.field = F_PROCESS_CMDLINE, .type = FT_STR, .p = command, .len = (uint32_t)strlen(command)};
	if (run_as)
		v[n++] = (struct value){.field = F_USER_EFFECTIVE, .type = FT_STR, .p = run_as, .len = (uint32_t)strlen(run_as)};
	struct event e = {.time = t, .action = ACT_SUDO, .outcome = OUTCOME_SUCCESS, .dataset = slice_of(dataset), .host = SL("web1"), .values = v, .nvalues = n, .capvalues = n};
	e.at.raw = slice_of(command);
	usage_event(u, &e);
}

/* Every hour somebody else does something: what is not seen was not done. */
static struct usage *covered(void)
{
	struct usage *u = usage_new();
	for (nstime t = DAY0; t <= NOW; t += NS_HOUR)
		event(u, t, "sudo", "zed", "zed", "/usr/bin/zed");
	return u;
}

static const char head[] = "{\"postern-snapshot\": 1, \"host\": \"web1\", \"taken\": 1736640000, \"accounts\": [{\"name\": \"root\", \"uid\": 0, \"gid\": 0},"
	"{\"name\": \"alice\", \"uid\": 1001, \"gid\": 1001}, {\"name\": \"bob\", \"uid\": 1002, \"gid\": 1002}, {\"name\": \"zed\", \"uid\": 1003, \"gid\": 1003}],"
	"\"groups\": [{\"name\": \"ops\", \"gid\": 50, \"members\": [\"alice\"]}],";

/* The use of the first rule. */
static enum right_use use_of(struct usage *u, const char *rules, const char **why)
{
	struct buf json = {0};
	struct err e;
	const struct right *r;
	struct privilege_options opt = {.now = NOW, .days = 90};
	buf_addf(&json, "%s%s}", head, rules);
	struct snapshot *s = snapshot_read(buf_slice(&json), "made", &e);
	struct privilege *p = privilege_new(NULL);
	if (!s)
		fail_msg("%s: %s", rules, e.text);
	usage_close(u);
	assert_int_equal(privilege_add(p, s, &e), 0);
	assert_int_equal(privilege_build(p, u, &opt, &e), 0);
	size_t n = privilege_rights(p, &r), i = 0;
	while (i < n && r[i].kind != RIGHT_SUDO && r[i].kind != RIGHT_DOAS)
		i++;
	assert_true(i < n);
	enum right_use use = r[i].use;
	*why = r[i].unsure;
	privilege_free(p);
	snapshot_free(s);
	buf_free(&json);
	usage_free(u);
	return use;
}

#define RULE(who, run_as, commands) "{\"who\": [" who "], \"hosts\": [\"ALL\"], \"run_as\": [" run_as "], \"commands\": [" commands "]}"
#define USED RIGHT_USED
#define NEVER RIGHT_UNUSED
#define OPEN RIGHT_UNSURE

static const struct row {
	const char *rule, *later, *program, *account, *run_as, *command;
	enum right_use use;
} rows[] = {
	{RULE("\"alice\"", "", "\"/usr/bin/id\""), "", "sudo", "alice", "root", "/usr/bin/id", USED},
	{RULE("\"alice\"", "", "\"/usr/bin/id\""), "", "sudo", "alice", "root", "/usr/bin/id -u", USED},
	{RULE("\"alice\"", "", "\"/usr/bin/id \\\"\\\"\""), "", "sudo", "alice", "root", "/usr/bin/id", USED},
	{RULE("\"alice\"", "", "\"/usr/bin/id -g\""), "", "sudo", "alice", "root", "/usr/bin/id -u", NEVER},
	{RULE("\"alice\"", "", "\"/usr/bin/id\""), "", "sudo", "bob", "root", "/usr/bin/id", NEVER},
	{RULE("\"alice\"", "", "\"/usr/bin/id\""), "", "sudo", "alice", "bob", "/usr/bin/id", NEVER},
	{RULE("\"alice\"", "\"bob\"", "\"/usr/bin/id\""), "", "sudo", "alice", "bob", "/usr/bin/id", USED},
	{RULE("\"alice\"", "\"ALL\"", "\"ALL\""), "", "sudo", "alice", "bob", "/opt/x y z", USED},
	{RULE("\"%ops\"", "", "\"ALL\""), "", "sudo", "alice", "root", "/bin/ls", USED},
	{RULE("\"%ops\"", "", "\"ALL\""), "", "sudo", "bob", "root", "/bin/ls", NEVER},
	{RULE("\"%#50\"", "", "\"ALL\""), "", "sudo", "alice", "root", "/bin/ls", USED},
	{RULE("\"#1001\"", "", "\"ALL\""), "", "sudo", "alice", "root", "/bin/ls", USED},
	{RULE("\"ALL\", \"!alice\"", "", "\"ALL\""), "", "sudo", "alice", "root", "/bin/ls", NEVER},
	/* folders, wildcards, merged /usr */
	{RULE("\"alice\"", "", "\"/bin/systemctl restart *\""), "", "sudo", "alice", "root", "/usr/bin/systemctl restart nginx", USED},
	{RULE("\"alice\"", "", "\"/usr/sbin/ip\""), "", "sudo", "alice", "root", "/sbin/ip a", USED},
	{RULE("\"alice\"", "", "\"/opt/tools/\""), "", "sudo", "alice", "root", "/opt/tools/run x", USED},
	{RULE("\"alice\"", "", "\"/opt/tools/\""), "", "sudo", "alice", "root", "/opt/tools/sub/run x", NEVER},
	{RULE("\"alice\"", "", "\"/opt/bin/run\""), "", "sudo", "alice", "root", "/usr/local/bin/run", OPEN}, /* perhaps a link */
	/* exceptions */
	{RULE("\"alice\"", "", "\"ALL\", \"!/bin/su\""), "", "sudo", "alice", "root", "/bin/ls", USED},
	{RULE("\"alice\"", "", "\"!/bin/ls\", \"/bin/cat\""), "", "sudo", "alice", "root", "/bin/ls", NEVER},
	/* the last rule that fits */
	{RULE("\"%ops\"", "", "\"ALL\""), RULE("\"alice\"", "", "\"/bin/ls\""), "sudo", "alice", "root", "/bin/ls -l", NEVER},
	{RULE("\"%ops\"", "", "\"ALL\""), RULE("\"alice\"", "", "\"/bin/ls\""), "sudo", "alice", "root", "/bin/cat x", USED},
	{RULE("\"%ops\"", "\"ALL\"", "\"ALL\""), RULE("\"alice\"", "", "\"/bin/ls\""), "sudo", "alice", "bob", "/bin/ls", USED},
	{RULE("\"%ops\"", "", "\"ALL\""), RULE("\"%dir\"", "", "\"/bin/ls\""), "sudo", "ldap", "root", "/bin/ls", OPEN},
	/* what cannot be told */
	{RULE("\"%dir\"", "", "\"ALL\""), "", "sudo", "ldap", "root", "/bin/ls", OPEN},
	{RULE("\"ldap\"", "", "\"ALL\""), "", "sudo", "ldap", "root", "/bin/ls", USED},
	{RULE("\"alice\"", "", "\"^/usr/bin/apt (update|upgrade)$\""), "", "sudo", "alice", "root", "/usr/bin/apt update", OPEN},
	{RULE("\"alice\"", "", "\"/usr/bin/psql -c a b\""), "", "sudo", "alice", "root", "/usr/bin/psql -c 'a b'", OPEN},
	/* auditd: as typed, no target */
	{RULE("\"alice\"", "", "\"/usr/sbin/zpool status\""), "", "auditd", "alice", NULL, "zpool status", USED},
	{RULE("\"alice\"", "", "\"/usr/sbin/zpool list\""), "", "auditd", "alice", NULL, "zpool status", NEVER},
	{RULE("\"alice\"", "\"bob\"", "\"/usr/sbin/zpool\""), "", "auditd", "alice", NULL, "zpool status", OPEN},
	{RULE("\"alice\"", "", "\"/usr/sbin/\""), "", "auditd", "alice", NULL, "zpool status", OPEN},
	/* other programs */
	{RULE("\"alice\"", "", "\"ALL\""), "", "doas", "alice", "root", "/bin/ls", NEVER},
	{RULE("\"alice\"", "", "\"ALL\""), "", "pkexec", "alice", "root", "/bin/ls", NEVER},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		const char *why;
		char rules[2048];
		struct usage *u = covered();
		snprintf(rules, sizeof rules, "\"sudo\": [%s%s%s]", r->rule, *r->later ? "," : "", r->later);
		event(u, NOW - 10 * NS_DAY, r->program, r->account, r->run_as, r->command);
		enum right_use use = use_of(u, rules, &why);
		if (use != r->use)
			fail_msg("row %zu: %s against %s: %d (%s), wanted %d", i, rules, r->command, use, why ? why : "", r->use);
	}
}

/* Used, but not within the days; and a rule whose use would not be logged. */
static void test_when(void **state)
{
	(void)state;
	const char *why;
	struct usage *u = covered();
	event(u, NOW - 95 * NS_DAY, "sudo", "alice", "root", "/bin/ls");
	assert_int_equal(use_of(u, "\"sudo\": [" RULE("\"alice\"", "", "\"ALL\"") "]", &why), RIGHT_UNUSED);
	u = covered();
	assert_int_equal(use_of(u, "\"sudo_defaults\": [{\"name\": \"syslog\", \"value\": \"false\"}], \"sudo\": [" RULE("\"alice\"", "", "\"ALL\"") "]", &why), RIGHT_UNSURE);
	assert_non_null(strstr(why, "told not to log"));
	u = usage_new();
	assert_int_equal(use_of(u, "\"sudo\": [" RULE("\"alice\"", "", "\"ALL\"") "]", &why), RIGHT_UNSURE);
}

static void test_doas(void **state)
{
	(void)state;
	const char *why, *rule = "\"doas\": [{\"action\": \"permit\", \"who\": \":ops\", \"run_as\": \"root\", \"command\": \"/bin/ls\"}]";
	struct usage *u = covered();
	event(u, NOW - 10 * NS_DAY, "doas", "alice", "root", "ls -l");
	assert_int_equal(use_of(u, rule, &why), RIGHT_USED);
	u = covered();
	event(u, NOW - 10 * NS_DAY, "doas", "bob", "root", "ls -l");
	event(u, NOW - 10 * NS_DAY, "doas", "alice", "bob", "ls -l");
	event(u, NOW - 10 * NS_DAY, "sudo", "alice", "root", "/bin/ls -l");
	assert_int_equal(use_of(u, rule, &why), RIGHT_UNUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_when), cmocka_unit_test(test_doas)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
