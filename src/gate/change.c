/* change.c - changes of providers and persons, and what all changes share: one transaction, one record of the audit log. */
#include "gate/model_private.h"

#include <stdio.h>
#include <time.h>

nstime gate_now(const struct gate *g)
{
	struct timespec ts;
	if (g->now)
		return g->now;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_SEC + ts.tv_nsec;
}

int gate_change_begin(struct gate *g, struct err *e)
{
	int rc = gate_tables(g->vault, e);
	return rc ? rc : vault_begin(g->vault, e);
}

static int record(struct gate *g, const char *action, struct slice object, const char *outcome, const char *detail, struct err *e)
{
	struct chain_record r = {.time = gate_now(g), .actor = g->actor, .action = slice_of(action), .object = object, .outcome = slice_of(outcome), .detail = slice_of(detail)};
	return g->audit ? chain_append(g->audit, &r, e) : 0;
}

/* The record comes first: what cannot be recorded does not happen. A record of what then did not happen is followed by one that says so. */
int gate_change_end(struct gate *g, int rc, const char *action, struct slice object, const char *detail, struct err *e)
{
	struct err other;
	if (!rc)
		rc = vault_run(g->vault, "UPDATE gate_meta SET value=value+1 WHERE name='changes'", NULL, NULL, e, "");
	if (!rc)
		rc = record(g, action, object, "success", detail, e);
	if (!rc) {
		rc = vault_commit(g->vault, e);
		if (rc)
			(void)record(g, action, object, "failure", "it was not stored", &other);
		return rc;
	}
	vault_rollback(g->vault);
	if (rc == ERR_PERM && e)
		(void)record(g, action, object, "failure", e->text, &other);
	return rc;
}

static int yes(void *arg, const struct vault_row *r)
{
	(void)r;
	*(bool *)arg = true;
	return 0;
}

int gate_need(struct gate *g, const char *what, struct slice id, struct err *e)
{
	bool there = false;
	int rc = strcmp(what, "provider") == 0 ? vault_run(g->vault, "SELECT 1 FROM provider WHERE id=?1", yes, &there, e, "s", id)
					       : vault_run(g->vault, "SELECT 1 FROM person WHERE id=?1", yes, &there, e, "s", id);
	return rc || there ? rc : err_set(e, ERR_NOENT, "there is no %s %.*s", what, SLFMT(slice_to(id, GATE_ID_MAX)));
}

int gate_actor_staff(struct gate *g, const char *doing, struct err *e)
{
	bool theirs = false;
	if (!g->actor.n)
		return err_set(e, ERR_PERM, "who wants to %s this is not known", doing);
	if (slice_eq(g->actor, SL("root")))
		return err_set(e, ERR_PERM, "root is nobody in particular: %s as yourself, through sudo", doing);
	int rc = vault_run(g->vault, "SELECT 1 FROM person WHERE id=?1 OR instr(char(10)||accounts,char(10)||?1||char(10))>0", yes, &theirs, e, "s", g->actor);
	if (!rc && !theirs)
		rc = vault_run(g->vault, "SELECT 1 FROM permit WHERE account=?1 AND state=1 AND until>?2", yes, &theirs, e, "si", g->actor, (int64_t)gate_now(g));
	return rc || !theirs ? rc : err_set(e, ERR_PERM, "%.*s is a provider's person or account, and cannot %s this", SLFMT(g->actor), doing);
}

/* ---- providers --------------------------------------------------------------------------------------------------------------- */

int gate_provider_add(struct gate *g, const struct gate_provider *p, struct err *e)
{
	int rc = gate_check_id(p->id, "provider", e);
	if (!rc)
		rc = gate_check_text(p->name, "name", 1, GATE_NAME_MAX, e);
	if (!rc)
		rc = gate_change_begin(g, e);
	if (rc)
		return rc;
	rc = vault_run(g->vault, "INSERT INTO provider(id,name,state,reason,until) VALUES(?1,?2,0,'',?3)", NULL, NULL, e, "sst", p->id, p->name,
		(int64_t)(p->until ? p->until : NSTIME_NONE));
	if (rc == ERR_DUP)
		err_set(e, ERR_DUP, "there is a provider %.*s already", SLFMT(p->id));
	return gate_change_end(g, rc, "provider-added", p->id, "", e);
}

