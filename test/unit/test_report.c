/* test_report.c - text, JSON lines and HTML of hand-built findings full of what hostile logs may hold. */
#include "report/report.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#include "test_json.h"

/* Markup, quotes, a terminal's title and clear sequence, NUL, line ends, C1, a turn of direction, broken UTF-8. */
#define HOSTILE "<script>alert('1')</script>\"&amp;\\\033]0;owned\007\033[2J\r\nFORGED LINE\t\x7f\xc2\x9b" "31m\xe2\x80\xae" "exe.txt\xff\xc3"
static const char raw_bytes[] = "raw \0" HOSTILE;
#define RAW slice_make(raw_bytes, sizeof raw_bytes - 1)

struct stage_set {
	struct org *org;
	struct incidents *incidents;
	struct ledger ledger;
	struct ledger_file files[2];
	struct ledger_problem problem;
	struct ledger_blind blind;
	struct report_input in;
};

static const char *const techniques[] = {"T1078", "T1110.001", NULL};

static const char *no_format(unsigned i)
{
	return i == 0 ? "syslog" : NULL;
}

/* A finding of its own: nothing it shares with others but what the caller gives. */
static struct finding *finding_of(enum level level, unsigned number, struct slice title)
{
	struct finding *f = finding_new();
	f->rule_id = SL("postern.test");
	f->rule_name = SL("Test");
	f->level = level;
	f->techniques = techniques;
	f->count = 3;
	finding_printf(f, &f->title, "finding %u %.*s", number, SLFMT(title));
	finding_printf(f, &f->text, "why %u %.*s", number, SLFMT(title));
	finding_evidence_raw(f, number % 2, number, civil_seconds(2026, 5, 4, 7, 0, 0) * NS_SEC + (nstime)number * 30 * NS_DAY, RAW);
	finding_seal(f);
	return f;
}

static int with_set(void **state)
{
	struct stage_set *s = xcalloc(1, sizeof *s);
	struct slice h = slice_of(HOSTILE);
	s->org = org_new();
	s->incidents = incidents_new(s->org);
	for (int i = 0; i < 2; i++)
		s->files[i] = (struct ledger_file){.path = h, .host = h, .lines = 10, .unknown = 9, .first = 0, .last = NS_DAY, .formats = 1,
			.example = {{5, h}}, .nexamples = 1};
	s->problem = (struct ledger_problem){SL("corrupt"), h, h};
	s->blind = (struct ledger_blind){h, h, h};
	s->ledger = (struct ledger){.files = s->files, .nfiles = 2, .problems = &s->problem, .nproblems = 1, .problems_total = 1, .blind = &s->blind,
		.nblind = 1, .lines = 1234567, .decoded = 1000000, .first = 0, .last = NS_DAY, .org_file = h, .format_name = no_format};
	s->in = (struct report_input){s->incidents, &s->ledger, s->org, "0.0-test", civil_seconds(2026, 5, 5, 0, 0, 0) * NS_SEC};
	*state = s;
	return 0;
}

static int without_set(void **state)
{
	struct stage_set *s = *state;
	incidents_free(s->incidents);
	org_free(s->org);
	free(s);
	return 0;
}

/* One critical finding with every entity hostile, which alone is an incident, and `low` of level low. */
static void fill(struct stage_set *s, unsigned low)
{
	struct finding *f = finding_of(LEVEL_CRITICAL, 0, slice_of(HOSTILE));
	f->stage = STAGE_ENTRY;
	for (int t = 0; t < ENT_COUNT; t++)
		finding_entity(f, (enum entity_type)t, slice_of(HOSTILE));
	finding_seal(f);
	incidents_add(s->incidents, f);
	for (unsigned i = 0; i < low; i++)
		incidents_add(s->incidents, finding_of(LEVEL_LOW, i + 1, SL("low")));
	incidents_build(s->incidents);
}

