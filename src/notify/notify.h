/* notify.h - telling people and machines: mail, webhook, syslog/CEF, a command; grouped, rate-limited, with quiet hours.
 *
 * The engine writes what is to be told into the store's outbox, in the transaction that changed the incident (notify_queue). A process of
 * its own sends (notifier_step): webhooks and syslog itself, mail and commands through the privileged parent, which alone may start
 * programs (notify_run_fn). At least once: a message has the same id always, its attempt is counted before it is made, and one that may
 * have got through before is marked as a repeat. docs/notify.md says what the messages look like.
 *
 * Threads: one per struct.  Errors: ERR_* with *e; a message that cannot be sent is no error but a row with its reason.
 */
#ifndef POSTERN_NOTIFY_H
#define POSTERN_NOTIFY_H

#include "core/core.h"
#include "incident/incident.h"
#include "org/org.h"
#include "store/store.h"
#include "yaml/yaml.h"

enum notify_kind { NOTIFY_MAIL, NOTIFY_WEBHOOK, NOTIFY_SYSLOG, NOTIFY_COMMAND, NOTIFY_KINDS };
struct notify_channel {
	struct slice name;
	enum notify_kind kind;
	enum level min_level;
	struct slice *to; size_t nto;        /* mail */
	struct slice from, sendmail;
	struct slice url, secret_file, ca_file; /* webhook; HMAC-SHA256 key */
	struct slice address;                /* syslog: "udp:127.0.0.1:514", "tcp:host:601", "unix:/dev/log" */
	bool cef;                            /* else RFC 5424 with a sentence */
	struct slice *argv; size_t nargv;    /* command: fixed; the message comes on its standard input, as JSON */
	unsigned most_per_hour;              /* 0: no limit. Of critical messages so many besides */
	bool quiet;                          /* keeps the quiet hours */
};
struct notify_config {
	struct notify_channel *channels; size_t nchannels;
	nstime group;                        /* updates of one incident within are told together (a new stage or level is told at once) */
	unsigned most_per_hour;              /* per channel; what is over is told in one summary */
	struct org_window *quiet; size_t nquiet; /* critical is told all the same */
	unsigned attempts;                   /* before a message is dead; default 12 */
	nstime first_wait, longest_wait;     /* backoff, doubling, with jitter */
	const char *version;                 /* of Postern, for messages; static; set by whoever read the configuration */
};
/* Section `notify` of postern.yaml; n NULL: defaults, no channels. Texts are borrowed from the nodes or live in mem. */
int notify_config_read(const struct node *n, const char *file, struct arena *mem, struct notify_config *out, struct err *e);
/* NULL when no channel has the name. */
const struct notify_channel *notify_channel_by_name(const struct notify_config *c, struct slice name);

/* What changed in an incident since it was told last. */
struct notify_change {
	const struct incident *incident;
	const char *id;                      /* the id it is kept under (may differ from incident->id) */
	bool fresh, level_rose, stage_reached, more; /* more: only more of the same. None: the status */
	const char *status;                  /* "open", "closed" ... */
};
/* Engine: messages for every channel that wants it, ids stable for the same incident, level, stages and status. In the caller's transaction.
 * *queued: how many are new. */
int notify_queue(struct store *s, const struct notify_config *c, const struct org *org, const struct notify_change *x, nstime now, unsigned *queued, struct err *e);
/* A message of Postern's own (a source is silent, disk is short): key makes the id, so that the same key is told once. */
int notify_queue_notice(struct store *s, const struct notify_config *c, enum level level, struct slice key, struct slice title, struct slice text, nstime now, struct err *e);

/* Has a program of a channel (mail, command) started with the body on its standard input: done by the parent. 0: it took the message;
 * NOTIFY_LATER: it was started, notifier_ran() will tell; ERR_* with *e. body is borrowed for the call, at most NOTIFY_BODY_MAX bytes. */
enum { NOTIFY_LATER = 1, NOTIFY_BODY_MAX = 24 << 10 };
typedef int notify_run_fn(void *arg, const char *id, const struct notify_channel *c, struct slice body, struct err *e);

struct notifier;
/* Reads the channels' secrets: call it while that may be done. store, c and org are borrowed until notifier_free(). */
struct notifier *notifier_new(struct store *s, const struct notify_config *c, const struct org *org, notify_run_fn *run, void *arg, struct err *e);
void notifier_free(struct notifier *n); /* what is under way counts as not known */
/* Begins what is due, goes on with what is under way; never waits for others. *next: when to come again at the latest (nanoseconds since
 * the epoch), NSTIME_NONE: only when there is something new. Errors are the store's alone. */
int notifier_step(struct notifier *n, nstime now, nstime *next, struct err *e);
/* Waits until something under way goes on, `fd` (-1: none) can be read, or ms have passed. True: fd can be read. */
bool notifier_wait(struct notifier *n, int fd, int ms);
/* Messages whose attempt is under way. */
size_t notifier_under_way(const struct notifier *n);
/* The end of what notify_run_fn said NOTIFY_LATER of; failed NULL: it took the message. */
int notifier_ran(struct notifier *n, const char *id, const struct err *failed, nstime now, struct err *e);
/* Parent: builds argv and runs sendmail or the command of a channel that is in the configuration; nothing else. Waits for it, at most
 * NOTIFY_PROGRAM_SECONDS: a parent that has other work forks first. */
enum { NOTIFY_PROGRAM_SECONDS = 60 };
int notify_run_program(const struct notify_channel *c, struct slice body, struct err *e);

#endif
