/* fuzz_gate_key.c - any bytes as a line of an authorized_keys file: what is taken is taken again as the same key, and is what its blob says. */
#include <stdint.h>
#include <stdlib.h>

#include "gate/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena mem;
	struct gate_key k, again;
	struct err e = {0};
	char *copy = malloc(size + 1); /* of its size, so that a byte too far shows */
	arena_init(&mem);
	if (copy && size) {
		memcpy(copy, data, size);
		int rc = gate_key_parse(slice_make(copy, size), &mem, &k, &e);
		if (rc && (rc > 0 || !e.text[0] || e.code != rc))
			abort();
		if (!rc) {
			struct buf line = {0};
			buf_addf(&line, "%.*s %.*s", SLFMT(k.type), SLFMT(k.blob));
			if (k.fingerprint.n != 50 || !slice_utf8(k.comment) || slice_chr(k.comment, '\n') >= 0)
				abort();
			if (gate_key_parse(buf_slice(&line), &mem, &again, &e) || !slice_eq(k.fingerprint, again.fingerprint) || !slice_eq(k.blob, again.blob) || again.certificate ||
				k.hardware != again.hardware)
				abort();
			buf_free(&line);
		}
	}
	free(copy);
	arena_free(&mem);
	return 0;
}
