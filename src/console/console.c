/* console.c - the process that starts and watches over the two others. It holds the listening socket and reads nothing hostile. */
#include "console/accounts.h"
#include "console/console_private.h"
#include "sys/sys.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_USUAL = 4, THREADS_MOST = 32, BACKOFF_MOST = 60, ENDING_SECONDS = 10 };

struct console {
	const struct console_options *o;
	struct statics statics;
	struct zone *zone;
	char *certificate, *key;
	int listener, signals;
	size_t nchannels;
	int pairs[THREADS_MOST + 1][2]; /* [0] the web process's, [1] the broker's */
	pid_t broker, web;
	int stop[2];                    /* closed: they end */
};

/* ---- the listening socket ------------------------------------------------------------------------------------------------------------------------------- */

/* "127.0.0.1:8443", "[::1]:8443", "localhost:8443" */
static int parse_listen(const char *text, struct sockaddr_storage *out, socklen_t *size, struct ip *ip, struct err *e)
{
	struct slice s = slice_of(text ? text : "127.0.0.1:8443");
	ssize_t colon = slice_rfind(s, SL(":"));
	uint64_t port;
	struct slice host = slice_to(s, colon < 0 ? 0 : (size_t)colon);
	if (colon < 0 || !slice_u64(slice_from(s, (size_t)colon + 1), 65535, &port))
		return err_set(e, ERR_USAGE, "listen: \"%.100s\" is no address with a port, such as 127.0.0.1:8443 or [::1]:8443", s.p);
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_make(host.p + 1, host.n - 2);
	if (slice_eq(host, SL("localhost")))
		host = SL("127.0.0.1");
	if (!ip_parse(host, ip))
		return err_set(e, ERR_USAGE, "listen: \"%.*s\" is no address of this machine: write numbers, not a name", SLFMT(slice_to(host, 100)));
	memset(out, 0, sizeof *out);
	if (ip_is_v4(ip)) {
		struct sockaddr_in *a = (void *)out;
		*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
		memcpy(&a->sin_addr, ip->b + 12, 4);
		*size = sizeof *a;
	} else {
		struct sockaddr_in6 *a = (void *)out;
		*a = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		memcpy(&a->sin6_addr, ip->b, 16);
		*size = sizeof *a;
	}
	return 0;
}

static int tell_ready(const struct console *c, const struct ip *ip, struct err *e)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof at;
	char text[48], line[160];
	if (getsockname(c->listener, (struct sockaddr *)&at, &size))
		return err_set(e, ERR_IO, "getsockname: %m");
	unsigned port = ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&at)->sin_port : ((struct sockaddr_in6 *)(void *)&at)->sin6_port);
	ip_text(ip, text);
	int n = snprintf(line, sizeof line, "%s://%s%s%s:%u\n", c->o->plain ? "http" : "https", ip_is_v4(ip) ? "" : "[", text, ip_is_v4(ip) ? "" : "]", port);
	if (c->o->ready_fd >= 0 && write(c->o->ready_fd, line, (size_t)n) != n)
		return err_set(e, ERR_IO, "nobody to tell: %m");
	printf("%s", line);
	fflush(stdout);
	return 0;
}

static int open_listener(struct console *c, struct ip *ip, struct err *e)
{
	struct sockaddr_storage at;
	socklen_t size;
	int on = 1, rc = parse_listen(c->o->listen, &at, &size, ip, e);
	if (rc)
		return rc;
	if (c->o->plain && !ip_is_loopback(ip))
		return err_set(e, ERR_USAGE, "without TLS it listens on loopback only (127.0.0.1, ::1)");
	c->listener = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listener < 0 || setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || bind(c->listener, (struct sockaddr *)&at, size) || listen(c->listener, 511))
		return err_set(e, ERR_IO, "cannot listen on %s: %m", c->o->listen ? c->o->listen : "127.0.0.1:8443");
	return 0;
}

/* ---- the broker ------------------------------------------------------------------------------------------------------------------------------------------- */

struct serving {
	const struct console *c;
	struct broker_shared *shared;
	int channel;
};

static void *serve(void *arg)
{
	struct serving *s = arg;
	struct err e;
	int rc = broker_serve(s->c->o, s->shared, s->channel, &e);
	if (rc != ERR_STOPPED)
		core_log(LOG_LEVEL_ERROR, "console: broker: %s", e.text);
	_exit(rc == ERR_STOPPED ? 0 : 1); /* the web process is gone, or a channel is of no use any more: all begin anew */
}

