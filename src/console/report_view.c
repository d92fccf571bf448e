/* report_view.c - a report as its reporter sees it (at once, and later again), and what an analyst sees besides. */
#include "console/report_pages.h"

#include <stdio.h>

enum { WORDS_SHOWN = 6, LESSONS_SHOWN = 3, KEYS_SHOWN = 8 };

/* ---- words for what was found ------------------------------------------------------------------------------------------------------------ */

static const struct { enum text title, text; const char *level; } verdicts[] = {
	[VERDICT_CLEAN] = {TX_RP_CLEAN, TX_RP_CLEAN_TEXT, "low"}, [VERDICT_CANNOT_TELL] = {TX_RP_UNSURE, TX_RP_UNSURE_TEXT, "medium"},
	[VERDICT_SUSPICIOUS] = {TX_RP_SUSPICIOUS, TX_RP_SUSPICIOUS_TEXT, "high"}, [VERDICT_LURE] = {TX_RP_LURE, TX_RP_LURE_TEXT, "critical"}};

void verdict_html(const struct request *q, struct buf *b, enum verdict v)
{
	buf_addf(b, "<span class=\"level %s\">", verdicts[v].level);
	html_text(q, b, verdicts[v].title);
	H(b, "</span>");
}

void html_lines(struct buf *b, struct slice s, const char *between)
{
	struct slice line;
	for (bool more = true; more;) {
		more = slice_cut(&s, '\n', &line);
		line = more ? line : s;
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		buf_html(b, line);
		if (more)
			buf_addz(b, between);
	}
}

static bool describe(struct slice word, enum lure_language l, struct slice *employee, struct slice *analyst)
{
	const struct combination_info *c;
	size_t n = combinations(&c);
	enum indicator i = indicator_by_name(word);
	*employee = *analyst = SLICE_NONE;
	for (size_t k = 0; k < n; k++)
		if (slice_eqz(word, c[k].id)) {
			*employee = slice_of(c[k].employee[l]);
			*analyst = slice_of(c[k].analyst);
		}
	if (!employee->n && i < IND_COUNT && i != IND_NONE) {
		*employee = slice_of(indicator_table[i].employee[l]);
		*analyst = slice_of(indicator_table[i].analyst);
	}
	return employee->n > 0;
}

struct slice word_said(struct slice word, enum lure_language l)
{
	struct slice employee, analyst;
	return describe(word, l, &employee, &analyst) ? employee : SLICE_NONE;
}

static bool said_before(const struct slice *said, size_t n, struct slice s)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(said[i], s))
			return true;
	return false;
}

void words_html(const struct request *q, struct buf *b, struct slice words, bool analyst)
{
	struct slice word, employee, meaning, said[WORDS_SHOWN];
	size_t n = 0, most = analyst ? WORDS_SHOWN : 3;
	while (n < most && slice_word(&words, &word)) {
		if (!describe(word, q->language, &employee, &meaning) || said_before(said, n, employee))
			continue;
		if (!n)
			H(b, "<ul>");
		said[n++] = employee;
		H(b, "<li>");
		buf_html(b, employee);
		if (analyst) {
			H(b, "<br><small class=\"muted\" lang=\"en\"><code>");
			buf_html(b, word);
			H(b, "</code> ");
			buf_html(b, meaning);
			H(b, "</small>");
		}
		H(b, "</li>");
	}
	if (n)
		H(b, "</ul>");
}

