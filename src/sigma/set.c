/* set.c - rules from texts, files and folders; the list of problems. */
#include "sigma/screen.h"
#include "sigma/witness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct sigma_set *sigma_new(const struct sigma_options *opt)
{
	struct sigma_set *s = xcalloc(1, sizeof *s);
	if (opt)
		s->opt = *opt;
	arena_init(&s->mem);
	pthread_mutex_init(&s->lock, NULL);
	s->fields = strtab_new();
	return s;
}

void sigma_free(struct sigma_set *s)
{
	if (!s)
		return;
	buckets_free(s);
	match_free(s->marks);
	screen_free(s->screen);
	taxonomy_free(s);
	asked_free(s->asked);
	for (size_t i = 0; i < s->regexes.n; i++)
		regex_free(s->regexes.v[i]);
	free(s->regexes.v);
	free(s->problems.v);
	free(s->mappings.v);
	free(s->rules.v);
	strtab_free(s->fields);
	pthread_mutex_destroy(&s->lock);
	arena_free(&s->mem);
	free(s);
}

uint32_t field_number(struct sigma_set *s, struct slice name)
{
	return strtab_put(s->fields, name);
}

/* ---- problems ------------------------------------------------------------------------------------------------ */

int load_fail(struct load *l, const struct node *at, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_at(&l->err, code, l->file, at ? at->line : 0, at ? at->column : 0, "%s", text);
}

