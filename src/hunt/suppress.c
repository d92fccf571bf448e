/* suppress.c - suppressions: see hunt.h. */
#include "hunt/hunt.h"
#include "yaml/yaml.h"

#include <stdlib.h>

struct suppressions {
	struct arena mem;
	struct suppression *v;
	size_t n, cap;
};

static int read_day(const struct node *n, const char *file, nstime *out, struct err *e)
{
	uint64_t y, m, d;
	struct slice s = n->text;
	if (n->kind != NODE_SCALAR || s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !slice_u64(slice_make(s.p, 4), 9999, &y) ||
	    !slice_u64(slice_make(s.p + 5, 2), 12, &m) || !slice_u64(slice_make(s.p + 8, 2), 31, &d) || !m || !d || y < 2000 || y > 2200)
		return err_at(e, ERR_SYNTAX, file, n->line, n->column, "until is a day: 2027-06-30");
	*out = civil_seconds((int)y, (unsigned)m, (unsigned)d, 0, 0, 0) * NS_SEC + NS_DAY;
	return 0;
}

static int read_one(struct suppressions *s, const struct node *n, const char *file, struct err *e)
{
	static const struct { const char *key; size_t at; } texts[] = {
		{"rule", offsetof(struct suppression, rule)}, {"host", offsetof(struct suppression, host)}, {"user", offsetof(struct suppression, user)},
		{"source", offsetof(struct suppression, source)}, {"command", offsetof(struct suppression, command)}, {"reason", offsetof(struct suppression, reason)},
	};
	struct suppression x = {.until = NSTIME_NONE, .line = n->line};
	if (n->kind != NODE_MAP)
		return err_at(e, ERR_TYPE, file, n->line, n->column, "a suppression is a mapping: rule, reason, until, and host, user, source or command");
	for (const struct node *k = n->child; k; k = k->next) {
		bool known = slice_eqz(k->text, "until");
		if (known) {
			int rc = read_day(k->value, file, &x.until, e);
			if (rc)
				return rc;
		}
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			if (!slice_eqz(k->text, texts[i].key))
				continue;
			if (k->value->kind != NODE_SCALAR || !k->value->text.n)
				return err_at(e, ERR_TYPE, file, k->value->line, k->value->column, "%s is a text", texts[i].key);
			*(struct slice *)((char *)&x + texts[i].at) = slice_dup(&s->mem, k->value->text);
			known = true;
		}
		if (!known)
			return err_at(e, ERR_UNSUPPORTED, file, k->line, k->column, "no key \"%.*s\": rule, host, user, source, command, reason, until", SLFMT(slice_to(k->text, 60)));
	}
	const char *missing = !x.rule.n ? "rule" : !x.reason.n ? "reason" : x.until == NSTIME_NONE ? "until" : NULL;
	if (missing)
		return err_at(e, ERR_SYNTAX, file, n->line, n->column, "%s is missing: a suppression has a rule, a reason and a last day", missing);
	*vec_push(s) = x;
	return 0;
}

struct suppressions *suppressions_new(void)
{
	struct suppressions *s = xcalloc(1, sizeof *s);
	arena_init(&s->mem);
	return s;
}

struct suppressions *suppressions_read(struct slice yaml, const char *file, struct err *e)
{
	struct yaml_options opt = {.max_bytes = LIMIT_CONFIG_BYTES, .max_nodes = 200000};
	struct suppressions *s = suppressions_new();
	struct arena tmp;
	struct node *doc = NULL;
	arena_init(&tmp);
	int rc = yaml_read(yaml, file, &opt, &tmp, &doc, e);
	const struct node *list = doc ? yaml_get(doc, "suppressions") : NULL;
	if (!rc && doc && (!list || list->kind != NODE_LIST))
		rc = err_at(e, ERR_SYNTAX, file, doc->line, doc->column, "no list `suppressions:`");
	for (const struct node *n = list ? list->child : NULL; n && !rc; n = n->next)
		rc = read_one(s, n, file, e);
	arena_free(&tmp);
	if (!rc)
		return s;
	suppressions_free(s);
	return NULL;
}

void suppressions_free(struct suppressions *s)
{
	if (!s)
		return;
	arena_free(&s->mem);
	free(s->v);
	free(s);
}

void suppressions_add(struct suppressions *s, const struct suppression *x)
{
	struct suppression *to = vec_push(s);
	*to = *x;
	struct slice *texts[] = {&to->rule, &to->host, &to->user, &to->source, &to->command, &to->reason};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(&s->mem, *texts[i]);
}

struct learning {
	const struct suppressions *old;
	struct suppressions *out;
	nstime now;
};

static int learn_one(void *arg, const struct store_suppression *x)
{
	struct learning *l = arg;
	struct suppression y = {x->rule, x->host, x->user, x->source, x->command, x->reason, .until = x->until, .learnt = x->id};
	if (x->revoked != NSTIME_NONE || x->until <= l->now)
		return 0;
	for (size_t i = 0; i < l->old->n; i++)
		if (l->old->v[i].learnt == x->id)
			y.used = l->old->v[i].used;
	suppressions_add(l->out, &y);
	return 0;
}

int suppressions_learn(struct suppressions *s, struct store *st, nstime now, struct err *e)
{
	struct suppressions *fresh = suppressions_new();
	struct learning l = {s, fresh, now};
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].learnt)
			suppressions_add(fresh, &s->v[i]);
	int rc = store_suppressions(st, learn_one, &l, e);
	if (!rc) { /* the list changes hands whole: an error leaves it as it was */
		struct suppressions old = *s;
		*s = *fresh;
		*fresh = old;
	}
	suppressions_free(fresh);
	return rc;
}

static bool has(const struct finding *f, enum entity_type type, struct slice want, bool part)
{
	for (size_t i = 0; i < f->nentities && want.n; i++)
		if (f->entities[i].type == type && (part ? slice_has(f->entities[i].value, want) : slice_ieq(f->entities[i].value, want)))
			return true;
	return !want.n;
}

const struct suppression *suppressions_take(struct suppressions *s, const struct finding *f, nstime now)
{
	for (size_t i = 0; s && i < s->n; i++) {
		struct suppression *x = &s->v[i];
		if (x->learnt && f->level == LEVEL_CRITICAL)
			continue;
		if (slice_ieq(x->rule, f->rule_id) && has(f, ENT_HOST, x->host, false) && has(f, ENT_USER, x->user, false) &&
		    has(f, ENT_SOURCE, x->source, false) && has(f, ENT_COMMAND, x->command, true)) {
			if (now >= x->until) {
				x->missed++;
				continue;
			}
			x->used++;
			return x;
		}
	}
	return NULL;
}

size_t suppressions_count(const struct suppressions *s) { return s ? s->n : 0; }
const struct suppression *suppressions_get(const struct suppressions *s, size_t i) { return s && i < s->n ? &s->v[i] : NULL; }
