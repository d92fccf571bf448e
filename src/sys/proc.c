/* proc.c - a look at /proc: who belongs to which login session; ending them. */
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_MOST = 4096, ENVIRON_MOST = 128 << 10, ANCESTORS_MOST = 64 };

static struct slice read_file(int dir, const char *name, char *room, size_t n)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	ssize_t r = 0;
	while (fd >= 0 && got < n && (r = read(fd, room + got, n - got)) > 0)
		got += (size_t)r;
	if (fd >= 0)
		close(fd);
	return slice_make(room, got);
}

static uint32_t read_number(int dir, const char *name)
{
	char room[32];
	uint64_t v;
	return slice_u64(slice_trim(read_file(dir, name, room, sizeof room)), UINT32_MAX, &v) ? (uint32_t)v : UINT32_MAX;
}

/* /dev/pts is a row of majors, 256 terminals each; the number is packed as in dev_t. */
static uint32_t terminal_of(uint32_t device)
{
	uint32_t major = device >> 8 & 0xfff, minor = (device & 0xff) | (device >> 12 & 0xfff00);
	return major >= 136 && major < 144 ? (major - 136) * 256 + minor : UINT32_MAX;
}

/* "12 (any name) S 1 ...": what follows the last parenthesis; the name is the process's own to choose. */
static bool read_stat(int dir, struct sys_proc *p)
{
	char room[STATUS_MOST];
	struct slice text = slice_trim(read_file(dir, "stat", room, sizeof room)), word;
	ssize_t end = slice_rfind(text, SL(")"));
	uint64_t v;
	if (end < 0)
		return false;
	text = slice_from(text, (size_t)end + 1);
	for (int field = 3; field <= 22 && slice_word(&text, &word); field++) {
		if (field == 3)
			p->zombie = slice_eq(word, SL("Z")) || slice_eq(word, SL("X"));
		else if (field == 4 && slice_u64(word, INT32_MAX, &v))
			p->parent = (pid_t)v;
		else if (field == 7 && slice_u64(word, INT32_MAX, &v))
			p->terminal = terminal_of((uint32_t)v);
		else if (field == 22)
			return slice_u64(word, UINT64_MAX, &p->start);
	}
	return false;
}

static bool read_owner(int dir, struct sys_proc *p)
{
	char room[STATUS_MOST];
	struct slice text = read_file(dir, "status", room, sizeof room), line, word;
	uint64_t real, effective;
	while (slice_cut(&text, '\n', &line)) {
		if (!slice_starts(line, SL("Uid:")))
			continue;
		line = slice_from(line, 4);
		if (!slice_word(&line, &word) || !slice_u64(word, UINT32_MAX, &real) || !slice_word(&line, &word) || !slice_u64(word, UINT32_MAX, &effective))
			return false;
		p->uid = (uint32_t)real;
		p->euid = (uint32_t)effective;
		return true;
	}
	return false;
}

static bool runs_sshd(int dir)
{
	char room[1024];
	ssize_t n = readlinkat(dir, "exe", room, sizeof room);
	struct slice name = slice_basename(slice_make(room, n > 0 ? (size_t)n : 0));
	return slice_eq(name, SL("sshd")) || slice_starts(name, SL("sshd-")) || slice_starts(name, SL("sshd "));
}

static int by_pid(const void *a, const void *b)
{
	const struct sys_proc *x = a, *y = b;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static bool read_all(int dir, pid_t pid, struct sys_proc *x)
{
	*x = (struct sys_proc){.pid = pid, .terminal = UINT32_MAX};
	x->loginuid = read_number(dir, "loginuid");
	x->session = read_number(dir, "sessionid");
	x->sshd = runs_sshd(dir);
	return read_stat(dir, x) && read_owner(dir, x);
}

bool sys_proc_read(pid_t pid, struct sys_proc *out)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool ok = dir >= 0 && read_all(dir, pid, out);
	if (dir >= 0)
		close(dir);
	return ok;
}

