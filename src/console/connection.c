/* connection.c - a request as it comes in, waits for a thread, and goes out as a response. */
#include "console/server.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum state { NEW, CHECKED, BODY, DONE };
struct conn {
	struct server *s;
	struct MHD_Connection *connection;
	enum state state;
	struct exchange x;
	unsigned status;          /* instead of a page: an error found on the way */
	char *body;
	size_t expected, got;
	int64_t since;            /* seconds: the body may come */
	unsigned place;           /* of uploads */
	bool slow, upload, counted;
};

struct exchange *conn_exchange(struct conn *c)
{
	return &c->x;
}

void *conn_begin(void *server, const char *uri, struct MHD_Connection *connection)
{
	struct conn *c = xcalloc(1, sizeof *c);
	c->s = server;
	c->connection = connection;
	arena_init(&c->x.mem);
	c->x.target = slice_dup(&c->x.mem, slice_to(slice_of(uri), TARGET_MOST + 1));
	return c;
}

/* ---- the header ------------------------------------------------------------------------------------------------------------------------------------------ */

static const struct { const char *name; size_t at; bool once; } fields[] = {
	{"Host", offsetof(struct head, host), true}, {"Origin", offsetof(struct head, origin), true}, {"Sec-Fetch-Site", offsetof(struct head, site), true},
	{"Cookie", offsetof(struct head, cookie), true}, {"Content-Type", offsetof(struct head, type), true}, {"Accept-Language", offsetof(struct head, languages), false},
	{"X-CSRF-Token", offsetof(struct head, csrf), true}, {"If-None-Match", offsetof(struct head, known), false}, {"X-Forwarded-For", offsetof(struct head, forwarded), false},
	{"Content-Length", SIZE_MAX, true}, {"Transfer-Encoding", SIZE_MAX, true},
};

struct reading {
	struct conn *c;
	size_t seen[ARRAY_LEN(fields)];
};

static enum MHD_Result take_field(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct reading *r = arg;
	(void)kind;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_ieq(slice_of(key), slice_of(fields[i].name))) {
			r->seen[i]++;
			if (fields[i].at != SIZE_MAX) {
				struct slice s = slice_trim(slice_of(value));
				memcpy((char *)&r->c->x.head + fields[i].at, &s, sizeof s);
			}
		}
	if (slice_ieq(slice_of(key), SL("X-Postern-Live")))
		r->c->x.quiet = true;
	return MHD_YES;
}

static size_t count_of(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return r->seen[i];
	return 0;
}

/* Two of a field that decides are read differently by who stands before us. */
static unsigned read_head(struct conn *c, struct reading *r)
{
	*r = (struct reading){.c = c};
	MHD_get_connection_values(c->connection, MHD_HEADER_KIND, take_field, r);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].once && r->seen[i] > 1)
			return 400;
	return count_of(r, "Content-Length") && count_of(r, "Transfer-Encoding") ? 400 : 0;
}

/* Behind a proxy of this machine: the address it says, the last of the list. */
static void find_source(struct conn *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct ip ip = {{0}}, said;
	char text[48];
	if (info && info->client_addr && info->client_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *a = (const void *)info->client_addr;
		memcpy(ip.b, &a->sin6_addr, sizeof ip.b);
	} else if (info && info->client_addr && info->client_addr->sa_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)info->client_addr;
		memset(ip.b + 10, 0xff, 2);
		memcpy(ip.b + 12, &a->sin_addr, 4);
	}
	struct slice list = c->x.head.forwarded, last;
	while (slice_cut(&list, ',', &last))
		;
	if (c->s->w->o->plain && ip_is_loopback(&ip) && ip_parse(slice_trim(list), &said))
		ip = said;
	snprintf(c->x.source, sizeof c->x.source, "%s", ip_text(&ip, text));
}

/* ---- the body ---------------------------------------------------------------------------------------------------------------------------------------------- */

/* How long it says it is: within what the route takes. */
static unsigned expect_body(struct conn *c, const struct reading *r)
{
	const char *text = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "Content-Length");
	uint64_t n = 0;
	if (count_of(r, "Transfer-Encoding"))
		return 400; /* forms have a length */
	if (text && !slice_u64(slice_of(text), UINT64_MAX, &n))
		return 400;
	if (n > (uint64_t)(c->upload ? PAGE_UPLOAD_BYTES : PAGE_FORM_BYTES))
		return 413;
	if (c->x.method != METHOD_POST && n)
		return 400;
	c->expected = (size_t)n;
	return 0;
}

