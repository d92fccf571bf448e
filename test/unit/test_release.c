/* test_release.c - the release list and the signature file: what is taken, and what is not. Signatures themselves: test/e2e/release.py. */
#include "release/release_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

#define KEY_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define KEY_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAfHh0cGxoZGBcWFRQTEhEQDw4NDAsKCQgHBgUEAwIB"
#define PERSON(id, name, principal, key) "  - {id: " id ", name: " name ", principal: " principal ", keys: [\"" key "\"]}\n"
#define ANNA PERSON("anna", "Anna", "anna@x", KEY_A)
#define TAIL "folders: [/srv/p]\n"

static int read_list(const char *yaml, struct release_list *l)
{
	struct err e;
	return release_list_read(slice_of(yaml), "r.yaml", l, &e);
}

static void test_list(void **state)
{
	(void)state;
	static const struct {
		const char *yaml;
		int rc;
	} rows[] = {
		{"people:\n" ANNA TAIL, 0},
		{"people:\n" ANNA PERSON("bert", "Bert", "bert@x", KEY_B) TAIL "exempt: ['*.index']\nquarantine: /srv/q\nvalidity: 7d\n", 0},
		{"people: []\n" TAIL, 0},
		{"", ERR_SYNTAX},
		{TAIL, ERR_SYNTAX},
		{"people:\n" ANNA, ERR_SYNTAX},
		{"people:\n" ANNA PERSON("bert", "Bert", "bert@x", KEY_A " comment") TAIL, ERR_DUP},
		{"people:\n" ANNA PERSON("bert", "anna", "bert@x", KEY_B) TAIL, ERR_DUP},
		{"people:\n" ANNA PERSON("bert", "Bert", "ANNA@x", KEY_B) TAIL, ERR_DUP},
		{"people:\n" PERSON("anna", "Anna", "'*@x'", KEY_A) TAIL, ERR_SYNTAX},
		{"people:\n" PERSON("anna", "Anna", "'a@x,b@x'", KEY_A) TAIL, ERR_SYNTAX},
		{"people:\n" PERSON("anna", "Anna", "'!a'", KEY_A) TAIL, ERR_SYNTAX},
		{"people:\n" PERSON("../anna", "Anna", "a", KEY_A) TAIL, ERR_SYNTAX},
		{"people:\n" PERSON("anna", "Anna", "a", "cert-authority " KEY_A) TAIL, ERR_SYNTAX},
		{"people:\n" PERSON("anna", "Anna", "a", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f") TAIL, ERR_SYNTAX},
		{"people:\n" PERSON("anna", "Anna", "a", "ssh-ed25519-cert-v01@openssh.com AAAA") TAIL, ERR_SYNTAX},
		{"people:\n" ANNA "folders: [srv]\n", ERR_SYNTAX},
		{"people:\n" ANNA "folders: [/srv/../etc]\n", ERR_SYNTAX},
		{"people:\n" ANNA "folders: [/]\n", ERR_SYNTAX},
		{"people:\n" ANNA TAIL "exempt: ['*']\n", ERR_SYNTAX},
		{"people:\n" ANNA TAIL "exempt: ['*.?*']\n", ERR_SYNTAX},
		{"people:\n" ANNA TAIL "quarantine: /srv/p/q\n", ERR_SYNTAX},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct release_list l;
		int rc = read_list(rows[i].yaml, &l);
		if (rc != rows[i].rc)
			print_error("row %zu: %d\n", i, rc);
		assert_int_equal(rc, rows[i].rc);
		release_list_free(&l);
	}
}

static void test_exempt(void **state)
{
	(void)state;
	struct release_list l;
	assert_int_equal(read_list("people:\n" ANNA "folders: [/srv/p, /srv/q]\nexempt: [SHA256SUMS, '*.index']\n", &l), 0);
	assert_true(release_is_exempt(&l, SL("SHA256SUMS")));
	assert_true(release_is_exempt(&l, SL("a.index")));
	assert_false(release_is_exempt(&l, SL(".index")));
	assert_false(release_is_exempt(&l, SL("SHA256SUMS.sh")));
	assert_false(release_is_exempt(&l, SL("sha256sums")));
	assert_true(slice_eqz(release_folder_of(&l, SL("/srv/q/x")), "/srv/q"));
	assert_int_equal(release_folder_of(&l, SL("/srv/quarantine")).n, 0);
	const struct release_person *p;
	struct err e;
	assert_int_equal(release_key_owner(&l, SL(KEY_A " other comment\n"), &p, &e), 0);
	assert_true(slice_eqz(p->id, "anna"));
	assert_int_equal(release_key_owner(&l, SL(KEY_B), &p, &e), ERR_NOENT);
	release_list_free(&l);
}

/* ---- signature files ----------------------------------------------------------------------------------------------------- */

#define ARMOUR "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\nAAAA\n-----END SSH SIGNATURE-----\n"

static void write_one(struct buf *b, struct slice name)
{
	struct release_manifest m = {.name = name, .folder = SL("/srv/p"), .size = 7, .signed_at = 1795708176 * NS_SEC, .until = 1795794576 * NS_SEC,
		.signer = SL("anna")};
	memset(m.sha256, 'a', 64);
	release_manifest_write(&m, b);
}

static int read_one(struct slice text, struct release_manifest *m, struct arena *a)
{
	struct slice message, armour;
	struct err e;
	return release_signature_read(text, a, m, &message, &armour, &e);
}

static void test_round(void **state)
{
	(void)state;
	char all[255];
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)(i + 1);
	const struct slice names[] = {SL("a.deb"), SL("new\nline: x"), SL("100%"), SL("\xff\xfe"), {all, sizeof all}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf b = {0};
		struct arena mem;
		struct release_manifest m;
		arena_init(&mem);
		write_one(&b, names[i]);
		buf_addz(&b, ARMOUR);
		assert_int_equal(read_one(buf_slice(&b), &m, &mem), 0);
		assert_true(slice_eq(m.name, names[i]));
		assert_int_equal(m.size, 7);
		assert_int_equal(m.until, 1795794576 * NS_SEC);
		buf_free(&b);
		arena_free(&mem);
	}
}

/* No byte may be missing, changed into something that stands in neither, or follow. */
static void test_strict(void **state)
{
	(void)state;
	struct buf b = {0};
	write_one(&b, SL("a.deb"));
	buf_addz(&b, ARMOUR);
	struct slice whole = buf_slice(&b);
	for (size_t i = 0; i < whole.n; i++) {
		struct arena mem;
		struct release_manifest m;
		char *cut = xstrndup(whole.p, whole.n);
		arena_init(&mem);
		assert_int_equal(read_one(slice_make(cut, i), &m, &mem), ERR_SYNTAX);
		cut[i] = '\t';
		assert_int_equal(read_one(slice_make(cut, whole.n), &m, &mem), ERR_SYNTAX);
		arena_free(&mem);
		free(cut);
	}
	struct arena mem;
	struct release_manifest m;
	arena_init(&mem);
	buf_addz(&b, "x");
	assert_int_equal(read_one(buf_slice(&b), &m, &mem), ERR_SYNTAX);
	b.n--;
	buf_addz(&b, ARMOUR);
	assert_int_equal(read_one(buf_slice(&b), &m, &mem), ERR_SYNTAX);
	while (b.n <= RELEASE_SIGNATURE_MAX)
		buf_addc(&b, 'A');
	assert_int_equal(read_one(buf_slice(&b), &m, &mem), ERR_LIMIT);
	arena_free(&mem);
	buf_free(&b);
}

static void test_other_spelling(void **state)
{
	(void)state;
	static const char head[] = "postern-release 1\nname: ", *const names[] = {"%61.deb", "%2e", "%00", "%", "%4", "a b", "\"", "a%0ab"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf b = {0};
		struct arena mem;
		struct release_manifest m;
		arena_init(&mem);
		buf_addf(&b, "%s%s\nfolder: /srv/p\nsize: 7\nsha256: ", head, names[i]);
		for (size_t k = 0; k < 64; k++)
			buf_addc(&b, 'a');
		buf_addz(&b, "\nsigned: 2026-11-26T15:45:18.000Z\nuntil: 2026-12-26T15:45:18.000Z\nsigner: anna\n" ARMOUR);
		assert_int_equal(read_one(buf_slice(&b), &m, &mem), ERR_SYNTAX);
		buf_free(&b);
		arena_free(&mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_list), cmocka_unit_test(test_exempt), cmocka_unit_test(test_round), cmocka_unit_test(test_strict),
		cmocka_unit_test(test_other_spelling)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
