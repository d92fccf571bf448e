/* privilege_inputs.c - snapshots, logs and grants that the verbs of postern privilege start from. */
#include "cmd/privilege_cmd.h"
#include "cmd/setup.h"
#include "gate/gate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { DAYS_DEFAULT = 90, FOLDER_FILES_MAX = 200000 };

uint32_t privilege_days(const struct args *a)
{
	uint64_t n = DAYS_DEFAULT;
	const char *text = args_get(a, "days");
	if (text)
		slice_u64(slice_of(text), UINT32_MAX, &n);
	return (uint32_t)n;
}

/* ---- snapshots --------------------------------------------------------------------------------------------------------- */

/* Takes s over. Of two of one host the later stays. */
static void keep(struct privilege_inputs *in, struct snapshot *s)
{
	for (size_t i = 0; i < in->n; i++) {
		if (!slice_ieq(in->v[i]->host, s->host))
			continue;
		struct snapshot *old = in->v[i];
		if (old->taken >= s->taken) {
			old = s;
			s = in->v[i];
		}
		in->v[i] = s;
		snapshot_free(old);
		return;
	}
	*vec_push(in) = s;
}

static void load_file(struct privilege_inputs *in, const char *path)
{
	struct err e;
	struct snapshot *s = snapshot_load(path, &e);
	if (s) {
		keep(in, s);
		return;
	}
	char text[1024];
	struct buf b = {0};
	err_format(&e, text, sizeof text);
	if (!strstr(text, path)) {
		buf_term(&b, slice_of(path));
		buf_addz(&b, ": ");
	}
	buf_term(&b, slice_of(text));
	complain("%.*s", SLFMT(buf_slice(&b)));
	buf_free(&b);
	in->missing = EXIT_INPUT;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Regular files named *.json; others of the folder are none of ours. */
static bool is_snapshot_name(int dir, const struct dirent *d)
{
	struct stat st;
	return d->d_name[0] != '.' && slice_ends(slice_of(d->d_name), SL(".json")) && !fstatat(dir, d->d_name, &st, 0) && S_ISREG(st.st_mode);
}

/* How many there were; -1: the folder cannot be read; errno. */
static ssize_t load_folder(struct privilege_inputs *in, const char *path)
{
	struct { char **v; size_t n, cap; } names = {0};
	char file[4096];
	DIR *dir = opendir(path);
	if (!dir)
		return -1;
	for (const struct dirent *d; (d = readdir(dir)) && names.n < FOLDER_FILES_MAX;)
		if (is_snapshot_name(dirfd(dir), d))
			*vec_push(&names) = xstrndup(d->d_name, strlen(d->d_name));
	closedir(dir);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n; i++) {
		if ((size_t)snprintf(file, sizeof file, "%s/%s", path, names.v[i]) < sizeof file)
			load_file(in, file);
		free(names.v[i]);
	}
	free(names.v);
	return (ssize_t)names.n;
}

static void load_path(struct privilege_inputs *in, const char *path)
{
	struct stat st;
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		load_file(in, path);
		return;
	}
	ssize_t found = load_folder(in, path);
	if (found > 0)
		return;
	complain("%s: %s", path, found ? strerror(errno) : "no snapshots (*.json) in this folder");
	in->missing = EXIT_INPUT;
}

/* ---- this machine ------------------------------------------------------------------------------------------------------ */

static void add_name(struct snap_list *l, size_t cap, struct slice name)
{
	if (name.n && l->n < cap)
		l->v[l->n++] = name;
}

/* Names and addresses of the organisation's hosts, to try hashed known_hosts with. */
static struct snap_list inventory(struct privilege_inputs *in)
{
	size_t n, cap = 0;
	char text[48];
	const struct org_host *h = org_hosts(in->setup->org, &n);
	for (size_t i = 0; i < n; i++)
		cap += 1 + h[i].naliases + h[i].naddresses;
	struct snap_list l = {arena_alloc(&in->mem, (cap + 1) * sizeof *l.v), 0};
	for (size_t i = 0; i < n; i++) {
		add_name(&l, cap, h[i].name);
		for (size_t k = 0; k < h[i].naliases; k++)
			add_name(&l, cap, h[i].aliases[k]);
		for (size_t k = 0; k < h[i].naddresses; k++)
			if (h[i].addresses[k].bits == 128)
				add_name(&l, cap, slice_dup(&in->mem, slice_of(ip_text(&h[i].addresses[k].net, text))));
	}
	return l;
}

static int collect_here(struct privilege_inputs *in)
{
	struct err e;
	struct snapshot *s = NULL;
	struct snap_collect c = {.root = "/", .host = in->setup->this_host[0] ? in->setup->this_host : NULL, .inventory = inventory(in)};
	progress_say("no snapshots given: looking at this machine");
	int r = snapshot_collect(&c, &s, &e);
	progress_clear();
	if (r) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	*vec_push(in) = s;
	return 0;
}

