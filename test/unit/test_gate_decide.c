/* test_gate_decide.c - the decision: a table of cases, hours across summer time, and 100,000 random cases against the rules said anew. */
#include "test_gate.h"

static struct slice one_host[] = {SL("web1")};
static struct gate_key keys[] = {{.fingerprint = SL("SHA256:aaa"), .type = SL("ssh-ed25519"), .blob = SL("AAAA")}};
static struct cidr nets[1];
static struct slice commands[] = {SL("systemctl restart nginx"), SL("tail *")};

struct world {
	struct gate_provider provider;
	struct gate_person person;
	struct gate_grant grant;
	struct gate_policy policy;
	struct gate_request q;
	struct ip source;
	nstime now, boot;
};

static void world_make(struct world *w)
{
	memset(w, 0, sizeof *w);
	assert_true(cidr_parse(SL("203.0.113.0/24"), &nets[0]));
	assert_true(ip_parse(SL("203.0.113.7"), &w->source));
	w->provider = (struct gate_provider){.id = SL("hafenlicht"), .name = SL("H"), .until = NSTIME_NONE};
	w->person = (struct gate_person){.id = SL("jansen"), .provider = SL("hafenlicht"), .keys = keys, .nkeys = 1};
	w->grant = (struct gate_grant){.id = SL("G-1"), .person = SL("jansen"), .hosts = one_host, .nhosts = 1, .account = SL("wartung"), .sources = nets, .nsources = 1, .from = NOON - NS_HOUR,
		.until = NOON + NS_HOUR, .may = MAY_SHELL | MAY_SFTP, .factor = true, .record = true, .state = GRANT_APPROVED, .requester = SL("alice"), .approver = SL("bob"),
		.boot_until = NSTIME_NONE, .wanted = NSTIME_NONE};
	w->policy = (struct gate_policy){.providers = &w->provider, .nproviders = 1, .persons = &w->person, .npersons = 1, .grants = &w->grant, .ngrants = 1};
	w->q = (struct gate_request){.phase = PHASE_EXEC, .kind = KIND_SHELL, .service = SL("sshd"), .account = SL("wartung"), .host = SL("web1"), .fingerprint = SL("SHA256:aaa"),
		.source = &w->source, .factor_given = true};
	w->now = NOON;
	w->boot = NS_HOUR;
}

