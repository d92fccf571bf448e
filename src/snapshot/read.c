/* read.c - a snapshot from its JSON, which may come from a machine that lies. */
#include "snapshot/snapshot_private.h"
#include "json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Elements of all lists together: an empty text of 3 bytes costs 16 here. */
enum { LISTED_MAX = 4000000 };

struct reading {
	struct snapshot *s;
	struct err *e;
	const char *name;
	int64_t version;
	int kind;                  /* of the array at hand; -1 unknown, skipped */
	size_t rows, listed;
	void *row;                 /* at hand; NULL none */
	const struct snap_column *list; /* that is being filled; NULL none */
	void *list_row;
	struct { struct slice *v; size_t n, cap; } items;
	bool failed;               /* *e says why */
};

static struct slice sl(struct json_text t)
{
	return slice_make(t.p, t.n);
}

static bool refuse(struct reading *r, int code, const char *what, struct slice name)
{
	struct buf b = {0};
	buf_term(&b, slice_to(name, 60));
	err_set(r->e, code, "%s: %s%s%.*s%s", r->name, what, b.n ? " \"" : "", SLFMT(buf_slice(&b)), b.n ? "\"" : "");
	buf_free(&b);
	r->failed = true;
	return false;
}

static void end_list(struct reading *r)
{
	if (r->list) {
		struct snap_list l = {r->items.n ? arena_alloc(&r->s->mem, r->items.n * sizeof *r->items.v) : NULL, r->items.n};
		if (l.n)
			memcpy(l.v, r->items.v, l.n * sizeof *l.v);
		memcpy((char *)r->list_row + r->list->offset, &l, sizeof l);
	}
	r->list = NULL;
	r->items.n = 0;
}

static const struct snap_column *column_of(const struct snap_column *c, struct slice name)
{
	for (; c->name; c++)
		if (slice_eqz(name, c->name))
			return c;
	return NULL;
}

static bool put_text(struct reading *r, const struct json_element *x, struct slice *out)
{
	if (x->type != JSON_STRING)
		return refuse(r, ERR_TYPE, "no text where one belongs:", sl(x->member));
	if (x->text.n > SNAP_TEXT_MAX)
		return refuse(r, ERR_LIMIT, "too long a text:", sl(x->member));
	*out = slice_dup(&r->s->mem, sl(x->text));
	return true;
}

static bool put_item(struct reading *r, const struct json_element *x)
{
	if (r->items.n >= SNAP_LIST_MAX || r->listed >= LISTED_MAX)
		return refuse(r, ERR_LIMIT, "too long a list:", sl(x->member));
	r->listed++;
	return put_text(r, x, vec_push(&r->items));
}

static bool put(struct reading *r, void *row, const struct snap_column *c, const struct json_element *x)
{
	struct slice text;
	int64_t number;
	uint32_t word = 0;
	if (x->type == JSON_NULL)
		return true;
	if ((c->type == SNAP_T_LIST) != (x->type == JSON_ARRAY))
		return refuse(r, ERR_TYPE, "a list where none belongs, or none where one does:", sl(x->member));
	switch (c->type) {
	case SNAP_T_TEXT:
		if (!put_text(r, x, &text))
			return false;
		memcpy((char *)row + c->offset, &text, sizeof text);
		return true;
	case SNAP_T_NUMBER:
		if (x->type != JSON_NUMBER || !slice_i64(sl(x->text), &number))
			return refuse(r, ERR_TYPE, "no whole number where one belongs:", sl(x->member));
		memcpy((char *)row + c->offset, &number, sizeof number);
		return true;
	case SNAP_T_LIST:
		r->list = c;
		r->list_row = row;
		return true;
	case SNAP_T_WORD:
		if (x->type != JSON_STRING)
			return refuse(r, ERR_TYPE, "no word where one belongs:", sl(x->member));
		for (uint32_t i = 0; c->words[i]; i++)
			if (slice_eqz(sl(x->text), c->words[i]))
				word = i;
		memcpy((char *)row + c->offset, &word, sizeof word);
		return true;
	}
	return true;
}

static bool start_array(struct reading *r, struct slice name)
{
	r->kind = -1;
	r->row = NULL;
	for (int k = 0; k < SNAP_KIND_COUNT; k++)
		if (slice_eqz(name, snap_tables[k].many))
			r->kind = k;
	const struct snap_column *c = column_of(snap_head, name);
	if (c && c->type == SNAP_T_LIST) {
		r->list = c;
		r->list_row = r->s;
	} else if (c) {
		return refuse(r, ERR_TYPE, "a list where none belongs:", name);
	}
	return true;
}

