/* cmd.h - what the subcommands share: the argument tables, exit codes, terminal. */
#ifndef POSTERN_CMD_H
#define POSTERN_CMD_H

#include "core/core.h"

/* Exit codes of every command. */
enum { EXIT_DONE = 0, EXIT_CONDITION = 1, EXIT_USAGE = 2, EXIT_INPUT = 3 };

/* An option of a command; help text is printed from the same row. */
enum option_kind { OPT_FLAG, OPT_TEXT, OPT_NUMBER, OPT_CHOICE, OPT_LIST /* a text; may be given several times */ };
struct option {
	const char *name;         /* "format" for --format */
	char letter;              /* 'f' for -f, 0 none */
	enum option_kind kind;
	const char *argument;     /* "DIR", NULL for a flag; for OPT_CHOICE "text|json" */
	const char *help;
	uint32_t low, high;       /* OPT_NUMBER: what may be given */
};
struct args;
struct command {
	const char *name;
	const char *summary;      /* one line */
	const char *usage;        /* "scan [OPTION...] PATH..." */
	const char *description;  /* paragraphs */
	const struct option *options; /* ends with name NULL */
	const char *examples;
	int (*run)(const struct args *a);
};
extern const struct command *const commands[]; /* ends with NULL */

/* Parsed arguments: one value per option row, then operands. */
enum { ARGS_OPTIONS_MAX = 32, ARGS_LIST_MAX = 128 };
struct args {
	const struct command *command;
	const char *value[ARGS_OPTIONS_MAX]; /* "" for a flag that is set, NULL when absent */
	struct args_value { size_t option; const char *value; } list[ARGS_LIST_MAX]; /* of OPT_LIST, in order */
	size_t nlist;
	const char *const *operand;
	size_t noperands;
};
/* 0; EXIT_USAGE + 1 means --help was printed. Messages go to stderr. */
int args_parse(const struct command *c, int argc, char **argv, struct args *out, const char **operands);
const char *args_get(const struct args *a, const char *option);
bool args_has(const struct args *a, const char *option);
/* The i-th value of an OPT_LIST; NULL behind the last. */
const char *args_list(const struct args *a, const char *option, size_t i);
/* A value for an option that was not given; what is given wins. value is borrowed. False: there is no such option, or no room. */
bool args_default(struct args *a, const char *option, const char *value, bool list);
void command_help(const struct command *c);

/* ---- terminal ------------------------------------------------------------------------------------------------ */
bool term_color(int fd, const char *when);  /* when: NULL or "auto", "always", "never"; NO_COLOR minded */
unsigned term_width(int fd);
/* Progress on stderr when it is a terminal; at most ten times a second. */
void progress_show(uint64_t done, uint64_t total, const char *what);
void progress_say(const char *what); /* before something that takes long and has no measure */
void progress_clear(void);
/* "postern: error: ..." on stderr. */
void complain(const char *fmt, ...) PRINTF_LIKE(1, 2);
void complain_err(const struct err *e);
/* All of it; false with errno. */
bool fd_write(int fd, struct slice data);
/* Write all of it to stdout or a file; false (and a message) when that fails. */
bool write_out(const char *path, struct slice data);

#endif
