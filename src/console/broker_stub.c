/* broker_stub.c - answers that are not there yet; who writes one deletes its row. */
#include "console/broker.h"

#define STUB(name)                                                                                                                               \
	int broker_##name(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e) \
	{                                                                                                                                         \
		(void)b, (void)q, (void)who, (void)a, (void)fd;                                                                                   \
		return err_set(e, ERR_UNSUPPORTED, "not there yet");                                                                              \
	}

STUB(held)
STUB(held_message)
STUB(held_release)
STUB(held_delete)
