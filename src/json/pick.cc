/* pick.cc - see json.h. simdjson's first stage finds where tokens begin (and checks UTF-8 and quotes); the tokens are walked here, in place:
 * nothing is copied, and what a member's name means is asked once. */
#include <cstring>
#include <memory>
#include <vector>

#include <simdjson.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "json/shape.h"

namespace {

constexpr size_t NAME_MAX_BYTES = 200, INDEX = 4 * JSON_NAMES_MAX, PLACES_BITS = 13, PLACES = 1u << PLACES_BITS;
constexpr unsigned DEPTH_MAX = 255;
constexpr uint32_t NOWHERE = UINT32_MAX;

/* A member below another one. Number 0 is the outermost object. */
struct known_name {
	uint32_t parent, key_n;
	uint32_t path, path_n; /* the dotted name, in text */
	uint32_t key;
	bool wanted;
};

struct opened {
	uint32_t name;
	uint8_t level;
	bool array;
};

inline bool likely(bool x)
{
	return __builtin_expect(x, true);
}

inline bool same_bytes(const char *a, const char *b, size_t n)
{
	if (n > 16 || n < 4)
		return std::memcmp(a, b, n) == 0;
	uint64_t x, y, u, v;
	if (n < 8) {
		uint32_t x4, y4, u4, v4;
		std::memcpy(&x4, a, 4);
		std::memcpy(&y4, b, 4);
		std::memcpy(&u4, a + n - 4, 4);
		std::memcpy(&v4, b + n - 4, 4);
		return ((x4 ^ y4) | (u4 ^ v4)) == 0;
	}
	std::memcpy(&x, a, 8);
	std::memcpy(&y, b, 8);
	std::memcpy(&u, a + n - 8, 8);
	std::memcpy(&v, b + n - 8, 8);
	return ((x ^ y) | (u ^ v)) == 0;
}

inline bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

uint64_t key_hash(uint32_t parent, const char *p, size_t n)
{
	uint64_t h = parent * 0x9e3779b97f4a7c15u ^ n, w = 0;
	for (; n >= 8; n -= 8, p += 8) {
		std::memcpy(&w, p, 8);
		h = (h ^ w) * 0x9fb21c651e98df25u;
		h ^= h >> 32;
	}
	w = 0;
	std::memcpy(&w, p, n);
	h = (h ^ w) * 0x9fb21c651e98df25u;
	return h ^ h >> 29;
}

} // namespace

struct json_picker {
	std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
	size_t capacity;
	unsigned max_depth;
	std::vector<known_name> names;
	std::vector<char> text;             /* names */
	std::vector<uint32_t> index;        /* hash of parent and key -> number, NOWHERE */
	uint32_t after[PLACES];             /* which name came last time behind the three before it: tried first */
	std::vector<opened> stack;
	shapes known;
	bool full;                          /* as many names as nobody has: forget them all before the next text */
	/* of the text at hand */
	json_tokens tokens;
	const json_picking *k;

	explicit json_picker(unsigned depth) : stage(), capacity(0), max_depth(depth < DEPTH_MAX ? depth : DEPTH_MAX), names(), text(), index(INDEX, NOWHERE),
		after(), stack(max_depth + 1u), known(), full(false), tokens(), k(nullptr)
	{
		names.reserve(JSON_NAMES_MAX + 1);
		names.push_back(known_name{0, 0, 0, 0, 0, false});
	}
	json_picker(const json_picker &) = delete;
	json_picker &operator=(const json_picker &) = delete;
	bool find(const char *p, size_t n);
	void forget();
	bool walk();
	bool pick(const shape &s);
	bool value(size_t i, uint32_t name, unsigned level);
	bool members();
	bool member(uint64_t place, uint32_t parent, const char *key, size_t key_n, uint32_t *name);
	bool look_up(uint32_t parent, const char *key, size_t key_n, uint32_t *name);
	bool learn(uint32_t parent, const char *key, size_t key_n, size_t slot, uint32_t *name);
	bool scalar(uint32_t name, json_text t, unsigned level);
	static bool number(json_text t);
	void tell(uint32_t name, json_text t, json_type type, unsigned level) const;
};

