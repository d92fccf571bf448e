/* cmd_audit.c - postern audit: is this set up as the advisory demands? */
#include "cmd/audit.h"
#include "cmd/setup.h"
#include "cmd/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct option options[] = {
	{"root", 'R', OPT_TEXT, "DIR", "a mounted or copied root instead of this machine"},
	{"org", 'o', OPT_TEXT, "FILE", "organisation file: hosts, providers, staff (default: /etc/postern/org.yaml)"},
	{"id", 'i', OPT_LIST, "CHECK", "only this check; may be given several times"},
	{"demand", 'd', OPT_LIST, "NAME", "only checks of this demand: provider-access, logging, second-factor, least-privilege,\npatching, mail, education; may be given several times"},
	{"waivers", 'w', OPT_TEXT, "FILE", "what is accepted, by whom, why, until when (waivers.yaml)"},
	{"since", 0, OPT_TEXT, "FILE", "what changed since this result (made with --format json);\ndefault: the one that --save kept last for the same host"},
	{"save", 0, OPT_FLAG, NULL, "keep the result in DIR/audit of --state, and the last 60 in DIR/posture for the console"},
	{"anchors", 0, OPT_TEXT, "FILE", "the log of another machine that has anchors of the audit log"},
	{"fail-on", 0, OPT_CHOICE, "low|medium|high|critical", "exit 1 when a check of this level or above failed or cannot be told, and is not waived"},
	{"list", 'l', OPT_FLAG, NULL, "list all checks with their numbers in the standards, and judge nothing"},
	{"all", 'a', OPT_FLAG, NULL, "text: also what passed and what does not apply"},
	{"output", 'O', OPT_TEXT, "FILE", "write there (default: standard output)"},
	{"format", 'f', OPT_CHOICE, "text|json|html|ocsf", "how to print (default text)"},
	{"color", 0, OPT_CHOICE, "auto|always|never", "colours (default: on a terminal)"},
	STATE_OPTION,
	{0},
};

struct auditing {
	const struct args *a;
	struct setup setup;
	const struct org *org;              /* NULL: none was found */
	struct snapshot **v;
	size_t n, cap;
	struct posture_waivers waivers;
	struct posture_gate gate;
	struct posture result;
	struct posture_before *before;
	bool *only;
	struct arena mem;
};

/* ---- which checks ---------------------------------------------------------------------------------------------------------------- */

static bool mark(struct auditing *x, const struct posture_check *checks, size_t n, const char *option, bool by_demand)
{
	for (size_t i = 0; args_list(x->a, option, i); i++) {
		const char *want = args_list(x->a, option, i);
		bool found = false;
		for (size_t k = 0; k < n; k++)
			if (slice_ieq(slice_of(want), slice_of(by_demand ? posture_demand_name(checks[k].demand) : checks[k].id))) {
				x->only[k] = true;
				found = true;
			}
		if (!found) {
			complain("--%s %s: there is no such %s; postern audit --list tells them all", option, want, by_demand ? "demand" : "check");
			return false;
		}
	}
	return true;
}

static bool choose(struct auditing *x)
{
	const struct posture_check *checks;
	size_t n = posture_checks(&checks);
	if (!args_list(x->a, "id", 0) && !args_list(x->a, "demand", 0))
		return true;
	x->only = xcalloc(n, sizeof *x->only);
	return mark(x, checks, n, "id", false) && mark(x, checks, n, "demand", true);
}

/* ---- snapshots ---------------------------------------------------------------------------------------------------------------------- */

