/* relay.c - bytes between the person and the program, each to the service before anybody sees it. */
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANGUP_NS ((uint64_t)5000000000)
enum { CARE_MS = 1000, FLOWS = 3 };
enum { FLOW_IN, FLOW_OUT, FLOW_ERROR };

/* One direction: what was read waits until it is written; nothing more is read meanwhile. */
struct flow {
	int from, to;                 /* -1 closed; to -2: goes nowhere but to the service */
	enum record_type type;        /* 0: only counted */
	size_t at, n;
	char b[RECORD_PAYLOAD];
};
struct relay {
	const struct wanted *w;
	const struct program *p;
	struct sink *sink;
	struct sftp_log log;
	struct flow flow[FLOWS];
	uint64_t typed, told;         /* bytes */
	uint64_t hung_up;             /* when the person went away; 0 still there */
	int signals, status;
	bool exited, ended;           /* ended: by the service */
};

static void set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void say(bool terminal, const char *text)
{
	struct buf b = {0};
	buf_addz(&b, terminal ? "\r\n" : "");
	for (; *text; text++)
		if (*text == '\n')
			buf_addz(&b, terminal ? "\r\n" : "\n");
		else
			buf_addc(&b, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
	buf_addz(&b, terminal ? "\r\n" : "\n");
	struct pollfd w = {.fd = STDERR_FILENO, .events = POLLOUT};
	if (poll(&w, 1, 1000) == 1) {
		ssize_t done = write(STDERR_FILENO, b.p, b.n); /* as much as goes: it is a courtesy */
		(void)done;
	}
	buf_free(&b);
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The person is gone: the program is told as by a modem, and has a while to end. */
static void hang_up(struct relay *r)
{
	if (r->hung_up)
		return;
	r->hung_up = monotonic();
	kill(r->p->pid, SIGHUP);
	kill(r->p->pid, SIGCONT);
	if (r->w->terminal) { /* the kernel tells whoever is in the foreground */
		close_end(&r->flow[FLOW_OUT].from);
		r->flow[FLOW_IN] = (struct flow){.from = -1, .to = -1};
		r->flow[FLOW_OUT].n = r->flow[FLOW_OUT].at = 0;
	}
}

/* ---- flows ---------------------------------------------------------------------------------------------------------------- */

static void take_in(struct relay *r, struct flow *f)
{
	ssize_t got = read(f->from, f->b, sizeof f->b);
	bool in = f == &r->flow[FLOW_IN];
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) { /* a terminal whose other side is gone says EIO */
		if (in && r->w->terminal) {
			hang_up(r);
			return;
		}
		if (!in)
			close_end(&f->from);
		f->from = -1;
		if (in)
			close_end(&f->to);
		return;
	}
	f->at = 0;
	f->n = (size_t)got;
	if (in)
		r->typed += (uint64_t)got;
	if (f->type == RECORD_FILE) {
		sftp_log_feed(&r->log, slice_make(f->b, f->n), r->sink);
		f->n = 0;
	} else if (f->type) {
		sink_send(r->sink, f->type, f->b, f->n);
	}
}

static void give_out(struct relay *r, struct flow *f)
{
	ssize_t done = write(f->to, f->b + f->at, f->n - f->at);
	bool in = f == &r->flow[FLOW_IN];
	if (done < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (done < 0) {
		f->n = f->at = 0;
		if (in) { /* it does not read any more: what comes is thrown away, as a pipe would */
			close_end(&f->to);
			f->from = -1;
		} else if (r->w->terminal) {
			hang_up(r);
		} else {
			close_end(&f->from); /* the program gets SIGPIPE */
		}
		return;
	}
	f->at += (size_t)done;
	if (f->at == f->n)
		f->at = f->n = 0;
}

/* ---- signals -------------------------------------------------------------------------------------------------------------- */

static void reap(struct relay *r)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == r->p->pid) {
			r->exited = true;
			r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		}
}

static void resized(struct relay *r)
{
	struct winsize w;
	uint16_t size[2];
	if (!r->w->terminal || r->flow[FLOW_OUT].from < 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, &w))
		return;
	ioctl(r->flow[FLOW_OUT].from, TIOCSWINSZ, &w);
	size[0] = w.ws_col ? w.ws_col : 80;
	size[1] = w.ws_row ? w.ws_row : 24;
	sink_send(r->sink, RECORD_RESIZE, size, sizeof size);
}

static void signalled(struct relay *r)
{
	struct signalfd_siginfo si;
	while (read(r->signals, &si, sizeof si) == (ssize_t)sizeof si)
		switch (si.ssi_signo) {
		case SIGCHLD: reap(r); break;
		case SIGWINCH: resized(r); break;
		case SIGHUP: hang_up(r); break;
		case SIGPIPE: case SIGTTOU: case SIGTTIN: case SIGTSTP: break;
		default: kill(-r->p->pid, (int)si.ssi_signo); /* ssh passes signals on to who it started */
		}
}

