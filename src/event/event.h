/* event.h - the normalised event, the finding, the field and action tables.
 *
 * An event is what one log line (or several records of one happening) says, in ECS names. Its values are slices into
 * the block it was decoded from or into the batch's arena: both live as long as the batch. A finding owns its memory.
 * Threads: a batch belongs to one thread at a time; the tables are constant.
 */
#ifndef POSTERN_EVENT_H
#define POSTERN_EVENT_H

#include "core/core.h"

/* ---- tables -------------------------------------------------------------------------------------------------- */
enum field_type { FT_STR, FT_INT, FT_ADDR };
enum field_id {
	F_NONE,
#define FIELD(id, name, type) id,
#include "event/fields.def"
#undef FIELD
	FIELD_COUNT
};
enum action {
#define ACTION(id, name, category, type) id,
#include "event/actions.def"
#undef ACTION
	ACTION_COUNT
};
struct field_info {
	const char *name;
	enum field_type type;
	size_t n; /* strlen(name) */
};
struct action_info {
	const char *id, *name, *category, *type;
};
extern const struct field_info field_table[FIELD_COUNT];
extern const struct action_info action_table[ACTION_COUNT];
/* Field by ECS name; F_NONE when the table has none. */
enum field_id field_by_name(struct slice name);
enum action action_by_name(struct slice name);

enum outcome { OUTCOME_NONE, OUTCOME_SUCCESS, OUTCOME_FAILURE, OUTCOME_UNKNOWN };
const char *outcome_name(enum outcome o);

enum level { LEVEL_INFO, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_CRITICAL };
#define LEVEL_COUNT 5
const char *level_name(enum level l);             /* "informational" ... */
bool level_parse(struct slice s, enum level *out); /* also "info" */

/* ---- which actions somebody wants ---------------------------------------------------------------------------- */
/* Decoders recognise every line they know, but take out the fields only of what a rule or detector wants. */
struct interest {
	uint64_t bits[(ACTION_COUNT + 63) / 64];
	/* From whom: NULL anybody, else datasets, blank-separated; behind a "!" those that are not wanted. Static text. */
	const char *from[ACTION_COUNT];
};
static inline void interest_add(struct interest *i, enum action a)
{
	i->bits[a / 64] |= (uint64_t)1 << (a % 64);
	i->from[a] = NULL;
}
/* The same from some only; whoever asks for more gets more. */
void interest_add_from(struct interest *i, enum action a, const char *from);
static inline bool interest_has(const struct interest *i, enum action a) { return i->bits[a / 64] >> (a % 64) & 1; }
/* Is an event of this dataset wanted, too, given that its action is? */
bool interest_from(const struct interest *i, enum action a, struct slice dataset);
static inline void interest_all(struct interest *i)
{
	*i = (struct interest){0};
	memset(i->bits, 0xff, sizeof i->bits);
}

/* ---- event --------------------------------------------------------------------------------------------------- */
struct value {
	uint16_t field; /* enum field_id; FIELD_COUNT and above: a name of the batch (see event_add_named) */
	uint8_t type;   /* enum field_type */
	bool parsed;    /* FT_INT: n holds the number. FT_ADDR: ip holds the address */
	uint32_t len;
	const char *p;
	union {
		int64_t n;
		const struct ip *ip;
		const char *name; /* NUL-terminated field name for event_add_named */
	};
};

enum event_flag {
	EV_YEAR_INFERRED = 1, /* the line had no year */
	EV_NO_TIME = 2,       /* the line had no time: it carries its neighbour's, or the file's */
	EV_NO_ZONE = 4,       /* local time without offset: --tz or the organisation's zone was used */
	EV_MARKED = 16,       /* a rule's literal stands in the line */
	EV_PLAIN = 32,        /* no rule's literal stands in the line: it was looked through */
	EV_DULL = 64,         /* no rule holds for it: asked already */
	EV_LATE = 8,          /* came behind the clock of its host beyond the bound */
};

