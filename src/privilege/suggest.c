/* suggest.c - what to take away or to tighten, as a patch that somebody reads and applies. Nothing is changed here. */
#include "privilege/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool is_chosen(const struct suggesting *g, const struct right *r)
{
	return g->s->chosen ? g->s->chosen[r->id] : r->use == RIGHT_UNUSED;
}

void note(struct suggesting *g, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	buf_term(g->notes, slice_make(text, MIN((size_t)n, sizeof text - 1)));
	buf_addc(g->notes, '\n');
}

static void put_edit(struct suggesting *g, enum edit_kind kind, const struct right *r, struct slice with)
{
	const struct snap_at *at = r->row;
	*vec_push(&g->edits) = (struct edit){kind, r->host, at->file, at->line, r, with};
}

/* ---- kinds ------------------------------------------------------------------------------------------------------------------- */

static void drop_line(struct suggesting *g, const struct right *r)
{
	put_edit(g, EDIT_DROP, r, SLICE_NONE);
}

/* The row of a group has the name in its list; a primary group is another command. */
static void drop_membership(struct suggesting *g, const struct right *r)
{
	if (r->row_kind != SNAP_K_group) {
		note(g, "%.*s: the group is the account's primary one: usermod -g OTHER %.*s", SLFMT(r->text), SLFMT(r->account));
		return;
	}
	put_edit(g, EDIT_REPLACE, r, SLICE_NONE); /* what it becomes is known with the file's text */
	note(g, "%.*s: where /etc/gshadow is used, gpasswd -d changes both files", SLFMT(r->text));
}

static void say_how(struct suggesting *g, const struct right *r)
{
	static const char *const how[RIGHT_KIND_COUNT] = {
		[RIGHT_PASSWORD] = "passwd -l ACCOUNT, or PasswordAuthentication no", [RIGHT_PRIVATE_KEY] = "move it off the machine, then take its public half out of authorized_keys",
		[RIGHT_AGENT] = "ForwardAgent no; ProxyJump reaches hosts behind without it", [RIGHT_WRITABLE] = "chown root: and chmod go-w the file and the folders above it",
		[RIGHT_SETUID] = "chmod u-s, or setcap -r", [RIGHT_POLKIT] = "take the rule out of polkit's rules.d, or let it ask (auth_admin)", [RIGHT_EXPORT] = "root_squash in /etc/exports, exportfs -ra",
		[RIGHT_AUTHORITY] = "move the authority's key to a machine of its own; whatever it signed stays good until it ends or stands in RevokedKeys",
		[RIGHT_GRANT] = "postern grant revoke", [RIGHT_CERTIFICATE] = "revoke it (RevokedKeys), or let it end",
	};
	const struct snap_at *at = r->row;
	note(g, "%s: %.*s%s%.*s%s%.*s: %s", right_name(r->kind), SLFMT(r->text), at ? " (" : "", SLFMT(at ? r->host : SLICE_NONE), at ? ":" : "", SLFMT(at ? at->file : SLICE_NONE),
		how[r->kind] ? how[r->kind] : "by hand");
}

/* ---- keys that are used, from few addresses -------------------------------------------------------------------------------------- */

enum { FROM_MOST = 4 };
struct addresses { const struct right *r; const struct place *l; struct slice v[FROM_MOST]; size_t n; bool more; };

static bool on_login(void *arg, const struct usage_login_row *row)
{
	struct addresses *a = arg;
	struct ip ip;
	if (!slice_eq(row->fingerprint, a->r->holder) || !slice_eq(row->account, a->r->account) || !place_called(a->l, row->host))
		return true;
	for (size_t i = 0; i < a->n; i++)
		if (slice_eq(a->v[i], row->from))
			return true;
	if (a->n == FROM_MOST || !ip_parse(row->from, &ip))
		a->more = true;
	else
		a->v[a->n++] = row->from;
	return true;
}

