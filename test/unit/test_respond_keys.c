/* test_respond_keys.c - disable-keys below home folders whose owner may be hostile, and the way back. */
#include "test_respond_util.h"

#include "respond/walk.h"

#include <errno.h>

static char *full(const struct place *p, const char *path, char buf[static 256])
{
	snprintf(buf, 256, "%s%s", p->root, path);
	return buf;
}

/* What a file is, and its first words; "" when it is not there. */
static const char *look(const struct place *p, const char *path, char buf[static 256])
{
	struct stat st;
	char name[256];
	if (lstat(full(p, path, name), &st)) {
		buf[0] = 0;
		return buf;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(buf, 256, "%s", S_ISLNK(st.st_mode) ? "link" : S_ISFIFO(st.st_mode) ? "pipe" : S_ISDIR(st.st_mode) ? "folder" : "other");
		return buf;
	}
	FILE *f = fopen(name, "r");
	size_t n = f ? fread(buf, 1, 255, f) : 0;
	buf[n] = 0;
	if (f)
		fclose(f);
	return buf;
}

#define IS(path, want)                                             \
	do {                                                       \
		char is_[256];                                     \
		assert_string_equal(look(p, path, is_), want);     \
	} while (0)

#define KEYS "/home/carol/.ssh/authorized_keys"
#define AWAY KEYS ".postern-abcd1234"

static void test_plain(void **state)
{
	struct place *p = *state;
	struct store_action a = action("disable-keys", "carol");
	struct stat before, after;
	char path[256];
	write_text(p, KEYS, "one\n");
	write_text(p, KEYS "2", "two\n");
	chmod(full(p, KEYS, path), 0640);
	if (getuid() == 0)
		assert_int_equal(chown(path, CAROL, 7), 0);
	stat(path, &before);
	run(p, &a, ACTION_DONE);
	IS(KEYS, "");
	IS(KEYS "2", "");
	IS(AWAY, "one\n");
	assert_true(a.undo.n > 0 && slice_has(a.result, SL("authorized_keys2")));
	assert_true(logged(p, "run-disable-keys") && logged(p, "\"outcome\":\"begun\"") && logged(p, "\"outcome\":\"success\""));
	run(p, &a, ACTION_DONE); /* again: the same */
	IS(AWAY, "one\n");
	undo(p, &a, ACTION_UNDONE);
	IS(KEYS, "one\n");
	IS(KEYS "2", "two\n");
	IS(AWAY, "");
	stat(path, &after);
	assert_true(before.st_ino == after.st_ino && before.st_mode == after.st_mode && before.st_uid == after.st_uid && before.st_gid == after.st_gid);
	undo(p, &a, ACTION_UNDONE); /* again: the same */
	IS(KEYS, "one\n");
	assert_true(logged(p, "undo-disable-keys"));
}

static void test_dry(void **state)
{
	struct place *p = *state;
	struct respond_rule rule = {.level = LEVEL_LOW, .response = {[RESPOND_DISABLE_KEYS] = true}};
	struct store_action a = action("disable-keys", "carol");
	p->c.by_hand = false;
	p->c.rules = &rule;
	p->c.nrules = 1;
	a.dry_run = true;
	write_text(p, KEYS, "one\n");
	run(p, &a, ACTION_DRY);
	IS(KEYS, "one\n");
	IS(AWAY, "");
	assert_true(slice_has(a.result, SL(KEYS)));
}

static void test_nothing(void **state)
{
	struct place *p = *state;
	struct store_action a = action("disable-keys", "carol");
	run(p, &a, ACTION_DONE);
	assert_true(slice_has(a.result, SL("has no SSH keys")));
	undo(p, &a, ACTION_UNDONE);
}

