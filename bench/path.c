/* path.c - ten million logins through room path from memory: time a login, and what memory holds at the end.
 * usage: bench_path [LOGINS [ACCOUNTS [HOSTS]]] */
#include "path/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static uint64_t seed = 88172645463325252u;
static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

/* Few take most: what people do is not even. */
static uint32_t often(uint32_t below)
{
	uint32_t a = any(below), b = any(below), c = any(below);
	return MIN(a, MIN(b, c));
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void *names(const char *form, uint32_t n, size_t size)
{
	char *v = xcalloc(n, size);
	for (uint32_t i = 0; i < n; i++)
		snprintf(v + i * size, size, form, i);
	return v;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)atol(argv[1]) : 10000000, accounts = argc > 2 ? (uint32_t)atol(argv[2]) : 20000, hosts = argc > 3 ? (uint32_t)atol(argv[3]) : 50000;
	struct path_options o = {.learning = 14 * NS_DAY, .budget = 3};
	struct path *p = path_new(&o);
	uint64_t alerts = 0;
	char (*user)[24] = names("user%u", accounts, 24), (*pc)[24] = names("pc%u", hosts, 24), (*host)[24] = names("host%u", hosts, 24);
	char (*key)[56] = names("SHA256:%043u", accounts, 56);
	double began = now();
	for (uint32_t i = 0; i < n; i++) {
		uint32_t a = often(accounts), machine = a % hosts, near = any(10) ? (a * 7 + any(12)) % hosts : often(hosts);
		bool client = any(3);
		nstime t = 20000 * NS_DAY + (nstime)((double)i / n * 60 * (double)NS_DAY);
		struct path_login l = {.time = t, .port = any(60000) + 1024, .pid = any(4000000), .place = client ? PATH_CLIENT : PATH_SERVER, .method = SL("publickey")};
		l.account = l.person = slice_of(user[a]);
		l.source = slice_of(client ? pc[machine] : host[(a * 7 + any(12)) % hosts]);
		l.host = slice_of(host[near]);
		l.key = slice_of(key[a]);
		struct path_verdict v;
		if (path_login(p, &l, &v))
			alerts += v.alert;
		if (any(10))
			path_ended(p, t + NS_MIN, l.host, l.pid, SLICE_NONE, 0);
	}
	double took = now() - began;
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	printf("{\"logins\": %u, \"seconds\": %.2f, \"ns_per_login\": %.0f, \"logins_per_second\": %.0f, \"rss_mb\": %ld, \"alerts\": %llu, \"forgotten\": %llu}\n", n, took,
		took / n * 1e9, n / took, r.ru_maxrss / 1024, (unsigned long long)alerts, (unsigned long long)path_forgotten(p));
	path_free(p);
	free(user);
	free(pc);
	free(host);
	free(key);
	return 0;
}
