/* rights_sudo.c - who becomes whom by sudo and doas.
 *
 * sudo takes the last rule that fits what is asked for. So each command of each rule is judged for each account and target: it gives what it gives unless a
 * later rule covers all of it. A later "!" that covers less is no limit: of ALL without su, a copy of su is left. */
#include "privilege/privilege_private.h"

#include <stdlib.h>

struct entry {
	const struct snap_sudo *row;
	size_t command;
	enum snap_tri who, hosts;
	struct slice by;           /* what of the list named the account */
	bool negated;
};
struct entries { struct entry *v; size_t n, cap; };

/* What the commands of a row give an account as a target, the best of them. */
struct gives { struct escape_why why; enum snap_tri sure; const char *doubt; bool password; struct slice only; };

static void collect(const struct place *l, const struct snap_account *a, struct entries *out)
{
	for (size_t i = 0; i < l->s->nsudo; i++) {
		const struct snap_sudo *r = &l->s->sudo[i];
		struct entry e = {.row = r, .hosts = sudo_hosts(l, r->hosts)};
		e.who = sudo_who(l, a, r->who, &e.by);
		if (e.who == SNAP_NO || e.hosts == SNAP_NO || sudo_over(l->p, r))
			continue;
		for (e.command = 0; e.command < r->commands.n; e.command++) {
			struct slice c = r->commands.v[e.command];
			e.negated = command_negated(&c);
			*vec_push(out) = e;
		}
	}
}

static bool overridden(const struct place *l, const struct entries *all, size_t at, const struct snap_account *a, const struct snap_account *target)
{
	for (size_t i = at + 1; i < all->n; i++) {
		const struct entry *e = &all->v[i];
		struct slice later = e->row->commands.v[e->command];
		command_negated(&later);
		if (e->who == SNAP_YES && e->hosts == SNAP_YES && sudo_runas(l, e->row, a, target) == SNAP_YES && command_covers(later, all->v[at].row->commands.v[all->v[at].command]))
			return true;
	}
	return false;
}

/* LD_PRELOAD kept by the defaults is as good as SETENV. */
static bool keeps_preload(const struct place *l)
{
	for (size_t i = 0; i < l->s->nsudo_defaults; i++) {
		const struct snap_sudo_default *d = &l->s->sudo_defaults[i];
		if (!d->scope.n && slice_eqz(d->name, "env_keep") && (slice_has(d->value, SL("LD_PRELOAD")) || slice_has(d->value, SL("LD_LIBRARY_PATH"))))
			return true;
	}
	return false;
}

static bool tag(const struct place *l, const struct snap_account *a, enum snap_tri own, const char *name)
{
	return own == SNAP_YES || (own == SNAP_UNKNOWN && sudo_default(l, a, name) == SNAP_YES);
}

static bool asks_password(const struct place *l, const struct snap_account *a, const struct snap_sudo *r, const struct snap_account *target)
{
	if (r->nopasswd != SNAP_UNKNOWN)
		return r->nopasswd == SNAP_NO;
	return sudo_default(l, a, "authenticate") != SNAP_NO && a->uid != target->uid;
}

/* Programs of sudo's own, so that a machine without sudo gives nothing. */
static bool installed(const struct place *l, const char *program)
{
	for (size_t i = 0; i < l->s->nfiles; i++)
		if (slice_eqz(slice_basename(l->s->files[i].at.file), program))
			return true;
	return l->s->nfiles == 0; /* not looked at */
}

