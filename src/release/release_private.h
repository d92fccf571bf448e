/* release_private.h - what the files of room release share. */
#ifndef POSTERN_RELEASE_PRIVATE_H
#define POSTERN_RELEASE_PRIVATE_H

#include "release/release.h"

/* ---- quarantine ---------------------------------------------------------------------------------------------------------- */
enum { RELEASE_ENTRY_ROOM = 64 };
struct release_quarantine {
	int dir;
};
/* For who moves files into it, alone until release_quarantine_close(): what an interrupted move left (parts of copies, records without a file)
 * is removed. ERR_DUP: somebody else does. */
int release_quarantine_own(struct release_quarantine *q, struct err *e);
/* ID.SUFFIX */
void release_entry_name(char out[static RELEASE_ENTRY_ROOM], const char *id, const char *suffix);
bool release_is_id(const char *id);
int release_read_record(struct release_quarantine *q, const char *id, struct buf *out, struct err *e);
/* A copy under a new name in another folder, on the disk when it returns; no part of it is left after an error. */
int release_copy_across(int from_dir, const char *from, int to_dir, const char *to, struct err *e);
/* %XX undone, in a. */
bool release_unword(struct slice word, struct arena *a, size_t most, struct slice *out);

/* release_judge() of a file that lies elsewhere (entry in kept) as if it were name in dir. */
void release_judge_kept(const struct release_list *l, int kept, const char *entry, int dir, struct slice folder, const char *name, nstime now,
	struct release_judgement *out);

/* ---- notices: fanotify or inotify, on folders -------------------------------------------------------------------------------- */
enum notice_kind { NOTICE_FILE, NOTICE_WRITTEN /* and not closed yet */, NOTICE_FOLDER /* a new one */, NOTICE_LOST /* the queue ran over */ };
struct notice {
	enum notice_kind kind;
	uint32_t folder;                   /* number given by notices_add() */
	int32_t pid;                       /* 0 not known */
	char name[RELEASE_NAME_MAX + 1];
};
struct notices;
struct notices *notices_open(bool no_fanotify, struct err *e);
void notices_close(struct notices *n);
int notices_fd(const struct notices *n);
bool notices_name_who(const struct notices *n); /* fanotify: events tell the process */
/* The folder behind dir (not O_PATH) is looked at from now on; one that is already keeps its number: *number is what events say then. `wanted` is given to
 * a new one. */
int notices_add(struct notices *n, int dir, uint32_t wanted, uint32_t *number, struct err *e);
typedef void notice_fn(void *arg, const struct notice *x);
/* Everything that waits. */
int notices_read(struct notices *n, notice_fn *fn, void *arg, struct err *e);

#endif
