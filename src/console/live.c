/* live.c - server-sent events: pages hear that what they show has changed. A thread looks every second; streams sleep without one. */
#include "console/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { STREAMS_MOST = 64, STREAMS_SESSION = 2, LOOK_MS = 1000, BEAT_LOOKS = 15 };

struct stream {
	struct live *l;
	struct MHD_Connection *c;
	char token[BROKER_TOKEN];
	uint64_t seen;            /* version the page was told */
	bool fresh, beat, end, asleep;
	struct stream *next;
};
struct live {
	struct server *s;
	struct desk *desk;
	pthread_t thread;
	pthread_mutex_t lock;
	struct stream *streams;   /* newest first */
	size_t n;
	uint64_t version;
	bool stopping;
	int stop[2];
};

/* ---- a stream: called by the threads of the server ------------------------------------------------------------------------------------------------------------ */

static ssize_t next_bytes(void *arg, uint64_t at, char *to, size_t most)
{
	struct stream *st = arg;
	struct live *l = st->l;
	ssize_t n = 0;
	(void)at;
	pthread_mutex_lock(&l->lock);
	if (st->end || l->stopping) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (st->fresh || st->seen != l->version) {
		n = snprintf(to, most, "%sevent: %s\ndata: %llu\n\n", st->fresh ? "retry: 5000\n" : "", st->fresh ? "version" : "changed", (unsigned long long)l->version);
		st->seen = l->version;
		st->fresh = false;
	} else if (st->beat) {
		n = snprintf(to, most, ":\n\n");
		st->beat = false;
	} else {
		st->asleep = true;
		MHD_suspend_connection(st->c);
	}
	pthread_mutex_unlock(&l->lock);
	return n;
}

static void stream_gone(void *arg)
{
	struct stream *st = arg;
	struct live *l = st->l;
	pthread_mutex_lock(&l->lock);
	for (struct stream **p = &l->streams; *p; p = &(*p)->next)
		if (*p == st) {
			*p = st->next;
			l->n--;
			break;
		}
	pthread_mutex_unlock(&l->lock);
	free(st);
}

static void wake(struct stream *st)
{
	if (st->asleep) {
		st->asleep = false;
		MHD_resume_connection(st->c);
	}
}

/* A page that was left behind is not noticed at once: the oldest of the session makes room. */
static void make_room(struct live *l, const char *token)
{
	size_t n = 0;
	for (struct stream *st = l->streams; st; st = st->next)
		if (strcmp(st->token, token) == 0 && ++n >= STREAMS_SESSION) {
			st->end = true;
			wake(st);
		}
}

struct MHD_Response *live_response(struct live *l, struct MHD_Connection *c, const char *token)
{
	struct stream *st = xcalloc(1, sizeof *st);
	struct MHD_Response *r = NULL;
	*st = (struct stream){.l = l, .c = c, .fresh = true};
	snprintf(st->token, sizeof st->token, "%s", token);
	pthread_mutex_lock(&l->lock);
	make_room(l, token);
	if (l->n < STREAMS_MOST && !l->stopping)
		r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, next_bytes, st, stream_gone);
	if (r) {
		st->next = l->streams;
		l->streams = st;
		l->n++;
	}
	pthread_mutex_unlock(&l->lock);
	if (!r) {
		free(st);
		return NULL;
	}
	conn_headers(l->s, r);
	MHD_add_response_header(r, "Content-Type", "text/event-stream; charset=utf-8");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "X-Accel-Buffering", "no");
	return r;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------------------------------------------------- */

static uint64_t look(struct live *l)
{
	struct broker_ask ask = {.op = BROKER_VERSION};
	struct broker_answer a = {.number = 0};
	struct err e;
	int64_t store = 0;
	desk_refresh(l->desk);
	if (l->desk->store && store_version(l->desk->store, &store, &e))
		store = 0;
	if (broker_call(l->desk, &ask, &a, NULL, &e))
		a.number = 0;
	return hash_mix((uint64_t)store, (uint64_t)a.number) & INT64_MAX;
}

/* Is the session still there? Asked without keeping it alive. */
static bool session_holds(struct live *l, const char *token)
{
	struct broker_ask ask = {.op = BROKER_WHO, .number = 1};
	struct broker_answer a;
	struct err e;
	memcpy(ask.token, token, sizeof ask.token);
	return broker_call(l->desk, &ask, &a, NULL, &e) != ERR_PERM;
}

static void check_sessions(struct live *l)
{
	char tokens[STREAMS_MOST][BROKER_TOKEN];
	size_t n = 0;
	pthread_mutex_lock(&l->lock);
	for (struct stream *st = l->streams; st && n < STREAMS_MOST; st = st->next)
		memcpy(tokens[n++], st->token, BROKER_TOKEN);
	pthread_mutex_unlock(&l->lock);
	for (size_t i = 0; i < n; i++) {
		if (session_holds(l, tokens[i]))
			continue;
		pthread_mutex_lock(&l->lock);
		for (struct stream *st = l->streams; st; st = st->next)
			st->end |= strcmp(st->token, tokens[i]) == 0;
		pthread_mutex_unlock(&l->lock);
	}
}

static void *watch(void *arg)
{
	struct live *l = arg;
	struct pollfd p = {.fd = l->stop[0], .events = POLLIN};
	for (unsigned looks = 1; poll(&p, 1, LOOK_MS) <= 0; looks++) {
		uint64_t version = look(l);
		peers_sweep(l->s);
		bool beat = looks % BEAT_LOOKS == 0;
		if (beat)
			check_sessions(l);
		pthread_mutex_lock(&l->lock);
		bool changed = version != l->version;
		l->version = version;
		for (struct stream *st = l->streams; st && (changed || beat); st = st->next) {
			st->beat |= beat;
			wake(st);
		}
		pthread_mutex_unlock(&l->lock);
	}
	return NULL;
}

struct live *live_start(struct server *s, int channel, struct err *e)
{
	struct live *l = xcalloc(1, sizeof *l);
	l->s = s;
	l->desk = desk_open(s, channel);
	pthread_mutex_init(&l->lock, NULL);
	if (pipe(l->stop) == 0 && pthread_create(&l->thread, NULL, watch, l) == 0)
		return l;
	err_set(e, ERR_NOMEM, "cannot start a thread: %m");
	desk_close(l->desk);
	free(l);
	return NULL;
}

void live_stop(struct live *l)
{
	if (!l)
		return;
	if (write(l->stop[1], "", 1) == 1)
		pthread_join(l->thread, NULL);
	pthread_mutex_lock(&l->lock);
	l->stopping = true;
	for (struct stream *st = l->streams; st; st = st->next)
		wake(st);
	pthread_mutex_unlock(&l->lock);
}

void live_free(struct live *l)
{
	if (!l)
		return;
	close(l->stop[0]);
	close(l->stop[1]);
	desk_close(l->desk);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
