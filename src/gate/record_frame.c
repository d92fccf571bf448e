/* record_frame.c - frames of the recorder. The service believes it as little as a stranger: sizes, order and times are looked at. */
#include "gate/record_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FILES_MAX = 100000, MARKS_MAX = 4096 };

int record_event(struct record *r, nstime at, const char *code, struct slice text, struct err *e)
{
	r->line.n = 0;
	buf_addf(&r->line, "[%lld.%06lld, \"%s\", ", (long long)(at / NS_SEC), (long long)(at % NS_SEC / 1000), code);
	buf_json(&r->line, text);
	buf_addz(&r->line, "]\n");
	return record_file_add(&r->file, buf_slice(&r->line), e);
}

/* What is not UTF-8 stands there a second time as it was: players leave out events that they do not know. */
static int add_raw(struct record *r, nstime at, struct slice body, struct err *e)
{
	size_t n = sodium_base64_encoded_len(body.n, sodium_base64_VARIANT_ORIGINAL);
	char *text = xmalloc(n);
	sodium_bin2base64(text, n, (const unsigned char *)body.p, body.n, sodium_base64_VARIANT_ORIGINAL);
	int rc = record_event(r, at, "b", slice_of(text), e);
	free(text);
	return rc;
}

static int add_text(struct record *r, struct record_stream *s, nstime at, struct slice body, struct err *e)
{
	bool bad = false;
	if (r->quiet)
		return 0;
	if (!r->terminal) {
		body = slice_to(body, (size_t)(RECORD_HEAD_KEPT - s->kept));
		s->kept += body.n;
	}
	r->text.n = 0;
	utf8_take(&s->carry, body, &r->text, &bad);
	int rc = r->text.n ? record_event(r, at, "o", buf_slice(&r->text), e) : 0;
	return rc || !bad ? rc : add_raw(r, at, body, e);
}

static int take_bytes(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e)
{
	(void)reply;
	struct record_stream *s = &r->stream[type - RECORD_OUTPUT];
	s->bytes += body.n;
	if (type == RECORD_INPUT)
		r->typed = s->bytes;
	if (!r->terminal)
		crypto_hash_sha256_update(&s->sum, (const unsigned char *)body.p, body.n);
	if (r->terminal && r->stream[0].bytes > r->store.bytes_max) /* bytes without a terminal are only counted and hashed */
		return err_set(e, ERR_LIMIT, "postern: the recording has reached its limit of %llu MB, and the session ends",
			(unsigned long long)(r->store.bytes_max >> 20));
	return type == RECORD_INPUT ? 0 : add_text(r, s, at, body, e);
}

static int take_resize(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e)
{
	uint16_t size[2];
	char text[16];
	(void)type;
	(void)reply;
	memcpy(size, body.p, sizeof size);
	size[0] = size[0] ? size[0] : 80;
	size[1] = size[1] ? size[1] : 24;
	if (size[0] == r->columns && size[1] == r->rows)
		return 0;
	r->columns = size[0];
	r->rows = size[1];
	snprintf(text, sizeof text, "%ux%u", size[0], size[1]);
	return ++r->files > FILES_MAX ? err_set(e, ERR_LIMIT, "postern: too many changes of the window's size") : record_event(r, at, "r", slice_of(text), e);
}

static int take_count(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e)
{
	uint64_t n;
	(void)type;
	(void)at;
	(void)reply;
	(void)e;
	memcpy(&n, body.p, sizeof n);
	r->typed = MAX(r->typed, n);
	return 0;
}

static int take_file(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e)
{
	(void)type;
	(void)reply;
	if (++r->files > FILES_MAX)
		return err_set(e, ERR_LIMIT, "postern: more files than a recording holds, and the session ends");
	r->text.n = 0;
	buf_addz(&r->text, "sftp: ");
	buf_add(&r->text, body.p, MIN(body.n, (size_t)MARKS_MAX));
	return record_event(r, at, "m", buf_slice(&r->text), e);
}

static int take_ping(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e)
{
	(void)r;
	(void)type;
	(void)at;
	(void)body;
	(void)e;
	record_say(reply, RECORD_PONG, SLICE_NONE);
	return 0;
}

static int take_exit(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e)
{
	(void)type;
	(void)at;
	(void)reply;
	(void)e;
	memcpy(&r->status, body.p, sizeof r->status);
	r->exited = true;
	return 0;
}

int record_frame_take(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e)
{
	static const struct {
		size_t least, most;
		int (*take)(struct record *r, uint32_t type, nstime at, struct slice body, struct buf *reply, struct err *e);
	} rows[] = {
		[RECORD_OUTPUT] = {1, RECORD_PAYLOAD, take_bytes}, [RECORD_ERROR] = {1, RECORD_PAYLOAD, take_bytes}, [RECORD_INPUT] = {1, RECORD_PAYLOAD, take_bytes},
		[RECORD_RESIZE] = {4, 4, take_resize}, [RECORD_COUNT] = {8, 8, take_count}, [RECORD_FILE] = {1, RECORD_PAYLOAD, take_file},
		[RECORD_PING] = {0, 0, take_ping}, [RECORD_EXIT] = {4, 4, take_exit},
	};
	if (type >= ARRAY_LEN(rows) || !rows[type].take || body.n < rows[type].least || body.n > rows[type].most || r->exited)
		return err_set(e, ERR_SYNTAX, "postern: the recorder does not make sense (message %u of %zu bytes%s)", type, body.n, r->exited ? " behind the end" : "");
	return rows[type].take(r, type, at, body, reply, e);
}

static int end_stream(struct record *r, const char *name, struct record_stream *s, struct err *e)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	char hex[65], text[160];
	r->text.n = 0;
	utf8_rest(&s->carry, &r->text);
	int rc = r->text.n && !r->quiet ? record_event(r, r->last, "o", buf_slice(&r->text), e) : 0;
	if (rc || r->terminal || !s->bytes)
		return rc;
	crypto_hash_sha256_final(&s->sum, sum);
	sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
	snprintf(text, sizeof text, "%s: %llu bytes, sha256 %s", name, (unsigned long long)s->bytes, hex);
	return record_event(r, r->last, "m", slice_of(text), e);
}

int record_streams_end(struct record *r, struct err *e)
{
	static const char *const names[] = {"output", "error output", "input"};
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(names) && !rc; i++)
		rc = end_stream(r, names[i], &r->stream[i], e);
	return rc;
}

void record_say(struct buf *out, enum record_type type, struct slice text)
{
	text = slice_to(text, 2000);
	struct record_frame f = {.type = RECORD_MAGIC | (uint32_t)type, .size = (uint32_t)text.n};
	buf_add(out, &f, sizeof f);
	buf_adds(out, text);
}
