/* json.cc - see json.h. The DOM of simdjson is walked with an explicit stack; names and numbers are laid behind
 * a copy of the strings in one buffer, so that the caller copies once. */
#include <charconv>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <simdjson.h>

#include "json/json_private.h"

namespace dom = simdjson::dom;

namespace {

constexpr size_t NAME_MAX_BYTES = 200, NUMBER_DIGITS = 18;
constexpr unsigned DEPTH_MAX = 255;

struct frame {
	bool array;
	dom::array::iterator at, at_end;
	dom::object::iterator member, member_end;
	size_t name_n; /* of the prefix */
	size_t level;  /* objects around it, itself included */
	frame() : array(false), at(), at_end(), member(), member_end(), name_n(0), level(0) {}
};

} // namespace

struct json_parser {
	dom::parser dom;
	unsigned max_depth;
	size_t max_leaves;
	bool all;                   /* nulls and containers, too */
	size_t level;               /* of the leaf at hand */
	std::vector<char> padded;   /* the text with simdjson's padding */
	std::vector<char> mended;
	std::vector<json_leaf> leaves;
	std::vector<char> memory;   /* strings, names, numbers */
	size_t used;
	std::vector<frame> stack;
	std::string part;           /* of json_part */
	char name[NAME_MAX_BYTES + 8];

	json_parser(unsigned depth, size_t n) : dom(), max_depth(depth < DEPTH_MAX ? depth : DEPTH_MAX), max_leaves(n), all(false), level(0), used(0)
	{
		leaves.reserve(n);
		stack.resize(max_depth + 1u);
	}
	json_result parse(const char *p, size_t n, dom::element &root);
	void mend(const char *p, size_t n);
	bool walk(dom::object root, json_text bytes);
	bool put_leaf(const char *text, size_t text_n, json_type type, size_t name_n, size_t depth);
	bool put_scalar(dom::element e, size_t name_n, size_t depth);
	bool put_bytes(dom::array a, size_t name_n, size_t depth);
	char *keep(const char *text, size_t n);
};

json_result json_parser::parse(const char *p, size_t n, dom::element &root)
{
	if (padded.size() < n + simdjson::SIMDJSON_PADDING)
		padded.resize(n + n / 2 + simdjson::SIMDJSON_PADDING);
	std::memcpy(padded.data(), p, n);
	std::memset(padded.data() + n, 0, simdjson::SIMDJSON_PADDING);
	if (dom.capacity() < n && dom.allocate(n + n / 2, max_depth))
		return JSON_LIMIT;
	auto result = dom.parse(reinterpret_cast<const uint8_t *>(padded.data()), n, false);
	if (result.error() == simdjson::DEPTH_ERROR || result.error() == simdjson::CAPACITY)
		return JSON_LIMIT;
	return result.get(root) ? JSON_SYNTAX : JSON_OK;
}

/* The length of a well-formed UTF-8 sequence at p, 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	if (p[0] < 0x80)
		return 1;
	size_t len = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : p[0] >= 0xe0 && p[0] <= 0xef ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
	if (!len || n < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

/* One escape at p: appends its mended form, returns how many bytes were read. */
static size_t mend_escape(std::vector<char> &out, const char *p, size_t n)
{
	auto add = [&out](const char *s, size_t len) { out.insert(out.end(), s, s + len); };
	if (n < 2) {
		add("?", 1);
		return 1;
	}
	if (p[1] == 'u') {
		unsigned v = hex4(p, n);
		bool high = v >= 0xd800 && v <= 0xdbff, low = v >= 0xdc00 && v <= 0xdfff;
		unsigned next = high && n >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 6, n - 6) : 0;
		if (high && next >= 0xdc00 && next <= 0xdfff) {
			add(p, 12);
			return 12;
		}
		if (v > 0xffff || high || low) {
			add("\\ufffd", 6);
			return v > 0xffff ? 2 : 6;
		}
		add(p, 6);
		return 6;
	}
	if (p[1] == 'x' && n >= 4 && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0) {
		add("\\u00", 4);
		add(p + 2, 2);
		return 4;
	}
	if (std::memchr("\"\\/bfnrt", p[1], 8)) {
		add(p, 2);
		return 2;
	}
	add("\\\\", 2);
	return 1;
}

