/* test_privilege_suggest.c - patches: what they change, that they undo, and that nothing that was run is refused. */
#include "decode/decode.h"
#include "test_privilege.h"

static const char sudoers[] = "root ALL=(ALL) ALL\n# nginx\nalice ALL = (root) NOPASSWD: /usr/bin/systemctl *, \\\n\t/usr/bin/less\nbob ALL = NOPASSWD: ALL\nALL ALL = NOPASSWD: /usr/bin/id\n";
static const char keys[] = "ssh-ed25519 AAAA alice@pc\nssh-ed25519 BBBB old@pc";
static const char groups[] = "root:x:0:\ndocker:x:70:alice,bob\nadm:x:4:bob\n";

struct files { const char *refuse; size_t asked; };

static bool give(void *arg, struct slice name, struct slice file, struct buf *out)
{
	(void)arg;
	if (!slice_eqz(name, "web1"))
		return false;
	buf_addz(out, slice_eqz(file, "/etc/sudoers") ? sudoers : slice_eqz(file, "/etc/group") ? groups : keys);
	return true;
}

static bool visudo(void *arg, struct slice name, struct slice file, struct slice text, struct buf *why)
{
	struct files *f = arg;
	(void)name, (void)file, (void)text;
	f->asked++;
	if (f->refuse)
		buf_addz(why, f->refuse);
	return !f->refuse;
}

static struct snapshot *machine(void)
{
	struct snapshot *s = host("web1");
	sudo(s, "root", "ALL", "ALL", false)->at.line = 1;
	sudo(s, "alice", "root", "/usr/bin/systemctl *,/usr/bin/less", true)->at.line = 3;
	sudo(s, "bob", "", "ALL", true)->at.line = 5;
	sudo(s, "ALL", "", "/usr/bin/id", true)->at.line = 6;
	s->accounts[1].home = SL("/home/alice");
	opens(s, "alice", "SHA256:" "a")->comment = SL("alice@pc");
	opens(s, "alice", "SHA256:" "b")->comment = SL("old@pc");
	group(s, "docker", 70, "alice,bob");
	s->groups[s->ngroups - 1].at.line = 2;
	return s;
}

/* A hundred days of auth log through the decoder. */
static struct usage *used(const char *command)
{
	struct decode_options opt = {.now = NOW};
	struct err e;
	struct buf text = {0};
	struct batch b, joined;
	struct decode_stats stats;
	struct usage *u = usage_new();
	usage_wants(&opt.want);
	struct decode_tables *t = decode_tables_new(&opt, &e);
	struct decoder *d = decoder_new(t);
	struct joiner *j = joiner_new(t);
	batch_init(&b);
	batch_init(&joined);
	decode_stats_init(&stats);
	for (int day = 100; day >= 0; day--) {
		char at_text[40];
		time_rfc3339(NOW - day * NS_DAY - NS_HOUR, at_text);
		buf_addf(&text, "%s web1 sshd[9]: Accepted publickey for alice from 10.0.0.5 port 5000 ssh2: ED25519 SHA256:a\n", at_text);
		buf_addf(&text, "%s web1 sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=%s\n", at_text, command);
	}
	struct decode_in in = {.data = buf_slice(&text), .host = SL("web1"), .mtime = NSTIME_NONE, .format = -1, .path = SL("auth.log")};
	decode_block(d, &in, &b, &stats);
	joiner_run(j, &b, &joined, true);
	for (size_t i = 0; i < joined.n; i++)
		usage_event(u, &joined.v[i]);
	usage_close(u);
	batch_free(&joined);
	batch_free(&b);
	joiner_free(j);
	decoder_free(d);
	decode_tables_free(t);
	buf_free(&text);
	return u;
}

struct said { struct buf patch, undo, notes; };

static void forget(struct said *s)
{
	buf_free(&s->patch);
	buf_free(&s->undo);
	buf_free(&s->notes);
}

static void suggest(struct snapshot *s, struct usage *u, const bool *chosen, struct files *f, struct said *out)
{
	struct err e;
	struct privilege *p = privilege_new(NULL);
	struct privilege_options opt = {.now = NOW};
	struct priv_suggest how = {.read = give, .sudoers_ok = visudo, .arg = f, .chosen = chosen};
	*out = (struct said){0};
	assert_int_equal(privilege_add(p, s, &e), 0);
	assert_int_equal(privilege_build(p, u, &opt, &e), 0);
	assert_int_equal(privilege_suggest(p, &how, &out->patch, &out->undo, &out->notes, &e), 0);
	privilege_free(p);
}

static void has(const struct buf *b, const char *text)
{
	if (!slice_has(buf_slice(b), slice_of(text)))
		fail_msg("not there: %s\nbut: %.*s", text, SLFMT(buf_slice(b)));
}

static void has_not(const struct buf *b, const char *text)
{
	if (slice_has(buf_slice(b), slice_of(text)))
		fail_msg("there: %s\nin: %.*s", text, SLFMT(buf_slice(b)));
}

static void test_unused(void **state)
{
	(void)state;
	struct snapshot *s = machine();
	struct usage *u = used("/usr/bin/systemctl restart nginx");
	struct files f = {0};
	struct said x;
	suggest(s, u, NULL, &f, &x);
	assert_int_equal(f.asked, 1);
	has(&x.patch, "-alice ALL = (root) NOPASSWD: /usr/bin/systemctl *, \\\n-\t/usr/bin/less\n");
	has(&x.patch, "+alice ALL = (root) NOPASSWD: /usr/bin/systemctl restart nginx\n");
	has(&x.patch, "-bob ALL = NOPASSWD: ALL\n");
	has(&x.patch, "@@ -1,6 +1,3 @@\n root ALL=(ALL) ALL\n # nginx\n");
	has(&x.undo, "@@ -1,3 +1,6 @@\n");
	has(&x.undo, "+bob ALL = NOPASSWD: ALL\n");
	has(&x.patch, "+from=\"10.0.0.5\" ssh-ed25519 AAAA alice@pc\n");
	has(&x.patch, "-ssh-ed25519 BBBB old@pc\n\\ No newline at end of file\n");
	has_not(&x.patch, "/etc/group"); /* whether it is used, no log tells */
	forget(&x);
	usage_free(u);
	snapshot_free(s);
}

