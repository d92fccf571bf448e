/* test_respond.c - what is planned, what is refused, and keys below a hostile home folder. */
#include "test_respond_util.h"

/* ---- configuration ------------------------------------------------------------------------------------------------------- */

static int read_text(const char *yaml, struct arena *mem, struct respond_config *c, struct err *e)
{
	struct node *root;
	struct yaml_options o = {.max_bytes = 1 << 20, .max_nodes = 1000};
	int rc = yaml_read(slice_of(yaml), "postern.yaml", &o, mem, &root, e);
	return rc ? rc : respond_config_read(yaml_get(root, "respond"), "postern.yaml", mem, c, e);
}

static void test_config(void **state)
{
	static const struct { const char *yaml, *text; int line; } wrong[] = {
		{"respond:\n  dry_rn: true\n", "dry_run", 2},
		{"respond:\n  dry_run: maybe\n", "true or false", 2},
		{"respond:\n  rules:\n    - {level: high}\n", "do:", 3},
		{"respond:\n  rules:\n    - {level: worst, do: end-sessions}\n", "critical", 3},
		{"respond:\n  rules:\n    - {do: [kill-them]}\n", "block-address", 3},
		{"respond:\n  rules:\n    - {do: block-address, for: 5s}\n", "out of range", 3},
		{"respond:\n  never_touch: {networks: [10.0.0.0/99]}\n", "192.0.2.0/24", 2},
		{"respond:\n  never_touch: {accounts: [\"a b\"]}\n", "name", 2},
		{"respond:\n  nft: nft\n", "from /", 2},
		{"respond: [1]\n", "", 1},
	};
	struct place *p = *state;
	struct respond_config c;
	struct err e;
	assert_int_equal(read_text("other: 1\n", &p->mem, &c, &e), 0);
	assert_true(c.dry_run && c.nrules == 0 && slice_eq(c.nft, SL("/usr/sbin/nft")));
	assert_int_equal(read_text("respond:\n  dry_run: false\n  never_touch: {accounts: [root, admin], providers: acme, networks: [10.0.0.0/8, \"2001:db8::/32\"]}\n"
		"  rules:\n    - {level: high, do: [end-sessions, block-address], for: 2h}\n    - {do: disable-keys}\n", &p->mem, &c, &e), 0);
	assert_true(!c.dry_run && c.nrules == 2 && c.never.naccounts == 2 && c.never.nproviders == 1 && c.never.nnetworks == 2);
	assert_true(c.rules[0].response[RESPOND_BLOCK_ADDRESS] && !c.rules[0].response[RESPOND_DISABLE_KEYS] && c.rules[0].lasting == 2 * NS_HOUR);
	assert_true(c.rules[1].response[RESPOND_DISABLE_KEYS] && c.rules[1].level == LEVEL_HIGH && c.rules[1].lasting == NS_DAY);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		int rc = read_text(wrong[i].yaml, &p->mem, &c, &e);
		if (!rc || e.line != wrong[i].line || !strstr(e.text, wrong[i].text))
			print_message("%s -> %d %d: %s\n", wrong[i].yaml, rc, e.line, e.text);
		assert_true(rc && e.line == wrong[i].line && strstr(e.text, wrong[i].text));
	}
}

/* ---- plans ----------------------------------------------------------------------------------------------------------------- */

static const char org_text[] = "organisation: {name: ICS, networks: [10.0.0.0/8, 198.51.100.0/24]}\n"
	"staff:\n  - {name: Eve, accounts: [eve]}\n"
	"providers:\n  - {id: acme, name: Acme, persons: [{name: Mallory, accounts: [mallory, www-data]}]}\n"
	"  - {id: kept, name: Kept, persons: [{name: Ken, accounts: [ken]}]}\n";

struct rows {
	char text[2048], id[40];
	size_t n;
};

