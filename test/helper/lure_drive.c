/* lure_drive.c [--password WORD]... [--spoil SEED] FILE... - room lure without the command around it: one line of JSON a file. With --spoil each file is cut at
 * every hundredth of its length and changed in a few places instead, and only "N inspected" is said: nothing of it may crash or take longer than the limits.
 * For test/corpus/documents.py. */
#include "lure/lure.h"

#include <stdio.h>
#include <stdlib.h>

enum { FLIPS = 100, FILE_MAX = 64 << 20 };

static struct slice read_all(const char *path)
{
	struct buf b = {0};
	char piece[65536];
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(1);
	}
	for (size_t n; b.n < FILE_MAX && (n = fread(piece, 1, sizeof piece, f)) > 0;)
		buf_add(&b, piece, n);
	fclose(f);
	/* Exactly as long as the file, so that a sanitizer sees each byte that is read too far */
	char *p = malloc(b.n ? b.n : 1);
	if (!p)
		exit(1);
	if (b.n)
		memcpy(p, b.p, b.n);
	struct slice s = slice_make(p, b.n);
	buf_free(&b);
	return s;
}

static void look(struct lure *l, const char *name, struct slice bytes, const struct slice *words, size_t nwords, bool tell)
{
	struct lure_verdict v;
	struct buf out = {0};
	struct err e;
	lure_reset(l);
	for (size_t i = 0; i < nwords; i++)
		lure_password(l, words[i]);
	if (lure_inspect(l, slice_basename(slice_of(name)), bytes, &e))
		exit(1);
	lure_judge(l, &v);
	lure_json(l, &v, slice_of(name), &out);
	if (tell)
		fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
}

static void copy_and_look(struct lure *l, const char *name, struct slice bytes, size_t n, uint64_t seed)
{
	char *p = malloc(n ? n : 1);
	if (!p)
		exit(1);
	memcpy(p, bytes.p ? bytes.p : "", n);
	for (int i = 0; seed && n && i < 8; i++) {
		seed = hash_stable(seed, &i, sizeof i);
		p[seed % n] = (char)(p[seed % n] ^ (1 << (seed >> 32 & 7)));
	}
	look(l, name, slice_make(p, n), NULL, 0, false);
	free(p);
}

int main(int argc, char **argv)
{
	struct slice words[20];
	size_t nwords = 0, done = 0;
	uint64_t seed = 0;
	struct lure *l = lure_new(NULL);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--password") == 0 && i + 1 < argc && nwords < ARRAY_LEN(words)) {
			words[nwords++] = slice_of(argv[++i]);
			continue;
		}
		if (strcmp(argv[i], "--spoil") == 0 && i + 1 < argc) {
			seed = strtoull(argv[++i], NULL, 10) + 1;
			continue;
		}
		struct slice bytes = read_all(argv[i]);
		if (!seed)
			look(l, argv[i], bytes, words, nwords, true);
		for (size_t k = 0; seed && k < 100; k++, done++)
			copy_and_look(l, argv[i], bytes, bytes.n * k / 100, 0);
		for (uint64_t k = 0; seed && k < FLIPS; k++, done++)
			copy_and_look(l, argv[i], bytes, bytes.n, hash_stable(HASH_STABLE_INIT, &(uint64_t){seed * 1000 + k}, 8) | 1);
		free((void *)(uintptr_t)bytes.p);
	}
	if (seed)
		printf("%zu inspected\n", done);
	lure_free(l);
	return 0;
}
