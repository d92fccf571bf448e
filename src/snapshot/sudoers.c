/* sudoers.c - logical lines of sudoers to rows, in sudo's order; a line with an error is skipped and named, as sudo does (error_recovery, sudo 1.9).
 *
 * cvtsudoers says the same, but not where a rule stands, nothing at all of a text with one error, and no JSON where CWD= or CHROOT= is set (sudo#369); sudo_check.c
 * sets both side by side.
 */
#include "snapshot/sudoers_private.h"

#include <stdlib.h>

/* What runs on from one command to the next within a rule. */
struct state {
	struct sudo_list users, groups; /* of ( : ) */
	bool runas;           /* ( ) was there */
	enum snap_tri nopasswd, noexec, setenv;
	struct slice cwd, chroot, not_before, not_after;
};
struct spec { struct state st; struct sudo_member command; }; /* its lists belong to the rule that keeps them */
struct rule {
	struct sudo_list users, hosts;
	struct { struct spec *v; size_t n, cap; } specs;
	struct { struct sudo_list *v; size_t n, cap; } owned; /* lists of specs */
};
struct reader {
	struct snapshot *s;
	struct sudo_aliases *aliases;
	struct sudo_line *line;
	struct sudo_cursor c;
	struct slice runas_default;
	enum snap_tri nopasswd, noexec, setenv; /* of Defaults for all */
};

static struct snap_at at(const struct reader *r)
{
	return (struct snap_at){r->line->file, r->line->line};
}

static bool wrong(struct reader *r, const char *why)
{
	if (!r->c.why)
		r->c.why = why;
	return false;
}

/* ---- aliases ------------------------------------------------------------------------------------------------------------ */
static const struct { const char *word; enum sudo_class k; } alias_words[] = {
	{"User_Alias", SUDO_USER}, {"Runas_Alias", SUDO_RUNAS}, {"Host_Alias", SUDO_HOST}, {"Cmnd_Alias", SUDO_CMND}, {"Cmd_Alias", SUDO_CMND},
};

static bool begins(const struct sudo_cursor *c, const char *word)
{
	size_t n = strlen(word), left = (size_t)(c->end - c->p);
	return left > n && memcmp(c->p, word, n) == 0 && (c->p[n] == ' ' || c->p[n] == '\t');
}

static const enum sudo_class *alias_line(struct reader *r)
{
	for (size_t i = 0; i < ARRAY_LEN(alias_words); i++)
		if (begins(&r->c, alias_words[i].word)) {
			r->c.p += strlen(alias_words[i].word);
			return &alias_words[i].k;
		}
	return NULL;
}

static bool aliases(struct reader *r, enum sudo_class k)
{
	for (bool first = true; first || sudo_take(&r->c, ':'); first = false) {
		struct slice name;
		struct sudo_list l = {0};
		r->line->partly = !first;
		if (!sudo_capitals(&r->c, '=', &name))
			return wrong(r, "an alias without a name in capitals and =");
		bool good = !slice_eqz(name, "ALL") && sudo_members(&r->c, k, &l);
		if (good && !sudo_alias_add(r->aliases, k, name, &l))
			good = wrong(r, "an alias that is defined already; the first one holds");
		free(l.v);
		if (!good)
			return wrong(r, "no list");
	}
	r->line->partly = true;
	return sudo_at_end(&r->c) || wrong(r, "something is left over");
}

/* ---- rules ---------------------------------------------------------------------------------------------------------------- */
static void rule_free(struct rule *u)
{
	for (size_t i = 0; i < u->owned.n; i++)
		free(u->owned.v[i].v);
	free(u->owned.v);
	free(u->users.v);
	free(u->hosts.v);
	free(u->specs.v);
}

