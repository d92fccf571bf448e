/* office_private.h - what the parsers of office formats share: compound files, the zip of OOXML, XML, VBA, decryption.
 *
 * Own readers throughout, also for OLE2 and XML: the input is hostile, what is needed is little, and libgsf would bring GLib, libxml2 allocation that nobody bounds.
 * Each reader borrows the bytes it is given and allocates in `struct office`'s arena, which dies with the document.
 */
#ifndef POSTERN_OFFICE_PRIVATE_H
#define POSTERN_OFFICE_PRIVATE_H

#include "lure/lure_private.h"

enum {
	CFB_ENTRIES_MAX = 8192,   /* directory entries; an .xls with pivot caches has some hundred */
	ZIP_MEMBERS_MAX = 8192,   /* members of an office zip; a large deck has about 2,000 */
	XML_DEPTH_MAX = 256,
	XML_ATTRIBUTES_MAX = 256,
	VBA_SOURCE_MAX = 8 << 20, /* bytes of source of one project */
	VBA_MODULES_MAX = 1024,
	RTF_GROUPS_MAX = 1024,
	OFFICE_PART_MAX = 64 << 20, /* bytes of one part or stream */
};

/* One document while it is taken apart. */
struct office {
	struct lure *l;
	uint32_t id;
	struct arena a;
	uint64_t room;  /* bytes this document may unpack or copy at a time */
	uint64_t left;  /* and all in all */
	bool broken;    /* said already */
	bool flat;      /* one XML file, which carries its parts in itself */
};
void office_start(struct office *o, struct lure *l, uint32_t id, struct slice bytes);
void office_end(struct office *o);
/* What is taken between the two is given back: a part at a time is held, so that a workbook of many large sheets is read whole. */
struct office_mark { struct arena a; uint64_t room, before; };
struct office_mark office_mark(struct office *o);
void office_release(struct office *o, struct office_mark m);
/* n bytes of the document's allowance; NULL (and LIMIT_SIZE is said) when it is used up. */
char *office_take(struct office *o, uint64_t n, const char *where);
void office_broken(struct office *o, const char *where, const char *what);
void office_found(struct office *o, enum indicator i, const char *where, struct slice evidence);
/* "a: b" in the arena, NUL-terminated. */
struct slice office_join(struct office *o, struct slice a, const char *between, struct slice b);
const char *office_z(struct office *o, struct slice s);
/* Hands on what is embedded, and says so (as a program when it is one). name may be SLICE_NONE: `fallback` then. */
void office_child(struct office *o, struct slice name, const char *fallback, struct slice bytes, const char *where);
/* The end of a name, or the beginning of bytes, of something that runs. */
bool office_runs_name(struct slice name);
bool office_runs_bytes(struct slice bytes);
/* Words that start programs, in a command line or a DDE link. */
bool office_command(struct slice text);
/* Code page text of one byte a character as UTF-8 (Latin-1 reading: for names shown, never for decisions). */
struct slice office_latin(struct office *o, struct slice s);
struct slice office_utf16(struct office *o, struct slice s);
struct slice office_inflate(struct office *o, struct slice packed, uint64_t expected, int bits, const char *where); /* bits as inflateInit2's */
/* Whole words, whatever the case. */
bool office_has_word(struct slice text, const char *word);

/* ---- compound files (office_cfb.c) ------------------------------------------------------------------------------- */
enum { CFB_UNUSED, CFB_STORAGE, CFB_STREAM, CFB_ROOT = 5 };
struct cfb_entry {
	struct slice name;
	uint32_t left, right, child, parent, start;
	uint64_t size;
	const uint8_t *clsid;
	uint8_t type;
	bool reached; /* hangs in the tree: applications see only these */
};
struct cfb {
	struct office *o;
	struct slice bytes, mini;
	uint32_t *fat, *minifat;
	size_t nfat, nminifat, n;
	uint32_t shift, minishift, cutoff;
	struct cfb_entry *entries;
};
bool cfb_open(struct cfb *c, struct office *o, struct slice bytes);
/* Child of a storage by name, ASCII case folded; UINT32_MAX: none. */
uint32_t cfb_child(const struct cfb *c, uint32_t storage, const char *name);
/* Bytes of a stream: of the file where they lie together, else a copy. */
struct slice cfb_read(struct cfb *c, uint32_t entry);
struct slice cfb_stream(struct cfb *c, uint32_t storage, const char *name); /* SLICE_NONE: none */
const char *cfb_path(struct cfb *c, uint32_t entry);

/* ---- the zip of OOXML and ODF (office_zip.c) ------------------------------------------------------------------------ */
struct zip_member { struct slice name; uint64_t packed, size, at; uint16_t method; bool encrypted; };
struct zip { struct office *o; struct slice bytes; struct zip_member *members; size_t n; };
bool zip_open(struct zip *z, struct office *o, struct slice bytes);
struct slice zip_read(struct zip *z, const struct zip_member *m);
/* The first bytes of a member into to; how many. */
size_t zip_peek(const struct zip *z, const struct zip_member *m, char *to, size_t n);
const struct zip_member *zip_find(const struct zip *z, struct slice name); /* case folded, leading "/" ignored; NULL: none */

