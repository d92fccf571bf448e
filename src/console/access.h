/* access.h - private to room console: provider access as broker and pages know it: the picture of the gate and sessions on their way from one to the other, and what other pages
 * use of it (access_counts, access_waiting, access_suspend_form, access_search).
 *
 * Threads: none shared.  Errors: ERR_* with *e, whose text is for the person.
 */
#ifndef POSTERN_CONSOLE_ACCESS_H
#define POSTERN_CONSOLE_ACCESS_H

#include "console/page.h"

/* ---- on the way: written by the broker, read by the web process like hostile input (access_wire.c) ------------------------------------------------ */
enum { ACCESS_GRANTS = 5000 /* what waits or holds, then the newest; others are left out */, ACCESS_LIVE = 2000, ACCESS_WORDS = 500 };
struct access_gate {
	struct gate_policy policy;     /* arrays and texts in the arena of who read it: not for gate_policy_free(). No zones are loaded */
	uint64_t left_out;             /* grants */
	struct session *live; size_t nlive;
	struct gate_word *words; size_t nwords; /* of the grant that was asked about */
};
void access_gate_write(struct buf *b, const struct access_gate *x);
/* Texts borrow from bytes. ERR_SYNTAX: it is no such picture. */
int access_gate_read(struct slice bytes, struct arena *mem, struct access_gate *out, struct err *e);
/* Does all of it fit on the way? What is cut is not what would be approved. */
bool access_whole(const struct gate_grant *x);
struct access_sessions {
	uint64_t total;
	struct session *v; size_t n;
};
void access_sessions_write(struct buf *b, const struct access_sessions *x);
int access_sessions_read(struct slice bytes, struct arena *mem, struct access_sessions *out, struct err *e);
/* With texts of their own, in mem. */
struct session access_session_keep(struct arena *mem, const struct session *s);

/* ---- what holds now (access_rules.c) ------------------------------------------------------------------------------------------------------------------ */
enum access_standing { STANDING_REQUESTED, STANDING_CHANGED, STANDING_COMING, STANDING_OPEN, STANDING_ENDED, STANDING_LAPSED, STANDING_REFUSED, STANDING_REVOKED, STANDING_COUNT };
enum access_standing access_standing(const struct gate_grant *x, nstime now);
extern const enum text access_standing_texts[STANDING_COUNT];
/* A decision is wanted: about the grant, or about its longer end. */
bool access_waits(const struct gate_grant *x, nstime now);
/* No networks, or one that is all of them. */
bool access_anywhere(const struct gate_grant *x);
/* Who looks at it or decides: a console user, who may be somebody with other names in org.yaml. */
struct access_actor {
	struct slice name, mail;
	const struct org *org;
	const struct gate_settings *settings;
};
/* Nobody of a provider, as the gate and org.yaml know names, accounts and mail addresses? TX_NONE, or why not. */
enum text access_outsider(const struct gate_policy *p, const struct access_actor *who, nstime now);
/* Why this one does not approve this grant; TX_NONE: may. The gate checks its own rules once more. */
enum text access_objection(const struct gate_policy *p, const struct gate_grant *x, const struct access_actor *who, nstime now);
struct access_actor access_me(const struct request *q);
const struct gate_grant *access_grant(const struct access_gate *g, struct slice id);
const struct gate_person *access_person(const struct access_gate *g, struct slice id);
const struct gate_provider *access_provider(const struct access_gate *g, struct slice id);
/* Of whom the grant is: the provider's id. */
struct slice access_grant_provider(const struct access_gate *g, const struct gate_grant *x);

/* ---- what is not as it was before (access_unusual.c) --------------------------------------------------------------------------------------------------- */
struct access_odd {
	enum text text;                /* with %s when value is not empty */
	struct slice value;
	bool loud;                     /* also without a comparison */
};
enum { ACCESS_ODD = 24 };
/* Compared with earlier grants of the same provider that were approved. Values in q->mem. */
size_t access_unusual(const struct request *q, const struct access_gate *g, const struct gate_grant *x, struct access_odd out[static ACCESS_ODD]);

/* ---- for other pages ------------------------------------------------------------------------------------------------------------------------------------- */
enum { ACCESS_ROLES = ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR };
/* The gate as it is now; grant: whose words are wanted, SLICE_NONE none. ERR_NOENT: there is no gate on this machine. */
int access_load(struct request *q, struct slice grant, struct access_gate *out, struct err *e);
struct access_counts {
	bool gate;                     /* there is one, and who asks may see it */
	uint64_t waiting, open, live, suspended; /* requests and extensions; grants; sessions; providers */
};
void access_counts(struct request *q, struct access_counts *out);
/* Decisions that wait for who asks: not about what that one asked for. 0 with *n 0 also when there is no gate, or no role to decide. */
int access_waiting(struct request *q, uint64_t *n);
/* A form that suspends the provider with a reason. Nothing is written for who may not, or when the gate does not know the provider; said so when it is suspended. */
void access_suspend_form(struct request *q, struct buf *b, struct slice provider);
struct access_hit {
	enum text kind;                /* TX_ACCESS_KIND_* */
	const char *path;              /* "/access/grants/", to go before html_path(part) */
	struct slice part, text, more; /* id; a line about it, hostile */
	nstime time;                   /* NSTIME_NONE none */
};
typedef int access_hit_fn(void *arg, const struct access_hit *h);
/* Providers, persons, grants and sessions in which the words stand; at most `most`. Nothing for who may not see them. */
int access_search(struct request *q, struct slice words, size_t most, access_hit_fn *fn, void *arg, struct err *e);

/* ---- pieces of pages (access_html.c) ------------------------------------------------------------------------------------------------------------------------ */
void access_html_grant_whom(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x); /* person of provider, or everybody of it */
void access_html_standing(const struct request *q, struct buf *b, const struct gate_grant *x);
void access_html_hours(const struct request *q, struct buf *b, const struct gate_grant *x);
void access_source_text(const struct cidr *c, char *out, size_t n);
void access_window_text(const struct request *q, struct buf *b, const struct gate_window *w); /* plain text in the reader's language */
void access_html_link(struct buf *b, const char *path, struct slice part, struct slice text);
/* <dt>label</dt><dd>value</dd>; nothing when value is empty. */
void access_html_fact(const struct request *q, struct buf *b, enum text label, struct slice value);
/* A form with a field for a reason and a button. id: of the field, unique on the page. */
void access_html_reason(const struct request *q, struct buf *b, const char *path, struct slice part, enum text button, struct slice id);
void access_html_sessions(const struct request *q, struct buf *b, const struct session *v, size_t n, enum text caption, bool live);
void access_html_grants(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *const *v, size_t n, enum text caption);
enum text access_kind_text(enum gate_kind k);

#endif
