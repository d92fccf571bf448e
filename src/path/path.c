/* path.c - one login: who can have launched it, how new it is, what it scores. */
#include "path/path_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum relation_kind { R_FULL = 1, R_SOURCE_HOST, R_ACCOUNT_HOST, R_ACCOUNT_SOURCE, R_PERSON_HOST, R_ODD, R_ACCOUNT_KEY, R_SOURCE_KEY };
enum { KEY_OF_CLIENT = 1 };                 /* relation.flags of R_ACCOUNT_KEY: used from a person's own machine */
enum { JUMP_OTHERS = 6, GONE_OTHERS = 8 };  /* candidates where nobody's session is open */
enum { RHYTHM_MINUTES = 2, HABIT_DAYS = 8, LOGINS_FOR_KEYS = 5 };
#define BECAME_LASTS NS_HOUR
#define RULE_WEIGHT 3.0
#define TYPED_WEIGHT 4.0
#define OWN_WEIGHT 3.0    /* one's own session explains a login */
#define AMONG_WEIGHT 2.0
#define BUSY_MOST 3.0
#define HABIT_FACTOR 0.3
#define INHERIT 0.5
#define ONCE_A_DAY 8.0    /* the score of what happens once a day */

struct path *path_new(const struct path_options *opt)
{
	struct path *p = xcalloc(1, sizeof *p);
	p->opt = *opt;
	p->names = strtab_new();
	relations_init(&p->seen, WINDOW);
	relations_init(&p->keys, KEYS_WINDOW);
	p->cells = cells_new();
	p->budget = budget_new(opt->budget);
	p->rule = (struct faded){.days = 1, .today = lru_new(1, 10000, NULL, NULL)};
	p->typed = (struct faded){.days = 1, .today = lru_new(1, 10000, NULL, NULL)};
	p->alone = p->among = 1;
	p->first = p->now = NSTIME_NONE;
	return p;
}

void path_free(struct path *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->hosts.n; i++)
		free(p->hosts.v[i].mem);
	free(p->hosts.v);
	free(p->host_of.v);
	free(p->accounts.v);
	free(p->account_of.v);
	strtab_free(p->names);
	relations_free(&p->seen);
	relations_free(&p->keys);
	cells_free(p->cells);
	budget_free(p->budget);
	lru_free(p->rule.today);
	lru_free(p->typed.today);
	free(p);
}

bool path_learnt(const struct path *p)
{
	return p->first != NSTIME_NONE && p->now - p->first >= p->opt.learning;
}

double path_threshold(const struct path *p)
{
	/* a quiet site would fill any budget with trifles: what comes oftener than the budget is never told */
	return MAX(budget_threshold(p->budget), ONCE_A_DAY - log(MAX(p->opt.budget, 1.0)));
}

uint64_t path_logins(const struct path *p)
{
	return p->logins;
}

uint64_t path_forgotten(const struct path *p)
{
	return p->forgotten + p->seen.forgotten + p->keys.forgotten;
}

/* ---- the day turns ---------------------------------------------------------------------------------------------- */

static void turn_day(struct path *p, nstime t)
{
	unsigned day = (unsigned)MIN((uint64_t)MAX(t, 0) / (uint64_t)NS_DAY, (uint64_t)UINT16_MAX);
	if (p->first == NSTIME_NONE) {
		p->first = t;
		p->day = day;
	}
	if (day - p->day > 2 * WINDOW && day > p->day)
		p->day = day - 2 * WINDOW; /* a long silence: what was has faded anyway */
	for (; p->day < day; p->day++) {
		cells_day(p->cells);
		budget_day(p->budget);
		faded_day(&p->rule);
		faded_day(&p->typed);
	}
	p->now = MAX(p->now, t);
}

/* ---- evidence --------------------------------------------------------------------------------------------------- */

struct names {
	uint32_t account, person, source, host, key;
};
/* One login under judgement. */
struct look {
	const struct path_login *l;
	struct names n;
	struct path_host *from;
	struct causes c;
	const struct session *parent; /* own open session */
	struct path_verdict *v;
	uint32_t other, other_account;
	const struct session *why;    /* the other's session; NULL for an owner known otherwise */
	struct oddness odd;
	uint64_t group;
	/* what is asked and learnt in `seen` and in `keys` */
	uint64_t full, source_host, account_host, account_source, person_host;
	uint64_t account_key, proof, from_source;
	unsigned method;
};