void lessons_html(const struct request *q, struct buf *b, struct slice words)
{
	const struct lesson *shown[LESSONS_SHOWN];
	struct slice word;
	size_t n = 0;
	while (q->desk->lessons && n < LESSONS_SHOWN && slice_word(&words, &word)) {
		char name[64];
		bool known = false;
		snprintf(name, sizeof name, "%.*s", SLFMT(word));
		const struct lesson *l = lessons_for_word(q->desk->lessons, name);
		for (size_t i = 0; l && i < n; i++)
			known = known || shown[i] == l;
		if (!l || known)
			continue;
		if (!n)
			H(b, "<ul>");
		shown[n++] = l;
		struct slice title = l->title.in[q->language].n ? l->title.in[q->language] : l->title.in[LURE_EN], summary = l->summary.in[q->language].n ? l->summary.in[q->language] : l->summary.in[LURE_EN];
		H(b, "<li><a href=\"/lessons/");
		html_path(b, l->id);
		H(b, "\">");
		buf_html(b, title);
		H(b, "</a> <span class=\"muted\">");
		buf_html(b, summary);
		H(b, "</span></li>");
	}
	if (n)
		H(b, "</ul>");
}

/* ---- what he told ------------------------------------------------------------------------------------------------------------------------- */

enum text platform_text(struct slice platform)
{
	return slice_eqz(platform, "mail") ? TX_RP_PL_MAIL : slice_eqz(platform, "phone") ? TX_RP_PL_PHONE : slice_eqz(platform, "other") ? TX_RP_PL_OTHER : TX_NONE;
}

enum text answer_text(enum contact_answer a)
{
	return a == CONTACT_YES ? TX_RP_YES : a == CONTACT_NO ? TX_RP_NO : TX_RP_NOT_SURE;
}

void report_row(const struct request *q, struct buf *b, enum text name, struct slice value)
{
	if (!value.n)
		return;
	H(b, "<dt>");
	html_text(q, b, name);
	H(b, "</dt><dd><bdi>");
	html_lines(b, value, ", ");
	H(b, "</bdi></dd>");
}

static void told(const struct request *q, struct buf *b, const struct store_contact *c)
{
	const struct { enum text name; enum contact_answer value; } answers[] = {{TX_RP_MOVED, c->moved}, {TX_RP_OFFERED, c->offered}, {TX_RP_OPENED, c->opened}};
	enum text platform = platform_text(c->platform);
	H(b, "<details class=\"card\"><summary>");
	html_text(q, b, TX_RP_YOU_TOLD);
	H(b, "</summary><dl>");
	report_row(q, b, TX_RP_PLATFORM, platform == TX_NONE ? c->platform : slice_of(text_of(platform, q->language)));
	report_row(q, b, TX_RP_PROFILE, c->profile);
	report_row(q, b, TX_RP_FIRM, c->firm);
	report_row(q, b, TX_RP_BEGAN, c->began);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		report_row(q, b, answers[i].name, slice_of(text_of(answer_text(answers[i].value), q->language)));
	report_row(q, b, TX_RP_DEVICE, c->device);
	H(b, "</dl>");
	if (c->words.n) {
		H(b, "<p class=\"evidence\"><bdi>");
		html_lines(b, c->words, "\n");
		H(b, "</bdi></p>");
	}
	H(b, "</details>");
}

/* ---- what to do now -------------------------------------------------------------------------------------------------------------------------- */

void report_whom_to_call(const struct request *q, struct buf *b)
{
	size_t n = 0, shown = 0;
	const struct org_person *staff = q->desk->o->org ? org_staff(q->desk->o->org, &n) : NULL;
	for (size_t i = 0; i < n && shown < 3; i++) {
		if (!org_person_has_role(&staff[i], SL("security")))
			continue;
		H(b, "<li>");
		html_with(q, b, TX_RP_DO_CALL, staff[i].name);
		if (staff[i].mail.n) {
			H(b, " (");
			html_foreign(b, staff[i].mail);
			H(b, ")");
		}
		H(b, "</li>");
		shown++;
	}
	if (!shown) {
		H(b, "<li>");
		html_text(q, b, TX_RP_DO_CALL_SOMEBODY);
		H(b, "</li>");
	}
}

static void steps(const struct request *q, struct buf *b, const enum text *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		H(b, "<li>");
		html_text(q, b, v[i]);
		H(b, "</li>");
	}
}

