/* join_sshd.c - whose connection a line of sshd is about. "Disconnecting: Too many authentication failures" and the errors of
 * the key exchange name no address; an earlier line of the same process does ("Connection from ..."). Few lines need it, so
 * remembering must cost next to nothing: a table with one place a hash, the newer wins. */
#include "decode/decode_private.h"

#include <stdlib.h>

enum { PAGES = 256, PAGE = 16, PLACES = PAGES * PAGE, PID_MAX = 10, HOST_MAX = 32, SOURCE_MAX = 46, PORT_MAX = 5 };
#define CONNECTION_AGE (1 * NS_HOUR) /* processes' numbers come again */

struct connection {
	nstime time;
	uint8_t npid, nhost, nsource, nport;
	char pid[PID_MAX], host[HOST_MAX], source[SOURCE_MAX], port[PORT_MAX];
};
/* Thousands of streams may be open, most of them with a handful of connections: a page is made when it is needed. */
struct sshd_connections {
	struct connection *page[PAGES];
};

static bool about_connection(const struct event *e)
{
	return e->action == ACT_CONN_FAILED || e->action == ACT_CONN_REFUSED || e->action == ACT_LOGIN_REFUSED;
}

static bool near(nstime a, nstime b)
{
	return a == NSTIME_NONE || b == NSTIME_NONE || (a > b ? a - b : b - a) < CONNECTION_AGE;
}

static struct connection *place(struct sshd_connections *c, struct slice host, struct slice pid, bool make)
{
	unsigned h = 0;
	for (size_t i = 0; i < pid.n; i++)
		h = h * 10 + (uint8_t)pid.p[i];
	if (host.n)
		h += (uint8_t)host.p[host.n - 1] * 977u + (unsigned)host.n * 131u;
	struct connection **page = &c->page[h % PLACES / PAGE];
	if (!*page && make)
		*page = xcalloc(PAGE, sizeof **page);
	return *page ? *page + h % PAGE : NULL;
}

static void tell(struct batch *out, struct event *e, const struct connection *c)
{
	event_add(out, e, F_SOURCE_IP, slice_dup(&out->arena, slice_make(c->source, c->nsource)));
	if (c->nport)
		event_add(out, e, F_SOURCE_PORT, slice_dup(&out->arena, slice_make(c->port, c->nport)));
	if (e->action == ACT_LOGIN_REFUSED && e->outcome == OUTCOME_NONE)
		e->outcome = OUTCOME_FAILURE; /* now it is somebody's */
}

static bool same(const char *kept, size_t n, struct slice s)
{
	return n == s.n && bytes_eq(kept, s.p, n);
}

static void keep(struct connection *c, const struct event *e, struct slice pid, struct slice source, struct slice port)
{
	struct slice host = slice_to(e->host, HOST_MAX);
	if (same(c->pid, c->npid, pid) && same(c->source, c->nsource, source) && same(c->port, c->nport, port) && same(c->host, c->nhost, host)) {
		c->time = e->time; /* several lines of one connection in a row */
		return;
	}
	*c = (struct connection){.time = e->time, .npid = (uint8_t)pid.n, .nhost = (uint8_t)host.n, .nsource = (uint8_t)source.n};
	memcpy(c->pid, pid.p, pid.n);
	memcpy(c->source, source.p, source.n);
	if (host.n)
		memcpy(c->host, host.p, host.n);
	if (port.n && port.n <= PORT_MAX)
		memcpy(c->port, port.p, c->nport = (uint8_t)port.n);
}

struct parts {
	struct slice pid, source, port;
};

/* The first value of each field, in one pass: most lines of sshd come through here. */
static struct parts read_parts(const struct event *e)
{
	const struct value *pid = NULL, *ip = NULL, *address = NULL, *port = NULL;
	for (const struct value *v = e->values + e->nvalues; v-- > e->values;)
		if (v->field == F_PROCESS_PID)
			pid = v;
		else if (v->field == F_SOURCE_IP)
			ip = v;
		else if (v->field == F_SOURCE_ADDRESS)
			address = v;
		else if (v->field == F_SOURCE_PORT)
			port = v;
	const struct value *source = ip ? ip : address;
	return (struct parts){pid ? slice_make(pid->p, pid->len) : SLICE_NONE, source ? slice_make(source->p, source->len) : SLICE_NONE,
		port ? slice_make(port->p, port->len) : SLICE_NONE};
}

void join_sshd(struct sshd_connections **connections, struct batch *out, struct event *e)
{
	struct parts p = read_parts(e);
	if (!p.pid.n || p.pid.n > PID_MAX)
		return;
	if (!p.source.n && (!*connections || !about_connection(e)))
		return;
	if (!*connections)
		*connections = xcalloc(1, sizeof **connections);
	struct connection *c = place(*connections, e->host, p.pid, p.source.n > 0);
	if (p.source.n) {
		if (p.source.n <= SOURCE_MAX)
			keep(c, e, p.pid, p.source, p.port);
		return;
	}
	if (c && slice_eq(slice_make(c->pid, c->npid), p.pid) && slice_eq(slice_make(c->host, c->nhost), slice_to(e->host, HOST_MAX)) && near(c->time, e->time))
		tell(out, e, c);
}

void sshd_connections_free(struct sshd_connections *c)
{
	for (size_t i = 0; c && i < PAGES; i++)
		free(c->page[i]);
	free(c);
}

void sshd_connections_save(const struct sshd_connections *c, struct buf *b)
{
	for (uint32_t i = 0; c && i < PLACES; i++) {
		const struct connection *one = c->page[i / PAGE] ? &c->page[i / PAGE][i % PAGE] : NULL;
		if (!one || !one->npid)
			continue;
		buf_u32(b, i);
		buf_sized(b, slice_make((const char *)one, sizeof *one));
	}
	buf_u32(b, PLACES); /* the end */
}

static bool sizes_fit(const struct connection *c)
{
	return c->npid <= PID_MAX && c->nhost <= HOST_MAX && c->nsource <= SOURCE_MAX && c->nport <= PORT_MAX;
}

bool sshd_connections_load(struct sshd_connections **c, struct wire *w)
{
	for (uint32_t i; (i = wire_u32(w)) < PLACES && !w->bad;) {
		struct slice bytes = wire_sized(w);
		struct connection one;
		if (bytes.n != sizeof one)
			return false;
		memcpy(&one, bytes.p, sizeof one);
		if (!sizes_fit(&one))
			return false;
		if (!*c)
			*c = xcalloc(1, sizeof **c);
		struct connection **page = &(*c)->page[i / PAGE];
		if (!*page)
			*page = xcalloc(PAGE, sizeof **page);
		(*page)[i % PAGE] = one;
	}
	return !w->bad;
}
