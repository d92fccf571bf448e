/* source_priv.h - what the files of this folder share; nobody else includes it.
 *
 *      find.c     walks paths, decides by name and content     -> inspect() for each file
 *      archive.c  lists tar and zip, copies members to the spool -> inspect() again for what is packed inside
 *      select.c   what is a log (magic numbers, names, share of control bytes)
 *      rotate.c   files -> streams      host.c   path -> host
 *      read.c     stream: whole lines   reader.c one file unpacked   unpack.c libarchive   gunzip.c zlib
 *      unpacker.c one packed file for who follows files
 *      input.c    bytes as they lie on disk, in the spool, in a pipe
 *      turn.c     lines from newest to oldest, files numbered the other way round
 *      set.c      problems, spool, life of the set
 */
#ifndef POSTERN_SOURCE_PRIV_H
#define POSTERN_SOURCE_PRIV_H

#include <pthread.h>
#include <sys/stat.h>

#include "source/source.h"

enum {
	HEAD_SIZE = 4096,        /* bytes looked at to tell what a file is */
	PIPE_HEAD = 1 << 16,     /* bytes of a pipe kept for the same; also what stream_peek() can give of it */
	INPUT_BLOCK = 1 << 16,
	PROBLEM_MAX = 10000,     /* entries of the list; counts go on */
	SKIPPED_MAX = 1000,      /* names remembered in case nothing else is found */
	DIRECT_MAX = 1000,       /* members of one archive read in place: each costs a walk over its headers */
	MEMBER_PATH_MAX = 4096,
};
#define DIRECT_SIZE ((uint64_t)64 << 20) /* members this large stay in a seekable archive */
#define SPOOL_MAX ((uint64_t)4 << 30)    /* temporary space for members of archives */
#define SIZE_UNKNOWN UINT64_MAX

/* The first thing that went wrong with one input. */
struct trouble {
	bool set;
	enum problem_kind kind;
	char text[400];
};
/* Fill *t unless it is set already; returns -1. */
int trouble_set(struct trouble *t, enum problem_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Text of an errno value in buf. */
const char *errno_text(int errnum, char *buf, size_t n);

/* ---- places and inputs --------------------------------------------------------------------------------------- */
enum place_kind {
	PLACE_FILE, /* opened by path each time, so that no descriptor is held */
	PLACE_FD,   /* an extent of an open regular file: the spool, or a redirected standard input */
	PLACE_PIPE, /* can be read once; fd -1: the head only */
};
struct place {
	enum place_kind kind;
	const char *path;  /* PLACE_FILE, NUL-terminated */
	dev_t dev;         /* PLACE_FILE as found: a file that was replaced since is told */
	ino_t ino;
	int fd;
	uint64_t at;       /* PLACE_FD */
	uint64_t size;     /* as found, SIZE_UNKNOWN for pipes */
	struct slice head; /* PLACE_PIPE: bytes already taken from it */
	bool ended;        /* PLACE_PIPE: head is all there is */
};

struct gunzip;
struct input {
	int fd;
	bool own;               /* close fd */
	bool positioned;        /* a regular file: read at pos */
	bool seekable;          /* positioned, and what is read is what lies there */
	uint64_t at, size, pos; /* extent; size SIZE_UNKNOWN: until the end */
	uint64_t expect;        /* size when opened: ending before it means the file shrank */
	struct slice head;
	uint64_t taken;         /* bytes that came from the place: the packed side of the ratio */
	bool ended;             /* the end was seen */
	struct gunzip *gz;      /* input_read() gives unpacked bytes */
	struct trouble trouble;
};
/* 0, or -1 with in->trouble. The input is closed with input_close() in both cases. */
int input_open(struct input *in, const struct place *pl);
/* From now on unpack gzip. 0, or -1 with in->trouble. */
int input_gunzip(struct input *in);
/* Bytes put into buf; 0 at the end; -1 with in->trouble. */
ssize_t input_read(struct input *in, void *buf, size_t n);
ssize_t input_read_raw(struct input *in, void *buf, size_t n); /* below gunzip */
/* Move to pos, counted from the start of the place; seekable and not unpacking only. */
void input_seek(struct input *in, uint64_t pos);
void input_close(struct input *in);

struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip *gz);
ssize_t gunzip_read(struct gunzip *gz, struct input *in, void *buf, size_t n);

/* ---- unpacking ------------------------------------------------------------------------------------------------ */
struct archive;
struct archive_entry;
struct unpack {
	struct archive *a;
	struct input *in;
	char *buf;
	struct slice block; /* unpacked, not yet given out; libarchive's memory */
	uint64_t out;       /* unpacked so far, all members */
	bool fatal;         /* libarchive cannot go on to the next member */
};
enum unpack_what { UNPACK_RAW, UNPACK_ENTRIES }; /* one packed file; tar or zip */
/* 0, or -1 with *t. unpack_close() is due in both cases. UNPACK_RAW is ready for unpack_read(). */
int unpack_open(struct unpack *u, struct input *in, enum unpack_what what, struct trouble *t);
int unpack_header(struct unpack *u, struct archive_entry **entry, struct trouble *t); /* 1, 0 at the end, -1 */
ssize_t unpack_read(struct unpack *u, void *buf, size_t n, struct trouble *t);        /* as read(2) */
void unpack_close(struct unpack *u);
/* Does `out` bytes from `packed` bytes pass the limits? */
bool unpack_too_large(uint64_t out, uint64_t packed);

