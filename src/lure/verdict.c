/* verdict.c - the tables of indicators and combinations, and what follows from them. */
#include "lure/lure_private.h"

const struct indicator_info indicator_table[IND_COUNT] = {
	[IND_NONE] = {.id = ""},
#define IND(id, level, family, attack, analyst, en, de, ko) [IND_##id] = {#id, level, family, attack, analyst, {en, de, ko}},
#include "lure/indicators.def"
#undef IND
};

enum { GROUPS = 6, CHOICES = 12 };
struct needs { enum indicator any[GROUPS][CHOICES]; }; /* ended by IND_NONE */
#define NEEDS(...) {{__VA_ARGS__}}

static const struct combination_info infos[] = {
#define COMBO(id, level, quarantine, attack, needs, analyst, en, de, ko) {#id, level, quarantine, attack, analyst, {en, de, ko}},
#include "lure/combinations.def"
#undef COMBO
};
static const struct needs needs_of[] = {
#define COMBO(id, level, quarantine, attack, needs, ...) needs,
#include "lure/combinations.def"
#undef COMBO
};

static const char *const family_names[FAMILY_COUNT] = {"file", "link", "identity", "authentication", "language", "history", "limit"};
static const char *const verdict_names[] = {"clean", "cannot-tell", "suspicious", "lure"};

const char *lure_family_name(enum lure_family f) { return f < FAMILY_COUNT ? family_names[f] : ""; }
const char *verdict_name(enum verdict v) { return v <= VERDICT_LURE ? verdict_names[v] : ""; }

enum indicator indicator_by_name(struct slice name)
{
	for (size_t i = 1; i < IND_COUNT; i++)
		if (slice_eqz(name, indicator_table[i].id))
			return (enum indicator)i;
	return IND_COUNT;
}

size_t combinations(const struct combination_info **out)
{
	*out = infos;
	return ARRAY_LEN(infos);
}

/* ---- judging ----------------------------------------------------------------------------------------------------------------------- */

struct seen { bool is[IND_COUNT]; };

static bool fits(const struct needs *n, const struct seen *s)
{
	for (size_t g = 0; g < GROUPS && n->any[g][0] != IND_NONE; g++) {
		bool one = false;
		for (size_t c = 0; c < CHOICES && n->any[g][c] != IND_NONE; c++)
			one |= s->is[n->any[g][c]];
		if (!one)
			return false;
	}
	return true;
}

static void combine(const struct seen *s, struct lure_verdict *out)
{
	for (size_t i = 0; i < ARRAY_LEN(infos); i++) {
		bool told = false;
		for (size_t k = 0; k < out->ncombinations; k++)
			told |= strcmp(infos[out->combinations[k]].id, infos[i].id) == 0;
		if (told || out->ncombinations == ARRAY_LEN(out->combinations) || !fits(&needs_of[i], s))
			continue;
		out->combinations[out->ncombinations++] = (uint32_t)i;
		out->level = MAX(out->level, infos[i].level);
		out->quarantine |= infos[i].quarantine;
	}
}

static void keep_reason(const struct lure_finding *f, struct lure_verdict *out, uint32_t at)
{
	enum level level = indicator_table[f[at].indicator].level;
	size_t i = out->nreasons;
	if (i == ARRAY_LEN(out->reasons)) {
		if (indicator_table[f[out->reasons[i - 1]].indicator].level >= level)
			return;
		i--;
	} else {
		out->nreasons++;
	}
	for (; i && indicator_table[f[out->reasons[i - 1]].indicator].level < level; i--)
		out->reasons[i] = out->reasons[i - 1];
	out->reasons[i] = at;
}

/* A message or file whose content nobody could look at is not clean. */
static bool is_limit(enum indicator i) { return indicator_table[i].family == FAMILY_LIMIT || i == IND_ARCHIVE_ENCRYPTED; }

void lure_judge(const struct lure *l, struct lure_verdict *out)
{
	static const uint32_t weight[LEVEL_COUNT] = {0, 1, 3, 8, 20};
	enum { FAMILY_MOST = 24 };
	const struct lure_finding *f;
	const struct lure_object *o;
	struct seen seen = {0};
	uint32_t families[FAMILY_COUNT] = {0}, medium[FAMILY_COUNT] = {0}, high[FAMILY_COUNT] = {0};
	size_t n = lure_findings(l, &f), objects = lure_objects(l, &o);
	*out = (struct lure_verdict){0};
	for (size_t i = 0; i < n; i++) {
		const struct indicator_info *in = &indicator_table[f[i].indicator];
		if (!seen.is[f[i].indicator]) {
			families[in->family] += weight[in->level];
			medium[in->family] += in->level == LEVEL_MEDIUM;
			high[in->family] += in->level == LEVEL_HIGH;
		}
		seen.is[f[i].indicator] = true;
		out->limited |= is_limit(f[i].indicator);
		out->level = MAX(out->level, in->level);
		keep_reason(f, out, (uint32_t)i);
	}
	for (size_t i = 0; i < objects; i++)
		out->limited |= o[i].encrypted;
	combine(&seen, out);
	uint32_t mediums = 0, medium_families = 0, high_families = 0;
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		out->score += MIN(families[i], (uint32_t)FAMILY_MOST);
		mediums += i == FAMILY_LIMIT ? 0 : medium[i];
		medium_families += i != FAMILY_LIMIT && medium[i];
		high_families += high[i] != 0;
	}
	if (out->level == LEVEL_CRITICAL || high_families >= 2)
		out->verdict = VERDICT_LURE;
	else if (out->level == LEVEL_HIGH || (mediums >= 2 && medium_families >= 2) || mediums >= 3)
		out->verdict = VERDICT_SUSPICIOUS;
	else
		out->verdict = out->limited ? VERDICT_CANNOT_TELL : VERDICT_CLEAN;
}

/* Logos, texts and the like come with a thousand honest mails. */
bool lure_is_telling(const struct lure_object *o)
{
	static const enum lure_type usual[] = {LT_EMPTY, LT_TEXT, LT_BINARY_PICTURE, LT_HTML, LT_XML, LT_ICS, LT_VCARD, LT_UNKNOWN};
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (o->type == usual[i])
			return o->parent == UINT32_MAX;
	return o->sha256[0] != 0;
}
