/* checks_packages.c - where programs come from, whether they are what was shipped, and whether they are new. */
#include "posture/checks.h"

enum posture_result check_pkg_signed(struct posture_host *h)
{
	host_reads(h, "apt");
	bool any = host_has_fact(h, "apt.source", NULL) || host_has_fact(h, "yum.repo", NULL);
	EACH_FACT(h, f, "apt.source.trusted")
		host_found(h, &f->at, "%.*s", SLFMT(f->value));
	EACH_FACT(h, f, "yum.repo")
		if (slice_has(f->value, SL("gpgcheck=0")) && !slice_has(f->value, SL("enabled=0")))
			host_found(h, &f->at, "%.*s", SLFMT(f->value));
	static const char *const settings[] = {"apt.conf APT::Get::AllowUnauthenticated", "apt.conf Acquire::AllowInsecureRepositories", "apt.conf Acquire::AllowWeakRepositories"};
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		EACH_FACT(h, f, settings[i])
			if (slice_ieq(f->value, SL("true")) || slice_eqz(f->value, "1") || slice_ieq(f->value, SL("yes")))
				host_found(h, &f->at, "%s %.*s", settings[i] + 9, SLFMT(f->value));
	if (!any && !h->found)
		return host_none(h, "no source of packages");
	return host_verdict(h, "only signed packages are taken", "packages are taken that nobody signed");
}

enum posture_result check_pkg_keyed(struct posture_host *h)
{
	char value[POSTURE_LINE_MAX];
	bool readable = host_reads(h, "apt");
	if (!host_has_fact(h, "apt.source", NULL))
		return host_none(h, "no apt source");
	size_t n = 0;
	EACH_FACT(h, f, "apt.source") {
		if (++n > POSTURE_PAIRS_MAX)
			host_unsure(h, "apt: more than %d sources", POSTURE_PAIRS_MAX);
		if (n > POSTURE_PAIRS_MAX || f->value.n >= sizeof value || !readable)
			continue;
		memcpy(value, f->value.n ? f->value.p : "", f->value.n);
		value[f->value.n] = '\0';
		bool own = slice_has(f->value, SL(".debian.org")) || slice_has(f->value, SL(".ubuntu.com"));
		if (!own && !host_has_fact(h, "apt.source.keyed", value))
			host_found(h, &f->at, "%.*s", SLFMT(f->value));
	}
	return host_verdict(h, "each foreign source has its own key", "whoever has any key that is believed here can sign for every source");
}

enum posture_result check_pkg_auto(struct posture_host *h)
{
	host_reads(h, "apt");
	if (!host_has_fact(h, "apt.source", NULL) && !host_has_fact(h, "yum.repo", NULL))
		return host_none(h, "no source of packages");
	struct slice on = host_value(h, "apt.conf APT::Periodic::Unattended-Upgrade", NULL);
	if (host_has_fact(h, "unattended.installed", "yes") && on.n && !slice_eqz(on, "0"))
		return host_verdict(h, "security updates are installed by themselves", "");
	if (slice_ieq(host_value(h, "yum.conf apply_updates", NULL), SL("yes")))
		return host_verdict(h, "security updates are installed by themselves", "");
	if (!h->unsure.n)
		host_found(h, NULL, "%s", host_has_fact(h, "unattended.installed", "yes") ? "unattended-upgrades is installed and not switched on" : "nothing installs security updates by itself");
	return host_verdict(h, "", "known holes stay open until somebody thinks of it");
}

enum posture_result check_pkg_security(struct posture_host *h)
{
	host_reads(h, "apt");
	host_reads(h, "os");
	if (!host_has_fact(h, "os.id", "debian") && !host_has_fact(h, "os.id", "ubuntu"))
		return host_none(h, "neither Debian nor Ubuntu");
	bool any = false;
	EACH_FACT(h, f, "apt.source")
		any |= slice_has(f->value, SL("-security"));
	if (!any && !h->unsure.n)
		host_found(h, NULL, "no source has security updates");
	return host_verdict(h, "security updates have a source", "security updates never arrive");
}

