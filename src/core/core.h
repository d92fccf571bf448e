/* core.h - slices, arena, vectors, maps, time, errors, checked numbers, limits, log hook.
 *
 * Level 0: everything else stands on this and it includes nothing of ours.
 * Threads: all functions are re-entrant; an object belongs to one thread at a time unless it says otherwise.
 * Errors:  0 or a negative ERR_* code; context travels in struct err. Nothing here exits; out of memory is ERR_NOMEM
 *          where a caller can act on it, and a call of core_oom() (set by main) where it cannot.
 */
#ifndef POSTERN_CORE_H
#define POSTERN_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
/* Scratch in hot code that need not be zeroed by -ftrivial-auto-var-init: written before it is read. */
#define UNINIT __attribute__((uninitialized))
#define MUST_CHECK __attribute__((warn_unused_result))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* ---- limits: one place, each with its why ------------------------------------------------------------------- */
enum {
	LIMIT_LINE = 1 << 20,        /* bytes a line may have; longer ones are counted and skipped, never buffered */
	LIMIT_VALUES = 200,          /* values of one event; a Windows event has about 40 */
	LIMIT_JSON_DEPTH = 64,       /* nesting of an event that is JSON */
	LIMIT_EVIDENCE = 60,         /* raw lines kept with one finding; the count goes on */
	LIMIT_RAW_KEPT = 2048,       /* bytes of a raw line copied into a finding */
	LIMIT_EVIDENCE_BYTES = 16 << 10, /* of one finding: hostile logs make long lines */
	LIMIT_FINDINGS = 2500,       /* findings of a level kept in one run; what is beyond is counted */
	LIMIT_PATH_DEPTH = 40,       /* folders below a folder to scan */
	LIMIT_ARCHIVE_DEPTH = 3,     /* archives in archives */
	LIMIT_ARCHIVE_ENTRIES = 100000,
	LIMIT_CONFIG_BYTES = 16 << 20, /* org.yaml */
};
#define LIMIT_UNPACKED_RATIO 1000u              /* unpacked bytes per packed byte, above LIMIT_UNPACKED_FREE */
#define LIMIT_UNPACKED_FREE ((uint64_t)64 << 20)  /* bytes that may be unpacked before the ratio counts */

/* ---- errors -------------------------------------------------------------------------------------------------- */
#define ERR_LIST(X)                                     \
	X(ERR_NOMEM, -1, "out of memory")               \
	X(ERR_SYNTAX, -2, "syntax error")               \
	X(ERR_LIMIT, -3, "limit exceeded")              \
	X(ERR_IO, -4, "input/output error")             \
	X(ERR_NOENT, -5, "not found")                   \
	X(ERR_RANGE, -6, "value out of range")          \
	X(ERR_TYPE, -7, "wrong type")                   \
	X(ERR_DUP, -8, "duplicate")                     \
	X(ERR_UNSUPPORTED, -9, "not supported")         \
	X(ERR_TRUNC, -10, "truncated")                  \
	X(ERR_STOPPED, -11, "stopped")                  \
	X(ERR_PERM, -12, "permission denied")           \
	X(ERR_USAGE, -13, "usage error")

enum err_code {
#define X(name, num, text) name = num,
	ERR_LIST(X)
#undef X
};

/* An error with its context. `where` is a file name or empty; line and column are 1-based, 0 when unknown. */
struct err {
	int code;
	int line, column;
	char where[256];
	char text[512];
};

/* Static text of a code; never NULL. */
const char *err_text(int code);
/* Fill *e (may be NULL) and return code, so that `return err_set(...)` reads well. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with a position. where may be NULL. */
int err_at(struct err *e, int code, const char *where, int line, int column, const char *fmt, ...) PRINTF_LIKE(6, 7);
/* "where:line:column: text" into buf (always NUL-terminated); returns buf. */
char *err_format(const struct err *e, char *buf, size_t n);

/* Called where memory is out and no error can be returned; set once by main before threads start. Must not return. */
void core_set_oom(void (*fn)(void));
_Noreturn void core_oom(void);

/* ---- memory -------------------------------------------------------------------------------------------------- */
/* malloc/calloc/realloc that call core_oom() instead of returning NULL; sizes are multiplied with a check. */
void *xmalloc(size_t n) __attribute__((malloc, alloc_size(1)));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2)));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((alloc_size(2, 3)));
char *xstrndup(const char *s, size_t n) __attribute__((malloc));

/* Arena: bump allocation for things that die together. Pointers stay valid until arena_reset/arena_free.
 * arena_reset keeps one chunk for reuse. */
