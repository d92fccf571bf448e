/* elements.cc - documents of records: arrays of flat objects, told value by value. */
#include <charconv>
#include <new>
#include <string_view>

#include <simdjson.h>

#include "json/json.h"

namespace dom = simdjson::dom;

namespace {

constexpr size_t DEPTH = 64;

struct telling {
	bool (*value)(void *arg, const struct json_element *e);
	void *arg;
};

json_text text_of(std::string_view s)
{
	return json_text{s.data(), s.size()};
}

bool tell(const telling &t, json_element e, json_type type, std::string_view text)
{
	e.type = static_cast<uint8_t>(type);
	e.text = text_of(text);
	return t.value(t.arg, &e);
}

template <class number> bool tell_number(const telling &t, const json_element &e, number v)
{
	char tmp[40];
	std::to_chars_result r = std::to_chars(tmp, tmp + sizeof tmp, v);
	return r.ec != std::errc() || tell(t, e, JSON_NUMBER, std::string_view(tmp, static_cast<size_t>(r.ptr - tmp)));
}

bool tell_scalar(const telling &t, const json_element &e, dom::element x)
{
	std::string_view s;
	int64_t i = 0;
	uint64_t u = 0;
	double d = 0;
	bool b = false;
	switch (x.type()) {
	case dom::element_type::STRING: return x.get(s) || tell(t, e, JSON_STRING, s);
	case dom::element_type::INT64: return x.get(i) || tell_number(t, e, i);
	case dom::element_type::UINT64: return x.get(u) || tell_number(t, e, u);
	case dom::element_type::DOUBLE: return x.get(d) || tell_number(t, e, d);
	case dom::element_type::BOOL: return x.get(b) || tell(t, e, JSON_BOOL, b ? "true" : "false");
	case dom::element_type::NULL_VALUE: return tell(t, e, JSON_NULL, "");
	default: return true; /* deeper than a record goes */
	}
}

bool tell_member(const telling &t, const json_element &e, dom::element x)
{
	dom::array list;
	if (x.get(list))
		return tell_scalar(t, e, x);
	if (!tell(t, e, JSON_ARRAY, ""))
		return false;
	for (dom::element y : list)
		if (!tell_scalar(t, e, y))
			return false;
	return true;
}

bool tell_array(const telling &t, std::string_view name, dom::array list)
{
	json_element e{};
	e.member = text_of(name);
	if (!tell(t, e, JSON_ARRAY, ""))
		return false;
	for (dom::element x : list) {
		dom::object o;
		if (x.get(o)) {
			e.array = json_text{"", 0};
			e.member = text_of(name);
			if (!tell_scalar(t, e, x))
				return false;
			e.index++;
			continue;
		}
		e.array = text_of(name);
		e.member = json_text{"", 0};
		if (!tell(t, e, JSON_CONTAINER, ""))
			return false;
		for (dom::key_value_pair m : o) {
			e.member = text_of(m.key);
			if (!tell_member(t, e, m.value))
				return false;
		}
		e.index++;
	}
	return true;
}

} // namespace

enum json_result json_elements(struct json_text text, bool (*value)(void *arg, const struct json_element *e), void *arg)
{
	const telling t = {value, arg};
	try {
		dom::parser parser;
		dom::element root;
		dom::object object;
		if (!text.n)
			return JSON_SYNTAX;
		if (parser.allocate(text.n, DEPTH))
			return JSON_NOMEM;
		auto error = parser.parse(text.p, text.n, true).get(root);
		if (error == simdjson::DEPTH_ERROR || error == simdjson::CAPACITY)
			return JSON_LIMIT;
		if (error == simdjson::MEMALLOC)
			return JSON_NOMEM;
		if (error || root.get(object))
			return JSON_SYNTAX;
		for (dom::key_value_pair m : object) {
			dom::array list;
			json_element e{};
			e.array = json_text{"", 0};
			e.member = text_of(m.key);
			if (m.value.get(list) ? !tell_scalar(t, e, m.value) : !tell_array(t, m.key, list))
				return JSON_LIMIT;
		}
		return JSON_OK;
	} catch (...) {
		return JSON_NOMEM;
	}
}
