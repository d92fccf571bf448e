/* cmd_response.c - postern response: what was done about incidents, or would have been; carrying out and taking back by hand. */
#include "cmd/ruleset.h"
#include "cmd/gates.h"
#include "chain/chain.h"
#include "cmd/setup.h"
#include "org/org.h"
#include "respond/respond.h"
#include "store/store.h"
#include "sys/sys.h"
#include "yaml/yaml.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { CONFIG_NODES = 100000, PREFIX_LEAST = 4 };

static const struct option options[] = {
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state (default $POSTERN_STATE, then /var/lib/postern)"},
	{"config", 'c', OPT_TEXT, "FILE", "configuration, for what is never touched (default /etc/postern/postern.yaml)"},
	{"org", 'o', OPT_TEXT, "FILE", "organisation file (default: the configuration's, then /etc/postern/org.yaml)"},
	{"incident", 'i', OPT_TEXT, "ID", "list: only the responses to this incident"},
	{"format", 'f', OPT_CHOICE, "text|json", "how to print (default text)"},
	{0},
};

struct work {
	const struct args *a;
	bool json;
	struct arena mem;
	struct buf config_text, out;
	struct respond_config config;
	struct org *org;
	struct store *store;
	struct chain *audit;
	const char *prefix;      /* of an id that was given */
	char id[40];
	unsigned matches;
	size_t listed;
};

/* ---- printing ------------------------------------------------------------------------------------------------------------ */

static void add_time(struct buf *b, const char *name, nstime t)
{
	char text[40];
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":\"%s\"", name, time_rfc3339(t, text));
}

