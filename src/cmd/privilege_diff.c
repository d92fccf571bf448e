/* privilege_diff.c - postern privilege diff: what changed between two snapshots. A new right is a finding. */
#include "cmd/privilege_cmd.h"
#include "cmd/setup.h"
#include "report/report.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Kinds whose new row is a right, and how bad it is when nobody knows of it. */
static const struct right_of_kind {
	enum snap_kind kind;
	enum level level;
	const char *title;
	const char *techniques[2];
} rights[] = {
	{SNAP_K_account, LEVEL_MEDIUM, "a new account", {"T1136.001"}},
	{SNAP_K_group, LEVEL_LOW, "a new group", {NULL}},
	{SNAP_K_sudo, LEVEL_HIGH, "a new sudo rule", {"T1548.003"}},
	{SNAP_K_doas, LEVEL_HIGH, "a new doas rule", {NULL}},
	{SNAP_K_authorized_key, LEVEL_HIGH, "a new key that opens an account", {"T1098.004"}},
	{SNAP_K_private_key, LEVEL_MEDIUM, "a new private key", {"T1552.004"}},
	{SNAP_K_certificate, LEVEL_MEDIUM, "a new certificate", {"T1078"}},
	{SNAP_K_authority, LEVEL_HIGH, "a new authority whose certificates open accounts", {"T1098.004"}},
	{SNAP_K_file, LEVEL_HIGH, "a new setuid, setgid or capability file", {NULL}},
	{SNAP_K_writable, LEVEL_HIGH, "something new that others may write and that is run", {NULL}},
	{SNAP_K_polkit, LEVEL_MEDIUM, "a new polkit rule", {NULL}},
	{SNAP_K_export, LEVEL_MEDIUM, "a new NFS export", {NULL}},
};

/* Changes of a row that give more than before; everything else that changed is told, but no right. */
enum wider { TO_YES, TO_NO, ANY, LONGER, TO_PASSWORD, TO_ZERO, TO_SHELL };
static const struct { enum snap_kind kind; const char *column; enum wider how; enum level level; } widenings[] = {
	{SNAP_K_account, "uid", TO_ZERO, LEVEL_CRITICAL}, {SNAP_K_account, "gid", ANY, LEVEL_MEDIUM}, {SNAP_K_account, "password", TO_PASSWORD, LEVEL_MEDIUM},
	{SNAP_K_account, "shell", TO_SHELL, LEVEL_MEDIUM}, {SNAP_K_account, "expires", ANY, LEVEL_LOW}, {SNAP_K_group, "members", LONGER, LEVEL_HIGH}, {SNAP_K_group, "gid", ANY, LEVEL_MEDIUM},
	{SNAP_K_sudo, "nopasswd", TO_YES, LEVEL_HIGH}, {SNAP_K_sudo, "noexec", TO_NO, LEVEL_MEDIUM}, {SNAP_K_sudo, "setenv", TO_YES, LEVEL_MEDIUM},
	{SNAP_K_sudo, "not_after", ANY, LEVEL_MEDIUM}, {SNAP_K_sudo, "chroot", ANY, LEVEL_MEDIUM}, {SNAP_K_doas, "options", ANY, LEVEL_MEDIUM},
	{SNAP_K_authorized_key, "usable", TO_YES, LEVEL_HIGH}, {SNAP_K_authorized_key, "from", ANY, LEVEL_MEDIUM}, {SNAP_K_authorized_key, "command", ANY, LEVEL_HIGH},
	{SNAP_K_authorized_key, "expires", ANY, LEVEL_MEDIUM}, {SNAP_K_authorized_key, "principals", ANY, LEVEL_MEDIUM}, {SNAP_K_authorized_key, "restricted", TO_NO, LEVEL_MEDIUM},
	{SNAP_K_authorized_key, "pty", TO_YES, LEVEL_MEDIUM}, {SNAP_K_authorized_key, "forwarding", TO_YES, LEVEL_MEDIUM}, {SNAP_K_authorized_key, "agent", TO_YES, LEVEL_MEDIUM},
	{SNAP_K_authorized_key, "authority", TO_YES, LEVEL_HIGH}, {SNAP_K_authorized_key, "verify_required", TO_NO, LEVEL_MEDIUM},
	{SNAP_K_private_key, "encrypted", TO_NO, LEVEL_HIGH}, {SNAP_K_private_key, "mode", ANY, LEVEL_MEDIUM}, {SNAP_K_private_key, "uid", ANY, LEVEL_MEDIUM},
	{SNAP_K_file, "mode", ANY, LEVEL_MEDIUM}, {SNAP_K_file, "owner", ANY, LEVEL_MEDIUM}, {SNAP_K_file, "group", ANY, LEVEL_MEDIUM}, {SNAP_K_file, "capabilities", ANY, LEVEL_HIGH},
	{SNAP_K_polkit, "result", ANY, LEVEL_MEDIUM}, {SNAP_K_polkit, "text", ANY, LEVEL_MEDIUM}, {SNAP_K_export, "root_squash", TO_NO, LEVEL_HIGH}, {SNAP_K_export, "writable", TO_YES, LEVEL_MEDIUM},
	{SNAP_K_export, "options", ANY, LEVEL_LOW},
};
/* Settings of sshd whose change lets somebody in, or more of them do. */
static const char *const doors[] = {"permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication", "permitemptypasswords", "pubkeyauthentication", "authenticationmethods",
	"authorizedkeysfile", "authorizedkeyscommand", "authorizedprincipalsfile", "authorizedprincipalscommand", "trustedusercakeys", "revokedkeys", "allowusers", "denyusers", "allowgroups",
	"denygroups", "allowtcpforwarding", "disableforwarding", "forcecommand", "chrootdirectory", "usepam", "strictmodes", "hostbasedauthentication", "permituserenvironment"};

