/* paths.c - login paths: the events of room path, and what it says as findings. */
#include "detect/detect_private.h"
#include "path/path.h"

#include <stdlib.h>

static const enum action wants[] = {ACT_LOGIN, ACT_SESSION_CLOSED, ACT_DISCONNECTED, ACT_BOOT, ACT_SUDO, ACT_SU, ACT_NONE};
static const struct want_from only[] = {{ACT_SESSION_CLOSED, "sshd dropbear"}, {ACT_NONE, NULL}}; /* ended() */
static const char *const techniques[] = {"T1021.004", "T1078", NULL};

#define LEARNING_LEAST (14 * NS_DAY) /* what people do once a week must have been seen */
#define BEFORE_HOURS (15 * NS_MIN)   /* a little early or late is not against a grant */
#define AFTER_HOURS NS_HOUR

static unsigned grant_says(void *arg, struct slice account, struct slice host)
{
	const struct org *org = arg;
	const struct org_person *p = org_person_by_account(org, account);
	if (!p || !p->provider)
		return 0;
	return org_provider_may_host(p->provider, org, host) ? 1 : 2;
}

struct paths {
	struct path *path;
	struct path_verdict newest;
	bool judged; /* newest is of the event at hand */
};

static void *create(struct detect *d)
{
	struct path_options opt = {.learning = MAX(detect_learning(d), LEARNING_LEAST), .budget = detect_path_budget(d), .grant = grant_says,
		.arg = (void *)(uintptr_t)detect_org(d)};
	struct paths *s = xcalloc(1, sizeof *s);
	s->path = path_new(&opt);
	return s;
}

static void destroy(void *state)
{
	struct paths *s = state;
	path_free(s->path);
	free(s);
}

struct path *paths_engine(void *state)
{
	return state ? ((struct paths *)state)->path : NULL;
}

const struct path_verdict *paths_newest(void *state)
{
	const struct paths *s = state;
	return s && s->judged ? &s->newest : NULL;
}

/* ---- where from -------------------------------------------------------------------------------------------------- */

static const struct { const char *role; enum path_place place; } places[] = {
	{"workstation", PATH_CLIENT}, {"laptop", PATH_CLIENT}, {"bastion", PATH_GATEWAY}, {"jump", PATH_GATEWAY},
	{"provider-gateway", PATH_VENDOR}, {"vpn", PATH_POOL},
};

/* An inside address that org.yaml does not name is taken for somebody's machine. */
enum path_place login_origin(const struct org *org, const struct ip *ip, struct slice text, const struct org_host **host)
{
	const struct org_host *h = *host = ip ? org_host_by_ip(org, ip) : org_host(org, text);
	if (!h)
		return ip && org_inside(org, ip) ? PATH_CLIENT : PATH_OUTSIDE;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (org_host_has_role(h, slice_of(places[i].role)))
			return places[i].place;
	return PATH_SERVER;
}

static unsigned breach_of(const struct org *org, const struct actor *a, nstime t)
{
	const struct org_provider *p = a->provider;
	if (!p)
		return 0;
	bool hours = org_provider_hours(p, org, t) || org_provider_hours(p, org, t + BEFORE_HOURS) || org_provider_hours(p, org, t - AFTER_HOURS);
	bool network = !a->has_ip || !a->outside || org_provider_network(p, &a->ip);
	return (org_provider_may_host(p, org, a->host) ? 0 : 2) + (hours ? 0 : 1) + (network ? 0 : 2);
}

/* ---- telling ------------------------------------------------------------------------------------------------------- */

static void add_hops(struct finding *f, const struct path_verdict *v)
{
	f->hops = arena_alloc(&f->mem, v->nhops * sizeof *f->hops);
	f->nhops = v->nhops;
	for (size_t i = 0; i < v->nhops; i++) {
		const struct path_hop *h = &v->hop[i];
		bool switched = i && !slice_eq(h->person, v->hop[i - 1].person);
		f->hops[i] = (struct login_hop){h->time, slice_dup(&f->mem, h->account), slice_dup(&f->mem, h->person), slice_dup(&f->mem, h->source),
			slice_dup(&f->mem, h->host), h->port, switched};
	}
}

