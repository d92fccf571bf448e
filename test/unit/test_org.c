/* test_org.c - org.yaml: a good file, bad files with place and message, lookups, hours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "org/org_private.h"

#define FP_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define FP_B "SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB+"

static const char good[] =
	"# who we are\n"
	"providers:                          # before the hosts they name\n"
	"  - id: acme\n"
	"    name: ACME Web Care\n"
	"    networks: [198.51.100.0/28, '2001:db8:5::/48']\n"
	"    hosts: [WWW, web2]\n"
	"    hours: \"Mon-Fri 07:00-19:00\"\n"
	"    persons:\n"
	"      - name: Jonas Beck\n"
	"        accounts: [acme-beck, shared]\n"
	"        keys: [\"" FP_A "\"]\n"
	"        mail: Beck@acme.example\n"
	"  - id: nightly\n"
	"    networks: [198.51.100.8]\n"
	"    hosts: [\"*\"]\n"
	"    hours: [22:00-06:00, \"Sat,Sun 08:00-12:00\"]\n"
	"  - id: free\n"
	"organisation:\n"
	"  name: Institute X\n"
	"  domains: [x.example, Y.Example]\n"
	"  networks: [10.20.0.0/16]\n"
	"  timezone: Europe/Berlin\n"
	"hosts:\n"
	"  - name: web1\n"
	"    aliases: [web1.x.example, www]\n"
	"    addresses: [10.20.10.11, '2001:db8::11']\n"
	"    roles: [web, provider-maintained]\n"
	"  - {name: web2, addresses: [192.0.2.80]}\n"
	"  - name: \"10\"\n"
	"staff:\n"
	"  - name: Mara Lindqvist\n"
	"    mail: mara.lindqvist@x.example\n"
	"    accounts: [mlindqvist, git, shared]\n"
	"    keys: [" FP_B "]\n"
	"    roles: [security-manager]\n"
	"service_accounts: [deploy]\n"
	"patch_folders: [/srv/patch//release/]\n"
	"web_roots: [/var/www, /srv/web/../www]\n";

static struct org *parse(const char *text)
{
	struct err e = {0};
	char buf[1024];
	struct org *o = org_parse(slice_of(text), "org.yaml", &e);

	if (o == NULL)
		fail_msg("%s", err_format(&e, buf, sizeof(buf)));
	return o;
}

static struct ip ip(const char *text)
{
	struct ip out;

	if (!ip_parse(slice_of(text), &out))
		fail_msg("%s", text);
	return out;
}

static nstime at(int y, unsigned mon, unsigned d, unsigned h, unsigned min)
{
	return civil_seconds(y, mon, d, h, min, 0) * NS_SEC;
}

#define assert_slice(s, text)                                                            \
	do {                                                                             \
		struct slice got_ = (s);                                                 \
		if (!slice_eqz(got_, text))                                              \
			fail_msg("\"%.*s\" instead of \"%s\"", SLFMT(got_), text);       \
	} while (0)

/* ---- the good file ------------------------------------------------------------------------------------------- */
static void test_contents(void **state)
{
	struct org *o = parse(good);
	size_t n;

	(void)state;
	assert_slice(org_name(o), "Institute X");
	assert_slice(org_timezone(o), "Europe/Berlin");
	assert_int_equal(org_utc_offset(o, at(2026, 7, 1, 12, 0)), 7200);
	assert_int_equal(org_utc_offset(o, at(2060, 1, 1, 12, 0)), 3600);
	const struct org_host *h = org_hosts(o, &n);
	assert_int_equal(n, 3);
	assert_slice(h[0].name, "web1");
	assert_int_equal(h[0].naliases, 2);
	assert_slice(h[0].aliases[1], "www");
	assert_int_equal(h[0].naddresses, 2);
	assert_true(org_host_has_role(&h[0], SL("WEB")));
	assert_false(org_host_has_role(&h[0], SL("we")));
	assert_false(org_host_has_role(NULL, SL("web")));
	const struct org_provider *p = org_providers(o, &n);
	assert_int_equal(n, 3);
	assert_slice(p[0].name, "ACME Web Care");
	assert_int_equal(p[0].nhosts, 2);
	assert_slice(p[0].hosts[0], "web1"); /* from the alias WWW */
	assert_int_equal(p[0].npersons, 1);
	assert_ptr_equal(p[0].persons[0].provider, &p[0]);
	assert_slice(p[2].name, "free");
	const struct org_person *s = org_staff(o, &n);
	assert_int_equal(n, 1);
	assert_null(s[0].provider);
	assert_slice(s[0].keys[0], FP_B);
	org_free(o);
}

