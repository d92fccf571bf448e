/* report_pages.h - private to room console: what the pages of reports, held mail and examples share; and the button that makes an example of an incident. */
#ifndef POSTERN_CONSOLE_REPORT_PAGES_H
#define POSTERN_CONSOLE_REPORT_PAGES_H

#include "console/page.h"

/* On the page of an incident that was closed as real: a form that leads to the preview of an anonymised example. Nothing for who may not. */
void example_button(const struct request *q, struct buf *b, const char *incident);

/* What employees reported that belongs to it, for who answers: nothing when there is none. */
void incident_reports(const struct request *q, struct buf *b, const char *incident);

/* A report with what was found in its files. */
struct report_view {
	struct store_contact c;
	struct inspect_told v[CONTACT_FILES];
	size_t n;
	bool lost;                         /* it could not be recorded: nobody but its reporter sees it */
};
/* ERR_NOENT: there is none, or it is another's. Texts are in q->mem. */
int report_load(struct request *q, struct slice ref, struct report_view *out, struct err *e);
/* Inspects what was uploaded into v->v. passwords: words that may open what is encrypted. Never fails: what could not be looked at is "cannot tell". */
void report_inspect(struct request *q, struct slice password, bool anonymous, struct report_view *v);
/* The report of the request's form: 0 and v filled, or ERR_* with *e: a field is wrong. */
int report_form(struct request *q, struct report_view *v, struct slice *password, struct err *e);
/* Records it. ERR_DUP: it was recorded already. */
int report_record(struct request *q, const struct report_view *v, struct err *e);
/* A name for a report nobody can guess. */
void report_reference(char out[static CONTACT_REF + 1]);

/* What the reporter sees, and with `analyst` what helps who answers. */
void report_view_html(struct request *q, struct buf *b, const struct report_view *v, bool analyst);
void report_view_json(struct request *q, struct buf *b, const struct report_view *v);
/* For the authorities: text without anything that could be clicked, opened or run. */
void report_view_text(struct request *q, struct buf *b, const struct report_view *v);

/* Foreign text of several lines: ends of lines stay ends of lines (and control bytes visible), for textareas and where the style keeps lines. between: what stands for one. */
void html_lines(struct buf *b, struct slice s, const char *between);
/* A verdict in the reader's words. */
void verdict_html(const struct request *q, struct buf *b, enum verdict v);
/* What combinations and indicators say to an employee, each once; analyst: also what they mean to who knows the field. words: blank-separated. */
void words_html(const struct request *q, struct buf *b, struct slice words, bool analyst);
/* What one says to an employee; SLICE_NONE: it is no name of an indicator or combination. */
struct slice word_said(struct slice word, enum lure_language l);
/* Links to the lessons that explain them, at most three. Nothing when there is none. */
void lessons_html(const struct request *q, struct buf *b, struct slice words);
/* A row of a <dl>; several lines stand beside each other. Nothing without a value. */
void report_row(const struct request *q, struct buf *b, enum text name, struct slice value);
/* Rows of a list: those of the staff who have the role security. */
void report_whom_to_call(const struct request *q, struct buf *b);
enum text platform_text(struct slice platform); /* TX_NONE: a name, to be shown as it is */
enum text answer_text(enum contact_answer a);
/* Nothing a program would make a link of: hxxp, [.], [@]. */
void defang(struct buf *b, struct slice s);

/* What is held now, newest first; nothing for who may not see it, or when no folder of held mail is known. */
typedef void mail_fn(void *arg, struct slice id, struct slice from, struct slice to, struct slice subject, nstime time);
int mail_each(struct request *q, mail_fn *fn, void *arg, struct err *e);

/* ---- pages, for the table of routes in pages_report.c: pages_report_list.c, pages_held.c, pages_posture.c, pages_example.c ------------------------ */
page_fn reports_page, reports_api, report_answer_page, report_export_text, report_export_json;
page_fn mail_page, mail_one_page, mail_release_page, mail_delete_page, mail_api;
page_fn posture_page, posture_api;
page_fn examples_page, example_page, example_new_page, example_publish_page, example_delete_page;

#endif
