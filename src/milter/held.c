/* held.c - the folder of what was held back: one file a message, and an index in SQLite (room vault). */
#include "milter/milter_private.h"

#include "sys/sys.h"
#include "vault/vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PART = 1 << 16, PASS_HOURS = 24, SENDMAIL_SECONDS = 120, MESSAGE_MAX = 256 << 20, SAID_MAX = 300 };

struct held {
	struct vault *vault;
	int dir;
	unsigned char key[crypto_auth_KEYBYTES];
};

static const char *const state_names[HELD_STATES] = {"held", "releasing", "released", "deleted", "expired"};
const char *held_state_name(enum held_state s) { return s < HELD_STATES ? state_names[s] : "?"; }

nstime milter_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * NS_SEC + t.tv_nsec;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------ */

static int take_key(void *arg, const struct vault_row *r)
{
	struct held *h = arg;
	struct slice key = vault_text(r, 0);
	if (key.n != sizeof h->key)
		return ERR_TYPE;
	memcpy(h->key, key.p, sizeof h->key);
	return 0;
}

static int tables(struct held *h, bool make, struct err *e)
{
	static const char *const steps[] = {
		"CREATE TABLE held(id TEXT PRIMARY KEY, digest BLOB NOT NULL, state INTEGER NOT NULL, time INTEGER NOT NULL, done INTEGER, queue BLOB NOT NULL, sender BLOB NOT NULL,"
		" recipients BLOB NOT NULL, origin BLOB NOT NULL, subject BLOB NOT NULL, verdict TEXT NOT NULL, reasons TEXT NOT NULL, actor BLOB NOT NULL, body INTEGER NOT NULL,"
		" size INTEGER NOT NULL) WITHOUT ROWID;"
		"CREATE UNIQUE INDEX held_once ON held(digest) WHERE state=0;" /* sent again because the answer got lost: still one */
		"CREATE INDEX held_time ON held(time);"
		"CREATE TABLE held_key(id INTEGER PRIMARY KEY CHECK(id=1), bytes BLOB NOT NULL);",
	};
	unsigned char fresh[crypto_auth_KEYBYTES];
	int rc = vault_tables(h->vault, "milter", steps, ARRAY_LEN(steps), e);
	randombytes_buf(fresh, sizeof fresh);
	if (!rc && make)
		rc = vault_run(h->vault, "INSERT OR IGNORE INTO held_key(id,bytes) VALUES(1,?1)", NULL, NULL, e, "b", slice_make((const char *)fresh, sizeof fresh));
	sodium_memzero(fresh, sizeof fresh);
	return rc ? rc : vault_run(h->vault, "SELECT bytes FROM held_key WHERE id=1", take_key, h, e, "");
}

struct held *held_open(const char *folder, bool make, struct err *e)
{
	struct stat st;
	char path[4096];
	if (sodium_init() < 0)
		return err_set(e, ERR_IO, "libsodium does not start"), NULL;
	if (make && mkdir(folder, 0700) && errno != EEXIST)
		return err_set(e, ERR_IO, "cannot make the folder %s: %m", folder), NULL;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot open the folder %s: %m", folder), NULL;
	struct held *h = xcalloc(1, sizeof *h);
	h->dir = fd;
	int rc = 0;
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 077))
		rc = err_set(e, ERR_PERM, "the folder %s has to belong to the filter's user, with mode 0700", folder);
	else if (snprintf(path, sizeof path, "%s/held.db", folder) >= (int)sizeof path)
		rc = err_set(e, ERR_USAGE, "the name of the folder is too long");
	if (!rc && !(h->vault = vault_open(path, make ? VAULT_CREATE : VAULT_WRITE, e)))
		rc = e->code;
	if (!rc)
		rc = tables(h, make, e);
	if (!rc)
		return h;
	held_close(h);
	return NULL;
}

void held_close(struct held *h)
{
	if (!h)
		return;
	vault_close(h->vault);
	close(h->dir);
	sodium_memzero(h->key, sizeof h->key);
	free(h);
}

/* ---- in ------------------------------------------------------------------------------------------------------------------------------ */

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