void json_parser::mend(const char *p, size_t n)
{
	bool quoted = false;
	mended.clear();
	for (size_t i = 0; i < n;) {
		unsigned char c = static_cast<unsigned char>(p[i]);
		size_t len = utf8_length(reinterpret_cast<const unsigned char *>(p) + i, n - i);
		if (!len) {
			mended.insert(mended.end(), {'\xef', '\xbf', '\xbd'});
			i++;
		} else if (quoted && c == '\\') {
			i += mend_escape(mended, p + i, n - i);
		} else if (!quoted && (is_digit(p[i]) || c == '-')) { /* a number too long for 64 bits becomes a string */
			size_t run = 1;
			while (i + run < n && (is_digit(p[i + run]) || std::memchr("+-.eE", p[i + run], 5)))
				run++;
			if (run > NUMBER_DIGITS)
				mended.push_back('"');
			mended.insert(mended.end(), p + i, p + i + run);
			if (run > NUMBER_DIGITS)
				mended.push_back('"');
			i += run;
		} else {
			if (c == '"')
				quoted = !quoted;
			if (c < 0x20)
				mended.push_back(' ');
			else
				mended.insert(mended.end(), p + i, p + i + len);
			i += len;
		}
	}
}

char *json_parser::keep(const char *text, size_t n)
{
	if (memory.size() - used < n + 1)
		return nullptr;
	char *to = memory.data() + used;
	if (n)
		std::memcpy(to, text, n);
	to[n] = 0;
	used += n + 1;
	return to;
}

bool json_parser::put_leaf(const char *text, size_t text_n, json_type type, size_t name_n, size_t depth)
{
	if (leaves.size() == max_leaves)
		return false;
	const char *kept = keep(name, name_n);
	const char *value = kept ? keep(text, text_n) : nullptr;
	if (!value)
		return false;
	json_leaf leaf;
	leaf.name.p = kept;
	leaf.name.n = name_n;
	leaf.text.p = value;
	leaf.text.n = text_n;
	leaf.type = static_cast<uint8_t>(type);
	leaf.depth = static_cast<uint8_t>(depth);
	leaf.level = static_cast<uint8_t>(level);
	leaves.push_back(leaf);
	return true;
}

/* False: no room for more. */
bool json_parser::put_scalar(dom::element e, size_t name_n, size_t depth)
{
	char tmp[40];
	std::to_chars_result r{tmp, std::errc()};
	switch (e.type()) {
	case dom::element_type::STRING: {
		std::string_view s;
		return e.get(s) || put_leaf(s.data(), s.size(), JSON_STRING, name_n, depth);
	}
	case dom::element_type::INT64: {
		int64_t v = 0;
		if (!e.get(v))
			r = std::to_chars(tmp, tmp + sizeof tmp, v);
		break;
	}
	case dom::element_type::UINT64: {
		uint64_t v = 0;
		if (!e.get(v))
			r = std::to_chars(tmp, tmp + sizeof tmp, v);
		break;
	}
	case dom::element_type::DOUBLE: {
		double v = 0;
		if (!e.get(v))
			r = v > 1e8 && v < 1e11 ? std::to_chars(tmp, tmp + sizeof tmp, v, std::chars_format::fixed, 6) /* a time */
						 : std::to_chars(tmp, tmp + sizeof tmp, v);
		break;
	}
	case dom::element_type::BOOL: {
		bool v = false;
		if (e.get(v))
			return true;
		return put_leaf(v ? "true" : "false", v ? 4 : 5, JSON_BOOL, name_n, depth);
	}
	default:
		return !all || put_leaf("", 0, JSON_NULL, name_n, depth);
	}
	return r.ec != std::errc() || put_leaf(tmp, static_cast<size_t>(r.ptr - tmp), JSON_NUMBER, name_n, depth);
}

/* [72,105] -> "Hi". False when it is no array of bytes. */
bool json_parser::put_bytes(dom::array a, size_t name_n, size_t depth)
{
	std::vector<char> text;
	for (dom::element e : a) {
		uint64_t v;
		if (e.get(v) || v > 255)
			return false;
		text.push_back(static_cast<char>(v));
	}
	return !text.empty() && put_leaf(text.data(), text.size(), JSON_STRING, name_n, depth);
}