typedef void bend(struct world *w);
#define BEND(name, statement) static void name(struct world *w) { statement; }
BEND(nothing, (void)w)
BEND(other_key, w->q.fingerprint = SL("SHA256:bbb"))
BEND(no_key, w->q.fingerprint = SLICE_NONE)
BEND(person_and_key, w->q.person = SL("jansen"))
BEND(person_other_key, (w->q.person = SL("jansen"), w->q.fingerprint = SL("SHA256:bbb")))
BEND(unknown_person, w->q.person = SL("nobody"))
BEND(other_host, w->q.host = SL("web2"))
BEND(host_capitals, w->q.host = SL("WEB1"))
BEND(no_host, w->q.host = SLICE_NONE)
BEND(host_part, w->q.host = SL("web"))
BEND(other_account, w->q.account = SL("root"))
BEND(account_capitals, w->q.account = SL("Wartung"))
BEND(no_account, (w->q.account = SLICE_NONE, w->grant.account = SLICE_NONE))
BEND(requested, w->grant.state = GRANT_REQUESTED)
BEND(refused, w->grant.state = GRANT_REFUSED)
BEND(revoked, w->grant.state = GRANT_REVOKED)
BEND(self_approved, w->grant.approver = SL("alice"))
BEND(nobody_approved, w->grant.approver = SLICE_NONE)
BEND(long_emergency, (w->grant.approver = SL("alice"), w->grant.emergency = true))
BEND(emergency, (w->grant.approver = SL("alice"), w->grant.emergency = true, w->grant.from = NOON - 1, w->grant.until = NOON + 59 * NS_MIN))
BEND(not_yet, w->now = w->grant.from - 1)
BEND(first, w->now = w->grant.from)
BEND(last, w->now = w->grant.until - 1)
BEND(over, w->now = w->grant.until)
BEND(boot_over, w->grant.boot_until = NS_HOUR)
BEND(boot_last, w->grant.boot_until = NS_HOUR + 1)
BEND(contract_over, w->provider.until = NOON)
BEND(clock_back, w->policy.seen = NOON + 2 * NS_SEC + 1)
BEND(clock_little, w->policy.seen = NOON + 2 * NS_SEC)
BEND(clock_none, w->now = 0)
BEND(clock_boot, w->boot = -1)
BEND(provider_suspended, w->provider.state = GATE_SUSPENDED)
BEND(provider_unknown, w->policy.nproviders = 0)
BEND(person_suspended, w->person.state = GATE_SUSPENDED)
BEND(other_net, w->source.b[14] = 9)
BEND(no_source, w->q.source = NULL)
BEND(no_source_keys, (w->q.source = NULL, w->q.phase = PHASE_KEYS))
BEND(other_net_keys, (w->source.b[14] = 9, w->q.phase = PHASE_KEYS))
BEND(anywhere, (w->q.source = NULL, w->grant.nsources = 0))
BEND(no_factor, w->q.factor_given = false)
BEND(no_factor_keys, (w->q.factor_given = false, w->q.phase = PHASE_KEYS))
BEND(no_factor_asked, (w->q.factor_given = false, w->grant.factor = false))
BEND(sftp, w->q.kind = KIND_SFTP)
BEND(forward, w->q.kind = KIND_FORWARD)
BEND(no_kind, w->q.kind = 0)
BEND(odd_kind, w->q.kind = 99)
BEND(odd_phase, w->q.phase = 99)
BEND(no_phase, w->q.phase = 0)
BEND(provider_grant, (w->grant.person = SLICE_NONE, w->grant.provider = SL("hafenlicht")))
BEND(other_provider_grant, (w->grant.person = SLICE_NONE, w->grant.provider = SL("other")))
BEND(nobodys_grant, w->grant.person = SLICE_NONE)
BEND(other_persons_grant, w->grant.person = SL("meyer"))
BEND(no_grants, w->policy.ngrants = 0)
BEND(bad_zone, (w->grant.zone = SL("Mars/Base"), w->grant.windows = (struct gate_window[]){{127, 0, 1440}}, w->grant.nwindows = 1))

