/* sigma_private.h - what the files of room sigma share. Nobody outside includes it, but for tests.
 *
 *   value.c      what a YAML scalar means (YAML 1.1, as the field's tools read it); strings to parts with wildcards
 *   modifier.c   a value and its chain of modifiers to matches
 *   regex.c      PCRE2, and the literals an expression cannot do without
 *   condition.c  conditions to trees
 *   rule.c       a document to a rule;  correlation.c, filter.c: the other two kinds
 *   set.c        files, folders, the list of problems, what refers to what
 *   witness.c    which literal, value or field an event must have for a rule to have a chance
 *   route.c      log sources: which rules an event is for, and their indexes
 *   view.c       the event at hand: field -> values;  taxonomy.c: our events' fields under Sigma's names;
 *                view_audit.c: the keys of audit records
 *   literals.c   which of many literals stand in a value
 *   memo.c       what the indexes found for values that come again;  verdict.c: what rules said of events that do
 *   mark.c       which lines of a text log any rule could match
 *   order.c      which term of a condition is judged first
 *   judge.c      exact evaluation;  explain.c: the same, told
 *   correlate.c  the memory of correlations
 */
#ifndef POSTERN_SIGMA_PRIVATE_H
#define POSTERN_SIGMA_PRIVATE_H

#include "match/match.h"
#include "sigma/sigma.h"
#include "yaml/yaml.h"

#include <pthread.h>

enum {
	SIGMA_FILE_MAX = 4 << 20,     /* bytes of a rule file */
	SIGMA_NODES_MAX = 200000,     /* of one file; SigmaHQ's largest has 5,000 */
	SIGMA_VALUES_MAX = 20000,     /* matches of one item, after expansion */
	SIGMA_PARTS_MAX = 256,        /* literal runs and wildcards of one value */
	SIGMA_TEXT_MAX = 16384,       /* bytes of one value */
	SIGMA_CONDITION_MAX = 65536,  /* bytes of one condition */
	SIGMA_DEPTH_MAX = 64,         /* nesting of a condition */
	SIGMA_TERMS_MAX = 20000,      /* terms of a rule's tree, patterns expanded */
};

/* ---- values -------------------------------------------------------------------------------------------------- */
enum scalar_type { SC_STRING, SC_INT, SC_UINT, SC_FLOAT, SC_BOOL, SC_NULL, SC_DATE };
struct scalar {
	enum scalar_type type;
	struct slice text;  /* as written, of numbers too */
	int64_t i;
	uint64_t u;         /* beyond int64 */
	double f;
	bool b;
};
/* YAML 1.1 as PyYAML resolves it (yaml.org/type). */
struct scalar scalar_of(const struct node *n);
/* Text of a number as equality compares it: 0x10 is "16". */
struct slice scalar_text(struct arena *a, const struct scalar *s);

enum part_kind { PART_TEXT, PART_STAR, PART_ONE, PART_DASH, PART_NAME /* %placeholder% */ };
struct part {
	enum part_kind kind;
	struct slice text;
};
struct parts {
	struct part *v;
	size_t n, cap;
};
/* Sigma's wildcards and backslashes (sigma.md 1.3). names: also %name%, for `expand`. */
int parts_of(struct slice text, bool names, struct arena *a, struct parts *out, struct err *e);
void parts_free(struct parts *p);

/* ---- case folding -------------------------------------------------------------------------------------------- */
/* Unicode simple folding (one code point for one); bytes that are no UTF-8 stay. ASCII-only text costs one pass. Into out,
 * which needs room for 3 * n bytes (the longest growth: U+023A becomes three bytes); returns the length. */
size_t fold_text(const char *p, size_t n, char *out);
struct slice fold_dup(struct arena *a, struct slice s);

