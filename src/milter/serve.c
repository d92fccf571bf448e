/* serve.c - libmilter's side: a message is collected as it comes, and decided when it is whole. */
#include "milter/serve.h"

#include "sys/sys.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_MAX ((uint64_t)512 << 20) /* of all messages that are being collected */
enum { SOCKET_ROOM = 300, WRITES_MAX = 1 << 30 };

static struct milter *the_filter; /* libmilter's callbacks carry no argument */

/* ---- a message ------------------------------------------------------------------------------------------------------------------------ */

void session_reset(struct session *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	atomic_fetch_sub(&s->m->collected, s->size);
	s->size = s->skip = s->body = 0;
	s->trouble = NULL;
	s->full = false;
	s->nrecipients = s->nnames = s->nverdict = s->nindicators = s->nreleased = s->nsubject = 0;
	for (struct buf *const b[] = {&s->sender, &s->recipients, &s->from, &s->subject, &s->names, &s->released, &s->out}, *const *p = b; p < b + ARRAY_LEN(b); p++)
		(*p)->n = 0;
	body_begin(&s->digest);
}

static bool write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = slice_from(s, (size_t)n);
	}
	return true;
}

void session_write(struct session *s, struct slice bytes)
{
	if (s->trouble || s->full)
		return;
	if (bytes.n > s->m->o.max_bytes || s->size > s->m->o.max_bytes - bytes.n) {
		s->trouble = "larger than what is looked at";
		return;
	}
	if (atomic_fetch_add(&s->m->collected, bytes.n) > MEMORY_MAX) {
		atomic_fetch_sub(&s->m->collected, bytes.n);
		s->full = true;
		return;
	}
	s->size += bytes.n; /* counted above */
	if (!write_all(s->fd, bytes))
		s->trouble = "out of memory";
}

static void flush_out(struct session *s)
{
	session_write(s, buf_slice(&s->out));
	s->out.n = 0;
}

/* An address without its brackets; what could not stand in a line or an argument is refused by the mail server already. */
static struct slice address_of(const char *text)
{
	struct slice a = slice_to(slice_of(text), ADDRESS_MAX);
	if (a.n >= 2 && a.p[0] == '<' && a.p[a.n - 1] == '>')
		a = slice_make(a.p + 1, a.n - 2);
	return a;
}

static bool one_line(struct slice s)
{
	return slice_chr(s, '\n') < 0 && slice_chr(s, '\r') < 0 && slice_chr(s, 0) < 0;
}

/* ---- callbacks ------------------------------------------------------------------------------------------------------------------------ */

