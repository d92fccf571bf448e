/* suggest.h - private to room privilege: what is suggested, line by line. */
#ifndef POSTERN_PRIVILEGE_SUGGEST_H
#define POSTERN_PRIVILEGE_SUGGEST_H

#include "privilege/patch.h"

enum { NARROW_MOST = 24 /* commands in place of a wide rule: more is nothing anybody reads */ };
enum edit_kind { EDIT_DROP, EDIT_REPLACE };
struct edit { enum edit_kind kind; struct slice host, file; int64_t line; const struct right *right; struct slice with; /* of EDIT_REPLACE: whole lines */ };
struct suggesting {
	const struct privilege *p;
	const struct priv_suggest *s;
	struct { struct edit *v; size_t n, cap; } edits;
	struct buf *patch, *undo, *notes;
	struct slice last_host;
	struct arena mem;
};
bool is_chosen(const struct suggesting *g, const struct right *r);
void note(struct suggesting *g, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* suggest_sudo.c: edits of sudoers of one host, tested back against what was run. */
void suggest_sudo(struct suggesting *g, const struct place *l);

#endif
