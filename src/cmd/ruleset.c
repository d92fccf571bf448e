/* ruleset.c - see ruleset.h. */
#include "cmd/ruleset.h"
#include "cmd/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *ruleset_default(char *buf, size_t n)
{
	return shared_file("POSTERN_RULES", "rules", "rules", buf, n);
}

bool read_text(const char *path, struct buf *out)
{
	char chunk[65536];
	size_t got;
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!f) {
		complain("%s: %s", path, strerror(errno));
		return false;
	}
	while ((got = fread(chunk, 1, sizeof chunk, f)) > 0 && out->n < (size_t)256 << 20)
		buf_add(out, chunk, got);
	bool ok = !ferror(f);
	if (!ok)
		complain("%s: %s", path, strerror(errno));
	if (f != stdin)
		fclose(f);
	return ok;
}

static unsigned ripeness(struct slice status)
{
	static const char *const order[] = {"unsupported", "deprecated", "experimental", "test", "stable"};
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		if (slice_ieq(status, slice_of(order[i])))
			return i;
	return 3; /* without a status: as tested */
}

static bool wanted(void *arg, const struct sigma_rule *r)
{
	const struct args *a = arg;
	const char *level = args_get(a, "rule-level"), *status = args_get(a, "rule-status"), *tag = args_get(a, "tag"), *skip;
	enum level least;
	bool tagged = tag == NULL;
	for (size_t i = 0; (skip = args_list(a, "skip-rule", i)); i++)
		if (slice_ieq(r->id, slice_of(skip)) || slice_eqz(r->name, skip))
			return false;
	if (r->kind != SIGMA_RULE)
		return true;
	for (size_t i = 0; tag && i < r->tags.n; i++)
		tagged |= slice_ieq(r->tags.v[i], slice_of(tag));
	if (level && level_parse(slice_of(level), &least) && r->level < least)
		return false;
	return tagged && !(status && ripeness(r->status) < ripeness(slice_of(status)));
}

typedef int add_fn(struct sigma_set *s, struct slice yaml, const char *file, struct err *e);

static int add_files(struct sigma_set *s, const struct args *a, const char *option, add_fn *fn)
{
	const char *file;
	struct err e;
	for (size_t i = 0; (file = args_list(a, option, i)); i++) {
		struct buf b = {0};
		int rc = read_text(file, &b) ? 0 : EXIT_USAGE;
		if (!rc && fn(s, buf_slice(&b), file, &e)) {
			complain_err(&e);
			rc = EXIT_USAGE;
		}
		buf_free(&b);
		if (rc)
			return rc;
	}
	return 0;
}

int ruleset_load(const struct args *a, struct sigma_set **out)
{
	struct sigma_options opt = {.wanted = wanted, .arg = (void *)(uintptr_t)a};
	struct sigma_set *s = sigma_new(&opt);
	struct err e;
	const char *path;
	char own[4096];
	int rc = add_files(s, a, "values", sigma_add_values);
	if (!rc)
		rc = add_files(s, a, "mapping", sigma_add_mapping);
	for (size_t i = 0; !rc && (path = args_list(a, "rules", i)); i++)
		if (sigma_add_path(s, path, &e)) {
			complain_err(&e);
			rc = EXIT_USAGE;
		}
	if (!rc && !args_has(a, "rules") && *ruleset_default(own, sizeof own))
		sigma_add_path(s, own, &e);
	if (!rc && sigma_seal(s, &e)) {
		complain_err(&e);
		rc = EXIT_USAGE;
	}
	if (rc)
		sigma_free(s);
	else
		*out = s;
	return rc;
}

size_t ruleset_tell_errors(const struct sigma_set *s, size_t most)
{
	size_t n = 0;
	for (size_t i = 0; i < sigma_problem_count(s); i++) {
		const struct sigma_problem *p = sigma_problem_get(s, i);
		if (p->severity == SIGMA_ERROR && n++ < most)
			complain_err(&p->err);
	}
	if (n > most)
		complain("%zu more rules could not be used; 'postern rules check' lists them", n - most);
	return n;
}
