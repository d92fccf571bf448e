/* mail_lure.c - what the mail filter found wrong with messages: one finding a sender, joined with reports and endpoints by sender, files and recipients. */
#include "detect/detect_private.h"

enum { CONTENTS = 20000, RECIPIENTS_JOINED = 10 /* a mail to more people ties no two of them together */, FILES_MOST = 20, VALUE_MOST = 400 };

static const enum action wants[] = {ACT_MAIL_JUDGED, ACT_NONE};
static const char *const techniques[] = {"T1566.001", "T1566.002", NULL};

static void *contents_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(bool), CONTENTS, NULL, NULL);
}

static void contents_free(void *state) { lru_free(state); }

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

/* A word of the filter's line as it was: %XX is a byte. "-" is none. */
static struct slice plain(struct slice word, char text[static VALUE_MOST])
{
	size_t n = 0;
	for (size_t i = 0; i < word.n && n < VALUE_MOST; i++) {
		int high = word.p[i] == '%' && i + 2 < word.n ? digit(word.p[i + 1]) : -1, low = high >= 0 ? digit(word.p[i + 2]) : -1;
		text[n++] = low < 0 ? word.p[i] : (char)(high << 4 | low);
		i += low < 0 ? 0 : 2;
	}
	struct slice s = slice_make(text, n);
	return slice_eq(s, SL("-")) || !slice_utf8(s) ? SLICE_NONE : s;
}

/* Each of "a,b,c". */
static bool next(struct slice *list, char text[static VALUE_MOST], struct slice *one)
{
	struct slice word;
	if (!list->n)
		return false;
	if (!slice_cut(list, ',', &word)) {
		word = *list;
		*list = SLICE_NONE;
	}
	*one = plain(word, text);
	return true;
}

static void add_each(struct finding *f, enum entity_type type, struct slice list)
{
	char text[VALUE_MOST];
	struct slice one;
	for (unsigned i = 0; i < FILES_MOST && next(&list, text, &one); i++)
		finding_entity(f, type, one);
}

/* The person and their accounts: who opens the file does it as one of these. */
static void add_recipients(struct detect *d, struct finding *f, struct slice list)
{
	char text[VALUE_MOST];
	struct slice one;
	const struct org *org = detect_org(d);
	for (unsigned i = 0; i < RECIPIENTS_JOINED && next(&list, text, &one); i++) {
		const struct org_person *p = org_person_by_mail(org, one);
		if (!p)
			continue;
		finding_entity(f, ENT_PERSON, p->name);
		for (size_t k = 0; k < p->naccounts; k++)
			finding_entity(f, ENT_USER, p->accounts[k]);
	}
}

static void tell(struct finding *f, const struct event *e, struct slice from, bool lure)
{
	struct slice file = finding_get(f, ENT_FILE), outcome = event_str(e, F_MAIL_STATUS);
	int64_t recipients = event_int(e, F_MAIL_RCPTS, 1);
	finding_printf(f, &f->title, "%s mail from %.*s%s%.*s to %lld recipient%s: %.*s", lure ? "Lure:" : "Suspicious:", SLFMT(from.n ? from : SL("a sender without a name")), file.n ? " with " : "", SLFMT(file),
		(long long)recipients, recipients == 1 ? "" : "s", SLFMT(outcome));
	finding_printf(f, &f->text, "The mail filter saw in it: %.*s.", SLFMT(event_str(e, F_EVENT_REASON)));
}

static void event(struct detect *d, void *state, const struct event *e)
{
	char text[VALUE_MOST];
	struct slice content = event_str(e, F_EVENT_ID), from = plain(event_str(e, F_MAIL_FROM), text);
	bool lure = slice_eq(event_str(e, F_EVENT_CODE), SL("lure")), fresh = true;
	lru_put(state, content, &fresh);
	if (!fresh) /* a mail that came twice, or whose line was read twice */
		return;
	struct finding *f = detect_open(d, &detector_mail_lure, from.n ? from : content, 12 * NS_HOUR, e->time, &fresh);
	bool worse = fresh || (lure && f->level < LEVEL_HIGH);
	finding_entity(f, ENT_MAIL, from);
	add_each(f, ENT_FILE, event_str(e, F_MAIL_ATTACHMENT));
	add_each(f, ENT_HASH, event_str(e, F_FILE_HASH));
	bool brings = !slice_eq(event_str(e, F_FILE_HASH), SL("-"));
	if (lure && brings && event_int(e, F_MAIL_RCPTS, 1) <= RECIPIENTS_JOINED) /* what is opened is opened under an account; everybody gets the other kind from everybody */
		add_recipients(d, f, event_str(e, F_MAIL_TO));
	finding_raise(f, lure ? LEVEL_HIGH : LEVEL_MEDIUM);
	if (worse)
		tell(f, e, from, lure);
	finding_evidence(f, e);
}

const struct detector detector_mail_lure = {
	.info = {"postern.mail-lure", "Lure or suspicious mail", LEVEL_MEDIUM, STAGE_NONE, techniques,
		"A line of postern milter: a message that it called a lure (high) or suspicious (medium), once per content, one finding a sender.",
		"An honest message that looks like a lure: release it with postern quarantine, and close the incident as a false positive."},
	.wants = wants, .create = contents_new, .tables = tables_one, .event = event, .destroy = contents_free,
};
