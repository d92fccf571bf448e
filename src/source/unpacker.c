/* unpacker.c - pieces for who follows files himself: what a file is, and one packed file from an open descriptor. */
#include "source/source_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum source_form source_form(struct slice name, struct slice head, const char **what)
{
	*what = "";
	switch (magic_of(head.p, head.n)) {
	case MAGIC_GZIP:
	case MAGIC_FILTER:
		return FORM_PACKED;
	case MAGIC_TAR:
	case MAGIC_ZIP:
		*what = "an archive: `postern scan` reads it";
		return FORM_ARCHIVE;
	case MAGIC_NONE:
		break;
	}
	switch (content_of(name, head.p, head.n, what)) {
	case CONTENT_TEXT:
		return FORM_TEXT;
	case CONTENT_RECORDS:
		return FORM_RECORDS;
	case CONTENT_BINARY:
	case CONTENT_FOREIGN:
		break;
	}
	return FORM_NONE;
}

struct unpacker {
	struct reader r;
	char head[HEAD_SIZE]; /* looked at already, to be given out */
	size_t n, at;
};

static int to_error(const struct trouble *t, struct err *e)
{
	static const int codes[PROBLEM_KINDS] = {[PROBLEM_TRUNCATED] = ERR_TRUNC, [PROBLEM_CORRUPT] = ERR_SYNTAX, [PROBLEM_BOMB] = ERR_LIMIT,
		[PROBLEM_DEPTH] = ERR_LIMIT, [PROBLEM_ENCRYPTED] = ERR_UNSUPPORTED};
	return err_set(e, codes[t->kind] ? codes[t->kind] : ERR_IO, "%s", t->text);
}

/* Open, and look whether there is another packing inside that only libarchive goes through. */
static int begin(struct unpacker *u, const struct place *pl, enum packing pack, struct err *e)
{
	if (reader_open(&u->r, pl, pack, 0))
		return to_error(&u->r.trouble, e);
	u->at = 0;
	u->n = reader_fill(&u->r, u->head, sizeof u->head);
	switch (magic_of(u->head, u->n)) {
	case MAGIC_NONE:
		return 0;
	case MAGIC_GZIP:
	case MAGIC_FILTER:
		if (pack == PACK_GZIP) {
			reader_close(&u->r);
			return begin(u, pl, PACK_FILTER, e);
		}
		__attribute__((fallthrough));
	case MAGIC_TAR:
	case MAGIC_ZIP:
		break;
	}
	return err_set(e, ERR_UNSUPPORTED, "an archive inside: `postern scan` reads it");
}

struct unpacker *unpacker_open(int fd, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		err_set(e, ERR_IO, "no regular file");
		return NULL;
	}
	struct unpacker *u = xcalloc(1, sizeof *u);
	struct place pl = {.kind = PLACE_FD, .fd = fd, .size = (uint64_t)st.st_size};
	int rc = reader_open(&u->r, &pl, PACK_NONE, 0);
	u->n = rc ? 0 : reader_fill(&u->r, u->head, sizeof u->head);
	enum magic m = magic_of(u->head, u->n);
	if (rc || u->r.trouble.set)
		rc = to_error(&u->r.trouble, e);
	reader_close(&u->r);
	if (!rc)
		rc = begin(u, &pl, m == MAGIC_GZIP ? PACK_GZIP : PACK_FILTER, e);
	if (rc) {
		unpacker_close(u);
		return NULL;
	}
	return u;
}

ssize_t unpacker_read(struct unpacker *u, void *buf, size_t n, struct err *e)
{
	if (u->at < u->n) {
		n = MIN(n, u->n - u->at);
		memcpy(buf, u->head + u->at, n);
		u->at += n;
		return (ssize_t)n;
	}
	ssize_t got = reader_read(&u->r, buf, n);
	return got < 0 ? to_error(&u->r.trouble, e) : got;
}

void unpacker_close(struct unpacker *u)
{
	if (!u)
		return;
	reader_close(&u->r);
	free(u);
}
