/* utmp.c - binary login records (utmp(5)): wtmp, btmp. */
#include "decode/decode_private.h"

void decode_utmp(struct decoder *d)
{
	(void)d;
}
