/* command.c - a command line taken apart as far as detectors need: words, the tool, one level of wrapper. */
#include "detect/detect_private.h"

bool slice_in_list(struct slice s, const char *list)
{
	struct slice rest = slice_of(list), word;
	while (slice_word(&rest, &word))
		if (slice_eq(word, s))
			return true;
	return false;
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
		} else if (c == ' ' || c == '\t' || c == '\n') {
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

/* "env A=b nohup timeout 5 curl ..." -> "curl ..." */
static bool unwrap_prefix(struct command *c)
{
	if (c->n < 2 || !slice_in_list(c->tool, "env nohup timeout nice ionice setsid stdbuf exec command time sudo doas"))
		return false;
	size_t k = 1;
	while (k + 1 < c->n && (c->word[k].n == 0 || c->word[k].p[0] == '-' || slice_chr(c->word[k], '=') > 0 ||
				(c->word[k].p[0] >= '0' && c->word[k].p[0] <= '9')))
		k++;
	shift(c, k);
	return true;
}

/* sh -c "script": the script becomes the line. */
static bool unwrap_shell(struct command *c)
{
	if (c->n < 3 || !slice_in_list(c->tool, "sh bash dash zsh ksh ash"))
		return false;
	size_t k = 1;
	while (k < c->n && c->word[k].n && c->word[k].p[0] == '-' && !slice_ends(c->word[k], SL("c")))
		k++;
	if (k + 1 >= c->n || !slice_starts(c->word[k], SL("-")) || !slice_ends(c->word[k], SL("c")))
		return false;
	/* auditd gives the script unquoted: everything behind -c is it */
	struct slice script = c->word[k + 1];
	if (k + 2 < c->n)
		script = slice_make(script.p, (size_t)(c->line.p + c->line.n - script.p));
	split(c, script);
	c->shell = true;
	return true;
}

bool detect_command(const struct event *e, struct command *c)
{
	struct slice line = event_str(e, F_PROCESS_CMDLINE);
	c->shell = false;
	if (!line.n)
		return false;
	split(c, line);
	c->whole = line;
	for (int depth = 0; depth < 4 && (unwrap_prefix(c) || unwrap_shell(c)); depth++)
		;
	return c->n > 0;
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
