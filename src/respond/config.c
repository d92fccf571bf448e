/* config.c - section respond of postern.yaml. */
#include "respond/respond_private.h"

#include <stdio.h>

enum { RULES_MOST = 64, NAMES_MOST = 4096 };

struct reading {
	const char *file;
	struct arena *mem;
	struct respond_config *out;
	struct err *e;
};

static int wrong(const struct reading *r, const struct node *n, const char *text)
{
	return err_at(r->e, ERR_TYPE, r->file, n->line, n->column, "%s", text);
}

static int read_responses(const struct reading *r, const struct node *n, struct respond_rule *rule)
{
	struct slice *list;
	size_t count;
	int rc = yaml_texts(n, r->file, r->mem, &list, &count, r->e);
	for (size_t i = 0; i < count && !rc; i++) {
		enum response kind;
		if (!response_by_name(list[i], &kind))
			return err_at(r->e, ERR_TYPE, r->file, n->line, n->column,
				"\"%.*s\" is no response: suspend-provider, revoke-grant, end-sessions, disable-keys or block-address", (int)MIN(list[i].n, (size_t)60), list[i].p);
		rule->response[kind] = true;
	}
	return rc;
}

static int read_rule(const struct reading *r, const struct node *n, struct respond_rule *rule)
{
	static const char *const keys[] = {"level", "do", "for", NULL};
	const struct node *level = yaml_get(n, "level"), *what = yaml_get(n, "do"), *lasting = yaml_get(n, "for");
	*rule = (struct respond_rule){.level = LEVEL_HIGH, .lasting = NS_DAY};
	int rc = yaml_keys(n, r->file, keys, r->e);
	if (rc)
		return rc;
	if (!what)
		return wrong(r, n, "a rule says what to do: do: [end-sessions, block-address]");
	if (level && (level->kind != NODE_SCALAR || !level_parse(level->text, &rule->level)))
		return wrong(r, level, "a level expected: informational, low, medium, high or critical");
	rc = read_responses(r, what, rule);
	if (!rc && lasting)
		rc = yaml_duration(lasting, r->file, NS_MIN, 365 * NS_DAY, &rule->lasting, r->e);
	return rc;
}

static int read_rules(const struct reading *r, const struct node *n)
{
	if (n->kind != NODE_LIST || n->n > RULES_MOST)
		return wrong(r, n, "a list of at most 64 rules expected");
	r->out->rules = arena_alloc(r->mem, (n->n ? n->n : 1) * sizeof *r->out->rules);
	int rc = 0;
	for (const struct node *x = n->child; x && !rc; x = x->next)
		rc = read_rule(r, x, &r->out->rules[r->out->nrules++]);
	return rc;
}

static int read_names(const struct reading *r, const struct node *n, struct slice **out, size_t *count)
{
	int rc = n ? yaml_texts(n, r->file, r->mem, out, count, r->e) : 0;
	if (rc || !n)
		return rc;
	if (*count > NAMES_MOST)
		return wrong(r, n, "a shorter list expected");
	for (size_t i = 0; i < *count; i++)
		if (!name_plain((*out)[i], 128))
			return err_at(r->e, ERR_TYPE, r->file, n->line, n->column, "\"%.*s\" is no name: letters, digits, . _ and - expected",
				(int)MIN((*out)[i].n, (size_t)60), (*out)[i].p);
	return 0;
}

static int read_never(const struct reading *r, const struct node *n)
{
	static const char *const keys[] = {"accounts", "providers", "networks", NULL};
	struct slice *nets = NULL;
	size_t count = 0;
	const struct node *networks = yaml_get(n, "networks");
	int rc = yaml_keys(n, r->file, keys, r->e);
	if (!rc)
		rc = read_names(r, yaml_get(n, "accounts"), &r->out->never.accounts, &r->out->never.naccounts);
	if (!rc)
		rc = read_names(r, yaml_get(n, "providers"), &r->out->never.providers, &r->out->never.nproviders);
	if (!rc && networks)
		rc = yaml_texts(networks, r->file, r->mem, &nets, &count, r->e);
	if (rc || !count)
		return rc;
	if (count > NAMES_MOST)
		return wrong(r, networks, "a shorter list expected");
	r->out->never.networks = arena_alloc(r->mem, count * sizeof *r->out->never.networks);
	for (size_t i = 0; i < count; i++)
		if (!cidr_parse(nets[i], &r->out->never.networks[r->out->never.nnetworks++]))
			return err_at(r->e, ERR_TYPE, r->file, networks->line, networks->column, "\"%.*s\" is no network: 192.0.2.0/24 or 2001:db8::/32 expected",
				(int)MIN(nets[i].n, (size_t)60), nets[i].p);
	return 0;
}

static int read_program(const struct reading *r, const struct node *n, struct slice *out)
{
	int rc = n ? yaml_text(n, r->file, out, r->e) : 0;
	return rc || !n || out->p[0] == '/' ? rc : wrong(r, n, "a path from / expected");
}

int respond_config_read(const struct node *n, const char *file, struct arena *mem, struct respond_config *out, struct err *e)
{
	static const char *const keys[] = {"dry_run", "never_touch", "nft", "sshd", "sshd_config", "rules", NULL};
	struct reading r = {file, mem, out, e};
	*out = (struct respond_config){.dry_run = true, .nft = SL("/usr/sbin/nft"), .sshd = SL("/usr/sbin/sshd"), .sshd_config = SL("")};
	if (!n)
		return 0;
	const struct node *dry = yaml_get(n, "dry_run"), *never = yaml_get(n, "never_touch"), *rules = yaml_get(n, "rules");
	int rc = yaml_keys(n, file, keys, e);
	if (!rc && dry)
		rc = yaml_bool(dry, file, &out->dry_run, e);
	if (!rc && never)
		rc = read_never(&r, never);
	if (!rc)
		rc = read_program(&r, yaml_get(n, "nft"), &out->nft);
	if (!rc)
		rc = read_program(&r, yaml_get(n, "sshd"), &out->sshd);
	if (!rc)
		rc = read_program(&r, yaml_get(n, "sshd_config"), &out->sshd_config);
	return rc || !rules ? rc : read_rules(&r, rules);
}
