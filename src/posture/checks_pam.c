/* checks_pam.c - PAM: is the gate asked, does anything let through beside it, how are guesses slowed down. */
#include "posture/checks.h"

#define NO_PAM "no PAM here"

static bool module_is(const struct snap_pam *p, const char *name)
{
	return slice_eqz(slice_basename(p->module), name);
}

static bool row(const struct snap_pam *p, const char *service, const char *type)
{
	struct slice t = p->type;
	if (slice_starts(t, SL("-")))
		t = slice_from(t, 1);
	return slice_eqz(p->service, service) && (!type || slice_eqz(t, type));
}

static bool has_service(const struct posture_host *h, const char *service)
{
	for (size_t i = 0; i < h->s->npam; i++)
		if (slice_eqz(h->s->pam[i].service, service))
			return true;
	return false;
}

/* The line of a file that several services include is told once. */
static bool told_before(struct strtab *told, const struct snap_pam *p)
{
	return p->at.line > 0 && !first_time(told, p->at.file, p->module, p->arguments, p->at.line);
}

/* Does an earlier line end the stack with a success? */
static bool ends_well(const struct snap_pam *p)
{
	return slice_eqz(p->control, "sufficient") || slice_has(p->control, SL("success=done")) || slice_has(p->control, SL("success=end"));
}

/* The gate's line in one stack, before anything that lets through. */
static void gate_in(struct posture_host *h, const char *service, const char *type)
{
	const struct snap_pam *early = NULL;
	for (size_t i = 0; i < h->s->npam; i++) {
		const struct snap_pam *p = &h->s->pam[i];
		if (!row(p, service, type))
			continue;
		if (!module_is(p, "pam_postern.so")) {
			if (!early && ends_well(p))
				early = p;
			continue;
		}
		if (slice_starts(p->type, SL("-")) || slice_eqz(p->control, "optional") || slice_eqz(p->control, "sufficient"))
			host_found(h, &p->at, "%s %s: pam_postern.so is %s%.*s: when it is missing or denies, the rest goes on", service, type, slice_starts(p->type, SL("-")) ? "-" : "", SLFMT(p->control));
		if (early)
			host_found(h, &early->at, "%s %s: %.*s ends the stack before the gate is asked", service, type, SLFMT(early->module));
		return;
	}
	if (!snapshot_is_missing(h->s, "pam"))
		host_found(h, NULL, "%s: no pam_postern.so in %s", service, type);
}

enum posture_result check_pam_gate(struct posture_host *h)
{
	bool some = host_has_covered(h);
	host_reads(h, "pam");
	if (!has_service(h, "sshd"))
		return host_none(h, "no PAM service sshd");
	if (!some)
		return host_none(h, "no account is a provider's");
	gate_in(h, "sshd", "auth");
	gate_in(h, "sshd", "account");
	gate_in(h, "sshd", "session");
	return host_verdict(h, "PAM asks the gate at every login", "a login passes PAM without the gate");
}

enum posture_result check_pam_gate_more(struct posture_host *h)
{
	static const char *const services[] = {"sudo", "sudo-i", "su", "su-l", "cron", "crond"};
	bool some = host_has_covered(h), any = false;
	host_reads(h, "pam");
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		any |= has_service(h, services[i]);
	if (!any || !some)
		return host_none(h, any ? "no account is a provider's" : NO_PAM);
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (has_service(h, services[i]))
			gate_in(h, services[i], "account");
	return host_verdict(h, "sudo, su and cron ask the gate", "a session whose grant has ended can still use sudo, su or cron");
}

/* Of a stack that decides who somebody is. */
static bool lets_in(const struct snap_pam *p)
{
	static const char *const services[] = {"sshd", "login", "sudo", "su", "common-auth", "system-auth", "password-auth"};
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (row(p, services[i], "auth"))
			return true;
	return false;
}

