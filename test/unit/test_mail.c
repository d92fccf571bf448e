/* test_mail.c - room mail: names that are like others, Authentication-Results, what a reader sees, what is said of whole messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mail/mail_private.h"

struct world { struct mail *mail; struct lure *l; struct org *org; };

static const char organisation[] = "organisation:\n  name: X\n  domains: [kuestenforschung.example]\n  partners: [werft-nord.example]\nstaff:\n  - name: Jürgen Petersen\n    mail: j.petersen@kuestenforschung.example\n"
				   "    roles: [security-manager]\n  - name: Erika Beispiel\n    mail: e.beispiel@kuestenforschung.example\n";

static int setup(void **state)
{
	static const char *const trusted[] = {"mx.kuestenforschung.example", NULL};
	struct world *w = xcalloc(1, sizeof *w);
	struct err e;
	w->org = org_parse(slice_of(organisation), "org", &e);
	assert_non_null(w->org);
	mail_prepare();
	w->mail = mail_new(&(struct mail_options){.org = w->org, .trusted = trusted});
	assert_non_null(w->mail);
	w->l = lure_new(NULL);
	lure_parse_with(w->l, LT_EML, mail_inspect, w->mail);
	lure_parse_with(w->l, LT_MBOX, mail_box, w->mail);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	lure_free(w->l);
	mail_free(w->mail);
	org_free(w->org);
	free(w);
	return 0;
}

static void test_likeness(void **state)
{
	static const struct { const char *site, *ours; bool like; } rows[] = {
		{"airbus.com", "airbus.com", false}, {"alrbus.com", "airbus.com", true}, {"airbus-careers.com", "airbus.com", true}, {"airbus.net", "airbus.com", true}, {"airbuss.com", "airbus.com", true},
		{"airport.com", "airbus.com", false}, {"rnbda-systems.com", "mbda-systems.com", true}, {"kuestenf0rschung.example", "kuestenforschung.example", true}, {"kuestenforschunq.example", "kuestenforschung.example", true},
		{"kusten.example", "kuestenforschung.example", false}, {"dell.com", "diehl.com", false}, {"xn--irbus-2ve.com", "airbus.com", false}, {"abc.com", "abd.com", false}, {"", "airbus.com", false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *how = looks_like(slice_of(rows[i].site), slice_of(rows[i].ours));
		if ((how != NULL) != rows[i].like)
			fail_msg("%s and %s: %s", rows[i].site, rows[i].ours, how ? how : "not alike");
	}
}

static void test_sites(void **state)
{
	struct world *w = *state;
	static const struct { const char *host, *site; } rows[] = {{"www.example.co.uk", "example.co.uk"}, {"A.B.Example.COM.", "example.com"}, {"localhost", "localhost"}, {"", ""}, {"com", "com"}, {"mail.kuestenforschung.example", "kuestenforschung.example"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(slice_eqz(site_of(w->l, slice_of(rows[i].host)), rows[i].site));
}

static void auth(struct world *w, const char *value, bool topmost, bool heard, enum auth spf, enum auth dkim, enum auth dmarc)
{
	struct message m = {.mail = w->mail, .l = w->l, .from = {.site = SL("example.org")}};
	auth_read(&m, slice_of(value), topmost);
	if (m.authenticated_by_any != heard || m.spf != spf || m.dkim != dkim || m.dmarc != dmarc)
		fail_msg("%s: heard %d spf %d dkim %d dmarc %d", value, m.authenticated_by_any, m.spf, m.dkim, m.dmarc);
}

static void test_results(void **state)
{
	struct world *w = *state;
	auth(w, "mx.kuestenforschung.example; spf=pass smtp.mailfrom=a@mail.example.org; dkim=fail header.d=example.org; dmarc=pass header.from=example.org", true, true, AUTH_PASS, AUTH_FAIL, AUTH_PASS);
	auth(w, "MX.kuestenforschung.example 1; dkim=pass (1024-bit; x) header.d=\"example.org\" reason=\"a;b\"", false, true, AUTH_NONE, AUTH_PASS, AUTH_NONE);
	auth(w, "mx.kuestenforschung.example; spf=pass smtp.mailfrom=other.example", true, true, AUTH_NONE, AUTH_NONE, AUTH_NONE); /* passes for somebody else */
	auth(w, "elsewhere.example; spf=pass smtp.mailfrom=example.org", true, false, AUTH_NONE, AUTH_NONE, AUTH_NONE);
	auth(w, "spf=pass smtp.mailfrom=example.org", true, false, AUTH_NONE, AUTH_NONE, AUTH_NONE); /* nobody's, and not trusted so */
	auth(w, "mx.kuestenforschung.example; none", true, true, AUTH_NONE, AUTH_NONE, AUTH_NONE);
	auth(w, "mx.kuestenforschung.example; (((((", true, true, AUTH_NONE, AUTH_NONE, AUTH_NONE);
	auth(w, "mx.kuestenforschung.example;;;==;dmarc=fail", true, true, AUTH_NONE, AUTH_NONE, AUTH_FAIL);
	auth(w, "mx.kuestenforschung.example; spf=softfail smtp.mailfrom=example.org; spf=pass smtp.mailfrom=example.org", true, true, AUTH_PASS, AUTH_NONE, AUTH_NONE);
	auth(w, "", true, false, AUTH_NONE, AUTH_NONE, AUTH_NONE);
}

