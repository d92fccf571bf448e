/* unit.c - lesson.yaml: one unit, with the files it names. */
#include "lesson/lesson_private.h"

#include <stdio.h>

struct unit {
	struct loading *ld;
	struct slice yaml;             /* shown name of lesson.yaml, to come back to */
	struct slice name;             /* of the folder */
	bool used[LESSON_SOURCES];
	const struct lesson_question *questions; size_t nquestions;
};

static const char *const language_names[LURE_LANGUAGES] = {"en", "de", "ko"};

/* ---- sources, questions, words ------------------------------------------------------------------------------------------------------------------ */

/* "2024-02-19", "2024-02" or "2024". */
static bool is_date(struct slice s)
{
	uint64_t n;
	bool fine = s.n == 4 || ((s.n == 7 || s.n == 10) && s.p[4] == '-' && slice_u64(slice_make(s.p + 5, 2), 12, &n) && n);
	fine = fine && (s.n < 10 || (s.p[7] == '-' && slice_u64(slice_make(s.p + 8, 2), 31, &n) && n));
	return fine && slice_u64(slice_to(s, 4), 2100, &n) && n >= 1900;
}

static bool is_web(struct slice s)
{
	bool fine = slice_starts(s, SL("https://")) || slice_starts(s, SL("http://"));
	for (size_t i = 0; i < s.n && fine; i++)
		fine = s.p[i] > ' ' && s.p[i] < 0x7f && s.p[i] != '"' && s.p[i] != '<' && s.p[i] != '>' && s.p[i] != '\\';
	return fine && s.n > 10;
}

static void take_sources(struct unit *u, const struct node *root)
{
	static const char *const keys[] = {"id", "title", "url", "date", NULL};
	struct loading *ld = u->ld;
	const struct node *list = lesson_take_list(ld, root, "sources", false, LESSON_SOURCES);
	struct lesson_source *v = list ? arena_alloc(&ld->l->mem, list->n * sizeof *v) : NULL;
	size_t n = 0;
	for (const struct node *at = list ? list->child : NULL; at; at = at->next) {
		struct lesson_source s = {0};
		if (lesson_keys(ld, at, keys) && lesson_take_id(ld, at, "id", true, &s.id) && lesson_take_line(ld, at, "title", true, 300, &s.title) &&
			lesson_take_line(ld, at, "url", true, 500, &s.url) && lesson_take_line(ld, at, "date", true, 10, &s.date)) {
			if (!is_web(s.url))
				lesson_bad_at(ld, yaml_get(at, "url"), "\"%s\" is no address: write https://...", lesson_show(ld, s.url));
			if (!is_date(s.date))
				lesson_bad_at(ld, yaml_get(at, "date"), "\"%s\" is no date: write it like 2024-02-19, 2024-02 or 2024", lesson_show(ld, s.date));
			for (size_t i = 0; i < n; i++)
				if (slice_eq(v[i].id, s.id))
					lesson_bad_at(ld, at, "there are two sources \"%.*s\": give this one another id", SLFMT(s.id));
		}
		v[n++] = s;
	}
	ld->unit->sources = v;
	ld->unit->nsources = n;
}

static void take_choices(struct unit *u, const struct node *at, struct lesson_question *q)
{
	static const char *const keys[] = {"text", "because", "right", NULL};
	struct loading *ld = u->ld;
	const struct node *list = lesson_take_list(ld, at, "choices", true, LESSON_CHOICES);
	struct lesson_choice *v = list ? arena_alloc(&ld->l->mem, list->n * sizeof *v) : NULL;
	size_t right = 0, before = ld->errors;
	for (const struct node *n = list ? list->child : NULL; n; n = n->next) {
		struct lesson_choice c = {0};
		if (lesson_keys(ld, n, keys)) {
			(void)lesson_take_text(ld, n, "text", true, &c.text);
			(void)lesson_take_text(ld, n, "because", true, &c.because);
			(void)lesson_take_bool(ld, n, "right", &c.right);
		}
		right += c.right;
		v[q->nchoices++] = c;
	}
	q->choices = v;
	if (list && ld->errors == before && (!right || right == q->nchoices))
		lesson_bad_at(ld, list, right ? "every choice is right: write at least one that is not" : "no choice is right: write right: true at one");
}

static void take_questions(struct unit *u, const struct node *root)
{
	static const char *const keys[] = {"id", "text", "choices", NULL};
	struct loading *ld = u->ld;
	const struct node *list = lesson_take_list(ld, root, "questions", false, LESSON_QUESTIONS);
	struct lesson_question *v = list ? arena_alloc(&ld->l->mem, list->n * sizeof *v) : NULL;
	size_t n = 0;
	for (const struct node *at = list ? list->child : NULL; at; at = at->next) {
		struct lesson_question q = {0};
		if (lesson_keys(ld, at, keys)) {
			(void)lesson_take_id(ld, at, "id", true, &q.id);
			(void)lesson_take_text(ld, at, "text", true, &q.text);
			take_choices(u, at, &q);
			for (size_t i = 0; i < n; i++)
				if (slice_eq(v[i].id, q.id))
					lesson_bad_at(ld, at, "there are two questions \"%.*s\": give this one another id", SLFMT(q.id));
		}
		v[n++] = q;
	}
	u->questions = ld->unit->questions = v;
	u->nquestions = ld->unit->nquestions = n;
}

