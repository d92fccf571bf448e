/* archive.c - what is in a tar or zip.
 *
 * Members that are worth reading are copied to the spool while the archive is listed, once and in order, because a
 * packed tar can only be read from its start. Large members of a seekable archive stay where they are, and so does
 * everything when there is no temporary space: they are found again by their number.
 */
#include "source/source_priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <stdio.h>

struct listing {
	struct finder *f;
	const struct found *it;
	enum packing pack;
	struct input in;
	struct unpack u;
	struct trouble t;
	uint64_t passed;  /* bytes of members not read: a packed tar unpacks them all the same */
	uint32_t index;
	unsigned direct;  /* members left in place */
	bool full;        /* no more members can be left in place: said once */
};

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Stop an archive that is built to fill the disk or to keep us busy. */
static bool within_limits(struct listing *l, uint64_t more)
{
	uint64_t out = add_capped(add_capped(l->u.out, l->passed), more);
	uint64_t packed = l->it->place.size != SIZE_UNKNOWN ? l->it->place.size : l->in.taken;

	if (!unpack_too_large(out, packed))
		return true;
	trouble_set(&l->t, PROBLEM_BOMB,
		    "unpacks to more than %u times its size: stopped in member %" PRIu32
		    "; if it is genuine, unpack it and name the result",
		    LIMIT_UNPACKED_RATIO, l->index);
	l->u.fatal = true;
	return false;
}

static struct slice join(struct arena *a, struct slice x, struct slice y)
{
	char *p = arena_alloc(a, x.n + y.n + 2);

	memcpy(p, x.p, x.n);
	p[x.n] = '!';
	memcpy(p + x.n + 1, y.p, y.n);
	p[x.n + 1 + y.n] = '\0';
	return slice_make(p, x.n + 1 + y.n);
}

/* The member's name for display and grouping only: it is never used to open anything. */
static struct slice member_name(struct listing *l, struct archive_entry *e, char *made, size_t size)
{
	const char *p = archive_entry_pathname(e);

	if (!p)
		p = archive_entry_pathname_utf8(e);
	if (!p || !*p) {
		int n = snprintf(made, size, "member-%" PRIu32, l->index);
		return slice_make(made, n > 0 ? (size_t)n : 0);
	}
	struct slice s = slice_to(slice_of(p), MEMBER_PATH_MAX);
	while (s.n > 1 && (s.p[0] == '/' || slice_starts(s, SL("./"))))
		s = slice_from(s, 1);
	return s;
}

static void member_found(struct listing *l, struct archive_entry *e, struct found *m)
{
	struct arena *a = &l->f->set->mem;
	char made[32];
	struct slice name = member_name(l, e, made, sizeof(made));

	*m = (struct found){.open_path = l->it->open_path, .depth = l->it->depth + 1, .mtime = l->it->mtime};
	m->path = join(a, l->it->path, name);
	m->member = l->it->member.n ? join(a, l->it->member, name) : slice_from(m->path, m->path.n - name.n);
	if (archive_entry_mtime_is_set(e)) {
		int64_t sec = archive_entry_mtime(e), nsec = archive_entry_mtime_nsec(e);
		if (sec > 0 && sec < INT64_MAX / NS_SEC && nsec >= 0 && nsec < NS_SEC)
			m->mtime = sec * NS_SEC + nsec;
	}
	m->size = archive_entry_size_is_set(e) && archive_entry_size(e) > 0 ? (uint64_t)archive_entry_size(e) : 0;
}

/* Is it a file whose data can be looked at? Folders and links to other members hold none of their own. */
static bool has_data(struct listing *l, struct archive_entry *e, const struct found *m)
{
	struct source_set *set = l->f->set;

	if (archive_entry_hardlink(e))
		return false;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		break;
	case AE_IFDIR:
	case AE_IFLNK:
		return false;
	default:
		set_problem(set, PROBLEM_NOT_A_LOG, m->path, "a device, FIFO or socket in an archive");
		return false;
	}
	if (archive_entry_is_encrypted(e)) {
		set_problem(set, PROBLEM_ENCRYPTED, m->path, "encrypted: unpack it with its password and name the result");
		return false;
	}
	return true;
}

