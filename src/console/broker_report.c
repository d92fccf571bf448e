/* broker_report.c - reports of employees into the state, with the finding they make; their answers; examples. Each with its record in the audit log. */
#include "console/broker.h"

#include <stdio.h>

enum { REPORTS_AN_HOUR = 3000 /* files and reports of everybody: what the disk bears, not people */, ANSWER_LEAST = 1, TITLE_MAX = 200 };

static struct store *open_store(const struct broker *b, struct err *e)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/postern.db", b->o->state);
	return n < 0 || (size_t)n >= sizeof path ? (err_set(e, ERR_LIMIT, "the name of the state's folder is too long"), NULL) : store_open_owned(path, STORE_WRITE, e);
}

/* ---- what comes in ------------------------------------------------------------------------------------------------------------------------- */

static bool is_reference(const char *id)
{
	size_t n = strlen(id);
	for (size_t i = 0; i < n; i++)
		if (!((id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '2' && id[i] <= '7')))
			return false;
	return n == CONTACT_REF;
}

static bool split(struct slice text, struct slice *v, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (!slice_cut(&text, BROKER_FIELD, &v[i]))
			return false;
	v[n - 1] = text;
	return slice_chr(text, BROKER_FIELD) < 0;
}

/* One line of well-formed text. */
static bool is_line(struct slice s, size_t most)
{
	bool fine = s.n <= most && slice_utf8(s);
	for (size_t i = 0; fine && i < s.n; i++)
		fine = (uint8_t)s.p[i] >= ' ' && s.p[i] != 0x7f;
	return fine;
}

static bool is_text(struct slice s)
{
	bool fine = slice_utf8(s);
	for (size_t i = 0; fine && i < s.n; i++)
		fine = (uint8_t)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t';
	return fine;
}

static bool read_answer(struct slice s, enum contact_answer *out)
{
	*out = s.n == 1 && s.p[0] >= '0' && s.p[0] <= '2' ? (enum contact_answer)(s.p[0] - '0') : CONTACT_UNSURE;
	return s.n == 1 && s.p[0] >= '0' && s.p[0] <= '2';
}

static bool read_contact(const struct broker_ask *q, struct store_contact *c, bool *anonymous)
{
	struct slice v[REPORT_FIELDS];
	struct slice *const texts[] = {&c->platform, &c->profile, &c->firm, &c->began, &c->device};
	if (!is_reference(q->id) || !split(slice_of(q->text), v, REPORT_FIELDS))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		*texts[i] = v[REPORT_PLATFORM + i];
		if (!is_line(v[REPORT_PLATFORM + i], 400))
			return false;
	}
	c->words = v[REPORT_WORDS];
	*anonymous = slice_eqz(v[REPORT_ANONYMOUS], "1");
	memcpy(c->ref, q->id, sizeof c->ref);
	return is_text(c->words) && read_answer(v[REPORT_MOVED], &c->moved) && read_answer(v[REPORT_OFFERED], &c->offered) && read_answer(v[REPORT_OPENED], &c->opened);
}

static int not_too_many(struct broker *b, struct store *s, const struct broker_who *who, struct err *e)
{
	uint64_t n = 0;
	int rc = broker_count_report(b->shared, slice_of(who->name), b->now, e);
	if (!rc)
		rc = store_contacts_since(s, b->now - NS_HOUR, &n, e);
	return !rc && n > REPORTS_AN_HOUR ? err_set(e, ERR_STOPPED, "too many reports were made in the last hour: call your security people instead") : rc;
}

int broker_report_file(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct inspect_told t;
	(void)a, (void)fd;
	if (!is_reference(q->id) || q->number < 0 || q->number >= CONTACT_FILES || !inspect_told_load(slice_of(q->text), &t))
		return err_set(e, ERR_SYNTAX, "no description of a file");
	struct store *s = open_store(b, e);
	if (!s)
		return e->code;
	int rc = not_too_many(b, s, who, e);
	if (!rc)
		rc = store_contact_file_add(s, q->id, (unsigned)q->number, b->now, slice_of(q->text), e);
	store_close(s);
	return rc;
}

/* ---- the report ------------------------------------------------------------------------------------------------------------------------------ */

struct gathering { struct arena mem; struct inspect_told v[CONTACT_FILES]; size_t n; };

