/* test_privilege_graph.c - logins, keys that lie about, certificates, files, groups: which edges there are, and the way in words. */
#include "test_privilege.h"

#define FREE2(p, v) (privilege_free(p), snapshot_free((v)[0]), snapshot_free((v)[1]))

static const char org_yaml[] =
	"hosts:\n  - name: web1\n    roles: [web]\n  - name: db1\n    roles: [crown-jewel]\n  - name: db9\n    roles: [crown-jewel]\n"
	"providers:\n  - id: hafenlicht\n    name: Hafenlicht GmbH\n    persons:\n      - name: Nils Berger\n        accounts: [bob]\n        keys: [\"SHA256:nilsnilsnilsnilsnilsnilsnilsnilsnilsnilsabc\"]\n";

static struct org *organisation(void)
{
	struct err e;
	struct org *o = org_parse(slice_of(org_yaml), "org.yaml", &e);
	if (!o)
		fail_msg("%s", e.text);
	return o;
}

/* ---- sshd ------------------------------------------------------------------------------------------------------------------- */

typedef void change_fn(struct snapshot *s, struct snap_authorized_key *k);
static void none(struct snapshot *s, struct snap_authorized_key *k) { (void)s, (void)k; }
static void no_sshd(struct snapshot *s, struct snap_authorized_key *k) { (void)k, s->nsshd = 0; }
static void nologin(struct snapshot *s, struct snap_authorized_key *k) { (void)k, s->accounts[1].shell = SL("/usr/sbin/nologin"); }
static void expired(struct snapshot *s, struct snap_authorized_key *k) { (void)k, s->accounts[1].expires = 100; }
static void denied(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "", "denyusers", "al*"); }
static void others(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "", "allowusers", "bob"); }
static void allowed(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "", "allowusers", "bob"), sshd(s, "", "allowusers", "ali?e"); }
static void from_where(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "", "allowusers", "alice@10.0.0.1"); }
static void groups(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "", "allowgroups", "ssh"); }
static void in_groups(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "", "allowgroups", "alice"); }
static void two(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "alice", "authenticationmethods", "publickey,keyboard-interactive"); }
static void no_keys(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "alice", "pubkeyauthentication", "no"); }
static void forced(struct snapshot *s, struct snap_authorized_key *k) { (void)s, k->command = SL("/bin/backup"); }
static void unusable(struct snapshot *s, struct snap_authorized_key *k) { (void)s, k->usable = SNAP_NO; }
static void over(struct snapshot *s, struct snap_authorized_key *k) { (void)s, k->expires = SL("20200101Z"); }
static void later(struct snapshot *s, struct snap_authorized_key *k) { (void)s, k->expires = SL("20300101Z"); }
static void limited(struct snapshot *s, struct snap_authorized_key *k) { (void)s, k->from = SL("10.0.0.7"); }
static void dss(struct snapshot *s, struct snap_authorized_key *k) { (void)s, k->type = SL("ssh-dss"); }
static void types(struct snapshot *s, struct snap_authorized_key *k) { (void)k, sshd(s, "", "pubkeyacceptedalgorithms", "sk-ssh-ed25519@openssh.com,rsa-sha2-512"); }

