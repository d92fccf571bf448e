/* cmd_person.c - postern person: people of providers, and their keys. */
#include "cmd/gates.h"
#include "cmd/ruleset.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option options[] = {
	GATES_OPTIONS,
	{"provider", 'p', OPT_TEXT, "ID", "add: whose person it is; list: only its people"},
	{"name", 0, OPT_TEXT, "TEXT", "add: the person's name"},
	{"account", 'A', OPT_LIST, "NAME", "add: a Unix account that is this person (may be given several times):\nit approves nothing"},
	{"key", 'k', OPT_LIST, "FILE", "add: public key, a .pub or authorized_keys file (several times)"},
	{"reason", 'r', OPT_TEXT, "TEXT", "suspend, resume: why; it is kept"},
	{0},
};

/* Each line of a file that holds a key; or the operand is a key itself. */
static int each_key(struct gates *g, const char *operand, int (*fn)(struct gates *g, struct slice line, void *arg), void *arg)
{
	struct buf text = {0};
	struct slice rest = slice_of(operand), line;
	int rc = 0, keys = 0;
	if (!slice_has(rest, SL(" AAAA"))) {
		if (!read_text(operand, &text))
			return EXIT_INPUT;
		rest = buf_slice(&text);
	}
	for (bool more = true; more && !rc;) {
		more = slice_cut(&rest, '\n', &line);
		line = slice_trim(more ? line : rest);
		if (!line.n || line.p[0] == '#')
			continue;
		keys++;
		rc = fn(g, line, arg);
	}
	if (!rc && !keys) {
		complain("%s: there is no key in it", operand);
		rc = EXIT_USAGE;
	}
	buf_free(&text);
	return rc;
}

struct keys {
	struct gate_key *v;
	size_t n, cap;
	struct slice person;
};

static int collect(struct gates *g, struct slice line, void *arg)
{
	struct keys *k = arg;
	struct err e;
	return gate_key_parse(line, &g->mem, vec_push(k), &e) ? gates_failed(&e) : 0;
}

static int add(struct gates *g, const struct args *a)
{
	struct gate_person p = {.id = slice_of(a->operand[1]), .name = gates_text(a, "name"), .provider = gates_text(a, "provider")};
	struct keys keys = {0};
	const char *file;
	struct err e;
	int rc = 0;
	p.name = p.name.n ? p.name : p.id;
	p.accounts = gates_list(g, "account", &p.naccounts);
	for (size_t i = 0; !rc && (file = args_list(a, "key", i)); i++)
		rc = each_key(g, file, collect, &keys);
	p.keys = keys.v;
	p.nkeys = keys.n;
	if (!rc && gate_person_add(&g->gate, &p, &e))
		rc = gates_failed(&e);
	free(keys.v);
	return rc ? rc : gates_done(g, "Person %s is known now, with %zu keys. 'postern grant request' asks for access.\n", a->operand[1], p.nkeys);
}

static int add_one(struct gates *g, struct slice line, void *arg)
{
	struct err e;
	return gate_person_key(&g->gate, slice_of(arg), line, false, &e) ? gates_failed(&e) : 0;
}

static int key(struct gates *g, const struct args *a)
{
	struct err e;
	char *person = xstrndup(a->operand[1], strlen(a->operand[1]));
	bool removes = strcmp(a->operand[2], "remove") == 0;
	int rc = 0;
	if (!removes && strcmp(a->operand[2], "add") != 0) {
		complain("usage: postern person key ID add FILE | remove FINGERPRINT");
		rc = EXIT_USAGE;
	} else if (removes) {
		rc = gate_person_key(&g->gate, slice_of(person), slice_of(a->operand[3]), true, &e) ? gates_failed(&e) : 0;
	} else {
		rc = each_key(g, a->operand[3], add_one, person);
	}
	free(person);
	return rc ? rc : gates_done(g, "The keys of %s are changed.\n", a->operand[1]);
}

