/* audit_alone.c - audit records that tell a whole story in one line (user space, the daemon, kernel notices), what the
 * fields of all audit events mean, and raw records. */
#include "decode/audit_private.h"

/* ---- actions that depend on the text ------------------------------------------------------------------------- */

static bool is_value(const struct audit_vals *v, enum audit_key k, const char *text)
{
	return slice_eqz(audit_val(v, k), text);
}

/* SELinux "avc:  denied  { read } for ...", AppArmor 'apparmor="DENIED" operation=...'. */
enum action audit_judge_avc(const struct audit_vals *v, enum outcome *o)
{
	bool denied = v->has >> AK_APPARMOR & 1 ? is_value(v, AK_APPARMOR, "DENIED") || is_value(v, AK_APPARMOR, "KILLED")
						: slice_has(slice_to(v->body, 120), SL(" denied ")) && !is_value(v, AK_PERMISSIVE, "1");
	*o = denied ? OUTCOME_FAILURE : OUTCOME_NONE;
	return denied ? ACT_ACCESS_DENIED : ACT_NOTICE;
}

/* "op=set audit_enabled=0 old=1": auditctl -e 0 */
enum action audit_judge_config(const struct audit_vals *v, enum outcome *o)
{
	(void)o;
	if (!(v->has >> AK_AUDIT_ENABLED & 1) || is_value(v, AK_RES, "0"))
		return ACT_AUDIT_CONFIG;
	if (is_value(v, AK_AUDIT_ENABLED, "0"))
		return is_value(v, AK_OLD, "0") ? ACT_AUDIT_CONFIG : ACT_AUDIT_STOPPED;
	return is_value(v, AK_OLD, "0") ? ACT_AUDIT_STARTED : ACT_AUDIT_CONFIG;
}

enum action audit_judge_promisc(const struct audit_vals *v, enum outcome *o)
{
	(void)o;
	return is_value(v, AK_PROM, "0") ? ACT_NOTICE : ACT_PROMISCUOUS;
}

/* USER_CHAUTHTOK is also what shadow-utils write for every change of an account. */
enum action audit_judge_token(const struct audit_vals *v, enum outcome *o)
{
	struct slice op = audit_val(v, AK_OP);
	if (slice_ihas(op, SL("chauthtok")) || slice_ihas(op, SL("passw")))
		return *o == OUTCOME_FAILURE ? ACT_PASSWORD_FAILED : ACT_PASSWORD_CHANGED;
	return *o == OUTCOME_FAILURE ? ACT_ERROR : ACT_USER_CHANGED;
}

/* Shadow-utils log a change of membership under the user's record types. */
enum action audit_judge_member(const struct audit_vals *v, enum outcome *o)
{
	struct slice op = audit_val(v, AK_OP);
	if (*o == OUTCOME_FAILURE)
		return ACT_ERROR;
	if (slice_ihas(op, SL("group")) && !slice_ihas(op, SL("home")))
		return ACT_GROUP_CHANGED;
	return slice_istarts(op, SL("delet")) ? ACT_USER_DELETED : ACT_USER_CHANGED;
}

enum action audit_judge_mac(const struct audit_vals *v, enum outcome *o)
{
	(void)o;
	return is_value(v, AK_ENFORCING, "1") && is_value(v, AK_OLD_ENFORCING, "1") ? ACT_NOTICE : ACT_CONFIG_CHANGED;
}

/* dnf: 'op=install sw="bash-5.1.8-6.el9.x86_64" sw_type=rpm ... res=success' */
enum action audit_judge_update(const struct audit_vals *v, enum outcome *o)
{
	struct slice op = audit_val(v, AK_OP);
	if (*o == OUTCOME_FAILURE)
		return ACT_ERROR;
	if (slice_eq(op, SL("update")) || slice_eq(op, SL("downgrade")))
		return ACT_PKG_UPDATED;
	return slice_eq(op, SL("remove")) || slice_eq(op, SL("erase")) ? ACT_PKG_REMOVED : ACT_PKG_INSTALLED;
}

