/* privilege_report_text.c - rights against use, for a terminal. */
#include "cmd/privilege_report.h"
#include "cmd/setup.h"

#include <stdio.h>
#include <stdlib.h>

struct page {
	const struct privilege_report *r;
	struct buf *out;
	bool color;
};

static void color(const struct page *p, const char *code)
{
	if (p->color)
		buf_addf(p->out, "\033[%sm", code);
}

static void heading(const struct page *p, const char *text)
{
	buf_addc(p->out, '\n');
	color(p, "1");
	buf_addz(p->out, text);
	color(p, "0");
	buf_addc(p->out, '\n');
}

static void add_date(struct buf *b, nstime t)
{
	char text[40];
	time_plain(t, text);
	buf_addf(b, "%.10s", text);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void add_span(struct buf *b, nstime t)
{
	uint64_t hours = (uint64_t)(t / NS_HOUR), days = hours / 24;
	if (hours < 48)
		buf_addf(b, "%llu hour%s", (unsigned long long)hours, plural(hours));
	else
		buf_addf(b, "%llu days", (unsigned long long)days);
}

/* ---- how sure ------------------------------------------------------------------------------------------------------------ */

static const struct {
	enum usage_log log;
	const char *program, *rights;
} logs[] = {{USAGE_LOG_LOGIN, "sshd", "logins"}, {USAGE_LOG_SUDO, "sudo", "sudo rules"}};

static void cover(const struct page *p, const struct usage *u, const struct snapshot *s, size_t i)
{
	struct usage_coverage c;
	const char *why = usage_unsure(u, s->host, logs[i].log, p->r->in->now, p->r->days);
	usage_coverage(u, s->host, logs[i].log, &c);
	buf_addf(p->out, "    %-5s ", logs[i].program);
	if (c.days) {
		buf_addf(p->out, "%u day%s, ", c.days, plural(c.days));
		add_date(p->out, c.from);
		buf_addz(p->out, " to ");
		add_date(p->out, c.to - 1);
	}
	if (c.days && !c.gaps)
		buf_addz(p->out, ", no gap");
	if (c.gaps) {
		buf_addf(p->out, ", %u gap%s, the longest of ", c.gaps, plural(c.gaps));
		add_span(p->out, c.longest_gap);
		buf_addz(p->out, " from ");
		add_date(p->out, c.gap);
	}
	if (why) {
		color(p, "33");
		buf_addf(p->out, "%s%s: what is not seen of %s is not known", c.days ? "; " : "", why, logs[i].rights);
		color(p, "0");
	}
	buf_addc(p->out, '\n');
}

static void not_read(const struct page *p, const struct snapshot *s)
{
	if (s->as_root == SNAP_NO)
		buf_addz(p->out, "    collected without root's rights\n");
	for (size_t i = 0; i < s->nmissing; i++) {
		buf_addz(p->out, "    not read: ");
		buf_term(p->out, s->missing[i].section);
		if (s->missing[i].account.n) {
			buf_addz(p->out, " of ");
			buf_term(p->out, s->missing[i].account);
		}
		buf_addz(p->out, ": ");
		buf_term(p->out, s->missing[i].why);
		buf_addc(p->out, '\n');
	}
}

static void sure(const struct page *p)
{
	const struct privilege_inputs *in = p->r->in;
	heading(p, "How sure");
	if (!in->usage)
		buf_addz(p->out, "  No logs were given (--logs): whether a right was used is not known.\n");
	else
		buf_addf(p->out, "  %llu lines of logs were read.\n", (unsigned long long)in->lines);
	for (size_t i = 0; i < in->n; i++) {
		const struct snapshot *s = in->v[i];
		buf_addz(p->out, "  ");
		buf_term(p->out, s->host);
		buf_addz(p->out, ", as of ");
		add_date(p->out, s->taken * NS_SEC);
		buf_addc(p->out, '\n');
		for (size_t k = 0; in->usage && k < ARRAY_LEN(logs); k++)
			cover(p, in->usage, s, k);
		not_read(p, s);
	}
}

/* ---- rights -------------------------------------------------------------------------------------------------------------- */

static const char *const use_color[] = {[RIGHT_USED] = "32", [RIGHT_UNUSED] = "31", [RIGHT_UNSURE] = "33"};

static void when(const struct page *p, const struct right *x)
{
	struct buf *b = p->out;
	color(p, use_color[x->use]);
	buf_addz(b, privilege_report_use(x->use));
	color(p, "0");
	if (x->use == RIGHT_UNSURE && x->unsure) {
		buf_addz(b, " (");
		buf_addz(b, x->unsure);
		buf_addc(b, ')');
	}
	if (x->seen.count) {
		buf_addf(b, "%s %llu time%s, last ", x->use == RIGHT_USED ? "" : ": seen", (unsigned long long)x->seen.count, plural(x->seen.count));
		add_date(b, x->seen.last);
	} else if (x->use == RIGHT_UNUSED) {
		buf_addf(b, ": not once in %u days", p->r->days);
	}
}

/* "  /etc/sudoers:27" */
static void where(struct buf *b, const struct snap_at *at)
{
	if (!at || !at->file.n)
		return;
	buf_addz(b, "  ");
	buf_term(b, at->file);
	if (at->line > 0)
		buf_addf(b, ":%lld", (long long)at->line);
}

static void one_right(const struct page *p, const struct right *x)
{
	struct buf *b = p->out;
	buf_addz(b, "    ");
	buf_term(b, x->text);
	where(b, privilege_report_at(x));
	buf_addz(b, "\n      ");
	when(p, x);
	if (x->person) {
		buf_addz(b, "; of ");
		buf_term(b, x->person->name);
	}
	if (x->full) {
		buf_addz(b, "; as good as root");
		if (x->why_full.n) {
			buf_addz(b, ": ");
			buf_term(b, x->why_full);
		}
	}
	buf_addc(b, '\n');
	if (x->seen.evidence.n && x->seen.count) {
		color(p, "2");
		buf_addz(b, "      ");
		buf_term(b, x->seen.evidence);
		color(p, "0");
		buf_addc(b, '\n');
	}
}

static unsigned place_of_use(enum right_use u)
{
	return u == RIGHT_UNUSED ? 0 : u == RIGHT_UNSURE ? 1 : 2;
}

static int by_host_and_kind(const void *a, const void *b)
{
	const struct right *x = *(const struct right *const *)a, *y = *(const struct right *const *)b;
	int c = slice_cmp(x->host, y->host);
	if (!c)
		c = (int)x->kind - (int)y->kind;
	if (!c)
		c = (int)place_of_use(x->use) - (int)place_of_use(y->use);
	return c ? c : (x->id > y->id) - (x->id < y->id);
}

static void hosts(const struct page *p)
{
	const struct privilege_report *r = p->r;
	const struct right **v = xreallocarray(NULL, r->nshown + 1, sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < r->nrights; i++)
		if (r->shown[i])
			v[n++] = &r->rights[i];
	if (n)
		qsort(v, n, sizeof *v, by_host_and_kind);
	for (size_t i = 0, end; i < n; i = end) {
		bool first = !i || !slice_eq(v[i]->host, v[i - 1]->host);
		for (end = i + 1; end < n && v[end]->kind == v[i]->kind && slice_eq(v[end]->host, v[i]->host);)
			end++;
		if (first) {
			struct buf name = {0};
			buf_term(&name, v[i]->host);
			buf_addc(&name, 0);
			heading(p, name.p);
			buf_free(&name);
		}
		buf_addf(p->out, "  %s (%zu)\n", right_text(v[i]->kind), end - i);
		for (size_t k = i; k < end; k++)
			one_right(p, v[k]);
	}
	free(v);
}

/* ---- to look at first ------------------------------------------------------------------------------------------------------ */

static void notes(const struct page *p, const char *title, const struct report_notes *n)
{
	if (!n->n)
		return;
	heading(p, title);
	for (size_t i = 0; i < n->n; i++) {
		const struct report_note *x = &n->v[i];
		buf_addz(p->out, "  ");
		buf_term(p->out, x->host);
		buf_addz(p->out, ": ");
		buf_term(p->out, x->text);
		where(p->out, x->at);
		buf_addz(p->out, "\n    ");
		buf_term(p->out, x->why);
		if (x->right) {
			buf_addz(p->out, "; ");
			when(p, x->right);
		}
		buf_addc(p->out, '\n');
	}
}

static void shared(const struct page *p)
{
	const struct privilege_report *r = p->r;
	if (!r->shared.n)
		return;
	heading(p, "Keys that are shared");
	for (size_t i = 0; i < r->shared.n; i++) {
		const struct report_shared *s = &r->shared.v[i];
		buf_addz(p->out, "  ");
		buf_term(p->out, s->fingerprint);
		buf_addf(p->out, " opens accounts of %zu name%s on %zu host%s", s->names, plural(s->names), s->hosts, plural(s->hosts));
		if (s->persons > 1)
			buf_addf(p->out, ", of %zu persons", s->persons);
		if (s->lies)
			buf_addf(p->out, "; its private half lies in %zu place%s", s->lies, plural(s->lies));
		buf_addc(p->out, '\n');
		for (size_t k = 0; k < s->n; k++) {
			buf_addz(p->out, "    ");
			buf_term(p->out, s->v[k]->account);
			buf_addc(p->out, '@');
			buf_term(p->out, s->v[k]->host);
			where(p->out, privilege_report_at(s->v[k]));
			buf_addz(p->out, "  ");
			when(p, s->v[k]);
			buf_addc(p->out, '\n');
		}
	}
}

static void summary(const struct page *p)
{
	const struct privilege_report *r = p->r;
	char at[40];
	time_plain(r->in->now, at);
	buf_addf(p->out, "%zu right%s on %zu host%s as of %.16s UTC: %zu used within %u days, %zu unused, %zu not known.\n", r->nshown, plural(r->nshown), r->in->n, plural(r->in->n), at,
		r->count[RIGHT_USED], r->days, r->count[RIGHT_UNUSED], r->count[RIGHT_UNSURE]);
	if (r->in->setup->org_path[0]) {
		buf_addz(p->out, "Organisation: ");
		buf_term(p->out, slice_of(r->in->setup->org_path));
		buf_addz(p->out, ". ");
	} else {
		buf_addz(p->out, "No organisation file: whose a right is, is not known. ");
	}
	if (r->in->no_grants)
		buf_addf(p->out, "Grants: %s.\n", r->in->no_grants);
	else
		buf_addf(p->out, "%zu grant%s of the gate.\n", r->in->ngrants, plural(r->in->ngrants));
}

void privilege_report_text(const struct privilege_report *r, bool use_colors, struct buf *out)
{
	struct page p = {r, out, use_colors};
	summary(&p);
	sure(&p);
	notes(&p, "Whose account or key may be left over", &r->left);
	notes(&p, "Rights of providers without an open grant", &r->provider);
	shared(&p);
	hosts(&p);
}
