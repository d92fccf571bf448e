/* inspect.c [--each] [-n TIMES] FILE... - what looking at files costs in one process without the command, its processes and their confinement: CPU seconds for all of them, median of so many
 * times (default 5); with --each also microseconds a file. For bench/inspect.py. */
#include "lure/lure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TIMES_MAX = 1000, FILE_MAX = 256 << 20 };

static double cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_size);
	return v[n / 2];
}

/* With reading it, as a worker does. */
static double look(struct lure *l, const char *path, size_t *bytes)
{
	struct err e;
	struct lure_verdict v;
	double from = cpu();
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END)) {
		perror(path);
		exit(1);
	}
	long n = ftell(f);
	rewind(f);
	char *p = malloc(n > 0 && n <= FILE_MAX ? (size_t)n : 1);
	*bytes = p && n > 0 ? fread(p, 1, (size_t)n, f) : 0;
	fclose(f);
	lure_reset(l);
	if (lure_inspect(l, slice_basename(slice_of(path)), slice_make(p, *bytes), &e))
		exit(1);
	lure_judge(l, &v);
	free(p);
	return cpu() - from;
}

int main(int argc, char **argv)
{
	size_t times = 5, from = 1, bytes = 0;
	bool each = false;
	if (from < (size_t)argc && strcmp(argv[from], "--each") == 0) {
		each = true;
		from++;
	}
	if (from + 1 < (size_t)argc && strcmp(argv[from], "-n") == 0) {
		times = strtoul(argv[from + 1], NULL, 10);
		from += 2;
	}
	if (from >= (size_t)argc || !times || times > TIMES_MAX) {
		fprintf(stderr, "usage: inspect [--each] [-n TIMES] FILE...\n");
		return 2;
	}
	struct lure *l = lure_new(NULL);
	size_t files = (size_t)argc - from;
	double *took = calloc(times * files, sizeof *took), *all = calloc(times, sizeof *all);
	if (!took || !all)
		return 1;
	for (size_t t = 0; t < times; t++)
		for (size_t i = 0; i < files; i++) {
			size_t n;
			all[t] += took[i * times + t] = look(l, argv[from + i], &n);
			bytes += t ? 0 : n;
		}
	for (size_t i = 0; each && i < files; i++)
		printf("%.0f us %s\n", 1e6 * median(took + i * times, times), argv[from + i]);
	double s = median(all, times);
	printf("%zu files, %zu bytes, %.6f s, %.1f MB/s\n", files, bytes, s, (double)bytes / 1e6 / s);
	lure_free(l);
	free(took);
	free(all);
	return 0;
}
