/* test_privilege_sudo.c - what sudo rules and doas rules really give. */
#include "test_privilege.h"

/* alice may run this as root without a password: does she become root? */
static const struct { const char *command; enum snap_tri root; } commands[] = {
	{"ALL", SNAP_YES}, {"/bin/bash", SNAP_YES}, {"/bin/sh \"\"", SNAP_YES}, {"/usr/bin/vi /etc/motd", SNAP_YES}, {"/usr/bin/less /var/log/syslog", SNAP_YES},
	{"/usr/bin/find", SNAP_YES}, {"/usr/bin/find /var *", SNAP_YES}, {"/usr/bin/find /var -name x", SNAP_NO}, {"/usr/bin/tar czf /b.tgz /etc", SNAP_NO}, {"/usr/bin/tar *", SNAP_YES},
	{"/usr/bin/systemctl restart nginx", SNAP_NO}, {"/usr/bin/systemctl restart *", SNAP_NO}, {"/usr/bin/systemctl", SNAP_YES}, {"/usr/bin/systemctl edit nginx", SNAP_YES},
	{"/usr/bin/systemctl * nginx", SNAP_YES}, {"/usr/bin/systemctl link *", SNAP_UNKNOWN}, {"/usr/bin/cat /var/log/*", SNAP_UNKNOWN}, {"/usr/bin/cat /etc/motd", SNAP_NO},
	{"/usr/bin/python3.11", SNAP_YES}, {"/usr/bin/python3 /opt/x.py", SNAP_NO}, {"/bin/bash /opt/x.sh", SNAP_NO}, {"/usr/sbin/tcpdump -i eth0", SNAP_NO}, {"/usr/sbin/tcpdump", SNAP_YES},
	{"/usr/bin/docker run *", SNAP_YES}, {"/usr/bin/docker ps *", SNAP_NO}, {"/usr/bin/docker logs web", SNAP_NO}, {"/usr/bin/apt-get", SNAP_YES}, {"/usr/bin/apt-get update", SNAP_NO},
	{"/usr/bin/", SNAP_YES}, {"/usr/bin/*", SNAP_YES}, {"/bin/su", SNAP_YES}, {"/bin/su - bob", SNAP_NO}, {"/bin/su - root", SNAP_YES}, {"sudoedit /etc/shadow", SNAP_YES},
	{"sudoedit /etc/nginx/nginx.conf", SNAP_NO}, {"sudoedit /etc/*", SNAP_YES},
	{"/usr/bin/tee -a /etc/sudoers.d/x", SNAP_YES}, {"/usr/bin/dd of=/etc/passwd", SNAP_YES}, {"/usr/bin/dd if=/a of=/etc/passwd", SNAP_NO}, {"sudoedit /srv/*", SNAP_NO}, {"sudoedit", SNAP_YES}, {"/usr/bin/cp", SNAP_YES}, {"/usr/bin/tee /etc/motd", SNAP_NO},
	{"/usr/bin/curl -o *", SNAP_YES}, {"/usr/bin/rsync", SNAP_YES}, {"/usr/bin/strace", SNAP_YES}, {"/usr/bin/nsenter", SNAP_YES}, {"/usr/sbin/chroot", SNAP_YES}, {"/usr/bin/mount", SNAP_YES},
	{"/opt/deploy.sh", SNAP_NO}, {"sha256:abc= /bin/bash", SNAP_UNKNOWN} /* if it is still that one */, {"/usr/bin/id", SNAP_NO}, {"/usr/bin/passwd alice", SNAP_NO}, {"!/bin/bash", SNAP_NO}, {"list", SNAP_NO},
};

static void test_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		struct snapshot *s = host("web1");
		sudo(s, "alice", "root", "", true)->commands = LIST_OF(slice_of(commands[i].command));
		enum snap_tri got = on_one(s, "alice@web1", "root@web1");
		if (got != commands[i].root)
			fail_msg("%s: %d instead of %d", commands[i].command, (int)got, (int)commands[i].root);
	}
}

static void test_tags(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	sudo(s, "alice", "root", "/opt/x", true)->setenv = SNAP_YES;
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
	s = host("web1");
	sudo(s, "alice", "root", "/usr/bin/env", true)->noexec = SNAP_YES; /* it is itself replaced by what it runs */
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
	s = host("web1");
	sudo(s, "alice", "root", "/usr/bin/timeout", true)->noexec = SNAP_YES;
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	sudo(s, "alice", "root", "/usr/bin/vim", true)->noexec = SNAP_YES; /* still writes any file */
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
	s = host("web1");
	sudo(s, "alice", "root", "ALL", true)->not_after = SL("20251231235959Z");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	sudo(s, "alice", "root", "ALL", true)->hosts = listed(s, "ALL,!web1");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	sudo(s, "alice", "root", "ALL", true)->hosts = listed(s, "10.0.0.0/8");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_UNKNOWN); /* its addresses are not known */
}

static void test_password(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	sudo(s, "alice", "ALL", "ALL", false);
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO); /* locked: nothing can be typed */
	s = host("web1");
	sudo(s, "alice", "ALL", "ALL", false);
	s->accounts[1].password = SNAP_PW_SET;
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_UNKNOWN);
	s = host("web1");
	sudo(s, "alice", "ALL", "ALL", false);
	struct snap_sudo_default *d = snapshot_add(s, SNAP_K_sudo_default);
	d->name = SL("authenticate");
	d->value = SL("false");
	d->scope = SL("user:alice");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
}

