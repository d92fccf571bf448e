/* sigma.h - Sigma rules (specification 2.1): read, compile, judge events, correlate, filter.
 *
 * Life:    sigma_new, sigma_add_* (any number), sigma_seal once; then the set is read-only. A sigma_ctx per thread holds the
 *          scratch of one event; a sigma_state per stream of time-ordered matches holds the memory of correlations.
 * Judging: sigma_event_*() lays the event at hand into the context, sigma_judge() reports the rules that match it.
 * Threads: a sealed set may be shared; contexts and states may not.
 * Errors:  a document that cannot be used is a problem with file:line:column in the set's list; the others load all the same.
 * Memory:  building allocates; judging does not, once its scratch has grown to the size of the largest event.
 */
#ifndef POSTERN_SIGMA_H
#define POSTERN_SIGMA_H

#include "core/core.h"
#include "event/event.h"

enum sigma_kind { SIGMA_RULE, SIGMA_CORRELATION, SIGMA_FILTER };
struct sigma_logsource {
	struct slice product, category, service; /* empty: not set */
};
/* A reference field, a tag ... */
struct sigma_texts {
	const struct slice *v;
	size_t n;
};
struct sigma_rule {
	enum sigma_kind kind;
	uint32_t number;               /* index in the set */
	struct slice id;               /* UUID, or empty */
	struct slice name, title, description, author, status, license, date, modified;
	enum level level;
	struct sigma_texts tags, references, falsepositives, fields;
	struct sigma_logsource logsource;
	struct slice definition;       /* what must be logged for the rule to fire */
	const char *file;
	int line;                      /* of its document */
	bool silent;                   /* base of a correlation that does not say generate: true */
	const char *const *techniques; /* ATT&CK technique ids of its tags, NULL-terminated */
};

enum sigma_severity { SIGMA_ERROR, SIGMA_WARNING };
struct sigma_problem {
	enum sigma_severity severity;
	struct err err;                /* where:line:column: text */
	uint32_t rule;                 /* UINT32_MAX: no rule came of the document */
};

struct sigma_placeholder {
	struct slice name;
	const struct slice *values;    /* may hold wildcards */
	size_t n;
};
struct sigma_options {
	const struct sigma_placeholder *placeholders;
	size_t nplaceholders;
	bool no_prefilter;             /* judge every rule of the log source: the oracle of the prefilter */
	/* Which rules are wanted; NULL: all. Asked before compiling. */
	bool (*wanted)(void *arg, const struct sigma_rule *r);
	void *arg;
};

struct sigma_set;
struct sigma_set *sigma_new(const struct sigma_options *opt);
void sigma_free(struct sigma_set *s);
/* All documents of one file's text; the text is borrowed for the call. What is wrong goes to the list of problems. */
void sigma_add_text(struct sigma_set *s, struct slice yaml, const char *file);
/* A file, or a folder with its *.yml and *.yaml, in order of name. ERR_NOENT, ERR_IO for the path itself; files within that
 * cannot be read are problems. */
int sigma_add_path(struct sigma_set *s, const char *path, struct err *e);
/* Field names of the user's logs: name in the log -> name in rules (YAML: `mapping: {source: target, ...}`). */
int sigma_add_mapping(struct sigma_set *s, struct slice yaml, const char *file, struct err *e);
/* Values of placeholders (YAML: `values: {name: [a, b]}`), before the rules that use them. */
int sigma_add_values(struct sigma_set *s, struct slice yaml, const char *file, struct err *e);
/* Join filters and correlations with their rules, compile. Only ERR_NOMEM and ERR_LIMIT. */
int sigma_seal(struct sigma_set *s, struct err *e);

size_t sigma_count(const struct sigma_set *s);
const struct sigma_rule *sigma_get(const struct sigma_set *s, size_t i);
/* By id, name or title; NULL. */
const struct sigma_rule *sigma_find(const struct sigma_set *s, struct slice what);
size_t sigma_problem_count(const struct sigma_set *s);
const struct sigma_problem *sigma_problem_get(const struct sigma_set *s, size_t i);
size_t sigma_file_count(const struct sigma_set *s);

/* ---- judging ------------------------------------------------------------------------------------------------- */
struct sigma_ctx;
struct sigma_ctx *sigma_ctx_new(const struct sigma_set *s); /* NULL: out of memory, or not sealed */
void sigma_ctx_free(struct sigma_ctx *c);
/* Searches of regular expressions that were given up at a limit, and count as no match. */
uint64_t sigma_given_up(const struct sigma_ctx *c);
/* A decoded event (borrowed until the next sigma_event_*). Returns false when no rule's log source fits: nothing to judge. */
bool sigma_event(struct sigma_ctx *c, const struct event *e);
/* One JSON object. log source NULL: told from the object. ERR_SYNTAX, ERR_LIMIT. */
int sigma_event_json(struct sigma_ctx *c, struct slice json, const struct sigma_logsource *from);

