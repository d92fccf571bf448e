/* chain.c - appending. */
#include "chain/chain_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct chain {
	int fd;
	pid_t owner;            /* who opened fd */
	char path[PATH_MAX];
	struct chain_head last;
	off_t size;             /* of the file when `last` was its last record */
	char torn[2 * CHAIN_HASH + 1]; /* hash of a torn record at the end; "" none */
	uint64_t unanchored;
	chain_anchor_fn *anchor;
	void *arg;
};

void chain_sha256(struct slice line, char hex[static 2 * CHAIN_HASH + 1])
{
	unsigned char h[crypto_hash_sha256_BYTES];
	_Static_assert(sizeof h == CHAIN_HASH, "SHA-256");
	crypto_hash_sha256(h, (const unsigned char *)(line.n ? line.p : ""), line.n);
	sodium_bin2hex(hex, 2 * CHAIN_HASH + 1, h, sizeof h);
}

bool chain_parse(struct slice line, uint64_t *seq, struct slice *prev)
{
	struct slice number;
	if (!slice_starts(line, SL("{\"seq\":")))
		return false;
	line = slice_from(line, sizeof "{\"seq\":" - 1);
	if (!slice_cut(&line, ',', &number) || !slice_u64(number, UINT64_MAX, seq) || !slice_starts(line, SL("\"prev\":\"")))
		return false;
	line = slice_from(line, sizeof "\"prev\":\"" - 1);
	*prev = slice_to(line, 2 * CHAIN_HASH);
	for (size_t i = 0; i < prev->n; i++)
		if (!((prev->p[i] >= '0' && prev->p[i] <= '9') || (prev->p[i] >= 'a' && prev->p[i] <= 'f')))
			return false;
	return prev->n == 2 * CHAIN_HASH && slice_starts(slice_from(line, prev->n), SL("\",")) && slice_ends(line, SL("}"));
}

struct slice chain_torn(struct slice line)
{
	struct slice head = SL("\"torn\":\"");
	uint64_t seq;
	struct slice prev;
	if (!chain_parse(line, &seq, &prev))
		return SLICE_NONE;
	/* it stands right behind prev, so that no text of a detail can pass for it */
	line = slice_from(line, (size_t)(prev.p - line.p) + prev.n + 2);
	return slice_starts(line, head) ? slice_to(slice_from(line, head.n), 2 * CHAIN_HASH) : SLICE_NONE;
}

/* ---- the head beside the file ------------------------------------------------------------------------------------- */