/* "(users : groups)", both may be missing. */
static bool runas(struct reader *r, struct rule *u, struct state *st)
{
	if (!sudo_take(&r->c, '('))
		return true;
	struct sudo_list l[2] = {{0}, {0}};
	bool good = true, colon = false;
	st->runas = true;
	if (!sudo_take(&r->c, ')')) {
		colon = sudo_take(&r->c, ':');
		if (!colon) {
			good = sudo_members(&r->c, SUDO_RUNAS, &l[0]);
			colon = good && sudo_take(&r->c, ':');
		}
		if (good && colon && !sudo_take(&r->c, ')')) {
			good = sudo_members(&r->c, SUDO_RUNAS, &l[1]) && sudo_take(&r->c, ')');
		} else if (good && !colon)
			good = sudo_take(&r->c, ')');
	}
	*vec_push(&u->owned) = l[0];
	*vec_push(&u->owned) = l[1];
	st->users = l[0];
	st->groups = l[1];
	return good || wrong(r, "( ) that does not end well");
}

static size_t digits(struct slice s, size_t at)
{
	size_t n = 0;
	while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
		n++;
	return n;
}

/* Generalised time as sudo reads it (RFC 4517, 3.3.13): "2026070112[00[00]][.5][Z|+hh[mm]]". */
static bool is_time(struct slice s)
{
	size_t n = digits(s, 0), at = n;
	if (n != 10 && n != 12 && n != 14)
		return false;
	if (at < s.n && (s.p[at] == '.' || s.p[at] == ',')) {
		size_t fraction = digits(s, at + 1);
		if (!fraction)
			return false;
		at += 1 + fraction;
	}
	if (at == s.n)
		return true;
	if (s.p[at] == 'Z')
		return at + 1 == s.n;
	n = digits(s, at + 1);
	return (s.p[at] == '+' || s.p[at] == '-') && (n == 2 || n == 4) && at + 1 + n == s.n;
}

static bool options(struct reader *r, struct state *st)
{
	static const char *const others[] = {"ROLE", "TYPE", "APPARMOR_PROFILE", "PRIVS", "LIMITPRIVS", "TIMEOUT"};
	const struct { const char *name; struct slice *to; } kept[] = {
		{"CWD", &st->cwd}, {"CHROOT", &st->chroot}, {"NOTBEFORE", &st->not_before}, {"NOTAFTER", &st->not_after},
	};
	for (;;) {
		struct sudo_cursor back = r->c;
		struct slice name, value, *to = NULL;
		bool known = false;
		if (!sudo_capitals(&r->c, '=', &name)) {
			r->c = back;
			return true;
		}
		for (size_t i = 0; i < ARRAY_LEN(kept); i++)
			if (slice_eqz(name, kept[i].name))
				to = kept[i].to;
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			known |= slice_eqz(name, others[i]);
		if (!to && !known)
			return wrong(r, "an option that sudo does not know");
		if (!sudo_value(&r->c, &value) || !value.n)
			return wrong(r, "an option without a value");
		if ((to == &st->not_before || to == &st->not_after) && !is_time(value))
			return wrong(r, "a time that sudo does not read");
		if (to)
			*to = value;
	}
}

static bool tags(struct reader *r, struct state *st)
{
	static const char *const others[] = {"LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT", "MAIL", "NOMAIL", "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT"};
	const struct { const char *name; enum snap_tri *to, value; } kept[] = {
		{"NOPASSWD", &st->nopasswd, SNAP_YES}, {"PASSWD", &st->nopasswd, SNAP_NO}, {"NOEXEC", &st->noexec, SNAP_YES}, {"EXEC", &st->noexec, SNAP_NO},
		{"SETENV", &st->setenv, SNAP_YES}, {"NOSETENV", &st->setenv, SNAP_NO},
	};
	for (;;) {
		struct sudo_cursor back = r->c;
		struct slice name;
		bool known = false;
		if (!sudo_capitals(&r->c, ':', &name)) {
			r->c = back;
			return true;
		}
		for (size_t i = 0; i < ARRAY_LEN(kept); i++)
			if (slice_eqz(name, kept[i].name)) {
				*kept[i].to = kept[i].value;
				known = true;
			}
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			known |= slice_eqz(name, others[i]);
		if (!known) { /* "ALL : host = ..." or an alias before the next host */
			r->c = back;
			return true;
		}
	}
}

