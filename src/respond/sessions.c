/* sessions.c - end-sessions: every process that carries the audit session of one of the account's logins, whatever it has become.
 *
 * Not the process tree: what was put into the background, started with setsid or under sudo keeps its audit session id. sshd's own process of
 * the session goes last and is asked, not killed: it ends the PAM session and says so in the log; killed first, it leaves the session
 * usable. Where the kernel or PAM set no ids, what the account owns is taken, with sshd's processes above it. */
#include "respond/respond_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { POLITE_MS = 400, LONGEST_MS = 10000, STEP_MS = 20, PIDS_TOLD = 8, SESSIONS_MOST = 4096 };

struct ending {
	struct deed *d;
	struct account who;
	struct sys_procs all;
	uint32_t *sessions; size_t nsessions;
	bool ids;        /* audit session ids are in use on this machine */
	pid_t listener;  /* sshd that takes connections: it may have been started by hand from a session */
};

static bool is_session(const struct ending *g, uint32_t id)
{
	for (size_t i = 0; i < g->nsessions; i++)
		if (g->sessions[i] == id)
			return true;
	return false;
}

static void note_session(struct ending *g, uint32_t id)
{
	if (id != UINT32_MAX && g->nsessions < SESSIONS_MOST && !is_session(g, id))
		g->sessions[g->nsessions++] = id;
}

static bool under_sshd(const struct sys_procs *all, const struct sys_proc *p)
{
	for (int i = 0; p && i < 64; i++) {
		if (p->sshd && p->uid == 0)
			return true;
		p = p->parent ? sys_procs_find(all, p->parent) : NULL;
	}
	return false;
}

static bool is_unset(const struct sys_proc *p)
{
	return p->loginuid == UINT32_MAX || p->session == UINT32_MAX;
}

static bool owned(const struct ending *g, const struct sys_proc *p)
{
	return p->uid == g->who.uid || p->euid == g->who.uid;
}

static bool belongs(const struct ending *g, const struct sys_proc *p)
{
	if (p->loginuid != UINT32_MAX && p->loginuid == g->who.uid)
		return true;
	if (!is_unset(p))
		return is_session(g, p->session);
	if (owned(g, p) && (!g->ids || under_sshd(&g->all, p)))
		return true;
	const struct sys_proc *above = p->parent ? sys_procs_find(&g->all, p->parent) : NULL;
	return above && above->chosen && above->pid != 1;
}

/* Who has to go, this moment. Returns how many. */
static size_t choose(struct ending *g, struct err *e, int *rc)
{
	size_t n = 0, before;
	*rc = sys_procs_read(&g->all, e);
	if (*rc)
		return 0;
	sys_procs_spare_own(&g->all);
	for (size_t i = 0; i < g->all.n; i++) {
		g->ids |= g->all.v[i].loginuid != UINT32_MAX;
		if (g->all.v[i].loginuid == g->who.uid)
			note_session(g, g->all.v[i].session);
	}
	do { /* again, for the children of those that were chosen late */
		before = n;
		for (size_t i = 0; i < g->all.n; i++) {
			struct sys_proc *p = &g->all.v[i];
			if (p->chosen || p->spared || p->zombie || p->pid <= 2 || p->parent == 2 || (p->pid == g->listener && p->sshd) || !belongs(g, p))
				continue;
			p->chosen = true;
			n++;
			struct sys_proc *above = p->parent ? sys_procs_find(&g->all, p->parent) : NULL;
			if (p->sshd && owned(g, p) && above && above->sshd && above->uid == 0 && above->pid != g->listener && !above->chosen && !above->spared) {
				above->chosen = true; /* the process of sshd that watches over this one */
				n++;
			}
		}
	} while (n != before);
	return n;
}

static size_t signal_all(const struct ending *g, bool monitors, int sig)
{
	size_t n = 0;
	for (size_t i = 0; i < g->all.n; i++)
		if (g->all.v[i].chosen && sys_proc_is_monitor(&g->all.v[i]) == monitors) {
			sys_proc_signal(&g->all.v[i], sig);
			n++;
		}
	return n;
}

static void nap(void)
{
	struct timespec t = {0, STEP_MS * 1000000};
	nanosleep(&t, NULL);
}

