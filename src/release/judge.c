/* judge.c - is a file in a distribution folder in order? */
#include "release/release_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define AHEAD (5 * NS_MIN) /* clocks of the signers' machines */

static const struct {
	const char *word, *text;
} verdicts[] = {
#define X(id, word, text) {word, text},
	RELEASE_VERDICTS(X)
#undef X
};
const char *release_verdict_word(enum release_verdict v) { return verdicts[v].word; }
const char *release_verdict_text(enum release_verdict v) { return verdicts[v].text; }
bool release_in_order(enum release_verdict v) { return v == RELEASE_GOOD || v == RELEASE_EXEMPT || v == RELEASE_SIGNATURE; }

struct judging {
	const struct release_list *l;
	int dir, fd;                         /* fd: the file, O_PATH */
	int home;                            /* folder in which the file lies under the name entry */
	const char *entry;
	struct slice folder;
	const char *name;
	nstime now;
	struct stat st;
	struct arena mem;
	struct release_judgement *out;
	uint64_t size;                       /* of what two people signed */
	char sha256[65];
};

static void say(struct judging *g, enum release_verdict v, const char *detail)
{
	g->out->verdict = v;
	snprintf(g->out->detail, sizeof g->out->detail, "%.190s", detail);
}

/* ---- signatures beside the file ------------------------------------------------------------------------------------------------ */

/* The whole file, once: what is put in its place later does not count. False: nothing there, or nothing that could be one. */
static bool read_small(int dir, const char *name, struct arena *a, struct slice *out)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	char *room = arena_alloc(a, RELEASE_SIGNATURE_MAX + 1);
	size_t n = 0;
	ssize_t got = 0;
	bool plain = !fstat(fd, &st) && S_ISREG(st.st_mode);
	while (plain && n <= RELEASE_SIGNATURE_MAX && (got = read(fd, room + n, RELEASE_SIGNATURE_MAX + 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	*out = slice_make(room, n);
	return plain && got >= 0 && n <= RELEASE_SIGNATURE_MAX;
}

static int check_claim(struct judging *g, const struct release_person *p, struct slice file, struct release_manifest *m, struct release_claim *c, struct err *e)
{
	struct slice message, armour;
	int rc = release_signature_read(file, &g->mem, m, &message, &armour, e);
	if (rc)
		return rc;
	c->signed_at = m->signed_at;
	c->until = m->until;
	if (p->revoked)
		return err_set(e, ERR_PERM, "this person may not sign any more");
	if (!slice_eq(m->signer, p->id) || !slice_eqz(m->name, g->name) || !slice_eq(m->folder, g->folder))
		return err_set(e, ERR_PERM, "signed for another name, folder or signer");
	if (m->signed_at > g->now + AHEAD || m->until <= m->signed_at || m->until - m->signed_at > g->l->validity)
		return err_set(e, ERR_RANGE, "signed in the future, or for longer than the list allows");
	if (m->until <= g->now)
		return err_set(e, ERR_RANGE, "expired");
	return release_verify(p, message, armour, c->fingerprint, e);
}

/* Do two people with two keys say the same of the file? */
static bool agree(struct judging *g, const struct release_manifest *said, size_t newest)
{
	const struct release_claim *c = g->out->claims;
	for (size_t i = 0; i < newest; i++) {
		if (!c[i].good || c[i].person == c[newest].person || strcmp(c[i].fingerprint, c[newest].fingerprint) == 0)
			continue;
		if (said[i].size != said[newest].size || strcmp(said[i].sha256, said[newest].sha256) != 0)
			continue;
		g->size = said[i].size;
		memcpy(g->sha256, said[i].sha256, sizeof g->sha256);
		g->out->until = MIN(c[i].until, c[newest].until);
		return true;
	}
	return false;
}

/* Everything signed is looked at before the file is read: one that nobody signed costs nothing, however large it is. */
static bool two_signed(struct judging *g)
{
	struct release_manifest said[RELEASE_PEOPLE_MAX];
	struct release_judgement *out = g->out;
	char name[2 * RELEASE_NAME_MAX];
	size_t good = 0;
	for (size_t i = 0; i < g->l->npeople; i++) {
		const struct release_person *p = &g->l->people[i];
		struct release_claim *c = &out->claims[out->nclaims];
		struct slice file;
		struct err e;
		snprintf(name, sizeof name, "%s.sig.%.*s", g->name, SLFMT(p->id));
		if (strlen(name) > RELEASE_NAME_MAX || !read_small(g->dir, name, &g->mem, &file))
			continue;
		*c = (struct release_claim){.person = p, .signed_at = NSTIME_NONE, .until = NSTIME_NONE};
		c->good = !check_claim(g, p, file, &said[out->nclaims], c, &e);
		if (!c->good)
			snprintf(c->why, sizeof c->why, "%.150s", e.text);
		out->nclaims++;
		good += c->good;
		if (c->good && agree(g, said, out->nclaims - 1))
			return true;
	}
	if (good > 1)
		say(g, RELEASE_DIFFERS, "the signers signed different files");
	else
		say(g, good ? RELEASE_ONE : RELEASE_UNSIGNED, out->nclaims > good ? "a signature is not valid" : "");
	return false;
}

/* A signature file by its name and, to the last byte, by its contents. */
static bool is_signature(struct judging *g)
{
	struct slice name = slice_of(g->name), file, message, armour;
	struct release_manifest m;
	ssize_t at = slice_rfind(name, SL(".sig."));
	return at > 0 && release_person(g->l, slice_from(name, (size_t)at + 5)) && read_small(g->home, g->entry, &g->mem, &file) &&
		!release_signature_read(file, &g->mem, &m, &message, &armour, NULL);
}

/* One that is only being copied: its name, and so far nothing but the beginning of one. */
static bool is_begun_signature(struct judging *g)
{
	static const char head[] = "postern-release 1\n";
	struct slice name = slice_of(g->name), file;
	ssize_t at = slice_rfind(name, SL(".sig."));
	if (at <= 0 || !release_person(g->l, slice_from(name, (size_t)at + 5)) || !read_small(g->home, g->entry, &g->mem, &file))
		return false;
	for (size_t i = 0; i < file.n; i++)
		if ((file.p[i] < ' ' || file.p[i] > '~') && file.p[i] != '\n')
			return false;
	return file.n == 0 || memcmp(file.p, head, MIN(file.n, sizeof head - 1)) == 0;
}

/* ---- the file itself ---------------------------------------------------------------------------------------------------------------- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool still_there(const struct judging *g, int fd)
{
	struct stat now, name;
	return !fstat(fd, &now) && !fstatat(g->home, g->entry, &name, AT_SYMLINK_NOFOLLOW) && same_file(&now, &g->st) && same_file(&name, &g->st);
}

static void compare(struct judging *g, int fd, bool leased)
{
	struct err e;
	uint64_t size;
	int rc = release_hash(fd, MIN(g->size, g->l->size_most), &size, g->out->sha256, &e);
	if (!still_there(g, fd) || (leased && fcntl(fd, F_GETLEASE) != F_RDLCK))
		say(g, RELEASE_CHANGED, "");
	else if (rc)
		say(g, rc == ERR_LIMIT ? RELEASE_LARGE : RELEASE_FAULT, e.text);
	else if (size != g->size || strcmp(g->out->sha256, g->sha256) != 0)
		say(g, RELEASE_DIFFERS, "its contents are not what was signed");
	else
		say(g, RELEASE_GOOD, "");
}

/* A read lease is given when nobody has the file open for writing, and broken when somebody wants to. Some filesystems have none: there the times of
 * the file alone tell. */
static void judge_contents(struct judging *g)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", g->fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		say(g, RELEASE_FAULT, "it cannot be opened");
		return;
	}
	bool leased = fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
	/* Told of between the making of a file and its opening, nobody seems to write to it yet. */
	if ((!leased && errno == EAGAIN) || (g->st.st_size == 0 && g->size))
		say(g, RELEASE_UNFINISHED, "");
	else if ((uint64_t)g->st.st_size > g->l->size_most)
		say(g, RELEASE_LARGE, "");
	else if ((uint64_t)g->st.st_size != g->size)
		say(g, RELEASE_DIFFERS, "its size is not what was signed");
	else
		compare(g, fd, leased);
	if (leased)
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	close(fd);
}

