/* ruleset.h - the rules a command works with, by its options. */
#ifndef POSTERN_CMD_RULESET_H
#define POSTERN_CMD_RULESET_H

#include "cmd/cmd.h"
#include "sigma/sigma.h"

#define RULE_OPTIONS                                                                                                     \
	{"rules", 'r', OPT_LIST, "PATH", "Sigma rules: a file or folder; may be given several times\n(default: those that come with postern)"}, \
	{"rule-level", 0, OPT_CHOICE, "informational|low|medium|high|critical", "only rules of this level or more"}, \
	{"rule-status", 0, OPT_CHOICE, "stable|test|experimental", "only rules of this status or a riper one"}, \
	{"tag", 0, OPT_TEXT, "TAG", "only rules with this tag, such as attack.t1105"}, \
	{"skip-rule", 0, OPT_LIST, "ID", "leave out the rule with this id; may be given several times"}, \
	{"values", 0, OPT_LIST, "FILE", "values of %placeholders% in rules: YAML, values: {name: [...]}"}, \
	{"mapping", 0, OPT_LIST, "FILE", "names of fields in your logs: YAML, mapping: {name: name-in-rules}"}

/* 0 and *out (free with sigma_free), or an exit code after a message. Problems of single rules are the caller's to tell. */
int ruleset_load(const struct args *a, struct sigma_set **out);
/* What is wrong with rules, as messages on stderr: errors, at most `most`. Returns how many errors there are. */
size_t ruleset_tell_errors(const struct sigma_set *s, size_t most);
/* The folder of the rules that come with postern, into buf; "" when there is none. */
const char *ruleset_default(char *buf, size_t n);
/* A whole file; false after a message. */
bool read_text(const char *path, struct buf *out);

#endif
