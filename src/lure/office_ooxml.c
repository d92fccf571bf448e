/* office_ooxml.c - OOXML: parts of a zip, found by what relationships and content types say they are, not by their names. */
#include "lure/office_private.h"

enum { RELATIONS_MAX = 20000 };

enum part { PART_NONE, PART_VBA, PART_OLE, PART_PACKAGE, PART_MACROSHEET, PART_ACTIVEX, PART_CHUNK, PART_RIBBON, PART_WORKBOOK_BIN, PART_EXTERNAL_BIN, PART_DIALOG, PART_INERT };
static const struct { const char *ends; enum part part; } kinds[] = { /* ends of relationship types, which differ by their year */
	{"/vbaProject", PART_VBA}, {"/oleObject", PART_OLE}, {"/package", PART_PACKAGE}, {"/xlMacrosheet", PART_MACROSHEET}, {"/xlIntlMacrosheet", PART_MACROSHEET}, {"/control", PART_ACTIVEX},
	{"/activeXControl", PART_ACTIVEX}, {"/activeXControlBinary", PART_OLE}, {"/aFChunk", PART_CHUNK}, {"/extensibility", PART_RIBBON}, {"/customUI", PART_RIBBON}, {"/dialogsheet", PART_DIALOG},
};
static const struct { const char *ends; enum link_kind kind; } links[] = {
	{"/attachedTemplate", LINK_TEMPLATE}, {"/oleObject", LINK_OBJECT}, {"/package", LINK_OBJECT}, {"/frame", LINK_FRAME}, {"/subDocument", LINK_FRAME}, {"/externalLinkPath", LINK_WORKBOOK},
	{"/xlPathMissing", LINK_WORKBOOK}, {"/externalLink", LINK_WORKBOOK}, {"/image", LINK_PICTURE}, {"/linkedImage", LINK_PICTURE}, {"/audio", LINK_PICTURE}, {"/video", LINK_PICTURE}, {"/media", LINK_PICTURE},
	{"/aFChunk", LINK_FRAME}, {"/recipientData", LINK_OTHER}, {"/mailMergeSource", LINK_OTHER}, {"/webSettings", LINK_OTHER}, {"/officeDocument", LINK_OBJECT}, {"/vbaProject", LINK_OBJECT},
};

/* What is read as this can start and load nothing. */
static const char *const inert[] = {"/theme", "/styles", "/stylesWithEffects", "/fontTable", "/webSettings", "/numbering", "/tableStyles", "/presProps", "/viewProps", "/calcChain", "/core-properties",
	"/extended-properties", "/printerSettings", "/sharedStrings", "/thumbnail", "/themeOverride", "/tags"};

struct relation { struct slice id, target; enum part part; const struct zip_member *member; bool hidden; };
struct doc {
	struct office *o;
	struct zip z;
	struct relation *relations;
	size_t n;
	enum part *part;      /* beside members */
	bool *other;          /* of a member: something leads to it as what is not inert */
	bool macro_type;      /* the main part's content type is one with macros */
	bool vba, book;
};

/* ---- relationships ------------------------------------------------------------------------------------------------------------ */
/* "xl/_rels/workbook.xml.rels" + "../a.bin": where that leads, as a name in the zip. */
static struct slice resolve(struct doc *d, struct slice rels, struct slice target)
{
	if (slice_starts(target, SL("/")))
		return slice_from(target, 1);
	ssize_t at = slice_rfind(rels, SL("_rels/"));
	struct slice base = slice_to(rels, at > 0 ? (size_t)at - 1 : 0);
	while (slice_starts(target, SL("../"))) {
		size_t n = base.n;
		while (n && base.p[n - 1] != '/')
			n--;
		base = slice_to(base, n ? n - 1 : 0);
		target = slice_from(target, 3);
	}
	return base.n ? office_join(d->o, base, "/", target) : target;
}

