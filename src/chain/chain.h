/* chain.h - the audit log: JSON lines, each with the SHA-256 of the one before.
 *
 * A record is one line: {"seq":N,"prev":"64 hex digits","time":...,"actor":...,"action":...,"object":...,"outcome":...,"detail":...}.
 * "prev" is the SHA-256 of the whole line before, without its newline; zeros in the first. The newest number and hash also stand in
 * FILE.head, so that a cut end shows, and every so many records go out as an anchor to somewhere an intruder does not reach.
 *
 * Life:    chain_open(), chain_append() as often as something happens, chain_close().
 * Threads: one at a time per struct; several processes may append to one file (flock(2)), also
 *          children with the struct of their parent.
 * Errors:  an append returns only when the record is on the disk. A torn record (power cut) stays, and the next one names its
 *          hash, so that it is told from tampering.
 */
#ifndef POSTERN_CHAIN_H
#define POSTERN_CHAIN_H

#include "core/core.h"

enum { CHAIN_RECORD_MAX = 32 << 10, CHAIN_HASH = 32, CHAIN_ANCHOR_EVERY = 100 };

/* Where anchors go (syslog): text is "anchor seq=N sha256=HEX". */
typedef void chain_anchor_fn(void *arg, const char *text);

struct chain_record {
	nstime time;
	struct slice actor;   /* who: "root", "postern watch" */
	struct slice action;  /* what: "incident-closed" */
	struct slice object;  /* to what */
	struct slice outcome; /* "success", "failure", "dry-run" */
	struct slice detail;  /* free text; may be empty */
};

struct chain;
/* NULL with *e. Makes the file (mode 0600) when it is not there; refuses symbolic links. anchor may be NULL. */
struct chain *chain_open(const char *path, chain_anchor_fn *anchor, void *arg, struct err *e);
/* Sends a last anchor when records were added. */
void chain_close(struct chain *c);
int chain_append(struct chain *c, const struct chain_record *r, struct err *e);
/* SHA-256 in hex digits. */
void chain_sha256(struct slice bytes, char hex[static 2 * CHAIN_HASH + 1]);

/* ---- verifying ---------------------------------------------------------------------------------------------------- */
struct chain_problem {
	uint64_t line, offset; /* from 1; of the line's first byte */
	const char *text;      /* a sentence */
};
struct chain_report {
	uint64_t records, torn, anchors; /* anchors: compared */
	uint64_t problems;
	char hash[2 * CHAIN_HASH + 1];   /* of the newest record */
};
typedef void chain_problem_fn(void *arg, const struct chain_problem *p);
/* Reads the whole file, its .head, and the anchors found anywhere in `anchors` (may be empty). 0 also when there are problems: they
 * are counted and told. ERR_* only when the file cannot be read. */
int chain_verify(const char *path, struct slice anchors, chain_problem_fn *tell, void *arg, struct chain_report *out, struct err *e);

#endif
