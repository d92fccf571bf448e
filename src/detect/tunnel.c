/* tunnel.c - ways out and back in: ssh forwarding, tunnel tools; and packet capture. */
#include "detect/detect_private.h"

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_CRON, ACT_FORWARD, ACT_LOGIN, ACT_NONE};
static const char *const techniques[] = {"T1572", "T1090", NULL};

enum tunnel_kind { TUNNEL_NONE, TUNNEL_LOCAL, TUNNEL_OUT };

/* What ssh's words in front of the host ask for: "-R", "-fNR", "-o RemoteForward=...". Words behind the host are a command for
 * the other side. */
static enum tunnel_kind ssh_tunnel(const struct command *c)
{
	enum tunnel_kind kind = TUNNEL_NONE;
	for (size_t i = 1; i < c->n; i++) {
		struct slice w = c->word[i];
		if (w.n < 2 || w.p[0] != '-')
			break; /* the host */
		for (size_t k = 1; k < w.n; k++) {
			char f = w.p[k];
			if (f == 'R' || f == 'w')
				return TUNNEL_OUT;
			if (f == 'D' || f == 'L')
				kind = TUNNEL_LOCAL;
			bool port = f == 'M' && slice_eq(c->tool, SL("autossh")); /* ssh has a flag of that name */
			if (!port && !strchr("BbcDEeFIiJLlmOoPpQSW", f))
				continue;
			/* takes a value: the rest of the word, or the next */
			struct slice value = k + 1 < w.n ? slice_from(w, k + 1) : ++i < c->n ? c->word[i] : SLICE_NONE;
			if (f == 'o' && (slice_istarts(value, SL("RemoteForward")) || slice_istarts(value, SL("Tunnel="))))
				return TUNNEL_OUT;
			if (f == 'o' && (slice_istarts(value, SL("DynamicForward")) || slice_istarts(value, SL("LocalForward"))))
				kind = TUNNEL_LOCAL;
			break;
		}
	}
	return kind;
}

/* "-e", "-lvpe", "--exec": netcat with a program behind it. */
static bool netcat_runs(const struct command *c)
{
	for (size_t i = 1; i < c->n; i++) {
		struct slice w = c->word[i];
		if (slice_eq(w, SL("--exec")) || slice_starts(w, SL("--sh-exec")) || slice_starts(w, SL("--exec=")) || slice_starts(w, SL("--lua-exec")))
			return true;
		if (w.n > 1 && w.n < 8 && w.p[0] == '-' && w.p[1] != '-' && (slice_chr(w, 'e') > 0 || slice_eq(w, SL("-c"))))
			return true;
	}
	/* mkfifo f; cat f | sh -i | nc HOST PORT > f: the same by hand */
	return slice_has(c->whole, SL("mkfifo ")) && (slice_has(c->whole, SL("sh -i")) || slice_has(c->whole, SL("|sh")) || slice_has(c->whole, SL("| sh")) || slice_has(c->whole, SL("bash")));
}

static enum tunnel_kind tunnel_of(const struct command *c)
{
	if (slice_in_list(c->tool, "ssh autossh plink dbclient"))
		return ssh_tunnel(c);
	if (slice_in_list(c->tool, "chisel frpc frps ngrok gost iodine dnscat dnscat2 ligolo ligolo-ng nps npc ptunnel reGeorg rathole bore pgrok revsocks socat_tunnel "
				   "ligolo-agent wstunnel proxytunnel pagekite pagekite.py zrok iox ew earthworm stowaway wssocks hans icmptunnel venom"))
		return TUNNEL_OUT;
	if (slice_eq(c->tool, SL("sshuttle")))
		return TUNNEL_LOCAL;
	if (slice_eq(c->tool, SL("cloudflared")))
		return command_has(c, "tunnel") ? TUNNEL_OUT : TUNNEL_NONE;
	if (slice_eq(c->tool, SL("socat")))
		return slice_ihas(c->line, SL("exec:")) || slice_ihas(c->line, SL("tcp-listen")) || slice_ihas(c->line, SL("openssl:")) ? TUNNEL_OUT : TUNNEL_NONE;
	if (slice_in_list(c->tool, "nc ncat netcat"))
		return netcat_runs(c) ? TUNNEL_OUT : TUNNEL_NONE;
	/* a renamed tool keeps its grammar */
	if (command_has(c, "client") && (slice_has(c->line, SL(" R:")) || slice_has(c->line, SL(":socks"))))
		return TUNNEL_OUT;
	if ((command_has(c, "-connect") && command_has(c, "-ignore-cert")) || command_has(c, "rssocks") || (command_has(c, "-rhost") && command_has(c, "-rport")))
		return TUNNEL_OUT;
	return TUNNEL_NONE;
}

