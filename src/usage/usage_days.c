/* usage_days.c - sets of hours as sorted runs; over which hours the logs of a host would have shown something. */
#include "usage/usage_private.h"

#include <stdlib.h>

static int32_t unit_of(nstime t, nstime unit)
{
	nstime d = t / unit;
	return (int32_t)(t % unit < 0 ? d - 1 : d);
}

int32_t day_of(nstime t)
{
	return unit_of(t, NS_DAY);
}

int32_t hour_of(nstime t)
{
	return unit_of(t, NS_HOUR);
}

/* First run that ends at or behind x. */
static size_t run_at(const struct runs *d, int32_t x)
{
	size_t low = 0, high = d->n;
	if (d->n && d->v[d->n - 1].from <= x) /* events come in time order */
		return d->v[d->n - 1].to < x ? d->n : d->n - 1;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (d->v[mid].to < x)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool runs_has(const struct runs *d, int32_t x)
{
	size_t i = run_at(d, x);
	return i < d->n && d->v[i].from <= x;
}

int32_t runs_next_out(const struct runs *d, int32_t x)
{
	size_t i = run_at(d, x);
	return i < d->n && d->v[i].from <= x ? d->v[i].to + 1 : x;
}

int32_t runs_next_in(const struct runs *d, int32_t x)
{
	size_t i = run_at(d, x);
	return i == d->n ? INT32_MAX : MAX(d->v[i].from, x);
}

static bool insert(struct runs *d, size_t i, struct interval r)
{
	if (d->n == RUNS_MAX)
		return false;
	vec_reserve(d, 1);
	memmove(d->v + i + 1, d->v + i, (d->n - i) * sizeof *d->v);
	d->v[i] = r;
	d->n++;
	return true;
}

void runs_add(struct runs *d, int32_t from, int32_t to)
{
	size_t i = run_at(d, from - 1), j = i;
	while (j < d->n && d->v[j].from <= to + 1) {
		from = MIN(from, d->v[j].from);
		to = MAX(to, d->v[j].to);
		j++;
	}
	if (j == i) {
		insert(d, i, (struct interval){from, to});
		return;
	}
	memmove(d->v + i + 1, d->v + j, (d->n - j) * sizeof *d->v);
	d->n -= j - i - 1;
	d->v[i] = (struct interval){from, to};
}

void runs_remove(struct runs *d, int32_t from, int32_t to)
{
	for (size_t i = run_at(d, from); i < d->n && d->v[i].from <= to;) {
		struct interval r = d->v[i];
		if (r.from < from) {
			d->v[i].to = from - 1;
			if (r.to > to)
				insert(d, i + 1, (struct interval){to + 1, r.to}); /* no room: what is behind is lost, a gap */
			i++;
		} else if (r.to > to) {
			d->v[i].from = to + 1;
		} else {
			memmove(d->v + i, d->v + i + 1, (--d->n - i) * sizeof *d->v);
		}
	}
}

void runs_free(struct runs *d)
{
	free(d->v);
	*d = (struct runs){0};
}

/* ---- coverage -------------------------------------------------------------------------------------------------------- */

static struct usage_host *host_of(const struct usage *u, struct slice name)
{
	for (size_t low = 0, high = u->host.n; low < high;) {
		size_t mid = low + (high - low) / 2;
		int c = slice_cmp(u->host.v[mid]->name, name);
		if (!c)
			return u->host.v[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Both of hours and of days in which the host said something. */
static void add_alive(struct runs *to, const struct runs *hours, const struct runs *days)
{
	for (size_t i = 0; i < hours->n; i++) {
		int32_t h = hours->v[i].from, end = hours->v[i].to;
		while (h <= end) {
			int32_t day = runs_next_in(days, unit_of(h, 24));
			if (day > unit_of(end, 24))
				break;
			h = MAX(h, day * 24);
			int32_t out = runs_next_out(days, day);
			runs_add(to, h, MIN(end, out * 24 - 1));
			h = out * 24;
		}
	}
}

/* What lies between the last line before a file's missing end and the first one behind. */
static bool cut_broken(const struct usage *u, struct usage_file *f)
{
	bool any = false;
	for (size_t b = 0; u->broken && b < u->nsources; b++) {
		if (!u->broken[b] || u->sources[b].log != f->log)
			continue;
		int32_t from = INT32_MIN, to = INT32_MAX;
		for (size_t i = 0; i < f->pieces.n; i++) {
			const struct piece *p = &f->pieces.v[i];
			if (p->place <= u->sources[b].place)
				from = MAX(from, p->to);
			else
				to = MIN(to, p->from);
		}
		any = true;
		if (from < to) {
			runs_remove(&f->hours, from, to);
			runs_remove(&f->within, from, to);
		}
	}
	return any;
}

static bool cover_log(void *arg, struct slice key, void *value)
{
	const struct usage *u = arg;
	struct usage_file *f = value;
	struct usage_host *h = host_of(u, f->host);
	(void)key;
	bool broken = h && cut_broken(u, f);
	for (int k = 0; h && k < USAGE_LOG_COUNT; k++) {
		if (!f->kind[k])
			continue;
		h->seen[k] = true;
		h->broken = h->broken || broken;
		for (size_t i = 0; i < f->hours.n; i++)
			runs_add(&h->cover[k], f->hours.v[i].from, f->hours.v[i].to);
		add_alive(&h->cover[k], &f->within, &h->any);
	}
	return true;
}

void usage_cover(struct usage *u)
{
	lru_each(u->logs, cover_log, u);
	for (size_t i = 0; i < u->host.n; i++)
		for (int k = 0; k < USAGE_LOG_COUNT; k++)
			for (size_t d = 0; d < u->host.v[i]->lost.n; d++)
				runs_remove(&u->host.v[i]->cover[k], u->host.v[i]->lost.v[d].from * 24, u->host.v[i]->lost.v[d].to * 24 + 23);
}

void usage_coverage(const struct usage *u, struct slice host, enum usage_log kind, struct usage_coverage *out)
{
	char buf[256];
	const struct usage_host *h = host_of(u, usage_host_name(host, buf));
	*out = (struct usage_coverage){.first = NSTIME_NONE, .last = NSTIME_NONE, .from = NSTIME_NONE, .to = NSTIME_NONE};
	if (!h)
		return;
	const struct runs *c = &h->cover[kind];
	out->first = h->first;
	out->last = h->last;
	out->kind_seen = h->seen[kind];
	out->lost = h->lost.n > 0;
	out->broken = h->broken;
	if (!c->n)
		return;
	out->from = (nstime)c->v[0].from * NS_HOUR;
	out->to = (nstime)(c->v[c->n - 1].to + 1) * NS_HOUR;
	out->days = (uint32_t)(day_of(out->to - 1) - day_of(out->from)) + 1;
	out->gaps = (uint32_t)c->n - 1;
	for (size_t i = 1; i < c->n; i++) {
		nstime begin = (nstime)(c->v[i - 1].to + 1) * NS_HOUR, end = (nstime)c->v[i].from * NS_HOUR;
		int32_t first = day_of(begin + NS_DAY - 1), behind = day_of(end);
		out->days -= behind > first ? (uint32_t)(behind - first) : 0;
		if (end - begin > out->longest_gap) {
			out->longest_gap = end - begin;
			out->gap = begin;
		}
	}
}

static const char *what_is_missing(const struct usage_host *h, enum usage_log kind, int32_t from, int32_t to)
{
	const struct runs *c = &h->cover[kind];
	int32_t first = runs_next_in(c, from), out = runs_next_out(c, from);
	if (first == from && out > to)
		return NULL;
	if (h->broken)
		return "a log could not be read to its end";
	if (h->lost.n)
		return "the logger dropped messages";
	if (first > to)
		return kind == USAGE_LOG_SUDO ? "no log with sudo's lines is of these days" : "no log with sshd's lines is of these days";
	if (first > from)
		return "the logs do not go back far enough";
	return runs_next_in(c, out) > to ? "the logs end before" : "hours or days are missing in the logs";
}

const char *usage_unsure(const struct usage *u, struct slice host, enum usage_log kind, nstime now, uint32_t days)
{
	char buf[256];
	const struct usage_host *h = host_of(u, usage_host_name(host, buf));
	if (!h)
		return "no logs of this host were read";
	if (!h->seen[kind])
		return kind == USAGE_LOG_SUDO ? "sudo never logged there" : "sshd never logged there";
	if (u->forgot)
		return "more was logged than can be remembered";
	int32_t end = hour_of(now), from = end - 24 * (int32_t)MIN(days, 36500u);
	return what_is_missing(h, kind, from, MAX(from, end - 48));
}

void usage_hosts_each(const struct usage *u, bool (*fn)(void *arg, struct slice host), void *arg)
{
	for (size_t i = 0; i < u->host.n; i++)
		if (!fn(arg, u->host.v[i]->name))
			return;
}
