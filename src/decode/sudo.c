/* sudo.c - sudo (lib/eventlog/eventlog.c: the "USER : KEY=VALUE ; ..." line and JSON behind "@cee:"), pkexec. */
#include "decode/decode_private.h"

#define DATASET SL("sudo")

/* ---- "alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id" ---------------------------------- */

struct line {
	struct slice user, reason, tty, cwd, chroot, runas, group, tsid, env, host, command, signal, exit;
};

static struct slice *slot(struct line *a, struct slice key)
{
	const struct {
		struct slice key, *to;
	} slots[] = {
		{SL("TTY"), &a->tty}, {SL("PWD"), &a->cwd}, {SL("USER"), &a->runas}, {SL("COMMAND"), &a->command}, {SL("GROUP"), &a->group},
		{SL("CWD"), &a->cwd}, {SL("CHROOT"), &a->chroot}, {SL("TSID"), &a->tsid}, {SL("ENV"), &a->env}, {SL("HOST"), &a->host},
	};
	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		if (slice_eq(slots[i].key, key))
			return slots[i].to;
	return NULL;
}

/* "... ; SIGNAL=KILL ; EXIT=137" behind the command, where log_exit_status is set. */
static void cut_exit(struct line *a)
{
	ssize_t at = slice_rfind(a->command, SL(" ; EXIT="));
	uint64_t code;
	if (at < 0 || !slice_u64(slice_from(a->command, (size_t)at + 8), 255, &code))
		return;
	a->exit = slice_from(a->command, (size_t)at + 8);
	a->command.n = (size_t)at;
	at = slice_rfind(a->command, SL(" ; SIGNAL="));
	if (at >= 0) {
		a->signal = slice_from(a->command, (size_t)at + 10);
		a->command.n = (size_t)at;
	}
}

/* Keys are read from the left and the first of each counts: what the user chose (folder, command) comes last and cannot
 * replace what stands before it. A folder named "x ; COMMAND=..." makes the command longer, never shorter. */
static bool split(struct slice msg, struct line *a)
{
	const struct slice sep = SL(" ; ");
	struct slice s = slice_trim(msg);
	ssize_t at = slice_find(s, SL(" : "));
	if (at <= 0)
		return false;
	a->user = slice_trim(slice_to(s, (size_t)at));
	s = slice_from(s, (size_t)at + 3);
	const char *first = s.p;
	while (s.n) {
		struct slice part = s, key;
		ssize_t end = slice_find(s, sep);
		if (end >= 0 && !slice_starts(s, SL("COMMAND=")))
			part = slice_to(s, (size_t)end);
		struct slice value = part, *to = slice_cut(&value, '=', &key) ? slot(a, key) : NULL;
		if (to && !to->p)
			*to = value;
		else if (part.p == first)
			a->reason = part;
		s = part.n == s.n ? SLICE_NONE : slice_from(s, part.n + sep.n);
	}
	cut_exit(a);
	return a->command.p || a->reason.n;
}

/* Why nothing was run. What is not a refusal is trouble of sudo's own. */
static enum action judge(const struct line *a)
{
	static const struct slice trouble[] = {
		SL("unable to "), SL("error "), SL("problem with"), SL("timestamp"), SL("time stamp"), SL("ignoring"), SL("unknown uid"), SL("unknown group"),
		SL("unknown defaults"), SL("internal error"), SL("/"), SL("parse error"), SL("syntax error"), SL("unable"), SL("setrlimit"),
	};
	if (slice_starts(a->reason, SL("(command continued)")))
		return ACT_NOTICE;
	for (size_t i = 0; i < ARRAY_LEN(trouble); i++)
		if (slice_istarts(a->reason, trouble[i]))
			return ACT_ERROR;
	if (a->reason.n)
		return ACT_SUDO_DENIED;
	return a->exit.n ? ACT_EXIT : ACT_SUDO;
}

static void add(struct decoder *d, struct event *e, enum field_id f, struct slice value)
{
	if (value.n)
		event_add(d->out, e, f, value);
}

/* "3 incorrect password attempts" counts as three. */
static void count_attempts(struct dline *l, struct slice reason)
{
	struct slice n;
	uint64_t times;
	if (slice_cut(&reason, ' ', &n) && slice_starts(reason, SL("incorrect password attempt")) && slice_u64(n, 1000, &times) && times > 1)
		l->repeat = (uint32_t)times;
}

static enum decoded text_line(struct decoder *d, struct dline *l)
{
	struct line a = {0};
	if (!split(l->msg, &a))
		return DECODED_UNKNOWN;
	enum action act = judge(&a);
	if (!decode_wanted(d, l, act))
		return DECODED_UNWANTED;
	count_attempts(l, a.reason);
	enum outcome o = act == ACT_SUDO ? OUTCOME_SUCCESS : act == ACT_SUDO_DENIED ? OUTCOME_FAILURE : OUTCOME_NONE;
	struct event *e = decode_emit(d, l, DATASET, act, o);
	add(d, e, F_USER_NAME, a.user);
	add(d, e, F_USER_EFFECTIVE, a.runas);
	add(d, e, F_GROUP_NAME, a.group);
	add(d, e, F_EVENT_REASON, a.reason);
	add(d, e, F_PROCESS_TTY, a.tty);
	add(d, e, F_PROCESS_CWD, a.cwd);
	add(d, e, F_SESSION_ID, a.tsid);
	add(d, e, F_PROCESS_ARGS, a.env);
	add(d, e, F_HOST_NAME, a.host);
	add(d, e, F_PROCESS_EXIT, a.exit);
	add(d, e, F_PROCESS_CMDLINE, a.command);
	return DECODED_EVENT;
}

/* ---- @cee:{"sudo":{"accept":{...,"submituser":"alice","command":"/usr/bin/id","runargv":["id","-u"],...}}} ------ */

