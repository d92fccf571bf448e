/* fuzz_live_frame.c - any bytes as a syslog stream, cut anywhere. Whatever they are: every line of the output is one line, no byte of a
 * message is lost but for overlong ones, and how the stream was cut does not show. */
#include <stdint.h>
#include <stdlib.h>

#include "live/receive_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const char *p, size_t n, size_t piece, const struct envelope *env, struct buf *out, struct frame_counts *c)
{
	struct framer fr = {0};
	struct buf carry = {0};
	for (bool end = false; !end;) {
		size_t take = MIN(piece, n), used = 0;
		bool more = true;
		end = take == n;
		buf_add(&carry, p, take);
		p += take;
		n -= take;
		while (more) {
			const char *at = carry.n ? carry.p + used : ""; /* no arithmetic on NULL */
			size_t step = frame_stream(&fr, env, at, carry.n - used, end, out->n + 4096, out, c, &more);
			if (step > carry.n - used)
				abort();
			used += step;
		}
		if (carry.n)
			memmove(carry.p, carry.p + used, carry.n - used);
		carry.n -= used;
	}
	if (carry.n)
		abort();
	buf_free(&carry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope env = {.time = "2026-11-26T14:00:00.000Z"};
	struct buf whole = {0}, pieces = {0}, datagram = {0};
	struct frame_counts a = {0}, b = {0}, d = {0};
	uint64_t newlines = 0;
	if (size < 2)
		return 0;
	if (data[0] & 1)
		env.peer = SL("192.0.2.7");
	const char *p = (const char *)data + 2;
	feed(p, size - 2, SIZE_MAX, &env, &whole, &a);
	feed(p, size - 2, (size_t)data[1] + 1, &env, &pieces, &b);
	if (whole.n != pieces.n || (whole.n && memcmp(whole.p, pieces.p, whole.n) != 0) || a.lines != b.lines || a.too_long != b.too_long)
		abort();
	for (size_t i = 0; i < whole.n; i++)
		newlines += whole.p[i] == '\n';
	if (newlines != a.lines || (whole.n && whole.p[whole.n - 1] != '\n'))
		abort();
	frame_datagram(&env, slice_make(p, size - 2), &datagram, &d);
	if (d.lines > 1 || (d.lines && (size_t)((char *)memchr(datagram.p, '\n', datagram.n) - datagram.p) != datagram.n - 1))
		abort();
	buf_free(&whole);
	buf_free(&pieces);
	buf_free(&datagram);
	return 0;
}
