/* checks_mail.c - the mail server, if this is one: whose mail it takes, and what it lets in. */
#include "posture/checks.h"

#define NO_MAIL "no mail server"

static bool postfix(struct posture_host *h)
{
	host_reads(h, "mail");
	return host_has_fact(h, "mail.server", "postfix");
}

/* Takes mail from others: main.cf does not bind it to the machine itself. */
static bool takes_mail(struct posture_host *h)
{
	struct slice on = host_value(h, "postfix inet_interfaces", NULL);
	return postfix(h) && !slice_eqz(on, "loopback-only") && !slice_eqz(on, "localhost") && !slice_eqz(on, "127.0.0.1");
}

#define MAIL_OR_NONE(h)                                                                                      \
	do {                                                                                                     \
		if (!takes_mail(h)) {                                                                                \
			if (host_has_fact((h), "mail.server", NULL) && !host_has_fact((h), "mail.server", "postfix"))     \
				host_unsure((h), "mail: only Postfix is looked at");                                           \
			return host_none((h), host_has_fact((h), "mail.server", NULL) ? "it takes mail from nobody else" : NO_MAIL); \
		}                                                                                                     \
	} while (0)

enum posture_result check_mail_relay(struct posture_host *h)
{
	struct snap_at at = {0};
	MAIL_OR_NONE(h);
	struct slice nets = host_value(h, "postfix mynetworks", &at);
	if (slice_has(nets, SL("0.0.0.0/0")) || slice_has(nets, SL("[::]/0")) || slice_has(nets, SL("::/0")))
		host_found(h, &at, "mynetworks = %.*s", SLFMT(nets));
	struct slice relay = host_value(h, "postfix smtpd_relay_restrictions", &at), more = host_value(h, "postfix smtpd_recipient_restrictions", NULL);
	if (relay.n && !slice_has(relay, SL("reject_unauth_destination")) && !slice_has(relay, SL("defer_unauth_destination")) && !slice_has(relay, SL("reject")) && !slice_has(more, SL("reject_unauth_destination")))
		host_found(h, &at, "smtpd_relay_restrictions = %.*s", SLFMT(relay));
	return host_verdict(h, "it sends on for nobody but its own", "it sends mail on for everybody: also in your name");
}

static bool milter_has(const struct posture_host *h, const char *word)
{
	EACH_FACT(h, f, "mail.milter")
		if (slice_starts(f->value, slice_of(word)))
			return true;
	return false;
}

static bool postfix_says(const struct posture_host *h, const char *word)
{
	for (size_t i = 0; i < h->s->nfacts; i++) {
		const struct snap_fact *f = &h->s->facts[i];
		if ((slice_starts(f->name, SL("postfix ")) || slice_eqz(f->name, "postfix.service")) && slice_has(f->value, slice_of(word)))
			return true;
	}
	return false;
}

enum posture_result check_mail_sender(struct posture_host *h)
{
	MAIL_OR_NONE(h);
	bool all = milter_has(h, "rspamd");
	bool spf = all || milter_has(h, "spf") || postfix_says(h, "policyd-spf"), dkim = all || milter_has(h, "opendkim"), dmarc = all || milter_has(h, "opendmarc");
	if (!h->unsure.n && !(dkim && (dmarc || spf)))
		host_found(h, NULL, "SPF %s, DKIM %s, DMARC %s", spf ? "checked" : "not checked", dkim ? "checked" : "not checked", dmarc ? "checked" : "not checked");
	return host_verdict(h, "the sender's domain is checked", "anybody can write as the security manager");
}

enum posture_result check_mail_filter(struct posture_host *h)
{
	MAIL_OR_NONE(h);
	bool has = milter_has(h, "postern") || milter_has(h, "rspamd") || milter_has(h, "amavis") || milter_has(h, "clamav") || host_value(h, "postfix content_filter", NULL).n || host_value(h, "postfix smtpd_milters", NULL).n;
	if (!has && !h->unsure.n)
		host_found(h, NULL, "no filter looks at what mail brings");
	return host_verdict(h, "a filter looks at what mail brings", "documents with macros and installers reach everybody");
}

enum posture_result check_mail_tls(struct posture_host *h)
{
	struct snap_at at = {0};
	MAIL_OR_NONE(h);
	struct slice in = host_value(h, "postfix smtpd_tls_security_level", &at);
	if (!slice_eqz(in, "may") && !slice_eqz(in, "encrypt") && !slice_eqz(host_value(h, "postfix smtpd_use_tls", NULL), "yes") && !h->unsure.n)
		host_found(h, in.n ? &at : NULL, "smtpd_tls_security_level %.*s", SLFMT(in.n ? in : SL("is not set")));
	struct slice out = host_value(h, "postfix smtp_tls_security_level", &at);
	if ((!out.n || slice_eqz(out, "none")) && !h->unsure.n)
		host_found(h, out.n ? &at : NULL, "smtp_tls_security_level %.*s", SLFMT(out.n ? out : SL("is not set")));
	return host_verdict(h, "mail is encrypted on its way where the other side can", "mail, and passwords, are sent in clear");
}

enum posture_result check_mail_auth(struct posture_host *h)
{
	struct snap_at at = {0};
	MAIL_OR_NONE(h);
	if (!slice_eqz(host_value(h, "postfix smtpd_sasl_auth_enable", &at), "yes"))
		return host_none(h, "nobody logs in to send mail");
	if (!slice_eqz(host_value(h, "postfix smtpd_tls_auth_only", NULL), "yes") && !slice_eqz(host_value(h, "postfix smtpd_tls_security_level", NULL), "encrypt") && !h->unsure.n)
		host_found(h, &at, "smtpd_sasl_auth_enable yes without smtpd_tls_auth_only");
	return host_verdict(h, "passwords for mail go over TLS only", "passwords for mail go over the net in clear");
}

enum posture_result check_mail_root(struct posture_host *h)
{
	host_reads(h, "mail");
	if (!host_has_fact(h, "mail.server", NULL))
		return host_none(h, NO_MAIL);
	EACH_FACT(h, f, "mail.alias")
		if (slice_istarts(f->value, SL("root:")) && slice_trim(slice_from(f->value, 5)).n)
			return host_verdict(h, "somebody gets root's mail", "");
	if (!h->unsure.n)
		host_found(h, NULL, "no alias for root");
	return host_verdict(h, "", "what cron, sudo and the system report, nobody reads");
}