static bool mark_inert(struct doc *d, size_t member, struct slice type)
{
	for (size_t i = 0; i < ARRAY_LEN(inert); i++)
		if (slice_ends(type, slice_of(inert[i]))) {
			if (!d->other[member] && d->part[member] == PART_NONE)
				d->part[member] = PART_INERT;
			return true;
		}
	d->other[member] = true;
	if (d->part[member] == PART_INERT)
		d->part[member] = PART_NONE;
	return false;
}

static void relation(struct doc *d, const struct xml *x, struct slice rels)
{
	struct slice type = xml_attr(x, "Type"), target = xml_attr_text(x, d->o, "Target");
	const char *where = office_z(d->o, rels);
	if (slice_ieq(xml_attr(x, "TargetMode"), SL("External"))) {
		for (size_t i = 0; i < ARRAY_LEN(links); i++)
			if (slice_ends(type, slice_of(links[i].ends))) {
				link_judge(d->o, links[i].kind, target, where);
				return;
			}
		if (slice_ends(type, SL("/hyperlink")) && (slice_istarts(target, SL("ms-msdt:")) || slice_istarts(target, SL("search-ms:"))))
			link_judge(d->o, LINK_OTHER, target, where);
		return;
	}
	const struct zip_member *m = zip_find(&d->z, resolve(d, rels, target));
	if (m && mark_inert(d, (size_t)(m - d->z.members), type))
		return;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && d->n < RELATIONS_MAX; i++)
		if (slice_ends(type, slice_of(kinds[i].ends))) {
			if (m)
				d->part[m - d->z.members] = kinds[i].part;
			d->relations[d->n++] = (struct relation){.id = xml_attr(x, "Id"), .target = target, .part = kinds[i].part, .member = m};
			return;
		}
}

static void read_relations(struct doc *d)
{
	for (size_t i = 0; i < d->z.n && !lure_stop(d->o->l); i++) {
		struct xml x;
		if (!slice_iends(d->z.members[i].name, SL(".rels")))
			continue;
		xml_start(&x, d->o, zip_read(&d->z, &d->z.members[i]));
		for (enum xml_event e; (e = xml_next(&x)) != XML_END && !lure_stop(d->o->l);)
			if (e == XML_OPEN && slice_eqz(x.name, "Relationship"))
				relation(d, &x, d->z.members[i].name);
	}
}

/* Who wrote it, when they say so: facts for whoever compares. */
static void read_properties(struct doc *d)
{
	static const struct { const char *element, *fact; } wanted[] = {{"creator", "author"}, {"lastModifiedBy", "last-author"}, {"title", "title"}, {"created", "created"}};
	const struct zip_member *m = zip_find(&d->z, SL("docProps/core.xml"));
	struct xml x;
	const char *fact = NULL;
	if (!m)
		return;
	xml_start(&x, d->o, zip_read(&d->z, m));
	for (enum xml_event e; (e = xml_next(&x)) != XML_END;) {
		if (e == XML_TEXT && fact)
			lure_fact(d->o->l, d->o->id, fact, slice_trim(xml_unescape(d->o, x.text)));
		fact = NULL;
		for (size_t i = 0; e == XML_OPEN && i < ARRAY_LEN(wanted); i++)
			if (slice_eqz(x.name, wanted[i].element))
				fact = wanted[i].fact;
	}
}

/* ---- content types --------------------------------------------------------------------------------------------------------------- */
static const struct { const char *type; enum part part; } content[] = {
	{"application/vnd.ms-office.vbaProject", PART_VBA}, {"application/vnd.ms-excel.macrosheet+xml", PART_MACROSHEET}, {"application/vnd.ms-excel.intlmacrosheet+xml", PART_MACROSHEET},
	{"application/vnd.ms-excel.macrosheet", PART_MACROSHEET}, {"application/vnd.ms-excel.intlmacrosheet", PART_MACROSHEET}, {"application/vnd.openxmlformats-officedocument.oleObject", PART_OLE},
	{"application/vnd.ms-office.activeX+xml", PART_ACTIVEX}, {"application/vnd.ms-excel.sheet.binary.macroEnabled.main", PART_WORKBOOK_BIN}, {"application/vnd.ms-excel.externalLink", PART_EXTERNAL_BIN},
};

