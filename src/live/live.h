/* live.h - sources that go on: followed files, syslog sockets, the audit dispatcher's socket, the journal.
 *
 * Everything live becomes a file that is followed: what comes through sockets and from the journal is written to spool files first, by
 * processes of their own, so that a killed engine loses nothing and positions are file offsets everywhere.
 *
 *   finder    (privileged process) walks what the configuration names, watches folders with inotify(7), opens files
 *   decide    (engine) where a file that was found is to be read from: known again by inode and first bytes, also under another name,
 *             packed or copied
 *   tail      (engine) whole lines of one open file as they come
 *   follow    (engine) decide and tail for all files together, with the table of what was read; what the engine uses
 *   receivers (processes of their own) sockets and journal to spool files
 *
 * Threads: one thread at a time per struct.  Limits: LIMIT_LINE; FOLLOW_MAX files at once; a spool folder has a size it never exceeds.
 */
#ifndef POSTERN_LIVE_H
#define POSTERN_LIVE_H

#include "core/core.h"
#include "source/source.h"
#include "yaml/yaml.h"

enum {
	LIVE_FOLLOW_MAX = 16384,
	LIVE_HEAD = 1024, /* first bytes by which a file is known again: many logs begin with some hundred that are always the same */
};

/* ---- configuration: the section `sources` of postern.yaml ------------------------------------------------------------ */
enum live_listen_kind { LIVE_UDP, LIVE_TCP, LIVE_TLS, LIVE_UNIX, LIVE_AUDIT /* connect to auditd's af_unix plugin */ };
struct live_listen {
	enum live_listen_kind kind;
	struct slice address;                        /* "127.0.0.1:5514", "[::1]:6514", or a path */
	bool stream;                                 /* LIVE_UNIX: connections and lines; else datagrams, as /dev/log */
	struct slice certificate, key, client_ca;    /* LIVE_TLS: PEM files; client_ca: only senders with its certificates */
};
struct live_config {
	struct slice *paths; size_t npaths;          /* files, folders, patterns with * and ? (each component) */
	bool history;                                /* at the first start also what is there already, with rotated files (default true) */
	bool journal;
	struct slice journal_dir;                    /* empty: the machine's */
	struct live_listen *listen; size_t nlisten;
	uint64_t spool_bytes;                        /* per receiver; default 1 GB */
};
/* n may be NULL (defaults: /var/log, history). file is for messages. Texts live in mem. */
int live_config_read(const struct node *n, const char *file, struct arena *mem, struct live_config *out, struct err *e);

/* ---- finder ----------------------------------------------------------------------------------------------------------- */
struct live_file {
	struct slice path;       /* as it is named now */
	struct slice set;        /* without the rotation suffix: files of one log of one host have the same */
	struct slice host;       /* from a HOST/var/log/... layout, else empty */
	uint64_t dev, ino, size;
	nstime mtime;
	unsigned order;          /* within the set, 0 the one being written, higher older */
	bool packed;             /* gzip, xz, zstd, bzip2, by content; never unpacked here: the process is privileged */
	bool records;            /* utmp records; of a packed file only live_tail_records() knows */
	bool spool;              /* a spool file of ours: to be removed when read */
};
struct live_finder_calls {
	/* A file not seen before (by dev and inode). The callee owns fd (O_RDONLY). Files of a set come oldest first. */
	void (*found)(void *arg, uint32_t file, const struct live_file *f, int fd);
	void (*grew)(void *arg, uint32_t file);                            /* or was truncated */
	void (*renamed)(void *arg, uint32_t file, const struct live_file *f); /* path or order changed */
	void (*gone)(void *arg, uint32_t file);                            /* no name is left; it may still be written */
	void (*problem)(void *arg, struct slice path, const char *text);   /* could not be opened, not a log ... once per path and text */
	void *arg;
};
struct live_finder;
/* spool: folder of spool files, NULL none. */
struct live_finder *live_finder_new(const struct live_config *c, const char *spool, const struct live_finder_calls *calls, struct err *e);
void live_finder_free(struct live_finder *f);
/* To poll for reading. */
int live_finder_fd(const struct live_finder *f);
/* Reads what inotify has to say and walks anew what needs it (also everything, when events were lost or `full`). Never blocks on a FIFO or
 * device: those are problems. Numbers of files are given once, from 1. */
