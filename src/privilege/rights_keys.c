/* rights_keys.c - logins by key, certificate and password; keys that lie about; agents. */
#include "privilege/privilege_private.h"

struct slice key_label(struct privilege *p, struct slice fingerprint, struct slice comment)
{
	const struct org_person *who = p->org && fingerprint.n ? org_person_by_key(p->org, fingerprint) : NULL;
	struct slice name = who ? who->name : comment;
	if (name.n)
		return say(p, "key %.*s (%.*s)", SLFMT(fingerprint), SLFMT(name));
	return say(p, "key %.*s", SLFMT(fingerprint));
}

uint32_t key_node(struct privilege *p, struct slice fingerprint, struct slice comment)
{
	uint32_t have = node_find(p, PRIV_KEY, SLICE_NONE, fingerprint);
	return have != NO_NODE ? have : node_put(p, PRIV_KEY, SLICE_NONE, fingerprint, key_label(p, fingerprint, comment));
}

static uint32_t authority_node(struct privilege *p, struct slice fingerprint)
{
	return node_put(p, PRIV_AUTHORITY, SLICE_NONE, fingerprint, say(p, "authority %.*s", SLFMT(fingerprint)));
}

static void whose_key(struct privilege *p, struct right *r, struct slice fingerprint)
{
	r->person = p->org && fingerprint.n ? org_person_by_key(p->org, fingerprint) : NULL;
	r->provider = r->person ? r->person->provider : NULL;
}

/* Where, and what stands in the way. */
static struct slice evidence(struct privilege *p, const struct place *l, const struct snap_at *at, const char *why)
{
	struct slice where = where_of(p, l->s, at);
	return why ? say(p, "%s; %.*s", why, SLFMT(where)) : where;
}

/* ---- accounts of a host ----------------------------------------------------------------------------------------------------- */

void rights_accounts(struct place *l)
{
	struct privilege *p = l->p;
	edge_put(p, l->root, l->host, NO_RIGHT, "is on its host:", SLICE_NONE, SNAP_YES);
	edge_put(p, l->host, p->outside, NO_RIGHT, "is also", SLICE_NONE, SNAP_YES);
	for (size_t i = 0; i < l->s->naccounts; i++) {
		const struct snap_account *a = &l->s->accounts[i];
		edge_put(p, l->account[i], l->host, NO_RIGHT, "is on its host:", SLICE_NONE, SNAP_YES);
		edge_put(p, l->root, l->account[i], NO_RIGHT, "is as good as", SLICE_NONE, SNAP_YES);
		if (a->uid == 0)
			edge_put(p, l->account[i], l->root, NO_RIGHT, "is root, being uid 0:", where_of(p, l->s, &a->at), SNAP_YES);
	}
	/* Two names of one number are one account. */
	for (size_t i = 0; i < l->s->naccounts; i++) {
		const struct snap_account *a = &l->s->accounts[i];
		for (size_t k = 0; k < i && a->uid != 0; k++) {
			if (l->s->accounts[k].uid != a->uid)
				continue;
			edge_put(p, l->account[i], l->account[k], NO_RIGHT, "has the number of", where_of(p, l->s, &a->at), SNAP_YES);
			edge_put(p, l->account[k], l->account[i], NO_RIGHT, "has the number of", where_of(p, l->s, &a->at), SNAP_YES);
		}
	}
}

/* ---- authorized_keys --------------------------------------------------------------------------------------------------------- */

/* The key lies on hosts that from= lets in: from there it opens. */
static void from_places(struct place *l, const struct snap_authorized_key *k, uint32_t account, uint32_t right, struct ssh_may m)
{
	struct privilege *p = l->p;
	uint32_t key = strtab_find(p->limited, k->fingerprint);
	for (size_t i = 0; i < p->lying.n; i++) {
		const struct lying *x = &p->lying.v[i];
		if (x->key == key)
			edge_put(p, x->node, account, right, "opens", evidence(p, l, &k->at, m.why), tri_least(m.sure, from_allows(k->from, &p->places[x->place], l)));
	}
}

