/* known_hosts.c - whither accounts went before: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Hashed names are tried with those of the inventory. */
#include "snapshot/sshkey.h"
#include "snapshot/snapshot_private.h"

#include <stdlib.h>

enum { ROWS_MAX = 20000, BAD_MAX = 20, PORTS_MAX = 64, NAME_MAX_BYTES = 300, TRIES_MAX = 4000000 /* of one file; some seconds */ };

struct trying {
	struct collector *c;
	struct slice account;
	struct { struct slice *v; size_t n, cap; } names; /* of the inventory, and with ports that are in use: "[web1]:2222" */
	struct sshkey *key;
	struct buf blob;
	size_t rows, bad, tries;
};

static void add_name(struct trying *t, struct slice name, struct slice port)
{
	if (!name.n || name.n > NAME_MAX_BYTES)
		return;
	struct slice plain = slice_dup(&t->c->scratch, name);
	for (size_t i = 0; i < plain.n; i++) { /* ssh hashes them in lower case */
		char *p = (char *)(uintptr_t)&plain.p[i];
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
	}
	*vec_push(&t->names) = port.n ? slice_of(collect_path(t->c, "[%.*s]:%.*s", SLFMT(plain), SLFMT(port))) : plain;
}

/* The usual port and those that some ssh here is told to use, or sshd to listen on. */
static size_t ports(const struct collector *c, struct slice v[static PORTS_MAX])
{
	static const char *const often[] = {"2222", "2200", "22022"};
	size_t n = 0;
	for (; n < ARRAY_LEN(often); n++)
		v[n] = slice_of(often[n]);
	for (size_t i = 0; i < c->s->nssh_client + c->s->nsshd && n < PORTS_MAX; i++) {
		bool client = i < c->s->nssh_client;
		struct slice name = client ? c->s->ssh_client[i].name : c->s->sshd[i - c->s->nssh_client].name;
		struct slice port = client ? c->s->ssh_client[i].value : c->s->sshd[i - c->s->nssh_client].value;
		bool known = !slice_ieq(name, SL("port")) || slice_eqz(port, "22");
		for (size_t k = 0; k < n && !known; k++)
			known = slice_eq(v[k], port);
		if (!known)
			v[n++] = port;
	}
	return n;
}

static void make_names(struct trying *t)
{
	struct slice port[PORTS_MAX];
	size_t n = ports(t->c, port);
	const struct snapshot *s = t->c->s;
	const struct snap_list lists[] = {t->c->opt->inventory, s->names, s->addresses};
	add_name(t, s->host, SLICE_NONE);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t k = 0; k < lists[i].n; k++)
			add_name(t, lists[i].v[k], SLICE_NONE);
	for (size_t i = 0; i < s->nssh_client; i++)
		if (slice_eqz(s->ssh_client[i].name, "HostName") && slice_chr(s->ssh_client[i].value, '%') < 0)
			add_name(t, s->ssh_client[i].value, SLICE_NONE);
	size_t plain = t->names.n;
	for (size_t i = 0; i < plain; i++)
		for (size_t k = 0; k < n; k++)
			add_name(t, t->names.v[i], port[k]);
}

static void one_line(struct trying *t, const char *path, int64_t at, struct slice line)
{
	struct collector *c = t->c;
	struct slice rest = slice_trim(line), names, marker = SLICE_NONE, comment, found = SLICE_NONE;
	if (!rest.n || rest.p[0] == '#')
		return;
	if (rest.p[0] == '@')
		slice_word(&rest, &marker);
	const char *why = slice_word(&rest, &names) ? sshkey_line(rest, &t->blob, t->key, &comment) : "nothing behind the marker";
	if (why) {
		if (t->bad++ < BAD_MAX)
			collect_missing(c, "known_host", NULL, path, at, "a line that is no host key: %s", why);
		return;
	}
	if (t->rows++ >= ROWS_MAX) {
		if (t->rows == ROWS_MAX + 1)
			collect_missing(c, "known_host", NULL, path, 0, "more than %d host keys: not read from line %lld on", ROWS_MAX, (long long)at);
		return;
	}
	bool hashed = sshkey_is_hashed(names);
	for (size_t i = 0; hashed && i < t->names.n && !found.n && t->tries < TRIES_MAX; i++, t->tries++)
		if (sshkey_hashed_is(names, t->names.v[i]))
			found = t->names.v[i];
	struct snap_known_host *x = collect_row(c, SNAP_K_known_host);
	*x = (struct snap_known_host){.at = collect_at(c, path, at), .account = t->account, .names = collect_split(c, hashed ? found : names, ","), .hashed = hashed ? SNAP_YES : SNAP_NO,
		.resolved = !hashed || found.n ? SNAP_YES : SNAP_NO, .marker = collect_text(c, marker), .fingerprint = collect_textz(c, t->key->fingerprint)};
}

static void one_file(struct trying *t, const char *path)
{
	struct buf b = {0};
	struct slice line;
	int64_t at = 0;
	t->bad = t->rows = t->tries = 0;
	if (below_read(t->c, path, COLLECT_FILE_MAX, "known_host", t->account.n ? collect_path(t->c, "%.*s", SLFMT(t->account)) : NULL, &b, NULL, NULL)) {
		struct slice text = buf_slice(&b);
		while (next_line(&text, &line) && !collect_late(t->c))
			one_line(t, path, ++at, line);
		if (t->tries >= TRIES_MAX)
			collect_missing(t->c, "known_host", NULL, path, 0, "not all hashed names were tried: too many of them");
		if (t->bad > BAD_MAX)
			collect_missing(t->c, "known_host", NULL, path, 0, "and %zu more lines that are no host keys", t->bad - BAD_MAX);
	}
	buf_free(&b);
}

int collect_known_hosts(struct collector *c)
{
	static const char *const of_machine[] = {"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}, *const of_account[] = {".ssh/known_hosts", ".ssh/known_hosts2"};
	struct trying t = {.c = c, .key = xcalloc(1, sizeof *t.key)};
	struct strtab *homes = strtab_new();
	t.account = SLICE_NONE;
	make_names(&t);
	for (size_t i = 0; i < ARRAY_LEN(of_machine); i++)
		one_file(&t, of_machine[i]);
	for (size_t i = 0; i < c->s->naccounts && !collect_late(c); i++) {
		const struct snap_account *a = &c->s->accounts[i];
		uint32_t known = strtab_count(homes);
		if (!a->home.n || a->home.p[0] != '/' || strtab_put(homes, a->home) < known)
			continue;
		t.account = a->name;
		for (size_t k = 0; k < ARRAY_LEN(of_account); k++)
			one_file(&t, collect_path(c, "%.*s/%s", SLFMT(a->home), of_account[k]));
	}
	strtab_free(homes);
	free(t.key);
	free(t.names.v);
	buf_free(&t.blob);
	return 0;
}
