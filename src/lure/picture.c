/* picture.c - QR codes in pictures: links that no filter of text sees. PNG by libpng, JPEG by libjpeg-turbo, codes by ZBar; other pictures are only named. */
#include "lure/lure_private.h"

#include <png.h>
#include <stdlib.h>
#include <turbojpeg.h>
#include <zbar.h>

enum { PIXELS_MAX = 24 << 20, CODES_MAX = 8 };

struct pixels { unsigned char *p; unsigned width, height; };

static bool fits(uint64_t w, uint64_t h) { return w >= 20 && h >= 20 && w <= 16384 && h <= 16384 && w * h <= PIXELS_MAX; }

static bool png_pixels(struct slice s, struct pixels *out)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	if (!png_image_begin_read_from_memory(&image, s.p, s.n))
		return false;
	bool ok = fits(image.width, image.height);
	if (ok) {
		png_color white = {255, 255, 255};
		image.format = PNG_FORMAT_GRAY;
		*out = (struct pixels){xmalloc((size_t)image.width * image.height), image.width, image.height};
		ok = png_image_finish_read(&image, &white, out->p, 0, NULL) != 0;
	}
	png_image_free(&image);
	return ok;
}

static bool jpeg_pixels(struct slice s, struct pixels *out)
{
	union { const char *in; unsigned char *out; } bytes = {s.p};
	int w = 0, h = 0, sub = 0, space = 0;
	tjhandle t = tjInitDecompress();
	bool ok = t && s.n < UINT32_MAX && tjDecompressHeader3(t, bytes.out, s.n, &w, &h, &sub, &space) == 0 && w > 0 && h > 0 && fits((uint64_t)w, (uint64_t)h);
	if (ok) {
		*out = (struct pixels){xmalloc((size_t)w * (size_t)h), (unsigned)w, (unsigned)h};
		ok = tjDecompress2(t, bytes.out, s.n, out->p, w, 0, h, TJPF_GRAY, TJFLAG_FASTDCT) == 0;
	}
	if (t)
		tjDestroy(t);
	return ok;
}

static void one_code(struct lure *l, uint32_t id, struct slice text)
{
	static const char *const leads[] = {"http://", "https://", "bitcoin:", "wifi:", "otpauth:", "tg:", "whatsapp:", "intent:"};
	lure_fact(l, id, "qr", text);
	for (size_t i = 0; i < ARRAY_LEN(leads); i++)
		if (slice_istarts(text, slice_of(leads[i]))) {
			lure_found_slice(l, id, IND_QR_LINK, UINT64_MAX, SL("QR code"), text);
			return;
		}
}

static void codes(struct lure *l, uint32_t id, const struct pixels *p)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	unsigned n = 0;
	if (!scanner || !image)
		core_oom();
	zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, p->width, p->height);
	zbar_image_set_data(image, p->p, (unsigned long)p->width * p->height, NULL);
	zbar_scan_image(scanner, image);
	for (const zbar_symbol_t *s = zbar_image_first_symbol(image); s && n++ < CODES_MAX; s = zbar_symbol_next(s))
		one_code(l, id, slice_make(zbar_symbol_get_data(s), zbar_symbol_get_data_length(s)));
	zbar_image_destroy(image);
	zbar_image_scanner_destroy(scanner);
}

void parse_picture(struct lure *l, uint32_t id, struct slice bytes)
{
	struct pixels p = {0};
	bool png = slice_starts(bytes, SL("\x89PNG")), jpeg = slice_starts(bytes, SL("\xff\xd8\xff"));
	if ((png && png_pixels(bytes, &p)) || (jpeg && jpeg_pixels(bytes, &p)))
		codes(l, id, &p);
	free(p.p);
}
