/* test_console_access.c - the gate on its way from the broker to the pages, and who may say yes. */
#include "console/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW (20787 * NS_DAY)

struct world {
	struct arena mem;
	struct access_gate g;
	struct gate_provider provider[2];
	struct gate_person person[2];
	struct gate_key key[1];
	struct gate_grant grant[4];
	struct slice hosts[2], accounts[1], commands[1];
	struct cidr source[1];
	struct gate_window window[1];
	struct session live[1];
	struct gate_word word[1];
};

static struct gate_grant a_grant(struct world *w, const char *id, const char *requester, enum gate_grant_state state)
{
	return (struct gate_grant){.id = slice_of(id), .person = SL("jansen"), .hosts = w->hosts, .nhosts = 2, .account = SL("wartung"), .sources = w->source, .nsources = 1, .from = NOW - NS_HOUR,
		.until = NOW + NS_HOUR, .windows = w->window, .nwindows = 1, .zone = SL("Europe/Berlin"), .may = MAY_SHELL | MAY_COMMANDS, .commands = w->commands, .ncommands = 1, .factor = true,
		.record = true, .state = state, .requester = slice_of(requester), .approver = state == GRANT_APPROVED ? SL("bob") : SLICE_NONE, .purpose = SL("update <b>"), .ticket = SL("T-1"), .version = 3,
		.boot_until = NSTIME_NONE, .created = NOW - NS_DAY, .decided = NSTIME_NONE, .wanted = NSTIME_NONE};
}

static void world_make(struct world *w)
{
	*w = (struct world){.hosts = {SL("web1"), SL("db1")}, .accounts = {SL("pjansen")}, .commands = {SL("systemctl restart *")}, .window = {{31, 420, 1140}}};
	arena_init(&w->mem);
	assert_true(cidr_parse(SL("203.0.113.0/24"), &w->source[0]));
	w->provider[0] = (struct gate_provider){SL("hafenlicht"), SL("Hafenlicht IT"), GATE_SUSPENDED, SL("incident I-1"), NSTIME_NONE};
	w->provider[1] = (struct gate_provider){SL("nordwind"), SL("Nordwind"), GATE_ACTIVE, SLICE_NONE, NOW + NS_DAY};
	w->key[0] = (struct gate_key){.fingerprint = SL("SHA256:abc"), .type = SL("ssh-ed25519"), .hardware = true, .comment = SL("k")};
	w->person[0] = (struct gate_person){SL("jansen"), SL("P. Jansen"), SL("hafenlicht"), GATE_ACTIVE, SLICE_NONE, w->key, 1, w->accounts, 1};
	w->person[1] = (struct gate_person){.id = SL("petrov"), .name = SL("A. Petrov"), .provider = SL("nordwind")};
	w->grant[0] = a_grant(w, "G-1", "alice", GRANT_APPROVED);
	w->grant[1] = a_grant(w, "G-2", "alice", GRANT_REQUESTED);
	w->grant[2] = a_grant(w, "G-3", "alice", GRANT_APPROVED);
	w->grant[2].wanted = NOW + 2 * NS_HOUR;
	w->grant[2].wanter = SL("carol");
	w->grant[3] = a_grant(w, "G-4", "alice", GRANT_REVOKED);
	w->live[0] = (struct session){.id = SL("S-1"), .person = SL("jansen"), .provider = SL("hafenlicht"), .account = SL("wartung"), .host = SL("web1"), .grant = SL("G-1"), .source = SL("203.0.113.9"),
		.command = SL("\x1b[31m<script>"), .kind = KIND_COMMAND, .terminal = true, .begin = NOW - NS_MIN, .end = NSTIME_NONE, .wanted = NSTIME_NONE, .output = 1u << 20};
	w->word[0] = (struct gate_word){1, NOW - NS_DAY, SL("alice"), SL("requested"), SL("update")};
	w->g = (struct access_gate){.policy = {.providers = w->provider, .nproviders = 2, .persons = w->person, .npersons = 2, .grants = w->grant, .ngrants = 4, .version = 9}, .left_out = 7,
		.live = w->live, .nlive = 1, .words = w->word, .nwords = 1};
}

static struct buf written(const struct world *w)
{
	struct buf b = {0};
	access_gate_write(&b, &w->g);
	return b;
}

static void test_round(void **state)
{
	struct world w;
	struct access_gate g;
	struct err e;
	(void)state;
	world_make(&w);
	struct buf b = written(&w), again = {0};
	assert_int_equal(access_gate_read(buf_slice(&b), &w.mem, &g, &e), 0);
	assert_int_equal(g.policy.ngrants, 4);
	assert_int_equal(g.left_out, 7);
	assert_true(slice_eqz(g.policy.grants[1].purpose, "update <b>") && g.policy.grants[1].version == 3 && g.policy.grants[1].hosts[1].n == 3);
	assert_true(g.policy.grants[1].windows[0].until == 1140 && cidr_has(&g.policy.grants[1].sources[0], &w.source[0].net));
	assert_true(slice_eqz(g.policy.persons[0].keys[0].fingerprint, "SHA256:abc") && g.policy.persons[0].keys[0].hardware);
	assert_true(slice_eqz(g.live[0].command, "\x1b[31m<script>") && g.live[0].end == NSTIME_NONE);
	assert_true(slice_eqz(g.words[0].what, "requested"));
	access_gate_write(&again, &g); /* everything came through */
	assert_true(slice_eq(buf_slice(&b), buf_slice(&again)));
	buf_free(&b);
	buf_free(&again);
	arena_free(&w.mem);
}

