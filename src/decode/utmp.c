/* utmp.c - binary login records, utmp(5): wtmp (logins, logouts, boots), btmp (failed logins), lastlog not. Records are of
 * the 384-byte layout that glibc uses on 64-bit Linux and, for compatibility, on most 32-bit ones. */
#include "decode/decode_private.h"

enum { RECORD = 384, PID = 4, LINE = 8, LINE_N = 32, USER = 44, USER_N = 32, HOST = 76, HOST_N = 256, SESSION = 336, SECONDS = 340,
	MICROS = 344, ADDRESS = 348 };
enum { RUN_LVL = 1, BOOT_TIME = 2, NEW_TIME = 3, OLD_TIME = 4, INIT_PROCESS = 5, LOGIN_PROCESS = 6, USER_PROCESS = 7, DEAD_PROCESS = 8 };

struct login {
	unsigned type;
	int32_t pid, session;
	struct slice line, user, host;
	struct ip ip;
	bool has_ip;
};

static uint32_t word_at(const char *p, size_t at)
{
	const uint8_t *b = (const uint8_t *)p + at; /* little-endian, as x86 and ARM write it */
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* A field is cut at its first NUL; it need not have one. */
static struct slice text_at(const char *p, size_t at, size_t n)
{
	const char *end = memchr(p + at, 0, n);
	return slice_make(p + at, end ? (size_t)(end - p) - at : n);
}

static void read_record(const char *p, struct login *u, struct dline *l)
{
	static const uint8_t none[16];
	u->type = word_at(p, 0) & 0xffff;
	u->pid = (int32_t)word_at(p, PID);
	u->session = (int32_t)word_at(p, SESSION);
	u->line = text_at(p, LINE, LINE_N);
	u->user = text_at(p, USER, USER_N);
	u->host = text_at(p, HOST, HOST_N);
	int64_t micros = (int32_t)word_at(p, MICROS);
	if (word_at(p, SECONDS))
		l->time = (nstime)MAX(word_at(p, SECONDS), 0) * NS_SEC + (micros > 0 && micros < 1000000 ? micros * 1000 : 0);
	memcpy(u->ip.b, p + ADDRESS, 16);
	u->has_ip = memcmp(u->ip.b, none, 16) != 0;
	if (u->has_ip && memcmp(u->ip.b + 4, none, 12) == 0) { /* only the first word: IPv4 */
		memmove(u->ip.b + 12, u->ip.b, 4);
		memset(u->ip.b, 0, 10);
		u->ip.b[10] = u->ip.b[11] = 0xff;
	}
}

static enum action action_of(const struct login *u, bool failed)
{
	if (failed)
		return u->type == LOGIN_PROCESS || u->type == USER_PROCESS ? ACT_LOGIN_FAILED : ACT_NONE;
	switch (u->type) {
	case USER_PROCESS: return ACT_LOGIN;
	case DEAD_PROCESS: return ACT_LOGOUT;
	case BOOT_TIME: return ACT_BOOT;
	case NEW_TIME: return ACT_TIME_CHANGED;
	case RUN_LVL: return slice_eq(u->user, SL("shutdown")) ? ACT_SHUTDOWN : ACT_NOTICE;
	case OLD_TIME:
	case INIT_PROCESS:
	case LOGIN_PROCESS: return ACT_NOTICE;
	default: return ACT_NONE;
	}
}

static void add_source(struct decoder *d, struct event *e, const struct login *u)
{
	char tmp[48];
	struct ip ip;
	if (u->has_ip)
		decode_add_copy(d, e, F_SOURCE_IP, slice_of(ip_text(&u->ip, tmp)));
	if (!u->host.n || u->host.p[0] == ':') /* ":0": an X display */
		return;
	if (ip_parse(u->host, &ip)) {
		if (!u->has_ip)
			event_add(d->out, e, F_SOURCE_IP, u->host);
	} else {
		event_add(d->out, e, F_SOURCE_DOMAIN, u->host);
		if (!u->has_ip)
			event_add(d->out, e, F_SOURCE_IP, u->host);
	}
}

static void add_message(struct decoder *d, struct event *e, const struct login *u)
{
	static const char *const what[] = {
		[RUN_LVL] = "run level", [BOOT_TIME] = "system boot", [NEW_TIME] = "clock set, new time", [OLD_TIME] = "clock set, old time",
		[INIT_PROCESS] = "init process", [LOGIN_PROCESS] = "waiting for login", [USER_PROCESS] = "login", [DEAD_PROCESS] = "session ended",
	};
	d->tmp.n = 0;
	buf_addz(&d->tmp, e->action == ACT_LOGIN_FAILED ? "failed login" : u->type < ARRAY_LEN(what) && what[u->type] ? what[u->type] : "record");
	if (u->user.n) {
		buf_addz(&d->tmp, u->type == USER_PROCESS || e->action == ACT_LOGIN_FAILED ? " of " : " ");
		buf_adds(&d->tmp, u->user);
	}
	if (u->line.n && u->line.p[0] != '~') {
		buf_addz(&d->tmp, " on ");
		buf_adds(&d->tmp, u->line);
	}
	if (u->host.n && u->type != BOOT_TIME && u->type != RUN_LVL) {
		buf_addz(&d->tmp, " from ");
		buf_adds(&d->tmp, u->host);
	}
	decode_add_copy(d, e, F_MESSAGE, buf_slice(&d->tmp));
}

static enum decoded emit_record(struct decoder *d, struct dline *l, bool failed)
{
	struct login u;
	read_record(l->raw.p, &u, l);
	enum action a = action_of(&u, failed);
	if (a == ACT_NONE)
		return u.type == 0 && !u.user.n ? DECODED_BLANK : DECODED_UNKNOWN;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	enum outcome o = a == ACT_LOGIN ? OUTCOME_SUCCESS : a == ACT_LOGIN_FAILED ? OUTCOME_FAILURE : OUTCOME_NONE;
	struct event *e = decode_emit(d, l, failed ? SL("btmp") : SL("wtmp"), a, o);
	add_message(d, e, &u);
	if (u.user.n && a != ACT_BOOT && a != ACT_SHUTDOWN && u.type != RUN_LVL)
		event_add(d->out, e, F_USER_NAME, u.user);
	if (u.line.n && u.line.p[0] != '~')
		event_add(d->out, e, F_PROCESS_TTY, u.line);
	if (u.pid > 0)
		event_add_int(d->out, e, F_PROCESS_PID, u.pid);
	if (u.type != BOOT_TIME && u.type != RUN_LVL)
		add_source(d, e, &u);
	return DECODED_EVENT;
}

void decode_utmp(struct decoder *d)
{
	struct slice in = d->in->data, name = slice_basename(d->in->path);
	bool failed = slice_has(name, SL("btmp")); /* btmp, btmp.1, host-btmp */
	for (uint64_t at = 0; in.n - at >= RECORD; at += RECORD) {
		struct dline l = {.raw = slice_make(in.p + at, RECORD), .offset = d->in->offset + at, .time = NSTIME_NONE};
		decode_count(d, &l, emit_record(d, &l, failed));
	}
}