static void test_login(void **state)
{
	(void)state;
	static const struct { const char *name; change_fn *change; enum snap_tri opens; } rows[] = {
		{"plain", none, SNAP_YES}, {"no sshd", no_sshd, SNAP_NO}, {"nologin", nologin, SNAP_NO}, {"expired", expired, SNAP_NO}, {"DenyUsers", denied, SNAP_NO}, {"AllowUsers of others", others, SNAP_NO},
		{"AllowUsers", allowed, SNAP_YES}, {"AllowUsers with a host", from_where, SNAP_UNKNOWN}, {"AllowGroups", groups, SNAP_NO}, {"AllowGroups of hers", in_groups, SNAP_YES},
		{"second factor", two, SNAP_UNKNOWN}, {"no keys", no_keys, SNAP_NO}, {"forced", forced, SNAP_UNKNOWN}, {"unusable", unusable, SNAP_NO}, {"over", over, SNAP_NO}, {"later", later, SNAP_YES},
		{"from", limited, SNAP_UNKNOWN}, {"dss", dss, SNAP_NO}, {"types", types, SNAP_NO},
	};
	struct org *o = organisation();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = host("web1");
		rows[i].change(s, opens(s, "alice", "SHA256:nilsnilsnilsnilsnilsnilsnilsnilsnilsnilsabc"));
		struct privilege *p = build(o, &s, 1);
		if (reaches(p, "provider:hafenlicht", "alice@web1") != rows[i].opens)
			fail_msg("%s", rows[i].name);
		privilege_free(p);
		snapshot_free(s);
	}
	org_free(o);
}

static void test_root_login(void **state)
{
	(void)state;
	static const struct { const char *value; enum snap_tri opens; } rows[] = {{"prohibit-password", SNAP_YES}, {"yes", SNAP_YES}, {"no", SNAP_NO}, {"forced-commands-only", SNAP_NO}};
	struct org *o = organisation();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = host("web1");
		opens(s, "root", "SHA256:nilsnilsnilsnilsnilsnilsnilsnilsnilsnilsabc");
		s->sshd[0].value = slice_of(rows[i].value);
		struct privilege *p = build(o, &s, 1);
		assert_int_equal(reaches(p, "person:Nils Berger", "root@web1"), rows[i].opens);
		privilege_free(p);
		snapshot_free(s);
	}
	org_free(o);
}

static void test_passwords(void **state)
{
	(void)state;
	struct org *o = organisation();
	struct snapshot *s = host("web1");
	s->accounts[1].password = s->accounts[2].password = s->accounts[0].password = SNAP_PW_SET;
	struct privilege *p = build(o, &s, 1);
	assert_int_equal(reaches(p, "outside", "alice@web1"), SNAP_UNKNOWN);
	assert_int_equal(reaches(p, "outside", "root@web1"), SNAP_NO);
	assert_int_equal(reaches(p, "provider:hafenlicht", "alice@web1"), SNAP_NO); /* not theirs */
	assert_int_equal(reaches(p, "provider:hafenlicht", "bob@web1"), SNAP_YES);
	privilege_free(p);
	s->accounts[1].password = SNAP_PW_EMPTY;
	sshd(s, "", "permitemptypasswords", "yes");
	p = build(o, &s, 1);
	assert_int_equal(reaches(p, "outside", "alice@web1"), SNAP_YES);
	assert_int_equal(reaches(p, "provider:hafenlicht", "alice@web1"), SNAP_YES);
	privilege_free(p);
	snapshot_free(s);
	org_free(o);
}

/* ---- from host to host --------------------------------------------------------------------------------------------------------- */

static void test_lying_keys(void **state)
{
	(void)state;
	static const struct { enum snap_tri encrypted; const char *from, *address; enum snap_tri opens; } rows[] = {
		{SNAP_NO, "", "10.0.0.1", SNAP_YES}, {SNAP_YES, "", "10.0.0.1", SNAP_UNKNOWN}, {SNAP_NO, "10.0.0.0/24", "10.0.0.1", SNAP_YES}, {SNAP_NO, "10.0.0.*", "10.0.0.1", SNAP_YES},
		{SNAP_NO, "10.9.9.9", "10.0.0.1", SNAP_UNKNOWN} /* the key may be carried there */, {SNAP_NO, "10.0.0.0/24,!10.0.0.1", "10.0.0.1", SNAP_UNKNOWN},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *v[] = {host("web1"), host("db1")};
		v[0]->addresses = listed(v[0], rows[i].address);
		lies(v[0], 1000, "SHA256:a", rows[i].encrypted);
		opens(v[1], "bob", "SHA256:a")->from = slice_of(rows[i].from);
		struct privilege *p = build(NULL, v, 2);
		if (reaches(p, "alice@web1", "bob@db1") != rows[i].opens)
			fail_msg("row %zu", i);
		assert_int_equal(reaches(p, "root@web1", "bob@db1"), rows[i].opens);
		assert_int_equal(reaches(p, "web@web1", "bob@db1"), SNAP_NO);
		assert_int_equal(reaches(p, "bob@db1", "alice@web1"), SNAP_NO);
		FREE2(p, v);
	}
}