static size_t occurrences(struct slice s, const char *what)
{
	size_t n = 0;
	for (ssize_t at; (at = slice_find(s, slice_of(what))) >= 0; s = slice_from(s, (size_t)at + strlen(what)))
		n++;
	return n;
}

/* Nothing that drives a terminal or turns text: printable UTF-8 and line ends. */
static void assert_harmless(struct slice s)
{
	assert_true(slice_utf8(s));
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\n') || c == 0x7f || (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0))
			fail_msg("byte %02x at %zu: \"%.40s\"", c, i, s.p + (i > 20 ? i - 20 : 0));
	}
	assert_int_equal(occurrences(s, "\xe2\x80\xae"), 0);
	assert_int_equal(occurrences(s, "\nFORGED"), 0);
}

/* ---- text ----------------------------------------------------------------------------------------------------- */
static const struct report_text_options plain = {.width = 80, .min_level = LEVEL_LOW};

static void test_text_hostile(void **state)
{
	struct stage_set *s = *state;
	struct buf out = {0};
	struct report_text_options opt = plain;
	fill(s, 2);
	for (int verbose = 0; verbose < 2; verbose++)
		for (int level = LEVEL_INFO; level <= LEVEL_CRITICAL; level++) {
			opt.verbose = verbose;
			opt.min_level = (enum level)level;
			out.n = 0;
			report_text(&out, &s->in, &opt);
			assert_harmless(buf_slice(&out));
			assert_true(slice_has(buf_slice(&out), SL("\\x1b]0;owned\\x07\\x1b[2J\\x0d\\x0aFORGED")));
		}
	assert_true(slice_has(buf_slice(&out), SL("raw \\x00<script>"))); /* verbose: the raw lines */
	buf_free(&out);
}

/* Colours are added to the same text, as "ESC [ digits m" alone, and each is ended. */
static void test_text_color(void **state)
{
	struct stage_set *s = *state;
	struct buf without = {0}, with = {0}, stripped = {0};
	struct report_text_options opt = plain;
	fill(s, 3);
	report_text(&without, &s->in, &opt);
	opt.color = true;
	report_text(&with, &s->in, &opt);
	unsigned on = 0, off = 0;
	for (size_t i = 0; i < with.n; i++) {
		if (with.p[i] != '\033') {
			buf_addc(&stripped, with.p[i]);
			continue;
		}
		size_t from = i + 2;
		assert_int_equal(with.p[i + 1], '[');
		for (i = from; with.p[i] != 'm'; i++)
			assert_true(with.p[i] == ';' || (with.p[i] >= '0' && with.p[i] <= '9'));
		if (i - from == 1 && with.p[from] == '0')
			off++;
		else
			on++;
	}
	assert_true(slice_eq(buf_slice(&stripped), buf_slice(&without)));
	assert_true(on > 5 && on == off);
	buf_free(&without);
	buf_free(&with);
	buf_free(&stripped);
}

static void test_text_levels(void **state)
{
	struct stage_set *s = *state;
	struct buf out = {0};
	struct report_text_options opt = plain;
	fill(s, 15);
	report_text(&out, &s->in, &opt);
	assert_true(slice_has(buf_slice(&out), SL("CRITICAL")));
	assert_true(slice_has(buf_slice(&out), SL("1 incident\n")));
	assert_true(slice_has(buf_slice(&out), SL("LOW 15")));
	assert_true(slice_has(buf_slice(&out), SL("... and 3 more")));
	assert_true(slice_has(buf_slice(&out), SL("1,234,567 lines")));
	assert_int_equal(occurrences(buf_slice(&out), " low\n"), 12);
	assert_false(slice_has(buf_slice(&out), SL("why 1 low")));
	out.n = 0;
	opt.verbose = true;
	report_text(&out, &s->in, &opt);
	assert_false(slice_has(buf_slice(&out), SL(" more (--verbose")));
	assert_true(slice_has(buf_slice(&out), SL("why 15 low")));
	out.n = 0;
	opt = (struct report_text_options){.width = 80, .min_level = LEVEL_MEDIUM};
	report_text(&out, &s->in, &opt);
	assert_true(slice_has(buf_slice(&out), SL("15 below level medium not shown")));
	assert_int_equal(occurrences(buf_slice(&out), " low\n"), 0);
	buf_free(&out);
}

