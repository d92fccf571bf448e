/* children.c - one child process: forked with what it needs and nothing else, started again when it dies, more slowly each time. */
#include "watch/watch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVED_LONG (30 * NS_SEC)
#define WAIT_MOST (60 * NS_SEC)
enum { QUEUE_MAX = 200000 };

const char *child_name(enum child_kind k)
{
	static const char *const names[CHILD_KINDS] = {"engine", "notifier", "receiver", "journal"};
	return names[k];
}

/* ---- in the child ------------------------------------------------------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Nothing of the others' is inherited: not their sockets, not the files just found. */
static void close_but(int *keep, size_t n)
{
	int from = 3;
	qsort(keep, n, sizeof *keep, by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < from)
			continue;
		if (keep[i] > from)
			close_range((unsigned)from, (unsigned)keep[i] - 1, 0);
		from = keep[i] + 1;
	}
	close_range((unsigned)from, ~0U, 0);
}

static void keep_own(struct parent *p, enum child_kind k, int sock)
{
	const int *listening;
	size_t n = 0, sockets = live_bound_fds(p->bound, &listening);
	int *keep = xcalloc(sockets + 4, sizeof *keep);
	keep[n++] = sock;
	if (k == CHILD_ENGINE || k == CHILD_NOTIFIER)
		keep[n++] = p->wake;
	if (k == CHILD_NOTIFIER && p->metrics >= 0)
		keep[n++] = p->metrics;
	for (size_t i = 0; k == CHILD_RECEIVER && i < sockets; i++)
		keep[n++] = listening[i];
	close_but(keep, n);
	free(keep);
}

static int confine_receiver(struct parent *p, enum child_kind k, struct err *e)
{
	bool landlock, journal = k == CHILD_JOURNAL;
	const char *writable[] = {p->spool, NULL}, *readable[] = {p->spool, journal && p->config->live.journal_dir.n ? p->config->live.journal_dir.p : NULL, NULL};
	return sys_confine_as(journal ? SYS_JOURNAL : SYS_RECEIVER, readable, writable, &landlock, e);
}

static int run_child(struct parent *p, enum child_kind k, int sock, struct err *e)
{
	struct child_place at = {p->opt, p->config, sock, p->wake, p->metrics, p->state};
	int rc = 0;
	switch (k) {
	case CHILD_ENGINE: return engine_main(&at, e);
	case CHILD_NOTIFIER: return teller_main(&at, e);
	case CHILD_RECEIVER:
		rc = confine_receiver(p, k, e);
		return rc ? rc : live_receive(&p->config->live, p->bound, p->spool, sock, sock, e);
	case CHILD_JOURNAL:
		rc = confine_receiver(p, k, e);
		return rc ? rc : live_journal(&p->config->live, p->spool, sock, sock, e);
	case CHILD_KINDS: break;
	}
	return rc;
}

