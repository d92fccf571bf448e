/* teller.c - the notifier's process: sends what is in the outbox, and shows the figures to who asks (HTTP/1.0, one page). */
#include "watch/watch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASKERS = 8, ASK_MAX = 4096, PAGE_MAX = 1 << 20, IDLE_MS = 1000 };
#define ASK_TIME (5 * NS_SEC)

/* Somebody who asks for the figures. */
struct asker {
	int fd;                /* -1: free */
	int64_t since;
	size_t n;
	char text[ASK_MAX];
};
struct teller {
	const struct child_place *at;
	struct store *store;
	struct org *org;
	struct notifier *notifier;
	int events;            /* epoll */
	bool stopping;
	struct asker asker[ASKERS];
	struct sys_message message;
};

/* ---- programs, by the parent ----------------------------------------------------------------------------------------------- */

static int run_program(void *arg, const char *id, const struct notify_channel *c, struct slice body, struct err *e)
{
	struct teller *t = arg;
	struct buf b = {0};
	buf_sized(&b, slice_of(id));
	buf_sized(&b, c->name);
	buf_sized(&b, body);
	int rc = sys_send(t->at->parent, M_PROGRAM, buf_slice(&b), -1, 2000, e);
	buf_free(&b);
	return rc ? rc : NOTIFY_LATER;
}

static void program_ended(struct teller *t, struct slice body)
{
	struct wire w = wire_of(body);
	char id[80];
	struct err failed, e;
	snprintf(id, sizeof id, "%.*s", SLFMT(wire_sized(&w)));
	int code = (int)wire_u32(&w);
	err_set(&failed, code, "%.*s", SLFMT(slice_to(w.bad ? SLICE_NONE : wire_sized(&w), 400)));
	if (notifier_ran(t->notifier, id, code ? &failed : NULL, wall_ns(), &e))
		core_log(LOG_LEVEL_ERROR, "outbox: %s", e.text);
}

static void take_messages(struct teller *t)
{
	struct err e;
	for (;;) {
		int rc = sys_receive(t->at->parent, &t->message, &e);
		if (rc == ERR_STOPPED)
			t->stopping = true;
		if (rc <= 0)
			return;
		if (t->message.fd >= 0)
			close(t->message.fd);
		if (t->message.type == M_PROGRAM_ENDED)
			program_ended(t, t->message.body);
		else if (t->message.type == M_STOP)
			t->stopping = true;
	}
}

/* ---- figures ---------------------------------------------------------------------------------------------------------------------- */

