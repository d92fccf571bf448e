/* packages.c - what package managers write: dpkg.log, apt's history.log, yum.log, dnf.rpm.log, pacman.log.
 * Source: dpkg src/main/log.c (log_message) and deb-version(7); apt apt-pkg/deb/dpkgpm.cc (WriteHistoryTag);
 * yum's rpmtrans.py, dnf's "dnf.rpm" logger; pacman's src/util alpm log callbacks. */
#include "decode/decode_private.h"

#include <string.h>

enum { HISTORY_MAX = 4096 }; /* packages taken from one line: a full-upgrade has about 2000 */

struct package {
	struct slice name, arch, version, old;
};

static bool is_none(struct slice s)
{
	return !s.n || slice_eq(s, SL("<none>"));
}

static enum decoded emit(struct decoder *d, struct dline *l, struct slice dataset, enum action a, enum outcome o, const struct package *p)
{
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, dataset, a, o);
	event_add(d->out, e, F_PACKAGE_NAME, p->name);
	if (p->arch.n)
		event_add(d->out, e, F_PACKAGE_ARCH, p->arch);
	if (!is_none(p->version))
		event_add(d->out, e, F_PACKAGE_VERSION, p->version);
	if (!is_none(p->old))
		event_add(d->out, e, F_PACKAGE_OLD, p->old);
	return DECODED_EVENT;
}

static enum decoded note(struct decoder *d, struct dline *l, struct slice dataset, enum field_id f, struct slice text, enum action a)
{
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, dataset, a, OUTCOME_NONE);
	if (text.n)
		event_add(d->out, e, f, text);
	return DECODED_EVENT;
}

/* "nmap:amd64" */
static struct slice cut_arch(struct slice s, struct slice *arch)
{
	ssize_t colon = slice_chr(s, ':');
	*arch = colon < 0 ? SLICE_NONE : slice_from(s, (size_t)colon + 1);
	return colon < 0 ? s : slice_to(s, (size_t)colon);
}

static bool is_package(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if ((unsigned)((c | 0x20) - 'a') > 25 && (unsigned)(c - '0') > 9 && !strchr("+-._:", c))
			return false;
		if (!c)
			return false;
	}
	return s.n > 1;
}

/* ---- dpkg.log ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	unsigned fields; /* behind the word */
	enum action action;
	bool old_first;  /* "old new" versions */
} dpkg_words[] = {
	{"install", 3, ACT_PKG_INSTALLED, true},  {"upgrade", 3, ACT_PKG_UPDATED, true}, {"remove", 3, ACT_PKG_REMOVED, true},
	{"purge", 3, ACT_PKG_REMOVED, true},      {"disappear", 3, ACT_NOTICE, true},    {"configure", 3, ACT_NOTICE, false},
	{"trigproc", 3, ACT_NOTICE, false},       {"status", 3, ACT_NOTICE, false},      {"startup", 2, ACT_NOTICE, false},
	{"conffile", 2, ACT_NOTICE, false},
};

static enum decoded line_dpkg(struct decoder *d, struct dline *l, struct slice s)
{
	struct slice word[5];
	unsigned n = 0;
	while (n < ARRAY_LEN(word) && slice_word(&s, &word[n]))
		n++;
	for (size_t i = 0; i < ARRAY_LEN(dpkg_words); i++) {
		if (!n || !slice_eqz(word[0], dpkg_words[i].word) || n - 1 != dpkg_words[i].fields)
			continue;
		l->program = SL("dpkg");
		if (dpkg_words[i].fields == 2) /* "startup archives unpack", "conffile ./etc/x keep" */
			return note(d, l, SL("dpkg"), F_MESSAGE, word[1], ACT_NOTICE);
		bool status = slice_eq(word[0], SL("status"));
		struct package p = {.old = word[2], .version = word[3]};
		p.name = cut_arch(status ? word[2] : word[1], &p.arch);
		if (!is_package(p.name))
			return DECODED_NO_FORMAT;
		if (status || !dpkg_words[i].old_first) {
			p.version = status ? word[3] : word[2];
			p.old = SLICE_NONE;
		}
		return emit(d, l, SL("dpkg"), dpkg_words[i].action, OUTCOME_NONE, &p);
	}
	return DECODED_NO_FORMAT;
}

/* ---- apt history.log ----------------------------------------------------------------------------------------- */

/* "nmap:amd64 (7.93, automatic), tor:amd64 (0.4, 0.5)": an event a package. */
static enum decoded history_list(struct decoder *d, struct dline *l, struct slice s, enum action a)
{
	enum decoded r = DECODED_NO_FORMAT;
	for (int i = 0; i < HISTORY_MAX && s.n; i++) {
		struct package p = {0};
		struct slice head, in, next;
		if (!slice_cut(&s, '(', &head) || !slice_cut(&s, ')', &in))
			break;
		p.name = cut_arch(slice_trim(head), &p.arch);
		if (!is_package(p.name))
			break;
		next = in;
		struct slice first = in;
		bool second = slice_cut(&next, ',', &first);
		next = slice_trim(next);
		p.version = first;
		if (second && !slice_eq(next, SL("automatic"))) {
			p.old = first;
			p.version = next;
		}
		r = emit(d, l, SL("apt"), a, OUTCOME_SUCCESS, &p);
		if (r == DECODED_UNWANTED)
			return r;
		if (s.n > 1 && s.p[0] == ',')
			s = slice_from(s, 2);
	}
	return r;
}