struct differing {
	const struct args *a;
	const struct snapshot *before, *after;
	struct buf out, findings, others; /* findings: new rights; others: everything else */
	size_t rights, added, removed, changed, hidden;
	bool json, color;
	int rc;
};

/* ---- is it a right? -------------------------------------------------------------------------------------------------------------- */

static bool no_shell(struct slice s)
{
	return slice_ends(s, SL("/nologin")) || slice_ends(s, SL("/false"));
}

static bool wider(const struct snap_difference *d, const struct snap_column *c, enum wider how)
{
	switch (how) {
	case TO_YES: return snap_word_of(d->after, c) == SNAP_YES;
	case TO_NO: return snap_word_of(d->after, c) != SNAP_YES && snap_word_of(d->before, c) == SNAP_YES;
	case TO_PASSWORD: return snap_word_of(d->after, c) == SNAP_PW_SET || snap_word_of(d->after, c) == SNAP_PW_EMPTY;
	case TO_SHELL: return !no_shell(snap_text_of(d->after, c)) && no_shell(snap_text_of(d->before, c));
	case TO_ZERO: return snap_number_of(d->after, c) == 0;
	case LONGER: {
		struct snap_list a = snap_list_of(d->before, c), b = snap_list_of(d->after, c);
		for (size_t i = 0; i < b.n; i++) {
			bool there = false;
			for (size_t k = 0; k < a.n && !there; k++)
				there = slice_eq(a.v[k], b.v[i]);
			if (!there)
				return true;
		}
		return false;
	}
	case ANY: return true;
	}
	return true;
}

static bool is_door(const void *row)
{
	for (size_t i = 0; i < ARRAY_LEN(doors); i++)
		if (slice_eqz(((const struct snap_sshd *)row)->name, doors[i]))
			return true;
	return false;
}

/* The level of a new right, and its kind's row; false: no new right. */
static bool new_right(const struct snap_difference *d, enum level *level, const struct right_of_kind **kind)
{
	bool found = false;
	*kind = NULL;
	*level = LEVEL_INFO;
	for (size_t i = 0; i < ARRAY_LEN(rights); i++)
		if (rights[i].kind == d->kind)
			*kind = &rights[i];
	if (d->kind == SNAP_K_sshd && d->change != SNAP_REMOVED) {
		*level = LEVEL_MEDIUM;
		return is_door(d->after);
	}
	if (d->change == SNAP_ADDED && *kind) {
		const struct snap_account *a = d->after;
		const struct snap_authorized_key *k = d->after;
		*level = d->kind == SNAP_K_account && a->uid == 0 ? LEVEL_CRITICAL : d->kind == SNAP_K_authorized_key && k->usable == SNAP_NO ? LEVEL_LOW : (*kind)->level;
		return true;
	}
	for (size_t i = 0; d->change == SNAP_CHANGED && i < ARRAY_LEN(widenings); i++)
		for (size_t k = 0; k < d->ncolumns; k++)
			if (widenings[i].kind == d->kind && strcmp(d->columns[k]->name, widenings[i].column) == 0 && wider(d, d->columns[k], widenings[i].how)) {
				*level = MAX(*level, widenings[i].level);
				found = true;
			}
	return found;
}

/* ---- telling -------------------------------------------------------------------------------------------------------------------------- */

