/* duties.c - what waits for whom: a row each. */
#include "console/access.h"
#include "console/duties.h"

typedef int count_fn(struct request *q, uint64_t *n);
static const struct {
	const char *name, *path;
	unsigned roles;
	enum text text;
	count_fn *count;
} rows[] = {
	{"access", "/access", ROLE_APPROVER, TX_DUTY_GRANTS, access_waiting},
};

size_t duties_load(struct request *q, struct duty out[static DUTIES_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows) && n < DUTIES_MAX; i++) {
		uint64_t waiting = 0;
		if (has_role(q, rows[i].roles) && !rows[i].count(q, &waiting))
			out[n++] = (struct duty){rows[i].name, rows[i].path, rows[i].text, waiting};
	}
	return n;
}

void duties_employee(struct request *q, struct buf *b)
{
	(void)q;
	(void)b;
}
