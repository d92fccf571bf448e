/* model.c - the gate's tables, and the picture of them that decisions are made from. */
#include "gate/model_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const steps[] = {
	"CREATE TABLE gate_meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"INSERT INTO gate_meta(name,value) VALUES('changes',0),('seen',0);"
	"CREATE TABLE provider(id TEXT PRIMARY KEY, name TEXT NOT NULL, state INTEGER NOT NULL CHECK(state IN (0,1)), reason TEXT NOT NULL, until INTEGER) WITHOUT ROWID;"
	"CREATE TABLE person(id TEXT PRIMARY KEY, name TEXT NOT NULL, provider TEXT NOT NULL REFERENCES provider(id), state INTEGER NOT NULL CHECK(state IN (0,1)),"
	" reason TEXT NOT NULL, accounts TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE person_key(fingerprint TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES person(id), type TEXT NOT NULL, blob TEXT NOT NULL,"
	" certificate INTEGER NOT NULL, comment TEXT NOT NULL, added INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX person_key_person ON person_key(person);"
	"CREATE TABLE permit(id TEXT PRIMARY KEY, day INTEGER NOT NULL, number INTEGER NOT NULL, person TEXT REFERENCES person(id), provider TEXT REFERENCES provider(id),"
	" hosts TEXT NOT NULL, account TEXT NOT NULL, sources TEXT NOT NULL, start INTEGER NOT NULL, until INTEGER NOT NULL, windows TEXT NOT NULL, zone TEXT NOT NULL,"
	" may INTEGER NOT NULL, commands TEXT NOT NULL, factor INTEGER NOT NULL, record INTEGER NOT NULL, emergency INTEGER NOT NULL,"
	" state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 3), requester TEXT NOT NULL, approver TEXT NOT NULL, approved TEXT NOT NULL," /* digest */
	" purpose TEXT NOT NULL, ticket TEXT NOT NULL, version INTEGER NOT NULL, created INTEGER NOT NULL, decided INTEGER, reason TEXT NOT NULL,"
	" wanted INTEGER, wanter TEXT NOT NULL, boot INTEGER, boot_id TEXT NOT NULL,"
	" CHECK((person IS NULL)<>(provider IS NULL)), CHECK(start<until), UNIQUE(day,number)) WITHOUT ROWID;"
	/* what was said about each, one after the other */
	"CREATE TABLE permit_word(id INTEGER PRIMARY KEY, permit TEXT NOT NULL REFERENCES permit(id), version INTEGER NOT NULL, time INTEGER NOT NULL, who TEXT NOT NULL,"
	" what TEXT NOT NULL, reason TEXT NOT NULL, digest TEXT NOT NULL);"
	"CREATE INDEX permit_word_permit ON permit_word(permit);",
};

