/* provider.c - outside companies' people where, when or from where they were not declared to be. */
#include "detect/detect_private.h"

static const enum action wants[] = {ACT_LOGIN, ACT_NONE};
static const char *const techniques[] = {"T1199", "T1078", NULL};

static void event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct actor a UNINIT;
	if (!login_to_host(d, e, true))
		return;
	detect_actor(d, e, &a);
	if (!a.provider)
		return;
	const struct org *org = detect_org(d);
	/* a loopback address is a tunnel's end: tunnel.c tells of it */
	bool bad_net = a.has_ip && !ip_is_loopback(&a.ip) && !org_provider_network(a.provider, &a.ip);
	bool bad_host = !org_provider_may_host(a.provider, org, a.host);
	bool bad_hour = !org_provider_hours(a.provider, org, e->time);
	/* between hosts of ours the address is ours: the host rule judges the hop */
	const struct org_host *from = a.has_ip ? org_host_by_ip(org, &a.ip) : NULL;
	if (from && org_provider_may_host(a.provider, org, from->name))
		bad_net = false;
	if (!bad_net && !bad_host && !bad_hour)
		return;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.account);
	key_add(&k, a.host);
	bool fresh;
	struct finding *f = detect_open(d, &detector_provider, key_slice(&k), 4 * NS_DAY, e->time, &fresh);
	if (fresh) {
		f->level = bad_net || bad_host ? LEVEL_HIGH : LEVEL_MEDIUM;
		if (bad_host)
			f->stage = STAGE_MOVED;
		finding_printf(f, &f->title, "Provider login outside what was agreed: %s on %.*s from %.*s", actor_text(d, &a), SLFMT(a.host), SLFMT(a.source));
		finding_printf(f, &f->text, "%.*s is declared in org.yaml for certain networks, hosts and hours. This login was%s%s%s.", SLFMT(a.provider->name),
			bad_net ? " from a network that is not theirs" : "", bad_host ? (bad_net ? ", on a host they do not maintain" : " on a host they do not maintain") : "",
			bad_hour ? (bad_net || bad_host ? ", outside their hours" : " outside their hours") : "");
	}
	finding_actor(f, &a);
	finding_raise(f, bad_net || bad_host ? LEVEL_HIGH : LEVEL_MEDIUM);
	finding_evidence(f, e);
}

const struct detector detector_provider = {
	.info = {"postern.provider-policy", "Provider outside its agreed hosts, networks or hours", LEVEL_HIGH, STAGE_ENTRY, techniques,
		"A login of a provider's person (by account or key) on a host, from a network, or at an hour that org.yaml does not list.",
		"An emergency visit nobody wrote down; a provider that changed its address. Put it into org.yaml."},
	.wants = wants, .event = event,
};
