/* xml_data.h - <Data Name="X">value</Data> members, and what Sysmon's mean: shared by sysmon.c and json_windows.c. */
#ifndef POSTERN_DECODE_XML_DATA_H
#define POSTERN_DECODE_XML_DATA_H

#include "decode/decode_private.h"

/* Next member; s moves behind it. The value still has its entities. */
bool xml_data_next(struct slice *s, struct slice *name, struct slice *value);
/* What stands between the first open and the next close. */
struct slice xml_element(struct slice s, struct slice open, struct slice close);
/* Entities undone; borrowed when there are none. */
struct slice xml_text(struct decoder *d, struct slice s);

struct sysmon_id {
	const char *id;
	enum action action;
	enum outcome outcome;
};
extern const struct sysmon_id sysmon_ids[]; /* ends with id NULL */
struct json_field {
	const char *name;
	enum field_id field;
};
extern const struct json_field sysmon_fields[]; /* ends with name NULL */
enum field_id sysmon_field(struct slice name);
void sysmon_add_hashes(struct decoder *d, struct event *e, struct slice s);
/* One member of an event's data: its field, and the value under its own name (winlog.event_data.X). */
void sysmon_add_member(struct decoder *d, struct event *e, struct slice name, struct slice value);

/* ---- windows.c: what Windows event numbers mean, whichever way they came ------------------------------------- */
struct windows_id {
	uint8_t log;     /* enum windows_log */
	uint16_t id;
	uint16_t action;
	uint8_t outcome;
	uint8_t who;     /* enum windows_who */
};
enum windows_log { WIN_OTHER, WIN_SECURITY, WIN_SYSMON, WIN_SYSTEM };
enum windows_who { WHO_TARGET, WHO_SUBJECT, WHO_BOTH }; /* who acts: TargetUserName, SubjectUserName, the latter on the former */
enum windows_log windows_log_of(struct slice channel, struct slice provider);
const struct windows_id *windows_find(enum windows_log log, uint64_t id); /* NULL: not in the table */
/* Does anyone want an event of this number, whatever its log? */
bool windows_wanted(const struct interest *want, uint64_t id);
/* Member of a Windows event to fields. row may be NULL. */
struct windows_member {
	enum field_id field;
	uint8_t what; /* private to windows.c */
};
void windows_add_member(struct decoder *d, struct event *e, const struct windows_id *row, struct windows_member m, struct slice value);
struct windows_member windows_member(uint16_t number); /* number: 1 + row of windows_names */
struct windows_name {
	const char *name;
	struct windows_member m;
};
extern const struct windows_name windows_names[]; /* ends with name NULL */

#endif
