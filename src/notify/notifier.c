/* notifier.c - from the outbox to the world: what is due, what may be sent now, and what came of it.
 *
 * An attempt is counted and marked as under way in a transaction before its first byte leaves. A process that is killed in between, or
 * after the byte left, leaves a row that says so: the next one sends it again as a repeat.
 */
#include "notify/notify_private.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FLIGHTS = 32, FLIGHTS_EACH = 4, RESOLVER_MS = 20 };
#define LEASE (10 * NS_MIN)             /* longer than any attempt takes: what is under way is not due */
#define PROGRAM_LATEST ((NOTIFY_PROGRAM_SECONDS + 30) * NS_SEC)

struct flight {
	const struct notify_channel *channel; /* NULL: free */
	struct store_message m;               /* without its texts */
	bool doubted;                         /* before this attempt */
	bool hook, program;
	struct stream *stream;
	nstime since;
};
struct notifier {
	struct store *store;
	const struct notify_config *config;
	const struct org *org;
	notify_run_fn *run;
	void *arg;
	struct hooks *hooks;
	char host[256];
	bool resumed, room; /* room: an attempt ended since the last look at what is due */
	struct flight v[FLIGHTS];
};

/* ---- life ------------------------------------------------------------------------------------------------------------------- */

struct notifier *notifier_new(struct store *s, const struct notify_config *c, const struct org *org, notify_run_fn *run, void *arg, struct err *e)
{
	struct notifier *n = xcalloc(1, sizeof *n);
	n->store = s;
	n->config = c;
	n->org = org;
	n->run = run;
	n->arg = arg;
	if (gethostname(n->host, sizeof n->host - 1))
		n->host[0] = 0;
	n->hooks = hooks_new(c, e);
	if (n->hooks)
		return n;
	free(n);
	return NULL;
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	hooks_free(n->hooks);
	for (size_t i = 0; i < FLIGHTS; i++)
		stream_free(n->v[i].stream);
	free(n);
}

size_t notifier_under_way(const struct notifier *n)
{
	size_t count = 0;
	for (size_t i = 0; i < FLIGHTS; i++)
		count += n->v[i].channel != NULL;
	return count;
}

/* Those of a channel, of levels from low to high. */
static unsigned under_way(const struct notifier *n, const struct notify_channel *c, enum level low, enum level high)
{
	unsigned count = 0;
	for (size_t i = 0; i < FLIGHTS; i++)
		count += n->v[i].channel == c && n->v[i].m.level >= low && n->v[i].m.level <= high;
	return count;
}

/* ---- what came of an attempt -------------------------------------------------------------------------------------------------- */

static int settle(struct notifier *n, struct flight *f, const struct notify_result *r, nstime now, struct err *e)
{
	struct store_message m = f->m;
	m.under_way = false;
	m.doubt = f->doubted || (!r->sent && !r->certain);
	m.error = slice_of(r->error);
	if (r->sent) {
		m.state = OUTBOX_SENT;
		m.sent = now;
	} else if (m.attempts >= n->config->attempts) {
		m.state = OUTBOX_DEAD;
		core_log(LOG_LEVEL_WARN, "channel %.*s: message %s is given up after %u attempts: %s", SLFMT(f->channel->name), m.id, m.attempts, r->error);
	} else {
		m.due = now + MAX(notify_backoff(n->config, m.id, m.attempts), MIN(r->later, n->config->longest_wait));
	}
	stream_free(f->stream);
	*f = (struct flight){0};
	n->room = true;
	return store_message_mark(n->store, &m, e);
}

