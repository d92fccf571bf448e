/* receive_private.h - what the files of the receivers share: spool, framing, TLS. */
#ifndef POSTERN_LIVE_RECEIVE_PRIVATE_H
#define POSTERN_LIVE_RECEIVE_PRIVATE_H

#include <errno.h>

#include "live/live_private.h"

/* ---- spool: lines to segments ------------------------------------------------------------------------------------------ */
/* spool/NAME/0001764166380123.log: milliseconds when it was begun, so that no number comes again even when all segments are gone. */
struct segment {
	uint64_t number, bytes;
};
struct spool_budget {
	uint64_t limit, used;
};
struct spool {
	int dir, fd;            /* fd -1: no segment open */
	uint64_t number, size;  /* of the open one */
	nstime begun;           /* monotonic */
	uint64_t segment_bytes;
	bool lazy;              /* no segment is begun before there is something for it: the newest is never empty */
	struct spool_budget *budget;
	struct { struct segment *v; size_t n, cap; } segments; /* with the open one */
	struct buf out;         /* lines not yet written */
	size_t written;         /* of out */
	int stuck;              /* errno of the last write */
};
enum { SPOOL_BATCH = 1 << 20 /* bytes of out above which it is written */ };
/* Makes the folder, counts what is there, ends a torn last line. ERR_* with *e. */
int spool_open(struct spool *s, struct spool_budget *b, const char *spool, const char *name, struct err *e);
void spool_close(struct spool *s);
/* Write out; false when it did not go altogether (no space): try again later, add nothing meanwhile. */
bool spool_flush(struct spool *s, nstime now);
/* Begin a new segment when the open one is old; see which are gone. */
void spool_tick(struct spool *s, nstime now);
static inline bool spool_full(const struct spool_budget *b) { return b->used >= b->limit; }
/* The last `cap` bytes of the newest segment with something in it, whole lines; bytes put into to. */
size_t spool_last(struct spool *s, char *to, size_t cap);

bool live_journal_cursor(struct slice end, char *to, size_t cap);

/* What reading from `control` says. */
static inline bool control_ended(ssize_t got) { return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR); }

nstime live_monotonic(void);
nstime live_real(void);

/* ---- framing: bytes of a stream to lines ------------------------------------------------------------------------------------ */
struct envelope {
	struct slice peer;      /* address or name to be put where a message has no host; empty: lines stay as they are */
	char time[40];          /* RFC 3339, of now */
};
struct framer {
	uint64_t skip;          /* bytes of an overlong counted message still to come */
	bool skipping;          /* inside an overlong line */
};
struct frame_counts {
	uint64_t lines, too_long;
};
/* Whole messages of p to out, each a line. Stops when out has more than `most` bytes. Returns how many bytes were used; the rest is the
 * beginning of a message (or what was left when it stopped: *more). `end`: nothing follows, an unfinished message counts as whole. */
size_t frame_stream(struct framer *fr, const struct envelope *env, const char *p, size_t n, bool end, size_t most, struct buf *out, struct frame_counts *c,
	bool *more);
/* One datagram. */
void frame_datagram(const struct envelope *env, struct slice message, struct buf *out, struct frame_counts *c);

/* ---- sockets --------------------------------------------------------------------------------------------------------------- */
struct live_bound {
	int *fds;
	struct buf *certificate, *key, *client_ca;
	size_t n;
};
int audit_connect(struct slice path);

/* ---- TLS ---------------------------------------------------------------------------------------------------------------- */
struct tls_server;
struct tls;
/* From PEM bytes. client_ca may be empty. NULL with *e. */
struct tls_server *tls_server_new(struct slice certificate, struct slice key, struct slice client_ca, struct err *e);
void tls_server_free(struct tls_server *s);
struct tls *tls_new(struct tls_server *s, int fd);
void tls_free(struct tls *t);
/* 1 done, 0 goes on later, -1 refused. */
int tls_handshake(struct tls *t);
bool tls_pending(const struct tls *t); /* decrypted and not read */
/* Bytes; 0 the end; -1 nothing for now; -2 broken. */
ssize_t tls_read(struct tls *t, void *buf, size_t n);

#endif
