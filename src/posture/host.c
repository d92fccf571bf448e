/* host.c - what a check sees of one machine, and how it says what it saw. */
#include "posture/posture_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- saying ---------------------------------------------------------------------------------------------------------------- */

void host_begin(struct posture_host *h)
{
	h->nevidence = 0;
	h->found = 0;
	h->unsure = h->said = SLICE_NONE;
}

static struct slice text_of(struct posture_host *h, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static struct slice text_of(struct posture_host *h, const char *fmt, va_list ap)
{
	char line[POSTURE_LINE_MAX + 1];
	int n = vsnprintf(line, sizeof line, fmt, ap);
	return slice_dup(h->mem, slice_make(line, n < 0 ? 0 : MIN((size_t)n, sizeof line - 1)));
}

void host_unsure(struct posture_host *h, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (!h->unsure.n)
		h->unsure = text_of(h, fmt, ap);
	va_end(ap);
}

bool host_reads(struct posture_host *h, const char *section)
{
	for (size_t i = 0; i < h->s->nmissing; i++) {
		const struct snap_missing *m = &h->s->missing[i];
		if (!slice_eqz(m->section, section))
			continue;
		host_unsure(h, "%s%s%.*s: %.*s", section, m->account.n ? " of " : "", SLFMT(m->account), SLFMT(m->why));
		return false;
	}
	return true;
}

void host_found(struct posture_host *h, const struct snap_at *at, const char *fmt, ...)
{
	h->found++;
	if (h->nevidence == POSTURE_EVIDENCE_MAX)
		return;
	va_list ap;
	va_start(ap, fmt);
	struct slice text = text_of(h, fmt, ap);
	va_end(ap);
	struct buf b = {0};
	if (at && at->file.n) {
		buf_adds(&b, slice_to(at->file, POSTURE_LINE_MAX));
		if (at->line > 0)
			buf_addf(&b, ":%lld", (long long)at->line);
		buf_addz(&b, ": ");
	}
	buf_adds(&b, text);
	h->evidence[h->nevidence++] = slice_dup(h->mem, buf_slice(&b));
	buf_free(&b);
}

enum posture_result host_verdict(struct posture_host *h, const char *passed, const char *failed)
{
	if (h->found) {
		h->said = slice_of(failed);
		return POSTURE_FAIL;
	}
	if (h->unsure.n) {
		h->said = h->unsure;
		return POSTURE_UNKNOWN;
	}
	h->said = slice_of(passed);
	return POSTURE_PASS;
}

enum posture_result host_none(struct posture_host *h, const char *why)
{
	h->said = h->unsure.n ? h->unsure : slice_of(why);
	return h->unsure.n ? POSTURE_UNKNOWN : POSTURE_NOT_APPLICABLE;
}

/* ---- looking up -------------------------------------------------------------------------------------------------------------- */

const struct snap_fact *host_fact(const struct posture_host *h, const char *name, const struct snap_fact *from)
{
	size_t i = from ? (size_t)(from - h->s->facts) + 1 : 0;
	for (; i < h->s->nfacts; i++)
		if (slice_eqz(h->s->facts[i].name, name))
			return &h->s->facts[i];
	return NULL;
}

struct slice host_value(const struct posture_host *h, const char *name, struct snap_at *at)
{
	const struct snap_fact *last = NULL;
	EACH_FACT(h, f, name)
		last = f;
	if (last && at)
		*at = last->at;
	return last ? last->value : SLICE_NONE;
}

bool host_has_fact(const struct posture_host *h, const char *name, const char *value)
{
	EACH_FACT(h, f, name)
		if (!value || slice_ieq(f->value, slice_of(value)))
			return true;
	return false;
}

const struct snap_account *host_account(const struct posture_host *h, struct slice name)
{
	uint32_t id = strtab_find(h->names, name);
	return id < h->nfirst && h->first[id] != UINT32_MAX ? &h->s->accounts[h->first[id]] : NULL;
}

/* Who is in the group, as one pass over groups, their members, and accounts. */
static bool *members_of(const struct posture_host *h, const char *group)
{
	const struct snapshot *s = h->s;
	bool *of = xcalloc(s->naccounts ? s->naccounts : 1, sizeof *of);
	for (size_t i = 0; i < s->ngroups; i++) {
		const struct snap_group *g = &s->groups[i];
		if (!slice_eqz(g->name, group))
			continue;
		for (size_t k = 0; k < g->members.n; k++) {
			const struct snap_account *a = host_account(h, g->members.v[k]);
			if (a)
				of[a - s->accounts] = true;
		}
		for (size_t k = 0; k < s->naccounts; k++)
			of[k] |= s->accounts[k].gid == g->gid;
	}
	return of;
}

/* The same for one account: when many groups are asked about. */
static bool in_group(const struct posture_host *h, const struct snap_account *a, struct slice group)
{
	uint32_t id = strtab_find(h->group_names, group);
	for (uint32_t at = id == UINT32_MAX ? 0 : h->group_first[id]; at; at = h->group_next[at - 1]) {
		const struct snap_group *g = &h->s->groups[at - 1];
		if (g->gid == a->gid)
			return true;
		for (size_t k = 0; k < g->members.n; k++)
			if (slice_eq(g->members.v[k], a->name))
				return true;
	}
	return false;
}

/* Accounts of one name are one: what is said of the first is said of all. */
bool host_member(struct posture_host *h, const struct snap_account *a, const char *group)
{
	const struct snap_account *named = host_account(h, a->name);
	size_t i = 0, own = (size_t)(a - h->s->accounts), first = named ? (size_t)(named - h->s->accounts) : own;
	while (i < h->ngroups && strcmp(h->groups[i].name, group) != 0)
		i++;
	if (i == POSTURE_GROUPS_KEPT || strlen(group) >= sizeof h->groups[0].name) {
		return in_group(h, a, slice_of(group));
	}
	if (i == h->ngroups) {
		snprintf(h->groups[i].name, sizeof h->groups[i].name, "%s", group);
		h->groups[i].of = members_of(h, group);
		h->ngroups++;
	}
	return h->groups[i].of[own] || h->groups[i].of[first];
}

bool first_time(struct strtab *set, struct slice a, struct slice b, struct slice c, int64_t number)
{
	struct key k;
	char text[24];
	uint32_t before = strtab_count(set);
	snprintf(text, sizeof text, "%lld", (long long)number);
	key_init(&k);
	key_add(&k, slice_of(text));
	key_add(&k, a);
	key_add(&k, b);
	key_add(&k, c);
	return strtab_put(set, key_slice(&k)) >= before;
}

struct slice word_of(struct slice s, size_t n)
{
	struct slice w = SLICE_NONE;
	for (size_t i = 0; i <= n; i++)
		if (!slice_word(&s, &w))
			return SLICE_NONE;
	return w;
}

bool has_word(struct slice list, char separator, const char *word)
{
	struct slice part;
	while (slice_cut(&list, separator, &part))
		if (slice_ieq(slice_trim(part), slice_of(word)))
			return true;
	return slice_ieq(slice_trim(list), slice_of(word));
}

bool shell_opens(struct slice shell)
{
	static const char *const closed[] = {"nologin", "false", "true", "sync", "shutdown", "halt", "git-shell"};
	struct slice name = slice_basename(shell);
	for (size_t i = 0; i < ARRAY_LEN(closed); i++)
		if (slice_eqz(name, closed[i]))
			return false;
	return true;
}

/* ---- providers' accounts ------------------------------------------------------------------------------------------------------- */

static void index_names(struct posture_host *h)
{
	size_t n = h->s->naccounts;
	h->names = strtab_new();
	h->first = xcalloc(n + 1, sizeof *h->first);
	memset(h->first, 255, (n + 1) * sizeof *h->first);
	for (size_t i = 0; i < n; i++) {
		uint32_t id = strtab_put(h->names, h->s->accounts[i].name);
		if (id <= n && h->first[id] == UINT32_MAX)
			h->first[id] = (uint32_t)i;
	}
	h->nfirst = MIN((size_t)strtab_count(h->names), n + 1);
	h->is_covered = xcalloc(n ? n : 1, sizeof *h->is_covered);
}

static void index_groups(struct posture_host *h)
{
	size_t n = h->s->ngroups;
	h->group_names = strtab_new();
	h->group_first = xcalloc(n + 1, sizeof *h->group_first);
	h->group_next = xcalloc(n + 1, sizeof *h->group_next);
	for (size_t i = 0; i < n; i++) {
		uint32_t id = strtab_put(h->group_names, h->s->groups[i].name);
		h->group_next[i] = h->group_first[id];
		h->group_first[id] = (uint32_t)i + 1;
	}
}

void host_prepare(struct posture_host *h)
{
	index_names(h);
	index_groups(h);
	for (size_t i = 0; i < h->s->naccounts; i++) {
		const struct snap_account *a = &h->s->accounts[i];
		const struct org_person *p = h->opt->org ? org_person_by_account(h->opt->org, a->name) : NULL;
		if (!host_member(h, a, "postern-provider") && !slice_eqz(slice_basename(a->shell), "postern-shell") && !(p && p->provider))
			continue;
		h->is_covered[i] = true;
		if (h->covered.n < POSTURE_COVERED_MAX)
			*vec_push(&h->covered) = a->name;
		else
			h->covered_cut = true;
	}
}

void host_close(struct posture_host *h)
{
	for (size_t i = 0; i < h->ngroups; i++)
		free(h->groups[i].of);
	strtab_free(h->names);
	strtab_free(h->group_names);
	free(h->group_first);
	free(h->group_next);
	free(h->first);
	free(h->is_covered);
	free(h->covered.v);
}

bool host_covered(const struct posture_host *h, struct slice account)
{
	const struct snap_account *a = host_account(h, account);
	return a && h->is_covered[a - h->s->accounts];
}

bool host_has_covered(struct posture_host *h)
{
	host_reads(h, "account");
	host_reads(h, "group");
	if (h->covered_cut)
		host_unsure(h, "more than %d accounts are a provider's: the others were not looked at", POSTURE_COVERED_MAX);
	if (!h->covered.n && !h->opt->org)
		host_unsure(h, "without an organisation file nobody says whose accounts are a provider's (--org)");
	return h->covered.n > 0;
}

bool host_has_provider(struct posture_host *h)
{
	size_t n = 0;
	if (h->opt->org)
		(void)org_providers(h->opt->org, &n);
	const struct posture_gate *g = h->opt->gate;
	return host_has_covered(h) || n || (g && g->known && g->providers > 0);
}

/* ---- sshd ------------------------------------------------------------------------------------------------------------------------ */

bool sshd_here(struct posture_host *h)
{
	host_reads(h, "sshd");
	if (h->s->nsshd > POSTURE_SSHD_MAX)
		host_unsure(h, "sshd: more than %d settings", POSTURE_SSHD_MAX);
	return h->s->nsshd > 0 && h->s->nsshd <= POSTURE_SSHD_MAX;
}

bool sshd_value(struct posture_host *h, struct slice account, const char *name, struct slice *value, struct snap_at *at)
{
	const struct snap_sshd *best = NULL;
	for (size_t i = 0; i < h->s->nsshd; i++) {
		const struct snap_sshd *r = &h->s->sshd[i];
		if (!slice_eqz(r->name, name) || (r->account.n && !slice_eq(r->account, account)))
			continue;
		if (!best || (r->account.n && !best->account.n))
			best = r;
	}
	if (!best) {
		host_unsure(h, "sshd: nothing tells its setting %s", name);
		return false;
	}
	*value = best->value;
	if (at)
		*at = best->at;
	return true;
}

/* Do all parts of a comma-separated list begin with one of these? */
static bool only(struct slice list, const char *const *begin)
{
	struct slice part;
	for (bool more = true; more;) {
		more = slice_cut(&list, ',', &part);
		if (!more)
			part = list;
		bool fits = false;
		for (size_t i = 0; begin[i] && !fits; i++)
			fits = slice_istarts(part, slice_of(begin[i]));
		if (!fits)
			return false;
	}
	return true;
}

bool methods_password_alone(struct slice methods)
{
	static const char *const typed[] = {"password", "keyboard-interactive", "none", NULL};
	struct slice list;
	if (!methods.n || slice_ieq(methods, SL("any")))
		return true;
	while (slice_word(&methods, &list))
		if (only(list, typed))
			return true;
	return false;
}

bool methods_two(struct slice methods)
{
	static const char *const keys[] = {"publickey", "hostbased", "gssapi", NULL};
	struct slice list, copy = methods;
	if (!slice_trim(methods).n || slice_ieq(methods, SL("any")) || methods_password_alone(copy))
		return false;
	while (slice_word(&methods, &list))
		if (only(list, keys))
			return false;
	return true;
}