enum posture_result check_pam_open(struct posture_host *h)
{
	host_reads(h, "pam");
	if (!h->s->npam)
		return host_none(h, NO_PAM);
	struct strtab *told = strtab_new();
	for (size_t i = 0; i < h->s->npam; i++) {
		const struct snap_pam *p = &h->s->pam[i];
		if (!lets_in(p) || told_before(told, p))
			continue;
		if (module_is(p, "pam_unix.so") && has_word(p->arguments, ' ', "nullok"))
			host_found(h, &p->at, "%.*s: pam_unix.so nullok: an empty password is good", SLFMT(p->service));
		if (module_is(p, "pam_permit.so") && slice_eqz(p->control, "sufficient"))
			host_found(h, &p->at, "%.*s: pam_permit.so sufficient: everybody is let through", SLFMT(p->service));
		if (module_is(p, "pam_rhosts.so") || (module_is(p, "pam_wheel.so") && has_word(p->arguments, ' ', "trust")))
			host_found(h, &p->at, "%.*s: %.*s lets in without a password", SLFMT(p->service), SLFMT(p->module));
	}
	strtab_free(told);
	return host_verdict(h, "PAM lets nobody through without proof", "PAM lets somebody through without proof");
}

enum posture_result check_pam_env(struct posture_host *h)
{
	host_reads(h, "pam");
	if (!h->s->npam)
		return host_none(h, NO_PAM);
	struct strtab *told = strtab_new();
	for (size_t i = 0; i < h->s->npam; i++) {
		const struct snap_pam *p = &h->s->pam[i];
		if (module_is(p, "pam_env.so") && !told_before(told, p) && has_word(p->arguments, ' ', "user_readenv=1"))
			host_found(h, &p->at, "%.*s: pam_env.so user_readenv=1", SLFMT(p->service));
	}
	strtab_free(told);
	return host_verdict(h, "no file of a home sets variables before the session", "~/.pam_environment sets variables (LD_PRELOAD) before the session starts");
}

enum posture_result check_pam_loginuid(struct posture_host *h)
{
	static const struct { const char *service; bool wanted; } rows[] = {
		{"sshd", true}, {"login", true}, {"cron", true}, {"crond", true}, {"sudo", false}, {"sudo-i", false}, {"su", false}, {"su-l", false}};
	host_reads(h, "pam");
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct snap_pam *has = NULL;
		for (size_t k = 0; k < h->s->npam; k++)
			if (row(&h->s->pam[k], rows[i].service, "session") && module_is(&h->s->pam[k], "pam_loginuid.so"))
				has = &h->s->pam[k];
		if (!has_service(h, rows[i].service))
			continue;
		any = true;
		if (rows[i].wanted && !has && !h->unsure.n)
			host_found(h, NULL, "%s: session without pam_loginuid.so", rows[i].service);
		else if (!rows[i].wanted && has)
			host_found(h, &has->at, "%s: pam_loginuid.so: who logged in is forgotten", rows[i].service);
	}
	if (!any)
		return host_none(h, NO_PAM);
	return host_verdict(h, "the kernel keeps who logged in, through sudo and su", "the kernel does not keep who logged in: the audit log names the wrong one");
}

static bool argument_over(struct slice args, const char *name, uint64_t most)
{
	struct slice word;
	uint64_t n;
	while (slice_word(&args, &word))
		if (slice_starts(word, slice_of(name)) && slice_u64(slice_from(word, strlen(name)), UINT32_MAX, &n))
			return n > most;
	return false;
}

enum posture_result check_pam_factor(struct posture_host *h)
{
	bool any = false;
	host_reads(h, "pam");
	for (size_t i = 0; i < h->s->npam; i++) {
		const struct snap_pam *p = &h->s->pam[i];
		bool duo = module_is(p, "pam_duo.so"), google = module_is(p, "pam_google_authenticator.so"), oath = module_is(p, "pam_oath.so"), u2f = module_is(p, "pam_u2f.so");
		if (!duo && !google && !oath && !u2f)
			continue;
		any = true;
		if (google && has_word(p->arguments, ' ', "nullok"))
			host_found(h, &p->at, "%.*s: who has not enrolled needs no code (nullok)", SLFMT(p->service));
		if (google && !slice_has(p->arguments, SL("secret=")))
			host_found(h, &p->at, "%.*s: the seed lies in the home, where its owner, or a thief, can read it", SLFMT(p->service));
		if (google && slice_has(p->arguments, SL("grace_period=")))
			host_found(h, &p->at, "%.*s: no code is asked within grace_period", SLFMT(p->service));
		if (oath && argument_over(p->arguments, "window=", 5))
			host_found(h, &p->at, "%.*s: codes of more than 5 steps are good", SLFMT(p->service));
		if (u2f && has_word(p->arguments, ' ', "nouserok"))
			host_found(h, &p->at, "%.*s: who has not enrolled needs no key (nouserok)", SLFMT(p->service));
		if (slice_eqz(p->control, "optional"))
			host_found(h, &p->at, "%.*s: %.*s is optional", SLFMT(p->service), SLFMT(p->module));
	}
	if (!any)
		return host_none(h, "no other module asks for a second factor");
	return host_verdict(h, "the second factor cannot be passed by", "the second factor can be passed by, or its seed read");
}

