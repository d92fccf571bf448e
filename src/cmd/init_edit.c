/* init_edit.c - lines put into files and taken out again. */
#include "cmd/init_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 20, CONTEXT = 3 };

/* ---- PAM ---------------------------------------------------------------------------------------------------------------------- */

/* Who is not covered goes past the module: a missing or broken one must lock out nobody but providers. Whatever else keeps pam_succeed_if from saying
 * so leads to the module, which looks for itself. */
#define PAST(kind) kind " [success=1 default=ignore] pam_succeed_if.so quiet user notingroup postern-provider shell != /usr/libexec/postern-shell " INIT_MARK "\n"
#define AUTH PAST("auth   ") "auth    [success=done ignore=ignore default=die] pam_postern.so " INIT_MARK "\n"
#define ACCOUNT PAST("account") "account requisite pam_postern.so " INIT_MARK "\n"
#define SESSION PAST("session") "session requisite pam_postern.so " INIT_MARK "\n"
/* In sudo and su the account is not the whole question (who logged in is), so nobody goes past; a missing module is no answer there: nobody has a
 * session without it who is to be held. */
#define INSIDE "account [success=ok ignore=ignore module_unknown=ignore default=die] pam_postern.so " INIT_MARK "\n"
#define LOGINUID "session required  pam_loginuid.so " INIT_MARK "\n"

static bool next_line(struct slice *rest, struct slice *line)
{
	if (!rest->n)
		return false;
	ssize_t end = slice_chr(*rest, '\n');
	*line = slice_to(*rest, end < 0 ? rest->n : (size_t)end + 1);
	*rest = slice_from(*rest, line->n);
	return true;
}

static bool is_ours(struct slice line)
{
	return slice_ends(slice_trim(slice_to(line, line.n - (slice_ends(line, SL("\n")) ? 1 : 0))), SL(INIT_MARK));
}

/* A line of this kind, or the inclusion of a file of such lines: "account ...", "-account ...", "@include common-account". */
static bool is_kind(struct slice line, const char *kind)
{
	struct slice word, file;
	if (slice_ends(line, SL("\n")))
		line.n--;
	line = slice_trim(line);
	if (!slice_word(&line, &word))
		return false;
	if (slice_starts(word, SL("-")))
		word = slice_from(word, 1);
	if (slice_eq(word, SL("@include")))
		return slice_word(&line, &file) && slice_ends(slice_trim(file), slice_of(kind));
	return slice_eqz(word, kind);
}

static bool has(struct slice text, const char *what)
{
	struct slice line;
	while (next_line(&text, &line)) {
		struct slice trimmed = slice_trim(line);
		if (!slice_starts(trimmed, SL("#")) && slice_has(trimmed, slice_of(what)))
			return true;
	}
	return false;
}

static void end_line(struct buf *out)
{
	if (out->n && out->p[out->n - 1] != '\n')
		buf_addc(out, '\n');
}

void init_pam_account(struct slice old, struct buf *out)
{
	struct slice line, rest = old;
	bool done = has(old, "pam_postern.so");
	while (next_line(&rest, &line)) {
		if (!done && is_kind(line, "account")) {
			buf_addz(out, INSIDE);
			done = true;
		}
		buf_adds(out, line);
	}
	if (done)
		return;
	end_line(out);
	buf_addz(out, INSIDE);
}

void init_pam_login(struct slice old, struct buf *out)
{
	struct slice line, rest = old;
	bool auth = false, account = false, session = false, loginuid = has(old, "pam_loginuid.so");
	if (has(old, "pam_postern.so")) {
		buf_adds(out, old);
		return;
	}
	while (next_line(&rest, &line)) {
		if (!auth && is_kind(line, "auth")) {
			buf_addz(out, AUTH);
			auth = true;
		}
		if (!account && is_kind(line, "account")) {
			buf_addz(out, ACCOUNT);
			account = true;
		}
		if (!session && !loginuid && is_kind(line, "session")) {
			buf_addz(out, LOGINUID SESSION);
			session = true;
		}
		buf_adds(out, line);
		if (!session && is_kind(line, "session") && slice_has(line, SL("pam_loginuid.so"))) {
			end_line(out);
			buf_addz(out, SESSION); /* behind it: the session has its number */
			session = true;
		}
	}
	end_line(out);
	buf_addz(out, auth ? "" : AUTH);
	buf_addz(out, account ? "" : ACCOUNT);
	buf_addz(out, session ? "" : loginuid ? SESSION : LOGINUID SESSION);
}

/* ---- other files ------------------------------------------------------------------------------------------------------------- */

void init_add_line(struct slice old, const char *line, struct buf *out)
{
	struct slice one, rest = old;
	bool there = false;
	while (next_line(&rest, &one)) {
		there |= slice_eqz(slice_trim(slice_to(one, one.n - (slice_ends(one, SL("\n")) ? 1 : 0))), line);
		buf_adds(out, one);
	}
	if (there)
		return;
	end_line(out);
	buf_addf(out, "%s\n", line);
}

