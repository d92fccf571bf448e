/* message.c - a message to bytes and back, its id, and texts fit to be shown. */
#include "notify/notify_private.h"

#include <sodium.h>
#include <stdio.h>

enum { BODY_VERSION = 1 };

void notify_message_save(const struct notify_message *m, struct buf *out)
{
	const struct slice texts[] = {m->incident, m->status, m->title, m->reason, m->text, m->data, m->source, m->user, m->host};
	buf_u32(out, BODY_VERSION);
	buf_u32(out, m->about);
	buf_u32(out, m->level);
	buf_u32(out, m->changes);
	buf_u32(out, m->stages);
	buf_u64(out, (uint64_t)m->first);
	buf_u64(out, (uint64_t)m->last);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_sized(out, texts[i]);
}

bool notify_message_load(struct slice body, struct notify_message *m)
{
	struct wire w = wire_of(body);
	*m = (struct notify_message){0};
	struct slice *texts[] = {&m->incident, &m->status, &m->title, &m->reason, &m->text, &m->data, &m->source, &m->user, &m->host};
	if (wire_u32(&w) != BODY_VERSION)
		return false;
	uint32_t about = wire_u32(&w), level = wire_u32(&w);
	m->changes = wire_u32(&w);
	m->stages = wire_u32(&w);
	m->first = (nstime)wire_u64(&w);
	m->last = (nstime)wire_u64(&w);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = wire_sized(&w);
	if (w.bad || w.n || about >= NOTIFY_ABOUTS || level >= LEVEL_COUNT)
		return false;
	m->about = (enum notify_about)about;
	m->level = (enum level)level;
	return true;
}

struct slice notify_cut(struct slice s, size_t most)
{
	size_t n = MIN(s.n, most);
	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return slice_to(s, n);
}

void notify_clean(struct buf *b, struct slice s, size_t most)
{
	struct buf safe = {0};
	buf_term(&safe, slice_to(s, most + 1)); /* cleaning never shortens */
	struct slice all = buf_slice(&safe);
	if (all.n <= most) {
		buf_adds(b, all);
	} else {
		buf_adds(b, notify_cut(all, most - 3));
		buf_addz(b, "...");
	}
	buf_free(&safe);
}

static void hash_of(const struct slice *parts, size_t n, unsigned char out[static crypto_hash_sha256_BYTES])
{
	crypto_hash_sha256_state st;
	crypto_hash_sha256_init(&st);
	for (size_t i = 0; i < n; i++) {
		uint64_t length = parts[i].n;
		crypto_hash_sha256_update(&st, (const unsigned char *)&length, sizeof length);
		crypto_hash_sha256_update(&st, (const unsigned char *)(parts[i].n ? parts[i].p : ""), parts[i].n);
	}
	crypto_hash_sha256_final(&st, out);
}

void notify_id(char id[static 33], const struct slice *parts, size_t n)
{
	unsigned char h[crypto_hash_sha256_BYTES];
	hash_of(parts, n, h);
	sodium_bin2hex(id, 33, h, 16);
}

uint32_t notify_stages(const struct incident *in)
{
	uint32_t bits = 0;
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++)
		bits |= (uint32_t)(in->stage_first[st] != NSTIME_NONE) << st;
	return bits;
}

uint64_t notify_digest(const struct notify_change *x)
{
	struct buf b = {0};
	unsigned char h[crypto_hash_sha256_BYTES];
	uint64_t digest;
	buf_u32(&b, x->incident->level);
	buf_u32(&b, notify_stages(x->incident));
	buf_sized(&b, slice_of(x->status));
	for (size_t i = 0; i < x->incident->nfindings; i++) {
		const struct finding *f = x->incident->findings[i];
		buf_sized(&b, slice_of(f->uid));
		buf_u64(&b, f->count);
		buf_u32(&b, f->level);
	}
	struct slice all = buf_slice(&b);
	hash_of(&all, 1, h);
	buf_free(&b);
	memcpy(&digest, h, sizeof digest);
	return digest;
}

const char *notify_about_name(enum notify_about a)
{
	static const char *const names[NOTIFY_ABOUTS] = {"incident", "notice", "summary"};
	return names[a];
}

const char *notify_change_name(unsigned i)
{
	static const char *const names[] = {"new", "level", "stage", "more", "status"};
	return i < ARRAY_LEN(names) ? names[i] : NULL;
}
