/* pages_sources.c - what is read, and where nobody would see anything. */
#include "console/incidents.h"
#include "decode/decode.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SILENT_AFTER NS_DAY    /* as watch has it unless told otherwise */
#define DEAD_AFTER (15 * NS_MIN)
enum { LOGS_MOST = 20000, FIGURES_MOST = 256 << 10 };

bool sight_silent(const struct store_log *x, nstime now)
{
	return !x->done && (x->seen == NSTIME_NONE || now - x->seen > SILENT_AFTER);
}

/* ---- what can be said about all of it ------------------------------------------------------------------------------------------------- */

/* A figure of STATE/metrics.prom, which watch writes; false: not there. */
static bool figure(struct slice text, const char *name, double *out)
{
	struct slice line;
	size_t n = strlen(name);
	while (text.n) {
		if (!slice_cut(&text, '\n', &line)) {
			line = text;
			text = SLICE_NONE;
		}
		if (!slice_starts(line, slice_of(name)) || line.n <= n + 1 || line.p[n] != ' ' || line.n - n > 40)
			continue;
		char number[64];
		snprintf(number, sizeof number, "%.*s", (int)(line.n - n - 1), line.p + n + 1);
		*out = strtod(number, NULL);
		return true;
	}
	return false;
}

static void read_figures(const struct request *q, struct buf *out)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/metrics.prom", q->desk->o->state);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char part[8192];
	ssize_t n;
	while (fd >= 0 && out->n < FIGURES_MOST && (n = read(fd, part, sizeof part)) > 0)
		buf_add(out, part, (size_t)n);
	if (fd >= 0)
		close(fd);
}

struct looking {
	struct request *q;
	struct sight *sight;
	const struct org_host **hosts; /* of org.yaml that have a log */
	size_t nhosts;
};

static int look_at(void *arg, const struct store_log *x)
{
	struct looking *l = arg;
	const struct org_host *h = org_host(l->q->desk->o->org, x->host);
	l->sight->logs++;
	l->sight->silent += sight_silent(x, l->q->now);
	l->sight->newest = MAX(l->sight->newest, x->seen);
	for (size_t i = 0; h && i < l->nhosts; i++)
		if (l->hosts[i] == h)
			h = NULL;
	if (h)
		l->hosts[l->nhosts++] = h;
	return 0;
}

static bool has_log(const struct looking *l, const struct org_host *h)
{
	for (size_t i = 0; i < l->nhosts; i++)
		if (l->hosts[i] == h)
			return true;
	return false;
}

static int look(struct looking *l, struct err *e)
{
	size_t n;
	const struct org_host *hosts = org_hosts(l->q->desk->o->org, &n);
	*l->sight = (struct sight){.newest = NSTIME_NONE, .heartbeat = NSTIME_NONE};
	l->hosts = arena_alloc(l->q->mem, (n + 1) * sizeof *l->hosts);
	int rc = store_logs(l->q->desk->store, look_at, l, e);
	for (size_t i = 0; i < n; i++)
		l->sight->hosts_without += !has_log(l, &hosts[i]);
	return rc;
}

int sight_load(struct request *q, struct sight *out, struct err *e)
{
	struct sight *kept = &q->desk->sight;
	struct looking l = {q, out, NULL, 0};
	struct buf text = {0};
	int64_t version = 0;
	double t;
	int rc = store_version(q->desk->store, &version, e);
	if (rc || (kept->counted && kept->version == version && q->now - kept->counted < NS_MIN && q->now >= kept->counted)) {
		*out = *kept;
		return rc;
	}
	rc = look(&l, e);
	read_figures(q, &text);
	if (figure(buf_slice(&text), "postern_heartbeat_timestamp_seconds", &t) && t > 0 && t < 1e10)
		out->heartbeat = (nstime)t * NS_SEC;
	buf_free(&text);
	out->counted = q->now;
	out->version = version;
	if (!rc)
		*kept = *out;
	return rc;
}

