/* syslog.c - the envelope: RFC 3164, RFC 5424, rsyslog's ISO form, and forms without a time (journalctl -o cat).
 * What follows "program[pid]:" goes to the program table. */
#include "decode/decode_private.h"
#include "decode/digits.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Bytes a program tag is made of: "sshd", "postfix/smtpd", "CRON", "(sd-pam)", "rsyslogd-2177", "auth-worker(12182)". */
static const bool tag_char[256] = {
	['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['-'] = true, ['_'] = true, ['/'] = true, ['.'] = true,
	['@'] = true, ['+'] = true, ['\\'] = true,
};

/* "<34>" in front: a relayed raw message. */
static void skip_priority(struct slice *s)
{
	if (s->n < 3 || s->p[0] != '<')
		return;
	ssize_t end = slice_chr(slice_to(*s, 16), '>');
	if (end > 0)
		*s = slice_from(*s, (size_t)end + 1);
}

/* "<4.6> " or "<auth.info> " behind the time (FreeBSD syslogd -v, -vv). */
static void skip_facility(struct slice *s, struct dline *l)
{
	if (likely(s->n < 4 || s->p[0] != '<'))
		return;
	ssize_t end = slice_chr(slice_to(*s, 24), '>');
	if (end > 0 && slice_chr(slice_to(*s, (size_t)end), '.') > 0) {
		l->facility = slice_make(s->p + 1, (size_t)end - 1);
		*s = slice_trim(slice_from(*s, (size_t)end + 1));
	}
}

/* "prog[123]: ", "prog: ", "prog(module)[123]: ", "[prog]: ", "prog[123] rest" at s. Sets program, pid; s moves to the
 * message. False when there is no tag. */
static bool take_any_tag(struct slice *s, struct dline *l)
{
	struct slice in = *s;
	bool boxed = in.n && in.p[0] == '[';
	size_t at = boxed ? 1 : 0, n = 0;
	if (in.n > 1 && in.p[0] == '(') /* "(sd-pam)[812]:", "(systemd)[1]:" */
		at = 1;
	while (at + n < in.n && n < 64 && tag_char[(uint8_t)in.p[at + n]])
		n++;
	if (!n)
		return false;
	struct slice name = slice_make(in.p + at, n), rest = slice_from(in, at + n);
	if (at && !boxed && rest.n && rest.p[0] == ')')
		rest = slice_from(rest, 1);
	if (boxed) {
		if (!rest.n || rest.p[0] != ']')
			return false;
		rest = slice_from(rest, 1);
	} else if (rest.n && rest.p[0] == '(') { /* sshd(pam_unix)[19939]: the module speaks; auth-worker(12182): */
		ssize_t end = slice_chr(slice_to(rest, 64), ')');
		if (end < 0)
			return false;
		l->facility = slice_make(rest.p + 1, (size_t)end - 1);
		rest = slice_from(rest, (size_t)end + 1);
		ssize_t session = rest.n && rest.p[0] == '<' ? slice_chr(slice_to(rest, 64), '>') : -1; /* auth(user,address)<id>: (Dovecot) */
		if (session > 0)
			rest = slice_from(rest, (size_t)session + 1);
	}
	if (!boxed && rest.n && rest.p[0] == '[') {
		ssize_t end = slice_chr(slice_to(rest, 64), ']');
		if (end < 0)
			return false;
		l->pid = slice_make(rest.p + 1, (size_t)end - 1);
		rest = slice_from(rest, (size_t)end + 1);
	}
	bool colon = rest.n && rest.p[0] == ':';
	if (!colon && !boxed && !l->pid.n)
		return false;
	l->program = name;
	*s = slice_from(rest, colon ? 1 : 0);
	if (s->n && s->p[0] == ' ')
		*s = slice_from(*s, 1);
	return true;
}

/* The common "prog[123]: " and "prog: " at once. */
static bool take_tag(struct slice *s, struct dline *l)
{
	enum { NAME = 64, PID = 12 };
	const char *p = s->p, *end = p + MIN(s->n, (size_t)(NAME + PID)), *q = p, *pid = NULL;
	while (q < end && tag_char[(uint8_t)*q])
		q++;
	const char *behind = q;
	if (q < end && *q == '[') {
		for (pid = ++q; q < end && *q >= '0' && *q <= '9';)
			q++;
		behind = q + 1;
		if (q == end || *q != ']')
			return take_any_tag(s, l);
	}
	size_t n = (size_t)((pid ? pid - 1 : q) - p);
	if (!n || n >= NAME || (size_t)(behind - p) + 2 > s->n || behind[0] != ':' || behind[1] != ' ')
		return take_any_tag(s, l);
	if (pid)
		l->pid = slice_make(pid, (size_t)(q - pid));
	l->program = slice_make(p, n);
	*s = slice_from(*s, (size_t)(behind - p) + 2);
	return true;
}

/* "message repeated 5 times: [ Failed password ...]" (rsyslog) */
static void unwrap_repeat(struct dline *l)
{
	if (!l->msg.n || l->msg.p[0] != 'm' || !slice_starts(l->msg, SL("message repeated ")))
		return;
	struct slice rest = slice_from(l->msg, 17), n;
	uint64_t times;
	ssize_t open = slice_find(rest, SL(" times: ["));
	if (open <= 0 || rest.p[rest.n - 1] != ']')
		return;
	n = slice_to(rest, (size_t)open);
	if (!slice_u64(n, 1000000, &times))
		return;
	l->repeat = (uint32_t)times;
	l->msg = slice_trim(slice_make(rest.p + open + 9, rest.n - (size_t)open - 10));
}

/* Solaris and AIX put "[ID 800047 auth.info] " before the message. */
static void skip_msgid(struct dline *l)
{
	if (l->msg.n && l->msg.p[0] == '[' && slice_starts(l->msg, SL("[ID "))) {
		ssize_t end = slice_find(l->msg, SL("] "));
		if (end > 0)
			l->msg = slice_from(l->msg, (size_t)end + 2);
	}
}

/* The host of the line before stands here again: no need to find out that it is no tag. */
static bool same_host(const struct decoder *d, struct slice s)
{
	return d->nhost && s.n > d->nhost && s.p[d->nhost] == ' ' && bytes_eq(s.p, d->host, d->nhost);
}

static void keep_host(struct decoder *d, struct slice host)
{
	d->nhost = host.n <= sizeof d->host ? (unsigned)host.n : 0;
	memcpy(d->host, host.p, d->nhost);
}

static enum decoded after_host(struct decoder *d, struct dline *l, struct slice s)
{
	if (!take_tag(&s, l)) {
		l->program = SLICE_NONE;
		l->pid = SLICE_NONE;
		l->msg = s;
		/* rsyslog's own "last message repeated" and kernel lines without tag */
		return DECODED_OTHER;
	}
	l->msg = s;
	skip_msgid(l);
	unwrap_repeat(l);
	return decode_message(d, l);
}

/* Behind the time: "host prog[pid]: msg", "prog[pid]: msg", "host msg". */
static enum decoded after_time(struct decoder *d, struct dline *l, struct slice s)
{
	bool plain = s.n > 2 && s.p[0] == ' ' && (uint8_t)s.p[1] > ' ' && (uint8_t)s.p[s.n - 1] > ' ';
	s = plain ? slice_make(s.p + 1, s.n - 1) : slice_trim(s);
	skip_facility(&s, l);
	struct slice whole = s, host;
	if (same_host(d, s)) {
		l->host = slice_to(s, d->nhost);
		s = slice_from(s, d->nhost + 1u);
		while (s.n && s.p[0] == ' ')
			s = slice_from(s, 1);
		return after_host(d, l, s);
	}
	if (take_tag(&s, l)) { /* no host name: "Nov 23 21:50:19 sshd[8148]: ..." */
		l->host = SLICE_NONE;
	} else {
		l->pid = SLICE_NONE;
		if (!slice_cut(&whole, ' ', &host))
			return DECODED_NO_FORMAT;
		s = whole;
		while (s.n && s.p[0] == ' ')
			s = slice_from(s, 1);
		l->host = host;
		keep_host(d, host);
		return after_host(d, l, s);
	}
	l->msg = s;
	skip_msgid(l);
	unwrap_repeat(l);
	return decode_message(d, l);
}

bool syslog_is_tag(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!tag_char[(uint8_t)name.p[i]])
			return false;
	return name.n > 0;
}

