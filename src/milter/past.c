/* past.c - the history of who wrote to whom: asked about every message, then taught it. One message at a time. */
#include "milter/serve.h"

#include "mail/mail.h"

int past_open(struct milter *m, struct err *e)
{
	if (!m->o.history)
		return 0;
	m->past_day = milter_now();
	m->past = contacts_open(m->o.history, m->past_day, e);
	return m->past ? 0 : e->code;
}

/* The message came now: whatever times it carries were the sender's to choose. */
static int meet(struct milter *m, struct lure *l, const struct mail_past *v, size_t n, nstime now, struct err *e)
{
	int rc = contacts_begin(m->past, e);
	struct contact_signs signs;
	if (rc)
		return rc;
	for (size_t i = 0; i < n && !rc; i++) {
		struct contact_mail mail = v[i].mail;
		mail.date = v[i].object == 0 ? now : mail.date;
		rc = contacts_meet(m->past, &mail, &signs, e);
		if (!rc && signs.signs)
			mail_history_tell(l, v[i].object, &signs);
	}
	if (!rc)
		return contacts_end(m->past, e);
	contacts_undo(m->past);
	return rc;
}

void past_ask(struct milter *m, struct lure *l)
{
	struct arena mem;
	struct mail_past *v;
	struct err e;
	nstime now = milter_now();
	if (!m->past)
		return;
	arena_init(&mem);
	size_t n = mail_history_read(l, m->o.org, now, &mem, &v);
	pthread_mutex_lock(&m->past_lock);
	int rc = now - m->past_day > NS_DAY ? contacts_today(m->past, now, &e) : 0;
	m->past_day = rc || now - m->past_day > NS_DAY ? now : m->past_day;
	if (!rc && n)
		rc = meet(m, l, v, n, now, &e);
	if (rc) {
		struct buf b = {0};
		buf_addf(&b, "the history of contacts could not be asked: %s", e.text);
		buf_addc(&b, 0);
		m->o.tell(b.p);
		buf_free(&b);
	}
	pthread_mutex_unlock(&m->past_lock);
	arena_free(&mem);
}