void init_strip(struct slice text, const char *line, struct buf *out)
{
	struct slice one;
	while (next_line(&text, &one)) {
		struct slice bare = slice_trim(slice_to(one, one.n - (slice_ends(one, SL("\n")) ? 1 : 0)));
		if (!is_ours(one) && !(line && slice_eqz(bare, line)))
			buf_adds(out, one);
	}
}

/* ---- shown ------------------------------------------------------------------------------------------------------------------- */

struct lines {
	struct line { char sign; struct slice text; size_t at_old, at_new; } *v;
	size_t n, cap;
};

static void push(struct lines *l, char sign, struct slice text, size_t at_old, size_t at_new)
{
	*vec_push(l) = (struct line){sign, text, at_old, at_new};
}

/* One of the two has all lines of the other in order, so looking ahead by one is enough. */
static void compare(struct lines *l, struct slice old, struct slice text)
{
	struct slice a = SLICE_NONE, b = SLICE_NONE;
	size_t na = 1, nb = 1;
	bool adds = text.n >= old.n, have_a = next_line(&old, &a), have_b = next_line(&text, &b);
	while (have_a || have_b) {
		bool same = have_a && have_b && slice_eq(a, b);
		if (same) {
			push(l, ' ', a, na++, nb++);
			have_a = next_line(&old, &a);
			have_b = next_line(&text, &b);
		} else if (have_b && (adds || !have_a)) {
			push(l, '+', b, na, nb++);
			have_b = next_line(&text, &b);
		} else {
			push(l, '-', a, na++, nb);
			have_a = next_line(&old, &a);
		}
	}
}

static void put_hunk(const struct lines *l, size_t from, size_t until, struct buf *out)
{
	size_t olds = 0, news = 0;
	for (size_t i = from; i < until; i++) {
		olds += l->v[i].sign != '+';
		news += l->v[i].sign != '-';
	}
	buf_addf(out, "@@ -%zu,%zu +%zu,%zu @@\n", olds ? l->v[from].at_old : l->v[from].at_old - 1, olds, news ? l->v[from].at_new : l->v[from].at_new - 1, news);
	for (size_t i = from; i < until; i++) {
		buf_addc(out, l->v[i].sign);
		buf_adds(out, l->v[i].text);
		if (!slice_ends(l->v[i].text, SL("\n")))
			buf_addz(out, "\n\\ No newline at end of file\n");
	}
}

void init_diff(const char *path, struct slice old, bool exists, struct slice text, bool gone, struct buf *out)
{
	struct lines l = {0};
	compare(&l, old, text);
	size_t i = 0, told = 0;
	while (i < l.n) {
		if (l.v[i].sign == ' ') {
			i++;
			continue;
		}
		size_t from = i > CONTEXT ? i - CONTEXT : 0, last = i;
		for (size_t k = i; k < l.n && k <= last + 2 * CONTEXT; k++)
			if (l.v[k].sign != ' ')
				last = k;
		size_t until = MIN(last + 1 + CONTEXT, l.n);
		if (!told++)
			buf_addf(out, "--- %s\n+++ %s\n", exists ? path : "/dev/null", gone ? "/dev/null" : path);
		put_hunk(&l, from, until, out);
		i = until;
	}
	free(l.v);
}

/* ---- files -------------------------------------------------------------------------------------------------------------------- */

int init_read(const char *path, struct buf *out, bool *exists, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	*exists = fd >= 0;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_set(e, errno == ELOOP ? ERR_PERM : ERR_IO, "%s: %s", path, errno == ELOOP ? "a symbolic link is left alone" : strerror(errno));
	int rc = fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST ? err_set(e, ERR_PERM, "%s: no plain file of less than a megabyte", path) : 0;
	char room[4096];
	ssize_t n = 0;
	while (!rc && (n = read(fd, room, sizeof room)) > 0)
		buf_add(out, room, (size_t)n);
	close(fd);
	return rc || n >= 0 ? rc : err_set(e, ERR_IO, "%s: %m", path);
}

static int write_all(int fd, struct slice text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);
		if (n <= 0)
			return -1;
		text = slice_from(text, (size_t)n);
	}
	return fsync(fd);
}

int init_write(const char *path, struct slice text, struct err *e)
{
	char beside[4200];
	struct stat st = {.st_mode = 0644};
	bool there = lstat(path, &st) == 0;
	/* PAM reads every name it is asked for and sshd *.conf: neither ever this one */
	snprintf(beside, sizeof beside, "%s.postern-new", path);
	(void)unlink(beside);
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, ERR_IO, "%s: %m", beside);
	bool bad = write_all(fd, text) || fchmod(fd, st.st_mode & 07777) || (there && fchown(fd, st.st_uid, st.st_gid));
	close(fd);
	if (!bad && rename(beside, path) == 0)
		return 0;
	int rc = err_set(e, ERR_IO, "%s: %m", path);
	(void)unlink(beside);
	return rc;
}
