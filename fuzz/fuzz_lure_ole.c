/* fuzz_lure_ole.c - compound files and what is in them. Byte 0 chooses: a whole file, or one of its parts alone, which changes of a whole file would hardly reach. */
#include "fuzz_lure_office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(struct office *o, struct slice s)
{
	bool ok;
	struct slice out = vba_unpack(o, s, &ok);
	if (out.n > VBA_SOURCE_MAX || (!ok && out.n == 0 && out.p))
		return;
}

/* A text between two bytes 0: source and compiled code of a module. */
static void macro(struct office *o, struct slice s)
{
	struct slice source;
	if (!slice_cut(&s, '\0', &source))
		source = s;
	vba_judge(o, &(struct vba_module){.name = SL("Module1"), .source = source, .code = s, .has_source = source.n > 0}, 1, SLICE_NONE);
}

static void native(struct office *o, struct slice s) { native_parse(o, s, "native"); }
static void ole1(struct office *o, struct slice s) { ole1_parse(o, s, "object"); }
static void olelink(struct office *o, struct slice s) { olelink_parse(o, s, "link"); }
static void mso(struct office *o, struct slice s) { mso_parse(o, s, "mso"); }

static void tokens(struct office *o, struct slice s)
{
	static const unsigned biff[] = {5, 8, 12};
	for (size_t i = 0; i < ARRAY_LEN(biff); i++)
		xlm_tokens(o, s, biff[i], "formula");
}

static void fields(struct office *o, struct slice s)
{
	struct fields f = {.o = o, .where = "text"};
	for (size_t i = 0; i < s.n; i++)
		fields_char(&f, (uint8_t)s.p[i]);
	fields_end(&f);
}

/* EncryptionInfo, and in place of the package its own bytes. Turns are cut: a thousand and a million do the same. */
static void package(struct office *o, struct slice s)
{
	int which;
	if (!slice_has(s, SL("000000")) && slice_has(s, SL("spinCount=\"1")))
		crypt_package(o, s, s, &which);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parts[])(struct office *, struct slice) = {xls_parse, ppt_parse, unpack, macro, native, ole1, olelink, mso, tokens, fields, package};
	if (size < 1)
		return 0;
	struct slice in = slice_make((const char *)data + 1, size - 1);
	if (data[0] < ARRAY_LEN(parts))
		fuzz_part(in, parts[data[0]]);
	else
		fuzz_whole(in, "file.doc");
	return 0;
}
