/* org_values.c - what a host name, a network, a fingerprint ... must look like, and lists of them. */
#include "org/org_private.h"

#include <stdio.h>

static bool all_of(struct slice s, const char *more)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!word && strchr(more, c) == NULL)
			return false;
	}
	return true;
}

static bool no_blanks(struct slice s)
{
	return slice_chr(s, ' ') < 0 && slice_chr(s, '\t') < 0;
}

static bool host_ok(struct slice s)
{
	return s.n <= ORG_HOST_MAX && all_of(s, "._-:") && s.p[0] != '.' && s.p[s.n - 1] != '.';
}

/* Bytes above 127 may be there: domains can be written in any script. */
static bool domain_ok(struct slice s)
{
	return s.n <= ORG_HOST_MAX && s.p[0] != '.' && s.p[s.n - 1] != '.' && no_blanks(s) && slice_chr(s, '*') < 0 &&
		slice_chr(s, '/') < 0 && slice_chr(s, '@') < 0 && slice_chr(s, ':') < 0;
}

static bool mail_ok(struct slice s)
{
	struct slice local;
	return s.n <= ORG_MAIL_MAX && no_blanks(s) && slice_cut(&s, '@', &local) && local.n > 0 && s.n > 0 &&
		slice_chr(s, '@') < 0;
}

/* What ssh-keygen -l and sshd print: base64 of 32 bytes, without padding. */
static bool fingerprint_ok(struct slice s)
{
	enum { PREFIX = 7, BASE64 = 43 };
	return slice_starts(s, SL("SHA256:")) && s.n == PREFIX + BASE64 && all_of(slice_from(s, PREFIX), "+/");
}

static bool id_ok(struct slice s)
{
	return s.n <= ORG_KEY_MAX && all_of(s, "._-");
}

static bool role_ok(struct slice s)
{
	return s.n <= ORG_KEY_MAX && no_blanks(s);
}

static bool path_ok(struct slice s)
{
	char buf[ORG_PATH_MAX];
	struct slice clean;
	return org_path_clean(s, buf, &clean) && clean.n > 1;
}

static bool any_ok(struct slice s)
{
	return slice_eq(slice_trim(s), s);
}

const struct org_kind org_kinds[ORG_KINDS] = {
	[ORG_KIND_TITLE] = {"name", "Institute X", any_ok, "no blanks at its ends"},
	[ORG_KIND_HOST] = {"host name", "web1", host_ok, "letters, digits, dots, - and _"},
	[ORG_KIND_DOMAIN] = {"domain", "x.example", domain_ok, "subdomains are included, no *, no leading dot"},
	[ORG_KIND_ACCOUNT] = {"account", "mlindqvist", any_ok, "no blanks at its ends"},
	[ORG_KIND_MAIL] = {"mail address", "name@x.example", mail_ok, "just the address"},
	[ORG_KIND_KEY] = {"key fingerprint", "\"SHA256:\" and 43 letters", fingerprint_ok, "ssh-keygen -l -f FILE prints it"},
	[ORG_KIND_ROLE] = {"role", "web", role_ok, "one word of at most 64 letters"},
	[ORG_KIND_ID] = {"provider id", "acme", id_ok, "letters, digits, dots, - and _"},
	[ORG_KIND_PATH] = {"folder", "/srv/folder", path_ok, "from the root on, and not the root itself"},
};

int org_value(struct load *l, const struct node *n, enum org_value_kind kind, struct slice *out)
{
	const struct org_kind *k = &org_kinds[kind];
	int r = org_text(l, n, k->what, k->example);

	if (r < 0)
		return r;
	if (!k->ok(n->text))
		return org_fail(l, n, ERR_SYNTAX, "%s is not %s %s: write one like %s (%s)", org_show(l, n->text),
			strchr("aeiou", *k->what) != NULL ? "an" : "a", k->what, k->example, k->hint);
	*out = slice_dup(&l->o->mem, n->text);
	return 0;
}

int org_value_list(struct load *l, const struct node *key, const struct node *n, enum org_value_kind kind,
	struct slice **out, size_t *count)
{
	char example[96];
	size_t i = 0;
	int r;

	example[0] = '\0';
	(void)snprintf(example, sizeof(example), "[%s]", org_kinds[kind].example);
	r = org_list(l, n, org_show(l, key->text), example);
	if (r < 0)
		return r;
	*out = arena_alloc(&l->o->mem, n->n * sizeof(**out));
	for (const struct node *item = n->child; item != NULL; item = item->next) {
		r = org_value(l, item, kind, &(*out)[i]);
		if (r < 0)
			return r;
		i++;
	}
	*count = i;
	return 0;
}

/* "10.20.0.1/16": is anything set behind the prefix? */
static bool host_bits(struct slice text, const struct cidr *c)
{
	struct slice addr;
	struct ip ip;

	if (!slice_cut(&text, '/', &addr) || !ip_parse(addr, &ip))
		return false;
	for (unsigned bit = c->bits; bit < 128; bit++)
		if (ip.b[bit / 8] >> (7 - bit % 8) & 1)
			return true;
	return false;
}

static int one_net(struct load *l, const struct node *n, struct cidr *out)
{
	int r = org_text(l, n, "address", "10.20.0.0/16");

	if (r < 0)
		return r;
	if (!cidr_parse(n->text, out))
		return org_fail(l, n, ERR_SYNTAX, "%s is neither an address nor a network: write one like 10.20.10.11, "
			"10.20.0.0/16 or 2001:db8::/32", org_show(l, n->text));
	if (host_bits(n->text, out)) {
		struct slice rest = n->text, addr = n->text;
		slice_cut(&rest, '/', &addr);
		return org_fail(l, n, ERR_RANGE, "%s has bits behind /%.*s: write %.*s for the one address, or the network "
			"with zeros there", org_show(l, n->text), SLFMT(rest), SLFMT(addr));
	}
	if (out->bits == 0 || (ip_is_v4(&out->net) && out->bits <= 96))
		return org_fail(l, n, ERR_RANGE, "%s holds every address: leave it out", org_show(l, n->text));
	return 0;
}

int org_net_list(struct load *l, const struct node *key, const struct node *n, struct cidr **out, size_t *count)
{
	size_t i = 0;
	int r = org_list(l, n, org_show(l, key->text), "[10.20.0.0/16]");

	if (r < 0)
		return r;
	*out = arena_alloc(&l->o->mem, n->n * sizeof(**out));
	for (const struct node *item = n->child; item != NULL; item = item->next) {
		r = one_net(l, item, &(*out)[i]);
		if (r < 0)
			return r;
		i++;
	}
	*count = i;
	return 0;
}
