/* decide.c - a whole message: inspected, told by headers, held, or passed because an administrator released it. */
#include "milter/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { INDICATORS_TOLD = 20, PROGRESS_SECONDS = 2, VALUE_ROOM = 400 };

struct look {
	pthread_mutex_t lock;
	pthread_cond_t ready;
	bool done;
	int rc;
	struct err e;
	struct session *s;
	struct lure *l;
};

/* ---- headers ---------------------------------------------------------------------------------------------------------------------------- */

/* From the last to the first: right whether the mail server counts those that are gone or not. */
static bool strip(SMFICTX *ctx, const char *name, size_t n)
{
	bool ok = true;
	for (; n; n--)
		ok = smfi_chgheader(ctx, mutable(name), (int)n, NULL) == MI_SUCCESS && ok;
	return ok;
}

static bool add(SMFICTX *ctx, const struct session *s, const char *name, const char *value)
{
	struct buf b = {0};
	buf_addz(&b, s->leading ? " " : "");
	buf_addz(&b, value);
	buf_addc(&b, 0);
	bool ok = smfi_addheader(ctx, mutable(name), b.p) == MI_SUCCESS;
	buf_free(&b);
	return ok;
}

static void indicators_of(const struct lure *l, const struct lure_verdict *v, struct buf *out)
{
	const struct combination_info *c;
	const struct lure_finding *f;
	size_t ncombinations = combinations(&c), nfindings = lure_findings(l, &f), n = 0;
	for (size_t i = 0; i < v->ncombinations && n < INDICATORS_TOLD; i++)
		if (v->combinations[i] < ncombinations)
			buf_addf(out, "%s%s", n++ ? ",\n\t" : "", c[v->combinations[i]].id);
	for (size_t i = 0; i < v->nreasons && n < INDICATORS_TOLD; i++) {
		if (v->reasons[i] >= nfindings)
			continue;
		bool told = false;
		for (size_t j = 0; j < i && !told; j++)
			told = v->reasons[j] < nfindings && f[v->reasons[j]].indicator == f[v->reasons[i]].indicator;
		if (!told)
			buf_addf(out, "%s%s", n++ ? ",\n\t" : "", indicator_table[f[v->reasons[i]].indicator].id);
	}
	buf_addc(out, 0);
	out->n--;
}

static bool tag_subject(SMFICTX *ctx, const struct session *s)
{
	struct buf b = {0};
	const char *tag = s->m->o.tag;
	struct slice old = slice_trim(buf_slice(&s->subject));
	if (s->nsubject && (slice_starts(old, slice_of(tag)) || s->subject.n >= TEXT_MAX)) /* has it; or we do not know the whole */
		return true;
	buf_addf(&b, "%s%s%s%.*s", s->leading ? " " : "", tag, old.n ? " " : "", SLFMT(old));
	buf_addc(&b, 0);
	bool ok = smfi_chgheader(ctx, mutable("Subject"), 1, b.p) == MI_SUCCESS;
	buf_free(&b);
	return ok;
}

/* ---- the log ------------------------------------------------------------------------------------------------------------------------------- */

static const char *queue_of(SMFICTX *ctx)
{
	const char *id = smfi_getsymval(ctx, mutable("i"));
	return id ? id : "-";
}

static void told(SMFICTX *ctx, const struct session *s, const char *outcome, const char *detail)
{
	struct buf b = {0};
	buf_term(&b, slice_of(queue_of(ctx)));
	buf_addf(&b, ": %s, from=<", outcome);
	buf_term(&b, buf_slice(&s->sender));
	buf_addf(&b, ">, recipients=%zu, bytes=%llu%s", s->nrecipients, (unsigned long long)(s->size - s->skip), *detail ? ", " : "");
	for (const char *p = detail; *p; p++)
		buf_addc(&b, *p == '\n' || *p == '\t' ? ' ' : *p);
	buf_addc(&b, 0);
	s->m->o.tell(b.p);
	buf_free(&b);
}

/* ---- inspection: in a thread, so that the mail server hears from us meanwhile ------------------------------------------------------------------ */

static struct timespec in_seconds(unsigned n)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += n;
	return t;
}

