/* test_snapshot_sudoers.c - sudoers and doas.conf to rows: order, aliases, tags, includes, errors, hostile text. */
#include "snapshot/sudoers_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct file { const char *path, *text; };
struct files { const struct file *v; size_t n; };

static bool read_file(void *arg, struct slice path, struct slice *text, const char **why)
{
	const struct files *f = arg;
	for (size_t i = 0; i < f->n; i++)
		if (slice_eqz(path, f->v[i].path)) {
			*text = slice_of(f->v[i].text);
			return true;
		}
	*why = "not there";
	return false;
}

/* What lies in the folder, which the rows hold in order. */
static bool list_folder(void *arg, struct slice path, struct snap_list *names, const char **why)
{
	static struct slice found[16];
	const struct files *f = arg;
	*names = (struct snap_list){found, 0};
	for (size_t i = 0; i < f->n && names->n < ARRAY_LEN(found); i++) {
		struct slice p = slice_of(f->v[i].path);
		if (slice_starts(p, path) && p.p[path.n] == '/')
			found[names->n++] = slice_from(p, path.n + 1);
	}
	*why = "not there";
	return names->n > 0;
}

static void add_list(struct buf *b, struct snap_list l)
{
	for (size_t i = 0; i < l.n; i++)
		buf_addf(b, "%s%.*s", i ? "," : "", SLFMT(l.v[i]));
}

static void add_row(struct buf *b, const struct snap_sudo *r)
{
	buf_addf(b, "%.*s:%d ", SLFMT(slice_basename(r->at.file)), (int)r->at.line);
	add_list(b, r->who);
	buf_addz(b, " @");
	add_list(b, r->hosts);
	buf_addz(b, " (");
	add_list(b, r->run_as);
	buf_addz(b, ":");
	add_list(b, r->run_as_groups);
	buf_addf(b, ")%s%s%s", r->nopasswd == SNAP_YES ? " NOPASSWD" : "", r->noexec == SNAP_YES ? " NOEXEC" : "", r->setenv == SNAP_YES ? " SETENV" : "");
	if (r->cwd.n || r->chroot.n || r->not_after.n || r->not_before.n)
		buf_addf(b, " cwd=%.*s chroot=%.*s %.*s-%.*s", SLFMT(r->cwd), SLFMT(r->chroot), SLFMT(r->not_before), SLFMT(r->not_after));
	buf_addz(b, " ");
	for (size_t i = 0; i < r->commands.n; i++)
		buf_addf(b, "[%.*s]", SLFMT(r->commands.v[i]));
	buf_addc(b, '\n');
}

static struct snapshot *rows_of(const struct file *v, size_t n, struct buf *b)
{
	struct snapshot *s = snapshot_new();
	struct files f = {v, n};
	struct sudo_files how = {read_file, list_folder, &f, SL("web1")};
	struct sudo_lines lines = {0};
	sudoers_flatten(s, &how, SL("/etc/sudoers"), &lines);
	sudoers_rows(s, &lines);
	sudo_lines_free(&lines);
	for (size_t i = 0; i < s->nsudo; i++)
		add_row(b, &s->sudo[i]);
	buf_addc(b, '\0');
	return s;
}

