/* console_private.h - private to room console: how a request becomes a response, without the library that carries both. */
#ifndef POSTERN_CONSOLE_PRIVATE_H
#define POSTERN_CONSOLE_PRIVATE_H

#include "console/page.h"

/* ---- what comes in: request.c, multipart.c. Hostile bytes; errors (ERR_SYNTAX, ERR_LIMIT) say what is wrong with them --------------------------------- */
enum { TARGET_MOST = 4096, PARTS_MOST = 12, FORM_FIELD_NAME = 64 };
struct head {                          /* fields of the header that count; SLICE_NONE: absent */
	struct slice host, origin, site /* Sec-Fetch-Site */, cookie, type, languages, csrf /* X-CSRF-Token */, known /* If-None-Match */, forwarded;
};
struct target {
	struct slice parts[PARTS_MOST]; size_t nparts; /* of the path, decoded; "/" has none */
	struct slice path;             /* as it came */
	struct field *query; size_t nquery;
};
int request_target(struct slice raw, struct arena *mem, struct target *out, struct err *e);
/* application/x-www-form-urlencoded, or a query. */
int request_form(struct slice raw, struct arena *mem, struct field **out, size_t *n, struct err *e);
struct parts {
	struct field *form; size_t nform;
	struct upload *uploads; size_t nuploads;
};
/* multipart/form-data; uploads go into memfds, closed by parts_close(), also after an error. */
int request_multipart(struct slice type, struct slice body, struct arena *mem, struct parts *out, struct err *e);
void parts_close(struct parts *p);
/* Value of a cookie; SLICE_NONE. A name that comes twice has none. */
struct slice request_cookie(struct slice header, const char *name);
enum lure_language request_language(struct slice accept, enum lure_language otherwise);
bool equal_secret(struct slice a, struct slice b); /* in time that says nothing */

/* ---- where it goes: route.c -------------------------------------------------------------------------------------------------------------------------- */
/* Status 0 and the route; 404; 405 with what is allowed. */
unsigned route_find(const struct target *t, enum method m, const struct route **out, struct slice arg[static PAGE_ARGS], unsigned *allowed);

/* ---- an exchange: handle.c ------------------------------------------------------------------------------------------------------------------------------ */
struct static_file {
	const char *name, *type;
	struct slice bytes;
	char tag[20];                  /* with its quotes, for ETag; digits of it are its version */
};
struct exchange {
	enum method method;
	struct slice target;           /* as it came */
	struct head head;
	struct slice body;             /* of a POST, whole */
	char source[64];               /* address of the other end */
	nstime now;
	struct arena mem;
	/* out */
	struct response r;
	const struct static_file *file; /* is sent instead of r.body */
	unsigned allowed;              /* 405: methods */
	char *set_cookie;              /* in mem */
	bool answered;                 /* by exchange_check() */
	bool immutable;                /* the file was asked for by its version */
	bool quiet;                    /* fetched by our script, not by the person: keeps no session alive */
	char token[BROKER_TOKEN];      /* of the session; "" none */
	char account[64];              /* by exchange_check(): whose it is */
};
void exchange_handle(struct desk *d, struct exchange *x);
/* Before its body is taken: whose session, which role? x->answered: it ends here. */
void exchange_check(struct desk *d, struct exchange *x);
/* A page that says so; also of what never got to a page. */
void respond_error(struct request *q, struct response *r, unsigned status, struct slice why);
/* Puts head, navigation and foot around r->body. */
void respond_frame(struct request *q, struct response *r);
const char *respond_csp(void);
struct slice page_said(const struct request *q); /* "?said=": SLICE_NONE */

/* ---- the server: server.c, worker.c, live.c --------------------------------------------------------------------------------------------------------------- */
#define COOKIE_SESSION "__Host-postern"
#define COOKIE_PLAIN "postern-session"
#define COOKIE_BEFORE "__Host-postern-login"
#define COOKIE_BEFORE_PLAIN "postern-login"
struct statics {
	struct static_file *v; size_t n, cap;
};
/* PEM texts of o's files, or of those in STATE/console/, made at the first start; free() them. */
int certificate_get(const struct console_options *o, char **certificate, char **key, struct err *e);
int statics_read(const char *folder, struct statics *out, struct err *e);
const struct static_file *statics_find(const struct statics *s, struct slice name);
void statics_free(struct statics *s);

struct web_options {
	const struct console_options *o;
	const struct statics *statics;
	int listener;
	const int *channels; size_t nchannels; /* one more than threads: the last is of who looks for changes */
	const char *certificate, *key;  /* PEM; NULL: plain */
	struct inspect *inspect;
	const struct lessons *lessons;
	const struct zone *zone;
};
/* The web process, confined already. Until `stop` can be read. */
int web_run(const struct web_options *w, int stop, struct err *e);
const struct web_options *server_options(const struct server *s);
const uint8_t *server_secret(const struct server *s); /* 32 bytes, of this life */

/* ---- requests handed to threads, and streams of events: worker.c, live.c; the library that carries them is server.c's and theirs alone ----------------------- */
struct conn;
struct desks;
struct desks *desks_start(struct server *s, struct err *e);
/* False: there is too much to do already. When it is done conn_done() is called, from another thread. */
bool desks_take(struct desks *w, struct conn *c, bool check /* exchange_check(), else exchange_handle() */, bool slow);
void desks_stop(struct desks *w); /* what waits, and comes, is answered with 503 */
void desks_free(struct desks *w);
struct exchange *conn_exchange(struct conn *c);
void conn_done(struct conn *c, unsigned status /* instead of an answer; 0: there is one */);
struct desk *desk_open(struct server *s, int channel);
void desk_refresh(struct desk *d); /* the state may have come */
void desk_close(struct desk *d);

/* Token of the form that logs in: bound to a cookie of this browser. */
void login_form_token(const struct server *s, struct slice cookie, char out[static BROKER_TOKEN]);

/* ---- writing -------------------------------------------------------------------------------------------------------------------------------------------- */
/* A text as it stands in the catalogue; of a TN row the form for n. */
const char *text_form(enum text t, enum lure_language l, uint64_t n);
const char *text_id(enum text t); /* "LOGIN" */
/* Writes text with its one %s replaced by what `value` holds, which is HTML already. */
void html_put(struct buf *b, const char *text, struct slice value);

#endif
