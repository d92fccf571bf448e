/* tnef.c - winmail.dat (MS-OXTNEF): attachments, embedded messages, and bodies as Outlook sends them to its own; RTF packed as MS-OXRTFCP has it. */
#include "lure/lure_private.h"

#include <stdlib.h>

enum { ATTRIBUTES_MAX = 20000, PROPERTIES_MAX = 5000, VALUES_MAX = 200, DICTIONARY = 4096 };
enum attribute { A_SUBJECT = 0x8004, A_DATA = 0x800f, A_TITLE = 0x8010, A_RENDER = 0x9002, A_MESSAGE = 0x9003, A_ATTACHMENT = 0x9005 };
enum property { P_BODY_RTF = 0x1009, P_BODY_HTML = 0x1013, P_DATA = 0x3701, P_SHORT = 0x3704, P_LONG = 0x3707, P_PATH = 0x370d };
enum kind { K_STRING8 = 0x1e, K_UNICODE = 0x1f, K_OBJECT = 0x0d, K_BINARY = 0x102, K_CLASS = 0x48, K_MANY = 0x1000 };

/* ---- packed RTF ------------------------------------------------------------------------------------------------------------------------- */

bool rtf_unpack(struct lure *l, struct slice s, struct buf *out)
{
	static const char first[] = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
		"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
	char known[DICTIONARY] = {0};
	size_t at = 16, to = sizeof first - 1;
	uint64_t most = MIN((uint64_t)le32(s, 4), lure_room(l));
	if (s.n < 16 || le32(s, 8) == 0x414c454d) {
		buf_adds(out, slice_to(slice_from(s, 16), (size_t)most));
		return s.n > 16;
	}
	if (le32(s, 8) != 0x75465a4c)
		return false;
	memcpy(known, first, to);
	while (at < s.n && out->n < most) {
		uint8_t bits = (uint8_t)s.p[at++];
		for (int i = 0; i < 8 && at < s.n && out->n < most; i++, bits >>= 1) {
			if (!(bits & 1)) {
				buf_addc(out, s.p[at]);
				known[to] = s.p[at++];
				to = (to + 1) % DICTIONARY;
				continue;
			}
			size_t two = at + 1 < s.n ? (size_t)((uint8_t)s.p[at] << 8 | (uint8_t)s.p[at + 1]) : 0, from = two >> 4, n = (two & 15) + 2;
			at += 2;
			if (from == to)
				return true;
			for (; n && out->n < most; n--, from = (from + 1) % DICTIONARY, to = (to + 1) % DICTIONARY) {
				known[to] = known[from];
				buf_addc(out, known[to]);
			}
		}
	}
	return out->n > 0;
}

/* ---- properties -------------------------------------------------------------------------------------------------------------------------- */

struct attached { struct slice title, name, data, path; bool any, object; };
struct tnef { struct lure *l; uint32_t id; struct attached now; };

static size_t fixed_size(uint16_t kind)
{
	static const struct { uint8_t kind, size; } sizes[] = {{2, 4}, {3, 4}, {4, 4}, {5, 8}, {6, 8}, {7, 8}, {10, 4}, {11, 4}, {20, 8}, {64, 8}, {K_CLASS, 16}};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (sizes[i].kind == kind)
			return sizes[i].size;
	return 0;
}

static void body(struct tnef *t, uint16_t id, struct slice value)
{
	struct buf plain = {0};
	if (id == P_BODY_HTML)
		lure_child(t->l, t->id, &(struct lure_child){.how = LURE_PART, .name = SL("body.html"), .bytes = value});
	else if (id == P_BODY_RTF && rtf_unpack(t->l, value, &plain))
		lure_child(t->l, t->id, &(struct lure_child){.how = LURE_PART, .name = SL("body.rtf"), .bytes = buf_slice(&plain)});
	buf_free(&plain);
}