/* text, its rows, how many lines are named missing */
static const struct { const char *text, *rows; size_t missing; } cases[] = {
	{"root ALL=(ALL:ALL) ALL\n", "sudoers:1 root @ALL (ALL:ALL) SETENV [ALL]\n", 0},
	{"%sudo\tALL = NOPASSWD:ALL # all of it", "sudoers:1 %sudo @ALL (:) NOPASSWD SETENV [ALL]\n", 0},
	{"a ALL=(b) /bin/x, NOPASSWD: /bin/y, /bin/z, PASSWD: /bin/w\n",
	 "sudoers:1 a @ALL (b:) [/bin/x]\nsudoers:1 a @ALL (b:) NOPASSWD [/bin/y][/bin/z]\nsudoers:1 a @ALL (b:) [/bin/w]\n", 0},
	{"a ALL=(: g) /bin/x, () /bin/y, (:) /bin/z\n", "sudoers:1 a @ALL ((self):g) [/bin/x]\nsudoers:1 a @ALL ((self):) [/bin/y][/bin/z]\n", 0},
	{"a h1=/bin/x : h2 = NOPASSWD: /bin/y\n", "sudoers:1 a @h1 (:) [/bin/x]\nsudoers:1 a @h2 (:) NOPASSWD [/bin/y]\n", 0},
	/* aliases, used before they are defined, negated, within each other */
	{"ADM, !b ALL=!SH, LS\nUser_Alias ADM = alice, OPS : OPS = %ops, !c\nCmnd_Alias SH = /bin/sh, !/bin/zsh : LS = /bin/ls\n",
	 "sudoers:1 alice,%ops,!c,!b @ALL (:) [!/bin/sh][/bin/zsh][/bin/ls]\n", 0},
	{"Runas_Alias DB = postgres, #26\nHost_Alias W = web1, 10.0.0.0/8, fe80::1, !web2\n+ng W=(DB) /bin/x\n", "sudoers:3 +ng @web1,10.0.0.0/8,fe80::1,!web2 (postgres,#26:) [/bin/x]\n", 0},
	/* an alias that holds itself; one that is not there */
	{"Cmnd_Alias A = /bin/a, B : B = /bin/b, A\nx ALL=A\n", "sudoers:2 x @ALL (:) [/bin/a][/bin/b]\n", 1},
	{"x ALL=NONE\ny ALL=NONE, /bin/y\n", "sudoers:2 y @ALL (:) [/bin/y]\n", 2},
	{"NOBODY NOHOST=(NOONE) /bin/x\n", "sudoers:1 NOBODY @NOHOST (NOONE:) [/bin/x]\n", 0},
	/* an error takes its line with it and no other */
	{"a ALL=(b /bin/x\nb ALL=/bin/y\n", "sudoers:2 b @ALL (:) [/bin/y]\n", 1},
	{"a ALL=/bin/x : oops\n# no \\\nb ALL=/bin/y, \\\n  bin/z\nc ALL=/bin/c\n", "sudoers:1 a @ALL (:) [/bin/x]\nsudoers:5 c @ALL (:) [/bin/c]\n", 2},
	{"Cmnd_Alias A = /bin/a : A = /bin/b\nx ALL=A\n", "sudoers:2 x @ALL (:) [/bin/a]\n", 1},
	/* options and tags */
	{"x ALL=CWD=/tmp CHROOT=/c NOTBEFORE=20200101000000Z NOTAFTER=20300101000000Z SETENV:NOEXEC: /bin/a, /bin/b\n",
	 "sudoers:1 x @ALL (:) NOEXEC SETENV cwd=/tmp chroot=/c 20200101000000Z-20300101000000Z [/bin/a][/bin/b]\n", 0},
	{"x ALL=TIMEOUT=1h LOG_INPUT: /bin/a, /bin/b \"\", sudoedit /etc/x\n", "sudoers:1 x @ALL (:) [/bin/a][/bin/b \"\"][sudoedit /etc/x]\n", 0},
	{"x ALL=OPTION=1 /bin/a\n", "", 1},
	/* arguments */
	{"x ALL=/bin/a b\\,c\\:d\\=e  \\*f, /bin/g a\\ b # c\n", "sudoers:1 x @ALL (:) [/bin/a b,c:d=e \\*f][/bin/g a b]\n", 0},
	{"x ALL=sha224:AB/+= /bin/a, sha256:00, sha512:11 !/bin/b -c\n", "sudoers:1 x @ALL (:) [sha224:AB/+= /bin/a][!sha256:00 sha512:11 /bin/b -c]\n", 0},
	{"x ALL=/bin/, /usr/bin/x ^a b,c$, ^/bin/.*$\n", "sudoers:1 x @ALL (:) [/bin/][/usr/bin/x ^a b,c$][^/bin/.*$]\n", 0},
	/* names */
	{"\"a b\" ALL=/bin/x\n\"%c d\" ALL=/bin/x\n#1000, %#27 ALL=/bin/x\n%:win ALL=/bin/x\na\\x20b ALL=/bin/x\n",
	 "sudoers:1 a b @ALL (:) [/bin/x]\nsudoers:2 %c d @ALL (:) [/bin/x]\nsudoers:3 #1000,%#27 @ALL (:) [/bin/x]\nsudoers:4 %:win @ALL (:) [/bin/x]\n"
	 "sudoers:5 a b @ALL (:) [/bin/x]\n", 0},
	/* a name that would read as something else is not told */
	{"\"ALL\" ALL=/bin/x\n\"!root\" ALL=/bin/x\nALL, !\"ALL\" ALL=/bin/x\n", "", 3},
	/* Defaults that change rules, wherever they stand */
	{"x ALL=/bin/a, PASSWD: /bin/b\nDefaults !authenticate, runas_default=web\n", "sudoers:1 x @ALL (web:) NOPASSWD [/bin/a]\nsudoers:1 x @ALL (web:) [/bin/b]\n", 0},
	{"x ALL=(root) /bin/a\nDefaults:x !authenticate\n", "sudoers:1 x @ALL (root:) [/bin/a]\n", 0},
	{"#comment\n  # comment\n#\n\nx ALL=/bin/a#c\n", "sudoers:5 x @ALL (:) [/bin/a]\n", 0},
	{"x\n", "", 1},
	{"x ALL\n", "", 1},
	{"x ALL=\n", "", 1},
	{"\"\n", "", 1},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = {0};
		struct file f = {"/etc/sudoers", cases[i].text};
		struct snapshot *s = rows_of(&f, 1, &b);
		assert_string_equal(b.p, cases[i].rows);
		assert_int_equal(s->nmissing, cases[i].missing);
		snapshot_free(s);
		buf_free(&b);
	}
}

