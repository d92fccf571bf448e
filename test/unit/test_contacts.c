/* test_contacts.c - room contacts at the edges of its rules: how many, how long, what counts twice. */
#include "contacts/contacts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY0 ((nstime)1778000000 * NS_SEC)
#define NOW (DAY0 + 300 * NS_DAY)

struct place { char folder[64], path[96]; struct contacts *c; unsigned next; };

static int set_up(void **state)
{
	struct err e;
	struct place *p = xcalloc(1, sizeof *p);
	snprintf(p->folder, sizeof p->folder, "/tmp/postern-contacts-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof p->path, "%s/contacts.db", p->folder);
	p->c = contacts_open(p->path, NOW, &e);
	assert_non_null(p->c);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const ends[] = {"", "-journal", "-wal", "-shm"};
	struct place *p = *state;
	char name[128];
	contacts_close(p->c);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(name, sizeof name, "%s%s", p->path, ends[i]);
		unlink(name);
	}
	rmdir(p->folder);
	free(p);
	return 0;
}

static struct contact_mail stranger(nstime day, enum contact_weight weight)
{
	return (struct contact_mail){.id = SL("x@y"), .from = SL("a@out.example"), .site = SL("out.example"), .name = SL("Ann Arbor"), .person = SL("ann arbor"), .to = {SL("me@us.example")}, .nto = 1,
		.date = DAY0 + day * NS_DAY, .hour = 10, .weight = weight, .stranger = true};
}

/* The signs; every call is another message. */
static uint32_t meet(struct place *p, struct contact_mail m)
{
	struct contact_signs s;
	struct err e;
	snprintf(m.content, sizeof m.content, "%u", ++p->next);
	assert_int_equal(contacts_begin(p->c, &e), 0);
	assert_int_equal(contacts_meet(p->c, &m, &s, &e), 0);
	assert_int_equal(contacts_end(p->c, &e), 0);
	return s.signs;
}

/* n messages a day apart from `from` on, with talk of a job in the first; then weight on day `at`. */
static uint32_t story(struct place *p, struct slice address, unsigned n, nstime at, bool job, enum contact_weight weight)
{
	for (unsigned i = 0; i < n; i++) {
		struct contact_mail m = stranger(i, WEIGHT_TALK);
		m.from = address;
		m.job = job && !i;
		assert_int_equal(meet(p, m), i ? 0 : CONTACT_FIRST);
	}
	struct contact_mail last = stranger(at, weight);
	last.from = address;
	last.person = SLICE_NONE;
	return meet(p, last);
}

static void ramp(void **state)
{
	struct place *p = *state;
	assert_int_equal(story(p, SL("a1@out.example"), 3, 5, true, WEIGHT_FILE), CONTACT_RAMP);
	assert_int_equal(story(p, SL("a2@out.example"), 3, 4, true, WEIGHT_FILE), 0);    /* too soon */
	assert_int_equal(story(p, SL("a3@out.example"), 2, 9, true, WEIGHT_FILE), 0);    /* too little talk */
	assert_int_equal(story(p, SL("a4@out.example"), 5, 30, false, WEIGHT_PACKAGE), 0); /* of something else */
	assert_int_equal(story(p, SL("a5@out.example"), 3, 5, true, WEIGHT_TALK), 0);
}

static void ramp_goes_on(void **state)
{
	struct place *p = *state;
	struct contact_mail m = stranger(20, WEIGHT_FILE);
	m.from = SL("a1@out.example");
	m.person = SLICE_NONE;
	assert_int_equal(story(p, m.from, 4, 10, true, WEIGHT_PACKAGE), CONTACT_RAMP);
	assert_int_equal(meet(p, m), CONTACT_RAMP); /* part of the same attempt */
	m.date = DAY0 + 41 * NS_DAY;
	assert_int_equal(meet(p, m), 0);
	m.from = SL("a2@out.example"); /* a document first, the package later */
	for (int day = 0; day < 10; day += 3) {
		m.date = DAY0 + day * NS_DAY;
		m.job = true;
		assert_int_equal(meet(p, m), day ? 0 : CONTACT_FIRST);
	}
	m.date = DAY0 + 12 * NS_DAY;
	m.weight = WEIGHT_PACKAGE;
	assert_int_equal(meet(p, m), CONTACT_RAMP);
}

static void names(void **state)
{
	struct place *p = *state;
	struct contact_mail m = stranger(0, WEIGHT_TALK);
	for (int i = 0; i < 3; i++)
		(void)meet(p, m);
	m.from = SL("ann@new.example");
	m.site = SL("new.example");
	m.date = DAY0 + 6 * NS_DAY;
	struct contact_mail other = m;
	other.to[0] = SL("you@us.example");
	assert_int_equal(meet(p, other), CONTACT_FIRST); /* another mailbox never heard of her */
	m.date = DAY0 + 8 * NS_DAY;
	assert_int_equal(meet(p, m), CONTACT_FIRST | CONTACT_NEW_ADDRESS);
	m.date = DAY0 + 16 * NS_DAY;
	assert_int_equal(meet(p, m), 0); /* by now it is hers */
}

