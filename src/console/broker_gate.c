/* broker_gate.c - the gate, for console users: the same functions as the commands', in the name of who is logged in, with the same records in the audit log. */
#include "console/access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOKED_AGAIN (10 * NS_MIN) /* later it is another look */

/* ---- what goes wrong, for the person ------------------------------------------------------------------------------------------------------------------ */

static int say(const struct broker_who *who, int code, enum text t, struct err *e)
{
	enum lure_language l = who->language < LURE_LANGUAGES ? (enum lure_language)who->language : LURE_EN;
	return err_set(e, code, "%s", text_of(t, l));
}

static int need_gate(const struct broker *b, const struct broker_who *who, struct err *e)
{
	return b->gate_vault ? 0 : say(who, ERR_NOENT, TX_ACCESS_NO_GATE, e);
}

/* The gate's sentence in the reader's language, where there is one for what it says. */
static int translate(const struct broker_who *who, int rc, struct err *e)
{
	static const struct { int code; enum text text; } rows[] = {{ERR_NOENT, TX_ACCESS_GONE}, {ERR_DUP, TX_ACCESS_ALREADY}, {ERR_STOPPED, TX_ACCESS_CHANGED}, {ERR_PERM, TX_ACCESS_FORBIDDEN},
		{ERR_USAGE, TX_ACCESS_NOT_NOW}, {ERR_RANGE, TX_ACCESS_OVER}, {ERR_LIMIT, TX_ACCESS_TOO_LONG}, {ERR_SYNTAX, TX_ACCESS_BAD_REASON}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rc == rows[i].code)
			return say(who, rc, rows[i].text, e);
	return rc;
}

/* One line of text, as the gate wants reasons. */
static int check_reason(const struct broker_who *who, struct slice s, struct err *e)
{
	if (!slice_trim(s).n)
		return say(who, ERR_USAGE, TX_ACCESS_SAY_WHY, e);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return say(who, ERR_SYNTAX, TX_ACCESS_BAD_REASON, e);
	return s.n <= 500 && slice_utf8(s) ? 0 : say(who, ERR_SYNTAX, TX_ACCESS_BAD_REASON, e);
}

/* ---- who acts ------------------------------------------------------------------------------------------------------------------------------------------ */

/* Is the name that of a Unix account which goes through the gate? A group that cannot be looked up has members nobody knows. */
static bool covered(const char *name)
{
	enum { ROOM = 64 << 10, GROUPS = 256 };
	char *room = xmalloc(ROOM);
	struct group gr, *g = NULL;
	struct passwd pw, *p = NULL;
	gid_t ids[GROUPS], gid = 0;
	int n = GROUPS, failed = getgrnam_r(GATE_GROUP, &gr, room, ROOM, &g);
	bool in = failed && failed != ENOENT && failed != ESRCH;
	if (g) {
		gid = g->gr_gid;
		failed = getpwnam_r(name, &pw, room, ROOM, &p);
		in = failed && failed != ENOENT && failed != ESRCH;
		if (p && getgrouplist(name, p->pw_gid, ids, &n) < 0)
			in = true;
		for (int i = 0; p && !in && i < n; i++)
			in = ids[i] == gid;
	}
	free(room);
	return in;
}

static struct access_actor actor(const struct broker *b, const struct broker_who *who)
{
	return (struct access_actor){slice_of(who->name), slice_of(who->mail), b->o->org, b->o->gate};
}

/* Nobody of a provider: by the gate, org.yaml and the system's groups. The refusal is on record. */
static int denied(struct broker *b, const struct broker_who *who, enum text why, const char *action, struct slice object, struct err *e)
{
	struct err other;
	int rc = say(who, ERR_PERM, why, e);
	const struct chain_record r = {b->now, slice_of(who->name), slice_of(action), object, SL("failure"), slice_of(text_of(why, LURE_EN))};
	if (b->audit)
		(void)chain_append(b->audit, &r, &other);
	return rc;
}