/* ---- matches ------------------------------------------------------------------------------------------------- */
enum match_kind {
	MK_EXACT, MK_PREFIX, MK_SUFFIX, MK_CONTAINS, MK_GLOB, /* text, folded unless cased */
	MK_ANY,      /* the field is there */
	MK_RE, MK_CIDR, MK_NUMBER, MK_BOOL, MK_NULL, MK_EXISTS, MK_FIELDREF, MK_TIME,
	MK_LT, MK_LE, MK_GT, MK_GE,
	MK_TOKEN,    /* a number as keyword: a whole word of the text */
};
enum time_part { TP_MINUTE, TP_HOUR, TP_DAY, TP_WEEK, TP_MONTH, TP_YEAR };
struct regex;
struct match {
	uint8_t kind;      /* enum match_kind */
	uint8_t how;       /* MK_FIELDREF: MK_EXACT ... MK_CONTAINS; MK_TIME: MK_NUMBER, MK_LT ... */
	bool cased;
	bool yes;          /* MK_BOOL, MK_EXISTS */
	uint8_t part;      /* MK_TIME */
	uint32_t field;    /* MK_FIELDREF */
	struct slice text; /* the literal; of numbers their text */
	union {
		struct {
			const struct part *parts; /* MK_GLOB */
			size_t nparts;
		};
		struct regex *re;
		struct cidr cidr;
		struct scalar number;
	};
};
/* Values of one item. Those that came of one value by expansion (windash, base64offset, a placeholder) are one group. */
struct group {
	uint32_t first, n;
};
enum { FIELD_KEYWORD = UINT32_MAX };
struct item {
	uint32_t field;    /* number in the set's table of names, or FIELD_KEYWORD */
	bool all, neq;
	struct match *match;
	struct group *group;
	uint32_t nmatch, ngroup;
};

/* ---- trees --------------------------------------------------------------------------------------------------- */
enum expr_op { EX_AND, EX_OR, EX_NOT, EX_ITEM, EX_TRUE, EX_FALSE };
struct expr {
	enum expr_op op;
	uint32_t n;
	struct expr **kid;
	struct expr **order; /* the kids as they are judged; NULL: as written */
	const struct item *item;
	struct slice name; /* of the selection this is, for people */
};
struct selection {
	struct slice name;
	const struct node *at;
	struct expr *expr;
};
struct selections {
	struct selection *v;
	size_t n, cap;
};

/* ---- rules --------------------------------------------------------------------------------------------------- */
enum corr_type {
	CT_EVENT_COUNT, CT_VALUE_COUNT, CT_VALUE_SUM, CT_VALUE_AVG, CT_VALUE_PERCENTILE, CT_VALUE_MEDIAN, CT_TEMPORAL, CT_TEMPORAL_ORDERED,
};
struct bound {
	uint8_t op; /* MK_LT ... MK_GE, MK_NUMBER for eq, MK_NULL for neq */
	double n;
};
struct alias {
	struct slice name;
	struct { struct slice rule, field; uint32_t number; } *of;
	size_t n;
};
struct corr {
	enum corr_type type;
	struct slice *rules;   /* as written */
	const struct node **rules_at;
	uint32_t *rule;        /* their numbers */
	size_t nrules;
	struct slice *group_by;
	size_t ngroup_by;
	uint32_t *group_field; /* nrules * ngroup_by field numbers, aliases resolved */
	struct slice *field;   /* value_*: what is counted */
	size_t nfield;
	uint32_t *value_field;
	nstime timespan;
	struct bound bound[2];
	size_t nbound;
	double percentile;
	struct expr *extended; /* temporal: a condition over rules; item is NULL, name the rule, n its place */
	struct alias *alias;
	size_t nalias;
	bool generate;
	uint8_t mark;          /* search for cycles */
};
struct filter {
	struct slice *rules;   /* none: any */
	const struct node **rules_at;
	size_t nrules;
	bool any;
};
struct srule {
	struct sigma_rule pub;
	struct expr *cond;     /* rules and filters */
	struct corr *corr;
	struct filter *filter;
	const struct node *at;
	bool keywords;         /* looks at texts */
	bool bad;              /* refused after parsing: a reference that leads nowhere */
	uint32_t *told;        /* correlations that count it */
	size_t ntold;
};

struct bucket;
struct asked;
struct mapping {
	uint32_t from, to;     /* numbers in names */
};
struct sigma_set {
	struct sigma_options opt;
	struct arena mem;
	struct { struct srule **v; size_t n, cap; } rules;
	struct { struct sigma_problem *v; size_t n, cap; } problems;
	struct { struct regex **v; size_t n, cap; } regexes;
	struct { struct mapping *v; size_t n, cap; } mappings;
	struct strtab *fields; /* names of fields */
	struct { struct bucket **v; size_t n, cap; } buckets;
	size_t nfiles;
	uint32_t nindexes;       /* of fields, over all buckets */
	bool sealed, keywords;
	struct match_set *marks; /* NULL: no rule of a text log */
	struct screen *screen;   /* finds them, and escapes, where the processor is one for it: marks is empty then */
	bool marks_escapes;      /* a rule asks for a field: its value may stand escaped in the line */
	bool marks_all;          /* a rule of a text log without category has no witness: every line is judged */
	struct interest unmarked; /* such rules of a category: their events are judged, marked or not */
	struct taxonomy *taxonomy;
	struct asked *asked;     /* whole values by how many rules ask for them */
	pthread_mutex_t lock;    /* while an index is built */
};