static void test_defaults(void **state)
{
	(void)state;
	static const char *const want[][4] = {
		{"", "env_reset", "true"}, {"", "secure_path", "/a:/b"}, {"", "lecture", "false"}, {"", "env_keep", "+=A B"}, {"user:alice", "timestamp_timeout", "5"},
		{"user:%adm", "timestamp_timeout", "5"}, {"host:web1", "syslog", "false"}, {"runas:root", "umask", "0022"}, {"cmnd:/bin/ls", "use_pty", "false"},
	};
	struct buf b = {0};
	struct file f = {"/etc/sudoers", "Defaults env_reset, secure_path=\"/a:/b\", !lecture\nDefaults env_keep += \"A B\"\nDefaults:ADM timestamp_timeout=5\n"
				       "User_Alias ADM=alice, %adm\nDefaults@web1 !syslog\nDefaults>root umask=0022\nDefaults!/bin/ls !use_pty\nDefaults oops=\nDefaults !a=1\n"};
	struct snapshot *s = rows_of(&f, 1, &b);
	assert_int_equal(s->nsudo_defaults, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_true(slice_eqz(s->sudo_defaults[i].scope, want[i][0]));
		assert_true(slice_eqz(s->sudo_defaults[i].name, want[i][1]));
		assert_true(slice_eqz(s->sudo_defaults[i].value, want[i][2]));
	}
	assert_int_equal(s->nmissing, 2);
	snapshot_free(s);
	buf_free(&b);
}

