/* session_cast.c - recordings as pages show them: their hash compared, what was on the terminal as lines of text, and pieces of JSON for the replay. They hold what outsiders made their
 * terminal show: everything goes through cast_filter, is bounded, and is written as text.
 */
#include "console/pages_access.h"

#include <stdio.h>

enum { LINES = 250, LINE_BYTES = 400, CHUNK_BYTES = 256 << 10, CHUNK_EVENTS = 5000, MARK_BYTES = 400, COLUMNS_MOST = 400, ROWS_MOST = 150 };
#define UNPACKED_MOST ((uint64_t)256 << 20) /* of a recording that is looked at here; `postern session play` shows all */

static int open_recording(struct request *q, struct slice id, struct broker_answer *a, int *fd, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_RECORDING};
	ask_set(ask.id, sizeof ask.id, id);
	*fd = -1;
	int rc = page_ask_fd(q, &ask, a, fd, e);
	return rc || *fd >= 0 ? rc : err_set(e, ERR_NOENT, "%s", text_of(TX_SESSION_GONE, q->language));
}

/* ---- lines of text ---------------------------------------------------------------------------------------------------------------------------------- */

struct transcript {
	const struct request *q;
	struct buf *out;
	uint64_t skip, lines;          /* lines before the page; lines there were */
	nstime at;                     /* when the line began */
	struct cast_filter filter;
	struct buf plain, line;
	bool more;
};

static void clock_text(nstime t, char *out, size_t n)
{
	long long s = (long long)(t / NS_SEC);
	if (s >= 3600)
		snprintf(out, n, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, n, "%02lld:%02lld", s / 60, s % 60);
}

/* Line of the page, with the time it began. mark: said by the recorder, not by the terminal. */
static void line_done(struct transcript *t, bool mark)
{
	char clock[48];
	uint64_t at = t->lines++;
	if (at >= t->skip + LINES) {
		t->more = true;
	} else if (at >= t->skip) {
		clock_text(t->at, clock, sizeof clock);
		H(t->out, "<span class=\"from\">");
		buf_addz(t->out, clock);
		buf_addz(t->out, mark ? "</span>  <em>" : "</span>  ");
		buf_html(t->out, buf_slice(&t->line));
		buf_addz(t->out, mark ? "</em>\n" : "\n");
	}
	t->line.n = 0;
}

static void back_one(struct buf *b)
{
	while (b->n && ((unsigned char)b->p[b->n - 1] & 0xc0) == 0x80)
		b->n--;
	b->n -= b->n != 0;
}

static void take_char(struct transcript *t, char c, nstime at)
{
	if (!t->line.n)
		t->at = at;
	if (c == '\n' || (t->line.n >= LINE_BYTES && ((unsigned char)c & 0xc0) != 0x80))
		line_done(t, false);
	if (c == '\b')
		back_one(&t->line);
	else if (c == '\t')
		buf_addc(&t->line, ' ');
	else if (c != '\n' && c != '\r')
		buf_addc(&t->line, c);
}

static int take_text(void *arg, const struct cast_event *x)
{
	struct transcript *t = arg;
	if (x->code != 'o' && x->code != 'm')
		return 0;
	if (x->code == 'm' && t->line.n)
		line_done(t, false);
	t->plain.n = 0;
	if (x->code == 'm') {
		struct cast_filter own = {.plain = true};
		cast_filter_feed(&own, slice_to(x->text, MARK_BYTES), &t->plain);
		buf_adds(&t->line, buf_slice(&t->plain));
		t->at = x->at;
		line_done(t, true);
	} else {
		cast_filter_feed(&t->filter, x->text, &t->plain);
		for (size_t i = 0; i < t->plain.n && !t->more; i++)
			take_char(t, t->plain.p[i], x->at);
	}
	return t->more ? ERR_STOPPED : 0;
}

/* ---- is it what was recorded? --------------------------------------------------------------------------------------------------------------------------- */

static enum text judge(const struct session *s, struct slice logged, struct slice file)
{
	if (s->end == NSTIME_NONE)
		return TX_SESSION_CHECK_LIVE;
	if (s->sha256.n != 64)
		return TX_SESSION_CHECK_LOST;
	if (logged.n != 64)
		return TX_SESSION_CHECK_UNKNOWN;
	if (!slice_eq(logged, s->sha256))
		return TX_SESSION_CHECK_TABLE;
	return slice_eq(file, s->sha256) ? TX_SESSION_CHECK_GOOD : TX_SESSION_CHECK_CHANGED;
}

