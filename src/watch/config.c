/* config.c - postern.yaml: sections of other rooms are read by them, the rest here. */
#include "watch/watch.h"

#include "milter/milter.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HOLD_DEFAULT (30 * (NS_SEC / 1000))
enum { LEARNING_DEFAULT = 3, LEARNING_MOST = 365, BUDGET_DEFAULT = 3, BUDGET_MOST = 1000, KEEP_DAYS_DEFAULT = 400, KEEP_DAYS_MOST = 36500, CONFIG_MAX = 1 << 20 };

static const char *const keys[] = {"sources", "rules", "suppressions", "org", "timezone", "user", "learning_days", "alert_budget", "hold", "silent_after", "keep",
	"metrics", "notify", "respond", "gate", "milter", NULL};

static void defaults(struct watch_config *c)
{
	arena_init(&c->mem);
	c->user = SL("postern");
	c->learning_days = LEARNING_DEFAULT;
	c->alert_budget = BUDGET_DEFAULT;
	c->hold = HOLD_DEFAULT;
	c->silent_after = NS_DAY;
	c->keep_days = KEEP_DAYS_DEFAULT;
	c->keep_bytes = (uint64_t)4000000000;
}

/* "127.0.0.1:9464", "[::1]:9464", "unix:/path", or nothing. */
static int check_metrics(const struct node *n, const char *file, struct err *e)
{
	struct slice m = n->text, host;
	ssize_t colon = slice_rfind(m, SL(":"));
	uint64_t port;
	struct ip ip;
	if (!m.n || slice_starts(m, SL("unix:/")))
		return 0;
	host = slice_to(m, (size_t)MAX(colon, 0));
	bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (colon > 0 && slice_u64(slice_from(m, (size_t)colon + 1), 65535, &port) && ip_parse(bracketed ? slice_make(host.p + 1, host.n - 2) : host, &ip))
		return 0;
	return err_at(e, ERR_TYPE, file, n->line, n->column, "ADDRESS:PORT (127.0.0.1:9464) or unix:/PATH expected, not \"%.*s\"", (int)MIN(m.n, (size_t)60), m.n ? m.p : "");
}

static int read_texts(struct watch_config *c, const struct node *root, const char *file, struct err *e)
{
	struct { const char *key; struct slice *to; } texts[] = {{"suppressions", &c->suppressions}, {"org", &c->org}, {"timezone", &c->timezone}, {"user", &c->user},
		{"metrics", &c->metrics}};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct node *n = yaml_get(root, texts[i].key);
		int rc = n ? yaml_text(n, file, texts[i].to, e) : 0;
		if (rc)
			return rc;
	}
	const struct node *metrics = yaml_get(root, "metrics"), *rules = yaml_get(root, "rules");
	int rc = metrics ? check_metrics(metrics, file, e) : 0;
	if (rc)
		return rc;
	return rules ? yaml_texts(rules, file, &c->mem, &c->rules, &c->nrules, e) : 0;
}

static int read_numbers(struct watch_config *c, const struct node *root, const char *file, struct err *e)
{
	uint64_t learning = c->learning_days, budget = c->alert_budget;
	const struct node *n;
	int rc = 0;
	if ((n = yaml_get(root, "learning_days")))
		rc = yaml_number(n, file, 0, LEARNING_MOST, &learning, e);
	if (!rc && (n = yaml_get(root, "alert_budget")))
		rc = yaml_number(n, file, 0, BUDGET_MOST, &budget, e);
	if (!rc && (n = yaml_get(root, "hold")))
		rc = yaml_duration(n, file, 0, 10 * NS_SEC, &c->hold, e);
	if (!rc && (n = yaml_get(root, "silent_after")))
		rc = yaml_duration(n, file, NS_SEC, 365 * NS_DAY, &c->silent_after, e);
	c->learning_days = (unsigned)learning;
	c->alert_budget = (unsigned)budget;
	return rc;
}

static int read_keep(struct watch_config *c, const struct node *root, const char *file, struct err *e)
{
	static const char *const allowed[] = {"days", "size", NULL};
	const struct node *keep = yaml_get(root, "keep"), *n;
	uint64_t days = c->keep_days;
	if (!keep)
		return 0;
	int rc = yaml_keys(keep, file, allowed, e);
	if (!rc && (n = yaml_get(keep, "days")))
		rc = yaml_number(n, file, 1, KEEP_DAYS_MOST, &days, e);
	if (!rc && (n = yaml_get(keep, "size")))
		rc = yaml_size(n, file, 10000000, (uint64_t)1 << 50, &c->keep_bytes, e);
	c->keep_days = (unsigned)days;
	return rc;
}

static int read_sections(struct watch_config *c, const struct node *root, const char *file, struct err *e)
{
	int rc = live_config_read(yaml_get(root, "sources"), file, &c->mem, &c->live, e);
	if (!rc)
		rc = notify_config_read(yaml_get(root, "notify"), file, &c->mem, &c->notify, e);
	struct milter_settings milter; /* another process's: only looked at, so that a mistake is found by --check */
	if (!rc)
		rc = milter_settings_read(yaml_get(root, "milter"), file, &c->mem, &milter, e);
	if (!rc)
		rc = gate_settings_read(yaml_get(root, "gate"), file, &c->mem, &c->gate, e);
	return rc ? rc : respond_config_read(yaml_get(root, "respond"), file, &c->mem, &c->respond, e);
}

int watch_config_parse(struct slice yaml, const char *file, struct watch_config *c, struct err *e)
{
	struct yaml_options opt = {.max_bytes = CONFIG_MAX, .max_nodes = 20000};
	struct node *root;
	defaults(c);
	c->path = slice_dup(&c->mem, slice_of(file));
	int rc = yaml_read(yaml, c->path.p, &opt, &c->mem, &root, e);
	if (!rc && root)
		rc = yaml_keys(root, c->path.p, keys, e);
	if (!rc)
		rc = read_texts(c, root, c->path.p, e);
	if (!rc)
		rc = read_numbers(c, root, c->path.p, e);
	if (!rc)
		rc = read_keep(c, root, c->path.p, e);
	if (!rc)
		rc = read_sections(c, root, c->path.p, e);
	if (rc)
		watch_config_free(c);
	return rc;
}

static int read_file(const char *path, struct buf *out, struct err *e)
{
	char chunk[65536];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_at(e, errno == ENOENT ? ERR_NOENT : ERR_IO, path, 0, 0, "%m");
	while ((n = read(fd, chunk, sizeof chunk)) > 0 && out->n <= CONFIG_MAX)
		buf_add(out, chunk, (size_t)n);
	int rc = n < 0 ? err_at(e, ERR_IO, path, 0, 0, "%m") : 0;
	close(fd);
	return rc;
}

int watch_config_read(const char *path, struct watch_config *c, struct err *e)
{
	char buf[4096];
	struct buf text = {0};
	const char *dir = getenv("POSTERN_CONFIG");
	*c = (struct watch_config){0};
	if (!path) {
		snprintf(buf, sizeof buf, "%s/postern.yaml", dir && *dir ? dir : "/etc/postern");
		if (access(buf, F_OK))
			return watch_config_parse(SLICE_NONE, "", c, e);
		path = buf;
	}
	int rc = read_file(path, &text, e);
	if (!rc)
		rc = watch_config_parse(buf_slice(&text), path, c, e);
	buf_free(&text);
	return rc;
}

void watch_config_free(struct watch_config *c)
{
	arena_free(&c->mem);
	*c = (struct watch_config){0};
}
