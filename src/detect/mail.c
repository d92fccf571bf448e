/* mail.c - somebody else in a colleague's mailbox, and the wave of mail that follows. */
#include "detect/profile.h"

#include <stdlib.h>

static const enum action wants_login[] = {ACT_LOGIN, ACT_NONE};
static const enum action wants_mail[] = {ACT_MAIL_QUEUE, ACT_MAIL_RECEIVED, ACT_MAIL_ATTACHMENT, ACT_MAIL_SENT, ACT_LOGIN, ACT_NONE};
static const char *const techniques_box[] = {"T1078", "T1114.002", NULL};
static const char *const techniques_wave[] = {"T1534", "T1566.001", "T1586.002", NULL};

static bool is_mail(const struct event *e)
{
	return slice_starts(e->dataset, SL("dovecot")) || slice_starts(e->dataset, SL("postfix")) || slice_starts(e->dataset, SL("exim")) ||
	       slice_starts(e->dataset, SL("cyrus")) || slice_starts(e->dataset, SL("courier")) || slice_starts(e->dataset, SL("sendmail"));
}

/* ---- mailboxes ----------------------------------------------------------------------------------------------- */

enum { BOX_LOGINS_FIRST = 5 };

enum { CARRIERS = 8, CARRIER_NETWORKS = 3 };

struct mailbox {
	nstime first;
	uint32_t logins;
	struct small_set networks;
	/* telephones and home lines get another network of the same carrier every day */
	struct {
		uint64_t hash;
		unsigned networks;
	} carrier[CARRIERS];
	unsigned next;
};

/* Is the carrier's wider network (v4: /16, v6: /32) one that the box comes from in ever new parts? Counts this one. */
static bool usual_carrier(struct mailbox *b, const struct ip *ip)
{
	uint64_t hash = ip_is_v4(ip) ? hash_bytes((const char *)ip->b + 12, 2) : hash_bytes((const char *)ip->b, 4);
	for (unsigned i = 0; i < CARRIERS; i++)
		if (b->carrier[i].networks && b->carrier[i].hash == hash)
			return b->carrier[i].networks++ >= CARRIER_NETWORKS;
	b->carrier[b->next].hash = hash;
	b->carrier[b->next].networks = 1;
	b->next = (b->next + 1) % CARRIERS;
	return false;
}

static void *boxes_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct mailbox), MEM_ACCOUNTS, NULL, NULL);
}

static void boxes_free(void *state)
{
	lru_free(state);
}

static const struct org_person *mail_person(const struct org *org, struct slice login)
{
	const struct org_person *p = org_person_by_mail(org, login);
	struct slice local = login, rest = login;
	if (slice_cut(&rest, '@', &local)) /* user@own.domain: the account is in front */
		return p ? p : org_domain_own(org, rest) ? org_person_by_account(org, local) : NULL;
	return p ? p : org_person_by_account(org, login);
}

static void box_event(struct detect *d, void *state, const struct event *e)
{
	struct actor a UNINIT;
	if (!is_mail(e) || e->outcome == OUTCOME_FAILURE)
		return;
	detect_actor(d, e, &a);
	if (!a.account.n || !a.has_ip || !a.outside)
		return;
	const struct org_person *p = mail_person(detect_org(d), a.account);
	struct slice who = p ? p->name : a.account;
	bool fresh;
	struct mailbox *b = lru_put(state, who, &fresh);
	if (fresh)
		b->first = e->time;
	struct cidr net = ip_network(&a.ip);
	bool new_net = set_add(&b->networks, hash_bytes(net.net.b, sizeof net.net.b)) && !usual_carrier(b, &a.ip);
	nstime began = detect_host_began(d, a.host);
	/* either the box was used from outside before, or the log is long enough to say that it never was */
	bool learnt = (b->logins >= BOX_LOGINS_FIRST && e->time - b->first > detect_learning(d)) ||
		      (began != NSTIME_NONE && e->time - began > 2 * detect_learning(d));
	b->logins++;
	a.person = p;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, who);
	key_add(&k, a.source);
	struct finding *f = detect_peek(d, &detector_mailbox, key_slice(&k), NS_DAY, e->time);
	if (f) { /* what the stranger does next belongs to it */
		finding_evidence(f, e);
		return;
	}
	if (!new_net || !learnt)
		return;
	f = detect_open(d, &detector_mailbox, key_slice(&k), NS_DAY, e->time, &fresh);
	if (fresh) {
		bool sensitive = p && (org_person_has_role(p, SL("security-manager")) || org_person_has_role(p, SL("director")) || org_person_has_role(p, SL("administrator")));
		f->level = sensitive ? LEVEL_MEDIUM : LEVEL_LOW;
		finding_printf(f, &f->title, "Mailbox of %.*s opened from a network never used for it: %.*s", SLFMT(who), SLFMT(a.source));
		finding_printf(f, &f->text, "Ask %.*s in person or by telephone, not by mail, whether this was them.%s", SLFMT(who),
			sensitive ? " Mail in this person's name is believed by everybody: the advisory's case 1 went this way." : "");
		finding_actor(f, &a);
		if (p)
			finding_entity(f, ENT_MAIL, p->mail);
		else if (slice_chr(a.account, '@') > 0)
			finding_entity(f, ENT_MAIL, a.account);
	}
	finding_evidence(f, e);
}

