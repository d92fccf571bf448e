/* broker_held.c - held mail, as `postern quarantine` does it: told in the audit log before it is done, files opened as the filter's user. */
#include "console/broker.h"
#include "milter/milter.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LISTED_MAX = 2000 };

/* What is done with the folder, in a thread that became its owner for good: room milter believes nothing of another's, and sendmail is started as the filter's user, as
 * `postern quarantine` does it. The kernel gives each thread credentials of its own; the C library's functions would change those of all. */
struct errand {
	const struct broker *b;
	int (*run)(struct held *h, void *arg, struct err *e);
	void *arg;
	struct stat st;
	int rc;
	struct err *e;
};

static void run_here(struct errand *x)
{
	struct held *h = held_open(x->b->o->quarantine, false, x->e);
	x->rc = h ? x->run(h, x->arg, x->e) : x->e->code;
	held_close(h);
}

static void *run_as_owner(void *arg)
{
	struct errand *x = arg;
	uid_t u = x->st.st_uid;
	gid_t g = x->st.st_gid;
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, g, g, g) || syscall(SYS_setresuid, u, u, u) || geteuid() != u)
		x->rc = err_set(x->e, ERR_IO, "cannot become the owner of held mail: %m");
	else
		run_here(x);
	return NULL;
}

static int with_held(const struct broker *b, int (*run)(struct held *h, void *arg, struct err *e), void *arg, struct err *e)
{
	struct errand x = {.b = b, .run = run, .arg = arg, .e = e};
	pthread_t thread;
	if (!b->o->quarantine)
		return err_set(e, ERR_UNSUPPORTED, "no folder of held mail was given");
	if (stat(b->o->quarantine, &x.st))
		return err_set(e, ERR_UNSUPPORTED, "%s: %m", b->o->quarantine);
	if (geteuid() || x.st.st_uid == 0) {
		run_here(&x);
		return x.rc;
	}
	int no = pthread_create(&thread, NULL, run_as_owner, &x);
	if (no)
		return err_set(e, ERR_IO, "cannot start a thread: %s", strerror(no));
	pthread_join(thread, NULL);
	return x.rc;
}

/* ---- telling --------------------------------------------------------------------------------------------------------------------------- */

struct listing { struct buf out; size_t n; };

/* Read by pages_held.c: u32 state, under way; u64 time, done, body, size; id, queue, sender, recipients, from, subject, verdict, reasons, by. */
static int add_mail(void *arg, const struct held_mail *m)
{
	struct listing *l = arg;
	const struct slice texts[] = {m->id, m->queue, m->sender, m->recipients, m->from, m->subject, m->verdict, m->reasons, m->by};
	buf_u32(&l->out, (uint32_t)m->state);
	buf_u32(&l->out, m->under_way);
	buf_u64(&l->out, (uint64_t)m->time);
	buf_u64(&l->out, (uint64_t)m->done);
	buf_u64(&l->out, (uint64_t)m->body);
	buf_u64(&l->out, (uint64_t)m->size);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_sized(&l->out, slice_to(texts[i], 4000));
	return ++l->n >= LISTED_MAX ? ERR_STOPPED : 0;
}

struct question { const struct broker_ask *q; struct listing l; int *fd; const struct console_options *o; const char *by; bool release; };

static int list_held(struct held *h, void *arg, struct err *e)
{
	struct question *x = arg;
	int rc = x->q->id[0] ? held_get(h, slice_of(x->q->id), add_mail, &x->l, e) : held_each(h, x->q->number == 1, add_mail, &x->l, e);
	return rc == ERR_STOPPED && x->l.n >= LISTED_MAX ? 0 : rc;
}

int broker_held(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct question x = {.q = q};
	(void)who;
	int rc = with_held(b, list_held, &x, e);
	a->number = (int64_t)x.l.n;
	if (!rc)
		rc = broker_bytes(&x.l.out, fd, e);
	buf_free(&x.l.out);
	return rc;
}

static int open_message(struct held *h, void *arg, struct err *e)
{
	struct question *x = arg;
	return held_message(h, slice_of(x->q->id), x->fd, e);
}

int broker_held_message(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct question x = {.q = q, .fd = fd};
	(void)a;
	int rc = with_held(b, open_message, &x, e);
	if (!rc)
		rc = broker_note(b, slice_of(who->name), "mail-read", slice_to(slice_of(q->id), 200), "success", SL("console"), e);
	if (rc && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}

/* ---- doing ------------------------------------------------------------------------------------------------------------------------------- */

static int decide(struct held *h, void *arg, struct err *e)
{
	struct question *x = arg;
	struct slice id = slice_of(x->q->id), by = slice_of(x->by);
	return x->release ? held_release(h, id, x->o->sendmail ? x->o->sendmail : "/usr/sbin/sendmail", x->q->number == 1, by, e) : held_delete(h, id, by, e);
}

static int act(struct broker *b, const struct broker_ask *q, const struct broker_who *who, bool release, struct err *e)
{
	const char *action = release ? HELD_ACTION_RELEASE : HELD_ACTION_DELETE;
	struct err ignored;
	char by[128];
	struct slice id = slice_to(slice_of(q->id), 200), name = slice_of(who->name);
	struct question x = {.q = q, .o = b->o, .by = by, .release = release};
	snprintf(by, sizeof by, "%.60s by the console", who->name);
	int rc = broker_note(b, name, action, id, "begun", SL("console"), e);
	if (rc)
		return rc;
	rc = with_held(b, decide, &x, e);
	if (rc)
		(void)broker_note(b, name, action, id, "failure", slice_of(e->text), &ignored);
	return rc;
}

int broker_held_release(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a, (void)fd;
	return act(b, q, who, true, e);
}

int broker_held_delete(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a, (void)fd;
	return act(b, q, who, false, e);
}