static void test_hosts(void **state)
{
	static const struct { const char *name, *host; } rows[] = {
		{"web1", "web1"}, {"WEB1", "web1"}, {"www", "web1"}, {"web1.x.example", "web1"}, {"web1.x.example.", "web1"},
		{"web2.internal", "web2"}, {"Web2.X.example", "web2"}, {"10", "10"}, {"10.20.30.40", NULL}, {"web3", NULL}, {"", NULL},
		{".", NULL}, {".web1", NULL}, {"web", NULL},
	};
	static const struct { const char *ip, *host; } ips[] = {
		{"10.20.10.11", "web1"}, {"2001:db8::11", "web1"}, {"192.0.2.80", "web2"}, {"192.0.2.81", NULL}, {"::", NULL},
	};
	static char big[5000];
	struct org *o = parse(good);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct org_host *h = org_host(o, slice_of(rows[i].name));
		assert_int_equal(h != NULL, rows[i].host != NULL);
		if (h != NULL)
			assert_slice(h->name, rows[i].host);
	}
	for (size_t i = 0; i < ARRAY_LEN(ips); i++) {
		struct ip a = ip(ips[i].ip);
		const struct org_host *h = org_host_by_ip(o, &a);
		assert_int_equal(h != NULL, ips[i].host != NULL);
		if (h != NULL)
			assert_slice(h->name, ips[i].host);
	}
	memset(big, 'a', sizeof(big));
	assert_null(org_host(o, slice_make(big, sizeof(big))));
	org_free(o);
}

static void test_persons(void **state)
{
	static const struct { const char *account, *person; } rows[] = {
		{"acme-beck", "Jonas Beck"}, {"mlindqvist", "Mara Lindqvist"}, {"shared", "Jonas Beck"}, {"ACME-BECK", NULL}, {"", NULL}, {"root", NULL},
	};
	struct org *o = parse(good);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct org_person *p = org_person_by_account(o, slice_of(rows[i].account));
		assert_int_equal(p != NULL, rows[i].person != NULL);
		if (p != NULL)
			assert_slice(p->name, rows[i].person);
	}
	assert_slice(org_person_by_key(o, SL(FP_A))->name, "Jonas Beck");
	assert_slice(org_person_by_key(o, SL(FP_B))->name, "Mara Lindqvist");
	assert_null(org_person_by_key(o, SL("SHA256:none")));
	assert_slice(org_person_by_mail(o, SL("beck@ACME.example"))->name, "Jonas Beck");
	assert_slice(org_person_by_mail(o, SL("MARA.Lindqvist@x.example"))->name, "Mara Lindqvist");
	assert_null(org_person_by_mail(o, SL("mara.lindqvist@x.example.org")));
	assert_true(org_person_has_role(org_person_by_account(o, SL("mlindqvist")), SL("security-manager")));
	assert_false(org_person_has_role(NULL, SL("security-manager")));
	org_free(o);
}