int sys_procs_read(struct sys_procs *p, struct err *e)
{
	DIR *all = opendir("/proc");
	const struct dirent *d;
	uint64_t pid;
	p->n = 0;
	if (!all)
		return err_set(e, ERR_IO, "cannot read /proc: %m");
	while ((d = readdir(all))) {
		if (!slice_u64(slice_of(d->d_name), INT32_MAX, &pid))
			continue;
		int dir = openat(dirfd(all), d->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct sys_proc x;
		if (dir < 0)
			continue; /* it ended */
		if (read_all(dir, (pid_t)pid, &x))
			*vec_push(p) = x;
		close(dir);
	}
	closedir(all);
	if (p->n)
		qsort(p->v, p->n, sizeof *p->v, by_pid);
	return 0;
}

void sys_procs_free(struct sys_procs *p)
{
	free(p->v);
	*p = (struct sys_procs){0};
}

struct sys_proc *sys_procs_find(const struct sys_procs *p, pid_t pid)
{
	struct sys_proc key = {.pid = pid};
	return p->n ? bsearch(&key, p->v, p->n, sizeof *p->v, by_pid) : NULL;
}

static bool same_program(pid_t pid)
{
	struct stat own, other;
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 && own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

void sys_procs_spare_own(struct sys_procs *p)
{
	struct sys_proc *at = sys_procs_find(p, getpid());
	pid_t top = getpid(); /* of postern watch: a response is carried out by a child of its parent process */
	bool own = true;
	for (int k = 0; at && k < ANCESTORS_MOST; k++) {
		own = own && same_program(at->pid);
		if (own)
			top = at->pid;
		at->spared = true;
		at = at->parent ? sys_procs_find(p, at->parent) : NULL;
	}
	for (size_t i = 0; i < p->n; i++) {
		at = &p->v[i];
		for (int k = 0; at && k < ANCESTORS_MOST && at->pid != top; k++)
			at = at->parent ? sys_procs_find(p, at->parent) : NULL;
		if (at && at->pid == top)
			p->v[i].spared = true;
	}
}

/* The number could have been given to another process meanwhile: held by a descriptor, it is looked at again. */
void sys_proc_signal(const struct sys_proc *p, int sig)
{
	struct sys_proc now = {0};
	int fd = pidfd_open(p->pid, 0);
	if (fd < 0) {
		if (errno == ENOSYS)
			kill(p->pid, sig);
		return;
	}
	if (sys_proc_read(p->pid, &now) && now.start == p->start)
		pidfd_send_signal(fd, sig, NULL, 0);
	close(fd);
}

static size_t signal_chosen(const struct sys_procs *p, bool monitors, int sig)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].chosen && sys_proc_is_monitor(&p->v[i]) == monitors) {
			sys_proc_signal(&p->v[i], sig);
			n++;
		}
	return n;
}

size_t sys_procs_end(const struct sys_procs *p, bool hard)
{
	signal_chosen(p, false, SIGSTOP);
	size_t n = signal_chosen(p, false, SIGKILL);
	return n ? n : signal_chosen(p, true, hard ? SIGKILL : SIGTERM);
}

bool sys_proc_came_from(pid_t pid, struct ip *out)
{
	char path[32];
	char *room = xmalloc(ENVIRON_MOST);
	bool found = false;
	snprintf(path, sizeof path, "%d/environ", (int)pid);
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct slice text = read_file(proc, path, room, ENVIRON_MOST), one, address;
	while (!found && slice_cut(&text, 0, &one))
		if (slice_starts(one, SL("SSH_CONNECTION="))) {
			one = slice_from(one, sizeof "SSH_CONNECTION=" - 1);
			found = slice_word(&one, &address) && ip_parse(address, out);
		}
	if (proc >= 0)
		close(proc);
	free(room);
	return found;
}

pid_t sys_sshd_listener(void)
{
	char text[32] = "";
	uint64_t pid;
	FILE *f = fopen("/run/sshd.pid", "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f)
		fclose(f);
	return slice_u64(slice_trim(slice_make(text, n)), INT32_MAX, &pid) || (n > 1 && slice_u64(slice_make(text, n - 1), INT32_MAX, &pid)) ? (pid_t)pid : 0;
}