/* Behind "key": of a JSON object. Inside a string a quote is written \", so that no value can hold such a key. */
static struct slice json_at(struct slice s, const char *key)
{
	struct slice k = slice_of(key);
	for (;;) {
		ssize_t at = slice_find(s, k);
		if (at < 0)
			return SLICE_NONE;
		struct slice rest = slice_from(s, (size_t)at + k.n);
		if (at > 0 && s.p[at - 1] == '"' && slice_starts(rest, SL("\":")) && (at < 2 || s.p[at - 2] != '\\'))
			return slice_trim(slice_from(rest, 2));
		s = rest;
	}
}

/* The string that starts at s ("..."), without its quotes, still escaped; *used bytes of it. */
static struct slice json_string(struct slice s, size_t *used)
{
	*used = s.n;
	if (!s.n || s.p[0] != '"')
		return SLICE_NONE;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\') {
			i++;
		} else if (s.p[i] == '"') {
			*used = i + 1;
			return slice_make(s.p + 1, i - 1);
		}
	}
	return SLICE_NONE;
}

static struct slice json_text(struct slice obj, const char *key)
{
	size_t used;
	return json_string(json_at(obj, key), &used);
}

static struct slice json_number(struct slice obj, const char *key)
{
	struct slice s = json_at(obj, key);
	size_t n = 0;
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return slice_to(s, n);
}

/* "command" and all of "runargv" but its first, joined and quoted as in sudo's own line; never longer than the JSON. */
static void add_command(struct decoder *d, struct event *e, struct slice obj)
{
	struct slice command = json_text(obj, "command"), s = json_at(obj, "runargv");
	char *out = arena_alloc(&d->out->arena, command.n + s.n + 1);
	size_t n = command.n;
	if (!n)
		return;
	memcpy(out, command.p, n);
	s = slice_starts(s, SL("[")) ? slice_from(s, 1) : SLICE_NONE;
	for (size_t i = 0, used; s.n; i++) {
		struct slice arg = json_string(s, &used);
		if (!arg.p)
			break;
		if (i) {
			bool quote = slice_chr(arg, ' ') >= 0;
			out[n++] = ' ';
			if (quote)
				out[n++] = '\'';
			memcpy(out + n, arg.p, arg.n);
			n += arg.n;
			if (quote)
				out[n++] = '\'';
		}
		s = slice_trim(slice_from(s, used));
		if (!s.n || s.p[0] != ',')
			break;
		s = slice_trim(slice_from(s, 1));
	}
	decode_add_unescaped(d, e, F_PROCESS_CMDLINE, slice_make(out, n));
}

static enum decoded json_line(struct decoder *d, struct dline *l, struct slice json)
{
	static const struct {
		const char *key;
		enum action action;
		enum outcome outcome;
	} kinds[] = {{"accept", ACT_SUDO, OUTCOME_SUCCESS}, {"reject", ACT_SUDO_DENIED, OUTCOME_FAILURE}, {"exit", ACT_EXIT, OUTCOME_NONE}, {"alert", ACT_ERROR, OUTCOME_NONE}};
	static const struct {
		const char *key;
		enum field_id field;
	} texts[] = {
		{"submituser", F_USER_NAME}, {"runuser", F_USER_EFFECTIVE}, {"rungroup", F_GROUP_NAME}, {"reason", F_EVENT_REASON}, {"submitcwd", F_PROCESS_CWD},
		{"ttyname", F_PROCESS_TTY}, {"uuid", F_EVENT_ID},
	};
	struct slice head = slice_to(json, 40);
	size_t k = 0;
	while (k < ARRAY_LEN(kinds) && !json_at(head, kinds[k].key).n)
		k++;
	if (k == ARRAY_LEN(kinds))
		return DECODED_UNKNOWN;
	if (!decode_wanted(d, l, kinds[k].action))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, DATASET, kinds[k].action, kinds[k].outcome);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct slice v = json_text(json, texts[i].key);
		if (v.n)
			decode_add_unescaped(d, e, texts[i].field, v);
	}
	add(d, e, F_USER_EFFECTIVE_ID, json_number(json, "runuid"));
	add(d, e, F_PROCESS_EXIT, json_number(json, "exit_value"));
	add_command(d, e, json);
	return DECODED_EVENT;
}

/* ---- programs ------------------------------------------------------------------------------------------------- */

static enum decoded sudo(struct decoder *d, struct dline *l)
{
	if (slice_starts(l->msg, SL("@cee:")))
		return json_line(d, l, slice_trim(slice_from(l->msg, 5)));
	return text_line(d, l);
}

static const struct row pkexec_rows[] = {
	{"{user.name}: Executing command [USER={user.effective.name}] [TTY={process.tty.name}] [CWD={process.working_directory*}] [COMMAND={process.command_line*}]", ACT_SUDO, OUTCOME_SUCCESS, NULL},
	{"{user.name}: Error executing command as another user: {event.reason} [USER={user.effective.name}] [TTY={process.tty.name}] [CWD={process.working_directory*}] [COMMAND={process.command_line*}]", ACT_SUDO_DENIED, OUTCOME_FAILURE, NULL},
	{"{user.name}: {event.reason} [USER={user.effective.name}] [TTY={process.tty.name}] [CWD={process.working_directory*}] [COMMAND={process.command_line*}]", ACT_SUDO_DENIED, OUTCOME_FAILURE, NULL},
	{NULL, ACT_NONE, OUTCOME_NONE, NULL},
};

const struct program program_sudo = {.names = "sudo sudoedit", .dataset = "sudo", .fn = sudo, .repeats = true};
const struct program program_pkexec = {.names = "pkexec", .dataset = "pkexec", .rows = pkexec_rows};
