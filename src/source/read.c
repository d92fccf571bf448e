/* read.c - streams: one file after another, in blocks of whole lines.
 *
 *      [ carry ][ read ............ \n][ rest ]       rest is the next block's carry
 */
#include "source/source_priv.h"

#include <stdlib.h>

enum {
	AHEAD = 4096,          /* read past a block that ends with its last byte, to know whether it is the last */
	WANT_MAX = 256 << 20,
};

struct stream {
	struct source_set *set;
	const struct stream_set *st;
	size_t next;           /* in st->files */
	struct source_file *file;
	struct reader r;
	bool open, ended, first;
	uint64_t offset;       /* of carry, unpacked */
	uint64_t back;         /* newest_first: bytes in front of what was handed out */
	char *carry;
	size_t n, cap;
};

void block_free(struct block *b)
{
	if (!b)
		return;
	free(b->mem);
	*b = (struct block){0};
}

struct stream *stream_open(struct source_set *set, const struct stream_set *st)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->set = set;
	s->st = st;
	return s;
}

static void file_close(struct stream *s)
{
	if (s->open)
		reader_close(&s->r);
	s->open = false;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	file_close(s);
	free(s->carry);
	free(s);
}

static bool file_open(struct stream *s)
{
	while (s->next < s->st->nfiles) {
		uint32_t id = s->st->files[s->next++];
		const struct where *w = &s->set->priv->where.v[id];
		s->file = &s->set->files.v[id];
		s->ended = false;
		s->first = true;
		s->offset = 0;
		s->n = 0;
		s->open = true;
		if (reader_open(&s->r, &w->place, w->pack, w->entry) == 0) {
			s->back = s->r.in.size != SIZE_UNKNOWN ? s->r.in.size : s->r.in.expect;
			return true;
		}
		set_trouble(s->set, s->file->path, &s->r.trouble);
		file_close(s);
	}
	return false;
}

static int grow(char **p, size_t *cap, size_t need, struct err *e)
{
	if (need <= *cap)
		return 0;
	char *q = realloc(*p, need);
	if (!q)
		return err_set(e, ERR_NOMEM, "out of memory for a block of %zu bytes", need);
	*p = q;
	*cap = need;
	return 0;
}

static size_t file_read(struct stream *s, char *p, size_t n)
{
	ssize_t r = s->ended ? 0 : reader_read(&s->r, p, n);

	if (r > 0)
		return (size_t)r;
	if (!s->ended && r < 0)
		set_trouble(s->set, s->file->path, &s->r.trouble);
	s->ended = true;
	return 0;
}

/* Progress is shown from another thread while this one reads. */
static void count_bytes(struct source_file *f, size_t n)
{
	__atomic_fetch_add(&f->bytes, n, __ATOMIC_RELAXED);
}

/* Have `upto` bytes in b->mem, fewer only at the end of the file. */
static int fill(struct stream *s, struct block *b, size_t *n, size_t upto, struct err *e)
{
	int rc = grow(&b->mem, &b->cap, upto, e);

	while (rc == 0 && *n < upto && !s->ended)
		*n += file_read(s, b->mem + *n, upto - *n);
	return rc;
}

/* Keep p for the next block. */
static int put_back(struct stream *s, const char *p, size_t n, struct err *e)
{
	int rc = grow(&s->carry, &s->cap, MAX(n, (size_t)AHEAD), e);

	if (rc)
		return rc;
	if (n)
		memcpy(s->carry, p, n);
	s->n = n;
	return 0;
}

/* Bytes of whole lines, none over the limit. *long_line: the first line is over it. Looks at few bytes: from the end of
 * each window of one limit back to the nearest newline. */
static size_t whole_lines(const char *p, size_t n, bool ended, bool *long_line)
{
	size_t pos = 0;

	*long_line = false;
	while (n - pos > LIMIT_LINE) {
		const char *nl = memrchr(p + pos, '\n', LIMIT_LINE + 1);
		if (!nl) {
			*long_line = pos == 0;
			return pos;
		}
		pos = (size_t)(nl - p) + 1;
	}
	if (ended)
		return n;
	const char *nl = memrchr(p + pos, '\n', n - pos);
	return nl ? (size_t)(nl - p) + 1 : pos;
}

/* The n bytes in b->mem begin a line that is too long: drop it, reading on as needed. What follows becomes the carry. */
static int skip_line(struct stream *s, struct block *b, size_t n, struct err *e)
{
	const char *nl;

	s->file->too_long++;
	while (!(nl = memchr(b->mem, '\n', n)) && !s->ended) {
		s->offset += n;
		count_bytes(s->file, n);
		n = file_read(s, b->mem, b->cap);
	}
	size_t drop = nl ? (size_t)(nl - b->mem) + 1 : n;
	s->offset += drop;
	count_bytes(s->file, drop);
	return put_back(s, b->mem + drop, n - drop, e);
}

/* Hand out the first `cut` of n bytes. */
static int deliver(struct stream *s, struct block *b, size_t n, size_t cut, struct err *e)
{
	int rc = put_back(s, b->mem + cut, n - cut, e);

	if (rc)
		return rc;
	if (s->n == 0)
		s->n = file_read(s, s->carry, AHEAD);
	b->data = slice_make(b->mem, cut);
	b->offset = s->offset;
	b->file = s->file->id;
	b->first = s->first;
	b->last = s->ended && s->n == 0;
	s->offset += cut;
	count_bytes(s->file, cut);
	s->first = false;
	if (b->last)
		file_close(s);
	return 1;
}

