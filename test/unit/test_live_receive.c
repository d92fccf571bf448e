/* test_live_receive.c - framing, sockets, TLS, spool: a receiver process on loopback, and what it leaves in its segments. */
#include "test_source_util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "live/receive_private.h"

/* ---- framing --------------------------------------------------------------------------------------------------------- */
#define T "2026-11-26T14:00:00.000Z"
static const struct { const char *in, *out; } frames[] = {
	{"<34>Nov 23 21:50:19 web1 sshd[8]: a\n<34>Nov 23 21:50:19 web1 sshd[8]: b\n", "<34>Nov 23 21:50:19 web1 sshd[8]: a\n<34>Nov 23 21:50:19 web1 sshd[8]: b\n"},
	{"35 <34>Nov 23 21:50:19 web1 sshd[8]: a35 <34>Nov 23 21:50:19 web1 sshd[8]: b", "<34>Nov 23 21:50:19 web1 sshd[8]: a\n<34>Nov 23 21:50:19 web1 sshd[8]: b\n"},
	{"38 <34>Nov 23 21:50:19 web1 sshd[8]: a\nb\n\n", "<34>Nov 23 21:50:19 web1 sshd[8]: a b\n"}, /* a newline inside, one behind */
	{"<34>1 2026-11-23T21:50:19Z - app - - - a\n", "<34>1 2026-11-23T21:50:19Z - app - - - a\n"},
	{"<34>Nov 23 21:50:19 sshd[8]: a\n", "<34>Nov 23 21:50:19 192.0.2.7 sshd[8]: a\n"},
	{"<34>Nov  3 21:50:19 sshd: a b\n", "<34>Nov  3 21:50:19 192.0.2.7 sshd: a b\n"},
	{"<34>2026-11-23T21:50:19.5+01:00 web1 app: a\n", "<34>2026-11-23T21:50:19.5+01:00 web1 app: a\n"},
	{"<34>2026-11-23T21:50:19.5+01:00 app: a\n", "<34>2026-11-23T21:50:19.5+01:00 192.0.2.7 app: a\n"},
	{"<34>app[3]: a\n", "<34>" T " 192.0.2.7 app[3]: a\n"},
	{"nothing but text\n", T " 192.0.2.7 nothing but text\n"},
	{"{\"a\":1}\ntype=LOGIN msg=audit(1.2:3): x\n", "{\"a\":1}\ntype=LOGIN msg=audit(1.2:3): x\n"},
	{"12345 lines were read\n", T " 192.0.2.7 12345 lines were read\n"}, /* a number, no count */
	{"2026-11-23T21:50:19Z web1 a: x\n", "2026-11-23T21:50:19Z web1 a: x\n"},
	{"<34>Nov 23 21:50:19 web1 a: unfinished", "<34>Nov 23 21:50:19 web1 a: unfinished\n"},
	{"99 <34>Nov 23 21:50:19 web1 a: unfinished", "<34>Nov 23 21:50:19 web1 a: unfinished\n"},
	{"", ""},
};

static void feed(struct slice in, size_t piece, struct buf *out, struct frame_counts *c)
{
	struct envelope env = {.peer = SL("192.0.2.7"), .time = T};
	struct framer fr = {0};
	struct buf carry = {0};
	while (in.n || carry.n) {
		size_t n = MIN(piece, in.n), used = 0;
		bool more = true, end = n == in.n;
		buf_add(&carry, in.p, n);
		in = slice_from(in, n);
		while (more)
			used += frame_stream(&fr, &env, carry.p + used, carry.n - used, end, out->n + 50, out, c, &more);
		memmove(carry.p, carry.p + used, carry.n - used);
		carry.n -= used;
		if (end)
			break;
	}
	assert_int_equal(carry.n, 0);
	buf_free(&carry);
}

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		for (size_t piece = 1; piece < 90; piece++) { /* however the network cuts it */
			struct buf out = {0};
			struct frame_counts c = {0};
			feed(slice_of(frames[i].in), piece, &out, &c);
			if (!slice_eqz(buf_slice(&out), frames[i].out))
				fail_msg("row %zu in pieces of %zu: \"%.*s\"", i, piece, SLFMT(buf_slice(&out)));
			buf_free(&out);
		}
	}
}