/* A line of name=value pairs (an audit record) as its decoder read it. Names are shared by many such lines and outlive all events; hash tells one kind of
 * line with its names from others (keyed; as good as certain). Lines have the first n of them. */
struct pair_names {
	uint64_t hash;
	uint32_t n;
	const struct slice *name;
};
struct pair_value {
	uint32_t at;          /* in text */
	uint32_t n : 31, quoted : 1;
};
struct line_pairs {
	const struct pair_names *names;
	const char *text;
	uint32_t n;
	struct pair_value v[];
};

/* Where a raw line lies. */
struct rawref {
	uint64_t offset; /* byte offset in the (unpacked) file */
	struct slice raw;
};

struct event {
	nstime time;
	uint16_t action;    /* enum action */
	uint8_t outcome;    /* enum outcome */
	uint8_t flags;      /* enum event_flag */
	uint32_t source;    /* number of the file in the run's source list */
	struct slice dataset; /* program: "sshd", "nginx.access"; static storage */
	struct slice host;
	struct rawref at;       /* the line, or the first record */
	struct rawref *more;    /* further records joined into this event */
	uint32_t nmore;
	uint32_t nvalues, capvalues;
	struct value *values;
	const struct line_pairs *pairs; /* of the line, where it was read so; NULL: it was not. Copies of an event have none */
};

/* First value of a field; NULL when the event has none. */
const struct value *event_get(const struct event *e, enum field_id f);
/* Its text; SLICE_NONE when absent. */
struct slice event_str(const struct event *e, enum field_id f);
/* Its number; fallback when absent or not a number. */
int64_t event_int(const struct event *e, enum field_id f, int64_t fallback);
/* Its address; NULL when absent or not an address (a host name). */
const struct ip *event_ip(const struct event *e, enum field_id f);
/* source.ip as text, or source.address when the log gave a name; SLICE_NONE when neither. */
struct slice event_source(const struct event *e);

/* ---- batch: the events of one block -------------------------------------------------------------------------- */
struct batch {
	struct arena arena;
	struct event *v;
	size_t n, cap;
};
void batch_init(struct batch *b);
void batch_reset(struct batch *b); /* keeps memory for the next block */
void batch_free(struct batch *b);
/* New event at the end; zeroed but for what the caller sets. The pointer is valid until the next batch_add. */
struct event *batch_add(struct batch *b);
/* Append a value. The bytes are borrowed. FT_INT text is parsed as decimal; FT_ADDR as an address: text that is not
 * one goes to the matching .address field (source.ip -> source.address), v4-mapped text is cut to its v4 part.
 * Beyond LIMIT_VALUES values are dropped. */
void event_add(struct batch *b, struct event *e, enum field_id f, struct slice text);
/* Room for n values behind those that are there, to be filled and counted (nvalues) by the caller. n at most LIMIT_VALUES less nvalues. */
struct value *event_room(struct batch *b, struct event *e, uint32_t n);
void event_add_int(struct batch *b, struct event *e, enum field_id f, int64_t n);
/* A field outside the table (generic JSON): name is copied, text borrowed. */
void event_add_named(struct batch *b, struct event *e, struct slice name, struct slice text);
/* Deep copy into a batch that lives elsewhere (keeps records of several blocks). */
struct event *event_copy(struct batch *to, const struct event *e);

/* To bytes and back, into a batch of its own. names keeps what must outlive the batch. False, and nothing added, when the bytes are no event. */
void event_save(const struct event *e, struct buf *b);
bool event_load(struct wire *w, struct batch *to, struct strtab *names);

/* One line of nested ECS JSON (no newline): @timestamp, event.*, log.file.path, log.offset, host.name, fields. */
void event_json(struct buf *out, const struct event *e, struct slice file);

