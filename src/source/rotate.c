/* rotate.c - rotated files: which belong together, and which is older.
 *
 *      auth.log.2.gz  auth.log.1  auth.log              numbered: the higher the older
 *      auth.log-20260504  auth-2026-05-04.log           dated
 *      app.2026-05-04.3.log                             dated, then counted up within the day
 */
#include "source/source_priv.h"

#include <stdlib.h>

static const struct slice pack_suffixes[] = {
	SL(".gz"), SL(".xz"), SL(".zst"), SL(".bz2"), SL(".lz4"), SL(".Z"), SL(".lzma"), SL(".zip"),
};
/* Suffixes that may follow the date or number. */
static const struct slice kind_suffixes[] = {
	SL(".log"), SL(".txt"), SL(".json"), SL(".jsonl"), SL(".ndjson"), SL(".out"), SL(".err"), SL(".csv"), SL(".xml"),
};
/* Y M D h m s: digits; S: seconds since the epoch, ten digits; y: a year of two digits. */
static const char *const date_forms[] = {"YYYYMMDD", "YYYY-MM-DD", "YYYY_MM_DD", "YYYY.MM.DD"};
static const char *const time_forms[] = {
	"",       "-hh",    "_hh",     "Thh",       "hh",        "-hhmm",     "_hhmm",     "Thhmm",    "hhmm",
	"-hhmmss", "_hhmmss", ".hhmmss", "Thhmmss",   "ThhmmssZ",  "hhmmss",    "-hh-mm",    "_hh-mm",   "Thh-mm",
	"Thh:mm", "-hh-mm-ss", "_hh-mm-ss", "Thh-mm-ss", "Thh:mm:ss", "Thh:mm:ssZ",
};

struct stamp {
	unsigned year, month, day, hour, minute, second;
	uint64_t epoch;
};

/* Match s against form from the start; false when it differs or is too short. */
static bool match_form(struct slice *s, const char *form, struct stamp *t)
{
	struct slice rest = *s;

	for (; *form; form++, rest = slice_from(rest, 1)) {
		if (rest.n == 0)
			return false;
		unsigned d = (unsigned)(unsigned char)rest.p[0] - '0';
		unsigned *to = *form == 'Y' || *form == 'y' ? &t->year
			     : *form == 'M'		     ? &t->month
			     : *form == 'D'		     ? &t->day
			     : *form == 'h'		     ? &t->hour
			     : *form == 'm'		     ? &t->minute
			     : *form == 's'		     ? &t->second
							     : NULL;
		if (to ? d > 9 : *form == 'S' ? d > 9 : rest.p[0] != *form)
			return false;
		if (to)
			*to = *to * 10 + d;
		else if (*form == 'S')
			t->epoch = t->epoch * 10 + d;
	}
	*s = rest;
	return true;
}

static bool stamp_seconds(const struct stamp *t, int64_t *out)
{
	if (t->epoch) {
		*out = (int64_t)t->epoch;
		return t->epoch >= 800000000 && t->epoch < 4200000000;
	}
	if (t->year < 1990 || t->year > 2099 || t->month < 1 || t->month > 12 || t->day < 1 || t->day > 31 ||
	    t->hour > 24 || t->minute > 59 || t->second > 60)
		return false;
	*out = civil_seconds((int)t->year, t->month, t->day, t->hour, t->minute, t->second);
	return true;
}

