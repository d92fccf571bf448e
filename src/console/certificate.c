/* certificate.c - the certificate the console shows: the user's, or one made at the first start (ECDSA P-256, signed by itself). */
#include "console/console_private.h"

int certificate_get(const struct console_options *o, char **certificate, char **key, struct err *e)
{
	(void)o, (void)certificate, (void)key;
	return err_set(e, ERR_UNSUPPORTED, "TLS is not there yet: --plain");
}