static void judge_signature(struct judging *g)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", g->fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool leased = fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
	if (fd >= 0 && ((!leased && errno == EAGAIN) || g->st.st_size == 0))
		say(g, RELEASE_UNFINISHED, "");
	else if (is_signature(g)) /* its writer ended meanwhile */
		say(g, RELEASE_SIGNATURE, "");
	else
		say(g, RELEASE_UNSIGNED, "a signature file that is none");
	if (fd >= 0)
		close(fd);
}

/* The kernel announces a broken lease by a signal, which would end the process. */
static void without_sigio(struct judging *g, void (*fn)(struct judging *g))
{
	const struct timespec none = {0, 0};
	sigset_t io, before;
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, &before);
	fn(g);
	while (sigtimedwait(&io, NULL, &none) == SIGIO)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void judge(struct judging *g)
{
	if (!S_ISREG(g->st.st_mode))
		say(g, RELEASE_KIND, S_ISLNK(g->st.st_mode) ? "a symbolic link" : S_ISFIFO(g->st.st_mode) ? "a pipe" : "");
	else if (g->st.st_nlink > 1)
		say(g, RELEASE_LINKED, "");
	else if (is_signature(g))
		say(g, RELEASE_SIGNATURE, "");
	else if (release_is_exempt(g->l, slice_of(g->name)))
		say(g, RELEASE_EXEMPT, "");
	else if (is_begun_signature(g))
		without_sigio(g, judge_signature);
	else if (two_signed(g))
		without_sigio(g, judge_contents);
}

void release_judge(const struct release_list *l, int dir, struct slice folder, const char *name, nstime now, struct release_judgement *out)
{
	release_judge_kept(l, dir, name, dir, folder, name, now, out);
}

void release_judge_kept(const struct release_list *l, int kept, const char *entry, int dir, struct slice folder, const char *name, nstime now,
	struct release_judgement *out)
{
	struct judging g = {.l = l, .dir = dir, .home = kept, .entry = entry, .folder = folder, .name = name, .now = now, .out = out};
	memset(out, 0, sizeof *out);
	out->until = NSTIME_NONE;
	g.fd = openat(kept, entry, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (g.fd < 0 || fstat(g.fd, &g.st)) {
		say(&g, errno == ENOENT ? RELEASE_GONE : RELEASE_FAULT, errno == ENOENT ? "" : "it cannot be opened");
		if (g.fd >= 0)
			close(g.fd);
		return;
	}
	out->dev = g.st.st_dev;
	out->ino = g.st.st_ino;
	out->mode = g.st.st_mode;
	out->uid = g.st.st_uid;
	out->size = (uint64_t)g.st.st_size;
	arena_init(&g.mem);
	judge(&g);
	arena_free(&g.mem);
	close(g.fd);
}
