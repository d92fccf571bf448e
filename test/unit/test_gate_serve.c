/* test_gate_serve.c - the question and the answer: services that hang, die and lie; peers that have no business asking; what sshd is told about keys. */
#include "gate/serve_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOsPZHk/PGsIO9ekhcB83pe4MYmmlP/8xIl3yD2bLx8m"
#define PRINT "SHA256:qFWs+xE1Yr2J3QsGFzkZrMKqCMFKEgNiMLxGp1+qbsM"

static char folder[64], path[128];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/test-gate-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/sock", folder);
	return chmod(folder, 0755);
}

static int remove_folder(void **state)
{
	char command[200];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static int listen_at(const char *where)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	assert_true(strlen(where) < sizeof a.sun_path);
	memcpy(a.sun_path, where, strlen(where) + 1);
	(void)unlink(where);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static struct gate_answer good(void)
{
	return (struct gate_answer){.magic = GATE_MAGIC, .version = GATE_VERSION, .allow = 1, .reason = GATE_OK, .reference = "R-1"};
}

/* ---- a service that is not what it should be ------------------------------------------------------------------------------- */

enum lie { HONEST, HANGS, DIES, SHORT, LONG, MAGIC, VERSION, BOTH, NEITHER, REASON, ALLOWED, ENDLESS_TEXT, ENDLESS_REFERENCE, KEYS_SIZE, RECORD, EMPTY, LIES };

static void answer_falsely(int c, enum lie lie)
{
	static char more[sizeof(struct gate_answer) + 1];
	struct gate_answer a = good();
	size_t n = sizeof a;
	a.magic += lie == MAGIC;
	a.version += lie == VERSION;
	a.reason = lie == BOTH ? GATE_FAULT : lie == REASON ? GATE_REASON_COUNT : GATE_OK;
	a.allow = lie == NEITHER || lie == REASON ? 0 : lie == ALLOWED ? 2 : 1;
	a.record = lie == RECORD ? 7 : 0;
	a.keys_size = lie == KEYS_SIZE ? sizeof a.keys + 1 : 0;
	if (lie == ENDLESS_TEXT)
		memset(a.text, 'x', sizeof a.text);
	if (lie == ENDLESS_REFERENCE)
		memset(a.reference, 'x', sizeof a.reference);
	n = lie == SHORT ? n - 1 : lie == LONG ? n + 1 : lie == EMPTY ? 0 : n;
	memcpy(more, &a, sizeof a);
	assert_int_equal(send(c, more, n, MSG_NOSIGNAL), n);
}

static void serve_once(int l, enum lie lie)
{
	static struct gate_ask q;
	int c = accept(l, NULL, NULL);
	ssize_t n = recv(c, &q, sizeof q, 0);
	if (lie == HANGS)
		(void)poll(NULL, 0, 10000); /* killed long before */
	if (n == sizeof q && lie != DIES)
		answer_falsely(c, lie);
	close(c);
}

static void lying_services(void **state)
{
	(void)state;
	for (int lie = HONEST; lie < LIES; lie++) {
		struct gate_ask q = {.magic = GATE_MAGIC, .version = GATE_VERSION, .phase = PHASE_ACCOUNT};
		struct gate_answer a;
		int l = listen_at(path);
		pid_t pid = fork();
		if (pid == 0) {
			serve_once(l, (enum lie)lie);
			_exit(0);
		}
		close(l);
		memset(&a, 0xff, sizeof a);
		assert_int_equal(gate_ask_service(path, &q, &a, false), -1);
		assert_int_equal(a.allow, lie == HONEST);
		assert_int_equal(a.reason, lie == HONEST ? GATE_OK : GATE_FAULT);
		assert_non_null(memchr(a.text, 0, sizeof a.text));
		assert_true(a.keys_size == 0);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static struct sockaddr_un address(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	assert_true(n < sizeof to.sun_path);
	memcpy(to.sun_path, path, n);
	return to;
}

static void no_service(void **state)
{
	(void)state;
	struct gate_ask q = {0};
	struct gate_answer a;
	char longer[300];
	memset(longer, 'x', sizeof longer - 1);
	longer[0] = '/';
	longer[sizeof longer - 1] = 0;
	const char *const nowhere[] = {"/nonexistent/sock", longer, "", folder, "/dev/null"};
	for (size_t i = 0; i < ARRAY_LEN(nowhere); i++) {
		assert_int_equal(gate_ask_service(nowhere[i], &q, &a, true), -1);
		assert_int_equal(a.allow, 0);
		assert_int_equal(a.reason, GATE_FAULT);
	}
	int l = listen_at(path); /* nobody accepts: the queue fills, then connecting waits, then it gives up */
	int fds[16];
	struct sockaddr_un to = address();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		(void)!connect(fds[i], (struct sockaddr *)&to, sizeof to);
	}
	assert_int_equal(gate_ask_service(path, &q, &a, true), -1);
	assert_int_equal(a.reason, GATE_FAULT);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	close(l);
}

static void keeps_the_connection(void **state)
{
	(void)state;
	struct gate_ask q = {0};
	struct gate_answer a;
	int l = listen_at(path);
	pid_t pid = fork();
	if (pid == 0) {
		serve_once(l, HONEST);
		_exit(0);
	}
	int fd = gate_ask_service(path, &q, &a, true);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	close(l);
	waitpid(pid, NULL, 0);
}

/* ---- the real service -------------------------------------------------------------------------------------------------------- */

static pid_t start(const char *state_folder)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e;
		(void)sys_die_with_parent(getppid()); /* a test that fails leaves nothing behind */
		const struct gate_service_options o = {.state = state_folder, .socket = path, .host = "srv01", .keys_user = "games", .ready_fd_valid = true, .ready_fd = ready[1]};
		int rc = gate_serve(&o, &e);
		if (rc)
			fprintf(stderr, "%s\n", e.text);
		_exit(rc ? 1 : 0); /* no leak check: the process cannot be looked into any more */
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void stop(pid_t pid)
{
	int st = -1;
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) == 0);
}

