/* parse.c - a message taken apart by GMime: headers, bodies, what is attached. The only file that knows it. */
#include "mail/mail_private.h"

#include <gmime/gmime.h>
#include <iconv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/ucnv.h>

/* Libraries load a character set's table when it is first asked for, and afterwards no file can be opened: they are opened before, and stay so. */
static const char *const sets[] = {"iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252", "windows-1254", "koi8-r", "euc-kr", "uhc", "iso-2022-kr",
	"iso-2022-jp", "shift_jis", "euc-jp", "gb2312", "gbk", "gb18030", "big5", "utf-16", "utf-7", "us-ascii", "utf-8"};

struct charsets { iconv_t from[ARRAY_LEN(sets)], to[ARRAY_LEN(sets)]; };

struct charsets *charsets_open(void)
{
	struct charsets *c = xcalloc(1, sizeof *c);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		UErrorCode e = U_ZERO_ERROR;
		c->from[i] = iconv_open("UTF-8", sets[i]);
		c->to[i] = iconv_open(sets[i], "UTF-8");
		ucnv_close(ucnv_open(sets[i], &e));
	}
	return c;
}

void charsets_close(struct charsets *c)
{
	const iconv_t none = (iconv_t)(intptr_t)-1;
	for (size_t i = 0; c && i < ARRAY_LEN(sets); i++) {
		if (c->from[i] != none)
			iconv_close(c->from[i]);
		if (c->to[i] != none)
			iconv_close(c->to[i]);
	}
	free(c);
}

void mail_prepare(void)
{
	g_mime_init();
	domains_prepare();
	(void)g_mime_parser_options_get_default();
	/* one message, so that what GMime sets up lazily is there */
	static const char text[] = "From: =?iso-8859-1?q?a?= <a@b.c>\nContent-Type: text/plain; charset=iso-8859-1\n\nx\n";
	GMimeStream *s = g_mime_stream_mem_new_with_buffer(text, sizeof text - 1);
	GMimeParser *p = g_mime_parser_new_with_stream(s);
	GMimeMessage *m = g_mime_parser_construct_message(p, NULL);
	if (m)
		g_object_unref(m);
	g_object_unref(p);
	g_object_unref(s);
}

void sign(struct message *m, enum indicator i, struct slice where, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!m->signs.seen[i]) {
		m->signs.strong += indicator_table[i].level == LEVEL_MEDIUM;
		m->signs.medium += indicator_table[i].level == LEVEL_LOW;
	}
	m->signs.seen[i] = true;
	lure_found_slice(m->l, m->id, i, UINT64_MAX, where, slice_make(text, n < 0 ? 0 : MIN((size_t)n, sizeof text - 1)));
}

static struct slice keep(struct message *m, const char *text) { return text ? slice_dup(lure_arena(m->l), slice_to(slice_of(text), 4096)) : SLICE_NONE; }

/* ---- addresses -------------------------------------------------------------------------------------------------------------------------- */

static void fill(struct message *m, struct mailbox *b, const char *name, const char *address)
{
	struct slice a = folded_text(m->l, slice_trim(slice_to(slice_of(address ? address : ""), 320)));
	ssize_t at = slice_rfind(a, SL("@"));
	*b = (struct mailbox){.name = keep(m, name), .address = a, .local = at < 0 ? a : slice_to(a, (size_t)at), .domain = at < 0 ? SLICE_NONE : slice_from(a, (size_t)at + 1)};
	b->site = site_of(m->l, b->domain);
}

/* First mailbox of a list; how many there are. */
static uint32_t first_of(struct message *m, InternetAddressList *list, struct mailbox *b)
{
	int n = list ? internet_address_list_length(list) : 0;
	uint32_t found = 0;
	for (int i = 0; i < MIN(n, (int)RECIPIENTS_MAX); i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);
		if (!INTERNET_ADDRESS_IS_MAILBOX(a))
			continue;
		if (!found++)
			fill(m, b, internet_address_get_name(a), internet_address_mailbox_get_addr((InternetAddressMailbox *)a));
	}
	return found;
}

