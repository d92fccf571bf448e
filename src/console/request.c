/* request.c - what a browser sends, taken apart: path, query, form, cookies, languages. Strict: what is not well formed is refused, never mended. */
#include "console/console_private.h"

#include <sodium.h>

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent decoding into mem; well-formed UTF-8 without NUL. plus: a blank, in forms. */
static int decode(struct slice raw, bool plus, struct arena *mem, struct slice *out, struct err *e)
{
	char *to = arena_alloc(mem, raw.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		int high = 0, low = 0;
		if (raw.p[i] == '%') {
			if (raw.n - i < 3 || (high = hex_digit(raw.p[i + 1])) < 0 || (low = hex_digit(raw.p[i + 2])) < 0)
				return err_set(e, ERR_SYNTAX, "a %% is not followed by two hex digits");
			to[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			to[n++] = plus && raw.p[i] == '+' ? ' ' : raw.p[i];
		}
	}
	to[n] = 0;
	*out = slice_make(to, n);
	if (memchr(to, 0, n))
		return err_set(e, ERR_SYNTAX, "a NUL character");
	return slice_utf8(*out) ? 0 : err_set(e, ERR_SYNTAX, "text that is not UTF-8");
}

/* A form's lines end in \r\n on the wire. */
static struct slice without_returns(struct slice s)
{
	union { const char *in; char *out; } p = {s.p}; /* ours: decode() made it */
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r')
			p.out[n++] = s.p[i];
		else if (i + 1 == s.n || s.p[i + 1] != '\n')
			p.out[n++] = '\n';
	return slice_make(s.p, n);
}

int request_form(struct slice raw, struct arena *mem, struct field **out, size_t *n, struct err *e)
{
	size_t most = 1;
	for (size_t i = 0; i < raw.n && most < PAGE_FIELDS; i++)
		most += raw.p[i] == '&';
	*out = arena_alloc(mem, most * sizeof **out);
	*n = 0;
	while (raw.n) {
		struct slice pair, name;
		if (!slice_cut(&raw, '&', &pair)) {
			pair = raw;
			raw = SLICE_NONE;
		}
		if (!pair.n)
			continue;
		if (*n == PAGE_FIELDS)
			return err_set(e, ERR_LIMIT, "more than %d fields", PAGE_FIELDS);
		struct slice value = pair;
		if (!slice_cut(&value, '=', &name)) {
			name = pair;
			value = SLICE_NONE;
		}
		struct field *f = &(*out)[*n];
		int rc = name.n > FORM_FIELD_NAME ? err_set(e, ERR_LIMIT, "a field's name is longer than %d bytes", FORM_FIELD_NAME) : decode(name, true, mem, &f->name, e);
		if (!rc)
			rc = decode(value, true, mem, &f->value, e);
		if (rc)
			return rc;
		f->value = without_returns(f->value);
		++*n;
	}
	return 0;
}

static int take_path(struct slice path, struct arena *mem, struct target *out, struct err *e)
{
	if (!path.n || path.p[0] != '/')
		return err_set(e, ERR_SYNTAX, "a path begins with /");
	for (struct slice rest = slice_from(path, 1), part; rest.n;) {
		if (!slice_cut(&rest, '/', &part)) {
			part = rest;
			rest = SLICE_NONE;
		} else if (!rest.n) {
			return err_set(e, ERR_NOENT, "there is no such page");
		}
		if (out->nparts == PARTS_MOST)
			return err_set(e, ERR_NOENT, "there is no such page");
		struct slice *to = &out->parts[out->nparts++];
		int rc = decode(part, false, mem, to, e);
		if (rc)
			return rc;
		if (!to->n || slice_chr(*to, '/') >= 0 || slice_eq(*to, SL(".")) || slice_eq(*to, SL("..")))
			return err_set(e, ERR_SYNTAX, "a part of the path is empty, a dot, or holds a /");
	}
	return 0;
}

int request_target(struct slice raw, struct arena *mem, struct target *out, struct err *e)
{
	struct slice path;
	*out = (struct target){0};
	if (raw.n > TARGET_MOST)
		return err_set(e, ERR_LIMIT, "an address longer than %d bytes", TARGET_MOST);
	for (size_t i = 0; i < raw.n; i++)
		if ((unsigned char)raw.p[i] <= ' ' || (unsigned char)raw.p[i] >= 0x7f || raw.p[i] == '#')
			return err_set(e, ERR_SYNTAX, "a character in the address that has to be encoded");
	struct slice query = raw;
	if (!slice_cut(&query, '?', &path)) {
		path = raw;
		query = SLICE_NONE;
	}
	out->path = path;
	int rc = take_path(path, mem, out, e);
	return rc ? rc : request_form(query, mem, &out->query, &out->nquery, e);
}

struct slice request_cookie(struct slice header, const char *name)
{
	struct slice found = SLICE_NONE;
	size_t n = 0;
	while (header.n) {
		struct slice pair, key;
		if (!slice_cut(&header, ';', &pair)) {
			pair = header;
			header = SLICE_NONE;
		}
		struct slice value = slice_trim(pair);
		if (!slice_cut(&value, '=', &key) || !slice_eqz(slice_trim(key), name))
			continue;
		found = slice_trim(value);
		n++;
	}
	return n == 1 ? found : SLICE_NONE;
}

/* The first that we know; qualities are in order with every browser. */
enum lure_language request_language(struct slice accept, enum lure_language otherwise)
{
	static const char *const names[LURE_LANGUAGES] = {[LURE_EN] = "en", [LURE_DE] = "de", [LURE_KO] = "ko"};
	accept = slice_to(accept, 256);
	while (accept.n) {
		struct slice one;
		if (!slice_cut(&accept, ',', &one)) {
			one = accept;
			accept = SLICE_NONE;
		}
		one = slice_trim(one);
		for (int l = 0; l < LURE_LANGUAGES; l++)
			if (slice_istarts(one, slice_of(names[l])) && (one.n == 2 || one.p[2] == '-' || one.p[2] == ';'))
				return (enum lure_language)l;
	}
	return otherwise;
}

bool equal_secret(struct slice a, struct slice b)
{
	return a.n == b.n && a.n > 0 && sodium_memcmp(a.p, b.p, a.n) == 0;
}

/* ---- for pages --------------------------------------------------------------------------------------------------------------------------------------------- */

static struct slice get(const struct field *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eqz(v[i].name, name))
			return v[i].value;
	return SLICE_NONE;
}

struct slice query_get(const struct request *q, const char *name)
{
	return get(q->query, q->nquery, name);
}

struct slice form_get(const struct request *q, const char *name)
{
	return get(q->form, q->nform, name);
}

bool query_number(const struct request *q, const char *name, uint64_t most, uint64_t *out)
{
	return slice_u64(query_get(q, name), most, out);
}