static void key_right(struct place *l, const struct snap_authorized_key *k, size_t account, struct ssh_may m)
{
	struct privilege *p = l->p;
	const struct snap_account *a = &l->s->accounts[account];
	uint32_t from = key_node(p, k->fingerprint, k->comment);
	struct right *r = right_put(p, l, RIGHT_KEY, SNAP_K_authorized_key, k);
	uint32_t id = r->id;
	r->account = a->name;
	r->holder = k->fingerprint;
	r->full = a->uid == 0 && m.sure == SNAP_YES;
	r->why_full = r->full ? SL("it opens root") : SLICE_NONE;
	whose_key(p, r, k->fingerprint);
	r->text = say(p, "%.*s opens %.*s on %.*s%s%.*s%s", SLFMT(key_label(p, k->fingerprint, k->comment)), SLFMT(a->name), SLFMT(l->s->host), k->from.n ? ", from " : "", SLFMT(k->from),
		k->command.n ? ", for a forced command" : "");
	edge_put(p, from, l->account[account], id, "opens", evidence(p, l, &k->at, k->from.n ? "from addresses it is limited to" : m.why), k->from.n ? SNAP_UNKNOWN : m.sure);
	if (k->from.n)
		from_places(l, k, l->account[account], id, m);
}

static bool principal_fits(struct snap_list principals, struct slice name)
{
	for (size_t i = 0; i < principals.n; i++)
		if (slice_eq(principals.v[i], name))
			return true;
	return false;
}

/* cert-authority: whoever signs with that key opens the account. */
static void authority_right(struct place *l, const struct snap_authorized_key *k, size_t account, struct ssh_may m)
{
	struct privilege *p = l->p;
	const struct snap_account *a = &l->s->accounts[account];
	struct right *r = right_put(p, l, RIGHT_CERTIFICATE, SNAP_K_authorized_key, k);
	r->account = a->name;
	r->holder = k->fingerprint;
	r->full = a->uid == 0;
	r->text = say(p, "certificates of authority %.*s open %.*s on %.*s", SLFMT(k->fingerprint), SLFMT(a->name), SLFMT(l->s->host));
	uint32_t id = r->id;
	edge_put(p, authority_node(p, k->fingerprint), l->account[account], id, "signs for", evidence(p, l, &k->at, m.why), k->from.n ? SNAP_UNKNOWN : m.sure);
	for (size_t c = 0; c < p->certificates.n; c++) {
		const struct snap_certificate *x = p->certificates.v[c];
		if (slice_eq(x->authority, k->fingerprint) && (principal_fits(x->principals, a->name) || k->principals.n))
			edge_put(p, node_find(p, PRIV_CERTIFICATE, x->authority, x->fingerprint), l->account[account], id, "opens", evidence(p, l, &k->at, m.why),
				k->from.n || k->principals.n ? SNAP_UNKNOWN : m.sure);
	}
}

void rights_keys(struct place *l)
{
	for (size_t i = 0; i < l->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &l->s->authorized_keys[i];
		long account = place_account(l, k->account);
		if (account == PRIV_NONE || !k->fingerprint.n)
			continue;
		const struct snap_account *a = &l->s->accounts[account];
		struct ssh_may m = ssh_may(l, a, k->authority == SNAP_YES ? SSH_CERTIFICATE : SSH_KEY), key = ssh_may_key(l, a, k);
		if (key.sure != SNAP_YES)
			m = (struct ssh_may){tri_least(m.sure, key.sure), m.sure == SNAP_YES ? key.why : m.why};
		/* A line that opens nothing is no right. */
		if (m.sure != SNAP_NO)
			(k->authority == SNAP_YES ? authority_right : key_right)(l, k, (size_t)account, m);
	}
}

/* ---- private keys ------------------------------------------------------------------------------------------------------------- */

/* What reading the file gives: the key, or the key as it lies here, or the authority. */
static uint32_t taken_node(struct place *l, const struct snap_private_key *k, bool *authority)
{
	struct privilege *p = l->p;
	*authority = strtab_find(p->authorities, k->fingerprint) != UINT32_MAX;
	if (*authority) {
		uint32_t a = authority_node(p, k->fingerprint);
		edge_put(p, a, key_node(p, k->fingerprint, k->comment), NO_RIGHT, "is also", SLICE_NONE, SNAP_YES);
		return a;
	}
	uint32_t key = key_node(p, k->fingerprint, k->comment);
	if (strtab_find(p->limited, k->fingerprint) == UINT32_MAX)
		return key;
	uint32_t known = node_find(p, PRIV_KEY, l->s->host, k->fingerprint);
	if (known != NO_NODE)
		return known;
	uint32_t here = node_put(p, PRIV_KEY, l->s->host, k->fingerprint, say(p, "%.*s on %.*s", SLFMT(key_label(p, k->fingerprint, k->comment)), SLFMT(l->s->host)));
	edge_put(p, here, key, NO_RIGHT, "is", SLICE_NONE, SNAP_YES);
	*vec_push(&p->lying) = (struct lying){strtab_find(p->limited, k->fingerprint), (uint32_t)(l - p->places), here};
	return here;
}

