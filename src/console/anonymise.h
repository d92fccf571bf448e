/* anonymise.h - private to room console: a text without the names of an organisation and of an incident. The same name becomes the same neutral one everywhere.
 *
 * What is replaced: staff, provider's people, accounts, mail addresses, keys, hosts, own and partners' domains, names of the organisation and of providers (of org.yaml),
 * entities of the incident, and whatever looks like an address of the network, a mail address, a domain or a hash. Neutral names are those of RFC 2606 and RFC 5737.
 *
 * Threads: one at a time per struct.  Memory: the struct's own arena.
 */
#ifndef POSTERN_CONSOLE_ANONYMISE_H
#define POSTERN_CONSOLE_ANONYMISE_H

#include "event/event.h"
#include "org/org.h"

struct anonymiser;
struct anonymiser *anonymiser_new(const struct org *org); /* borrowed; may be NULL */
void anonymiser_free(struct anonymiser *a);
void anonymiser_add(struct anonymiser *a, enum entity_type t, struct slice value);
/* Appends text with everything replaced; how often. */
size_t anonymiser_text(struct anonymiser *a, struct slice text, struct buf *out);
/* What was replaced so far, in the order it came first. */
struct anonymised { struct slice from, to; };
size_t anonymiser_used(const struct anonymiser *a, const struct anonymised **out);

#endif
