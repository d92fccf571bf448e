/* sudoers_flatten.c - a sudoers file and what it includes, as one list of logical lines that know where they come from.
 *
 * As sudo does it (sudoers(5), toke.l of 1.9): @include and #include with quotes, blanks behind backslashes and %h; a path that does not begin with a slash lies
 * beside the file that names it; of a folder all names in order but those that hold a dot or end with ~; 128 files deep.
 */
#include "snapshot/system_private.h"

#include <stdlib.h>

struct flatten {
	struct snapshot *s;
	const struct sudo_files *files;
	struct sudo_lines *out;
	size_t opened;
	bool full;
};

void sudo_lines_free(struct sudo_lines *l)
{
	free(l->v);
	*l = (struct sudo_lines){0};
}

/* "@include PATH" and its three relatives. The rest of the line is the path. */
static bool directive(struct slice line, bool *folder, struct slice *path)
{
	struct slice t = slice_trim(line);
	if (!t.n || (t.p[0] != '@' && t.p[0] != '#'))
		return false;
	t = slice_from(t, 1);
	*folder = slice_starts(t, SL("includedir"));
	if (!*folder && !slice_starts(t, SL("include")))
		return false;
	t = slice_from(t, *folder ? 10 : 7);
	*path = slice_trim(t);
	return t.n && (t.p[0] == ' ' || t.p[0] == '\t') && path->n;
}

/* Quotes and backslashes off, %h in, made absolute. False: not one path. */
static bool include_path(const struct flatten *f, struct slice raw, struct slice from, struct slice *out)
{
	struct buf b = {0};
	bool quoted = raw.p[0] == '"', closed = !quoted;
	size_t i = quoted;
	for (; i < raw.n; i++) {
		if (quoted && raw.p[i] == '"') {
			closed = true;
			i++;
			break;
		}
		if (raw.p[i] == '\\' && i + 1 < raw.n)
			buf_addc(&b, raw.p[++i]);
		else if (!quoted && (raw.p[i] == ' ' || raw.p[i] == '\t'))
			break;
		else if (raw.p[i] == '%' && i + 1 < raw.n && raw.p[i + 1] == 'h') {
			buf_adds(&b, f->files->host);
			i++;
		} else
			buf_addc(&b, raw.p[i]);
	}
	struct slice left = slice_trim(slice_from(raw, i)), path = buf_slice(&b);
	bool good = closed && path.n && (!left.n || left.p[0] == '#') && !memchr(path.p, '\0', path.n);
	if (good && path.p[0] != '/') {
		ssize_t slash = slice_rfind(from, SL("/"));
		*out = text_f(f->s, "%.*s/%.*s", SLFMT(slice_to(from, slash < 0 ? 0 : (size_t)slash)), SLFMT(path));
	} else if (good)
		*out = slice_dup(&f->s->mem, path);
	buf_free(&b);
	return good;
}

static void one_file(struct flatten *f, struct slice path, struct snap_at from, int depth);

static void one_folder(struct flatten *f, struct slice path, struct snap_at from, int depth)
{
	struct snap_list names = {0};
	const char *why = NULL;
	if (!f->files->list(f->files->arg, path, &names, &why)) {
		add_missing(f->s, from, "sudo", text_f(f->s, "folder %.*s: %s", SLFMT(path), why ? why : "cannot be read").p);
		return;
	}
	for (size_t i = 0; i < names.n && !f->full; i++) {
		struct slice n = names.v[i];
		if (!n.n || slice_chr(n, '.') >= 0 || n.p[n.n - 1] == '~') {
			if (n.n && n.p[0] != '.')
				add_fact_f(f->s, from, "sudoers.ignored", "%.*s/%.*s", SLFMT(path), SLFMT(n));
			continue;
		}
		one_file(f, text_f(f->s, "%.*s/%.*s", SLFMT(path), SLFMT(n)), from, depth);
	}
}

static void include(struct flatten *f, struct slice raw, bool folder, struct snap_at at, int depth)
{
	struct slice path;
	if (!include_path(f, raw, at.file, &path))
		add_missing(f->s, at, "sudo", "an include whose path cannot be told");
	else if (depth >= SUDO_DEPTH_MAX) {
		add_missing(f->s, at, "sudo", "too many levels of includes (a loop?)");
		f->full |= f->opened++ >= SUDO_FILES_MAX;
	} else if (folder)
		one_folder(f, path, at, depth + 1);
	else
		one_file(f, path, at, depth + 1);
}

/* Does a comment begin in it? Then a backslash at the end belongs to the comment, and the line ends. "#27" and "%#27" are numbers. */
static bool has_comment(struct slice line)
{
	bool quoted = false;
	for (size_t i = 0; i < line.n; i++) {
		char next = i + 1 < line.n ? line.p[i + 1] : 0, before = i ? line.p[i - 1] : ' ';
		if (line.p[i] == '\\')
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
		else if (line.p[i] == '#' && !quoted && !(((next >= '0' && next <= '9') || next == '-') && strchr(" \t,!(:=%", before)))
			return true;
	}
	return false;
}

/* A line with those that go on with it; in whole, which is emptied before. */
static bool logical_line(struct lines *l, struct buf *whole, int64_t *first)
{
	struct slice piece;
	whole->n = 0;
	*first = l->next;
	while (lines_next(l, &piece)) {
		bool more = piece.n && piece.p[piece.n - 1] == '\\' && !has_comment(piece);
		buf_add(whole, piece.p, piece.n - more);
		if (!more)
			return true;
	}
	return whole->n > 0;
}

static void one_file(struct flatten *f, struct slice path, struct snap_at from, int depth)
{
	struct slice text, line, raw;
	struct buf whole = {0};
	int64_t first;
	const char *why = NULL;
	bool folder;
	if (f->opened++ >= SUDO_FILES_MAX) {
		if (!f->full)
			add_missing(f->s, from, "sudo", "more included files than are read");
		f->full = true;
		return;
	}
	if (!f->files->read(f->files->arg, path, &text, &why)) {
		add_missing(f->s, from.file.n ? from : (struct snap_at){path, 0}, "sudo", text_f(f->s, "%.*s: %s", SLFMT(path), why ? why : "cannot be read").p);
		return;
	}
	struct lines l = lines_of(text, false);
	while (!f->full && logical_line(&l, &whole, &first)) {
		struct snap_at at = {path, first};
		line = buf_slice(&whole);
		if (f->out->n >= SUDO_LINES_MAX) {
			add_missing(f->s, at, "sudo", "more lines than are read");
			f->full = true;
		} else if (directive(line, &folder, &raw)) {
			raw = slice_dup(&f->s->mem, raw);
			include(f, raw, folder, at, depth);
		} else if (slice_trim(line).n)
			*vec_push(f->out) = (struct sudo_line){slice_dup(&f->s->mem, line), path, first, false, false};
	}
	lines_free(&l);
	buf_free(&whole);
}

void sudoers_flatten(struct snapshot *s, const struct sudo_files *files, struct slice path, struct sudo_lines *out)
{
	struct flatten f = {.s = s, .files = files, .out = out};
	one_file(&f, slice_dup(&s->mem, path), (struct snap_at){0}, 1);
}
