/* suggest_sudo.c - sudoers without what nobody used, and wide rules narrowed to what was run.
 *
 * Rules are kept in their order, so that what decided still decides. What was run must be let through by the new rules as it was by the old: that is tried, and
 * where it fails the host's sudoers stays as it is. Rules that take something away ("!", a password asked for after one that asks none) are left alone: without
 * them more would be let through. */
#include "privilege/suggest.h"

#include <stdlib.h>

struct narrowed { const struct right *right; const struct snap_sudo *row; struct snap_list commands; bool drop, changed; };
struct sudo_plan { struct suggesting *g; const struct place *l; struct narrowed *v; /* one a row */ size_t lost; struct slice lost_command; };

/* ---- may the rule be touched? ---------------------------------------------------------------------------------------------------- */

static bool takes_away(const struct snap_sudo *row)
{
	for (size_t i = 0; i < row->commands.n; i++) {
		struct slice c = row->commands.v[i];
		if (command_negated(&c))
			return true;
	}
	return false;
}

/* An earlier rule for one of the same accounts that asks no password, or more than this one limits. */
static bool shadows(const struct sudo_plan *p, size_t at)
{
	const struct snapshot *s = p->l->s;
	const struct snap_sudo *row = &s->sudo[at];
	struct slice by;
	for (size_t i = 0; i < at && row->nopasswd != SNAP_YES; i++) {
		if (s->sudo[i].nopasswd != SNAP_YES || p->v[i].drop)
			continue;
		for (size_t a = 0; a < s->naccounts; a++)
			if (sudo_who(p->l, &s->accounts[a], row->who, &by) != SNAP_NO && sudo_who(p->l, &s->accounts[a], s->sudo[i].who, &by) != SNAP_NO)
				return true;
	}
	return false;
}

static bool wide(const struct snap_sudo *row)
{
	for (size_t i = 0; i < row->commands.n; i++) {
		struct slice args, c = row->commands.v[i];
		bool has_args;
		struct slice path = command_program(c, &args, &has_args);
		if (slice_eqz(path, "ALL") || !has_args || slice_ends(path, SL("/")) || slice_chr(c, '*') >= 0 || slice_chr(c, '?') >= 0 || slice_chr(c, '[') >= 0)
			return true;
	}
	return false;
}

/* ---- a command line as sudoers has it --------------------------------------------------------------------------------------------- */

/* Characters that mean something there are written with a backslash: sudoers(5). False: nothing that can be written. */
static bool written(struct slice line, struct buf *out)
{
	bool program = true;
	if (!slice_starts(line, SL("/")) || !slice_utf8(line))
		return false;
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];
		if ((unsigned char)c < ' ' || c == 0x7f || c == '"' || c == '\'' || c == '\\')
			return false;
		program = program && c != ' ';
		if (strchr(",:=#!*?[]", c) || (program && strchr("()", c)))
			buf_addc(out, '\\');
		buf_addc(out, c);
	}
	if (program) /* without arguments means: with any */
		buf_addz(out, " \"\"");
	return true;
}

/* Programs that need start no other, and ask on the terminal what to do. */
static bool wants_noexec(struct slice line)
{
	static const char *const names[] = {"less", "more", "most", "pg", "vi", "vim", "vim.basic", "vim.tiny", "view", "nano", "ed"};
	struct slice args;
	bool has_args;
	struct slice name = slice_basename(command_program(line, &args, &has_args));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eqz(name, names[i]))
			return true;
	return false;
}

static void list_words(struct buf *b, struct snap_list v)
{
	for (size_t i = 0; i < v.n; i++) {
		buf_addz(b, i ? ", " : "");
		buf_adds(b, v.v[i]);
	}
}

/* What a snapshot has is what holds, with the defaults: a "no" is written only where a default says otherwise. */
static bool has_default(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->nsudo_defaults; i++)
		if (slice_eqz(s->sudo_defaults[i].name, name))
			return true;
	return false;
}

static void tag(struct buf *b, enum snap_tri t, const char *yes, const char *no, bool differs)
{
	if (t == SNAP_YES || (t == SNAP_NO && differs))
		buf_addf(b, "%s: ", t == SNAP_YES ? yes : no);
}

