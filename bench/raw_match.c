/* raw_match.c - the matcher alone: how often do the literals of a file occur in another file?
 * usage: bench_raw_match LITERALS FILE */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "match/match.h"

enum { BLOCK = 1 << 20, TEXT_MAX = 1 << 20 };

static int count(void *arg, uint32_t id, size_t end)
{
	(void)id;
	(void)end;
	++*(uint64_t *)arg;
	return 0;
}

static struct match_set *load(const char *path)
{
	struct match_set *set = match_new(MATCH_FAST);
	struct err e;
	FILE *f = fopen(path, "rb");
	char *text = xmalloc(TEXT_MAX);
	struct slice rest = slice_make(text, f ? fread(text, 1, TEXT_MAX, f) : 0), line;
	if (f)
		fclose(f);
	for (uint32_t id = 0; slice_cut(&rest, '\n', &line); id++)
		if (line.n && match_add(set, line, 0, id, &e) < 0)
			return NULL;
	free(text);
	return match_count(set) && match_seal(set, &e) == 0 ? set : NULL;
}

int main(int argc, char **argv)
{
	struct match_set *set = argc == 3 ? load(argv[1]) : NULL;
	struct match_ctx *ctx = set ? match_ctx_new(set) : NULL;
	int fd = ctx ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
	uint64_t hits = 0;
	ssize_t n;
	if (fd < 0) {
		fprintf(stderr, "usage: bench_raw_match LITERALS FILE\n");
		return 2;
	}
	char *block = xmalloc(BLOCK);
	while ((n = read(fd, block, BLOCK)) > 0)
		match_run(ctx, slice_make(block, (size_t)n), count, &hits);
	printf("%llu\n", (unsigned long long)hits);
	free(block);
	close(fd);
	match_ctx_free(ctx);
	match_free(set);
	return 0;
}