static void test_providers(void **state)
{
	struct org *o = parse(good);
	const struct org_provider *acme = org_provider(o, SL("acme")), *nightly = org_provider(o, SL("nightly"));
	const struct org_provider *none = org_provider(o, SL("free"));
	struct ip inner = ip("198.51.100.8"), outer = ip("198.51.100.15"), v6 = ip("2001:db8:5::1"), other = ip("198.51.100.16");

	(void)state;
	assert_null(org_provider(o, SL("ACME")));
	assert_ptr_equal(org_provider_by_ip(o, &inner), nightly); /* the narrower network */
	assert_ptr_equal(org_provider_by_ip(o, &outer), acme);
	assert_ptr_equal(org_provider_by_ip(o, &v6), acme);
	assert_null(org_provider_by_ip(o, &other));
	assert_true(org_provider_network(acme, &inner));
	assert_false(org_provider_network(acme, &other));
	assert_true(org_provider_network(none, &other)); /* none given: any */
	assert_true(org_provider_may_host(acme, o, SL("web1.x.example")));
	assert_true(org_provider_may_host(acme, o, SL("web2")));
	assert_false(org_provider_may_host(acme, o, SL("10")));
	assert_false(org_provider_may_host(acme, o, SL("unknown")));
	assert_true(org_provider_may_host(nightly, o, SL("unknown")));
	assert_true(org_provider_may_host(none, o, SL("unknown")));
	org_free(o);
}

static void test_places(void **state)
{
	static const struct { const char *ip; bool inside; } ips[] = {
		{"10.20.255.255", true}, {"10.21.0.0", false}, {"192.168.1.1", false}, {"192.0.2.80", true}, {"127.0.0.1", true}, {"::1", true},
		{"203.0.113.1", false},
	};
	static const struct { const char *domain; bool own; } domains[] = {
		{"x.example", true}, {"X.EXAMPLE.", true}, {"a.b.x.example", true}, {"y.example", true}, {"ax.example", false}, {"example", false},
		{"x.example.org", false}, {"", false}, {".", false},
	};
	static const struct { const char *path; bool patch, web; } paths[] = {
		{"/srv/patch/release", true, false}, {"/srv/patch/release/a/b", true, false}, {"/srv/patch/released", false, false},
		{"/srv/patch", false, false}, {"/tmp/../srv/patch/./release/x", true, false}, {"/srv/patch/release/../x", false, false},
		{"/var/www/html/x.php", false, true}, {"/srv/www", false, true}, {"/srv/web", false, false}, {"var/www/x", false, false},
		{"", false, false}, {"/", false, false}, {"/../var/www", false, true},
	};
	struct org *o = parse(good);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ips); i++) {
		struct ip a = ip(ips[i].ip);
		assert_int_equal(org_inside(o, &a), ips[i].inside);
	}
	for (size_t i = 0; i < ARRAY_LEN(domains); i++)
		assert_int_equal(org_domain_own(o, slice_of(domains[i].domain)), domains[i].own);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_int_equal(org_patch_path(o, slice_of(paths[i].path)), paths[i].patch);
		assert_int_equal(org_web_path(o, slice_of(paths[i].path)), paths[i].web);
	}
	assert_true(org_service_account(o, SL("deploy")));
	assert_true(org_service_account(o, SL("www-data")));
	assert_false(org_service_account(o, SL("git"))); /* Mara's here */
	assert_false(org_service_account(o, SL("mlindqvist")));
	org_free(o);
}

/* Knows nothing, and says so politely: no file, an empty file, a file of comments. */
static void test_nothing(void **state)
{
	struct org *all[] = {org_new(), parse(""), parse("# nothing yet\n"), parse("---\n{}\n")};
	struct ip private = ip("192.168.1.1"), public = ip("203.0.113.1");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		size_t n = 1;
		assert_slice(org_name(all[i]), "");
		assert_slice(org_timezone(all[i]), "");
		assert_int_equal(org_utc_offset(all[i], 0), 0);
		assert_null(org_host(all[i], SL("web1.x.example")));
		assert_null(org_host_by_ip(all[i], &private));
		assert_null(org_person_by_account(all[i], SL("root")));
		assert_null(org_person_by_key(all[i], SL("")));
		assert_null(org_person_by_mail(all[i], SL("")));
		assert_null(org_provider(all[i], SL("")));
		assert_null(org_provider_by_ip(all[i], &public));
		assert_true(org_inside(all[i], &private)); /* no networks given: private ones */
		assert_false(org_inside(all[i], &public));
		assert_false(org_domain_own(all[i], SL("x.example")));
		assert_false(org_patch_path(all[i], SL("/srv")));
		assert_true(org_service_account(all[i], SL("git")));
		(void)org_hosts(all[i], &n);
		assert_int_equal(n, 0);
		(void)org_providers(all[i], &n);
		assert_int_equal(n, 0);
		(void)org_staff(all[i], &n);
		assert_int_equal(n, 0);
		org_free(all[i]);
	}
	org_free(NULL);
}