static int gather(void *arg, struct slice text)
{
	struct gathering *g = arg;
	if (g->n < CONTACT_FILES && inspect_told_load(slice_dup(&g->mem, text), &g->v[g->n]))
		g->n++;
	return 0;
}

/* Something was run, or it went as such stories go: that alone is worth an incident. */
static enum level least_of(const struct store_contact *c, const struct gathering *g)
{
	bool ran = c->opened != CONTACT_NO && (inspect_told_worst(g->v, g->n) != VERDICT_CLEAN || inspect_told_runs(g->v, g->n)), story = c->moved == CONTACT_YES && c->offered == CONTACT_YES;
	return ran || story ? LEVEL_HIGH : LEVEL_MEDIUM;
}

static void say(const struct store_contact *c, struct buf *b)
{
	static const char *const opened[] = {[CONTACT_NO] = "Nothing was opened.", [CONTACT_YES] = "Something was opened or run.", [CONTACT_UNSURE] = "Perhaps something was opened or run."};
	buf_addz(b, "Reported as a contact");
	if (c->platform.n)
		buf_addf(b, " on %.*s", SLFMT(c->platform));
	if (c->firm.n)
		buf_addf(b, ", who said to be of %.*s", SLFMT(c->firm));
	buf_addf(b, "%s%s. %s", c->moved == CONTACT_YES ? ", and asked to go on in another channel" : "", c->offered == CONTACT_YES ? ", and offered files" : "", opened[c->opened]);
	if (c->device.n)
		buf_addf(b, " Device: %.*s.", SLFMT(c->device));
}

static int record(struct broker *b, struct store *s, struct store_contact *c, struct gathering *g, bool *fresh, struct err *e)
{
	struct buf said = {0}, key = {0}, hashes = {0};
	enum verdict worst = inspect_told_worst(g->v, g->n);
	say(c, &said);
	buf_addf(&key, "contact %s", c->ref);
	struct finding *f = inspect_report_finding(&(struct inspect_report_of){.who = c->who, .org = b->o->org, .now = b->now, .key = buf_slice(&key), .profile = c->profile, .firm = c->firm,
		.said = buf_slice(&said), .least = least_of(c, g)}, g->v, g->n);
	struct store_report r = {.time = b->now, .who = c->who, .verdict = slice_of(verdict_name(worst)), .name = g->n ? g->v[0].name : SL("contact")};
	for (size_t i = 0; i < g->n; i++) {
		buf_addf(&hashes, "%s%.*s", hashes.n ? " " : "", SLFMT(g->v[i].hashes));
		r.sender = r.sender.n ? r.sender : g->v[i].sender;
		r.recipient = r.recipient.n || !c->who.n ? r.recipient : g->v[i].recipient; /* whose mailbox it came from tells who reports */
	}
	r.hashes = buf_slice(&hashes);
	snprintf(r.uid, sizeof r.uid, "%s", f->uid);
	snprintf(c->uid, sizeof c->uid, "%s", f->uid);
	c->verdict = r.verdict;
	c->time = b->now;
	int rc = store_contact_add(s, c, f, &r, fresh, e);
	struct buf detail = {0};
	buf_addf(&detail, "a contact with %zu files: %.*s", g->n, SLFMT(c->verdict));
	if (!rc && *fresh)
		rc = broker_note(b, c->who.n ? c->who : SL("somebody"), "report", slice_of(f->uid), "success", buf_slice(&detail), e);
	buf_free(&detail);
	buf_free(&said);
	buf_free(&key);
	buf_free(&hashes);
	finding_free(f);
	return rc;
}

/* Of who wants to stay unknown, addresses of the mailbox say who it was, too. */
static void forget_people(struct gathering *g)
{
	for (size_t i = 0; i < g->n; i++)
		g->v[i].recipient = g->v[i].recipients = SLICE_NONE;
}

