/* test_posture.c - every check passes, fails and cannot tell; what is taken away never raises the score; waivers; what is told. */
#include "posture/posture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1795000000) /* 2026-11-18 */
#define ORG_ALL "staff:\n  - name: Anna A\n    mail: anna@x.example\n    accounts: [anna]\n    roles: [security-manager]\nproviders:\n  - id: p1\n    name: P One\n    networks: [198.51.100.0/28]\n" \
	"    hosts: [h]\n    hours: \"Mon-Fri 07:00-19:00\"\n    persons:\n      - name: Jo\n        accounts: [wartung]\nhosts:\n  - name: h\n"
#define ORG_BARE "staff:\n  - name: Anna A\n    accounts: [anna]\nproviders:\n  - id: p1\n    name: P One\n"
#include "test_posture_cases.h"

/* ---- snapshots out of text ------------------------------------------------------------------------------------------------------- */

static struct slice keep(struct snapshot *s, struct slice x)
{
	return slice_dup(&s->mem, x);
}

static void set_list(struct snapshot *s, char *field, struct slice v)
{
	struct snap_list l = {arena_alloc(&s->mem, 16 * sizeof(struct slice)), 0};
	struct slice part;
	while (slice_cut(&v, ',', &part))
		l.v[l.n++] = keep(s, part);
	if (v.n)
		l.v[l.n++] = keep(s, v);
	memcpy(field, &l, sizeof l);
}

static void set_word(char *field, const struct snap_column *c, struct slice v)
{
	for (uint32_t i = 0; c->words[i]; i++)
		if (slice_eqz(v, c->words[i])) {
			memcpy(field, &i, sizeof i);
			return;
		}
	fail_msg("no word %.*s in %s", SLFMT(v), c->name);
}

static void set_column(struct snapshot *s, enum snap_kind k, char *row, struct slice name, struct slice v)
{
	const struct snap_column *c = snap_tables[k].columns;
	while (c->name && !slice_eqz(name, c->name))
		c++;
	if (!c->name)
		fail_msg("%s has no column %.*s", snap_kind_name(k), SLFMT(name));
	char *field = row + c->offset;
	int64_t n;
	struct slice copy = keep(s, v);
	switch (c->type) {
	case SNAP_T_TEXT: memcpy(field, &copy, sizeof copy); break;
	case SNAP_T_NUMBER:
		assert_true(slice_i64(v, &n));
		memcpy(field, &n, sizeof n);
		break;
	case SNAP_T_LIST: set_list(s, field, v); break;
	case SNAP_T_WORD: set_word(field, c, v); break;
	}
}

/* Numbers that nobody told are what the document says for that. */
static void defaults(enum snap_kind k, char *row)
{
	int64_t none = -1;
	for (const struct snap_column *c = snap_tables[k].columns; c->name; c++)
		if (c->type == SNAP_T_NUMBER && strcmp(c->name, "line") != 0)
			memcpy(row + c->offset, &none, sizeof none);
}

static void special(struct snapshot *s, struct slice line)
{
	struct slice name, v = slice_from(line, 1);
	assert_true(slice_cut(&v, '=', &name));
	int64_t n = 0;
	(void)slice_i64(v, &n);
	if (slice_eqz(name, "as_root"))
		s->as_root = slice_eqz(v, "yes") ? SNAP_YES : slice_eqz(v, "no") ? SNAP_NO : SNAP_UNKNOWN;
	else if (slice_eqz(name, "age"))
		s->taken = NOW - n * 86400;
	else
		s->taken = n;
}

static void add_line(struct snapshot *s, struct slice line, int64_t number)
{
	struct slice kind, part;
	if (!slice_cut(&line, '|', &kind))
		return;
	for (int k = 0; k < SNAP_KIND_COUNT; k++) {
		if (!slice_eqz(kind, snap_kind_name((enum snap_kind)k)))
			continue;
		char *row = snapshot_add(s, (enum snap_kind)k);
		defaults((enum snap_kind)k, row);
		struct snap_at at = {SL("/etc/test"), number};
		memcpy(row, &at, sizeof at); /* every record begins with it */
		for (bool more = true; more;) {
			more = slice_cut(&line, '|', &part);
			if (!more)
				part = line;
			struct slice v = part, name;
			if (slice_cut(&v, '=', &name))
				set_column(s, (enum snap_kind)k, row, name, v);
		}
		return;
	}
	fail_msg("no kind %.*s", SLFMT(kind));
}

