/* set.c - life of a source_set: problems, temporary space. */
#include "source/source_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *problem_name(enum problem_kind k)
{
	static const char *const names[] = {
#define X(id, name) [id] = name,
		PROBLEM_LIST(X)
#undef X
	};
	return (unsigned)k < ARRAY_LEN(names) ? names[k] : "unknown";
}

int trouble_set(struct trouble *t, enum problem_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (t->set)
		return -1;
	t->set = true;
	t->kind = kind;
	va_start(ap, fmt);
	vsnprintf(t->text, sizeof(t->text), fmt, ap);
	va_end(ap);
	return -1;
}

const char *errno_text(int errnum, char *buf, size_t n)
{
	return strerror_r(errnum, buf, n); /* the GNU one: thread-safe, returns the text */
}

void set_init(struct source_set *set)
{
	memset(set, 0, sizeof(*set));
	arena_init(&set->mem);
	set->priv = xcalloc(1, sizeof(*set->priv));
	set->priv->spool_fd = -1;
	pthread_mutex_init(&set->priv->lock, NULL);
}

static void problem_add(struct source_set *set, enum problem_kind kind, struct slice path, struct slice text)
{
	pthread_mutex_lock(&set->priv->lock);
	set->problem_count[kind]++;
	if (set->problems.n < PROBLEM_MAX) {
		struct problem *p = vec_push(&set->problems);
		p->kind = kind;
		p->path = slice_dup(&set->mem, path);
		p->text = slice_dup(&set->mem, text);
	}
	pthread_mutex_unlock(&set->priv->lock);
}

void set_problem(struct source_set *set, enum problem_kind kind, struct slice path, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	problem_add(set, kind, path, slice_of(text));
}

void set_trouble(struct source_set *set, struct slice path, const struct trouble *t)
{
	if (t->set)
		problem_add(set, t->kind, path, slice_of(t->text));
}

/* A file without a name: it is gone when the process ends, however it ends. */
static int spool_create(void)
{
	const char *dir = secure_getenv("TMPDIR");
	char name[PATH_MAX];

	if (!dir || !*dir)
		dir = "/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	int n = snprintf(name, sizeof(name), "%s/postern-XXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(name))
		return -1;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static void spool_stop(struct source_set *set, const char *why)
{
	set->priv->spool_off = true;
	core_log(LOG_LEVEL_WARN, "no temporary space for members of archives: %s; reading them in place is slower", why);
}

bool spool_ready(struct source_set *set)
{
	struct source_priv *p = set->priv;
	char text[128];

	if (p->spool_off)
		return false;
	if (p->spool_fd < 0) {
		p->spool_fd = spool_create();
		if (p->spool_fd < 0)
			spool_stop(set, errno_text(errno, text, sizeof(text)));
	}
	return !p->spool_off;
}

bool spool_write(struct source_set *set, const void *p, size_t n)
{
	struct source_priv *sp = set->priv;
	const char *c = p;
	char text[128];

	if (!spool_ready(set))
		return false;
	if (n > SPOOL_MAX - sp->spool_end)
		return false; /* a smaller one may still fit */
	while (n > 0) {
		ssize_t w = pwrite(sp->spool_fd, c, n, (off_t)sp->spool_end);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			spool_stop(set, w < 0 ? errno_text(errno, text, sizeof(text)) : "nothing written");
			return false;
		}
		c += w;
		n -= (size_t)w;
		sp->spool_end += (uint64_t)w;
	}
	return true;
}

void source_set_free(struct source_set *set)
{
	if (!set || !set->priv)
		return;
	for (size_t i = 0; i < set->priv->fds.n; i++)
		close(set->priv->fds.v[i]);
	if (set->priv->spool_fd >= 0)
		close(set->priv->spool_fd);
	pthread_mutex_destroy(&set->priv->lock);
	free(set->priv->fds.v);
	free(set->priv->where.v);
	free(set->priv);
	free(set->files.v);
	free(set->streams.v);
	free(set->problems.v);
	arena_free(&set->mem);
	memset(set, 0, sizeof(*set));
}
