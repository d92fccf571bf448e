/* privilege.c - reach and the cheapest cut on made-up networks of 10, 300 and 3,000 hosts: what they cost, and whether walking the graph again agrees.
 * usage: bench_privilege [HOSTS...] */
#include "privilege/privilege.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { ACCOUNTS = 14, PROVIDERS = 8, STAFF = 40 };
static uint64_t seed;
static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

static double spent(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

static struct slice words(struct snapshot *s, const char *form, uint32_t n)
{
	char text[80];
	snprintf(text, sizeof text, "%s%u", form, n);
	return slice_dup(&s->mem, slice_of(text));
}

static struct slice fingerprint(struct snapshot *s, uint32_t n)
{
	char text[80];
	snprintf(text, sizeof text, "SHA256:%043u", n);
	return slice_dup(&s->mem, slice_of(text));
}

static struct snap_list single(struct snapshot *s, struct slice v)
{
	struct slice *p = arena_alloc(&s->mem, sizeof *p);
	*p = v;
	return (struct snap_list){p, 1};
}

static void account(struct snapshot *s, struct slice name, int64_t uid)
{
	struct snap_account *a = snapshot_add(s, SNAP_K_account);
	*a = (struct snap_account){.at = {SL("/etc/passwd"), (int64_t)s->naccounts}, .name = name, .home = name, .shell = SL("/bin/bash"), .uid = uid, .gid = uid, .password = SNAP_PW_LOCKED,
		.changed = -1, .expires = -1, .max_days = -1};
}

static void opens(struct snapshot *s, uint32_t who, uint32_t key)
{
	struct snap_authorized_key *k = snapshot_add(s, SNAP_K_authorized_key);
	k->at = (struct snap_at){SL("/home/x/.ssh/authorized_keys"), (int64_t)s->nauthorized_keys};
	k->account = s->accounts[who].name;
	k->type = SL("ssh-ed25519");
	k->fingerprint = fingerprint(s, key);
	k->usable = SNAP_YES;
}

static void lies(struct snapshot *s, uint32_t who, uint32_t key)
{
	struct snap_private_key *k = snapshot_add(s, SNAP_K_private_key);
	k->at = (struct snap_at){SL("/home/x/.ssh/id_ed25519"), 0};
	k->uid = s->accounts[who].uid;
	k->mode = 0600;
	k->type = SL("ssh-ed25519");
	k->fingerprint = fingerprint(s, key);
	k->encrypted = any(4) ? SNAP_NO : SNAP_YES;
}

static void sudo(struct snapshot *s, struct slice who, struct slice command)
{
	struct snap_sudo *r = snapshot_add(s, SNAP_K_sudo);
	r->at = (struct snap_at){SL("/etc/sudoers"), (int64_t)s->nsudo};
	r->who = single(s, who);
	r->hosts = r->run_as = single(s, SL("ALL"));
	r->commands = single(s, command);
	r->nopasswd = SNAP_YES;
}

/* Keys: 0-39 of staff, 100-.. of providers, 1000 + host: lies on that host and opens some others. */
static struct snapshot *host(uint32_t n, uint32_t hosts)
{
	struct snapshot *s = snapshot_new();
	s->host = words(s, "host", n);
	s->as_root = SNAP_YES;
	account(s, SL("root"), 0);
	for (uint32_t i = 1; i < ACCOUNTS; i++)
		account(s, words(s, "user", i), 1000 + i);
	struct snap_group *g = snapshot_add(s, SNAP_K_group);
	*g = (struct snap_group){.at = {SL("/etc/group"), 1}, .name = SL("admin"), .gid = 27, .members = single(s, s->accounts[1].name)};
	struct snap_sshd *d = snapshot_add(s, SNAP_K_sshd);
	*d = (struct snap_sshd){.at = {SL("/etc/ssh/sshd_config"), 0}, .name = SL("permitrootlogin"), .value = SL("prohibit-password")};
	sudo(s, SL("%admin"), SL("ALL"));
	for (uint32_t i = 0; i < 3; i++)
		sudo(s, s->accounts[2 + any(ACCOUNTS - 2)].name, any(2) ? SL("/usr/bin/systemctl restart nginx") : SL("/usr/bin/vim"));
	for (uint32_t i = 0; i < 3; i++)
		opens(s, 1 + any(3), any(STAFF));
	if (any(3) == 0)
		opens(s, 4, 100 + any(PROVIDERS));
	if (any(4) && n >= hosts / 20) /* the jewels come first: little lies there */
		lies(s, any(ACCOUNTS), 1000 + n);
	for (uint32_t i = 0; i < 5; i++)
		opens(s, 1 + any(ACCOUNTS - 1), 1000 + (any(3) ? n / 10 * 10 + any(10) : any(hosts)));
	return s;
}

static struct org *organisation(uint32_t hosts)
{
	struct buf b = {0};
	struct err e;
	buf_addz(&b, "hosts:\n");
	for (uint32_t i = 0; i < hosts; i++)
		buf_addf(&b, "  - name: host%u\n    roles: [%s]\n", i, i < MAX(1u, hosts / 20) ? "crown-jewel" : "plain");
	buf_addz(&b, "providers:\n");
	for (uint32_t i = 0; i < PROVIDERS; i++)
		buf_addf(&b, "  - id: p%u\n    persons:\n      - name: Person %u\n        keys: [\"SHA256:%043u\"]\n", i, i, 100 + i);
	struct org *o = org_parse(buf_slice(&b), "org.yaml", &e);
	buf_free(&b);
	if (!o) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	return o;
}

static void measure(uint32_t hosts)
{
	seed = 88172645463325252u + hosts;
	struct org *o = organisation(hosts);
	struct snapshot **v = xcalloc(hosts, sizeof *v);
	struct privilege *p = privilege_new(o);
	struct privilege_options opt = {.now = 1795000000 * NS_SEC};
	struct priv_set from = {0}, to = {0};
	struct priv_reach r;
	struct priv_cut c;
	struct err e;
	const struct priv_node *nodes;
	const struct priv_edge *edges;
	const struct right *rights;
	size_t reached = 0;
	for (uint32_t i = 0; i < hosts; i++) {
		v[i] = host(i, hosts);
		if (privilege_add(p, v[i], &e))
			exit(1);
	}
	double t0 = spent();
	if (privilege_build(p, NULL, &opt, &e) || privilege_find(p, SL("role:crown-jewel"), &to, &e)) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	for (uint32_t i = 0; i < PROVIDERS; i++) {
		char name[32];
		snprintf(name, sizeof name, "provider:p%u", i);
		if (privilege_find(p, slice_of(name), &from, &e))
			exit(1);
	}
	double t1 = spent();
	if (privilege_reach(p, &from, false, NULL, &r, &e))
		exit(1);
	double t2 = spent();
	if (privilege_cut(p, &from, &to, &c, &e))
		exit(1);
	double t3 = spent();
	size_t n = privilege_nodes(p, &nodes);
	for (size_t i = 0; i < n; i++)
		reached += nodes[i].type == PRIV_ACCOUNT && r.steps[i] != UINT32_MAX;
	printf("%5u hosts %7zu nodes %7zu edges %6zu rights | build %6.3f s, reach %6.3f s (%zu accounts), cut %6.3f s: %zu rights, cost %llu, %s, %s\n", hosts, n, privilege_edges(p, &edges),
		privilege_rights(p, &rights), t1 - t0, t2 - t1, reached, t3 - t2, c.n, (unsigned long long)c.cost, c.proven ? "proven by reach" : "NOT PROVEN", c.cheapest ? "cheapest" : "perhaps not the cheapest");
	priv_cut_free(&c);
	priv_reach_free(&r);
	priv_set_free(&from);
	priv_set_free(&to);
	privilege_free(p);
	for (uint32_t i = 0; i < hosts; i++)
		snapshot_free(v[i]);
	free(v);
	org_free(o);
}

/* One right on five edges anywhere: the shape that is hard. */
static void measure_hard(uint32_t nodes, uint32_t edges)
{
	uint32_t *v = xcalloc((size_t)edges * 3 + 1, sizeof *v), *cost = xcalloc(edges / 5 + 1, sizeof *cost), ends[2] = {0, nodes - 1}, *rights;
	seed = 88172645463325252u + edges;
	struct cut_problem c = {.nodes = nodes, .from = v, .to = v + edges, .right = v + 2 * (size_t)edges, .edges = edges, .cost = cost, .rights = edges / 5, .sources = ends, .sinks = ends + 1, .nsources = 1, .nsinks = 1};
	for (uint32_t i = 0; i < edges; i++) {
		v[i] = any(nodes);
		v[edges + i] = any(nodes);
		v[2 * (size_t)edges + i] = any(edges / 5);
	}
	for (uint32_t i = 0; i < edges / 5; i++)
		cost[i] = 1 + any(20);
	size_t n;
	uint64_t sum;
	bool possible, cheapest;
	struct err e;
	double t0 = spent();
	if (cut_minimum(&c, &rights, &n, &sum, &possible, &cheapest, &e))
		exit(1);
	printf("  hard %7u nodes %7u edges %6u rights | cut %6.3f s: %zu rights, cost %llu, %s, %s\n", nodes, edges, edges / 5, spent() - t0, n, (unsigned long long)sum,
		possible ? "possible" : "not possible", cheapest ? "cheapest" : "perhaps not the cheapest");
	free(rights);
	free(v);
	free(cost);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {10, 300, 3000};
	for (int i = 1; i < argc; i++)
		measure((uint32_t)atoi(argv[i]));
	for (size_t i = 0; argc < 2 && i < ARRAY_LEN(sizes); i++)
		measure(sizes[i]);
	for (uint32_t edges = 100; argc < 2 && edges <= 100000; edges *= 10)
		measure_hard(edges / 3, edges);
	return 0;
}
