/* report_form.c - the form "I was contacted": fields and files to a report, each file inspected at once, and recorded by the broker. */
#include "console/report_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { WORDS_MAX = 2400, LINE_MAX_BYTES = 300, INSPECT_SECONDS = 40 /* all files together */ };

void report_reference(char out[static CONTACT_REF + 1])
{
	unsigned char raw[CONTACT_REF];
	while (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
		;
	for (size_t i = 0; i < CONTACT_REF; i++)
		out[i] = "abcdefghijklmnopqrstuvwxyz234567"[raw[i] & 31];
	out[CONTACT_REF] = 0;
}

static bool read_reference(struct slice s, char out[static CONTACT_REF + 1])
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '2' && s.p[i] <= '7')))
			return false;
	if (s.n != CONTACT_REF)
		return false;
	memcpy(out, s.p, s.n);
	out[s.n] = 0;
	return true;
}

/* Control bytes become blanks; lines stay when they may. */
static struct slice tidy(struct request *q, struct slice s, bool lines)
{
	s = slice_trim(s);
	char *p = arena_alloc(q->mem, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		p[i] = ((uint8_t)s.p[i] < ' ' && !(lines && s.p[i] == '\n')) || s.p[i] == 0x7f ? ' ' : s.p[i];
	return slice_make(p, s.n);
}

static enum contact_answer answer_of(struct slice s)
{
	return slice_eqz(s, "yes") ? CONTACT_YES : slice_eqz(s, "no") ? CONTACT_NO : CONTACT_UNSURE;
}

static bool is_day(struct slice s)
{
	bool fine = s.n == 10 && s.p[4] == '-' && s.p[7] == '-';
	for (size_t i = 0; fine && i < s.n; i++)
		fine = i == 4 || i == 7 || (s.p[i] >= '0' && s.p[i] <= '9');
	return fine;
}

int report_form(struct request *q, struct report_view *v, struct slice *password, struct err *e)
{
	struct store_contact *c = &v->c;
	const struct { const char *name; struct slice *to; } lines[] = {{"platform", &c->platform}, {"profile", &c->profile}, {"firm", &c->firm}, {"began", &c->began}, {"device", &c->device}};
	*v = (struct report_view){.c.answered = NSTIME_NONE, .c.time = q->now};
	if (!read_reference(form_get(q, "reference"), c->ref))
		report_reference(c->ref); /* of an add-in: it is told which */
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		*lines[i].to = tidy(q, form_get(q, lines[i].name), false);
		if (lines[i].to->n > LINE_MAX_BYTES)
			return err_set(e, ERR_LIMIT, "%s: %s", lines[i].name, text_of(TX_RP_TOO_LONG, q->language));
	}
	c->words = tidy(q, form_get(q, "words"), true);
	if (c->words.n > WORDS_MAX)
		return err_set(e, ERR_LIMIT, "%s", text_of(TX_RP_TOO_LONG, q->language));
	if (c->began.n && !is_day(c->began))
		return err_set(e, ERR_SYNTAX, "%s", text_of(TX_RP_NO_DAY, q->language));
	c->moved = answer_of(form_get(q, "moved"));
	c->offered = answer_of(form_get(q, "offered"));
	c->opened = answer_of(form_get(q, "opened"));
	c->who = slice_eqz(form_get(q, "anonymous"), "yes") ? SLICE_NONE : slice_of(q->who.name);
	*password = form_get(q, "password");
	bool empty = true;
	for (size_t i = 0; i < q->nuploads; i++)
		empty = empty && !q->uploads[i].size;
	if (empty && !c->words.n && !c->profile.n && !c->firm.n)
		return err_set(e, ERR_USAGE, "%s", text_of(TX_RP_EMPTY, q->language));
	return 0;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------------------ */

static int64_t seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* The mailbox a message lay in tells who reports it. */
static void forget_people(struct request *q, struct inspect_told *t)
{
	struct slice rest = t->recipients, one;
	for (bool more = rest.n > 0; more;) {
		struct buf b = {0};
		more = slice_cut(&rest, '\n', &one);
		one = more ? one : rest;
		struct slice left = t->reasons;
		for (ssize_t at; one.n && (at = slice_ifind(left, one)) >= 0; left = slice_from(left, (size_t)at + one.n)) {
			buf_adds(&b, slice_to(left, (size_t)at));
			buf_addz(&b, "...");
		}
		buf_adds(&b, left);
		t->reasons = slice_dup(q->mem, buf_slice(&b));
		buf_free(&b);
	}
	t->recipient = t->recipients = SLICE_NONE;
}

static void inspect_one(struct request *q, const struct upload *u, const struct slice *password, size_t npassword, struct lure *l, struct inspect_told *t)
{
	struct lure_verdict verdict;
	struct err e;
	if (!q->desk->inspect || inspect_object(q->desk->inspect, u->fd, u->name, password, npassword, l, &e)) {
		lure_reset(l); /* nothing is known of it: never clean */
		inspect_tell(l, &(struct lure_verdict){.verdict = VERDICT_CANNOT_TELL, .limited = true}, u->name, q->mem, t);
		t->size = u->size;
		return;
	}
	lure_judge(l, &verdict);
	inspect_tell(l, &verdict, u->name, q->mem, t);
}

void report_inspect(struct request *q, struct slice password, bool anonymous, struct report_view *v)
{
	struct lure *l = lure_new(NULL);
	int64_t end = seconds() + INSPECT_SECONDS;
	for (size_t i = 0; i < q->nuploads && v->n < CONTACT_FILES; i++) {
		struct inspect_told *t = &v->v[v->n];
		if (!q->uploads[i].size && !q->uploads[i].name.n)
			continue; /* a field without a file */
		if (seconds() < end) {
			inspect_one(q, &q->uploads[i], &password, password.n ? 1 : 0, l, t);
		} else {
			lure_reset(l);
			inspect_tell(l, &(struct lure_verdict){.verdict = VERDICT_CANNOT_TELL, .limited = true}, q->uploads[i].name, q->mem, t);
		}
		if (anonymous)
			forget_people(q, t);
		v->n++;
	}
	lure_free(l);
	v->c.verdict = slice_of(verdict_name(inspect_told_worst(v->v, v->n)));
}

/* ---- to the broker ------------------------------------------------------------------------------------------------------------------------ */

static int send_file(struct request *q, const struct report_view *v, size_t i, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_REPORT_FILE, .number = (int64_t)i};
	struct broker_answer a;
	struct buf told = {0};
	inspect_told_save(&v->v[i], &told);
	ask_set(ask.id, sizeof ask.id, slice_of(v->c.ref));
	ask_set(ask.text, sizeof ask.text, buf_slice(&told));
	buf_free(&told);
	return page_ask(q, &ask, &a, NULL, e);
}

