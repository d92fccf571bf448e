/* check.c - postern watch --check: reads all that is configured, and says what would be done. */
#include "watch/watch_private.h"

#include <stdio.h>
#include <unistd.h>

struct seen {
	unsigned files, packed, problems;
};

static void on_found(void *arg, uint32_t number, const struct live_file *f, int fd)
{
	struct seen *s = arg;
	(void)number;
	close(fd);
	s->files++;
	s->packed += f->packed;
}

static void on_problem(void *arg, struct slice path, const char *text)
{
	struct seen *s = arg;
	s->problems++;
	printf("  %.*s: %s\n", SLFMT(path), text);
}

static void ignore_number(void *arg, uint32_t number)
{
	(void)arg;
	(void)number;
}

static void ignore_file(void *arg, uint32_t number, const struct live_file *f)
{
	(void)arg;
	(void)number;
	(void)f;
}

static int check_files(const struct watch_config *c, struct err *e)
{
	struct seen s = {0};
	struct live_finder_calls calls = {on_found, ignore_number, ignore_file, ignore_number, on_problem, &s};
	struct live_finder *f = live_finder_new(&c->live, NULL, &calls, e);
	int rc = f ? live_finder_step(f, true, e) : ERR_IO;
	live_finder_free(f);
	if (!rc)
		printf("Logs: %u files (%u packed), %u that cannot be read\n", s.files, s.packed, s.problems);
	return rc;
}

static void tell_listeners(const struct watch_config *c)
{
	static const char *const names[] = {[LIVE_UDP] = "udp", [LIVE_TCP] = "tcp", [LIVE_TLS] = "tls", [LIVE_UNIX] = "unix", [LIVE_AUDIT] = "audit"};
	for (size_t i = 0; i < c->live.nlisten; i++)
		printf("Listens: %s %.*s\n", names[c->live.listen[i].kind], SLFMT(c->live.listen[i].address));
	if (c->live.journal)
		printf("Journal: %s\n", c->live.journal_dir.n ? c->live.journal_dir.p : "this machine's");
}

static void tell_rules(const struct watch_rules *r)
{
	size_t problems = 0;
	char text[900];
	for (size_t i = 0; r->rules && i < sigma_problem_count(r->rules); i++) {
		const struct sigma_problem *p = sigma_problem_get(r->rules, i);
		if (p->severity != SIGMA_ERROR)
			continue;
		problems++;
		printf("  %s\n", err_format(&p->err, text, sizeof text));
	}
	printf("Rules: %zu, %zu that cannot be used\n", r->rules ? sigma_count(r->rules) : 0, problems);
	printf("Organisation: %.*s\n", SLFMT(org_name(r->org).n ? org_name(r->org) : SL("not described (org.yaml)")));
	if (r->suppressions)
		printf("Suppressions: %zu\n", suppressions_count(r->suppressions));
}

static void tell_channels(const struct watch_config *c)
{
	static const char *const kinds[NOTIFY_KINDS] = {[NOTIFY_MAIL] = "mail", [NOTIFY_WEBHOOK] = "webhook", [NOTIFY_SYSLOG] = "syslog", [NOTIFY_COMMAND] = "command"};
	for (size_t i = 0; i < c->notify.nchannels; i++)
		printf("Tells: %.*s (%s), from level %s\n", SLFMT(c->notify.channels[i].name), kinds[c->notify.channels[i].kind], level_name(c->notify.channels[i].min_level));
	if (!c->notify.nchannels)
		printf("Tells: nobody; incidents are only stored (notify.channels in postern.yaml)\n");
	printf("Responds: %zu rules%s\n", c->respond.nrules, !c->respond.nrules ? "" : c->respond.dry_run ? ", dry-run" : "");
}

int watch_check(const struct watch_options *opt, struct err *e)
{
	struct watch_config c;
	struct watch_rules r;
	int rc = watch_config_read(opt->config_path, &c, e);
	if (rc)
		return rc;
	printf("Configuration: %.*s\n", SLFMT(c.path.n ? c.path : SL("none; defaults")));
	rc = watch_rules_load(opt, &c, &r, e);
	if (!rc) {
		rc = check_files(&c, e);
		tell_listeners(&c);
		tell_rules(&r);
		tell_channels(&c);
		watch_rules_free(&r);
	}
	watch_config_free(&c);
	return rc;
}
