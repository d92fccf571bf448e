/* init_edit.h - private to room cmd: what `postern init` does to files of the system, shown first, and taken back exactly. */
#ifndef POSTERN_CMD_INIT_EDIT_H
#define POSTERN_CMD_INIT_EDIT_H

#include "core/core.h"

#define INIT_MARK "# postern init gate"

struct init_file {
	const char *path;          /* "/etc/pam.d/sshd", below the root */
	bool whole;                /* all of it is ours; else lines are put in */
	bool optional;             /* nothing is done when it is not there */
	bool exists;
	struct buf old, wanted;
};

/* What the file is to become; nothing when it has our lines already. */
void init_pam_login(struct slice old, struct buf *out);   /* sshd: auth, account, session */
void init_pam_account(struct slice old, struct buf *out); /* sudo, su, cron */
void init_add_line(struct slice old, const char *line, struct buf *out); /* at the end, when it is not there; no mark */
void init_strip(struct slice text, const char *line, struct buf *out);   /* without our lines; line may be NULL */
/* A unified diff; nothing when they are the same. `text` was made of `old` by adding lines only, or by leaving out lines only. */
void init_diff(const char *path, struct slice old, bool exists, struct slice text, bool gone, struct buf *out);

/* Reads it; 0 with exists false when there is none. ERR_PERM for what is no plain file. */
int init_read(const char *path, struct buf *out, bool *exists, struct err *e);
/* Whole or not at all; mode and owner of the file it takes the place of, else 0644 and root's. */
int init_write(const char *path, struct slice text, struct err *e);

#endif