static void test_table(void **state)
{
	static const struct { const char *name; bend *fn; enum gate_reason want; } rows[] = {
#define ROW(f, want) {#f, f, want}
		ROW(nothing, GATE_OK), ROW(other_key, GATE_NO_PERSON), ROW(no_key, GATE_NO_PERSON), ROW(person_and_key, GATE_OK), ROW(person_other_key, GATE_KEY),
		ROW(unknown_person, GATE_NO_PERSON), ROW(other_host, GATE_NO_GRANT), ROW(host_capitals, GATE_OK), ROW(no_host, GATE_NO_GRANT), ROW(host_part, GATE_NO_GRANT),
		ROW(other_account, GATE_NO_GRANT), ROW(account_capitals, GATE_NO_GRANT), ROW(no_account, GATE_NO_GRANT), ROW(requested, GATE_NOT_APPROVED), ROW(refused, GATE_NOT_APPROVED),
		ROW(revoked, GATE_REVOKED), ROW(self_approved, GATE_NOT_APPROVED), ROW(nobody_approved, GATE_NOT_APPROVED), ROW(long_emergency, GATE_NOT_APPROVED), ROW(emergency, GATE_OK),
		ROW(not_yet, GATE_NOT_YET), ROW(first, GATE_OK), ROW(last, GATE_OK), ROW(over, GATE_ENDED), ROW(boot_over, GATE_ENDED), ROW(boot_last, GATE_OK),
		ROW(contract_over, GATE_ENDED), ROW(clock_back, GATE_CLOCK), ROW(clock_little, GATE_OK), ROW(clock_none, GATE_CLOCK), ROW(clock_boot, GATE_CLOCK),
		ROW(provider_suspended, GATE_SUSPENDED_PROVIDER), ROW(provider_unknown, GATE_SUSPENDED_PROVIDER), ROW(person_suspended, GATE_SUSPENDED_PERSON), ROW(other_net, GATE_SOURCE),
		ROW(no_source, GATE_SOURCE), ROW(no_source_keys, GATE_OK), ROW(other_net_keys, GATE_SOURCE), ROW(anywhere, GATE_OK), ROW(no_factor, GATE_FACTOR), ROW(no_factor_keys, GATE_OK),
		ROW(no_factor_asked, GATE_OK), ROW(sftp, GATE_OK), ROW(forward, GATE_KIND), ROW(no_kind, GATE_KIND), ROW(odd_kind, GATE_KIND), ROW(odd_phase, GATE_FAULT),
		ROW(no_phase, GATE_FAULT), ROW(provider_grant, GATE_OK), ROW(other_provider_grant, GATE_NO_GRANT), ROW(nobodys_grant, GATE_NO_GRANT), ROW(other_persons_grant, GATE_NO_GRANT),
		ROW(no_grants, GATE_NO_GRANT), ROW(bad_zone, GATE_FAULT),
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_make(&w);
		rows[i].fn(&w);
		struct gate_decision d = gate_decide(&w.q, &w.policy, w.now, w.boot);
		if (d.reason != rows[i].want)
			print_message("%s: %s\n", rows[i].name, gate_reason_text(d.reason));
		assert_int_equal(d.reason, rows[i].want);
		assert_int_equal(d.allow, d.reason == GATE_OK);
		assert_true(!d.allow || (d.grant == &w.grant && d.person == &w.person && d.until > w.now && d.until <= w.grant.until));
	}
}

static void test_commands(void **state)
{
	static const struct { struct slice command; bool fits; } rows[] = {
		{SL("systemctl restart nginx"), true}, {SL("systemctl restart nginx "), false}, {SL("systemctl restart nginx; id"), false}, {SL("systemctl restart"), false}, {SL(""), false},
		{SL("tail"), true}, {SL("tail -f /var/log/nginx/access.log"), true}, {SL("tail -n 5 a b"), true}, {SL("tailor"), false}, {SL("tail *"), false}, {SL("tail a; id"), false},
		{SL("tail a\nid"), false}, {SL("tail $(id)"), false}, {SL("tail `id`"), false}, {SL("tail a && id"), false}, {SL("tail a | sh"), false}, {SL("tail > /etc/passwd"), false},
		{SL("tail a\0id"), false}, {SL("tail \"a b\""), false}, {SL("tail 'a'"), false}, {SL("tail a\\ b"), false}, {SL("tail \xc3\xa4"), false}, {SL("tail\tx"), false},
		{SL("tail ~root/x"), false}, {SL("tail {a,b}"), false}, {SL("tail x=y"), false}, {SL("/bin/tail"), false}, {SL(" tail"), false}, {SL("TAIL"), false}, {SL("sh -c tail"), false},
	};
	struct world w;
	(void)state;
	world_make(&w);
	w.grant.may = MAY_COMMANDS;
	w.grant.commands = commands;
	w.grant.ncommands = 2;
	w.q.kind = KIND_COMMAND;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		w.q.command = rows[i].command;
		struct gate_decision d = gate_decide(&w.q, &w.policy, w.now, w.boot);
		if (d.allow != rows[i].fits)
			print_message("%.*s\n", SLFMT(rows[i].command));
		assert_int_equal(d.reason, rows[i].fits ? GATE_OK : GATE_COMMAND);
	}
	w.q.kind = KIND_SHELL;
	assert_int_equal(gate_decide(&w.q, &w.policy, w.now, w.boot).reason, GATE_KIND);
	w.grant.may = MAY_SHELL; /* who has a shell has every command */
	w.q.kind = KIND_COMMAND;
	w.q.command = SL("anything; at all");
	assert_true(gate_decide(&w.q, &w.policy, w.now, w.boot).allow);
}