enum packing {
	PACK_NONE,
	PACK_GZIP,       /* one gzip file, by zlib: gives every byte up to the place where the data break off */
	PACK_FILTER,     /* one file packed in another way, or several times */
	PACK_ENTRY,      /* member number `entry` of a tar or zip, perhaps packed as a whole */
	PACK_ENTRY_GZIP, /* the same, where the whole is packed with gzip */
};
/* How to get at the bytes of source_file i; parallel to source_set.files. */
struct where {
	struct place place;
	enum packing pack;
	uint32_t entry;
	uint64_t head_hash; /* of the first HEAD_SIZE unpacked bytes */
	bool dropped;       /* duplicate of a rotated sibling, leaves the set */
};

struct reader {
	struct input in;
	struct unpack u;
	enum packing pack;
	uint64_t out;
	struct trouble trouble;
};
/* 0, or -1 with r->trouble. reader_close() is due in both cases. */
int reader_open(struct reader *r, const struct place *pl, enum packing pack, uint32_t entry);
ssize_t reader_read(struct reader *r, void *buf, size_t n); /* bytes, 0, or -1 with r->trouble */
size_t reader_fill(struct reader *r, void *buf, size_t n);  /* as much as there is, up to n */
void reader_close(struct reader *r);

/* ---- the set --------------------------------------------------------------------------------------------------- */
struct source_priv {
	pthread_mutex_t lock; /* guards problems, problem_count and mem once streams are read */
	struct { struct where *v; size_t n, cap; } where;
	struct { int *v; size_t n, cap; } fds; /* pipes to close */
	int spool_fd;         /* unlinked temporary file, -1 until needed */
	uint64_t spool_end;
	bool spool_off;       /* no temporary space: said once */
};
void set_init(struct source_set *set);
void set_problem(struct source_set *set, enum problem_kind kind, struct slice path, const char *fmt, ...) PRINTF_LIKE(4, 5);
void set_trouble(struct source_set *set, struct slice path, const struct trouble *t);
/* Temporary space: is there any; write at *end, which moves on. */
bool spool_ready(struct source_set *set);
bool spool_write(struct source_set *set, const void *p, size_t n);
/* The lines of p in reverse order, in place. p ends with a newline, n > 0. */
void turn_lines(char *p, size_t n);

/* ---- finding --------------------------------------------------------------------------------------------------- */
enum magic { MAGIC_NONE, MAGIC_GZIP, MAGIC_FILTER, MAGIC_TAR, MAGIC_ZIP };
enum magic magic_of(const char *head, size_t n);

enum content { CONTENT_TEXT, CONTENT_RECORDS, CONTENT_BINARY, CONTENT_FOREIGN /* needs another tool, even when named */ };
/* What the head of a file named `name` looks like; *what is a sentence for the two kinds that are not read. */
enum content content_of(struct slice name, const char *head, size_t n, const char **what);
/* Names of files that are zip archives for technical reasons. */
bool name_not_archive(struct slice name);

struct idset_item {
	dev_t dev;
	ino_t ino;
	struct slice path;
};
struct finder {
	struct source_set *set;
	struct source_options opt;
	struct { struct idset_item *v; size_t n, cap; } taken; /* open hash, cap a power of two */
	struct { struct slice *v; size_t n, cap; } skipped;
	struct { struct stat *v; size_t n, cap; } above;       /* folders above the one being walked */
	dev_t root_dev;
};
/* Something that may be a log or an archive. */
struct found {
	struct place place;
	struct slice path, open_path, member; /* as in struct source_file */
	nstime mtime;
	uint64_t size;
	bool named;     /* by the user: read whatever its name and content */
	unsigned depth; /* archives around it */
};
/* Look into it and add it, its members, or a problem. */
void inspect(struct finder *f, const struct found *it);
void inspect_pipe(struct finder *f, struct found *it, int fd);
struct slice found_name(const struct found *it); /* last component, in the innermost archive */
/* Judge an unpacked head and add the file; false when it was skipped. */
bool consider(struct finder *f, const struct found *it, enum packing pack, uint32_t entry, const char *head, size_t n);
/* consider() without adding: is it worth unpacking? Says why not as a problem. */
bool worth_reading(struct finder *f, const struct found *it, const char *head, size_t n, bool *records);
/* Is it left out for its name? Remembers it. */
bool skipped_by_name(struct finder *f, const struct found *it);
void archive_list(struct finder *f, const struct found *it, enum packing pack);
/* Copy a place, unpacked as pack says, to the spool; false with a problem. */
bool spool_copy(struct finder *f, const struct found *it, enum packing pack, struct place *out);

/* Group set->files into set->streams, dropping duplicates. */
void rotate_group(struct source_set *set);

#endif
