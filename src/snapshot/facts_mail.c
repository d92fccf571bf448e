/* facts_mail.c - the mail server: which one, postfix's settings, aliases, filters. */
#include "snapshot/facts_private.h"

/* main.cf and master.cf: a line that begins with a blank goes on with the one before. */
static void logical(struct collector *c, const char *path, void (*fn)(struct collector *c, const char *path, int64_t line, struct slice t))
{
	struct buf b = {0}, whole = {0};
	struct slice text, line;
	int64_t n = 0, first = 0;
	if (!below_read(c, path, COLLECT_FILE_MAX, "mail", NULL, &b, NULL, NULL))
		return;
	text = buf_slice(&b);
	while (next_line(&text, &line)) {
		n++;
		struct slice t = slice_trim(line);
		if (!t.n || t.p[0] == '#')
			continue;
		if (line.p[0] != ' ' && line.p[0] != '\t') {
			if (whole.n)
				fn(c, path, first, buf_slice(&whole));
			whole.n = 0;
			first = n;
		}
		buf_addf(&whole, "%s%.*s", whole.n ? " " : "", SLFMT(t));
	}
	if (whole.n)
		fn(c, path, first, buf_slice(&whole));
	buf_free(&b);
	buf_free(&whole);
}

static void main_line(struct collector *c, const char *path, int64_t line, struct slice t)
{
	struct slice key;
	if (slice_cut(&t, '=', &key))
		fact_of(c, path, line, "postfix", slice_trim(key), slice_trim(t));
}

static void master_line(struct collector *c, const char *path, int64_t line, struct slice t)
{
	struct buf b = {0};
	struct slice w;
	while (slice_word(&t, &w))
		buf_addf(&b, "%s%.*s", b.n ? " " : "", SLFMT(w));
	fact(c, path, line, "postfix.service", buf_slice(&b));
	buf_free(&b);
}

static void alias_line(struct collector *c, const char *path, int64_t line, struct slice t)
{
	struct slice key;
	if (slice_cut(&t, ':', &key))
		fact_f(c, path, line, "mail.alias", "%.*s: %.*s", SLFMT(slice_trim(key)), SLFMT(slice_trim(t)));
}

void facts_mail(struct collector *c)
{
	static const struct { const char *program, *name; } servers[] = {{"postfix", "postfix"}, {"exim4", "exim"}, {"exim", "exim"}, {"sendmail-mta", "sendmail"}, {"smtpd", "opensmtpd"}};
	static const struct { const char *program, *name, *conf; } filters[] = {
		{"opendkim", "opendkim", "/etc/opendkim.conf"}, {"opendmarc", "opendmarc", "/etc/opendmarc.conf"}, {"rspamd", "rspamd", "/etc/rspamd/rspamd.conf"},
		{"amavisd-new", "amavis", "/etc/amavis/conf.d/50-user"}, {"policyd-spf", "spf", "/etc/postfix-policyd-spf-python/policyd-spf.conf"}, {"clamav-milter", "clamav", "/etc/clamav/clamav-milter.conf"},
		{"spamass-milter", "spamassassin", "/etc/spamassassin/local.cf"},
	};
	const char *path;
	for (size_t i = 0; i < ARRAY_LEN(servers); i++)
		if (fact_program(c, servers[i].program, &path))
			fact(c, path, 0, "mail.server", slice_of(servers[i].name));
	if (fact_program(c, "postfix", &path)) {
		logical(c, "/etc/postfix/main.cf", main_line);
		logical(c, "/etc/postfix/master.cf", master_line);
	}
	logical(c, "/etc/aliases", alias_line);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (fact_program(c, filters[i].program, &path) && fact_there(c, filters[i].conf))
			fact_f(c, filters[i].conf, 0, "mail.milter", "%s %s", filters[i].name, filters[i].conf);
	if (fact_program(c, "postern", &path) && fact_there(c, "/etc/postern/milter.yaml"))
		fact(c, "/etc/postern/milter.yaml", 0, "mail.milter", SL("postern /etc/postern/milter.yaml"));
}