/* Its lists are long, and empty when nothing is counted. */
static void look_init(struct look *k, const struct path_login *l, struct path_verdict *v)
{
	k->l = l;
	k->v = v;
	k->parent = k->why = NULL;
	k->other = k->other_account = 0;
}

/* The session it was launched from, as likely as can be told. */
static const struct session *came_from(const struct look *k)
{
	return k->parent ? k->parent : k->why;
}

/* 0: habitual ... up to what was never seen. */
static uint8_t bucket(unsigned days)
{
	return days >= 8 ? 0 : days >= 3 ? 1 : days >= 1 ? 2 : 3;
}

static unsigned days_of(const struct path *p, uint64_t key)
{
	return relation_days(relations_find(&p->seen, key), p->day);
}

static bool was_on(const struct path *p, uint32_t person, uint32_t host)
{
	return relation_seen(relations_find(&p->seen, relation_key(R_PERSON_HOST, person, host, 0)), p->day, WINDOW);
}

/* The best other explanation: somebody who may have launched it and never was where it went; of several the one whose
 * own session was the oddest. */
static void consider(const struct path *p, struct look *k, const struct session *s, uint32_t person, uint32_t account)
{
	uint8_t access = was_on(p, person, k->n.host) ? 1 : 2;
	bool odder = access == k->v->access && s && k->why && s->score > k->why->score;
	if (access <= k->v->access && !odder)
		return;
	k->v->access = access;
	k->why = s;
	k->other = person;
	k->other_account = account;
}

static void consider_last(const struct path *p, struct look *k, const struct session *const *v, size_t n, size_t most)
{
	size_t kept = MIN(n, (size_t)OTHERS_MAX), take = MIN(kept, most);
	for (size_t i = 0; i < take; i++) {
		const struct session *s = v[(n - take + i) % OTHERS_MAX];
		consider(p, k, s, s->person, s->account);
	}
}

static void judge_client(const struct path *p, struct look *k)
{
	uint32_t owner = host_owner(k->from, p->day);
	k->v->level = !owner || owner == k->n.person ? PATH_OWN : PATH_OTHERS;
	if (k->v->level == PATH_OTHERS)
		consider(p, k, NULL, owner, owner);
}

static void judge_gateway(const struct path *p, struct look *k)
{
	k->parent = k->c.own;
	k->v->level = k->c.own ? PATH_OWN : k->c.left ? PATH_LEFT : PATH_NOBODY;
	if (!k->c.own)
		consider_last(p, k, k->c.others, k->c.nothers, JUMP_OTHERS);
}

static void judge_server(const struct path *p, struct look *k)
{
	const struct causes *c = &k->c;
	k->parent = c->own;
	if (c->own)
		k->v->level = c->nothers ? PATH_OWN_AMONG : PATH_OWN;
	else if (c->nothers)
		k->v->level = c->left ? PATH_LEFT_OTHERS : PATH_OTHERS;
	else
		k->v->level = c->left ? PATH_LEFT : PATH_NOBODY;
	if (c->nothers)
		consider_last(p, k, c->others, c->nothers, OTHERS_MAX);
	else if (!c->own)
		consider_last(p, k, c->gone, c->ngone, GONE_OTHERS);
}

static void judge_cause(const struct path *p, struct look *k)
{
	switch (k->l->place) {
	case PATH_CLIENT:
		judge_client(p, k);
		break;
	case PATH_GATEWAY:
	case PATH_VENDOR:
		judge_gateway(p, k);
		break;
	case PATH_SERVER:
		judge_server(p, k);
		break;
	default:
		k->v->level = PATH_OWN;
	}
}