static void test_certificates(void **state)
{
	(void)state;
	struct snapshot *v[] = {host("web1"), host("db1")};
	struct snap_authority *x = snapshot_add(v[1], SNAP_K_authority);
	x->at = at("/etc/ssh/ca.pub", 1);
	x->fingerprint = SL("SHA256:ca");
	struct snap_certificate *c = snapshot_add(v[0], SNAP_K_certificate);
	c->at = at("/home/alice/.ssh/id-cert.pub", 1);
	c->kind = SL("user");
	c->fingerprint = SL("SHA256:a");
	c->authority = SL("SHA256:ca");
	c->principals = listed(v[0], "bob");
	c->from = 0;
	c->until = -1;
	lies(v[0], 1000, "SHA256:a", SNAP_NO);
	struct privilege *p = build(NULL, v, 2);
	assert_int_equal(reaches(p, "alice@web1", "bob@db1"), SNAP_YES);
	assert_int_equal(reaches(p, "alice@web1", "alice@db1"), SNAP_NO);
	privilege_free(p);
	c->until = 1000; /* over */
	p = build(NULL, v, 2);
	assert_int_equal(reaches(p, "alice@web1", "bob@db1"), SNAP_NO);
	privilege_free(p);
	lies(v[0], 1001, "SHA256:ca", SNAP_NO); /* bob may sign */
	p = build(NULL, v, 2);
	assert_int_equal(reaches(p, "bob@web1", "root@db1"), SNAP_YES);
	assert_int_equal(reaches(p, "alice@web1", "root@db1"), SNAP_NO);
	FREE2(p, v);
}

static void test_agents(void **state)
{
	(void)state;
	struct snapshot *v[] = {host("web1"), host("db1")};
	struct snap_ssh_client *c = snapshot_add(v[0], SNAP_K_ssh_client);
	*c = (struct snap_ssh_client){at("/home/alice/.ssh/config", 1), SL("alice"), SL("db*"), SL("forwardagent"), SL("yes")};
	lies(v[0], 1000, "SHA256:a", SNAP_YES)->account = SL("alice");
	opens(v[1], "bob", "SHA256:a");
	opens(v[0], "web", "SHA256:a");
	struct privilege *p = build(NULL, v, 2);
	assert_int_equal(reaches(p, "root@db1", "web@web1"), SNAP_UNKNOWN);
	assert_int_equal(reaches(p, "alice@db1", "web@web1"), SNAP_NO);
	FREE2(p, v);
}

/* ---- within a host ---------------------------------------------------------------------------------------------------------------- */

static struct snap_writable *writable(struct snapshot *s, const char *by, const char *used_as, const char *used_by)
{
	struct snap_writable *w = snapshot_add(s, SNAP_K_writable);
	*w = (struct snap_writable){at("/opt/run.sh", 0), kept(s, by), kept(s, used_as), kept(s, used_by), SNAP_NO};
	return w;
}

static struct snap_file *special(struct snapshot *s, const char *kind, const char *path, int64_t mode, const char *capabilities)
{
	struct snap_file *f = snapshot_add(s, SNAP_K_file);
	f->at = at(path, 0);
	f->kind = kept(s, kind);
	f->mode = mode;
	f->uid = f->gid = 0;
	f->capabilities = kept(s, capabilities);
	return f;
}

