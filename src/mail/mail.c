/* mail.c - a message judged: first by itself, then what its signs mean together. */
#include "mail/mail_private.h"

#include "match/match.h"

#include <stdlib.h>

struct mail *mail_new(const struct mail_options *o)
{
	struct mail *m = xcalloc(1, sizeof *m);
	m->options = *o;
	m->charsets = charsets_open();
	return m;
}

void mail_free(struct mail *m)
{
	if (!m)
		return;
	match_ctx_free(m->scan);
	match_free(m->phrases);
	charsets_close(m->charsets);
	free(m);
}

/* Signs that are each usual in honest mail and rare together. The thresholds are those of the study (lure.md 3.2), measured on 35,424 benign mails: one strong and two weak, or four weak; without
 * counting how the body is built (HTML alone, pictures alone, hidden text, base64) one strong and one weak, or five weak. */
void judge_together(struct message *m)
{
	static const enum indicator built[] = {IND_MAIL_ONLY_HTML, IND_MAIL_HIDDEN_TEXT, IND_MAIL_BASE64_TEXT};
	uint32_t strong = m->signs.strong, weak = m->signs.medium, structure = 0;
	for (size_t i = 0; i < ARRAY_LEN(built); i++)
		structure += m->signs.seen[built[i]];
	uint32_t content = weak - MIN(weak, structure);
	bool much = strong >= 2 || (strong && (weak >= 2 || content >= 1)) || weak >= 4 || content >= 5;
	if (m->bulk) /* lists and newsletters: how they are built says nothing */
		much = strong >= 2 || (strong && content >= 2) || content >= 5;
	if (much)
		lure_found(m->l, m->id, IND_MAIL_MANY_SIGNS, UINT64_MAX, NULL, "%u strong and %u weak signs", strong, weak);
}

static void facts(struct message *m)
{
	struct lure *l = m->l;
	lure_fact(l, m->id, "mail.from", m->from.address);
	lure_fact(l, m->id, "mail.from-domain", m->from.domain);
	lure_fact(l, m->id, "mail.to", m->to);
	lure_fact(l, m->id, "mail.subject", m->subject);
	lure_fact(l, m->id, "mail.message-id", m->message_id);
	lure_fact(l, m->id, "mail.job", m->signs.seen[IND_MAIL_JOB] ? SL("yes") : SLICE_NONE);
	lure_fact(l, m->id, "mail.channel", m->signs.seen[IND_MAIL_CHANNEL] ? SL("yes") : SLICE_NONE);
	lure_fact(l, m->id, "mail.file", m->attachments ? SL("yes") : SLICE_NONE);
	lure_fact(l, m->id, "mail.bulk", m->bulk ? SL("yes") : SLICE_NONE);
	lure_fact(l, m->id, "mail.site", m->from.site);
	lure_fact(l, m->id, "mail.name", m->from.name);
	lure_fact(l, m->id, "mail.person", person_of(l, m->from.name));
	lure_fact(l, m->id, "mail.date", m->date);
	lure_fact(l, m->id, "mail.received", m->received);
	lure_fact(l, m->id, "mail.program", m->program);
	for (size_t i = 0; i < m->nrecipients; i++)
		lure_fact(l, m->id, "mail.recipient", m->recipients[i]);
	for (size_t i = 0; i < m->nlinked; i++)
		lure_fact(l, m->id, "mail.linked", m->linked[i]);
}

static struct slice slice_sub_line(struct slice s)
{
	ssize_t end = slice_chr(s, '\n');
	return end < 0 ? s : slice_to(s, (size_t)end);
}

/* The line "From ..." that mailboxes (mboxrd) put before each message; false: no more of them. */
static bool cut_message(struct slice *rest, struct slice *one)
{
	ssize_t line = slice_chr(*rest, '\n');
	if (!slice_starts(*rest, SL("From ")) || line < 0)
		return false;
	*rest = slice_from(*rest, (size_t)line + 1);
	size_t at = 0;
	for (ssize_t next; (next = slice_find(slice_from(*rest, at), SL("\n\nFrom "))) >= 0; at += (size_t)next + 2) {
		struct slice line_of = slice_from(*rest, at + (size_t)next + 2);
		ssize_t end = slice_chr(line_of, '\n');
		struct slice header = end < 0 ? SLICE_NONE : slice_sub_line(slice_from(line_of, (size_t)end + 1));
		if (slice_chr(header, ':') > 0 && slice_chr(slice_to(header, (size_t)slice_chr(header, ':')), ' ') < 0) {
			*one = slice_to(*rest, at + (size_t)next + 1);
			*rest = line_of;
			return true;
		}
	}
	*one = *rest;
	*rest = SLICE_NONE;
	return true;
}

void mail_box(void *arg, struct lure *l, uint32_t id, struct slice bytes)
{
	struct slice rest = bytes, one, first;
	if (!cut_message(&rest, &first))
		return;
	if (!rest.n) { /* only one: that is what it is about */
		mail_inspect(arg, l, id, first);
		return;
	}
	lure_child(l, id, &(struct lure_child){.how = LURE_PART, .name = SL("(message)"), .bytes = first});
	while (!lure_stop(l) && cut_message(&rest, &one))
		lure_child(l, id, &(struct lure_child){.how = LURE_PART, .name = SL("(message)"), .bytes = one});
}

void mail_inspect(void *arg, struct lure *l, uint32_t id, struct slice bytes)
{
	struct message m = {.mail = arg, .l = l, .id = id};
	if (!message_parse(&m, bytes)) {
		lure_found(l, id, IND_BROKEN, UINT64_MAX, NULL, "not to be read as a message");
	} else {
		judge_auth(&m);
		judge_identity(&m);
		judge_links(&m);
		judge_language(&m);
		judge_together(&m);
		facts(&m);
	}
	message_free(&m);
}
