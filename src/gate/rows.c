/* rows.c - lists as columns, and the one way of writing down a grant that its approval is bound to. */
#include "gate/model_private.h"

#include <stdio.h>

void gate_texts_out(struct buf *b, const struct slice *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, v[i]);
		buf_addc(b, '\n');
	}
}

void gate_sources_out(struct buf *b, const struct cidr *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[48];
		bool v4 = ip_is_v4(&v[i].net) && v[i].bits >= 96;
		buf_addf(b, "%s/%u\n", ip_text(&v[i].net, text), v4 ? v[i].bits - 96 : v[i].bits);
	}
}

void gate_windows_out(struct buf *b, const struct gate_window *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%u %u %u\n", v[i].days, v[i].from, v[i].until);
}

static size_t count_lines(struct slice text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

int gate_texts_in(struct slice text, struct arena *mem, struct slice **out, size_t *n)
{
	struct slice line;
	*out = arena_alloc(mem, (count_lines(text) + 1) * sizeof **out);
	*n = 0;
	while (slice_cut(&text, '\n', &line))
		(*out)[(*n)++] = slice_dup(mem, line);
	return text.n ? ERR_SYNTAX : 0;
}

int gate_sources_in(struct slice text, struct arena *mem, struct cidr **out, size_t *n)
{
	struct slice line;
	*out = arena_alloc(mem, (count_lines(text) + 1) * sizeof **out);
	*n = 0;
	while (slice_cut(&text, '\n', &line))
		if (!cidr_parse(line, &(*out)[(*n)++]))
			return ERR_SYNTAX;
	return text.n ? ERR_SYNTAX : 0;
}

int gate_windows_in(struct slice text, struct arena *mem, struct gate_window **out, size_t *n)
{
	struct slice line;
	*out = arena_alloc(mem, (count_lines(text) + 1) * sizeof **out);
	*n = 0;
	while (slice_cut(&text, '\n', &line)) {
		struct slice days, from, until;
		uint64_t d, f, u;
		if (!slice_word(&line, &days) || !slice_word(&line, &from) || !slice_word(&line, &until) || !slice_u64(days, 127, &d) || !slice_u64(from, 1439, &f) ||
			!slice_u64(until, 1440, &u) || !d || f >= u)
			return ERR_SYNTAX;
		(*out)[(*n)++] = (struct gate_window){(uint8_t)d, (uint16_t)f, (uint16_t)u};
	}
	return text.n ? ERR_SYNTAX : 0;
}

/* Each part with its length, so that no two grants are written alike. */
void gate_grant_digest(const struct gate_grant *x, char hex[static 2 * CHAIN_HASH + 1])
{
	struct buf b = {0}, list = {0};
	const struct slice texts[] = {SL("postern grant 1"), x->id, x->person, x->provider, x->account, x->zone, x->requester, x->purpose, x->ticket};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_sized(&b, texts[i]);
	for (int i = 0; i < 4; i++) {
		list.n = 0;
		if (i == 0)
			gate_texts_out(&list, x->hosts, x->nhosts);
		else if (i == 1)
			gate_sources_out(&list, x->sources, x->nsources);
		else if (i == 2)
			gate_windows_out(&list, x->windows, x->nwindows);
		else
			gate_texts_out(&list, x->commands, x->ncommands);
		buf_sized(&b, buf_slice(&list));
	}
	buf_u64(&b, (uint64_t)x->from);
	buf_u64(&b, (uint64_t)x->until);
	buf_u32(&b, x->may);
	buf_u32(&b, (uint32_t)(x->factor | x->record << 1 | x->emergency << 2));
	chain_sha256(buf_slice(&b), hex);
	buf_free(&b);
	buf_free(&list);
}
