/* release_cmd.h - private to room cmd: the verbs of postern release. */
#ifndef POSTERN_CMD_RELEASE_CMD_H
#define POSTERN_CMD_RELEASE_CMD_H

#include "cmd/cmd.h"
#include "release/release.h"

struct release_session {
	const struct args *a;
	struct release_list list;
	struct chain *audit;               /* opened by release_audit() */
	struct buf out;
	nstime now;
	bool json;
	char who[128];
};
/* A file that was named: its folder opened, its name, and the folder it is released to. */
struct release_file {
	int dir;
	char folder[4096], name[RELEASE_NAME_MAX + 1];
};
/* 0, or an exit code after a message. */
int release_file_open(struct release_session *s, const char *path, struct release_file *out);
int release_sign_files(struct release_session *s);
int release_verify_files(struct release_session *s);
/* Exit code after a message when it cannot be opened. */
int release_audit(struct release_session *s);

#endif
