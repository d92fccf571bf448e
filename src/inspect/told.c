/* told.c - what somebody reports: of what was inspected, what makes it one story with other reports and with what endpoints logged. */
#include "inspect/inspect.h"
#include "incident/incident.h"

#include <stdio.h>

enum { SITES_MAX = 5, RECIPIENTS_MAX = 5, REASONS_MAX = 8, NAME_MAX_BYTES = 200, FIELDS = 14 };
#define SEPARATOR '\x1f'

/* ---- from what was inspected ------------------------------------------------------------------------------------------------------ */

/* Whole characters of at most `most` bytes, without control bytes and without what separates fields and lists. */
static struct slice plain(struct arena *mem, struct slice s, size_t most)
{
	size_t n = MIN(s.n, most);
	while (n && n < s.n && ((uint8_t)s.p[n] & 0xc0) == 0x80)
		n--;
	if (!slice_utf8(slice_to(s, n))) /* of no known character set: only what is ASCII */
		n = MIN(n, most / 2);
	bool utf8 = slice_utf8(slice_to(s, n));
	char *p = arena_alloc(mem, n + 1);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f || (!utf8 && (uint8_t)s.p[i] >= 0x80) ? '?' : s.p[i];
	return slice_make(p, n);
}

static void list_add(struct buf *b, char between, struct slice s)
{
	if (b->n)
		buf_addc(b, between);
	buf_adds(b, s);
}

static struct slice list_end(struct arena *mem, struct buf *b)
{
	struct slice s = slice_dup(mem, buf_slice(b));
	buf_free(b);
	return s;
}

static void tell_objects(const struct lure *l, struct arena *mem, struct inspect_told *t)
{
	const struct lure_object *o;
	size_t n = lure_objects(l, &o), hashes = 0;
	struct buf sums = {0}, names = {0};
	for (size_t i = 0; i < n && hashes < TOLD_HASHES; i++) {
		if (!lure_is_telling(&o[i]))
			continue;
		list_add(&sums, ' ', slice_of(o[i].sha256));
		hashes++;
		if (o[i].parent != UINT32_MAX && o[i].how != LURE_DECODED && o[i].type != LT_EML)
			list_add(&names, '\n', plain(mem, slice_basename(o[i].name), NAME_MAX_BYTES));
	}
	t->hashes = list_end(mem, &sums);
	t->files = list_end(mem, &names);
	if (n) {
		t->sha256 = slice_dup(mem, slice_of(o[0].sha256));
		t->type = slice_of(lure_type_name(o[0].type));
		t->size = o[0].size;
	}
}

static void tell_message(const struct lure *l, struct arena *mem, struct inspect_told *t)
{
	const struct lure_note *n;
	size_t count = lure_notes(l, &n), sites = 0, people = 0;
	struct buf domains = {0}, recipients = {0};
	for (size_t i = 0; i < count && n[i].object == 0; i++) {
		if (strcmp(n[i].name, "mail.recipient") == 0 && people++ < RECIPIENTS_MAX)
			list_add(&recipients, '\n', plain(mem, n[i].value, NAME_MAX_BYTES));
		else if (strcmp(n[i].name, "mail.linked") == 0 && sites++ < SITES_MAX && slice_chr(n[i].value, ' ') < 0)
			list_add(&domains, ' ', plain(mem, n[i].value, NAME_MAX_BYTES));
	}
	t->recipients = list_end(mem, &recipients);
	t->domains = list_end(mem, &domains);
	t->sender = plain(mem, lure_fact_of(l, 0, "mail.from"), NAME_MAX_BYTES);
	t->recipient = plain(mem, lure_fact_of(l, 0, "mail.recipient"), NAME_MAX_BYTES);
}

static void tell_reasons(const struct lure *l, const struct lure_verdict *v, struct arena *mem, struct inspect_told *t)
{
	const struct combination_info *c;
	const struct lure_finding *found;
	size_t n = lure_findings(l, &found);
	struct buf words = {0}, b = {0};
	combinations(&c);
	for (size_t i = 0; i < v->ncombinations; i++) {
		list_add(&words, ' ', slice_of(c[v->combinations[i]].id));
		buf_addf(&b, "%s%s", b.n ? ", " : "", c[v->combinations[i]].id);
	}
	for (size_t i = 0; i < MIN(v->nreasons, (size_t)REASONS_MAX) && v->reasons[i] < n; i++) {
		const char *id = indicator_table[found[v->reasons[i]].indicator].id;
		struct slice evidence = plain(mem, found[v->reasons[i]].evidence, 80);
		list_add(&words, ' ', slice_of(id));
		buf_addf(&b, "%s%s (%.*s)", b.n ? ", " : "", id, SLFMT(evidence));
	}
	t->words = list_end(mem, &words);
	t->reasons = list_end(mem, &b);
}