struct arena_chunk;
struct arena {
	char *cur, *end;
	struct arena_chunk *chunks;
	size_t used; /* bytes handed out since the last reset */
};
void arena_init(struct arena *a);
void arena_reset(struct arena *a);
void arena_free(struct arena *a);
void *arena_grow(struct arena *a, size_t n, size_t align); /* slow path of arena_alloc */
size_t arena_footprint(const struct arena *a);             /* bytes held, used or not */

/* n bytes aligned to 8, uninitialised; never NULL. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
	/* What is left is a multiple of 8, so that n fits rounded when it fits as it is; rounding first could wrap.
	 * n - 1 sends 0 to the slow path. */
	if (likely(n - 1 < (size_t)(a->end - a->cur))) {
		void *p = a->cur;
		n = (n + 7) & ~(size_t)7;
		a->cur += n;
		a->used += n;
		return p;
	}
	return arena_grow(a, n, 8);
}

/* Growth of a vector {T *v; size_t n, cap;}: room for `more` items; amortised doubling, checked. */
#define vec_reserve(vec, more)                                                                              \
	((vec)->cap - (vec)->n < (size_t)(more)                                                             \
		 ? (void)((vec)->v = vec_grow((vec)->v, &(vec)->cap, (vec)->n, (more), sizeof(*(vec)->v)))  \
		 : (void)0)
#define vec_push(vec) (vec_reserve(vec, 1), &(vec)->v[(vec)->n++])
void *vec_grow(void *p, size_t *cap, size_t n, size_t more, size_t size);

/* ---- slices -------------------------------------------------------------------------------------------------- */
/* Borrowed bytes, not NUL-terminated, may hold anything. */
struct slice {
	const char *p;
	size_t n;
};
#define SL(lit) ((struct slice){(lit), sizeof(lit) - 1})
#define SLFMT(s) (int)MIN((s).n, (size_t)INT32_MAX), (s).p /* for %.*s */
#define SLICE_NONE ((struct slice){NULL, 0})

static inline struct slice slice_of(const char *z) { return (struct slice){z, z ? strlen(z) : 0}; }
static inline struct slice slice_make(const char *p, size_t n) { return (struct slice){p, n}; }
/* memcmp() == 0 without the call for what is short: for the few places where that counts. */
static inline bool bytes_eq(const char *a, const char *b, size_t n)
{
	uint64_t x, y, u, v;
	if (n > 16)
		return memcmp(a, b, n) == 0;
	if (n >= 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&u, a + n - 8, 8);
		memcpy(&v, b + n - 8, 8);
		return ((x ^ y) | (u ^ v)) == 0;
	}
	if (n >= 4) {
		uint32_t x4, y4, u4, v4;
		memcpy(&x4, a, 4);
		memcpy(&y4, b, 4);
		memcpy(&u4, a + n - 4, 4);
		memcpy(&v4, b + n - 4, 4);
		return ((x4 ^ y4) | (u4 ^ v4)) == 0;
	}
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}
static inline bool slice_eq(struct slice a, struct slice b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
static inline bool slice_eqz(struct slice a, const char *z) { return slice_eq(a, slice_of(z)); }
static inline bool slice_starts(struct slice s, struct slice pre)
{
	return pre.n == 0 || (s.n >= pre.n && s.p[0] == pre.p[0] && memcmp(s.p, pre.p, pre.n) == 0);
}
static inline bool slice_ends(struct slice s, struct slice suf)
{
	return suf.n == 0 || (s.n >= suf.n && memcmp(s.p + (s.n - suf.n), suf.p, suf.n) == 0);
}
/* ASCII case-insensitive equality, prefix, suffix. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_istarts(struct slice s, struct slice pre);
bool slice_iends(struct slice s, struct slice suf);
/* Offset of the first/last needle, or -1. The i-forms fold ASCII case. */
ssize_t slice_find(struct slice s, struct slice needle);
ssize_t slice_rfind(struct slice s, struct slice needle);
ssize_t slice_ifind(struct slice s, struct slice needle);
static inline ssize_t slice_chr(struct slice s, char c)
{
	const char *q = s.n ? memchr(s.p, c, s.n) : NULL;
	return q ? q - s.p : -1;
}
static inline bool slice_has(struct slice s, struct slice needle) { return slice_find(s, needle) >= 0; }
static inline bool slice_ihas(struct slice s, struct slice needle) { return slice_ifind(s, needle) >= 0; }
static inline struct slice slice_from(struct slice s, size_t at)
{
	if (s.n == 0) /* no arithmetic on NULL */
		return s;
	return at >= s.n ? (struct slice){s.p + s.n, 0} : (struct slice){s.p + at, s.n - at};
}
static inline struct slice slice_to(struct slice s, size_t n) { return (struct slice){s.p, MIN(n, s.n)}; }
struct slice slice_trim(struct slice s); /* blanks and tabs, CR, both ends */
/* Cut s at the first c: *head is what precedes, s what follows. False and unchanged when c is absent. */
bool slice_cut(struct slice *s, char c, struct slice *head);
/* Next run of non-blanks; false at the end. */
bool slice_word(struct slice *s, struct slice *word);
/* Last path component. */
struct slice slice_basename(struct slice path);
/* Whole slice as a decimal (or hex) number within [0,max]; false when it is anything else. */
bool slice_u64(struct slice s, uint64_t max, uint64_t *out);
bool slice_i64(struct slice s, int64_t *out);
bool slice_hex(struct slice s, uint64_t *out);
/* Is it well-formed UTF-8 (RFC 3629)? */
bool slice_utf8(struct slice s);
/* Copy into the arena; a NUL follows the copy. */
struct slice slice_dup(struct arena *a, struct slice s);
int slice_cmp(struct slice a, struct slice b);

/* ---- growable byte buffer ------------------------------------------------------------------------------------ */
struct buf {
	char *p;
	size_t n, cap;
};
void buf_free(struct buf *b);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, char c);
void buf_addz(struct buf *b, const char *z);
void buf_adds(struct buf *b, struct slice s);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* JSON string with quotes (RFC 8259); bytes that are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, struct slice s);
/* Text for HTML content and attribute values; control bytes become visible. */
void buf_html(struct buf *b, struct slice s);
/* Text for a terminal: control bytes and escape sequences shown as \xNN, so that a log cannot drive the screen. */
void buf_term(struct buf *b, struct slice s);
static inline struct slice buf_slice(const struct buf *b) { return (struct slice){b->p, b->n}; }

