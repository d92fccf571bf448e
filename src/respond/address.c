/* address.c - block-address: an element with a timeout in a set of our own nftables table (nft(8)).
 *
 * The table is made, or made whole again, in the same transaction as the element is put in, so that the same script does for the first block, a
 * repeated one, and after a restart. An element that is there keeps its old timeout when it is added again: it is taken out and put in. */
#include "respond/respond_private.h"
#include "sys/sys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NFT_SECONDS = 20, ADDRESSES_MOST = 1024 };

/* Priority -300: before connection tracking and before anybody else's rules. */
#define TABLE                                                                                                                             \
	"add table inet postern\n"                                                                                                        \
	"add set inet postern blocked4 { type ipv4_addr; flags timeout; }\n"                                                              \
	"add set inet postern blocked6 { type ipv6_addr; flags timeout; }\n"
#define CHAINS                                                                                                                            \
	"add chain inet postern input { type filter hook input priority -300; policy accept; }\n"                                         \
	"add chain inet postern forward { type filter hook forward priority -300; policy accept; }\n"                                     \
	"add chain inet postern output { type filter hook output priority -300; policy accept; }\n"                                       \
	"flush chain inet postern input\nflush chain inet postern forward\nflush chain inet postern output\n"                             \
	"add rule inet postern input ip saddr @blocked4 counter drop\n"                                                                   \
	"add rule inet postern input ip6 saddr @blocked6 counter drop\n"                                                                  \
	"add rule inet postern forward ip saddr @blocked4 counter drop\n"                                                                 \
	"add rule inet postern forward ip daddr @blocked4 counter drop\n"                                                                 \
	"add rule inet postern forward ip6 saddr @blocked6 counter drop\n"                                                                \
	"add rule inet postern forward ip6 daddr @blocked6 counter drop\n"                                                                \
	"add rule inet postern output ip daddr @blocked4 counter drop\n"                                                                  \
	"add rule inet postern output ip6 daddr @blocked6 counter drop\n"

static bool in_networks(const struct respond_config *c, const struct ip *ip)
{
	for (size_t i = 0; i < c->never.nnetworks; i++)
		if (cidr_has(&c->never.networks[i], ip))
			return true;
	return false;
}

const char *address_never(const struct respond_config *c, const struct org *org, const struct ip *ip)
{
	static const struct ip nobody;
	bool many = ip_is_v4(ip) ? ip->b[12] >= 224 || ip->b[12] == 0 : ip->b[0] == 0xff || memcmp(ip, &nobody, sizeof nobody) == 0;
	if (ip_is_loopback(ip))
		return "is this machine itself";
	if (many)
		return "is no address of one machine";
	if (in_networks(c, ip))
		return "is in a network that is never touched";
	if (org ? org_inside(org, ip) : ip_is_private(ip))
		return "is one of the organisation's own";
	return NULL;
}

/* ---- where the administrator is -------------------------------------------------------------------------------------------- */

struct admins {
	const struct ip *ip;
	struct sys_procs all;
	bool found;
};

static bool is_theirs(void *arg, const struct account *a)
{
	struct admins *x = arg;
	for (size_t i = 0; i < x->all.n && !x->found; i++) {
		const struct sys_proc *p = &x->all.v[i];
		uint32_t who = p->loginuid == UINT32_MAX ? p->uid : p->loginuid;
		struct ip from;
		x->found = who == a->uid && sys_proc_came_from(p->pid, &from) && memcmp(&from, x->ip, sizeof from) == 0;
	}
	return !x->found;
}

/* From where this command was started, and from where accounts listed as never to be touched are logged in. root counts only when it is
 * listed by name: intruders become root too. */
static bool administrator_comes_from(const struct respond_config *c, const struct ip *ip)
{
	struct admins x = {.ip = ip};
	struct err e;
	if (sys_procs_read(&x.all, &e))
		return true; /* not known: then not blocked */
	const struct sys_proc *p = sys_procs_find(&x.all, getpid());
	for (int i = 0; p && i < 64 && !x.found; i++) {
		struct ip from;
		x.found = sys_proc_came_from(p->pid, &from) && memcmp(&from, ip, sizeof from) == 0;
		p = p->parent ? sys_procs_find(&x.all, p->parent) : NULL;
	}
	for (size_t i = 0; i < c->never.naccounts && !x.found; i++) {
		struct account a;
		if (account_find(c, c->never.accounts[i], &a))
			is_theirs(&x, &a);
	}
	sys_procs_free(&x.all);
	return x.found;
}

static bool is_ours(const struct ip *ip)
{
	struct ip *all = xcalloc(ADDRESSES_MOST, sizeof *all);
	size_t n;
	struct err e;
	bool ours = sys_addresses(all, ADDRESSES_MOST, &n, &e) != 0; /* not known: then not blocked */
	for (size_t i = 0; !ours && i < n; i++)
		ours = memcmp(&all[i], ip, sizeof *ip) == 0;
	free(all);
	return ours;
}