static void content_type(struct doc *d, const struct xml *x)
{
	struct slice type = xml_attr(x, "ContentType");
	if (slice_iends(type, SL(".macroEnabled.main+xml")) || slice_iends(type, SL(".macroEnabledTemplate.main+xml")))
		d->macro_type = true;
	for (size_t i = 0; i < ARRAY_LEN(content); i++) {
		if (!slice_ieq(type, slice_of(content[i].type)))
			continue;
		if (slice_eqz(x->name, "Override")) {
			const struct zip_member *m = zip_find(&d->z, xml_attr_text(x, d->o, "PartName"));
			if (m && d->part[m - d->z.members] == PART_NONE)
				d->part[m - d->z.members] = content[i].part;
		}
	}
}

static void read_types(struct doc *d)
{
	const struct zip_member *m = zip_find(&d->z, SL("[Content_Types].xml"));
	struct xml x;
	if (!m)
		return;
	xml_start(&x, d->o, zip_read(&d->z, m));
	for (enum xml_event e; (e = xml_next(&x)) != XML_END && !lure_stop(d->o->l);)
		if (e == XML_OPEN && (slice_eqz(x.name, "Override") || slice_eqz(x.name, "Default")))
			content_type(d, &x);
	if (x.dtd)
		office_found(d->o, IND_OFFICE_DTD, "[Content_Types].xml", SL("a document type declaration"));
}

/* ---- sheets of macros, and which are hidden ------------------------------------------------------------------------------------------ */
static void book_sheet(struct doc *d, const struct xml *x)
{
	struct slice state = xml_attr(x, "state"), id = xml_attr(x, "id"), name = xml_attr_text(x, d->o, "name");
	for (size_t i = 0; i < d->n; i++) {
		if (d->relations[i].part != PART_MACROSHEET || !slice_eq(d->relations[i].id, id))
			continue;
		if (slice_ieq(state, SL("hidden")) || slice_ieq(state, SL("veryHidden")))
			lure_found(d->o->l, d->o->id, IND_OFFICE_XLM_HIDDEN, UINT64_MAX, "xl/workbook.xml", "sheet \"%.*s\", %.*s", SLFMT(name), SLFMT(state));
	}
}

static void read_workbook(struct doc *d, struct slice xml)
{
	struct xml x;
	xml_start(&x, d->o, xml);
	for (enum xml_event e; (e = xml_next(&x)) != XML_END && !lure_stop(d->o->l);) {
		if (e != XML_OPEN)
			continue;
		if (slice_eqz(x.name, "sheet"))
			book_sheet(d, &x);
		else if (slice_eqz(x.name, "definedName") && xlm_auto_name(xml_attr(&x, "name")))
			office_found(d->o, IND_OFFICE_XLM_AUTORUN, "xl/workbook.xml", xml_attr_text(&x, d->o, "name"));
	}
}

/* Sheets of .xlsb were noted as facts, "rId2 name". */
static void hidden_binary(struct doc *d)
{
	struct slice fact = lure_fact_of(d->o->l, d->o->id, "hidden-sheet"), id;
	if (!fact.n || !slice_cut(&fact, ' ', &id))
		return;
	for (size_t i = 0; i < d->n; i++)
		if (d->relations[i].part == PART_MACROSHEET && slice_eq(d->relations[i].id, id))
			office_found(d->o, IND_OFFICE_XLM_HIDDEN, "xl/workbook.bin", fact);
}

/* ---- parts ----------------------------------------------------------------------------------------------------------------------------- */
static bool is_xml(struct slice s)
{
	if (slice_starts(s, SL("\xef\xbb\xbf")))
		s = slice_from(s, 3);
	return s.n > 1 && (s.p[0] == '<' || (uint8_t)s.p[0] >= 0xfe || (s.p[0] == 0 && s.p[1] == '<'));
}

