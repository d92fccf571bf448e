/* cmd_rules.c - postern rules list: the detectors. */
#include "cmd/cmd.h"
#include "detect/detect.h"
#include "event/event.h"

#include <stdio.h>

static const struct option options[] = {
	{"format", 'f', OPT_CHOICE, "text|json", "how to print (default text)"},
	{0},
};

static void list_text(struct buf *b)
{
	for (size_t i = 0; i < detect_count(); i++) {
		const struct detector_info *d = detect_info(i);
		buf_addf(b, "%-34s %-13s %-13s", d->id, level_name(d->level), stage_name(d->stage));
		for (const char *const *t = d->techniques; *t; t++)
			buf_addf(b, " %s", *t);
		buf_addf(b, "\n  %s\n  %s\n  False positives: %s\n", d->title, d->what, d->false_positives);
	}
}

static void list_json(struct buf *b)
{
	for (size_t i = 0; i < detect_count(); i++) {
		const struct detector_info *d = detect_info(i);
		buf_addz(b, "{\"id\":");
		buf_json(b, slice_of(d->id));
		buf_addz(b, ",\"title\":");
		buf_json(b, slice_of(d->title));
		buf_addf(b, ",\"level\":\"%s\",\"stage\":\"%s\",\"techniques\":[", level_name(d->level), stage_name(d->stage));
		for (size_t k = 0; d->techniques[k]; k++) {
			if (k)
				buf_addc(b, ',');
			buf_json(b, slice_of(d->techniques[k]));
		}
		buf_addz(b, "],\"description\":");
		buf_json(b, slice_of(d->what));
		buf_addz(b, ",\"falsepositives\":");
		buf_json(b, slice_of(d->false_positives));
		buf_addz(b, "}\n");
	}
}

static int run(const struct args *a)
{
	if (a->noperands != 1 || strcmp(a->operand[0], "list") != 0) {
		if (a->noperands && strcmp(a->operand[0], "list") != 0)
			complain("rules: \"%s\" is nothing it can do; 'postern rules list' lists what is looked for", a->operand[0]);
		else
			complain("rules: say what to do: list\nTry 'postern rules --help'.");
		return EXIT_USAGE;
	}
	struct buf b = {0};
	const char *format = args_get(a, "format");
	if (format && strcmp(format, "json") == 0)
		list_json(&b);
	else
		list_text(&b);
	bool ok = write_out(NULL, buf_slice(&b));
	buf_free(&b);
	return ok ? EXIT_DONE : EXIT_INPUT;
}

const struct command command_rules = {
	.name = "rules",
	.summary = "list what is looked for",
	.usage = "rules [OPTION...] list",
	.description = "Lists the detectors with id, usual level, stage of the chain, ATT&CK techniques, what each looks for and\n"
		       "what may set it off without harm.",
	.options = options,
	.examples = "  postern rules list\n  postern rules list --format json | jq .id\n",
	.run = run,
};
