/* receive.c - the receiver: events of sockets to lines in the spool.
 *
 * One thread, one buffer that is read into, one batch of lines a listener that is written with one system call. A connection keeps only
 * what is left of an unfinished message.
 */
#include "live/receive_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_SIZE = 512 << 10,
	CARRY_MAX = LIMIT_LINE + 64,
	CONNECTIONS_MAX = 4096,
	DATAGRAMS = 64,          /* a system call */
	DATAGRAM_MAX = 65536,
	ROUNDS = 4,              /* reads of one connection before the others have their turn */
	EVENTS = 256,
	TICK_MS = 200,
	FULL_MS = 20,
	DRAIN_MS = 2000,
};
#define HANDSHAKE_TIME (30 * NS_SEC)
#define RECONNECT_TIME NS_SEC

struct listener;
/* What an event is about. */
struct conn {
	struct listener *of;
	int fd;
	struct tls *tls;
	bool ready;              /* handshake done */
	bool broken;
	nstime since;
	struct framer framer;
	char *carry;
	size_t ncarry, cap;
	char peer[48];
	size_t npeer;
	struct conn *next, **link;
};
struct listener {
	const struct live_listen *config;
	int fd;
	struct spool spool;
	struct tls_server *tls;
	uint32_t dropped;        /* SO_RXQ_OVFL as seen last: counts up, wraps */
	nstime retry;            /* audit: connect not before */
	struct conn *conns;
};
struct receiver {
	const struct live_config *config;
	int epoll, control, status;
	struct listener *v;
	size_t n;
	struct spool_budget budget;
	struct live_status figures;
	struct envelope env;
	char here[64];           /* name of this machine */
	char *buf;               /* CARRY_MAX + READ_SIZE */
	char *datagrams;
	nstime now, ticked, told;
	bool ended, draining;
};

/* ---- figures and space ----------------------------------------------------------------------------------------------- */
static void tell(struct receiver *r)
{
	struct pollfd p = {.fd = r->status, .events = POLLOUT};
	r->told = r->now;
	if (r->status >= 0 && poll(&p, 1, 0) == 1 && p.revents & POLLOUT)
		(void)!write(r->status, &r->figures, sizeof r->figures);
}

static void update_time(struct receiver *r)
{
	r->now = live_monotonic();
	time_rfc3339(live_real(), r->env.time);
}

static void tick(struct receiver *r)
{
	if (r->now - r->told >= NS_SEC)
		tell(r);
	if (r->now - r->ticked < (nstime)TICK_MS * 1000000 && !spool_full(&r->budget))
		return;
	r->ticked = r->now;
	for (size_t i = 0; i < r->n; i++)
		spool_tick(&r->v[i].spool, r->now);
}

static bool is_control_over(struct receiver *r, int wait_ms)
{
	struct pollfd p = {.fd = r->control, .events = POLLIN};
	char c[16];
	if (r->control < 0 || r->ended) {
		(void)poll(NULL, 0, wait_ms);
		return r->ended;
	}
	if (poll(&p, 1, wait_ms) > 0)
		r->ended = control_ended(read(r->control, c, sizeof c));
	return r->ended;
}

/* The spool is full or cannot be written: nobody is read until there is space again. False when that was not to be. */
static bool wait_for_space(struct receiver *r, struct listener *l)
{
	r->figures.waits++;
	for (;;) {
		bool over = is_control_over(r, FULL_MS);
		update_time(r);
		tick(r);
		if (spool_flush(&l->spool, r->now) && !spool_full(&r->budget))
			return true;
		if (over)
			return false;
	}
}

static bool flush(struct receiver *r, struct listener *l)
{
	size_t n = l->spool.out.n - l->spool.written;
	if (n == 0)
		return true;
	r->figures.bytes += n;
	if (spool_flush(&l->spool, r->now) && !spool_full(&r->budget))
		return true;
	return wait_for_space(r, l);
}