static void key_readers(struct place *l, const struct snap_private_key *k, uint32_t to, uint32_t right, const char *how)
{
	struct privilege *p = l->p;
	bool token = slice_starts(k->type, SL("sk-"));
	enum snap_tri sure = k->encrypted == SNAP_NO && !token ? SNAP_YES : SNAP_UNKNOWN;
	const char *why = token ? "the token itself is needed too" : k->encrypted == SNAP_YES ? "encrypted: who knows the passphrase" : k->encrypted == SNAP_UNKNOWN ? "whether it is encrypted could not be told" : NULL;
	struct slice text = evidence(p, l, &k->at, why);
	edge_put(p, l->root, to, right, how, text, sure);
	/* The owner may give itself the mode. */
	for (size_t i = 0; i < l->s->naccounts; i++)
		if (l->s->accounts[i].uid == k->uid && k->uid != 0)
			edge_put(p, l->account[i], to, right, how, text, sure);
	/* Folders above may keep others out: not in the snapshot. */
	const struct snap_group *g = k->mode & 040 && k->gid != 0 ? group_by_gid(l, k->gid) : NULL;
	if (g)
		edge_put(p, group_node(l, g->name, SLICE_NONE), to, right, how, text, SNAP_UNKNOWN);
	if (k->mode & 04)
		edge_put(p, l->host, to, right, how, text, SNAP_UNKNOWN);
}

/* A host's own key shows who the host is; it opens nothing, unless some account lists it. */
static bool is_host_key(const struct place *l, const struct snap_private_key *k)
{
	for (size_t i = 0; i < l->s->nhost_keys; i++)
		if (slice_eq(l->s->host_keys[i].at.file, k->at.file))
			return strtab_find(l->p->opening, k->fingerprint) == UINT32_MAX && strtab_find(l->p->authorities, k->fingerprint) == UINT32_MAX;
	return false;
}

void rights_private_keys(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->nprivate_keys; i++) {
		const struct snap_private_key *k = &l->s->private_keys[i];
		bool authority;
		if (!k->fingerprint.n || is_host_key(l, k))
			continue;
		uint32_t to = taken_node(l, k, &authority);
		struct right *r = right_put(p, l, authority ? RIGHT_AUTHORITY : RIGHT_PRIVATE_KEY, SNAP_K_private_key, k);
		r->account = k->account.n ? k->account : SL("root");
		r->holder = k->fingerprint;
		whose_key(p, r, k->fingerprint);
		r->text = say(p, "%s%.*s lies on %.*s in %.*s%s", authority ? "the private half of an authority, " : "", SLFMT(key_label(p, k->fingerprint, k->comment)), SLFMT(l->s->host),
			SLFMT(k->at.file), k->encrypted == SNAP_YES ? ", encrypted" : k->encrypted == SNAP_NO ? ", not encrypted" : "");
		key_readers(l, k, to, r->id, "can take");
	}
}

/* ---- certificates ---------------------------------------------------------------------------------------------------------------- */

/* A line of TrustedUserCAKeys: whoever signs opens every account by its name. */
static void trust_right(struct place *l, const struct snap_authority *x)
{
	struct privilege *p = l->p;
	uint32_t from = authority_node(p, x->fingerprint);
	struct right *r = right_put(p, l, RIGHT_CERTIFICATE, SNAP_K_authority, x);
	uint32_t id = r->id;
	r->account = SL("*");
	r->holder = x->fingerprint;
	r->text = say(p, "certificates of authority %.*s open accounts of %.*s", SLFMT(x->fingerprint), SLFMT(l->s->host));
	for (size_t i = 0; i < l->s->naccounts; i++) {
		const struct snap_account *a = &l->s->accounts[i];
		struct ssh_may m = ssh_may(l, a, SSH_CERTIFICATE);
		struct slice file = ssh_setting(l, a->name, "authorizedprincipalsfile"), asked = ssh_setting(l, a->name, "authorizedprincipalscommand"),
			revoked = ssh_setting(l, a->name, "revokedkeys");
		bool mapped = (file.n && !slice_eqz(file, "none")) || (asked.n && !slice_eqz(asked, "none"));
		if (m.sure == SNAP_YES && (mapped || (revoked.n && !slice_eqz(revoked, "none"))))
			m = (struct ssh_may){SNAP_UNKNOWN, mapped ? "principals are listed elsewhere" : "RevokedKeys may name it"};
		edge_put(p, from, l->account[i], id, "signs for", evidence(p, l, &x->at, m.why), m.sure);
		for (size_t c = 0; c < p->certificates.n && m.sure != SNAP_NO; c++) {
			const struct snap_certificate *y = p->certificates.v[c];
			if (slice_eq(y->authority, x->fingerprint) && (mapped || principal_fits(y->principals, a->name)))
				edge_put(p, node_find(p, PRIV_CERTIFICATE, y->authority, y->fingerprint), l->account[i], id, "opens", evidence(p, l, &x->at, m.why), m.sure);
		}
	}
}