/* An observed line is written so that it means itself: nothing in it is a wildcard, a list or an option of sudoers. */
static void test_written(void **state)
{
	(void)state;
	static const struct { const char *ran, *rule; } rows[] = {
		{"/usr/bin/systemctl", "/usr/bin/systemctl \"\""}, {"/usr/bin/systemctl show a*b[c]?", "/usr/bin/systemctl show a\\*b\\[c\\]\\?"},
		{"/usr/bin/systemctl set-property a=b:c,d", "/usr/bin/systemctl set-property a\\=b\\:c\\,d"}, {"/usr/bin/less /var/log/syslog", "NOEXEC: /usr/bin/less /var/log/syslog"}, {"/usr/bin/systemctl a#b !c", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = machine();
		struct usage *u = used(rows[i].ran);
		struct files f = {0};
		struct said x;
		suggest(s, u, NULL, &f, &x);
		if (rows[i].rule)
			has(&x.patch, rows[i].rule);
		forget(&x);
		usage_free(u);
		snapshot_free(s);
	}
}

static void test_refused(void **state)
{
	(void)state;
	struct snapshot *s = machine();
	struct usage *u = used("/usr/bin/systemctl restart nginx");
	struct files f = {.refuse = "syntax error near line 3"};
	struct said x;
	suggest(s, u, NULL, &f, &x);
	has(&x.notes, "syntax error near line 3");
	has_not(&x.patch, "/etc/sudoers\n");
	has(&x.patch, "authorized_keys");
	forget(&x);
	usage_free(u);
	snapshot_free(s);
}

/* Without logs nothing is unused. */
static void test_silent(void **state)
{
	(void)state;
	struct snapshot *s = machine();
	struct files f = {0};
	struct said x;
	suggest(s, NULL, NULL, &f, &x);
	assert_int_equal(x.patch.n, 0);
	assert_int_equal(x.undo.n, 0);
	forget(&x);
	snapshot_free(s);
}

/* What a cut chose goes, used or not; a membership out of its line; what is no line is told. */
static void test_chosen(void **state)
{
	(void)state;
	struct snapshot *s = machine();
	struct files f = {0};
	struct said x;
	struct snap_export *nfs = snapshot_add(s, SNAP_K_export);
	*nfs = (struct snap_export){at("/etc/exports", 1), SL("/"), SL("*"), SL("rw"), SNAP_NO, SNAP_YES};
	bool *chosen = calloc(64, sizeof *chosen);
	const struct right *r;
	struct privilege *p = build(NULL, &s, 1);
	size_t n = privilege_rights(p, &r);
	for (size_t i = 0; i < n; i++)
		chosen[i] = (r[i].kind == RIGHT_GROUP && slice_eqz(r[i].account, "bob")) || r[i].kind == RIGHT_EXPORT;
	privilege_free(p);
	suggest(s, NULL, chosen, &f, &x);
	has(&x.patch, "--- a/etc/group\n+++ b/etc/group\n@@ -1,3 +1,3 @@\n root:x:0:\n-docker:x:70:alice,bob\n+docker:x:70:alice\n adm:x:4:bob\n");
	has(&x.notes, "root_squash");
	has_not(&x.patch, "sudoers\n");
	forget(&x);
	free(chosen);
	snapshot_free(s);
}

/* A rule that limits an earlier one stays, although nobody used it. */
static void test_limits_stay(void **state)
{
	(void)state;
	struct snapshot *s = machine();
	struct usage *u = used("/usr/bin/systemctl restart nginx");
	struct files f = {0};
	struct said x;
	sudo(s, "bob", "", "/usr/bin/id,!/usr/bin/su", true)->at.line = 6;
	suggest(s, u, NULL, &f, &x);
	has(&x.notes, "it limits what an earlier rule gives");
	forget(&x);
	usage_free(u);
	snapshot_free(s);
}

/* The file is not what it was: no patch, but word of it. */
static void test_moved(void **state)
{
	(void)state;
	struct snapshot *s = machine();
	struct usage *u = used("/usr/bin/systemctl restart nginx");
	struct files f = {0};
	struct said x;
	s->authorized_keys[1].comment = SL("somebody@else");
	s->sudo[2].at.line = 900;
	suggest(s, u, NULL, &f, &x);
	has(&x.notes, "is not what the snapshot saw there");
	has_not(&x.patch, "-ssh-ed25519 BBBB");
	has_not(&x.patch, "-bob");
	forget(&x);
	s->authorized_keys[1].comment = SL("old@pc");
	s->authorized_keys[0].at.file = s->authorized_keys[1].at.file = SL("/home/a\n+++ b/etc/shadow"); /* a name that would be another file of the patch */
	suggest(s, u, NULL, &f, &x);
	has_not(&x.patch, "shadow");
	has(&x.notes, "not at hand");
	forget(&x);
	usage_free(u);
	snapshot_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_unused), cmocka_unit_test(test_written), cmocka_unit_test(test_refused), cmocka_unit_test(test_silent), cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_limits_stay), cmocka_unit_test(test_moved)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
