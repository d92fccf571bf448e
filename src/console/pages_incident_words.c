/* pages_incident_words.c - words for what the other rooms number, and the pieces that the pages about incidents are made of. */
#include "console/incidents.h"

#include <stdio.h>

enum text incident_status_words(enum incident_status st)
{
	static const enum text words[] = {[INCIDENT_OPEN] = TX_INC_OPEN, [INCIDENT_CLOSED] = TX_INC_CLOSED, [INCIDENT_FALSE] = TX_INC_FALSE, [INCIDENT_MERGED] = TX_INC_MERGED};
	return (size_t)st < ARRAY_LEN(words) ? words[st] : TX_NONE;
}

enum text incident_stage_words(enum stage st)
{
	static const enum text words[STAGE_COUNT] = {[STAGE_NONE] = TX_STAGE_ALSO, [STAGE_ENTRY] = TX_STAGE_ENTRY, [STAGE_TOOLS] = TX_STAGE_TOOLS, [STAGE_TUNNEL] = TX_STAGE_TUNNEL,
		[STAGE_CREDENTIALS] = TX_STAGE_CREDENTIALS, [STAGE_MOVED] = TX_STAGE_MOVED, [STAGE_IMPERSONATION] = TX_STAGE_IMPERSONATION,
		[STAGE_DISTRIBUTION] = TX_STAGE_DISTRIBUTION, [STAGE_COVER] = TX_STAGE_COVER};
	return (size_t)st < STAGE_COUNT ? words[st] : TX_NONE;
}

enum text incident_kind_words(struct slice kind)
{
	static const struct { const char *name; enum text text; } words[] = {{"side-door", TX_KIND_SIDE_DOOR}, {"lure", TX_KIND_LURE}, {"intrusion", TX_KIND_INTRUSION},
		{"suspicion", TX_KIND_SUSPICION}};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eqz(kind, words[i].name))
			return words[i].text;
	return TX_NONE;
}

enum text incident_entity_words(enum entity_type t)
{
	static const enum text words[ENT_COUNT] = {[ENT_HOST] = TX_ENT_HOST, [ENT_DEST_HOST] = TX_ENT_DEST_HOST, [ENT_USER] = TX_ENT_USER, [ENT_SOURCE] = TX_ENT_SOURCE,
		[ENT_PROVIDER] = TX_ENT_PROVIDER, [ENT_PERSON] = TX_ENT_PERSON, [ENT_FILE] = TX_ENT_FILE, [ENT_HASH] = TX_ENT_HASH, [ENT_MAIL] = TX_ENT_MAIL,
		[ENT_KEY] = TX_ENT_KEY, [ENT_DOMAIN] = TX_ENT_DOMAIN, [ENT_COMMAND] = TX_ENT_COMMAND};
	return (size_t)t < ENT_COUNT ? words[t] : TX_NONE;
}

/* "tunnel: long connections ..." is a stage and a sentence. */
static enum text cut_stage(struct slice *s)
{
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++) {
		struct slice title = slice_of(stage_title((enum stage)st));
		if (slice_starts(*s, title) && slice_starts(slice_from(*s, title.n), SL(": "))) {
			*s = slice_from(*s, title.n + 2);
			return incident_stage_words((enum stage)st);
		}
	}
	return TX_NONE;
}

void incident_advice(const struct request *q, struct buf *b, struct slice sentence)
{
	enum text stage = cut_stage(&sentence);
	if (stage != TX_NONE) {
		H(b, "<strong>");
		html_text(q, b, stage);
		H(b, "</strong>: ");
	}
	for (int t = TX_ADVICE_FIRST + 1; t < TX_ADVICE_LAST; t++)
		if (slice_eqz(sentence, text_of((enum text)t, LURE_EN))) {
			html_text(q, b, (enum text)t);
			return;
		}
	html_told(q, b, sentence);
}

struct slice text_cut(struct slice s, size_t n)
{
	if (s.n <= n)
		return s;
	while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return slice_to(s, n);
}

void html_told(const struct request *q, struct buf *b, struct slice s)
{
	if (q->language == LURE_EN) {
		html_foreign(b, s);
		return;
	}
	H(b, "<span lang=\"en\">");
	html_foreign(b, s);
	H(b, "</span>");
}