int broker_report(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct store_contact c = {.answered = NSTIME_NONE};
	struct gathering g = {.n = 0};
	bool anonymous, fresh = false;
	(void)fd;
	if (!read_contact(q, &c, &anonymous))
		return err_set(e, ERR_SYNTAX, "a field of the report is too long, or holds what no text holds");
	struct store *s = open_store(b, e);
	if (!s)
		return e->code;
	arena_init(&g.mem);
	c.who = anonymous ? SLICE_NONE : slice_of(who->name);
	int rc = not_too_many(b, s, who, e);
	if (!rc)
		rc = store_begin(s, e);
	if (!rc)
		rc = store_contact_files(s, c.ref, gather, &g, e);
	if (!rc && q->number != (int64_t)g.n)
		rc = err_set(e, ERR_STOPPED, "not all files of the report arrived");
	if (anonymous)
		forget_people(&g);
	if (!rc)
		rc = record(b, s, &c, &g, &fresh, e);
	if (!rc)
		rc = store_commit(s, e);
	if (rc)
		store_rollback(s);
	a->number = !fresh;
	arena_free(&g.mem);
	store_close(s);
	return rc;
}

int broker_report_answer(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct store_contact c = {.answer = slice_of(q->text), .answerer = slice_of(who->name), .answered = b->now, .state = (enum contact_state)(q->number & 15),
		.outcome = (enum contact_outcome)(q->number >> 4)};
	(void)a, (void)fd;
	if (!is_reference(q->id) || q->number < 0 || c.state < CONTACT_SEEN || c.state > CONTACT_ANSWERED || c.outcome > CONTACT_FALSE || !is_text(c.answer))
		return err_set(e, ERR_SYNTAX, "no answer to a report");
	if (c.state == CONTACT_ANSWERED && c.answer.n < ANSWER_LEAST)
		return err_set(e, ERR_USAGE, "an answer has words: who reported reads them");
	if (c.state == CONTACT_SEEN)
		c.answered = NSTIME_NONE;
	memcpy(c.ref, q->id, sizeof c.ref);
	struct store *s = open_store(b, e);
	int rc = s ? store_begin(s, e) : e->code;
	if (!rc)
		rc = store_contact_answer(s, &c, e);
	if (!rc)
		rc = broker_note(b, c.answerer, c.state == CONTACT_SEEN ? "report-seen" : "report-answered", slice_of(c.ref), "success", slice_to(c.answer, 500), e);
	if (!rc)
		rc = store_commit(s, e);
	if (rc && s)
		store_rollback(s);
	store_close(s);
	return rc;
}

/* ---- examples ---------------------------------------------------------------------------------------------------------------------------------- */

int broker_example_add(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct slice v[2];
	struct store_incident in;
	struct store_example x = {.time = b->now, .author = slice_of(who->name)};
	struct arena mem;
	(void)fd;
	if (!split(slice_of(q->text), v, 2) || !is_line(v[0], TITLE_MAX) || !v[0].n || !is_text(v[1]) || !v[1].n || strlen(q->id) >= sizeof x.incident)
		return err_set(e, ERR_SYNTAX, "an example has a title and a text");
	x.title = v[0];
	x.body = v[1];
	arena_init(&mem);
	struct store *s = open_store(b, e);
	int rc = s ? store_begin(s, e) : e->code;
	if (!rc)
		rc = store_incident_get(s, q->id, &mem, &in, e);
	if (!rc && in.status != INCIDENT_CLOSED)
		rc = err_set(e, ERR_USAGE, "only an incident that was closed as real is told as an example");
	snprintf(x.incident, sizeof x.incident, "%.39s", q->id);
	if (!rc)
		rc = store_example_add(s, &x, e);
	if (!rc)
		rc = broker_note(b, x.author, "example-published", slice_of(x.incident), "success", x.title, e);
	if (!rc)
		rc = store_commit(s, e);
	if (rc && s)
		store_rollback(s);
	a->number = x.id;
	store_close(s);
	arena_free(&mem);
	return rc;
}

int broker_example_delete(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	char number[32];
	(void)a, (void)fd;
	snprintf(number, sizeof number, "%lld", (long long)q->number);
	struct store *s = open_store(b, e);
	int rc = s ? store_begin(s, e) : e->code;
	if (!rc)
		rc = store_example_delete(s, q->number, e);
	if (!rc)
		rc = broker_note(b, slice_of(who->name), "example-deleted", slice_of(number), "success", SLICE_NONE, e);
	if (!rc)
		rc = store_commit(s, e);
	if (rc && s)
		store_rollback(s);
	store_close(s);
	return rc;
}
