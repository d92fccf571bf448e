/* checks_provider.c - outside people: known by name, let in by grants, with two proofs, and out again when it ends. */
#include "posture/checks.h"

#define NO_PROVIDER "no provider is known"
enum { DRILL_DAYS = 180, SNAPSHOT_DAYS = 30 };

static const struct posture_gate *gate_of(struct posture_host *h)
{
	if (h->opt->gate && h->opt->gate->known)
		return h->opt->gate;
	host_unsure(h, "the gate's state could not be read (--state)");
	return NULL;
}

enum posture_result check_pro_known(struct posture_host *h)
{
	size_t n = 0;
	bool some = host_has_provider(h);
	const struct posture_gate *g = gate_of(h);
	if (!some)
		return host_none(h, NO_PROVIDER);
	if (h->opt->org)
		(void)org_providers(h->opt->org, &n);
	if (g && g->providers >= 0 && (size_t)g->providers < n)
		host_found(h, NULL, "the organisation file names %zu providers, the gate knows %lld", n, (long long)g->providers);
	else if (g && g->providers == 0)
		host_found(h, NULL, "there are accounts of providers, and the gate knows no provider");
	return host_verdict(h, "the gate knows the providers", "a provider is there that the gate does not know");
}

enum posture_result check_pro_factor(struct posture_host *h)
{
	bool some = host_has_provider(h);
	const struct posture_gate *g = gate_of(h);
	if (!some)
		return host_none(h, NO_PROVIDER);
	if (g && (g->persons < 0 || g->persons_with_factor < 0))
		host_unsure(h, "how many people have a second factor is not known");
	else if (g && g->persons_with_factor < g->persons)
		host_found(h, NULL, "%lld of %lld people of providers have no second factor", (long long)(g->persons - g->persons_with_factor), (long long)g->persons);
	return host_verdict(h, "everybody of a provider has a second factor", "somebody of a provider has only a key");
}

enum posture_result check_pro_grants(struct posture_host *h)
{
	bool some = host_has_provider(h);
	const struct posture_gate *g = gate_of(h);
	if (!some)
		return host_none(h, NO_PROVIDER);
	if (g && g->grants_without_end < 0)
		host_unsure(h, "which grants are open is not known");
	else if (g && g->grants_without_end)
		host_found(h, NULL, "%lld open grants last more than a week without hours, or more than 30 days", (long long)g->grants_without_end);
	return host_verdict(h, "grants end, and have hours", "a grant is a standing right");
}

static bool job_on(struct posture_host *h, const char *name, bool *off)
{
	for (size_t i = 0; i < h->s->njobs; i++) {
		const struct snap_job *j = &h->s->jobs[i];
		if (!slice_has(j->name, slice_of(name)))
			continue;
		*off = j->enabled == SNAP_NO;
		if (j->enabled == SNAP_UNKNOWN)
			host_unsure(h, "job: whether %s is enabled cannot be told", name);
		return true;
	}
	return false;
}

enum posture_result check_pro_service(struct posture_host *h)
{
	bool off = false;
	bool some = host_has_covered(h);
	host_reads(h, "job");
	if (!some)
		return host_none(h, "no account is a provider's");
	bool there = job_on(h, "postern-gate", &off);
	if (!there && !h->unsure.n)
		host_found(h, NULL, "there is no service postern-gate");
	else if (there && off)
		host_found(h, NULL, "the service postern-gate is not enabled");
	return host_verdict(h, "the gate starts with the machine", "after the next start nobody asks the gate: providers are locked out, and somebody will open a way beside it");
}

enum posture_result check_pro_person(struct posture_host *h)
{
	if (!host_has_covered(h))
		return host_none(h, "no account is a provider's");
	if (!h->opt->org)
		host_unsure(h, "without an organisation file nobody says who is behind an account (--org)");
	for (size_t i = 0; h->opt->org && i < h->covered.n; i++) {
		const struct snap_account *a = host_account(h, h->covered.v[i]);
		const struct org_person *p = org_person_by_account(h->opt->org, h->covered.v[i]);
		if (a && (!p || !p->provider))
			host_found(h, &a->at, "whose %.*s is, no organisation file says", SLFMT(a->name));
	}
	return host_verdict(h, "it is known which provider each account is for", "an account of group postern-provider belongs to nobody that is known");
}