/* Suspending is for everybody who may write here, and for the responses; it is no error when it is so already. */
static int set_state(struct gate *g, const char *what, struct slice id, bool suspend, struct slice reason, struct err *e)
{
	static const struct { const char *what, *action, *sql; } rows[] = {
		{"provider", "provider-suspended", "UPDATE provider SET state=1,reason=?2 WHERE id=?1"},
		{"provider", "provider-resumed", "UPDATE provider SET state=0,reason='' WHERE id=?1 AND ?2<>char(0)"},
		{"person", "person-suspended", "UPDATE person SET state=1,reason=?2 WHERE id=?1"},
		{"person", "person-resumed", "UPDATE person SET state=0,reason='' WHERE id=?1 AND ?2<>char(0)"},
	};
	size_t i = (strcmp(what, "person") == 0) * 2u + !suspend;
	struct buf detail = {0};
	int rc = gate_check_text(reason, "reason", suspend ? 1 : 0, GATE_TEXT_MAX, e);
	if (!rc)
		rc = gate_change_begin(g, e);
	if (rc)
		return rc;
	rc = gate_need(g, what, id, e);
	if (!rc && !suspend)
		rc = gate_actor_staff(g, "resume", e);
	if (!rc)
		rc = vault_run(g->vault, rows[i].sql, NULL, NULL, e, "ss", id, reason);
	buf_adds(&detail, reason);
	buf_addc(&detail, 0);
	rc = gate_change_end(g, rc, rows[i].action, id, detail.p, e);
	buf_free(&detail);
	return rc;
}

int gate_provider_suspend(struct gate *g, struct slice id, struct slice reason, struct err *e)
{
	return set_state(g, "provider", id, true, reason, e);
}

int gate_provider_resume(struct gate *g, struct slice id, struct slice reason, struct err *e)
{
	return set_state(g, "provider", id, false, reason, e);
}

int gate_person_suspend(struct gate *g, struct slice id, struct slice reason, bool resume, struct err *e)
{
	return set_state(g, "person", id, !resume, reason, e);
}

/* ---- persons --------------------------------------------------------------------------------------------------------------- */

struct owner {
	char id[GATE_ID_MAX + 1];
	bool there;
};

static int take_owner(void *arg, const struct vault_row *r)
{
	struct owner *o = arg;
	struct slice id = slice_to(vault_text(r, 0), GATE_ID_MAX);
	memcpy(o->id, id.p, id.n);
	o->id[id.n] = 0;
	o->there = true;
	return 0;
}

static int add_key(struct gate *g, struct slice person, const struct gate_key *k, struct err *e)
{
	struct owner o = {0};
	bool many = false;
	int rc = vault_run(g->vault, "SELECT person FROM person_key WHERE fingerprint=?1", take_owner, &o, e, "s", k->fingerprint);
	if (!rc && o.there)
		return err_set(e, ERR_DUP, "the key %.*s is %s's already: a key is one person's", SLFMT(k->fingerprint), o.id);
	if (!rc)
		rc = vault_run(g->vault, "SELECT 1 FROM person_key WHERE person=?1 GROUP BY person HAVING count(*)>=?2", yes, &many, e, "si", person, (int64_t)GATE_KEYS_MAX);
	if (!rc && many)
		return err_set(e, ERR_LIMIT, "%.*s has %d keys: no more are taken", SLFMT(person), GATE_KEYS_MAX);
	return rc ? rc : vault_run(g->vault, "INSERT INTO person_key(fingerprint,person,type,blob,certificate,comment,added) VALUES(?1,?2,?3,?4,?5,?6,?7)", NULL, NULL, e, "ssssisi",
				 k->fingerprint, person, k->type, k->blob, (int64_t)k->certificate, k->comment, (int64_t)gate_now(g));
}

