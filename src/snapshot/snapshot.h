/* snapshot.h - what one machine grants, as one small JSON document: collected, written, read back, compared.
 *
 * A snapshot holds records: flat rows of texts, numbers, lists of texts. One table (records.def) says what a record is made of; writing,
 * reading and comparing are loops over it. It never holds a password's hash or a byte of a private key.
 *
 * What could not be read is a record too (SNAP_MISSING): who judges a snapshot can tell "there is none" from "we do not know".
 *
 * Life:    snapshot_collect() or snapshot_read() gives one that owns its memory; read-only from then on and shareable between threads.
 * Errors:  ERR_* with *e. A machine half of which cannot be read is no error: the missing records say so.
 */
#ifndef POSTERN_SNAPSHOT_H
#define POSTERN_SNAPSHOT_H

#include "core/core.h"

struct snap_list {
	struct slice *v;
	size_t n;
};

/* Where a record comes from: a path as seen from within the root, and a line of it (0: the file as such). */
struct snap_at {
	struct slice file;
	int64_t line;
};

enum snap_password { SNAP_PW_UNKNOWN, SNAP_PW_EMPTY, SNAP_PW_LOCKED /* no password opens it: ! * or the like */, SNAP_PW_SET };
enum snap_tri { SNAP_UNKNOWN, SNAP_NO, SNAP_YES };

struct snap_account {
	struct snap_at at;
	struct slice name, home, shell, gecos;
	int64_t uid, gid;
	enum snap_password password;
	int64_t changed, expires;         /* days since the epoch; -1 none or not known */
	int64_t max_days;                 /* a password's longest life; -1 none or not known */
};
struct snap_group { /* the primary group of an account counts as membership, although `members` does not name it */
	struct snap_at at;
	struct slice name;
	int64_t gid;
	struct snap_list members;
};
/* What sudoers lets somebody do: one row a list of commands with the same tags, aliases expanded, in sudo's order (the last that fits decides). */
struct snap_sudo {
	struct snap_at at;
	struct snap_list who;             /* "alice", "%wheel", "#1000", "%#27", "+netgroup", "ALL"; "!" in front: not */
	struct snap_list hosts;           /* as written: "ALL", names, networks; "!" in front: not */
	struct snap_list run_as, run_as_groups; /* none: root; "(self)": whoever runs sudo */
	struct snap_list commands;        /* "ALL", "/usr/bin/systemctl restart nginx", "sudoedit /etc/x"; "!" in front; "sha256:... " stays in front */
	enum snap_tri nopasswd, noexec, setenv;
	struct slice not_before, not_after; /* as written; "" none */
	struct slice cwd, chroot;
};
struct snap_sudo_default { struct snap_at at; struct slice scope /* "" all; "user:alice", "host:x", "runas:x", "cmnd:x" */, name, value; /* "true", "false", text */ };
struct snap_doas { struct snap_at at; struct slice action /* permit, deny */, who, run_as, command; struct snap_list args, options; };
/* One line of an authorized_keys file (or what AuthorizedKeysCommand would be asked; then `problem` says that it was not run). */
struct snap_authorized_key {
	struct snap_at at;
	struct slice account;
	struct slice type, fingerprint, comment; /* "ssh-ed25519", "SHA256:..." */
	int64_t bits;
	struct slice options;             /* as written */
	struct slice from, command, expires; /* of the options; "" none */
	struct snap_list principals;
	enum snap_tri restricted, pty, forwarding, agent, authority /* cert-authority */, verify_required;
	enum snap_tri usable;             /* SNAP_NO: sshd would refuse the file (owner, modes, StrictModes) or does not look at it */
	struct slice problem;             /* why the line cannot be parsed or is not usable; "" none */
};
struct snap_private_key { /* a file that holds one; found by content */
	struct snap_at at;
	int64_t uid, gid, mode;
	struct slice account;             /* in whose home it lies; "" none */
	struct slice type, fingerprint, comment; /* fingerprint "" where only the passphrase would tell it */
	enum snap_tri encrypted;
};
struct snap_known_host { /* names a host is known under; hashed entries are tried with the names of the inventory */
	struct snap_at at;
	struct slice account;             /* whose; "" of the machine */
	struct snap_list names;           /* in clear, or found by trying */
	enum snap_tri hashed, resolved;
	struct slice marker, fingerprint;
};
struct snap_ssh_client { struct snap_at at; struct slice account /* "" of the machine */, host /* pattern */, name, value; }; /* IdentityFile, ProxyJump, ForwardAgent, User, HostName, Port */
struct snap_host_key { struct snap_at at; struct slice type, fingerprint; int64_t bits, uid, mode; };
struct snap_certificate { struct snap_at at; struct slice account, kind /* user, host */, key_id, serial, fingerprint, authority; struct snap_list principals, options; int64_t from, until; /* seconds since the epoch; until -1: for ever */ };
struct snap_authority { struct snap_at at; struct slice fingerprint, private_key /* path of its private half when it lies here, "" */; }; /* a line of TrustedUserCAKeys */
/* What `sshd -T -C user=NAME` says; account "" is what holds for all others. One row a setting, in lower case as sshd prints it. */
struct snap_sshd { struct snap_at at; struct slice account, name, value; };
struct snap_file { struct snap_at at; struct slice kind /* setuid, setgid, capability */, owner, group, capabilities, copy_of /* path of the program it is a copy of, under another name */,
	through /* a folder above lets only these in: "group:staff", "user:web"; "" everybody */; int64_t mode, uid, gid; };
