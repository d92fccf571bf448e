/* cmd_incident.c - postern incident: what watch found, and what people decide about it. */
#include "cmd/incidents.h"

#include <stdio.h>

static const struct option options[] = {
	STATE_OPTION,
	{"org", 'o', OPT_TEXT, "FILE", "show, export: organisation file (default: /etc/postern/org.yaml)"},
	{"status", 0, OPT_CHOICE, "open|closed|false-positive|merged|all", "list: those of this status (default open)"},
	{"since", 0, OPT_TEXT, "DATE", "list: those that changed since a day (2026-11-24) or\nfor so long (36h, 7d)"},
	{"level", 'l', OPT_CHOICE, "informational|low|medium|high|critical", "list: those of this level or more"},
	{"format", 'f', OPT_CHOICE, "text|json|html", "how to print (default text); html: show only"},
	{"output", 'O', OPT_TEXT, "FILE", "show: write to FILE; export: the bundle, FILE must not exist"},
	{"reason", 'r', OPT_TEXT, "TEXT", "close: why; it is kept with the incident"},
	{"false-positive", 0, OPT_FLAG, NULL, "close: it was harmless; the same findings (rule, host, account,\nsource) are suppressed for a time"},
	{"until", 0, OPT_TEXT, "DATE", "close --false-positive: last day of the suppressions, or for how\nlong (default 90d)"},
	{"dry-run", 'n', OPT_FLAG, NULL, "close: only say what would be done"},
	{"color", 0, OPT_CHOICE, "auto|always|never", "colour (default auto: only on a terminal)"},
	{0},
};

/* Verbs: who runs them, how many words follow, does it write, does it need the organisation. */
struct verb {
	const char *name, *words;
	size_t least, most;
	bool writes;
	int (*run)(struct state *s, const struct args *a);
	int (*tell)(struct state *s, const struct args *a, const struct org *org);
};
static const struct verb verbs[] = {
	{"list", "", 0, 0, false, incidents_list, NULL},
	{"show", "ID", 1, 1, false, NULL, incidents_show},
	{"export", "ID --output FILE", 1, 1, true, NULL, incidents_export},
	{"close", "ID --reason TEXT", 1, 1, true, incidents_close, NULL},
	{"reopen", "ID", 1, 1, true, incidents_reopen, NULL},
	{"note", "ID TEXT", 2, 200, true, incidents_note, NULL},
	{"suppressions", "[revoke NUMBER]", 0, 2, true, incidents_suppressions, NULL},
};

static const struct verb *find_verb(const struct args *a)
{
	const struct verb *v = NULL;
	for (size_t i = 0; a->noperands && i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, a->operand[0]) == 0)
			v = &verbs[i];
	if (!v) {
		struct buf known = {0};
		for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
			buf_addf(&known, "%s%s", i ? ", " : "", verbs[i].name);
		complain("incident: %s%s%s: %.*s\nTry 'postern incident --help'.", a->noperands ? "no \"" : "say what to do", a->noperands ? a->operand[0] : "",
			a->noperands ? "\"" : "", SLFMT(buf_slice(&known)));
		buf_free(&known);
	} else if (a->noperands - 1 < v->least || a->noperands - 1 > v->most) {
		complain("usage: postern incident %s %s", v->name, v->words);
		return NULL;
	}
	return v;
}

static bool options_fit(const struct args *a, const struct verb *v)
{
	static const struct { const char *option, *verb, *other; } rows[] = {
		{"status", "list", NULL}, {"since", "list", NULL}, {"level", "list", NULL}, {"output", "show", "export"}, {"reason", "close", NULL},
		{"false-positive", "close", NULL}, {"until", "close", NULL}, {"dry-run", "close", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (args_has(a, rows[i].option) && strcmp(v->name, rows[i].verb) && !(rows[i].other && strcmp(v->name, rows[i].other) == 0)) {
			complain("--%s is for incident %s%s%s, not for %s", rows[i].option, rows[i].verb, rows[i].other ? " and " : "", rows[i].other ? rows[i].other : "", v->name);
			return false;
		}
	const char *format = args_get(a, "format");
	if (format && strcmp(format, "html") == 0 && strcmp(v->name, "show")) {
		complain("--format html is for incident show");
		return false;
	}
	return true;
}

static int run(const struct args *a)
{
	struct state s = {0};
	struct setup org = {0};
	const struct verb *v = find_verb(a);
	if (!v || !options_fit(a, v))
		return EXIT_USAGE;
	int rc = v->tell ? setup_org(&org, a) : 0;
	if (!rc)
		rc = state_open(&s, a, v->writes ? STORE_WRITE : STORE_READ, NULL);
	if (!rc)
		rc = v->tell ? v->tell(&s, a, org.org) : v->run(&s, a);
	state_close(&s);
	org_free(org.org);
	return rc;
}

const struct command command_incident = {
	.name = "incident",
	.summary = "list, show, close and export incidents",
	.usage = "incident [OPTION...] list | show ID | close ID | reopen ID | note ID TEXT | export ID | suppressions [revoke NUMBER]",
	.description = "list              incidents that watch keeps: open ones, newest change first\n"
		       "show ID           the whole story with its evidence, notes and actions; the beginning of an id is enough\n"
		       "close ID          it is dealt with (--reason); with --false-positive its findings are suppressed for a time\n"
		       "reopen ID         it is not; suppressions it taught are revoked\n"
		       "note ID TEXT      something to remember about it\n"
		       "export ID         a tar for police or CERT (--output): story, evidence, audit records, SHA-256 of everything\n"
		       "suppressions      what closed false positives taught; revoke NUMBER ends one\n\n"
		       "Works beside a running watch, which notices at once. Whatever is changed stands in the audit log, with who did it.",
	.options = options,
	.examples = "  postern incident list --level high\n  postern incident show 20261124T0218\n"
		    "  postern incident close 20261124T0218 --reason \"nightly backup, ticket 4711\" --false-positive\n"
		    "  postern incident export 20261124T0218 --output case-4711.tar\n",
	.run = run,
};