/* ---- connections ------------------------------------------------------------------------------------------------------ */
static void conn_close(struct receiver *r, struct conn *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	if (c->of->config->kind == LIVE_AUDIT)
		c->of->retry = r->now + RECONNECT_TIME;
	tls_free(c->tls);
	close(c->fd);
	free(c->carry);
	free(c);
	r->figures.connections--;
}

static struct conn *conn_new(struct receiver *r, struct listener *l, int fd)
{
	struct conn *c = xcalloc(1, sizeof *c);
	*c = (struct conn){.of = l, .fd = fd, .since = r->now, .ready = l->config->kind != LIVE_TLS, .next = l->conns, .link = &l->conns};
	if (l->conns)
		l->conns->link = &c->next;
	l->conns = c;
	r->figures.connections++;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};
	if (l->config->kind == LIVE_TLS)
		c->tls = tls_new(l->tls, fd);
	if ((l->config->kind == LIVE_TLS && !c->tls) || epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
		r->figures.refused++;
		conn_close(r, c);
		return NULL;
	}
	return c;
}

static size_t peer_text(const struct sockaddr_storage *a, char out[static 48])
{
	struct ip ip = {{[10] = 0xff, [11] = 0xff}};
	if (a->ss_family == AF_INET)
		memcpy(ip.b + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
	else if (a->ss_family == AF_INET6)
		memcpy(ip.b, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
	else
		return 0;
	return strlen(ip_text(&ip, out));
}

static void set_peer(struct receiver *r, const struct listener *l, const char *peer, size_t n)
{
	r->env.peer = n ? slice_make(peer, n) : l->config->kind == LIVE_AUDIT ? SLICE_NONE : slice_of(r->here);
}

/* Lines of n bytes in r->buf to the spool; what is left goes back to the connection. False when there was no space for them. */
static bool take(struct receiver *r, struct conn *c, size_t n, bool end)
{
	struct frame_counts counts = {0};
	struct spool *s = &c->of->spool;
	size_t at = 0;
	bool more = true, ok = true;
	set_peer(r, c->of, c->peer, c->npeer);
	while (more && ok) {
		at += frame_stream(&c->framer, &r->env, r->buf + at, n - at, end, SPOOL_BATCH, &s->out, &counts, &more);
		if (s->out.n >= SPOOL_BATCH)
			ok = flush(r, c->of);
	}
	r->figures.lines += counts.lines;
	r->figures.too_long += counts.too_long;
	c->ncarry = n - at;
	if (c->ncarry > c->cap) {
		c->carry = xreallocarray(c->carry, c->ncarry, 1);
		c->cap = c->ncarry;
	}
	if (c->ncarry)
		memcpy(c->carry, r->buf + at, c->ncarry);
	return ok;
}

/* As read(2), for both kinds: 0 the end, -1 nothing for now, -2 broken. */
static ssize_t conn_read(struct conn *c, char *p, size_t n)
{
	if (c->tls)
		return tls_read(c->tls, p, n);
	for (;;) {
		ssize_t got = recv(c->fd, p, n, 0);
		if (got >= 0)
			return got;
		if (errno != EINTR)
			return errno == EAGAIN ? -1 : -2;
	}
}

static bool handshake(struct receiver *r, struct conn *c)
{
	int rc = tls_handshake(c->tls);
	c->ready = rc == 1;
	if (rc < 0) {
		r->figures.refused++;
		conn_close(r, c);
	}
	return rc == 1;
}

/* Returns whether the connection may have more. */
static bool on_conn(struct receiver *r, struct conn *c)
{
	if (!c->ready && !handshake(r, c))
		return false;
	for (int i = 0; i < ROUNDS || (c->tls && tls_pending(c->tls)); i++) { /* epoll knows nothing of what GnuTLS holds */
		if (c->ncarry)
			memcpy(r->buf, c->carry, c->ncarry);
		size_t have = c->ncarry;
		ssize_t n = conn_read(c, r->buf + have, READ_SIZE);
		if (n == -1)
			return false;
		bool end = n <= 0;
		bool ok = take(r, c, have + (n > 0 ? (size_t)n : 0), end);
		if (end) {
			conn_close(r, c);
			return false;
		}
		if (!ok || (n < READ_SIZE && !c->tls))
			return false;
	}
	return true;
}

static void on_listener(struct receiver *r, struct listener *l)
{
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage a = {0};
		socklen_t n = sizeof a;
		int fd = accept4(l->fd, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
				(void)poll(NULL, 0, 10); /* the event comes again at once */
			return;
		}
		if (r->figures.connections >= CONNECTIONS_MAX) {
			r->figures.refused++;
			close(fd);
			continue;
		}
		int on = 1;
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
		struct conn *c = conn_new(r, l, fd);
		if (c)
			c->npeer = peer_text(&a, c->peer);
	}
}

/* ---- datagrams -------------------------------------------------------------------------------------------------------- */
struct packet {
	struct iovec io;
	struct sockaddr_storage from;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))];
};