static void add_text(struct snapshot *s, const char *text)
{
	struct slice rest = slice_of(text), line;
	for (int64_t n = 1; slice_cut(&rest, '\n', &line); n++)
		if (slice_starts(line, SL("!")))
			special(s, line);
		else
			add_line(s, line, n);
}

static struct snapshot *make(const char *host, const char *text)
{
	struct snapshot *s = snapshot_new();
	s->host = slice_of(host);
	s->taken = NOW;
	s->as_root = SNAP_YES;
	add_text(s, text);
	return s;
}

static void put_missing(struct snapshot *s, struct slice section)
{
	struct snap_missing *m = snapshot_add(s, SNAP_K_missing);
	m->section = keep(s, section);
	m->why = SL("taken away");
}

/* ---- each check -------------------------------------------------------------------------------------------------------------------- */

static size_t index_of(const char *id)
{
	const struct posture_check *c;
	size_t n = posture_checks(&c);
	for (size_t i = 0; i < n; i++)
		if (strcmp(c[i].id, id) == 0)
			return i;
	fail_msg("no check %s", id);
	return 0;
}

struct world {
	const char *text, *other, *org, *missing;
	const struct posture_gate *gate;
};

static void judge(const char *id, const struct world *w, struct posture *out)
{
	struct snapshot *s = make("h", w->text), *o = w->other ? make("other", w->other) : NULL;
	struct err e = {0};
	struct org *org = w->org ? org_parse(slice_of(w->org), "org.yaml", &e) : NULL;
	if (w->org && !org)
		fail_msg("%s", e.text);
	if (w->missing)
		put_missing(s, slice_of(w->missing));
	const struct posture_check *c;
	size_t n = posture_checks(&c);
	bool *only = id ? calloc(n, 1) : NULL;
	if (id)
		only[index_of(id)] = true;
	const struct snapshot *const hosts[] = {s, o};
	struct posture_options opt = {.org = org, .gate = w->gate, .now = NOW};
	assert_int_equal(posture_run(hosts, o ? 2 : 1, only, &opt, out, &e), 0);
	free(only);
	org_free(org);
	snapshot_free(s);
	snapshot_free(o);
}

static void expect(const struct test_case *t, const char *what, const struct world *w, enum posture_result wanted)
{
	struct posture p;
	judge(t->id, w, &p);
	const struct posture_row *r = &p.v[0];
	if (r->result != wanted)
		fail_msg("%s, %s: %s (%.*s), not %s", t->id, what, posture_result_name(r->result), SLFMT(r->text), posture_result_name(wanted));
	if (!r->text.n)
		fail_msg("%s, %s: says nothing", t->id, what);
	if (wanted == POSTURE_FAIL && (!r->found || !r->nevidence || !r->evidence[0].n))
		fail_msg("%s fails without evidence", t->id);
	if (wanted != POSTURE_FAIL && r->found)
		fail_msg("%s, %s: found %llu", t->id, what, (unsigned long long)r->found);
	posture_free(&p);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct test_case *t = &cases[i];
		const struct posture_gate *good = t->gate_pass.known ? &t->gate_pass : NULL, *bad = t->gate_fail.known ? &t->gate_fail : NULL;
		expect(t, "pass", &(struct world){t->pass, t->other_pass, t->org_pass, NULL, good}, POSTURE_PASS);
		expect(t, "fail", &(struct world){t->fail, t->other_fail, t->org_fail, NULL, bad}, POSTURE_FAIL);
		expect(t, "cannot tell", &(struct world){t->unknown ? t->unknown : t->pass, t->other_pass, t->unknown ? NULL : t->org_pass, t->missing, NULL}, POSTURE_UNKNOWN);
	}
}

/* A check without a case would go untested. */
static void test_complete(void **state)
{
	(void)state;
	const struct posture_check *c;
	size_t n = posture_checks(&c);
	for (size_t i = 0; i < n; i++) {
		size_t has = 0;
		for (size_t k = 0; k < ARRAY_LEN(cases); k++)
			has += strcmp(cases[k].id, c[i].id) == 0;
		if (has != 1)
			fail_msg("%s has %zu cases", c[i].id, has);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(c[i].id, c[k].id);
	}
	assert_true(n >= 60);
}

static bool looks(const char *list, bool (*one)(struct slice s))
{
	struct slice rest = slice_of(list), word;
	size_t n = 0;
	for (; slice_word(&rest, &word); n++)
		if (!one(word))
			return false;
	return n > 0;
}

