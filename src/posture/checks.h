/* checks.h - private to room posture: the functions that checks.def names. */
#ifndef POSTERN_POSTURE_CHECKS_H
#define POSTERN_POSTURE_CHECKS_H

#include "posture/posture_private.h"

#define CHECK(id, demand, severity, run, ...) enum posture_result run(struct posture_host *h);
#include "posture/checks.def"
#undef CHECK

#endif