static int next_lines(struct stream *s, size_t want, struct block *b, struct err *e)
{
	for (;;) {
		bool long_line;
		size_t n = s->n, upto = MAX(want, n);
		int rc = grow(&b->mem, &b->cap, upto, e);
		if (rc)
			return rc;
		if (n)
			memcpy(b->mem, s->carry, n);
		s->n = 0;
		for (;;) {
			rc = fill(s, b, &n, upto, e);
			if (rc)
				return rc;
			size_t cut = whole_lines(b->mem, n, s->ended, &long_line);
			if (cut > 0 || (s->ended && n == 0))
				return deliver(s, b, n, cut, e);
			if (long_line)
				break;
			upto = MIN(MAX(2 * upto, (size_t)INPUT_BLOCK), (size_t)LIMIT_LINE + 1);
		}
		rc = skip_line(s, b, n, e);
		if (rc)
			return rc;
	}
}

static int next_records(struct stream *s, size_t want, struct block *b, struct err *e)
{
	size_t n = s->n;
	int rc = grow(&b->mem, &b->cap, MAX(want, n) + SOURCE_RECORD, e);

	if (rc)
		return rc;
	if (n)
		memcpy(b->mem, s->carry, n);
	s->n = 0;
	rc = fill(s, b, &n, MAX(want, n) + SOURCE_RECORD, e);
	if (rc)
		return rc;
	size_t cut = n - n % SOURCE_RECORD;
	if (s->ended && n > cut) {
		set_problem(s->set, PROBLEM_TRUNCATED, s->file->path, "its last record is cut: %zu of %d bytes", n - cut,
			    SOURCE_RECORD);
		count_bytes(s->file, n - cut);
		n = cut;
	}
	return deliver(s, b, n, cut, e);
}

/* ---- from the end --------------------------------------------------------------------------------------------- */

/* Bytes [from, from + n) of the file. False when it is shorter by now: said, and the file is over. */
static bool read_at(struct stream *s, uint64_t from, char *p, size_t n)
{
	size_t got = 0;

	input_seek(&s->r.in, from);
	while (got < n) {
		size_t k = file_read(s, p + got, n - got);
		if (k == 0)
			return false;
		got += k;
	}
	return true;
}

/* The line that ends at s->back is too long, and begins before `from`: go back to its start. */
static bool skip_back(struct stream *s, struct block *b, uint64_t from)
{
	uint64_t end = s->back;

	s->file->too_long++;
	for (s->back = from; s->back > 0;) {
		size_t n = (size_t)MIN(s->back, (uint64_t)b->cap);
		if (!read_at(s, s->back - n, b->mem, n))
			return false;
		const char *nl = memrchr(b->mem, '\n', n);
		if (nl) {
			s->back -= n - ((size_t)(nl - b->mem) + 1);
			break;
		}
		s->back -= n;
	}
	count_bytes(s->file, (size_t)(end - s->back));
	return true;
}

static int deliver_turned(struct stream *s, struct block *b, size_t cut, size_t n)
{
	b->data = n > cut ? slice_make(b->mem + cut, n - cut) : SLICE_NONE;
	b->offset = s->back - (n - cut);
	s->back = b->offset;
	count_bytes(s->file, n - cut);
	if (n > cut) {
		if (b->mem[n - 1] != '\n') { /* there is room for one more */
			b->mem[n] = '\n';
			b->data.n++;
		}
		turn_lines(b->mem + cut, b->data.n);
	}
	b->file = s->file->id;
	b->turned = true;
	b->first = s->first;
	b->last = s->back == 0;
	s->first = false;
	if (b->last)
		file_close(s);
	return 1;
}

static int next_turned(struct stream *s, size_t want, struct block *b, struct err *e)
{
	want = MIN(want, (size_t)LIMIT_LINE);
	while (s->back > 0) {
		size_t n = (size_t)MIN((uint64_t)want, s->back);
		int rc = grow(&b->mem, &b->cap, MAX(n + 1, (size_t)INPUT_BLOCK), e);
		if (rc)
			return rc;
		if (!read_at(s, s->back - n, b->mem, n)) {
			s->back = 0;
			break;
		}
		const char *nl = n < s->back ? memchr(b->mem, '\n', n - 1) : NULL;
		if (nl || n == s->back)
			return deliver_turned(s, b, nl ? (size_t)(nl - b->mem) + 1 : 0, n);
		if (want > LIMIT_LINE) {
			if (!skip_back(s, b, s->back - n))
				s->back = 0;
			want = INPUT_BLOCK;
		} else {
			want = MIN(2 * want, (size_t)LIMIT_LINE + 2); /* with its newline and the one before it */
		}
	}
	return deliver_turned(s, b, 0, 0);
}

int stream_next(struct stream *s, size_t want, struct block *b, struct err *e)
{
	want = MIN(MAX(want, (size_t)1), (size_t)WANT_MAX);
	if (!s->open && !file_open(s))
		return 0;
	b->turned = false;
	if (s->file->newest_first)
		return next_turned(s, want, b, e);
	return s->file->records ? next_records(s, want, b, e) : next_lines(s, want, b, e);
}

size_t stream_peek(struct stream *s, char *buf, size_t n)
{
	for (size_t i = 0; i < s->st->nfiles; i++) {
		uint32_t id = s->st->files[i];
		const struct source_file *f = &s->set->files.v[id];
		size_t got = source_peek(s->set, id, f->newest_first, buf, n);
		if (got == 0)
			continue;
		if (f->newest_first && buf[got - 1] == '\n')
			turn_lines(buf, got);
		return got;
	}
	return 0;
}
