/* org.h - the organisation file: hosts, roles, staff, providers, domains (org.yaml).
 *
 * Life:    org_load() or org_new() once, then read-only and shareable between threads. All lookups are exact and fast
 *          (hash tables); text is compared with ASCII case folded where names are (hosts, mail), exactly where accounts are.
 * Errors:  unknown keys, wrong types and contradictions are errors with file:line:column that say what to write.
 */
#ifndef POSTERN_ORG_H
#define POSTERN_ORG_H

#include "core/core.h"

struct org_host {
	struct slice name;
	struct slice *aliases; size_t naliases;
	struct cidr *addresses; size_t naddresses;
	struct slice *roles; size_t nroles;
};
struct org_provider;
struct org_person { /* staff, or a provider's person */
	struct slice name, mail;
	struct slice *accounts; size_t naccounts;
	struct slice *keys; size_t nkeys; /* "SHA256:..." */
	struct slice *roles; size_t nroles;
	const struct org_provider *provider; /* NULL: staff */
};
/* Weekly window in the organisation's zone; a window past midnight is split into two. */
struct org_window {
	uint8_t days;             /* bit 0 = Monday */
	uint16_t from, until;     /* minutes of the day, until exclusive, 1440 = midnight */
};
struct org_provider {
	struct slice id, name;
	struct cidr *networks; size_t nnetworks;
	struct slice *hosts; size_t nhosts;   /* canonical host names; "*" or none: any */
	struct org_window *windows; size_t nwindows; /* none: any time */
	struct org_person *persons; size_t npersons;
};
/* "Mon-Fri 07:00-19:00" or "22:00-06:00" to one or two windows. 0 or ERR_SYNTAX with *why (static text). */
int org_hours_parse(struct slice s, struct org_window out[2], size_t *n, const char **why);
struct org;

/* An organisation that knows nothing (no file given): every lookup fails politely. */
struct org *org_new(void);
/* Load a file. NULL with *e (file:line:column, what to write instead). */
struct org *org_load(const char *path, struct err *e);
struct org *org_parse(struct slice yaml, const char *name, struct err *e);
void org_free(struct org *o);

struct slice org_name(const struct org *o);
/* Host by name, alias or fully qualified name (first label also tried); NULL unknown. */
const struct org_host *org_host(const struct org *o, struct slice name);
const struct org_host *org_host_by_ip(const struct org *o, const struct ip *ip);
bool org_host_has_role(const struct org_host *h, struct slice role);
/* Whose account is this? Provider persons first; NULL unknown. */
const struct org_person *org_person_by_account(const struct org *o, struct slice account);
const struct org_person *org_person_by_key(const struct org *o, struct slice fingerprint);
const struct org_person *org_person_by_mail(const struct org *o, struct slice mail);
bool org_person_has_role(const struct org_person *p, struct slice role);
const struct org_provider *org_provider(const struct org *o, struct slice id);
/* The provider whose networks hold this address; NULL none. */
const struct org_provider *org_provider_by_ip(const struct org *o, const struct ip *ip);
/* May its people be on this host, come from this address? True when the provider names no hosts, no networks. */
bool org_provider_may_host(const struct org_provider *p, const struct org *o, struct slice host);
bool org_provider_network(const struct org_provider *p, const struct ip *ip);
/* Is t inside a window? True when the provider has none. */
bool org_provider_hours(const struct org_provider *p, const struct org *o, nstime t);
/* Inside: loopback, in organisation.networks, an address of a host, or (when no networks are given) private. */
bool org_inside(const struct org *o, const struct ip *ip);
bool org_domain_own(const struct org *o, struct slice domain);
/* As they were given: own domains, and those of partners, which mail is compared with. */
const struct slice *org_domains(const struct org *o, size_t *n);
const struct slice *org_partners(const struct org *o, size_t *n);
bool org_service_account(const struct org *o, struct slice account); /* listed, or a well-known one (www-data, ...) */
/* Is path in a folder from which files go to many machines? */
bool org_patch_path(const struct org *o, struct slice path);
bool org_web_path(const struct org *o, struct slice path);
/* Offset of the organisation's zone from UTC at t, in seconds (tzdata; 0 when none is given). */
int org_utc_offset(const struct org *o, nstime t);
struct slice org_timezone(const struct org *o); /* "" when none */
const struct org_host *org_hosts(const struct org *o, size_t *n);
const struct org_provider *org_providers(const struct org *o, size_t *n);
const struct org_person *org_staff(const struct org *o, size_t *n);

/* ---- time zones (also used for --tz) -------------------------------------------------------------------------- */
/* A tzdata zone ("Europe/Berlin") read from /usr/share/zoneinfo (TZif, RFC 8536), or a fixed "+02:00" / "UTC". */
struct zone;
struct zone *zone_load(struct slice name, struct err *e); /* NULL with *e */
void zone_free(struct zone *z);
int zone_offset_utc(const struct zone *z, nstime t);         /* seconds east, for a UTC time */
int zone_offset_local(const struct zone *z, nstime local);   /* for a local civil time taken as if UTC; in the autumn
                                                                 hour that comes twice: the first */
#endif
