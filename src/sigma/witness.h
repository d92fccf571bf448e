/* witness.h - what witness.c tells route.c. */
#ifndef POSTERN_SIGMA_WITNESS_H
#define POSTERN_SIGMA_WITNESS_H

#include "sigma/sigma_private.h"

enum atom_kind {
	ATOM_EXACT,   /* the field's folded text is this */
	ATOM_NUMBER,  /* the field's text is this number, however written */
	ATOM_BASE,    /* what follows the last slash or backslash of the field's folded text is this */
	ATOM_LITERAL, /* the field's folded text, or any text for keywords, holds this */
	ATOM_PRESENT, /* the field is there */
};
struct atom {
	uint8_t kind;
	uint32_t field;
	struct slice text; /* folded */
};
enum witness_for {
	FOR_EVENTS, /* indexes: fields and keywords of an event */
	FOR_LINES,  /* marks: literals are looked for in whole lines */
	FOR_TEXTS,  /* keywords only */
};
struct witness {
	struct atom *v;
	size_t n, cap;
	double cost;
	enum witness_for what;
	bool none; /* nothing is certain: the rule is judged for every event of its log source */
};
/* How often such a literal occurs, 0 to 1: an estimate. */
double literal_cost(struct slice s);
/* Which whole values how many rules ask for: what makes such a value a poor witness. */
struct asked *asked_new(const struct sigma_set *s);
void asked_free(struct asked *a);
struct witness witness_of(struct sigma_set *s, const struct expr *x, enum witness_for what);

#endif
