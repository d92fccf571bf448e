/* serve_login.c - logins that were let in: kept in the vault, looked at five times a second, ended with all that belongs to them. */
#include "gate/serve_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/random.h>
#include <unistd.h>

enum { ANCESTORS_MOST = 64, HARD_AFTER = 25, TERMINALS_MOST = 8 };
#define CUT_LONGEST (10 * NS_SEC)

static const char *const steps[] = {
	"CREATE TABLE login(id TEXT PRIMARY KEY, audit INTEGER NOT NULL, monitor INTEGER NOT NULL, start INTEGER NOT NULL, boot_id TEXT NOT NULL, uid INTEGER NOT NULL,"
	" account TEXT NOT NULL, person TEXT NOT NULL, permit TEXT NOT NULL, fingerprint TEXT NOT NULL, source TEXT NOT NULL, factor INTEGER NOT NULL, service TEXT NOT NULL,"
	" began INTEGER NOT NULL, ended INTEGER, why TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX login_open ON login(began) WHERE ended IS NULL;",
};

/* ---- kept ----------------------------------------------------------------------------------------------------------------- */

static void boot_id(char out[static 48])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, 47) : 0;
	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = 0;
	out[strcspn(out, "\n")] = 0;
}

static struct serve_login *free_place(struct gate_service *s)
{
	for (size_t i = 0; i < SERVE_LOGINS; i++)
		if (!s->logins[i].used)
			return &s->logins[i];
	return NULL;
}

static int load_one(void *arg, const struct vault_row *r)
{
	struct gate_service *s = arg;
	struct serve_login *l = free_place(s);
	if (!l)
		return err_set(NULL, ERR_LIMIT, "too many");
	*l = (struct serve_login){.used = true, .audit = (uint32_t)vault_int(r, 1), .monitor = (pid_t)vault_int(r, 2), .start = (uint64_t)vault_int(r, 3),
		.uid = (uid_t)vault_int(r, 4), .factor = vault_int(r, 10) != 0};
	snprintf(l->id, sizeof l->id, "%.*s", SLFMT(vault_text(r, 0)));
	snprintf(l->account, sizeof l->account, "%.*s", SLFMT(vault_text(r, 5)));
	snprintf(l->person, sizeof l->person, "%.*s", SLFMT(vault_text(r, 6)));
	snprintf(l->grant, sizeof l->grant, "%.*s", SLFMT(vault_text(r, 7)));
	snprintf(l->fingerprint, sizeof l->fingerprint, "%.*s", SLFMT(vault_text(r, 8)));
	l->has_source = ip_parse(vault_text(r, 9), &l->source);
	return 0;
}

int serve_logins_load(struct gate_service *s, struct err *e)
{
	char boot[48];
	boot_id(boot);
	int rc = vault_tables(s->vault, "serve", steps, ARRAY_LEN(steps), e);
	if (!rc) /* of an earlier life of the machine: they ended with it */
		rc = vault_run(s->vault, "UPDATE login SET ended=?1, why='the machine was started again' WHERE ended IS NULL AND boot_id<>?2", NULL, NULL, e, "ts", serve_wall(),
			slice_of(boot));
	if (!rc)
		rc = vault_run(s->vault, "SELECT id,audit,monitor,start,uid,account,person,permit,fingerprint,source,factor FROM login WHERE ended IS NULL ORDER BY began", load_one, s,
			e, "");
	return rc;
}

struct serve_login *serve_login_add(struct gate_service *s, const struct serve_login *x, const char *service, struct err *e)
{
	struct serve_login *l = free_place(s);
	char boot[48], source[48] = "";
	uint8_t random[5];
	if (!l || getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
		err_set(e, ERR_LIMIT, "too many sessions");
		return NULL;
	}
	boot_id(boot);
	*l = *x;
	snprintf(l->id, sizeof l->id, "L-%02x%02x%02x%02x%02x", random[0], random[1], random[2], random[3], random[4]);
	if (l->has_source)
		ip_text(&l->source, source);
	int rc = vault_run(s->vault,
		"INSERT INTO login(id,audit,monitor,start,boot_id,uid,account,person,permit,fingerprint,source,factor,service,began,why) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,'')",
		NULL, NULL, e, "siiisisssssist", slice_of(l->id), (int64_t)l->audit, (int64_t)l->monitor, (int64_t)l->start, slice_of(boot), (int64_t)l->uid, slice_of(l->account),
		slice_of(l->person), slice_of(l->grant), slice_of(l->fingerprint), slice_of(source), (int64_t)l->factor, slice_of(service), serve_wall());
	l->used = rc == 0;
	return rc ? NULL : l;
}