static void test_frame_long(void **state)
{
	struct buf in = {0}, out = {0};
	struct frame_counts c = {0};
	(void)state;
	for (int i = 0; i < 3 * LIMIT_LINE; i++)
		buf_addc(&in, 'x');
	buf_addz(&in, "\n<34>Nov 23 21:50:19 web1 a: 1\n2000000 <34>");
	for (int i = 0; i < 2000000 - 4; i++)
		buf_addc(&in, 'y');
	buf_addz(&in, "30 <34>Nov 23 21:50:19 web1 a: 2!");
	in.p[in.n - 1] = 0;
	feed(buf_slice(&in), 700000, &out, &c);
	assert_int_equal(c.too_long, 2);
	assert_int_equal(c.lines, 2);
	assert_true(slice_eq(buf_slice(&out), SL("<34>Nov 23 21:50:19 web1 a: 1\n<34>Nov 23 21:50:19 web1 a: 2\n")));
	buf_free(&in);
	buf_free(&out);
}

static void test_frame_datagram(void **state)
{
	struct envelope env = {.peer = SL("192.0.2.7"), .time = T};
	struct frame_counts c = {0};
	struct buf out = {0};
	(void)state;
	frame_datagram(&env, slice_make("<34>Nov 23 21:50:19 web1 a: one\ntwo\n\0", 38), &out, &c);
	frame_datagram(&env, SL("\n"), &out, &c);
	frame_datagram(&env, SL("12 <34>x"), &out, &c); /* no counts in datagrams */
	assert_true(slice_eq(buf_slice(&out), SL("<34>Nov 23 21:50:19 web1 a: one two\n" T " 192.0.2.7 12 <34>x\n")));
	assert_int_equal(c.lines, 2);
	buf_free(&out);
}

/* ---- a receiver process ------------------------------------------------------------------------------------------------- */
struct world {
	struct live_config c;
	struct live_listen listen[2];
	struct live_bound *bound;
	char spool[128], path[128], ca[128], certificate[128], key[128];
	pid_t pid;
	int control, status;
	struct live_status figures;
};

static void receiver_start(struct world *w)
{
	int control[2], status[2];
	struct err e = {0};
	assert_int_equal(pipe2(control, O_CLOEXEC), 0);
	assert_int_equal(pipe2(status, O_CLOEXEC), 0);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0) {
		close(control[1]);
		alarm(120);
		int rc = live_receive(&w->c, w->bound, w->spool, control[0], status[1], &e);
		if (rc)
			fprintf(stderr, "live_receive: %s\n", e.text);
		_exit(rc ? 1 : 0);
	}
	close(control[0]);
	close(status[1]);
	w->control = control[1];
	w->status = status[0];
}

static struct world *world_new(enum live_listen_kind kind, const char *address)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct err e = {0};
	snprintf(w->spool, sizeof w->spool, "%s/spool", work);
	mkdir(w->spool, 0700);
	w->listen[0] = (struct live_listen){.kind = kind, .address = slice_of(address)};
	w->c = (struct live_config){.listen = w->listen, .nlisten = 1, .spool_bytes = 1 << 30};
	if (kind == LIVE_TLS) {
		snprintf(w->ca, sizeof w->ca, "%s/ca.crt", work);
		snprintf(w->certificate, sizeof w->certificate, "%s/server.crt", work);
		snprintf(w->key, sizeof w->key, "%s/server.key", work);
		w->listen[0].certificate = slice_of(w->certificate);
		w->listen[0].key = slice_of(w->key);
		w->listen[0].client_ca = slice_of(w->ca);
	}
	if (live_bind(&w->c, &w->bound, &e) != 0)
		fail_msg("live_bind: %s", e.text);
	return w;
}

/* Asks it to end, and waits; the last figures are in w. */
static void receiver_stop(struct world *w)
{
	struct live_status s;
	int status;
	close(w->control);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	while (read(w->status, &s, sizeof s) == sizeof s)
		w->figures = s;
	close(w->status);
}

static void receiver_kill(struct world *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	close(w->control);
	close(w->status);
}

static void world_free(struct world *w)
{
	live_bound_free(w->bound);
	free(w);
}

