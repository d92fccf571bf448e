/* peers.c - who is connected, and until when a request has to be there or an answer to be taken: a byte now and then keeps nobody connected. */
#include "console/server.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct peer {
	int fd;
	int64_t until;            /* seconds of the monotonic clock; 0: none */
	struct peer *next, **at;
};

int64_t peer_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

void peers_notify(void *server, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code)
{
	struct server *s = server;
	struct peer *p = *context;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	pthread_mutex_lock(&s->peers_lock);
	if (code == MHD_CONNECTION_NOTIFY_STARTED && info) {
		p = xcalloc(1, sizeof *p);
		*p = (struct peer){.fd = info->connect_fd, .until = peer_clock() + REQUEST_SECONDS, .next = s->peers, .at = &s->peers};
		if (p->next)
			p->next->at = &p->next;
		s->peers = p;
		*context = p;
	} else if (code == MHD_CONNECTION_NOTIFY_CLOSED && p) { /* before its descriptor is closed */
		*p->at = p->next;
		if (p->next)
			p->next->at = p->at;
		free(p);
		*context = NULL;
	}
	pthread_mutex_unlock(&s->peers_lock);
}

void peer_deadline(struct server *s, struct MHD_Connection *c, int64_t seconds)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct peer *p = info ? info->socket_context : NULL;
	pthread_mutex_lock(&s->peers_lock);
	if (p)
		p->until = seconds ? peer_clock() + seconds : 0;
	pthread_mutex_unlock(&s->peers_lock);
}

void peers_sweep(struct server *s)
{
	int64_t now = peer_clock();
	pthread_mutex_lock(&s->peers_lock);
	for (struct peer *p = s->peers; p; p = p->next)
		if (p->until && p->until < now) {
			shutdown(p->fd, SHUT_RDWR); /* the library sees its end, and cleans up */
			p->until = 0;
		}
	pthread_mutex_unlock(&s->peers_lock);
}