/* Links, pipes and second names: nothing outside of the account's folder is touched, and nothing is opened. */
static void test_hostile(void **state)
{
	struct place *p = *state;
	struct store_action a = action("disable-keys", "carol");
	char to[256], from[256];
	write_text(p, "/root/authorized_keys", "root's\n");
	write_text(p, "/root/second", "kept\n");
	assert_int_equal(symlink(full(p, "/root/authorized_keys", to), full(p, KEYS, from)), 0);
	assert_int_equal(mkfifo(full(p, KEYS "2", from), 0600), 0);
	run(p, &a, ACTION_DONE);
	IS(KEYS, "");
	IS(AWAY, "link");
	IS(KEYS "2.postern-abcd1234", "pipe");
	IS("/root/authorized_keys", "root's\n");
	undo(p, &a, ACTION_UNDONE);
	IS(KEYS, "link");
	IS(KEYS "2", "pipe");
	unlink(full(p, KEYS, from));
	unlink(full(p, KEYS "2", from));
	assert_int_equal(link(full(p, "/root/second", to), full(p, KEYS, from)), 0);
	run(p, &a, ACTION_DONE);
	IS(KEYS, "");
	IS("/root/second", "kept\n");
	undo(p, &a, ACTION_UNDONE);
	IS(KEYS, "kept\n");
}

/* .ssh itself leads somewhere else: the link gets the other name, what it leads to does not. */
static void test_folder_link(void **state)
{
	struct place *p = *state;
	struct store_action a = action("disable-keys", "carol");
	char to[256], from[256];
	assert_int_equal(rmdir(full(p, "/home/carol/.ssh", from)), 0);
	make_folder(p, "/root/.ssh", 0);
	write_text(p, "/root/.ssh/authorized_keys", "root's\n");
	assert_int_equal(symlink(full(p, "/root/.ssh", to), from), 0);
	run(p, &a, ACTION_DONE);
	IS("/home/carol/.ssh", "");
	IS("/home/carol/.ssh.postern-abcd1234", "link");
	IS("/root/.ssh/authorized_keys", "root's\n");
	undo(p, &a, ACTION_UNDONE);
	IS("/home/carol/.ssh", "link");
	/* a file where the folder should be, and no home at all */
	unlink(from);
	write_text(p, "/home/carol/.ssh", "no folder\n");
	run(p, &a, ACTION_DONE);
	IS("/home/carol/.ssh", "no folder\n");
}

/* Links that root made on the way to the home folder are followed. */
static void test_moved_home(void **state)
{
	struct place *p = *state;
	struct store_action a = action("disable-keys", "carol");
	char from[256], to[256];
	if (getuid())
		skip();
	make_folder(p, "/data", 0);
	write_text(p, KEYS, "one\n");
	assert_int_equal(rename(full(p, "/home", from), full(p, "/data/home", to)), 0);
	assert_int_equal(symlink("/data/home", from), 0);
	run(p, &a, ACTION_DONE);
	IS("/data" KEYS, "");
	IS("/data" AWAY, "one\n");
	undo(p, &a, ACTION_UNDONE);
	IS("/data" KEYS, "one\n");
}

/* The account puts things in the way while its keys are gone. */
static void test_in_the_way(void **state)
{
	struct place *p = *state;
	struct store_action a = action("disable-keys", "carol");
	char from[256], to[256];
	write_text(p, KEYS, "one\n");
	run(p, &a, ACTION_DONE);
	struct slice list = a.undo;
	write_text(p, KEYS, "new\n");
	undo(p, &a, ACTION_UNDOING); /* nothing is overwritten */
	assert_true(slice_has(a.result, SL("move it away")));
	IS(KEYS, "new\n");
	IS(AWAY, "one\n");
	/* carried out again: the new one goes too, beside the old */
	a.state = ACTION_BEGUN;
	run(p, &a, ACTION_DONE);
	IS(KEYS, "");
	IS(AWAY, "one\n");
	IS(AWAY ".1", "new\n");
	/* another file under the other name is not given back */
	a.undo = list;
	assert_int_equal(rename(full(p, AWAY, from), full(p, "/home/carol/x", to)), 0);
	write_text(p, AWAY, "planted\n");
	undo(p, &a, ACTION_UNDOING);
	IS(KEYS, "");
	/* the folder is a link now */
	unlink(full(p, AWAY, from));
	assert_int_equal(rename(to, from), 0);
	assert_int_equal(rename(full(p, "/home/carol/.ssh", from), full(p, "/root/hidden", to)), 0);
	assert_int_equal(symlink(to, from), 0);
	undo(p, &a, ACTION_UNDOING);
	IS("/root/hidden/authorized_keys.postern-abcd1234", "one\n");
}

