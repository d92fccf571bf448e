/* page.h - private to room console: a request, a response, and how pages are written.
 *
 * A page is a function of a row in a table of routes (pages_*.c; routes.c lists the tables). When it is called, session, role, method, CSRF token, sizes and encodings were checked.
 * It writes the main part of a page into r->body; head, navigation and foot are put around it. Literal markup goes through H() only, everything else through the functions that escape.
 * Every page works without script; every form is a POST that answers with a redirection (page_go) or with the page again and a message.
 */
#ifndef POSTERN_CONSOLE_PAGE_H
#define POSTERN_CONSOLE_PAGE_H

#include "console/broker.h"
#include "lesson/lesson.h"
#include "store/store.h"

/* ---- texts in three languages: texts.def --------------------------------------------------------------------------------------------------- */
enum text {
#define T(id, en, de, ko) TX_##id,
#define TN(id, en1, en, de1, de, ko) TX_##id,  /* a number, %s, and its noun: one, other */
#include "console/texts.def"
#undef T
#undef TN
	TEXT_COUNT
};
const char *text_of(enum text t, enum lure_language l);

/* ---- request -------------------------------------------------------------------------------------------------------------------------------- */
enum method { METHOD_GET = 1, METHOD_POST = 2 }; /* HEAD is GET without the body */
struct field { struct slice name, value; };  /* well-formed UTF-8, no NUL; a form's lines end in \n */
struct upload { struct slice field, name; int fd; uint64_t size; }; /* name: as it was sent, hostile; fd: a memfd, closed after the call */
enum { PAGE_ARGS = 4, PAGE_FIELDS = 200, PAGE_UPLOADS = 8, PAGE_FORM_BYTES = 256 << 10, PAGE_UPLOAD_BYTES = 32 << 20 };

/* What can be said about how well Postern sees (pages_sources.c). */
struct sight {
	uint64_t logs, silent, hosts_without; /* silent: followed, and unread for a day; hosts of org.yaml without any log */
	nstime newest;                 /* anything was read; NSTIME_NONE never */
	nstime heartbeat;              /* watch wrote its figures; NSTIME_NONE: not known */
	nstime counted;                /* 0: never */
	int64_t version;
};
struct route;
struct server;
struct desk {                          /* of one thread; opened once, after the process gave everything up */
	const struct console_options *o;
	int channel;                   /* to the broker */
	uint64_t asked;                /* questions so far: serial of the last */
	struct store *store;           /* NULL: there is no state yet; reopened when it comes */
	struct lesson_book *book;      /* progress of learners; own writer */
	const struct lessons *lessons; /* shared, read-only */
	struct inspect *inspect;       /* shared */
	struct sight sight;            /* as it was counted last, and for which version of the state */
	const struct zone *zone;       /* of the organisation; NULL: UTC. Shared */
	struct server *server;
	int64_t again;                 /* seconds of the monotonic clock: when to try once more to open what could not be opened */
};
struct request {
	struct desk *desk;
	const struct route *route;
	enum method method;
	struct slice path, arg[PAGE_ARGS]; /* arg: what stood for {} in the route's path, decoded */
	const struct field *query; size_t nquery;
	const struct field *form; size_t nform;
	const struct upload *uploads; size_t nuploads;
	struct broker_who who;         /* roles 0: nobody is logged in */
	char token[BROKER_TOKEN], source[64];
	enum lure_language language;
	nstime now;
	struct arena *mem;             /* until the response is sent */
};
struct slice query_get(const struct request *q, const char *name);  /* first value; SLICE_NONE */
struct slice form_get(const struct request *q, const char *name);
bool query_number(const struct request *q, const char *name, uint64_t most, uint64_t *out);
static inline bool has_role(const struct request *q, unsigned roles) { return (q->who.roles & roles) != 0; }
/* A question to the broker as this session: ask zeroed but for op, id, text, code, number. *body: bytes of the memfd in q->mem; NULL not wanted. e->text is for the person. */
int page_ask(struct request *q, struct broker_ask *ask, struct broker_answer *a, struct slice *body, struct err *e);
/* The same for what comes as a descriptor of a file that may be large: *fd, -1 none; the caller closes it. */
int page_ask_fd(struct request *q, struct broker_ask *ask, struct broker_answer *a, int *fd, struct err *e);
/* The second factor as html_fresh() asked for it: into ask->code. */
void ask_fresh(const struct request *q, struct broker_ask *ask);
void ask_set(char *to, size_t n, struct slice text); /* copies into a field; what is too long makes the question fail (never cut) */