/* ---- bad files ----------------------------------------------------------------------------------------------- */
struct bad {
	const char *yaml;
	int code, line, column;
	const char *gist;
};

static void expect_bad(const struct bad *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err e = {0};
		char buf[1024];
		struct org *o = org_parse(slice_of(rows[i].yaml), "org.yaml", &e);
		if (o != NULL)
			fail_msg("accepted: %s", rows[i].yaml);
		err_format(&e, buf, sizeof(buf));
		if (e.code != rows[i].code || e.line != rows[i].line || e.column != rows[i].column || strstr(e.text, rows[i].gist) == NULL)
			fail_msg("row %zu: [%d] %s; expected [%d] %d:%d %s", i, e.code, buf, rows[i].code, rows[i].line, rows[i].column,
				rows[i].gist);
		assert_string_equal(e.where, "org.yaml");
	}
}

static void test_bad_yaml(void **state)
{
	static const struct bad rows[] = {
		{"hosts:\n\t- name: x\n", ERR_SYNTAX, 2, 1, "tab"},
		{"organisation:\n  name: |0\n    x\n", ERR_SYNTAX, 2, 3, "not YAML, here or a little behind"},
		{"hosts:\n  - name: [a\nb: c\n", ERR_SYNTAX, 3, 2, "not YAML"},
		{"organisation: {name: \"x\n", ERR_SYNTAX, 1, 23, "not YAML"},
		{"organisation:\n  name: &n X\nhosts:\n  - name: *n\n", ERR_UNSUPPORTED, 4, 11, "aliases"},
		{"organisation: !!map {name: x}\n", ERR_UNSUPPORTED, 1, 15, "tags"},
		{"%YAML 2.2\n---\nhosts: []\n", ERR_UNSUPPORTED, 1, 1, "directives"},
		{"hosts: []\n---\nhosts: []\n", ERR_SYNTAX, 2, 1, "second document"},
		{"? [a]\n: b\n", ERR_TYPE, 1, 3, "a key must be a word"},
		{"organisation:\n  name: \xff\n", ERR_SYNTAX, 2, 0, "UTF-8"},
		{"- - - - - - - - - - - - - - - - - - x\n", ERR_LIMIT, 1, 33, "nested too deeply"},
		{"organisation:\n  name: \"\xc3\x84\xc3\x96\", x: y\n", ERR_SYNTAX, 2, 13, "not YAML"}, /* columns count characters */
		{"just text\n", ERR_TYPE, 1, 1, "must be a mapping"},
		{"- a\n", ERR_TYPE, 1, 1, "must be a mapping, not a list"},
	};

	(void)state;
	expect_bad(rows, ARRAY_LEN(rows));
	struct err e = {0};
	assert_null(org_parse(slice_make("hosts: []\nx\0: 1", 15), "org.yaml", &e));
	assert_int_equal(e.line, 2);
	assert_int_equal(e.column, 2);
}