static int add_row(void *arg, const struct store_action *a)
{
	struct rows *r = arg;
	size_t used = strlen(r->text);
	snprintf(r->text + used, sizeof r->text - used, "%.*s %.*s%s\n", SLFMT(a->kind), SLFMT(a->target), a->dry_run ? "" : " real");
	snprintf(r->id, sizeof r->id, "%s", a->id);
	r->n++;
	return 0;
}

static struct rows rows_of(struct store *s)
{
	struct rows r = {.n = 0};
	struct err e;
	assert_int_equal(store_actions(s, -1, NULL, add_row, &r, &e), 0);
	return r;
}

static struct finding *a_finding(const char *rule, enum level level, enum stage stage)
{
	struct finding *f = finding_new();
	f->rule_id = slice_of(rule);
	f->level = level;
	f->stage = stage;
	return f;
}

static struct store *new_store(const struct place *p, const char *name)
{
	char path[128];
	struct err e;
	snprintf(path, sizeof path, "%s/%s", p->root, name);
	struct store *s = store_open(path, STORE_CREATE, &e);
	assert_non_null(s);
	return s;
}

static unsigned plan(const struct place *p, struct store *s, const struct org *org, const struct incident *in)
{
	unsigned n;
	struct err e;
	assert_int_equal(respond_plan(s, &p->c, org, in, NS_DAY, &n, &e), 0);
	return n;
}

static void test_plan(void **state)
{
	struct place *p = *state;
	struct err e;
	struct org *org = org_parse(slice_of(org_text), "org.yaml", &e);
	assert_non_null(org);
	struct finding *f[] = {a_finding("postern.provider-policy", LEVEL_HIGH, STAGE_ENTRY), a_finding("postern.account-added", LEVEL_MEDIUM, STAGE_CREDENTIALS),
		a_finding("postern.look-around", LEVEL_LOW, STAGE_TOOLS), a_finding("postern.guessing", LEVEL_HIGH, STAGE_NONE)};
	const char *users[] = {"mallory", "eve", "root", "www-data", "stranger", "ken", "no/name", "-x"};
	const char *sources[] = {"203.0.113.77", "10.1.2.3", "127.0.0.1", "192.0.2.9", "2001:db8::77", "::1", "router.example", "198.51.100.4", "224.0.0.1"};
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		finding_entity(f[0], ENT_USER, slice_of(users[i]));
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		finding_entity(f[0], ENT_SOURCE, slice_of(sources[i]));
	finding_entity(f[0], ENT_PROVIDER, SL("acme"));
	finding_entity(f[0], ENT_PROVIDER, SL("kept"));
	finding_entity(f[1], ENT_USER, SL("backdoor"));
	finding_entity(f[1], ENT_USER, SL("postgres"));
	finding_entity(f[1], ENT_USER, SL("dave")); /* never touched */
	finding_entity(f[2], ENT_SOURCE, SL("203.0.113.88")); /* too low */
	finding_entity(f[3], ENT_SOURCE, SL("203.0.113.99")); /* of no stage */
	struct incident in = {.id = "20261124-1", .level = LEVEL_HIGH, .findings = f, .nfindings = ARRAY_LEN(f)};
	struct respond_rule rules[] = {{.level = LEVEL_CRITICAL, .lasting = NS_DAY, .response = {[RESPOND_REVOKE_GRANT] = true}},
		{.level = LEVEL_MEDIUM, .lasting = NS_HOUR, .response = {true, true, true, true, true}}};
	struct slice kept[] = {SL("kept")};
	p->c.never.providers = kept;
	p->c.never.nproviders = 1;
	p->c.dry_run = true;
	struct store *s = new_store(p, "postern.db");
	assert_int_equal(plan(p, s, org, &in), 0); /* no rules */
	p->c.rules = rules;
	p->c.nrules = 1;
	assert_int_equal(plan(p, s, org, &in), 0); /* none holds */
	p->c.nrules = 2;
	assert_int_equal(plan(p, s, org, &in), 9);
	assert_int_equal(plan(p, s, org, &in), 0); /* again, after a restart */
	static const char *const want[] = {"suspend-provider acme\n", "end-sessions mallory\n", "disable-keys mallory\n", "end-sessions www-data\n", "disable-keys www-data\n",
		"end-sessions backdoor\n", "disable-keys backdoor\n", "block-address 203.0.113.77\n", "block-address 2001:db8::77\n"};
	struct rows r = rows_of(s);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (!strstr(r.text, want[i]))
			fail_msg("not planned: %s in\n%s", want[i], r.text);
	assert_int_equal(r.n, ARRAY_LEN(want));
	store_close(s);
	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		finding_free(f[i]);
	org_free(org);
}

