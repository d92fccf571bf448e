/* fuzz_sshkey.c - byte 0 chooses: a key's blob, a line of authorized_keys, a private key's file, a hashed name, or sshd's patterns. The rest is the input. */
#include <stdlib.h>

#include "snapshot/sshdconf.h"
#include "snapshot/sshkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void one_blob(struct slice s)
{
	struct sshkey *k = xcalloc(1, sizeof *k);
	if (!sshkey_blob(s, k) && (!k->type || memcmp(k->fingerprint, "SHA256:", 7) || k->nprincipals > SSHKEY_NAMES_MAX))
		abort();
	free(k);
}

static void one_line(struct slice s)
{
	struct sshkey *k = xcalloc(1, sizeof *k);
	struct sshkey_options o = {0};
	struct buf blob = {0};
	struct slice rest = s, comment;
	if (!sshkey_options(&rest, &o)) {
		if (o.text.n + rest.n != s.n)
			abort();
		(void)sshkey_line(rest, &blob, k, &comment);
	}
	sshkey_options_free(&o);
	buf_free(&blob);
	free(k);
}

static void one_private(struct slice s)
{
	struct sshkey_private k;
	if (sshkey_private(s, &k) && (!k.format || !memchr(k.type, 0, sizeof k.type) || !memchr(k.comment, 0, sizeof k.comment)))
		abort();
}

static void one_hash(struct slice s)
{
	struct slice entry = slice_to(s, s.n / 2), name = slice_from(s, s.n / 2);
	(void)sshkey_hashed_is(entry, name);
}

static void one_pattern(struct slice s)
{
	struct slice list = slice_to(s, s.n / 2), name = slice_from(s, s.n / 2);
	int64_t seconds;
	(void)sshd_pattern_list(name, list, true);
	(void)sshd_address_list(name, list);
	(void)sshd_seconds(s, &seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const targets[])(struct slice) = {one_blob, one_line, one_private, one_hash, one_pattern};

	if (n == 0)
		return 0;
	/* a copy of the exact size, so that one byte too far is seen */
	char *copy = xmalloc(MAX(n - 1, (size_t)1));
	memcpy(copy, data + 1, n - 1);
	targets[data[0] % ARRAY_LEN(targets)](slice_make(copy, n - 1));
	free(copy);
	return 0;
}
