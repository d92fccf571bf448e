/* yaml.h - YAML text to a tree of nodes with positions. The only room that knows libfyaml.
 *
 * Scalars are text: what they mean (numbers, null) is the reader's business, with `plain` telling unquoted ones.
 * Hostile files: size, depth and number of nodes are bounded, also of what aliases stand for, so that a "YAML bomb" is an
 * error with a position; tags and directives are refused.
 * Threads: re-entrant; the tree is read-only once read.
 */
#ifndef POSTERN_YAML_H
#define POSTERN_YAML_H

#include "core/core.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };
struct node {
	enum node_kind kind;
	bool plain;          /* scalar without quotes: may mean null, a number ... */
	int line, column;    /* 1-based */
	size_t n;            /* children of a list, pairs of a map */
	size_t weight;       /* nodes in it, those behind aliases counted each time */
	struct slice text;   /* scalar */
	struct node *child;  /* first item, or first key */
	struct node *next;   /* next item, or next key; of a document: the next document */
	struct node *value;  /* of a key; may be NULL after an error only */
};
struct yaml_options {
	bool documents;      /* several in one file (---) */
	bool aliases;        /* follow *name */
	size_t max_bytes, max_nodes;
};
enum { YAML_DEPTH_MAX = 16 };
/* *root: the first document, NULL when there is none. Nodes and text live in a; yaml is borrowed for the call.
 * ERR_SYNTAX, ERR_LIMIT, ERR_UNSUPPORTED, ERR_TYPE (a key that is no word) with file:line:column, ERR_NOMEM. */
int yaml_read(struct slice yaml, const char *file, const struct yaml_options *opt, struct arena *a, struct node **root, struct err *e);
/* Value of a key of a map; NULL when n is no map or has no such key. */
const struct node *yaml_get(const struct node *n, const char *key);

/* ---- values of settings ------------------------------------------------------------------------------------------------
 * Each reads a node or says with file:line:column what was expected. low, high: what may be given. n must not be NULL. */
int yaml_bool(const struct node *n, const char *file, bool *out, struct err *e);
int yaml_number(const struct node *n, const char *file, uint64_t low, uint64_t high, uint64_t *out, struct err *e);
/* "50ms", "60s", "5m", "24h", "7d" in nanoseconds. */
int yaml_duration(const struct node *n, const char *file, nstime low, nstime high, nstime *out, struct err *e);
/* "500MB", "4GB", "64KB", a number of bytes; powers of 1000. */
int yaml_size(const struct node *n, const char *file, uint64_t low, uint64_t high, uint64_t *out, struct err *e);
/* One text that is not empty; borrowed from the node. */
int yaml_text(const struct node *n, const char *file, struct slice *out, struct err *e);
/* A text, or a list of texts; the array lives in a. */
int yaml_texts(const struct node *n, const char *file, struct arena *a, struct slice **out, size_t *count, struct err *e);
/* n is a map with none but these keys (NULL-terminated); an unknown one is an error that names the nearest. */
int yaml_keys(const struct node *n, const char *file, const char *const *allowed, struct err *e);

#endif