static bool tunnels(const struct command *c)
{
	return tunnel_of(c) != TUNNEL_NONE;
}

/* Where a tunnel leads: the host of a URL, of user@host, or an address among the words. */
static struct slice far_end(const struct org *org, const struct command *c)
{
	for (size_t i = 1; i < c->n; i++) {
		struct slice w = c->word[i], host = SLICE_NONE, rest = w;
		struct ip ip;
		ssize_t at = slice_find(w, SL("://"));
		if (at > 0)
			rest = slice_from(w, (size_t)at + 3);
		else if ((at = slice_chr(w, '@')) > 0)
			rest = slice_from(w, (size_t)at + 1);
		else if (!ip_parse(w, &ip))
			continue;
		size_t n = 0;
		while (n < rest.n && rest.p[n] != '/' && (rest.p[n] != ':' || ip_parse(rest, &ip)))
			n++;
		host = slice_to(rest, n);
		bool ours = ip_parse(host, &ip) ? org_inside(org, &ip) || ip_is_loopback(&ip) : org_host(org, host) || org_domain_own(org, host) || slice_chr(host, '.') < 0;
		if (host.n && !ours)
			return host;
	}
	return SLICE_NONE;
}

/* A person who logs in from this very machine came through something that ends here. */
static void loopback_login(struct detect *d, const struct event *e)
{
	const struct ip *ip = event_ip(e, F_SOURCE_IP);
	struct actor a UNINIT;
	bool fresh;
	if (!ip || !ip_is_loopback(ip) || e->outcome == OUTCOME_FAILURE || !slice_eq(e->dataset, SL("sshd")))
		return;
	detect_actor(d, e, &a);
	if (a.service)
		return;
	struct finding *f = open_by_account(d, &detector_tunnel, e, &a, 4 * NS_DAY, &fresh);
	if (fresh) {
		f->level = a.provider ? LEVEL_HIGH : LEVEL_LOW;
		finding_printf(f, &f->title, "%s logged in on %.*s from the host itself, as through a tunnel", actor_text(d, &a), SLFMT(a.host));
		finding_printf(f, &f->text, "The login came from %.*s: from a process on the host that carries a connection in from elsewhere, such as ssh -R.", SLFMT(a.source));
	}
	finding_evidence(f, e);
}

static void tunnel_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct command c UNINIT;
	struct actor a UNINIT;
	if (e->action == ACT_LOGIN) {
		loopback_login(d, e);
		return;
	}
	c.n = 0;
	c.line = SLICE_NONE;
	enum tunnel_kind kind = e->action == ACT_FORWARD ? TUNNEL_LOCAL : TUNNEL_NONE;
	if (kind == TUNNEL_NONE && command_find(e, tunnels, &c))
		kind = tunnel_of(&c);
	if (kind == TUNNEL_NONE)
		return;
	detect_actor(d, e, &a);
	struct slice shown = c.line.n ? slice_to(c.line, 200) : SL("a forwarding opened in an SSH session");
	bool fresh;
	struct finding *f = open_by_account(d, &detector_tunnel, e, &a, NS_DAY, &fresh);
	if (fresh) {
		f->level = LEVEL_LOW;
		finding_printf(f, &f->title, "Tunnel by %s on %.*s: %.*s", actor_text(d, &a), SLFMT(a.host), SLFMT(shown));
		finding_printf(f, &f->text, "A tunnel carries connections past the firewall; one that is opened from inside keeps a way in open when passwords and keys are changed.");
		finding_entity(f, ENT_COMMAND, c.line);
	}
	finding_entity(f, ENT_DOMAIN, far_end(detect_org(d), &c));
	bool stranger = a.provider || a.service;
	finding_raise(f, kind == TUNNEL_OUT ? (stranger ? LEVEL_HIGH : LEVEL_MEDIUM) : stranger ? LEVEL_MEDIUM : LEVEL_LOW);
	finding_evidence(f, e);
}

