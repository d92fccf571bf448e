/* checks_sudo.c - sudo and doas: who becomes root, with what, and what is left of it in the log. */
#include "posture/checks.h"

#include <stdio.h>

static bool sudo_here(struct posture_host *h)
{
	host_reads(h, "sudo");
	return h->s->nsudo > 0;
}

/* "alice, %wheel" of a rule. */
static struct slice who_of(struct posture_host *h, const struct snap_sudo *r)
{
	struct buf b = {0};
	for (size_t i = 0; i < r->who.n && b.n < 80; i++) {
		if (i)
			buf_addz(&b, ", ");
		buf_adds(&b, slice_to(r->who.v[i], 60));
	}
	struct slice s = slice_dup(h->mem, buf_slice(&b));
	buf_free(&b);
	return s;
}

static bool only_root(const struct snap_sudo *r)
{
	for (size_t i = 0; i < r->who.n; i++)
		if (!slice_eqz(r->who.v[i], "root") && !slice_eqz(r->who.v[i], "#0"))
			return false;
	return r->who.n > 0;
}

enum posture_result check_sudo_provider(struct posture_host *h)
{
	bool some = host_has_covered(h);
	if (!sudo_here(h))
		return host_none(h, "sudo gives nobody anything");
	if (!some)
		return host_none(h, "no account is a provider's");
	for (size_t i = 0; i < h->s->nsudo; i++) {
		const struct snap_sudo *r = &h->s->sudo[i];
		const char *why = "";
		bool full = sudo_all(r);
		for (size_t c = 0; c < r->commands.n && !full; c++)
			full = sudo_full(r->commands.v[c], &why);
		for (size_t k = 0; k < h->covered.n && full; k++) {
			const struct snap_account *a = host_account(h, h->covered.v[k]);
			if (a && sudo_for(h, r, a))
				host_found(h, &r->at, "%.*s becomes root%s%s", SLFMT(a->name), *why ? ": " : "", why);
		}
	}
	return host_verdict(h, "no provider becomes root by sudo", "a provider's account becomes root");
}

enum posture_result check_sudo_nopasswd(struct posture_host *h)
{
	if (!sudo_here(h))
		return host_none(h, "sudo gives nobody anything");
	for (size_t i = 0; i < h->s->nsudo; i++) {
		const struct snap_sudo *r = &h->s->sudo[i];
		const char *why = "";
		bool full = sudo_all(r);
		for (size_t c = 0; c < r->commands.n && !full; c++)
			full = sudo_full(r->commands.v[c], &why);
		if (r->nopasswd == SNAP_YES && full && !only_root(r))
			host_found(h, &r->at, "%.*s: NOPASSWD, as good as root%s%s", SLFMT(who_of(h, r)), *why ? ": " : "", why);
	}
	host_reads(h, "sudo_default");
	for (size_t i = 0; i < h->s->nsudo_defaults; i++) {
		const struct snap_sudo_default *d = &h->s->sudo_defaults[i];
		if (slice_eqz(d->name, "authenticate") && slice_eqz(d->value, "false"))
			host_found(h, &d->at, "Defaults%s%.*s !authenticate", d->scope.n ? " " : "", SLFMT(d->scope));
	}
	return host_verdict(h, "who becomes root proves who it is", "whoever sits in the session becomes root");
}

enum posture_result check_sudo_full(struct posture_host *h)
{
	if (!sudo_here(h))
		return host_none(h, "sudo gives nobody anything");
	for (size_t i = 0; i < h->s->nsudo; i++) {
		const struct snap_sudo *r = &h->s->sudo[i];
		if (only_root(r) || sudo_all(r))
			continue;
		for (size_t c = 0; c < r->commands.n; c++) {
			const char *why = "";
			struct slice cmd = r->commands.v[c];
			if (sudo_full(cmd, &why))
				host_found(h, &r->at, "%.*s: %.*s: %s", SLFMT(who_of(h, r)), SLFMT(slice_to(cmd, 80)), why);
			else if (slice_has(cmd, SL("*")) && !slice_starts(cmd, SL("!")))
				host_found(h, &r->at, "%.*s: %.*s: * stands for any words, also for options", SLFMT(who_of(h, r)), SLFMT(slice_to(cmd, 80)));
		}
	}
	return host_verdict(h, "single commands of sudo are no more than they say", "a rule that looks small is as good as root");
}