static struct session *session_of(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);
	if (s)
		return s;
	s = xcalloc(1, sizeof *s);
	s->m = the_filter;
	s->fd = -1;
	session_reset(s);
	if (smfi_setpriv(ctx, s) != MI_SUCCESS) {
		free(s);
		return NULL;
	}
	return s;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2, unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
	unsigned long *pf3)
{
	const unsigned long need = ACTIONS;
	struct session *s = session_of(ctx);
	(void)f2;
	(void)f3;
	if (!s || (f0 & need) != need)
		return SMFIS_REJECT; /* a mail server that cannot do what we promise */
	s->leading = f1 & SMFIP_HDR_LEADSPC;
	*pf0 = need;
	*pf1 = f1 & (SMFIP_HDR_LEADSPC | SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA);
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat on_sender(SMFICTX *ctx, char **argv)
{
	struct session *s = session_of(ctx);
	if (!s)
		return SMFIS_TEMPFAIL;
	session_reset(s);
	struct slice a = address_of(argv[0]);
	if (!one_line(a))
		return SMFIS_REJECT;
	buf_adds(&s->sender, a);
	s->fd = memfd_create("postern-mail", MFD_CLOEXEC);
	if (s->fd < 0)
		return SMFIS_TEMPFAIL;
	buf_addf(&s->out, "Return-Path: <%.*s>\r\n", SLFMT(a)); /* what is delivered has one, and it is looked at */
	flush_out(s);
	s->skip = s->size;
	return SMFIS_CONTINUE;
}

static sfsistat on_recipient(SMFICTX *ctx, char **argv)
{
	struct session *s = session_of(ctx);
	struct slice a = address_of(argv[0]);
	if (!s)
		return SMFIS_TEMPFAIL;
	if (!one_line(a))
		return SMFIS_REJECT;
	if (s->nrecipients >= RECIPIENTS_MAX)
		return SMFIS_TEMPFAIL; /* the sender comes again with the rest */
	if (s->nrecipients++)
		buf_addc(&s->recipients, '\n');
	buf_adds(&s->recipients, a);
	return SMFIS_CONTINUE;
}

static void keep(struct buf *to, struct slice value)
{
	to->n = 0;
	buf_adds(to, slice_to(value, TEXT_MAX));
}

static void note_header(struct session *s, struct slice name, struct slice value)
{
	if (slice_ieq(name, SL(HEADER_VERDICT)))
		s->nverdict++;
	else if (slice_ieq(name, SL(HEADER_INDICATORS)))
		s->nindicators++;
	else if (slice_ieq(name, SL(HEADER_RELEASED)) && !s->nreleased++)
		keep(&s->released, value);
	else if (slice_ieq(name, SL("From")) && !s->from.n)
		keep(&s->from, value);
	else if (slice_ieq(name, SL("Subject")) && !s->nsubject++)
		keep(&s->subject, value);
	if (s->nnames++ < HEADERS_MAX) {
		buf_adds(&s->names, name);
		buf_addc(&s->names, '\n');
	}
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *s = session_of(ctx);
	if (!s || s->fd < 0)
		return SMFIS_TEMPFAIL;
	struct slice n = slice_trim(slice_of(name)), v = slice_of(value);
	note_header(s, n, v);
	if (s->nverdict + s->nindicators + s->nreleased > FORGED_MAX) {
		smfi_setreply(ctx, mutable("550"), mutable("5.6.0"), mutable("Message refused: too many headers in the filter's name"));
		return SMFIS_REJECT;
	}
	if (slice_ieq(n, SL(HEADER_RELEASED)))
		return SMFIS_CONTINUE; /* ours: never part of the message */
	buf_adds(&s->out, slice_of(name));
	buf_addz(&s->out, s->leading ? ":" : ": ");
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\n' && !(i && v.p[i - 1] == '\r'))
			buf_addc(&s->out, '\r');
		buf_addc(&s->out, v.p[i]);
	}
	buf_addz(&s->out, "\r\n");
	flush_out(s);
	return SMFIS_CONTINUE;
}

static sfsistat on_end_of_headers(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);
	if (!s || s->fd < 0)
		return SMFIS_TEMPFAIL;
	session_write(s, SL("\r\n"));
	s->body = s->size;
	return SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *p, size_t n)
{
	struct session *s = session_of(ctx);
	if (!s || s->fd < 0)
		return SMFIS_TEMPFAIL;
	session_write(s, slice_make((const char *)p, n));
	if (!s->trouble)
		body_add(&s->digest, slice_make((const char *)p, n));
	return s->full ? SMFIS_TEMPFAIL : SMFIS_CONTINUE;
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);
	if (!s || s->fd < 0 || s->full)
		return SMFIS_TEMPFAIL;
	sfsistat r = decide(ctx, s);
	session_reset(s);
	return r;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);
	if (s)
		session_reset(s);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);
	if (!s)
		return SMFIS_CONTINUE;
	session_reset(s);
	for (struct buf *const b[] = {&s->sender, &s->recipients, &s->from, &s->subject, &s->names, &s->released, &s->out}, *const *p = b; p < b + ARRAY_LEN(b); p++)
		buf_free(*p);
	free(s);
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

/* ---- the service ------------------------------------------------------------------------------------------------------------------------ */