static struct contact_mail own(nstime day, int hour, const char *site)
{
	struct contact_mail m = {.id = SL("x@y"), .from = SL("o@us.example"), .site = SL("us.example"), .to = {SL("me@us.example")}, .nto = 1, .date = DAY0 + day * NS_DAY, .hour = hour, .own = true};
	if (site) {
		m.sites[m.nsites++] = slice_of(site);
		m.weight = WEIGHT_FILE;
	}
	return m;
}

static void own_account(void **state)
{
	struct place *p = *state;
	assert_int_equal(meet(p, own(0, 3, "far.example")), 0);
	for (int i = 0; i < 11; i++)
		assert_int_equal(meet(p, own(i * 2, 9 + i % 3, NULL)), 0);
	assert_int_equal(meet(p, own(20, 4, "new1.example")), 0); /* known for less than three weeks */
	assert_int_equal(meet(p, own(30, 10, "new2.example")), 0); /* a new site alone */
	assert_int_equal(meet(p, own(30, 2, NULL)), 0); /* an odd hour alone */
	assert_int_equal(meet(p, own(30, 12, "new3.example")), 0); /* beside a usual hour */
	assert_int_equal(meet(p, own(30, 20, "new4.example")), CONTACT_UNUSUAL);
	assert_int_equal(meet(p, own(31, 20, "new4.example")), CONTACT_UNUSUAL); /* not usual for having been done yesterday */
	assert_int_equal(meet(p, own(30, 20, "far.example")), 0);
	struct contact_mail asks = own(32, 10, "new5.example");
	asks.asks[asks.nasks++] = SL("MAIL_VIEWER");
	assert_int_equal(meet(p, asks), CONTACT_UNUSUAL);
	struct contact_mail many = own(33, 10, "far.example");
	static const char *const to[] = {"a@us", "b@us", "c@us", "d@us", "e@us", "f@us"};
	for (many.nto = 0; many.nto < ARRAY_LEN(to); many.nto++)
		many.to[many.nto] = slice_of(to[many.nto]);
	struct contact_mail five = many;
	five.nto = 5;
	assert_int_equal(meet(p, five), 0);
	many.date += 1;
	assert_int_equal(meet(p, many), CONTACT_UNUSUAL);
}

static void same_again(void **state)
{
	struct place *p = *state;
	struct contact_signs first, again, other;
	struct contact_mail m = stranger(0, WEIGHT_TALK);
	struct err e;
	strcpy(m.content, "4711");
	assert_int_equal(contacts_begin(p->c, &e), 0);
	assert_int_equal(contacts_meet(p->c, &m, &first, &e), 0);
	assert_int_equal(contacts_meet(p->c, &m, &again, &e), 0);
	m.id = SL("other@y");
	assert_int_equal(contacts_meet(p->c, &m, &other, &e), 0);
	assert_int_equal(contacts_end(p->c, &e), 0);
	assert_int_equal(first.signs, CONTACT_FIRST);
	assert_memory_equal(&first, &again, sizeof first);
	assert_int_equal(other.signs, 0);
}

/* Nobody wrote for so long; and what a killed process began is not there. */
static void forgotten(void **state)
{
	struct place *p = *state;
	struct err e;
	struct contact_signs s;
	struct contact_mail m = stranger(0, WEIGHT_TALK);
	assert_int_equal(meet(p, m), CONTACT_FIRST);
	strcpy(m.content, "x");
	m.to[0] = SL("you@us.example");
	assert_int_equal(contacts_begin(p->c, &e), 0);
	assert_int_equal(contacts_meet(p->c, &m, &s, &e), 0);
	contacts_close(p->c); /* not ended */
	p->c = contacts_open(p->path, DAY0 + 399 * NS_DAY, &e);
	assert_non_null(p->c);
	assert_int_equal(meet(p, m), CONTACT_FIRST);
	assert_int_equal(meet(p, stranger(1, WEIGHT_TALK)), 0);
	contacts_close(p->c);
	p->c = contacts_open(p->path, DAY0 + 402 * NS_DAY, &e);
	assert_non_null(p->c);
	assert_int_equal(meet(p, stranger(402, WEIGHT_TALK)), CONTACT_FIRST);
}

static void refused(void **state)
{
	struct place *p = *state;
	struct err e;
	contacts_close(p->c);
	p->c = NULL;
	assert_int_equal(chmod(p->path, 0644), 0);
	assert_null(contacts_open(p->path, NOW, &e)); /* others could have written it */
	assert_int_equal(e.code, ERR_PERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ramp, set_up, tear_down), cmocka_unit_test_setup_teardown(ramp_goes_on, set_up, tear_down), cmocka_unit_test_setup_teardown(names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(own_account, set_up, tear_down), cmocka_unit_test_setup_teardown(same_again, set_up, tear_down), cmocka_unit_test_setup_teardown(forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
