#include "cmd/state.h"
#include "chain/chain.h"
#include "cmd/setup.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* sudo's word counts only where sudo can have spoken. */
static void who_is_it(char *out, size_t n)
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *p = getpwuid(getuid());
	if (sudo && *sudo)
		snprintf(out, n, "%.60s (sudo)", sudo);
	else if (p)
		snprintf(out, n, "%.60s", p->pw_name);
	else
		snprintf(out, n, "uid %u", (unsigned)getuid());
}

int state_open(struct state *s, const struct args *a, enum store_mode mode, const char *other)
{
	struct err e;
	struct timespec t;
	*s = (struct state){0};
	if (!state_file(a, "", s->folder, sizeof s->folder) || !state_file(a, "postern.db", s->file, sizeof s->file))
		return EXIT_USAGE;
	clock_gettime(CLOCK_REALTIME, &t);
	s->now = (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
	who_is_it(s->who, sizeof s->who);
	if (access(s->file, R_OK)) {
		bool missing = errno == ENOENT;
		complain("%s %s: %s; %s", missing ? "no state at" : "cannot read", s->file, strerror(errno),
			missing ? "postern watch makes it, --state DIR names another folder" : "it is root's and watch's to read: try sudo");
		return EXIT_INPUT;
	}
	umask(077);
	int rc = setup_confine_with(a, s->folder, other);
	if (rc)
		return rc;
	s->store = store_open_owned(s->file, mode, &e);
	return s->store ? 0 : state_failed(s, &e);
}

void state_close(struct state *s)
{
	store_close(s->store);
	chain_close(s->audit);
	s->store = NULL;
	s->audit = NULL;
}

int state_failed(struct state *s, const struct err *e)
{
	if (s->store)
		store_rollback(s->store);
	complain_err(e);
	return e->code == ERR_NOENT || e->code == ERR_DUP || e->code == ERR_USAGE ? EXIT_USAGE : EXIT_INPUT;
}

struct chain *state_audit(void *arg, struct err *e)
{
	struct state *s = arg;
	char path[4200];
	snprintf(path, sizeof path, "%s/audit.log", s->folder);
	if (!s->audit)
		s->audit = chain_open(path, NULL, NULL, e);
	return s->audit;
}

static bool record(struct state *s, const char *action, const char *object, const char *outcome, struct slice detail)
{
	struct err e;
	struct chain_record r = {s->now, slice_of(s->who), slice_of(action), slice_of(object), slice_of(outcome), detail};
	struct chain *log = state_audit(s, &e);
	if (log && !chain_append(log, &r, &e))
		return true;
	complain_err(&e);
	return false;
}

bool state_record(struct state *s, const char *action, const char *object, struct slice detail)
{
	return record(s, action, object, "success", detail);
}

void state_record_failure(struct state *s, const char *action, const char *object, struct slice detail)
{
	record(s, action, object, "failure", detail);
}

int state_commit(struct state *s, const char *action, const char *object, struct slice detail)
{
	struct err e;
	if (!state_record(s, action, object, detail)) {
		store_rollback(s->store);
		complain("nothing was changed: what is not in the audit log is not done");
		return EXIT_INPUT;
	}
	if (!store_commit(s->store, &e))
		return 0;
	state_record_failure(s, action, object, slice_of(e.text));
	return state_failed(s, &e);
}

bool state_time(const char *text, nstime now, bool end, nstime *out)
{
	struct slice t = slice_of(text);
	uint64_t y, m, d, n;
	int ry;
	unsigned rm, rd;
	if (t.n == 10 && t.p[4] == '-' && t.p[7] == '-') {
		if (!slice_u64(slice_to(t, 4), 2200, &y) || !slice_u64(slice_make(t.p + 5, 2), 12, &m) || !slice_u64(slice_make(t.p + 8, 2), 31, &d) || y < 1970 || !m || !d)
			return false;
		int64_t days = days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);
		civil_from_days(days, &ry, &rm, &rd);
		*out = days * NS_DAY + (end ? NS_DAY : 0);
		return rd == d; /* no 31st of June */
	}
	if (t.n < 2 || !slice_u64(slice_to(t, t.n - 1), 36500, &n))
		return false;
	nstime unit = t.p[t.n - 1] == 'd' ? NS_DAY : t.p[t.n - 1] == 'h' ? NS_HOUR : t.p[t.n - 1] == 'm' ? NS_MIN : 0;
	*out = end ? now + (nstime)n * unit : now - (nstime)n * unit;
	return unit > 0;
}