static void weigh(const struct place *l, const struct snap_account *a, const struct entry *e, const struct snap_account *target, struct gives *best)
{
	const struct snap_sudo *r = e->row;
	struct escape_why w = command_escape(r->commands.v[e->command], tag(l, a, r->noexec, "noexec"), tag(l, a, r->setenv, "setenv") || keeps_preload(l));
	struct gives g = {.why = w, .sure = tri_least(e->who, e->hosts), .only = w.only, .password = asks_password(l, a, r, target)};
	if (g.sure == SNAP_UNKNOWN)
		g.doubt = "whether the rule is about this account could not be told";
	if (w.how < ESCAPE_WRITE) {
		g.sure = SNAP_UNKNOWN;
		g.doubt = w.how == ESCAPE_READ ? "reads any file" : "perhaps";
	}
	if (command_digest(r->commands.v[e->command])) {
		g.sure = SNAP_UNKNOWN;
		g.doubt = "if the program is still the one of the digest";
	}
	if (r->chroot.n && !slice_eqz(r->chroot, "*"))
		g.sure = SNAP_UNKNOWN;
	if (g.password) {
		bool others = sudo_default(l, a, "rootpw") == SNAP_YES || sudo_default(l, a, "targetpw") == SNAP_YES || sudo_default(l, a, "runaspw") == SNAP_YES;
		if (a->password == SNAP_PW_LOCKED && !others)
			return; /* nothing that could be typed is right */
		g.sure = SNAP_UNKNOWN;
		g.doubt = others ? "asks for another account's password" : "asks for the account's password";
	}
	if (w.how == ESCAPE_NONE || (best->why.how != ESCAPE_NONE && (best->sure == SNAP_YES || g.sure != SNAP_YES) && best->why.how >= w.how))
		return;
	*best = g;
}

/* ---- the row's right ----------------------------------------------------------------------------------------------------------- */

static void list_text(struct buf *b, struct snap_list v, const char *none)
{
	for (size_t i = 0; i < v.n && i < 6; i++) {
		buf_addz(b, i ? ", " : "");
		buf_adds(b, v.v[i]);
	}
	if (v.n > 6)
		buf_addf(b, " and %zu more", v.n - 6);
	if (!v.n)
		buf_addz(b, none);
}

static uint32_t row_right(struct place *l, const struct snap_sudo *row)
{
	struct privilege *p = l->p;
	struct right *r = right_put(p, l, RIGHT_SUDO, SNAP_K_sudo, row);
	struct buf b = {0};
	list_text(&b, row->who, "nobody");
	r->holder = slice_dup(&p->mem, buf_slice(&b));
	b.n = 0;
	list_text(&b, row->run_as, "root");
	r->account = slice_dup(&p->mem, buf_slice(&b));
	b.n = 0;
	list_text(&b, row->commands, "nothing");
	r->text = say(p, "%.*s may run as %.*s on %.*s%s: %.*s", SLFMT(r->holder), SLFMT(r->account), SLFMT(l->s->host), row->nopasswd == SNAP_YES ? ", without a password" : "", SLFMT(buf_slice(&b)));
	buf_free(&b);
	for (size_t i = 0; i < row->commands.n; i++) {
		struct slice c = row->commands.v[i];
		struct escape_why w = command_escape(c, row->noexec == SNAP_YES, row->setenv == SNAP_YES);
		if (!command_negated(&c) && w.how >= ESCAPE_WRITE && !r->full) {
			r->full = true;
			r->why_full = slice_of(w.why);
		}
	}
	return r->id;
}

/* A row of "!" alone, for other hosts, or that is over, is no right. */
static bool gives_something(const struct place *l, const struct snap_sudo *row)
{
	bool any = false;
	for (size_t i = 0; i < row->commands.n && !any; i++) {
		struct slice c = row->commands.v[i];
		any = !command_negated(&c);
	}
	return any && sudo_hosts(l, row->hosts) != SNAP_NO && !sudo_over(l->p, row);
}

static bool names_group(struct slice by)
{
	return slice_starts(by, SL("%")) && !slice_starts(by, SL("%:"));
}

static struct slice group_of(const struct place *l, struct slice by)
{
	int64_t n;
	if (!slice_starts(by, SL("%#")))
		return slice_from(by, 1);
	const struct snap_group *g = slice_i64(slice_from(by, 2), &n) ? group_by_gid(l, n) : NULL;
	return g ? g->name : SLICE_NONE;
}

/* The right of the membership, to be a limb of its own. */
static uint32_t membership_right(struct place *l, size_t account, struct slice group)
{
	uint32_t node = group_node(l, group, SLICE_NONE);
	for (size_t i = l->p->edges.n; node != NO_NODE && i > 0; i--)
		if (l->p->edges.v[i - 1].to == node && l->p->edges.v[i - 1].from == l->account[account])
			return l->p->edges.v[i - 1].right;
	return NO_RIGHT;
}