/* Sender, recipients and message: what makes it the same one when it is sent again. */
static int digest_of(const struct held_mail *m, int fd, off_t skip, unsigned char out[static 32], struct err *e)
{
	crypto_generichash_state s;
	char *part = xmalloc(PART);
	ssize_t n;
	crypto_generichash_init(&s, NULL, 0, 32);
	crypto_generichash_update(&s, (const unsigned char *)m->sender.p, m->sender.n);
	crypto_generichash_update(&s, (const unsigned char *)"\n", 1);
	crypto_generichash_update(&s, (const unsigned char *)m->recipients.p, m->recipients.n);
	for (off_t at = skip; (n = pread(fd, part, PART, at)) > 0; at += n)
		crypto_generichash_update(&s, (const unsigned char *)part, (size_t)n);
	crypto_generichash_final(&s, out, 32);
	free(part);
	return n < 0 ? err_set(e, ERR_IO, "cannot read the message: %m") : 0;
}

static int store_file(struct held *h, const char *id, int from, off_t skip, struct err *e)
{
	char *part = xmalloc(PART);
	ssize_t n = 0;
	int fd = openat(h->dir, id, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok = fd >= 0;
	for (off_t at = skip; ok && (n = pread(from, part, PART, at)) > 0; at += n)
		ok = write_all(fd, part, (size_t)n);
	ok = ok && n == 0 && fsync(fd) == 0 && fsync(h->dir) == 0;
	int rc = ok ? 0 : err_set(e, ERR_IO, "cannot keep the message: %m");
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && !ok)
		unlinkat(h->dir, id, 0);
	free(part);
	return rc;
}

static int take_id(void *arg, const struct vault_row *r)
{
	snprintf(arg, HELD_ID_ROOM, "%.*s", SLFMT(vault_text(r, 0)));
	return 0;
}

int held_put(struct held *h, const struct held_mail *m, int fd, off_t skip, nstime now, char id[static HELD_ID_ROOM], struct err *e)
{
	unsigned char digest[32];
	struct civil c = civil_of(now);
	struct slice d = slice_make((const char *)digest, sizeof digest);
	id[0] = 0;
	int rc = digest_of(m, fd, skip, digest, e);
	if (!rc)
		rc = vault_run(h->vault, "SELECT id FROM held WHERE digest=?1 AND state=0", take_id, id, e, "b", d);
	if (rc || id[0])
		return rc;
	snprintf(id, HELD_ID_ROOM, "%04d%02u%02u-%08x%04x", c.year, c.month, c.day, randombytes_random(), randombytes_random() & 0xffff);
	rc = store_file(h, id, fd, skip, e);
	if (rc)
		return rc;
	rc = vault_run(h->vault, "INSERT INTO held(id,digest,state,time,queue,sender,recipients,origin,subject,verdict,reasons,actor,body,size) VALUES(?1,?2,0,?3,?4,?5,?6,?7,?8,?9,?10,'',?11,?12)",
		NULL, NULL, e, "sbtbbbbbssii", slice_of(id), d, now, m->queue, m->sender, m->recipients, m->from, m->subject, m->verdict, m->reasons, m->body, m->size);
	if (rc)
		unlinkat(h->dir, id, 0);
	return rc;
}

/* ---- looking --------------------------------------------------------------------------------------------------------------------------- */

/* ---- who is at it: a range of bytes a message, locked as long as a release or a deletion runs; the kernel lets go of it when its process ends. A file of its own: those of
 * messages are given to others to read, and who has a descriptor can lock it. */

#define LOCKS "releases.lock"

static struct flock lock_of(struct slice id)
{
	uint64_t at = 0;
	crypto_generichash((unsigned char *)&at, sizeof at, (const unsigned char *)(id.n ? id.p : ""), id.n, NULL, 0);
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)(at & (uint64_t)INT64_MAX >> 1), .l_len = 1};
}

/* A descriptor, to be closed when it is done; ERR_DUP: another one is at it. */
static int take_lock(const struct held *h, struct slice id, struct err *e)
{
	struct flock l = lock_of(id);
	int fd = openat(h->dir, LOCKS, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &l) == 0)
		return fd;
	int rc = fd >= 0 && (errno == EAGAIN || errno == EACCES)
			 ? err_set(e, ERR_DUP, "%.*s is being released or deleted by somebody else at this moment: look again in two minutes", SLFMT(slice_to(id, 60)))
			 : err_set(e, ERR_IO, "cannot lock %s: %m", LOCKS);
	if (fd >= 0)
		close(fd);
	return rc;
}

