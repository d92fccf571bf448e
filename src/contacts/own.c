/* own.c - our own accounts: hours, programs, sites, kinds of files, recipients, what they ask for. */
#include "contacts/contacts_private.h"

#include <stdio.h>

#define USUAL_AFTER (7 * NS_DAY)
#define KNOWN_AFTER (21 * NS_DAY)
enum { KNOWN_MAILS = 12 /* fewer do not tell what is usual */, HOUR_TIMES = 2, STRANGERS_MOST = 5 };

struct count { nstime first; int64_t n; };

static int read_count(void *arg, const struct vault_row *r)
{
	struct count *k = arg;
	k->first = vault_time(r, 0);
	k->n = vault_int(r, 1);
	return 0;
}

/* How often it was seen, if it was usual at that time; 0 it was not. */
static int usual(struct contacts *c, const struct contact_mail *m, enum contact_trait t, struct slice value, int64_t *times, struct err *e)
{
	struct count k = {0};
	int rc = vault_run(c->vault, "SELECT first,count FROM contact_trait WHERE address=?1 AND kind=?2 AND value=?3 AND first<=?4", read_count, &k, e, "sist", m->from, (int64_t)t, value,
		m->date - USUAL_AFTER);
	*times = k.n;
	return rc;
}

/* The first of a list that is not usual: *odd, n how many. */
static int first_odd(struct contacts *c, const struct contact_mail *m, enum contact_trait t, const struct slice *v, size_t n, struct slice *odd, size_t *odds, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		int64_t times = 0;
		rc = usual(c, m, t, v[i], &times, e);
		if (rc || times)
			continue;
		if (!(*odds)++)
			*odd = v[i];
	}
	return rc;
}

static struct slice hour_name(int hour, char text[static 16])
{
	return slice_make(text, (size_t)snprintf(text, 16, "%02d", (hour + 24) % 24));
}

/* With the hours beside it. Once is no habit. */
static int odd_hour(struct contacts *c, const struct contact_mail *m, bool *odd, struct err *e)
{
	int rc = 0;
	char text[16];
	int64_t all = 0, times = 0;
	for (int h = m->hour - 1; h <= m->hour + 1 && !rc; h++, all += times)
		rc = usual(c, m, TRAIT_HOUR, hour_name(h, text), &times, e);
	*odd = m->hour >= 0 && all < HOUR_TIMES;
	return rc;
}

struct odd { bool hour; size_t program, sites, kinds, recipients, asks; struct slice site, kind, recipient, ask, is_program; };

/* Signs that are each usual in honest mail: a thing that could harm, sent in a way that is new. */
static void tell(const struct contact_mail *m, const struct odd *o, const struct count *k, struct contact_signs *out)
{
	bool brings = m->nsites || m->nkinds, new_thing = o->sites || o->kinds, way = o->hour || o->program || o->asks;
	if (!(brings && o->recipients > STRANGERS_MOST) && !(new_thing && way))
		return;
	struct buf b = {0};
	char day[40];
	if (o->sites)
		buf_addf(&b, "a link to %.*s, ", SLFMT(slice_to(o->site, 80)));
	if (o->kinds)
		buf_addf(&b, "a file of type %.*s, ", SLFMT(slice_to(o->kind, 40)));
	if (o->hour)
		buf_addf(&b, "the hour (%02d), ", m->hour);
	if (o->program)
		buf_addf(&b, "the program (%.*s), ", SLFMT(slice_to(o->is_program, 40)));
	if (o->asks)
		buf_addf(&b, "what it asks (%.*s), ", SLFMT(slice_to(o->ask, 40)));
	if (o->recipients > STRANGERS_MOST)
		buf_addf(&b, "%zu recipients, ", o->recipients);
	snprintf(out->unusual, sizeof out->unusual, "new for %.*s: %.*sin %lld messages since %.10s", SLFMT(slice_to(m->from, 90)), SLFMT(buf_slice(&b)), (long long)k->n, time_rfc3339(k->first, day));
	buf_free(&b);
}

int own_judge(struct contacts *c, const struct contact_mail *m, struct contact_signs *out, struct err *e)
{
	struct count k = {0};
	struct odd o = {0};
	int rc = vault_run(c->vault, "SELECT first,count FROM contact_own WHERE address=?1", read_count, &k, e, "s", m->from);
	if (rc || k.n < KNOWN_MAILS || m->date - k.first < KNOWN_AFTER)
		return rc;
	rc = odd_hour(c, m, &o.hour, e);
	if (!rc)
		rc = first_odd(c, m, TRAIT_PROGRAM, &m->program, m->program.n > 0 /* telephones name none */, &o.is_program, &o.program, e);
	if (!rc)
		rc = first_odd(c, m, TRAIT_SITE, m->sites, m->nsites, &o.site, &o.sites, e);
	if (!rc)
		rc = first_odd(c, m, TRAIT_KIND, m->kinds, m->nkinds, &o.kind, &o.kinds, e);
	if (!rc)
		rc = first_odd(c, m, TRAIT_RECIPIENT, m->to, m->nto, &o.recipient, &o.recipients, e);
	if (!rc)
		rc = first_odd(c, m, TRAIT_ASK, m->asks, m->nasks, &o.ask, &o.asks, e);
	if (!rc)
		tell(m, &o, &k, out);
	return rc;
}

static int learn(struct contacts *c, const struct contact_mail *m, enum contact_trait t, const struct slice *v, size_t n, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++)
		rc = vault_run(c->vault,
			"INSERT INTO contact_trait(address,kind,value,first,last,count) VALUES(?1,?2,?3,?4,?4,1) "
			"ON CONFLICT(address,kind,value) DO UPDATE SET first=min(first,excluded.first),last=max(last,excluded.last),count=count+1",
			NULL, NULL, e, "sist", m->from, (int64_t)t, slice_to(v[i], 200), m->date);
	return rc;
}

int own_learn(struct contacts *c, const struct contact_mail *m, struct err *e)
{
	char text[16];
	struct slice hour = hour_name(m->hour, text);
	const struct { const struct slice *v; size_t n; } rows[TRAIT_COUNT] = {
		[TRAIT_HOUR] = {&hour, m->hour >= 0}, [TRAIT_PROGRAM] = {&m->program, m->program.n > 0}, [TRAIT_SITE] = {m->sites, m->nsites}, [TRAIT_KIND] = {m->kinds, m->nkinds},
		[TRAIT_RECIPIENT] = {m->to, m->nto}, [TRAIT_ASK] = {m->asks, m->nasks},
	};
	int rc = 0;
	for (int t = 0; t < TRAIT_COUNT && !rc; t++)
		rc = learn(c, m, (enum contact_trait)t, rows[t].v, rows[t].n, e);
	return rc ? rc : vault_run(c->vault, "INSERT INTO contact_own(address,first,last,count) VALUES(?1,?2,?2,1) "
		"ON CONFLICT(address) DO UPDATE SET first=min(first,excluded.first),last=max(last,excluded.last),count=count+1", NULL, NULL, e, "st", m->from, m->date);
}
