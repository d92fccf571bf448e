/* pdf.c - PDF (ISO 32000), parsed by qpdf: what it does when it is opened or clicked, what it carries, where it leads.
 * Grepping the bytes would find neither what is compressed nor spare what only looks like a name. */
#include "lure/words.h"

#include <qpdf/qpdf-c.h>
#include <stdlib.h>

enum { OBJECTS_MAX = 200000, DEPTH_MAX = 12, PAGES_READ = 5, CONTENT_MAX = 4 << 20, RAW_MAX = 1 << 20, LINKS_MAX = 50 };

struct pdf {
	struct lure *l;
	uint32_t id;
	qpdf_data q;
	unsigned links, files;
	bool image;
};

static struct slice text_of(struct pdf *p, qpdf_oh v)
{
	size_t n = 0;
	const char *s;
	if (!qpdf_oh_is_string(p->q, v))
		return SLICE_NONE;
	s = qpdf_oh_get_binary_utf8_value(p->q, v, &n);
	return s ? slice_dup(lure_arena(p->l), slice_make(s, MIN(n, (size_t)(1 << 20)))) : SLICE_NONE;
}

static bool has(struct pdf *p, qpdf_oh v, const char *key) { return qpdf_oh_has_key(p->q, v, key); }

static bool name_is(struct pdf *p, qpdf_oh v, const char *name)
{
	return qpdf_oh_is_name(p->q, v) && strcmp(qpdf_oh_get_name(p->q, v), name) == 0;
}

/* What a stream holds, unpacked; only where its packed form is small, since qpdf unpacks all at once. Free with free(). */
static unsigned char *stream_bytes(struct pdf *p, qpdf_oh v, size_t most, size_t *n)
{
	QPDF_BOOL filtered = QPDF_FALSE;
	unsigned char *b = NULL;
	qpdf_oh dict = qpdf_oh_get_dict(p->q, v);
	long long packed = has(p, dict, "/Length") ? qpdf_oh_get_int_value(p->q, qpdf_oh_get_key(p->q, dict, "/Length")) : 0;
	if (packed < 0 || (unsigned long long)packed > most || qpdf_oh_get_stream_data(p->q, v, qpdf_dl_generalized, &filtered, &b, n) & QPDF_ERRORS || !b) {
		free(b);
		return NULL;
	}
	return b;
}

static void script(struct pdf *p, qpdf_oh js)
{
	struct slice text = text_of(p, js);
	unsigned char *b = NULL;
	size_t n = 0;
	if (qpdf_oh_is_stream(p->q, js) && (b = stream_bytes(p, js, RAW_MAX, &n)))
		text = slice_dup(lure_arena(p->l), slice_make((const char *)b, MIN(n, (size_t)(4 << 20))));
	free(b);
	lure_found_slice(p->l, p->id, IND_PDF_JAVASCRIPT, UINT64_MAX, SL("JavaScript"), text);
	judge_script(p->l, p->id, text, "JavaScript");
}

static void link(struct pdf *p, struct slice url)
{
	if (p->links++ < LINKS_MAX)
		lure_fact(p->l, p->id, "link", url);
	if (slice_istarts(url, SL("file:")) || slice_istarts(url, SL("\\\\")) || slice_istarts(url, SL("search-ms:")))
		lure_found_slice(p->l, p->id, IND_PDF_REMOTE, UINT64_MAX, SL("URI"), url);
}

/* The place a file specification names. */
static struct slice place_of(struct pdf *p, qpdf_oh f)
{
	if (qpdf_oh_is_dictionary(p->q, f))
		f = qpdf_oh_get_key(p->q, f, has(p, f, "/UF") ? "/UF" : "/F");
	return text_of(p, f);
}

static void action(struct pdf *p, qpdf_oh a)
{
	qpdf_oh kind = qpdf_oh_get_key(p->q, a, "/S");
	struct slice place = has(p, a, "/F") ? place_of(p, qpdf_oh_get_key(p->q, a, "/F")) : SLICE_NONE;
	if (has(p, a, "/JS"))
		script(p, qpdf_oh_get_key(p->q, a, "/JS"));
	if (name_is(p, kind, "/URI"))
		link(p, text_of(p, qpdf_oh_get_key(p->q, a, "/URI")));
	else if (name_is(p, kind, "/Launch"))
		lure_found_slice(p->l, p->id, IND_PDF_LAUNCH, UINT64_MAX, SL("Launch"), place);
	else if ((name_is(p, kind, "/GoToR") || name_is(p, kind, "/GoToE") || name_is(p, kind, "/ImportData") || name_is(p, kind, "/SubmitForm")) && is_remote(place))
		lure_found_slice(p->l, p->id, IND_PDF_REMOTE, UINT64_MAX, slice_of(qpdf_oh_get_name(p->q, kind)), place);
}