int live_finder_step(struct live_finder *f, bool full, struct err *e);
/* Has all that was there at the start been told? False for some seconds when files were only just being made (packed) then: what is older than the
 * other files of a log is to be read before them. */
bool live_finder_complete(const struct live_finder *f);

/* ---- decide ----------------------------------------------------------------------------------------------------------- */
struct live_known {
	uint32_t id;             /* from 1, never used again */
	struct slice path, set;
	uint64_t dev, ino;       /* 0: its file is gone */
	uint64_t offset, head;   /* head: live_head_hash of the first head_bytes that were read */
	uint32_t head_bytes;
	bool done;               /* read to its very end: packed, or its file was quiet without a name */
};
struct live_begin {
	uint32_t known;          /* the source it is, 0: a new one */
	uint64_t offset;         /* in unpacked bytes */
	bool skip;               /* everything in it was read under another name or inode, or is not wanted */
	bool copy;               /* another inode than the source's: to be read only when that one was emptied or is gone, else what is still
				  * being written there would be read twice; then from where that one was read to */
};
uint64_t live_head_hash(struct slice head); /* of the first MIN(n, LIVE_HEAD) bytes; stable across processes */
/* head: the first bytes, unpacked. Same inode with the same first bytes goes on; a rotated copy (copytruncate) or packed file of a known
 * source goes on where that one was read to; an inode that begins with other bytes than it did, or is shorter than what was read of it, is
 * a new file. first: the first walk of the first start ever. v must say under which names its files are now: files of a set are decided
 * oldest first, and v is brought up to date after each. Pure. */
struct live_begin live_decide(const struct live_known *v, size_t n, const struct live_file *f, struct slice head, bool first, bool history);

/* ---- tail ------------------------------------------------------------------------------------------------------------- */
struct live_tail;
enum live_read { LIVE_LINES = 1, LIVE_NOTHING = 0 /* for now */, LIVE_TRUNCATED = 2 /* shorter than what was read: begins anew at 0 */, LIVE_END = 3 /* packed, all read */ };
/* Owns fd, also when it fails. offset: where to begin, in unpacked bytes. NULL with *e. Of a packed file, records is found out. */
struct live_tail *live_tail_new(int fd, bool packed, bool records, uint64_t offset, struct err *e);
void live_tail_free(struct live_tail *t);
/* The first bytes of the file, unpacked, without moving: at most LIVE_HEAD. */
size_t live_tail_head(struct live_tail *t, char out[static LIVE_HEAD]);
bool live_tail_records(const struct live_tail *t);
/* Whole lines, about `want` bytes, as stream_next(). b->file is left alone. `flush`: a last line without newline counts as whole (the
 * file was rotated away and is quiet). An overlong line is counted in *too_long and skipped. ERR_* with *e when reading failed. */
int live_tail_read(struct live_tail *t, size_t want, bool flush, struct block *b, uint64_t *too_long, struct err *e);
/* Offset behind what live_tail_read gave: behind a whole line, or behind a last one that was flushed. */
uint64_t live_tail_offset(const struct live_tail *t);

/* ---- follow ----------------------------------------------------------------------------------------------------------- */
/* All files of the finder, as streams: one log of one host, its files oldest first. Nothing is lost and nothing read twice over rename,
 * copytruncate, packing and replacement, while running and while stopped, as long as what was saved goes with the table of the same moment. */
struct live_follow;
/* v: the table of the last checkpoint, copied. first: there was none ever. quiet: how long a file without a name, or rotated, must not have
 * grown before a last line without newline counts as whole. */
struct live_follow *live_follow_new(const struct live_known *v, size_t n, bool first, bool history, nstime quiet);
void live_follow_free(struct live_follow *f);
/* What the finder tells, in its order. Owns fd. */
void live_follow_found(struct live_follow *f, uint32_t file, const struct live_file *what, int fd);
void live_follow_grew(struct live_follow *f, uint32_t file);
void live_follow_renamed(struct live_follow *f, uint32_t file, const struct live_file *what);
void live_follow_gone(struct live_follow *f, uint32_t file);
/* The finder's first step is over: what is found from now on is new. */
void live_follow_settled(struct live_follow *f);