/* The list of what was taken lies in the state file, which the engine writes: a forged one, and a forged id, move nothing. */
static void test_forged(void **state)
{
	struct place *p = *state;
	struct stat st;
	char path[256], list[512];
	struct err e;
	write_text(p, "/etc/evil", "evil\n");
	write_text(p, "/etc/x.postern-other", "evil\n");
	static const struct { const char *other, *path; } cases[] = {{"evil", "/etc/cron"}, {"x.postern-other", "/etc/x"}, {"evil", "/etc/evil.postern-abcd1234"}, {"../etc/evil", "/home/evil"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_action a = action("disable-keys", "carol");
		assert_int_equal(stat(full(p, i == 1 ? "/etc/x.postern-other" : "/etc/evil", path), &st), 0);
		snprintf(list, sizeof list, "%llu %llu 100644 0 0 %s %s\n", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, cases[i].other, cases[i].path);
		a.undo = slice_of(list);
		undo(p, &a, ACTION_UNDOING);
	}
	static const char *const broken[] = {"\n", "1 2 3\n", "1 2 3 4 5 a\n", "1 2 3 4 5 a /b\n", "x y 3 4 5 a /b\n", "1 2 3 4 5  /\n"};
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct store_action a = action("disable-keys", "carol");
		a.undo = slice_of(broken[i]);
		undo(p, &a, ACTION_UNDOING);
	}
	IS("/etc/evil", "evil\n");
	IS("/etc/x.postern-other", "evil\n");
	IS("/etc/cron", "");
	struct store_action a = action("disable-keys", "carol");
	write_text(p, KEYS, "one\n");
	snprintf(a.id, sizeof a.id, "/../../../../etc/moved");
	run(p, &a, ACTION_REFUSED);
	IS(KEYS, "one\n");
	a.state = ACTION_DONE;
	assert_int_equal(respond_undo(&p->c, NULL, p->audit, SL("test"), &a, &p->mem, &e), ERR_USAGE);
}

/* Killed at any moment, done again, taken back: the file is whole and has its name, and nothing is left over. */
static void test_killed(void **state)
{
	struct place *p = *state;
	struct err e;
	unsigned undone = 0, begun = 0;
	for (unsigned i = 0; i < 60; i++) {
		struct store_action a = action("disable-keys", "carol");
		write_text(p, KEYS, "one\n");
		write_text(p, KEYS "2", "two\n");
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			for (;;) { /* there and back, until it is killed */
				struct store_action x = action("disable-keys", "carol");
				if (respond_run(&p->c, NULL, p->audit, SL("test"), &x, &p->mem, &e) || respond_undo(&p->c, NULL, p->audit, SL("test"), &x, &p->mem, &e))
					_exit(1);
			}
		}
		char text[256];
		while (i % 3 == 0 && !look(p, AWAY, text)[0]) /* some of them in the midst of it for certain */
			;
		usleep(377 * i % 9000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		begun += look(p, AWAY, text)[0] != 0;
		if (i % 2) {
			run(p, &a, ACTION_DONE); /* as watch does after its restart */
			IS(KEYS, "");
			IS(KEYS "2", "");
			IS(AWAY, "one\n");
		}
		undo(p, &a, ACTION_UNDONE); /* also without a list of what was taken */
		undone += slice_starts(a.result, SL("2 files"));
		IS(KEYS, "one\n");
		IS(KEYS "2", "two\n");
		IS(AWAY, "");
	}
	print_message("killed 60 times, %u with keys away, %u undone with both\n", begun, undone);
	assert_true(undone >= 30);
}

/* ---- where sshd says keys lie ---------------------------------------------------------------------------------------------------- */

