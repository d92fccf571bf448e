/* write.c - a snapshot as JSON: one record a line, what is not told is left out. */
#include "snapshot/snapshot_private.h"

static void name_of(struct buf *b, const char *name, bool *first)
{
	buf_addz(b, *first ? "\"" : ", \"");
	buf_addz(b, name);
	buf_addz(b, "\": ");
	*first = false;
}

static void write_list(struct buf *b, struct snap_list l)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < l.n; i++) {
		if (i)
			buf_addz(b, ", ");
		buf_json(b, l.v[i]);
	}
	buf_addc(b, ']');
}

static void write_row(struct buf *b, const void *row, const struct snap_column *c)
{
	bool first = true;
	buf_addc(b, '{');
	for (; c->name; c++) {
		struct slice text = c->type == SNAP_T_TEXT ? snap_text_of(row, c) : SLICE_NONE;
		struct snap_list list = c->type == SNAP_T_LIST ? snap_list_of(row, c) : (struct snap_list){0};
		int64_t number = c->type == SNAP_T_NUMBER ? snap_number_of(row, c) : 0;
		uint32_t word = c->type == SNAP_T_WORD ? snap_word_of(row, c) : 0;
		if (!text.n && !list.n && !word && (c->type != SNAP_T_NUMBER || number == c->none))
			continue;
		name_of(b, c->name, &first);
		switch (c->type) {
		case SNAP_T_TEXT: buf_json(b, text); break;
		case SNAP_T_LIST: write_list(b, list); break;
		case SNAP_T_NUMBER: buf_addf(b, "%lld", (long long)number); break;
		case SNAP_T_WORD: buf_addf(b, "\"%s\"", c->words[word]); break;
		}
	}
	buf_addc(b, '}');
}

static void write_kind(struct buf *b, const struct snapshot *s, enum snap_kind k)
{
	size_t n = snap_count(s, k);
	buf_addf(b, ",\n\"%s\": [", snap_tables[k].many);
	for (size_t i = 0; i < n; i++) {
		buf_addz(b, i ? ",\n" : "\n");
		write_row(b, snap_row(s, k, i), snap_tables[k].columns);
	}
	buf_addz(b, n ? "\n]" : "]");
}

void snapshot_write(const struct snapshot *s, struct buf *out)
{
	bool first = true;
	buf_addf(out, "{\"postern-snapshot\": %d,\n", SNAP_VERSION);
	for (const struct snap_column *c = snap_head; c->name; c++) {
		if (!first)
			buf_addz(out, ",\n");
		first = true;
		name_of(out, c->name, &first);
		switch (c->type) {
		case SNAP_T_TEXT: buf_json(out, snap_text_of(s, c)); break;
		case SNAP_T_LIST: write_list(out, snap_list_of(s, c)); break;
		case SNAP_T_NUMBER: buf_addf(out, "%lld", (long long)snap_number_of(s, c)); break;
		case SNAP_T_WORD: buf_addf(out, "\"%s\"", c->words[snap_word_of(s, c)]); break;
		}
	}
	for (int k = 0; k < SNAP_KIND_COUNT; k++)
		write_kind(out, s, (enum snap_kind)k);
	buf_addz(out, "}\n");
}
