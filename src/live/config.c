/* config.c - the section `sources` of postern.yaml. */
#include "live/live_private.h"

#define SPOOL_DEFAULT ((uint64_t)1000000000)
#define SPOOL_LEAST ((uint64_t)16 << 20) /* two segments at their smallest */
#define SPOOL_MOST ((uint64_t)1 << 44)
enum { LISTEN_MAX = 64, SOCKET_PATH_MAX = 107 /* sun_path */ };

static const char *const kinds[] = {[LIVE_UDP] = "udp", [LIVE_TCP] = "tcp", [LIVE_TLS] = "tls", [LIVE_UNIX] = "unix", [LIVE_AUDIT] = "audit"};

static int must_be_absolute(const struct node *n, const char *file, struct slice path, struct err *e)
{
	if (path.n && path.p[0] == '/')
		return 0;
	return err_at(e, ERR_TYPE, file, n->line, n->column, "\"%.*s\" is no absolute path: begin it with /", (int)MIN(path.n, (size_t)60), path.p);
}

static int read_path(const struct node *n, const char *file, struct arena *mem, struct slice *out, struct err *e)
{
	struct slice text;
	int rc = yaml_text(n, file, &text, e);
	if (!rc)
		rc = must_be_absolute(n, file, text, e);
	if (!rc)
		*out = slice_dup(mem, text);
	return rc;
}

static int read_files(const struct node *n, const char *file, struct arena *mem, struct live_config *out, struct err *e)
{
	const struct node *item = n->kind == NODE_LIST ? n->child : n;
	int rc = yaml_texts(n, file, mem, &out->paths, &out->npaths, e);
	for (size_t i = 0; !rc && i < out->npaths; i++, item = item->next)
		rc = read_path(item, file, mem, &out->paths[i], e);
	return rc;
}

static int read_journal(const struct node *n, const char *file, struct arena *mem, struct live_config *out, struct err *e)
{
	if (n->kind == NODE_SCALAR && n->text.n && n->text.p[0] == '/') {
		out->journal = true;
		return read_path(n, file, mem, &out->journal_dir, e);
	}
	if (yaml_bool(n, file, &out->journal, NULL))
		return err_at(e, ERR_TYPE, file, n->line, n->column, "true, false or a folder of journal files expected");
	return 0;
}

void live_listen_name(const struct live_listen *l, char out[static 160])
{
	size_t n = 0;
	for (const char *k = kinds[l->kind]; *k; k++)
		out[n++] = *k;
	out[n++] = '-';
	struct slice a = l->address;
	while (a.n && a.p[0] == '/')
		a = slice_from(a, 1);
	for (size_t i = 0; i < a.n && n < 159; i++) {
		char c = a.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
		out[n++] = plain ? c : '_';
	}
	out[n] = '\0';
}

/* ---- sockets --------------------------------------------------------------------------------------------------------- */
bool live_address(struct slice text, struct ip *ip, uint16_t *port, bool *v6)
{
	ssize_t colon = slice_rfind(text, SL(":"));
	uint64_t number;
	if (colon <= 0 || !slice_u64(slice_from(text, (size_t)colon + 1), 65535, &number))
		return false;
	struct slice host = slice_to(text, (size_t)colon);
	*v6 = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (*v6)
		host = slice_make(host.p + 1, host.n - 2);
	*port = (uint16_t)number;
	return ip_parse(host, ip) && *v6 == (slice_chr(host, ':') >= 0);
}

static int read_address(const struct node *n, const char *file, struct arena *mem, struct live_listen *l, struct err *e)
{
	struct ip ip;
	uint16_t port;
	bool v6;
	if (l->kind == LIVE_UNIX || l->kind == LIVE_AUDIT) {
		int rc = read_path(n, file, mem, &l->address, e);
		if (!rc && l->address.n > SOCKET_PATH_MAX)
			rc = err_at(e, ERR_LIMIT, file, n->line, n->column, "a socket's path has at most %d bytes", SOCKET_PATH_MAX);
		return rc;
	}
	int rc = yaml_text(n, file, &l->address, e);
	if (!rc && !live_address(l->address, &ip, &port, &v6))
		rc = err_at(e, ERR_TYPE, file, n->line, n->column, "ADDRESS:PORT expected (127.0.0.1:5514, [::1]:6514), not \"%.*s\"",
			(int)MIN(l->address.n, (size_t)60), l->address.p);
	if (!rc)
		l->address = slice_dup(mem, l->address);
	return rc;
}

