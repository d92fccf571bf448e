/* life.h - private to room report: what became of a stored incident. */
#ifndef POSTERN_REPORT_LIFE_H
#define POSTERN_REPORT_LIFE_H

#include "report/report.h"

/* text.c: text wrapped at the width; it starts in column `start`, further lines behind `indent` blanks. */
void text_wrap(struct buf *out, struct slice text, unsigned start, unsigned indent, unsigned width);

void life_text(struct buf *out, const struct report_life *l, unsigned width);
void life_html(struct buf *out, const struct report_life *l);
void life_json(struct buf *out, const struct report_life *l); /* members, each behind a comma */

#endif
