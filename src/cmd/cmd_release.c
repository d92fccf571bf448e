/* cmd_release.c - postern release: what goes to many machines, signed by two people. */
#include "cmd/release_cmd.h"
#include "cmd/setup.h"
#include "json/json.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LEAVES = 2000 };

static const struct option options[] = {
	{"list", 'l', OPT_TEXT, "FILE", "release list (default $POSTERN_CONFIG/release.yaml, then /etc/postern/release.yaml)"},
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state, for the audit log (default $POSTERN_STATE, then /var/lib/postern)"},
	{"key", 'k', OPT_TEXT, "KEY", "sign: private key, or KEY.pub with an agent"},
	{"folder", 'F', OPT_TEXT, "DIR", "sign, verify: the folder it is released to (default: where it lies, or the list's only one)"},
	{"until", 'u', OPT_TEXT, "TIME", "sign: the signature holds until then: 2026-12-31, 7d (default: as long as the list allows)"},
	{"yes", 'y', OPT_FLAG, NULL, "sign: without asking"},
	{"enforce", 'e', OPT_FLAG, NULL, "watch: move to quarantine what is not in order (default: only tell)"},
	{"once", '1', OPT_FLAG, NULL, "watch: what lies there now, then the end; exit 1 when something is not in order"},
	{"inotify", 0, OPT_FLAG, NULL, "watch: do not try fanotify"},
	{"to", 't', OPT_TEXT, "FILE", "restore: to this new file instead of where it came from"},
	{"format", 'f', OPT_CHOICE, "text|json", "verify, list: how to print (default text)"},
	{0},
};

static void to_syslog(void *arg, const char *text)
{
	(void)arg;
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "postern: %s", text);
}

/* The login, not what sudo made of it. */
static void find_who(struct release_session *s)
{
	struct release_who w;
	release_who_of(getpid(), geteuid(), &w);
	snprintf(s->who, sizeof s->who, "%.60s by postern release", w.login_uid != UINT32_MAX ? w.login : w.user);
}

int release_audit(struct release_session *s)
{
	struct err e;
	char log[4096];
	if (!state_file(s->a, "audit.log", log, sizeof log))
		return EXIT_USAGE;
	s->audit = chain_open(log, to_syslog, NULL, &e);
	if (s->audit)
		return 0;
	complain_err(&e);
	return EXIT_INPUT;
}

/* ---- list -------------------------------------------------------------------------------------------------------------------------- */

struct listing {
	struct release_session *s;
	struct json_parser *parser;
	size_t n;
};

static struct slice leaf(const struct json_flat *flat, const char *name)
{
	for (size_t i = 0; i < flat->n; i++)
		if (flat->v[i].depth == 1 && slice_eqz(slice_make(flat->v[i].name.p, flat->v[i].name.n), name))
			return slice_make(flat->v[i].text.p, flat->v[i].text.n);
	return SLICE_NONE;
}

static void list_one(void *arg, const char *id, struct slice record, bool has_file)
{
	struct listing *t = arg;
	struct buf *b = &t->s->out;
	struct json_flat flat = {0};
	t->n++;
	bool read = json_flatten(t->parser, (struct json_text){record.p, record.n}, (struct json_text){0}, &flat) == JSON_OK && leaf(&flat, "id").n;
	if (t->s->json) {
		buf_addf(b, "{\"id\":\"%s\",\"there\":%s,\"record\":", id, has_file ? "true" : "false");
		buf_adds(b, read ? record : SL("{}"));
		buf_addz(b, "}\n");
		return;
	}
	buf_addf(b, "%s  ", id);
	if (read) {
		buf_term(b, leaf(&flat, "folder"));
		buf_addc(b, '/');
		buf_term(b, leaf(&flat, "name"));
		buf_addz(b, "\n    ");
		buf_term(b, leaf(&flat, "reason"));
		buf_addz(b, leaf(&flat, "detail").n ? ", " : "");
		buf_term(b, leaf(&flat, "detail"));
		buf_addz(b, "; put there by ");
		buf_term(b, leaf(&flat, "by"));
		buf_addz(b, ", logged in as ");
		buf_term(b, leaf(&flat, "login"));
		buf_addz(b, leaf(&flat, "command").n ? ", with: " : "");
		buf_term(b, leaf(&flat, "command"));
	} else {
		buf_addz(b, "its record was lost");
	}
	buf_addz(b, has_file ? "\n" : "\n    (not here: its move was interrupted before it began)\n");
}

