/* record_private.h - private to room gate: the inside of a recording that is being made. */
#ifndef POSTERN_GATE_RECORD_PRIVATE_H
#define POSTERN_GATE_RECORD_PRIVATE_H

#include "gate/gate.h"

#include <limits.h>
#include <sodium.h>
#include <zlib.h>

/* ---- the packed file: written beside its name, then put there ------------------------------------------------------------ */
struct record_file {
	int folder, fd;
	char part[80], name[80];       /* within folder */
	z_stream z;
	bool packing;                  /* z is to be freed */
	crypto_hash_sha256_state sum;  /* of what was written */
	uint64_t written, unsynced;
	unsigned char out[32 << 10];
};
/* folder: that of the month, made when it is not there. */
int record_file_open(struct record_file *f, const char *folder, nstime begin, const char *id, struct err *e);
int record_file_add(struct record_file *f, struct slice text, struct err *e);
int record_file_flush(struct record_file *f, bool sync, struct err *e);
/* Under its name, on the disk; hex: its SHA-256. */
int record_file_done(struct record_file *f, char hex[static 65], struct err *e);
void record_file_free(struct record_file *f);

/* ---- text out of bytes ------------------------------------------------------------------------------------------------------ */
/* What is not UTF-8 becomes U+FFFD; the beginning of a character waits in carry for its rest. `bad`: something was replaced. */
struct utf8_carry {
	char b[4];
	size_t n;
};
void utf8_take(struct utf8_carry *c, struct slice in, struct buf *out, bool *bad);
void utf8_rest(struct utf8_carry *c, struct buf *out);

/* One stream without a terminal. */
struct record_stream {
	uint64_t bytes, kept;
	crypto_hash_sha256_state sum;
	struct utf8_carry carry;
};

struct record {
	struct record_store store;
	struct record_file file;
	char id[48], path[128];        /* path: below the folder */
	bool terminal, quiet, exited, over; /* over: nothing more is taken */
	enum gate_kind kind;
	uint16_t columns, rows;
	uint32_t session;
	int32_t pid, status;
	nstime begin, started, last, flushed, synced; /* begin: wall clock; started, flushed, synced: monotonic; last: of the newest event, since started */
	uint64_t typed, files, feeds;
	struct record_stream stream[3]; /* by type: output, error, input */
	char *who[9];                  /* texts of the meta, see record.c */
	struct buf partial;            /* of a frame that has not come whole */
	struct buf line, text;         /* scratch */
};
/* One line of a recording; text is where its text goes. False: it is none. */
bool cast_line(struct slice line, struct cast_event *x, struct buf *text);
/* One whole frame. */
int record_frame_take(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e);
/* [time, code, text] */
int record_event(struct record *r, nstime at, const char *code, struct slice text, struct err *e);
/* What of the streams is still to be said: hashes and sizes. */
int record_streams_end(struct record *r, struct err *e);

/* ---- rows ---------------------------------------------------------------------------------------------------------------------- */
int record_tables(struct vault *v, struct err *e);
int record_row_begin(const struct record *r, struct err *e);
int record_row_end(struct vault *v, struct slice id, const struct session *s, struct err *e);
int record_audit(struct chain *audit, const char *action, struct slice id, const char *outcome, struct slice detail, struct err *e);

enum record_who { WHO_PERSON, WHO_PROVIDER, WHO_ACCOUNT, WHO_HOST, WHO_GRANT, WHO_SOURCE, WHO_TTY, WHO_TERM, WHO_COMMAND };

#endif
