/* sftp.c - the log of sftp-server, a line a file, and the hashes of what was written. */
#include "shell.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 4096 };
#define HASH_MOST ((off_t)256 << 20) /* the session waits meanwhile: about a second */

/* Names are written with \\ and \ooo for what is not printed. False: too long. */
static bool plain_name(struct slice s, char out[static NAME_ROOM])
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; n++) {
		if (n == NAME_ROOM - 1)
			return false;
		if (s.p[i] != '\\') {
			out[n] = s.p[i++];
		} else if (i + 3 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '3' && (s.p[i + 2] & ~7) == '0' && (s.p[i + 3] & ~7) == '0') {
			out[n] = (char)((s.p[i + 1] - '0') << 6 | (s.p[i + 2] - '0') << 3 | (s.p[i + 3] - '0'));
			i += 4;
		} else {
			out[n] = s.p[i + 1 < s.n ? i + 1 : i];
			i += 2;
		}
		if (!out[n])
			return false;
	}
	out[n] = 0;
	return true;
}

/* With the rights of the account, of an ordinary file. NULL, or why not. */
static const char *hash_file(const char *name, char hex[static 65], uint64_t *size)
{
	crypto_hash_sha256_state st;
	unsigned char sum[crypto_hash_sha256_BYTES];
	struct stat about;
	const char *why = "cannot be read";
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	char *piece = malloc(1 << 16);
	ssize_t got = -1;
	crypto_hash_sha256_init(&st);
	*size = 0;
	if (fd < 0 || fstat(fd, &about) || !piece)
		goto out;
	why = "no ordinary file";
	if (!S_ISREG(about.st_mode))
		goto out;
	why = "too large to be hashed";
	while (*size <= (uint64_t)HASH_MOST && (got = read(fd, piece, 1 << 16)) > 0) {
		crypto_hash_sha256_update(&st, (const unsigned char *)piece, (size_t)got);
		*size += (uint64_t)got;
	}
	if (got == 0) {
		crypto_hash_sha256_final(&st, sum);
		sodium_bin2hex(hex, 65, sum, sizeof sum);
		why = NULL;
	}
out:
	free(piece);
	if (fd >= 0)
		close(fd);
	return why;
}

/* close "NAME" bytes read N written N */
static bool written(struct slice line, struct slice *name)
{
	struct slice head = SL("close \""), tail = SL("\" bytes read "), said = SL(" written ");
	ssize_t at = slice_rfind(line, tail), how = slice_rfind(line, said);
	uint64_t n;
	if (!slice_starts(line, head) || at < (ssize_t)head.n || how < at || !slice_u64(slice_trim(slice_from(line, (size_t)how + said.n)), UINT64_MAX, &n) || n == 0)
		return false;
	*name = slice_make(line.p + head.n, (size_t)at - head.n);
	return true;
}

static bool one_line(struct slice line, struct sink *s)
{
	static const char *const noise[] = {"session opened for local user", "session closed for local user", "received client version", "debug"};
	struct slice name;
	char path[NAME_ROOM], hex[65];
	uint64_t size;
	line = slice_trim(line);
	for (size_t i = 0; i < ARRAY_LEN(noise); i++)
		if (slice_starts(line, slice_of(noise[i])))
			return true;
	if (line.n == 0)
		return true;
	bool ok = sink_send(s, RECORD_FILE, line.p, line.n);
	if (ok && written(line, &name)) {
		const char *why = plain_name(name, path) ? hash_file(path, hex, &size) : "has too long a name";
		struct buf b = {0};
		if (why)
			buf_addf(&b, "hash \"%.*s\" %s", SLFMT(name), why);
		else
			buf_addf(&b, "hash \"%.*s\" sha256 %s bytes %llu", SLFMT(name), hex, (unsigned long long)size);
		ok = sink_send(s, RECORD_FILE, b.p, b.n);
		buf_free(&b);
	}
	return ok;
}

bool sftp_log_feed(struct sftp_log *l, struct slice bytes, struct sink *s)
{
	bool ok = true;
	for (size_t i = 0; i < bytes.n && ok; i++) {
		if (bytes.p[i] != '\n') {
			if (l->n < sizeof l->line)
				l->line[l->n++] = bytes.p[i];
			else
				l->skip = true;
			continue;
		}
		ok = one_line(slice_make(l->line, l->n), s);
		if (l->skip && ok)
			ok = sink_send(s, RECORD_FILE, "(the line before was cut)", 25);
		l->n = 0;
		l->skip = false;
	}
	return ok;
}