/* hwclock: "op=change-system-time" */
enum action audit_judge_clock(const struct audit_vals *v, enum outcome *o)
{
	(void)o;
	return slice_ihas(audit_val(v, AK_OP), SL("time")) ? ACT_TIME_CHANGED : ACT_CONFIG_CHANGED;
}

/* ---- fields -------------------------------------------------------------------------------------------------- */

static void add(struct decoder *d, struct event *e, enum field_id f, struct slice text)
{
	if (text.n)
		event_add(d->out, e, f, text);
}

static void add_text(struct decoder *d, struct event *e, enum field_id f, const struct audit_vals *v, enum audit_key k)
{
	add(d, e, f, audit_text(d, v, k));
}

static bool is_unset(struct slice id)
{
	return !id.n || slice_eq(id, SL("4294967295")) || slice_eq(id, SL("-1")) || slice_eq(id, SL("unset")) || slice_eq(id, SL("?"));
}

static bool is_number(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* The name of an id: as an ENRICHED log gives it, or one that is the same everywhere; empty when unknown. */
static struct slice name_of(const struct audit_vals *v, struct slice id, enum audit_key name_key)
{
	struct slice name = audit_val(v, name_key);
	if (name.n && !is_unset(name) && !slice_starts(name, SL("unknown(")))
		return name;
	if (slice_eq(id, SL("0")))
		return SL("root");
	if (slice_eq(id, SL("33")))
		return SL("www-data"); /* Debian's fixed uid, under which web shells run */
	return is_number(id) ? SLICE_NONE : id;
}

void audit_add_user(struct decoder *d, struct event *e, const struct audit_vals *v, enum audit_key id_key, enum audit_key name_key,
	enum field_id id_field, enum field_id name_field)
{
	struct slice id = audit_val(v, id_key);
	if (is_unset(id))
		return;
	if (is_number(id))
		event_add(d->out, e, id_field, id);
	add(d, e, name_field, name_of(v, id, name_key));
}

/* Several keys of one rule set stand in one value, separated by \x01. */
static void add_keys(struct decoder *d, struct event *e, const struct audit_vals *v)
{
	struct slice s = audit_text(d, v, AK_KEY), one;
	while (s.n) {
		if (!slice_cut(&s, '\x01', &one)) {
			one = s;
			s.n = 0;
		}
		add(d, e, F_AUDIT_KEY, one);
	}
}

void audit_add_process(struct decoder *d, struct event *e, const struct audit_vals *v)
{
	add_text(d, e, F_PROCESS_NAME, v, AK_COMM);
	add(d, e, F_PROCESS_PID, audit_val(v, AK_PID));
	add(d, e, F_PROCESS_PPID, audit_val(v, AK_PPID));
	audit_add_user(d, e, v, AK_EUID, AK_EUID_NAME, F_USER_EFFECTIVE_ID, F_USER_EFFECTIVE);
	audit_add_user(d, e, v, AK_AUID, AK_AUID_NAME, F_USER_AUDIT_ID, F_USER_AUDIT);
	if (!is_unset(audit_val(v, AK_SES)))
		event_add(d->out, e, F_SESSION_ID, v->v[AK_SES]);
	add_text(d, e, F_PROCESS_TTY, v, v->has >> AK_TTY & 1 ? AK_TTY : AK_TERMINAL);
	add_keys(d, e, v);
}

/* The far end: addr= is an address, hostname= what it resolved to or, at a console, this machine. */
static void add_source(struct decoder *d, struct event *e, const struct audit_vals *v)
{
	struct slice addr = audit_val(v, AK_ADDR), name = audit_val(v, AK_HOSTNAME);
	bool remote = slice_starts(audit_val(v, AK_TERMINAL), SL("ssh"));
	if (slice_eq(addr, SL("?")) || slice_eq(addr, SL("UNKNOWN")))
		addr = SLICE_NONE;
	if (slice_eq(name, SL("?")) || slice_eq(name, SL("UNKNOWN")))
		name = SLICE_NONE;
	if (!addr.n && remote)
		addr = name;
	add(d, e, F_SOURCE_IP, addr);
	if (addr.n && !slice_eq(addr, name))
		add(d, e, F_SOURCE_DOMAIN, name);
}

/* su logs the account it switches to where others log who comes in. */
static bool is_switch(struct slice exe)
{
	struct slice base = slice_basename(exe);
	return slice_eq(base, SL("su")) || slice_eq(base, SL("runuser")) || slice_eq(base, SL("pkexec"));
}

static void add_accounts(struct decoder *d, struct event *e, const struct audit_vals *v, enum audit_acct role)
{
	struct slice acct = audit_text(d, v, AK_ACCT), id = audit_val(v, AK_ID), exe = audit_val(v, AK_EXE);
	if (role == ACCT_ACTOR && is_switch(exe))
		role = ACCT_TARGET;
	if (acct.n && acct.p[0] == '(') { /* sshd: "(unknown)", "(invalid user)" */
		event_add(d->out, e, F_EVENT_REASON, SL("invalid user"));
		acct = SLICE_NONE;
	} else if (!acct.n && !is_unset(id)) {
		acct = name_of(v, id, AK_ID_NAME);
	}
	if (role == ACCT_ACTOR) {
		add(d, e, F_USER_NAME, acct);
		if (!is_unset(id) && is_number(id))
			event_add(d->out, e, F_USER_ID, id);
		return;
	}
	audit_add_user(d, e, v, AK_UID, AK_UID_NAME, F_USER_ID, F_USER_NAME);
	if (role != ACCT_TARGET)
		return;
	add(d, e, e->action == ACT_GROUP_ADDED || e->action == ACT_GROUP_DELETED ? F_USER_TARGET_GROUP : F_USER_TARGET, acct);
	if (!is_unset(id) && is_number(id))
		event_add(d->out, e, F_USER_TARGET_ID, id);
	else if (e->action == ACT_SESSION_OPENED && !is_switch(exe) && !slice_eq(slice_basename(exe), SL("sudo")) && !is_unset(audit_val(v, AK_AUID)))
		event_add(d->out, e, F_USER_TARGET_ID, v->v[AK_AUID]); /* pam_loginuid has just set it to this account's */
}

static void add_rest(struct decoder *d, struct event *e, const struct audit_vals *v)
{
	static const struct {
		uint8_t key;
		uint16_t field;
	} rest[] = {
		{AK_EXE, F_PROCESS_EXE}, {AK_CWD, F_PROCESS_CWD}, {AK_CMD, F_PROCESS_CMDLINE}, {AK_UNIT, F_SYSTEMD_UNIT}, {AK_DEV, F_INTERFACE},
		{AK_SW, F_PACKAGE_NAME}, {AK_PROFILE, F_RULE_NAME}, {AK_OPERATION, F_AUDIT_OP}, {AK_GRP, F_USER_TARGET_GROUP},
		{AK_SIG, F_ERROR_CODE}, {AK_VM, F_SERVICE_NAME}, {AK_DEVICE, F_MESSAGE},
	};
	for (size_t i = 0; i < ARRAY_LEN(rest); i++)
		if (v->has >> rest[i].key & 1)
			add_text(d, e, rest[i].field, v, (enum audit_key)rest[i].key);
	add(d, e, F_AUDIT_OP, audit_val(v, AK_OP));
	if (v->has >> AK_PATH & 1)
		add_text(d, e, F_FILE_PATH, v, AK_PATH);
	else if (e->action == ACT_ACCESS_DENIED || e->action == ACT_MODULE_LOADED)
		add_text(d, e, F_FILE_PATH, v, AK_NAME);
	if (v->has >> AK_DATA & 1) /* what was typed */
		add_text(d, e, e->action == ACT_COMMAND ? F_PROCESS_CMDLINE : F_MESSAGE, v, AK_DATA);
}

/* "{ read write }" of an SELinux record */
static void add_permissions(struct decoder *d, struct event *e, struct slice body)
{
	struct slice s = slice_to(body, 200);
	ssize_t open = slice_find(s, SL("{ ")), end = slice_find(s, SL(" }"));
	if (open >= 0 && end > open + 2)
		event_add(d->out, e, F_AUDIT_OP, slice_make(s.p + open + 2, (size_t)(end - open - 2)));
}

void audit_add_record(struct decoder *d, struct event *e, const struct audit_rec *r, const struct audit_vals *v, bool process)
{
	event_add(d->out, e, F_AUDIT_TYPE, slice_of(r->type->name));
	if (process) {
		event_add(d->out, e, F_AUDIT_SERIAL, r->serial_text);
		audit_add_process(d, e, v);
	}
	if (process || r->type->acct)
		add_accounts(d, e, v, (enum audit_acct)r->type->acct);
	add_source(d, e, v);
	add_rest(d, e, v);
	if (e->action == ACT_ACCESS_DENIED)
		add_permissions(d, e, r->body);
}

enum outcome audit_result(const struct audit_vals *v)
{
	struct slice res = audit_val(v, v->has >> AK_RES & 1 ? AK_RES : AK_RESULT);
	if (slice_eq(res, SL("success")) || slice_eq(res, SL("1")) || slice_eq(res, SL("yes")))
		return OUTCOME_SUCCESS;
	if (slice_istarts(res, SL("fail")) || slice_eq(res, SL("0")) || slice_eq(res, SL("no")))
		return OUTCOME_FAILURE;
	return OUTCOME_NONE;
}

enum action audit_action(const struct audit_type *t, const struct audit_vals *v, enum outcome *o)
{
	*o = audit_result(v);
	enum action usual = (enum action)(*o == OUTCOME_FAILURE ? t->failed : t->ok);
	return t->judge ? t->judge(v, o) : usual;
}

/* A login or an attempt is counted once, whoever wants it. */
static bool type_wanted(struct decoder *d, const struct dline *l, const struct audit_type *t)
{
	bool counts = t->ok != ACT_NOTICE;
	bool wanted = decode_wanted(d, l, (enum action)(counts ? t->ok : t->failed));
	return wanted || t->judge || d->opt->audit_records || interest_has(&d->opt->want, (enum action)(counts ? t->failed : t->ok));
}

enum decoded audit_alone(struct decoder *d, const struct dline *l, struct audit_rec *r)
{
	struct audit_vals v UNINIT;
	enum outcome o;
	if (!type_wanted(d, l, r->type))
		return DECODED_UNWANTED;
	r->pairs = audit_pairs(d, r);
	audit_parse(d, r, &v);
	enum action a = audit_action(r->type, &v, &o);
	if (!d->opt->audit_records && !interest_has(&d->opt->want, a))
		return DECODED_UNWANTED;
	bool dull = audit_dull(d, l, r, a);
	struct event *e = decode_emit(d, l, audit_dataset, a, o);
	e->flags |= (r->unmarked ? EV_PLAIN : 0) | (dull ? EV_DULL : 0);
	e->pairs = audit_told(r);
	audit_add_record(d, e, r, &v, true);
	if (!dull)
		audit_made_dull(d, e); /* it stays: join.c knows by it whose pid that is */
	return DECODED_EVENT;
}

/* ---- raw records --------------------------------------------------------------------------------------------- */

static bool is_escaped(struct slice key, bool execve)
{
	static const struct slice keys[] = {{"acct", 4}, {"cgroup", 6}, {"cmd", 3}, {"comm", 4}, {"cwd", 3}, {"data", 4}, {"device", 6}, {"dir", 3}, {"exe", 3},
		{"file", 4}, {"grp", 3}, {"key", 3}, {"name", 4}, {"new_group", 9}, {"ocomm", 5}, {"path", 4}, {"proctitle", 9}, {"root_dir", 8}, {"sw", 2},
		{"vm", 2}, {"watch", 5}};
	if (execve && key.n > 1 && key.p[0] == 'a' && key.p[1] >= '0' && key.p[1] <= '9')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_eq(key, keys[i]))
			return true;
	return false;
}

