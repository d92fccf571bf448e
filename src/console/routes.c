/* routes.c - the tables of routes. */
#include "console/console_private.h"

extern const struct route session_routes[], account_routes[], frame_routes[], incident_routes[], access_routes[], report_routes[], lesson_routes[];

const struct route *const route_tables[] = {
	incident_routes,
	access_routes,
	report_routes,
	lesson_routes,
	frame_routes,
	account_routes,
	session_routes,
	NULL,
};
