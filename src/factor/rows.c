/* rows.c - the tables of the second factor. */
#include "factor/factor_private.h"

int factor_tables(struct vault *v, struct err *e)
{
	static const char *const steps[] = {
		"CREATE TABLE factor_seed(person BLOB PRIMARY KEY, confirmed INTEGER NOT NULL, hash INTEGER NOT NULL, digits INTEGER NOT NULL,"
		" period INTEGER NOT NULL, box BLOB NOT NULL, used INTEGER NOT NULL, drift INTEGER NOT NULL, salt BLOB NOT NULL, since INTEGER,"
		" last_good INTEGER, last_bad INTEGER, failures INTEGER NOT NULL) WITHOUT ROWID;"
		"CREATE TABLE factor_recovery(person BLOB NOT NULL, hash BLOB NOT NULL, used INTEGER, PRIMARY KEY(person,hash)) WITHOUT ROWID;"
		/* class: the person, or one for all who are nobody; network '': of all strangers together */
		"CREATE TABLE factor_throttle(id INTEGER PRIMARY KEY, class BLOB NOT NULL, person BLOB NOT NULL, network TEXT NOT NULL, failures INTEGER NOT NULL,"
		" until INTEGER NOT NULL, last INTEGER NOT NULL, UNIQUE(person,network));"
		"CREATE INDEX factor_throttle_last ON factor_throttle(class,last);"
		"CREATE TABLE factor_network(person BLOB NOT NULL, network TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY(person,network)) WITHOUT ROWID;"
		"CREATE TABLE factor_clock(id INTEGER PRIMARY KEY CHECK(id=1), seen INTEGER NOT NULL);",
	};
	return vault_tables(v, "factor", steps, ARRAY_LEN(steps), e);
}

static bool in(int64_t n, int64_t low, int64_t high)
{
	return n >= low && n <= high;
}

/* What is read back may have been written by anything. */
static int take_seed(void *arg, const struct vault_row *r)
{
	struct seed *s = arg;
	struct slice box = vault_text(r, 4), salt = vault_text(r, 7);
	int64_t confirmed = vault_int(r, 0), hash = vault_int(r, 1), digits = vault_int(r, 2), period = vault_int(r, 3);
	*s = (struct seed){.used = vault_int(r, 5), .drift = vault_int(r, 6), .since = vault_time(r, 8), .last_good = vault_time(r, 9), .last_bad = vault_time(r, 10),
		.failures = vault_int(r, 11),
		.recovery_left = (unsigned)vault_int(r, 12), .last_recovery = vault_time(r, 13), .confirmed = confirmed == 1};
	if (!in(hash, 0, FACTOR_SHA512) || !in(digits, 0, 99) || !in(period, 0, 9999) || !in(confirmed, 0, 1) || !in(s->drift, -DRIFT_MAX, DRIFT_MAX) || s->used < -1 ||
		s->failures < 0 || box.n <= NONCE_BYTES || box.n > BOX_MAX || (salt.n && salt.n != sizeof s->salt))
		return ERR_TYPE;
	s->kind = (struct factor_kind){.hash = (enum factor_hash)hash, .digits = (unsigned)digits, .period = (unsigned)period};
	if (!factor_kind_fine(&s->kind))
		return ERR_TYPE;
	memcpy(s->box, box.p, s->nbox = box.n);
	s->has_salt = salt.n > 0;
	if (s->has_salt)
		memcpy(s->salt, salt.p, salt.n);
	s->found = true;
	return 0;
}

int factor_seed_get(struct vault *v, struct slice person, struct seed *out, struct err *e)
{
	*out = (struct seed){0};
	int rc = vault_run(v,
		"SELECT confirmed,hash,digits,period,box,used,drift,salt,since,last_good,last_bad,failures,"
		" (SELECT count(*) FROM factor_recovery r WHERE r.person=s.person AND r.used IS NULL),"
		" (SELECT max(used) FROM factor_recovery r WHERE r.person=s.person) FROM factor_seed s WHERE person=?1",
		take_seed, out, e, "b", person);
	return rc == ERR_TYPE ? err_set(e, rc, "the record of a second factor is damaged") : rc;
}

int factor_seed_put(struct vault *v, struct slice person, const struct seed *s, struct err *e)
{
	return vault_run(v,
		"INSERT INTO factor_seed(person,confirmed,hash,digits,period,box,used,drift,salt,since,last_good,last_bad,failures)"
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) ON CONFLICT(person) DO UPDATE SET confirmed=?2,hash=?3,digits=?4,period=?5,box=?6,used=?7,"
		"drift=?8,salt=?9,since=?10,last_good=?11,last_bad=?12,failures=?13",
		NULL, NULL, e, "biiiibiibttti", person, (int64_t)s->confirmed, (int64_t)s->kind.hash, (int64_t)s->kind.digits, (int64_t)s->kind.period,
		slice_make((const char *)s->box, s->nbox), s->used, s->drift, slice_make((const char *)s->salt, s->has_salt ? sizeof s->salt : 0), s->since, s->last_good,
		s->last_bad, s->failures);
}

static int take_number(void *arg, const struct vault_row *r)
{
	*(nstime *)arg = vault_time(r, 0);
	return 0;
}

int factor_clock_check(struct vault *v, nstime now, struct err *e)
{
	nstime seen = NSTIME_NONE;
	int rc = vault_run(v, "SELECT seen FROM factor_clock WHERE id=1", take_number, &seen, e, "");
	if (!rc && seen != NSTIME_NONE && now < seen - CLOCK_SLACK)
		return err_set(e, ERR_STOPPED, "the clock went back by %lld s", (long long)((seen - now) / NS_SEC));
	return rc ? rc
		  : vault_run(v, "INSERT INTO factor_clock(id,seen) VALUES(1,?1) ON CONFLICT(id) DO UPDATE SET seen=max(seen,?1)", NULL, NULL, e, "i", (int64_t)now);
}
