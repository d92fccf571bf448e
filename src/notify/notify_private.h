/* notify_private.h - shared by the files of room notify, their tests and fuzz targets.
 *
 *   config.c    postern.yaml            message.c   a message to bytes and back, ids, texts fit to be shown
 *   queue.c     engine: what to tell    compose.c   an incident in words
 *   notifier.c  what is due, results    limits.c    quiet hours, waits    summary.c  what was held back
 *   payload.c   JSON   mail.c RFC 5322   syslog.c RFC 5424, CEF   stream.c its sockets   webhook.c libcurl   program.c argv
 */
#ifndef POSTERN_NOTIFY_PRIVATE_H
#define POSTERN_NOTIFY_PRIVATE_H

#include "notify/notify.h"

/* ---- the message ---------------------------------------------------------------------------------------------------------- */
enum notify_about { NOTIFY_INCIDENT, NOTIFY_NOTICE, NOTIFY_SUMMARY, NOTIFY_ABOUTS };
enum notify_changes { CHANGE_NEW = 1, CHANGE_LEVEL = 2, CHANGE_STAGE = 4, CHANGE_MORE = 8, CHANGE_STATUS = 16, CHANGE_GRAVE = CHANGE_NEW | CHANGE_LEVEL | CHANGE_STAGE | CHANGE_STATUS };
enum { TITLE_MAX = 300, TEXT_MAX = 5 << 10, DATA_MAX = 10 << 10, SUMMARY_ITEMS = 40 };

/* What the outbox keeps; how it looks is decided when it is sent. Texts are cleaned already (notify_clean), but for data. */
struct notify_message {
	enum notify_about about;
	enum level level;
	uint32_t changes, stages;
	nstime first, last;
	struct slice incident, status, title, reason, text;
	struct slice data;               /* JSON: the incident in OCSF; a summary's list */
	struct slice source, user, host; /* the most telling of each */
};
void notify_message_save(const struct notify_message *m, struct buf *out);
/* Texts are borrowed. False: the bytes are no message. */
bool notify_message_load(struct slice body, struct notify_message *m);

/* An attempt of it. */
struct notify_sending {
	const char *id;
	const struct notify_channel *channel;
	const struct notify_message *m;
	const char *version;
	unsigned attempt; /* from 1 */
	bool repeat;      /* an earlier attempt may have got through */
	nstime created, now;
};
/* Appends s so that it can be shown: control bytes, broken UTF-8 and what turns text around become visible; cut at most bytes. */
void notify_clean(struct buf *b, struct slice s, size_t most);
struct slice notify_cut(struct slice s, size_t most); /* no character cut in two */
/* 32 hex digits of SHA-256 over the parts, each with its length. */
void notify_id(char id[static 33], const struct slice *parts, size_t n);
uint64_t notify_digest(const struct notify_change *x);
uint32_t notify_stages(const struct incident *in);
const char *notify_about_name(enum notify_about a);
const char *notify_kind_name(enum notify_kind k);
/* "new", "level" ... of the bits, in turn; NULL at the end. */
const char *notify_change_name(unsigned i);
/* compose.c: fills *m from an incident, text and data into the buffers. */
void notify_compose(const struct notify_change *x, const struct org *org, const char *version, uint32_t changes, struct arena *mem, struct notify_message *m);

/* ---- limits --------------------------------------------------------------------------------------------------------------- */
/* When the quiet time that t lies in ends; NSTIME_NONE: t is not in one. */
nstime notify_quiet_until(const struct notify_config *c, const struct org *org, nstime t);
/* How long to wait after so many attempts: doubling, between half and all of it, the same for the same message and attempt. */
nstime notify_backoff(const struct notify_config *c, const char *id, unsigned attempts);

/* summary.c: what was held back and is due, in one message, when the hour was full or leaves room for fewer than there are. In a transaction. */
int notify_summarise(struct store *st, const struct store_due *x, unsigned left, struct err *e);

/* ---- how it looks --------------------------------------------------------------------------------------------------------- */
void notify_json(struct buf *out, const struct notify_sending *s);
void notify_mail(struct buf *out, const struct notify_sending *s);
bool notify_mail_address(struct slice s);
void notify_syslog(struct buf *out, const struct notify_sending *s, struct slice host);
void notify_cef(struct buf *out, const struct notify_sending *s);

/* ---- how it is sent ------------------------------------------------------------------------------------------------------- */
enum notify_proto { NOTIFY_UDP, NOTIFY_TCP, NOTIFY_UNIX };
struct notify_address {
	enum notify_proto proto;
	struct slice host, port; /* unix: the path as host */
};
bool notify_address_parse(struct slice s, struct notify_address *out);
bool notify_url_fine(struct slice url);

/* What came of an attempt. */
struct notify_result {
	bool sent, certain; /* not sent, and nothing of it can have got through */
	nstime later;       /* the receiver asks for this wait; 0 none */
	char error[200];
};
/* Webhooks: one multi handle, connections kept. Secrets are read at once. */
struct hooks;
struct hooks *hooks_new(const struct notify_config *c, struct err *e);
void hooks_free(struct hooks *h);
/* tag comes back with the result. */
int hooks_begin(struct hooks *h, const struct notify_sending *s, void *tag, struct err *e);
/* The next one that ended; NULL: none. */
void *hooks_ended(struct hooks *h, struct notify_result *r);
void hooks_run(struct hooks *h);
/* Waits for any of them, or for one of these to be readable (POLLIN) or writable (POLLOUT). */
struct pollfd;
void hooks_wait(struct hooks *h, struct pollfd *extra, unsigned n, int ms);

/* A syslog message on its way. */
struct stream;
/* NULL with the result: it is over already. */
struct stream *stream_begin(const struct notify_address *a, struct slice text, nstime now, struct notify_result *r);
/* True: over, with the result. */
bool stream_run(struct stream *s, nstime now, struct notify_result *r);
void stream_poll(const struct stream *s, struct pollfd *p);
void stream_free(struct stream *s);

#endif