static void test_bad_keys(void **state)
{
	static const struct bad rows[] = {
		{"organization:\n  name: X\n", ERR_SYNTAX, 1, 1, "did you mean organisation?"},
		{"host: []\n", ERR_SYNTAX, 1, 1, "did you mean hosts?"},
		{"service-accounts: []\n", ERR_SYNTAX, 1, 1, "did you mean service_accounts?"},
		{"qqq: 1\n", ERR_SYNTAX, 1, 1, "known are organisation, hosts, staff, providers, service_accounts, patch_folders, web_roots"},
		{"organisation:\n  time_zone: UTC\n", ERR_SYNTAX, 2, 3, "did you mean timezone?"},
		{"hosts:\n  - name: a\n    adresses: []\n", ERR_SYNTAX, 3, 5, "unknown key adresses in a host: did you mean addresses?"},
		{"staff:\n  - name: a\n    e-mail: b\n", ERR_SYNTAX, 3, 5, "did you mean mail?"},
		{"providers:\n  - id: a\n    network: [10.0.0.1]\n", ERR_SYNTAX, 3, 5, "did you mean networks?"},
		{"providers:\n  - id: a\n    persons:\n      - name: x\n        account: [y]\n", ERR_SYNTAX, 5, 9, "did you mean accounts?"},
		{"\"a\\x1b[31m\": 1\n", ERR_SYNTAX, 1, 1, "unknown key a\\x1b[31m"},
		{"hosts: []\nhosts: []\n", ERR_DUP, 2, 1, "already (line 1)"},
		{"hosts:\n  - addresses: [10.0.0.1]\n", ERR_SYNTAX, 2, 5, "a host without name: write name: web1"},
		{"providers:\n  - name: ACME\n", ERR_SYNTAX, 2, 5, "a provider without id"},
		{"staff:\n  - accounts: [a]\n", ERR_SYNTAX, 2, 5, "a member of staff without name"},
		{"organisation:\n  name:\n", ERR_SYNTAX, 2, 3, "key name has no value"},
		{"hosts: ~\n", ERR_SYNTAX, 1, 1, "key hosts has no value"},
	};

	(void)state;
	expect_bad(rows, ARRAY_LEN(rows));
}

static void test_bad_types(void **state)
{
	static const struct bad rows[] = {
		{"hosts: web1\n", ERR_TYPE, 1, 8, "hosts must be a list, not a text: write hosts: [{name: web1}]"},
		{"hosts: {name: web1}\n", ERR_TYPE, 1, 8, "must be a list, not a mapping"},
		{"hosts:\n  - web1\n", ERR_TYPE, 2, 5, "a host must be a mapping, not a text: write name: web1"},
		{"hosts:\n  -\n", ERR_TYPE, 2, 3, "a host must be a mapping, not nothing"},
		{"organisation: X\n", ERR_TYPE, 1, 15, "organisation must be a mapping"},
		{"organisation:\n  name: [X]\n", ERR_TYPE, 2, 9, "name must be a text, not a list"},
		{"organisation:\n  domains: x.example\n", ERR_TYPE, 2, 12, "write domains: [x.example]"},
		{"organisation:\n  domains: [{a: b}]\n", ERR_TYPE, 2, 13, "domain must be a text"},
		{"staff:\n  - name: a\n    accounts: a\n", ERR_TYPE, 3, 15, "accounts must be a list"},
		{"staff:\n  - name: a\n    accounts: [~]\n", ERR_SYNTAX, 3, 16, "account is empty"},
		{"staff:\n  - name: a\n    accounts: ['']\n", ERR_SYNTAX, 3, 16, "account is empty"},
		{"web_roots: /var/www\n", ERR_TYPE, 1, 12, "write web_roots: [/srv/folder]"},
		{"providers:\n  - id: a\n    hours: {from: 7}\n", ERR_TYPE, 3, 12, "hours must be a text, not a mapping"},
		{"providers:\n  - id: a\n    hosts: web1\n", ERR_TYPE, 3, 12, "hosts must be a list"},
		{"providers:\n  - id: a\n    persons: {}\n", ERR_TYPE, 3, 14, "persons must be a list"},
	};

	(void)state;
	expect_bad(rows, ARRAY_LEN(rows));
}

