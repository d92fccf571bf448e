/* privilege_report.c - postern privilege report: rights, and when they were last used. */
#include "cmd/privilege_report.h"
#include "cmd/setup.h"

#include <stdlib.h>
#include <unistd.h>

const char *privilege_report_use(enum right_use u)
{
	static const char *const names[] = {[RIGHT_USED] = "used", [RIGHT_UNUSED] = "unused", [RIGHT_UNSURE] = "not known"};
	return (size_t)u < ARRAY_LEN(names) ? names[u] : "?";
}

const struct snap_at *privilege_report_at(const struct right *x)
{
	return x->row; /* every row begins with where it stands */
}

/* ---- filters ----------------------------------------------------------------------------------------------------------- */

static bool same_host(const struct org *o, struct slice a, struct slice b)
{
	const struct org_host *h = org_host(o, a);
	return slice_ieq(a, b) || (h && h == org_host(o, b));
}

bool privilege_report_host(const struct privilege_report *r, const struct args *a, struct slice host)
{
	const char *name;
	for (size_t i = 0; (name = args_list(a, "host", i)); i++)
		if (same_host(r->in->setup->org, slice_of(name), host))
			return true;
	return !args_has(a, "host");
}

static bool kinds_of(const struct args *a, uint32_t *out)
{
	const char *name;
	*out = 0;
	for (size_t i = 0; (name = args_list(a, "kind", i)); i++) {
		unsigned k = 0;
		while (k < RIGHT_KIND_COUNT && strcmp(right_name((enum right_kind)k), name) != 0)
			k++;
		if (k == RIGHT_KIND_COUNT) {
			struct buf known = {0};
			for (k = 0; k < RIGHT_KIND_COUNT; k++)
				buf_addf(&known, "%s%s", k ? ", " : "", right_name((enum right_kind)k));
			complain("--kind: no \"%s\"; there are %.*s", name, SLFMT(buf_slice(&known)));
			buf_free(&known);
			return false;
		}
		*out |= 1u << k;
	}
	return true;
}

/* A host that no snapshot is of is a mistake of the user's, not a wish. */
static bool hosts_known(const struct privilege_report *r, const struct args *a)
{
	const char *name;
	for (size_t i = 0; (name = args_list(a, "host", i)); i++) {
		bool known = false;
		for (size_t k = 0; k < r->in->n && !known; k++)
			known = same_host(r->in->setup->org, slice_of(name), r->in->v[k]->host);
		if (!known) {
			complain("--host: no snapshot of %s", name);
			return false;
		}
	}
	return true;
}

static void filter(struct privilege_report *r, const struct args *a)
{
	r->shown = arena_alloc(&r->mem, (r->nrights + 1) * sizeof *r->shown);
	for (size_t i = 0; i < r->nrights; i++) {
		const struct right *x = &r->rights[i];
		r->shown[i] = (!r->kinds || r->kinds >> x->kind & 1) && (!args_has(a, "unused") || x->use == RIGHT_UNUSED) && privilege_report_host(r, a, x->host);
		if (r->shown[i]) {
			r->count[x->use]++;
			r->nshown++;
		}
	}
}

/* ---- the verb ---------------------------------------------------------------------------------------------------------- */

static int print(struct privilege_report *r, const struct args *a)
{
	const char *format = args_get(a, "format"), *file = args_get(a, "output");
	struct buf out = {0};
	struct err e;
	int rc = 0;
	if (format && strcmp(format, "json") == 0)
		privilege_report_json(r, &out);
	else if (format && strcmp(format, "html") == 0)
		rc = privilege_report_html(r, &out, &e);
	else if (format && strcmp(format, "svg") == 0)
		rc = privilege_svg(r->p, NULL, 0, &out, &e);
	else
		privilege_report_text(r, !file && term_color(STDOUT_FILENO, args_get(a, "color")), &out);
	if (rc)
		complain_err(&e);
	bool ok = !rc && write_out(file, buf_slice(&out));
	out.n = 0;
	if (ok && args_has(a, "save")) {
		privilege_report_json(r, &out);
		ok = privilege_keep(r->in, a, "privilege", SL("report"), buf_slice(&out));
	}
	buf_free(&out);
	return ok ? 0 : EXIT_INPUT;
}

static int report(struct privilege_report *r, const struct args *a)
{
	if (!hosts_known(r, a))
		return EXIT_USAGE;
	r->nrights = privilege_rights(r->p, &r->rights);
	filter(r, a);
	privilege_report_find(r, a);
	return print(r, a);
}

int privilege_cmd_report(const struct args *a)
{
	struct privilege_inputs in;
	uint32_t kinds;
	if (!kinds_of(a, &kinds))
		return EXIT_USAGE;
	int rc = privilege_inputs_open(&in, a);
	struct privilege *p = rc ? NULL : privilege_inputs_build(&in, a);
	if (!rc && !p)
		rc = EXIT_INPUT;
	if (p) {
		struct privilege_report r = {.in = &in, .p = p, .days = privilege_days(a), .kinds = kinds};
		arena_init(&r.mem);
		rc = report(&r, a);
		arena_free(&r.mem);
		free(r.shared.v);
	}
	rc = rc ? rc : in.missing;
	privilege_free(p);
	privilege_inputs_free(&in);
	return rc;
}