/* What root (or a service's account) runs by itself. */
struct snap_job {
	struct snap_at at;
	struct slice kind;                /* cron, at, service, timer, socket, init, rc.local, udev, logrotate, profile */
	struct slice name, run_as, schedule, command;
	struct snap_list programs;        /* paths that it runs, as far as they can be told */
	enum snap_tri enabled;
};
/* Something that root (or another account) runs or reads as orders, and that others may write: the file, or a folder above it. */
struct snap_writable {
	struct snap_at at;                /* what can be written */
	struct slice by;                  /* "user:web", "group:deploy", "everybody" */
	struct slice used_as;             /* on behalf of whom: account that runs or reads it */
	struct slice used_by;             /* "service nginx.service ExecStart", "cron /etc/cron.d/x:3", "sudo rule /etc/sudoers:27", "authorized_keys of root" */
	enum snap_tri folder;             /* the right is to replace it through its folder */
};
struct snap_polkit { struct snap_at at; struct slice identity, action, result /* yes, auth_self, auth_admin, script */, text; };
struct snap_export { struct snap_at at; struct slice path, client, options; enum snap_tri root_squash, writable; };
struct snap_pam { struct snap_at at; struct slice service, type, control, module, arguments; };
struct snap_package { struct snap_at at; struct slice name, version; };
/* Everything else a check wants to look at: "sysctl kernel.yama.ptrace_scope" = "1", "auditd.rule" = "-w /etc/sudoers -p wa", "rsyslog.forward" = "@@log:6514",
 * "apt.source" ..., "kernel", "os.id", "time.synchronised", "listen" = "tcp 0.0.0.0:22 sshd". Several rows may bear one name. */
struct snap_fact { struct snap_at at; struct slice name, value; };
/* at.line 0: the file was not read, or not to its end; else that line alone could not be understood. */
struct snap_missing { struct snap_at at; struct slice section /* a kind of record: "sudo", or a fact's name */, account /* "" all */, why; };

#define SNAP_KINDS(X)                                                                                                          \
	X(account, accounts) X(group, groups) X(sudo, sudo) X(sudo_default, sudo_defaults) X(doas, doas)                       \
	X(authorized_key, authorized_keys) X(private_key, private_keys) X(known_host, known_hosts) X(ssh_client, ssh_client)   \
	X(host_key, host_keys) X(certificate, certificates) X(authority, authorities) X(sshd, sshd) X(file, files) X(job, jobs) \
	X(writable, writables) X(polkit, polkit) X(export, exports) X(pam, pam) X(package, packages) X(fact, facts) X(missing, missing)
enum snap_kind {
#define X(one, many) SNAP_K_##one,
	SNAP_KINDS(X)
#undef X
	SNAP_KIND_COUNT
};
/* "authorized_key" ... */
const char *snap_kind_name(enum snap_kind k);

struct snapshot {
	struct slice host;                /* its name, lower case */
	struct snap_list names, addresses; /* what else it is called; addresses of its interfaces (text), where known */
	int64_t taken;                    /* seconds since the epoch */
	struct slice taken_by;            /* version of Postern */
	struct slice root;                /* "/" or the root that was read */
	enum snap_tri as_root;            /* collected with root's eyes */
	enum snap_tri live;               /* the running machine, not a copied or mounted root */
#define X(one, many) struct snap_##one *many; size_t n##many;
	SNAP_KINDS(X)
#undef X
	struct arena mem;
};
void snapshot_free(struct snapshot *s); /* NULL is fine */
static inline bool snapshot_is_missing(const struct snapshot *s, const char *section)
{
	for (size_t i = 0; i < s->nmissing; i++)
		if (slice_eqz(s->missing[i].section, section))
			return true;
	return false;
}

