/* privilege_private.h - private to room privilege: the graph while it is made, and who makes which part of it. */
#ifndef POSTERN_PRIVILEGE_PRIVATE_H
#define POSTERN_PRIVILEGE_PRIVATE_H

#include "privilege/privilege.h"

enum {
	PRIV_NODES_MAX = 8 << 20, PRIV_EDGES_MAX = 32 << 20, /* hostile snapshots: rows multiply */
	PRIV_NONE = -1,
};
#define NO_RIGHT UINT32_MAX
#define NO_NODE UINT32_MAX

/* A host while its rights are worked out. */
struct place {
	struct privilege *p;
	const struct snapshot *s;
	uint32_t host, root;       /* nodes */
	uint32_t *account;         /* node of s->accounts[i] */
	struct strtab *by_name;    /* names of accounts; id - 1 is the index in first */
	uint32_t *first;           /* account's index */
	struct slice names[2];     /* lower case: as given, first label */
};

struct lying { uint32_t key /* in limited */, place, node; };
struct privilege {
	const struct org *org;
	const struct usage *usage;
	struct privilege_options opt;
	int64_t now, today;        /* seconds, days since the epoch */
	struct arena mem;
	struct { const struct snapshot **v; size_t n, cap; } hosts; /* by name, after the build */
	struct place *places;      /* one a host */
	struct { struct right *v; size_t n, cap; } rights;
	struct { struct priv_node *v; size_t n, cap; } nodes;
	struct { struct priv_edge *v; size_t n, cap; } edges;
	struct strtab *names;      /* keys of nodes */
	struct { uint32_t *v; size_t n, cap; } node_of; /* by number of key */
	struct strtab *host_names; /* what hosts are called */
	struct { uint32_t *v; size_t n, cap; } host_of; /* place, by number of name */
	struct strtab *limited, *authorities, *opening; /* fingerprints: of lines with from=, of who signs, of all lines that open something */
	struct { struct lying *v; size_t n, cap; } lying; /* keys of lines with from=, where they lie */
	struct { const struct snap_certificate **v; size_t n, cap; } certificates; /* of people, that hold */
	uint32_t outside, guesser;
	uint32_t *out_at, *out, *in_at, *in; /* edges by node: out[out_at[n]] ... */
	bool full;                 /* a limit was reached */
};