static void test_bad_values(void **state)
{
	static const struct bad rows[] = {
		{"organisation:\n  networks: [10.20.0.0/33]\n", ERR_SYNTAX, 2, 14, "neither an address nor a network"},
		{"organisation:\n  networks: [10.20.0.1/16]\n", ERR_RANGE, 2, 14, "write 10.20.0.1 for the one address"},
		{"organisation:\n  networks: [0.0.0.0/0]\n", ERR_RANGE, 2, 14, "every address"},
		{"organisation:\n  networks: ['::/0']\n", ERR_RANGE, 2, 14, "every address"},
		{"organisation:\n  networks: []\n", ERR_SYNTAX, 2, 13, "networks is empty: for no limit delete the key"},
		{"organisation:\n  timezone: Europe/Berlinn\n", ERR_NOENT, 2, 13, "no time zone Europe/Berlinn"},
		{"organisation:\n  timezone: ../x\n", ERR_SYNTAX, 2, 13, "not a time zone"},
		{"organisation:\n  domains: ['*.x.example']\n", ERR_SYNTAX, 2, 13, "subdomains are included"},
		{"organisation:\n  domains: [a, .x]\n", ERR_SYNTAX, 2, 16, "is not a domain"},
		{"organisation:\n  name: \"a\\nb\"\n", ERR_SYNTAX, 2, 9, "line break"},
		{"organisation:\n  name: ' a'\n", ERR_SYNTAX, 2, 9, "no blanks at its ends"},
		{"hosts:\n  - name: web 1\n", ERR_SYNTAX, 2, 11, "is not a host name"},
		{"staff:\n  - name: a\n    mail: a.example\n", ERR_SYNTAX, 3, 11, "is not a mail address"},
		{"staff:\n  - name: a\n    keys: [\"SHA256:abc\"]\n", ERR_SYNTAX, 3, 12, "ssh-keygen -l"},
		{"staff:\n  - name: a\n    keys: [ssh-ed25519 AAAA]\n", ERR_SYNTAX, 3, 12, "ssh-keygen -l"},
		{"web_roots: [var/www]\n", ERR_SYNTAX, 1, 13, "from the root on"},
		{"web_roots: [/]\n", ERR_SYNTAX, 1, 13, "not the root itself"},
		{"patch_folders: [/a/..]\n", ERR_SYNTAX, 1, 17, "not the root itself"},
		{"providers:\n  - id: a b\n", ERR_SYNTAX, 2, 9, "is not a provider id"},
		{"providers:\n  - id: a\n    hosts: []\n", ERR_SYNTAX, 3, 12, "hosts is empty"},
		{"providers:\n  - id: a\n    hours: []\n", ERR_SYNTAX, 3, 12, "hours is empty"},
		{"providers:\n  - id: a\n    hours: Mo-Fr 07:00-19:00\n", ERR_SYNTAX, 3, 12, "days are written Mon Tue"},
		{"providers:\n  - id: a\n    hours: [Mon 07:00-19:00, Mon 7-19]\n", ERR_SYNTAX, 3, 30, "times are written"},
		{"providers:\n  - id: a\n    hours: Mon-Fri\n", ERR_SYNTAX, 3, 12, "times are missing"},
		{"providers:\n  - id: a\n    hours: 07:00-07:00\n", ERR_SYNTAX, 3, 12, "00:00-24:00"},
		{"providers:\n  - id: a\n    hours: Mon 07:00-24:01\n", ERR_SYNTAX, 3, 12, "times are written"},
	};

	(void)state;
	expect_bad(rows, ARRAY_LEN(rows));
}

