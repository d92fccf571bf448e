/* rules_coverage.c - postern rules coverage: an ATT&CK Navigator layer, and rules that cannot fire. */
#include "cmd/cmd_rules.h"
#include "cmd/setup.h"
#include "event/event.h"
#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

struct technique {
	const char *id;
	unsigned rules;
	unsigned levels[LEVEL_COUNT];
};
struct techniques {
	struct technique *v;
	size_t n, cap;
};

static void count(struct techniques *t, const struct sigma_rule *r)
{
	for (size_t i = 0; r->techniques[i]; i++) {
		struct technique *x = NULL;
		for (size_t k = 0; k < t->n && !x; k++)
			if (strcmp(t->v[k].id, r->techniques[i]) == 0)
				x = &t->v[k];
		if (!x) {
			x = vec_push(t);
			*x = (struct technique){.id = r->techniques[i]};
		}
		x->rules++;
		x->levels[r->level]++;
	}
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct technique *)a)->id, ((const struct technique *)b)->id);
}

/* MITRE ATT&CK Navigator, layer format 4.5. */
static void layer_json(struct buf *b, const struct techniques *t)
{
	unsigned most = 1;
	for (size_t i = 0; i < t->n; i++)
		most = MAX(most, t->v[i].rules);
	buf_addz(b, "{\"name\":\"Postern coverage\",\"versions\":{\"attack\":\"16\",\"navigator\":\"5.0.0\",\"layer\":\"4.5\"},\"domain\":\"enterprise-attack\","
		    "\"description\":\"Sigma rules per technique\",\"techniques\":[");
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "%s{\"techniqueID\":\"%s\",\"score\":%u,\"comment\":\"%u rules\",\"enabled\":true}", i ? "," : "", t->v[i].id, t->v[i].rules, t->v[i].rules);
	buf_addf(b, "],\"gradient\":{\"colors\":[\"#e8f0fe\",\"#1a4fa0\"],\"minValue\":0,\"maxValue\":%u}}\n", most);
}

static void tell_text(struct buf *b, const struct sigma_set *s, const struct techniques *t)
{
	size_t silent = 0, rules = 0;
	buf_addf(b, "%zu ATT&CK techniques are covered\n", t->n);
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "  %-10s %u rules\n", t->v[i].id, t->v[i].rules);
	for (size_t i = 0; i < sigma_count(s); i++) {
		const struct sigma_rule *r = sigma_get(s, i);
		rules += r->kind == SIGMA_RULE;
		silent += r->kind == SIGMA_RULE && !sigma_source_known(r);
	}
	buf_addf(b, "%zu of %zu rules are for log sources that postern tells by itself", rules - silent, rules);
	if (silent)
		buf_addz(b, "; the others fire on JSON events whose kind cannot be told, by their fields alone");
	buf_addc(b, '\n');
}

/* ---- rules that cannot fire ---------------------------------------------------------------------------------- */

static int on_event(void *arg, const struct event *e)
{
	sigma_event(arg, e);
	return 0;
}

/* What to do so that a log source says something. */
static const struct {
	const char *product, *category, *service, *advice;
} advice[] = {
	{"linux", "process_creation", "", "auditd rule: -a always,exit -F arch=b64 -S execve,execveat -k exec (and arch=b32)"},
	{"linux", "file_event", "", "auditd rule: -a always,exit -F arch=b64 -S open,openat,openat2,creat,rename,renameat2 -F success=1 -k file"},
	{"linux", "network_connection", "", "auditd rule: -a always,exit -F arch=b64 -S connect -F success=1 -k net"},
	{"linux", "", "auditd", "install auditd and collect /var/log/audit/audit.log"},
	{"linux", "", "sshd", "collect /var/log/auth.log, or the journal: journalctl -o json"},
	{"linux", "", "sudo", "collect /var/log/auth.log, or the journal: journalctl -o json"},
	{"linux", "", "", "collect /var/log of the Linux hosts"},
	{"windows", "", "", "forward Windows events as JSON (Winlogbeat, NXLog, Wazuh), with Sysmon for process, file, registry and network"},
	{"", "webserver", "", "collect the web servers' access logs"},
	{"", "proxy", "", "collect the proxy's access log"},
	{"", "dns", "", "log DNS queries (named querylog, unbound log-queries, dnsmasq log-queries)"},
	{"", "firewall", "", "log the firewall's decisions (nftables log, iptables LOG)"},
	{"", "antivirus", "", "collect the log of clamav"},
	{"zeek", "", "", "collect Zeek's logs as JSON"},
};

static bool fits(const char *have, struct slice want)
{
	return !*have || slice_ieq(want, slice_of(have));
}