/* What is said of a message; every name of `wanted` must be, none of `unwanted`. */
static void message(struct world *w, const char *text, const char *wanted, const char *unwanted)
{
	struct err e;
	struct slice rest = slice_of(wanted), word;
	lure_reset(w->l);
	assert_int_equal(0, lure_inspect(w->l, SL("x.eml"), slice_of(text), &e));
	while (slice_word(&rest, &word))
		if (!lure_has(w->l, indicator_by_name(word)))
			fail_msg("lacks %.*s: %s", SLFMT(word), text);
	for (rest = slice_of(unwanted); slice_word(&rest, &word);)
		if (lure_has(w->l, indicator_by_name(word)))
			fail_msg("has %.*s: %s", SLFMT(word), text);
}

#define HEAD "To: e.beispiel@kuestenforschung.example\nDate: Tue, 09 Jun 2026 09:12:00 +0200\nMessage-ID: <1@x.example>\n"

static void test_identity(void **state)
{
	struct world *w = *state;
	message(w, "From: Erika Beispiel <e.beispiel@kuestenforschung.example>\nSubject: Minutes\n" HEAD "\nHello\n", "", "MAIL_STAFF_IMPERSONATED MAIL_MANY_SIGNS MAIL_LOOKALIKE_OWN");
	message(w, "From: \"Beispiel, Erika\" <erika@mail.example>\nSubject: Minutes\n" HEAD "\nHello\n", "MAIL_STAFF_IMPERSONATED", "MAIL_SECURITY_IMPERSONATED");
	message(w, "From: =?utf-8?Q?J=C3=BCrgen_Petersen?= <jp@gmail.com>\nSubject: Security update\n" HEAD "\nPlease install the security update.\n", "MAIL_SECURITY_IMPERSONATED MAIL_SECURITY_TALK", "");
	message(w, "From: Jurgen Petersen <jp@gmail.com>\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_SECURITY_IMPERSONATED", "");
	message(w, "From: Petersen <jp@gmail.com>\nSubject: Hi\n" HEAD "\nHello\n", "", "MAIL_SECURITY_IMPERSONATED MAIL_STAFF_IMPERSONATED");
	message(w, "From: a@werft-n0rd.example\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_LOOKALIKE_OWN", "");
	message(w, "From: a@werft-nord.example\nSubject: Hi\n" HEAD "\nHello\n", "", "MAIL_LOOKALIKE_OWN");
	message(w, "From: a@b.example\nReply-To: x@kuestenforschunq.example\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_LOOKALIKE_OWN", "");
	message(w, "From: PayPal Service <a@b.example>\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_BRAND_FOREIGN", "");
	message(w, "From: Max Mustermann (PayPal) <a@b.example>\nSubject: Hi\n" HEAD "\nHello\n", "", "MAIL_BRAND_FOREIGN");
	message(w, "From: PayPal Service <a@b.example>\nList-Id: <news.b.example>\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_BRAND_FOREIGN", ""); /* a line anybody can write excuses nothing */
	message(w, "From: PayPal <service@paypal.com>\nSubject: Hi\n" HEAD "\nHello\n", "", "MAIL_BRAND_FOREIGN");
	message(w, "From: \"boss@kuestenforschung.example\" <a@b.example>\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_SHOWS_OTHER_ADDRESS", "");
	message(w, "From: Gewinn, Team <a@b.example>\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_SEVERAL_FROM", "");
	message(w, "From: MAILER DAEMON <>\nSubject: Hi\n" HEAD "\nHello\n", "MAIL_FROM_NOWHERE", "MAIL_SEVERAL_FROM MAIL_MANY_SIGNS"); /* one fact is one sign */
	message(w, "From: =?utf-8?Q?M=C3=BCller=2C_Hans?= <a@b.example>\nSubject: Hi\n" HEAD "\nHello\n", "", "MAIL_SEVERAL_FROM");
	message(w, "From: a@b.example\nSubject: Re: the offer\n" HEAD "\nHello\n", "MAIL_FAKE_REPLY", "");
	message(w, "From: a@b.example\nSubject: Re: the offer\nIn-Reply-To: <2@y>\n" HEAD "\nHello\n", "", "MAIL_FAKE_REPLY");
	message(w, "From: x@kuestenforschung.example\nSubject: Hi\nAuthentication-Results: mx.kuestenforschung.example; spf=none; dkim=none\n" HEAD "\nHello\n", "MAIL_OWN_NOT_AUTHENTIC", "");
}