bool sight_dead(const struct sight *s, nstime now)
{
	return s->heartbeat != NSTIME_NONE && now - s->heartbeat > DEAD_AFTER;
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------------- */

struct listing {
	const struct request *q;
	struct buf *b;
	bool silent;           /* only those */
	uint64_t all, skip, shown;
};

static int list_log(void *arg, const struct store_log *x)
{
	struct listing *l = arg;
	const struct request *q = l->q;
	bool silent = sight_silent(x, q->now);
	if ((l->silent && !silent) || l->all++ < l->skip || l->shown >= PAGE_ROWS)
		return 0;
	l->shown++;
	H(l->b, "<tr>");
	html_cell(q, l->b, TX_SRC_LOG), html_foreign(l->b, text_cut(x->set.n ? x->set : x->path, 300)), H(l->b, "</td>");
	html_cell(q, l->b, TX_SRC_HOST), html_foreign(l->b, text_cut(x->host, 200)), H(l->b, "</td>");
	html_cell(q, l->b, TX_SRC_SEEN), html_time(q, l->b, x->seen), H(l->b, "</td>");
	html_cell(q, l->b, TX_SRC_FILES), html_count(l->b, x->files), H(l->b, "</td>");
	html_cell(q, l->b, TX_SRC_STATE);
	buf_addz(l->b, silent ? "<span class=\"badge bad\">" : "<span class=\"badge\">");
	html_text(q, l->b, silent ? TX_SRC_SILENT : x->done ? TX_SRC_DONE : TX_SRC_FOLLOWED);
	H(l->b, "</span></td></tr>");
	return 0;
}

static void blind_spots(const struct looking *l, struct buf *b)
{
	const struct request *q = l->q;
	size_t n, told = 0;
	const struct org_host *hosts = org_hosts(q->desk->o->org, &n);
	H(b, "<section><h2>");
	html_text(q, b, TX_SRC_BLIND);
	H(b, "</h2><ul>");
	if (l->sight->silent) {
		H(b, "<li><a href=\"/sources?show=silent\">");
		html_number(q, b, TX_OVER_SILENT, l->sight->silent);
		H(b, "</a>: ");
		html_text(q, b, TX_SRC_QUIET);
		H(b, "</li>");
	}
	for (size_t i = 0; i < n && told < PAGE_ROWS; i++) {
		if (has_log(l, &hosts[i]))
			continue;
		told++;
		H(b, "<li>");
		html_foreign(b, hosts[i].name);
		H(b, ": ");
		html_text(q, b, TX_SRC_NO_LOG);
		H(b, "</li>");
	}
	H(b, "</ul>");
	if (l->sight->hosts_without > told)
		html_number_in(q, b, "p class=\"muted\"", TX_INC_MORE, l->sight->hosts_without - told);
	if (!l->sight->silent && !told)
		html_in(q, b, "p class=\"empty\"", TX_SRC_NO_BLIND);
	H(b, "</section>");
}

/* Does watch run, and what does it not understand? */
static void engine(const struct request *q, struct buf *b, const struct sight *s)
{
	struct buf text = {0};
	static const enum decoded kinds[] = {DECODED_UNKNOWN, DECODED_NO_FORMAT};
	double lines = 0;
	bool read = true;
	read_figures(q, &text);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char name[100];
		double n = 0;
		snprintf(name, sizeof name, "postern_lines_by_result_total{result=\"%s\"}", decoded_name(kinds[i]));
		read &= figure(buf_slice(&text), name, &n) && n >= 0 && n < 1e18;
		lines += n;
	}
	buf_free(&text);
	if (s->heartbeat != NSTIME_NONE) {
		H(b, "<p>");
		html_text(q, b, TX_SRC_HEARTBEAT);
		H(b, " ");
		html_time(q, b, s->heartbeat);
		H(b, "</p>");
	}
	if (sight_dead(s, q->now))
		html_said(q, b, true, slice_of(text_of(TX_SRC_DEAD, q->language)));
	if (!read)
		return;
	H(b, "<p>");
	html_text(q, b, TX_SRC_NOT_UNDERSTOOD);
	H(b, " ");
	html_count(b, (uint64_t)lines);
	H(b, "</p>");
}

int page_sources(struct request *q, struct response *r, struct err *e)
{
	static const enum text columns[] = {TX_SRC_LOG, TX_SRC_HOST, TX_SRC_SEEN, TX_SRC_FILES, TX_SRC_STATE};
	struct store *s = page_store(q, e);
	struct sight sight, of_logs;
	struct looking l = {q, &of_logs, NULL, 0};
	struct buf rows = {0}, *b = &r->body;
	struct listing list = {q, &rows, slice_eq(query_get(q, "show"), SL("silent")), 0, page_skip(q), 0};
	r->title = TX_SOURCES;
	if (!s) {
		html_no_state(q, b, TX_SOURCES);
		return 0;
	}
	int rc = sight_load(q, &sight, e);
	if (!rc)
		rc = look(&l, e);
	if (!rc)
		rc = store_logs(s, list_log, &list, e);
	if (!rc) {
		html_in(q, b, "h1", TX_SOURCES);
		html_in(q, b, "p class=\"lead\"", TX_SRC_LEAD);
		engine(q, b, &sight);
		blind_spots(&l, b);
		H(b, "<nav class=\"tabs\" aria-label=\"");
		html_value(b, slice_of(text_of(TX_SOURCES, q->language)));
		buf_addf(b, "\"><ul><li><a href=\"/sources\"%s>", list.silent ? "" : " aria-current=\"page\"");
		html_text(q, b, TX_SRC_ALL);
		buf_addf(b, "</a></li><li><a href=\"/sources?show=silent\"%s>", list.silent ? " aria-current=\"page\"" : "");
		html_text(q, b, TX_SRC_ONLY_SILENT);
		H(b, "</a></li></ul></nav><table><caption>");
		html_number(q, b, TX_SRC_COUNT, list.all);
		H(b, "</caption>");
		html_columns(q, b, columns, ARRAY_LEN(columns));
		H(b, "<tbody>");
		buf_adds(b, buf_slice(&rows));
		H(b, "</tbody></table>");
		if (!list.all)
			html_in(q, b, "p class=\"empty\"", TX_SRC_NONE);
		html_pager(q, b, list.all);
		r->refresh_after = 1;
	}
	buf_free(&rows);
	return rc;
}
