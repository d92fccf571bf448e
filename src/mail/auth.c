/* auth.c - Authentication-Results (RFC 8601): what servers that are ours say about SPF, DKIM and DMARC. Anybody can write such a field; only those of named servers count. */
#include "mail/mail_private.h"

struct reading { struct slice s; };

static void skip(struct reading *r)
{
	for (unsigned depth = 0; r->s.n;) {
		char c = r->s.p[0];
		if (c == '(' && depth < 20)
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (c == '\\' && depth && r->s.n > 1)
			r->s = slice_from(r->s, 1);
		else if (!depth && c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return;
		r->s = slice_from(r->s, 1);
	}
}

/* A word, or what stands in quotes. */
static struct slice token(struct reading *r)
{
	skip(r);
	size_t n = 0;
	if (r->s.n && r->s.p[0] == '"') {
		struct slice inner = slice_from(r->s, 1);
		while (n < inner.n && inner.p[n] != '"')
			n += inner.p[n] == '\\' && n + 1 < inner.n ? 2 : 1;
		n = MIN(n, inner.n);
		r->s = slice_from(inner, n + 1);
		return slice_to(inner, n);
	}
	while (n < r->s.n && !strchr(" \t\r\n;=()\"", r->s.p[n]))
		n++;
	struct slice t = slice_to(r->s, n);
	r->s = slice_from(r->s, n);
	return t;
}

static bool sign_is(struct reading *r, char c)
{
	skip(r);
	if (!r->s.n || r->s.p[0] != c)
		return false;
	r->s = slice_from(r->s, 1);
	return true;
}

static bool is_trusted(const struct message *m, struct slice server, bool topmost)
{
	if (!server.n)
		return topmost && m->mail->options.trust_unnamed;
	for (const char *const *t = m->mail->options.trusted; t && *t; t++)
		if (slice_ieq(server, slice_of(*t)))
			return true;
	return false;
}

static bool aligned(struct message *m, struct slice domain)
{
	ssize_t at = slice_rfind(domain, SL("@"));
	return slice_eq(site_of(m->l, at < 0 ? domain : slice_from(domain, (size_t)at + 1)), m->from.site);
}

/* A pass counts when it passes for the domain that is shown. */
static void take(struct message *m, struct slice method, struct slice result, struct slice domain)
{
	bool pass = slice_ieq(result, SL("pass")), fail = slice_ieq(result, SL("fail")) || slice_ieq(result, SL("softfail")) || slice_ieq(result, SL("permerror"));
	enum auth *a = slice_ieq(method, SL("spf")) ? &m->spf : slice_ieq(method, SL("dkim")) ? &m->dkim : slice_ieq(method, SL("dmarc")) ? &m->dmarc : NULL;
	if (!a)
		return;
	if (pass && (a == &m->dmarc || aligned(m, domain)))
		*a = AUTH_PASS;
	else if (fail && *a == AUTH_NONE)
		*a = AUTH_FAIL;
}

static void one_result(struct message *m, struct reading *r)
{
	struct slice method = token(r), result, domain = SLICE_NONE;
	ssize_t version = slice_chr(method, '/');
	if (version > 0)
		method = slice_to(method, (size_t)version);
	if (!sign_is(r, '='))
		return;
	result = token(r);
	for (unsigned n = 0; n < 40; n++) {
		skip(r);
		if (!r->s.n || r->s.p[0] == ';')
			break;
		struct slice name = token(r), value = SLICE_NONE;
		if (sign_is(r, '='))
			value = token(r);
		if (!name.n && !value.n)
			break;
		if (slice_ieq(name, SL("smtp.mailfrom")) || slice_ieq(name, SL("header.d")) || slice_ieq(name, SL("header.i")))
			domain = value;
	}
	take(m, method, result, domain);
}

void auth_read(struct message *m, struct slice value, bool topmost)
{
	struct reading r = {slice_to(value, 16384)};
	struct reading ahead = r;
	struct slice server = token(&ahead);
	if (sign_is(&ahead, '=')) { /* no server's name: the first word is a method */
		server = SLICE_NONE;
		ahead = r;
	} else {
		token(&ahead); /* a version, or nothing */
	}
	if (!is_trusted(m, server, topmost))
		return;
	m->authenticated_by_any = true;
	for (unsigned n = 0; n < 100 && ahead.s.n; n++) {
		sign_is(&ahead, ';');
		skip(&ahead);
		size_t before = ahead.s.n;
		one_result(m, &ahead);
		while (ahead.s.n && ahead.s.p[0] != ';' && ahead.s.n == before)
			ahead.s = slice_from(ahead.s, 1), before = ahead.s.n;
	}
}

void judge_auth(struct message *m)
{
	const struct org *o = m->mail->options.org;
	if (!m->authenticated_by_any)
		return;
	bool any = m->spf == AUTH_PASS || m->dkim == AUTH_PASS || m->dmarc == AUTH_PASS;
	if (!any && o && org_domain_own(o, m->from.site))
		lure_found(m->l, m->id, IND_MAIL_OWN_NOT_AUTHENTIC, UINT64_MAX, "Authentication-Results", "from %.*s", SLFMT(m->from.domain));
	if (m->dmarc == AUTH_FAIL)
		sign(m, IND_MAIL_AUTH_FAIL, SL("Authentication-Results"), "DMARC failed for %.*s", SLFMT(m->from.domain));
	else if (!any)
		sign(m, IND_MAIL_NOT_AUTHENTIC, SL("Authentication-Results"), "neither SPF nor DKIM vouches for %.*s", SLFMT(m->from.domain));
}
