/* cmd_rules.h - the verbs of `postern rules`, a file each. */
#ifndef POSTERN_CMD_RULES_H
#define POSTERN_CMD_RULES_H

#include "cmd/ruleset.h"

int rules_list(const struct args *a);
int rules_check(const struct args *a);
int rules_test(const struct args *a);
int rules_explain(const struct args *a);
int rules_coverage(const struct args *a);
int rules_tune(const struct args *a);
static inline bool wants_json(const struct args *a)
{
	const char *f = args_get(a, "format");
	return f && strcmp(f, "json") == 0;
}
/* Members of a JSON object about a rule, without the braces. */
void rule_json(struct buf *b, const struct sigma_rule *r);

#endif
