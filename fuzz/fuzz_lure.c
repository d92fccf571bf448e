/* fuzz_lure.c - any file under any name: whatever it is taken for, it ends within its limits and what is told survives being saved. */
#include "fuzz_lure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[] = {"", "offer.pdf", "a.doc", "b.xlsx", "c.html", "d.js", "e.ics", "f.lnk", "g.eml", "package.json", "setup.py", "h.rdp", "i.url", "j.svg", "k.iso", "l.pdf.exe"};
	if (!n)
		return 0;
	struct lure *l = fuzz_lure_new();
	struct err e;
	if (data[0] & 0x80)
		lure_password(l, SL("secret"));
	lure_inspect(l, slice_of(names[data[0] % ARRAY_LEN(names)]), slice_make((const char *)data + 1, n - 1), &e);
	fuzz_lure_check(l);
	lure_free(l);
	return 0;
}
