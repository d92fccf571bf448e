/* fuzz_lure_image.c - readers of disk images and archives, each with bytes that need not look like it. */
#include "fuzz_lure.h"

static void one_fat(struct lure *l, uint32_t id, struct slice b) { fat_walk(l, id, b); }
static void one_udf(struct lure *l, uint32_t id, struct slice b) { udf_walk(l, id, b); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct { lure_parser *parse; enum lure_type type; size_t at; } readers[] = {
		{one_fat, LT_DISK, 0}, {parse_disk, LT_DISK, 0}, {parse_iso, LT_ISO, 32768}, {one_udf, LT_UDF, 524288}, {parse_vhd, LT_VHD, 0}, {parse_vhdx, LT_VHDX, 196608},
		{parse_archive, LT_ZIP, 0}, {parse_archive, LT_SEVENZIP, 0}, {parse_archive, LT_RAR, 0}, {parse_archive, LT_TAR, 0}, {parse_archive, LT_CAB, 0}, {parse_packed, LT_PACKED, 0},
	};
	if (n < 2)
		return 0;
	/* where an image's structures lie behind an empty beginning, the input begins there and goes on to be read from the start, too */
	size_t i = data[0] % ARRAY_LEN(readers), before = readers[i].at;
	char *b = calloc(1, before + n);
	if (!b)
		return 0;
	memcpy(b + before, data + 1, n - 1);
	if (before)
		memcpy(b, data + 1, n - 1 < before ? n - 1 : before);
	fuzz_lure_parser(readers[i].parse, readers[i].type, slice_make(b, before + n - 1));
	free(b);
	return 0;
}