/* Running text keeps to the width, and loses no word. */
static void test_text_width(void **state)
{
	static const unsigned widths[] = {0, 1, 40, 60, 80, 200};
	struct stage_set *s = *state;
	struct buf out = {0}, words = {0};
	struct finding *f;
	for (int i = 0; i < 90; i++)
		buf_addf(&words, "word%03d ", i);
	f = finding_of(LEVEL_MEDIUM, 1, buf_slice(&words));
	incidents_add(s->incidents, f);
	fill(s, 0);
	for (size_t w = 0; w < ARRAY_LEN(widths); w++)
		for (int verbose = 0; verbose < 2; verbose++) {
			struct report_text_options opt = {.width = widths[w], .min_level = LEVEL_LOW, .verbose = verbose};
			size_t width = MAX(widths[w], 40u), seen = 0;
			out.n = 0;
			report_text(&out, &s->in, &opt);
			struct slice rest = buf_slice(&out), line;
			while (slice_cut(&rest, '\n', &line)) {
				if (slice_has(line, SL("word0")) && line.n > width)
					fail_msg("width %u: line of %zu: %.*s", widths[w], line.n, SLFMT(line));
				seen += occurrences(line, "word0");
			}
			assert_int_equal(seen, verbose ? 180 : 90);
		}
	buf_free(&out);
	buf_free(&words);
}

static void test_text_empty(void **state)
{
	struct stage_set *s = *state;
	struct buf out = {0};
	s->ledger = (struct ledger){.first = NSTIME_NONE, .last = NSTIME_NONE};
	incidents_build(s->incidents);
	report_text(&out, &s->in, &plain);
	assert_harmless(buf_slice(&out));
	assert_true(slice_has(buf_slice(&out), SL("No incidents")));
	assert_true(slice_has(buf_slice(&out), SL("No findings")));
	assert_false(slice_has(buf_slice(&out), SL("nan")));
	out.n = 0;
	report_json(&out, &s->in);
	assert_int_equal(occurrences(buf_slice(&out), "\n"), 1);
	assert_true(json_ok(slice_make(out.p, out.n - 1)));
	out.n = 0;
	report_html(&out, &s->in);
	assert_true(slice_ends(buf_slice(&out), SL("</body></html>\n")));
	buf_free(&out);
}

/* Evidence of a file nobody lists (a number out of range) is told without its place. */
static void test_unknown_file(void **state)
{
	struct stage_set *s = *state;
	struct buf out = {0};
	struct finding *f = finding_of(LEVEL_HIGH, 1, SL("x"));
	struct report_text_options opt = {.width = 80, .verbose = true};
	finding_evidence_raw(f, UINT32_MAX, 1, 1, SL("stray"));
	incidents_add(s->incidents, f);
	incidents_build(s->incidents);
	report_text(&out, &s->in, &opt);
	assert_true(slice_has(buf_slice(&out), SL("stray")));
	report_html(&out, &s->in);
	report_json(&out, &s->in);
	buf_free(&out);
}

/* ---- JSON lines ----------------------------------------------------------------------------------------------- */
static void assert_slice(struct slice s, const char *want)
{
	if (!slice_eqz(s, want))
		fail_msg("got %.*s, want %s", SLFMT(s), want);
}

#define HOSTILE_JSON "<script>alert('1')</script>\\\"&amp;\\\\\\u001b]0;owned\\u0007\\u001b[2J\\r\\nFORGED LINE\\t\x7f\xc2\x9b" \
	"31m\xe2\x80\xae" "exe.txt\xef\xbf\xbd\xef\xbf\xbd"