static struct slice title_text(struct decoder *d, struct slice title)
{
	if (!title.n || !memchr(title.p, 0, title.n))
		return title;
	char *p = arena_alloc(&d->out->arena, title.n);
	for (size_t i = 0; i < title.n; i++)
		p[i] = title.p[i] ? title.p[i] : ' ';
	return slice_make(p, title.n);
}

struct slice audit_title(struct decoder *d, const struct audit_vals *v)
{
	return title_text(d, audit_text(d, v, AK_PROCTITLE));
}

/* Has what stands before `type=` an `=` of its own (but that of node=)? Rules look for the record by its first one. */
static bool is_misleading(const struct audit_rec *r)
{
	const char *p = r->ref.raw.p, *type = r->type_text.p - SL("type=").n;
	if (slice_starts(r->text, SL("node="))) {
		if (memchr(p, '=', (size_t)(r->text.p - p)))
			return true;
		p = r->text.p + SL("node=").n;
	}
	return memchr(p, '=', (size_t)(type - p)) != NULL;
}

const struct line_pairs *audit_told(const struct audit_rec *r)
{
	struct slice raw = r->ref.raw, stamp = {r->type_text.p + r->type_text.n, 0};
	if (!r->pairs || r->text.p < raw.p || r->text.p >= raw.p + raw.n || !slice_eqz(r->type_text, r->type->name))
		return NULL;
	stamp.n = (size_t)(r->body.p - stamp.p);
	return slice_starts(stamp, SL(" msg=audit(")) && slice_ends(slice_trim(stamp), SL("):")) && !is_misleading(r) ? r->pairs : NULL;
}

