/* serve.c - `postern gate serve`: one loop over a socket, a timer and signals. Whatever is broken denies. */
#include "gate/serve_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 32, BACKLOG = 128, SEEN_SECONDS = 30, RECORD_MESSAGE = sizeof(struct record_frame) + RECORD_PAYLOAD, FEEDS = 16 };
enum { TAG_LISTENER = SERVE_CLIENTS, TAG_SIGNALS, TAG_TIMER };

struct serve_client {
	int fd;                            /* -1 free */
	nstime boot;                       /* when it came */
	struct serve_peer peer;
	struct record *record;             /* a recorder's: it streams */
	char login[32];                    /* of the recorder */
};

static nstime clock_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return t.tv_sec * NS_SEC + t.tv_nsec;
}

nstime serve_wall(void)
{
	return clock_of(CLOCK_REALTIME);
}

nstime serve_boot(void)
{
	return clock_of(CLOCK_BOOTTIME);
}

/* ---- the policy ------------------------------------------------------------------------------------------------------------- */

static void drop_policy(struct gate_service *s)
{
	gate_policy_free(&s->policy);
	s->policy = (struct gate_policy){0};
	s->have_policy = false;
}

static void close_vault(struct gate_service *s)
{
	drop_policy(s);
	factor_close(s->factor);
	vault_close(s->vault);
	s->factor = NULL;
	s->vault = NULL;
}

static bool same_file(const struct gate_service *s)
{
	struct stat st;
	return stat(s->db, &st) == 0 && st.st_dev == s->db_dev && st.st_ino == s->db_ino;
}

static int open_vault(struct gate_service *s, bool first, struct err *e)
{
	struct stat st;
	s->vault = vault_open(s->db, first ? VAULT_CREATE : VAULT_WRITE, e);
	if (!s->vault)
		return e->code;
	if (stat(s->db, &st))
		return err_set(e, ERR_IO, "%s: %m", s->db);
	s->db_dev = st.st_dev;
	s->db_ino = st.st_ino;
	s->stale = true;
	int rc = gate_tables(s->vault, e);
	if (!rc)
		s->factor = factor_open(s->vault, s->key, first, e);
	return rc ? rc : s->factor ? 0 : e->code;
}

/* Somebody put another file in its place, or took it away: what we hold open is not what administrators see. */
static bool vault_there(struct gate_service *s)
{
	struct err e;
	if (s->vault && same_file(s))
		return true;
	close_vault(s);
	if (open_vault(s, false, &e) == 0)
		return true;
	close_vault(s);
	return false;
}

static int wanted_end(void *arg, const struct session *x)
{
	struct gate_service *s = arg;
	char why[96];
	if (x->wanted == NSTIME_NONE || x->end != NSTIME_NONE)
		return 0;
	snprintf(why, sizeof why, "ended by %.*s", SLFMT(x->wanter));
	for (size_t i = 0; i < SERVE_CLIENTS; i++) {
		const struct serve_client *c = &s->clients[i];
		for (size_t k = 0; c->fd >= 0 && c->record && slice_eqz(x->id, record_id(c->record)) && k < SERVE_LOGINS; k++)
			if (s->logins[k].used && strcmp(s->logins[k].id, c->login) == 0)
				serve_login_cut(s, &s->logins[k], why);
	}
	return 0;
}

static void look_at_policy(struct gate_service *s)
{
	struct err e = {0};
	int64_t version;
	if (!vault_there(s) || vault_version(s->vault, &version, &e)) {
		drop_policy(s);
		return;
	}
	if (s->have_policy && !s->stale && version == s->version) {
		s->policy_boot = serve_boot();
		return;
	}
	struct gate_policy fresh = {0};
	if (gate_policy_load(s->vault, &fresh, &e)) {
		gate_policy_free(&fresh);
		if (s->have_policy)
			core_log(LOG_LEVEL_ERROR, "gate: the policy cannot be read, providers are denied: %s", e.text);
		drop_policy(s);
		return;
	}
	drop_policy(s);
	s->policy = fresh;
	s->have_policy = true;
	s->stale = false;
	s->version = version;
	s->policy_boot = serve_boot();
	if (fresh.seen < s->seen_stored) /* an administrator said that the clock is right */
		s->seen = fresh.seen;
	s->seen_stored = fresh.seen;
	if (session_each(s->vault, SLICE_NONE, wanted_end, s, &e))
		core_log(LOG_LEVEL_ERROR, "gate: %s", e.text);
}

