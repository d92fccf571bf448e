/* command.c - a command line taken apart as far as detectors need: its simple commands, without the programs that only run
 * others, each as words. */
#include "detect/detect_private.h"

bool slice_in_list(struct slice s, const char *list)
{
	struct slice rest = slice_of(list), word;
	while (slice_word(&rest, &word))
		if (slice_eq(word, s))
			return true;
	return false;
}

/* "x>>/path": does a redirection begin inside the word, at i? Only where a path follows, since sudo logs no quotes. */
static bool redirects_at(struct slice s, size_t i)
{
	size_t k = i;
	if (i == 0 || s.p[i] != '>' || s.p[i - 1] == '>' || s.p[i - 1] == '&' || (s.p[i - 1] >= '0' && s.p[i - 1] <= '9'))
		return false;
	while (k < s.n && (s.p[k] == '>' || s.p[k] == '|'))
		k++;
	return k < s.n && (s.p[k] == '/' || s.p[k] == '~');
}

/* Next word of a command line; quotes keep blanks together and are cut when they enclose the whole word. */
static bool next_word(struct slice *s, struct slice *word)
{
	*s = slice_trim(*s);
	if (!s->n)
		return false;
	char quote = 0;
	size_t i = 0;
	for (; i < s->n; i++) {
		char c = s->p[i];
		if (quote) {
			if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == ' ' || c == '\t' || c == '\n' || redirects_at(*s, i)) {
			break;
		}
	}
	*word = slice_to(*s, i);
	*s = slice_from(*s, i);
	if (word->n >= 2 && (word->p[0] == '"' || word->p[0] == '\'') && word->p[word->n - 1] == word->p[0])
		*word = slice_make(word->p + 1, word->n - 2);
	return true;
}

static void split(struct command *c, struct slice line)
{
	c->line = slice_trim(line);
	c->n = 0;
	struct slice rest = c->line, word;
	while (c->n < WORDS_MAX && next_word(&rest, &word))
		c->word[c->n++] = word;
	c->tool = c->n ? slice_basename(c->word[0]) : SLICE_NONE;
}

/* Drop the first k words. */
static void shift(struct command *c, size_t k)
{
	if (k >= c->n)
		return;
	c->line = slice_from(c->line, (size_t)(c->word[k].p - c->line.p));
	memmove(c->word, c->word + k, (c->n - k) * sizeof *c->word);
	c->n -= k;
	c->tool = slice_basename(c->word[0]);
}

/* Programs that run another: which of their options take a value, and how many words of their own stand before it. */
struct wrapper {
	const char *tools, *valued;
	unsigned own;
};
static const struct wrapper wrappers[] = {
	{"env", "-u --unset -C --chdir", 0}, {"nohup setsid exec command time builtin busybox", "", 0}, {"timeout", "-k -s --kill-after --signal", 1},
	{"nice", "-n --adjustment", 0}, {"ionice", "-c -n -p", 0}, {"stdbuf", "-i -o -e", 0}, {"sudo", "-u -g -h -p -C -r -t -T -U -D -R --user --group --host", 0},
	{"doas", "-u -C", 0}, {"runuser", "-u -g -G", 0}, {"flock", "-w -E", 1}, {"chroot", "", 1}, {"systemd-run", "-p -E -u -M --unit --property", 0},
	{"xargs", "-I -n -P -L -d -s -a -E", 0}, {"then do else if while until ! { (", "", 0},
};

static const struct wrapper *wrapper_of(struct slice tool)
{
	for (size_t i = 0; i < ARRAY_LEN(wrappers); i++)
		if (slice_in_list(tool, wrappers[i].tools))
			return &wrappers[i];
	return NULL;
}

/* First word behind options and assignments, from k on. */
static size_t skip_options(const struct command *c, size_t k, const char *valued)
{
	for (; k < c->n; k++) {
		struct slice w = c->word[k];
		if (slice_eq(w, SL("--")))
			return k + 1;
		bool assigned = w.n && w.p[0] != '/' && slice_chr(w, '=') > 0;
		if (w.n && w.p[0] != '-' && !assigned)
			break;
		k += !assigned && slice_in_list(w, valued);
	}
	return k;
}

