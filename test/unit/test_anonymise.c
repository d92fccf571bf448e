/* test_anonymise.c - an example has no name, address, host or domain of the organisation or of the incident in it; what is reported survives its way to the broker. */
#include "console/anonymise.h"
#include "inspect/inspect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char yaml[] =
	"organisation: {name: Nordwerft Marine, domains: [nordwerft.example, nordwerft.net], networks: [10.20.0.0/16]}\n"
	"hosts:\n"
	"  - {name: web1, aliases: [web1.corp.nordwerft.net], addresses: [10.20.0.5]}\n"
	"  - {name: patch-server, addresses: [10.20.0.9]}\n"
	"staff:\n"
	"  - {name: Erika Beispiel, mail: e.beispiel@nordwerft.example, accounts: [ebeispiel], roles: [security]}\n"
	"  - {name: 김철수, mail: cs.kim@nordwerft.example, accounts: [cskim]}\n"
	"  - {name: Jörg Groß, accounts: [jgross]}\n"
	"providers:\n"
	"  - {id: hafenlicht, name: Hafenlicht IT, persons: [{name: Max Muster, accounts: [mmuster]}]}\n";

struct fixture { struct org *org; struct anonymiser *a; struct buf out; };

static int make(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	struct err e;
	f->org = org_parse(slice_of(yaml), "org.yaml", &e);
	if (!f->org)
		print_error("%s:%d: %s\n", e.where, e.line, e.text);
	assert_non_null(f->org);
	f->a = anonymiser_new(f->org);
	*state = f;
	return 0;
}

static int unmake(void **state)
{
	struct fixture *f = *state;
	anonymiser_free(f->a);
	org_free(f->org);
	buf_free(&f->out);
	free(f);
	return 0;
}

static struct slice run(struct fixture *f, const char *text)
{
	f->out.n = 0;
	(void)anonymiser_text(f->a, slice_of(text), &f->out);
	return buf_slice(&f->out);
}

static void expect_without(struct slice s, const char *what)
{
	if (slice_ihas(s, slice_of(what)))
		fail_msg("\"%s\" stands in: %.*s", what, SLFMT(s));
}

static void expect_is(struct slice s, const char *want)
{
	if (!slice_eqz(s, want))
		fail_msg("%.*s\n instead of %s", SLFMT(s), want);
}

static void test_organisation(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"Nordwerft", "Erika", "Beispiel", "ebeispiel", "김철수", "cskim", "Jörg", "Groß", "jgross", "Hafenlicht", "Muster", "mmuster", "web1", "patch-server", "10.20.", "corp.", "nordwerft"};
	struct slice s = run(f, "Max Muster of Hafenlicht IT logged in as mmuster on web1 (10.20.0.5, web1.corp.nordwerft.net) from 10.20.7.7. ERIKA BEISPIEL <e.beispiel@nordwerft.example>, Beispiel again, "
		"ebeispiel@web1, 김철수가 cs.kim@nordwerft.example, Jörg Groß (jgross@NORDWERFT.NET), patch-server:/srv, Nordwerft Marine, other.nordwerft.net; root@PATCH-SERVER");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		expect_without(s, names[i]);
	assert_true(slice_has(s, SL("Person A")) && slice_has(s, SL("host-1")) && slice_has(s, SL("root@host-")));
	struct buf again = {0};
	assert_int_equal(anonymiser_text(f->a, s, &again), 0); /* nothing is left to be replaced */
	assert_true(slice_eq(s, buf_slice(&again)));
	buf_free(&again);
}

static void test_one_name_one_name(void **state)
{
	struct fixture *f = *state;
	expect_is(run(f, "Erika Beispiel, Beispiel, Erika; ebeispiel; web1 and WEB1 and web1.corp.nordwerft.net"), "Person A, Person A, Person A; account-a; host-1 and host-1 and host-1");
	const struct anonymised *u;
	size_t n = anonymiser_used(f->a, &u);
	assert_true(n >= 5 && slice_eqz(u[0].from, "Erika Beispiel") && slice_eqz(u[0].to, "Person A"));
}

static void test_incident(void **state)
{
	struct fixture *f = *state;
	anonymiser_add(f->a, ENT_HOST, SL("pc7"));
	anonymiser_add(f->a, ENT_USER, SL("guest9"));
	anonymiser_add(f->a, ENT_USER, SL("root"));
	anonymiser_add(f->a, ENT_MAIL, SL("claire.dubois@talent-harbour.com"));
	anonymiser_add(f->a, ENT_FILE, SL("/home/x/Offer_Letter.pdf.exe"));
	anonymiser_add(f->a, ENT_HASH, SL("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
	anonymiser_add(f->a, ENT_PROFILE, SL("linkedin.com/in/claire-d"));
	anonymiser_add(f->a, ENT_DOMAIN, SL("Harbour Talent"));
	anonymiser_add(f->a, ENT_SOURCE, SL("198.51.100.7"));
	expect_is(run(f, "root and guest9 on pc7: Offer_Letter.pdf.exe (2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824) from claire.dubois@talent-harbour.com of Harbour Talent, linkedin.com/in/claire-d, 198.51.100.7"),
		"root and account-a on host-1: file-1.exe (hash-1) from sender-1@outside.example of Company 1, profile-1.example, 203.0.113.1");
}

/* Whatever has the looks of a name goes, known or not; words, files and versions stay. */
static void test_looks(void **state)
{
	struct fixture *f = *state;
	expect_is(run(f, "see https://evil.io/a.exe, mail bob@mail.evil.io, [2606:4700::1111] or 9.9.9.9:443, 2.4.41, notes.txt, e.g. this, web1x, 127.0.0.1, fe80::1"),
		"see https://outside-1.example/a.exe, mail sender-1@outside.example, [2001:db8::1] or 203.0.113.1:443, 2.4.41, notes.txt, e.g. this, web1x, 127.0.0.1, 2001:db8::2");
	expect_is(run(f, ""), "");
	struct buf b = {0};
	for (int i = 0; i < 256; i++)
		buf_addc(&b, (char)i);
	for (int i = 0; i < 5000; i++)
		buf_addz(&b, "@.:a-%");
	f->out.n = 0;
	(void)anonymiser_text(f->a, buf_slice(&b), &f->out);
	assert_true(f->out.n > 0);
	buf_free(&b);
}

/* Any text, and any name put anywhere into it. */
static void test_anywhere(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"Erika Beispiel", "김철수", "web1", "10.20.0.5", "nordwerft.example", "hafenlicht", "e.beispiel@nordwerft.example"};
	static const char *const round[] = {"(%s)", "\"%s\"", "x %s.", "\n%s\n", "%s", "<%s>", "a=%s,b", "%s/%s", "%s:22", "%s는"};
	char text[400];
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t k = 0; k < ARRAY_LEN(round); k++) {
			struct buf b = {0};
			for (const char *p = round[k]; *p; p++)
				if (p[0] == '%')
					buf_addz(&b, names[i]), p++;
				else
					buf_addc(&b, *p);
			snprintf(text, sizeof text, "%.*s", SLFMT(buf_slice(&b)));
			buf_free(&b);
			expect_without(run(f, text), names[i]);
		}
}

