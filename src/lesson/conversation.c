/* conversation.c - a conversation: messages, what one may answer, and where that leads. The graph is checked: nobody gets lost in it. */
#include "lesson/lesson_private.h"

struct talk {
	struct loading *ld;
	struct lesson_conversation *c;
	struct lesson_node *nodes;
	const struct node *const *where;     /* of each node, for messages */
	uint32_t start;
	enum mark { NEW, OPEN, DONE } mark[LESSON_TALK];
	bool good[LESSON_TALK];              /* from here to an end with safe answers only */
};

static bool take_option(struct loading *ld, const struct node *n, struct lesson_option *out)
{
	static const char *const keys[] = {"text", "to", "consequence", "safe", "report", NULL};
	*out = (struct lesson_option){.to = UINT32_MAX};
	if (!lesson_keys(ld, n, keys))
		return false;
	bool fine = lesson_take_text(ld, n, "text", true, &out->text);
	fine &= lesson_take_text(ld, n, "consequence", true, &out->consequence);
	fine &= lesson_take_bool(ld, n, "safe", &out->safe);
	return lesson_take_bool(ld, n, "report", &out->report) && fine;
}

static bool take_node(struct loading *ld, const struct node *n, struct lesson_node *out)
{
	static const char *const keys[] = {"id", "speaker", "when", "text", "stop", "flags", "options", NULL};
	*out = (struct lesson_node){0};
	if (!lesson_keys(ld, n, keys))
		return false;
	size_t before = ld->errors;
	(void)lesson_take_id(ld, n, "id", true, &out->id);
	if (slice_eqz(out->id, "end"))
		lesson_bad_at(ld, yaml_get(n, "id"), "\"end\" is the word for the end: give the message another id");
	(void)lesson_take_line(ld, n, "speaker", true, 120, &out->speaker);
	(void)lesson_take_text(ld, n, "when", false, &out->when);
	(void)lesson_take_text(ld, n, "text", true, &out->text);
	(void)lesson_take_number(ld, n, "stop", false, 1, 5, &out->stop);
	(void)lesson_take_texts(ld, n, "flags", LESSON_FLAGS, &out->flags, &out->nflags);
	const struct node *list = lesson_take_list(ld, n, "options", true, LESSON_OPTIONS);
	struct lesson_option *v = list ? arena_alloc(&ld->l->mem, list->n * sizeof *v) : NULL;
	for (const struct node *at = list ? list->child : NULL; at; at = at->next)
		(void)take_option(ld, at, &v[out->noptions++]);
	out->options = v;
	return ld->errors == before;
}

static bool find_node(const struct talk *t, struct slice id, uint32_t *out)
{
	for (uint32_t i = 0; i < t->c->nnodes; i++)
		if (slice_eq(t->nodes[i].id, id)) {
			*out = i;
			return true;
		}
	return false;
}

/* Where each answer leads, now that all messages are known. */
static void link_options(struct talk *t, const struct lesson_node *from, const struct node *at)
{
	const struct node *list = yaml_get(at, "options"), *n = list ? list->child : NULL;
	struct lesson_option *v = arena_alloc(&t->ld->l->mem, from->noptions * sizeof *v);
	memcpy(v, from->options, from->noptions * sizeof *v);
	for (size_t i = 0; n && i < from->noptions; i++, n = n->next) {
		struct slice to = SLICE_NONE;
		if (!lesson_take_id(t->ld, n, "to", true, &to) || slice_eqz(to, "end"))
			continue;
		if (!find_node(t, to, &v[i].to))
			lesson_bad_at(t->ld, yaml_get(n, "to"), "there is no message \"%s\" in this conversation: write the id of one, or end", lesson_show(t->ld, to));
	}
	t->nodes[from - t->nodes].options = v;
}

/* Depth first; LESSON_TALK bounds the depth. A way that comes back to where it was never ends. */
static void walk(struct talk *t, uint32_t at)
{
	const struct lesson_node *n = &t->nodes[at];
	t->mark[at] = OPEN;
	for (size_t i = 0; i < n->noptions; i++) {
		uint32_t to = n->options[i].to;
		if (to != UINT32_MAX && t->mark[to] == NEW)
			walk(t, to);
		if (to != UINT32_MAX && t->mark[to] == OPEN)
			lesson_bad_at(t->ld, t->where[at], "answer %zu of message \"%.*s\" leads back to \"%.*s\": a conversation goes forward, so that it ends", i + 1, SLFMT(n->id), SLFMT(t->nodes[to].id));
		t->good[at] |= n->options[i].safe && (to == UINT32_MAX || t->good[to]);
	}
	t->mark[at] = DONE;
}

