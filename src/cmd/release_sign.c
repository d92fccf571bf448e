/* release_sign.c - postern release sign and verify. */
#include "cmd/release_cmd.h"
#include "cmd/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MOST = 32 << 10 };

static void show(struct buf *b, const char *text) { buf_term(b, slice_of(text)); }

/* What may be shown of a name is said once: on stderr, cut, without what drives a terminal. */
static int refuse(const char *path, const char *why)
{
	struct buf b = {0};
	show(&b, path);
	complain("%.*s: %s", (int)MIN(b.n, (size_t)300), b.p ? b.p : "", why);
	buf_free(&b);
	return EXIT_INPUT;
}

int release_file_open(struct release_session *s, const char *path, struct release_file *out)
{
	char real[PATH_MAX], folder[PATH_MAX];
	struct slice whole = slice_of(path), name = slice_basename(whole);
	const char *asked = args_get(s->a, "folder");
	out->dir = -1;
	if (!name.n || name.n > RELEASE_NAME_MAX || slice_eqz(name, ".") || slice_eqz(name, "..") || whole.n >= sizeof folder)
		return refuse(path, "no name of a file, or one that is too long");
	snprintf(out->name, sizeof out->name, "%.*s", SLFMT(name));
	snprintf(folder, sizeof folder, "%.*s", (int)(whole.n - name.n), path);
	if (!realpath(*folder ? folder : ".", real))
		return refuse(path, strerror(errno));
	const char *to = asked;
	if (!to && release_folder_of(&s->list, slice_of(real)).n)
		to = real;
	if (!to && s->list.nfolders == 1)
		to = s->list.folders[0].p;
	if (!to || !release_folder_of(&s->list, slice_of(to)).n)
		return refuse(path, "say with --folder which folder of the release list it is for");
	if (strlen(to) >= sizeof out->folder || strstr(to, "/../") || strstr(to, "/./") || strstr(to, "//") || to[strlen(to) - 1] == '/')
		return refuse(to, "not a plain absolute path");
	snprintf(out->folder, sizeof out->folder, "%s", to);
	out->dir = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return out->dir < 0 ? refuse(path, strerror(errno)) : 0;
}

/* ---- sign ------------------------------------------------------------------------------------------------------------------------ */

/* The public half stands in KEY.pub, or KEY is it (the other half is with an agent). */
static int signer_of(struct release_session *s, const char *key, const struct release_person **out)
{
	char path[4096], text[KEY_FILE_MOST];
	struct err e;
	size_t len = strlen(key);
	bool is_public = len > 4 && strcmp(key + len - 4, ".pub") == 0;
	snprintf(path, sizeof path, "%s%s", key, is_public ? "" : ".pub");
	FILE *f = fopen(path, "re");
	if (!f) {
		complain("cannot open %s: %s (the public half says whose key it is)", path, strerror(errno));
		return EXIT_USAGE;
	}
	size_t n = fread(text, 1, sizeof text, f);
	fclose(f);
	struct slice rest = slice_make(text, n), line = rest;
	slice_cut(&rest, '\n', &line);
	if (release_key_owner(&s->list, line, out, &e)) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	if (!(*out)->revoked)
		return 0;
	complain("%.*s may not sign releases any more", SLFMT((*out)->id));
	return EXIT_USAGE;
}

static int describe(struct release_session *s, const struct release_file *f, const struct release_person *p, struct release_manifest *m)
{
	struct err e;
	nstime until = 0;
	const char *asked = args_get(s->a, "until");
	int fd = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return refuse(f->name, fd < 0 ? strerror(errno) : "not a plain file");
	}
	*m = (struct release_manifest){.name = slice_of(f->name), .folder = slice_of(f->folder), .signer = p->id, .signed_at = s->now / NS_SEC * NS_SEC};
	m->until = m->signed_at + s->list.validity;
	int rc = release_hash(fd, s->list.size_most, &m->size, m->sha256, &e);
	close(fd);
	if (rc)
		return refuse(f->name, e.text);
	if (asked && (!state_time(asked, s->now, true, &until) || until <= m->signed_at || until > m->until)) {
		complain("--until: a date (2026-12-31) or a span (7d, 12h), within what the list allows: %lld days", (long long)(s->list.validity / NS_DAY));
		return EXIT_USAGE;
	}
	m->until = (asked ? until : m->until) / NS_SEC * NS_SEC;
	return 0;
}

