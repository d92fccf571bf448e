/* facts_logs.c - where logs go and how long they stay: rsyslog, syslog-ng, journald, auditd. logrotate's facts come from cron.c. */
#include "snapshot/facts_private.h"

#include <stdlib.h>

/* ---- rsyslog ---------------------------------------------------------------------------------------------------------------- */
/* The value of name="value" or name=value within an action's brackets; "" none. Names do not mind case. */
static struct slice parameter(struct slice t, const char *name)
{
	struct slice key = slice_of(name);
	for (ssize_t at; (at = slice_ifind(t, key)) >= 0;) {
		bool begins = at == 0 || strchr(" \t(,\"", t.p[at - 1]);
		t = slice_from(t, (size_t)at + key.n);
		struct slice v = slice_trim(t);
		if (!begins || !v.n || v.p[0] != '=')
			continue;
		v = slice_trim(slice_from(v, 1));
		bool quoted = v.n && v.p[0] == '"';
		v = slice_from(v, quoted);
		size_t n = 0;
		while (n < v.n && (quoted ? v.p[n] != '"' : !strchr(" \t,)", v.p[n])))
			n++;
		return slice_to(v, n);
	}
	return SLICE_NONE;
}

struct rsyslog {
	bool driver_tls;   /* $ActionSendStreamDriver gtls and mode 1, or global(DefaultNetstreamDriver="gtls") */
	bool mode_tls;
	int depth;
	struct buf object; /* action( ... ) over several lines */
	int64_t object_line;
};

static void forward(struct collector *c, const char *path, int64_t line, const char *target, bool tls)
{
	fact(c, path, line, "rsyslog.forward", slice_of(target));
	if (tls)
		fact(c, path, line, "rsyslog.forward.tls", slice_of(target));
}

static bool tls_driver(struct slice v)
{
	return slice_ieq(v, SL("gtls")) || slice_ieq(v, SL("ossl")) || slice_ieq(v, SL("mbedtls"));
}

static void object(struct collector *c, struct rsyslog *r, const char *path, int64_t line, struct slice t)
{
	struct slice type = parameter(t, "type"), port = parameter(t, "port"), target = parameter(t, "target");
	if (slice_istarts(t, SL("global")) && tls_driver(parameter(t, "DefaultNetstreamDriver")))
		r->driver_tls = true;
	if (slice_istarts(t, SL("input")) && slice_istarts(type, SL("im")) && port.n)
		fact_f(c, path, line, "rsyslog.receive", "%.*s %.*s", SLFMT(slice_from(type, 2)), SLFMT(port));
	if (!slice_has(t, SL("action")) && !slice_istarts(t, SL("action")))
		return;
	if (slice_ieq(type, SL("omfwd")) && target.n) {
		bool tcp = slice_ieq(parameter(t, "protocol"), SL("tcp"));
		bool tls = (tls_driver(parameter(t, "StreamDriver")) || r->driver_tls) && slice_eqz(parameter(t, "StreamDriverMode"), "1");
		forward(c, path, line, collect_path(c, "%s%.*s:%.*s", tcp ? "@@" : "@", SLFMT(target), SLFMT(port.n ? port : SL("514"))), tcp && tls);
	} else if (slice_ieq(type, SL("omrelp")) && target.n)
		forward(c, path, line, collect_path(c, "relp %.*s:%.*s", SLFMT(target), SLFMT(port.n ? port : SL("514"))), slice_ieq(parameter(t, "tls"), SL("on")));
	else if (slice_ieq(type, SL("omfile")) && (slice_has(t, SL("auth"))))
		fact(c, path, line, "rsyslog.auth", parameter(t, "file"));
}

/* "auth,authpriv.*  /var/log/auth.log": do messages of logins go there? `.none` takes them out. */
static bool selects_auth(struct slice selector)
{
	bool yes = false;
	struct slice part;
	while (selector.n) {
		if (!slice_cut(&selector, ';', &part)) {
			part = selector;
			selector = SLICE_NONE;
		}
		bool named = slice_has(part, SL("authpriv"));
		if (slice_ends(part, SL(".none")))
			yes = named ? false : yes;
		else if (named)
			yes = true;
	}
	return yes;
}