static const char *advice_for(const struct sigma_logsource *l)
{
	for (size_t i = 0; i < ARRAY_LEN(advice); i++)
		if (fits(advice[i].product, l->product) && fits(advice[i].category, l->category) && fits(advice[i].service, l->service))
			return advice[i].advice;
	return "collect logs of this kind, as JSON with names of fields as in the rules";
}

static bool same_source(const struct sigma_logsource *a, const struct sigma_logsource *b)
{
	return slice_ieq(a->product, b->product) && slice_ieq(a->category, b->category) && slice_ieq(a->service, b->service);
}

static void tell_silent(struct buf *b, const struct sigma_set *s, const struct sigma_ctx *c, bool names)
{
	bool *told = xcalloc(sigma_count(s) + 1, sizeof *told);
	size_t silent = 0, all = 0;
	for (size_t i = 0; i < sigma_count(s); i++) {
		all += sigma_get(s, i)->kind == SIGMA_RULE;
		silent += sigma_get(s, i)->kind == SIGMA_RULE && !sigma_saw(c, sigma_get(s, i));
	}
	buf_addf(b, "%zu of %zu rules can fire on these logs; %zu cannot%s\n", all - silent, all, silent, silent ? ", as nothing of their log source is there:" : "");
	for (size_t i = 0; i < sigma_count(s); i++) {
		const struct sigma_rule *r = sigma_get(s, i);
		size_t n = 0;
		if (r->kind != SIGMA_RULE || told[i] || sigma_saw(c, r))
			continue;
		for (size_t k = i; k < sigma_count(s); k++)
			if (sigma_get(s, k)->kind == SIGMA_RULE && same_source(&r->logsource, &sigma_get(s, k)->logsource)) {
				told[k] = true;
				n++;
			}
		buf_addf(b, "  %5zu  %.*s/%.*s/%.*s\n         %s\n", n, SLFMT(r->logsource.product), SLFMT(r->logsource.category), SLFMT(r->logsource.service),
			 advice_for(&r->logsource));
		for (size_t k = i; names && k < sigma_count(s); k++)
			if (sigma_get(s, k)->kind == SIGMA_RULE && same_source(&r->logsource, &sigma_get(s, k)->logsource))
				buf_addf(b, "         - %.*s (%s)\n", SLFMT(sigma_get(s, k)->title), sigma_get(s, k)->file);
	}
	free(told);
}

static int look_at_logs(const struct args *a, struct sigma_set *s, struct buf *b)
{
	struct setup setup;
	struct args paths = *a;
	struct err e;
	struct decode_tables *t = NULL;
	struct sigma_ctx *c = sigma_ctx_new(s);
	paths.operand = a->operand + 1;
	paths.noperands = a->noperands - 1;
	int rc = setup_inputs(&setup, &paths);
	if (!rc) {
		interest_all(&setup.decode.want);
		setup.decode.everything = setup.decode.json = setup.decode.audit_records = true;
		t = decode_tables_new(&setup.decode, &e);
	}
	if (!rc && t) {
		struct pipeline_options opt = {.tables = t, .org = setup.org, .threads = setup.threads, .max_disorder = 5 * NS_MIN, .event = on_event, .arg = c};
		struct pipeline_result r;
		sigma_watch(c);
		rc = pipeline_run(&setup.set, &opt, &r, &e) ? EXIT_INPUT : 0;
		pipeline_result_free(&r);
		if (!rc)
			tell_silent(b, s, c, args_has(a, "verbose"));
	}
	if (!rc)
		rc = setup.missing;
	decode_tables_free(t);
	sigma_ctx_free(c);
	setup_free(&setup);
	return rc;
}

int rules_coverage(const struct args *a)
{
	struct sigma_set *s = NULL;
	struct techniques t = {0};
	struct buf b = {0};
	const char *file = args_get(a, "output");
	int rc = ruleset_load(a, &s);
	if (rc)
		return rc;
	ruleset_tell_errors(s, 5);
	for (size_t i = 0; i < sigma_count(s); i++)
		count(&t, sigma_get(s, i));
	if (t.n)
		qsort(t.v, t.n, sizeof *t.v, by_id);
	bool ok = true;
	if (file || wants_json(a)) {
		layer_json(&b, &t);
		ok = write_out(file, buf_slice(&b));
		b.n = 0;
	}
	if (!wants_json(a)) {
		if (a->noperands == 1)
			tell_text(&b, s, &t);
		else
			rc = look_at_logs(a, s, &b);
		ok &= write_out(NULL, buf_slice(&b));
	}
	buf_free(&b);
	free(t.v);
	sigma_free(s);
	return ok ? rc : EXIT_INPUT;
}