static int reap(struct notifier *n, nstime now, struct err *e)
{
	struct notify_result r = {0};
	struct flight *f;
	int rc = 0;
	hooks_run(n->hooks);
	while (!rc && (f = hooks_ended(n->hooks, &r)) != NULL)
		rc = settle(n, f, &r, now, e);
	for (size_t i = 0; i < FLIGHTS && !rc; i++) {
		f = &n->v[i];
		if (f->stream && stream_run(f->stream, now, &r)) {
			rc = settle(n, f, &r, now, e);
		} else if (f->program && now - f->since > PROGRAM_LATEST) {
			r = (struct notify_result){.error = "nobody told how the program ended"};
			rc = settle(n, f, &r, now, e);
		}
	}
	return rc;
}

int notifier_ran(struct notifier *n, const char *id, const struct err *failed, nstime now, struct err *e)
{
	struct notify_result r = {.sent = !failed};
	if (failed)
		snprintf(r.error, sizeof r.error, "%.*s", (int)sizeof r.error - 1, failed->text);
	for (size_t i = 0; i < FLIGHTS; i++)
		if (n->v[i].program && strcmp(n->v[i].m.id, id) == 0)
			return settle(n, &n->v[i], &r, now, e);
	return 0; /* it was given up already */
}

/* ---- an attempt -------------------------------------------------------------------------------------------------------------- */

/* True: it is over already, with the result. */
static bool send_program(struct notifier *n, struct flight *f, const struct notify_sending *s, struct notify_result *r)
{
	struct buf body = {0};
	struct err e = {0};
	(s->channel->kind == NOTIFY_MAIL ? notify_mail : notify_json)(&body, s);
	int rc = n->run(n->arg, s->id, s->channel, buf_slice(&body), &e);
	buf_free(&body);
	f->program = rc == NOTIFY_LATER;
	r->sent = rc == 0;
	snprintf(r->error, sizeof r->error, "%.*s", (int)sizeof r->error - 1, rc < 0 ? e.text : "");
	return !f->program;
}

static bool send_syslog(struct notifier *n, struct flight *f, const struct notify_sending *s, struct notify_result *r)
{
	struct buf line = {0};
	struct notify_address a;
	notify_syslog(&line, s, slice_of(n->host));
	r->certain = true;
	f->stream = notify_address_parse(s->channel->address, &a) ? stream_begin(&a, buf_slice(&line), s->now, r) : NULL;
	buf_free(&line);
	return !f->stream;
}

static bool send_hook(struct notifier *n, struct flight *f, const struct notify_sending *s, struct notify_result *r)
{
	struct err e;
	f->hook = hooks_begin(n->hooks, s, f, &e) == 0;
	r->certain = true;
	if (!f->hook)
		snprintf(r->error, sizeof r->error, "%.*s", (int)sizeof r->error - 1, e.text);
	return !f->hook;
}

static int begin_attempt(struct notifier *n, struct flight *f, struct slice body, nstime now, struct err *e)
{
	typedef bool send_fn(struct notifier *n, struct flight *f, const struct notify_sending *s, struct notify_result *r);
	static send_fn *const by_kind[NOTIFY_KINDS] = {[NOTIFY_MAIL] = send_program, [NOTIFY_COMMAND] = send_program, [NOTIFY_WEBHOOK] = send_hook,
		[NOTIFY_SYSLOG] = send_syslog};
	struct notify_message m;
	struct notify_result r = {0};
	if (!notify_message_load(body, &m)) {
		f->m.attempts = n->config->attempts;
		r = (struct notify_result){.certain = true, .error = "the message in the outbox cannot be read"};
		return settle(n, f, &r, now, e);
	}
	const struct notify_sending s = {f->m.id, f->channel, &m, n->config->version, f->m.attempts, f->doubted, f->m.created, now};
	return by_kind[f->channel->kind](n, f, &s, &r) ? settle(n, f, &r, now, e) : 0;
}

/* ---- what may be sent now ----------------------------------------------------------------------------------------------------- */

struct claimed {
	struct store_message v[FLIGHTS_EACH];
	size_t n;
	struct arena mem;
};

