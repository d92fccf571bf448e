/* cmd_provider.c - postern provider: who sends people through the gate. */
#include "cmd/gates.h"
#include "cmd/setup.h"

#include <stdio.h>

static const struct option options[] = {
	GATES_OPTIONS,
	{"name", 0, OPT_TEXT, "TEXT", "add: its name"},
	{"until", 'u', OPT_TEXT, "TIME", "add: end of the contract (2027-06-30, or 90d): nothing opens after it"},
	{"zone", 0, OPT_TEXT, "ZONE", "zone of times given without one (default: timezone of postern.yaml,\nelse UTC)"},
	{"reason", 'r', OPT_TEXT, "TEXT", "suspend, resume: why; it is told to who asks, and kept"},
	{"org", 'o', OPT_TEXT, "FILE", "import: organisation file (default: org.yaml in $POSTERN_CONFIG,\nthen /etc/postern)"},
	{0},
};

static int add(struct gates *g, const struct args *a)
{
	struct gate_provider p = {.id = slice_of(a->operand[1]), .name = gates_text(a, "name"), .until = NSTIME_NONE};
	const char *until = args_get(a, "until");
	struct err e;
	p.name = p.name.n ? p.name : p.id;
	if (until && !gates_time(g, until, true, &p.until)) {
		complain("--until: \"%s\" is no time (2027-06-30) and no span (90d)", until);
		return EXIT_USAGE;
	}
	if (gate_provider_add(&g->gate, &p, &e))
		return gates_failed(&e);
	return gates_done(g, "Provider %s is known now. 'postern person add' adds its people.\n", a->operand[1]);
}

static size_t people_of(const struct gate_policy *p, struct slice provider)
{
	size_t n = 0;
	for (size_t i = 0; i < p->npersons; i++)
		n += slice_eq(p->persons[i].provider, provider);
	return n;
}

static void tell_provider(const struct gates *g, const struct gate_policy *p, const struct gate_provider *x, struct buf *b)
{
	char day[40];
	if (g->json) {
		size_t start = b->n;
		buf_addf(b, "%s{\"id\":", start ? "" : "");
		buf_json(b, x->id);
		gates_json(b, "name", x->name);
		gates_json(b, "state", slice_of(x->state ? "suspended" : "active"));
		gates_json(b, "reason", x->reason);
		gates_json_time(b, "until", x->until);
		buf_addf(b, ",\"persons\":%zu}\n", people_of(p, x->id));
		return;
	}
	buf_addf(b, "%-20.*s %-9s %3zu people  ", SLFMT(x->id), x->state ? "SUSPENDED" : "active", people_of(p, x->id));
	buf_term(b, x->name);
	if (x->until != NSTIME_NONE)
		buf_addf(b, ", until %.16s UTC", time_plain(x->until, day));
	if (x->state) {
		buf_addz(b, ": ");
		buf_term(b, x->reason);
	}
	buf_addc(b, '\n');
}

