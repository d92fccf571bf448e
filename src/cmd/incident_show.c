/* incident_show.c - postern incident list and show. */
#include "cmd/incidents.h"

#include <stdio.h>
#include <unistd.h>

struct listing {
	struct buf out;
	bool json, color;
	unsigned width;
	enum level level;
	nstime since;
	size_t n;
};

static void member(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

static void time_member(struct buf *b, const char *name, nstime t)
{
	char s[40];
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":\"%s\"", name, time_rfc3339(t, s));
}

static void list_json(struct buf *b, const struct store_incident *x)
{
	buf_addf(b, "{\"id\":\"%s\",\"status\":\"%s\",\"level\":\"%s\"", x->id, incident_status_name(x->status), level_name(x->level));
	member(b, "kind", x->kind);
	member(b, "title", x->title);
	member(b, "reason", x->reason);
	buf_addf(b, ",\"findings\":%u,\"stages\":[", x->findings);
	bool first = true;
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++)
		if (x->stages >> st & 1) {
			buf_addf(b, "%s\"%s\"", first ? "" : ",", stage_name((enum stage)st));
			first = false;
		}
	buf_addc(b, ']');
	time_member(b, "first", x->first);
	time_member(b, "last", x->last);
	time_member(b, "opened", x->opened);
	time_member(b, "updated", x->updated);
	time_member(b, "closed", x->closed);
	member(b, "closed_by", x->closer);
	member(b, "closed_reason", x->closing);
	member(b, "merged_into", slice_of(x->merged));
	member(b, "follows", slice_of(x->follows));
	buf_addz(b, "}\n");
}

static void list_text(struct listing *l, const struct store_incident *x)
{
	static const char *const colors[LEVEL_COUNT] = {"2", "36", "33", "31", "1;37;41"};
	char last[40], updated[40];
	buf_addf(&l->out, "%-25s  ", x->id);
	if (l->color)
		buf_addf(&l->out, "\033[%sm%s\033[0m%*s", colors[x->level], level_name(x->level), (int)(13 - strlen(level_name(x->level))), "");
	else
		buf_addf(&l->out, "%-13s", level_name(x->level));
	buf_addf(&l->out, "  %-14s  %3u finding%s, last %.16s, changed %.16s\n    ", incident_status_name(x->status), x->findings, x->findings == 1 ? " " : "s",
		time_plain(x->last, last), time_plain(x->updated, updated));
	buf_term(&l->out, slice_to(x->title, l->width > 44 ? l->width - 4 : 40));
	buf_addc(&l->out, '\n');
	if (x->merged[0])
		buf_addf(&l->out, "    merged into %s\n", x->merged);
	if (x->closer.n) {
		buf_addz(&l->out, "    closed by ");
		buf_term(&l->out, x->closer);
		buf_addz(&l->out, ": ");
		buf_term(&l->out, slice_to(x->closing, 200));
		buf_addc(&l->out, '\n');
	}
}

static int list_one(void *arg, const struct store_incident *x)
{
	struct listing *l = arg;
	if (x->level < l->level || x->updated < l->since)
		return 0;
	l->n++;
	if (l->json)
		list_json(&l->out, x);
	else
		list_text(l, x);
	return 0;
}

static int status_of(const char *name)
{
	for (int st = INCIDENT_OPEN; name && st <= INCIDENT_MERGED; st++)
		if (strcmp(incident_status_name((enum incident_status)st), name) == 0)
			return st;
	return name ? -1 : INCIDENT_OPEN;
}

int incidents_list(struct state *s, const struct args *a)
{
	struct err e;
	const char *format = args_get(a, "format"), *since = args_get(a, "since"), *level = args_get(a, "level"), *status = args_get(a, "status");
	struct listing l = {.json = format && strcmp(format, "json") == 0, .color = term_color(STDOUT_FILENO, args_get(a, "color")), .width = term_width(STDOUT_FILENO),
		.since = INT64_MIN};
	if (since && !state_time(since, s->now, false, &l.since)) {
		complain("--since: \"%s\" is no day (2026-11-24) and no time back from now (36h, 7d)", since);
		return EXIT_USAGE;
	}
	if (level)
		level_parse(slice_of(level), &l.level);
	int rc = store_incidents(s->store, status_of(status), list_one, &l, &e) ? state_failed(s, &e) : 0;
	if (!rc && !l.n && !l.json)
		buf_addf(&l.out, "No %s%sincidents%s.\n", status && strcmp(status, "all") == 0 ? "" : status ? status : "open",
			status && strcmp(status, "all") == 0 ? "" : " ", since || level ? " of that time and level" : "");
	if (!rc && !write_out(NULL, buf_slice(&l.out)))
		rc = EXIT_INPUT;
	buf_free(&l.out);
	return rc;
}

int incidents_load(struct stored *x, struct state *s, const struct args *a, const struct org *org)
{
	struct err e;
	int rc = stored_load(x, s->store, a->operand[1], org, POSTERN_VERSION, &e) ? state_failed(s, &e) : 0;
	if (!rc && x->merged[0])
		complain("incident %s grew together with %s: that one follows", x->merged, x->row.id);
	return rc;
}

int incidents_show(struct state *s, const struct args *a, const struct org *org)
{
	struct stored x;
	struct buf out = {0};
	const char *format = args_get(a, "format"), *file = args_get(a, "output");
	int rc = incidents_load(&x, s, a, org);
	struct report_text_options opt = {.color = !file && term_color(STDOUT_FILENO, args_get(a, "color")), .width = term_width(STDOUT_FILENO), .verbose = true};
	if (!rc && format && strcmp(format, "json") == 0)
		report_json(&out, &x.report);
	else if (!rc && format && strcmp(format, "html") == 0)
		report_html(&out, &x.report);
	else if (!rc)
		report_text(&out, &x.report, &opt);
	if (!rc && !write_out(file, buf_slice(&out)))
		rc = EXIT_INPUT;
	buf_free(&out);
	stored_free(&x);
	return rc;
}