enum posture_result check_sudo_negated(struct posture_host *h)
{
	if (!sudo_here(h))
		return host_none(h, "sudo gives nobody anything");
	for (size_t i = 0; i < h->s->nsudo; i++) {
		const struct snap_sudo *r = &h->s->sudo[i];
		for (size_t c = 0; c < r->commands.n; c++)
			if (slice_starts(r->commands.v[c], SL("!")) && !slice_eqz(r->commands.v[c], "!ALL"))
				host_found(h, &r->at, "%.*s: %.*s", SLFMT(who_of(h, r)), SLFMT(slice_to(r->commands.v[c], 80)));
	}
	return host_verdict(h, "no rule counts on forbidding single commands", "a forbidden command is run under another name");
}

enum posture_result check_sudo_end(struct posture_host *h)
{
	bool some = host_has_covered(h);
	if (!sudo_here(h))
		return host_none(h, "sudo gives nobody anything");
	bool any = false;
	for (size_t i = 0; i < h->s->nsudo; i++)
		for (size_t k = 0; k < h->covered.n; k++) {
			const struct snap_account *a = host_account(h, h->covered.v[k]);
			if (!a || !sudo_for(h, &h->s->sudo[i], a))
				continue;
			any = true;
			if (!h->s->sudo[i].not_after.n)
				host_found(h, &h->s->sudo[i].at, "%.*s: no NOTAFTER", SLFMT(a->name));
		}
	if (!any)
		return host_none(h, some ? "no rule of sudo is for a provider" : "no account is a provider's");
	return host_verdict(h, "rights of providers end by themselves", "a provider's right has no end");
}

/* Last value of a setting that holds for everybody; empty: not set. */
static struct slice default_of(struct posture_host *h, const char *name, struct snap_at *at)
{
	struct slice v = SLICE_NONE;
	for (size_t i = 0; i < h->s->nsudo_defaults; i++)
		if (!h->s->sudo_defaults[i].scope.n && slice_eqz(h->s->sudo_defaults[i].name, name)) {
			v = h->s->sudo_defaults[i].value;
			if (at)
				*at = h->s->sudo_defaults[i].at;
		}
	return v;
}

static bool is_on(struct slice v)
{
	return v.n && !slice_eqz(v, "false") && !slice_eqz(v, "no");
}

enum posture_result check_sudo_defaults(struct posture_host *h)
{
	struct snap_at at = {0};
	uint64_t minutes;
	host_reads(h, "sudo_default");
	if (!sudo_here(h))
		return host_none(h, "sudo gives nobody anything");
	bool readable = !h->unsure.n;
	if (!is_on(default_of(h, "use_pty", &at)) && readable)
		host_found(h, &at, "use_pty is not set: what is started can type into the terminal it came from");
	struct slice path = default_of(h, "secure_path", &at);
	if (!is_on(path) && readable)
		host_found(h, &at, "secure_path is not set: root takes programs from the caller's PATH");
	struct slice t = default_of(h, "timestamp_timeout", &at);
	if (slice_starts(t, SL("-")) || (slice_u64(t, UINT32_MAX, &minutes) && minutes > 15))
		host_found(h, &at, "timestamp_timeout %.*s", SLFMT(t));
	for (size_t i = 0; i < h->s->nsudo_defaults; i++) {
		const struct snap_sudo_default *d = &h->s->sudo_defaults[i];
		if (slice_eqz(d->name, "env_reset") && slice_eqz(d->value, "false"))
			host_found(h, &d->at, "!env_reset");
		if (slice_eqz(d->name, "setenv") && is_on(d->value))
			host_found(h, &d->at, "setenv: the caller sets variables of root's");
		if (slice_eqz(d->name, "env_keep") && (slice_has(d->value, SL("LD_")) || slice_has(d->value, SL("BASH_ENV")) || slice_has(d->value, SL("PYTHONPATH")) || slice_has(d->value, SL("PERL5"))))
			host_found(h, &d->at, "env_keep %.*s", SLFMT(d->value));
		if ((slice_eqz(d->name, "targetpw") || slice_eqz(d->name, "rootpw") || slice_eqz(d->name, "visiblepw")) && is_on(d->value))
			host_found(h, &d->at, "%.*s", SLFMT(d->name));
	}
	return host_verdict(h, "sudo keeps the caller's terminal and environment away from root", "what the caller has set reaches into what root runs");
}