static bool limits(struct snap_list options)
{
	for (size_t i = 0; i < options.n; i++)
		if (slice_starts(options.v[i], SL("force-command")) || slice_starts(options.v[i], SL("source-address")) || slice_starts(options.v[i], SL("verify-required")))
			return true;
	return false;
}

/* The key that a certificate was made for, to the certificate. */
static void held_certificate(struct place *l, const struct snap_certificate *x)
{
	struct privilege *p = l->p;
	bool over = (x->until >= 0 && x->until < p->now) || x->from > p->now;
	if (!slice_eqz(x->kind, "user") || !x->fingerprint.n || !x->authority.n || over || node_find(p, PRIV_CERTIFICATE, x->authority, x->fingerprint) != NO_NODE)
		return;
	uint32_t to = node_put(p, PRIV_CERTIFICATE, x->authority, x->fingerprint, say(p, "certificate %.*s (serial %.*s)", SLFMT(x->key_id), SLFMT(x->serial)));
	struct right *r = right_put(p, l, RIGHT_CERTIFICATE, SNAP_K_certificate, x);
	r->account = x->account;
	r->holder = x->fingerprint;
	whose_key(p, r, x->fingerprint);
	r->text = say(p, "certificate %.*s (serial %.*s) for %.*s", SLFMT(x->key_id), SLFMT(x->serial), SLFMT(key_label(p, x->fingerprint, SLICE_NONE)));
	edge_put(p, key_node(p, x->fingerprint, SLICE_NONE), to, r->id, "has the", where_of(p, l->s, &x->at), limits(x->options) ? SNAP_UNKNOWN : SNAP_YES);
	*vec_push(&p->certificates) = x;
}

void keys_known(struct privilege *p)
{
	for (size_t i = 0; i < p->hosts.n; i++) {
		const struct snapshot *s = p->hosts.v[i];
		for (size_t k = 0; k < s->nauthorities; k++)
			strtab_put(p->authorities, s->authorities[k].fingerprint);
		for (size_t k = 0; k < s->nauthorized_keys; k++) {
			if (s->authorized_keys[k].authority == SNAP_YES)
				strtab_put(p->authorities, s->authorized_keys[k].fingerprint);
			strtab_put(p->opening, s->authorized_keys[k].fingerprint);
			if (s->authorized_keys[k].from.n)
				strtab_put(p->limited, s->authorized_keys[k].fingerprint);
		}
		for (size_t c = 0; c < s->ncertificates; c++)
			held_certificate(&p->places[i], &s->certificates[c]);
	}
}

void rights_certificates(struct place *l)
{
	for (size_t i = 0; i < l->s->nauthorities; i++)
		if (l->s->authorities[i].fingerprint.n)
			trust_right(l, &l->s->authorities[i]);
}

/* ---- passwords --------------------------------------------------------------------------------------------------------------------- */

void rights_passwords(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->naccounts; i++) {
		const struct snap_account *a = &l->s->accounts[i];
		bool empty = a->password == SNAP_PW_EMPTY;
		struct ssh_may m = a->password == SNAP_PW_SET || empty ? ssh_may(l, a, SSH_PASSWORD) : (struct ssh_may){SNAP_NO, NULL};
		if (m.sure == SNAP_NO && !empty)
			continue;
		struct right *r = right_put(p, l, RIGHT_PASSWORD, SNAP_K_account, a);
		uint32_t id = r->id;
		r->account = r->holder = a->name;
		r->person = p->org ? org_person_by_account(p->org, a->name) : NULL;
		r->provider = r->person ? r->person->provider : NULL;
		r->text = m.sure == SNAP_NO ? say(p, "%.*s on %.*s has an empty password", SLFMT(a->name), SLFMT(l->s->host))
					    : say(p, "%s opens %.*s on %.*s", empty ? "an empty password" : "a password", SLFMT(a->name), SLFMT(l->s->host));
		if (empty) /* su asks for none where PAM says nullok */
			edge_put(p, l->host, l->account[i], id, "may become, by su without a password,", where_of(p, l->s, &a->at), SNAP_UNKNOWN);
		edge_put(p, empty ? p->outside : p->guesser, l->account[i], id, "opens", evidence(p, l, &a->at, m.why), empty ? m.sure : tri_least(m.sure, SNAP_UNKNOWN));
		if (p->rights.v[id].person)
			edge_put(p, person_node(p, p->rights.v[id].person), l->account[i], id, "knows the password of", evidence(p, l, &a->at, m.why), m.sure);
	}
}

