/* accounts.c - passwd(5), shadow(5), group(5). Of a password only its state is kept. */
#include "snapshot/snapshot_private.h"

#include <stdlib.h>

enum { FIELDS_MAX = 9, BAD_TOLD = 20 };

struct shadow {
	enum snap_password password;
	int64_t changed, max_days, expires;
};
struct shadows {
	struct strtab *names;  /* number of a name: its place in v */
	struct { struct shadow *v; size_t n, cap; } rows;
	bool known;            /* the file was read to its end: who is not in it has no password */
	bool read;
};

/* Fields between colons; how many there are, at most FIELDS_MAX + 1. */
static size_t split(struct slice line, struct slice f[static FIELDS_MAX])
{
	size_t n = 0;
	struct slice rest = line;
	while (n < FIELDS_MAX && slice_cut(&rest, ':', &f[n]))
		n++;
	if (n < FIELDS_MAX)
		f[n] = rest;
	return n + 1;
}

static int64_t days(struct slice s)
{
	int64_t n;
	return slice_i64(s, &n) && n >= 0 ? n : -1;
}

/* crypt(3) gives $id$..., _... (BSDi) or 13 characters (DES); nothing else is what any password becomes. */
static enum snap_password state_of(struct slice s)
{
	if (!s.n)
		return SNAP_PW_EMPTY;
	return (s.p[0] == '$' && s.n > 3) || (s.p[0] == '_' && s.n == 20) || (s.n == 13 && s.p[0] != '!' && s.p[0] != '*') ? SNAP_PW_SET : SNAP_PW_LOCKED;
}

static void bad_line(struct collector *c, const char *section, const char *path, int64_t line, size_t *told)
{
	if ((*told)++ < BAD_TOLD)
		collect_missing(c, section, NULL, path, line, "a line that is none of %s", path);
	else if (*told == BAD_TOLD + 1)
		collect_missing(c, section, NULL, path, line, "and more such lines");
}

static void read_shadow(struct collector *c, struct shadows *s)
{
	struct buf b = {0};
	struct slice line, f[FIELDS_MAX];
	size_t missing = c->s->nmissing;
	s->names = strtab_new();
	vec_push(&s->rows); /* number 0 is the empty name */
	s->rows.v[0] = (struct shadow){SNAP_PW_UNKNOWN, -1, -1, -1};
	s->read = below_read(c, "/etc/shadow", COLLECT_FILE_MAX, "account", NULL, &b, NULL, NULL);
	struct slice text = buf_slice(&b);
	while (next_line(&text, &line)) {
		size_t n = split(line, f);
		if (n < 8 || !f[0].n || strtab_put(s->names, f[0]) != s->rows.n) /* the first of a name counts */
			continue;
		if (slice_starts(f[1], SL("!")))
			strtab_put(c->locked, f[0]);
		*vec_push(&s->rows) = (struct shadow){state_of(f[1]), days(f[2]), days(f[4]), days(f[7])};
	}
	s->known = s->read && c->s->nmissing == missing;
	if (b.p)
		explicit_bzero(b.p, b.cap);
	buf_free(&b);
}

static void add_account(struct collector *c, const struct shadows *s, const struct slice f[static FIELDS_MAX], int64_t uid, int64_t gid, int64_t line)
{
	struct snap_account *a = collect_row(c, SNAP_K_account);
	*a = (struct snap_account){.at = collect_at(c, "/etc/passwd", line), .name = collect_text(c, f[0]), .gecos = collect_text(c, f[4]), .home = collect_text(c, f[5]),
		.shell = collect_text(c, f[6]), .uid = uid, .gid = gid, .changed = -1, .expires = -1, .max_days = -1};
	uint32_t at = strtab_find(s->names, f[0]);
	if (!slice_eqz(f[1], "x")) {
		if (slice_starts(f[1], SL("!")))
			strtab_put(c->locked, f[0]);
		a->password = state_of(f[1]);
	} else if (at != UINT32_MAX && at < s->rows.n) {
		a->password = s->rows.v[at].password;
	} else {
		a->password = s->known ? SNAP_PW_LOCKED : SNAP_PW_UNKNOWN;
	}
	if (at != UINT32_MAX && at && at < s->rows.n) {
		a->changed = s->rows.v[at].changed;
		a->max_days = s->rows.v[at].max_days;
		a->expires = s->rows.v[at].expires;
	}
}