/* ---- a line like the one before ------------------------------------------------------------------------------ */

enum { TAG_MAX = 15, AHEAD = 40 /* bytes that are there behind the host: "systemd-logind[1234567]: " and some */ };

/* The program whose name, and then '[' or ':', stands at p; 16 bytes are there. NULL: not one of those remembered. */
static inline const struct program_memo *known_tag(const struct decoder *d, const char *p, size_t *len)
{
	size_t n = 0;
#ifdef __SSE2__
	const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i end = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('[')), _mm_cmpeq_epi8(v, _mm_set1_epi8(':')));
	n = (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(end) | 1u << (TAG_MAX + 1));
#else
	while (n <= TAG_MAX && p[n] != '[' && p[n] != ':')
		n++;
#endif
	if (n == 0 || n > TAG_MAX)
		return NULL;
	const struct program_memo *m = &d->memo[program_place(slice_make(p, n))];
	*len = n;
	return m->n == n && m->is_tag && bytes_eq(m->text, p, n) ? m : NULL;
}

/* "[1234567]: " or ": " at p, 24 bytes are there; its length, 0: something else. */
static inline size_t tag_end(const char *p, struct dline *l)
{
	if (p[0] == ':')
		return p[1] == ' ' ? 2 : 0;
	const uint64_t digits = load8(p + 1), zeros = 0x3030303030303030u, x = digits ^ zeros;
	const uint64_t other = ((x + 0x0606060606060606u) | x) & 0xf0f0f0f0f0f0f0f0u; /* right up to the first that is none */
	if (!other)
		return 0;
	const unsigned n = (unsigned)__builtin_ctzll(other) / 8;
	if (!n || p[1 + n] != ']' || p[2 + n] != ':' || p[3 + n] != ' ')
		return 0;
	uint32_t number;
	if (!eight_digits(digits << (64 - 8 * n) | zeros >> 8 * n, &number))
		return 0;
	l->pid = slice_make(p + 1, n);
	l->pid_at = l->pid.p;
	l->pid_number = number;
	return n + 4;
}