static void what_to_do(const struct request *q, struct buf *b, const struct report_view *v, enum verdict worst)
{
	static const enum text ran_before[] = {TX_RP_DO_DISCONNECT, TX_RP_DO_LEAVE_ON}, ran_after[] = {TX_RP_DO_KEEP, TX_RP_DO_PASSWORDS, TX_RP_DO_NO_BLAME};
	static const enum text bad[] = {TX_RP_DO_NOT_OPEN, TX_RP_DO_NOT_ANSWER, TX_RP_DO_KEEP, TX_RP_DO_PRIVATE}, clean[] = {TX_RP_DO_CHECK_KNOWN, TX_RP_DO_LATER_FILES, TX_RP_DO_KEEP};
	bool doubt = worst != VERDICT_CLEAN || inspect_told_runs(v->v, v->n);
	bool ran = v->c.opened != CONTACT_NO && doubt && (v->n || v->c.offered != CONTACT_NO), harmless = v->n && !doubt;
	buf_addf(b, "<section class=\"card\"%s><h2>", ran ? " id=\"urgent\"" : "");
	html_text(q, b, ran ? TX_RP_DO_NOW_URGENT : TX_RP_DO_NOW);
	H(b, "</h2><ol>");
	if (ran) {
		steps(q, b, ran_before, ARRAY_LEN(ran_before));
		report_whom_to_call(q, b);
		steps(q, b, ran_after, ARRAY_LEN(ran_after));
	} else {
		steps(q, b, harmless ? clean : bad, harmless ? ARRAY_LEN(clean) : ARRAY_LEN(bad));
	}
	if (ran && v->c.opened != CONTACT_YES) { /* not said: what else may be so is told too */
		H(b, "</ol><h2>");
		html_text(q, b, TX_RP_DO_ELSE);
		H(b, "</h2><ol>");
		steps(q, b, bad, ARRAY_LEN(bad));
	}
	H(b, "</ol></section>");
}

/* ---- what was found ----------------------------------------------------------------------------------------------------------------------------- */

static void file_facts(const struct request *q, struct buf *b, const struct inspect_told *t, bool analyst)
{
	char size[32];
	snprintf(size, sizeof size, "%llu", (unsigned long long)t->size);
	H(b, "<details><summary>");
	html_text(q, b, TX_RP_FACTS);
	H(b, "</summary><dl>");
	report_row(q, b, TX_RP_TYPE, t->type);
	report_row(q, b, TX_RP_SIZE, slice_of(size));
	report_row(q, b, TX_RP_HASH, t->sha256);
	report_row(q, b, TX_RP_SENDER, t->sender);
	if (analyst) {
		report_row(q, b, TX_RP_RECIPIENT, t->recipient);
		report_row(q, b, TX_RP_PARTS, t->files);
		report_row(q, b, TX_RP_SITES, t->domains);
		report_row(q, b, TX_RP_HASHES, t->hashes);
		report_row(q, b, TX_RP_EVIDENCE, t->reasons);
	}
	H(b, "</dl></details>");
}

static void files(const struct request *q, struct buf *b, const struct report_view *v, bool analyst)
{
	if (!v->n)
		return;
	H(b, "<section><h2>");
	html_text(q, b, TX_RP_FOUND);
	H(b, "</h2>");
	for (size_t i = 0; i < v->n; i++) {
		const struct inspect_told *t = &v->v[i];
		H(b, "<article class=\"card\"><h3>");
		html_foreign(b, t->name);
		H(b, "</h3><p>");
		verdict_html(q, b, t->verdict);
		H(b, " ");
		html_text(q, b, verdicts[t->verdict].text);
		if (t->limited) {
			H(b, " ");
			html_text(q, b, TX_RP_LIMITED);
		}
		H(b, "</p>");
		words_html(q, b, t->words, analyst);
		file_facts(q, b, t, analyst);
		H(b, "</article>");
	}
	H(b, "</section>");
}

