/* test_milter.c - what is held, what a release's mark is worth, where the filter may listen, what a notice says. */
#include "milter/milter_private.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_socket(void **state)
{
	(void)state;
	static const struct { const char *in, *out; } rows[] = {
		{"/run/x/socket", "unix:/run/x/socket"}, {"127.0.0.1:8894", "inet:8894@127.0.0.1"}, {"[::1]:25", "inet6:25@::1"}, {"127.5.5.5:1", "inet:1@127.5.5.5"},
		{"0.0.0.0:8894", NULL}, {"10.0.0.1:8894", NULL}, {"[::]:1", NULL}, {"127.0.0.1:0", NULL}, {"127.0.0.1:65536", NULL}, {"127.0.0.1", NULL}, {"localhost:1", NULL},
		{"", NULL}, {":1", NULL}, {"relative", NULL}, {"inet:1@0.0.0.0", NULL}, {"127.0.0.1:1x", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[200];
		struct err e;
		int rc = milter_socket(rows[i].in, out, sizeof out, &e);
		assert_int_equal(rc, rows[i].out ? 0 : ERR_USAGE);
		if (rows[i].out)
			assert_string_equal(out, rows[i].out);
	}
}

static void digest(const char *text, size_t part, unsigned char out[static 32])
{
	struct body_digest d;
	body_begin(&d);
	for (struct slice rest = slice_of(text); rest.n; rest = slice_from(rest, part))
		body_add(&d, slice_to(rest, part));
	body_end(&d, out);
}

static void test_digest(void **state)
{
	(void)state;
	static const char *const same[] = {"a\r\n\r\nb\r\n", "a\n\nb\n", "a\n\nb", "a\r\n\r\nb\r\n\r\n\r\n"}, *const other[] = {"a\n\n\nb\n", "a\nb\n", "a\n\nc\n", "", "\na\n\nb\n", "a \n\nb\n"};
	unsigned char want[32], got[32];
	digest(same[0], 100, want);
	for (size_t part = 1; part < 9; part++)
		for (size_t i = 0; i < ARRAY_LEN(same); i++) {
			digest(same[i], part, got);
			assert_memory_equal(want, got, 32);
		}
	for (size_t i = 0; i < ARRAY_LEN(other); i++) {
		digest(other[i], 3, got);
		assert_memory_not_equal(want, got, 32);
	}
}

/* ---- the folder --------------------------------------------------------------------------------------------------------------- */

static const char message[] = "ours\r\nFrom: a@b.example\r\n\r\nbody\r\n";
static const off_t skip = 6;

static int memory(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

struct seen { size_t n; enum held_state state; bool under_way; };

static int look(void *arg, const struct held_mail *m)
{
	struct seen *s = arg;
	s->n++;
	s->state = m->state;
	s->under_way = m->under_way;
	return 0;
}

static struct seen see(struct held *h, bool all)
{
	struct seen s = {0};
	struct err e;
	assert_int_equal(held_each(h, all, look, &s, &e), 0);
	return s;
}

static const struct held_mail mail = {.queue = {"Q1", 2}, .sender = {"a@b.example", 11}, .recipients = {"c@d.example\ne@f.example", 23}, .from = {"\"\r\n\xff", 4}, .verdict = {"lure", 4},
	.body = 21, .size = 27};

static void open_in(char folder[static 64], struct held **h)
{
	struct err e;
	snprintf(folder, 64, "/tmp/postern-held-XXXXXX");
	assert_non_null(mkdtemp(folder));
	*h = held_open(folder, true, &e);
	assert_non_null(*h);
}

static void clean(const char *folder, const char *const *names, size_t n)
{
	static const char *const own[] = {"held.db", "held.db-journal", "held.db-shm", "held.db-wal", "releases.lock"};
	char path[200];
	for (size_t i = 0; i < ARRAY_LEN(own) + n; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, i < ARRAY_LEN(own) ? own[i] : names[i - ARRAY_LEN(own)]);
		unlink(path);
	}
	assert_int_equal(rmdir(folder), 0); /* nothing else is left in it */
}

static void test_held(void **state)
{
	(void)state;
	char folder[64], id[HELD_ID_ROOM], again[HELD_ID_ROOM], other[HELD_ID_ROOM], path[200], bytes[100];
	struct held *h;
	struct err e;
	struct stat st;
	open_in(folder, &h);
	int fd = memory(message), changed = memory("ours\r\nFrom: a@b.example\r\n\r\nBody\r\n");
	nstime now = milter_now();
	assert_int_equal(held_put(h, &mail, fd, skip, now, id, &e), 0);
	assert_int_equal(held_put(h, &mail, fd, skip, now + 5, again, &e), 0);
	assert_string_equal(id, again);
	assert_int_equal(held_put(h, &mail, changed, skip, now - 40 * NS_DAY, other, &e), 0);
	assert_string_not_equal(id, other);
	assert_int_equal(see(h, false).n, 2);
	snprintf(path, sizeof path, "%s/%s", folder, id);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	int in = open(path, O_RDONLY);
	assert_int_equal(read(in, bytes, sizeof bytes), 27);
	assert_memory_equal(bytes, message + skip, 27);
	close(in);
	/* too old, and what a crash left behind */
	snprintf(path, sizeof path, "%s/20260101-abc", folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(held_expire(h, now - 30 * NS_DAY, &e), 0);
	assert_int_equal(stat(path, &st), -1);
	snprintf(path, sizeof path, "%s/%s", folder, other);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(see(h, false).n, 1);
	assert_int_equal(see(h, true).n, 2);
	/* another process sees the same, with the same key */
	held_close(h);
	h = held_open(folder, false, &e);
	assert_non_null(h);
	assert_int_equal(held_delete(h, SL("nothing"), SL("me"), &e), ERR_NOENT);
	assert_int_equal(held_delete(h, slice_of(id), SL("me"), &e), 0);
	assert_int_equal(held_delete(h, slice_of(id), SL("me"), &e), ERR_USAGE);
	assert_int_equal(held_release(h, slice_of(id), "/bin/true", true, SL("me"), &e), ERR_USAGE);
	assert_int_equal(held_put(h, &mail, fd, skip, now, again, &e), 0); /* sent again after it was deleted: held again */
	assert_string_not_equal(id, again);
	close(fd);
	close(changed);
	held_close(h);
	clean(folder, (const char *const[]){again}, 1);
}

/* The mark as sendmail got it. */
static void test_mark(void **state)
{
	(void)state;
	char folder[64], id[HELD_ID_ROOM], got[HELD_ID_ROOM], script[100], out[100], text[2000] = {0};
	unsigned char body[32], other[32];
	struct held *h;
	struct err e;
	open_in(folder, &h);
	int fd = memory(message);
	assert_int_equal(held_put(h, &mail, fd, skip, milter_now(), id, &e), 0);
	snprintf(script, sizeof script, "%s/sendmail", folder);
	snprintf(out, sizeof out, "%s/out", folder);
	FILE *f = fopen(script, "w");
	fprintf(f, "#!/bin/sh\necho \"$@\" >%s\ncat >>%s\n", out, out);
	fclose(f);
	chmod(script, 0700);
	assert_int_equal(held_release(h, slice_of(id), "/bin/false", false, SL("me"), &e), ERR_IO);
	assert_int_equal(see(h, false).state, HELD_HERE);
	assert_int_equal(held_release(h, slice_of(id), script, false, SL("me"), &e), 0);
	assert_int_equal(see(h, true).state, HELD_RELEASED);
	f = fopen(out, "r");
	assert_true(fread(text, 1, sizeof text - 1, f) > 100);
	fclose(f);
	char *mark = strstr(text, HEADER_RELEASED ": "), *end = strchr(mark, '\n');
	assert_true(strncmp(text, "-i -f a@b.example -- c@d.example e@f.example\n", 45) == 0);
	assert_string_equal(end, "\nFrom: a@b.example\n\nbody\n");
	struct slice value = slice_make(mark + strlen(HEADER_RELEASED ": "), (size_t)(end - mark) - strlen(HEADER_RELEASED ": "));
	digest("body\n", 9, body);
	digest("Body\n", 9, other);
	assert_true(held_passes(h, value, body, milter_now(), got));
	assert_string_equal(got, id);
	assert_false(held_passes(h, value, other, milter_now(), got));
	assert_false(held_passes(h, value, body, milter_now() + 25 * NS_HOUR, got));
	for (size_t i = 0; i < value.n; i++) { /* any byte of it */
		char *p = mark + strlen(HEADER_RELEASED ": ") + i, before = *p;
		*p = before == '1' ? '2' : '1';
		assert_false(held_passes(h, value, body, milter_now(), got));
		*p = before;
		assert_false(held_passes(h, slice_to(value, i), body, milter_now(), got));
	}
	close(fd);
	held_close(h);
	clean(folder, (const char *const[]){"sendmail", "out"}, 2);
}

static void wait_for(const char *folder, const char *name)
{
	char path[100];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	while (access(path, F_OK))
		usleep(2000);
}

/* While sendmail has it nobody else releases or deletes it, whatever he says; one process that was killed leaves no lock. */
static void test_under_way(void **state)
{
	(void)state;
	char folder[64], id[HELD_ID_ROOM], script[100], go[100];
	struct held *h;
	struct err e;
	int status = 1, fd = memory(message);
	open_in(folder, &h);
	assert_int_equal(held_put(h, &mail, fd, skip, milter_now(), id, &e), 0);
	snprintf(script, sizeof script, "%s/sendmail", folder);
	snprintf(go, sizeof go, "%s/go", folder);
	FILE *f = fopen(script, "w");
	fprintf(f, "#!/bin/sh\ncat >/dev/null\necho x >>%s/sent\n>%s/begun\nwhile [ ! -e %s ]; do sleep 0.01; done\n", folder, folder, go);
	fclose(f);
	chmod(script, 0700);
	pid_t child = fork();
	if (child == 0) {
		struct held *other = held_open(folder, false, &e);
		_exit(!other || held_release(other, slice_of(id), script, false, SL("first"), &e) ? 1 : 0);
	}
	wait_for(folder, "begun");
	assert_true(see(h, false).state == HELD_RELEASING && see(h, false).under_way);
	assert_int_equal(held_release(h, slice_of(id), script, false, SL("me"), &e), ERR_DUP);
	assert_int_equal(held_release(h, slice_of(id), script, true, SL("me"), &e), ERR_DUP);
	assert_int_equal(held_delete(h, slice_of(id), SL("me"), &e), ERR_DUP);
	assert_int_equal(held_delete(h, SL("another"), SL("me"), &e), ERR_NOENT); /* others are not kept */
	fclose(fopen(go, "w"));
	assert_true(waitpid(child, &status, 0) == child && status == 0);
	assert_true(see(h, true).state == HELD_RELEASED && !see(h, true).under_way);
	assert_int_equal(held_release(h, slice_of(id), script, true, SL("me"), &e), ERR_USAGE);
	struct stat st;
	snprintf(go, sizeof go, "%s/sent", folder);
	assert_true(stat(go, &st) == 0 && st.st_size == 2);
	close(fd);
	held_close(h);
	clean(folder, (const char *const[]){"sendmail", "go", "begun", "sent"}, 4);
}

static void test_folder(void **state)
{
	(void)state;
	char folder[64];
	struct held *h;
	struct err e;
	open_in(folder, &h);
	held_close(h);
	chmod(folder, 0750);
	assert_null(held_open(folder, true, &e));
	assert_int_equal(e.code, ERR_PERM);
	chmod(folder, 0700);
	clean(folder, NULL, 0);
	assert_null(held_open(folder, false, &e));
	assert_int_equal(e.code, ERR_NOENT);
}

static void test_notice(void **state)
{
	(void)state;
	for (int language = 0; language < LURE_LANGUAGES; language++) {
		struct notice n = {.id = SL("20261126-0"), .sender = SL("a.b@c.example"), .from = SL("\x1b[2Jhttps://evil.example \xff"), .subject = SL("x\r\nBcc: y"), .language = (enum lure_language)language,
			.keep_days = 7};
		struct buf subject = {0}, body = {0};
		unsigned char text[4000];
		size_t got;
		notice_subject(&n, &subject);
		notice_body(&n, &body);
		assert_true(slice_starts(buf_slice(&subject), SL("=?UTF-8?B?")) && slice_ends(buf_slice(&subject), SL("?=\n\t(20261126-0)")));
		assert_int_equal(sodium_base642bin(text, sizeof text, body.p, body.n, "\r\n", &got, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
		struct slice t = slice_make((char *)text, got);
		assert_true(slice_utf8(t) && slice_has(t, SL("20261126-0\n")) && slice_has(t, SL("a[.]b@c[.]example")) && slice_has(t, SL("7")));
		assert_false(slice_has(t, SL("\x1b")) || slice_has(t, SL("https:")) || slice_has(t, SL("\nBcc")) || slice_has(t, SL("\r")));
		buf_free(&subject);
		buf_free(&body);
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0)
		return 1;
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_socket), cmocka_unit_test(test_digest), cmocka_unit_test(test_held), cmocka_unit_test(test_mark), cmocka_unit_test(test_under_way),
		cmocka_unit_test(test_folder), cmocka_unit_test(test_notice)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