/* "alice ALL = (root) NOPASSWD: /usr/bin/x y" */
static void row_line(const struct snapshot *s, const struct snap_sudo *row, struct snap_list commands, bool narrow, struct buf *b)
{
	list_words(b, row->who);
	buf_addz(b, " ");
	list_words(b, row->hosts);
	buf_addz(b, " = ");
	if (row->run_as.n || row->run_as_groups.n) {
		buf_addc(b, '(');
		list_words(b, row->run_as);
		buf_addz(b, row->run_as_groups.n ? " : " : "");
		list_words(b, row->run_as_groups);
		buf_addz(b, ") ");
	}
	if (row->cwd.n)
		buf_addf(b, "CWD=%.*s ", SLFMT(row->cwd));
	if (row->chroot.n)
		buf_addf(b, "CHROOT=%.*s ", SLFMT(row->chroot));
	if (row->not_after.n)
		buf_addf(b, "NOTAFTER=%.*s ", SLFMT(row->not_after));
	tag(b, row->nopasswd, "NOPASSWD", "PASSWD", has_default(s, "authenticate"));
	tag(b, row->setenv, "SETENV", "NOSETENV", has_default(s, "setenv"));
	tag(b, row->noexec, "NOEXEC", "EXEC", has_default(s, "noexec"));
	bool free_choice = narrow && row->noexec != SNAP_YES && !has_default(s, "noexec"), noexec = false;
	for (size_t i = 0; i < commands.n; i++) {
		bool want = free_choice && wants_noexec(commands.v[i]);
		buf_addz(b, i ? ", " : "");
		if (want != noexec)
			buf_addz(b, want ? "NOEXEC: " : "EXEC: ");
		noexec = want;
		buf_adds(b, commands.v[i]);
	}
	buf_addc(b, '\n');
}

/* ---- narrowing --------------------------------------------------------------------------------------------------------------------- */

static void narrow(struct sudo_plan *p, struct narrowed *x)
{
	struct observed seen = {0};
	struct suggesting *g = p->g;
	const char *why = usage_unsure(g->p->usage, x->right->host, USAGE_LOG_SUDO, g->p->opt.now, g->p->opt.days);
	observed_commands(g->p, x->right, g->p->usage, &seen);
	struct slice *v = arena_alloc(&g->mem, (seen.n + 1) * sizeof *v);
	size_t n = 0;
	if (why || seen.more || !seen.n) {
		note(g, "%.*s: not narrowed: %s", SLFMT(x->right->text), why ? why : "what was run through it is not wholly known");
	} else if (seen.n > NARROW_MOST) {
		note(g, "%.*s: %zu different commands were run through it, more than anybody would list: not narrowed", SLFMT(x->right->text), seen.n);
	} else {
		for (struct buf b = {0}; n < seen.n; buf_free(&b)) {
			if (!written(seen.v[n], &b)) {
				buf_free(&b);
				break;
			}
			v[n++] = slice_dup(&g->mem, buf_slice(&b));
		}
		x->changed = n == seen.n;
		if (!x->changed)
			note(g, "%.*s: not narrowed: %.*s cannot be written in sudoers", SLFMT(x->right->text), SLFMT(seen.v[n]));
		x->commands = (struct snap_list){v, n};
	}
	free(seen.v);
}

static void plan_row(struct sudo_plan *p, const struct right *r)
{
	const struct snap_sudo *row = r->row;
	size_t at = (size_t)(row - p->l->s->sudo);
	struct narrowed *x = &p->v[at];
	bool drop = is_chosen(p->g, r), used = r->use == RIGHT_USED && !p->g->s->chosen;
	x->right = r;
	if ((!drop && !(used && wide(row))) || (row->who.n == 1 && slice_eqz(row->who.v[0], "root")))
		return;
	if (takes_away(row) || shadows(p, at)) {
		note(p->g, "%.*s: left as it is: it limits what an earlier rule gives", SLFMT(r->text));
		return;
	}
	x->drop = drop;
	if (!drop)
		narrow(p, x);
}

/* ---- testing back -------------------------------------------------------------------------------------------------------------------- */

