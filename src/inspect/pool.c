/* pool.c - workers at hand, and the nursery that forks them. */
#include "inspect/inspect_private.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct worker {
	int sock, result;                 /* -1: none, to be had from the nursery */
	const char *memory;
	bool busy;
};
struct inspect {
	struct inspect_options options;
	pthread_mutex_t lock;
	pthread_cond_t free;
	struct worker *v;
	unsigned n;
	int nursery;
	struct yara *rules;
};

/* ---- the nursery: forks, and knows nothing else ------------------------------------------------------------------------------ */

static bool give_birth(int pool, const struct inspect_options *o, struct yara *rules)
{
	struct err e;
	int pair[2], result = memfd_create("postern-result", MFD_CLOEXEC);
	pid_t self = getpid();
	if (result < 0 || ftruncate(result, RESULT_MAX) || sys_pair(pair, &e))
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		close(pool);
		if (!sys_die_with_parent(self))
			_exit(0);
		worker_main(pair[1], result, o, rules);
	}
	close(pair[1]);
	bool ok = pid > 0 && sys_send(pool, MSG_WORKER, SLICE_NONE, pair[0], 1000, &e) == 0 && sys_send(pool, MSG_RESULT_FILE, SLICE_NONE, result, 1000, &e) == 0;
	close(pair[0]);
	close(result);
	return ok;
}

static _Noreturn void nursery_main(int pool, const struct inspect_options *o, struct yara *rules)
{
	struct err e;
	struct sys_message *m = xcalloc(1, sizeof *m);
	signal(SIGCHLD, SIG_IGN); /* nobody waits for the dead */
	signal(SIGINT, SIG_IGN);  /* the terminal's: the pool ends us by closing */
	sys_name_process("postern-nursery");
	if (pool > 3) /* what the caller has open is none of the workers' business */
		close_range(3, (unsigned)pool - 1, 0);
	close_range((unsigned)MAX(pool, 2) + 1, ~0u, 0);
	for (;;) {
		struct pollfd p = {.fd = pool, .events = POLLIN};
		if (poll(&p, 1, -1) < 0)
			continue;
		int r = sys_receive(pool, m, &e);
		if (r < 0)
			_exit(0);
		if (r && m->type == MSG_WORKER && !give_birth(pool, o, rules))
			_exit(1);
	}
}

/* ---- the pool ------------------------------------------------------------------------------------------------------------------ */

struct inspect *inspect_new(const struct inspect_options *o, struct err *e)
{
	int pair[2];
	if (sys_pair(pair, e))
		return NULL;
	struct inspect *x = xcalloc(1, sizeof *x);
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->free, NULL);
	x->options = *o;
	x->n = o->workers ? o->workers : 2;
	x->v = xcalloc(x->n, sizeof *x->v);
	for (unsigned i = 0; i < x->n; i++)
		x->v[i] = (struct worker){.sock = -1, .result = -1};
	if (o->yara && *o->yara && yara_load(o->yara, &x->rules, e)) {
		close(pair[1]);
		x->nursery = pair[0];
		inspect_free(x);
		return NULL;
	}
	pid_t self = getpid(), pid = fork();
	if (pid == 0) {
		close(pair[0]);
		if (!sys_die_with_parent(self))
			_exit(0);
		nursery_main(pair[1], &x->options, x->rules);
	}
	close(pair[1]);
	x->nursery = pair[0];
	if (pid < 0) {
		err_set(e, ERR_IO, "cannot start a process: %m");
		inspect_free(x);
		return NULL;
	}
	return x;
}

static void dismiss(struct worker *w)
{
	if (w->memory)
		munmap((void *)(uintptr_t)w->memory, RESULT_MAX);
	if (w->sock >= 0)
		close(w->sock);
	if (w->result >= 0)
		close(w->result);
	*w = (struct worker){.sock = -1, .result = -1, .busy = w->busy};
}

void inspect_free(struct inspect *x)
{
	if (!x)
		return;
	for (unsigned i = 0; i < x->n; i++)
		dismiss(&x->v[i]);
	close(x->nursery);
	yara_free(x->rules);
	pthread_mutex_destroy(&x->lock);
	pthread_cond_destroy(&x->free);
	free(x->v);
	free(x);
}

/* Waits for one message with a descriptor of the nursery. */
static int hear_birth(struct inspect *x, struct sys_message *m, uint32_t type, int *fd, struct err *e)
{
	struct pollfd p = {.fd = x->nursery, .events = POLLIN};
	int r = 0;
	while (r == 0) {
		if (poll(&p, 1, 10000) == 0)
			return err_set(e, ERR_IO, "no process to inspect with could be started");
		r = sys_receive(x->nursery, m, e);
	}
	if (r < 0)
		return r;
	if (m->type != type || m->fd < 0)
		return err_set(e, ERR_IO, "no process to inspect with could be started");
	*fd = m->fd;
	return 0;
}

