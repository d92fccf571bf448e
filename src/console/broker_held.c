/* broker_held.c - held mail, as `postern quarantine` does it: told in the audit log before it is done, files opened as the filter's user. */
#include "console/broker.h"
#include "milter/milter.h"

#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTED_MAX = 2000 };

/* Only this thread's files; programs it starts are root's again. */
struct as_owner { bool other; };

static void owner_end(struct as_owner *o)
{
	if (o->other) {
		setfsuid(0);
		setfsgid(0);
	}
}

static struct held *open_held(struct broker *b, struct as_owner *o, struct err *e)
{
	struct stat st;
	const char *folder = b->o->quarantine;
	*o = (struct as_owner){0};
	if (!folder)
		return err_set(e, ERR_UNSUPPORTED, "no folder of held mail was given"), NULL;
	if (stat(folder, &st))
		return err_set(e, ERR_NOENT, "%s: %m", folder), NULL;
	o->other = geteuid() == 0 && st.st_uid != 0;
	if (o->other) {
		setfsgid(st.st_gid);
		setfsuid(st.st_uid);
	}
	struct held *h = held_open(folder, false, e);
	if (!h)
		owner_end(o);
	return h;
}

static void close_held(struct held *h, struct as_owner *o)
{
	held_close(h);
	owner_end(o);
}

/* ---- telling --------------------------------------------------------------------------------------------------------------------------- */

struct listing { struct buf out; size_t n; };

/* Read by pages_held.c: u32 state; u64 time, done, body, size; id, queue, sender, recipients, from, subject, verdict, reasons, by. */
static int add_mail(void *arg, const struct held_mail *m)
{
	struct listing *l = arg;
	const struct slice texts[] = {m->id, m->queue, m->sender, m->recipients, m->from, m->subject, m->verdict, m->reasons, m->by};
	buf_u32(&l->out, (uint32_t)m->state);
	buf_u64(&l->out, (uint64_t)m->time);
	buf_u64(&l->out, (uint64_t)m->done);
	buf_u64(&l->out, (uint64_t)m->body);
	buf_u64(&l->out, (uint64_t)m->size);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_sized(&l->out, slice_to(texts[i], 4000));
	return ++l->n >= LISTED_MAX ? ERR_STOPPED : 0;
}

int broker_held(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct as_owner o;
	struct listing l = {0};
	(void)who;
	struct held *h = open_held(b, &o, e);
	if (!h)
		return e->code;
	int rc = q->id[0] ? held_get(h, slice_of(q->id), add_mail, &l, e) : held_each(h, q->number == 1, add_mail, &l, e);
	close_held(h, &o);
	if (rc == ERR_STOPPED && l.n >= LISTED_MAX)
		rc = 0;
	a->number = (int64_t)l.n;
	if (!rc)
		rc = broker_bytes(&l.out, fd, e);
	buf_free(&l.out);
	return rc;
}

int broker_held_message(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct as_owner o;
	(void)a;
	struct held *h = open_held(b, &o, e);
	if (!h)
		return e->code;
	int rc = held_message(h, slice_of(q->id), fd, e);
	close_held(h, &o);
	if (!rc)
		rc = broker_note(b, slice_of(who->name), "mail-read", slice_to(slice_of(q->id), 200), "success", SL("console"), e);
	if (rc && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}

/* ---- doing ------------------------------------------------------------------------------------------------------------------------------- */

static int act(struct broker *b, const struct broker_ask *q, const struct broker_who *who, const char *action, struct err *e)
{
	struct as_owner o;
	struct err ignored;
	char by[128];
	struct slice id = slice_of(q->id), name = slice_of(who->name);
	snprintf(by, sizeof by, "%.60s by the console", who->name);
	int rc = broker_note(b, name, action, slice_to(id, 200), "begun", SL("console"), e);
	if (rc)
		return rc;
	struct held *h = open_held(b, &o, e);
	if (!h)
		return e->code;
	if (strcmp(action, HELD_ACTION_RELEASE) == 0)
		rc = held_release(h, id, b->o->sendmail ? b->o->sendmail : "/usr/sbin/sendmail", q->number == 1, slice_of(by), e);
	else
		rc = held_delete(h, id, slice_of(by), e);
	close_held(h, &o);
	if (rc)
		(void)broker_note(b, name, action, slice_to(id, 200), "failure", slice_of(e->text), &ignored);
	return rc;
}

int broker_held_release(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a, (void)fd;
	return act(b, q, who, HELD_ACTION_RELEASE, e);
}

int broker_held_delete(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a, (void)fd;
	return act(b, q, who, HELD_ACTION_DELETE, e);
}
