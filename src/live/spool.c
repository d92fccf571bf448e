/* spool.c - lines to segments: appended to, never overwritten, never more than the budget. */
#include "live/receive_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_DIGITS = 16, NAME_SIZE = NAME_DIGITS + 5 };
#define SEGMENT_BYTES ((uint64_t)64 << 20)
#define SEGMENT_AGE (60 * NS_SEC)

static nstime clock_now(clockid_t which)
{
	struct timespec ts;
	clock_gettime(which, &ts);
	return (nstime)ts.tv_sec * NS_SEC + ts.tv_nsec;
}

nstime live_monotonic(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

nstime live_real(void)
{
	return clock_now(CLOCK_REALTIME);
}

static void name_of(uint64_t number, char out[static NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%0*llu.log", NAME_DIGITS, (unsigned long long)(number % 10000000000000000u));
}

static int segment_cmp(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* What is there already. */
static int list(struct spool *s, struct err *e)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	struct stat st;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_IO, "spool: %s", strerrordesc_np(errno));
	}
	while ((entry = readdir(d))) {
		struct slice name = slice_of(entry->d_name);
		uint64_t number;
		if (!slice_ends(name, SL(".log")) || !slice_u64(slice_to(name, name.n - 4), INT64_MAX, &number) ||
		    fstatat(s->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		*vec_push(&s->segments) = (struct segment){number, (uint64_t)st.st_size};
		s->budget->used += (uint64_t)st.st_size;
	}
	closedir(d);
	if (s->segments.n)
		qsort(s->segments.v, s->segments.n, sizeof *s->segments.v, segment_cmp);
	return 0;
}

/* A writer that was killed may have left half a line: what follows must not become part of it. */
static int end_torn_line(struct spool *s, struct err *e)
{
	char name[NAME_SIZE], last;
	struct segment *g = s->segments.n ? &s->segments.v[s->segments.n - 1] : NULL;
	if (!g || g->bytes == 0)
		return 0;
	name_of(g->number, name);
	int fd = openat(s->dir, name, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_IO, "spool: %s: %s", name, strerrordesc_np(errno));
	bool torn = pread(fd, &last, 1, (off_t)g->bytes - 1) == 1 && last != '\n';
	int rc = torn && write(fd, "\n", 1) != 1 ? err_set(e, ERR_IO, "spool: %s: %s", name, strerrordesc_np(errno)) : 0;
	if (torn && !rc) {
		g->bytes++;
		s->budget->used++;
	}
	close(fd);
	return rc;
}

int spool_open(struct spool *s, struct spool_budget *b, const char *spool, const char *name, struct err *e)
{
	*s = (struct spool){.dir = -1, .fd = -1, .budget = b, .segment_bytes = MAX(MIN(SEGMENT_BYTES, b->limit / 8), (uint64_t)1 << 16)};
	int top = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_set(e, ERR_IO, "spool %s: %s", spool, strerrordesc_np(errno));
	if (mkdirat(top, name, 0750) == 0 || errno == EEXIST)
		s->dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int saved = errno;
	close(top);
	if (s->dir < 0)
		return err_set(e, ERR_IO, "spool %s/%s: %s", spool, name, strerrordesc_np(saved));
	int rc = list(s, e);
	return rc ? rc : end_torn_line(s, e);
}

static void segment_end(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void spool_close(struct spool *s)
{
	segment_end(s);
	if (s->dir >= 0)
		close(s->dir);
	s->dir = -1;
	free(s->segments.v);
	buf_free(&s->out);
}

static bool segment_begin(struct spool *s, nstime now)
{
	char name[NAME_SIZE];
	uint64_t last = s->segments.n ? s->segments.v[s->segments.n - 1].number : s->number;
	s->number = MAX(MAX(last, s->number) + 1, (uint64_t)(live_real() / 1000000));
	name_of(s->number, name);
	s->fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (s->fd < 0) {
		s->stuck = errno;
		return false;
	}
	s->size = 0;
	s->begun = now;
	*vec_push(&s->segments) = (struct segment){.number = s->number};
	return true;
}

bool spool_flush(struct spool *s, nstime now)
{
	while (s->written < s->out.n) {
		/* never inside a line: a batch is whole lines, and only a batch that went altogether ends a segment */
		if (s->fd >= 0 && s->size >= s->segment_bytes && s->written == 0)
			segment_end(s);
		if (s->fd < 0 && !segment_begin(s, now))
			return false;
		ssize_t n = write(s->fd, s->out.p + s->written, s->out.n - s->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			s->stuck = n < 0 ? errno : ENOSPC;
			return false;
		}
		s->written += (size_t)n;
		s->size += (uint64_t)n;
		s->budget->used += (uint64_t)n;
		s->segments.v[s->segments.n - 1].bytes += (uint64_t)n;
	}
	s->out.n = s->written = 0;
	s->stuck = 0;
	return true;
}

/* The engine removes what it has read. */
static void forget_removed(struct spool *s)
{
	char name[NAME_SIZE];
	struct stat st;
	size_t to = 0;
	for (size_t i = 0; i < s->segments.n; i++) {
		const struct segment *g = &s->segments.v[i];
		name_of(g->number, name);
		if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
			s->budget->used -= MIN(s->budget->used, g->bytes);
			if (s->fd >= 0 && g->number == s->number && s->written == 0)
				segment_end(s); /* somebody took it away: nobody would read on */
			continue;
		}
		s->segments.v[to++] = *g;
	}
	s->segments.n = to;
}

void spool_tick(struct spool *s, nstime now)
{
	/* also before its time when the budget is tight: only segments that were ended can be removed */
	bool old = now - s->begun >= SEGMENT_AGE || (spool_full(s->budget) && s->size > 0);
	if (s->fd >= 0 && s->size > 0 && old && s->written == 0) {
		segment_end(s);
		if (!s->lazy)
			segment_begin(s, now); /* one that has a newer beside it can be removed when it was read */
	}
	forget_removed(s);
}

size_t spool_last(struct spool *s, char *to, size_t cap)
{
	char name[NAME_SIZE];
	for (size_t i = s->segments.n; i-- > 0;) {
		const struct segment *g = &s->segments.v[i];
		if (g->bytes == 0)
			continue;
		name_of(g->number, name);
		int fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return 0;
		size_t n = (size_t)MIN((uint64_t)cap, g->bytes);
		ssize_t r = pread(fd, to, n, (off_t)(g->bytes - n));
		close(fd);
		return r > 0 ? (size_t)r : 0;
	}
	return 0;
}