static int claim_one(void *arg, const struct store_message *m)
{
	struct claimed *c = arg;
	struct store_message *to = &c->v[c->n++];
	*to = *m;
	to->channel = to->error = SLICE_NONE;
	to->body = slice_dup(&c->mem, m->body);
	return 0;
}

/* Counted before it is made, in the caller's transaction. */
static int count_attempts(struct notifier *n, const struct store_due *x, struct claimed *c, struct err *e)
{
	int rc = store_messages_due(n->store, x, claim_one, c, e);
	for (size_t i = 0; i < c->n && !rc; i++) {
		struct store_message m = c->v[i];
		m.attempts++;
		m.under_way = true;
		m.held = OUTBOX_FREE;
		m.due = x->now + LEASE;
		rc = store_message_mark(n->store, &m, e);
	}
	return rc;
}

static int begin_claimed(struct notifier *n, const struct notify_channel *c, struct claimed *got, nstime now, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < got->n && !rc; i++) {
		size_t at = 0;
		while (at < FLIGHTS && n->v[at].channel)
			at++;
		struct slice body = got->v[i].body;
		n->v[at] = (struct flight){.channel = c, .m = got->v[i], .doubted = got->v[i].doubt, .since = now};
		n->v[at].m.attempts++;
		n->v[at].m.held = OUTBOX_FREE;
		n->v[at].m.body = SLICE_NONE;
		rc = begin_attempt(n, &n->v[at], body, now, e);
	}
	return rc;
}

/* How many more this hour allows; 0: none, and what is due waits until *free. */
static int allowance(struct notifier *n, const struct notify_channel *c, const struct store_due *x, unsigned *left, nstime *free_at, struct err *e)
{
	uint64_t sent;
	nstime first;
	unsigned flying = under_way(n, c, x->low, x->high);
	*left = UINT32_MAX;
	*free_at = x->now;
	if (!c->most_per_hour)
		return 0;
	int rc = store_messages_sent(n->store, x, x->now - NS_HOUR, &sent, &first, e);
	if (rc)
		return rc;
	*left = sent + flying >= c->most_per_hour ? 0 : c->most_per_hour - (unsigned)sent - flying;
	if (sent >= c->most_per_hour)
		*free_at = MAX(first + NS_HOUR, x->now + NS_SEC);
	return 0;
}

/* One message of one class of levels and one channel, as much as may be. In a transaction. */
static int choose(struct notifier *n, const struct notify_channel *c, struct store_due *x, struct claimed *got, struct err *e)
{
	nstime quiet = c->quiet && x->high < LEVEL_CRITICAL ? notify_quiet_until(n->config, n->org, x->now) : NSTIME_NONE, free_at;
	unsigned left, flying = under_way(n, c, LEVEL_INFO, LEVEL_CRITICAL) + (unsigned)got->n;
	if (quiet != NSTIME_NONE)
		return store_messages_hold(n->store, x, quiet, OUTBOX_QUIET, e);
	int rc = allowance(n, c, x, &left, &free_at, e);
	if (rc)
		return rc;
	if (!left)
		return free_at > x->now ? store_messages_hold(n->store, x, free_at, OUTBOX_LIMITED, e) : 0;
	rc = notify_summarise(n->store, x, left, e);
	x->most = flying >= FLIGHTS_EACH ? 0 : MIN(FLIGHTS_EACH - flying, left);
	x->most = MIN(x->most, FLIGHTS - (unsigned)notifier_under_way(n) - (unsigned)got->n);
	return rc || !x->most ? rc : count_attempts(n, x, got, e);
}

static int any(void *arg, const struct store_message *m)
{
	(void)m;
	*(bool *)arg = true;
	return 0;
}