enum decoded syslog_again(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw;
	size_t name;
	if (!d->nhost || s.n < 32 || s.p[10] != 'T' || !time_same_minute(d, &s, l) || s.n < d->nhost + AHEAD || s.p[0] != ' ' || d->host[0] == '<' ||
	    (uint8_t)d->host[0] <= ' ' || s.p[d->nhost + 1] != ' ' || (uint8_t)s.p[s.n - 1] <= ' ' || !bytes_eq(s.p + 1, d->host, d->nhost))
		return DECODED_NO_FORMAT;
	const char *tag = s.p + d->nhost + 2;
	const struct program_memo *m = known_tag(d, tag, &name);
	size_t end = m ? tag_end(tag + name, l) : 0;
	if (!end)
		return DECODED_NO_FORMAT;
	l->host = slice_make(s.p + 1, d->nhost);
	l->program = slice_make(tag, name);
	const char *msg = tag + name + end;
	l->msg = slice_make(msg, (size_t)(s.p + s.n - msg));
	if (msg[0] == '[')
		skip_msgid(l);
	else if (msg[0] == 'm')
		unwrap_repeat(l);
	return decode_message_of(d, l, m->prog);
}

/* ---- formats ------------------------------------------------------------------------------------------------- */

static bool maybe_digit_or_lt(struct slice s)
{
	return (s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '<';
}

static enum decoded line_iso(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw;
	skip_priority(&s);
	if (s.n > 20 && s.p[10] != 'T')
		return DECODED_NO_FORMAT; /* "2026-05-04 07:12:33 ..." is of exim, dpkg, fail2ban: theirs to try */
	if (!time_iso(d, &s, l) || !s.n || s.p[0] != ' ')
		return DECODED_NO_FORMAT;
	return after_time(d, l, s);
}

static bool maybe_bsd(struct slice s)
{
	return (s.p[0] >= 'A' && s.p[0] <= 'S') || maybe_digit_or_lt(s);
}

static enum decoded line_bsd(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw;
	skip_priority(&s);
	if (!time_bsd(d, &s, l))
		return DECODED_NO_FORMAT;
	if (s.n && s.p[0] == ':')
		s = slice_from(s, 1); /* "Nov 11 22:46:29: host ..." (Cisco) */
	if (!s.n || s.p[0] != ' ')
		return DECODED_NO_FORMAT;
	return after_time(d, l, s);
}

/* RFC 5424: "<34>1 2026-05-04T07:12:33Z host app procid msgid [sd] msg". Transports often strip "<34>". */
static enum decoded line_5424(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, word, field[4];
	skip_priority(&s);
	if (!slice_starts(s, SL("1 ")))
		return DECODED_NO_FORMAT;
	s = slice_from(s, 2);
	if (slice_starts(s, SL("- ")))
		s = slice_from(s, 1);
	else if (!time_iso(d, &s, l))
		return DECODED_NO_FORMAT;
	for (int i = 0; i < 4; i++) {
		if (!slice_word(&s, &word))
			return DECODED_NO_FORMAT;
		field[i] = slice_eq(word, SL("-")) ? SLICE_NONE : word;
	}
	l->host = field[0];
	l->program = field[1];
	l->pid = field[2];
	s = slice_trim(s);
	if (s.n && s.p[0] == '-') {
		s = slice_from(s, 1);
	} else {
		while (s.n && s.p[0] == '[') { /* structured data: skip, minding quotes */
			size_t i = 1;
			for (bool quoted = false; i < s.n && (quoted || s.p[i] != ']'); i++) {
				if (s.p[i] == '\\' && quoted)
					i++;
				else if (s.p[i] == '"')
					quoted = !quoted;
			}
			s = slice_from(s, i + 1);
		}
	}
	s = slice_trim(s);
	if (slice_starts(s, SL("\xef\xbb\xbf"))) /* the BOM of RFC 5424 6.4 */
		s = slice_from(s, 3);
	l->msg = s;
	unwrap_repeat(l);
	return l->program.n ? decode_message(d, l) : DECODED_OTHER;
}

/* "host prog[pid]: msg" without a time, as journalctl -o with-unit or a pasted excerpt has it. */
static enum decoded line_bare(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, host;
	if (!slice_cut(&s, ' ', &host) || !take_tag(&s, l) || !l->pid.n)
		return DECODED_NO_FORMAT;
	l->host = host;
	l->msg = s;
	l->time = d->last_time;
	l->flags |= EV_NO_TIME;
	return decode_message(d, l);
}

/* "@400000004c91b044077a9e94 prog: msg": TAI64N of daemontools' multilog. TAI counts from 2^62; 10 s ahead of UTC in 1970, and
 * multilog adds just those. */
static bool maybe_tai64n(struct slice s)
{
	return s.n > 30 && s.p[0] == '@' && s.p[1] == '4' && s.p[25] == ' ';
}

static enum decoded line_tai64n(struct decoder *d, struct dline *l)
{
	enum { TAI_AHEAD = 10 };
	const uint64_t start = UINT64_C(1) << 62, end = start + UINT64_C(0x100000000);
	uint64_t seconds, nanos;
	struct slice s = slice_from(l->raw, 26);
	if (!slice_hex(slice_make(l->raw.p + 1, 16), &seconds) || !slice_hex(slice_make(l->raw.p + 17, 8), &nanos) || seconds < start + TAI_AHEAD ||
	    seconds >= end || nanos >= (uint64_t)NS_SEC)
		return DECODED_NO_FORMAT;
	l->time = (nstime)(seconds - start - TAI_AHEAD) * NS_SEC + (nstime)nanos;
	if (!take_tag(&s, l)) {
		l->msg = s;
		return DECODED_OTHER;
	}
	l->msg = s;
	return decode_message(d, l);
}

static bool maybe_any(struct slice s)
{
	(void)s;
	return true;
}

const struct format format_syslog_iso = {"syslog (ISO time)", maybe_digit_or_lt, line_iso};
const struct format format_syslog_bsd = {"syslog (RFC 3164)", maybe_bsd, line_bsd};
const struct format format_syslog_5424 = {"syslog (RFC 5424)", maybe_digit_or_lt, line_5424};
const struct format format_tai64n = {"multilog (TAI64N)", maybe_tai64n, line_tai64n};
const struct format format_syslog_bare = {"syslog without time", maybe_any, line_bare};