static bool watch_fd(struct teller *t, int fd, uint64_t what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = what};
	return epoll_ctl(t->events, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static void leave(struct asker *a)
{
	close(a->fd);
	a->fd = -1;
}

static void welcome(struct teller *t)
{
	int fd = accept4(t->at->metrics, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (size_t i = 0; fd >= 0 && i < ASKERS; i++) {
		struct asker *a = &t->asker[i];
		if (a->fd >= 0)
			continue;
		*a = (struct asker){.fd = fd, .since = mono_ns()};
		if (!watch_fd(t, fd, i))
			leave(a);
		return;
	}
	if (fd >= 0)
		close(fd); /* too many at once */
}

static void page(const struct teller *t, struct buf *out)
{
	char path[4200], chunk[16384];
	ssize_t n;
	snprintf(path, sizeof path, "%s/metrics.prom", t->at->state);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	while (fd >= 0 && (n = read(fd, chunk, sizeof chunk)) > 0 && out->n < PAGE_MAX)
		buf_add(out, chunk, (size_t)n);
	if (fd >= 0)
		close(fd);
}

static void answer(const struct teller *t, struct asker *a)
{
	struct slice ask = slice_make(a->text, a->n), line = slice_to(ask, (size_t)MAX(slice_chr(ask, '\n'), 0));
	bool found = slice_starts(line, SL("GET /metrics "));
	struct buf body = {0}, out = {0};
	if (found)
		page(t, &body);
	else
		buf_addz(&body, "The figures are at /metrics\n");
	buf_addf(&out, "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		found ? "200 OK" : "404 Not Found", body.n);
	buf_adds(&out, buf_slice(&body));
	ssize_t n = send(a->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT); /* a page fits the socket's buffer; who does not read loses it */
	(void)n;
	buf_free(&body);
	buf_free(&out);
	shutdown(a->fd, SHUT_WR);
	leave(a);
}

static void hear(const struct teller *t, struct asker *a)
{
	ssize_t n = recv(a->fd, a->text + a->n, sizeof a->text - a->n, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		leave(a);
		return;
	}
	a->n += (size_t)n;
	struct slice s = slice_make(a->text, a->n);
	if (slice_has(s, SL("\r\n\r\n")) || slice_has(s, SL("\n\n")))
		answer(t, a);
	else if (a->n == sizeof a->text)
		leave(a);
}

/* ---- the loop --------------------------------------------------------------------------------------------------------------------- */

enum { ON_PARENT = ASKERS, ON_WAKE, ON_METRICS };

static void take_events(struct teller *t)
{
	struct epoll_event ev[16];
	uint64_t count;
	int n = epoll_wait(t->events, ev, (int)ARRAY_LEN(ev), 0);
	for (int i = 0; i < n; i++) {
		uint64_t what = ev[i].data.u64;
		if (what == ON_PARENT)
			take_messages(t);
		else if (what == ON_METRICS)
			welcome(t);
		else if (what == ON_WAKE && read(t->at->wake, &count, sizeof count) < 0)
			continue;
		else if (what < ASKERS && t->asker[what].fd >= 0)
			hear(t, &t->asker[what]);
	}
	for (size_t i = 0; i < ASKERS; i++)
		if (t->asker[i].fd >= 0 && mono_ns() - t->asker[i].since > ASK_TIME)
			leave(&t->asker[i]);
}

enum { CHANNELS_READ = 64 };

/* The state, and the certificates that webhooks are verified by: those are read at each new connection. */
static void files_read(const struct child_place *at, const char *out[static CHANNELS_READ + 2])
{
	size_t n = 0;
	out[n++] = at->state;
	for (size_t i = 0; i < at->config->notify.nchannels && n <= CHANNELS_READ; i++)
		if (at->config->notify.channels[i].ca_file.n)
			out[n++] = at->config->notify.channels[i].ca_file.p;
	out[n] = NULL;
}

static int start(struct teller *t, struct err *e)
{
	char path[4200];
	bool landlock;
	const char *writable[] = {t->at->state, NULL}, *readable[CHANNELS_READ + 2];
	snprintf(path, sizeof path, "%s/postern.db", t->at->state);
	t->store = store_open(path, STORE_CREATE, e);
	if (!t->store)
		return ERR_IO;
	int rc = watch_org_load(t->at->config, &t->org, e);
	if (rc)
		return rc;
	t->notifier = notifier_new(t->store, &t->at->config->notify, t->org, run_program, t, e);
	if (!t->notifier)
		return ERR_IO;
	t->events = epoll_create1(EPOLL_CLOEXEC);
	if (t->events < 0 || !watch_fd(t, t->at->parent, ON_PARENT) || !watch_fd(t, t->at->wake, ON_WAKE) || (t->at->metrics >= 0 && !watch_fd(t, t->at->metrics, ON_METRICS)))
		return err_set(e, ERR_IO, "epoll: %m");
	files_read(t->at, readable);
	return sys_confine_as(SYS_NOTIFIER, readable, writable, &landlock, e);
}

int teller_main(const struct child_place *at, struct err *e)
{
	struct teller *t = xcalloc(1, sizeof *t);
	t->at = at;
	t->events = -1;
	for (size_t i = 0; i < ASKERS; i++)
		t->asker[i].fd = -1;
	int rc = start(t, e);
	while (!rc && !t->stopping) {
		nstime next = NSTIME_NONE, now = wall_ns();
		rc = notifier_step(t->notifier, now, &next, e);
		if (rc == ERR_STOPPED) /* somebody else writes for long */
			rc = 0;
		int64_t wait = next == NSTIME_NONE ? IDLE_MS : (next - now) / (NS_SEC / 1000) + 1;
		if (!rc && notifier_wait(t->notifier, t->events, (int)MIN(MAX(wait, 0), IDLE_MS)))
			take_events(t);
	}
	notifier_free(t->notifier);
	org_free(t->org);
	store_close(t->store);
	if (t->events >= 0)
		close(t->events);
	free(t);
	return rc;
}