/* Did one of the others become root there within the hour, or the very account that now goes on? */
static uint8_t judge_root(const struct look *k)
{
	uint8_t root = 0;
	const struct path_host *h = k->from;
	if (!h || !k->v->access)
		return 0;
	for (unsigned i = 0; i < BECAME_MAX; i++) {
		uint32_t who = h->became[i].person;
		bool among = who && who == k->other;
		for (size_t j = 0; who && j < MIN(k->c.nothers, (size_t)OTHERS_MAX); j++)
			among |= k->c.others[j]->person == who;
		if (among && k->l->time - h->became[i].time <= BECAME_LASTS)
			root = MAX(root, h->became[i].target == k->n.account ? 2 : 1);
	}
	return root;
}

static unsigned method_of(struct slice m)
{
	static const char *const known[] = {"publickey", "password", "keyboard-interactive/pam"};
	for (unsigned i = 0; i < ARRAY_LEN(known); i++)
		if (slice_eqz(m, known[i]))
			return i;
	return ARRAY_LEN(known);
}

struct account *account_get(struct path *p, uint32_t name)
{
	while (p->account_of.n <= name)
		*vec_push(&p->account_of) = 0;
	if (!p->account_of.v[name]) {
		*vec_push(&p->accounts) = (struct account){0};
		p->account_of.v[name] = (uint32_t)p->accounts.n;
	}
	return &p->accounts.v[p->account_of.v[name] - 1];
}

/* How usual the key or the method is for the account, and from there. */
static uint8_t judge_key(const struct path *p, const struct look *k, const struct account *a)
{
	if (a->total < LOGINS_FOR_KEYS || relations_find(&p->keys, k->proof))
		return 0;
	if (k->n.key) {
		if (!relations_find(&p->keys, k->account_key))
			return 3;
		bool others = relations_find(&p->keys, k->from_source) != NULL;
		return k->l->place == PATH_SERVER && others ? 2 : 1;
	}
	double share = (double)a->methods[k->method] / a->total;
	return share > 0.5 ? 0 : share > 0.15 ? 1 : share > 0.04 ? 2 : 4;
}

/* Could what was shown be shown there, with the person away? A key on the disk can; a password wants somebody to type it, and
 * the key of the person's own machine an agent that is reached through a session. */
static enum path_means judge_means(const struct path *p, const struct look *k)
{
	if (k->l->place != PATH_SERVER || k->v->level < PATH_LEFT)
		return PATH_PRESENT;
	if (!k->n.key)
		return PATH_TYPED;
	const struct relation *r = relations_find(&p->keys, k->account_key);
	if (r && r->flags & KEY_OF_CLIENT)
		return PATH_AWAY_KEY;
	return k->v->key ? PATH_NEW_KEY : PATH_PRESENT;
}

/* The same login at the same minute on earlier days: a machine's doing. The minute (11 bits) and on how many days it was met (5 bits)
 * lie in the flags of the full relation; another minute on another day wears the count down before it takes its place. */
static unsigned apart(unsigned a, unsigned b)
{
	unsigned d = a > b ? a - b : b - a;
	return MIN(d, 1440 - d);
}

static bool judge_rhythm(const struct path *p, const struct relation *r, nstime t)
{
	unsigned days = r ? r->flags >> 11 : 0;
	if (!days || apart(r->flags & 2047, (unsigned)(t / NS_MIN % 1440)) > RHYTHM_MINUTES || !relation_seen(r, p->day, WINDOW))
		return false;
	return days - (r->last == p->day) >= 2;
}

static void learn_rhythm(struct relation *r, bool new_day, nstime t)
{
	unsigned minute = (unsigned)(t / NS_MIN % 1440), days = r->flags >> 11;
	if (!new_day)
		return;
	if (days && apart(r->flags & 2047, minute) <= RHYTHM_MINUTES)
		days = MIN(days + 1, 31u);
	else if (days > 1)
		days--;
	else
		days = 1;
	bool keep = days > 1 && apart(r->flags & 2047, minute) > RHYTHM_MINUTES;
	r->flags = (uint16_t)(days << 11 | (keep ? r->flags & 2047u : minute));
}

static uint8_t judge_grant(const struct path *p, const struct look *k)
{
	if (k->l->breach)
		return (uint8_t)MIN(k->l->breach, 5u);
	if (!p->opt.grant || !k->other)
		return 0;
	return (uint8_t)p->opt.grant(p->opt.arg, strtab_get(p->names, k->other_account), k->l->host);
}

