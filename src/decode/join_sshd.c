/* join_sshd.c - whose connection a line of sshd is about. "Disconnecting: Too many authentication failures" and the errors of
 * the key exchange name no address; an earlier line of the same process does ("Connection from ..."). */
#include "decode/decode_private.h"

enum { CONNECTIONS = 4096, PORT_MAX = 6 };
#define CONNECTION_AGE (1 * NS_HOUR) /* processes' numbers come again */

struct connection {
	struct ip ip;
	nstime time;
	uint8_t nport;
	char port[PORT_MAX];
};

static bool about_connection(const struct event *e)
{
	return e->action == ACT_CONN_FAILED || e->action == ACT_CONN_REFUSED || e->action == ACT_LOGIN_REFUSED;
}

static bool near(nstime a, nstime b)
{
	return a == NSTIME_NONE || b == NSTIME_NONE || (a > b ? a - b : b - a) < CONNECTION_AGE;
}

static void tell(struct batch *out, struct event *e, const struct connection *c)
{
	char text[48];
	ip_text(&c->ip, text);
	event_add(out, e, F_SOURCE_IP, slice_dup(&out->arena, slice_of(text)));
	if (c->nport)
		event_add(out, e, F_SOURCE_PORT, slice_dup(&out->arena, slice_make(c->port, c->nport)));
	if (e->action == ACT_LOGIN_REFUSED && e->outcome == OUTCOME_NONE)
		e->outcome = OUTCOME_FAILURE; /* now it is somebody's */
}

void join_sshd(struct lru **connections, struct batch *out, struct event *e)
{
	struct slice pid = event_str(e, F_PROCESS_PID), port;
	struct connection *c;
	struct key k;
	struct ip ip;
	if (!pid.n)
		return;
	struct slice source = event_source(e);
	if (!source.n && (!*connections || !about_connection(e)))
		return;
	key_init(&k);
	key_add(&k, e->host);
	key_add(&k, pid);
	if (!source.n) {
		c = lru_get(*connections, key_slice(&k));
		if (c && near(c->time, e->time))
			tell(out, e, c);
		return;
	}
	if (!ip_parse(source, &ip))
		return;
	if (!*connections)
		*connections = lru_new(sizeof *c, CONNECTIONS, NULL, NULL);
	c = lru_put(*connections, key_slice(&k), NULL);
	port = event_str(e, F_SOURCE_PORT);
	*c = (struct connection){.ip = ip, .time = e->time, .nport = (uint8_t)(port.n <= PORT_MAX ? port.n : 0)};
	memcpy(c->port, port.p ? port.p : "", c->nport);
}
