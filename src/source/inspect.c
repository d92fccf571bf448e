/* inspect.c - what is this file, and how is it to be read? */
#include "source/source_priv.h"

#include <stdlib.h>

/* ---- files taken so far, by device and inode ------------------------------------------------------------------- */
static struct idset_item *idset_slot(struct finder *f, dev_t dev, ino_t ino)
{
	size_t mask = f->taken.cap - 1;
	size_t i = hash_mix((uint64_t)dev, (uint64_t)ino) & mask;

	while (f->taken.v[i].path.p && (f->taken.v[i].dev != dev || f->taken.v[i].ino != ino))
		i = (i + 1) & mask;
	return &f->taken.v[i];
}

static void idset_grow(struct finder *f)
{
	struct idset_item *old = f->taken.v;
	size_t n = f->taken.cap;

	f->taken.cap = n ? 2 * n : 64;
	f->taken.v = xcalloc(f->taken.cap, sizeof(*f->taken.v));
	for (size_t i = 0; i < n; i++)
		if (old[i].path.p)
			*idset_slot(f, old[i].dev, old[i].ino) = old[i];
	free(old);
}

static bool is_taken(struct finder *f, const struct found *it)
{
	if (it->place.kind != PLACE_FILE || f->taken.cap == 0)
		return false;
	const struct idset_item *slot = idset_slot(f, it->place.dev, it->place.ino);
	if (!slot->path.p)
		return false;
	set_problem(f->set, PROBLEM_DUPLICATE, it->path, "the same file as %.*s, which is read once", SLFMT(slot->path));
	return true;
}

