/* accounts_login.c - passwords and second factors are checked here, and who guesses has to wait: never for good, and longest where it guesses from.
 *
 * Counts of failures: of a name from a network; of a name from all networks it was never logged in from; of a network, whatever the names. A try that has to wait is not
 * looked at and counts for nothing, so that nobody can be held off by who tries for him for longer than the delay. */
#include "console/accounts.h"

#include <sodium.h>
#include <stdio.h>

enum { FREE_OWN = 4, FREE_ALL = 12, FREE_NETWORK = 40, ROWS_MOST = 5000, KNOWN_MOST = 32 };
#define DELAY_FIRST (5 * NS_SEC)
#define DELAY_MOST (15 * NS_MIN)
#define FORGET_AFTER NS_DAY
#define KNOWN_FOR (180 * NS_DAY)

struct throttle {
	char who[NAME_MOST + 20], network[64];
	bool real;                /* somebody's name */
	bool known;               /* the user had success from there */
	struct { int64_t failures, until; } own, all, net;
};

static nstime delay(int64_t failures, int64_t free)
{
	nstime d = DELAY_FIRST;
	if (failures < free)
		return 0;
	for (int64_t i = free; i < failures && d < DELAY_MOST; i++)
		d *= 2;
	return MIN(d, DELAY_MOST);
}

static void network_of(struct slice source, char *out, size_t n)
{
	struct ip ip;
	char text[48];
	if (!ip_parse(source, &ip)) {
		snprintf(out, n, "?");
		return;
	}
	struct cidr c = ip_network(&ip);
	if (ip_is_v4(&ip)) /* an office shares one address: a network of them would hold off its neighbours */
		snprintf(out, n, "%s", ip_text(&ip, text));
	else
		snprintf(out, n, "%s/%u", ip_text(&c.net, text), c.bits);
}

struct taking {
	struct throttle *t;
	nstime now;
};

static int take_counts(void *arg, const struct vault_row *r)
{
	struct taking *x = arg;
	if (x->now - vault_int(r, 4) > FORGET_AFTER)
		return 0;
	bool net = vault_text(r, 0).n == 0, all = vault_text(r, 1).n == 0;
	int64_t failures = MAX(vault_int(r, 2), 0), until = vault_int(r, 3);
	if (net)
		x->t->net.failures = failures, x->t->net.until = until;
	else if (all)
		x->t->all.failures = failures, x->t->all.until = until;
	else
		x->t->own.failures = failures, x->t->own.until = until;
	return 0;
}

static int take_known(void *arg, const struct vault_row *r)
{
	struct taking *x = arg;
	x->t->known = x->now - vault_int(r, 0) <= KNOWN_FOR;
	return 0;
}

static int look(struct console_accounts *c, const struct login *l, bool real, struct throttle *t, struct err *e)
{
	struct taking x = {t, l->now};
	*t = (struct throttle){.real = real};
	network_of(l->source, t->network, sizeof t->network);
	if (real)
		snprintf(t->who, sizeof t->who, "%.*s", SLFMT(slice_to(l->name, NAME_MOST)));
	else /* names that nobody has, of any length and number */
		snprintf(t->who, sizeof t->who, "?%016llx", (unsigned long long)hash_stable(HASH_STABLE_INIT, l->name.p, l->name.n));
	int rc = vault_run(c->vault, "SELECT who,network,failures,until,last FROM console_throttle WHERE (who=?1 AND network IN ('',?2)) OR (who='' AND network=?2)", take_counts, &x,
		e, "ss", slice_of(t->who), slice_of(t->network));
	return rc ? rc : vault_run(c->vault, "SELECT last FROM console_known WHERE name=?1 AND network=?2", take_known, &x, e, "ss", slice_of(t->who), slice_of(t->network));
}

static nstime must_wait(const struct throttle *t, nstime now)
{
	int64_t until = MAX(t->own.until, t->known ? 0 : MAX(t->all.until, t->net.until));
	return until > now && until - now <= DELAY_MOST ? until - now : 0; /* else the clock was set back: that keeps nobody out */
}

static int count(struct console_accounts *c, struct slice who, struct slice network, int64_t failures, int64_t free, nstime now, struct err *e)
{
	return vault_run(c->vault,
		"INSERT INTO console_throttle(who,network,failures,until,last) VALUES(?1,?2,?3,?4,?5) ON CONFLICT(who,network) DO UPDATE SET failures=?3, until=?4, last=?5", NULL,
		NULL, e, "ssiii", who, network, failures, (int64_t)(delay(failures, free) ? now + delay(failures, free) : 0), (int64_t)now);
}