static void test_files(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	group(s, "deploy", 60, "bob");
	writable(s, "group:deploy", "web", "service x");
	writable(s, "user:web", "root", "cron /etc/cron.d/x:1");
	struct privilege *p = build(NULL, &s, 1);
	assert_int_equal(reaches(p, "bob@web1", "root@web1"), SNAP_YES); /* by way of web */
	assert_int_equal(reaches(p, "alice@web1", "web@web1"), SNAP_NO);
	privilege_free(p);
	writable(s, "everybody", "root", "service y");
	p = build(NULL, &s, 1);
	assert_int_equal(reaches(p, "alice@web1", "root@web1"), SNAP_YES);
	privilege_free(p);
	snapshot_free(s);
	static const struct { const char *kind, *path, *capabilities; int64_t mode; enum snap_tri root; } rows[] = {
		{"setuid", "/usr/bin/passwd", "", 04755, SNAP_NO}, {"setuid", "/usr/bin/find", "", 04755, SNAP_YES}, {"setuid", "/usr/bin/find", "", 04700, SNAP_NO}, {"setuid", "/opt/own", "", 04755, SNAP_NO},
		{"capability", "/usr/bin/python3.11", "cap_setuid=ep", 0755, SNAP_YES}, {"capability", "/usr/bin/ping", "cap_net_raw=ep", 0755, SNAP_NO}, {"setgid", "/usr/bin/find", "", 02755, SNAP_NO},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		s = host("web1");
		special(s, rows[i].kind, rows[i].path, rows[i].mode, rows[i].capabilities);
		if (on_one(s, "alice@web1", "root@web1") != rows[i].root)
			fail_msg("%s %s", rows[i].kind, rows[i].path);
	}
	/* A shell under another name; and one behind a folder for others. */
	for (int closed = 0; closed < 2; closed++) {
		s = host("web1");
		struct snap_file *f = special(s, "setuid", "/opt/own", 04755, "");
		f->copy_of = kept(s, "/bin/bash");
		f->through = kept(s, closed ? "user:bob" : "");
		assert_int_equal(on_one(s, "alice@web1", "root@web1"), closed ? SNAP_NO : SNAP_YES);
	}
}

static void test_groups(void **state)
{
	(void)state;
	struct snapshot *s = host("web1");
	group(s, "docker", 70, "alice");
	group(s, "adm", 71, "bob");
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_UNKNOWN); /* whether docker runs is not seen */
	s = host("web1");
	group(s, "docker", 70, "alice");
	group(s, "adm", 71, "bob");
	struct snap_job *j = snapshot_add(s, SNAP_K_job);
	j->name = SL("docker.service");
	j->enabled = SNAP_YES;
	struct privilege *p = build(NULL, &s, 1);
	assert_int_equal(reaches(p, "alice@web1", "root@web1"), SNAP_YES);
	assert_int_equal(reaches(p, "bob@web1", "root@web1"), SNAP_NO);
	privilege_free(p);
	snapshot_free(s);
	s = host("web1");
	group(s, "admins", 80, "alice");
	struct snap_pam *m = snapshot_add(s, SNAP_K_pam);
	*m = (struct snap_pam){at("/etc/pam.d/su", 3), SL("su"), SL("auth"), SL("sufficient"), SL("pam_wheel.so"), SL("trust group=admins")};
	assert_int_equal(on_one(s, "alice@web1", "root@web1"), SNAP_YES);
}

static void test_exports(void **state)
{
	(void)state;
	struct snapshot *v[] = {host("web1"), host("db1")};
	v[1]->accounts[1].home = SL("/home/alice");
	struct snap_export *x = snapshot_add(v[1], SNAP_K_export);
	*x = (struct snap_export){at("/etc/exports", 1), SL("/home"), SL("web1"), SL("rw,no_root_squash"), SNAP_NO, SNAP_YES};
	struct privilege *p = build(NULL, v, 2);
	assert_int_equal(reaches(p, "root@web1", "alice@db1"), SNAP_UNKNOWN);
	assert_int_equal(reaches(p, "alice@web1", "alice@db1"), SNAP_NO);
	assert_int_equal(reaches(p, "root@web1", "root@db1"), SNAP_NO);
	FREE2(p, v);
}

