/* office_msg.c - messages as Outlook saves them (MS-OXMSG): properties as facts, attachments and embedded messages as objects. */
#include "lure/office_private.h"

#include <stdio.h>

enum { MSG_DEEP = 4, P_SUBJECT = 0x0037, P_HEADERS = 0x007d, P_FROM_NAME = 0x0c1a, P_FROM_ADDRESS = 0x0c1f, P_FROM_SMTP = 0x5d01, P_REPLY_TO = 0x0050, P_RTF = 0x1009, P_HTML = 0x1013, P_TO = 0x0e04, P_DATA = 0x3701, P_SHORT_NAME = 0x3704,
	P_NAME = 0x3707, P_PATH = 0x370d };

static struct slice property(struct cfb *c, uint32_t storage, uint16_t id, const char *type)
{
	char name[32];
	snprintf(name, sizeof(name), "__substg1.0_%04X%s", id, type);
	return cfb_stream(c, storage, name);
}

static struct slice text_of(struct cfb *c, uint32_t storage, uint16_t id)
{
	struct slice s = property(c, storage, id, "001F");
	return s.n ? office_utf16(c->o, s) : office_latin(c->o, property(c, storage, id, "001E"));
}

static void facts(struct cfb *c, uint32_t storage)
{
	static const struct { uint16_t id; const char *name; } wanted[] = {{P_SUBJECT, "subject"}, {P_FROM_NAME, "from-name"}, {P_FROM_SMTP, "from"}, {P_FROM_ADDRESS, "from"}, {P_TO, "to"}, {P_REPLY_TO, "reply-to"}};
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		struct slice v = text_of(c, storage, wanted[i].id);
		if (v.n && (wanted[i].id != P_FROM_ADDRESS || slice_chr(v, '@') >= 0) && !lure_fact_of(c->o->l, c->o->id, wanted[i].name).n)
			lure_fact(c->o->l, c->o->id, wanted[i].name, v);
	}
}

/* A property that is a path to a server: Outlook goes there by itself to fetch the sound of a reminder. */
static void server_paths(struct cfb *c, uint32_t storage)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct cfb_entry *e = &c->entries[i];
		if (!e->reached || e->parent != storage || e->type != CFB_STREAM || e->size > 2048 || !slice_starts(e->name, SL("__substg1.0_8")) || !slice_iends(e->name, SL("001F")))
			continue;
		struct slice v = office_utf16(c->o, cfb_read(c, i));
		if (slice_starts(v, SL("\\\\")))
			link_judge(c->o, LINK_OTHER, v, cfb_path(c, i));
	}
}

static void message(struct cfb *c, uint32_t storage, uint32_t depth);

static void attachment(struct cfb *c, uint32_t storage, uint32_t depth)
{
	struct slice name = text_of(c, storage, P_NAME), bytes = property(c, storage, P_DATA, "0102"), path = text_of(c, storage, P_PATH);
	uint32_t inner = cfb_child(c, storage, "__substg1.0_3701000D");
	if (!name.n)
		name = text_of(c, storage, P_SHORT_NAME);
	if (path.n)
		link_judge(c->o, LINK_OBJECT, path, cfb_path(c, storage));
	if (inner != UINT32_MAX && cfb_child(c, inner, "__properties_version1.0") != UINT32_MAX) {
		if (depth < MSG_DEEP)
			message(c, inner, depth + 1);
		else
			lure_found(c->o->l, c->o->id, IND_LIMIT_DEPTH, UINT64_MAX, cfb_path(c, storage), "messages in messages deeper than %d", MSG_DEEP);
	} else if (bytes.n) {
		lure_child(c->o->l, c->o->id, &(struct lure_child){.how = LURE_PART, .name = name.n ? name : SL("attachment"), .bytes = bytes});
	}
}

static void message(struct cfb *c, uint32_t storage, uint32_t depth)
{
	facts(c, storage);
	server_paths(c, storage);
	struct slice html = property(c, storage, P_HTML, "0102");
	if (html.n)
		lure_child(c->o->l, c->o->id, &(struct lure_child){.how = LURE_PART, .name = SL("body.html"), .bytes = html});
	struct slice packed = property(c, storage, P_RTF, "0102");
	struct buf rtf = {0};
	if (packed.n && rtf_unpack(c->o->l, packed, &rtf))
		lure_child(c->o->l, c->o->id, &(struct lure_child){.how = LURE_PART, .name = SL("body.rtf"), .bytes = buf_slice(&rtf)});
	buf_free(&rtf);
	for (uint32_t i = 0; i < c->n && !lure_stop(c->o->l); i++) {
		const struct cfb_entry *e = &c->entries[i];
		if (e->reached && e->parent == storage && e->type == CFB_STORAGE && slice_istarts(e->name, SL("__attach_version1.0_")))
			attachment(c, i, depth);
	}
}

void parse_msg(struct lure *l, uint32_t id, struct slice bytes)
{
	struct office o;
	struct cfb c;
	office_start(&o, l, id, bytes);
	if (cfb_open(&c, &o, bytes)) {
		message(&c, 0, 0);
		ole_objects(&c);
	} else {
		office_broken(&o, "header", "a compound file without a directory");
	}
	office_end(&o);
}
