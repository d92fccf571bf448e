/* journal.c - the journal to spool segments, as lines of `journalctl -o json`'s form.
 *
 * The cursor is the last member of each line: what the spool ends with says where to go on, and a line that was cut has none. Nothing else
 * is kept, so lines and cursor cannot disagree.
 */
#include "live/receive_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum {
	FIELD_MAX = 32 << 10,            /* bytes of a field; core dumps are fields, too */
	MESSAGE_MAX = 128 << 10,
	ENTRY_MAX = LIMIT_LINE - (64 << 10),
	NAME_MAX_LENGTH = 64,            /* of a field: systemd's own limit */
	WAIT_MS = 200,
	FULL_MS = 50,
};
#define CURSOR_KEY ",\"__CURSOR\":\""

struct journal {
	sd_journal *j;
	struct spool spool;
	struct spool_budget budget;
	struct live_status figures;
	int control, status;
	nstime told;
	bool ended;
	bool pending;          /* the entry it stands at was not written yet */
};

/* ---- lines ------------------------------------------------------------------------------------------------------------ */
static bool is_field_name(const char *p, size_t n)
{
	if (n == 0 || n > NAME_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_'))
			return false;
	return true;
}

static void add_field(struct buf *out, size_t start, const char *data, size_t n)
{
	const char *eq = memchr(data, '=', MIN(n, (size_t)NAME_MAX_LENGTH + 1));
	if (!eq || !is_field_name(data, (size_t)(eq - data)))
		return;
	struct slice name = slice_make(data, (size_t)(eq - data)), value = slice_make(eq + 1, n - name.n - 1);
	bool message = slice_eq(name, SL("MESSAGE"));
	if (!message && value.n > FIELD_MAX)
		return;
	if (out->n - start + 6 * MIN(value.n, (size_t)MESSAGE_MAX) > ENTRY_MAX && out->n - start > ENTRY_MAX / 8 && !message)
		return;
	buf_addc(out, ',');
	buf_json(out, name);
	buf_addc(out, ':');
	buf_json(out, slice_to(value, MESSAGE_MAX));
}

/* The entry the journal stands at. False when it cannot be read (a file was removed under us): the next one will do. */
static bool add_entry(struct journal *s)
{
	struct buf *out = &s->spool.out;
	size_t start = out->n, n;
	uint64_t realtime;
	const void *data;
	char *cursor = NULL;
	if (sd_journal_get_realtime_usec(s->j, &realtime) < 0 || sd_journal_get_cursor(s->j, &cursor) < 0) {
		free(cursor);
		return false;
	}
	buf_addf(out, "{\"__REALTIME_TIMESTAMP\":\"%llu\"", (unsigned long long)realtime);
	/* the message first: it has its place whatever the others take */
	bool has_message = sd_journal_get_data(s->j, "MESSAGE", &data, &n) >= 0;
	if (has_message)
		add_field(out, start, data, n);
	sd_journal_restart_data(s->j);
	while (sd_journal_enumerate_available_data(s->j, &data, &n) > 0)
		if (!(has_message && n >= 8 && memcmp(data, "MESSAGE=", 8) == 0))
			add_field(out, start, data, n);
	buf_addf(out, CURSOR_KEY "%s\"}\n", cursor);
	free(cursor);
	s->figures.lines++;
	return true;
}

/* The cursor of the last whole line in what the spool ends with; false when there is none. */
bool live_journal_cursor(struct slice end, char *to, size_t cap)
{
	while (end.n) {
		ssize_t nl = slice_rfind(end, SL("\n"));
		struct slice line = slice_from(end, nl < 0 ? 0 : (size_t)nl + 1);
		ssize_t at = slice_rfind(line, SL(CURSOR_KEY));
		if (at >= 0 && slice_ends(line, SL("\"}"))) {
			struct slice cursor = slice_from(line, (size_t)at + sizeof CURSOR_KEY - 1);
			cursor.n -= 2;
			if (cursor.n > 0 && cursor.n < cap && slice_chr(cursor, '"') < 0) {
				memcpy(to, cursor.p, cursor.n);
				to[cursor.n] = '\0';
				return true;
			}
		}
		end = slice_to(end, nl < 0 ? 0 : (size_t)nl);
	}
	return false;
}

/* ---- where to begin ----------------------------------------------------------------------------------------------------- */
static int seek(struct journal *s, bool history, struct err *e)
{
	enum { LOOK = 4 * LIMIT_LINE };
	char cursor[1024];
	char *end = xmalloc(LOOK);
	size_t n = spool_last(&s->spool, end, LOOK);
	bool known = live_journal_cursor(slice_make(end, n), cursor, sizeof cursor);
	free(end);
	int rc = known ? sd_journal_seek_cursor(s->j, cursor) : history ? sd_journal_seek_head(s->j) : sd_journal_seek_tail(s->j);
	if (rc >= 0 && known) {
		/* the entry itself is written already; when it is gone from the journal, the next one is not */
		rc = sd_journal_next(s->j);
		s->pending = rc > 0 && sd_journal_test_cursor(s->j, cursor) <= 0;
	} else if (rc >= 0 && !history) {
		rc = sd_journal_previous(s->j); /* behind the last entry there is */
		if (rc == 0)
			rc = sd_journal_seek_head(s->j); /* none: all that come are new */
	}
	return rc < 0 ? err_set(e, ERR_IO, "journal: %s", strerrordesc_np(-rc)) : 0;
}

/* ---- the loop --------------------------------------------------------------------------------------------------------- */
static void tell(struct journal *s)
{
	struct pollfd p = {.fd = s->status, .events = POLLOUT};
	s->told = live_monotonic();
	if (s->status >= 0 && poll(&p, 1, 0) == 1 && p.revents & POLLOUT)
		(void)!write(s->status, &s->figures, sizeof s->figures);
}

static void tick(struct journal *s)
{
	nstime now = live_monotonic();
	spool_tick(&s->spool, now);
	if (now - s->told >= NS_SEC)
		tell(s);
}

/* Waits for the journal, or `wait_ms`; notices the end of `control`. */
static void wait_for(struct journal *s, bool journal, int wait_ms)
{
	struct pollfd p[2] = {{.fd = s->control, .events = POLLIN}, {.fd = journal ? sd_journal_get_fd(s->j) : -1, .events = POLLIN}};
	char c[16];
	if (poll(p, 2, wait_ms) > 0 && p[0].revents)
		s->ended = control_ended(read(s->control, c, sizeof c));
	if (p[1].revents)
		sd_journal_process(s->j);
}

static void flush(struct journal *s)
{
	s->figures.bytes += s->spool.out.n - s->spool.written;
	if (spool_flush(&s->spool, live_monotonic()) && !spool_full(&s->budget))
		return;
	s->figures.waits++;
	while (!s->ended) {
		wait_for(s, false, FULL_MS);
		tick(s);
		if (spool_flush(&s->spool, live_monotonic()) && !spool_full(&s->budget))
			return;
	}
}

static int read_on(struct journal *s, struct err *e)
{
	int rc = 0;
	while (!s->ended && (s->pending || (rc = sd_journal_next(s->j)) > 0)) {
		s->pending = false;
		add_entry(s);
		if (s->spool.out.n < SPOOL_BATCH)
			continue;
		flush(s);
		wait_for(s, false, 0);
		tick(s);
	}
	flush(s);
	/* a file that is damaged or was removed is passed over by the library; the rest of errors comes again and again */
	if (rc < 0 && rc != -EBADMSG && rc != -ENOENT && rc != -EADDRNOTAVAIL)
		return err_set(e, ERR_IO, "journal: %s", strerrordesc_np(-rc));
	return 0;
}

static int open_journal(struct journal *s, const struct live_config *c, struct err *e)
{
	char dir[4096];
	snprintf(dir, sizeof dir, "%.*s", SLFMT(c->journal_dir));
	int rc = dir[0] ? sd_journal_open_directory(&s->j, dir, 0) : sd_journal_open(&s->j, SD_JOURNAL_LOCAL_ONLY);
	if (rc >= 0)
		rc = sd_journal_set_data_threshold(s->j, MESSAGE_MAX + 16);
	if (rc >= 0)
		rc = sd_journal_get_fd(s->j); /* begins to watch: nothing is missed from here on */
	if (rc < 0)
		return err_set(e, rc == -EACCES ? ERR_PERM : ERR_IO, "journal%s%s: %s", dir[0] ? " " : "", dir, strerrordesc_np(-rc));
	return 0;
}

int live_journal(const struct live_config *c, const char *spool, int control, int status, struct err *e)
{
	struct journal s = {.control = control, .status = status, .budget = {.limit = c->spool_bytes}, .spool = {.dir = -1, .fd = -1}};
	int rc = spool_open(&s.spool, &s.budget, spool, "journal", e);
	s.spool.lazy = true; /* the newest segment always holds the cursor */
	if (!rc)
		rc = open_journal(&s, c, e);
	if (!rc)
		rc = seek(&s, c->history, e);
	while (!rc && !s.ended) {
		rc = read_on(&s, e);
		if (rc || s.ended)
			break;
		wait_for(&s, true, WAIT_MS);
		tick(&s);
	}
	tell(&s);
	spool_close(&s.spool);
	sd_journal_close(s.j);
	return rc;
}
