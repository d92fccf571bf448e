/* test_sys_profile.c - what each process of the daemon may do and may not: every attempt is a child that is confined first. */
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs/hs.h>
#include <pcre2.h>
#include <sqlite3.h>
#include <systemd/sd-journal.h>
#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include <cmocka.h>

/* A folder of the test's own: inside/ may be read and written, shown/ read, outside/ neither. */
struct place {
	char root[64], inside[80], shown[80], outside[80], secret[112], open_file[112], fresh[112], db[112];
	int handed, pair[2], listening;
};

static void write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content\n", 8), 8);
	close(fd);
}

static int make_place(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct err e;
	snprintf(p->root, sizeof p->root, "/tmp/postern-profile-XXXXXX");
	if (!mkdtemp(p->root))
		return -1;
	snprintf(p->inside, sizeof p->inside, "%s/inside", p->root);
	snprintf(p->shown, sizeof p->shown, "%s/shown", p->root);
	snprintf(p->outside, sizeof p->outside, "%s/outside", p->root);
	snprintf(p->secret, sizeof p->secret, "%s/secret", p->outside);
	snprintf(p->fresh, sizeof p->fresh, "%s/fresh", p->outside);
	snprintf(p->open_file, sizeof p->open_file, "%s/file", p->shown);
	snprintf(p->db, sizeof p->db, "%s/postern.db", p->inside);
	if (mkdir(p->inside, 0700) || mkdir(p->shown, 0700) || mkdir(p->outside, 0700) || sys_pair(p->pair, &e))
		return -1;
	write_file(p->secret);
	write_file(p->open_file);
	p->handed = open(p->secret, O_RDONLY | O_CLOEXEC);
	p->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*state = p;
	return bind(p->listening, (struct sockaddr *)&any, sizeof any) || listen(p->listening, 5);
}

static int remove_place(void **state)
{
	struct place *p = *state;
	char command[128];
	close(p->handed);
	close(p->listening);
	close(p->pair[0]);
	close(p->pair[1]);
	snprintf(command, sizeof command, "rm -rf %s", p->root);
	free(p);
	return system(command);
}

/* ---- what a child tries: 0 when it worked, else errno ------------------------------------------------------------------- */
typedef int try_fn(const struct place *p);
#define TRY(name) static int name(__attribute__((unused)) const struct place *p)

static int result(long r)
{
	return r < 0 ? errno : 0;
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600), saved = errno;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? saved : 0;
}