/* ---- XML (office_xml.c): no entities but the five and numbers, no DTD, nothing allocated -------------------------------- */
enum xml_event { XML_END, XML_OPEN, XML_CLOSE, XML_TEXT };
struct xml {
	struct slice s;
	size_t at;
	uint32_t depth;
	struct slice name;   /* of the element, without its prefix */
	struct slice prefix;
	struct slice rest;   /* its attributes as written */
	struct slice text;   /* as written */
	bool empty;          /* <x/>: an XML_CLOSE follows all the same */
	bool closing;        /* the pending XML_CLOSE of it */
	bool dtd;            /* a DOCTYPE was seen */
	bool deep;           /* stopped at XML_DEPTH_MAX */
};
/* UTF-16 becomes UTF-8 in the arena, a byte order mark goes. */
void xml_start(struct xml *x, struct office *o, struct slice s);
enum xml_event xml_next(struct xml *x);
/* Is there one of these elements, by local name? One pass over the tags, without reading them. */
bool xml_has_element(struct slice s, const struct slice *names, size_t count);
/* Value of an attribute by local name as written; SLICE_NONE when absent. */
struct slice xml_attr(const struct xml *x, const char *name);
/* The same with references replaced. */
struct slice xml_attr_text(const struct xml *x, struct office *o, const char *name);
struct slice xml_unescape(struct office *o, struct slice s);

/* ---- VBA (office_vba.c, office_macro.c) -------------------------------------------------------------------------------- */
/* MS-OVBA 2.4.1; what could be unpacked, cut at VBA_SOURCE_MAX. *ok false: it ended early or made no sense. */
struct slice vba_unpack(struct office *o, struct slice packed, bool *ok);
/* All projects in a compound file. True when there is one. */
bool vba_projects(struct cfb *c);
struct vba_module { struct slice name, source, code; /* p-code: what precedes the source */ bool has_source; };
void vba_judge(struct office *o, const struct vba_module *m, size_t n, struct slice project);

/* ---- links that pull or run (office_link.c) ------------------------------------------------------------------------------ */
enum link_kind { LINK_TEMPLATE, LINK_OBJECT, LINK_FRAME, LINK_WORKBOOK, LINK_PICTURE, LINK_OTHER };
/* Judges a target outside of the document by what loads it; local paths are quiet. */
void link_judge(struct office *o, enum link_kind kind, struct slice target, const char *where);
/* A DDE link or field: server, topic, item or the whole as written. */
void link_dde(struct office *o, struct slice text, const char *where);
/* A Word field's instruction, whole: DDE, INCLUDEPICTURE, INCLUDETEXT, LINK, IMPORT. */
void field_judge(struct office *o, struct slice instruction, const char *where);
/* An Excel formula as text: DDE, and functions that fetch. True when it says DDE. */
bool formula_dde(struct office *o, struct slice formula, const char *where);

/* ---- parts of documents ---------------------------------------------------------------------------------------------------- */
void doc_parse(struct cfb *c, uint32_t storage, struct slice stream);
void xls_parse(struct office *o, struct slice workbook);
void ppt_parse(struct office *o, struct slice stream);
/* Fields as Word marks them in its text: 0x13 instruction 0x14 result 0x15, nested. */
enum { FIELDS_DEEP = 16, FIELD_TEXT = 8192 };
struct fields { struct office *o; const char *where; struct buf text; size_t start[FIELDS_DEEP]; bool done[FIELDS_DEEP]; uint32_t depth; };
void fields_char(struct fields *f, uint32_t c);
void fields_end(struct fields *f);
/* \1Ole10Native, a Package: name, where from, bytes. False when it is none. */
bool native_parse(struct office *o, struct slice bytes, const char *where);
/* Presentation objects of OLE 1.0 ([MS-OLEDS] 2.2), as \objdata of RTF holds them. */
void ole1_parse(struct office *o, struct slice bytes, const char *where);
/* \1Ole: a link to somewhere ([MS-OLEDS] 2.3.3). */
void olelink_parse(struct office *o, struct slice bytes, const char *where);
/* Objects in a compound file: Ole10Native, Package, CONTENTS, linked. True when one was said. */
bool ole_objects(struct cfb *c);
/* A class that is an attack or a container by itself. */
void class_judge(struct office *o, const uint8_t clsid[16], const char *where);
/* "Equation Native": the old editor's formula. */
void equation_judge(struct office *o, struct slice bytes, const char *where);
bool class_of(struct slice text, uint8_t clsid[16]); /* "{D27CDB6E-...}" */
/* ActiveMime (editdata.mso): zlib of a compound file. False when it is none. */
bool mso_parse(struct office *o, struct slice bytes, const char *where);
void xlsb_workbook(struct office *o, struct slice bytes);
void xlsb_macrosheet(struct office *o, struct slice bytes, const char *where);
void xlsb_external(struct office *o, struct slice bytes, const char *where);
/* Excel 4 macros: a function by its number in formulas; what its use means. */
void xlm_tokens(struct office *o, struct slice rgce, unsigned biff, const char *where); /* biff 5, 8 or 12 */
void xlm_formula_text(struct office *o, struct slice formula, const char *where);
bool xlm_auto_name(struct slice name);
/* XML that any of the OOXML applications writes: fields, links, buttons. */
void part_judge(struct office *o, struct slice xml, const char *where);

/* ---- decryption (office_crypt.c) ---------------------------------------------------------------------------------------------- */
/* EncryptionInfo + EncryptedPackage with the standard password and those of the message. SLICE_NONE: none opens it. *which: -1 the standard one. */
struct slice crypt_package(struct office *o, struct slice info, struct slice package, int *which);
/* The Workbook stream after FILEPASS, records in place; SLICE_NONE: none opens it. */
struct slice crypt_workbook(struct office *o, struct slice stream, struct slice filepass, int *which);
/* The oldest lock of .xls (office_xor.c): does the word open it; all records' bytes into to, which is as long as s. */
bool xor_opens(struct slice filepass, struct slice password);
void xor_workbook(struct slice s, struct slice password, char *to);
/* A Word document of that time and its table, opened in place with such a password; false: none opens them. */
bool crypt_word(struct office *o, struct slice *doc, struct slice *table, int *which);
/* Says what was encrypted and with which kind of password. */
void crypt_said(struct office *o, bool opened, int which, const char *where);

#endif