static void count_dropped(struct receiver *r, struct listener *l, struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		uint32_t total;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&total, CMSG_DATA(c), sizeof total);
		r->figures.dropped += (uint32_t)(total - l->dropped);
		l->dropped = total;
	}
}

/* Returns whether there may be more. */
static bool on_datagrams(struct receiver *r, struct listener *l)
{
	struct mmsghdr h[DATAGRAMS];
	struct packet p[DATAGRAMS];
	struct frame_counts counts = {0};
	for (size_t i = 0; i < DATAGRAMS; i++) {
		p[i].io = (struct iovec){r->datagrams + i * DATAGRAM_MAX, DATAGRAM_MAX};
		h[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &p[i].from, .msg_namelen = sizeof p[i].from, .msg_iov = &p[i].io, .msg_iovlen = 1,
			.msg_control = p[i].control, .msg_controllen = sizeof p[i].control}};
	}
	int n = recvmmsg(l->fd, h, DATAGRAMS, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		char peer[48];
		size_t npeer = h[i].msg_hdr.msg_namelen >= sizeof(sa_family_t) ? peer_text(&p[i].from, peer) : 0;
		set_peer(r, l, peer, npeer);
		frame_datagram(&r->env, slice_make(r->datagrams + (size_t)i * DATAGRAM_MAX, h[i].msg_len), &l->spool.out, &counts);
		count_dropped(r, l, &h[i].msg_hdr);
	}
	r->figures.lines += counts.lines;
	r->figures.too_long += counts.too_long;
	if (l->spool.out.n >= SPOOL_BATCH && !flush(r, l))
		return false;
	return n == DATAGRAMS;
}

/* ---- the loop --------------------------------------------------------------------------------------------------------- */
static bool is_datagram(const struct live_listen *l)
{
	return l->kind == LIVE_UDP || (l->kind == LIVE_UNIX && !l->stream);
}

static void on_event(struct receiver *r, const struct epoll_event *ev)
{
	struct listener *l = ev->data.ptr;
	if (l >= r->v && l < r->v + r->n) {
		if (!is_datagram(l->config))
			on_listener(r, l);
		for (int i = 0; is_datagram(l->config) && i < 16 && on_datagrams(r, l); i++)
			;
		return;
	}
	on_conn(r, ev->data.ptr);
}

static void reconnect(struct receiver *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct listener *l = &r->v[i];
		if (l->config->kind != LIVE_AUDIT || l->conns || r->now < l->retry)
			continue;
		int fd = audit_connect(l->config->address);
		if (fd < 0)
			l->retry = r->now + RECONNECT_TIME;
		else
			conn_new(r, l, fd);
	}
}

/* Who opens a connection for TLS and says nothing holds a place. */
static void drop_silent(struct receiver *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (struct conn *c = r->v[i].conns, *next; c; c = next) {
			next = c->next;
			if (c->ready || r->now - c->since < HANDSHAKE_TIME)
				continue;
			r->figures.refused++;
			conn_close(r, c);
		}
	}
}

