/* test_lure_office.c - the readers of office formats, one by one: what they read, and where they stop. Whole documents: test/lure/office.py. */
#include "lure/office_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

struct fixture { struct lure *l; struct office o; };

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	struct err e;
	f->l = lure_new(&(struct lure_limits){.total = 8 << 20, .one = 4 << 20});
	assert_int_equal(lure_inspect(f->l, SL("part"), SLICE_NONE, &e), 0);
	office_start(&f->o, f->l, 0, SLICE_NONE);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	office_end(&f->o);
	lure_free(f->l);
	free(f);
	return 0;
}

static void same(struct slice have, const char *want)
{
	if (!slice_eq(have, slice_of(want)))
		fail_msg("\"%.*s\", not \"%s\"", SLFMT(have), want);
}

/* ---- VBA ----------------------------------------------------------------------------------------------------------------------- */
/* The three examples of MS-OVBA 3.2. */
static void test_unpack(void **state)
{
	struct fixture *f = *state;
	static const char none[] = "\x01\x19\xb0\0abcdefgh\0ijklmnop\0qrstuv.", normal[] = "\x01\x2f\xb0\0#aaabcde\x82" "f\0paghij\x01\x38\x08" "akl\0" "0mnop\x06q\x02p\x04\x10rstuv\x10wxyz\0<";
	static const char most[] = "\x01\x03\xb0\x02" "a\x45\0";
	char as[74];
	bool ok;
	memset(as, 'a', 73);
	as[73] = 0;
	same(vba_unpack(&f->o, slice_make(none, sizeof none - 1), &ok), "abcdefghijklmnopqrstuv.");
	assert_true(ok);
	same(vba_unpack(&f->o, slice_make(normal, sizeof normal - 1), &ok), "#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa");
	assert_true(ok);
	same(vba_unpack(&f->o, slice_make(most, sizeof most - 1), &ok), as);
	assert_true(ok);
}

static void test_unpack_bad(void **state)
{
	struct fixture *f = *state;
	bool ok;
	vba_unpack(&f->o, SL("\x02\x19\xb0"), &ok); /* not the mark of a container */
	assert_false(ok);
	vba_unpack(&f->o, SLICE_NONE, &ok);
	assert_false(ok);
	vba_unpack(&f->o, slice_make("\x01\x03\xb0\x01\xff\xff" "a", 7), &ok); /* a copy of what is not there yet */
	assert_false(ok);
	vba_unpack(&f->o, slice_make("\x01\x05\xb0\x02" "a\xff\xff", 7), &ok); /* from before the chunk */
	assert_false(ok);
}

static void judge(struct fixture *f, const char *source) { vba_judge(&f->o, &(struct vba_module){.name = SL("M"), .source = slice_of(source), .has_source = true}, 1, SLICE_NONE); }

static void test_macro_words(void **state)
{
	struct fixture *f = *state;
	judge(f, "Sub x()\r\ncmd = \"the word AutoOpen in a text\" ' Shell\r\nRem Shell \"x\"\r\nAutoOpen\r\nEnd Sub\r\n");
	assert_true(lure_has(f->l, IND_OFFICE_VBA));
	assert_false(lure_has(f->l, IND_OFFICE_VBA_AUTORUN));
	assert_false(lure_has(f->l, IND_OFFICE_VBA_CALLS));
	judge(f, "private sub WORKBOOK_OPEN()\r\nEnd Sub\r\n");
	assert_true(lure_has(f->l, IND_OFFICE_VBA_AUTORUN));
	assert_false(lure_has(f->l, IND_OFFICE_VBA_ATTACK));
	judge(f, "Sub InkPicture1_Painted(a)\r\nCreateObject(\"WScript.Shell\").Run \"x\"\r\nEnd Sub\r\n");
	assert_true(lure_has(f->l, IND_OFFICE_VBA_ATTACK));
}

/* ---- XML ------------------------------------------------------------------------------------------------------------------------- */
static void test_xml(void **state)
{
	struct fixture *f = *state;
	struct xml x;
	xml_start(&x, &f->o, SL("\xef\xbb\xbf<?xml a='>'?><!-- <no/> --><p:a x = \"1 &gt; &#x41;&#66;\" q:y='>'><b/>t&amp;t<![CDATA[<c>]]></p:a>"));
	assert_int_equal(xml_next(&x), XML_OPEN);
	same(x.name, "a");
	same(x.prefix, "p");
	same(xml_attr_text(&x, &f->o, "x"), "1 > AB");
	same(xml_attr(&x, "y"), ">");
	assert_null(xml_attr(&x, "z").p);
	assert_int_equal(xml_next(&x), XML_OPEN);
	assert_int_equal(xml_next(&x), XML_CLOSE);
	assert_int_equal(x.depth, 1);
	assert_int_equal(xml_next(&x), XML_TEXT);
	same(xml_unescape(&f->o, x.text), "t&t");
	assert_int_equal(xml_next(&x), XML_TEXT);
	same(x.text, "<c>");
	assert_int_equal(xml_next(&x), XML_CLOSE);
	assert_int_equal(xml_next(&x), XML_END);
	assert_false(x.dtd);
}

