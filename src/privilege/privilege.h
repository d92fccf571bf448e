/* privilege.h - rights: what snapshots grant, set against what was used; who can become whom, in how many steps; the cheapest set of rights to
 * take away.
 *
 * A graph. Nodes are accounts of hosts, hosts, persons, providers, keys, the patch server's role; edges are what lets one become the other, each with the
 * right that grants it and where that stands. Edges that are no right (root is every account of its host) cannot be taken away.
 *
 * Life:    privilege_new(), privilege_add() per snapshot, then privilege_build() once; read-only afterwards.
 * Borrows: snapshots, org and usage stay the caller's and must outlive it.  Threads: read-only after the build.
 */
#ifndef POSTERN_PRIVILEGE_H
#define POSTERN_PRIVILEGE_H

#include "core/core.h"
#include "org/org.h"
#include "snapshot/snapshot.h"
#include "usage/usage.h"

struct privilege;

/* ---- rights ------------------------------------------------------------------------------------------------------------ */
#define RIGHT_LIST(X)                                                                                                   \
	X(RIGHT_KEY, "key", "login by SSH key")                                                                         \
	X(RIGHT_CERTIFICATE, "certificate", "login by certificate")                                                     \
	X(RIGHT_PASSWORD, "password", "login by password")                                                              \
	X(RIGHT_SUDO, "sudo", "sudo")                                                                                   \
	X(RIGHT_DOAS, "doas", "doas")                                                                                   \
	X(RIGHT_GROUP, "group", "membership of a group that gives more")                                                \
	X(RIGHT_PRIVATE_KEY, "private-key", "a private key that lies on a machine")                                     \
	X(RIGHT_AGENT, "agent", "a forwarded agent")                                                                    \
	X(RIGHT_WRITABLE, "writable", "may write what another account runs")                                            \
	X(RIGHT_SETUID, "setuid", "a setuid program or capability that gives root")                                     \
	X(RIGHT_POLKIT, "polkit", "polkit rule")                                                                        \
	X(RIGHT_EXPORT, "export", "NFS export without root_squash")                                                     \
	X(RIGHT_AUTHORITY, "authority", "private key of a certificate authority")                                       \
	X(RIGHT_GRANT, "grant", "grant of the gate")
enum right_kind {
#define X(id, name, text) id,
	RIGHT_LIST(X)
#undef X
	RIGHT_KIND_COUNT
};
const char *right_name(enum right_kind k);
const char *right_text(enum right_kind k);

enum right_use { RIGHT_USED, RIGHT_UNUSED /* not within the days asked about, and the logs would show it */, RIGHT_UNSURE };
struct right {
	enum right_kind kind;
	uint32_t id;                      /* its place; stable within one build */
	struct slice host, account;       /* whom it gives: account@host ("root" for sudo to root) */
	struct slice holder;              /* who has it: an account of the host, a key's fingerprint, a provider's id */
	struct slice text;                /* in words: "key SHA256:abc (nils@laptop) opens web1:deploy" */
	const struct snapshot *snapshot;
	enum snap_kind row_kind; const void *row; /* where it stands; row NULL: a grant */
	const struct org_person *person;  /* whose it is, where the organisation file tells; NULL */
	const struct org_provider *provider;
	enum right_use use;
	const char *unsure;               /* why, RIGHT_UNSURE */
	struct usage_seen seen;           /* count 0: never */
	uint32_t cost;                    /* of taking it away: 1 unused, 4 not known, 20 and more used; see privilege_options */
	bool full;                        /* root in effect: ALL, a shell, an editor ... */
	struct slice why_full;            /* "find can run any program (-exec)" */
};

/* A grant of the gate, as far as it matters here; the caller takes them from the vault. */
struct privilege_grant { struct slice id, person, provider, host, account; nstime from, until; bool active; };

struct privilege_options {
	nstime now;
	uint32_t days;                    /* never used within: 90 */
	uint32_t cost_unused, cost_unsure, cost_used; /* 0: 1, 4, 20 */
	struct slice *costs; size_t ncosts; /* "KIND=N", "host:NAME=N", "account:NAME=N": factors, from --cost */
	const struct privilege_grant *grants; size_t ngrants;
};
struct privilege *privilege_new(const struct org *org); /* org may be NULL */
void privilege_free(struct privilege *p);
/* Two snapshots of one host: the later counts. */
int privilege_add(struct privilege *p, const struct snapshot *s, struct err *e);
/* usage may be NULL: every use is unsure. */
int privilege_build(struct privilege *p, const struct usage *usage, const struct privilege_options *opt, struct err *e);
size_t privilege_rights(const struct privilege *p, const struct right **out); /* in the order of hosts and files */

/* ---- graph --------------------------------------------------------------------------------------------------------------- */
#define PRIV_TYPE_LIST(X)                                                                                               \
	X(PRIV_ACCOUNT, "account") X(PRIV_HOST, "host") /* whoever is on it */ X(PRIV_KEY, "key") X(PRIV_PERSON, "person") X(PRIV_PROVIDER, "provider") \
	X(PRIV_AUTHORITY, "authority") X(PRIV_CERTIFICATE, "certificate") X(PRIV_GROUP, "group") X(PRIV_RULE, "rule") /* of sudo, for a group */ \
	X(PRIV_OUTSIDE, "outside") /* whoever reaches the network */ X(PRIV_GUESSER, "password") /* ... and knows a password that the graph does not */