static void step(struct receiver *r, int wait_ms)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(r->epoll, ev, EVENTS, wait_ms);
	update_time(r);
	bool control = false;
	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr)
			on_event(r, &ev[i]);
		else
			control = true;
	}
	for (size_t i = 0; i < r->n; i++)
		flush(r, &r->v[i]);
	if (control && !r->ended)
		is_control_over(r, 0);
	tick(r);
	if (!r->ended) {
		reconnect(r);
		drop_silent(r);
	}
}

/* What was accepted and lies in our sockets' buffers. */
static void drain(struct receiver *r)
{
	nstime until = live_monotonic() + (nstime)DRAIN_MS * 1000000;
	uint64_t before;
	if (r->control >= 0)
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, r->control, NULL);
	do {
		before = r->figures.bytes;
		step(r, 0);
	} while (r->figures.bytes != before && live_monotonic() < until);
	for (size_t i = 0; i < r->n; i++) {
		while (r->v[i].conns) {
			struct conn *c = r->v[i].conns;
			if (c->ncarry)
				memcpy(r->buf, c->carry, c->ncarry);
			take(r, c, c->ncarry, true);
			conn_close(r, c);
		}
		flush(r, &r->v[i]);
	}
}

static int watch_fd(struct receiver *r, int fd, void *what, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = what};
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev) == 0)
		return 0;
	return err_set(e, ERR_IO, "epoll: %s", strerrordesc_np(errno));
}

static int start_listener(struct receiver *r, const struct live_bound *b, size_t i, const char *spool, struct err *e)
{
	char name[160];
	struct listener *l = &r->v[i];
	*l = (struct listener){.config = &r->config->listen[i], .fd = b->fds[i]};
	live_listen_name(l->config, name);
	int rc = spool_open(&l->spool, &r->budget, spool, name, e);
	if (rc)
		return rc;
	if (l->config->kind == LIVE_TLS) {
		l->tls = tls_server_new(buf_slice(&b->certificate[i]), buf_slice(&b->key[i]), buf_slice(&b->client_ca[i]), e);
		if (!l->tls)
			return e ? e->code : ERR_SYNTAX;
	}
	return l->fd >= 0 ? watch_fd(r, l->fd, l, e) : 0;
}

static void receiver_free(struct receiver *r)
{
	for (size_t i = 0; i < r->n; i++) {
		while (r->v[i].conns)
			conn_close(r, r->v[i].conns);
		spool_close(&r->v[i].spool);
		tls_server_free(r->v[i].tls);
	}
	if (r->epoll >= 0)
		close(r->epoll);
	free(r->v);
	free(r->buf);
	free(r->datagrams);
}

int live_receive(const struct live_config *c, const struct live_bound *b, const char *spool, int control, int status, struct err *e)
{
	struct receiver r = {.config = c, .control = control, .status = status, .budget = {.limit = c->spool_bytes}};
	int rc = 0;
	if (gethostname(r.here, sizeof r.here - 1) != 0 || !r.here[0])
		snprintf(r.here, sizeof r.here, "localhost");
	r.v = xcalloc(c->nlisten + 1, sizeof *r.v);
	r.buf = xmalloc(CARRY_MAX + READ_SIZE);
	r.datagrams = xmalloc((size_t)DATAGRAMS * DATAGRAM_MAX);
	r.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r.epoll < 0)
		rc = err_set(e, ERR_IO, "epoll: %s", strerrordesc_np(errno));
	update_time(&r);
	for (size_t i = 0; i < c->nlisten && !rc; i++) {
		r.v[i] = (struct listener){.config = &c->listen[i], .spool = {.dir = -1, .fd = -1}};
		r.n = i + 1;
		rc = start_listener(&r, b, i, spool, e);
	}
	if (!rc && control >= 0)
		rc = watch_fd(&r, control, NULL, e);
	if (!rc)
		reconnect(&r);
	while (!rc && !r.ended)
		step(&r, TICK_MS);
	if (!rc)
		drain(&r);
	tell(&r);
	receiver_free(&r);
	return rc;
}
