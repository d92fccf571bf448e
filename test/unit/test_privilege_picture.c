/* test_privilege_picture.c - pictures of few boxes, whatever machines call themselves. */
#include "privilege/picture.h"
#include "test_privilege.h"

/* Graphviz keeps the text of its own configuration. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libgvc.so\n";
}

static struct snapshot *numbered(const char *stem, uint32_t n, const char *opened_by, const char *held)
{
	char name[64];
	snprintf(name, sizeof name, "%s%u", stem, n);
	struct snapshot *s = host(name);
	sudo(s, "alice", "root", "ALL", true);
	if (opened_by)
		opens(s, "alice", opened_by);
	if (held)
		lies(s, 0, held, SNAP_NO);
	return s;
}

static void free_all(struct privilege *p, struct snapshot **v, size_t n)
{
	privilege_free(p);
	for (size_t i = 0; i < n; i++)
		snapshot_free(v[i]);
}

/* Three hundred hosts of three kinds are three boxes, and two lines between them. */
static void test_many(void **state)
{
	(void)state;
	enum { N = 300 };
	struct snapshot *v[N];
	struct picture x;
	for (uint32_t i = 0; i < N; i++)
		v[i] = i < 5 ? numbered("jump", i, NULL, "SHA256:j") : i < 200 ? numbered("web", i, "SHA256:j", "SHA256:w") : numbered("db", i, "SHA256:w", NULL);
	struct privilege *p = build(NULL, v, N);
	picture_make(p, NULL, 0, &x);
	assert_int_equal(x.boxes.n, 3);
	assert_int_equal(x.lines.n, 2);
	assert_int_equal(x.boxes.v[0].hosts + x.boxes.v[1].hosts + x.boxes.v[2].hosts, N);
	picture_free(&x);
	picture_make(p, NULL, N, &x); /* each by itself: lines are bounded, and those left out are counted */
	assert_int_equal(x.boxes.n, N);
	assert_int_equal(x.lines.n, PICTURE_LINES);
	assert_int_equal(x.left_out, 5 * 195 + 195 * 100 - PICTURE_LINES);
	picture_free(&x);
	free_all(p, v, N);
}

static size_t count(struct slice s, const char *what)
{
	size_t n = 0;
	for (ssize_t at; (at = slice_find(s, slice_of(what))) >= 0; s = slice_from(s, (size_t)at + 1))
		n++;
	return n;
}

/* Names that are markup, end strings, move the cursor, or are no text at all. */
static void test_names(void **state)
{
	(void)state;
	static const char *const names[] = {"<script>alert(1)</script>", "a\"b'c&amp;&#1;", "\\N\\G\\l{x|y}", "\x1b[2J\x01\xff\xfe", "]]>--><!--", "..", "a b#c%d"};
	enum { N = ARRAY_LEN(names) };
	struct snapshot *v[N];
	struct err e;
	struct buf svg = {0}, html = {0};
	for (uint32_t i = 0; i < N; i++) {
		v[i] = host(names[i]);
		opens(v[i], "alice", "SHA256:<b>");
		lies(v[i], 1000, "SHA256:<b>", SNAP_NO)->at.file = slice_of(names[i]);
	}
	struct privilege *p = build(NULL, v, N);
	assert_int_equal(privilege_svg(p, NULL, 0, &svg, &e), 0);
	assert_int_equal(privilege_html(p, &html, &e), 0);
	struct slice both[] = {buf_slice(&svg), buf_slice(&html)};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(count(both[i], "<script"), 0);
		assert_int_equal(count(both[i], "<b>"), 0);
		assert_int_equal(count(both[i], "]]>"), 0);
		assert_int_equal(count(both[i], "\x1b") + count(both[i], "\x01"), 0);
		assert_true(slice_utf8(both[i]));
		assert_int_equal(count(both[i], "<a "), count(both[i], "</a>"));
		assert_int_equal(count(both[i], "<g"), count(both[i], "</g>"));
		assert_int_equal(count(both[i], "<text"), count(both[i], "</text>"));
	}
	assert_int_equal(count(both[0], "<rect"), N);
	assert_int_equal(count(both[1], "<section"), N);
	/* Every box leads to its section. */
	for (struct slice rest = both[0]; slice_has(rest, SL("href=\"#"));) {
		struct slice id, tail = slice_from(rest, (size_t)slice_find(rest, SL("href=\"#")) + 7);
		assert_true(slice_cut(&tail, '"', &id));
		struct buf want = {0};
		buf_addf(&want, "id=\"%.*s\"", SLFMT(id));
		assert_int_equal(count(both[1], slice_dup(&v[0]->mem, buf_slice(&want)).p), 1);
		buf_free(&want);
		rest = tail;
	}
	buf_free(&svg);
	buf_free(&html);
	free_all(p, v, N);
}

/* Of what was reached only that. */
static void test_reached(void **state)
{
	(void)state;
	struct snapshot *v[] = {numbered("jump", 0, NULL, "SHA256:j"), numbered("web", 1, "SHA256:j", NULL), numbered("db", 2, "SHA256:x", NULL)};
	struct privilege *p = build(NULL, v, 3);
	struct priv_set from = {0};
	struct priv_reach r;
	struct picture x;
	struct err e;
	privilege_find(p, SL("jump0"), &from, &e);
	assert_int_equal(privilege_reach(p, &from, false, NULL, &r, &e), 0);
	picture_make(p, &r, 0, &x);
	assert_int_equal(x.boxes.n, 2);
	assert_int_equal(x.boxes.v[0].state, BOX_REACHED);
	picture_free(&x);
	priv_reach_free(&r);
	priv_set_free(&from);
	free_all(p, v, 3);
}

static void test_nothing(void **state)
{
	(void)state;
	struct err e;
	struct buf b = {0};
	struct privilege *p = build(NULL, NULL, 0);
	assert_int_equal(privilege_svg(p, NULL, 0, &b, &e), 0);
	assert_int_equal(privilege_html(p, &b, &e), 0);
	buf_free(&b);
	privilege_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_many), cmocka_unit_test(test_names), cmocka_unit_test(test_reached), cmocka_unit_test(test_nothing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