static void vba_part(struct doc *d, struct slice bytes, const char *where)
{
	struct cfb c;
	d->vba = true;
	if (!cfb_open(&c, d->o, bytes) || !vba_projects(&c)) {
		office_broken(d->o, where, "a macro project that cannot be read");
		lure_found(d->o->l, d->o->id, IND_OFFICE_VBA, UINT64_MAX, where, "a macro project that cannot be read");
	}
}

/* A compound file inside: its objects count as the document's own, so that a package is one step away and no further. */
static void ole_part(struct doc *d, struct slice bytes, const char *where, bool said)
{
	struct cfb c;
	if (!slice_starts(bytes, slice_make("\xd0\xcf\x11\xe0", 4))) {
		if (said)
			office_child(d->o, slice_basename(slice_of(where)), "object.bin", bytes, where);
		return;
	}
	if (!cfb_open(&c, d->o, bytes))
		return;
	if (cfb_child(&c, 0, "VBA") != UINT32_MAX || cfb_child(&c, 0, "Macros") != UINT32_MAX || cfb_child(&c, 0, "dir") != UINT32_MAX) {
		d->vba = vba_projects(&c) || d->vba;
		return;
	}
	static const char *const documents[] = {"WordDocument", "Workbook", "Book", "PowerPoint Document", "EncryptedPackage"};
	for (size_t i = 0; i < ARRAY_LEN(documents); i++)
		if (cfb_child(&c, 0, documents[i]) != UINT32_MAX) {
			office_child(d->o, slice_basename(slice_of(where)), "object.bin", bytes, where);
			return;
		}
	if (!ole_objects(&c))
		office_found(d->o, IND_OFFICE_EMBEDDED, where, SL("an object"));
}

static void activex_part(struct doc *d, struct slice bytes, const char *where)
{
	struct xml x;
	uint8_t id[16];
	xml_start(&x, d->o, bytes);
	for (enum xml_event e; (e = xml_next(&x)) != XML_END;) {
		if (e != XML_OPEN || !slice_eqz(x.name, "ocx"))
			continue;
		struct slice class = xml_attr(&x, "classid");
		office_found(d->o, IND_OFFICE_ACTIVEX, where, class);
		if (class_of(class, id))
			class_judge(d->o, id, where);
	}
}