/* Whether DIR/snapshots of the state holds anything: without a snapshot in it this machine is looked at. */
static bool state_folder(const struct args *a, char *out, size_t n)
{
	DIR *dir = state_file(a, "snapshots", out, n) ? opendir(out) : NULL;
	bool found = false;
	for (const struct dirent *d; dir && !found && (d = readdir(dir));)
		found = is_snapshot_name(dirfd(dir), d);
	if (dir)
		closedir(dir);
	return found;
}

static int load_snapshots(struct privilege_inputs *in, const struct args *a, const char *state)
{
	for (size_t i = 0; args_list(a, "snapshot", i); i++)
		load_path(in, args_list(a, "snapshot", i));
	if (!args_has(a, "snapshot") && state[0])
		load_folder(in, state);
	if (in->n)
		return 0;
	complain(args_has(a, "snapshot") ? "no snapshot could be read" : "%s: no snapshot could be read", state);
	return EXIT_INPUT;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------- */

static nstime moment_of(const struct privilege_inputs *in, nstime clock)
{
	nstime newest = NSTIME_NONE;
	for (size_t i = 0; i < in->n; i++)
		if (in->v[i]->taken > 0 && in->v[i]->taken < INT64_MAX / NS_SEC)
			newest = MAX(newest, in->v[i]->taken * NS_SEC);
	if (in->usage)
		newest = MAX(newest, usage_last(in->usage));
	return newest == NSTIME_NONE ? clock : MIN(newest, clock);
}

/* --logs as operands: what reads logs takes them so. */
static void logs_as_operands(const struct args *a, struct args *out, const char **operands)
{
	*out = *a;
	out->operand = operands;
	out->noperands = 0;
	for (const char *p; out->noperands < ARGS_LIST_MAX && (p = args_list(a, "logs", out->noperands));)
		operands[out->noperands++] = p;
}

int privilege_inputs_open(struct privilege_inputs *in, const struct args *a)
{
	const char *operands[ARGS_LIST_MAX];
	char state[4096] = "", folder[4096];
	struct args logs;
	*in = (struct privilege_inputs){.setup = xcalloc(1, sizeof *in->setup)};
	arena_init(&in->mem);
	logs_as_operands(a, &logs, operands);
	int r = setup_begin(in->setup, &logs);
	if (r)
		return r;
	if (!state_file(a, "", folder, sizeof folder))
		return EXIT_USAGE;
	if (args_has(a, "snapshot") || !state_folder(a, state, sizeof state))
		state[0] = 0;
	struct stat st;
	bool vault = !stat(folder, &st) && S_ISDIR(st.st_mode);
	if (!args_has(a, "snapshot") && !state[0])
		r = collect_here(in); /* sshd and cvtsudoers are run for that */
	if (!r)
		r = setup_confine_with(a, vault ? folder : NULL, NULL);
	if (!r && !in->n)
		r = load_snapshots(in, a, state);
	if (!r)
		privilege_grants_read(in, a);
	if (!r && logs.noperands)
		r = privilege_logs_read(in, &logs);
	in->now = moment_of(in, in->setup->decode.now);
	return r;
}

void privilege_inputs_free(struct privilege_inputs *in)
{
	for (size_t i = 0; i < in->n; i++)
		snapshot_free(in->v[i]);
	free(in->v);
	usage_free(in->usage);
	if (in->policy) {
		gate_policy_free(in->policy);
		free(in->policy);
	}
	if (in->setup) {
		setup_free(in->setup);
		free(in->setup);
	}
	arena_free(&in->mem);
	*in = (struct privilege_inputs){0};
}

struct privilege *privilege_inputs_build(struct privilege_inputs *in, const struct args *a)
{
	struct err e;
	struct privilege_options opt = {.now = in->now, .days = privilege_days(a), .grants = in->grants, .ngrants = in->ngrants};
	struct privilege *p = privilege_new(in->setup->org);
	int r = 0;
	opt.costs = arena_alloc(&in->mem, ARGS_LIST_MAX * sizeof *opt.costs);
	for (const char *c; opt.ncosts < ARGS_LIST_MAX && (c = args_list(a, "cost", opt.ncosts));)
		opt.costs[opt.ncosts++] = slice_of(c);
	for (size_t i = 0; i < in->n && !r; i++)
		r = privilege_add(p, in->v[i], &e);
	if (!r)
		r = privilege_build(p, in->usage, &opt, &e);
	if (!r)
		return p;
	complain_err(&e);
	privilege_free(p);
	return NULL;
}