static void read_recipients(struct message *m, InternetAddressList *list)
{
	int n = list ? internet_address_list_length(list) : 0;
	for (int i = 0; i < MIN(n, (int)RECIPIENTS_MAX) && m->nrecipients < FACTS_MAX; i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);
		struct mailbox b;
		if (!INTERNET_ADDRESS_IS_MAILBOX(a))
			continue;
		fill(m, &b, NULL, internet_address_mailbox_get_addr((InternetAddressMailbox *)a));
		if (b.domain.n)
			m->recipients[m->nrecipients++] = b.address;
	}
}

/* The sender's own time, whose hour tells his day; and that of the topmost server, which is ours. */
static struct slice date_text(struct message *m, GDateTime *t)
{
	char *text = t ? g_date_time_format(t, "%Y-%m-%dT%H:%M:%S%:z") : NULL;
	struct slice s = keep(m, text);
	g_free(text);
	return s;
}

static void read_dates(struct message *m, GMimeMessage *g)
{
	const char *received = g_mime_object_get_header((GMimeObject *)g, "Received"), *when = received ? strrchr(received, ';') : NULL;
	GDateTime *t = when ? g_mime_utils_header_decode_date(when + 1) : NULL;
	m->date = date_text(m, g_mime_message_get_date(g));
	m->received = date_text(m, t);
	if (t)
		g_date_time_unref(t);
}

/* "Thunderbird" of "Mozilla Thunderbird 115.2": versions change every month. */
static void read_program(struct message *m, GMimeObject *o)
{
	const char *agent = g_mime_object_get_header(o, "User-Agent"), *mailer = g_mime_object_get_header(o, "X-Mailer");
	struct slice s = slice_trim(slice_to(slice_of(agent ? agent : mailer ? mailer : ""), 80));
	size_t n = 0;
	while (n < s.n && !strchr("0123456789/(", s.p[n]))
		n++;
	m->program = slice_dup(lure_arena(m->l), slice_trim(slice_to(s, n)));
}

static void read_path(struct message *m, GMimeMessage *g)
{
	const char *path = g_mime_object_get_header((GMimeObject *)g, "Return-Path");
	struct slice s = slice_trim(slice_of(path ? path : ""));
	if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = slice_make(s.p + 1, s.n - 2);
	char text[330] = "";
	memcpy(text, s.n ? s.p : "", MIN(s.n, sizeof text - 1));
	if (s.n)
		fill(m, &m->path, NULL, text);
}

static void read_results(struct message *m, GMimeMessage *g)
{
	GMimeHeaderList *list = g_mime_object_get_header_list((GMimeObject *)g);
	bool topmost = true;
	int n = g_mime_header_list_get_count(list);
	for (int i = 0; i < MIN(n, 2000); i++) {
		GMimeHeader *h = g_mime_header_list_get_header_at(list, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(h), "Authentication-Results") != 0)
			continue;
		const char *raw = g_mime_header_get_raw_value(h);
		auth_read(m, slice_of(raw ? raw : ""), topmost);
		topmost = false;
	}
}

static void read_headers(struct message *m, GMimeMessage *g)
{
	GMimeObject *o = (GMimeObject *)g;
	m->nfrom = first_of(m, g_mime_message_get_from(g), &m->from);
	first_of(m, g_mime_message_get_reply_to(g), &m->reply);
	first_of(m, g_mime_message_get_sender(g), &m->sender);
	m->subject = keep(m, g_mime_message_get_subject(g));
	m->message_id = keep(m, g_mime_message_get_message_id(g));
	m->list_id = keep(m, g_mime_object_get_header(o, "List-Id"));
	m->bulk = m->list_id.n || g_mime_object_get_header(o, "List-Unsubscribe") || g_mime_object_get_header(o, "List-Post");
	const char *refs = g_mime_object_get_header(o, "References"), *reply = g_mime_object_get_header(o, "In-Reply-To");
	GMimeHeader *from = g_mime_header_list_get_header(g_mime_object_get_header_list(o), "From");
	m->references = keep(m, refs ? refs : reply);
	m->from_raw = keep(m, from ? g_mime_header_get_raw_value(from) : NULL); /* an encoded name may hold commas */
	m->has_date = g_mime_object_get_header(o, "Date") != NULL;
	char *to = internet_address_list_to_string(g_mime_message_get_to(g), NULL, FALSE);
	m->to = keep(m, to);
	g_free(to);
	read_recipients(m, g_mime_message_get_to(g));
	read_recipients(m, g_mime_message_get_cc(g));
	read_dates(m, g);
	read_program(m, o);
	read_path(m, g);
	read_results(m, g);
}

