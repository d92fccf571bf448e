/* lesson_remind.c - postern lesson remind: a plain mail to whom something is due. It was announced, names one fixed address of ours, and carries nothing else to follow. */
#include "cmd/lessons.h"
#include "sys/sys.h"
#include "watch/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SENDMAIL_SECONDS = 60, UNITS_TOLD = 12, SOON_DAYS = 7 };

static const struct wording {
	const char *subject, *intro, *units, *until, *late, *questions, *refresh, *where, *end;
} wordings[LURE_LANGUAGES] = {
	[LURE_EN] = {"Lessons: something is due", "This is the reminder that was announced to you. Postern never sends exercises or tricks by mail.", "To be done:", "until", "overdue, was due", "Questions that come back:",
		"Certificates to refresh with two short exercises:", "Open the console as always, by your bookmark or by typing its address:",
		"You need not answer, and nobody counts clicks. If you doubt this mail, do not use the address: ask the administrators in person."},
	[LURE_DE] = {"Lektionen: etwas steht an", "Dies ist die Erinnerung, die Ihnen angekündigt wurde. Postern versendet niemals Übungen oder Fallen per Mail.", "Zu erledigen:", "bis", "überfällig seit",
		"Fragen, die wiederkommen:", "Zertifikate, die mit zwei kurzen Übungen aufzufrischen sind:", "Öffnen Sie die Konsole wie immer, über Ihr Lesezeichen oder indem Sie die Adresse eintippen:",
		"Sie müssen nicht antworten, und niemand zählt Klicks. Wenn Sie an dieser Mail zweifeln, benutzen Sie die Adresse nicht: Fragen Sie die Administration persönlich."},
	[LURE_KO] = {"학습: 예정된 항목이 있습니다", "미리 안내해 드린 알림입니다. Postern은 연습이나 함정 메일을 보내지 않습니다.", "하실 일:", "기한", "기한 지남", "다시 나오는 질문 수:", "짧은 연습 두 개로 갱신할 수료증 수:",
		"평소처럼 즐겨찾기를 사용하거나 주소를 직접 입력하여 콘솔을 여십시오:", "답장하지 않으셔도 되며, 클릭 수를 세지 않습니다. 이 메일이 의심스러우면 주소를 사용하지 말고 관리자에게 직접 문의하십시오."},
};

struct sender { const char *console; struct slice from, sendmail; };
struct todo { struct buf units; size_t nunits, questions, refresh; };
struct people { struct lesson_work *w; struct { struct lesson_learner *v; size_t n, cap; } list; };

/* ---- what is due ---------------------------------------------------------------------------------------------------------------------------------- */

static int take_person(void *arg, const struct lesson_learner *l)
{
	struct people *p = arg;
	struct arena *a = &p->w->mem;
	*vec_push(&p->list) = (struct lesson_learner){slice_dup(a, l->user), slice_dup(a, l->shown), slice_dup(a, l->mail), slice_dup(a, l->team), slice_dup(a, l->roles), l->language, l->seen};
	return 0;
}

static bool refresh_due(const struct lesson_certificate *c, nstime now)
{
	return c->id[0] && ((c->refresh_done[0] == NSTIME_NONE && now >= c->refresh_due[0]) || (c->refresh_done[1] == NSTIME_NONE && now >= c->refresh_due[1]));
}

static int find_todo(struct lesson_work *w, const struct lesson_learner *l, struct todo *out, struct err *e)
{
	const struct wording *say = &wordings[l->language];
	const struct lesson *v;
	struct lesson_repeat due[50];
	size_t n = lessons_all(w->lessons, &v);
	char time[40];
	for (size_t i = 0; i < n; i++) {
		struct lesson_progress p;
		int rc = lesson_progress(w->book, &v[i], l->user, w->now, &p, e);
		if (rc)
			return rc;
		out->refresh += refresh_due(&p.certificate, w->now);
		if (p.due == NSTIME_NONE || p.due > w->now + SOON_DAYS * NS_DAY || out->nunits++ >= UNITS_TOLD)
			continue;
		buf_addf(&out->units, "  - %.*s (%s %.10s)\n", SLFMT(v[i].title.in[l->language]), p.due < w->now ? say->late : say->until, time_plain(p.due + org_utc_offset(w->org, p.due) * NS_SEC, time));
	}
	ssize_t questions = lesson_due(w->book, w->lessons, l, w->now, due, ARRAY_LEN(due), e);
	if (questions < 0)
		return (int)questions;
	for (ssize_t i = 0; i < questions; i++)
		out->questions += !due[i].weekly;
	return 0;
}

/* ---- the mail ---------------------------------------------------------------------------------------------------------------------------------------- */

static void base64(struct slice s, struct buf *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t b = (uint32_t)(unsigned char)s.p[i] << 16;
		b |= i + 1 < s.n ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
		b |= i + 2 < s.n ? (uint32_t)(unsigned char)s.p[i + 2] : 0;
		buf_addc(out, letters[b >> 18]);
		buf_addc(out, letters[b >> 12 & 63]);
		buf_addc(out, i + 1 < s.n ? letters[b >> 6 & 63] : '=');
		buf_addc(out, i + 2 < s.n ? letters[b & 63] : '=');
	}
}

static void write_text(const struct sender *s, const struct lesson_learner *l, const struct todo *t, struct buf *b)
{
	const struct wording *say = &wordings[l->language];
	buf_addf(b, "%s\n\n", say->intro);
	if (t->nunits)
		buf_addf(b, "%s\n%.*s\n", say->units, SLFMT(buf_slice(&t->units)));
	if (t->questions)
		buf_addf(b, "%s %zu\n", say->questions, t->questions);
	if (t->refresh)
		buf_addf(b, "%s %zu\n", say->refresh, t->refresh);
	buf_addf(b, "\n%s\n%s\n\n%s\n\n-- \nPostern\n", say->where, s->console, say->end);
}

