/* mfa_coverage.c - postern mfa coverage: which accounts really came in from outside with one factor, as logs tell.
 *
 * sshd says "Partial METHOD" for what was good and not enough, then "Accepted METHOD" of the same connection. An "Accepted" of a key or a
 * password without that was all there was. Keyboard-interactive alone is what PAM made of it, which sshd does not tell. */
#include "cmd/mfa.h"
#include "cmd/setup.h"
#include "event/event.h"
#include "gate/gate.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ACCOUNTS_MAX = 50000, NAME_KEPT = 120, PARTIALS_MAX = 8192, METHODS_KEPT = 3, METHOD_MAX = 40 };
#define PARTIAL_AGE (10 * NS_MIN) /* sshd's LoginGraceTime is 2 minutes */

#define FACTORS(X) X(BY_ONE, "one") X(BY_UNCLEAR, "unclear") X(BY_KEY, "hardware-key") X(BY_VERIFIED, "hardware-key-verified") X(BY_TWO, "two")
enum factors {
#define X(id, name) id,
	FACTORS(X)
#undef X
	FACTORS_COUNT
};
static const char *const factors_names[] = {
#define X(id, name) name,
	FACTORS(X)
#undef X
};

struct account {
	char host[NAME_KEPT], name[NAME_KEPT];
	uint64_t logins[FACTORS_COUNT];
	nstime last[FACTORS_COUNT];
	char from[FACTORS_COUNT][48];     /* the last one's */
	char method[METHODS_KEPT][METHOD_MAX]; /* of those that are not two, or as good */
};
struct partial {
	nstime time;
	char method[METHOD_MAX];
};
struct coverage {
	struct setup setup;
	struct lru *accounts, *partials;
	struct strtab *verified;          /* fingerprints of keys that are handed out with verify-required */
	nstime since, now, newest;
	uint64_t older, silent;           /* before `since`; of programs that do not say how */
	bool json;
};

/* ---- one login ------------------------------------------------------------------------------------------------------------------- */

static void keep_text(char *out, size_t n, struct slice s)
{
	snprintf(out, n, "%.*s", SLFMT(slice_to(s, n - 1)));
}

static void connection_key(struct key *k, const struct event *e)
{
	key_init(k);
	key_add(k, e->host);
	key_add(k, event_source(e));
	key_add(k, event_str(e, F_SOURCE_PORT));
}

/* keyboard-interactive/pam is keyboard-interactive */
static struct slice method_of(const struct event *e)
{
	struct slice m = event_str(e, F_SSH_METHOD), head = m;
	return slice_cut(&m, '/', &head) ? head : event_str(e, F_SSH_METHOD);
}

static void note_partial(struct coverage *c, const struct event *e)
{
	struct key k;
	connection_key(&k, e);
	struct partial *p = lru_put(c->partials, key_slice(&k), NULL);
	p->time = e->time;
	keep_text(p->method, sizeof p->method, method_of(e));
}

/* Another method was good before, in the same connection. */
static bool second_of_two(struct coverage *c, const struct event *e, struct slice method)
{
	struct key k;
	connection_key(&k, e);
	const struct partial *p = lru_get(c->partials, key_slice(&k));
	bool two = p && e->time - p->time <= PARTIAL_AGE && e->time >= p->time && !slice_eqz(method, p->method);
	lru_del(c->partials, key_slice(&k));
	return two;
}

static enum factors of_sshd(struct coverage *c, const struct event *e)
{
	struct slice method = method_of(e), type = event_str(e, F_SSH_KEY_TYPE), fp = event_str(e, F_SSH_KEY_FP);
	if (second_of_two(c, e, method))
		return BY_TWO;
	if (slice_eq(method, SL("publickey")) && slice_has(type, SL("-SK")))
		return fp.n && strtab_find(c->verified, fp) != UINT32_MAX ? BY_VERIFIED : BY_KEY;
	if (slice_eq(method, SL("publickey")) || slice_eq(method, SL("password")) || slice_eq(method, SL("hostbased")) || slice_eq(method, SL("none")))
		return BY_ONE;
	return BY_UNCLEAR;
}

/* Programs that ask for a password and nothing else. False: what it says is no evidence of how somebody came in. */
static bool factors_of(struct coverage *c, const struct event *e, enum factors *out)
{
	static const char *const passwords[] = {"dovecot", "postfix", "exim", "cyrus", "courier", "opensmtpd", "sendmail", "vsftpd", "proftpd", "pureftpd", "ftpd", "login", "dropbear"};
	*out = slice_eq(e->dataset, SL("dropbear")) && slice_has(e->at.raw, SL("extra auth required")) ? BY_UNCLEAR : BY_ONE;
	if (slice_eq(e->dataset, SL("sshd"))) {
		*out = of_sshd(c, e);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(passwords); i++)
		if (slice_eqz(e->dataset, passwords[i]))
			return true;
	return false;
}

