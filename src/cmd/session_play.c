/* session_play.c - recordings watched and searched, without letting them drive the terminal. */
#include "cmd/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct playing {
	struct cast_filter filter;
	struct buf out;
	uint64_t speed;              /* 0: no pauses */
	nstime idle, last;
	bool raw;
};

static uint64_t number(const struct args *a, const char *option, uint64_t usual)
{
	uint64_t n;
	const char *text = args_get(a, option);
	return text && slice_u64(slice_of(text), UINT32_MAX, &n) ? n : usual;
}

static int play_one(void *arg, const struct cast_event *x)
{
	struct playing *p = arg;
	nstime wait = MIN(x->at - p->last, p->idle);
	if (x->code != 'o')
		return 0;
	p->last = MAX(p->last, x->at);
	if (p->speed && wait > 0) {
		wait /= (nstime)p->speed;
		nanosleep(&(struct timespec){.tv_sec = wait / NS_SEC, .tv_nsec = wait % NS_SEC}, NULL);
	}
	p->out.n = 0;
	if (p->raw)
		buf_adds(&p->out, x->text);
	else
		cast_filter_feed(&p->filter, x->text, &p->out);
	return write_out(NULL, buf_slice(&p->out)) ? 0 : ERR_STOPPED;
}

int session_play(struct gates *g, const struct args *a)
{
	bool terminal = isatty(STDOUT_FILENO), raw = args_has(a, "raw");
	struct playing p = {.speed = number(a, "speed", terminal ? 1 : 0), .idle = (nstime)number(a, "idle", 2) * NS_SEC, .raw = raw};
	struct session s;
	struct err e;
	char path[8192];
	if (raw && terminal && !args_has(a, "force")) {
		complain("a recording holds what an outsider made a terminal show: with --raw it would drive yours. Write it to a file, or say --force too");
		return EXIT_USAGE;
	}
	int rc = session_find(g, a->operand[1], &s);
	if (rc)
		return rc;
	session_path(g, &s, path, sizeof path);
	rc = cast_read(path, play_one, &p, NULL, &e);
	p.out.n = 0;
	if (!raw && terminal)
		cast_filter_end(&p.filter, &p.out);
	if (p.out.n)
		write_out(NULL, buf_slice(&p.out));
	buf_free(&p.out);
	if (rc && rc != ERR_STOPPED)
		return gates_failed(&e);
	return rc ? EXIT_INPUT : EXIT_DONE;
}

/* ---- search -------------------------------------------------------------------------------------------------------------------- */

struct searching {
	struct gates *g;
	struct slice text, person;
	nstime since;
	bool open;
	uint64_t found, unread;
	/* of the recording that is read */
	const struct session *s;
	struct cast_filter filter;
	struct buf plain, line, out;
};

static void hit(struct searching *x, nstime at, struct slice text)
{
	char when[40];
	x->found++;
	if (x->g->json) {
		buf_addz(&x->out, "{\"id\":");
		buf_json(&x->out, x->s->id);
		gates_json(&x->out, "person", x->s->person);
		gates_json_time(&x->out, "time", x->s->begin + at);
		gates_json(&x->out, "text", text);
		buf_addz(&x->out, "}\n");
		return;
	}
	buf_addf(&x->out, "%.*s %s %.*s: ", SLFMT(x->s->id), time_plain(x->s->begin + at, when), SLFMT(x->s->person));
	buf_term(&x->out, text);
	buf_addc(&x->out, '\n');
}

static void line_done(struct searching *x, nstime at)
{
	struct slice line = slice_trim(buf_slice(&x->line));
	if (slice_ihas(line, x->text))
		hit(x, at, slice_to(line, 400));
	x->line.n = 0;
}

static void back_one(struct buf *b)
{
	while (b->n && ((unsigned char)b->p[b->n - 1] & 0xc0) == 0x80)
		b->n--;
	b->n -= b->n != 0;
}

/* Lines as one would have read them: what was taken back is taken back. */
static int search_one(void *arg, const struct cast_event *x)
{
	struct searching *s = arg;
	if (x->code == 'm' && slice_ihas(x->text, s->text))
		hit(s, x->at, slice_to(x->text, 400));
	if (x->code != 'o')
		return 0;
	s->plain.n = 0;
	cast_filter_feed(&s->filter, x->text, &s->plain);
	for (size_t i = 0; i < s->plain.n; i++) {
		char c = s->plain.p[i];
		if (c == '\n' || s->line.n > (64 << 10))
			line_done(s, x->at);
		else if (c == '\b')
			back_one(&s->line);
		else if (c != '\r')
			buf_addc(&s->line, c == '\t' ? ' ' : c);
	}
	return 0;
}

static int search_session(void *arg, const struct session *s)
{
	struct searching *x = arg;
	char path[8192];
	struct err e;
	if ((x->open && s->end != NSTIME_NONE) || (x->since != NSTIME_NONE && s->begin < x->since) || (x->person.n && !slice_eq(x->person, s->person)))
		return 0;
	x->s = s;
	x->filter = (struct cast_filter){.plain = true};
	x->line.n = x->out.n = 0;
	if (slice_ihas(s->command, x->text))
		hit(x, 0, s->command);
	session_path(x->g, s, path, sizeof path);
	if (cast_read(path, search_one, x, NULL, &e)) {
		complain_err(&e);
		x->unread++;
	}
	line_done(x, 0);
	return write_out(NULL, buf_slice(&x->out)) ? 0 : ERR_STOPPED;
}

int session_search(struct gates *g, const struct args *a)
{
	struct searching x = {.g = g, .text = slice_of(a->operand[1]), .person = gates_text(a, "person"), .since = NSTIME_NONE, .open = args_has(a, "open")};
	const char *since = args_get(a, "since");
	struct err e;
	if (!x.text.n || (since && !gates_time(g, since, false, &x.since))) {
		complain(x.text.n ? "--since: \"%s\" is no time (2026-11-24) and no span (36h)" : "search: for what?", since);
		return EXIT_USAGE;
	}
	int rc = session_each(g->gate.vault, SLICE_NONE, search_session, &x, &e);
	buf_free(&x.plain);
	buf_free(&x.line);
	buf_free(&x.out);
	if (rc)
		return rc == ERR_STOPPED ? EXIT_INPUT : gates_failed(&e);
	return x.unread ? EXIT_INPUT : EXIT_DONE;
}
