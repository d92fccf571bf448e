/* checks_logging.c - is what happens written down, kept long enough, kept where an intruder does not reach, and read? */
#include "posture/checks.h"

enum { RETENTION_DAYS = 180, ANCHOR_HOURS = 24 };

enum posture_result check_log_auth(struct posture_host *h)
{
	host_reads(h, "rsyslog");
	host_reads(h, "syslog-ng");
	host_reads(h, "journald");
	if (host_has_fact(h, "rsyslog.auth", NULL) || host_has_fact(h, "syslog-ng.installed", "yes") || host_has_fact(h, "journald.persistent", "yes"))
		return host_verdict(h, "logins are written to disk", "");
	if (!h->unsure.n)
		host_found(h, NULL, "no syslog that writes auth messages, and no persistent journal");
	return host_verdict(h, "", "logins are forgotten at the next start");
}

static bool forwards(const struct posture_host *h)
{
	return host_has_fact(h, "rsyslog.forward", NULL) || host_has_fact(h, "syslog-ng.forward", NULL) || host_has_fact(h, "journald.upload", NULL) || host_has_fact(h, "auditd.remote", NULL);
}

static void reads_forward(struct posture_host *h)
{
	host_reads(h, "rsyslog");
	host_reads(h, "syslog-ng");
	host_reads(h, "journald");
	host_reads(h, "auditd");
}

enum posture_result check_log_forward(struct posture_host *h)
{
	reads_forward(h);
	if (!forwards(h) && !h->unsure.n)
		host_found(h, NULL, "logs go to no other machine");
	return host_verdict(h, "logs go to another machine", "root of this machine decides what the logs say");
}

/* Each target in clear is one row of X.forward without its twin in X.forward.tls. */
static void in_clear(struct posture_host *h, const char *name, const char *tls)
{
	char value[POSTURE_LINE_MAX];
	size_t n = 0;
	EACH_FACT(h, f, name) {
		if (++n > POSTURE_PAIRS_MAX)
			host_unsure(h, "%s: more than %d", name, POSTURE_PAIRS_MAX);
		if (n > POSTURE_PAIRS_MAX || f->value.n >= sizeof value)
			continue;
		memcpy(value, f->value.n ? f->value.p : "", f->value.n);
		value[f->value.n] = '\0';
		if (!host_has_fact(h, tls, value))
			host_found(h, &f->at, "%.*s in clear", SLFMT(f->value));
	}
}

enum posture_result check_log_tls(struct posture_host *h)
{
	reads_forward(h);
	if (!forwards(h))
		return host_none(h, "logs go to no other machine");
	if (!h->unsure.n) { /* a twin that is not known is no proof of clear text */
		in_clear(h, "rsyslog.forward", "rsyslog.forward.tls");
		in_clear(h, "syslog-ng.forward", "syslog-ng.forward.tls");
	}
	EACH_FACT(h, f, "journald.upload")
		if (slice_starts(f->value, SL("http://")))
			host_found(h, &f->at, "%.*s in clear", SLFMT(f->value));
	return host_verdict(h, "logs are encrypted on their way", "logs can be read and forged on their way");
}

enum posture_result check_log_audit(struct posture_host *h)
{
	static const char *const watched[] = {"/etc/sudoers", "/etc/pam.d", "/etc/ssh", "/etc/passwd", "/etc/shadow"};
	host_reads(h, "auditd");
	bool readable = !h->unsure.n;
	if (!host_has_fact(h, "auditd.installed", "yes") && readable)
		host_found(h, NULL, "auditd is not installed");
	for (size_t i = 0; i < ARRAY_LEN(watched) && readable && !h->found; i++) {
		bool has = false;
		EACH_FACT(h, f, "auditd.rule")
			has |= slice_has(f->value, slice_of(watched[i]));
		if (!has)
			host_found(h, NULL, "no audit rule for %s", watched[i]);
	}
	return host_verdict(h, "changes of accounts, sudo, PAM and sshd are audited", "changes of accounts, sudo, PAM or sshd leave no trace");
}

enum posture_result check_log_exec(struct posture_host *h)
{
	bool exec = false, connect = false;
	host_reads(h, "auditd");
	EACH_FACT(h, f, "auditd.rule") {
		exec |= slice_has(f->value, SL("execve"));
		connect |= slice_has(f->value, SL("connect"));
	}
	if (!exec && !h->unsure.n)
		host_found(h, NULL, "no audit rule for execve");
	else if (!connect && !h->unsure.n)
		host_found(h, NULL, "no audit rule for connect: tunnels of sshd leave no line");
	return host_verdict(h, "programs started and connections made are audited", "what a login started, and what it connected to, is not known");
}

enum posture_result check_log_fixed(struct posture_host *h)
{
	bool fixed = false;
	host_reads(h, "auditd");
	if (!host_has_fact(h, "auditd.rule", NULL))
		return host_none(h, "no audit rules");
	EACH_FACT(h, f, "auditd.rule")
		fixed = slice_eqz(slice_trim(f->value), "-e 2") || (fixed && !slice_starts(slice_trim(f->value), SL("-e ")));
	if (!fixed && !h->unsure.n)
		host_found(h, NULL, "the rules do not end with -e 2");
	return host_verdict(h, "audit rules are fixed until the next start", "root switches the audit off with one command");
}