#define HTML "Content-Type: text/html; charset=utf-8\n"

static void test_links(void **state)
{
	struct world *w = *state;
	message(w, "From: a@b.example\nSubject: Hi\n" HTML HEAD "\n<p>Hello <a href=\"https://evil.example/x\">https://www.bank.example/</a></p>\n", "MAIL_LINK_MISMATCH", "");
	message(w, "From: a@b.example\nSubject: Hi\n" HTML HEAD "\n<a href=\"https://www.bank.example/x\">www.bank.example</a> <a href='https://evil.example'>here</a>\n", "", "MAIL_LINK_MISMATCH");
	message(w, "From: a@b.example\nSubject: Hi\n" HTML HEAD "\n<a href=\"https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.bank.example%2Fx&amp;data=1\">www.bank.example</a>\n", "", "MAIL_LINK_MISMATCH");
	message(w, "From: a@b.example\nSubject: Hi\n" HTML HEAD "\n<a href=\"https://urldefense.proofpoint.com/v2/url?u=https-3A__www.bank.example_x&d=1\">www.bank.example</a>\n", "", "MAIL_LINK_MISMATCH");
	message(w, "From: a@b.example\nSubject: Hi\n" HTML HEAD "\n<a href=\"https://bit.ly/abc\">here</a> <a href=http://192.0.2.7/a>there</a> <a href='https://bank.example@evil.example/'>x</a>\n",
		"MAIL_LINK_SHORT MAIL_LINK_NUMBER MAIL_LINK_USER MAIL_ONLY_HTML", "");
	message(w, "From: a@b.example\nSubject: Hi\n" HTML HEAD "\n<a href='https://x.example/'><img src='https://x.example/a.png' width=600></a>\n", "MAIL_ONLY_PICTURE", "");
	message(w, "From: a@b.example\nSubject: Hi\n" HTML HEAD "\n<div style='display:none'>ordinary words that nobody sees, put here to make filters think well of it</div><p>Hello there</p>\n", "MAIL_HIDDEN_TEXT", "");
	message(w, "From: a@b.example\nSubject: Hi\n" HEAD "\nsee https://wa.me/4915 and write\n", "MAIL_LINK_CHAT", "MAIL_ONLY_HTML");
}