/* Accounts and groups of a directory service are not in the files. The file they are told in tells this from a hole in passwd. */
static void other_sources(struct collector *c, const char *database, const char *section)
{
	static const char *const local[] = {"files", "compat", "systemd", "mymachines", "db", "altfiles", "extrausers"};
	struct buf b = {0};
	struct slice text, line, word;
	if (!below_read(c, "/etc/nsswitch.conf", 1 << 16, section, NULL, &b, NULL, NULL)) {
		buf_free(&b);
		return;
	}
	text = buf_slice(&b);
	while (next_line(&text, &line)) {
		if (!slice_starts(slice_trim(line), slice_of(database)))
			continue;
		line = slice_from(slice_trim(line), strlen(database));
		if (!slice_starts(slice_trim(line), SL(":")))
			continue;
		while (slice_word(&line, &word)) {
			bool known = word.p[0] == ':' || word.p[0] == '[' || slice_ends(word, SL("]"));
			for (size_t i = 0; i < ARRAY_LEN(local); i++)
				known |= slice_eqz(word, local[i]);
			if (word.p[0] == '#')
				break;
			if (!known)
				collect_missing(c, section, NULL, "/etc/nsswitch.conf", 0, "those of \"%.*s\" are not read", SLFMT(slice_to(word, 60)));
		}
	}
	buf_free(&b);
}

int collect_accounts(struct collector *c)
{
	struct buf b = {0};
	struct shadows s = {0};
	struct slice line, f[FIELDS_MAX];
	int64_t uid, gid, at = 0;
	size_t told = 0;
	bool gone;
	c->locked = strtab_new();
	read_shadow(c, &s);
	if (!below_read(c, "/etc/passwd", COLLECT_FILE_MAX, "account", NULL, &b, NULL, &gone) && gone)
		collect_missing(c, "account", NULL, "/etc/passwd", 0, "there is none");
	struct slice text = buf_slice(&b);
	while (next_line(&text, &line) && !collect_late(c)) {
		at++;
		if (!slice_trim(line).n || line.p[0] == '#')
			continue;
		if (split(line, f) != 7 || !f[0].n || !slice_i64(f[2], &uid) || !slice_i64(f[3], &gid) || uid < 0 || gid < 0 || uid > UINT32_MAX || gid > UINT32_MAX)
			bad_line(c, "account", "/etc/passwd", at, &told);
		else
			add_account(c, &s, f, uid, gid, at);
	}
	other_sources(c, "passwd", "account");
	strtab_free(s.names);
	free(s.rows.v);
	buf_free(&b);
	return 0;
}

int collect_groups(struct collector *c)
{
	struct buf b = {0};
	struct slice line, f[FIELDS_MAX];
	int64_t gid, at = 0;
	size_t told = 0;
	bool gone;
	if (!below_read(c, "/etc/group", COLLECT_FILE_MAX, "group", NULL, &b, NULL, &gone) && gone)
		collect_missing(c, "group", NULL, "/etc/group", 0, "there is none");
	struct slice text = buf_slice(&b);
	while (next_line(&text, &line) && !collect_late(c)) {
		at++;
		if (!slice_trim(line).n || line.p[0] == '#')
			continue;
		if (split(line, f) != 4 || !f[0].n || !slice_i64(f[2], &gid) || gid < 0 || gid > UINT32_MAX) {
			bad_line(c, "group", "/etc/group", at, &told);
			continue;
		}
		struct snap_group *g = collect_row(c, SNAP_K_group);
		*g = (struct snap_group){.at = collect_at(c, "/etc/group", at), .name = collect_text(c, f[0]), .gid = gid, .members = collect_split(c, f[3], ", \t")};
	}
	other_sources(c, "group", "group");
	buf_free(&b);
	return 0;
}
