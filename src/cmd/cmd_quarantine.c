/* cmd_quarantine.c - postern quarantine: what the mail filter held. */
#include "cmd/setup.h"
#include "chain/chain.h"
#include "milter/milter.h"
#include "sys/sys.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct option options[] = {
	{"quarantine", 'Q', OPT_TEXT, "DIR", "folder of what is held (default /var/lib/postern-milter)"},
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state, for the audit log (default $POSTERN_STATE, then /var/lib/postern)"},
	{"all", 'a', OPT_FLAG, NULL, "list: also what was released, deleted, or is too old"},
	{"again", 0, OPT_FLAG, NULL, "release: though an earlier release did not end; it may arrive twice"},
	{"sendmail", 0, OPT_TEXT, "FILE", "release: program that takes mail (default /usr/sbin/sendmail)"},
	{"format", 'f', OPT_CHOICE, "text|json", "list, show: how to print (default text)"},
	{0},
};

struct work {
	const struct args *a;
	struct held *held;
	struct buf out;
	size_t n;
	bool json;
	char who[128];
};

/* ---- telling ---------------------------------------------------------------------------------------------------------------------------- */

static void recipients_json(struct slice lines, struct buf *b)
{
	struct slice one;
	bool more = true;
	buf_addz(b, ",\"recipients\":[");
	for (size_t i = 0; more; i++) {
		if (!slice_cut(&lines, '\n', &one)) {
			one = lines;
			more = false;
		}
		buf_addz(b, i ? "," : "");
		buf_json(b, one);
	}
	buf_addc(b, ']');
}

static void mail_json(const struct held_mail *m, struct buf *b)
{
	char time[40];
	const struct { const char *name; struct slice value; } rows[] = {{"queue", m->queue}, {"sender", m->sender}, {"from", m->from}, {"subject", m->subject}, {"verdict", m->verdict},
		{"reasons", m->reasons}, {"by", m->by}};
	buf_addz(b, "{\"id\":");
	buf_json(b, m->id);
	buf_addf(b, ",\"state\":\"%s\",\"time\":\"%s\"", held_state_name(m->state), time_rfc3339(m->time, time));
	if (m->done != NSTIME_NONE)
		buf_addf(b, ",\"done\":\"%s\"", time_rfc3339(m->done, time));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_addf(b, ",\"%s\":", rows[i].name);
		buf_json(b, rows[i].value);
	}
	recipients_json(m->recipients, b);
	buf_addf(b, ",\"size\":%lld}\n", (long long)m->size);
}

static void line(struct buf *b, const char *name, struct slice value)
{
	struct slice one;
	if (!value.n)
		return;
	buf_addf(b, "  %-11s", name);
	for (bool more = true; more;) {
		more = slice_cut(&value, '\n', &one);
		buf_term(b, slice_trim(more ? one : value));
		buf_addz(b, more ? " " : "\n");
	}
}

static int tell(void *arg, const struct held_mail *m)
{
	struct work *w = arg;
	struct buf *b = &w->out;
	char time[40];
	w->n++;
	if (w->json) {
		mail_json(m, b);
		return 0;
	}
	buf_term(b, m->id);
	buf_addf(b, "  %s  %s\n", time_plain(m->time, time), m->under_way ? "releasing, at this moment" : held_state_name(m->state));
	line(b, "sender", m->sender.n ? m->sender : SL("<>"));
	line(b, "from", m->from);
	line(b, "to", m->recipients);
	line(b, "subject", m->subject);
	line(b, "why", m->reasons);
	if (m->done != NSTIME_NONE) {
		line(b, held_state_name(m->state), slice_of(time_plain(m->done, time)));
		line(b, "by", m->by);
	}
	return 0;
}

/* ---- verbs ----------------------------------------------------------------------------------------------------------------------------------- */

static int list(struct work *w, struct err *e)
{
	int rc = held_each(w->held, args_has(w->a, "all"), tell, w, e);
	if (!rc && !w->n && !w->json)
		buf_addz(&w->out, "Nothing is held.\n");
	return rc;
}

static int show(struct work *w, struct err *e)
{
	return held_get(w->held, slice_of(w->a->operand[1]), tell, w, e);
}

static int release(struct work *w, struct err *e)
{
	const char *sendmail = args_has(w->a, "sendmail") ? args_get(w->a, "sendmail") : "/usr/sbin/sendmail";
	return held_release(w->held, slice_of(w->a->operand[1]), sendmail, args_has(w->a, "again"), slice_of(w->who), e);
}

