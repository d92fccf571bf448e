/* office_part.c - XML as Word, Excel and PowerPoint write it, wherever it stands: fields, DDE, buttons, links, what is embedded as base64. */
#include "lure/office_private.h"

enum { FIELD_MAX = 4096 };

struct part_scan {
	struct office *o;
	struct xml x;
	const char *where;
	struct fields f;
	bool instruction, formula, binary, path, macro_names, linked;
	struct slice binary_name, part_name;
};

bool xml_has_element(struct slice s, const struct slice *names, size_t count)
{
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < count; i++)
		least = MIN(least, names[i].n);
	const char *p = s.p, *end = slice_from(s, s.n).p; /* an empty part is none at all */
	while (p < end && (p = memchr(p, '<', (size_t)(end - p))) && ++p < end) {
		size_t most = MIN((size_t)(end - p), (size_t)64), n = 0, from = 0;
		for (; n < most && p[n] != ' ' && p[n] != '>' && p[n] != '/' && p[n] != '\n' && p[n] != '\r' && p[n] != '\t'; n++)
			if (p[n] == ':' || p[n] == '!')
				from = n + 1;
		if (n - from < least)
			continue;
		for (size_t i = 0; i < count; i++)
			if (names[i].n == n - from && names[i].p[0] == p[from] && memcmp(names[i].p, p + from, n - from) == 0)
				return true;
	}
	return false;
}

/* Elements for which a part is gone through; most have none of them, and one pass over the tags tells. */
static bool worth(struct slice s)
{
	static const struct slice names[] = {SL("instrText"), SL("delInstrText"), SL("fldSimple"), SL("ddeLink"), SL("customUI"), SL("binData"), SL("binaryData"), SL("SupBook"), SL("hlinkClick"), SL("hlinkHover"),
		SL("hlinkMouseOver"), SL("macrosheet"), SL("attachedTemplate"), SL("Relationship"), SL("DOCTYPE")};
	return slice_has(s, SL("WEBSERVICE(")) || slice_has(s, SL("Formula=\"")) || xml_has_element(s, names, ARRAY_LEN(names));
}

/* Word cuts an instruction into runs; tags between say where a field begins and ends. */
static void field_text(struct part_scan *p, struct slice text)
{
	text = xml_unescape(p->o, text);
	if (p->f.depth == 0) /* instructions outside of any field: judged by themselves */
		fields_char(&p->f, 0x13);
	for (size_t i = 0; i < text.n && p->f.text.n < FIELD_MAX; i++)
		buf_addc(&p->f.text, text.p[i]);
}

static void field_mark(struct part_scan *p)
{
	struct slice kind = xml_attr(&p->x, "fldCharType");
	fields_char(&p->f, slice_eqz(kind, "begin") ? 0x13 : slice_eqz(kind, "separate") ? 0x14 : slice_eqz(kind, "end") ? 0x15 : 0);
}

static void dde_link(struct part_scan *p)
{
	struct slice service = xml_attr_text(&p->x, p->o, "ddeService"), topic = xml_attr_text(&p->x, p->o, "ddeTopic");
	link_dde(p->o, office_join(p->o, service, " ", topic), p->where);
}

static void ribbon(struct part_scan *p)
{
	struct slice load = xml_attr_text(&p->x, p->o, "onLoad");
	if (load.n)
		office_found(p->o, IND_OFFICE_CUSTOM_UI, p->where, office_join(p->o, SL("onLoad"), " = ", load));
	if (slice_has(load, SL("://")) || slice_starts(load, SL("\\\\")))
		link_judge(p->o, LINK_TEMPLATE, load, p->where);
}

static void click(struct part_scan *p)
{
	struct slice action = xml_attr_text(&p->x, p->o, "action");
	if (slice_istarts(action, SL("ppaction://program")))
		office_found(p->o, IND_OFFICE_ACTION_PROGRAM, p->where, action);
}

/* Flat documents carry their relationships and parts in the same file. */
static void flat_relation(struct part_scan *p)
{
	static const struct { const char *ends; enum link_kind kind; } links[] = {{"/attachedTemplate", LINK_TEMPLATE}, {"/oleObject", LINK_OBJECT}, {"/frame", LINK_FRAME}, {"/subDocument", LINK_FRAME},
		{"/externalLinkPath", LINK_WORKBOOK}, {"/image", LINK_PICTURE}};
	struct slice type = xml_attr(&p->x, "Type");
	if (!slice_ieq(xml_attr(&p->x, "TargetMode"), SL("External")))
		return;
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (slice_ends(type, slice_of(links[i].ends)))
			link_judge(p->o, links[i].kind, xml_attr_text(&p->x, p->o, "Target"), p->where);
}