static struct slice how(const struct event *e)
{
	struct slice m = event_str(e, F_SSH_METHOD);
	return slice_eq(e->dataset, SL("sshd")) && m.n ? m : e->dataset;
}

static void note_method(struct account *a, struct slice method)
{
	for (size_t i = 0; i < METHODS_KEPT; i++) {
		if (!a->method[i][0])
			keep_text(a->method[i], METHOD_MAX, method);
		if (slice_eqz(slice_to(method, METHOD_MAX - 1), a->method[i]))
			return;
	}
}

static void note_login(struct coverage *c, const struct event *e, const struct ip *ip)
{
	enum factors by;
	struct key k;
	char text[48];
	if (!factors_of(c, e, &by)) {
		c->silent++;
		return;
	}
	key_init(&k);
	key_add(&k, slice_to(e->host, NAME_KEPT - 1));
	key_add(&k, slice_to(event_str(e, F_USER_NAME), NAME_KEPT - 1));
	struct account *a = lru_put(c->accounts, key_slice(&k), NULL);
	keep_text(a->host, sizeof a->host, e->host);
	keep_text(a->name, sizeof a->name, event_str(e, F_USER_NAME));
	a->logins[by]++;
	if (a->logins[by] == 1 || e->time >= a->last[by]) {
		a->last[by] = e->time;
		keep_text(a->from[by], sizeof a->from[by], slice_of(ip_text(ip, text)));
	}
	if (by <= BY_KEY)
		note_method(a, how(e));
}

static int on_event(void *arg, const struct event *e)
{
	struct coverage *c = arg;
	const struct ip *ip = event_ip(e, F_SOURCE_IP);
	if (e->action == ACT_LOGIN_PARTIAL)
		note_partial(c, e);
	if (e->action != ACT_LOGIN || e->outcome != OUTCOME_SUCCESS || !ip || org_inside(c->setup.org, ip))
		return 0;
	c->newest = MAX(c->newest, e->time);
	if (e->time < c->since)
		c->older++;
	else
		note_login(c, e, ip);
	return 0;
}

/* ---- what is printed ---------------------------------------------------------------------------------------------------------------- */

struct listed {
	const struct account **v;
	size_t n, cap;
	size_t with[FACTORS_COUNT]; /* accounts by the weakest way they came in */
};

static enum factors weakest(const struct account *a)
{
	for (int i = 0; i < FACTORS_COUNT; i++)
		if (a->logins[i])
			return (enum factors)i;
	return BY_TWO;
}

static bool collect(void *arg, struct slice key, void *value)
{
	struct listed *l = arg;
	const struct account *a = value;
	(void)key;
	*vec_push(l) = a;
	l->with[weakest(a)]++;
	return true;
}

static int by_host(const void *x, const void *y)
{
	const struct account *a = *(const struct account *const *)x, *b = *(const struct account *const *)y;
	int c = strcmp(a->host, b->host);
	return c ? c : strcmp(a->name, b->name);
}

static void whose(struct buf *b, const struct coverage *c, const struct account *a)
{
	const struct org_person *p = org_person_by_account(c->setup.org, slice_of(a->name));
	if (!p)
		return;
	buf_addz(b, " (");
	buf_term(b, p->name);
	if (p->provider) {
		buf_addz(b, ", ");
		buf_term(b, p->provider->name.n ? p->provider->name : p->provider->id);
	}
	buf_addc(b, ')');
}

static void account_text(struct buf *b, const struct coverage *c, const struct account *a, enum factors by)
{
	char t[40];
	buf_addz(b, "  ");
	buf_term(b, slice_of(a->name[0] ? a->name : "?"));
	whose(b, c, a);
	buf_addf(b, ": %llu login%s by ", (unsigned long long)a->logins[by], a->logins[by] == 1 ? "" : "s");
	for (size_t i = 0; i < METHODS_KEPT && a->method[i][0]; i++) {
		buf_addz(b, i ? ", " : "");
		buf_term(b, slice_of(a->method[i]));
	}
	buf_addf(b, ", last %s from %s", time_plain(a->last[by], t), a->from[by]);
	if (a->logins[BY_TWO])
		buf_addf(b, "; with two %llu", (unsigned long long)a->logins[BY_TWO]);
	buf_addc(b, '\n');
}

