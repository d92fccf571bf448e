/* witness.c - what an event must have for a rule to hold: a set of atoms of which one must be there. Sound by construction: an
 * atom is weaker than the item it stands for, a negation has none. Which of several sets is the rarest is an estimate. */
#include "sigma/witness.h"

#include <stdlib.h>

/* Text that events are full of: a literal within one of these tells little. Folded; one after another, so that one search is enough. */
static const char common[] =
	"c:\\windows\\system32\\\0" "c:\\windows\\syswow64\\\0" "\\appdata\\local\\\0" "\\appdata\\roaming\\\0" "\\appdata\\local\\temp\\\0"
	"c:\\program files (x86)\\\0" "c:\\program files\\\0" "c:\\users\\\0" ":\\users\\public\\\0" "c:\\programdata\\\0" "http://www.\0" "https://www.\0" "/usr/sbin/\0" "/usr/bin/\0" "/usr/local/bin/\0"
	"/var/log/\0" "/tmp/\0" "/etc/\0" "/home/\0" "hklm\\software\\microsoft\\windows\\currentversion\\\0" "\\software\\microsoft\\windows nt\\currentversion\\\0"
	"\\software\\classes\\\0" "hkcu\\software\\microsoft\\\0" "hku\\\0" "\\system\\currentcontrolset\\services\\\0" "hklm\\system\\currentcontrolset\\control\\\0" "microsoft\0" "windows\0"
	"powershell.exe\0" "cmd.exe\0" "svchost.exe\0" "explorer.exe\0" "rundll32.exe\0" "system\0" "dword (0x00000001)\0" "dword (0x00000000)\0" "nt authority\\system\0"
	"failed\0" "error\0" "root\0" "user\0" "admin\0" "select\0" "script\0" "index.php\0" "true\0" "false\0" "get\0" "post\0" "mozilla/5.0 (windows nt 10.0; win64; x64)\0"
	"applewebkit/537.36 (khtml, like gecko) chrome/\0" "-command\0" "-enc\0" "new-object\0" "import-module\0" "invoke-\0" "get-\0" "set-\0" ".value\0" "$env:\0" ".exe\0" ".dll\0" ".ps1\0" ".php\0" ".html\0" ".jpg\0" ".aspx\0" ".jsp\0";
enum { COMMON_MAX = 80 }; /* longer than any of them */

static bool is_punct(char c)
{
	return c > ' ' && !(c & 0x80) && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z');
}

double literal_cost(struct slice s)
{
	static const double by_length[] = {1, 1, 0.5, 0.15, 0.05, 0.02, 0.012, 0.009, 0.007, 0.006, 0.005};
	if (s.n == 2 && is_punct(s.p[0]) && is_punct(s.p[1])) /* ${ {{ <% */
		return 0.1;
	double rare = by_length[MIN(s.n, ARRAY_LEN(by_length) - 1)];
	return s.n < COMMON_MAX && slice_chr(s, 0) < 0 && slice_has(slice_make(common, sizeof common), s) ? 0.3 + rare * 0.7 : rare;
}

/* ---- what many rules ask for ---------------------------------------------------------------------------------- */

/* A whole value that many rules ask for tells kinds of events apart (type: EXECVE) and is no rare one. */
enum { KINDLY = 6 };
#define KEYWORD_COST 0.7 /* every text of every event is folded and searched for it */
#define KIND_COST_EACH 0.03
#define KIND_COST_MOST 0.6

struct asked {
	struct strtab *values;    /* field and text */
	struct { uint32_t *v; size_t n, cap; } rules; /* by number of the value: how many rules ask for it, */
	struct { uint32_t *v; size_t n, cap; } last;  /* and the last of them */
};

static struct slice value_name(char buf[static 80], uint32_t field, struct slice text)
{
	memcpy(buf, &field, sizeof field);
	size_t n = MIN(text.n, 80 - sizeof field);
	if (n)
		memcpy(buf + sizeof field, text.p, n);
	return slice_make(buf, sizeof field + n);
}

