/* input.c - bytes as they lie in a file, in the spool, or in a pipe. */
#include "source/source_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

/* Never block on a FIFO that took the file's place, and leave the access time of evidence alone where we may. */
static int open_quietly(const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags | O_NOATIME);

	return fd >= 0 || errno != EPERM ? fd : open(path, flags);
}

static int open_file(struct input *in, const struct place *pl)
{
	struct stat st;
	char text[128];

	in->own = true;
	in->fd = open_quietly(pl->path);
	if (in->fd < 0)
		return trouble_set(&in->trouble, PROBLEM_UNREADABLE, "%s", errno_text(errno, text, sizeof(text)));
	if (fstat(in->fd, &st) != 0)
		return trouble_set(&in->trouble, PROBLEM_UNREADABLE, "%s", errno_text(errno, text, sizeof(text)));
	if (!S_ISREG(st.st_mode))
		return trouble_set(&in->trouble, PROBLEM_NOT_A_LOG, "no regular file any more when it was opened");
	if (st.st_ino != pl->ino || st.st_dev != pl->dev)
		return trouble_set(&in->trouble, PROBLEM_UNREADABLE,
				   "another file took this name after it was found (rotation?): scan again");
	in->expect = (uint64_t)st.st_size;
	posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

int input_open(struct input *in, const struct place *pl)
{
	*in = (struct input){.fd = -1, .size = SIZE_UNKNOWN};
	switch (pl->kind) {
	case PLACE_FILE:
		in->positioned = in->seekable = true;
		return open_file(in, pl);
	case PLACE_FD:
		in->fd = pl->fd;
		in->at = pl->at;
		in->size = in->expect = pl->size;
		in->positioned = in->seekable = true;
		return 0;
	case PLACE_PIPE:
		in->fd = pl->ended ? -1 : pl->fd;
		in->head = pl->head;
		return 0;
	}
	return -1;
}

int input_gunzip(struct input *in)
{
	in->gz = gunzip_new();
	if (!in->gz)
		return trouble_set(&in->trouble, PROBLEM_UNREADABLE, "out of memory");
	in->seekable = false;
	return 0;
}

static ssize_t read_fd(const struct input *in, void *buf, size_t n)
{
	for (;;) {
		ssize_t r = in->positioned ? pread(in->fd, buf, n, (off_t)(in->at + in->pos)) : read(in->fd, buf, n);
		if (r >= 0)
			return r;
		if (errno == EAGAIN) { /* standard input may have been left non-blocking by someone else */
			struct pollfd p = {.fd = in->fd, .events = POLLIN};
			if (poll(&p, 1, -1) < 0 && errno != EINTR)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
}

ssize_t input_read_raw(struct input *in, void *buf, size_t n)
{
	char text[128];

	if (in->trouble.set)
		return -1;
	if (in->head.n > 0) {
		n = MIN(n, in->head.n);
		memcpy(buf, in->head.p, n);
		in->head = slice_from(in->head, n);
		in->pos += n;
		in->taken += n;
		return (ssize_t)n;
	}
	if (in->size != SIZE_UNKNOWN)
		n = in->pos < in->size ? (size_t)MIN((uint64_t)n, in->size - in->pos) : 0;
	ssize_t r = in->fd < 0 || n == 0 ? 0 : read_fd(in, buf, n);
	if (r < 0)
		return trouble_set(&in->trouble, PROBLEM_UNREADABLE, "reading failed at byte %" PRIu64 ": %s", in->pos,
				   errno_text(errno, text, sizeof(text)));
	if (r == 0) {
		in->ended = true;
		if (in->positioned && in->pos < in->expect)
			return trouble_set(&in->trouble, PROBLEM_TRUNCATED,
					   "the file shrank while it was read: it ends at byte %" PRIu64 " of %" PRIu64,
					   in->pos, in->expect);
		return 0;
	}
	in->pos += (uint64_t)r;
	in->taken += (uint64_t)r;
	return r;
}

ssize_t input_read(struct input *in, void *buf, size_t n)
{
	return in->gz ? gunzip_read(in->gz, in, buf, n) : input_read_raw(in, buf, n);
}

void input_seek(struct input *in, uint64_t pos)
{
	in->pos = pos;
	in->ended = false;
}

void input_close(struct input *in)
{
	gunzip_free(in->gz);
	in->gz = NULL;
	if (in->own && in->fd >= 0)
		close(in->fd);
	in->fd = -1;
}