static int was_wrong(struct console_accounts *c, struct throttle *t, nstime now, struct err *e)
{
	struct slice who = slice_of(t->who), network = slice_of(t->network);
	int rc = vault_begin(c->vault, e);
	if (rc)
		return rc;
	rc = count(c, who, network, t->own.failures + 1, FREE_OWN, now, e);
	if (!rc && !t->known)
		rc = count(c, who, SLICE_NONE, t->all.failures + 1, FREE_ALL, now, e);
	if (!rc)
		rc = count(c, SLICE_NONE, network, t->net.failures + 1, FREE_NETWORK, now, e);
	if (!rc && t->own.failures == 0)
		rc = vault_run(c->vault, "DELETE FROM console_throttle WHERE (who,network) IN (SELECT who,network FROM console_throttle ORDER BY last DESC LIMIT -1 OFFSET ?1)", NULL,
			NULL, e, "i", (int64_t)ROWS_MOST);
	if (!rc)
		return vault_commit(c->vault, e);
	vault_rollback(c->vault);
	return rc;
}

static int was_good(struct console_accounts *c, const struct throttle *t, nstime now, struct err *e)
{
	struct slice who = slice_of(t->who), network = slice_of(t->network);
	int rc = vault_run(c->vault, "DELETE FROM console_throttle WHERE who=?1 AND network=?2", NULL, NULL, e, "ss", who, network);
	if (!rc)
		rc = vault_run(c->vault, "INSERT INTO console_known(name,network,last) VALUES(?1,?2,?3) ON CONFLICT(name,network) DO UPDATE SET last=?3", NULL, NULL, e, "ssi", who,
			network, (int64_t)now);
	if (!rc && !t->known)
		rc = vault_run(c->vault, "DELETE FROM console_known WHERE name=?1 AND network NOT IN (SELECT network FROM console_known WHERE name=?1 ORDER BY last DESC LIMIT ?2)",
			NULL, NULL, e, "si", who, (int64_t)KNOWN_MOST);
	return rc;
}

/* ---- passwords -------------------------------------------------------------------------------------------------------------------------------------- */

struct hashed {
	char text[128];
	bool there;
};

static int take_hash(void *arg, const struct vault_row *r)
{
	struct hashed *h = arg;
	struct slice s = vault_text(r, 0);
	h->there = s.n > 0 && s.n < sizeof h->text;
	snprintf(h->text, sizeof h->text, "%.*s", SLFMT(slice_to(s, sizeof h->text - 1)));
	return 0;
}

/* Of nobody's password, with the costs of all others: what it is compared with when there is none. */
#define NOBODYS "$argon2id$v=19$m=65536,t=3,p=1$cG9zdGVybiBub2JvZHkhIQ$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static int check_password(struct console_accounts *c, const struct login *l, bool *good, struct err *e)
{
	struct hashed h = {.there = false};
	int rc = vault_run(c->vault, "SELECT hash FROM console_user WHERE name=?1 AND disabled=0", take_hash, &h, e, "s", slice_to(l->name, NAME_MOST + 1));
	if (rc)
		return rc;
	if (!h.there)
		snprintf(h.text, sizeof h.text, "%s", NOBODYS);
	struct slice p = slice_to(l->password, PASSWORD_MOST);
	*good = crypto_pwhash_argon2id_str_verify(h.text, p.n ? p.p : "", p.n) == 0 && h.there && l->password.n <= PASSWORD_MOST;
	sodium_memzero(&h, sizeof h);
	return 0;
}

static int is_somebody(struct console_accounts *c, struct slice name, bool *real, struct err *e)
{
	struct broker_who who;
	struct err none;
	int rc = accounts_name_fine(name) ? accounts_who(c, name, &who, &none) : ERR_NOENT;
	*real = rc == 0;
	return rc && rc != ERR_NOENT ? err_set(e, rc, "%s", none.text) : 0;
}

int accounts_factor_check(struct console_accounts *c, const struct login *l, enum login_end *end, nstime *wait, struct err *e)
{
	char person[80];
	*wait = 0;
	switch (factor_check(c->factor, accounts_person(l->name, person), l->source, l->code, l->now, wait, e)) {
	case FACTOR_GOOD: *end = LOGIN_GOOD; return 0;
	case FACTOR_RECOVERY: *end = LOGIN_RECOVERY; return 0;
	case FACTOR_THROTTLED: *end = LOGIN_WAIT; return 0;
	case FACTOR_FAULT: return e->code ? e->code : ERR_IO;
	default: *end = LOGIN_WRONG; return 0;
	}
}

