/* collect.c - the frame of the collectors: rows, what is missing, time, and the collection itself. */
#include "snapshot/snapshot_private.h"
#include "sys/sys.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 120, ADDRESSES = 64 };

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void *collect_row(struct collector *c, enum snap_kind k)
{
	if (c->rows < SNAP_ROWS_MAX - COLLECT_MISSING_MAX || k == SNAP_K_missing) {
		c->rows += k != SNAP_K_missing;
		return snapshot_add(c->s, k);
	}
	if (!c->told_rows) {
		c->told_rows = true;
		for (int i = k; i < SNAP_KIND_COUNT; i++)
			collect_missing(c, snap_kind_name((enum snap_kind)i), NULL, NULL, 0, "the snapshot is full");
	}
	memset(c->spare, 0, sizeof c->spare);
	return c->spare;
}

#define X(one, many) _Static_assert(sizeof(struct snap_##one) <= COLLECT_SPARE, "a row fits into the spare one");
SNAP_KINDS(X)
#undef X

/* Length of the UTF-8 sequence at p; 0: none. */
static size_t sequence(struct slice s)
{
	for (size_t n = 1; n <= MIN(s.n, (size_t)4); n++)
		if (slice_utf8(slice_to(s, n)))
			return n;
	return 0;
}

struct slice collect_text(struct collector *c, struct slice s)
{
	if (s.n <= SNAP_TEXT_MAX && slice_utf8(s))
		return slice_dup(&c->s->mem, s);
	struct buf b = {0};
	while (s.n && b.n + 4 <= SNAP_TEXT_MAX) {
		size_t n = sequence(s);
		if (n)
			buf_add(&b, s.p, n);
		else
			buf_addz(&b, "\xef\xbf\xbd");
		s = slice_from(s, n ? n : 1);
	}
	struct slice out = slice_dup(&c->s->mem, buf_slice(&b));
	buf_free(&b);
	return out;
}

struct slice collect_textz(struct collector *c, const char *z)
{
	return z ? collect_text(c, slice_of(z)) : SLICE_NONE;
}

struct snap_list collect_list(struct collector *c, const struct slice *v, size_t n)
{
	n = MIN(n, (size_t)SNAP_LIST_MAX);
	struct snap_list l = {n ? arena_alloc(&c->s->mem, n * sizeof *v) : NULL, n};
	for (size_t i = 0; i < n; i++)
		l.v[i] = collect_text(c, v[i]);
	return l;
}

struct snap_list collect_split(struct collector *c, struct slice s, const char *by)
{
	struct { struct slice *v; size_t n, cap; } all = {0};
	while (s.n) {
		size_t n = 0;
		while (n < s.n && !strchr(by, s.p[n]))
			n++;
		if (n)
			*vec_push(&all) = slice_to(s, n);
		s = slice_from(s, n + 1);
	}
	struct snap_list l = collect_list(c, all.v, all.n);
	free(all.v);
	return l;
}

struct snap_at collect_at(struct collector *c, const char *path, int64_t line)
{
	return (struct snap_at){collect_textz(c, path), line};
}

void collect_missing(struct collector *c, const char *section, const char *account, const char *path, int64_t line, const char *why, ...)
{
	char text[1024];
	va_list ap;
	if (c->s->nmissing >= COLLECT_MISSING_MAX) {
		if (c->told_missing)
			return;
		c->told_missing = true;
		account = path = NULL;
		why = "and more that is not named"; /* of this kind; the others are as full of holes */
	}
	va_start(ap, why);
	vsnprintf(text, sizeof text, why, ap);
	va_end(ap);
	struct snap_missing *m = collect_row(c, SNAP_K_missing);
	*m = (struct snap_missing){.at = collect_at(c, path, line), .section = collect_textz(c, section), .account = collect_textz(c, account), .why = collect_textz(c, text)};
}

bool collect_late(struct collector *c)
{
	if (now_ms() < c->until)
		return false;
	if (!c->told_late) {
		c->told_late = true;
		collect_missing(c, "time", NULL, NULL, 0, "not all was looked at: the time was over");
	}
	return true;
}

struct slice collect_user(struct collector *c, int64_t uid)
{
	for (size_t i = 0; i < c->s->naccounts; i++)
		if (c->s->accounts[i].uid == uid)
			return c->s->accounts[i].name;
	return slice_of(collect_path(c, "%lld", (long long)uid));
}

struct slice collect_group(struct collector *c, int64_t gid)
{
	for (size_t i = 0; i < c->s->ngroups; i++)
		if (c->s->groups[i].gid == gid)
			return c->s->groups[i].name;
	return slice_of(collect_path(c, "%lld", (long long)gid));
}

const struct snap_account *collect_account(const struct collector *c, struct slice name)
{
	for (size_t i = 0; i < c->s->naccounts; i++)
		if (slice_eq(c->s->accounts[i].name, name))
			return &c->s->accounts[i];
	return NULL;
}

