/* snapshot_private.h - what the files of room snapshot share. */
#ifndef POSTERN_SNAPSHOT_PRIVATE_H
#define POSTERN_SNAPSHOT_PRIVATE_H

#include "snapshot/snapshot.h"

#include <limits.h>
#include <sys/stat.h>

/* ---- document ---------------------------------------------------------------------------------------------------------- */
enum { SNAP_VERSION = 1 };
/* The document's own members, columns of struct snapshot. */
extern const struct snap_column snap_head[];

/* ---- collecting ---------------------------------------------------------------------------------------------------------
 * A collector reads one kind of thing below the root and adds rows. What it cannot read it names with collect_missing() and goes on; what is not there
 * is no row at all. It returns 0, or ERR_NOMEM and the like that end the collection. Collectors run one after the other, accounts and groups first. */
enum {
	COLLECT_FILE_MAX = 4 << 20,     /* bytes read of a file; what is beyond is named as missing */
	COLLECT_NAMES_MAX = 20000,      /* of one folder */
	COLLECT_DEPTH_MAX = 24,         /* folders of a walk */
	COLLECT_LINKS_MAX = 40,         /* symbolic links on one path, as the kernel has it */
	COLLECT_MISSING_MAX = 20000,
	COLLECT_SPARE = 512,
};
struct collector {
	struct snapshot *s;
	const struct snap_collect *opt;
	int root;                       /* folder that is taken for / */
	bool live;                      /* it is this machine's: programs may be run, /proc and /sys are true */
	bool no_openat2;                /* kernel before 5.6, or a filter */
	int64_t until;                  /* milliseconds of the monotonic clock */
	bool told_late, told_rows, told_missing;
	size_t rows;
	struct strtab *locked;          /* accounts with ! before the password: without PAM sshd refuses them; NULL before they are read */
	struct arena scratch;           /* until the collection ends */
	_Alignas(16) char spare[COLLECT_SPARE]; /* a row that nobody keeps */
};

/* A new row; never NULL: beyond SNAP_ROWS_MAX one that is forgotten, which is named once. Valid until the next one of its kind. */
void *collect_row(struct collector *c, enum snap_kind k);
/* A copy that the document can hold: bytes that are no UTF-8 become U+FFFD, at most SNAP_TEXT_MAX bytes. */
struct slice collect_text(struct collector *c, struct slice s);
struct slice collect_textz(struct collector *c, const char *z); /* NULL is fine */
struct snap_list collect_list(struct collector *c, const struct slice *v, size_t n); /* copies; at most SNAP_LIST_MAX */
/* A list of words divided by one of `by`, empty ones left out. */
struct snap_list collect_split(struct collector *c, struct slice s, const char *by);
struct snap_at collect_at(struct collector *c, const char *path, int64_t line);
/* section: name of a kind ("sudo"), or of a fact; account, path may be NULL. */
void collect_missing(struct collector *c, const char *section, const char *account, const char *path, int64_t line, const char *why, ...) PRINTF_LIKE(6, 7);
/* Is the time over? Named once; loops over many files ask. */
bool collect_late(struct collector *c);
/* Of the accounts and groups that were read; a number as text when there is no name. In scratch. */
struct slice collect_user(struct collector *c, int64_t uid);
struct slice collect_group(struct collector *c, int64_t gid);
const struct snap_account *collect_account(const struct collector *c, struct slice name); /* NULL: there is none */
/* printf into scratch; NUL-terminated. */
const char *collect_path(struct collector *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- files below the root --------------------------------------------------------------------------------------------------
 * Paths are absolute, as seen from within. Links are followed, also in the middle of a path, but never out of the root (openat2(2)). */
/* O_PATH; the last part is not followed when `link`. -1 with errno. */
int below_path(struct collector *c, const char *path, bool link);
/* A regular file for reading, or (folder) a folder. Anything else (FIFO, device, socket) is never opened. -1 with errno; EINVAL: no regular file. */
int below_open(struct collector *c, const char *path, bool folder, struct stat *st);
/* 0, or -1 with errno. lstat when `link`. */
int below_stat(struct collector *c, const char *path, bool link, struct stat *st);
/* What a link says, NUL-terminated; false: no link, or too long. */
bool below_link(struct collector *c, const char *path, char to[static PATH_MAX]);
/* A whole regular file. True: out is set (and, beyond `most` bytes, cut at a line's end and named as missing). False: it is not there (nothing is said; *gone is
 * true when gone is not NULL), or cannot be read, which is named as missing in `section`. st may be NULL. */
bool below_read(struct collector *c, const char *path, size_t most, const char *section, const char *account, struct buf *out, struct stat *st, bool *gone);
/* A folder for reading; what cannot be opened is named. -1: none. */
int below_folder(struct collector *c, const char *path, const char *section, const char *account, struct stat *st);
/* Names in a folder, sorted, without . and .. (in scratch). False as below_read. */
bool below_names(struct collector *c, const char *path, const char *section, const char *account, struct slice **names, size_t *n);
/* Everything below a folder, sorted, depth first: fn gets the path and lstat's answer; links are not followed; false from fn leaves out a folder's content.
 * `same`: other file systems are left out. At most `most` entries. */
struct below_walk {
	const char *section;
	unsigned depth;                 /* 1: only what lies in the folder itself */
	size_t most;
	bool same;
	bool (*fn)(struct collector *c, void *arg, const char *path, const struct stat *st);
	void *arg;
};
void below_walk(struct collector *c, const char *path, const struct below_walk *w);
/* Paths that fit a pattern (glob(7): * ? [ ] in parts of it, no braces), sorted, in scratch. */
bool below_glob(struct collector *c, const char *pattern, const char *section, struct slice **paths, size_t *n);
/* A line of a text, without its end; false behind the last. */
bool next_line(struct slice *text, struct slice *line);

/* A program on the running machine (only when c->live): 0 and its output, or -1 after it was named as missing. */
int collect_run(struct collector *c, const char *const *argv, const char *section, unsigned seconds, struct buf *out);

/* ---- collectors: a row of the table in collectors.c each ---------------------------------------------------------------------- */
int collect_all(struct collector *c);
int collect_accounts(struct collector *c);
int collect_groups(struct collector *c);
int collect_sshd(struct collector *c);
int collect_authorized_keys(struct collector *c);
int collect_private_keys(struct collector *c);
int collect_certificates(struct collector *c);
int collect_known_hosts(struct collector *c);
int collect_ssh_client(struct collector *c);
int collect_host_keys(struct collector *c);
int collect_sudo(struct collector *c);
int collect_doas(struct collector *c);
int collect_files(struct collector *c);
int collect_jobs(struct collector *c);
int collect_writables(struct collector *c);
int collect_polkit(struct collector *c);
int collect_exports(struct collector *c);
int collect_pam(struct collector *c);
int collect_packages(struct collector *c);
int collect_facts(struct collector *c);
int collect_facts_audit(struct collector *c);

/* Path of the program that runs others and that this file is a copy of; "" none. */
struct slice copy_of(struct collector *c, const char *path, const struct stat *st);

#endif