/* Under the lock: the nursery answers one at a time. */
static int hire(struct inspect *x, struct worker *w, struct sys_message *m, struct err *e)
{
	int r = sys_send(x->nursery, MSG_WORKER, SLICE_NONE, -1, 1000, e);
	if (!r)
		r = hear_birth(x, m, MSG_WORKER, &w->sock, e);
	if (!r)
		r = hear_birth(x, m, MSG_RESULT_FILE, &w->result, e);
	if (r)
		return r;
	const char *p = mmap(NULL, RESULT_MAX, PROT_READ, MAP_SHARED, w->result, 0);
	if (p == MAP_FAILED)
		return err_set(e, ERR_NOMEM, "cannot map a worker's results: %m");
	w->memory = p;
	return 0;
}

static struct worker *take(struct inspect *x, struct sys_message *m, int *rc, struct err *e)
{
	struct worker *w = NULL;
	pthread_mutex_lock(&x->lock);
	while (!w) {
		for (unsigned i = 0; i < x->n && !w; i++)
			if (!x->v[i].busy)
				w = &x->v[i];
		if (!w)
			pthread_cond_wait(&x->free, &x->lock);
	}
	w->busy = true;
	*rc = w->sock < 0 ? hire(x, w, m, e) : 0;
	if (*rc)
		dismiss(w);
	pthread_mutex_unlock(&x->lock);
	return w;
}

static void give_back(struct inspect *x, struct worker *w, bool dead)
{
	pthread_mutex_lock(&x->lock);
	if (dead)
		dismiss(w);
	w->busy = false;
	pthread_cond_signal(&x->free);
	pthread_mutex_unlock(&x->lock);
}

/* The worker's answer: how many bytes of results there are; UINT32_MAX when it died, hung or said nonsense. */
static uint32_t answer(struct worker *w, struct sys_message *m)
{
	struct err e;
	uint32_t size = UINT32_MAX;
	for (;;) {
		struct pollfd p = {.fd = w->sock, .events = POLLIN};
		int n = poll(&p, 1, (HARD_SECONDS + 5) * 1000);
		if (n < 0 && errno == EINTR)
			continue;
		int r = n > 0 ? sys_receive(w->sock, m, &e) : ERR_STOPPED;
		if (r == 0)
			continue;
		if (r > 0 && m->fd >= 0)
			close(m->fd);
		if (r > 0 && m->type == MSG_DONE && m->body.n == sizeof size)
			memcpy(&size, m->body.p, sizeof size);
		return size <= RESULT_MAX ? size : UINT32_MAX;
	}
}

static void crashed(struct lure *out, struct slice name)
{
	lure_reset(out);
	lure_add_given(out, name, SLICE_NONE, LT_UNKNOWN);
	lure_found(out, 0, IND_INSPECT_CRASH, UINT64_MAX, NULL, "the process that looked at it ended");
}

static void job_of(struct slice name, const struct slice *passwords, size_t npasswords, struct buf *out)
{
	buf_sized(out, slice_to(name, JOB_NAME_MAX));
	size_t n = MIN(npasswords, (size_t)20);
	buf_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		buf_sized(out, slice_to(passwords[i], 128));
}

int inspect_object(struct inspect *x, int fd, struct slice name, const struct slice *passwords, size_t npasswords, struct lure *out, struct err *e)
{
	struct sys_message *m = xcalloc(1, sizeof *m);
	struct buf job = {0};
	int rc = 0;
	struct worker *w = take(x, m, &rc, e);
	job_of(name, passwords, npasswords, &job);
	if (!rc)
		rc = sys_send(w->sock, MSG_JOB, buf_slice(&job), fd, 5000, e);
	uint32_t size = rc ? UINT32_MAX : answer(w, m);
	bool ok = false;
	if (size != UINT32_MAX) {
		char *copy = xmalloc(size + 1); /* the worker could go on writing */
		memcpy(copy, w->memory, size);
		ok = lure_load(out, slice_make(copy, size));
		free(copy);
	}
	if (!ok && !rc)
		crashed(out, name);
	if (!rc && x->options.clamd)
		clamd_ask(x->options.clamd, fd, out);
	give_back(x, w, rc || !ok);
	buf_free(&job);
	free(m);
	return rc;
}