static void mark_taken(struct finder *f, const struct found *it)
{
	if (it->place.kind != PLACE_FILE || it->depth > 0)
		return;
	if (2 * f->taken.n >= f->taken.cap)
		idset_grow(f);
	struct idset_item *slot = idset_slot(f, it->place.dev, it->place.ino);
	f->taken.n += slot->path.p == NULL;
	*slot = (struct idset_item){it->place.dev, it->place.ino, it->path};
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */
struct slice found_name(const struct found *it)
{
	struct slice name = slice_basename(it->member.n ? it->member : it->path);
	ssize_t inner = it->member.n ? slice_rfind(name, SL("!")) : -1;

	return inner < 0 ? name : slice_from(name, (size_t)inner + 1);
}

bool skipped_by_name(struct finder *f, const struct found *it)
{
	if (f->opt.all || it->named || !name_not_log(found_name(it)))
		return false;
	if (f->skipped.n < SKIPPED_MAX)
		*vec_push(&f->skipped) = it->path;
	return true;
}

bool worth_reading(struct finder *f, const struct found *it, const char *head, size_t n, bool *records)
{
	const char *what;
	enum content c = content_of(found_name(it), head, n, &what);

	*records = c == CONTENT_RECORDS;
	if (c == CONTENT_FOREIGN || (c == CONTENT_BINARY && !it->named)) {
		set_problem(f->set, PROBLEM_NOT_A_LOG, it->path, "%s", what);
		return false;
	}
	return true;
}

bool consider(struct finder *f, const struct found *it, enum packing pack, uint32_t entry, const char *head, size_t n)
{
	struct source_set *set = f->set;
	bool records;

	if (!worth_reading(f, it, head, n, &records))
		return false;
	mark_taken(f, it);
	struct where *w = vec_push(&set->priv->where);
	*w = (struct where){.place = it->place, .pack = pack, .entry = entry, .head_hash = hash_bytes(head, n)};
	struct source_file *file = vec_push(&set->files);
	*file = (struct source_file){
		.id = (uint32_t)(set->files.n - 1),
		.path = it->path,
		.open_path = it->open_path,
		.member = it->member,
		.host = host_of_path(it->path, it->member),
		.mtime = it->mtime,
		.size = it->size,
		.records = records,
	};
	return true;
}

/* The unpacked head; *pack becomes what it takes to unpack it altogether. */
static size_t unpacked_head(const struct place *pl, enum packing *pack, char *head, struct trouble *t)
{
	struct reader r;
	size_t n = 0;

	t->set = false;
	if (reader_open(&r, pl, *pack, 0) == 0)
		n = reader_fill(&r, head, HEAD_SIZE);
	*t = r.trouble;
	reader_close(&r);
	enum magic inner = magic_of(head, n);
	if (*pack != PACK_GZIP || (inner != MAGIC_GZIP && inner != MAGIC_FILTER))
		return n;
	*pack = PACK_FILTER; /* packed twice: only libarchive goes through several layers */
	return unpacked_head(pl, pack, head, t);
}

/* A zip inside gzip and the like: copied, then looked at again. */
static void inspect_copy(struct finder *f, const struct found *it, enum packing pack)
{
	struct found copy = *it;

	if (it->depth >= LIMIT_ARCHIVE_DEPTH) {
		set_problem(f->set, PROBLEM_DEPTH, it->path, "packed more than %d times", LIMIT_ARCHIVE_DEPTH);
		return;
	}
	copy.depth++;
	if (!spool_copy(f, it, pack, &copy.place))
		return;
	mark_taken(f, it);
	inspect(f, &copy);
}

static void inspect_packed(struct finder *f, const struct found *it, enum packing pack)
{
	char head[HEAD_SIZE];
	struct trouble t;
	size_t n = unpacked_head(&it->place, &pack, head, &t);

	if (n == 0) {
		set_trouble(f->set, it->path, &t);
		if (!t.set)
			set_problem(f->set, PROBLEM_EMPTY, it->path, "empty when unpacked");
		return;
	}
	switch (magic_of(head, n)) {
	case MAGIC_TAR:
		mark_taken(f, it);
		archive_list(f, it, pack);
		break;
	case MAGIC_NONE:
		consider(f, it, pack, 0, head, n);
		break;
	default:
		inspect_copy(f, it, pack);
	}
}

static void inspect_magic(struct finder *f, const struct found *it, const char *head, size_t n)
{
	switch (magic_of(head, n)) {
	case MAGIC_NONE:
		consider(f, it, PACK_NONE, 0, head, n);
		break;
	case MAGIC_GZIP:
		inspect_packed(f, it, PACK_GZIP);
		break;
	case MAGIC_FILTER:
		inspect_packed(f, it, PACK_FILTER);
		break;
	case MAGIC_ZIP:
		if (!it->named && !f->opt.all && name_not_archive(found_name(it))) {
			set_problem(f->set, PROBLEM_NOT_A_LOG, it->path, "an office document or a program package");
			break;
		}
		__attribute__((fallthrough));
	case MAGIC_TAR:
		mark_taken(f, it);
		archive_list(f, it, PACK_NONE);
	}
}

void inspect(struct finder *f, const struct found *it)
{
	char head[HEAD_SIZE];
	struct reader r;
	size_t n = 0;

	if (is_taken(f, it))
		return;
	if (reader_open(&r, &it->place, PACK_NONE, 0) == 0)
		n = reader_fill(&r, head, sizeof(head));
	struct trouble t = r.trouble;
	reader_close(&r);
	if (n > 0) {
		inspect_magic(f, it, head, n);
	} else if (t.set) {
		set_trouble(f->set, it->path, &t);
	} else {
		set_problem(f->set, PROBLEM_EMPTY, it->path, "empty");
	}
}

/* ---- pipes -------------------------------------------------------------------------------------------------------- */
/* Take a first piece off the pipe: enough to tell text, more when it may be an archive. */
static int pipe_head(struct finder *f, struct found *it, int fd, struct trouble *t)
{
	char *p = arena_alloc(&f->set->mem, PIPE_HEAD);
	struct input in;
	size_t n = 0;

	it->place = (struct place){.kind = PLACE_PIPE, .fd = fd, .size = SIZE_UNKNOWN};
	input_open(&in, &it->place);
	while (n < PIPE_HEAD && (n < 512 || magic_of(p, n) != MAGIC_NONE)) {
		ssize_t r = input_read(&in, p + n, PIPE_HEAD - n);
		if (r <= 0) {
			it->place.ended = true;
			break;
		}
		n += (size_t)r;
	}
	it->place.head = slice_make(p, n);
	*t = in.trouble;
	input_close(&in);
	return n > 0 ? 0 : -1;
}

/* A pipe can be read once: what needs a second look goes through the spool. */
static bool pipe_needs_copy(const struct found *it, enum packing *pack, char *head, size_t *n)
{
	struct place memory = it->place;
	struct trouble t;

	switch (magic_of(it->place.head.p, it->place.head.n)) {
	case MAGIC_NONE:
		*n = MIN(it->place.head.n, (size_t)HEAD_SIZE);
		memcpy(head, it->place.head.p, *n);
		*pack = PACK_NONE;
		return false;
	case MAGIC_GZIP:
		*pack = PACK_GZIP;
		break;
	case MAGIC_FILTER:
		*pack = PACK_FILTER;
		break;
	default:
		return true;
	}
	memory.ended = true;
	*n = unpacked_head(&memory, pack, head, &t);
	return magic_of(head, *n) != MAGIC_NONE || *n < 512;
}

void inspect_pipe(struct finder *f, struct found *it, int fd)
{
	char head[HEAD_SIZE];
	enum packing pack;
	struct trouble t;
	size_t n;

	if (pipe_head(f, it, fd, &t) != 0) {
		set_trouble(f->set, it->path, &t);
		if (!t.set)
			set_problem(f->set, PROBLEM_EMPTY, it->path, "empty");
	} else if (!pipe_needs_copy(it, &pack, head, &n)) {
		consider(f, it, pack, 0, head, n);
	} else {
		struct found copy = *it;
		if (spool_copy(f, it, PACK_NONE, &copy.place))
			inspect(f, &copy);
	}
}
