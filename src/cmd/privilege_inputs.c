/* privilege_inputs.c - snapshots, logs and grants that the verbs of postern privilege start from. */
#include "cmd/privilege_cmd.h"
#include "cmd/posture_kept.h"
#include "cmd/setup.h"
#include "gate/gate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { DAYS_DEFAULT = 90, FOLDER_FILES_MAX = 200000, KEPT_MAX = 12 };

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

static bool load_file(struct privilege_inputs *in, const char *path)
{
	struct err e;
	struct snapshot *s = snapshot_load(path, &e);
	if (s) {
		keep(in, s);
		return true;
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
	return false;
}

/* What a folder holds: snapshots (*.json), and folders of those, as DIR/snapshots/HOST/TIME.json. */
struct names { char **v; size_t n, cap; };

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* False: it cannot be read; errno. */
static bool list_folder(const char *path, struct names *files, struct names *folders)
{
	struct stat st;
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	for (const struct dirent *d; (d = readdir(dir)) && files->n + folders->n < FOLDER_FILES_MAX;) {
		if (d->d_name[0] == '.' || fstatat(dirfd(dir), d->d_name, &st, 0))
			continue;
		if (S_ISREG(st.st_mode) && slice_ends(slice_of(d->d_name), SL(".json")))
			*vec_push(files) = xstrndup(d->d_name, strlen(d->d_name));
		else if (S_ISDIR(st.st_mode))
			*vec_push(folders) = xstrndup(d->d_name, strlen(d->d_name));
	}
	closedir(dir);
	if (files->n)
		qsort(files->v, files->n, sizeof *files->v, by_name);
	if (folders->n)
		qsort(folders->v, folders->n, sizeof *folders->v, by_name);
	return true;
}

static void free_names(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i]);
	free(n->v);
}

/* "2026-11-26T183000Z.json" and the like, of one length: the last name is the newest. */
static bool named_by_time(const struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (strlen(n->v[i]) != strlen(n->v[0]) || n->v[i][0] < '1' || n->v[i][0] > '9' || !strchr(n->v[i], 'T'))
			return false;
	return true;
}

/* Of one host's folder only the newest that can be read; of any other all. How many were found; -1: the folder cannot be read; errno. */
static ssize_t load_folder(struct privilege_inputs *in, const char *path, bool inner)
{
	struct names files = {0}, folders = {0};
	char file[4096];
	if (!list_folder(path, &files, &folders))
		return -1;
	bool newest = inner && named_by_time(&files);
	ssize_t found = (ssize_t)files.n;
	for (size_t i = files.n; i > 0; i--)
		if ((size_t)snprintf(file, sizeof file, "%s/%s", path, files.v[i - 1]) < sizeof file && load_file(in, file) && newest)
			break;
	for (size_t i = 0; !inner && i < folders.n; i++) {
		bool fits = (size_t)snprintf(file, sizeof file, "%s/%s", path, folders.v[i]) < sizeof file;
		ssize_t more = fits ? load_folder(in, file, true) : -1;
		found += more > 0 ? more : 0;
	}
	free_names(&files);
	free_names(&folders);
	return found;
}

static int by_host(const void *a, const void *b)
{
	return slice_cmp((*(struct snapshot *const *)a)->host, (*(struct snapshot *const *)b)->host);
}

static void load_path(struct privilege_inputs *in, const char *path)
{
	struct stat st;
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		load_file(in, path);
		return;
	}
	ssize_t found = load_folder(in, path, false);
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
	struct names files = {0}, folders = {0};
	bool found = state_file(a, "snapshots", out, n) && list_folder(out, &files, &folders) && files.n + folders.n > 0;
	free_names(&files);
	free_names(&folders);
	return found;
}

static int load_snapshots(struct privilege_inputs *in, const struct args *a, const char *state)
{
	for (size_t i = 0; args_list(a, "snapshot", i); i++)
		load_path(in, args_list(a, "snapshot", i));
	if (!args_has(a, "snapshot") && state[0])
		load_folder(in, state, false);
	if (in->n) {
		qsort(in->v, in->n, sizeof *in->v, by_host);
		return 0;
	}
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
	char state[4096] = "", folder[4096], undo[4096];
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
		r = setup_confine_with(a, vault ? folder : NULL, args_get(a, "undo") ? folder_of(args_get(a, "undo"), undo, sizeof undo) : NULL);
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

bool privilege_keep(const struct privilege_inputs *in, const struct args *a, const char *kind, struct slice subject, struct slice json)
{
	return !args_has(a, "save") || posture_keep(a, kind, subject, in->now / NS_SEC, KEPT_MAX, json);
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
