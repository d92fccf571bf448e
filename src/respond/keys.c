/* keys.c - disable-keys: the files in which sshd looks for an account's keys get another name, and get theirs back.
 *
 * Renaming opens nothing, so that it does not matter what the account put there: a file with several names, a pipe, a link. The file
 * keeps its number, owner and mode; the number is what undoing knows it by. */
#include "respond/respond_private.h"
#include "respond/walk.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES_MOST = 16, SSHD_SECONDS = 10, NAMES_TRIED = 9 };

struct places {
	int root;
	struct account who;
	char path[PLACES_MOST][PATH_MAX];
	size_t n;
	struct buf note;      /* what could not be dealt with */
	struct buf files;     /* what was, or would be, taken away */
	size_t taken, failed;
};

static void remark(struct places *p, const char *text, struct slice about)
{
	buf_addz(&p->note, "; ");
	buf_addz(&p->note, text);
	if (about.n) {
		buf_addc(&p->note, ' ');
		buf_term(&p->note, about);
	}
}

static void add_place(struct places *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->path[i], path) == 0)
			return;
	if (p->n < PLACES_MOST)
		snprintf(p->path[p->n++], PATH_MAX, "%s", path);
}

/* What sshd_config(5) puts in the place of %h, %u, %U and %%. *own: with something of the account in it. False: of something else. */
static bool expand(const struct places *p, struct slice pattern, struct buf *b, bool *own)
{
	for (size_t i = 0; i < pattern.n; i++) {
		char c = pattern.p[i], after = i + 1 < pattern.n ? pattern.p[i + 1] : 0;
		if ((unsigned char)c < ' ')
			return false;
		if (c != '%') {
			buf_addc(b, c);
			continue;
		}
		i++;
		*own |= after != '%';
		if (after == 'h')
			buf_addz(b, p->who.home);
		else if (after == 'u')
			buf_addz(b, p->who.name);
		else if (after == 'U')
			buf_addf(b, "%u", (unsigned)p->who.uid);
		else if (after == '%')
			buf_addc(b, '%');
		else
			return false;
	}
	return true;
}

/* A pattern of AuthorizedKeysFile; what is relative lies in the home folder. */
static void add_pattern(struct places *p, struct slice pattern)
{
	struct buf b = {0}, path = {0};
	bool own = false;
	if (slice_ieq(pattern, SL("none")))
		return;
	bool fits = expand(p, pattern, &b, &own);
	bool relative = !slice_starts(buf_slice(&b), SL("/"));
	if (relative)
		buf_addf(&path, "%s/", p->who.home);
	buf_adds(&path, buf_slice(&b));
	buf_addc(&path, 0);
	if (!own && !relative)
		remark(p, "left, because all accounts share it:", pattern);
	else if (!fits || path.n > PATH_MAX)
		remark(p, "left, because it cannot be told which file it is:", pattern);
	else
		add_place(p, path.p);
	buf_free(&b);
	buf_free(&path);
}

static void read_setting(struct places *p, struct slice line)
{
	struct slice name, word;
	if (!slice_word(&line, &name))
		return;
	line = slice_trim(line);
	if (slice_ieq(name, SL("authorizedkeysfile")))
		while (slice_word(&line, &word))
			add_pattern(p, word);
	bool other = slice_ieq(name, SL("authorizedkeyscommand")) || slice_ieq(name, SL("trustedusercakeys"));
	if (other && line.n && !slice_ieq(line, SL("none")))
		remark(p, slice_ieq(name, SL("trustedusercakeys")) ? "certificates of a CA go on:" : "keys also come from a program, which goes on:", line);
}

/* sshd says itself where it looks, for this account. */
static void ask_sshd(struct deed *d, struct places *p)
{
	struct buf out = {0};
	struct slice text, line;
	struct err e;
	char about[160], path[PATH_MAX], conf[PATH_MAX];
	int status = 0;
	snprintf(path, sizeof path, "%.*s", SLFMT(d->c->sshd));
	snprintf(conf, sizeof conf, "%.*s", SLFMT(d->c->sshd_config));
	snprintf(about, sizeof about, "user=%s,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22", p->who.name);
	const char *const plain[] = {path, "-T", "-C", about, NULL}, *const with[] = {path, "-T", "-C", about, "-f", conf, NULL};
	if (!path[0] || access(path, X_OK))
		return; /* no sshd, or another: the usual places are looked at in any case */
	if (sys_run(conf[0] ? with : plain, SLICE_NONE, SSHD_SECONDS, &out, &status, &e) || status)
		remark(p, "sshd did not say where keys lie, so only the usual places were looked at", SLICE_NONE);
	text = status ? SLICE_NONE : buf_slice(&out);
	while (slice_cut(&text, '\n', &line))
		read_setting(p, line);
	buf_free(&out);
}

