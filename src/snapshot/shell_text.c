/* shell_text.c - which programs a piece of shell text runs, as far as that can be told without running it.
 *
 * Not a shell: it knows where a command can begin and skips the rest. What it cannot be sure of (variables, command substitution, here-documents) it leaves out:
 * who is told a program that is never run is told something wrong.
 */
#include "snapshot/system_private.h"

#include <stdlib.h>

enum { PROGRAMS_MAX = 200, WORDS_MAX = 64, TEXT_MAX = 256 << 10 };

static bool among(struct slice w, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eqz(w, names[i]))
			return true;
	return false;
}

static bool interpreter(struct slice base)
{
	static const char *const names[] = {"sh", "bash", "dash", "ash", "zsh", "ksh", "python", "python2", "python3", "perl", "ruby", "node", "php", "lua", "tclsh"};
	static const char *const begins[] = {"python3.", "python2.", "perl5.", "php8.", "php7.", "ruby3."};
	if (among(base, names, ARRAY_LEN(names)))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (slice_starts(base, slice_of(begins[i])))
			return true;
	return false;
}

/* Programs whose first operand (behind options, and `skip` operands) is a program. */
static const struct { const char *name; int skip; const char *valued; /* options that take the next word */ } runners[] = {
	{"env", 0, "uCS"}, {"nice", 0, "n"}, {"ionice", 0, "cnp"}, {"nohup", 0, ""}, {"setsid", 0, ""}, {"timeout", 1, "ks"}, {"flock", 1, "wE"},
	{"chronic", 0, ""}, {"exec", 0, "a"}, {"command", 0, ""}, {"time", 0, "fo"}, {"stdbuf", 0, "ioe"}, {"chrt", 1, ""}, {"taskset", 1, ""}, {"systemd-cat", 0, "tp"},
	{"sudo", 0, "ugCDhpRrTtU"}, {"run-parts", 0, "a"}, {"xargs", 0, "InLPsEd"}, {"catchsegv", 0, ""}, {"unshare", 0, ""}, {"builtin", 0, ""}, {".", 0, ""}, {"source", 0, ""},
};

static void put(struct snapshot *s, struct snap_vec *out, struct slice w)
{
	if (!w.n || w.n > 1024 || out->n >= PROGRAMS_MAX)
		return;
	for (size_t i = 0; i < w.n; i++)
		if (strchr("$`*?[]{}()<>|&;\"'\\=!", w.p[i]))
			return;
	for (size_t i = 0; i < out->n; i++)
		if (slice_eq(out->v[i], w))
			return;
	*vec_push(out) = slice_dup(&s->mem, w);
}

static bool assignment(struct slice w)
{
	size_t i = 0;
	while (i < w.n && ((w.p[i] >= 'a' && w.p[i] <= 'z') || (w.p[i] >= 'A' && w.p[i] <= 'Z') || w.p[i] == '_' || (i && w.p[i] >= '0' && w.p[i] <= '9')))
		i++;
	return i && i < w.n && w.p[i] == '=';
}

static void programs(struct snapshot *s, const struct slice *w, size_t n, struct snap_vec *out, int depth);

static void of_interpreter(struct snapshot *s, const struct slice *w, size_t n, struct snap_vec *out, int depth)
{
	for (size_t i = 1; i < n; i++) {
		if (w[i].n > 1 && w[i].p[0] == '-') {
			bool shell = slice_ends(slice_basename(w[0]), SL("sh"));
			if (slice_chr(w[i], 'c') > 0 && w[i].p[1] != '-') {
				if (shell && i + 1 < n && depth < 4)
					shell_programs(s, w[i + 1], out);
				return;
			}
			if (!shell && (slice_chr(w[i], 'e') > 0 || slice_eqz(w[i], "-m")))
				return; /* text of its own, a module */
			continue;
		}
		put(s, out, w[i]);
		return;
	}
}

static void programs(struct snapshot *s, const struct slice *w, size_t n, struct snap_vec *out, int depth)
{
	while (n && assignment(w[0])) {
		w++;
		n--;
	}
	if (!n || depth > 4)
		return;
	put(s, out, w[0]);
	struct slice base = slice_basename(w[0]);
	if (interpreter(base)) {
		of_interpreter(s, w, n, out, depth);
		return;
	}
	for (size_t r = 0; r < ARRAY_LEN(runners); r++) {
		if (!slice_eqz(base, runners[r].name))
			continue;
		int skip = runners[r].skip;
		for (size_t i = 1; i < n; i++) {
			if (w[i].n > 1 && w[i].p[0] == '-') {
				i += w[i].n == 2 && strchr(runners[r].valued, w[i].p[1]);
				continue;
			}
			if (assignment(w[i]) || skip-- > 0)
				continue;
			programs(s, w + i, n - i, out, depth + 1);
			return;
		}
	}
}

void words_programs(struct snapshot *s, const struct slice *word, size_t n, struct snap_vec *out)
{
	programs(s, word, n, out, 0);
}