/* Some people do this all the time: support staff, those who keep terminals open, owners of scheduled jobs. */
static uint64_t odd_key(const struct look *k)
{
	bool plain = k->v->means == PATH_PRESENT;
	return relation_key(R_ODD, k->n.person, (uint32_t)k->l->place, plain);
}

/* The keys of everything that will be asked. */
static void make_keys(struct look *k)
{
	const struct names *n = &k->n;
	k->full = relation_key(R_FULL, n->account, n->source, n->host);
	k->source_host = relation_key(R_SOURCE_HOST, n->source, n->host, 0);
	k->account_host = relation_key(R_ACCOUNT_HOST, n->account, n->host, 0);
	k->account_source = relation_key(R_ACCOUNT_SOURCE, n->account, n->source, 0);
	k->person_host = relation_key(R_PERSON_HOST, n->person, n->host, 0);
	k->account_key = relation_key(R_ACCOUNT_KEY, n->account, n->key, 0);
	k->proof = relation_key(R_SOURCE_KEY, n->account, n->source, n->key ? n->key : UINT32_MAX - k->method);
	k->from_source = relation_key(R_SOURCE_KEY, n->account, n->source, 0);
	/* of texts, not of numbers: the same story has the same name in every run */
	k->group = hash_stable(hash_stable(HASH_STABLE_INIT, k->l->source.p, k->l->source.n), k->l->account.p, k->l->account.n);
}

static bool hint_fits(const struct path_hint *h, const struct look *k)
{
	const struct names *n = &k->n;
	return h->filled && h->account == n->account && h->person == n->person && h->source == n->source && h->host == n->host && h->key == n->key && h->method == k->method;
}

static void take_keys(struct look *k)
{
	struct path_hint *h = k->l->hint;
	const struct names *n = &k->n;
	uint64_t *const keys[] = {&k->full, &k->source_host, &k->account_host, &k->account_source, &k->person_host, &k->account_key, &k->proof, &k->from_source};
	_Static_assert(ARRAY_LEN(keys) == ARRAY_LEN(h->keys), "a hint holds every key");
	if (h && hint_fits(h, k)) {
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			*keys[i] = h->keys[i];
		k->group = h->story;
		return;
	}
	make_keys(k);
	if (!h)
		return;
	*h = (struct path_hint){n->account, n->person, n->source, n->host, n->key, k->method, .story = k->group, .filled = true};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		h->keys[i] = *keys[i];
}

/* The keys, and their slots on the way from memory. */
static void prepare(const struct path *p, struct look *k)
{
	k->method = method_of(k->l->method);
	take_keys(k);
	k->group = hash_stable(k->group, &p->day, sizeof p->day);
	const uint64_t seen[] = {k->full, k->source_host, k->account_host, k->account_source, k->person_host};
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		relations_prefetch(&p->seen, seen[i]);
	relations_prefetch(&p->keys, k->account_key);
	relations_prefetch(&p->keys, k->proof);
	relations_prefetch(&p->keys, k->from_source);
}

static void gather(struct path *p, struct look *k)
{
	struct path_verdict *v = k->v;
	const struct names *n = &k->n;
	judge_cause(p, k);
	const struct relation *whole = relations_find(&p->seen, k->full);
	unsigned full = relation_days(whole, p->day);
	v->full = bucket(full);
	v->sources = bucket(days_of(p, k->source_host));
	v->accounts = bucket(days_of(p, k->account_host));
	v->from = bucket(days_of(p, k->account_source));
	v->habit = full >= HABIT_DAYS;
	if (judge_rhythm(p, whole, k->l->time)) {
		v->full = 0;
		v->habit = true;
	}
	v->root = judge_root(k);
	v->key = judge_key(p, k, account_get(p, n->account));
	v->means = judge_means(p, k);
	v->breach = judge_grant(p, k);
	unsigned odd = v->level >= PATH_LEFT ? days_of(p, odd_key(k)) : 4;
	bool away = k->l->place == PATH_SERVER && v->level >= PATH_LEFT;
	k->odd.v[AX_LEVEL] = (uint8_t)v->level;
	k->odd.v[AX_PERSON] = odd >= 4 ? 0 : odd >= 1 ? 1 : 2;
	k->odd.v[AX_ACCESS] = v->access;
	k->odd.v[AX_FULL] = v->full;
	k->odd.v[AX_NOVELTY] = (uint8_t)((v->sources + v->accounts + v->from + 1) / 2);
	k->odd.v[AX_KEY] = away ? (uint8_t)(v->means * 2 + (v->key >= 2)) : v->key;
	k->odd.v[AX_ROOT] = v->root;
	k->odd.v[AX_GRANT] = v->breach;
}

