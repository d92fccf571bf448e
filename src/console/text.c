/* text.c - the catalogue. */
#include "console/console_private.h"

static const struct {
	const char *id, *one[LURE_LANGUAGES], *other[LURE_LANGUAGES];
} texts[TEXT_COUNT] = {
#define T(id, en, de, ko) {#id, {en, de, ko}, {en, de, ko}},
#define TN(id, en1, en, de1, de, ko) {#id, {en1, de1, ko}, {en, de, ko}},
#include "console/texts.def"
#undef T
#undef TN
};

static bool known(enum text t, enum lure_language l)
{
	return (unsigned)t < TEXT_COUNT && (unsigned)l < LURE_LANGUAGES;
}

const char *text_of(enum text t, enum lure_language l)
{
	return known(t, l) ? texts[t].other[l] : "";
}

const char *text_form(enum text t, enum lure_language l, uint64_t n)
{
	return !known(t, l) ? "" : n == 1 ? texts[t].one[l] : texts[t].other[l];
}

const char *text_id(enum text t)
{
	return (unsigned)t < TEXT_COUNT ? texts[t].id : "";
}