void load_warn(struct load *l, const struct node *at, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	enum { WARNINGS_MAX = 20000 };
	if (l->set->problems.n >= WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct sigma_problem *p = vec_push(&l->set->problems);
	*p = (struct sigma_problem){.severity = SIGMA_WARNING, .rule = l->rule};
	err_at(&p->err, ERR_USAGE, l->file, at->line, at->column, "%s", text);
}

static void add_error(struct sigma_set *s, const struct err *e)
{
	*vec_push(&s->problems) = (struct sigma_problem){.severity = SIGMA_ERROR, .err = *e, .rule = UINT32_MAX};
}

/* ---- documents ----------------------------------------------------------------------------------------------- */

static bool key_before(const struct node *map, const struct node *key)
{
	for (const struct node *k = map->child; k != key; k = k->next)
		if (slice_eq(k->text, key->text))
			return true;
	return false;
}

/* A key written twice says two things; which one counts would be a guess. */
static int keys_once(struct load *l, const struct node *n)
{
	struct strtab *seen = n->kind == NODE_MAP && n->n > 16 ? strtab_new() : NULL;
	int rc = 0;
	for (const struct node *k = n->child; k && !rc; k = k->next) {
		if (n->kind == NODE_MAP) {
			uint32_t before = seen ? strtab_count(seen) : 0;
			bool twice = seen ? (k->text.n && strtab_put(seen, k->text) < before) : key_before(n, k);
			if (twice)
				rc = load_fail(l, k, ERR_DUP, "the key \"%.*s\" stands twice in this mapping", SLFMT(slice_to(k->text, 100)));
		}
		const struct node *v = n->kind == NODE_MAP ? k->value : k;
		if (!rc && v && v->kind != NODE_SCALAR)
			rc = keys_once(l, v);
	}
	strtab_free(seen);
	return rc;
}

/* from laid over base, deeply (the templates of `action: global`). */
static struct node *merged(struct arena *a, const struct node *base, const struct node *from)
{
	struct node *out = arena_alloc(a, sizeof *out), **tail = &out->child;
	*out = *from;
	out->n = 0;
	for (int pass = 0; pass < 2; pass++)
		for (const struct node *k = pass ? from->child : base->child; k; k = k->next) {
			char key[256];
			snprintf(key, sizeof key, "%.*s", SLFMT(slice_to(k->text, 255)));
			const struct node *other = yaml_get(pass ? base : from, key);
			if ((pass && other) || slice_eqz(k->text, "action"))
				continue;
			struct node *copy = arena_alloc(a, sizeof *copy);
			*copy = *k;
			copy->next = NULL;
			if (other)
				copy->value = other->kind == NODE_MAP && k->value->kind == NODE_MAP ? merged(a, k->value, other) : (struct node *)(uintptr_t)other;
			*tail = copy;
			tail = &copy->next;
			out->n++;
		}
	*tail = NULL;
	return out;
}

static void add_document(struct sigma_set *s, const struct node *doc, const char *file)
{
	struct load l = {.set = s, .file = file, .rule = (uint32_t)s->rules.n};
	size_t warnings = s->problems.n;
	struct srule *r = NULL;
	int rc = doc->kind == NODE_MAP ? keys_once(&l, doc) : load_fail(&l, doc, ERR_TYPE, "a rule is a mapping: title, logsource, detection ...");
	if (!rc)
		rc = rule_parse(&l, doc, &r);
	if (rc) {
		s->problems.n = warnings; /* what else is odd about it does not matter now */
		add_error(s, &l.err);
		return;
	}
	if (s->opt.wanted && !s->opt.wanted(s->opt.arg, &r->pub)) {
		s->problems.n = warnings;
		return;
	}
	r->pub.number = (uint32_t)s->rules.n;
	r->keywords = l.keywords;
	*vec_push(&s->rules) = r;
}

static bool action_is(const struct node *doc, const char *what)
{
	const struct node *n = yaml_get(doc, "action");
	return n && n->kind == NODE_SCALAR && slice_eqz(n->text, what);
}

void sigma_add_text(struct sigma_set *s, struct slice yaml, const char *file)
{
	struct yaml_options opt = {.documents = true, .aliases = true, .max_bytes = SIGMA_FILE_MAX, .max_nodes = SIGMA_NODES_MAX};
	struct arena tmp;
	struct node *doc = NULL;
	const struct node *global = NULL, *last = NULL;
	struct err e;
	const char *name = slice_dup(&s->mem, slice_of(file)).p;
	s->nfiles++;
	arena_init(&tmp);
	if (slice_starts(yaml, SL("\xef\xbb\xbf")))
		yaml = slice_from(yaml, 3);
	if (yaml_read(yaml, name, &opt, &tmp, &doc, &e)) {
		add_error(s, &e);
		arena_free(&tmp);
		return;
	}
	for (; doc; doc = doc->next) {
		const struct node *d = doc;
		if (d->kind == NODE_SCALAR && !d->text.n)
			continue; /* an empty document: a --- too many */
		if (action_is(d, "global")) {
			global = global ? merged(&tmp, global, d) : merged(&tmp, d, &(struct node){.kind = NODE_MAP, .line = d->line, .column = d->column});
			continue;
		}
		if (action_is(d, "reset")) {
			global = NULL;
			continue;
		}
		bool template = d->kind == NODE_MAP && !yaml_get(d, "correlation") && !yaml_get(d, "filter");
		if (action_is(d, "repeat") && last)
			d = merged(&tmp, last, d);
		else if (global && template)
			d = merged(&tmp, global, d);
		last = d;
		add_document(s, d, name);
	}
	arena_free(&tmp);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static int read_file(const char *path, struct buf *out, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc = 0;
	if (fd < 0 || fstat(fd, &st))
		rc = err_at(e, errno == ENOENT ? ERR_NOENT : ERR_IO, path, 0, 0, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = err_at(e, ERR_IO, path, 0, 0, "not a regular file");
	else if (st.st_size > SIGMA_FILE_MAX)
		rc = err_at(e, ERR_LIMIT, path, 0, 0, "larger than %d MiB: no rule is", SIGMA_FILE_MAX >> 20);
	while (!rc) {
		char chunk[16384];
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_at(e, ERR_IO, path, 0, 0, "%s", strerror(errno));
		if (n <= 0)
			break;
		buf_add(out, chunk, (size_t)n);
		if (out->n > SIGMA_FILE_MAX)
			rc = err_at(e, ERR_LIMIT, path, 0, 0, "larger than %d MiB: no rule is", SIGMA_FILE_MAX >> 20);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int add_file(struct sigma_set *s, const char *path, struct err *e)
{
	struct buf b = {0};
	int rc = read_file(path, &b, e);
	if (!rc)
		sigma_add_text(s, buf_slice(&b), path);
	buf_free(&b);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_rule_name(const char *name)
{
	struct slice n = slice_of(name);
	return slice_ends(n, SL(".yml")) || slice_ends(n, SL(".yaml"));
}

static int add_folder(struct sigma_set *s, const char *path, unsigned depth, struct err *e)
{
	struct { char **v; size_t n, cap; } names = {0};
	DIR *d = opendir(path);
	if (!d)
		return err_at(e, errno == ENOENT ? ERR_NOENT : ERR_IO, path, 0, 0, "%s", strerror(errno));
	for (struct dirent *x; (x = readdir(d));)
		if (x->d_name[0] != '.')
			*vec_push(&names) = xstrndup(x->d_name, strlen(x->d_name));
	closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n; i++) {
		char full[4096];
		struct stat st;
		struct err one;
		int n = snprintf(full, sizeof full, "%s/%s", path, names.v[i]);
		int rc = 0;
		if (n < 0 || (size_t)n >= sizeof full || lstat(full, &st))
			rc = err_at(&one, ERR_IO, path, 0, 0, "%s: cannot be looked at", names.v[i]);
		else if (S_ISDIR(st.st_mode) && depth < LIMIT_PATH_DEPTH)
			rc = add_folder(s, full, depth + 1, &one);
		else if (S_ISREG(st.st_mode) && is_rule_name(names.v[i]))
			rc = add_file(s, full, &one);
		if (rc)
			add_error(s, &one);
		free(names.v[i]);
	}
	free(names.v);
	return 0;
}

int sigma_add_path(struct sigma_set *s, const char *path, struct err *e)
{
	struct stat st;
	if (stat(path, &st))
		return err_at(e, errno == ENOENT ? ERR_NOENT : ERR_IO, path, 0, 0, "%s", strerror(errno));
	return S_ISDIR(st.st_mode) ? add_folder(s, path, 0, e) : add_file(s, path, e);
}

/* ---- sealing ------------------------------------------------------------------------------------------------- */

static void warn_same_ids(struct sigma_set *s)
{
	struct strtab *ids = strtab_new();
	for (size_t i = 0; i < s->rules.n; i++) {
		struct srule *r = s->rules.v[i];
		uint32_t before = strtab_count(ids);
		if (!r->pub.id.n || strtab_put(ids, r->pub.id) >= before)
			continue;
		struct sigma_problem *p = vec_push(&s->problems);
		*p = (struct sigma_problem){.severity = SIGMA_WARNING, .rule = (uint32_t)i};
		err_at(&p->err, ERR_DUP, r->pub.file, r->pub.line, 1, "another rule has the same id %.*s", SLFMT(r->pub.id));
	}
	strtab_free(ids);
}

int sigma_seal(struct sigma_set *s, struct err *e)
{
	warn_same_ids(s);
	correlations_link(s);
	filters_apply(s);
	for (size_t i = 0; i < s->rules.n; i++)
		if (s->rules.v[i]->cond)
			expr_order(s, s->rules.v[i]->cond);
	taxonomy_build(s);
	s->asked = asked_new(s);
	int rc = buckets_build(s, e);
	if (!rc)
		rc = marks_build(s, e);
	s->sealed = rc == 0;
	return rc;
}

size_t sigma_count(const struct sigma_set *s) { return s->rules.n; }
const struct sigma_rule *sigma_get(const struct sigma_set *s, size_t i) { return i < s->rules.n ? &s->rules.v[i]->pub : NULL; }
size_t sigma_problem_count(const struct sigma_set *s) { return s->problems.n; }
const struct sigma_problem *sigma_problem_get(const struct sigma_set *s, size_t i) { return i < s->problems.n ? &s->problems.v[i] : NULL; }
size_t sigma_file_count(const struct sigma_set *s) { return s->nfiles; }
bool sigma_is_correlated(const struct sigma_set *s, const struct sigma_rule *r) { return s->rules.v[r->number]->ntold > 0; }

const struct sigma_rule *sigma_find(const struct sigma_set *s, struct slice what)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct sigma_rule *r = &s->rules.v[i]->pub;
		if (slice_ieq(r->id, what) || slice_eq(r->name, what) || slice_ieq(r->title, what))
			return r;
	}
	return NULL;
}