/* Cut anywhere, longer, and with each byte changed: an error, or a picture whose numbers are within bounds. */
static void test_hostile(void **state)
{
	struct world w;
	struct access_gate g;
	struct err e;
	size_t taken = 0;
	(void)state;
	world_make(&w);
	struct buf b = written(&w);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(access_gate_read(slice_make(b.p, n), &w.mem, &g, &e), ERR_SYNTAX);
	for (size_t i = 0; i < b.n; i++)
		for (int k = 0; k < 3; k++) {
			char was = b.p[i];
			b.p[i] = (char)(k == 0 ? 0xff : k == 1 ? was ^ 1 : 0x7f);
			if (access_gate_read(buf_slice(&b), &w.mem, &g, &e) == 0) {
				taken++;
				for (size_t x = 0; x < g.policy.ngrants; x++) {
					assert_true(g.policy.grants[x].state <= GRANT_REVOKED && g.policy.grants[x].version >= 0 && g.policy.grants[x].from >= 0);
					assert_true(access_standing(&g.policy.grants[x], NOW) < STANDING_COUNT);
				}
			}
			b.p[i] = was;
			arena_reset(&w.mem);
		}
	assert_true(taken > 0); /* texts may be anything */
	buf_addc(&b, 0);
	assert_int_equal(access_gate_read(buf_slice(&b), &w.mem, &g, &e), ERR_SYNTAX);
	buf_free(&b);
	arena_free(&w.mem);
}

/* One text that is too long, as the gate's tables could hold it, hides nothing else; but such a grant is not approved. */
static void test_long(void **state)
{
	struct world w;
	struct access_gate g;
	struct access_sessions list = {0}, out;
	struct err e;
	struct buf text = {0}, sessions = {0};
	(void)state;
	world_make(&w);
	assert_true(access_whole(&w.grant[1]));
	for (int i = 0; i < 5000; i++)
		buf_addc(&text, (char)(i % 7 ? 'x' : 0xff));
	w.live[0].command = w.grant[1].purpose = buf_slice(&text);
	assert_false(access_whole(&w.grant[1]));
	struct buf b = written(&w);
	assert_int_equal(access_gate_read(buf_slice(&b), &w.mem, &g, &e), 0);
	assert_int_equal(g.live[0].command.n, 4096);
	list = (struct access_sessions){12, w.live, 1};
	access_sessions_write(&sessions, &list);
	assert_int_equal(access_sessions_read(buf_slice(&sessions), &w.mem, &out, &e), 0);
	assert_true(out.total == 12 && out.n == 1 && out.v[0].output == 1u << 20);
	for (size_t n = 0; n < sessions.n; n++)
		assert_int_equal(access_sessions_read(slice_make(sessions.p, n), &w.mem, &out, &e), ERR_SYNTAX);
	buf_free(&b);
	buf_free(&text);
	buf_free(&sessions);
	arena_free(&w.mem);
}

static const char org_text[] = "organisation:\n  name: Institut\nhosts:\n  - name: web1\nstaff:\n  - name: Alice\n    mail: alice@institut.example\n    accounts: [alice, a.lice]\n"
			       "  - name: Dora\n    mail: dora@institut.example\n    accounts: [dora]\n"
			       "providers:\n  - id: hafenlicht\n    persons:\n      - name: P. Jansen\n        mail: jansen@hafenlicht.example\n        accounts: [pieter]\n";

