/* rules.c - what the engine judges by: organisation, rules, suppressions, zone, as configured. */
#include "watch/watch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SUPPRESSIONS_MAX = 16 << 20 };

static int read_suppressions(const char *path, struct suppressions **out, struct err *e)
{
	struct buf b = {0};
	char chunk[65536];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_at(e, ERR_IO, path, 0, 0, "%m");
	while ((n = read(fd, chunk, sizeof chunk)) > 0 && b.n <= SUPPRESSIONS_MAX)
		buf_add(&b, chunk, (size_t)n);
	close(fd);
	*out = suppressions_read(buf_slice(&b), path, e);
	buf_free(&b);
	return *out ? 0 : ERR_SYNTAX;
}

static int load_rules(const struct watch_options *opt, const struct watch_config *c, struct sigma_set **out, struct err *e)
{
	struct sigma_options none = {0};
	struct sigma_set *s = sigma_new(&none);
	int rc = 0;
	for (size_t i = 0; i < c->nrules && !rc; i++)
		rc = sigma_add_path(s, c->rules[i].p, e);
	if (!c->nrules && *opt->rules_default)
		rc = sigma_add_path(s, opt->rules_default, e);
	if (!rc)
		rc = sigma_seal(s, e);
	if (!rc && sigma_count(s)) {
		*out = s;
		return 0;
	}
	sigma_free(s);
	return rc;
}

int watch_org_load(const struct watch_config *c, struct org **out, struct err *e)
{
	char path[4096];
	const char *dir = getenv("POSTERN_CONFIG");
	if (c->org.n)
		snprintf(path, sizeof path, "%.*s", SLFMT(c->org));
	else
		snprintf(path, sizeof path, "%s/org.yaml", dir && *dir ? dir : "/etc/postern");
	*out = c->org.n || access(path, R_OK) == 0 ? org_load(path, e) : org_new();
	return *out ? 0 : ERR_SYNTAX;
}

int watch_rules_load(const struct watch_options *opt, const struct watch_config *c, struct watch_rules *out, struct err *e)
{
	*out = (struct watch_rules){0};
	int rc = watch_org_load(c, &out->org, e);
	if (!rc && c->timezone.n && !(out->zone = zone_load(c->timezone, e)))
		rc = ERR_SYNTAX;
	if (!rc)
		rc = load_rules(opt, c, &out->rules, e);
	if (!rc && c->suppressions.n)
		rc = read_suppressions(c->suppressions.p, &out->suppressions, e);
	if (rc)
		watch_rules_free(out);
	return rc;
}

void watch_rules_free(struct watch_rules *r)
{
	suppressions_free(r->suppressions);
	sigma_free(r->rules);
	zone_free(r->zone);
	org_free(r->org);
	*r = (struct watch_rules){0};
}