static void section(struct buf *b, const struct coverage *c, const struct listed *l, enum factors by, const char *title)
{
	const char *host = NULL;
	if (!l->with[by])
		return;
	buf_addf(b, "%s\n", title);
	for (size_t i = 0; i < l->n; i++) {
		const struct account *a = l->v[i];
		if (weakest(a) != by)
			continue;
		if (!host || strcmp(host, a->host) != 0) {
			host = a->host;
			buf_addz(b, "\n");
			buf_term(b, slice_of(*host ? host : "(no host)"));
			buf_addc(b, '\n');
		}
		account_text(b, c, a, by);
	}
	buf_addc(b, '\n');
}

static void print_text(struct buf *b, const struct coverage *c, const struct listed *l)
{
	char from[40], to[40];
	section(b, c, l, BY_ONE, "Came in from outside with one factor:");
	section(b, c, l, BY_UNCLEAR, "Came in from outside by what PAM asked for, which the log does not tell:");
	section(b, c, l, BY_KEY, "Came in from outside with a hardware key that is not known to ask for its PIN:");
	buf_addf(b, "From %.10s to %.10s, from outside: %zu account%s with one factor, %zu not clear, %zu with a hardware key (%zu known to ask for its PIN), %zu with two.\n",
		time_plain(c->since, from), time_plain(c->now, to), l->with[BY_ONE], l->with[BY_ONE] == 1 ? "" : "s", l->with[BY_UNCLEAR], l->with[BY_KEY] + l->with[BY_VERIFIED],
		l->with[BY_VERIFIED], l->with[BY_TWO]);
	if (c->older)
		buf_addf(b, "%llu older login%s not counted%s\n", (unsigned long long)c->older, c->older == 1 ? "" : "s", l->n ? "." : ": --days reaches back to them.");
	if (c->silent)
		buf_addf(b, "%llu login%s that programs told without saying how.\n", (unsigned long long)c->silent, c->silent == 1 ? "" : "s");
	if (!l->n && !c->older && !c->silent)
		buf_addz(b, "No login from outside was found. Is sshd's log among what was read?\n");
	if (lru_evicted(c->accounts))
		buf_addf(b, "%llu accounts were forgotten: more than %d came in.\n", (unsigned long long)lru_evicted(c->accounts), ACCOUNTS_MAX);
}

static void member(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

static void account_json(struct buf *b, const struct coverage *c, const struct account *a)
{
	char t[40];
	enum factors by = weakest(a);
	const struct org_person *p = org_person_by_account(c->setup.org, slice_of(a->name));
	buf_addf(b, "{\"factors\":\"%s\"", factors_names[by]);
	member(b, "host", slice_of(a->host));
	member(b, "account", slice_of(a->name));
	if (p)
		member(b, "person", p->name);
	if (p && p->provider)
		member(b, "provider", p->provider->id);
	buf_addz(b, ",\"logins\":{");
	for (int i = 0; i < FACTORS_COUNT; i++)
		buf_addf(b, "%s\"%s\":%llu", i ? "," : "", factors_names[i], (unsigned long long)a->logins[i]);
	buf_addz(b, "},\"methods\":[");
	for (size_t i = 0; i < METHODS_KEPT && a->method[i][0]; i++) {
		buf_addz(b, i ? "," : "");
		buf_json(b, slice_of(a->method[i]));
	}
	buf_addf(b, "],\"last\":\"%s\",\"last_from\":\"%s\"}\n", time_rfc3339(a->last[by], t), a->from[by]);
}

/* One object an account, the sums last. */
static void print_json(struct buf *b, const struct coverage *c, const struct listed *l)
{
	char from[40], to[40];
	for (size_t i = 0; i < l->n; i++)
		account_json(b, c, l->v[i]);
	buf_addf(b, "{\"since\":\"%s\",\"until\":\"%s\",\"accounts\":{", time_rfc3339(c->since, from), time_rfc3339(c->now, to));
	for (int i = 0; i < FACTORS_COUNT; i++)
		buf_addf(b, "%s\"%s\":%zu", i ? "," : "", factors_names[i], l->with[i]);
	buf_addf(b, "},\"older\":%llu,\"not_told\":%llu,\"forgotten\":%llu}\n", (unsigned long long)c->older, (unsigned long long)c->silent,
		(unsigned long long)lru_evicted(c->accounts));
}

static int tell(struct coverage *c)
{
	struct listed l = {0};
	struct buf out = {0};
	lru_each(c->accounts, collect, &l);
	if (l.n)
		qsort(l.v, l.n, sizeof(const struct account *), by_host);
	(c->json ? print_json : print_text)(&out, c, &l);
	int rc = !write_out(NULL, buf_slice(&out)) ? EXIT_INPUT : l.with[BY_ONE] ? EXIT_CONDITION : EXIT_DONE;
	buf_free(&out);
	free(l.v);
	return rc;
}

/* ---- what is read --------------------------------------------------------------------------------------------------------------------- */

struct paths {
	const char **v;
	size_t n, cap;
	struct arena *mem;
};

static int take_path(void *arg, const struct store_source *x)
{
	struct paths *p = arg;
	const char *path = slice_dup(p->mem, x->path).p;
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i], path) == 0)
			return 0;
	if (access(path, R_OK) == 0)
		*vec_push(p) = path;
	return 0;
}