enum posture_result check_log_full(struct posture_host *h)
{
	struct snap_at at = {0};
	host_reads(h, "auditd");
	if (!host_has_fact(h, "auditd.installed", "yes"))
		return host_none(h, "auditd is not installed");
	struct slice keep = host_value(h, "auditd max_log_file_action", &at), files = host_value(h, "auditd num_logs", NULL), size = host_value(h, "auditd max_log_file", NULL);
	uint64_t n = 0, mb = 0;
	(void)slice_u64(files, 1000000, &n);
	(void)slice_u64(size, 1000000, &mb);
	if (slice_ieq(keep, SL("ignore")) || (slice_ieq(keep, SL("rotate")) && n * mb < 400))
		host_found(h, &at, "max_log_file_action %.*s with %llu files of %llu MB", SLFMT(keep), (unsigned long long)n, (unsigned long long)mb);
	struct slice left = host_value(h, "auditd space_left_action", &at);
	if (slice_ieq(left, SL("ignore")))
		host_found(h, &at, "space_left_action ignore");
	struct slice full = host_value(h, "auditd disk_full_action", &at);
	if (slice_ieq(full, SL("ignore")))
		host_found(h, &at, "disk_full_action ignore");
	if (!keep.n)
		host_unsure(h, "auditd: max_log_file_action is not told");
	return host_verdict(h, "audit records are kept, and a full disk is told", "old audit records go, or a full disk ends the audit without a word");
}

enum posture_result check_log_days(struct posture_host *h)
{
	struct snap_at at = {0};
	uint64_t days;
	host_reads(h, "logrotate");
	host_reads(h, "rsyslog");
	bool any = false;
	EACH_FACT(h, f, "logrotate.auth") {
		any = true;
		if (slice_u64(word_of(f->value, 0), UINT32_MAX, &days) && days < RETENTION_DAYS)
			host_found(h, &f->at, "login logs are kept %llu days", (unsigned long long)days);
	}
	host_reads(h, "journald");
	struct slice most = host_value(h, "journald MaxRetentionSec", &at);
	if (most.n && slice_eqz(host_value(h, "journald.persistent", NULL), "yes") && !any) {
		any = true;
		if (slice_ends(most, SL("day")) || slice_ends(most, SL("week")) || slice_ends(most, SL("d")) || slice_ends(most, SL("w")))
			host_found(h, &at, "MaxRetentionSec %.*s", SLFMT(most));
	}
	if (!any)
		host_unsure(h, "logrotate: nothing says how long login logs are kept");
	return host_verdict(h, "login logs are kept half a year", "when an intrusion is found, the logs of how it began are gone");
}

enum posture_result check_log_readable(struct posture_host *h)
{
	host_reads(h, "file.mode");
	bool any = false;
	for (size_t i = 0; i < h->s->nfacts; i++) {
		const struct snap_fact *f = &h->s->facts[i];
		struct slice mode = word_of(f->value, 0);
		if (!slice_starts(f->name, SL("file.mode /var/log/")) || mode.n < 3 || slice_ends(f->name, SL("/wtmp")) || slice_ends(f->name, SL("/lastlog")) || slice_ends(f->name, SL("/journal")))
			continue;
		any = true;
		if ((mode.p[mode.n - 1] - '0') & 7 && !slice_ends(f->name, SL("/log")))
			host_found(h, &f->at, "%.*s is %.*s", SLFMT(slice_from(f->name, 10)), SLFMT(f->value));
	}
	if (!any)
		return host_none(h, "no login log is there yet");
	return host_verdict(h, "login logs are not for everybody to read", "everybody can read login logs, or write them");
}

enum posture_result check_log_watch(struct posture_host *h)
{
	host_reads(h, "job");
	for (size_t i = 0; i < h->s->njobs; i++)
		if (slice_has(h->s->jobs[i].name, SL("postern-watch")) && h->s->jobs[i].enabled != SNAP_NO)
			return host_verdict(h, "postern watch reads the logs", "");
	reads_forward(h);
	if (forwards(h))
		return host_verdict(h, "logs go to another machine, where they can be read", "");
	if (!h->unsure.n)
		host_found(h, NULL, "postern-watch is not enabled, and logs go nowhere");
	return host_verdict(h, "", "nobody looks at the logs before something has happened");
}

/* ---- the gate's own ----------------------------------------------------------------------------------------------------------------- */

static const struct posture_gate *gate_of(struct posture_host *h)
{
	if (h->opt->gate && h->opt->gate->known)
		return h->opt->gate;
	host_unsure(h, "the gate's state could not be read (--state)");
	return NULL;
}

enum posture_result check_log_chain(struct posture_host *h)
{
	const struct posture_gate *g = gate_of(h);
	if (g && !g->audit_good)
		host_found(h, NULL, "the audit log does not verify: postern log verify says where");
	return host_verdict(h, "Postern's audit log verifies", "Postern's audit log was changed");
}

enum posture_result check_log_anchor(struct posture_host *h)
{
	const struct posture_gate *g = gate_of(h);
	if (g && g->audit_anchored < 0)
		host_found(h, NULL, "no anchor of the audit log was seen outside of it");
	else if (g && h->opt->now - g->audit_anchored > ANCHOR_HOURS * 3600)
		host_found(h, NULL, "the last anchor is %lld hours old", (long long)(h->opt->now - g->audit_anchored) / 3600);
	return host_verdict(h, "the audit log was anchored within a day", "the end of the audit log can be cut off, and nothing outside shows it");
}

enum posture_result check_log_sessions(struct posture_host *h)
{
	const struct posture_gate *g = gate_of(h);
	if (g && g->sessions_unrecorded < 0)
		host_unsure(h, "how many sessions were not recorded is not known");
	else if (g && g->sessions_unrecorded)
		host_found(h, NULL, "%lld sessions without a recording", (long long)g->sessions_unrecorded);
	return host_verdict(h, "every session of a provider was recorded", "sessions of providers were not recorded");
}
