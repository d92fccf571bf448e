/* test_lesson.c - units out of memory: what is right is taken whole, what is wrong is said with its place. */
#include "lesson/lesson_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define T(x) "{en: " x ", de: " x ", ko: " x "}"
#define HEAD "id: a\nminutes: 3\ntitle: " T("Title") "\nsummary: " T("Summary") "\nsources:\n  - {id: s, title: S, url: \"https://example.org/\", date: 2024-02-19}\n"
#define QUESTION "questions:\n  - id: q\n    text: " T("Which?") "\n    choices:\n      - {text: " T("This") ", right: true, because: " T("So") "}\n      - {text: " T("That") ", because: " T("Not") "}\n"
#define PARTS "parts:\n  - read: r\n  - conversation: c.yaml\n  - spot: x.yaml\n  - question: q\n"
#define OPTION(to, more) "      - {text: " T("Say") ", to: " to ", consequence: " T("Then") more "}\n"
#define NODE(id, more, options) "  - id: " id "\n    speaker: Dana\n    text: " T("Hello") "\n" more "    options:\n" options
#define TALK(nodes) "id: talk\ntitle: " T("Talk") "\nend: " T("End") "\nnodes:\n" nodes
#define FLAGS "    stop: 1\n    flags: [" T("Flag") "]\n"
#define SOUND TALK(NODE("first", FLAGS, OPTION("second", ", safe: true") OPTION("end", ", safe: true, report: true")) NODE("second", "", OPTION("end", ", safe: true")))
#define EXHIBIT "id: x\nkind: mail\ntitle: " T("Mail") "\ndifficulty: 1\nregions:\n  - {id: from, label: " T("From") ", text: {all: a@b.example}, wrong: true, because: " T("So") "}\n" \
	"  - {id: to, label: " T("To") ", text: {all: you}, because: " T("Fine") "}\n"
#define MARKDOWN "# Heading *one*\n\nA claim ([s](source:s)).\n"

struct file { const char *name, *text; };
struct files { const struct file *v; size_t n; };

static int read_file(void *arg, const char *name, struct buf *out, struct err *e)
{
	const struct files *f = arg;
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, name) == 0) {
			buf_addz(out, f->v[i].text);
			return 0;
		}
	return err_set(e, ERR_NOENT, "the file is missing");
}

/* The unit with one file as given instead of the sound one (NULL text: it is missing). */
static struct lessons *load(const char *name, const char *text)
{
	struct file v[] = {{"lesson.yaml", HEAD PARTS QUESTION}, {"r.en.md", MARKDOWN}, {"r.de.md", MARKDOWN}, {"r.ko.md", MARKDOWN}, {"c.yaml", SOUND}, {"x.yaml", EXHIBIT}};
	struct files f = {v, ARRAY_LEN(v)};
	const struct lesson_files files = {read_file, &f};
	struct lessons *l = xcalloc(1, sizeof *l);
	arena_init(&l->mem);
	for (size_t i = 0; name && i < ARRAY_LEN(v); i++)
		if (strcmp(v[i].name, name) == 0)
			v[i] = text ? (struct file){name, text} : (struct file){"", ""};
	lesson_unit(l, &files, SL("dir"), SL("01-a"));
	lessons_order(l);
	return l;
}

/* The first error says `words`, at line:column of `file`; the unit is left out. */
static bool wrong_there(const char *file, const char *text, const char *where, int line, int column, const char *words)
{
	struct lessons *l = load(file, text);
	const struct lesson_problem *p;
	const struct lesson *v;
	size_t n = lessons_problems(l, &p), i = 0;
	while (i < n && !p[i].error)
		i++;
	if (i == n)
		fail_msg("no error, but \"%s\" was expected", words);
	bool fine = slice_has(p[i].text, slice_of(words)) && slice_eqz(p[i].file, where) && p[i].line == line && p[i].column == column;
	if (!fine)
		print_error("%.*s:%d:%d: %.*s\n  instead of %s:%d:%d: %s\n", SLFMT(p[i].file), p[i].line, p[i].column, SLFMT(p[i].text), where, line, column, words);
	fine = lessons_all(l, &v) == 0 && fine;
	lessons_free(l);
	return fine;
}
#define expect_wrong(...) fine &= wrong_there(__VA_ARGS__)