/* The last rule that fits decides. */
static void test_order(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	sudo(s, "alice", "ALL", "ALL", true);
	sudo(s, "alice", "ALL", "!ALL", true);
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	sudo(s, "alice", "ALL", "!ALL", true);
	sudo(s, "alice", "ALL", "ALL", true);
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
	s = host("web1");
	sudo(s, "alice", "ALL", "ALL,!/bin/bash,!/usr/bin/su", true); /* a copy of bash is left */
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
	s = host("web1");
	sudo(s, "alice", "ALL", "/bin/bash", true);
	sudo(s, "%alice", "ALL", "!/bin/bash", true);
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	sudo(s, "alice", "ALL", "/bin/bash", true);
	sudo(s, "ALL", "ALL", "ALL", false); /* now a password is asked for, and hers is locked */
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	sudo(s, "ALL,!alice", "ALL", "ALL", true);
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
}

static void test_who(void **state)
{
	(void)state;
	static const struct { const char *who; enum snap_tri is; } rows[] = {{"alice", SNAP_YES}, {"%admins", SNAP_YES}, {"#1000", SNAP_YES}, {"%#50", SNAP_YES}, {"%alice", SNAP_YES}, {"bob", SNAP_NO},
		{"+ops", SNAP_UNKNOWN}, {"%#51", SNAP_NO}, {"ALL", SNAP_YES}, {"%nobody", SNAP_NO}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = host("web1");
		group(s, "admins", 50, "alice");
		sudo(s, rows[i].who, "root", "ALL", true);
		if (on_one(s, "alice@web1", "root@web1") != rows[i].is)
			fail_msg("%s", rows[i].who);
	}
}

static void test_targets(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	sudo(s, "alice", "bob", "ALL", true);
	struct privilege *p = build(NULL, &s, 1);
	assert_int_equal(reaches(p, "alice@web1", "bob@web1"), SNAP_YES);
	assert_int_equal(reaches(p, "alice@web1", "root@web1"), SNAP_NO);
	assert_int_equal(reaches(p, "alice@web1", "web@web1"), SNAP_NO);
	privilege_free(p);
	snapshot_free(s);
	s = host("web1");
	sudo(s, "alice", "ALL,!root", "/bin/bash", true);
	p = build(NULL, &s, 1);
	assert_int_equal(reaches(p, "alice@web1", "web@web1"), SNAP_YES);
	assert_int_equal(reaches(p, "alice@web1", "root@web1"), SNAP_NO);
	privilege_free(p);
	snapshot_free(s);
	s = host("web1");
	sudo(s, "alice", "root", "/bin/su - bob", true);
	assert_int_equal(on_one(s, "alice@web1", "bob@web1"), SNAP_YES);
}

/* A rule for a group: the membership is a right of its own, and the cheaper one to take away. */
static void test_membership(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	struct priv_set from = {0}, to = {0};
	struct priv_cut c;
	struct err e;
	const struct right *rights;
	group(s, "admins", 50, "alice,bob");
	sudo(s, "%admins", "ALL", "ALL", true);
	struct privilege *p = build(NULL, &s, 1);
	assert_int_equal(reaches(p, "alice@web1", "root@web1"), SNAP_YES);
	privilege_find(p, SL("alice@web1"), &from, &e);
	privilege_find(p, SL("root@web1"), &to, &e);
	assert_int_equal(privilege_cut(p, &from, &to, &c, &e), 0);
	privilege_rights(p, &rights);
	assert_true(c.possible && c.proven && c.cheapest);
	assert_int_equal(c.n, 1);
	assert_true(rights[c.rights[0]].kind == RIGHT_GROUP || rights[c.rights[0]].kind == RIGHT_SUDO);
	priv_cut_free(&c);
	priv_set_free(&from);
	privilege_find(p, SL("alice@web1"), &from, &e);
	privilege_find(p, SL("bob@web1"), &from, &e);
	assert_int_equal(privilege_cut(p, &from, &to, &c, &e), 0);
	assert_int_equal(c.n, 1); /* the rule: one right, paid once */
	assert_int_equal(rights[c.rights[0]].kind, RIGHT_SUDO);
	priv_cut_free(&c);
	priv_set_free(&from);
	priv_set_free(&to);
	privilege_free(p);
	snapshot_free(s);
}

static struct snap_doas *doas(struct snapshot *s, const char *action, const char *who, const char *command, const char *options)
{
	struct snap_doas *d = snapshot_add(s, SNAP_K_doas);
	d->at = at("/etc/doas.conf", (int64_t)s->ndoas);
	d->action = kept(s, action);
	d->who = kept(s, who);
	d->command = kept(s, command);
	d->options = listed(s, options);
	return d;
}

static void test_doas(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	doas(s, "permit", "alice", "", "nopass");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
	s = host("web1");
	doas(s, "permit", "alice", "", "nopass");
	doas(s, "deny", "alice", "", "");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	doas(s, "permit", ":alice", "/usr/bin/id", "nopass");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO);
	s = host("web1");
	doas(s, "permit", "alice", "/usr/bin/vi", "persist");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_NO); /* locked */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands), cmocka_unit_test(test_tags), cmocka_unit_test(test_password), cmocka_unit_test(test_order),
		cmocka_unit_test(test_who), cmocka_unit_test(test_targets), cmocka_unit_test(test_membership), cmocka_unit_test(test_doas)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
