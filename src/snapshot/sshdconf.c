/* sshdconf.c - sshd_config(5): files into lines. What they mean is in sshdmatch.c. */
#include "snapshot/sshdconf.h"
#include "snapshot/sshdtable.h"

#include <ctype.h>
#include <stdlib.h>

enum { INCLUDE_DEPTH = 16, LINES_MAX = 50000, FILES_MAX = 2000, ARGS_MAX = 4096 };

struct parsing {
	struct collector *c;
	struct sshd_conf *conf;
	unsigned files;
	bool full;
};

static void parse_file(struct parsing *p, const char *path, unsigned depth);

/* A word as sshd splits it: quotes of both kinds, \ before a quote, itself or (outside of quotes) a blank. False: a quote without end. */
static bool take_word(struct slice *s, struct buf *out)
{
	char quote = 0;
	size_t i = 0;
	for (; i < s->n; i++) {
		char ch = s->p[i], next = i + 1 < s->n ? s->p[i + 1] : 0;
		if (ch == '\\' && (next == '\'' || next == '"' || next == '\\' || (!quote && next == ' '))) {
			buf_addc(out, next);
			i++;
		} else if (!quote && (ch == ' ' || ch == '\t')) {
			break;
		} else if (!quote && (ch == '"' || ch == '\'')) {
			quote = ch;
		} else if (quote && ch == quote) {
			quote = 0;
		} else {
			buf_addc(out, ch);
		}
	}
	*s = slice_from(*s, i);
	return !quote;
}

static bool split_args(struct collector *c, struct slice text, struct sshd_line *l)
{
	struct { struct slice *v; size_t n, cap; } args = {0};
	struct buf word = {0};
	bool good = true;
	while (good && args.n < ARGS_MAX) {
		text = slice_trim(text);
		if (!text.n || text.p[0] == '#')
			break;
		word.n = 0;
		good = take_word(&text, &word);
		if (good)
			*vec_push(&args) = slice_dup(&c->scratch, buf_slice(&word));
	}
	l->nargs = args.n;
	l->args = arena_alloc(&c->scratch, (args.n + 1) * sizeof *args.v);
	if (args.n)
		memcpy(l->args, args.v, args.n * sizeof *args.v);
	free(args.v);
	buf_free(&word);
	return good;
}

/* The keyword, and what stands behind it: a blank or one = between them, the keyword perhaps in quotes. */
static bool split_keyword(struct slice line, char word[static 64], struct slice *rest)
{
	size_t n = 0;
	line = slice_trim(line);
	if (!line.n || line.p[0] == '#')
		return false;
	bool quoted = line.p[0] == '"';
	if (quoted)
		line = slice_from(line, 1);
	while (n < line.n && (quoted ? line.p[n] != '"' : line.p[n] != ' ' && line.p[n] != '\t' && line.p[n] != '='))
		n++;
	for (size_t i = 0; i < MIN(n, (size_t)63); i++)
		word[i] = (char)tolower((unsigned char)line.p[i]);
	word[MIN(n, (size_t)63)] = 0;
	*rest = slice_trim(slice_from(line, n + (quoted && n < line.n)));
	if (rest->n && rest->p[0] == '=')
		*rest = slice_trim(slice_from(*rest, 1));
	return true;
}

static void expand(struct parsing *p, size_t at, unsigned depth)
{
	for (size_t i = 0; i < p->conf->lines.v[at].nargs; i++) {
		struct sshd_line l = p->conf->lines.v[at]; /* a copy: the array moves */
		struct slice *paths, arg = l.args[i];
		size_t n;
		const char *pattern = collect_path(p->c, arg.n && arg.p[0] == '/' ? "%.*s" : "/etc/ssh/%.*s", SLFMT(arg));
		below_glob(p->c, pattern, "sshd", &paths, &n);
		if (!n && !strpbrk(pattern, "*?["))
			collect_missing(p->c, "sshd", NULL, l.path, l.line, "Include of %s, which is not there", pattern);
		for (size_t k = 0; k < n && !p->full; k++)
			parse_file(p, paths[k].p, depth + 1);
	}
}

static void parse_line(struct parsing *p, const char *path, int64_t number, struct slice line, unsigned file, unsigned depth)
{
	char word[64];
	struct slice rest;
	if (!split_keyword(line, word, &rest))
		return;
	struct sshd_line l = {.path = path, .line = number, .file = file, .text = slice_dup(&p->c->scratch, rest)};
	int setting = sshd_find(word);
	if (setting == SSHD_UNKNOWN) {
		collect_missing(p->c, "sshd.syntax", NULL, path, number, "sshd would not start: a setting that it does not know");
		return;
	}
	l.setting = setting;
	if (setting == SSHD_IGNORED)
		return;
	if (!split_args(p->c, rest, &l) || (!l.nargs && setting != SSHD_MATCH)) {
		collect_missing(p->c, "sshd.syntax", NULL, path, number, "sshd would not start: a quote without end, or nothing behind the keyword");
		return;
	}
	p->conf->matches |= setting == SSHD_MATCH;
	*vec_push(&p->conf->lines) = l;
	if (setting == SSHD_INCLUDE)
		expand(p, p->conf->lines.n - 1, depth);
}

static void parse_file(struct parsing *p, const char *path, unsigned depth)
{
	struct buf b = {0};
	struct slice line;
	int64_t number = 0;
	bool gone = false;
	if (depth > INCLUDE_DEPTH || p->files >= FILES_MAX) {
		collect_missing(p->c, "sshd", NULL, path, 0, depth > INCLUDE_DEPTH ? "not read: includes are nested more than %d deep" : "not read: more than %d files are included",
			depth > INCLUDE_DEPTH ? INCLUDE_DEPTH : FILES_MAX);
		p->full |= p->files >= FILES_MAX;
		return;
	}
	unsigned file = ++p->files;
	if (below_read(p->c, path, COLLECT_FILE_MAX, "sshd", NULL, &b, NULL, &gone)) {
		struct slice text = buf_slice(&b);
		while (next_line(&text, &line) && !p->full && !collect_late(p->c)) {
			parse_line(p, path, ++number, line, file, depth);
			if (p->conf->lines.n >= LINES_MAX && !p->full) {
				collect_missing(p->c, "sshd", NULL, path, 0, "more than %d settings: not read from line %lld on", LINES_MAX, (long long)number);
				p->full = true;
			}
		}
	}
	*vec_push(&p->conf->lines) = (struct sshd_line){.path = path, .file = file, .setting = SSHD_END};
	buf_free(&b);
}

void sshd_conf_read(struct collector *c, const char *path, struct sshd_conf *out)
{
	struct parsing p = {.c = c, .conf = out};
	*out = (struct sshd_conf){0};
	parse_file(&p, collect_path(c, "%s", path), 0);
}

void sshd_conf_free(struct sshd_conf *conf)
{
	free(conf->lines.v);
}
