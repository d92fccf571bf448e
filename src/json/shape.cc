/* shape.cc - see shape.h. Logs write the same few objects over and over. A shape is found by a hash of three names and the number of tokens, then every
 * name, every bracket and every value's kind is compared; nothing is taken for granted. Bounds: SLOTS shapes of STEPS_MAX steps and KEYS_MAX bytes. */
#include "json/shape.h"

#include <cstring>

namespace {

/* What a token begins with; '0' stands for all numbers and words. */
struct kinds {
	char of[256];
	constexpr kinds() : of()
	{
		for (char &c : of)
			c = '0';
		for (char c : {'{', '}', '[', ']', ',', ':', '"'})
			of[static_cast<unsigned char>(c)] = c;
	}
};
constexpr kinds KINDS;

inline char kind(const json_tokens &t, size_t token)
{
	return KINDS.of[static_cast<unsigned char>(t.p[t.at[token]])];
}

template <typename T> inline T load(const char *p)
{
	T x;
	std::memcpy(&x, p, sizeof x);
	return x;
}

/* Of n >= 4 bytes; the words overlap. */
inline bool same(const char *a, const char *b, size_t n)
{
	if (n < 8)
		return ((load<uint32_t>(a) ^ load<uint32_t>(b)) | (load<uint32_t>(a + n - 4) ^ load<uint32_t>(b + n - 4))) == 0;
	uint64_t differ = (load<uint64_t>(a) ^ load<uint64_t>(b)) | (load<uint64_t>(a + n - 8) ^ load<uint64_t>(b + n - 8));
	if (n <= 16)
		return differ == 0;
	differ |= (load<uint64_t>(a + 8) ^ load<uint64_t>(b + 8)) | (load<uint64_t>(a + n - 16) ^ load<uint64_t>(b + n - 16));
	return differ == 0 && (n <= 32 || std::memcmp(a + 16, b + 16, n - 32) == 0);
}

inline uint64_t mixed(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9fb21c651e98df25u;
	return h ^ h >> 32;
}

/* Eight bytes of the name at or behind a token. */
inline uint64_t name_near(const json_tokens &t, size_t token)
{
	for (size_t k = token; k < token + 4 && k + 1 < t.n; k++)
		if (t.p[t.at[k + 1]] == ':')
			return load<uint64_t>(t.p + (t.at[k] + 9 <= t.size ? t.at[k] + 1 : t.size - 8));
	return 0;
}

} // namespace

bool shape::fits(const json_tokens &t) const
{
	const uint32_t *at = t.at;
	for (const shape_step &s : steps) {
		if (s.key_n) {
			if (at[0] + s.key_n > at[2] || !same(t.p + at[0], keys.data() + s.key, s.key_n))
				return false;
			at += 2;
		}
		if (s.value && KINDS.of[static_cast<unsigned char>(t.p[*at++])] != s.value)
			return false;
		if (s.then && t.p[*at++] != s.then)
			return false;
	}
	return true;
}

size_t shapes::place(const json_tokens &t)
{
	uint64_t h = mixed(t.n, name_near(t, 1));
	h = mixed(h, name_near(t, 1 + t.n / 8 * 4));
	return mixed(h, name_near(t, t.n > 6 ? t.n - 4 : 1)) % SLOTS;
}

const shape *shapes::find(const json_tokens &t)
{
	if (t.n < 6 || t.size < 64)
		return nullptr;
	shape *s = slot[place(t)].get();
	if (!s || !s->is_for(t) || !s->fits(t))
		return nullptr;
	s->used = true;
	return s;
}

void shapes::begin()
{
	fresh.steps.clear();
	fresh.wanted.clear();
	fresh.keys.clear();
	over = false;
}

shape_step &shapes::step()
{
	over = over || fresh.steps.size() == STEPS_MAX;
	if (over)
		fresh.steps.clear();
	fresh.steps.push_back(shape_step{0, 0, 0, 0});
	return fresh.steps.back();
}

void shapes::key(const char *p, size_t n)
{
	if (over || fresh.keys.size() + n + 3 > KEYS_MAX || n == 0) {
		over = true;
		return;
	}
	shape_step &s = step();
	s.key = static_cast<uint32_t>(fresh.keys.size());
	s.key_n = static_cast<uint16_t>(n + 3);
	fresh.keys.push_back('"');
	fresh.keys.insert(fresh.keys.end(), p, p + n);
	fresh.keys.push_back('"');
	fresh.keys.push_back(':');
}

void shapes::value(const json_tokens &t, size_t token, uint32_t name, uint8_t level, bool wanted)
{
	if (over)
		return;
	char k = kind(t, token);
	shape_step &s = !fresh.steps.empty() && fresh.steps.back().key_n && !fresh.steps.back().value ? fresh.steps.back() : step();
	s.value = k;
	if (wanted)
		fresh.wanted.push_back(shape_wanted{name, static_cast<uint32_t>(token), level, k});
}

void shapes::then(char c)
{
	if (over)
		return;
	if (fresh.steps.empty() || fresh.steps.back().then)
		step();
	fresh.steps.back().then = c;
}

void shapes::end(const json_tokens &t)
{
	if (over || t.n < 6 || t.size < 64)
		return;
	std::unique_ptr<shape> &s = slot[place(t)];
	if (s && s->used) {
		s->used = false;
		return;
	}
	fresh.ntokens = t.n;
	s.reset(new shape(fresh));
}

void shapes::forget()
{
	for (std::unique_ptr<shape> &s : slot)
		s.reset();
}
