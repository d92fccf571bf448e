/* org_parse.c - org.yaml key by key: a function per key, a table per mapping. docs/org.md describes them for people. */
#include "org/org_private.h"

/* ---- claims: a name belongs to one thing only ---------------------------------------------------------------- */
static int taken(struct load *l, const struct node *at, const struct org_entry *old, const char *what)
{
	return org_fail(l, at, ERR_DUP, "%s %s is given to something else already (line %d): keep one of both", what,
		org_show(l, at->text), old->line);
}

static int claim(struct load *l, struct org_index *x, const struct node *at, const void *owner, const char *what)
{
	struct org_entry old;

	if (org_index_put(x, at->text, owner, at->line, &old) || old.value == owner)
		return 0;
	return taken(l, at, &old, what);
}

static int claim_folded(struct load *l, struct org_index *x, const struct node *at, const void *owner, const char *what)
{
	struct org_entry old;

	if (org_index_iput(x, at->text, owner, at->line, &old) || old.value == owner)
		return 0;
	return taken(l, at, &old, what);
}

static int claim_nets(struct load *l, struct org_nets *x, const struct node *list, const struct cidr *nets,
	const void *owner, const char *what)
{
	struct org_entry old;
	size_t i = 0;

	for (const struct node *at = list->child; at != NULL; at = at->next, i++)
		if (!org_nets_put(x, &nets[i], owner, at->line, &old) && old.value != owner)
			return taken(l, at, &old, what);
	return 0;
}

/* An empty list would read as "nothing is allowed" to one and "no limit" to another. */
static int not_empty(struct load *l, const struct node *key, const struct node *list)
{
	if (list->kind != NODE_LIST || list->n > 0)
		return 0;
	return org_fail(l, list, ERR_SYNTAX, "%s is empty: for no limit delete the key", org_show(l, key->text));
}

/* A list of mappings to an array of structs that never moves: others keep pointers into it. */
static void *map_list(struct load *l, const struct node *key, const struct node *list, const char *example, size_t size)
{
	if (org_list(l, list, org_show(l, key->text), example) < 0)
		return NULL;
	void *v = arena_alloc(&l->o->mem, MAX(list->n, (size_t)1) * size);
	memset(v, 0, MAX(list->n, (size_t)1) * size);
	return v;
}

/* ---- organisation -------------------------------------------------------------------------------------------- */
static int o_name(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;

	(void)key;
	return org_value(l, value, ORG_KIND_TITLE, &o->name);
}

static int o_domains(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;
	struct slice *names;
	size_t n;
	int r = org_value_list(l, key, value, ORG_KIND_DOMAIN, &names, &n);

	for (const struct node *at = value->child; r == 0 && at != NULL; at = at->next)
		r = claim_folded(l, &o->domains, at, o, "domain");
	if (r == 0) {
		o->domain_list = names;
		o->ndomains = n;
	}
	return r;
}

static int o_partners(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;

	return org_value_list(l, key, value, ORG_KIND_DOMAIN, &o->partner_list, &o->npartners);
}

static int o_networks(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;
	struct cidr *nets;
	size_t n;
	int r = org_net_list(l, key, value, &nets, &n);

	if (r == 0)
		r = not_empty(l, key, value);
	if (r == 0)
		r = claim_nets(l, &o->inside, value, nets, o, "network");
	o->has_networks = true;
	return r;
}

static int o_timezone(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;
	struct err why = {0};
	int r = org_text(l, value, "timezone", "Europe/Berlin");

	(void)key;
	if (r < 0)
		return r;
	o->zone = zone_load(value->text, &why);
	if (o->zone == NULL)
		return org_fail(l, value, why.code, "%s", why.text);
	o->timezone = slice_dup(&o->mem, value->text);
	return 0;
}

static const struct org_key organisation_keys[] = {
	{"name", o_name, "Institute X", false},
	{"domains", o_domains, "[x.example]", false},
	{"networks", o_networks, "[10.20.0.0/16]", false},
	{"partners", o_partners, "[yard.example]", false},
	{"timezone", o_timezone, "Europe/Berlin", false},
};