/* Positions of all tokens; after the last one simdjson puts the text's length. */
bool json_picker::find(const char *bytes, size_t size)
{
	if (capacity < size) {
		size_t want = size + size / 2 + 4096;
		if (!stage ? simdjson::get_active_implementation()->create_dom_parser_implementation(want, max_depth, stage) : stage->set_capacity(want))
			return false;
		capacity = want;
	}
	if (stage->stage1(reinterpret_cast<const uint8_t *>(bytes), size, simdjson::stage1_mode::regular))
		return false;
	tokens = json_tokens{bytes, size, stage->structural_indexes.get(), stage->n_structural_indexes};
	return true;
}

void json_picker::forget()
{
	names.resize(1);
	text.clear();
	index.assign(INDEX, NOWHERE);
	std::memset(after, 0, sizeof after);
	known.forget();
	full = false;
}

bool json_picker::learn(uint32_t parent, const char *key, size_t key_n, size_t slot, uint32_t *name)
{
	size_t above = names[parent].path_n, dot = above ? 1 : 0;
	if (std::memchr(key, '\\', key_n) || above + dot + key_n > NAME_MAX_BYTES)
		return false; /* an escape in a name, or a name of no log: json_flatten knows */
	std::vector<char> path;
	path.insert(path.end(), text.begin() + names[parent].path, text.begin() + names[parent].path + static_cast<long>(above));
	if (dot)
		path.push_back('.');
	path.insert(path.end(), key, key + key_n);
	if (names.size() > JSON_NAMES_MAX) {
		full = true;
		return false;
	}
	known_name x{parent, static_cast<uint32_t>(key_n), static_cast<uint32_t>(text.size()), static_cast<uint32_t>(path.size()), 0, false};
	x.key = x.path + static_cast<uint32_t>(path.size() - key_n);
	text.insert(text.end(), path.begin(), path.end());
	*name = static_cast<uint32_t>(names.size());
	x.wanted = k->want(k->arg, *name, json_text{path.data(), path.size()});
	names.push_back(x);
	index[slot] = *name;
	return true;
}

bool json_picker::look_up(uint32_t parent, const char *key, size_t key_n, uint32_t *name)
{
	size_t slot = key_hash(parent, key, key_n) % INDEX;
	for (; index[slot] != NOWHERE; slot = (slot + 1) % INDEX) {
		const known_name &x = names[index[slot]];
		if (x.parent == parent && x.key_n == key_n && !std::memcmp(text.data() + x.key, key, key_n)) {
			*name = index[slot];
			return true;
		}
	}
	return learn(parent, key, key_n, slot, name);
}

/* The number of a member's name. */
inline bool json_picker::member(uint64_t place, uint32_t parent, const char *key, size_t key_n, uint32_t *name)
{
	uint32_t &seen = after[place * 0x9e3779b97f4a7c15u >> (64 - PLACES_BITS)], guess = seen;
	const known_name &x = names[guess];
	if (likely(guess && x.parent == parent && x.key_n == key_n && same_bytes(text.data() + x.key, key, key_n))) {
		*name = guess;
		return true;
	}
	if (!look_up(parent, key, key_n, name))
		return false;
	seen = *name;
	return true;
}

void json_picker::tell(uint32_t name, json_text t, json_type type, unsigned level) const
{
	k->value(k->arg, name, t, static_cast<uint8_t>(type), static_cast<uint8_t>(level));
}

/* An integer of 64 bits, as json_flatten would write it, too. Other numbers are rare. */
bool json_picker::number(json_text t)
{
	bool minus = t.p[0] == '-';
	const char *digits = t.p + minus, *most = minus ? "9223372036854775808" : "18446744073709551615";
	size_t len = t.n - minus, max = minus ? 19 : 20;
	if (!len || len > max || (*digits == '0' && t.n > 1))
		return false;
	for (size_t d = 0; d < len; d++)
		if (!is_digit(digits[d]))
			return false;
	return len < max || std::memcmp(digits, most, max) <= 0;
}

