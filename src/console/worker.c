/* worker.c - threads that make pages, each with a desk of its own. What may take seconds never keeps all of them busy. */
#include "console/console_private.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE_MOST = 512, RETRY_SECONDS = 10 };

struct job {
	struct conn *c;
	bool check, slow;
};
struct desks {
	struct server *s;
	pthread_t *threads;
	size_t nthreads, started, slow, slow_most;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job queue[QUEUE_MOST];
	size_t n;
	bool stopping;
};

/* ---- desks ------------------------------------------------------------------------------------------------------------------------------------------ */

struct desk *desk_open(struct server *s, int channel)
{
	const struct web_options *w = server_options(s);
	struct desk *d = xcalloc(1, sizeof *d);
	*d = (struct desk){.o = w->o, .channel = channel, .lessons = w->lessons, .inspect = w->inspect, .zone = w->zone, .server = s};
	return d;
}

static void open_book(struct desk *d)
{
	char path[4096];
	struct err e;
	int n = snprintf(path, sizeof path, "%s/console/web/lessons.db", d->o->state);
	if (n > 0 && (size_t)n < sizeof path && !(d->book = lesson_book_open(path, true, &e)))
		core_log(LOG_LEVEL_WARN, "console: what people learnt cannot be kept: %s", e.text);
}

/* False: it is there and cannot be opened. */
static bool open_state(struct desk *d)
{
	char path[4096];
	struct err e;
	int n = snprintf(path, sizeof path, "%s/postern.db", d->o->state);
	if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK))
		return true;
	d->store = store_open(path, STORE_WRITE, &e);
	if (!d->store)
		core_log(LOG_LEVEL_WARN, "console: the state cannot be opened: %s", e.text);
	return d->store != NULL;
}

void desk_refresh(struct desk *d)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < d->again)
		return;
	if (!d->book && d->lessons)
		open_book(d);
	bool fine = d->store || open_state(d);
	d->again = fine && (d->book || !d->lessons) ? 0 : now.tv_sec + RETRY_SECONDS; /* else the log fills */
}

void desk_close(struct desk *d)
{
	if (!d)
		return;
	lesson_book_close(d->book);
	store_close(d->store);
	free(d);
}

/* ---- the queue --------------------------------------------------------------------------------------------------------------------------------------- */

/* The oldest that may run now. */
static bool take(struct desks *w, struct job *out)
{
	for (size_t i = 0; i < w->n; i++)
		if (!w->queue[i].slow || w->slow < w->slow_most) {
			*out = w->queue[i];
			memmove(&w->queue[i], &w->queue[i + 1], (w->n - i - 1) * sizeof w->queue[0]);
			w->n--;
			return true;
		}
	return false;
}

static void do_job(struct desk *d, const struct job *j)
{
	struct exchange *x = conn_exchange(j->c);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	x->now = ts.tv_sec * NS_SEC + ts.tv_nsec;
	desk_refresh(d);
	if (j->check)
		exchange_check(d, x);
	else
		exchange_handle(d, x);
	conn_done(j->c, 0);
}

struct start {
	struct desks *w;
	int channel;
};

static void *thread(void *arg)
{
	struct start *start = arg;
	struct desks *w = start->w;
	struct desk *d = desk_open(w->s, start->channel);
	struct job j;
	free(start);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->stopping && !take(w, &j))
			pthread_cond_wait(&w->more, &w->lock);
		if (w->stopping)
			break;
		w->slow += j.slow;
		pthread_mutex_unlock(&w->lock);
		do_job(d, &j);
		pthread_mutex_lock(&w->lock);
		w->slow -= j.slow;
		if (j.slow)
			pthread_cond_signal(&w->more);
	}
	pthread_mutex_unlock(&w->lock);
	desk_close(d);
	return NULL;
}

struct desks *desks_start(struct server *s, struct err *e)
{
	const struct web_options *o = server_options(s);
	struct desks *w = xcalloc(1, sizeof *w);
	w->s = s;
	w->nthreads = o->nchannels - 1;
	w->slow_most = MAX(w->nthreads / 2, 1);
	w->threads = xcalloc(w->nthreads, sizeof *w->threads);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	for (; w->started < w->nthreads; w->started++) {
		struct start *start = xcalloc(1, sizeof *start);
		*start = (struct start){w, o->channels[w->started]};
		if (pthread_create(&w->threads[w->started], NULL, thread, start)) {
			free(start);
			err_set(e, ERR_NOMEM, "cannot start a thread");
			desks_stop(w);
			desks_free(w);
			return NULL;
		}
	}
	return w;
}

bool desks_take(struct desks *w, struct conn *c, bool check, bool slow)
{
	pthread_mutex_lock(&w->lock);
	bool room = w->n < QUEUE_MOST && !w->stopping;
	if (room)
		w->queue[w->n++] = (struct job){c, check, slow};
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	return room;
}

void desks_stop(struct desks *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->started; i++)
		pthread_join(w->threads[i], NULL);
	for (size_t i = 0; i < w->n; i++)
		conn_done(w->queue[i].c, 503);
	w->n = 0;
}

void desks_free(struct desks *w)
{
	if (!w)
		return;
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
	free(w->threads);
	free(w);
}
