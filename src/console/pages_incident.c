/* pages_incident.c - the overview, for now. */
#include "console/console_private.h"

static int overview(struct request *q, struct response *r, struct err *e)
{
	(void)e;
	r->title = TX_OVERVIEW;
	H(&r->body, "<h1>");
	html_text(q, &r->body, TX_OVERVIEW);
	H(&r->body, "</h1>\n");
	return 0;
}

extern const struct route incident_routes[];
const struct route incident_routes[] = {
	{METHOD_GET, "/", ROLE_ANY, overview, 0, TX_OVERVIEW},
	{0},
};
