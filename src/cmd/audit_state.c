/* audit_state.c - postern audit: what the state says of the gate, the audit log, releases; read-only, and no error when it is not there. */
#include "cmd/audit.h"
#include "cmd/lessons.h"
#include "cmd/setup.h"
#include "factor/factor.h"
#include "gate/gate.h"
#include "release/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG_DAYS = 30 };

/* ---- grants, people ---------------------------------------------------------------------------------------------------------------- */

static void of_grants(const struct gate_policy *p, nstime now, struct posture_gate *out)
{
	out->grants_open = out->grants_without_end = 0;
	out->emergency_drill = -1;
	for (size_t i = 0; i < p->ngrants; i++) {
		const struct gate_grant *g = &p->grants[i];
		if (g->emergency && g->created != NSTIME_NONE)
			out->emergency_drill = MAX(out->emergency_drill, (int64_t)(g->created / NS_SEC));
		if (g->state != GRANT_APPROVED || g->changed || g->until <= now || g->emergency)
			continue;
		out->grants_open++;
		/* some seven days without hours are a standing right, too */
		if (g->until - g->from > LONG_DAYS * NS_DAY || (!g->nwindows && g->until - g->from > 7 * NS_DAY))
			out->grants_without_end++;
	}
}

static int take_number(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg = vault_int(r, 0);
	return 0;
}

/* Rooms make their tables when they are first used: without one nobody has enrolled, or no session was ever opened. */
static bool table_there(struct vault *v, const char *name)
{
	struct err e;
	int64_t n = 1;
	return vault_run(v, "SELECT count(*) FROM sqlite_master WHERE type='table' AND name=?1", take_number, &n, &e, "s", slice_of(name)) || n;
}

static bool of_factors(struct vault *v, const struct gate_policy *p, struct posture_gate *out)
{
	struct err e;
	bool used = table_there(v, "factor_seed"), fine = true;
	struct factor *f = used ? factor_open(v, NULL, false, &e) : NULL;
	if (used && !f)
		return false;
	int64_t n = 0;
	for (size_t i = 0; i < p->npersons && fine; i++) {
		struct factor_status st = {0};
		fine = !f || factor_status(f, p->persons[i].id, &st, &e) == 0;
		bool hardware = p->persons[i].nkeys > 0;
		for (size_t k = 0; k < p->persons[i].nkeys; k++)
			hardware &= p->persons[i].keys[k].hardware;
		n += fine && ((st.enrolled && st.confirmed) || hardware);
	}
	factor_close(f);
	out->persons_with_factor = fine ? n : -1;
	return fine;
}

struct sessions { int64_t unrecorded; };

static int count_session(void *arg, const struct session *s)
{
	struct sessions *x = arg;
	x->unrecorded += s->end != NSTIME_NONE && !s->file.n;
	return 0;
}

static void of_vault(const char *path, nstime now, struct posture_gate *out)
{
	struct err e;
	struct gate_policy p = {0};
	struct sessions x = {0};
	struct vault *v = vault_open(path, VAULT_READ, &e);
	if (!v) {
		complain("the gate's state is not looked at: %s", e.text);
		return;
	}
	if (gate_policy_load(v, &p, &e) == 0) {
		out->known = true;
		out->providers = (int64_t)p.nproviders;
		out->persons = (int64_t)p.npersons;
		of_grants(&p, now, out);
		(void)of_factors(v, &p, out);
		if (!table_there(v, "session") || session_each(v, SLICE_NONE, count_session, &x, &e) == 0)
			out->sessions_unrecorded = x.unrecorded;
	} else {
		complain("the gate's state is not looked at: %s", e.text);
	}
	gate_policy_free(&p);
	vault_close(v);
}

/* ---- the audit log -------------------------------------------------------------------------------------------------------------------- */

/* Time of the newest line that has an anchor: the beginning of a line of syslog, RFC 3339. */
static int64_t newest_anchor(struct slice text)
{
	int64_t newest = -1;
	struct slice line;
	while (slice_cut(&text, '\n', &line)) {
		uint64_t y, mo, d, h, m;
		if (!slice_has(line, SL("anchor seq=")) || line.n < 16 || line.p[4] != '-')
			continue;
		if (slice_u64(slice_make(line.p, 4), 9999, &y) && slice_u64(slice_make(line.p + 5, 2), 12, &mo) && slice_u64(slice_make(line.p + 8, 2), 31, &d) && slice_u64(slice_make(line.p + 11, 2), 24, &h)
			&& slice_u64(slice_make(line.p + 14, 2), 60, &m) && mo && d)
			newest = MAX(newest, civil_seconds((int)y, (unsigned)mo, (unsigned)d, (unsigned)h, (unsigned)m, 0));
	}
	return newest;
}

static void of_chain(const char *path, const char *anchors, struct posture_gate *out)
{
	struct buf known = {0};
	struct chain_report r;
	struct err e;
	if (anchors && !audit_read(anchors, &known))
		complain("%s is not looked at", anchors);
	out->audit_anchored = newest_anchor(buf_slice(&known));
	out->audit_good = chain_verify(path, buf_slice(&known), NULL, NULL, &r, &e) == 0 && !r.problems;
	buf_free(&known);
}

static void of_release(const char *path, struct posture_gate *out)
{
	struct release_list l = {0};
	struct err e;
	if (access(path, F_OK) && !access("/etc/postern", X_OK)) {
		out->release_folders = out->release_signers = 0;
		return;
	}
	if (release_list_load(path, &l, &e) == 0) {
		out->release_folders = (int64_t)l.nfolders;
		out->release_signers = 0;
		for (size_t i = 0; i < l.npeople; i++)
			out->release_signers += !l.people[i].revoked;
	}
	release_list_free(&l);
}

void audit_gate_facts(const struct args *a, const struct org *org, nstime now, struct posture_gate *out)
{
	char path[4096];
	size_t staff = 0;
	*out = (struct posture_gate){.providers = -1, .persons = -1, .persons_with_factor = -1, .grants_open = -1, .grants_without_end = -1, .sessions_unrecorded = -1, .audit_anchored = -1,
		.emergency_drill = -1, .release_folders = -1, .release_signers = -1, .lessons_known = -1, .staff_taught = -1, .staff = -1};
	if (org) {
		(void)org_staff(org, &staff);
		out->staff = (int64_t)staff;
	}
	if (state_file(a, "gate.db", path, sizeof path) && access(path, F_OK) == 0)
		of_vault(path, now, out);
	if (out->known && state_file(a, "audit.log", path, sizeof path))
		of_chain(path, args_get(a, "anchors"), out);
	if (state_file(a, "", path, sizeof path) && access(path, F_OK) == 0)
		(void)lessons_facts(a, org, now, &out->lessons_known, &out->staff_taught);
	const char *config = getenv("POSTERN_CONFIG");
	snprintf(path, sizeof path, "%s/release.yaml", config && *config ? config : "/etc/postern");
	of_release(path, out);
}