enum priv_type {
#define X(id, name) id,
	PRIV_TYPE_LIST(X)
#undef X
	PRIV_TYPE_COUNT
};
const char *priv_type_name(enum priv_type t);
/* host: "" where it belongs to none. A key that lies on a host and is limited by from= has a node of its own there. */
struct priv_node { enum priv_type type; struct slice host, name, label; /* "deploy@web1" */ };
struct priv_edge {
	uint32_t from, to;
	uint32_t right;                   /* UINT32_MAX: no right, cannot be taken away */
	const char *how;                  /* static, between the labels of from and to: "opens", "becomes" ... */
	struct slice text;                /* evidence in words with file:line; "" none */
	enum snap_tri sure;               /* SNAP_UNKNOWN: may work, could not be told (password, from= unknown) */
};
size_t privilege_nodes(const struct privilege *p, const struct priv_node **out);
size_t privilege_edges(const struct privilege *p, const struct priv_edge **out);
/* A place in words to nodes: "web1" (the host: any account of it), "deploy@web1", "provider:ID", "person:NAME", "key:SHA256:...", "role:NAME" (all hosts of
 * the role), "outside" (who may only reach the network). 0, ERR_NOENT with *e that says what there is. */
struct priv_set { uint32_t *v; size_t n, cap; };
int privilege_find(const struct privilege *p, struct slice place, struct priv_set *out, struct err *e);
void priv_set_free(struct priv_set *s);

/* ---- reach ------------------------------------------------------------------------------------------------------------- */
struct priv_reach {
	uint32_t *steps;                  /* a node: logins and changes of account on the shortest way (what is taken along - a key, a group - is no step, nor that
					   * root is every account of its host); UINT32_MAX: not reachable */
	uint32_t *edge;                   /* by which edge it is reached on that way (backwards: leads on); UINT32_MAX: from the start */
	uint32_t *sure_steps, *sure_edge; /* the same over sure edges alone */
	size_t n;
};
/* backwards: who reaches these instead. without: rights (by id) that are taken away, may be NULL; one bool a right. */
int privilege_reach(const struct privilege *p, const struct priv_set *from, bool backwards, const bool *without, struct priv_reach *out, struct err *e);
void priv_reach_free(struct priv_reach *r);
/* Weight of an edge: 1 or 0. */
uint32_t priv_edge_steps(const struct privilege *p, const struct priv_edge *e);
/* The edges of the way to a node in the order they are gone: sure ones where there is such a way, else all. */
void priv_reach_way(const struct privilege *p, const struct priv_reach *r, uint32_t node, struct priv_set *edges);
/* The way to a node as a sentence: "With the key SHA256:.. (hafenlicht) one is deploy@web1 (web1:/home/deploy/.ssh/authorized_keys:1); ..." */
void priv_reach_sentence(const struct privilege *p, const struct priv_reach *r, uint32_t node, struct buf *out);

/* ---- cut ------------------------------------------------------------------------------------------------------------------ */
struct priv_cut {
	uint32_t *rights; size_t n;       /* to take away, dearest last */
	uint64_t cost;
	bool possible;                    /* false: a way without any right that can be taken away */
	uint32_t unavoidable;             /* then: a node on it */
	bool proven;                      /* reach was run again without them, and nothing was reached */
	bool cheapest;                    /* no cheaper set exists; false: search for one ended at its limit */
	size_t used;                      /* of them in use: daily work that breaks */
};
/* The cheapest set of rights without which nothing of `to` is reachable from `from`: minimum cut (Dinic, "Algorithm for solution of a problem of maximum
 * flow", 1970). A right that grants several edges is paid once. Edges that may work (sure: SNAP_UNKNOWN) count as edges. */
int privilege_cut(const struct privilege *p, const struct priv_set *from, const struct priv_set *to, struct priv_cut *out, struct err *e);
void priv_cut_free(struct priv_cut *c);
/* The algorithm alone, on numbers, for tests and benchmarks: nodes 0..n-1; edges with a right (UINT32_MAX: none) each; cost a right (0 counts as 1).
 *
 * A right whose edges run from each of its tails to each of its heads is one arc between two nodes of its own: exact. For other rights the problem is NP-hard
 * (minimum label cut); they are branched over - kept or taken away - with a bound below, up to CUT_BRANCHES flows; *cheapest says whether that sufficed. */
enum { CUT_BRANCHES = 4000 };
struct cut_problem { uint32_t nodes; const uint32_t *from, *to, *right; size_t edges; const uint32_t *cost; size_t rights; const uint32_t *sources, *sinks; size_t nsources, nsinks; };
int cut_minimum(const struct cut_problem *c, uint32_t **rights, size_t *n, uint64_t *cost, bool *possible, bool *cheapest, struct err *e);

/* ---- suggestions ------------------------------------------------------------------------------------------------------------ */
/* A patch (unified diff, one per host) with what to take away or to tighten, and the one that undoes it. Rights in `chosen` (one bool a right; NULL: all that are
 * unused) are dropped; sudo rules that are wider than what was run are narrowed to what was run. The caller checks sudoers with visudo. Needs the files' text:
 * `read` gives it, or false. */
struct priv_suggest {
	bool (*read)(void *arg, struct slice host, struct slice file, struct buf *out);
	bool (*sudoers_ok)(void *arg, struct slice host, struct slice file, struct slice text, struct buf *why); /* visudo -c */
	void *arg;
	const bool *chosen;
};
int privilege_suggest(const struct privilege *p, const struct priv_suggest *s, struct buf *patch, struct buf *undo, struct buf *notes, struct err *e);

/* ---- pictures ---------------------------------------------------------------------------------------------------------------- */
/* The graph (or what r reached of it) as SVG, laid out by Graphviz; hosts of one role that look alike become one box above `most` boxes. Boxes link to "#host-NAME". */
int privilege_svg(const struct privilege *p, const struct priv_reach *r, size_t most, struct buf *out, struct err *e);
/* The report as one HTML file, nothing outside it. */
int privilege_html(const struct privilege *p, struct buf *out, struct err *e);

#endif
