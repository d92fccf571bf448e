/* test_gate_model.c - changes of the gate's model: who may, what holds afterwards, and two at once. */
#include "test_gate.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	rig_open(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_close(*state);
	free(*state);
	return 0;
}

static void test_story(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice"), b = as(r, "bob");
	struct gate_grant x = a_grant(r);
	struct gate_request q = a_request();
	assert_int_equal(ask(r, &q, NOON), GATE_NO_GRANT);
	good(gate_grant_request(&a, &x, &e), &e);
	assert_string_equal(x.id_text, "G-20261130-1");
	assert_int_equal(ask(r, &q, NOON), GATE_NOT_APPROVED);
	assert_int_equal(gate_grant_approve(&a, x.id, &e), ERR_PERM);
	assert_int_equal(ask(r, &q, NOON), GATE_NOT_APPROVED);
	good(gate_grant_approve(&b, x.id, &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
	assert_int_equal(gate_grant_approve(&b, x.id, &e), ERR_DUP);
	good(gate_grant_revoke(&a, x.id, SL("done"), &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_REVOKED);
	assert_int_equal(gate_grant_restore(&a, x.id, SLICE_NONE, &e), ERR_PERM);
	good(gate_grant_restore(&b, x.id, SLICE_NONE, &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
	good(gate_provider_suspend(&b, SL("hafenlicht"), SL("incident"), &e), &e);
	good(gate_provider_suspend(&b, SL("hafenlicht"), SL("incident"), &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_SUSPENDED_PROVIDER);
	good(gate_provider_resume(&b, SL("hafenlicht"), SLICE_NONE, &e), &e);
	good(gate_person_suspend(&b, SL("jansen"), SL("ill"), false, &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_SUSPENDED_PERSON);
	good(gate_person_suspend(&b, SL("jansen"), SLICE_NONE, true, &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
	assert_int_equal(ask(r, &q, NOON + NS_HOUR), GATE_ENDED);
}

/* Nobody of a provider approves, resumes or restores, nor does nobody in particular. */
static void test_who_may(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice"), b = as(r, "bob");
	static const char *const never[] = {"jansen", "pjansen", "root", "", "alice", "wartung"};
	struct gate_grant x = a_grant(r);
	good(gate_grant_request(&a, &x, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		struct gate g = as(r, never[i]);
		assert_int_equal(gate_grant_approve(&g, x.id, &e), ERR_PERM);
	}
	good(gate_grant_approve(&b, x.id, &e), &e);
	good(gate_provider_suspend(&b, SL("hafenlicht"), SL("incident"), &e), &e);
	good(gate_grant_revoke(&b, x.id, SL("incident"), &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		struct gate g = as(r, never[i]);
		assert_int_equal(gate_grant_restore(&g, x.id, SLICE_NONE, &e), ERR_PERM);
		if (strcmp(never[i], "alice") != 0 && strcmp(never[i], "wartung") != 0)
			assert_int_equal(gate_provider_resume(&g, SL("hafenlicht"), SLICE_NONE, &e), ERR_PERM);
	}
	struct gate root = as(r, "root"), nobody = as(r, "");
	struct gate_grant y = a_grant(r);
	assert_int_equal(gate_grant_request(&root, &y, &e), ERR_PERM);
	assert_int_equal(gate_grant_request(&nobody, &y, &e), ERR_PERM);
	struct slice approvers[] = {SL("carol")};
	struct gate c = as(r, "carol");
	c.settings.approvers = b.settings.approvers = approvers;
	c.settings.napprovers = b.settings.napprovers = 1;
	good(gate_grant_request(&a, &y, &e), &e);
	assert_int_equal(gate_grant_approve(&b, y.id, &e), ERR_PERM);
	good(gate_grant_approve(&c, y.id, &e), &e);
}

static void sql(struct rig *r, const char *text)
{
	struct err e = {0};
	good(vault_run(r->vault, text, NULL, NULL, &e, ""), &e);
}

/* What was approved is what holds: every column that counts, changed behind the gate's back, closes the grant. */
static void test_edited(void **state)
{
	static const char *const edits[][2] = {
		{"UPDATE permit SET until=until+1", "UPDATE permit SET until=until-1"},
		{"UPDATE permit SET start=start-1", "UPDATE permit SET start=start+1"},
		{"UPDATE permit SET hosts=hosts||'db9'||char(10)", "UPDATE permit SET hosts='web1'||char(10)||'db1'||char(10)"},
		{"UPDATE permit SET may=15", "UPDATE permit SET may=1"},
		{"UPDATE permit SET factor=0", "UPDATE permit SET factor=1"},
		{"UPDATE permit SET record=0", "UPDATE permit SET record=1"},
		{"UPDATE permit SET emergency=1", "UPDATE permit SET emergency=0"},
		{"UPDATE permit SET sources='::/0'||char(10)", "UPDATE permit SET sources=''"},
		{"UPDATE permit SET windows='127 0 1440'||char(10)", "UPDATE permit SET windows=''"},
		{"UPDATE permit SET zone='UTC'", "UPDATE permit SET zone=''"},
		{"UPDATE permit SET commands='id'||char(10)", "UPDATE permit SET commands=''"},
		{"UPDATE permit SET requester='carol'", "UPDATE permit SET requester='alice'"},
		{"UPDATE permit SET purpose='other'", "UPDATE permit SET purpose='update'"},
		{"UPDATE permit SET ticket='T-2'", "UPDATE permit SET ticket='T-1'"},
		{"UPDATE permit SET person=NULL,provider='hafenlicht'", "UPDATE permit SET person='jansen',provider=NULL"},
	};
	struct rig *r = *state;
	struct err e = {0};
	struct gate_grant x = a_grant(r);
	struct gate_request q = a_request();
	rig_grant(r, &x);
	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		assert_int_equal(ask(r, &q, NOON), GATE_OK);
		sql(r, edits[i][0]);
		assert_int_equal(ask(r, &q, NOON), GATE_NOT_APPROVED);
		sql(r, edits[i][1]);
	}
	sql(r, "UPDATE permit SET hosts='web1'"); /* no row of ours: nothing is believed */
	struct gate_policy p;
	assert_int_equal(gate_policy_load(r->vault, &p, &e), ERR_SYNTAX);
	gate_policy_free(&p);
	sql(r, "UPDATE permit SET hosts='web1'||char(10)||'db1'||char(10), account='root'");
	q.account = SL("root");
	assert_int_equal(ask(r, &q, NOON), GATE_NOT_APPROVED);
	struct gate b = as(r, "bob");
	good(gate_grant_approve(&b, x.id, &e), &e); /* by a person who sees what it is now */
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
}

static void test_limits(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice");
	struct slice bad_host[] = {SL("*")}, bad_command[] = {SL("cat *.log")};
	const struct { struct gate_grant x; int want; } rows[] = {
		{{.person = SL("jansen"), .provider = SL("hafenlicht")}, ERR_USAGE}, {{.person = SLICE_NONE, .provider = SL("nobody")}, ERR_NOENT}, {{.account = SL("root")}, ERR_PERM},
		{{.account = SL("a b")}, ERR_SYNTAX}, {{.account = SL("a%u")}, ERR_SYNTAX}, {{.account = SL("a\nb")}, ERR_SYNTAX}, {{.hosts = bad_host, .nhosts = 1}, ERR_SYNTAX},
		{{.until = NOON}, ERR_RANGE}, {{.from = NOON + 2 * NS_HOUR}, ERR_RANGE}, {{.until = NOON + 30 * NS_DAY}, ERR_LIMIT}, {{.until = INT64_MAX}, ERR_LIMIT}, {{.from = INT64_MIN}, ERR_RANGE},
		{{.may = MAY_COMMANDS}, ERR_USAGE}, {{.may = MAY_COMMANDS, .commands = bad_command, .ncommands = 1}, ERR_SYNTAX}, {{.may = 16}, ERR_USAGE}, {{.zone = SL("Mars/Base")}, ERR_NOENT},
		{{.zone = SL("../../etc/passwd")}, ERR_NOENT}, {{.purpose = SL("a\x1b[2J")}, ERR_SYNTAX}, {{.purpose = SL("\xff")}, ERR_SYNTAX}, {{.ticket = SL("a\tb")}, ERR_SYNTAX},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gate_grant x = a_grant(r);
		const struct gate_grant *w = &rows[i].x;
		if (w->provider.n) {
			x.person = w->person;
			x.provider = w->provider;
		}
		x.account = w->account.n ? w->account : x.account;
		x.hosts = w->hosts ? w->hosts : x.hosts;
		x.nhosts = w->hosts ? w->nhosts : x.nhosts;
		x.from = w->from ? w->from : x.from;
		x.until = w->until ? w->until : x.until;
		x.may = w->may ? w->may : x.may;
		x.commands = w->commands;
		x.ncommands = w->ncommands;
		x.zone = w->zone;
		x.purpose = w->purpose.n ? w->purpose : x.purpose;
		x.ticket = w->ticket.n ? w->ticket : x.ticket;
		int rc = gate_grant_request(&a, &x, &e);
		if (rc != rows[i].want)
			print_message("row %zu: %d %s\n", i, rc, e.text);
		assert_int_equal(rc, rows[i].want);
	}
	a.settings.longest = NS_HOUR;
	struct gate_grant x = a_grant(r);
	assert_int_equal(gate_grant_request(&a, &x, &e), ERR_LIMIT);
	x.from = x.until = 0;
	a.settings.usual = NS_HOUR;
	good(gate_grant_request(&a, &x, &e), &e);
	assert_int_equal(x.until - x.from, NS_HOUR);
}

static void test_extend(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice"), b = as(r, "bob"), c = as(r, "carol");
	struct gate_grant x = a_grant(r);
	struct gate_request q = a_request();
	rig_grant(r, &x);
	good(gate_grant_extend(&b, x.id, NOON + 3 * NS_HOUR, &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
	assert_int_equal(ask(r, &q, NOON + 2 * NS_HOUR), GATE_ENDED); /* the old end holds */
	assert_int_equal(gate_grant_approve(&b, x.id, &e), ERR_PERM);
	good(gate_grant_refuse(&c, x.id, SL("no"), &e), &e);
	assert_int_equal(gate_grant_approve(&c, x.id, &e), ERR_DUP);
	good(gate_grant_extend(&b, x.id, NOON + 3 * NS_HOUR, &e), &e);
	good(gate_grant_approve(&a, x.id, &e), &e); /* alice asked for the grant, bob for more of it */
	assert_int_equal(ask(r, &q, NOON + 2 * NS_HOUR), GATE_OK);
	assert_int_equal(ask(r, &q, NOON + 3 * NS_HOUR), GATE_ENDED);
	assert_int_equal(gate_grant_extend(&a, x.id, NOON + 2 * NS_HOUR, &e), ERR_RANGE);
	assert_int_equal(gate_grant_extend(&a, x.id, NOON + 40 * NS_DAY, &e), ERR_LIMIT);
	a.now = NOON + 4 * NS_HOUR;
	assert_int_equal(gate_grant_extend(&a, x.id, NOON + 5 * NS_HOUR, &e), ERR_USAGE);
}

static void test_emergency(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice"), b = as(r, "bob");
	struct gate_grant x = a_grant(r);
	struct gate_request q = a_request();
	x.until = 0;
	assert_int_equal(gate_emergency(&b, &x, &e), ERR_PERM); /* nobody is named */
	a.settings.emergency = b.settings.emergency = SL("bob");
	assert_int_equal(gate_emergency(&a, &x, &e), ERR_PERM);
	x.until = NOON + 61 * NS_MIN;
	assert_int_equal(gate_emergency(&b, &x, &e), ERR_LIMIT);
	x.until = 0;
	good(gate_emergency(&b, &x, &e), &e);
	assert_int_equal(ask(r, &q, NOON + 59 * NS_MIN), GATE_OK);
	assert_int_equal(ask(r, &q, NOON + 60 * NS_MIN), GATE_ENDED);
	assert_int_equal(gate_grant_extend(&a, x.id, NOON + 2 * NS_HOUR, &e), ERR_PERM);
	b.settings.emergency = SL("jansen");
	struct gate j = as(r, "jansen");
	j.settings.emergency = SL("jansen");
	assert_int_equal(gate_emergency(&j, &x, &e), ERR_PERM);
}

static void test_version(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate b = as(r, "bob"), c = as(r, "carol");
	struct gate_grant x = a_grant(r);
	rig_grant(r, &x);
	good(gate_grant_extend(&b, x.id, NOON + 2 * NS_HOUR, &e), &e); /* version 3 */
	good(gate_grant_extend(&b, x.id, NOON + 20 * NS_HOUR, &e), &e);
	assert_int_equal(gate_grant_approve_version(&c, x.id, 3, &e), ERR_STOPPED);
	good(gate_grant_approve_version(&c, x.id, 4, &e), &e);
}

/* ---- several processes -------------------------------------------------------------------------------------------------------- */

static pid_t spawn_approver(struct rig *r, const char *who, struct slice id, int go)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	char byte;
	struct err e = {0};
	struct gate g = {.actor = slice_of(who), .now = NOON};
	g.vault = vault_open(r->file, VAULT_WRITE, &e);
	g.audit = chain_open(r->log, NULL, NULL, &e);
	if (!g.vault || !g.audit || read(go, &byte, 1) < 0)
		_exit(9);
	int rc = gate_grant_approve(&g, id, &e);
	vault_close(g.vault);
	chain_close(g.audit);
	_exit(rc == 0 ? 0 : rc == ERR_DUP ? 1 : 8);
}

static size_t count_in(const char *file, const char *what)
{
	size_t n = 0;
	char line[65536];
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		n += strstr(line, what) != NULL;
	fclose(f);
	return n;
}

static int add_word(void *arg, const struct gate_word *w)
{
	struct buf *b = arg;
	assert_true(w->time == NOON);
	buf_addf(b, "%lld %.*s %.*s %.*s\n", (long long)w->version, SLFMT(w->who), SLFMT(w->what), SLFMT(w->reason));
	return 0;
}

/* What was said about a grant is told again. */
static void test_words(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice"), b = as(r, "bob");
	struct gate_grant x = a_grant(r);
	struct buf said = {0};
	good(gate_grant_request(&a, &x, &e), &e);
	good(gate_grant_approve(&b, x.id, &e), &e);
	good(gate_grant_revoke(&a, x.id, SL("wrong host"), &e), &e);
	good(gate_words(r->vault, x.id, add_word, &said, &e), &e);
	assert_true(slice_eqz(buf_slice(&said), "1 alice requested update\n2 bob approved \n3 alice revoked wrong host\n"));
	said.n = 0;
	good(gate_words(r->vault, SL("G-none"), add_word, &said, &e), &e);
	assert_int_equal(said.n, 0);
	buf_free(&said);
}

static void test_two_at_once(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice");
	for (int round = 0; round < 10; round++) {
		int go[2], status, ok = 0, late = 0;
		pid_t pids[4];
		static const char *const who[] = {"bob", "carol", "dora", "erik"};
		struct gate_grant x = a_grant(r);
		good(gate_grant_request(&a, &x, &e), &e);
		size_t before = count_in(r->log, "grant-approved");
		assert_int_equal(pipe(go), 0);
		for (int i = 0; i < 4; i++)
			pids[i] = spawn_approver(r, who[i], x.id, go[0]);
		assert_int_equal(write(go[1], "gogo", 4), 4);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status));
			ok += WEXITSTATUS(status) == 0;
			late += WEXITSTATUS(status) == 1;
		}
		close(go[0]);
		close(go[1]);
		assert_int_equal(ok, 1);
		assert_int_equal(late, 3);
		assert_int_equal(count_in(r->log, "grant-approved") - before, 1);
	}
	struct chain_report report;
	assert_int_equal(chain_verify(r->log, SLICE_NONE, NULL, NULL, &report, &e), 0);
	assert_int_equal(report.problems, 0);
}

/* Killed anywhere within a change: afterwards it has happened, or it has not. */
static void test_killed(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate a = as(r, "alice");
	struct gate_request q = a_request();
	int approved = 0, not = 0;
	for (int round = 0; round < 40; round++) {
		struct gate_grant x = a_grant(r);
		int go[2], status;
		sql(r, "DELETE FROM permit_word");
		sql(r, "DELETE FROM permit");
		good(gate_grant_request(&a, &x, &e), &e);
		assert_int_equal(pipe(go), 0);
		pid_t pid = spawn_approver(r, "bob", x.id, go[0]);
		assert_int_equal(write(go[1], "g", 1), 1);
		usleep((useconds_t)round * 150);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		close(go[0]);
		close(go[1]);
		enum gate_reason why = ask(r, &q, NOON);
		assert_true(why == GATE_OK || why == GATE_NOT_APPROVED);
		*(why == GATE_OK ? &approved : &not) += 1;
		if (why == GATE_OK) /* never without a record of it */
			assert_true(count_in(r->log, "grant-approved") > 0);
		good(vault_check(r->vault, &e), &e);
	}
	assert_int_equal(approved + not, 40);
}

/* ---- persons and keys ------------------------------------------------------------------------------------------------------------ */

static void test_people(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate *g = &r->gate;
	struct slice mine[] = {SL("pjansen")};
	good(gate_person_key(g, SL("jansen"), SL(KEY_ONE), false, &e), &e);
	assert_int_equal(gate_person_key(g, SL("jansen"), SL(KEY_ONE), false, &e), ERR_DUP);
	good(gate_person_add(g, &(struct gate_person){.id = SL("meyer"), .name = SL("M. Meyer"), .provider = SL("hafenlicht")}, &e), &e);
	assert_int_equal(gate_person_key(g, SL("meyer"), SL(KEY_ONE), false, &e), ERR_DUP);
	assert_int_equal(gate_person_key(g, SL("nobody"), SL(KEY_ONE), false, &e), ERR_NOENT);
	assert_int_equal(gate_person_add(g, &(struct gate_person){.id = SL("meyer"), .name = SL("M"), .provider = SL("hafenlicht")}, &e), ERR_DUP);
	assert_int_equal(gate_person_add(g, &(struct gate_person){.id = SL("x"), .name = SL("M"), .provider = SL("no")}, &e), ERR_NOENT);
	assert_int_equal(gate_person_add(g, &(struct gate_person){.id = SL("x"), .name = SL("M"), .provider = SL("hafenlicht"), .accounts = mine, .naccounts = 1}, &e), ERR_DUP);
	assert_int_equal(gate_person_add(g, &(struct gate_person){.id = SL("X y"), .name = SL("M"), .provider = SL("hafenlicht")}, &e), ERR_SYNTAX);
	assert_int_equal(gate_provider_add(g, &(struct gate_provider){.id = SL("hafenlicht"), .name = SL("M")}, &e), ERR_DUP);
	assert_int_equal(gate_provider_add(g, &(struct gate_provider){.id = SL("a/b"), .name = SL("M")}, &e), ERR_SYNTAX);
	struct gate_policy p;
	good(gate_policy_load(r->vault, &p, &e), &e);
	assert_int_equal(p.npersons, 2);
	assert_int_equal(p.persons[0].nkeys, 1);
	assert_true(slice_eq(p.persons[0].keys[0].comment, SL("one")));
	struct slice fingerprint = slice_dup(&p.mem, p.persons[0].keys[0].fingerprint);
	good(gate_person_key(g, SL("jansen"), fingerprint, true, &e), &e);
	assert_int_equal(gate_person_key(g, SL("jansen"), fingerprint, true, &e), ERR_NOENT);
	gate_policy_free(&p);
}

/* What cannot be recorded does not happen. */
static void test_no_record(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate b = as(r, "bob");
	struct gate_grant x = a_grant(r);
	struct gate_request q = a_request();
	struct gate a = as(r, "alice");
	char *big = calloc(1, 30000);
	memset(big, 'x', 30000);
	for (int i = 0; i < 20; i++) /* the log is larger than what the database writes: only the log is full */
		good(chain_append(r->chain, &(struct chain_record){.time = NOON, .actor = SL("a"), .action = SL("b"), .object = SL("c"), .outcome = SL("d"), .detail = slice_make(big, 30000)}, &e), &e);
	free(big);
	good(gate_grant_request(&a, &x, &e), &e);
	sql(r, "PRAGMA wal_checkpoint(TRUNCATE)");
	struct stat st;
	assert_int_equal(stat(r->log, &st), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const struct rlimit full = {(rlim_t)st.st_size, (rlim_t)st.st_size};
		signal(SIGXFSZ, SIG_IGN);
		b.vault = vault_open(r->file, VAULT_WRITE, &e);
		b.audit = chain_open(r->log, NULL, NULL, &e);
		if (!b.vault || !b.audit || setrlimit(RLIMIT_FSIZE, &full))
			_exit(9);
		int rc = gate_grant_approve(&b, x.id, &e);
		_exit(rc && slice_has(slice_of(e.text), SL("audit.log")) ? 1 : rc ? 2 : 0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_equal(ask(r, &q, NOON), GATE_NOT_APPROVED);
}

static void test_clock(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct gate_grant x = a_grant(r);
	struct gate_request q = a_request();
	struct gate b = as(r, "bob");
	rig_grant(r, &x);
	good(gate_seen(r->vault, NOON + 10 * NS_MIN, &e), &e);
	good(gate_seen(r->vault, NOON, &e), &e); /* never back */
	assert_int_equal(ask(r, &q, NOON), GATE_CLOCK);
	assert_int_equal(ask(r, &q, NOON + 10 * NS_MIN - NS_SEC), GATE_OK);
	b.now = NOON;
	good(gate_clock_trust(&b, SL("it was wrong"), &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
	good(gate_first_use(r->vault, x.id, NS_HOUR / 2, &e), &e); /* ask() says NS_HOUR */
	assert_int_equal(ask(r, &q, NOON), GATE_ENDED);
	good(gate_first_use(r->vault, x.id, 2 * NS_HOUR, &e), &e); /* the first one counts */
	assert_int_equal(ask(r, &q, NOON), GATE_ENDED);
	sql(r, "UPDATE permit SET boot_id='another life'");
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
	good(gate_first_use(r->vault, x.id, 2 * NS_HOUR, &e), &e);
	assert_int_equal(ask(r, &q, NOON), GATE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_story), T(test_who_may), T(test_edited), T(test_limits), T(test_extend), T(test_emergency), T(test_version), T(test_words), T(test_two_at_once), T(test_killed), T(test_people),
		T(test_no_record), T(test_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
