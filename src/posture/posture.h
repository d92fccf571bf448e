/* posture.h - is this machine set up as the advisory demands? Checks over a snapshot, each with evidence, severity, what to do, and where the standards
 * ask for it.
 *
 * A check is a row of a table (checks.def) and a pure function of a snapshot and of what the caller knows about the gate. What cannot be told is not
 * passed: the score cannot be raised by taking evidence away.
 *
 * Threads: re-entrant. Snapshots, org are borrowed and must outlive the result.
 */
#ifndef POSTERN_POSTURE_H
#define POSTERN_POSTURE_H

#include "core/core.h"
#include "event/event.h"
#include "org/org.h"
#include "snapshot/snapshot.h"

enum posture_demand { /* of the advisory */
	DEMAND_PROVIDER, DEMAND_LOGGING, DEMAND_SECOND_FACTOR, DEMAND_LEAST_PRIVILEGE, DEMAND_PATCHING, DEMAND_MAIL, DEMAND_EDUCATION, DEMAND_COUNT
};
const char *posture_demand_name(enum posture_demand d); /* "provider-access" ... */
enum posture_result { POSTURE_PASS, POSTURE_FAIL, POSTURE_NOT_APPLICABLE, POSTURE_UNKNOWN };
const char *posture_result_name(enum posture_result r); /* "pass", "fail", "not-applicable", "cannot-tell" */

struct posture_host;
struct posture_check {
	const char *id, *title;           /* "SSH-01" */
	enum posture_demand demand;
	enum level severity;              /* of a failure */
	const char *fix;                  /* what to do */
	const char *why;                  /* what an intruder makes of it */
	const char *nist, *bsi, *iso;     /* control numbers, blank-separated: NIST SP 800-171r3 "03.01.05", BSI IT-Grundschutz "SYS.1.3.A14", ISO/IEC 27001:2022 Annex A "A.8.2" */
	enum posture_result (*run)(struct posture_host *h);
};
size_t posture_checks(const struct posture_check **out);

/* What the machine's snapshot does not hold. Numbers -1: not known. */
struct posture_gate {
	bool known;                       /* the gate's state was read */
	int64_t providers, persons, persons_with_factor, grants_open, grants_without_end, sessions_unrecorded;
	int64_t audit_anchored;           /* seconds since the epoch; -1 never */
	bool audit_good;
	int64_t emergency_drill;          /* seconds since the epoch */
	int64_t release_folders, release_signers;
	int64_t lessons_known, staff_taught, staff;
};
struct posture_waiver { struct slice check, host /* "*" */, owner, reason; int64_t until /* days since the epoch */; int line; };
struct posture_waivers { struct posture_waiver *v; size_t n; struct arena mem; };
/* waivers.yaml: check, owner, reason and until must be given, host may be. ERR_SYNTAX, ERR_TYPE ... with file:line:column; an unknown check is an error that names the
 * nearest. posture_waivers_free() also after an error. */
int posture_waivers_load(const char *path, struct posture_waivers *out, struct err *e);
void posture_waivers_free(struct posture_waivers *w);

struct posture_options {
	const struct org *org;            /* may be NULL */
	const struct posture_gate *gate;  /* may be NULL */
	const struct posture_waivers *waivers; /* may be NULL */
	int64_t now;                      /* seconds since the epoch */
};
struct posture_row {
	const struct posture_check *check;
	struct slice host;
	enum posture_result result;
	struct slice text;                /* what that means, or why it cannot be told */
	struct slice *evidence; size_t nevidence; /* "/etc/ssh/sshd_config.d/50-cloud.conf:1: PasswordAuthentication yes"; bounded */
	uint64_t found;                   /* how many, beyond what evidence shows */
	const struct posture_waiver *waiver; /* that holds now */
};
struct posture {
	struct posture_row *v; size_t n;
	double score;                     /* 0-100: weight of passed by weight of all that apply; unknown counts as failed, waived as failed too but is shown */
	size_t count[4], waived;
	int64_t now;                      /* when it was judged, seconds since the epoch */
	struct slice *hosts; size_t nhosts;
	const struct posture_waivers *waivers; /* as given; those that have run out are told */
	struct arena mem;
};
/* only: NULL, or which checks (one bool each, as posture_checks() lists them). posture_free() also after an error. ERR_USAGE: no host. */
int posture_run(const struct snapshot *const *hosts, size_t n, const bool *only, const struct posture_options *opt, struct posture *out, struct err *e);
void posture_free(struct posture *p);

/* ---- telling ------------------------------------------------------------------------------------------------------------- */
/* As JSON (also what is read back for "since last time"), text and one HTML file. before may be NULL. */
struct posture_before; /* an earlier result, from its JSON */
/* NULL with *e. name is for messages. */
struct posture_before *posture_before_read(struct slice json, const char *name, struct err *e);
void posture_before_free(struct posture_before *b);
void posture_json(const struct posture *p, const struct posture_before *before, struct buf *out);
void posture_text(const struct posture *p, const struct posture_before *before, bool color, bool all, struct buf *out);
void posture_html(const struct posture *p, const struct posture_before *before, struct buf *out);
/* One OCSF 1.3.0 Compliance Finding (2003) a line, for what failed or cannot be told. version: of Postern. */
void posture_ocsf(const struct posture *p, const char *version, struct buf *out);
/* The table of checks, with the numbers of the standards. */
void posture_list_text(struct buf *out);
void posture_list_json(struct buf *out);

#endif
