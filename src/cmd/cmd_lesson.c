/* cmd_lesson.c - postern lesson: what is taught, to whom, and who has learnt it. */
#include "cmd/lessons.h"
#include "cmd/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct option options[] = {
	{"lessons", 'l', OPT_TEXT, "DIR", "folder of the lessons (default $POSTERN_LESSONS, then those that\ncome with postern)"},
	{"format", 'f', OPT_CHOICE, "text|json", "how to print (default text)"},
	{0},
};

static const struct verb {
	const char *name, *words;
	size_t least, most;
	bool content;              /* needs the lessons */
	int (*run)(struct lesson_work *w);
} verbs[] = {
	{"list", "", 0, 0, true, lesson_list},
	{"check", "[DIR]", 0, 1, true, lesson_check},
};

static const struct verb *find_verb(const struct args *a)
{
	struct buf known = {0};
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		buf_addf(&known, "%s%s", i ? ", " : "", verbs[i].name);
		if (!a->noperands || strcmp(a->operand[0], verbs[i].name) != 0)
			continue;
		buf_free(&known);
		if (a->noperands - 1 >= verbs[i].least && a->noperands - 1 <= verbs[i].most)
			return &verbs[i];
		complain("usage: postern lesson %s %s", verbs[i].name, verbs[i].words);
		return NULL;
	}
	complain("lesson: %s%s%s: %.*s\nTry 'postern lesson --help'.", a->noperands ? "no \"" : "say what to do", a->noperands ? a->operand[0] : "", a->noperands ? "\"" : "", SLFMT(buf_slice(&known)));
	buf_free(&known);
	return NULL;
}

static int load_content(struct lesson_work *w, const struct verb *v)
{
	char folder[4096];
	struct err e;
	bool named = v->run == lesson_check && w->a->noperands > 1;
	lessons_default(named ? w->a->operand[1] : args_get(w->a, "lessons"), folder, sizeof folder);
	if (!folder[0]) {
		complain("no lessons are found: --lessons DIR or POSTERN_LESSONS names their folder");
		return EXIT_INPUT;
	}
	w->lessons = lessons_load(folder, &e);
	if (w->lessons)
		return 0;
	complain_err(&e);
	return EXIT_INPUT;
}

static int run(const struct args *a)
{
	const char *format = args_get(a, "format");
	const struct verb *v = find_verb(a);
	struct lesson_work w = {.a = a, .json = format && strcmp(format, "json") == 0, .now = (nstime)time(NULL) * NS_SEC};
	if (!v)
		return EXIT_USAGE;
	arena_init(&w.mem);
	int rc = setup_confine(a);
	if (!rc && v->content)
		rc = load_content(&w, v);
	if (!rc)
		rc = v->run(&w);
	if (w.out.n && !write_out(NULL, buf_slice(&w.out)))
		rc = EXIT_INPUT;
	lessons_free(w.lessons);
	arena_free(&w.mem);
	buf_free(&w.out);
	return rc;
}

const struct command command_lesson = {
	.name = "lesson",
	.summary = "what is taught about the two attacks, to whom, and who has learnt it",
	.usage = "lesson [OPTION...] list | check [DIR]",
	.description = "list          the units\n"
		       "check [DIR]   what is wrong in a folder of lessons, with file, line and column; exit 1 when a unit has an error\n\n"
		       "Units are data, YAML and Markdown: docs/lessons.md tells authors how to write them.",
	.options = options,
	.examples = "  postern lesson list\n  postern lesson check lessons/\n",
	.run = run,
};
