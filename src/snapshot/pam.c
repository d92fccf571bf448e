/* pam.c - PAM's stacks, with what they include put in (pam.conf(5), pam.d(5)). */
#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

enum { DEPTH_MAX = 12, ROWS_MAX = 20000 };

/* The control: a word, or [value=action ...]. */
static bool control(struct slice *t, struct slice *out)
{
	*t = slice_trim(*t);
	if (!t->n || t->p[0] != '[')
		return slice_word(t, out);
	ssize_t end = slice_chr(*t, ']');
	if (end < 0)
		return false;
	*out = slice_to(*t, (size_t)end + 1);
	*t = slice_from(*t, (size_t)end + 1);
	return true;
}

struct stack { struct slice service, only; int depth; };

static void stack_file(struct collector *c, const char *path, const struct stack *k);

/* @include takes all, include and substack what is of their type. */
static void included(struct collector *c, struct slice name, const struct stack *k, struct slice only)
{
	struct stack in = {k->service, only, k->depth + 1};
	if (k->depth >= DEPTH_MAX)
		collect_missing(c, "pam", NULL, collect_path(c, "/etc/pam.d/%.*s", SLFMT(name)), 0, "too many includes (a loop?)");
	else if (name.n && slice_chr(name, '/') < 0)
		stack_file(c, collect_path(c, "/etc/pam.d/%.*s", SLFMT(name)), &in);
	else if (name.n && name.p[0] == '/')
		stack_file(c, collect_path(c, "%.*s", SLFMT(name)), &in);
}

static void pam_line(struct collector *c, const char *path, int64_t line, struct slice t, const struct stack *k)
{
	struct slice type, how, module;
	if (!slice_word(&t, &type))
		return;
	if (slice_eqz(type, "@include")) {
		if (slice_word(&t, &module))
			included(c, module, k, k->only);
		return;
	}
	bool quiet = type.p[0] == '-';
	struct slice bare = quiet ? slice_from(type, 1) : type;
	if (!control(&t, &how) || !slice_word(&t, &module)) {
		collect_missing(c, "pam", NULL, path, line, "a line that cannot be understood");
		return;
	}
	if (k->only.n && !slice_ieq(bare, k->only))
		return;
	if (slice_ieq(how, SL("include")) || slice_ieq(how, SL("substack"))) {
		included(c, module, k, bare);
		return;
	}
	if (c->s->npam >= ROWS_MAX)
		return;
	struct snap_pam *r = collect_row(c, SNAP_K_pam);
	*r = (struct snap_pam){collect_at(c, path, line), collect_text(c, k->service), collect_text(c, type), collect_text(c, how), collect_text(c, module), collect_text(c, slice_trim(t))};
}

static void stack_file(struct collector *c, const char *path, const struct stack *k)
{
	struct buf b = {0};
	bool gone = false;
	if (below_read(c, path, 1 << 20, "pam", NULL, &b, NULL, &gone)) {
		struct lines l = lines_of(buf_slice(&b), true);
		struct slice line;
		while (lines_next(&l, &line)) {
			ssize_t hash = slice_chr(line, '#');
			struct slice t = slice_trim(hash >= 0 ? slice_to(line, (size_t)hash) : line);
			if (t.n && !collect_late(c)) {
				struct slice copy = slice_dup(&c->scratch, t); /* an include reads into other buffers, but recursion is deep */
				pam_line(c, path, l.line, copy, k);
			}
		}
		lines_free(&l);
	} else if (gone && k->depth)
		collect_missing(c, "pam", NULL, path, 0, "it is included but not there: the service refuses everybody");
	buf_free(&b);
}

int collect_pam(struct collector *c)
{
	struct slice *names;
	size_t n = 0;
	if (!below_names(c, "/etc/pam.d", "pam", NULL, &names, &n))
		return 0;
	for (size_t i = 0; i < n && !collect_late(c); i++) {
		struct stack k = {names[i], SLICE_NONE, 0};
		if (names[i].p[0] != '.' && !slice_has(names[i], SL(".dpkg-")) && !slice_ends(names[i], SL("~")))
			stack_file(c, collect_path(c, "/etc/pam.d/%.*s", SLFMT(names[i])), &k);
	}
	return 0;
}