static enum deed_end check(struct deed *d, struct ip *ip)
{
	if (d->a->target.n > 45 || slice_chr(d->a->target, '%') >= 0 || !ip_parse(d->a->target, ip))
		return deed_say(d, DEED_REFUSED, "the target is no address");
	const char *why = address_never(d->c, d->c->org, ip);
	if (!why && is_ours(ip))
		why = "is an address of this machine";
	if (!why && administrator_comes_from(d->c, ip))
		why = "is where an administrator is logged in from";
	return why ? deed_say(d, DEED_REFUSED, "%.*s %s", SLFMT(d->a->target), why) : DEED_DONE;
}

/* ---- nft --------------------------------------------------------------------------------------------------------------------- */

static enum deed_end nft(struct deed *d, const struct buf *script)
{
	char path[PATH_MAX];
	const char *const argv[] = {path, "-f", "-", NULL};
	struct buf out = {0};
	struct err e;
	int status;
	enum deed_end r = DEED_DONE;
	snprintf(path, sizeof path, "%.*s", SLFMT(d->c->nft));
	if (sys_run(argv, buf_slice(script), NFT_SECONDS, &out, &status, &e))
		r = deed_say(d, DEED_FAILED, "%s", e.text);
	else if (status) {
		struct slice first = buf_slice(&out), line;
		if (slice_cut(&first, '\n', &line))
			first = line;
		r = deed_say(d, DEED_FAILED, "%s ended with %d: ", path, status);
		buf_term(&d->said, slice_to(first, 200));
	}
	buf_free(&out);
	return r;
}

static const char *set_of(const struct ip *ip)
{
	return ip_is_v4(ip) ? "blocked4" : "blocked6";
}

/* Is it in the set now? The kernel's word, not the exit status of the script. */
static enum deed_end confirm(struct deed *d, const struct ip *ip)
{
	struct buf question = {0};
	char text[48];
	buf_addf(&question, "get element inet postern %s { %s }\n", set_of(ip), ip_text(ip, text));
	enum deed_end r = nft(d, &question);
	buf_free(&question);
	return r;
}

/* How long from now. Planned for a time from its planning: that time from now, if it only begins; what is left, if it was done. The row is the
 * engine's word: no longer than a rule says, unless a person decided. */
static nstime how_long(const struct deed *d)
{
	const struct store_action *a = d->a;
	nstime lasting = NS_DAY, most = d->c->by_hand ? 366 * NS_DAY : 0;
	for (size_t i = 0; i < d->c->nrules; i++)
		if (d->c->rules[i].response[RESPOND_BLOCK_ADDRESS])
			most = MAX(most, d->c->rules[i].lasting);
	if (a->until != NSTIME_NONE && __builtin_sub_overflow(a->until, a->state == ACTION_DONE ? d->now : a->created, &lasting))
		lasting = NS_DAY;
	return MIN(lasting, most);
}

enum deed_end address_block(struct deed *d)
{
	struct store_action *a = d->a;
	struct ip ip;
	char text[48], when[40];
	enum deed_end r = check(d, &ip);
	if (r)
		return r;
	nstime lasting = how_long(d);
	if (lasting <= 0)
		return deed_say(d, DEED_DONE, "%s was blocked until %s UTC", ip_text(&ip, text), time_plain(a->until, when));
	lasting = MAX(lasting, NS_SEC);
	if (d->dry)
		return deed_say(d, DEED_DONE, "would block %s for %llu s, from and to this machine", ip_text(&ip, text), (unsigned long long)(lasting / NS_SEC));
	struct buf script = {0};
	ip_text(&ip, text);
	buf_addz(&script, TABLE CHAINS);
	buf_addf(&script, "add element inet postern %s { %s }\ndelete element inet postern %s { %s }\n", set_of(&ip), text, set_of(&ip), text);
	buf_addf(&script, "add element inet postern %s { %s timeout %llus }\n", set_of(&ip), text, (unsigned long long)(lasting / NS_SEC));
	r = nft(d, &script);
	buf_free(&script);
	if (!r)
		r = confirm(d, &ip);
	if (r)
		return r;
	a->until = d->now + lasting;
	return deed_say(d, DEED_DONE, "%s is blocked until %s UTC, from and to this machine", text, time_plain(a->until, when));
}

enum deed_end address_release(struct deed *d)
{
	struct buf script = {0};
	struct ip ip;
	char text[48];
	if (!ip_parse(d->a->target, &ip))
		return deed_say(d, DEED_REFUSED, "the target is no address");
	ip_text(&ip, text);
	buf_addz(&script, TABLE);
	buf_addf(&script, "add element inet postern %s { %s }\ndelete element inet postern %s { %s }\n", set_of(&ip), text, set_of(&ip), text);
	enum deed_end r = nft(d, &script);
	buf_free(&script);
	return r ? r : deed_say(d, DEED_DONE, "%s is not blocked any more", text);
}