static void opened(struct part_scan *p)
{
	struct slice n = p->x.name;
	p->instruction = slice_eqz(n, "instrText") || slice_eqz(n, "delInstrText");
	p->formula = slice_eqz(n, "f") || slice_eqz(n, "Formula");
	p->path = slice_eqz(n, "Path");
	if (slice_eqz(n, "fldChar"))
		field_mark(p);
	else if (slice_eqz(n, "fldSimple"))
		field_judge(p->o, xml_attr_text(&p->x, p->o, "instr"), p->where);
	else if (slice_eqz(n, "ddeLink"))
		dde_link(p);
	else if (slice_eqz(n, "customUI"))
		ribbon(p);
	else if (slice_eqz(n, "hlinkClick") || slice_eqz(n, "hlinkHover") || slice_eqz(n, "hlinkMouseOver"))
		click(p);
	else if (slice_eqz(n, "Relationship"))
		flat_relation(p);
	else if (slice_eqz(n, "part"))
		p->part_name = xml_attr_text(&p->x, p->o, "name");
	else if (slice_eqz(n, "attachedTemplate") && !slice_eqz(p->x.prefix, "xsl"))
		link_judge(p->o, LINK_TEMPLATE, xml_attr_text(&p->x, p->o, "val"), p->where);
	else if (slice_eqz(n, "Cell") && !p->linked && xml_attr(&p->x, "Formula").n) /* cells use what the SupBook before them names */
		formula_dde(p->o, xml_attr_text(&p->x, p->o, "Formula"), p->where);
	else if (slice_eqz(n, "macrosheet"))
		p->macro_names = true;
	if (p->o->flat && (slice_eqz(n, "binData") || slice_eqz(n, "binaryData"))) {
		p->binary = true;
		p->binary_name = slice_eqz(n, "binData") ? xml_attr_text(&p->x, p->o, "name") : p->part_name;
	}
}

/* A part of a flat document: pictures are left out, everything else that is no XML is looked at. */
static void binary(struct part_scan *p, struct slice text)
{
	struct slice bytes = base64_bytes(p->o->l, text), name = slice_basename(p->binary_name);
	p->binary = false;
	if (bytes.n < 8 || mso_parse(p->o, bytes, p->where))
		return;
	if (slice_starts(bytes, slice_make("\xd0\xcf\x11\xe0", 4)))
		lure_child(p->o->l, p->o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = name.n ? name : SL("object.ole"), .bytes = bytes});
	else if (office_runs_bytes(bytes) || office_runs_name(name) || slice_starts(bytes, SL("PK\3\4")))
		office_child(p->o, name, "part.bin", bytes, p->where);
}

static void text(struct part_scan *p)
{
	if (p->instruction)
		field_text(p, p->x.text);
	else if (p->binary)
		binary(p, p->x.text);
	else if (p->formula || p->path) {
		struct slice t = xml_unescape(p->o, p->x.text);
		if (p->macro_names)
			xlm_formula_text(p->o, t, p->where);
		if (p->path) {
			ssize_t bar = slice_chr(t, '|');
			p->linked = bar > 0 || p->linked;
			if (bar > 0)
				link_dde(p->o, office_join(p->o, slice_to(t, (size_t)bar), " ", slice_from(t, (size_t)bar + 1)), p->where);
		} else if (slice_ihas(t, SL("WEBSERVICE("))) {
			office_found(p->o, IND_OFFICE_FORMULA_FETCH, p->where, t);
		}
	}
}

void part_judge(struct office *o, struct slice xml, const char *where)
{
	struct part_scan p = {.o = o, .where = where, .f = {.o = o, .where = where}};
	xml_start(&p.x, o, xml);
	if (!worth(p.x.s))
		return;
	for (enum xml_event e; (e = xml_next(&p.x)) != XML_END && !lure_stop(o->l);) {
		if (e == XML_OPEN)
			opened(&p);
		else if (e == XML_TEXT)
			text(&p);
		else
			p.instruction = p.formula = p.path = p.binary = false;
	}
	fields_end(&p.f);
	if (p.x.dtd)
		office_found(o, IND_OFFICE_DTD, where, SL("a document type declaration"));
	if (p.x.deep)
		lure_found(o->l, o->id, IND_LIMIT_DEPTH, UINT64_MAX, where, "elements deeper than %d", XML_DEPTH_MAX);
}

void parse_flat_xml(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	office_start(&o, l, id, bytes);
	o.flat = true;
	part_judge(&o, bytes, "document");
	office_end(&o);
}
