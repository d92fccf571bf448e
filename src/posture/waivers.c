/* waivers.c - what somebody has taken upon themselves, until when: waivers.yaml. */
#include "posture/posture_private.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { WAIVERS_BYTES_MAX = 1 << 20, ID_MAX = 16 };

static int read_file(const char *path, struct buf *out, struct err *e)
{
	char chunk[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc = 0;
	if (fd < 0)
		return err_at(e, errno == ENOENT ? ERR_NOENT : errno == EACCES ? ERR_PERM : ERR_IO, path, 0, 0, "cannot open: %s", strerror(errno));
	for (ssize_t n; !rc && (n = read(fd, chunk, sizeof chunk)) != 0;) {
		if (n < 0)
			rc = err_at(e, ERR_IO, path, 0, 0, "cannot read: %s", strerror(errno));
		else if (out->n + (size_t)n > WAIVERS_BYTES_MAX)
			rc = err_at(e, ERR_LIMIT, path, 0, 0, "more than 1 MB of waivers");
		else
			buf_add(out, chunk, (size_t)n);
	}
	close(fd);
	return rc;
}

/* Letters to put in, take out or change to make one of the other (Levenshtein), whatever their case. */
static unsigned apart(struct slice a, const char *b)
{
	unsigned row[ID_MAX + 1];
	size_t n = MIN(strlen(b), (size_t)ID_MAX), m = MIN(a.n, (size_t)ID_MAX);
	for (size_t k = 0; k <= n; k++)
		row[k] = (unsigned)k;
	for (size_t i = 1; i <= m; i++) {
		unsigned left = row[0];
		row[0] = (unsigned)i;
		for (size_t k = 1; k <= n; k++) {
			unsigned above = row[k], change = left + !slice_ieq(slice_make(a.p + i - 1, 1), slice_make(b + k - 1, 1));
			row[k] = MIN(change, MIN(above, row[k - 1]) + 1);
			left = above;
		}
	}
	return row[n];
}

static int known_check(const char *file, const struct node *n, struct slice id, struct err *e)
{
	const struct posture_check *checks;
	size_t count = posture_checks(&checks), best = 0;
	for (size_t i = 0; i < count; i++) {
		if (slice_eqz(id, checks[i].id))
			return 0;
		if (apart(id, checks[i].id) < apart(id, checks[best].id))
			best = i;
	}
	return err_at(e, ERR_SYNTAX, file, n->line, n->column, "there is no check \"%.*s\": did you mean \"%s\"? (postern audit --list)", (int)MIN(id.n, (size_t)ID_MAX), id.p, checks[best].id);
}

static int date_of(const char *file, const struct node *n, struct slice s, int64_t *days, struct err *e)
{
	uint64_t y, m, d;
	int year;
	unsigned month, day;
	if (s.n == 10 && s.p[4] == '-' && s.p[7] == '-' && slice_u64(slice_make(s.p, 4), 9999, &y) && slice_u64(slice_make(s.p + 5, 2), 12, &m) && slice_u64(slice_make(s.p + 8, 2), 31, &d) && y >= 1970 && m && d) {
		*days = days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);
		civil_from_days(*days, &year, &month, &day);
		if (month == m && day == d)
			return 0;
	}
	return err_at(e, ERR_TYPE, file, n->line, n->column, "until: a day expected, as 2027-03-31");
}

static int text_of(const struct node *map, const char *key, const char *file, struct slice *out, struct err *e)
{
	const struct node *n = yaml_get(map, key);
	if (!n)
		return err_at(e, ERR_SYNTAX, file, map->line, map->column, "a waiver needs %s: (check, owner, reason and until)", key);
	return yaml_text(n, file, out, e);
}

static int read_one(const struct node *n, const char *file, struct posture_waivers *out, struct err *e)
{
	static const char *const keys[] = {"check", "host", "owner", "reason", "until", NULL};
	struct posture_waiver w = {.host = SL("*"), .line = n->line};
	struct slice until;
	int rc = yaml_keys(n, file, keys, e);
	if (!rc)
		rc = text_of(n, "check", file, &w.check, e);
	if (!rc)
		rc = known_check(file, yaml_get(n, "check"), w.check, e);
	if (!rc)
		rc = text_of(n, "owner", file, &w.owner, e);
	if (!rc)
		rc = text_of(n, "reason", file, &w.reason, e);
	if (!rc)
		rc = text_of(n, "until", file, &until, e);
	if (!rc)
		rc = date_of(file, yaml_get(n, "until"), until, &w.until, e);
	if (!rc && yaml_get(n, "host"))
		rc = yaml_text(yaml_get(n, "host"), file, &w.host, e);
	if (!rc)
		out->v[out->n++] = w;
	return rc;
}

static int read_all(const struct node *root, const char *file, struct posture_waivers *out, struct err *e)
{
	static const char *const keys[] = {"waivers", NULL};
	if (!root)
		return 0;
	int rc = yaml_keys(root, file, keys, e);
	const struct node *list = rc ? NULL : yaml_get(root, "waivers");
	if (!list || (list->kind == NODE_SCALAR && !list->text.n))
		return rc;
	if (list->kind != NODE_LIST || list->n > POSTURE_WAIVERS_MAX)
		return err_at(e, ERR_TYPE, file, list->line, list->column, "waivers: a list of at most %d expected", POSTURE_WAIVERS_MAX);
	out->v = xcalloc(list->n ? list->n : 1, sizeof *out->v);
	for (const struct node *n = list->child; n && !rc; n = n->next)
		rc = read_one(n, file, out, e);
	return rc;
}

int posture_waivers_load(const char *path, struct posture_waivers *out, struct err *e)
{
	static const struct yaml_options opt = {.max_bytes = WAIVERS_BYTES_MAX, .max_nodes = 16 * POSTURE_WAIVERS_MAX};
	struct buf text = {0};
	struct node *root = NULL;
	*out = (struct posture_waivers){0};
	arena_init(&out->mem);
	int rc = read_file(path, &text, e);
	if (!rc)
		rc = yaml_read(slice_dup(&out->mem, buf_slice(&text)), path, &opt, &out->mem, &root, e);
	if (!rc)
		rc = read_all(root, path, out, e);
	buf_free(&text);
	return rc;
}

void posture_waivers_free(struct posture_waivers *w)
{
	free(w->v);
	arena_free(&w->mem);
	*w = (struct posture_waivers){0};
}