enum posture_result check_pam_lockout(struct posture_host *h)
{
	host_reads(h, "pam");
	host_reads(h, "faillock");
	host_reads(h, "tool");
	if (!h->s->npam)
		return host_none(h, NO_PAM);
	for (size_t i = 0; i < h->s->npam; i++)
		if (module_is(&h->s->pam[i], "pam_faillock.so") || module_is(&h->s->pam[i], "pam_tally2.so"))
			return host_verdict(h, "wrong passwords lock an account for a while", "");
	if (host_has_fact(h, "tool fail2ban-server", NULL) || host_has_fact(h, "tool sshguard", NULL))
		return host_verdict(h, "addresses that guess are blocked", "");
	if (!h->unsure.n)
		host_found(h, NULL, "neither pam_faillock.so nor fail2ban or sshguard");
	return host_verdict(h, "", "passwords can be guessed without end");
}

enum posture_result check_pam_quality(struct posture_host *h)
{
	bool checks = false;
	uint64_t least = 0, n;
	host_reads(h, "pam");
	host_reads(h, "pwquality");
	if (!h->s->npam)
		return host_none(h, NO_PAM);
	struct slice configured = host_value(h, "pwquality minlen", NULL);
	if (slice_u64(configured, 1000, &n))
		least = n;
	for (size_t i = 0; i < h->s->npam; i++) {
		const struct snap_pam *p = &h->s->pam[i];
		struct slice args = p->arguments, word;
		checks |= module_is(p, "pam_pwquality.so") || module_is(p, "pam_passwdqc.so") || module_is(p, "pam_cracklib.so");
		while (module_is(p, "pam_pwquality.so") && slice_word(&args, &word))
			if (slice_starts(word, SL("minlen=")) && slice_u64(slice_from(word, 7), 1000, &n))
				least = n;
	}
	if (!checks && !h->unsure.n)
		host_found(h, NULL, "no module looks at new passwords");
	else if (checks && least && least < 12)
		host_found(h, NULL, "a new password has at least %llu characters (12)", (unsigned long long)least);
	else if (checks && !least && host_has_fact(h, "pwquality minlen", NULL))
		host_found(h, NULL, "pwquality minlen cannot be read");
	return host_verdict(h, "new passwords are looked at", "new passwords may be short or well known");
}

enum posture_result check_pam_hash(struct posture_host *h)
{
	static const char *const good[] = {"yescrypt", "gost_yescrypt", "sha512", "sha256", "blowfish"};
	host_reads(h, "pam");
	host_reads(h, "login.defs");
	bool any = false;
	struct strtab *told = strtab_new();
	for (size_t i = 0; i < h->s->npam; i++) {
		const struct snap_pam *p = &h->s->pam[i];
		struct slice t = p->type;
		if (!module_is(p, "pam_unix.so") || !slice_has(t, SL("password")) || told_before(told, p))
			continue;
		bool fine = false;
		for (size_t k = 0; k < ARRAY_LEN(good); k++)
			fine |= has_word(p->arguments, ' ', good[k]);
		any = true;
		if (has_word(p->arguments, ' ', "md5") || has_word(p->arguments, ' ', "bigcrypt") || !fine)
			host_found(h, &p->at, "%.*s: pam_unix.so %.*s", SLFMT(p->service), SLFMT(p->arguments));
	}
	strtab_free(told);
	if (!any)
		return host_none(h, "PAM changes no passwords here");
	return host_verdict(h, "passwords are kept with a slow hash", "passwords are kept with a hash that is quickly guessed, or not named");
}