static int check(struct console_accounts *c, const struct login *l, bool factor, enum login_end *end, nstime *wait, struct err *e)
{
	struct throttle t;
	struct broker_who who;
	bool real, good = false;
	*end = LOGIN_WRONG;
	int rc = is_somebody(c, l->name, &real, e);
	if (!rc)
		rc = look(c, l, real, &t, e);
	if (!rc && (*wait = must_wait(&t, l->now))) {
		*end = LOGIN_WAIT;
		return 0;
	}
	if (!rc)
		rc = check_password(c, l, &good, e);
	if (!rc && good)
		rc = accounts_who(c, l->name, &who, e);
	if (rc)
		return rc;
	if (good && factor && who.factor)
		rc = accounts_factor_check(c, l, end, wait, e);
	else
		*end = good ? LOGIN_GOOD : LOGIN_WRONG;
	if (!rc && *end == LOGIN_WRONG)
		rc = was_wrong(c, &t, l->now, e);
	else if (!rc && *end != LOGIN_WAIT)
		rc = was_good(c, &t, l->now, e);
	return rc;
}

int accounts_login(struct console_accounts *c, const struct login *l, enum login_end *end, nstime *wait, struct broker_who *who, struct err *e)
{
	*who = (struct broker_who){0};
	int rc = check(c, l, true, end, wait, e);
	return rc || *end == LOGIN_WRONG || *end == LOGIN_WAIT ? rc : accounts_who(c, l->name, who, e);
}

int accounts_password_check(struct console_accounts *c, const struct login *l, enum login_end *end, nstime *wait, struct err *e)
{
	return check(c, l, false, end, wait, e);
}

/* ---- invitations ------------------------------------------------------------------------------------------------------------------------------------ */

static int take_name(void *arg, const struct vault_row *r)
{
	snprintf(arg, NAME_MOST + 1, "%.*s", SLFMT(slice_to(vault_text(r, 0), NAME_MOST)));
	return 0;
}

struct invitation {
	struct slice word; /* its key */
	struct slice name;
	char hash[128];    /* of the new password: made before, since it takes long */
	accounts_note_fn *note;
	void *arg;
};

/* Used up, set and on record in one: a crash leaves nothing that is not on record. False in *used: somebody was faster. */
static int use_up(struct console_accounts *c, const struct invitation *x, bool *used, struct err *e)
{
	int rc = vault_begin(c->vault, e);
	if (rc)
		return rc;
	rc = vault_run(c->vault, "DELETE FROM console_invite WHERE word=?1", NULL, NULL, e, "b", x->word);
	*used = !rc && vault_changes(c->vault) == 1;
	if (*used)
		rc = accounts_hash_put(c, x->name, x->hash, e);
	if (!rc && *used)
		rc = x->note(x->arg, x->name, e);
	if (!rc)
		return vault_commit(c->vault, e);
	vault_rollback(c->vault);
	return rc;
}

int accounts_invited(struct console_accounts *c, const struct login *l, accounts_note_fn *note, void *arg, char name[static NAME_MOST + 1], enum login_end *end, nstime *wait,
	struct err *e)
{
	uint8_t key[KEY_HASH];
	struct throttle t;
	struct login as = *l;
	bool used = false;
	as.name = SL("/invite"); /* nobody's name */
	*name = 0;
	*end = LOGIN_WRONG;
	accounts_key(l->code, key);
	struct invitation x = {.word = slice_make((const char *)key, sizeof key), .note = note, .arg = arg};
	int rc = look(c, &as, false, &t, e);
	t.known = true; /* strangers who try words hold off themselves, not everybody who was invited */
	if (!rc && (*wait = must_wait(&t, l->now))) {
		*end = LOGIN_WAIT;
		return 0;
	}
	if (!rc)
		rc = vault_run(c->vault, "SELECT i.name FROM console_invite i JOIN console_user u ON u.name=i.name WHERE i.word=?1 AND i.until>?2 AND u.disabled=0", take_name, name, e, "bi",
			x.word, (int64_t)l->now);
	if (rc)
		return rc;
	if (!*name)
		return was_wrong(c, &t, l->now, e);
	x.name = slice_of(name);
	rc = accounts_password_fine(x.name, l->password, e); /* the word is used up only when it helped */
	if (!rc)
		rc = accounts_hash(l->password, x.hash, e);
	if (!rc)
		rc = use_up(c, &x, &used, e);
	if (!rc && used)
		*end = LOGIN_GOOD;
	return rc;
}