static struct release_quarantine *quarantine(struct release_session *s)
{
	struct err e;
	char path[4096];
	snprintf(path, sizeof path, "%.*s", SLFMT(s->list.quarantine));
	struct release_quarantine *q = release_quarantine_open(path, &e);
	if (!q)
		complain_err(&e);
	return q;
}

static int list(struct release_session *s)
{
	struct listing t = {.s = s};
	struct err e;
	char path[4096];
	snprintf(path, sizeof path, "%.*s", SLFMT(s->list.quarantine));
	struct release_quarantine *q = access(path, F_OK) ? NULL : quarantine(s);
	int rc = q || access(path, F_OK) ? EXIT_DONE : EXIT_INPUT;
	t.parser = json_parser_new(LIMIT_JSON_DEPTH, LEAVES);
	if (q && release_quarantine_each(q, list_one, &t, &e)) {
		complain_err(&e);
		rc = EXIT_INPUT;
	}
	if (!rc && !t.n && !s->json)
		buf_addz(&s->out, "Nothing is in quarantine.\n");
	json_parser_free(t.parser);
	release_quarantine_close(q);
	return rc;
}

/* ---- restore, delete ------------------------------------------------------------------------------------------------------------------ */

/* Told to the audit log before it is done, and once more when it failed. */
static bool note(struct release_session *s, const char *action, const char *id, const char *outcome, const char *detail)
{
	struct err e;
	struct chain_record r = {.time = s->now, .actor = slice_of(s->who), .action = slice_of(action), .object = slice_of(id), .outcome = slice_of(outcome),
		.detail = slice_to(slice_of(detail), 4000)};
	if (!chain_append(s->audit, &r, &e))
		return true;
	complain_err(&e);
	return false;
}

static int out_again(struct release_session *s, bool restore)
{
	struct err e;
	const char *action = restore ? "release-restore" : "release-delete", *id = s->a->operand[1], *to = args_get(s->a, "to");
	if (geteuid() != 0) {
		complain("release %s changes the quarantine: only root may do that", s->a->operand[0]);
		return EXIT_USAGE;
	}
	struct release_quarantine *q = quarantine(s);
	int rc = q ? release_audit(s) : EXIT_INPUT;
	if (!rc && !note(s, action, id, "begun", to ? to : ""))
		rc = EXIT_INPUT;
	if (!rc) {
		int failed = restore ? release_quarantine_restore(q, &s->list, id, to, s->now, &e) : release_quarantine_delete(q, id, &e);
		if (failed)
			complain_err(&e);
		rc = failed == 0 ? EXIT_DONE : failed == ERR_NOENT || failed == ERR_USAGE ? EXIT_USAGE : EXIT_CONDITION;
		if (!note(s, action, id, failed ? "failure" : "success", failed ? e.text : ""))
			rc = EXIT_INPUT;
	}
	release_quarantine_close(q);
	return rc;
}

static int restore(struct release_session *s) { return out_again(s, true); }
static int delete(struct release_session *s) { return out_again(s, false); }

/* ---- watch ------------------------------------------------------------------------------------------------------------------------------ */

static void tell(void *arg, bool finding, const char *line)
{
	(void)arg;
	syslog(LOG_AUTHPRIV | (finding ? LOG_WARNING : LOG_INFO), "%s", line);
	printf("postern-release: %s\n", line);
	fflush(stdout);
}

