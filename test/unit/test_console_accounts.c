/* test_console_accounts.c - users, sessions, guessing, invitations; and the broker: every question for every role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/accounts.h"
#include "console/page.h"
#include "sys/sys.h"

#define T0 ((nstime)1800000000 * NS_SEC)
#define GOOD SL("correct horse battery")
#define HOME SL("198.51.100.7")
#define AWAY SL("203.0.113.9")

struct scene {
	char folder[64];
	struct console_accounts *c;
};

static void add(struct scene *s, const char *name, unsigned roles)
{
	struct err e = {0};
	const struct console_user u = {.name = slice_of(name), .shown = SL("Some Body"), .roles = roles, .language = LURE_DE};
	assert_int_equal(console_user_put(s->c, &u, &e), 0);
	assert_int_equal(console_user_password(s->c, u.name, GOOD, &e), 0);
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	struct err e;
	snprintf(s->folder, sizeof s->folder, "/tmp/postern-console-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	unsetenv("CREDENTIALS_DIRECTORY");
	s->c = console_accounts_open(s->folder, true, &e);
	if (!s->c)
		return -1;
	add(s, "mia", ROLE_ANALYST | ROLE_EMPLOYEE);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"accounts.db", "accounts.db-wal", "accounts.db-shm", "accounts.db-journal", "factor.key"};
	struct scene *s = *state;
	char path[256];
	console_accounts_close(s->c);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof path, "%s/console/%s", s->folder, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/console", s->folder);
	rmdir(path);
	snprintf(path, sizeof path, "%s/audit.log", s->folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/audit.log.head", s->folder);
	unlink(path);
	int rc = rmdir(s->folder);
	free(s);
	return rc;
}

static enum login_end try(struct scene *s, struct slice name, struct slice password, struct slice source, nstime now, nstime *wait)
{
	const struct login l = {name, password, SLICE_NONE, source, now};
	enum login_end end = LOGIN_WRONG;
	struct broker_who who;
	struct err e = {0};
	nstime w = 0;
	if (accounts_login(s->c, &l, &end, &w, &who, &e))
		fail_msg("%s", e.text);
	assert_true(end == LOGIN_GOOD || who.roles == 0);
	if (wait)
		*wait = w;
	return end;
}

/* ---- users ------------------------------------------------------------------------------------------------------------------------------------------- */

static int count(void *arg, const struct console_user *u)
{
	++*(size_t *)arg;
	assert_true(u->roles != 0);
	return 0;
}

