/* mail.h - messages: who says they are whom, where links lead, what is asked for. Indicators of room lure; what is attached is handed to its parsers.
 *
 * Life:    mail_prepare() once in a process and mail_new(), both before the process gives up files (libraries load character sets and lists then); its function is registered with
 *          lure_parse_with() for LT_EML.
 * Threads: one at a time per struct.
 */
#ifndef POSTERN_MAIL_H
#define POSTERN_MAIL_H

#include "contacts/contacts.h"
#include "core/core.h"
#include "lure/lure.h"
#include "org/org.h"

struct mail_options {
	const struct org *org;            /* own domains, staff, partners; may be NULL */
	const char *const *trusted;       /* servers whose Authentication-Results count (authserv-id), NULL-terminated; may be NULL: none */
	bool trust_unnamed;               /* also the topmost field without a name (Microsoft writes such) */
};
void mail_prepare(void);
struct mail;
struct mail *mail_new(const struct mail_options *o);
void mail_free(struct mail *m);
/* For lure_parse_with(): arg is a struct mail. Facts it leaves: "mail.from", "mail.to", "mail.subject", "mail.date" and more, see facts(); mail_history_read() takes them. */
void mail_box(void *arg, struct lure *l, uint32_t id, struct slice bytes); /* the same for LT_MBOX: each message, or the only one */
void mail_inspect(void *arg, struct lure *l, uint32_t id, struct slice bytes);

/* ---- history ------------------------------------------------------------------------------------------------------------------------------- */
/* The messages of what was inspected, for contacts_meet(), in the order they stand in: the object itself, or those of a mailbox; messages that are attached to
 * others prove nothing and are none of them. *out is in mem, texts are l's; object tells which. org may be NULL. */
struct mail_past { uint32_t object; struct contact_mail mail; };
size_t mail_history_read(const struct lure *l, const struct org *org, nstime now, struct arena *mem, struct mail_past **out);
/* What the history says of it, as indicators of the object: before lure_judge(). */
void mail_history_tell(struct lure *l, uint32_t object, const struct contact_signs *s);
/* What tells a message from others, whatever way it came: of what it says of itself and brings; else the SHA-256 of its bytes. Hex. */
void mail_content(const struct lure *l, char out[static 65]);

#endif
