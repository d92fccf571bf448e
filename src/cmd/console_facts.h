/* console_facts.h - private to room cmd: what the console's page Settings shows. */
#ifndef POSTERN_CMD_CONSOLE_FACTS_H
#define POSTERN_CMD_CONSOLE_FACTS_H

#include "console/console.h"
#include "watch/watch.h"

struct console_facts {
	struct console_fact *v;
	size_t n, cap;
	struct arena mem;
};
/* What holds, defaults too; no secrets. org_path: "" none. */
void facts_collect(struct console_facts *f, const struct watch_config *c, const struct org *org, const char *org_path);
void facts_free(struct console_facts *f);

#endif
