/* mail.c - a message as mail: RFC 5322 headers made of our own words, subject in encoded words (RFC 2047), text quoted-printable (RFC 2045).
 * No byte of a log reaches a header but through the encoder of the subject. */
#include "notify/notify_private.h"

enum { WORD_MOST = 52, LINE_MOST = 75, SUBJECT_PLAIN = 60, SUBJECT_MAX = 220 };

static const char hex[] = "0123456789ABCDEF";

static void date(struct buf *b, nstime t)
{
	static const char days[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil c = civil_of(t);
	buf_addf(b, "Date: %s, %u %s %04d %02u:%02u:%02u +0000\n", days[c.weekday % 7], c.day, months[(c.month - 1) % 12], c.year, c.hour, c.minute, c.second);
}

static bool alone(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
}

/* Encoded words of whole characters, each on a line of its own. */
static void encoded_words(struct buf *b, struct slice s)
{
	const char *before = "=?UTF-8?Q?";
	size_t at = 0;
	while (at < s.n) {
		size_t used = 0;
		buf_addz(b, before);
		while (at < s.n) {
			size_t n = notify_cut(slice_from(s, at), 1).n ? 1 : 0;
			for (n = 1; at + n < s.n && ((unsigned char)s.p[at + n] & 0xc0) == 0x80; n++)
				;
			if (used + 3 * n > WORD_MOST && used)
				break;
			for (size_t i = 0; i < n; i++) {
				unsigned char c = (unsigned char)s.p[at + i];
				if (c == ' ')
					buf_addc(b, '_');
				else if (alone(c))
					buf_addc(b, (char)c);
				else
					buf_add(b, (char[]){'=', hex[c >> 4], hex[c & 15]}, 3);
				used += c == ' ' || alone(c) ? 1 : 3;
			}
			at += n;
		}
		buf_addz(b, "?=\n");
		before = " =?UTF-8?Q?";
	}
}

static void subject(struct buf *b, const struct notify_message *m)
{
	struct buf s = {0};
	buf_addz(&s, "[Postern] ");
	for (const char *c = level_name(m->level); *c; c++)
		buf_addc(&s, (char)(*c - 'a' + 'A'));
	buf_addz(&s, m->changes & (CHANGE_NEW | CHANGE_STATUS) || m->about != NOTIFY_INCIDENT ? ": " : " (update): ");
	notify_clean(&s, m->title, SUBJECT_MAX);
	struct slice all = buf_slice(&s);
	bool plain = all.n <= SUBJECT_PLAIN && !slice_has(all, SL("=?"));
	for (size_t i = 0; i < all.n && plain; i++)
		plain = all.p[i] >= ' ' && all.p[i] < 0x7f;
	buf_addz(b, "Subject: ");
	if (plain)
		buf_addf(b, "%.*s\n", SLFMT(all));
	else
		encoded_words(b, all);
	buf_free(&s);
}

/* Lines of at most 76 bytes; nothing that a relay on the way may change: blanks at line ends, a lone dot, "From ". */
static void quoted_printable(struct buf *b, struct slice s)
{
	size_t column = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '\n') {
			buf_addc(b, '\n');
			column = 0;
			continue;
		}
		bool last = i + 1 == s.n || s.p[i + 1] == '\n';
		bool plain = c >= ' ' && c < 0x7f && c != '=' && !(c == ' ' && last) && !(column == 0 && (c == '.' || c == 'F'));
		if (column + (plain ? 1 : 3) > LINE_MOST) {
			buf_addz(b, "=\n");
			column = 0;
			plain = plain && c != '.' && c != 'F';
		}
		if (plain)
			buf_addc(b, (char)c);
		else
			buf_add(b, (char[]){'=', hex[c >> 4], hex[c & 15]}, 3);
		column += plain ? 1 : 3;
	}
	if (column)
		buf_addc(b, '\n');
}

/* What may stand in a message id. */
static void id_part(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(b, alone((unsigned char)s.p[i]) && s.p[i] != '/' && s.p[i] != '.' ? s.p[i] : '_');
}

void notify_mail(struct buf *out, const struct notify_sending *s)
{
	const struct notify_channel *c = s->channel;
	struct slice domain = slice_from(c->from, (size_t)(slice_chr(c->from, '@') + 1));
	buf_addf(out, "From: Postern <%.*s>\nTo: ", SLFMT(c->from));
	for (size_t i = 0; i < c->nto; i++)
		buf_addf(out, "%s%.*s", i ? ",\n " : "", SLFMT(c->to[i]));
	buf_addc(out, '\n');
	subject(out, s->m);
	date(out, s->now);
	buf_addf(out, "Message-ID: <%s@%.*s>\n", s->id, SLFMT(domain));
	if (s->m->incident.n) { /* nobody ever got the root of the thread: mail readers thread by it all the same */
		static const char *const names[] = {"In-Reply-To", "References"};
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			buf_addf(out, "%s: <incident-", names[i]);
			id_part(out, s->m->incident);
			buf_addf(out, "@%.*s>\n", SLFMT(domain));
		}
	}
	buf_addf(out, "Auto-Submitted: auto-generated\n%sX-Postern-Id: %s\nX-Postern-Repeat: %s\n", s->m->level >= LEVEL_HIGH ? "Importance: high\n" : "", s->id,
		s->repeat ? "true" : "false");
	buf_addz(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n\n");
	quoted_printable(out, s->m->text);
	if (s->repeat)
		buf_addz(out, "\nYou may have had this message before.\n");
}