static size_t read_head(struct listing *l, char *head)
{
	size_t n = 0;

	while (n < HEAD_SIZE) {
		ssize_t r = unpack_read(&l->u, head + n, HEAD_SIZE - n, &l->t);
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	return n;
}

/* Copy the member to the spool. False when there is no room: then nothing of it is kept. */
static bool spool_member(struct listing *l, struct place *pl, const char *head, size_t n)
{
	struct source_priv *p = l->f->set->priv;
	uint64_t start = p->spool_end;
	char buf[INPUT_BLOCK];
	ssize_t r = (ssize_t)n;
	bool ok = spool_write(l->f->set, head, n);

	while (ok && r > 0 && !l->t.set && within_limits(l, 0)) {
		r = unpack_read(&l->u, buf, sizeof(buf), &l->t);
		if (r > 0)
			ok = spool_write(l->f->set, buf, (size_t)r);
	}
	if (!ok) {
		p->spool_end = start;
		return false;
	}
	*pl = (struct place){.kind = PLACE_FD, .fd = p->spool_fd, .at = start, .size = p->spool_end - start};
	return true;
}

/* Leave the member where it is. */
static void take_direct(struct listing *l, const struct found *m, const char *head, size_t n)
{
	struct found d = *m;

	if (l->direct >= DIRECT_MAX || l->it->place.kind == PLACE_PIPE) {
		if (!l->full)
			set_problem(l->f->set, PROBLEM_TOO_MANY, m->path,
				    "no temporary space for this and later members: unpack the archive and name the result");
		l->full = true;
		return;
	}
	l->direct++;
	d.place = l->it->place;
	consider(l->f, &d, l->pack == PACK_GZIP ? PACK_ENTRY_GZIP : PACK_ENTRY, l->index, head, n);
}

static void take(struct listing *l, struct found *m, const char *head, size_t n)
{
	enum magic magic = magic_of(head, n);
	bool records;

	if (magic == MAGIC_NONE && !worth_reading(l->f, m, head, n, &records))
		return;
	if (magic == MAGIC_ZIP && !l->f->opt.all && name_not_archive(found_name(m))) {
		set_problem(l->f->set, PROBLEM_NOT_A_LOG, m->path, "an office document or a program package");
		return;
	}
	if (magic == MAGIC_NONE && l->in.seekable && m->size >= DIRECT_SIZE) {
		take_direct(l, m, head, n);
	} else if (spool_member(l, &m->place, head, n)) {
		m->size = m->place.size;
		if (magic == MAGIC_NONE)
			consider(l->f, m, PACK_NONE, 0, head, n);
		else
			inspect(l->f, m);
	} else if (magic == MAGIC_NONE) {
		take_direct(l, m, head, n);
	} else {
		set_problem(l->f->set, PROBLEM_TOO_MANY, m->path,
			    "no temporary space for what is packed in an archive: unpack it and name the result");
	}
}

static void member(struct listing *l, struct archive_entry *e)
{
	struct found m;
	char head[HEAD_SIZE];
	uint64_t before = l->u.out;

	member_found(l, e, &m);
	if (has_data(l, e, &m) && !skipped_by_name(l->f, &m)) {
		size_t n = read_head(l, head);
		if (n > 0)
			take(l, &m, head, n);
		else if (!l->t.set)
			set_problem(l->f->set, PROBLEM_EMPTY, m.path, "empty");
	}
	/* What was not read is unpacked on the way to the next member, unless it can be jumped over. */
	uint64_t got = l->u.out - before;
	if (!l->in.seekable && m.size > got && !l->t.set)
		l->passed = add_capped(l->passed, m.size - got);
	if (l->t.set) {
		set_trouble(l->f->set, m.path, &l->t);
		l->t.set = false;
	}
}

static void list_members(struct listing *l)
{
	struct archive_entry *e;

	for (l->index = 0;; l->index++) {
		if (l->index >= LIMIT_ARCHIVE_ENTRIES) {
			trouble_set(&l->t, PROBLEM_TOO_MANY, "more than %d members: unpack it and name the result",
				    LIMIT_ARCHIVE_ENTRIES);
			return;
		}
		if (!within_limits(l, 0) || unpack_header(&l->u, &e, &l->t) != 1)
			return;
		member(l, e);
		if (l->u.fatal)
			return;
	}
}

void archive_list(struct finder *f, const struct found *it, enum packing pack)
{
	struct listing l = {.f = f, .it = it, .pack = pack};

	if (it->depth >= LIMIT_ARCHIVE_DEPTH) {
		set_problem(f->set, PROBLEM_DEPTH, it->path, "more than %d archives in each other: unpack it and name the result",
			    LIMIT_ARCHIVE_DEPTH);
		return;
	}
	if (input_open(&l.in, &it->place) != 0 || (pack == PACK_GZIP && input_gunzip(&l.in) != 0))
		l.t = l.in.trouble;
	else if (unpack_open(&l.u, &l.in, UNPACK_ENTRIES, &l.t) == 0)
		list_members(&l);
	set_trouble(f->set, it->path, &l.t);
	unpack_close(&l.u);
	input_close(&l.in);
}

bool spool_copy(struct finder *f, const struct found *it, enum packing pack, struct place *out)
{
	struct source_priv *p = f->set->priv;
	struct reader r;
	char buf[INPUT_BLOCK];
	bool ok = true;

	out->at = p->spool_end;
	if (reader_open(&r, &it->place, pack, 0) == 0) {
		ssize_t n;
		while (ok && (n = reader_read(&r, buf, sizeof(buf))) > 0)
			ok = spool_write(f->set, buf, (size_t)n);
	}
	set_trouble(f->set, it->path, &r.trouble);
	reader_close(&r);
	if (!ok) {
		p->spool_end = out->at;
		set_problem(f->set, PROBLEM_TOO_MANY, it->path,
			    "no temporary space to unpack it: unpack it elsewhere and name the result");
		return false;
	}
	*out = (struct place){.kind = PLACE_FD, .fd = p->spool_fd, .at = out->at, .size = p->spool_end - out->at};
	return out->size > 0;
}