static void test_sound(void **state)
{
	struct lessons *l = load(NULL, NULL);
	const struct lesson *v;
	const struct lesson_problem *p;
	(void)state;
	for (size_t i = 0, n = lessons_problems(l, &p); i < n; i++)
		fail_msg("%.*s:%d:%d: %.*s", SLFMT(p[i].file), p[i].line, p[i].column, SLFMT(p[i].text));
	assert_int_equal(lessons_all(l, &v), 1);
	assert_ptr_equal(lessons_find(l, SL("a")), v);
	assert_null(lessons_find(l, SL("b")));
	assert_int_equal(v->order, 1);
	assert_int_equal(v->nparts, 4);
	assert_true(slice_eqz(v->parts[0].title.in[LURE_KO], "Heading one"));
	assert_true(slice_eqz(v->parts[0].html[LURE_DE], "<p>A claim (<a href=\"#source-s\">s</a>).</p>\n"));
	const struct lesson_conversation *c = v->parts[1].conversation;
	assert_int_equal(c->nnodes, 2);
	assert_int_equal(c->nodes[0].options[0].to, 1);
	assert_int_equal(c->nodes[0].options[1].to, UINT32_MAX);
	assert_true(c->nodes[0].options[1].report);
	assert_true(slice_eqz(v->parts[2].exhibit->regions[0].text.in[LURE_KO], "a@b.example"));
	assert_true(v->parts[3].question->choices[0].right);
	lessons_free(l);
}

