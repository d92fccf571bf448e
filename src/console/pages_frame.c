/* pages_frame.c - pages about who is logged in, for now. */
#include "console/console_private.h"

static int me(struct request *q, struct response *r, struct err *e)
{
	static const struct { unsigned bit; const char *name; } roles[] = {{ROLE_EMPLOYEE, "employee"}, {ROLE_ANALYST, "analyst"}, {ROLE_APPROVER, "approver"},
		{ROLE_ADMINISTRATOR, "administrator"}};
	static const char *const languages[LURE_LANGUAGES] = {[LURE_EN] = "en", [LURE_DE] = "de", [LURE_KO] = "ko"};
	bool first = true;
	(void)e;
	H(&r->body, "{\"name\":");
	buf_json(&r->body, slice_of(q->who.name));
	H(&r->body, ",\"shown\":");
	buf_json(&r->body, slice_of(q->who.shown));
	H(&r->body, ",\"mail\":");
	buf_json(&r->body, slice_of(q->who.mail));
	H(&r->body, ",\"team\":");
	buf_json(&r->body, slice_of(q->who.team));
	buf_addf(&r->body, ",\"language\":\"%s\",\"factor\":%s,\"csrf\":\"%s\",\"roles\":[", languages[q->language], q->who.factor ? "true" : "false", q->who.csrf);
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (has_role(q, roles[i].bit)) {
			buf_addf(&r->body, "%s\"%s\"", first ? "" : ",", roles[i].name);
			first = false;
		}
	H(&r->body, "]}\n");
	return 0;
}

static int events(struct request *q, struct response *r, struct err *e)
{
	(void)q, (void)e;
	r->stream = true;
	r->type = "text/event-stream";
	return 0;
}

extern const struct route frame_routes[];
const struct route frame_routes[] = {
	{METHOD_GET, "/api/v1/me", ROLE_ANY, me, ROUTE_JSON},
	{METHOD_GET, "/events", ROLE_ANY, events, ROUTE_BARE},
	{0},
};