/* ---- looking ------------------------------------------------------------------------------------------------------------------------------------------- */

struct collecting {
	struct arena *mem;
	struct access_gate *g;
	struct { struct session *v; size_t n, cap; } live;
	struct { struct gate_word *v; size_t n, cap; } words;
};

static int take_live(void *arg, const struct session *s)
{
	struct collecting *c = arg;
	if (c->live.n < ACCESS_LIVE)
		*vec_push(&c->live) = access_session_keep(c->mem, s);
	return 0;
}

static int take_word(void *arg, const struct gate_word *w)
{
	struct collecting *c = arg;
	if (c->words.n < ACCESS_WORDS)
		*vec_push(&c->words) = (struct gate_word){w->version, w->time, slice_dup(c->mem, w->who), slice_dup(c->mem, w->what), slice_dup(c->mem, w->reason)};
	return 0;
}

/* What waits or holds goes, however old it is; then the newest of the others, and the one that is asked about. In their order; grants of g are in mem then. */
static void leave_out(struct access_gate *g, struct slice wanted, nstime now, struct arena *mem)
{
	struct gate_policy *p = &g->policy;
	size_t all = p->ngrants, left = ACCESS_GRANTS, kept = 0;
	if (all <= ACCESS_GRANTS)
		return;
	bool *goes = arena_alloc(mem, all);
	struct gate_grant *grants = arena_alloc(mem, ACCESS_GRANTS * sizeof *grants);
	for (size_t i = 0; i < all; i++) {
		goes[i] = wanted.n && slice_eq(p->grants[i].id, wanted);
		left -= goes[i];
	}
	for (int over = 0; over <= 1; over++)
		for (size_t i = all; i-- > 0 && left;) {
			enum access_standing s = access_standing(&p->grants[i], now);
			if (!goes[i] && (s > STANDING_OPEN) == over) {
				goes[i] = true;
				left--;
			}
		}
	for (size_t i = 0; i < all; i++)
		if (goes[i])
			grants[kept++] = p->grants[i];
	p->grants = grants;
	p->ngrants = kept;
	g->left_out = all - kept;
}

/* The picture of the gate, taken anew when something changed: by others (the file's version), or by this thread (the gate's own count). */
static int look(struct broker *b, const struct gate_policy **out, struct err *e)
{
	int64_t version = 0, changes = 0;
	int rc = vault_version(b->gate_vault, &version, e);
	if (!rc)
		rc = gate_changes(b->gate_vault, &changes, e);
	if (!rc && (!b->picture || version != b->picture_version || changes != b->picture->version)) {
		broker_forget_picture(b);
		b->picture = xcalloc(1, sizeof *b->picture);
		rc = gate_policy_load(b->gate_vault, b->picture, e);
		b->picture_version = version;
		if (rc)
			broker_forget_picture(b);
	}
	*out = b->picture;
	return rc;
}

void broker_forget_picture(struct broker *b)
{
	if (b->picture)
		gate_policy_free(b->picture);
	free(b->picture);
	b->picture = NULL;
}

int broker_gate(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct access_gate g = {0};
	struct slice id = slice_of(q->id);
	struct arena mem;
	struct buf bytes = {0};
	(void)a;
	int rc = need_gate(b, who, e);
	if (rc)
		return rc;
	arena_init(&mem);
	struct collecting c = {.mem = &mem, .g = &g};
	const struct gate_policy *picture = NULL;
	rc = look(b, &picture, e);
	if (!rc)
		rc = session_each_open(b->gate_vault, take_live, &c, e);
	if (!rc && id.n)
		rc = gate_words(b->gate_vault, id, take_word, &c, e);
	if (!rc) {
		g.policy = *picture;
		leave_out(&g, id, b->now, &mem);
		g.live = c.live.v;
		g.nlive = c.live.n;
		g.words = c.words.v;
		g.nwords = c.words.n;
		access_gate_write(&bytes, &g);
		rc = broker_bytes(&bytes, fd, e);
	}
	free(c.live.v);
	free(c.words.v);
	buf_free(&bytes);
	arena_free(&mem);
	return rc;
}