static void judge(struct talk *t, const struct node *root)
{
	bool good = false, report = false, stop = false, flags = false;
	walk(t, t->start);
	for (size_t i = 0; i < t->c->nnodes; i++) {
		const struct lesson_node *n = &t->nodes[i];
		if (t->mark[i] == NEW)
			lesson_bad_at(t->ld, t->where[i], "nobody comes to the message \"%.*s\": let an answer lead to it (to: %.*s), or delete it", SLFMT(n->id), SLFMT(n->id));
		good |= t->mark[i] == DONE && t->good[i];
		stop |= n->stop > 0;
		flags |= n->nflags > 0;
		for (size_t k = 0; k < n->noptions; k++)
			report |= n->options[k].report;
	}
	if (!good)
		lesson_bad_at(t->ld, root, "there is no safe way to the end: mark the right answers with safe: true");
	else if (!t->good[t->start])
		lesson_odd_at(t->ld, root, "no way from the first message is safe throughout: is safe: true missing at an answer?");
	if (!t->c->benign && !flags)
		lesson_bad_at(t->ld, root, "no message has flags: write what is wrong with it, or benign: true");
	if (!t->c->benign && !stop)
		lesson_bad_at(t->ld, root, "no message says stop: 1 (early) to 5 (too late): write it, so that it can be told where to stop");
	if (!t->c->benign && !report)
		lesson_odd_at(t->ld, root, "no answer reports: write report: true at one");
	if (t->c->benign && (stop || flags))
		lesson_odd_at(t->ld, root, "the conversation is benign, but a message has flags or stop");
}

static void take_nodes(struct talk *t, const struct node *list)
{
	const struct node **where = arena_alloc(&t->ld->l->mem, list->n * sizeof *where);
	size_t before = t->ld->errors;
	uint32_t other;
	t->nodes = arena_alloc(&t->ld->l->mem, list->n * sizeof *t->nodes);
	for (const struct node *at = list->child; at; at = at->next) {
		struct lesson_node n;
		if (take_node(t->ld, at, &n) && find_node(t, n.id, &other))
			lesson_bad_at(t->ld, at, "there are two messages \"%.*s\": the other one is in line %d", SLFMT(n.id), where[other]->line);
		where[t->c->nnodes] = at;
		t->nodes[t->c->nnodes++] = n;
	}
	t->where = where;
	for (size_t i = 0; i < t->c->nnodes && t->ld->errors == before; i++)
		link_options(t, &t->nodes[i], where[i]);
	t->c->nodes = t->nodes;
}

const struct lesson_conversation *lesson_conversation(struct loading *ld, const struct node *root)
{
	static const char *const keys[] = {"id", "title", "benign", "start", "nodes", "end", NULL};
	struct lesson_conversation *c = arena_alloc(&ld->l->mem, sizeof *c);
	struct talk t = {.ld = ld, .c = c};
	struct slice start = SLICE_NONE;
	size_t before = ld->errors;
	*c = (struct lesson_conversation){0};
	if (!lesson_keys(ld, root, keys))
		return NULL;
	(void)lesson_take_id(ld, root, "id", true, &c->id);
	(void)lesson_take_text(ld, root, "title", true, &c->title);
	(void)lesson_take_text(ld, root, "end", true, &c->end);
	(void)lesson_take_bool(ld, root, "benign", &c->benign);
	(void)lesson_take_id(ld, root, "start", false, &start);
	const struct node *list = lesson_take_list(ld, root, "nodes", true, LESSON_TALK);
	if (list)
		take_nodes(&t, list);
	if (ld->errors == before && start.n && !find_node(&t, start, &t.start))
		lesson_bad_at(ld, yaml_get(root, "start"), "there is no message \"%s\": write the id of the first one", lesson_show(ld, start));
	if (ld->errors == before)
		judge(&t, root);
	c->start = t.start;
	return ld->errors == before ? c : NULL;
}