/* ---- saved state: numbers little-endian, texts with their length ------------------------------------------------- */
void buf_u32(struct buf *b, uint32_t n);
void buf_u64(struct buf *b, uint64_t n);
void buf_sized(struct buf *b, struct slice s);
/* Reading: once something does not fit, `bad` stays set and everything reads as zero. */
struct wire {
	const char *p;
	size_t n;
	bool bad;
};
static inline struct wire wire_of(struct slice s) { return (struct wire){s.p, s.n, false}; }
uint32_t wire_u32(struct wire *w);
uint64_t wire_u64(struct wire *w);
struct slice wire_sized(struct wire *w); /* borrowed */
bool wire_raw(struct wire *w, void *to, size_t n); /* false, and zeros, when fewer are left */

/* ---- hashing, maps ------------------------------------------------------------------------------------------- */
/* Keyed with a seed drawn once per process: hostile keys cannot be chosen to collide. Not for storage. */
uint64_t hash_bytes(const void *p, size_t n);
uint64_t hash_u64(uint64_t x);
static inline uint64_t hash_mix(uint64_t a, uint64_t b) { return hash_u64(a ^ (b * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u)); }
/* Take the process's secret from a number that was kept, so that saved hashes stay valid. Before anything was hashed. */
void hash_reseed(uint64_t seed);
/* Stable across processes and machines (FNV-1a, 64 bit); for ids, never for maps with hostile keys. */
uint64_t hash_stable(uint64_t h, const void *p, size_t n);
#define HASH_STABLE_INIT 0xcbf29ce484222325u

/* String table: bytes to a dense number, and back. Number 0 is the empty string. Copies what it keeps. */
struct strtab;
struct strtab *strtab_new(void);
void strtab_free(struct strtab *t);
uint32_t strtab_put(struct strtab *t, struct slice s);
uint32_t strtab_find(const struct strtab *t, struct slice s); /* UINT32_MAX when absent */
struct slice strtab_get(const struct strtab *t, uint32_t id);
uint32_t strtab_count(const struct strtab *t);

/* Bounded map: key bytes (<= 256) to a fixed-size zeroed value, least recently used evicted beyond max entries.
 * The memory of every detector is made of these, so that hostile logs cannot grow it. A value pointer is valid
 * until the next lru_put or lru_del of the same map. */