/* "2026-05-04  06:25:01" */
static bool history_time(struct decoder *d, struct dline *l, struct slice s)
{
	char tmp[19];
	if (s.n != 20 || s.p[10] != ' ' || s.p[11] != ' ')
		return false;
	memcpy(tmp, s.p, 10);
	memcpy(tmp + 10, s.p + 11, 9);
	struct slice t = slice_make(tmp, sizeof tmp);
	return time_iso(d, &t, l);
}

/* "alice (1000)" */
static enum decoded history_user(struct decoder *d, struct dline *l, struct slice s)
{
	struct slice id = s, name;
	if (!slice_cut(&id, '(', &name) || !slice_ends(id, SL(")")))
		return DECODED_NO_FORMAT;
	if (!decode_wanted(d, l, ACT_NOTICE))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("apt"), ACT_NOTICE, OUTCOME_NONE);
	event_add(d->out, e, F_USER_NAME, slice_trim(name));
	event_add(d->out, e, F_USER_ID, slice_to(id, id.n - 1));
	return DECODED_EVENT;
}

enum history { H_START, H_END, H_COMMAND, H_USER, H_LIST, H_NOTE };
static const struct {
	const char *key;
	enum history kind;
	enum action action;
} history_keys[] = {
	{"Start-Date: ", H_START, ACT_NOTICE},       {"End-Date: ", H_END, ACT_NOTICE},          {"Commandline: ", H_COMMAND, ACT_COMMAND},
	{"Requested-By: ", H_USER, ACT_NOTICE},      {"Install: ", H_LIST, ACT_PKG_INSTALLED},   {"Reinstall: ", H_LIST, ACT_PKG_INSTALLED},
	{"Upgrade: ", H_LIST, ACT_PKG_UPDATED},      {"Downgrade: ", H_LIST, ACT_PKG_UPDATED},   {"Remove: ", H_LIST, ACT_PKG_REMOVED},
	{"Purge: ", H_LIST, ACT_PKG_REMOVED},        {"Error: Sub-process ", H_NOTE, ACT_ERROR},
};

/* The lines behind Start-Date have no time of their own. */
static enum decoded line_history(struct decoder *d, struct dline *l)
{
	for (size_t i = 0; i < ARRAY_LEN(history_keys); i++) {
		struct slice key = slice_of(history_keys[i].key);
		if (!slice_starts(l->raw, key))
			continue;
		struct slice rest = slice_trim(slice_from(l->raw, key.n));
		l->program = SL("apt");
		if (history_keys[i].kind == H_START || history_keys[i].kind == H_END) {
			if (!history_time(d, l, rest))
				return DECODED_NO_FORMAT;
			return note(d, l, SL("apt"), F_NONE, SLICE_NONE, ACT_NOTICE);
		}
		l->time = d->last_time;
		l->flags |= EV_NO_TIME;
		switch (history_keys[i].kind) {
		case H_COMMAND:
			return note(d, l, SL("apt"), F_PROCESS_CMDLINE, rest, ACT_COMMAND);
		case H_USER:
			return history_user(d, l, rest);
		case H_LIST:
			return history_list(d, l, rest, history_keys[i].action);
		default:
			return note(d, l, SL("apt"), F_ERROR_MESSAGE, rest, history_keys[i].action);
		}
	}
	return DECODED_NO_FORMAT;
}

/* ---- pacman.log ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum action action;
} pacman_words[] = {
	{"installed ", ACT_PKG_INSTALLED}, {"reinstalled ", ACT_PKG_INSTALLED}, {"upgraded ", ACT_PKG_UPDATED},
	{"downgraded ", ACT_PKG_UPDATED},  {"removed ", ACT_PKG_REMOVED},
};

/* "[2026-05-04T06:25:01+0200] [ALPM] upgraded nmap (7.93-1 -> 7.94-1)" */
static enum decoded line_pacman(struct decoder *d, struct dline *l)
{
	struct slice s = slice_from(l->raw, 1), from, in;
	if (!time_iso(d, &s, l) || !slice_starts(s, SL("] [")))
		return DECODED_NO_FORMAT;
	s = slice_from(s, 3);
	if (!slice_cut(&s, ']', &from) || (!slice_starts(from, SL("ALPM")) && !slice_eq(from, SL("PACMAN"))))
		return DECODED_NO_FORMAT;
	s = slice_trim(s);
	l->program = SL("pacman");
	for (size_t i = 0; slice_eq(from, SL("ALPM")) && i < ARRAY_LEN(pacman_words); i++) {
		struct package p = {0};
		if (!slice_starts(s, slice_of(pacman_words[i].word)))
			continue;
		s = slice_from(s, strlen(pacman_words[i].word));
		if (!slice_cut(&s, '(', &p.name) || !slice_cut(&s, ')', &in))
			return DECODED_UNKNOWN;
		p.name = slice_trim(p.name);
		p.version = in;
		ssize_t arrow = slice_find(in, SL(" -> "));
		if (arrow > 0) {
			p.old = slice_to(in, (size_t)arrow);
			p.version = slice_from(in, (size_t)arrow + 4);
		}
		return emit(d, l, SL("pacman"), pacman_words[i].action, OUTCOME_SUCCESS, &p);
	}
	if (slice_starts(s, SL("Running '")) && s.n > 10 && s.p[s.n - 1] == '\'')
		return note(d, l, SL("pacman"), F_PROCESS_CMDLINE, slice_make(s.p + 9, s.n - 10), ACT_COMMAND);
	return note(d, l, SL("pacman"), F_MESSAGE, s, ACT_NOTICE);
}