static void forget(struct gate_service *s, struct serve_login *l, const char *why)
{
	struct err e;
	if (vault_run(s->vault, "UPDATE login SET ended=?1, why=?2 WHERE id=?3", NULL, NULL, &e, "tss", serve_wall(), slice_of(why), slice_of(l->id)))
		core_log(LOG_LEVEL_ERROR, "gate: %s", e.text);
	l->used = false;
}

/* ---- who belongs to it -------------------------------------------------------------------------------------------------------- */

struct serve_login *serve_login_of(struct gate_service *s, const struct sys_proc *p)
{
	struct sys_proc at = *p;
	for (size_t i = 0; p->session != UINT32_MAX && i < SERVE_LOGINS; i++)
		if (s->logins[i].used && s->logins[i].audit == p->session)
			return &s->logins[i];
	for (int n = 0; p->session == UINT32_MAX && n < ANCESTORS_MOST; n++) {
		for (size_t i = 0; i < SERVE_LOGINS; i++)
			if (s->logins[i].used && s->logins[i].monitor == at.pid && s->logins[i].start == at.start)
				return &s->logins[i];
		if (at.parent <= 1 || !sys_proc_read(at.parent, &at))
			break;
	}
	return NULL;
}

static bool below(const struct sys_procs *all, const struct sys_proc *p, pid_t top)
{
	for (int i = 0; p && i < ANCESTORS_MOST; i++) {
		if (p->pid == top)
			return true;
		p = p->parent ? sys_procs_find(all, p->parent) : NULL;
	}
	return false;
}

static bool belongs(const struct serve_login *l, const struct sys_procs *all, const struct sys_proc *p)
{
	if (p->pid == l->monitor && p->start == l->start)
		return !l->closed; /* it is about to end by itself */
	if (l->audit != UINT32_MAX)
		return p->session == l->audit;
	/* no ids on this machine: whoever descends from it, and whatever else the account runs */
	return p->session == UINT32_MAX && (p->uid == l->uid || p->euid == l->uid || below(all, p, l->monitor));
}

static size_t choose(const struct serve_login *l, struct sys_procs *all)
{
	size_t n = 0;
	pid_t listener = sys_sshd_listener(); /* without it nobody gets in any more */
	sys_procs_spare_own(all);
	for (size_t i = 0; i < all->n; i++) {
		struct sys_proc *p = &all->v[i];
		p->chosen = !p->zombie && !p->spared && p->pid > 2 && !(p->sshd && p->pid == listener) && belongs(l, all, p);
		n += p->chosen;
	}
	return n;
}

/* ---- told -------------------------------------------------------------------------------------------------------------------- */

/* A terminal's name could be anybody's by now: written to only while the account owns it, and never waited for. */
static void say_on(uint32_t number, uid_t uid, const char *text)
{
	char path[32];
	struct stat st;
	snprintf(path, sizeof path, "/dev/pts/%u", number);
	int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_uid == uid && write(fd, text, strlen(text)) < 0)
		core_log(LOG_LEVEL_DEBUG, "gate: %s: %s", path, strerror(errno));
	close(fd);
}

static void say(struct gate_service *s, const struct serve_login *l, const char *text)
{
	struct sys_procs all = {0};
	struct err e;
	uint32_t told[TERMINALS_MOST];
	size_t n = 0;
	if (serve_say(s, l, text)) /* the recorder shows it */
		return;
	if (sys_procs_read(&all, &e) == 0)
		(void)choose(l, &all);
	for (size_t i = 0; i < all.n && n < TERMINALS_MOST; i++) {
		const struct sys_proc *p = &all.v[i];
		bool again = !p->chosen || p->terminal == UINT32_MAX;
		for (size_t k = 0; k < n; k++)
			again = again || told[k] == p->terminal;
		if (again)
			continue;
		say_on(p->terminal, l->uid, text);
		told[n++] = p->terminal;
	}
	sys_procs_free(&all);
}

