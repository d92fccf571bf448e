/* fuzz_lure.h - what the fuzz targets of room lure share: small limits, and what must hold of any result. */
#ifndef POSTERN_FUZZ_LURE_H
#define POSTERN_FUZZ_LURE_H

#include <stdlib.h>

#include "lure/lure_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline struct lure *fuzz_lure_new(void)
{
	const struct lure_limits limits = {.depth = 3, .objects = 60, .total = 2u << 20, .one = 1u << 20, .names = 200, .milliseconds = 2000};
	static struct lure_known known;
	static const char list[] = "products: [{name: PuTTY, words: [putty], signers: [Simon Tatham]}, {name: MuPDF, words: [mupdf]}]";
	if (!known.products) {
		struct lure_products *p = lure_products_new();
		struct err e;
		if (lure_products_parse(p, SL(list), "list", &e))
			abort();
		known.products = p;
	}
	struct lure *l = lure_new(&limits);
	lure_know(l, &known);
	return l;
}

/* Text is UTF-8 on one line, JSON is one line, and what another process reads says the same. */
static inline void fuzz_lure_check(struct lure *l)
{
	const struct lure_finding *f;
	struct lure_verdict v, again;
	struct buf json = {0}, text = {0}, saved = {0}, twice = {0};
	size_t n = lure_findings(l, &f);
	for (size_t i = 0; i < n; i++)
		if (!slice_utf8(f[i].evidence) || f[i].evidence.n > 200 || (f[i].evidence.n && memchr(f[i].evidence.p, '\n', f[i].evidence.n)) || !slice_utf8(f[i].where))
			abort();
	lure_judge(l, &v);
	lure_json(l, &v, SL("x"), &json);
	lure_text(l, &v, SL("x"), LURE_KO, true, true, false, &text);
	if (!json.n || memchr(json.p, '\n', json.n) != json.p + json.n - 1 || !slice_utf8(buf_slice(&json)) || (text.n && memchr(text.p, 0x1b, text.n)))
		abort();
	lure_save(l, &saved);
	struct lure *copy = lure_new(NULL);
	if (!lure_load(copy, buf_slice(&saved)))
		abort();
	lure_judge(copy, &again);
	lure_save(copy, &twice);
	if (again.verdict != v.verdict || again.score != v.score || again.ncombinations != v.ncombinations)
		abort();
	/* and bytes of a broken process are no result, or one */
	if (saved.n > 8) {
		saved.p[saved.n / 2] ^= 0x41;
		lure_load(copy, buf_slice(&saved));
	}
	lure_free(copy);
	buf_free(&json);
	buf_free(&text);
	buf_free(&saved);
	buf_free(&twice);
}

/* One parser, whatever the bytes look like. */
static inline void fuzz_lure_parser(lure_parser *parse, enum lure_type type, struct slice bytes)
{
	struct lure *l = fuzz_lure_new();
	uint32_t id = lure_add_given(l, SL("x"), SLICE_NONE, type);
	parse(l, id, bytes);
	fuzz_lure_check(l);
	lure_free(l);
}

#endif
