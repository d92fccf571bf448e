/* fuzz_lure_ooxml.c - OOXML, OpenDocument, flat XML and spreadsheets as text. Byte 0 chooses: a whole file, or a part without the zip around it. */
#include "fuzz_lure_office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void xml(struct office *o, struct slice s)
{
	struct xml x;
	uint32_t depth = 0;
	xml_start(&x, o, s);
	for (enum xml_event e; (e = xml_next(&x)) != XML_END;) {
		depth += e == XML_OPEN;
		depth -= e == XML_CLOSE && depth > 0;
		struct slice v = xml_attr_text(&x, o, "name");
		if (x.depth != depth || v.n > s.n * 3 + 8)
			abort();
	}
}

static void part(struct office *o, struct slice s) { part_judge(o, s, "part.xml"); }
static void macros(struct office *o, struct slice s) { xlsb_macrosheet(o, s, "macro.bin"); }
static void external(struct office *o, struct slice s) { xlsb_external(o, s, "link.bin"); }

static void text(struct office *o, struct slice s)
{
	field_judge(o, s, "field");
	formula_dde(o, s, "formula");
	xlm_formula_text(o, s, "formula");
	link_judge(o, LINK_OBJECT, s, "link");
}

static void members(struct office *o, struct slice s)
{
	struct zip z;
	if (!zip_open(&z, o, s))
		return;
	for (size_t i = 0; i < z.n; i++)
		if (zip_read(&z, &z.members[i]).n > OFFICE_PART_MAX)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parts[])(struct office *, struct slice) = {xml, part, xlsb_workbook, macros, external, text, members};
	static const char *const names[] = {"a.docx", "a.csv", "a.slk", "a.xml", "a.odt"};
	if (size < 1)
		return 0;
	struct slice in = slice_make((const char *)data + 1, size - 1);
	if (data[0] < ARRAY_LEN(parts))
		fuzz_part(in, parts[data[0]]);
	else
		fuzz_whole(in, names[data[0] % ARRAY_LEN(names)]);
	return 0;
}
