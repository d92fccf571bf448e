/* exports.c - not there yet. */
#include "snapshot/snapshot_private.h"

int collect_exports(struct collector *c)
{
	(void)c;
	return 0;
}
