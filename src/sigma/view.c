/* view.c - the event at hand: field numbers to values, texts for keywords, the log sources it belongs to. */
#include "sigma/memo.h"
#include "sigma/quiet.h"
#include "sigma/taxonomy.h"
#include "sigma/verdict.h"
#include "json/json.h"

#include <stdlib.h>

enum { VIEW_LEAVES = 4096, VIEW_DEPTH = 200, NAMES_MAX = 8192, NAME_FIELDS = 6 };

/* What a name of a JSON member means, remembered: logs repeat their names. */
struct name_memo {
	uint64_t hash;
	struct slice name; /* in names_mem */
	uint32_t field[NAME_FIELDS];
	uint8_t n;
};
struct name_cache {
	struct arena mem;
	size_t n;
	struct name_memo spare;
	struct name_memo of[JSON_NAMES_MAX + 1]; /* by the picker's numbers */
	struct name_memo v[2 * NAMES_MAX];
};

struct sigma_ctx *sigma_ctx_new(const struct sigma_set *s)
{
	if (!s->sealed)
		return NULL;
	struct sigma_ctx *c = xcalloc(1, sizeof *c);
	size_t n = strtab_count(s->fields) + 1;
	c->set = s;
	c->head = xcalloc(n, sizeof *c->head);
	c->tail = xcalloc(n, sizeof *c->tail);
	c->stamp = xcalloc(n, sizeof *c->stamp);
	c->present = xcalloc(n, sizeof *c->present);
	c->rule_stamp = xcalloc(s->rules.n + 1, sizeof *c->rule_stamp);
	c->text_stamp = xcalloc(s->rules.n + 1, sizeof *c->text_stamp);
	c->looks = xcalloc(s->rules.n + 1, sizeof *c->looks);
	c->match_data = regex_scratch();
	c->names = xcalloc(1, sizeof *c->names);
	c->audit = audit_names_new();
	c->memo = memo_new();
	c->verdicts = verdicts_new();
	c->quiet = quiet_new();
	arena_init(&c->mem);
	arena_init(&c->names->mem);
	c->json = json_parser_new(VIEW_DEPTH, VIEW_LEAVES);
	c->pick = json_picker_new(VIEW_DEPTH);
	if (!c->json || !c->pick || !c->match_data) {
		sigma_ctx_free(c);
		return NULL;
	}
	json_keep_all(c->json);
	return c;
}

uint64_t sigma_given_up(const struct sigma_ctx *c)
{
	return regex_given_up(c->match_data);
}

void sigma_ctx_free(struct sigma_ctx *c)
{
	if (!c)
		return;
	routes_free(c);
	if (c->json)
		json_parser_free(c->json);
	if (c->pick)
		json_picker_free(c->pick);
	if (c->match_data)
		regex_scratch_free(c->match_data);
	arena_free(&c->names->mem);
	audit_names_free(c->audit);
	arena_free(&c->mem);
	memo_free(c->memo);
	verdicts_free(c->verdicts);
	quiet_free(c->quiet);
	free(c->found.v);
	free(c->names);
	free(c->vals.v);
	free(c->head);
	free(c->tail);
	free(c->stamp);
	free(c->present);
	free(c->texts.v);
	free(c->folded_texts.v);
	free(c->rule_stamp);
	free(c->text_stamp);
	free(c->candidates.v);
	buf_free(&c->tmp);
	free(c->saw);
	free(c->looks);
	free(c);
}

/* ---- values -------------------------------------------------------------------------------------------------- */

void view_reset(struct sigma_ctx *c)
{
	if (++c->generation == 0) { /* once in four billion events */
		memset(c->stamp, 0, (strtab_count(c->set->fields) + 1) * sizeof *c->stamp);
		memset(c->rule_stamp, 0, (c->set->rules.n + 1) * sizeof *c->rule_stamp);
		memset(c->text_stamp, 0, (c->set->rules.n + 1) * sizeof *c->text_stamp);
		c->generation = 1;
	}
	c->vals.n = 0;
	c->npresent = 0;
	c->texts.n = 0;
	c->folded_texts.n = 0;
	c->texts_folded = c->only_text = c->texts_pending = c->plain = false;
	c->nroutes = 0;
	arena_reset(&c->mem);
}