/* Somebody who can choose names so that two ids meet does not keep his address from being blocked. */
static void test_same_id(void **state)
{
	struct place *p = *state;
	struct org *org = org_new();
	struct finding *f = a_finding("postern.tunnel", LEVEL_HIGH, STAGE_TUNNEL);
	struct respond_rule rule = {.level = LEVEL_LOW, .lasting = NS_HOUR, .response = {[RESPOND_BLOCK_ADDRESS] = true}};
	struct err e;
	bool fresh;
	finding_entity(f, ENT_SOURCE, SL("203.0.113.77"));
	struct incident in = {.id = "i7", .level = LEVEL_HIGH, .findings = &f, .nfindings = 1};
	p->c.rules = &rule;
	p->c.nrules = 1;
	struct store *s = new_store(p, "a.db"), *t = new_store(p, "b.db");
	assert_int_equal(plan(p, s, org, &in), 1);
	struct rows first = rows_of(s);
	struct store_action squatter = {.incident = "i7", .kind = SL("block-address"), .target = SL("other"), .until = NSTIME_NONE, .done = NSTIME_NONE};
	snprintf(squatter.id, sizeof squatter.id, "%s", first.id);
	assert_int_equal(store_action_add(t, &squatter, &fresh, &e), 0);
	assert_int_equal(plan(p, t, org, &in), 1);
	assert_int_equal(plan(p, t, org, &in), 0);
	assert_int_equal(rows_of(t).n, 2);
	store_close(s);
	store_close(t);
	finding_free(f);
	org_free(org);
}

/* ---- what is refused --------------------------------------------------------------------------------------------------------- */

static void test_refused(void **state)
{
	static const struct { const char *kind, *target, *text; } cases[] = {
		{"format-disk", "carol", "no such response"}, {"end-sessions", "root", "never touched"}, {"disable-keys", "dave", "never touched"},
		{"end-sessions", "toor", "root by another name"}, {"end-sessions", "twin", "number of dave"}, {"end-sessions", "nobody-here", "no account"},
		{"end-sessions", "../x", "no name"}, {"end-sessions", "-h", "no name"}, {"end-sessions", "", "no name"}, {"disable-keys", "rooty", "shares its home"},
		{"disable-keys", "empty", "no home folder"}, {"block-address", "127.0.0.1", "this machine itself"}, {"block-address", "::1", "this machine itself"},
		{"block-address", "10.0.0.7", "organisation's own"}, {"block-address", "192.0.2.44", "never touched"}, {"block-address", "::ffff:192.0.2.44", "never touched"},
		{"block-address", "203.0.113.7/8", "no address"}, {"block-address", "203.0.113.7 } ; flush ruleset", "no address"}, {"block-address", "fe80::1%eth0", "no address"},
		{"block-address", "0.0.0.0", "no address of one machine"}, {"block-address", "ff02::1", "no address of one machine"}, {"block-address", "::", "no address of one machine"},
		{"suspend-provider", "acme", "gate is not set up"}, {"revoke-grant", "G-17", "gate is not set up"}, {"revoke-grant", "G 17", "no name"},
	};
	struct place *p = *state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_action a = action(cases[i].kind, cases[i].target);
		run(p, &a, ACTION_REFUSED);
		if (!slice_has(a.result, slice_of(cases[i].text)))
			fail_msg("%s %s: %.*s", cases[i].kind, cases[i].target, SLFMT(a.result));
	}
	assert_true(logged(p, "\"outcome\":\"refused\""));
}

