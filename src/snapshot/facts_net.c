/* facts_net.c - time, firewall, TCP wrappers, docker's door: as configured. */
#include "snapshot/facts_private.h"

#include <stdlib.h>
#include <sys/timex.h>

/* ---- time ------------------------------------------------------------------------------------------------------------------- */
static void server_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	static const char *const words[] = {"server", "servers", "pool", "peer"};
	struct slice w, v;
	(void)arg;
	if (slice_starts(t, SL("NTP=")) || slice_starts(t, SL("FallbackNTP="))) {
		slice_cut(&t, '=', &w);
		while (slice_word(&t, &v))
			fact(c, path, line, "time.server", v);
		return;
	}
	if (slice_word(&t, &w) && slice_word(&t, &v))
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (slice_eqz(w, words[i]))
				fact(c, path, line, "time.server", v);
}

static void clocks(struct collector *c)
{
	static const struct { const char *program, *name, *units[3]; const char *confs[4]; } services[] = {
		{"chronyd", "chrony", {"chrony.service", "chronyd.service"}, {"/etc/chrony/chrony.conf", "/etc/chrony.conf"}},
		{"ntpd", "ntp", {"ntp.service", "ntpd.service", "ntpsec.service"}, {"/etc/ntp.conf", "/etc/ntpsec/ntp.conf", "/etc/openntpd/ntpd.conf"}},
		{"systemd-timesyncd", "systemd-timesyncd", {"systemd-timesyncd.service"}, {"/etc/systemd/timesyncd.conf"}},
	};
	struct fact_lines how = {"time", true, server_line, NULL};
	bool systemd = fact_there(c, "/usr/lib/systemd/systemd") || fact_there(c, "/lib/systemd/systemd");
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		const char *path = "/usr/lib/systemd/systemd-timesyncd";
		bool there = i == 2 ? fact_there(c, path) : fact_program(c, services[i].program, &path), runs = !systemd;
		for (size_t k = 0; k < 3 && services[i].units[k]; k++)
			runs |= fact_unit_runs(c, services[i].units[k]);
		if (!there || !runs)
			continue;
		fact(c, path, 0, "time.service", slice_of(services[i].name));
		for (size_t k = 0; k < 4 && services[i].confs[k]; k++)
			fact_lines(c, services[i].confs[k], &how);
		if (i == 0) {
			fact_folder(c, "/etc/chrony/sources.d", ".sources", &how);
			fact_folder(c, "/etc/chrony/conf.d", ".conf", &how);
		} else if (i == 2)
			fact_folder(c, "/etc/systemd/timesyncd.conf.d", ".conf", &how);
	}
	struct timex t = {.modes = 0};
	if (!fact_live(c, "time.synchronised"))
		return;
	int state = adjtimex(&t);
	if (state < 0)
		collect_missing(c, "time.synchronised", NULL, NULL, 0, "the kernel does not say");
	else
		fact(c, NULL, 0, "time.synchronised", state == TIME_ERROR || (t.status & STA_UNSYNC) ? SL("no") : SL("yes"));
}

/* ---- firewall ----------------------------------------------------------------------------------------------------------------- */
/* "type filter hook input priority 0; policy drop;" in whatever layout. */
static struct slice nft_policy(struct slice t)
{
	struct slice found = SLICE_NONE;
	for (ssize_t at; (at = slice_find(t, SL("hook input"))) >= 0;) {
		t = slice_from(t, (size_t)at + 10);
		ssize_t end = slice_chr(t, '}'), policy = slice_find(t, SL("policy "));
		struct slice word = SL("accept"), rest;
		if (policy >= 0 && (end < 0 || policy < end)) {
			rest = slice_from(t, (size_t)policy + 7);
			if (slice_starts(rest, SL("drop")))
				word = SL("drop");
		}
		if (!found.n || slice_eqz(word, "drop"))
			found = word;
	}
	return found;
}

static void setting_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice *want = arg, key; /* [0] name in, [1] value out */
	(void)c, (void)path, (void)line;
	if (slice_cut(&t, '=', &key) && slice_eq(slice_trim(key), want[0])) {
		t = slice_trim(t);
		if (t.n > 1 && t.p[0] == '"')
			t = slice_make(t.p + 1, t.n - 2);
		want[1] = slice_dup(&c->scratch, t);
	}
}

