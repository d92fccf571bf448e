/* web_modsec.c - ModSecurity 2 and 3 inside the error logs of Apache and nginx.
 * Source: ModSecurity apache2/re.c msc_alert, apache2_util.c; libmodsecurity src/rule_message.cc. */
#include "decode/web.h"

enum { FIELDS_MAX = 32 };

static const struct {
	const char *key;
	enum field_id field;
} map[] = {
	{"id", F_RULE_ID}, {"msg", F_RULE_NAME}, {"severity", F_LOG_LEVEL}, {"hostname", F_SERVER_NAME}, {"data", F_EVENT_REASON}, {"unique_id", F_EVENT_ID},
};

bool web_is_modsec(struct slice body)
{
	return slice_starts(body, SL("ModSecurity: ")) || slice_starts(body, SL("ModSecurity for ")) || slice_starts(body, SL("mod_security: "));
}

/* Next `[key "value"]`. */
static bool next_field(struct slice *s, struct slice *key, struct slice *value)
{
	for (;;) {
		ssize_t open = slice_chr(*s, '[');
		if (open < 0)
			return false;
		struct slice rest = slice_from(*s, (size_t)open + 1);
		size_t n = 0;
		while (n < rest.n && n < 16 && ((rest.p[n] >= 'a' && rest.p[n] <= 'z') || rest.p[n] == '_'))
			n++;
		struct slice tail = slice_from(rest, n);
		if (!n || !slice_starts(tail, SL(" \""))) {
			*s = rest;
			continue;
		}
		*key = slice_to(rest, n);
		tail = slice_from(tail, 2);
		size_t end = web_quote_end(tail);
		*value = slice_to(tail, end);
		*s = slice_from(tail, end + 1);
		return true;
	}
}

static void add_fields(struct decoder *d, struct event *ev, struct slice s)
{
	struct slice key, value;
	unsigned seen = 0;
	for (int i = 0; i < FIELDS_MAX && next_field(&s, &key, &value); i++) {
		if (slice_eq(key, SL("uri")))
			web_add_target(d, ev, value, false);
		for (size_t k = 0; k < ARRAY_LEN(map); k++)
			if (slice_eqz(key, map[k].key) && !(seen >> k & 1)) {
				seen |= 1u << k;
				decode_add_unescaped(d, ev, map[k].field, value);
			}
	}
}

enum decoded web_modsec(struct decoder *d, struct dline *l, struct slice dataset, struct slice body, struct event **ev)
{
	ssize_t colon = slice_find(body, SL(": "));
	struct slice text = colon < 0 ? body : slice_from(body, (size_t)colon + 2);
	bool own = slice_starts(body, SL("ModSecurity for ")) || slice_starts(text, SL("Audit log:")) || slice_starts(text, SL("Loaded "));
	/* old versions put the fields before the verdict */
	bool denied = !own && (slice_starts(text, SL("Access denied with ")) || slice_has(text, SL("\"] Access denied with ")));
	enum action a = own ? ACT_NOTICE : denied ? ACT_HTTP_DENIED : ACT_SCAN_PROBE;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	*ev = decode_emit(d, l, dataset, a, OUTCOME_NONE);
	event_add(d->out, *ev, F_EVENT_PROVIDER, SL("ModSecurity"));
	event_add(d->out, *ev, F_ERROR_MESSAGE, text);
	add_fields(d, *ev, text);
	return DECODED_EVENT;
}