static void test_json(void **state)
{
	struct stage_set *s = *state;
	struct buf out = {0};
	fill(s, 2);
	report_json(&out, &s->in);
	struct slice rest = buf_slice(&out), line[8];
	size_t n = 0;
	while (n < ARRAY_LEN(line) && slice_cut(&rest, '\n', &line[n])) {
		if (!json_ok(line[n]))
			fail_msg("line %zu: %.*s", n, SLFMT(line[n]));
		n++;
	}
	assert_int_equal(rest.n, 0);
	assert_int_equal(n, 5); /* an incident, three findings, the ledger */
	assert_slice(json_get(line[0], "class_uid"), "2005");
	assert_slice(json_get(line[0], "type_uid"), "200501");
	assert_slice(json_get(line[0], "severity_id"), "5");
	for (size_t i = 1; i < 4; i++) {
		assert_slice(json_get(line[i], "class_uid"), "2004");
		assert_slice(json_get(line[i], "severity_id"), i == 1 ? "5" : "2"); /* the worst first */
		assert_slice(json_get(line[i], "count"), "3");
		assert_slice(json_get(line[i], "finding_info.analytic.uid"), "\"postern.test\"");
	}
	assert_slice(json_get(line[1], "message"), "\"finding 0 " HOSTILE_JSON "\"");
	assert_slice(json_get(line[1], "finding_info.desc"), "\"why 0 " HOSTILE_JSON "\"");
	assert_slice(json_get(line[1], "unmapped.stage"), "\"side-door\"");
	assert_slice(json_get(line[1], "time"), "1777878000000");
	assert_true(slice_has(line[1], SL("\"raw\":\"raw \\u0000" HOSTILE_JSON "\"")));
	assert_true(slice_has(line[1], SL("\"value\":\"" HOSTILE_JSON "\"")));
	assert_int_equal(occurrences(line[1], "\"type_id\":99,"), 2); /* provider and person: no type of OCSF's */
	assert_true(slice_has(line[1], SL("{\"uid\":\"T1110.001\",\"name\":\"Password Guessing\"}")));
	assert_slice(json_get(line[4], "type"), "\"ledger\"");
	assert_slice(json_get(line[4], "lines"), "1234567");
	assert_slice(json_get(line[4], "org"), "\"" HOSTILE_JSON "\"");
	assert_true(slice_has(line[4], SL("\"formats\":[\"syslog\"]")));
	buf_free(&out);
}

/* ---- HTML ------------------------------------------------------------------------------------------------------ */
enum { OPEN_MAX_TAGS = 40 };

/* The name in a tag, and behind it whether it closes itself. */
static struct slice tag_name(struct slice tag)
{
	size_t n = 0;
	while (n < tag.n && ((tag.p[n] >= 'a' && tag.p[n] <= 'z') || (n && tag.p[n] >= '0' && tag.p[n] <= '9')))
		n++;
	return slice_to(tag, n);
}

static bool is_one_of(struct slice s, const char *words)
{
	struct slice rest = slice_of(words), w;
	while (slice_word(&rest, &w))
		if (slice_eq(s, w))
			return true;
	return false;
}

