/* serve.h - private: what needs libmilter's header. */
#ifndef POSTERN_MILTER_SERVE_H
#define POSTERN_MILTER_SERVE_H

#include "contacts/contacts.h"
#include "milter/milter_private.h"

#include <libmilter/mfapi.h>
#include <pthread.h>
#include <stdatomic.h>

#define ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_CHGFROM | SMFIF_QUARANTINE)

struct milter {
	struct milter_options o;
	pthread_mutex_t lock;             /* of all below, but `collected` */
	pthread_cond_t freed;
	unsigned free;                    /* processes to inspect with */
	struct held *held;
	nstime expired;                   /* when old messages were last deleted */
	atomic_bool broken;               /* nothing can be inspected any more */
	pthread_mutex_t past_lock;        /* of past and its day */
	struct contacts *past;            /* NULL: none is kept */
	nstime past_day;                  /* when old rows last went */
	_Atomic uint64_t collected;       /* bytes of messages that are being collected */
};

/* libmilter takes texts it does not change without const. */
static inline char *mutable(const char *s) { return (char *)(uintptr_t)s; }
/* A line for the log when the message is suspicious or worse; outcome: one word. indicators: as in the header. */
void found_tell(SMFICTX *ctx, const struct session *s, const struct lure *l, const struct lure_verdict *v, const char *outcome, struct slice indicators);
/* The message is whole: what happens to it. */
sfsistat decide(SMFICTX *ctx, struct session *s);

#endif