/* One value, of an attachment's properties or of the message's. */
static void property(struct tnef *t, uint16_t id, uint16_t kind, struct slice value, bool attachment)
{
	if (!attachment) {
		body(t, id, value);
		return;
	}
	struct slice text = kind == K_UNICODE ? utf16_text(t->l, value, true) : value;
	while (text.n && !text.p[text.n - 1])
		text.n--;
	if (id == P_LONG || (id == P_SHORT && !t->now.name.n))
		t->now.name = text;
	else if (id == P_PATH)
		t->now.path = text;
	else if (id == P_DATA) {
		t->now.object = kind == K_OBJECT;
		t->now.data = kind == K_OBJECT ? slice_from(value, 16) /* behind what kind of object it is */ : value;
	}
}

/* False: they end early or contradict themselves. */
static bool properties(struct tnef *t, struct slice s, bool attachment)
{
	uint32_t n = le32(s, 0);
	size_t at = 4;
	for (uint32_t i = 0; i < n && i < PROPERTIES_MAX && !lure_stop(t->l); i++) {
		uint16_t kind = le16(s, at), id = le16(s, at + 2), one = (uint16_t)(kind & ~K_MANY);
		at += 4;
		if (id >= 0x8000) { /* it has a name: who gave it, then a number or a text */
			bool text = le32(s, at + 16) == 1;
			at += 24 + (text ? ((size_t)le32(s, at + 20) + 3) / 4 * 4 : 0);
		}
		size_t size = fixed_size(one);
		bool counted = !size || (kind & K_MANY);
		uint32_t values = counted ? le32(s, at) : 1;
		at += counted ? 4 : 0;
		if (at > s.n || values > VALUES_MAX)
			return false;
		for (uint32_t k = 0; k < values; k++) {
			size_t length = size ? size : le32(s, at);
			at += size ? 0 : 4;
			if (at > s.n || length > s.n - at)
				return false;
			if (k == 0)
				property(t, id, one, slice_sub(s, at, length), attachment);
			at += (length + 3) / 4 * 4;
		}
	}
	return at <= s.n + 3;
}

/* ---- attachments --------------------------------------------------------------------------------------------------------------------------- */

static void hand_on(struct tnef *t)
{
	const struct attached *a = &t->now;
	struct slice name = a->name.n ? a->name : a->title.n ? a->title : SL("attachment");
	if (a->any && a->data.n)
		lure_child(t->l, t->id, &(struct lure_child){.how = LURE_PART, .name = name, .bytes = a->data});
	else if (a->any && a->path.n)
		lure_fact(t->l, t->id, "attached by reference", a->path);
	t->now = (struct attached){0};
}

static bool attribute(struct tnef *t, uint16_t id, struct slice data)
{
	switch (id) {
	case A_RENDER:
		hand_on(t);
		t->now.any = true;
		return true;
	case A_SUBJECT: lure_fact(t->l, t->id, "subject", slice_to(data, data.n - (data.n && !data.p[data.n - 1]))); return true;
	case A_TITLE: t->now.title = slice_to(data, data.n - (data.n && !data.p[data.n - 1])); return true;
	case A_DATA:
		if (!t->now.object)
			t->now.data = data;
		t->now.any = true;
		return true;
	case A_ATTACHMENT: t->now.any = true; return properties(t, data, true);
	case A_MESSAGE: return properties(t, data, false);
	default: return true;
	}
}

void parse_tnef(struct lure *l, uint32_t id, struct slice s)
{
	struct tnef t = {.l = l, .id = id};
	size_t at = 6, n = 0;
	bool whole = true;
	for (; at + 11 <= s.n && n < ATTRIBUTES_MAX && !lure_stop(l); n++) {
		uint16_t which = le16(s, at + 1);
		uint32_t length = le32(s, at + 5);
		at += 9;
		if (length > s.n - at) {
			whole = false;
			attribute(&t, which, slice_from(s, at));
			break;
		}
		whole &= attribute(&t, which, slice_sub(s, at, length));
		at += (size_t)length + 2; /* and a sum that nobody checks */
	}
	hand_on(&t);
	if (n == ATTRIBUTES_MAX)
		lure_found(l, id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "more than %d attributes", ATTRIBUTES_MAX);
	if (!whole || (at < s.n && n < ATTRIBUTES_MAX))
		lure_found(l, id, IND_BROKEN, MIN(at, s.n), NULL, "winmail.dat ends early or contradicts itself");
}
