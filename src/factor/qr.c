/* qr.c - a QR code for a terminal. Through libqrencode; two rows of modules are one line of half blocks. */
#include "factor/factor.h"

#include <qrencode.h>
#include <sodium.h>
#include <stdlib.h>

enum { QUIET = 4, URI_MAX = 1024 };

static bool dark(const QRcode *q, int x, int y)
{
	return x >= 0 && y >= 0 && x < q->width && y < q->width && (q->data[y * q->width + x] & 1);
}

/* Light is drawn and dark left out, so that it is right on a dark screen; cameras read the other way round as well. */
static void draw(const QRcode *q, struct buf *out)
{
	static const char *const blocks[] = {"\xe2\x96\x88", "\xe2\x96\x84", "\xe2\x96\x80", " "}; /* full, lower, upper half, none */
	for (int y = -QUIET; y < q->width + QUIET; y += 2) {
		for (int x = -QUIET; x < q->width + QUIET; x++)
			buf_addz(out, blocks[(dark(q, x, y) ? 1 : 0) + (dark(q, x, y + 1) ? 2 : 0)]);
		buf_addc(out, '\n');
	}
}

int factor_qr(struct slice text, struct buf *out, struct err *e)
{
	if (!text.n || text.n > URI_MAX)
		return err_set(e, ERR_LIMIT, "too long for a QR code: %zu bytes", text.n);
	QRcode *q = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_L);
	if (!q)
		return err_set(e, ERR_NOMEM, "no QR code could be made");
	draw(q, out);
	sodium_memzero(q->data, (size_t)q->width * (size_t)q->width);
	QRcode_free(q);
	return 0;
}
