/* sessions.h - private to room cmd: the verbs of postern session. */
#ifndef POSTERN_CMD_SESSIONS_H
#define POSTERN_CMD_SESSIONS_H

#include "cmd/gates.h"

int session_list(struct gates *g, const struct args *a);
int session_show(struct gates *g, const struct args *a);
int session_play(struct gates *g, const struct args *a);
int session_search(struct gates *g, const struct args *a);
int session_verify(struct gates *g, const struct args *a);
int session_end_verb(struct gates *g, const struct args *a);

/* The one session whose id begins so, texts in g->mem. 0, or an exit code after a message. */
int session_find(struct gates *g, const char *id, struct session *out);
/* Path of its recording. */
void session_path(const struct gates *g, const struct session *s, char *out, size_t n);
struct slice session_kind(const struct session *s);

#endif
