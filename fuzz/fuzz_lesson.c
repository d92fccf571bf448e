/* fuzz_lesson.c - a unit whose files are the parts of the input between lines of "%%": lesson.yaml, text (in three languages), conversation, exhibit. What is taken must
 * be whole: every answer leads somewhere, every text is there, no link leads out. */
#include <stdlib.h>

#include "lesson/lesson_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

/* As in fuzz_org.c. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

enum { UNIT, TEXT, TALK, EXHIBIT, FILES };
struct input { struct slice file[FILES]; };

static int read_file(void *arg, const char *name, struct buf *out, struct err *e)
{
	const struct input *in = arg;
	struct slice s = slice_of(name);
	int which = slice_eqz(s, "lesson.yaml") ? UNIT : slice_ends(s, SL(".md")) ? TEXT : slice_eqz(s, "c.yaml") ? TALK : slice_eqz(s, "x.yaml") ? EXHIBIT : FILES;
	if (which == FILES)
		return err_set(e, ERR_NOENT, "the file is missing");
	buf_adds(out, in->file[which]);
	return 0;
}

static void check_text(const struct lesson_text *t)
{
	size_t at;
	for (size_t i = 0; i < LURE_LANGUAGES; i++)
		if (!t->in[i].n || t->in[i].n > LESSON_TEXT || !lesson_shows(t->in[i], true, &at))
			abort();
}

static void check_talk(const struct lesson_conversation *c)
{
	uint32_t at = c->start;
	for (size_t steps = 0; at != UINT32_MAX; steps++) {
		if (at >= c->nnodes || !c->nodes[at].noptions || steps > c->nnodes)
			abort();
		check_text(&c->nodes[at].text);
		check_text(&c->nodes[at].options[0].consequence);
		at = c->nodes[at].options[steps % c->nodes[at].noptions].to;
	}
}

/* Quotes and angles of the text are escaped: what looks like a tag or an address here is one. */
static void check_html(struct slice html)
{
	static const char *const never[] = {"<script", "<img", "<iframe", "<style", "<form", "<a name", "<!"};
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (slice_ihas(html, slice_of(never[i])))
			abort();
	for (ssize_t at; (at = slice_ifind(html, SL("href=\""))) >= 0;) {
		html = slice_from(html, (size_t)at + 6);
		if (!html.n || html.p[0] != '#')
			abort();
	}
}

static void check_unit(const struct lesson *u)
{
	check_text(&u->title);
	if (!lesson_is_id(u->id) || !u->nparts)
		abort();
	for (size_t i = 0; i < u->nparts; i++) {
		const struct lesson_part *p = &u->parts[i];
		if (p->conversation)
			check_talk(p->conversation);
		for (size_t k = 0; k < LURE_LANGUAGES && p->kind == PART_READ; k++)
			check_html(p->html[k]);
		for (size_t k = 0; p->exhibit && k < p->exhibit->nregions; k++)
			check_text(&p->exhibit->regions[k].because);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = {0};
	char *copy = xmalloc(n + 1);
	struct slice rest = slice_make(copy, n);
	const struct lesson_files files = {read_file, &in};
	struct lessons *l = xcalloc(1, sizeof *l);
	const struct lesson *v;
	const struct lesson_problem *p;
	size_t np;
	memcpy(copy, data, n);
	for (size_t i = 0; i < FILES; i++) {
		ssize_t at = slice_find(rest, SL("\n%%\n"));
		in.file[i] = at < 0 ? rest : slice_to(rest, (size_t)at + 1);
		rest = at < 0 ? slice_from(rest, rest.n) : slice_from(rest, (size_t)at + 4);
	}
	arena_init(&l->mem);
	lesson_unit(l, &files, SL("lessons"), SL("01-a"));
	lessons_order(l);
	np = lessons_problems(l, &p);
	for (size_t i = 0; i < lessons_all(l, &v); i++)
		check_unit(&v[i]);
	for (size_t i = 0; i < np; i++)
		if (!p[i].text.n || !p[i].file.n)
			abort();
	if (!np && !lessons_all(l, &v))
		abort(); /* left out, and nothing was said */
	lessons_free(l);
	free(copy);
	return 0;
}
