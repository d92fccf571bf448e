/* authorized_keys.c - whose keys open which account, as sshd would see it. Of a line that is no key nothing is kept: the file may be a link to another. */
#include "snapshot/sshdconf.h"
#include "snapshot/sshkey.h"
#include "snapshot/strict.h"

#include <stdlib.h>

enum { KEYS_MAX = 5000, BAD_MAX = 50, LINE_MAX_BYTES = 64 << 10, FILES_MAX = 16 };

struct reading {
	struct collector *c;
	const struct snap_account *a;
	const char *path, *why;   /* why: sshd does not take the file at all */
	bool no_sshd, sometimes;  /* sometimes: for some connections alone */
	size_t good, bad;
	struct buf blob;
	struct sshkey *key;       /* large */
};

static enum snap_tri tri(bool b)
{
	return b ? SNAP_YES : SNAP_NO;
}

static bool accepted(const struct reading *r, const struct sshkey *k)
{
	struct slice list = sshd_setting(r->c, r->a->name, "pubkeyacceptedalgorithms");
	if (!list.n)
		return true;
	if (strcmp(k->type, "ssh-rsa") == 0 && !k->certificate)
		return sshd_pattern_list(SL("rsa-sha2-512"), list, false) || sshd_pattern_list(SL("rsa-sha2-256"), list, false) || sshd_pattern_list(SL("ssh-rsa"), list, false);
	return sshd_pattern_list(slice_of(k->type), list, false);
}

static bool number(struct slice s, size_t at, size_t n, unsigned *out)
{
	uint64_t v;
	bool good = s.n >= at + n && slice_u64(slice_make(s.p + at, n), 9999, &v);
	*out = good ? (unsigned)v : 0;
	return good;
}

/* Over for sure: without Z the machine's zone, up to 14 hours from UTC, decides. */
static bool expired(struct slice s, int64_t now)
{
	unsigned y, mon, d, h = 0, min = 0, sec = 0;
	bool utc = slice_iends(s, SL("Z"));
	if (!number(s, 0, 4, &y) || !number(s, 4, 2, &mon) || !number(s, 6, 2, &d) || mon < 1 || mon > 12)
		return false;
	(void)(number(s, 8, 2, &h) && number(s, 10, 2, &min) && number(s, 12, 2, &sec));
	return civil_seconds((int)y, mon, d, h, min, sec) + (utc ? 0 : 14 * 3600) < now;
}

static const char *refused(const struct reading *r, const struct sshkey_options *o, const struct sshkey *k)
{
	uint64_t least;
	struct slice root = sshd_setting(r->c, r->a->name, "permitrootlogin");
	if (r->why)
		return r->why;
	if (r->a->uid == 0 && slice_eqz(root, "forced-commands-only") && !o->command.p)
		return "PermitRootLogin forced-commands-only, and the key has none";
	if (!o->authority && !accepted(r, k))
		return "sshd does not take keys of this type (PubkeyAcceptedAlgorithms)";
	if (!strcmp(k->type, "ssh-rsa") && slice_u64(sshd_setting(r->c, r->a->name, "requiredrsasize"), 65536, &least) && k->bits < (int64_t)least)
		return "sshd does not take RSA keys as short as this (RequiredRSASize)";
	if (o->expires.n && expired(buf_slice(&o->expires), r->c->s->taken))
		return "its expiry-time is over";
	return NULL;
}

static void add_key(struct reading *r, int64_t line, const struct sshkey_options *o, struct slice comment)
{
	const struct sshkey *k = r->key;
	struct collector *c = r->c;
	const char *why = refused(r, o, k);
	struct slice name = r->a->name;
	struct snap_authorized_key *x = collect_row(c, SNAP_K_authorized_key);
	*x = (struct snap_authorized_key){.at = collect_at(c, r->path, line), .account = name, .type = collect_textz(c, k->type), .fingerprint = collect_textz(c, k->fingerprint),
		.comment = collect_text(c, comment), .bits = k->bits, .options = collect_text(c, o->text), .from = collect_text(c, buf_slice(&o->from)),
		.command = collect_text(c, buf_slice(&o->command)), .expires = collect_text(c, buf_slice(&o->expires)), .principals = collect_split(c, buf_slice(&o->principals), ","),
		.restricted = tri(o->restricted), .pty = tri(o->pty), .forwarding = tri(o->forwarding), .agent = tri(o->agent), .authority = tri(o->authority),
		.verify_required = tri(o->verify_required), .usable = why ? SNAP_NO : r->no_sshd || r->sometimes ? SNAP_UNKNOWN : SNAP_YES,
		.problem = collect_textz(c, why ? why : r->sometimes ? "sshd looks at this file for some connections alone (Match)" : NULL)};
	r->good++;
}

static void add_bad(struct reading *r, int64_t line, const char *why)
{
	if (r->bad++ == BAD_MAX)
		collect_missing(r->c, "authorized_key", NULL, r->path, line, "and more lines that are no keys");
	if (r->bad > BAD_MAX)
		return;
	struct slice name = r->a->name;
	struct snap_authorized_key *x = collect_row(r->c, SNAP_K_authorized_key);
	*x = (struct snap_authorized_key){.at = collect_at(r->c, r->path, line), .account = name, .usable = SNAP_NO, .problem = collect_textz(r->c, why)};
}

