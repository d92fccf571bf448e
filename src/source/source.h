/* source.h - where bytes come from: files, folders, packed files, standard input.
 *
 * source_find() walks what the user named and returns the streams to read: one stream is one log of one host, its
 * rotated files in the order they were written ("auth.log.2.gz auth.log.1 auth.log"). stream_next() hands out blocks of
 * whole lines. Everything that could not be read becomes a named entry in the list of problems; the rest goes on.
 *
 * Threads: a source_set is built by one thread, then read-only. A stream belongs to one thread at a time.
 * Limits:  LIMIT_LINE, LIMIT_PATH_DEPTH, LIMIT_ARCHIVE_*, LIMIT_UNPACKED_*; memory per open stream: one block buffer
 *          and what the decompressor needs.
 */
#ifndef POSTERN_SOURCE_H
#define POSTERN_SOURCE_H

#include "core/core.h"

/* What went wrong with an input, counted by kind; the text names the file and what to do. */
#define PROBLEM_LIST(X)                                                            \
	X(PROBLEM_UNREADABLE, "unreadable")      /* open or read failed */         \
	X(PROBLEM_NOT_A_LOG, "not-a-log")        /* binary, device, socket, FIFO: skipped */ \
	X(PROBLEM_LOOP, "symlink-loop")                                            \
	X(PROBLEM_DEPTH, "too-deep")                                               \
	X(PROBLEM_TRUNCATED, "truncated")        /* compressed data ends early, or the file shrank while read */ \
	X(PROBLEM_CORRUPT, "corrupt")            /* decompressor or archive says so */ \
	X(PROBLEM_BOMB, "unpacks-too-large")                                       \
	X(PROBLEM_ENCRYPTED, "encrypted")                                          \
	X(PROBLEM_TOO_MANY, "too-many-entries")                                    \
	X(PROBLEM_EMPTY, "empty")                                                  \
	X(PROBLEM_DUPLICATE, "duplicate")        /* same file reached twice (link, or .gz beside its original) */ \
	X(PROBLEM_NEWEST_FIRST, "newest-first")  /* its lines run backwards in time: source_turn() */ \
	X(PROBLEM_ROTATION_ORDER, "rotation-order") /* files numbered against their times: source_reorder() */
enum problem_kind {
#define X(id, name) id,
	PROBLEM_LIST(X)
#undef X
	PROBLEM_KINDS
};
const char *problem_name(enum problem_kind k);

struct problem {
	enum problem_kind kind;
	struct slice path;
	struct slice text; /* a sentence: what was wrong, at which byte, what to do */
};

/* One file of a stream. Path is as the user would find it ("logs.tar.gz!web1/var/log/auth.log" inside an archive). */
struct source_file {
	uint32_t id;         /* dense, index into source_set.files */
	struct slice path;   /* as shown */
	struct slice open_path; /* for the operating system: the file, or the archive that holds it */
	struct slice member; /* entry in the archive, or empty */
	struct slice host;   /* from a HOST/var/log/... layout, else empty */
	nstime mtime;        /* of the file or the archive entry; NSTIME_NONE when unknown (stdin) */
	uint64_t size;       /* bytes on disk, 0 unknown */
	uint64_t bytes;        /* read so far, unpacked, with what was skipped; counted by stream_next(), atomically */
	uint64_t lines;        /* filled by the decoder, which sees every line anyway */
	uint64_t too_long;     /* lines over LIMIT_LINE, skipped */
	bool records;          /* no lines but utmp records of SOURCE_RECORD bytes (wtmp, btmp) */
	bool newest_first;     /* lines run backwards in time: stream_next() turns them around (source_turn) */
};
#define SOURCE_RECORD 384

/* One log of one host: its files oldest first. */
struct stream_set {
	struct slice name; /* path without the rotation suffix */
	struct slice host;
	uint32_t *files;
	size_t nfiles;
};

struct source_set {
	struct arena mem;
	struct { struct source_file *v; size_t n, cap; } files;
	struct { struct stream_set *v; size_t n, cap; } streams;
	struct { struct problem *v; size_t n, cap; } problems;
	uint64_t problem_count[PROBLEM_KINDS]; /* more than problems.n when the list is full (10,000) */
	struct source_priv *priv;
};

struct source_options {
	bool one_file_system;
	bool all;            /* take every regular text file, also those that do not look like logs */
};

/* Walk paths ("-" is standard input) into *set, which need not be initialised. 0, or ERR_* with *e (the first one) when
 * a named path itself cannot be read; what lies below a folder and cannot be read is a problem, not an error. On error
 * the set still holds the others. opt may be NULL. source_set_free() is due in every case. */
