/* words.h - private to room lure: texts looked for in what people and programs read. */
#ifndef POSTERN_LURE_WORDS_H
#define POSTERN_LURE_WORDS_H

#include "lure/lure_private.h"

/* First of the words (blank-separated lists are not used: each is one literal, ASCII case folded) in s; NULL none. */
const char *word_in(struct slice s, const char *const *words, size_t n);
#define WORD_IN(s, list) word_in(s, list, ARRAY_LEN(list))
/* An interpreter or a tool that runs what it is given (cmd, powershell, mshta ...); NULL none. */
const char *runner_in(struct slice s);
/* What fetches, what runs, what decodes: in scripts of any language. */
const char *fetcher_in(struct slice s);
const char *starter_in(struct slice s);
const char *decoder_in(struct slice s);
/* Is it a place on another machine: \\host\share, //host/share, http:, https:, ftp:, file://host, webdav? */
bool is_remote(struct slice s);
/* "cannot be displayed here, open it with our viewer", in three languages, in the text of a document. */
const char *viewer_bait_in(struct slice text);
/* Scripts are judged alike wherever they stand: says SCRIPT_FETCHES and SCRIPT_ENCODED of the object, and hands on what is encoded in them. */
void judge_script(struct lure *l, uint32_t id, struct slice text, const char *where);
/* Long runs of base64 in text: decoded, and handed on as children when they are something. How many. */
size_t hand_on_base64(struct lure *l, uint32_t id, struct slice text, size_t least);

#endif