void html_incident_status(const struct request *q, struct buf *b, enum incident_status st)
{
	buf_addz(b, st == INCIDENT_OPEN ? "<span class=\"badge warn\">" : "<span class=\"badge\">");
	html_text(q, b, incident_status_words(st));
	H(b, "</span>");
}

void html_incident_link(const struct request *q, struct buf *b, const char *id, struct slice title)
{
	H(b, "<a href=\"/incidents/");
	html_path(b, slice_of(id));
	H(b, "\">");
	html_told(q, b, title.n ? text_cut(title, 240) : slice_of(id));
	H(b, "</a>");
}

static void element(struct buf *b, const char *tag, bool end)
{
	buf_addz(b, end ? "</" : "<");
	buf_add(b, tag, end ? strcspn(tag, " ") : strlen(tag));
	buf_addc(b, '>');
}

void html_in(const struct request *q, struct buf *b, const char *tag, enum text t)
{
	element(b, tag, false);
	html_text(q, b, t);
	element(b, tag, true);
}

void html_number_in(const struct request *q, struct buf *b, const char *tag, enum text t, uint64_t n)
{
	element(b, tag, false);
	html_number(q, b, t, n);
	element(b, tag, true);
}

void html_cell(const struct request *q, struct buf *b, enum text column)
{
	H(b, "<td data-label=\"");
	html_value(b, slice_of(text_of(column, q->language)));
	H(b, "\">");
}

void html_count(struct buf *b, uint64_t n)
{
	buf_addf(b, "%llu", (unsigned long long)n);
}

void html_option(const struct request *q, struct buf *b, const char *value, bool chosen, enum text t)
{
	H(b, "<option value=\"");
	html_value(b, slice_of(value));
	buf_addz(b, chosen ? "\" selected>" : "\">");
	html_text(q, b, t);
	H(b, "</option>");
}

void api_text(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

void api_time(struct buf *b, const char *name, nstime t)
{
	char s[40];
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":\"%s\"", name, time_rfc3339(t, s));
}

void api_row(struct buf *b, const struct store_incident *x)
{
	bool first = true;
	buf_addz(b, "{\"id\":");
	buf_json(b, slice_of(x->id));
	buf_addf(b, ",\"status\":\"%s\",\"level\":\"%s\"", incident_status_name(x->status), level_name(x->level));
	api_text(b, "kind", x->kind);
	api_text(b, "title", x->title);
	api_text(b, "reason", x->reason);
	buf_addf(b, ",\"findings\":%u,\"stages\":[", x->findings);
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++)
		if (x->stages >> st & 1) {
			buf_addf(b, "%s\"%s\"", first ? "" : ",", stage_name((enum stage)st));
			first = false;
		}
	buf_addc(b, ']');
	api_time(b, "first", x->first);
	api_time(b, "last", x->last);
	api_time(b, "opened", x->opened);
	api_time(b, "updated", x->updated);
	api_time(b, "closed", x->closed);
	api_text(b, "closed_by", x->closer);
	api_text(b, "closed_reason", x->closing);
	api_text(b, "merged_into", slice_of(x->merged));
	api_text(b, "follows", slice_of(x->follows));
	buf_addc(b, '}');
}

struct store *page_store(const struct request *q, struct err *e)
{
	if (!q->desk->store)
		err_set(e, ERR_NOENT, "%s", text_of(TX_NO_STATE, q->language));
	return q->desk->store;
}

void html_no_state(const struct request *q, struct buf *b, enum text title)
{
	H(b, "<h1>");
	html_text(q, b, title);
	H(b, "</h1><p class=\"empty\">");
	html_text(q, b, TX_NO_STATE);
	H(b, "</p>");
}

int page_stored(struct request *q, struct stored *x, struct err *e)
{
	struct store *s = page_store(q, e);
	*x = (struct stored){0};
	arena_init(&x->mem);
	return s ? stored_load(x, s, slice_dup(q->mem, q->arg[0]).p, q->desk->o->org, q->desk->o->version, e) : e->code;
}