/* The reason is that of the grant that came nearest; one that fits is enough. */
static void test_nearest(void **state)
{
	struct world w;
	struct gate_grant grants[3];
	(void)state;
	world_make(&w);
	grants[0] = grants[1] = grants[2] = w.grant;
	grants[0].state = GRANT_REVOKED;
	grants[1].until = NOON;
	grants[2].account = SL("other");
	w.policy.grants = grants;
	w.policy.ngrants = 3;
	struct gate_decision d = gate_decide(&w.q, &w.policy, w.now, w.boot);
	assert_int_equal(d.reason, GATE_ENDED);
	assert_ptr_equal(d.grant, &grants[1]);
	grants[2] = w.grant;
	d = gate_decide(&w.q, &w.policy, w.now, w.boot);
	assert_true(d.allow);
	assert_ptr_equal(d.grant, &grants[2]);
	grants[2].boot_until = w.boot + NS_MIN;
	d = gate_decide(&w.q, &w.policy, w.now, w.boot);
	assert_int_equal(d.until, NOON + NS_MIN);
}

/* ---- hours ------------------------------------------------------------------------------------------------------------------------ */

static nstime utc(int y, unsigned m, unsigned d, unsigned h, unsigned min)
{
	return civil_seconds(y, m, d, h, min, 0) * NS_SEC;
}

static bool open_at(const struct world *w, nstime t, nstime *until)
{
	struct gate_decision d = gate_decide(&w->q, &w->policy, t, w->boot);
	*until = d.until;
	return d.allow;
}

/* Minute by minute over a week with a change of the clock: `until` is the first minute that is not open. */
static void check_week(struct world *w, nstime from, size_t minutes, size_t want)
{
	size_t open = 0;
	nstime until, promised = NSTIME_NONE;
	for (size_t i = 0; i < minutes; i++) {
		nstime t = from + (nstime)i * NS_MIN;
		bool now = open_at(w, t, &until);
		open += now;
		if (promised != NSTIME_NONE) {
			assert_int_equal(now, t < promised);
			if (now)
				assert_int_equal(until, promised);
		}
		promised = now ? until : NSTIME_NONE;
	}
	assert_int_equal(open, want);
}

static void test_hours(void **state)
{
	struct world w;
	struct err e;
	struct zone *berlin = zone_load(SL("Europe/Berlin"), &e);
	(void)state;
	assert_non_null(berlin);
	world_make(&w);
	struct gate_window week[] = {{0x1f, 480, 1080}}, night[] = {{0x7f, 1320, 1440}, {0x7f, 0, 360}}, always[] = {{0x7f, 0, 1440}}, odd[] = {{0x40, 120, 180}}, gap[] = {{0x40, 90, 240}};
	w.grant.zone = SL("Europe/Berlin");
	w.grant.tz = berlin;
	w.grant.windows = week;
	w.grant.nwindows = 1;
	w.grant.from = utc(2026, 1, 1, 0, 0);
	w.grant.until = utc(2027, 1, 1, 0, 0);
	nstime until;
	assert_false(open_at(&w, utc(2026, 11, 30, 6, 59), &until)); /* Monday 07:59 in Berlin */
	assert_true(open_at(&w, utc(2026, 11, 30, 7, 0), &until));
	assert_int_equal(until, utc(2026, 11, 30, 17, 0));
	assert_true(open_at(&w, utc(2026, 7, 1, 6, 0), &until)); /* summer */
	assert_int_equal(until, utc(2026, 7, 1, 16, 0));
	assert_false(open_at(&w, utc(2026, 11, 29, 12, 0), &until)); /* Sunday */
	const nstime spring = utc(2026, 3, 26, 0, 0), autumn = utc(2026, 10, 22, 0, 0);
	check_week(&w, spring, 7 * 1440, 5 * 600);
	check_week(&w, autumn, 7 * 1440, 5 * 600);
	w.grant.windows = night;
	w.grant.nwindows = 2;
	check_week(&w, spring, 7 * 1440, 7 * 480); /* an hour less, and the week ends an hour later on the wall */
	check_week(&w, autumn, 7 * 1440, 7 * 480);
	w.grant.windows = always;
	w.grant.nwindows = 1;
	assert_true(open_at(&w, spring, &until));
	assert_int_equal(until, w.grant.until);
	w.grant.windows = odd; /* Sunday 02:00-03:00: an hour that is not there in spring, and there twice in autumn */
	check_week(&w, spring, 7 * 1440, 0);
	check_week(&w, autumn, 7 * 1440, 120);
	w.grant.windows = gap; /* 01:30-04:00 */
	check_week(&w, spring, 7 * 1440, 90);
	check_week(&w, autumn, 7 * 1440, 210);
	w.grant.tz = NULL;
	assert_int_equal(gate_decide(&w.q, &w.policy, NOON, w.boot).reason, GATE_FAULT);
	zone_free(berlin);
}

