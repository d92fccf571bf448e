/* test_factor.h - a vault, a key and a device for the tests of the second factor. */
#ifndef TEST_FACTOR_H
#define TEST_FACTOR_H

#include "factor/factor_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define T0 ((nstime)1800000000 * NS_SEC) /* a multiple of 30 s */
#define STEP0 ((int64_t)1800000000 / 30)
#define HOME SL("198.51.100.7")
static const struct factor_kind plain_kind = {FACTOR_SHA1, 6, 30};

struct scene {
	char folder[64], file[128], key[128];
	struct vault *v;
	struct factor *f;
	uint8_t seed[SEED_MAX];
	size_t nseed;
	struct factor_kind kind;
	struct buf codes;
};

static inline void scene_open(struct scene *s)
{
	struct err e = {0};
	s->v = vault_open(s->file, VAULT_CREATE, &e);
	if (!s->v)
		fail_msg("%s", e.text);
	s->f = factor_open(s->v, s->key, true, &e);
	if (!s->f)
		fail_msg("%s", e.text);
}

static inline void scene_close(struct scene *s)
{
	factor_close(s->f);
	vault_close(s->v);
	s->f = NULL;
	s->v = NULL;
}

static inline int scene_setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	snprintf(s->folder, sizeof s->folder, "/tmp/postern-factor-XXXXXX");
	if (!s || !mkdtemp(s->folder))
		return -1;
	snprintf(s->file, sizeof s->file, "%s/gate.db", s->folder);
	snprintf(s->key, sizeof s->key, "%s/factor.key", s->folder);
	unsetenv("CREDENTIALS_DIRECTORY");
	scene_open(s);
	*state = s;
	return 0;
}

static inline int scene_teardown(void **state)
{
	char command[256];
	struct scene *s = *state;
	scene_close(s);
	factor_wipe(&s->codes);
	snprintf(command, sizeof command, "rm -rf %s", s->folder);
	free(s);
	return system(command);
}

/* The device's code at a step (or counter). */
static inline struct slice device(const struct scene *s, int64_t counter, char out[static 9])
{
	struct err e;
	assert_int_equal(factor_code_at(&s->kind, s->seed, s->nseed, counter, out, &e), 0);
	return slice_of(out);
}

/* The seed of the URI, as a device would read it. */
static inline void scan_uri(struct scene *s, struct slice uri)
{
	uint32_t bits = 0;
	unsigned have = 0;
	ssize_t at = slice_find(uri, SL("secret="));
	assert_true(at > 0);
	s->nseed = 0;
	for (size_t i = (size_t)at + 7; i < uri.n && uri.p[i] != '&'; i++) {
		char c = uri.p[i];
		bits = bits << 5 | (uint32_t)(c >= 'A' ? c - 'A' : c - '2' + 26);
		have += 5;
		if (have >= 8) {
			have -= 8;
			assert_true(s->nseed < SEED_MAX);
			s->seed[s->nseed++] = (uint8_t)(bits >> have);
		}
	}
}

static inline void enroll_as(struct scene *s, struct slice person, struct factor_kind kind, nstime now)
{
	struct err e = {0};
	struct buf uri = {0};
	char a[9], b[9];
	int64_t at = kind.period ? now / NS_SEC / kind.period : 1;
	s->kind = kind;
	if (factor_enroll(s->f, person, SL("Institute"), &kind, &uri, &e))
		fail_msg("%s", e.text);
	scan_uri(s, buf_slice(&uri));
	factor_wipe(&uri);
	factor_wipe(&s->codes);
	if (factor_confirm(s->f, person, device(s, at - 1, a), device(s, at, b), now, NULL, NULL, &s->codes, &e))
		fail_msg("%s", e.text);
}

static inline enum factor_verdict try(struct scene *s, struct slice person, struct slice from, struct slice code, nstime now, nstime *wait)
{
	struct err e = {0};
	enum factor_verdict v = factor_check(s->f, person, from, code, now, wait, &e);
	assert_true(v != FACTOR_FAULT || (e.code < 0 && e.text[0])); /* a fault is told */
	assert_true(sodium_is_zero(factor_room(s->f), SEED_MAX)); /* no seed is left */
	return v;
}

#endif