static int t_organisation(struct load *l, void *into, const struct node *key, const struct node *value)
{
	(void)key;
	return org_map(l, value, "organisation", organisation_keys, ARRAY_LEN(organisation_keys), into);
}

/* ---- hosts --------------------------------------------------------------------------------------------------- */
static int h_name(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_host *h = into;
	int r = org_value(l, value, ORG_KIND_HOST, &h->name);

	(void)key;
	return r < 0 ? r : claim_folded(l, &l->o->by_host, value, h, "host name");
}

static int h_aliases(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_host *h = into;
	int r = org_value_list(l, key, value, ORG_KIND_HOST, &h->aliases, &h->naliases);

	for (const struct node *at = value->child; r == 0 && at != NULL; at = at->next)
		r = claim_folded(l, &l->o->by_host, at, h, "host name");
	return r;
}

static int h_addresses(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_host *h = into;
	int r = org_net_list(l, key, value, &h->addresses, &h->naddresses);

	return r < 0 ? r : claim_nets(l, &l->o->host_ips, value, h->addresses, h, "address");
}

static int h_roles(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_host *h = into;

	return org_value_list(l, key, value, ORG_KIND_ROLE, &h->roles, &h->nroles);
}

static const struct org_key host_keys[] = {
	{"name", h_name, "web1", true},
	{"aliases", h_aliases, "[web1.x.example, www]", false},
	{"addresses", h_addresses, "[10.20.10.11]", false},
	{"roles", h_roles, "[web]", false},
};

static int t_hosts(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;
	int r = 0;

	o->hosts = map_list(l, key, value, "[{name: web1}]", sizeof(*o->hosts));
	if (o->hosts == NULL)
		return ERR_TYPE;
	for (const struct node *n = value->child; r == 0 && n != NULL; n = n->next)
		r = org_map(l, n, "a host", host_keys, ARRAY_LEN(host_keys), &o->hosts[o->nhosts++]);
	return r;
}

/* ---- persons ------------------------------------------------------------------------------------------------- */
static enum org_class class_of(const struct org_person *p)
{
	return p->provider != NULL ? ORG_PROVIDER : ORG_STAFF;
}

static int p_name(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_person *p = into;

	(void)key;
	return org_value(l, value, ORG_KIND_TITLE, &p->name);
}

static int p_mail(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_person *p = into;
	int r = org_value(l, value, ORG_KIND_MAIL, &p->mail);

	(void)key;
	return r < 0 ? r : claim_folded(l, &l->o->by_mail[class_of(p)], value, p, "mail address");
}

static int p_accounts(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_person *p = into;
	int r = org_value_list(l, key, value, ORG_KIND_ACCOUNT, &p->accounts, &p->naccounts);

	for (const struct node *at = value->child; r == 0 && at != NULL; at = at->next)
		r = claim(l, &l->o->by_account[class_of(p)], at, p, "account");
	return r;
}

static int p_keys(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_person *p = into;
	int r = org_value_list(l, key, value, ORG_KIND_KEY, &p->keys, &p->nkeys);

	for (const struct node *at = value->child; r == 0 && at != NULL; at = at->next)
		r = claim(l, &l->o->by_key[class_of(p)], at, p, "key");
	return r;
}

static int p_roles(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_person *p = into;

	return org_value_list(l, key, value, ORG_KIND_ROLE, &p->roles, &p->nroles);
}

static const struct org_key person_keys[] = {
	{"name", p_name, "Mara Lindqvist", true},
	{"mail", p_mail, "mara.lindqvist@x.example", false},
	{"accounts", p_accounts, "[mlindqvist]", false},
	{"keys", p_keys, "[\"SHA256:...\"]", false},
	{"roles", p_roles, "[security-manager]", false},
};

static int persons(struct load *l, const struct node *list, const char *what, const struct org_provider *provider,
	struct org_person *v, size_t *count)
{
	int r = 0;

