/* reader.c - the bytes of one file, unpacked, within limits. */
#include "source/source_priv.h"

#include <inttypes.h>

static int open_entry(struct reader *r, uint32_t entry)
{
	struct archive_entry *e;
	int rc = 1;

	for (uint32_t i = 0; rc == 1 && i <= entry; i++)
		rc = unpack_header(&r->u, &e, &r->trouble);
	if (rc == 0)
		return trouble_set(&r->trouble, PROBLEM_CORRUPT, "the archive changed after it was listed: scan again");
	return rc == 1 ? 0 : -1;
}

int reader_open(struct reader *r, const struct place *pl, enum packing pack, uint32_t entry)
{
	memset(r, 0, sizeof(*r));
	r->pack = pack;
	if (input_open(&r->in, pl) != 0 ||
	    ((pack == PACK_GZIP || pack == PACK_ENTRY_GZIP) && input_gunzip(&r->in) != 0)) {
		r->trouble = r->in.trouble;
		return -1;
	}
	switch (pack) {
	case PACK_NONE:
	case PACK_GZIP:
		return 0;
	case PACK_FILTER:
		return unpack_open(&r->u, &r->in, UNPACK_RAW, &r->trouble);
	case PACK_ENTRY:
	case PACK_ENTRY_GZIP:
		return unpack_open(&r->u, &r->in, UNPACK_ENTRIES, &r->trouble) ? -1 : open_entry(r, entry);
	}
	return -1;
}

ssize_t reader_read(struct reader *r, void *buf, size_t n)
{
	ssize_t got;

	if (r->trouble.set)
		return -1;
	if (r->u.a) {
		got = unpack_read(&r->u, buf, n, &r->trouble);
	} else {
		got = input_read(&r->in, buf, n);
		if (got < 0)
			r->trouble = r->in.trouble;
	}
	if (got <= 0)
		return got;
	r->out += (uint64_t)got;
	if (r->pack != PACK_NONE && unpack_too_large(r->out, r->in.taken))
		trouble_set(&r->trouble, PROBLEM_BOMB,
			    "unpacks to more than %u times its size: stopped after %" PRIu64 " bytes; if it is genuine, "
			    "unpack it and name the result",
			    LIMIT_UNPACKED_RATIO, r->out);
	return got;
}

size_t reader_fill(struct reader *r, void *buf, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = reader_read(r, (char *)buf + have, n - have);
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

void reader_close(struct reader *r)
{
	unpack_close(&r->u);
	input_close(&r->in);
}
