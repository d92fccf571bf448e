/* fuzz_audit_again.c - audit records that are read by the keys of those before, and judged by what rules read of them, against each read and judged for
 * itself without indexes: the same rules must hold for the same records. */
#include "../test/unit/audit_rules.h"
#include "pipeline/pipeline.h"

#include <stdlib.h>

static struct sigma_set *set, *plain;
static struct decode_tables *tables;
static struct sigma_ctx *slow; /* keeps nothing that decides */

static struct sigma_set *load(bool no_prefilter)
{
	struct sigma_options opt = {.no_prefilter = no_prefilter};
	struct sigma_set *s = sigma_new(&opt);
	struct err e;
	sigma_add_text(s, slice_of(audit_rules), "rules.yml");
	if (sigma_seal(s, &e) || sigma_count(s) != AUDIT_RULES)
		abort();
	return s;
}

static void on_hit(void *arg, const struct sigma_rule *r)
{
	*(uint64_t *)arg |= (uint64_t)1 << r->number;
}

struct told {
	uint64_t hits[AUDIT_RULES], events;
};

static struct told judge(struct block_decoder *d, struct sigma_ctx *quick, const struct decode_in *in)
{
	struct told t = {0};
	struct batch out;
	struct decode_stats stats;
	batch_init(&out);
	decode_stats_init(&stats);
	block_decode(d, in, &out, &stats);
	for (size_t i = 0; i < out.n; i++) {
		struct event e = out.v[i];
		uint64_t got = 0, want = 0;
		sigma_judge_event(quick, &e, on_hit, &got);
		e.pairs = NULL;
		if (sigma_event(slow, &e))
			sigma_judge(slow, on_hit, &want);
		if (got != want || (e.flags & EV_DULL && want))
			abort();
		for (unsigned k = 0; k < AUDIT_RULES; k++)
			t.hits[k] += want >> k & 1;
	}
	t.events = out.n + stats.dull;
	batch_free(&out);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e;
	if (!set) {
		struct decode_options opt = {0};
		set = load(false);
		plain = load(true);
		slow = sigma_ctx_new(plain);
		sigma_wants(set, &opt.want);
		opt.audit_records = sigma_wants_records(set);
		opt.bare_records = !sigma_wants_record_fields(set);
		if (!(tables = decode_tables_new(&opt, &e)))
			abort();
	}
	struct decode_in in = {.data = slice_make((const char *)data, size), .host = SL("h"), .mtime = NSTIME_NONE, .format = -1};
	struct block_decoder *all = block_decoder_new(tables, set), *early = block_decoder_new(tables, set);
	struct sigma_ctx *quick = sigma_ctx_new(set);
	block_decoder_judge(early, set);
	struct told a = judge(all, quick, &in), b = judge(early, quick, &in);
	if (memcmp(&a, &b, sizeof a) != 0)
		abort();
	sigma_ctx_free(quick);
	block_decoder_free(all);
	block_decoder_free(early);
	return 0;
}
