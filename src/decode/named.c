/* named.c - BIND 9, over syslog and as its own channels write it.
 * Source: BIND's lib/ns/client.c, query.c, update.c, xfrout.c, lib/dns/rrl.c; doc/arm "logging". A client is
 * "client @0x7f.. 192.0.2.3#60683 (qname): view x: message"; handle, name and view may be missing. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

static const struct row rows[] = {
	/* behind the client */
	{"query: {dns.question.name:w} {:w} {dns.question.type:w} {}", ACT_DNS_QUERY, NONE, NULL},
	{"query (cache) '{dns.question.name}/{dns.question.type:w}/{:w}' denied[? ({event.reason})?]", ACT_DNS_DENIED, FAIL, NULL},
	{"query (cache) denied", ACT_DNS_DENIED, FAIL, NULL},
	{"query (cache)[? {}?]", ACT_NOTICE, NONE, NULL},
	{"query '{dns.question.name}/{dns.question.type:w}/{:w}' denied[? ({event.reason})?]", ACT_DNS_DENIED, FAIL, NULL},
	{"query failed ({error.message}) for {dns.question.name:w}{}", ACT_NOTICE, NONE, NULL},
	{"recursive query '{dns.question.name}' denied", ACT_DNS_DENIED, FAIL, NULL},
	{"zone transfer '{dns.question.name}/{dns.question.type:w}/{:w}' denied[?{}?]", ACT_DNS_DENIED, FAIL, NULL},
	{"bad zone transfer request: '{dns.question.name}/{:w}': {event.reason}", ACT_DNS_DENIED, FAIL, NULL},
	{"transfer of '{dns.question.name}/{:w}': {dns.question.type:w} started{}", ACT_DNS_ANSWER, NONE, NULL},
	{"transfer of '{dns.question.name}/{:w}': {dns.question.type:w} ended{}", ACT_DNS_ANSWER, NONE, NULL},
	{"transfer of '{dns.question.name}/{:w}' from {}", ACT_NOTICE, NONE, NULL},
	{"update '{dns.question.name}/{:w}' denied[?{}?]", ACT_DNS_DENIED, FAIL, NULL},
	{"update forwarding '{dns.question.name}/{:w}' denied[?{}?]", ACT_DNS_DENIED, FAIL, NULL},
	{"updating zone '{dns.question.name}/{:w}': {message}", ACT_CONFIG_CHANGED, NONE, NULL},
	{"update '{dns.question.name}/{:w}' {message}", ACT_NOTICE, NONE, NULL},
	{"signer \"{user.name}\" {message}", ACT_NOTICE, NONE, NULL},
	{"request has invalid signature: {event.reason}", ACT_DNS_DENIED, FAIL, NULL},
	{"notify question section contains no SOA", ACT_NOTICE, NONE, NULL},
	{"received notify for zone '{dns.question.name}'[?{}?]", ACT_NOTICE, NONE, NULL},
	{"refused notify {}", ACT_DNS_DENIED, NONE, NULL},
	{"rate limit {event.reason}", ACT_DNS_DENIED, NONE, NULL},
	{"no more {message}", ACT_NOTICE, NONE, NULL},
	{"{} denied[?{}?]", ACT_DNS_DENIED, FAIL, NULL},
	/* the resolver and the server itself */
	{"lame server resolving '{dns.question.name}' {}: {destination.ip}#{destination.port}", ACT_NOTICE, NONE, NULL},
	{"{error.message} resolving '{dns.question.name}/{dns.question.type:w}/{:w}': {destination.ip}#{destination.port}", ACT_NOTICE, NONE, NULL},
	{"{error.message} resolving '{dns.question.name}/{dns.question.type:w}'[?{}?]", ACT_NOTICE, NONE, NULL},
	{"zone {dns.question.name:w}: {message}", ACT_NOTICE, NONE, NULL},
	{"validating {message}", ACT_NOTICE, NONE, NULL},
	{"managed-keys-zone{message}", ACT_NOTICE, NONE, NULL},
	{"starting BIND {}", ACT_SERVICE_STARTED, NONE, NULL},
	{"running", ACT_NOTICE, NONE, NULL},
	{"all zones loaded", ACT_NOTICE, NONE, NULL},
	{"exiting", ACT_SERVICE_STOPPED, NONE, NULL},
	{"shutting down{}", ACT_NOTICE, NONE, NULL},
	{"stopping command channel {}", ACT_NOTICE, NONE, NULL},
	{"received control channel command '{process.command_line}'", ACT_CONFIG_CHANGED, NONE, NULL},
	{"reloading configuration succeeded", ACT_CONFIG_CHANGED, NONE, NULL},
	{"invalid command from {source.ip}#{source.port}: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"rejected command channel message from {source.ip}#{source.port}", ACT_CONN_REFUSED, FAIL, NULL},
	{"loading configuration {}", ACT_NOTICE, NONE, NULL},
	{"reloading {}", ACT_NOTICE, NONE, NULL},
	{"listening on {}", ACT_NOTICE, NONE, NULL},
	{"using {}", ACT_NOTICE, NONE, NULL},
	{"found {}", ACT_NOTICE, NONE, NULL},
	{"built with {}", ACT_NOTICE, NONE, NULL},
	{"command channel listening on {}", ACT_NOTICE, NONE, NULL},
	{"automatic empty zone: {}", ACT_NOTICE, NONE, NULL},
	{"sizing zone task pool {}", ACT_NOTICE, NONE, NULL},
	{"generating session key {}", ACT_NOTICE, NONE, NULL},
	{"resolver priming query complete{}", ACT_NOTICE, NONE, NULL},
	{"---{}", ACT_NOTICE, NONE, NULL},
	{"BIND 9 is {}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

struct client {
	struct slice ip, port;
};

/* Cuts "client [@0x..] address#port [(name)][: view x]: " off s. */
static bool take_client(struct slice *s, struct client *c)
{
	struct slice rest = *s, word;
	if (!slice_starts(rest, SL("client ")))
		return false;
	rest = slice_from(rest, 7);
	if (slice_starts(rest, SL("@0x")) && !slice_word(&rest, &word))
		return false;
	rest = slice_trim(rest);
	if (!slice_cut(&rest, '#', &c->ip) || c->ip.n > 48)
		return false;
	size_t n = 0;
	while (n < rest.n && (unsigned)(rest.p[n] - '0') <= 9)
		n++;
	c->port = slice_to(rest, n);
	rest = slice_from(rest, n);
	if (slice_starts(rest, SL("/key "))) { /* signed by a TSIG key */
		ssize_t end = slice_chr(slice_from(rest, 5), ' ');
		ssize_t colon = slice_chr(slice_from(rest, 5), ':');
		ssize_t at = end < 0 || (colon >= 0 && colon < end) ? colon : end;
		if (at < 0)
			return false;
		rest = slice_from(rest, 5 + (size_t)at);
	}
	if (slice_starts(rest, SL(" ("))) {
		ssize_t end = slice_find(rest, SL("): ")); /* names print ')' as "\)" */
		if (end < 0)
			return false;
		rest = slice_from(rest, (size_t)end + 1);
	}
	if (!slice_starts(rest, SL(": ")))
		return false;
	rest = slice_from(rest, 2);
	if (slice_starts(rest, SL("view "))) {
		ssize_t end = slice_find(slice_to(rest, 128), SL(": "));
		if (end > 0)
			rest = slice_from(rest, (size_t)end + 2);
	}
	*s = rest;
	return true;
}

/* Channels with print-category and print-severity put "security: info: " in front. */
static bool prefix_word(struct slice w)
{
	static const char *const words[] = {"client", "config", "database", "default", "delegation-only", "dispatch", "dnssec", "dnstap",
		"edns-disabled", "general", "lame-servers", "network", "notify", "nsid", "queries", "query-errors", "rate-limit", "resolver",
		"rpz", "security", "serve-stale", "spill", "trust-anchor-telemetry", "unmatched", "update", "update-security", "xfer-in",
		"xfer-out", "zoneload", "critical", "error", "warning", "notice", "info", "debug"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eqz(w, words[i]))
			return true;
	return false;
}

static struct slice skip_prefixes(struct slice s)
{
	for (int i = 0; i < 2; i++) {
		ssize_t colon = slice_find(slice_to(s, 32), SL(": "));
		if (colon <= 0)
			break;
		struct slice w = slice_to(s, (size_t)colon);
		if (slice_starts(w, SL("debug ")))
			w = slice_to(w, 5);
		if (!prefix_word(w))
			break;
		s = slice_from(s, (size_t)colon + 2);
	}
	return s;
}

static enum decoded message(struct decoder *d, struct dline *l)
{
	struct slice whole = l->msg;
	struct client c = {0};
	struct event *ev;
	l->msg = skip_prefixes(l->msg);
	take_client(&l->msg, &c);
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_named), SL("named"), &ev);
	l->msg = whole;
	if (ev && c.ip.n) {
		event_add(d->out, ev, F_SOURCE_IP, c.ip);
		event_add(d->out, ev, F_SOURCE_PORT, c.port);
	}
	return r;
}

const struct program program_named = {.names = "named name bind9", .dataset = "named", .rows = rows, .rows_of_fn = true, .fn = message};

static bool maybe_named(struct slice s)
{
	return s.n > 26 && s.p[2] == '-' && s.p[6] == '-' && s.p[11] == ' ' && s.p[14] == ':';
}

/* "23-Aug-2013 10:32:56.621 [category: ][severity: ]message" */
static enum decoded line_named(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw;
	if (!time_named(d, &s, l))
		return DECODED_NO_FORMAT;
	l->msg = slice_trim(s);
	l->program = SL("named");
	bool ours = prefix_word(slice_to(l->msg, (size_t)MAX(slice_chr(slice_to(l->msg, 32), ':'), 0))) || slice_starts(l->msg, SL("client "));
	enum decoded r = message(d, l);
	return r == DECODED_UNKNOWN && !ours ? DECODED_NO_FORMAT : r;
}

const struct format format_named = {"BIND log", maybe_named, line_named};
