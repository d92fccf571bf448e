/* pam.c - Linux-PAM modules, spoken through any program: "pam_unix(sshd:auth): ...", "sshd(pam_unix)[1]: ...",
 * "sshd[1]: (pam_unix) ...", "PAM 2 more ...". Source of the wordings: linux-pam modules/, sssd pam_sss, pam_krb5,
 * google-authenticator-libpam, samba pam_winbind. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

static const struct row rows[] = {
	/* sessions */
	{"session opened for user {user.target.name*}(uid={user.target.id:d}) by {user.name*}(uid={user.id:d})", ACT_SESSION_OPENED, OK, NULL},
	{"session opened for user {user.target.name*} by {user.name*}(uid={user.id:d})", ACT_SESSION_OPENED, OK, NULL},
	{"session opened for user {user.target.name*} by {user.name}", ACT_SESSION_OPENED, OK, NULL},
	{"session opened for user {user.target.name}", ACT_SESSION_OPENED, OK, NULL},
	{"session closed for user {user.target.name}", ACT_SESSION_CLOSED, NONE, NULL},
	/* one attempt failed; "authentication failure; logname=..." is read in failure() */
	{"check pass; user unknown", ACT_INVALID_USER, FAIL, NULL},
	{"check pass; user ({user.name*}) unknown", ACT_INVALID_USER, FAIL, NULL},
	{"bad username [{user.name*}]", ACT_INVALID_USER, FAIL, NULL},
	{"could not identify user ({})", ACT_INVALID_USER, NONE, NULL},
	{"User unknown[?: {user.name}?]", ACT_INVALID_USER, FAIL, NULL},
	{"password check failed for user ({user.name*})", ACT_AUTH_FAILURE, FAIL, NULL},
	{"auth could not identify password for [{user.name*}]", ACT_AUTH_FAILURE, NONE, NULL}, /* nobody typed one */
	{"conversation failed", ACT_NOTICE, NONE, NULL},
	{"authentication fails for '{user.name}' ({user.email}): {event.reason}", ACT_AUTH_FAILURE, FAIL, NULL},
	{"authentication fails for `{user.name}' ({user.email}): {event.reason}", ACT_AUTH_FAILURE, FAIL, NULL},
	{"authentication fails for {user.name}: {event.reason}", ACT_AUTH_FAILURE, FAIL, NULL},
	{"authentication succeeds for {user.name}", ACT_NOTICE, OK, NULL},
	{"authentication success; {}user={user.name}", ACT_NOTICE, OK, NULL},
	{"user {user.name} authenticated as {user.email}", ACT_NOTICE, OK, NULL},
	{"received for user {user.name*}: {error.code:d} ({event.reason})", ACT_NOTICE, NONE, NULL}, /* pam_sss, behind its "authentication failure" */
	{"error trying to bind as user \"{user.name*}\" ({event.reason})", ACT_AUTH_FAILURE, FAIL, NULL},
	{"user '{user.name*}' denied access ({event.reason})", ACT_AUTH_FAILURE, FAIL, NULL},
	{"user '{user.name*}' granted access", ACT_NOTICE, OK, NULL},
	{"user '{user.name*}' OK", ACT_NOTICE, OK, NULL},
	{"request wbcLogonUser failed: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"Invalid verification code[? for {user.name}?]", ACT_AUTH_FAILURE, FAIL, "event.reason=wrong code"},
	{"Trying to reuse a previously used time-based code{}", ACT_AUTH_FAILURE, FAIL, "event.reason=code used before"},
	{"Too many concurrent login attempts{}", ACT_AUTH_FAILURE, FAIL, "event.reason=too many attempts"},
	{"Accepted google_authenticator for {user.name}", ACT_NOTICE, OK, NULL},
	{"Did not receive verification code from user", ACT_NOTICE, NONE, NULL},
	{"No secret configured for user {user.name}, asking for code anyway.", ACT_NOTICE, NONE, NULL},
	{"Failed to read \"{file.path}\"[? for \"{user.name}\"?]", ACT_NOTICE, NONE, NULL},
	{"Access {} denied for user {user.name}{}", ACT_LOGIN_REFUSED, FAIL, NULL},
	/* refused by policy */
	{"access denied for user `{user.name*}' from `{source.ip}'", ACT_LOGIN_REFUSED, FAIL, "event.reason=access list"},
	{"access denied for user `{user.name*}' from `{source.address*}'", ACT_LOGIN_REFUSED, FAIL, "event.reason=access list"},
	{"access denied: tty '{process.tty.name}' is not secure !", ACT_LOGIN_REFUSED, FAIL, "event.reason=tty not secure"},
	{"Access denied to '{user.target.name}' for '{user.name}'", ACT_LOGIN_REFUSED, FAIL, "event.reason=not in the group"},
	{"Access denied for user {user.name*}: {error.code:d} ({event.reason})", ACT_LOGIN_REFUSED, FAIL, NULL}, /* pam_sss account */
	{"Access granted to '{user.target.name}' for '{user.name}'", ACT_NOTICE, OK, NULL},
	{"Consecutive login failures for user {user.name} account temporarily locked", ACT_LOGIN_REFUSED, FAIL, "event.reason=locked after failures"},
	{"user {user.name*} ({user.id:d}) tally {:d}, deny {:d}", ACT_LOGIN_REFUSED, FAIL, "event.reason=locked after failures"},
	{"user {user.name*} ({user.id:d}) has time limit [{:d}s left]{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=locked after failures"},
	{"user {user.name} inactive for {:d} days - denied", ACT_LOGIN_REFUSED, FAIL, "event.reason=inactive"},
	{"user {user.name} rejected", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"user {user.name} was locked {}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"Refused user {user.name*} for service {:w}", ACT_LOGIN_REFUSED, FAIL, "event.reason=list of users"},
	{"User has an invalid shell '{file.path}'", ACT_LOGIN_REFUSED, FAIL, "event.reason=invalid shell"},
	{"No logins allowed for [?'?]{user.name}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"Too many logins (max {:d}) for {user.name}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many logins"},
	{"Too many system logins (max {:d})", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many logins"},
	{"denied access to {pam.ruser}@{source.ip} as {user.name}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"allowed access to {pam.ruser}@{source.ip} as {user.name}", ACT_NOTICE, OK, NULL},
	{"User {user.name} processes are running. Exclusive login not allowed", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"User {user.name} with exclusive login already logged in", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"account {user.name} has expired ({event.reason})", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"expired password for user {user.name} ({event.reason})", ACT_NOTICE, NONE, NULL},
	{"password for user {user.name} will expire in {:d} days", ACT_NOTICE, NONE, NULL},
	{"requirement \"{event.reason*}\" not met by user \"{user.name*}\"", ACT_NOTICE, NONE, NULL},
	{"requirement \"{event.reason*}\" was met by user \"{user.name*}\"", ACT_NOTICE, NONE, NULL},
	{"error retrieving information about user {user.name}", ACT_NOTICE, NONE, NULL},
	/* passwords */
	{"password changed for {user.target.name}", ACT_PASSWORD_CHANGED, OK, NULL},
	{"password{} changed for {user.target.name} on {}", ACT_PASSWORD_CHANGED, OK, NULL},
	{"user password changed by another process", ACT_PASSWORD_FAILED, FAIL, NULL},
	{"new password not acceptable[? 2?]", ACT_PASSWORD_FAILED, FAIL, NULL},
	{"user not authenticated", ACT_PASSWORD_FAILED, FAIL, NULL},
	{"bad authentication token", ACT_PASSWORD_FAILED, FAIL, NULL},
	{"Password change failed for user {user.target.name*}: {error.code:d} ({event.reason})", ACT_PASSWORD_FAILED, FAIL, NULL},
	{"user \"{user.target.name}\" does not exist in /etc/passwd{}", ACT_NOTICE, NONE, NULL},
	{"username [{user.name*}] obtained", ACT_NOTICE, NONE, NULL},
	{"user [{user.name*}] has blank password; authenticated without it", ACT_NOTICE, OK, "event.reason=blank password"},
	/* troubles */
	{"Failed to create session: {error.message}", ACT_ERROR, NONE, NULL},
	{"Failed to release session: {error.message}", ACT_ERROR, NONE, NULL},
	{"Could not set limit for '{}': {error.message}", ACT_NOTICE, NONE, NULL},
	{"service({}) ignoring max retries; {:d} > {:d}", ACT_NOTICE, NONE, NULL},
	{"adding faulty module: {file.path}", ACT_AUTH_ERROR, NONE, NULL},
	{"unable to dlopen({file.path}): {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	{"{file.path} failed: exit code {process.exit_code}", ACT_AUTH_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_pam = {.names = "", .dataset = "pam", .rows = rows};

/* ---- who speaks ---------------------------------------------------------------------------------------------- */

struct tag {
	struct slice module, service;
};

/* "pam_authenticate: ..." and "pam_open_session() ..." are of the program that called libpam, not of a module. */
static bool names_call(struct slice s)
{
	static const char *const calls[] = {"authenticate", "acct_mgmt", "chauthtok", "setcred", "open_session", "close_session", "start", "end", "get_item",
		"set_item", "putenv", "getenv", "get_user", "strerror"};
	if (slice_starts(s, SL("unix(")) || slice_starts(s, SL("sss(")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct slice call = slice_of(calls[i]);
		if (slice_starts(s, call) && s.n > call.n && (s.p[call.n] == ':' || (s.p[call.n] == '(' && slice_starts(slice_from(s, call.n), SL("()")))))
			return true;
	}
	return false;
}

bool pam_message(const struct dline *l)
{
	if (!l->msg.n)
		return false;
	if (unlikely(l->facility.n) && slice_starts(l->facility, SL("pam_")))
		return true;
	switch (l->msg.p[0]) {
	case 'p': return slice_starts(l->msg, SL("pam_")) && !names_call(slice_from(l->msg, 4));
	case '(': return slice_starts(l->msg, SL("(pam_"));
	case 'P': return slice_starts(l->msg, SL("PAM "));
	case 'g': return slice_starts(l->msg, SL("gkr-pam: "));
	case 'a': return slice_starts(l->msg, SL("authentication failure; logname="));
	default: return false;
	}
}

/* Cuts "pam_unix(sshd:auth): ", "pam_unix: ", "(pam_unix) ", "PAM " off the message. */
static void cut_tag(struct dline *l, struct tag *t)
{
	struct slice s = l->msg, inner;
	if (slice_starts(l->facility, SL("pam_")))
		t->module = l->facility;
	if (slice_starts(s, SL("PAM "))) {
		l->msg = slice_from(s, 4);
		return;
	}
	ssize_t open = slice_chr(slice_to(s, 48), '('), colon = slice_find(slice_to(s, 64), SL(": "));
	if (open == 0) {
		ssize_t end = slice_chr(slice_to(s, 64), ')');
		if (end < 0)
			return;
		t->module = slice_make(s.p + 1, (size_t)end - 1);
		s = slice_from(s, (size_t)end + 1);
		if (s.n && s.p[0] == ':')
			s = slice_from(s, 1);
		l->msg = slice_trim(s);
	} else if (slice_starts(s, SL("pam_")) && open > 0 && (colon < 0 || open < colon)) {
		ssize_t end = slice_find(slice_to(s, 200), SL("): "));
		if (end < open)
			return;
		t->module = slice_to(s, (size_t)open);
		inner = slice_make(s.p + open + 1, (size_t)(end - open - 1));
		l->msg = slice_from(s, (size_t)end + 3);
		slice_cut(&inner, ':', &t->service); /* "pam_unix(auth)": a phase alone */
	} else if (colon > 0 && (slice_starts(s, SL("pam_")) || slice_starts(s, SL("gkr-pam")))) {
		t->module = slice_to(s, (size_t)colon);
		l->msg = slice_from(s, (size_t)colon + 2);
	}
}

/* The program behind a service: "sudo-i" is sudo, "sshd" of any making is sshd. Datasets are static text. */
static struct slice dataset_of(struct slice name)
{
	static const struct {
		struct slice prefix, dataset;
	} known[] = {
		{SL("sshd"), SL("sshd")}, {SL("sudo"), SL("sudo")}, {SL("su-l"), SL("su")}, {SL("cron"), SL("cron")},
		{SL("gdm"), SL("gdm")}, {SL("runuser"), SL("runuser")}, {SL("polkit"), SL("polkitd")},
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (slice_starts(name, known[i].prefix))
			return known[i].dataset;
	return slice_ieq(name, SL("su")) ? SL("su") : name;
}

/* In these somebody who is in acts upon another account. */
static bool switches_user(struct slice dataset)
{
	return slice_eq(dataset, SL("su")) || slice_eq(dataset, SL("sudo")) || slice_eq(dataset, SL("runuser")) || slice_eq(dataset, SL("doas"));
}

/* ---- authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root ------------------ */

struct failure {
	struct slice uid, tty, ruser, rhost, user;
};

static struct slice value_of(struct slice *s, struct slice key)
{
	ssize_t at = slice_find(*s, key);
	if (at < 0)
		return SLICE_NONE;
	*s = slice_from(*s, (size_t)at + key.n);
	ssize_t end = slice_chr(*s, ' ');
	return slice_to(*s, end < 0 ? s->n : (size_t)end);
}

/* "HOST  user=U" or "HOST" at s. */
static void split_host(struct slice s, struct failure *f)
{
	ssize_t end = slice_chr(s, ' ');
	f->rhost = slice_to(s, end < 0 ? s.n : (size_t)end);
	f->user = SLICE_NONE;
	struct slice rest = slice_trim(slice_from(s, f->rhost.n));
	if (slice_starts(rest, SL("user=")))
		f->user = slice_from(rest, 5);
}

/* ruser and user are the client's words and may hold " rhost=". They are often the same name: the split that makes them
 * so is right. Else an empty ruser means that the first rhost is ours, and a full one that the last is. */
static void split_tail(struct slice s, struct failure *f)
{
	enum { TRIES = 8 };
	const struct slice key = SL(" rhost=");
	bool found = false, empty = slice_starts(s, key);
	size_t from = 0;
	for (int i = 0; i < TRIES; i++) {
		ssize_t at = slice_find(slice_from(s, from), key);
		if (at < 0)
			break;
		struct failure try = *f;
		try.ruser = slice_to(s, from + (size_t)at);
		split_host(slice_from(s, from + (size_t)at + key.n), &try);
		bool same = try.ruser.n && slice_eq(try.ruser, try.user);
		if (!found || same || !empty)
			*f = try;
		found = true;
		if (same)
			break;
		from += (size_t)at + key.n;
	}
	if (!found)
		f->ruser = slice_trim(s);
}

static enum decoded failure(struct decoder *d, struct dline *l, struct slice dataset, const struct tag *t)
{
	struct slice s = l->msg;
	struct failure f = {0};
	f.uid = value_of(&s, SL(" uid="));
	f.tty = value_of(&s, SL(" tty="));
	ssize_t at = slice_find(s, SL(" ruser="));
	if (at >= 0)
		split_tail(slice_from(s, (size_t)at + 7), &f);
	f.user = slice_trim(f.user);
	/* pam_unix fails before pam_sss lets a user of the directory in; sshd tells the verdict in a line of its own. */
	bool verdict = !t->service.n || !slice_eq(dataset, SL("sshd"));
	struct event *e = decode_emit(d, l, dataset, ACT_AUTH_FAILURE, verdict ? FAIL : OUTCOME_UNKNOWN);
	if (t->module.n)
		event_add(d->out, e, F_PAM_MODULE, t->module);
	if (t->service.n)
		event_add(d->out, e, F_PAM_SERVICE, t->service);
	bool switching = switches_user(dataset);
	struct slice who = switching || !f.user.n ? f.ruser : f.user;
	if (who.n)
		event_add(d->out, e, F_USER_NAME, who);
	if (switching && f.user.n && !slice_eq(f.user, who))
		event_add(d->out, e, F_USER_TARGET, f.user);
	if (f.ruser.n)
		event_add(d->out, e, F_PAM_RUSER, f.ruser);
	if (f.rhost.n)
		event_add(d->out, e, F_SOURCE_IP, f.rhost);
	if (f.tty.n)
		event_add(d->out, e, F_PROCESS_TTY, f.tty);
	if (switching && f.uid.n) /* a daemon's own elsewhere */
		event_add(d->out, e, F_USER_ID, f.uid);
	return DECODED_EVENT;
}

/* "2 more authentication failures; logname=..." sums up attempts that had no lines of their own. */
static bool more_failures(struct dline *l)
{
	struct slice s = l->msg, n;
	uint64_t times;
	if (!s.n || s.p[0] < '1' || s.p[0] > '9' || !slice_cut(&s, ' ', &n) || !slice_u64(n, 1000000, &times) || !slice_starts(s, SL("more authentication failure")))
		return false;
	l->repeat = (uint32_t)MAX(times, 1);
	return true;
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

static enum decoded notice(struct decoder *d, struct dline *l, struct slice dataset, const struct tag *t)
{
	if (!decode_wanted(d, l, ACT_NOTICE))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, dataset, ACT_NOTICE, NONE);
	event_add(d->out, e, F_MESSAGE, l->msg);
	if (t->module.n)
		event_add(d->out, e, F_PAM_MODULE, t->module);
	if (t->service.n)
		event_add(d->out, e, F_PAM_SERVICE, t->service);
	return DECODED_EVENT;
}

/* Does the row say who opened the session? login(1) calls itself LOGIN. */
static bool names_opener(const struct decoder *d)
{
	for (unsigned i = 0; i < d->ncap; i++)
		if (d->cap[i].field == F_USER_NAME)
			return d->cap[i].text.n && !slice_eq(d->cap[i].text, SL("LOGIN"));
	return false;
}

static void add_captures(struct decoder *d, struct event *e, struct slice dataset, const struct tag *t)
{
	/* "opened for user alice(uid=1000) by (uid=0)": the system let her in, it is she who acts */
	bool herself = e->action == ACT_SESSION_OPENED && !switches_user(dataset) && !names_opener(d);
	for (unsigned i = 0; i < d->ncap; i++) {
		enum field_id f = (enum field_id)d->cap[i].field;
		struct slice text = d->cap[i].text;
		if (!text.n || (herself && (f == F_USER_ID || f == F_USER_NAME)))
			continue;
		event_add(d->out, e, f, text);
		if (herself && (f == F_USER_TARGET || f == F_USER_TARGET_ID))
			event_add(d->out, e, f == F_USER_TARGET ? F_USER_NAME : F_USER_ID, text);
	}
	if (t->module.n)
		event_add(d->out, e, F_PAM_MODULE, t->module);
	if (t->service.n)
		event_add(d->out, e, F_PAM_SERVICE, t->service);
}

enum decoded decode_pam(struct decoder *d, struct dline *l)
{
	struct tag t = {0};
	cut_tag(l, &t);
	while (l->msg.n && l->msg.p[l->msg.n - 1] == ' ')
		l->msg.n--;
	if (slice_ends(l->msg, SL(" [preauth]")))
		l->msg.n -= 10;
	struct slice speaker = t.service.n ? t.service : l->program;
	bool failed = slice_starts(l->msg, SL("authentication failure; ")) || slice_starts(l->msg, SL("authentication failure:")) || more_failures(l);
	if (failed)
		return decode_wanted(d, l, ACT_AUTH_FAILURE) ? failure(d, l, dataset_of(speaker), &t) : DECODED_UNWANTED;
	const struct crow *c = rowset_match(d, decode_rowset_of(d, &program_pam), l->msg);
	if (!c)
		return notice(d, l, dataset_of(speaker), &t);
	struct slice dataset = dataset_of(speaker);
	if (!decode_wanted_from(d, l, crow_action(c), dataset))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, dataset, crow_action(c), crow_outcome(c));
	add_captures(d, e, dataset, &t);
	return DECODED_EVENT;
}