/* Is the whole of s a date, perhaps with a time? */
static bool parse_date(struct slice s, bool short_year, int64_t *out)
{
	for (size_t d = 0; d < ARRAY_LEN(date_forms); d++) {
		for (size_t k = 0; k < ARRAY_LEN(time_forms); k++) {
			struct stamp t = {0};
			struct slice rest = s;
			if (match_form(&rest, date_forms[d], &t) && match_form(&rest, time_forms[k], &t) && rest.n == 0 &&
			    stamp_seconds(&t, out))
				return true;
		}
	}
	struct stamp t = {0};
	struct slice rest = s;
	if (match_form(&rest, "SSSSSSSSSS", &t) && rest.n == 0 && stamp_seconds(&t, out))
		return true;
	t = (struct stamp){0};
	rest = s;
	if (!short_year || !match_form(&rest, "yyMMDD", &t))
		return false;
	t.year += 2000;
	return (rest.n == 0 || (match_form(&rest, "hh", &t) && rest.n == 0)) && stamp_seconds(&t, out);
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

/* Cut a date off the end of *s, with the separator before it. */
static bool cut_date(struct slice *s, int64_t *key)
{
	for (size_t i = 0; i < s->n; i++) {
		bool iis = i == 4 && slice_starts(*s, SL("u_")); /* u_ex260504.log */
		if (i > 0 && !is_separator(s->p[i - 1]) && !iis)
			continue;
		if (s->n - i < 6 || s->n - i > 24 || (unsigned char)(s->p[i] - '0') > 9)
			continue;
		if (!parse_date(slice_from(*s, i), iis, key))
			continue;
		*s = slice_to(*s, i > 0 && !iis ? i - 1 : i);
		return true;
	}
	return false;
}

/* Would cutting the number take a part of an IPv4 address? Central log servers name files after clients. */
static bool ends_with_address(struct slice s)
{
	size_t i = s.n;
	struct ip ip;

	while (i > 0 && (s.p[i - 1] == '.' || (unsigned char)(s.p[i - 1] - '0') <= 9))
		i--;
	struct slice tail = slice_from(s, i);
	while (tail.n > 0 && tail.p[0] == '.')
		tail = slice_from(tail, 1);
	return ip_parse(tail, &ip);
}

/* Cut ".N" off the end of *s. */
static bool cut_number(struct slice *s, uint64_t min, uint64_t *number)
{
	size_t i = s->n;

	while (i > 0 && s->n - i <= 4 && (unsigned char)(s->p[i - 1] - '0') <= 9)
		i--;
	size_t digits = s->n - i;
	if (digits == 0 || digits > 4 || i < 2 || s->p[i - 1] != '.' || ends_with_address(*s))
		return false;
	if (!slice_u64(slice_from(*s, i), 9999, number) || *number < min)
		return false;
	*s = slice_to(*s, i - 1);
	return true;
}

/* The suffix at the end of s, in any of its forms. */
static bool cut_rotation(struct slice *s, uint64_t min, struct rotation *r)
{
	uint64_t number = 0;
	bool numbered;

	if (cut_date(s, &r->key)) {
		r->class = ROTATION_DATED;
		return true;
	}
	if (slice_ends(*s, SL(".old")) && s->n > 4) {
		*s = slice_to(*s, s->n - 4);
		numbered = true;
		number = 1;
	} else {
		numbered = cut_number(s, min, &number);
	}
	if (!numbered)
		return false;
	if (cut_date(s, &r->key)) {
		r->class = ROTATION_DATED;
		r->sub = (int64_t)number;
	} else {
		r->class = ROTATION_NUMBERED;
		r->key = -(int64_t)number;
	}
	return true;
}

static struct slice cut_suffix(struct slice *s, const struct slice *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->n <= list[i].n || !slice_iends(*s, list[i]))
			continue;
		struct slice cut = slice_from(*s, s->n - list[i].n);
		*s = slice_to(*s, s->n - list[i].n);
		return cut;
	}
	return SLICE_NONE;
}

void rotation_parse(struct slice name, struct rotation *r)
{
	*r = (struct rotation){.class = ROTATION_CURRENT};
	r->packed = cut_suffix(&name, pack_suffixes, ARRAY_LEN(pack_suffixes)).n > 0;
	r->stem = name;
	if (cut_rotation(&r->stem, 0, r))
		return;
	struct slice stem = name;
	struct slice ext = cut_suffix(&stem, kind_suffixes, ARRAY_LEN(kind_suffixes));
	/* "Xorg.0.log" is the log of display 0: before the suffix, numbers begin at 1. */
	if (ext.n && cut_rotation(&stem, 1, r)) {
		r->stem = stem;
		r->ext = ext;
	}
}

/* ---- grouping ---------------------------------------------------------------------------------------------------- */
struct item {
	uint32_t file;
	struct slice dir; /* with the '/' or '!' at its end */
	struct slice path;
	struct rotation r;
};

int rotation_base_cmp(const struct rotation *a, const struct rotation *b)
{
	size_t na = a->stem.n + a->ext.n, nb = b->stem.n + b->ext.n;
	int c = 0;

	for (size_t i = 0; c == 0 && i < na && i < nb; i++) {
		char x = i < a->stem.n ? a->stem.p[i] : a->ext.p[i - a->stem.n];
		char y = i < b->stem.n ? b->stem.p[i] : b->ext.p[i - b->stem.n];
		c = (unsigned char)x - (unsigned char)y;
	}
	return c ? c : (na > nb) - (na < nb);
}

int rotation_when_cmp(const struct rotation *a, const struct rotation *b)
{
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->sub > b->sub) - (a->sub < b->sub);
}