static int delete(struct work *w, struct err *e)
{
	return held_delete(w->held, slice_of(w->a->operand[1]), slice_of(w->who), e);
}

static const struct verb {
	const char *name, *action;         /* of the audit log; NULL: changes nothing */
	int (*fn)(struct work *w, struct err *e);
	size_t operands;
} verbs[] = {{"list", NULL, list, 0}, {"show", NULL, show, 1}, {"release", HELD_ACTION_RELEASE, release, 1}, {"delete", HELD_ACTION_DELETE, delete, 1}};

/* ---- the command ---------------------------------------------------------------------------------------------------------------------------------- */

/* Told before it is done, while the audit log can be written; how it ended stands in the quarantine's index. */
static int audit(const struct work *w, const struct verb *v)
{
	char path[4096];
	struct err e;
	struct timespec t;
	if (!state_file(w->a, "audit.log", path, sizeof path))
		return EXIT_USAGE;
	clock_gettime(CLOCK_REALTIME, &t);
	struct chain *c = chain_open(path, NULL, NULL, &e);
	struct chain_record r = {.time = t.tv_sec * NS_SEC + t.tv_nsec, .actor = slice_of(w->who), .action = slice_of(v->action), .object = slice_to(slice_of(w->a->operand[1]), 200),
		.outcome = SL("begun")};
	int rc = c ? chain_append(c, &r, &e) : e.code;
	chain_close(c);
	if (rc)
		complain_err(&e);
	return rc ? EXIT_INPUT : 0;
}

static void find_who(struct work *w)
{
	struct sys_proc self;
	struct passwd room, *pw = NULL;
	char bytes[16384];
	uid_t uid = sys_proc_read(getpid(), &self) && self.loginuid != UINT32_MAX ? self.loginuid : getuid();
	if (getpwuid_r(uid, &room, bytes, sizeof bytes, &pw) == 0 && pw)
		snprintf(w->who, sizeof w->who, "%.60s by postern quarantine", pw->pw_name);
	else
		snprintf(w->who, sizeof w->who, "%u by postern quarantine", uid);
}

static int run(const struct args *a)
{
	const char *format = args_get(a, "format"), *folder = args_has(a, "quarantine") ? args_get(a, "quarantine") : "/var/lib/postern-milter";
	struct work w = {.a = a, .json = format && strcmp(format, "json") == 0};
	const struct verb *v = NULL;
	struct err e;
	for (size_t i = 0; a->noperands && i < ARRAY_LEN(verbs); i++)
		if (strcmp(a->operand[0], verbs[i].name) == 0)
			v = &verbs[i];
	if (!v || a->noperands - 1 != v->operands) {
		complain("quarantine: say what to do: list, show ID, release ID, or delete ID\nTry 'postern quarantine --help'.");
		return EXIT_USAGE;
	}
	find_who(&w);
	int rc = v->action ? audit(&w, v) : 0;
	if (rc)
		return rc;
	rc = sys_drop_to_owner(folder, &e); /* hostile mail is read as the filter's user */
	if (!rc && !(w.held = held_open(folder, false, &e)))
		rc = e.code;
	if (!rc)
		rc = v->fn(&w, &e);
	if (rc)
		complain_err(&e);
	else if (v->action)
		printf("%s: %s\n", a->operand[1], v->fn == release ? "released" : "deleted");
	if (w.out.n && !write_out(NULL, buf_slice(&w.out)))
		rc = ERR_IO;
	held_close(w.held);
	buf_free(&w.out);
	return rc == 0 ? EXIT_DONE : rc == ERR_USAGE || rc == ERR_NOENT || rc == ERR_DUP ? EXIT_USAGE : EXIT_INPUT;
}

const struct command command_quarantine = {
	.name = "quarantine",
	.summary = "mail that the filter held: list, show, release, delete",
	.usage = "quarantine [OPTION...] list | show ID | release ID | delete ID",
	.description = "list          what is held, newest first\n"
		       "show ID       one of them, with why it is held\n"
		       "release ID    delivers it to its recipients: it is handed to sendmail, marked so that the filter lets it pass once\n"
		       "delete ID     removes it for good\n\n"
		       "What is held lies in a folder of postern milter's user. Releases and deletions are in the audit log.",
	.options = options,
	.examples = "  postern quarantine list\n  postern quarantine release 20261126-1c2d3e4f5a6b\n",
	.run = run,
};
