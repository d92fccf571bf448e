/* gates.c - what commands of the gate share: who acts, the state, times. */
#include "cmd/gates.h"
#include "cmd/setup.h"
#include "cmd/state.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

nstime gates_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_SEC + ts.tv_nsec;
}

/* ---- who acts --------------------------------------------------------------------------------------------------------------- */

/* Who logged in, as the kernel has kept it since: not changed by su, sudo or the environment. False: not known, or root. */
static bool login_user(uid_t *uid)
{
	char text[24];
	uint64_t n;
	int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (fd >= 0)
		close(fd);
	if (got <= 0 || !slice_u64(slice_trim(slice_make(text, (size_t)got)), UINT32_MAX, &n) || n == UINT32_MAX || n == 0)
		return false;
	*uid = (uid_t)n;
	return true;
}

bool gates_actor(char *out, size_t n)
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	uid_t uid = getuid();
	bool known = login_user(&uid);
	const struct passwd *p = known || !sudo || !*sudo ? getpwuid(uid) : NULL;
	int len = snprintf(out, n, "%s", p ? p->pw_name : sudo && *sudo && !known ? sudo : "");
	if (len > 0 && (size_t)len < n)
		return true;
	complain("who runs this is not known: user %u has no name, or one that is too long", (unsigned)uid);
	return false;
}

/* A name that is not there, or one that could not be looked up? getpwnam(3) */
static bool lookup_failed(void)
{
	return errno && errno != ENOENT && errno != ESRCH && errno != EBADF && errno != EPERM;
}

/* Members of the group go through the gate; they do not keep it. A group that cannot be looked up has members nobody knows. */
static bool in_group(const char *who)
{
	gid_t group, ids[256];
	int n = ARRAY_LEN(ids);
	errno = 0;
	const struct group *gr = getgrnam(GATE_GROUP);
	if (!gr)
		return lookup_failed();
	group = gr->gr_gid;
	errno = 0;
	const struct passwd *p = getpwnam(who);
	if (!p)
		return lookup_failed();
	if (getgrouplist(who, p->pw_gid, ids, &n) < 0)
		return true;
	for (int i = 0; i < n; i++)
		if (ids[i] == group)
			return true;
	return false;
}

/* Whom org.yaml knows as a provider's person is one here, too, also before it was imported. */
static int check_staff(struct gates *g)
{
	struct setup s = {0};
	int rc = setup_org(&s, g->a);
	const struct org_person *p = rc ? NULL : org_person_by_account(s.org, slice_of(g->who));
	if (!rc && in_group(g->who)) {
		complain("%s is in the group %s, or that cannot be told: who goes through the gate does not open it", g->who, GATE_GROUP);
		rc = EXIT_CONDITION;
	} else if (p && p->provider) {
		complain("%s is a person of %.*s (%s): who goes through the gate does not open it", g->who, SLFMT(p->provider->id), s.org_path);
		rc = EXIT_CONDITION;
	}
	org_free(s.org);
	return rc;
}

/* ---- open and close ------------------------------------------------------------------------------------------------------------ */

int gates_failed(const struct err *e)
{
	complain_err(e);
	if (e->code == ERR_PERM)
		return EXIT_CONDITION;
	return e->code == ERR_IO || e->code == ERR_NOMEM || e->code == ERR_STOPPED || e->code == ERR_UNSUPPORTED ? EXIT_INPUT : EXIT_USAGE;
}

static int open_state(struct gates *g, enum vault_mode mode)
{
	char log[4096];
	struct err e;
	if (mode == VAULT_CREATE && mkdir(g->folder, 0700) && errno != EEXIST) {
		complain("cannot make %s: %s", g->folder, strerror(errno));
		return EXIT_INPUT;
	}
	if (!state_file(g->a, "gate.db", g->file, sizeof g->file) || !state_file(g->a, "audit.log", log, sizeof log))
		return EXIT_USAGE;
	if (access(g->file, R_OK) && (errno != ENOENT || mode != VAULT_CREATE)) {
		complain(errno == ENOENT ? "no gate at %s: 'postern provider add' begins one, --state DIR names another folder" : "cannot read %s: it is root's: try sudo", g->file);
		return EXIT_INPUT;
	}
	umask(077);
	int rc = setup_confine_with(g->a, g->folder, NULL);
	if (rc)
		return rc;
	g->gate.vault = vault_open(g->file, mode, &e);
	if (g->gate.vault && mode != VAULT_READ)
		g->gate.audit = chain_open(log, NULL, NULL, &e);
	if (g->gate.vault && (g->gate.audit || mode == VAULT_READ))
		return 0;
	complain_err(&e);
	return EXIT_INPUT;
}

