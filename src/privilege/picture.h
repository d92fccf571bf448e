/* picture.h - private to room privilege: the graph as few boxes, for people's eyes. Hosts that look alike are one box. */
#ifndef POSTERN_PRIVILEGE_PICTURE_H
#define POSTERN_PRIVILEGE_PICTURE_H

#include "privilege/privilege_private.h"

enum { PICTURE_BOXES = 60, PICTURE_LINES = 240, PICTURE_HOSTS_SHOWN = 2000 };
enum box_kind { BOX_HOST, BOX_HOSTS, BOX_PERSON, BOX_PROVIDER, BOX_OUTSIDE, BOX_KEY };
enum box_state { BOX_PLAIN, BOX_MAYBE, BOX_REACHED };
struct box {
	enum box_kind kind;
	enum box_state state;
	struct slice name;        /* a host's, or what the hosts have in common */
	struct slice role;        /* roles of the organisation file */
	uint32_t hosts, to_root;  /* so many; of them with a way from an account to root */
	uint32_t lines;           /* how many touch it */
	double x, y, w, h;        /* middle and size, in points, y down; after the layout */
};
struct line {
	uint32_t from, to;        /* boxes */
	uint32_t ways;            /* edges that it stands for */
	bool sure, root;          /* one of them is sure; leads to root */
	double *points; size_t n; /* x, y: a cubic spline from the first, then three for each piece */
};
struct picture {
	const struct privilege *p;
	struct { struct box *v; size_t n, cap; } boxes;
	struct { struct line *v; size_t n, cap; } lines;
	uint32_t *box_of;         /* of a place */
	size_t left_out;          /* lines beyond the limit */
	double width, height;
	struct arena mem;
};
/* r may be NULL: all. most 0: PICTURE_BOXES. */
void picture_make(const struct privilege *p, const struct priv_reach *r, size_t most, struct picture *out);
void picture_free(struct picture *x);
/* Where things go, by Graphviz (dot). No text of ours is given to it. */
int picture_layout(struct picture *x, struct err *e);
void picture_draw(const struct picture *x, struct buf *out);
/* "host-web1": letters, digits and -._ stay, others become _hex. */
void picture_anchor(const struct box *b, struct buf *out);
void anchor_text(const char *kind, struct slice name, struct buf *out);

#endif
