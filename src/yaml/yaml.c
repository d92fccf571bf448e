/* yaml.c - see yaml.h. Built on libfyaml's event parser: nothing is expanded behind our back. An alias shares the children
 * of its anchor, and costs as many nodes as it stands for.
 */
#include "yaml/yaml.h"

#include <libfyaml.h>
#include <stdlib.h>

enum {
	BRACKETS_MAX = 256, /* [ and { open at once, counted without regard to quotes */
	ANCHORS_MAX = 64,
};
struct reader {
	const struct yaml_options *opt;
	struct fy_parser *yaml;
	struct fy_diag *diag;
	const char *file;
	struct arena *a;
	struct err *e;
	size_t nodes;
	int line, column;             /* of the event at hand, 1-based */
	unsigned documents;
	size_t depth;
	struct frame {
		struct node *node;
		struct node **tail;   /* where the next child goes */
		struct node *key;     /* a map: the key that waits for its value */
	} stack[YAML_DEPTH_MAX];
	struct node *root, *last;     /* documents */
	struct {
		struct slice name;
		const struct node *node;
	} anchor[ANCHORS_MAX];
	size_t nanchors;
};

/* m may be NULL: what is not there (an empty value) has no mark, and counts as where the thing before it begins. */
static void note_place(struct reader *r, const struct fy_mark *m)
{
	if (m == NULL)
		return;
	r->line = m->line + 1;
	r->column = m->column + 1;
}

static int fail(struct reader *r, int code, const char *text)
{
	return err_at(r->e, code, r->file, r->line, r->column, "%s", text);
}

/* libfyaml keeps its messages; the first one is the cause. */
static int fail_syntax(struct reader *r)
{
	void *at = NULL;
	struct fy_diag_error *d = fy_diag_errors_iterate(r->diag, &at);
	struct buf text = {0};
	int code;

	if (d == NULL || d->msg == NULL)
		return fail(r, ERR_SYNTAX, "not YAML, here or a little behind");
	buf_term(&text, slice_of(d->msg));
	code = err_at(r->e, ERR_SYNTAX, r->file, MAX(d->line, 0), MAX(d->column, 0), "not YAML: %.*s",
		SLFMT(buf_slice(&text)));
	buf_free(&text);
	return code;
}

static struct node *node_new(struct reader *r, enum node_kind kind)
{
	struct node *n = arena_alloc(r->a, sizeof(*n));

	*n = (struct node){.kind = kind, .line = r->line, .column = r->column, .weight = 1};
	return n;
}

/* Hang a node under what is open: as item, as key, or as value of the key before. */
static int attach(struct reader *r, struct node *n)
{
	struct frame *f;

	r->nodes += n->weight;
	if (r->depth > 0)
		r->stack[r->depth - 1].node->weight += n->weight;
	if (r->nodes > r->opt->max_nodes)
		return fail(r, ERR_LIMIT, "too many values in one file");
	if (r->depth == 0) {
		if (r->last)
			r->last->next = n;
		else
			r->root = n;
		r->last = n;
		return 0;
	}
	f = &r->stack[r->depth - 1];
	if (f->node->kind == NODE_MAP && f->key != NULL) {
		f->key->value = n;
		f->key = NULL;
		return 0;
	}
	if (f->node->kind == NODE_MAP && n->kind != NODE_SCALAR)
		return fail(r, ERR_TYPE, "a key must be a word: write `key: value`");
	if (f->node->kind == NODE_MAP)
		f->key = n;
	*f->tail = n;
	f->tail = &n->next;
	f->node->n++;
	return 0;
}

static int on_open(struct reader *r, enum node_kind kind, struct node **out)
{
	struct node *n = *out = node_new(r, kind);
	int code = attach(r, n);

	if (code < 0)
		return code;
	if (r->depth == YAML_DEPTH_MAX)
		return fail(r, ERR_LIMIT, "nested too deeply");
	r->stack[r->depth++] = (struct frame){n, &n->child, NULL};
	return 0;
}

static int on_scalar(struct reader *r, struct fy_token *t, struct node **out)
{
	enum fy_scalar_style style = t != NULL ? fy_token_scalar_style(t) : FYSS_PLAIN;
	size_t len = 0;
	const char *p = t != NULL ? fy_token_get_text(t, &len) : "";

	if (p == NULL)
		return fail(r, ERR_NOMEM, "out of memory");
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && r->column > 1)
		r->column--; /* libfyaml marks the text, people look for the quote */
	struct node *n = *out = node_new(r, NODE_SCALAR);
	n->plain = style == FYSS_PLAIN;
	n->text = slice_dup(r->a, slice_make(p, len));
	return attach(r, n);
}

