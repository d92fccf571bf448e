/* test_source_util.h - what the tests of the source room share: a folder to work in, files, sets, whole streams. */
#ifndef TEST_SOURCE_UTIL_H
#define TEST_SOURCE_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"
#include "source/source.h"

static char work[] = "/tmp/postern-test-XXXXXX";

static inline int work_setup(void **state)
{
	(void)state;
	snprintf(work, sizeof(work), "/tmp/postern-test-XXXXXX");
	return mkdtemp(work) && chdir(work) == 0 ? 0 : -1;
}

static inline int work_teardown(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "cd / && chmod -R u+rwx %s && rm -rf %s", work, work);
	return system(cmd);
}

static inline void sh(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("command failed: %s", cmd);
}

static inline bool have(const char *tool)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null 2>&1", tool);
	return system(cmd) == 0;
}

static inline void put(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static inline void putz(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

/* n numbered lines: "PREFIX 0000001\n"; each prefix makes other bytes. */
static inline void put_lines(const char *path, const char *prefix, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s %07zu\n", prefix, i);
	assert_int_equal(fclose(f), 0);
}

static inline void find1(struct source_set *set, const char *path)
{
	struct err e;

	assert_int_equal(source_find(set, &path, 1, NULL, &e), 0);
}

static inline const struct stream_set *stream_named(const struct source_set *set, const char *name)
{
	for (size_t i = 0; i < set->streams.n; i++)
		if (slice_eqz(set->streams.v[i].name, name))
			return &set->streams.v[i];
	return NULL;
}

/* Everything in a stream; checks what every block must satisfy. */
static inline struct buf read_all(struct source_set *set, const struct stream_set *st, size_t want)
{
	struct stream *s = stream_open(set, st);
	struct block b = {0};
	struct buf all = {0};
	struct err e;
	uint64_t next = 0;
	bool inside = false;
	int rc;

	while ((rc = stream_next(s, want, &b, &e)) == 1) {
		assert_int_equal(b.first, !inside);
		if (b.first)
			next = 0;
		assert_true(b.offset >= next);
		if (!b.last)
			assert_true(b.data.n > 0);
		if (set->files.v[b.file].records)
			assert_int_equal(b.data.n % SOURCE_RECORD, 0);
		else if (!b.last)
			assert_int_equal(b.data.p[b.data.n - 1], '\n');
		next = b.offset + b.data.n;
		inside = !b.last;
		if (b.data.n)
			buf_adds(&all, b.data);
	}
	assert_int_equal(rc, 0);
	assert_false(inside);
	block_free(&b);
	stream_close(s);
	return all;
}

static inline void assert_content(struct source_set *set, const char *stream, const char *expected)
{
	const struct stream_set *st = stream_named(set, stream);
	if (!st)
		fail_msg("no stream %s", stream);
	struct buf all = read_all(set, st, 64);
	assert_int_equal(all.n, strlen(expected));
	assert_memory_equal(all.p, expected, all.n);
	buf_free(&all);
}

static inline const struct problem *problem_of(const struct source_set *set, const char *path)
{
	for (size_t i = 0; i < set->problems.n; i++)
		if (slice_eqz(set->problems.v[i].path, path))
			return &set->problems.v[i];
	return NULL;
}

static inline void assert_problem(const struct source_set *set, const char *path, enum problem_kind kind)
{
	const struct problem *p = problem_of(set, path);
	if (!p)
		fail_msg("no problem for %s, expected %s", path, problem_name(kind));
	assert_string_equal(problem_name(p->kind), problem_name(kind));
	assert_true(p->text.n > 0);
	assert_true(set->problem_count[kind] > 0);
}

static inline void assert_problems(const struct source_set *set, size_t n)
{
	if (set->problems.n == n)
		return;
	for (size_t i = 0; i < set->problems.n; i++)
		print_message("problem %s %.*s: %.*s\n", problem_name(set->problems.v[i].kind),
			      SLFMT(set->problems.v[i].path), SLFMT(set->problems.v[i].text));
	assert_int_equal(set->problems.n, n);
}

#endif
