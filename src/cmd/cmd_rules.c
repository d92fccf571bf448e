/* cmd_rules.c - postern rules: the verbs. */
#include "cmd/cmd_rules.h"

#include <stdio.h>

static const struct option options[] = {
	RULE_OPTIONS,
	{"format", 'f', OPT_CHOICE, "text|json", "how to print (default text)"},
	{"output", 'O', OPT_TEXT, "FILE", "coverage, tune: write to FILE instead of standard output"},
	{"no-prefilter", 0, OPT_FLAG, NULL, "test: judge every rule, without the indexes"},
	{"verbose", 'v', OPT_FLAG, NULL, "check: warnings too; test: samples that pass, too;\ncoverage: the rules that cannot fire by name"},
	{0},
};

static const struct {
	const char *name;
	int (*run)(const struct args *a);
	size_t least; /* operands behind the name */
	const char *needs;
} verbs[] = {
	{"list", rules_list, 0, ""},
	{"check", rules_check, 0, ""},
	{"test", rules_test, 0, ""},
	{"explain", rules_explain, 2, "a rule (id, name, title or file) and a file with one JSON event"},
	{"coverage", rules_coverage, 0, ""},
	{"tune", rules_tune, 1, "a file with a finding as scan --format json writes it (- for standard input)"},
};

static int run(const struct args *a)
{
	if (!a->noperands) {
		complain("rules: say what to do: list, check, test, explain, coverage or tune\nTry 'postern rules --help'.");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(a->operand[0], verbs[i].name) != 0)
			continue;
		if (a->noperands - 1 >= verbs[i].least)
			return verbs[i].run(a);
		complain("rules %s: needs %s", verbs[i].name, verbs[i].needs);
		return EXIT_USAGE;
	}
	complain("rules: \"%s\" is nothing it can do: list, check, test, explain, coverage or tune", a->operand[0]);
	return EXIT_USAGE;
}

const struct command command_rules = {
	.name = "rules",
	.summary = "list, check, test and explain what is looked for",
	.usage = "rules [OPTION...] list|check|test|explain|coverage|tune [ARGUMENT...]",
	.description = "list              the built-in detectors, and the Sigma rules\n"
		       "check [PATH...]   reads rules and tells what is wrong with them, with file:line:column; exit 1 when one cannot be used\n"
		       "test [FILE...]    tries rules on samples (default: *.samples.jsonl beside the rules); exit 1 when one fails\n"
		       "explain RULE EVENT  shows, condition by condition, why a rule matches the JSON event in file EVENT (- for standard\n"
		       "                  input), or why not; exit 1 when it does not\n"
		       "coverage [PATH...]  which ATT&CK techniques the rules cover, and which rules can never fire on the logs in PATH, and why\n"
		       "tune FINDING      writes a Sigma filter for a finding that was harmless: its JSON object from scan --format json",
	.options = options,
	.examples = "  postern rules list\n  postern rules check --rules sigma/rules\n  postern rules explain 5ebb5d9b-7a0c-4a0e-8e0b-3f3b0f7d9d42 event.json\n"
		    "  postern rules coverage --rules sigma/rules -O layer.json\n",
	.run = run,
};