/* Bytes as they are, as this user; the size of what came back, 0 closed without an answer, -1 no connection. */
static ssize_t ask_raw(uid_t uid, const void *bytes, size_t n, struct gate_answer *a)
{
	int back[2];
	struct { ssize_t n; struct gate_answer a; } said = {0};
	assert_int_equal(pipe(back), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sockaddr_un to = address();
		if (uid && (setgid(uid) || setuid(uid)))
			_exit(9);
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		said.n = connect(fd, (struct sockaddr *)&to, sizeof to) ? -1 : send(fd, bytes, n, MSG_NOSIGNAL) < 0 ? -2 : recv(fd, &said.a, sizeof said.a, 0);
		_exit(write(back[1], &said, sizeof said) == sizeof said ? 0 : 8);
	}
	close(back[1]);
	assert_int_equal(read(back[0], &said, sizeof said), sizeof said);
	close(back[0]);
	waitpid(pid, NULL, 0);
	if (a)
		*a = said.a;
	return said.n;
}

static struct gate_ask question(enum gate_phase phase, const char *account)
{
	struct gate_ask q = {.magic = GATE_MAGIC, .version = GATE_VERSION, .phase = phase, .session = UINT32_MAX, .service = "sshd", .auth_info = "publickey " KEY, .rhost = "10.0.0.1", .code = "000000"};
	snprintf(q.account, sizeof q.account, "%s", account);
	return q;
}

static void hostile_questions(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	pid_t pid = start(folder);
	struct gate_answer a;
	static struct { struct gate_ask q; char more; } big;
	struct gate_ask q = question(PHASE_KEYS, "daemon"), bad;
	/* a whole question has an answer, and knows nobody */
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	assert_int_equal(a.allow, 0);
	assert_int_equal(a.reason, GATE_NO_PERSON);
	assert_memory_equal(a.reference, "R-", 2);
	/* what is no question has none */
	big.q = q;
	assert_int_equal(ask_raw(0, &big, sizeof q + 1, NULL), 0);
	assert_int_equal(ask_raw(0, &q, sizeof q - 1, NULL), 0);
	assert_int_equal(ask_raw(0, &q, 1, NULL), 0);
	for (int i = 0; i < 7; i++) {
		bad = q;
		bad.magic += i == 0;
		bad.version += i == 1;
		bad.phase = i == 2 ? 0 : i == 3 ? PHASE_CLOSE + 1 : bad.phase;
		bad.command_size = i == 4 ? GATE_COMMAND_MAX + 1 : 0;
		if (i == 5)
			memset(bad.account, 'x', sizeof bad.account);
		if (i == 6)
			memset(bad.auth_info, 'x', sizeof bad.auth_info);
		assert_int_equal(ask_raw(0, &bad, sizeof bad, NULL), 0);
	}
	/* garbage of every kind leaves it standing */
	for (unsigned seed = 0; seed < 200; seed++) {
		bad = q;
		for (size_t i = 0; i < 64; i++)
			((unsigned char *)&bad)[hash_u64(seed * 64 + i) % sizeof bad] = (unsigned char)hash_u64(seed + i * 7);
		assert_in_range((uintmax_t)ask_raw(0, &bad, sizeof bad, &a), 0, sizeof a);
	}
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	stop(pid);
}

