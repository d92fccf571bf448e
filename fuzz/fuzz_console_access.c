/* fuzz_console_access.c - any bytes as what the broker says of the gate and of sessions: an error, or a picture that is written again as it was read. */
#include <stdlib.h>

#include "console/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make((const char *)data, size);
	struct access_gate g;
	struct access_sessions s;
	struct arena mem;
	struct err e;
	struct buf b = {0};
	arena_init(&mem);
	if (access_gate_read(in, &mem, &g, &e) == 0) {
		for (size_t i = 0; i < g.policy.ngrants; i++)
			if (access_standing(&g.policy.grants[i], 0) >= STANDING_COUNT || !access_whole(&g.policy.grants[i]))
				abort();
		access_gate_write(&b, &g);
		if (!slice_eq(buf_slice(&b), in))
			abort();
	}
	b.n = 0;
	if (access_sessions_read(in, &mem, &s, &e) == 0) {
		access_sessions_write(&b, &s);
		if (!slice_eq(buf_slice(&b), in))
			abort();
	}
	if (arena_footprint(&mem) > (1 << 20) + 64 * size) /* counts alone allocate nothing */
		abort();
	buf_free(&b);
	arena_free(&mem);
	return 0;
}
