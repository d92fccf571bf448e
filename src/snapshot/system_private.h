/* system_private.h - private to room snapshot: readers of a system's configuration, text to rows. Pure: they open nothing.
 *
 * Every reader takes text that may be anything, and a snapshot that gets rows; texts of rows lie in its memory. What cannot be understood becomes a missing row
 * with file and line, never a row that says more than the text.
 */
#ifndef POSTERN_SNAPSHOT_SYSTEM_PRIVATE_H
#define POSTERN_SNAPSHOT_SYSTEM_PRIVATE_H

#include "snapshot/snapshot.h"

/* ---- rows ------------------------------------------------------------------------------------------------------------ */
struct snap_vec { struct slice *v; size_t n, cap; };
/* Copies the list (not its texts) into s->mem, and empties v. */
struct snap_list vec_take(struct snapshot *s, struct snap_vec *v);
void vec_free(struct snap_vec *v);
void add_fact(struct snapshot *s, struct snap_at at, const char *name, struct slice value);
/* "NAME PARAMETER" */
void add_fact_of(struct snapshot *s, struct snap_at at, const char *name, struct slice parameter, struct slice value);
void add_fact_f(struct snapshot *s, struct snap_at at, const char *name, const char *fmt, ...) PRINTF_LIKE(4, 5);
void add_missing(struct snapshot *s, struct snap_at at, const char *section, const char *why);
struct slice text_f(struct snapshot *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* ASCII lower case, in s->mem. */
struct slice text_lower(struct snapshot *s, struct slice t);

/* ---- text ------------------------------------------------------------------------------------------------------------ */
/* Lines of a text with their numbers; a backslash at the end joins lines when `joined` (then the pieces are put together in scratch). */
struct lines {
	struct slice rest;
	int64_t line, next;
	bool joined;
	struct buf scratch;
};
struct lines lines_of(struct slice text, bool joined);
bool lines_next(struct lines *l, struct slice *line); /* false at the end; then scratch is freed. line is valid until the next call */
void lines_free(struct lines *l);
/* Splits off the next word as a shell would take it: quotes and backslashes. False at the end, or where a quote is not closed. */
bool shell_word(struct slice *s, struct buf *word);

/* ---- sudoers ----------------------------------------------------------------------------------------------------------- */
/* A logical line: continuations put together, comments still there. */
struct sudo_line { struct slice text, file; int64_t line; bool bad, partly /* bad, but what stands before the error holds */; };
struct sudo_lines { struct sudo_line *v; size_t n, cap; };
enum { SUDO_LINES_MAX = 100000, SUDO_FILES_MAX = 2000, SUDO_DEPTH_MAX = 128 /* sudo's own */, SUDO_EXPAND_MAX = 200000 };
/* Texts of files come from here. */
struct sudo_files {
	/* False: *why says it (static or in s->mem). *path (in s->mem) is what was opened. */
	bool (*read)(void *arg, struct slice path, struct slice *text, const char **why);
	/* Names in a folder, in strcmp's order; false as above. */
	bool (*list)(void *arg, struct slice path, struct snap_list *names, const char **why);
	void *arg;
	struct slice host;   /* for %h */
};
/* A file and what it includes. */
void sudoers_flatten(struct snapshot *s, const struct sudo_files *files, struct slice path, struct sudo_lines *out);
/* Rows sudo and sudo_default; lines that sudo would skip become missing rows and are marked bad. */
void sudoers_rows(struct snapshot *s, struct sudo_lines *lines);
void sudo_lines_free(struct sudo_lines *l);
/* doas.conf to rows. */
void doas_rows(struct snapshot *s, struct slice text, struct slice file);

/* ---- files --------------------------------------------------------------------------------------------------------------- */
/* security.capability to "cap_net_raw=ep"; "" where it grants nothing. False: it cannot be understood. */
bool capability_text(struct snapshot *s, struct slice value, struct slice *text);

/* ---- polkit ---------------------------------------------------------------------------------------------------------------- */
void polkit_rules_rows(struct snapshot *s, struct slice text, struct slice file);
void polkit_pkla_rows(struct snapshot *s, struct slice text, struct slice file);

/* ---- jobs -------------------------------------------------------------------------------------------------------------- */
/* Words of shell text that stand where a command stands, without what the shell itself is, each once: "/usr/bin/x", "run-parts". What is behind an interpreter or
 * a program that runs another (env, nice, timeout ...) counts as well; so does the script that an interpreter is given. Words with $ or ` are left out. */
void shell_programs(struct snapshot *s, struct slice text, struct snap_vec *out);
/* The same of words that no shell sees (ExecStart=). */
void words_programs(struct snapshot *s, const struct slice *word, size_t n, struct snap_vec *out);

enum { UNIT_SETTINGS_MAX = 20000 };
struct unit_setting { struct slice section, key, value; struct snap_at at; };
/* A unit with its drop-ins, in the order in which systemd reads them. */
struct unit {
	struct slice name;      /* "nginx.service" */
	struct slice instance;  /* of NAME@INSTANCE.service */
	enum snap_tri enabled;
	struct unit_setting *v;
	size_t n, cap;
};
void unit_text(struct snapshot *s, struct unit *u, struct slice text, struct slice file);
/* The last value that was set, an empty one resets. False: none. */
bool unit_last(const struct unit *u, const char *section, const char *key, struct slice *value);
bool unit_has_section(const struct unit *u, const char *section);
/* Rows job: one for each command of a service, one for a timer, a socket. */
void unit_rows(struct snapshot *s, const struct unit *u);
void unit_free(struct unit *u);

struct cron_context {
	struct slice file;
	struct slice account;   /* whose crontab; "" a system's, whose lines name the account */
	enum snap_tri enabled;
	bool anacron;           /* PERIOD DELAY NAME COMMAND */
};
void cron_rows(struct snapshot *s, struct slice text, const struct cron_context *c);
void udev_rows(struct snapshot *s, struct slice text, struct slice file);
/* What holds for stanzas that say nothing else: of logrotate.conf, for the files it includes. */
struct logrotate_habit { int64_t rotate, days, maxage; };
/* Scripts of logrotate's stanzas; facts logrotate.auth of those that rotate login logs. */
void logrotate_rows(struct snapshot *s, struct slice text, struct slice file, struct logrotate_habit *habit);
/* A row for a script that somebody runs as root: what it runs in turn is found in its text when it is shell. */
void script_row(struct snapshot *s, const char *kind, struct snap_at at, struct slice name, struct slice run_as, enum snap_tri enabled);

#endif
