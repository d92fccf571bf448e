/* fuzz_snapshot.c - a snapshot that a machine sent: what is read is written, and read again the same. */
#include <stdlib.h>

#include "snapshot/snapshot_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void never(void *arg, const struct snap_difference *d)
{
	(void)arg;
	(void)d;
	abort(); /* a snapshot differs from itself */
}

static void text(void *arg, const struct snap_difference *d)
{
	struct buf b = {0};
	snapshot_row_text(arg, d->kind, d->after ? d->after : d->before, &b);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = {0};
	struct buf one = {0}, two = {0};
	size_t hidden;
	struct snapshot *s = snapshot_read(slice_make((const char *)data, n), "fuzz", &e), *none = snapshot_new();

	if (!s && (e.code >= 0 || !e.text[0]))
		abort(); /* a failure that says nothing */
	if (s) {
		snapshot_write(s, &one);
		struct snapshot *again = snapshot_read(buf_slice(&one), "again", &e);
		if (!again)
			abort();
		snapshot_write(again, &two);
		if (!slice_eq(buf_slice(&one), buf_slice(&two)))
			abort();
		snapshot_compare(s, again, never, NULL, &hidden);
		snapshot_compare(none, again, text, again, &hidden);
		snapshot_free(again);
	}
	snapshot_free(none);
	snapshot_free(s);
	buf_free(&one);
	buf_free(&two);
	return 0;
}
