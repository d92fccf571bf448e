/* notice.c - what a recipient reads in place of a mail that is held: what, from whom, why, what to do. No links; what came from outside is quoted and cannot pose as our words. */
#include "milter/milter_private.h"

#include <stdlib.h>

enum { REASONS_TOLD = 3, ENCODED_LINE = 57, QUOTED_MAX = 160 };

static const struct wording {
	const char *subject, *intro, *from, *header, *about, *why, *unknown, *what, *kept, *days, *end;
} wordings[LURE_LANGUAGES] = {
	[LURE_EN] = {"A mail to you was held back", "A mail to you was held back, because what it carries looks dangerous. You need not do anything.", "Sent by", "In the name of", "Subject", "Why:",
		"It carries files that go together only in attacks.",
		"If you expected this mail, tell your administrators this number: ", "It is kept for ", " days. Ask the sender only by a way you already know, not by answering.",
		"Nothing happened to your computer: the mail was never delivered."},
	[LURE_DE] = {"Eine Mail an Sie wurde zurückgehalten", "Eine Mail an Sie wurde zurückgehalten, weil ihr Inhalt gefährlich aussieht. Sie müssen nichts tun.", "Absender", "Im Namen von", "Betreff", "Warum:",
		"Sie enthält Dateien, die nur bei Angriffen so zusammen vorkommen.",
		"Falls Sie diese Mail erwartet haben, nennen Sie Ihrer Administration diese Nummer: ",
		"Sie wird ", " Tage aufbewahrt. Fragen Sie beim Absender nur auf einem Weg nach, den Sie schon kennen, nicht durch Antworten.",
		"Ihrem Rechner ist nichts geschehen: Die Mail wurde nie zugestellt."},
	[LURE_KO] = {"귀하에게 온 메일이 보류되었습니다", "귀하에게 온 메일의 내용이 위험해 보여 보류했습니다. 아무것도 하지 않으셔도 됩니다.", "보낸 사람", "표시된 이름", "제목", "이유:",
		"공격에서만 함께 나타나는 파일이 들어 있습니다.",
		"기다리던 메일이라면 관리자에게 다음 번호를 알려 주십시오: ", "", "일 동안 보관합니다. 보낸 사람에게는 답장하지 말고 이미 아는 방법으로만 확인하십시오.",
		"메일이 전달되지 않았으므로 귀하의 컴퓨터에는 아무 일도 없었습니다."},
};

static void base64(struct slice s, struct buf *out)
{
	char *text = xmalloc(sodium_base64_ENCODED_LEN(s.n, sodium_base64_VARIANT_ORIGINAL));
	sodium_bin2base64(text, sodium_base64_ENCODED_LEN(s.n, sodium_base64_VARIANT_ORIGINAL), (const unsigned char *)s.p, s.n, sodium_base64_VARIANT_ORIGINAL);
	buf_addz(out, text);
	free(text);
}

void notice_subject(const struct notice *n, struct buf *out)
{
	buf_addz(out, "=?UTF-8?B?");
	base64(slice_of(wordings[n->language].subject), out);
	buf_addf(out, "?=\n\t(%.*s)", SLFMT(n->id));
}

/* Quoted as hostile bytes are; dots in it are no links for programs that make some. */
static void quoted(const char *what, struct slice s, struct buf *out)
{
	struct buf shown = {0};
	s = slice_trim(slice_to(s, QUOTED_MAX));
	if (!s.n)
		return;
	buf_term(&shown, s);
	buf_addf(out, "  %s: ", what);
	for (size_t i = 0; i < shown.n; i++) {
		char c = shown.p[i];
		if (c == '.')
			buf_addz(out, "[.]");
		else if (c == ':')
			buf_addz(out, "[:]");
		else
			buf_addc(out, c);
	}
	buf_addc(out, '\n');
	buf_free(&shown);
}

static size_t reasons(const struct notice *n, struct buf *out)
{
	const struct combination_info *c;
	size_t told = 0, ncombinations = combinations(&c);
	for (size_t i = 0; n->v && i < n->v->ncombinations && told < REASONS_TOLD; i++)
		if (n->v->combinations[i] < ncombinations && c[n->v->combinations[i]].quarantine)
			buf_addf(out, "  - %s\n", c[n->v->combinations[i]].employee[n->language]), told++;
	return told;
}

static void text_of(const struct notice *n, struct buf *out)
{
	const struct wording *w = &wordings[n->language];
	buf_addf(out, "%s\n\n", w->intro);
	quoted(w->from, n->sender, out);
	quoted(w->header, n->from, out);
	quoted(w->about, n->subject, out);
	buf_addf(out, "\n%s\n", w->why);
	if (!reasons(n, out))
		buf_addf(out, "  - %s\n", w->unknown);
	buf_addf(out, "\n%s%.*s\n", w->what, SLFMT(n->id));
	buf_addf(out, "%s%u%s\n\n%s\n\n-- \nPostern\n", w->kept, n->keep_days, w->days, w->end);
}

void notice_body(const struct notice *n, struct buf *out)
{
	struct buf text = {0};
	text_of(n, &text);
	for (struct slice rest = buf_slice(&text); rest.n; rest = slice_from(rest, ENCODED_LINE)) {
		base64(slice_to(rest, ENCODED_LINE), out);
		buf_addz(out, "\r\n");
	}
	buf_free(&text);
}