void view_add(struct sigma_ctx *c, uint32_t field, struct slice text, enum value_type type, unsigned depth)
{
	uint32_t at = (uint32_t)c->vals.n;
	if (c->stamp[field] == c->generation) { /* a literal name beats the same name made of nested ones */
		unsigned have = c->vals.v[c->head[field]].depth;
		if (depth > have)
			return;
		if (depth < have)
			c->head[field] = at;
		else
			c->vals.v[c->tail[field]].next = at + 1;
	} else {
		c->stamp[field] = c->generation;
		c->head[field] = at;
		c->present[c->npresent++] = field;
	}
	c->tail[field] = at;
	if (!text.p)
		text = SL("");
	*vec_push(&c->vals) = (struct val){.text = text, .written = text, .raw = type == VT_RAW, .type = (uint8_t)type, .depth = (uint8_t)MIN(depth, 255u)};
}

struct slice view_unescape(struct sigma_ctx *c, const struct val *v)
{
	struct val *w = &c->vals.v[v - c->vals.v]; /* a memo, not a change */
	w->type = VT_STRING;
	if (slice_chr(w->text, '\\') >= 0) {
		char *out = arena_alloc(&c->mem, w->text.n + 1);
		w->text = slice_make(out, json_unescape((struct json_text){w->text.p, w->text.n}, out));
	}
	return w->text;
}

struct slice view_folded(struct sigma_ctx *c, const struct val *v)
{
	struct val *w = &c->vals.v[v - c->vals.v]; /* a memo, not a change */
	if (!w->folded.p)
		w->folded = fold_dup(&c->mem, view_text(c, v));
	return w->folded;
}

uint64_t view_hash(struct sigma_ctx *c, const struct val *v)
{
	struct val *w = &c->vals.v[v - c->vals.v]; /* a memo, not a change */
	if (!w->hash)
		w->hash = hash_bytes(w->written.p, w->written.n);
	return w->hash;
}

void view_text_add(struct sigma_ctx *c, struct slice s)
{
	if (c->set->keywords && s.n)
		*vec_push(&c->texts) = s;
}

void view_fold_texts(struct sigma_ctx *c)
{
	view_texts(c);
	if (c->texts_folded)
		return;
	for (size_t i = 0; i < c->texts.n; i++)
		*vec_push(&c->folded_texts) = fold_dup(&c->mem, c->texts.v[i]);
	c->texts_folded = true;
}

/* A value under a field's number and all it is also called. */
static void add_known(struct sigma_ctx *c, uint32_t field, const struct field_alias *a, size_t n, struct slice text, enum value_type type)
{
	view_add(c, field, text, type, 1);
	for (size_t i = 0; i < n; i++)
		view_add(c, a[i].to, text, type, 1);
}

static void add_event_value(struct sigma_ctx *c, unsigned field, struct slice text, enum value_type type)
{
	const struct taxonomy *t = c->set->taxonomy;
	add_known(c, t->of_event[field], t->event_alias[field].v, t->event_alias[field].n, text, type);
}

/* ---- names of JSON members ----------------------------------------------------------------------------------- */

static void memo_add(struct sigma_ctx *c, struct name_memo *m, struct slice name)
{
	uint32_t f = strtab_find(c->set->fields, name);
	size_t n;
	if (f == UINT32_MAX)
		return;
	const struct field_alias *a = taxonomy_aliases(c->set->taxonomy, f, &n);
	for (size_t i = 0; i <= n; i++) {
		uint32_t x = i ? a[i - 1].to : f;
		bool have = false;
		for (unsigned k = 0; k < m->n; k++)
			have |= m->field[k] == x;
		if (!have && m->n < NAME_FIELDS)
			m->field[m->n++] = x;
	}
}

static void memo_fill(struct sigma_ctx *c, struct name_memo *m, struct slice name)
{
	char buf[256], tight[256];
	size_t n = 0;
	m->n = 0;
	memo_add(c, m, name);
	struct slice inner = taxonomy_unwrap(name, buf, sizeof buf);
	if (inner.n)
		memo_add(c, m, inner);
	else
		inner = name;
	if (slice_chr(inner, ' ') >= 0 && inner.n < sizeof tight) { /* "Threat Name" is ThreatName to rules */
		for (size_t i = 0; i < inner.n; i++)
			if (inner.p[i] != ' ')
				tight[n++] = inner.p[i];
		memo_add(c, m, slice_make(tight, n));
	}
}

/* Fields of a name; the answer is valid until the next call. */
static const struct name_memo *name_fields(struct sigma_ctx *c, struct slice name, struct name_memo *spare)
{
	struct name_cache *x = c->names;
	uint64_t h = hash_bytes(name.p, name.n);
	size_t at = h % ARRAY_LEN(x->v);
	while (x->v[at].name.p) {
		if (x->v[at].hash == h && slice_eq(x->v[at].name, name))
			return &x->v[at];
		at = (at + 1) % ARRAY_LEN(x->v);
	}
	bool full = x->n >= NAMES_MAX;
	struct name_memo *m = full ? spare : &x->v[at];
	memo_fill(c, m, name);
	if (!full) {
		m->hash = h;
		m->name = slice_dup(&x->mem, name);
		x->n++;
	}
	return m;
}

