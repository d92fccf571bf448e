/* sshd.c - sshd's settings, for everybody and for those accounts for which they are others.
 *
 * On the running machine sshd says them itself (sshd -T); where each stands, and what holds in a copied root, is told by our own reader. */
#include "snapshot/sshdconf.h"
#include "snapshot/sshdtable.h"

#include <stdlib.h>
#include <unistd.h>

enum { RUNS_MAX = 64, GROUPS_MAX = 512 };
#define CONFIG "/etc/ssh/sshd_config"

struct sshd_state {
	struct collector *c;
	struct sshd_conf conf;
	struct sshd_value **all;       /* what holds without a Match */
	struct slice printed;          /* sshd -T; "" when it was not run */
	size_t runs;
};

static void add_row(struct collector *c, struct slice account, const char *name, struct slice value, const struct sshd_line *from)
{
	struct snap_sshd *r = collect_row(c, SNAP_K_sshd);
	struct snap_at at = {SLICE_NONE, 0};
	if (from)
		at = collect_at(c, from->path, from->line);
	*r = (struct snap_sshd){.at = at, .account = account, .name = collect_textz(c, name), .value = collect_text(c, value)};
}

static bool same(const struct sshd_value *a, const struct sshd_value *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (!slice_eq(a->text, b->text))
			return false;
	return a == b;
}

static size_t find(const char *name)
{
	for (size_t i = 0; i < sshd_settings(); i++)
		if (strcmp(sshd_setting_name(i), name) == 0)
			return i;
	return 0; /* only names of the table are asked for */
}

/* ---- defaults that depend on others ------------------------------------------------------------------------------------------- */

static void put(struct collector *c, struct sshd_value **list, const struct sshd_line *from, const char *text)
{
	struct sshd_value *v = arena_alloc(&c->scratch, sizeof *v);
	*v = (struct sshd_value){.from = from, .text = slice_of(text)};
	while (*list)
		list = &(*list)->next;
	*list = v;
}

static void host_keys(struct collector *c, struct sshd_value **values)
{
	static const char *const usual[] = {"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key"};
	struct sshd_value **list = &values[find("hostkey")];
	if (*list)
		return;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		put(c, list, NULL, usual[i]);
}

/* "10.0.0.1" on every port, "[::1]:2222", "host". sshd takes the last one first. */
static void listen_addresses(struct collector *c, struct sshd_value **values)
{
	struct sshd_value **list = &values[find("listenaddress")], *given = *list;
	struct slice family = values[find("addressfamily")]->text;
	*list = NULL;
	for (const struct sshd_value *port = values[find("port")]; port; port = port->next) {
		for (const struct sshd_value *a = given; a; a = a->next) {
			ssize_t colon = slice_chr(a->text, ':');
			bool v6 = colon >= 0 && slice_rfind(a->text, SL(":")) != colon && a->text.p[0] != '[';
			bool ported = !v6 && (a->text.p[0] == '[' ? slice_has(a->text, SL("]:")) : colon >= 0);
			if (ported && port != values[find("port")])
				continue;
			put(c, list, a->from, collect_path(c, ported ? "%.*s" : v6 ? "[%.*s]:%.*s" : "%.*s:%.*s", SLFMT(a->text), SLFMT(port->text)));
		}
		if (!given && !slice_eqz(family, "inet"))
			put(c, list, port->from, collect_path(c, "[::]:%.*s", SLFMT(port->text)));
		if (!given && !slice_eqz(family, "inet6"))
			put(c, list, port->from, collect_path(c, "0.0.0.0:%.*s", SLFMT(port->text)));
	}
}

/* ---- who ------------------------------------------------------------------------------------------------------------------------- */

static size_t groups_of(const struct collector *c, const struct snap_account *a, struct slice v[static GROUPS_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < c->s->ngroups && n < GROUPS_MAX; i++) {
		const struct snap_group *g = &c->s->groups[i];
		bool in = g->gid == a->gid;
		for (size_t k = 0; k < g->members.n && !in; k++)
			in = slice_eq(g->members.v[k], a->name);
		if (in)
			v[n++] = g->name;
	}
	return n;
}

/* The lines of sshd -T with this name. */
static bool printed_same(struct slice a, struct slice b, const char *name)
{
	struct slice x, y;
	for (;;) {
		bool more_a = false, more_b = false;
		while (!more_a && next_line(&a, &x))
			more_a = slice_starts(x, slice_of(name)) && slice_starts(slice_from(x, strlen(name)), SL(" "));
		while (!more_b && next_line(&b, &y))
			more_b = slice_starts(y, slice_of(name)) && slice_starts(slice_from(y, strlen(name)), SL(" "));
		if (!more_a || !more_b)
			return more_a == more_b;
		if (!slice_eq(x, y))
			return false;
	}
}

/* What sshd printed, as rows; our reader knows where it stands. but: lines that are the same there are left out. */
static void add_printed(struct sshd_state *s, struct slice account, struct slice text, struct slice but, struct sshd_value *const *values)
{
	struct slice line, name, rest = text;
	while (next_line(&rest, &line)) {
		const struct sshd_line *from = NULL;
		if (!slice_cut(&line, ' ', &name))
			continue;
		const char *setting = collect_path(s->c, "%.*s", SLFMT(name));
		if (but.n && printed_same(text, but, setting))
			continue;
		for (size_t i = 0; i < sshd_settings(); i++)
			for (const struct sshd_value *v = strcmp(setting, sshd_setting_name(i)) ? NULL : values[i]; v; v = v->next)
				if (slice_eq(v->text, line))
					from = v->from;
		add_row(s->c, account, setting, line, from);
	}
}

