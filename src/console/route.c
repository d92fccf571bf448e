/* route.c - from a path to the row of a table. */
#include "console/console_private.h"

#include <stdio.h>

/* How many parts of it are literal; -1: it does not fit. */
static int fits(const char *path, const struct target *t, struct slice arg[static PAGE_ARGS])
{
	struct slice rest = slice_of(path + 1), part;
	size_t n = 0, args = 0;
	int literal = 0;
	while (rest.n) {
		if (!slice_cut(&rest, '/', &part)) {
			part = rest;
			rest = SLICE_NONE;
		}
		if (n == t->nparts)
			return -1;
		if (slice_eq(part, SL("{}"))) {
			if (args < PAGE_ARGS)
				arg[args++] = t->parts[n];
		} else if (slice_eq(part, t->parts[n])) {
			literal++;
		} else {
			return -1;
		}
		n++;
	}
	return n == t->nparts ? literal : -1;
}

unsigned route_find(const struct target *t, enum method m, const struct route **out, struct slice arg[static PAGE_ARGS], unsigned *allowed)
{
	int best = -1;
	*out = NULL;
	*allowed = 0;
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->path; r++) {
			struct slice found[PAGE_ARGS] = {{NULL, 0}};
			int literal = fits(r->path, t, found);
			if (literal < 0)
				continue;
			*allowed |= r->method;
			if (r->method != m || literal <= best)
				continue;
			best = literal; /* "/incidents/new" goes before "/incidents/{}" */
			*out = r;
			memcpy(arg, found, sizeof found);
		}
	return *out ? 0 : *allowed ? 405 : 404;
}

void console_routes(struct buf *out)
{
	static const struct { unsigned bit; const char *name; } roles[] = {{ROLE_EMPLOYEE, "employee"}, {ROLE_ANALYST, "analyst"}, {ROLE_APPROVER, "approver"},
		{ROLE_ADMINISTRATOR, "administrator"}};
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->path; r++) {
			bool first = true;
			buf_addf(out, "{\"method\":\"%s\",\"path\":\"%s\",\"roles\":[", r->method == METHOD_POST ? "POST" : "GET", r->path);
			for (size_t i = 0; i < ARRAY_LEN(roles); i++)
				if (r->roles & roles[i].bit) {
					buf_addf(out, "%s\"%s\"", first ? "" : ",", roles[i].name);
					first = false;
				}
			buf_addf(out, "],\"upload\":%s,\"json\":%s}\n", r->flags & ROUTE_UPLOAD ? "true" : "false", r->flags & ROUTE_JSON ? "true" : "false");
		}
}
