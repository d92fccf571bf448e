/* accounts.c - users of the console: rows, passwords, invitations. */
#include "console/accounts.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HASH_OPS = 3, HASH_MEMORY = 64 << 20 };

static const char *const steps[] = {
	"CREATE TABLE console_user(name TEXT PRIMARY KEY, shown TEXT NOT NULL, mail TEXT NOT NULL, team TEXT NOT NULL, roles INTEGER NOT NULL, language INTEGER NOT NULL,"
	" disabled INTEGER NOT NULL, hash TEXT NOT NULL, created INTEGER NOT NULL, last INTEGER) WITHOUT ROWID;"
	"CREATE TABLE console_session(token BLOB PRIMARY KEY, name TEXT NOT NULL REFERENCES console_user(name) ON DELETE CASCADE, csrf TEXT NOT NULL, source TEXT NOT NULL,"
	" created INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX console_session_name ON console_session(name, created);"
	"CREATE TABLE console_invite(word BLOB PRIMARY KEY, name TEXT NOT NULL REFERENCES console_user(name) ON DELETE CASCADE, until INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE console_throttle(who TEXT NOT NULL, network TEXT NOT NULL, failures INTEGER NOT NULL, until INTEGER NOT NULL, last INTEGER NOT NULL,"
	" PRIMARY KEY(who, network)) WITHOUT ROWID;"
	"CREATE INDEX console_throttle_last ON console_throttle(last);"
	"CREATE TABLE console_known(name TEXT NOT NULL REFERENCES console_user(name) ON DELETE CASCADE, network TEXT NOT NULL, last INTEGER NOT NULL,"
	" PRIMARY KEY(name, network)) WITHOUT ROWID",
};

/* ---- opening ------------------------------------------------------------------------------------------------------------------------------------ */

int accounts_path(const char *state, const char *name, char *out, size_t n, struct err *e)
{
	int len = snprintf(out, n, "%s/console%s%s", state, *name ? "/" : "", name);
	return len > 0 && (size_t)len < n ? 0 : err_set(e, ERR_LIMIT, "the name of the state's folder is too long");
}