/* ---- places, ways, cuts -------------------------------------------------------------------------------------------------------------- */

static void test_way(void **state)
{
	(void)state;
	struct org *o = organisation();
	struct snapshot *v[] = {host("web1"), host("db1")};
	struct priv_set from = {0}, to = {0};
	struct priv_reach r;
	struct priv_cut c;
	struct err e;
	struct buf b = {0};
	opens(v[0], "alice", "SHA256:nilsnilsnilsnilsnilsnilsnilsnilsnilsnilsabc");
	sudo(v[0], "alice", "root", "/usr/bin/find", true);
	lies(v[0], 0, "SHA256:b", SNAP_NO);
	opens(v[1], "bob", "SHA256:b");
	struct privilege *p = build(o, v, 2);
	assert_int_equal(privilege_find(p, SL("provider:hafenlicht"), &from, &e), 0);
	assert_int_equal(privilege_find(p, SL("role:crown-jewel"), &to, &e), 0);
	assert_int_equal(privilege_reach(p, &from, false, NULL, &r, &e), 0);
	uint32_t bob = node_of(p, "bob@db1");
	assert_int_equal(r.sure_steps[bob], 3);
	priv_reach_sentence(p, &r, bob, &b);
	assert_string_equal(slice_dup(&v[0]->mem, buf_slice(&b)).p,
		"Hafenlicht GmbH sends Nils Berger; Nils Berger has the key SHA256:nilsnilsnilsnilsnilsnilsnilsnilsnilsnilsabc (Nils Berger); key SHA256:nilsnilsnilsnilsnilsnilsnilsnilsnilsnilsabc (Nils Berger) opens alice@web1 (web1:/home/x/.ssh/authorized_keys:1); "
		"alice@web1 becomes root@web1 (sudo without a password, find runs programs (-exec) and writes files (-fprintf); web1:/etc/sudoers:1); "
		"root@web1 can take key SHA256:b (web1:/home/x/.ssh/id_ed25519); key SHA256:b opens bob@db1 (db1:/home/x/.ssh/authorized_keys:1).");
	assert_int_equal(privilege_cut(p, &from, &to, &c, &e), 0);
	assert_true(c.possible && c.proven && c.cheapest);
	assert_int_equal(c.n, 1);
	priv_cut_free(&c);
	priv_reach_free(&r);
	/* Backwards it is the same way. */
	assert_int_equal(privilege_reach(p, &to, true, NULL, &r, &e), 0);
	assert_int_equal(r.sure_steps[from.v[0]], 3);
	priv_reach_free(&r);
	/* From where one is, nothing helps. */
	assert_int_equal(privilege_cut(p, &to, &to, &c, &e), 0);
	assert_false(c.possible);
	priv_cut_free(&c);
	priv_set_free(&from);
	priv_set_free(&to);
	buf_free(&b);
	FREE2(p, v);
	org_free(o);
}

static void test_places(void **state)
{
	(void)state;
	static const struct { const char *place; size_t n; } rows[] = {{"web1", 6}, {"WEB1.example.org", 6}, {"alice@web1", 1}, {"outside", 2}, {"provider:hafenlicht", 1}, {"person:nils berger", 1},
		{"key:SHA256:nilsnilsnilsnilsnilsnilsnilsnilsnilsnilsabc", 1}, {"role:web", 6}, {"role:crown-jewel", 0}, {"role:none", 0}, {"db1", 0}, {"nobody@web1", 0}, {"key:x", 0}, {"person:x", 0}, {"", 0}, {"@", 0}};
	struct org *o = organisation();
	struct snapshot *s = host("web1");
	struct privilege *p = build(o, &s, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct priv_set set = {0};
		struct err e;
		int rc = privilege_find(p, slice_of(rows[i].place), &set, &e);
		if (set.n != rows[i].n || rc != (rows[i].n ? 0 : ERR_NOENT))
			fail_msg("%s: %zu nodes", rows[i].place, set.n);
		priv_set_free(&set);
	}
	privilege_free(p);
	snapshot_free(s);
	org_free(o);
}

