/* facts_private.h - between the files that collect facts. docs/privilege-facts.md tells names and values. */
#ifndef POSTERN_SNAPSHOT_FACTS_PRIVATE_H
#define POSTERN_SNAPSHOT_FACTS_PRIVATE_H

#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

/* A fact in the snapshot's memory, value mended as collect_text does. */
void fact(struct collector *c, const char *path, int64_t line, const char *name, struct slice value);
void fact_of(struct collector *c, const char *path, int64_t line, const char *name, struct slice parameter, struct slice value);
void fact_f(struct collector *c, const char *path, int64_t line, const char *name, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Lines that say something: trimmed, without comments (# at the front, and behind a blank when `tails`). False: the file is not there or cannot be read. */
struct fact_lines { const char *section; bool tails; void (*fn)(struct collector *c, void *arg, const char *path, int64_t line, struct slice text); void *arg; };
bool fact_lines(struct collector *c, const char *path, const struct fact_lines *how);
/* The same for all files of a folder whose names end so, in order. */
void fact_folder(struct collector *c, const char *folder, const char *ending, const struct fact_lines *how);
/* "KEY = VALUE", "KEY VALUE": facts "NAME KEY"; no value: "yes". */
struct fact_settings { const char *name, *section; const char *const *only; /* NULL: all */ };
void fact_settings(struct collector *c, const char *path, const struct fact_settings *how);
/* "PATH 0640 OWNER GROUP" (or without the path); false: it is not there. */
bool fact_mode(struct collector *c, const char *path, const char *name, bool named);
bool fact_there(struct collector *c, const char *path);
bool fact_program(struct collector *c, const char *name, const char **path); /* in the usual folders */
/* Is there a job of this unit, and is it not disabled? */
bool fact_unit_runs(const struct collector *c, const char *unit);
/* Before what only the running machine tells: false after it was named as missing. */
bool fact_live(struct collector *c, const char *section);

void facts_system(struct collector *c);
void facts_accounts(struct collector *c);
void facts_logs(struct collector *c);
void facts_patches(struct collector *c);
void facts_mail(struct collector *c);
void facts_net(struct collector *c);
void facts_sockets(struct collector *c);

#endif
