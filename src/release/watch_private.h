/* watch_private.h - what watch.c (folders, events) and act.c (one file) share. */
#ifndef POSTERN_RELEASE_WATCH_PRIVATE_H
#define POSTERN_RELEASE_WATCH_PRIVATE_H

#include "release/release_private.h"

enum { PENDING_MAX = 1000, KNOWN_MAX = 100000, RETRY_SECONDS = 60 };

struct folder {
	int dir;
	char *path;
};
/* A file that cannot be judged for good yet: somebody writes to it, or it could not be moved. */
struct pending {
	uint32_t folder;
	char name[RELEASE_NAME_MAX + 1];
	nstime since, next;                /* of the monotonic clock */
	struct release_who who;
};
struct watching {
	struct release_watch *w;
	struct release_list list;
	struct notices *notices;
	struct release_quarantine *quarantine;
	struct { struct folder *v; size_t n, cap; } folders;
	struct { struct pending *v; size_t n, cap; } pending;
	struct lru *known;                 /* device and inode of files that were released */
	struct lru *who;                   /* process -> struct release_who, asked while it still ran */
	bool scanning;                     /* what lay there already, not what an event is about */
	bool rescan;
	size_t files;
	nstime looked;                     /* monotonic, the last rescan */
};
nstime watch_now(bool monotonic);
/* Judges an entry and does what follows. pid 0: not known. */
void watch_file(struct watching *x, uint32_t folder, const char *name, int32_t pid);
/* An entry is being written to. */
void watch_written(struct watching *x, uint32_t folder, const char *name, int32_t pid);
/* Those whose time has come. */
void watch_pending(struct watching *x);
void watch_say(struct watching *x, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
