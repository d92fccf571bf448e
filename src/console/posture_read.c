/* posture_read.c - see posture_read.h. What is kept is ours, but hosts and files are named in it by others. */
#include "console/posture_read.h"
#include "json/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 5000, FILE_BYTES = 32 << 20, HEAD_BYTES = 600, LEAVES_MAX = 400000, DEPTH_MAX = 12, LINES_MAX = 100, TIME_CHARS = 16, EVIDENCE_BYTES = 4000 };

/* ---- files ------------------------------------------------------------------------------------------------------------------------------- */

static bool digits(struct slice s, size_t at, size_t n, uint64_t *out)
{
	return slice_u64(slice_make(s.p + at, n), 9999, out);
}

/* "20261126T210540Z" */
static bool read_time(struct slice s, nstime *out)
{
	uint64_t y, mo, d, h, m, sec;
	if (s.n != TIME_CHARS || s.p[8] != 'T' || s.p[15] != 'Z' || !digits(s, 0, 4, &y) || !digits(s, 4, 2, &mo) || !digits(s, 6, 2, &d) || !digits(s, 9, 2, &h) || !digits(s, 11, 2, &m) ||
		!digits(s, 13, 2, &sec) || !mo || mo > 12 || !d || d > 31)
		return false;
	*out = civil_seconds((int)y, (unsigned)mo, (unsigned)d, (unsigned)h, (unsigned)m, (unsigned)sec) * NS_SEC;
	return true;
}

static bool read_name(struct arena *mem, const char *name, const char *kind, struct posture_kept *out)
{
	struct slice s = slice_of(name), k = slice_of(kind);
	if (!slice_starts(s, k) || s.n < k.n + 2 + TIME_CHARS + 6 || s.p[k.n] != '-' || !slice_ends(s, SL(".json")))
		return false;
	struct slice middle = slice_make(s.p + k.n + 1, s.n - k.n - 1 - 5);
	struct slice time = slice_from(middle, middle.n - TIME_CHARS);
	if (middle.n < TIME_CHARS + 2 || middle.p[middle.n - TIME_CHARS - 1] != '-' || !read_time(time, &out->time))
		return false;
	out->name = slice_dup(mem, s);
	out->subject = slice_dup(mem, slice_to(middle, middle.n - TIME_CHARS - 1));
	return true;
}

static int by_time(const void *x, const void *y)
{
	const struct posture_kept *a = x, *b = y;
	return a->time != b->time ? (a->time > b->time) - (a->time < b->time) : slice_cmp(a->name, b->name);
}

size_t posture_list(struct arena *mem, const char *state, const char *kind, struct posture_kept **out)
{
	struct { struct posture_kept *v; size_t n, cap; } list = {0};
	char path[4200];
	snprintf(path, sizeof path, "%s/posture", state);
	DIR *d = opendir(path);
	struct posture_kept one;
	for (const struct dirent *x; d && list.n < FILES_MAX && (x = readdir(d));)
		if (read_name(mem, x->d_name, kind, &one))
			*vec_push(&list) = one;
	if (d)
		closedir(d);
	if (list.n)
		qsort(list.v, list.n, sizeof *list.v, by_time);
	*out = arena_alloc(mem, (list.n + 1) * sizeof **out);
	if (list.n)
		memcpy(*out, list.v, list.n * sizeof **out);
	free(list.v);
	return list.n;
}

static int read_file(const char *state, struct slice name, size_t most, struct buf *out, struct err *e)
{
	char path[4600];
	struct stat st;
	if (slice_chr(name, '/') >= 0 || snprintf(path, sizeof path, "%s/posture/%.*s", state, SLFMT(name)) >= (int)sizeof path)
		return err_set(e, ERR_RANGE, "no name of a kept result");
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_NOENT, "%.*s: %m", SLFMT(name));
	}
	char chunk[16384];
	ssize_t n;
	while (out->n < most && (n = read(fd, chunk, MIN(sizeof chunk, most - out->n))) > 0)
		buf_add(out, chunk, (size_t)n);
	close(fd);
	return 0;
}