static void add_column(struct buf *b, const void *row, const struct snap_column *c)
{
	struct snap_list l;
	switch (c->type) {
	case SNAP_T_TEXT: buf_addf(b, "\"%.*s\"", SLFMT(snap_text_of(row, c))); break;
	case SNAP_T_NUMBER: buf_addf(b, strcmp(c->name, "mode") ? "%lld" : "%llo", (long long)snap_number_of(row, c)); break;
	case SNAP_T_WORD: buf_addz(b, c->words[snap_word_of(row, c)]); break;
	case SNAP_T_LIST:
		l = snap_list_of(row, c);
		buf_addc(b, '(');
		for (size_t i = 0; i < l.n; i++)
			buf_addf(b, "%s%.*s", i ? ", " : "", SLFMT(l.v[i]));
		buf_addc(b, ')');
		break;
	}
}

static void describe(const struct differing *x, const struct snap_difference *d, struct buf *out)
{
	snapshot_row_text(d->after ? x->after : x->before, d->kind, d->after ? d->after : d->before, out);
	for (size_t i = 0; i < d->ncolumns; i++) {
		buf_addf(out, "%s %s was ", i ? ";" : ":", d->columns[i]->name);
		add_column(out, d->before, d->columns[i]);
		buf_addz(out, ", is ");
		add_column(out, d->after, d->columns[i]);
	}
}

static void as_finding(struct differing *x, const struct snap_difference *d, enum level level, const struct right_of_kind *kind, struct slice text)
{
	static const struct { const char *column; enum entity_type type; } entities[] = {
		{"account", ENT_USER}, {"name", ENT_USER}, {"fingerprint", ENT_KEY}, {"command", ENT_COMMAND}, {"file", ENT_FILE},
	};
	static const char *const nothing[] = {NULL};
	const char *techniques[] = {kind ? kind->techniques[0] : NULL, NULL};
	struct finding *f = finding_new();
	const struct snap_column *c = snap_tables[d->kind].columns;
	f->rule_id = SL("postern.new-right");
	f->rule_name = SL("New right");
	finding_printf(f, &f->title, "%s on %.*s", d->change == SNAP_CHANGED ? "a right that changed" : kind ? kind->title : "a setting of sshd", SLFMT(x->after->host));
	finding_printf(f, &f->text, "%.*s", SLFMT(text));
	f->level = level;
	f->first = f->last = x->after->taken * NS_SEC;
	f->count = 1;
	f->techniques = techniques[0] ? techniques : nothing;
	finding_entity(f, ENT_HOST, x->after->host);
	for (; c->name; c++)
		for (size_t i = 0; i < ARRAY_LEN(entities); i++)
			if (c->type == SNAP_T_TEXT && strcmp(c->name, entities[i].column) == 0 && (entities[i].type != ENT_USER || d->kind != SNAP_K_sshd))
				finding_entity(f, entities[i].type, snap_text_of(d->after, c));
	finding_name(f, text, f->first);
	finding_seal(f);
	report_finding_json(&x->findings, POSTERN_VERSION, (nstime)time(NULL) * NS_SEC, f);
	finding_free(f);
}

static void tell(void *arg, const struct snap_difference *d)
{
	static const char *const signs[] = {"+", "-", "~"}, *const words[] = {"added", "removed", "changed"};
	struct differing *x = arg;
	const struct right_of_kind *kind;
	enum level level;
	struct buf text = {0};
	bool right = new_right(d, &level, &kind);
	x->rights += right;
	x->added += d->change == SNAP_ADDED;
	x->removed += d->change == SNAP_REMOVED;
	x->changed += d->change == SNAP_CHANGED;
	describe(x, d, &text);
	if (x->json && right) {
		as_finding(x, d, level, kind, buf_slice(&text));
	} else if (x->json) {
		buf_addf(&x->others, "%s{\"change\":\"%s\",\"kind\":\"%s\",\"text\":", x->others.n ? "," : "", words[d->change], snap_kind_name(d->kind));
		buf_json(&x->others, buf_slice(&text));
		buf_addc(&x->others, '}');
	} else {
		struct buf *to = right ? &x->findings : &x->others;
		buf_addf(to, "  %s%s ", x->color && right ? "\x1b[1m" : "", signs[d->change]);
		if (right)
			buf_addf(to, "[%s] ", level_name(level));
		buf_term(to, buf_slice(&text));
		buf_addz(to, x->color && right ? "\x1b[0m\n" : "\n");
	}
	buf_free(&text);
}