/* ---- response -------------------------------------------------------------------------------------------------------------------------------- */
struct response {
	unsigned status;               /* 200 at the start */
	struct buf body;
	enum text title;               /* of the page */
	struct slice title_text;       /* instead; in q->mem */
	const char *type;              /* NULL: HTML, put into the frame */
	const char *file;              /* name to save it under: Content-Disposition; NULL none. ASCII */
	struct slice go;               /* redirection (303) to this path of ours; in q->mem */
	bool wide, narrow;             /* the page uses the whole width; is a form and little else */
	nstime refresh_after;          /* of ours: "version" of what is shown, for live updates; 0 none (any other number: <main data-live>, refetched when something changed) */
	/* of the frame's own pages */
	bool stream;                   /* goes on as events: live.c */
	const char *cookie;            /* a session begins with this token; "" it ends; NULL: stays */
};
/* 0, or ERR_*: ERR_NOENT 404, ERR_PERM 403, ERR_SYNTAX/ERR_RANGE/ERR_LIMIT 400, else 500 with a page that says e->text. */
typedef int page_fn(struct request *q, struct response *r, struct err *e);
enum route_flags { ROUTE_UPLOAD = 1 /* multipart forms */, ROUTE_JSON = 2 /* of the API: type is JSON, errors too; form fields, not JSON, as the body of a POST */,
	ROUTE_BARE = 4 /* no frame around it */, ROUTE_PRINT = 8, ROUTE_SLOW = 16 /* may take seconds: never on all threads at once; uploads are */ };
struct route {
	enum method method;
	const char *path;              /* "/incidents/{}"; {} one part of a path */
	unsigned roles;                /* who may; 0: also who is not logged in */
	page_fn *fn;
	unsigned flags;
	enum text nav;                 /* TX_NONE: not in the navigation */
};
extern const struct route *const route_tables[]; /* each ends with path NULL; ends with NULL */
/* Redirects to a path with a part that is percent-encoded: behind it, or in the place of {}: page_go(q, r, "/incidents/", id), page_go(q, r, "/incidents/{}/notes", id). */
void page_go(struct request *q, struct response *r, const char *path, struct slice part);
/* The same with a message (a text of the catalogue) shown on the next page. */
void page_go_said(struct request *q, struct response *r, const char *path, struct slice part, enum text said);

/* ---- writing ----------------------------------------------------------------------------------------------------------------------------------- */
#define H(b, literal) buf_add((b), "" literal, sizeof(literal) - 1)
void html_text(const struct request *q, struct buf *b, enum text t);               /* of the catalogue, escaped */
void html_number(const struct request *q, struct buf *b, enum text t, uint64_t n); /* TN row: "3 incidents" */
void html_with(const struct request *q, struct buf *b, enum text t, struct slice value); /* T row with one %s: value as html_foreign */
void html_foreign(struct buf *b, struct slice s); /* text from logs, mail, file names, people: <bdi>, escaped, control and bidi characters visible */
void html_value(struct buf *b, struct slice s);   /* for attribute values in double quotes */
void html_path(struct buf *b, struct slice part); /* percent-encoded part of a path or query, for href */
void html_time(const struct request *q, struct buf *b, nstime t);  /* <time datetime=...>, in the organisation's zone and the reader's language; "-" for NSTIME_NONE */
void html_span(const struct request *q, struct buf *b, nstime d);  /* "3 hours" */
/* <thead> with a <th scope=col> for each. */
void html_columns(const struct request *q, struct buf *b, const enum text *columns, size_t n);
void html_level(const struct request *q, struct buf *b, enum level l); /* <span class="level high">High</span> */
void html_form(const struct request *q, struct buf *b, const char *action, struct slice part); /* <form method=post action=...> with the CSRF token; path and part as page_go(), enctype by the route */
void html_action(struct buf *b, const char *path, struct slice part); /* only such a path, for href */
/* Inside a form: field for the second factor (or password), where the broker asks for it again. */
void html_fresh(const struct request *q, struct buf *b);
void html_said(const struct request *q, struct buf *b, bool bad, struct slice text); /* a message, role=status or alert */
/* Pager: 50 rows a page; ?page=. */
enum { PAGE_ROWS = 50 };
void html_pager(const struct request *q, struct buf *b, uint64_t total);
uint64_t page_skip(const struct request *q);

#endif