static void test_contradictions(void **state)
{
	static const struct bad rows[] = {
		{"hosts:\n  - name: a\n  - name: A\n", ERR_DUP, 3, 11, "host name A is given to something else already (line 2)"},
		{"hosts:\n  - {name: a, aliases: [b]}\n  - {name: c, aliases: [b]}\n", ERR_DUP, 3, 25, "(line 2)"},
		{"hosts:\n  - {name: a, addresses: [10.0.0.1]}\n  - {name: b, addresses: [10.0.0.1]}\n", ERR_DUP, 3, 27, "address 10.0.0.1"},
		{"staff:\n  - {name: a, accounts: [x]}\n  - {name: b, accounts: [x]}\n", ERR_DUP, 3, 26, "account x"},
		{"staff:\n  - {name: a, mail: A@x}\n  - {name: b, mail: a@x}\n", ERR_DUP, 3, 21, "mail address"},
		{"staff:\n  - {name: a, keys: [" FP_A "]}\n  - {name: b, keys: [" FP_A "]}\n", ERR_DUP, 3, 22, "key"},
		{"providers:\n  - id: a\n  - id: a\n", ERR_DUP, 3, 9, "provider a"},
		{"providers:\n  - {id: a, networks: [192.0.2.0/24]}\n  - {id: b, networks: [192.0.2.0/24]}\n", ERR_DUP, 3, 24, "network"},
		{"providers:\n  - {id: a, hosts: [web11]}\nhosts:\n  - name: web1\n", ERR_NOENT, 2, 21, "did you mean web1?"},
		{"providers:\n  - {id: a, hosts: [zzz]}\nhosts:\n  - name: web1\n", ERR_NOENT, 2, 21, "add it there"},
		{"providers:\n  - {id: a, hosts: ['*', web1]}\nhosts:\n  - name: web1\n", ERR_SYNTAX, 2, 21, "write it alone"},
		{"service_accounts: [x]\nstaff:\n  - {name: Mara, accounts: [x]}\n", ERR_DUP, 1, 20, "is an account of Mara too"},
	};

	(void)state;
	expect_bad(rows, ARRAY_LEN(rows));
	/* naming a thing twice for the same owner is no contradiction */
	org_free(parse("hosts:\n  - {name: a, aliases: [A], addresses: [10.0.0.1, 10.0.0.1]}\nservice_accounts: [x, x]\n"));
}

/* ---- bombs --------------------------------------------------------------------------------------------------- */
static void expect_limit(const struct buf *b)
{
	struct err e = {0};

	assert_null(org_parse(buf_slice(b), "org.yaml", &e));
	assert_int_equal(e.code, ERR_LIMIT);
}

static void test_bombs(void **state)
{
	static const char *const parts[] = {"[", "{a: ", "[\n", "a: [", "- &a [*a,*a],\n", "[a, "};
	struct buf b = {0};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		b.n = 0;
		while (b.n < LIMIT_CONFIG_BYTES - 16)
			buf_addz(&b, parts[i]);
		expect_limit(&b);
	}
	b.n = 0;
	buf_addz(&b, "a: &a [x,x]\n"); /* the laugh that doubles */
	for (char c = 'b'; c <= 'z'; c++)
		buf_addf(&b, "%c: &%c [*%c,*%c]\n", c, c, c - 1, c - 1);
	assert_null(org_parse(buf_slice(&b), "org.yaml", &e));
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	assert_int_equal(e.line, 2);
	b.n = 0;
	while (b.n <= LIMIT_CONFIG_BYTES)
		buf_addz(&b, "# comment\n");
	expect_limit(&b);
	buf_free(&b);
}

/* ---- hours --------------------------------------------------------------------------------------------------- */
static void test_hours_syntax(void **state)
{
	enum { ALL = 0x7f };
	static const struct { const char *text; size_t n; struct org_window w[2]; } rows[] = {
		{"Mon-Fri 07:00-19:00", 1, {{0x1f, 420, 1140}}},
		{"Sat,Sun 08:00-12:00", 1, {{0x60, 480, 720}}},
		{"22:00-06:00", 2, {{ALL, 1320, 1440}, {ALL, 0, 360}}},
		{"Sun 22:00-06:00", 2, {{0x40, 1320, 1440}, {0x01, 0, 360}}},
		{"Fri-Mon 9:30-10:00", 1, {{0x71, 570, 600}}},
		{"mon,WED-fri 00:00-24:00", 1, {{0x1d, 0, 1440}}},
		{"Mon 22:00-00:00", 1, {{0x01, 1320, 1440}}},
		{"Sun 24:00-06:00", 1, {{0x01, 0, 360}}},
		{"  Tue   1:00-2:00 ", 1, {{0x02, 60, 120}}},
	};
	static const char *const bad[] = {"", " ", "Mon", "07:00", "7-19", "Mon 07:00", "Mon 07:00-", "Mon- 07:00-08:00", "Mon,,Tue 07:00-08:00",
		"Monday 07:00-08:00", "Mon 07:00-08:00 x", "Mon 07:60-08:00", "Mon 25:00-08:00", "Mon 07:00-08:00,09:00-10:00", "24:00-24:00",
		"24:00-00:00", "-07:00-08:00", "Mon 7:0-8:00", "Mon 007:00-08:00", "Mon +7:00-8:00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct org_window w[2];
		const char *why;
		size_t n;
		assert_int_equal(org_hours_parse(slice_of(rows[i].text), w, &n, &why), 0);
		assert_int_equal(n, rows[i].n);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(w[k].days, rows[i].w[k].days);
			assert_int_equal(w[k].from, rows[i].w[k].from);
			assert_int_equal(w[k].until, rows[i].w[k].until);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct org_window w[2];
		const char *why = NULL;
		size_t n;
		assert_int_equal(org_hours_parse(slice_of(bad[i]), w, &n, &why), ERR_SYNTAX);
		assert_non_null(why);
	}
}