static struct slice setting(struct collector *c, const char *path, const char *section, struct slice name)
{
	struct slice want[2] = {name, SLICE_NONE};
	fact_lines(c, path, &(struct fact_lines){section, true, setting_line, want});
	return want[1];
}

/* ":INPUT DROP [0:0]" of iptables-save. */
static void chain_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice w;
	(void)arg;
	if (slice_word(&t, &w) && slice_eqz(w, ":INPUT") && slice_word(&t, &w))
		fact(c, path, line, "firewall.input", slice_eqz(w, "DROP") ? SL("drop") : SL("accept"));
}

static void firewall(struct collector *c)
{
	struct buf b = {0};
	if (fact_unit_runs(c, "nftables.service") && below_read(c, "/etc/nftables.conf", COLLECT_FILE_MAX, "firewall", NULL, &b, NULL, NULL)) {
		fact(c, "/etc/nftables.conf", 0, "firewall", SL("nftables"));
		struct slice policy = nft_policy(buf_slice(&b));
		if (policy.n)
			fact(c, "/etc/nftables.conf", 0, "firewall.input", policy);
	}
	if (slice_ieq(setting(c, "/etc/ufw/ufw.conf", "firewall", SL("ENABLED")), SL("yes"))) {
		fact(c, "/etc/ufw/ufw.conf", 0, "firewall", SL("ufw"));
		struct slice policy = setting(c, "/etc/default/ufw", "firewall", SL("DEFAULT_INPUT_POLICY"));
		if (policy.n)
			fact(c, "/etc/default/ufw", 0, "firewall.input", text_lower(c->s, policy));
	}
	if (fact_unit_runs(c, "firewalld.service")) {
		fact(c, "/etc/firewalld/firewalld.conf", 0, "firewall", SL("firewalld"));
		fact(c, "/etc/firewalld/firewalld.conf", 0, "firewall.input", SL("reject"));
	}
	if (fact_unit_runs(c, "netfilter-persistent.service") && fact_there(c, "/etc/iptables/rules.v4")) {
		fact(c, "/etc/iptables/rules.v4", 0, "firewall", SL("iptables"));
		fact_lines(c, "/etc/iptables/rules.v4", &(struct fact_lines){"firewall", false, chain_line, NULL});
	}
	buf_free(&b);
}

static void named_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	fact(c, path, line, arg, t);
}

static void docker(struct collector *c)
{
	struct buf b = {0};
	if (below_read(c, "/etc/docker/daemon.json", COLLECT_FILE_MAX, "docker", NULL, &b, NULL, NULL))
		for (struct slice t = buf_slice(&b); t.n;) {
			ssize_t at = slice_find(t, SL("\"tcp://"));
			if (at < 0)
				break;
			t = slice_from(t, (size_t)at + 1);
			ssize_t end = slice_chr(t, '"');
			fact(c, "/etc/docker/daemon.json", 0, "docker.api", slice_to(t, end < 0 ? 0 : (size_t)end));
		}
	for (size_t i = 0; i < c->s->njobs; i++) {
		ssize_t at = slice_find(c->s->jobs[i].command, SL("tcp://"));
		if (slice_eqz(c->s->jobs[i].name, "docker.service") && at >= 0) {
			struct slice t = slice_from(c->s->jobs[i].command, (size_t)at), w;
			if (slice_word(&t, &w))
				fact(c, c->s->jobs[i].at.file.p, c->s->jobs[i].at.line, "docker.api", w);
		}
	}
	buf_free(&b);
}

void facts_net(struct collector *c)
{
	char allow[] = "hosts.allow", deny[] = "hosts.deny";
	clocks(c);
	firewall(c);
	fact_lines(c, "/etc/hosts.allow", &(struct fact_lines){"hosts", false, named_line, allow});
	fact_lines(c, "/etc/hosts.deny", &(struct fact_lines){"hosts", false, named_line, deny});
	docker(c);
}
