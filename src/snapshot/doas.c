/* doas.c - doas.conf: one rule a line, the last that fits decides (doas.conf(5) of OpenDoas). */
#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

#include <errno.h>

/* A word; { and } stand alone. */
static bool next(struct slice *line, struct buf *w)
{
	*line = slice_trim(*line);
	if (!line->n || line->p[0] == '#')
		return false;
	if (line->p[0] == '{' || line->p[0] == '}') {
		w->n = 0;
		buf_addc(w, line->p[0]);
		*line = slice_from(*line, 1);
		return true;
	}
	ssize_t brace = slice_chr(*line, '}');
	struct slice head = brace > 0 && line->p[0] != '"' ? slice_to(*line, (size_t)brace) : *line, rest = head;
	if (!shell_word(&rest, w))
		return false;
	*line = slice_from(*line, head.n - rest.n);
	return true;
}

static bool is(const struct buf *w, const char *z)
{
	return slice_eqz(buf_slice(w), z);
}

static void options(struct snapshot *s, struct slice *line, struct buf *w, struct snap_doas *row)
{
	struct snap_vec v = {0};
	while (next(line, w)) {
		if (is(w, "nopass") || is(w, "persist") || is(w, "keepenv") || is(w, "nolog"))
			*vec_push(&v) = slice_dup(&s->mem, buf_slice(w));
		else if (is(w, "setenv")) {
			struct buf all = {0};
			buf_addz(&all, "setenv");
			while (next(line, w) && !is(w, "}"))
				if (!is(w, "{"))
					buf_addf(&all, " %.*s", SLFMT(buf_slice(w)));
			*vec_push(&v) = slice_dup(&s->mem, buf_slice(&all));
			buf_free(&all);
		} else
			break;
	}
	row->options = vec_take(s, &v);
	vec_free(&v);
}

/* Behind the options w holds the identity. False: no rule. */
static bool rule(struct snapshot *s, struct slice *line, struct buf *w, struct snap_doas *row)
{
	if (!w->n)
		return false;
	row->who = text_f(s, "%.*s", SLFMT(buf_slice(w))); /* ":group" as written */
	if (!next(line, w))
		return true;
	if (is(w, "as")) {
		if (!next(line, w))
			return false;
		row->run_as = slice_dup(&s->mem, buf_slice(w));
		if (!next(line, w))
			return true;
	}
	if (!is(w, "cmd") || !next(line, w))
		return false;
	row->command = slice_dup(&s->mem, buf_slice(w));
	if (!next(line, w))
		return true;
	if (!is(w, "args"))
		return false;
	struct snap_vec v = {0};
	while (next(line, w))
		*vec_push(&v) = slice_dup(&s->mem, buf_slice(w));
	if (!v.n) /* "args" alone: no argument may be given */
		*vec_push(&v) = SL("\"\"");
	row->args = vec_take(s, &v);
	vec_free(&v);
	return true;
}

void doas_rows(struct snapshot *s, struct slice text, struct slice file)
{
	size_t before = s->ndoas;
	struct lines l = lines_of(text, true);
	struct slice line;
	struct buf w = {0};
	while (lines_next(&l, &line) && s->ndoas < SNAP_ROWS_MAX / 8) {
		struct snap_doas row = {.at = {file, l.line}};
		bool good = false;
		w.n = 0;
		if (!next(&line, &w))
			continue;
		row.action = slice_dup(&s->mem, buf_slice(&w));
		if (is(&w, "permit") || is(&w, "deny")) {
			w.n = 0;
			options(s, &line, &w, &row);
			good = rule(s, &line, &w, &row);
		}
		if (good)
			*(struct snap_doas *)snapshot_add(s, SNAP_K_doas) = row;
		else
			add_missing(s, row.at, "doas", "a line that doas does not take: then it allows nothing at all");
		if (!good) {
			s->ndoas = before;
			break;
		}
	}
	lines_free(&l);
	buf_free(&w);
}

int collect_doas(struct collector *c)
{
	static const char *const files[] = {"/etc/doas.conf", "/usr/local/etc/doas.conf"};
	static const char *const binaries[] = {"/usr/bin/doas", "/bin/doas", "/usr/local/bin/doas"};
	struct stat st;
	bool there = false;
	for (size_t i = 0; i < ARRAY_LEN(binaries); i++)
		there |= below_stat(c, binaries[i], false, &st) == 0 && st.st_uid == 0 && (st.st_mode & S_ISUID);
	for (size_t i = 0; there && i < ARRAY_LEN(files); i++) {
		struct buf b = {0};
		if (below_read(c, files[i], COLLECT_FILE_MAX, "doas", NULL, &b, &st, NULL)) {
			if (st.st_mode & (S_IWGRP | S_IWOTH))
				collect_missing(c, "doas", NULL, files[i], 0, "doas does not read it: others may write it");
			else
				doas_rows(c->s, buf_slice(&b), slice_of(files[i]));
		}
		buf_free(&b);
	}
	return 0;
}
