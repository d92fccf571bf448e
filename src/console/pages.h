/* pages.h - private to room console: what the frame's own pages share. */
#ifndef POSTERN_CONSOLE_PAGES_H
#define POSTERN_CONSOLE_PAGES_H

#include "console/console_private.h"

struct input {
	const char *name, *type, *complete;  /* of the field; its type; what a browser may fill in */
	enum text label, help;               /* help: TX_NONE */
	bool optional;
	const char *id;                      /* where a name comes twice on a page; NULL: the name */
};
void page_input(const struct request *q, struct buf *b, const struct input *x, struct slice value);
void page_button(const struct request *q, struct buf *b, enum text t);  /* and the end of the form */
void page_title(const struct request *q, struct response *r, enum text t);
void page_section(const struct request *q, struct buf *b, enum text t); /* <section> with a heading; the caller ends it */
void page_roles(const struct request *q, struct buf *b, unsigned roles);
/* What went wrong: 403; TX_NONE: to wait for that long, 429. */
void page_said_bad(const struct request *q, struct response *r, enum text t, int64_t wait);
/* A QR code as an inline picture. Nothing when it is too long for one. */
void page_qr(const struct request *q, struct buf *b, struct slice text);

/* A path of ours to go to next, out of a query or form; anything else is the overview. */
struct slice page_next(struct slice next);

#endif