static int open_zone(struct gates *g)
{
	struct err e;
	struct slice name = gates_text(g->a, "zone");
	name = name.n ? name : g->config.timezone;
	g->zone = name.n ? zone_load(name, &e) : NULL;
	if (!name.n || g->zone)
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

static int gates_open(struct gates *g, const struct args *a, const struct gates_verb *v)
{
	const char *format = args_get(a, "format");
	struct err e;
	*g = (struct gates){.a = a, .syslog = v->mode == VAULT_READ ? -1 : sys_syslog(), .json = format && strcmp(format, "json") == 0};
	arena_init(&g->mem);
	if (!state_file(a, "", g->folder, sizeof g->folder))
		return EXIT_USAGE;
	if (watch_config_read(args_get(a, "config"), &g->config, &e)) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	g->config.notify.version = POSTERN_VERSION;
	int rc = open_zone(g);
	if (rc)
		return rc;
	if (!gates_actor(g->who, sizeof g->who))
		return EXIT_USAGE;
	if (v->opens && (rc = check_staff(g)))
		return rc;
	g->gate.actor = slice_of(g->who);
	g->gate.settings = g->config.gate;
	return open_state(g, v->mode);
}

static void gates_close(struct gates *g)
{
	vault_close(g->gate.vault);
	if (g->gate.audit)
		chain_close(g->gate.audit);
	if (g->syslog >= 0)
		close(g->syslog);
	zone_free(g->zone);
	watch_config_free(&g->config);
	arena_free(&g->mem);
}

static const struct gates_verb *find_verb(const struct args *a, const struct gates_verb *verbs, size_t n)
{
	const char *name = a->command->name;
	struct buf known = {0};
	for (size_t i = 0; i < n; i++) {
		if (a->noperands && strcmp(a->operand[0], verbs[i].name) == 0) {
			buf_free(&known);
			if (a->noperands - 1 >= verbs[i].least && a->noperands - 1 <= verbs[i].most)
				return &verbs[i];
			complain("usage: postern %s %s %s", name, verbs[i].name, verbs[i].words);
			return NULL;
		}
		buf_addf(&known, "%s%s", i ? ", " : "", verbs[i].name);
	}
	complain("%s: %s%s%s: %.*s\nTry 'postern %s --help'.", name, a->noperands ? "no \"" : "say what to do", a->noperands ? a->operand[0] : "", a->noperands ? "\"" : "",
		SLFMT(buf_slice(&known)), name);
	buf_free(&known);
	return NULL;
}

int gates_run(const struct args *a, const struct gates_verb *verbs, size_t n)
{
	const struct gates_verb *v = find_verb(a, verbs, n);
	struct gates *g = xcalloc(1, sizeof *g);
	int rc = v ? gates_open(g, a, v) : EXIT_USAGE;
	if (!rc)
		rc = v->run(g, a);
	if (v)
		gates_close(g);
	free(g);
	return rc;
}

/* ---- values and output ---------------------------------------------------------------------------------------------------------- */

int gates_done(const struct gates *g, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (!g->json)
		vprintf(fmt, ap);
	va_end(ap);
	return EXIT_DONE;
}

struct slice gates_text(const struct args *a, const char *option)
{
	const char *text = args_get(a, option);
	return slice_trim(slice_of(text ? text : ""));
}

struct slice *gates_list(struct gates *g, const char *option, size_t *n)
{
	const char *text;
	struct slice *v = arena_alloc(&g->mem, (ARGS_LIST_MAX + 1) * sizeof *v);
	for (*n = 0; (text = args_list(g->a, option, *n));)
		v[(*n)++] = slice_of(text);
	return v;
}

/* "HH:MM" or "HH:MM:SS" in front of *s. */
static bool take_clock(struct slice *s, int64_t *seconds)
{
	uint64_t h, m, sec = 0;
	if (s->n < 5 || s->p[2] != ':' || !slice_u64(slice_to(*s, 2), 23, &h) || !slice_u64(slice_make(s->p + 3, 2), 59, &m))
		return false;
	*s = slice_from(*s, 5);
	if (s->n >= 3 && s->p[0] == ':') {
		if (!slice_u64(slice_make(s->p + 1, 2), 59, &sec))
			return false;
		*s = slice_from(*s, 3);
	}
	*seconds = (int64_t)(h * 3600 + m * 60 + sec);
	return true;
}

static bool take_date(struct slice s, int64_t *days)
{
	uint64_t y, m, d;
	int ry;
	unsigned rm, rd;
	if (s.n < 10 || s.p[4] != '-' || s.p[7] != '-' || !slice_u64(slice_to(s, 4), 2200, &y) || !slice_u64(slice_make(s.p + 5, 2), 12, &m) ||
		!slice_u64(slice_make(s.p + 8, 2), 31, &d) || y < 1970 || !m || !d)
		return false;
	*days = days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);
	civil_from_days(*days, &ry, &rm, &rd);
	return rd == d; /* no 31st of June */
}

