/* cast_read.c - recordings read back: packed lines of asciicast version 2, also of one that is still being made or was cut short. */
#include "gate/record_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

static bool number4(struct slice s, uint32_t *c)
{
	uint64_t n;
	if (s.n < 4 || !slice_hex(slice_to(s, 4), &n))
		return false;
	*c = (uint32_t)n;
	return true;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)(lead[n] | c);
	buf_add(out, b, n);
}

/* Behind \u; how many bytes it took, 0 none. */
static size_t unescape_u(struct slice s, struct buf *out)
{
	uint32_t c, low;
	if (!number4(s, &c))
		return 0;
	if (c < 0xd800 || c > 0xdfff) {
		put_utf8(out, c);
		return 4;
	}
	if (c >= 0xdc00 || s.n < 10 || s.p[4] != '\\' || s.p[5] != 'u' || !number4(slice_from(s, 6), &low) || low < 0xdc00 || low > 0xdfff)
		return 0;
	put_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
	return 10;
}

/* A JSON string, from its quote to its quote, with nothing but ] behind. */
static bool unescape(struct slice s, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (!slice_starts(s, SL("\"")))
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return slice_eqz(slice_trim(slice_from(s, i + 1)), "]");
		if (s.p[i] != '\\') {
			buf_addc(out, s.p[i]);
			continue;
		}
		const char *at = ++i < s.n && s.p[i] ? strchr(from, s.p[i]) : NULL;
		size_t n = at ? 1 : i < s.n && s.p[i] == 'u' ? unescape_u(slice_from(s, i + 1), out) : 0;
		if (!n)
			return false;
		if (at)
			buf_addc(out, to[at - from]);
		else
			i += n;
	}
	return false;
}

bool cast_line(struct slice line, struct cast_event *x, struct buf *text)
{
	struct slice whole, part, code;
	uint64_t sec, frac = 0;
	text->n = 0;
	line = slice_trim(line);
	if (slice_starts(line, SL("{"))) {
		*x = (struct cast_event){.code = 'h', .text = line};
		return true;
	}
	if (!slice_starts(line, SL("[")))
		return false;
	line = slice_from(line, 1);
	if (!slice_cut(&line, ',', &part) || !slice_cut(&line, ',', &code))
		return false;
	if (!slice_cut(&part, '.', &whole)) {
		whole = part;
		part = SLICE_NONE;
	}
	code = slice_trim(code);
	if (!slice_u64(slice_trim(whole), 1u << 30, &sec) || part.n > 9 || (part.n && !slice_u64(part, 999999999, &frac)) || code.n != 3 || code.p[0] != '"' || code.p[2] != '"')
		return false;
	for (size_t i = part.n; i < 9; i++)
		frac *= 10;
	if (!unescape(slice_trim(line), text))
		return false;
	*x = (struct cast_event){.at = (nstime)sec * NS_SEC + (nstime)frac, .code = code.p[1], .text = buf_slice(text)};
	return true;
}

/* Under its name, or as what is being made. */
static int open_cast(const char *path)
{
	char part[PATH_MAX];
	struct slice s = slice_of(path), base = slice_basename(s), end = SL(".cast.gz");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 || errno != ENOENT || !slice_ends(base, end))
		return fd;
	snprintf(part, sizeof part, "%.*s.%.*s.part", (int)(base.p - s.p), s.p, (int)(base.n - end.n), base.p);
	return open(part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static int hash_whole(int fd, char *hex, struct err *e)
{
	crypto_hash_sha256_state st;
	unsigned char sum[crypto_hash_sha256_BYTES], piece[16 << 10];
	ssize_t got;
	crypto_hash_sha256_init(&st);
	while ((got = read(fd, piece, sizeof piece)) > 0)
		crypto_hash_sha256_update(&st, piece, (size_t)got);
	if (got < 0 || lseek(fd, 0, SEEK_SET) != 0)
		return err_set(e, ERR_IO, "cannot read the recording: %m");
	crypto_hash_sha256_final(&st, sum);
	sodium_bin2hex(hex, 65, sum, sizeof sum);
	return 0;
}

/* Whole lines of b go to fn; the rest stays. */
static int each_line(struct buf *b, struct buf *text, cast_event_fn *fn, void *arg)
{
	struct slice rest = buf_slice(b), line;
	struct cast_event x;
	int rc = 0;
	while (!rc && slice_cut(&rest, '\n', &line))
		if (cast_line(line, &x, text))
			rc = fn(arg, &x);
	if (rest.n)
		memmove(b->p, rest.p, rest.n);
	b->n = rest.n;
	return rc;
}

int cast_read_fd(int fd, const char *name, uint64_t most, cast_event_fn *fn, void *arg, char *sha, struct err *e)
{
	struct buf b = {0}, text = {0};
	uint64_t all = 0;
	int got = 0, rc = sha ? hash_whole(fd, sha, e) : 0;
	gzFile z = gzdopen(fd, "rb"); /* takes the descriptor */
	if (!z) {
		close(fd);
		return err_set(e, ERR_NOMEM, "no memory to unpack %s", name);
	}
	char *piece = xmalloc(PIECE);
	/* what is cut or damaged ends here: what came before it counts */
	while (!rc && (got = gzread(z, piece, PIECE)) > 0) {
		buf_add(&b, piece, (size_t)got);
		all += (uint64_t)got;
		rc = each_line(&b, &text, fn, arg);
		if (!rc && b.n > LIMIT_LINE)
			rc = err_set(e, ERR_SYNTAX, "%s is no recording: a line has no end", name);
		if (!rc && most && all > most)
			rc = err_set(e, ERR_LIMIT, "%s unpacks to more than %llu bytes", name, (unsigned long long)most);
	}
	gzclose(z);
	free(piece);
	buf_free(&b);
	buf_free(&text);
	return rc;
}

int cast_read(const char *path, cast_event_fn *fn, void *arg, char *sha, struct err *e)
{
	int fd = open_cast(path);
	return fd < 0 ? err_set(e, errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot open %s: %m", path) : cast_read_fd(fd, path, 0, fn, arg, sha, e);
}
