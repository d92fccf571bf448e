/* fuzz_sigma_rule.c - any text as rules, judged on any text as a JSON event: what is before the first line "===" is YAML, the rest the event. */
#include "sigma/sigma.h"

#include <stdlib.h>

static void on_hit(void *arg, const struct sigma_rule *r)
{
	(void)r;
	++*(unsigned *)arg;
}

static unsigned judge(struct slice yaml, struct slice event, bool no_prefilter)
{
	struct sigma_options opt = {.no_prefilter = no_prefilter};
	struct sigma_set *s = sigma_new(&opt);
	struct err e;
	struct buf out = {0};
	unsigned hits = 0;
	sigma_add_text(s, yaml, "fuzz");
	if (sigma_seal(s, &e) == 0) {
		struct sigma_ctx *c = sigma_ctx_new(s);
		if (sigma_event_json(c, event, NULL) == 0) {
			sigma_judge(c, on_hit, &hits);
			for (size_t i = 0; i < sigma_count(s) && i < 4; i++) {
				struct sigma_match why[4];
				sigma_explain(c, sigma_get(s, i), &out);
				sigma_why(c, sigma_get(s, i), why, 4);
			}
		}
		sigma_ctx_free(c);
	}
	buf_free(&out);
	sigma_free(s);
	return hits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char sample[] = "{\"CommandLine\":\"cmd.exe /c whoami\",\"Image\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"EventID\":1,\"a\":{\"b\":[1,\"x\",null]},\"t\":\"2026-01-02T03:04:05Z\"}";
	struct slice text = slice_make((const char *)data, size), event = slice_make(sample, sizeof sample - 1), yaml = text;
	ssize_t at = slice_find(text, SL("\n===\n"));
	if (at >= 0) {
		yaml = slice_to(text, (size_t)at);
		event = slice_from(text, (size_t)at + 5);
	}
	if (judge(yaml, event, false) != judge(yaml, event, true))
		abort();
	return 0;
}