/* ---- format -------------------------------------------------------------------------------------------------- */

static bool maybe_packages(struct slice s)
{
	if (s.n < 20)
		return false;
	switch (s.p[0]) {
	case '1': case '2':
		return s.p[4] == '-' && s.p[10] == ' ' && s.p[19] == ' ' && s.n > 20 && (unsigned)(s.p[20] - 'a') <= 25;
	case '[':
		return s.p[5] == '-' && s.p[11] == 'T';
	case 'S': case 'E': case 'C': case 'R': case 'I': case 'U': case 'D': case 'P':
		return slice_chr(slice_to(s, 14), ':') > 0;
	default:
		return false;
	}
}

static enum decoded line_packages(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw;
	if (s.p[0] == '[')
		return line_pacman(d, l);
	if ((unsigned)(s.p[0] - '0') > 9)
		return line_history(d, l);
	return time_iso(d, &s, l) ? line_dpkg(d, l, s) : DECODED_NO_FORMAT;
}

const struct format format_packages = {"package manager log", maybe_packages, line_packages};

/* ---- yum, dnf ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	enum action action;
} yum_words[] = {
	{"Installed", ACT_PKG_INSTALLED}, {"Reinstalled", ACT_PKG_INSTALLED}, {"Updated", ACT_PKG_UPDATED}, {"Upgraded", ACT_PKG_UPDATED},
	{"Downgraded", ACT_PKG_UPDATED},  {"Erased", ACT_PKG_REMOVED},        {"Removed", ACT_PKG_REMOVED}, {"Obsoleted", ACT_PKG_REMOVED},
	{"Upgrade", ACT_NOTICE},          {"Cleanup", ACT_NOTICE},            {"Erase", ACT_NOTICE},
};

/* "2:nmap-7.93-1.el9.x86_64": epoch, name, version-release, architecture. */
static bool split_nevra(struct slice s, struct package *p)
{
	ssize_t dot = slice_rfind(s, SL("."));
	if (dot < 0)
		return false;
	p->arch = slice_from(s, (size_t)dot + 1);
	s = slice_to(s, (size_t)dot);
	ssize_t colon = slice_chr(slice_to(s, 4), ':');
	s = slice_from(s, (size_t)(colon + 1));
	ssize_t dash = slice_rfind(s, SL("-"));
	dash = dash < 0 ? dash : slice_rfind(slice_to(s, (size_t)dash), SL("-"));
	if (dash < 0)
		return false;
	p->name = slice_to(s, (size_t)dash);
	p->version = slice_from(s, p->name.n + 1);
	return is_package(p->name);
}

/* yum.log is "May 04 06:25:01 Installed: nmap-7.93-1.x86_64": to the syslog envelope the verb is the program. */
static enum decoded yum_message(struct decoder *d, struct dline *l)
{
	struct slice verb = l->program, what = l->msg;
	struct package p = {0};
	if (slice_istarts(verb, SL("yum")) || slice_istarts(verb, SL("dnf"))) {
		if (!slice_cut(&what, ':', &verb))
			return DECODED_UNKNOWN;
		what = slice_trim(what);
	} else if (slice_eq(l->host, SL("SUBDEBUG")) || slice_eq(l->host, SL("DEBUG")) || slice_eq(l->host, SL("INFO"))) {
		l->host = SLICE_NONE; /* dnf.rpm.log: the level stands where the host does */
	}
	for (size_t i = 0; i < ARRAY_LEN(yum_words); i++)
		if (slice_eqz(verb, yum_words[i].word)) {
			l->program = SL("yum");
			if (!split_nevra(what, &p))
				return note(d, l, SL("yum"), F_PACKAGE_NAME, what, yum_words[i].action);
			return emit(d, l, SL("yum"), yum_words[i].action, OUTCOME_SUCCESS, &p);
		}
	return DECODED_UNKNOWN;
}

const struct program program_yum = {
	.names = "yum dnf Installed Reinstalled Updated Upgraded Downgraded Erased Removed Obsoleted Upgrade Cleanup Erase",
	.dataset = "yum",
	.fn = yum_message,
};
