/* incidents.h - private to room console: what the pages about incidents share. */
#ifndef POSTERN_CONSOLE_INCIDENTS_H
#define POSTERN_CONSOLE_INCIDENTS_H

#include "console/page.h"
#include "report/report.h"

enum { INCIDENT_SEE = ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, INCIDENT_DECIDE = ROLE_ANALYST | ROLE_ADMINISTRATOR };

/* Pages, in the table of pages_overview.c. */
page_fn page_overview, page_incidents, page_incident, page_finding, page_search, page_sources;
page_fn incident_post_note, incident_post_close, incident_post_reopen, incident_post_bundle, incident_get_html, incident_get_ocsf, incident_get_ecs;
page_fn api_overview, api_incidents, api_incident;

/* Words of the catalogue for what the other rooms number. */
enum text incident_status_words(enum incident_status st);
enum text incident_stage_words(enum stage st);
enum text incident_kind_words(struct slice kind);   /* TX_NONE: another one */
enum text incident_entity_words(enum entity_type t); /* TX_NONE: told nowhere */
/* What room incident says in English, in the reader's language when the catalogue has the same sentence. */
void incident_advice(const struct request *q, struct buf *b, struct slice sentence);

/* At most n bytes, not within a character. */
struct slice text_cut(struct slice s, size_t n);
/* Text that room incident or a detector wrote, with what logs say in it: English, hostile. */
void html_told(const struct request *q, struct buf *b, struct slice s);
void html_incident_status(const struct request *q, struct buf *b, enum incident_status st);
void html_incident_link(const struct request *q, struct buf *b, const char *id, struct slice title);
/* An element with nothing but a text of the catalogue in it; tag: with its attributes, literal. */
void html_in(const struct request *q, struct buf *b, const char *tag, enum text t);
void html_number_in(const struct request *q, struct buf *b, const char *tag, enum text t, uint64_t n);
/* <td data-label="..."> */
void html_cell(const struct request *q, struct buf *b, enum text column);
void html_count(struct buf *b, uint64_t n);
/* <option value=... [selected]> */
void html_option(const struct request *q, struct buf *b, const char *value, bool chosen, enum text t);
/* ,"name":... of the API; a first member is without comma. */
void api_text(struct buf *b, const char *name, struct slice v);
void api_time(struct buf *b, const char *name, nstime t); /* null for NSTIME_NONE */
void api_row(struct buf *b, const struct store_incident *x);
/* The state, or ERR_NOENT with words for the person: there is none yet. */
struct store *page_store(const struct request *q, struct err *e);
/* A page that says so. */
void html_no_state(const struct request *q, struct buf *b, enum text title);
/* The incident that q->arg[0] names. stored_free() in any case. */
int page_stored(struct request *q, struct stored *x, struct err *e);

/* ---- sources ------------------------------------------------------------------------------------------------------------------------ */
/* Counted anew when the state changed, or a minute ago. */
int sight_load(struct request *q, struct sight *out, struct err *e);
bool sight_silent(const struct store_log *x, nstime now);
bool sight_dead(const struct sight *s, nstime now); /* watch has not written anything for some time */

/* ---- one incident, in parts --------------------------------------------------------------------------------------------------------- */
void incident_stages(const struct request *q, struct buf *b, const struct incident *in);
void incident_story(struct request *q, struct buf *b, const struct incident *in);
void incident_path(struct request *q, struct buf *b, const struct stored *x, const struct incident *in);
void incident_findings(struct request *q, struct buf *b, const struct stored *x);
/* most: raw lines shown; the rest is on the finding's own page. */
void incident_finding(struct request *q, struct buf *b, const struct stored *x, const struct finding *f, size_t most);
void incident_life(struct request *q, struct buf *b, const struct stored *x);
void incident_forms(struct request *q, struct buf *b, const struct stored *x);

#endif