enum posture_result check_sudo_log(struct posture_host *h)
{
	static const char *const names[] = {"log_output", "log_input", "log_subcmds", "log_servers"};
	host_reads(h, "sudo_default");
	if (!sudo_here(h))
		return host_none(h, "sudo gives nobody anything");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (is_on(default_of(h, names[i], NULL)))
			return host_verdict(h, "what root's shells do is kept", "");
	host_reads(h, "auditd");
	bool executed = false;
	EACH_FACT(h, f, "auditd.rule")
		executed |= slice_has(f->value, SL("execve"));
	if (!executed && !h->unsure.n)
		host_found(h, NULL, "neither log_output, log_input nor log_subcmds, and no audit rule for execve");
	return host_verdict(h, "the audit log says what was run", "of \"sudo -i\" the log says that, and nothing of what followed");
}

enum posture_result check_sudo_files(struct posture_host *h)
{
	host_reads(h, "sudo");
	host_reads(h, "sudoers");
	host_reads(h, "writable");
	for (size_t i = 0; i < h->s->nfacts; i++) {
		const struct snap_fact *f = &h->s->facts[i];
		if (slice_eqz(f->name, "sudoers.ignored"))
			host_found(h, &f->at, "%.*s: sudo skips it for its name", SLFMT(f->value));
		if (!slice_eqz(f->name, "sudoers.file"))
			continue;
		struct slice mode = word_of(f->value, 1);
		if (mode.n < 3)
			continue;
		if (!slice_eqz(word_of(f->value, 2), "root") || ((mode.p[mode.n - 1] - '0') & 6) || ((mode.p[mode.n - 2] - '0') & 2))
			host_found(h, &f->at, "%.*s", SLFMT(f->value));
	}
	for (size_t i = 0; i < h->s->nwritables; i++)
		if (slice_ihas(h->s->writables[i].used_by, SL("sudo rule")) || slice_ihas(h->s->writables[i].used_by, SL("sudoers")))
			host_found(h, &h->s->writables[i].at, "%.*s can write it: %.*s", SLFMT(h->s->writables[i].by), SLFMT(h->s->writables[i].used_by));
	if (!h->found && !h->s->nsudo && !host_has_fact(h, "sudoers.file", NULL))
		return host_none(h, "no sudoers file");
	return host_verdict(h, "rules of sudo and what they run are root's to write", "somebody can change what sudo allows, or what it runs");
}

enum posture_result check_doas(struct posture_host *h)
{
	host_reads(h, "doas");
	if (!h->s->ndoas)
		return host_none(h, "no doas.conf");
	for (size_t i = 0; i < h->s->ndoas; i++) {
		const struct snap_doas *d = &h->s->doas[i];
		for (size_t k = 0; k < d->options.n && slice_eqz(d->action, "permit"); k++)
			if (slice_eqz(d->options.v[k], "nopass") || slice_starts(d->options.v[k], SL("keepenv")) || slice_eqz(d->options.v[k], "nolog"))
				host_found(h, &d->at, "%.*s: %.*s", SLFMT(d->who), SLFMT(d->options.v[k]));
	}
	return host_verdict(h, "doas asks, logs and keeps variables out", "doas does not ask, does not log, or lets variables through");
}
