/* jobs_private.h - between the files that collect jobs. */
#ifndef POSTERN_SNAPSHOT_JOBS_PRIVATE_H
#define POSTERN_SNAPSHOT_JOBS_PRIVATE_H

#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

enum { JOB_SCRIPT_MAX = 256 << 10, JOB_PROGRAMS_MAX = 100 };
bool job_there(struct collector *c, const char *path);
/* Programs of the jobs from `from` on: names without slash are looked up in path and left out when they are not there; of shell scripts what they run in turn is added. */
void jobs_resolve(struct collector *c, size_t from, const char *path);
void collect_units(struct collector *c);

#endif
