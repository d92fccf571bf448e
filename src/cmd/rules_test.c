/* rules_test.c - postern rules test: rules tried on samples of which the answer is known. */
#include "cmd/cmd_rules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct testing {
	struct buf out;
	size_t passed, failed, bad, files;
	uint64_t others;
	bool json, verbose, no_prefilter;
	struct sigma_set *set;
};

static void on_sample(void *arg, const struct sigma_sample *s)
{
	struct testing *t = arg;
	*(s->passed ? &t->passed : &t->failed) += 1;
	t->others += s->others;
	if (s->passed && !t->verbose)
		return;
	if (t->json) {
		buf_addz(&t->out, "{\"file\":");
		buf_json(&t->out, slice_of(s->file));
		buf_addf(&t->out, ",\"line\":%d,\"passed\":%s,\"others\":%llu,\"name\":", s->line, s->passed ? "true" : "false", (unsigned long long)s->others);
		buf_json(&t->out, s->name);
		buf_addz(&t->out, ",\"text\":");
		buf_json(&t->out, slice_of(s->text));
		buf_addz(&t->out, "}\n");
		return;
	}
	buf_addf(&t->out, "%s %s:%d ", s->passed ? "ok" : "FAILED", s->file, s->line);
	buf_term(&t->out, s->name.n ? s->name : s->why);
	if (!s->passed) {
		buf_addz(&t->out, ": ");
		buf_term(&t->out, slice_of(s->text));
	}
	buf_addc(&t->out, '\n');
}

static bool test_file(struct testing *t, const char *path)
{
	struct buf b = {0};
	bool ok = read_text(path, &b);
	if (ok)
		t->bad += sigma_samples(t->set, buf_slice(&b), path, t->no_prefilter, on_sample, t);
	t->files++;
	buf_free(&b);
	return ok;
}

static bool test_folder(struct testing *t, const char *path, unsigned depth)
{
	struct stat st;
	bool ok = true;
	if (stat(path, &st) || !S_ISDIR(st.st_mode) || depth > LIMIT_PATH_DEPTH)
		return true;
	DIR *d = opendir(path);
	for (struct dirent *x; d && (x = readdir(d));) {
		char full[4096];
		int n = snprintf(full, sizeof full, "%s/%s", path, x->d_name);
		if (x->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof full || lstat(full, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			ok &= test_folder(t, full, depth + 1);
		else if (slice_ends(slice_of(full), SL(".samples.jsonl")))
			ok &= test_file(t, full);
	}
	if (d)
		closedir(d);
	return ok;
}

int rules_test(const struct args *a)
{
	struct testing t = {.json = wants_json(a), .verbose = args_has(a, "verbose"), .no_prefilter = args_has(a, "no-prefilter")};
	char own[4096];
	const char *path;
	int rc = ruleset_load(a, &t.set);
	if (rc)
		return rc;
	bool ok = true;
	size_t errors = ruleset_tell_errors(t.set, 20);
	for (size_t i = 1; i < a->noperands; i++)
		ok &= test_file(&t, a->operand[i]);
	for (size_t i = 0; a->noperands == 1 && (path = args_list(a, "rules", i)); i++)
		ok &= test_folder(&t, path, 0);
	if (a->noperands == 1 && !args_has(a, "rules"))
		ok &= test_folder(&t, ruleset_default(own, sizeof own), 0);
	if (t.json)
		buf_addf(&t.out, "{\"passed\":%zu,\"failed\":%zu,\"not_samples\":%zu,\"others\":%llu}\n", t.passed, t.failed, t.bad, (unsigned long long)t.others);
	else
		buf_addf(&t.out, "%zu samples in %zu files passed, %zu failed%s\n", t.passed, t.files, t.failed, t.bad ? "; some lines are no samples" : "");
	ok &= write_out(NULL, buf_slice(&t.out));
	buf_free(&t.out);
	sigma_free(t.set);
	return !ok ? EXIT_INPUT : t.failed || t.bad || errors ? EXIT_CONDITION : EXIT_DONE;
}
