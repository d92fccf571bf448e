/* mark.c - one look at a block of text for the literals of all rules of text logs. */
#include "sigma/screen.h"
#include "sigma/taxonomy.h"
#include "sigma/witness.h"

#include <stdlib.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define COMMON 0.2 /* an estimate: such a literal stands in every fifth line or so */

struct sigma_marker {
	struct match_ctx *ctx;
	const struct screen *screen; /* instead of ctx; may be NULL */
	bool all, escapes;
	struct sigma_marks at; /* of escapes */
};

/* Log sources whose events are lines: their fields are pieces of them. Audit records hide text in hex, and JSON in escapes; their
 * events are judged without marks. */
bool is_text_source(const struct sigma_logsource *l)
{
	static const char *const categories[] = {"webserver", "proxy", "dns", "firewall", "antivirus", "database", "application"};
	static const char *const products[] = {"linux", "apache", "nginx", "cisco", "huawei", "juniper", "jvm", "spring", "django", "python", "ruby_on_rails",
		"sql", "nodejs", "velocity", "database", "fortigate", "paloalto", "fortios", "qualys"};
	bool product = l->product.n == 0;
	if (slice_ieq(l->service, SL("auditd")) || slice_ieq(l->service, SL("duo"))) /* Cisco's Duo tells JSON */
		return false;
	for (size_t i = 0; i < ARRAY_LEN(products); i++)
		product |= slice_ieq(l->product, slice_of(products[i]));
	if (!product)
		return false;
	if (!l->category.n)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(categories); i++)
		if (slice_ieq(l->category, slice_of(categories[i])))
			return true;
	return false;
}

static int by_text(const void *a, const void *b)
{
	return slice_cmp(((const struct atom *)a)->text, ((const struct atom *)b)->text);
}

/* The matcher folds ASCII only: of other text its longest ASCII run is looked for. */
static struct slice ascii_run(struct slice s)
{
	struct slice best = SLICE_NONE;
	for (size_t i = 0, from = 0; i <= s.n; i++)
		if (i == s.n || s.p[i] & 0x80) {
			if (i - from > best.n)
				best = slice_make(s.p + from, i - from);
			from = i + 1;
		}
	return best;
}

static bool is_marked_rule(const struct srule *r)
{
	return r->pub.kind == SIGMA_RULE && !r->bad && r->cond && is_text_source(&r->pub.logsource);
}

/* Values of these come as pieces of the line; of other sources some are told by the decoder (blocked, Signature). */
static bool holds_pieces(const struct sigma_logsource *l)
{
	return !l->category.n || slice_ieq(l->category, SL("webserver")) || slice_ieq(l->category, SL("proxy"));
}

/* No literal of the rule is rare enough to be looked for in every log, or what it asks for need not stand in the line. */
static bool is_blind(const struct srule *r, struct witness *w)
{
	bool blind = w->none || !holds_pieces(&r->pub.logsource);
	for (size_t k = 0; k < w->n && !blind; k++) {
		w->v[k].text = ascii_run(w->v[k].text);
		blind = w->v[k].kind == ATOM_PRESENT || !w->v[k].text.n || (r->pub.logsource.category.n && literal_cost(w->v[k].text) > COMMON);
	}
	return blind;
}

/* Categories of blind rules: all their events are judged. A blind rule without category sees every line. */
static void find_unmarked(struct sigma_set *s)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		struct srule *r = s->rules.v[i];
		if (!is_marked_rule(r))
			continue;
		struct witness w = witness_of(s, r->cond, true);
		/* of a category that no event of ours has, a rule sees nothing anyway */
		if (is_blind(r, &w) && !taxonomy_category_wants(r->pub.logsource.category, &s->unmarked) && !r->pub.logsource.category.n)
			s->marks_all = true;
		free(w.v);
	}
}

static bool covered(const struct sigma_set *s, struct slice category)
{
	struct interest of = {0};
	if (!category.n || !taxonomy_category_wants(category, &of))
		return category.n > 0;
	for (size_t i = 0; i < ARRAY_LEN(of.bits); i++)
		if (of.bits[i] & ~s->unmarked.bits[i])
			return false;
	return true;
}