static void test_xml_wide(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {"\xff\xfe<\0a\0/\0>\0", "\xfe\xff\0<\0a\0/\0>", "<\0a\0/\0>\0", "\0<\0a\0/\0>"};
	static const size_t sizes[] = {10, 10, 8, 8};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct xml x;
		xml_start(&x, &f->o, slice_make(texts[i], sizes[i]));
		assert_int_equal(xml_next(&x), XML_OPEN);
		same(x.name, "a");
	}
}

static void test_xml_bounds(void **state)
{
	struct fixture *f = *state;
	struct buf b = {0};
	struct xml x;
	for (int i = 0; i < 100000; i++)
		buf_addz(&b, "<a>");
	xml_start(&x, &f->o, buf_slice(&b));
	uint32_t n = 0;
	while (xml_next(&x) != XML_END)
		n++;
	assert_int_equal(n, XML_DEPTH_MAX);
	assert_true(x.deep);
	xml_start(&x, &f->o, SL("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"));
	while (xml_next(&x) != XML_END)
		;
	assert_true(x.dtd);
	same(xml_unescape(&f->o, SL("&b;&#x110000;&#;&")), "&b;&#x110000;&#;&"); /* no entity is known but the five */
	buf_free(&b);
}

/* ---- links, fields, formulas ---------------------------------------------------------------------------------------------------------- */
static void test_links(void **state)
{
	static const struct { enum link_kind kind; const char *target; enum indicator want; } rows[] = {
		{LINK_TEMPLATE, "https://example.org/a.dotm", IND_OFFICE_REMOTE_TEMPLATE}, {LINK_TEMPLATE, "file:///C:/a.dotm", IND_NONE}, {LINK_TEMPLATE, "C:\\a.dotm", IND_NONE}, {LINK_TEMPLATE, "Normal.dotm", IND_NONE},
		{LINK_TEMPLATE, "http://localhost/a.dotm", IND_NONE}, {LINK_TEMPLATE, "\\\\fs\\a.dotm", IND_OFFICE_TEMPLATE_INSIDE}, {LINK_TEMPLATE, "file://fs/a.dotm", IND_OFFICE_TEMPLATE_INSIDE},
		{LINK_OBJECT, "\\\\192.0.2.7\\a\\b.html", IND_OFFICE_UNC}, {LINK_OBJECT, "file://///files.example.org/a", IND_OFFICE_UNC}, {LINK_OBJECT, "\\\\\\\\files.example.org\\\\a", IND_OFFICE_UNC},
		{LINK_OBJECT, "https://example.org/x!", IND_OFFICE_REMOTE_HANDLER}, {LINK_PICTURE, "https://example.org/x!", IND_OFFICE_REMOTE_PICTURE}, {LINK_OTHER, "ms-msdt:/id x", IND_OFFICE_REMOTE_HANDLER},
		{LINK_WORKBOOK, "\\\\fs\\book.xlsx", IND_NONE}, {LINK_WORKBOOK, "https://example.org/book.xlsx", IND_OFFICE_REMOTE_WORKBOOK}, {LINK_TEMPLATE, "", IND_NONE}, {LINK_TEMPLATE, "\\\\", IND_NONE},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		set_up(state);
		struct fixture *f = *state;
		const struct lure_finding *found;
		link_judge(&f->o, rows[i].kind, slice_of(rows[i].target), "x");
		size_t n = lure_findings(f->l, &found);
		if (rows[i].want == IND_NONE ? n != 0 : !lure_has(f->l, rows[i].want))
			fail_msg("%s: %zu findings, %s", rows[i].target, n, n ? indicator_table[found[0].indicator].id : "none");
		tear_down(state);
	}
}

static void test_fields(void **state)
{
	static const struct { const char *text; enum indicator want; } rows[] = {
		{"\x13" "DDEAUTO c:\\\\x.exe \"y\"\x14\x15", IND_OFFICE_DDE}, {"\x13 DDE Excel Book1 R1C1 \x15", IND_OFFICE_DDE_OFFICE}, {"\x13 DDE Excel \"x\" \"cmd /c y\" \x15", IND_OFFICE_DDE}, {"DDEAUTO x y", IND_NONE},
		{"\x13 IF \x13 DDE x.exe y \x14 1 \x15 = 1 \x14 1 \x15", IND_OFFICE_DDE}, {"\x13 DDEAUTO x.exe unended", IND_OFFICE_DDE}, {"\x13 PAGE \x14 DDE x.exe is a result \x15", IND_NONE},
		{"\x13 HYPERLINK \"https://example.org/DDE\" \x14 x \x15", IND_NONE}, {"\x13 INCLUDEPICTURE \\d \"https://example.org/a.png\" \x15", IND_OFFICE_REMOTE_PICTURE},
		{"\x13 INCLUDETEXT \"https://example.org/a.docx\" \x15", IND_OFFICE_REMOTE_FRAME}, {"\x13 LINK Word.Document.12 \"\\\\\\\\198.51.100.1\\\\a\\\\b.docx\" \x15", IND_OFFICE_UNC}, {"\x15\x14\x13\x15", IND_NONE},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		set_up(state);
		struct fixture *f = *state;
		const struct lure_finding *found;
		struct fields fields = {.o = &f->o, .where = "text"};
		for (const char *c = rows[i].text; *c; c++)
			fields_char(&fields, (uint8_t)*c);
		fields_end(&fields);
		size_t n = lure_findings(f->l, &found);
		if (rows[i].want == IND_NONE ? n != 0 : !lure_has(f->l, rows[i].want))
			fail_msg("%s: %zu findings, %s", rows[i].text, n, n ? indicator_table[found[0].indicator].id : "none");
		tear_down(state);
	}
}