static void sudo_edge(struct place *l, size_t account, const struct entry *e, uint32_t right, uint32_t target, const struct gives *g)
{
	struct privilege *p = l->p;
	struct slice text = say(p, "sudo%s, %s%s%s; %.*s", g->password ? "" : " without a password", g->why.why, g->doubt ? ", " : "", g->doubt ? g->doubt : "",
		SLFMT(where_of(p, l->s, &e->row->at)));
	if (!names_group(e->by)) {
		edge_put(p, l->account[account], target, right, "becomes", text, g->sure);
		return;
	}
	/* By way of the rule for the group, so that a membership can be taken away instead of the rule. */
	struct slice group = group_of(l, e->by), name = say(p, "%.*s|%.*s|%u", SLFMT(where_of(p, l->s, &e->row->at)), SLFMT(group), target);
	bool known = node_find(p, PRIV_RULE, l->s->host, name) != NO_NODE;
	uint32_t rule = node_put(p, PRIV_RULE, l->s->host, name, say(p, "the sudo rule for %%%.*s on %.*s", SLFMT(group), SLFMT(l->s->host)));
	edge_put(p, l->account[account], rule, membership_right(l, account, group), "has", say(p, "in group %.*s%s%s", SLFMT(group), g->doubt ? "; " : "", g->doubt ? g->doubt : ""), g->sure);
	if (!known)
		edge_put(p, rule, target, right, "gives", text, SNAP_YES);
}

/* ---- accounts ---------------------------------------------------------------------------------------------------------------------- */

struct sudo_state { struct place *l; uint32_t *right; /* of a row */ struct entries all; };

/* The row's best for this target; other rows may give the same: then there are two ways, and both have to go. */
static bool one_row(struct sudo_state *s, size_t account, size_t from, size_t to, size_t target)
{
	const struct snapshot *x = s->l->s;
	const struct snap_account *a = &x->accounts[account], *t = &x->accounts[target];
	const struct snap_sudo *row = s->all.v[from].row;
	enum snap_tri as = sudo_runas(s->l, row, a, t);
	struct gives best = {0};
	if (as == SNAP_NO)
		return false;
	for (size_t i = from; i < to; i++)
		if (!s->all.v[i].negated && !overridden(s->l, &s->all, i, a, t))
			weigh(s->l, a, &s->all.v[i], t, &best);
	if (best.why.how == ESCAPE_NONE)
		return false;
	best.sure = tri_least(best.sure, as);
	long only = best.only.n ? place_account(s->l, best.only) : PRIV_NONE;
	if (best.only.n && only == PRIV_NONE)
		return false;
	sudo_edge(s->l, account, &s->all.v[from], s->right[row - x->sudo], s->l->account[only != PRIV_NONE ? (size_t)only : target], &best);
	return t->uid == 0 && only == PRIV_NONE && best.sure == SNAP_YES;
}

static void one_account(struct sudo_state *s, size_t account)
{
	struct place *l = s->l;
	s->all.n = 0;
	collect(l, &l->s->accounts[account], &s->all);
	for (size_t from = 0, to; from < s->all.n; from = to) {
		bool root = false;
		for (to = from; to < s->all.n && s->all.v[to].row == s->all.v[from].row; to++)
			;
		for (size_t t = 0; t < l->s->naccounts; t++)
			if (l->s->accounts[t].uid == 0 && t != account)
				root |= one_row(s, account, from, to, t);
		/* Root is everybody else already. */
		for (size_t t = 0; t < l->s->naccounts && !root; t++)
			if (l->s->accounts[t].uid != 0 && t != account && s->all.v[from].row->run_as.n)
				one_row(s, account, from, to, t);
	}
}

