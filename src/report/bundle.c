/* bundle.c - files for somebody else, in one tar that is the same bytes for the same contents. */
#include "report/report.h"
#include "chain/chain.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>

struct part {
	char *name;
	struct slice bytes;
};
struct bundle {
	struct arena mem;
	const char *folder;
	nstime mtime;
	struct { struct part *v; size_t n, cap; } parts;
};

struct bundle *bundle_new(const char *folder, nstime mtime)
{
	struct bundle *b = xcalloc(1, sizeof *b);
	arena_init(&b->mem);
	b->folder = slice_dup(&b->mem, slice_of(folder)).p;
	b->mtime = mtime;
	return b;
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->parts.n; i++)
		free(b->parts.v[i].name);
	free(b->parts.v);
	arena_free(&b->mem);
	free(b);
}

void bundle_add(struct bundle *b, const char *name, struct slice bytes)
{
	*vec_push(&b->parts) = (struct part){xstrndup(name, strlen(name)), slice_dup(&b->mem, bytes)};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

static ssize_t to_buf(struct archive *a, void *arg, const void *p, size_t n)
{
	(void)a;
	buf_add(arg, p, n);
	return (ssize_t)n;
}

static int add_part(struct archive *a, const struct bundle *b, const struct part *x)
{
	char name[512];
	struct archive_entry *entry = archive_entry_new();
	if (!entry)
		core_oom();
	snprintf(name, sizeof name, "%s/%s", b->folder, x->name);
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)x->bytes.n);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0640);
	archive_entry_set_mtime(entry, (time_t)(b->mtime / NS_SEC), 0);
	int rc = archive_write_header(a, entry);
	if (rc == ARCHIVE_OK && x->bytes.n && archive_write_data(a, x->bytes.p, x->bytes.n) != (la_ssize_t)x->bytes.n)
		rc = ARCHIVE_FATAL;
	archive_entry_free(entry);
	return rc;
}

static void add_sums(struct bundle *b)
{
	struct buf sums = {0};
	char hex[2 * CHAIN_HASH + 1];
	for (size_t i = 0; i < b->parts.n; i++) {
		chain_sha256(b->parts.v[i].bytes, hex);
		buf_addf(&sums, "%s  %s\n", hex, b->parts.v[i].name);
	}
	bundle_add(b, "SHA256SUMS", buf_slice(&sums));
	buf_free(&sums);
}

int bundle_write(struct bundle *b, struct buf *out, struct err *e)
{
	if (b->parts.n)
		qsort(b->parts.v, b->parts.n, sizeof *b->parts.v, by_name);
	add_sums(b);
	qsort(b->parts.v, b->parts.n, sizeof *b->parts.v, by_name);
	struct archive *a = archive_write_new();
	if (!a)
		core_oom();
	int rc = archive_write_set_format_pax_restricted(a);
	if (rc == ARCHIVE_OK)
		rc = archive_write_set_bytes_in_last_block(a, 1);
	if (rc == ARCHIVE_OK)
		rc = archive_write_open2(a, out, NULL, to_buf, NULL, NULL);
	for (size_t i = 0; i < b->parts.n && rc == ARCHIVE_OK; i++)
		rc = add_part(a, b, &b->parts.v[i]);
	if (rc == ARCHIVE_OK)
		rc = archive_write_close(a);
	int code = rc == ARCHIVE_OK ? 0 : err_set(e, ERR_IO, "cannot make the tar: %s", archive_error_string(a));
	archive_write_free(a);
	return code;
}
