/* order.c - does a stream run forward in time? Exports are often written newest first, and rotated sets are sometimes
 * numbered the other way round. Both are seen in a few lines at the ends of each file, before anything is judged. */
#include "pipeline/lane.h"

#include <stdlib.h>

enum { PEEK = 8192, LINES_MOST = 64, FALLS_LEAST = 3, DISORDER_SHARE = 8 };

/* What the times of some lines in a row say. */
struct course {
	nstime middle;         /* of the times of three of the lines: one odd clock does not matter */
	unsigned falls, rises; /* from a line to the next */
};

static nstime time_of(struct run *r, struct decode_in *in, struct slice line, int *format)
{
	struct decode_stats st;
	struct batch b;
	batch_init(&b);
	decode_stats_init(&st);
	in->data = line;
	in->format = *format;
	*format = block_decode(r->own, in, &b, &st);
	batch_free(&b);
	return st.first;
}

static nstime middle_of(nstime a, nstime b, nstime c)
{
	return MAX(MIN(a, b), MIN(MAX(a, b), c));
}

/* The last lines of text, LINES_MOST at most. */
static struct slice last_lines(struct slice text)
{
	size_t at = text.n, n = 0;
	for (; at > 0; at--)
		if (at < text.n && text.p[at - 1] == '\n' && ++n == LINES_MOST)
			break;
	return slice_from(text, at);
}

static size_t split(struct slice text, struct slice *line)
{
	size_t n = 0;
	while (n < LINES_MOST && text.n) {
		ssize_t nl = slice_chr(text, '\n');
		line[n++] = slice_to(text, nl < 0 ? text.n : (size_t)nl);
		text = slice_from(text, nl < 0 ? text.n : (size_t)nl + 1);
	}
	return n;
}

/* Lines are decoded one by one only where the first is younger than the last: hardly ever. */
static struct course course_of(struct run *r, struct decode_in *in, struct slice text)
{
	struct slice line[LINES_MOST];
	struct course c = {.middle = NSTIME_NONE};
	int format = -1;
	size_t n = split(text, line), from = 0, to = n;
	nstime first = NSTIME_NONE, last = NSTIME_NONE;
	while (from < to && (first = time_of(r, in, line[from], &format)) == NSTIME_NONE)
		from++;
	while (to > from + 1 && (last = time_of(r, in, line[to - 1], &format)) == NSTIME_NONE)
		to--;
	if (first == NSTIME_NONE || last == NSTIME_NONE) {
		c.middle = first;
		return c;
	}
	nstime mid = time_of(r, in, line[(from + to) / 2], &format);
	c.middle = mid == NSTIME_NONE ? first : middle_of(first, mid, last);
	if (first <= last)
		return c;
	for (nstime before = first; from < to; from++) {
		nstime t = time_of(r, in, line[from], &format);
		if (t == NSTIME_NONE)
			continue;
		c.falls += t < before;
		c.rises += t > before;
		before = t;
	}
	return c;
}

/* A little disorder is in every log, whichever way it runs. */
static bool runs_back(const struct course *c)
{
	return c->falls >= FALLS_LEAST && c->rises <= c->falls / DISORDER_SHARE;
}

/* One file: turned when both its ends run back. Returns a time for its place among the others. */
static nstime file_order(struct run *r, struct lane *l, uint32_t id, char *buf)
{
	const struct source_file *f = &r->set->files.v[id];
	struct decode_in in = decode_input(r, l, f);
	if (f->records)
		return NSTIME_NONE;
	struct course head = course_of(r, &in, slice_make(buf, source_peek(r->set, id, false, buf, PEEK)));
	if (!runs_back(&head))
		return head.middle;
	if (source_seekable(r->set, id)) {
		struct course tail = course_of(r, &in, last_lines(slice_make(buf, source_peek(r->set, id, true, buf, PEEK))));
		if (!runs_back(&tail) || tail.middle > head.middle)
			return head.middle;
	}
	source_turn(r->set, id);
	return head.middle;
}

/* The time at the end of the file, where it can be read from there. */
static nstime file_end(struct run *r, struct lane *l, uint32_t id, char *buf)
{
	const struct source_file *f = &r->set->files.v[id];
	struct decode_in in = decode_input(r, l, f);
	if (f->records || f->newest_first || !source_at_hand(r->set, id))
		return NSTIME_NONE;
	return course_of(r, &in, last_lines(slice_make(buf, source_peek(r->set, id, true, buf, PEEK)))).middle;
}

/* worker.1.log, worker.2.log: numbers that are no rotation. A file that ends long after the next one has begun overlaps it;
 * the lines around a rotation do that for moments. */
static bool side_by_side(const struct run *r, const nstime *first, const nstime *last, size_t n)
{
	size_t pairs = 0, overlaps = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		if (first[i] == NSTIME_NONE || last[i] == NSTIME_NONE || first[i + 1] == NSTIME_NONE || last[i + 1] == NSTIME_NONE)
			continue;
		nstime both = MIN(last[i], last[i + 1]) - MAX(first[i], first[i + 1]), shorter = MIN(last[i] - first[i], last[i + 1] - first[i + 1]);
		pairs++;
		overlaps += both > r->opt->max_disorder && both > shorter / 4;
	}
	return pairs && overlaps * 2 > pairs;
}

static void stream_order(struct run *r, size_t at, char *buf)
{
	struct stream_set *st = &r->set->streams.v[at];
	struct lane l = {.set = st, .format = -1};
	nstime *first = xcalloc(2 * st->nfiles + 1, sizeof *first), *last = first + st->nfiles, newest = NSTIME_NONE;
	bool wrong = false;
	for (size_t i = 0; i < st->nfiles; i++) {
		first[i] = file_order(r, &l, st->files[i], buf);
		last[i] = st->nfiles > 1 ? file_end(r, &l, st->files[i], buf) : NSTIME_NONE;
		if (first[i] == NSTIME_NONE)
			continue;
		wrong |= newest != NSTIME_NONE && newest - first[i] > r->opt->max_disorder;
		newest = newest == NSTIME_NONE ? first[i] : MAX(newest, first[i]);
	}
	if (side_by_side(r, first, last, st->nfiles))
		source_split(r->set, at);
	else if (wrong)
		source_reorder(r->set, st, first);
	free(first);
}

void streams_order(struct run *r)
{
	char *buf = xmalloc(PEEK);
	for (size_t i = 0, n = r->set->streams.n; i < n; i++) /* those that are split off need no look */
		stream_order(r, i, buf);
	free(buf);
}
