/* posture_read.h - private to room console: results that postern audit and postern privilege kept (STATE/posture), read back. */
#ifndef POSTERN_CONSOLE_POSTURE_READ_H
#define POSTERN_CONSOLE_POSTURE_READ_H

#include "core/core.h"
#include "event/event.h"

enum { POSTURE_TREND = 60, POSTURE_ROWS = 2000 };
/* A file: KIND-SUBJECT-TIME.json. */
struct posture_kept { struct slice name, subject; nstime time; };
/* Of a kind, oldest first; none when there is no folder. Texts in mem. */
size_t posture_list(struct arena *mem, const char *state, const char *kind, struct posture_kept **out);

struct posture_point { nstime time; unsigned tenths; unsigned fail, unknown; };
/* Score of a kept audit: only its beginning is read. */
bool posture_point_read(const char *state, struct slice name, struct posture_point *out);

struct posture_line {
	struct slice check, title, host, result, text, fix, why, evidence /* lines */, nist, bsi, iso, change;
	enum level severity;
	bool waived;
};
struct posture_audit { struct posture_line *v; size_t n; bool cut; };
int posture_audit_read(struct arena *mem, const char *state, struct slice name, struct posture_audit *out, struct err *e);

struct privilege_line { struct slice host, account, holder, text, kind, use, last; uint64_t cost; };
struct privilege_kept {
	uint64_t used, unused, unknown, left, without_grant, shared;
	struct privilege_line *v; size_t n; /* report: unused ones; cut: what to take away; exposure: who reaches it (text: how) */
	struct slice from, to, exposure;
	uint64_t cost, surely, perhaps;
	bool possible, proven, cut;
};
int privilege_kept_read(struct arena *mem, const char *state, struct slice name, struct privilege_kept *out, struct err *e);

#endif
