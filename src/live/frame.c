/* frame.c - bytes of a syslog stream to lines.
 *
 * Messages are told apart by a count in front of each (RFC 6587 3.4.1: "83 <34>1 ...") or by the newline behind it (3.4.2), each for
 * itself: senders mix them. Runs of lines that stay as they are are copied at once: this is where 200,000 lines a second go through.
 */
#include "live/receive_private.h"

enum { COUNT_DIGITS = 8, WORD_MAX = 256 };

/* Bytes of "<34>" at p, 0 when there is none. */
static size_t priority(const char *p, size_t n)
{
	if (n < 3 || p[0] != '<')
		return 0;
	for (size_t i = 1; i < n && i < 5; i++) {
		if (p[i] == '>')
			return i > 1 ? i + 1 : 0;
		if (p[i] < '0' || p[i] > '9')
			return 0;
	}
	return 0;
}

/* Bytes of the time at p with the blank behind it; 0 when there is none. RFC 3164's has fixed places; the other begins with a date. */
static size_t time_of(const char *p, size_t n)
{
	if (n > 16 && p[3] == ' ' && p[6] == ' ' && p[9] == ':' && p[12] == ':' && p[15] == ' ' && p[0] >= 'A' && p[0] <= 'S')
		return 16;
	if (n > 20 && p[4] == '-' && p[7] == '-' && (p[10] == 'T' || p[10] == ' ') && p[13] == ':') {
		const char *blank = memchr(p + 16, ' ', MIN(n - 16, (size_t)24));
		return blank ? (size_t)(blank - p) + 1 : 0;
	}
	return 0;
}

/* Is the word at p a host, and not already "sshd[812]:"? */
static bool is_host(const char *p, size_t n)
{
	const char *blank = memchr(p, ' ', MIN(n, (size_t)WORD_MAX));
	if (!blank || blank == p || blank[-1] == ':')
		return false;
	return !memchr(p, '[', (size_t)(blank - p));
}

/* Where our envelope is missing something: *at bytes from the start of the message; needs time, or only the host. */
enum missing { MISSING_NOTHING, MISSING_HOST, MISSING_BOTH };
static enum missing missing(const char *p, size_t n, size_t *at)
{
	size_t pri = priority(p, n);
	const char *s = p + pri;
	size_t left = n - pri;
	*at = pri;
	if (pri && left > 2 && s[0] == '1' && s[1] == ' ') {
		*at = pri + 2;
		return MISSING_NOTHING; /* RFC 5424 has a place for each */
	}
	size_t time = time_of(s, left);
	if (time) {
		while (time < left && s[time] == ' ')
			time++;
		*at = pri + time;
		return is_host(s + time, left - time) ? MISSING_NOTHING : MISSING_HOST;
	}
	/* JSON and audit records say for themselves who they are of */
	if (left && (s[0] == '{' || (left > 5 && (memcmp(s, "type=", 5) == 0 || memcmp(s, "node=", 5) == 0))))
		return MISSING_NOTHING;
	return MISSING_BOTH;
}

static void add_line(const struct envelope *env, const char *p, size_t n, enum missing what, size_t at, bool newlines, struct buf *out)
{
	size_t before = out->n;
	buf_add(out, p, at);
	if (what == MISSING_BOTH) {
		buf_addz(out, env->time);
		buf_addc(out, ' ');
	}
	if (what != MISSING_NOTHING) {
		buf_adds(out, env->peer);
		buf_addc(out, ' ');
	}
	buf_add(out, p + at, n - at);
	for (char *q = newlines ? memchr(out->p + before, '\n', out->n - before) : NULL; q; q = memchr(q, '\n', out->n - (size_t)(q - out->p)))
		*q = ' ';
	buf_addc(out, '\n');
}

/* A whole message with its frame taken off. */
static void add_message(const struct envelope *env, const char *p, size_t n, struct buf *out, struct frame_counts *c)
{
	size_t at = 0;
	while (n && (p[n - 1] == '\n' || p[n - 1] == '\0' || p[n - 1] == '\r'))
		n--;
	if (n == 0)
		return;
	if (n >= LIMIT_LINE) {
		c->too_long++;
		return;
	}
	enum missing what = env->peer.n ? missing(p, n, &at) : MISSING_NOTHING;
	add_line(env, p, n, what, what == MISSING_NOTHING ? 0 : at, true, out);
	c->lines++;
}

void frame_datagram(const struct envelope *env, struct slice message, struct buf *out, struct frame_counts *c)
{
	add_message(env, message.p, message.n, out, c);
}