static bool picture(struct slice name)
{
	static const char *const ends[] = {".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".tif", ".tiff", ".bmp", ".fntdata", ".odttf", ".wdp", ".mp4", ".m4a", ".mp3", ".wav"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_iends(name, slice_of(ends[i])))
			return true;
	return false;
}

/* By what it is, whatever it is called. */
static void other_part(struct doc *d, const struct zip_member *m, struct slice bytes, const char *where)
{
	if (is_xml(bytes)) {
		if (slice_iends(m->name, SL("workbook.xml")))
			read_workbook(d, bytes);
		part_judge(d->o, bytes, where);
	} else if (slice_starts(bytes, slice_make("\xd0\xcf\x11\xe0", 4))) {
		ole_part(d, bytes, where, false);
	} else if (slice_iends(m->name, SL("workbook.bin"))) {
		xlsb_workbook(d->o, bytes);
	} else if (slice_ihas(m->name, SL("externalLink")) && slice_iends(m->name, SL(".bin"))) {
		xlsb_external(d->o, bytes, where);
	} else if (slice_ihas(m->name, SL("macrosheets/")) && slice_iends(m->name, SL(".bin"))) {
		xlsb_macrosheet(d->o, bytes, where);
	} else if (!mso_parse(d->o, bytes, where) && (office_runs_bytes(bytes) || office_runs_name(m->name) || slice_starts(bytes, SL("PK\3\4")) || slice_starts(bytes, SL("{\\rt")))) {
		office_child(d->o, slice_basename(m->name), "part.bin", bytes, where);
	}
}

static void macro_sheet(struct doc *d, struct slice bytes, const char *where)
{
	office_found(d->o, IND_OFFICE_XLM, where, SL("a sheet of Excel 4 macros"));
	if (is_xml(bytes))
		part_judge(d->o, bytes, where);
	else
		xlsb_macrosheet(d->o, bytes, where);
}

/* Pictures and inert parts are not unpacked, unless they begin like something else. */
static bool pass_over(struct doc *d, size_t i)
{
	const struct zip_member *m = &d->z.members[i];
	char head[512];
	if (slice_iends(m->name, SL(".rels")) || slice_ends(m->name, SL("/")))
		return true;
	if (d->part[i] != PART_INERT && !(picture(m->name) && d->part[i] == PART_NONE))
		return false;
	struct slice s = slice_make(head, zip_peek(&d->z, m, head, sizeof(head)));
	bool odd = office_runs_bytes(s) || slice_starts(s, slice_make("\xd0\xcf\x11\xe0", 4)) || slice_starts(s, SL("PK\3\4")) || slice_starts(s, SL("ActiveMime")) || slice_has(s, SL("<!DOCTYPE"));
	return !odd && !(is_xml(s) && picture(m->name));
}

static void judge_member(struct doc *d, size_t i)
{
	const struct zip_member *m = &d->z.members[i];
	const char *where = office_z(d->o, m->name);
	if (pass_over(d, i))
		return;
	struct slice bytes = zip_read(&d->z, m);
	switch (d->part[i]) {
	case PART_VBA: vba_part(d, bytes, where); break;
	case PART_OLE: ole_part(d, bytes, where, true); break;
	case PART_PACKAGE: office_child(d->o, slice_basename(m->name), "package.bin", bytes, where); break;
	case PART_MACROSHEET: macro_sheet(d, bytes, where); break;
	case PART_ACTIVEX: activex_part(d, bytes, where); break;
	case PART_CHUNK:
		office_found(d->o, IND_OFFICE_ALTCHUNK, where, m->name);
		lure_child(d->o->l, d->o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = slice_basename(m->name), .bytes = bytes});
		break;
	default: other_part(d, m, bytes, where); break;
	}
}

/* A name that promises no macros, and a type that allows them: Office refuses to open some of these, and opens others. */
static void judge_type(struct doc *d)
{
	static const char *const plain[] = {".docx", ".dotx", ".xlsx", ".xltx", ".pptx", ".potx", ".ppsx"};
	const struct lure_object *all;
	size_t n = lure_objects(d->o->l, &all);
	struct slice name = d->o->id < n ? all[d->o->id].name : SLICE_NONE;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (slice_iends(name, slice_of(plain[i])) && (d->macro_type || d->vba))
			lure_found_slice(d->o->l, d->o->id, IND_OFFICE_MACRO_MISNAMED, UINT64_MAX, SL("[Content_Types].xml"), slice_basename(name));
}

void parse_ooxml(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	struct doc d = {.o = &o};
	bool encrypted = false;
	office_start(&o, l, id, bytes);
	if (zip_open(&d.z, &o, bytes)) {
		d.relations = arena_alloc(&o.a, RELATIONS_MAX * sizeof(*d.relations));
		d.part = arena_alloc(&o.a, (d.z.n + 1) * sizeof(*d.part));
		memset(d.part, 0, (d.z.n + 1) * sizeof(*d.part));
		d.other = arena_alloc(&o.a, d.z.n + 1);
		memset(d.other, 0, d.z.n + 1);
		read_relations(&d);
		read_types(&d);
		read_properties(&d);
		for (size_t i = 0; i < d.z.n && !lure_stop(l); i++) {
			struct office_mark m = office_mark(&o);
			encrypted = encrypted || d.z.members[i].encrypted;
			judge_member(&d, i);
			office_release(&o, m);
		}
		hidden_binary(&d);
		judge_type(&d);
		if (encrypted)
			crypt_said(&o, false, 0, "zip");
	} else {
		office_broken(&o, "zip", "no part can be found");
	}
	office_end(&o);
}