/* A wanted number or word. */
bool json_picker::scalar(uint32_t name, json_text t, unsigned level)
{
	if (t.n == 4 && !std::memcmp(t.p, "null", 4))
		tell(name, json_text{"", 0}, JSON_NULL, level);
	else if ((t.n == 4 && !std::memcmp(t.p, "true", 4)) || (t.n == 5 && !std::memcmp(t.p, "false", 5)))
		tell(name, t, JSON_BOOL, level);
	else if (number(t))
		tell(name, t, JSON_NUMBER, level);
	else
		return false;
	return true;
}

/* A token's text, up to where the next one begins. */
inline json_text token(const char *p, uint32_t from, uint32_t next)
{
	const char *end = p + next;
	while (is_space(end[-1]))
		end--;
	return json_text{p + from, static_cast<size_t>(end - (p + from))};
}

/* What is wanted of a text whose shape is known. */
bool json_picker::pick(const shape &s)
{
	for (const shape_wanted &w : s.wanted) {
		json_text v = token(tokens.p, tokens.at[w.token], tokens.at[w.token + 1]);
		if (w.kind == '"')
			tell(w.name, json_text{v.p + 1, v.n - 2}, JSON_RAW, w.level);
		else if (w.kind == '{' || w.kind == '[')
			tell(w.name, json_text{"", 0}, w.kind == '[' ? JSON_ARRAY : JSON_CONTAINER, w.level);
		else if (!scalar(w.name, v, w.level))
			return false;
	}
	return true;
}

/* The value at a token, which another one follows. */
bool json_picker::value(size_t i, uint32_t name, unsigned level)
{
	bool wanted = names[name].wanted;
	char c = tokens.p[tokens.at[i]];
	known.value(tokens, i, name, static_cast<uint8_t>(level), wanted);
	if (c == ',' || c == ':' || c == '}' || c == ']')
		return false;
	if (!wanted)
		return true;
	if (c == '{' || c == '[') {
		tell(name, json_text{"", 0}, c == '[' ? JSON_ARRAY : JSON_CONTAINER, level);
		return true;
	}
	json_text s = token(tokens.p, tokens.at[i], tokens.at[i + 1]);
	if (c != '"')
		return scalar(name, s, level);
	tell(name, json_text{s.p + 1, s.n - 2}, JSON_RAW, level);
	return true;
}

bool json_picker::walk()
{
	const char *const bytes = tokens.p;
	size_t i = 1, depth = 0; /* the token at hand */
	uint64_t place = 0; /* the last three names, 13 bits each */
	if (tokens.n < 2 || bytes[tokens.at[0]] != '{')
		return false;
	opened in{0, 1, false};
	bool fresh = true; /* nothing of the container was read yet */
	known.begin();
	known.then('{');
	for (;;) {
		if (i >= tokens.n)
			return false;
		char c = bytes[tokens.at[i]];
		if (!fresh || c == (in.array ? ']' : '}'))
			known.then(c);
		if (fresh ? c == (in.array ? ']' : '}') : c != ',') {
			if (c != (in.array ? ']' : '}'))
				return false;
			i++;
			fresh = false;
			if (depth == 0)
				return i == tokens.n;
			in = stack[--depth];
			continue;
		}
		i += !fresh;
		fresh = false;
		uint32_t name = in.name;
		if (!in.array) {
			if (tokens.n < i + 4 || bytes[tokens.at[i]] != '"' || bytes[tokens.at[i + 1]] != ':')
				return false;
			json_text key = token(bytes, tokens.at[i], tokens.at[i + 1]);
			if (!member(place, in.name, key.p + 1, key.n - 2, &name))
				return false;
			known.key(key.p + 1, key.n - 2);
			place = (place << 13 | name) & ((uint64_t{1} << 39) - 1);
			i += 2;
		}
		if (tokens.n < i + 2 || !value(i, name, in.level)) /* what closes must follow */
			return false;
		c = bytes[tokens.at[i]];
		if (c == '{' || c == '[') {
			if (depth + 1 >= max_depth)
				return false;
			stack[depth++] = in;
			in = opened{name, static_cast<uint8_t>(in.level + (c == '{')), c == '['};
			fresh = true;
		}
		i++;
	}
}

