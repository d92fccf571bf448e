/* test_snapshot_below.c - files below a hostile root: no way out of it, nothing but regular files, limits named. */
#include "snapshot/snapshot_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct snap_collect options = {.root = "/"};

static void put(int at, const char *path, const char *text)
{
	int fd = openat(at, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A root beside a secret; c reads the root. */
static void begin(struct collector *c, char dir[static 64], bool without)
{
	snprintf(dir, 64, "/tmp/postern-below-XXXXXX");
	assert_non_null(mkdtemp(dir));
	int at = open(dir, O_PATH | O_DIRECTORY);
	assert_int_equal(mkdirat(at, "root", 0755), 0);
	put(at, "secret", "secret\n");
	*c = (struct collector){.s = snapshot_new(), .opt = &options, .until = INT64_MAX, .no_openat2 = without};
	arena_init(&c->scratch);
	c->root = openat(at, "root", O_PATH | O_DIRECTORY);
	close(at);
	assert_int_equal(mkdirat(c->root, "etc", 0755), 0);
	put(c->root, "etc/file", "inside\n");
}

static void end(struct collector *c, const char *dir)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	close(c->root);
	arena_free(&c->scratch);
	snapshot_free(c->s);
}

/* What stands there; NULL nothing, and whether a row says why. */
static void expect(struct collector *c, const char *path, const char *text, const char *why)
{
	struct buf b = {0};
	size_t before = c->s->nmissing;
	bool gone = false, got = below_read(c, path, 100, "x", NULL, &b, NULL, &gone);
	if (got != (text != NULL) || (got && !slice_eqz(buf_slice(&b), text)))
		fail_msg("%s: %.*s", path, SLFMT(buf_slice(&b)));
	assert_int_equal(c->s->nmissing - before, why != NULL);
	if (why && !slice_has(c->s->missing[before].why, slice_of(why)))
		fail_msg("%s: %.*s", path, SLFMT(c->s->missing[before].why));
	assert_int_equal(gone, !text && !why);
	buf_free(&b);
}

static void hostile(bool without)
{
	struct collector c;
	char dir[64], outside[128];
	begin(&c, dir, without);
	snprintf(outside, sizeof outside, "%s/secret", dir);
	assert_int_equal(symlinkat(outside, c.root, "etc/absolute"), 0);
	assert_int_equal(symlinkat("../../../../../../../../secret", c.root, "etc/relative"), 0);
	assert_int_equal(symlinkat("../..", c.root, "up"), 0);
	assert_int_equal(symlinkat("/etc", c.root, "inner"), 0);
	assert_int_equal(symlinkat("../../../etc/file", c.root, "etc/clamped"), 0);
	assert_int_equal(symlinkat("loop2", c.root, "etc/loop1"), 0);
	assert_int_equal(symlinkat("loop1", c.root, "etc/loop2"), 0);
	assert_int_equal(mkfifoat(c.root, "etc/fifo", 0644), 0);
	put(c.root, "etc/long", "1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n");

	expect(&c, "/etc/file", "inside\n", NULL);
	expect(&c, "/inner/file", "inside\n", NULL);
	expect(&c, "/inner/../etc/./file", "inside\n", NULL);
	expect(&c, "/etc/clamped", "inside\n", NULL);
	expect(&c, "/../../etc/file", "inside\n", NULL);
	expect(&c, "/etc/none", NULL, NULL);
	expect(&c, "/etc/file/x", NULL, NULL);
	expect(&c, "/etc/absolute", NULL, "leads to nothing within the root");
	expect(&c, "/etc/relative", NULL, "leads to nothing within the root");
	expect(&c, "/up/secret", NULL, NULL);
	expect(&c, "/etc/loop1", NULL, "levels of symbolic links");
	expect(&c, "/etc/fifo", NULL, "FIFO");
	expect(&c, "/etc", NULL, "folder");
	expect(&c, "/etc/long", "1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n1234567890\n", "first 99 bytes");
	end(&c, dir);
}

static void test_hostile(void **state)
{
	(void)state;
	hostile(false);
}

static void test_hostile_without_openat2(void **state)
{
	(void)state;
	hostile(true);
}

static bool count(struct collector *c, void *arg, const char *path, const struct stat *st)
{
	struct buf *b = arg;
	(void)c;
	buf_addf(b, "%s%s ", path, S_ISLNK(st->st_mode) ? "@" : "");
	return true;
}

static void test_walk(void **state)
{
	(void)state;
	struct collector c;
	struct buf b = {0};
	struct slice *v;
	size_t n;
	char dir[64], deep[200] = "d";
	begin(&c, dir, false);
	put(c.root, "etc/b", "");
	put(c.root, "etc/.a", "");
	assert_int_equal(symlinkat("..", c.root, "etc/up"), 0);
	below_walk(&c, "/", &(struct below_walk){.section = "x", .depth = 9, .most = 99, .fn = count, .arg = &b});
	assert_true(slice_eqz(buf_slice(&b), "/etc /etc/.a /etc/b /etc/file /etc/up@ "));
	b.n = 0;
	below_walk(&c, "/etc", &(struct below_walk){.section = "x", .depth = 9, .most = 2, .fn = count, .arg = &b});
	assert_true(slice_eqz(buf_slice(&b), "/etc/.a /etc/b "));
	assert_int_equal(c.s->nmissing, 1);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(mkdirat(c.root, deep, 0755), 0);
		snprintf(deep + strlen(deep), sizeof deep - strlen(deep), "/d");
	}
	below_walk(&c, "/d", &(struct below_walk){.section = "x", .depth = 99, .most = 99, .fn = count, .arg = &b});
	assert_int_equal(c.s->nmissing, 2);
	assert_true(below_glob(&c, "/e*/[bf]*", "x", &v, &n));
	assert_int_equal(n, 2);
	assert_true(slice_eqz(v[0], "/etc/b") && slice_eqz(v[1], "/etc/file"));
	assert_false(below_glob(&c, "/etc/nothing", "x", &v, &n));
	assert_false(below_glob(&c, "/etc/../../*cret", "x", &v, &n));
	c.until = 0;
	b.n = 0;
	below_walk(&c, "/", &(struct below_walk){.section = "x", .depth = 9, .most = 99, .fn = count, .arg = &b});
	assert_int_equal(b.n, 0);
	assert_true(snapshot_is_missing(c.s, "time"));
	buf_free(&b);
	end(&c, dir);
}