static void legacy(struct collector *c, struct rsyslog *r, const char *path, int64_t line, struct slice t)
{
	struct slice w, rest = t;
	if (t.p[0] == '$') {
		if (!slice_word(&rest, &w))
			return;
		struct slice v = slice_trim(rest);
		if (slice_ieq(w, SL("$DefaultNetstreamDriver")) || slice_ieq(w, SL("$ActionSendStreamDriver")))
			r->driver_tls = tls_driver(v);
		else if (slice_ieq(w, SL("$ActionSendStreamDriverMode")))
			r->mode_tls = slice_eqz(v, "1");
		else if (slice_ieq(w, SL("$UDPServerRun")) || slice_ieq(w, SL("$InputTCPServerRun")))
			fact_f(c, path, line, "rsyslog.receive", "%s %.*s", w.p[1] == 'U' || w.p[1] == 'u' ? "udp" : "tcp", SLFMT(v));
		return;
	}
	if (!slice_word(&rest, &w))
		return;
	struct slice action = slice_trim(rest);
	ssize_t template = slice_chr(action, ';');
	if (template > 0)
		action = slice_to(action, (size_t)template);
	if (action.n > 1 && action.p[0] == '@') {
		bool tcp = action.p[1] == '@';
		struct slice host = slice_trim(slice_from(action, tcp ? 2 : 1));
		ssize_t options = host.n && host.p[0] == '(' ? slice_chr(host, ')') : -1;
		if (options > 0)
			host = slice_from(host, (size_t)options + 1);
		bool port = slice_rfind(host, SL(":")) > slice_rfind(host, SL("]"));
		forward(c, path, line, collect_path(c, "%s%.*s%s", tcp ? "@@" : "@", SLFMT(host), port ? "" : ":514"), tcp && r->driver_tls && r->mode_tls);
	} else if (action.n && (action.p[0] == '/' || slice_starts(action, SL("-/"))) && selects_auth(w))
		fact(c, path, line, "rsyslog.auth", slice_from(action, action.p[0] == '-'));
}

static void rsyslog_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	static const char *const objects[] = {"action", "global", "module", "input", "ruleset", "main_queue", "template", "if "};
	struct rsyslog *r = arg;
	bool begins = r->depth > 0;
	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		begins |= slice_istarts(t, slice_of(objects[i]));
	ssize_t inner = slice_ifind(t, SL("action("));
	if (!begins && inner < 0) {
		legacy(c, r, path, line, t);
		return;
	}
	if (r->depth == 0) {
		r->object.n = 0;
		r->object_line = line;
	}
	buf_addf(&r->object, "%.*s ", SLFMT(t));
	for (size_t i = 0; i < t.n; i++)
		r->depth += t.p[i] == '(' ? 1 : t.p[i] == ')' ? -1 : 0;
	if (r->depth <= 0 || r->object.n > 1 << 16) {
		r->depth = 0;
		object(c, r, path, r->object_line, buf_slice(&r->object));
	}
}

static void rsyslog(struct collector *c)
{
	const char *path;
	if (!fact_program(c, "rsyslogd", &path))
		return;
	fact(c, path, 0, "rsyslog.installed", SL("yes"));
	struct rsyslog r = {0};
	/* In two passes, since a driver may be named behind the action it serves in the order of files: the first is thrown away. */
	for (int pass = 0; pass < 2; pass++) {
		size_t facts = c->s->nfacts, missing = c->s->nmissing;
		struct fact_lines how = {"rsyslog", true, rsyslog_line, &r};
		fact_lines(c, "/etc/rsyslog.conf", &how);
		fact_folder(c, "/etc/rsyslog.d", ".conf", &how);
		if (pass == 0) {
			c->s->nfacts = facts;
			c->s->nmissing = missing;
		}
		r.depth = 0;
	}
	buf_free(&r.object);
}

/* ---- syslog-ng ---------------------------------------------------------------------------------------------------------------- */
/* "network("host" port(6514) transport("tls"))", "tcp("host" port(1))", "udp(...)", "syslog(...)" within a destination. */
static void syslog_ng_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	static const struct { const char *driver, *sign; } drivers[] = {{"tcp(\"", "@@"}, {"udp(\"", "@"}, {"network(\"", "@@"}, {"syslog(\"", "@@"}};
	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		ssize_t at = slice_find(t, slice_of(drivers[i].driver));
		if (at < 0)
			continue;
		struct slice rest = slice_from(t, (size_t)at + strlen(drivers[i].driver)), host, port = SL("514");
		if (!slice_cut(&rest, '"', &host))
			continue;
		ssize_t p = slice_find(rest, SL("port("));
		if (p >= 0) {
			struct slice v = slice_from(rest, (size_t)p + 5);
			if (slice_cut(&v, ')', &port))
				port = slice_trim(port);
		}
		bool tls = slice_has(rest, SL("tls"));
		const char *text = collect_path(c, "%s%.*s:%.*s", slice_has(rest, SL("\"udp\"")) ? "@" : drivers[i].sign, SLFMT(host), SLFMT(port));
		fact(c, path, line, "syslog-ng.forward", slice_of(text));
		if (tls)
			fact(c, path, line, "syslog-ng.forward.tls", slice_of(text));
		return;
	}
}

