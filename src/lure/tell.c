/* tell.c - a verdict as JSON, and as text for people. */
#include "lure/lure_private.h"

static void path_of(const struct lure_object *o, uint32_t id, struct buf *out)
{
	uint32_t chain[64];
	size_t n = 0;
	for (uint32_t i = id; i != UINT32_MAX && n < ARRAY_LEN(chain); i = o[i].parent)
		chain[n++] = i;
	while (n--) {
		const struct lure_object *x = &o[chain[n]];
		if (out->n)
			buf_addc(out, '/');
		if (x->name.n)
			buf_adds(out, x->name);
		else
			buf_addf(out, "(%s)", lure_type_name(x->type));
	}
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------------ */

static const char *const how_names[] = {"given", "member", "part", "embedded", "decoded"};
static const char *const language_names[LURE_LANGUAGES] = {"en", "de", "ko"};

static void texts_json(const char *analyst, const char *const employee[LURE_LANGUAGES], struct buf *out)
{
	buf_addz(out, ",\"analyst\":");
	buf_json(out, slice_of(analyst));
	buf_addz(out, ",\"employee\":{");
	for (size_t i = 0; i < LURE_LANGUAGES; i++) {
		buf_addf(out, "%s\"%s\":", i ? "," : "", language_names[i]);
		buf_json(out, slice_of(employee[i]));
	}
	buf_addz(out, "}");
}

static void attack_json(const char *ids, struct buf *out)
{
	struct slice rest = slice_of(ids), word;
	buf_addz(out, ",\"attack\":[");
	for (size_t i = 0; slice_word(&rest, &word); i++) {
		buf_addz(out, i ? "," : "");
		buf_json(out, word);
	}
	buf_addc(out, ']');
}

static void object_json(const struct lure *l, const struct lure_object *o, struct buf *out)
{
	const struct lure_note *notes;
	size_t n = lure_notes(l, &notes);
	buf_addf(out, "{\"id\":%u,", o->id);
	if (o->parent != UINT32_MAX)
		buf_addf(out, "\"parent\":%u,", o->parent);
	buf_addz(out, "\"name\":");
	buf_json(out, o->name);
	buf_addf(out, ",\"type\":\"%s\",\"how\":\"%s\",\"size\":%llu,\"sha256\":\"%s\"", lure_type_name(o->type), how_names[o->how], (unsigned long long)o->size, o->sha256);
	buf_addz(out, o->encrypted ? ",\"encrypted\":true" : "");
	buf_addz(out, o->hidden ? ",\"hidden\":true" : "");
	buf_addz(out, o->opened ? ",\"opened\":true" : "");
	bool any = false;
	for (size_t i = 0; i < n; i++)
		if (notes[i].object == o->id) {
			buf_addz(out, any ? "," : ",\"facts\":[");
			any = true;
			buf_addz(out, "{\"name\":");
			buf_json(out, slice_of(notes[i].name));
			buf_addz(out, ",\"value\":");
			buf_json(out, notes[i].value);
			buf_addc(out, '}');
		}
	buf_addz(out, any ? "]}" : "}");
}

static void finding_json(const struct lure_object *o, const struct lure_finding *f, struct buf *out)
{
	const struct indicator_info *in = &indicator_table[f->indicator];
	struct buf path = {0};
	path_of(o, f->object, &path);
	buf_addf(out, "{\"id\":\"%s\",\"level\":\"%s\",\"family\":\"%s\",\"object\":%u,\"path\":", in->id, level_name(in->level), lure_family_name(in->family), f->object);
	buf_json(out, buf_slice(&path));
	buf_free(&path);
	if (f->offset != UINT64_MAX)
		buf_addf(out, ",\"offset\":%llu", (unsigned long long)f->offset);
	if (f->where.n) {
		buf_addz(out, ",\"where\":");
		buf_json(out, f->where);
	}
	buf_addz(out, ",\"evidence\":");
	buf_json(out, f->evidence);
	buf_addf(out, ",\"count\":%u", f->count);
	attack_json(in->attack, out);
	texts_json(in->analyst, in->employee, out);
	buf_addc(out, '}');
}

void lure_json(const struct lure *l, const struct lure_verdict *v, struct slice name, struct buf *out)
{
	const struct lure_object *o;
	const struct lure_finding *f;
	const struct combination_info *c;
	size_t no = lure_objects(l, &o), nf = lure_findings(l, &f);
	combinations(&c);
	buf_addz(out, "{\"path\":");
	buf_json(out, name);
	buf_addf(out, ",\"verdict\":\"%s\",\"level\":\"%s\",\"score\":%u,\"quarantine\":%s,\"limited\":%s,\"combinations\":[", verdict_name(v->verdict), level_name(v->level), v->score,
		 v->quarantine ? "true" : "false", v->limited ? "true" : "false");
	for (size_t i = 0; i < v->ncombinations; i++) {
		const struct combination_info *x = &c[v->combinations[i]];
		buf_addf(out, "%s{\"id\":\"%s\",\"level\":\"%s\"", i ? "," : "", x->id, level_name(x->level));
		attack_json(x->attack, out);
		texts_json(x->analyst, x->employee, out);
		buf_addc(out, '}');
	}
	buf_addz(out, "],\"findings\":[");
	for (size_t i = 0; i < nf; i++) {
		buf_addz(out, i ? "," : "");
		finding_json(o, &f[i], out);
	}
	buf_addz(out, "],\"objects\":[");
	for (size_t i = 0; i < no; i++) {
		buf_addz(out, i ? "," : "");
		object_json(l, &o[i], out);
	}
	buf_addz(out, "]}\n");
}

/* ---- text ------------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *word[LURE_LANGUAGES]; const char *color; } verdict_words[] = {
	{{"clean as far as seen", "sauber, soweit zu sehen", "확인한 범위에서는 이상 없음"}, "32"},
	{{"cannot tell", "nicht zu beurteilen", "판단할 수 없음"}, "33"},
	{{"suspicious", "verdächtig", "의심스러움"}, "33;1"},
	{{"LURE", "KÖDER", "미끼"}, "31;1"},
};

static void wrapped(struct slice text, const char *indent, struct buf *out)
{
	size_t column = 0;
	struct slice word;
	buf_addz(out, indent);
	while (slice_word(&text, &word)) {
		if (column && column + word.n > 96) {
			buf_addc(out, '\n');
			buf_addz(out, indent);
			column = 0;
		}
		if (column)
			buf_addc(out, ' ');
		buf_adds(out, word);
		column += word.n + 1;
	}
	buf_addc(out, '\n');
}

static void tree_text(const struct lure_object *o, size_t n, uint32_t id, unsigned depth, struct buf *out)
{
	const struct lure_object *x = &o[id];
	buf_addf(out, "  %*s", (int)(2 * depth), "");
	if (x->name.n)
		buf_term(out, x->name);
	else
		buf_addz(out, "(no name)");
	buf_addf(out, "  %s, %llu bytes%s%s%s  %s\n", lure_type_name(x->type), (unsigned long long)x->size, x->encrypted ? ", encrypted" : "", x->opened ? ", opened" : "",
		 x->hidden ? ", hidden" : "", x->sha256);
	for (size_t i = id + 1; i < n && x->children; i++)
		if (o[i].parent == id)
			tree_text(o, n, (uint32_t)i, depth + 1, out);
}

static void finding_text(const struct lure_object *o, const struct lure_finding *f, bool explain, struct buf *out)
{
	const struct indicator_info *in = &indicator_table[f->indicator];
	struct buf path = {0};
	path_of(o, f->object, &path);
	buf_addf(out, "    %-13s %s", level_name(in->level), in->id);
	if (f->count > 1)
		buf_addf(out, " (%u times)", f->count);
	buf_addz(out, *in->attack ? "  " : "");
	buf_addz(out, in->attack);
	buf_addz(out, "\n                  in ");
	buf_term(out, buf_slice(&path));
	if (f->where.n) {
		buf_addz(out, ", ");
		buf_term(out, f->where);
	}
	if (f->offset != UINT64_MAX)
		buf_addf(out, ", byte %llu", (unsigned long long)f->offset);
	if (f->evidence.n) {
		buf_addz(out, ": ");
		buf_term(out, f->evidence);
	}
	buf_addc(out, '\n');
	if (explain)
		wrapped(slice_of(in->analyst), "                  ", out);
	buf_free(&path);
}

void lure_text(const struct lure *l, const struct lure_verdict *v, struct slice name, enum lure_language language, bool explain, bool tree, bool color, struct buf *out)
{
	const struct lure_object *o;
	const struct lure_finding *f;
	const struct combination_info *c;
	size_t no = lure_objects(l, &o);
	lure_findings(l, &f);
	combinations(&c);
	buf_term(out, name);
	buf_addf(out, ": %s%s%s%s%s\n", color ? "\033[" : "", color ? verdict_words[v->verdict].color : "", color ? "m" : "", verdict_words[v->verdict].word[language], color ? "\033[0m" : "");
	if (v->ncombinations)
		wrapped(slice_of(c[v->combinations[0]].employee[language]), "  ", out);
	else if (v->nreasons && v->verdict != VERDICT_CLEAN)
		wrapped(slice_of(indicator_table[f[v->reasons[0]].indicator].employee[language]), "  ", out);
	for (size_t i = 0; i < v->ncombinations; i++) {
		const struct combination_info *x = &c[v->combinations[i]];
		buf_addf(out, "    %-13s %s  %s\n", level_name(x->level), x->id, x->attack);
		if (explain)
			wrapped(slice_of(x->analyst), "                  ", out);
	}
	for (size_t i = 0; i < v->nreasons; i++)
		finding_text(o, &f[v->reasons[i]], explain, out);
	for (size_t i = 0; tree && i < no; i++)
		if (o[i].parent == UINT32_MAX)
			tree_text(o, no, (uint32_t)i, 0, out);
}
