/* fuzz_live_decide.c - any history of a few files against live_follow: what was read is never read again, and nothing of a file that is
 * only appended to, renamed or copied is left out. Also any bytes as the end of a journal's spool.
 *
 * Bytes are operations on a little folder in memory (memfd): append, rename up, copy and empty, look, restart from the table. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/receive_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 6, LINES = 400, LINE = 16 };
struct world {
	int fd[FILES];        /* 0 the current one, then older; -1 none */
	uint64_t id[FILES];   /* inode numbers of our own */
	uint32_t number[FILES]; /* as told to follow; 0 not yet */
	uint64_t next_id;
	uint32_t next_number;
	unsigned written;
	unsigned char got[LINES], saved_got[LINES];
	struct live_follow *follow;
	struct live_known *saved;
	size_t nsaved;
	struct arena mem;
	bool settled;
};

static char path_of(size_t i, char out[static 32])
{
	if (i == 0)
		snprintf(out, 32, "/l/a.log");
	else
		snprintf(out, 32, "/l/a.log.%zu", i);
	return 0;
}

static struct live_file describe(struct world *w, size_t i, char path[static 32])
{
	struct stat st;
	path_of(i, path);
	if (fstat(w->fd[i], &st))
		abort();
	return (struct live_file){.path = slice_of(path), .set = SL("/l/a.log"), .dev = 1, .ino = w->id[i], .size = (uint64_t)st.st_size, .order = (unsigned)i};
}

/* What the finder would tell: renames, then new files oldest first, then growth. */
static void look(struct world *w)
{
	char path[32];
	for (size_t i = FILES; i-- > 0;) {
		if (w->fd[i] < 0 || !w->number[i])
			continue;
		struct live_file f = describe(w, i, path);
		live_follow_renamed(w->follow, w->number[i], &f);
		live_follow_grew(w->follow, w->number[i]);
	}
	for (size_t i = FILES; i-- > 0;) {
		if (w->fd[i] < 0 || w->number[i])
			continue;
		struct live_file f = describe(w, i, path);
		if (f.size == 0)
			continue;
		w->number[i] = w->next_number++;
		live_follow_found(w->follow, w->number[i], &f, dup(w->fd[i]));
	}
	if (!w->settled)
		live_follow_settled(w->follow);
	w->settled = true;
}

static void drain(struct world *w)
{
	struct block b = {0};
	struct live_from from;
	struct err e;
	for (uint32_t s = 0; (s = live_follow_ready(w->follow, s)) != 0;) {
		while (live_follow_read(w->follow, s, 4096, 0, &b, &from, &e) == 1) {
			if (b.data.n % LINE)
				abort();
			for (size_t at = 0; at < b.data.n; at += LINE) {
				uint64_t n;
				if (!slice_u64(slice_make(b.data.p + at, LINE - 1), LINES - 1, &n))
					abort();
				w->got[n]++;
			}
		}
	}
	block_free(&b);
}

static void append(struct world *w, unsigned n)
{
	char text[LINE + 8];
	while (n-- > 0 && w->written < LINES) {
		snprintf(text, sizeof text, "%0*u\n", LINE - 1, w->written++);
		struct stat st;
		if (w->fd[0] < 0 || fstat(w->fd[0], &st) || pwrite(w->fd[0], text, LINE, st.st_size) != LINE)
			abort();
	}
}

static void fresh(struct world *w, size_t i)
{
	w->fd[i] = memfd_create("fuzz", MFD_CLOEXEC);
	w->id[i] = w->next_id++;
	w->number[i] = 0;
	if (w->fd[i] < 0)
		abort();
}

/* Everything moves up by one; the last one goes, when it was looked at. */
static void move_up(struct world *w, size_t from)
{
	if (w->fd[FILES - 1] >= 0) {
		look(w);
		drain(w);
		if (w->number[FILES - 1])
			live_follow_gone(w->follow, w->number[FILES - 1]);
		drain(w);
		close(w->fd[FILES - 1]);
	}
	for (size_t i = FILES - 1; i > from; i--) {
		w->fd[i] = w->fd[i - 1];
		w->id[i] = w->id[i - 1];
		w->number[i] = w->number[i - 1];
	}
	fresh(w, from);
}

static void copy_and_empty(struct world *w, bool look_between)
{
	char part[LINES * LINE];
	move_up(w, 1);
	ssize_t n = pread(w->fd[0], part, sizeof part, 0);
	if (n < 0 || pwrite(w->fd[1], part, (size_t)n, 0) != n)
		abort();
	if (look_between)
		look(w);
	if (look_between && w->written % 2)
		drain(w);
	if (ftruncate(w->fd[0], 0))
		abort();
}

static void save(struct world *w)
{
	const struct live_known *v;
	w->nsaved = live_follow_known(w->follow, &v);
	arena_reset(&w->mem);
	w->saved = arena_alloc(&w->mem, (w->nsaved + 1) * sizeof *v);
	for (size_t i = 0; i < w->nsaved; i++) {
		w->saved[i] = v[i];
		w->saved[i].path = slice_dup(&w->mem, v[i].path);
		w->saved[i].set = slice_dup(&w->mem, v[i].set);
	}
	memcpy(w->saved_got, w->got, sizeof w->got);
}

static void restart(struct world *w)
{
	live_follow_free(w->follow);
	w->follow = live_follow_new(w->saved, w->nsaved, w->nsaved == 0, true, 0);
	memcpy(w->got, w->saved_got, sizeof w->got);
	memset(w->number, 0, sizeof w->number);
	w->settled = false;
	/* a file that went for good was read before, but the table may be older: such a history loses lines, so it is not told */
	look(w);
}

static void play(struct world *w, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size && w->written < LINES - 40; i++) {
		switch (data[i] % 8) {
		case 0: append(w, 1 + data[i] / 8); break;
		case 1: move_up(w, 0); save(w); break;
		case 2: copy_and_empty(w, data[i] & 8); save(w); break;
		case 3: look(w); break;
		case 4: look(w); drain(w); break;
		case 5: save(w); break;
		case 6: restart(w); break;
		case 7: append(w, 1); look(w); drain(w); break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.next_id = 1, .next_number = 1};
	char cursor[256];
	(void)live_journal_cursor(slice_make((const char *)data, size), cursor, sizeof cursor);
	arena_init(&w.mem);
	w.follow = live_follow_new(NULL, 0, true, true, 0);
	for (size_t i = 1; i < FILES; i++)
		w.fd[i] = -1;
	fresh(&w, 0);
	play(&w, data, MIN(size, (size_t)64));
	look(&w);
	drain(&w);
	live_follow_tick(w.follow);
	drain(&w);
	for (unsigned i = 0; i < w.written; i++)
		if (w.got[i] != 1)
			abort();
	live_follow_free(w.follow);
	for (size_t i = 0; i < FILES; i++)
		if (w.fd[i] >= 0)
			close(w.fd[i]);
	arena_free(&w.mem);
	return 0;
}