/* So that a clock set back while nothing ran shows, too. */
static void store_seen(struct gate_service *s)
{
	struct err e;
	nstime now = serve_wall();
	if (!s->vault || now < s->seen_stored + SEEN_SECONDS * NS_SEC)
		return;
	if (gate_seen(s->vault, now, &e))
		core_log(LOG_LEVEL_WARN, "gate: %s", e.text);
	else
		s->seen_stored = now;
}

/* ---- clients ---------------------------------------------------------------------------------------------------------------- */

static int watch_fd(struct gate_service *s, int fd, uint32_t tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = tag};
	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static struct serve_login *login_by_id(struct gate_service *s, const char *id)
{
	for (size_t i = 0; *id && i < SERVE_LOGINS; i++)
		if (s->logins[i].used && strcmp(s->logins[i].id, id) == 0)
			return &s->logins[i];
	return NULL;
}

/* A recorder that ends before what it records has been killed: nobody sees any more what the session does. */
static void drop_client(struct gate_service *s, struct serve_client *c, const char *why)
{
	struct err e;
	struct serve_login *l = login_by_id(s, c->login);
	if (c->record) {
		if (!record_exited(c->record) && !*why)
			why = l && l->rounds ? l->why : "the recorder ended before its session";
		if (l && *why && !l->rounds)
			serve_login_cut(s, l, why);
		if (record_close(c->record, why, &e))
			core_log(LOG_LEVEL_ERROR, "gate: a recording could not be finished: %s", e.text);
	}
	close(c->fd);
	*c = (struct serve_client){.fd = -1};
}

static bool send_text(const struct serve_client *c, enum record_type type, const char *text)
{
	struct buf b = {0};
	record_say(&b, type, slice_of(text));
	bool ok = send(c->fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)b.n;
	buf_free(&b);
	return ok;
}

bool serve_say(struct gate_service *s, const struct serve_login *l, const char *text)
{
	bool any = false;
	for (size_t i = 0; i < SERVE_CLIENTS; i++)
		if (s->clients[i].fd >= 0 && s->clients[i].record && strcmp(s->clients[i].login, l->id) == 0)
			any |= send_text(&s->clients[i], RECORD_SAY, text);
	return any;
}

static struct serve_client *place_for(struct gate_service *s, uid_t uid)
{
	struct serve_client *place = NULL;
	size_t same = 0, free_places = 0;
	for (size_t i = 0; i < SERVE_CLIENTS; i++) {
		struct serve_client *c = &s->clients[i];
		same += c->fd >= 0 && !c->record && c->peer.uid == uid;
		if (c->fd < 0) {
			free_places++;
			place = c;
		}
	}
	bool room = uid == 0 || (same < SERVE_PER_USER && free_places > SERVE_CLIENTS / 4);
	return room ? place : NULL;
}

static void take_client(struct gate_service *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred u;
	socklen_t n = sizeof u;
	if (fd < 0)
		return;
	struct serve_client *c = NULL;
	struct serve_peer peer = {0};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) == 0 && n == sizeof u && sys_proc_read(u.pid, &peer.proc)) {
		peer.pid = u.pid;
		peer.uid = u.uid;
		peer.gid = u.gid;
		c = place_for(s, u.uid);
	}
	if (!c || watch_fd(s, fd, (uint32_t)(c - s->clients))) {
		close(fd);
		return;
	}
	*c = (struct serve_client){.fd = fd, .boot = serve_boot(), .peer = peer};
}