/* ---- random cases ------------------------------------------------------------------------------------------------------------------- */

static uint64_t dice(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}
#define PICK(s, array) ((array)[dice(s) % ARRAY_LEN(array)])

enum { GRANTS = 6, PERSONS = 3 };
struct chaos {
	struct gate_provider providers[2];
	struct gate_person persons[PERSONS];
	struct gate_key keys[PERSONS];
	struct gate_grant grants[GRANTS];
	struct gate_window windows[GRANTS];
	struct gate_policy policy;
	struct gate_request q;
	struct ip source;
};

static void random_grant(uint64_t *s, struct chaos *c, size_t i)
{
	static const struct slice names[] = {SL("a"), SL("b"), SL("c"), SL("")}, staff[] = {SL("alice"), SL("bob"), SL("carol"), SL("dora"), SL("")}, providers[] = {SL("p"), SL("q"), SL("")};
	static const struct slice accounts[] = {SL("wartung"), SL("deploy")};
	static const enum gate_grant_state states[] = {GRANT_APPROVED, GRANT_APPROVED, GRANT_APPROVED, GRANT_APPROVED, GRANT_APPROVED, GRANT_REQUESTED, GRANT_REFUSED, GRANT_REVOKED};
	struct gate_grant *x = &c->grants[i];
	*x = (struct gate_grant){.id = SL("G"), .person = PICK(s, names), .provider = PICK(s, providers), .hosts = one_host, .nhosts = dice(s) % 16 ? 1 : 0, .account = PICK(s, accounts),
		.sources = nets, .nsources = dice(s) % 4 == 0, .from = NOON + NS_MIN * 20 - (nstime)(dice(s) % 7) * NS_MIN * 20, .may = (unsigned)(dice(s) % 16), .commands = commands, .ncommands = 2,
		.factor = dice(s) % 2, .emergency = dice(s) % 8 == 0, .state = PICK(s, states), .requester = PICK(s, staff), .approver = PICK(s, staff), .windows = &c->windows[i],
		.nwindows = dice(s) % 4 == 0, .boot_until = dice(s) % 4 ? NSTIME_NONE : (nstime)(dice(s) % 3 + 1) * NS_HOUR};
	x->until = x->from + (nstime)(dice(s) % 8 + 1) * NS_MIN * 30;
	c->windows[i] = (struct gate_window){(uint8_t)(dice(s) % 127 + 1), (uint16_t)(dice(s) % 720), (uint16_t)(720 + dice(s) % 720)};
}

