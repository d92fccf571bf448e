/* office_ole.c - what is in a compound file: documents of the time before OOXML, macros, objects, encrypted packages. */
#include "lure/office_private.h"

#include <stdio.h>

/* ---- fields in Word's text -------------------------------------------------------------------------------------------------- */
static void field_done(struct fields *f)
{
	uint32_t d = f->depth - 1;
	if (f->done[d])
		return;
	f->done[d] = true;
	field_judge(f->o, slice_make(f->text.p ? f->text.p + f->start[d] : "", f->text.n - f->start[d]), f->where);
	f->text.n = f->start[d]; /* what follows is the result: text of the field around it */
}

void fields_char(struct fields *f, uint32_t c)
{
	if (c == 0x13 && f->depth < FIELDS_DEEP) {
		f->start[f->depth] = f->text.n;
		f->done[f->depth++] = false;
	} else if (c == 0x14 && f->depth) {
		field_done(f);
	} else if (c == 0x15 && f->depth) {
		field_done(f);
		if (--f->depth == 0)
			f->text.n = 0;
	} else if (f->depth && f->text.n < FIELD_TEXT && c != 0x13) {
		if (c < 0x80)
			buf_addc(&f->text, c < 0x20 ? ' ' : (char)c);
		else if (c < 0x800)
			buf_add(&f->text, (char[]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 63))}, 2);
		else
			buf_add(&f->text, (char[]){(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))}, 3);
	}
}

void fields_end(struct fields *f)
{
	while (f->depth) { /* a field that does not end is one all the same */
		field_done(f);
		f->depth--;
	}
	buf_free(&f->text);
}

static void feed(struct fields *f, struct slice s, bool wide)
{
	if (!wide)
		for (size_t i = 0; i < s.n; i++) {
			if (f->depth == 0) { /* outside of fields only their beginning counts */
				ssize_t next = slice_chr(slice_from(s, i), 0x13);
				if (next < 0)
					return;
				i += (size_t)next;
			}
			fields_char(f, (uint8_t)s.p[i]);
		}
	else
		for (size_t i = 0; i + 1 < s.n; i += 2)
			if (f->depth || s.p[i] == 0x13)
				fields_char(f, le16(s, i));
}

/* ---- Word -------------------------------------------------------------------------------------------------------------------- */
/* The piece table says where text is, and in how many bytes a character. False: there is none that can be read. */
static bool doc_pieces(struct office *o, struct slice doc, struct slice table, struct fields *f)
{
	struct slice clx = slice_sub(table, le32(doc, 0x1a2), le32(doc, 0x1a6));
	size_t at = 0;
	while (at + 3 <= clx.n && clx.p[at] == 1)
		at += 3u + le16(clx, at + 1);
	if (at + 5 > clx.n || clx.p[at] != 2)
		return false;
	struct slice plc = slice_sub(clx, at + 5, le32(clx, at + 1));
	size_t n = plc.n < 4 ? 0 : (plc.n - 4) / 12;
	uint64_t left = (uint64_t)doc.n * 2;
	for (size_t i = 0; i < n && !lure_stop(o->l); i++) {
		uint32_t from = le32(plc, i * 4), to = le32(plc, i * 4 + 4), fc = le32(plc, (n + 1) * 4 + i * 8 + 2);
		bool wide = !(fc & 0x40000000);
		uint64_t bytes = to > from ? (uint64_t)(to - from) * (wide ? 2 : 1) : 0, start = wide ? fc : (fc & 0x3fffffff) / 2;
		if (bytes > left) /* pieces that lie over each other */
			break;
		left -= bytes;
		feed(f, slice_sub(doc, (size_t)start, (size_t)bytes), wide);
	}
	return n > 0;
}

/* The associated strings: the second is where the template comes from. */
static void doc_template(struct office *o, struct slice doc, struct slice table)
{
	struct slice s = slice_sub(table, le32(doc, 0x19a), le32(doc, 0x19e));
	size_t at = 6;
	if (le16(s, 0) != 0xffff || le16(s, 2) < 2)
		return;
	at += 2 + (size_t)le16(s, at) * 2;
	struct slice path = office_utf16(o, slice_sub(s, at + 2, (size_t)le16(s, at) * 2));
	if (path.n)
		link_judge(o, LINK_TEMPLATE, path, "WordDocument");
}

