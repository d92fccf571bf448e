/* patch.c - the unified format, as diff(1) writes and patch(1) reads it. Which lines change is known: nothing is compared. */
#include "privilege/patch.h"

#include <stdlib.h>

void lines_split(struct slice text, struct text_lines *out)
{
	while (text.n) {
		ssize_t end = slice_chr(text, '\n');
		size_t n = end < 0 ? text.n : (size_t)end + 1;
		*vec_push(out) = slice_to(text, n);
		text = slice_from(text, n);
	}
}

void patch_apply(const struct text_lines *old, const struct change *c, size_t n, struct buf *out)
{
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		for (; at < c[i].from && at < old->n; at++)
			buf_adds(out, old->v[at]);
		buf_adds(out, c[i].with);
		at = MAX(at, c[i].to);
	}
	for (; at < old->n; at++)
		buf_adds(out, old->v[at]);
}

bool patch_path(struct slice file)
{
	for (size_t i = 0; i < file.n; i++)
		if ((unsigned char)file.p[i] <= ' ' || file.p[i] == 0x7f)
			return false;
	return slice_starts(file, SL("/")) && file.n > 1 && !slice_has(file, SL("/../")) && !slice_ends(file, SL("/.."));
}

static size_t count_lines(struct slice with)
{
	size_t n = 0;
	for (size_t i = 0; i < with.n; i++)
		n += with.p[i] == '\n';
	return n + (with.n && with.p[with.n - 1] != '\n' ? 1 : 0);
}

static void put_line(char sign, struct slice line, struct buf *out)
{
	buf_addc(out, sign);
	buf_adds(out, line);
	if (!line.n || line.p[line.n - 1] != '\n')
		buf_addz(out, "\n\\ No newline at end of file\n");
}

static void put_new(char sign, struct slice with, struct buf *out)
{
	struct text_lines l = {0};
	lines_split(with, &l);
	for (size_t i = 0; i < l.n; i++)
		put_line(sign, l.v[i], out);
	free(l.v);
}

static void put_change(const struct text_lines *old, const struct change *c, bool back, struct buf *out)
{
	if (back)
		put_new('-', c->with, out);
	for (size_t i = c->from; i < c->to; i++)
		put_line(back ? '+' : '-', old->v[i], out);
	if (!back)
		put_new('+', c->with, out);
}

/* Where a range begins: the line before it when it is empty. */
static void put_range(char sign, size_t from, size_t n, struct buf *out)
{
	buf_addf(out, "%c%zu", sign, n ? from + 1 : from);
	if (n != 1)
		buf_addf(out, ",%zu", n);
}

/* Changes [first, last) are near enough to share their context. shift: how many lines more the new text has before. */
static void put_hunk(const struct text_lines *old, const struct change *c, size_t first, size_t last, ssize_t shift, bool back, struct buf *out)
{
	size_t from = c[first].from > PATCH_CONTEXT ? c[first].from - PATCH_CONTEXT : 0, to = MIN(old->n, c[last - 1].to + PATCH_CONTEXT), at = from;
	size_t before = to - from, after = before;
	for (size_t i = first; i < last; i++)
		after = after - (c[i].to - c[i].from) + count_lines(c[i].with);
	size_t start = (size_t)((ssize_t)from + shift);
	buf_addz(out, "@@ ");
	put_range('-', back ? start : from, back ? after : before, out);
	buf_addc(out, ' ');
	put_range('+', back ? from : start, back ? before : after, out);
	buf_addz(out, " @@\n");
	for (size_t i = first; i < last; i++) {
		for (; at < c[i].from; at++)
			put_line(' ', old->v[at], out);
		put_change(old, &c[i], back, out);
		at = c[i].to;
	}
	for (; at < to; at++)
		put_line(' ', old->v[at], out);
}

void patch_write(struct slice file, const struct text_lines *old, const struct change *c, size_t n, bool back, struct buf *out)
{
	ssize_t shift = 0;
	if (!n)
		return;
	buf_addf(out, "--- a%.*s\n+++ b%.*s\n", SLFMT(file), SLFMT(file));
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && c[end].from - c[end - 1].to <= 2 * PATCH_CONTEXT; end++)
			;
		put_hunk(old, c, i, end, shift, back, out);
		for (size_t k = i; k < end; k++)
			shift += (ssize_t)count_lines(c[k].with) - (ssize_t)(c[k].to - c[k].from);
	}
}