static void test_formulas(void **state)
{
	static const struct { const char *text; bool dde; } rows[] = {
		{"=cmd|'/c x'!A0", true}, {"=cmd |'/c x'!A0", true}, {"+cmd|' /c x'!A0", true}, {"=SUM(A1)+MSEXCEL|'\\..\\x'!_xlbgnm.A1", true}, {"=A1", false}, {"=\"a|b!\"", false}, {"=IF(A1=\"x|y\",\"!\",2)", false}, {"|!", false},
		{"=cmd|x", false}, {"={1|2!}", false},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (formula_dde(&f->o, slice_of(rows[i].text), "x") != rows[i].dde)
			fail_msg("%s", rows[i].text);
}

/* ---- classes ------------------------------------------------------------------------------------------------------------------------- */
static void test_class(void **state)
{
	uint8_t id[16];
	(void)state;
	assert_true(class_of(SL("{0002CE02-0000-0000-C000-000000000046}"), id));
	assert_memory_equal(id, "\x02\xce\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 16);
	assert_false(class_of(SL("0002CE02-0000"), id));
	assert_false(class_of(SL("{0002CE0x-0000-0000-C000-000000000046}"), id));
}

/* ---- what must not grow ---------------------------------------------------------------------------------------------------------------- */
static void test_allowance(void **state)
{
	struct fixture *f = *state;
	assert_non_null(office_take(&f->o, 1000, "x"));
	assert_false(lure_has(f->l, IND_LIMIT_SIZE));
	assert_null(office_take(&f->o, (uint64_t)1 << 40, "x"));
	assert_true(lure_has(f->l, IND_LIMIT_SIZE));
	uint64_t before = f->o.room;
	struct office_mark m = office_mark(&f->o);
	assert_non_null(office_take(&f->o, 5000, "x"));
	office_release(&f->o, m);
	assert_int_equal(f->o.room, before); /* given back to what may be held, but not to what may be read in all */
	assert_true(f->o.left < ((uint64_t)8 << 20) + (1 << 20));
}

/* A chain of sectors that leads back to itself, in every table there is. */
static void test_circles(void **state)
{
	struct fixture *f = *state;
	struct cfb c;
	for (uint32_t next = 0; next < 4; next++) {
		char file[512 * 5] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
		struct slice s = slice_make(file, sizeof file);
		file[30] = 9;
		file[32] = 6;
		file[44] = 1;                         /* one sector of FAT: 0 */
		file[48] = 1;                         /* the directory begins in 1 */
		file[60] = 2, file[64] = 1;           /* the mini FAT in 2 */
		memset(file + 68, 0xfe, 1), memset(file + 69, 0xff, 3);
		memset(file + 80, 0xff, 432);
		for (int i = 0; i < 128; i++)
			file[512 + 4 * i] = (char)next;
		for (int i = 0; i < 4; i++) {         /* entries whose siblings and children are each other */
			char *e = file + 1024 + 128 * i;
			e[0] = 'a', e[64] = 4, e[66] = i ? 2 : 5, e[68] = 1, e[72] = 2, e[76] = 1;
			e[116] = 3, e[121] = 0x20;
		}
		if (cfb_open(&c, &f->o, s))
			for (uint32_t i = 0; i < c.n; i++)
				assert_true(cfb_read(&c, i).n <= sizeof file + 512); /* a circle ends where the file would */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unpack, set_up, tear_down), cmocka_unit_test_setup_teardown(test_unpack_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_macro_words, set_up, tear_down), cmocka_unit_test_setup_teardown(test_xml, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_xml_wide, set_up, tear_down), cmocka_unit_test_setup_teardown(test_xml_bounds, set_up, tear_down), cmocka_unit_test(test_links),
		cmocka_unit_test(test_fields), cmocka_unit_test_setup_teardown(test_formulas, set_up, tear_down), cmocka_unit_test(test_class),
		cmocka_unit_test_setup_teardown(test_allowance, set_up, tear_down), cmocka_unit_test_setup_teardown(test_circles, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
