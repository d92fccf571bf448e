/* privilege_report.h - private to room cmd: what postern privilege report says, before it is words. */
#ifndef POSTERN_CMD_PRIVILEGE_REPORT_H
#define POSTERN_CMD_PRIVILEGE_REPORT_H

#include "cmd/privilege_cmd.h"

/* Rights of people who are not there any more, and the like: a right, or a key that opens nothing (now), and why it is told. */
struct report_note {
	const struct right *right; /* NULL: a row that is no right */
	struct slice host, text, why;
	const struct snap_at *at;  /* NULL: nowhere */
};
struct report_notes {
	struct report_note *v;
	size_t n, cap;
};
/* One key for several accounts or persons. */
struct report_shared {
	struct slice fingerprint;
	const struct right **v; size_t n; /* what it opens */
	size_t names, persons, hosts;     /* different names of accounts, persons behind these, hosts */
	size_t lies;                      /* places where its private half lies */
};
struct privilege_report {
	const struct privilege_inputs *in;
	const struct privilege *p;
	const struct right *rights; size_t nrights; /* all */
	bool *shown;                      /* one a right: passes the filters */
	size_t count[3], nshown;          /* of those, by use */
	uint32_t days, kinds;             /* kinds: bits; 0 all */
	struct report_notes left, provider;
	struct { struct report_shared *v; size_t n, cap; } shared;
	struct arena mem;
};
/* Fills left, provider and shared from what is shown. */
void privilege_report_find(struct privilege_report *r, const struct args *a);
bool privilege_report_host(const struct privilege_report *r, const struct args *a, struct slice host);
const struct snap_at *privilege_report_at(const struct right *x); /* NULL for a grant */
const char *privilege_report_use(enum right_use u); /* "used", "unused", "not known" */
void privilege_report_text(const struct privilege_report *r, bool color, struct buf *out);
/* The whole page; filters do not apply to its rights. */
int privilege_report_html(const struct privilege_report *r, struct buf *out, struct err *e);
void privilege_report_json(const struct privilege_report *r, struct buf *out);

#endif
