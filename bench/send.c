/* send.c - syslog lines over TCP at a given rate, each with the time at which it is sent, and numbered lines between them.
 *
 * usage: bench_send FILE ADDRESS PORT LINES-PER-SECOND SECONDS CONNECTIONS MARKER-EVERY RUN
 *
 * FILE has lines that begin with a stamp of 32 characters, as bench/gen_logs.py auth writes them; they are sent again and again, the stamp
 * replaced. Rate 0: as fast as the other end takes them. Behind every MARKER-EVERY lines goes one that test/watch/logs.py knows (marker()).
 * Prints one JSON object: what was sent, in what time, and how far behind its rate the sender was at most. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STAMP = 32, PART = 256 << 10, CONNECTIONS_MAX = 64, MARKERS_TOGETHER = 50, LINE_MAX_BYTES = 2048 };
#define PRIORITY "<38>"

struct text {
	char *all;
	const char **line; /* behind the stamp */
	size_t *len, n;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_send: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* "2026-05-01T00:00:00.000000+00:00", by the wall clock. */
static void stamp(char out[static STAMP + 1])
{
	struct timespec t;
	struct tm tm;
	char day[24], text[64];
	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof text, "%.19s.%06d+00:00", day, (int)(t.tv_nsec / 1000 % 1000000));
	memcpy(out, text, STAMP + 1);
}

static void read_lines(const char *path, struct text *t)
{
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END))
		die(path);
	long size = ftell(f);
	rewind(f);
	t->all = malloc((size_t)size + 1);
	t->line = calloc((size_t)size / STAMP + 1, sizeof *t->line);
	t->len = calloc((size_t)size / STAMP + 1, sizeof *t->len);
	if (!t->all || !t->line || !t->len || fread(t->all, 1, (size_t)size, f) != (size_t)size)
		die(path);
	fclose(f);
	for (char *p = t->all, *end = p + size, *nl; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
		if (nl - p > STAMP && nl - p < LINE_MAX_BYTES) {
			t->line[t->n] = p + STAMP;
			t->len[t->n++] = (size_t)(nl - p) + 1 - STAMP;
		}
	if (!t->n) {
		fprintf(stderr, "bench_send: %s has no lines\n", path);
		exit(1);
	}
}

static int dial(const char *address, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(s, (struct sockaddr *)&to, sizeof to))
		die(address);
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return s;
}

static void send_all(int s, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(s, p, n, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			die("the connection broke");
		p += k;
		n -= (size_t)k;
	}
}

struct sender {
	const struct text *text;
	const char *run;
	unsigned long long lines, markers, bytes, marker_every;
	size_t at;
	char part[PART + 2 * LINE_MAX_BYTES];
};

/* Up to `most` lines into the buffer; returns its bytes. */
static size_t fill(struct sender *x, unsigned long long most)
{
	char t[STAMP + 1];
	size_t n = 0;
	stamp(t);
	for (; most && n < PART; most--) {
		memcpy(x->part + n, PRIORITY, sizeof PRIORITY - 1);
		memcpy(x->part + n + sizeof PRIORITY - 1, t, STAMP);
		n += sizeof PRIORITY - 1 + STAMP;
		memcpy(x->part + n, x->text->line[x->at], x->text->len[x->at]);
		n += x->text->len[x->at];
		x->at = (x->at + 1) % x->text->n;
		if (++x->lines % x->marker_every == 0) {
			n += (size_t)snprintf(x->part + n, LINE_MAX_BYTES, PRIORITY "%s app3 sudo[4000]: mk-%s-%04llu : PWD=/srv ; USER=backup ; COMMAND=/usr/local/bin/marker %07llu of %s end\n",
				t, x->run, x->markers / MARKERS_TOGETHER, x->markers, x->run);
			x->markers++;
		}
	}
	x->bytes += n;
	return n;
}

int main(int argc, char **argv)
{
	static struct sender x;
	struct text text = {0};
	int socks[CONNECTIONS_MAX];
	if (argc != 9) {
		fprintf(stderr, "usage: bench_send FILE ADDRESS PORT LINES-PER-SECOND SECONDS CONNECTIONS MARKER-EVERY RUN\n");
		return 2;
	}
	double rate = strtod(argv[4], NULL), seconds = strtod(argv[5], NULL), behind = 0;
	unsigned long n = strtoul(argv[6], NULL, 10), k = 0;
	x.text = &text;
	x.marker_every = strtoull(argv[7], NULL, 10);
	x.run = argv[8];
	if (!n || n > CONNECTIONS_MAX || !x.marker_every)
		return 2;
	read_lines(argv[1], &text);
	for (unsigned long i = 0; i < n; i++)
		socks[i] = dial(argv[2], argv[3]);
	double start = now(), t;
	while ((t = now() - start) < seconds || (rate > 0 && (double)x.lines < rate * seconds)) {
		double due = rate > 0 ? rate * (t < seconds ? t : seconds) - (double)x.lines : 1e9;
		if (due < 1) {
			nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
			continue;
		}
		behind = rate > 0 && due / rate > behind ? due / rate : behind;
		send_all(socks[k++ % n], x.part, fill(&x, (unsigned long long)due));
	}
	double took = now() - start;
	for (unsigned long i = 0; i < n; i++)
		shutdown(socks[i], SHUT_WR);
	for (unsigned long i = 0; i < n; i++) /* the other end closes when it has read everything */
		while (recv(socks[i], x.part, PART, 0) > 0)
			;
	printf("{\"lines\":%llu,\"markers\":%llu,\"bytes\":%llu,\"seconds\":%.3f,\"drained\":%.3f,\"behind\":%.3f}\n", x.lines + x.markers, x.markers, x.bytes, took,
		now() - start, behind);
	return 0;
}