static void test_includes(void **state)
{
	(void)state;
	static const struct file files[] = {
		{"/etc/sudoers", "a ALL=/bin/a\n@include /etc/sudoers.d/x.y # why not\n#include \"local\"\n@include /etc/f-%h\n#includedir /etc/sudoers.d\n@include gone\nz ALL=/bin/z\n"},
		{"/etc/local", "l ALL=/bin/l\n@include sudoers.d/10\n"},
		{"/etc/f-web1", "oops\nh ALL=/bin/h\n"},
		{"/etc/sudoers.d/10", "t ALL=/bin/t"},
		{"/etc/sudoers.d/20~", "no ALL=ALL"},
		{"/etc/sudoers.d/x.y", "y ALL=/bin/y\n"},
	};
	struct buf b = {0};
	struct snapshot *s = rows_of(files, ARRAY_LEN(files), &b);
	assert_string_equal(b.p, "sudoers:1 a @ALL (:) [/bin/a]\nx.y:1 y @ALL (:) [/bin/y]\nlocal:1 l @ALL (:) [/bin/l]\n10:1 t @ALL (:) [/bin/t]\n"
				 "f-web1:2 h @ALL (:) [/bin/h]\n10:1 t @ALL (:) [/bin/t]\nsudoers:7 z @ALL (:) [/bin/z]\n");
	assert_int_equal(s->nmissing, 2);
	assert_true(slice_eqz(s->missing[0].at.file, "/etc/sudoers") && s->missing[0].at.line == 6);
	assert_true(slice_eqz(s->missing[1].at.file, "/etc/f-web1") && s->missing[1].at.line == 1);
	assert_int_equal(s->nfacts, 2);
	assert_true(slice_eqz(s->facts[0].name, "sudoers.ignored") && slice_eqz(s->facts[0].value, "/etc/sudoers.d/20~"));
	snapshot_free(s);
	buf_free(&b);
}

/* Loops, and files of nothing but includes, end, and are named. */
static void test_loops(void **state)
{
	(void)state;
	static const struct file loop[] = {{"/etc/sudoers", "a ALL=/bin/a\n@include /etc/sudoers\n"}};
	static const struct file many[] = {{"/etc/sudoers", "@include /etc/sudoers\n@include /etc/sudoers\n@include /etc/sudoers\n"}};
	struct buf b = {0};
	struct snapshot *s = rows_of(loop, 1, &b);
	assert_int_equal(s->nsudo, SUDO_DEPTH_MAX);
	assert_int_equal(s->nmissing, 1);
	snapshot_free(s);
	s = rows_of(many, 1, &b);
	assert_true(s->nmissing >= 1 && s->nmissing <= SUDO_FILES_MAX + 1);
	snapshot_free(s);
	buf_free(&b);
}

/* Aliases of aliases that would become 2^60 names: the rule is left out and named. */
static void test_growth(void **state)
{
	(void)state;
	struct buf text = {0}, b = {0};
	for (int i = 0; i < 60; i++)
		buf_addf(&text, "User_Alias A%d = A%d, !A%d\n", i, i + 1, i + 1);
	buf_addz(&text, "User_Alias A60 = x\nALL, A0 ALL=ALL\n");
	buf_addc(&text, '\0');
	struct file f = {"/etc/sudoers", text.p};
	struct snapshot *s = rows_of(&f, 1, &b);
	assert_int_equal(s->nsudo, 0);
	assert_int_equal(s->nmissing, 1);
	snapshot_free(s);
	buf_free(&text);
	buf_free(&b);
}

/* Every prefix, and every byte changed, of a text that holds everything. */
static void test_mutations(void **state)
{
	(void)state;
	static const char all[] = "Defaults:a !x, y=\"z\", e+=b\nUser_Alias A=a,%\"g h\",!#1:B=A,+n\na,A h,!::1=(r:g,s)CWD=/x NOPASSWD:SETENV:sha224:a,sha256:b !/b a\\,c \"\",ALL,sudoedit "
				  "/e:j=(:k)^/x$,/y ^z$\n@include \"/etc/sudoers\"\n";
	char text[sizeof all];
	for (size_t i = 0; i < 2 * (sizeof all - 1); i++) {
		struct buf b = {0};
		memcpy(text, all, sizeof all);
		if (i < sizeof all - 1)
			text[i] = '\0';
		else
			text[i - (sizeof all - 1)] ^= 0x15;
		struct file f = {"/etc/sudoers", text};
		snapshot_free(rows_of(&f, 1, &b));
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules), cmocka_unit_test(test_defaults), cmocka_unit_test(test_includes), cmocka_unit_test(test_loops), cmocka_unit_test(test_growth),
		cmocka_unit_test(test_mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
