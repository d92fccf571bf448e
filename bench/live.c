/* live.c - how many lines a second one receiver takes through one TCP connection: CPU seconds of the receiver, which is what it takes from
 * the engine beside it.
 * usage: bench_live [LINES [LINE_BYTES]] */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/live.h"

static void send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL);
		if (r <= 0)
			_exit(1);
		p += r;
		n -= (size_t)r;
	}
}

/* In pieces of 64 KB, as rsyslog sends. */
static void sender(const struct sockaddr_in *a, uint64_t lines, unsigned bytes)
{
	struct buf b = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (const struct sockaddr *)a, sizeof *a) != 0)
		_exit(1);
	for (uint64_t i = 0; i < lines; i++) {
		size_t start = b.n;
		buf_addf(&b, "<38>Nov 23 21:50:%02u web%02u sshd[%u]: Accepted publickey for deploy from 10.0.0.7 port %u ssh2", (unsigned)(i / 200000 % 60),
			(unsigned)(i % 50), (unsigned)(i % 30000), (unsigned)(i % 65536));
		while (b.n - start < bytes - 1)
			buf_addc(&b, 'x');
		buf_addc(&b, '\n');
		if (b.n < 64 << 10)
			continue;
		send_all(fd, b.p, b.n);
		b.n = 0;
	}
	send_all(fd, b.p, b.n);
	close(fd);
	_exit(0);
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static int run(const char *dir, uint64_t lines, unsigned bytes)
{
	struct live_listen l = {.kind = LIVE_TCP, .address = SL("127.0.0.1:0")};
	struct live_config c = {.listen = &l, .nlisten = 1, .spool_bytes = (uint64_t)1 << 40};
	struct live_bound *b;
	struct live_status s, last = {0};
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	struct rusage usage;
	struct err e = {0};
	const int *fds;
	int control[2], status[2];
	if (live_bind(&c, &b, &e) || pipe(control) || pipe(status))
		return 1;
	live_bound_fds(b, &fds);
	getsockname(fds[0], (struct sockaddr *)&a, &n);
	pid_t receiver = fork();
	if (receiver == 0) {
		close(control[1]);
		_exit(live_receive(&c, b, dir, control[0], status[1], &e) != 0);
	}
	pid_t out = fork();
	if (out == 0)
		sender(&a, lines, bytes);
	waitpid(out, NULL, 0);
	close(control[1]);
	close(status[1]);
	wait4(receiver, NULL, 0, &usage);
	while (read(status[0], &s, sizeof s) == sizeof s)
		last = s;
	double cpu = seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
	printf("%llu of %llu lines, %.2f s user + %.2f s system: %.2f million lines/s a core, %.0f MB/s; memory %ld MB\n", (unsigned long long)last.lines,
		(unsigned long long)lines, seconds(&usage.ru_utime), seconds(&usage.ru_stime), (double)last.lines / cpu / 1e6, (double)last.bytes / cpu / 1e6,
		usage.ru_maxrss / 1024);
	live_bound_free(b);
	return last.lines == lines ? 0 : 1;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/bench-live-XXXXXX", cmd[64];
	uint64_t lines = 4000000, bytes = 110;
	if ((argc > 1 && !slice_u64(slice_of(argv[1]), 1000000000, &lines)) || (argc > 2 && !slice_u64(slice_of(argv[2]), 1000, &bytes)) || !mkdtemp(dir))
		return 2;
	int rc = run(dir, lines, (unsigned)bytes);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd) ? 1 : rc;
}
