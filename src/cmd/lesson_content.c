/* lesson_content.c - postern lesson list, check: the units, and what is wrong in them. */
#include "cmd/lessons.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *lessons_default(const char *given, char *buf, size_t n)
{
	static const char *const beside[] = {"../share/postern/lessons", "../../lessons"}; /* of the program: installed, or in its build folder */
	const char *env = getenv("POSTERN_LESSONS");
	char self[2048];
	buf[0] = 0;
	if (given || (env && *env)) {
		snprintf(buf, n, "%s", given ? given : env);
		return buf;
	}
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	self[len > 0 ? len : 0] = 0;
	char *slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < ARRAY_LEN(beside) && !buf[0]; i++) {
		char path[4096];
		int w = snprintf(path, sizeof path, "%.*s/%s", (int)(slash - self), self, beside[i]);
		char *real = w > 0 && (size_t)w < sizeof path ? realpath(path, NULL) : NULL;
		if (real && access(real, R_OK) == 0 && strlen(real) < n)
			snprintf(buf, n, "%s", real);
		free(real);
	}
	return buf;
}

static void unit_json(const struct lesson *x, struct buf *b)
{
	static const char *const languages[LURE_LANGUAGES] = {"en", "de", "ko"};
	buf_addz(b, "{\"id\":");
	buf_json(b, x->id);
	buf_addf(b, ",\"order\":%u,\"minutes\":%u,\"parts\":%zu,\"questions\":%zu,\"sources\":%zu,\"audience\":[", x->order, x->minutes, x->nparts, x->nquestions, x->nsources);
	for (size_t i = 0; i < x->naudience; i++) {
		buf_addz(b, i ? "," : "");
		buf_json(b, x->audience[i]);
	}
	buf_addz(b, "],\"title\":{");
	for (size_t i = 0; i < LURE_LANGUAGES; i++) {
		buf_addf(b, "%s\"%s\":", i ? "," : "", languages[i]);
		buf_json(b, x->title.in[i]);
	}
	buf_addz(b, "}}\n");
}

int lesson_list(struct lesson_work *w)
{
	const struct lesson *v;
	const struct lesson_problem *p;
	size_t n = lessons_all(w->lessons, &v), np = lessons_problems(w->lessons, &p), errors = 0;
	for (size_t i = 0; i < n; i++) {
		if (w->json) {
			unit_json(&v[i], &w->out);
			continue;
		}
		buf_addf(&w->out, "%-28.*s %2u min  %2zu parts  ", SLFMT(v[i].id), v[i].minutes, v[i].nparts);
		buf_term(&w->out, v[i].title.in[LURE_EN]);
		for (size_t k = 0; k < v[i].naudience; k++)
			buf_addf(&w->out, "%s%.*s", k ? ", " : "  (for ", SLFMT(v[i].audience[k]));
		buf_addz(&w->out, v[i].naudience ? ")\n" : "\n");
	}
	for (size_t i = 0; i < np; i++)
		errors += p[i].error;
	if (errors)
		complain("%zu errors in lessons, whose units are left out: 'postern lesson check' tells them", errors);
	return errors ? EXIT_CONDITION : EXIT_DONE;
}

static void problem_json(const struct lesson_problem *p, struct buf *b)
{
	buf_addz(b, "{\"file\":");
	buf_json(b, p->file);
	buf_addf(b, ",\"line\":%d,\"column\":%d,\"level\":\"%s\",\"text\":", p->line, p->column, p->error ? "error" : "warning");
	buf_json(b, p->text);
	buf_addz(b, "}\n");
}

int lesson_check(struct lesson_work *w)
{
	const struct lesson *v;
	const struct lesson_problem *p;
	size_t n = lessons_all(w->lessons, &v), np = lessons_problems(w->lessons, &p), errors = 0;
	for (size_t i = 0; i < np; i++) {
		errors += p[i].error;
		if (w->json) {
			problem_json(&p[i], &w->out);
			continue;
		}
		buf_term(&w->out, p[i].file);
		if (p[i].line > 0)
			buf_addf(&w->out, ":%d", p[i].line);
		if (p[i].line > 0 && p[i].column > 0)
			buf_addf(&w->out, ":%d", p[i].column);
		buf_addf(&w->out, ": %s: ", p[i].error ? "error" : "warning");
		buf_term(&w->out, p[i].text);
		buf_addc(&w->out, '\n');
	}
	if (!w->json)
		buf_addf(&w->out, "%zu units are right, %zu errors, %zu warnings\n", n, errors, np - errors);
	return errors ? EXIT_CONDITION : EXIT_DONE;
}