static void ask(struct asked *a, uint32_t rule, uint32_t field, struct slice text)
{
	char buf[80];
	uint32_t at = strtab_put(a->values, value_name(buf, field, text));
	while (a->rules.n <= at) {
		*vec_push(&a->rules) = 0;
		*vec_push(&a->last) = UINT32_MAX;
	}
	a->rules.v[at] += a->last.v[at] != rule;
	a->last.v[at] = rule;
}

static void ask_all(struct asked *a, uint32_t rule, const struct expr *x)
{
	if (x->op == EX_ITEM) {
		const struct item *it = x->item;
		for (uint32_t i = 0; i < it->nmatch && it->field != FIELD_KEYWORD && !it->neq; i++)
			if (it->match[i].kind == MK_EXACT || it->match[i].kind == MK_NUMBER)
				ask(a, rule, it->field, it->match[i].text);
		return;
	}
	for (uint32_t i = 0; i < x->n && x->op != EX_NOT; i++)
		ask_all(a, rule, x->kid[i]);
}

struct asked *asked_new(const struct sigma_set *s)
{
	struct asked *a = xcalloc(1, sizeof *a);
	a->values = strtab_new();
	for (uint32_t i = 0; i < s->rules.n; i++)
		if (s->rules.v[i]->cond && !s->rules.v[i]->bad)
			ask_all(a, i, s->rules.v[i]->cond);
	return a;
}

void asked_free(struct asked *a)
{
	if (!a)
		return;
	strtab_free(a->values);
	free(a->rules.v);
	free(a->last.v);
	free(a);
}

static double kind_cost(const struct asked *a, uint32_t field, struct slice text)
{
	char buf[80];
	uint32_t at = a ? strtab_find(a->values, value_name(buf, field, text)) : UINT32_MAX;
	uint32_t n = at < (a ? a->rules.n : 0) ? a->rules.v[at] : 0;
	return n < KINDLY ? 0 : MIN(n * KIND_COST_EACH, KIND_COST_MOST);
}

/* ---- sets of atoms --------------------------------------------------------------------------------------------- */

static double atom_cost(const struct asked *asked, const struct atom *a)
{
	double c = literal_cost(a->text);
	switch (a->kind) {
	case ATOM_EXACT: /* whole values that are common are few: GET, true */
		return MAX(a->text.n < 3 ? 0.05 : c > 0.3 ? c : c * 0.3, kind_cost(asked, a->field, a->text));
	case ATOM_NUMBER: return MAX(0.02, kind_cost(asked, a->field, a->text));
	case ATOM_BASE: return c * 0.2;
	case ATOM_LITERAL: return c;
	default: return 0.7;
	}
}

static void add(const struct sigma_set *s, struct witness *w, enum atom_kind kind, uint32_t field, struct slice text)
{
	if (field == FIELD_KEYWORD ? kind != ATOM_LITERAL : w->what == FOR_TEXTS) { /* a keyword is looked for in all texts: nothing is certain */
		w->none = true;
		return;
	}
	if (kind == ATOM_LITERAL && text.n == 0) {
		kind = ATOM_PRESENT;
		if (field == FIELD_KEYWORD) {
			w->none = true;
			return;
		}
	}
	struct atom *a = vec_push(w);
	*a = (struct atom){.kind = (uint8_t)kind, .field = field, .text = text};
	double c = atom_cost(s->asked, a);
	/* looked for in whole lines of any log, a common literal is worse than many rare ones */
	c += field == FIELD_KEYWORD && w->what == FOR_EVENTS ? KEYWORD_COST : 0;
	w->cost += w->what == FOR_LINES ? (literal_cost(text) > 0.3 || kind == ATOM_PRESENT ? 100 : literal_cost(text)) : c;
	w->cost += 0.0002;
}

static struct slice longest_part(const struct match *m)
{
	struct slice best = SLICE_NONE;
	for (size_t i = 0; i < m->nparts; i++)
		if (m->parts[i].kind == PART_TEXT && m->parts[i].text.n > best.n)
			best = m->parts[i].text;
	return best;
}