static void random_world(uint64_t *s, struct chaos *c)
{
	static const struct slice ids[] = {SL("a"), SL("b"), SL("c")}, prints[] = {SL("SHA256:a"), SL("SHA256:b"), SL("SHA256:c"), SL("SHA256:d"), SL("")}, hosts[] = {SL("web1"), SL("web1"), SL("web1"), SL("web1"), SL("WEB1"), SL("db1"), SL("")};
	static const struct slice accounts[] = {SL("wartung"), SL("wartung"), SL("deploy"), SL("root")}, persons[] = {SL(""), SL(""), SL(""), SL("a"), SL("b"), SL("z")};
	static const struct slice typed[] = {SL("tail -f x"), SL("tail x; id"), SL("systemctl restart nginx"), SL("id"), SL("")};
	for (size_t i = 0; i < 2; i++)
		c->providers[i] = (struct gate_provider){.id = i ? SL("q") : SL("p"), .state = dice(s) % 8 == 0, .until = dice(s) % 8 ? NSTIME_NONE : NOON + (nstime)(dice(s) % 3) * NS_HOUR - NS_HOUR};
	for (size_t i = 0; i < PERSONS; i++) {
		c->keys[i] = (struct gate_key){.fingerprint = prints[i]};
		c->persons[i] = (struct gate_person){.id = ids[i], .provider = dice(s) % 16 ? c->providers[i % 2].id : SL("gone"), .state = dice(s) % 8 == 0, .keys = &c->keys[i], .nkeys = 1};
	}
	for (size_t i = 0; i < GRANTS; i++)
		random_grant(s, c, i);
	c->policy = (struct gate_policy){.providers = c->providers, .nproviders = 2, .persons = c->persons, .npersons = PERSONS, .grants = c->grants, .ngrants = dice(s) % (GRANTS + 1),
		.seen = dice(s) % 16 ? 0 : NOON + (nstime)(dice(s) % 5) * NS_SEC};
	assert_true(ip_parse(dice(s) % 2 ? SL("203.0.113.9") : SL("198.51.100.1"), &c->source));
	c->q = (struct gate_request){.phase = (enum gate_phase)(dice(s) % 16 ? 1 + dice(s) % 6 : dice(s) % 9), .kind = (enum gate_kind)(dice(s) % 6), .account = PICK(s, accounts), .host = PICK(s, hosts),
		.person = PICK(s, persons), .fingerprint = PICK(s, prints), .source = dice(s) % 4 ? &c->source : NULL, .command = PICK(s, typed), .factor_given = dice(s) % 4 != 0};
	const struct gate_grant *x = &c->grants[dice(s) % GRANTS]; /* mostly somebody asks for what there may be */
	size_t who = slice_eqz(x->person, "b") ? 1 : slice_eqz(x->person, "c") ? 2 : 0;
	if (dice(s) % 4 == 0)
		return;
	c->q.phase = PHASE_EXEC;
	c->q.kind = (enum gate_kind)(dice(s) % 4 + 1);
	c->q.account = x->account;
	c->q.host = SL("web1");
	c->q.person = SLICE_NONE;
	c->q.fingerprint = prints[who];
}

/* The rules once more, in other words: everything that must be true of an open door. */
static bool may_open(const struct chaos *c, const struct gate_grant *x, const struct gate_person *who, nstime now, nstime boot)
{
	const struct gate_request *q = &c->q;
	const struct gate_provider *from = slice_eqz(who->provider, "p") ? &c->providers[0] : slice_eqz(who->provider, "q") ? &c->providers[1] : NULL;
	bool listing = q->phase == PHASE_KEYS;
	if (!from || from->state || who->state || (from->until != NSTIME_NONE && from->until <= now))
		return false;
	if (x->person.n ? !slice_eq(x->person, who->id) : !x->provider.n || !slice_eq(x->provider, who->provider))
		return false;
	if (x->state != GRANT_APPROVED || !x->approver.n || (slice_eq(x->approver, x->requester) && !x->emergency) || (x->emergency && x->until - x->from > NS_HOUR))
		return false;
	if (!x->nhosts || !slice_ieq(q->host, SL("web1")) || !slice_eq(q->account, x->account) || now < x->from || now >= x->until)
		return false;
	if (x->boot_until != NSTIME_NONE && boot >= x->boot_until)
		return false;
	struct civil civil = civil_of(now);
	unsigned minute = civil.hour * 60 + civil.minute;
	if (x->nwindows && (!(x->windows->days >> civil.weekday & 1) || minute < x->windows->from || minute >= x->windows->until))
		return false;
	if (x->nsources && !(listing && !q->source) && !(q->source && q->source->b[12] == 203))
		return false;
	if ((q->fingerprint.n && !slice_eq(q->fingerprint, who->keys[0].fingerprint)) || (x->factor && !q->factor_given && !listing))
		return false;
	if (q->phase != PHASE_EXEC && !q->kind)
		return true;
	switch ((int)q->kind) {
	case KIND_SHELL: return x->may & MAY_SHELL;
	case KIND_SFTP: return x->may & MAY_SFTP;
	case KIND_FORWARD: return x->may & MAY_FORWARD;
	case KIND_COMMAND:
		return (x->may & MAY_SHELL) || ((x->may & MAY_COMMANDS) && (q->phase != PHASE_EXEC || slice_eqz(q->command, "tail -f x") || slice_eqz(q->command, "systemctl restart nginx")));
	}
	return false;
}

