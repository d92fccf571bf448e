/* zone_file.c - TZif data (RFC 8536) to struct zone. Every length is checked before anything is read by it. */
#include "org/zone_private.h"

#include <stdlib.h>

enum { HEADER = 44, TYPE_BYTES = 6 };

/* The six counts of a header in the order of the file. */
enum { ISUT, ISSTD, LEAP, TIME, TYPE, CHAR, COUNTS };

struct tzif_header {
	char version; /* 0, '2', '3', '4' */
	uint32_t n[COUNTS];
};

static uint32_t be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t be_time(const char *p, size_t width)
{
	if (width == 4)
		return (int32_t)be32(p);
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool take_bytes(struct slice *s, size_t n, const char **out)
{
	if (s->n < n)
		return false;
	*out = s->p;
	s->p += n;
	s->n -= n;
	return true;
}

static int take_header(struct slice *s, struct tzif_header *h, struct err *e)
{
	const char *p;

	if (!take_bytes(s, HEADER, &p))
		return err_set(e, ERR_TRUNC, "zone data ends within its header");
	if (memcmp(p, "TZif", 4) != 0)
		return err_set(e, ERR_SYNTAX, "not zone data: TZif is missing at its start");
	h->version = p[4];
	if (h->version != 0 && (h->version < '2' || h->version > '9'))
		return err_set(e, ERR_UNSUPPORTED, "zone data of unknown version 0x%02x", (unsigned char)h->version);
	for (size_t i = 0; i < COUNTS; i++)
		h->n[i] = be32(p + 20 + 4 * i);
	if (h->n[TIME] > ZONE_TRANSITIONS_MAX || h->n[TYPE] > ZONE_TYPES_MAX || h->n[LEAP] > ZONE_FILE_MAX ||
		h->n[CHAR] > ZONE_FILE_MAX || h->n[ISUT] > ZONE_TYPES_MAX || h->n[ISSTD] > ZONE_TYPES_MAX)
		return err_set(e, ERR_LIMIT, "zone data with counts no zone has");
	return 0;
}

/* The counts are capped, so none of this can wrap. */
static size_t block_bytes(const struct tzif_header *h, size_t width)
{
	return h->n[TIME] * (width + 1) + h->n[TYPE] * TYPE_BYTES + h->n[CHAR] + h->n[LEAP] * (width + 4) +
		h->n[ISSTD] + h->n[ISUT];
}

static int fill_types(struct zone *z, const char *p, struct err *e)
{
	for (size_t i = 0; i < z->ntypes; i++) {
		int32_t off = (int32_t)be32(p + i * TYPE_BYTES);
		if (off <= ZONE_OFFSET_MIN || off >= ZONE_OFFSET_MAX)
			return err_set(e, ERR_RANGE, "zone data with an offset of %d seconds", off);
		z->off[i] = off;
	}
	return 0;
}

static int fill_transitions(struct zone *z, const char *times, const char *indices, size_t width, struct err *e)
{
	for (size_t i = 0; i < z->n; i++) {
		z->at[i] = be_time(times + i * width, width);
		z->idx[i] = (uint8_t)indices[i];
		if (i > 0 && z->at[i] <= z->at[i - 1])
			return err_set(e, ERR_SYNTAX, "zone data with transitions out of order");
		if (z->idx[i] >= z->ntypes)
			return err_set(e, ERR_RANGE, "zone data with a transition to type %u of %zu", z->idx[i], z->ntypes);
	}
	return 0;
}

/* One data block; s moves behind it. */
static int take_block(struct slice *s, const struct tzif_header *h, size_t width, struct zone *z, struct err *e)
{
	const char *p;
	int r;

	if (!take_bytes(s, block_bytes(h, width), &p))
		return err_set(e, ERR_TRUNC, "zone data ends within its tables");
	if (h->n[TYPE] == 0)
		return err_set(e, ERR_SYNTAX, "zone data without any local time type");
	if (h->n[LEAP] != 0)
		return err_set(e, ERR_UNSUPPORTED, "zone data that counts leap seconds; logs do not: take the zone "
			"of the same name without right/");
	z->n = h->n[TIME];
	z->ntypes = h->n[TYPE];
	z->at = xcalloc(z->n + 1, sizeof(*z->at));
	z->idx = xcalloc(z->n + 1, sizeof(*z->idx));
	z->off = xcalloc(z->ntypes, sizeof(*z->off));
	r = fill_types(z, p + z->n * (width + 1), e);
	return r < 0 ? r : fill_transitions(z, p, p + z->n * width, width, e);
}

/* "\n<TZ string>\n"; an empty string: nothing is known behind the last transition. */
static int take_footer(struct slice s, struct zone *z, struct err *e)
{
	struct slice rule;
	int r;

	if (s.n < 2 || s.p[0] != '\n')
		return err_set(e, ERR_TRUNC, "zone data without a footer");
	s = slice_from(s, 1);
	ssize_t end = slice_chr(s, '\n');
	if (end < 0)
		return err_set(e, ERR_TRUNC, "zone data ends within its footer");
	rule = slice_to(s, (size_t)end);
	if (rule.n == 0)
		return 0;
	r = zone_rule_parse(rule, &z->rule);
	if (r < 0)
		return err_set(e, r, "zone data with a footer that is no TZ string");
	z->has_rule = true;
	return 0;
}

struct zone *zone_parse(struct slice s, struct err *e)
{
	struct zone *z = xcalloc(1, sizeof(*z));
	struct tzif_header h;
	const char *skipped;
	int r = take_header(&s, &h, e);

	if (r < 0)
		goto out;
	if (h.version == 0) {
		r = take_block(&s, &h, 4, z, e);
		goto out;
	}
	/* version 2 and later: the 32-bit block is there for old readers only */
	if (!take_bytes(&s, block_bytes(&h, 4), &skipped)) {
		r = err_set(e, ERR_TRUNC, "zone data ends within its tables");
		goto out;
	}
	r = take_header(&s, &h, e);
	if (r == 0)
		r = take_block(&s, &h, 8, z, e);
	if (r == 0)
		r = take_footer(s, z, e);
out:
	if (r < 0) {
		zone_free(z);
		z = NULL;
	}
	return z;
}