/* A literal longer than the matcher takes stands for its beginning. */
static struct slice cut(struct slice s)
{
	return slice_to(s, 200);
}

static void of_match(struct sigma_set *s, struct witness *w, uint32_t field, const struct match *m)
{
	struct slice text = m->cased && m->kind <= MK_CONTAINS ? fold_dup(&s->mem, m->text) : m->text;
	bool nocase;
	switch (m->kind) {
	case MK_EXACT:
		add(s, w, field == FIELD_KEYWORD ? ATOM_LITERAL : ATOM_EXACT, field, text);
		return;
	case MK_SUFFIX: {
		size_t i = text.n;
		while (i && text.p[i - 1] != '\\' && text.p[i - 1] != '/')
			i--;
		if (i && i < text.n)
			add(s, w, ATOM_BASE, field, slice_from(text, i));
		else
			add(s, w, ATOM_LITERAL, field, cut(text));
		return;
	}
	case MK_PREFIX: case MK_CONTAINS:
		add(s, w, ATOM_LITERAL, field, cut(text));
		return;
	case MK_GLOB:
		text = longest_part(m);
		add(s, w, ATOM_LITERAL, field, cut(m->cased ? fold_dup(&s->mem, text) : text));
		return;
	case MK_RE:
		text = regex_literal(m->re, &nocase);
		add(s, w, ATOM_LITERAL, field, text.n ? fold_dup(&s->mem, text) : text);
		return;
	case MK_TOKEN:
		add(s, w, ATOM_LITERAL, field, text);
		return;
	case MK_NUMBER:
		add(s, w, ATOM_NUMBER, field, text);
		return;
	case MK_BOOL:
		add(s, w, ATOM_EXACT, field, m->yes ? SL("true") : SL("false"));
		return;
	case MK_NULL:
		w->none = true;
		return;
	case MK_EXISTS:
		if (m->yes)
			add(s, w, ATOM_PRESENT, field, SLICE_NONE);
		else
			w->none = true;
		return;
	default: /* a value of some kind must be there */
		add(s, w, ATOM_PRESENT, field, SLICE_NONE);
		return;
	}
}

static void of_group(struct sigma_set *s, struct witness *w, const struct item *it, uint32_t g)
{
	for (uint32_t i = 0; i < it->group[g].n; i++)
		of_match(s, w, it->field, &it->match[it->group[g].first + i]);
}

static bool better(const struct witness *a, const struct witness *b)
{
	return !a->none && (b->none || a->cost < b->cost);
}

/* best becomes the better one; the other is freed. */
static void keep_better(struct witness *best, struct witness *w, bool first)
{
	if (first || better(w, best)) {
		free(best->v);
		*best = *w;
	} else {
		free(w->v);
	}
}

static struct witness of_item(struct sigma_set *s, const struct item *it, enum witness_for what)
{
	struct witness best = {.what = what};
	if (it->neq) {
		best.none = true;
		return best;
	}
	for (uint32_t g = 0; g < it->ngroup; g++) {
		struct witness w = {.what = what};
		if (!it->all) {
			of_group(s, &best, it, g);
			continue;
		}
		of_group(s, &w, it, g);
		keep_better(&best, &w, g == 0);
	}
	return best;
}

struct witness witness_of(struct sigma_set *s, const struct expr *x, enum witness_for what)
{
	struct witness best = {.what = what};
	if (x->op == EX_ITEM)
		return of_item(s, x->item, what);
	if (x->op == EX_FALSE)
		return best; /* no atom: never a candidate, and it never holds */
	if (x->op == EX_NOT || x->op == EX_TRUE || x->n == 0) {
		best.none = true;
		return best;
	}
	for (uint32_t i = 0; i < x->n; i++) {
		struct witness w = witness_of(s, x->kid[i], what);
		if (x->op == EX_AND) {
			keep_better(&best, &w, i == 0);
			continue;
		}
		best.none |= w.none;
		best.cost += w.cost;
		for (size_t k = 0; k < w.n && !best.none; k++)
			*vec_push(&best) = w.v[k];
		free(w.v);
	}
	return best;
}
