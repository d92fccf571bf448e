/* broker_call.c - the web side of the channel: one question, one answer; and both for pages. */
#include "console/console_private.h"
#include "sys/sys.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_MS = 150000 /* longer than the broker waits for sendmail */, BODY_MOST = 32 << 20 };

/* An answer nobody waited for any longer comes before ours: it is of another question, and perhaps of another session. */
static bool is_late(const struct sys_message *m, uint64_t serial)
{
	struct broker_answer a;
	if (m->body.n != sizeof a)
		return false;
	memcpy(&a, m->body.p, sizeof a);
	return a.serial != serial;
}

static int wait_answer(int channel, uint64_t serial, struct sys_message *m, struct err *e)
{
	for (;;) {
		int got = sys_receive(channel, m, e);
		if (got > 0 && is_late(m, serial)) {
			if (m->fd >= 0)
				close(m->fd);
			continue;
		}
		if (got)
			return got;
		struct pollfd p = {.fd = channel, .events = POLLIN};
		int n = poll(&p, 1, ANSWER_MS);
		if (n == 0)
			return err_set(e, ERR_IO, "the broker does not answer");
		if (n < 0 && errno != EINTR)
			return err_set(e, ERR_IO, "poll: %m");
	}
}

int broker_call(struct desk *d, struct broker_ask *q, struct broker_answer *a, int *fd, struct err *e)
{
	struct sys_message *m = xcalloc(1, sizeof *m);
	m->fd = -1;
	if (fd)
		*fd = -1;
	q->magic = BROKER_MAGIC;
	q->serial = ++d->asked;
	int rc = sys_send(d->channel, BROKER_MAGIC, slice_make((const char *)q, sizeof *q), -1, 5000, e);
	if (!rc)
		rc = wait_answer(d->channel, q->serial, m, e);
	if (rc > 0 && m->body.n == sizeof *a) {
		memcpy(a, m->body.p, sizeof *a);
		rc = 0;
	} else if (rc >= 0) {
		rc = err_set(e, ERR_IO, "the broker answers what it should not");
	}
	if (!rc && a->status) {
		a->text[sizeof a->text - 1] = 0;
		rc = err_set(e, a->status, "%s", a->text);
	}
	if (m->fd >= 0 && fd && !rc)
		*fd = m->fd;
	else if (m->fd >= 0)
		close(m->fd);
	sodium_memzero(q->text, sizeof q->text);
	sodium_memzero(q->code, sizeof q->code);
	free(m);
	return rc;
}

int page_ask_fd(struct request *q, struct broker_ask *ask, struct broker_answer *a, int *fd, struct err *e)
{
	if (!memchr(ask->id, 0, sizeof ask->id) || !memchr(ask->text, 0, sizeof ask->text) || !memchr(ask->code, 0, sizeof ask->code))
		return err_set(e, ERR_LIMIT, "%s", text_of(TX_ERROR_413, q->language)); /* ask_set() left it so */
	memcpy(ask->token, q->token, sizeof ask->token);
	memcpy(ask->source, q->source, sizeof ask->source);
	return broker_call(q->desk, ask, a, fd, e);
}

static int read_body(int fd, struct arena *mem, struct slice *body, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) || st.st_size < 0 || st.st_size > BODY_MOST)
		return err_set(e, ERR_LIMIT, "the broker's answer is too large");
	char *to = arena_alloc(mem, (size_t)st.st_size + 1);
	size_t n = 0;
	while (n < (size_t)st.st_size) {
		ssize_t got = pread(fd, to + n, (size_t)st.st_size - n, (off_t)n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(e, ERR_IO, "the broker's answer cannot be read: %m");
		n += (size_t)got;
	}
	*body = slice_make(to, n);
	return 0;
}

int page_ask(struct request *q, struct broker_ask *ask, struct broker_answer *a, struct slice *body, struct err *e)
{
	int fd = -1, rc = page_ask_fd(q, ask, a, body ? &fd : NULL, e);
	if (body)
		*body = SLICE_NONE;
	if (!rc && fd >= 0)
		rc = read_body(fd, q->mem, body, e);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A field without its NUL is refused by page_ask(): nothing is ever cut. */
void ask_set(char *to, size_t n, struct slice text)
{
	memset(to, 0, n);
	if (text.n < n && !memchr(text.p ? text.p : "", 0, text.n))
		memcpy(to, text.p ? text.p : "", text.n);
	else
		memset(to, '?', n);
}

void ask_fresh(const struct request *q, struct broker_ask *ask)
{
	ask_set(ask->code, sizeof ask->code, form_get(q, "fresh"));
}
