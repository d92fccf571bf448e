/* sudo_use.c - which rule let a logged command through: the last that fits (sudoers(5)). Where that cannot be told - accounts of a directory, commands as
 * auditd has them, paths that differ, quotes - the rule's "never" cannot be said either. */
#include "privilege/privilege_private.h"

#include <stdlib.h>

enum { OBSERVED_MAX = 2000 };

static bool has_wildcard(struct slice s)
{
	return slice_chr(s, '*') >= 0 || slice_chr(s, '?') >= 0 || slice_chr(s, '[') >= 0;
}

static bool quoted(struct slice s)
{
	return slice_chr(s, '\\') >= 0 || slice_chr(s, '\'') >= 0 || slice_chr(s, '"') >= 0 || slice_chr(s, '#') >= 0;
}

/* /bin and /usr/bin are one folder on most machines, and sudo compares files, not names. */
static bool matches_merged(struct slice rule, struct slice line)
{
	static const char *const folders[] = {"/bin/", "/sbin/"};
	struct buf other = {0};
	bool merged = false, fits;
	struct slice rest = slice_starts(line, SL("/usr/")) ? slice_from(line, 4) : line;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		merged = merged || slice_starts(rest, slice_of(folders[i]));
	if (command_matches(rule, line) || !merged)
		return command_matches(rule, line);
	if (rest.n == line.n)
		buf_addz(&other, "/usr");
	buf_adds(&other, rest);
	fits = command_matches(rule, buf_slice(&other));
	buf_free(&other);
	return fits;
}

/* A command without its path: the rule's own path stands in for it. */
static enum snap_tri matches_typed(struct slice rule, struct slice path, struct slice name, struct slice line)
{
	struct buf full = {0};
	if (slice_eqz(path, "ALL"))
		return SNAP_YES;
	if (slice_ends(path, SL("/")) || has_wildcard(path))
		return SNAP_UNKNOWN;
	if (!slice_eq(slice_basename(path), name))
		return SNAP_NO;
	buf_adds(&full, path);
	buf_adds(&full, slice_from(line, name.n));
	bool fits = command_matches(rule, buf_slice(&full));
	buf_free(&full);
	return fits ? SNAP_YES : quoted(line) || quoted(rule) ? SNAP_UNKNOWN : SNAP_NO;
}

static enum snap_tri matches(struct slice rule, const struct usage_sudo_row *r)
{
	struct slice args, given;
	bool has_args, has_given;
	struct slice path = command_program(rule, &args, &has_args), program = command_program(r->command, &given, &has_given);
	if (slice_eqz(path, "ALL"))
		return SNAP_YES;
	if (slice_starts(path, SL("^")) || slice_starts(args, SL("^")))
		return SNAP_UNKNOWN; /* a regular expression */
	bool edit = slice_eqz(path, "sudoedit") || slice_eqz(program, "sudoedit");
	if (!slice_starts(program, SL("/")) && !edit)
		return matches_typed(rule, path, program, r->command);
	if (matches_merged(rule, r->command))
		return SNAP_YES;
	if (!slice_eq(slice_basename(path), slice_basename(program)))
		return SNAP_NO;
	bool same = slice_eq(path, program);
	return r->cut || !same || quoted(r->command) || quoted(rule) ? SNAP_UNKNOWN : SNAP_NO;
}

/* The last command of the list that fits decides. *any: one of them does, also one behind "!". */
static enum snap_tri list_matches(struct snap_list commands, const struct usage_sudo_row *r, enum snap_tri *any)
{
	enum snap_tri found = SNAP_NO;
	*any = SNAP_NO;
	for (size_t i = 0; i < commands.n; i++) {
		struct slice c = commands.v[i];
		bool not = command_negated(&c);
		enum snap_tri hit = matches(c, r);
		if (hit == SNAP_YES) {
			found = not ? SNAP_NO : SNAP_YES;
			*any = SNAP_YES;
		} else if (hit == SNAP_UNKNOWN) {
			found = found == SNAP_YES && !not ? SNAP_YES : SNAP_UNKNOWN;
			*any = *any == SNAP_YES ? SNAP_YES : SNAP_UNKNOWN;
		}
	}
	return found;
}

/* Names against a list, for an account that the snapshot does not have: of what groups it is cannot be known. */
static enum snap_tri names_list(struct snap_list v, struct slice name)
{
	enum snap_tri found = SNAP_NO;
	for (size_t i = 0; i < v.n; i++) {
		struct slice w = v.v[i];
		bool not = command_negated(&w);
		bool unknown = slice_starts(w, SL("%")) || slice_starts(w, SL("+")) || slice_starts(w, SL("#"));
		if (unknown)
			found = found == SNAP_YES && !not ? SNAP_YES : SNAP_UNKNOWN;
		else if (slice_eqz(w, "ALL") || slice_eq(w, name))
			found = not ? SNAP_NO : SNAP_YES;
	}
	return found;
}