/* ---- score ---------------------------------------------------------------------------------------------------------- */

/* Where others are always about, their being there says nothing. */
static double busy_part(struct path *p, const struct look *k)
{
	const struct path_host *h = k->from;
	double among = h ? (double)h->among : 0, all = among + (h ? (double)h->alone : 0);
	double share = (among + 2 * p->among / (p->alone + p->among)) / (all + 2);
	return MIN(BUSY_MOST, -log(share));
}

static void score(struct path *p, struct look *k)
{
	struct path_verdict *v = k->v;
	v->per_day = cells_rate(p->cells, k->l->place, &k->odd);
	cells_add(p->cells, k->l->place, &k->odd);
	double s = ONCE_A_DAY - log(v->per_day);
	if (v->level == PATH_OWN)
		s -= OWN_WEIGHT;
	if (v->level == PATH_OWN_AMONG)
		s -= AMONG_WEIGHT;
	if (k->l->place == PATH_SERVER && v->level >= PATH_LEFT_OTHERS)
		v->busy = busy_part(p, k);
	if (v->level >= PATH_LEFT_OTHERS && v->access == 2 && v->full) {
		v->rule = RULE_WEIGHT * faded_worth(&p->rule); /* Hopper's: a switch, and a machine new to the other person */
		faded_add(&p->rule, k->group);
	}
	if (v->means == PATH_TYPED && v->full) {
		v->typed = TYPED_WEIGHT * faded_worth(&p->typed);
		faded_add(&p->typed, k->group);
	}
	s += v->busy + v->rule + v->typed;
	if (v->habit)
		s *= HABIT_FACTOR;
	s = MAX(0.0, s);
	const struct session *before = came_from(k);
	if (before && k->l->place != PATH_CLIENT && (double)before->score > ONCE_A_DAY)
		v->inherited = INHERIT * ((double)before->score - ONCE_A_DAY);
	v->score = s + v->inherited;
	v->switched = v->level >= PATH_LEFT && k->other != 0 && (v->level >= PATH_LEFT_OTHERS || v->means == PATH_TYPED);
	v->other = strtab_get(p->names, k->other);
	v->other_account = strtab_get(p->names, k->other_account);
}

/* ---- the path back -------------------------------------------------------------------------------------------------- */

static void trace(const struct path *p, const struct look *k)
{
	struct path_verdict *v = k->v;
	struct path_hop back[PATH_HOPS] UNINIT;
	size_t n = 0;
	back[n++] = (struct path_hop){k->l->time, strtab_get(p->names, k->n.account), strtab_get(p->names, k->n.person),
		strtab_get(p->names, k->n.source), strtab_get(p->names, k->n.host), k->l->port};
	const struct session *s = came_from(k);
	uint32_t host = k->n.source;
	while (s && n < PATH_HOPS) {
		back[n++] = (struct path_hop){s->opened, strtab_get(p->names, s->account), strtab_get(p->names, s->person),
			strtab_get(p->names, s->source), strtab_get(p->names, host), s->port};
		host = s->parent_host;
		s = s->parent ? host_session(host_find(p, host), s->parent) : NULL;
	}
	for (size_t i = 0; i < n; i++)
		v->hop[i] = back[n - 1 - i];
	v->nhops = n;
}

/* ---- learning -------------------------------------------------------------------------------------------------------- */