bool marks_keywords(struct sigma_set *s, const struct srule *r)
{
	if (!is_marked_rule(r) || r->pub.logsource.category.n)
		return false;
	struct witness w = witness_of(s, r->cond, true);
	bool told = !is_blind(r, &w);
	for (size_t i = 0; i < w.n; i++)
		told &= w.v[i].field == FIELD_KEYWORD;
	free(w.v);
	return told;
}

struct atoms {
	struct atom *v;
	size_t n, cap;
};

static void collect(struct sigma_set *s, struct atoms *all)
{
	/* requests with a whole URL: a proxy's log in a web server's form, which only its lines tell */
	static const struct slice proxied[] = {SL(" http://"), SL(" https://"), SL("connect "), SL(" ftp://")};
	bool fields = false, proxy = false;
	for (size_t i = 0; i < s->rules.n; i++) {
		struct srule *r = s->rules.v[i];
		proxy |= is_marked_rule(r) && slice_ieq(r->pub.logsource.category, SL("proxy"));
		if (!is_marked_rule(r) || covered(s, r->pub.logsource.category))
			continue;
		struct witness w = witness_of(s, r->cond, true);
		bool blind = is_blind(r, &w);
		for (size_t k = 0; k < w.n && !blind; k++) {
			fields |= w.v[k].field != FIELD_KEYWORD && r->pub.logsource.category.n;
			*vec_push(all) = w.v[k];
		}
		free(w.v);
	}
	s->marks_escapes = fields;
	for (size_t i = 0; proxy && i < ARRAY_LEN(proxied); i++)
		*vec_push(all) = (struct atom){.text = proxied[i]};
	if (all->n)
		qsort(all->v, all->n, sizeof *all->v, by_text);
}

/* Where a value may stand in other bytes than a rule names: the two letters beyond ASCII that fold to k and s, percent-encoding, backslash
 * escapes. */
static const struct slice escapes[] = {SL("\xe2\x84\xaa"), SL("\xc5\xbf"), SL("%"), SL("\\")};
enum { LETTERS = 2 /* of these, when no field is asked for */ };

static struct screen *screen_of(const struct atoms *all, bool fields)
{
	const size_t more = fields ? ARRAY_LEN(escapes) : LETTERS;
	struct slice *v = xcalloc(all->n + more, sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < all->n; i++)
		if (i == 0 || !slice_eq(all->v[i].text, all->v[i - 1].text))
			v[n++] = all->v[i].text;
	for (size_t i = 0; i < more; i++)
		v[n++] = escapes[i];
	struct screen *s = screen_new(v, n);
	free(v);
	return s;
}

int marks_build(struct sigma_set *s, struct err *e)
{
	struct atoms all = {0};
	int rc = 0;
	find_unmarked(s);
	collect(s, &all);
	if ((all.n || s->marks_all) && !(s->marks = match_new(MATCH_FAST)))
		rc = err_set(e, ERR_NOMEM, "out of memory");
	if (!rc && all.n && !s->marks_all && !s->opt.no_prefilter)
		s->screen = screen_of(&all, s->marks_escapes);
	for (size_t i = 0; i < all.n && !rc && !s->screen; i++)
		if (i == 0 || !slice_eq(all.v[i].text, all.v[i - 1].text))
			rc = match_add(s->marks, all.v[i].text, MATCH_NOCASE, 0, e);
	free(all.v);
	return !rc && s->marks && !s->screen ? match_seal(s->marks, e) : rc;
}

struct sigma_marker *sigma_marker_new(const struct sigma_set *s)
{
	if (!s->marks)
		return NULL;
	struct sigma_marker *m = xcalloc(1, sizeof *m);
	m->all = s->marks_all || s->opt.no_prefilter;
	m->escapes = s->marks_escapes;
	m->screen = m->all ? NULL : s->screen;
	if (!m->all && !m->screen && !(m->ctx = match_ctx_new(s->marks)))
		core_oom();
	return m;
}

void sigma_marker_free(struct sigma_marker *m)
{
	if (!m)
		return;
	match_ctx_free(m->ctx);
	free(m->at.v);
	free(m);
}

/* So short literals as escapes in the matcher's set would make it twice as slow. */
static bool is_escape(struct slice block, size_t at, bool fields)
{
	struct slice s = slice_from(block, at);
	if (s.p[0] == '%' || s.p[0] == '\\')
		return fields; /* keywords look at the line as it is, but fold letters, too */
	return slice_starts(s, escapes[0]) || slice_starts(s, escapes[1]);
}