/* ---- agents ----------------------------------------------------------------------------------------------------------------------------- */

static bool forwards(const struct place *to, const struct snap_authorized_key *k)
{
	return k->agent != SNAP_NO && !slice_eqz(ssh_setting(to, k->account, "allowagentforwarding"), "no") && !slice_eqz(ssh_setting(to, k->account, "disableforwarding"), "yes");
}

static bool ssh_host_fits(const struct place *to, struct slice patterns)
{
	struct slice word;
	bool fits = false;
	while (slice_word(&patterns, &word)) {
		bool not = slice_starts(word, SL("!"));
		struct slice w = slice_from(word, not ? 1 : 0);
		bool hit = glob(w, to->names[0]) || glob(w, to->names[1]);
		for (size_t i = 0; i < to->s->addresses.n; i++)
			hit |= glob(w, to->s->addresses.v[i]);
		if (hit && not)
			return false;
		fits |= hit;
	}
	return fits;
}

/* Whoever is the account at the far end can use the keys while the agent is there. */
static void agent_edges(struct place *l, const struct snap_ssh_client *c, const struct snap_private_key *k, uint32_t id)
{
	struct privilege *p = l->p;
	for (size_t h = 0; h < p->hosts.n; h++) {
		struct place *to = &p->places[h];
		if (to == l || !ssh_host_fits(to, c->host))
			continue;
		for (size_t i = 0; i < to->s->nauthorized_keys; i++) {
			const struct snap_authorized_key *open = &to->s->authorized_keys[i];
			long account = place_account(to, open->account);
			if (account != PRIV_NONE && slice_eq(open->fingerprint, k->fingerprint) && open->usable != SNAP_NO && forwards(to, open))
				edge_put(p, to->account[account], key_node(p, k->fingerprint, k->comment), id, "can use, while its agent is forwarded,", where_of(p, l->s, &c->at), SNAP_UNKNOWN);
		}
	}
}

/* An agent's socket on this host, while it lives. Which keys it holds is not known: one that opens the account and may forward an agent may have brought it. */
static void socket_edges(struct place *l, const struct snap_fact *f)
{
	struct privilege *p = l->p;
	long account = place_account(l, f->value);
	if (account == PRIV_NONE)
		return;
	uint32_t id = NO_RIGHT;
	for (size_t i = 0; i < l->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &l->s->authorized_keys[i];
		if (!slice_eq(k->account, f->value) || !k->fingerprint.n || k->authority == SNAP_YES || k->usable == SNAP_NO || !forwards(l, k))
			continue;
		if (id == NO_RIGHT) {
			struct right *r = right_put(p, l, RIGHT_AGENT, SNAP_K_fact, f);
			id = r->id;
			r->account = r->holder = f->value;
			r->text = say(p, "an agent listens on %.*s in %.*s for %.*s", SLFMT(l->s->host), SLFMT(f->at.file), SLFMT(f->value));
		}
		edge_put(p, l->account[account], key_node(p, k->fingerprint, k->comment), id, "can use, while its agent is there,", where_of(p, l->s, &f->at), SNAP_UNKNOWN);
	}
}

void rights_agents(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->nfacts; i++)
		if (slice_eqz(l->s->facts[i].name, "agent.socket"))
			socket_edges(l, &l->s->facts[i]);
	for (size_t i = 0; i < l->s->nssh_client; i++) {
		const struct snap_ssh_client *c = &l->s->ssh_client[i];
		if (!slice_ieq(c->name, SL("ForwardAgent")) || !slice_ieq(c->value, SL("yes")))
			continue;
		struct right *r = right_put(p, l, RIGHT_AGENT, SNAP_K_ssh_client, c);
		uint32_t id = r->id;
		r->account = r->holder = c->account.n ? c->account : SL("*");
		r->text = say(p, "%.*s on %.*s forwards the agent to %.*s", SLFMT(r->account), SLFMT(l->s->host), SLFMT(c->host));
		for (size_t k = 0; k < l->s->nprivate_keys; k++)
			if (l->s->private_keys[k].fingerprint.n && (!c->account.n || slice_eq(l->s->private_keys[k].account, c->account)))
				agent_edges(l, c, &l->s->private_keys[k], id);
	}
}
