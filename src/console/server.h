/* server.h - private to the three files of room console that know the library of the server: server.c, connection.c, live.c. */
#ifndef POSTERN_CONSOLE_SERVER_H
#define POSTERN_CONSOLE_SERVER_H

#include "console/console_private.h"

#include <microhttpd.h>
#include <pthread.h>

enum { CONNECTIONS_MOST = 1000, CONNECTIONS_ADDRESS = 300, HEADER_MEMORY = 32 << 10, IDLE_SECONDS = 20, REQUEST_SECONDS = 30 /* for a header, or an answer, and a second more for: */,
	BYTES_SECOND = 32 << 10, UPLOADS_MOST = 8 /* taken at a time */, UPLOADS_ACCOUNT = 2 /* of one account */ };

struct uploads {
	pthread_mutex_t lock;
	struct { char account[64]; bool taken; } v[UPLOADS_MOST];
	unsigned n;
};
struct live;
struct server {
	const struct web_options *w;
	uint8_t secret[32];
	struct MHD_Daemon *daemon;
	struct desks *workers;
	struct live *live;
	struct uploads uploads;
	struct peer *peers;
	pthread_mutex_t peers_lock;
};

/* ---- peers.c: who is too slow ------------------------------------------------------------------------------------------------------------------------------ */
void peers_notify(void *server, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code);
/* What it does now has to be done in so many seconds; 0: it takes its time, or waits for us. */
void peer_deadline(struct server *s, struct MHD_Connection *c, int64_t seconds);
int64_t peer_clock(void); /* seconds, monotonic */
void peers_sweep(struct server *s); /* now and then */

/* ---- uploads.c: who sends large bodies. Any thread ---------------------------------------------------------------------------------------------------------- */
void uploads_init(struct uploads *u);
void uploads_end(struct uploads *u);
/* 0 and a place, to be given back; or the status to answer with. */
unsigned uploads_take(struct uploads *u, const char *account, unsigned *place);
void uploads_give(struct uploads *u, unsigned place);

/* ---- connection.c: one request on its way ----------------------------------------------------------------------------------------------------------- */
void *conn_begin(void *server, const char *uri, struct MHD_Connection *c);
enum MHD_Result conn_go_on(void *server, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *data, size_t *size, void **conn);
void conn_end(void *server, struct MHD_Connection *c, void **conn, enum MHD_RequestTerminationCode why);
/* What every response carries. */
void conn_headers(const struct server *s, struct MHD_Response *r);

/* ---- live.c: pages hear that something changed --------------------------------------------------------------------------------------------------------- */
struct live *live_start(struct server *s, int channel, struct err *e);
/* A response that goes on. NULL: there are too many. token: of its session. */
struct MHD_Response *live_response(struct live *l, struct MHD_Connection *c, const char *token);
void live_stop(struct live *l);    /* streams end; before the daemon stops */
void live_free(struct live *l);    /* after it stopped */

#endif