static struct snap_list inventory(struct auditing *x)
{
	size_t n = 0, cap = 0;
	const struct org_host *h = x->org ? org_hosts(x->org, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		cap += 1 + h[i].naliases;
	struct snap_list l = {arena_alloc(&x->mem, (cap + 1) * sizeof *l.v), 0};
	for (size_t i = 0; i < n; i++) {
		l.v[l.n++] = h[i].name;
		for (size_t k = 0; k < h[i].naliases; k++)
			l.v[l.n++] = h[i].aliases[k];
	}
	return l;
}

static int collect(struct auditing *x)
{
	struct err e;
	const char *root = args_get(x->a, "root");
	struct snapshot *s = NULL;
	struct snap_collect c = {.root = root ? root : "/", .inventory = inventory(x), .packages = true};
	if (snapshot_collect(&c, &s, &e)) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	*vec_push(x) = s;
	return 0;
}

/* Two of one host: the later counts. */
static void keep_newer(struct auditing *x, struct snapshot *s)
{
	for (size_t i = 0; i < x->n; i++)
		if (slice_ieq(x->v[i]->host, s->host)) {
			struct snapshot *old = x->v[i]->taken >= s->taken ? s : x->v[i];
			x->v[i] = old == s ? x->v[i] : s;
			snapshot_free(old);
			return;
		}
	*vec_push(x) = s;
}

static int load(struct auditing *x)
{
	struct err e;
	if (args_has(x->a, "root") && x->a->noperands) {
		complain("audit: either --root or snapshots");
		return EXIT_USAGE;
	}
	if (!x->a->noperands)
		return collect(x);
	for (size_t i = 0; i < x->a->noperands; i++) {
		struct snapshot *s = snapshot_load(x->a->operand[i], &e);
		if (!s) {
			complain_err(&e);
			return EXIT_INPUT;
		}
		keep_newer(x, s);
	}
	return 0;
}

/* ---- what is known besides ------------------------------------------------------------------------------------------------------------ */

static int read_before(struct auditing *x)
{
	struct err e;
	struct buf text = {0};
	const char *path = args_get(x->a, "since");
	bool failed = false;
	if (!path) {
		x->before = audit_kept(x->a, &x->result, &failed);
		return 0; /* not asked for: a message is enough */
	}
	if (!audit_read(path, &text))
		return EXIT_INPUT;
	x->before = posture_before_read(buf_slice(&text), path, &e);
	buf_free(&text);
	if (x->before)
		return 0;
	complain_err(&e);
	return EXIT_INPUT;
}

static int prepare(struct auditing *x)
{
	struct err e;
	const char *path = args_get(x->a, "waivers");
	int rc = setup_org(&x->setup, x->a);
	if (rc)
		return rc;
	x->org = x->setup.org_path[0] ? x->setup.org : NULL;
	if (path && posture_waivers_load(path, &x->waivers, &e)) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	return choose(x) ? 0 : EXIT_USAGE;
}

/* ---- telling ---------------------------------------------------------------------------------------------------------------------------- */

static bool tell(const struct auditing *x)
{
	const char *format = args_get(x->a, "format"), *output = args_get(x->a, "output");
	struct buf out = {0};
	if (!format || strcmp(format, "text") == 0)
		posture_text(&x->result, x->before, !output && term_color(STDOUT_FILENO, args_get(x->a, "color")), args_has(x->a, "all"), &out);
	else if (strcmp(format, "json") == 0)
		posture_json(&x->result, x->before, &out);
	else if (strcmp(format, "html") == 0)
		posture_html(&x->result, x->before, &out);
	else
		posture_ocsf(&x->result, POSTERN_VERSION, &out);
	bool ok = write_out(output, buf_slice(&out));
	buf_free(&out);
	return ok;
}

static bool failed_on(const struct auditing *x)
{
	enum level least;
	const char *text = args_get(x->a, "fail-on");
	if (!text || !level_parse(slice_of(text), &least))
		return false;
	for (size_t i = 0; i < x->result.n; i++) {
		const struct posture_row *r = &x->result.v[i];
		if ((r->result == POSTURE_FAIL || r->result == POSTURE_UNKNOWN) && !r->waiver && r->check->severity >= least)
			return true;
	}
	return false;
}

static int judge(struct auditing *x)
{
	struct err e;
	nstime now = (nstime)time(NULL) * NS_SEC;
	audit_gate_facts(x->a, x->org, now, &x->gate);
	struct posture_options opt = {.org = x->org, .gate = &x->gate, .waivers = &x->waivers, .now = now / NS_SEC};
	if (posture_run((const struct snapshot *const *)x->v, x->n, x->only, &opt, &x->result, &e)) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	int rc = read_before(x);
	if (rc)
		return rc;
	if (!tell(x) || (args_has(x->a, "save") && !audit_keep(x->a, &x->result)))
		return EXIT_INPUT;
	return failed_on(x) ? EXIT_CONDITION : EXIT_DONE;
}

static int list(const struct args *a)
{
	const char *format = args_get(a, "format");
	struct buf out = {0};
	if (format && strcmp(format, "json") == 0)
		posture_list_json(&out);
	else
		posture_list_text(&out);
	bool ok = write_out(args_get(a, "output"), buf_slice(&out));
	buf_free(&out);
	return ok ? EXIT_DONE : EXIT_INPUT;
}

static int run(const struct args *a)
{
	struct auditing x = {.a = a};
	if (args_has(a, "list"))
		return list(a);
	if (args_has(a, "save") && (args_list(a, "id", 0) || args_list(a, "demand", 0))) {
		complain("audit: --save keeps whole results, not those of some checks");
		return EXIT_USAGE;
	}
	arena_init(&x.mem);
	int rc = prepare(&x);
	if (!rc)
		rc = load(&x);
	if (!rc)
		rc = judge(&x);
	posture_before_free(x.before);
	posture_free(&x.result);
	posture_waivers_free(&x.waivers);
	for (size_t i = 0; i < x.n; i++)
		snapshot_free(x.v[i]);
	free(x.v);
	free(x.only);
	setup_free(&x.setup);
	arena_free(&x.mem);
	return rc;
}

const struct command command_audit = {
	.name = "audit",
	.summary = "is this machine set up as the advisory demands",
	.usage = "audit [OPTION...] [SNAPSHOT...]",
	.description = "Judges this machine as it is now, a root beside it, or snapshots that postern privilege collect made, by checks that follow the\n"
		       "advisory's demands. Each tells what it found and where, why that matters, what to do, and where NIST SP 800-171r3, BSI IT-Grundschutz\n"
		       "and ISO/IEC 27001 ask for it. What cannot be told counts as failed: taking evidence away does not raise the score. Changes nothing.",
	.options = options,
	.examples = "  sudo postern audit\n  postern audit --format html --output audit.html web1.json patch1.json\n"
		    "  postern audit --waivers waivers.yaml --fail-on high --save\n",
	.run = run,
};