static struct sockaddr_in bound_address(struct world *w)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	const int *fds;
	assert_int_equal(live_bound_fds(w->bound, &fds), w->c.nlisten);
	assert_int_equal(getsockname(fds[0], (struct sockaddr *)&a, &n), 0);
	return a;
}

static int connect_inet(struct world *w, int type)
{
	struct sockaddr_in a = bound_address(w);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All segments of the one listener, in order; remove: as the engine does, all but the newest. */
static void slurp_spool(struct world *w, struct buf *to, bool remove)
{
	char name[160], dir[320], path[640];
	char *names[256];
	size_t n = 0;
	const struct dirent *e;
	live_listen_name(&w->listen[0], name);
	snprintf(dir, sizeof dir, "%s/%s", w->spool, name);
	DIR *d = opendir(dir);
	if (!d && errno == ENOENT)
		return; /* killed before it made the folder */
	assert_non_null(d);
	while ((e = readdir(d)) && n < ARRAY_LEN(names))
		if (e->d_name[0] != '.')
			names[n++] = xstrndup(e->d_name, strlen(e->d_name));
	closedir(d);
	if (n)
		qsort(names, n, sizeof *names, name_cmp);
	for (size_t i = 0; i < n; i++) {
		char part[65536];
		ssize_t r;
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		free(names[i]);
		if (remove && i + 1 == n)
			continue;
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		while ((r = read(fd, part, sizeof part)) > 0)
			buf_add(to, part, (size_t)r);
		close(fd);
		if (remove)
			unlink(path);
	}
}

/* "... line 00000012 end": how often each was there. */
static unsigned count_lines(struct slice data, unsigned char *got, size_t most, unsigned *other)
{
	unsigned n = 0;
	*other = 0;
	while (data.n) {
		ssize_t nl = slice_chr(data, '\n');
		struct slice line = nl < 0 ? data : slice_to(data, (size_t)nl);
		data = nl < 0 ? SLICE_NONE : slice_from(data, (size_t)nl + 1);
		ssize_t at = slice_find(line, SL("line "));
		uint64_t number;
		if (at < 0 || !slice_ends(line, SL(" end")) || !slice_u64(slice_to(slice_from(line, (size_t)at + 5), 8), most - 1, &number)) {
			++*other;
			continue;
		}
		got[number]++;
		n++;
	}
	return n;
}

static void send_lines(int fd, unsigned from, unsigned n)
{
	struct buf b = {0};
	for (unsigned i = from; i < from + n; i++)
		buf_addf(&b, "<38>Nov 23 21:50:19 web1 sshd[812]: line %08u end\n", i);
	for (size_t at = 0; at < b.n;) {
		ssize_t r = send(fd, b.p + at, b.n - at, MSG_NOSIGNAL);
		assert_true(r > 0);
		at += (size_t)r;
	}
	buf_free(&b);
}

static void assert_each_once(struct slice data, unsigned n)
{
	unsigned char *got = xcalloc(n, 1);
	unsigned other, seen = count_lines(data, got, n, &other);
	for (unsigned i = 0; i < n; i++)
		if (got[i] != 1)
			fail_msg("line %u is there %u times (%u of %u)", i, got[i], seen, n);
	assert_int_equal(other, 0);
	free(got);
}

static void test_tcp(void **state)
{
	struct world *w = world_new(LIVE_TCP, "127.0.0.1:0");
	struct buf all = {0};
	int fd[20];
	(void)state;
	receiver_start(w);
	for (int i = 0; i < 20; i++)
		fd[i] = connect_inet(w, SOCK_STREAM);
	for (unsigned k = 0; k < 50; k++)
		for (unsigned i = 0; i < 20; i++)
			send_lines(fd[i], (k * 20 + i) * 100, 100);
	for (int i = 0; i < 20; i++)
		close(fd[i]);
	receiver_stop(w);
	slurp_spool(w, &all, false);
	assert_each_once(buf_slice(&all), 100000);
	assert_int_equal(w->figures.lines, 100000);
	assert_int_equal(w->figures.bytes, all.n);
	assert_int_equal(w->figures.dropped, 0);
	buf_free(&all);
	world_free(w);
}

static void test_tcp_pieces(void **state)
{
	struct world *w = world_new(LIVE_TCP, "127.0.0.1:0");
	struct buf all = {0};
	static const char text[] = "35 <34>Nov 23 21:50:19 web1 sshd[8]: a<34>Nov 23 21:50:19 web1 sshd[8]: b\nno envelope\n<34>Nov 23 21:50:19 web1 x: cut";
	(void)state;
	receiver_start(w);
	int fd = connect_inet(w, SOCK_STREAM);
	for (size_t i = 0; i < sizeof text - 1; i++)
		assert_int_equal(send(fd, text + i, 1, 0), 1);
	close(fd);
	receiver_stop(w);
	slurp_spool(w, &all, false);
	assert_true(slice_starts(buf_slice(&all), SL("<34>Nov 23 21:50:19 web1 sshd[8]: a\n<34>Nov 23 21:50:19 web1 sshd[8]: b\n20")));
	assert_true(slice_ends(buf_slice(&all), SL("Z 127.0.0.1 no envelope\n<34>Nov 23 21:50:19 web1 x: cut\n")));
	buf_free(&all);
	world_free(w);
}

static void test_udp(void **state)
{
	struct world *w = world_new(LIVE_UDP, "127.0.0.1:0");
	struct buf all = {0};
	const int *fds;
	int small = 1;
	char text[80];
	unsigned char *got = xcalloc(20000, 1);
	unsigned other;
	(void)state;
	live_bound_fds(w->bound, &fds);
	assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0); /* so that the kernel drops some */
	int fd = connect_inet(w, SOCK_DGRAM);
	for (int i = 0; i < 20000; i++) { /* nobody reads yet */
		int n = snprintf(text, sizeof text, "<38>Nov 23 21:50:19 web1 sshd[812]: line %08u end\n", i);
		assert_int_equal(send(fd, text, (size_t)n, 0), n);
		if (i == 10000)
			receiver_start(w);
	}
	close(fd);
	fd = connect_inet(w, SOCK_DGRAM);
	for (int tries = 0; tries < 50; tries++) { /* the count comes with the next datagram that is not dropped */
		assert_int_equal(send(fd, "<38>Nov 23 21:50:19 web1 a: last", 32, 0), 32);
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
	close(fd);
	receiver_stop(w);
	slurp_spool(w, &all, false);
	unsigned seen = count_lines(buf_slice(&all), got, 20000, &other);
	assert_true(w->figures.dropped > 0);
	assert_int_equal(seen + other + w->figures.dropped, 20050);
	for (int i = 0; i < 20000; i++)
		assert_true(got[i] <= 1);
	free(got);
	buf_free(&all);
	world_free(w);
}

static int connect_unix(const char *path, int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void test_unix(void **state)
{
	char path[64], here[64] = "", want[200];
	(void)state;
	snprintf(path, sizeof path, "%s/log", work);
	gethostname(here, sizeof here - 1);
	for (int stream = 0; stream < 2; stream++) {
		struct world *w = xcalloc(1, sizeof *w);
		struct buf all = {0};
		struct err e = {0};
		snprintf(w->spool, sizeof w->spool, "%s/spool%d", work, stream);
		mkdir(w->spool, 0700);
		w->listen[0] = (struct live_listen){.kind = LIVE_UNIX, .address = slice_of(path), .stream = stream};
		w->c = (struct live_config){.listen = w->listen, .nlisten = 1, .spool_bytes = 1 << 30};
		assert_int_equal(live_bind(&w->c, &w->bound, &e), 0); /* the second finds the first one's socket in the way */
		receiver_start(w);
		int fd = connect_unix(path, stream ? SOCK_STREAM : SOCK_DGRAM);
		for (unsigned i = 0; i < 1000; i++)
			send_lines(fd, i, 1);
		assert_int_equal(send(fd, "<38>Nov 23 21:50:19 su: x\n", 26, 0), 26);
		close(fd);
		receiver_stop(w);
		slurp_spool(w, &all, false);
		int n = snprintf(want, sizeof want, "<38>Nov 23 21:50:19 %s su: x\n", here);
		assert_true(slice_ends(buf_slice(&all), slice_of(want)));
		assert_each_once(slice_to(buf_slice(&all), all.n - (size_t)n), 1000);
		buf_free(&all);
		world_free(w);
	}
}

static void test_audit(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	static const char line[] = "type=LOGIN msg=audit(1764166380.123:7): pid=1 uid=0\n";
	struct buf all = {0};
	(void)state;
	snprintf(a.sun_path, sizeof a.sun_path, "%s/audispd_events", work);
	struct world *w = world_new(LIVE_AUDIT, a.sun_path);
	receiver_start(w); /* nobody listens yet */
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(server, 1), 0);
	for (int i = 0; i < 2; i++) { /* auditd is restarted in between */
		int fd = accept(server, NULL, NULL);
		assert_true(fd >= 0);
		assert_int_equal(send(fd, line, sizeof line - 1, 0), sizeof line - 1);
		close(fd);
	}
	close(server);
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	receiver_stop(w);
	slurp_spool(w, &all, false);
	assert_int_equal(all.n, 2 * (sizeof line - 1));
	assert_memory_equal(all.p, line, sizeof line - 1);
	buf_free(&all);
	world_free(w);
}

/* ---- spool ------------------------------------------------------------------------------------------------------------ */
static void test_full(void **state)
{
	struct world *w = world_new(LIVE_TCP, "127.0.0.1:0");
	enum { LINES = 100000 };
	struct buf all = {0};
	(void)state;
	w->c.spool_bytes = 1 << 20;
	receiver_start(w);
	pid_t sender = fork();
	assert_true(sender >= 0);
	if (sender == 0) {
		int fd = connect_inet(w, SOCK_STREAM);
		send_lines(fd, 0, LINES);
		close(fd);
		_exit(0);
	}
	unsigned rounds = 0;
	size_t most = 0;
	for (;; rounds++) { /* the engine: reads what has a newer one behind it, and takes it away */
		struct buf held = {0};
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		slurp_spool(w, &held, false);
		most = MAX(most, held.n);
		buf_free(&held);
		slurp_spool(w, &all, true);
		if (waitpid(sender, NULL, WNOHANG) == sender)
			break;
	}
	for (int i = 0; i < 20; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		slurp_spool(w, &all, true);
	}
	receiver_stop(w);
	slurp_spool(w, &all, false);
	assert_each_once(buf_slice(&all), LINES);
	assert_true(w->figures.waits > 0);
	assert_true(most <= (1 << 20) + 2 * SPOOL_BATCH); /* the budget, and the batch that reached it */
	buf_free(&all);
	world_free(w);
}

static void test_killed(void **state)
{
	struct world *w = world_new(LIVE_TCP, "127.0.0.1:0");
	struct buf all = {0};
	unsigned char *got = xcalloc(40000, 1);
	unsigned other, sent = 0;
	(void)state;
	for (int round = 0; round < 8; round++) {
		receiver_start(w);
		int fd = connect_inet(w, SOCK_STREAM);
		send_lines(fd, sent, 3000);
		sent += 3000;
		nanosleep(&(struct timespec){.tv_nsec = 1000000L * (round % 4)}, NULL);
		receiver_kill(w);
		close(fd);
		struct buf now = {0};
		slurp_spool(w, &now, false);
		assert_true(now.n >= all.n); /* nothing that was there is overwritten */
		assert_true(all.n == 0 || memcmp(now.p, all.p, all.n) == 0);
		buf_free(&all);
		all = now;
	}
	receiver_start(w);
	receiver_stop(w);
	all.n = 0;
	slurp_spool(w, &all, false);
	assert_true(all.n == 0 || all.p[all.n - 1] == '\n');
	count_lines(buf_slice(&all), got, 40000, &other);
	for (unsigned i = 0; i < 40000; i++)
		assert_true(got[i] <= 1);
	assert_true(other <= 8); /* at most one torn line a kill */
	free(got);
	buf_free(&all);
	world_free(w);
}

static void test_torn(void **state)
{
	struct spool_budget b = {.limit = 1 << 24};
	struct spool s;
	struct err e;
	struct stat st;
	(void)state;
	sh("mkdir -p spool/x; printf 'whole\\nhal' >spool/x/0000000000000005.log; ln -s /etc/passwd spool/x/0000000000000009.log");
	assert_int_equal(spool_open(&s, &b, "spool", "x", &e), 0);
	assert_int_equal(stat("spool/x/0000000000000005.log", &st), 0);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(b.used, 10);
	buf_addz(&s.out, "next\n");
	assert_true(spool_flush(&s, 0));
	assert_true(s.number > 5); /* a segment of its own */
	char last[20];
	assert_int_equal(spool_last(&s, last, sizeof last), 5);
	assert_memory_equal(last, "next\n", 5);
	spool_tick(&s, 61 * NS_SEC); /* old: ended, and a new one begun */
	assert_int_equal(s.size, 0);
	uint64_t number = s.number;
	spool_tick(&s, 200 * NS_SEC); /* but not one empty one after another */
	assert_int_equal(s.number, number);
	sh("rm spool/x/0000000000000005.log");
	spool_tick(&s, 201 * NS_SEC);
	assert_int_equal(b.used, 5);
	spool_close(&s);
	assert_int_equal(spool_open(&s, &b, "missing", "x", &e), ERR_IO);
	spool_close(&s);
}

/* ---- TLS ---------------------------------------------------------------------------------------------------------------- */
static void put_pem(const char *path, int rc, gnutls_datum_t *d)
{
	assert_true(rc >= 0);
	put(path, d->data, d->size);
	gnutls_free(d->data);
}

/* name.crt and name.key, signed by ca (or itself). */
static void make_certificate(const char *name, gnutls_x509_crt_t *crt, gnutls_x509_privkey_t *key, gnutls_x509_crt_t ca, gnutls_x509_privkey_t ca_key)
{
	gnutls_datum_t d;
	char path[64];
	unsigned char serial = (unsigned char)name[0];
	time_t now = (time_t)(live_real() / NS_SEC);
	assert_int_equal(gnutls_x509_privkey_init(key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(*key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), 0);
	assert_int_equal(gnutls_x509_crt_init(crt), 0);
	assert_int_equal(gnutls_x509_crt_set_version(*crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(*crt, &serial, 1), 0);
	assert_int_equal(gnutls_x509_crt_set_dn_by_oid(*crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name)), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(*crt, now - 3600), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(*crt, now + 86400), 0);
	assert_int_equal(gnutls_x509_crt_set_basic_constraints(*crt, ca == NULL, -1), 0);
	assert_int_equal(gnutls_x509_crt_set_key_usage(*crt, ca ? GNUTLS_KEY_DIGITAL_SIGNATURE : GNUTLS_KEY_KEY_CERT_SIGN), 0);
	assert_int_equal(gnutls_x509_crt_set_key(*crt, *key), 0);
	assert_int_equal(gnutls_x509_crt_sign2(*crt, ca ? ca : *crt, ca ? ca_key : *key, GNUTLS_DIG_SHA256, 0), 0);
	snprintf(path, sizeof path, "%s.crt", name);
	put_pem(path, gnutls_x509_crt_export2(*crt, GNUTLS_X509_FMT_PEM, &d), &d);
	snprintf(path, sizeof path, "%s.key", name);
	put_pem(path, gnutls_x509_privkey_export2(*key, GNUTLS_X509_FMT_PEM, &d), &d);
}

static void make_certificates(void)
{
	gnutls_x509_crt_t crt[4];
	gnutls_x509_privkey_t key[4];
	make_certificate("ca", &crt[0], &key[0], NULL, NULL);
	make_certificate("server", &crt[1], &key[1], crt[0], key[0]);
	make_certificate("client", &crt[2], &key[2], crt[0], key[0]);
	make_certificate("stranger", &crt[3], &key[3], NULL, NULL);
	for (int i = 0; i < 4; i++) {
		gnutls_x509_crt_deinit(crt[i]);
		gnutls_x509_privkey_deinit(key[i]);
	}
}

/* Sends lines as NAME; false when the server said no. */
static bool tls_client(struct world *w, const char *name, unsigned from, unsigned n)
{
	gnutls_certificate_credentials_t c;
	gnutls_session_t s;
	char crt[64], key[64];
	bool ok = true;
	int fd = connect_inet(w, SOCK_STREAM), rc;
	assert_int_equal(gnutls_certificate_allocate_credentials(&c), 0);
	assert_int_equal(gnutls_certificate_set_x509_trust_file(c, "ca.crt", GNUTLS_X509_FMT_PEM), 1);
	if (name) {
		snprintf(crt, sizeof crt, "%s.crt", name);
		snprintf(key, sizeof key, "%s.key", name);
		assert_int_equal(gnutls_certificate_set_x509_key_file(c, crt, key, GNUTLS_X509_FMT_PEM), 0);
	}
	assert_int_equal(gnutls_init(&s, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), 0);
	assert_int_equal(gnutls_set_default_priority(s), 0);
	assert_int_equal(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, c), 0);
	gnutls_session_set_verify_cert(s, NULL, 0);
	gnutls_transport_set_int(s, fd);
	do
		rc = gnutls_handshake(s);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	ok = rc == 0;
	for (unsigned i = from; ok && i < from + n; i++) {
		char text[128];
		int len = snprintf(text, sizeof text, "%d <38>Nov 23 21:50:19 web1 sshd[812]: line %08u end", 55, i);
		len = snprintf(text, sizeof text, "%d <38>Nov 23 21:50:19 web1 sshd[812]: line %08u end", len - 3, i);
		ok = gnutls_record_send(s, text, (size_t)len) == len;
	}
	if (ok)
		ok = gnutls_bye(s, GNUTLS_SHUT_WR) == 0;
	gnutls_deinit(s);
	gnutls_certificate_free_credentials(c);
	close(fd);
	return ok;
}

static void test_tls(void **state)
{
	struct buf all = {0};
	struct err e = {0};
	(void)state;
	make_certificates();
	struct world *w = world_new(LIVE_TLS, "127.0.0.1:0");
	assert_int_equal(live_tls_check(&w->c, w->bound, &e), 0);
	receiver_start(w);
	assert_true(tls_client(w, "client", 0, 5000));
	tls_client(w, NULL, 10000, 5);       /* TLS 1.3 tells a client later that it was refused */
	tls_client(w, "stranger", 20000, 5);
	int fd = connect_inet(w, SOCK_STREAM); /* no TLS at all */
	send_lines(fd, 30000, 5);
	close(fd);
	assert_true(tls_client(w, "client", 5000, 5000));
	receiver_stop(w);
	slurp_spool(w, &all, false);
	assert_each_once(buf_slice(&all), 10000);
	assert_int_equal(w->figures.refused, 3);
	assert_int_equal(w->figures.connections, 0);
	buf_free(&all);
	world_free(w);
}

static void test_tls_files(void **state)
{
	struct live_bound *b;
	struct err e = {0};
	(void)state;
	make_certificates();
	struct live_listen l = {.kind = LIVE_TLS, .address = SL("127.0.0.1:0"), .certificate = SL("server.crt"), .key = SL("client.key")};
	struct live_config c = {.listen = &l, .nlisten = 1};
	assert_int_equal(live_bind(&c, &b, &e), 0);
	assert_int_equal(live_tls_check(&c, b, &e), ERR_SYNTAX); /* not the key of the certificate */
	live_bound_free(b);
	l.key = SL("server.key");
	l.client_ca = SL("server.key");
	assert_int_equal(live_bind(&c, &b, &e), 0);
	assert_int_equal(live_tls_check(&c, b, &e), ERR_SYNTAX);
	live_bound_free(b);
	l.certificate = SL("nowhere.crt");
	assert_int_equal(live_bind(&c, &b, &e), ERR_NOENT);
	assert_null(b);
}

static void test_bind_errors(void **state)
{
	struct world *w = world_new(LIVE_TCP, "127.0.0.1:0");
	struct live_bound *b;
	struct err e = {0};
	char text[32];
	(void)state;
	snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(bound_address(w).sin_port));
	struct live_listen l = {.kind = LIVE_TCP, .address = slice_of(text)};
	struct live_config c = {.listen = &l, .nlisten = 1};
	assert_int_equal(live_bind(&c, &b, &e), ERR_IO);
	assert_non_null(strstr(e.text, text));
	world_free(w);
}

#define WORK(test) cmocka_unit_test_setup_teardown(test, work_setup, work_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames), cmocka_unit_test(test_frame_long), cmocka_unit_test(test_frame_datagram), WORK(test_torn), WORK(test_tcp),
		WORK(test_tcp_pieces), WORK(test_udp), WORK(test_unix), WORK(test_audit), WORK(test_full), WORK(test_killed), WORK(test_tls),
		WORK(test_tls_files), WORK(test_bind_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