static bool agreed(struct release_session *s, const struct release_file *f, const struct release_person *p, const struct release_manifest *m)
{
	struct buf b = {0};
	char until[40], line[16];
	struct release_judgement *j = xmalloc(sizeof *j);
	size_t others = 0;
	release_judge(&s->list, f->dir, m->folder, f->name, s->now, j);
	for (size_t i = 0; i < j->nclaims; i++)
		others += j->claims[i].good && j->claims[i].person != p;
	free(j);
	buf_addf(&b, "%.*s (", SLFMT(p->id));
	buf_term(&b, p->name);
	buf_addf(&b, ") signs as %s:\n  name    ", others ? "the second of two people, after which it is released" : "the first of two people");
	buf_term(&b, m->name);
	buf_addz(&b, "\n  folder  ");
	buf_term(&b, m->folder);
	buf_addf(&b, "\n  size    %llu bytes\n  SHA-256 %s\n  until   %s UTC\n", (unsigned long long)m->size, m->sha256, time_plain(m->until, until));
	fwrite(b.p, 1, b.n, stderr);
	buf_free(&b);
	if (args_has(s->a, "yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		complain("nobody is there to ask: --yes signs without asking");
		return false;
	}
	fputs("Sign? [y/N] ", stderr);
	return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

/* Under its name at once and whole: the folder may be watched. */
static int keep_signature(const struct release_file *f, const char *name, struct slice bytes)
{
	char path[64];
	int fd = openat(f->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return refuse(name, strerror(errno));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	bool ok = write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && !fchmod(fd, 0644) && !fsync(fd);
	if (ok && linkat(AT_FDCWD, path, f->dir, name, AT_SYMLINK_FOLLOW))
		ok = errno == EEXIST && !unlinkat(f->dir, name, 0) && !linkat(AT_FDCWD, path, f->dir, name, AT_SYMLINK_FOLLOW);
	int failed = errno;
	close(fd);
	return ok ? 0 : refuse(name, strerror(failed));
}

static int sign_one(struct release_session *s, const char *path, const char *key, const struct release_person *p)
{
	struct release_file f;
	struct release_manifest m;
	struct buf message = {0};
	struct err e;
	char name[2 * RELEASE_NAME_MAX], fingerprint[64];
	int rc = release_file_open(s, path, &f);
	if (!rc)
		rc = describe(s, &f, p, &m);
	if (!rc && (size_t)snprintf(name, sizeof name, "%s.sig.%.*s", f.name, SLFMT(p->id)) > RELEASE_NAME_MAX)
		rc = refuse(path, "its name is too long for a signature beside it");
	if (!rc && !agreed(s, &f, p, &m))
		rc = EXIT_CONDITION;
	if (!rc) {
		release_manifest_write(&m, &message);
		size_t n = message.n;
		struct slice whole;
		if (release_sign(key, buf_slice(&message), &message, &e) ||
			release_verify(p, slice_to(buf_slice(&message), n), slice_from(buf_slice(&message), n), fingerprint, &e)) {
			complain_err(&e);
			rc = EXIT_INPUT;
		}
		whole = buf_slice(&message);
		rc = rc ? rc : keep_signature(&f, name, whole);
	}
	if (!rc) {
		show(&s->out, name);
		buf_addf(&s->out, "  signed with %s\n", fingerprint);
	}
	if (f.dir >= 0)
		close(f.dir);
	buf_free(&message);
	return rc;
}

int release_sign_files(struct release_session *s)
{
	const char *key = args_get(s->a, "key");
	const struct release_person *p = NULL;
	if (!key) {
		complain("release sign: which key? -k KEY");
		return EXIT_USAGE;
	}
	int rc = signer_of(s, key, &p);
	for (size_t i = 1; !rc && i < s->a->noperands; i++)
		rc = sign_one(s, s->a->operand[i], key, p);
	return rc;
}

/* ---- verify ---------------------------------------------------------------------------------------------------------------------- */

static void add_claims_json(struct buf *b, const struct release_judgement *j)
{
	char t[40];
	for (size_t i = 0; i < j->nclaims; i++) {
		const struct release_claim *c = &j->claims[i];
		buf_addf(b, "%s{\"signer\":", i ? "," : "");
		buf_json(b, c->person->id);
		buf_addz(b, ",\"name\":");
		buf_json(b, c->person->name);
		buf_addf(b, ",\"valid\":%s,\"signed\":\"%s\"", c->good ? "true" : "false", time_rfc3339(c->signed_at, t));
		buf_addf(b, ",\"until\":\"%s\",\"key\":\"%s\",\"reason\":", time_rfc3339(c->until, t), c->fingerprint);
		buf_json(b, slice_of(c->why));
		buf_addc(b, '}');
	}
}

static void print_json(struct buf *b, const char *path, const struct release_judgement *j)
{
	buf_addz(b, "{\"file\":");
	buf_json(b, slice_of(path));
	buf_addf(b, ",\"in_order\":%s,\"verdict\":\"%s\",\"detail\":", release_in_order(j->verdict) ? "true" : "false", release_verdict_word(j->verdict));
	buf_json(b, slice_of(j->detail));
	buf_addf(b, ",\"size\":%llu,\"sha256\":\"%s\",\"signatures\":[", (unsigned long long)j->size, j->sha256);
	add_claims_json(b, j);
	buf_addz(b, "]}\n");
}

static void print_text(struct buf *b, const char *path, const struct release_judgement *j)
{
	char from[40], until[40];
	show(b, path);
	buf_addf(b, ": %s: %s%s%s\n", release_in_order(j->verdict) ? "in order" : "REFUSED", release_verdict_text(j->verdict), j->detail[0] ? ", " : "", j->detail);
	for (size_t i = 0; i < j->nclaims; i++) {
		const struct release_claim *c = &j->claims[i];
		buf_addz(b, "    ");
		buf_term(b, c->person->name);
		buf_addf(b, " (%.*s)", SLFMT(c->person->id));
		if (c->signed_at != NSTIME_NONE)
			buf_addf(b, ", signed %s until %s UTC", time_plain(c->signed_at, from), time_plain(c->until, until));
		if (c->good)
			buf_addf(b, ", %s\n", c->fingerprint);
		else {
			buf_addz(b, ": not valid: ");
			show(b, c->why);
			buf_addc(b, '\n');
		}
	}
}

int release_verify_files(struct release_session *s)
{
	int worst = EXIT_DONE;
	for (size_t i = 1; i < s->a->noperands; i++) {
		const char *path = s->a->operand[i];
		struct release_file f;
		int rc = release_file_open(s, path, &f);
		if (rc) {
			worst = rc;
			continue;
		}
		struct release_judgement *j = xmalloc(sizeof *j);
		release_judge(&s->list, f.dir, slice_of(f.folder), f.name, s->now, j);
		(s->json ? print_json : print_text)(&s->out, path, j);
		if (!release_in_order(j->verdict) && worst == EXIT_DONE)
			worst = EXIT_CONDITION;
		free(j);
		close(f.dir);
	}
	return worst;
}
