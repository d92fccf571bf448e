/* console_facts.c - settings as they hold, for people who cannot read the files. */
#include "cmd/console_facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void PRINTF_LIKE(4, 5) add(struct console_facts *f, struct slice file, const char *key, const char *format, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n > 0)
		*vec_push(f) = (struct console_fact){file, slice_of(key), slice_dup(&f->mem, slice_make(text, MIN((size_t)n, sizeof text - 1)))};
}

static void add_list(struct console_facts *f, struct slice file, const char *key, const struct slice *v, size_t n, const char *none)
{
	struct buf b = {0};
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%.*s", i ? ", " : "", SLFMT(v[i]));
	add(f, file, key, "%.*s", SLFMT(n ? buf_slice(&b) : slice_of(none)));
	buf_free(&b);
}

static void add_span(struct console_facts *f, struct slice file, const char *key, nstime d)
{
	static const struct { nstime unit; const char *name; } units[] = {{NS_DAY, "d"}, {NS_HOUR, "h"}, {NS_MIN, "m"}, {NS_SEC, "s"}};
	size_t i = 0;
	while (i + 1 < ARRAY_LEN(units) && (d < units[i].unit || d % units[i].unit))
		i++;
	add(f, file, key, "%lld%s", (long long)(d / units[i].unit), units[i].name);
}

static const char *yes(bool b)
{
	return b ? "yes" : "no";
}

static void add_notify(struct console_facts *f, struct slice file, const struct notify_config *n)
{
	for (size_t i = 0; i < n->nchannels; i++) {
		const struct notify_channel *c = &n->channels[i];
		add(f, file, "notify.channels", "%.*s, from level %s%s", SLFMT(c->name), level_name(c->min_level), c->quiet ? ", keeps quiet hours" : "");
	}
	if (!n->nchannels)
		add(f, file, "notify.channels", "none: nobody is told of anything");
	add_span(f, file, "notify.group", n->group);
}

static void add_gate(struct console_facts *f, struct slice file, const struct gate_settings *g)
{
	add_span(f, file, "gate.longest", g->longest ? g->longest : GATE_LONGEST_DAYS * NS_DAY);
	add_span(f, file, "gate.usual", g->usual ? g->usual : GATE_USUAL_HOURS * NS_HOUR);
	add_list(f, file, "gate.approvers", g->approvers, g->napprovers, "everybody with the role approver");
	add(f, file, "gate.emergency", "%.*s", SLFMT(g->emergency.n ? g->emergency : SL("nobody")));
}

static void add_watch(struct console_facts *f, const struct watch_config *c)
{
	const struct slice file = c->path.n ? c->path : SL("postern.yaml");
	add_list(f, file, "sources.paths", c->live.paths, c->live.npaths, "/var/log");
	add(f, file, "sources.journal", "%s", yes(c->live.journal));
	add(f, file, "sources.listen", "%zu", c->live.nlisten);
	add_list(f, file, "rules", c->rules, c->nrules, "those that came with Postern");
	add_span(f, file, "hold", c->hold);
	add_span(f, file, "silent_after", c->silent_after);
	add(f, file, "learning_days", "%u", c->learning_days);
	add(f, file, "keep_days", "%u", c->keep_days);
	add_notify(f, file, &c->notify);
	add(f, file, "respond.dry_run", "%s", yes(c->respond.dry_run));
	add(f, file, "respond.rules", "%zu", c->respond.nrules);
	add_gate(f, file, &c->gate);
}

void facts_collect(struct console_facts *f, const struct watch_config *c, const struct org *org, const char *org_path)
{
	size_t hosts, providers, staff, domains;
	arena_init(&f->mem);
	add_watch(f, c);
	const struct slice file = *org_path ? slice_dup(&f->mem, slice_of(org_path)) : SL("org.yaml");
	org_hosts(org, &hosts);
	org_providers(org, &providers);
	org_staff(org, &staff);
	const struct slice *own = org_domains(org, &domains);
	add(f, file, "organisation.name", "%.*s", SLFMT(org_name(org).n ? org_name(org) : SL("-")));
	add(f, file, "organisation.timezone", "%.*s", SLFMT(org_timezone(org).n ? org_timezone(org) : SL("UTC")));
	add_list(f, file, "organisation.domains", own, domains, "-");
	add(f, file, "hosts", "%zu", hosts);
	add(f, file, "providers", "%zu", providers);
	add(f, file, "staff", "%zu", staff);
}

void facts_free(struct console_facts *f)
{
	free(f->v);
	arena_free(&f->mem);
}