/* The number behind "name": in the first bytes. */
static bool number_behind(struct slice s, const char *name, uint64_t *out)
{
	struct buf want = {0};
	buf_addf(&want, "\"%s\":", name);
	ssize_t at = slice_find(s, buf_slice(&want));
	struct slice rest = at < 0 ? SLICE_NONE : slice_from(s, (size_t)at + want.n);
	size_t n = 0;
	buf_free(&want);
	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	return slice_u64(slice_to(rest, n), 1000000, out);
}

bool posture_point_read(const char *state, struct slice name, struct posture_point *out)
{
	struct buf head = {0};
	struct err e;
	uint64_t tenths = 0, fail = 0, unknown = 0;
	bool fine = !read_file(state, name, HEAD_BYTES, &head, &e) && number_behind(buf_slice(&head), "score_tenths", &tenths) && number_behind(buf_slice(&head), "fail", &fail) &&
		    number_behind(buf_slice(&head), "cannot-tell", &unknown) && tenths <= 1000;
	out->tenths = (unsigned)tenths;
	out->fail = (unsigned)fail;
	out->unknown = (unsigned)unknown;
	buf_free(&head);
	return fine;
}

/* ---- documents ------------------------------------------------------------------------------------------------------------------------------ */

typedef void leaf_fn(void *arg, struct slice name, struct slice value);

static int each_leaf(const char *state, struct slice name, leaf_fn *fn, void *arg, bool *cut, struct err *e)
{
	struct buf text = {0};
	struct json_flat flat;
	int rc = read_file(state, name, FILE_BYTES, &text, e);
	struct json_parser *p = rc ? NULL : json_parser_new(DEPTH_MAX, LEAVES_MAX);
	if (!rc && !p)
		rc = err_set(e, ERR_NOMEM, "out of memory");
	if (!rc && json_flatten(p, (struct json_text){text.p, text.n}, (struct json_text){NULL, 0}, &flat) != JSON_OK)
		rc = err_set(e, ERR_SYNTAX, "%.*s: no JSON, or more than this page reads", SLFMT(name));
	for (size_t i = 0; !rc && i < flat.n; i++)
		fn(arg, slice_make(flat.v[i].name.p, flat.v[i].name.n), slice_make(flat.v[i].text.p, flat.v[i].text.n));
	*cut = !rc && flat.cut;
	json_parser_free(p);
	buf_free(&text);
	return rc;
}

static void joined(struct arena *mem, struct slice *to, char between, struct slice more)
{
	if (to->n + more.n > EVIDENCE_BYTES)
		return;
	char *p = arena_alloc(mem, to->n + more.n + 2);
	if (to->n) {
		memcpy(p, to->p, to->n);
		p[to->n] = between;
	}
	if (more.n)
		memcpy(p + to->n + (to->n > 0), more.p, more.n);
	*to = slice_make(p, to->n + (to->n > 0) + more.n);
}

struct auditing { struct arena *mem; struct posture_audit *out; bool full; };

static void audit_leaf(void *arg, struct slice name, struct slice value)
{
	struct auditing *x = arg;
	struct posture_audit *a = x->out;
	if (!slice_starts(name, SL("results.")))
		return;
	name = slice_from(name, 8);
	if (slice_eqz(name, "check")) {
		x->full = a->n == POSTURE_ROWS;
		a->cut = a->cut || x->full;
		if (!x->full)
			a->v[a->n++] = (struct posture_line){.check = slice_dup(x->mem, value)};
		return;
	}
	if (!a->n || x->full)
		return;
	struct posture_line *l = &a->v[a->n - 1];
	const struct { const char *name; struct slice *to; char between; } rows[] = {{"title", &l->title, ' '}, {"host", &l->host, ' '}, {"result", &l->result, ' '}, {"text", &l->text, ' '}, {"fix", &l->fix, ' '},
		{"why", &l->why, ' '}, {"evidence", &l->evidence, '\n'}, {"nist_800_171r3", &l->nist, ' '}, {"bsi", &l->bsi, ' '}, {"iso_27001", &l->iso, ' '}, {"change", &l->change, ' '}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eqz(name, rows[i].name))
			joined(x->mem, rows[i].to, rows[i].between, value);
	if (slice_eqz(name, "severity") && !level_parse(value, &l->severity))
		l->severity = LEVEL_MEDIUM;
	l->waived = l->waived || slice_eqz(name, "waiver.owner");
}