static void say_cause(struct buf *b, const struct actor *a, struct slice source, const struct path_verdict *v)
{
	struct slice other = v->other_account;
	switch (v->level) {
	case PATH_OTHERS:
		buf_addf(b, "Of those who can have launched it, only %.*s was on %.*s. ", SLFMT(other), SLFMT(source));
		break;
	case PATH_LEFT_OTHERS:
		buf_addf(b, "%.*s had left %.*s, %.*s was still on it. ", SLFMT(a->account), SLFMT(source), SLFMT(other));
		break;
	case PATH_LEFT:
		buf_addf(b, "%.*s had left %.*s before. ", SLFMT(a->account), SLFMT(source));
		break;
	case PATH_NOBODY:
		buf_addf(b, "Nobody was on %.*s by its log. ", SLFMT(source));
		break;
	default:
		buf_addf(b, "%.*s was on %.*s%s. ", SLFMT(a->account), SLFMT(source), v->level == PATH_OWN_AMONG ? ", with others" : "");
	}
	if (v->means == PATH_TYPED)
		buf_addz(b, "A password was typed where its owner had no session. ");
	else if (v->means == PATH_AWAY_KEY)
		buf_addz(b, "The key is that of the person's own machine, and no session of theirs could have carried it. ");
	else if (v->key >= 2)
		buf_addz(b, "The key or method is unusual for the account. ");
	if (v->access == 2 && v->other.n)
		buf_addf(b, "%.*s never was on %.*s in 30 days. ", SLFMT(other), SLFMT(a->host));
	if (v->root == 2)
		buf_addf(b, "Somebody there had become %.*s within the hour before. ", SLFMT(a->account));
	else if (v->root == 1)
		buf_addz(b, "Somebody there had become root within the hour before. ");
}

static void say_new(struct buf *b, const struct actor *a, struct slice source, const struct path_verdict *v)
{
	struct buf list = {0};
	if (v->sources == 3)
		buf_addf(&list, "anybody from %.*s to %.*s; ", SLFMT(source), SLFMT(a->host));
	else if (v->full == 3)
		buf_addf(&list, "%.*s from %.*s to %.*s; ", SLFMT(a->account), SLFMT(source), SLFMT(a->host));
	if (v->accounts == 3)
		buf_addf(&list, "%.*s on %.*s; ", SLFMT(a->account), SLFMT(a->host));
	if (v->from == 3)
		buf_addf(&list, "%.*s coming from %.*s; ", SLFMT(a->account), SLFMT(source));
	if (list.n)
		buf_addf(b, "Not seen in 30 days: %.*s. ", (int)list.n - 2, list.p);
	buf_free(&list);
}

static void say_path(struct buf *b, const struct path_verdict *v)
{
	char t[40];
	buf_addf(b, "Path: %.*s", SLFMT(v->hop[0].source));
	for (size_t i = 0; i < v->nhops; i++)
		buf_addf(b, " -> %.*s (%.*s, %.16s)", SLFMT(v->hop[i].host), SLFMT(v->hop[i].account), time_plain(v->hop[i].time, t));
	buf_addz(b, ". ");
}

static enum level level_of(struct detect *d, const struct actor *a, const struct path_verdict *v)
{
	const struct org *org = detect_org(d);
	const struct org_host *h = org_host(org, a->host);
	const struct org_person *o = v->other_account.n ? org_person_by_account(org, v->other_account) : NULL;
	bool precious = h && (org_host_has_role(h, SL("crown-jewel")) || org_host_has_role(h, SL("patch-distribution")));
	bool provider = a->provider || (o && o->provider);
	return v->switched && (precious || provider || v->breach >= 2) ? LEVEL_HIGH : LEVEL_MEDIUM;
}