static void tell_person(const struct gates *g, const struct gate_person *x, bool whole, struct buf *b)
{
	if (g->json) {
		buf_addz(b, "{\"id\":");
		buf_json(b, x->id);
		gates_json(b, "name", x->name);
		gates_json(b, "provider", x->provider);
		gates_json(b, "state", slice_of(x->state ? "suspended" : "active"));
		gates_json(b, "reason", x->reason);
		buf_addz(b, ",\"accounts\":[");
		for (size_t i = 0; i < x->naccounts; i++) {
			buf_addz(b, i ? "," : "");
			buf_json(b, x->accounts[i]);
		}
		buf_addz(b, "],\"keys\":[");
		for (size_t i = 0; i < x->nkeys; i++) {
			buf_addf(b, "%s{\"fingerprint\":", i ? "," : "");
			buf_json(b, x->keys[i].fingerprint);
			gates_json(b, "type", x->keys[i].type);
			gates_json(b, "comment", x->keys[i].comment);
			buf_addf(b, ",\"hardware\":%s}", x->keys[i].hardware ? "true" : "false");
		}
		buf_addz(b, "]}\n");
		return;
	}
	buf_addf(b, "%-20.*s %-9s %-20.*s %2zu keys  ", SLFMT(x->id), x->state ? "SUSPENDED" : "active", SLFMT(x->provider), x->nkeys);
	buf_term(b, x->name);
	if (x->state) {
		buf_addz(b, ": ");
		buf_term(b, x->reason);
	}
	buf_addc(b, '\n');
	for (size_t i = 0; whole && i < x->naccounts; i++)
		buf_addf(b, "  account %.*s\n", SLFMT(x->accounts[i]));
	for (size_t i = 0; whole && i < x->nkeys; i++) {
		buf_addf(b, "  key %.*s %.*s%s ", SLFMT(x->keys[i].fingerprint), SLFMT(x->keys[i].type), x->keys[i].hardware ? " (hardware)" : "");
		buf_term(b, x->keys[i].comment);
		buf_addc(b, '\n');
	}
}

static int tell(struct gates *g, const char *id)
{
	struct gate_policy p;
	struct err e;
	struct buf out = {0};
	struct slice provider = gates_text(g->a, "provider");
	bool found = false;
	int rc = gate_policy_load(g->gate.vault, &p, &e) ? gates_failed(&e) : 0;
	for (size_t i = 0; !rc && i < p.npersons; i++) {
		if ((id && !slice_eqz(p.persons[i].id, id)) || (provider.n && !slice_eq(provider, p.persons[i].provider)))
			continue;
		tell_person(g, &p.persons[i], id != NULL, &out);
		found = true;
	}
	if (!rc && id && !found) {
		complain("there is no person %s", id);
		rc = EXIT_USAGE;
	}
	if (!rc && !write_out(NULL, buf_slice(&out)))
		rc = EXIT_INPUT;
	gate_policy_free(&p);
	buf_free(&out);
	return rc;
}

static int list(struct gates *g, const struct args *a)
{
	(void)a;
	return tell(g, NULL);
}

static int show(struct gates *g, const struct args *a)
{
	return tell(g, a->operand[1]);
}

static int set(struct gates *g, const struct args *a, bool resume)
{
	struct err e;
	if (gate_person_suspend(&g->gate, slice_of(a->operand[1]), gates_text(a, "reason"), resume, &e))
		return gates_failed(&e);
	return gates_done(g, "Person %s is %s.\n", a->operand[1], resume ? "not suspended any more" : "suspended: keys do not open, sessions end");
}

static int suspend(struct gates *g, const struct args *a)
{
	return set(g, a, false);
}

static int resume(struct gates *g, const struct args *a)
{
	return set(g, a, true);
}

static const struct gates_verb verbs[] = {
	{"add", "ID --provider ID --name TEXT [--key FILE] [--account NAME]", 1, 1, VAULT_WRITE, add, true}, {"key", "ID add FILE | remove FINGERPRINT", 3, 3, VAULT_WRITE, key, true},
	{"list", "", 0, 0, VAULT_READ, list}, {"show", "ID", 1, 1, VAULT_READ, show}, {"suspend", "ID --reason TEXT", 1, 1, VAULT_WRITE, suspend},
	{"resume", "ID", 1, 1, VAULT_WRITE, resume, true},
};

static int run(const struct args *a)
{
	return gates_run(a, verbs, ARRAY_LEN(verbs));
}

const struct command command_person = {
	.name = "person",
	.summary = "the gate: people of providers and their SSH keys",
	.usage = "person [OPTION...] add ID | key ID add FILE | key ID remove FINGERPRINT | list | show ID | suspend ID | resume ID",
	.description = "add ID            a person of a provider (--provider), with public keys\n"
		       "key ID add FILE   more keys: a .pub or authorized_keys file, - for standard input, or the key itself in quotes;\n"
		       "                  a key is one person's. key ID remove FINGERPRINT takes one away, also from open sessions' logins\n"
		       "list              all of them, or a provider's\n"
		       "show ID           one, with keys and accounts\n"
		       "suspend ID        the keys do not open and sessions end, at once (--reason)\n"
		       "resume ID         not suspended any more; not by a provider's people\n\n"
		       "Options of a key line are not taken over: the gate gives its own. Private keys, DSA and short RSA keys are refused.",
	.options = options,
	.examples = "  postern person add jansen --provider hafenlicht --name \"P. Jansen\" --key jansen.pub\n"
		    "  postern person key jansen add \"sk-ssh-ed25519@openssh.com AAAA... jansen\"\n",
	.run = run,
};