static int read_listen_key(const struct node *k, const char *file, struct arena *mem, struct live_listen *l, bool *have_kind, struct err *e)
{
	if (slice_eq(k->text, SL("certificate")))
		return read_path(k->value, file, mem, &l->certificate, e);
	if (slice_eq(k->text, SL("key")))
		return read_path(k->value, file, mem, &l->key, e);
	if (slice_eq(k->text, SL("client_ca")))
		return read_path(k->value, file, mem, &l->client_ca, e);
	if (slice_eq(k->text, SL("stream")))
		return yaml_bool(k->value, file, &l->stream, e);
	if (*have_kind)
		return err_at(e, ERR_SYNTAX, file, k->line, k->column, "one of udp, tcp, tls, unix, audit to an entry of the list: write - before this one");
	*have_kind = true;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_eqz(k->text, kinds[i]))
			l->kind = (enum live_listen_kind)i;
	return read_address(k->value, file, mem, l, e);
}

static int check_listen(const struct node *n, const char *file, const struct live_config *c, const struct live_listen *l, bool have_kind, struct err *e)
{
	bool tls = have_kind && l->kind == LIVE_TLS;
	if (!have_kind)
		return err_at(e, ERR_SYNTAX, file, n->line, n->column, "one of udp, tcp, tls, unix, audit expected");
	if (tls && (!l->certificate.n || !l->key.n))
		return err_at(e, ERR_SYNTAX, file, n->line, n->column, "tls needs certificate: and key:, paths of PEM files");
	if (!tls && (l->certificate.n || l->key.n || l->client_ca.n))
		return err_at(e, ERR_SYNTAX, file, n->line, n->column, "certificate, key and client_ca belong to tls");
	if (l->stream && l->kind != LIVE_UNIX)
		return err_at(e, ERR_SYNTAX, file, n->line, n->column, "stream belongs to unix");
	for (size_t i = 0; i < c->nlisten; i++)
		if (slice_eq(c->listen[i].address, l->address) && (c->listen[i].kind == LIVE_UDP) == (l->kind == LIVE_UDP))
			return err_at(e, ERR_DUP, file, n->line, n->column, "%.*s is there twice", SLFMT(l->address));
	return 0;
}

static int read_syslog(const struct node *n, const char *file, struct arena *mem, struct live_config *out, struct err *e)
{
	static const char *const keys[] = {"udp", "tcp", "tls", "unix", "audit", "certificate", "key", "client_ca", "stream", NULL};
	if (n->kind != NODE_LIST || n->n > LISTEN_MAX)
		return err_at(e, n->kind == NODE_LIST ? ERR_LIMIT : ERR_TYPE, file, n->line, n->column,
			"a list of at most %d sockets expected, as in - tcp: 127.0.0.1:5514", LISTEN_MAX);
	out->listen = arena_alloc(mem, (n->n + 1) * sizeof *out->listen);
	const struct node *item = n->child;
	for (size_t i = 0; i < n->n; i++, item = item->next) {
		struct live_listen l = {0};
		bool have_kind = false;
		int rc = yaml_keys(item, file, keys, e);
		for (const struct node *k = rc ? NULL : item->child; k && !rc; k = k->next)
			rc = read_listen_key(k, file, mem, &l, &have_kind, e);
		if (!rc)
			rc = check_listen(item, file, out, &l, have_kind, e);
		if (rc)
			return rc;
		out->listen[out->nlisten++] = l;
	}
	return 0;
}

int live_config_read(const struct node *n, const char *file, struct arena *mem, struct live_config *out, struct err *e)
{
	static const char *const keys[] = {"files", "history", "journal", "syslog", "spool", NULL};
	const struct node *v;
	int rc = 0;

	*out = (struct live_config){.history = true, .spool_bytes = SPOOL_DEFAULT};
	out->paths = arena_alloc(mem, sizeof *out->paths);
	out->paths[0] = SL("/var/log");
	out->npaths = 1;
	if (!n)
		return 0;
	rc = yaml_keys(n, file, keys, e);
	if (!rc && (v = yaml_get(n, "files")))
		rc = read_files(v, file, mem, out, e);
	if (!rc && (v = yaml_get(n, "history")))
		rc = yaml_bool(v, file, &out->history, e);
	if (!rc && (v = yaml_get(n, "journal")))
		rc = read_journal(v, file, mem, out, e);
	if (!rc && (v = yaml_get(n, "syslog")))
		rc = read_syslog(v, file, mem, out, e);
	if (!rc && (v = yaml_get(n, "spool")))
		rc = yaml_size(v, file, SPOOL_LEAST, SPOOL_MOST, &out->spool_bytes, e);
	return rc;
}