static bool is_locked(const struct held *h, struct slice id)
{
	struct flock l = lock_of(id);
	int fd = openat(h->dir, LOCKS, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool is = fd >= 0 && fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
	if (fd >= 0)
		close(fd);
	return is;
}

/* ---- telling -------------------------------------------------------------------------------------------------------------------------- */

struct looking { const struct held *h; held_fn *fn; void *arg; bool found; };

static int take_mail(void *arg, const struct vault_row *r)
{
	struct looking *k = arg;
	int64_t state = vault_int(r, 1);
	if (state < 0 || state >= HELD_STATES)
		return ERR_TYPE;
	k->found = true;
	return k->fn(k->arg, &(struct held_mail){.id = vault_text(r, 0), .state = (enum held_state)state, .under_way = state == HELD_RELEASING && is_locked(k->h, vault_text(r, 0)), .time = vault_time(r, 2), .done = vault_time(r, 3), .queue = vault_text(r, 4),
		.sender = vault_text(r, 5), .recipients = vault_text(r, 6), .from = vault_text(r, 7), .subject = vault_text(r, 8), .verdict = vault_text(r, 9),
		.reasons = vault_text(r, 10), .by = vault_text(r, 11), .body = vault_int(r, 12), .size = vault_int(r, 13)});
}

#define COLUMNS "id,state,time,done,queue,sender,recipients,origin,subject,verdict,reasons,actor,body,size"

int held_each(struct held *h, bool all, held_fn *fn, void *arg, struct err *e)
{
	struct looking k = {.h = h, .fn = fn, .arg = arg};
	return vault_run(h->vault, "SELECT " COLUMNS " FROM held WHERE ?1 OR state<2 ORDER BY time DESC, id", take_mail, &k, e, "i", (int64_t)all);
}

int held_get(struct held *h, struct slice id, held_fn *fn, void *arg, struct err *e)
{
	struct looking k = {.h = h, .fn = fn, .arg = arg};
	int rc = vault_run(h->vault, "SELECT " COLUMNS " FROM held WHERE id=?1", take_mail, &k, e, "s", id);
	return rc || k.found ? rc : err_set(e, ERR_NOENT, "nothing was held under the number %.*s", SLFMT(slice_to(id, 60)));
}

/* ---- out --------------------------------------------------------------------------------------------------------------------------------- */

static int set_state(struct held *h, struct slice id, enum held_state from, enum held_state to, struct slice by, struct err *e)
{
	int rc = vault_run(h->vault, "UPDATE held SET state=?3,done=?4,actor=?5 WHERE id=?1 AND state=?2", NULL, NULL, e, "siitb", id, (int64_t)from, (int64_t)to, milter_now(), by);
	if (!rc && vault_changes(h->vault) != 1)
		rc = err_set(e, ERR_USAGE, "somebody else was faster with %.*s", SLFMT(slice_to(id, 60)));
	return rc;
}

static void mac_of(const struct held *h, struct slice id, uint64_t time, const unsigned char body[static 32], char hex[static 2 * crypto_auth_BYTES + 1])
{
	struct buf text = {0};
	unsigned char mac[crypto_auth_BYTES];
	buf_addf(&text, "postern-release %.*s %llu ", SLFMT(id), (unsigned long long)time);
	buf_add(&text, body, 32);
	crypto_auth(mac, (const unsigned char *)text.p, text.n, h->key);
	sodium_bin2hex(hex, 2 * crypto_auth_BYTES + 1, mac, sizeof mac);
	buf_free(&text);
}

bool held_passes(struct held *h, struct slice value, const unsigned char body[static 32], nstime now, char id[static HELD_ID_ROOM])
{
	struct slice number, time, mac;
	uint64_t then;
	char want[2 * crypto_auth_BYTES + 1];
	if (!slice_word(&value, &number) || !slice_word(&value, &time) || !slice_word(&value, &mac) || slice_trim(value).n || number.n >= HELD_ID_ROOM || mac.n != sizeof want - 1 ||
		!slice_u64(time, INT64_MAX / NS_SEC, &then))
		return false;
	mac_of(h, number, then, body, want);
	snprintf(id, HELD_ID_ROOM, "%.*s", SLFMT(number));
	return sodium_memcmp(want, mac.p, mac.n) == 0 && now < (nstime)then * NS_SEC + PASS_HOURS * NS_HOUR;
}

struct releasing { char id[HELD_ID_ROOM]; enum held_state state; struct buf sender, recipients; int64_t body; };

static int take_releasing(void *arg, const struct held_mail *m)
{
	struct releasing *r = arg;
	snprintf(r->id, sizeof r->id, "%.*s", SLFMT(m->id));
	r->state = m->state;
	r->body = m->body;
	buf_adds(&r->sender, m->sender);
	buf_adds(&r->recipients, m->recipients);
	buf_addc(&r->sender, 0);
	buf_addc(&r->recipients, '\n');
	return 0;
}

/* With line ends of this system, as sendmail(1) wants it. */
static int read_message(struct held *h, const char *id, int64_t body, struct body_digest *d, struct buf *out, struct err *e)
{
	struct stat st;
	int fd = openat(h->dir, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || st.st_size > MESSAGE_MAX || body < 0 || body > st.st_size) {
		int rc = err_set(e, ERR_IO, "cannot read the message %s: %s", id, fd < 0 ? strerror(errno) : "it is not as it was stored");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	char *bytes = xmalloc((size_t)st.st_size + 1);
	size_t n = 0;
	for (ssize_t got; n < (size_t)st.st_size && (got = read(fd, bytes + n, (size_t)st.st_size - n)) > 0; n += (size_t)got)
		;
	close(fd);
	if (n == (size_t)st.st_size)
		body_add(d, slice_from(slice_make(bytes, n), (size_t)body));
	for (size_t i = 0; i < n; i++)
		if (!(bytes[i] == '\r' && i + 1 < n && bytes[i + 1] == '\n'))
			buf_addc(out, bytes[i]);
	free(bytes);
	return n == (size_t)st.st_size ? 0 : err_set(e, ERR_IO, "cannot read the message %s", id);
}

static int hand_over(struct releasing *r, const char *sendmail, struct slice message, struct err *e)
{
	const char **argv = xcalloc(RECIPIENTS_MAX + 6, sizeof *argv);
	struct buf said = {0};
	size_t n = 0;
	int status = 0;
	argv[n++] = sendmail;
	argv[n++] = "-i";
	argv[n++] = "-f";
	argv[n++] = r->sender.n > 1 ? r->sender.p : "<>";
	argv[n++] = "--";
	for (char *p = r->recipients.p, *end; (end = memchr(p, '\n', (size_t)(r->recipients.p + r->recipients.n - p))) && n < RECIPIENTS_MAX + 5; p = end + 1) {
		*end = 0;
		argv[n++] = p;
	}
	int rc = sys_run(argv, message, SENDMAIL_SECONDS, &said, &status, e);
	struct slice words = slice_to(buf_slice(&said), SAID_MAX);
	while (words.n && words.p[words.n - 1] == '\n')
		words.n--;
	if (!rc && status)
		rc = err_set(e, status < 128 ? ERR_IO : ERR_STOPPED /* by a signal: it may have taken it */, "%s ended with status %d%s%.*s", sendmail, status, words.n ? ": " : "", SLFMT(words));
	buf_free(&said);
	free(argv);
	return rc;
}

/* state says "releasing" on the disk before sendmail is asked, and "released" after: what a crash leaves in between is told, not repeated. */
static int release_now(struct held *h, struct releasing *r, const char *sendmail, struct slice by, struct err *e)
{
	struct buf message = {0}, body = {0};
	struct body_digest d;
	unsigned char digest[32];
	char mac[2 * crypto_auth_BYTES + 1];
	struct slice id = slice_of(r->id);
	uint64_t now = (uint64_t)(milter_now() / NS_SEC);
	body_begin(&d);
	int rc = read_message(h, r->id, r->body, &d, &body, e);
	body_end(&d, digest);
	if (!rc && r->state == HELD_HERE)
		rc = set_state(h, id, HELD_HERE, HELD_RELEASING, by, e);
	if (!rc) {
		mac_of(h, id, now, digest, mac);
		buf_addf(&message, HEADER_RELEASED ": %s %llu %s\n", r->id, (unsigned long long)now, mac);
		buf_adds(&message, buf_slice(&body));
		rc = hand_over(r, sendmail, buf_slice(&message), e);
		struct err ignored;
		if (!rc)
			rc = set_state(h, id, HELD_RELEASING, HELD_RELEASED, by, e);
		else if (rc == ERR_IO) /* sendmail said no: it did not take it */
			(void)set_state(h, id, HELD_RELEASING, HELD_HERE, by, &ignored);
		if (!rc)
			unlinkat(h->dir, r->id, 0);
	}
	buf_free(&message);
	buf_free(&body);
	return rc;
}

int held_release(struct held *h, struct slice id, const char *sendmail, bool again, struct slice by, struct err *e)
{
	struct releasing r = {0};
	int lock = take_lock(h, id, e), rc = lock < 0 ? lock : held_get(h, id, take_releasing, &r, e);
	if (!rc && r.state == HELD_RELEASING && !again)
		rc = err_set(e, ERR_USAGE, "an earlier release of %s did not end: it may have been delivered; --again delivers it, perhaps a second time", r.id);
	else if (!rc && r.state != HELD_HERE && r.state != HELD_RELEASING)
		rc = err_set(e, ERR_USAGE, "%s is not held any more: it was %s", r.id, held_state_name(r.state));
	if (!rc)
		rc = release_now(h, &r, sendmail, by, e);
	if (lock >= 0)
		close(lock);
	buf_free(&r.sender);
	buf_free(&r.recipients);
	return rc;
}

struct looked { char id[HELD_ID_ROOM]; bool here; };

static int take_here(void *arg, const struct held_mail *m)
{
	struct looked *k = arg;
	snprintf(k->id, sizeof k->id, "%.*s", SLFMT(m->id));
	k->here = m->state == HELD_HERE || m->state == HELD_RELEASING;
	return 0;
}

int held_message(struct held *h, struct slice id, int *fd, struct err *e)
{
	struct looked k = {0};
	*fd = -1;
	int rc = held_get(h, id, take_here, &k, e);
	if (!rc && !k.here)
		rc = err_set(e, ERR_USAGE, "%s is not held any more", k.id);
	if (!rc && (*fd = openat(h->dir, k.id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		rc = err_set(e, ERR_IO, "cannot read the message %s: %m", k.id);
	return rc;
}

int held_delete(struct held *h, struct slice id, struct slice by, struct err *e)
{
	struct releasing r = {0};
	int lock = take_lock(h, id, e), rc = lock < 0 ? lock : held_get(h, id, take_releasing, &r, e);
	if (!rc && r.state != HELD_HERE && r.state != HELD_RELEASING)
		rc = err_set(e, ERR_USAGE, "%s is not held any more: it was %s", r.id, held_state_name(r.state));
	if (!rc)
		rc = set_state(h, slice_of(r.id), r.state, HELD_DELETED, by, e);
	if (!rc && unlinkat(h->dir, r.id, 0) && errno != ENOENT)
		rc = err_set(e, ERR_IO, "cannot delete the message %s: %m", r.id);
	if (lock >= 0)
		close(lock);
	buf_free(&r.sender);
	buf_free(&r.recipients);
	return rc;
}

/* ---- time is up ------------------------------------------------------------------------------------------------------------------------------ */

static int take_nothing(void *arg, const struct held_mail *m)
{
	*(bool *)arg = m->state == HELD_HERE || m->state == HELD_RELEASING;
	return 0;
}

int held_expire(struct held *h, nstime before, struct err *e)
{
	int rc = vault_run(h->vault, "UPDATE held SET state=4,done=?2 WHERE state=0 AND time<?1", NULL, NULL, e, "tt", before, milter_now());
	int fd = rc ? -1 : dup(h->dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return rc ? rc : err_set(e, ERR_IO, "cannot read the folder of held messages: %m");
	}
	rewinddir(d);
	for (const struct dirent *x; !rc && (x = readdir(d));) {
		struct err none;
		bool here = false;
		if (x->d_name[0] < '0' || x->d_name[0] > '9')
			continue;
		int got = held_get(h, slice_of(x->d_name), take_nothing, &here, &none);
		if ((got == 0 && !here) || got == ERR_NOENT)
			unlinkat(h->dir, x->d_name, 0);
	}
	closedir(d);
	return rc;
}