static _Noreturn void run_broker(struct console *c)
{
	pthread_t t[THREADS_MOST + 1];
	struct serving s[THREADS_MOST + 1];
	struct broker_shared *shared = broker_shared_make();
	sys_name_process("console-broker");
	close(c->listener);
	close(c->stop[0]);
	close(c->stop[1]);
	for (size_t i = 0; i < c->nchannels; i++)
		close(c->pairs[i][0]);
	for (size_t i = 0; i < c->nchannels; i++) {
		s[i] = (struct serving){c, shared, c->pairs[i][1]};
		if (pthread_create(&t[i], NULL, serve, &s[i]))
			_exit(1);
	}
	for (;;)
		pause();
}

/* ---- the web process --------------------------------------------------------------------------------------------------------------------------------------- */

static int web_confine(const struct console *c, const char *own, struct err *e)
{
	bool landlock;
	const char *const readable[] = {c->o->lessons ? c->o->lessons : c->o->web, c->o->state, NULL}, *const writable[] = {c->o->state, own, NULL};
	return sys_confine_as(SYS_CONSOLE, readable, writable, &landlock, e);
}

static struct inspect *start_inspect(const struct console *c, struct err *e)
{
	const struct inspect_options o = {.workers = 2, .org = c->o->org, .known = c->o->known, .limits = {.milliseconds = 15000}};
	return inspect_new(&o, e);
}

/* The rest is of use without them. */
static struct lessons *load_lessons(const char *folder)
{
	struct err e;
	struct lessons *l = folder ? lessons_load(folder, &e) : NULL;
	if (folder && !l)
		core_log(LOG_LEVEL_WARN, "console: no lessons: %s", e.text);
	return l;
}

static int web_main(struct console *c, pid_t parent, struct err *e)
{
	char own[4096];
	int channels[THREADS_MOST + 1];
	for (size_t i = 0; i < c->nchannels; i++)
		channels[i] = c->pairs[i][0];
	struct web_options w = {.o = c->o, .statics = &c->statics, .listener = c->listener, .channels = channels, .nchannels = c->nchannels, .certificate = c->certificate,
		.key = c->key, .zone = c->zone};
	int rc = accounts_path(c->o->state, "web", own, sizeof own, e);
	if (!rc)
		rc = sys_drop(c->o->user ? c->o->user : "postern", NULL, e);
	if (!rc && !sys_die_with_parent(parent))
		rc = err_set(e, ERR_STOPPED, "who started it is gone");
	if (!rc && !(w.inspect = start_inspect(c, e)))
		rc = e->code;
	if (!rc)
		w.lessons = load_lessons(c->o->lessons);
	if (!rc)
		rc = web_confine(c, own, e);
	return rc ? rc : web_run(&w, c->stop[0], e);
}

static _Noreturn void run_web(struct console *c, pid_t parent)
{
	struct err e;
	sys_name_process("console-web");
	for (size_t i = 0; i < c->nchannels; i++)
		close(c->pairs[i][1]);
	close(c->stop[1]);
	int rc = web_main(c, parent, &e);
	if (rc)
		core_log(LOG_LEVEL_ERROR, "console: %s", e.text);
	_exit(rc ? 1 : 0);
}

/* ---- watching over them -------------------------------------------------------------------------------------------------------------------------------------- */

static void close_pairs(struct console *c)
{
	for (size_t i = 0; i < c->nchannels; i++) {
		close(c->pairs[i][0]);
		close(c->pairs[i][1]);
	}
	close(c->stop[0]);
}

static pid_t start_one(struct console *c, bool broker, pid_t parent)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_IGN); /* of a terminal: the parent ends us */
	close(c->signals);
	if (broker && !sys_die_with_parent(parent))
		_exit(1);
	if (broker)
		run_broker(c);
	run_web(c, parent);
}

static int start_both(struct console *c, struct err *e)
{
	pid_t self = getpid();
	if (pipe(c->stop))
		return err_set(e, ERR_IO, "pipe: %m");
	for (size_t i = 0; i < c->nchannels; i++)
		if (sys_pair(c->pairs[i], e))
			return e->code;
	c->broker = start_one(c, true, self);
	c->web = start_one(c, false, self);
	close_pairs(c);
	return c->broker > 0 && c->web > 0 ? 0 : err_set(e, ERR_IO, "cannot start a process: %m");
}

/* The web process first: it answers what it began. */
static void end_both(struct console *c)
{
	close(c->stop[1]);
	for (int i = 0; c->web > 0 && i < ENDING_SECONDS * 20; i++) {
		const struct timespec moment = {0, 50000000};
		if (waitpid(c->web, NULL, WNOHANG))
			c->web = 0;
		else
			nanosleep(&moment, NULL);
	}
	for (pid_t *p = (pid_t[]){c->web, c->broker, -1}; *p >= 0; p++)
		if (*p > 0) {
			kill(*p, SIGKILL);
			waitpid(*p, NULL, 0);
		}
	c->web = c->broker = 0;
}