bool gates_time(const struct gates *g, const char *text, bool end, nstime *out)
{
	struct slice s = slice_of(text);
	int64_t days, seconds = end ? 86400 : 0;
	struct err e;
	if (!take_date(s, &days))
		return s.n && s.p[s.n - 1] != 'Z' && state_time(text, gates_now(), true, out);
	s = slice_from(s, 10);
	if (s.n && ((s.p[0] != 'T' && s.p[0] != ' ') || (s = slice_from(s, 1), !take_clock(&s, &seconds))))
		return false;
	nstime local = (days * 86400 + seconds) * NS_SEC;
	struct zone *named = s.n && !slice_eq(s, SL("Z")) ? zone_load(s, &e) : NULL;
	bool utc = slice_eq(s, SL("Z"));
	if (s.n && !utc && (!named || (s.p[0] != '+' && s.p[0] != '-'))) {
		zone_free(named);
		return false;
	}
	const struct zone *z = named ? named : utc ? NULL : g->zone;
	*out = local - (z ? zone_offset_local(z, local) * NS_SEC : 0);
	zone_free(named);
	return true;
}

void gates_json(struct buf *b, const char *name, struct slice value)
{
	buf_addf(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", name);
	buf_json(b, value);
}

void gates_json_time(struct buf *b, const char *name, nstime t)
{
	char text[40];
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":\"%s\"", name, time_rfc3339(t, text));
}

/* The rule "Emergency Access Opened" of rules/ looks for this line. */
static void tell_syslog(const struct gates *g, struct slice text)
{
	struct buf b = {0};
	buf_addf(&b, "<82>postern[%d]: EMERGENCY: ", (int)getpid()); /* authpriv, critical */
	buf_term(&b, text);
	if (g->syslog < 0 || write(g->syslog, b.p, b.n) < 0)
		complain("the system's log could not be told");
	buf_free(&b);
}

void gates_tell_emergency(struct gates *g, const struct gate_grant *x)
{
	char path[4096], key[128];
	struct err e;
	struct buf text = {0};
	buf_addf(&text, "%s opened grant %.*s for %.*s as %.*s without anybody's approval: ", g->who, SLFMT(x->id), SLFMT(x->person.n ? x->person : x->provider), SLFMT(x->account));
	buf_adds(&text, x->purpose);
	tell_syslog(g, buf_slice(&text));
	if (!state_file(g->a, "postern.db", path, sizeof path) || access(path, W_OK)) {
		buf_free(&text);
		return;
	}
	struct store *s = store_open_owned(path, STORE_WRITE, &e);
	snprintf(key, sizeof key, "gate-emergency-%.*s", SLFMT(x->id));
	int rc = s ? store_begin(s, &e) : ERR_IO;
	if (!rc)
		rc = notify_queue_notice(s, &g->config.notify, LEVEL_CRITICAL, slice_of(key), SL("Emergency access was opened"), buf_slice(&text), gates_now(), &e);
	if (!rc)
		rc = store_commit(s, &e);
	if (rc)
		complain("nobody could be told: %s", e.text);
	if (s)
		store_close(s);
	buf_free(&text);
}
