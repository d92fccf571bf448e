/* settings.c - section milter of postern.yaml: the same as the command's options, under names and units of that file. */
#include "milter/milter.h"

#include "yaml/yaml.h"

#include <stdio.h>

enum kind { TEXT, CHOICE, LIST, YES, NO /* said as its contrary */, NUMBER, DAYS, SECONDS, MEGABYTES };
static const struct row { const char *key, *option; enum kind kind; const char *choices; uint64_t low, high; } rows[] = {
	{"socket", "socket", TEXT}, {"group", "group", TEXT}, {"quarantine", "quarantine", TEXT}, {"state", "state", TEXT}, {"org", "org", TEXT}, {"tag", "tag", TEXT}, {"notice_from", "notice-from", TEXT},
	{"clamd", "clamd", TEXT}, {"yara", "yara", LIST}, {"trust", "trust", LIST}, {"products", "products", LIST},
	{"action", "action", CHOICE, "hold|mta-hold|tag|reject"}, {"on_failure", "on-failure", CHOICE, "deliver|defer|hold"}, {"language", "language", CHOICE, "en|de|ko"},
	{"notice", "no-notice", NO}, {"trust_unnamed", "trust-unnamed", YES},
	{"depth", "depth", NUMBER, NULL, 1, 32}, {"jobs", "jobs", NUMBER, NULL, 1, 64}, {"keep", "keep", DAYS, NULL, 1, 3650}, {"max_size", "max-size", MEGABYTES, NULL, 1, 250},
	{"seconds", "seconds", SECONDS, NULL, 1, 19}, {"wait", "wait", SECONDS, NULL, 1, 280},
};
_Static_assert(ARRAY_LEN(rows) < MILTER_SETTINGS_MAX, "room for all of them");

static const char *text_of(struct arena *mem, struct slice s)
{
	struct buf b = {0};
	buf_adds(&b, s);
	buf_addc(&b, 0);
	const char *p = slice_dup(mem, buf_slice(&b)).p;
	buf_free(&b);
	return p;
}

static const char *number_of(struct arena *mem, uint64_t n)
{
	char text[24];
	return text_of(mem, slice_make(text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)n)));
}

static int choose(const struct node *n, const char *file, const struct row *r, struct slice *out, struct err *e)
{
	struct slice list = slice_of(r->choices), one;
	int rc = yaml_text(n, file, out, e);
	while (!rc && list.n) {
		if (!slice_cut(&list, '|', &one)) {
			one = list;
			list = SLICE_NONE;
		}
		if (slice_eq(one, *out))
			return 0;
	}
	return rc ? rc : err_at(e, ERR_TYPE, file, n->line, n->column, "one of %s expected, not \"%.*s\"", r->choices, SLFMT(slice_to(*out, 60)));
}

static int read_amount(const struct node *n, const char *file, const struct row *r, uint64_t *out, struct err *e)
{
	const nstime unit = r->kind == DAYS ? NS_DAY : NS_SEC;
	nstime t = 0;
	int rc;
	if (r->kind == NUMBER)
		return yaml_number(n, file, r->low, r->high, out, e);
	if (r->kind == MEGABYTES) {
		rc = yaml_size(n, file, r->low * 1000000, r->high * 1000000, out, e);
		*out /= 1000000;
		return rc;
	}
	rc = yaml_duration(n, file, (nstime)r->low * unit, (nstime)r->high * unit, &t, e);
	*out = (uint64_t)(t / unit);
	return rc;
}

static void put(struct milter_settings *s, const struct row *r, const char *value)
{
	if (s->n < MILTER_SETTINGS_MAX)
		s->v[s->n++] = (struct milter_setting){r->option, value, r->kind == LIST};
}

static int read_row(const struct node *n, const char *file, const struct row *r, struct arena *mem, struct milter_settings *out, struct err *e)
{
	struct slice text = SLICE_NONE, *texts;
	size_t ntexts = 0;
	uint64_t amount = 0;
	bool yes = false;
	int rc;
	switch (r->kind) {
	case TEXT: rc = yaml_text(n, file, &text, e); break;
	case CHOICE: rc = choose(n, file, r, &text, e); break;
	case LIST:
		rc = yaml_texts(n, file, mem, &texts, &ntexts, e);
		if (!rc && out->n + ntexts > MILTER_SETTINGS_MAX - ARRAY_LEN(rows))
			rc = err_at(e, ERR_LIMIT, file, n->line, n->column, "too many texts");
		for (size_t i = 0; !rc && i < ntexts; i++)
			put(out, r, text_of(mem, texts[i]));
		return rc;
	case YES:
	case NO:
		rc = yaml_bool(n, file, &yes, e);
		if (!rc && yes == (r->kind == YES))
			put(out, r, "");
		return rc;
	default:
		rc = read_amount(n, file, r, &amount, e);
		if (!rc)
			put(out, r, number_of(mem, amount));
		return rc;
	}
	if (!rc)
		put(out, r, text_of(mem, text));
	return rc;
}

int milter_settings_read(const struct node *n, const char *file, struct arena *mem, struct milter_settings *out, struct err *e)
{
	const char *keys[ARRAY_LEN(rows) + 1] = {0};
	*out = (struct milter_settings){0};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		keys[i] = rows[i].key;
	int rc = n ? yaml_keys(n, file, keys, e) : 0;
	for (size_t i = 0; n && i < ARRAY_LEN(rows) && !rc; i++) {
		const struct node *value = yaml_get(n, rows[i].key);
		rc = value ? read_row(value, file, &rows[i], mem, out, e) : 0;
	}
	return rc;
}
