/* digest.c - a body's digest: carriage returns and empty lines at the end are what mail programs add and take away. */
#include "milter/milter_private.h"

void body_begin(struct body_digest *d)
{
	crypto_generichash_init(&d->state, NULL, 0, 32);
	d->newlines = 0;
}

static void flush(struct body_digest *d)
{
	static const unsigned char newline[1] = {'\n'};
	for (; d->newlines; d->newlines--)
		crypto_generichash_update(&d->state, newline, 1);
}

void body_add(struct body_digest *d, struct slice bytes)
{
	size_t start = 0;
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		if (c != '\r' && c != '\n')
			continue;
		if (i > start) {
			flush(d);
			crypto_generichash_update(&d->state, (const unsigned char *)bytes.p + start, i - start);
		}
		d->newlines += c == '\n';
		start = i + 1;
	}
	if (bytes.n > start) {
		flush(d);
		crypto_generichash_update(&d->state, (const unsigned char *)bytes.p + start, bytes.n - start);
	}
}

void body_end(struct body_digest *d, unsigned char out[static 32])
{
	crypto_generichash_final(&d->state, out, 32);
}