/* Tags are ours, opened and closed in order; attributes are quoted and none that act. */
static void assert_markup(struct slice s)
{
	struct slice open[OPEN_MAX_TAGS], head;
	size_t depth = 0;
	assert_true(slice_starts(s, SL("<!doctype html>\n")));
	s = slice_from(s, strlen("<!doctype html>\n"));
	while (slice_cut(&s, '<', &head)) {
		struct slice tag;
		assert_int_equal(slice_chr(head, '>'), depth && slice_eqz(open[depth - 1], "style") ? slice_chr(head, '>') : -1);
		assert_true(slice_cut(&s, '>', &tag));
		if (slice_starts(tag, SL("/"))) {
			assert_true(depth > 0);
			if (!slice_eq(slice_from(tag, 1), open[--depth]))
				fail_msg("<%.*s> closes <%.*s>", SLFMT(tag), SLFMT(open[depth]));
			continue;
		}
		struct slice name = tag_name(tag);
		if (!is_one_of(name, "html head meta title style body h1 h2 h3 p ul ol li dl dt dd div section span strong code pre details summary table tr th "
				     "td time svg g rect text line circle path defs marker"))
			fail_msg("tag <%.*s>", SLFMT(tag));
		assert_false(slice_has(tag, SL(" on")) || slice_has(tag, SL("href")) || slice_has(tag, SL("src=")));
		assert_int_equal(occurrences(tag, "\"") % 2, 0);
		if (!slice_eqz(name, "meta") && !slice_ends(tag, SL("/"))) {
			assert_true(depth < OPEN_MAX_TAGS);
			open[depth++] = name;
		}
	}
	assert_int_equal(depth, 0);
}

static void test_html(void **state)
{
	struct stage_set *s = *state;
	struct buf out = {0};
	fill(s, 3);
	report_html(&out, &s->in);
	struct slice page = buf_slice(&out);
	assert_harmless(page);
	assert_markup(page);
	assert_true(slice_has(page, SL("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;amp;")));
	assert_true(slice_has(page, SL("Content-Security-Policy")));
	assert_true(slice_has(page, SL("default-src 'none'")));
	assert_false(slice_has(page, SL("://"))); /* nothing from outside */
	assert_false(slice_has(page, SL("url(h")));
	assert_true(slice_has(page, SL("<h2>1 incident</h2>")));
	assert_true(slice_has(page, SL("<h2>4 findings</h2>")));
	/* what happened is told in three parts; paper shows the evidence, which nobody can unfold there */
	assert_true(slice_has(page, SL("<ol class=\"story\"><li><time>")));
	assert_true(slice_has(page, SL("</time><strong>")));
	assert_true(slice_has(page, SL("@media print{")) && slice_has(page, SL("details::details-content{content-visibility:visible")));
	buf_free(&out);
}

/* The organisation's name stands in the title of the page: it is text there too. */
static void test_html_org(void **state)
{
	struct stage_set *s = *state;
	struct buf out = {0};
	struct err e;
	org_free(s->org);
	s->org = org_parse(SL("organisation:\n  name: \"</title><script>x</script>\"\n"), "org.yaml", &e);
	assert_non_null(s->org);
	s->in.org = s->org;
	incidents_build(s->incidents);
	report_html(&out, &s->in);
	assert_markup(buf_slice(&out));
	assert_true(slice_has(buf_slice(&out), SL("&lt;/title&gt;&lt;script&gt;")));
	out.n = 0;
	report_text(&out, &s->in, &plain);
	assert_true(slice_starts(buf_slice(&out), SL("Postern 0.0-test - </title><script>x</script>\n")));
	buf_free(&out);
}

/* The same input reads the same twice: reports can be compared. */
static void test_stable(void **state)
{
	struct stage_set *s = *state;
	struct buf a = {0}, b = {0};
	fill(s, 5);
	for (int i = 0; i < 2; i++) {
		struct buf *out = i ? &b : &a;
		report_text(out, &s->in, &plain);
		report_json(out, &s->in);
		report_html(out, &s->in);
	}
	assert_true(slice_eq(buf_slice(&a), buf_slice(&b)));
	buf_free(&a);
	buf_free(&b);
}

#define SET(test) cmocka_unit_test_setup_teardown(test, with_set, without_set)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SET(test_text_hostile), SET(test_text_color), SET(test_text_levels), SET(test_text_width), SET(test_text_empty), SET(test_unknown_file),
		SET(test_json),         SET(test_html),       SET(test_html_org),    SET(test_stable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
