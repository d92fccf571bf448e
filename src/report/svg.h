/* svg.h - private to room report: the two pictures of the HTML page. */
#ifndef POSTERN_REPORT_SVG_H
#define POSTERN_REPORT_SVG_H

#include "incident/incident.h"

/* Findings of an incident over time, one row a stage. */
void svg_timeline(struct buf *out, const struct incident *in);
/* Who went from where to where; outside on the left. Nothing when there are no hops. */
void svg_logins(struct buf *out, const struct incident *in, const struct org *org);

#endif