static unsigned find_kind(struct conn *c, const char *method)
{
	struct target t;
	struct err e;
	struct slice arg[PAGE_ARGS];
	const struct route *route = NULL;
	unsigned allowed;
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		c->x.method = METHOD_GET;
	else if (strcmp(method, "POST") == 0)
		c->x.method = METHOD_POST;
	else
		return 405;
	if (request_target(c->x.target, &c->x.mem, &t, &e) || route_find(&t, c->x.method, &route, arg, &allowed))
		return 0; /* told as a page by who handles it */
	c->upload = c->x.method == METHOD_POST && (route->flags & ROUTE_UPLOAD);
	c->slow = c->upload || (route->flags & ROUTE_SLOW);
	return 0;
}

/* ---- going out --------------------------------------------------------------------------------------------------------------------------------------------- */

void conn_headers(const struct server *s, struct MHD_Response *r)
{
	static const char *const always[][2] = {{"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "same-origin"}, {"X-Frame-Options", "DENY"},
		{"Cross-Origin-Opener-Policy", "same-origin"}, {"Cross-Origin-Resource-Policy", "same-origin"}, {"Cross-Origin-Embedder-Policy", "require-corp"},
		{"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"}};
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		MHD_add_response_header(r, always[i][0], always[i][1]);
	MHD_add_response_header(r, "Content-Security-Policy", respond_csp());
	if (!s->w->o->plain)
		MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
}

/* Of bytes that stay as they are. */
static struct MHD_Response *fixed_response(struct slice bytes)
{
	union { const char *in; char *out; } p = {bytes.p};
	return MHD_create_response_from_buffer(bytes.n, p.out, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result queue(struct conn *c, unsigned status, struct MHD_Response *r)
{
	enum MHD_Result ok = r ? MHD_queue_response(c->connection, status, r) : MHD_NO;
	if (r)
		MHD_destroy_response(r);
	return ok;
}

/* What never came to a page: short, and the connection ends. */
static enum MHD_Result refuse(struct conn *c, unsigned status)
{
	static const char text[] = "Postern cannot take this request.\n";
	struct MHD_Response *r = fixed_response(slice_make(text, sizeof text - 1));
	if (r) {
		conn_headers(c->s, r);
		MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
		MHD_add_response_header(r, "Cache-Control", "no-store");
		MHD_add_response_header(r, "Connection", "close");
		if (status == 405)
			MHD_add_response_header(r, "Allow", "GET, HEAD, POST");
		if (status == 503 || status == 429)
			MHD_add_response_header(r, "Retry-After", "2");
	}
	c->state = DONE;
	return queue(c, status, r);
}

static enum MHD_Result send_file(struct conn *c)
{
	const struct static_file *f = c->x.file;
	bool known = slice_has(c->x.head.known, slice_of(f->tag));
	struct MHD_Response *r = fixed_response(slice_to(f->bytes, known ? 0 : f->bytes.n));
	if (!r)
		return MHD_NO;
	conn_headers(c->s, r);
	MHD_add_response_header(r, "ETag", f->tag);
	MHD_add_response_header(r, "Cache-Control", c->x.immutable ? "public, max-age=31536000, immutable" : "no-cache");
	MHD_add_response_header(r, "Content-Type", f->type);
	return queue(c, known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, r);
}

static void page_headers(struct conn *c, struct MHD_Response *r)
{
	const struct response *p = &c->x.r;
	char text[512];
	conn_headers(c->s, r);
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "Content-Type", p->type ? p->type : "text/html; charset=utf-8");
	if (c->x.set_cookie)
		MHD_add_response_header(r, "Set-Cookie", c->x.set_cookie);
	if (p->go.n) {
		union { const char *in; char *out; } z = {slice_dup(&c->x.mem, p->go).p};
		MHD_add_response_header(r, "Location", z.in);
	}
	if (p->file) {
		snprintf(text, sizeof text, "attachment; filename=\"%s\"", p->file);
		MHD_add_response_header(r, "Content-Disposition", text);
	}
	if (p->status == 405)
		MHD_add_response_header(r, "Allow", c->x.allowed & METHOD_POST ? c->x.allowed & METHOD_GET ? "GET, HEAD, POST" : "POST" : "GET, HEAD");
}

static enum MHD_Result send_response(struct conn *c)
{
	struct response *p = &c->x.r;
	c->state = DONE;
	peer_deadline(c->s, c->connection, p->stream ? 0 : REQUEST_SECONDS + (int64_t)((c->x.file ? c->x.file->bytes.n : p->body.n) / BYTES_SECOND));
	if (c->status)
		return refuse(c, c->status);
	if (c->x.file)
		return send_file(c);
	if (p->stream) {
		struct MHD_Response *r = live_response(c->s->live, c->connection, c->x.token);
		return r ? queue(c, MHD_HTTP_OK, r) : refuse(c, 503);
	}
	struct MHD_Response *r = p->body.p ? MHD_create_response_from_buffer(p->body.n, p->body.p, MHD_RESPMEM_MUST_FREE) : fixed_response(SL(""));
	if (!r)
		return MHD_NO;
	p->body = (struct buf){0}; /* the library's now */
	page_headers(c, r);
	return queue(c, p->status, r);
}

/* ---- the way ------------------------------------------------------------------------------------------------------------------------------------------------- */

/* To a thread, and on when that is done. */
static enum MHD_Result hand_over(struct conn *c, bool check)
{
	c->state = check ? CHECKED : DONE;
	peer_deadline(c->s, c->connection, 0);
	MHD_suspend_connection(c->connection);
	if (!desks_take(c->s->workers, c, check, c->slow && !check))
		conn_done(c, 503);
	return MHD_YES;
}

void conn_done(struct conn *c, unsigned status)
{
	c->status = status;
	MHD_resume_connection(c->connection);
}

/* From its beginning on what came has to have come at the least rate: who sends nothing is not given the time of all that he said he would send. */
static void keep_rate(struct conn *c)
{
	int64_t left = c->since + REQUEST_SECONDS + (int64_t)(c->got / BYTES_SECOND) - peer_clock();
	peer_deadline(c->s, c->connection, MAX(left, 1));
}

static enum MHD_Result expect_more(struct conn *c)
{
	c->state = BODY;
	c->since = peer_clock();
	keep_rate(c);
	return MHD_YES;
}

/* Nothing large is taken from who may not send it, and from nobody so much that others have to wait. */
static enum MHD_Result checked(struct conn *c)
{
	if (c->status)
		return refuse(c, c->status);
	if (c->x.answered)
		return send_response(c);
	unsigned status = uploads_take(&c->s->uploads, c->x.account, &c->place);
	c->counted = !status;
	return status ? refuse(c, status) : expect_more(c);
}

static enum MHD_Result first(struct conn *c, const char *method)
{
	struct reading r;
	unsigned status = find_kind(c, method);
	if (!status)
		status = read_head(c, &r);
	if (!status)
		status = expect_body(c, &r);
	if (status)
		return refuse(c, status);
	find_source(c);
	if (c->upload)
		return hand_over(c, true);
	return expect_more(c);
}

static enum MHD_Result take_body(struct conn *c, const char *data, size_t *size)
{
	if (*size == 0) {
		c->x.body = slice_make(c->body, c->got);
		return c->got == c->expected ? hand_over(c, false) : refuse(c, 400);
	}
	if (*size > c->expected - c->got)
		return MHD_NO;
	if (!c->body)
		c->body = xmalloc(c->expected);
	memcpy(c->body + c->got, data, *size);
	c->got += *size;
	*size = 0;
	keep_rate(c);
	return MHD_YES;
}

enum MHD_Result conn_go_on(void *server, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *data, size_t *size, void **conn)
{
	struct conn *c = *conn;
	(void)server, (void)connection, (void)url, (void)version;
	switch (c->state) {
	case NEW:
		return first(c, method);
	case CHECKED:
		return checked(c);
	case BODY:
		return take_body(c, data, size);
	default:
		return send_response(c);
	}
}

void conn_end(void *server, struct MHD_Connection *connection, void **conn, enum MHD_RequestTerminationCode why)
{
	struct conn *c = *conn;
	(void)server, (void)why;
	if (!c)
		return;
	peer_deadline(c->s, connection, REQUEST_SECONDS); /* for the next one */
	if (c->counted)
		uploads_give(&c->s->uploads, c->place);
	if (c->body)
		explicit_bzero(c->body, c->got); /* passwords */
	free(c->body);
	buf_free(&c->x.r.body);
	arena_free(&c->x.mem);
	free(c);
	*conn = NULL;
}