static bool known_word(struct slice s)
{
	const struct combination_info *c;
	size_t n = combinations(&c);
	bool found = indicator_by_name(s) != IND_COUNT;
	for (size_t i = 0; i < n && !found; i++)
		found = slice_eqz(s, c[i].id);
	return found;
}

/* A list of short words; what: for messages. */
static struct slice *take_words(struct unit *u, const struct node *root, const char *key, size_t most, bool (*fine)(struct slice s), const char *hint, size_t *n)
{
	struct loading *ld = u->ld;
	const struct node *list = lesson_take_list(ld, root, key, false, most);
	struct slice *v = list ? arena_alloc(&ld->l->mem, list->n * sizeof *v) : NULL;
	*n = 0;
	for (const struct node *at = list ? list->child : NULL; at; at = at->next) {
		if (at->kind != NODE_SCALAR || !fine(at->text))
			lesson_bad_at(ld, at, "%s: \"%s\" %s", key, at->kind == NODE_SCALAR ? lesson_show(ld, at->text) : "", hint);
		else
			v[(*n)++] = at->text;
	}
	return v;
}

/* ---- parts ---------------------------------------------------------------------------------------------------------------------------------------- */

static bool read_markdown(struct unit *u, const struct node *at, struct slice name, struct lesson_part *p)
{
	struct loading *ld = u->ld;
	bool fine = true;
	for (size_t i = 0; i < LURE_LANGUAGES; i++) {
		struct buf text = {0}, shown = {0};
		struct err e;
		char file[LESSON_ID + 16];
		snprintf(file, sizeof file, "%.*s.%s.md", SLFMT(name), language_names[i]);
		ld->file = u->yaml;
		if (ld->files->read(ld->files->arg, file, &text, &e)) {
			fine = lesson_bad_at(ld, at, "%s: %s", file, e.text);
		} else {
			buf_addf(&shown, "%.*s/%s", SLFMT(ld->folder), file);
			ld->file = slice_dup(&ld->l->mem, buf_slice(&shown));
			fine &= lesson_markdown(ld, buf_slice(&text), u->used, &p->title.in[i], &p->html[i]);
			if (!p->title.in[i].n)
				p->title.in[i] = ld->unit->title.in[i];
		}
		buf_free(&text);
		buf_free(&shown);
	}
	ld->file = u->yaml;
	return fine;
}

static bool part_read(struct unit *u, const struct node *v, struct lesson_part *p)
{
	p->id = slice_trim(v->text);
	return lesson_is_id(p->id) ? read_markdown(u, v, p->id, p) : lesson_bad_at(u->ld, v, "read: \"%s\" is no name: of story.en.md, story.de.md, story.ko.md write story", lesson_show(u->ld, v->text));
}

static const struct node *part_file(struct unit *u, const struct node *v)
{
	if (!lesson_file_name(v->text) || !slice_ends(v->text, SL(".yaml"))) {
		lesson_bad_at(u->ld, v, "\"%s\" is no file of this folder: write a name of small letters, digits and dashes that ends in .yaml", lesson_show(u->ld, v->text));
		return NULL;
	}
	return lesson_yaml(u->ld, v, v->text);
}

static bool part_conversation(struct unit *u, const struct node *v, struct lesson_part *p)
{
	const struct node *root = part_file(u, v);
	p->conversation = root ? lesson_conversation(u->ld, root) : NULL;
	u->ld->file = u->yaml;
	if (!p->conversation)
		return false;
	p->id = p->conversation->id;
	p->title = p->conversation->title;
	return true;
}

static bool part_spot(struct unit *u, const struct node *v, struct lesson_part *p)
{
	const struct node *root = part_file(u, v);
	p->exhibit = root ? lesson_exhibit(u->ld, root) : NULL;
	u->ld->file = u->yaml;
	if (!p->exhibit)
		return false;
	p->id = p->exhibit->id;
	p->title = p->exhibit->title;
	return true;
}

static bool part_question(struct unit *u, const struct node *v, struct lesson_part *p)
{
	for (size_t i = 0; i < u->nquestions; i++)
		if (slice_eq(u->questions[i].id, v->text)) {
			p->question = &u->questions[i];
			p->id = p->question->id;
			return true;
		}
	return lesson_bad_at(u->ld, v, "there is no question \"%s\": write it under questions", lesson_show(u->ld, v->text));
}

static const struct {
	const char *key;
	enum lesson_part_kind kind;
	bool (*take)(struct unit *u, const struct node *v, struct lesson_part *p);
} part_kinds[] = {{"read", PART_READ, part_read}, {"conversation", PART_CONVERSATION, part_conversation}, {"spot", PART_SPOT, part_spot}, {"question", PART_QUESTION, part_question}};

