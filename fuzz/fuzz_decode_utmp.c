/* fuzz_decode_utmp.c - wtmp and btmp records. */
#include "fuzz_decode.h"

FUZZ_TARGET(FUZZ_UTMP, "")
