/* throttle.c - how long somebody has to wait after wrong codes.
 *
 * Two counts: of a person and a network, and of a person and all networks from which that person never had success. A try from a known
 * network waits for the first only, one of a stranger for both. A try that has to wait counts for nothing, so that nobody is held off for
 * longer than the delay, however often he is tried for. */
#include "factor/factor_private.h"

#include <stdio.h>

enum { FREE_TRIES = 3, ROWS_MAX = 1000, KNOWN_MAX = 32 };
#define DELAY_FIRST (5 * NS_SEC)
#define DELAY_MAX (15 * NS_MIN)
#define FORGET_AFTER NS_DAY          /* quiet for so long: counted from the start again */
#define KNOWN_FOR (180 * NS_DAY)     /* a network without success for so long is a stranger's */

nstime factor_delay(int64_t failures)
{
	nstime d = DELAY_FIRST;
	if (failures < FREE_TRIES)
		return 0;
	for (int64_t i = FREE_TRIES; i < failures && d < DELAY_MAX; i++)
		d *= 2;
	return MIN(d, DELAY_MAX);
}

static struct slice network_of(struct slice source, char out[static SOURCE_MAX])
{
	struct ip ip;
	char text[48];
	if (ip_parse(source, &ip)) {
		struct cidr c = ip_network(&ip);
		snprintf(out, SOURCE_MAX, "%s/%u", ip_text(&c.net, text), ip_is_v4(&ip) ? c.bits - 96 : c.bits);
	} else {
		snprintf(out, SOURCE_MAX, "=%.*s", SLFMT(slice_to(source, SOURCE_MAX - 2)));
	}
	return slice_of(out);
}

struct taking {
	struct throttle *t;
	nstime now;
};

static int take_counts(void *arg, const struct vault_row *r)
{
	struct taking *x = arg;
	bool own = vault_text(r, 0).n > 0;
	if (x->now - vault_int(r, 3) > FORGET_AFTER)
		return 0;
	*(own ? &x->t->own : &x->t->all) = MAX(vault_int(r, 1), 0);
	*(own ? &x->t->own_until : &x->t->all_until) = vault_int(r, 2);
	return 0;
}

static int take_known(void *arg, const struct vault_row *r)
{
	struct taking *x = arg;
	x->t->known = x->now - vault_int(r, 0) <= KNOWN_FOR;
	return 0;
}

int factor_throttle_get(struct vault *v, struct slice person, struct slice source, nstime now, struct throttle *t, struct err *e)
{
	struct taking x = {t, now};
	*t = (struct throttle){0};
	t->net = network_of(source, t->network);
	int rc = vault_run(v, "SELECT network,failures,until,last FROM factor_throttle WHERE person=?1 AND network IN ('',?2)", take_counts, &x, e, "bs", person, t->net);
	return rc ? rc : vault_run(v, "SELECT last FROM factor_network WHERE person=?1 AND network=?2", take_known, &x, e, "bs", person, t->net);
}

nstime factor_throttle_wait(const struct throttle *t, nstime now)
{
	nstime until = t->known ? t->own_until : MAX(t->own_until, t->all_until);
	return until > now ? until - now : 0;
}

static int put(struct vault *v, struct slice person, struct slice class, struct slice network, int64_t failures, nstime now, struct err *e)
{
	return vault_run(v,
		"INSERT INTO factor_throttle(class,person,network,failures,until,last) VALUES(?1,?2,?3,?4,?5,?6)"
		" ON CONFLICT(person,network) DO UPDATE SET class=?1,failures=?4,until=?5,last=?6",
		NULL, NULL, e, "bbsiii", class, person, network, failures, (int64_t)(now + factor_delay(failures)), (int64_t)now);
}

int factor_throttle_bad(struct vault *v, struct slice person, bool enrolled, struct throttle *t, nstime now, struct err *e)
{
	struct slice class = enrolled ? person : SL("?"); /* names that nobody has must not fill the file */
	bool fresh = t->own == 0;
	int rc = put(v, person, class, t->net, ++t->own, now, e);
	if (!rc && !t->known)
		rc = put(v, person, class, SLICE_NONE, ++t->all, now, e);
	if (!rc && fresh)
		rc = vault_run(v, "DELETE FROM factor_throttle WHERE id IN (SELECT id FROM factor_throttle WHERE class=?1 ORDER BY last DESC,id DESC LIMIT -1 OFFSET ?2)",
			NULL, NULL, e, "bi", class, (int64_t)ROWS_MAX);
	return rc;
}

/* The count of all strangers stays: the right person's success says nothing about them. */
int factor_throttle_good(struct vault *v, struct slice person, const struct throttle *t, nstime now, struct err *e)
{
	int rc = vault_run(v, "DELETE FROM factor_throttle WHERE person=?1 AND network=?2", NULL, NULL, e, "bs", person, t->net);
	if (!rc)
		rc = vault_run(v, "INSERT INTO factor_network(person,network,last) VALUES(?1,?2,?3) ON CONFLICT(person,network) DO UPDATE SET last=?3", NULL, NULL, e, "bsi",
			person, t->net, (int64_t)now);
	if (!rc && !t->known)
		rc = vault_run(v,
			"DELETE FROM factor_network WHERE person=?1 AND network IN (SELECT network FROM factor_network WHERE person=?1 ORDER BY last DESC LIMIT -1 OFFSET ?2)",
			NULL, NULL, e, "bi", person, (int64_t)KNOWN_MAX);
	return rc;
}
