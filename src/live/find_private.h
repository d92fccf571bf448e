/* find_private.h - what find.c, walk.c and tell.c share.
 *
 *      find.c  life, inotify, one step      walk.c  patterns and folders to names      tell.c  names to files: order, open, tell
 */
#ifndef POSTERN_LIVE_FIND_PRIVATE_H
#define POSTERN_LIVE_FIND_PRIVATE_H

#include <sys/stat.h>

#include "live/live_private.h"

enum {
	DIRS_MAX = 32768,
	FILES_MAX = 4 * LIVE_FOLLOW_MAX,
	PART_ALL = UINT16_MAX, /* behind the pattern: everything below */
	NONE = UINT32_MAX,
};
struct name_entry {
	char *name;
	uint32_t file;
};
/* A folder that is looked into. One that several configured paths lead to is there several times. */
struct dir {
	char *path;            /* NULL: free slot */
	size_t npath;
	uint64_t dev, ino;
	int wd;                /* -1: no watch left; full walks look into it */
	uint32_t next;         /* with the same watch */
	uint32_t root;
	uint16_t part;         /* component of the root's pattern that its names have to match */
	unsigned depth;
	bool dirty;
	uint64_t walked, scanned; /* steps: met by a full walk, looked into */
	struct { struct name_entry *v; size_t n, cap; } names; /* files only, sorted */
};
enum file_state { FILE_WAITS /* empty, or being written under a rotated name */, FILE_FOUND, FILE_REFUSED };
struct file {
	uint32_t number;       /* 0: free slot */
	enum file_state state;
	uint32_t dir;
	char *name, *path, *set, *host;
	uint64_t dev, ino, size, refused_at;
	nstime mtime;
	unsigned order;
	bool packed, records, spool, link;
	bool closed;           /* its writer closed it since */
	bool made;             /* was only being made when it was looked at last */
	bool grew, changed;    /* to be told */
	uint64_t seen;         /* step in which it had its name */
	uint32_t other_dir;    /* another name that was met, */
	char *other;
	bool other_link;
	uint64_t other_seen;   /* in this step */
	int wd;                /* behind a link: of the file itself; -1 */
};
/* A name that was closed, or moved in whole, before it was known. */
struct closed_name {
	uint32_t dir;
	char *name;
};
#define FINDER_FIRST (6 * NS_SEC) /* after the start: older files that are only just being made are waited for, but not longer */

struct root {
	struct slice *parts;   /* components */
	size_t n;
	bool spool;
};
struct live_finder {
	struct live_finder_calls calls;
	struct arena mem;
	struct { struct root *v; size_t n, cap; } roots;
	struct { struct dir *v; size_t n, cap; } dirs;
	struct { struct file *v; size_t n, cap; } files;
	struct { uint32_t *v; size_t n, cap; } free_files, free_dirs;
	struct lru *by_inode;  /* dev, ino -> index of a file */
	struct lru *dir_key;   /* dev, ino, root, part -> index of a folder */
	struct lru *dir_watch; /* wd -> first folder */
	struct lru *file_watch; /* wd -> file */
	struct lru *told;      /* problems */
	int fd;
	uint32_t next_number;
	uint64_t step;
	nstime rest;           /* what is being made under a rotated name is left alone until it was quiet so long; wall clock */
	nstime tried;          /* when waiting files were looked at last, monotonic */
	nstime began;          /* monotonic */
	struct { uint32_t *v; size_t n, cap; } grown;
	struct { struct closed_name *v; size_t n, cap; } closed;
	bool full, waiting, scanned /* any folder, in this step */;
};
void file_grew(struct live_finder *f, uint32_t file);

void find_problem(struct live_finder *f, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* All roots anew. */
void walk_all(struct live_finder *f);
/* One folder anew, when it is still the one it was. */
void walk_dir(struct live_finder *f, uint32_t dir);
void dir_remove(struct live_finder *f, uint32_t dir);
/* Settle who has which name after the folders were looked into, and tell. */
void tell_all(struct live_finder *f);
void file_remove(struct live_finder *f, uint32_t file);
/* Open a folder by its path and make sure that it is the one it was; -1. */
int dir_open(struct live_finder *f, const struct dir *d);
nstime finder_clock(void); /* monotonic */
struct key inode_key(uint64_t dev, uint64_t ino, uint32_t a, uint32_t b);
struct slice wd_key(const int *wd);
nstime mtime_of(const struct stat *st);

#endif