static bool head_name(const char *path, const char *suffix, char out[static PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s.head%s", path, suffix);
	return n > 0 && n < PATH_MAX;
}

int chain_slurp(const char *path, size_t limit, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot open %s: %s", path, strerror(errno));
	char part[1 << 16];
	ssize_t n;
	while ((n = read(fd, part, sizeof part)) > 0) {
		if (b->n + (size_t)n > limit) {
			close(fd);
			return err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", path, limit);
		}
		buf_add(b, part, (size_t)n);
	}
	int rc = n < 0 ? err_set(e, ERR_IO, "cannot read %s: %s", path, strerror(errno)) : 0;
	close(fd);
	return rc;
}

int chain_head_read(const char *path, struct chain_head *h, struct err *e)
{
	char name[PATH_MAX];
	struct buf b = {0};
	if (!head_name(path, "", name))
		return err_set(e, ERR_RANGE, "%s: name too long", path);
	int rc = chain_slurp(name, 4096, &b, e);
	struct slice rest = buf_slice(&b), number, hash;
	if (!rc && !(slice_word(&rest, &number) && slice_word(&rest, &hash) && slice_u64(number, UINT64_MAX, &h->seq)))
		rc = err_set(e, ERR_SYNTAX, "%s holds no number and hash", name);
	hash = rc ? SLICE_NONE : slice_trim(hash);
	while (!rc && hash.n && hash.p[hash.n - 1] == '\n')
		hash.n--;
	if (!rc && hash.n != 2 * CHAIN_HASH)
		rc = err_set(e, ERR_SYNTAX, "%s holds no number and hash", name);
	if (!rc)
		snprintf(h->hash, sizeof h->hash, "%.*s", SLFMT(hash));
	buf_free(&b);
	return rc;
}

int chain_head_write(const char *path, const struct chain_head *h, struct err *e)
{
	char name[PATH_MAX], temporary[PATH_MAX], text[128];
	if (!head_name(path, "", name) || !head_name(path, ".new", temporary))
		return err_set(e, ERR_RANGE, "%s: name too long", path);
	int n = snprintf(text, sizeof text, "%llu %s\n", (unsigned long long)h->seq, h->hash);
	(void)unlink(temporary); /* of one that was killed; a confined process may not empty it */
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot write %s: %s", temporary, strerror(errno));
	bool ok = write(fd, text, (size_t)n) == n && fdatasync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (!ok || rename(temporary, name) < 0)
		return err_set(e, ERR_IO, "cannot write %s: %s", name, strerror(errno));
	return 0;
}

/* ---- the end of the file ------------------------------------------------------------------------------------------- */

/* The last record, from the last bytes. Called with the lock. */
static int find_end(struct chain *c, struct err *e)
{
	struct stat st;
	enum { TAIL = 2 * CHAIN_RECORD_MAX };
	if (fstat(c->fd, &st) < 0)
		return err_set(e, ERR_IO, "cannot look at %s: %s", c->path, strerror(errno));
	if (st.st_size == c->size && (c->last.seq || !st.st_size))
		return 0;
	char *tail = xmalloc(TAIL);
	off_t from = st.st_size > TAIL ? st.st_size - TAIL : 0;
	ssize_t n = pread(c->fd, tail, TAIL, from);
	struct slice all = slice_make(tail, n > 0 ? (size_t)n : 0);
	c->torn[0] = 0;
	c->last = (struct chain_head){0};
	int rc = n < 0 ? err_set(e, ERR_IO, "cannot read %s: %s", c->path, strerror(errno)) : 0;
	if (all.n && all.p[all.n - 1] != '\n') {
		const char *nl = memrchr(all.p, '\n', all.n);
		size_t keep = nl ? (size_t)(nl - all.p) + 1 : 0;
		chain_sha256(slice_from(all, keep), c->torn);
		all.n = keep;
	}
	while (!rc && all.n && !c->last.seq) { /* the last line that is a record: a torn one before it has its name */
		const char *nl = all.n > 1 ? memrchr(all.p, '\n', all.n - 1) : NULL;
		struct slice line = nl ? slice_make(nl + 1, (size_t)(all.p + all.n - 1 - (nl + 1))) : slice_make(all.p, all.n - 1), prev;
		uint64_t seq;
		if (chain_parse(line, &seq, &prev)) {
			c->last.seq = seq;
			chain_sha256(line, c->last.hash);
		}
		all.n = nl ? (size_t)(nl - all.p) + 1 : 0;
	}
	if (!rc && st.st_size && !c->last.seq && !c->torn[0])
		rc = err_set(e, ERR_SYNTAX, "%s does not end with a record: it is no audit log, or it was tampered with; see 'postern log verify'", c->path);
	c->size = st.st_size;
	free(tail);
	return rc;
}

static int open_file(struct chain *c, struct err *e)
{
	c->fd = open(c->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	c->owner = getpid();
	c->size = -1;
	return c->fd < 0 ? err_set(e, ERR_IO, "cannot open the audit log %s: %s", c->path, strerror(errno)) : 0;
}

/* A child that was forked shares the descriptor and so the lock: it would not be kept out. */
static int own_file(struct chain *c, struct err *e)
{
	if (c->owner == getpid())
		return 0;
	if (c->fd >= 0)
		close(c->fd);
	c->unanchored = 0;
	return open_file(c, e);
}

struct chain *chain_open(const char *path, chain_anchor_fn *anchor, void *arg, struct err *e)
{
	struct chain *c = xcalloc(1, sizeof *c);
	c->anchor = anchor;
	c->arg = arg;
	int n = snprintf(c->path, sizeof c->path, "%s", path);
	if (sodium_init() < 0 || n < 0 || (size_t)n >= sizeof c->path) {
		err_set(e, ERR_RANGE, "%s: name too long", path);
		free(c);
		return NULL;
	}
	if (open_file(c, e)) {
		free(c);
		return NULL;
	}
	return c;
}

static void send_anchor(struct chain *c)
{
	char text[160];
	if (c->anchor && c->last.seq) {
		snprintf(text, sizeof text, "anchor seq=%llu sha256=%s", (unsigned long long)c->last.seq, c->last.hash);
		c->anchor(c->arg, text);
	}
	c->unanchored = 0;
}

void chain_close(struct chain *c)
{
	if (!c)
		return;
	if (c->unanchored)
		send_anchor(c);
	close(c->fd);
	free(c);
}

static void add_field(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, slice_to(v, CHAIN_RECORD_MAX / 16)); /* an escape may make six bytes of one */
}

static void compose(const struct chain *c, const struct chain_record *r, struct buf *b)
{
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
	char t[40];
	if (c->torn[0])
		buf_addc(b, '\n'); /* ends the torn line */
	buf_addf(b, "{\"seq\":%llu,\"prev\":\"%s\"", (unsigned long long)c->last.seq + 1, c->last.seq ? c->last.hash : zeros);
	if (c->torn[0])
		buf_addf(b, ",\"torn\":\"%s\"", c->torn);
	buf_addf(b, ",\"time\":\"%s\"", time_rfc3339(r->time, t));
	add_field(b, "actor", r->actor);
	add_field(b, "action", r->action);
	add_field(b, "object", r->object);
	add_field(b, "outcome", r->outcome);
	if (r->detail.n)
		add_field(b, "detail", r->detail);
	buf_addz(b, "}\n");
}

static int write_record(struct chain *c, const struct buf *b, struct err *e)
{
	ssize_t n = write(c->fd, b->p, b->n);
	if (n < 0 || fdatasync(c->fd) < 0)
		return err_set(e, ERR_IO, "cannot write %s: %s", c->path, strerror(errno));
	if ((size_t)n < b->n) /* the disk is full: what is there is a torn record, and the next append says so */
		return err_set(e, ERR_IO, "%s: only %zd of %zu bytes could be written", c->path, n, b->n);
	return 0;
}

int chain_append(struct chain *c, const struct chain_record *r, struct err *e)
{
	struct buf b = {0};
	if (own_file(c, e))
		return ERR_IO;
	if (flock(c->fd, LOCK_EX) < 0)
		return err_set(e, ERR_IO, "cannot lock %s: %s", c->path, strerror(errno));
	int rc = find_end(c, e);
	if (!rc) {
		compose(c, r, &b);
		rc = write_record(c, &b, e);
		if (rc) {
			c->size = -1;
		} else {
			size_t skip = c->torn[0] ? 1 : 0;
			c->last.seq++;
			chain_sha256(slice_make(b.p + skip, b.n - skip - 1), c->last.hash);
			c->size += (off_t)b.n;
			c->torn[0] = 0;
			rc = chain_head_write(c->path, &c->last, e);
		}
	}
	(void)flock(c->fd, LOCK_UN);
	buf_free(&b);
	c->unanchored += !rc;
	if (!rc && c->last.seq % CHAIN_ANCHOR_EVERY == 0) /* whoever wrote it: several processes may */
		send_anchor(c);
	return rc;
}
