/* fuzz_record_frames.c - any bytes as what a recorder sends: nothing breaks, and how they were cut does not show. The same bytes as a line of a recording. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/record_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	int rc;
	uint64_t output, typed;
	bool exited;
	int32_t status;
};

/* Only the frames: the file is a sink of its own, that writes nowhere. */
static struct outcome feed(const char *p, size_t n, size_t piece, bool terminal)
{
	struct record *r = xcalloc(1, sizeof *r);
	struct buf reply = {0};
	struct err e;
	struct outcome o = {0};
	r->file.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	r->file.folder = -1;
	if (r->file.fd < 0 || deflateInit2(&r->file.z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	crypto_hash_sha256_init(&r->file.sum);
	for (size_t i = 0; i < 3; i++)
		crypto_hash_sha256_init(&r->stream[i].sum);
	r->terminal = terminal;
	r->store.bytes_max = 1 << 16;
	for (size_t at = 0; at < n && !o.rc; at += piece)
		o.rc = record_feed(r, slice_make(p + at, MIN(piece, n - at)), &reply, &e);
	if (!o.rc && record_streams_end(r, &e))
		abort();
	if (r->partial.n > sizeof(struct record_frame) + RECORD_PAYLOAD || r->stream[0].kept > RECORD_HEAD_KEPT)
		abort();
	o.output = r->stream[0].bytes + r->stream[1].bytes;
	o.typed = r->typed;
	o.exited = r->exited;
	o.status = r->status;
	deflateEnd(&r->file.z);
	close(r->file.fd);
	buf_free(&r->partial);
	buf_free(&r->line);
	buf_free(&r->text);
	buf_free(&reply);
	free(r);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const char *p = (const char *)data + 2;
	bool terminal = data[0] & 1;
	struct outcome a = feed(p, size - 2, SIZE_MAX, terminal), b = feed(p, size - 2, (size_t)data[1] + 1, terminal);
	if (a.rc != b.rc || a.output != b.output || a.typed != b.typed || a.exited != b.exited || a.status != b.status)
		abort();
	/* the same bytes as a line of a recording */
	struct buf text = {0};
	struct cast_event x;
	if (cast_line(slice_make(p, size - 2), &x, &text) && (x.at < 0 || (x.code != 'h' && x.text.n > size)))
		abort();
	buf_free(&text);
	return 0;
}