static void test_random(void **state)
{
	static struct chaos c;
	uint64_t seed = 0x9e3779b97f4a7c15u;
	size_t allowed = 0, told[GATE_REASON_COUNT] = {0};
	(void)state;
	assert_true(cidr_parse(SL("203.0.113.0/24"), &nets[0]));
	for (size_t round = 0; round < 100000; round++) {
		struct buf lines = {0};
		random_world(&seed, &c);
		nstime now = NOON + (nstime)(dice(&seed) % 5) * NS_MIN * 20 - 40 * NS_MIN, boot = (nstime)(dice(&seed) % 3) * NS_HOUR;
		struct gate_decision d = gate_decide(&c.q, &c.policy, now, boot), x = gate_explain(&c.q, &c.policy, now, boot, &lines);
		assert_int_equal(d.allow, x.allow);
		assert_int_equal(d.reason, x.reason);
		assert_ptr_equal(d.grant, x.grant);
		assert_ptr_equal(d.person, x.person);
		assert_int_equal(d.until, x.until);
		assert_int_equal(d.allow, d.reason == GATE_OK);
		bool any = false, asked = c.q.phase >= PHASE_KEYS && c.q.phase <= PHASE_CLOSE && !(c.policy.seen && now < c.policy.seen - 2 * NS_SEC);
		for (size_t i = 0; i < PERSONS && asked; i++) {
			const struct gate_person *who = &c.persons[i];
			if (c.q.person.n ? !slice_eq(who->id, c.q.person) : !slice_eq(who->keys[0].fingerprint, c.q.fingerprint))
				continue;
			for (size_t k = 0; k < c.policy.ngrants; k++)
				any = may_open(&c, &c.grants[k], who, now, boot) || any;
		}
		if (d.allow != any)
			print_message("round %zu: %s\n", round, gate_reason_text(d.reason));
		assert_int_equal(d.allow, any);
		if (d.allow) {
			assert_true(d.until > now && d.until <= d.grant->until);
			assert_true(slice_has(buf_slice(&lines), SL("fits")));
			struct gate_decision end = gate_decide(&c.q, &(struct gate_policy){.providers = c.providers, .nproviders = 2, .persons = c.persons, .npersons = PERSONS,
				.grants = &c.grants[d.grant - c.grants], .ngrants = 1}, d.until, boot + (d.until - now));
			assert_false(end.allow);
		}
		allowed += d.allow;
		told[d.reason]++;
		buf_free(&lines);
	}
	print_message("%zu of 100000 allowed\n", allowed);
	assert_true(allowed > 2000); /* else this tests nothing */
	for (size_t i = 0; i < GATE_REASON_COUNT; i++)
		if (i != GATE_KEY && i != GATE_CLOCK)
			assert_true(told[i] > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_commands), cmocka_unit_test(test_nearest), cmocka_unit_test(test_hours), cmocka_unit_test(test_random)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