TRY(try_handed) { char c; return result(pread(p->handed, &c, 1, 0)); }
TRY(try_read_shown) { return opened(p->open_file, O_RDONLY); }
TRY(try_clock) { struct timespec t; return result(clock_gettime(CLOCK_REALTIME, &t)); }
static void *nothing(void *arg) { return arg; }
TRY(try_thread)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL);
	return r ? r : pthread_join(t, NULL);
}
TRY(try_poll)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(1, EFD_CLOEXEC), tm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct epoll_event x = {.events = EPOLLIN}, got;
	struct itimerspec soon = {.it_value.tv_nsec = 1000};
	if (ep < 0 || ev < 0 || tm < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ev, &x) || timerfd_settime(tm, 0, &soon, NULL))
		return errno;
	return epoll_wait(ep, &got, 1, 5000) == 1 ? 0 : ETIME;
}
TRY(try_message)
{
	static struct sys_message m;
	struct err e;
	if (sys_send(p->pair[0], 7, SL("words"), p->handed, 1000, &e) || sys_receive(p->pair[1], &m, &e) != 1)
		return EPROTO;
	return m.fd >= 0 && m.type == 7 ? 0 : EPROTO;
}
static int run_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		dprintf(2, "sqlite: %s (system errno %d)\n", sqlite3_errmsg(db), sqlite3_system_errno(db));
	sqlite3_close(db);
	return rc;
}
TRY(try_sqlite)
{
	sqlite3 *reader = NULL;
	int rc = run_sql(p->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1);");
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(p->db, &reader, SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM t", NULL, NULL, NULL);
	if (rc == SQLITE_OK) /* beside an open reader: shared memory and its locks */
		rc = run_sql(p->db, "INSERT INTO t VALUES(2); PRAGMA wal_checkpoint(PASSIVE)");
	sqlite3_close(reader);
	return rc == SQLITE_OK ? run_sql(p->db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)") : EIO;
}
TRY(try_segments)
{
	char path[128], other[128];
	snprintf(path, sizeof path, "%s/1.log", p->inside);
	snprintf(other, sizeof other, "%s/2.log", p->inside);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x\n", 2) != 2 || fsync(fd) || ftruncate(fd, 0) || close(fd))
		return errno;
	return rename(path, other) || unlink(other) ? errno : 0;
}
TRY(try_expression)
{
	int code;
	PCRE2_SIZE at;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR) "(a|b)+c", PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);
	pcre2_match_data *found = re ? pcre2_match_data_create_from_pattern(re, NULL) : NULL;
	if (!found || pcre2_jit_compile(re, PCRE2_JIT_COMPLETE))
		return EACCES;
	return pcre2_jit_match(re, (PCRE2_SPTR) "xxabbac", 7, 0, 0, found, NULL) > 0 ? 0 : ENOMSG;
}
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id, (void)from, (void)to, (void)flags;
	++*(int *)arg;
	return 0;
}
TRY(try_literals)
{
	hs_database_t *db;
	hs_compile_error_t *trouble;
	hs_scratch_t *scratch = NULL;
	int n = 0;
	if (hs_compile("needle", 0, HS_MODE_BLOCK, NULL, &db, &trouble) || hs_alloc_scratch(db, &scratch))
		return EINVAL;
	return hs_scan(db, "a needle", 8, 0, scratch, on_match, &n) == HS_SUCCESS && n == 1 ? 0 : ENOMSG;
}
TRY(try_folding)
{
	static const UChar text[] = {0x53, 0x1e9e};
	UChar to[8];
	UErrorCode code = U_ZERO_ERROR;
	return u_strFoldCase(to, 8, text, 2, U_FOLD_CASE_DEFAULT, &code) == 3 ? 0 : EINVAL;
}
TRY(try_journal)
{
	sd_journal *j;
	int r = sd_journal_open_directory(&j, p->shown, 0);
	if (r < 0)
		return -r;
	r = sd_journal_next(j);
	if (r >= 0)
		r = sd_journal_get_fd(j); /* inotify */
	if (r >= 0)
		r = sd_journal_process(j);
	sd_journal_close(j);
	return r < 0 ? -r : 0;
}
TRY(try_accept)
{
	struct sockaddr_in to;
	socklen_t n = sizeof to;
	/* nobody is there: it would have to wait, which it may */
	if (fcntl(p->listening, F_SETFL, O_NONBLOCK) || getsockname(p->listening, (struct sockaddr *)&to, &n))
		return errno;
	return accept4(p->listening, NULL, NULL, SOCK_CLOEXEC) >= 0 || errno == EAGAIN ? 0 : errno;
}
TRY(try_connect)
{
	struct sockaddr_in to;
	socklen_t n = sizeof to;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || getsockname(p->listening, (struct sockaddr *)&to, &n))
		return errno;
	return result(connect(s, (struct sockaddr *)&to, n));
}
TRY(try_unix) { return result(socket(AF_UNIX, SOCK_DGRAM, 0)); }
TRY(try_abort) { (void)signal(SIGABRT, SIG_DFL); abort(); }

