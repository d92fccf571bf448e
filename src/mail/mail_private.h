/* mail_private.h - what the files of room mail share: one message, taken apart. */
#ifndef POSTERN_MAIL_PRIVATE_H
#define POSTERN_MAIL_PRIVATE_H

#include "mail/mail.h"

struct match_set;
struct match_ctx;
struct mail {
	struct mail_options options;
	struct match_set *phrases;
	struct match_ctx *scan;
	struct charsets *charsets;        /* what keeps their tables loaded */
};

/* What is wrong with a message by itself: counted by strength, since weak signs only mean something together. */
struct signs { uint32_t strong, medium; bool seen[IND_COUNT]; };

struct mailbox { struct slice name, address, local, domain, site; }; /* site: the domain one registers ("example.co.uk"); lower case but for name */
struct anchor { struct slice url, text; bool image; };

enum { ANCHORS_MAX = 2000, PARTS_MAX = 500, TEXT_MAX = 512 << 10, HEADER_MAX = 1 << 20, RECIPIENTS_MAX = 200, NEST_MAX = 30, FACTS_MAX = 50, LINKED_MAX = 20 };
enum auth { AUTH_NONE, AUTH_PASS, AUTH_FAIL };
struct message {
	struct mail *mail;
	struct lure *l;
	uint32_t id;
	struct signs signs;
	struct mailbox from, reply, path, sender;
	uint32_t nfrom;
	struct slice subject, message_id, list_id, references, to;
	struct slice from_raw;
	struct slice date, received, program; /* RFC 3339 in the sender's zone; when our server got it; what wrote it, as it names itself */
	struct slice recipients[FACTS_MAX]; size_t nrecipients; /* To and Cc: addresses, lower case */
	struct slice linked[LINKED_MAX]; size_t nlinked; /* sites that links lead to, but for the sender's and ours */
	bool has_date, bulk;
	/* bodies */
	struct buf text, html;            /* UTF-8: plain parts; HTML parts as written */
	struct buf seen;                  /* what a reader sees, of both */
	struct anchor *anchors; size_t nanchors, capanchors;
	uint32_t images, remote_images, hidden_text, plain_parts, html_parts, base64_text, attachments, parts;
	bool encrypted_archive;
	/* authentication, by servers that are trusted */
	bool authenticated_by_any;
	enum auth spf, dkim, dmarc;
	/* language: how many different phrases of each intent */
	uint32_t intents[16];
};

/* sign: counts and tells. */
void sign(struct message *m, enum indicator i, struct slice where, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* domains.c */
void domains_prepare(void);
struct slice site_of(struct lure *l, struct slice host);        /* lower case; the host itself where nothing is known of it */
bool is_freemail(struct slice site);
/* How a name is like another that it is not: "one letter apart", "looks the same", "with words added", "other ending"; NULL it is not. */
const char *looks_like(struct slice site, struct slice ours);
/* Lower case, letters without marks, look-alikes folded: for comparing names of people. In the arena. */
struct slice folded_name(struct lure *l, struct slice s);
/* NFKC, case folded, without what is not seen. */
struct slice folded_text(struct lure *l, struct slice s);

/* identity.c: words of a person's name, folded and sorted: the same however it is written. SLICE_NONE: too few to tell people apart. */
struct slice person_of(struct lure *l, struct slice name);

/* parse.c */
struct charsets *charsets_open(void);
void charsets_close(struct charsets *c); /* NULL is fine */
bool message_parse(struct message *m, struct slice bytes);
void message_free(struct message *m);
/* html.c: visible text into m->seen, links, pictures. */
void html_read(struct message *m, struct slice html);
/* auth.c */
void auth_read(struct message *m, struct slice value, bool topmost);
/* What identity.c, links.c, language.c find. */
void judge_auth(struct message *m);
void judge_identity(struct message *m);
/* Like a domain of ours or of a partner, and neither. */
bool judge_own_likeness(struct message *m, struct slice site, const char *where);
void judge_links(struct message *m);
void judge_language(struct message *m);
void judge_together(struct message *m);

enum intent { INTENT_JOB, INTENT_TEST, INTENT_SALARY, INTENT_CHANNEL, INTENT_URGENCY, INTENT_SECRECY, INTENT_REWARD, INTENT_CREDENTIALS, INTENT_VIEWER, INTENT_ENABLE, INTENT_PAYMENT, INTENT_PASSWORD, INTENT_SECURITY, INTENT_ADVANCE, INTENT_COUNT };

#endif
