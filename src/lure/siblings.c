/* siblings.c - what members of one container mean beside each other. */
#include "lure/lure_private.h"

void judge_siblings(struct lure *l, uint32_t parent)
{
	(void)l;
	(void)parent;
}
