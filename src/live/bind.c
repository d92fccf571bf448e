/* bind.c - the sockets of `syslog:`, and the files of TLS as bytes. Done with privileges; nothing from outside is read here. */
#include "live/receive_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { RECEIVE_BUFFER = 32 << 20, BACKLOG = 512, PEM_MAX = 1 << 20 };

static int cannot(const struct live_listen *l, const char *what, struct err *e)
{
	return err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_IO, "%.*s: %s: %s", SLFMT(l->address), what, strerrordesc_np(errno));
}

static void big_buffer(int fd)
{
	int size = RECEIVE_BUFFER;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size); /* as far as net.core.rmem_max goes */
}

static socklen_t inet_address(const struct live_listen *l, struct sockaddr_storage *to)
{
	struct ip ip;
	uint16_t port;
	bool v6;
	memset(to, 0, sizeof *to);
	if (!live_address(l->address, &ip, &port, &v6))
		return 0;
	if (v6) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)to;
		a->sin6_family = AF_INET6;
		a->sin6_port = htons(port);
		memcpy(&a->sin6_addr, ip.b, 16);
		return sizeof *a;
	}
	struct sockaddr_in *a = (struct sockaddr_in *)to;
	a->sin_family = AF_INET;
	a->sin_port = htons(port);
	memcpy(&a->sin_addr, ip.b + 12, 4);
	return sizeof *a;
}

static int bind_inet(const struct live_listen *l, int *out, struct err *e)
{
	struct sockaddr_storage a;
	socklen_t n = inet_address(l, &a);
	bool datagrams = l->kind == LIVE_UDP;
	int one = 1;
	int fd = n ? socket(a.ss_family, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0)
		return cannot(l, "socket", e);
	*out = fd;
	if (a.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof one);
	if (!datagrams)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	big_buffer(fd); /* connections inherit it */
	if (datagrams && setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one) != 0)
		return cannot(l, "counting dropped datagrams", e);
	if (bind(fd, (struct sockaddr *)&a, n) != 0)
		return cannot(l, "bind", e);
	if (!datagrams && listen(fd, BACKLOG) != 0)
		return cannot(l, "listen", e);
	return 0;
}

static bool unix_address(struct slice path, struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (path.n >= sizeof a->sun_path)
		return false;
	memcpy(a->sun_path, path.p, path.n);
	return true;
}

static int bind_unix(const struct live_listen *l, int *out, struct err *e)
{
	struct sockaddr_un a;
	struct stat st;
	int one = 1;
	if (!unix_address(l->address, &a)) {
		errno = ENAMETOOLONG;
		return cannot(l, "path", e);
	}
	int fd = *out = socket(AF_UNIX, (l->stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cannot(l, "socket", e);
	if (lstat(a.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(a.sun_path); /* of a process that was killed */
	big_buffer(fd);
	(void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0)
		return cannot(l, "bind", e);
	if (chmod(a.sun_path, 0666) != 0) /* whoever may log, as with /dev/log */
		return cannot(l, "mode", e);
	if (l->stream && listen(fd, BACKLOG) != 0)
		return cannot(l, "listen", e);
	return 0;
}

int audit_connect(struct slice path)
{
	struct sockaddr_un a;
	if (!unix_address(path, &a))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int read_pem(struct slice path, struct buf *to, struct err *e)
{
	char part[16384], name[4096];
	ssize_t r = 0;
	if (path.n == 0)
		return 0;
	snprintf(name, sizeof name, "%.*s", SLFMT(path));
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set(e, errno == ENOENT ? ERR_NOENT : ERR_PERM, "%s: %s", name, strerrordesc_np(errno));
	while (to->n <= PEM_MAX && (r = read(fd, part, sizeof part)) > 0)
		buf_add(to, part, (size_t)r);
	close(fd);
	explicit_bzero(part, sizeof part);
	if (r < 0 || to->n > PEM_MAX)
		return err_set(e, ERR_IO, "%s: %s", name, r < 0 ? strerrordesc_np(errno) : "too long for a PEM file");
	return 0;
}

static int bind_one(const struct live_listen *l, struct live_bound *b, size_t i, struct err *e)
{
	int rc = 0;
	switch (l->kind) {
	case LIVE_UDP:
	case LIVE_TCP:
		return bind_inet(l, &b->fds[i], e);
	case LIVE_TLS:
		rc = read_pem(l->certificate, &b->certificate[i], e);
		if (!rc)
			rc = read_pem(l->key, &b->key[i], e);
		if (!rc)
			rc = read_pem(l->client_ca, &b->client_ca[i], e);
		return rc ? rc : bind_inet(l, &b->fds[i], e);
	case LIVE_UNIX:
		return bind_unix(l, &b->fds[i], e);
	case LIVE_AUDIT:
		return 0;
	}
	return 0;
}

int live_bind(const struct live_config *c, struct live_bound **out, struct err *e)
{
	struct live_bound *b = *out = xcalloc(1, sizeof *b);
	int rc = 0;
	*b = (struct live_bound){.fds = xcalloc(c->nlisten + 1, sizeof *b->fds), .certificate = xcalloc(c->nlisten + 1, sizeof *b->certificate),
		.key = xcalloc(c->nlisten + 1, sizeof *b->key), .client_ca = xcalloc(c->nlisten + 1, sizeof *b->client_ca), .n = c->nlisten};
	for (size_t i = 0; i < c->nlisten; i++)
		b->fds[i] = -1;
	for (size_t i = 0; i < c->nlisten && !rc; i++)
		rc = bind_one(&c->listen[i], b, i, e);
	if (rc) {
		live_bound_free(b);
		*out = NULL;
	}
	return rc;
}

void live_bound_free(struct live_bound *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++) {
		if (b->fds[i] >= 0)
			close(b->fds[i]);
		if (b->key[i].n)
			explicit_bzero(b->key[i].p, b->key[i].cap);
		buf_free(&b->certificate[i]);
		buf_free(&b->key[i]);
		buf_free(&b->client_ca[i]);
	}
	free(b->fds);
	free(b->certificate);
	free(b->key);
	free(b->client_ca);
	free(b);
}

size_t live_bound_fds(const struct live_bound *b, const int **fds)
{
	*fds = b->fds;
	return b->n;
}

int live_tls_check(const struct live_config *c, const struct live_bound *b, struct err *e)
{
	for (size_t i = 0; i < c->nlisten; i++) {
		if (c->listen[i].kind != LIVE_TLS)
			continue;
		struct tls_server *s = tls_server_new(buf_slice(&b->certificate[i]), buf_slice(&b->key[i]), buf_slice(&b->client_ca[i]), e);
		if (!s)
			return e ? e->code : ERR_SYNTAX;
		tls_server_free(s);
	}
	return 0;
}