static int refuse_tag(struct reader *r, const struct fy_event *ev)
{
	struct fy_token *tag = NULL;

	switch (ev->type) {
	case FYET_SCALAR: tag = ev->scalar.tag; break;
	case FYET_SEQUENCE_START: tag = ev->sequence_start.tag; break;
	case FYET_MAPPING_START: tag = ev->mapping_start.tag; break;
	default: break;
	}
	if (tag == NULL)
		return 0;
	note_place(r, fy_token_start_mark(tag));
	return fail(r, ERR_UNSUPPORTED, "tags (!...) are not used here: write the plain value");
}

static struct slice token_text(struct fy_token *t)
{
	size_t n = 0;
	const char *p = t != NULL ? fy_token_get_text(t, &n) : NULL;

	return slice_make(p, p ? n : 0);
}

/* Remember the node just hung up under its &name; a later one of the same name takes over (YAML 1.2, 3.2.2.2). */
static int note_anchor(struct reader *r, const struct fy_event *ev, const struct node *n)
{
	struct fy_token *t = NULL;

	switch (ev->type) {
	case FYET_SCALAR: t = ev->scalar.anchor; break;
	case FYET_SEQUENCE_START: t = ev->sequence_start.anchor; break;
	case FYET_MAPPING_START: t = ev->mapping_start.anchor; break;
	default: break;
	}
	if (t == NULL || !r->opt->aliases)
		return 0;
	if (r->nanchors == ANCHORS_MAX)
		return fail(r, ERR_LIMIT, "too many anchors (&name)");
	r->anchor[r->nanchors].name = slice_dup(r->a, token_text(t));
	r->anchor[r->nanchors++].node = n;
	return 0;
}

static bool is_open(const struct reader *r, const struct node *n)
{
	for (size_t i = 0; i < r->depth; i++)
		if (r->stack[i].node == n)
			return true;
	return false;
}

static int on_alias(struct reader *r, struct fy_token *t)
{
	struct slice name = token_text(t);

	r->column -= r->column > 1; /* the mark is behind the asterisk */
	if (!r->opt->aliases)
		return fail(r, ERR_UNSUPPORTED, "aliases (*name) are not followed: write the value again");
	for (size_t i = r->nanchors; i-- > 0;) {
		if (!slice_eq(r->anchor[i].name, name))
			continue;
		if (is_open(r, r->anchor[i].node))
			return fail(r, ERR_SYNTAX, "the alias stands inside of what it names");
		struct node *n = node_new(r, r->anchor[i].node->kind);
		int line = n->line, column = n->column;
		*n = *r->anchor[i].node;
		n->line = line;
		n->column = column;
		n->next = n->value = NULL;
		return attach(r, n);
	}
	return fail(r, ERR_NOENT, "no anchor of that name stands before this alias");
}

static void on_close(struct reader *r)
{
	const struct node *n = r->stack[--r->depth].node;

	if (r->depth > 0)
		r->stack[r->depth - 1].node->weight += n->weight - 1; /* itself was counted when it was hung up */
}

static int on_begin(struct reader *r, struct fy_event *ev)
{
	struct node *n = NULL;
	int code;

	if (ev->type == FYET_SCALAR)
		code = on_scalar(r, ev->scalar.value, &n);
	else
		code = on_open(r, ev->type == FYET_SEQUENCE_START ? NODE_LIST : NODE_MAP, &n);
	return code < 0 ? code : note_anchor(r, ev, n);
}

