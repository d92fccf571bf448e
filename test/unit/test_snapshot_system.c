/* test_snapshot_system.c - units, crontabs, shell text, polkit, capabilities, access: text to rows, and what must not become one. */
#include "snapshot/access_private.h"
#include "snapshot/system_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void add_list(struct buf *b, struct snap_list l)
{
	for (size_t i = 0; i < l.n; i++)
		buf_addf(b, "%s%.*s", i ? "," : "", SLFMT(l.v[i]));
}

static void check(struct snapshot *s, struct buf *b, const char *want)
{
	buf_addc(b, '\0');
	assert_string_equal(b->p, want);
	buf_free(b);
	snapshot_free(s);
}

static void add_jobs(const struct snapshot *s, struct buf *b)
{
	for (size_t i = 0; i < s->njobs; i++) {
		const struct snap_job *j = &s->jobs[i];
		buf_addf(b, "%.*s:%d %.*s %.*s [%.*s] {%.*s} ", SLFMT(j->at.file), (int)j->at.line, SLFMT(j->kind), SLFMT(j->run_as), SLFMT(j->schedule), SLFMT(j->command));
		add_list(b, j->programs);
		buf_addc(b, '\n');
	}
}

/* ---- shell text ------------------------------------------------------------------------------------------------------------ */
static void test_shell(void **state)
{
	static const char *const rows[][2] = {
		{"/usr/bin/a -x /b", "/usr/bin/a"},
		{"cd /x && run-parts --report /etc/cron.daily", "run-parts,/etc/cron.daily"},
		{"test -x /a || ( cd / && /b )", "/b"},
		{"[ -x /a ] && /a", "/a"},
		{"A=1 B='2 3' nice -n 5 ionice -c3 /a", "nice,ionice,/a"},
		{"sh -c '/a; b | /c'", "sh,/a,b,/c"},
		{"python3 -u /opt/x.py arg", "python3,/opt/x.py"},
		{"python3 -c 'import x' /no", "python3"},
		{"perl -e 1 /no", "perl"},
		{"/a >/dev/null 2>&1; /b", "/a,/b"},
		{"$X/a; `/b`; $(/c); \"$D\"/e; ${F}/g", ""},
		{"echo /a; printf /b", ""},
		{"# /a\n/b # /c\n", "/b"},
		{"cat <<E\n/no\nE\n", "cat"},
		{"if /a; then /b; else /c; fi", "/a,/b,/c"},
		{"flock -n /lock timeout -k 5 10 /a", "flock,timeout,/a"},
		{"'unfinished", ""},
		{". /etc/x; source /etc/y", ".,/etc/x,source,/etc/y"},
		{"exec /a /b", "exec,/a"},
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = snapshot_new();
		struct snap_vec v = {0};
		struct buf b = {0};
		shell_programs(s, slice_of(rows[i][0]), &v);
		add_list(&b, (struct snap_list){v.v, v.n});
		vec_free(&v);
		check(s, &b, rows[i][1]);
	}
}

