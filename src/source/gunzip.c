/* gunzip.c - gzip by zlib itself, the only place that knows it.
 *
 * Why not libarchive: its gzip filter throws away the last 64 KB it unpacked when the data break off, so a cut
 * auth.log.2.gz, which is evidence, would show nothing at all.
 */
#include "source/source_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

struct gunzip {
	z_stream z;
	uint64_t out;
	bool between; /* a member ended; another, padding, or nothing follows */
	bool done;
	unsigned char buf[INPUT_BLOCK];
};

struct gunzip *gunzip_new(void)
{
	struct gunzip *gz = malloc(sizeof(*gz));

	if (!gz)
		return NULL;
	memset(&gz->z, 0, sizeof(gz->z));
	gz->out = 0;
	gz->between = gz->done = false;
	if (inflateInit2(&gz->z, 15 + 16) != Z_OK) { /* 16: gzip header and checksum */
		free(gz);
		return NULL;
	}
	return gz;
}

void gunzip_free(struct gunzip *gz)
{
	if (!gz)
		return;
	inflateEnd(&gz->z);
	free(gz);
}

/* More packed bytes; false at the end or with trouble. */
static bool refill(struct gunzip *gz, struct input *in)
{
	ssize_t r = input_read_raw(in, gz->buf, sizeof(gz->buf));

	if (r > 0) {
		gz->z.next_in = gz->buf;
		gz->z.avail_in = (uInt)r;
		return true;
	}
	gz->done = true;
	if (r == 0 && !gz->between)
		trouble_set(&in->trouble, PROBLEM_TRUNCATED,
			    "the gzip data end in the middle, at byte %" PRIu64 "; %" PRIu64 " bytes could be unpacked",
			    in->pos, gz->out);
	return false;
}

/* Between members: skip zero padding; false when nothing that could be a member follows. */
static bool next_member(struct gunzip *gz, struct input *in)
{
	while (gz->z.avail_in > 0 && *gz->z.next_in == 0) {
		gz->z.next_in++;
		gz->z.avail_in--;
	}
	if (gz->z.avail_in == 0)
		return true;
	if (*gz->z.next_in != 0x1f) {
		trouble_set(&in->trouble, PROBLEM_CORRUPT, "bytes that are no gzip data follow it at byte %" PRIu64 ": ignored",
			    in->pos - gz->z.avail_in);
		gz->done = true;
		return false;
	}
	gz->between = false;
	return inflateReset(&gz->z) == Z_OK;
}

/* One step of zlib; what it put out stays valid whatever it returns. */
static void step(struct gunzip *gz, struct input *in)
{
	int rc = inflate(&gz->z, Z_NO_FLUSH);

	if (rc == Z_STREAM_END) {
		gz->between = true;
	} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
		gz->done = true;
		trouble_set(&in->trouble, rc == Z_MEM_ERROR ? PROBLEM_UNREADABLE : PROBLEM_CORRUPT,
			    "gzip: %s at byte %" PRIu64 "; %" PRIu64 " bytes could be unpacked",
			    gz->z.msg ? gz->z.msg : "bad data", in->pos - gz->z.avail_in, gz->out);
	}
}

ssize_t gunzip_read(struct gunzip *gz, struct input *in, void *buf, size_t n)
{
	n = MIN(n, (size_t)1 << 30);
	gz->z.next_out = buf;
	gz->z.avail_out = (uInt)n;
	while (gz->z.avail_out > 0 && !gz->done) {
		if (gz->z.avail_in == 0 && !refill(gz, in))
			break;
		if (gz->between && !next_member(gz, in))
			break;
		if (gz->between) /* only padding so far */
			continue;
		uInt before = gz->z.avail_out;
		step(gz, in);
		gz->out += before - gz->z.avail_out;
	}
	n -= gz->z.avail_out;
	return n > 0 ? (ssize_t)n : in->trouble.set ? -1 : 0;
}