bool json_picker::members()
{
	const shape *same = known.find(tokens);
	if (same)
		return pick(*same);
	if (!walk())
		return false;
	known.end(tokens);
	return true;
}

enum json_result json_pick(struct json_picker *x, struct json_text text, const struct json_picking *k)
{
	if (!text.n)
		return JSON_SYNTAX;
	try {
		x->k = k;
		if (x->full)
			x->forget();
		return x->find(text.p, text.n) && x->members() ? JSON_OK : JSON_SYNTAX;
	} catch (...) {
		return JSON_NOMEM;
	}
}

struct json_picker *json_picker_new(unsigned max_depth)
{
	try {
		return new json_picker(max_depth);
	} catch (...) {
		return nullptr;
	}
}

void json_picker_free(struct json_picker *p)
{
	delete p;
}

/* ---- escapes ------------------------------------------------------------------------------------------------- */

static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = static_cast<char>(c);
	} else if (c < 0x800) {
		*to++ = static_cast<char>(0xc0 | c >> 6);
		*to++ = static_cast<char>(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = static_cast<char>(0xe0 | c >> 12);
		*to++ = static_cast<char>(0x80 | (c >> 6 & 0x3f));
		*to++ = static_cast<char>(0x80 | (c & 0x3f));
	} else {
		*to++ = static_cast<char>(0xf0 | c >> 18);
		*to++ = static_cast<char>(0x80 | (c >> 12 & 0x3f));
		*to++ = static_cast<char>(0x80 | (c >> 6 & 0x3f));
		*to++ = static_cast<char>(0x80 | (c & 0x3f));
	}
	return to;
}

/* \uXXXX at p, perhaps with its other half; moves p behind it. */
static char *put_unicode(char *to, const char *&p, const char *end)
{
	unsigned v = hex4(p, static_cast<size_t>(end - p));
	if (v > 0xffff) {
		*to++ = *p++;
		return to;
	}
	p += 6;
	if (v >= 0xd800 && v <= 0xdbff) {
		unsigned low = end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p, static_cast<size_t>(end - p)) : 0;
		if (low >= 0xdc00 && low <= 0xdfff) {
			p += 6;
			return put_utf8(to, 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00));
		}
		v = 0xfffd;
	} else if (v >= 0xdc00 && v <= 0xdfff) {
		v = 0xfffd;
	}
	return put_utf8(to, v);
}

/* Copies up to the first backslash; returns where it stands, or end. Paths are full of them: runs are too short for memchr and memcpy. */
static const char *copy_plain(char *&to, const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16, to += 16) {
		__m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
		_mm_storeu_si128(reinterpret_cast<__m128i *>(to), v); /* no more is written than was read */
		unsigned slashes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
		if (slashes) {
			unsigned n = static_cast<unsigned>(__builtin_ctz(slashes));
			to += n;
			return p + n;
		}
	}
#endif
	while (p < end && *p != '\\')
		*to++ = *p++;
	return p;
}

size_t json_unescape(struct json_text raw, char *to)
{
	static const char from[] = "\"\\/bfnrt", is[] = "\"\\/\b\f\n\r\t";
	const char *p = raw.p, *end = p + raw.n;
	char *start = to;
	while (p < end) {
		p = copy_plain(to, p, end);
		if (p == end)
			break;
		const char *e = p + 1 < end ? static_cast<const char *>(std::memchr(from, p[1], sizeof from - 1)) : nullptr;
		if (e) {
			*to++ = is[e - from];
			p += 2;
		} else if (p + 1 < end && p[1] == 'u') {
			to = put_unicode(to, p, end);
		} else {
			*to++ = *p++;
		}
	}
	return static_cast<size_t>(to - start);
}