static bool lets(const struct sudo_plan *p, const struct usage_sudo_row *r, bool after)
{
	const struct snapshot *s = p->l->s;
	long account = place_account(p->l, r->account), target = r->run_as.n ? place_account(p->l, r->run_as) : place_account(p->l, p->g->p->nodes.v[p->l->root].name);
	bool allowed = false;
	struct slice by;
	for (size_t i = 0; i < s->nsudo && account != PRIV_NONE; i++) {
		const struct snap_sudo *row = &s->sudo[i];
		if (sudo_who(p->l, &s->accounts[account], row->who, &by) == SNAP_NO || sudo_hosts(p->l, row->hosts) == SNAP_NO || (after && p->v[i].drop) ||
			(target != PRIV_NONE && sudo_runas(p->l, row, &s->accounts[account], &s->accounts[target]) == SNAP_NO))
			continue;
		struct snap_list c = after && p->v[i].changed ? p->v[i].commands : row->commands;
		for (size_t k = 0; k < c.n; k++) {
			struct slice one = c.v[k];
			bool not = command_negated(&one);
			if (command_matches(one, r->command))
				allowed = !not;
		}
	}
	return allowed;
}

static bool try_back(void *arg, const struct usage_sudo_row *r)
{
	struct sudo_plan *p = arg;
	if (r->seen.last >= p->g->p->opt.now - (nstime)p->g->p->opt.days * NS_DAY && lets(p, r, false) && !lets(p, r, true)) {
		p->lost++;
		p->lost_command = r->command;
	}
	return true;
}

/* ---- lines ------------------------------------------------------------------------------------------------------------------------------ */

static bool same_line(const struct snap_at *a, const struct snap_at *b)
{
	return a->line == b->line && slice_eq(a->file, b->file);
}

/* All rows of one line of the file: it goes when all go, else it is written anew, one line a row. */
static void line_edit(struct sudo_plan *p, size_t first)
{
	const struct snapshot *s = p->l->s;
	struct buf b = {0};
	size_t changed = 0;
	for (size_t i = first; i < s->nsudo; i++) {
		if (!same_line(&s->sudo[i].at, &s->sudo[first].at))
			continue;
		changed += p->v[i].drop || p->v[i].changed;
		if (!p->v[i].drop)
			row_line(s, &s->sudo[i], p->v[i].changed ? p->v[i].commands : s->sudo[i].commands, p->v[i].changed, &b);
	}
	const struct right *r = p->v[first].right;
	if (changed && r)
		*vec_push(&p->g->edits) = (struct edit){b.n ? EDIT_REPLACE : EDIT_DROP, r->host, s->sudo[first].at.file, s->sudo[first].at.line, r, slice_dup(&p->g->mem, buf_slice(&b))};
	buf_free(&b);
}

static bool seen_before(const struct snapshot *s, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_line(&s->sudo[i].at, &s->sudo[at].at))
			return true;
	return false;
}

void suggest_sudo(struct suggesting *g, const struct place *l)
{
	struct sudo_plan p = {.g = g, .l = l, .v = xcalloc(l->s->nsudo + 1, sizeof *p.v)};
	for (size_t i = 0; i < g->p->rights.n; i++)
		if (g->p->rights.v[i].kind == RIGHT_SUDO && g->p->rights.v[i].snapshot == l->s)
			plan_row(&p, &g->p->rights.v[i]);
	if (g->p->usage)
		usage_sudo_each(g->p->usage, l->s->host, SLICE_NONE, try_back, &p);
	if (p.lost && !g->s->chosen)
		note(g, "%.*s: sudoers stays as it is: the new rules would refuse %zu command lines that were run, such as %.*s", SLFMT(l->s->host), p.lost, SLFMT(p.lost_command));
	else if (p.lost)
		note(g, "%.*s: without what was chosen, sudo refuses %zu command lines that were run, such as %.*s", SLFMT(l->s->host), p.lost, SLFMT(p.lost_command));
	for (size_t i = 0; i < l->s->nsudo && (!p.lost || g->s->chosen); i++)
		if (!seen_before(l->s, i))
			line_edit(&p, i);
	free(p.v);
}
