/* accounts_session.c - sessions: random tokens, of which only hashes are kept; they end when nobody was there, and after a working day. */
#include "console/accounts.h"

#include <stdio.h>

static struct slice key_of(struct slice token, uint8_t room[static KEY_HASH])
{
	accounts_key(token, room);
	return slice_make((const char *)room, KEY_HASH);
}

int accounts_session_make(struct console_accounts *c, struct broker_who *who, struct slice source, nstime now, char token[static BROKER_TOKEN], struct err *e)
{
	uint8_t key[KEY_HASH];
	struct slice name = slice_of(who->name);
	accounts_random(token);
	accounts_random(who->csrf);
	int rc = vault_begin(c->vault, e);
	if (rc)
		return rc;
	rc = vault_run(c->vault, "DELETE FROM console_session WHERE seen<?1 OR created<?2", NULL, NULL, e, "ii", (int64_t)(now - SESSION_IDLE), (int64_t)(now - SESSION_LONGEST));
	if (!rc)
		rc = vault_run(c->vault, "INSERT INTO console_session(token,name,csrf,source,created,seen) VALUES(?1,?2,?3,?4,?5,?5)", NULL, NULL, e, "bsssi",
			key_of(slice_of(token), key), name, slice_of(who->csrf), source, (int64_t)now);
	if (!rc)
		rc = vault_run(c->vault,
			"DELETE FROM console_session WHERE name=?1 AND token NOT IN (SELECT token FROM console_session WHERE name=?1 ORDER BY created DESC, token LIMIT ?2)", NULL,
			NULL, e, "si", name, (int64_t)SESSIONS_MOST);
	if (!rc)
		rc = vault_run(c->vault, "UPDATE console_user SET last=?2 WHERE name=?1", NULL, NULL, e, "si", name, (int64_t)now);
	if (!rc)
		return vault_commit(c->vault, e);
	vault_rollback(c->vault);
	return rc;
}

struct found {
	char name[NAME_MOST + 1], csrf[BROKER_TOKEN];
	nstime created, seen;
};

static int take(void *arg, const struct vault_row *r)
{
	struct found *f = arg;
	snprintf(f->name, sizeof f->name, "%.*s", SLFMT(vault_text(r, 0)));
	snprintf(f->csrf, sizeof f->csrf, "%.*s", SLFMT(vault_text(r, 1)));
	f->created = vault_int(r, 2);
	f->seen = vault_int(r, 3);
	return 0;
}

int accounts_session_who(struct console_accounts *c, struct slice token, nstime now, bool touch, struct broker_who *who, struct err *e)
{
	uint8_t key[KEY_HASH];
	struct found f = {.name = ""};
	*who = (struct broker_who){0};
	if (token.n != 2 * TOKEN_BYTES)
		return err_set(e, ERR_NOENT, "there is no such session");
	int rc = vault_run(c->vault, "SELECT name,csrf,created,seen FROM console_session WHERE token=?1", take, &f, e, "b", key_of(token, key));
	if (rc)
		return rc;
	/* a clock that was set back ends no session early, and makes none longer than it was */
	if (!*f.name || now - f.seen > SESSION_IDLE || now - f.created > SESSION_LONGEST)
		return err_set(e, ERR_NOENT, "there is no such session");
	rc = accounts_who(c, slice_of(f.name), who, e);
	if (rc)
		return rc;
	memcpy(who->csrf, f.csrf, sizeof who->csrf);
	if (!touch || now - f.seen < SESSION_TOUCH)
		return 0;
	return vault_run(c->vault, "UPDATE console_session SET seen=?2 WHERE token=?1", NULL, NULL, e, "bi", key_of(token, key), (int64_t)now);
}

int accounts_session_end(struct console_accounts *c, struct slice token, struct err *e)
{
	uint8_t key[KEY_HASH];
	return vault_run(c->vault, "DELETE FROM console_session WHERE token=?1", NULL, NULL, e, "b", key_of(token, key));
}

int accounts_sessions_end(struct console_accounts *c, struct slice name, struct slice spared, struct err *e)
{
	uint8_t key[KEY_HASH];
	return vault_run(c->vault, "DELETE FROM console_session WHERE name=?1 AND token<>?2", NULL, NULL, e, "sb", name, key_of(spared, key));
}