static const uint8_t value_types[] = {[JSON_STRING] = VT_STRING, [JSON_NUMBER] = VT_NUMBER, [JSON_BOOL] = VT_BOOL, [JSON_NULL] = VT_NULL,
	[JSON_CONTAINER] = VT_OBJECT, [JSON_ARRAY] = VT_ARRAY, [JSON_RAW] = VT_RAW};

static void add_member(struct sigma_ctx *c, const struct name_memo *m, struct json_text text, uint8_t type, uint8_t level)
{
	for (unsigned k = 0; k < m->n; k++)
		view_add(c, m->field[k], slice_make(text.p, text.n), value_types[type], level);
}

static bool on_name(void *arg, uint32_t number, struct json_text name)
{
	struct sigma_ctx *c = arg;
	struct name_memo *m = &c->names->of[number];
	memo_fill(c, m, slice_make(name.p, name.n));
	return m->n > 0;
}

static void on_value(void *arg, uint32_t number, struct json_text text, uint8_t type, uint8_t level)
{
	struct sigma_ctx *c = arg;
	add_member(c, &c->names->of[number], text, type, level);
}

/* Every scalar, for keywords; and every field when the quick way could not. */
static int view_all(struct sigma_ctx *c, struct slice json, bool fields)
{
	struct json_flat flat;
	enum json_result r = json_flatten(c->json, (struct json_text){json.p, json.n}, (struct json_text){"MESSAGE", 7}, &flat);
	if (r)
		return r == JSON_SYNTAX ? ERR_SYNTAX : r == JSON_LIMIT ? ERR_LIMIT : ERR_NOMEM;
	for (size_t i = 0; i < flat.n; i++) {
		const struct json_leaf *x = &flat.v[i];
		if (fields)
			add_member(c, name_fields(c, slice_make(x->name.p, x->name.n), &c->names->spare), x->text, x->type, x->level);
		if (x->type < JSON_NULL)
			view_text_add(c, slice_make(x->text.p, x->text.n));
	}
	return 0;
}

static int view_json(struct sigma_ctx *c, struct slice json)
{
	struct json_picking pick = {on_name, on_value, c};
	if (json_pick(c->pick, (struct json_text){json.p, json.n}, &pick) == JSON_OK) {
		c->json_text = json;
		c->texts_pending = c->set->keywords;
		return 0;
	}
	view_reset(c);
	return view_all(c, json, true);
}

void view_texts(struct sigma_ctx *c)
{
	if (!c->texts_pending)
		return;
	c->texts_pending = false;
	view_all(c, c->json_text, false);
}

int sigma_event_json(struct sigma_ctx *c, struct slice json, const struct sigma_logsource *from)
{
	struct sigma_logsource v[ROUTES_MAX];
	view_reset(c);
	int rc = view_json(c, json);
	if (rc)
		return rc;
	size_t n = taxonomy_json_sources(c, v); /* also adds names that depend on the kind */
	if (from) {
		view_route(c, from);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		view_route(c, &v[i]);
	return 0;
}

/* ---- our own events ------------------------------------------------------------------------------------------ */

/* sudo's own pairs: TTY=.. ; PWD=.. ; USER=.. ; COMMAND=.. */
static void view_sudo(struct sigma_ctx *c, struct slice raw)
{
	static const struct slice keys[] = {{"TTY", 3}, {"PWD", 3}, {"USER", 4}, {"COMMAND", 7}};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char key[16];
		memcpy(key, keys[i].p, keys[i].n);
		key[keys[i].n] = '=';
		ssize_t at = slice_find(raw, slice_make(key, keys[i].n + 1));
		uint32_t f = strtab_find(c->set->fields, keys[i]);
		if (at < 0 || f == UINT32_MAX)
			continue;
		struct slice v = slice_from(raw, (size_t)at + keys[i].n + 1);
		ssize_t end = slice_find(v, SL(" ; "));
		view_add(c, f, i < 3 && end >= 0 ? slice_to(v, (size_t)end) : v, VT_STRING, 1);
	}
}