/* ---- parts ------------------------------------------------------------------------------------------------------------------------------- */

/* What a part holds, decoded; at most what may still be unpacked. */
static struct slice content_of(struct message *m, GMimePart *p, GByteArray **bytes)
{
	GMimeDataWrapper *w = g_mime_part_get_content(p);
	GMimeStream *s = g_mime_stream_mem_new();
	*bytes = g_byte_array_new();
	g_mime_stream_mem_set_byte_array((GMimeStreamMem *)s, *bytes);
	if (w)
		g_mime_data_wrapper_write_to_stream(w, s);
	g_object_unref(s);
	return slice_make((const char *)(*bytes)->data, MIN((size_t)(*bytes)->len, (size_t)lure_room(m->l)));
}

static void to_utf8(struct slice s, const char *charset, struct buf *out)
{
	UErrorCode e = U_ZERO_ERROR;
	if (slice_utf8(s) && (!charset || g_ascii_strncasecmp(charset, "iso-2022", 8) != 0)) {
		buf_adds(out, s);
		return;
	}
	UConverter *c = ucnv_open(charset && *charset ? charset : "windows-1252", &e);
	if (!c) {
		e = U_ZERO_ERROR;
		c = ucnv_open("windows-1252", &e);
	}
	size_t room = 3 * s.n + 16;
	char *to = xmalloc(room);
	int32_t n = c ? ucnv_toAlgorithmic(UCNV_UTF8, c, to, (int32_t)room, s.p, (int32_t)s.n, &e) : 0;
	if (U_SUCCESS(e))
		buf_add(out, to, (size_t)n);
	free(to);
	if (c)
		ucnv_close(c);
}

static bool is_attached(GMimePart *p)
{
	const char *how = g_mime_object_get_disposition((GMimeObject *)p);
	return how && g_ascii_strcasecmp(how, "attachment") == 0;
}

static void attachment(struct message *m, GMimePart *p)
{
	GByteArray *bytes;
	const char *name = g_mime_part_get_filename(p), *id = g_mime_part_get_content_id(p);
	struct slice s = content_of(m, p, &bytes);
	enum lure_type t = lure_type_of(s, slice_of(name ? name : ""));
	if (!(t == LT_BINARY_PICTURE && (id || !is_attached(p))))
		m->attachments++;
	lure_child(m->l, m->id, &(struct lure_child){.how = LURE_PART, .name = slice_of(name ? name : ""), .bytes = s});
	g_byte_array_free(bytes, TRUE);
}

static void body(struct message *m, GMimePart *p, bool html)
{
	GByteArray *bytes;
	struct slice s = slice_to(content_of(m, p, &bytes), TEXT_MAX);
	const char *charset = g_mime_object_get_content_type_parameter((GMimeObject *)p, "charset");
	m->base64_text += g_mime_part_get_content_encoding(p) == GMIME_CONTENT_ENCODING_BASE64;
	if (html)
		m->html_parts++;
	else
		m->plain_parts++;
	struct buf *to = html ? &m->html : &m->text;
	if (to->n < TEXT_MAX)
		to_utf8(s, charset, to);
	buf_addc(to, '\n');
	g_byte_array_free(bytes, TRUE);
}