void rights_sudo(struct place *l)
{
	struct sudo_state s = {.l = l, .right = xcalloc(l->s->nsudo + 1, sizeof(uint32_t))};
	for (size_t i = 0; i < l->s->nsudo; i++)
		s.right[i] = gives_something(l, &l->s->sudo[i]) ? row_right(l, &l->s->sudo[i]) : NO_RIGHT;
	for (size_t i = 0; i < l->s->naccounts && l->s->nsudo && installed(l, "sudo"); i++)
		if (l->s->accounts[i].uid != 0)
			one_account(&s, i);
	free(s.right);
	free(s.all.v);
}

/* ---- doas ----------------------------------------------------------------------------------------------------------------------------- */

static bool has_option(const struct snap_doas *d, const char *name)
{
	for (size_t i = 0; i < d->options.n; i++)
		if (slice_eqz(d->options.v[i], name))
			return true;
	return false;
}

static bool doas_who(const struct place *l, const struct snap_account *a, struct slice who)
{
	return slice_starts(who, SL(":")) ? in_group(l, a, slice_from(who, 1)) : slice_eq(who, a->name);
}

static struct slice doas_command(struct privilege *p, const struct snap_doas *d)
{
	struct buf b = {0};
	buf_adds(&b, d->command.n ? d->command : SL("ALL"));
	for (size_t i = 0; i < d->args.n; i++) {
		buf_addc(&b, ' ');
		buf_adds(&b, d->args.v[i]);
	}
	struct slice s = slice_dup(&p->mem, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* The last rule that fits decides: a later one that covers this one makes it moot. */
static bool doas_later(const struct place *l, size_t at, const struct snap_account *a, const struct snap_account *t)
{
	const struct snap_doas *this = &l->s->doas[at];
	for (size_t i = at + 1; i < l->s->ndoas; i++) {
		const struct snap_doas *d = &l->s->doas[i];
		bool all = !d->command.n, same = slice_eq(d->command, this->command) && (!d->args.n || d->args.n == this->args.n);
		if (doas_who(l, a, d->who) && (!d->run_as.n || slice_eq(d->run_as, t->name)) && (all || same))
			return true;
	}
	return false;
}

static void doas_edges(struct place *l, size_t at, uint32_t right, const struct escape_why *w)
{
	struct privilege *p = l->p;
	const struct snap_doas *d = &l->s->doas[at];
	bool nopass = has_option(d, "nopass");
	struct slice text = say(p, "doas%s, %s; %.*s", nopass ? " without a password" : ", asks for the account's password", w->why, SLFMT(where_of(p, l->s, &d->at)));
	for (size_t i = 0; i < l->s->naccounts; i++) {
		const struct snap_account *a = &l->s->accounts[i];
		if (a->uid == 0 || !doas_who(l, a, d->who) || (!nopass && a->password == SNAP_PW_LOCKED))
			continue;
		for (size_t t = 0; t < l->s->naccounts; t++) {
			const struct snap_account *x = &l->s->accounts[t];
			if ((d->run_as.n ? slice_eq(d->run_as, x->name) : x->uid == 0) && !doas_later(l, at, a, x))
				edge_put(p, l->account[i], l->account[t], right, "becomes", text, nopass && w->how >= ESCAPE_WRITE ? SNAP_YES : SNAP_UNKNOWN);
		}
	}
}

void rights_doas(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->ndoas; i++) {
		const struct snap_doas *d = &l->s->doas[i];
		if (!slice_eqz(d->action, "permit"))
			continue;
		struct slice command = doas_command(p, d);
		/* doas compares arguments as they are written, without wildcards. */
		struct escape_why w = command_escape(command, false, has_option(d, "keepenv"));
		struct right *r = right_put(p, l, RIGHT_DOAS, SNAP_K_doas, d);
		uint32_t id = r->id;
		r->holder = d->who;
		r->account = d->run_as.n ? d->run_as : SL("root");
		r->full = w.how >= ESCAPE_WRITE;
		r->why_full = r->full ? slice_of(w.why) : SLICE_NONE;
		r->text = say(p, "%.*s may run as %.*s on %.*s by doas: %.*s", SLFMT(d->who), SLFMT(r->account), SLFMT(l->s->host), SLFMT(command));
		if (w.how != ESCAPE_NONE)
			doas_edges(l, i, id, &w);
	}
}