/* The engine may be in the hands of somebody else: the parent's configuration decides. */
static void test_automatic(void **state)
{
	struct place *p = *state;
	struct respond_rule rule = {.level = LEVEL_LOW, .lasting = NS_HOUR, .response = {[RESPOND_DISABLE_KEYS] = true}};
	struct store_action a = action("block-address", "203.0.113.7"), b = action("disable-keys", "carol");
	struct err e;
	p->c.by_hand = false;
	p->c.dry_run = true;
	p->c.rules = &rule;
	p->c.nrules = 1;
	write_text(p, "/home/carol/.ssh/authorized_keys", "key\n");
	run(p, &a, ACTION_REFUSED); /* no rule asks for it */
	run(p, &b, ACTION_DRY);     /* though the row says it is real */
	assert_true(b.dry_run && slice_has(b.result, SL("would take")));
	assert_true(logged(p, "\"outcome\":\"dry-run\"") && !logged(p, "\"outcome\":\"begun\""));
	assert_int_equal(respond_undo(&p->c, NULL, p->audit, SL("test"), &b, &p->mem, &e), ERR_USAGE);
	struct store_action unknown = action("no-such", "x");
	assert_int_equal(respond_undo(&p->c, NULL, p->audit, SL("test"), &unknown, &p->mem, &e), ERR_USAGE);
}

static void test_no_nft(void **state)
{
	struct store_action a = action("block-address", "203.0.113.7");
	run(*state, &a, ACTION_FAILED);
	assert_true(slice_has(a.result, SL("/nowhere/nft")));
}

/* A program in nft's place that keeps what it was told. */
static bool nft_was_told(const struct place *p, const char *text)
{
	char path[128], room[8192];
	snprintf(path, sizeof path, "%s/told", p->root);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(room, 1, sizeof room, f) : 0;
	if (f)
		fclose(f);
	unlink(path);
	return text ? slice_has(slice_make(room, n), slice_of(text)) : n == 0;
}

static void test_block_time(void **state)
{
	struct place *p = *state;
	char script[256];
	static char nft[128];
	struct respond_rule rule = {.level = LEVEL_LOW, .lasting = NS_HOUR, .response = {[RESPOND_BLOCK_ADDRESS] = true}};
	struct store_action a = action("block-address", "203.0.113.7");
	snprintf(nft, sizeof nft, "%s/nft", p->root);
	snprintf(script, sizeof script, "#!/bin/sh\ncat >>%s/told\n", p->root);
	write_text(p, "/nft", script);
	chmod(nft, 0755);
	p->c.nft = slice_of(nft);
	p->c.rules = &rule;
	p->c.nrules = 1;
	run(p, &a, ACTION_DONE); /* a day, counted from now */
	assert_true(nft_was_told(p, "blocked4 { 203.0.113.7 timeout 86400s }"));
	nstime until = a.until;
	a.until -= 23 * NS_HOUR; /* a day later but one hour: what is left, after a restart of the machine */
	run(p, &a, ACTION_DONE);
	assert_true(nft_was_told(p, "timeout 3599s"));
	a.until = until - 2 * NS_DAY;
	run(p, &a, ACTION_DONE); /* over */
	assert_true(nft_was_told(p, NULL) && slice_has(a.result, SL("was blocked until")));
	/* the engine's word is not taken for longer than a rule says */
	p->c.by_hand = false;
	static const nstime times[][2] = {{NS_DAY, 300 * NS_DAY}, {INT64_MIN + 1, INT64_MAX}, {0, NSTIME_NONE}};
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct store_action b = action("block-address", "2001:db8::7");
		b.created = times[i][0];
		b.until = times[i][1];
		run(p, &b, ACTION_DONE);
		assert_true(nft_was_told(p, "blocked6 { 2001:db8::7 timeout 3600s }"));
	}
	undo(p, &a, ACTION_UNDONE);
	assert_true(nft_was_told(p, "delete element inet postern blocked4 { 203.0.113.7 }"));
	write_text(p, "/nft", "#!/bin/sh\nprintf 'Error: no\\033[2J such table\\nmore'\nexit 1\n");
	run(p, &a, ACTION_FAILED);
	assert_true(slice_has(a.result, SL("ended with 1: Error: no\\x1b[2J such table")) && !slice_has(a.result, SL("more")));
}

