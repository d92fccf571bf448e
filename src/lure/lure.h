/* lure.h - is this file bait? Documents, archives, images of disks, shortcuts, installers, packages: bytes to named indicators.
 *
 * An object (a file, or a part of one) is told by its content, taken apart by the parser of its type, and what is in it becomes objects of their own, down to
 * limits. Parsers say what they see as indicators, each with evidence; what several of them mean together stands in a table of combinations; the verdict follows from
 * both. Nothing is executed, opened with an application, or fetched. A limit that was reached is an indicator, too: what was not looked at is never clean.
 *
 * Life:    lure_new(), lure_inspect() with one object from outside, then read; lure_reset() for the next.
 * Threads: one at a time per struct.  Memory: bounded by limits.total. Meant to run in a process that can do nothing else (sys_confine_as, room inspect).
 */
#ifndef POSTERN_LURE_H
#define POSTERN_LURE_H

#include "core/core.h"
#include "event/event.h"

/* ---- types, told from content ------------------------------------------------------------------------------------------- */
#define LURE_TYPES(X)                                                                                                        \
	X(UNKNOWN, "unknown") X(EMPTY, "empty") X(TEXT, "text") X(BINARY_PICTURE, "picture")                                   \
	X(OLE, "ole2") X(OOXML, "ooxml") X(ODF, "opendocument") X(FLAT_XML, "flat-office-xml") X(RTF, "rtf") X(SHEET, "spreadsheet-text") X(ACTIVEMIME, "activemime") X(PDF, "pdf")    \
	X(ZIP, "zip") X(SEVENZIP, "7z") X(RAR, "rar") X(TAR, "tar") X(CAB, "cab") X(PACKED, "compressed") X(AR, "ar")          \
	X(ISO, "iso9660") X(UDF, "udf") X(VHD, "vhd") X(VHDX, "vhdx") X(DISK, "disk-image")                                   \
	X(LNK, "shortcut") X(URLFILE, "internet-shortcut") X(RDP, "rdp") X(SCRIPT, "script") X(HTML, "html") X(SVG, "svg") X(XML, "xml") \
	X(ONENOTE, "onenote") X(ICS, "calendar") X(VCARD, "vcard") X(PE, "pe") X(MSI, "msi") X(ELF, "elf") X(MACHO, "mach-o") X(JAR, "jar") X(CHM, "chm") \
	X(MOBILECONFIG, "mobileconfig") X(CODE_PACKAGE, "code-package") X(EML, "message") X(MBOX, "mailbox") X(MSG, "outlook-message") X(TNEF, "tnef") X(MHTML, "mhtml")
enum lure_type {
#define X(id, name) LT_##id,
	LURE_TYPES(X)
#undef X
	LT_COUNT
};
const char *lure_type_name(enum lure_type t);
/* From content; name only decides where content leaves it open (scripts). */
enum lure_type lure_type_of(struct slice bytes, struct slice name);

/* ---- indicators ----------------------------------------------------------------------------------------------------------- */
enum lure_family { FAMILY_FILE, FAMILY_LINK, FAMILY_IDENTITY, FAMILY_AUTHENTICATION, FAMILY_LANGUAGE, FAMILY_HISTORY, FAMILY_LIMIT, FAMILY_COUNT };
const char *lure_family_name(enum lure_family f);
enum lure_language { LURE_EN, LURE_DE, LURE_KO, LURE_LANGUAGES };
enum indicator {
	IND_NONE,
#define IND(id, level, family, attack, analyst, en, de, ko) IND_##id,
#include "lure/indicators.def"
#undef IND
	IND_COUNT
};
struct indicator_info {
	const char *id;                       /* "OFFICE_REMOTE_TEMPLATE" */
	enum level level;
	enum lure_family family;
	const char *attack;                   /* ATT&CK ids, blank-separated; "" none */
	const char *analyst;                  /* what was seen and what it means, for who knows the field */
	const char *employee[LURE_LANGUAGES]; /* what this is, what is wrong with it, what to do; one to three short sentences */
};
extern const struct indicator_info indicator_table[IND_COUNT];
enum indicator indicator_by_name(struct slice name); /* IND_COUNT: none */