static bool same_home(void *arg, const struct account *other)
{
	struct places *p = arg;
	struct stat a, b;
	char path[2 * PATH_MAX];
	snprintf(path, sizeof path, ".%s", p->who.home);
	bool have = fstatat(p->root, path, &a, 0) == 0;
	snprintf(path, sizeof path, ".%s", other->home);
	if (have && fstatat(p->root, path, &b, 0) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		p->failed++;
	return !p->failed;
}

static int open_root(const struct respond_config *c)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%.*s/", SLFMT(c->passwd_root));
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void to_disk(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
}

/* "authorized_keys.postern-ID": sshd reads no such name. More than one when the account made the file anew. */
static bool other_name(const struct deed *d, const char *name, unsigned nth, char out[static NAME_MAX + 1])
{
	char number[12] = "";
	if (nth)
		snprintf(number, sizeof number, ".%u", nth);
	int n = snprintf(out, NAME_MAX + 1, "%s.postern-%s%s", name, d->a->id, number);
	return n > 0 && n <= NAME_MAX;
}

/* What undoing needs, a line a file: number of the device and of the file, mode, owner, the other name, the path. */
static void note_taken(struct deed *d, const struct walk *w, const char *other)
{
	struct stat st;
	if (fstatat(w->dir, other, &st, AT_SYMLINK_NOFOLLOW))
		return;
	buf_addf(&d->undo, "%llu %llu %o %u %u %s %s\n", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, (unsigned)st.st_mode, (unsigned)st.st_uid,
		(unsigned)st.st_gid, other, w->path);
}

static void say_file(struct places *p, const struct walk *w)
{
	buf_addz(&p->files, p->taken++ ? ", " : "");
	buf_term(&p->files, slice_of(w->path));
}

static void take_away(struct deed *d, struct places *p, const struct walk *w)
{
	char other[NAME_MAX + 1];
	struct stat st;
	bool there = fstatat(w->dir, w->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	for (unsigned i = 0; i < NAMES_TRIED && other_name(d, w->name, i, other); i++) {
		if (fstatat(w->dir, other, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			say_file(p, w); /* taken by a run that did not come to its end */
			note_taken(d, w, other);
			continue;
		}
		if (!there)
			return;
		if (d->dry || renameat2(w->dir, w->name, w->dir, other, RENAME_NOREPLACE) == 0) {
			say_file(p, w);
			if (!d->dry) {
				note_taken(d, w, other);
				to_disk(w->dir);
			}
			return;
		}
		if (errno != EEXIST)
			break;
	}
	p->failed++;
	remark(p, strerror(errno), slice_of(w->path));
}

static void each_place(struct deed *d, struct places *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct walk w;
		struct err e;
		if (walk_to(p->root, p->path[i], &w, &e)) {
			p->failed++;
			remark(p, e.text, slice_of(p->path[i]));
		} else if (w.dir >= 0) {
			take_away(d, p, &w);
		}
		walk_end(&w);
	}
}

static enum deed_end disable(struct deed *d, struct places *p)
{
	p->root = open_root(d->c);
	if (p->root < 0)
		return deed_say(d, DEED_FAILED, "cannot open the folder of all others: %m");
	if (p->who.home[0] != '/' || !p->who.home[1])
		return deed_say(d, DEED_REFUSED, "%s has no home folder of its own", p->who.name);
	account_each_never(d->c, same_home, p);
	if (p->failed)
		return deed_say(d, DEED_REFUSED, "%s shares its home folder with an account that is never touched", p->who.name);
	add_pattern(p, SL(".ssh/authorized_keys"));
	add_pattern(p, SL(".ssh/authorized_keys2"));
	ask_sshd(d, p);
	each_place(d, p);
	if (p->taken)
		buf_addf(&d->said, "%s %s away: %.*s", d->dry ? "would take SSH keys of" : "took SSH keys of", p->who.name, SLFMT(buf_slice(&p->files)));
	else
		buf_addf(&d->said, "%s has no SSH keys in files on this machine", p->who.name);
	buf_adds(&d->said, buf_slice(&p->note));
	return p->failed ? DEED_FAILED : DEED_DONE;
}

static enum deed_end with_places(struct deed *d, bool check)
{
	struct places *p = xcalloc(1, sizeof *p);
	enum deed_end r = DEED_DONE;
	p->root = -1;
	if (check)
		r = account_check(d, &p->who);
	else if (!account_find(d->c, d->a->target, &p->who))
		r = deed_say(d, DEED_FAILED, "this machine has no account of the name any more");
	if (!r)
		r = disable(d, p);
	if (p->root >= 0)
		close(p->root);
	buf_free(&p->note);
	buf_free(&p->files);
	free(p);
	return r;
}

enum deed_end keys_disable(struct deed *d)
{
	return with_places(d, true);
}

/* ---- back again -------------------------------------------------------------------------------------------------------- */

struct taken {
	uint64_t dev, ino;
	struct slice other, path;
};

static bool read_taken(struct slice line, struct taken *t)
{
	struct slice word[5];
	for (size_t i = 0; i < ARRAY_LEN(word); i++)
		if (!slice_word(&line, &word[i]))
			return false;
	if (!slice_u64(word[0], UINT64_MAX, &t->dev) || !slice_u64(word[1], UINT64_MAX, &t->ino) || !slice_starts(line, SL(" ")))
		return false;
	/* the rest: "OTHER PATH"; the path is absolute, and a name has no slash */
	line = slice_from(line, 1);
	ssize_t cut = slice_find(line, SL(" /"));
	if (cut <= 0)
		return false;
	t->other = slice_to(line, (size_t)cut);
	t->path = slice_from(line, (size_t)cut + 1);
	return t->other.n <= NAME_MAX && t->path.n < PATH_MAX && !slice_has(t->other, SL("/"));
}

static bool is_file(int dir, const char *name, const struct taken *t)
{
	struct stat st;
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == t->dev && st.st_ino == t->ino;
}

/* The list comes from the state file, which the engine writes: only names that this response gives are taken back. */
static bool gave_name(const struct deed *d, const char *path, const char *other)
{
	char expected[NAME_MAX + 1];
	for (unsigned i = 0; i < NAMES_TRIED && other_name(d, strrchr(path, '/') + 1, i, expected); i++)
		if (strcmp(other, expected) == 0)
			return true;
	return false;
}

/* NULL when it has its name back, else why not. */
static const char *give_back(const struct deed *d, int root, const struct taken *t, struct err *e)
{
	struct walk w;
	char path[PATH_MAX], other[NAME_MAX + 1];
	const char *why = NULL;
	snprintf(path, sizeof path, "%.*s", SLFMT(t->path));
	snprintf(other, sizeof other, "%.*s", SLFMT(t->other));
	if (!gave_name(d, path, other))
		return "this is no file that was taken away";
	if (walk_to(root, path, &w, e))
		return e->text;
	if (w.dir < 0 || strcmp(w.path, path) != 0)
		why = "the folder is another one now";
	else if (is_file(w.dir, other, t)) {
		if (renameat2(w.dir, other, w.dir, w.name, RENAME_NOREPLACE) == 0)
			to_disk(w.dir);
		else
			why = errno == EEXIST ? "there is a new file of that name: move it away first" : strerror(errno);
	} else if (!is_file(w.dir, w.name, t)) {
		why = "the file that was taken away is gone, or another lies in its place";
	}
	walk_end(&w);
	return why;
}

/* A run that was killed left no list: what it took away is found by the names it gave. */
static struct slice list_of(struct deed *d)
{
	if (d->a->undo.n)
		return d->a->undo;
	d->dry = true;
	(void)with_places(d, false);
	d->said.n = 0;
	return buf_slice(&d->undo);
}

enum deed_end keys_return(struct deed *d)
{
	struct slice rest = list_of(d), line;
	int root = open_root(d->c);
	size_t back = 0, failed = 0;
	struct buf note = {0};
	while (root >= 0 && slice_cut(&rest, '\n', &line)) {
		struct taken t;
		struct err e;
		const char *why = read_taken(line, &t) ? give_back(d, root, &t, &e) : "what undoing needs cannot be read";
		back += !why;
		failed += why != NULL;
		if (why) {
			buf_addf(&note, "; %s: ", why);
			buf_term(&note, t.path);
		}
	}
	if (root >= 0)
		close(root);
	deed_say(d, DEED_DONE, "%zu file%s of %.*s with SSH keys got the name back", back, back == 1 ? "" : "s", SLFMT(d->a->target));
	buf_adds(&d->said, buf_slice(&note));
	buf_free(&note);
	return failed || root < 0 ? DEED_FAILED : DEED_DONE;
}
