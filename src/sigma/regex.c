/* regex.c - regular expressions through PCRE2: compiled once, with limits in every search. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "sigma/sigma_private.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum { REGEX_STEPS = 200000, REGEX_DEPTH = 2000, REGEX_HEAP_KIB = 4096, REGEX_TEXT_MAX = 8192, REGEX_STACK_MIN = 32 << 10, REGEX_STACK_MAX = 1 << 20 };

struct regex {
	pcre2_code *code;
	char literal[64];
	size_t nliteral;
	bool nocase;
};

/* ---- literals ------------------------------------------------------------------------------------------------ */

struct scan {
	struct slice s;
	char run[64], best[64];
	size_t nrun, nbest;
	unsigned depth;
	bool broken; /* an alternative at the outermost level: nothing is certain */
};

static void run_end(struct scan *x)
{
	if (x->nrun > x->nbest) {
		memcpy(x->best, x->run, x->nrun);
		x->nbest = x->nrun;
	}
	x->nrun = 0;
}

static void run_add(struct scan *x, char c)
{
	if (x->depth)
		return;
	if (x->nrun == sizeof x->run)
		run_end(x);
	x->run[x->nrun++] = c;
}

/* Is what was just read optional (?, *, {0,})? The character before a quantifier is not certain to be there that often. */
static size_t quantifier(struct scan *x, size_t i)
{
	char c = i < x->s.n ? x->s.p[i] : 0;
	size_t n = 0;
	if (c == '*' || c == '?' || c == '+') {
		n = 1;
	} else if (c == '{') {
		size_t k = i + 1;
		while (k < x->s.n && ((x->s.p[k] >= '0' && x->s.p[k] <= '9') || x->s.p[k] == ','))
			k++;
		n = k < x->s.n && x->s.p[k] == '}' ? k + 1 - i : 0;
	}
	if (n && i + n < x->s.n && (x->s.p[i + n] == '?' || x->s.p[i + n] == '+'))
		n++;
	return n;
}

static size_t class_length(struct slice s) /* of [...] at the start */
{
	size_t i = 1;
	if (i < s.n && s.p[i] == '^')
		i++;
	if (i < s.n && s.p[i] == ']')
		i++;
	while (i < s.n && s.p[i] != ']')
		i += s.p[i] == '\\' ? 2 : 1;
	return MIN(i + 1, s.n);
}

/* The longest run of plain characters outside of groups, classes, alternatives and optional parts. Whatever this reader is
 * not sure about ends a run: less than there is, never more. */
static void find_literal(struct regex *re, struct slice text)
{
	struct scan x = {.s = text};
	size_t i = slice_starts(text, SL("(?i)")) ? 4 : 0;
	while (i < text.n && !x.broken) {
		char c = text.p[i];
		size_t len = 1;
		bool plain = false;
		if (c == '\\' && i + 1 < text.n) {
			len = 2;
			c = text.p[i + 1];
			plain = !((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && !(c & 0x80);
			x.broken |= c == 'Q' || c == 'x' || c == 'u' || c == 'p' || c == 'P' || c == 'N' || c == 'o' || c == 'c' || c == 'k' || c == 'g';
		} else if (c == '[') {
			len = class_length(slice_from(text, i));
		} else if (c == '(') {
			/* flags or verbs within change what letters mean: give up but for the plain group */
			x.broken |= i + 1 < text.n && (text.p[i + 1] == '*' || (text.p[i + 1] == '?' && !(i + 2 < text.n && text.p[i + 2] == ':')));
			run_end(&x);
			x.depth++;
		} else if (c == ')') {
			x.depth -= x.depth > 0;
			size_t q = quantifier(&x, i + 1);
			run_end(&x);
			i += q;
		} else if (c == '|') {
			x.broken |= x.depth == 0;
		} else {
			plain = !strchr(".^$*+?{}", c) && c != 0 && !(c & 0x80);
		}
		size_t q = c == '(' || c == ')' ? 0 : quantifier(&x, i + len);
		if (plain && !q)
			run_add(&x, c);
		else
			run_end(&x);
		i += len + q;
	}
	run_end(&x);
	if (!x.broken && x.nbest >= 3) {
		memcpy(re->literal, x.best, x.nbest);
		re->nliteral = x.nbest;
	}
	re->nocase = true; /* indexes fold case anyway */
}

struct slice regex_literal(const struct regex *re, bool *nocase)
{
	*nocase = re->nocase;
	return slice_make(re->literal, re->nliteral);
}

/* ---- compiling and searching --------------------------------------------------------------------------------- */

int regex_new(struct sigma_set *s, struct slice text, bool i, bool m, bool dotall, struct regex **out, char *why, size_t nwhy)
{
	int code;
	PCRE2_SIZE at;
	uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | (i ? PCRE2_CASELESS : 0) |
			 (m ? PCRE2_MULTILINE : 0) | (dotall ? PCRE2_DOTALL : 0);
	if (text.n > REGEX_TEXT_MAX) {
		snprintf(why, nwhy, "longer than %d bytes", REGEX_TEXT_MAX);
		return ERR_LIMIT;
	}
	pcre2_code *c = pcre2_compile((PCRE2_SPTR)text.p, text.n, flags, &code, &at, NULL);
	if (!c) {
		PCRE2_UCHAR msg[200] = "";
		pcre2_get_error_message(code, msg, sizeof msg);
		snprintf(why, nwhy, "%s, at its character %zu", (const char *)msg, (size_t)at + 1);
		return ERR_SYNTAX;
	}
	pcre2_jit_compile(c, PCRE2_JIT_COMPLETE); /* where it cannot, the interpreter serves */
	struct regex *re = xcalloc(1, sizeof *re);
	re->code = c;
	find_literal(re, text);
	*vec_push(&s->regexes) = re;
	*out = re;
	return 0;
}

/* What one thread searches with. */
struct scratch {
	pcre2_match_data *match;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;  /* the 32 KiB that come with PCRE2 are too small for long values */
	uint64_t given_up;       /* searches that reached a limit */
};

bool regex_search(const struct regex *re, void *scratch, struct slice text)
{
	struct scratch *x = scratch;
	int rc = pcre2_match(re->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, x->match, x->limits);
	x->given_up += rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT || rc == PCRE2_ERROR_JIT_STACKLIMIT;
	return rc >= 0;
}

void regex_free(struct regex *re)
{
	pcre2_code_free(re->code);
	free(re);
}

void *regex_scratch(void)
{
	struct scratch *x = xcalloc(1, sizeof *x);
	x->match = pcre2_match_data_create(1, NULL);
	x->limits = pcre2_match_context_create(NULL);
	x->stack = pcre2_jit_stack_create(REGEX_STACK_MIN, REGEX_STACK_MAX, NULL);
	if (!x->match || !x->limits || !x->stack) {
		regex_scratch_free(x);
		return NULL;
	}
	pcre2_set_match_limit(x->limits, REGEX_STEPS);
	pcre2_set_depth_limit(x->limits, REGEX_DEPTH);
	pcre2_set_heap_limit(x->limits, REGEX_HEAP_KIB);
	pcre2_jit_stack_assign(x->limits, NULL, x->stack);
	return x;
}

uint64_t regex_given_up(const void *scratch)
{
	return ((const struct scratch *)scratch)->given_up;
}

void regex_scratch_free(void *scratch)
{
	struct scratch *x = scratch;
	pcre2_match_data_free(x->match);
	pcre2_match_context_free(x->limits);
	pcre2_jit_stack_free(x->stack);
	free(x);
}
