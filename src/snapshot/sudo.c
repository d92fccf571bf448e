/* sudo.c - sudoers below the root, read as sudo would, and set beside what cvtsudoers says of it. */
#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"
#include "sys/sys.h"

#include <errno.h>
#include <stdlib.h>

static const char *const binaries[] = {"/usr/bin/sudo", "/bin/sudo", "/usr/local/bin/sudo", "/usr/sbin/sudo"};

/* Without a setuid sudo nobody is allowed anything, whatever the file says. */
static bool installed(struct collector *c, bool *unsure)
{
	struct stat st;
	*unsure = false;
	for (size_t i = 0; i < ARRAY_LEN(binaries); i++) {
		if (below_stat(c, binaries[i], false, &st) == 0) {
			if (S_ISREG(st.st_mode) && st.st_uid == 0 && (st.st_mode & S_ISUID) && (st.st_mode & 0111))
				return true;
		} else if (errno != ENOENT && errno != ENOTDIR)
			*unsure = true;
	}
	return false;
}

/* Owners are lost when somebody who is not root copies a root. */
static bool owners_count(struct collector *c)
{
	struct stat st;
	return below_stat(c, "/", false, &st) == 0 && st.st_uid == 0;
}

static const char *unsafe(struct collector *c, const struct stat *st)
{
	if (owners_count(c) && st->st_uid != 0)
		return "sudo does not read it: it does not belong to root";
	if (st->st_mode & S_IWOTH)
		return "sudo does not read it: everybody may write it";
	if ((st->st_mode & S_IWGRP) && st->st_gid != 0)
		return "sudo does not read it: its group may write it";
	return NULL;
}

static bool read_sudoers(void *arg, struct slice path, struct slice *text, const char **why)
{
	struct collector *c = arg;
	struct buf b = {0};
	struct stat st;
	bool gone = false;
	const char *p = collect_path(c, "%.*s", SLFMT(path));
	if (!below_read(c, p, COLLECT_FILE_MAX, "sudo", NULL, &b, &st, &gone)) {
		*why = gone ? "it is not there" : "it cannot be read";
		buf_free(&b);
		return false;
	}
	*why = unsafe(c, &st);
	if (!*why) {
		add_fact_f(c->s, collect_at(c, p, 0), "sudoers.file", "%s %04o %.*s %.*s", p, (unsigned)(st.st_mode & 07777), SLFMT(collect_user(c, st.st_uid)),
			   SLFMT(collect_group(c, st.st_gid)));
		*text = slice_dup(&c->scratch, buf_slice(&b));
	}
	buf_free(&b);
	return *why == NULL;
}

static bool list_sudoers(void *arg, struct slice path, struct snap_list *names, const char **why)
{
	struct collector *c = arg;
	struct stat st;
	const char *p = collect_path(c, "%.*s", SLFMT(path));
	if (below_stat(c, p, false, &st)) {
		*why = strerror(errno);
		return errno == ENOENT; /* sudo says nothing of a folder that is not there */
	}
	*why = S_ISDIR(st.st_mode) ? unsafe(c, &st) : "no folder";
	if (*why)
		return false;
	*why = "it cannot be read";
	return below_names(c, p, "sudo", NULL, &names->v, &names->n);
}

/* ---- the other opinion ---------------------------------------------------------------------------------------------------- */
static void add_texts(struct buf *b, struct snap_list l)
{
	for (size_t i = 0; i < l.n; i++)
		for (size_t k = 0; k <= l.v[i].n; k++)
			if (k == l.v[i].n || l.v[i].p[k] != '\\') /* it writes some backslashes back and some not */
				buf_addc(b, k == l.v[i].n ? ',' : l.v[i].p[k]);
	buf_addc(b, '|');
}

/* One line a command: row borders are a matter of taste. */
static void rows_text(const struct snapshot *s, struct buf *b)
{
	for (size_t i = 0; i < s->nsudo; i++)
		for (size_t k = 0; k < s->sudo[i].commands.n; k++) {
			const struct snap_sudo *r = &s->sudo[i];
			add_texts(b, r->who);
			add_texts(b, r->hosts);
			add_texts(b, r->run_as);
			add_texts(b, r->run_as_groups);
			buf_addf(b, "%d%d%d|%.*s|", r->nopasswd, r->noexec, r->setenv, SLFMT(r->not_after));
			add_texts(b, (struct snap_list){&r->commands.v[k], 1});
			buf_addc(b, '\n');
		}
}

