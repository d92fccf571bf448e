/* found.c - what was found in a message, as a line for the log: postern watch and scan read it (decode/milter.c), and join it with reports and endpoints. The filter can write nothing
 * else of theirs: whoever takes it over can tell lies about mail, not about anything else. */
#include "milter/serve.h"

#include "mail/mail.h"

#include <stdio.h>

enum { WORD_MOST = 300, LIST_MOST = 10, LINE_MOST = 3500 /* syslogd cuts above 8 KB, some above 4 */ };

/* One word: what is no plain letter is %XX. */
static void word(struct buf *b, struct slice s, size_t most)
{
	size_t from = b->n;
	for (size_t i = 0; i < s.n && b->n - from + 3 <= most; i++) {
		char c = s.p[i];
		if (c > ' ' && c <= '~' && c != '%' && c != ',')
			buf_addc(b, c);
		else
			buf_addf(b, "%%%02X", (unsigned)(uint8_t)c);
	}
	if (b->n == from)
		buf_addc(b, '-');
}

static void recipients(const struct session *s, struct buf *b)
{
	struct slice rest = buf_slice(&s->recipients), one;
	for (size_t i = 0; rest.n && i < LIST_MOST; i++) {
		if (!slice_cut(&rest, '\n', &one)) {
			one = rest;
			rest = SLICE_NONE;
		}
		buf_addz(b, i ? "," : "");
		word(b, one, WORD_MOST);
	}
}

static void files(const struct lure *l, struct buf *names, struct buf *hashes)
{
	const struct lure_object *o;
	size_t n = lure_objects(l, &o), nnames = 0, nhashes = 0;
	for (size_t i = 0; i < n && nhashes < LIST_MOST; i++) {
		if (o[i].parent == UINT32_MAX || o[i].type == LT_EML || !lure_is_telling(&o[i]))
			continue;
		buf_addf(hashes, "%s%s", nhashes++ ? "," : "", o[i].sha256);
		if (o[i].how != LURE_DECODED && nnames < LIST_MOST / 2) {
			buf_addz(names, nnames++ ? "," : "");
			word(names, slice_basename(o[i].name), 120);
		}
	}
	buf_addz(names, nnames ? "" : "-");
	buf_addz(hashes, nhashes ? "" : "-");
}

void found_tell(SMFICTX *ctx, const struct session *s, const struct lure *l, const struct lure_verdict *v, const char *outcome, struct slice indicators)
{
	struct buf b = {0}, names = {0}, hashes = {0};
	const char *queue = smfi_getsymval(ctx, mutable("i"));
	struct slice from = lure_fact_of(l, 0, "mail.from");
	char content[65];
	if (v->verdict < VERDICT_SUSPICIOUS || !s->m->o.found)
		return;
	files(l, &names, &hashes);
	mail_content(l, content);
	buf_addf(&b, "found %s queue=", verdict_name(v->verdict));
	word(&b, slice_of(queue ? queue : "-"), 60);
	buf_addz(&b, " from=");
	word(&b, from.n ? from : buf_slice(&s->sender), WORD_MOST);
	buf_addz(&b, " to=");
	recipients(s, &b);
	buf_addf(&b, " recipients=%zu content=%s outcome=%s names=%.*s files=%.*s: ", s->nrecipients, content, outcome, SLFMT(buf_slice(&names)), SLFMT(buf_slice(&hashes)));
	for (size_t i = 0; i < indicators.n && b.n < LINE_MOST; i++)
		if (indicators.p[i] != '\n' && indicators.p[i] != '\t')
			buf_addc(&b, indicators.p[i]);
		else if (indicators.p[i] == '\n')
			buf_addc(&b, ' ');
	buf_addc(&b, 0);
	s->m->o.found(b.p);
	buf_free(&b);
	buf_free(&names);
	buf_free(&hashes);
}