static int tell(struct gates *g, const char *id)
{
	struct gate_policy p;
	struct err e;
	struct buf out = {0};
	bool found = false;
	int rc = gate_policy_load(g->gate.vault, &p, &e) ? gates_failed(&e) : 0;
	for (size_t i = 0; !rc && i < p.nproviders; i++) {
		if (id && !slice_eqz(p.providers[i].id, id))
			continue;
		tell_provider(g, &p, &p.providers[i], &out);
		found = true;
		for (size_t k = 0; id && !g->json && k < p.npersons; k++)
			if (slice_eqz(p.persons[k].provider, id)) {
				buf_addf(&out, "  %-20.*s %-9s %zu keys  ", SLFMT(p.persons[k].id), p.persons[k].state ? "SUSPENDED" : "active", p.persons[k].nkeys);
				buf_term(&out, p.persons[k].name);
				buf_addc(&out, '\n');
			}
	}
	if (!rc && id && !found) {
		complain("there is no provider %s", id);
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

static int suspend(struct gates *g, const struct args *a)
{
	struct err e;
	if (gate_provider_suspend(&g->gate, slice_of(a->operand[1]), gates_text(a, "reason"), &e))
		return gates_failed(&e);
	return gates_done(g, "Provider %s is suspended: its keys do not open, its sessions end.\n", a->operand[1]);
}

static int resume(struct gates *g, const struct args *a)
{
	struct err e;
	if (gate_provider_resume(&g->gate, slice_of(a->operand[1]), gates_text(a, "reason"), &e))
		return gates_failed(&e);
	return gates_done(g, "Provider %s is not suspended any more: its grants hold again.\n", a->operand[1]);
}

/* "P. Jansen" is "p-jansen"; an account's name is better. */
static struct slice person_id(struct gates *g, const struct org_person *x)
{
	struct slice from = x->naccounts ? x->accounts[0] : x->name;
	struct buf b = {0};
	for (size_t i = 0; i < from.n && b.n < 60; i++) {
		char c = from.p[i];
		c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_addc(&b, c);
		else if (b.n && b.p[b.n - 1] != '-')
			buf_addc(&b, '-');
	}
	struct slice id = slice_dup(&g->mem, buf_slice(&b));
	buf_free(&b);
	return id;
}

static int import_one(struct gates *g, const struct org_provider *p, size_t *made, struct err *e)
{
	int rc = gate_provider_add(&g->gate, &(struct gate_provider){.id = p->id, .name = p->name.n ? p->name : p->id, .until = NSTIME_NONE}, e);
	*made += rc == 0;
	for (size_t i = 0; (!rc || rc == ERR_DUP) && i < p->npersons; i++) {
		const struct org_person *x = &p->persons[i];
		struct gate_person who = {.id = person_id(g, x), .name = x->name.n ? x->name : x->accounts[0], .provider = p->id, .accounts = x->accounts, .naccounts = x->naccounts};
		rc = gate_person_add(&g->gate, &who, e);
		*made += rc == 0;
		if (!rc && x->nkeys)
			printf("%.*s: keys have to be added with 'postern person key': org.yaml has their fingerprints only\n", SLFMT(who.id));
	}
	return rc == ERR_DUP ? 0 : rc;
}

static int import(struct gates *g, const struct args *a)
{
	struct setup s = {0};
	struct err e;
	size_t n, made = 0;
	int rc = setup_org(&s, a);
	const struct org_provider *p = rc ? NULL : org_providers(s.org, &n);
	for (size_t i = 0; !rc && i < n; i++)
		if (import_one(g, &p[i], &made, &e))
			rc = gates_failed(&e);
	org_free(s.org);
	return rc ? rc : gates_done(g, "%zu providers and persons of %s were added; those that were there stay as they are.\n", made, s.org_path[0] ? s.org_path : "no organisation file");
}

static const struct gates_verb verbs[] = {
	{"add", "ID --name TEXT [--until TIME]", 1, 1, VAULT_CREATE, add, true}, {"list", "", 0, 0, VAULT_READ, list}, {"show", "ID", 1, 1, VAULT_READ, show},
	{"suspend", "ID --reason TEXT", 1, 1, VAULT_WRITE, suspend}, {"resume", "ID", 1, 1, VAULT_WRITE, resume, true}, {"import", "[--org FILE]", 0, 0, VAULT_CREATE, import, true},
};

static int run(const struct args *a)
{
	return gates_run(a, verbs, ARRAY_LEN(verbs));
}

const struct command command_provider = {
	.name = "provider",
	.summary = "the gate: providers, whose people come from outside",
	.usage = "provider [OPTION...] add ID | list | show ID | suspend ID | resume ID | import",
	.description = "add ID            a provider; its people are added with 'postern person add'\n"
		       "list              all of them\n"
		       "show ID           one, with its people\n"
		       "suspend ID        its keys do not open and its sessions end, at once (--reason); an incident can do that, too\n"
		       "resume ID         its grants hold again; not by its own people\n"
		       "import            providers and persons of org.yaml\n\n"
		       "Whatever is changed stands in the audit log, with who did it: who logged in, as the kernel knows it, else sudo's caller.",
	.options = options,
	.examples = "  postern provider add hafenlicht --name \"Hafenlicht IT GmbH\" --until 2027-12-31\n"
		    "  postern provider suspend hafenlicht --reason \"incident 20261124T0218\"\n",
	.run = run,
};
