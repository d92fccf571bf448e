/* privilege_cut.c - postern privilege cut: what to take away so that one place is not reached from another, and what that would break. */
#include "cmd/privilege_places.h"
#include "cmd/setup.h"

#include <stdlib.h>

struct cutting {
	const struct privilege_inputs *in;
	const struct privilege *p;
	const struct args *a;
	const struct right *rights;
	struct priv_set from, to;
	struct priv_cut cut;
};

static void where(const struct right *r, struct buf *out)
{
	const struct snap_at *at = r->row;
	if (!at || !at->file.n)
		return;
	buf_term(out, r->host);
	buf_addc(out, ':');
	buf_term(out, at->file);
	if (at->line > 0)
		buf_addf(out, ":%lld", (long long)at->line);
}

/* What somebody does to take it away, in words. */
static const char *how_to(const struct right *r)
{
	static const char *const words[RIGHT_KIND_COUNT] = {
		[RIGHT_KEY] = "take the line out of authorized_keys", [RIGHT_CERTIFICATE] = "take the authority out of TrustedUserCAKeys, or revoke the certificate",
		[RIGHT_PASSWORD] = "lock the password (passwd -l), or let sshd take none", [RIGHT_SUDO] = "take the rule out of sudoers, or narrow it to what is run",
		[RIGHT_DOAS] = "take the rule out of doas.conf, or name commands", [RIGHT_GROUP] = "take the account out of the group (gpasswd -d)",
		[RIGHT_PRIVATE_KEY] = "move the private key off the machine", [RIGHT_AGENT] = "no ForwardAgent: use ProxyJump", [RIGHT_WRITABLE] = "give the file and its folders to root alone",
		[RIGHT_SETUID] = "take the bit or capability off (chmod u-s, setcap -r)", [RIGHT_POLKIT] = "take the polkit rule away", [RIGHT_EXPORT] = "export with root_squash",
		[RIGHT_AUTHORITY] = "move the authority's private key to a machine of its own", [RIGHT_GRANT] = "end the grant (postern grant revoke)",
	};
	return words[r->kind];
}

static void right_text_full(const struct cutting *c, size_t i, struct buf *out)
{
	const struct right *r = &c->rights[c->cut.rights[i]];
	struct buf s = {0};
	buf_addf(out, "%3zu. %s: ", i + 1, right_name(r->kind));
	buf_term(out, r->text);
	buf_addz(out, "\n     ");
	where(r, out);
	buf_addf(out, "  cost %u\n     To do: %s.\n     ", r->cost, how_to(r));
	right_use_text(r, &s);
	buf_adds(out, buf_slice(&s));
	buf_addz(out, ".\n");
	if (r->use == RIGHT_USED && r->seen.evidence.n) {
		buf_addz(out, "     Daily work that breaks: ");
		buf_term(out, r->seen.evidence);
		buf_addc(out, '\n');
	}
	buf_free(&s);
}

static void impossible_text(const struct cutting *c, struct buf *out)
{
	struct priv_reach r = {0};
	struct buf way = {0};
	struct err e;
	buf_addz(out, "No set of rights would do: there is a way without any right that could be taken away.\n");
	if (c->cut.unavoidable != UINT32_MAX && !privilege_reach(c->p, &c->from, false, NULL, &r, &e)) {
		priv_reach_sentence(c->p, &r, c->cut.unavoidable, &way);
		wrapped(out, "    ", buf_slice(&way));
	}
	priv_reach_free(&r);
	buf_free(&way);
}