static bool specs(struct reader *r, struct rule *u)
{
	struct state st = {0};
	do {
		struct spec sp;
		if (!runas(r, u, &st) || !options(r, &st) || !tags(r, &st) || !sudo_member(&r->c, SUDO_CMND, &sp.command))
			return false;
		sp.st = st;
		if (sp.command.plain && !sp.command.negated && slice_eqz(sp.command.text, "ALL") && st.setenv == SNAP_UNKNOWN)
			sp.st.setenv = SNAP_YES; /* goes with ALL, and with ALL alone */
		*vec_push(&u->specs) = sp;
		if (u->specs.n > SNAP_LIST_MAX)
			return wrong(r, "more commands than are read");
	} while (sudo_take(&r->c, ','));
	return true;
}

static bool same(const struct state *a, const struct state *b)
{
	return a->users.v == b->users.v && a->groups.v == b->groups.v && a->runas == b->runas && a->nopasswd == b->nopasswd && a->noexec == b->noexec &&
	       a->setenv == b->setenv && slice_eq(a->cwd, b->cwd) && slice_eq(a->chroot, b->chroot) && slice_eq(a->not_after, b->not_after) &&
	       slice_eq(a->not_before, b->not_before);
}

/* Where nothing is said it stays open: Defaults of a user or a host may say it. */
static enum snap_tri tri(enum snap_tri said, enum snap_tri otherwise)
{
	return said != SNAP_UNKNOWN ? said : otherwise;
}

static struct snap_list one_text(struct snapshot *s, struct slice t)
{
	struct snap_list l = {arena_alloc(&s->mem, sizeof *l.v), 1};
	l.v[0] = t;
	return l;
}

/* Specs from..to-1, which differ in their commands alone. False: must not be told. */
static bool row_of(struct reader *r, const struct rule *u, size_t from, size_t to, struct snap_sudo *row, const char **why)
{
	const struct state *st = &u->specs.v[from].st;
	struct sudo_list commands = {0};
	for (size_t i = from; i < to; i++)
		*vec_push(&commands) = u->specs.v[i].command;
	*row = (struct snap_sudo){.at = at(r), .nopasswd = tri(st->nopasswd, r->nopasswd), .noexec = tri(st->noexec, r->noexec), .setenv = tri(st->setenv, r->setenv),
				  .not_before = st->not_before, .not_after = st->not_after, .cwd = st->cwd, .chroot = st->chroot};
	bool good = sudo_expand(r->s, r->aliases, SUDO_USER, &u->users, &row->who, why);
	good &= sudo_expand(r->s, r->aliases, SUDO_HOST, &u->hosts, &row->hosts, why);
	good &= sudo_expand(r->s, r->aliases, SUDO_RUNAS, &st->users, &row->run_as, why);
	good &= sudo_expand(r->s, r->aliases, SUDO_RUNAS, &st->groups, &row->run_as_groups, why);
	good &= sudo_expand(r->s, r->aliases, SUDO_CMND, &commands, &row->commands, why);
	if (st->runas && !st->users.n)
		row->run_as = one_text(r->s, SL("(self)"));
	else if (!st->runas && r->runas_default.n)
		row->run_as = one_text(r->s, r->runas_default);
	free(commands.v);
	return good && row->who.n && row->hosts.n && row->commands.n && (row->run_as.n || !st->users.n);
}