/* The first line in which two texts differ. */
static bool differ(struct slice a, struct slice b, struct slice *ours, struct slice *theirs)
{
	while (a.n || b.n) {
		bool x = next_line(&a, ours), y = next_line(&b, theirs);
		if (x != y || !slice_eq(*ours, *theirs)) {
			if (!x)
				*ours = SL("(nothing)");
			if (!y)
				*theirs = SL("(nothing)");
			return true;
		}
	}
	return false;
}

static void compare(struct collector *c, struct slice theirs)
{
	struct snapshot *s = snapshot_new();
	struct sudo_lines lines = {0};
	struct buf a = {0}, b = {0};
	struct slice line, x, y;
	char *mended = xmalloc(theirs.n + 1);
	if (theirs.n)
		memcpy(mended, theirs.n ? theirs.p : "", theirs.n);
	for (ssize_t at, from = 0; (at = slice_find(slice_from(slice_make(mended, theirs.n), (size_t)from), SL("%!"))) >= 0; from += at + 2)
		memcpy(mended + from + at, "!%", 2); /* how it writes that a group is excluded */
	struct lines l = lines_of(slice_make(mended, theirs.n), true);
	while (lines_next(&l, &line))
		*vec_push(&lines) = (struct sudo_line){slice_dup(&s->mem, line), SL("cvtsudoers"), l.line, false, false};
	lines_free(&l);
	free(mended);
	sudoers_rows(s, &lines);
	rows_text(c->s, &a);
	rows_text(s, &b);
	if (differ(buf_slice(&a), buf_slice(&b), &x, &y))
		collect_missing(c, "sudo", NULL, "/etc/sudoers", 0, "cvtsudoers reads it otherwise; what follows from the first difference on may be wrong: we \"%.*s\", it \"%.*s\"",
				(int)MIN(x.n, (size_t)200), x.p, (int)MIN(y.n, (size_t)200), y.p);
	buf_free(&a);
	buf_free(&b);
	sudo_lines_free(&lines);
	snapshot_free(s);
}

/* cvtsudoers on the lines that sudo reads, includes put in and lines with errors left out: of those it says nothing at all. As sudoers text, not as JSON, which is
 * broken where CWD=, CHROOT= or an alias that is not there is used. Only for the running machine, whose sudoers root's programs read anyway. */
static void second_opinion(struct collector *c, const struct sudo_lines *lines)
{
	static const char *const argv[] = {"/usr/bin/cvtsudoers", "-c", "/dev/null", "-e", "-f", "sudoers", NULL};
	enum { OUTPUT_MOST = 64 << 10 };
	struct buf in = {0}, out = {0};
	struct stat st;
	struct err e;
	int status = 0;
	if (!c->live || below_stat(c, argv[0], false, &st) || !c->s->nsudo)
		return;
	for (size_t i = 0; i < lines->n; i++)
		if (lines->v[i].bad && lines->v[i].partly) {
			buf_free(&in);
			return; /* cvtsudoers cannot be given the half of a line */
		} else if (!lines->v[i].bad)
			buf_addf(&in, "%.*s\n", SLFMT(lines->v[i].text));
	if (in.n < OUTPUT_MOST && sys_run(argv, buf_slice(&in), 10, &out, &status, &e) == 0) {
		if (status)
			collect_missing(c, "sudo", NULL, "/etc/sudoers", 0, "cvtsudoers refuses what we read: %.*s", (int)MIN(out.n, (size_t)200), out.p ? out.p : "");
		else if (out.n < OUTPUT_MOST)
			compare(c, buf_slice(&out));
	}
	buf_free(&in);
	buf_free(&out);
}

int collect_sudo(struct collector *c)
{
	struct sudo_files files = {read_sudoers, list_sudoers, c, c->s->host};
	struct sudo_lines lines = {0};
	struct stat st;
	bool unsure;
	if (below_stat(c, "/etc/sudoers", true, &st) && errno == ENOENT) /* a link that leads nowhere is named when it is read */
		return 0;
	if (!installed(c, &unsure)) {
		add_fact(c->s, collect_at(c, "/etc/sudoers", 0), "sudoers.unused", SL("there is no setuid sudo"));
		if (unsure)
			collect_missing(c, "sudo", NULL, "/usr/bin/sudo", 0, "it cannot be told whether sudo is there");
		return 0;
	}
	sudoers_flatten(c->s, &files, SL("/etc/sudoers"), &lines);
	sudoers_rows(c->s, &lines);
	second_opinion(c, &lines);
	sudo_lines_free(&lines);
	return 0;
}