static bool digits(struct slice s, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool is_nist(struct slice s) { return s.n == 8 && slice_starts(s, SL("03.")) && s.p[5] == '.' && digits(s, 3, 2) && digits(s, 6, 2); }
static bool is_bsi(struct slice s) { return slice_chr(s, '.') > 1 && slice_rfind(s, SL(".A")) > 3 && digits(s, (size_t)slice_rfind(s, SL(".A")) + 2, 1); }
static bool is_iso(struct slice s) { return (slice_starts(s, SL("A.5.")) || slice_starts(s, SL("A.6.")) || slice_starts(s, SL("A.7.")) || slice_starts(s, SL("A.8."))) && digits(s, 4, s.n - 4); }

static void test_table(void **state)
{
	(void)state;
	const struct posture_check *c;
	size_t n = posture_checks(&c), demands[DEMAND_COUNT] = {0};
	for (size_t i = 0; i < n; i++) {
		if (!looks(c[i].nist, is_nist) || !looks(c[i].bsi, is_bsi) || !looks(c[i].iso, is_iso))
			fail_msg("%s: %s | %s | %s", c[i].id, c[i].nist, c[i].bsi, c[i].iso);
		assert_true(c[i].severity >= LEVEL_LOW && strlen(c[i].fix) > 8 && strlen(c[i].why) > 20 && *c[i].title);
		demands[c[i].demand]++;
	}
	for (int d = 0; d < DEMAND_COUNT; d++)
		assert_true(demands[d] >= 5);
}

/* ---- evidence taken away --------------------------------------------------------------------------------------------------------------- */

static uint64_t seed = 7;
static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* Which section a fact belongs to: docs/privilege-facts.md is where it stands. */
static struct slice facts_doc;

/* "`a KEY`, `b`" of a row: does one of them name this fact? */
static bool names_fact(struct slice cell, struct slice fact)
{
	struct slice head;
	for (bool inside = false; slice_cut(&cell, '`', &head); inside = !inside) {
		if (!inside)
			continue;
		ssize_t blank = slice_chr(head, ' ');
		if (blank < 0 ? slice_eq(head, fact) : slice_starts(fact, slice_to(head, (size_t)blank + 1)))
			return true;
	}
	return false;
}

static bool section_of(struct slice fact, struct slice *out)
{
	struct slice rest = facts_doc, line, cell;
	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_starts(line, SL("| `")))
			continue;
		line = slice_from(line, 2);
		if (!slice_cut(&line, '|', &cell) || !names_fact(cell, fact))
			continue;
		struct slice section, part = line;
		assert_true(slice_cut(&part, '|', &section));
		struct slice all = section, first, last;
		(void)slice_cut(&all, '`', &first);
		(void)slice_cut(&all, '`', &last);
		*out = last;
		/* several facts and sections in one row, in the same order */
		size_t index = 0;
		struct slice names = cell, head;
		for (bool inside = false; slice_cut(&names, '`', &head); inside = !inside) {
			if (!inside)
				continue;
			ssize_t blank = slice_chr(head, ' ');
			if (blank < 0 ? slice_eq(head, fact) : slice_starts(fact, slice_to(head, (size_t)blank + 1)))
				break;
			index++;
		}
		struct slice sections = section;
		size_t n = 0;
		for (bool inside = false; slice_cut(&sections, '`', &head); inside = !inside)
			if (inside && n++ == index)
				*out = head;
		return true;
	}
	return false;
}

static char *array_of(struct snapshot *s, enum snap_kind k, size_t **count)
{
	char *v;
	memcpy(&v, (char *)s + snap_tables[k].rows, sizeof v);
	*count = (size_t *)(void *)((char *)s + snap_tables[k].count);
	return v;
}

static struct slice fact_name(const char *row)
{
	struct snap_fact f;
	memcpy(&f, row, sizeof f);
	return f.name;
}

/* A setting of the kernel has one value: two rows of one are the test's own making, and go together. */
static bool drawn_for(struct slice fact, uint64_t salt)
{
	return slice_starts(fact, SL("sysctl ")) ? hash_stable(salt, fact.p, fact.n) & 1 : draw(2);
}

