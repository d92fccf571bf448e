/* quiet.c - audit records, and what is joined of them, tell the same story again and again under new times, numbers and ids. Which of an event's values
 * and pairs rules read is known by its kind (log source, action, type of record, names of its pairs): a hash of those alone finds what no rule held for
 * before. Then only the raw line, which differs each time, is searched for literals of keywords, where no mark tells that there are none.
 *
 * Sound, since the view that rules look at (view.c, view_audit.c) is made of nothing else, and a rule with keywords holds only where one of its witnesses
 * stands in a text: kept is what none stood in.
 *
 * Bounds: KIND_SETS times KIND_WAYS kinds, made KINDS_MADE times at most; SETS times WAYS keys. A key that was used since another wanted its place is kept once more. Hashes
 * are keyed (core/hash.c), 128 bits an event. */
#include "sigma/quiet.h"
#include "sigma/taxonomy.h"

#include <stdlib.h>

enum { KIND_SETS = 64, KIND_WAYS = 8, KINDS_MADE = 16 * KIND_SETS * KIND_WAYS, SETS = 1 << 12, WAYS = 4, READ_MOST = 48 };

enum use { USE_NOT, USE_READ, USE_TELLS /* what is told of it is more than its text */ };
struct kind {
	uint64_t names, route;  /* of whom it is; route 0: of nobody */
	uint64_t serial;        /* of no other one, ever */
	uint16_t action;
	bool unfit;
	bool values;            /* more than the type is read of the event's own */
	uint8_t least;          /* pairs there must be */
	uint8_t nread;
	struct {
		uint8_t at;
		bool bare;      /* matters only when it is not quoted */
		bool no_number; /* what rules ask for has a letter that no number in hex has: such numbers are all alike to them */
	} read[READ_MOST];
	uint8_t use[FIELD_COUNT];
};
/* Where an action's events go, when nothing else of them tells. */
struct fixed {
	struct route *route;
	uint64_t when;          /* c->routes_freed */
};
struct quiet {
	struct fixed fixed[ACTION_COUNT], records;
	struct kind kind[KIND_SETS][KIND_WAYS];
	uint64_t made;
	struct known {
		struct quiet_key of;
		bool used, texts;
	} known[SETS][WAYS];
};

struct quiet *quiet_new(void)
{
	return xcalloc(1, sizeof(struct quiet));
}

void quiet_free(struct quiet *q)
{
	free(q);
}

/* ---- kinds ----------------------------------------------------------------------------------------------------- */

enum tri { NO, YES, MAYBE };

/* Can the condition hold for a record of the type that alone lies in c? */
static enum tri may_hold(struct sigma_ctx *c, const struct expr *x, uint32_t type)
{
	enum tri all = YES, any = NO;
	switch (x->op) {
	case EX_TRUE: return YES;
	case EX_FALSE: return NO;
	case EX_ITEM:
		if (x->item->field != type)
			return MAYBE;
		for (uint32_t i = 0; i < x->item->nmatch; i++)
			if (x->item->match[i].kind == MK_FIELDREF)
				return MAYBE;
		return item_matches(c, x->item) ? YES : NO;
	case EX_NOT: {
		enum tri r = x->n ? may_hold(c, x->kid[0], type) : MAYBE;
		return r == MAYBE ? MAYBE : r == YES ? NO : YES;
	}
	case EX_AND: case EX_OR:
		for (uint32_t i = 0; i < x->n; i++) {
			enum tri r = may_hold(c, x->kid[i], type);
			all = all == NO || r == NO ? NO : r == MAYBE ? MAYBE : all;
			any = any == YES || r == YES ? YES : r == MAYBE ? MAYBE : any;
		}
		return x->op == EX_AND ? all : any;
	default: return MAYBE;
	}
}

/* Is the record's type the only value of the field it stands in? */
static bool type_is_sure(struct sigma_ctx *c, const struct line_pairs *p)
{
	const struct taxonomy *t = c->set->taxonomy;
	uint32_t type = t->told[TELL_RECORD_TYPE];
	for (uint32_t i = 0; i < p->names->n; i++)
		if (strtab_find(c->set->fields, p->names->name[i]) == type)
			return false;
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		bool same = t->of_event[f] == type;
		for (size_t i = 0; i < t->event_alias[f].n; i++)
			same |= t->event_alias[f].v[i].to == type;
		if (same && f != F_AUDIT_TYPE)
			return false;
	}
	return true;
}

/* Fields that rules of the route read, but for those that cannot hold for the type. */
static bool *fields_read(struct sigma_ctx *c, const struct route *r, const struct event *e)
{
	bool *reads = xcalloc(strtab_count(c->set->fields) + 1, sizeof *reads);
	uint32_t type = c->set->taxonomy->told[TELL_RECORD_TYPE];
	bool sure = e->pairs && type_is_sure(c, e->pairs);
	view_reset(c);
	if (sure)
		view_add(c, type, event_str(e, F_AUDIT_TYPE), VT_STRING, 1);
	for (size_t i = 0; i < c->set->rules.n; i++) {
		const struct srule *s = c->set->rules.v[i];
		if (route_has(r, s) && !(sure && may_hold(c, s->cond, type) == NO))
			route_note_reads(reads, s->cond);
	}
	return reads;
}