/* Critical ones first, with an allowance of their own: a flood of lesser ones holds none of them back. */
static int begin_channel(struct notifier *n, const struct notify_channel *c, nstime now, struct err *e)
{
	struct store_due classes[] = {{c->name, LEVEL_CRITICAL, LEVEL_CRITICAL, now, 1}, {c->name, LEVEL_INFO, LEVEL_HIGH, now, 1}};
	const struct store_due all = {c->name, LEVEL_INFO, LEVEL_CRITICAL, now, 1};
	struct claimed got = {0};
	bool due = false;
	int rc = store_messages_due(n->store, &all, any, &due, e);
	if (rc || !due || under_way(n, c, LEVEL_INFO, LEVEL_CRITICAL) >= FLIGHTS_EACH)
		return rc;
	if ((rc = store_begin(n->store, e)) != 0)
		return rc;
	arena_init(&got.mem);
	for (size_t i = 0; i < ARRAY_LEN(classes) && !rc; i++)
		rc = choose(n, c, &classes[i], &got, e);
	if (!rc)
		rc = store_commit(n->store, e);
	if (rc)
		store_rollback(n->store);
	else
		rc = begin_claimed(n, c, &got, now, e);
	arena_free(&got.mem);
	return rc;
}

/* ---- the start: what the last process left ---------------------------------------------------------------------------------- */

struct orphans {
	const struct notify_config *config;
	struct { struct store_message *v; size_t n, cap; } list;
};

static int collect_orphan(void *arg, const struct store_message *m)
{
	struct orphans *o = arg;
	if (!notify_channel_by_name(o->config, m->channel)) {
		struct store_message *to = vec_push(&o->list);
		*to = *m;
	}
	return 0;
}

static int resume(struct notifier *n, nstime now, struct err *e)
{
	struct orphans o = {.config = n->config};
	int rc = store_begin(n->store, e);
	if (rc)
		return rc;
	rc = store_messages_resume(n->store, now, e);
	if (!rc)
		rc = store_messages(n->store, OUTBOX_PENDING, -1, collect_orphan, &o, e);
	for (size_t i = 0; i < o.list.n && !rc; i++) {
		o.list.v[i].state = OUTBOX_DEAD;
		o.list.v[i].error = SL("postern.yaml has no channel of this name");
		rc = store_message_mark(n->store, &o.list.v[i], e);
	}
	free(o.list.v);
	if (!rc)
		rc = store_commit(n->store, e);
	if (rc)
		store_rollback(n->store);
	n->resumed = !rc;
	return rc;
}

/* ---- steps ------------------------------------------------------------------------------------------------------------------ */

static nstime sooner(nstime a, nstime b)
{
	return a == NSTIME_NONE ? b : MIN(a, b);
}

int notifier_step(struct notifier *n, nstime now, nstime *next, struct err *e)
{
	int rc = n->resumed ? 0 : resume(n, now, e);
	if (!rc)
		rc = reap(n, now, e);
	n->room = false;
	for (size_t i = 0; i < n->config->nchannels && !rc; i++)
		rc = begin_channel(n, &n->config->channels[i], now, e);
	if (!rc)
		rc = reap(n, now, e);
	*next = NSTIME_NONE;
	if (!rc)
		rc = store_messages_next(n->store, now, next, e);
	if (rc)
		*next = now + NS_SEC;
	else if (n->room)
		*next = now;
	else if (notifier_under_way(n))
		*next = sooner(*next, now + NS_SEC); /* their time limits */
	return rc;
}

bool notifier_wait(struct notifier *n, int fd, int ms)
{
	struct pollfd p[FLIGHTS + 1];
	unsigned count = 0;
	if (fd >= 0)
		p[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	for (size_t i = 0; i < FLIGHTS; i++) {
		if (!n->v[i].stream)
			continue;
		stream_poll(n->v[i].stream, &p[count]);
		if (p[count].fd >= 0)
			count++;
		else
			ms = MIN(ms, RESOLVER_MS); /* a name is looked up in a thread */
	}
	hooks_wait(n->hooks, p, count, MAX(ms, 0));
	return fd >= 0 && p[0].revents;
}