static int open_signals(void)
{
	static const int wanted[] = {SIGCHLD, SIGWINCH, SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTTOU, SIGTTIN, SIGTSTP};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* ---- service -------------------------------------------------------------------------------------------------------------- */

static void service_said(struct relay *r)
{
	char text[2048];
	enum record_type what = sink_read(r->sink, text, sizeof text);
	if (what == RECORD_SAY || what == RECORD_END)
		say(r->w->terminal, text);
	r->ended = r->ended || what == RECORD_END;
}

static void tell_count(struct relay *r)
{
	if (r->typed == r->told)
		return;
	r->told = r->typed;
	sink_send(r->sink, RECORD_COUNT, &r->typed, sizeof r->typed);
}

/* ---- the loop -------------------------------------------------------------------------------------------------------------- */

static void poll_once(struct relay *r, int wait)
{
	struct pollfd p[2 + 2 * FLOWS] = {{.fd = r->sink->fd, .events = POLLIN}, {.fd = r->signals, .events = POLLIN}};
	for (size_t i = 0; i < FLOWS; i++) {
		const struct flow *f = &r->flow[i];
		p[2 + 2 * i] = (struct pollfd){.fd = f->n ? -1 : f->from, .events = POLLIN};
		p[3 + 2 * i] = (struct pollfd){.fd = f->n ? f->to : -1, .events = POLLOUT};
	}
	int n = poll(p, ARRAY_LEN(p), wait);
	if (n <= 0)
		return;
	if (p[0].revents)
		service_said(r);
	if (p[1].revents)
		signalled(r);
	/* the last first: what sftp-server says of a file is looked at before its answer goes out */
	for (size_t i = FLOWS; i-- > 0 && !r->sink->lost && !r->ended;) {
		struct flow *f = &r->flow[i];
		if (p[2 + 2 * i].revents && f->from >= 0 && !f->n)
			take_in(r, f);
		if ((p[3 + 2 * i].revents || f->n) && f->to >= 0 && f->n)
			give_out(r, f);
	}
}

/* Is there nothing left to be shown? With a terminal others may keep it open behind the program's end; they are not waited for. */
static bool shown(const struct relay *r)
{
	const struct flow *out = &r->flow[FLOW_OUT], *error = &r->flow[FLOW_ERROR];
	if (!r->w->terminal)
		return out->from < 0 && error->from < 0 && !out->n && !error->n;
	struct pollfd p = {.fd = out->from, .events = POLLIN};
	return !out->n && (out->from < 0 || poll(&p, 1, 0) != 1 || !(p.revents & POLLIN));
}

static bool over(struct relay *r)
{
	if (r->sink->lost || r->ended)
		return true;
	if (r->hung_up && monotonic() - r->hung_up > HANGUP_NS)
		return true;
	return r->exited && (shown(r) || r->hung_up);
}

static void prepare(struct relay *r)
{
	bool files = r->w->kind == KIND_SFTP;
	r->flow[FLOW_IN] = (struct flow){.from = STDIN_FILENO, .to = r->p->in, .type = r->w->terminal ? 0 : RECORD_INPUT};
	r->flow[FLOW_OUT] = (struct flow){.from = r->p->out, .to = STDOUT_FILENO, .type = RECORD_OUTPUT};
	r->flow[FLOW_ERROR] = (struct flow){.from = r->p->error, .to = files ? -2 : STDERR_FILENO, .type = files ? RECORD_FILE : RECORD_ERROR};
	r->signals = open_signals();
	for (int i = 0; i < 3; i++)
		set_blocking(i, false);
	if (r->w->terminal) {
		struct termios raw = r->w->modes;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
}

static int finish(struct relay *r)
{
	int32_t status = r->status;
	char text[64];
	if (r->sink->lost)
		say(r->w->terminal, "postern: the session cannot be recorded any more and ends");
	bool cut = r->sink->lost || r->ended || !r->exited;
	if (!r->exited) {
		kill(r->p->pid, SIGKILL);
		kill(-r->p->pid, SIGKILL);
	}
	program_end_all(); /* also what a hang-up found between fork and foreground: behind the recording's end nothing goes on unseen */
	tell_count(r);
	if (!cut || r->hung_up)
		sink_send(r->sink, RECORD_EXIT, &status, sizeof status);
	/* The recording is on the disk when the service lets go. */
	shutdown(r->sink->fd, SHUT_WR);
	for (uint64_t until = monotonic() + 2 * 1000000000ull; !r->sink->lost && monotonic() < until;) {
		struct pollfd p = {.fd = r->sink->fd, .events = POLLIN};
		if (poll(&p, 1, 200) == 1)
			sink_read(r->sink, text, sizeof text);
	}
	if (r->w->terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &r->w->modes);
	for (int i = 0; i < 3; i++)
		set_blocking(i, true);
	return cut ? SHELL_REFUSED : status < 0 ? 128 - status : status;
}

int relay_run(const struct wanted *w, const struct program *p, struct sink *s)
{
	struct relay *r = xcalloc(1, sizeof *r);
	*r = (struct relay){.w = w, .p = p, .sink = s};
	prepare(r);
	resized(r);
	reap(r); /* it may have ended before its signal was waited for */
	while (!over(r)) {
		poll_once(r, r->exited ? 20 : CARE_MS);
		tell_count(r);
		sink_care(s);
	}
	int status = finish(r);
	free(r);
	return status;
}