int milter_socket(const char *text, char *out, size_t n, struct err *e)
{
	struct slice s = slice_of(text), host;
	ssize_t colon = slice_rfind(s, SL(":"));
	struct ip ip;
	uint64_t port;
	bool fits;
	if (s.n && s.p[0] == '/')
		return snprintf(out, n, "unix:%s", text) < (int)n && s.n < 100 ? 0 : err_set(e, ERR_USAGE, "the socket's path is too long");
	host = slice_to(s, (size_t)MAX(colon, 0));
	bool six = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (six)
		host = slice_make(host.p + 1, host.n - 2);
	if (colon <= 0 || !slice_u64(slice_from(s, (size_t)colon + 1), 65535, &port) || !port || !ip_parse(host, &ip) || !ip_is_loopback(&ip))
		return err_set(e, ERR_USAGE, "a path or an address of this machine alone is wanted for the socket (/run/postern-milter/socket, 127.0.0.1:8894), not \"%.100s\"", text);
	fits = snprintf(out, n, "%s:%llu@%.*s", ip_is_v4(&ip) ? "inet" : "inet6", (unsigned long long)port, SLFMT(host)) < (int)n;
	return fits ? 0 : err_set(e, ERR_USAGE, "the socket's address is too long");
}

/* The mail server's group may connect, nobody else. */
static int listen_there(const struct milter_options *o, struct err *e)
{
	char at[SOCKET_ROOM];
	struct group found, *g = NULL;
	char room[16384];
	int rc = milter_socket(o->socket, at, sizeof at, e);
	if (rc)
		return rc;
	if (o->group && (getgrnam_r(o->group, &found, room, sizeof room, &g) || !g))
		return err_set(e, ERR_USAGE, "there is no group %s", o->group);
	mode_t before = umask(0117);
	bool ok = smfi_setconn(at) == MI_SUCCESS && smfi_opensocket(true) == MI_SUCCESS;
	umask(before);
	if (!ok)
		return err_set(e, ERR_IO, "cannot listen on %s: %s", o->socket, errno ? strerror(errno) : "libmilter refuses it");
	if (g && o->socket[0] == '/' && chown(o->socket, (uid_t)-1, g->gr_gid))
		return err_set(e, ERR_IO, "cannot give the socket %s to group %s: %m", o->socket, o->group);
	return 0;
}

int milter_run(const struct milter_options *o, struct err *e)
{
	struct milter *m = xcalloc(1, sizeof *m);
	struct smfiDesc description = {.xxfi_name = mutable("postern"), .xxfi_version = SMFI_VERSION, .xxfi_flags = ACTIONS, .xxfi_envfrom = on_sender, .xxfi_envrcpt = on_recipient,
		.xxfi_header = on_header, .xxfi_eoh = on_end_of_headers, .xxfi_body = on_body, .xxfi_eom = on_end, .xxfi_abort = on_abort, .xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate};
	m->o = *o;
	m->free = MAX(o->workers, 1u);
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->past_lock, NULL);
	pthread_cond_init(&m->freed, NULL);
	m->held = held_open(o->folder, true, e);
	if (!m->held)
		return e->code;
	int rc = past_open(m, e);
	if (!rc)
		rc = held_expire(m->held, milter_now() - o->keep_days * NS_DAY, e);
	m->expired = milter_now();
	the_filter = m;
	if (!rc && smfi_register(description) != MI_SUCCESS)
		rc = err_set(e, ERR_IO, "libmilter does not take the filter");
	if (!rc)
		rc = listen_there(o, e);
	if (rc) {
		held_close(m->held);
		return rc;
	}
	o->tell("ready");
	sys_notify_manager("READY=1");
	rc = smfi_main() == MI_SUCCESS ? 0 : err_set(e, ERR_IO, "libmilter ended");
	if (atomic_load(&m->broken))
		rc = err_set(e, ERR_IO, "no process to inspect with can be had: the filter has to be started anew");
	return rc; /* connections may still be under way in threads of libmilter's: what they use lives as long as the process */
}
