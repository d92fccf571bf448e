/* language.c - what is asked for: phrases of each intent in what a reader sees, in English, German and Korean. Words alone prove nothing; they count beside other signs. */
#include "mail/mail_private.h"

#include "match/match.h"

struct phrase { enum intent intent; const char *text; };
static const struct phrase phrases[] = {
#define PHRASE(intent, text) {INTENT_##intent, text},
#include "mail/phrases.def"
#undef PHRASE
};

static int prepare(struct mail *mail, struct err *e)
{
	mail->phrases = match_new(MATCH_FAST);
	if (!mail->phrases)
		return err_set(e, ERR_NOMEM, "no memory for phrases");
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(phrases) && !r; i++)
		r = match_add(mail->phrases, slice_of(phrases[i].text), MATCH_ONCE, (uint32_t)i, e);
	if (!r)
		r = match_seal(mail->phrases, e);
	mail->scan = r ? NULL : match_ctx_new(mail->phrases);
	return r ? r : mail->scan ? 0 : err_set(e, ERR_NOMEM, "no memory for phrases");
}

/* With the first message: a fifth of what a process costs that only sees documents. */
static bool ready(struct message *m)
{
	struct err e;
	if (!m->mail->phrases && prepare(m->mail, &e)) {
		match_free(m->mail->phrases);
		m->mail->phrases = NULL;
		lure_found(m->l, m->id, IND_LIMIT_SIZE, UINT64_MAX, "text", "what is asked for was not looked at: %s", e.text);
		return false;
	}
	return true;
}

struct looking { struct message *m; struct slice text; uint32_t first[INTENT_COUNT]; };

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/* "do not verify your account" warns of the phrase; "not urgent" takes it back. */
static bool is_negated(struct slice text, size_t at)
{
	static const char *const words[] = {"not ", "never ", "don't ", "nicht ", "kein ", "keine ", "niemals ", "nie "};
	struct slice before = slice_to(slice_from(text, at > 24 ? at - 24 : 0), MIN(at, (size_t)24));
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_ends(before, slice_of(words[i])))
			return true;
	return false;
}

static int found(void *arg, uint32_t id, size_t end)
{
	struct looking *k = arg;
	size_t n = strlen(phrases[id].text), at = end - n;
	char first = phrases[id].text[0];
	bool within = is_letter(first) && at && is_letter(k->text.p[at - 1]); /* in the middle of a word; endings may follow */
	if (within || is_negated(k->text, at))
		return 0;
	if (!k->m->intents[phrases[id].intent]++)
		k->first[phrases[id].intent] = id;
	return 0;
}

void judge_language(struct message *m)
{
	/* how many different phrases of an intent make a sign */
	static const struct { enum intent intent; unsigned least; enum indicator indicator; } rules[] = {
		{INTENT_JOB, 2, IND_MAIL_JOB}, {INTENT_TEST, 1, IND_MAIL_CODE_TEST}, {INTENT_CHANNEL, 1, IND_MAIL_CHANNEL}, {INTENT_URGENCY, 2, IND_MAIL_URGENCY}, {INTENT_SECRECY, 1, IND_MAIL_SECRECY},
		{INTENT_REWARD, 2, IND_MAIL_REWARD}, {INTENT_CREDENTIALS, 1, IND_MAIL_CREDENTIALS}, {INTENT_VIEWER, 1, IND_MAIL_VIEWER}, {INTENT_ENABLE, 1, IND_MAIL_ENABLE}, {INTENT_PAYMENT, 1, IND_MAIL_PAYMENT},
		{INTENT_PASSWORD, 1, IND_MAIL_PASSWORD_TOLD}, {INTENT_SECURITY, 1, IND_MAIL_SECURITY_TALK}, {INTENT_ADVANCE, 3, IND_MAIL_ADVANCE_FEE},
	};
	struct buf all = {0};
	if (!ready(m))
		return;
	buf_adds(&all, m->subject);
	buf_addc(&all, '\n');
	buf_adds(&all, slice_to(buf_slice(&m->seen), 64 << 10));
	struct looking k = {.m = m, .text = folded_text(m->l, buf_slice(&all))};
	match_run(m->mail->scan, k.text, found, &k);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (m->intents[rules[i].intent] >= rules[i].least || (rules[i].intent == INTENT_JOB && m->intents[INTENT_JOB] && m->intents[INTENT_SALARY]))
			sign(m, rules[i].indicator, SL("text"), "\"%s\"%s", phrases[k.first[rules[i].intent]].text, m->intents[rules[i].intent] > 1 ? " and more" : "");
	buf_free(&all);
}