/* "83 <": 1 a counted message, with the bytes of the count and the blank; 0 none; -1 too few bytes to know. */
static int counted(const char *p, size_t n, size_t *head, uint64_t *length)
{
	size_t i = 0;
	*length = 0;
	if (p[0] < '1' || p[0] > '9')
		return 0;
	for (; i < n && i <= COUNT_DIGITS && p[i] >= '0' && p[i] <= '9'; i++)
		*length = *length * 10 + (uint64_t)(p[i] - '0');
	if (i > COUNT_DIGITS)
		return 0;
	if (i == n || (p[i] == ' ' && i + 1 == n))
		return -1;
	*head = i + 1;
	return p[i] == ' ' && p[i + 1] == '<';
}

struct run {
	const char *from, *to; /* lines that go as they are */
};

static void run_end(struct run *r, struct buf *out)
{
	if (r->to > r->from)
		buf_add(out, r->from, (size_t)(r->to - r->from));
	r->from = r->to = NULL;
}

/* The line from p to its newline nl. */
static void add_plain(const struct envelope *env, struct run *r, const char *p, const char *nl, struct buf *out, struct frame_counts *c)
{
	size_t n = (size_t)(nl - p), at = 0;
	if (n >= LIMIT_LINE) {
		c->too_long++;
		run_end(r, out);
		return;
	}
	enum missing what = env->peer.n ? missing(p, n, &at) : MISSING_NOTHING;
	c->lines++;
	if (what == MISSING_NOTHING) {
		if (r->to != p) {
			run_end(r, out);
			r->from = p;
		}
		r->to = nl + 1;
		return;
	}
	run_end(r, out);
	add_line(env, p, n, what, at, false, out);
}

static size_t skip_on(struct framer *fr, const char *p, size_t n)
{
	if (fr->skip) {
		size_t drop = (size_t)MIN(fr->skip, (uint64_t)n);
		fr->skip -= drop;
		return drop;
	}
	const char *nl = memchr(p, '\n', n);
	fr->skipping = !nl;
	return nl ? (size_t)(nl - p) + 1 : n;
}

/* What is left of p is the beginning of a message. Returns how much of it is used. */
static size_t rest(struct framer *fr, const struct envelope *env, const char *p, size_t n, bool end, struct buf *out, struct frame_counts *c)
{
	if (n >= LIMIT_LINE) {
		c->too_long++;
		fr->skipping = true;
		return n;
	}
	if (!end)
		return 0;
	add_message(env, p, n, out, c);
	return n;
}

/* A counted message at p; bytes used, 0 when it is not whole yet. */
static size_t add_counted(struct framer *fr, const struct envelope *env, const char *p, size_t n, size_t head, uint64_t length, bool end, struct buf *out,
	struct frame_counts *c)
{
	if (length >= LIMIT_LINE) {
		c->too_long++;
		fr->skip = length;
		return head;
	}
	if (n - head < length && !end)
		return 0;
	size_t have = (size_t)MIN(length, (uint64_t)(n - head));
	add_message(env, p + head, have, out, c);
	return head + have;
}

size_t frame_stream(struct framer *fr, const struct envelope *env, const char *p, size_t n, bool end, size_t most, struct buf *out, struct frame_counts *c,
	bool *more)
{
	struct run r = {NULL, NULL};
	size_t at = 0, head = 0;
	uint64_t length = 0;
	*more = false;
	while (at < n) {
		if (out->n + (size_t)(r.to - r.from) > most) {
			*more = true;
			break;
		}
		if (fr->skip || fr->skipping) {
			at += skip_on(fr, p + at, n - at);
			continue;
		}
		if (p[at] == '\n' || p[at] == '\0' || p[at] == '\r') { /* behind a counted message, or an empty line */
			at++;
			continue;
		}
		int is = counted(p + at, n - at, &head, &length);
		if (is < 0 && !end)
			break;
		if (is > 0) {
			run_end(&r, out);
			size_t used = add_counted(fr, env, p + at, n - at, head, length, end, out, c);
			if (!used)
				break;
			at += used;
			continue;
		}
		const char *nl = memchr(p + at, '\n', n - at);
		if (!nl) {
			run_end(&r, out);
			at += rest(fr, env, p + at, n - at, end, out, c);
			break;
		}
		add_plain(env, &r, p + at, nl, out, c);
		at = (size_t)(nl - p) + 1;
	}
	run_end(&r, out);
	return at;
}