	for (const struct node *n = list->child; r == 0 && n != NULL; n = n->next) {
		v[*count].provider = provider;
		r = org_map(l, n, what, person_keys, ARRAY_LEN(person_keys), &v[(*count)++]);
	}
	return r;
}

static int t_staff(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;

	o->staff = map_list(l, key, value, "[{name: Mara Lindqvist}]", sizeof(*o->staff));
	if (o->staff == NULL)
		return ERR_TYPE;
	return persons(l, value, "a member of staff", NULL, o->staff, &o->nstaff);
}

/* ---- providers ----------------------------------------------------------------------------------------------- */
static int v_id(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_provider *p = into;
	int r = org_value(l, value, ORG_KIND_ID, &p->id);

	(void)key;
	return r < 0 ? r : claim(l, &l->o->by_provider, value, p, "provider");
}

static int v_name(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_provider *p = into;

	(void)key;
	return org_value(l, value, ORG_KIND_TITLE, &p->name);
}

static int v_networks(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_provider *p = into;
	int r = org_net_list(l, key, value, &p->networks, &p->nnetworks);

	if (r == 0)
		r = not_empty(l, key, value);
	return r < 0 ? r : claim_nets(l, &l->o->provider_nets, value, p->networks, p, "network");
}

/* One entry of a provider's hosts, once all hosts are known: the canonical name, or "*". */
static int known_host(struct load *l, const struct node *at, struct slice *out)
{
	const struct org_host *h = org_index_iget(&l->o->by_host, at->text);
	struct org_nearest near;

	if (h != NULL) {
		*out = h->name;
		return 0;
	}
	org_nearest_init(&near, at->text);
	for (size_t i = 0; i < l->o->nhosts; i++)
		org_nearest_try(&near, l->o->hosts[i].name);
	if (near.best.p != NULL)
		return org_fail(l, at, ERR_NOENT, "host %s is not under hosts: did you mean %s? Else add it there",
			org_show(l, at->text), org_show(l, near.best));
	return org_fail(l, at, ERR_NOENT, "host %s is not under hosts: add it there, or write [\"*\"] for any host",
		org_show(l, at->text));
}

static int resolve_hosts(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_provider *p = into;
	int r = 0;

	(void)key;
	p->hosts = arena_alloc(&l->o->mem, value->n * sizeof(*p->hosts));
	for (const struct node *at = value->child; r == 0 && at != NULL; at = at->next)
		r = known_host(l, at, &p->hosts[p->nhosts++]);
	return r;
}

static int v_hosts(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_provider *p = into;
	struct slice *names;
	size_t n;
	int r = org_list(l, value, "hosts", "[web1, web2], or [\"*\"] for any");

	if (r == 0)
		r = not_empty(l, key, value);
	if (r < 0)
		return r;
	for (const struct node *at = value->child; at != NULL; at = at->next) {
		if (at->kind != NODE_SCALAR || !slice_eqz(at->text, "*"))
			continue;
		if (value->n > 1)
			return org_fail(l, at, ERR_SYNTAX, "\"*\" is any host: write it alone, or only the names");
		p->hosts = arena_alloc(&l->o->mem, sizeof(*p->hosts));
		p->hosts[p->nhosts++] = slice_dup(&l->o->mem, at->text);
		return 0;
	}
	r = org_value_list(l, key, value, ORG_KIND_HOST, &names, &n); /* their form now, their existence later */
	if (r == 0)
		org_defer(l, resolve_hosts, p, key, value);
	return r;
}

static int one_window(struct load *l, struct org_provider *p, const struct node *n)
{
	const char *why;
	size_t made;
	int r = org_text(l, n, "hours", "\"Mon-Fri 07:00-19:00\"");

	if (r < 0)
		return r;
	if (org_hours_parse(n->text, &p->windows[p->nwindows], &made, &why) < 0)
		return org_fail(l, n, ERR_SYNTAX, "%s is not a time of the week: %s", org_show(l, n->text), why);
	p->nwindows += made;
	return 0;
}