static void learn(struct path *p, const struct look *k)
{
	const struct names *n = &k->n;
	const struct relation *known = relations_find(&p->seen, k->full);
	bool new_day = !known || known->last != p->day;
	struct relation *r = relations_touch(&p->seen, k->full, p->day);
	if (r)
		learn_rhythm(r, new_day, k->l->time);
	relations_touch(&p->seen, k->source_host, p->day);
	relations_touch(&p->seen, k->account_host, p->day);
	relations_touch(&p->seen, k->account_source, p->day);
	relations_touch(&p->seen, k->person_host, p->day);
	if (k->v->level >= PATH_LEFT)
		relations_touch(&p->seen, odd_key(k), p->day);
	struct account *a = account_get(p, n->account);
	a->methods[k->method]++;
	a->total++;
	relations_touch(&p->keys, k->proof, p->day);
	relations_touch(&p->keys, k->from_source, p->day);
	if (n->key) {
		r = relations_touch(&p->keys, k->account_key, p->day);
		if (r && k->l->place >= PATH_CLIENT)
			r->flags |= KEY_OF_CLIENT;
	}
	struct path_host *from = k->from;
	if (from && k->l->place == PATH_SERVER && k->v->level <= PATH_OWN_AMONG) {
		bool among = k->v->level == PATH_OWN_AMONG;
		from->alone += !among;
		from->among += among;
		p->alone += !among;
		p->among += among;
	}
	if (k->l->place == PATH_CLIENT)
		host_used_by(host_get(p, n->source), n->person, p->day);
}

static void open_session(struct path *p, const struct look *k)
{
	/* its maker first: host_get may move the hosts, and the parents with them */
	const struct session *before = came_from(k);
	uint32_t parent = before ? before->id : 0;
	struct session *s = host_open(host_get(p, k->n.host), &p->forgotten);
	*s = (struct session){.opened = k->l->time, .ended = NSTIME_NONE, .id = ++p->sessions, .account = k->n.account, .person = k->n.person,
		.source = k->n.source, .parent = parent, .parent_host = k->n.source, .port = k->l->port, .pid = k->l->pid,
		.score = (float)k->v->score, .group = k->v->alert ? k->group : 0};
	if (!p->sessions)
		s->id = ++p->sessions;
}

/* ---- one login --------------------------------------------------------------------------------------------------------- */

static uint32_t number(struct strtab *t, struct slice s, uint32_t guess)
{
	struct slice text = strtab_get(t, guess);
	return guess && text.n == s.n && bytes_eq(text.p, s.p, s.n) ? guess : strtab_put(t, s);
}

static bool name_all(struct path *p, const struct path_login *l, struct names *n)
{
	if (strtab_count(p->names) > PATH_NAMES_MAX) {
		p->forgotten++;
		return false;
	}
	const struct path_hint none = {0}, *h = l->hint ? l->hint : &none;
	n->account = number(p->names, l->account, h->account);
	n->person = number(p->names, l->person, h->person);
	n->source = number(p->names, l->source, h->source);
	n->host = number(p->names, l->host, h->host);
	n->key = number(p->names, l->key, h->key);
	return n->account && n->person && n->source && n->host && n->source != n->host;
}

bool path_login(struct path *p, const struct path_login *l, struct path_verdict *v)
{
	struct look k UNINIT;
	look_init(&k, l, v);
	if (!name_all(p, l, &k.n))
		return false;
	turn_day(p, l->time);
	memset(v, 0, offsetof(struct path_verdict, hop)); /* what is beyond is as many hops as are counted */
	v->nhops = 0;
	v->group[0] = 0;
	prepare(p, &k);
	k.from = host_find(p, k.n.source);
	host_causes(k.from, k.n.person, l->time, &k.c);
	gather(p, &k);
	score(p, &k);
	trace(p, &k);
	p->logins++;
	/* what goes on from a login that was told belongs to the same story */
	bool told_before = came_from(&k) && came_from(&k)->group;
	if (told_before)
		k.group = came_from(&k)->group;
	budget_add(p->budget, k.group, v->score, &v->first);
	/* new alone is not odd: somebody who is there, with the usual key, goes to a new machine */
	bool unexplained = v->level >= PATH_LEFT || v->key >= 2 || v->breach || told_before;
	v->alert = unexplained && path_learnt(p) && v->score >= path_threshold(p);
	if (v->alert)
		snprintf(v->group, sizeof v->group, "%016llx", (unsigned long long)k.group);
	learn(p, &k);
	open_session(p, &k);
	return true;
}
