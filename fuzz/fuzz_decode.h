/* fuzz_decode.h - what the fuzz targets of decoders share. A target gives the envelopes of its family: byte 0 of the input
 * chooses one (0: none) that is put before every line, byte 1 holds options, the rest is the block. Checked: every line is
 * counted once, what an event points to lies in the block or the arena, its JSON is valid UTF-8 on one line with balanced
 * brackets, and decoding again gives the same. */
#ifndef POSTERN_FUZZ_DECODE_H
#define POSTERN_FUZZ_DECODE_H

#include <stdlib.h>

#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum fuzz_option { FUZZ_FEW = 1, FUZZ_EVERYTHING = 2, FUZZ_RECORDS = 4, FUZZ_ZONE = 8, FUZZ_UTMP = 16, FUZZ_CUT = 32 };

static int fuzz_zone(void *arg, nstime local)
{
	(void)arg;
	return (int)(local / NS_HOUR % 25) * 3600 - 12 * 3600;
}

static void fuzz_check_json(struct slice s)
{
	size_t depth = 0;
	bool quoted = false;
	if (!slice_utf8(s) || memchr(s.p, '\n', s.n))
		abort();
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if ((uint8_t)c < 0x20)
			abort();
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth-- == 0)
			abort();
	}
	if (quoted || depth)
		abort();
}

static void fuzz_add_lines(struct buf *b, struct slice text, const char *prefix)
{
	while (text.n) {
		struct slice line;
		if (!slice_cut(&text, '\n', &line)) {
			line = text;
			text.n = 0;
		}
		buf_addz(b, prefix);
		buf_adds(b, line);
		buf_addc(b, '\n');
	}
}

/* Decodes data in one block, or in two cut at a line; JSON of all events goes to out. */
static void fuzz_decode_once(const struct decode_tables *t, struct slice data, unsigned options, struct buf *out)
{
	struct decoder *d = decoder_new(t);
	struct joiner *j = joiner_new(t);
	struct decode_stats stats;
	struct batch in[2], joined;
	struct slice rest = data, line;
	size_t at = data.n, lines = 0;
	if (options & FUZZ_CUT && !(options & FUZZ_UTMP))
		for (at = 0; at < data.n / 2 && slice_cut(&rest, '\n', &line); at += line.n + 1)
			;
	decode_stats_init(&stats);
	batch_init(&joined);
	for (int i = 0; i < 2; i++) {
		struct decode_in block = {.data = i ? slice_from(data, at) : slice_to(data, at), .offset = i ? at : 0, .host = SL("fuzz"),
			.path = SL("fuzz.log"), .mtime = 1780272000 * NS_SEC, .format = -1, .records = options & FUZZ_UTMP};
		batch_init(&in[i]);
		if (!block.data.n)
			continue;
		decode_block(d, &block, &in[i], &stats);
		joiner_run(j, &in[i], &joined, false);
	}
	struct batch none;
	batch_init(&none);
	joiner_run(j, &none, &joined, true);
	for (size_t i = 0; i < DECODED_KINDS; i++)
		lines += stats.by_kind[i];
	if (lines != stats.lines)
		abort();
	for (size_t i = 0; i < joined.n; i++) {
		size_t from = out->n;
		event_json(out, &joined.v[i], SL("fuzz.log"));
		fuzz_check_json(slice_make(out->p + from, out->n - from));
		buf_addc(out, '\n');
	}
	for (int i = 0; i < 2; i++)
		batch_free(&in[i]);
	batch_free(&none);
	batch_free(&joined);
	joiner_free(j);
	decoder_free(d);
}

/* Compiling the tables takes a hundred times as long as a run: once for each set of options. */
static const struct decode_tables *fuzz_tables(unsigned options)
{
	static struct decode_tables *made[16];
	unsigned at = options & (FUZZ_FEW | FUZZ_EVERYTHING | FUZZ_RECORDS | FUZZ_ZONE);
	if (!made[at]) {
		struct err e;
		struct decode_options opt = {.now = 1780272000 * NS_SEC, .everything = options & FUZZ_EVERYTHING, .audit_records = options & FUZZ_RECORDS,
			.utc_offset = options & FUZZ_ZONE ? fuzz_zone : NULL};
		if (!(options & FUZZ_FEW)) {
			interest_all(&opt.want);
		} else {
			interest_add(&opt.want, ACT_LOGIN);
			interest_add(&opt.want, ACT_EXEC);
			interest_add(&opt.want, ACT_HTTP_WRITE);
		}
		made[at] = decode_tables_new(&opt, &e);
	}
	if (!made[at])
		abort();
	return made[at];
}

static int fuzz_decode(const uint8_t *data, size_t n, const char *const *envelopes, size_t nenvelopes, unsigned always)
{
	if (n < 2 || n > 32 << 10)
		return 0;
	struct slice text = slice_make((const char *)data + 2, n - 2);
	unsigned options = data[1] | always, which = data[0] % (nenvelopes + 1);
	const struct decode_tables *t = fuzz_tables(options);
	struct buf block = {0}, one = {0}, two = {0};
	if (always & FUZZ_UTMP)
		buf_adds(&block, text);
	else
		fuzz_add_lines(&block, text, which ? envelopes[which - 1] : "");
	fuzz_decode_once(t, buf_slice(&block), options & ~(unsigned)FUZZ_CUT, &one);
	fuzz_decode_once(t, buf_slice(&block), options & ~(unsigned)FUZZ_CUT, &two);
	if (!slice_eq(buf_slice(&one), buf_slice(&two)))
		abort();
	if (options & FUZZ_CUT)
		fuzz_decode_once(t, buf_slice(&block), options, &two);
	buf_free(&block);
	buf_free(&one);
	buf_free(&two);
	return 0;
}

#define FUZZ_TARGET(always, ...)                                                                        \
	static const char *const envelopes[] = {__VA_ARGS__};                                           \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)                                       \
	{                                                                                               \
		return fuzz_decode(data, n, envelopes, ARRAY_LEN(envelopes), always);                   \
	}

#endif