/* "env A=b nohup timeout 5 curl ..." -> "curl ..."; "docker exec -it NAME curl ..." -> "curl ..." */
static bool unwrap_prefix(struct command *c)
{
	size_t k;
	if (c->n > 3 && slice_in_list(c->tool, "docker podman") && slice_eq(c->word[1], SL("exec"))) {
		k = skip_options(c, 2, "-u -e -w --user --env --workdir") + 1;
	} else {
		const struct wrapper *w = c->n > 1 ? wrapper_of(c->tool) : NULL;
		if (!w)
			return false;
		k = skip_options(c, 1, w->valued) + w->own;
	}
	if (k >= c->n)
		return false;
	shift(c, k);
	return true;
}

/* sh -c "script", su USER -c "script": the script. auditd gives it unquoted: everything behind -c is it. */
static bool shell_script(const struct command *c, struct slice *script)
{
	bool su = slice_in_list(c->tool, "su runuser flock");
	if (c->n < 3 || (!su && !slice_in_list(c->tool, "sh bash dash zsh ksh ash rbash")))
		return false;
	size_t k = 1;
	while (k < c->n && (su ? !slice_eq(c->word[k], SL("-c")) && !slice_eq(c->word[k], SL("--command")) :
				 c->word[k].n && c->word[k].p[0] == '-' && !slice_ends(c->word[k], SL("c"))))
		k++;
	if (k + 1 >= c->n || c->word[k].p[0] != '-' || (!su && !slice_ends(c->word[k], SL("c"))))
		return false;
	*script = c->word[k + 1];
	if (k + 2 < c->n && !su)
		*script = slice_make(script->p, (size_t)(c->line.p + c->line.n - script->p));
	return true;
}

/* ---- the commands of a script -------------------------------------------------------------------------------- */

/* Where the simple command at the start of s ends: at ; | & and line ends outside quotes, at $( <( ` and ) outside single
 * quotes. *next: where the one behind it begins. */
static size_t simple_end(struct slice s, size_t *next)
{
	char quote = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], after = i + 1 < s.n ? s.p[i + 1] : 0;
		if (quote == '\'') {
			quote = c == '\'' ? 0 : quote;
		} else if (c == '\\') {
			i++;
		} else if (c == '`' || ((c == '$' || c == '<' || c == '>') && after == '(')) {
			*next = i + (c == '`' ? 1 : 2);
			return i;
		} else if (c == '"') {
			quote = quote ? 0 : '"';
		} else if (!quote && c == '\'') {
			quote = '\'';
		} else if (!quote && (c == ';' || c == '|' || c == '\n' || c == ')' || (c == '&' && after != '>' && !(i && s.p[i - 1] == '>')))) {
			for (*next = i + 1; *next < s.n && (s.p[*next] == c || s.p[*next] == '&'); ++*next)
				;
			return i;
		}
	}
	*next = s.n;
	return s.n;
}

void commands_begin(struct commands *it, const struct event *e)
{
	it->whole = event_str(e, F_PROCESS_CMDLINE);
	if (!it->whole.n && e->action == ACT_EXEC) /* auditd without its EXECVE record */
		it->whole = event_str(e, F_PROCESS_EXE);
	it->n = it->whole.n ? 1 : 0;
	it->part[0] = (struct command_part){it->whole, e->action == ACT_CRON || e->action == ACT_COMMAND};
	it->budget = COMMANDS_MAX;
	it->folder = event_str(e, F_PROCESS_CWD);
}

bool commands_next(struct commands *it, struct command *c)
{
	while (it->n && it->budget) {
		struct command_part *p = &it->part[it->n - 1];
		struct slice text = p->text, script;
		size_t next = text.n;
		bool in_script = p->script;
		if (in_script)
			text = slice_to(text, simple_end(text, &next));
		p->text = slice_from(p->text, next);
		if (!p->text.n)
			it->n--;
		split(c, text);
		if (!c->n)
			continue;
		it->budget--;
		c->whole = it->whole;
		c->shell = in_script;
		for (int depth = 0; depth < 6 && unwrap_prefix(c); depth++)
			;
		if (it->n < ARRAY_LEN(it->part) && shell_script(c, &script) && script.n) {
			it->part[it->n++] = (struct command_part){script, true};
			continue;
		}
		c->folder = it->folder;
		if (slice_eq(c->tool, SL("cd")) && c->n > 1)
			it->folder = c->word[1];
		return true;
	}
	return false;
}