int session_view(struct request *q, const struct session *s, uint64_t page, struct buf *b, struct session_view *out, struct err *e)
{
	struct transcript t = {.q = q, .out = b, .skip = page * LINES, .filter = {.plain = true}};
	struct broker_answer a;
	char sha[65] = "";
	int fd;
	*out = (struct session_view){.text = TX_SESSION_CHECK_GONE};
	int rc = open_recording(q, s->id, &a, &fd, e);
	if (rc)
		return rc == ERR_NOENT ? 0 : rc;
	rc = cast_read_fd(fd, "the recording", UNPACKED_MOST, take_text, &t, sha, e);
	out->cut = rc == ERR_LIMIT || rc == ERR_SYNTAX;
	if (!rc && t.line.n)
		line_done(&t, false);
	buf_free(&t.plain);
	buf_free(&t.line);
	if (rc && rc != ERR_STOPPED && !out->cut)
		return rc;
	out->more = t.more;
	out->lines = t.lines;
	out->text = judge(s, slice_of(a.text), slice_of(sha));
	return 0;
}

/* ---- pieces for the replay ------------------------------------------------------------------------------------------------------------------------------------ */

struct piece {
	struct buf *out;
	uint64_t from, index;          /* events before this piece; events there were */
	uint64_t n;
	struct cast_filter filter;
	struct buf text;
	uint64_t columns, rows;
	bool full, headed;
};

/* "80x24" */
static bool size_fits(struct slice s)
{
	struct slice columns;
	uint64_t c, r;
	return slice_cut(&s, 'x', &columns) && slice_u64(columns, COLUMNS_MOST, &c) && slice_u64(s, ROWS_MOST, &r) && c && r;
}

static uint64_t header_number(struct slice line, struct slice name, uint64_t most, uint64_t otherwise)
{
	uint64_t n;
	size_t digits = 0;
	ssize_t at = slice_find(line, name);
	if (at < 0)
		return otherwise;
	line = slice_trim(slice_from(line, (size_t)at + name.n));
	while (digits < line.n && line.p[digits] >= '0' && line.p[digits] <= '9')
		digits++;
	return slice_u64(slice_to(line, digits), UINT32_MAX, &n) && n ? MIN(n, most) : otherwise;
}

static void take_header(struct piece *p, struct slice line)
{
	p->columns = header_number(line, SL("\"width\":"), COLUMNS_MOST, 80);
	p->rows = header_number(line, SL("\"height\":"), ROWS_MOST, 24);
}

static void add_event(struct piece *p, nstime at, char code, struct slice text)
{
	buf_addf(p->out, "%s[%lld.%03lld,\"%c\",", p->n++ ? "," : "", (long long)(at / NS_SEC), (long long)(at % NS_SEC / 1000000), code);
	buf_json(p->out, text);
	H(p->out, "]");
}

static int take_event(void *arg, const struct cast_event *x)
{
	struct piece *p = arg;
	if (x->code == 'h' && !p->headed)
		take_header(p, x->text);
	p->headed = true;
	if (x->code != 'o' && x->code != 'm' && x->code != 'r')
		return 0;
	if (p->out->n > CHUNK_BYTES || p->n >= CHUNK_EVENTS) {
		p->full = true;
		return ERR_STOPPED;
	}
	struct cast_filter own = {.plain = true};
	p->text.n = 0;
	cast_filter_feed(x->code == 'o' ? &p->filter : &own, x->code == 'm' ? slice_to(x->text, MARK_BYTES) : x->text, &p->text);
	if (p->index++ >= p->from && (x->code != 'r' || size_fits(buf_slice(&p->text))))
		add_event(p, x->at, x->code, buf_slice(&p->text));
	return 0;
}

int session_cast(struct request *q, struct response *r, struct err *e)
{
	struct buf events = {0};
	struct piece p = {.out = &events, .columns = 80, .rows = 24};
	struct broker_answer a;
	int fd;
	if (query_get(q, "from").n && !query_number(q, "from", UINT32_MAX, &p.from))
		return err_set(e, ERR_SYNTAX, "%s", text_of(TX_SESSION_FROM_NUMBER, q->language));
	int rc = open_recording(q, q->arg[0], &a, &fd, e);
	if (rc)
		return rc;
	rc = cast_read_fd(fd, "the recording", UNPACKED_MOST, take_event, &p, NULL, e);
	if (!rc || rc == ERR_STOPPED || rc == ERR_LIMIT || rc == ERR_SYNTAX) {
		r->type = "application/json";
		H(&r->body, "{\"id\":");
		buf_json(&r->body, q->arg[0]);
		buf_addf(&r->body, ",\"columns\":%llu,\"rows\":%llu,\"from\":%llu,\"cut\":%s,\"next\":", (unsigned long long)p.columns, (unsigned long long)p.rows,
			(unsigned long long)p.from, rc == ERR_LIMIT || rc == ERR_SYNTAX ? "true" : "false");
		if (p.full)
			buf_addf(&r->body, "%llu", (unsigned long long)p.index);
		else
			H(&r->body, "null");
		H(&r->body, ",\"events\":[");
		buf_adds(&r->body, buf_slice(&events));
		H(&r->body, "]}");
		rc = 0;
	}
	buf_free(&events);
	buf_free(&p.text);
	return rc;
}
