/* fuzz_console_request.c - any bytes as an address, a form, a form with files. What comes out is text without NUL within the limits, a path never leads upward, and what is
 * written again as a query is read again the same. */
#include <stdint.h>
#include <stdlib.h>

#include "console/console_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static bool clean(struct slice s)
{
	return slice_utf8(s) && slice_chr(s, 0) < 0;
}

static void again(const struct field *f, size_t n, struct arena *mem)
{
	struct buf b = {0};
	struct field *second;
	size_t count;
	struct err e;
	for (size_t i = 0; i < n; i++) {
		check(clean(f[i].name) && clean(f[i].value) && slice_chr(f[i].value, '\r') < 0);
		buf_addc(&b, '&');
		html_path(&b, f[i].name);
		buf_addc(&b, '=');
		html_path(&b, f[i].value);
	}
	/* a name that grew by its encoding may be too long now */
	if (request_form(buf_slice(&b), mem, &second, &count, &e) == 0) {
		check(count == n);
		for (size_t i = 0; i < n; i++)
			check(slice_eq(f[i].name, second[i].name) && slice_eq(f[i].value, second[i].value));
	}
	buf_free(&b);
}

static void target(struct slice s, struct arena *mem)
{
	struct target t;
	struct err e;
	const struct route *r;
	struct slice arg[PAGE_ARGS];
	unsigned allowed;
	if (request_target(s, mem, &t, &e))
		return;
	check(t.nparts <= PARTS_MOST && t.nquery <= PAGE_FIELDS);
	for (size_t i = 0; i < t.nparts; i++)
		check(t.parts[i].n && clean(t.parts[i]) && slice_chr(t.parts[i], '/') < 0 && !slice_eqz(t.parts[i], "..") && !slice_eqz(t.parts[i], "."));
	unsigned status = route_find(&t, METHOD_GET, &r, arg, &allowed);
	check(status == 0 ? r != NULL : status == 404 || status == 405);
	again(t.query, t.nquery, mem);
}

static void files(struct slice s, struct arena *mem)
{
	struct parts p;
	struct err e;
	struct slice type;
	if (!slice_cut(&s, '\n', &type))
		return;
	if (request_multipart(type, s, mem, &p, &e) == 0) {
		for (size_t i = 0; i < p.nform; i++)
			check(clean(p.form[i].name) && clean(p.form[i].value));
		for (size_t i = 0; i < p.nuploads; i++)
			check(clean(p.uploads[i].name) && p.uploads[i].fd >= 0 && p.uploads[i].size <= s.n);
	}
	check(p.nform <= PAGE_FIELDS && p.nuploads <= PAGE_UPLOADS);
	parts_close(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena mem;
	struct field *f;
	size_t n;
	struct err e;
	char *exact = malloc(size ? size : 1);
	if (!exact || !size) {
		free(exact);
		return 0;
	}
	memcpy(exact, data, size);
	const struct slice s = slice_make(exact + 1, size - 1);
	arena_init(&mem);
	switch (exact[0] & 3) {
	case 0: target(s, &mem); break;
	case 1:
		if (request_form(s, &mem, &f, &n, &e) == 0)
			again(f, n, &mem);
		break;
	case 2: files(s, &mem); break;
	default:
		check(clean(slice_of("x")) && request_cookie(s, "postern").n <= s.n);
		check((unsigned)request_language(s, LURE_DE) < LURE_LANGUAGES);
	}
	arena_free(&mem);
	free(exact);
	return 0;
}