void doc_parse(struct cfb *c, uint32_t storage, struct slice doc)
{
	struct office *o = c->o;
	struct fields f = {.o = o, .where = "WordDocument"};
	uint16_t flags = le16(doc, 0x0a);
	struct slice table = cfb_stream(c, storage, flags & 0x0200 ? "1Table" : "0Table");
	if (flags & 0x0100) {
		int which = 0;
		bool opened = !(flags & 0x8000) && crypt_word(o, &doc, &table, &which);
		crypt_said(o, opened, which, "WordDocument");
		if (!opened)
			return;
	}
	if (le16(doc, 2) >= 0xc1)
		doc_template(o, doc, table);
	bool old = le16(doc, 2) < 0xc1; /* Word 6 and 95 keep their text in one byte a character, the table in the same stream */
	if (old || !table.n || !doc_pieces(o, doc, table, &f)) {
		feed(&f, doc, false);
		fields_end(&f);
		f = (struct fields){.o = o, .where = "WordDocument"};
		if (!old)
			feed(&f, doc, true);
	}
	fields_end(&f);
}

/* ---- PowerPoint ---------------------------------------------------------------------------------------------------------------- */
enum { PPT_OLE_STORAGE = 0x1011, PPT_INTERACTIVE = 0x0ff3, PPT_DEEP = 32, PPT_RECORDS = 500000, ACTION_PROGRAM = 2 };
#define PPT_ENCRYPTED 0xf3d1c4dfu /* the mark of the user's record; other presentations have 0xe391c05f */

static void ppt_record(struct office *o, uint16_t type, uint16_t instance, struct slice body)
{
	if (type == PPT_INTERACTIVE && body.n >= 16 && body.p[8] == ACTION_PROGRAM)
		office_found(o, IND_OFFICE_ACTION_PROGRAM, "PowerPoint Document", SL("a click or the mouse over a shape starts a program"));
	if (type != PPT_OLE_STORAGE || body.n < 8)
		return;
	struct slice bytes = instance ? office_inflate(o, slice_from(body, 4), le32(body, 0), 15, "PowerPoint Document") : body;
	/* Objects and the VBA project are compound files: what they are is said of themselves */
	if (bytes.n)
		lure_child(o->l, o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = SL("object.ole"), .bytes = bytes});
}

void ppt_parse(struct office *o, struct slice s)
{
	size_t ends[PPT_DEEP], depth = 0, at = 0;
	ends[0] = s.n;
	for (int n = 0; n < PPT_RECORDS && at + 8 <= s.n && !lure_stop(o->l); n++) {
		uint16_t head = le16(s, at), type = le16(s, at + 2);
		uint32_t len = le32(s, at + 4);
		while (depth && at >= ends[depth])
			depth--;
		if ((head & 15) == 15 && depth + 1 < PPT_DEEP) {
			ends[++depth] = at + 8 + (size_t)len;
			at += 8;
			continue;
		}
		ppt_record(o, type, head >> 4, slice_sub(s, at + 8, len));
		at += 8 + (size_t)len;
	}
}

/* ---- objects ---------------------------------------------------------------------------------------------------------------------- */
static bool no_class(const uint8_t *id)
{
	for (int i = 0; i < 16; i++)
		if (id[i])
			return false;
	return true;
}

/* Storages that Word and Excel make for objects. */
static bool object_storage(const struct cfb *c, const struct cfb_entry *e)
{
	if (e->type != CFB_STORAGE)
		return false;
	if (slice_starts(e->name, SL("MBD")) && e->name.n == 11)
		return true;
	return e->parent < c->n && slice_eq(c->entries[e->parent].name, SL("ObjectPool"));
}

/* WordML keeps each object as a stream "_1577691300": its size, and a packed compound file. */
static bool packed_object(struct cfb *c, const struct cfb_entry *e, struct slice bytes)
{
	if (e->parent != 0 || e->name.n < 8 || e->name.p[0] != '_' || e->name.p[1] < '0' || e->name.p[1] > '9' || bytes.n < 8 || bytes.p[4] != 'x')
		return false;
	struct slice plain = office_inflate(c->o, slice_from(bytes, 4), le32(bytes, 0), 15, "object");
	if (plain.n)
		lure_child(c->o->l, c->o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = e->name, .bytes = plain});
	return plain.n > 0;
}

