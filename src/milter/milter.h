/* milter.h - mail is looked at before it is delivered: a filter for Postfix and Sendmail (libmilter), and the folder of what it held back.
 *
 * A message is collected into memory, handed to room inspect (whose processes can do nothing else), and gets headers that say what was found. What a combination of
 * file-critical findings speaks against is held in a folder of ours; in its place its recipients get a notice in words, which takes the message's own way through the
 * mail server: nothing is sent by us, so nothing can be lost or doubled between two queues.
 *
 * Life:    milter_run() returns when a signal ends it.  Threads: libmilter's, one a connection; held_* one at a time per struct.
 * Errors:  what goes wrong with a message is decided by its settings, never by silence: it is delivered with a header that says so, put off, or put on hold.
 */
#ifndef POSTERN_MILTER_H
#define POSTERN_MILTER_H

#include "core/core.h"
#include "inspect/inspect.h"

/* What happens to a message that has to be held. */
enum milter_hold { MILTER_HOLD /* in our folder, a notice instead */, MILTER_MTA_HOLD /* in the mail server's hold queue */, MILTER_TAG /* delivered with headers only */, MILTER_REJECT };
/* What happens to a message that could not be looked at. */
enum milter_failure { MILTER_DELIVER, MILTER_DEFER, MILTER_FAIL_HOLD /* the mail server's hold queue */ };

struct milter_options {
	const char *socket;               /* "/path", "127.0.0.1:port", "[::1]:port" */
	const char *group;                /* of a Unix socket; NULL: the process's own */
	const char *folder;               /* what is held; 0700, ours */
	const char *tag;                  /* before the subject of what is suspicious or worse; NULL: none */
	const char *notice_from;          /* NULL: postmaster at the mail server's name */
	enum milter_hold hold;
	enum milter_failure failure;
	bool quiet;                       /* no notice to recipients of what is held */
	enum lure_language language;      /* of notices */
	uint64_t max_bytes;               /* of one message; more is not looked at */
	unsigned wait_seconds;            /* for a process that is free */
	unsigned keep_days;               /* what is held is deleted then */
	struct inspect *pool;
	unsigned workers;                 /* of the pool */
	const char *history;              /* file of the contacts' history; NULL: none is kept */
	const struct org *org;            /* for it; may be NULL */
	void (*tell)(const char *line);   /* one line a message; any thread */
	void (*found)(const char *line);  /* what is wrong with one, for postern watch and scan to read; may be NULL; any thread */
};
/* Until SIGTERM or SIGINT. 0 or ERR_*. Once per process: libmilter knows one filter. */
int milter_run(const struct milter_options *o, struct err *e);
/* "unix:/path", "inet:port@127.0.0.1" for libmilter; ERR_USAGE: no path, and no address of this machine alone. */
int milter_socket(const char *text, char *out, size_t n, struct err *e);

/* Section milter of postern.yaml as values of the command's options: for lists several of one, for a flag "". n may be NULL. Texts live in mem. Errors with file:line:column. */
enum { MILTER_SETTINGS_MAX = 100 };
struct milter_setting { const char *option, *value; bool list; };
struct milter_settings { struct milter_setting v[MILTER_SETTINGS_MAX]; size_t n; };
struct node;
int milter_settings_read(const struct node *n, const char *file, struct arena *mem, struct milter_settings *out, struct err *e);

/* ---- what is held -------------------------------------------------------------------------------------------------------------- */
enum held_state { HELD_HERE, HELD_RELEASING /* handed to sendmail, outcome not known */, HELD_RELEASED, HELD_DELETED, HELD_EXPIRED, HELD_STATES };
const char *held_state_name(enum held_state s);
struct held_mail {
	struct slice id, queue, sender, recipients /* lines */, from, subject, verdict, reasons, by;
	enum held_state state;
	bool under_way;                   /* HELD_RELEASING at this moment; else an earlier release did not end */
	nstime time, done;
	int64_t body, size;               /* where the body begins; of the message */
};
/* Actions in the audit log, noted before they are done: with outcome "begun". */
#define HELD_ACTION_RELEASE "mail-release"
#define HELD_ACTION_DELETE "mail-delete"
struct held;
/* The folder must be ours with mode 0700. make: it is made when it is not there. */
struct held *held_open(const char *folder, bool make, struct err *e);
void held_close(struct held *h);
/* Newest first. Texts are valid during the callback; 0 to go on. */
typedef int held_fn(void *arg, const struct held_mail *m);
int held_each(struct held *h, bool all, held_fn *fn, void *arg, struct err *e);
int held_get(struct held *h, struct slice id, held_fn *fn, void *arg, struct err *e); /* ERR_NOENT */
/* Hands it to `sendmail` for its recipients, marked so that the filter lets it pass. ERR_NOENT; ERR_USAGE: it is not here any more, or an earlier release did not end (then `again`
 * is needed: it may arrive twice). ERR_DUP: somebody is releasing it at this moment, whatever `again` says. */
int held_release(struct held *h, struct slice id, const char *sendmail, bool again, struct slice by, struct err *e);
/* The message as it came, for reading. The descriptor is the caller's. */
int held_message(struct held *h, struct slice id, int *fd, struct err *e);
int held_delete(struct held *h, struct slice id, struct slice by, struct err *e); /* ERR_NOENT, ERR_USAGE, ERR_DUP as above */

#endif
