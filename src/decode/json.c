/* json.c - events that come as JSON lines. */
#include "decode/decode_private.h"

void decode_json_free(struct decoder *d)
{
	(void)d;
}
