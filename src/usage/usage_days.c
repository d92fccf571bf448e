/* usage_days.c - sets of days as sorted runs; on which days the logs of a host would have shown something. */
#include "usage/usage_private.h"

#include <stdlib.h>

int32_t day_of(nstime t)
{
	nstime d = t / NS_DAY;
	return (int32_t)(t % NS_DAY < 0 ? d - 1 : d);
}

/* First run that ends at or behind `day`. */
static size_t run_at(const struct days *d, int32_t day)
{
	size_t low = 0, high = d->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (d->v[mid].to < day)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool days_has(const struct days *d, int32_t day)
{
	size_t i = run_at(d, day);
	return i < d->n && d->v[i].from <= day;
}

void days_add(struct days *d, int32_t from, int32_t to)
{
	size_t i = run_at(d, from - 1), j = i;
	while (j < d->n && d->v[j].from <= to + 1) {
		from = MIN(from, d->v[j].from);
		to = MAX(to, d->v[j].to);
		j++;
	}
	if (j == i) {
		if (d->n == RUNS_MAX)
			return;
		vec_reserve(d, 1);
		memmove(d->v + i + 1, d->v + i, (d->n - i) * sizeof *d->v);
		d->n++;
	} else {
		memmove(d->v + i + 1, d->v + j, (d->n - j) * sizeof *d->v);
		d->n -= j - i - 1;
	}
	d->v[i] = (struct day_run){from, to};
}

void days_free(struct days *d)
{
	free(d->v);
	*d = (struct days){0};
}

/* ---- coverage -------------------------------------------------------------------------------------------------------- */

struct view {
	const struct usage_host *host;
	struct usage_file **v; /* of the host */
	size_t n;
	enum usage_log kind;
};

static bool view_of(const struct usage *u, struct slice host, enum usage_log kind, struct view *out)
{
	char buf[256];
	struct slice name = usage_host_name(host, buf);
	*out = (struct view){.kind = kind};
	for (size_t low = 0, high = u->host.n; low < high && !out->host;) {
		size_t mid = low + (high - low) / 2;
		int c = slice_cmp(u->host.v[mid]->name, name);
		if (!c)
			out->host = u->host.v[mid];
		else if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	size_t low = 0, high = u->file.n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (slice_cmp(u->file.v[mid]->host, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	out->v = u->file.v + low;
	while (low + out->n < u->file.n && slice_eq(out->v[out->n]->host, name))
		out->n++;
	return out->host != NULL;
}

static bool kind_seen(const struct view *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i]->kind[w->kind])
			return true;
	return false;
}

static bool covered(const struct view *w, int32_t day)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct usage_file *f = w->v[i];
		if (f->kind[w->kind] && (days_has(&f->days, day) || (days_has(&f->within, day) && days_has(&w->host->any, day))))
			return true;
	}
	return false;
}

void usage_coverage(const struct usage *u, struct slice host, enum usage_log kind, struct usage_coverage *out)
{
	struct view w;
	*out = (struct usage_coverage){.first = NSTIME_NONE, .last = NSTIME_NONE};
	if (!view_of(u, host, kind, &w))
		return;
	out->first = w.host->first;
	out->last = w.host->last;
	out->kind_seen = kind_seen(&w);
	if (!out->kind_seen)
		return;
	uint32_t gap = 0;
	bool begun = false;
	for (int32_t d = day_of(out->first), end = day_of(out->last); d <= end; d++) {
		if (!covered(&w, d)) {
			gap += begun;
			continue;
		}
		if (!begun)
			out->from = d;
		begun = true;
		out->to = d;
		out->days++;
		if (gap > out->longest_gap) {
			out->longest_gap = gap;
			out->gap = d - (int32_t)gap;
		}
		out->gaps += gap > 0;
		gap = 0;
	}
}

static const char *what_is_missing(const struct view *w, int32_t from, int32_t to)
{
	int32_t first = from, last = to;
	while (first <= to && !covered(w, first))
		first++;
	while (last >= from && !covered(w, last))
		last--;
	if (first > to)
		return w->kind == USAGE_LOG_SUDO ? "no log with sudo's lines is of these days" : "no log with sshd's lines is of these days";
	if (first > from)
		return "the logs do not go back far enough";
	if (last < to)
		return "the logs end before";
	for (int32_t d = first; d <= last; d++)
		if (!covered(w, d))
			return "days are missing in the logs";
	return NULL;
}

const char *usage_unsure(const struct usage *u, struct slice host, enum usage_log kind, nstime now, uint32_t days)
{
	struct view w;
	if (!view_of(u, host, kind, &w))
		return "no logs of this host were read";
	if (!kind_seen(&w))
		return kind == USAGE_LOG_SUDO ? "sudo never logged there" : "sshd never logged there";
	if (u->forgot)
		return "more was logged than can be remembered";
	int32_t today = day_of(now), from = today - (int32_t)MIN(days, 36500u);
	return what_is_missing(&w, from, MAX(from, today - 2));
}

void usage_hosts_each(const struct usage *u, bool (*fn)(void *arg, struct slice host), void *arg)
{
	for (size_t i = 0; i < u->host.n; i++)
		if (!fn(arg, u->host.v[i]->name))
			return;
}
