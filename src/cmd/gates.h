/* gates.h - private to room cmd: commands that read or change the gate's model. */
#ifndef POSTERN_CMD_GATES_H
#define POSTERN_CMD_GATES_H

#include "cmd/cmd.h"
#include "gate/gate.h"
#include "watch/watch.h"

#define GATES_OPTIONS                                                                                                  \
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state (default $POSTERN_STATE, then /var/lib/postern)"},   \
	{"config", 'c', OPT_TEXT, "FILE", "settings (default: postern.yaml in $POSTERN_CONFIG, then /etc/postern)"},    \
	{"format", 'f', OPT_CHOICE, "text|json", "how to print (default text)"}

struct gates {
	const struct args *a;
	char folder[4096], file[4096];
	char who[64];               /* the actor */
	struct gate gate;
	struct watch_config config; /* of postern.yaml */
	struct zone *zone;          /* of --zone, else the configuration's; NULL: UTC */
	bool json;
	int syslog;                 /* -1: none */
	struct arena mem;
};
struct gates_verb {
	const char *name, *words;
	size_t least, most;         /* operands behind the verb */
	enum vault_mode mode;
	int (*run)(struct gates *g, const struct args *a);
	bool opens;                 /* lets more in: not for who goes through the gate. What closes is for everybody, also when nothing can be looked up */
};
/* Finds the verb, opens the gate's state as it asks, runs it, closes. An exit code. */
int gates_run(const struct args *a, const struct gates_verb *verbs, size_t n);
/* A message, and the exit code that says which kind: 1 refused by the rules, 2 usage, 3 the state. */
int gates_failed(const struct err *e);
/* Done: a line for people (format and arguments), nothing with --format json. */
int gates_done(const struct gates *g, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A moment: "2026-11-30", "2026-11-30T14:00", with Z, +01:00 or g->zone; or a span from now: "90m", "8h", "7d". end: a day means its end. */
bool gates_time(const struct gates *g, const char *text, bool end, nstime *out);
/* All values of an option that may be given several times; in g->mem. */
struct slice *gates_list(struct gates *g, const char *option, size_t *n);
struct slice gates_text(const struct args *a, const char *option);
nstime gates_now(void);
void gates_json(struct buf *b, const char *name, struct slice value);   /* ,"name":"value" */
void gates_json_time(struct buf *b, const char *name, nstime t);        /* null when there is none */
/* When an emergency was declared: a message through every channel of watch, as far as there is one. */
void gates_tell_emergency(struct gates *g, const struct gate_grant *x);

/* The user who acts: who logged in, as the kernel has kept it; else whom sudo names (only where sudo can have spoken); else who runs this. False after a
 * message. */
bool gates_actor(char *out, size_t n);

/* The gate as the responses see it: opened for each deed, so that nothing of it is open in processes that parse. `who` and the struct live as long
 * as *out is used. */
struct gate_responder {
	char db[4096], log[4096];
	const char *who;
};
/* False: the folder's name is too long. */
bool gate_responder(struct gate_responder *r, const char *state, const char *who, struct respond_gate *out);

int grant_request(struct gates *g, const struct args *a);
int grant_emergency(struct gates *g, const struct args *a);
int grant_extend(struct gates *g, const struct args *a);
int grant_list(struct gates *g, const struct args *a);
int grant_show(struct gates *g, const struct args *a);
int grant_explain(struct gates *g, const struct args *a);

#endif