static void embedded(struct pdf *p, qpdf_oh spec)
{
	qpdf_oh ef = qpdf_oh_get_key(p->q, spec, "/EF"), file = qpdf_oh_is_dictionary(p->q, ef) ? qpdf_oh_get_key(p->q, ef, "/F") : qpdf_oh_new_null(p->q);
	struct slice name = place_of(p, spec);
	size_t n = 0;
	if (!qpdf_oh_is_stream(p->q, file))
		return;
	p->files++;
	lure_found_slice(p->l, p->id, IND_PDF_EMBEDDED, UINT64_MAX, SLICE_NONE, name);
	unsigned char *b = stream_bytes(p, file, (size_t)lure_room(p->l), &n);
	if (b)
		lure_child(p->l, p->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = name, .bytes = slice_make((const char *)b, n)});
	else
		lure_found_slice(p->l, p->id, IND_BROKEN, UINT64_MAX, SL("embedded file"), name);
	free(b);
}

static void look(struct pdf *p, qpdf_oh v, unsigned depth);

/* Direct values below keys that lead to actions; what is an object of its own comes by its number. */
static void look_below(struct pdf *p, qpdf_oh v, unsigned depth)
{
	static const char *const keys[] = {"/A", "/AA", "/OpenAction", "/Next", "/PA", "/Annots", "/Names", "/JavaScript", "/AcroForm", "/XFA", "/O", "/C", "/E", "/X", "/D", "/U", "/Fo", "/Bl", "/PO", "/PC", "/PV", "/PI", "/K", "/V",
		"/WC", "/WS", "/DS", "/WP", "/DP", "/FS", "/Kids", "/Fields", "/Rendition", "/R"};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!has(p, v, keys[i]))
			continue;
		qpdf_oh x = qpdf_oh_get_key(p->q, v, keys[i]);
		if (qpdf_oh_get_object_id(p->q, x) == 0)
			look(p, x, depth + 1);
		qpdf_oh_release(p->q, x);
	}
}

static void look(struct pdf *p, qpdf_oh v, unsigned depth)
{
	if (depth > DEPTH_MAX || lure_stop(p->l))
		return;
	if (qpdf_oh_is_array(p->q, v)) {
		int n = qpdf_oh_get_array_n_items(p->q, v);
		for (int i = 0; i < MIN(n, 4096); i++) {
			qpdf_oh x = qpdf_oh_get_array_item(p->q, v, i);
			if (qpdf_oh_get_object_id(p->q, x) == 0)
				look(p, x, depth + 1);
			qpdf_oh_release(p->q, x);
		}
		return;
	}
	if (!qpdf_oh_is_dictionary(p->q, v))
		return;
	if (has(p, v, "/S") && (has(p, v, "/JS") || has(p, v, "/URI") || has(p, v, "/F") || has(p, v, "/D") || name_is(p, qpdf_oh_get_key(p->q, v, "/S"), "/Launch")))
		action(p, v);
	else if (has(p, v, "/JS"))
		script(p, qpdf_oh_get_key(p->q, v, "/JS"));
	if (has(p, v, "/EF"))
		embedded(p, v);
	look_below(p, v, depth);
}

static void look_at_object(struct pdf *p, qpdf_oh v)
{
	if (!qpdf_oh_is_stream(p->q, v)) {
		look(p, v, 0);
		return;
	}
	qpdf_oh dict = qpdf_oh_get_dict(p->q, v);
	p->image |= name_is(p, qpdf_oh_get_key(p->q, dict, "/Subtype"), "/Image");
	look(p, dict, 0);
}

/* ---- what a reader sees ------------------------------------------------------------------------------------------------------------------ */

/* Strings shown by a content stream, joined: enough for phrases in fonts whose codes are letters. */
static void shown_text(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n && out->n < 1 << 20; i++) {
		if (s.p[i] == '(') {
			unsigned depth = 1;
			for (i++; i < s.n && depth; i++) {
				char c = s.p[i];
				if (c == '\\' && i + 1 < s.n) {
					i++;
					continue;
				}
				depth += c == '(';
				depth -= c == ')';
				if (depth)
					buf_addc(out, c);
			}
			i--;
		} else if (slice_starts(slice_from(s, i), SL("Td")) || slice_starts(slice_from(s, i), SL("TD")) || slice_starts(slice_from(s, i), SL("T*")) || slice_starts(slice_from(s, i), SL("Tm"))) {
			buf_addc(out, ' ');
		}
	}
}