/* ---- journald ------------------------------------------------------------------------------------------------------------------ */
static void journald_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice key;
	(void)arg;
	if (t.p[0] == '[' || !slice_cut(&t, '=', &key))
		return;
	key = slice_trim(key);
	for (size_t i = 0; i < c->s->nfacts; i++) { /* what comes later holds */
		struct slice n = c->s->facts[i].name;
		if (slice_starts(n, SL("journald ")) && slice_eq(slice_from(n, 9), key)) {
			c->s->facts[i].at = collect_at(c, path, line);
			c->s->facts[i].value = collect_text(c, slice_trim(t));
			return;
		}
	}
	fact_of(c, path, line, "journald", key, slice_trim(t));
}

static void journald(struct collector *c)
{
	struct fact_lines how = {"journald", true, journald_line, NULL};
	struct slice storage = SL("auto");
	if (!fact_there(c, "/usr/lib/systemd/systemd-journald") && !fact_there(c, "/lib/systemd/systemd-journald"))
		return;
	fact_lines(c, "/etc/systemd/journald.conf", &how);
	fact_folder(c, "/usr/lib/systemd/journald.conf.d", ".conf", &how);
	fact_folder(c, "/etc/systemd/journald.conf.d", ".conf", &how);
	for (size_t i = 0; i < c->s->nfacts; i++)
		if (slice_eqz(c->s->facts[i].name, "journald Storage"))
			storage = c->s->facts[i].value;
	bool yes = slice_eqz(storage, "persistent") || (slice_eqz(storage, "auto") && fact_there(c, "/var/log/journal"));
	fact(c, "/var/log/journal", 0, "journald.persistent", yes ? SL("yes") : SL("no"));
}

static void upload_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	(void)arg;
	if (slice_starts(t, SL("URL=")))
		fact(c, path, line, "journald.upload", slice_trim(slice_from(t, 4)));
}

/* ---- auditd --------------------------------------------------------------------------------------------------------------------- */
static void rule_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	(void)arg;
	fact(c, path, line, "auditd.rule", t);
}

static void plugin_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	bool *active = arg;
	struct slice key;
	(void)c, (void)path, (void)line;
	if (slice_cut(&t, '=', &key) && slice_eqz(slice_trim(key), "active"))
		*active = slice_ieq(slice_trim(t), SL("yes"));
}

static bool plugin(struct collector *c, const char *name)
{
	bool active = false;
	struct fact_lines how = {"auditd", true, plugin_line, &active};
	if (!fact_lines(c, collect_path(c, "/etc/audit/plugins.d/%s", name), &how))
		fact_lines(c, collect_path(c, "/etc/audisp/plugins.d/%s", name), &how);
	return active;
}

static void remote_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice key;
	(void)arg;
	if (slice_cut(&t, '=', &key) && slice_eqz(slice_trim(key), "remote_server") && slice_trim(t).n)
		fact(c, path, line, "auditd.remote", slice_trim(t));
}

static void auditd(struct collector *c)
{
	const char *path;
	if (!fact_program(c, "auditd", &path))
		return;
	struct fact_lines rules = {"auditd", false, rule_line, NULL}, remote = {"auditd", true, remote_line, NULL};
	fact(c, path, 0, "auditd.installed", SL("yes"));
	if (!fact_lines(c, "/etc/audit/audit.rules", &rules) || !fact_there(c, "/etc/audit/audit.rules"))
		fact_folder(c, "/etc/audit/rules.d", ".rules", &rules);
	fact_settings(c, "/etc/audit/auditd.conf", &(struct fact_settings){"auditd", "auditd", NULL});
	if (plugin(c, "au-remote.conf")) {
		fact_lines(c, "/etc/audit/audisp-remote.conf", &remote);
		fact_lines(c, "/etc/audisp/audisp-remote.conf", &remote);
	}
	if (plugin(c, "syslog.conf"))
		fact(c, "/etc/audit/plugins.d/syslog.conf", 0, "auditd.syslog", SL("yes"));
}

void facts_logs(struct collector *c)
{
	const char *path;
	rsyslog(c);
	if (fact_program(c, "syslog-ng", &path)) {
		struct fact_lines how = {"syslog-ng", true, syslog_ng_line, NULL};
		fact(c, path, 0, "syslog-ng.installed", SL("yes"));
		fact_lines(c, "/etc/syslog-ng/syslog-ng.conf", &how);
		fact_folder(c, "/etc/syslog-ng/conf.d", ".conf", &how);
	}
	journald(c);
	if (fact_there(c, "/usr/lib/systemd/systemd-journal-upload") || fact_there(c, "/lib/systemd/systemd-journal-upload"))
		fact_lines(c, "/etc/systemd/journal-upload.conf", &(struct fact_lines){"journald", true, upload_line, NULL});
	auditd(c);
}
