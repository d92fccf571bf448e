/* limits.c - what may stand in the columns of the model, and the section of postern.yaml. */
#include "gate/model_private.h"

static bool lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

int gate_check_id(struct slice s, const char *what, struct err *e)
{
	bool fine = s.n && s.n <= GATE_ID_MAX && lower_or_digit(s.p[0]);
	for (size_t i = 0; fine && i < s.n; i++)
		fine = lower_or_digit(s.p[i]) || s.p[i] == '.' || s.p[i] == '_' || s.p[i] == '-';
	return fine ? 0 : err_set(e, ERR_SYNTAX, "a %s is named with small letters, digits, . _ and -, at most %d, a letter or digit first", what, GATE_ID_MAX);
}

/* What useradd(8) takes; '$' and capitals are there on some machines. */
int gate_check_account(struct slice s, const char *what, struct err *e)
{
	bool fine = s.n && s.n <= 32 && s.p[0] != '-' && s.p[0] != '.';
	for (size_t i = 0; fine && i < s.n; i++)
		fine = lower_or_digit(s.p[i]) || (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '.' || s.p[i] == '_' || s.p[i] == '-';
	return fine ? 0 : err_set(e, ERR_SYNTAX, "%s: no name of an account", what);
}

int gate_check_text(struct slice s, const char *what, size_t low, size_t high, struct err *e)
{
	if (s.n < low)
		return err_set(e, ERR_USAGE, "a %s is needed", what);
	if (s.n > high)
		return err_set(e, ERR_LIMIT, "%s: %zu bytes are more than %zu", what, s.n, high);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return err_set(e, ERR_SYNTAX, "%s: a control character stands in it", what);
	return slice_utf8(s) ? 0 : err_set(e, ERR_SYNTAX, "%s: no UTF-8", what);
}

static int check_host(struct slice s, struct err *e)
{
	bool fine = s.n && s.n <= 253 && s.p[0] != '-' && s.p[0] != '.';
	for (size_t i = 0; fine && i < s.n; i++)
		fine = lower_or_digit(s.p[i]) || (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '.' || s.p[i] == '_' || s.p[i] == '-';
	return fine ? 0 : err_set(e, ERR_SYNTAX, "\"%.*s\" is no name of a host (each is named: there is none for all)", SLFMT(slice_to(s, 80)));
}

static int check_commands(const struct gate_grant *x, struct err *e)
{
	if (!(x->may & MAY_COMMANDS) != !x->ncommands)
		return err_set(e, ERR_USAGE, "commands are allowed by a list of them");
	for (size_t i = 0; i < x->ncommands; i++) {
		struct slice c = x->commands[i];
		ssize_t star = slice_chr(c, '*');
		int rc = gate_check_text(c, "command", 1, GATE_COMMAND_TEXT, e);
		if (rc)
			return rc;
		if (star >= 0 && (c.n < 3 || (size_t)star != c.n - 1 || c.p[c.n - 2] != ' '))
			return err_set(e, ERR_SYNTAX, "command \"%.*s\": * stands at the end, behind a blank, for any further arguments", SLFMT(c));
		if (c.p[0] == ' ' || (star < 0 && c.p[c.n - 1] == ' '))
			return err_set(e, ERR_SYNTAX, "command \"%.*s\" begins or ends with a blank", SLFMT(c));
	}
	return 0;
}

static int check_windows(const struct gate_grant *x, struct err *e)
{
	for (size_t i = 0; i < x->nwindows; i++) {
		const struct gate_window *w = &x->windows[i];
		if (!w->days || w->days > 127 || w->from >= w->until || w->until > 1440)
			return err_set(e, ERR_RANGE, "hours: no window");
	}
	struct zone *z = x->zone.n ? zone_load(x->zone, e) : NULL;
	if (x->zone.n && !z)
		return ERR_NOENT;
	zone_free(z);
	return 0;
}

int gate_check_grant(const struct gate_grant *x, struct err *e)
{
	static const struct { const char *what; size_t most; } counts[] = {
		{"hosts", GATE_HOSTS_MAX}, {"networks", GATE_SOURCES_MAX}, {"windows", GATE_WINDOWS_MAX}, {"commands", GATE_COMMANDS_MAX}};
	const size_t have[] = {x->nhosts, x->nsources, x->nwindows, x->ncommands};
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		if (have[i] > counts[i].most)
			return err_set(e, ERR_LIMIT, "%zu %s are more than %zu", have[i], counts[i].what, counts[i].most);
	if (!x->person.n == !x->provider.n)
		return err_set(e, ERR_USAGE, "a grant is for one person, or for everybody of one provider");
	if (!x->nhosts)
		return err_set(e, ERR_USAGE, "say on which hosts");
	int rc = gate_check_account(x->account, "account", e);
	if (!rc && slice_eq(x->account, SL("root")))
		rc = err_set(e, ERR_PERM, "no grant opens root: name an account, and what sudo lets it do");
	for (size_t i = 0; !rc && i < x->nhosts; i++)
		rc = check_host(x->hosts[i], e);
	for (size_t i = 0; !rc && i < x->nsources; i++)
		if (x->sources[i].bits > 128)
			rc = err_set(e, ERR_RANGE, "no network");
	if (!rc && (!x->may || x->may > (MAY_SHELL | MAY_SFTP | MAY_FORWARD | MAY_COMMANDS)))
		rc = err_set(e, ERR_USAGE, "say what is allowed: a shell, commands, sftp");
	if (!rc)
		rc = check_commands(x, e);
	if (!rc)
		rc = check_windows(x, e);
	if (!rc)
		rc = gate_check_text(x->purpose, "purpose", 1, GATE_TEXT_MAX, e);
	return rc ? rc : gate_check_text(x->ticket, "ticket", 0, GATE_NAME_MAX, e);
}

int gate_settings_read(const struct node *n, const char *file, struct arena *mem, struct gate_settings *out, struct err *e)
{
	static const char *const keys[] = {"longest", "usual", "emergency", "approvers", NULL};
	const nstime most = GATE_LONGEST_DAYS * NS_DAY;
	const struct node *x;
	*out = (struct gate_settings){0};
	int rc = n ? yaml_keys(n, file, keys, e) : 0;
	if (!rc && (x = yaml_get(n, "longest")))
		rc = yaml_duration(x, file, NS_MIN, most, &out->longest, e);
	if (!rc && (x = yaml_get(n, "usual")))
		rc = yaml_duration(x, file, NS_MIN, out->longest ? out->longest : most, &out->usual, e);
	if (!rc && (x = yaml_get(n, "emergency")))
		rc = yaml_text(x, file, &out->emergency, e);
	if (!rc && (x = yaml_get(n, "approvers")))
		rc = yaml_texts(x, file, mem, &out->approvers, &out->napprovers, e);
	if (!rc && slice_eq(out->emergency, SL("root")))
		rc = err_at(e, ERR_PERM, file, yaml_get(n, "emergency")->line, yaml_get(n, "emergency")->column, "root is nobody in particular: name an administrator");
	return rc;
}