/* what must not work */
TRY(try_secret) { return opened(p->secret, O_RDONLY); }
TRY(try_shadow) { return opened("/etc/shadow", O_RDONLY); }
TRY(try_list_outside) { return opened(p->outside, O_RDONLY | O_DIRECTORY); }
TRY(try_write_shown) { return opened(p->open_file, O_WRONLY | O_APPEND); }
TRY(try_write_outside) { return opened(p->fresh, O_WRONLY | O_CREAT); }
TRY(try_mkdir) { return result(mkdir(p->fresh, 0700)); }
TRY(try_remove) { return result(unlink(p->open_file)); }
TRY(try_empty) { return opened(p->open_file, O_RDONLY | O_TRUNC); }
TRY(try_truncate) { return result(truncate(p->open_file, 0)); }
TRY(try_chmod) { return result(chmod(p->open_file, 0666)); }
TRY(try_fifo) { return result(mkfifo(p->fresh, 0600)); }
TRY(try_kill) { return result(kill(getppid(), 0)); }
TRY(try_tgkill) { return result(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
TRY(try_limits) { struct rlimit l = {10, 10}; return result(setrlimit(RLIMIT_NOFILE, &l)); }
TRY(try_socket) { return result(socket(AF_INET, SOCK_STREAM, 0)); }
TRY(try_socket6) { return result(socket(AF_INET6, SOCK_DGRAM, 0)); }
TRY(try_raw) { return result(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
TRY(try_packet) { return result(socket(AF_PACKET, SOCK_DGRAM, 0)); }
TRY(try_bind)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = socket(AF_INET, SOCK_STREAM, 0);
	return s < 0 ? errno : result(bind(s, (struct sockaddr *)&any, sizeof any));
}
TRY(try_listen) { return result(listen(p->listening, 9)); }
TRY(try_accept_not) { return try_accept(p); }
TRY(try_inotify) { return result(inotify_init1(IN_CLOEXEC)); }
TRY(try_fork)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : result(waitpid(pid, NULL, 0));
}
TRY(try_clone_user)
{
	pid_t pid = (pid_t)syscall(SYS_clone, 0x10000000 /* CLONE_NEWUSER */ | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : result(waitpid(pid, NULL, 0));
}
TRY(try_code)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return m == MAP_FAILED ? errno : result(mprotect(m, 4096, PROT_READ | PROT_EXEC));
}
TRY(try_code_at_once) { return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0; }
TRY(try_exec)
{
	char name[] = "true", *argv[] = {name, NULL};
	execv("/bin/true", argv);
	return errno;
}
TRY(try_exec_fd)
{
	char name[] = "true", *argv[] = {name, NULL};
	int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
	syscall(SYS_execveat, fd, "", argv, environ, 0x1000 /* AT_EMPTY_PATH */);
	return errno;
}
TRY(try_ptrace) { return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
TRY(try_setuid) { return result(setuid(0)); }
TRY(try_setgroups) { gid_t g = 0; return result(syscall(SYS_setgroups, 1, &g)); }
TRY(try_mount) { return result(mount("none", "/nowhere", "tmpfs", 0, NULL)); }
TRY(try_chroot) { return result(chroot("/nowhere")); }
TRY(try_unshare) { return result(syscall(SYS_unshare, 0)); }
TRY(try_uring) { char room[256] = {0}; return result(syscall(SYS_io_uring_setup, 1, room)); }
TRY(try_bpf) { return result(syscall(SYS_bpf, 99, NULL, 0)); }
TRY(try_module) { return result(syscall(SYS_finit_module, -1, "", 0)); }
TRY(try_vm_read) { return result(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)); }
TRY(try_keyring) { return result(syscall(SYS_keyctl, 0, -3, 0)); }
#if defined __x86_64__
TRY(try_32_bits)
{
	long r = 20; /* getpid of i386: another table, which a filter of numbers alone would not know */
	__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
	return r < 0 ? (int)-r : 0;
}
#endif
TRY(try_memory_file) { return result(memfd_create("x", MFD_CLOEXEC)); }
TRY(try_newer) { return result(syscall(590)); }

enum { WORKS, NO, KILLED, ABSENT, ABORTS };
enum { E = 1 << SYS_ENGINE, R = 1 << SYS_RECEIVER, J = 1 << SYS_JOURNAL, N = 1 << SYS_NOTIFIER, C = 1 << SYS_CONSOLE, ALL = E | R | J | N | C };
static const struct attempt {
	const char *name;
	try_fn *fn;
	int want, of; /* which profiles */
	bool landlock, as_root;
} attempts[] = {
	{"read a descriptor that was handed over", try_handed, WORKS, ALL}, {"read what may be read", try_read_shown, WORKS, ALL}, {"clock", try_clock, WORKS, ALL},
	{"thread", try_thread, WORKS, ALL}, {"epoll, eventfd, timerfd", try_poll, WORKS, ALL}, {"message with a descriptor", try_message, WORKS, ALL},
	{"SQLite, WAL", try_sqlite, WORKS, ALL}, {"segments of a spool", try_segments, WORKS, ALL}, {"abort", try_abort, ABORTS, ALL},
	{"PCRE2 with machine code", try_expression, WORKS, E}, {"vectorscan", try_literals, WORKS, E}, {"ICU", try_folding, WORKS, E},
	{"journal", try_journal, WORKS, J}, {"accept", try_accept, WORKS, R | N | C}, {"connect", try_connect, WORKS, N}, {"memory file", try_memory_file, WORKS, C}, {"memory file", try_memory_file, NO, E | R | J | N}, {"socket, Unix", try_unix, WORKS, N},

	{"read elsewhere", try_secret, NO, ALL, .landlock = true}, {"read /etc/shadow", try_shadow, NO, E | R | J | C, .landlock = true, .as_root = true},
	{"list elsewhere", try_list_outside, NO, ALL, .landlock = true}, {"write what may be read", try_write_shown, NO, ALL, .landlock = true},
	{"write elsewhere", try_write_outside, NO, ALL, .landlock = true}, {"make a folder elsewhere", try_mkdir, NO, ALL, .landlock = true},
	{"remove", try_remove, NO, ALL, .landlock = true}, {"empty by opening", try_empty, NO, ALL}, {"truncate", try_truncate, NO, ALL},
	{"chmod", try_chmod, NO, ALL}, {"fifo", try_fifo, NO, ALL}, {"kill", try_kill, NO, ALL}, {"tgkill of another", try_tgkill, NO, ALL},
	{"set limits", try_limits, NO, ALL}, {"socket", try_socket, NO, E | R | J | C}, {"socket, IPv6", try_socket6, NO, E | R | J | C}, {"socket, Unix", try_unix, NO, E | R | J | C},
	{"raw socket", try_raw, NO, ALL, .as_root = true}, {"packet socket", try_packet, NO, ALL, .as_root = true}, {"bind", try_bind, NO, ALL},
	{"listen", try_listen, NO, ALL}, {"accept", try_accept_not, NO, E | J}, {"inotify", try_inotify, NO, E | R | N | C}, {"fork", try_fork, NO, ALL},
	{"clone into a new namespace", try_clone_user, NO, ALL, .as_root = true}, {"code of written memory", try_code, NO, R | J | N | C},
	{"memory to write and run", try_code_at_once, NO, R | J | N | C},

	{"execve", try_exec, KILLED, ALL}, {"execveat", try_exec_fd, KILLED, ALL}, {"ptrace", try_ptrace, KILLED, ALL}, {"setuid", try_setuid, KILLED, ALL},
	{"setgroups", try_setgroups, KILLED, ALL}, {"mount", try_mount, KILLED, ALL}, {"chroot", try_chroot, KILLED, ALL}, {"unshare", try_unshare, KILLED, ALL},
	{"io_uring", try_uring, KILLED, ALL}, {"bpf", try_bpf, KILLED, ALL}, {"kernel module", try_module, KILLED, ALL}, {"memory of another", try_vm_read, KILLED, ALL},
	{"keyring", try_keyring, KILLED, ALL},
#if defined __x86_64__
	{"call of another architecture", try_32_bits, KILLED, ALL},
#endif
	{"a call nobody knows yet", try_newer, ABSENT, ALL},
};

enum { NOT_CONFINED = 250, NO_LANDLOCK = 251, MOST_ERRNO = 200 };

/* Exit status: errno of the attempt, or one of the above. */
static int in_child(const struct place *p, const struct attempt *a, int profile)
{
	int status;
	(void)fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *const writable[] = {p->inside, NULL}, *const readable[] = {p->shown, NULL};
		struct rlimit none = {0, 0};
		bool landlock = true;
		struct err e;
		alarm(30);
		setrlimit(RLIMIT_CORE, &none);
		if (profile >= 0 && sys_confine_as((enum sys_profile)profile, readable, writable, &landlock, &e)) {
			dprintf(2, "sys_confine_as: %s\n", e.text);
			_exit(NOT_CONFINED);
		}
		if (a->landlock && !landlock)
			_exit(NO_LANDLOCK);
		int code = a->fn(p);
		_exit(MIN(code, MOST_ERRNO));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool as_wanted(const struct attempt *a, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1, sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (code == NO_LANDLOCK)
		return true;
	switch (a->want) {
	case WORKS: return code == 0;
	case NO: return code == EPERM || code == EACCES;
	case KILLED: return sig == SIGSYS;
	case ABSENT: return code == ENOSYS;
	default: return sig == SIGABRT;
	}
}

static const char *told(int status, char buf[static 64])
{
	if (WIFSIGNALED(status))
		snprintf(buf, 64, "signal %d", WTERMSIG(status));
	else
		snprintf(buf, 64, "%s", WEXITSTATUS(status) ? strerror(WEXITSTATUS(status)) : "works");
	return buf;
}

static void check_profile(const struct place *p, enum sys_profile profile, const char *name)
{
	int bad = 0, tried = 0;
	char text[64];
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		if (!(attempts[i].of & 1 << profile))
			continue;
		int status = in_child(p, &attempts[i], (int)profile);
		tried++;
		if (WIFEXITED(status) && WEXITSTATUS(status) == NO_LANDLOCK)
			print_message("%s: %s: not tried, this kernel has no Landlock\n", name, attempts[i].name);
		if (!as_wanted(&attempts[i], status)) {
			print_message("%s: %s: %s\n", name, attempts[i].name, told(status, text));
			bad++;
		}
	}
	assert_true(tried > 40);
	assert_int_equal(bad, 0);
}

static void test_engine(void **state) { check_profile(*state, SYS_ENGINE, "engine"); }
static void test_receiver(void **state) { check_profile(*state, SYS_RECEIVER, "receiver"); }
static void test_journal(void **state) { check_profile(*state, SYS_JOURNAL, "journal"); }
static void test_notifier(void **state) { check_profile(*state, SYS_NOTIFIER, "notifier"); }
static void test_console(void **state) { check_profile(*state, SYS_CONSOLE, "console"); }

/* Where nothing was given up the attempts end otherwise: else they would prove nothing. */
static void test_unconfined(void **state)
{
	char text[64];
	int bad = 0;
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		const struct attempt *a = &attempts[i];
		if (a->want == ABORTS || a->want == ABSENT || (a->as_root && getuid()))
			continue;
		int status = in_child(*state, a, -1);
		if (a->fn == try_remove || a->fn == try_empty || a->fn == try_truncate)
			write_file(((const struct place *)*state)->open_file);
		unlink(((const struct place *)*state)->fresh);
		rmdir(((const struct place *)*state)->fresh);
		bool ok = a->want == WORKS || a->want == NO ? WIFEXITED(status) && WEXITSTATUS(status) == 0 : WIFEXITED(status);
		if (!ok) {
			print_message("%s: %s\n", a->name, told(status, text));
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* A folder that does not exist stops the process; it is not left out silently. */
static void test_missing(void **state)
{
	const struct place *p = *state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		const char *const writable[] = {p->inside, NULL}, *const readable[] = {p->fresh, NULL};
		bool landlock = false;
		struct err e = {0};
		int r = sys_confine_as(SYS_ENGINE, readable, writable, &landlock, &e);
		_exit(!landlock ? 77 : r < 0 && e.code == r && strstr(e.text, "fresh") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {PLACE(test_unconfined), PLACE(test_engine), PLACE(test_receiver), PLACE(test_journal), PLACE(test_notifier), PLACE(test_console), PLACE(test_missing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