static int v_hours(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_provider *p = into;
	size_t n = value->kind == NODE_LIST ? value->n : 1;
	int r = not_empty(l, key, value);

	if (r < 0)
		return r;
	p->windows = arena_alloc(&l->o->mem, 2 * n * sizeof(*p->windows)); /* a night becomes two */
	if (value->kind != NODE_LIST)
		return one_window(l, p, value);
	for (const struct node *at = value->child; r == 0 && at != NULL; at = at->next)
		r = one_window(l, p, at);
	return r;
}

static int v_persons(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org_provider *p = into;

	p->persons = map_list(l, key, value, "[{name: Jonas Beck}]", sizeof(*p->persons));
	if (p->persons == NULL)
		return ERR_TYPE;
	return persons(l, value, "a provider's person", p, p->persons, &p->npersons);
}

static const struct org_key provider_keys[] = {
	{"id", v_id, "acme", true},
	{"name", v_name, "ACME Web Care", false},
	{"networks", v_networks, "[198.51.100.0/28]", false},
	{"hosts", v_hosts, "[web1, web2]", false},
	{"hours", v_hours, "\"Mon-Fri 07:00-19:00\"", false},
	{"persons", v_persons, "[{name: Jonas Beck, accounts: [acme-beck]}]", false},
};

static int t_providers(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;
	int r = 0;

	o->providers = map_list(l, key, value, "[{id: acme}]", sizeof(*o->providers));
	if (o->providers == NULL)
		return ERR_TYPE;
	for (const struct node *n = value->child; r == 0 && n != NULL; n = n->next) {
		struct org_provider *p = &o->providers[o->nproviders++];
		r = org_map(l, n, "a provider", provider_keys, ARRAY_LEN(provider_keys), p);
		if (p->name.n == 0)
			p->name = p->id;
	}
	return r;
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */
/* Last, because a person's account must not be a service's too. */
static int check_services(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;
	int r = 0;

	(void)key;
	for (const struct node *at = value->child; r == 0 && at != NULL; at = at->next) {
		for (size_t c = 0; c < ORG_CLASSES; c++) {
			const struct org_person *p = org_index_get(&o->by_account[c], at->text);
			if (p != NULL)
				return org_fail(l, at, ERR_DUP, "service account %s is an account of %s too: keep one of both",
					org_show(l, at->text), org_show(l, p->name));
		}
		r = claim(l, &o->services, at, o, "service account");
	}
	return r;
}

static int t_services(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct slice *names;
	size_t n;
	int r = org_value_list(l, key, value, ORG_KIND_ACCOUNT, &names, &n);

	if (r == 0)
		org_defer(l, check_services, into, key, value);
	return r;
}

static int folders(struct load *l, struct org_index *x, const struct node *key, const struct node *value)
{
	struct slice *names, clean;
	char buf[ORG_PATH_MAX];
	size_t n;
	int r = org_value_list(l, key, value, ORG_KIND_PATH, &names, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (org_path_clean(names[i], buf, &clean))
			org_index_put(x, clean, l->o, value->line, NULL);
	return r;
}

static int t_patch(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;

	return folders(l, &o->patch, key, value);
}

static int t_web(struct load *l, void *into, const struct node *key, const struct node *value)
{
	struct org *o = into;

	return folders(l, &o->web, key, value);
}

static const struct org_key top_keys[] = {
	{"organisation", t_organisation, "{name: Institute X}", false},
	{"hosts", t_hosts, "[{name: web1}]", false},
	{"staff", t_staff, "[{name: Mara Lindqvist}]", false},
	{"providers", t_providers, "[{id: acme}]", false},
	{"service_accounts", t_services, "[www-data]", false},
	{"patch_folders", t_patch, "[/srv/patch/release]", false},
	{"web_roots", t_web, "[/var/www]", false},
};

int org_fill(struct load *l, const struct node *root)
{
	int r = org_map(l, root, "org.yaml", top_keys, ARRAY_LEN(top_keys), l->o);

	for (size_t i = 0; r == 0 && i < l->later.n; i++) {
		struct org_later *d = &l->later.v[i];
		r = d->fn(l, d->into, d->key, d->value);
	}
	return r;
}