const struct detector detector_tunnel = {
	.info = {"postern.tunnel", "Tunnel or reverse shell", LEVEL_MEDIUM, STAGE_TUNNEL, techniques,
		"ssh -R, -w, -D, -L, chisel, frp, ngrok, gost, socat and like tools, also renamed; forwardings that sshd logs; SSH logins from the host itself.",
		"Administrators who reach a database through ssh -L (told as low)."},
	.wants = wants, .might = tunnels, .event = tunnel_event,
};

/* ---- packet capture ------------------------------------------------------------------------------------------ */

static const enum action wants_capture[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_PROMISCUOUS, ACT_BRIDGE_PORT, ACT_NONE};
static const char *const techniques_capture[] = {"T1040", NULL};

static bool virtual_device(struct slice dev)
{
	static const char *const prefixes[] = {"veth", "docker", "br-", "virbr", "vnet", "tap", "tun", "cni", "lxc", "fwln", "fwpr"};
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts(dev, slice_of(prefixes[i])))
			return true;
	return false;
}

static bool captures(const struct command *c)
{
	if (slice_in_list(c->tool, "ip ifconfig"))
		return command_has(c, "promisc") && !command_has(c, "off");
	return slice_in_list(c->tool, "tcpdump tshark dumpcap ngrep ettercap bettercap dsniff netsniff-ng responder Responder.py tcpflow tcpick snoop");
}

static void *ports_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(nstime), 1000, NULL, NULL);
}

static void ports_free(void *state)
{
	lru_free(state);
}

/* The device was made a bridge's port a moment ago, and hears everything for that. Remembers what it is told of ports. */
static bool bridged(struct detect *d, struct lru *ports, const struct event *e, struct slice dev)
{
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, detect_host(d, e->host));
	key_add(&k, dev);
	if (e->action == ACT_BRIDGE_PORT) {
		nstime *when = lru_put(ports, key_slice(&k), NULL);
		*when = e->time;
		return true;
	}
	const nstime *when = lru_get(ports, key_slice(&k));
	return when && e->time - *when < NS_MIN;
}

static void capture_event(struct detect *d, void *state, const struct event *e)
{
	struct command c = {0};
	struct actor a UNINIT;
	struct slice dev = event_str(e, F_INTERFACE);
	if (e->action == ACT_PROMISCUOUS || e->action == ACT_BRIDGE_PORT) {
		if (bridged(d, state, e, dev) || virtual_device(dev) || slice_eq(event_str(e, F_EVENT_REASON), SL("left")))
			return;
	} else if (!command_find(e, captures, &c)) {
		return;
	}
	detect_actor(d, e, &a);
	bool fresh;
	/* the command and the kernel's line about it are one happening */
	struct finding *f = detect_open(d, &detector_capture, a.host, 15 * NS_MIN, e->time, &fresh);
	if (fresh) {
		f->level = LEVEL_LOW;
		finding_printf(f, &f->title, "Packet capture on %.*s%s%s", SLFMT(a.host), a.account.n ? " by " : "", a.account.n ? actor_text(d, &a) : "");
		finding_printf(f, &f->text, "Whoever captures packets on a server reads the passwords that pass it unencrypted.");
	} else if (a.account.n && !finding_get(f, ENT_USER).n) {
		finding_printf(f, &f->title, "Packet capture on %.*s by %s", SLFMT(a.host), actor_text(d, &a));
	}
	finding_actor(f, &a);
	finding_entity(f, ENT_COMMAND, c.line);
	if (a.provider || a.service)
		finding_raise(f, LEVEL_HIGH);
	finding_evidence(f, e);
}

const struct detector detector_capture = {
	.info = {"postern.packet-capture", "Packet capture", LEVEL_LOW, STAGE_CREDENTIALS, techniques_capture,
		"tcpdump, tshark and like tools run through sudo or seen by auditd; a real network device entering promiscuous mode.",
		"Network troubleshooting by staff (told as low); virtual machines and containers put their own devices into that mode (left out)."},
	.wants = wants_capture, .might = captures, .create = ports_new, .tables = tables_one, .event = capture_event, .destroy = ports_free,
};