static void restrict_key(struct suggesting *g, const struct place *l, const struct right *r)
{
	const struct snap_authorized_key *k = r->row;
	struct addresses a = {.r = r, .l = l};
	struct buf b = {0};
	if (k->from.n || k->authority == SNAP_YES || !g->p->usage || usage_unsure(g->p->usage, r->host, USAGE_LOG_LOGIN, g->p->opt.now, g->p->opt.days))
		return;
	usage_logins_each(g->p->usage, on_login, &a);
	if (!a.n || a.more)
		return;
	buf_addz(&b, "from=\"");
	for (size_t i = 0; i < a.n; i++) {
		buf_addz(&b, i ? "," : "");
		buf_adds(&b, a.v[i]);
	}
	buf_addc(&b, '"');
	put_edit(g, EDIT_REPLACE, r, slice_dup(&g->mem, buf_slice(&b)));
	note(g, "%.*s: all logins seen came from %zu address%s: the patch limits the key to that, which keeps out who travels", SLFMT(r->text), a.n, a.n == 1 ? "" : "es");
	buf_free(&b);
}

static void choose(struct suggesting *g, const struct place *l, const struct right *r)
{
	if (!is_chosen(g, r)) {
		if (!g->s->chosen && r->kind == RIGHT_KEY && r->use == RIGHT_USED)
			restrict_key(g, l, r);
		return;
	}
	switch (r->kind) {
	case RIGHT_KEY: case RIGHT_DOAS:
		drop_line(g, r);
		break;
	case RIGHT_CERTIFICATE:
		(r->row_kind == SNAP_K_certificate ? say_how : drop_line)(g, r);
		break;
	case RIGHT_GROUP:
		drop_membership(g, r);
		break;
	case RIGHT_SUDO: /* all of a host's together */
		break;
	default:
		say_how(g, r);
	}
}

/* ---- lines of files ------------------------------------------------------------------------------------------------------------------- */

static int by_place(const void *x, const void *y)
{
	const struct edit *a = x, *b = y;
	int c = slice_cmp(a->host, b->host);
	if (!c)
		c = slice_cmp(a->file, b->file);
	return c ? c : (a->line > b->line) - (a->line < b->line);
}

/* Does the line still look like what the snapshot saw there? */
static bool still(const struct edit *e, struct slice line)
{
	const struct right *r = e->right;
	struct slice t = slice_trim(line);
	if (r->row_kind == SNAP_K_authorized_key) {
		const struct snap_authorized_key *k = r->row;
		return slice_has(t, k->type) && slice_has(t, k->comment) && !slice_starts(t, SL("#"));
	}
	if (r->row_kind == SNAP_K_group) {
		const struct snap_group *x = r->row;
		return slice_starts(t, x->name) && slice_has(t, r->account);
	}
	return t.n && (r->row_kind != SNAP_K_sudo || slice_chr(t, '=') >= 0);
}

/* name:x:27:alice,bob without alice. */
static void without_member(struct slice line, struct slice name, struct buf *out)
{
	struct slice rest = line, head;
	for (int i = 0; i < 3 && slice_cut(&rest, ':', &head); i++)
		buf_addf(out, "%.*s:", SLFMT(head));
	size_t kept = 0;
	bool newline = slice_ends(rest, SL("\n"));
	rest = slice_to(rest, rest.n - (newline ? 1 : 0));
	for (bool more = true; more;) {
		struct slice one = rest;
		if ((more = slice_cut(&rest, ',', &head)))
			one = head;
		if (slice_eq(slice_trim(one), name))
			continue;
		buf_addz(out, kept++ ? "," : "");
		buf_adds(out, one);
	}
	buf_addz(out, newline ? "\n" : "");
}

/* from="..." before what is there. */
static void with_from(struct slice line, const struct snap_authorized_key *k, struct slice from, struct buf *out)
{
	buf_adds(out, from);
	buf_addc(out, k->options.n ? ',' : ' ');
	buf_adds(out, line);
}

static struct slice replacement(struct suggesting *g, const struct edit *e, struct slice line)
{
	struct buf b = {0};
	if (e->kind == EDIT_DROP || e->right->row_kind == SNAP_K_sudo)
		return e->with;
	if (e->right->row_kind == SNAP_K_group)
		without_member(line, e->right->account, &b);
	else
		with_from(line, e->right->row, e->with, &b);
	struct slice s = slice_dup(&g->mem, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* Lines that end in a backslash go on. */
static size_t end_of(const struct text_lines *l, size_t at, bool continued)
{
	while (continued && at + 1 < l->n && slice_ends(slice_trim(slice_to(l->v[at], l->v[at].n - (slice_ends(l->v[at], SL("\n")) ? 1 : 0))), SL("\\")))
		at++;
	return at + 1;
}

static size_t changes_of(struct suggesting *g, const struct edit *e, size_t n, const struct text_lines *l, struct change *out)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		size_t at = (size_t)(e[i].line - 1);
		if (e[i].line < 1 || at >= l->n || !still(&e[i], l->v[at])) {
			note(g, "%.*s:%.*s:%lld is not what the snapshot saw there: collect again", SLFMT(e[i].host), SLFMT(e[i].file), (long long)e[i].line);
			continue;
		}
		bool again = k && out[k - 1].from == at;
		if (again && e[i].right->row_kind != SNAP_K_group)
			continue;
		struct slice line = again ? out[k - 1].with : l->v[at];
		if (!again)
			out[k++] = (struct change){.from = at, .to = end_of(l, at, e[i].right->row_kind == SNAP_K_sudo)};
		out[k - 1].with = replacement(g, &e[i], line);
	}
	return k;
}

