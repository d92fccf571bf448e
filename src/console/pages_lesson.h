/* pages_lesson.h - private to room console: what the pages of lessons share. */
#ifndef POSTERN_CONSOLE_PAGES_LESSON_H
#define POSTERN_CONSOLE_PAGES_LESSON_H

#include "console/page.h"

/* The book of this thread's desk, opened at the first use. NULL with *e. */
struct lesson_book *lesson_desk(struct request *q, struct err *e);
/* Who asks, as the book knows him (met by this). */
int lesson_me(struct request *q, struct lesson_learner *out, struct err *e);
/* The unit and part of the path's first and second {}. ERR_NOENT. */
int lesson_unit_asked(const struct request *q, const struct lesson **u, struct err *e);
int lesson_part_asked(const struct request *q, const struct lesson **u, size_t *part, struct err *e);
struct slice lesson_say(const struct request *q, const struct lesson_text *t); /* in the reader's language */
/* Plain text of ours: an empty line begins a paragraph, a line end stays one. inline_only: without <p>. */
void lesson_prose(struct buf *b, struct slice s, bool inline_only);
/* "/lessons/UNIT/", in q->mem. */
const char *lesson_path(struct request *q, const struct lesson *u);
/* Title of the page, "Part 2 of 5: ...", progress, and crumbs. */
void lesson_head(struct request *q, struct response *r, const struct lesson *u, size_t part);
/* Links back and forth. after: also the link to the next part. */
void lesson_foot(struct request *q, struct buf *b, const struct lesson *u, size_t part, bool after);
void lesson_badge(const struct request *q, struct buf *b, const char *class, enum text t);
void lesson_link(const struct request *q, struct buf *b, const char *path, struct slice part, enum text t, const char *class);
bool lesson_refresh_due(const struct lesson_certificate *c, nstime now);
/* Choices of a question as fields of a form; those marked in the request's form stay so. */
void lesson_ask(const struct request *q, struct buf *b, const struct lesson_question *x);
/* Which are marked (a bit each), false when none is. */
bool lesson_answer(const struct request *q, const struct lesson_question *x, uint32_t *marked, bool *right);
void lesson_because(const struct request *q, struct buf *b, const struct lesson_question *x, uint32_t marked, bool right);
int lesson_back_in(struct request *q, struct buf *b, struct slice unit, struct slice question, struct err *e);

page_fn lesson_talk_page, lesson_talk_done, lesson_spot_page, lesson_spot_done, lesson_practice_page, lesson_practice_done;
page_fn lesson_progress_page, lesson_progress_post, lesson_certificate_page, lesson_verify_page, lesson_api_mine, lesson_api_progress;

#endif