static void who_may_ask(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	enum { DAEMON = 1, GAMES = 5 };
	pid_t pid = start(folder);
	static const struct { enum gate_phase phase; uid_t uid; bool answered; } rows[] = {
		{PHASE_KEYS, 0, true}, {PHASE_KEYS, GAMES, true}, {PHASE_KEYS, DAEMON, false}, {PHASE_AUTH, 0, true}, {PHASE_AUTH, GAMES, false}, {PHASE_AUTH, DAEMON, false},
		{PHASE_ACCOUNT, 0, true}, {PHASE_ACCOUNT, GAMES, false}, {PHASE_SESSION, 0, true}, {PHASE_SESSION, DAEMON, false}, {PHASE_CLOSE, 0, true}, {PHASE_CLOSE, DAEMON, false},
		{PHASE_EXEC, DAEMON, false} /* not with the recorder's group */, {PHASE_EXEC, GAMES, false}, {PHASE_EXEC, 0, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gate_ask q = question(rows[i].phase, "daemon");
		struct gate_answer a = {0};
		assert_int_equal(ask_raw(rows[i].uid, &q, sizeof q, &a), rows[i].answered ? (ssize_t)sizeof a : 0);
		assert_int_equal(a.allow, rows[i].answered && rows[i].phase == PHASE_CLOSE);
	}
	/* nobody, and root, is never a provider's account */
	struct gate_answer a;
	struct gate_ask q = question(PHASE_SESSION, "root");
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	assert_int_equal(a.allow, 0);
	q = question(PHASE_ACCOUNT, "%n%s\n$(id)");
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	assert_int_equal(a.allow, 0);
	/* connections that never ask do not take the place of others */
	int fds[64];
	struct sockaddr_un to = address();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		assert_int_equal(connect(fds[i], (struct sockaddr *)&to, sizeof to), 0);
	}
	q = question(PHASE_ACCOUNT, "daemon");
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	stop(pid);
}

static void one_service(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	pid_t pid = start(folder);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	pid_t second = fork();
	if (second == 0) {
		struct err e;
		const struct gate_service_options o = {.state = folder, .socket = path, .host = "srv01"};
		_exit(gate_serve(&o, &e) == ERR_DUP ? 0 : 1);
	}
	int status = -1;
	waitpid(second, &status, 0);
	assert_int_equal(status, 0);
	/* and the first still answers */
	struct gate_ask q = question(PHASE_KEYS, "daemon");
	struct gate_answer a;
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	stop(pid);
	assert_int_equal(stat(path, &st), -1);
}

/* A database that is taken away, or is rubbish: whoever asks is denied, by an answer. */
static void database_gone(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	char db[128], aside[128];
	snprintf(db, sizeof db, "%s/gate.db", folder);
	snprintf(aside, sizeof aside, "%s/aside", folder);
	pid_t pid = start(folder);
	struct gate_ask q = question(PHASE_KEYS, "daemon");
	struct gate_answer a;
	assert_int_equal(rename(db, aside), 0);
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	assert_int_equal(a.reason, GATE_FAULT);
	char rubbish[8192], beside[140];
	static const char *const ends_of[] = {"-wal", "-shm"};
	for (size_t i = 0; i < ARRAY_LEN(ends_of); i++) { /* what was written last would be played back: the old database */
		snprintf(beside, sizeof beside, "%s%s", db, ends_of[i]);
		(void)unlink(beside);
	}
	memset(rubbish, 'r', sizeof rubbish); /* less than a page would be an empty database to SQLite: denied too, but for another reason */
	int fd = open(db, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, rubbish, sizeof rubbish), sizeof rubbish);
	close(fd);
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	assert_int_equal(a.reason, GATE_FAULT);
	assert_int_equal(rename(aside, db), 0);
	assert_int_equal(ask_raw(0, &q, sizeof q, &a), sizeof a);
	assert_int_equal(a.reason, GATE_NO_PERSON); /* back again */
	stop(pid);
}

/* ---- what sshd is told -------------------------------------------------------------------------------------------------------- */

