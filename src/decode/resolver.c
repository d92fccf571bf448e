/* resolver.c - Unbound and dnsmasq: who asked for which name, who got which address.
 * Sources: unbound util/log.c, util/net_help.c (log_nametypeclass), daemon/worker.c; dnsmasq src/log.c, forward.c, rfc1035.c, dhcp.c. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* "[812:0] info: message" over syslog, "[1777871553] unbound[812:0] info: message" in its own file. */
static const struct row unbound_rows[] = {
	{"[{:w}] info: {source.ip} {dns.question.name:w} {dns.question.type:w} IN", ACT_DNS_QUERY, NONE, NULL},
	{"[{:w}] info: {source.ip} {dns.question.name:w} {dns.question.type:w} IN REFUSED {}", ACT_DNS_DENIED, FAIL, NULL},
	{"[{:w}] info: {source.ip} {dns.question.name:w} {dns.question.type:w} IN {event.reason:w} {}", ACT_DNS_ANSWER, NONE, NULL},
	{"[{:w}] query: {source.ip} {dns.question.name:w} {dns.question.type:w} IN", ACT_DNS_QUERY, NONE, NULL},
	{"[{:w}] reply: {source.ip} {dns.question.name:w} {dns.question.type:w} IN {event.reason:w}{}", ACT_DNS_ANSWER, NONE, NULL},
	{"[{:w}] info: refused query from {source.ip}[?{}?]", ACT_DNS_DENIED, FAIL, NULL},
	{"[{:w}] info: start of service{}", ACT_SERVICE_STARTED, NONE, NULL},
	{"[{:w}] info: service stopped{}", ACT_SERVICE_STOPPED, NONE, NULL},
	{"[{:w}] notice: Restart of {}", ACT_SERVICE_STARTED, NONE, NULL},
	{"[{:w}] info: validation failure {message}", ACT_NOTICE, NONE, NULL},
	{"[{:w}] error: {error.message}", ACT_ERROR, NONE, NULL},
	{"[{:w}] fatal error: {error.message}", ACT_ERROR, NONE, NULL},
	{"[{:w}] {:w}: {message}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_unbound = {.names = "unbound unbound-*", .dataset = "unbound", .rows = unbound_rows};

static const struct row dnsmasq_rows[] = {
	{"[?{:d} ?][?{:w}/{:d} ?]query[{dns.question.type:w}] {dns.question.name:w} from {source.ip}", ACT_DNS_QUERY, NONE, NULL},
	{"[?{:d} ?][?{:w}/{:d} ?]reply {dns.question.name:w} is {dns.answers.data}", ACT_DNS_ANSWER, NONE, NULL},
	{"[?{:d} ?][?{:w}/{:d} ?]cached {dns.question.name:w} is {dns.answers.data}", ACT_DNS_ANSWER, NONE, NULL},
	{"[?{:d} ?][?{:w}/{:d} ?]config {dns.question.name:w} is {dns.answers.data}", ACT_DNS_ANSWER, NONE, NULL},
	{"[?{:d} ?][?{:w}/{:d} ?]DHCP {dns.question.name:w} is {dns.answers.data}", ACT_DNS_ANSWER, NONE, NULL},
	{"[?{:d} ?][?{:w}/{:d} ?]forwarded {dns.question.name:w} to {destination.ip}", ACT_NOTICE, NONE, NULL},
	{"[?{:d} ?][?{:w}/{:d} ?]rejected {dns.question.name:w} is {}", ACT_DNS_DENIED, NONE, NULL},
	{"[?{:d} ?]{file.path:w} {dns.question.name:w} is {dns.answers.data}", ACT_DNS_ANSWER, NONE, NULL},
	{"possible DNS-rebind attack detected: {dns.question.name}", ACT_SCAN_PROBE, NONE, NULL},
	{"[?{:d} ?]DHCPACK({observer.ingress.interface.name:w}) {client.ip} {source.mac:w}[? {source.domain:w}?]", ACT_NOTICE, OK, NULL},
	{"[?{:d} ?]DHCPREQUEST({observer.ingress.interface.name:w}) {client.ip} {source.mac:w}[?{}?]", ACT_NOTICE, NONE, NULL},
	{"[?{:d} ?]DHCPOFFER({observer.ingress.interface.name:w}) {client.ip} {source.mac:w}[?{}?]", ACT_NOTICE, NONE, NULL},
	{"[?{:d} ?]DHCPDISCOVER({observer.ingress.interface.name:w}) {}", ACT_NOTICE, NONE, NULL},
	{"[?{:d} ?]DHCPRELEASE({observer.ingress.interface.name:w}) {client.ip} {source.mac:w}[?{}?]", ACT_NOTICE, NONE, NULL},
	{"[?{:d} ?]DHCP{}", ACT_NOTICE, NONE, NULL},
	{"started, version {}", ACT_SERVICE_STARTED, NONE, NULL},
	{"exiting on receipt of SIGTERM", ACT_SERVICE_STOPPED, NONE, NULL},
	{"using {}", ACT_NOTICE, NONE, NULL},
	{"read {}", ACT_NOTICE, NONE, NULL},
	{"reading {}", ACT_NOTICE, NONE, NULL},
	{"compile time options: {}", ACT_NOTICE, NONE, NULL},
	{"cleared cache", ACT_NOTICE, NONE, NULL},
	{"Maximum number of concurrent DNS queries reached{}", ACT_NOTICE, NONE, NULL},
	{"ignoring nameserver {}", ACT_NOTICE, NONE, NULL},
	{"nameserver {destination.ip} refused to do a recursive query", ACT_NOTICE, NONE, NULL},
	{"not giving name {message}", ACT_NOTICE, NONE, NULL},
	{"warning: {message}", ACT_NOTICE, NONE, NULL},
	{"failed to {error.message}", ACT_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_dnsmasq = {.names = "dnsmasq dnsmasq-dhcp dnsmasq-tftp dnsmasq*", .dataset = "dnsmasq", .rows = dnsmasq_rows};

static bool maybe_unbound(struct slice s)
{
	return s.n > 24 && s.p[0] == '[' && s.p[11] == ']' && slice_starts(slice_from(s, 12), SL(" unbound["));
}

/* "[1777871553] unbound[812:0] info: message" */
static enum decoded line_unbound(struct decoder *d, struct dline *l)
{
	struct slice s = slice_from(l->raw, 1);
	if (!time_epoch(d, &s, l) || !slice_starts(s, SL("] unbound[")))
		return DECODED_NO_FORMAT;
	l->msg = slice_from(s, 9);
	l->program = SL("unbound");
	return decode_rows(d, l, decode_rowset_of(d, &program_unbound), SL("unbound"), NULL);
}

const struct format format_unbound = {"Unbound log", maybe_unbound, line_unbound};
