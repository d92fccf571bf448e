/* tail.c - whole lines of one open file.
 *
 * A plain file is read with pread(2) from a few bytes before the place where it goes on. When these are not what was read there, the file
 * was emptied and written anew, however long it is by now: one system call gives the new bytes and the proof that they go on.
 */
#include "live/live_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MARK = 64, SMALLEST = 4096, COMPARED = 4096 };

struct live_tail {
	int fd;
	bool packed, records;
	bool skipping;          /* inside a line over the limit */
	bool ended;             /* packed: nothing more comes */
	uint64_t offset;        /* behind the last whole line given out */
	uint64_t pos;           /* where reading goes on: offset, or farther while skipping */
	char mark[MARK];        /* the bytes before pos */
	size_t nmark;
	struct unpacker *unpacker;
	char *carry;            /* packed: unpacked behind offset, not given out */
	size_t ncarry, cap;
	int trouble;            /* packed: to be told when everything was given out */
	struct err why;
	size_t nhead;           /* packed: head */
	char head[];            /* LIVE_HEAD bytes, packed only */
};

static ssize_t pread_all(int fd, char *p, size_t n, uint64_t at)
{
	size_t have = 0;
	while (have < n) {
		ssize_t r = pread(fd, p + have, n - have, (off_t)(at + have));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return have ? (ssize_t)have : -1;
		if (r == 0)
			break;
		have += (size_t)r;
	}
	return (ssize_t)have;
}

static int reserve(char **p, size_t *cap, size_t need, struct err *e)
{
	if (need <= *cap)
		return 0;
	char *q = realloc(*p, need);
	if (!q)
		return err_set(e, ERR_NOMEM, "out of memory for %zu bytes of lines", need);
	*p = q;
	*cap = need;
	return 0;
}

/* ---- packed ---------------------------------------------------------------------------------------------------------- */
static void packed_end(struct live_tail *t, ssize_t rc, const struct err *e)
{
	t->ended = true;
	if (rc < 0) {
		t->trouble = (int)rc;
		t->why = *e;
	}
}

/* Throw away `offset` unpacked bytes. */
static void packed_skip(struct live_tail *t)
{
	char part[16384];
	struct err e;
	for (uint64_t left = t->offset; left > 0 && !t->ended;) {
		ssize_t r = unpacker_read(t->unpacker, part, (size_t)MIN(left, (uint64_t)sizeof part), &e);
		if (r <= 0)
			packed_end(t, r, &e);
		else
			left -= (uint64_t)r;
	}
}

static int packed_open(struct live_tail *t, struct err *e)
{
	const char *what;
	struct err ignored;
	t->unpacker = unpacker_open(t->fd, e);
	if (!t->unpacker)
		return e->code;
	for (ssize_t r = 1; r > 0 && t->nhead < LIVE_HEAD; t->nhead += r > 0 ? (size_t)r : 0)
		r = unpacker_read(t->unpacker, t->head + t->nhead, LIVE_HEAD - t->nhead, &ignored);
	enum source_form form = source_form(SL("log"), slice_make(t->head, t->nhead), &what);
	t->records = form == FORM_RECORDS;
	unpacker_close(t->unpacker);
	t->unpacker = NULL;
	if (form == FORM_NONE && t->nhead)
		return err_set(e, ERR_UNSUPPORTED, "%s", what);
	return 0;
}

/* Opened when it is read: the head was enough to decide, and a decompressor takes memory. */
static int packed_begin(struct live_tail *t, struct err *e)
{
	if (t->unpacker || t->ended)
		return 0;
	t->unpacker = unpacker_open(t->fd, e);
	if (!t->unpacker)
		return e->code;
	packed_skip(t);
	return 0;
}

