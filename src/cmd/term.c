/* term.c - what is said to a person at a terminal. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool term_color(int fd, const char *when)
{
	if (when && strcmp(when, "always") == 0)
		return true;
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
	if ((when && strcmp(when, "never") == 0) || (no && *no) || !term || strcmp(term, "dumb") == 0)
		return false;
	return isatty(fd);
}

unsigned term_width(int fd)
{
	struct winsize w;
	uint64_t n;
	const char *c = getenv("COLUMNS");
	if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col)
		return w.ws_col;
	return c && slice_u64(slice_of(c), 500, &n) && n ? (unsigned)n : 80;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_show(uint64_t done, uint64_t total, const char *what)
{
	static uint64_t last;
	uint64_t now = now_ms();
	if (now - last < 100 || !isatty(STDERR_FILENO))
		return;
	last = now;
	if (total && done <= total)
		fprintf(stderr, "\r\033[K%s %3u %% (%.0f of %.0f MB)", what, (unsigned)(done * 100 / total), (double)done / 1e6, (double)total / 1e6);
	else
		fprintf(stderr, "\r\033[K%s %.0f MB", what, (double)done / 1e6);
	fflush(stderr);
}

void progress_say(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s ...", what);
}

void progress_clear(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

void complain(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("postern: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void complain_err(const struct err *e)
{
	char text[1024];
	complain("%s", err_format(e, text, sizeof text));
}

bool fd_write(int fd, struct slice data)
{
	while (data.n) {
		ssize_t n = write(fd, data.p, data.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data = slice_from(data, (size_t)n);
	}
	return true;
}

/* A file is written beside its place and renamed, so that a reader never sees half of it. */
static bool replace_file(const char *path, struct slice data)
{
	char tmp[4096];
	if ((size_t)snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= sizeof tmp)
		return errno = ENAMETOOLONG, false;
	int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = fd_write(fd, data) && fchmod(fd, 0640) == 0 && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (ok && rename(tmp, path) == 0)
		return true;
	int saved = errno;
	unlink(tmp);
	errno = saved;
	return false;
}

/* A device, a pipe or a socket is written to, not replaced. */
static bool write_special(const char *path, struct slice data)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	bool ok = fd_write(fd, data);
	return close(fd) == 0 && ok;
}

bool write_out(const char *path, struct slice data)
{
	if (path && strcmp(path, "-") == 0)
		path = NULL;
	struct stat st;
	bool special = path && stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	bool ok = !path ? fd_write(STDOUT_FILENO, data) : special ? write_special(path, data) : replace_file(path, data);
	if (!ok && !(errno == EPIPE && !path))
		complain("cannot write %s: %s", path ? path : "standard output", strerror(errno));
	return ok;
}
