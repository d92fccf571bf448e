/* protocol.c - the bodies of messages between the processes. The parent reads what the engine writes as it reads any stranger's bytes. */
#include "watch/watch_private.h"

#include <stdio.h>
#include <time.h>

enum { FILE_PACKED = 1, FILE_RECORDS = 2, FILE_SPOOL = 4, ACTION_TEXT_MOST = 14 << 10 };

int64_t mono_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_SEC + t.tv_nsec;
}

nstime wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
}

void message_file(struct buf *b, uint32_t number, const struct live_file *f)
{
	buf_u32(b, number);
	buf_u64(b, f->dev);
	buf_u64(b, f->ino);
	buf_u64(b, f->size);
	buf_u64(b, (uint64_t)f->mtime);
	buf_u32(b, f->order);
	buf_u32(b, (f->packed ? FILE_PACKED : 0u) | (f->records ? FILE_RECORDS : 0u) | (f->spool ? FILE_SPOOL : 0u));
	buf_sized(b, f->path);
	buf_sized(b, f->set);
	buf_sized(b, f->host);
}

bool message_file_read(struct slice body, uint32_t *number, struct live_file *f)
{
	struct wire w = wire_of(body);
	*number = wire_u32(&w);
	*f = (struct live_file){.dev = wire_u64(&w)}; /* one at a time: initialisers have no order */
	f->ino = wire_u64(&w);
	f->size = wire_u64(&w);
	f->mtime = (nstime)wire_u64(&w);
	f->order = wire_u32(&w);
	uint32_t flags = wire_u32(&w);
	f->packed = flags & FILE_PACKED;
	f->records = flags & FILE_RECORDS;
	f->spool = flags & FILE_SPOOL;
	f->path = wire_sized(&w);
	f->set = wire_sized(&w);
	f->host = wire_sized(&w);
	return !w.bad && *number;
}

void message_action(struct buf *b, const struct store_action *a)
{
	buf_sized(b, slice_of(a->id));
	buf_sized(b, slice_of(a->incident));
	buf_sized(b, a->kind);
	buf_sized(b, a->target);
	buf_u32(b, a->state);
	buf_u32(b, a->dry_run);
	buf_u32(b, a->attempts);
	buf_u64(b, (uint64_t)a->created);
	buf_u64(b, (uint64_t)a->until);
	buf_u64(b, (uint64_t)a->done);
	buf_sized(b, slice_to(a->result, ACTION_TEXT_MOST));
	buf_sized(b, slice_to(a->undo, ACTION_TEXT_MOST));
}

static void copy_id(char *to, size_t n, struct wire *w)
{
	struct slice s = wire_sized(w);
	if (s.n >= n)
		w->bad = true;
	else
		snprintf(to, n, "%.*s", SLFMT(s));
}

bool message_action_read(struct slice body, struct store_action *a)
{
	struct wire w = wire_of(body);
	*a = (struct store_action){0};
	copy_id(a->id, sizeof a->id, &w);
	copy_id(a->incident, sizeof a->incident, &w);
	a->kind = wire_sized(&w);
	a->target = wire_sized(&w);
	uint32_t state = wire_u32(&w);
	a->dry_run = wire_u32(&w) != 0;
	a->attempts = wire_u32(&w);
	a->created = (nstime)wire_u64(&w);
	a->until = (nstime)wire_u64(&w);
	a->done = (nstime)wire_u64(&w);
	a->result = wire_sized(&w);
	a->undo = wire_sized(&w);
	if (state > ACTION_UNDONE)
		w.bad = true;
	a->state = (enum action_state)state;
	return !w.bad && a->id[0];
}