static void packed_fill(struct live_tail *t, size_t upto)
{
	struct err e;
	while (t->ncarry < upto && !t->ended) {
		ssize_t r = unpacker_read(t->unpacker, t->carry + t->ncarry, upto - t->ncarry, &e);
		if (r <= 0)
			packed_end(t, r, &e);
		else
			t->ncarry += (size_t)r;
	}
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */
struct live_tail *live_tail_new(int fd, bool packed, bool records, uint64_t offset, struct err *e)
{
	struct live_tail *t = xcalloc(1, sizeof *t + (packed ? LIVE_HEAD : 0));
	struct err ignored;
	*t = (struct live_tail){.fd = fd, .packed = packed, .records = records, .offset = offset, .pos = offset};
	if (packed && packed_open(t, e ? e : &ignored)) {
		live_tail_free(t);
		return NULL;
	}
	live_tail_seek(t, offset);
	return t;
}

void live_tail_seek(struct live_tail *t, uint64_t offset)
{
	t->offset = t->pos = offset;
	t->skipping = false;
	t->nmark = 0;
	if (t->packed)
		return; /* nothing was unpacked yet */
	size_t n = (size_t)MIN(offset, (uint64_t)MARK);
	ssize_t r = n ? pread_all(t->fd, t->mark, n, offset - n) : 0;
	t->nmark = r < 0 ? 0 : (size_t)r; /* shorter than it was: told by the first read */
}

void live_tail_align(struct live_tail *t)
{
	char part[4096];
	uint64_t at = t->offset;
	if (t->records)
		at -= at % SOURCE_RECORD;
	while (!t->records && at > 0 && t->offset - at <= LIMIT_LINE) {
		size_t n = (size_t)MIN(at, (uint64_t)sizeof part);
		ssize_t r = pread_all(t->fd, part, n, at - n);
		const char *nl = r == (ssize_t)n ? memrchr(part, '\n', n) : NULL;
		at -= n;
		if (r != (ssize_t)n)
			return;
		if (nl) {
			at += (uint64_t)(nl - part) + 1;
			break;
		}
	}
	live_tail_seek(t, at);
}

void live_tail_free(struct live_tail *t)
{
	if (!t)
		return;
	unpacker_close(t->unpacker);
	if (t->fd >= 0)
		close(t->fd);
	free(t->carry);
	free(t);
}

size_t live_tail_head(struct live_tail *t, char out[static LIVE_HEAD])
{
	if (t->packed) {
		memcpy(out, t->head, t->nhead);
		return t->nhead;
	}
	ssize_t r = pread_all(t->fd, out, LIVE_HEAD, 0);
	return r < 0 ? 0 : (size_t)r;
}

bool live_tail_records(const struct live_tail *t)
{
	return t->records;
}

uint64_t live_tail_offset(const struct live_tail *t)
{
	return t->offset;
}

/* n bytes at the same place of both. */
static bool same_bytes(const struct live_tail *a, const struct live_tail *b, uint64_t at, size_t n)
{
	char x[COMPARED], y[COMPARED];
	return pread_all(a->fd, x, n, at) == (ssize_t)n && pread_all(b->fd, y, n, at) == (ssize_t)n && memcmp(x, y, n) == 0;
}

bool live_tail_extends(const struct live_tail *a, const struct live_tail *b)
{
	struct stat sa, sb;
	if (a->packed || b->packed || fstat(a->fd, &sa) || fstat(b->fd, &sb) || sb.st_size == 0 || sa.st_size < sb.st_size)
		return false;
	size_t n = (size_t)MIN((uint64_t)sb.st_size, (uint64_t)COMPARED);
	return same_bytes(a, b, 0, n) && same_bytes(a, b, (uint64_t)sb.st_size - n, n);
}

/* ---- lines ------------------------------------------------------------------------------------------------------------ */
/* Whole lines (or records) at the start of p; 0 none. *over: the first line is longer than the limit. */
static size_t whole(const struct live_tail *t, const char *p, size_t n, bool *over)
{
	size_t pos = 0;
	*over = false;
	if (t->records)
		return n - n % SOURCE_RECORD;
	while (n - pos > LIMIT_LINE) {
		const char *nl = memrchr(p + pos, '\n', LIMIT_LINE + 1);
		if (!nl) {
			*over = pos == 0;
			return pos;
		}
		pos = (size_t)(nl - p) + 1;
	}
	const char *nl = n > pos ? memrchr(p + pos, '\n', n - pos) : NULL;
	return nl ? (size_t)(nl - p) + 1 : pos;
}

static void move_to(struct live_tail *t, uint64_t pos, const char *p, size_t n)
{
	size_t keep = MIN(n, (size_t)MARK);
	if (keep < MARK && t->nmark) { /* a short piece: its mark reaches into what was before */
		size_t old = MIN(t->nmark, MARK - keep);
		memmove(t->mark, t->mark + t->nmark - old, old);
		memcpy(t->mark + old, p + n - keep, keep);
		t->nmark = old + keep;
	} else {
		memcpy(t->mark, p + n - keep, keep);
		t->nmark = keep;
	}
	t->pos = pos;
	if (!t->skipping)
		t->offset = pos;
}

static enum live_read give(struct live_tail *t, struct block *b, const char *p, size_t n)
{
	b->data = slice_make(p, n);
	b->offset = t->offset;
	b->first = t->offset == 0;
	b->last = false;
	move_to(t, t->offset + n, p, n);
	return LIVE_LINES;
}

static bool truncated(const struct live_tail *t)
{
	struct stat st;
	return fstat(t->fd, &st) == 0 && (uint64_t)st.st_size < t->pos;
}

/* Inside a line over the limit: read on to its end. True when something behind it can be read. */
static bool skip_on(struct live_tail *t, const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);
	size_t drop = nl ? (size_t)(nl - p) + 1 : n;
	t->skipping = !nl;
	move_to(t, t->pos + drop, p, drop);
	return n > 0;
}