static struct slice provider_of(const struct gate_service *s, const char *person)
{
	for (size_t i = 0; i < s->policy.npersons; i++)
		if (slice_eqz(s->policy.persons[i].id, person))
			return s->policy.persons[i].provider;
	return SLICE_NONE;
}

static bool start_record(struct gate_service *s, struct serve_client *c, const struct serve_login *l)
{
	const struct gate_ask *q = &s->ask;
	char folder[4200], source[48] = "";
	struct err e;
	snprintf(folder, sizeof folder, "%s/recordings", s->o->state);
	const struct record_store store = {.folder = folder, .vault = s->vault, .audit = s->audit};
	if (l->has_source)
		ip_text(&l->source, source);
	const struct record_meta m = {.person = slice_of(l->person), .provider = provider_of(s, l->person), .account = slice_of(l->account), .host = slice_of(s->host),
		.grant = slice_of(l->grant), .source = slice_of(source), .tty = slice_of(q->tty), .command = slice_make(q->command, q->command_size), .kind = (enum gate_kind)q->kind,
		.terminal = q->tty[0] != 0, .columns = q->columns, .rows = q->rows, .session = l->audit, .pid = c->peer.pid};
	c->record = record_open(&store, &m, &e);
	if (!c->record)
		core_log(LOG_LEVEL_ERROR, "gate: no recording, no session: %s", e.text);
	snprintf(c->login, sizeof c->login, "%s", l->id);
	return c->record != NULL;
}