/* ---- ended ------------------------------------------------------------------------------------------------------------------- */

void serve_login_cut(struct gate_service *s, struct serve_login *l, const char *why)
{
	char text[200];
	if (l->rounds)
		return;
	snprintf(l->why, sizeof l->why, "%s", why);
	l->rounds = 1;
	l->killed = 0;
	l->cut_boot = serve_boot();
	if (l->closed)
		return;
	snprintf(text, sizeof text, "\r\npostern: this session ends: %s\r\n", why);
	say(s, l, text);
	(void)serve_record(s, slice_of(l->person), "gate-cut", slice_of(l->id), true, "begun: %s; account %s; grant %s", why, l->account, l->grant);
}

void serve_login_closed(struct gate_service *s, struct serve_login *l)
{
	l->closed = true;
	serve_login_cut(s, l, "closed");
}

static void cut_told(struct gate_service *s, struct serve_login *l, const struct sys_procs *all, size_t left)
{
	size_t outside = 0;
	for (size_t i = 0; i < all->n; i++)
		outside += !all->v[i].zombie && (all->v[i].uid == l->uid || all->v[i].euid == l->uid) && all->v[i].session != l->audit;
	(void)serve_record(s, slice_of(l->person), strcmp(l->why, "closed") == 0 ? "gate-closed" : "gate-cut", slice_of(l->id), left == 0,
		"%s; account %s; grant %s; %zu processes ended, %zu left, %zu of the account outside of it; %lld ms", l->why, l->account, l->grant, l->killed, left, outside,
		(long long)((serve_boot() - l->cut_boot) / 1000000));
}

/* One round. False: it is over. */
static bool cut_on(struct gate_service *s, struct serve_login *l)
{
	struct sys_procs all = {0};
	struct err e;
	if (sys_procs_read(&all, &e)) {
		core_log(LOG_LEVEL_ERROR, "gate: %s", e.text);
		return true;
	}
	size_t left = choose(l, &all);
	bool late = serve_boot() - l->cut_boot > CUT_LONGEST;
	if (left)
		l->killed += sys_procs_end(&all, l->rounds++ > HARD_AFTER);
	if (!left || (late && !l->late))
		cut_told(s, l, &all, left);
	l->late = late;
	sys_procs_free(&all);
	if (!left)
		forget(s, l, l->why);
	return left && !late; /* what does not end is tried again with every tick */
}

static void judge(struct gate_service *s, struct serve_login *l)
{
	char text[200];
	struct sys_proc p;
	struct gate_request q = {.phase = PHASE_SESSION, .service = SL("sshd"), .account = slice_of(l->account), .host = slice_of(s->host), .person = slice_of(l->person),
		.fingerprint = slice_of(l->fingerprint), .source = l->has_source ? &l->source : NULL, .factor_given = l->factor};
	if (!sys_proc_read(l->monitor, &p) || p.start != l->start || p.zombie) {
		serve_login_cut(s, l, "sshd's process of the session is gone"); /* killed, it leaves the session usable */
		return;
	}
	if (!s->have_policy) { /* a moment's trouble with the database ends nothing */
		if (serve_boot() - s->policy_boot > SERVE_BLIND)
			serve_login_cut(s, l, gate_reason_text(GATE_FAULT));
		return;
	}
	struct gate_decision d = serve_decide(s, &q);
	if (!d.allow) {
		serve_login_cut(s, l, gate_reason_text(d.reason));
		return;
	}
	nstime left = d.until - serve_wall();
	if (left > SERVE_WARNING)
		l->warned = false;
	if (left > SERVE_WARNING || l->warned)
		return;
	l->warned = true;
	snprintf(text, sizeof text, "\r\npostern: this session ends in %lld:%02lld minutes, when its grant does\r\n", (long long)(left / NS_MIN), (long long)(left % NS_MIN / NS_SEC));
	say(s, l, text);
}

bool serve_logins_watch(struct gate_service *s)
{
	bool cutting = false;
	for (size_t i = 0; i < SERVE_LOGINS; i++) {
		struct serve_login *l = &s->logins[i];
		if (l->used && !l->rounds)
			judge(s, l);
		if (l->used && l->rounds)
			cutting |= cut_on(s, l);
	}
	return cutting;
}