/* Indicators of all files, and of what he told. */
static struct slice all_words(const struct request *q, const struct report_view *v)
{
	struct buf b = {0};
	for (size_t i = 0; i < v->n; i++)
		buf_addf(&b, "%.*s ", SLFMT(v->v[i].words));
	if (v->c.moved == CONTACT_YES)
		buf_addz(&b, "MAIL_CHANNEL ");
	if (v->c.firm.n || v->c.profile.n)
		buf_addz(&b, "MAIL_JOB ");
	struct slice s = slice_dup(q->mem, buf_slice(&b));
	buf_free(&b);
	return s;
}

static void learn(const struct request *q, struct buf *b, const struct report_view *v)
{
	struct buf list = {0};
	lessons_html(q, &list, all_words(q, v));
	if (list.n) {
		H(b, "<section class=\"card\"><h2>");
		html_text(q, b, TX_RP_LEARN);
		H(b, "</h2>");
		buf_adds(b, buf_slice(&list));
		H(b, "</section>");
	}
	buf_free(&list);
}

/* ---- what happens next --------------------------------------------------------------------------------------------------------------------------- */

static void state_row(const struct request *q, struct buf *b, bool reached, enum text name, nstime t)
{
	buf_addf(b, "<li%s>", reached ? "" : " class=\"muted\"");
	html_text(q, b, name);
	if (reached && t != NSTIME_NONE && t) {
		H(b, " <small>");
		html_time(q, b, t);
		H(b, "</small>");
	}
	H(b, "</li>");
}

static void next(const struct request *q, struct buf *b, const struct store_contact *c)
{
	H(b, "<section class=\"card\"><h2>");
	html_text(q, b, TX_RP_NEXT);
	H(b, "</h2><ol class=\"timeline\">");
	state_row(q, b, true, TX_RP_RECEIVED, c->time);
	state_row(q, b, c->state >= CONTACT_SEEN, c->state >= CONTACT_SEEN ? TX_RP_SEEN : TX_RP_SEEN_NOT_YET, NSTIME_NONE);
	state_row(q, b, c->state >= CONTACT_ANSWERED, c->state >= CONTACT_ANSWERED ? TX_RP_ANSWERED : TX_RP_ANSWERED_NOT_YET, c->answered);
	H(b, "</ol>");
	if (c->answer.n) {
		H(b, "<h3>");
		html_text(q, b, TX_RP_ANSWER);
		H(b, "</h3><p class=\"evidence\"><bdi>");
		html_lines(b, c->answer, "\n");
		H(b, "</bdi></p>");
	}
	H(b, "<p>");
	html_text(q, b, TX_RP_REFERENCE);
	H(b, " <a href=\"/report/");
	html_path(b, slice_of(c->ref));
	H(b, "\"><code>");
	buf_html(b, slice_of(c->ref));
	H(b, "</code></a>. ");
	html_text(q, b, c->who.n ? TX_RP_KEEP_NAMED : TX_RP_KEEP_ANONYMOUS);
	H(b, "</p></section>");
}

static void for_analysts(const struct request *q, struct buf *b, const struct store_contact *c)
{
	H(b, "<section class=\"card\"><h2>");
	html_text(q, b, TX_RP_FOR_ANALYST);
	H(b, "</h2><dl>");
	report_row(q, b, TX_RP_WHO, c->who.n ? c->who : slice_of(text_of(TX_RP_NOBODY, q->language)));
	report_row(q, b, TX_RP_ANSWERER, c->answerer);
	if (c->incident[0]) {
		H(b, "<dt>");
		html_text(q, b, TX_RP_INCIDENT);
		H(b, "</dt><dd><a href=\"/incidents/");
		html_path(b, slice_of(c->incident));
		H(b, "\">");
		buf_html(b, slice_of(c->incident));
		H(b, "</a></dd>");
	}
	H(b, "</dl>");
	if (!c->incident[0]) {
		H(b, "<p class=\"muted\">");
		html_text(q, b, TX_RP_NO_INCIDENT);
		H(b, "</p>");
	}
	H(b, "<p class=\"actions\"><a href=\"/report/");
	html_path(b, slice_of(c->ref));
	H(b, "/export.txt\">");
	html_text(q, b, TX_RP_EXPORT_TEXT);
	H(b, "</a> <a href=\"/report/");
	html_path(b, slice_of(c->ref));
	H(b, "/export.json\">");
	html_text(q, b, TX_RP_EXPORT_JSON);
	H(b, "</a></p></section>");
}