/* ---- graph.c ------------------------------------------------------------------------------------------------------------ */
struct slice say(struct privilege *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "web1:/etc/sudoers:12" */
struct slice where_of(struct privilege *p, const struct snapshot *s, const struct snap_at *at);
/* The node, made when it is not there. label SLICE_NONE: name, or name@host. */
uint32_t node_put(struct privilege *p, enum priv_type type, struct slice host, struct slice name, struct slice label);
uint32_t node_find(const struct privilege *p, enum priv_type type, struct slice host, struct slice name);
void edge_put(struct privilege *p, uint32_t from, uint32_t to, uint32_t right, const char *how, struct slice text, enum snap_tri sure);
/* A new right; its id. The pointer is good until the next. */
struct right *right_put(struct privilege *p, const struct place *l, enum right_kind kind, enum snap_kind row_kind, const void *row);
void graph_index(struct privilege *p);
/* Rights in the order of hosts and files. */
void rights_order(struct privilege *p);

/* ---- place.c -------------------------------------------------------------------------------------------------------------- */
void place_open(struct privilege *p, const struct snapshot *s, struct place *l);
void place_close(struct place *l);
/* Index of an account; PRIV_NONE. */
long place_account(const struct place *l, struct slice name);
bool in_group(const struct place *l, const struct snap_account *a, struct slice group);
bool in_gid(const struct place *l, const struct snap_account *a, int64_t gid);
const struct snap_group *group_by_gid(const struct place *l, int64_t gid);
/* Node of a group whose members get something by it; made, with the right of each membership, when first asked for. NO_NODE: there is no such group. */
uint32_t group_node(struct place *l, struct slice group, struct slice why_full);
/* "user:web", "group:deploy", "everybody" to a node; NO_NODE. */
uint32_t holder_node(struct place *l, struct slice by);
/* Is this what the host is called? Names in lower case, first labels alike. */
bool place_called(const struct place *l, struct slice name);
/* The place of this name; NULL. */
struct place *place_find(const struct privilege *p, struct slice name);
/* fnmatch of sshd and sudo: * and ?, no classes. */
bool glob(struct slice pattern, struct slice text);
/* sudo's, as fnmatch(3): also [a-z], \x; * does not match / when `path`. */
bool glob_path(struct slice pattern, struct slice text, bool path);

/* ---- sshd.c: may this account log in here, and how? ------------------------------------------------------------------------- */
enum ssh_way { SSH_KEY, SSH_PASSWORD, SSH_CERTIFICATE };
struct ssh_may {
	enum snap_tri sure;        /* SNAP_NO: it cannot */
	const char *why;           /* static; for SNAP_NO and SNAP_UNKNOWN */
};
struct ssh_may ssh_may(const struct place *l, const struct snap_account *a, enum ssh_way way);
/* Would sshd take a key of this kind? */
struct ssh_may ssh_may_key(const struct place *l, const struct snap_account *a, const struct snap_authorized_key *k);
/* A setting as it holds for an account; SLICE_NONE. */
struct slice ssh_setting(const struct place *l, struct slice account, const char *name);
enum snap_tri tri_least(enum snap_tri a, enum snap_tri b);
/* from= of a key, for who sits on this host and logs in on `to`. */
enum snap_tri from_allows(struct slice list, const struct place *at, const struct place *to);

/* ---- sudo_rules.c ----------------------------------------------------------------------------------------------------------- */
/* A command of a rule, in what it permits. */
enum escape { ESCAPE_NONE, ESCAPE_READ /* any file */, ESCAPE_MAYBE, ESCAPE_WRITE /* any file */, ESCAPE_RUN /* any program */ };
struct escape_why { enum escape how; const char *why; /* static */ struct slice only /* su: that account and no other */; };
/* What a command lets its user do. noexec: programs it starts cannot start others. */
struct escape_why command_escape(struct slice command, bool noexec, bool setenv);
/* The part of a command that names the program, without digests and "!". */
struct slice command_program(struct slice command, struct slice *args, bool *has_args);
bool command_negated(struct slice *command);
bool command_digest(struct slice command); /* sudo runs it only while the program's content is the one it names */
/* Does a rule's command permit this command line? */
bool command_matches(struct slice rule, struct slice line);
/* Does it permit everything that `other` permits? */
bool command_covers(struct slice rule, struct slice other);
enum snap_tri sudo_who(const struct place *l, const struct snap_account *a, struct snap_list who, struct slice *by);
enum snap_tri sudo_hosts(const struct place *l, struct snap_list hosts);
enum snap_tri sudo_runas(const struct place *l, const struct snap_sudo *r, const struct snap_account *caller, const struct snap_account *target);
/* A default as it holds for who runs what as whom: SNAP_UNKNOWN: not set. */
enum snap_tri sudo_default(const struct place *l, const struct snap_account *a, const char *name);
/* NOTAFTER is over. */
bool sudo_over(const struct privilege *p, const struct snap_sudo *r);

/* ---- what makes rights --------------------------------------------------------------------------------------------------------- */
void rights_accounts(struct place *l);     /* edges that are no rights */
void rights_keys(struct place *l);
void rights_certificates(struct place *l);
void rights_passwords(struct place *l);
void rights_sudo(struct place *l);
void rights_doas(struct place *l);
void rights_private_keys(struct place *l);
void rights_agents(struct place *l);
void rights_groups(struct place *l);
void rights_writable(struct place *l);
void rights_setuid(struct place *l);
void rights_polkit(struct place *l);
void rights_exports(struct place *l);
void keys_known(struct privilege *p);      /* before the others: which keys sign, which are limited, which certificates there are */
void rights_org(struct privilege *p);      /* providers, persons, their keys and accounts */
void rights_grants(struct privilege *p);
void rights_usage(struct privilege *p, const struct usage *u);
/* 0 or ERR_SYNTAX. */
int rights_costs(struct privilege *p, struct err *e);
/* Node of a person; NO_NODE. */
uint32_t person_node(struct privilege *p, const struct org_person *who);
/* SHA256:... with what is known of it, for people. */
struct slice key_label(struct privilege *p, struct slice fingerprint, struct slice comment);
uint32_t key_node(struct privilege *p, struct slice fingerprint, struct slice comment);
bool time_over(const struct privilege *p, struct slice yyyymmdd);

/* ---- suggest ---------------------------------------------------------------------------------------------------------------------- */
/* sudo_use.c: when a rule of sudo or doas let something through; what it was, to `out` (may be NULL). Why a "never" cannot be said, or NULL. */
struct observed;
const char *sudo_seen(const struct privilege *p, const struct place *l, const struct right *r, const struct usage *u, struct observed *out, struct usage_seen *seen);
/* When a membership was what let sudo commands through. */
const char *group_seen(const struct privilege *p, const struct place *l, const struct right *r, const struct usage *u, struct usage_seen *seen);
/* Commands of a sudo row as they were run by whom it concerns: distinct, at most `most`; false: more. */
struct observed { struct slice *v; size_t n, cap; bool more; };
void observed_commands(const struct privilege *p, const struct right *r, const struct usage *u, struct observed *out);

#endif