/* ---- what rules say beforehand ------------------------------------------------------------------------------- */

bool audit_dull(struct decoder *d, const struct dline *l, const struct audit_rec *r, enum action a)
{
	if (!d->in->dull || !r->pairs)
		return false;
	struct value type = {.field = F_AUDIT_TYPE, .type = FT_STR, .len = (uint32_t)r->type_text.n, .p = r->type_text.p};
	struct event e = {.action = (uint16_t)a, .flags = r->unmarked ? EV_PLAIN : 0, .dataset = audit_dataset, .at = {l->offset, l->raw}, .nvalues = 1, .values = &type,
		.pairs = audit_told(r)};
	return e.pairs && d->in->dull(d->in->dull_arg, &e, true);
}

bool audit_made_dull(struct decoder *d, struct event *e)
{
	bool dull = d->in->dull && e->pairs && d->in->dull(d->in->dull_arg, e, false);
	e->flags |= dull ? EV_DULL : 0;
	return dull;
}

void audit_raw(struct decoder *d, const struct dline *l, const struct audit_rec *r)
{
	static const char prefix[] = "auditd.data.";
	struct event *e = decode_emit(d, l, audit_dataset, ACT_AUDIT_RECORD, OUTCOME_NONE);
	struct slice s = r->body, name, text;
	char full[sizeof prefix + 40];
	bool quoted, execve = r->type && r->type->number == 1309;
	e->flags |= r->unmarked ? EV_PLAIN : 0;
	event_add(d->out, e, F_AUDIT_TYPE, r->type ? slice_of(r->type->name) : r->type_text);
	event_add(d->out, e, F_AUDIT_SERIAL, r->serial_text);
	e->pairs = audit_told(r);
	if (d->opt->bare_records)
		return;
	memcpy(full, prefix, sizeof prefix - 1);
	while (e->nvalues < LIMIT_VALUES && audit_next(&s, &name, &text, &quoted)) {
		if (!name.n || name.n > 40)
			continue;
		memcpy(full + sizeof prefix - 1, name.p, name.n);
		if (is_escaped(name, execve))
			text = title_text(d, audit_untrusted(d, text, quoted, r->plain));
		if (text.n && !slice_eq(text, SL("(null)")) && !slice_eq(text, SL("(none)")) && !slice_eq(text, SL("?")))
			event_add_named(d->out, e, slice_make(full, sizeof prefix - 1 + name.n), text);
	}
}