static void finish_host(struct differing *x)
{
	char from[40], to[40];
	time_rfc3339(x->before->taken * NS_SEC, from);
	time_rfc3339(x->after->taken * NS_SEC, to);
	if (x->json) {
		buf_adds(&x->out, buf_slice(&x->findings));
		buf_addz(&x->out, "{\"privilege_diff\":{\"host\":");
		buf_json(&x->out, x->after->host);
		buf_addf(&x->out, ",\"before\":\"%s\",\"after\":\"%s\",\"new_rights\":%zu,\"added\":%zu,\"removed\":%zu,\"changed\":%zu,\"not_comparable\":%zu,\"others\":[", from, to, x->rights, x->added,
			x->removed, x->changed, x->hidden);
		buf_adds(&x->out, buf_slice(&x->others));
		buf_addz(&x->out, "]}}\n");
		return;
	}
	buf_term(&x->out, x->after->host);
	buf_addf(&x->out, ", %s to %s: %zu new rights, %zu other differences", from, to, x->rights, x->added + x->removed + x->changed - x->rights);
	if (x->hidden)
		buf_addf(&x->out, "; %zu rows cannot be compared: one side could not read them", x->hidden);
	buf_addc(&x->out, '\n');
	buf_adds(&x->out, buf_slice(&x->findings));
	if (x->others.n)
		buf_addz(&x->out, x->findings.n ? "  besides:\n" : "");
	buf_adds(&x->out, buf_slice(&x->others));
}

static size_t compare(struct differing *x, const char *old, const char *new)
{
	struct err e;
	struct snapshot *before = snapshot_load(old, &e), *after = before ? snapshot_load(new, &e) : NULL;
	size_t found = 0;
	if (after) {
		x->before = before;
		x->after = after;
		x->rights = x->added = x->removed = x->changed = x->hidden = 0;
		x->findings.n = x->others.n = 0;
		if (!slice_eq(before->host, after->host))
			fprintf(stderr, "postern: these are snapshots of two machines\n");
		snapshot_compare(before, after, tell, x, &x->hidden);
		finish_host(x);
		found = x->rights;
	} else {
		complain_err(&e);
		x->rc = EXIT_INPUT;
	}
	snapshot_free(before);
	snapshot_free(after);
	return found;
}

/* ---- the newest two of each host in the state ------------------------------------------------------------------------------------------- */

static int is_snapshot(const struct dirent *d)
{
	return d->d_name[0] != '.' && slice_ends(slice_of(d->d_name), SL(".json"));
}

static int is_host(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static bool wanted(const struct args *a, const char *host)
{
	bool any = false;
	const char *name;
	for (size_t i = 0; (name = args_list(a, "host", i)); i++) {
		any = true;
		if (slice_ieq(slice_of(name), slice_of(host)))
			return true;
	}
	return !any;
}

static size_t compare_host(struct differing *x, const char *folder, const char *host, size_t *pairs)
{
	char path[4400], old[4700], new[4700];
	struct dirent **v = NULL;
	size_t found = 0;
	snprintf(path, sizeof path, "%s/%s", folder, host);
	int n = scandir(path, &v, is_snapshot, alphasort);
	if (n >= 2) {
		snprintf(old, sizeof old, "%s/%s", path, v[n - 2]->d_name);
		snprintf(new, sizeof new, "%s/%s", path, v[n - 1]->d_name);
		found = compare(x, old, new);
		++*pairs;
	}
	for (int i = 0; i < n; i++)
		free(v[i]);
	free(v);
	return found;
}

static size_t compare_state(struct differing *x, const char *folder)
{
	struct dirent **v = NULL;
	size_t found = 0, pairs = 0;
	int n = scandir(folder, &v, is_host, alphasort);
	if (n < 0) {
		complain("no snapshots in %s: %s; postern privilege collect --save makes them", folder, strerror(errno));
		x->rc = EXIT_INPUT;
		return 0;
	}
	for (int i = 0; i < n; i++) {
		if (wanted(x->a, v[i]->d_name))
			found += compare_host(x, folder, v[i]->d_name, &pairs);
		free(v[i]);
	}
	free(v);
	if (!pairs && !x->rc) {
		complain("no host in %s has two snapshots", folder);
		x->rc = EXIT_INPUT;
	}
	return found;
}

int privilege_cmd_diff(const struct args *a)
{
	char folder[4096];
	const char *format = args_get(a, "format");
	struct differing x = {.a = a, .json = format && strcmp(format, "json") == 0, .color = !args_get(a, "output") && term_color(STDOUT_FILENO, args_get(a, "color"))};
	if (a->noperands == 2 || (format && !x.json && strcmp(format, "text"))) {
		complain("privilege diff: name two snapshots, OLD and NEW, or none for the newest two of each host; --format is text or json");
		return EXIT_USAGE;
	}
	if (!state_file(a, "snapshots", folder, sizeof folder))
		return EXIT_USAGE;
	int rc = setup_confine(a);
	if (rc)
		return rc;
	size_t found = a->noperands == 3 ? compare(&x, a->operand[1], a->operand[2]) : compare_state(&x, folder);
	bool written = !x.out.n || write_out(args_get(a, "output"), buf_slice(&x.out));
	buf_free(&x.out);
	buf_free(&x.findings);
	buf_free(&x.others);
	return x.rc ? x.rc : !written ? EXIT_INPUT : found ? EXIT_CONDITION : EXIT_DONE;
}
