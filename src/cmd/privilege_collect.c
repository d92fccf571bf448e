/* privilege_collect.c - postern privilege collect: of this machine, of a root beside it, of others over ssh. */
#include "cmd/privilege_cmd.h"
#include "cmd/setup.h"
#include "cmd/state.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 8, SECONDS = 180, HOSTS_MAX = 5000 };

struct collecting {
	const struct args *a;
	struct setup setup;
	struct arena mem;
	struct { struct slice *v; size_t n, cap; } inventory;
	struct { const char **v; size_t n, cap; } hosts; /* to ask over ssh */
	int rc;
};

static void read_inventory(struct collecting *c)
{
	char text[48];
	size_t n;
	const struct org_host *h = org_hosts(c->setup.org, &n);
	for (size_t i = 0; i < n; i++) {
		*vec_push(&c->inventory) = h[i].name;
		for (size_t k = 0; k < h[i].naliases; k++)
			*vec_push(&c->inventory) = h[i].aliases[k];
		for (size_t k = 0; k < h[i].naddresses; k++)
			if (h[i].addresses[k].bits == 128)
				*vec_push(&c->inventory) = slice_dup(&c->mem, slice_of(ip_text(&h[i].addresses[k].net, text)));
	}
}

/* ---- where it goes -------------------------------------------------------------------------------------------------------------- */

static bool make_folder(const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	complain("cannot make %s: %s", path, strerror(errno));
	return false;
}

/* DIR/snapshots/HOST/TIME.json. A host's name was checked by snapshot_read() or made by snapshot_collect(): no slash, no dot in front. */
static bool place_of(const struct args *a, const struct snapshot *s, char *out, size_t n)
{
	char folder[4096];
	struct civil t = civil_of(s->taken * NS_SEC);
	if (!state_file(a, "snapshots", folder, sizeof folder) || !make_folder(folder))
		return false;
	int len = snprintf(out, n, "%s/%.*s", folder, SLFMT(s->host));
	if (len < 0 || (size_t)len >= n || !make_folder(out))
		return false;
	int more = snprintf(out + len, n - (size_t)len, "/%04d%02u%02uT%02u%02u%02uZ.json", t.year, t.month, t.day, t.hour, t.minute, t.second);
	if (more > 0 && (size_t)more < n - (size_t)len)
		return true;
	complain("the name of the snapshot is too long");
	return false;
}

/* write_out() gives the group a look; whose snapshot this is must be root's alone. */
static bool save_file(const char *path, struct slice data)
{
	char tmp[4200];
	snprintf(tmp, sizeof tmp, "%s.XXXXXX", path);
	int fd = mkostemp(tmp, O_CLOEXEC);
	bool ok = fd >= 0;
	while (ok && data.n) {
		ssize_t n = write(fd, data.p, data.n);
		ok = n > 0 || (n < 0 && errno == EINTR);
		data = slice_from(data, n > 0 ? (size_t)n : 0);
	}
	ok = ok && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	if (ok && rename(tmp, path) == 0)
		return true;
	complain("cannot write %s: %s", path, strerror(errno));
	if (fd >= 0)
		unlink(tmp);
	return false;
}

static bool put(struct collecting *c, const struct snapshot *s)
{
	char path[4096];
	struct buf out = {0};
	bool save = args_has(c->a, "save"), ok = true;
	snapshot_write(s, &out);
	if (out.n > SNAP_BYTES_MAX) {
		complain("the snapshot of %.*s has more than %d bytes", SLFMT(s->host), SNAP_BYTES_MAX);
		ok = false;
	}
	if (ok && save)
		ok = place_of(c->a, s, path, sizeof path) && save_file(path, buf_slice(&out));
	if (ok && (!save || args_has(c->a, "output")))
		ok = write_out(args_get(c->a, "output"), buf_slice(&out));
	if (ok && save)
		fprintf(stderr, "postern: saved %s\n", path);
	buf_free(&out);
	return ok;
}