/* An account is one person's, or nobody could say who did it. */
static int check_accounts(struct gate *g, const struct gate_person *p, struct err *e)
{
	int rc = p->naccounts > GATE_ACCOUNTS_MAX ? err_set(e, ERR_LIMIT, "%zu accounts are more than %d", p->naccounts, GATE_ACCOUNTS_MAX) : 0;
	for (size_t i = 0; !rc && i < p->naccounts; i++) {
		struct owner o = {0};
		rc = gate_check_account(p->accounts[i], "account", e);
		if (!rc)
			rc = vault_run(g->vault, "SELECT id FROM person WHERE instr(char(10)||accounts,char(10)||?1||char(10))>0", take_owner, &o, e, "s", p->accounts[i]);
		if (!rc && o.there)
			rc = err_set(e, ERR_DUP, "the account %.*s is %s's already", SLFMT(p->accounts[i]), o.id);
	}
	return rc;
}

int gate_person_add(struct gate *g, const struct gate_person *p, struct err *e)
{
	struct buf accounts = {0}, detail = {0};
	int rc = gate_check_id(p->id, "person", e);
	if (!rc)
		rc = gate_check_text(p->name, "name", 1, GATE_NAME_MAX, e);
	if (!rc)
		rc = gate_change_begin(g, e);
	if (rc)
		return rc;
	rc = gate_need(g, "provider", p->provider, e);
	if (!rc)
		rc = check_accounts(g, p, e);
	gate_texts_out(&accounts, p->accounts, p->naccounts);
	if (!rc)
		rc = vault_run(g->vault, "INSERT INTO person(id,name,provider,state,reason,accounts) VALUES(?1,?2,?3,0,'',?4)", NULL, NULL, e, "ssss", p->id, p->name, p->provider,
			buf_slice(&accounts));
	if (rc == ERR_DUP && !slice_has(slice_of(e ? e->text : ""), SL("account")))
		err_set(e, ERR_DUP, "there is a person %.*s already", SLFMT(p->id));
	for (size_t i = 0; !rc && i < p->nkeys; i++)
		rc = add_key(g, p->id, &p->keys[i], e);
	buf_addf(&detail, "of %.*s, %zu keys", SLFMT(p->provider), p->nkeys);
	rc = gate_change_end(g, rc, "person-added", p->id, detail.p, e);
	buf_free(&accounts);
	buf_free(&detail);
	return rc;
}

static int remove_key(struct gate *g, struct slice person, struct slice fingerprint, struct err *e)
{
	int rc = vault_run(g->vault, "DELETE FROM person_key WHERE person=?1 AND fingerprint=?2", NULL, NULL, e, "ss", person, fingerprint);
	return rc || vault_changes(g->vault) ? rc : err_set(e, ERR_NOENT, "%.*s has no key %.*s", SLFMT(person), SLFMT(slice_to(fingerprint, 80)));
}

int gate_person_key(struct gate *g, struct slice person, struct slice line, bool remove, struct err *e)
{
	struct arena mem;
	struct gate_key k = {.fingerprint = line};
	struct buf detail = {0};
	arena_init(&mem);
	int rc = remove && slice_starts(line, SL("SHA256:")) ? 0 : gate_key_parse(line, &mem, &k, e);
	if (!rc)
		rc = gate_change_begin(g, e);
	if (!rc) {
		rc = gate_need(g, "person", person, e);
		if (!rc)
			rc = remove ? remove_key(g, person, k.fingerprint, e) : add_key(g, person, &k, e);
		buf_addf(&detail, "%.*s %.*s", SLFMT(k.type), SLFMT(k.fingerprint));
		rc = gate_change_end(g, rc, remove ? "person-key-removed" : "person-key-added", person, detail.p, e);
	}
	buf_free(&detail);
	arena_free(&mem);
	return rc;
}