/* Rows of this kind go, some or all; what is gone is told as missing. */
static void take_away(struct snapshot *s, enum snap_kind k)
{
	size_t *count, kept = 0, size = snap_tables[k].size;
	char *v = array_of(s, k, &count);
	bool all = draw(2), gone = false;
	uint64_t salt = draw(1 << 30);
	struct slice section = slice_of(snap_kind_name(k));
	if (k == SNAP_K_fact) { /* of one section, as a collector that could not read a file does */
		if (!*count || !section_of(fact_name(v + draw((uint32_t)*count) * size), &section))
			return;
	}
	for (size_t i = 0; i < *count; i++) {
		struct slice of = section;
		bool mine = k != SNAP_K_fact || (section_of(fact_name(v + i * size), &of) && slice_eq(of, section));
		if (mine && (all || drawn_for(k == SNAP_K_fact ? fact_name(v + i * size) : SLICE_NONE, salt))) {
			gone = true;
			continue;
		}
		memmove(v + kept++ * size, v + i * size, size);
	}
	*count = kept;
	if (gone || draw(4) == 0)
		put_missing(s, section);
}

/* What an earlier result may become when evidence is gone: nothing that was wrong or unknown becomes right, or stops applying. */
static bool may_become(enum posture_result was, enum posture_result is)
{
	switch (was) {
	case POSTURE_PASS: return is != POSTURE_NOT_APPLICABLE;
	case POSTURE_FAIL:
	case POSTURE_UNKNOWN: return is == POSTURE_FAIL || is == POSTURE_UNKNOWN;
	case POSTURE_NOT_APPLICABLE: return is != POSTURE_PASS;
	}
	return false;
}

static const char *random_text(void)
{
	const struct test_case *t = &cases[draw(ARRAY_LEN(cases))];
	return draw(2) ? t->pass : t->fail;
}

static void one_world(unsigned round, const struct posture_gate *gate, const struct org *org)
{
	struct snapshot *s = make("h", "!age=1\n");
	struct posture before, after;
	struct err e;
	for (uint32_t n = 1 + draw(30); n; n--)
		add_text(s, random_text());
	const struct snapshot *const hosts[] = {s};
	struct posture_options opt = {.org = draw(2) ? org : NULL, .gate = draw(2) ? gate : NULL, .now = NOW};
	assert_int_equal(posture_run(hosts, 1, NULL, &opt, &before, &e), 0);
	for (uint32_t n = 1 + draw(4); n; n--)
		take_away(s, (enum snap_kind)draw(SNAP_K_missing));
	assert_int_equal(posture_run(hosts, 1, NULL, &opt, &after, &e), 0);
	for (size_t i = 0; i < before.n; i++)
		if (!may_become(before.v[i].result, after.v[i].result))
			fail_msg("round %u: %s was %s (%.*s) and is %s (%.*s)", round, before.v[i].check->id, posture_result_name(before.v[i].result), SLFMT(before.v[i].text),
				posture_result_name(after.v[i].result), SLFMT(after.v[i].text));
	if (after.score > before.score + 1e-9)
		fail_msg("round %u: the score rose from %f to %f", round, before.score, after.score);
	posture_free(&before);
	posture_free(&after);
	snapshot_free(s);
}

static void test_taken_away(void **state)
{
	(void)state;
	struct err e;
	static const struct posture_gate gate = {.known = true, .audit_good = true, .providers = 1, .persons = 1, .persons_with_factor = 1, .audit_anchored = NOW, .emergency_drill = NOW,
		.release_folders = 1, .release_signers = 3, .lessons_known = 3, .staff = 1, .staff_taught = 1};
	struct org *org = org_parse(SL(ORG_ALL), "org.yaml", &e);
	struct buf doc = {0};
	char path[4096], chunk[65536];
	snprintf(path, sizeof path, "%s/docs/privilege-facts.md", getenv("POSTERN_SOURCE_ROOT"));
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&doc, chunk, n);
	fclose(f);
	facts_doc = buf_slice(&doc);
	struct slice section;
	assert_true(section_of(SL("sysctl fs.suid_dumpable"), &section) && slice_eqz(section, "sysctl"));
	assert_true(section_of(SL("pwquality minlen"), &section) && slice_eqz(section, "pwquality"));
	for (unsigned i = 0; i < 4000; i++)
		one_world(i, &gate, org);
	buf_free(&doc);
	org_free(org);
}

/* Every fact that a case uses is one that the document tells of: else no collector would ever write it. */
static void test_facts_known(void **state)
{
	(void)state;
	struct buf doc = {0};
	char path[4096], chunk[65536];
	snprintf(path, sizeof path, "%s/docs/privilege-facts.md", getenv("POSTERN_SOURCE_ROOT"));
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&doc, chunk, n);
	fclose(f);
	facts_doc = buf_slice(&doc);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct snapshot *s = make("h", cases[i].pass);
		struct slice section;
		add_text(s, cases[i].fail);
		for (size_t k = 0; k < s->nfacts; k++)
			if (!section_of(s->facts[k].name, &section))
				fail_msg("%s: docs/privilege-facts.md knows no %.*s", cases[i].id, SLFMT(s->facts[k].name));
		snapshot_free(s);
	}
	buf_free(&doc);
}