static void test_sshd(void **state)
{
	struct place *p = *state;
	char path[256];
	static char sshd[256];
	struct store_action a = action("disable-keys", "carol");
	/* a program that answers as sshd -T does */
	write_text(p, "/sshd", "#!/bin/sh\n[ \"$1 $2\" = '-T -C' ] && [ \"$3\" = user=carol,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22 ] || exit 1\n"
		"echo authorizedkeysfile .ssh/own %h/.keys/%u /etc/keys/%u /etc/shared /etc/%%x none ../dave/authorized_keys\necho authorizedkeyscommand /usr/bin/ldap-keys %u\n"
		"echo trustedusercakeys none\n");
	chmod(full(p, "/sshd", path), 0755);
	snprintf(sshd, sizeof sshd, "%s", path);
	p->c.sshd = slice_of(sshd);
	make_folder(p, "/etc/keys", 0);
	make_folder(p, "/home/carol/.keys", CAROL);
	const char *mine[] = {"/home/carol/.ssh/own", "/home/carol/.keys/carol", "/etc/keys/carol"}, *others[] = {"/etc/shared", "/etc/%x", "/home/dave/authorized_keys", "/etc/keys/dave"};
	for (size_t i = 0; i < ARRAY_LEN(mine); i++)
		write_text(p, mine[i], "mine\n");
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		write_text(p, others[i], "other\n");
	run(p, &a, ACTION_FAILED); /* one place could not be walked to */
	for (size_t i = 0; i < ARRAY_LEN(mine); i++)
		IS(mine[i], "");
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		IS(others[i], "other\n");
	assert_true(slice_has(a.result, SL("all accounts share it: /etc/shared")) && slice_has(a.result, SL("ldap-keys")) && slice_has(a.result, SL("\"..\"")));
	undo(p, &a, ACTION_UNDONE);
	for (size_t i = 0; i < ARRAY_LEN(mine); i++)
		IS(mine[i], "mine\n");
}

/* ---- walking ------------------------------------------------------------------------------------------------------------------------ */

static int walk(struct place *p, const char *path, char *where, size_t n)
{
	struct walk w;
	struct err e;
	char root[256];
	int fd = open(full(p, "/", root), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = walk_to(fd, path, &w, &e);
	snprintf(where, n, "%s", rc ? e.text : w.dir < 0 ? "nothing" : w.path);
	walk_end(&w);
	close(fd);
	return rc;
}

static void test_walk(void **state)
{
	struct place *p = *state;
	char a[256], where[PATH_MAX], longest[PATH_MAX + 16];
	if (getuid())
		skip();
	assert_int_equal(symlink("/home/carol", full(p, "/etc/carol", a)), 0);     /* root's */
	assert_int_equal(symlink("loop", full(p, "/etc/loop", a)), 0);
	assert_int_equal(symlink("/etc", full(p, "/home/carol/etc", a)), 0);       /* the account's */
	make_folder(p, "/open", 0);
	chmod(full(p, "/open", a), 01777);
	assert_int_equal(symlink("/etc", full(p, "/open/etc", a)), 0);             /* anybody's */
	static const struct { const char *path, *where; } cases[] = {{"/home/carol/.ssh/keys", "/home/carol/.ssh/keys"}, {"//home/./carol/.ssh//keys", "/home/carol/.ssh/keys"},
		{"/etc/carol/.ssh/keys", "/home/carol/.ssh/keys"}, {"/home/carol/etc/passwd", "/home/carol/etc"}, {"/open/etc/passwd", "/open/etc"},
		{"/no/such/file", "nothing"}, {"/etc/passwd/file", "nothing"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(walk(p, cases[i].path, where, sizeof where), 0);
		assert_string_equal(where, cases[i].where);
	}
	assert_int_equal(walk(p, "/home/../etc/passwd", where, sizeof where), ERR_PERM);
	assert_int_equal(walk(p, "/etc/loop/x", where, sizeof where), ERR_PERM);
	assert_int_equal(walk(p, "home/carol", where, sizeof where), ERR_PERM);
	assert_int_equal(walk(p, "/", where, sizeof where), ERR_PERM);
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	longest[sizeof longest - 1] = 0;
	assert_int_equal(walk(p, longest, where, sizeof where), ERR_PERM);
	longest[NAME_MAX + 20] = 0;
	assert_int_equal(walk(p, longest, where, sizeof where), ERR_PERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {PLACE(test_plain), PLACE(test_dry), PLACE(test_nothing), PLACE(test_hostile), PLACE(test_folder_link), PLACE(test_moved_home),
		PLACE(test_in_the_way), PLACE(test_forged), PLACE(test_killed), PLACE(test_sshd), PLACE(test_walk)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
