/* office_odf.c - OpenDocument: scripts, what calls them, links outside, objects, encryption. */
#include "lure/office_private.h"

static bool script_name(struct slice n)
{
	return slice_istarts(n, SL("Scripts/")) || slice_istarts(n, SL("Basic/"));
}

static void events(struct office *o, const struct xml *x, const char *where)
{
	struct slice event = xml_attr_text(x, o, "event-name"), target = xml_attr_text(x, o, "href");
	if (!target.n)
		target = xml_attr_text(x, o, "macro-name");
	bool loads = slice_ends(event, SL("load")) || slice_ihas(event, SL("open")) || slice_ihas(event, SL("OnLoad")) || slice_ihas(event, SL("close")) || slice_ihas(event, SL("new"));
	bool outside = slice_ihas(target, SL("location=share")) || slice_ihas(target, SL("location=user")) || slice_has(target, SL("../"));
	office_found(o, loads || outside ? IND_ODF_AUTORUN : IND_ODF_EVENT, where, office_join(o, event, ": ", target));
}

static void element(struct office *o, const struct xml *x, const char *where)
{
	static const struct { const char *name; enum link_kind kind; } links[] = {{"object", LINK_OBJECT}, {"object-ole", LINK_OBJECT}, {"plugin", LINK_OBJECT}, {"floating-frame", LINK_FRAME}, {"section-source", LINK_FRAME},
		{"table-source", LINK_WORKBOOK}, {"cell-range-source", LINK_WORKBOOK}, {"image", LINK_PICTURE}, {"fill-image", LINK_PICTURE}, {"applet", LINK_OBJECT}, {"template", LINK_TEMPLATE}};
	if (slice_eqz(x->name, "event-listener")) {
		events(o, x, where);
	} else if (slice_eqz(x->name, "dde-source") || slice_eqz(x->name, "dde-connection-decl")) {
		link_dde(o, office_join(o, xml_attr_text(x, o, "dde-application"), " ", xml_attr_text(x, o, "dde-topic")), where);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(links); i++)
			if (slice_eqz(x->name, links[i].name)) {
				link_judge(o, links[i].kind, xml_attr_text(x, o, "href"), where);
				return;
			}
	}
}

static void document(struct office *o, struct slice xml, const char *where)
{
	static const struct slice names[] = {SL("event-listener"), SL("dde-source"), SL("dde-connection-decl"), SL("object"), SL("object-ole"), SL("plugin"), SL("floating-frame"), SL("section-source"), SL("table-source"),
		SL("cell-range-source"), SL("image"), SL("fill-image"), SL("applet"), SL("template"), SL("DOCTYPE")};
	struct xml x;
	xml_start(&x, o, xml);
	if (!xml_has_element(x.s, names, ARRAY_LEN(names)))
		return;
	for (enum xml_event e; (e = xml_next(&x)) != XML_END && !lure_stop(o->l);)
		if (e == XML_OPEN)
			element(o, &x, where);
	if (x.dtd)
		office_found(o, IND_OFFICE_DTD, where, SL("a document type declaration"));
	if (x.deep)
		lure_found(o->l, o->id, IND_LIMIT_DEPTH, UINT64_MAX, where, "elements deeper than %d", XML_DEPTH_MAX);
}

/* A module of Basic is XML around its text; the words are those of VBA. */
static void script(struct office *o, struct slice name, struct slice bytes, const char *where)
{
	struct xml x;
	struct slice source = bytes;
	bool library = slice_iends(name, SL("script-lc.xml")) || slice_iends(name, SL("script-lb.xml")) || slice_iends(name, SL("dialog-lc.xml")) || slice_iends(name, SL("dialog-lb.xml"));
	if (library || bytes.n == 0)
		return;
	if (slice_iends(name, SL(".xml"))) {
		bool module = false;
		xml_start(&x, o, bytes);
		for (enum xml_event e; (e = xml_next(&x)) != XML_END;) {
			if (e == XML_OPEN)
				module = slice_eqz(x.name, "module");
			else if (e == XML_TEXT && module)
				source = xml_unescape(o, x.text);
		}
	}
	office_found(o, IND_ODF_MACRO, where, slice_to(source, 120));
	if (slice_iends(name, SL(".xml")))
		vba_judge(o, &(struct vba_module){.name = slice_basename(name), .source = source, .has_source = true}, 1, SLICE_NONE);
	else
		lure_child(o->l, o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = slice_basename(name), .bytes = bytes});
}

static void object(struct office *o, struct slice bytes, const char *where)
{
	struct cfb c;
	if (!cfb_open(&c, o, bytes))
		return;
	if (!ole_objects(&c))
		office_found(o, IND_OFFICE_EMBEDDED, where, SL("an object"));
	vba_projects(&c);
}

static void member(struct zip *z, const struct zip_member *m)
{
	struct office *o = z->o;
	const char *where = office_z(o, m->name);
	bool media = slice_istarts(m->name, SL("Pictures/")) || slice_istarts(m->name, SL("Thumbnails/")) || slice_istarts(m->name, SL("Configurations2/"));
	if (m->size == 0 || slice_ends(m->name, SL("/")))
		return;
	if (slice_istarts(m->name, SL("ObjectReplacements/")) || (media && !office_runs_name(m->name)))
		return;
	struct slice bytes = zip_read(z, m);
	if (script_name(m->name))
		script(o, m->name, bytes, where);
	else if (slice_starts(bytes, slice_make("\xd0\xcf\x11\xe0", 4)))
		object(o, bytes, where);
	else if (slice_iends(m->name, SL("content.xml")) || slice_iends(m->name, SL("styles.xml")) || slice_iends(m->name, SL("meta.xml")))
		document(o, bytes, where);
	else if (slice_eqz(m->name, "META-INF/manifest.xml") && slice_has(bytes, SL("encryption-data")))
		crypt_said(o, false, 0, where);
	else if (office_runs_bytes(bytes) || office_runs_name(m->name))
		office_child(o, slice_basename(m->name), "object.bin", bytes, where);
}

void parse_odf(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	struct zip z;
	office_start(&o, l, id, bytes);
	if (zip_open(&z, &o, bytes)) {
		/* An encrypted document's parts are no XML: its manifest says so, and nothing else is to be had */
		for (size_t i = 0; i < z.n && !lure_stop(l); i++) {
			struct office_mark m = office_mark(&o);
			member(&z, &z.members[i]);
			office_release(&o, m);
		}
	} else {
		office_broken(&o, "zip", "no part can be found");
	}
	office_end(&o);
}