static void key_of_auth_info(void **state)
{
	(void)state;
	static const struct { const char *text; bool ok; } rows[] = {
		{"publickey " KEY, true}, {"publickey " KEY "\nkeyboard-interactive/pam", true}, {"keyboard-interactive/pam\npublickey " KEY, true}, {"", false}, {"publickey", false},
		{"publickey ", false}, {"publickey ssh-ed25519", false}, {"publickey ssh-ed25519 AAAA", false}, {"publickey ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOsPZHk/PGsIO9ekhcB83pe4MYmmlP/8xIl3yD2bLx8m", false},
		{"password", false}, {" publickey " KEY, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena mem;
		struct gate_key k;
		arena_init(&mem);
		assert_int_equal(serve_key(slice_of(rows[i].text), &mem, &k), rows[i].ok);
		if (rows[i].ok)
			assert_true(slice_eqz(k.fingerprint, PRINT));
		arena_free(&mem);
	}
}

static void key_lines(void **state)
{
	(void)state;
	const nstime now = 1000 * NS_DAY;
	struct gate_key key = {.fingerprint = SL(PRINT), .type = SL("ssh-ed25519"), .blob = SL("AAAA")};
	struct gate_person person = {.id = SL("jansen"), .provider = SL("h"), .keys = &key, .nkeys = 1};
	struct gate_provider provider = {.id = SL("h"), .until = NSTIME_NONE};
	struct slice host = SL("srv01");
	struct cidr nets[2];
	assert_true(cidr_parse(SL("10.1.2.3/8"), &nets[0]) && cidr_parse(SL("2001:db8::1/32"), &nets[1]));
	struct gate_grant x[2] = {{.id = SL("G-1"), .person = SL("jansen"), .hosts = &host, .nhosts = 1, .account = SL("deploy"), .sources = nets, .nsources = 2, .from = now - NS_HOUR,
		.until = now + NS_HOUR, .may = MAY_SHELL, .factor = true, .state = GRANT_APPROVED, .requester = SL("a"), .approver = SL("b"), .boot_until = NSTIME_NONE, .wanted = NSTIME_NONE}};
	x[1] = x[0];
	x[1].nsources = 0;
	x[1].may = MAY_SFTP | MAY_FORWARD;
	struct gate_policy p = {.providers = &provider, .nproviders = 1, .persons = &person, .npersons = 1, .grants = x, .ngrants = 2};
	struct gate_request q = {.phase = PHASE_KEYS, .account = SL("deploy"), .host = SL("srv01"), .fingerprint = SL(PRINT)};
	char out[1024];
	size_t n = serve_key_lines(&p, &q, &key, now, 1, out, sizeof out);
	const char *want = "restrict,pty,from=\"10.0.0.0/8,2001:db8::/32\",expiry-time=\"19720927010000Z\" ssh-ed25519 AAAA\n"
			   "restrict,port-forwarding,expiry-time=\"19720927010000Z\" ssh-ed25519 AAAA\n";
	assert_int_equal(n, strlen(want));
	assert_memory_equal(out, want, n);
	/* a line that does not fit is left out whole */
	assert_int_equal(serve_key_lines(&p, &q, &key, now, 1, out, strlen(want) - 1), strchr(want, '\n') - want + 1);
	assert_int_equal(serve_key_lines(&p, &q, &key, now, 1, out, 10), 0);
	/* a grant that ended, a certificate, another account: nothing */
	assert_int_equal(serve_key_lines(&p, &q, &key, now + NS_HOUR, 1, out, sizeof out), 0);
	key.certificate = true;
	assert_int_equal(serve_key_lines(&p, &q, &key, now, 1, out, sizeof out), 0);
	key.certificate = false;
	q.account = SL("root");
	assert_int_equal(serve_key_lines(&p, &q, &key, now, 1, out, sizeof out), 0);
	q.account = SL("deploy");
	key.hardware = true;
	n = serve_key_lines(&p, &q, &key, now, 1, out, sizeof out);
	assert_true(slice_has(slice_make(out, n), SL(",verify-required,")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lying_services, make_folder, remove_folder), cmocka_unit_test_setup_teardown(no_service, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(keeps_the_connection, make_folder, remove_folder), cmocka_unit_test_setup_teardown(hostile_questions, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(who_may_ask, make_folder, remove_folder), cmocka_unit_test_setup_teardown(one_service, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(database_gone, make_folder, remove_folder), cmocka_unit_test(key_of_auth_info), cmocka_unit_test(key_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