static void one_part(GMimeObject *parent, GMimeObject *o, gpointer arg)
{
	struct message *m = arg;
	(void)parent;
	if (++m->parts > PARTS_MAX) {
		lure_found(m->l, m->id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "more than %d parts", PARTS_MAX);
		return;
	}
	if (GMIME_IS_MESSAGE_PART(o)) {
		char *text = g_mime_object_to_string((GMimeObject *)g_mime_message_part_get_message((GMimeMessagePart *)o), NULL);
		if (text)
			lure_child(m->l, m->id, &(struct lure_child){.how = LURE_PART, .name = SL("(message)"), .bytes = slice_of(text)});
		g_free(text);
		return;
	}
	if (!GMIME_IS_PART(o) || lure_stop(m->l))
		return;
	GMimeContentType *t = g_mime_object_get_content_type(o);
	bool html = g_mime_content_type_is_type(t, "text", "html"), plain = g_mime_content_type_is_type(t, "text", "plain");
	if ((html || plain) && !is_attached((GMimePart *)o) && !(html && g_mime_part_get_filename((GMimePart *)o)))
		body(m, (GMimePart *)o, html);
	else
		attachment(m, (GMimePart *)o);
}

/* GMime's own walk does not go into attached messages; depth is bounded by its parser. */
static void walk(struct message *m, GMimeObject *o, unsigned depth)
{
	if (depth > NEST_MAX) {
		lure_found(m->l, m->id, IND_LIMIT_DEPTH, UINT64_MAX, NULL, "parts in parts, deeper than %d", NEST_MAX);
		return;
	}
	if (!GMIME_IS_MULTIPART(o)) {
		one_part(NULL, o, m);
		return;
	}
	int n = g_mime_multipart_get_count((GMimeMultipart *)o);
	for (int i = 0; i < n && m->parts <= PARTS_MAX && !lure_stop(m->l); i++)
		walk(m, g_mime_multipart_get_part((GMimeMultipart *)o, i), depth + 1);
}

/* Words that stand where a password is told: tried on what is locked. */
static void passwords(struct message *m, struct slice text)
{
	static const char *const marks[] = {"password", "passwort", "kennwort", "passwd", "pwd", "passcode", "비밀번호", "암호", "pin"};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		struct slice rest = text, word;
		for (ssize_t at; (at = slice_ifind(rest, slice_of(marks[i]))) >= 0;) {
			rest = slice_from(rest, (size_t)at + strlen(marks[i]));
			struct slice near = slice_to(rest, 80);
			for (unsigned n = 0; n < 4 && slice_word(&near, &word); n++) {
				while (word.n && strchr(":=\"'<>()[],;.", word.p[0]))
					word = slice_from(word, 1);
				while (word.n && strchr("\"'<>()[],;.!", word.p[word.n - 1]))
					word.n--;
				if (word.n >= 3)
					lure_password(m->l, word);
			}
		}
	}
	lure_password(m->l, SL("infected"));
}

static void long_header(struct message *m, struct slice bytes)
{
	ssize_t end = slice_find(bytes, SL("\n\n")), crlf = slice_find(bytes, SL("\r\n\r\n"));
	size_t n = end < 0 ? bytes.n : (size_t)end;
	n = crlf >= 0 && (size_t)crlf < n ? (size_t)crlf : n;
	if (n > HEADER_MAX)
		lure_found(m->l, m->id, IND_LIMIT_SIZE, UINT64_MAX, "header", "%zu bytes", n);
}

bool message_parse(struct message *m, struct slice bytes)
{
	GMimeStream *s = g_mime_stream_mem_new_with_buffer(bytes.p, bytes.n);
	GMimeParser *p = g_mime_parser_new_with_stream(s);
	g_mime_parser_set_persist_stream(p, FALSE);
	long_header(m, bytes);
	GMimeMessage *g = g_mime_parser_construct_message(p, NULL);
	g_object_unref(p);
	g_object_unref(s);
	if (!g)
		return false;
	read_headers(m, g);
	GMimeObject *top = g_mime_message_get_mime_part(g);
	if (top) {
		/* bodies first: they may hold the words that open what is attached */
		walk(m, top, 0);
	}
	g_object_unref(g);
	html_read(m, buf_slice(&m->html));
	buf_adds(&m->seen, buf_slice(&m->text));
	passwords(m, m->subject);
	passwords(m, slice_to(buf_slice(&m->seen), 64 << 10));
	return true;
}

void message_free(struct message *m)
{
	buf_free(&m->text);
	buf_free(&m->html);
	buf_free(&m->seen);
	free(m->anchors);
}