int gate_tables(struct vault *v, struct err *e)
{
	return vault_tables(v, "gate", steps, ARRAY_LEN(steps), e);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

struct loading {
	struct gate_policy *p;
	struct err *e;
	struct { struct gate_provider *v; size_t n, cap; } providers;
	struct { struct gate_person *v; size_t n, cap; } persons;
	struct { struct gate_key *v; size_t n, cap; } keys; /* of the person that is read */
	struct { struct gate_grant *v; size_t n, cap; } grants;
	struct { struct zone **v; size_t n, cap; } zones;
	struct vault *vault;
};

static int read_provider(void *arg, const struct vault_row *r)
{
	struct loading *l = arg;
	struct arena *mem = &l->p->mem;
	*vec_push(&l->providers) = (struct gate_provider){.id = slice_dup(mem, vault_text(r, 0)), .name = slice_dup(mem, vault_text(r, 1)),
		.state = vault_int(r, 2) ? GATE_SUSPENDED : GATE_ACTIVE, .reason = slice_dup(mem, vault_text(r, 3)), .until = vault_time(r, 4)};
	return 0;
}

static int read_key(void *arg, const struct vault_row *r)
{
	struct loading *l = arg;
	struct arena *mem = &l->p->mem;
	struct gate_key k = {.fingerprint = slice_dup(mem, vault_text(r, 0)), .type = slice_dup(mem, vault_text(r, 1)), .blob = slice_dup(mem, vault_text(r, 2)),
		.certificate = vault_int(r, 3) != 0, .comment = slice_dup(mem, vault_text(r, 4))};
	k.hardware = slice_starts(k.type, SL("sk-"));
	*vec_push(&l->keys) = k;
	return 0;
}

static int read_person(void *arg, const struct vault_row *r)
{
	struct loading *l = arg;
	struct arena *mem = &l->p->mem;
	struct gate_person x = {.id = slice_dup(mem, vault_text(r, 0)), .name = slice_dup(mem, vault_text(r, 1)), .provider = slice_dup(mem, vault_text(r, 2)),
		.state = vault_int(r, 3) ? GATE_SUSPENDED : GATE_ACTIVE, .reason = slice_dup(mem, vault_text(r, 4))};
	if (gate_texts_in(vault_text(r, 5), mem, &x.accounts, &x.naccounts))
		return err_set(l->e, ERR_SYNTAX, "person %.*s cannot be read", SLFMT(x.id));
	l->keys.n = 0;
	int rc = vault_run(l->vault, "SELECT fingerprint,type,blob,certificate,comment FROM person_key WHERE person=?1 ORDER BY added,fingerprint", read_key, l, l->e, "s", x.id);
	if (rc)
		return rc;
	x.nkeys = l->keys.n;
	x.keys = arena_alloc(mem, (x.nkeys + 1) * sizeof *x.keys);
	for (size_t i = 0; i < x.nkeys; i++)
		x.keys[i] = l->keys.v[i];
	*vec_push(&l->persons) = x;
	return 0;
}

static void boot_id(char out[static 40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, 39);
	out[MAX(n, 0)] = 0;
	char *end = strchr(out, '\n');
	if (end)
		*end = 0;
	if (fd >= 0)
		close(fd);
}

struct reading {
	struct arena *mem;
	gate_grant_fn *fn;
	void *arg;
	struct err *e;
	char boot[40];
};

static int read_grant(void *arg, const struct vault_row *r)
{
	struct reading *l = arg;
	struct gate_grant x = {.id = slice_dup(l->mem, vault_text(r, 0)), .person = slice_dup(l->mem, vault_text(r, 1)), .provider = slice_dup(l->mem, vault_text(r, 2)),
		.account = slice_dup(l->mem, vault_text(r, 4)), .from = vault_int(r, 6), .until = vault_int(r, 7), .zone = slice_dup(l->mem, vault_text(r, 9)),
		.may = (unsigned)vault_int(r, 10), .factor = vault_int(r, 12) != 0, .record = vault_int(r, 13) != 0, .emergency = vault_int(r, 14) != 0,
		.state = (enum gate_grant_state)vault_int(r, 15), .requester = slice_dup(l->mem, vault_text(r, 16)), .approver = slice_dup(l->mem, vault_text(r, 17)),
		.purpose = slice_dup(l->mem, vault_text(r, 19)), .ticket = slice_dup(l->mem, vault_text(r, 20)), .version = vault_int(r, 21), .created = vault_int(r, 22),
		.decided = vault_time(r, 23), .reason = slice_dup(l->mem, vault_text(r, 24)), .wanted = vault_time(r, 25), .wanter = slice_dup(l->mem, vault_text(r, 26)),
		.boot_until = slice_eqz(vault_text(r, 28), l->boot) ? vault_time(r, 27) : NSTIME_NONE};
	char digest[2 * CHAIN_HASH + 1];
	if (gate_texts_in(vault_text(r, 3), l->mem, &x.hosts, &x.nhosts) || gate_sources_in(vault_text(r, 5), l->mem, &x.sources, &x.nsources) ||
		gate_windows_in(vault_text(r, 8), l->mem, &x.windows, &x.nwindows) || gate_texts_in(vault_text(r, 11), l->mem, &x.commands, &x.ncommands))
		return err_set(l->e, ERR_SYNTAX, "grant %.*s cannot be read: nothing is believed", SLFMT(x.id));
	gate_grant_digest(&x, digest);
	x.changed = (x.state == GRANT_APPROVED || x.state == GRANT_REVOKED) && vault_text(r, 18).n && !slice_eqz(vault_text(r, 18), digest);
	if (x.state == GRANT_APPROVED && !slice_eqz(vault_text(r, 18), digest)) { /* another one was approved */
		x.changed = true;
		x.state = GRANT_REQUESTED;
	}
	return l->fn(l->arg, &x);
}

int gate_grants_read(struct vault *v, struct slice id, struct arena *mem, gate_grant_fn *fn, void *arg, struct err *e)
{
	struct reading l = {mem, fn, arg, e, ""};
	boot_id(l.boot);
	return vault_run(v, "SELECT id,person,provider,hosts,account,sources,start,until,windows,zone,may,commands,factor,record,emergency,state,requester,approver,approved,"
			"purpose,ticket,version,created,decided,reason,wanted,wanter,boot,boot_id FROM permit WHERE ?1='' OR id=?1 ORDER BY day,number", read_grant, &l, e, "s", id);
}

struct words {
	gate_word_fn *fn;
	void *arg;
};

static int read_word(void *arg, const struct vault_row *r)
{
	const struct words *x = arg;
	struct gate_word w = {.version = vault_int(r, 0), .time = vault_time(r, 1), .who = vault_text(r, 2), .what = vault_text(r, 3), .reason = vault_text(r, 4)};
	return x->fn(x->arg, &w);
}

int gate_words(struct vault *v, struct slice grant, gate_word_fn *fn, void *arg, struct err *e)
{
	struct words x = {fn, arg};
	int rc = gate_tables(v, e);
	return rc ? rc : vault_run(v, "SELECT version,time,who,what,reason FROM permit_word WHERE permit=?1 ORDER BY id", read_word, &x, e, "s", grant);
}

static int keep_grant(void *arg, struct gate_grant *x)
{
	struct loading *l = arg;
	*vec_push(&l->grants) = *x;
	return 0;
}

static int read_meta(void *arg, const struct vault_row *r)
{
	struct gate_policy *p = arg;
	if (slice_eq(vault_text(r, 0), SL("seen")))
		p->seen = vault_int(r, 1);
	else if (slice_eq(vault_text(r, 0), SL("changes")))
		p->version = vault_int(r, 1);
	return 0;
}

static int read_number(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg = vault_int(r, 0);
	return 0;
}

int gate_changes(struct vault *v, int64_t *n, struct err *e)
{
	int rc = gate_tables(v, e);
	return rc ? rc : vault_run(v, "SELECT value FROM gate_meta WHERE name='changes'", read_number, n, e, "");
}

/* One zone for all grants that name it. What cannot be read is left out: the decision says GATE_FAULT. */
static void load_zones(struct loading *l)
{
	for (size_t i = 0; i < l->grants.n; i++) {
		struct gate_grant *x = &l->grants.v[i];
		for (size_t k = 0; k < i && x->zone.n && !x->tz; k++)
			if (slice_eq(l->grants.v[k].zone, x->zone))
				x->tz = l->grants.v[k].tz;
		struct zone *z = x->zone.n && !x->tz ? zone_load(x->zone, NULL) : NULL;
		if (z) {
			x->tz = z;
			*vec_push(&l->zones) = z;
		}
	}
}

static int read_all(struct loading *l)
{
	int rc = vault_run(l->vault, "SELECT name,value FROM gate_meta", read_meta, l->p, l->e, "");
	if (!rc)
		rc = vault_run(l->vault, "SELECT id,name,state,reason,until FROM provider ORDER BY id", read_provider, l, l->e, "");
	if (!rc)
		rc = vault_run(l->vault, "SELECT id,name,provider,state,reason,accounts FROM person ORDER BY id", read_person, l, l->e, "");
	return rc ? rc : gate_grants_read(l->vault, SLICE_NONE, &l->p->mem, keep_grant, l, l->e);
}

int gate_policy_load(struct vault *v, struct gate_policy *out, struct err *e)
{
	struct loading l = {.p = out, .e = e, .vault = v};
	*out = (struct gate_policy){0};
	arena_init(&out->mem);
	int rc = gate_tables(v, e);
	bool inside = vault_busy(v);
	if (!rc && !inside)
		rc = vault_look(v, e);
	if (!rc) {
		rc = read_all(&l);
		if (!inside)
			vault_rollback(v);
	}
	load_zones(&l);
	free(l.keys.v);
	out->providers = l.providers.v;
	out->nproviders = l.providers.n;
	out->persons = l.persons.v;
	out->npersons = l.persons.n;
	out->grants = l.grants.v;
	out->ngrants = l.grants.n;
	out->zones = l.zones.v;
	out->nzones = l.zones.n;
	return rc;
}

void gate_policy_free(struct gate_policy *p)
{
	for (size_t i = 0; i < p->nzones; i++)
		zone_free(p->zones[i]);
	free(p->zones);
	free(p->providers);
	free(p->persons);
	free(p->grants);
	arena_free(&p->mem);
	*p = (struct gate_policy){0};
}

/* ---- what the service stores ------------------------------------------------------------------------------------------------ */

int gate_seen(struct vault *v, nstime now, struct err *e)
{
	int rc = gate_tables(v, e);
	return rc ? rc : vault_run(v, "UPDATE gate_meta SET value=?1 WHERE name='seen' AND value<?1", NULL, NULL, e, "i", (int64_t)now);
}

int gate_first_use(struct vault *v, struct slice grant, nstime boot_until, struct err *e)
{
	char boot[40];
	boot_id(boot);
	int rc = gate_tables(v, e);
	return rc ? rc : vault_run(v, "UPDATE permit SET boot=?2,boot_id=?3 WHERE id=?1 AND (boot IS NULL OR boot_id<>?3)", NULL, NULL, e, "sis", grant, (int64_t)boot_until,
				 slice_of(boot));
}