/* ---- rows, whatever their kind ------------------------------------------------------------------------------------- */
enum snap_type { SNAP_T_TEXT, SNAP_T_NUMBER, SNAP_T_LIST, SNAP_T_WORD /* an enum, written as a word */ };
struct snap_column {
	const char *name;
	enum snap_type type;
	size_t offset;
	const char *const *words; /* SNAP_T_WORD; ends with NULL; the first is "not told" */
	int64_t none;             /* SNAP_T_NUMBER: not told */
	bool key;                 /* part of what tells a row from another of its kind when snapshots are compared */
};
struct snap_table {
	const char *name, *many;  /* "account", "accounts" as in the document */
	size_t size;              /* of the struct */
	const struct snap_column *columns; /* ends with name NULL; "file" and "line" first */
	size_t rows, count;       /* offsets in struct snapshot of the array and its length */
};
extern const struct snap_table snap_tables[SNAP_KIND_COUNT];
size_t snap_count(const struct snapshot *s, enum snap_kind k);
const void *snap_row(const struct snapshot *s, enum snap_kind k, size_t i);
/* A column of a row; the column must be of that type. */
struct slice snap_text_of(const void *row, const struct snap_column *c);
int64_t snap_number_of(const void *row, const struct snap_column *c);
struct snap_list snap_list_of(const void *row, const struct snap_column *c);
uint32_t snap_word_of(const void *row, const struct snap_column *c); /* place in words */
/* For who makes a snapshot (the collector, tests): a new row at the end in which nothing is told yet; moves earlier ones. Texts belong into s->mem. */
void *snapshot_add(struct snapshot *s, enum snap_kind k);
struct snapshot *snapshot_new(void);

/* ---- document ------------------------------------------------------------------------------------------------------- */
enum { SNAP_BYTES_MAX = 64 << 20, SNAP_ROWS_MAX = 400000, SNAP_TEXT_MAX = 8 << 10, SNAP_LIST_MAX = 20000 };
/* JSON (RFC 8259), one record a line, rows in a fixed order: the same machine gives the same bytes but for `taken`. */
void snapshot_write(const struct snapshot *s, struct buf *out);
/* However it is laid out. name is for messages. Unknown kinds and members are skipped (a newer Postern's). NULL with *e: no snapshot, or beyond the limits. */
struct snapshot *snapshot_read(struct slice json, const char *name, struct err *e);
struct snapshot *snapshot_load(const char *path, struct err *e);

/* ---- collecting ------------------------------------------------------------------------------------------------------ */
struct snap_collect {
	const char *root;                 /* "/" */
	const char *host;                 /* its name; NULL: from etc/hostname of the root */
	struct snap_list inventory;       /* names and addresses to try hashed known_hosts with */
	bool packages;                    /* also the list of packages */
	uint32_t seconds;                 /* of all; 0: 120 */
};
/* Read-only. Every path is opened below the root, links are followed within it and never out of it (openat2(2), RESOLVE_IN_ROOT), only regular files are read,
 * up to a limit. Programs are run only where the root is "/" (sshd -T, getcap is not needed) or on a copy of what they read (cvtsudoers). */
int snapshot_collect(const struct snap_collect *c, struct snapshot **out, struct err *e);

/* ---- comparing ------------------------------------------------------------------------------------------------------- */
enum snap_change { SNAP_ADDED, SNAP_REMOVED, SNAP_CHANGED };
struct snap_difference {
	enum snap_change change;
	enum snap_kind kind;
	const void *before, *after;       /* rows; NULL where there is none */
	const struct snap_column *columns[16]; size_t ncolumns; /* that differ */
};
/* By key columns, in the order of kinds. What one side could not read is no change: rows of a kind or account that is missing on either side are left out and
 * counted in *hidden. */
void snapshot_compare(const struct snapshot *before, const struct snapshot *after, void (*fn)(void *arg, const struct snap_difference *d), void *arg, size_t *hidden);
/* "a row in words", for terminals and reports: "key SHA256:... (alice@laptop) opens root, /root/.ssh/authorized_keys:3". */
void snapshot_row_text(const struct snapshot *s, enum snap_kind k, const void *row, struct buf *out);

#endif