#ifdef __x86_64__
/* The same, 64 at a time; returns how far it came. */
__attribute__((target("avx2"))) static size_t find_escapes_wide(struct slice block, bool fields, struct sigma_marks *out)
{
	const __m256i a = _mm256_set1_epi8('%'), b = _mm256_set1_epi8('\\'), c = _mm256_set1_epi8((char)0xe2), d = _mm256_set1_epi8((char)0xc5);
	size_t i = 0;
	for (; i + 64 <= block.n; i += 64) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(block.p + i)), y = _mm256_loadu_si256((const __m256i *)(const void *)(block.p + i + 32));
		__m256i u = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(x, a), _mm256_cmpeq_epi8(x, b)), _mm256_or_si256(_mm256_cmpeq_epi8(x, c), _mm256_cmpeq_epi8(x, d)));
		__m256i v = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(y, a), _mm256_cmpeq_epi8(y, b)), _mm256_or_si256(_mm256_cmpeq_epi8(y, c), _mm256_cmpeq_epi8(y, d)));
		uint64_t hits = (uint32_t)_mm256_movemask_epi8(u) | (uint64_t)(uint32_t)_mm256_movemask_epi8(v) << 32;
		for (; hits; hits &= hits - 1) {
			size_t at = i + (size_t)__builtin_ctzll(hits);
			if (is_escape(block, at, fields))
				*vec_push(out) = (uint32_t)at;
		}
	}
	return i;
}
#endif

static void find_escapes(struct slice block, bool fields, struct sigma_marks *out)
{
	size_t i = 0;
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		i = find_escapes_wide(block, fields, out);
#endif
#ifdef __SSE2__
	const __m128i a = _mm_set1_epi8('%'), b = _mm_set1_epi8('\\'), c = _mm_set1_epi8((char)0xe2), d = _mm_set1_epi8((char)0xc5);
	for (; i + 16 <= block.n; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(block.p + i));
		__m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, a), _mm_cmpeq_epi8(x, b)), _mm_or_si128(_mm_cmpeq_epi8(x, c), _mm_cmpeq_epi8(x, d)));
		for (unsigned bits = (unsigned)_mm_movemask_epi8(hit); bits; bits &= bits - 1) {
			size_t at = i + (size_t)__builtin_ctz(bits);
			if (is_escape(block, at, fields))
				*vec_push(out) = (uint32_t)at;
		}
	}
#endif
	for (; i < block.n; i++)
		if (is_escape(block, i, fields))
			*vec_push(out) = (uint32_t)i;
}

struct marking {
	struct slice block;
	struct sigma_marks *out;
	const uint32_t *escape, *end; /* still to be merged in */
	size_t next; /* the line of what was marked last ends before this */
};

static void mark(struct marking *k, size_t at)
{
	if (at < k->next)
		return;
	const char *nl = memchr(k->block.p + at, '\n', k->block.n - at);
	k->next = nl ? (size_t)(nl - k->block.p) + 1 : k->block.n;
	*vec_push(k->out) = (uint32_t)at;
}

static void on_screen(void *arg, size_t at)
{
	mark(arg, at);
}

static void mark_escapes(struct marking *k, size_t upto)
{
	while (k->escape < k->end && *k->escape < upto)
		mark(k, *k->escape++);
}

static int on_mark(void *arg, uint32_t id, size_t end)
{
	struct marking *k = arg;
	(void)id;
	mark_escapes(k, end);
	mark(k, end - 1);
	return 0;
}

void sigma_mark(struct sigma_marker *m, struct slice block, struct sigma_marks *out)
{
	struct marking k = {.block = block, .out = out};
	out->n = 0;
	if (m->screen) {
		screen_scan(m->screen, block, on_screen, &k);
		return;
	}
	if (!m->all) {
		m->at.n = 0;
		find_escapes(block, m->escapes, &m->at);
		k.escape = m->at.v;
		k.end = m->at.v + m->at.n;
		match_run(m->ctx, block, on_mark, &k);
		mark_escapes(&k, block.n);
		return;
	}
	for (size_t at = 0; at < block.n;) {
		const char *nl = memchr(block.p + at, '\n', block.n - at);
		*vec_push(out) = (uint32_t)at;
		at = nl ? (size_t)(nl - block.p) + 1 : block.n;
	}
}