/* What a collector puts down can be read back, whatever bytes it is. */
static void test_texts(void **state)
{
	(void)state;
	struct collector c;
	struct buf b = {0};
	char dir[64];
	begin(&c, dir, false);
	for (int i = 0; i < SNAP_TEXT_MAX; i++)
		buf_addc(&b, (char)0xff);
	struct slice s = collect_text(&c, buf_slice(&b));
	assert_true(slice_utf8(s) && s.n <= SNAP_TEXT_MAX && s.n > SNAP_TEXT_MAX - 8);
	assert_true(slice_eqz(collect_text(&c, SL("a\xff\xc3\xa4")), "a\xef\xbf\xbd\xc3\xa4"));
	for (int i = 0; i < COLLECT_MISSING_MAX + 10; i++)
		collect_missing(&c, "x", NULL, NULL, 0, "%d", i);
	assert_int_equal(c.s->nmissing, COLLECT_MISSING_MAX + 1);
	buf_free(&b);
	end(&c, dir);
}

/* All collectors over a root with a little of everything: the same twice, nothing lost (run with a leak checker), nothing of it for an impossible root. */
static void test_collect(void **state)
{
	(void)state;
	static const char key[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
	struct collector c;
	struct err e;
	struct buf one = {0}, two = {0};
	char dir[64], root[80], line[256];
	begin(&c, dir, false);
	snprintf(root, sizeof root, "%s/root", dir);
	static const char *const folders[] = {"etc/ssh", "usr", "usr/sbin", "usr/bin", "home", "home/bob", "home/bob/.ssh"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		assert_int_equal(mkdirat(c.root, folders[i], 0755), 0);
	put(c.root, "etc/passwd", "root:x:0:0::/root:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\nbad\n");
	put(c.root, "etc/group", "bob:x:1:a,b\n");
	put(c.root, "etc/shadow", "bob:$6$salt$hash:1:2:3:4:5:6:\n");
	put(c.root, "etc/hostname", "Web1\n");
	put(c.root, "etc/sudoers", "bob ALL=(ALL) NOPASSWD: /bin/ls\n");
	put(c.root, "usr/sbin/sshd", "");
	put(c.root, "etc/ssh/sshd_config", "Include more\nMatch User bob\n PermitTTY no\nnonsense\n");
	put(c.root, "etc/ssh/more", "AcceptEnv A B\nCiphers +x\n");
	snprintf(line, sizeof line, "restrict,command=\"x\" %s c\njunk\n", key);
	put(c.root, "home/bob/.ssh/authorized_keys", line);
	snprintf(line, sizeof line, "h1,h2 %s\n|1|x|y %s\n", key, key);
	put(c.root, "home/bob/.ssh/known_hosts", line);
	put(c.root, "home/bob/.ssh/config", "Host *\nPort 22\nIdentityFile ~/k\n");
	put(c.root, "home/bob/k", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\nxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
	for (int i = 0; i < 2; i++) {
		struct snapshot *s;
		assert_int_equal(snapshot_collect(&(struct snap_collect){.root = root, .packages = true}, &s, &e), 0);
		assert_true(slice_eqz(s->host, "web1"));
		assert_int_equal(s->naccounts, 2);
		assert_int_equal(s->accounts[1].password, SNAP_PW_SET);
		assert_int_equal(s->nauthorized_keys, 2);
		assert_int_equal(s->nprivate_keys, 1);
		assert_int_equal(s->nknown_hosts, 2);
		s->taken = 1;
		snapshot_write(s, i ? &two : &one);
		snapshot_free(s);
	}
	assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
	assert_false(slice_has(buf_slice(&one), SL("salt")));
	struct snapshot *none;
	assert_int_equal(snapshot_collect(&(struct snap_collect){.root = "/nonexistent"}, &none, &e), ERR_NOENT);
	assert_null(none);
	buf_free(&one);
	buf_free(&two);
	end(&c, dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_hostile_without_openat2), cmocka_unit_test(test_walk), cmocka_unit_test(test_texts), cmocka_unit_test(test_collect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