static bool object_stream(struct cfb *c, uint32_t i)
{
	struct office *o = c->o;
	const struct cfb_entry *e = &c->entries[i];
	if (slice_ieq(e->name, slice_make("\1Ole10Native", 12)))
		return native_parse(o, cfb_read(c, i), cfb_path(c, i));
	if (slice_ieq(e->name, slice_make("\1Ole", 4))) {
		olelink_parse(o, cfb_read(c, i), cfb_path(c, i));
		return false;
	}
	if (slice_eq(e->name, SL("Package")) || slice_eq(e->name, SL("CONTENTS"))) {
		office_child(o, SLICE_NONE, e->name.n == 7 ? "package.bin" : "contents.bin", cfb_read(c, i), cfb_path(c, i));
		return true;
	}
	if (slice_ieq(e->name, SL("Equation Native"))) {
		equation_judge(o, cfb_read(c, i), cfb_path(c, i));
		return true;
	}
	return e->name.n > 8 && e->name.p[0] == '_' && e->name.p[1] != '_' && e->parent == 0 && packed_object(c, e, cfb_read(c, i));
}

/* True when something was said to be embedded. */
bool ole_objects(struct cfb *c)
{
	struct office *o = c->o;
	bool *said = arena_alloc(&o->a, c->n + 1), any = false;
	memset(said, 0, c->n + 1);
	for (uint32_t i = 0; i < c->n && !lure_stop(o->l); i++) {
		const struct cfb_entry *e = &c->entries[i];
		if (e->reached && e->type == CFB_STREAM && object_stream(c, i))
			any = said[MIN(e->parent, (uint32_t)c->n)] = true;
	}
	for (uint32_t i = 0; i < c->n && !lure_stop(o->l); i++) {
		const struct cfb_entry *e = &c->entries[i];
		if (!e->reached || e->type == CFB_STREAM)
			continue;
		if (!no_class(e->clsid))
			class_judge(o, e->clsid, e->type == CFB_ROOT ? "root" : cfb_path(c, i));
		if (object_storage(c, e) && !said[i]) {
			office_found(o, IND_OFFICE_EMBEDDED, cfb_path(c, i), SL("an object"));
			any = true;
		}
	}
	return any;
}

static void open_package(struct cfb *c, uint32_t info)
{
	int which = 0;
	struct slice plain = crypt_package(c->o, cfb_read(c, info), cfb_stream(c, 0, "EncryptedPackage"), &which);
	crypt_said(c->o, plain.n > 0, which, "EncryptedPackage");
	if (plain.n)
		lure_child(c->o->l, c->o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = SL("decrypted"), .bytes = plain, .opened = true});
}

static void ole_documents(struct cfb *c)
{
	for (uint32_t i = 0; i < c->n && !lure_stop(c->o->l); i++) {
		const struct cfb_entry *e = &c->entries[i];
		if (!e->reached || e->type != CFB_STREAM)
			continue;
		if (slice_ieq(e->name, SL("WordDocument")))
			doc_parse(c, e->parent, cfb_read(c, i));
		else if (slice_ieq(e->name, SL("Workbook")) || slice_ieq(e->name, SL("Book")))
			xls_parse(c->o, cfb_read(c, i));
		else if (slice_ieq(e->name, SL("PowerPoint Document")))
			ppt_parse(c->o, cfb_read(c, i));
		else if (slice_ieq(e->name, SL("Current User")) && e->parent == 0 && le32(cfb_read(c, i), 12) == PPT_ENCRYPTED)
			crypt_said(c->o, false, 0, "PowerPoint Document");
		else if (slice_ieq(e->name, SL("EncryptionInfo")) && e->parent == 0)
			open_package(c, i);
	}
}

void parse_ole(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	struct cfb c;
	office_start(&o, l, id, bytes);
	if (cfb_open(&c, &o, bytes)) {
		ole_documents(&c);
		vba_projects(&c);
		ole_objects(&c);
	} else {
		office_broken(&o, "header", "a compound file without a directory");
	}
	office_end(&o);
}

void parse_activemime(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	office_start(&o, l, id, bytes);
	mso_parse(&o, bytes, "editdata.mso");
	office_end(&o);
}
