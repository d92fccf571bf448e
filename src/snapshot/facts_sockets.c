/* facts_sockets.c - what the running machine's sockets are: listening ones, such as read frames off the net, interfaces that hear everything. */
#include "snapshot/facts_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SOCKETS_MAX = 5000, PROCESSES_MAX = 20000, TABLE_MAX = 16 << 20, PROMISCUOUS = 0x100 };

/* Socket inodes to who holds them. */
struct holder { uint64_t inode; char program[64]; int pid; };
struct holders { struct holder *v; size_t n, cap; };

static int by_inode(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static void sockets_of(int proc, const char *pid, struct holders *out)
{
	char path[300], target[64], name[64] = "?";
	snprintf(path, sizeof path, "%s/comm", pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
	if (fd >= 0)
		close(fd);
	if (n > 0)
		name[n - (name[n - 1] == '\n')] = '\0';
	snprintf(path, sizeof path, "%s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *e = readdir(d); e && out->n < SOCKETS_MAX * 4; e = readdir(d)) {
		n = readlinkat(dirfd(d), e->d_name, target, sizeof target - 1);
		struct slice t = slice_make(target, n > 0 ? (size_t)n : 0);
		uint64_t inode, id;
		if (slice_starts(t, SL("socket:[")) && slice_u64(slice_make(t.p + 8, t.n - 9), UINT64_MAX, &inode) && slice_u64(slice_of(pid), INT32_MAX, &id)) {
			struct holder *h = vec_push(out);
			*h = (struct holder){.inode = inode, .pid = (int)id};
			memcpy(h->program, name, sizeof name);
		}
	}
	closedir(d);
}

static void holders(struct collector *c, struct holders *out)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), copy = proc < 0 ? -1 : dup(proc);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	size_t seen = 0;
	for (struct dirent *e = d ? readdir(d) : NULL; e && seen < PROCESSES_MAX && !collect_late(c); e = readdir(d))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9') {
			sockets_of(proc, e->d_name, out);
			seen++;
		}
	if (d)
		closedir(d);
	else if (copy >= 0)
		close(copy);
	if (proc >= 0)
		close(proc);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_inode);
}

static const struct holder *holder(const struct holders *h, uint64_t inode)
{
	struct holder key = {.inode = inode};
	return h->n ? bsearch(&key, h->v, h->n, sizeof *h->v, by_inode) : NULL;
}

/* "0100007F:0016" as the kernel prints it: 32 bit words in the machine's order. */
static bool address(struct slice t, char *out, size_t size, unsigned *port)
{
	struct slice host;
	uint64_t n;
	struct ip ip = {{0}};
	char text[48];
	if (!slice_cut(&t, ':', &host) || !slice_hex(t, &n) || (host.n != 8 && host.n != 32))
		return false;
	*port = (unsigned)n;
	size_t at = 0;
	if (host.n == 8) {
		ip.b[10] = ip.b[11] = 0xff;
		at = 12;
	}
	for (size_t i = 0; i < host.n; i += 8) {
		uint64_t word;
		if (!slice_hex(slice_make(host.p + i, 8), &word))
			return false;
		uint32_t w = (uint32_t)word;
		memcpy(ip.b + at + i / 2, &w, 4);
	}
	ip_text(&ip, text);
	snprintf(out, size, host.n == 8 ? "%s" : "[%s]", text);
	return true;
}

static void table(struct collector *c, const char *path, const char *protocol, bool listening, const struct holders *h)
{
	struct buf b = {0};
	struct slice text, line, w[10];
	if (below_read(c, path, TABLE_MAX, "listen", NULL, &b, NULL, NULL)) {
		text = buf_slice(&b);
		next_line(&text, &line);
		for (size_t rows = 0; rows < SOCKETS_MAX && next_line(&text, &line);) {
			size_t n = 0;
			char host[64];
			unsigned port;
			uint64_t inode;
			while (n < ARRAY_LEN(w) && slice_word(&line, &w[n]))
				n++;
			bool wanted = n == ARRAY_LEN(w) && (listening ? slice_eqz(w[3], "0A") : slice_ends(w[2], SL(":0000")));
			if (!wanted || !address(w[1], host, sizeof host, &port) || !slice_u64(w[9], UINT64_MAX, &inode))
				continue;
			const struct holder *who = holder(h, inode);
			fact_f(c, path, 0, "listen", "%s %s:%u %s", protocol, host, port, who ? who->program : "?");
			rows++;
		}
	}
	buf_free(&b);
}

static void packets(struct collector *c, const struct holders *h)
{
	struct buf b = {0};
	struct slice text, line, w[9];
	if (below_read(c, "/proc/net/packet", TABLE_MAX, "packet", NULL, &b, NULL, NULL)) {
		text = buf_slice(&b);
		next_line(&text, &line);
		while (next_line(&text, &line)) {
			size_t n = 0;
			uint64_t inode;
			while (n < ARRAY_LEN(w) && slice_word(&line, &w[n]))
				n++;
			if (n < ARRAY_LEN(w) || !slice_u64(w[8], UINT64_MAX, &inode))
				continue;
			const struct holder *who = holder(h, inode);
			fact_f(c, "/proc/net/packet", 0, "packet.socket", "%s %d", who ? who->program : "?", who ? who->pid : 0);
		}
	}
	buf_free(&b);
}

static void interfaces(struct collector *c)
{
	struct slice *names, text, line;
	size_t n = 0;
	if (!below_names(c, "/sys/class/net", "packet", NULL, &names, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct buf b = {0};
		uint64_t flags;
		const char *p = collect_path(c, "/sys/class/net/%.*s/flags", SLFMT(names[i]));
		if (fact_there(c, p) && below_read(c, p, 64, "packet", NULL, &b, NULL, NULL)) {
			text = buf_slice(&b);
			if (next_line(&text, &line) && line.n > 2 && slice_hex(slice_from(line, 2), &flags) && (flags & PROMISCUOUS))
				fact(c, p, 0, "promiscuous", names[i]);
		}
		buf_free(&b);
	}
}

/* Agents are not asked what they hold: that a socket is there and whose it is says enough. */
static void agents(struct collector *c)
{
	static const char *const patterns[] = {"/tmp/ssh-*/agent.*", "/run/user/*/openssh_agent", "/run/user/*/ssh-agent.socket", "/run/user/*/keyring/ssh", "/run/user/*/gcr/ssh",
		"/run/user/*/gnupg/S.gpg-agent.ssh", "/home/*/.ssh/agent/s.*", "/root/.ssh/agent/s.*"};
	struct stat st;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		struct slice *v;
		size_t n = 0;
		if (!below_glob(c, patterns[i], "agent.socket", &v, &n))
			continue;
		for (size_t k = 0; k < n; k++) {
			const char *path = collect_path(c, "%.*s", SLFMT(v[k]));
			if (below_stat(c, path, true, &st) == 0 && S_ISSOCK(st.st_mode))
				fact(c, path, 0, "agent.socket", collect_user(c, st.st_uid));
		}
	}
}

void facts_sockets(struct collector *c)
{
	struct holders h = {0};
	bool live = fact_live(c, "listen");
	if (!fact_live(c, "packet") || !live)
		return;
	agents(c);
	holders(c, &h);
	table(c, "/proc/net/tcp", "tcp", true, &h);
	table(c, "/proc/net/tcp6", "tcp", true, &h);
	table(c, "/proc/net/udp", "udp", false, &h);
	table(c, "/proc/net/udp6", "udp", false, &h);
	packets(c, &h);
	interfaces(c);
	free(h.v);
}