int report_record(struct request *q, const struct report_view *v, struct err *e)
{
	static const char *const digits[] = {"0", "1", "2"};
	const struct store_contact *c = &v->c;
	const struct slice fields[REPORT_FIELDS] = {[REPORT_PLATFORM] = c->platform, [REPORT_PROFILE] = c->profile, [REPORT_FIRM] = c->firm, [REPORT_BEGAN] = c->began, [REPORT_DEVICE] = c->device,
		[REPORT_MOVED] = slice_of(digits[c->moved]), [REPORT_OFFERED] = slice_of(digits[c->offered]), [REPORT_OPENED] = slice_of(digits[c->opened]),
		[REPORT_ANONYMOUS] = c->who.n ? SLICE_NONE : SL("1"), [REPORT_WORDS] = c->words};
	struct broker_ask ask = {.op = BROKER_REPORT, .number = (int64_t)v->n};
	struct broker_answer a;
	struct buf text = {0};
	int rc = 0;
	for (size_t i = 0; i < v->n && !rc; i++)
		rc = send_file(q, v, i, e);
	for (size_t i = 0; i < REPORT_FIELDS; i++) {
		if (i)
			buf_addc(&text, BROKER_FIELD);
		buf_adds(&text, fields[i]);
	}
	ask_set(ask.id, sizeof ask.id, slice_of(c->ref));
	ask_set(ask.text, sizeof ask.text, buf_slice(&text));
	buf_free(&text);
	if (!rc)
		rc = page_ask(q, &ask, &a, NULL, e);
	return rc ? rc : a.number ? err_set(e, ERR_DUP, "this report was made already") : 0;
}

/* ---- from the store ------------------------------------------------------------------------------------------------------------------------ */

struct loading { struct request *q; struct report_view *v; };

static int take_file(void *arg, struct slice text)
{
	struct loading *l = arg;
	if (l->v->n < CONTACT_FILES && inspect_told_load(slice_dup(l->q->mem, text), &l->v->v[l->v->n]))
		l->v->n++;
	return 0;
}

int report_load(struct request *q, struct slice ref, struct report_view *out, struct err *e)
{
	char name[CONTACT_REF + 1];
	struct loading l = {q, out};
	*out = (struct report_view){.n = 0};
	if (!q->desk->store || !read_reference(ref, name))
		return err_set(e, ERR_NOENT, "%s", text_of(TX_RP_NO_SUCH, q->language));
	int rc = store_contact_get(q->desk->store, name, q->mem, &out->c, e);
	bool may = !rc && (!out->c.who.n || slice_eqz(out->c.who, q->who.name) || has_role(q, ROLE_ANALYST | ROLE_ADMINISTRATOR));
	if (rc == ERR_NOENT || (!rc && !may))
		return err_set(e, ERR_NOENT, "%s", text_of(TX_RP_NO_SUCH, q->language));
	return rc ? rc : store_contact_files(q->desk->store, name, take_file, &l, e);
}
