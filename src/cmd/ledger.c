/* ledger.c - the account of what was read, what was not, and where nobody would see anything. */
#include "cmd/ledger.h"

#include <stdio.h>
#include <stdlib.h>

static void fill_file(struct ledger_file *f, struct arena *mem, const struct source_file *src, const struct pipeline_file *p)
{
	const struct decode_stats *st = &p->stats;
	*f = (struct ledger_file){
		.path = src->path, .host = src->host, .bytes = src->bytes, .lines = st->lines + src->too_long,
		.decoded = st->by_kind[DECODED_EVENT], .unwanted = st->by_kind[DECODED_UNWANTED], .other = st->by_kind[DECODED_OTHER],
		.unknown = st->by_kind[DECODED_UNKNOWN], .no_format = st->by_kind[DECODED_NO_FORMAT], .too_long = src->too_long,
		.invalid_utf8 = st->invalid_utf8, .nul_bytes = st->nul_bytes, .no_time = st->no_time, .late = p->late, .logins = st->logins,
		.first = st->first, .last = st->last, .year_inferred = st->year_inferred > 0, .formats = st->formats,
	};
	for (uint32_t i = 0; i < st->nexamples && i < ARRAY_LEN(f->example); i++) {
		f->example[i].offset = st->example[i].offset;
		f->example[i].text = slice_dup(mem, slice_make(st->example[i].text, st->example[i].n));
		f->nexamples++;
	}
}

static void add_up(struct ledger *l, const struct ledger_file *f)
{
	l->bytes += f->bytes;
	l->lines += f->lines;
	l->decoded += f->decoded;
	l->unwanted += f->unwanted;
	l->other += f->other;
	l->unknown += f->unknown;
	l->no_format += f->no_format;
	l->too_long += f->too_long;
	l->invalid_utf8 += f->invalid_utf8;
	l->late += f->late;
	if (f->first != NSTIME_NONE && (l->first == NSTIME_NONE || f->first < l->first))
		l->first = f->first;
	if (f->last != NSTIME_NONE && (l->last == NSTIME_NONE || f->last > l->last))
		l->last = f->last;
}

/* ---- blind spots --------------------------------------------------------------------------------------------- */

static void blind(struct ledger *l, struct arena *mem, size_t max, struct slice host, struct slice what, const char *advice)
{
	if (l->nblind < max)
		l->blind[l->nblind++] = (struct ledger_blind){slice_dup(mem, host), what, slice_of(advice)};
}

/* A log that carries logins by its name, and has none. */
static bool login_log(struct slice path)
{
	static const char *const names[] = {"auth.log", "secure", "wtmp", "audit.log"};
	struct slice base = slice_basename(path);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_starts(base, slice_of(names[i])))
			return true;
	return false;
}

/* Did any file of the host tell of a login? */
static uint64_t host_logins(const struct ledger *l, struct slice host)
{
	uint64_t n = 0;
	for (size_t i = 0; i < l->nfiles; i++)
		if (slice_ieq(l->files[i].host, host))
			n += l->files[i].logins;
	return n;
}

static bool host_has_files(const struct ledger *l, struct slice host)
{
	for (size_t i = 0; i < l->nfiles; i++)
		if (l->files[i].lines && slice_ieq(l->files[i].host, host))
			return true;
	return false;
}

static bool first_of_host(const struct ledger *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (slice_ieq(l->files[k].host, l->files[i].host))
			return false;
	return true;
}

enum { BLIND_MAX = 1000 };

static void find_blind(struct ledger *l, struct arena *mem, const struct org *org)
{
	size_t nhosts;
	const struct org_host *hosts = org_hosts(org, &nhosts);
	l->blind = arena_alloc(mem, BLIND_MAX * sizeof *l->blind);
	for (size_t i = 0; i < l->nfiles && i < 5000; i++) {
		const struct ledger_file *f = &l->files[i];
		if (f->lines > 50 && !f->logins && login_log(f->path))
			blind(l, mem, BLIND_MAX, f->path, SL("a login log that tells of no login"),
				"check sshd's LogLevel and that rsyslog writes auth,authpriv there");
		if (f->host.n && first_of_host(l, i) && !host_logins(l, f->host))
			blind(l, mem, BLIND_MAX, f->host, SL("no login of any kind in its logs"), "add its auth.log, or journalctl -o json");
	}
	bool layout = false;
	for (size_t i = 0; i < l->nfiles && !layout; i++)
		layout = l->files[i].host.n > 0;
	for (size_t i = 0; layout && i < nhosts; i++)
		if (!host_has_files(l, hosts[i].name))
			blind(l, mem, BLIND_MAX, hosts[i].name, SL("no log at all"), "whoever moved through this host left no trace here; collect its /var/log");
}

void ledger_build(struct ledger *l, struct arena *mem, const struct setup *s, const struct pipeline_result *r)
{
	const struct source_set *set = &s->set;
	*l = (struct ledger){.first = NSTIME_NONE, .last = NSTIME_NONE, .format_name = decode_format_name, .org_file = slice_of(s->org_path)};
	l->files = arena_alloc(mem, (r->nfiles + 1) * sizeof *l->files);
	l->nfiles = r->nfiles;
	for (size_t i = 0; i < r->nfiles; i++) {
		fill_file(&l->files[i], mem, &set->files.v[i], &r->files[i]);
		add_up(l, &l->files[i]);
	}
	l->problems = arena_alloc(mem, (set->problems.n + 1) * sizeof *l->problems);
	for (size_t i = 0; i < set->problems.n; i++)
		l->problems[l->nproblems++] = (struct ledger_problem){slice_of(problem_name(set->problems.v[i].kind)), set->problems.v[i].path, set->problems.v[i].text};
	for (int k = 0; k < PROBLEM_KINDS; k++)
		l->problems_total += set->problem_count[k];
	find_blind(l, mem, s->org);
}