static void rule_rows(struct reader *r, const struct rule *u)
{
	for (size_t from = 0, to; from < u->specs.n; from = to) {
		const char *why = NULL;
		struct snap_sudo row;
		for (to = from + 1; to < u->specs.n && same(&u->specs.v[from].st, &u->specs.v[to].st);)
			to++;
		if (r->s->nsudo < SNAP_ROWS_MAX / 4 && row_of(r, u, from, to, &row, &why)) {
			struct snap_sudo *to_row = snapshot_add(r->s, SNAP_K_sudo);
			*to_row = row;
		}
		if (why)
			add_missing(r->s, at(r), "sudo", why);
	}
}

/* What stands behind a rule must be its end, or the next one's colon: else the rule itself is wrong. */
static void blanks_before_end(struct reader *r, bool *good)
{
	if (*good && !sudo_at_end(&r->c) && *r->c.p != ':')
		*good = wrong(r, "something is left over");
}

/* users hosts = specs : hosts = specs ... With an error in one of them those before it hold. */
static bool user_line(struct reader *r)
{
	struct { struct rule *v; size_t n, cap; } all = {0};
	struct sudo_list users = {0};
	bool good = sudo_members(&r->c, SUDO_USER, &users);
	size_t whole = 0;
	do {
		if (!good)
			break;
		struct rule *u = vec_push(&all);
		*u = (struct rule){0};
		bool hosts = sudo_members(&r->c, SUDO_HOST, &u->hosts) && (sudo_take(&r->c, '=') || wrong(r, "no = behind the hosts"));
		if (!hosts && !sudo_at_end(&r->c))
			whole = 0; /* tried with sudo 1.9.13: such an error among the hosts takes all of the line with it, any other what stands behind it */
		good = hosts && specs(r, u);
		blanks_before_end(r, &good);
		whole += good;
	} while (good && sudo_take(&r->c, ':'));
	good = good && (sudo_at_end(&r->c) || wrong(r, "something is left over"));
	r->line->partly = !good && whole;
	for (size_t i = 0; i < all.n; i++) {
		all.v[i].users = users;
		if (i < whole)
			rule_rows(r, &all.v[i]);
		all.v[i].users = (struct sudo_list){0};
		rule_free(&all.v[i]);
	}
	free(all.v);
	free(users.v);
	return good;
}

/* ---- defaults --------------------------------------------------------------------------------------------------------------- */
static void tell_default(struct reader *r, const char *prefix, const struct snap_list *scope, struct slice name, struct slice value)
{
	for (size_t i = 0; i < MAX(scope->n, (size_t)1) && r->s->nsudo_defaults < SNAP_ROWS_MAX / 4; i++) {
		struct slice of = scope->n ? text_f(r->s, "%s:%.*s", prefix, SLFMT(scope->v[i])) : SL("");
		struct snap_sudo_default *d = snapshot_add(r->s, SNAP_K_sudo_default);
		*d = (struct snap_sudo_default){at(r), of, name, value};
	}
}

/* Defaults for all that change what a rule says. */
static void remember(struct reader *r, struct slice name, struct slice value)
{
	bool yes = slice_eqz(value, "true");
	if (slice_eqz(name, "authenticate"))
		r->nopasswd = yes ? SNAP_NO : SNAP_YES;
	else if (slice_eqz(name, "noexec"))
		r->noexec = yes ? SNAP_YES : SNAP_NO;
	else if (slice_eqz(name, "setenv"))
		r->setenv = yes ? SNAP_YES : SNAP_NO;
	else if (slice_eqz(name, "runas_default"))
		r->runas_default = slice_eqz(value, "root") ? SLICE_NONE : value;
}