static const struct snap_account *account_at(const struct place *l, struct slice name)
{
	long i = place_account(l, name);
	return i == PRIV_NONE ? NULL : &l->s->accounts[i];
}

static enum snap_tri who_fits(const struct place *l, const struct snap_sudo *row, const struct usage_sudo_row *r)
{
	struct slice by;
	const struct snap_account *a = account_at(l, r->account);
	return a ? sudo_who(l, a, row->who, &by) : names_list(row->who, r->account);
}

static enum snap_tri run_as_fits(const struct place *l, const struct snap_sudo *row, const struct usage_sudo_row *r)
{
	const struct snap_account *a = account_at(l, r->account), *t = account_at(l, r->run_as);
	if (!r->run_as.n)
		return SNAP_UNKNOWN;
	if (a && t)
		return sudo_runas(l, row, a, t);
	if (!row->run_as.n)
		return slice_eqz(r->run_as, "root") ? SNAP_YES : SNAP_NO;
	return names_list(row->run_as, r->run_as);
}

/* Does the rule speak of this command at all, and would it let it through? */
static enum snap_tri speaks(const struct place *l, const struct snap_sudo *row, const struct usage_sudo_row *r, enum snap_tri *permits)
{
	enum snap_tri any, cond = tri_least(who_fits(l, row, r), sudo_hosts(l, row->hosts)), as;
	*permits = SNAP_NO;
	if (cond == SNAP_NO || sudo_over(l->p, row) || (as = run_as_fits(l, row, r)) == SNAP_NO)
		return SNAP_NO;
	enum snap_tri listed = list_matches(row->commands, r, &any);
	/* what auditd tells has no target: a rule for root is the plain reading */
	bool as_root = !r->run_as.n && !row->run_as.n;
	cond = tri_least(cond, as_root ? SNAP_YES : as);
	*permits = tri_least(cond, listed);
	return tri_least(cond, any);
}

struct sudo_look {
	const struct place *l;
	const struct snap_sudo *row;
	const struct snap_doas *doas;
	nstime since;
	struct slice only;         /* this account's commands; none: everybody's */
	struct observed *out;
	struct usage_seen seen;
	const char *unclear;
};

static enum snap_tri by_rule(const struct sudo_look *k, const struct usage_sudo_row *r)
{
	const struct snapshot *s = k->l->s;
	enum snap_tri permits, ignored;
	if (speaks(k->l, k->row, r, &permits) == SNAP_NO || permits == SNAP_NO)
		return SNAP_NO;
	for (const struct snap_sudo *later = k->row + 1; later < s->sudo + s->nsudo; later++) {
		enum snap_tri hit = speaks(k->l, later, r, &ignored);
		if (hit == SNAP_YES)
			return SNAP_NO;
		if (hit == SNAP_UNKNOWN)
			permits = SNAP_UNKNOWN;
	}
	return permits;
}

/* doas has the last rule decide, too; which one is not followed: any that fits counts. */
static enum snap_tri by_doas(const struct sudo_look *k, const struct usage_sudo_row *r)
{
	const struct snap_doas *d = k->doas;
	const struct snap_account *a = account_at(k->l, r->account);
	bool group = slice_starts(d->who, SL(":"));
	struct slice args, given = d->command;
	bool has_args;
	if (group ? a && !in_group(k->l, a, slice_from(d->who, 1)) : !slice_eq(d->who, r->account))
		return SNAP_NO;
	if (d->run_as.n && r->run_as.n && !slice_eq(d->run_as, r->run_as))
		return SNAP_NO;
	if (given.n && !slice_eq(slice_basename(given), slice_basename(command_program(r->command, &args, &has_args))))
		return SNAP_NO;
	return group && !a ? SNAP_UNKNOWN : SNAP_YES;
}

static void merge(struct usage_seen *into, const struct usage_seen *s)
{
	if (!into->count || s->first < into->first)
		into->first = s->first;
	if (!into->count || s->last >= into->last) {
		into->last = s->last;
		into->evidence = s->evidence;
	}
	into->count += s->count;
}

static void observe(struct observed *out, const struct usage_sudo_row *r, enum snap_tri fits)
{
	if (fits == SNAP_UNKNOWN || r->cut || !r->run_as.n)
		out->more = true; /* what was run is not wholly known */
	for (size_t i = 0; i < out->n; i++)
		if (slice_eq(out->v[i], r->command))
			return;
	if (out->n < OBSERVED_MAX)
		*vec_push(out) = r->command;
	else
		out->more = true;
}

