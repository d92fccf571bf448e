/* zone.c - time zones: loading by name, offsets at an instant and at a civil time. */
#include "org/org.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "org/zone_private.h"

static int64_t floor_seconds(nstime t)
{
	return t / NS_SEC - (t % NS_SEC < 0);
}

static int32_t offset_at(const struct zone *z, int64_t utc)
{
	size_t lo = 0, hi = z->n;

	if (z->n > 0 && utc < z->at[0])
		return z->off[0];
	if (z->has_rule && (z->n == 0 || utc >= z->at[z->n - 1]))
		return zone_rule_offset(&z->rule, utc);
	if (z->n == 0)
		return z->off[0];
	while (hi - lo > 1) { /* at[lo] <= utc < at[hi] */
		size_t mid = lo + (hi - lo) / 2;
		if (z->at[mid] <= utc)
			lo = mid;
		else
			hi = mid;
	}
	return z->off[z->idx[lo]];
}

int zone_offset_utc(const struct zone *z, nstime t)
{
	return offset_at(z, floor_seconds(t));
}

/* Is off the offset that holds at the instant which local time `local` is under it? */
static bool fits(const struct zone *z, int64_t local, int32_t off)
{
	return offset_at(z, local - off) == off;
}

/* The larger an offset that fits, the earlier the instant: "the first" of the hour that comes twice. In the hour that
 * does not come in spring the clock is taken as not yet changed. */
int zone_offset_local(const struct zone *z, nstime local)
{
	int64_t t = floor_seconds(local);
	int32_t before = offset_at(z, t - 86400), after = offset_at(z, t + 86400), best = INT32_MIN;

	if (before == after && fits(z, t, before)) /* no change near: nearly every line */
		return before;
	for (size_t i = 0; i < z->ntypes; i++)
		if (z->off[i] > best && fits(z, t, z->off[i]))
			best = z->off[i];
	if (z->has_rule && z->rule.std_off > best && fits(z, t, z->rule.std_off))
		best = z->rule.std_off;
	if (z->has_rule && z->rule.dst && z->rule.dst_off > best && fits(z, t, z->rule.dst_off))
		best = z->rule.dst_off;
	return best == INT32_MIN ? before : best;
}

void zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	free(z->at);
	free(z->idx);
	free(z->off);
	free(z);
}

static struct zone *zone_fixed(int32_t off)
{
	struct zone *z = xcalloc(1, sizeof(*z));

	z->ntypes = 1;
	z->off = xcalloc(1, sizeof(*z->off));
	z->off[0] = off;
	return z;
}

/* "+02:00", "-0930", "+2", "UTC", "Z": what needs no tzdata. */
static bool parse_fixed(struct slice s, int32_t *off)
{
	static const char *const zero[] = {"UTC", "Z", "GMT", "Etc/UTC"};
	struct slice head;
	uint64_t h, m = 0;

	*off = 0;
	for (size_t i = 0; i < ARRAY_LEN(zero); i++)
		if (slice_ieq(s, slice_of(zero[i])))
			return true;
	if (s.n < 2 || (s.p[0] != '+' && s.p[0] != '-'))
		return false;
	bool west = s.p[0] == '-';
	s = slice_from(s, 1);
	if (slice_cut(&s, ':', &head)) {
		if (head.n < 1 || s.n != 2 || !slice_u64(s, 59, &m))
			return false;
	} else if (s.n == 4) {
		head = slice_to(s, 2);
		if (!slice_u64(slice_from(s, 2), 59, &m))
			return false;
	} else {
		head = s;
	}
	if (head.n > 2 || !slice_u64(head, 18, &h))
		return false;
	*off = (int32_t)(h * 3600 + m * 60) * (west ? -1 : 1);
	return true;
}

static bool name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
		c == '-' || c == '/';
}

/* A name becomes part of a path: no dots at all, hence no "..", and relative without empty parts. */
static bool name_ok(struct slice s)
{
	if (s.n == 0 || s.n > ZONE_NAME_MAX || s.p[0] == '/' || s.p[s.n - 1] == '/' || slice_has(s, SL("//")))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!name_char(s.p[i]))
			return false;
	return true;
}

/* Up to cap bytes of a file; cap + 1 or more is too many. Bytes read or -1 with errno. */
static ssize_t read_file(const char *path, char *buf, size_t cap)
{
	size_t n = 0;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		errno = ENOENT; /* "Europe" is a folder: no such zone */
		return -1;
	}
	while (n < cap) {
		ssize_t r = read(fd, buf + n, cap - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			int saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		if (r == 0)
			break;
		n += (size_t)r;
	}
	close(fd);
	return (ssize_t)n;
}

/* A name nobody knows, or no tzdata at all? */
static int zone_missing(const char *dir, struct slice name, int why, struct err *e)
{
	char probe[512];

	(void)snprintf(probe, sizeof(probe), "%s/UTC", dir);
	if (access(probe, F_OK) != 0)
		return err_set(e, ERR_NOENT, "time zone %.*s: %s is missing: install tzdata or give --tz +02:00",
			SLFMT(name), dir);
	if (why != ENOENT && why != ENOTDIR)
		return err_set(e, ERR_IO, "time zone %.*s: cannot read it in %s: %s", SLFMT(name), dir, strerror(why));
	return err_set(e, ERR_NOENT, "no time zone %.*s in %s: write one like Europe/Berlin, or an offset like +02:00",
		SLFMT(name), dir);
}

struct zone *zone_load_from(const char *dir, struct slice name, struct err *e)
{
	char path[512];
	int32_t off;
	struct zone *z = NULL;

	if (parse_fixed(name, &off))
		return zone_fixed(off);
	if (!name_ok(name) || (name.p[0] == '+' || name.p[0] == '-')) {
		err_set(e, ERR_SYNTAX, "not a time zone: write a name like Europe/Berlin, an offset like +02:00, or UTC");
		return NULL;
	}
	int len = snprintf(path, sizeof(path), "%s/%.*s", dir, SLFMT(name));
	if (len < 0 || (size_t)len >= sizeof(path)) {
		err_set(e, ERR_LIMIT, "path of the time zone is too long");
		return NULL;
	}
	char *buf = xmalloc(ZONE_FILE_MAX + 1);
	ssize_t n = read_file(path, buf, ZONE_FILE_MAX + 1);
	if (n < 0)
		zone_missing(dir, name, errno, e);
	else if (n > ZONE_FILE_MAX)
		err_set(e, ERR_LIMIT, "%s is too large for a time zone", path);
	else
		z = zone_parse(slice_make(buf, (size_t)n), e);
	free(buf);
	return z;
}

struct zone *zone_load(struct slice name, struct err *e)
{
	return zone_load_from(ZONE_DIR, name, e);
}
