/* milter_private.h - between the filter's files. */
#ifndef POSTERN_MILTER_PRIVATE_H
#define POSTERN_MILTER_PRIVATE_H

#include "milter/milter.h"

#include <sodium.h>

enum { HELD_ID_ROOM = 40, PASS_ROOM = 200, HEADERS_MAX = 300, RECIPIENTS_MAX = 2000, FORGED_MAX = 100 /* of our headers in one message: taking out each costs the mail server a walk */, ADDRESS_MAX = 1000, TEXT_MAX = 1000 };
#define HEADER_VERDICT "X-Postern-Verdict"
#define HEADER_INDICATORS "X-Postern-Indicators"
#define HEADER_RELEASED "X-Postern-Released"

/* A body's digest that does not mind what mail programs do to ends of lines. */
struct body_digest { crypto_generichash_state state; uint64_t newlines; };
void body_begin(struct body_digest *d);
void body_add(struct body_digest *d, struct slice bytes);
void body_end(struct body_digest *d, unsigned char out[static 32]);

/* Bytes [skip, end) of fd are the message. The same message for the same people is held once; id: its number. On the disk when it returns. */
int held_put(struct held *h, const struct held_mail *m, int fd, off_t skip, nstime now, char id[static HELD_ID_ROOM], struct err *e);
/* Is this the value of HEADER_RELEASED that we wrote for this body, within its time? */
bool held_passes(struct held *h, struct slice value, const unsigned char body[static 32], nstime now, char id[static HELD_ID_ROOM]);
/* Deletes what is older, and files of which no row tells (a crash in between). */
int held_expire(struct held *h, nstime before, struct err *e);
nstime milter_now(void);

/* ---- notices -------------------------------------------------------------------------------------------------------------------- */
struct notice { struct slice id, sender, from, subject, recipients; const struct lure *l; const struct lure_verdict *v; enum lure_language language; unsigned keep_days; };
void notice_subject(const struct notice *n, struct buf *out); /* as a header's value */
void notice_body(const struct notice *n, struct buf *out);    /* base64 of UTF-8 text, lines with CRLF */

/* ---- the history of contacts --------------------------------------------------------------------------------------------------------- */
struct milter;
int past_open(struct milter *m, struct err *e);
/* What the history says of a message, as indicators of it; then it is learnt. When it cannot be asked that is told, and the message judged without. Any thread. */
void past_ask(struct milter *m, struct lure *l);

/* ---- a connection ------------------------------------------------------------------------------------------------------------------ */
struct session {
	struct milter *m;
	bool leading;                     /* the blank behind a header's colon is ours to keep */
	int fd;                           /* memfd; -1 */
	uint64_t size, skip, body;        /* bytes in it; of which ours; where the body begins */
	const char *trouble;              /* why it cannot be looked at */
	bool full;                        /* all connections together hold too much */
	struct buf sender, recipients, from, subject, names, released, out;
	size_t nrecipients, nnames, nverdict, nindicators, nreleased, nsubject;
	struct body_digest digest;
};
void session_reset(struct session *s);
/* Collects; a failure is kept as trouble. */
void session_write(struct session *s, struct slice bytes);

#endif
