/* fast.c - the engine that uses vectorscan, asking as little of it as possible.
 *
 * Vectorscan gets only the last FRAGMENT bytes of each literal; what is in front of them is compared here, and
 * MATCH_ONCE is kept here too. The reasons are faults of vectorscan 5.4.9 (Debian 12) that fuzz_match.c and test_match.c
 * find when it is asked for more:
 *  - A small set, or one whose literals begin alike, gets an accelerator that skips ahead to where a match can begin; it
 *    loses hits behind byte 64 (1 % of random scans with two literals). "Decoys", 8-byte literals of bytes no text has
 *    and spread over all values, leave the accelerator nothing to skip by.
 *  - Sets of expressions lose hits in the same way, and HS_FLAG_SINGLEMATCH is one more way to it.
 *  - Literals of more than 8 bytes can end a scan with HS_UNKNOWN_ERROR (Hyperscan issue 303).
 *  - A literal that begins with NUL is refused as empty; leading NULs are cut off its fragment, and literals for which
 *    nothing is left ("rest") go to the slow engine, moved along with vectorscan's hits.
 *
 * Order: vectorscan promises none between different patterns, but its matchers of short literals walk forward and
 * confirm a candidate at its last byte, so that hits come in order of end; both tests check this as well.
 */
#include "match/match_private.h"

#include <hs/hs.h>
#include <stdlib.h>

#define END UINT32_MAX /* of a chain */
enum { FRAGMENT = 8, DECOYS = 16 };

struct fast {
	hs_database_t *db;             /* NULL: every literal is in rest */
	const struct match_lit *lits;  /* the set's */
	size_t n;
	bool all_once;                 /* a run may end when every literal was seen */
	uint32_t nfrag;
	uint32_t *head;                /* fragment -> first literal that ends in it */
	uint32_t *next;                /* literal -> next one with the same fragment, or END */
	struct match_lit *rest_lits;
	size_t nrest;
	void *rest;                    /* slow engine; NULL when there are none */
};

struct fast_scratch {
	hs_scratch_t *hs;
	void *rest;
	uint32_t run;    /* number of the run; seen[i] == run: literal i was reported in it */
	uint32_t *seen;
};

struct fast_run {
	const struct fast *f;
	struct fast_scratch *s;
	struct slice data;
	match_fn *fn;
	void *arg;
	size_t unseen;   /* literals not yet reported; counts only when all are MATCH_ONCE */
	int result;
};

static const struct {
	hs_error_t hs;
	int code;
} hs_codes[] = {
	{HS_SUCCESS, 0},
	{HS_NOMEM, ERR_NOMEM},
	{HS_SCRATCH_IN_USE, ERR_USAGE},
};

static int code_of(hs_error_t r)
{
	for (size_t i = 0; i < ARRAY_LEN(hs_codes); i++)
		if (hs_codes[i].hs == r)
			return hs_codes[i].code;
	return ERR_UNSUPPORTED;
}

bool match_fast_usable(void)
{
	return hs_valid_platform() == HS_SUCCESS;
}

/* ---- compiling ----------------------------------------------------------------------------------------------- */
/* The end of a literal that vectorscan looks for; empty when it is all NUL. */
static struct slice fragment_of(struct slice text)
{
	struct slice f = slice_from(text, text.n > FRAGMENT ? text.n - FRAGMENT : 0);

	while (f.n > 0 && *f.p == '\0')
		f = slice_from(f, 1);
	return f;
}

static void fast_unseal(void *sealed)
{
	struct fast *f = sealed;

	if (f == NULL)
		return;
	hs_free_database(f->db);
	match_slow_unseal(f->rest);
	free(f->rest_lits);
	free(f->head);
	free(f->next);
	free(f);
}

/* Fragments by number and whether they fold case; equal ones share a number. */
static void chain_fragments(struct fast *f, struct strtab *frags)
{
	f->head = xcalloc(f->n + 1, sizeof(*f->head));
	f->next = xcalloc(f->n, sizeof(*f->next));
	for (size_t i = 0; i < f->n; i++) {
		struct slice frag = fragment_of(f->lits[i].text);
		char name[1 + FRAGMENT];
		if (frag.n == 0) {
			f->rest_lits[f->nrest++] = f->lits[i];
			continue;
		}
		bool nocase = (f->lits[i].flags & MATCH_NOCASE) != 0;
		name[0] = nocase ? 'i' : 'c';
		for (size_t k = 0; k < frag.n; k++)
			name[1 + k] = nocase ? (char)match_fold(frag.p[k]) : frag.p[k];
		uint32_t at = strtab_put(frags, slice_make(name, 1 + frag.n)) - 1; /* number 0 is the empty string */
		if (at == f->nfrag)
			f->head[f->nfrag++] = END;
		f->next[i] = f->head[at];
		f->head[at] = (uint32_t)i;
	}
}

/* Bytes 1-8, 14-31 and 128-255 in an order without pattern: every position of the decoys has many values. */
static const char *decoy(struct arena *a, unsigned number)
{
	char *p = arena_alloc(a, FRAGMENT);

	for (unsigned k = 0; k < FRAGMENT; k++) {
		unsigned v = (number * 61 + k * 97 + number * k * 29) % 154;
		p[k] = (char)(v < 8 ? v + 1 : v < 26 ? v + 6 : v + 102);
	}
	return p;
}

