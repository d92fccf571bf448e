/* pattern.h - compiled rows: what pattern.c makes and pattern_match.c runs. Nobody else includes it. */
#ifndef POSTERN_DECODE_PATTERN_H
#define POSTERN_DECODE_PATTERN_H

#include "decode/decode_private.h"

enum { OPS_MAX = 64, TAIL_MAX = 8 /* captures */, STEPS_MAX = 4000, SETS_MAX = 4, STEP_BYTES = 256 /* a search costs a step per so many bytes */ };

enum op_kind { OP_END, OP_LIT, OP_CAP, OP_OPT };
enum op_class { CLASS_ANY, CLASS_WORD, CLASS_DIGIT, CLASS_ADDR };
struct op {
	uint8_t kind;
	uint8_t cls;
	bool greedy;
	bool forced;    /* OP_CAP before an OP_LIT whose first byte cannot be of it: there is one way to match both */
	bool tail;      /* OP_CAP, greedy: what follows it fits the end of a message in one way or none */
	uint16_t field; /* OP_CAP; F_NONE: skipped */
	uint16_t skip;  /* OP_OPT: index behind the optional part */
	uint16_t rare;  /* OP_LIT: index of its byte that log text has least of: searched for first */
	struct slice lit;
};

struct crow {
	enum action action;
	enum outcome outcome;
	struct op *ops;
	size_t nops;
	const struct op *must; /* a literal that every match has, worth looking for before trying; may be NULL */
	struct capture set[SETS_MAX];
	unsigned nset;
};

struct rowset {
	struct arena mem;
	struct crow *rows;
	size_t n;
	struct probe *bucket[256]; /* rows whose first byte may be this, in order */
};

/* A row as its first eight bytes show it: most rows are refused without being looked at. */
struct probe {
	uint64_t head, mask;
	const struct crow *row; /* NULL ends */
};

/* Which classes a byte is of. */
enum { WORD = 1, DIGIT = 2, ADDRC = 4 };
extern const uint8_t pattern_char[256], pattern_class[4];

#endif