static void print_text(const struct cutting *c, struct buf *out)
{
	struct buf from = {0}, to = {0};
	places_told(c->a, "from", &from);
	places_told(c->a, "to", &to);
	if (!c->cut.possible) {
		impossible_text(c, out);
	} else if (!c->cut.n) {
		buf_addf(out, "%.*s is not reached from %.*s: nothing has to be taken away.\n", SLFMT(buf_slice(&to)), SLFMT(buf_slice(&from)));
	} else {
		buf_addf(out, "Without these %zu right%s %.*s is not reached from %.*s (cost %llu, %s):\n\n", c->cut.n, c->cut.n == 1 ? "" : "s", SLFMT(buf_slice(&to)), SLFMT(buf_slice(&from)),
			(unsigned long long)c->cut.cost, c->cut.cheapest ? "no other set costs less" : "a cheaper one may exist: the search ended at its limit");
		for (size_t i = 0; i < c->cut.n; i++)
			right_text_full(c, i, out);
		buf_addf(out, "\n%s\n", c->cut.proven ? "Checked: without them nothing of it is reached, neither surely nor perhaps." : "NOT proven: something is still reached without them.");
		if (c->in->usage)
			buf_addf(out, c->cut.used ? "%zu of them %s in use: ask whoever uses them first.\n" : "As far as the logs tell, none of them is in use.\n", c->cut.used, c->cut.used == 1 ? "is" : "are");
		else
			buf_addz(out, "No logs were given (--logs): whether a right is used is not known, and every right costs the same.\n");
	}
	places_unknown(c->in, out);
	buf_free(&from);
	buf_free(&to);
}

static void print_json(const struct cutting *c, struct buf *out)
{
	struct buf place = {0};
	places_told(c->a, "from", &place);
	buf_addz(out, "{\"from\":");
	buf_json(out, buf_slice(&place));
	place.n = 0;
	places_told(c->a, "to", &place);
	buf_addz(out, ",\"to\":");
	buf_json(out, buf_slice(&place));
	buf_free(&place);
	buf_addf(out, ",\"possible\":%s,\"proven\":%s,\"cheapest\":%s,\"cost\":%llu,\"used\":%zu", c->cut.possible ? "true" : "false", c->cut.proven ? "true" : "false",
		c->cut.cheapest ? "true" : "false", (unsigned long long)c->cut.cost, c->cut.used);
	places_unknown_json(c->in, out);
	buf_addz(out, ",\"take_away\":[");
	for (size_t i = 0; i < c->cut.n; i++) {
		buf_addz(out, i ? ",\n" : "\n");
		right_json(&c->rights[c->cut.rights[i]], out);
	}
	buf_addz(out, "]");
	if (!c->cut.possible && c->cut.unavoidable != UINT32_MAX) {
		const struct priv_node *nodes;
		privilege_nodes(c->p, &nodes);
		buf_addz(out, ",\"unavoidable\":");
		buf_json(out, nodes[c->cut.unavoidable].label);
	}
	buf_addz(out, "}\n");
}

static int tell(struct cutting *c)
{
	struct buf out = {0};
	struct err e;
	int rc = places_of(c->p, c->a, "from", &c->from);
	if (!rc)
		rc = places_of(c->p, c->a, "to", &c->to);
	if (!rc && privilege_cut(c->p, &c->from, &c->to, &c->cut, &e)) {
		complain_err(&e);
		rc = EXIT_INPUT;
	}
	if (rc)
		return rc;
	(strcmp(format_of(c->a), "json") == 0 ? print_json : print_text)(c, &out);
	rc = !write_out(args_get(c->a, "output"), buf_slice(&out)) ? EXIT_INPUT : c->cut.possible ? EXIT_DONE : EXIT_CONDITION;
	out.n = 0;
	if (rc != EXIT_INPUT && args_has(c->a, "save")) {
		print_json(c, &out);
		rc = privilege_keep(c->in, c->a, "cut", SL("cheapest"), buf_slice(&out)) ? rc : EXIT_INPUT;
	}
	buf_free(&out);
	return rc;
}

int privilege_cmd_cut(const struct args *a)
{
	struct privilege_inputs in;
	struct privilege *p = NULL;
	const char *format = format_of(a);
	if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
		complain("privilege cut: --format text or json");
		return EXIT_USAGE;
	}
	int rc = privilege_inputs_open(&in, a);
	if (!rc && !(p = privilege_inputs_build(&in, a)))
		rc = EXIT_USAGE;
	if (!rc) {
		struct cutting c = {.in = &in, .p = p, .a = a};
		privilege_rights(p, &c.rights);
		rc = tell(&c);
		priv_cut_free(&c.cut);
		priv_set_free(&c.from);
		priv_set_free(&c.to);
	}
	privilege_free(p);
	rc = rc ? rc : in.missing;
	privilege_inputs_free(&in);
	return rc;
}