static void test_lesson_yaml(void **state)
{
	(void)state;
	bool fine = true;
	static const struct { const char *text; int line, column; const char *words; } rows[] = {
		{"[", 2, 1, "not YAML"},
		{"- a\n", 1, 1, "a map of keys is expected"},
		{HEAD "colour: red\n" PARTS QUESTION, 7, 1, "unknown key \"colour\""},
		{"id: A b\n", 1, 5, "is no name"},
		{"id: practice\n", 1, 5, "is a page of the console"},
		{"id: b\n" "minutes: 3\n", 1, 1, "title is missing"},
		{"id: a\nminutes: 61\n", 2, 10, "minutes: a whole number"},
		{"id: a\nminutes: 3\ntitle: {en: x, de: y}\n", 3, 8, "title is missing in the language ko"},
		{"id: a\nminutes: 3\ntitle: {en: x, de: '', ko: z}\n", 3, 20, "title.de is empty"},
		{"id: a\nminutes: 3\ntitle: x\n", 3, 8, "three languages"},
		{"id: a\nminutes: 3\ntitle: {en: \"x\\u202ey\", de: y, ko: z}\n", 3, 13, "cannot be shown"},
		{"id: a\nminutes: 3\ntitle: {all: x, en: y}\n", 3, 8, "one or the other"},
		{HEAD "words: [NO_SUCH]\n" PARTS QUESTION, 7, 9, "is no indicator"},
		{HEAD "parts:\n  - read: r\n  - read: r\n" QUESTION, 9, 5, "two parts"},
		{HEAD "parts:\n  - watch: r\n" QUESTION, 8, 5, "a part is one of"},
		{HEAD "parts:\n  - read: ../etc\n" QUESTION, 8, 11, "is no name"},
		{HEAD "parts:\n  - spot: ../x.yaml\n" QUESTION, 8, 11, "is no file of this folder"},
		{HEAD "parts:\n  - spot: y.yaml\n" QUESTION, 8, 11, "y.yaml: the file is missing"},
		{HEAD "parts:\n  - question: z\n" QUESTION, 8, 15, "there is no question \"z\""},
		{HEAD "parts: []\n" QUESTION, 7, 8, "parts is empty"},
		{HEAD PARTS "questions:\n  - {id: q, text: " T("x") ", choices: [{text: " T("x") ", because: " T("x") "}]}\n", 13, 51, "no choice is right"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_wrong("lesson.yaml", rows[i].text, "dir/01-a/lesson.yaml", rows[i].line, rows[i].column, rows[i].words);
	expect_wrong("lesson.yaml", NULL, "dir/01-a/lesson.yaml", 0, 0, "lesson.yaml: the file is missing");
	expect_wrong("r.ko.md", NULL, "dir/01-a/lesson.yaml", 8, 11, "r.ko.md: the file is missing");
	assert_true(fine);
}

static void test_markdown(void **state)
{
	(void)state;
	bool fine = true;
	static const struct { const char *text; int line, column; const char *words; } rows[] = {
		{"Text without one.\n", 1, 1, "no source is named"},
		{"\n \n", 1, 1, "the file is empty"},
		{"Yes [s](source:s)\n\n<script>alert(1)</script>\n", 3, 1, "HTML in Markdown"},
		{"Yes <b onclick=x>b</b> [s](source:s)\n", 1, 5, "HTML in Markdown"},
		{"[s](source:s) ![p](x.png)\n", 1, 15, "a picture"},
		{"[s](source:s) [x](javascript:alert(1))\n", 1, 15, "a link to \"javascript:alert(1)\""},
		{"[s](source:s) <https://example.org/>\n", 1, 15, "a link to \"https://example.org/\""},
		{"[s](source:t)\n", 1, 1, "there is no source \"t\""},
		{"fine [s](source:s)\nnot \xe2\x80\xae fine\n", 2, 5, "cannot be shown"},
		{"fine [s](source:s)\nnot \xff fine\n", 2, 1, "cannot be shown"},
		{">>>>>>>>>>>>>>>>>>>> deep [s](source:s)\n", 1, 12, "too deep"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_wrong("r.de.md", rows[i].text, "dir/01-a/r.de.md", rows[i].line, rows[i].column, rows[i].words);
	assert_true(fine);
}

static void test_graph(void **state)
{
	(void)state;
	bool fine = true;
	static const struct { const char *text; int line, column; const char *words; } rows[] = {
		{TALK(NODE("first", FLAGS, OPTION("nowhere", ", safe: true"))), 11, 49, "there is no message \"nowhere\""},
		{TALK(NODE("first", FLAGS, OPTION("end", ", safe: true")) NODE("island", "", OPTION("end", ""))), 12, 5, "nobody comes to the message \"island\""},
		{TALK(NODE("first", FLAGS, OPTION("second", ", safe: true")) NODE("second", "", OPTION("first", ", safe: true"))), 12, 5, "leads back"},
		{TALK(NODE("first", FLAGS, OPTION("end", ""))), 1, 1, "there is no safe way"},
		{TALK(NODE("first", "", OPTION("end", ", safe: true"))), 1, 1, "no message has flags"},
		{TALK(NODE("first", FLAGS, OPTION("end", ", safe: true")) NODE("first", "", OPTION("end", ""))), 12, 5, "two messages \"first\""},
		{TALK(NODE("end", FLAGS, OPTION("end", ", safe: true"))), 5, 9, "\"end\" is the word for the end"},
		{TALK("  - {id: first, speaker: D, text: " T("x") "}\n"), 5, 5, "options is missing"},
		{"start: second\n" TALK(NODE("first", FLAGS, OPTION("end", ", safe: true"))), 1, 8, "there is no message \"second\""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_wrong("c.yaml", rows[i].text, "dir/01-a/c.yaml", rows[i].line, rows[i].column, rows[i].words);
	assert_true(fine);
}

static void test_exhibit(void **state)
{
	(void)state;
	bool fine = true;
#define REGION(id, more) "  - {id: " id ", label: " T("L") ", text: " T("T") ", because: " T("B") more "}\n"
#define SPOT(more, regions) "id: x\nkind: mail\ntitle: " T("x") "\ndifficulty: 1\n" more "regions:\n" regions
	static const struct { const char *text; int line, column; const char *words; } rows[] = {
		{SPOT("", REGION("a", "")), 1, 1, "no region is wrong"},
		{SPOT("benign: true\n", REGION("a", ", wrong: true")), 7, 5, "no region can be wrong"},
		{SPOT("", REGION("a", ", wrong: true") REGION("a", "")), 7, 5, "two regions \"a\""},
		{"id: x\nkind: film\n", 2, 7, "kind \"film\" is not known"},
		{SPOT("", REGION("a", ", wrong: perhaps")), 6, 111, "wrong: true or false expected"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_wrong("x.yaml", rows[i].text, "dir/01-a/x.yaml", rows[i].line, rows[i].column, rows[i].words);
	assert_true(fine);
}

/* Anything with a number of items or bytes beyond what is allowed. */
static void test_limits(void **state)
{
	struct buf b = {0};
	bool fine = true;
	(void)state;
	buf_addz(&b, HEAD "parts:\n");
	for (int i = 0; i < LESSON_PARTS + 1; i++)
		buf_addz(&b, "  - read: r\n");
	buf_addc(&b, 0);
	expect_wrong("lesson.yaml", b.p, "dir/01-a/lesson.yaml", 8, 3, "41 items: at most 40");
	b.n = 0;
	buf_addz(&b, "id: a\nminutes: 3\ntitle: {en: ");
	for (int i = 0; i < LESSON_TEXT + 1; i++)
		buf_addc(&b, 'x');
	buf_add(&b, ", de: x, ko: x}\n", sizeof ", de: x, ko: x}\n");
	expect_wrong("lesson.yaml", b.p, "dir/01-a/lesson.yaml", 3, 13, "title.en has 4001 bytes");
	buf_free(&b);
	assert_true(fine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound), cmocka_unit_test(test_lesson_yaml), cmocka_unit_test(test_markdown), cmocka_unit_test(test_graph), cmocka_unit_test(test_exhibit), cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