static void write_mail(const struct sender *s, const struct lesson_learner *l, struct slice text, struct buf *b)
{
	enum { LINE = 57 };
	buf_addf(b, "From: Postern <%.*s>\nTo: %.*s\nSubject: =?UTF-8?B?", SLFMT(s->from), SLFMT(l->mail));
	base64(slice_of(wordings[l->language].subject), b);
	buf_addz(b, "?=\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n");
	for (; text.n; text = slice_from(text, LINE)) {
		base64(slice_to(text, LINE), b);
		buf_addc(b, '\n');
	}
}

static int send(const struct sender *s, const struct lesson_learner *l, struct slice mail, struct err *e)
{
	char from[400], to[400], program[1024];
	int status;
	snprintf(program, sizeof program, "%.*s", SLFMT(s->sendmail));
	snprintf(from, sizeof from, "%.*s", SLFMT(s->from));
	snprintf(to, sizeof to, "%.*s", SLFMT(l->mail));
	const char *const argv[] = {program, "-i", "-f", from, "--", to, NULL};
	int rc = sys_run(argv, mail, SENDMAIL_SECONDS, NULL, &status, e);
	return rc || !status ? rc : err_set(e, ERR_IO, "%s ended with status %d", program, status);
}

/* ---- the verb ---------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_mail(struct slice s)
{
	ssize_t at = slice_chr(s, '@');
	bool fine = at > 0 && (size_t)at + 1 < s.n && s.n < 320 && s.p[0] != '-';
	for (size_t i = 0; i < s.n && fine; i++)
		fine = s.p[i] > ' ' && s.p[i] < 0x7f && !strchr("<>()[],;:\\\"", s.p[i]);
	return fine;
}

static bool is_address(const char *s)
{
	bool fine = strncmp(s, "https://", 8) == 0 && s[8] && strlen(s) < 200;
	for (; *s && fine; s++)
		fine = *s > ' ' && *s < 0x7f && !strchr("<>\"'\\?#", *s);
	return fine;
}

/* What is not given comes from the first mail channel of postern.yaml. */
static bool take_sender(struct lesson_work *w, struct sender *s)
{
	struct watch_config config = {0};
	struct err e;
	const char *from = args_get(w->a, "from"), *sendmail = args_get(w->a, "sendmail");
	s->console = args_get(w->a, "console");
	s->from = slice_of(from ? from : "");
	s->sendmail = slice_of(sendmail ? sendmail : "");
	if (!s->console || !is_address(s->console)) {
		complain("lesson remind: --console URL names the console's address, the only one in the mail: https://...");
		return false;
	}
	if (!from && watch_config_read(args_get(w->a, "config"), &config, &e)) {
		complain_err(&e);
		return false;
	}
	for (size_t i = 0; i < config.notify.nchannels && !s->from.n; i++)
		if (config.notify.channels[i].kind == NOTIFY_MAIL) {
			s->from = slice_dup(&w->mem, config.notify.channels[i].from);
			s->sendmail = s->sendmail.n ? s->sendmail : slice_dup(&w->mem, config.notify.channels[i].sendmail);
		}
	watch_config_free(&config);
	s->sendmail = s->sendmail.n ? s->sendmail : SL("/usr/sbin/sendmail");
	if (!is_mail(s->from))
		complain("lesson remind: there is no sender: --from MAIL, or a mail channel in postern.yaml");
	return is_mail(s->from);
}

/* 1 a mail, 0 nothing is due, or ERR_*. */
static int remind_one(struct lesson_work *w, const struct sender *s, const struct lesson_learner *l, struct err *e)
{
	struct todo t = {0};
	struct buf text = {0}, mail = {0};
	bool dry = args_has(w->a, "dry-run");
	int rc = find_todo(w, l, &t, e);
	bool due = !rc && (t.nunits || t.questions || t.refresh);
	if (due && !is_mail(l->mail)) {
		complain("%.*s has no mail address: not reminded", SLFMT(l->user));
		due = false;
	}
	if (due)
		write_text(s, l, &t, &text);
	if (due && dry)
		buf_addf(&w->out, "To: %.*s\nSubject: %s\n\n%.*s\n", SLFMT(l->mail), wordings[l->language].subject, SLFMT(buf_slice(&text)));
	if (due && !dry) {
		write_mail(s, l, buf_slice(&text), &mail);
		rc = send(s, l, buf_slice(&mail), e);
	}
	buf_free(&t.units);
	buf_free(&text);
	buf_free(&mail);
	return rc ? rc : due;
}

int lesson_remind(struct lesson_work *w)
{
	struct sender s;
	struct people p = {.w = w};
	struct err e;
	size_t sent = 0, failed = 0;
	if (!take_sender(w, &s))
		return EXIT_USAGE;
	int rc = lesson_learners(w->book, take_person, &p, &e) ? lesson_failed(&e) : EXIT_DONE;
	for (size_t i = 0; i < p.list.n; i++) {
		int one = remind_one(w, &s, &p.list.v[i], &e);
		if (one < 0)
			complain("%.*s: %s", SLFMT(p.list.v[i].user), e.text);
		failed += one < 0;
		sent += one > 0;
	}
	if (!rc && !args_has(w->a, "dry-run"))
		buf_addf(&w->out, "%zu of %zu people were reminded.\n", sent, p.list.n);
	free(p.list.v);
	return rc ? rc : failed ? EXIT_INPUT : EXIT_DONE;
}