static void one_line(struct reading *r, struct slice line, int64_t number_of)
{
	struct sshkey_options o = {.pty = true, .forwarding = true, .agent = true};
	struct slice rest = slice_trim(line), word, first = rest, comment;
	const char *why = NULL;
	if (!rest.n || rest.p[0] == '#')
		return;
	if (line.n > LINE_MAX_BYTES) {
		add_bad(r, number_of, "a line that is too long");
		return;
	}
	if (!slice_word(&first, &word) || !sshkey_type(word))
		why = sshkey_options(&rest, &o);
	if (!why)
		why = sshkey_line(rest, &r->blob, r->key, &comment);
	if (why)
		add_bad(r, number_of, why);
	else if (r->good < KEYS_MAX)
		add_key(r, number_of, &o, comment);
	else if (r->good++ == KEYS_MAX)
		collect_missing(r->c, "authorized_key", NULL, r->path, 0, "more than %d keys: not read from line %lld on", KEYS_MAX, (long long)number_of);
	sshkey_options_free(&o);
}

static void one_file(struct reading *r)
{
	struct buf b = {0};
	struct slice line;
	int64_t at = 0;
	const char *account = collect_path(r->c, "%.*s", SLFMT(r->a->name));
	r->good = r->bad = 0;
	if (below_read(r->c, r->path, COLLECT_FILE_MAX, "authorized_key", account, &b, NULL, NULL)) {
		bool strict = !slice_eqz(sshd_setting(r->c, SLICE_NONE, "strictmodes"), "no");
		if (!r->why)
			r->why = strict_account(r->c, r->a);
		if (!r->why)
			r->why = strict_file(r->c, r->a, r->path, strict);
		struct slice text = buf_slice(&b);
		while (next_line(&text, &line) && !collect_late(r->c))
			one_line(r, line, ++at);
	}
	buf_free(&b);
}

/* %% %h %u %U; what is no path from / is below the home. */
static const char *expand(struct collector *c, struct slice pattern, const struct snap_account *a)
{
	struct buf b = {0};
	if (pattern.n && pattern.p[0] != '/' && !slice_starts(pattern, SL("%h"))) {
		buf_adds(&b, a->home);
		buf_addc(&b, '/');
	}
	for (size_t i = 0; i < pattern.n; i++) {
		char next = pattern.p[i] == '%' && i + 1 < pattern.n ? pattern.p[++i] : 0;
		if (next == 'h')
			buf_adds(&b, a->home);
		else if (next == 'u')
			buf_adds(&b, a->name);
		else if (next == 'U')
			buf_addf(&b, "%lld", (long long)a->uid);
		else
			buf_addc(&b, pattern.p[i]);
	}
	const char *path = collect_path(c, "%.*s", SLFMT(buf_slice(&b)));
	buf_free(&b);
	return path;
}

/* The files sshd is told to look at, then those that people believe it does. */
static void one_account(struct reading *r)
{
	static const char *const usual[] = {".ssh/authorized_keys", ".ssh/authorized_keys2"};
	const char *seen[FILES_MAX + ARRAY_LEN(usual)];
	size_t n = 0;
	struct slice set = sshd_setting(r->c, r->a->name, "authorizedkeysfile"), word;
	while (slice_word(&set, &word) && n < FILES_MAX && !slice_ieq(word, SL("none"))) {
		r->path = seen[n++] = expand(r->c, word, r->a);
		r->why = NULL;
		one_file(r);
	}
	r->sometimes = true;
	for (size_t i = 0; i < r->c->s->nsshd && n < FILES_MAX; i++) {
		if (!slice_eqz(r->c->s->sshd[i].name, "authorizedkeysfile.sometimes"))
			continue;
		r->path = expand(r->c, r->c->s->sshd[i].value, r->a);
		r->why = NULL;
		bool known = false;
		for (size_t k = 0; k < n; k++)
			known |= strcmp(seen[k], r->path) == 0;
		if (!known) {
			seen[n++] = r->path;
			one_file(r);
		}
	}
	r->sometimes = false;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		bool known = false;
		r->path = expand(r->c, slice_of(usual[i]), r->a);
		for (size_t k = 0; k < n; k++)
			known |= strcmp(seen[k], r->path) == 0;
		r->why = r->no_sshd ? NULL : "sshd does not look at this file (AuthorizedKeysFile)";
		if (!known)
			one_file(r);
	}
}

/* A program that is asked for keys: what it would say is not known. */
static void commands(struct collector *c)
{
	for (size_t i = 0; i < c->s->nsshd; i++) {
		struct snap_sshd s = c->s->sshd[i];
		if (!slice_eqz(s.name, "authorizedkeyscommand") || slice_ieq(s.value, SL("none")))
			continue;
		struct snap_authorized_key *x = collect_row(c, SNAP_K_authorized_key);
		*x = (struct snap_authorized_key){.at = s.at, .account = s.account, .command = SLICE_NONE,
			.problem = slice_of(collect_path(c, "AuthorizedKeysCommand was not run: %.*s", (int)MIN(s.value.n, (size_t)1000), s.value.p))};
		x->problem = collect_text(c, x->problem);
	}
}

int collect_authorized_keys(struct collector *c)
{
	struct reading r = {.c = c, .key = xcalloc(1, sizeof *r.key), .no_sshd = !c->s->nsshd};
	for (size_t i = 0; i < c->s->naccounts && !collect_late(c); i++) {
		r.a = &c->s->accounts[i];
		if (r.a->home.n && r.a->home.p[0] == '/')
			one_account(&r);
	}
	commands(c);
	free(r.key);
	buf_free(&r.blob);
	return 0;
}