/* ---- shell ---------------------------------------------------------------------------------------------------------------- */
struct scan {
	struct slice text;
	size_t at;
	struct buf word;
	bool quoted;     /* a part of the word was */
	bool unsure;     /* substitution in it */
};

enum token { TOKEN_END, TOKEN_WORD, TOKEN_BREAK /* ; & | newline ( ) */, TOKEN_REDIRECT };

/* Past $( ... ) or ` ... `, which are not looked into. */
static void substitution(struct scan *x)
{
	char open = x->text.p[x->at] == '`' ? '`' : '(';
	size_t depth = 0;
	x->unsure = true;
	for (x->at += open == '(' ? 1 : 0; x->at < x->text.n; x->at++) {
		char c = x->text.p[x->at];
		if (c == '\\')
			x->at++;
		else if (open == '`' && c == '`' && depth++)
			break;
		else if (open == '(' && c == '(')
			depth++;
		else if (open == '(' && c == ')' && --depth == 0)
			break;
	}
	x->at = MIN(x->at + 1, x->text.n);
}

static enum token word(struct scan *x)
{
	char quote = 0;
	while (x->at < x->text.n) {
		char c = x->text.p[x->at];
		if (quote != '\'' && (c == '`' || (c == '$' && x->at + 1 < x->text.n && x->text.p[x->at + 1] == '('))) {
			substitution(x);
			continue;
		}
		if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
			x->quoted = true;
		} else if (c == '\\' && quote != '\'') {
			if (x->at + 1 < x->text.n && x->text.p[x->at + 1] != '\n')
				buf_addc(&x->word, x->text.p[x->at + 1]);
			x->at++;
		} else if (!quote && c && strchr(" \t\n;&|()<>", c))
			break;
		else {
			x->unsure |= c == '$' && quote != '\'';
			buf_addc(&x->word, c);
		}
		x->at = MIN(x->at + 1, x->text.n);
	}
	x->unsure |= quote != 0;
	return TOKEN_WORD;
}

static enum token token(struct scan *x)
{
	x->word.n = 0;
	x->quoted = x->unsure = false;
	for (; x->at < x->text.n; x->at++) {
		char c = x->text.p[x->at];
		if (c == ' ' || c == '\t')
			continue;
		if (c == '#') { /* words that begin so are comments */
			while (x->at < x->text.n && x->text.p[x->at] != '\n')
				x->at++;
			x->at--;
			continue;
		}
		if (strchr("\n;&|()", c) && c) {
			x->at++;
			return TOKEN_BREAK;
		}
		if (c == '<' || c == '>') {
			while (x->at < x->text.n && strchr("<>&-", x->text.p[x->at]) && x->text.p[x->at])
				x->at++;
			return TOKEN_REDIRECT;
		}
		return word(x);
	}
	return TOKEN_END;
}

/* The shell's own words: what follows is a command as well, or is none. */
static bool leads(struct slice w)
{
	static const char *const names[] = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "fi", "done", "esac", "time"};
	return among(w, names, ARRAY_LEN(names));
}

static bool own(struct slice w)
{
	static const char *const names[] = {"test", "[", "[[", "cd", "echo", "printf", "export", "set", "unset", "umask", "exit", "return", "local", "read", "trap", "shift", "true",
					    "false", ":", "eval", "wait", "case", "for", "function", "in", "break", "continue", "type", "ulimit", "readonly", "declare", "alias", "let",
					    "getopts", "hash", "kill", "pwd", "select", "shopt", "typeset", "fg", "bg", "jobs"};
	return among(w, names, ARRAY_LEN(names));
}

static void command(struct snapshot *s, const struct slice *w, size_t n, struct snap_vec *out)
{
	while (n && leads(w[0])) {
		w++;
		n--;
	}
	if (n && !own(w[0]))
		programs(s, w, n, out, 1);
}

void shell_programs(struct snapshot *s, struct slice text, struct snap_vec *out)
{
	struct scan x = {.text = slice_to(text, TEXT_MAX)};
	struct slice w[WORDS_MAX];
	size_t n = 0;
	bool over = false; /* the rest of this command is not looked at */
	struct arena mem;
	arena_init(&mem);
	for (enum token t; (t = token(&x)) != TOKEN_END;) {
		if (t == TOKEN_BREAK) {
			command(s, w, n, out);
			n = 0;
			over = false;
			arena_reset(&mem);
		} else if (t == TOKEN_REDIRECT) {
			bool here = x.at >= 2 && x.text.p[x.at - 1] == '<' && x.text.p[x.at - 2] == '<';
			if (here || token(&x) == TOKEN_END)
				break; /* what comes is a document */
			if (n && strspn(w[n - 1].p, "0123456789") == w[n - 1].n && w[n - 1].n == 1)
				n--;
		} else if (!over && n < WORDS_MAX && !(x.unsure && n == 0)) {
			w[n++] = x.unsure ? SL("$") : slice_dup(&mem, buf_slice(&x.word));
		} else
			over = n == 0 || n >= WORDS_MAX;
	}
	command(s, w, n, out);
	arena_free(&mem);
	buf_free(&x.word);
}