const char *collect_path(struct collector *c, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *p = arena_alloc(&c->scratch, (size_t)MAX(n, 0) + 1);
	p[0] = 0;
	if (n > 0)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

int collect_run(struct collector *c, const char *const *argv, const char *section, unsigned seconds, struct buf *out)
{
	struct err e;
	int status = 0;
	out->n = 0;
	if (!c->live)
		return -1;
	int rc = sys_run(argv, SLICE_NONE, seconds, out, &status, &e);
	if (!rc && !status)
		return 0;
	struct slice said = buf_slice(out), first = SLICE_NONE;
	next_line(&said, &first);
	first = slice_trim(first);
	if (rc)
		collect_missing(c, section, NULL, argv[0], 0, "%s", e.text);
	else
		collect_missing(c, section, NULL, argv[0], 0, "it ended with status %d: %.*s", status, (int)MIN(first.n, (size_t)200), first.p ? first.p : "");
	return -1;
}

/* ---- the machine -------------------------------------------------------------------------------------------------------------------- */

static struct slice lower(struct collector *c, struct slice s)
{
	s = slice_trim(s);
	struct slice out = slice_dup(&c->s->mem, slice_to(s, 255));
	for (size_t i = 0; i < out.n; i++) {
		char *p = (char *)(uintptr_t)&out.p[i];
		*p = (char)tolower((unsigned char)*p);
		if ((unsigned char)*p <= ' ' || *p == '/' || (unsigned char)*p >= 0x7f || (i == 0 && *p == '.'))
			*p = '_';
	}
	return out;
}

/* The name the caller gives, of the running machine, or in etc/hostname; without any the root's own. */
static void name_host(struct collector *c)
{
	char name[256] = "";
	struct buf b = {0};
	struct slice text, line;
	if (c->opt->host) {
		c->s->host = lower(c, slice_of(c->opt->host));
	} else if (c->live && gethostname(name, sizeof name - 1) == 0 && name[0]) {
		c->s->host = lower(c, slice_of(name));
	} else if (below_read(c, "/etc/hostname", 4096, "host", NULL, &b, NULL, NULL)) {
		text = buf_slice(&b);
		while (!c->s->host.n && next_line(&text, &line))
			if (slice_trim(line).n && line.p[0] != '#')
				c->s->host = lower(c, line);
	}
	if (!c->s->host.n) {
		c->s->host = SL("unnamed");
		collect_missing(c, "host", NULL, "/etc/hostname", 0, "the machine's name is not known");
	}
	buf_free(&b);
}

static void machine_addresses(struct collector *c)
{
	struct ip ip[ADDRESSES];
	struct slice v[ADDRESSES];
	struct err e;
	size_t n = 0, kept = 0;
	char text[48];
	if (!c->live || sys_addresses(ip, ADDRESSES, &n, &e))
		return;
	for (size_t i = 0; i < MIN(n, (size_t)ADDRESSES); i++)
		if (!ip_is_loopback(&ip[i]))
			v[kept++] = slice_dup(&c->scratch, slice_of(ip_text(&ip[i], text)));
	c->s->addresses = collect_list(c, v, kept);
}

/* Lines of etc/hosts for a loopback address or the machine's own name: what else it is called. */
static void machine_names(struct collector *c)
{
	struct buf b = {0};
	struct { struct slice *v; size_t n, cap; } names = {0};
	struct slice line, word;
	if (below_read(c, "/etc/hosts", 1 << 20, "host", NULL, &b, NULL, NULL)) {
		struct slice text = buf_slice(&b);
		while (next_line(&text, &line)) {
			struct slice rest = line, all;
			slice_cut(&rest, '#', &all);
			rest = rest.p == line.p ? line : all;
			all = rest;
			bool own = false;
			while (slice_word(&all, &word))
				own |= slice_ieq(word, c->s->host);
			slice_word(&rest, &word);
			while (own && slice_word(&rest, &word) && names.n < 64)
				if (!slice_ieq(word, c->s->host) && !slice_istarts(word, SL("localhost")))
					*vec_push(&names) = word;
		}
	}
	c->s->names = collect_list(c, names.v, names.n);
	free(names.v);
	buf_free(&b);
}

static int open_root(struct collector *c, struct err *e)
{
	struct stat own, st;
	c->root = open(c->opt->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->root < 0)
		return err_set(e, errno == ENOENT ? ERR_NOENT : errno == EACCES ? ERR_PERM : ERR_IO, "cannot open the root %s: %m", c->opt->root);
	c->live = stat("/", &own) == 0 && fstat(c->root, &st) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino;
	return 0;
}

int snapshot_collect(const struct snap_collect *opt, struct snapshot **out, struct err *e)
{
	struct collector c = {.opt = opt, .root = -1, .until = now_ms() + (int64_t)(opt->seconds ? opt->seconds : SECONDS) * 1000};
	*out = NULL;
	int rc = open_root(&c, e);
	if (rc)
		return rc;
	c.s = snapshot_new();
	arena_init(&c.scratch);
	c.s->taken = (int64_t)time(NULL);
	c.s->root = collect_textz(&c, opt->root);
	c.s->as_root = geteuid() == 0 ? SNAP_YES : SNAP_NO;
	c.s->live = c.live ? SNAP_YES : SNAP_NO;
	name_host(&c);
	machine_addresses(&c);
	machine_names(&c);
	rc = collect_all(&c);
	if (rc)
		err_set(e, rc, "collecting: %s", err_text(rc));
	arena_free(&c.scratch);
	strtab_free(c.locked);
	close(c.root);
	if (rc)
		snapshot_free(c.s);
	else
		*out = c.s;
	return rc;
}
