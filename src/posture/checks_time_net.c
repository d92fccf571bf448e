/* checks_time_net.c - the clock, and what can be reached. */
#include "posture/checks.h"

enum posture_result check_time(struct posture_host *h)
{
	host_reads(h, "time");
	if (!host_has_fact(h, "time.service", NULL) && !h->unsure.n)
		host_found(h, NULL, "no program keeps the clock");
	host_reads(h, "time.synchronised");
	if (host_has_fact(h, "time.synchronised", "no"))
		host_found(h, NULL, "the kernel says that the clock is not synchronised");
	return host_verdict(h, "the clock is kept", "logs of two machines cannot be laid side by side, and grants end at the wrong time");
}

/* "tcp 0.0.0.0:22 sshd" */
static bool everywhere(struct slice address)
{
	return slice_starts(address, SL("0.0.0.0:")) || slice_starts(address, SL("[::]:")) || slice_starts(address, SL("*:")) || slice_starts(address, SL(":::"));
}

static bool input_dropped(const struct posture_host *h)
{
	return host_has_fact(h, "firewall.input", "drop") || host_has_fact(h, "firewall.input", "reject");
}

enum posture_result check_net_ssh(struct posture_host *h)
{
	bool everywhere_seen = false;
	if (!sshd_here(h))
		return host_none(h, "no sshd is installed");
	host_reads(h, "firewall");
	for (size_t i = 0; i < h->s->nsshd; i++) {
		const struct snap_sshd *r = &h->s->sshd[i];
		if (slice_eqz(r->name, "listenaddress") && everywhere(r->value)) {
			everywhere_seen = true;
			if (!input_dropped(h) && !h->unsure.n)
				host_found(h, &r->at, "listenaddress %.*s, and no firewall that drops", SLFMT(r->value));
		}
	}
	if (!everywhere_seen)
		for (size_t i = 0; i < h->s->nsshd; i++)
			if (slice_eqz(h->s->sshd[i].name, "listenaddress"))
				return host_verdict(h, "sshd listens on chosen addresses", "");
	if (!everywhere_seen)
		host_unsure(h, "sshd: nothing tells its setting listenaddress");
	return host_verdict(h, "a firewall stands before sshd", "everybody who reaches this machine reaches sshd");
}

enum posture_result check_net_firewall(struct posture_host *h)
{
	host_reads(h, "firewall");
	bool readable = !h->unsure.n;
	if (!host_has_fact(h, "firewall", NULL) && readable)
		host_found(h, NULL, "no firewall is loaded at start");
	else if (readable && !host_has_fact(h, "firewall.input", NULL))
		host_unsure(h, "firewall: what it does with what no rule names cannot be told");
	EACH_FACT(h, f, "firewall.input")
		if (slice_eqz(f->value, "accept"))
			host_found(h, &f->at, "what no rule names is accepted");
	return host_verdict(h, "what no rule names is dropped", "every port that a program opens is reachable");
}

enum posture_result check_net_out(struct posture_host *h)
{
	host_reads(h, "firewall");
	bool readable = !h->unsure.n;
	if (!host_has_fact(h, "firewall", NULL) && readable)
		host_found(h, NULL, "no firewall is loaded at start");
	else if (readable && !host_has_fact(h, "firewall.output", NULL))
		host_unsure(h, "firewall: whether it limits what goes out cannot be told");
	EACH_FACT(h, f, "firewall.output")
		if (slice_eqz(f->value, "accept"))
			host_found(h, &f->at, "everything may go out");
	return host_verdict(h, "what goes out is limited", "an intruder goes on to other machines, and takes data out, from here");
}

enum posture_result check_net_sniff(struct posture_host *h)
{
	host_reads(h, "packet");
	host_reads(h, "file");
	EACH_FACT(h, f, "packet.socket") {
		struct slice program = slice_basename(word_of(f->value, 0));
		if (!slice_eqz(program, "dhclient") && !slice_eqz(program, "systemd-networkd") && !slice_eqz(program, "NetworkManager") && !slice_eqz(program, "systemd-network") && !slice_eqz(program, "dhcpcd")
			&& !slice_eqz(program, "lldpd"))
			host_found(h, &f->at, "%.*s reads frames off the net", SLFMT(f->value));
	}
	EACH_FACT(h, f, "promiscuous")
		host_found(h, &f->at, "%.*s takes in what is for others", SLFMT(f->value));
	for (size_t i = 0; i < h->s->nfiles; i++) {
		struct slice name = slice_basename(h->s->files[i].at.file);
		if (slice_ihas(h->s->files[i].capabilities, SL("cap_net_raw")) && !slice_starts(name, SL("ping")) && !slice_starts(name, SL("arping")) && !slice_starts(name, SL("mtr")) && !slice_starts(name, SL("clockdiff")))
			host_found(h, &h->s->files[i].at, "%.*s", SLFMT(h->s->files[i].capabilities));
	}
	return host_verdict(h, "nobody reads along on the net", "somebody can read along on the net");
}

enum posture_result check_net_legacy(struct posture_host *h)
{
	static const char *const ports[] = {":21", ":23", ":512", ":513", ":514", ":69", ":111", ":79"};
	host_reads(h, "listen");
	EACH_FACT(h, f, "listen") {
		struct slice proto = word_of(f->value, 0), address = word_of(f->value, 1);
		for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
			if (!slice_ends(address, slice_of(ports[i])) || slice_starts(address, SL("127.")) || slice_starts(address, SL("[::1]")))
				continue;
			/* udp 514 is syslog, tcp 514 rsh unless syslog has it */
			if (slice_eqz(slice_of(ports[i]), ":514") && (slice_eqz(proto, "udp") || slice_has(f->value, SL("syslog"))))
				continue;
			host_found(h, &f->at, "%.*s", SLFMT(f->value));
		}
	}
	return host_verdict(h, "no service listens that sends passwords in clear", "a service listens that sends passwords in clear, or asks for none");
}

enum posture_result check_net_kernel(struct posture_host *h)
{
	static const struct { const char *name, *fine; } rows[] = {{"sysctl net.ipv4.conf.all.accept_redirects", "0"}, {"sysctl net.ipv4.conf.all.send_redirects", "0"},
		{"sysctl net.ipv4.conf.all.accept_source_route", "0"}, {"sysctl net.ipv4.ip_forward", "0"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snap_at at = {0};
		struct slice v = host_value(h, rows[i].name, &at);
		if (v.n && !slice_eqz(v, rows[i].fine))
			host_found(h, &at, "%s = %.*s", rows[i].name + 7, SLFMT(v));
		else if (!v.n)
			host_unsure(h, "sysctl: nothing sets %s in a file, and the kernel's own value is not known", rows[i].name + 7);
	}
	return host_verdict(h, "the kernel neither forwards nor takes others' word for a route", "the kernel sends packets on for others, or takes others' word for a route");
}