static void not_at_hand(struct suggesting *g, const struct edit *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		note(g, "%.*s:%.*s:%lld: %s (its text is not at hand): %.*s", SLFMT(e[i].host), SLFMT(e[i].file), (long long)e[i].line, e[i].kind == EDIT_DROP ? "take the line out" : "change the line",
			SLFMT(e[i].kind == EDIT_REPLACE && e[i].with.n ? e[i].with : e[i].right->text));
}

/* patch(1) skips what stands before a file. */
static void head(struct suggesting *g, struct slice host, size_t changes)
{
	struct buf *const both[] = {g->patch, g->undo};
	for (size_t i = 0; i < ARRAY_LEN(both) && changes && !slice_eq(host, g->last_host); i++) {
		buf_addz(both[i], "# On ");
		buf_term(both[i], host);
		buf_addz(both[i], ", as root: patch -p1 -d / < FILE; then visudo -c, and keep a session open until a new one works.\n");
	}
	if (changes)
		g->last_host = host;
}

static void one_file(struct suggesting *g, const struct edit *e, size_t n)
{
	struct buf text = {0}, after = {0}, why = {0};
	struct text_lines l = {0};
	struct change *c = xcalloc(n, sizeof *c);
	bool sudoers = e->right->row_kind == SNAP_K_sudo;
	if (!patch_path(e->file) || !g->s->read || !g->s->read(g->s->arg, e->host, e->file, &text) || text.n > PATCH_FILE_BYTES) {
		not_at_hand(g, e, n);
	} else {
		lines_split(buf_slice(&text), &l);
		size_t k = changes_of(g, e, n, &l, c);
		patch_apply(&l, c, k, &after);
		if (sudoers && k && g->s->sudoers_ok && !g->s->sudoers_ok(g->s->arg, e->host, e->file, buf_slice(&after), &why)) {
			note(g, "%.*s:%.*s: visudo does not take the new text, so there is no patch of it: %.*s", SLFMT(e->host), SLFMT(e->file), SLFMT(buf_slice(&why)));
		} else {
			head(g, e->host, k);
			patch_write(e->file, &l, c, k, false, g->patch);
			patch_write(e->file, &l, c, k, true, g->undo);
		}
	}
	free(c);
	free(l.v);
	buf_free(&text);
	buf_free(&after);
	buf_free(&why);
}

static void write_files(struct suggesting *g)
{
	if (g->edits.n)
		qsort(g->edits.v, g->edits.n, sizeof *g->edits.v, by_place);
	for (size_t i = 0, end; i < g->edits.n; i = end) {
		const struct edit *e = &g->edits.v[i];
		for (end = i; end < g->edits.n && slice_eq(g->edits.v[end].host, e->host) && slice_eq(g->edits.v[end].file, e->file); end++)
			;
		one_file(g, e, end - i);
	}
}

int privilege_suggest(const struct privilege *p, const struct priv_suggest *s, struct buf *patch, struct buf *undo, struct buf *notes, struct err *e)
{
	struct suggesting g = {.p = p, .s = s, .patch = patch, .undo = undo, .notes = notes};
	if (!p->out_at)
		return err_set(e, ERR_USAGE, "the graph is not built");
	arena_init(&g.mem);
	for (size_t i = 0; i < p->rights.n; i++) {
		const struct place *l = place_find(p, p->rights.v[i].host);
		if (l)
			choose(&g, l, &p->rights.v[i]);
	}
	for (size_t i = 0; i < p->hosts.n; i++)
		suggest_sudo(&g, &p->places[i]);
	write_files(&g);
	free(g.edits.v);
	arena_free(&g.mem);
	return 0;
}