/* ---- objects and findings --------------------------------------------------------------------------------------------------- */
enum lure_how { LURE_GIVEN, LURE_MEMBER /* of an archive or image */, LURE_PART /* of a message */, LURE_EMBEDDED /* in a document */, LURE_DECODED /* text that hid it */ };
struct lure_object {
	uint32_t id, parent;                  /* parent UINT32_MAX: given */
	uint32_t depth;
	enum lure_how how;
	enum lure_type type;
	struct slice name;                    /* as it is written there; hostile bytes */
	struct slice bytes;                   /* only while it is inspected */
	uint64_t size;
	char sha256[65];
	bool encrypted;                       /* its content cannot be read */
	bool hidden;                          /* marked so in its container */
	bool opened;                          /* it was encrypted, and a password of the message opened it */
	uint32_t children;
};
struct lure_finding {
	enum indicator indicator;
	uint32_t object;
	uint64_t offset;                      /* in the object; UINT64_MAX: the whole */
	struct slice where;                   /* "word/_rels/settings.xml.rels", "macro Module1", "header Reply-To"; "" none */
	struct slice evidence;                /* at most 200 bytes, control bytes visible, links defanged */
	uint32_t count;                       /* of the same indicator in the same object: the first is shown */
};
struct lure_note { uint32_t object; const char *name; struct slice value; }; /* "title", "signer", "target": facts without judgement */

struct lure_limits {                          /* 0: the default */
	uint32_t depth;                       /* 6 */
	uint32_t objects;                     /* 2,000 */
	uint64_t total, one;                  /* unpacked bytes: 256 MB, 64 MB an object */
	uint32_t ratio;                       /* 200 to 1, above 10 MB */
	uint32_t names;                       /* of archives listed: 20,000 */
	uint32_t milliseconds;                /* 8,000 */
};
struct lure;
struct lure *lure_new(const struct lure_limits *limits);
void lure_free(struct lure *l);
void lure_reset(struct lure *l);
/* ---- products that lures pretend to be, and who signs them: lists/products.yaml and rows of one's own. Read-only once loaded, then for any thread. */
struct lure_products;
struct lure_products *lure_products_new(void);
void lure_products_free(struct lure_products *p);
/* Rows are added; one with the name of an earlier row stands in its place. ERR_* with file:line:column; what was read before stays. */
int lure_products_load(struct lure_products *p, const char *file, struct err *e);
int lure_products_parse(struct lure_products *p, struct slice yaml, const char *file, struct err *e);
struct lure_claim { struct slice product, text /* which of the texts claims it */; bool maker /* the signer is its publisher */; };
/* Which product a program with these texts (names, version information) says it is. signer: of a signature that fits; SLICE_NONE. p may be NULL: none is known. */
bool lure_product_claimed(const struct lure_products *p, const struct slice *texts, size_t n, struct slice signer, struct lure_claim *out);

/* What is known beforehand: set before the first inspection; borrowed. */
struct lure_known {
	const struct slice *own_domains; size_t nown_domains;
	const struct lure_products *products; /* NULL: none */
};
void lure_know(struct lure *l, const struct lure_known *k);
/* Words that may open what is encrypted: from the message it came in, tried in this order, at most 20. Copied. */
void lure_password(struct lure *l, struct slice word);
/* All of it. bytes and name are borrowed for the call. 0, or ERR_NOMEM; a file that cannot be parsed is no error but an indicator. */
int lure_inspect(struct lure *l, struct slice name, struct slice bytes, struct err *e);
/* Objects of this type are taken apart by another room (messages): like a parser of this one. */
void lure_parse_with(struct lure *l, enum lure_type t, void (*parse)(void *arg, struct lure *l, uint32_t id, struct slice bytes), void *arg);
/* Asked about the bytes of every object, before its parser: rules of the user. */
void lure_scan_with(struct lure *l, void (*scan)(void *arg, struct lure *l, uint32_t id, struct slice bytes), void *arg);
/* A whole that its own room takes apart (a message): only its name, size and hash are noted. */
uint32_t lure_add_given(struct lure *l, struct slice name, struct slice bytes, enum lure_type type);

