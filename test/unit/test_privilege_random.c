/* test_privilege_random.c - small made-up networks: the cut of the graph costs what the best of all sets of rights costs, and each right of it is needed. */
#include "test_privilege.h"

enum { HOSTS = 3, RIGHTS_MOST = 12, ROUNDS = 900 };

static uint64_t seed = 0x2545f4914f6cdd1du;
static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

static const char *const names[] = {"alice", "bob", "web"};
static const char *const fingerprints[] = {"SHA256:a", "SHA256:b"};

static void one_right(struct snapshot *s)
{
	static const char *const who[] = {"alice", "bob", "alice,bob", "%ops", "ALL", "alice,web"};
	static const char *const as[] = {"root", "bob", "ALL,!root", "web,alice"};
	static const char *const by[] = {"user:alice", "group:ops", "everybody", "user:web"};
	struct snap_writable *w;
	switch (any(6)) {
	case 0:
		sudo(s, who[any(ARRAY_LEN(who))], as[any(ARRAY_LEN(as))], any(3) ? "ALL" : "/usr/bin/cat", true);
		break;
	case 1:
		w = snapshot_add(s, SNAP_K_writable);
		*w = (struct snap_writable){at("/opt/x", (int64_t)s->nwritables), slice_of(by[any(ARRAY_LEN(by))]), any(2) ? SL("root") : SL("bob"), SL("service x"), SNAP_NO};
		break;
	case 2:
	case 3:
		lies(s, any(3) ? 1000 : 0, fingerprints[any(2)], any(2) ? SNAP_NO : SNAP_YES);
		break;
	default:
		opens(s, any(3) ? names[any(3)] : "root", fingerprints[any(2)])->from = any(4) ? SLICE_NONE : SL("10.0.0.1");
	}
}

/* What is reached without these, as the graph itself says: the oracle of the cut is reach, the oracle of reach are the tests beside. */
static bool reached(const struct privilege *p, const struct priv_set *from, const struct priv_set *to, const bool *without)
{
	struct priv_reach r;
	struct err e;
	bool found = false;
	assert_int_equal(privilege_reach(p, from, false, without, &r, &e), 0);
	for (size_t i = 0; i < to->n; i++)
		found |= r.steps[to->v[i]] != UINT32_MAX;
	priv_reach_free(&r);
	return found;
}

static uint64_t brute(const struct privilege *p, const struct priv_set *from, const struct priv_set *to, const struct right *rights, size_t n)
{
	uint64_t best = UINT64_MAX;
	for (uint32_t set = 0; set < 1u << n; set++) {
		bool without[RIGHTS_MOST + 1] = {0};
		uint64_t cost = 0;
		for (size_t i = 0; i < n; i++) {
			without[i] = set >> i & 1;
			cost += without[i] ? rights[i].cost : 0;
		}
		if (cost < best && !reached(p, from, to, without))
			best = cost;
	}
	return best;
}

static void compare(const struct privilege *p, struct priv_set *from, struct priv_set *to, size_t *cuts)
{
	const struct right *rights;
	size_t n = privilege_rights(p, &rights);
	struct priv_cut c;
	struct err e;
	uint64_t best = brute(p, from, to, rights, n);
	assert_int_equal(privilege_cut(p, from, to, &c, &e), 0);
	assert_int_equal(c.possible, best != UINT64_MAX);
	if (c.possible) {
		assert_true(c.cheapest && c.proven);
		assert_int_equal(c.cost, best);
		*cuts += c.n > 1;
	} else {
		assert_true(c.unavoidable != UINT32_MAX);
	}
	for (size_t i = 0; i < c.n; i++) { /* each is needed */
		bool without[RIGHTS_MOST + 1] = {0};
		for (size_t k = 0; k < c.n; k++)
			without[c.rights[k]] = k != i;
		assert_true(reached(p, from, to, without));
	}
	priv_cut_free(&c);
}

static void test_networks(void **state)
{
	(void)state;
	size_t cuts = 0, looked = 0;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct snapshot *v[HOSTS];
		struct priv_set from = {0}, to = {0};
		const struct right *rights;
		struct err e;
		for (uint32_t i = 0; i < HOSTS; i++) {
			char name[16];
			snprintf(name, sizeof name, "h%u", i);
			v[i] = host(name);
			v[i]->addresses = listed(v[i], i ? "10.0.0.2" : "10.0.0.1");
			group(v[i], "ops", 90, "alice,bob");
			for (uint32_t k = 0, n = 3 + any(3); k < n; k++)
				one_right(v[i]);
		}
		struct privilege *p = build(NULL, v, HOSTS);
		if (privilege_rights(p, &rights) <= RIGHTS_MOST) {
			looked++;
			assert_int_equal(privilege_find(p, any(2) ? SL("alice@h0") : SL("h0"), &from, &e), 0);
			assert_int_equal(privilege_find(p, any(2) ? SL("h2") : SL("h1"), &to, &e), 0);
			compare(p, &from, &to, &cuts);
		}
		priv_set_free(&from);
		priv_set_free(&to);
		privilege_free(p);
		for (size_t i = 0; i < HOSTS; i++)
			snapshot_free(v[i]);
	}
	assert_true(looked > ROUNDS / 5);
	assert_true(cuts > 3); /* some of them are no trifles */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_networks)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
