/* checks_education.c - do people know what an attack on them looks like, and what is asked of them? */
#include "posture/checks.h"

enum { TAUGHT_PERCENT = 90 };

static const struct posture_gate *taught_of(struct posture_host *h)
{
	const struct posture_gate *g = h->opt->gate;
	if (g && g->lessons_known >= 0)
		return g;
	host_unsure(h, "what was taught is not in the state");
	return NULL;
}

enum posture_result check_edu_lessons(struct posture_host *h)
{
	const struct posture_gate *g = taught_of(h);
	if (g && !g->lessons_known)
		host_found(h, NULL, "there are no lessons");
	return host_verdict(h, "there are lessons", "nobody has learnt what the two attacks look like");
}

enum posture_result check_edu_staff(struct posture_host *h)
{
	const struct posture_gate *g = taught_of(h);
	if (g && (g->staff <= 0 || g->staff_taught < 0))
		host_unsure(h, "who is to be taught is not known: the organisation file names no staff");
	else if (g && g->staff_taught * 100 < g->staff * TAUGHT_PERCENT)
		host_found(h, NULL, "%lld of %lld people have passed a lesson", (long long)g->staff_taught, (long long)g->staff);
	return host_verdict(h, "nine of ten people have passed a lesson", "an approach by mail or chat meets people who were never told");
}

enum posture_result check_edu_contacts(struct posture_host *h)
{
	size_t n = 0, without = 0;
	const struct org_person *v = h->opt->org ? org_staff(h->opt->org, &n) : NULL;
	if (!h->opt->org)
		host_unsure(h, "there is no organisation file (--org)");
	else if (!n)
		host_found(h, NULL, "the organisation file names no staff");
	for (size_t i = 0; i < n; i++)
		without += v[i].mail.n == 0;
	if (without)
		host_found(h, NULL, "%zu of %zu people have no mail address in the organisation file", without, n);
	return host_verdict(h, "everybody can be told, and mail in their name can be seen", "mail in the name of somebody here cannot be told from theirs");
}

enum posture_result check_edu_manager(struct posture_host *h)
{
	size_t n = 0;
	const struct org_person *v = h->opt->org ? org_staff(h->opt->org, &n) : NULL;
	if (!h->opt->org)
		host_unsure(h, "there is no organisation file (--org)");
	bool has = false;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].nroles; k++)
			has |= slice_ihas(v[i].roles[k], SL("security"));
	if (!has && h->opt->org)
		host_found(h, NULL, "nobody in the organisation file has a role with \"security\" in it");
	return host_verdict(h, "it is known who the security manager is", "whoever says to be the security manager is believed: nobody says who is");
}