static void take_question(struct gate_service *s, struct serve_client *c)
{
	struct gate_answer a;
	struct serve_login *l = NULL;
	ssize_t n = recv(c->fd, &s->ask, sizeof s->ask, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	look_at_policy(s); /* what was revoked a moment ago counts */
	bool answer = n == (ssize_t)sizeof s->ask && serve_answer(s, &c->peer, &a, &l);
	if (answer && l && !start_record(s, c, l)) {
		a.allow = 0;
		a.reason = GATE_FAULT;
		snprintf(a.text, sizeof a.text, "postern: this session cannot be recorded, so there is none. Ask the administrators, reference %s.", a.reference);
	}
	explicit_bzero(&s->ask, sizeof s->ask);
	if (answer && send(c->fd, &a, sizeof a, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof a)
		answer = false;
	if (!answer || !c->record)
		drop_client(s, c, "");
}

static void take_recording(struct gate_service *s, struct serve_client *c)
{
	char message[RECORD_MESSAGE];
	struct err e;
	struct buf reply = {0};
	for (int i = 0; i < FEEDS; i++) {
		ssize_t n = recv(c->fd, message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		bool whole = n > 0 && (size_t)n <= sizeof message;
		int rc = whole ? record_feed(c->record, slice_make(message, (size_t)n), &reply, &e) : 0;
		if (rc)
			(void)send_text(c, RECORD_END, e.text);
		if (!whole || rc) {
			drop_client(s, c, rc ? "the recording could not go on" : "");
			break;
		}
	}
	if (c->fd >= 0 && reply.n)
		(void)send(c->fd, reply.p, reply.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_free(&reply);
}

static void look_at_clients(struct gate_service *s)
{
	struct err e;
	for (size_t i = 0; i < SERVE_CLIENTS; i++) {
		struct serve_client *c = &s->clients[i];
		if (c->fd < 0)
			continue;
		if (!c->record && serve_boot() - c->boot > GATE_WAIT_MS * (NS_SEC / 1000))
			drop_client(s, c, "");
		else if (c->record && record_tick(c->record, &e)) {
			(void)send_text(c, RECORD_END, e.text);
			drop_client(s, c, "the recording could not go on");
		}
	}
}

/* ---- the loop ---------------------------------------------------------------------------------------------------------------- */

static void set_timer(struct gate_service *s, bool fast)
{
	long ms = fast ? SERVE_CUT_MS : SERVE_TICK_MS;
	struct itimerspec t = {{0, ms * 1000000}, {0, ms * 1000000}};
	s->fast = fast;
	(void)timerfd_settime(s->timer, 0, &t, NULL);
}

static void tick(struct gate_service *s)
{
	uint64_t n;
	(void)!read(s->timer, &n, sizeof n);
	look_at_policy(s);
	look_at_clients(s);
	store_seen(s);
	bool fast = serve_logins_watch(s);
	if (fast != s->fast)
		set_timer(s, fast);
}

static void take_signal(struct gate_service *s)
{
	struct signalfd_siginfo si;
	if (read(s->signals, &si, sizeof si) != (ssize_t)sizeof si)
		return;
	if (si.ssi_signo == SIGHUP)
		s->stale = true;
	else
		s->stopping = true;
}

static void handle(struct gate_service *s, uint32_t tag)
{
	if (tag == TAG_LISTENER)
		take_client(s);
	else if (tag == TAG_SIGNALS)
		take_signal(s);
	else if (tag == TAG_TIMER)
		tick(s);
	else if (s->clients[tag].fd >= 0)
		(s->clients[tag].record ? take_recording : take_question)(s, &s->clients[tag]);
}

static int loop(struct gate_service *s, struct err *e)
{
	struct epoll_event ev[EVENTS];
	while (!s->stopping) {
		int n = epoll_wait(s->epoll, ev, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			return err_set(e, ERR_IO, "cannot wait: %m");
		for (int i = 0; i < n; i++)
			handle(s, ev[i].data.u32);
		if (n > 0 && s->stale)
			tick(s);
	}
	return 0;
}

/* ---- start and end --------------------------------------------------------------------------------------------------------------- */

static void to_syslog(void *arg, const char *text)
{
	(void)arg;
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "postern: %s", text);
}

/* Only root may put another socket in the place of ours. */
static int check_folder(const char *socket_path, struct err *e)
{
	char folder[4096];
	struct stat st;
	snprintf(folder, sizeof folder, "%s", socket_path);
	char *slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return err_set(e, ERR_USAGE, "%s: a socket needs a folder of its own", socket_path);
	*slash = 0;
	mode_t old = umask(022);
	int made = mkdir(folder, 0755);
	umask(old);
	if (made && errno != EEXIST)
		return err_set(e, ERR_IO, "%s: %m", folder);
	if (stat(folder, &st) || (st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
		return err_set(e, ERR_PERM, "%s: others than root may write there", folder);
	return 0;
}

static int listen_on(struct gate_service *s, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (strlen(s->socket) >= sizeof at.sun_path)
		return err_set(e, ERR_USAGE, "%s: too long for a socket", s->socket);
	int rc = check_folder(s->socket, e);
	if (rc)
		return rc;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", s->socket);
	(void)unlink(s->socket); /* the lock says that nobody listens on it */
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, sizeof at) || chmod(s->socket, 0666) || listen(s->listener, BACKLOG))
		return err_set(e, ERR_IO, "%s: %m", s->socket);
	return watch_fd(s, s->listener, TAG_LISTENER) ? err_set(e, ERR_IO, "cannot watch: %m") : 0;
}

static int make_loop(struct gate_service *s, struct err *e)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->epoll < 0 || s->signals < 0 || s->timer < 0 || watch_fd(s, s->signals, TAG_SIGNALS) || watch_fd(s, s->timer, TAG_TIMER))
		return err_set(e, ERR_IO, "cannot watch: %m");
	set_timer(s, false);
	return 0;
}

static int lock_state(struct gate_service *s, struct err *e)
{
	char path[4200];
	if (mkdir(s->o->state, 0700) && errno != EEXIST)
		return err_set(e, ERR_IO, "%s: %m", s->o->state);
	snprintf(path, sizeof path, "%s/gate.lock", s->o->state);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return err_set(e, ERR_IO, "%s: %m", path);
	return flock(s->lock, LOCK_EX | LOCK_NB) ? err_set(e, ERR_DUP, "%s: another gate service runs", path) : 0;
}

static int open_state(struct gate_service *s, struct err *e)
{
	int rc = lock_state(s, e);
	if (rc)
		return rc;
	s->audit = chain_open(s->log, to_syslog, NULL, e);
	if (!s->audit)
		return e->code;
	rc = open_vault(s, true, e);
	if (rc)
		return rc;
	char folder[4200];
	snprintf(folder, sizeof folder, "%s/recordings", s->o->state);
	const struct record_store store = {.folder = folder, .vault = s->vault, .audit = s->audit};
	rc = record_recover(&store, e);
	if (!rc)
		rc = serve_logins_load(s, e);
	if (!rc) {
		look_at_policy(s);
		s->seen = s->policy.seen;
	}
	return rc;
}

static void find_names(struct gate_service *s)
{
	const struct gate_service_options *o = s->o;
	const struct passwd *pw = getpwnam(o->keys_user ? o->keys_user : GATE_KEYS_USER);
	const struct group *gr = getgrnam(RECORD_GROUP);
	s->keys_uid = pw ? pw->pw_uid : 0;
	s->recorder_gid = gr ? gr->gr_gid : 0;
	if (!s->recorder_gid)
		core_log(LOG_LEVEL_WARN, "gate: there is no group %s: no session will be let in", RECORD_GROUP);
	if (o->host)
		snprintf(s->host, sizeof s->host, "%s", o->host);
	else if (gethostname(s->host, sizeof s->host - 1))
		s->host[0] = 0;
	s->socket = o->socket ? o->socket : GATE_SOCKET;
	snprintf(s->db, sizeof s->db, "%s/gate.db", o->state);
	snprintf(s->key, sizeof s->key, "%s/factor.key", o->state);
	snprintf(s->log, sizeof s->log, "%s/audit.log", o->state);
}

static void end(struct gate_service *s)
{
	const int fds[] = {s->listener, s->epoll, s->signals, s->timer, s->lock};
	for (size_t i = 0; i < SERVE_CLIENTS; i++)
		if (s->clients[i].fd >= 0)
			drop_client(s, &s->clients[i], s->clients[i].record ? "the gate's service was stopped" : "");
	if (s->listener >= 0)
		(void)unlink(s->socket);
	close_vault(s);
	chain_close(s->audit);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(s->clients);
	free(s->logins);
	free(s->proofs);
	free(s);
}

int gate_serve(const struct gate_service_options *o, struct err *e)
{
	static const char *const kept[] = {"CAP_KILL", "CAP_SYS_PTRACE" /* /proc/PID/exe */, "CAP_DAC_OVERRIDE" /* terminals of others, a state folder of its user */, NULL};
	struct gate_service *s = xcalloc(1, sizeof *s);
	*s = (struct gate_service){.o = o, .epoll = -1, .listener = -1, .signals = -1, .timer = -1, .lock = -1};
	s->clients = xcalloc(SERVE_CLIENTS, sizeof *s->clients);
	s->logins = xcalloc(SERVE_LOGINS, sizeof *s->logins);
	s->proofs = xcalloc(SERVE_PROOFS, sizeof *s->proofs);
	for (size_t i = 0; i < SERVE_CLIENTS; i++)
		s->clients[i].fd = -1;
	umask(0077);
	find_names(s);
	int rc = make_loop(s, e);
	if (!rc)
		rc = sys_keep_capabilities(kept, e);
	if (!rc)
		rc = sys_confine_service(e);
	if (!rc)
		rc = open_state(s, e);
	if (!rc)
		rc = listen_on(s, e);
	if (!rc) {
		sys_notify_manager("READY=1");
		(void)serve_record(s, SL("postern gate"), "gate-started", slice_of(s->host), true, "%s", s->socket);
		if (o->ready_fd_valid)
			(void)!write(o->ready_fd, "", 1);
		rc = loop(s, e);
	}
	end(s);
	return rc;
}
