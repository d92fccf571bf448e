/* parent.c - the privileged process: it opens files, starts the others and keeps them running, and parses nothing that strangers wrote. */
#include "watch/watch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define WALK_ALL (30 * NS_SEC)
#define LOOK_AGAIN (NS_SEC / 5) /* at what the finder let wait because it was only just being made */
#define HUNG (120 * NS_SEC)     /* an engine without a sign of life */
#define STOP_MOST (60 * NS_SEC)
#define BEAT (5 * NS_SEC)

/* ---- what the finder tells goes to the engine --------------------------------------------------------------------------------- */

static void send_file(struct parent *p, enum message type, uint32_t number, const struct live_file *f, int fd)
{
	struct buf b = {0};
	message_file(&b, number, f);
	child_send(p, CHILD_ENGINE, type, buf_slice(&b), fd);
	buf_free(&b);
}

static void on_found(void *arg, uint32_t number, const struct live_file *f, int fd)
{
	send_file(arg, M_FILE, number, f, fd);
	close(fd);
}

static void on_renamed(void *arg, uint32_t number, const struct live_file *f)
{
	send_file(arg, M_RENAMED, number, f, -1);
}

static void send_number(struct parent *p, enum message type, uint32_t number)
{
	struct buf b = {0};
	buf_u32(&b, number);
	child_send(p, CHILD_ENGINE, type, buf_slice(&b), -1);
	buf_free(&b);
}

static void on_grew(void *arg, uint32_t number)
{
	send_number(arg, M_GREW, number);
}

static void on_gone(void *arg, uint32_t number)
{
	send_number(arg, M_GONE, number);
}

static void on_problem(void *arg, struct slice path, const char *text)
{
	(void)arg;
	core_log(LOG_LEVEL_WARN, "%.*s: %s", SLFMT(path), text);
}

static void tell_walked(struct parent *p)
{
	if (p->walked || !live_finder_complete(p->finder))
		return;
	p->walked = true;
	child_send(p, CHILD_ENGINE, M_WALKED, SLICE_NONE, -1);
}

int parent_files(struct parent *p, struct err *e)
{
	struct live_finder_calls calls = {on_found, on_grew, on_renamed, on_gone, on_problem, p};
	live_finder_free(p->finder);
	p->finder = live_finder_new(&p->config->live, p->spool, &calls, e);
	if (!p->finder)
		return ERR_IO;
	p->last_walk = mono_ns();
	p->walked = false;
	int rc = live_finder_step(p->finder, true, e);
	if (!rc)
		tell_walked(p);
	return rc;
}

/* ---- set-up ---------------------------------------------------------------------------------------------------------------------- */

/* The folder is root's and sticky: who writes the state cannot remove the audit log. */
static int make_folder(const char *path, mode_t mode, bool own, const struct passwd *user, struct err *e)
{
	if (mkdir(path, mode) && errno != EEXIST)
		return err_set(e, ERR_IO, "%s: %m", path);
	if (user && geteuid() == 0 && (chown(path, own ? user->pw_uid : 0, user->pw_gid) || chmod(path, mode)))
		return err_set(e, ERR_IO, "%s: %m", path);
	return 0;
}

static int folders(struct parent *p, struct err *e)
{
	char user[256], given[4096];
	snprintf(user, sizeof user, "%.*s", SLFMT(p->config->user));
	const struct passwd *pw = geteuid() == 0 ? getpwnam(user) : NULL;
	if (geteuid() == 0 && !pw)
		return err_set(e, ERR_NOENT, "there is no user \"%s\": adduser --system --group --no-create-home %s, or name another with \"user:\"", user, user);
	snprintf(given, sizeof given, "%s", p->opt->state);
	int rc = make_folder(given, 01770, false, pw, e);
	if (rc)
		return rc;
	if (!realpath(given, p->state))
		return err_set(e, ERR_IO, "%s: %m", given);
	snprintf(p->spool, sizeof p->spool, "%s/spool", p->state);
	return make_folder(p->spool, 0750, true, pw, e);
}

static int lock(struct parent *p, struct err *e)
{
	char path[4200], pid[32];
	snprintf(path, sizeof path, "%s/watch.pid", p->state);
	p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (p->lock < 0)
		return err_set(e, ERR_IO, "%s: %m", path);
	if (flock(p->lock, LOCK_EX | LOCK_NB))
		return err_set(e, ERR_DUP, "%s is in use: postern watch runs already", p->state);
	int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(p->lock, 0) || write(p->lock, pid, (size_t)n) != n)
		return err_set(e, ERR_IO, "%s: %m", path);
	return 0;
}