/* ---- waivers ------------------------------------------------------------------------------------------------------------------------------ */

static int load(const char *text, struct posture_waivers *w, struct err *e)
{
	char path[] = "/tmp/postern-waivers-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	int rc = posture_waivers_load(path, w, e);
	unlink(path);
	return rc;
}

#define GOOD "waivers:\n  - check: SSH-06\n    host: h\n    owner: anna\n    reason: old machine\n    until: 2026-12-31\n"

static void test_waivers(void **state)
{
	(void)state;
	struct posture_waivers w;
	struct posture p, q;
	struct err e;
	assert_int_equal(load(GOOD "  - {check: SSH-08, owner: b, reason: c, until: 2026-01-31}\n", &w, &e), 0);
	assert_int_equal(w.n, 2);
	struct snapshot *s = make("h", S("usepam", "no") S("permitemptypasswords", "yes"));
	const struct snapshot *const hosts[] = {s};
	struct posture_options opt = {.now = NOW};
	assert_int_equal(posture_run(hosts, 1, NULL, &opt, &q, &e), 0);
	opt.waivers = &w;
	assert_int_equal(posture_run(hosts, 1, NULL, &opt, &p, &e), 0);
	assert_int_equal(p.waived, 1);
	assert_true(p.score == q.score); /* shown, and it counts as failed */
	assert_non_null(p.v[index_of("SSH-06")].waiver);
	assert_null(p.v[index_of("SSH-08")].waiver); /* it has run out */
	struct buf out = {0};
	posture_text(&p, NULL, false, false, &out);
	assert_true(slice_has(buf_slice(&out), SL("Waiver of SSH-08 for * has run out on 2026-01-31")));
	assert_true(slice_has(buf_slice(&out), SL("waived until 2026-12-31 by anna: old machine")));
	buf_free(&out);
	posture_free(&p);
	posture_free(&q);
	posture_waivers_free(&w);
	snapshot_free(s);
}

static void test_waivers_wrong(void **state)
{
	(void)state;
	static const struct { const char *text, *said; int line; } rows[] = {
		{"waivers:\n  - check: SSH-66\n    owner: a\n    reason: b\n    until: 2027-01-01\n", "did you mean \"SSH-06\"", 2},
		{"waivers:\n  - check: SSH-06\n    reason: b\n    until: 2027-01-01\n", "a waiver needs owner", 2},
		{"waivers:\n  - check: SSH-06\n    owner: a\n    reason: b\n", "a waiver needs until", 2},
		{"waivers:\n  - check: SSH-06\n    owner: a\n    until: 2027-01-01\n", "a waiver needs reason", 2},
		{"waivers:\n  - check: SSH-06\n    owner: a\n    reason: b\n    until: 2027-02-30\n", "a day expected", 5},
		{"waivers:\n  - check: SSH-06\n    owner: a\n    reason: b\n    until: soon\n", "a day expected", 5},
		{"waivers:\n  - chekc: SSH-06\n", "did you mean \"check\"", 2},
		{"wavers: []\n", "did you mean \"waivers\"", 1},
		{"waivers: {a: b}\n", "a list of at most", 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct posture_waivers w;
		struct err e = {0};
		assert_int_not_equal(load(rows[i].text, &w, &e), 0);
		if (!strstr(e.text, rows[i].said) || e.line != rows[i].line || e.column < 1)
			fail_msg("%zu: %d:%d: %s", i, e.line, e.column, e.text);
		posture_waivers_free(&w);
	}
}

/* ---- telling -------------------------------------------------------------------------------------------------------------------------------- */

static void run_text(const char *text, struct posture *p, struct snapshot **s)
{
	struct err e;
	*s = make("h", text);
	const struct snapshot *const hosts[] = {*s};
	struct posture_options opt = {.now = NOW};
	assert_int_equal(posture_run(hosts, 1, NULL, &opt, p, &e), 0);
}

static void test_since(void **state)
{
	(void)state;
	struct posture a, b;
	struct snapshot *sa, *sb;
	struct buf json = {0}, out = {0};
	struct err e;
	run_text(S("usepam", "no") S("permitemptypasswords", "no") S("strictmodes", "yes"), &a, &sa);
	run_text(S("usepam", "yes") S("permitemptypasswords", "yes") S("strictmodes", "yes"), &b, &sb);
	posture_json(&a, NULL, &json);
	struct posture_before *before = posture_before_read(buf_slice(&json), "a.json", &e);
	assert_non_null(before);
	posture_json(&b, before, &out);
	assert_true(slice_has(buf_slice(&out), SL("\"worse\":1,\"mended\":1,\"first\":0")));
	out.n = 0;
	posture_text(&b, before, false, false, &out);
	assert_true(slice_has(buf_slice(&out), SL("1 worse, 1 mended")));
	out.n = 0;
	posture_html(&b, before, &out);
	assert_true(slice_has(buf_slice(&out), SL("1 worse, 1 mended")));
	posture_before_free(before);
	buf_free(&out);
	/* a host that is not looked at any more is told */
	sb->host = SL("h2");
	b.hosts[0] = SL("h2");
	before = posture_before_read(buf_slice(&json), "a.json", &e);
	posture_text(&b, before, false, false, &out);
	assert_true(slice_has(buf_slice(&out), SL("Not looked at any more: h\n")));
	posture_before_free(before);
	buf_free(&out);
	buf_free(&json);
	posture_free(&a);
	posture_free(&b);
	snapshot_free(sa);
	snapshot_free(sb);
}

static void test_before_wrong(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "{", "[]", "{}", "{\"postern_audit\":2}", "{\"postern_audit\":1,\"results\":[{\"check\":\"a\",\"host\":\"b\",\"result\":\"good\"}]}", "null", "{\"postern_audit\":1"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		struct posture_before *b = posture_before_read(slice_of(rows[i]), "x.json", &e);
		if (b || !*e.text)
			fail_msg("taken: %s", rows[i]);
	}
}