static _Noreturn void child(struct parent *p, enum child_kind k, int sock, pid_t parent)
{
	static const char *const extra[] = {"systemd-journal", NULL};
	char user[256], name[32];
	struct err e;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
	sigset_t none;
	sigemptyset(&none);
	snprintf(name, sizeof name, "postern-%s", child_name(k));
	sys_name_process(name);
	sigaction(SIGINT, &ignore, NULL); /* the parent says when it is over */
	sigaction(SIGTERM, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGCHLD, &usual, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	keep_own(p, k, sock);
	snprintf(user, sizeof user, "%.*s", SLFMT(p->config->user));
	int rc = sys_drop(user, k == CHILD_JOURNAL ? extra : NULL, &e);
	bool refused = rc != 0;
	if (!rc && !sys_die_with_parent(parent))
		_exit(CHILD_FAILED);
	if (!rc)
		rc = run_child(p, k, sock, &e);
	if (rc)
		core_log(LOG_LEVEL_ERROR, "%s: %s", child_name(k), e.text);
	_exit(!rc ? CHILD_DONE : refused || rc == ERR_PERM ? CHILD_REFUSED : CHILD_FAILED);
}

/* ---- in the parent ----------------------------------------------------------------------------------------------------------- */

int child_start(struct parent *p, enum child_kind k, struct err *e)
{
	struct child *c = &p->child[k];
	int pair[2];
	pid_t self = getpid();
	int rc = sys_pair(pair, e);
	if (rc)
		return rc;
	if (k == CHILD_RECEIVER || k == CHILD_JOURNAL) /* they wait for its end by reading */
		(void)fcntl(pair[1], F_SETFL, 0);
	c->pid = fork();
	if (c->pid == 0)
		child(p, k, pair[1], self);
	close(pair[1]);
	if (c->pid < 0) {
		c->pid = 0;
		close(pair[0]);
		return err_set(e, ERR_IO, "cannot fork: %m");
	}
	c->kind = k;
	c->sock = pair[0];
	c->started = c->alive = mono_ns();
	return 0;
}

static void drop_queue(struct child *c)
{
	for (size_t i = 0; i < c->queue.n; i++) {
		if (c->queue.v[i].fd >= 0)
			close(c->queue.v[i].fd);
		free(c->queue.v[i].body);
	}
	c->queue.n = 0;
}

void child_flush(struct child *c)
{
	size_t done = 0;
	struct err e;
	while (done < c->queue.n && c->sock >= 0) {
		struct waiting *w = &c->queue.v[done];
		if (sys_send(c->sock, w->type, slice_make(w->body, w->n), w->fd, 0, &e))
			break;
		if (w->fd >= 0)
			close(w->fd);
		free(w->body);
		done++;
	}
	if (done) {
		memmove(c->queue.v, c->queue.v + done, (c->queue.n - done) * sizeof *c->queue.v);
		c->queue.n -= done;
	}
}

/* Is this word about a file waiting already? Only the newest few are looked at: it saves work, it need not be exact. */
static bool waits_already(const struct child *c, enum message type, struct slice body)
{
	enum { LOOK = 64 };
	for (size_t i = c->queue.n; i-- > 0 && i + LOOK > c->queue.n;)
		if (c->queue.v[i].type == type && slice_eq(slice_make(c->queue.v[i].body, c->queue.v[i].n), body))
			return true;
	return false;
}

void child_send(struct parent *p, enum child_kind k, enum message type, struct slice body, int fd)
{
	struct child *c = &p->child[k];
	struct err e;
	if (c->sock < 0 || (type == M_GREW && waits_already(c, type, body)))
		return;
	if (!c->queue.n && !sys_send(c->sock, type, body, fd, 0, &e))
		return;
	if (c->queue.n >= QUEUE_MAX) { /* it takes nothing any more */
		kill(c->pid, SIGKILL);
		return;
	}
	struct waiting w = {type, fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1, body.n, xmalloc(body.n + 1)};
	if (body.n)
		memcpy(w.body, body.p, body.n); /* bytes, with zeros among them */
	*vec_push(&c->queue) = w;
}

void child_ended(struct child *c, int status, bool expected)
{
	int64_t now = mono_ns();
	if (c->sock >= 0)
		close(c->sock);
	c->sock = -1;
	drop_queue(c);
	bool refused = WIFEXITED(status) && WEXITSTATUS(status) == CHILD_REFUSED;
	c->fast = expected || now - c->started > LIVED_LONG ? 0 : c->fast + 1;
	int64_t wait = c->fast < 2 ? 0 : MIN((NS_SEC / 4) << MIN(c->fast, 10u), WAIT_MOST);
	c->again = now + wait;
	c->wanted = c->wanted && !refused;
	if (expected)
		core_log(LOG_LEVEL_INFO, "%s (process %d) ended", child_name(c->kind), (int)c->pid);
	else
		core_log(LOG_LEVEL_ERROR, "%s (process %d) %s %d; %s", child_name(c->kind), (int)c->pid, WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), refused ? "a protection was refused, so it is not started again" : "starting it again");
	c->pid = 0;
}
