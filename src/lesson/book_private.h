/* book_private.h - between the parts of the book of learners: book.c (people), record.c (what was done), repeat.c, tell.c (export, teams). */
#ifndef POSTERN_LESSON_BOOK_PRIVATE_H
#define POSTERN_LESSON_BOOK_PRIVATE_H

#include "lesson/lesson.h"
#include "vault/vault.h"

struct lesson_book { struct vault *vault; };

enum { CERTIFICATE_MONTHS = 12, REFRESH_MONTHS = 4, REFRESH_EXERCISES = 2 };

/* Is assignment a of learner l? In statements over both tables. */
#define ASSIGNED "(a.kind=0 OR (a.kind=1 AND a.target=l.team) OR (a.kind=2 AND instr(' '||l.roles||' ',' '||a.target||' ')>0) OR (a.kind=3 AND a.target=l.user))"

/* Runs fn in a transaction: committed when it returns 0. */
int book_change(struct lesson_book *b, int (*fn)(struct lesson_book *b, void *arg, struct err *e), void *arg, struct err *e);
/* The next time this question comes. In the caller's transaction. */
int book_repeat(struct lesson_book *b, struct slice unit, struct slice question, struct slice user, bool right, nstime now, struct err *e);
/* An exercise of the unit was done: a refresh that is due counts it. In the caller's transaction. */
int book_refresh(struct lesson_book *b, struct slice unit, struct slice user, nstime now, struct err *e);
int book_store(struct lesson_book *b, struct slice unit, struct slice part, struct slice user, int64_t kind, const struct lesson_result *r, nstime now, struct err *e);
int book_issue(struct lesson_book *b, struct slice unit, struct slice user, nstime now, struct err *e);
/* Columns from `at` on: id, issued, until, first, second (of table certificate). */
void book_certificate(const struct vault_row *r, int at, struct lesson_certificate *out);
int book_first_number(void *arg, const struct vault_row *r); /* into an int64_t */

#endif
