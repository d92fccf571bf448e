/* fuzz_scan.c - lines through decoders, detectors, incidents and the three reports. Byte 0: bit 0 learning off, bit 1 colour. */
#include <stdlib.h>

#include "decode/decode.h"
#include "detect/detect.h"
#include "incident/incident.h"
#include "org/org.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char org_text[] =
	"organisation:\n  name: Fuzz\n  networks: [10.20.0.0/16]\n  domains: [ics.example]\nhosts:\n  - name: web1\n    addresses: [10.20.10.11]\n"
	"    roles: [web]\npatch_folders: [/srv/patch/release]\nproviders:\n  - id: acme\n    name: ACME\n    hosts: [web1]\n    hours: \"Mon-Fri 07:00-19:00\"\n    persons:\n"
	"      - name: Jonas Beck\n        accounts: [hl-jansen, beck]\n";

static void take(void *arg, struct finding *f)
{
	incidents_add(arg, f);
}

/* What a terminal would obey: C0, DEL, and C1 as UTF-8. JSON and HTML only have to be clean text. */
static void clean(struct slice s, bool terminal, bool color)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i], next = i + 1 < s.n ? (uint8_t)s.p[i + 1] : 0;
		if (c < 0x20 && c != '\n' && !(color && c == 0x1b))
			abort();
		if (terminal && (c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0)))
			abort();
	}
	if (!slice_utf8(s))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1 || n > 16 << 10)
		return 0;
	static struct org *org;
	static struct decode_tables *t;
	struct err e;
	if (!org && !(org = org_parse(SL(org_text), "org.yaml", &e)))
		abort();
	struct incidents *in = incidents_new(org);
	struct detect_options dopt = {.org = org, .learning = data[0] & 1 ? 0 : 3 * NS_DAY};
	struct detect *det = detect_new(&dopt, take, in);
	struct decode_options opt = {.now = 1780272000 * NS_SEC};
	detect_wants(det, &opt.want);
	if (!t && !(t = decode_tables_new(&opt, &e)))
		abort();
	struct decoder *d = decoder_new(t);
	struct joiner *j = joiner_new(t);
	struct batch a, b, none;
	struct decode_stats stats;
	batch_init(&a);
	batch_init(&b);
	batch_init(&none);
	decode_stats_init(&stats);
	struct decode_in block = {.data = slice_make((const char *)data + 1, n - 1), .host = SL("web1"), .path = SL("fuzz.log"), .mtime = 1780272000 * NS_SEC, .format = -1};
	decode_block(d, &block, &a, &stats);
	joiner_run(j, &a, &b, false);
	joiner_run(j, &none, &b, true);
	for (size_t i = 0; i < b.n; i++)
		if (b.v[i].time != NSTIME_NONE)
			detect_event(det, &b.v[i]);
	detect_finish(det);
	incidents_build(in);
	struct ledger_file file = {.path = SL("fuzz.log"), .lines = stats.lines, .first = NSTIME_NONE, .last = NSTIME_NONE};
	struct ledger l = {.files = &file, .nfiles = 1, .lines = stats.lines, .first = NSTIME_NONE, .last = NSTIME_NONE};
	struct report_input input = {in, &l, org, "fuzz", opt.now};
	struct report_text_options topt = {.color = data[0] & 2, .width = 80, .min_level = LEVEL_INFO, .verbose = true};
	struct buf out = {0};
	report_text(&out, &input, &topt);
	clean(buf_slice(&out), true, topt.color);
	out.n = 0;
	report_json(&out, &input);
	clean(buf_slice(&out), false, false);
	out.n = 0;
	report_html(&out, &input);
	clean(buf_slice(&out), false, false);
	buf_free(&out);
	batch_free(&a);
	batch_free(&b);
	batch_free(&none);
	joiner_free(j);
	decoder_free(d);
	detect_free(det);
	incidents_free(in);
	return 0;
}
