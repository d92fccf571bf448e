/* org_private.h - the inside of struct org and the steps that fill it; for src/org/org*.c, their tests and fuzz target.
 *
 * Steps: room yaml turns bytes into a tree of nodes with positions; org_keys.c walks a mapping along a table of keys;
 * org_parse.c holds the tables; org_index.c the hash tables behind the lookups in org.c.
 */
#ifndef POSTERN_ORG_PRIVATE_H
#define POSTERN_ORG_PRIVATE_H

#include "org/org.h"
#include "yaml/yaml.h"

enum {
	ORG_NODES_MAX = 1 << 21,  /* about 200 MB of nodes; 100,000 hosts with ten values each fit */
	ORG_TEXT_MAX = 1024,      /* bytes of one value; paths are the longest */
	ORG_HOST_MAX = 255,       /* RFC 1035 name */
	ORG_MAIL_MAX = 320,       /* 64 @ 255 */
	ORG_PATH_MAX = 4096,
	ORG_KEY_MAX = 64,         /* longest key looked at for a suggestion */
};

/* ---- indexes ------------------------------------------------------------------------------------------------- */
/* Name to object. A name is put once; the line of the first one serves the message about a second one. */
struct org_entry {
	const void *value;
	int line;
};
struct org_index {
	struct strtab *names;
	struct org_entry *v; /* by number of the name */
	size_t cap;
};
/* True when fresh; else *old is what has the name already. */
bool org_index_put(struct org_index *x, struct slice name, const void *value, int line, struct org_entry *old);
const void *org_index_get(const struct org_index *x, struct slice name);
/* The same with ASCII case folded; names over ORG_MAIL_MAX bytes are never found. */
bool org_index_iput(struct org_index *x, struct slice name, const void *value, int line, struct org_entry *old);
const void *org_index_iget(const struct org_index *x, struct slice name);
void org_index_free(struct org_index *x);

/* Networks to objects, the longest prefix wins. */
struct org_nets {
	struct org_index index; /* key: prefix length, masked address */
	uint8_t length[129];    /* prefix lengths there are, longest first */
	unsigned nlengths;
};
bool org_nets_put(struct org_nets *x, const struct cidr *c, const void *value, int line, struct org_entry *old);
const void *org_nets_get(const struct org_nets *x, const struct ip *ip);
void org_nets_free(struct org_nets *x);

/* ---- the organisation ---------------------------------------------------------------------------------------- */
enum org_class { ORG_PROVIDER, ORG_STAFF, ORG_CLASSES }; /* in the order accounts are looked up */
struct org {
	struct arena mem; /* everything but the indexes */
	struct slice name, timezone;
	struct zone *zone; /* NULL: UTC */
	struct org_host *hosts; size_t nhosts;
	struct org_person *staff; size_t nstaff;
	struct org_provider *providers; size_t nproviders;
	struct org_index by_host;     /* names and aliases, folded */
	struct org_index by_account[ORG_CLASSES], by_key[ORG_CLASSES], by_mail[ORG_CLASSES];
	struct org_index by_provider; /* id */
	struct slice *domain_list, *partner_list; size_t ndomains, npartners;
	struct org_index domains, services, known_services, patch, web;
	struct org_nets inside, host_ips, provider_nets;
	bool has_networks; /* organisation.networks given */
};

/* ---- loading ------------------------------------------------------------------------------------------------- */
struct load;
typedef int org_key_fn(struct load *l, void *into, const struct node *key, const struct node *value);
struct org_key {
	const char *name;
	org_key_fn *fn;
	const char *example; /* a right value, for messages */
	bool required;
};
/* What can only be judged when everything else is known, such as the hosts of a provider that precede the hosts. */
struct org_later {
	org_key_fn *fn;
	void *into;
	const struct node *key, *value;
};
struct load {
	struct org *o;
	const char *file;
	struct arena *tmp; /* nodes; texts of messages */
	struct err *e;
	struct { struct org_later *v; size_t n, cap; } later;
};
int org_fail(struct load *l, const struct node *at, int code, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* A text of the file made fit for a message: cut, control bytes visible. */
const char *org_show(struct load *l, struct slice s);
/* Walk a mapping: known keys once each, with a value, required ones present. what: "organisation", "a host". */
int org_map(struct load *l, const struct node *n, const char *what, const struct org_key *keys, size_t nkeys, void *into);
/* Is n a list? Its items are n->child and their next. */
int org_list(struct load *l, const struct node *n, const char *what, const char *example);
/* Is n a text: not null, not empty, no control bytes, not over ORG_TEXT_MAX? */
int org_text(struct load *l, const struct node *n, const char *what, const char *example);
void org_defer(struct load *l, org_key_fn *fn, void *into, const struct node *key, const struct node *value);

/* Kinds of texts (org_values.c). */
enum org_value_kind {
	ORG_KIND_TITLE, ORG_KIND_HOST, ORG_KIND_DOMAIN, ORG_KIND_ACCOUNT, ORG_KIND_MAIL, ORG_KIND_KEY, ORG_KIND_ROLE,
	ORG_KIND_ID, ORG_KIND_PATH, ORG_KINDS
};
struct org_kind {
	const char *what, *example;
	bool (*ok)(struct slice s); /* s is not empty */
	const char *hint;
};
extern const struct org_kind org_kinds[ORG_KINDS];
int org_value(struct load *l, const struct node *n, enum org_value_kind kind, struct slice *out);
int org_value_list(struct load *l, const struct node *key, const struct node *n, enum org_value_kind kind,
	struct slice **out, size_t *count);
int org_net_list(struct load *l, const struct node *key, const struct node *n, struct cidr **out, size_t *count);

/* The name nearest to a wrong one; best is NULL while none is near enough to be meant. */
struct org_nearest {
	struct slice wrong;
	struct slice best;
	unsigned distance;
};
void org_nearest_init(struct org_nearest *x, struct slice wrong);
void org_nearest_try(struct org_nearest *x, struct slice name);

/* A path without doubled slashes, "." and "..", no slash at its end. False when not absolute or too long. */
bool org_path_clean(struct slice path, char buf[ORG_PATH_MAX], struct slice *out);
int org_fill(struct load *l, const struct node *root); /* org_parse.c */

#endif