struct listing {
	struct arena mem;
	struct session v[PAGE_ROWS];
	size_t n;
};

static int take_session(void *arg, const struct session *s)
{
	struct listing *l = arg;
	if (l->n < ARRAY_LEN(l->v))
		l->v[l->n++] = access_session_keep(&l->mem, s);
	return 0;
}

int broker_sessions(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	const struct session_choice c = {slice_of(q->id), slice_of(q->text), slice_of(q->code), (uint64_t)MAX(q->number, 0), PAGE_ROWS};
	struct listing *l = xcalloc(1, sizeof *l);
	struct access_sessions list = {0};
	struct buf bytes = {0};
	(void)a;
	arena_init(&l->mem);
	int rc = need_gate(b, who, e);
	if (!rc)
		rc = session_some(b->gate_vault, &c, take_session, l, &list.total, e);
	if (!rc) {
		list.v = l->v;
		list.n = l->n;
		access_sessions_write(&bytes, &list);
		rc = broker_bytes(&bytes, fd, e);
	}
	buf_free(&bytes);
	arena_free(&l->mem);
	free(l);
	return rc;
}

/* ---- deciding -------------------------------------------------------------------------------------------------------------------------------------------- */

/* What was shown is what is approved: all of it was shown, and who says yes may. The gate checks its own part again, in its transaction. */
static int may_approve(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct err *e)
{
	struct access_gate g = {0};
	struct access_actor me = actor(b, who);
	struct slice id = slice_of(q->id);
	int rc = gate_policy_load(b->gate_vault, &g.policy, e);
	const struct gate_grant *x = rc ? NULL : access_grant(&g, id);
	enum text no = x ? access_objection(&g.policy, x, &me, b->now) : TX_NONE;
	if (!rc && !x)
		rc = say(who, ERR_NOENT, TX_ACCESS_GONE, e);
	else if (!rc && x->version != q->number)
		rc = say(who, ERR_STOPPED, TX_ACCESS_CHANGED, e);
	else if (!rc && !access_whole(x))
		rc = denied(b, who, TX_ACCESS_NOT_WHOLE, "grant-approved", id, e);
	else if (!rc && (no != TX_NONE || covered(who->name)))
		rc = denied(b, who, no != TX_NONE ? no : TX_ACCESS_NO_PROVIDER, "grant-approved", id, e);
	gate_policy_free(&g.policy);
	return rc;
}

int broker_approve(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a;
	(void)fd;
	int rc = need_gate(b, who, e);
	if (!rc && q->number < 1)
		rc = say(who, ERR_SYNTAX, TX_ACCESS_NO_VERSION, e);
	if (!rc)
		rc = may_approve(b, q, who, e);
	if (rc)
		return rc;
	return translate(who, gate_grant_approve_version(&b->gate, slice_of(q->id), q->number, e), e);
}

typedef int deed(struct gate *g, struct slice id, struct slice reason, struct err *e);

static int with_reason(struct broker *b, const struct broker_ask *q, const struct broker_who *who, deed *fn, struct err *e)
{
	int rc = need_gate(b, who, e);
	if (!rc)
		rc = check_reason(who, slice_of(q->text), e);
	return rc ? rc : translate(who, fn(&b->gate, slice_of(q->id), slice_of(q->text), e), e);
}

int broker_refuse(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a;
	(void)fd;
	return with_reason(b, q, who, gate_grant_refuse, e);
}

int broker_revoke(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a;
	(void)fd;
	return with_reason(b, q, who, gate_grant_revoke, e);
}

int broker_suspend(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a;
	(void)fd;
	return with_reason(b, q, who, gate_provider_suspend, e);
}

