/* unpack.c - libarchive, the only place that knows it for reading bytes: formats, filters, limits.
 *
 * Only filters compiled into libarchive are used: for others it would start programs found in PATH.
 */
#include "source/source_priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <stdlib.h>

typedef int support_fn(struct archive *);

static support_fn *const filters[] = {
	archive_read_support_filter_gzip,  archive_read_support_filter_bzip2, archive_read_support_filter_compress,
	archive_read_support_filter_lzma,  archive_read_support_filter_xz,    archive_read_support_filter_zstd,
	archive_read_support_filter_lz4,
};
static support_fn *const formats[][3] = {
	[UNPACK_RAW] = {archive_read_support_format_raw, archive_read_support_format_empty, NULL},
	[UNPACK_ENTRIES] = {archive_read_support_format_tar, archive_read_support_format_zip,
			    archive_read_support_format_empty},
};

static la_ssize_t on_read(struct archive *a, void *arg, const void **buf)
{
	struct unpack *u = arg;
	(void)a;
	ssize_t n = input_read(u->in, u->buf, INPUT_BLOCK);
	*buf = u->buf;
	/* Trouble below is the end for libarchive, so that it gives out what it has; input.trouble tells later. */
	return n > 0 ? n : 0;
}

static la_int64_t on_skip(struct archive *a, void *arg, la_int64_t want)
{
	struct unpack *u = arg;
	(void)a;
	if (!u->in->seekable || u->in->size == SIZE_UNKNOWN || want <= 0 || u->in->pos >= u->in->size)
		return 0;
	uint64_t n = MIN((uint64_t)want, u->in->size - u->in->pos);
	input_seek(u->in, u->in->pos + n);
	return (la_int64_t)n;
}

static la_int64_t on_seek(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct unpack *u = arg;
	uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? u->in->pos : u->in->size;
	int64_t to;
	(void)a;
	if (__builtin_add_overflow((int64_t)base, offset, &to) || to < 0)
		return ARCHIVE_FATAL;
	input_seek(u->in, (uint64_t)to);
	return to;
}

/* Would libarchive run a program for this filter? It says so with ARCHIVE_WARN, and cannot take it back. */
static bool built_in(support_fn *fn)
{
	struct archive *probe = archive_read_new();
	bool ok = probe && fn(probe) == ARCHIVE_OK;

	archive_read_free(probe);
	return ok;
}

static struct archive *make(struct unpack *u, enum unpack_what what)
{
	struct archive *a = archive_read_new();

	if (!a)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (built_in(filters[i]))
			filters[i](a);
	for (size_t i = 0; i < ARRAY_LEN(formats[what]); i++)
		if (formats[what][i])
			formats[what][i](a);
	archive_read_set_callback_data(a, u);
	archive_read_set_read_callback(a, on_read);
	if (u->in->seekable) {
		archive_read_set_skip_callback(a, on_skip);
		archive_read_set_seek_callback(a, on_seek);
	}
	return a;
}

/* Name what libarchive reports. Having asked for more than there is means the data break off; else they are bad. */
static int failed(struct unpack *u, struct trouble *t)
{
	const char *why = archive_error_string(u->a);
	struct slice text = slice_of(why ? why : "bad data");

	if (u->in->trouble.set) {
		if (!t->set)
			*t = u->in->trouble;
		return -1;
	}
	if (slice_ihas(text, SL("passphrase")) || slice_ihas(text, SL("encrypt")))
		return trouble_set(t, PROBLEM_ENCRYPTED, "encrypted: unpack it with its password and name the result");
	bool cut = u->in->ended || slice_ihas(text, SL("truncated"));
	return trouble_set(t, cut ? PROBLEM_TRUNCATED : PROBLEM_CORRUPT,
			   "%s at byte %" PRIu64 " (%.*s); %" PRIu64 " bytes could be unpacked",
			   cut ? "the packed data end in the middle," : "damaged data", u->in->pos, SLFMT(slice_to(text, 120)),
			   u->out);
}

int unpack_open(struct unpack *u, struct input *in, enum unpack_what what, struct trouble *t)
{
	struct archive_entry *entry;

	*u = (struct unpack){.in = in};
	if (in->seekable && in->size == SIZE_UNKNOWN)
		in->size = in->expect; /* seeking counts from an end that must not move */
	u->buf = malloc(INPUT_BLOCK);
	u->a = u->buf ? make(u, what) : NULL;
	if (!u->a)
		return trouble_set(t, PROBLEM_UNREADABLE, "out of memory");
	if (archive_read_open1(u->a) != ARCHIVE_OK)
		return failed(u, t);
	if (archive_filter_count(u->a) > LIMIT_ARCHIVE_DEPTH + 1) /* one is libarchive's own */
		return trouble_set(t, PROBLEM_DEPTH, "packed more than %d times", LIMIT_ARCHIVE_DEPTH);
	if (what == UNPACK_ENTRIES)
		return 0;
	return unpack_header(u, &entry, t) < 0 ? -1 : 0;
}

int unpack_header(struct unpack *u, struct archive_entry **entry, struct trouble *t)
{
	int rc = archive_read_next_header(u->a, entry);

	u->block = SLICE_NONE; /* of the member before */
	if (rc == ARCHIVE_EOF) {
		if (u->in->trouble.set && !t->set)
			*t = u->in->trouble;
		return t->set ? -1 : 0;
	}
	/* ARCHIVE_WARN: an odd name or time stamp; the data are fine. */
	if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN)
		return 1;
	u->fatal = true;
	return failed(u, t);
}

bool unpack_too_large(uint64_t out, uint64_t packed)
{
	return out > LIMIT_UNPACKED_FREE && out / LIMIT_UNPACKED_RATIO > packed;
}

/* Not archive_read_data(): when the data break off it throws away what it copied. And the holes of sparse members are
 * passed over: they hold no lines, and cost an attacker nothing. */
static int next_block(struct unpack *u, struct trouble *t)
{
	const void *p;
	size_t n;
	la_int64_t offset;
	int rc = archive_read_data_block(u->a, &p, &n, &offset);

	if (rc == ARCHIVE_OK || (rc == ARCHIVE_WARN && n > 0)) {
		u->block = slice_make(p, n);
		return 1;
	}
	if (rc == ARCHIVE_EOF && !u->in->trouble.set)
		return 0;
	u->fatal = rc == ARCHIVE_FATAL || u->in->trouble.set;
	return failed(u, t);
}

ssize_t unpack_read(struct unpack *u, void *buf, size_t n, struct trouble *t)
{
	while (u->block.n == 0) {
		int rc = next_block(u, t);
		if (rc != 1)
			return rc;
	}
	n = MIN(n, u->block.n);
	memcpy(buf, u->block.p, n);
	u->block = slice_from(u->block, n);
	u->out += n;
	return (ssize_t)n;
}

void unpack_close(struct unpack *u)
{
	archive_read_free(u->a);
	free(u->buf);
	*u = (struct unpack){0};
}