static void test_language(void **state)
{
	struct world *w = *state;
	message(w, "From: a@b.example\nSubject: Job opportunity\n" HEAD "\nI came across your profile. Please answer on WhatsApp.\n", "MAIL_JOB MAIL_CHANNEL", "");
	message(w, "From: a@b.example\nSubject: Stelle\n" HEAD "\nDie Stellenbeschreibung und das Jahresgehalt liegen bei.\n", "MAIL_JOB", "");
	message(w, "From: a@b.example\nSubject: hi\nContent-Type: text/plain; charset=utf-8\n" HEAD "\n채용 제안을 드립니다. 연봉은 협의합니다.\n", "MAIL_JOB", "");
	message(w, "From: a@b.example\nSubject: hi\n" HEAD "\nNever verify your account by mail.\n", "", "MAIL_CREDENTIALS");
	message(w, "From: a@b.example\nSubject: hi\n" HEAD "\nPlease verify your account.\n", "MAIL_CREDENTIALS", "");
	message(w, "From: a@b.example\nSubject: ｖｅｒｉｆｙ your account\nContent-Type: text/plain; charset=utf-8\n" HEAD "\nx\n", "MAIL_CREDENTIALS", "");
}

static void test_boxes(void **state)
{
	struct world *w = *state;
	const struct lure_object *o;
	struct err e;
	lure_reset(w->l);
	lure_inspect(w->l, SL("box"), SL("From a Mon Jun  1 08:00:00 2026\nFrom: a@b.example\nTo: x\nSubject: 1\n\nhello\n\nFrom here on it is text\n\nFrom a Mon Jun  1 08:00:00 2026\nFrom: PayPal <a@b.example>\nSubject: 2\nTo: y\n\nhi\n"), &e);
	assert_int_equal(3, lure_objects(w->l, &o));
	assert_true(lure_object_has(w->l, 2, IND_MAIL_BRAND_FOREIGN));
	message(w, "From a Mon Jun  1 08:00:00 2026\nFrom: PayPal <a@b.example>\nSubject: 2\nTo: y\n\nhi\n", "MAIL_BRAND_FOREIGN", "");
	assert_int_equal(1, lure_objects(w->l, &o));
}

static void test_limits(void **state)
{
	struct world *w = *state;
	struct buf b = {0};
	struct err e;
	buf_addz(&b, "From: a@b.example\nTo: x\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n");
	for (int i = 0; i < 100000; i++)
		buf_addz(&b, "--b\n\nx\n");
	lure_reset(w->l);
	lure_inspect(w->l, SL("parts"), buf_slice(&b), &e);
	assert_true(lure_has(w->l, IND_LIMIT_SIZE));
	b.n = 0;
	buf_addz(&b, "From: a@b.example\nTo: x\nSubject: ");
	for (int i = 0; i < 300000; i++)
		buf_addz(&b, "lorem");
	buf_addz(&b, "\n\nx\n");
	lure_reset(w->l);
	lure_inspect(w->l, SL("header.eml"), buf_slice(&b), &e);
	assert_true(lure_has(w->l, IND_LIMIT_SIZE));
	b.n = 0;
	for (int i = 0; i < 2000; i++)
		buf_addf(&b, "From: a@b.example\nTo: x\nSubject: s\nContent-Type: multipart/mixed; boundary=b%d\n\n--b%d\nContent-Type: message/rfc822\n\n", i, i);
	lure_reset(w->l);
	lure_inspect(w->l, SL("deep"), buf_slice(&b), &e); /* ends */
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_likeness), cmocka_unit_test(test_sites), cmocka_unit_test(test_results), cmocka_unit_test(test_identity), cmocka_unit_test(test_links), cmocka_unit_test(test_language),
		cmocka_unit_test(test_boxes), cmocka_unit_test(test_limits)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
