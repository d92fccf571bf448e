/* worker.c - the process that parses: confined before it sees a byte. */
#include "inspect/inspect_private.h"

#include "mail/mail.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

void worker_inspect(struct lure *l, struct slice name, struct slice bytes, const struct inspect_options *o)
{
	struct err e;
	(void)o;
	(void)lure_inspect(l, name, bytes, &e);
}

static bool confine(struct err *e)
{
	const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, none = {0, 0};
	bool landlock;
	const char *const nothing[] = {NULL};
#if !defined(__SANITIZE_ADDRESS__)
	if (setrlimit(RLIMIT_AS, &memory))
		return err_set(e, ERR_PERM, "cannot limit memory: %m"), false;
#else
	(void)memory;
#endif
	if (setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_FSIZE, &(struct rlimit){RESULT_MAX, RESULT_MAX}))
		return err_set(e, ERR_PERM, "cannot limit files: %m"), false;
	return sys_confine_as(SYS_PARSER, nothing, nothing, &landlock, e) == 0;
}

/* The whole of it, at most READ_MAX; *cut when there is more. Free with free(). */
static char *read_all(int fd, size_t *n, bool *cut)
{
	struct stat st;
	size_t want = fstat(fd, &st) == 0 && st.st_size > 0 ? MIN((size_t)st.st_size, (size_t)READ_MAX) : READ_MAX;
	char *p = xmalloc(want + 1);
	*n = 0;
	*cut = false;
	lseek(fd, 0, SEEK_SET);
	for (;;) {
		ssize_t got = read(fd, p + *n, want + 1 - *n);
		if (got <= 0)
			break;
		*n += (size_t)got;
		if (*n > want) {
			*cut = true;
			*n = want;
			break;
		}
	}
	return p;
}

static void alarm_in(unsigned seconds)
{
	const struct itimerval t = {.it_value = {.tv_sec = (time_t)seconds}};
	setitimer(ITIMER_REAL, &t, NULL); /* SIGALRM ends the process: the pool says so */
}

static uint32_t do_job(struct lure *l, const struct sys_message *m, char *result, const struct inspect_options *o)
{
	struct wire w = wire_of(m->body);
	struct slice name = wire_sized(&w);
	struct buf out = {0};
	size_t n;
	bool cut;
	lure_reset(l);
	for (uint32_t words = wire_u32(&w); words && !w.bad; words--)
		lure_password(l, wire_sized(&w));
	char *bytes = read_all(m->fd, &n, &cut);
	close(m->fd);
	alarm_in(HARD_SECONDS);
	worker_inspect(l, name, slice_make(bytes, n), o);
	if (cut)
		lure_found(l, 0, IND_LIMIT_SIZE, UINT64_MAX, NULL, "only the first %zu bytes were read", n);
	lure_save(l, &out);
	alarm_in(0);
	uint32_t size = out.n <= RESULT_MAX ? (uint32_t)out.n : UINT32_MAX;
	if (size != UINT32_MAX)
		memcpy(result, out.p, out.n);
	buf_free(&out);
	free(bytes);
	return size;
}

_Noreturn void worker_main(int sock, int result, const struct inspect_options *o, struct yara *rules)
{
	struct err e;
	struct lure *l = lure_new(&o->limits);
	struct sys_message *m = xcalloc(1, sizeof *m);
	char *memory = mmap(NULL, RESULT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, result, 0);
	close(result);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sys_name_process("postern-parser");
	if (o->known)
		lure_know(l, o->known);
	mail_prepare();
	struct mail *mail = mail_new(&(struct mail_options){.org = o->org, .trusted = o->trusted, .trust_unnamed = o->trust_unnamed});
	if (rules)
		lure_scan_with(l, yara_scan, rules);
	lure_parse_with(l, LT_EML, mail_inspect, mail);
	lure_parse_with(l, LT_MBOX, mail_box, mail);
	if (memory == MAP_FAILED || !confine(&e))
		_exit(1);
	for (;;) {
		struct pollfd p = {.fd = sock, .events = POLLIN};
		if (poll(&p, 1, -1) < 0)
			continue;
		int r = sys_receive(sock, m, &e);
		if (r < 0)
			_exit(0);
		if (r == 0 || m->type != MSG_JOB || m->fd < 0)
			continue;
		uint32_t size = do_job(l, m, memory, o);
		if (sys_send(sock, MSG_DONE, slice_make((const char *)&size, sizeof size), -1, 1000, &e))
			_exit(0);
	}
}