struct lru;
typedef void lru_evict_fn(void *arg, struct slice key, void *value);
struct lru *lru_new(size_t value_size, size_t max_entries, lru_evict_fn *on_evict, void *arg);
void lru_free(struct lru *m);                       /* calls on_evict for what is left */
void *lru_get(struct lru *m, struct slice key);     /* NULL when absent; marks as used */
void *lru_put(struct lru *m, struct slice key, bool *fresh); /* finds or makes; *fresh may be NULL */
void lru_del(struct lru *m, struct slice key);      /* calls on_evict */
/* The same for who knows hash_bytes() of the key already. */
void *lru_get_hashed(struct lru *m, struct slice key, uint64_t hash);
void *lru_put_hashed(struct lru *m, struct slice key, uint64_t hash, bool *fresh);
/* Where a value lies, for who comes again with the same key: lru_sit is lru_get without looking for it, NULL when the entry has
 * gone since (or the seat is empty). A seat dies with its map. */
struct lru_seat {
	struct lru_node *node;
	uint32_t turn;
};
struct lru_seat lru_seat(void *value);
void *lru_sit(struct lru *m, struct lru_seat seat);
size_t lru_count(const struct lru *m);
uint64_t lru_evicted(const struct lru *m);          /* how many had to go: state was lost, say so */
/* Oldest first; stops when fn returns false. fn must not change the map. */
void lru_each(struct lru *m, bool (*fn)(void *arg, struct slice key, void *value), void *arg);

/* All entries, oldest first, values byte for byte: only for values without pointers. */
void lru_save(struct lru *m, struct buf *b);
/* Back into an empty map; false (and the map empty) when the bytes are not of such a map. */
bool lru_load(struct lru *m, struct wire *w);

/* Compound key on the stack: parts joined with a byte that separates them (lengths are mixed in, so that
 * {"ab","c"} and {"a","bc"} differ). Parts are cut so that the whole fits. */
struct key {
	size_t n;
	char b[256];
};
void key_init(struct key *k);
void key_add(struct key *k, struct slice part);
static inline struct slice key_slice(const struct key *k) { return (struct slice){k->b, k->n}; }

/* ---- time ---------------------------------------------------------------------------------------------------- */
/* Nanoseconds since the epoch, UTC. */
typedef int64_t nstime;
#define NS_SEC ((nstime)1000000000)
#define NS_MIN (60 * NS_SEC)
#define NS_HOUR (3600 * NS_SEC)
#define NS_DAY (86400 * NS_SEC)
#define NSTIME_NONE INT64_MIN

/* Days since the epoch of a proleptic Gregorian date (month 1-12), and back (H. Hinnant, "chrono-compatible
 * low-level date algorithms"). */
int64_t days_from_civil(int64_t y, unsigned m, unsigned d);
void civil_from_days(int64_t days, int *y, unsigned *m, unsigned *d);
/* Seconds since the epoch for a UTC civil time; no range check. */
int64_t civil_seconds(int y, unsigned mon, unsigned d, unsigned h, unsigned min, unsigned s);
struct civil {
	int year;
	unsigned month, day, hour, minute, second, weekday; /* weekday 0 = Monday (ISO) */
	unsigned nanos;
};
struct civil civil_of(nstime t);
/* RFC 3339 in UTC, "2026-11-23T16:30:54.123Z" (millis, cut), into buf; returns buf. "" for NSTIME_NONE. */
char *time_rfc3339(nstime t, char buf[static 40]);
/* "2026-11-23 16:30:54" UTC; returns buf. "" for NSTIME_NONE. */
char *time_plain(nstime t, char buf[static 40]);

/* ---- addresses ----------------------------------------------------------------------------------------------- */
/* IPv6, IPv4 as ::ffff:a.b.c.d, so that both compare alike. */
struct ip {
	uint8_t b[16];
};
bool ip_parse(struct slice s, struct ip *out); /* no brackets, no port; zone "%eth0" is cut off */
bool ip_is_v4(const struct ip *ip);
/* Loopback, link-local, RFC 1918, unique local: not an address of the outside world. */
bool ip_is_private(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);
struct cidr {
	struct ip net;
	unsigned bits; /* 0-128 */
};
bool cidr_parse(struct slice s, struct cidr *out); /* "a.b.c.d/n", "v6/n", or a single address */
bool cidr_has(const struct cidr *c, const struct ip *ip);
/* The network an address counts as when "same network" is asked: /24 for v4, /48 for v6. */
struct cidr ip_network(const struct ip *ip);
char *ip_text(const struct ip *ip, char buf[static 48]);

/* ---- log hook ------------------------------------------------------------------------------------------------ */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
/* Libraries say things through this; main sets where they go before threads start (default: nowhere). */
typedef void core_log_fn(enum log_level level, const char *text);
void core_set_log(core_log_fn *fn);
void core_log(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