static bool head(struct reading *r, const struct json_element *x)
{
	struct slice member = sl(x->member);
	const struct snap_column *c = column_of(snap_head, member);
	if (x->type == JSON_ARRAY) {
		end_list(r);
		return start_array(r, member);
	}
	if (r->list && slice_eqz(member, r->list->name)) /* an element of it: a scalar of that name cannot follow otherwise */
		return put_item(r, x);
	if (slice_eqz(member, "postern-snapshot"))
		return x->type == JSON_NUMBER && slice_i64(sl(x->text), &r->version) ? true : refuse(r, ERR_TYPE, "no number where one belongs:", member);
	return !c || put(r, r->s, c, x);
}

static bool value(void *arg, const struct json_element *x)
{
	struct reading *r = arg;
	if (!x->array.n)
		return head(r, x);
	if (x->type == JSON_CONTAINER) {
		end_list(r);
		r->row = NULL;
		if (r->kind < 0)
			return true;
		if (r->rows++ >= SNAP_ROWS_MAX)
			return refuse(r, ERR_LIMIT, "more rows than a snapshot may have:", sl(x->array));
		r->row = snapshot_add(r->s, (enum snap_kind)r->kind);
		return true;
	}
	if (!r->row)
		return true;
	const struct snap_column *c = column_of(snap_tables[r->kind].columns, sl(x->member));
	if (r->list && c == r->list && x->type != JSON_ARRAY)
		return put_item(r, x);
	end_list(r);
	return !c || put(r, r->row, c, x);
}

static bool good_host(struct slice host)
{
	if (!host.n || host.n > 255)
		return false;
	for (size_t i = 0; i < host.n; i++)
		if ((unsigned char)host.p[i] <= ' ' || host.p[i] == '/' || host.p[i] == 0x7f)
			return false;
	return host.p[0] != '.';
}

static int judge(struct reading *r, enum json_result result)
{
	if (r->failed)
		return -1;
	if (result == JSON_NOMEM)
		return err_set(r->e, ERR_NOMEM, "%s: not enough memory for it", r->name);
	if (result)
		return err_set(r->e, result == JSON_LIMIT ? ERR_LIMIT : ERR_SYNTAX, "%s: %s", r->name, result == JSON_LIMIT ? "nested too deep" : "no JSON object");
	if (r->version < 1)
		return err_set(r->e, ERR_SYNTAX, "%s: no snapshot: \"postern-snapshot\" is missing", r->name);
	if (r->version > SNAP_VERSION)
		return err_set(r->e, ERR_UNSUPPORTED, "%s: a snapshot of a newer Postern (format %lld)", r->name, (long long)r->version);
	if (!good_host(r->s->host))
		return err_set(r->e, ERR_SYNTAX, "%s: the snapshot's \"host\" is missing or no name", r->name);
	return 0;
}

struct snapshot *snapshot_read(struct slice json, const char *name, struct err *e)
{
	struct reading r = {.s = snapshot_new(), .e = e, .name = name, .kind = -1};
	if (json.n > SNAP_BYTES_MAX) {
		err_set(e, ERR_LIMIT, "%s: more than %d bytes", name, SNAP_BYTES_MAX);
		snapshot_free(r.s);
		return NULL;
	}
	enum json_result result = json_elements((struct json_text){json.p, json.n}, value, &r);
	end_list(&r);
	int rc = judge(&r, result);
	free(r.items.v);
	if (!rc)
		return r.s;
	snapshot_free(r.s);
	return NULL;
}

struct snapshot *snapshot_load(const char *path, struct err *e)
{
	struct stat st;
	struct buf b = {0};
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st)) {
		err_set(e, errno == ENOENT ? ERR_NOENT : errno == EACCES ? ERR_PERM : ERR_IO, "cannot open %s: %m", path);
	} else if (!S_ISREG(st.st_mode) || st.st_size > SNAP_BYTES_MAX) {
		err_set(e, ERR_LIMIT, "%s is no file of at most %d bytes", path, SNAP_BYTES_MAX);
	} else {
		char part[1 << 16];
		while (b.n <= SNAP_BYTES_MAX && (n = read(fd, part, sizeof part)) > 0)
			buf_add(&b, part, (size_t)n);
		if (n < 0)
			err_set(e, ERR_IO, "cannot read %s: %m", path);
		close(fd);
		struct snapshot *s = n < 0 ? NULL : snapshot_read(buf_slice(&b), path, e);
		buf_free(&b);
		return s;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}