static void add_text(struct buf *b, const char *name, struct slice text)
{
	buf_addf(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", name);
	buf_json(b, text);
}

static void print_json(struct buf *b, const struct store_action *a)
{
	buf_addc(b, '{');
	add_text(b, "id", slice_of(a->id));
	add_text(b, "incident", slice_of(a->incident));
	add_text(b, "response", a->kind);
	add_text(b, "target", a->target);
	add_text(b, "state", slice_of(action_state_name(a->state)));
	buf_addf(b, ",\"dry_run\":%s,\"attempts\":%u", a->dry_run ? "true" : "false", (unsigned)a->attempts);
	add_time(b, "created", a->created);
	add_time(b, "until", a->until);
	add_time(b, "done", a->done);
	add_text(b, "result", a->result);
	buf_addz(b, "}\n");
}

static void print_text(struct buf *b, const struct store_action *a)
{
	char text[40];
	buf_addf(b, "%-16s  %-8s  ", a->id, action_state_name(a->state));
	buf_term(b, a->kind);
	buf_addc(b, ' ');
	buf_term(b, a->target);
	buf_addf(b, "  (incident %s, %s UTC)\n", a->incident, time_plain(a->created, text));
	if (a->result.n) {
		buf_addz(b, "    ");
		buf_term(b, a->result);
		buf_addc(b, '\n');
	}
}

static int list_one(void *arg, const struct store_action *a)
{
	struct work *s = arg;
	s->listed++;
	(s->json ? print_json : print_text)(&s->out, a);
	return 0;
}

/* ---- what a command works with --------------------------------------------------------------------------------------------- */

/* The file as a tree in s->mem; *root NULL when there is none and none was named. */
static int read_config(struct work *s, const char **path, struct node **root)
{
	static const char usual[] = "/etc/postern/postern.yaml";
	struct err e;
	char own[4096];
	const char *dir = getenv("POSTERN_CONFIG");
	snprintf(own, sizeof own, "%s/postern.yaml", dir ? dir : "");
	*root = NULL;
	*path = args_get(s->a, "config");
	if (!*path && access(dir && *dir ? own : usual, F_OK))
		return 0;
	if (!*path)
		*path = slice_dup(&s->mem, slice_of(dir && *dir ? own : usual)).p;
	if (!read_text(*path, &s->config_text))
		return EXIT_USAGE;
	struct yaml_options o = {.max_bytes = LIMIT_CONFIG_BYTES, .max_nodes = CONFIG_NODES};
	if (!yaml_read(buf_slice(&s->config_text), *path, &o, &s->mem, root, &e))
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

static int load_org(struct work *s, const struct node *root)
{
	struct err e;
	const struct node *n = yaml_get(root, "org");
	const char *path = args_get(s->a, "org");
	if (!path && n && n->kind == NODE_SCALAR)
		path = slice_dup(&s->mem, n->text).p;
	if (!path && access("/etc/postern/org.yaml", R_OK) == 0)
		path = "/etc/postern/org.yaml";
	s->org = path ? org_load(path, &e) : org_new();
	s->config.org = s->org;
	if (s->org)
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

static int load_config(struct work *s)
{
	struct err e;
	const char *path = "";
	struct node *root;
	int rc = read_config(s, &path, &root);
	if (rc)
		return rc;
	if (respond_config_read(root ? yaml_get(root, "respond") : NULL, path, &s->mem, &s->config, &e)) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	s->config.by_hand = true;
	return load_org(s, root);
}

static int match_id(void *arg, const struct store_action *a)
{
	struct work *s = arg;
	if (!slice_starts(slice_of(a->id), slice_of(s->prefix)))
		return 0;
	s->matches++;
	snprintf(s->id, sizeof s->id, "%s", a->id);
	return 0;
}

static int find_action(struct work *s, const char *what, struct store_action *out)
{
	struct err e;
	if (s->a->noperands != 2 || strlen(s->a->operand[1]) < PREFIX_LEAST) {
		complain("response %s: name one response by its id, or the first digits of it", what);
		return EXIT_USAGE;
	}
	s->prefix = s->a->operand[1];
	if (store_actions(s->store, -1, NULL, match_id, s, &e) || (s->matches == 1 && store_action_get(s->store, s->id, &s->mem, out, &e))) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	if (s->matches != 1)
		complain("response %s: %s %s", what, s->matches ? "more than one response begins with" : "there is no response", s->prefix);
	return s->matches == 1 ? 0 : EXIT_USAGE;
}

/* The login, not what sudo made of it: the kernel keeps it (loginuid). */
static struct slice who_decided(struct work *s)
{
	struct buf b = {0};
	uint64_t uid = geteuid();
	FILE *f = fopen("/proc/self/loginuid", "re");
	char room[32];
	size_t n = f ? fread(room, 1, sizeof room, f) : 0;
	if (f)
		fclose(f);
	uint64_t login;
	if (slice_u64(slice_trim(slice_make(room, n)), UINT32_MAX - 1, &login))
		uid = login;
	const struct passwd *pw = getpwuid((uid_t)uid);
	buf_addf(&b, "%s by postern response", pw ? pw->pw_name : "somebody");
	struct slice who = slice_dup(&s->mem, buf_slice(&b));
	buf_free(&b);
	return who;
}

static void to_syslog(void *arg, const char *text)
{
	(void)arg;
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "postern: %s", text);
}

/* ---- the commands ---------------------------------------------------------------------------------------------------------- */

static int confine(struct work *s, const char *folder)
{
	const char *const writable[] = {folder, "/dev/null", NULL};
	struct sys_confine c = {.writable = writable};
	struct err e;
	bool landlock;
	(void)s;
	if (!sys_confine(&c, &landlock, &e))
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

static int list(struct work *s)
{
	struct err e;
	if (s->a->noperands > 1) {
		complain("response list takes no more: --incident ID lists those of one incident");
		return EXIT_USAGE;
	}
	if (store_actions(s->store, -1, args_get(s->a, "incident"), list_one, s, &e)) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	if (!s->listed && !s->json)
		buf_addz(&s->out, "No responses.\n");
	return EXIT_DONE;
}

static int show(struct work *s)
{
	struct store_action a;
	char text[40];
	enum response kind;
	int rc = find_action(s, "show", &a);
	if (rc)
		return rc;
	list_one(s, &a);
	if (s->json)
		return EXIT_DONE;
	if (response_by_name(a.kind, &kind))
		buf_addf(&s->out, "    %s: %s\n", response_name(kind), response_text(kind));
	if (a.until != NSTIME_NONE)
		buf_addf(&s->out, "    until %s UTC\n", time_plain(a.until, text));
	if (a.done != NSTIME_NONE)
		buf_addf(&s->out, "    last changed %s UTC, %u attempt%s\n", time_plain(a.done, text), (unsigned)a.attempts, a.attempts == 1 ? "" : "s");
	if (a.state == ACTION_DRY || a.state == ACTION_REFUSED || a.state == ACTION_FAILED)
		buf_addf(&s->out, "    To do it: postern response run %s\n", a.id);
	if (a.state == ACTION_DONE || a.state == ACTION_UNDOING)
		buf_addf(&s->out, "    To take it back: postern response undo %s\n", a.id);
	return EXIT_DONE;
}

/* Noted as begun before anything is done, in a transaction of its own: watch may write to the file too. */
static int begin(struct work *s, struct store_action *a, enum action_state state, struct err *e)
{
	int rc = store_begin(s->store, e);
	if (!rc)
		rc = store_action_get(s->store, a->id, &s->mem, a, e);
	a->state = state;
	if (state == ACTION_BEGUN) {
		a->dry_run = false;
		a->attempts++;
	}
	if (!rc)
		rc = store_action_set(s->store, a, e);
	if (!rc)
		return store_commit(s->store, e);
	store_rollback(s->store);
	return rc;
}

static int carry_out(struct work *s, bool undo)
{
	struct store_action a;
	struct err e;
	int rc = find_action(s, undo ? "undo" : "run", &a);
	if (rc)
		return rc;
	bool begun = a.state == ACTION_BEGUN || a.state == ACTION_DONE || a.state == ACTION_FAILED || a.state == ACTION_UNDOING;
	if (undo ? a.dry_run || !begun : a.state == ACTION_DONE) {
		complain(undo ? "response %s is %s: there is nothing to undo" : "response %s is %s already", a.id, action_state_name(a.state));
		return EXIT_CONDITION;
	}
	struct gate_responder r;
	struct respond_gate gate;
	char who[64], folder[4096];
	if (!state_file(s->a, "", folder, sizeof folder) || !gate_responder(&r, folder, who, &gate) || !gates_actor(who, sizeof who))
		return EXIT_USAGE;
	rc = begin(s, &a, undo ? ACTION_UNDOING : ACTION_BEGUN, &e);
	if (!rc)
		rc = undo ? respond_undo(&s->config, &gate, s->audit, who_decided(s), &a, &s->mem, &e)
			  : respond_run(&s->config, &gate, s->audit, who_decided(s), &a, &s->mem, &e);
	if (!rc)
		rc = store_action_set(s->store, &a, &e);
	if (rc) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	list_one(s, &a);
	return a.state == (undo ? ACTION_UNDONE : ACTION_DONE) ? EXIT_DONE : EXIT_CONDITION;
}

static int run_it(struct work *s) { return carry_out(s, false); }
static int undo_it(struct work *s) { return carry_out(s, true); }

static const struct verb {
	const char *name;
	int (*fn)(struct work *s);
	bool acts;
} verbs[] = {{"list", list, false}, {"show", show, false}, {"run", run_it, true}, {"undo", undo_it, true}};

static int prepare(struct work *s, const struct verb *v)
{
	struct err e;
	char folder[4096], db[4096], log[4096];
	if (!state_file(s->a, "", folder, sizeof folder) || !state_file(s->a, "postern.db", db, sizeof db) || !state_file(s->a, "audit.log", log, sizeof log))
		return EXIT_USAGE;
	if (v->acts && geteuid() != 0) {
		complain("response %s changes this machine: only root may do that", v->name);
		return EXIT_USAGE;
	}
	int rc = v->acts ? load_config(s) : confine(s, folder);
	if (rc)
		return rc;
	s->store = store_open(db, v->acts ? STORE_WRITE : STORE_READ, &e);
	if (s->store && v->acts)
		s->audit = chain_open(log, to_syslog, NULL, &e);
	if (s->store && (s->audit || !v->acts))
		return 0;
	complain_err(&e);
	return EXIT_INPUT;
}

static int run(const struct args *a)
{
	const char *format = args_get(a, "format");
	struct work s = {.a = a, .json = format && strcmp(format, "json") == 0};
	const struct verb *v = NULL;
	for (size_t i = 0; a->noperands && i < ARRAY_LEN(verbs); i++)
		if (strcmp(a->operand[0], verbs[i].name) == 0)
			v = &verbs[i];
	if (!v) {
		complain("response: say what to do: list, show, run or undo\nTry 'postern response --help'.");
		return EXIT_USAGE;
	}
	arena_init(&s.mem);
	int rc = prepare(&s, v);
	if (!rc)
		rc = v->fn(&s);
	if (s.out.n && !write_out(NULL, buf_slice(&s.out)))
		rc = EXIT_INPUT;
	chain_close(s.audit);
	store_close(s.store);
	org_free(s.org);
	buf_free(&s.config_text);
	buf_free(&s.out);
	arena_free(&s.mem);
	return rc;
}

const struct command command_response = {
	.name = "response",
	.summary = "what was done about incidents, carried out or taken back",
	.usage = "response [OPTION...] list | show ID | run ID | undo ID",
	.description = "list              responses to incidents, oldest first: what was done, and in a dry run what would have been done\n"
		       "show ID           one of them; the first digits of the id are enough\n"
		       "run ID            carries out one that was only a dry run, was refused or failed: a person has decided; as root\n"
		       "undo ID           takes one back; as root\n\n"
		       "What is on the never-touch list is refused here too. Every step goes into the audit log.",
	.options = options,
	.examples = "  postern response list\n  postern response run 1f0c\n  postern response undo 1f0c\n",
	.run = run,
};
