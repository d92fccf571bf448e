/* fuzz_posture.c - a snapshot that a machine sent is judged: every result has its words, taking a section away raises no score, the result is read back from its JSON. */
#include <stdlib.h>

#include "posture/posture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static double judge(const struct snapshot *s, bool tell)
{
	const struct snapshot *const hosts[] = {s};
	struct posture_options opt = {.now = 1795000000};
	struct posture p;
	struct err e = {0};
	struct buf out = {0};
	if (posture_run(hosts, 1, NULL, &opt, &p, &e))
		abort();
	for (size_t i = 0; i < p.n; i++)
		if (!p.v[i].text.n || (p.v[i].result == POSTURE_FAIL) != (p.v[i].found > 0))
			abort();
	if (tell) {
		posture_text(&p, NULL, false, true, &out);
		if (slice_chr(buf_slice(&out), '\x1b') >= 0)
			abort(); /* a name drives the terminal */
		posture_html(&p, NULL, &out);
		posture_ocsf(&p, "0", &out);
		out.n = 0;
		posture_json(&p, NULL, &out);
		struct posture_before *b = posture_before_read(buf_slice(&out), "own", &e);
		if (!b)
			abort();
		posture_text(&p, b, true, false, &out);
		posture_before_free(b);
	}
	double score = p.score;
	buf_free(&out);
	posture_free(&p);
	return score;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = {0};
	struct snapshot *s = snapshot_read(slice_make((const char *)data, n), "fuzz", &e);
	struct posture_before *b = posture_before_read(slice_make((const char *)data, n), "fuzz", &e);
	posture_before_free(b);
	if (!s)
		return 0;
	double before = judge(s, true);
	enum snap_kind k = (enum snap_kind)(n % SNAP_K_fact);
	size_t none = 0;
	memcpy((char *)s + snap_tables[k].count, &none, sizeof none);
	struct snap_missing *m = snapshot_add(s, SNAP_K_missing);
	m->section = slice_of(snap_kind_name(k));
	if (judge(s, false) > before + 1e-9)
		abort();
	snapshot_free(s);
	return 0;
}