/* A document on its way. */
struct load {
	struct sigma_set *set;
	const char *file;
	uint32_t rule;         /* number of the rule at hand, for warnings */
	struct err err;        /* the first thing wrong with it */
	size_t terms;
	bool keywords;         /* an item without a field was seen */
};
int load_fail(struct load *l, const struct node *at, int code, const char *fmt, ...) PRINTF_LIKE(4, 5);
void load_warn(struct load *l, const struct node *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
uint32_t field_number(struct sigma_set *s, struct slice name);

/* Item of `field|mods: values`. name empty or starting with '|': keywords. */
int item_parse(struct load *l, const struct node *key, const struct node *value, struct item **out);
/* Keywords: a list of scalars without a field. */
int item_keywords(struct load *l, const struct node *at, const struct node *list, struct item **out);
struct expr *expr_new(struct load *l, enum expr_op op, size_t kids);
int condition_parse(struct load *l, const struct node *at, struct slice text, const struct selections *sel, struct expr **out);
/* The extended conditions of temporal correlations: names of rules with and, or, not. */
int selections_parse(struct load *l, const struct node *detection, struct selections *sel);
int rule_parse(struct load *l, const struct node *doc, struct srule **out);
int correlation_parse(struct load *l, struct srule *r, const struct node *map);
int filter_parse(struct load *l, struct srule *r, const struct node *map);
/* A scalar or a list of scalars as texts. */
int texts_parse(struct load *l, const struct node *n, const char *what, struct slice **v, const struct node ***at, size_t *count);
void correlations_link(struct sigma_set *s);
void filters_apply(struct sigma_set *s);
bool logsource_within(const struct sigma_logsource *rule, const struct sigma_logsource *of); /* of: what a filter names */

int regex_new(struct sigma_set *s, struct slice text, bool i, bool m, bool dotall, struct regex **out, char *why, size_t nwhy);
/* False also when a limit was reached: counted in the scratch. */
bool regex_search(const struct regex *re, void *scratch, struct slice text);
void regex_free(struct regex *re);
void *regex_scratch(void); /* of one thread; NULL: out of memory */
uint64_t regex_given_up(const void *scratch);
void regex_scratch_free(void *scratch);
/* Runs of literal bytes every match must hold: the best one; empty when there is none. */
struct slice regex_literal(const struct regex *re, bool *nocase);

/* ---- the event at hand --------------------------------------------------------------------------------------- */
enum value_type { VT_STRING, VT_NUMBER, VT_BOOL, VT_RAW /* a JSON string not yet unescaped; below VT_NULL */, VT_NULL, VT_OBJECT, VT_ARRAY };
struct val {
	struct slice text, folded; /* folded.p NULL: not yet */
	struct slice written;      /* the text before it was unescaped */
	uint64_t hash;             /* of `written`; 0: not yet */
	uint32_t next;             /* + 1; 0: the last */
	uint8_t type, depth;
	bool raw;                  /* `written` has escapes */
};
enum { ROUTES_MAX = 4 };
struct memo;
struct verdicts;
struct memo_range;
struct route; /* an event's log source -> buckets */
struct sigma_ctx {
	const struct sigma_set *set;
	struct { struct val *v; size_t n, cap; } vals;
	uint32_t *head, *tail, *stamp; /* per field */
	uint32_t generation;
	uint32_t *present;             /* fields of the event, for the indexes */
	size_t npresent;
	struct { struct slice *v; size_t n, cap; } texts; /* what keywords look at */
	struct { struct slice *v; size_t n, cap; } folded_texts;
	bool texts_folded;
	bool plain;                    /* EV_PLAIN, no text but the line, and that ASCII */
	bool only_text;                /* a line nobody could read: rules on fields have nothing to say about it */
	struct arena mem;              /* folded texts, copies */
	struct route *route[ROUTES_MAX];
	size_t nroutes;
	uint64_t routes_made;
	struct { struct route **v; size_t n, cap; } routes;
	struct json_parser *json;
	struct json_picker *pick;
	struct slice json_text;        /* the object at hand, while its texts are not taken out */
	bool texts_pending;
	struct name_cache *names;
	struct audit_names *audit;     /* what view_audit.c remembers */
	struct { char text[104]; size_t n; struct slice service; } channel[16]; /* of events before, by length and last letter */
	void *match_data;              /* PCRE2's */
	uint32_t *rule_stamp;          /* candidates found already */
	uint64_t *looks;               /* evaluations per rule */
	struct { uint32_t *v; size_t n, cap; } candidates;
	struct memo *memo;
	struct verdicts *verdicts;
	struct { struct memo_range *v; size_t n, cap; } found; /* for the value at hand */
	struct sigma_match *why;
	size_t nwhy, maxwhy;
	struct slice why_selection;
	struct buf tmp;
	bool *saw;                     /* per rule, when watching */
};
static inline const struct val *view_first(const struct sigma_ctx *c, uint32_t field)
{
	return c->stamp[field] == c->generation ? &c->vals.v[c->head[field]] : NULL;
}
static inline const struct val *view_next(const struct sigma_ctx *c, const struct val *v)
{
	return v->next ? &c->vals.v[v->next - 1] : NULL;
}
/* Text of a value; unescapes it when first asked. */
struct slice view_unescape(struct sigma_ctx *c, const struct val *v);
static inline struct slice view_text(struct sigma_ctx *c, const struct val *v)
{
	return v->type == VT_RAW ? view_unescape(c, v) : v->text;
}
struct slice view_folded(struct sigma_ctx *c, const struct val *v);
/* Of the value as it is written. */
uint64_t view_hash(struct sigma_ctx *c, const struct val *v);
void view_add(struct sigma_ctx *c, uint32_t field, struct slice text, enum value_type type, unsigned depth);
void view_reset(struct sigma_ctx *c);
/* A text for keywords to look at. */
void view_text_add(struct sigma_ctx *c, struct slice s);
struct audit_names;
struct audit_names *audit_names_new(void);
void audit_names_free(struct audit_names *x);
void view_audit(struct sigma_ctx *c, const struct event *e);
void view_fold_texts(struct sigma_ctx *c);
/* Take out the texts of a JSON event, which only keywords need. */
void view_texts(struct sigma_ctx *c);
/* One more log source of the event at hand: its buckets are looked at. */
void view_route(struct sigma_ctx *c, const struct sigma_logsource *from);

/* Sets the order of all terms; the cost of judging x, in any unit. */
double expr_order(struct sigma_set *s, struct expr *x);
bool item_matches(struct sigma_ctx *c, const struct item *it);
bool expr_matches(struct sigma_ctx *c, const struct expr *x);
bool match_text(struct sigma_ctx *c, const struct match *m, struct slice text, struct slice folded);
bool glob_matches(const struct part *parts, size_t n, struct slice text);
bool scalar_number(struct slice text, struct scalar *out);
int scalar_cmp(const struct scalar *a, const struct scalar *b);

/* ---- buckets ------------------------------------------------------------------------------------------------- */
/* Rules of one log source, with what an event must have for each to be worth a look. */
int buckets_build(struct sigma_set *s, struct err *e);
void buckets_free(struct sigma_set *s);
/* Rules worth a look go to c->candidates: by fields, or by keywords. */
void route_fields(struct sigma_ctx *c);
void route_keywords(struct sigma_ctx *c);
void route_add(struct sigma_ctx *c, const uint32_t *v, size_t n); /* these, unless they are there */
/* Does a rule of the event's log sources read the field? */
bool route_reads(const struct sigma_ctx *c, uint32_t field);
uint64_t route_number(const struct route *r); /* of no other one, ever */
void routes_seen(struct sigma_ctx *c);
void routes_free(struct sigma_ctx *c);
int marks_build(struct sigma_set *s, struct err *e);
/* Is a line that the rule holds for by its text alone always marked? */
bool marks_keywords(struct sigma_set *s, const struct srule *r);
/* Are events of this log source lines of text, judged only when marked? */
bool is_text_source(const struct sigma_logsource *l);

/* ---- our events under Sigma's names -------------------------------------------------------------------------- */
void taxonomy_build(struct sigma_set *s);
void taxonomy_free(struct sigma_set *s);

#endif