static bool ask_sshd(struct sshd_state *s, const char *connection, struct buf *out)
{
	const char *const plain[] = {"/usr/sbin/sshd", "-T", NULL}, *const for_one[] = {"/usr/sbin/sshd", "-T", "-C", connection, NULL};
	return s->c->live && collect_run(s->c, connection ? for_one : plain, "sshd.test", 10, out) == 0;
}

static void add_values(struct sshd_state *s, struct slice account, struct sshd_value *const *values, bool differing)
{
	for (size_t i = 0; i < sshd_settings(); i++)
		if (!differing || !same(values[i], s->all[i]))
			for (const struct sshd_value *v = values[i]; v; v = v->next)
				add_row(s->c, account, sshd_setting_name(i), v->text, v->from);
}

/* A name that would be taken apart in -C user=NAME is left to our reader. */
static bool plain_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || strchr(",=\"'\\", s.p[i]))
			return false;
	return s.n > 0;
}

static void one_account(struct sshd_state *s, const struct snap_account *a, struct sshd_value **values)
{
	struct slice groups[GROUPS_MAX];
	struct buf out = {0};
	struct slice name = a->name; /* the rows of accounts stay where they are meanwhile */
	struct sshd_who who = {.user = name, .groups = groups, .ngroups = groups_of(s->c, a, groups)};
	bool other = false;
	sshd_conf_effective(s->c, &s->conf, &who, values);
	for (size_t i = 0; i < sshd_settings() && !other; i++)
		other = !same(values[i], s->all[i]) && strcmp(sshd_setting_name(i), "hostkey") && strcmp(sshd_setting_name(i), "listenaddress");
	if (!other)
		return;
	values[find("hostkey")] = s->all[find("hostkey")];
	values[find("listenaddress")] = s->all[find("listenaddress")];
	bool ask = s->printed.n && plain_name(name) && s->runs < RUNS_MAX;
	if (ask && ++s->runs && ask_sshd(s, collect_path(s->c, "user=%.*s,host=,addr=", SLFMT(name)), &out))
		add_printed(s, name, buf_slice(&out), s->printed, values);
	else
		add_values(s, name, values, true);
	buf_free(&out);
}

/* Files of keys that sshd looks at for some connections alone: they are read all the same. */
static void key_files(struct collector *c, const struct sshd_conf *conf, size_t from)
{
	for (size_t i = from; i < conf->lines.n && conf->lines.v[i].setting != SSHD_MATCH && conf->lines.v[i].setting != SSHD_END; i++) {
		const struct sshd_line *l = &conf->lines.v[i];
		if (l->setting != sshd_find("authorizedkeysfile"))
			continue;
		for (size_t k = 0; k < l->nargs; k++) {
			struct snap_sshd *x = collect_row(c, SNAP_K_sshd);
			*x = (struct snap_sshd){.at = collect_at(c, l->path, l->line), .name = SL("authorizedkeysfile.sometimes"), .value = collect_text(c, l->args[k])};
		}
	}
}

/* Blocks that ask where somebody comes from: what holds depends on that. */
static void name_blocks(struct sshd_state *s)
{
	static const char *const of_connection[] = {"host", "address", "localaddress", "localport", "rdomain"};
	for (size_t i = 0; i < s->conf.lines.n; i++) {
		const struct sshd_line *l = &s->conf.lines.v[i];
		bool asks = false;
		for (size_t k = 0; l->setting == SSHD_MATCH && k < l->nargs; k++)
			for (size_t m = 0; m < ARRAY_LEN(of_connection); m++)
				asks |= slice_istarts(l->args[k], slice_of(of_connection[m]));
		if (!asks)
			continue;
		collect_missing(s->c, "sshd.match", NULL, l->path, l->line, "settings that depend on the connection: Match %.*s", (int)MIN(l->text.n, (size_t)200), l->text.p);
		key_files(s->c, &s->conf, i + 1);
	}
}

int collect_sshd(struct collector *c)
{
	struct sshd_state s = {.c = c};
	struct stat st;
	struct buf out = {0};
	bool there = below_stat(c, "/usr/sbin/sshd", false, &st) == 0;
	if (!there && below_stat(c, CONFIG, true, &st))
		return 0;
	sshd_conf_read(c, CONFIG, &s.conf);
	s.all = arena_alloc(&c->scratch, sshd_settings() * sizeof *s.all);
	sshd_conf_effective(c, &s.conf, NULL, s.all);
	host_keys(c, s.all);
	listen_addresses(c, s.all);
	if (there && ask_sshd(&s, NULL, &out)) {
		s.printed = slice_dup(&c->scratch, buf_slice(&out));
		add_printed(&s, SLICE_NONE, s.printed, SLICE_NONE, s.all);
	} else {
		add_values(&s, SLICE_NONE, s.all, false);
	}
	struct sshd_value **values = arena_alloc(&c->scratch, sshd_settings() * sizeof *values);
	for (size_t i = 0; s.conf.matches && i < c->s->naccounts && !collect_late(c); i++)
		one_account(&s, &c->s->accounts[i], values);
	name_blocks(&s);
	sshd_conf_free(&s.conf);
	buf_free(&out);
	return 0;
}

struct slice sshd_setting(const struct collector *c, struct slice account, const char *name)
{
	struct slice found = SLICE_NONE;
	for (size_t i = 0; i < c->s->nsshd; i++) {
		const struct snap_sshd *r = &c->s->sshd[i];
		if (!slice_eqz(r->name, name))
			continue;
		if (account.n && slice_eq(r->account, account))
			return r->value;
		if (!r->account.n && !found.p)
			found = r->value;
	}
	return found;
}