struct fake_gate {
	char said[256];
	int rc;
};

static int fake(struct fake_gate *g, const char *what, struct slice x, struct slice reason, struct err *e)
{
	snprintf(g->said, sizeof g->said, "%s %.*s (%.*s)", what, SLFMT(x), SLFMT(reason));
	return g->rc ? err_set(e, g->rc, "it is asleep") : 0;
}
static int fake_suspend(void *g, struct slice x, struct slice r, struct err *e) { return fake(g, "suspend", x, r, e); }
static int fake_resume(void *g, struct slice x, struct slice r, struct err *e) { return fake(g, "resume", x, r, e); }
static int fake_revoke(void *g, struct slice x, struct slice r, struct err *e) { return fake(g, "revoke", x, r, e); }
static int fake_restore(void *g, struct slice x, struct slice r, struct err *e) { return fake(g, "restore", x, r, e); }

static void test_gate(void **state)
{
	static const struct { const char *kind, *target, *run, *undo; } cases[] = {
		{"suspend-provider", "acme", "suspend acme (incident i1)", "resume acme (incident i1)"}, {"revoke-grant", "G-17", "revoke G-17 (incident i1)", "restore G-17 (incident i1)"}};
	struct place *p = *state;
	struct err e;
	struct fake_gate g = {.rc = 0};
	struct respond_gate gate = {fake_suspend, fake_resume, fake_revoke, fake_restore, &g};
	p->c.org = org_parse(slice_of(org_text), "org.yaml", &e);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_action a = action(cases[i].kind, cases[i].target);
		assert_int_equal(respond_run(&p->c, &gate, p->audit, SL("test"), &a, &p->mem, &e), 0);
		assert_int_equal(a.state, ACTION_DONE);
		assert_string_equal(g.said, cases[i].run);
		assert_int_equal(respond_undo(&p->c, &gate, p->audit, SL("test"), &a, &p->mem, &e), 0);
		assert_int_equal(a.state, ACTION_UNDONE);
		assert_string_equal(g.said, cases[i].undo);
	}
	g.rc = ERR_STOPPED;
	struct store_action a = action("suspend-provider", "acme");
	assert_int_equal(respond_run(&p->c, &gate, p->audit, SL("test"), &a, &p->mem, &e), 0);
	assert_true(a.state == ACTION_FAILED && slice_has(a.result, SL("asleep")));
	a.target = SL("unheard");
	g.said[0] = 0;
	assert_int_equal(respond_run(&p->c, &gate, p->audit, SL("test"), &a, &p->mem, &e), 0);
	assert_true(a.state == ACTION_REFUSED && !g.said[0]);
	org_free((struct org *)(uintptr_t)p->c.org);
	p->c.org = NULL;
}

int main(void)
{
	(void)signal(SIGPIPE, SIG_IGN); /* as main does: a program may end before it has read its input */
	const struct CMUnitTest tests[] = {PLACE(test_config), PLACE(test_plan), PLACE(test_same_id), PLACE(test_refused), PLACE(test_automatic), PLACE(test_no_nft), PLACE(test_block_time), PLACE(test_gate)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