void report_view_html(struct request *q, struct buf *b, const struct report_view *v, bool analyst)
{
	enum verdict worst = inspect_told_worst(v->v, v->n);
	if (analyst) {
		for_analysts(q, b, &v->c);
	} else if (!v->lost) {
		H(b, "<p class=\"said good\" role=\"status\">");
		html_text(q, b, TX_RP_THANKS);
		H(b, "</p>");
	}
	what_to_do(q, b, v, worst);
	files(q, b, v, analyst);
	learn(q, b, v);
	if (!v->lost)
		next(q, b, &v->c);
	told(q, b, &v->c);
}

/* ---- other forms ------------------------------------------------------------------------------------------------------------------------------------ */

void defang(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		struct slice rest = slice_from(s, i);
		if (slice_istarts(rest, SL("http"))) {
			buf_addz(b, "hxxp");
			i += 3;
		} else if (s.p[i] == '@') {
			buf_addz(b, "[@]");
		} else if (s.p[i] == '.' && i + 1 < s.n && s.p[i + 1] != ' ' && s.p[i + 1] != '\n') {
			buf_addz(b, "[.]");
		} else if (s.p[i] == ':' && slice_starts(slice_from(rest, 1), SL("//"))) {
			buf_addz(b, "[:]");
		} else {
			buf_addc(b, (uint8_t)s.p[i] < ' ' && s.p[i] != '\n' ? ' ' : s.p[i]);
		}
	}
}

static const char *const answer_words[] = {[CONTACT_NO] = "no", [CONTACT_YES] = "yes", [CONTACT_UNSURE] = "not-sure"};
static const char *const state_words[] = {[CONTACT_RECEIVED] = "received", [CONTACT_SEEN] = "looked-at", [CONTACT_ANSWERED] = "answered"};
static const char *const outcome_words[] = {[CONTACT_OPEN] = "undecided", [CONTACT_REAL] = "real", [CONTACT_FALSE] = "false-alarm"};

static void inert_member(struct buf *b, const char *name, struct slice value, bool links)
{
	struct buf plain = {0};
	if (links)
		buf_adds(&plain, value);
	else
		defang(&plain, value);
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, buf_slice(&plain));
	buf_free(&plain);
}