static bool take_part(struct unit *u, const struct node *at, struct lesson_part *p)
{
	*p = (struct lesson_part){0};
	for (size_t i = 0; at->kind == NODE_MAP && at->n == 1 && i < ARRAY_LEN(part_kinds); i++) {
		if (!slice_eqz(at->child->text, part_kinds[i].key))
			continue;
		const struct node *v = at->child->value;
		if (!v || v->kind != NODE_SCALAR || !v->text.n)
			return lesson_bad_at(u->ld, at, "%s: a name is missing behind it", part_kinds[i].key);
		p->kind = part_kinds[i].kind;
		return part_kinds[i].take(u, v, p);
	}
	return lesson_bad_at(u->ld, at, "a part is one of: read: NAME, conversation: FILE.yaml, spot: FILE.yaml, question: ID");
}

static void take_parts(struct unit *u, const struct node *root)
{
	struct loading *ld = u->ld;
	const struct node *list = lesson_take_list(ld, root, "parts", true, LESSON_PARTS);
	struct lesson_part *v = list ? arena_alloc(&ld->l->mem, list->n * sizeof *v) : NULL;
	size_t n = 0;
	for (const struct node *at = list ? list->child : NULL; at; at = at->next) {
		if (!take_part(u, at, &v[n]))
			continue;
		for (size_t i = 0; i < n; i++)
			if (slice_eq(v[i].id, v[n].id))
				lesson_bad_at(ld, at, "there are two parts \"%.*s\" in this unit: give one another id", SLFMT(v[n].id));
		n++;
	}
	ld->unit->parts = v;
	ld->unit->nparts = n;
}

static void check_used(struct unit *u, const struct node *root)
{
	const struct node *sources = yaml_get(root, "sources"), *n = sources ? sources->child : NULL;
	for (size_t i = 0; i < u->ld->unit->nsources && n; i++, n = n->next)
		if (!u->used[i])
			lesson_odd_at(u->ld, n, "the source \"%.*s\" is linked from no text", SLFMT(u->ld->unit->sources[i].id));
}

/* ---- the unit ---------------------------------------------------------------------------------------------------------------------------------------- */

/* "01-side-door" is side-door, of order 1 unless lesson.yaml says otherwise. */
static void check_name(struct unit *u, const struct node *root)
{
	struct lesson *x = u->ld->unit;
	uint64_t order = 0;
	bool numbered = u->name.n > 3 && u->name.p[2] == '-' && slice_u64(slice_to(u->name, 2), 99, &order);
	if (x->id.n && (!numbered || !slice_eq(slice_from(u->name, 3), x->id)))
		lesson_bad_at(u->ld, yaml_get(root, "id"), "the folder is called %.*s: call it NN-%.*s, two digits and the id", SLFMT(u->name), SLFMT(x->id));
	if (!x->order)
		x->order = (unsigned)order;
}

static void take_unit(struct unit *u, const struct node *root)
{
	static const char *const keys[] = {"id", "order", "minutes", "audience", "title", "summary", "words", "sources", "parts", "questions", NULL};
	struct loading *ld = u->ld;
	struct lesson *x = ld->unit;
	(void)lesson_keys(ld, root, keys);
	if (lesson_take_id(ld, root, "id", true, &x->id) && (slice_eqz(x->id, "practice") || slice_eqz(x->id, "progress") || slice_eqz(x->id, "certificate") || slice_eqz(x->id, "verify")))
		lesson_bad_at(ld, yaml_get(root, "id"), "\"%.*s\" is a page of the console: give the unit another id", SLFMT(x->id));
	(void)lesson_take_number(ld, root, "order", false, 1, 999, &x->order);
	(void)lesson_take_number(ld, root, "minutes", true, 1, 60, &x->minutes);
	(void)lesson_take_text(ld, root, "title", true, &x->title);
	(void)lesson_take_text(ld, root, "summary", true, &x->summary);
	x->audience = take_words(u, root, "audience", LESSON_ROLES, lesson_is_id, "is no role as in org.yaml: write small letters, digits and dashes", &x->naudience);
	x->words = take_words(u, root, "words", LESSON_WORDS, known_word, "is no indicator and no combination: docs/inspect.md lists them", &x->nwords);
	check_name(u, root);
	take_sources(u, root);
	take_questions(u, root);
	take_parts(u, root);
	check_used(u, root);
}

void lesson_unit(struct lessons *l, const struct lesson_files *files, struct slice folder, struct slice name)
{
	struct lesson x = {0};
	struct loading ld = {.l = l, .files = files, .unit = &x};
	struct unit u = {.ld = &ld};
	struct buf shown = {0};
	buf_addf(&shown, "%.*s/%.*s", SLFMT(folder), SLFMT(name));
	ld.folder = slice_dup(&l->mem, buf_slice(&shown));
	buf_addz(&shown, "/lesson.yaml");
	ld.file = u.yaml = slice_dup(&l->mem, buf_slice(&shown));
	u.name = name;
	buf_free(&shown);
	const struct node *root = lesson_yaml(&ld, NULL, SL("lesson.yaml"));
	ld.file = u.yaml;
	if (root)
		take_unit(&u, root);
	if (root && !ld.errors)
		*vec_push(&l->units) = x;
}