int posture_audit_read(struct arena *mem, const char *state, struct slice name, struct posture_audit *out, struct err *e)
{
	struct auditing x = {.mem = mem, .out = out};
	bool cut = false;
	*out = (struct posture_audit){.v = arena_alloc(mem, POSTURE_ROWS * sizeof *out->v)};
	int rc = each_leaf(state, name, audit_leaf, &x, &cut, e);
	out->cut = out->cut || cut;
	return rc;
}

/* ---- rights ------------------------------------------------------------------------------------------------------------------------------------ */

struct rights { struct arena *mem; struct privilege_kept *out; struct privilege_line now; bool open; const char *array; };

static void right_end(struct rights *x)
{
	struct privilege_kept *k = x->out;
	bool wanted = x->open && (strcmp(x->array, "rights.") != 0 || slice_eqz(x->now.use, "unused"));
	if (wanted && k->n < LINES_MAX)
		k->v[k->n++] = x->now;
	x->open = false;
}

static void right_leaf(struct rights *x, struct slice name, struct slice value)
{
	struct privilege_line *l = &x->now;
	uint64_t n;
	const struct { const char *name; struct slice *to; } rows[] = {{"host", &l->host}, {"account", &l->account}, {"holder", &l->holder}, {"text", &l->text}, {"kind", &l->kind}, {"use", &l->use},
		{"last", &l->last}, {"place", &l->holder}, {"sentence", &l->text}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eqz(name, rows[i].name))
			*rows[i].to = slice_dup(x->mem, slice_to(value, EVIDENCE_BYTES));
	if (slice_eqz(name, "cost") && slice_u64(value, UINT32_MAX, &n))
		l->cost = n;
}

static void kept_leaf(void *arg, struct slice name, struct slice value)
{
	static const struct { const char *prefix, *first; } arrays[] = {{"rights.", "rights.id"}, {"take_away.", "take_away.id"}, {"reached.", "reached.type"}};
	struct rights *x = arg;
	struct privilege_kept *k = x->out;
	for (size_t i = 0; i < ARRAY_LEN(arrays); i++) {
		if (!slice_starts(name, slice_of(arrays[i].prefix)))
			continue;
		if (slice_eqz(name, arrays[i].first)) {
			right_end(x);
			x->now = (struct privilege_line){0};
			x->open = true;
			x->array = arrays[i].prefix;
		}
		right_leaf(x, slice_from(name, strlen(arrays[i].prefix)), value);
		if (slice_eqz(name, "reached.sure"))
			*(slice_eqz(value, "true") ? &k->surely : &k->perhaps) += 1;
		return;
	}
	const struct { const char *name; uint64_t *to; } numbers[] = {{"count.used", &k->used}, {"count.unused", &k->unused}, {"count.unknown", &k->unknown}, {"cost", &k->cost}};
	const struct { const char *name; struct slice *to; } texts[] = {{"from", &k->from}, {"to", &k->to}, {"exposure", &k->exposure}};
	const struct { const char *name; uint64_t *to; } counted[] = {{"left.why", &k->left}, {"provider_without_grant.why", &k->without_grant}, {"shared_keys.fingerprint", &k->shared}};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (slice_eqz(name, numbers[i].name))
			(void)slice_u64(value, INT64_MAX, numbers[i].to);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (slice_eqz(name, texts[i].name))
			*texts[i].to = slice_dup(x->mem, slice_to(value, 500));
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		*counted[i].to += slice_eqz(name, counted[i].name);
	k->possible = k->possible || (slice_eqz(name, "possible") && slice_eqz(value, "true"));
	k->proven = k->proven || (slice_eqz(name, "proven") && slice_eqz(value, "true"));
}

int privilege_kept_read(struct arena *mem, const char *state, struct slice name, struct privilege_kept *out, struct err *e)
{
	struct rights x = {.mem = mem, .out = out, .array = ""};
	*out = (struct privilege_kept){.v = arena_alloc(mem, LINES_MAX * sizeof *out->v)};
	int rc = each_leaf(state, name, kept_leaf, &x, &out->cut, e);
	right_end(&x);
	return rc;
}
