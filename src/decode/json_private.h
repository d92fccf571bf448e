/* json_private.h - what json.c (parsing, ECS, anything), json_forms.c (journald, Docker, web servers, Zeek, sudo) and
 * json_windows.c share. */
#ifndef POSTERN_DECODE_JSON_PRIVATE_H
#define POSTERN_DECODE_JSON_PRIVATE_H

#include "decode/decode_private.h"
#include "json/json.h"

/* Names that tell what kind of object it is, or that all kinds read alike. */
enum json_slot {
	JS_NONE, JS_TIMESTAMP, JS_TIME, JS_TS, JS_MESSAGE, JS_ORIGINAL, JS_ACTION, JS_OUTCOME, JS_DATASET, JS_HOST, JS_PROCESS_NAME,
	JS_PROCESS_PID, JS_MODULE,
	/* Windows */
	JS_EVENT_ID, JS_CHANNEL, JS_PROVIDER, JS_COMPUTER, JS_SYSTEM_TIME, JS_EVENT_TIME, JS_UTC_TIME,
	/* journald */
	JS_J_TIME, JS_J_SOURCE_TIME, JS_J_MESSAGE, JS_J_IDENT, JS_J_COMM, JS_J_PID, JS_J_SYSLOG_PID, JS_J_HOST, JS_J_TRANSPORT,
	JS_J_AUDIT_TYPE, JS_J_AUDIT_ID, JS_J_UNIT, JS_J_CURSOR,
	/* Docker */
	JS_LOG, JS_STREAM,
	/* Zeek, Suricata */
	JS_UID, JS_PATH, JS_ORIG_H, JS_EVENT_TYPE, JS_SRC_IP, JS_QUERY,
	/* web servers */
	JS_REMOTE_ADDR, JS_CLIENT_HOST, JS_CADDY_IP, JS_REQUEST, JS_STATUS, JS_CADDY_URI, JS_REQUEST_URI, JS_REQUEST_METHOD, JS_MSEC,
	JS_TIME_LOCAL,
	/* sudo */
	JS_SUDO, JS_SUDO_HOST, JS_SUDO_SECONDS,
	JS_COUNT
};

struct json_name {
	const char *name;
	uint16_t what; /* enum json_slot, enum field_id, ... */
};
enum { JSON_INDEX = 1024, JSON_LEAVES = 512, WINDOWS_NAMES = 80 };
/* Open-addressed hash over rows that end with name NULL. */
struct json_index {
	const struct json_name *rows;
	uint16_t at[JSON_INDEX]; /* row + 1 */
};
void json_index_new(struct json_index *x, const struct json_name *rows);
uint16_t json_index_get(const struct json_index *x, struct slice name); /* 0: not there */

/* One leaf; its text lies in the batch's arena. */
struct jleaf {
	struct slice name, text;
	uint8_t type, depth;
};
struct json_state {
	struct json_parser *parser;
	struct json_index slots, fields, windows, zeek, web;
	struct json_name windows_rows[WINDOWS_NAMES];
	struct jleaf v[JSON_LEAVES];
	size_t n;
	struct slice slot[JS_COUNT]; /* text of the first leaf of that slot */
	bool cut;
};

static inline bool json_has(const struct json_state *j, enum json_slot s) { return j->slot[s].p != NULL; }

/* l->time from whichever of these slots holds a time, tried in order (ends with JS_NONE). */
void json_time(struct decoder *d, struct dline *l, const struct json_state *j, const enum json_slot *order);
bool json_time_text(struct decoder *d, struct dline *l, struct slice text, bool utc);
/* Everything into the event: ECS names as fields, others by their own name. skip may be NULL. */
void json_add_all(struct decoder *d, struct event *e, const struct json_state *j, bool (*skip)(struct slice name));
struct slice json_get(const struct json_state *j, struct slice name);

/* Each decodes when the object is of its kind; DECODED_NO_FORMAT when not. */
enum decoded json_windows(struct decoder *d, struct dline *l, struct json_state *j);
enum decoded json_journald(struct decoder *d, struct dline *l, struct json_state *j);
enum decoded json_docker(struct decoder *d, struct dline *l, struct json_state *j);
enum decoded json_zeek(struct decoder *d, struct dline *l, struct json_state *j);
enum decoded json_web(struct decoder *d, struct dline *l, struct json_state *j);
enum decoded json_sudo(struct decoder *d, struct dline *l, struct json_state *j);
/* A Windows event that no detector wants, told from the raw text without parsing: DECODED_UNWANTED, or an event that bears time, host
 * and the raw text where rules are to look at it. DECODED_NO_FORMAT: it must be parsed. */
enum decoded json_windows_quick(struct decoder *d, struct dline *l);

extern const struct json_name json_zeek_names[], json_web_names[];

#endif