/* ---- units ------------------------------------------------------------------------------------------------------------------- */
static void test_units(void **state)
{
	static const struct { const char *name, *text, *drop_in, *want; } rows[] = {
		{"a.service", "[Service]\nUser=web\nExecStartPre=-/bin/x \"a b\"\nExecStart=/bin/y\n", "",
		 "/u:3 service web [ExecStartPre] {/bin/x \"a b\"} /bin/x\n/u:4 service web [ExecStart] {/bin/y} /bin/y\n"},
		{"a.service", "[Service]\nUser=web\nExecStart=+/bin/x\nExecStop=!/bin/y\n", "", "/u:3 service root [ExecStart] {/bin/x} /bin/x\n/u:4 service root [ExecStop] {/bin/y} /bin/y\n"},
		/* a drop-in resets and changes the account */
		{"a.service", "[Service]\nExecStart=/bin/x\n", "[Service]\nUser=bob\nExecStart=\nExecStart=/bin/z\n", "/d:4 service bob [ExecStart] {/bin/z} /bin/z\n"},
		{"a.service", "[Service]\nDynamicUser=yes\nExecStart=/bin/x \\\n# between\n  -y ; /bin/z\n", "", "/u:3 service (dynamic) [ExecStart] {/bin/x    -y} /bin/x\n/u:3 service (dynamic) [ExecStart] {/bin/z} /bin/z\n"},
		{"a@b.service", "[Service]\nUser=%i\nExecStart=@/bin/sh sh -c '/opt/%p/run %%h'\n", "", "/u:3 service b [ExecStart] {/bin/sh sh -c '/opt/a/run %h'} /bin/sh,/opt/a/run\n"},
		{"a.timer", "[Timer]\nOnCalendar=daily\nOnBootSec=5\n", "[Timer]\nUnit=b.service\n", "/u:3 timer root [OnCalendar=daily; OnBootSec=5] {b.service} \n"},
		{"a.socket", "[Socket]\nListenStream=80\nExecStartPost=/bin/x\n", "", "/u:2 socket root [ListenStream=80] {a.service} \n/u:3 socket root [ExecStartPost] {/bin/x} /bin/x\n"},
		/* of another section, another type: nothing */
		{"a.service", "[Unit]\nExecStart=/bin/x\n[X-Service]\nExecStart=/bin/y\n", "", ""},
		{"a.mount", "[Service]\nExecStart=/bin/x\n", "", ""},
		{"a.service", "ExecStart=/bin/x\n[Service\nExecStart=/bin/y\n[]\n=\nExecStart\n", "", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = snapshot_new();
		struct unit u = {.name = slice_of(rows[i].name), .instance = strchr(rows[i].name, '@') ? SL("b") : SLICE_NONE};
		struct buf b = {0};
		unit_text(s, &u, slice_of(rows[i].text), SL("/u"));
		unit_text(s, &u, slice_of(rows[i].drop_in), SL("/d"));
		unit_rows(s, &u);
		unit_free(&u);
		add_jobs(s, &b);
		check(s, &b, rows[i].want);
	}
}

/* ---- cron ---------------------------------------------------------------------------------------------------------------------- */
static void test_cron(void **state)
{
	static const struct { const char *account, *text, *want; size_t missing; } rows[] = {
		{"", "PATH=/bin\nMAILTO = x\n# c\n*/5 1-3 * jan,feb mon  root\t/bin/a %x\n@daily bob b \\%c\n", "/c:4 cron root [*/5 1-3 * jan,feb mon] {/bin/a } /bin/a\n/c:5 cron bob [@daily] {b \\%c} b\n", 0},
		{"alice", "1 2 3 4 5 /bin/a b\n@reboot root\n", "/c:1 cron alice [1 2 3 4 5] {/bin/a b} /bin/a\n/c:2 cron alice [@reboot] {root} root\n", 0},
		{"", "1 2 3 4\n1 2 3 4 5 root\nx! 2 3 4 5 root /bin/a\n", "", 3},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = snapshot_new();
		struct buf b = {0};
		cron_rows(s, slice_of(rows[i].text), &(struct cron_context){.file = SL("/c"), .account = slice_of(rows[i].account)});
		add_jobs(s, &b);
		assert_int_equal(s->nmissing, rows[i].missing);
		check(s, &b, rows[i].want);
	}
}

static void test_udev_and_logrotate(void **state)
{
	struct snapshot *s = snapshot_new();
	struct buf b = {0};
	struct logrotate_habit habit = {0, 7, 0};
	(void)state;
	udev_rows(s, SL("# RUN+=\"/no\"\nACTION==\"add\", RUN+=\"/bin/x %k\", PROGRAM=\"y\"\nRUN==\"/no\", NAME=\"/no\"\n"), SL("/r"));
	logrotate_rows(s, SL("weekly\nrotate 4\n"), SL("/l"), &habit);
	logrotate_rows(s, SL("/var/log/auth.log\n/var/log/x {\n  daily\n  rotate 9\n  postrotate\n    /usr/bin/reload x\n  endscript\n}\n/var/log/secure { \n}\n"), SL("/l2"), &habit);
	for (size_t i = 0; i < s->nfacts; i++)
		buf_addf(&b, "%.*s:%d %.*s=%.*s\n", SLFMT(s->facts[i].at.file), (int)s->facts[i].at.line, SLFMT(s->facts[i].name), SLFMT(s->facts[i].value));
	add_jobs(s, &b);
	check(s, &b, "/l2:1 logrotate.auth=9\n/l2:9 logrotate.auth=28\n/r:2 udev root [] {/bin/x %k} /bin/x\n/r:2 udev root [] {y} /usr/lib/udev/y\n"
		     "/l2:6 logrotate root [] {/usr/bin/reload x} /usr/bin/reload\n");
}

/* ---- polkit -------------------------------------------------------------------------------------------------------------------- */
static void test_polkit(void **state)
{
#define RULE(body) "polkit.addRule(function(action, subject) {" body "});"
	static const char *const rows[][2] = {
		{RULE("if (action.id == 'org.a' && subject.isInGroup(\"wheel\")) { return polkit.Result.YES; }"), "unix-group:wheel org.a yes\n"},
		{RULE("if (subject.user == \"bob\" && (action.id == \"a\" || action.id.indexOf(\"b.\") == 0)) return polkit.Result.AUTH_ADMIN_KEEP;"), "unix-user:bob a auth_admin\nunix-user:bob b.* auth_admin\n"},
		{RULE("if (subject.isInGroup(\"wheel\")) { return \"yes\"; }"), "unix-group:wheel * yes\n"},
		/* narrower than one could tell, or not understood: a script, which claims nothing */
		{RULE("if (subject.isInGroup(\"a\") && subject.isInGroup(\"b\")) { return polkit.Result.YES; }"), "  script\n"},
		{RULE("if (!subject.isInGroup(\"a\")) { return polkit.Result.YES; }"), "  script\n"},
		{RULE("if (subject.isInGroup(\"a\") && subject.local) { return polkit.Result.YES; }"), "  script\n"},
		{RULE("if (action.id.indexOf(\"b\") > 0 && subject.user == \"x\") return polkit.Result.YES;"), "  script\n"},
		{RULE("if (action.id == \"x\" || subject.user == \"bob\") return polkit.Result.YES;"), "  script\n"},
		{RULE("if (action.id == \"x\") return polkit.Result.YES;"), "  script\n"},
		{RULE("if (subject.user == \"x\") return polkit.Result.YES; else return polkit.Result.NO;"), "  script\n"},
		{RULE("return polkit.Result.YES;"), "  script\n"},
		{"/* " RULE("if (subject.user == \"x\") return polkit.Result.YES;") " */ // " RULE("if (subject.user == \"x\") return polkit.Result.YES;"), ""},
		{"polkit.addAdminRule(function(action, subject) { return [\"unix-group:sudo\"]; });", ""},
		{"polkit.addRule(", "  script\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = snapshot_new();
		struct buf b = {0};
		polkit_rules_rows(s, slice_of(rows[i][0]), SL("/r"));
		for (size_t k = 0; k < s->npolkit; k++)
			buf_addf(&b, "%.*s %.*s %.*s\n", SLFMT(s->polkit[k].identity), SLFMT(s->polkit[k].action), SLFMT(s->polkit[k].result));
		check(s, &b, rows[i][1]);
	}
}

/* ---- capabilities, access --------------------------------------------------------------------------------------------------------- */
static void test_capabilities(void **state)
{
	static const struct { const char *bytes; size_t n; const char *want; } rows[] = {
		{"\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, "cap_net_raw=ep"},
		{"\0\0\0\2\x80\0\0\0\x80\0\0\0\x80\0\0\0\0\0\0\0", 20, "cap_bpf=p cap_setuid=ip"},
		{"\1\0\0\3\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe8\x03\0\0", 24, "cap_chown=ep [rootid=1000]"},
		{"\1\0\0\1\x01\0\0\0\0\0\0\0", 12, "cap_chown=ep"},
		{"\1\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, ""},
		{"\1\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19, NULL},
		{"\1\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, NULL},
		{"", 0, NULL},
	};
	(void)state;
	struct snapshot *s = snapshot_new();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice out = SLICE_NONE;
		assert_int_equal(capability_text(s, slice_make(rows[i].bytes, rows[i].n), &out), rows[i].want != NULL);
		if (rows[i].want)
			assert_true(slice_eqz(out, rows[i].want));
	}
	snapshot_free(s);
}

static void test_access(void **state)
{
	/* uid, gid of the file, mode; who with one group; what they may */
	static const struct { int64_t uid, gid; uint32_t mode; int64_t who, group; bool write; } rows[] = {
		{0, 0, 0755, 5, 5, false}, {5, 0, 0755, 5, 5, true}, {0, 5, 0775, 9, 5, true}, {0, 5, 0775, 9, 6, false}, {0, 5, 0757, 9, 5, false} /* the group is shut out */,
		{5, 5, 0577, 5, 5, false} /* so is the owner, until he helps himself */, {0, 0, 0777, -1, 7, true}, {5, 5, 0700, 0, 9, true},
	};
	static const char list[] = "\2\0\0\0\1\0\7\0\377\377\377\377\2\0\6\0\5\0\0\0\4\0\5\0\377\377\377\377\x08\0\7\0\3\0\0\0\x10\0\5\0\377\377\377\377\x20\0\2\0\377\377\377\377";
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct access_node n = {.uid = rows[i].uid, .gid = rows[i].gid, .mode = rows[i].mode};
		struct access_who w = {rows[i].who, &rows[i].group, 1};
		assert_int_equal(access_may(&n, &w, ACCESS_WRITE), rows[i].write);
	}
	struct access_node n = {.uid = 1, .gid = 2, .mode = 0750};
	int64_t three = 3, nine = 9;
	assert_true(acl_parse(slice_make(list, sizeof list - 1), &n));
	assert_false(access_may(&n, &(struct access_who){5, &nine, 1}, ACCESS_WRITE)); /* named, but the mask takes it away */
	assert_true(access_may(&n, &(struct access_who){5, &nine, 1}, ACCESS_READ));
	assert_false(access_may(&n, &(struct access_who){6, &three, 1}, ACCESS_WRITE));
	assert_true(access_may(&n, &(struct access_who){6, &three, 1}, ACCESS_READ | ACCESS_ENTER));
	assert_true(access_may(&n, &(struct access_who){7, &nine, 1}, ACCESS_WRITE)); /* others' bits know no mask */
	assert_false(acl_parse(slice_make(list, sizeof list - 2), &n));
	assert_false(acl_parse(SL("\1\0\0\0"), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell), cmocka_unit_test(test_units), cmocka_unit_test(test_cron), cmocka_unit_test(test_udev_and_logrotate), cmocka_unit_test(test_polkit),
		cmocka_unit_test(test_capabilities), cmocka_unit_test(test_access),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
