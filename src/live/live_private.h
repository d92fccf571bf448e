/* live_private.h - what the files of this folder share; nobody else includes it.
 *
 *      config.c  sources: of postern.yaml        find.c    folders, watches        walk.c    patterns, folders to files
 *      decide.c  known again?                    tail.c    one file                follow.c, table.c  all of them
 *      bind.c    sockets    receive.c  their events    frame.c  bytes to lines    tls.c  GnuTLS    spool.c  lines to segments
 *      journal.c sd-journal to lines
 */
#ifndef POSTERN_LIVE_PRIVATE_H
#define POSTERN_LIVE_PRIVATE_H

#include "live/live.h"

/* "127.0.0.1:5514", "[::1]:6514"; false when it is anything else. v6: in brackets. */
bool live_address(struct slice text, struct ip *ip, uint16_t *port, bool *v6);

/* Before the first read, or of a plain file: go on there. */
void live_tail_seek(struct live_tail *t, uint64_t offset);
/* Of a plain file: back to the beginning of the line it stands in. */
void live_tail_align(struct live_tail *t);
/* Are they plain, and begins a with all that is in b? By its first and last bytes. */
bool live_tail_extends(const struct live_tail *a, const struct live_tail *b);

/* ---- follow ---------------------------------------------------------------------------------------------------------- */
enum item_state {
	ITEM_ACTIVE,   /* read */
	ITEM_PARKED,   /* a copy of what is read under another inode */
	ITEM_FINISHED, /* nothing more to read; still has a name */
};
struct item {
	uint32_t file, source, stream;
	enum item_state state;
	char *path, *host;
	size_t npath, nhost;
	unsigned order;
	nstime mtime, grown;    /* grown: when bytes were seen last, monotonic */
	uint64_t dev, ino;
	struct live_tail *tail;
	bool packed, records, spool;
	bool gone, dirty, fresh /* told to have grown */, begun /* a block was given out */, waits /* for its last line, or its end */;
	uint64_t expect;        /* nothing was read yet, but a copy waits for it: hash of the first expect_bytes it had then */
	uint32_t expect_bytes;
	struct err *why;        /* could not be opened: told by the next read */
};
struct stream_items {
	uint32_t *v;            /* indexes into items, oldest first */
	size_t n, cap;
};
struct live_follow {
	struct { struct live_known *v; size_t n, cap; } known; /* by id; texts are owned */
	struct { struct item *v; size_t n, cap; } items;       /* freed slots have no path */
	struct { struct stream_items *v; size_t n, cap; } streams; /* by number in sets */
	struct { uint32_t *v; size_t n, cap; } by_file;        /* number of a file to index + 1 into items */
	struct { struct live_spent *v; size_t n, cap; } spent;
	struct strtab *sets;
	uint32_t next_id;
	size_t open;
	bool first, history, settled;
	nstime quiet;
};
struct live_known *known_find(struct live_follow *f, uint32_t id);
/* A new entry for an item. */
struct live_known *known_add(struct live_follow *f, const struct item *it);
/* Its file is this one now. */
void known_attach(struct live_follow *f, struct live_known *k, const struct item *it);
/* Takes over how far the tail is; b: what it gave last, or NULL. The head is of bytes that were read, never of others: what was not read
 * cannot be known again. */
void known_read(struct live_known *k, struct live_tail *t, const struct block *b);
/* Forget what no file was seen of for long. */
void known_prune(struct live_follow *f);
struct slice stream_set_name(const struct live_follow *f, uint32_t stream);

#endif
