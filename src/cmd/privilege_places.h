/* privilege_places.h - private to room cmd: places that reach, exposure and cut are asked about, and what they print alike. */
#ifndef POSTERN_CMD_PRIVILEGE_PLACES_H
#define POSTERN_CMD_PRIVILEGE_PLACES_H

#include "cmd/privilege_cmd.h"

/* All values of an option (--from, --to) as nodes. 0, or EXIT_USAGE after a message; missing ones are usage errors, too. */
int places_of(const struct privilege *p, const struct args *a, const char *option, struct priv_set *out);
/* "provider:x, web1" as asked for. */
void places_told(const struct args *a, const char *option, struct buf *out);
/* Hosts of the organisation file without a snapshot: what is said of them would be guessed. One line, or nothing. */
void places_unknown(const struct privilege_inputs *in, struct buf *out);
void places_unknown_json(const struct privilege_inputs *in, struct buf *out);
/* The edges of a way, as a JSON array. */
void way_json(const struct privilege *p, const struct priv_reach *r, uint32_t node, struct buf *out);
void right_json(const struct right *r, struct buf *out);
/* "used 12 times, last 2026-11-20" */
void right_use_text(const struct right *r, struct buf *out);
/* Why privilege_find did not find it, told. */
const char *format_of(const struct args *a);
/* text behind an indent, broken at blanks; for a terminal. */
void wrapped(struct buf *out, const char *indent, struct slice text);

#endif