/* One short line: how much could not be read, and the first of it. */
static void tell_missing(const struct snapshot *s)
{
	struct buf b = {0}, safe = {0};
	size_t shown = 0;
	for (size_t i = 0; i < s->nmissing && shown < 3; i++) {
		const struct snap_missing *m = &s->missing[i];
		if (m->at.file.n)
			buf_addf(&b, "%s%.*s (%.*s)", shown++ ? ", " : "", (int)MIN(m->at.file.n, (size_t)80), m->at.file.p, (int)MIN(m->why.n, (size_t)60), m->why.p);
	}
	if (!s->nmissing)
		return;
	buf_term(&safe, buf_slice(&b));
	fprintf(stderr, "postern: %.*s: %zu things are not read and named as missing%s%.*s%s\n", SLFMT(s->host), s->nmissing, safe.n ? ", among them " : "", SLFMT(buf_slice(&safe)),
		s->as_root == SNAP_YES ? "" : "; as root more can be read");
	buf_free(&b);
	buf_free(&safe);
}

/* ---- this machine --------------------------------------------------------------------------------------------------------------- */

/* What is read may be hostile, and its programs are asked: nothing can be written but the snapshot and temporary files. */
static int confine(const struct args *a, const char *state)
{
	struct err e;
	bool landlock;
	char folder[4096];
	const char *output = args_get(a, "output"), *tmp = getenv("TMPDIR"), *writable[5];
	size_t n = 0;
	writable[n++] = "/dev/null";
	if (access(tmp && *tmp ? tmp : "/tmp", W_OK) == 0)
		writable[n++] = tmp && *tmp ? tmp : "/tmp";
	if (output && strcmp(output, "-") != 0)
		writable[n++] = folder_of(output, folder, sizeof folder);
	if (state)
		writable[n++] = state;
	writable[n] = NULL;
	if (!sys_confine_reader(writable, &landlock, &e))
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

static int collect_here(struct collecting *c)
{
	struct err e;
	struct snapshot *s;
	char state[4096];
	const char *root = args_get(c->a, "root");
	if (args_has(c->a, "save") && !state_file(c->a, "snapshots", state, sizeof state))
		return EXIT_USAGE;
	if (args_has(c->a, "save") && !make_folder(state))
		return EXIT_INPUT;
	int rc = confine(c->a, args_has(c->a, "save") ? state : NULL);
	if (rc)
		return rc;
	struct snap_collect opt = {.root = root ? root : "/", .inventory = {c->inventory.v, c->inventory.n}, .packages = true};
	if (snapshot_collect(&opt, &s, &e)) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	s->taken_by = SL(POSTERN_VERSION);
	bool ok = put(c, s);
	if (ok)
		tell_missing(s);
	snapshot_free(s);
	return ok ? EXIT_DONE : EXIT_INPUT;
}

/* ---- others, over ssh -------------------------------------------------------------------------------------------------------------- */

static bool good_host(const char *host)
{
	if (!*host || *host == '-' || strlen(host) > 255)
		return false;
	for (const char *p = host; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("/\\'\"`$;&|<>(){}*?!#", *p))
			return false;
	return true;
}

static bool name_hosts(struct collecting *c)
{
	const char *host;
	size_t n;
	for (size_t i = 0; (host = args_list(c->a, "host", i)); i++) {
		const struct org_host *h = org_hosts(c->setup.org, &n);
		if (strcmp(host, "ORG")) {
			*vec_push(&c->hosts) = host;
			continue;
		}
		if (!n)
			complain("--host ORG: the organisation file names no hosts");
		for (size_t k = 0; k < n && c->hosts.n < HOSTS_MAX; k++)
			*vec_push(&c->hosts) = slice_dup(&c->mem, h[k].name).p;
		if (!n)
			return false;
	}
	for (size_t i = 0; i < c->hosts.n; i++) {
		if (good_host(c->hosts.v[i]))
			continue;
		complain("--host: this is no host's name: it begins with - or has characters that no name has");
		return false;
	}
	return true;
}

struct asked {
	struct collecting *c;
	const char *host;
	const char *argv[16];
};

/* What a machine sent may be anything; what it says about its own name is not believed. */
static bool take_answer(struct collecting *c, const char *host, struct slice answer, struct err *e)
{
	char name[300];
	const char *at = strrchr(host, '@'), *bare = at ? at + 1 : host;
	const struct org_host *known = org_host(c->setup.org, slice_of(bare));
	snprintf(name, sizeof name, "the answer of %s", host);
	struct snapshot *s = snapshot_read(answer, name, e);
	if (!s)
		return false;
	struct slice own = s->host;
	s->host = slice_dup(&s->mem, known ? known->name : slice_of(bare));
	for (size_t i = 0; i < s->host.n; i++) {
		char *p = (char *)(uintptr_t)&s->host.p[i];
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
	}
	if (!slice_ieq(own, s->host) && !slice_istarts(s->host, slice_dup(&s->mem, own)) && !(known && org_host(c->setup.org, own) == known)) {
		struct buf safe = {0};
		buf_term(&safe, slice_to(own, 80));
		fprintf(stderr, "postern: %s calls itself %.*s; the snapshot is of %.*s\n", host, SLFMT(buf_slice(&safe)), SLFMT(s->host));
		buf_free(&safe);
	}
	s->taken = MIN(MAX(s->taken, 0), (int64_t)time(NULL) + 86400); /* a clock that is wrong or lies must not be the newest for ever */
	bool ok = put(c, s);
	if (ok)
		tell_missing(s);
	snapshot_free(s);
	return ok || err_set(e, ERR_IO, "it could not be kept") == 0;
}

static void answered(struct sys_job *j)
{
	struct asked *x = j->arg;
	struct buf why = {0}, safe = {0};
	struct err e;
	if (!j->rc && j->status == 0 && take_answer(x->c, x->host, buf_slice(&j->out), &e))
		return;
	struct slice said = buf_slice(&j->err), line = said;
	ssize_t end = slice_chr(said, '\n');
	if (end >= 0)
		line = slice_to(said, (size_t)end);
	if (j->rc)
		buf_addz(&why, j->e.text);
	else if (j->status)
		buf_addf(&why, "ssh ended with status %d: %.*s", j->status, (int)MIN(line.n, (size_t)300), line.p ? line.p : "");
	else
		buf_addz(&why, e.text);
	buf_term(&safe, buf_slice(&why));
	complain("%s: %.*s", x->host, SLFMT(buf_slice(&safe)));
	x->c->rc = EXIT_INPUT;
	buf_free(&why);
	buf_free(&safe);
}

static int collect_there(struct collecting *c)
{
	static const char *const keep[] = {"SSH_AUTH_SOCK", "HOME", NULL};
	struct asked *asked = xcalloc(c->hosts.n, sizeof *asked);
	struct sys_job *jobs = xcalloc(c->hosts.n, sizeof *jobs);
	for (size_t i = 0; i < c->hosts.n; i++) {
		asked[i] = (struct asked){c, c->hosts.v[i], {"/usr/bin/ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes", "--",
			c->hosts.v[i], "postern", "privilege", "collect", NULL}};
		jobs[i] = (struct sys_job){.argv = asked[i].argv, .arg = &asked[i]};
	}
	sys_gather(jobs, c->hosts.n, AT_ONCE, keep, SECONDS, SNAP_BYTES_MAX, answered);
	free(jobs);
	free(asked);
	return c->rc;
}

static int check(struct collecting *c)
{
	bool there = args_list(c->a, "host", 0) != NULL;
	if (there && args_has(c->a, "root")) {
		complain("privilege collect: --root and --host do not go together");
		return EXIT_USAGE;
	}
	int rc = setup_org(&c->setup, c->a);
	if (rc)
		return rc;
	if (there && !name_hosts(c))
		return EXIT_USAGE;
	if (c->hosts.n > 1 && (!args_has(c->a, "save") || args_has(c->a, "output"))) {
		complain("privilege collect: several hosts go into the state: give --save and no --output");
		return EXIT_USAGE;
	}
	return 0;
}

int privilege_cmd_collect(const struct args *a)
{
	struct collecting c = {.a = a};
	arena_init(&c.mem);
	umask(077);
	int rc = check(&c);
	if (!rc) {
		read_inventory(&c);
		rc = c.hosts.n ? collect_there(&c) : collect_here(&c);
	}
	free(c.inventory.v);
	free(c.hosts.v);
	arena_free(&c.mem);
	setup_free(&c.setup);
	return rc;
}