/* Of two snapshots of a host the later; rights in the order of hosts, files, lines, each with its own number. */
static void test_order(void **state)
{
	(void)state;
	struct snapshot *v[] = {host("web1"), host("web1"), host("db1")};
	const struct right *r;
	v[0]->taken -= 1000;
	sudo(v[0], "alice", "root", "ALL", true);
	sudo(v[1], "bob", "root", "ALL", true);
	opens(v[1], "alice", "SHA256:x");
	opens(v[2], "alice", "SHA256:x");
	struct privilege *p = build(NULL, v, 3);
	size_t n = privilege_rights(p, &r);
	assert_int_equal(n, 3);
	assert_string_equal(r[0].host.p, "db1");
	assert_int_equal(r[1].kind, RIGHT_SUDO);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(r[i].id, i);
	assert_int_equal(reaches(p, "bob@web1", "root@web1"), SNAP_YES);
	assert_int_equal(reaches(p, "alice@web1", "root@web1"), SNAP_NO);
	privilege_free(p);
	for (size_t i = 0; i < 3; i++)
		snapshot_free(v[i]);
}

static void test_grants(void **state)
{
	(void)state;
	struct org *o = organisation();
	struct snapshot *s = host("web1");
	struct err e;
	struct privilege_grant g = {.id = SL("G-1"), .person = SL("Nils Berger"), .provider = SL("hafenlicht"), .host = SL("web1"), .account = SL("alice"), .from = NOW - NS_DAY, .until = NOW + NS_DAY, .active = true};
	for (int i = 0; i < 2; i++) {
		struct privilege *p = privilege_new(o);
		struct privilege_options opt = {.now = NOW, .grants = &g, .ngrants = 1};
		assert_int_equal(privilege_add(p, s, &e), 0);
		assert_int_equal(privilege_build(p, NULL, &opt, &e), 0);
		assert_int_equal(reaches(p, "provider:hafenlicht", "alice@web1"), i ? SNAP_NO : SNAP_YES);
		privilege_free(p);
		g.until = NOW - NS_HOUR;
	}
	snapshot_free(s);
	org_free(o);
}

static void test_costs(void **state)
{
	(void)state;
	static const struct { const char *cost; int rc; uint32_t is; } rows[] = {{"sudo=3", 0, 12}, {"host:web1=2", 0, 8}, {"account:alice=5", 0, 20}, {"key=9", 0, 4}, {"nothing=2", ERR_SYNTAX, 0}, {"sudo", ERR_SYNTAX, 0},
		{"sudo=-1", ERR_SYNTAX, 0}, {"sudo=99999", ERR_SYNTAX, 0}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = host("web1");
		struct err e;
		struct slice cost = slice_of(rows[i].cost);
		struct privilege *p = privilege_new(NULL);
		struct privilege_options opt = {.now = NOW, .costs = &cost, .ncosts = 1};
		const struct right *r;
		sudo(s, "alice", "root", "ALL", true);
		privilege_add(p, s, &e);
		assert_int_equal(privilege_build(p, NULL, &opt, &e), rows[i].rc);
		privilege_rights(p, &r);
		if (!rows[i].rc)
			assert_int_equal(r[0].cost, rows[i].is);
		privilege_free(p);
		snapshot_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_login), cmocka_unit_test(test_root_login), cmocka_unit_test(test_passwords), cmocka_unit_test(test_lying_keys),
		cmocka_unit_test(test_certificates), cmocka_unit_test(test_agents), cmocka_unit_test(test_files), cmocka_unit_test(test_groups), cmocka_unit_test(test_exports), cmocka_unit_test(test_way),
		cmocka_unit_test(test_places), cmocka_unit_test(test_order), cmocka_unit_test(test_grants), cmocka_unit_test(test_costs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