bool command_find(const struct event *e, bool (*fits)(const struct command *c), struct command *c)
{
	struct commands it;
	commands_begin(&it, e);
	while (commands_next(&it, c))
		if (fits(c))
			return true;
	return false;
}

bool detect_command(const struct event *e, struct command *c)
{
	struct commands it;
	commands_begin(&it, e);
	return commands_next(&it, c);
}

bool command_has(const struct command *c, const char *word)
{
	for (size_t i = 1; i < c->n; i++)
		if (slice_eqz(c->word[i], word))
			return true;
	return false;
}

bool command_has_prefix(const struct command *c, const char *prefix)
{
	for (size_t i = 1; i < c->n; i++)
		if (slice_starts(c->word[i], slice_of(prefix)))
			return true;
	return false;
}

/* ---- what a command writes to -------------------------------------------------------------------------------- */

static bool redirected(const struct command *c, size_t i, const char *needle, struct slice *path)
{
	struct slice w = c->word[i];
	while (w.n && w.p[0] >= '0' && w.p[0] <= '9') /* 2>file */
		w = slice_from(w, 1);
	if (!w.n || w.p[0] != '>')
		return false;
	while (w.n && (w.p[0] == '>' || w.p[0] == '|'))
		w = slice_from(w, 1);
	if (!w.n && i + 1 < c->n)
		w = c->word[i + 1];
	*path = w;
	return slice_has(w, slice_of(needle)) && !slice_starts(w, SL("/dev/null")) && !slice_starts(w, SL("/dev/std"));
}

/* Tools whose last word is the target; that write what they are given; that want an option to write. */
bool command_target(const struct command *c, size_t i)
{
	struct slice before = i ? c->word[i - 1] : SLICE_NONE;
	if (slice_in_list(c->tool, "cp mv install ln rsync scp"))
		return i + 1 == c->n || (i + 2 == c->n && slice_eq(c->word[c->n - 2], SL("-t")));
	if (slice_eq(c->tool, SL("tar")))
		return slice_in_list(before, "-C --directory") && c->n > 1 && slice_chr(c->word[1], 'x') >= 0;
	if (slice_eq(c->tool, SL("unzip")))
		return slice_eq(before, SL("-d"));
	if (slice_in_list(c->tool, "tee vi vim nano ed ex emacs visudo patch truncate"))
		return true;
	if (slice_eq(c->tool, SL("dd")))
		return slice_starts(c->word[i], SL("of="));
	if (slice_in_list(c->tool, "sed perl ruby"))
		return command_has_prefix(c, "-i") || command_has_prefix(c, "--in-place") || command_has_prefix(c, "-pi");
	if (slice_eq(c->tool, SL("curl")))
		return (before.n > 1 && before.p[0] == '-' && before.p[before.n - 1] == 'o') || slice_eq(before, SL("--output"));
	if (slice_eq(c->tool, SL("wget")))
		return (before.n > 1 && before.p[0] == '-' && (before.p[before.n - 1] == 'O' || before.p[before.n - 1] == 'P')) || slice_starts(c->word[i], SL("--output-document="));
	return false;
}

bool command_writes(const struct command *c, const char *needle, struct slice *path)
{
	for (size_t i = 0; i < c->n; i++) {
		if (redirected(c, i, needle, path))
			return true;
		if (i && slice_has(c->word[i], slice_of(needle)) && command_target(c, i)) {
			*path = c->word[i];
			if (slice_starts(*path, SL("of=")))
				*path = slice_from(*path, 3);
			return true;
		}
	}
	/* an interpreter's one-line program that opens the file for writing */
	bool program = slice_starts(c->tool, SL("python")) || slice_in_list(c->tool, "perl ruby php");
	*path = slice_of(needle);
	return program && slice_has(c->line, *path) && (slice_has(c->line, SL("'w")) || slice_has(c->line, SL("\"w")) || slice_has(c->line, SL("'a")) || slice_has(c->line, SL("\"a")) || slice_chr(c->line, '>') >= 0);
}