/* Names that would drive a terminal, or a page. */
static void test_hostile(void **state)
{
	(void)state;
	struct posture p;
	struct snapshot *s;
	struct buf out = {0};
	run_text(S("usepam", "no") A("\x1b[2J<script>x</script>\"&", "0", "empty", "/bin/sh"), &p, &s);
	posture_text(&p, NULL, false, true, &out);
	assert_true(slice_chr(buf_slice(&out), '\x1b') < 0 && slice_has(buf_slice(&out), SL("\\x1b[2J")));
	out.n = 0;
	posture_html(&p, NULL, &out);
	assert_true(!slice_has(buf_slice(&out), SL("<script>x")) && slice_chr(buf_slice(&out), '\x1b') < 0);
	out.n = 0;
	posture_ocsf(&p, "1", &out);
	assert_true(slice_chr(buf_slice(&out), '\x1b') < 0 && slice_has(buf_slice(&out), SL("\"class_uid\":2003")));
	out.n = 0;
	posture_json(&p, NULL, &out);
	assert_true(slice_chr(buf_slice(&out), '\x1b') < 0);
	buf_free(&out);
	posture_free(&p);
	snapshot_free(s);
}

/* An empty snapshot proves nothing. */
static void test_nothing(void **state)
{
	(void)state;
	struct posture p;
	struct err e;
	struct snapshot *s = snapshot_new();
	const struct snapshot *const hosts[] = {s};
	struct posture_options opt = {.now = NOW};
	for (int k = 0; k < SNAP_KIND_COUNT; k++)
		put_missing(s, slice_of(snap_kind_name((enum snap_kind)k)));
	assert_int_equal(posture_run(hosts, 1, NULL, &opt, &p, &e), 0);
	for (size_t i = 0; i < p.n; i++)
		if (p.v[i].result == POSTURE_PASS && p.v[i].check->id[0] != 'N' && p.v[i].check->id[0] != 'P' && p.v[i].check->id[0] != 'L')
			fail_msg("%s passes on nothing: %.*s", p.v[i].check->id, SLFMT(p.v[i].text));
	posture_free(&p);
	assert_int_equal(posture_run(hosts, 0, NULL, &opt, &p, &e), ERR_USAGE);
	posture_free(&p);
	snapshot_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_complete), cmocka_unit_test(test_table), cmocka_unit_test(test_taken_away), cmocka_unit_test(test_facts_known),
		cmocka_unit_test(test_waivers), cmocka_unit_test(test_waivers_wrong), cmocka_unit_test(test_since), cmocka_unit_test(test_before_wrong), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
