/* pages_access.h - private to the pages about provider access: what their files have of each other. */
#ifndef POSTERN_CONSOLE_PAGES_ACCESS_H
#define POSTERN_CONSOLE_PAGES_ACCESS_H

#include "console/access.h"

page_fn access_grant_page, access_approve, access_refuse, access_revoke;      /* pages_access_grant.c */
page_fn access_provider_page, access_suspend, access_resume;                  /* pages_access_provider.c */
page_fn sessions_page, session_page, session_page_end, sessions_api;           /* pages_sessions.c */
/* The title of the page and its heading: what it is and, unless empty, of which. */
void access_head(struct request *q, struct response *r, enum text title, struct slice of);
/* The message of what failed on top of a page, and the status that goes with it. 0. */
int access_said(struct request *q, struct response *r, const char *bad, int code);
void access_html_provider_state(const struct request *q, struct buf *b, const struct gate_provider *p);
/* Asks the broker to do it to the object of the path, with the form's reason. ERR_USAGE with *e: no reason was given where one is needed. */
int access_do(struct request *q, enum broker_op op, bool reason, struct err *e);

/* ---- JSON (access_json.c) ---------------------------------------------------------------------------------------------------------------------------- */
void access_json_time(struct buf *b, const char *name, nstime t); /* ,"name":"..." or null */
void access_json_grant(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x);
void access_json_words(struct buf *b, const struct access_gate *g); /* ,"history":[...] */
void access_json_session(struct buf *b, const struct session *s);

/* ---- recordings (session_cast.c) ------------------------------------------------------------------------------------------------------------------------ */
struct session_view {
	enum text text;                /* is the file what was recorded? */
	bool more, cut;                /* there is another page; it is longer than is looked at here */
	uint64_t lines;                /* that were counted */
};
/* Lines of page `page` (from 0) of what was shown, as content of a <pre>, and whether the file's hash is that of the table and of the audit log. */
int session_view(struct request *q, const struct session *s, uint64_t page, struct buf *b, struct session_view *out, struct err *e);
page_fn session_cast;

#endif
