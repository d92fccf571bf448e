/* mfa.h - private to room cmd: postern mfa. */
#ifndef POSTERN_CMD_MFA_H
#define POSTERN_CMD_MFA_H

#include "cmd/cmd.h"

/* postern mfa coverage: who really came in from outside with one factor. */
int mfa_coverage(const struct args *a);

#endif