static void test_objections(void **state)
{
	struct slice named[] = {SL("dora")};
	const struct gate_settings anyone = {0}, some = {.approvers = named, .napprovers = 1};
	const struct { const char *name, *mail; const struct gate_settings *settings; size_t grant; enum text want; } rows[] = {
		{"dora", "dora@institut.example", &anyone, 1, TX_NONE}, {"dora", "", &some, 1, TX_NONE}, {"erik", "", &anyone, 1, TX_NONE}, {"erik", "", &some, 1, TX_ACCESS_NO_APPROVER},
		{"alice", "", &anyone, 1, TX_ACCESS_NO_OWN}, {"a.lice", "", &anyone, 1, TX_ACCESS_NO_OWN} /* another account of hers */,
		{"al", "alice@institut.example", &anyone, 1, TX_ACCESS_NO_OWN} /* another name, her mail address */, {"carol", "", &anyone, 2, TX_ACCESS_NO_OWN} /* wants it longer */,
		{"alice", "", &anyone, 2, TX_NONE}, {"root", "", &anyone, 1, TX_ACCESS_NO_ROOT}, {"", "", &anyone, 1, TX_ACCESS_NO_ROOT}, {"jansen", "", &anyone, 1, TX_ACCESS_NO_PROVIDER},
		{"pjansen", "", &anyone, 1, TX_ACCESS_NO_PROVIDER}, {"petrov", "", &anyone, 1, TX_ACCESS_NO_PROVIDER} /* of another one */, {"wartung", "", &anyone, 1, TX_ACCESS_NO_PROVIDER},
		{"pieter", "", &anyone, 1, TX_ACCESS_NO_PROVIDER}, {"dora", "alice@institut.example", &anyone, 1, TX_ACCESS_NO_OWN} /* two, by name and by address */,
		{"dora", "jansen@hafenlicht.example", &anyone, 1, TX_ACCESS_NO_PROVIDER}, {"x", "jansen@hafenlicht.example", &anyone, 1, TX_ACCESS_NO_PROVIDER},
	};
	struct world w;
	struct err e;
	(void)state;
	world_make(&w);
	struct org *org = org_parse(slice_of(org_text), "org.yaml", &e);
	assert_non_null(org);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct access_actor who = {slice_of(rows[i].name), slice_of(rows[i].mail), org, rows[i].settings};
		enum text got = access_objection(&w.g.policy, &w.grant[rows[i].grant], &who, NOW);
		if (got != rows[i].want)
			print_message("row %zu (%s): %s\n", i, rows[i].name, text_of(got, LURE_EN));
		assert_int_equal(got, rows[i].want);
	}
	org_free(org);
	arena_free(&w.mem);
}

static void test_standing(void **state)
{
	struct world w;
	(void)state;
	world_make(&w);
	const enum access_standing want[] = {STANDING_OPEN, STANDING_REQUESTED, STANDING_OPEN, STANDING_REVOKED};
	const bool waits[] = {false, true, true, false};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(access_standing(&w.grant[i], NOW), want[i]);
		assert_int_equal(access_waits(&w.grant[i], NOW), waits[i]);
		assert_false(access_waits(&w.grant[i], NOW + NS_DAY));
	}
	assert_int_equal(access_standing(&w.grant[0], NOW - 2 * NS_HOUR), STANDING_COMING);
	assert_int_equal(access_standing(&w.grant[0], NOW + NS_HOUR), STANDING_ENDED);
	assert_int_equal(access_standing(&w.grant[1], NOW + NS_HOUR), STANDING_LAPSED);
	arena_free(&w.mem);
}

static bool says(const struct access_odd *v, size_t n, enum text t, const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].text == t && slice_eqz(v[i].value, value))
			return true;
	return false;
}

static void test_unusual(void **state)
{
	struct world w;
	struct console_options o = {0};
	struct desk d = {.o = &o};
	struct access_odd odd[ACCESS_ODD];
	struct slice hosts[] = {SL("web1"), SL("backup")};
	(void)state;
	world_make(&w);
	w.provider[0].state = GATE_ACTIVE;
	struct request q = {.desk = &d, .mem = &w.mem, .now = NOW};
	assert_int_equal(access_unusual(&q, &w.g, &w.grant[1], odd), 0); /* as the one before */
	struct gate_grant *x = &w.grant[1];
	x->hosts = hosts;
	x->nsources = x->nwindows = 0;
	x->record = x->factor = false;
	x->may |= MAY_FORWARD;
	x->until += NS_MIN;
	x->requester = SL("zoe");
	size_t n = access_unusual(&q, &w.g, x, odd);
	assert_true(says(odd, n, TX_ACCESS_ODD_HOST, "backup") && !says(odd, n, TX_ACCESS_ODD_HOST, "web1"));
	assert_true(says(odd, n, TX_ACCESS_ODD_ANYWHERE, "") && says(odd, n, TX_ACCESS_ODD_NETWORKS_BEFORE, "") && says(odd, n, TX_ACCESS_ODD_HOURS_BEFORE, ""));
	assert_true(says(odd, n, TX_ACCESS_ODD_QUIET, "") && says(odd, n, TX_ACCESS_ODD_FACTOR, "") && says(odd, n, TX_ACCESS_ODD_FORWARD, ""));
	assert_true(says(odd, n, TX_ACCESS_ODD_LONGER, "") && says(odd, n, TX_ACCESS_ODD_REQUESTER, "zoe") && !says(odd, n, TX_ACCESS_ODD_SHELL, ""));
	x->person = SL("petrov"); /* of a provider without any */
	n = access_unusual(&q, &w.g, x, odd);
	assert_true(says(odd, n, TX_ACCESS_ODD_FIRST, "") && !says(odd, n, TX_ACCESS_ODD_HOST, "backup") && says(odd, n, TX_ACCESS_ODD_QUIET, ""));
	arena_free(&w.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round), cmocka_unit_test(test_hostile), cmocka_unit_test(test_long), cmocka_unit_test(test_objections), cmocka_unit_test(test_standing), cmocka_unit_test(test_unusual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
