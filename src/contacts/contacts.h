/* contacts.h - who has written to whom, for how long, what was sent; what is usual for our own accounts. Rows in SQLite (room vault), bounded.
 *
 * A message is judged against what was known before it, and then learnt, in one call. The same message again says the same again and teaches nothing.
 * What is usual is what was first seen a week ago or earlier: who takes an account over does not make his ways usual on the same day.
 *
 * Life:    contacts_open(), contacts_begin(), contacts_meet() per message, best in the order of their dates, contacts_end(), contacts_close().
 * Threads: one at a time per struct; processes may share the file.  Errors: ERR_* with *e, which names the file.
 */
#ifndef POSTERN_CONTACTS_H
#define POSTERN_CONTACTS_H

#include "core/core.h"

/* What is learnt of an own account. */
enum contact_trait { TRAIT_HOUR, TRAIT_PROGRAM, TRAIT_SITE, TRAIT_KIND, TRAIT_RECIPIENT, TRAIT_ASK, TRAIT_COUNT };
enum contact_weight { WEIGHT_TALK, WEIGHT_FILE /* a document, a link elsewhere */, WEIGHT_PACKAGE /* what can carry a program */ };

enum { CONTACT_RECIPIENTS_MAX = 50, CONTACT_LIST_MAX = 32 };
struct contact_mail {
	struct slice id;                  /* Message-ID */
	struct slice from, site;          /* address and the domain one registers, lower case */
	struct slice name, person;        /* as shown; its words, folded and sorted: "" not two words */
	struct slice program;             /* that wrote it, without its version; "" not said */
	struct slice to[CONTACT_RECIPIENTS_MAX]; size_t nto;
	struct slice sites[CONTACT_LIST_MAX]; size_t nsites; /* that links lead to, foreign to the sender and to us */
	struct slice kinds[CONTACT_LIST_MAX]; size_t nkinds; /* of what is attached */
	struct slice asks[CONTACT_LIST_MAX]; size_t nasks;   /* what intruders ask for: names of indicators */
	nstime date;
	int hour;                         /* of the sender's day; -1 not known */
	char content[65];                 /* SHA-256 of what it says of itself and brings, hex: another message under the same Message-ID is another message */
	enum contact_weight weight;
	bool job, channel;                /* it speaks of a job; wants to go on elsewhere */
	bool own;                         /* one of our accounts, and nothing speaks against it */
	bool stranger;                    /* neither ours nor a partner's, and no list */
};

enum contact_sign { CONTACT_FIRST = 1, CONTACT_NEW_ADDRESS = 2, CONTACT_RAMP = 4, CONTACT_UNUSUAL = 8 };
struct contact_signs {
	uint32_t signs;                   /* bits of contact_sign */
	char first[200], address[400], ramp[200], unusual[400]; /* what is seen, "" where the sign is not given */
};

struct contacts;
/* Makes the file when it is not there. Rows nobody needs any more go. */
struct contacts *contacts_open(const char *path, nstime now, struct err *e);
void contacts_close(struct contacts *c);
int contacts_begin(struct contacts *c, struct err *e);
int contacts_end(struct contacts *c, struct err *e); /* on the disk when it returns */
void contacts_undo(struct contacts *c);              /* instead of contacts_end() */
/* For a process that goes on, once a day: what is too old goes. */
int contacts_today(struct contacts *c, nstime now, struct err *e);
int contacts_meet(struct contacts *c, const struct contact_mail *m, struct contact_signs *out, struct err *e);

#endif