struct live_from {
	uint32_t stream;         /* number of the log, from 1, for the life of the process */
	uint32_t source;         /* live_known.id */
	struct slice path, set, host; /* valid until the next call of live_follow_* */
	nstime mtime;            /* as found */
	bool records, spool;
	bool first;              /* first block of this source in this process */
	uint64_t too_long;       /* lines skipped before this block, see live_tail_read */
};
/* The next stream after number `after` that may have something to read; 0 none. Start with 0, go on with what was returned. */
uint32_t live_follow_ready(const struct live_follow *f, uint32_t after);
/* Whose it is, before anything of it is read; false when it has no file. Valid until the next call of live_follow_*. */
bool live_follow_stream(const struct live_follow *f, uint32_t stream, struct slice *set, struct slice *host);
/* The next whole lines of a stream. 1: a block; 0: nothing for now; ERR_*: *from says which file had trouble; it is left alone from now
 * on, the stream goes on. now: of a monotonic clock. */
int live_follow_read(struct live_follow *f, uint32_t stream, size_t want, nstime now, struct block *b, struct live_from *from, struct err *e);
/* Look again at what waits for its last line or its end: about once a second. */
void live_follow_tick(struct live_follow *f);
/* The table, with everything given out so far counted as read; valid until the next call of live_follow_*. */
size_t live_follow_known(struct live_follow *f, const struct live_known **v);
/* Spool segments read to their end with a newer one behind them. They can go when the table of the same moment is saved; the file number
 * is the finder's. Valid until the next call of live_follow_*. */
struct live_spent { uint32_t file; struct slice path; };
size_t live_follow_spent(struct live_follow *f, const struct live_spent **v);

/* ---- receivers: bodies of processes of their own ------------------------------------------------------------------------ */
/* Sockets, and the PEM files of TLS as bytes: made with privileges, used without. Kept by the parent, a receiver that is started again
 * goes on with the same sockets and nobody is refused meanwhile. */
struct live_bound;
int live_bind(const struct live_config *c, struct live_bound **out, struct err *e);
void live_bound_free(struct live_bound *b);
/* Descriptors the receiver needs kept open; LIVE_AUDIT has none (connected later, again and again). */
size_t live_bound_fds(const struct live_bound *b, const int **fds);
/* Are certificate, key and client_ca usable, and of each other? For --check, and before confinement. */
int live_tls_check(const struct live_config *c, const struct live_bound *b, struct err *e);
/* "tcp-127.0.0.1_5514": the folder below the spool. */
void live_listen_name(const struct live_listen *l, char out[static 160]);

/* Figures for metrics, written whole to `status` (a pipe or socket; -1: nowhere) about once a second, and when asked to end. */
struct live_status {
	uint64_t lines, bytes;         /* written to the spool */
	uint64_t dropped;              /* datagrams the kernel dropped (SO_RXQ_OVFL) */
	uint64_t connections, refused; /* open now; TLS or limits said no, ever */
	uint64_t too_long, waits;      /* lines; times senders had to wait because the spool was full */
};
/* Reads sockets and appends lines to spool/NAME/N.log (segments), until `control` is at its end; then drains what was accepted. Framing:
 * RFC 6587 (octet counting and newline), RFC 5426, RFC 5425; newlines inside a message become spaces. A message without a time or host of
 * its own gets ours and the sender's address. Lines of audit keep auditd's form.
 * Full spool: nothing is read; senders on streams wait, datagrams are dropped by the kernel and counted. */
int live_receive(const struct live_config *c, const struct live_bound *b, const char *spool, int control, int status, struct err *e);
/* The journal to spool/journal/N.log as JSON lines (journalctl -o json's form), from the cursor the spool ends with. */
int live_journal(const struct live_config *c, const char *spool, int control, int status, struct err *e);

#endif