void inspect_tell(const struct lure *l, const struct lure_verdict *v, struct slice name, struct arena *mem, struct inspect_told *out)
{
	*out = (struct inspect_told){.verdict = v->verdict, .limited = v->limited, .name = plain(mem, slice_basename(name), NAME_MAX_BYTES)};
	tell_objects(l, mem, out);
	tell_message(l, mem, out);
	tell_reasons(l, v, mem, out);
}

/* ---- handed on ------------------------------------------------------------------------------------------------------------------------ */

/* As many whole parts of a list as fit. */
static void field(struct buf *b, struct slice s, char between, size_t most)
{
	if (b->n)
		buf_addc(b, SEPARATOR);
	if (s.n > most) {
		struct slice cut = slice_to(s, most);
		size_t n = cut.n;
		while (n && cut.p[n - 1] != between)
			n--;
		s = slice_to(cut, n ? n - 1 : 0);
	}
	buf_adds(b, s);
}

void inspect_told_save(const struct inspect_told *t, struct buf *out)
{
	struct buf b = {0}, size = {0};
	buf_addf(&size, "%llu", (unsigned long long)t->size);
	/* name, type, hash, sizes and addresses: 200 + 20 + 64 + 20 + 2 * 200; the rest shares what is left */
	const struct { struct slice value; char between; size_t most; } rows[FIELDS - 1] = {{slice_of(verdict_name(t->verdict)), ' ', 20}, {t->limited ? SL("limited") : SLICE_NONE, ' ', 10},
		{buf_slice(&size), ' ', 20}, {t->name, ' ', 200}, {t->type, ' ', 40}, {t->sha256, ' ', 64}, {t->sender, ' ', 200}, {t->recipient, ' ', 200}, {t->recipients, '\n', 300},
		{t->files, '\n', 400}, {t->hashes, ' ', 12 * 65}, {t->domains, ' ', 250}, {t->words, ' ', 550}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		field(&b, rows[i].value, rows[i].between, rows[i].most);
	field(&b, t->reasons, ',', TOLD_BYTES - 1 - MIN(b.n, (size_t)TOLD_BYTES - 1));
	buf_adds(out, buf_slice(&b));
	buf_free(&b);
	buf_free(&size);
}

static bool is_plain(struct slice s, bool lines)
{
	for (size_t i = 0; i < s.n; i++)
		if (((uint8_t)s.p[i] < ' ' && !(lines && s.p[i] == '\n')) || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool load_verdict(struct slice s, enum verdict *out)
{
	for (int v = VERDICT_CLEAN; v <= VERDICT_LURE; v++)
		if (slice_eqz(s, verdict_name((enum verdict)v))) {
			*out = (enum verdict)v;
			return true;
		}
	return false;
}

bool inspect_told_load(struct slice text, struct inspect_told *out)
{
	struct slice v[FIELDS];
	*out = (struct inspect_told){0};
	if (text.n > TOLD_BYTES || !slice_utf8(text))
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		if (i + 1 < FIELDS && !slice_cut(&text, SEPARATOR, &v[i]))
			return false;
		if (i + 1 == FIELDS)
			v[i] = text;
		if (!is_plain(v[i], i == 8 || i == 9))
			return false;
	}
	struct slice *const texts[] = {&out->name, &out->type, &out->sha256, &out->sender, &out->recipient, &out->recipients, &out->files, &out->hashes, &out->domains, &out->words, &out->reasons};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = v[3 + i];
	out->limited = v[1].n > 0;
	return load_verdict(v[0], &out->verdict) && slice_u64(v[2], INT64_MAX, &out->size);
}

/* ---- the finding ------------------------------------------------------------------------------------------------------------------------- */

enum verdict inspect_told_worst(const struct inspect_told *t, size_t n)
{
	enum verdict worst = n ? VERDICT_CLEAN : VERDICT_CANNOT_TELL;
	for (size_t i = 0; i < n; i++)
		worst = MAX(worst, t[i].verdict);
	return worst;
}

bool inspect_told_runs(const struct inspect_told *t, size_t n)
{
	static const enum lure_type run[] = {LT_PE, LT_MSI, LT_ELF, LT_MACHO, LT_JAR, LT_SCRIPT, LT_LNK, LT_CHM, LT_ISO, LT_UDF, LT_VHD, LT_VHDX, LT_CODE_PACKAGE, LT_MOBILECONFIG};
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(run); k++)
			if (slice_eqz(t[i].type, lure_type_name(run[k])))
				return true;
	return false;
}

static void add_each(struct finding *f, enum entity_type type, struct slice list, char between)
{
	struct slice one;
	while (slice_cut(&list, between, &one))
		finding_entity(f, type, one);
	finding_entity(f, type, list);
}

static void add_person(struct finding *f, const struct org *org, struct slice name)
{
	const struct org_person *p = org && name.n ? org_person_by_mail(org, name) : NULL;
	if (!p && org && name.n)
		p = org_person_by_account(org, name);
	if (!p)
		return;
	finding_entity(f, ENT_PERSON, p->name);
	for (size_t i = 0; i < p->naccounts; i++) /* who opens it does it as one of these */
		finding_entity(f, ENT_USER, p->accounts[i]);
}

/* persons: of what nothing is wrong with, only the same sender or file tells that it belongs to something; not that the same person reported both. */
static void add_object(struct finding *f, const struct inspect_report_of *r, const struct inspect_told *t, bool persons)
{
	struct slice rest = t->recipients, one;
	for (bool more = true; persons && more;) {
		more = slice_cut(&rest, '\n', &one);
		add_person(f, r->org, more ? one : rest);
	}
	add_each(f, ENT_DOMAIN, t->domains, ' ');
	finding_entity(f, ENT_MAIL, t->sender);
	add_each(f, ENT_HASH, t->hashes, ' ');
	add_each(f, ENT_FILE, t->files, '\n');
	if (!t->files.n)
		finding_entity(f, ENT_FILE, t->name);
}

static void add_words(struct finding *f, const struct inspect_report_of *r, const struct inspect_told *t, size_t n)
{
	struct buf b = {0};
	for (size_t i = 0; i < n; i++)
		if (t[i].reasons.n)
			buf_addf(&b, "%s%.*s", b.n ? "; " : "", SLFMT(t[i].reasons));
	if (n)
		finding_printf(f, &f->text, "%s%.*s.%s%.*s", b.n ? "Seen in it: " : "Nothing was seen in it that means harm; somebody thought otherwise", SLFMT(buf_slice(&b)), r->said.n ? " " : "", SLFMT(r->said));
	else
		finding_printf(f, &f->text, "%.*s", SLFMT(r->said.n ? r->said : SL("Somebody was contacted, and found that strange.")));
	buf_free(&b);
}

struct finding *inspect_report_finding(const struct inspect_report_of *r, const struct inspect_told *t, size_t n)
{
	static const enum level levels[] = {[VERDICT_CLEAN] = LEVEL_MEDIUM /* somebody thought otherwise */, [VERDICT_CANNOT_TELL] = LEVEL_MEDIUM, [VERDICT_SUSPICIOUS] = LEVEL_MEDIUM, [VERDICT_LURE] = LEVEL_HIGH};
	static const char *const techniques[] = {"T1566", NULL};
	enum verdict worst = inspect_told_worst(t, n);
	struct finding *f = finding_new();
	f->rule_id = SL(INCIDENT_REPORT_RULE);
	f->rule_name = SL("Reported by an Employee");
	f->level = MAX(levels[worst], r->least);
	f->first = f->last = r->now;
	f->count = 1;
	f->techniques = techniques;
	for (size_t i = 0; i < n; i++)
		add_object(f, r, &t[i], worst != VERDICT_CLEAN);
	if (worst != VERDICT_CLEAN)
		add_person(f, r->org, r->who);
	finding_entity(f, ENT_PROFILE, r->profile);
	finding_entity(f, ENT_DOMAIN, r->firm);
	struct slice file = finding_get(f, ENT_FILE), sender = finding_get(f, ENT_MAIL).n ? finding_get(f, ENT_MAIL) : r->profile, who = r->who.n ? r->who : SL("Somebody");
	if (n)
		finding_printf(f, &f->title, "%.*s reported %.*s%s%.*s: %s", SLFMT(who), SLFMT(file), sender.n ? " from " : "", SLFMT(sender), verdict_name(worst));
	else
		finding_printf(f, &f->title, "%.*s reported a contact%s%.*s", SLFMT(who), sender.n ? " by " : "", SLFMT(sender));
	add_words(f, r, t, n);
	finding_name(f, r->key, 0);
	return f;
}
