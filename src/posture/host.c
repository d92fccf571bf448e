/* host.c - what a check sees of one machine, and how it says what it saw. */
#include "posture/posture_private.h"

#include <stdarg.h>
#include <stdio.h>

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
	for (size_t i = 0; i < h->s->naccounts; i++)
		if (slice_eq(h->s->accounts[i].name, name))
			return &h->s->accounts[i];
	return NULL;
}

static bool in_list(const struct snap_list *l, struct slice x)
{
	for (size_t i = 0; i < l->n; i++)
		if (slice_eq(l->v[i], x))
			return true;
	return false;
}

bool host_member(const struct posture_host *h, const struct snap_account *a, const char *group)
{
	for (size_t i = 0; i < h->s->ngroups; i++) {
		const struct snap_group *g = &h->s->groups[i];
		if (slice_eqz(g->name, group) && (g->gid == a->gid || in_list(&g->members, a->name)))
			return true;
	}
	return false;
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

void host_prepare(struct posture_host *h)
{
	h->covered.n = 0;
	for (size_t i = 0; i < h->s->naccounts; i++) {
		const struct snap_account *a = &h->s->accounts[i];
		const struct org_person *p = h->opt->org ? org_person_by_account(h->opt->org, a->name) : NULL;
		if (host_member(h, a, "postern-provider") || slice_eqz(slice_basename(a->shell), "postern-shell") || (p && p->provider))
			*vec_push(&h->covered) = a->name;
	}
}

bool host_covered(const struct posture_host *h, struct slice account)
{
	for (size_t i = 0; i < h->covered.n; i++)
		if (slice_eq(h->covered.v[i], account))
			return true;
	return false;
}

bool host_has_covered(struct posture_host *h)
{
	host_reads(h, "account");
	host_reads(h, "group");
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
	return h->s->nsshd > 0;
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