static int bind_unix(const char *path, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof a.sun_path)
		return err_set(e, ERR_RANGE, "metrics: %s is too long", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	struct stat st;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 16)) {
		err_set(e, ERR_IO, "metrics: %s: %m", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int bind_tcp(const char *address, struct err *e)
{
	char host[128];
	const char *colon = strrchr(address, ':');
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *a;
	int yes = 1;
	if (!colon || (size_t)(colon - address) >= sizeof host)
		return err_set(e, ERR_SYNTAX, "metrics: write address:port or unix:/path, not \"%s\"", address);
	bool bracketed = address[0] == '[' && colon[-1] == ']';
	snprintf(host, sizeof host, "%.*s", (int)(colon - address) - 2 * bracketed, address + bracketed);
	int rc = getaddrinfo(host, colon + 1, &hints, &a);
	if (rc)
		return err_set(e, ERR_SYNTAX, "metrics: %s: %s", address, gai_strerror(rc));
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (fd < 0 || bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 16)) {
		err_set(e, ERR_IO, "metrics: %s: %m", address);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(a);
	return fd;
}

static int bind_metrics(struct parent *p, struct err *e)
{
	struct slice m = p->config->metrics;
	char text[4096];
	p->metrics = -1;
	if (!m.n)
		return 0;
	snprintf(text, sizeof text, "%.*s", SLFMT(m));
	p->metrics = slice_starts(m, SL("unix:")) ? bind_unix(text + 5, e) : bind_tcp(text, e);
	return p->metrics < 0 ? ERR_IO : 0;
}

static int signals(struct parent *p, struct err *e)
{
	sigset_t set;
	sigemptyset(&set);
	static const int which[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	for (size_t i = 0; i < ARRAY_LEN(which); i++)
		sigaddset(&set, which[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signals < 0 ? err_set(e, ERR_IO, "signals: %m") : 0;
}

static void anchor(void *arg, const char *text)
{
	(void)arg;
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "audit log %s", text);
}

/* What opening logs, cutting sessions and blocking addresses need, and nothing else. */
static const char *const capabilities[] = {"CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP",
	"CAP_NET_ADMIN", "CAP_SYS_PTRACE", NULL};

static int set_up(struct parent *p, struct err *e)
{
	char path[4200];
	int rc = folders(p, e);
	if (!rc)
		rc = lock(p, e);
	if (!rc)
		rc = live_bind(&p->config->live, &p->bound, e);
	if (!rc)
		rc = bind_metrics(p, e);
	if (rc)
		return rc;
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0)
		return err_set(e, ERR_IO, "eventfd: %m");
	snprintf(path, sizeof path, "%s/audit.log", p->state);
	openlog("postern", LOG_PID, LOG_AUTHPRIV);
	p->audit = chain_open(path, anchor, NULL, e);
	if (!p->audit)
		return ERR_IO;
	sys_raise_files();
	rc = sys_keep_capabilities(capabilities, e);
	return rc ? rc : signals(p, e);
}

static int audit(struct parent *p, const char *action, const char *detail)
{
	struct err e;
	struct chain_record r = {.time = wall_ns(), .actor = SL("postern watch"), .action = slice_of(action), .object = slice_of(p->state), .outcome = SL("success"),
		.detail = slice_of(detail)};
	int rc = chain_append(p->audit, &r, &e);
	if (rc)
		core_log(LOG_LEVEL_ERROR, "audit log: %s", e.text);
	return rc;
}

/* ---- children ------------------------------------------------------------------------------------------------------------------------ */

static void start_due(struct parent *p)
{
	struct err e;
	int64_t now = mono_ns();
	for (int k = 0; k < CHILD_KINDS && !p->stopping; k++) {
		struct child *c = &p->child[k];
		if (!c->wanted || c->pid || now < c->again)
			continue;
		int rc = child_start(p, (enum child_kind)k, &e);
		if (!rc && k == CHILD_ENGINE)
			rc = parent_files(p, &e);
		if (rc) {
			core_log(LOG_LEVEL_ERROR, "%s: %s", child_name((enum child_kind)k), e.text);
			c->again = now + NS_SEC;
		}
	}
}

static void reap(struct parent *p)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int k = 0; k < CHILD_KINDS; k++) {
			struct child *c = &p->child[k];
			if (c->pid != pid)
				continue;
			bool expected = WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DONE && (p->stopping || c->asked);
			c->asked = false;
			child_ended(c, status, expected);
		}
}

static void ask_to_end(struct parent *p, enum child_kind k)
{
	struct child *c = &p->child[k];
	c->asked = true;
	if (c->sock < 0)
		return;
	if (k == CHILD_ENGINE || k == CHILD_NOTIFIER)
		child_send(p, k, M_STOP, SLICE_NONE, -1);
	else
		shutdown(c->sock, SHUT_WR);
}

static void begin_stop(struct parent *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	p->stop_since = mono_ns();
	sys_notify_manager("STOPPING=1");
	for (int k = 0; k < CHILD_KINDS; k++)
		ask_to_end(p, (enum child_kind)k);
}

/* Rules and the organisation file are read by an engine to be, without privilege: with what is wrong in them it would not start. */
static bool rules_are_fine(struct parent *p, const struct watch_config *c)
{
	int status = 1;
	pid_t pid = fork();
	if (pid == 0) {
		struct watch_rules r;
		struct err e;
		char user[256], text[900];
		snprintf(user, sizeof user, "%.*s", SLFMT(c->user));
		int rc = sys_drop(user, NULL, &e);
		if (!rc)
			rc = watch_rules_load(p->opt, c, &r, &e);
		if (rc)
			core_log(LOG_LEVEL_ERROR, "not reloaded: %s", err_format(&e, text, sizeof text));
		_exit(rc != 0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

/* The engine and the notifier begin anew with the new settings; sockets stay as they are, so that no sender notices. */
static void reload(struct parent *p)
{
	struct watch_config fresh;
	struct err e;
	char text[900];
	core_log(LOG_LEVEL_INFO, "reloading");
	if (watch_config_read(p->opt->config_path, &fresh, &e)) {
		core_log(LOG_LEVEL_ERROR, "not reloaded: %s", err_format(&e, text, sizeof text));
		return;
	}
	if (!rules_are_fine(p, &fresh)) {
		watch_config_free(&fresh);
		return;
	}
	fresh.notify.version = p->opt->version;
	*vec_push(&p->old) = *p->config; /* messages under way speak of it */
	*p->config = fresh;
	audit(p, "watch-reloaded", "");
	ask_to_end(p, CHILD_ENGINE);
	ask_to_end(p, CHILD_NOTIFIER);
}

static void take_signals(struct parent *p)
{
	struct signalfd_siginfo s;
	while (read(p->signals, &s, sizeof s) == (ssize_t)sizeof s) {
		if (s.ssi_signo == SIGCHLD)
			reap(p);
		else if (s.ssi_signo == SIGHUP)
			reload(p);
		else
			begin_stop(p);
	}
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------------- */

static void on_message(struct parent *p, enum child_kind k, const struct sys_message *m)
{
	if (k == CHILD_ENGINE && m->type == M_ALIVE) {
		p->child[k].alive = mono_ns();
	} else if (k == CHILD_ENGINE && m->type == M_READY) {
		if (!p->ready)
			core_log(LOG_LEVEL_INFO, "watching");
		p->ready = true;
		sys_notify_manager("READY=1\nSTATUS=watching");
	} else if (k == CHILD_ENGINE && m->type == M_ACTION) {
		job_action(p, m->body);
	} else if (k == CHILD_NOTIFIER && m->type == M_PROGRAM) {
		job_program(p, m->body);
	} else {
		core_log(LOG_LEVEL_ERROR, "%s sent a message that is not its to send", child_name(k));
	}
}

static void hear(struct parent *p, enum child_kind k)
{
	struct err e;
	for (int n = 0; n < 100; n++) {
		int rc = sys_receive(p->child[k].sock, &p->message, &e);
		if (rc <= 0) /* when it is gone, SIGCHLD says so */
			return;
		if (p->message.fd >= 0)
			close(p->message.fd);
		on_message(p, k, &p->message);
	}
}

/* Figures of a receiver, for the engine's metrics. */
static void hear_status(struct parent *p, enum child_kind k)
{
	struct live_status st;
	struct buf b = {0};
	while (read(p->child[k].sock, &st, sizeof st) == (ssize_t)sizeof st) {
		b.n = 0;
		buf_u32(&b, k == CHILD_JOURNAL);
		buf_add(&b, &st, sizeof st);
	}
	if (b.n)
		child_send(p, CHILD_ENGINE, M_RECEIVER, buf_slice(&b), -1);
	buf_free(&b);
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------------ */

static void beat(struct parent *p, int64_t now)
{
	struct child *c = &p->child[CHILD_ENGINE];
	if (c->pid && now - c->alive > HUNG) {
		core_log(LOG_LEVEL_ERROR, "the engine gave no sign of life for %lld s: ending it", (long long)(HUNG / NS_SEC));
		kill(c->pid, SIGKILL);
		c->alive = now;
	}
	if (now - p->last_beat < BEAT)
		return;
	p->last_beat = now;
	sys_notify_manager("WATCHDOG=1");
}

static void look_for_files(struct parent *p, bool told, int64_t now)
{
	struct err e;
	bool full = now - p->last_walk > WALK_ALL;
	if (!p->finder || p->child[CHILD_ENGINE].sock < 0 || !(told || full || now - p->last_look > LOOK_AGAIN))
		return;
	p->last_look = now;
	if (full)
		p->last_walk = now;
	if (live_finder_step(p->finder, full, &e))
		core_log(LOG_LEVEL_ERROR, "looking for files: %s", e.text);
	tell_walked(p);
}

static bool all_gone(const struct parent *p)
{
	for (int k = 0; k < CHILD_KINDS; k++)
		if (p->child[k].pid)
			return false;
	return true;
}

static void wait_and_hear(struct parent *p)
{
	struct pollfd v[CHILD_KINDS + 2];
	v[0] = (struct pollfd){.fd = p->signals, .events = POLLIN};
	v[1] = (struct pollfd){.fd = p->finder ? live_finder_fd(p->finder) : -1, .events = POLLIN};
	for (int k = 0; k < CHILD_KINDS; k++)
		v[2 + k] = (struct pollfd){.fd = p->child[k].sock, .events = (short)(POLLIN | (p->child[k].queue.n ? POLLOUT : 0))};
	if (poll(v, ARRAY_LEN(v), 250) < 0)
		return;
	for (int k = 0; k < CHILD_KINDS; k++) {
		if (v[2 + k].revents & POLLOUT)
			child_flush(&p->child[k]);
		if (!(v[2 + k].revents & POLLIN))
			continue;
		if (k == CHILD_RECEIVER || k == CHILD_JOURNAL)
			hear_status(p, (enum child_kind)k);
		else
			hear(p, (enum child_kind)k);
	}
	look_for_files(p, v[1].revents != 0, mono_ns());
	if (v[0].revents)
		take_signals(p);
}

static int loop(struct parent *p, struct err *e)
{
	while (!(p->stopping && all_gone(p))) {
		int64_t now = mono_ns();
		start_due(p);
		wait_and_hear(p);
		beat(p, now);
		if (!p->stopping && !p->child[CHILD_ENGINE].wanted) {
			begin_stop(p);
			p->failed = true;
		}
		if (p->stopping && now - p->stop_since > STOP_MOST)
			for (int k = 0; k < CHILD_KINDS; k++)
				if (p->child[k].pid)
					kill(p->child[k].pid, SIGKILL);
	}
	return p->failed ? err_set(e, ERR_PERM, "the engine could not be confined: nothing is watched") : 0;
}

int watch_run(const struct watch_options *opt, struct err *e)
{
	struct watch_config config;
	struct parent *p = xcalloc(1, sizeof *p);
	int rc = watch_config_read(opt->config_path, &config, e);
	if (rc) {
		free(p);
		return rc;
	}
	config.notify.version = opt->version;
	p->opt = opt;
	p->config = &config;
	p->lock = p->signals = p->wake = p->metrics = -1;
	for (int k = 0; k < CHILD_KINDS; k++)
		p->child[k] = (struct child){.kind = (enum child_kind)k, .sock = -1};
	p->child[CHILD_ENGINE].wanted = p->child[CHILD_NOTIFIER].wanted = true;
	p->child[CHILD_RECEIVER].wanted = config.live.nlisten > 0;
	p->child[CHILD_JOURNAL].wanted = config.live.journal;
	rc = set_up(p, e);
	if (!rc)
		rc = audit(p, "watch-started", opt->version) ? err_set(e, ERR_IO, "the audit log cannot be written") : loop(p, e);
	if (p->audit && !rc)
		audit(p, "watch-stopped", "");
	chain_close(p->audit);
	live_finder_free(p->finder);
	live_bound_free(p->bound);
	for (size_t i = 0; i < p->old.n; i++)
		watch_config_free(&p->old.v[i]);
	free(p->old.v);
	for (int k = 0; k < CHILD_KINDS; k++)
		free(p->child[k].queue.v);
	watch_config_free(&config);
	free(p);
	return rc;
}