int source_find(struct source_set *set, const char *const *paths, size_t n, const struct source_options *opt, struct err *e);
void source_set_free(struct source_set *set);

/* ---- reading ------------------------------------------------------------------------------------------------- */
/* Whole lines of one file. data ends with '\n' unless it is the last line of the file (or a binary record file, where
 * its size is a multiple of SOURCE_RECORD). data is empty only in a block that says `last` and nothing else. */
struct block {
	struct slice data;
	uint64_t offset;        /* of data in the unpacked file */
	uint32_t file;          /* source_file.id */
	bool first, last;       /* of its file, as it is handed out */
	bool turned;            /* lines in reverse: the first one in data is the last of [offset, offset + data.n) */
	char *mem;              /* buffer, owned by the block */
	size_t cap;
};
void block_free(struct block *b);

struct stream;
/* Opens nothing yet; reads the files of st one after another. */
struct stream *stream_open(struct source_set *set, const struct stream_set *st);
void stream_close(struct stream *s);
/* Next block of about `want` bytes of whole lines (a longer line makes a longer block, up to LIMIT_LINE; beyond that the
 * line is counted in too_long and skipped). Reuses b's buffer. 1: a block; 0: the end; negative ERR_* with *e is only
 * ERR_NOMEM: input trouble is recorded as a problem (under a lock) and reading goes on with the next file.
 * NUL bytes are left in place. */
int stream_next(struct stream *s, size_t want, struct block *b, struct err *e);
/* The first bytes (up to n, whole lines where possible) of the stream's first readable file, without consuming them:
 * for ordering streams by time and telling their format. Returns bytes put into buf. */
size_t stream_peek(struct stream *s, char *buf, size_t n);

/* ---- pieces, for who follows files himself ---------------------------------------------------------------------- */
enum rotation_class { ROTATION_DATED, ROTATION_NUMBERED, ROTATION_CURRENT }; /* in this order */
struct rotation {
	struct slice stem, ext; /* name without the rotation suffix: both together */
	enum rotation_class class;
	int64_t key;            /* seconds, or minus the number: smaller is older */
	int64_t sub;            /* number after a date */
	bool packed;            /* by its name */
};
/* name: without folder; r borrows from it. */
void rotation_parse(struct slice name, struct rotation *r);
/* Are they of one log? And which is older: negative when a is. */
int rotation_base_cmp(const struct rotation *a, const struct rotation *b);
int rotation_when_cmp(const struct rotation *a, const struct rotation *b);
/* Whose log is it ("web1/var/log/auth.log"); empty when the path does not say. member: see struct source_file. */
struct slice host_of_path(struct slice path, struct slice member);
/* Names of files in folders that are text but no log (after the rotation suffix is cut off), and of folders without logs. */
bool name_not_log(struct slice name);
bool folder_skipped(struct slice name);

enum source_form { FORM_TEXT, FORM_RECORDS, FORM_PACKED /* one file */, FORM_ARCHIVE, FORM_NONE };
/* What a file named `name` is by its first bytes; *what is a sentence for those that are not followed. Unpacks nothing. */
enum source_form source_form(struct slice name, struct slice head, const char **what);

/* One packed regular file from its beginning, within limits. fd is borrowed. NULL with *e. */
struct unpacker;
struct unpacker *unpacker_open(int fd, struct err *e);
/* Bytes, 0 at the end, or ERR_* with *e, after everything that could be unpacked. */
ssize_t unpacker_read(struct unpacker *u, void *buf, size_t n, struct err *e);
void unpacker_close(struct unpacker *u);
/* ---- order ---------------------------------------------------------------------------------------------------- */
/* Before streams are read, in one thread: what the times in the files say against their names and places.
 * Up to n bytes of whole lines from the beginning of a file, or from its end (where it can be read from there: see
 * source_seekable; else from the beginning). Returns bytes put into buf. */
size_t source_peek(struct source_set *set, uint32_t file, bool end, char *buf, size_t n);
/* Can the file be read from its end? Packed files and pipes are copied into the temporary space for that. */
bool source_seekable(struct source_set *set, uint32_t file);
/* The file's lines run from newest to oldest: hand them out turned around, in bounded memory, and say so among the
 * problems - also when there is no temporary space to do it. */
void source_turn(struct source_set *set, uint32_t file);
/* Can it, without copying? */
bool source_at_hand(const struct source_set *set, uint32_t file);
/* The stream's files are no rotation but logs side by side: each becomes a stream of its own (streams may move), and it is said. */
void source_split(struct source_set *set, size_t stream);
/* Sort the stream's files by times[i] (of files[i]; NSTIME_NONE keeps its place) and say so among the problems. */
void source_reorder(struct source_set *set, struct stream_set *st, const nstime *times);

#endif
