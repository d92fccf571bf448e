/* lure_private.h - the parsers of room lure: one function a type, found through one table (parsers.def). */
#ifndef POSTERN_LURE_PRIVATE_H
#define POSTERN_LURE_PRIVATE_H

#include "lure/lure.h"

/* Takes apart lure_objects()[id], whose bytes are there. May call whatever lure.h has for parsers; pointers into the array of objects do not survive lure_child(). */
typedef void lure_parser(struct lure *l, uint32_t id, struct slice bytes);

/* office.c ooxml.c rtf.c ... */
lure_parser parse_ole, parse_ooxml, parse_flat_xml, parse_rtf, parse_odf, parse_msg, parse_sheet, parse_activemime, parse_tnef;
/* tnef.c: packed RTF (MS-OXRTFCP), as far as it goes; false: it is none. */
bool rtf_unpack(struct lure *l, struct slice s, struct buf *out);
/* archive.c iso.c vhd.c disk.c */
lure_parser parse_archive, parse_packed, parse_iso, parse_vhd, parse_vhdx, parse_disk;
/* udf.c: files of a UDF file system (ECMA-167) as children; false when there are none. */
bool udf_walk(struct lure *l, uint32_t id, struct slice bytes);
/* disk.c: files of a FAT file system that begins at `bytes`; false when it is none. */
bool fat_walk(struct lure *l, uint32_t id, struct slice bytes);
/* A file of an image as a child, cut to what may still be unpacked. */
void image_file(struct lure *l, uint32_t id, struct slice path, struct slice content, uint64_t size, bool hidden);
/* pdf.c lnk.c html.c ... */
lure_parser parse_pdf, parse_lnk, parse_urlfile, parse_rdp, parse_script, parse_html, parse_svg, parse_xml, parse_onenote, parse_ics, parse_mobileconfig, parse_mhtml;
lure_parser parse_picture;
/* pe.c msi.c package.c */
lure_parser parse_pe, parse_msi, parse_elf, parse_code_package, parse_chm;
void judge_off_screen(struct lure *l, uint32_t id, struct slice s);

/* NULL: nothing is taken apart. */
lure_parser *lure_parser_of(enum lure_type t);
const struct lure_limits *lure_limits_of(const struct lure *l);

/* Names: "x.pdf.exe", blanks before the extension, right-to-left override, an extension that does not go with the type. For every object. */
void judge_name(struct lure *l, uint32_t id);
/* What members of one container mean beside each other (a viewer with its document, EXE with DLL, LNK with hidden files). */
void judge_siblings(struct lure *l, uint32_t parent);

/* Little-endian reading with checks: false and zero behind the end. */
static inline uint16_t le16(struct slice s, size_t at) { return at + 2 <= s.n && at + 2 >= at ? (uint16_t)((uint8_t)s.p[at] | (uint8_t)s.p[at + 1] << 8) : 0; }
static inline uint32_t le32(struct slice s, size_t at) { return at + 4 <= s.n && at + 4 >= at ? (uint32_t)le16(s, at) | (uint32_t)le16(s, at + 2) << 16 : 0; }
static inline uint64_t le64(struct slice s, size_t at) { return (uint64_t)le32(s, at) | (uint64_t)le32(s, at + 4) << 32; }
/* The part of s from at, n bytes long, cut at its end. */
static inline struct slice slice_sub(struct slice s, size_t at, size_t n) { return slice_to(slice_from(s, at), n); }
/* UTF-16LE to UTF-8 in the arena; lone surrogates become U+FFFD; ends at a NUL when `zero`. */
struct slice utf16_text(struct lure *l, struct slice bytes, bool zero);
/* Base64 with blanks in it, in the arena; stops at the first other byte. */
struct slice base64_bytes(struct lure *l, struct slice text);

#endif