static void users(void **state)
{
	static const char *const bad[] = {"", "Mia", "m ia", "-x", ".x", "m/ia", "m\xc3\xbc", "0123456789012345678901234567890123", "a:b", "a\"b"};
	struct scene *s = *state;
	struct err e;
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const struct console_user u = {.name = slice_of(bad[i]), .roles = ROLE_EMPLOYEE};
		assert_int_equal(console_user_put(s->c, &u, &e), ERR_RANGE);
	}
	assert_int_equal(console_user_put(s->c, &(struct console_user){.name = SL("x")}, &e), ERR_RANGE);
	assert_int_equal(console_user_put(s->c, &(struct console_user){.name = SL("x"), .roles = 32}, &e), ERR_RANGE);
	assert_int_equal(console_user_put(s->c, &(struct console_user){.name = SL("x"), .roles = 1, .shown = SL("a\nb")}, &e), ERR_RANGE);
	assert_int_equal(console_user_put(s->c, &(struct console_user){.name = SL("x"), .roles = 1, .shown = SL("\xff")}, &e), ERR_RANGE);
	static const char *const weak[] = {"short", "aaaaaaaaaaaaaaaaaaaa", "this is mia again", "", "elevenchars"};
	for (size_t i = 0; i < ARRAY_LEN(weak); i++)
		assert_int_equal(console_user_password(s->c, SL("mia"), slice_of(weak[i]), &e), ERR_RANGE);
	assert_int_equal(console_user_password(s->c, SL("mia"), SL("bad bytes \xff\xfe here"), &e), ERR_SYNTAX);
	assert_int_equal(console_user_password(s->c, SL("nobody"), GOOD, &e), ERR_NOENT);
	assert_int_equal(console_users(s->c, count, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(console_user_remove(s->c, SL("mia"), &e), 0);
	assert_int_equal(console_user_remove(s->c, SL("mia"), &e), ERR_NOENT);
	assert_int_equal(try(s, SL("mia"), GOOD, HOME, T0, NULL), LOGIN_WRONG);
}

/* The file that a process which reads hostile logs put there is not believed. */
static void folder(void **state)
{
	struct scene *s = *state;
	char path[256];
	struct err e;
	snprintf(path, sizeof path, "%s/console", s->folder);
	assert_int_equal(chmod(path, 0777), 0);
	assert_null(console_accounts_open(s->folder, false, &e));
	assert_int_equal(e.code, ERR_PERM);
	assert_int_equal(chmod(path, 0711), 0);
	snprintf(path, sizeof path, "%s/console/accounts.db", s->folder);
	assert_int_equal(chmod(path, 0644), 0);
	assert_null(console_accounts_open(s->folder, false, &e));
	assert_int_equal(e.code, ERR_PERM);
	assert_int_equal(chmod(path, 0600), 0);
	assert_null(console_accounts_open("/nonexistent", false, &e));
}

/* ---- sessions ------------------------------------------------------------------------------------------------------------------------------------------ */

static int who_is(struct scene *s, const char *token, nstime now, bool touch, struct broker_who *who)
{
	struct err e;
	return accounts_session_who(s->c, slice_of(token), now, touch, who, &e);
}

static void sessions(void **state)
{
	struct scene *s = *state;
	struct broker_who who, other;
	struct err e;
	char a[BROKER_TOKEN], b[BROKER_TOKEN];
	assert_int_equal(accounts_who(s->c, SL("mia"), &who, &e), 0);
	assert_int_equal(who.roles, ROLE_ANALYST | ROLE_EMPLOYEE);
	assert_int_equal(who.language, LURE_DE);
	assert_int_equal(accounts_session_make(s->c, &who, HOME, T0, a, &e), 0);
	assert_int_equal(accounts_session_make(s->c, &who, HOME, T0, b, &e), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), 40);
	assert_int_equal(who_is(s, a, T0 + 29 * NS_MIN, false, &other), 0);
	assert_string_equal(other.name, "mia");
	assert_string_not_equal(other.csrf, who.csrf); /* each session has its own */
	assert_string_not_equal(other.csrf, a);
	assert_int_equal(who_is(s, a, T0 + 31 * NS_MIN, false, &other), ERR_NOENT);
	/* who does something stays; but not for longer than a working day */
	for (int i = 1; i < 12 * 60; i += 29)
		assert_int_equal(who_is(s, b, T0 + i * NS_MIN, true, &other), 0);
	assert_int_equal(who_is(s, b, T0 + 12 * NS_HOUR + NS_SEC, true, &other), ERR_NOENT);
	static const char *const bad[] = {"", "x", "0000000000000000000000000000000000000000", "000000000000000000000000000000000000000g"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(who_is(s, bad[i], T0, true, &other), ERR_NOENT);
	b[0] = b[0] == '0' ? '1' : '0';
	assert_int_equal(who_is(s, b, T0, true, &other), ERR_NOENT);
}

static void sessions_end(void **state)
{
	struct scene *s = *state;
	struct broker_who who, other;
	struct err e;
	char token[SESSIONS_MOST + 1][BROKER_TOKEN];
	assert_int_equal(accounts_who(s->c, SL("mia"), &who, &e), 0);
	for (int i = 0; i <= SESSIONS_MOST; i++)
		assert_int_equal(accounts_session_make(s->c, &who, HOME, T0 + i, token[i], &e), 0);
	assert_int_equal(who_is(s, token[0], T0, true, &other), ERR_NOENT);
	for (int i = 1; i <= SESSIONS_MOST; i++)
		assert_int_equal(who_is(s, token[i], T0, true, &other), 0);
	assert_int_equal(accounts_session_end(s->c, slice_of(token[1]), &e), 0);
	assert_int_equal(who_is(s, token[1], T0, true, &other), ERR_NOENT);
	assert_int_equal(accounts_sessions_end(s->c, SL("mia"), slice_of(token[2]), &e), 0);
	assert_int_equal(who_is(s, token[2], T0, true, &other), 0);
	assert_int_equal(who_is(s, token[3], T0, true, &other), ERR_NOENT);
	/* the device is lost, and perhaps a browser with it */
	const struct factor_kind kind = {FACTOR_SHA1, 6, 30};
	struct buf uri = {0};
	char person[80];
	assert_int_equal(factor_enroll(s->c->factor, accounts_person(SL("mia"), person), SL("Postern"), &kind, &uri, &e), 0);
	buf_free(&uri);
	assert_int_equal(accounts_session_make(s->c, &who, HOME, T0, token[3], &e), 0);
	assert_int_equal(console_user_factor_reset(s->c, SL("mia"), &e), 0);
	assert_int_equal(who_is(s, token[3], T0, true, &other), ERR_NOENT);
	assert_int_equal(accounts_session_make(s->c, &who, HOME, T0, token[2], &e), 0);
	/* shut out: at once */
	struct console_user u = {.name = SL("mia"), .roles = ROLE_EMPLOYEE, .disabled = true};
	assert_int_equal(console_user_put(s->c, &u, &e), 0);
	assert_int_equal(who_is(s, token[2], T0, true, &other), ERR_NOENT);
	u.disabled = false;
	assert_int_equal(console_user_put(s->c, &u, &e), 0);
	assert_int_equal(who_is(s, token[2], T0, true, &other), ERR_NOENT);
	assert_int_equal(accounts_session_make(s->c, &who, HOME, T0, token[0], &e), 0);
	assert_int_equal(console_user_password(s->c, SL("mia"), GOOD, &e), 0);
	assert_int_equal(who_is(s, token[0], T0, true, &other), ERR_NOENT);
}

/* ---- guessing --------------------------------------------------------------------------------------------------------------------------------------------- */

static void guessing(void **state)
{
	struct scene *s = *state;
	nstime wait = 0, now = T0;
	assert_int_equal(try(s, SL("mia"), GOOD, HOME, now, NULL), LOGIN_GOOD); /* known from there */
	int wrong = 0;
	for (int i = 0; i < 12; i++, now += NS_SEC)
		wrong += try(s, SL("mia"), SL("wrong"), AWAY, now, &wait) == LOGIN_WRONG;
	assert_in_range(wrong, 3, 8);
	assert_true(wait > 0 && wait <= 15 * NS_MIN);
	assert_int_equal(try(s, SL("mia"), GOOD, AWAY, now, NULL), LOGIN_WAIT); /* the right one has to wait, too */
	assert_int_equal(try(s, SL("mia"), GOOD, HOME, now, NULL), LOGIN_GOOD); /* but not the right person at home */
	/* tries that wait count for nothing: nobody is kept out for longer than the delay */
	for (int i = 0; i < 50; i++)
		assert_int_equal(try(s, SL("mia"), SL("wrong"), AWAY, now, NULL), LOGIN_WAIT);
	assert_int_equal(try(s, SL("mia"), GOOD, AWAY, now - 30 * NS_DAY, NULL), LOGIN_GOOD); /* the clock was set back */
	assert_int_equal(try(s, SL("mia"), SL("wrong"), AWAY, now, NULL), LOGIN_WRONG);
	assert_int_equal(try(s, SL("mia"), GOOD, AWAY, now + 15 * NS_MIN + NS_SEC, NULL), LOGIN_GOOD);
}

/* Names nobody has are counted alike; and a password tried for many names is one guesser. */
static void guessing_names(void **state)
{
	struct scene *s = *state;
	nstime now = T0;
	char name[32];
	int wrong = 0;
	for (int i = 0; i < 8; i++)
		wrong += try(s, SL("nobody-at-all"), SL("wrong"), HOME, now++, NULL) == LOGIN_WRONG;
	assert_in_range(wrong, 3, 5);
	for (int i = wrong = 0; i < 60; i++) {
		snprintf(name, sizeof name, "name%d", i);
		wrong += try(s, slice_of(name), SL("Autumn2026!"), AWAY, now++, NULL) == LOGIN_WRONG;
	}
	assert_in_range(wrong, 30, 45);
	assert_int_equal(try(s, SL("mia"), GOOD, AWAY, now, NULL), LOGIN_WAIT);
	assert_int_equal(try(s, SL("mia"), GOOD, SL("192.0.2.1"), now, NULL), LOGIN_GOOD);
}

static void without_password(void **state)
{
	struct scene *s = *state;
	struct err e;
	assert_int_equal(console_user_put(s->c, &(struct console_user){.name = SL("new"), .roles = ROLE_EMPLOYEE}, &e), 0);
	assert_int_equal(try(s, SL("new"), SLICE_NONE, HOME, T0, NULL), LOGIN_WRONG);
	assert_int_equal(try(s, SL("new"), GOOD, HOME, T0, NULL), LOGIN_WRONG);
	char longer[PASSWORD_MOST + 40];
	memset(longer, 'x', sizeof longer);
	assert_int_equal(try(s, SL("mia"), slice_make(longer, sizeof longer), HOME, T0, NULL), LOGIN_WRONG);
}

/* The record of an invitation that was used: when it is made, what it tells of has not happened yet. */
struct noted { struct console_accounts *other; unsigned n; int rc; };

static int take_number(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg = vault_int(r, 0);
	return 0;
}

static int note(void *arg, struct slice name, struct err *e)
{
	struct noted *x = arg;
	int64_t words = 0;
	assert_int_equal(vault_run(x->other->vault, "SELECT count(*) FROM console_invite WHERE name=?1", take_number, &words, e, "s", name), 0);
	assert_int_equal(words, 1);
	x->n++;
	return x->rc ? err_set(e, x->rc, "the record cannot be written") : 0;
}

static void invitations(void **state)
{
	struct scene *s = *state;
	struct buf first = {0}, word = {0};
	struct err e;
	char name[NAME_MOST + 1];
	enum login_end end;
	struct noted noted = {.other = console_accounts_open(s->folder, false, &e)};
	nstime wait, now = (nstime)time(NULL) * NS_SEC; /* the word's end is of the clock */
	assert_int_equal(console_user_invite(s->c, SL("nobody"), 1, &first, &e), ERR_NOENT);
	assert_int_equal(console_user_invite(s->c, SL("mia"), 1, &first, &e), 0);
	assert_int_equal(console_user_invite(s->c, SL("mia"), 1, &word, &e), 0); /* the first is void */
	struct login l = {SLICE_NONE, SL("another good sentence"), buf_slice(&first), HOME, now};
	assert_int_equal(accounts_invited(s->c, &l, note, &noted, name, &end, &wait, &e), 0);
	assert_int_equal(end, LOGIN_WRONG);
	l.code = buf_slice(&word);
	l.now = now + 2 * NS_HOUR;
	assert_int_equal(accounts_invited(s->c, &l, note, &noted, name, &end, &wait, &e), 0);
	assert_int_equal(end, LOGIN_WRONG); /* too late */
	l.now = now;
	l.password = SL("short");
	assert_int_equal(accounts_invited(s->c, &l, note, &noted, name, &end, &wait, &e), ERR_RANGE); /* and still good */
	l.password = SL("another good sentence");
	assert_int_equal(noted.n, 0); /* nothing happened, nothing is told */
	noted.rc = ERR_IO;
	assert_int_equal(accounts_invited(s->c, &l, note, &noted, name, &end, &wait, &e), ERR_IO);
	assert_int_equal(end, LOGIN_WRONG);
	assert_int_equal(noted.n, 1);
	assert_int_equal(try(s, SL("mia"), GOOD, HOME, now, NULL), LOGIN_GOOD); /* no record: no other password, and the word is still good */
	noted.rc = 0;
	assert_int_equal(accounts_invited(s->c, &l, note, &noted, name, &end, &wait, &e), 0);
	assert_int_equal(end, LOGIN_GOOD);
	assert_string_equal(name, "mia");
	assert_int_equal(noted.n, 2);
	assert_int_equal(accounts_invited(s->c, &l, note, &noted, name, &end, &wait, &e), 0);
	assert_int_equal(end, LOGIN_WRONG); /* once */
	assert_int_equal(try(s, SL("mia"), l.password, HOME, now, NULL), LOGIN_GOOD);
	console_accounts_close(noted.other);
	buf_free(&first);
	buf_free(&word);
}

/* ---- the broker: what a web process that was taken over may ask ------------------------------------------------------------------------------------------------ */

struct serving {
	struct console_options o;
	struct broker_shared *shared;
	int channel, rc;
	struct err e;
};

static void *serve(void *arg)
{
	struct serving *s = arg;
	s->rc = broker_serve(&s->o, s->shared, s->channel, &s->e);
	close(s->channel);
	return NULL;
}

static const struct { unsigned roles; enum broker_fresh fresh; } ops[] = {
#define X(id, fn, roles, fresh) {roles, fresh},
	BROKER_OPS(X)
#undef X
};

static int ask(int channel, struct sys_message *m, enum broker_op op, const char *token, struct broker_answer *a)
{
	struct broker_ask q = {.magic = BROKER_MAGIC, .op = op, .source = "198.51.100.7", .number = -1};
	struct err e;
	int got;
	snprintf(q.token, sizeof q.token, "%s", token);
	assert_int_equal(sys_send(channel, BROKER_MAGIC, slice_make((const char *)&q, sizeof q), -1, 1000, &e), 0);
	while ((got = sys_receive(channel, m, &e)) == 0)
		usleep(200);
	assert_int_equal(got, 1);
	assert_int_equal(m->body.n, sizeof *a);
	memcpy(a, m->body.p, sizeof *a);
	if (m->fd >= 0)
		close(m->fd);
	assert_true(a->magic == BROKER_MAGIC && memchr(a->text, 0, sizeof a->text));
	return a->status;
}

static void every_question(void **state)
{
	static const char *const names[] = {"e", "n", "p", "d"};
	struct scene *s = *state;
	struct serving serving = {.o = {.state = s->folder}, .shared = broker_shared_make()};
	struct sys_message *m = calloc(1, sizeof *m);
	struct broker_who who;
	struct broker_answer a;
	struct err e;
	pthread_t t;
	int pair[2];
	assert_int_equal(sys_pair(pair, &e), 0);
	serving.channel = pair[1];
	assert_int_equal(pthread_create(&t, NULL, serve, &serving), 0);
	for (unsigned r = 0; r < 4; r++) {
		char token[BROKER_TOKEN];
		nstime now = (nstime)time(NULL) * NS_SEC;
		assert_int_equal(console_user_put(s->c, &(struct console_user){.name = slice_of(names[r]), .roles = 1u << r}, &e), 0);
		for (int op = 0; op < BROKER_OP_COUNT; op++) {
			assert_int_equal(accounts_who(s->c, slice_of(names[r]), &who, &e), 0);
			assert_int_equal(accounts_session_make(s->c, &who, HOME, now + op, token, &e), 0); /* anew: logging out is a question, too */
			int rc = ask(pair[0], m, (enum broker_op)op, token, &a);
			bool role = rc == ERR_PERM && strstr(a.text, "not for your role"), may = !ops[op].roles || (ops[op].roles & (1u << r));
			if (role == may)
				fail_msg("op %d, role %u: %d %s", op, 1u << r, rc, a.text);
			if (may && ops[op].fresh == FRESH_FACTOR) /* nobody has one here */
				assert_true(rc == ERR_PERM && strstr(a.text, "second factor"));
			/* without a session, and with one that is none */
			if (ops[op].roles) {
				assert_int_equal(ask(pair[0], m, (enum broker_op)op, "", &a), ERR_PERM);
				assert_int_equal(ask(pair[0], m, (enum broker_op)op, "0123456789012345678901234567890123456789", &a), ERR_PERM);
				assert_true(a.who.roles == 0 && !*a.token && a.number == 0);
			}
		}
	}
	close(pair[0]);
	pthread_join(t, NULL);
	assert_int_equal(serving.rc, ERR_STOPPED);
	broker_shared_free(serving.shared);
	free(m);
}

/* An answer that came too late is of another session: it is nobody's. */
struct slow { int channel; struct broker_answer late; };

static void *answer_late(void *arg)
{
	struct slow *s = arg;
	struct sys_message *m = calloc(1, sizeof *m);
	struct broker_ask q = {.magic = 0};
	struct broker_answer own = {.magic = BROKER_MAGIC, .who.name = "employee"};
	struct err e;
	assert_int_equal(sys_send(s->channel, BROKER_MAGIC, slice_make((const char *)&s->late, sizeof s->late), s->channel, 1000, &e), 0);
	while (sys_receive(s->channel, m, &e) == 0)
		usleep(200);
	memcpy(&q, m->body.p, sizeof q);
	own.serial = q.serial;
	assert_int_equal(sys_send(s->channel, BROKER_MAGIC, slice_make((const char *)&own, sizeof own), -1, 1000, &e), 0);
	free(m);
	return NULL;
}

static void late_answer(void **state)
{
	struct desk d = {.channel = -1, .asked = 7};
	struct slow s = {.late = {.magic = BROKER_MAGIC, .serial = 7, .who.name = "administrator"}};
	struct broker_ask q = {.op = BROKER_WHO};
	struct broker_answer a;
	struct err e;
	pthread_t t;
	int pair[2], fd = -1;
	(void)state;
	assert_int_equal(sys_pair(pair, &e), 0);
	d.channel = pair[0];
	s.channel = pair[1];
	assert_int_equal(pthread_create(&t, NULL, answer_late, &s), 0);
	assert_int_equal(broker_call(&d, &q, &a, &fd, &e), 0);
	pthread_join(t, NULL);
	assert_string_equal(a.who.name, "employee");
	assert_int_equal(fd, -1);
	close(pair[0]);
	close(pair[1]);
}

/* What is no question ends the channel: whoever asks so is not the web process we started. */
static void no_question(void **state)
{
	struct scene *s = *state;
	struct broker_ask q = {.magic = BROKER_MAGIC, .op = BROKER_WHO};
	struct { size_t n; uint32_t magic, op; bool endless; } bad[] = {{sizeof q - 1, BROKER_MAGIC, BROKER_WHO, false}, {0, BROKER_MAGIC, BROKER_WHO, false},
		{sizeof q, 1, BROKER_WHO, false}, {sizeof q, BROKER_MAGIC, BROKER_OP_COUNT, false}, {sizeof q, BROKER_MAGIC, UINT32_MAX, false}, {sizeof q, BROKER_MAGIC, BROKER_WHO, true}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct serving serving = {.o = {.state = s->folder}};
		struct err e;
		pthread_t t;
		int pair[2];
		assert_int_equal(sys_pair(pair, &e), 0);
		serving.channel = pair[1];
		memset(q.token, bad[i].endless ? 'a' : 0, sizeof q.token);
		q.magic = bad[i].magic;
		q.op = bad[i].op;
		assert_int_equal(sys_send(pair[0], BROKER_MAGIC, slice_make((const char *)&q, bad[i].n), -1, 1000, &e), 0);
		assert_int_equal(pthread_create(&t, NULL, serve, &serving), 0);
		pthread_join(t, NULL);
		assert_int_equal(serving.rc, ERR_SYNTAX);
		close(pair[0]);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {T(users), T(folder), T(sessions), T(sessions_end), T(guessing), T(guessing_names), T(without_password), T(invitations), T(every_question), T(late_answer),
		T(no_question)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