/* ---- finding ------------------------------------------------------------------------------------------------- */
enum entity_type {
	ENT_HOST,       /* host it happened on */
	ENT_DEST_HOST,  /* host it led to */
	ENT_USER,       /* account */
	ENT_SOURCE,     /* source address, text */
	ENT_PROVIDER,   /* provider id of org.yaml */
	ENT_PERSON,     /* person's name of org.yaml */
	ENT_FILE,       /* path */
	ENT_HASH,
	ENT_MAIL,       /* mail address */
	ENT_KEY,        /* SSH key fingerprint */
	ENT_DOMAIN,     /* outside name or address contacted */
	ENT_COMMAND,    /* command line, for the story */
	ENT_PROFILE,    /* on a network, as text: who wrote there */
	ENT_COUNT
};
const char *entity_name(enum entity_type t); /* "host", "user", ... */
struct entity {
	enum entity_type type;
	struct slice value;
};

struct evidence {
	uint32_t source; /* file number */
	uint64_t offset;
	nstime time;
	struct slice raw; /* cut at LIMIT_RAW_KEPT */
};

/* The stages of case 1, in order; a finding may belong to none. */
#define STAGE_LIST(X)                                                     \
	X(STAGE_NONE, "none", "")                                         \
	X(STAGE_ENTRY, "side-door", "side-door entry")                    \
	X(STAGE_TOOLS, "tools", "tools fetched")                          \
	X(STAGE_TUNNEL, "tunnel", "tunnel")                               \
	X(STAGE_CREDENTIALS, "credentials", "credentials taken")          \
	X(STAGE_MOVED, "moved-on", "moved on")                            \
	X(STAGE_IMPERSONATION, "impersonation", "impersonation")          \
	X(STAGE_DISTRIBUTION, "distribution", "distribution")             \
	X(STAGE_COVER, "cover", "traces covered")
enum stage {
#define X(id, name, title) id,
	STAGE_LIST(X)
#undef X
	STAGE_COUNT
};
const char *stage_name(enum stage s);
const char *stage_title(enum stage s);

/* A login on a path of logins. */
struct login_hop {
	nstime time;
	struct slice account, person, from, to; /* from: host or address */
	uint32_t port;                          /* of the source */
	bool switched;                          /* other credentials than those of the hop before */
};

struct finding {
	struct arena mem;
	char uid[36];           /* stable for the same evidence: hex of rule, entities, first evidence */
	struct slice rule_id;   /* detector id ("postern.brute-force-success") or Sigma UUID */
	struct slice rule_name; /* its title */
	struct slice title;     /* one line about this finding */
	struct slice text;      /* explanation in a sentence or two */
	enum level level;
	enum stage stage;
	nstime first, last;
	uint64_t count;         /* happenings summed up in it */
	uint64_t tally;         /* a detector's second count, for its last words */
	bool joined;            /* part of an incident: told there (set by room incident) */
	const char *const *techniques; /* ATT&CK ids, NULL-terminated, static */
	struct entity *entities;
	size_t nentities;
	struct evidence *evidence;
	size_t nevidence, capevidence, evidence_bytes;
	double score;           /* of a login path; 0 none */
	struct login_hop *hops; /* oldest first */
	size_t nhops;
};

struct finding *finding_new(void);
void finding_free(struct finding *f); /* NULL is fine */
void finding_printf(struct finding *f, struct slice *out, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Adds once per type and value; an empty value is ignored. */
void finding_entity(struct finding *f, enum entity_type t, struct slice value);
struct slice finding_get(const struct finding *f, enum entity_type t); /* first of the type, or SLICE_NONE */
/* Copies the event's raw lines; beyond LIMIT_EVIDENCE only times and counts go on. */
void finding_evidence(struct finding *f, const struct event *e);
void finding_evidence_raw(struct finding *f, uint32_t source, uint64_t offset, nstime t, struct slice raw);
/* Name it for good, by what opened it: the same key and time give the same uid, whatever it collects later. */
void finding_name(struct finding *f, struct slice key, nstime t);
/* Fill uid from what is there, unless it has one; call last. */
void finding_seal(struct finding *f);
/* To bytes and back, with everything but `joined`. NULL when the bytes are no finding. */
void finding_save(const struct finding *f, struct buf *b);
struct finding *finding_load(struct wire *w);

#endif
