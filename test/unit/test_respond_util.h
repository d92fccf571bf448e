/* test_respond_util.h - a machine of the test's own: accounts, home folders, an audit log. */
#ifndef POSTERN_TEST_RESPOND_UTIL_H
#define POSTERN_TEST_RESPOND_UTIL_H

#include "respond/respond.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { CAROL = 54321, DAVE = 54322 };

/* A machine of the test's own: /etc/passwd and home folders below `root`, an audit log beside it. */
struct place {
	char root[64], log[96];
	struct arena mem;
	struct respond_config c;
	struct chain *audit;
	struct slice never[2];
	struct cidr net;
};

static __attribute__((unused)) void write_text(const struct place *p, const char *path, const char *text)
{
	char full[256];
	snprintf(full, sizeof full, "%s%s", p->root, path);
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static __attribute__((unused)) void make_folder(const struct place *p, const char *path, uid_t owner)
{
	char full[256];
	snprintf(full, sizeof full, "%s%s", p->root, path);
	assert_int_equal(mkdir(full, 0755), 0);
	if (getuid() == 0)
		assert_int_equal(chown(full, owner, owner), 0);
}

static int setup(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	struct err e;
	snprintf(p->root, sizeof p->root, "/tmp/postern-respond-XXXXXX");
	if (!mkdtemp(p->root))
		return -1;
	make_folder(p, "/etc", 0);
	make_folder(p, "/home", 0);
	make_folder(p, "/home/carol", CAROL);
	make_folder(p, "/home/carol/.ssh", CAROL);
	make_folder(p, "/home/dave", DAVE);
	make_folder(p, "/root", 0);
	write_text(p, "/etc/passwd", "root:x:0:0::/root:/bin/sh\ncarol:x:54321:54321::/home/carol:/bin/sh\ndave:x:54322:54322::/home/dave:/bin/sh\n"
		"toor:x:0:0::/home/dave:/bin/sh\ntwin:x:54322:54322::/home/carol:/bin/sh\nrooty:x:54323:54323::/root:/bin/sh\nempty:x:54324:1::/:/bin/sh\n");
	snprintf(p->log, sizeof p->log, "%s/audit.log", p->root);
	p->audit = chain_open(p->log, NULL, NULL, &e);
	arena_init(&p->mem);
	p->never[0] = SL("dave");
	cidr_parse(SL("192.0.2.0/24"), &p->net);
	p->c = (struct respond_config){.by_hand = true, .nft = SL("/nowhere/nft"), .sshd = SL("/nowhere/sshd"), .sshd_config = SL(""), .passwd_root = slice_of(p->root)};
	p->c.never.accounts = p->never;
	p->c.never.naccounts = 1;
	p->c.never.networks = &p->net;
	p->c.never.nnetworks = 1;
	*state = p;
	return p->audit ? 0 : -1;
}

static void never_told(void *arg, const struct chain_problem *x)
{
	(void)arg;
	print_message("%s\n", x->text);
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[128];
	struct chain_report r;
	struct err e;
	chain_close(p->audit);
	int bad = chain_verify(p->log, SLICE_NONE, never_told, NULL, &r, &e) || r.problems;
	arena_free(&p->mem);
	snprintf(command, sizeof command, "rm -rf %s", p->root);
	free(p);
	return system(command) || bad ? -1 : 0;
}

static __attribute__((unused)) struct store_action action(const char *kind, const char *target)
{
	return (struct store_action){.id = "abcd1234", .incident = "i1", .kind = slice_of(kind), .target = slice_of(target), .state = ACTION_BEGUN, .created = NS_DAY,
		.until = 2 * NS_DAY, .done = NSTIME_NONE};
}

static __attribute__((unused)) void run(struct place *p, struct store_action *a, enum action_state want)
{
	struct err e;
	assert_int_equal(respond_run(&p->c, NULL, p->audit, SL("test"), a, &p->mem, &e), 0);
	if (a->state != want)
		print_message("%.*s %.*s: %s: %.*s\n", SLFMT(a->kind), SLFMT(a->target), action_state_name(a->state), SLFMT(a->result));
	assert_int_equal(a->state, want);
	assert_true(a->result.n > 0);
}

static __attribute__((unused)) bool logged(const struct place *p, const char *text)
{
	char room[64 << 10];
	FILE *f = fopen(p->log, "r");
	size_t n = fread(room, 1, sizeof room, f);
	fclose(f);
	return slice_has(slice_make(room, n), slice_of(text));
}

static __attribute__((unused)) void undo(struct place *p, struct store_action *a, enum action_state want)
{
	struct err e;
	assert_int_equal(respond_undo(&p->c, NULL, p->audit, SL("test"), a, &p->mem, &e), 0);
	if (a->state != want)
		print_message("undo %.*s %.*s: %s: %.*s\n", SLFMT(a->kind), SLFMT(a->target), action_state_name(a->state), SLFMT(a->result));
	assert_int_equal(a->state, want);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