/* Why an item of a rule matched: one of the values it looked at. */
struct sigma_match {
	struct slice selection, field, value;
};
typedef void sigma_hit_fn(void *arg, const struct sigma_rule *r);
/* Every rule that matches the event at hand, each once, in order of their numbers. */
void sigma_judge(struct sigma_ctx *c, sigma_hit_fn *fn, void *arg);
/* sigma_event() and sigma_judge() in one, quicker for audit events like such for which no rule held. What sigma_event() returns. Only rules that are
 * told may be asked for their reasons afterwards. */
bool sigma_judge_event(struct sigma_ctx *c, const struct event *e, sigma_hit_fn *fn, void *arg);
/* Is it known that no rule holds for the audit record? e may be no more than its raw line, flags, action, dataset, type and pairs. */
bool sigma_knows_dull(struct sigma_ctx *c, const struct event *e);
/* Does no rule hold for the whole event? False also of events that are read by more than values and pairs: those are not judged here. */
bool sigma_judge_dull(struct sigma_ctx *c, const struct event *e);
/* How often the rule was evaluated: what the indexes let through, its cost. */
uint64_t sigma_looks(const struct sigma_ctx *c, const struct sigma_rule *r);
/* Does this one rule match the event at hand, whatever its log source? */
bool sigma_matches(struct sigma_ctx *c, const struct sigma_rule *r);
/* Which values made it match: at most max, as they were found. */
size_t sigma_why(struct sigma_ctx *c, const struct sigma_rule *r, struct sigma_match *out, size_t max);
/* The condition as a tree of lines: what held, what did not, and the value that was there. */
void sigma_explain(struct sigma_ctx *c, const struct sigma_rule *r, struct buf *out);

/* From now on note which log sources occur, and look at every event, marked or not (slow: for telling what rules would see). */
void sigma_watch(struct sigma_ctx *c);
/* Did an event come that the rule's log source does not contradict? */
bool sigma_saw(const struct sigma_ctx *c, const struct sigma_rule *r);
/* Is the rule's log source one that events of our decoders can have (or JSON of a kind we tell)? */
bool sigma_source_known(const struct sigma_rule *r);
/* Actions whose events rules of the set look at. */
void sigma_wants(const struct sigma_set *s, struct interest *want);
/* Do rules look at every audit record by itself? */
bool sigma_wants_records(const struct sigma_set *s);
/* Does one ask for a field of such a record under our own name (auditd.data.*)? The keys' own names are read from the raw text. */
bool sigma_wants_record_fields(const struct sigma_set *s);

/* Lines of text worth decoding: those in which a rule's witness occurs. Rules of text logs (services of syslog, web servers, proxies)
 * are judged on marked lines only; that is sound, because their fields are pieces of the line as it is, or percent-decoded, and
 * a line with an escape is marked in any case. One marker per thread. */
struct sigma_marker;
struct sigma_marker *sigma_marker_new(const struct sigma_set *s); /* NULL: nothing to mark */
void sigma_marker_free(struct sigma_marker *m);
struct sigma_marks {
	uint32_t *v; /* offsets within marked lines, ascending */
	size_t n, cap;
};
void sigma_mark(struct sigma_marker *m, struct slice block, struct sigma_marks *out);

/* ---- correlations -------------------------------------------------------------------------------------------- */
struct sigma_state;
struct sigma_state *sigma_state_new(const struct sigma_set *s);
void sigma_state_free(struct sigma_state *st);
/* What correlations remember, by rule id or title, to bytes and back. Returns how many rules' memory was left out (rules that changed). */
void sigma_state_save(struct sigma_state *st, struct buf *b);
unsigned sigma_state_load(struct sigma_state *st, struct wire *w);
/* A rule matched the event at hand of c at time t: its correlations are told; those whose condition became true are
 * reported with the matches counted and the group's values. Times may step back within the disorder of the logs. */
struct sigma_correlated {
	const struct sigma_rule *rule;
	uint64_t count;
	struct slice group;   /* "user=alice, host=web1" */
	nstime first;
};
typedef void sigma_correlated_fn(void *arg, const struct sigma_correlated *hit);
void sigma_correlate(struct sigma_state *st, struct sigma_ctx *c, const struct sigma_rule *r, nstime t, sigma_correlated_fn *fn, void *arg);
bool sigma_is_correlated(const struct sigma_set *s, const struct sigma_rule *r);

/* ---- samples: events of which it is known whether a rule matches --------------------------------------------- */
/* One JSON object a line: {"match": bool, "why": text, "event": {...}} or "events": [{"ts": seconds, ...}], optional "logsource"
 * and "placeholders"; "fires": [ids] that must match; "rule": YAML of its own, else the rules of the set; "invalid": true for rules that must be refused, with "says": a
 * word of the message. fn hears of each; returns how many lines were no samples. */
struct sigma_sample {
	const char *file;
	int line;
	struct slice name, why;
	bool passed;
	uint64_t others; /* with "fires": matches of other rules */
	char text[600];  /* what went wrong */
};
typedef void sigma_sample_fn(void *arg, const struct sigma_sample *s);
size_t sigma_samples(const struct sigma_set *set, struct slice jsonl, const char *file, bool no_prefilter, sigma_sample_fn *fn, void *arg);

#endif