const struct detector detector_mailbox = {
	.info = {"postern.mailbox-new-network", "Mailbox opened from a new network", LEVEL_LOW, STAGE_IMPERSONATION, techniques_box,
		"A mail login (IMAP, POP3, submission) from an outside network never used for the box; the security manager's and directors' boxes are medium.",
		"Travel, a new telephone, a new home connection."},
	.wants = wants_login, .create = boxes_new, .tables = tables_one, .event = box_event, .destroy = boxes_free,
};

/* ---- waves --------------------------------------------------------------------------------------------------- */

enum { WAVE_LEAST = 50, WAVES_USUAL = 2, SPREAD_LEAST = 10, SPREAD_SENDERS = 3, SPREAD_SIZE = 1024 };

struct sender {
	nstime window;             /* start of the running hour */
	uint32_t recipients;       /* in it */
	uint32_t usual;            /* most in an hour before it */
	uint32_t waves;            /* told so far: the third of its size is its way of working */
	bool told;
};
/* A queue id between its lines. */
struct queued {
	uint8_t nsender, nfile, nlogin;
	char sender[96], file[96], login[64];
	uint64_t message; /* hash of its message-id; 0 unknown */
	bool counted;
};
/* Mails of one size by several senders: a wave spread over stolen boxes stays below the bound of each. */
struct spread {
	nstime window;
	uint32_t recipients;
	struct small_set senders;
};
struct waves {
	struct lru *senders, *queue, *messages, *spreads;
};

static size_t waves_tables(void *state, struct lru **out)
{
	struct waves *w = state;
	out[0] = w->senders;
	out[1] = w->queue;
	out[2] = w->messages;
	out[3] = w->spreads;
	return 4;
}

static void *waves_new(struct detect *d)
{
	(void)d;
	struct waves *w = xcalloc(1, sizeof *w);
	w->senders = lru_new(sizeof(struct sender), MEM_ACCOUNTS, NULL, NULL);
	w->queue = lru_new(sizeof(struct queued), 5000, NULL, NULL);
	w->messages = lru_new(sizeof(bool), 5000, NULL, NULL);
	w->spreads = lru_new(sizeof(struct spread), 1000, NULL, NULL);
	return w;
}

static void waves_free(void *state)
{
	struct waves *w = state;
	lru_free(w->senders);
	lru_free(w->queue);
	lru_free(w->messages);
	lru_free(w->spreads);
	free(w);
}

static uint8_t keep(char *to, size_t max, struct slice s)
{
	size_t n = MIN(s.n, MIN(max, (size_t)UINT8_MAX));
	if (n)
		memcpy(to, s.p, n);
	return (uint8_t)n;
}

static struct slice domain_of(struct slice mail)
{
	ssize_t at = slice_rfind(mail, SL("@"));
	return at < 0 ? SLICE_NONE : slice_from(mail, (size_t)at + 1);
}

static void wave_tell(struct detect *d, const struct event *e, struct sender *s, const struct queued *q, struct slice from)
{
	const struct org_person *p = org_person_by_mail(detect_org(d), from);
	bool fresh;
	struct finding *f = detect_open(d, &detector_mail_wave, from, 6 * NS_HOUR, e->time, &fresh);
	if (fresh)
		finding_entity(f, ENT_MAIL, from);
	finding_printf(f, &f->title, "Mail wave: %.*s wrote to %u recipients within an hour", SLFMT(from), s->recipients);
	finding_printf(f, &f->text, "At most %u in an hour was usual for this sender.%s%.*s", s->usual, q->nfile ? " Attached: " : "", (int)q->nfile, q->file);
	finding_entity(f, ENT_HOST, detect_host(d, e->host));
	if (p) {
		finding_entity(f, ENT_PERSON, p->name);
		if (p->naccounts)
			finding_entity(f, ENT_USER, p->accounts[0]);
	}
	finding_entity(f, ENT_FILE, slice_make(q->file, q->nfile));
	finding_raise(f, q->nfile ? LEVEL_HIGH : LEVEL_MEDIUM);
	finding_evidence(f, e);
	s->told = true;
}

