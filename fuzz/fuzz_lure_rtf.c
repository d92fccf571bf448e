/* fuzz_lure_rtf.c - any bytes behind an RTF header. */
#include "fuzz_lure_office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = {0};
	buf_addz(&b, "{\\rtf1 ");
	buf_add(&b, data, size);
	char *exact = malloc(b.n); /* so that the sanitizer sees what is read behind the end */
	if (!exact)
		abort();
	memcpy(exact, b.p, b.n);
	fuzz_whole(slice_make(exact, b.n), "a.rtf");
	free(exact);
	buf_free(&b);
	return 0;
}