bool json_parser::walk(dom::object root, json_text bytes)
{
	size_t depth = 0;
	stack[0].array = false;
	stack[0].member = root.begin();
	stack[0].member_end = root.end();
	stack[0].name_n = 0;
	stack[0].level = 1;
	for (;;) {
		frame &f = stack[depth];
		level = f.level;
		if (f.array ? !(f.at != f.at_end) : !(f.member != f.member_end)) {
			if (depth-- == 0)
				return true;
			continue;
		}
		dom::element e;
		size_t name_n = f.name_n;
		if (f.array) {
			e = *f.at;
			++f.at;
		} else {
			std::string_view key = f.member.key();
			e = f.member.value();
			++f.member;
			size_t dot = name_n ? 1 : 0;
			if (key.size() > NAME_MAX_BYTES - name_n - dot)
				continue; /* no name of any log: not kept */
			if (dot)
				name[name_n] = '.';
			std::memcpy(name + name_n + dot, key.data(), key.size());
			name_n += dot + key.size();
		}
		bool array = e.is_array();
		if (!array && !e.is_object()) {
			if (!put_scalar(e, name_n, depth + 1))
				return false;
			continue;
		}
		if (array && name_n == bytes.n && !std::memcmp(name, bytes.p, name_n) && put_bytes(dom::array(e), name_n, depth + 1))
			continue;
		if (all && !f.array && !put_leaf("", 0, array ? JSON_ARRAY : JSON_CONTAINER, name_n, depth + 1))
			return false;
		if (depth + 1 >= stack.size() || name_n >= NAME_MAX_BYTES - 1)
			continue;
		frame &g = stack[++depth];
		g.array = array;
		g.name_n = name_n;
		g.level = level + (array ? 0 : 1);
		if (array) {
			dom::array a = e;
			g.at = a.begin();
			g.at_end = a.end();
		} else {
			dom::object o = e;
			g.member = o.begin();
			g.member_end = o.end();
		}
	}
}

struct json_parser *json_parser_new(unsigned max_depth, size_t max_leaves)
{
	try {
		return new json_parser(max_depth, max_leaves);
	} catch (...) {
		return nullptr;
	}
}

void json_parser_free(struct json_parser *p)
{
	delete p;
}

void json_keep_all(struct json_parser *p)
{
	p->all = true;
}

enum json_result json_flatten(struct json_parser *p, struct json_text text, struct json_text bytes, struct json_flat *out)
{
	if (!text.n)
		return JSON_SYNTAX;
	try {
		dom::element root;
		dom::object object;
		json_result r = p->parse(text.p, text.n, root);
		if (r == JSON_SYNTAX) {
			p->mend(text.p, text.n);
			r = p->parse(p->mended.data(), p->mended.size(), root);
		}
		if (r)
			return r;
		if (root.get(object))
			return JSON_SYNTAX;
		p->leaves.clear();
		p->used = 0;
		size_t room = text.n * 4 + 4096; /* names repeat what stands above them; more than this is not kept */
		if (p->memory.size() < room)
			p->memory.resize(room + room / 2);
		out->cut = !p->walk(object, bytes);
		out->v = p->leaves.data();
		out->n = p->leaves.size();
		return JSON_OK;
	} catch (...) {
		return JSON_NOMEM; /* the only exceptions left */
	}
}

bool json_part(struct json_parser *p, struct json_text text, struct json_text member, size_t index, struct json_text *out)
{
	if (!text.n)
		return false;
	try {
		dom::element root, e;
		dom::array a;
		if (p->parse(text.p, text.n, root) || root.at_key(std::string_view(member.p, member.n)).get(e))
			return false;
		if (index != SIZE_MAX && (e.get(a) || a.at(index).get(e)))
			return false;
		std::string_view s;
		if (!e.get(s))
			p->part.assign(s);
		else
			p->part = simdjson::minify(e);
		out->p = p->part.data();
		out->n = p->part.size();
		return true;
	} catch (...) {
		return false;
	}
}

struct json_text json_memory(const struct json_parser *p)
{
	struct json_text s = {p->memory.data(), p->used};
	return s;
}