/* Until when everybody gets security updates: Debian with its LTS (security.debian.org, wiki.debian.org/LTS), Ubuntu without ESM, RHEL and its like without ELS. */
enum posture_result check_pkg_os(struct posture_host *h)
{
	static const struct { const char *id, *version; int year; unsigned month, day; } rows[] = {
		{"debian", "10", 2024, 6, 30}, {"debian", "11", 2026, 8, 31}, {"debian", "12", 2028, 6, 30}, {"debian", "13", 2030, 6, 30}, {"ubuntu", "18.04", 2023, 5, 31}, {"ubuntu", "20.04", 2025, 5, 31},
		{"ubuntu", "22.04", 2027, 4, 30}, {"ubuntu", "24.04", 2029, 4, 30}, {"centos", "7", 2024, 6, 30}, {"centos", "8", 2021, 12, 31}, {"rhel", "7", 2024, 6, 30}, {"rhel", "8", 2029, 5, 31},
		{"rhel", "9", 2032, 5, 31}, {"rocky", "8", 2029, 5, 31}, {"rocky", "9", 2032, 5, 31}, {"almalinux", "8", 2029, 3, 1}, {"almalinux", "9", 2032, 5, 31}};
	struct snap_at at = {0};
	host_reads(h, "os");
	struct slice id = host_value(h, "os.id", &at), version = host_value(h, "os.version", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice v = slice_of(rows[i].version);
		bool same = slice_eq(version, v) || (slice_starts(version, v) && version.n > v.n && version.p[v.n] == '.' && slice_chr(v, '.') < 0);
		if (!slice_eqz(id, rows[i].id) || !same)
			continue;
		if (h->opt->now / 86400 > days_from_civil(rows[i].year, rows[i].month, rows[i].day))
			host_found(h, &at, "%.*s %.*s: security support ended %d-%02u-%02u", SLFMT(id), SLFMT(version), rows[i].year, rows[i].month, rows[i].day);
		return host_verdict(h, "the system still gets security updates", "no more security updates are made for this system");
	}
	host_unsure(h, "os: until when %.*s %.*s gets security updates is not known here", SLFMT(id), SLFMT(version));
	return host_verdict(h, "", "");
}

enum posture_result check_pkg_reboot(struct posture_host *h)
{
	host_reads(h, "reboot");
	EACH_FACT(h, f, "reboot.required")
		host_found(h, &f->at, "%.*s", SLFMT(slice_to(f->value, 120)));
	return host_verdict(h, "the kernel and libraries that run are those installed", "updates are installed, and what runs is the old version");
}

enum posture_result check_pkg_changed(struct posture_host *h)
{
	host_reads(h, "package.changed");
	EACH_FACT(h, f, "package.changed")
		host_found(h, &f->at, "%.*s", SLFMT(f->value));
	if (!h->found && !h->unsure.n && !host_has_fact(h, "package.checked", NULL))
		return host_none(h, "no package list to compare with");
	return host_verdict(h, "sshd, sudo and PAM are what the distribution shipped", "a program that checks passwords is not the one that was shipped");
}

enum posture_result check_pkg_folder(struct posture_host *h)
{
	host_reads(h, "patch");
	if (!host_has_fact(h, "patch.folder", NULL))
		return host_none(h, "no folder from which other machines are served");
	EACH_FACT(h, f, "patch.folder") {
		struct slice mode = word_of(f->value, 1);
		if (mode.n < 3)
			continue;
		if (((mode.p[mode.n - 1] - '0') & 2) || !slice_eqz(word_of(f->value, 2), "root") || (((mode.p[mode.n - 2] - '0') & 2) && !slice_eqz(word_of(f->value, 3), "root")))
			host_found(h, &f->at, "%.*s", SLFMT(f->value));
	}
	host_reads(h, "writable");
	size_t n = 0;
	EACH_FACT(h, f, "patch.folder") {
		if (++n > POSTURE_PAIRS_MAX) {
			host_unsure(h, "patch: more than %d folders", POSTURE_PAIRS_MAX);
			break;
		}
		for (size_t i = 0; i < h->s->nwritables; i++)
			if (slice_starts(h->s->writables[i].at.file, word_of(f->value, 0)))
				host_found(h, &h->s->writables[i].at, "%.*s can write it", SLFMT(h->s->writables[i].by));
	}
	return host_verdict(h, "only root writes where programs for other machines come from", "who is not root decides what other machines run");
}

/* A patch server: what goes out must be looked at. */
static bool distributes(struct posture_host *h)
{
	host_reads(h, "patch");
	return host_has_fact(h, "patch.folder", NULL) || host_has_fact(h, "patch.config", NULL);
}

enum posture_result check_pkg_release(struct posture_host *h)
{
	const struct posture_gate *g = h->opt->gate;
	bool patches = distributes(h);
	if (!patches && !(g && g->known && g->release_folders > 0))
		return host_none(h, "nothing is distributed from here");
	if (!g || g->release_folders < 0)
		host_unsure(h, "whether the release gate looks after its folders is not known (--state, release.yaml)");
	else if (!g->release_folders)
		host_found(h, NULL, "no folder is looked after (release.yaml)");
	return host_verdict(h, "what goes to other machines needs two signatures", "what is put into a folder goes to every machine, whoever put it there");
}

enum posture_result check_pkg_signers(struct posture_host *h)
{
	const struct posture_gate *g = h->opt->gate;
	if (!distributes(h) && !(g && g->known && g->release_folders > 0))
		return host_none(h, "nothing is distributed from here");
	if (!g || g->release_signers < 0)
		host_unsure(h, "who may sign is not known (release.yaml)");
	else if (g->release_signers < 3)
		host_found(h, NULL, "%lld people may sign: with two, one who is ill stops every patch, and is then gone around", (long long)g->release_signers);
	return host_verdict(h, "enough people may sign", "there are too few people to sign");
}