static int base_cmp(const struct item *a, const struct item *b)
{
	int c = slice_cmp(a->dir, b->dir);
	return c ? c : rotation_base_cmp(&a->r, &b->r);
}

static int when_cmp(const struct item *a, const struct item *b)
{
	return rotation_when_cmp(&a->r, &b->r);
}

static int item_cmp(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int c = base_cmp(a, b);

	if (c == 0)
		c = when_cmp(a, b);
	if (c == 0 && a->r.packed != b->r.packed)
		c = a->r.packed ? 1 : -1;
	if (c == 0)
		c = slice_cmp(a->path, b->path);
	return c ? c : (a->file > b->file) - (a->file < b->file);
}

static void item_fill(struct item *it, const struct source_file *f)
{
	struct slice base = slice_basename(f->member.n ? f->member : f->path);
	ssize_t inner = f->member.n ? slice_rfind(base, SL("!")) : -1; /* archive in archive: "a.zip!auth.log" */

	if (inner >= 0)
		base = slice_from(base, (size_t)inner + 1);
	it->file = f->id;
	it->path = f->path;
	it->dir = slice_to(f->path, f->path.n - base.n);
	rotation_parse(base, &it->r);
}

/* auth.log.1 and auth.log.1.gz with the same beginning: gzip -k, or a rotation caught in the act. Not the same
 * beginning: someone put a file in the way, and both are read. */
static bool is_twin(const struct source_set *set, const struct item *a, const struct item *b)
{
	const struct where *wa = &set->priv->where.v[a->file], *wb = &set->priv->where.v[b->file];
	const struct source_file *fa = &set->files.v[a->file], *fb = &set->files.v[b->file];

	if (base_cmp(a, b) != 0 || when_cmp(a, b) != 0 || wa->head_hash != wb->head_hash)
		return false;
	return wa->pack != PACK_NONE || wb->pack != PACK_NONE || fa->size == fb->size;
}

/* Files are numbered anew without the dropped ones. Returns how many items are left. */
static size_t drop_twins(struct source_set *set, struct item *v, size_t n)
{
	struct where *w = set->priv->where.v;
	size_t kept = 0, k = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && is_twin(set, &v[kept - 1], &v[i])) {
			w[v[i].file].dropped = true;
			set_problem(set, PROBLEM_DUPLICATE, v[i].path, "the same log as %.*s beside it, which is read",
				    SLFMT(v[kept - 1].path));
		} else {
			v[kept++] = v[i];
		}
	}
	uint32_t *renamed = xcalloc(n + 1, sizeof(*renamed));
	for (size_t i = 0; i < set->files.n; i++) {
		if (w[i].dropped)
			continue;
		renamed[i] = (uint32_t)k;
		set->files.v[k] = set->files.v[i];
		set->files.v[k].id = (uint32_t)k;
		w[k++] = w[i];
	}
	set->files.n = set->priv->where.n = k;
	for (size_t i = 0; i < kept; i++)
		v[i].file = renamed[v[i].file];
	free(renamed);
	return kept;
}

static struct slice stream_name(struct source_set *set, const struct item *it)
{
	struct slice stem = it->r.stem.n ? it->r.stem : SL("*"); /* "2026-05-04.log" has no other name */
	size_t n = it->dir.n + stem.n + it->r.ext.n;
	char *p = arena_alloc(&set->mem, n + 1);

	memcpy(p, it->dir.p, it->dir.n);
	memcpy(p + it->dir.n, stem.p, stem.n);
	if (it->r.ext.n)
		memcpy(p + it->dir.n + stem.n, it->r.ext.p, it->r.ext.n);
	p[n] = '\0';
	return slice_make(p, n);
}

void rotate_group(struct source_set *set)
{
	size_t n = set->files.n, end;
	struct item *v = xcalloc(n + 1, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		item_fill(&v[i], &set->files.v[i]);
	qsort(v, n, sizeof(*v), item_cmp);
	n = drop_twins(set, v, n);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && base_cmp(&v[i], &v[end]) == 0;)
			end++;
		struct stream_set *st = vec_push(&set->streams);
		st->name = stream_name(set, &v[i]);
		st->host = set->files.v[v[i].file].host;
		st->nfiles = end - i;
		st->files = arena_alloc(&set->mem, st->nfiles * sizeof(*st->files));
		for (size_t k = i; k < end; k++)
			st->files[k - i] = v[k].file;
	}
	free(v);
}