/* 2026-11-23 is a Monday; Berlin is one hour ahead of UTC then, two in July. */
static void test_hours(void **state)
{
	struct org *o = parse(good);
	const struct org_provider *acme = org_provider(o, SL("acme")), *nightly = org_provider(o, SL("nightly"));

	(void)state;
	assert_false(org_provider_hours(acme, o, at(2026, 11, 23, 5, 59)));
	assert_true(org_provider_hours(acme, o, at(2026, 11, 23, 6, 0)));
	assert_true(org_provider_hours(acme, o, at(2026, 11, 23, 18, 0) - 1));
	assert_false(org_provider_hours(acme, o, at(2026, 11, 23, 18, 0)));
	assert_false(org_provider_hours(acme, o, at(2026, 11, 21, 12, 0))); /* Saturday */
	assert_true(org_provider_hours(acme, o, at(2026, 7, 20, 5, 0)));    /* Monday in summer: 07:00 */
	assert_false(org_provider_hours(acme, o, at(2026, 7, 20, 17, 0)));
	assert_true(org_provider_hours(nightly, o, at(2026, 11, 22, 23, 30))); /* 00:30 on Monday */
	assert_true(org_provider_hours(nightly, o, at(2026, 11, 23, 21, 0)));
	assert_false(org_provider_hours(nightly, o, at(2026, 11, 23, 5, 0)));
	assert_true(org_provider_hours(nightly, o, at(2026, 11, 22, 7, 0)));   /* Sunday 08:00 */
	assert_false(org_provider_hours(nightly, o, at(2026, 11, 23, 7, 0)));
	assert_true(org_provider_hours(org_provider(o, SL("free")), o, 0));    /* none given: any time */
	assert_false(org_provider_hours(acme, o, at(1969, 12, 29, 5, 59)));    /* a Monday before the epoch */
	assert_true(org_provider_hours(acme, o, at(1969, 12, 29, 6, 0)));
	org_free(o);
}

/* ---- files --------------------------------------------------------------------------------------------------- */
static void test_load(void **state)
{
	char path[] = "/tmp/test_org_XXXXXX";
	struct err e = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, good, sizeof(good) - 1), sizeof(good) - 1);
	close(fd);
	struct org *o = org_load(path, &e);
	assert_non_null(o);
	org_free(o);
	assert_int_equal(unlink(path), 0);
	assert_null(org_load(path, &e));
	assert_int_equal(e.code, ERR_NOENT);
	assert_string_equal(e.where, path);
	assert_null(org_load("/tmp", &e));
	assert_int_equal(e.code, ERR_IO);
}

/* Every truncation of the good file parses or fails; nothing reads beyond. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		char *copy = xmalloc(n + 1);
		memcpy(copy, good, n);
		org_free(org_parse(slice_make(copy, n), "org.yaml", NULL));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_persons),
		cmocka_unit_test(test_providers),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_bad_yaml),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_bad_types),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_hours_syntax),
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_truncated),
	};
	return cmocka_run_group_tests_name("org", tests, NULL, NULL);
}