/* The logs that watch follows, as far as they are still there. */
static int watched(const struct args *a, struct paths *p)
{
	char file[4096];
	struct err e;
	if (!state_file(a, "postern.db", file, sizeof file))
		return EXIT_USAGE;
	struct store *s = store_open(file, STORE_READ, &e);
	int rc = s ? store_sources(s, take_path, p, &e) : e.code;
	store_close(s);
	if (rc)
		complain_err(&e);
	else if (!p->n)
		complain("mfa coverage: postern watch follows no log that is there; name files or folders");
	return rc ? EXIT_INPUT : p->n ? 0 : EXIT_USAGE;
}

/* Keys of the gate's persons that it hands out with verify-required. Without a gate none are known. */
static void take_verified(struct coverage *c, const struct args *a)
{
	char file[4096];
	struct err e;
	struct gate_policy p;
	struct vault *v = state_file(a, "gate.db", file, sizeof file) && access(file, R_OK) == 0 ? vault_open(file, VAULT_READ, &e) : NULL;
	if (v && !gate_policy_load(v, &p, &e)) {
		for (size_t i = 0; i < p.npersons; i++)
			for (size_t k = 0; k < p.persons[i].nkeys; k++)
				if (p.persons[i].keys[k].hardware)
					strtab_put(c->verified, p.persons[i].keys[k].fingerprint);
		gate_policy_free(&p);
	}
	vault_close(v);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	progress_show(done, total, "reading logins");
}

static int read_logs(struct coverage *c)
{
	struct err e;
	struct pipeline_result result = {0};
	struct decode_tables *t = decode_tables_new(&c->setup.decode, &e);
	if (!t) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	struct pipeline_options opt = {.tables = t, .org = c->setup.org, .threads = c->setup.threads, .max_disorder = 5 * NS_MIN, .event = on_event,
		.progress = on_progress, .arg = c, .this_host = c->setup.this_host};
	int r = pipeline_run(&c->setup.set, &opt, &result, &e);
	progress_clear();
	if (r)
		complain_err(&e);
	setup_tell_problems(&c->setup, 20);
	pipeline_result_free(&result);
	decode_tables_free(t);
	return r ? EXIT_INPUT : 0;
}

static int cover(struct coverage *c, const struct args *inputs)
{
	uint64_t days = 90;
	const char *format = args_get(inputs, "format"), *text = args_get(inputs, "days");
	take_verified(c, inputs);
	int rc = setup_inputs(&c->setup, inputs);
	if (text)
		slice_u64(slice_of(text), 36500, &days);
	c->json = format && strcmp(format, "json") == 0;
	c->now = (nstime)time(NULL) * NS_SEC;
	c->since = c->now - (nstime)days * NS_DAY;
	interest_add(&c->setup.decode.want, ACT_LOGIN);
	interest_add(&c->setup.decode.want, ACT_LOGIN_PARTIAL);
	if (!rc)
		rc = read_logs(c);
	if (!rc)
		rc = tell(c);
	return rc == EXIT_DONE || rc == EXIT_CONDITION ? MAX(rc, c->setup.missing) : rc;
}

int mfa_coverage(const struct args *a)
{
	struct coverage c = {.accounts = lru_new(sizeof(struct account), ACCOUNTS_MAX, NULL, NULL), .partials = lru_new(sizeof(struct partial), PARTIALS_MAX, NULL, NULL),
		.verified = strtab_new()};
	struct arena mem;
	struct paths found = {.mem = &mem};
	struct args inputs = *a;
	arena_init(&mem);
	inputs.operand++;
	inputs.noperands--;
	int rc = inputs.noperands ? 0 : watched(a, &found);
	if (!rc && !inputs.noperands) {
		inputs.operand = found.v;
		inputs.noperands = found.n;
	}
	if (!rc)
		rc = cover(&c, &inputs);
	setup_free(&c.setup);
	strtab_free(c.verified);
	lru_free(c.accounts);
	lru_free(c.partials);
	free(found.v);
	arena_free(&mem);
	return rc;
}
