/* test_source_find.c - which files are taken, in which order, for which host, and what is said about the others. */
#include "test_source_util.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "source/source_priv.h"

/* ---- tables ------------------------------------------------------------------------------------------------------ */
static void test_host_table(void **state)
{
	static const struct {
		const char *path, *member, *host;
	} t[] = {
		{"/var/log/auth.log", "", ""},
		{"var/log/auth.log", "", ""},
		{"./var/log/auth.log", "", ""},
		{"/mnt/var/log/auth.log", "", ""},
		{"web1/var/log/auth.log", "", "web1"},
		{"./web1/var/log/auth.log", "", "web1"},
		{"/srv/cases/web1/var/log/nginx/access.log", "", "web1"},
		{"/evidence/db-2.example.org/var/log/messages", "", "db-2.example.org"},
		{"/evidence/../var/log/messages", "", ""},
		{"/var/lib/lxc/web1/rootfs/var/log/syslog", "", "web1"},
		{"/case/web1/var/log/collected/web2/var/log/auth.log", "", "web2"},
		{"/home/var/log/auth.log", "", ""},
		{"logs/web1/log/auth.log", "", "web1"},
		{"/opt/app/log/app.log", "", ""},
		{"/home/anna/log/app.log", "", ""},
		{"/app/log/app.log", "", ""},
		{"log/auth.log", "", ""},
		{"web1/var/log", "", ""}, /* a file called log */
		{"we b1/var/log/auth.log", "", ""},
		{"web1;rm/var/log/auth.log", "", ""},
		{"logs.tar.gz!web1/var/log/auth.log", "web1/var/log/auth.log", "web1"},
		{"logs.tar.gz!var/log/auth.log", "var/log/auth.log", ""},
		{"web3/var/log/old.zip!auth.log.1", "auth.log.1", "web3"},
		{"web3/var/log/old.zip!web1/var/log/auth.log", "web1/var/log/auth.log", "web1"},
		{"a.tar!web1/b.zip!var/log/auth.log", "web1/b.zip!var/log/auth.log", ""},
		{"a.tar!b.zip!web2/var/log/auth.log", "b.zip!web2/var/log/auth.log", "web2"},
		{"", "", ""},
		{"/", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct slice h = host_of_path(slice_of(t[i].path), slice_of(t[i].member));
		if (!slice_eqz(h, t[i].host))
			fail_msg("%s: host %.*s, expected %s", t[i].path, SLFMT(h), t[i].host);
	}
}

static void test_rotation_table(void **state)
{
	static const struct {
		const char *name, *base;
		enum rotation_class class;
		int64_t key, sub;
		bool packed;
	} t[] = {
		{"auth.log", "auth.log", ROTATION_CURRENT, 0, 0, false},
		{"auth.log.gz", "auth.log", ROTATION_CURRENT, 0, 0, true},
		{"auth.log.1", "auth.log", ROTATION_NUMBERED, -1, 0, false},
		{"auth.log.2.gz", "auth.log", ROTATION_NUMBERED, -2, 0, true},
		{"syslog.10.xz", "syslog", ROTATION_NUMBERED, -10, 0, true},
		{"messages.0", "messages", ROTATION_NUMBERED, 0, 0, false},
		{"app.1.log", "app.log", ROTATION_NUMBERED, -1, 0, false},
		{"Xorg.0.log", "Xorg.0.log", ROTATION_CURRENT, 0, 0, false},
		{"Xorg.0.log.old", "Xorg.0.log", ROTATION_NUMBERED, -1, 0, false},
		{"auth.log-20260504", "auth.log", ROTATION_DATED, 1777852800, 0, false},
		{"auth.log-20260504.gz", "auth.log", ROTATION_DATED, 1777852800, 0, true},
		{"auth.log.2026-05-04", "auth.log", ROTATION_DATED, 1777852800, 0, false},
		{"auth-20260504.log", "auth.log", ROTATION_DATED, 1777852800, 0, false},
		{"auth_2026_05_04.log.zst", "auth.log", ROTATION_DATED, 1777852800, 0, true},
		{"auth.log-2026050413", "auth.log", ROTATION_DATED, 1777852800 + 13 * 3600, 0, false},
		{"postgresql-2026-05-04_013000.log", "postgresql.log", ROTATION_DATED, 1777852800 + 5400, 0, false},
		{"app.2026-05-04T01-30-00.log", "app.log", ROTATION_DATED, 1777852800 + 5400, 0, false},
		{"app.2026-05-04.3.log", "app.log", ROTATION_DATED, 1777852800, 3, false},
		{"app.2026-05-04.12.log.gz", "app.log", ROTATION_DATED, 1777852800, 12, true},
		{"localhost_access_log.2026-05-04.txt", "localhost_access_log.txt", ROTATION_DATED, 1777852800, 0, false},
		{"error_log.1777852800", "error_log", ROTATION_DATED, 1777852800, 0, false},
		{"u_ex260504.log", "u_ex.log", ROTATION_DATED, 1777852800, 0, false},
		{"2026-05-04.log", ".log", ROTATION_DATED, 1777852800, 0, false},
		{"auth.log-20261304", "auth.log-20261304", ROTATION_CURRENT, 0, 0, false}, /* month 13 */
		{"10.0.0.1", "10.0.0.1", ROTATION_CURRENT, 0, 0, false},
		{"10.0.0.1.log", "10.0.0.1.log", ROTATION_CURRENT, 0, 0, false},
		{"fw-10.0.0.1.log", "fw-10.0.0.1.log", ROTATION_CURRENT, 0, 0, false},
		{"10.0.0.1.1", "10.0.0.1", ROTATION_NUMBERED, -1, 0, false},
		{"10.0.0.1.log.2.gz", "10.0.0.1.log", ROTATION_NUMBERED, -2, 0, true},
		{"php7.4-fpm.log", "php7.4-fpm.log", ROTATION_CURRENT, 0, 0, false},
		{"mysql-bin.000001", "mysql-bin.000001", ROTATION_CURRENT, 0, 0, false},
		{".1", ".1", ROTATION_CURRENT, 0, 0, false},
		{"1", "1", ROTATION_CURRENT, 0, 0, false},
		{".gz", ".gz", ROTATION_CURRENT, 0, 0, false},
		{"", "", ROTATION_CURRENT, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct rotation r;
		char base[128];
		rotation_parse(slice_of(t[i].name), &r);
		snprintf(base, sizeof(base), "%.*s%.*s", SLFMT(r.stem), (int)r.ext.n, r.ext.n ? r.ext.p : "");
		if (strcmp(base, t[i].base) != 0 || r.class != t[i].class || r.key != t[i].key || r.sub != t[i].sub ||
		    r.packed != t[i].packed)
			fail_msg("%s: %s class %d key %lld sub %lld packed %d", t[i].name, base, r.class, (long long)r.key,
				 (long long)r.sub, r.packed);
	}
}

static void test_names(void **state)
{
	static const char *const not_logs[] = {
		"a.yaml", "a.yml", "README", "README.md", "x.py", "nginx.conf", "x.html", "ssh.service", "x.tsv", "sshd.pid",
		"nginx.conf.1", "x.PY", "x.md.gz", "Makefile", "a.asc", "a.c", "a.h", "a.sha256sum", "a.sh", "a.socket", "a.lua",
	};
	static const char *const logs[] = {
		"auth.log", "syslog", "messages", "x.txt", "x.json", "x.csv", "x.xml", "secure-20260504", "READMElog",
		"10.0.0.1", "host.example.org", "x.log.1", "wtmp", "a.", ".", "", "audit.log.conf.log",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(not_logs); i++)
		if (!name_not_log(slice_of(not_logs[i])))
			fail_msg("%s taken for a log", not_logs[i]);
	for (size_t i = 0; i < ARRAY_LEN(logs); i++)
		if (name_not_log(slice_of(logs[i])))
			fail_msg("%s not taken for a log", logs[i]);
	assert_true(name_not_archive(SL("x.docx")));
	assert_true(name_not_archive(SL("x.XPI")));
	assert_false(name_not_archive(SL("x.zip")));
}

static void put_utmp(char *p, unsigned type, const char *line, unsigned sec)
{
	memset(p, 0, SOURCE_RECORD);
	p[0] = (char)type;
	memcpy(p + 8, line, strlen(line));
	memcpy(p + 340, &sec, 4);
}

static void test_content(void **state)
{
	char rec[2 * SOURCE_RECORD], z[600] = {0};
	const char *what;

	(void)state;
	put_utmp(rec, 7, "pts/0", 1777852800);
	put_utmp(rec + SOURCE_RECORD, 8, "pts/0", 1777852900);
	assert_int_equal(content_of(SL("wtmp"), rec, sizeof(rec), &what), CONTENT_RECORDS);
	assert_int_equal(content_of(SL("x.bin"), rec, sizeof(rec), &what), CONTENT_RECORDS);
	rec[SOURCE_RECORD] = 77;
	assert_int_equal(content_of(SL("x.bin"), rec, sizeof(rec), &what), CONTENT_BINARY);
	assert_int_equal(content_of(SL("lastlog"), z, sizeof(z), &what), CONTENT_BINARY);
	assert_int_equal(content_of(SL("app.log"), z, sizeof(z), &what), CONTENT_TEXT); /* a hole at its beginning */
	assert_int_equal(content_of(SL("data"), z, sizeof(z), &what), CONTENT_BINARY);
	/* One NUL does not hide a log, nor does a magic number. */
	assert_int_equal(content_of(SL("auth.log"), "May  4 a\0b\n", 11, &what), CONTENT_TEXT);
	assert_int_equal(content_of(SL("auth"), "GIF89a sshd[1]: x\n", 18, &what), CONTENT_TEXT);
	assert_int_equal(content_of(SL("notes"), "a\0b", 3, &what), CONTENT_BINARY);
	assert_int_equal(content_of(SL("x.log"), "\x7f" "ELF\2\1\1\0\0\0", 10, &what), CONTENT_BINARY);
	assert_int_equal(content_of(SL("x.log"), "\xff\xfe<\0x\0", 6, &what), CONTENT_FOREIGN);
	assert_int_equal(content_of(SL("x"), "caf\xc3\xa9 \x1b[31mred\n", 15, &what), CONTENT_TEXT);
}

/* ---- walking ------------------------------------------------------------------------------------------------------ */
static void test_folder(void **state)
{
	struct source_set set;

	(void)state;
	sh("mkdir -p f/nginx f/.git && printf 'c\\n' >f/auth.log && printf 'b\\n' >f/auth.log.1 &&"
	   "printf 'a\\n' | gzip >f/auth.log.2.gz && printf 'n\\n' >f/nginx/access.log && : >f/btmp &&"
	   "printf 'x: y\\n' >f/conf.yaml && printf 'g\\n' >f/.git/log && mkfifo f/pipe && ln -s auth.log f/current &&"
	   "ln -s nowhere f/dangling && ln -s .. f/up && ln -s nginx f/web && ln -s self f/self &&"
	   "head -c 5000 /bin/ls >f/ls && ln -s /dev/null f/null");
	find1(&set, "f/");
	assert_int_equal(set.streams.n, 2);
	assert_content(&set, "f/auth.log", "a\nb\nc\n");
	assert_content(&set, "f/nginx/access.log", "n\n");
	assert_problem(&set, "f/btmp", PROBLEM_EMPTY);
	assert_problem(&set, "f/pipe", PROBLEM_NOT_A_LOG);
	assert_problem(&set, "f/ls", PROBLEM_NOT_A_LOG);
	assert_problem(&set, "f/null", PROBLEM_NOT_A_LOG);
	assert_problem(&set, "f/web", PROBLEM_NOT_A_LOG);
	assert_problem(&set, "f/current", PROBLEM_DUPLICATE);
	assert_problem(&set, "f/dangling", PROBLEM_UNREADABLE);
	assert_problem(&set, "f/self", PROBLEM_LOOP);
	assert_null(problem_of(&set, "f/conf.yaml"));
	/* f/up leads out of the folder, to one that is not above it in this walk. */
	assert_problem(&set, "f/up", PROBLEM_NOT_A_LOG);
	assert_problems(&set, 9);
	source_set_free(&set);
	sh("ln -s .. f/nginx/back");
	find1(&set, "f");
	assert_problem(&set, "f/nginx/back", PROBLEM_LOOP);
	source_set_free(&set);
}

static void test_all_and_nothing_else(void **state)
{
	struct source_set set;
	struct err e;
	const char *path = "n";
	const struct source_options all = {.all = true};

	(void)state;
	sh("mkdir n && printf 'x: y\\n' >n/a.yaml && printf '# x\\n' >n/README.md");
	find1(&set, "n");
	assert_int_equal(set.files.n, 0);
	assert_problem(&set, "n/a.yaml", PROBLEM_NOT_A_LOG);
	assert_problem(&set, "n/README.md", PROBLEM_NOT_A_LOG);
	source_set_free(&set);
	assert_int_equal(source_find(&set, &path, 1, &all, &e), 0);
	assert_int_equal(set.streams.n, 2);
	assert_problems(&set, 0);
	source_set_free(&set);
	find1(&set, "n/a.yaml"); /* by name: always read */
	assert_content(&set, "n/a.yaml", "x: y\n");
	source_set_free(&set);
}

static void test_rotation_order(void **state)
{
	struct source_set set;
	static const char *const order[] = {
		"r/syslog-20260501.gz", "r/syslog-20260502", "r/syslog.12", "r/syslog.2.xz", "r/syslog.1", "r/syslog",
	};

	(void)state;
	sh("mkdir r; cd r; printf '1\\n'|gzip >syslog-20260501.gz; printf '2\\n' >syslog-20260502; printf '3\\n' >syslog.12;"
	   "printf '4\\n'|xz >syslog.2.xz; printf '5\\n' >syslog.1; printf '6\\n' >syslog; printf 'o\\n' >other.log");
	find1(&set, "r");
	const struct stream_set *st = stream_named(&set, "r/syslog");
	assert_non_null(st);
	assert_int_equal(st->nfiles, ARRAY_LEN(order));
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		assert_true(slice_eqz(set.files.v[st->files[i]].path, order[i]));
	for (size_t i = 0; i < set.files.n; i++)
		assert_int_equal(set.files.v[i].id, i);
	assert_content(&set, "r/syslog", "1\n2\n3\n4\n5\n6\n");
	assert_problems(&set, 0);
	source_set_free(&set);
}

static void test_twins(void **state)
{
	struct source_set set;

	(void)state;
	sh("mkdir t; cd t; printf 'new\\n' >a.log; printf 'same\\n' >a.log.1; printf 'same\\n' | gzip >a.log.1.gz;"
	   "printf 'x\\n' >b.log.1; printf 'other\\n' | gzip >b.log.1.gz; printf 'z\\n' >z.log");
	find1(&set, "t");
	assert_problem(&set, "t/a.log.1.gz", PROBLEM_DUPLICATE);
	assert_problems(&set, 1);
	assert_content(&set, "t/a.log", "same\nnew\n");
	assert_content(&set, "t/b.log", "x\nother\n"); /* not the same: an empty decoy hides nothing */
	assert_content(&set, "t/z.log", "z\n");
	source_set_free(&set);
}

static void test_named(void **state)
{
	struct source_set set;
	struct err e;
	const char *paths[] = {"nope/a.log", "g.log", "./g.log", "also-missing", "loop", "sock", "/dev/null"};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "sock"};

	(void)state;
	sh("printf 'g\\n' >g.log; ln -s loop loop");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	assert_int_equal(source_find(&set, paths, ARRAY_LEN(paths), NULL, &e), ERR_NOENT);
	assert_string_equal(e.text, "nope/a.log: No such file or directory");
	assert_problem(&set, "nope/a.log", PROBLEM_UNREADABLE);
	assert_problem(&set, "also-missing", PROBLEM_UNREADABLE);
	assert_problem(&set, "./g.log", PROBLEM_DUPLICATE);
	assert_problem(&set, "loop", PROBLEM_LOOP);
	assert_problem(&set, "sock", PROBLEM_NOT_A_LOG);
	assert_problem(&set, "/dev/null", PROBLEM_NOT_A_LOG);
	assert_problems(&set, 6);
	assert_content(&set, "g.log", "g\n");
	source_set_free(&set);
	const char *loop = "loop";
	assert_int_equal(source_find(&set, &loop, 1, NULL, &e), ERR_IO);
	source_set_free(&set);
	assert_int_equal(source_find(&set, NULL, 0, NULL, NULL), 0);
	assert_int_equal(set.streams.n, 0);
	source_set_free(&set);
	source_set_free(NULL);
}

static void test_foreign(void **state)
{
	struct source_set set;
	char head[64] = "LPKSHHRH";

	(void)state;
	sh("mkdir j");
	put("j/system.journal", head, sizeof(head));
	memcpy(head, "ElfFile\0", 8);
	put("j/Security.evtx", head, sizeof(head));
	find1(&set, "j");
	assert_problem(&set, "j/system.journal", PROBLEM_NOT_A_LOG);
	assert_true(slice_has(problem_of(&set, "j/system.journal")->text, SL("journalctl -o json --file")));
	assert_true(slice_has(problem_of(&set, "j/Security.evtx")->text, SL("evtx_dump")));
	source_set_free(&set);
	find1(&set, "j/Security.evtx"); /* even by name: lines of it would mean nothing */
	assert_int_equal(set.streams.n, 0);
	source_set_free(&set);
}

static void test_hosts_in_folders(void **state)
{
	struct source_set set;

	(void)state;
	sh("mkdir -p h/web1/var/log h/web2/var/log; echo 1 >h/web1/var/log/auth.log; echo 2 >h/web2/var/log/auth.log");
	find1(&set, "h");
	assert_int_equal(set.streams.n, 2);
	assert_true(slice_eqz(stream_named(&set, "h/web1/var/log/auth.log")->host, "web1"));
	assert_true(slice_eqz(stream_named(&set, "h/web2/var/log/auth.log")->host, "web2"));
	source_set_free(&set);
}

static void test_deep_and_many(void **state)
{
	struct source_set set;

	(void)state;
	sh("p=d; for i in $(seq 60); do p=$p/d; done; mkdir -p $p; echo x >$p/a.log; echo y >d/b.log");
	find1(&set, "d");
	assert_int_equal(set.streams.n, 1);
	assert_int_equal(set.problem_count[PROBLEM_DEPTH], 1);
	source_set_free(&set);
	sh("mkdir m; cd m; seq 1 20000 | sed 's/$/-host/' | xargs touch; for i in 1 2 3; do echo $i >$i-host; done");
	find1(&set, "m");
	assert_int_equal(set.streams.n, 3);
	assert_int_equal(set.problem_count[PROBLEM_EMPTY], 19997);
	assert_int_equal(set.problems.n, PROBLEM_MAX);
	source_set_free(&set);
}

/* ---- archives ----------------------------------------------------------------------------------------------------- */
static void make_tree(void)
{
	sh("rm -rf tree; mkdir -p tree/web1/var/log tree/web2/var/log; cd tree; echo a2 | gzip >web1/var/log/auth.log.2.gz;"
	   "echo a1 >web1/var/log/auth.log.1; echo a0 >web1/var/log/auth.log; echo b >web2/var/log/auth.log;"
	   "ln -s auth.log web2/var/log/link; head -c 5000 /bin/ls >web2/var/log/ls; echo 'k: v' >web2/var/log/x.yaml;"
	   ": >web2/var/log/empty");
}

static void check_tree(const char *archive)
{
	struct source_set set;
	char a[128], b[128], p[128];

	find1(&set, archive);
	snprintf(a, sizeof(a), "%s!web1/var/log/auth.log", archive);
	snprintf(b, sizeof(b), "%s!web2/var/log/auth.log", archive);
	if (set.streams.n != 2)
		fail_msg("%s: %zu streams", archive, set.streams.n);
	assert_content(&set, a, "a2\na1\na0\n");
	assert_content(&set, b, "b\n");
	assert_content(&set, a, "a2\na1\na0\n"); /* again */
	assert_true(slice_eqz(stream_named(&set, a)->host, "web1"));
	const struct source_file *f = &set.files.v[stream_named(&set, b)->files[0]];
	assert_true(slice_eqz(f->open_path, archive));
	assert_true(slice_eqz(f->member, "web2/var/log/auth.log"));
	assert_true(f->mtime > 1000000000 * NS_SEC);
	snprintf(p, sizeof(p), "%s!web2/var/log/ls", archive);
	assert_problem(&set, p, PROBLEM_NOT_A_LOG);
	snprintf(p, sizeof(p), "%s!web2/var/log/empty", archive);
	assert_problem(&set, p, PROBLEM_EMPTY);
	assert_problems(&set, 2);
	source_set_free(&set);
}

static void test_archives(void **state)
{
	static const char *const packers[][3] = {
		{"tar", "tar -C tree -cf l.tar .", "l.tar"},
		{"gzip", "tar -C tree -czf l.tar.gz web1 web2", "l.tar.gz"},
		{"xz", "tar -C tree -cJf l.tar.xz web1 web2", "l.tar.xz"},
		{"bzip2", "tar -C tree -cjf l.tar.bz2 web1 web2", "l.tar.bz2"},
		{"zstd", "tar -C tree --zstd -cf l.tzst web1 web2", "l.tzst"},
		{"lz4", "tar -C tree -I lz4 -cf l.tar.lz4 web1 web2", "l.tar.lz4"},
		{"gzip", "tar -C tree -cz web1 web2 | gzip >l.tgz.gz", "l.tgz.gz"},
		{"zip", "cd tree && zip -qry ../l.zip .", "l.zip"},
		{"zip", "cd tree && zip -qry - . >../s.zip", "s.zip"},
		{"tar", "tar -C tree -H v7 -cf old.tar web1 web2", "old.tar"},
		{"tar", "tar -C tree -H pax -cf pax.tar web1 web2", "pax.tar"},
	};

	(void)state;
	make_tree();
	for (size_t i = 0; i < ARRAY_LEN(packers); i++) {
		if (!have(packers[i][0]))
			continue;
		sh(packers[i][1]);
		check_tree(packers[i][2]);
	}
}

static void test_nested(void **state)
{
	struct source_set set;

	(void)state;
	make_tree();
	sh("cd tree && zip -qr ../in.zip web1 && cd .. && tar czf out.tar.gz in.zip && tar cf o2.tar out.tar.gz &&"
	   "tar cf o3.tar o2.tar && gzip -k in.zip");
	find1(&set, "out.tar.gz");
	assert_content(&set, "out.tar.gz!in.zip!web1/var/log/auth.log", "a2\na1\na0\n");
	assert_true(slice_eqz(set.streams.v[0].host, "web1"));
	assert_problems(&set, 0);
	source_set_free(&set);
	find1(&set, "o2.tar");
	assert_content(&set, "o2.tar!out.tar.gz!in.zip!web1/var/log/auth.log", "a2\na1\na0\n");
	source_set_free(&set);
	find1(&set, "o3.tar");
	assert_int_equal(set.streams.n, 0);
	assert_problem(&set, "o3.tar!o2.tar!out.tar.gz!in.zip", PROBLEM_DEPTH);
	source_set_free(&set);
	find1(&set, "in.zip.gz");
	assert_content(&set, "in.zip.gz!web1/var/log/auth.log", "a2\na1\na0\n");
	source_set_free(&set);
}

static void test_encrypted_and_hostile_names(void **state)
{
	struct source_set set;

	(void)state;
	sh("echo secret >e.log && echo open >o.log && zip -q -P pw e.zip e.log && zip -q e.zip o.log");
	find1(&set, "e.zip");
	assert_problem(&set, "e.zip!e.log", PROBLEM_ENCRYPTED);
	assert_content(&set, "e.zip!o.log", "open\n");
	source_set_free(&set);
	/* Member names are shown, never opened. */
	sh("mkdir -p hn/in && echo up >hn/x.log && echo abs >hn/y.log && cd hn/in &&"
	   "tar -P -cf ../h.tar ../x.log $PWD/../y.log");
	find1(&set, "hn/h.tar");
	assert_content(&set, "hn/h.tar!../x.log", "up\n");
	assert_int_equal(set.streams.n, 2);
	source_set_free(&set);
}

/* Members that stay in the archive: large ones of a zip, and all when there is no temporary space. */
static void test_direct(void **state)
{
	struct source_set set;

	(void)state;
	sh("mkdir -p big && yes 'May  4 00:00:00 web1 sshd[1]: a line that says little' | head -c 70000000 >big/a.log &&"
	   "echo small >big/b.log && cd big && zip -q1 ../big.zip a.log b.log");
	find1(&set, "big.zip");
	assert_int_equal(set.priv->where.v[0].pack, PACK_ENTRY);
	struct buf all = read_all(&set, stream_named(&set, "big.zip!a.log"), 1 << 20);
	assert_int_equal(all.n, 70000000);
	buf_free(&all);
	assert_content(&set, "big.zip!b.log", "small\n");
	assert_problems(&set, 0);
	source_set_free(&set);
	make_tree();
	sh("tar -C tree -czf ns.tar.gz web1 web2");
	setenv("TMPDIR", "/nonexistent", 1);
	find1(&set, "ns.tar.gz");
	unsetenv("TMPDIR");
	assert_content(&set, "ns.tar.gz!web1/var/log/auth.log", "a1\na0\n");
	assert_content(&set, "ns.tar.gz!web2/var/log/auth.log", "b\n");
	assert_problem(&set, "ns.tar.gz!web1/var/log/auth.log.2.gz", PROBLEM_TOO_MANY);
	source_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_table),
		cmocka_unit_test(test_rotation_table),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_all_and_nothing_else),
		cmocka_unit_test(test_rotation_order),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_hosts_in_folders),
		cmocka_unit_test(test_deep_and_many),
		cmocka_unit_test(test_archives),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_encrypted_and_hostile_names),
		cmocka_unit_test(test_direct),
	};
	return cmocka_run_group_tests(tests, work_setup, work_teardown);
}