static bool on_command(void *arg, const struct usage_sudo_row *r)
{
	struct sudo_look *k = arg;
	bool doas = slice_eqz(r->program, "doas"), pkexec = slice_eqz(r->program, "pkexec");
	if (pkexec || doas != (k->doas != NULL) || (k->only.n && !slice_eq(k->only, r->account)))
		return true;
	enum snap_tri fits = k->doas ? by_doas(k, r) : by_rule(k, r);
	if (fits == SNAP_NO)
		return true;
	if (fits == SNAP_YES)
		merge(&k->seen, &r->seen);
	else if (r->seen.last >= k->since)
		k->unclear = account_at(k->l, r->account) ? "commands were run that it may have let through" : "accounts that the snapshot does not have ran commands that it may have let through";
	if (k->out)
		observe(k->out, r, fits);
	return true;
}

/* Defaults that keep sudo from logging. */
static const char *silenced(const struct place *l)
{
	for (size_t i = 0; i < l->s->nsudo_defaults; i++) {
		const struct snap_sudo_default *d = &l->s->sudo_defaults[i];
		if ((slice_eqz(d->name, "syslog") || slice_eqz(d->name, "log_allowed")) && slice_eqz(d->value, "false"))
			return "sudo is told not to log (Defaults)";
	}
	return NULL;
}

/* Whom the rule names; of doas the one. */
static struct snap_list whom(const struct sudo_look *k, struct slice *one)
{
	if (k->row)
		return k->row->who;
	*one = k->doas->who;
	return (struct snap_list){one, 1};
}

/* Names and nothing else: then whom the rule is about is known without the groups of a directory. */
static bool only_names(struct snap_list who)
{
	for (size_t i = 0; i < who.n; i++)
		if (slice_chr(SL("%+#:!"), who.v[i].n ? who.v[i].p[0] : '!') >= 0 || slice_eqz(who.v[i], "ALL"))
			return false;
	return true;
}

static const char *forgotten(const struct sudo_look *k, const struct usage *u)
{
	static const char why[] = "more commands were logged than can be remembered";
	if (!usage_forgot(u, k->l->s->host, SLICE_NONE))
		return NULL;
	struct slice one;
	struct snap_list who = whom(k, &one);
	if (!only_names(who))
		return why;
	for (size_t i = 0; i < who.n; i++)
		if (usage_forgot(u, k->l->s->host, who.v[i]))
			return why;
	return NULL;
}

const char *sudo_seen(const struct privilege *p, const struct place *l, const struct right *r, const struct usage *u, struct observed *out, struct usage_seen *seen)
{
	struct sudo_look k = {.l = l, .row = r->kind == RIGHT_SUDO ? r->row : NULL, .doas = r->kind == RIGHT_DOAS ? r->row : NULL,
		.since = p->opt.now - (nstime)p->opt.days * NS_DAY, .out = out};
	usage_sudo_each(u, r->host, SLICE_NONE, on_command, &k);
	*seen = k.seen;
	const char *why = k.row ? silenced(l) : NULL;
	if (!why)
		why = k.unclear;
	return why ? why : forgotten(&k, u);
}

/* Is the account among `who` by this group, and not by name? */
static bool by_group(struct snap_list who, struct slice account, const struct snap_group *g)
{
	bool group = false;
	for (size_t i = 0; i < who.n; i++) {
		struct slice w = who.v[i];
		int64_t n;
		if (slice_eq(w, account) || slice_eqz(w, "ALL"))
			return false;
		if (slice_starts(w, SL("%#")))
			group = group || (slice_i64(slice_from(w, 2), &n) && n == g->gid);
		else if (slice_starts(w, SL("%")))
			group = group || slice_eq(slice_from(w, 1), g->name);
	}
	return group;
}

const char *group_seen(const struct privilege *p, const struct place *l, const struct right *r, const struct usage *u, struct usage_seen *seen)
{
	const struct snap_group *g = r->row_kind == SNAP_K_group ? r->row : group_by_gid(l, ((const struct snap_account *)r->row)->gid);
	*seen = (struct usage_seen){0};
	for (size_t i = 0; g && i < l->s->nsudo; i++) {
		const struct snap_sudo *row = &l->s->sudo[i];
		if (!by_group(row->who, r->account, g))
			continue;
		struct sudo_look k = {.l = l, .row = row, .only = r->account, .since = p->opt.now - (nstime)p->opt.days * NS_DAY};
		usage_sudo_each(u, r->host, r->account, on_command, &k);
		if (k.seen.count)
			merge(seen, &k.seen);
	}
	return "beside sudo commands logs do not show what a group is used for";
}