size_t lure_objects(const struct lure *l, const struct lure_object **out);
size_t lure_findings(const struct lure *l, const struct lure_finding **out);
size_t lure_notes(const struct lure *l, const struct lure_note **out);

/* ---- for parsers (also of room mail) -------------------------------------------------------------------------------------------- */
/* Says it once per object and indicator; more are counted. */
void lure_found(struct lure *l, uint32_t object, enum indicator i, uint64_t offset, const char *where, const char *fmt, ...) PRINTF_LIKE(6, 7);
void lure_found_slice(struct lure *l, uint32_t object, enum indicator i, uint64_t offset, struct slice where, struct slice evidence);
bool lure_has(const struct lure *l, enum indicator i); /* anywhere */
bool lure_object_has(const struct lure *l, uint32_t object, enum indicator i);
void lure_fact(struct lure *l, uint32_t object, const char *name, struct slice value);
struct slice lure_fact_of(const struct lure *l, uint32_t object, const char *name); /* SLICE_NONE */
/* A part of an object to be inspected in its turn; bytes are copied. False when a limit forbids (said as an indicator). */
struct lure_child { enum lure_how how; struct slice name, bytes; bool hidden, encrypted, opened; uint64_t size; /* 0: bytes.n */ };
bool lure_child(struct lure *l, uint32_t parent, const struct lure_child *c);
/* Time is up, or too much was unpacked: stop taking apart. Cheap; ask often. */
bool lure_stop(struct lure *l);
uint64_t lure_room(const struct lure *l); /* bytes that may still be unpacked */
const struct lure_known *lure_knows(const struct lure *l);
size_t lure_passwords(const struct lure *l, const struct slice **out);
struct arena *lure_arena(struct lure *l); /* until lure_reset */

/* The host of a URL or of a path to a share, without user and port, as written; SLICE_NONE: there is none. */
struct slice lure_host(struct slice url);
/* Value of an attribute of an HTML tag "<a ...", as written, whatever prefix it has ("xlink:"); SLICE_NONE. */
struct slice lure_attribute(struct slice tag, struct slice name);

/* ---- verdict ------------------------------------------------------------------------------------------------------------------ */
enum verdict { VERDICT_CLEAN /* as far as seen */, VERDICT_CANNOT_TELL, VERDICT_SUSPICIOUS, VERDICT_LURE };
const char *verdict_name(enum verdict v); /* "clean", "cannot-tell", "suspicious", "lure" */
/* Findings that mean more together. */
struct combination_info {
	const char *id;                       /* "DREAMJOB_PACKAGE" */
	enum level level;
	bool quarantine;                      /* file-critical */
	const char *attack, *analyst, *employee[LURE_LANGUAGES];
};
size_t combinations(const struct combination_info **out);
struct lure_verdict {
	enum verdict verdict;
	enum level level;                     /* the highest of findings and combinations */
	bool quarantine;
	uint32_t score;                       /* for sorting only */
	uint32_t combinations[16]; size_t ncombinations; /* places in the table */
	uint32_t reasons[32]; size_t nreasons; /* findings that carry it, worst first */
	bool limited;                         /* a limit was reached, or something could not be opened */
};
void lure_judge(const struct lure *l, struct lure_verdict *out);
/* Does its hash tell that two messages belong together? */
bool lure_is_telling(const struct lure_object *o);

/* ---- telling -------------------------------------------------------------------------------------------------------------------- */
void lure_json(const struct lure *l, const struct lure_verdict *v, struct slice name, struct buf *out); /* one line */
void lure_text(const struct lure *l, const struct lure_verdict *v, struct slice name, enum lure_language language, bool explain, bool tree, bool color, struct buf *out);
/* Saved by the process that parsed, read by the one that asked: false when the bytes are none. */
void lure_save(const struct lure *l, struct buf *out);
bool lure_load(struct lure *l, struct slice bytes);

#endif
