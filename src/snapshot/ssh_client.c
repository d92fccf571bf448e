/* ssh_client.c - ssh_config(5) of the machine and of the accounts: where they go, with which key, through whom. */
#include "snapshot/snapshot_private.h"

enum { DEPTH_MAX = 8, FILES_MAX = 64, PATTERNS_MAX = 256, ROWS_MAX = 5000 };

struct reading {
	struct collector *c;
	const struct snap_account *a; /* NULL: the machine's */
	size_t files, patterns, rows;
};
static const struct {
	const char *name;
	bool path;                    /* ~ %d %u %% are what they stand for */
} kept[] = {
	{"IdentityFile", true}, {"ProxyJump", false}, {"ForwardAgent", false}, {"User", false}, {"HostName", false}, {"Port", false},
};

static void read_file(struct reading *r, const char *path, struct slice *host, unsigned depth);

/* The keyword, and the rest: blanks or one = between them. */
static bool split(struct slice line, struct slice *word, struct slice *rest)
{
	size_t n = 0;
	line = slice_trim(line);
	if (!line.n || line.p[0] == '#')
		return false;
	while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t' && line.p[n] != '=')
		n++;
	*word = slice_to(line, n);
	*rest = slice_trim(slice_from(line, n));
	if (rest->n && rest->p[0] == '=')
		*rest = slice_trim(slice_from(*rest, 1));
	return true;
}

static struct slice unquoted(struct slice s)
{
	return s.n > 1 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? slice_make(s.p + 1, s.n - 2) : s;
}

static struct slice expand(struct reading *r, struct slice s)
{
	struct buf b = {0};
	struct slice home = r->a ? r->a->home : SL("~");
	for (size_t i = 0; i < s.n; i++) {
		char next = s.p[i] == '%' && i + 1 < s.n ? s.p[i + 1] : 0;
		if (s.p[i] == '~' && i == 0 && (s.n == 1 || s.p[1] == '/')) {
			buf_adds(&b, home);
		} else if (next == 'd' || (next == 'u' && r->a) || next == '%') {
			buf_adds(&b, next == 'd' ? home : next == 'u' ? r->a->name : SL("%"));
			i++;
		} else {
			buf_addc(&b, s.p[i]);
		}
	}
	struct slice out = slice_dup(&r->c->scratch, buf_slice(&b));
	buf_free(&b);
	return out;
}

static void include(struct reading *r, struct slice list, struct slice *host, unsigned depth)
{
	struct slice one, *paths;
	size_t n;
	while (slice_word(&list, &one) && r->patterns++ < PATTERNS_MAX) {
		one = expand(r, unquoted(one));
		bool whole = one.n && one.p[0] == '/';
		const char *pattern = whole ? collect_path(r->c, "%.*s", SLFMT(one)) : r->a ? collect_path(r->c, "%.*s/.ssh/%.*s", SLFMT(r->a->home), SLFMT(one))
										     : collect_path(r->c, "/etc/ssh/%.*s", SLFMT(one));
		if (!below_glob(r->c, pattern, "ssh_client", &paths, &n))
			continue;
		for (size_t i = 0; i < n; i++) {
			struct slice inner = *host; /* what a file opens ends with it */
			read_file(r, paths[i].p, &inner, depth + 1);
		}
	}
}

static void one_line(struct reading *r, const char *path, int64_t at, struct slice line, struct slice *host, unsigned depth)
{
	struct slice word, rest;
	if (!split(line, &word, &rest))
		return;
	if (slice_ieq(word, SL("host")))
		*host = slice_dup(&r->c->scratch, rest);
	else if (slice_ieq(word, SL("match")))
		*host = slice_of(collect_path(r->c, "Match %.*s", SLFMT(rest)));
	else if (slice_ieq(word, SL("include")))
		include(r, rest, host, depth);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (!slice_ieq(word, slice_of(kept[i].name)) || !rest.n)
			continue;
		if (r->rows++ >= ROWS_MAX) {
			if (r->rows == ROWS_MAX + 1)
				collect_missing(r->c, "ssh_client", NULL, path, 0, "more than %d settings: not read from line %lld on", ROWS_MAX, (long long)at);
			continue;
		}
		struct slice value = unquoted(rest);
		struct snap_ssh_client *x = collect_row(r->c, SNAP_K_ssh_client);
		*x = (struct snap_ssh_client){.at = collect_at(r->c, path, at), .account = r->a ? r->a->name : SLICE_NONE, .host = collect_text(r->c, *host),
			.name = collect_textz(r->c, kept[i].name), .value = collect_text(r->c, kept[i].path ? expand(r, value) : value)};
	}
}

static void read_file(struct reading *r, const char *path, struct slice *host, unsigned depth)
{
	struct buf b = {0};
	struct slice line;
	int64_t at = 0;
	const char *account = r->a ? collect_path(r->c, "%.*s", SLFMT(r->a->name)) : NULL;
	if (depth > DEPTH_MAX || r->files++ >= FILES_MAX) {
		collect_missing(r->c, "ssh_client", account, path, 0, "not read: too many files include each other");
		return;
	}
	if (below_read(r->c, path, 1 << 20, "ssh_client", account, &b, NULL, NULL)) {
		struct slice text = buf_slice(&b);
		while (next_line(&text, &line) && !collect_late(r->c))
			one_line(r, path, ++at, line, host, depth);
	}
	buf_free(&b);
}

int collect_ssh_client(struct collector *c)
{
	struct strtab *homes = strtab_new();
	struct reading r = {.c = c};
	struct slice host = SL("*");
	read_file(&r, "/etc/ssh/ssh_config", &host, 0);
	for (size_t i = 0; i < c->s->naccounts && !collect_late(c); i++) {
		uint32_t known = strtab_count(homes);
		r = (struct reading){.c = c, .a = &c->s->accounts[i]};
		host = SL("*");
		if (r.a->home.n && r.a->home.p[0] == '/' && strtab_put(homes, r.a->home) >= known)
			read_file(&r, collect_path(c, "%.*s/.ssh/config", SLFMT(r.a->home)), &host, 0);
	}
	strtab_free(homes);
	return 0;
}