static void test_told(void **state)
{
	(void)state;
	struct arena mem;
	struct inspect_told in, t = {.verdict = VERDICT_SUSPICIOUS, .limited = true, .size = 123456789, .name = SL("offer.zip"), .type = SL("zip"), .sha256 = SL("aa"), .sender = SL("x@y.example"),
		.recipients = SL("a@b.example\nc@d.example"), .files = SL("1\n2"), .hashes = SL("aa bb"), .domains = SL("e.example"), .words = SL("ONE TWO"), .reasons = SL("ONE (x), TWO (y)")};
	struct buf b = {0};
	arena_init(&mem);
	inspect_told_save(&t, &b);
	assert_true(inspect_told_load(buf_slice(&b), &in));
	assert_true(in.verdict == t.verdict && in.limited && in.size == t.size && slice_eq(in.recipients, t.recipients) && slice_eq(in.words, t.words) && slice_eq(in.reasons, t.reasons));
	for (size_t i = 0; i < b.n; i++) { /* cut, or with a byte that no text has: no crash, and never more than it says */
		(void)inspect_told_load(slice_to(buf_slice(&b), i), &in);
		char was = b.p[i];
		b.p[i] = 1;
		assert_false(inspect_told_load(buf_slice(&b), &in));
		b.p[i] = was;
	}
	struct buf many = {0};
	for (int i = 0; i < 40; i++)
		buf_addz(&many, i ? " 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" : "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
	t.hashes = t.words = t.files = t.reasons = t.domains = buf_slice(&many);
	b.n = 0;
	inspect_told_save(&t, &b);
	assert_true(b.n <= TOLD_BYTES && inspect_told_load(buf_slice(&b), &in));
	assert_true(in.hashes.n % 65 == 64); /* whole ones only */
	buf_free(&many);
	buf_free(&b);
	arena_free(&mem);
}

/* Of a lure's name, nothing that drives a terminal or breaks a list. */
static void test_tell(void **state)
{
	(void)state;
	struct arena mem;
	struct inspect_told t, in;
	struct err e;
	struct lure_verdict v;
	struct buf b = {0};
	struct lure *l = lure_new(NULL);
	arena_init(&mem);
	assert_int_equal(lure_inspect(l, SL("x\x1b[2J\x1f\n<script>.txt"), SL("hello"), &e), 0);
	lure_judge(l, &v);
	inspect_tell(l, &v, SL("dir/x\x1b[2J\x1f\n<script>\xff.txt"), &mem, &t);
	inspect_told_save(&t, &b);
	assert_true(inspect_told_load(buf_slice(&b), &in));
	assert_true(slice_utf8(in.name) && slice_chr(in.name, '\x1b') < 0 && slice_chr(in.name, '\n') < 0 && slice_has(in.name, SL("<script>")));
	struct org *org = org_new();
	struct finding *f = inspect_report_finding(&(struct inspect_report_of){.who = SL("erika"), .org = org, .now = 5, .key = SL("k"), .least = LEVEL_MEDIUM}, &t, 1);
	assert_true(slice_has(f->title, SL("erika reported")) && finding_get(f, ENT_HASH).n == 64);
	finding_free(f);
	f = inspect_report_finding(&(struct inspect_report_of){.org = org, .now = 5, .key = SL("k"), .profile = SL("net.example/in/c"), .firm = SL("Harbour"), .least = LEVEL_HIGH}, NULL, 0);
	assert_true(slice_starts(f->title, SL("Somebody reported a contact by net.example/in/c")) && f->level == LEVEL_HIGH && slice_eqz(finding_get(f, ENT_PROFILE), "net.example/in/c"));
	finding_free(f);
	org_free(org);
	lure_free(l);
	buf_free(&b);
	arena_free(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_organisation, make, unmake), cmocka_unit_test_setup_teardown(test_one_name_one_name, make, unmake),
		cmocka_unit_test_setup_teardown(test_incident, make, unmake), cmocka_unit_test_setup_teardown(test_looks, make, unmake), cmocka_unit_test_setup_teardown(test_anywhere, make, unmake),
		cmocka_unit_test(test_told), cmocka_unit_test(test_tell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