static void tell(struct detect *d, const struct event *e, const struct actor *a, struct slice source, const struct path_verdict *v)
{
	bool fresh;
	struct finding *f = detect_open(d, &detector_path, slice_of(v->group), NS_DAY, e->time, &fresh);
	if (fresh || v->score > f->score) {
		struct buf b = {0};
		f->score = v->score;
		if (v->switched)
			finding_printf(f, &f->title, "%s came to %.*s from %.*s, likely launched by %.*s", actor_text(d, a), SLFMT(a->host), SLFMT(source), SLFMT(v->other_account));
		else
			finding_printf(f, &f->title, "%s came to %.*s from %.*s, which is rare in every respect", actor_text(d, a), SLFMT(a->host), SLFMT(source));
		say_cause(&b, a, source, v);
		say_new(&b, a, source, v);
		say_path(&b, v);
		buf_addf(&b, "Logins at least as odd are seen %.2g times a day here; score %.1f, of which %.1f for the switch of credentials and %.1f for the password.",
			v->per_day, v->score, v->rule + v->busy, v->typed);
		f->text = slice_dup(&f->mem, buf_slice(&b));
		buf_free(&b);
		add_hops(f, v);
	}
	finding_raise(f, level_of(d, a, v));
	finding_actor(f, a);
	finding_entity(f, ENT_DEST_HOST, a->host);
	if (v->switched) {
		const struct org_person *o = org_person_by_account(detect_org(d), v->other_account);
		finding_entity(f, ENT_USER, v->other_account);
		if (o && o->provider)
			finding_entity(f, ENT_PROVIDER, o->provider->id);
	}
	finding_evidence(f, e);
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */

static void login(struct detect *d, struct paths *s, const struct event *e)
{
	const struct login_at_hand *at = detect_login(d);
	struct actor a UNINIT;
	s->judged = false;
	if (!at || !at->shell)
		return;
	detect_actor(d, e, &a);
	if (!a.account.n || (a.service && !a.person))
		return;
	const struct login_known *k = at->known;
	struct path_login l = {.time = e->time, .account = a.account, .person = a.person ? a.person->name : a.account, .host = a.host,
		.source = k->origin_host ? k->origin_host->name : at->source, .place = k->origin, .method = at->method, .key = at->key, .port = at->port, .pid = at->pid,
		.breach = breach_of(detect_org(d), &a, e->time), .hint = &at->known->hint};
	s->judged = l.source.n && path_login(s->path, &l, &s->newest);
	if (s->judged && s->newest.alert)
		tell(d, e, &a, l.source, &s->newest);
}

static void ended(struct detect *d, struct path *p, const struct event *e)
{
	const struct org_host *h;
	struct slice host = detect_host(d, e->host), text;
	if (!path_anybody_on(p, host) || (!slice_eq(e->dataset, SL("sshd")) && !slice_eq(e->dataset, SL("dropbear"))))
		return;
	uint32_t port = (uint32_t)event_int(e, F_SOURCE_PORT, 0), pid = (uint32_t)event_int(e, F_PROCESS_PID, 0);
	if (port) {
		text = event_source(e);
		login_origin(detect_org(d), event_ip(e, F_SOURCE_IP), text, &h);
		path_ended(p, e->time, host, 0, h ? h->name : text, port);
	} else if (e->action == ACT_SESSION_CLOSED) {
		path_ended(p, e->time, host, pid, SLICE_NONE, 0);
	}
}

static void became(struct detect *d, struct path *p, const struct event *e)
{
	struct slice who = event_str(e, F_USER_NAME), whom = event_str(e, e->action == ACT_SUDO ? F_USER_EFFECTIVE : F_USER_TARGET);
	const struct org_person *person = who.n ? org_person_by_account(detect_org(d), who) : NULL;
	if (who.n && e->outcome != OUTCOME_FAILURE)
		path_became(p, e->time, detect_host(d, e->host), person ? person->name : who, whom.n ? whom : SL("root"));
}

static void event(struct detect *d, void *state, const struct event *e)
{
	struct paths *s = state;
	switch (e->action) {
	case ACT_LOGIN:
		login(d, s, e);
		break;
	case ACT_SUDO:
	case ACT_SU:
		became(d, s->path, e);
		break;
	case ACT_BOOT:
		path_booted(s->path, e->time, detect_host(d, e->host));
		break;
	default:
		ended(d, s->path, e);
	}
}

const struct detector detector_path = {
	.info = {"postern.login-path", "Login path with another person's credentials", LEVEL_MEDIUM, STAGE_MOVED, techniques,
		"After two weeks: logins scored by whose session can have launched them, by how new account, source and host are to each other, and by "
		"whether the key or password could be used there; the few oddest of a day are told, with the path they are on.",
		"Terminal multiplexers and jobs left running, imaging of machines, a colleague's desk, a shared account."},
	.wants = wants, .only = only, .create = create, .event = event, .destroy = destroy,
};
