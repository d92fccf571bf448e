/* fuzz_source.c - any bytes as a file: archives, packed files, logs, records. Whatever they are, every block must be
 * whole lines and the reading must end. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct source_set *set, const struct block *b)
{
	if (b->data.n == 0 && !b->last)
		abort();
	if (set->files.v[b->file].records ? b->data.n % SOURCE_RECORD != 0 : !b->last && b->data.p[b->data.n - 1] != '\n')
		abort();
}

static void drain(struct source_set *set, const struct stream_set *st, size_t want)
{
	struct stream *s = stream_open(set, st);
	struct block b = {0};
	struct err e;
	char peek[512];
	uint64_t total = 0;

	if (stream_peek(s, peek, sizeof(peek)) > sizeof(peek))
		abort();
	/* The free allowance of 64 MB is correct but slow here. */
	while (total < (4 << 20) && stream_next(s, want, &b, &e) == 1) {
		check(set, &b);
		total += b.data.n;
	}
	block_free(&b);
	stream_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_set set;
	struct err e;
	char path[64];
	const char *paths[] = {path};
	int fd;

	if (size < 1 || (fd = memfd_create("fuzz", MFD_CLOEXEC)) < 0)
		return 0;
	if (write(fd, data + 1, size - 1) == (ssize_t)(size - 1)) {
		const struct source_options opt = {.all = data[0] & 1};
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		(void)source_find(&set, paths, 1, &opt, &e);
		for (size_t i = 0; i < set.streams.n && i < 16; i++)
			drain(&set, &set.streams.v[i], (size_t)1 << (data[0] >> 3));
		/* the same from the end; small inputs only: packed ones go through the temporary space */
		for (size_t i = 0; (data[0] & 2) && size < 8192 && i < set.streams.n && i < 4; i++) {
			if (!set.files.v[set.streams.v[i].files[0]].records)
				source_turn(&set, set.streams.v[i].files[0]);
			drain(&set, &set.streams.v[i], (size_t)1 << (data[0] >> 3));
		}
		source_set_free(&set);
	}
	close(fd);
	return 0;
}