static void pages(struct pdf *p)
{
	struct buf text = {0};
	int n = qpdf_get_num_pages(p->q);
	bool read = n > 0;
	for (int i = 0; i < MIN(n, (int)PAGES_READ) && !lure_stop(p->l); i++) {
		unsigned char *b = NULL;
		size_t size = 0;
		qpdf_oh page = qpdf_get_page_n(p->q, (size_t)i);
		if (!(qpdf_oh_get_page_content_data(p->q, page, &b, &size) & QPDF_ERRORS) && b)
			shown_text(slice_make((const char *)b, MIN(size, (size_t)CONTENT_MAX)), &text);
		else
			read = false;
		free(b);
		qpdf_oh_release(p->q, page);
	}
	const char *bait = viewer_bait_in(buf_slice(&text));
	if (bait)
		lure_found(p->l, p->id, IND_VIEWER_BAIT, UINT64_MAX, "text", "%s", bait);
	if (read && text.n < 20 && p->links && p->image && n <= 3)
		lure_found(p->l, p->id, IND_PDF_IMAGE_LINK, UINT64_MAX, NULL, "%d pages, %u links, no text", n, p->links);
	buf_free(&text);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------ */

static bool open_with(struct pdf *p, struct slice bytes, const char *password)
{
	return !(qpdf_read_memory(p->q, "object", bytes.p, bytes.n, password) & QPDF_ERRORS);
}

static qpdf_data new_reader(void)
{
	qpdf_data q = qpdf_init();
	if (q) {
		qpdf_set_suppress_warnings(q, QPDF_TRUE);
		qpdf_silence_errors(q);
	}
	return q;
}

/* Opens it with nothing, then with the words that came along. */
static bool open_any(struct pdf *p, struct slice bytes)
{
	const struct slice *words;
	size_t n = lure_passwords(p->l, &words);
	bool locked = false;
	for (size_t i = 0; i <= n && !lure_stop(p->l); i++) {
		p->q = new_reader();
		if (!p->q)
			return false;
		if (open_with(p, bytes, i ? words[i - 1].p : "")) {
			if (i)
				lure_found(p->l, p->id, IND_ARCHIVE_PASSWORD_GIVEN, UINT64_MAX, NULL, "opened by a word that came with it");
			return true;
		}
		qpdf_error e = qpdf_has_error(p->q) ? qpdf_get_error(p->q) : NULL;
		locked = e && qpdf_get_error_code(p->q, e) == qpdf_e_password;
		if (!locked)
			break;
		qpdf_cleanup(&p->q);
	}
	if (locked)
		lure_found(p->l, p->id, IND_PDF_ENCRYPTED, UINT64_MAX, NULL, "needs a password");
	else
		lure_found(p->l, p->id, IND_BROKEN, UINT64_MAX, NULL, "not to be read as PDF");
	return false;
}

static void facts(struct pdf *p)
{
	static const struct { const char *key, *name; } info[] = {{"/Title", "title"}, {"/Author", "author"}, {"/Producer", "producer"}, {"/Creator", "creator"}};
	for (size_t i = 0; i < ARRAY_LEN(info); i++) {
		const char *v = qpdf_get_info_key(p->q, info[i].key);
		if (v)
			lure_fact(p->l, p->id, info[i].name, slice_of(v));
	}
}

static void polyglot(struct lure *l, uint32_t id, struct slice s)
{
	ssize_t at = slice_find(slice_to(s, 1024), SL("%PDF-"));
	struct slice tail = slice_from(s, s.n > 65557 ? s.n - 65557 : 0);
	if (at > 0 && (slice_starts(s, SL("PK")) || slice_starts(s, SL("MZ")) || slice_starts(s, SL("\xff\xd8")) || slice_istarts(slice_trim(s), SL("<"))))
		lure_found(l, id, IND_POLYGLOT, (uint64_t)at, NULL, "a PDF begins at byte %zd", at);
	else if (slice_has(tail, SL("PK\5\6")) && slice_has(s, SL("PK\1\2")))
		lure_found(l, id, IND_POLYGLOT, UINT64_MAX, NULL, "also the end of a ZIP archive");
}

void parse_pdf(struct lure *l, uint32_t id, struct slice bytes)
{
	struct pdf p = {.l = l, .id = id};
	polyglot(l, id, bytes);
	if (open_any(&p, bytes)) {
		qpdf_oh trailer = qpdf_get_trailer(p.q);
		long long size = has(&p, trailer, "/Size") ? qpdf_oh_get_int_value(p.q, qpdf_oh_get_key(p.q, trailer, "/Size")) : 0;
		if (size > OBJECTS_MAX)
			lure_found(l, id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "%lld objects", size);
		for (int i = 1; i < MIN(size, (long long)OBJECTS_MAX) && !lure_stop(l); i++) {
			qpdf_oh v = qpdf_get_object_by_id(p.q, i, 0);
			look_at_object(&p, v);
			if (i % 256 == 0)
				qpdf_oh_release_all(p.q);
			else
				qpdf_oh_release(p.q, v);
		}
		facts(&p);
		pages(&p);
	}
	if (p.q)
		qpdf_cleanup(&p.q);
}
