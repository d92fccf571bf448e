/* ledger.h - private to room cmd: what scan read, as the reports want it. */
#ifndef POSTERN_CMD_LEDGER_H
#define POSTERN_CMD_LEDGER_H

#include "cmd/setup.h"
#include "pipeline/pipeline.h"
#include "report/report.h"

/* Fill l from a finished run; memory comes from mem. */
void ledger_build(struct ledger *l, struct arena *mem, const struct setup *s, const struct pipeline_result *r);

#endif