static bool setting(struct reader *r, struct slice *name, struct slice *value)
{
	bool negated = false;
	while (sudo_take(&r->c, '!'))
		negated = !negated;
	if (sudo_at_end(&r->c))
		return wrong(r, "a setting is missing");
	const char *q = r->c.p;
	while (q < r->c.end && ((*q >= 'a' && *q <= 'z') || *q == '_' || (*q >= '0' && *q <= '9')))
		q++;
	*name = slice_dup(&r->s->mem, slice_make(r->c.p, (size_t)(q - r->c.p)));
	r->c.p = q;
	*value = negated ? SL("false") : SL("true");
	if (!name->n)
		return wrong(r, "no name of a setting");
	char sign = sudo_take(&r->c, '+') ? '+' : sudo_take(&r->c, '-') ? '-' : 0;
	if (!sudo_take(&r->c, '='))
		return !sign || wrong(r, "+ or - without =");
	struct slice text;
	bool quoted = !sudo_at_end(&r->c) && *r->c.p == '"';
	if (negated || !sudo_value(&r->c, &text))
		return wrong(r, "a setting that is negated and has a value");
	if (!text.n && !quoted)
		return wrong(r, "= without a value");
	*value = sign ? text_f(r->s, "%c=%.*s", sign, SLFMT(text)) : text;
	return true;
}

static bool defaults(struct reader *r, bool tell)
{
	static const struct { char sign; const char *prefix; enum sudo_class k; } scopes[] = {
		{':', "user", SUDO_USER}, {'@', "host", SUDO_HOST}, {'>', "runas", SUDO_RUNAS}, {'!', "cmnd", SUDO_CMND},
	};
	struct sudo_list l = {0};
	struct snap_list scope = {0};
	const char *prefix = NULL, *why = NULL;
	bool good = true;
	for (size_t i = 0; i < ARRAY_LEN(scopes) && !prefix; i++)
		if (r->c.p < r->c.end && *r->c.p == scopes[i].sign) {
			r->c.p++;
			prefix = scopes[i].prefix;
			r->c.bare = true;
			good = sudo_members(&r->c, scopes[i].k, &l) && sudo_expand(r->s, r->aliases, scopes[i].k, &l, &scope, &why);
		}
	free(l.v);
	while (good) {
		struct slice name, value;
		good = setting(r, &name, &value);
		if (good && tell && (!prefix || scope.n))
			tell_default(r, prefix, &scope, name, value);
		else if (good && !prefix)
			remember(r, name, value);
		if (!sudo_take(&r->c, ','))
			break;
	}
	return good && (sudo_at_end(&r->c) || wrong(r, "something is left over"));
}

/* ---- passes -------------------------------------------------------------------------------------------------------------------- */
/* Aliases may be used before they are defined, and Defaults hold for rules above them: three passes. */
enum pass { PASS_ALIASES, PASS_SETTINGS, PASS_RULES };

static bool one_line(struct reader *r, enum pass pass)
{
	const enum sudo_class *k = NULL;
	if (sudo_at_end(&r->c))
		return true;
	if ((k = alias_line(r)))
		return pass == PASS_ALIASES ? aliases(r, *k) : true;
	struct slice rest = slice_make(r->c.p, (size_t)(r->c.end - r->c.p));
	if (slice_starts(rest, SL("Defaults")) && rest.n > 8 && strchr(" \t:@>!", rest.p[8])) {
		r->c.p += 8;
		return pass == PASS_ALIASES ? true : defaults(r, pass == PASS_RULES);
	}
	return pass == PASS_RULES ? user_line(r) : true;
}

void sudoers_rows(struct snapshot *s, struct sudo_lines *lines)
{
	struct reader r = {.s = s, .aliases = sudo_aliases_new()};
	for (enum pass pass = PASS_ALIASES; pass <= PASS_RULES; pass++)
		for (size_t i = 0; i < lines->n; i++) {
			r.line = &lines->v[i];
			r.c = sudo_cursor_of(r.line->text, &s->mem);
			if (r.line->bad || one_line(&r, pass))
				continue;
			r.line->bad = true;
			add_missing(s, at(&r), "sudo", text_f(s, "an error, so that sudo skips the line: %s", r.c.why ? r.c.why : "it cannot be understood").p);
		}
	sudo_aliases_free(r.aliases);
}