/* What n new bytes at p are worth. LIVE_NOTHING with *more: a longer piece is needed. */
static enum live_read judge(struct live_tail *t, struct block *b, const char *p, size_t n, bool flush, bool *more, uint64_t *too_long)
{
	bool over;
	*more = true;
	if (t->skipping) {
		skip_on(t, p, n);
		return LIVE_NOTHING;
	}
	size_t cut = whole(t, p, n, &over);
	if (cut)
		return give(t, b, p, cut);
	if (over) {
		++*too_long;
		t->skipping = true;
		skip_on(t, p, n);
		return LIVE_NOTHING;
	}
	*more = false;
	return flush && n && !t->records ? give(t, b, p, n) : LIVE_NOTHING;
}

static int read_plain(struct live_tail *t, size_t want, bool flush, struct block *b, uint64_t *too_long, struct err *e)
{
	for (size_t size = want;;) {
		size_t mark = t->nmark, have;
		bool more;
		int rc = reserve(&b->mem, &b->cap, mark + size, e);
		if (rc)
			return rc;
		ssize_t r = pread_all(t->fd, b->mem, mark + size, t->pos - mark);
		if (r < 0)
			return err_set(e, ERR_IO, "reading failed at byte %llu: %s", (unsigned long long)t->pos, strerrordesc_np(errno));
		if ((size_t)r < mark || memcmp(b->mem, t->mark, mark) != 0)
			return LIVE_TRUNCATED;
		have = (size_t)r - mark;
		if (have == 0)
			return truncated(t) ? LIVE_TRUNCATED : LIVE_NOTHING;
		bool full = have == size;
		enum live_read got = judge(t, b, b->mem + mark, have, flush && !full, &more, too_long);
		if (got != LIVE_NOTHING || (!more && !full))
			return got;
		if (!more)
			size = MIN(2 * size, (size_t)LIMIT_LINE + 1);
	}
}

static int read_packed(struct live_tail *t, size_t want, struct block *b, uint64_t *too_long, struct err *e)
{
	int rc = packed_begin(t, e);
	for (size_t size = want; !rc;) {
		bool more = true;
		size = MAX(size, t->ncarry);
		rc = reserve(&t->carry, &t->cap, size, e);
		if (!rc)
			rc = reserve(&b->mem, &b->cap, size, e);
		if (rc)
			return rc;
		packed_fill(t, size);
		if (t->ncarry == 0)
			break;
		uint64_t before = t->pos;
		memcpy(b->mem, t->carry, t->ncarry);
		enum live_read got = judge(t, b, b->mem, t->ncarry, t->ended, &more, too_long);
		size_t used = (size_t)(t->pos - before);
		memmove(t->carry, t->carry + used, t->ncarry - used);
		t->ncarry -= used;
		if (got != LIVE_NOTHING)
			return got;
		if (!more && t->ended)
			break;
		if (!more)
			size = MIN(2 * size, (size_t)LIMIT_LINE + 1);
	}
	if (rc)
		return rc;
	t->ncarry = 0;
	if (t->trouble) {
		rc = t->trouble;
		t->trouble = 0;
		if (e)
			*e = t->why;
		return rc;
	}
	return LIVE_END;
}

int live_tail_read(struct live_tail *t, size_t want, bool flush, struct block *b, uint64_t *too_long, struct err *e)
{
	want = MIN(MAX(want, (size_t)SMALLEST), (size_t)256 << 20);
	b->data = SLICE_NONE;
	if (t->packed)
		return read_packed(t, want, b, too_long, e);
	return read_plain(t, want, flush, b, too_long, e);
}