/* True: we were told to end. False: one of them did. */
static bool wait_for_one(struct console *c, int ms)
{
	struct pollfd p = {.fd = c->signals, .events = POLLIN};
	while (poll(&p, 1, ms) > 0) {
		struct signalfd_siginfo s;
		if (read(c->signals, &s, sizeof s) != sizeof s)
			continue;
		if (s.ssi_signo != SIGCHLD)
			return true;
		pid_t gone = c->web > 0 ? waitpid(c->web, NULL, WNOHANG) : 0;
		if (gone > 0)
			c->web = 0;
		gone = c->broker > 0 ? waitpid(c->broker, NULL, WNOHANG) : 0;
		if (gone > 0)
			c->broker = 0;
		if (ms < 0 && (!c->web || !c->broker))
			return false;
	}
	return false;
}

static int watch_over(struct console *c, struct err *e)
{
	for (int wait = 1;;) {
		struct timespec began, now;
		clock_gettime(CLOCK_MONOTONIC, &began);
		int rc = start_both(c, e);
		bool told = rc ? false : wait_for_one(c, -1);
		end_both(c);
		if (rc || told)
			return rc;
		clock_gettime(CLOCK_MONOTONIC, &now);
		wait = now.tv_sec - began.tv_sec > BACKOFF_MOST ? 1 : MIN(wait * 2, BACKOFF_MOST);
		core_log(LOG_LEVEL_ERROR, "console: a process ended; both start again in %d s", wait);
		if (wait_for_one(c, wait * 1000))
			return 0;
	}
}

/* ---- the start ------------------------------------------------------------------------------------------------------------------------------------------------ */

/* STATE/console/web: where the web process may make files. */
static int make_folders(const struct console_options *o, struct err *e)
{
	char path[4096];
	struct console_accounts *accounts = console_accounts_open(o->state, true, e);
	if (!accounts)
		return e->code;
	console_accounts_close(accounts);
	int rc = accounts_path(o->state, "web", path, sizeof path, e);
	if (rc)
		return rc;
	if (mkdir(path, 0700) && errno != EEXIST)
		return err_set(e, ERR_IO, "cannot make %s: %m", path);
	return sys_give(path, o->user ? o->user : "postern", e);
}

/* Before watch ran there is no state: what employees report has a place all the same. The folder as watch would make it. */
static int make_state(const struct console_options *o, struct err *e)
{
	const char *user = o->user ? o->user : "postern";
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/postern.db", o->state);
	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(e, ERR_LIMIT, "the name of the state's folder is too long");
	if (access(path, F_OK) == 0)
		return 0;
	struct store *s = store_open(path, STORE_CREATE, e);
	if (!s)
		return e->code;
	store_close(s);
	int rc = sys_share(o->state, user, 01770, e);
	return rc ? rc : sys_give(path, user, e);
}

static int take_signals(struct console *c, struct err *e)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	c->signals = sigprocmask(SIG_BLOCK, &set, NULL) ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
	return c->signals < 0 ? err_set(e, ERR_IO, "signals: %m") : 0;
}

int console_run(const struct console_options *o, struct err *e)
{
	struct console *c = xcalloc(1, sizeof *c);
	struct ip ip;
	struct slice zone = org_timezone(o->org);
	*c = (struct console){.o = o, .listener = -1, .signals = -1, .nchannels = MIN(o->threads ? o->threads : THREADS_USUAL, (unsigned)THREADS_MOST) + 1};
	int rc = make_folders(o, e);
	if (!rc)
		rc = make_state(o, e);
	if (!rc)
		rc = statics_read(o->web, &c->statics, e);
	if (!rc && zone.n && !(c->zone = zone_load(zone, e)))
		rc = e->code;
	if (!rc && !o->plain)
		rc = certificate_get(o, &c->certificate, &c->key, e);
	if (!rc)
		rc = open_listener(c, &ip, e);
	if (!rc)
		rc = take_signals(c, e);
	if (!rc)
		rc = tell_ready(c, &ip, e);
	if (!rc) {
		sys_notify_manager("READY=1");
		rc = watch_over(c, e);
	}
	if (c->listener >= 0)
		close(c->listener);
	if (c->signals >= 0)
		close(c->signals);
	statics_free(&c->statics);
	zone_free(c->zone);
	free(c->certificate);
	free(c->key);
	free(c);
	return rc;
}