/* The state's folder may be written by processes that read hostile logs: a folder one of them put there is not believed. */
static int check_folder(const char *state, bool make, struct err *e)
{
	char path[4096];
	struct stat st;
	int rc = accounts_path(state, "", path, sizeof path, e);
	if (rc)
		return rc;
	if (make && mkdir(path, 0711) && errno != EEXIST)
		return err_set(e, ERR_IO, "cannot make %s: %m", path);
	if (lstat(path, &st))
		return err_set(e, errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot open %s: %m", path);
	if (!S_ISDIR(st.st_mode) || (st.st_mode & 022) || (st.st_uid != geteuid() && st.st_uid != 0))
		return err_set(e, ERR_PERM, "%s is not Postern's (mode %04o, user %u): it is not believed", path, st.st_mode & 07777u, st.st_uid);
	if (make && (st.st_mode & 0777) != 0711 && chmod(path, 0711)) /* whatever the umask was: the web process has a folder below */
		return err_set(e, ERR_IO, "cannot set the mode of %s: %m", path);
	return 0;
}

struct console_accounts *console_accounts_open(const char *state, bool make, struct err *e)
{
	char path[4096], key[4096];
	if (check_folder(state, make, e) || accounts_path(state, "accounts.db", path, sizeof path, e) || accounts_path(state, "factor.key", key, sizeof key, e))
		return NULL;
	struct console_accounts *c = xcalloc(1, sizeof *c);
	c->vault = vault_open(path, make ? VAULT_CREATE : VAULT_WRITE, e);
	if (c->vault && !vault_tables(c->vault, "console", steps, ARRAY_LEN(steps), e) && (c->factor = factor_open(c->vault, key, true, e)))
		return c;
	console_accounts_close(c);
	return NULL;
}

void console_accounts_close(struct console_accounts *c)
{
	if (!c)
		return;
	factor_close(c->factor);
	vault_close(c->vault);
	free(c);
}

/* ---- words and passwords ------------------------------------------------------------------------------------------------------------------------- */

void accounts_random(char out[static BROKER_TOKEN])
{
	uint8_t bytes[TOKEN_BYTES];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(out, BROKER_TOKEN, bytes, sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
}

void accounts_key(struct slice word, uint8_t out[static KEY_HASH])
{
	crypto_generichash(out, KEY_HASH, (const uint8_t *)word.p, word.n, NULL, 0);
}

int accounts_hash(struct slice password, char out[static 128], struct err *e)
{
	return crypto_pwhash_argon2id_str(out, password.p, password.n, HASH_OPS, HASH_MEMORY) ? err_set(e, ERR_NOMEM, "no memory to hash a password") : 0;
}

bool accounts_name_fine(struct slice name)
{
	if (!name.n || name.n > NAME_MOST || name.p[0] == '-' || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

int accounts_password_fine(struct slice name, struct slice password, struct err *e)
{
	bool seen[256] = {false};
	size_t different = 0;
	for (size_t i = 0; i < password.n; i++) {
		different += !seen[(unsigned char)password.p[i]];
		seen[(unsigned char)password.p[i]] = true;
	}
	if (password.n < PASSWORD_LEAST || password.n > PASSWORD_MOST)
		return err_set(e, ERR_RANGE, "a password has %d to %d bytes", PASSWORD_LEAST, PASSWORD_MOST);
	if (!slice_utf8(password) || memchr(password.p, 0, password.n))
		return err_set(e, ERR_SYNTAX, "a password is text in UTF-8");
	if (different < 5 || (name.n && slice_ihas(password, name)))
		return err_set(e, ERR_RANGE, "a password is not of a few characters again and again, and does not hold the user's name");
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------------ */

struct slice accounts_person(struct slice name, char out[static 80])
{
	int n = snprintf(out, 80, "console/%.*s", SLFMT(slice_to(name, NAME_MOST)));
	return slice_make(out, (size_t)n);
}

static nstime now_of(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_SEC + ts.tv_nsec;
}

#define USER_COLUMNS "name, shown, mail, team, roles, language, disabled, created, last"

static void fill(const struct vault_row *r, struct console_user *u)
{
	*u = (struct console_user){.name = vault_text(r, 0), .shown = vault_text(r, 1), .mail = vault_text(r, 2), .team = vault_text(r, 3),
		.roles = (unsigned)vault_int(r, 4) & ROLE_ANY, .disabled = vault_int(r, 6) != 0, .created = vault_time(r, 7), .last = vault_time(r, 8)};
	int64_t language = vault_int(r, 5);
	u->language = language >= 0 && language < LURE_LANGUAGES ? (enum lure_language)language : LURE_EN;
}

struct each {
	struct console_accounts *c;
	console_user_fn *fn;
	void *arg;
	struct err *e;
};

static bool has_factor(struct console_accounts *c, struct slice name)
{
	struct factor_status st;
	char person[80];
	return factor_status(c->factor, accounts_person(name, person), &st, NULL) == 0 && st.confirmed;
}

static int each_row(void *arg, const struct vault_row *r)
{
	struct each *x = arg;
	struct console_user u;
	fill(r, &u);
	u.factor = has_factor(x->c, u.name);
	return x->fn(x->arg, &u);
}

int console_users(struct console_accounts *c, console_user_fn *fn, void *arg, struct err *e)
{
	struct each x = {c, fn, arg, e};
	return vault_run(c->vault, "SELECT " USER_COLUMNS " FROM console_user ORDER BY name", each_row, &x, e, "");
}

static bool text_fine(struct slice s, size_t most)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n < most && slice_utf8(s);
}

int console_user_put(struct console_accounts *c, const struct console_user *u, struct err *e)
{
	struct broker_who w;
	if (!accounts_name_fine(u->name))
		return err_set(e, ERR_RANGE, "a user's name has 1 to %d of a-z, 0-9, . _ - and begins with a letter or digit", NAME_MOST);
	if (!text_fine(u->shown, sizeof w.shown) || !text_fine(u->mail, sizeof w.mail) || !text_fine(u->team, sizeof w.team))
		return err_set(e, ERR_RANGE, "name, mail or team is too long, or is no text in UTF-8");
	if (!u->roles || (u->roles & ~(unsigned)ROLE_ANY))
		return err_set(e, ERR_RANGE, "a user has one of the roles employee, analyst, approver, administrator, or several");
	int rc = vault_run(c->vault,
		"INSERT INTO console_user(name,shown,mail,team,roles,language,disabled,hash,created,last) VALUES(?1,?2,?3,?4,?5,?6,?7,'',?8,NULL)"
		" ON CONFLICT(name) DO UPDATE SET shown=?2, mail=?3, team=?4, roles=?5, language=?6, disabled=?7",
		NULL, NULL, e, "ssssiiii", u->name, u->shown, u->mail, u->team, (int64_t)u->roles, (int64_t)u->language, (int64_t)u->disabled, (int64_t)now_of());
	return !rc && u->disabled ? accounts_sessions_end(c, u->name, SLICE_NONE, e) : rc;
}

int accounts_hash_put(struct console_accounts *c, struct slice name, const char *hash, struct err *e)
{
	int rc = vault_run(c->vault, "UPDATE console_user SET hash=?2 WHERE name=?1", NULL, NULL, e, "ss", name, slice_of(hash));
	if (!rc && vault_changes(c->vault) == 0)
		rc = err_set(e, ERR_NOENT, "there is no user %.*s", SLFMT(slice_to(name, NAME_MOST)));
	return rc ? rc : accounts_sessions_end(c, name, SLICE_NONE, e);
}

int console_user_password(struct console_accounts *c, struct slice name, struct slice password, struct err *e)
{
	char hash[128];
	int rc = accounts_password_fine(name, password, e);
	if (!rc)
		rc = accounts_hash(password, hash, e);
	return rc ? rc : accounts_hash_put(c, name, hash, e);
}

int console_user_invite(struct console_accounts *c, struct slice name, unsigned hours, struct buf *out, struct err *e)
{
	char word[BROKER_TOKEN];
	uint8_t key[KEY_HASH];
	accounts_random(word);
	accounts_key(slice_of(word), key);
	int rc = vault_run(c->vault, "DELETE FROM console_invite WHERE name=?1 OR until<?2", NULL, NULL, e, "si", name, (int64_t)now_of());
	if (!rc)
		rc = vault_run(c->vault, "INSERT INTO console_invite(word,name,until) SELECT ?1, name, ?3 FROM console_user WHERE name=?2", NULL, NULL, e, "bsi",
			slice_make((const char *)key, sizeof key), name, (int64_t)(now_of() + hours * NS_HOUR));
	if (!rc && vault_changes(c->vault) == 0)
		rc = err_set(e, ERR_NOENT, "there is no user %.*s", SLFMT(slice_to(name, NAME_MOST)));
	if (!rc)
		buf_addz(out, word);
	return rc;
}

int console_user_factor_reset(struct console_accounts *c, struct slice name, struct err *e)
{
	char person[80];
	int rc = factor_reset(c->factor, accounts_person(name, person), e);
	return rc ? rc : accounts_sessions_end(c, name, SLICE_NONE, e); /* who has the device may have a browser with it */
}

int console_user_remove(struct console_accounts *c, struct slice name, struct err *e)
{
	char person[80];
	struct err gone;
	int rc = vault_run(c->vault, "DELETE FROM console_user WHERE name=?1", NULL, NULL, e, "s", name);
	if (!rc && vault_changes(c->vault) == 0)
		return err_set(e, ERR_NOENT, "there is no user %.*s", SLFMT(slice_to(name, NAME_MOST)));
	if (!rc && factor_reset(c->factor, accounts_person(name, person), &gone) && gone.code != ERR_NOENT)
		rc = err_set(e, gone.code, "%s", gone.text);
	return rc;
}

/* ---- who ---------------------------------------------------------------------------------------------------------------------------------------------- */

struct finding_who {
	struct broker_who *who;
	bool found;
};

static void put(char *to, size_t n, struct slice s)
{
	snprintf(to, n, "%.*s", SLFMT(slice_to(s, n - 1)));
}

static int take_who(void *arg, const struct vault_row *r)
{
	struct finding_who *x = arg;
	struct console_user u;
	fill(r, &u);
	if (u.disabled)
		return 0;
	x->found = true;
	put(x->who->name, sizeof x->who->name, u.name);
	put(x->who->shown, sizeof x->who->shown, u.shown);
	put(x->who->mail, sizeof x->who->mail, u.mail);
	put(x->who->team, sizeof x->who->team, u.team);
	x->who->roles = u.roles;
	x->who->language = u.language;
	return 0;
}

int accounts_who(struct console_accounts *c, struct slice name, struct broker_who *who, struct err *e)
{
	*who = (struct broker_who){0};
	struct finding_who x = {who, false};
	int rc = vault_run(c->vault, "SELECT " USER_COLUMNS " FROM console_user WHERE name=?1", take_who, &x, e, "s", name);
	if (!rc && !x.found)
		rc = err_set(e, ERR_NOENT, "there is no such user");
	who->factor = !rc && has_factor(c, name);
	return rc;
}