static void view_values(struct sigma_ctx *c, const struct event *e)
{
	for (uint32_t i = 0; i < e->nvalues; i++) {
		const struct value *v = &e->values[i];
		struct slice text = slice_make(v->p, v->len);
		if (v->field == F_USER_AGENT && !text.n) /* "-" in the log: rules ask for '' as well as for null */
			add_event_value(c, v->field, text, VT_NULL);
		if (v->field < FIELD_COUNT) {
			add_event_value(c, v->field, text, v->type == FT_INT ? VT_NUMBER : VT_STRING);
		} else {
			uint32_t f = strtab_find(c->set->fields, slice_of(v->name));
			size_t n;
			if (f == UINT32_MAX)
				continue;
			const struct field_alias *a = taxonomy_aliases(c->set->taxonomy, f, &n);
			add_known(c, f, a, n, text, VT_STRING);
		}
	}
}

/* Whether a packet passed, as rules ask for it: by what the kernel's line is marked with. */
static void view_firewall(struct sigma_ctx *c, const struct event *e)
{
	struct slice mark = event_str(e, F_RULE_NAME);
	bool denied = e->action == ACT_FIREWALL_DENIED, passed = slice_ihas(mark, SL("ALLOW")) || slice_ihas(mark, SL("ACCEPT"));
	uint32_t blocked = strtab_find(c->set->fields, SL("blocked")), action = strtab_find(c->set->fields, SL("action"));
	if (!denied && !passed)
		return;
	if (blocked != UINT32_MAX)
		view_add(c, blocked, denied ? SL("true") : SL("false"), VT_STRING, 1);
	if (action != UINT32_MAX)
		view_add(c, action, denied ? SL("deny") : SL("accept"), VT_STRING, 1);
}

/* auditd's ses, 0 where no login stands behind the process (auid unset), as Sysmon has it. */
static void view_logon(struct sigma_ctx *c, const struct event *e)
{
	struct slice s = event_str(e, F_SESSION_ID);
	uint32_t f = strtab_find(c->set->fields, SL("LogonId"));
	if (f != UINT32_MAX)
		view_add(c, f, !s.n || slice_eqz(s, "4294967295") ? SL("0") : s, VT_STRING, 1);
}

bool slice_is_ascii(struct slice s)
{
	uint64_t all = 0, x;
	size_t i = 0;
	for (; i + sizeof x <= s.n; i += sizeof x) {
		memcpy(&x, s.p + i, sizeof x);
		all |= x;
	}
	for (; i < s.n; i++)
		all |= (uint8_t)s.p[i];
	return !(all & 0x8080808080808080u);
}

bool sigma_event(struct sigma_ctx *c, const struct event *e)
{
	struct sigma_logsource from[ROUTES_MAX] UNINIT;
	size_t n;
	bool object = e->at.raw.n && e->at.raw.p[0] == '{';
	if (!object && !c->saw && !(e->flags & EV_MARKED) && taxonomy_is_text(e) && !interest_has(&c->set->unmarked, (enum action)e->action))
		return false; /* most events: before anything is laid out */
	view_reset(c);
	if (object && e->action != ACT_AUDIT_RECORD && view_json(c, e->at.raw) == 0) {
		n = taxonomy_json_sources(c, from);
		if (n == 1 && !from[0].product.p && !from[0].category.p && e->action != ACT_JSON && e->action != ACT_NONE)
			n = taxonomy_event_sources(e, from); /* journald, a web server's JSON: our decoder knows more */
		if (from[0].product.p != NULL || e->action != ACT_JSON)
			view_values(c, e);
	} else {
		n = taxonomy_event_sources(e, from);
		c->only_text = e->action == ACT_NONE;
		view_values(c, e);
		if (taxonomy_is_record(e))
			view_audit(c, e);
		else if (e->action == ACT_EXEC)
			view_logon(c, e);
		else if (e->action == ACT_FIREWALL || e->action == ACT_FIREWALL_DENIED)
			view_firewall(c, e);
		else if (e->action == ACT_SUDO || e->action == ACT_SUDO_DENIED)
			view_sudo(c, e->at.raw);
		view_text_add(c, e->at.raw);
		for (const struct value *v = e->values; v < e->values + e->nvalues; v++)
			if (v->field == F_URL_ORIGINAL) /* decoded, too */
				view_text_add(c, slice_make(v->p, v->len));
		c->plain = e->flags & EV_PLAIN && c->texts.n == 1 && slice_is_ascii(e->at.raw);
	}
	for (size_t i = 0; i < n; i++)
		view_route(c, &from[i]);
	if (c->saw)
		routes_seen(c);
	return c->nroutes > 0;
}
