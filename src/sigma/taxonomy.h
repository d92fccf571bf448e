/* taxonomy.h - log sources and field names, for view.c. */
#ifndef POSTERN_SIGMA_TAXONOMY_H
#define POSTERN_SIGMA_TAXONOMY_H

#include "sigma/sigma_private.h"

struct field_alias {
	uint32_t from, to;
};
/* Fields that tell what kind of event an object is. */
enum tell {
	TELL_EVENT_ID, TELL_CHANNEL, TELL_PROVIDER, TELL_EVENT_TYPE, TELL_PATH, TELL_ORIG_H, TELL_EVENT_SOURCE, TELL_EVENT_NAME, TELL_OBJECT_REF,
	TELL_VERB, TELL_LOGTYPE, TELL_ECS_CATEGORY, TELL_ECS_MODULE, TELL_ECS_TYPE, TELL_OS, TELL_CLASS, TELL_OCSF_OS, TELL_GCP, TELL_DATASET,
	TELL_SYSLOG, TELL_OKTA, TELL_LOGON, TELL_NEW_PROCESS, TELL_PARENT_PROCESS, TELL_IMAGE, TELL_PARENT_IMAGE, TELL_USER, TELL_RECORD_TYPE,
	TELL_SYSCALL, TELL_WORKLOAD, TELL_AGENT_MODULE, TELL_COUNT
};
struct taxonomy {
	struct { struct field_alias *v; size_t n, cap; } alias; /* sorted */
	uint32_t of_event[FIELD_COUNT]; /* our fields under their ECS names */
	struct { const struct field_alias *v; size_t n; } event_alias[FIELD_COUNT]; /* theirs */
	uint32_t told[TELL_COUNT];
	bool ready;
};
const struct field_alias *taxonomy_aliases(const struct taxonomy *t, uint32_t field, size_t *n);
struct slice taxonomy_unwrap(struct slice name, char *buf, size_t size);
size_t taxonomy_event_sources(const struct event *e, struct sigma_logsource out[static ROUTES_MAX]);
/* Lines, to be judged when marked; what is joined of audit records is none. */
bool taxonomy_is_text(const struct event *e);
/* One record of the audit system, under the names of its keys. */
bool taxonomy_is_record(const struct event *e);
/* The actions of a category; false: our events have no such. */
bool taxonomy_category_wants(struct slice category, struct interest *want);
size_t taxonomy_json_sources(struct sigma_ctx *c, struct sigma_logsource out[static ROUTES_MAX]);

#endif
