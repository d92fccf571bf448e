/* notify.h - telling people and machines: mail, webhook, syslog/CEF, a command; grouped, rate-limited, with quiet hours.
 *
 * The engine writes what is to be told into the store's outbox, in the transaction that changed the incident (notify_queue). A process of
 * its own sends (notify_step): webhooks and syslog itself, mail and commands through the privileged parent, which alone may start programs
 * (notify_run_fn). At least once: a message has the same id always, an attempt that may have got through is marked as a repeat.
 *
 * Threads: one.
 */
#ifndef POSTERN_NOTIFY_H
#define POSTERN_NOTIFY_H

#include "core/core.h"
#include "incident/incident.h"
#include "org/org.h"
#include "store/store.h"
#include "yaml/yaml.h"

enum notify_kind { NOTIFY_MAIL, NOTIFY_WEBHOOK, NOTIFY_SYSLOG, NOTIFY_COMMAND };
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
};
struct notify_config {
	struct notify_channel *channels; size_t nchannels;
	nstime group;                        /* updates of one incident within are told together (a new stage or level is told at once) */
	unsigned most_per_hour;              /* per channel; what is over is told in one summary */
	struct org_window *quiet; size_t nquiet; /* critical is told all the same */
	unsigned attempts;                   /* before a message is dead; default 12 */
	nstime first_wait, longest_wait;     /* backoff, doubling, with jitter */
};
int notify_config_read(const struct node *n, const char *file, struct arena *mem, struct notify_config *out, struct err *e);

/* What changed in an incident since it was told last. */
struct notify_change {
	const struct incident *incident;
	const char *id;                      /* the id it is kept under (may differ from incident->id) */
	bool fresh, level_rose, stage_reached, more; /* more: only more of the same */
	const char *status;                  /* "open", "closed" ... */
};
/* Engine: messages for every channel that wants it, ids stable for the same incident, level and stages. *queued: how many. */
int notify_queue(struct store *s, const struct notify_config *c, const struct org *org, const struct notify_change *x, nstime now, unsigned *queued, struct err *e);
/* A message of Postern's own (a source is silent, disk is short): key makes the id. */
int notify_queue_notice(struct store *s, const struct notify_config *c, enum level level, struct slice key, struct slice title, struct slice text, nstime now, struct err *e);

/* Starts a program of a channel (mail, command) with the body on its standard input: done by the parent. 0, or ERR_* with *e. */
typedef int notify_run_fn(void *arg, const struct notify_channel *c, struct slice body, struct err *e);
struct notifier;
struct notifier *notifier_new(struct store *s, const struct notify_config *c, const struct org *org, notify_run_fn *run, void *arg, struct err *e);
void notifier_free(struct notifier *n);
/* Sends what is due; *next: when to come again (nanoseconds since the epoch), NSTIME_NONE: only when there is something new. */
int notifier_step(struct notifier *n, nstime now, nstime *next, struct err *e);
/* Parent: builds argv and runs sendmail or the command of a channel that is in the configuration; nothing else. */
int notify_run_program(const struct notify_channel *c, struct slice body, struct err *e);

#endif