int broker_resume(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct gate_policy p = {0};
	struct access_actor me = actor(b, who);
	(void)a;
	(void)fd;
	int rc = need_gate(b, who, e);
	if (rc)
		return rc;
	rc = gate_policy_load(b->gate_vault, &p, e);
	enum text no = rc ? TX_NONE : access_outsider(&p, &me, b->now);
	gate_policy_free(&p);
	if (!rc && (no != TX_NONE || covered(who->name)))
		rc = denied(b, who, no != TX_NONE ? no : TX_ACCESS_NO_PROVIDER, "provider-resumed", slice_of(q->id), e);
	return rc ? rc : with_reason(b, q, who, gate_provider_resume, e);
}

int broker_session_end(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a;
	(void)fd;
	return with_reason(b, q, who, session_end, e);
}

/* ---- a recording ------------------------------------------------------------------------------------------------------------------------------------------- */

static int take_one(void *arg, const struct session *s)
{
	struct listing *l = arg;
	return take_session(l, s);
}

/* "2026/11/S-...cast.gz" below the folder, and nothing that leads elsewhere. */
static bool file_fine(struct slice s)
{
	bool fine = s.n > 0 && s.n < 200 && s.p[0] != '/' && s.p[0] != '.' && !slice_has(s, SL("..")) && slice_ends(s, SL(".cast.gz"));
	for (size_t i = 0; fine && i < s.n; i++) {
		char c = s.p[i];
		fine = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_' || c == '/';
	}
	return fine;
}

static int open_file(const struct broker *b, const struct session *s, const struct broker_who *who, struct err *e)
{
	char path[4600];
	struct slice base = slice_basename(s->file), end = SL(".cast.gz");
	int folder = (int)(base.p - s->file.p), fd;
	if (!file_fine(s->file))
		return say(who, ERR_NOENT, TX_SESSION_GONE, e);
	int n = snprintf(path, sizeof path, "%s/recordings/%.*s", b->o->state, SLFMT(s->file));
	fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	if (fd < 0 && errno == ENOENT) { /* it is being made */
		n = snprintf(path, sizeof path, "%s/recordings/%.*s.%.*s.part", b->o->state, folder, s->file.p, (int)(base.n - end.n), base.p);
		fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	}
	return fd >= 0 ? fd : say(who, ERR_NOENT, TX_SESSION_GONE, e);
}

int broker_recording(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	const struct session_choice c = {.id = slice_of(q->id), .most = 1};
	struct listing *l = xcalloc(1, sizeof *l);
	struct broker_looked log = {.noted = false};
	uint64_t total = 0;
	arena_init(&l->mem);
	int got = -1, rc = need_gate(b, who, e);
	if (!rc && !c.id.n)
		rc = say(who, ERR_NOENT, TX_SESSION_GONE, e);
	if (!rc)
		rc = session_some(b->gate_vault, &c, take_one, l, &total, e);
	if (!rc && (!l->n || !slice_eq(l->v[0].id, c.id)))
		rc = say(who, ERR_NOENT, TX_SESSION_GONE, e);
	if (!rc) {
		got = open_file(b, &l->v[0], who, e);
		rc = got < 0 ? got : 0;
	}
	/* who looked stands in the log before anything is shown: once for the pieces of one look */
	const struct chain_record r = {b->now, slice_of(who->name), SL(BROKER_LOOKED), c.id, SL("success"), SL("in the console")};
	if (!rc)
		broker_look(b->shared, b->o->state, c.id, r.actor, b->now - LOOKED_AGAIN, &log);
	if (!rc && b->audit && !log.noted)
		rc = chain_append(b->audit, &r, e);
	if (!rc) {
		snprintf(a->text, sizeof a->text, "%s", log.sha256);
		*fd = got;
	} else if (got >= 0) {
		close(got);
	}
	arena_free(&l->mem);
	free(l);
	return rc;
}