static void file_json(struct buf *b, const struct inspect_told *t)
{
	buf_addf(b, "{\"verdict\":\"%s\",\"limited\":%s,\"size\":%llu,\"sha256\":\"%.*s\"", verdict_name(t->verdict), t->limited ? "true" : "false", (unsigned long long)t->size, SLFMT(t->sha256));
	const struct { const char *name; struct slice value; bool exact; } rows[] = {{"name", t->name, true}, {"type", t->type, true}, {"sender", t->sender, false}, {"domains", t->domains, false},
		{"parts", t->files, true}, {"hashes", t->hashes, true}, {"indicators", t->words, true}, {"reasons", t->reasons, false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		inert_member(b, rows[i].name, rows[i].value, rows[i].exact);
	buf_addc(b, '}');
}

void report_view_json(struct request *q, struct buf *b, const struct report_view *v)
{
	const struct store_contact *c = &v->c;
	char t[40];
	(void)q;
	buf_addf(b, "{\"reference\":\"%s\",\"time\":\"%s\",\"state\":\"%s\",\"outcome\":\"%s\",\"anonymous\":%s,\"incident\":\"%s\"", c->ref, time_rfc3339(c->time, t), state_words[c->state],
		outcome_words[c->outcome], c->who.n ? "false" : "true", c->incident);
	buf_addf(b, ",\"moved_channel\":\"%s\",\"files_offered\":\"%s\",\"opened\":\"%s\"", answer_words[c->moved], answer_words[c->offered], answer_words[c->opened]);
	const struct { const char *name; struct slice value; bool exact; } rows[] = {{"verdict", c->verdict, true}, {"platform", c->platform, true}, {"profile", c->profile, false},
		{"claimed_firm", c->firm, true}, {"began", c->began, true}, {"device", c->device, true}, {"words", c->words, false}, {"answer", c->answer, false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		inert_member(b, rows[i].name, rows[i].value, rows[i].exact);
	if (c->answered != NSTIME_NONE)
		buf_addf(b, ",\"answered\":\"%s\"", time_rfc3339(c->answered, t));
	buf_addz(b, ",\"files\":[");
	for (size_t i = 0; i < v->n; i++) {
		buf_addz(b, i ? "," : "");
		file_json(b, &v->v[i]);
	}
	buf_addz(b, "]}");
}

static void line(const struct request *q, struct buf *b, enum text name, struct slice value)
{
	if (!value.n)
		return;
	buf_addf(b, "%s: ", text_of(name, q->language));
	defang(b, value);
	buf_addc(b, '\n');
}

void report_view_text(struct request *q, struct buf *b, const struct report_view *v)
{
	const struct store_contact *c = &v->c;
	char t[40];
	enum text platform = platform_text(c->platform);
	buf_addf(b, "%s %s\n%s UTC\n\n", text_of(TX_RP_EXPORT_TITLE, q->language), c->ref, time_plain(c->time, t));
	const struct { enum text name; struct slice value; } rows[] = {{TX_RP_PLATFORM, platform == TX_NONE ? c->platform : slice_of(text_of(platform, q->language))}, {TX_RP_PROFILE, c->profile},
		{TX_RP_FIRM, c->firm}, {TX_RP_BEGAN, c->began}, {TX_RP_MOVED, slice_of(text_of(answer_text(c->moved), q->language))},
		{TX_RP_OFFERED, slice_of(text_of(answer_text(c->offered), q->language))}, {TX_RP_OPENED, slice_of(text_of(answer_text(c->opened), q->language))}, {TX_RP_DEVICE, c->device},
		{TX_RP_WORDS, c->words}, {TX_RP_ANSWER, c->answer}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		line(q, b, rows[i].name, rows[i].value);
	for (size_t i = 0; i < v->n; i++) {
		const struct inspect_told *f = &v->v[i];
		char size[32];
		snprintf(size, sizeof size, "%llu", (unsigned long long)f->size);
		buf_addf(b, "\n%zu. ", i + 1);
		defang(b, f->name);
		buf_addf(b, ": %s\n", text_of(verdicts[f->verdict].title, q->language));
		const struct { enum text name; struct slice value; } facts[] = {{TX_RP_TYPE, f->type}, {TX_RP_SIZE, slice_of(size)}, {TX_RP_HASH, f->sha256}, {TX_RP_SENDER, f->sender},
			{TX_RP_SITES, f->domains}, {TX_RP_PARTS, f->files}, {TX_RP_HASHES, f->hashes}, {TX_RP_EVIDENCE, f->reasons}};
		for (size_t k = 0; k < ARRAY_LEN(facts); k++)
			line(q, b, facts[k].name, facts[k].value);
	}
	buf_addf(b, "\n%s\n", text_of(TX_RP_EXPORT_NOTE, q->language));
}