static void read_values(struct sigma_ctx *c, struct kind *k, const bool *reads, const struct event *e)
{
	const struct taxonomy *t = c->set->taxonomy;
	uint32_t logon = strtab_find(c->set->fields, SL("LogonId"));
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		bool read = reads[t->of_event[f]];
		for (size_t i = 0; i < t->event_alias[f].n; i++)
			read |= reads[t->event_alias[f].v[i].to];
		k->use[f] = read ? USE_READ : USE_NOT;
	}
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		k->values |= k->use[f] && f != F_AUDIT_TYPE;
	k->use[F_USER_AGENT] = k->use[F_URL_ORIGINAL] = USE_TELLS;
	if (e->action == ACT_EXEC && logon != UINT32_MAX && reads[logon])
		k->use[F_SESSION_ID] = USE_READ;
}

static bool is_hex(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
			return false;
	return n > 0;
}

static bool match_no_number(const struct match *m)
{
	bool other = false;
	switch (m->kind) {
	case MK_EXACT: case MK_PREFIX: case MK_SUFFIX: case MK_CONTAINS: return m->text.n && !is_hex(m->text.p, m->text.n);
	case MK_GLOB:
		for (size_t i = 0; i < m->nparts; i++)
			other |= m->parts[i].kind == PART_DASH || (m->parts[i].kind == PART_TEXT && m->parts[i].text.n && !is_hex(m->parts[i].text.p, m->parts[i].text.n));
		return other;
	default: return m->kind == MK_EXISTS || m->kind == MK_NULL;
	}
}

/* Does no item on the field tell one number from another? */
static bool expr_no_number(const struct expr *x, uint32_t field)
{
	if (x->op == EX_ITEM) {
		bool none = true;
		for (uint32_t i = 0; i < x->item->nmatch; i++)
			none &= x->item->field == field ? match_no_number(&x->item->match[i]) : x->item->match[i].kind != MK_FIELDREF || x->item->match[i].field != field;
		return none;
	}
	for (uint32_t i = 0; i < x->n; i++)
		if (!expr_no_number(x->kid[i], field))
			return false;
	return true;
}

static bool no_number(const struct sigma_ctx *c, const struct route *r, uint32_t field)
{
	for (size_t i = 0; i < c->set->rules.n; i++)
		if (route_has(r, c->set->rules.v[i]) && !expr_no_number(c->set->rules.v[i]->cond, field))
			return false;
	return true;
}

static bool add_read(struct kind *k, uint32_t at, bool bare, bool no_number)
{
	if (k->nread == READ_MOST)
		return false;
	k->read[k->nread].at = (uint8_t)at;
	k->read[k->nread].no_number = no_number;
	k->read[k->nread++].bare = bare;
	return true;
}

static bool read_pairs(struct sigma_ctx *c, const struct route *r, struct kind *k, const bool *reads, const struct event *e)
{
	const struct pair_names *names = e->pairs->names;
	struct slice type = event_str(e, F_AUDIT_TYPE);
	bool execve = slice_eqz(type, "EXECVE"), call = slice_eqz(type, "SYSCALL") && reads[c->set->taxonomy->told[TELL_SYSCALL]];
	if (call && (names->n < 2 || !slice_eqz(names->name[0], "arch") || !slice_eqz(names->name[1], "syscall")))
		return false;
	k->least = call ? 2 : 0;
	for (uint32_t i = 0; i < names->n; i++) {
		uint32_t f = strtab_find(c->set->fields, names->name[i]);
		bool known = f != UINT32_MAX && reads[f], text = c->set->keywords && view_audit_is_argument(names->name[i], execve);
		bool bare = c->set->keywords && view_audit_is_escaped(names->name[i]), read = known || text || (call && i < 2);
		bool alike = known && !text && !bare && !(call && i < 2) && no_number(c, r, f);
		if ((read || bare) && !add_read(k, i, !read, alike))
			return false;
	}
	return true;
}