static int compile(struct fast *f, const struct strtab *frags, struct err *e)
{
	unsigned n = f->nfrag + DECOYS;
	struct arena tmp;
	hs_compile_error_t *why = NULL;
	int r = 0;

	arena_init(&tmp);
	const char **text = arena_alloc(&tmp, n * sizeof(*text));
	unsigned *flags = arena_alloc(&tmp, n * sizeof(*flags)), *index = arena_alloc(&tmp, n * sizeof(*index));
	size_t *lens = arena_alloc(&tmp, n * sizeof(*lens));
	for (unsigned i = 0; i < n; i++) {
		struct slice name = i < f->nfrag ? strtab_get(frags, i + 1) : SLICE_NONE;
		text[i] = i < f->nfrag ? name.p + 1 : decoy(&tmp, i - f->nfrag);
		lens[i] = i < f->nfrag ? name.n - 1 : FRAGMENT;
		flags[i] = i < f->nfrag && name.p[0] == 'i' ? HS_FLAG_CASELESS : 0;
		index[i] = i;
	}
	hs_error_t h = hs_compile_lit_multi(text, flags, index, lens, n, HS_MODE_BLOCK, NULL, &f->db, &why);
	if (h != HS_SUCCESS) {
		f->db = NULL;
		r = err_set(e, code_of(h), "vectorscan cannot compile %zu literals: %s", f->n,
			why != NULL && why->message != NULL ? why->message : "no reason given");
		hs_free_compile_error(why);
	}
	arena_free(&tmp);
	return r;
}

static int fast_seal(const struct match_lit *lits, size_t n, void **sealed, struct err *e)
{
	struct fast *f = xcalloc(1, sizeof(*f));
	struct strtab *frags = strtab_new();
	int r = 0;

	f->lits = lits;
	f->n = n;
	f->all_once = true;
	for (size_t i = 0; i < n; i++)
		f->all_once = f->all_once && (lits[i].flags & MATCH_ONCE) != 0;
	f->rest_lits = xcalloc(n, sizeof(*f->rest_lits));
	chain_fragments(f, frags);
	if (f->nrest > 0)
		r = match_slow_seal(f->rest_lits, f->nrest, &f->rest, e);
	if (r == 0 && f->nfrag > 0)
		r = compile(f, frags, e);
	strtab_free(frags);
	if (r < 0) {
		fast_unseal(f);
		f = NULL;
	}
	*sealed = f;
	return r;
}

/* ---- running ------------------------------------------------------------------------------------------------- */
static void fast_scratch_free(void *scratch)
{
	struct fast_scratch *s = scratch;

	if (s == NULL)
		return;
	hs_free_scratch(s->hs);
	match_slow_scratch_free(s->rest);
	free(s->seen);
	free(s);
}

static void *fast_scratch_new(const void *sealed)
{
	const struct fast *f = sealed;
	struct fast_scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->seen = calloc(f->n, sizeof(*s->seen));
	bool ok = s->seen != NULL;
	if (ok && f->db != NULL)
		ok = hs_alloc_scratch(f->db, &s->hs) == HS_SUCCESS;
	if (ok && f->rest != NULL) {
		s->rest = match_slow_scratch_new(f->rest);
		ok = s->rest != NULL;
	}
	if (!ok) {
		fast_scratch_free(s);
		return NULL;
	}
	return s;
}

/* The literals of one fragment that are there in full. Non-zero ends the scan, r->result says how. */
static int report(struct fast_run *r, uint32_t fragment, size_t end)
{
	const struct fast *f = r->f;

	for (uint32_t i = f->head[fragment]; i != END; i = f->next[i]) {
		const struct match_lit *l = &f->lits[i];
		bool once = (l->flags & MATCH_ONCE) != 0;
		if (once && r->s->seen[i] == r->s->run)
			continue;
		if (l->text.n > end || !match_same(l, r->data.p + (end - l->text.n)))
			continue;
		if (once) {
			r->s->seen[i] = r->s->run;
			r->unseen--;
		}
		if (r->fn(r->arg, l->id, end) != 0) {
			r->result = ERR_STOPPED;
			return 1;
		}
	}
	return f->all_once && r->unseen == 0;
}

static int fast_hit(unsigned index, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
	struct fast_run *r = ctx;

	(void)from;
	(void)flags;
	if (index >= r->f->nfrag) /* a decoy */
		return 0;
	if (r->f->rest != NULL) {
		r->result = match_slow_advance(r->f->rest, r->s->rest, r->data, (size_t)to, r->fn, r->arg);
		if (r->result != 0)
			return 1;
	}
	return report(r, index, (size_t)to);
}

static int fast_run(const void *sealed, void *scratch, struct slice data, match_fn *fn, void *arg)
{
	const struct fast *f = sealed;
	struct fast_scratch *s = scratch;
	struct fast_run run = {f, s, data, fn, arg, f->n, 0}; /* a rest keeps unseen above zero */

	if (++s->run == 0) { /* the counter wrapped: old marks would count again */
		memset(s->seen, 0, f->n * sizeof(*s->seen));
		s->run = 1;
	}
	if (f->rest != NULL)
		match_slow_begin(s->rest);
	if (f->db != NULL) {
		hs_error_t h = hs_scan(f->db, data.p, (unsigned)data.n, 0, s->hs, fast_hit, &run);
		if (h != HS_SUCCESS && h != HS_SCAN_TERMINATED)
			run.result = code_of(h);
	}
	if (run.result == 0 && f->rest != NULL)
		run.result = match_slow_advance(f->rest, s->rest, data, data.n, fn, arg);
	return run.result;
}

const struct match_ops match_fast_ops = {
	.seal = fast_seal,
	.unseal = fast_unseal,
	.scratch_new = fast_scratch_new,
	.scratch_free = fast_scratch_free,
	.run = fast_run,
};
