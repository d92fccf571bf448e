/* tunnel.c - ways out and back in: ssh forwarding, tunnel tools; and packet capture. */
#include "detect/detect_private.h"

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_CRON, ACT_FORWARD, ACT_LOGIN, ACT_NONE};
static const char *const techniques[] = {"T1572", "T1090", NULL};

enum tunnel_kind { TUNNEL_NONE, TUNNEL_LOCAL, TUNNEL_OUT };

/* "-R", "-NR", "-fNR": a letter in a group of ssh flags that come before the host. */
static bool ssh_flag(const struct command *c, char letter)
{
	for (size_t i = 1; i < c->n; i++) {
		struct slice w = c->word[i];
		if (w.n < 2 || w.p[0] != '-' || w.p[1] == '-')
			continue;
		for (size_t k = 1; k < w.n; k++) {
			if (w.p[k] == letter)
				return true;
			if (strchr("BbcDEeFIiJLlmOoPpQRSWw", w.p[k])) /* takes a value: the rest of the word is it */
				break;
		}
	}
	return false;
}

static enum tunnel_kind tunnel_of(const struct command *c)
{
	if (slice_in_list(c->tool, "ssh autossh plink")) {
		if (ssh_flag(c, 'R') || ssh_flag(c, 'w'))
			return TUNNEL_OUT;
		return ssh_flag(c, 'D') || ssh_flag(c, 'L') ? TUNNEL_LOCAL : TUNNEL_NONE;
	}
	if (slice_in_list(c->tool, "chisel frpc frps ngrok gost iodine dnscat dnscat2 ligolo ligolo-ng nps npc ptunnel reGeorg rathole bore pgrok revsocks socat_tunnel"))
		return TUNNEL_OUT;
	if (slice_eq(c->tool, SL("cloudflared")))
		return command_has(c, "tunnel") ? TUNNEL_OUT : TUNNEL_NONE;
	if (slice_eq(c->tool, SL("socat")))
		return slice_ihas(c->line, SL("exec:")) || slice_ihas(c->line, SL("tcp-listen")) || slice_ihas(c->line, SL("openssl:")) ? TUNNEL_OUT : TUNNEL_NONE;
	if (slice_in_list(c->tool, "nc ncat netcat"))
		return command_has(c, "-e") || command_has(c, "-c") || command_has_prefix(c, "--sh-exec") ? TUNNEL_OUT : TUNNEL_NONE;
	/* a renamed tool keeps its grammar */
	if (command_has(c, "client") && (slice_has(c->line, SL(" R:")) || slice_has(c->line, SL(":socks"))))
		return TUNNEL_OUT;
	return TUNNEL_NONE;
}

static bool tunnels(const struct command *c)
{
	return tunnel_of(c) != TUNNEL_NONE;
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
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, a.account);
	struct finding *f = detect_open(d, &detector_tunnel, key_slice(&k), 4 * NS_DAY, e->time, &fresh);
	if (fresh) {
		f->level = a.provider ? LEVEL_HIGH : LEVEL_LOW;
		finding_printf(f, &f->title, "%s logged in on %.*s from the host itself, as through a tunnel", actor_text(d, &a), SLFMT(a.host));
		finding_printf(f, &f->text, "The login came from %.*s: from a process on the host that carries a connection in from elsewhere, such as ssh -R.", SLFMT(a.source));
		finding_actor(f, &a);
	}
	finding_evidence(f, e);
}

static void tunnel_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct command c = {0};
	struct actor a UNINIT;
	if (e->action == ACT_LOGIN) {
		loopback_login(d, e);
		return;
	}
	enum tunnel_kind kind = e->action == ACT_FORWARD ? TUNNEL_LOCAL : TUNNEL_NONE;
	if (kind == TUNNEL_NONE && detect_command(e, &c))
		kind = tunnel_of(&c);
	if (kind == TUNNEL_NONE)
		return;
	detect_actor(d, e, &a);
	struct slice shown = c.line.n ? slice_to(c.line, 200) : SL("a forwarding opened in an SSH session");
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, a.account);
	bool fresh;
	struct finding *f = detect_open(d, &detector_tunnel, key_slice(&k), NS_DAY, e->time, &fresh);
	if (fresh) {
		f->level = LEVEL_LOW;
		finding_printf(f, &f->title, "Tunnel by %s on %.*s: %.*s", actor_text(d, &a), SLFMT(a.host), SLFMT(shown));
		finding_printf(f, &f->text, "A tunnel carries connections past the firewall; one that is opened from inside keeps a way in open when passwords and keys are changed.");
		finding_actor(f, &a);
		finding_entity(f, ENT_COMMAND, c.line);
	}
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

static const enum action wants_capture[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_PROMISCUOUS, ACT_NONE};
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
	return slice_in_list(c->tool, "tcpdump tshark dumpcap ngrep ettercap bettercap dsniff netsniff-ng responder Responder.py");
}

static void capture_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct command c = {0};
	struct actor a UNINIT;
	struct slice dev = event_str(e, F_INTERFACE);
	if (e->action == ACT_PROMISCUOUS) {
		if (virtual_device(dev) || slice_eq(event_str(e, F_EVENT_REASON), SL("left")))
			return;
	} else if (!detect_command(e, &c) || !captures(&c)) {
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
	.wants = wants_capture, .might = captures, .event = capture_event,
};