enum posture_result check_pro_limits(struct posture_host *h)
{
	size_t n = 0;
	const struct org_provider *v = h->opt->org ? org_providers(h->opt->org, &n) : NULL;
	if (!h->opt->org)
		host_unsure(h, "there is no organisation file (--org)");
	if (!n)
		return host_none(h, NO_PROVIDER);
	for (size_t i = 0; i < n; i++)
		if (!v[i].nnetworks || !v[i].nwindows || !v[i].nhosts)
			host_found(h, NULL, "%.*s:%s%s%s", SLFMT(v[i].id), v[i].nnetworks ? "" : " no networks", v[i].nwindows ? "" : " no hours", v[i].nhosts ? "" : " no hosts");
	return host_verdict(h, "it is known from where, when and where to providers come", "what is unusual of a provider nobody can see, since nobody said what is usual");
}

enum posture_result check_pro_left(struct posture_host *h)
{
	if (!h->opt->org)
		host_unsure(h, "without an organisation file nobody says who belongs here (--org)");
	host_reads(h, "account");
	host_reads(h, "authorized_key");
	size_t staff = 0;
	if (h->opt->org)
		(void)org_staff(h->opt->org, &staff);
	if (h->opt->org && !staff)
		return host_none(h, "the organisation file names no staff");
	for (size_t i = 0; h->opt->org && i < h->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &h->s->authorized_keys[i];
		if (k->usable == SNAP_NO || !k->fingerprint.n || slice_eqz(k->account, "root") || org_service_account(h->opt->org, k->account))
			continue;
		if (!org_person_by_account(h->opt->org, k->account) && !org_person_by_key(h->opt->org, k->fingerprint))
			host_found(h, &k->at, "neither %.*s nor %.*s is anybody's", SLFMT(k->account), SLFMT(k->fingerprint));
	}
	return host_verdict(h, "every key is somebody's", "a key opens an account, and nobody knows whose it is");
}

enum posture_result check_pro_drill(struct posture_host *h)
{
	bool some = host_has_provider(h);
	const struct posture_gate *g = gate_of(h);
	if (!some)
		return host_none(h, NO_PROVIDER);
	if (g && g->emergency_drill <= 0)
		host_found(h, NULL, "no emergency grant was ever opened");
	else if (g && h->opt->now - g->emergency_drill > DRILL_DAYS * (int64_t)86400)
		host_found(h, NULL, "the last emergency grant was %lld days ago", (long long)(h->opt->now - g->emergency_drill) / 86400);
	return host_verdict(h, "the way in for emergencies was tried within half a year", "in an emergency nobody knows the way in, and a hole is made");
}

/* ---- the evidence itself ------------------------------------------------------------------------------------------------------------ */

enum posture_result check_evi_root(struct posture_host *h)
{
	if (h->s->as_root == SNAP_UNKNOWN)
		host_unsure(h, "who collected the snapshot is not known");
	else if (h->s->as_root == SNAP_NO)
		host_found(h, NULL, "the snapshot was collected without root's rights: %zu parts are missing", h->s->nmissing);
	return host_verdict(h, "the snapshot was collected with root's eyes", "what root alone can read was not looked at");
}

enum posture_result check_evi_age(struct posture_host *h)
{
	int64_t days = (h->opt->now - h->s->taken) / 86400;
	if (h->s->taken <= 0)
		host_unsure(h, "when the snapshot was taken is not known");
	else if (days > SNAPSHOT_DAYS)
		host_found(h, NULL, "the snapshot is %lld days old", (long long)days);
	else if (h->s->taken > h->opt->now + 86400)
		host_found(h, NULL, "the snapshot is from the future");
	return host_verdict(h, "the snapshot is new", "what is judged here is how it was");
}