static const struct kind *kind_of(struct sigma_ctx *c, const struct route *r, const struct event *e)
{
	uint64_t names = e->pairs ? e->pairs->names->hash : 0, route = route_number(r);
	struct quiet *q = c->quiet;
	struct kind *set = q->kind[(names ^ (route << 8 | e->action) * 0x9e3779b97f4a7c15u) >> 58];
	for (unsigned i = 0; i < KIND_WAYS; i++)
		if (set[i].names == names && set[i].route == route && set[i].action == e->action)
			return &set[i];
	if (q->made == KINDS_MADE)
		return NULL;
	struct kind *k = &set[q->made % KIND_WAYS];
	*k = (struct kind){.names = names, .route = route, .action = e->action, .serial = ++q->made};
	bool *reads = fields_read(c, r, e);
	read_values(c, k, reads, e);
	k->unfit = e->pairs && !read_pairs(c, r, k, reads, e);
	free(reads);
	return k;
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

static inline void key_mix(struct quiet_key *k, uint64_t h)
{
	k->key = (k->key ^ h) * 0x9e3779b97f4a7c15u;
	k->key ^= k->key >> 32;
	k->check += h * h | 1;
	k->check = k->check << 7 | k->check >> 57;
}

static bool key_of(const struct kind *k, const struct event *e, struct quiet_key *key)
{
	*key = (struct quiet_key){k->serial, e->pairs ? e->pairs->n : 0};
	for (const struct value *v = e->values, *end = v + e->nvalues; v < end; v++) {
		unsigned use = v->field < FIELD_COUNT ? k->use[v->field] : (unsigned)USE_TELLS;
		if (likely(use == USE_NOT))
			continue;
		if (use == USE_TELLS)
			return false;
		key_mix(key, hash_bytes(v->p, v->len) + v->field);
	}
	for (unsigned i = 0; i < k->nread && k->read[i].at < e->pairs->n; i++) {
		const struct pair_value *v = &e->pairs->v[k->read[i].at];
		const char *text = e->pairs->text + v->at;
		if (k->read[i].no_number && !v->quoted && is_hex(text, v->n))
			key_mix(key, k->read[i].at);
		else if (!k->read[i].bare || !v->quoted)
			key_mix(key, hash_bytes(text, v->n) + (k->read[i].at * 2u + v->quoted));
	}
	return !e->pairs || e->pairs->n >= k->least;
}

static struct known *find(struct quiet *q, const struct quiet_key *key)
{
	struct known *set = q->known[hash_u64(key->key) % SETS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].of.key == key->key && set[i].of.check == key->check)
			return &set[i];
	return NULL;
}

/* Is the event read by its values and pairs only? */
static bool is_fit(const struct sigma_ctx *c, const struct event *e)
{
	if (c->saw || c->set->opt.no_prefilter || !e->at.raw.n || e->at.raw.p[0] == '{' || taxonomy_is_text(e))
		return false;
	return e->pairs || !taxonomy_is_record(e);
}

/* The one route of the event; NULL: there is none, or there are several. */
static const struct route *route_of(struct sigma_ctx *c, const struct event *e)
{
	struct sigma_logsource from[ROUTES_MAX];
	bool record = taxonomy_is_record(e);
	struct fixed *f = record ? &c->quiet->records : &c->quiet->fixed[e->action];
	if (likely(f->route && f->when == c->routes_freed))
		return f->route;
	c->nroutes = 0;
	size_t n = taxonomy_event_sources(e, from);
	for (size_t i = 0; i < n; i++)
		view_route(c, &from[i]);
	if (c->nroutes == 1 && n == 1 && (record || from[0].category.n)) /* a category is of an action */
		*f = (struct fixed){c->route[0], c->routes_freed};
	return c->nroutes == 1 ? c->route[0] : NULL;
}

static enum quiet_answer look(struct sigma_ctx *c, const struct event *e, struct quiet_key *key, bool whole)
{
	if (!is_fit(c, e))
		return QUIET_UNFIT;
	const struct route *r = route_of(c, e);
	const struct kind *k = r ? kind_of(c, r, e) : NULL;
	if (!k || k->unfit || (k->values && !whole) || !key_of(k, e, key))
		return QUIET_UNFIT;
	struct known *known = find(c->quiet, key);
	if (!known)
		return QUIET_NEW;
	known->used = true;
	return route_raw_tells(c, r, e, known->texts) ? QUIET_NEW : QUIET_KNOWN;
}

enum quiet_answer quiet_look(struct sigma_ctx *c, const struct event *e, struct quiet_key *key)
{
	return look(c, e, key, true);
}

bool quiet_knows(struct sigma_ctx *c, const struct event *e, struct quiet_key *key)
{
	return look(c, e, key, false) == QUIET_KNOWN;
}

void quiet_keep(struct sigma_ctx *c, const struct quiet_key *key, bool texts)
{
	struct known *set = c->quiet->known[hash_u64(key->key) % SETS], *have = find(c->quiet, key);
	if (have) {
		have->texts |= texts;
		return;
	}
	unsigned at = (unsigned)(key->check % WAYS);
	for (unsigned i = 0; i < WAYS && set[at].used; i++)
		at = (at + 1) % WAYS;
	if (set[at].used)
		for (unsigned i = 0; i < WAYS; i++)
			set[i].used = false;
	set[at] = (struct known){*key, false, texts};
}