static int on_event(struct reader *r, struct fy_event *ev)
{
	int code;

	note_place(r, fy_event_start_mark(ev));
	code = refuse_tag(r, ev);
	if (code < 0)
		return code;
	switch (ev->type) {
	case FYET_DOCUMENT_START:
		r->nanchors = 0;
		if (r->documents++ > 0 && !r->opt->documents)
			return fail(r, ERR_SYNTAX, "a second document (---) begins here: put everything in one");
		return 0;
	case FYET_ALIAS:
		return on_alias(r, ev->alias.anchor);
	case FYET_SCALAR:
	case FYET_SEQUENCE_START:
	case FYET_MAPPING_START:
		return on_begin(r, ev);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		on_close(r);
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct reader *r)
{
	int code = 0;
	bool more = true;

	while (code == 0 && more) {
		struct fy_event *ev = fy_parser_parse(r->yaml);
		if (ev == NULL)
			break;
		more = ev->type != FYET_STREAM_END;
		code = on_event(r, ev);
		fy_parser_event_free(r->yaml, ev);
	}
	if (code == 0 && (more || fy_parser_get_stream_error(r->yaml)))
		code = fail_syntax(r);
	return code;
}

/* libfyaml collects every token of a flow collection that might still turn out to be a key before it reports the first
 * one: 16 MB of "[" would cost 6 GB. So what opens tokens is counted beforehand, on the raw bytes; brackets in quotes and
 * comments count too, which is why the bound on open ones is far above YAML_DEPTH_MAX. */
struct weight {
	size_t tokens;
	unsigned open;
};

static bool too_heavy(struct weight *w, struct slice row, size_t max)
{
	for (size_t i = 0; i < row.n; i++) {
		char c = row.p[i];
		if (c == '[' || c == '{')
			w->open++;
		else if ((c == ']' || c == '}') && w->open > 0)
			w->open--;
		else if (c != ',' && c != '&' && c != '*' && c != '!' && !(w->open > 0 && (c == ':' || c == '?')))
			continue;
		if (w->open > BRACKETS_MAX || ++w->tokens > max)
			return true;
	}
	return false;
}

/* What libfyaml would take as it comes, or choke on, is told here with its place. */
static int check_bytes(struct slice yaml, const char *file, size_t max, struct err *e)
{
	struct weight w = {0};
	int line = 1;

	for (struct slice rest = yaml, row; rest.n > 0; line++) {
		if (!slice_cut(&rest, '\n', &row)) {
			row = rest;
			rest.n = 0;
		}
		if (!slice_utf8(row))
			return err_at(e, ERR_SYNTAX, file, line, 0, "bytes that are not UTF-8: save the file as UTF-8");
		ssize_t nul = slice_chr(row, '\0');
		if (nul >= 0)
			return err_at(e, ERR_SYNTAX, file, line, (int)nul + 1, "a NUL byte: not a text file");
		if (row.n > 0 && row.p[0] == '%') /* libfyaml prints what it thinks of some of them */
			return err_at(e, ERR_UNSUPPORTED, file, line, 1, "directives (%%...) are not used here: delete the line");
		if (too_heavy(&w, row, max) && w.open > BRACKETS_MAX)
			return err_at(e, ERR_LIMIT, file, line, 0, "nested too deeply: more than %d open brackets",
				(int)BRACKETS_MAX);
		if (w.tokens > max)
			return err_at(e, ERR_LIMIT, file, line, 0, "too many values in one file");
	}
	return 0;
}

/* Messages are collected; the few libfyaml would print instead have no place on a user's terminal. */
static void no_output(struct fy_diag *diag, void *user, const char *text, size_t n)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)n;
}

static struct fy_diag *quiet_diag(void)
{
	struct fy_diag_cfg cfg;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = no_output;
	cfg.colorize = false;
	struct fy_diag *d = fy_diag_create(&cfg);
	if (d != NULL)
		fy_diag_set_collect_errors(d, true);
	return d;
}

int yaml_read(struct slice yaml, const char *file, const struct yaml_options *opt, struct arena *a, struct node **root, struct err *e)
{
	struct reader r = {.opt = opt, .file = file, .a = a, .e = e};
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2};
	int code;

	*root = NULL;
	if (yaml.n > opt->max_bytes)
		return err_at(e, ERR_LIMIT, file, 0, 0, "larger than %zu MiB", opt->max_bytes >> 20);
	code = check_bytes(yaml, file, opt->max_nodes, e);
	if (code < 0 || yaml.n == 0)
		return code;
	r.diag = quiet_diag();
	if (r.diag != NULL) {
		cfg.diag = r.diag;
		r.yaml = fy_parser_create(&cfg);
	}
	if (r.yaml == NULL || fy_parser_set_string(r.yaml, yaml.p, yaml.n) != 0)
		code = err_at(e, ERR_NOMEM, file, 0, 0, "out of memory");
	else
		code = read_events(&r);
	if (code == 0)
		*root = r.root;
	if (r.yaml != NULL)
		fy_parser_destroy(r.yaml);
	if (r.diag != NULL)
		fy_diag_destroy(r.diag);
	return code;
}

const struct node *yaml_get(const struct node *n, const char *key)
{
	if (!n || n->kind != NODE_MAP)
		return NULL;
	for (const struct node *k = n->child; k; k = k->next)
		if (slice_eqz(k->text, key))
			return k->value;
	return NULL;
}