static const char *list_path(struct release_session *s, char *room, size_t n)
{
	const char *path = args_get(s->a, "list"), *dir = getenv("POSTERN_CONFIG");
	snprintf(room, n, "%s/release.yaml", dir && *dir ? dir : "/etc/postern");
	return path ? path : room;
}

static int watch(struct release_session *s)
{
	char path[4096];
	struct err e;
	int rc = release_audit(s);
	if (rc)
		return rc;
	openlog("postern-release", LOG_PID, LOG_AUTHPRIV);
	struct release_watch w = {.list_file = list_path(s, path, sizeof path), .folders = s->a->operand + 1, .audit = s->audit, .enforce = args_has(s->a, "enforce"),
		.once = args_has(s->a, "once"), .no_fanotify = args_has(s->a, "inotify"), .tell = tell};
	if (release_watch_run(&w, &e)) {
		complain_err(&e);
		return e.code == ERR_USAGE ? EXIT_USAGE : EXIT_INPUT;
	}
	return w.once && w.found ? EXIT_CONDITION : EXIT_DONE;
}

/* ---- the command -------------------------------------------------------------------------------------------------------------------------- */

static const struct verb {
	const char *name;
	int (*fn)(struct release_session *s);
	size_t least, most;                /* operands behind it */
} verbs[] = {{"sign", release_sign_files, 1, SIZE_MAX}, {"verify", release_verify_files, 1, SIZE_MAX}, {"list", list, 0, 0}, {"restore", restore, 1, 1},
	{"delete", delete, 1, 1}, {"watch", watch, 0, SIZE_MAX}};

static int run(const struct args *a)
{
	const char *format = args_get(a, "format");
	struct release_session s = {.a = a, .json = format && strcmp(format, "json") == 0};
	const struct verb *v = NULL;
	char path[4096];
	struct timespec t;
	struct err e;
	for (size_t i = 0; a->noperands && i < ARRAY_LEN(verbs); i++)
		if (strcmp(a->operand[0], verbs[i].name) == 0)
			v = &verbs[i];
	if (!v || a->noperands - 1 < v->least || a->noperands - 1 > v->most) {
		complain("release: say what to do: sign FILE..., verify FILE..., list, restore ID, delete ID, or watch [DIR...]\nTry 'postern release --help'.");
		return EXIT_USAGE;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	s.now = t.tv_sec * NS_SEC + t.tv_nsec;
	find_who(&s);
	int rc = release_list_load(list_path(&s, path, sizeof path), &s.list, &e) ? EXIT_USAGE : 0;
	if (rc)
		complain_err(&e);
	else
		rc = v->fn(&s);
	if (s.out.n && !write_out(NULL, buf_slice(&s.out)))
		rc = EXIT_INPUT;
	chain_close(s.audit);
	release_list_free(&s.list);
	buf_free(&s.out);
	return rc;
}

const struct command command_release = {
	.name = "release",
	.summary = "what goes to many machines: signed by two people, or quarantined",
	.usage = "release [OPTION...] sign FILE... | verify FILE... | list | restore ID | delete ID | watch [DIR...]",
	.description = "sign FILE...      signs name, folder, size and SHA-256 with ssh-keygen; the signature lies beside the file as FILE.sig.SIGNER\n"
		       "verify FILE...    is it signed by two people of the release list, and by whom and when; exit 1 when not\n"
		       "list              what is in quarantine, who put it where, and why it is there\n"
		       "restore ID        back to its folder when two people signed it by now, or elsewhere with --to; as root\n"
		       "delete ID         removes it for good; as root\n"
		       "watch [DIR...]    looks at the folders of the list, and tells of everything that is not signed by two people;\n"
		       "                  with --enforce it is moved to quarantine at once; as root\n\n"
		       "Signatures get into a folder before the file, and the file by mv(1) from beside the folder: what can be seen there is released.",
	.options = options,
	.examples = "  postern release sign -k ~/.ssh/id_ed25519 ics-connect-4.2.1.tar.gz\n  postern release verify /srv/patches/*\n"
		    "  postern release watch --enforce\n  postern release list\n",
	.run = run,
};