/* A filter hands every mail back under a second queue id. */
static bool known_message(struct waves *w, const struct queued *q)
{
	bool fresh = true;
	if (q->message)
		lru_put(w->messages, slice_make((const char *)&q->message, sizeof q->message), &fresh);
	return !fresh;
}

static void spread_count(struct detect *d, struct waves *w, const struct event *e, struct slice from, uint32_t recipients)
{
	int64_t size = event_int(e, F_MAIL_SIZE, 0) / SPREAD_SIZE;
	struct key k UNINIT;
	bool fresh;
	if (recipients < SPREAD_LEAST || size <= 0)
		return;
	key_init(&k);
	key_add(&k, detect_host(d, e->host));
	key_add(&k, slice_make((const char *)&size, sizeof size));
	struct spread *s = lru_put(w->spreads, key_slice(&k), &fresh);
	if (fresh || e->time - s->window > NS_HOUR)
		*s = (struct spread){.window = e->time};
	s->recipients += recipients;
	set_add(&s->senders, hash_slice(from));
	if (s->senders.n < SPREAD_SENDERS || s->recipients < 2 * WAVE_LEAST)
		return;
	struct finding *f = detect_open(d, &detector_mail_wave, key_slice(&k), 6 * NS_HOUR, e->time, &fresh);
	finding_printf(f, &f->title, "Mail wave: %u of our accounts wrote to %u recipients within an hour, mails of one size", s->senders.n, s->recipients);
	finding_printf(f, &f->text, "One mail sent from several boxes stays below what is unusual for each of them. Ask their owners.");
	finding_entity(f, ENT_HOST, detect_host(d, e->host));
	finding_entity(f, ENT_MAIL, from);
	finding_evidence(f, e);
}

static void wave_count(struct detect *d, struct waves *w, const struct event *e, const struct queued *q, uint32_t recipients)
{
	struct slice from = slice_make(q->sender, q->nsender);
	if (!org_domain_own(detect_org(d), domain_of(from)))
		from = slice_make(q->login, q->nlogin); /* whatever name it gave itself, an account of ours sent it */
	if (!from.n || known_message(w, q))
		return;
	bool fresh;
	struct sender *s = lru_put(w->senders, from, &fresh);
	if (fresh || e->time - s->window > NS_HOUR) {
		s->waves += s->told;
		if (!s->told || s->waves >= WAVES_USUAL)
			s->usual = MAX(s->usual, s->recipients);
		s->window = e->time;
		s->recipients = 0;
		s->told = false;
	}
	s->recipients += recipients;
	if (s->recipients >= WAVE_LEAST && s->recipients >= 3 * s->usual)
		wave_tell(d, e, s, q, from);
	else
		spread_count(d, w, e, from, recipients);
}

static void wave_event(struct detect *d, void *state, const struct event *e)
{
	struct waves *w = state;
	struct slice id = event_str(e, F_MAIL_QUEUE_ID);
	if (!id.n || !is_mail(e))
		return;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, e->host);
	key_add(&k, id);
	struct queued *q = lru_put(w->queue, key_slice(&k), NULL);
	if (e->action == ACT_LOGIN) {
		q->nlogin = keep(q->login, sizeof q->login, event_str(e, F_USER_NAME));
	} else if (e->action == ACT_MAIL_QUEUE) {
		struct slice message = event_str(e, F_MAIL_MESSAGE_ID);
		if (message.n)
			q->message = hash_slice(message);
	} else if (e->action == ACT_MAIL_ATTACHMENT) {
		q->nfile = keep(q->file, sizeof q->file, event_str(e, F_MAIL_ATTACHMENT));
	} else if (e->action == ACT_MAIL_RECEIVED && !q->counted) {
		q->nsender = keep(q->sender, sizeof q->sender, event_str(e, F_MAIL_FROM));
		q->counted = true;
		int64_t n = event_int(e, F_MAIL_RCPTS, 1);
		if (q->nsender)
			wave_count(d, w, e, q, (uint32_t)MIN(MAX(n, 1), 100000));
	}
}

const struct detector detector_mail_wave = {
	.info = {"postern.mail-wave", "Mass mail by one of our own accounts", LEVEL_MEDIUM, STAGE_DISTRIBUTION, techniques_wave,
		"An own sender that reaches 50 recipients or more within an hour, three times its usual; with an attachment it is high. Also mails of one size by three own senders or more to a hundred.",
		"Newsletters and invitations sent by hand for the first time."},
	.wants = wants_mail, .create = waves_new, .tables = waves_tables, .event = wave_event, .destroy = waves_free,
};