static bool take_worker(SMFICTX *ctx, struct milter *m)
{
	unsigned waited = 0;
	pthread_mutex_lock(&m->lock);
	while (!m->free && waited < m->o.wait_seconds) {
		struct timespec until = in_seconds(PROGRESS_SECONDS);
		if (pthread_cond_timedwait(&m->freed, &m->lock, &until) != ETIMEDOUT)
			continue;
		waited += PROGRESS_SECONDS;
		pthread_mutex_unlock(&m->lock);
		smfi_progress(ctx);
		pthread_mutex_lock(&m->lock);
	}
	bool got = m->free > 0;
	m->free -= got;
	pthread_mutex_unlock(&m->lock);
	return got;
}

static void give_worker(struct milter *m)
{
	pthread_mutex_lock(&m->lock);
	m->free++;
	pthread_cond_signal(&m->freed);
	pthread_mutex_unlock(&m->lock);
}

static void *look(void *arg)
{
	struct look *k = arg;
	int rc = 0;
	for (int tries = 0; tries == 0 || (rc && tries < 2); tries++) /* an idle process may have been killed by others */
		rc = inspect_object(k->s->m->o.pool, k->s->fd, SL("message.eml"), NULL, 0, k->l, &k->e);
	pthread_mutex_lock(&k->lock);
	k->rc = rc;
	k->done = true;
	pthread_cond_signal(&k->ready);
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* NULL, or why it could not be looked at. */
static const char *inspect(SMFICTX *ctx, struct session *s, struct lure *l)
{
	pthread_t thread;
	if (!take_worker(ctx, s->m))
		return "too busy";
	struct look k = {.s = s, .l = l};
	pthread_mutex_init(&k.lock, NULL);
	pthread_cond_init(&k.ready, NULL);
	const char *why = pthread_create(&thread, NULL, look, &k) ? "out of memory" : NULL;
	if (!why) {
		pthread_mutex_lock(&k.lock);
		while (!k.done) {
			struct timespec until = in_seconds(PROGRESS_SECONDS);
			if (pthread_cond_timedwait(&k.ready, &k.lock, &until) == ETIMEDOUT && !k.done)
				smfi_progress(ctx);
		}
		pthread_mutex_unlock(&k.lock);
		pthread_join(thread, NULL);
		why = k.rc ? "the inspection failed" : NULL;
	}
	give_worker(s->m);
	pthread_mutex_destroy(&k.lock);
	pthread_cond_destroy(&k.ready);
	if (k.rc) { /* no process could be had twice: there will be none until we are started anew */
		s->m->o.tell(k.e.text);
		atomic_store(&s->m->broken, true);
		smfi_stop();
	}
	return why;
}

static sfsistat not_inspected(SMFICTX *ctx, const struct session *s, const char *why)
{
	static const char *const outcomes[] = {[MILTER_DELIVER] = "not inspected, delivered", [MILTER_DEFER] = "not inspected, put off", [MILTER_FAIL_HOLD] = "not inspected, on hold"};
	char value[VALUE_ROOM];
	snprintf(value, sizeof value, "not-inspected (%s)", why);
	told(ctx, s, outcomes[s->m->o.failure], why);
	if (s->m->o.failure == MILTER_DEFER) {
		smfi_setreply(ctx, mutable("451"), mutable("4.7.1"), mutable("Message could not be inspected, try again later"));
		return SMFIS_TEMPFAIL;
	}
	bool ok = add(ctx, s, HEADER_VERDICT, value);
	if (s->m->o.failure == MILTER_FAIL_HOLD)
		ok = smfi_quarantine(ctx, value) == MI_SUCCESS && ok;
	return ok ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
}

/* ---- held: the notice takes the message's way ------------------------------------------------------------------------------------------------------ */

/* Received stays: it tells loops. */
static bool strip_all(SMFICTX *ctx, const struct session *s)
{
	struct slice v[HEADERS_MAX], rest = buf_slice(&s->names);
	size_t n = 0;
	bool ok = true;
	while (n < HEADERS_MAX && slice_cut(&rest, '\n', &v[n]))
		n++;
	for (size_t i = n; i-- > 0 && ok;) {
		size_t nth = 0;
		char name[TEXT_MAX];
		if (slice_ieq(v[i], SL("Received")) || slice_ieq(v[i], SL(HEADER_VERDICT)) || slice_ieq(v[i], SL(HEADER_INDICATORS)) || slice_ieq(v[i], SL(HEADER_RELEASED)) ||
			v[i].n >= sizeof name)
			continue;
		for (size_t j = 0; j <= i; j++)
			nth += slice_ieq(v[j], v[i]);
		snprintf(name, sizeof name, "%.*s", SLFMT(v[i]));
		ok = smfi_chgheader(ctx, name, (int)nth, NULL) == MI_SUCCESS;
	}
	return ok;
}

static bool notice_headers(SMFICTX *ctx, const struct session *s, const struct notice *n)
{
	char date[64], from[VALUE_ROOM], id[VALUE_ROOM], to[TEXT_MAX + 8];
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}, *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	const char *host = smfi_getsymval(ctx, mutable("j"));
	struct civil c = civil_of(milter_now());
	struct buf subject = {0};
	snprintf(date, sizeof date, "%s, %02u %s %d %02u:%02u:%02u +0000", days[c.weekday % 7], c.day, months[(c.month - 1) % 12], c.year, c.hour, c.minute, c.second);
	if (s->m->o.notice_from)
		snprintf(from, sizeof from, "Postern <%.200s>", s->m->o.notice_from);
	else
		snprintf(from, sizeof from, "Postern <postmaster@%.200s>", host && *host ? host : "localhost");
	snprintf(id, sizeof id, "<%08x%08x.%.*s@%.200s>", randombytes_random(), randombytes_random(), SLFMT(n->id), host && *host ? host : "localhost");
	bool one = s->nrecipients == 1 && s->recipients.n < TEXT_MAX;
	snprintf(to, sizeof to, one ? "<%.*s>" : "undisclosed-recipients:;%.*s", one ? (int)s->recipients.n : 0, one ? s->recipients.p : "");
	notice_subject(n, &subject);
	buf_addc(&subject, 0);
	const struct { const char *name, *value; } rows[] = {{"Date", date}, {"From", from}, {"To", to}, {"Subject", subject.p}, {"Message-ID", id}, {"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "base64"}, {"Auto-Submitted", "auto-generated"}};
	bool ok = true;
	for (size_t i = 0; i < ARRAY_LEN(rows) && ok; i++)
		ok = add(ctx, s, rows[i].name, rows[i].value);
	buf_free(&subject);
	return ok;
}

/* False: the message is as it was or half changed, and must not go on. */
static bool give_notice(SMFICTX *ctx, const struct session *s, const struct lure *l, const struct lure_verdict *v, const char *number)
{
	struct buf body = {0};
	char value[VALUE_ROOM];
	struct notice n = {.id = slice_of(number), .sender = buf_slice(&s->sender), .from = buf_slice(&s->from), .subject = buf_slice(&s->subject), .l = l, .v = v,
		.language = s->m->o.language, .keep_days = s->m->o.keep_days};
	notice_body(&n, &body);
	snprintf(value, sizeof value, "held (%s)", number);
	bool ok = strip_all(ctx, s) && notice_headers(ctx, s, &n) && add(ctx, s, HEADER_VERDICT, value) &&
		smfi_replacebody(ctx, (unsigned char *)body.p, (int)body.n) == MI_SUCCESS && smfi_chgfrom(ctx, mutable("<>"), NULL) == MI_SUCCESS;
	buf_free(&body);
	return ok;
}

static int put(SMFICTX *ctx, struct session *s, const struct lure_verdict *v, const struct buf *indicators, char id[static HELD_ID_ROOM], struct err *e)
{
	struct milter *m = s->m;
	nstime now = milter_now();
	struct held_mail mail = {.queue = slice_of(queue_of(ctx)), .sender = buf_slice(&s->sender), .recipients = buf_slice(&s->recipients), .from = slice_trim(buf_slice(&s->from)),
		.subject = slice_trim(buf_slice(&s->subject)), .verdict = slice_of(verdict_name(v->verdict)), .reasons = buf_slice(indicators), .body = (int64_t)(s->body - s->skip),
		.size = (int64_t)(s->size - s->skip)};
	pthread_mutex_lock(&m->lock);
	if (now - m->expired > NS_HOUR) {
		struct err ignored;
		(void)held_expire(m->held, now - m->o.keep_days * NS_DAY, &ignored);
		m->expired = now;
	}
	int rc = held_put(m->held, &mail, s->fd, (off_t)s->skip, now, id, e);
	pthread_mutex_unlock(&m->lock);
	return rc;
}

static sfsistat hold(SMFICTX *ctx, struct session *s, const struct lure *l, const struct lure_verdict *v, const struct buf *indicators)
{
	char id[HELD_ID_ROOM];
	struct err e;
	if (put(ctx, s, v, indicators, id, &e)) {
		told(ctx, s, "cannot be held, put off", e.text);
		smfi_setreply(ctx, mutable("451"), mutable("4.3.0"), mutable("Try again later"));
		return SMFIS_TEMPFAIL;
	}
	told(ctx, s, "held", id);
	if (s->m->o.quiet || s->nnames > HEADERS_MAX)
		return SMFIS_DISCARD; /* it is on our disk */
	return give_notice(ctx, s, l, v, id) ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
}

/* ---- the decision ---------------------------------------------------------------------------------------------------------------------------------------- */

static sfsistat judged(SMFICTX *ctx, struct session *s, struct lure *l)
{
	static const char *const outcomes[] = {[MILTER_HOLD] = "held", [MILTER_MTA_HOLD] = "on-hold", [MILTER_TAG] = "delivered", [MILTER_REJECT] = "rejected"};
	struct lure_verdict v;
	struct buf indicators = {0};
	char value[VALUE_ROOM];
	past_ask(s->m, l);
	lure_judge(l, &v);
	indicators_of(l, &v, &indicators);
	const enum milter_hold how = v.quarantine ? s->m->o.hold : MILTER_TAG;
	sfsistat r = SMFIS_CONTINUE;
	if (how == MILTER_HOLD) {
		r = hold(ctx, s, l, &v, &indicators);
	} else if (how == MILTER_REJECT) {
		told(ctx, s, "rejected", indicators.p);
		smfi_setreply(ctx, mutable("550"), mutable("5.7.1"), mutable("Message refused: what it carries looks dangerous"));
		r = SMFIS_REJECT;
	} else {
		snprintf(value, sizeof value, "%s; level=%s%s", verdict_name(v.verdict), level_name(v.level), v.limited ? "; limited" : "");
		bool ok = add(ctx, s, HEADER_VERDICT, value) && (!indicators.n || add(ctx, s, HEADER_INDICATORS, indicators.p));
		if (s->m->o.tag && v.verdict >= VERDICT_SUSPICIOUS)
			ok = tag_subject(ctx, s) && ok;
		if (how == MILTER_MTA_HOLD)
			ok = smfi_quarantine(ctx, mutable("held by postern")) == MI_SUCCESS && ok;
		told(ctx, s, how == MILTER_MTA_HOLD ? "on hold" : verdict_name(v.verdict), indicators.p);
		r = ok ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
	}
	if (r != SMFIS_TEMPFAIL) /* else the sender comes again */
		found_tell(ctx, s, l, &v, outcomes[how], buf_slice(&indicators));
	buf_free(&indicators);
	return r;
}

/* Only one such header, ours, of this body. */
static bool released(SMFICTX *ctx, struct session *s)
{
	unsigned char digest[32];
	char id[HELD_ID_ROOM], value[VALUE_ROOM];
	body_end(&s->digest, digest);
	if (s->nreleased != 1 || !held_passes(s->m->held, slice_trim(buf_slice(&s->released)), digest, milter_now(), id))
		return false;
	snprintf(value, sizeof value, "released (%s)", id);
	told(ctx, s, "released by an administrator", id);
	return add(ctx, s, HEADER_VERDICT, value);
}

sfsistat decide(SMFICTX *ctx, struct session *s)
{
	if (!strip(ctx, HEADER_VERDICT, s->nverdict) || !strip(ctx, HEADER_INDICATORS, s->nindicators) || !strip(ctx, HEADER_RELEASED, s->nreleased))
		return SMFIS_TEMPFAIL;
	if (!s->trouble && released(ctx, s))
		return SMFIS_CONTINUE;
	if (s->trouble)
		return not_inspected(ctx, s, s->trouble);
	struct lure *l = lure_new(NULL);
	const char *why = inspect(ctx, s, l);
	sfsistat r = why ? not_inspected(ctx, s, why) : judged(ctx, s, l);
	lure_free(l);
	return r;
}
