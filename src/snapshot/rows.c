/* rows.c - what readers share: making rows, lines with numbers, words of a shell. */
#include "snapshot/system_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct snap_list vec_take(struct snapshot *s, struct snap_vec *v)
{
	struct snap_list l = {NULL, v->n};
	if (v->n) {
		l.v = arena_alloc(&s->mem, v->n * sizeof *l.v);
		memcpy(l.v, v->v, v->n * sizeof *l.v);
	}
	v->n = 0;
	return l;
}

void vec_free(struct snap_vec *v)
{
	free(v->v);
	*v = (struct snap_vec){0};
}

struct slice text_f(struct snapshot *s, const char *fmt, ...)
{
	char *p = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		core_oom();
	struct slice t = slice_dup(&s->mem, slice_make(p, (size_t)n));
	free(p);
	return t;
}

struct slice text_lower(struct snapshot *s, struct slice t)
{
	char *p = arena_alloc(&s->mem, t.n + 1);
	for (size_t i = 0; i < t.n; i++)
		p[i] = (char)(t.p[i] >= 'A' && t.p[i] <= 'Z' ? t.p[i] + 32 : t.p[i]);
	p[t.n] = '\0';
	return slice_make(p, t.n);
}

static bool full(const struct snapshot *s, size_t n)
{
	(void)s;
	return n >= SNAP_ROWS_MAX / 2;
}

void add_fact(struct snapshot *s, struct snap_at at, const char *name, struct slice value)
{
	if (full(s, s->nfacts))
		return;
	struct snap_fact *f = snapshot_add(s, SNAP_K_fact);
	*f = (struct snap_fact){at, slice_dup(&s->mem, slice_of(name)), slice_dup(&s->mem, slice_to(value, SNAP_TEXT_MAX / 2))};
}

void add_fact_of(struct snapshot *s, struct snap_at at, const char *name, struct slice parameter, struct slice value)
{
	struct slice n = text_f(s, "%s %.*s", name, SLFMT(slice_to(parameter, 512)));
	add_fact(s, at, n.p, value);
}

void add_fact_f(struct snapshot *s, struct snap_at at, const char *name, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		add_fact(s, at, name, slice_make(text, MIN((size_t)n, sizeof text - 1)));
}

void add_missing(struct snapshot *s, struct snap_at at, const char *section, const char *why)
{
	if (full(s, s->nmissing))
		return;
	struct snap_missing *m = snapshot_add(s, SNAP_K_missing);
	*m = (struct snap_missing){.at = at, .section = slice_of(section), .why = slice_dup(&s->mem, slice_of(why))};
}

struct lines lines_of(struct slice text, bool joined)
{
	return (struct lines){.rest = text, .next = 1, .joined = joined};
}

void lines_free(struct lines *l)
{
	buf_free(&l->scratch);
}

static bool one_line(struct lines *l, struct slice *line)
{
	if (!l->rest.n)
		return false;
	if (!slice_cut(&l->rest, '\n', line)) {
		*line = l->rest;
		l->rest = slice_from(l->rest, l->rest.n);
	}
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	l->next++;
	return true;
}

bool lines_next(struct lines *l, struct slice *line)
{
	l->line = l->next;
	if (!one_line(l, line)) {
		lines_free(l);
		return false;
	}
	if (!l->joined || !line->n || line->p[line->n - 1] != '\\')
		return true;
	l->scratch.n = 0;
	for (bool more = true; more;) {
		more = line->n && line->p[line->n - 1] == '\\';
		buf_add(&l->scratch, line->p, line->n - more);
		if (more)
			more = one_line(l, line);
	}
	*line = buf_slice(&l->scratch);
	return true;
}

bool shell_word(struct slice *s, struct buf *word)
{
	char quote = 0;
	size_t i = 0;
	word->n = 0;
	while (i < s->n && (s->p[i] == ' ' || s->p[i] == '\t'))
		i++;
	if (i >= s->n) {
		*s = slice_from(*s, s->n);
		return false;
	}
	for (; i < s->n; i++) {
		char c = s->p[i];
		if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (c == '\\' && quote != '\'' && i + 1 < s->n)
			buf_addc(word, s->p[++i]);
		else if (!quote && (c == ' ' || c == '\t'))
			break;
		else
			buf_addc(word, c);
	}
	*s = slice_from(*s, i);
	return !quote;
}
