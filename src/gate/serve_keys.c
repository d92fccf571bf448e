/* serve_keys.c - which key somebody used, and what sshd is told about it. sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
#include "gate/serve_private.h"

#include <stdio.h>

bool serve_key(struct slice auth_info, struct arena *mem, struct gate_key *out)
{
	struct slice line;
	struct err e;
	bool more = true;
	while (more) {
		more = slice_cut(&auth_info, '\n', &line);
		if (!more)
			line = auth_info;
		if (slice_starts(line, SL("publickey ")))
			return gate_key_parse(slice_from(line, sizeof "publickey " - 1), mem, out, &e) == 0;
	}
	return false;
}

/* "10.0.0.0/8": sshd refuses a network with bits behind its mask. */
static void add_network(struct buf *b, const struct cidr *c)
{
	struct ip net = c->net;
	char text[48];
	unsigned bits = c->bits;
	for (unsigned i = 0; i < 128; i++)
		if (i >= bits)
			net.b[i / 8] &= (uint8_t)~(0x80u >> (i % 8));
	bool four = ip_is_v4(&net) && bits >= 96;
	buf_addf(b, "%s/%u", ip_text(&net, text), four ? bits - 96 : bits);
}

static void add_line(struct buf *b, const struct gate_grant *x, const struct gate_key *k, nstime until)
{
	struct civil c = civil_of(until);
	buf_addz(b, "restrict");
	if (x->may & (MAY_SHELL | MAY_COMMANDS))
		buf_addz(b, ",pty");
	if (x->may & MAY_FORWARD)
		buf_addz(b, ",port-forwarding");
	if (k->hardware)
		buf_addz(b, ",verify-required"); /* the PIN or finger is its second factor */
	for (size_t i = 0; i < x->nsources; i++) {
		buf_addz(b, i ? "," : ",from=\"");
		add_network(b, &x->sources[i]);
	}
	buf_addf(b, "%s,expiry-time=\"%04d%02u%02u%02u%02u%02uZ\" ", x->nsources ? "\"" : "", c.year, c.month, c.day, c.hour, c.minute, c.second);
	buf_adds(b, k->type);
	buf_addc(b, ' ');
	buf_adds(b, k->blob);
	buf_addc(b, '\n');
}

size_t serve_key_lines(const struct gate_policy *p, const struct gate_request *q, const struct gate_key *k, nstime now, nstime boot_now, char *out, size_t room)
{
	struct buf b = {0};
	size_t n = 0;
	for (size_t i = 0; i < p->ngrants && !k->certificate; i++) {
		struct gate_policy one = *p;
		one.grants = &p->grants[i];
		one.ngrants = 1;
		struct gate_decision d = gate_decide(q, &one, now, boot_now);
		b.n = 0;
		if (d.allow)
			add_line(&b, d.grant, k, d.until);
		if (b.n > room - n)
			break; /* what is left out is not let in */
		if (b.n)
			memcpy(out + n, b.p, b.n);
		n += b.n;
	}
	buf_free(&b);
	return n;
}