/* Ask, then stop and kill until nobody is left, then let sshd close up. Returns how many remain. */
static size_t end_all(struct ending *g, struct err *e, int *rc)
{
	size_t left = choose(g, e, rc), others = signal_all(g, false, SIGTERM);
	signal_all(g, false, SIGHUP);
	for (int ms = 0; !*rc && others && ms < POLITE_MS; ms += STEP_MS) {
		nap();
		left = choose(g, e, rc);
		others = 0;
		for (size_t i = 0; i < g->all.n; i++)
			others += g->all.v[i].chosen && !sys_proc_is_monitor(&g->all.v[i]);
	}
	for (int ms = 0; !*rc && left && ms < LONGEST_MS; ms += STEP_MS) {
		sys_procs_end(&g->all, ms >= LONGEST_MS / 4);
		nap();
		left = choose(g, e, rc);
	}
	return left;
}

struct tally {
	size_t sessions, processes, as_root, left;
	char pids[128];
};

static struct tally count(const struct ending *g)
{
	struct tally t = {.sessions = g->nsessions};
	size_t used = 0;
	for (size_t i = 0; i < g->all.n; i++) {
		const struct sys_proc *p = &g->all.v[i];
		t.processes += p->chosen;
		t.as_root += p->chosen && p->euid == 0 && !sys_proc_is_monitor(p);
		if (!p->chosen && !p->zombie && !p->spared && owned(g, p) && t.left++ < PIDS_TOLD)
			used += (size_t)snprintf(t.pids + used, sizeof t.pids - used, "%s%d", used ? ", " : "", (int)p->pid);
	}
	return t;
}

/* An account that programs run as: without session ids nothing tells its services from a login. */
static bool is_service(const struct ending *g)
{
	const struct org *org = g->d->c->org;
	return g->who.uid < UID_ORDINARY || (org && org_service_account(org, slice_of(g->who.name)));
}

static enum deed_end tell(struct ending *g, const struct tally *t)
{
	struct buf *b = &g->d->said;
	if (!t->processes)
		buf_addf(b, "%s has no sessions on this machine", g->who.name);
	else {
		buf_addf(b, "%s %zu process%s of %s", g->d->dry ? "would end" : "ended", t->processes, t->processes == 1 ? "" : "es", g->who.name);
		if (t->sessions)
			buf_addf(b, " in %zu login session%s", t->sessions, t->sessions == 1 ? "" : "s");
		if (t->as_root)
			buf_addf(b, ", %zu of them running as root", t->as_root);
		if (!g->ids)
			buf_addz(b, "; this machine sets no audit session ids: everything the account owns was taken");
	}
	if (t->left)
		buf_addf(b, "; %zu process%s of the account outside of login sessions go%s on (%s)", t->left, t->left == 1 ? "" : "es", t->left == 1 ? "es" : "", t->pids);
	return DEED_DONE;
}

static enum deed_end run(struct ending *g)
{
	struct err e;
	int rc;
	struct tally first;
	(void)choose(g, &e, &rc);
	if (rc)
		return deed_say(g->d, DEED_FAILED, "%s", e.text);
	const struct sys_proc *self = sys_procs_find(&g->all, getpid());
	if (self && self->loginuid == g->who.uid)
		return deed_say(g->d, DEED_REFUSED, "this command was itself started from a session of %s", g->who.name);
	if (!g->ids && is_service(g))
		return deed_say(g->d, DEED_REFUSED, "%s is an account of services, and this machine sets no audit session ids that would tell them from logins", g->who.name);
	first = count(g);
	if (g->d->dry || !first.processes)
		return tell(g, &first);
	size_t left = end_all(g, &e, &rc);
	if (rc)
		return deed_say(g->d, DEED_FAILED, "%s", e.text);
	first.sessions = g->nsessions;
	tell(g, &first);
	if (left)
		buf_addf(&g->d->said, "; %zu would not end within %d s", left, LONGEST_MS / 1000);
	return left ? DEED_FAILED : DEED_DONE;
}

enum deed_end sessions_end(struct deed *d)
{
	struct ending g = {.d = d, .listener = sys_sshd_listener()};
	enum deed_end r = account_check(d, &g.who);
	if (r)
		return r;
	g.sessions = xcalloc(SESSIONS_MOST, sizeof *g.sessions);
	r = run(&g);
	sys_procs_free(&g.all);
	free(g.sessions);
	return r;
}

enum deed_end sessions_return(struct deed *d)
{
	return deed_say(d, DEED_DONE, "sessions that were ended do not come back; nothing keeps %.*s from logging in again", SLFMT(d->a->target));
}
